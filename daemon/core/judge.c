/* How much checking of signatures a peer may cause: what it sends and no quorum stands behind costs it a share of its
 * allowance, which comes back with time. */
#include "daemon/core/node_state.h"

bool om_judge_may(struct om_node *node, uint32_t slot) {
  struct om_peer *peer = &node->peers[slot];
  bool may = peer->judged_ms - node->now_ms <= (int64_t)(OM_JUDGE_BURST - 1) * OM_JUDGE_MS;
  peer->short_of_judging = peer->short_of_judging || !may;
  return may;
}

bool om_judge_spend(struct om_node *node, uint32_t slot) {
  struct om_peer *peer = &node->peers[slot];
  if (!om_judge_may(node, slot)) return false;
  if (peer->judged_ms < node->now_ms) peer->judged_ms = node->now_ms;
  peer->judged_ms += OM_JUDGE_MS;
  return true;
}

void om_judge_tick(struct om_node *node, uint32_t slot) {
  struct om_peer *peer = &node->peers[slot];
  if (!peer->short_of_judging) return;
  peer->short_of_judging = false;
  if (!om_judge_may(node, slot)) return;
  for (uint32_t log = 0; log < peer->n_rows && log < node->n_logs; log++)
    if (peer->rows[log].show_again) om_node_mark_row(node, slot, log);
}
