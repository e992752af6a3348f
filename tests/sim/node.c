/* A daemon without a loop and threads: what daemon/io/shell.c and writer.c do around the node, the queue and the
 * batches of the writer, one batch at a time. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/node_state.h"
#include "daemon/io/checkers.h"
#include "daemon/io/wall.h"
#include "sim/sim.h"

enum { MAP_BYTES = 1 << 28, PROPOSE_INTERVAL_MS = 100, POWER_STEPS = 16 /* a commit takes about 8 */ };

static const int64_t base_ms = INT64_C(1710000000000);

int64_t sim_wall(const struct sim_node *n) {
  return base_ms + n->sim->now_ms + n->skew_ms;
}

bool sim_liar(const struct sim_node *n) {
  return n->alters || n->cosigns_all || n->replays || n->boasts || n->two_faced || n->feeds;
}

bool sim_forked(const struct sim *s) {
  return s->n_nodes > s->n;
}

/* ---- what the node asks ---- */

struct sim_node *sim_node_of_holdings(void *ctx) {
  return (struct sim_node *)((char *)ctx - offsetof(struct sim_node, holdings));
}

/* In the place of the entries that the ledger holds. */
static enum om_code give_altered(void *ctx, struct om_entry_sink *sink, uint32_t log, uint64_t from, uint64_t upto) {
  struct sim_node *n = sim_node_of_holdings(ctx);
  struct om_status st;
  struct om_txn *txn;
  struct om_bytes entry;
  uint8_t altered[OM_ENTRY_MAX_BYTES];
  enum om_code code = om_txn_read(&txn, om_ledger_store(n->ledger), &st);
  if (code != OM_OK) return code;
  for (uint64_t i = from; i < upto; i++) {
    uint64_t shown = i;
    bool alters = log != n->daemon && sim_one_in(n->sim, 4);
    if (alters && sim_one_in(n->sim, 2)) shown = from + sim_below(n->sim, upto - from);
    code = om_log_entry(txn, &entry, log, shown, &st);
    if (code != OM_OK) break;
    memcpy(altered, entry.data, entry.len);
    if (alters && shown == i) altered[sim_below(n->sim, entry.len)] ^= 1;
    if (!om_entry_put(sink, altered, entry.len)) break;
  }
  om_txn_abort(txn);
  return code;
}

/* ---- the clocks of whoever is writing ---- */

static const struct sim_node *writing;

static void clock_of(const struct sim_node *n) {
  writing = n;
}

int64_t om_wall_ms(void) {
  return sim_wall(writing);
}

/* The writer looks at it to see whether its time for entries is over: now and then it is, after any entry. */
uint64_t om_steady_ns(void) {
  struct sim *s = writing->sim;
  s->steady_ns += sim_one_in(s, 8) ? UINT64_C(1000000000) : 0;
  return s->steady_ns;
}

/* ---- beginning and end ---- */

static void free_job(struct om_job *job) {
  om_action_free(&job->action);
  om_job_free(job);
}

static bool same_told(const struct om_told *a, const struct om_told *b) {
  return a->size == b->size && a->final_size == b->final_size && a->registry_size == b->registry_size &&
         a->head_size == b->head_size && a->cuts == b->cuts && a->provable == b->provable &&
         a->own_mark == b->own_mark && a->final_head == b->final_head && a->claim == b->claim &&
         a->awaited == b->awaited && a->pieces == b->pieces && a->stopped == b->stopped && a->frozen == b->frozen &&
         a->ended == b->ended;
}

/* Nothing is new of the logs that no commit was said to touch. */
static void check_told(struct sim_node *n, struct om_txn *txn) {
  static const struct om_touched all = {.all = true};
  struct om_status st;
  bool registry;
  size_t logs = n->tracker.n;
  struct om_told *told = calloc(logs + 1, sizeof *told);
  OM_ASSERT(told != NULL);
  if (logs > 0) memcpy(told, n->tracker.logs, logs * sizeof *told);
  sim_must(n->sim,
           om_tracker_refresh(&n->tracker, &registry, txn, &all, om_ledger_own_log(n->ledger), n->sim->now_ms, &st),
           &st, "telling the node");
  for (size_t log = 0; log < logs; log++)
    if (!same_told(&told[log], &n->tracker.logs[log]))
      sim_violation(n->sim, "%u: log %zu has changed, and no commit was said to touch it", n->daemon, log);
  free(told);
}

static void refresh(struct sim_node *n) {
  struct om_txn *txn;
  struct om_touched touched;
  struct om_status st;
  bool registry;
  om_store_touched(om_ledger_store(n->ledger), &touched);
  sim_must(n->sim, om_txn_read(&txn, om_ledger_store(n->ledger), &st), &st, "reading");
  sim_must(n->sim,
           om_tracker_refresh(&n->tracker, &registry, txn, &touched, om_ledger_own_log(n->ledger), n->sim->now_ms, &st),
           &st, "telling the node");
  check_told(n, txn);
  om_txn_abort(txn);
}

void sim_node_open(struct sim_node *n) {
  struct sim *s = n->sim;
  struct om_status st;
  sim_disk_of(n);
  sim_must(s,
           om_ledger_open(&n->ledger, n->path, MAP_BYTES, s->net.genesis, s->net.genesis_len,
                          om_secret_public(s->net.link_keys[n->daemon]), &st),
           &st, "opening a ledger");
  sim_disk_of(NULL);
  sim_policy_opened(n);
  struct om_node_config config = {
      .own_log = om_ledger_own_log(n->ledger), .version = "sim", .propose_interval_ms = PROPOSE_INTERVAL_MS};
  n->keys = network_signers(&s->net, n->daemon);
  if (n->renewed) n->keys.cosign = n->spare;
  n->holdings = (struct om_holdings){om_ledger_store(n->ledger), s->net.id, n->keys.cosign, NULL, NULL};
  om_holdings_config(&n->holdings, &config);
  om_holdings_start(&n->holdings, &config, sim_wall(n), sim_below(s, UINT64_MAX));
  sim_documents_open(n, &config);
  sim_missed_open(n, &config);
  if (n->alters) config.entries = give_altered;
  n->node = om_node_new(&config);
  n->tracker = (struct om_tracker){.node = n->node, .own_log = config.own_log};
  n->ready_seen = false;
  sim_must(s, om_queue_init(&n->queue, &st), &st, "making a queue");
  n->batches = (struct om_batches){.queue = &n->queue, .ledger = n->ledger, .keys = &n->keys};
  n->up = true;
  if (n->two_faced) n->node->recovery.ready = true; /* it does not ask what it had said before */
  refresh(n);
  sim_check_commit(n);
  if (!n->forgot && !sim_liar(n)) sim_check_votes(n);
}

/* What the writer had in hand is gone with it; what clients said, they say again. */
static void empty_queue(struct sim_node *n) {
  struct om_status st;
  om_fail(&st, OM_IO, NULL, "it has stopped");
  om_checkers_work(&n->queue, n->ledger);
  om_batches_refuse(&n->batches, &st);
  for (enum om_job_class class = 0; class < OM_CLASSES; class ++)
    for (struct om_job *job; (job = om_queue_finished(&n->queue, class)) != NULL;) free_job(job);
  om_queue_end(&n->queue);
  for (size_t i = 0; i < n->n_statements; i++) n->statements[i]->due_ms = 0;
}

static void close_all(struct sim_node *n) {
  for (size_t i = 0; i < n->n_jobs; i++) free_job(n->jobs[i]);
  n->n_jobs = 0;
  empty_queue(n);
  for (uint32_t peer = 0; peer < n->sim->n_nodes; peer++) sim_cut(n->sim, n->index, peer);
  om_tracker_free(&n->tracker);
  om_node_free(n->node);
  n->node = NULL;
  sim_documents_close(n);
  om_ledger_close(n->ledger);
  n->ledger = NULL;
  n->up = false;
}

void sim_node_crash(struct sim_node *n) {
  struct sim *s = n->sim;
  close_all(n);
  sim_disk_fail(n);
  s->crashes++;
  n->back_ms = n->gone ? INT64_MAX : s->now_ms + (int64_t)sim_below(s, 4000);
}

void sim_node_swap(struct sim_node *n) {
  struct sim *s = n->sim;
  n->side = !n->side;
  for (uint32_t i = 0; i < s->n_nodes; i++)
    if (s->nodes[i].two_faced) sim_cut(s, n->index, i);
}

void sim_node_fork(struct sim_node *n) {
  struct sim *s = n->sim;
  struct sim_node *face = &s->nodes[s->n];
  *face = (struct sim_node){
      .sim = s, .daemon = n->daemon, .index = (uint32_t)s->n, .two_faced = true, .side = true, .outdated = n->outdated};
  face->path = temp_folder();
  face->skew_ms = n->skew_ms;
  sim_copy_store(s, face->path, n->path);
  s->n_nodes++;
  uint32_t half = (uint32_t)s->n / 2, first = (uint32_t)sim_below(s, s->n);
  if (s->change_step != 0) { /* one face to the old witnesses, the other to the new */
    n->stale = true;
    first = half;
  }
  for (uint32_t i = 0; i < half; i++) {
    struct sim_node *other = &s->nodes[(first + i) % s->n];
    if (other != n) sim_node_swap(other);
  }
  sim_node_open(face);
}

void sim_node_close(struct sim_node *n) {
  if (n->up) close_all(n);
  for (size_t i = 0; i < n->n_statements; i++) {
    free(n->statements[i]->bytes);
    free(n->statements[i]);
  }
  for (size_t i = 0; i < 16; i++) free(n->old[i].bytes);
  sim_disk_free(n);
  om_secret_free(n->spare);
  free(n->seal);
  remove_folder(n->path);
  if (n->backup != NULL) remove_folder(n->backup);
}

void sim_node_submit_call(struct sim_node *n, uint8_t *bytes, size_t len) {
  size_t before = n->n_statements;
  sim_node_submit(n, bytes, len);
  if (n->n_statements > before) n->statements[before]->call = true;
}

void sim_node_submit(struct sim_node *n, uint8_t *bytes, size_t len) {
  if (n->n_statements == SIM_STATEMENTS) {
    free(bytes);
    return;
  }
  struct sim_statement *statement = calloc(1, sizeof *statement);
  OM_ASSERT(statement != NULL);
  *statement = (struct sim_statement){bytes, len, false, n->sim->now_ms};
  n->statements[n->n_statements++] = statement;
}

/* ---- the writer ---- */

static void add_job(struct sim_node *n, struct om_job *job) {
  OM_ASSERT(n->n_jobs < SIM_JOBS);
  n->jobs[n->n_jobs++] = job;
}

/* Statements that were answered for good go. */
static void forget_statements(struct sim_node *n) {
  size_t kept = 0;
  for (size_t i = 0; i < n->n_statements; i++) {
    if (n->statements[i]->bytes != NULL)
      n->statements[kept++] = n->statements[i];
    else
      free(n->statements[i]);
  }
  n->n_statements = kept;
}

/* What the daemon refuses before it comes to the writer. */
static void stop_at_door(struct sim_node *n) {
  for (size_t i = 0; i < n->n_statements; i++) {
    struct sim_statement *statement = n->statements[i];
    if (statement->due_ms > n->sim->now_ms || sim_documents_door(n, statement->bytes, statement->len)) continue;
    free(statement->bytes);
    statement->bytes = NULL;
    n->sim->refused++;
  }
  forget_statements(n);
}

/* Gives the writer some of what there is, in any order; what members say, in theirs. */
static void fill(struct sim_node *n) {
  struct sim *s = n->sim;
  if (s->documents.on) stop_at_door(n);
  for (size_t i = 0; i < n->n_statements; i++) {
    struct sim_statement *statement = n->statements[i];
    if (statement->due_ms > s->now_ms) continue;
    struct om_job *job = om_job_submit(statement);
    if (statement->call)
      OM_ASSERT(om_job_add_call(job, 0, statement->bytes, statement->len));
    else
      OM_ASSERT(om_job_add(job, 0, statement->bytes, statement->len));
    statement->due_ms = INT64_MAX; /* until it is answered */
    om_queue_add(&n->queue, job);
  }
  for (size_t most = 1 + sim_below(s, 8); most > 0 && n->n_jobs > 0; most--) {
    size_t i = sim_below(s, n->n_jobs);
    om_queue_add(&n->queue, n->jobs[i]);
    n->jobs[i] = n->jobs[--n->n_jobs];
  }
  om_checkers_work(&n->queue, n->ledger);
}

static void answer(struct sim_node *n, struct om_job *job) {
  struct sim_statement *statement = job->owner;
  const struct om_status *why = job->items[0].why;
  struct sim *s = n->sim;
  bool refused = why != NULL && (why->code == OM_REFUSED || why->code == OM_MALFORMED);
  if (s->verbose && why != NULL) printf("  %llu: %u: %s\n", (unsigned long long)s->step, n->daemon, why->text);
  if (statement->call && why == NULL) sim_sealed(n, job->items[0].seal, job->items[0].seal_len);
  s->accepted += why == NULL;
  s->refused += refused;
  s->call_refused |= refused && statement->call;
  if (refused) sim_policy_refused(n, why);
  if (why == NULL || refused || statement->call) {
    free(statement->bytes);
    statement->bytes = NULL;
  } else {
    statement->due_ms = s->now_ms + 500; /* it waits for another log, or for the clock */
  }
}

static void check_mirrored(struct sim_node *n, const struct om_job *job) {
  struct sim *s = n->sim;
  bool bad = job->code == OM_MALFORMED || job->code == OM_REFUSED;
  if (job->log == n->daemon && s->restart != NULL && !n->accepted) return; /* it finds that it has to */
  if (!bad || sim_liar(&s->nodes[job->log]) || sim_liar(n) || n->tracker.logs[job->log].stopped) return;
  sim_violation(s, "daemon %u stops the honest log %u at %llu: %s", n->daemon, job->log, (unsigned long long)job->size,
                job->status.text);
}

static void tell(struct sim_node *n, struct om_job *job) {
  int64_t now = n->sim->now_ms;
  switch (job->kind) {
    case OM_JOB_SUBMIT: answer(n, job); break;
    case OM_JOB_MIRROR: om_job_applied(job, n->node, now); break;
    case OM_JOB_COSIGN:
      om_node_cosigned(n->node, &job->action, job->code == OM_OK ? job->line : NULL, job->code, now);
      break;
    case OM_JOB_FINAL: om_node_finalised(n->node, &job->action, job->code, now); break;
    case OM_JOB_START: om_node_start_kept(n->node, &job->action, job->code, now); break;
    case OM_JOB_EVIDENCE: om_node_shown(n->node, &job->action, job->number, job->code, now); break;
  }
  om_job_free(job);
}

/* What the shell does after a batch. */
static void settled(struct sim_node *n, bool committed) {
  struct om_job_list done = {0};
  for (enum om_job_class class = 0; class < OM_CLASSES; class ++)
    for (struct om_job *job; (job = om_queue_finished(&n->queue, class)) != NULL;) {
      if (job->kind == OM_JOB_MIRROR) check_mirrored(n, job);
      om_job_list_push(&done, job);
    }
  if (committed) refresh(n);
  for (struct om_job *job; (job = om_job_list_pop(&done)) != NULL;) tell(n, job);
  forget_statements(n);
  sim_node_pump(n);
}

void sim_node_release(struct om_batches *batches) {
  struct sim_node *n = (struct sim_node *)((char *)batches - offsetof(struct sim_node, batches));
  for (struct om_job *job; (job = om_queue_finished(&n->queue, OM_CLASS_VOTES)) != NULL;) tell(n, job);
  sim_node_pump(n);
}

bool sim_node_accept(struct sim_node *n, const uint8_t *bytes, size_t len) {
  struct sim *s = n->sim;
  struct om_status st = {0};
  struct om_job *job = om_job_submit(NULL);
  bool crashes = !s->healing && sim_one_in(s, 8), committed = false;
  job->accepts = true;
  OM_ASSERT(om_job_add(job, 0, bytes, len));
  if (crashes) n->disk.steps_left = 1 + sim_below(s, POWER_STEPS);
  clock_of(n);
  sim_disk_of(n);
  sim_must(s, om_batches_accept(&n->batches, job, &committed, &st), &st, "accepting by hand");
  sim_disk_of(NULL);
  bool accepted = job->items[0].why == NULL && !crashes;
  if (s->verbose && job->items[0].why != NULL)
    printf("  %llu: %u: %s\n", (unsigned long long)s->step, n->daemon, job->items[0].why->text);
  om_job_free(job);
  memset(n->voted, 0, sizeof n->voted); /* the governors stand for what was promised */
  if (crashes) {
    sim_node_crash(n);
  } else if (committed) {
    n->queue.nudged = true; /* the writer goes on with a batch */
    sim_check_commit(n);
    refresh(n);
    sim_node_pump(n);
  }
  return accepted;
}

static bool anything(struct sim_node *n) {
  bool due = n->n_jobs > 0 || n->queue.nudged;
  if (om_node_ready(n->node) && !n->batches.ready) due = n->batches.ready = true;
  for (enum om_job_class class = 0; class < OM_CLASSES; class ++) due = due || om_queue_peek(&n->queue, class) != NULL;
  for (size_t i = 0; i < n->n_statements && !due; i++) due = n->statements[i]->due_ms <= n->sim->now_ms;
  return due;
}

void sim_node_batch(struct sim_node *n) {
  struct sim *s = n->sim;
  struct om_status st = {0};
  if (!n->up || !anything(n)) return;
  bool crashes = !s->healing && sim_one_in(s, 400), committed;
  if (om_node_ready(n->node) && !n->ready_seen && !sim_liar(n)) sim_check_ready(n);
  n->ready_seen = om_node_ready(n->node);
  if (crashes) n->disk.steps_left = 1 + sim_below(s, POWER_STEPS);
  if (n->stale) n->batches.followed = true, n->batches.registry_final = UINT64_MAX;
  fill(n);
  clock_of(n);
  sim_disk_of(n);
  n->queue.nudged = false;
  sim_must(s, om_batches_run(&n->batches, &committed, &st), &st, "writing");
  sim_disk_of(NULL);
  if (committed && !n->disk.dead) sim_check_commit(n);
  if (crashes) /* a client that heard nothing says it again */
    sim_node_crash(n);
  else
    settled(n, committed);
}

void sim_node_pump(struct sim_node *n) {
  struct om_action action;
  while (n->up && om_node_next(n->node, &action, n->sim->now_ms)) {
    switch (action.kind) {
      case OM_ACTION_SEND: sim_send(n->sim, n->index, &action); break;
      case OM_ACTION_DROP:
        if (!sim_liar(&n->sim->nodes[action.slot]) && !sim_liar(n) && !sim_forked(n->sim))
          sim_violation(n->sim, "daemon %u drops the honest %u: %s", n->daemon, action.slot, action.reason);
        sim_cut(n->sim, n->index, action.slot);
        om_action_free(&action);
        break;
      case OM_ACTION_FINAL:
        if (action.log == n->daemon) sim_check_reached(n, &action);
        add_job(n, om_job_action(&action));
        break;
      case OM_ACTION_COSIGN:
      case OM_ACTION_APPLY:
      case OM_ACTION_START:
      case OM_ACTION_EVIDENCE: add_job(n, om_job_action(&action)); break;
    }
  }
}
