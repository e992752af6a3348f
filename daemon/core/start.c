/* Which life of a daemon a message belongs to. A start is named by its time first, and the witnesses remember the
 * latest that they were asked in: of an earlier one nothing is cosigned. Where a clock was set back, a new start looks
 * like an old one: then a witness says what it remembers, and the daemon goes on with a start that is later still.
 * A witness makes a start durable before it answers in it: else, started anew itself, it would cosign what a relay has
 * kept of a former life, while the home, which it has told otherwise, goes on beside that (tests/model/recover.pml). */
#include <string.h>

#include "daemon/core/node_state.h"

bool om_start_past(const struct om_tracked *tracked, const ProtobufCBinaryData *start) {
  if (!tracked->started) return false;
  return start->len != OM_START_BYTES || om_get64(start->data) < om_get64(tracked->start);
}

void om_start_note(struct om_node *node, uint32_t log, const ProtobufCBinaryData *start) {
  struct om_tracked *tracked = &node->logs[log];
  if (start->len != OM_START_BYTES) return;
  if (tracked->started && memcmp(tracked->start, start->data, OM_START_BYTES) == 0) return;
  memcpy(tracked->start, start->data, OM_START_BYTES);
  tracked->started = true;
  tracked->started_ms = node->now_ms;
  tracked->start_due = node->config.started != NULL;
  om_node_mark_log(node, log);
  om_witness_forget(node, log);
}

void om_start_load(struct om_node *node, uint32_t log) {
  struct om_tracked *tracked = &node->logs[log];
  tracked->started = node->config.started != NULL && node->config.started(node->config.ctx, tracked->start, log);
  tracked->started_ms = node->now_ms;
}

bool om_start_next(struct om_node *node, struct om_action *out, uint32_t log) {
  struct om_tracked *tracked = &node->logs[log];
  if (!tracked->start_due || tracked->start_out || tracked->retry_ms != 0) return false;
  out->kind = OM_ACTION_START;
  out->len = OM_START_BYTES;
  out->bytes = om_node_alloc(1, OM_START_BYTES);
  memcpy(out->bytes, tracked->start, OM_START_BYTES);
  tracked->start_due = false;
  tracked->start_out = true;
  return true;
}

void om_node_start_kept(struct om_node *node, struct om_action *action, enum om_code code, int64_t now_ms) {
  OM_ASSERT(action->kind == OM_ACTION_START && action->log < node->n_logs);
  uint32_t log = action->log;
  struct om_tracked *tracked = &node->logs[log];
  OM_ASSERT(tracked->start_out);
  tracked->start_out = false;
  if (code != OM_OK) {
    tracked->start_due = true;
    tracked->retry_ms = now_ms + OM_RETRY_MS;
  }
  om_action_free(action);
  om_node_mark_log(node, log);
  om_recover_tell_again(node, log);
}

void om_start_asked(struct om_node *node, uint32_t log, const ProtobufCBinaryData *start) {
  if (!om_start_past(&node->logs[log], start)) om_start_note(node, log, start);
}

void om_start_tell(struct om_node *node, uint32_t slot, uint32_t log) {
  struct om_peer *peer = &node->peers[slot];
  if (peer->log == log) {
    peer->told_due = true;
    peer->asks_for = log;
  } else if (node->config.sign != NULL && om_relay_may(node, slot)) {
    om_node_row(node, slot, log)->told_due = true;
    om_node_mark_row(node, slot, log);
  }
}

/* Once for each witness: what it remembers after that is this start, or it makes starts up and would go on so. */
static bool may_move(struct om_node *node, uint32_t witness) {
  for (size_t i = 0; i < node->n_movers; i++)
    if (node->movers[i] == witness) return false;
  if (node->n_movers == OM_GATHERED_MAX) return false;
  node->movers[node->n_movers++] = witness;
  return true;
}

bool om_start_heard(struct om_node *node, uint32_t witness, const ProtobufCBinaryData *start) {
  uint8_t *own = node->config.start;
  if (start->len != OM_START_BYTES) return false;
  if (memcmp(start->data, own, OM_START_BYTES) == 0) return true;
  uint64_t theirs = om_get64(start->data);
  if (theirs < om_get64(own) || theirs - node->began >= OM_START_AHEAD_MS || !may_move(node, witness)) return false;
  om_be64(own, theirs + 1);
  om_recover_again(node);
  om_quorum_again(node);
  return false;
}
