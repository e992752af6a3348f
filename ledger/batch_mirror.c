/* The logs of others, and the tail of the own one that comes back from them: entries taken in as they are, or where the
 * log is stopped. */
#include <stdlib.h>
#include <string.h>

#include "ledger/accept.h"
#include "ledger/ledger_state.h"
#include "ledger/rules.h"

enum om_code om_batch_stop_log(struct om_batch *batch, uint32_t log, uint64_t index, const uint8_t *bytes, size_t len,
                               const struct om_status *why, struct om_status *st) {
  uint8_t key[OM_EVIDENCE_KEY_BYTES];
  size_t text = strlen(why->text);
  uint8_t *row = malloc(2 + text + len);
  OM_ASSERT(row);
  row[0] = (uint8_t)(text >> 8);
  row[1] = (uint8_t)text;
  memcpy(row + 2, why->text, text);
  if (len) memcpy(row + 2 + text, bytes, len);
  om_evidence_key(key, log, OM_EVIDENCE_STOP, index);
  om_txn_put(batch->txn, OM_TABLE_EVIDENCE, key, sizeof key, row, 2 + text + len);
  free(row);
  om_stop_judged(batch->txn, log, index);
  return om_txn_check(batch->txn, st);
}

static enum om_code judge_entry(struct om_batch *batch, struct om_log_state *state, struct om_checked *checked,
                                struct om_status *st) {
  const Oremark__Entry *entry = checked->entry;
  struct om_need need;
  enum om_code code;
  if (entry->taken_ms < state->taken_ms)
    return om_fail(st, OM_REFUSED, "time", "the entry was taken in before the one in front of it");
  if (entry->what_case == OREMARK__ENTRY__WHAT_MARK) return om_batch_mark(batch, state, entry->mark, st);
  if (entry->what_case == OREMARK__ENTRY__WHAT_GENESIS)
    return om_fail(st, OM_REFUSED, "genesis", "a genesis stands only at the beginning of the registry log");
  if (state->edge.size == 0) return om_fail(st, OM_REFUSED, "mark", "entry 0 of a log is a mark of the registry");
  code = om_batch_judge(batch, state, checked, entry->taken_ms, &need, st);
  if (code == OM_REFUSED && om_broke(st, OM_RULE_UPGRADE)) {
    struct om_status why = *st;
    return om_upgrade_wait(batch, state->edge.size, &why, st);
  }
  /* Here a lack of marks is the log's own fault: they stand before what leans on them. */
  if (code == OM_WAIT || code == OM_MISSING) st->code = code = OM_REFUSED;
  return code;
}

/* Behind the head that a restart states, LOG goes on with a mark of it. */
static enum om_code check_restart(struct om_batch *batch, const struct om_log_state *state,
                                  const struct om_checked *checked, struct om_status *st) {
  const Oremark__Entry *entry = checked->entry;
  struct om_note note;
  struct om_checkpoint head;
  enum om_code code = om_restart_marked(batch->txn, state->log, state->edge.size, state->registry_size, st);
  if (code != OM_WAIT || entry->what_case != OREMARK__ENTRY__WHAT_MARK || entry->mark->log != OM_LOG_REGISTRY)
    return code;
  struct om_status why = *st;
  if (om_head_parse(batch->txn, &note, &head, OM_LOG_REGISTRY, entry->mark->checkpoint.data,
                    entry->mark->checkpoint.len, st) != OM_OK)
    return st->code;
  code = om_restart_marked(batch->txn, state->log, state->edge.size, head.size, st);
  if (code == OM_WAIT) *st = why;
  return code;
}

enum om_code om_batch_take(struct om_batch *batch, uint32_t log, uint64_t index, struct om_checked *checked,
                           struct om_status *st) {
  struct om_log_state *state;
  enum om_code code = om_batch_log(batch, &state, log, st);
  if (code != OM_OK) return code;
  OM_ASSERT(index == state->edge.size && checked->entry);
  code = om_ended_entry(batch, state, &checked->leaf, st);
  if (code == OM_OK) code = check_restart(batch, state, checked, st);
  if (code == OM_OK) code = judge_entry(batch, state, checked, st);
  return code != OM_OK ? code
                       : om_log_state_append(batch->txn, state, checked->bytes, checked->len, &checked->leaf,
                                             checked->entry->taken_ms, st);
}

/* Whether an entry of LOG was met that can't be taken. */
static bool is_stopped(struct om_txn *txn, uint32_t log) {
  uint8_t key[OM_EVIDENCE_KEY_BYTES];
  struct om_bytes row;
  om_evidence_key(key, log, OM_EVIDENCE_STOP, UINT64_MAX);
  return om_txn_last(txn, NULL, &row, OM_TABLE_EVIDENCE, key, sizeof key, 5);
}

/* The entry is invalid, as ST says: LOG ends here. */
static enum om_code stop_at(struct om_batch *batch, uint32_t log, uint64_t index, const struct om_checked *checked,
                            struct om_status *st) {
  struct om_log_info info;
  struct om_status why = *st;
  enum om_code code = om_log_info(batch->txn, &info, log, st);
  if (code != OM_OK) return code;
  om_wrap(&why, "entry %llu of %s", (unsigned long long)index, info.origin);
  code = om_batch_stop_log(batch, log, index, checked->bytes, checked->len, &why, st);
  if (code == OM_OK) *st = why;
  return st->code;
}

static enum om_code doubt_or_stop(struct om_batch *batch, uint32_t log, uint64_t index,
                                  const struct om_checked *checked, struct om_status *st) {
  struct om_log_state *state;
  struct om_status why = *st;
  uint64_t size;
  bool doubted = false,
       claimed = om_log_claim(batch->txn, NULL, &size, NULL, log, index); /* then what is held is under the claim too */
  enum om_code code = om_batch_log(batch, &state, log, st);
  if (code == OM_OK && !claimed) code = om_lost_doubt(batch, &doubted, state, st);
  if (code != OM_OK) return code;
  *st = why;
  if (!doubted) return stop_at(batch, log, index, checked, st);
  return om_fail(st, OM_WAIT, "mending", "log %u may have gone on without what is not final here: it is fetched anew",
                 log);
}

enum om_code om_batch_mirror(struct om_batch *batch, uint32_t log, uint64_t index, struct om_checked *checked,
                             struct om_status *st) {
  bool yields = false;
  OM_ASSERT(log != batch->ledger->own_log);
  if (index == 0 || is_stopped(batch->txn, log)) { /* looked at closely only where something may be wrong */
    struct om_log_info info;
    enum om_code code = om_log_info(batch->txn, &info, log, st);
    if (code != OM_OK) return code;
    yields = info.stopped && om_stop_yields(batch->txn, log, index);
    if (info.stopped && !yields)
      return om_fail(st, OM_REFUSED, OM_RULE_STOPPED, "log %s is not followed further: %s", info.origin,
                     info.stopped_why);
  }
  if (om_lost_due(batch, log))
    return om_fail(st, OM_WAIT, "mending", "another history of log %u is held here than the one that a quorum signed",
                   log);
  bool by_hand = log == OM_LOG_REGISTRY && om_by_hand(checked);
  enum om_code code =
      by_hand ? om_by_hand_wait(batch, index, checked, st) : om_batch_take(batch, log, index, checked, st);
  if (code == OM_OK && yields) om_stop_lift(batch->txn, log, index);
  return code == OM_REFUSED || code == OM_MALFORMED ? doubt_or_stop(batch, log, index, checked, st) : code;
}

enum om_code om_batch_refill(struct om_batch *batch, uint64_t index, struct om_checked *checked, struct om_status *st) {
  uint32_t own = batch->ledger->own_log;
  struct om_log_state *state;
  OM_ASSERT(own != OM_LOG_NONE);
  if (own == OM_LOG_REGISTRY && om_by_hand(checked)) return om_by_hand_wait(batch, index, checked, st);
  enum om_code code = om_batch_take(batch, own, index, checked, st);
  if (code == OM_OK) code = om_batch_log(batch, &state, own, st);
  if (code != OM_OK) return code;
  return om_votes_lost(batch, own == OM_LOG_REGISTRY ? state->edge.size : state->registry_size, st);
}
