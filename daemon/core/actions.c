/* What the node wants done next: queues of the logs and rows that have something to say, and the actions that come of
 * them. */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/node_state.h"

/* ---- what has something to say ---- */

void om_node_mark_log(struct om_node *node, uint32_t log) {
  struct om_tracked *tracked = &node->logs[log];
  if (tracked->dirty) return;
  tracked->dirty = true;
  tracked->next_dirty = 0;
  if (node->dirty_last == 0)
    node->dirty_first = log + 1;
  else
    node->logs[node->dirty_last - 1].next_dirty = log + 1;
  node->dirty_last = log + 1;
}

static uint32_t take_dirty_log(struct om_node *node) {
  uint32_t log = node->dirty_first - 1;
  node->dirty_first = node->logs[log].next_dirty;
  if (node->dirty_first == 0) node->dirty_last = 0;
  node->logs[log].dirty = false;
  return log;
}

void om_node_mark_row(struct om_node *node, uint32_t slot, uint32_t log) {
  struct om_peer *peer = &node->peers[slot];
  struct om_row *row = om_node_row(node, slot, log);
  if (row == NULL || row->dirty || !peer->connected) return;
  row->dirty = true;
  row->next_dirty = 0;
  if (peer->dirty_last == 0)
    peer->dirty_first = log + 1;
  else
    peer->rows[peer->dirty_last - 1].next_dirty = log + 1;
  peer->dirty_last = log + 1;
}

static uint32_t take_dirty_row(struct om_peer *peer) {
  uint32_t log = peer->dirty_first - 1;
  peer->dirty_first = peer->rows[log].next_dirty;
  if (peer->dirty_first == 0) peer->dirty_last = 0;
  peer->rows[log].dirty = false;
  return log;
}

void om_node_mark_rows(struct om_node *node, uint32_t log) {
  for (uint32_t slot = 0; slot < OM_PEERS_MAX; slot++)
    if (node->peers[slot].connected) om_node_mark_row(node, slot, log);
}

/* ---- actions ---- */

static bool small_next(struct om_node *node, struct om_action *out, uint32_t slot) {
  struct om_peer *peer = &node->peers[slot];
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Hello hello = OREMARK__HELLO__INIT;
  Oremark__Ping ping = OREMARK__PING__INIT;
  if (peer->hello_due) {
    hello.log = node->config.own_log;
    hello.version = (char *)(uintptr_t)node->config.version;
    message.what_case = OREMARK__PEER_MESSAGE__WHAT_HELLO;
    message.hello = &hello;
    peer->hello_due = false;
  } else if (peer->ping_due && peer->greeted) {
    message.what_case = OREMARK__PEER_MESSAGE__WHAT_PING;
    message.ping = &ping;
  } else {
    return false;
  }
  om_peer_encode(&out->bytes, &out->len, &message);
  return true;
}

static bool rows_next(struct om_node *node, struct om_action *out, uint32_t slot, int64_t now_ms) {
  struct om_peer *peer = &node->peers[slot];
  while (peer->dirty_first != 0) {
    uint32_t log = take_dirty_row(peer);
    if (log >= node->n_logs || !om_serve_next(node, out, slot, log, now_ms)) continue;
    om_node_mark_row(node, slot, log); /* at the end, so that one log does not keep others from being told */
    return true;
  }
  return false;
}

static bool peer_next(struct om_node *node, struct om_action *out, uint32_t slot, int64_t now_ms) {
  struct om_peer *peer = &node->peers[slot];
  if (!peer->connected) return false;
  *out = (struct om_action){.kind = OM_ACTION_SEND, .slot = slot};
  if (peer->drop_due) {
    peer->drop_due = false;
    out->kind = OM_ACTION_DROP;
    memcpy(out->reason, peer->reason, sizeof out->reason);
    return true;
  }
  if (peer->dropping || peer->queued >= OM_LINK_QUEUE_BYTES) return false;
  bool some = small_next(node, out, slot) ||
              (peer->greeted && (om_recover_next(node, out, slot) || om_quorum_next(node, out, slot) ||
                                 rows_next(node, out, slot, now_ms) || om_document_next(node, out, slot, now_ms)));
  if (!some) return false;
  peer->queued += out->len;
  peer->spoke_ms = now_ms;
  peer->ping_due = false;
  return true;
}

bool om_node_next(struct om_node *node, struct om_action *out, int64_t now_ms) {
  while (node->dirty_first != 0) {
    uint32_t log = take_dirty_log(node);
    *out = (struct om_action){.log = log};
    if (!om_sync_next(node, out, log, now_ms) && !om_witness_next(node, out, log, now_ms) &&
        !om_start_next(node, out, log) && !om_evidence_next(node, out, log))
      continue;
    om_node_mark_log(node, log);
    return true;
  }
  for (uint32_t i = 0; i < OM_PEERS_MAX; i++) {
    uint32_t slot = (node->turn + i) % OM_PEERS_MAX;
    if (!peer_next(node, out, slot, now_ms)) continue;
    node->turn = slot + 1;
    return true;
  }
  return false;
}

void om_action_free(struct om_action *action) {
  while (action->chunks != NULL) {
    struct om_inbox_chunk *next = action->chunks->next;
    om_proof_head_free(action->chunks->head);
    free(action->chunks->bytes);
    free(action->chunks);
    action->chunks = next;
  }
  free(action->bytes);
  free(action->entries);
  free(action->proven);
  *action = (struct om_action){.kind = OM_ACTION_SEND, .slot = OM_SLOT_NONE};
}
