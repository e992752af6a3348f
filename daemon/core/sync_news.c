/* What is said of a log, or has become of it here, and whether somebody else is to be followed for it then. */
#include "daemon/core/sync_parts.h"

void om_node_claim(struct om_node *node, uint32_t log, uint64_t size, const uint8_t *note, size_t len, int64_t now_ms) {
  struct om_heard head = {.size = size, .note = (uint8_t *)(uintptr_t)note, .len = len, .slot = OM_SLOT_NONE};
  if (log >= node->n_logs || log == node->config.own_log) return;
  struct om_tracked *tracked = &node->logs[log];
  tracked->claimed = size > 0 || tracked->stopped; /* where it is stopped again, there is no other claim */
  om_stopped_look_all(node, log);
  om_sync_news(node, log);
  om_sync_forget_stalls(node, log);
  om_sync_forget_beside(node, log);
  om_sync_refill(node, log, size == 0 ? NULL : &head, now_ms);
}

void om_node_awaited(struct om_node *node, uint32_t log, uint64_t size, const uint8_t *note, size_t len,
                     int64_t now_ms) {
  struct om_heard head = {.size = size, .note = (uint8_t *)(uintptr_t)note, .len = len, .slot = OM_SLOT_NONE};
  if (log < node->n_logs && log != node->config.own_log && !node->logs[log].claimed && !node->logs[log].ended)
    om_sync_refill(node, log, &head, now_ms);
}

void om_node_wanted(struct om_node *node, uint32_t log, uint64_t size, int64_t now_ms) {
  if (log >= node->n_logs || size <= node->logs[log].wanted) return;
  node->logs[log].wanted = size;
  om_node_mark_rows(node, log);
  om_sync_choose(node, log, now_ms);
  om_node_mark_log(node, log);
}

/* The peer in SLOT says less of LOG than it has sent: the log was cut there, and what came is of what is gone. The same
 * may be so of what is kept until it may be taken in, where the log's own daemon says less or has a new link. */
static void doubt_inbox(struct om_node *node, uint32_t slot, uint32_t log, uint64_t size, bool first) {
  struct om_tracked *tracked = &node->logs[log];
  if (tracked->inbox.first == NULL && !tracked->applying) return;
  uint32_t from = tracked->inbox.first != NULL ? tracked->inbox.first->slot : tracked->apply_slot;
  bool less = size < tracked->got, home = node->peers[slot].log == log;
  if (!(less && from == slot) && !(tracked->holding && home && (less || first))) return;
  om_sync_abandon(node, log);
  tracked->waits = false;
}

void om_sync_have(struct om_node *node, uint32_t slot, uint32_t log, uint64_t size, uint64_t final_size,
                  int64_t now_ms) {
  struct om_row *row = om_node_row(node, slot, log);
  if (row == NULL) return;
  bool news = size > row->has || final_size > row->has_final;
  if (news) row->stalled = row->beside = false;
  if (news && log < node->n_logs) om_sync_news(node, log);
  if (log < node->n_logs) doubt_inbox(node, slot, log, size, row->has == 0);
  /* What its daemon has proposed beyond what it holds is of what was cut, and would stand in the way of other heads. */
  bool gone = log < node->n_logs && node->peers[slot].log == log && size < om_pair_highest(&node->logs[log].proposals);
  if (gone) om_pair_clear(&node->logs[log].proposals);
  if (log == node->config.own_log && size < row->has) om_quorum_cut(node, slot);
  row->has = size;
  row->has_final = final_size;
  if (log >= node->n_logs) return;
  om_stopped_look(node, slot, log);
  om_sync_choose(node, log, now_ms);
}

void om_sync_lost(struct om_node *node, uint32_t slot, int64_t now_ms) {
  for (uint32_t log = 0; log < node->n_logs; log++) {
    struct om_tracked *tracked = &node->logs[log];
    om_pair_unslot(&tracked->claims, slot);
    if (tracked->unjudged.slot == slot) tracked->unjudged.slot = OM_SLOT_NONE;
    if (tracked->finalising_slot == slot) tracked->finalising_slot = OM_SLOT_NONE;
    if (tracked->apply_slot == slot) tracked->apply_slot = OM_SLOT_NONE;
    if (tracked->source == slot) om_sync_choose_again(node, log, now_ms);
  }
}

/* Its own daemon is one like any other now: what it has beyond the end, or in place of what is under it, counts no
 * more. */
void om_sync_end(struct om_node *node, uint32_t log, uint64_t end, int64_t now_ms) {
  struct om_tracked *tracked = &node->logs[log];
  tracked->ended = true;
  tracked->end = end;
  om_stopped_look_all(node, log);
  tracked->waits = false;
  om_pair_clear(&tracked->claims);
  om_witness_forget(node, log);
  om_heard_clear(&tracked->unjudged);
  om_sync_news(node, log);
  om_sync_forget_stalls(node, log);
  om_sync_forget_beside(node, log);
  om_sync_choose_again(node, log, now_ms);
}

void om_sync_frozen(struct om_node *node, uint32_t log) {
  if (node->logs[log].refill_claimed) om_sync_refill(node, log, NULL, node->now_ms);
}

void om_sync_cut(struct om_node *node, uint32_t log, int64_t now_ms) {
  struct om_tracked *tracked = &node->logs[log];
  tracked->apply_cut = tracked->applying;
  tracked->waits = tracked->final_waits = false;
  om_sync_news(node, log);
  om_sync_forget_stalls(node, log);
  om_sync_forget_beside(node, log);
  om_sync_choose_again(node, log, now_ms);
  om_node_mark_log(node, log);
}

static void wake(struct om_node *node, uint32_t log, uint32_t grown, int64_t now_ms) {
  struct om_tracked *tracked = &node->logs[log];
  bool registry = grown == OM_LOG_REGISTRY;
  if (log == grown || registry) {
    tracked->final_waits = false;
    tracked->cosign_waits = false;
    om_heads_judge_again(node, log);
    tracked->looked = 0;
    om_marks_look(node, log);
    om_node_mark_log(node, log);
  }
  if (log == grown || !tracked->waits) return;
  tracked->waits = false;
  om_node_mark_log(node, log);
  if (!tracked->holding) om_sync_choose(node, log, now_ms);
}

void om_sync_grown(struct om_node *node, uint32_t log, int64_t now_ms) {
  struct om_tracked *tracked = &node->logs[log];
  node->growths++;
  tracked->progress_ms = now_ms;
  tracked->unjudged_ms = 0;
  om_sync_news(node, log);
  if (log != node->config.own_log && !tracked->claimed && tracked->refill.size <= tracked->size)
    om_heard_clear(&tracked->refill);
  if (!tracked->applying && tracked->inbox.first == NULL) tracked->got = om_larger(tracked->got, tracked->size);
  om_sync_forget_stalls(node, log);
  om_sync_forget_beside(node, log);
  if (tracked->stopped) om_sync_stop(node, log);
  /* What waited has come in another way: its operator has accepted it by hand. */
  if (!tracked->applying && tracked->inbox.first != NULL && tracked->inbox.first->start < tracked->size) {
    om_inbox_clear(node, tracked);
    tracked->waits = false;
    om_sync_choose_again(node, log, now_ms);
  }
  om_node_mark_rows(node, log);
  for (uint32_t other = 0; other < node->n_logs; other++) wake(node, other, log, now_ms);
}
