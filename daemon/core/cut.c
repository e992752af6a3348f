/* A log has become shorter: the ledger has taken out what lost against a quorum. Whatever was known of the entries that
 * are gone is forgotten, peers are told anew what is held, and the log is followed again from where it ends. */
#include <stdlib.h>

#include "daemon/core/node_state.h"

/* What PEER has been told of LOG or sent of it is not so any more. What it follows from behind the cut it will ask for
 * again, of whoever has it. */
static void cut_row(struct om_row *row, uint64_t size) {
  if (row->told > size && (!row->cut_due || size < row->cut_size)) {
    row->cut_due = true;
    row->cut_size = size;
  }
  row->told_any = false;
  row->told = row->told_final = 0;
  row->cosigned_due = false;
  if (row->serve == NULL) return;
  row->serve->recorded = 0;
  if (row->serve->head > size) row->serve->head = 0; /* the next of that size has another root */
  if (row->serve->next <= size) return;
  free(row->serve);
  row->serve = NULL;
}

void om_node_log_cut(struct om_node *node, uint32_t log, uint64_t size, int64_t now_ms) {
  if (log >= node->n_logs) return;
  struct om_tracked *tracked = &node->logs[log];
  tracked->size = size;
  if (tracked->provable.size > size) om_heard_clear(&tracked->provable);
  if (tracked->final.size > size) om_heard_clear(&tracked->final);
  om_witness_cut(tracked);
  for (uint32_t slot = 0; slot < OM_PEERS_MAX; slot++)
    if (node->peers[slot].connected && log < node->peers[slot].n_rows) cut_row(&node->peers[slot].rows[log], size);
  if (log == node->config.own_log) {
    if (node->head.size > size) om_heard_clear(&node->head);
    om_quorum_refused(node, now_ms);
  }
  om_node_mark_rows(node, log);
  om_sync_cut(node, log, now_ms);
}
