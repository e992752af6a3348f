/* Final heads that peers bring: judged before what lies under them is fetched. A head with its quorum costs nothing, as
 * quorums are not to be had for nothing; one that its log has signed and no quorum has, is paid for by who brought it,
 * and where that peer's allowance is spent its newest head of each log waits until it has more. */
#include <stdlib.h>

#include "daemon/core/node_state.h"

/* OM_OK: taken. OM_WAIT: kept to be judged again when more is known. */
static enum om_code judge(struct om_node *node, uint32_t slot, uint32_t log, const uint8_t *note, size_t len,
                          uint64_t size, struct om_status *st) {
  struct om_tracked *tracked = &node->logs[log];
  enum om_code code = node->config.judge(node->config.ctx, &size, log, note, len, st);
  if (code == OM_OK) {
    om_pair_offer(&tracked->claims, size, note, len, slot);
    om_sync_news(node, log);
    om_node_mark_log(node, log);
  } else if (code == OM_WAIT) {
    if (tracked->unjudged_ms == 0) tracked->unjudged_ms = node->now_ms;
    if (size > tracked->unjudged.size) om_heard_set(&tracked->unjudged, size, note, len, slot);
    om_marks_look(node, log);
    om_status_clear(st);
  }
  return code;
}

/* What is held is not fetched, and a log's own daemon could push aside only its own heads: the ledger alone judges
 * those, once. */
static bool needs_no_judging(const struct om_node *node, uint32_t slot, uint32_t log, uint64_t size) {
  const struct om_tracked *tracked = &node->logs[log];
  return node->peers[slot].log == log && !tracked->ended && size <= tracked->size;
}

/* The same at the cost of the peer that has just brought it. */
static enum om_code judge_new(struct om_node *node, uint32_t slot, uint32_t log, const uint8_t *note, size_t len,
                              uint64_t size, struct om_status *st) {
  if (needs_no_judging(node, slot, log, size)) {
    om_pair_offer(&node->logs[log].claims, size, note, len, slot);
    om_node_mark_log(node, log);
    return OM_OK;
  }
  enum om_code code = judge(node, slot, log, note, len, size, st);
  if (code != OM_WAIT) return code;
  if (om_judge_spend(node, slot)) om_met(node, OM_SLOT_NONE, log, note, len);
  return OM_OK;
}

/* LOG has two final histories: those who have signed the one that is not held here may count in it. */
static bool of_two(const struct om_node *node, uint32_t log, enum om_code code) {
  return code == OM_REFUSED && node->logs[log].frozen;
}

static bool is_news(const struct om_tracked *tracked, uint64_t size) {
  if (tracked->ended && size > tracked->end) return false; /* whoever sends it has not heard */
  return size > om_larger(tracked->final.size, om_pair_highest(&tracked->claims));
}

enum om_code om_sync_head(struct om_node *node, uint32_t slot, uint32_t log, const uint8_t *note, size_t len,
                          int64_t now_ms, struct om_status *st) {
  uint64_t size = 0;
  enum om_code code = om_note_size(&size, note, len, st);
  if (code != OM_OK || log >= node->n_logs) return code;
  struct om_row *row = om_node_row(node, slot, log);
  if (is_news(&node->logs[log], size)) {
    if (om_judge_may(node, slot))
      code = judge_new(node, slot, log, note, len, size, st);
    else if (size >= row->unjudged.size)
      om_heard_set(&row->unjudged, size, note, len, slot);
    if (code != OM_OK && !of_two(node, log, code)) return om_wrap(st, "a head of log %u", log);
    if (code != OM_OK) om_judge_spend(node, slot); /* nobody is blamed, but it has cost a check */
    om_status_clear(st);
  } else {
    om_met(node, slot, log, note, len); /* its final head, which may be another than the one here */
  }
  if (size > row->has_final) row->beside = false;
  row->has_final = om_larger(row->has_final, size);
  row->has = om_larger(row->has, size);
  om_stopped_look(node, slot, log);
  om_sync_choose(node, log, now_ms);
  return OM_OK;
}

bool om_head_cosigned(const uint8_t *note, size_t len) {
  struct om_note parsed;
  struct om_status st;
  return om_note_parse(&parsed, (const char *)note, len, &st) == OM_OK && parsed.n > 1;
}

bool om_node_unjudged(const struct om_node *node, uint32_t log) {
  if (log >= node->n_logs) return false;
  const struct om_tracked *tracked = &node->logs[log];
  return tracked->unjudged.size > tracked->size && tracked->unjudged_ms != 0 &&
         node->now_ms - tracked->unjudged_ms > OM_STALL_MS;
}

void om_heads_judge_row(struct om_node *node, uint32_t slot, uint32_t log) {
  struct om_heard heard = om_node_row(node, slot, log)->unjudged;
  struct om_status st;
  om_node_row(node, slot, log)->unjudged = (struct om_heard){.slot = OM_SLOT_NONE};
  enum om_code code = OM_OK;
  if (is_news(&node->logs[log], heard.size)) code = judge_new(node, slot, log, heard.note, heard.len, heard.size, &st);
  if (code != OM_OK && !of_two(node, log, code)) om_node_drop(node, slot, "it sent a final head that does not stand");
  free(heard.note);
}

void om_heads_judge_again(struct om_node *node, uint32_t log) {
  struct om_heard heard = node->logs[log].unjudged;
  struct om_status st;
  if (heard.size == 0) return;
  node->logs[log].unjudged = (struct om_heard){.slot = OM_SLOT_NONE};
  enum om_code code = judge(node, heard.slot, log, heard.note, heard.len, heard.size, &st);
  if (code != OM_OK && code != OM_WAIT && !of_two(node, log, code))
    om_node_drop(node, heard.slot, "it sent a final head that does not stand");
  free(heard.note);
}
