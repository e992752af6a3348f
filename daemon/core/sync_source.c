/* Whom the logs of others are followed from: one peer for each log. */
#include "daemon/core/sync_parts.h"

uint64_t om_sync_must_prove(const struct om_tracked *tracked) {
  if (tracked->ended) return tracked->end;
  return tracked->refill.size > tracked->size ? tracked->refill.size : 0;
}

uint64_t om_sync_prove(const struct om_tracked *tracked, const struct om_row *row) {
  uint64_t must = om_sync_must_prove(tracked);
  if (must != 0) return must;
  return tracked->wanted > tracked->size && row->has >= tracked->wanted ? tracked->wanted : 0;
}

uint64_t om_sync_offered(const struct om_tracked *tracked, const struct om_row *row) {
  uint64_t must = om_sync_must_prove(tracked);
  if (must != 0) return row->has >= must ? must : 0;
  if (tracked->asked) return row->has;
  return om_larger(row->has_final, om_smaller(row->has, om_larger(tracked->wanted, tracked->invited)));
}

bool om_sync_has_more(struct om_node *node, uint32_t slot, uint32_t log) {
  const struct om_tracked *tracked = &node->logs[log];
  const struct om_row *row = om_node_row(node, slot, log);
  /* A head of a log with two final histories may be of the other one, and nothing leans on any more of either. */
  bool heads = !tracked->ended && !tracked->frozen;
  return om_sync_offered(tracked, row) > tracked->size || (heads && row->has_final > tracked->final.size);
}

static bool eligible(struct om_node *node, uint32_t slot, uint32_t log) {
  if (!om_node_live(node, slot)) return false;
  const struct om_row *row = om_node_row(node, slot, log);
  return !row->stalled && !row->beside;
}

bool om_sync_home_is_one_of_many(const struct om_tracked *tracked) {
  return tracked->ended || tracked->refill.size > 0;
}

uint32_t om_sync_next_with_more(struct om_node *node, uint32_t log, uint32_t after) {
  uint32_t home = OM_SLOT_NONE;
  for (uint32_t i = 1; i <= OM_PEERS_MAX; i++) {
    uint32_t slot = (after + i) % OM_PEERS_MAX;
    if (!eligible(node, slot, log) || !om_sync_has_more(node, slot, log)) continue;
    if (node->peers[slot].log != log || node->logs[log].refill.size == 0) return slot;
    home = slot;
  }
  return home;
}

/* The log's home first, unless it is one of many; then whom it is followed from already, unless only another has more.
 */
static uint32_t pick_source(struct om_node *node, uint32_t log) {
  struct om_tracked *tracked = &node->logs[log];
  uint32_t home = om_node_slot_of(node, log), now = tracked->source;
  if (!om_sync_home_is_one_of_many(tracked) && home != OM_SLOT_NONE && eligible(node, home, log) &&
      om_node_row(node, home, log)->has >= tracked->size)
    return home;
  bool current = now != OM_SLOT_NONE && om_node_live(node, now);
  if (current && eligible(node, now, log) && om_sync_has_more(node, now, log)) return now;
  uint32_t other = om_sync_next_with_more(node, log, log % OM_PEERS_MAX);
  if (other != OM_SLOT_NONE) return other;
  return current && !tracked->ended ? now : OM_SLOT_NONE;
}

void om_sync_release_bulk(struct om_node *node, struct om_tracked *tracked) {
  if (!tracked->bulk) return;
  tracked->bulk = false;
  node->bulk--;
}

void om_sync_stop_source(struct om_node *node, uint32_t log) {
  struct om_tracked *tracked = &node->logs[log];
  uint32_t slot = tracked->source;
  tracked->source = OM_SLOT_NONE;
  om_sync_release_bulk(node, tracked);
  if (slot == OM_SLOT_NONE || !node->peers[slot].connected) return;
  struct om_row *row = om_node_row(node, slot, log);
  row->stop_due = true;
  row->follow_due = false;
  om_node_mark_row(node, slot, log);
}

void om_sync_start_source(struct om_node *node, uint32_t log, uint32_t slot, int64_t now_ms) {
  struct om_tracked *tracked = &node->logs[log];
  struct om_row *row = om_node_row(node, slot, log);
  tracked->source = slot;
  tracked->patient = false;
  tracked->looked = 0;
  tracked->progress_ms = now_ms;
  row->follow_due = true; /* after the stop of an earlier following, where that is still to be sent */
  row->follow_from = tracked->got;
  row->begins = true;
  row->allowance += OM_WINDOW_BYTES + OM_CHUNK_BYTES + OM_ENTRY_MAX_BYTES + OM_PROOF_COST_BYTES;
  om_node_mark_row(node, slot, log);
}

void om_sync_abandon(struct om_node *node, uint32_t log) {
  om_sync_stop_source(node, log);
  om_inbox_clear(node, &node->logs[log]);
}

bool om_sync_admit(struct om_node *node, uint32_t log, uint32_t slot) {
  struct om_tracked *tracked = &node->logs[log];
  uint64_t there = om_sync_offered(tracked, om_node_row(node, slot, log));
  bool far = there > tracked->got && there - tracked->got > OM_BULK_ENTRIES;
  if (!far || tracked->bulk || log == OM_LOG_REGISTRY) return true;
  if (node->bulk >= OM_BULK_LOGS) return false;
  tracked->bulk = true;
  node->bulk++;
  return true;
}

void om_sync_choose(struct om_node *node, uint32_t log, int64_t now_ms) {
  struct om_tracked *tracked = &node->logs[log];
  bool own = log == node->config.own_log && tracked->refill.size <= tracked->size && !tracked->ended;
  if (own || tracked->stopped || tracked->waits || tracked->holding) return;
  uint32_t slot = pick_source(node, log);
  if (slot == tracked->source && (slot == OM_SLOT_NONE || tracked->bulk)) return;
  if (slot != tracked->source) om_sync_abandon(node, log);
  tracked->starved = false;
  if (slot == OM_SLOT_NONE) return;
  if (!om_sync_admit(node, log, slot)) {
    om_sync_abandon(node, log);
    tracked->starved = true;
  } else if (tracked->source == OM_SLOT_NONE) {
    om_sync_start_source(node, log, slot, now_ms);
  }
}

void om_sync_choose_again(struct om_node *node, uint32_t log, int64_t now_ms) {
  om_sync_abandon(node, log);
  om_sync_choose(node, log, now_ms);
}

void om_sync_forget_beside(struct om_node *node, uint32_t log) {
  for (uint32_t slot = 0; slot < OM_PEERS_MAX; slot++)
    if (node->peers[slot].connected && log < node->peers[slot].n_rows) node->peers[slot].rows[log].beside = false;
}

void om_sync_refill(struct om_node *node, uint32_t log, const struct om_heard *head, int64_t now_ms) {
  struct om_tracked *tracked = &node->logs[log];
  uint64_t before = tracked->refill.size;
  tracked->refill_claimed = false;
  if (head == NULL || head->size <= tracked->size)
    om_heard_clear(&tracked->refill);
  else if (head->size != before)
    om_heard_set(&tracked->refill, head->size, head->note, head->len, OM_SLOT_NONE);
  if (tracked->refill.size == before) return;
  om_sync_forget_beside(node, log);
  if (tracked->source != OM_SLOT_NONE) om_sync_abandon(node, log); /* it proves up to what was told before */
  om_node_mark_log(node, log);
  om_sync_choose(node, log, now_ms);
}

void om_row_told(struct om_node *node, uint32_t slot, uint32_t log, uint64_t size) {
  struct om_row *row = om_node_row(node, slot, log);
  if (row != NULL) row->has = om_larger(row->has, size);
}
