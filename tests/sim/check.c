/* What must hold, whatever happens. */
#include <stdlib.h>
#include <string.h>

#include "ledger/step.h"
#include "sim/sim.h"

void sim_check_begin(struct sim *s) {
  for (size_t log = 0; log < s->n; log++) {
    struct sim_canon *canon = &s->canon[log];
    canon->edge = calloc(1, sizeof *canon->edge);
    canon->roots = calloc(SIM_FINAL_MAX + 1, sizeof *canon->roots);
    canon->entries = calloc(SIM_FINAL_MAX, sizeof *canon->entries);
    OM_ASSERT(canon->edge != NULL && canon->roots != NULL && canon->entries != NULL);
  }
  s->model = calloc(SIM_LOTS, sizeof *s->model);
  OM_ASSERT(s->model != NULL);
}

void sim_check_end(struct sim *s) {
  for (size_t log = 0; log < s->n; log++) {
    struct sim_canon *canon = &s->canon[log];
    for (uint64_t i = 0; i < canon->edge->size; i++) free((void *)(uintptr_t)canon->entries[i].data);
    free(canon->edge);
    free(canon->roots);
    free(canon->entries);
  }
  free(s->model);
  free(s->seen);
}

/* ---- final heads ---- */

static void extend(struct sim *s, struct om_txn *txn, uint32_t log, uint64_t upto) {
  struct sim_canon *canon = &s->canon[log];
  struct om_bytes entry;
  struct om_status st = {0};
  struct om_hash leaf;
  if (upto > SIM_FINAL_MAX) sim_violation(s, "log %u is too long for the check: run fewer steps", log);
  om_edge_root(canon->edge, &canon->roots[0]);
  while (canon->edge->size < upto) {
    uint64_t i = canon->edge->size;
    sim_must(s, om_log_entry(txn, &entry, log, i, &st), &st, "reading a final entry");
    uint8_t *copy = malloc(entry.len);
    OM_ASSERT(copy != NULL);
    memcpy(copy, entry.data, entry.len);
    canon->entries[i] = (struct om_bytes){copy, entry.len};
    om_leaf_hash(&leaf, entry.data, entry.len);
    sim_must(s, om_edge_append(canon->edge, &leaf, NULL, NULL, &st), &st, "growing a tree");
    om_edge_root(canon->edge, &canon->roots[i + 1]);
  }
}

/* A log that was ended is final to its end, by the act and not by a head. */
static void ended(const struct sim *s, const struct om_log_info *info, struct om_checkpoint *head) {
  if (s->call == NULL || info->log != s->ends || info->final_size != info->size || head->size > info->size) return;
  *head = (struct om_checkpoint){.size = info->size, .root = info->root};
}

/* What a restart states is final by the act, too. */
static void stated(const struct sim *s, const struct om_log_info *info, struct om_checkpoint *head) {
  if (s->restart == NULL || info->final_size != s->stated[info->log] || head->size > info->final_size) return;
  *head = (struct om_checkpoint){.size = info->final_size, .root = s->stated_roots[info->log]};
}

static void check_final(struct sim_node *n, struct om_txn *txn, const struct om_log_info *info) {
  struct sim *s = n->sim;
  struct om_bytes bytes;
  struct om_note note;
  struct om_checkpoint head = {.size = 0};
  struct om_status st = {0};
  enum om_code code = om_log_final(txn, &bytes, info->log, &st);
  bool by_act = (s->call != NULL && info->log == s->ends) || s->restart != NULL;
  if (code != OM_MISSING || !by_act) {
    sim_must(s, code, &st, "reading a final head");
    sim_must(s, om_note_parse(&note, (const char *)bytes.data, bytes.len, &st), &st, "a final head");
    sim_must(s, om_checkpoint_parse(&head, NULL, note.text, note.text_len, &st), &st, "a final head");
  }
  if (head.size != info->final_size) ended(s, info, &head);
  if (head.size != info->final_size) stated(s, info, &head);
  if (head.size != info->final_size || head.size > info->size)
    sim_violation(s, "daemon %u: log %u holds %llu entries, of which %llu are said to be final and %llu signed",
                  n->daemon, info->log, (unsigned long long)info->size, (unsigned long long)info->final_size,
                  (unsigned long long)head.size);
  s->finals++;
  if (sim_torn(s, info->log)) return;
  if (s->canon[info->log].edge->size < head.size) extend(s, txn, info->log, head.size);
  if (!om_hash_equal(&s->canon[info->log].roots[head.size], &head.root))
    sim_violation(s, "daemon %u holds a final head of log %u at %llu that conflicts with one seen before", n->daemon,
                  info->log, (unsigned long long)head.size);
}

/* What is sealed and ended is final no further; and nothing final was cut off. */
static void check_end(const struct sim *s) {
  uint64_t final = s->canon[s->ends].edge->size;
  if (s->ended_at != UINT64_MAX && final > s->ended_at)
    sim_violation(s, "log %u has ended at %llu, and is final to %llu", s->ends, (unsigned long long)s->ended_at,
                  (unsigned long long) final);
}

void sim_check_commit(struct sim_node *n) {
  struct sim *s = n->sim;
  struct om_txn *txn;
  struct om_log_info info;
  struct om_status st = {0};
  sim_must(s, om_txn_read(&txn, om_ledger_store(n->ledger), &st), &st, "reading");
  for (uint32_t log = 0; log < om_log_count(txn); log++) {
    sim_must(s, om_log_info(txn, &info, log, &st), &st, "reading a log");
    if (info.final_size < n->final_seen[log])
      sim_violation(s, "daemon %u has forgotten that log %u is final to %llu", n->daemon, log,
                    (unsigned long long)n->final_seen[log]);
    if (info.final_size > n->final_seen[log]) check_final(n, txn, &info);
    n->final_seen[log] = info.final_size;
    sim_trace(s, info.root.bytes, sizeof info.root.bytes);
  }
  if (!sim_liar(n) && (s->scene != SIM_FREEZE || !sim_forked(s))) sim_model(s);
  sim_policy_check(n, txn);
  om_txn_abort(txn);
  check_end(s);
}

void sim_check_reached(struct sim_node *n, const struct om_action *action) {
  struct sim *s = n->sim;
  struct om_txn *txn;
  struct om_note note;
  struct om_checkpoint head;
  struct om_status st = {0};
  uint64_t size, time_s;
  if (sim_torn(s, action->log)) return;
  sim_must(s, om_txn_read(&txn, om_ledger_store(n->ledger), &st), &st, "reading");
  enum om_code code = om_head_stands(txn, &size, &time_s, action->log, action->bytes, action->len, &st);
  if (code == OM_OK) code = om_note_parse(&note, (const char *)action->bytes, action->len, &st);
  if (code == OM_OK) code = om_checkpoint_parse(&head, NULL, note.text, note.text_len, &st);
  if (code == OM_OK) {
    if (s->canon[action->log].edge->size < size) extend(s, txn, action->log, size);
    if (!om_hash_equal(&s->canon[action->log].roots[size], &head.root))
      sim_violation(s, "daemon %u tells that its log is final at %llu, which conflicts with what was seen before",
                    n->daemon, (unsigned long long)size);
  }
  om_txn_abort(txn);
}

/* Of a log that has ended nothing beyond the end is told; a vote on one of two histories gives way to a quorum's. */
static uint64_t answered_for(struct sim_node *n, struct om_txn *txn, uint32_t log) {
  struct om_log_info info;
  struct om_status st = {0};
  if (n->voted[log] == 0 || n->sim->nodes[log].two_faced) return 0;
  return om_log_info(txn, &info, log, &st) == OM_OK && info.retired ? 0 : n->voted[log];
}

void sim_check_votes(struct sim_node *n) {
  struct sim *s = n->sim;
  struct om_txn *txn;
  struct om_bytes bytes;
  struct om_status st = {0};
  sim_must(s, om_txn_read(&txn, om_ledger_store(n->ledger), &st), &st, "reading");
  for (uint32_t log = 0; log < s->n; log++) {
    struct om_note note;
    struct om_checkpoint head = {.size = 0};
    if (answered_for(n, txn, log) == 0) continue;
    enum om_code code = om_head_highest(txn, &bytes, log, &st);
    if (code == OM_OK) code = om_note_parse(&note, (const char *)bytes.data, bytes.len, &st);
    if (code == OM_OK) code = om_checkpoint_parse(&head, NULL, note.text, note.text_len, &st);
    if (code != OM_MISSING) sim_must(s, code, &st, "reading a vote");
    if (head.size < n->voted[log])
      sim_violation(s, "daemon %u has cosigned %llu entries of log %u, and knows of %llu at its start", n->daemon,
                    (unsigned long long)n->voted[log], log, (unsigned long long)head.size);
  }
  om_txn_abort(txn);
}

void sim_check_ready(struct sim_node *n) {
  struct sim *s = n->sim;
  struct om_txn *txn;
  struct om_log_info info;
  struct om_status st = {0};
  sim_must(s, om_txn_read(&txn, om_ledger_store(n->ledger), &st), &st, "reading");
  sim_must(s, om_log_info(txn, &info, n->daemon, &st), &st, "reading a log");
  om_txn_abort(txn);
  uint64_t final = s->canon[n->daemon].edge->size;
  if (info.size < final)
    sim_violation(s, "daemon %u goes on with %llu entries of its log, of which %llu are final", n->daemon,
                  (unsigned long long)info.size, (unsigned long long) final);
}

static void cut_canon(struct sim *s, struct sim_canon *canon, uint64_t size) {
  struct om_status st = {0};
  struct om_hash leaf;
  uint64_t held = canon->edge->size;
  canon->modelled = canon->registry_size = 0;
  if (held <= size) return;
  *canon->edge = (struct om_edge){0};
  for (uint64_t i = 0; i < held; i++) {
    if (i >= size) {
      free((void *)(uintptr_t)canon->entries[i].data);
      continue;
    }
    om_leaf_hash(&leaf, canon->entries[i].data, canon->entries[i].len);
    sim_must(s, om_edge_append(canon->edge, &leaf, NULL, NULL, &st), &st, "growing a tree");
  }
  s->unfinal += held - size;
}

void sim_check_restated(struct sim *s) {
  sim_attest_restated(s);
  sim_governors_restated(s);
  sim_policy_restated(s);
  sim_overrule_restated(s);
  for (uint32_t log = 0; log < s->n; log++) cut_canon(s, &s->canon[log], s->stated[log]);
  s->n_model = s->n_grants = s->n_seen = s->n_mandates = 0;
  memset(s->gained_mg, 0, sizeof s->gained_mg);
  for (uint32_t member = 1; member <= s->n; member++) s->home[member] = member - 1;
  sim_model(s);
}

/* ---- the dear ones ---- */

static void check_kept(struct sim_node *n, struct om_txn *txn, const struct om_log_info *info) {
  static struct om_log_tiles tiles; /* 67 KiB */
  struct sim *s = n->sim;
  struct om_status st = {0};
  struct om_hash root;
  if (info->final_size == 0 || sim_torn(s, info->log)) return;
  sim_must(s, om_log_tiles(txn, &tiles, info->log, &st), &st, "reading a tree");
  sim_must(s, om_tree_root_at(&tiles.tiles, &root, info->final_size, &st), &st, "reading a tree");
  if (!om_hash_equal(&root, &s->canon[info->log].roots[info->final_size]))
    sim_violation(s, "daemon %u has changed what was final of log %u", n->daemon, info->log);
}

static void check_state(struct sim_node *n) {
  struct sim *s = n->sim;
  struct om_txn *txn;
  struct om_log_info info;
  struct om_status st = {0};
  struct om_hash state, vector;
  uint8_t text[SIM_LOGS * (8 + OM_HASH_BYTES)];
  size_t len = 0;
  sim_must(s, om_txn_read(&txn, om_ledger_store(n->ledger), &st), &st, "reading");
  for (uint32_t log = 0; log < om_log_count(txn); log++) {
    sim_must(s, om_log_info(txn, &info, log, &st), &st, "reading a log");
    check_kept(n, txn, &info);
    om_be64(text + len, info.size);
    memcpy(text + len + 8, info.root.bytes, OM_HASH_BYTES);
    len += 8 + OM_HASH_BYTES;
  }
  om_sha256(&vector, text, len);
  sim_must(s, om_store_state_hash(&state, txn, &st), &st, "hashing the state");
  om_txn_abort(txn);
  for (size_t i = 0; i < 1024 && i < s->n_states; i++)
    if (om_hash_equal(&s->states[i].vector, &vector) && !om_hash_equal(&s->states[i].state, &state))
      sim_violation(s, "daemon %u holds the same logs as another and another state", n->daemon);
  s->states[s->n_states++ % 1024].vector = vector;
  s->states[(s->n_states - 1) % 1024].state = state;
}

void sim_check_all(struct sim *s) {
  for (size_t i = 0; i < s->n_nodes; i++)
    if (s->nodes[i].up) check_state(&s->nodes[i]);
  sim_documents_check(s);
}

/* Of a log whose daemon is gone nothing is made final any more: everybody holds it as far as it was stated. */
static bool holds_stated(struct sim *s, struct om_txn *here, uint32_t log) {
  struct om_log_info info;
  struct om_status st = {0};
  return s->restart != NULL && om_log_info(here, &info, log, &st) == OM_OK && info.size == s->stated[log];
}

/* Who was fed what a home kept from others goes on with them, as far as a quorum has signed anything in its place. */
static bool holds_final(struct sim_node *n, struct om_txn *here, uint32_t log) {
  struct om_log_info info;
  struct om_status st = {0};
  bool known = om_log_info(here, &info, log, &st) == OM_OK;
  uint64_t most = sim_final_held(n->sim, log);
  bool stopped = info.stopped && !info.retired && info.size < most; /* beyond an end it matters to nobody */
  return known && !stopped && !info.frozen && info.final_size == most;
}

static bool holds_all(struct sim_node *n) {
  struct sim *s = n->sim;
  struct om_txn *here, *home;
  struct om_log_info a, b;
  struct om_status st = {0};
  bool all = true;
  sim_must(s, om_txn_read(&here, om_ledger_store(n->ledger), &st), &st, "reading");
  for (uint32_t log = 0; log < s->n && all; log++) {
    if (s->nodes[log].feeds) all = holds_final(n, here, log);
    if (sim_liar(&s->nodes[log])) continue;
    if (s->nodes[log].gone) {
      all = holds_stated(s, here, log);
      continue;
    }
    sim_must(s, om_txn_read(&home, om_ledger_store(s->nodes[log].ledger), &st), &st, "reading");
    all = om_log_info(home, &b, log, &st) == OM_OK; /* who joins is to be named first */
    om_txn_abort(home);
    all = all && om_log_info(here, &a, log, &st) == OM_OK && b.size >= s->canon[log].edge->size;
    if (sim_quorum_left(s))
      all = all && a.size == b.size && a.final_size == b.size && (b.size > 0 || (log == s->ends && s->ended_at == 0));
    else /* a home that has lost its store hears how much is final with the next quorum */
      all = all && (a.final_size == sim_final_held(s, log) || log == n->daemon);
  }
  om_txn_abort(here);
  return all;
}

void sim_check_blame(struct sim *s) {
  for (size_t i = 0; i < s->n; i++) {
    struct om_txn *txn;
    struct om_log_info info;
    struct om_status st = {0};
    if (!s->nodes[i].up) continue;
    sim_must(s, om_txn_read(&txn, om_ledger_store(s->nodes[i].ledger), &st), &st, "reading");
    for (uint32_t log = 0; log < om_log_count(txn); log++) {
      sim_must(s, om_log_info(txn, &info, log, &st), &st, "reading a log");
      if (info.evidence > 0) sim_violation(s, "daemon %zu holds evidence against the honest log %u", i, log);
    }
    om_txn_abort(txn);
  }
}

bool sim_converged(struct sim *s) {
  if (!sim_agreed(s)) return false;
  if (s->join_step != 0 && !s->joined) return false;
  for (size_t i = 0; i < s->n; i++)
    if (!s->nodes[i].up && !s->nodes[i].gone) return false;
  if (s->scene == SIM_FREEZE) return true; /* what leans on either history may wait for ever */
  for (size_t i = 0; i < s->n; i++) {
    struct sim_node *n = &s->nodes[i];
    if (sim_liar(n) || n->gone) continue;
    if ((s->gone_step != 0 || s->succession.step != 0) && !n->accepted) return false;
    /* What leans on a log that is gone may wait for ever. */
    bool answered = n->n_statements == 0 || s->gone_step != 0 || sim_forked(s);
    if (!answered || !holds_all(n)) return false;
  }
  return sim_documents_settled(s);
}

void sim_show(struct sim *s) {
  for (size_t i = 0; i < s->n_nodes; i++) {
    struct sim_node *n = &s->nodes[i];
    struct om_txn *txn;
    struct om_log_info info;
    struct om_status st = {0};
    char text[OM_STATUS_TEXT_BYTES];
    printf("  daemon %u%s%s:", n->daemon, n->up ? "" : " (down)", sim_liar(n) ? " (a liar)" : n->mute ? " (mute)" : "");
    if (n->up && om_txn_read(&txn, om_ledger_store(n->ledger), &st) == OM_OK) {
      for (uint32_t log = 0; log < om_log_count(txn); log++)
        if (om_log_info(txn, &info, log, &st) == OM_OK)
          printf(" %llu/%llu%s%s%s", (unsigned long long)info.final_size, (unsigned long long)info.size,
                 info.stopped ? " stopped" : "", info.frozen ? " frozen" : "", info.pieces > 0 ? " accused" : "");
      om_txn_abort(txn);
      if (om_node_waiting(n->node, text, sizeof text)) printf("; %s", text);
    }
    printf("; %zu statements wait\n", n->n_statements);
  }
}
