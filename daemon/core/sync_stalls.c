/* Peers that have more of a log and bring nothing, and what is tried again as time goes by. */
#include "daemon/core/sync_parts.h"

static int64_t larger_ms(int64_t a, int64_t b) {
  return a > b ? a : b;
}

void om_sync_forget_stalls(struct om_node *node, uint32_t log) {
  for (uint32_t slot = 0; slot < OM_PEERS_MAX; slot++)
    if (node->peers[slot].connected && log < node->peers[slot].n_rows) node->peers[slot].rows[log].stalled = false;
}

/* More has been said of LOG: whoever is followed for it has the usual time to bring it. */
void om_sync_news(struct om_node *node, uint32_t log) {
  node->logs[log].patience_ms = 0;
  node->logs[log].patient = false;
}

/* All were asked, had MS each, and brought nothing. */
static void be_patient(struct om_tracked *tracked, int64_t ms) {
  int64_t twice = 2 * larger_ms(tracked->patience_ms, ms);
  tracked->patience_ms = twice < OM_STALL_MOST_MS ? twice : OM_STALL_MOST_MS;
  tracked->patient = true;
}

/* Nobody is followed: who brought what did not fit may have something else by now. */
static void ask_anew(struct om_node *node, uint32_t log, int64_t now_ms) {
  struct om_tracked *tracked = &node->logs[log];
  if (now_ms - tracked->progress_ms < larger_ms(tracked->patience_ms, OM_STALL_MS)) return;
  tracked->progress_ms = now_ms;
  om_sync_forget_stalls(node, log);
  om_sync_choose(node, log, now_ms);
  if (tracked->source != OM_SLOT_NONE) be_patient(tracked, OM_STALL_MS);
}

/* Nothing comes although somebody has more: another is asked; when all have been, each once more. */
static void check_stall(struct om_node *node, uint32_t log, int64_t now_ms) {
  struct om_tracked *tracked = &node->logs[log];
  /* A head that can't be judged yet is a reason to wait for the registry, but anybody can pass on one that never will
   * be. */
  int64_t most = tracked->unjudged.size != 0 ? OM_SILENCE_MS : OM_STALL_MS;
  if (tracked->patient) most = larger_ms(most, tracked->patience_ms);
  uint32_t slot = tracked->source;
  if (slot == OM_SLOT_NONE) ask_anew(node, log, now_ms);
  bool retries = tracked->retry_ms != 0 && tracked->inbox.first != NULL; /* else it is something else that is tried */
  if (slot == OM_SLOT_NONE || tracked->applying || tracked->waits || tracked->holding || retries ||
      om_sync_may_apply(tracked) || now_ms - tracked->progress_ms < most)
    return;
  tracked->progress_ms = now_ms;
  if (!om_sync_has_more(node, slot, log) && om_sync_next_with_more(node, log, slot) == OM_SLOT_NONE) return;
  om_node_row(node, slot, log)->stalled = true;
  uint32_t next = om_sync_next_with_more(node, log, slot);
  bool again = next == OM_SLOT_NONE;
  if (again) {
    om_sync_forget_stalls(node, log);
    next = om_sync_next_with_more(node, log, slot);
  }
  om_sync_abandon(node, log);
  if (next != OM_SLOT_NONE && om_sync_admit(node, log, next))
    om_sync_start_source(node, log, next, now_ms);
  else
    tracked->starved = true;
  if (again) be_patient(tracked, most);
}

static void tick_log(struct om_node *node, uint32_t log, int64_t now_ms) {
  struct om_tracked *tracked = &node->logs[log];
  if (tracked->have_later) om_node_mark_rows(node, log);
  tracked->have_later = false;
  bool retries = tracked->retry_ms != 0 && now_ms >= tracked->retry_ms;
  if (retries || (om_sync_may_apply(tracked) && !om_sync_gathers(tracked, now_ms))) om_node_mark_log(node, log);
  check_stall(node, log, now_ms);
  if (tracked->starved && node->inbox_cost < OM_INBOX_BYTES / 2) om_sync_choose(node, log, now_ms);
}

void om_sync_tick(struct om_node *node, int64_t now_ms) {
  for (uint32_t log = 0; log < node->n_logs; log++) tick_log(node, log, now_ms);
}
