/* A log that an invalid entry has stopped. It is followed from nobody, and final heads are told to followers only: so
 * whoever says that more of it is final than is held here is asked for its heads and no entries, as one of them may
 * show that a quorum has signed another entry in the place of that one (ledger/yield.c). The log's own daemon is not
 * asked: what it says is known. */
#include "daemon/core/node_state.h"

static void ask(struct om_node *node, uint32_t slot, uint32_t log) {
  const struct om_tracked *tracked = &node->logs[log];
  struct om_row *row = om_node_row(node, slot, log);
  if (row->heads_only || node->peers[slot].log == log || row->has_final <= tracked->size) return;
  row->heads_only = row->follow_due = true;
  row->follow_from = tracked->size;
  om_node_mark_row(node, slot, log);
}

static void leave(struct om_node *node, uint32_t slot, uint32_t log) {
  struct om_row *row = om_node_row(node, slot, log);
  if (!row->heads_only) return;
  row->heads_only = row->follow_due = false;
  row->stop_due = true;
  om_node_mark_row(node, slot, log);
}

void om_stopped_look(struct om_node *node, uint32_t slot, uint32_t log) {
  const struct om_tracked *tracked = &node->logs[log];
  if (!om_node_live(node, slot)) return;
  if (tracked->stopped && !tracked->claimed && !tracked->ended)
    ask(node, slot, log);
  else
    leave(node, slot, log);
}

void om_stopped_look_all(struct om_node *node, uint32_t log) {
  for (uint32_t slot = 0; slot < OM_PEERS_MAX; slot++) om_stopped_look(node, slot, log);
}
