/* How much checking of signatures a peer may cause: what it sends and no quorum stands behind costs it a share of its
 * allowance, which comes back with time; what it proposes, where the ledger refuses it. */
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

/* The logs take turns, so that heads of one that can't be judged don't keep those of others waiting. */
static void judge_heads(struct om_node *node, uint32_t slot) {
  struct om_peer *peer = &node->peers[slot];
  uint32_t n = peer->n_rows < node->n_logs ? peer->n_rows : node->n_logs;
  for (uint32_t i = 0; i < n && !peer->dropping; i++) {
    uint32_t log = (peer->judge_turn + i) % n;
    if (peer->rows[log].unjudged.size == 0) continue;
    if (!om_judge_may(node, slot)) {
      peer->judge_turn = log;
      return;
    }
    om_heads_judge_row(node, slot, log);
  }
}

void om_judge_tick(struct om_node *node, uint32_t slot) {
  struct om_peer *peer = &node->peers[slot];
  if (!peer->short_of_judging) return;
  peer->short_of_judging = false;
  if (!om_judge_may(node, slot)) return;
  judge_heads(node, slot);
  if (peer->log < node->n_logs) om_node_mark_log(node, peer->log); /* what it has proposed */
  for (uint32_t log = 0; log < peer->n_rows && log < node->n_logs; log++)
    if (peer->rows[log].show_again) om_node_mark_row(node, slot, log);
}
