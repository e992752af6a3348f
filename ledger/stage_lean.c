/* Whether the judged log may lean on what it leans on: what stands in other logs, and what the governors have taken
 * from one. */
#include "ledger/ledger.h"
#include "ledger/stage_parts.h"

/* Is LOG bound by the registry's act at SINCE? Its own mark of the act does that, and the judged log's mark of it shows
 * it. */
static enum om_code check_bound(struct om_stage *stage, uint32_t log, uint64_t since, struct om_status *st) {
  struct om_txn *txn = stage->backing->txn;
  uint64_t marked = 0, size = 0, index = 0;
  struct om_retired ended;
  if (log == stage->judged->log) return OM_OK; /* it is judged by a registry that holds the act */
  if (om_registry_retired(txn, &ended, log, stage->judged->registry_size)) return OM_OK; /* it binds for good */
  enum om_code code = stage->backing->mark(stage->backing->ctx, &marked, log, st);
  if (code != OM_OK || om_log_mark(txn, log, OM_LOG_REGISTRY, marked) > since) return code;
  stage->wait_log = log;
  stage->wait_size = om_log_mark_at(txn, &size, &index, log, OM_LOG_REGISTRY, UINT64_MAX) && size > since
                         ? index + 1
                         : 0; /* it has not taken the act up */
  return om_fail(st, OM_WAIT, "home", "it is not final yet that log %u has taken up entry %llu of the registry: wait",
                 log, (unsigned long long)since);
}

enum om_code om_stage_check_moves(struct om_stage *stage, const struct om_member *member, struct om_status *st) {
  struct om_member at = *member;
  while (at.moves > 0) {
    uint64_t since = at.home_since;
    if (check_bound(stage, at.home_before, since, st) != OM_OK) return st->code;
    enum om_code code = om_registry_member(stage->backing->txn, &at, at.number, since, st);
    if (code != OM_OK) return code;
  }
  return OM_OK;
}

enum om_code om_stage_check_reassigned(struct om_stage *stage, struct om_lot *lot, struct om_status *st) {
  struct om_txn *txn = stage->backing->txn;
  struct om_reassigned act;
  struct om_member holder;
  if (!om_registry_reassigned(txn, &act, lot->number, &lot->last_event, stage->judged->registry_size) ||
      lot->pen == OM_MEMBER_NONE)
    return om_txn_check(txn, st);
  enum om_code code = om_registry_member(txn, &holder, lot->pen, act.since, st);
  if (code == OM_OK) code = check_bound(stage, holder.home_log, act.since, st);
  if (code == OM_OK) code = om_stage_check_moves(stage, &holder, st);
  if (code != OM_OK) return code == OM_WAIT ? om_wrap(st, "a lot that the governors have reassigned") : code;
  lot->pen = act.to;
  lot->state = OM_LOT_IN_TRANSIT;
  lot->next_owner = OM_MEMBER_NONE;
  return OM_OK;
}

enum om_code om_stage_check_marked(struct om_stage *stage, const struct om_lot *lot, struct om_status *st) {
  if (lot->at.log == stage->judged->log) return OM_OK;
  uint64_t size = 0;
  enum om_code code = stage->backing->mark(stage->backing->ctx, &size, lot->at.log, st);
  if (code != OM_OK || size > lot->at.index) return code;
  char text[OM_LOT_TEXT_BYTES];
  stage->wait_log = lot->at.log;
  stage->wait_size = lot->at.index + 1;
  return om_fail(
      st, OM_WAIT, "mark",
      "lot %s: its last event is entry %llu of log %u, and only %llu entries of that are final and marked here: wait",
      om_lot_format(text, sizeof text, lot->number), (unsigned long long)lot->at.index, lot->at.log,
      (unsigned long long)size);
}

enum om_code om_stage_covers(struct om_stage *stage, uint32_t log, uint64_t index, struct om_status *st) {
  uint64_t size = 0;
  if (log == stage->judged->log) {
    if (index < stage->judged->index) return OM_OK;
    return om_fail(st, OM_REFUSED, "chain", "it leans on entry %llu of its own log, which does not stand before it",
                   (unsigned long long)index);
  }
  if (log == OM_LOG_REGISTRY)
    size = stage->judged->registry_size;
  else if (stage->backing->mark(stage->backing->ctx, &size, log, st) != OM_OK)
    return st->code;
  if (size > index) return OM_OK;
  stage->wait_log = log;
  stage->wait_size = index + 1;
  return om_fail(st, OM_WAIT, "mark",
                 "it leans on entry %llu of log %u, and only %llu entries of that are final and marked here: wait",
                 (unsigned long long)index, log, (unsigned long long)size);
}
