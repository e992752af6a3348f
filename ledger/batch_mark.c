/* Marks: when a log may say that it leans on another one up to a final head. */
#include <string.h>

#include "ledger/ledger_state.h"
#include "ledger/times.h"

/* Entry 0 of a log is a mark of a registry that names the log. */
static enum om_code first_mark(struct om_batch *batch, const struct om_log_state *state, const Oremark__Mark *mark,
                               uint64_t size, struct om_status *st) {
  struct om_daemon own;
  if (mark->log != OM_LOG_REGISTRY)
    return om_fail(st, OM_REFUSED, "mark", "entry 0 of a log is a mark of the registry");
  if (om_registry_daemon(batch->txn, &own, state->log, size, st) == OM_OK) return OM_OK;
  return om_fail(st, OM_REFUSED, "mark", "the registry as marked does not name this log yet");
}

enum om_code om_head_matches(struct om_txn *txn, uint32_t log, const struct om_log_state *state,
                             const struct om_checkpoint *checkpoint, struct om_status *st) {
  struct om_hash root;
  if (checkpoint->size > state->edge.size)
    return om_fail(st, OM_WAIT, "behind", "log %s is held up to %llu here, the head covers %llu", checkpoint->origin,
                   (unsigned long long)state->edge.size, (unsigned long long)checkpoint->size);
  enum om_code code = OM_OK;
  if (checkpoint->size == state->edge.size)
    om_edge_root(&state->edge, &root);
  else
    code = om_log_root_at(txn, &root, log, &state->edge, checkpoint->size, st);
  if (code != OM_OK || om_hash_equal(&root, &checkpoint->root)) return code;
  return om_fail(st, OM_REFUSED, OM_RULE_FORK,
                 "the head of %s at %llu is not of the entries that are held here: two histories of one log",
                 checkpoint->origin, (unsigned long long)checkpoint->size);
}

static enum om_code mark_order(struct om_batch *batch, const struct om_log_state *state, const Oremark__Mark *mark,
                               uint64_t size, struct om_status *st) {
  uint64_t before = om_log_mark(batch->txn, state->log, mark->log, UINT64_MAX);
  if (size <= before)
    return om_fail(st, OM_REFUSED, "mark", "log %u was marked up to %llu before, this mark says %llu", mark->log,
                   (unsigned long long)before, (unsigned long long)size);
  if (mark->log == OM_LOG_REGISTRY) return OM_OK;
  uint64_t theirs = om_log_mark(batch->txn, mark->log, OM_LOG_REGISTRY, size);
  if (theirs <= state->registry_size) return OM_OK;
  return om_fail(st, OM_REFUSED, "mark",
                 "log %u follows the registry up to %llu, this log only to %llu: mark the registry first", mark->log,
                 (unsigned long long)theirs, (unsigned long long)state->registry_size);
}

/* A log marks itself for one purpose: to record, after a change of its witnesses, a head that both lists signed. */
static enum om_code own_mark(struct om_batch *batch, const struct om_log_state *state, uint64_t recorded,
                             struct om_status *st) {
  bool settles;
  enum om_code code = om_quorum_settles(batch->txn, &settles, state->log, state->edge.size, recorded, st);
  if (code != OM_OK || settles) return code;
  return om_fail(st, OM_REFUSED, "mark",
                 "a log marks itself once after a change of its witnesses, at a head behind that change: %llu is none",
                 (unsigned long long)recorded);
}

/* A log follows the registry to another list of witnesses only when it has settled the one it has. */
static enum om_code next_list(struct om_batch *batch, const struct om_log_state *state, uint64_t size,
                              struct om_status *st) {
  bool third;
  enum om_code code = om_quorum_third(batch->txn, &third, state->log, state->edge.size, size, st);
  if (code != OM_OK || !third) return code;
  return om_fail(st, OM_REFUSED, "mark",
                 "the registry up to %llu has another list of witnesses, and this log's last change is not settled: it "
                 "must first record a head that both of its lists signed",
                 (unsigned long long)size);
}

enum om_code om_batch_mark(struct om_batch *batch, struct om_log_state *state, const Oremark__Mark *mark,
                           struct om_status *st) {
  struct om_note note;
  struct om_checkpoint head;
  struct om_log_state *marked = NULL;
  struct om_daemon known;
  uint64_t time_s;
  struct om_retired ended;
  bool newer, own = mark->log == state->log;
  if (state->log == OM_LOG_REGISTRY && !own)
    return om_fail(st, OM_REFUSED, "mark", "the registry log holds no marks of other logs");
  enum om_code code = OM_OK;
  if (mark->log != OM_LOG_REGISTRY) code = om_registry_daemon(batch->txn, &known, mark->log, state->registry_size, st);
  if (code == OM_MISSING)
    return om_fail(st, OM_REFUSED, "mark", "the marked log %u is not in the registry that this log follows", mark->log);
  if (code == OM_OK)
    code = om_head_parse(batch->txn, &note, &head, mark->log, mark->checkpoint.data, mark->checkpoint.len, st);
  if (code == OM_OK) code = om_votes_look(batch, mark->log, &note, head.size, st);
  if (code == OM_OK && om_registry_retired(batch->txn, &ended, mark->log, state->registry_size) &&
      head.size > ended.size)
    return om_fail(st, OM_REFUSED, "retired", "log %u has ended with %llu entries, this mark says %llu", mark->log,
                   (unsigned long long)ended.size, (unsigned long long)head.size);
  bool whole = !batch->ledger->sparse || mark->log == OM_LOG_REGISTRY; /* the marked log is held */
  if (code == OM_OK && whole) code = om_batch_log(batch, &marked, mark->log, st);
  if (code == OM_OK && whole) code = om_head_matches(batch->txn, mark->log, marked, &head, st);
  if (code == OM_REFUSED && om_broke(st, OM_RULE_FORK)) {
    code = om_head_forked(batch, marked, mark->checkpoint.data, mark->checkpoint.len, st);
    /* Who is to sign it stands in a history that is not held here: nothing can be said against the log that marks it.
     */
    if (code == OM_REFUSED && om_broke(st, OM_RULE_QUORUM)) st->code = code = OM_WAIT;
    return code;
  }
  if (code == OM_OK)
    code = om_quorum_check(batch->txn, &head, &time_s, mark->log, mark->checkpoint.data, mark->checkpoint.len, st);
  if (code == OM_OK) code = mark_order(batch, state, mark, head.size, st);
  if (code == OM_OK && own) code = own_mark(batch, state, head.size, st);
  if (code == OM_OK && state->edge.size == 0)
    code = first_mark(batch, state, mark, head.size, st);
  else if (code == OM_OK && mark->log == OM_LOG_REGISTRY && !own)
    code = next_list(batch, state, head.size, st);
  bool follows = mark->log == OM_LOG_REGISTRY && !own;
  if (code == OM_OK && follows && !batch->ledger->sparse) code = om_ended_wait(batch, state, head.size, st);
  if (code == OM_OK && follows && !batch->ledger->sparse) code = om_stated_wait(batch, state, head.size, st);
  /* What a mark leans on is final here too from now on: it is never cut while the mark stands. */
  if (code == OM_OK && whole)
    code = om_head_final(batch, &newer, marked, head.size, time_s, mark->checkpoint.data, mark->checkpoint.len, st);
  if (code != OM_OK) return code;
  uint8_t key[OM_MARK_KEY_BYTES], row[8];
  om_mark_key(key, state->log, mark->log, state->edge.size);
  om_be64(row, head.size);
  om_txn_put(batch->txn, OM_TABLE_MARKS, key, sizeof key, row, sizeof row);
  om_times_marked(batch->txn, mark->log, head.size, state->log, state->edge.size, time_s);
  if (follows) {
    om_ended_mark(batch, state, head.size);
    om_stated_mark(batch, state, head.size);
    state->registry_size = head.size;
  }
  return om_txn_check(batch->txn, st);
}
