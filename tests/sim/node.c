/* A daemon without libuv: what daemon/io/batch.c and shell.c do around the node and the ledger, one batch at a time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"

enum { MAP_BYTES = 1 << 28, PROPOSE_INTERVAL_MS = 100 };

static const int64_t base_ms = INT64_C(1710000000000);

int64_t sim_wall(const struct sim_node *n) {
  return base_ms + n->sim->now_ms + n->skew_ms;
}

bool sim_liar(const struct sim_node *n) {
  return n->alters || n->cosigns_all || n->replays || n->boasts || n->two_faced;
}

bool sim_forked(const struct sim *s) {
  bool any = false;
  for (size_t i = 0; i < s->n; i++) any |= s->nodes[i].other_face != NULL;
  return any;
}

/* ---- what the node asks ---- */

static enum om_code give_entries(void *ctx, struct om_entry_sink *sink, uint32_t log, uint64_t from, uint64_t upto) {
  struct sim_node *n = ctx;
  struct om_status st;
  struct om_txn *txn;
  struct om_bytes entry;
  uint8_t altered[OM_ENTRY_MAX_BYTES];
  enum om_code code = om_txn_read(&txn, om_ledger_store(n->ledger), &st);
  if (code != OM_OK) return code;
  for (uint64_t i = from; i < upto; i++) {
    uint64_t shown = i;
    bool alters = n->alters && log != n->daemon && sim_one_in(n->sim, 4);
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

static enum om_code judge(void *ctx, uint64_t *size, uint32_t log, const uint8_t *note, size_t len,
                          struct om_status *st) {
  struct sim_node *n = ctx;
  struct om_txn *txn;
  struct om_checkpoint head = {0};
  struct om_log_info info = {0};
  uint64_t time_s;
  enum om_code code = om_txn_read(&txn, om_ledger_store(n->ledger), st);
  if (code != OM_OK) return code;
  code = om_log_info(txn, &info, log, st);
  if (code == OM_OK) code = om_quorum_check(txn, &head, &time_s, log, note, len, st);
  om_txn_abort(txn);
  *size = head.size;
  if (code == OM_MISSING) return OM_WAIT;
  bool few = code == OM_REFUSED && strcmp(st->rule, "quorum") == 0;
  return few && head.size > info.size ? OM_WAIT : code;
}

static enum om_code compare(void *ctx, uint64_t *size, uint32_t log, const uint8_t *note, size_t len,
                            struct om_status *st) {
  struct sim_node *n = ctx;
  struct om_txn *txn;
  enum om_code code = om_txn_read(&txn, om_ledger_store(n->ledger), st);
  if (code != OM_OK) return code;
  code = om_head_compare(txn, size, log, note, len, st);
  om_txn_abort(txn);
  return code;
}

static bool highest(void *ctx, uint8_t *note, size_t *len, uint32_t log) {
  struct sim_node *n = ctx;
  struct om_status st;
  struct om_txn *txn;
  struct om_bytes head;
  if (om_txn_read(&txn, om_ledger_store(n->ledger), &st) != OM_OK) return false;
  bool some = om_head_highest(txn, &head, log, &st) == OM_OK && head.len <= OM_HEAD_MAX_BYTES;
  if (some) memcpy(note, head.data, head.len);
  if (some) *len = head.len;
  om_txn_abort(txn);
  return some;
}

/* ---- beginning and end ---- */

static void refresh(struct sim_node *n) {
  struct om_txn *txn;
  struct om_status st;
  bool registry;
  sim_must(n->sim, om_txn_read(&txn, om_ledger_store(n->ledger), &st), &st, "reading");
  sim_must(n->sim, om_tracker_refresh(&n->tracker, &registry, txn, om_ledger_own_log(n->ledger), n->sim->now_ms, &st),
           &st, "telling the node");
  om_txn_abort(txn);
}

void sim_node_open(struct sim_node *n) {
  struct sim *s = n->sim;
  struct om_status st;
  sim_must(s,
           om_ledger_open(&n->ledger, n->path, MAP_BYTES, s->net.genesis, s->net.genesis_len,
                          om_secret_public(s->net.link_keys[n->daemon]), &st),
           &st, "opening a ledger");
  struct om_node_config config = {.own_log = om_ledger_own_log(n->ledger),
                                  .version = "sim",
                                  .propose_interval_ms = PROPOSE_INTERVAL_MS,
                                  .ctx = n,
                                  .entries = give_entries,
                                  .judge = judge,
                                  .compare = compare,
                                  .highest = highest};
  n->node = om_node_new(&config);
  n->tracker = (struct om_tracker){.node = n->node, .own_log = config.own_log};
  n->up = true;
  n->followed = false;
  refresh(n);
  sim_check_commit(n);
}

static void close_all(struct sim_node *n) {
  for (size_t i = 0; i < n->n_jobs; i++) om_action_free(&n->jobs[i]);
  n->n_jobs = 0;
  for (uint32_t peer = 0; peer < n->sim->n; peer++) sim_cut(n->sim, n->daemon, peer);
  om_tracker_free(&n->tracker);
  om_node_free(n->node);
  n->node = NULL;
  om_ledger_close(n->ledger);
  n->ledger = NULL;
  n->up = false;
}

void sim_node_crash(struct sim_node *n) {
  struct sim *s = n->sim;
  close_all(n);
  s->crashes++;
  n->back_ms = s->now_ms + (int64_t)sim_below(s, 4000);
}

/* The store is one file; nothing writes it now. */
static void copy_store(const struct sim *s, const char *to, const char *from) {
  char path[2][4200];
  uint8_t buf[1 << 14];
  snprintf(path[0], sizeof path[0], "%s/data.mdb", from);
  snprintf(path[1], sizeof path[1], "%s/data.mdb", to);
  FILE *in = fopen(path[0], "rb"), *out = fopen(path[1], "wb");
  if (in == NULL || out == NULL) sim_violation(s, "can't copy %s", path[0]);
  for (size_t len; (len = fread(buf, 1, sizeof buf, in)) > 0;) OM_ASSERT(fwrite(buf, 1, len, out) == len);
  fclose(in);
  OM_ASSERT(fclose(out) == 0);
}

void sim_node_turn(struct sim_node *n) {
  struct sim *s = n->sim;
  if (n->up) close_all(n);
  if (n->other_face == NULL) {
    n->other_face = temp_folder();
    copy_store(s, n->other_face, n->path);
  }
  char *face = n->path;
  n->path = n->other_face;
  n->other_face = face;
  n->shown = !n->shown;
  memset(n->final_seen, 0, sizeof n->final_seen);
  for (uint32_t a = 0; a < s->n; a++)
    for (uint32_t b = 0; b < a; b++) {
      bool half[2] = {(a + n->daemon) % 2, (b + n->daemon) % 2};
      if (a == n->daemon) half[0] = n->shown;
      if (b == n->daemon) half[1] = n->shown;
      s->parted[a][b] = s->parted[b][a] = half[0] != half[1];
      if (s->parted[a][b]) sim_cut(s, a, b);
    }
  sim_node_open(n);
}

void sim_node_close(struct sim_node *n) {
  if (n->up) close_all(n);
  for (size_t i = 0; i < n->n_statements; i++) free(n->statements[i].bytes);
  for (size_t i = 0; i < 16; i++) free(n->old[i].bytes);
  remove_folder(n->path);
  if (n->other_face != NULL) remove_folder(n->other_face);
}

void sim_node_submit(struct sim_node *n, uint8_t *bytes, size_t len) {
  if (n->n_statements == SIM_STATEMENTS) {
    free(bytes);
    return;
  }
  n->statements[n->n_statements++] = (struct sim_statement){bytes, len, n->sim->now_ms};
}

/* ---- the writer ---- */

struct outcome {
  struct om_action action;
  enum om_code code;
  uint64_t size;
  char line[OM_NOTE_LINE_BYTES];
};

struct run {
  struct sim_node *n;
  struct om_batch *batch;
  struct om_signers_keys keys;
  struct outcome outcomes[SIM_JOBS];
  size_t n_outcomes;
  size_t done[SIM_STATEMENTS]; /* statements answered for good, ascending */
  size_t n_done;
  bool drop; /* nothing of it is to be kept: a relay's entry was bad */
};

/* Signs what it is asked to, without a look. */
static enum om_code sign_anything(struct run *run, struct outcome *out) {
  struct om_note note;
  struct om_status st;
  char name[OM_NAME_BYTES + 1];
  if (om_note_parse(&note, (const char *)out->action.bytes, out->action.len, &st) != OM_OK) return OM_REFUSED;
  snprintf(name, sizeof name, "daemon%u.example/log", run->n->daemon);
  om_note_cosign(out->line, name, run->keys.cosign, (uint64_t)(sim_wall(run->n) / 1000), note.text, note.text_len);
  return OM_OK;
}

static void write_head(struct run *run, struct outcome *out) {
  struct om_status st = {0};
  struct om_action *a = &out->action;
  bool newer;
  if (a->kind == OM_ACTION_FINAL)
    out->code = om_batch_final(run->batch, &newer, a->log, a->bytes, a->len, &st);
  else if (run->n->cosigns_all)
    out->code = sign_anything(run, out);
  else
    out->code = om_batch_cosign(run->batch, out->line, a->log, a->bytes, a->len, (uint64_t)(sim_wall(run->n) / 1000),
                                &run->keys, &st);
}

static enum om_code write_entry(struct run *run, const struct om_action *a, size_t i, struct om_status *st) {
  struct om_arena arena = {0};
  struct om_checked *checked;
  const struct om_span *span = &a->entries[i];
  enum om_code code =
      om_check_entry(&checked, &arena, &run->n->sim->net.id, om_batch_txn(run->batch), span->data, span->len, st);
  bool parsed = code == OM_OK;
  if (parsed && a->log == om_ledger_own_log(run->n->ledger))
    code = om_batch_refill(run->batch, a->start + i, checked, &run->keys, st);
  else if (parsed)
    code = om_batch_mirror(run->batch, a->log, a->start + i, checked, st);
  bool bad = code == OM_MALFORMED || code == OM_REFUSED;
  if (bad && !a->home) {
    run->drop = true;
    code = OM_NO;
  } else if (bad && !parsed) {
    struct om_status why = *st, stopping;
    om_batch_stop_log(run->batch, a->log, a->start + i, span->data, span->len, &why, &stopping);
  }
  om_arena_free(&arena);
  return code;
}

static void write_entries(struct run *run, struct outcome *out) {
  struct sim *s = run->n->sim;
  struct om_action *a = &out->action;
  struct om_log_info info;
  struct om_status st = {0};
  sim_must(s, om_log_info(om_batch_txn(run->batch), &info, a->log, &st), &st, "reading a log");
  out->size = info.size;
  if (info.stopped || info.size != a->start) {
    out->code = info.stopped ? OM_REFUSED : OM_OK;
    return;
  }
  size_t slice = sim_one_in(s, 4) ? 1 + sim_below(s, a->n) : a->n;
  for (size_t i = 0; i < slice && out->code == OM_OK; i++) {
    out->code = write_entry(run, a, i, &st);
    if (out->code == OM_OK) out->size++;
  }
  if (run->drop) out->size = a->start;
  if ((out->code == OM_MALFORMED || out->code == OM_REFUSED) && !sim_liar(&s->nodes[a->log]))
    sim_violation(s, "daemon %u stops the honest log %u at %llu: %s", run->n->daemon, a->log,
                  (unsigned long long)out->size, st.text);
}

static void follow_registry(struct run *run) {
  struct sim_node *n = run->n;
  struct om_log_info info;
  struct om_status st = {0};
  bool marked;
  sim_must(n->sim, om_log_info(om_batch_txn(run->batch), &info, OM_LOG_REGISTRY, &st), &st, "reading the registry");
  if (!om_node_ready(n->node) || (n->followed && info.final_size <= n->registry_final)) return;
  if (om_batch_follow_registry(run->batch, &marked, sim_wall(n), &st) != OM_OK) return;
  n->followed = true;
  n->registry_final = info.final_size;
}

static void write_statement(struct run *run, size_t i) {
  struct sim_node *n = run->n;
  struct sim_statement *statement = &n->statements[i];
  struct om_arena arena = {0};
  struct om_checked *checked;
  struct om_receipt receipt;
  struct om_status st = {0};
  enum om_code code = om_check_statement(&checked, &arena, &n->sim->net.id, om_batch_txn(run->batch), statement->bytes,
                                         statement->len, &st);
  if (code == OM_OK) code = om_batch_submit(run->batch, &receipt, checked, sim_wall(n), &st);
  om_arena_free(&arena);
  if (n->sim->verbose && code != OM_OK)
    printf("  %llu: %u: %s\n", (unsigned long long)n->sim->step, n->daemon, st.text);
  bool refused = code == OM_REFUSED || code == OM_MALFORMED; /* else it waits for another log, or for the clock */
  if (code == OM_OK || refused) run->done[run->n_done++] = i;
  statement->due_ms = n->sim->now_ms + 500;
  n->sim->accepted += code == OM_OK;
  n->sim->refused += refused;
}

static void take_job(struct run *run, size_t i) {
  struct sim_node *n = run->n;
  struct outcome *out = &run->outcomes[run->n_outcomes++];
  *out = (struct outcome){.action = n->jobs[i]};
  n->jobs[i] = n->jobs[--n->n_jobs];
  if (out->action.kind == OM_ACTION_APPLY)
    write_entries(run, out);
  else
    write_head(run, out);
}

/* What came from a relay is alone in its batch. */
static void fill(struct run *run) {
  struct sim_node *n = run->n;
  size_t relayed = 0;
  while (relayed < n->n_jobs && (n->jobs[relayed].kind != OM_ACTION_APPLY || n->jobs[relayed].home)) relayed++;
  if (relayed < n->n_jobs && sim_one_in(n->sim, 2)) {
    take_job(run, relayed);
    return;
  }
  follow_registry(run);
  for (size_t i = 0; i < n->n_statements && om_node_ready(n->node); i++)
    if (n->statements[i].due_ms <= n->sim->now_ms) write_statement(run, i);
  for (size_t most = 1 + sim_below(n->sim, 8); most > 0 && n->n_jobs > 0; most--) {
    size_t i = sim_below(n->sim, n->n_jobs);
    if (n->jobs[i].kind != OM_ACTION_APPLY || n->jobs[i].home) take_job(run, i);
  }
}

static void forget_statements(struct run *run) {
  struct sim_node *n = run->n;
  for (size_t i = run->n_done; i-- > 0;) {
    free(n->statements[run->done[i]].bytes);
    n->statements[run->done[i]] = n->statements[--n->n_statements];
  }
}

static void tell(struct run *run) {
  struct sim_node *n = run->n;
  for (size_t i = 0; i < run->n_outcomes; i++) {
    struct outcome *out = &run->outcomes[i];
    switch (out->action.kind) {
      case OM_ACTION_APPLY: om_node_applied(n->node, &out->action, out->size, out->code, n->sim->now_ms); break;
      case OM_ACTION_COSIGN:
        om_node_cosigned(n->node, &out->action, out->code == OM_OK ? out->line : NULL, out->code, n->sim->now_ms);
        break;
      case OM_ACTION_FINAL: om_node_finalised(n->node, &out->action, out->code, n->sim->now_ms); break;
      case OM_ACTION_SEND:
      case OM_ACTION_DROP: break;
    }
  }
}

static void lose(struct run *run) {
  for (size_t i = 0; i < run->n_outcomes; i++) om_action_free(&run->outcomes[i].action);
  sim_node_crash(run->n);
}

static void commit(struct run *run) {
  struct sim_node *n = run->n;
  struct sim *s = n->sim;
  struct om_status st = {0};
  bool crashes = !s->healing && sim_one_in(s, 400), after = sim_one_in(s, 2);
  if (run->drop || (crashes && !after)) {
    om_batch_abort(run->batch);
    n->followed = false;
  } else {
    sim_must(s, om_batch_commit(run->batch, om_node_ready(n->node) ? &run->keys : NULL, &st), &st, "committing");
    sim_check_commit(n);
  }
  if (crashes) { /* a client that heard nothing says it again */
    lose(run);
    return;
  }
  if (!run->drop) forget_statements(run);
  refresh(n);
  tell(run);
  sim_node_pump(n);
}

static bool anything(const struct sim_node *n) {
  bool due = n->n_jobs > 0 || !n->followed;
  for (size_t i = 0; i < n->n_statements && !due; i++) due = n->statements[i].due_ms <= n->sim->now_ms;
  return due;
}

void sim_node_batch(struct sim_node *n) {
  static struct run run; /* 70 KiB */
  struct om_status st = {0};
  if (!n->up || !anything(n)) return;
  run = (struct run){.n = n, .keys = network_signers(&n->sim->net, n->daemon)};
  sim_must(n->sim, om_batch_begin(&run.batch, n->ledger, &st), &st, "beginning a batch");
  fill(&run);
  commit(&run);
}

void sim_node_pump(struct sim_node *n) {
  struct om_action action;
  while (n->up && om_node_next(n->node, &action, n->sim->now_ms)) {
    switch (action.kind) {
      case OM_ACTION_SEND: sim_send(n->sim, n->daemon, &action); break;
      case OM_ACTION_DROP:
        if (!sim_liar(&n->sim->nodes[action.slot]) && !sim_liar(n) && !sim_forked(n->sim))
          sim_violation(n->sim, "daemon %u drops the honest %u: %s", n->daemon, action.slot, action.reason);
        sim_cut(n->sim, n->daemon, action.slot);
        om_action_free(&action);
        break;
      case OM_ACTION_APPLY:
      case OM_ACTION_COSIGN:
      case OM_ACTION_FINAL:
        OM_ASSERT(n->n_jobs < SIM_JOBS);
        n->jobs[n->n_jobs++] = action;
        break;
    }
  }
}
