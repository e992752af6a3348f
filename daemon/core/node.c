#include "daemon/core/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/node_state.h"
#include "keys/utf8.h"

enum { PROPOSE_TIMEOUT_MS = 2000 }; /* two round trips over a bad satellite link, and a commit */

void *om_node_alloc(size_t n, size_t size) {
  void *out = calloc(n == 0 ? 1 : n, size);
  OM_ASSERT(out != NULL);
  return out;
}

static void *grow(void *old, size_t from, size_t to, size_t size) {
  char *out = realloc(old, to * size);
  OM_ASSERT(out != NULL);
  memset(out + from * size, 0, (to - from) * size);
  return out;
}

struct om_row *om_node_row(struct om_node *node, uint32_t slot, uint32_t log) {
  struct om_peer *peer = &node->peers[slot];
  if (log >= OM_LOGS_MAX || log >= node->n_logs + OM_LOGS_AHEAD) return NULL;
  if (log >= peer->n_rows) {
    uint32_t n = log < node->n_logs ? node->n_logs : log + 1;
    peer->rows = grow(peer->rows, peer->n_rows, n, sizeof *peer->rows);
    peer->n_rows = n;
  }
  return &peer->rows[log];
}

bool om_node_live(const struct om_node *node, uint32_t slot) {
  if (slot >= OM_PEERS_MAX) return false;
  const struct om_peer *peer = &node->peers[slot];
  return peer->connected && peer->greeted && !peer->dropping;
}

uint32_t om_node_slot_of(const struct om_node *node, uint32_t log) {
  for (uint32_t slot = 0; slot < OM_PEERS_MAX; slot++)
    if (om_node_live(node, slot) && node->peers[slot].log == log) return slot;
  return OM_SLOT_NONE;
}

bool om_node_is_witness(const struct om_node *node, uint32_t log, uint32_t witness) {
  const struct om_tracked *tracked = &node->logs[log];
  for (size_t i = 0; i < tracked->n_witnesses; i++)
    if (tracked->witnesses[i] == witness) return true;
  return false;
}

void om_node_drop(struct om_node *node, uint32_t slot, const char *reason) {
  if (slot >= OM_PEERS_MAX || !node->peers[slot].connected || node->peers[slot].dropping) return;
  struct om_peer *peer = &node->peers[slot];
  peer->dropping = true;
  peer->drop_due = true;
  snprintf(peer->reason, sizeof peer->reason, "%s", reason);
}

/* ---- birth and end ---- */

struct om_node *om_node_new(const struct om_node_config *config) {
  struct om_node *node = om_node_alloc(1, sizeof *node);
  node->config = *config;
  node->began = om_get64(config->start);
  if (node->config.propose_timeout_ms == 0) node->config.propose_timeout_ms = PROPOSE_TIMEOUT_MS;
  return node;
}

static void free_peer(struct om_node *node, uint32_t slot) {
  struct om_peer *peer = &node->peers[slot];
  om_relay_lost(node, slot);
  for (uint32_t log = 0; log < peer->n_rows; log++) {
    free(peer->rows[log].serve);
    om_heard_clear(&peer->rows[log].unjudged);
    om_proof_head_free(peer->rows[log].head);
  }
  free(peer->rows);
  *peer = (struct om_peer){.connected = false};
}

void om_node_free(struct om_node *node) {
  if (node == NULL) return;
  for (uint32_t slot = 0; slot < OM_PEERS_MAX; slot++) free_peer(node, slot);
  for (uint32_t log = 0; log < node->n_logs; log++) {
    struct om_tracked *tracked = &node->logs[log];
    om_sync_free(tracked);
    om_heard_clear(&tracked->final);
    om_heard_clear(&tracked->provable);
    om_pair_clear(&tracked->proposals);
    om_evidence_free(tracked);
    free(tracked->witnesses);
  }
  free(node->logs);
  om_quorum_free(node);
  om_recover_free(node);
  om_document_free(node);
  free(node);
}

/* ---- what the ledger holds ---- */

void om_node_logs(struct om_node *node, uint32_t n_logs) {
  if (n_logs > OM_LOGS_MAX) n_logs = OM_LOGS_MAX;
  if (n_logs <= node->n_logs) return;
  uint32_t old = node->n_logs;
  node->logs = grow(node->logs, old, n_logs, sizeof *node->logs);
  node->n_logs = n_logs;
  for (uint32_t log = old; log < n_logs; log++) {
    node->logs[log].source = OM_SLOT_NONE;
    om_start_load(node, log);
    om_node_mark_rows(node, log);
    om_sync_choose(node, log, node->now_ms);
  }
}

void om_node_own_log(struct om_node *node, uint32_t own_log) {
  OM_ASSERT(node->config.own_log == OM_LOG_NONE || node->config.own_log == own_log);
  node->config.own_log = own_log;
}

void om_node_quorum(struct om_node *node, uint32_t log, const struct om_quorum *quorum, int64_t now_ms) {
  if (log >= node->n_logs) return;
  struct om_tracked *tracked = &node->logs[log];
  size_t most = 0;
  for (size_t list = 0; list < quorum->n_lists; list++) most += quorum->lists[list].n;
  OM_ASSERT(most <= (size_t)OM_QUORUM_LISTS * OM_WITNESSES_MAX);
  free(tracked->witnesses);
  tracked->witnesses = om_node_alloc(most, sizeof *tracked->witnesses);
  tracked->n_witnesses = 0;
  for (size_t list = 0; list < quorum->n_lists; list++) {
    for (size_t i = 0; i < quorum->lists[list].n; i++) {
      uint32_t witness = quorum->lists[list].daemons[i].log;
      if (!om_node_is_witness(node, log, witness)) tracked->witnesses[tracked->n_witnesses++] = witness;
    }
  }
  tracked->asked = node->config.own_log != OM_LOG_NONE && om_node_is_witness(node, log, node->config.own_log);
  if (log == node->config.own_log) {
    node->quorum = *quorum;
    om_recover_quorum(node, now_ms);
    om_quorum_advance(node, now_ms);
  }
  om_evidence_quorum(node, log);
  om_node_mark_log(node, log);
  om_node_mark_rows(node, log);
  om_sync_choose(node, log, now_ms);
}

void om_node_log_changed(struct om_node *node, uint32_t log, uint64_t size, bool stopped, int64_t now_ms) {
  if (log >= node->n_logs) return;
  struct om_tracked *tracked = &node->logs[log];
  bool grown = size > tracked->size, lifted = tracked->stopped && !stopped;
  tracked->stopped = stopped;
  if (grown) tracked->size = size;
  if (lifted) om_stopped_look_all(node, log);
  if (grown || stopped) om_sync_grown(node, log, now_ms);
  if (grown && log == node->config.own_log) om_recover_advance(node, now_ms);
  if (lifted) om_sync_choose(node, log, now_ms);
}

void om_node_log_ended(struct om_node *node, uint32_t log, uint64_t end, int64_t now_ms) {
  if (log >= node->n_logs) return;
  om_sync_end(node, log, end, now_ms);
  om_node_mark_log(node, log);
  om_node_mark_rows(node, log);
}

void om_node_own_head(struct om_node *node, uint64_t size, const uint8_t *note, size_t len, int64_t now_ms) {
  OM_ASSERT(len <= OM_HEAD_MAX_BYTES);
  if (size <= node->head.size) return;
  om_heard_set(&node->head, size, note, len, OM_SLOT_NONE);
  om_quorum_advance(node, now_ms);
}

void om_node_final(struct om_node *node, uint32_t log, uint64_t size, const uint8_t *note, size_t len, int64_t now_ms) {
  OM_ASSERT(len <= OM_HEAD_MAX_BYTES);
  if (log >= node->n_logs || size <= node->logs[log].final.size) return;
  struct om_tracked *tracked = &node->logs[log];
  om_heard_set(&tracked->final, size, note, len, OM_SLOT_NONE);
  om_pair_done(&tracked->claims, size);
  if (tracked->unjudged.size <= size) om_heard_clear(&tracked->unjudged);
  om_node_mark_log(node, log);
  om_node_mark_rows(node, log);
  if (log == node->config.own_log) om_quorum_advance(node, now_ms);
  om_sync_choose(node, log, now_ms);
}

void om_node_stated(struct om_node *node, uint32_t log, uint64_t by, int64_t now_ms) {
  if (log >= node->n_logs || by == node->logs[log].stated) return;
  node->logs[log].stated = by;
  om_recover_stated(node, log, now_ms);
}

void om_node_provable(struct om_node *node, uint32_t log, uint64_t size, const uint8_t *note, size_t len,
                      int64_t now_ms) {
  OM_ASSERT(len <= OM_BARE_HEAD_MAX_BYTES);
  if (log >= node->n_logs) return;
  node->logs[log].provable_ms = now_ms;
  node->logs[log].unsettled = false;
  om_heard_set(&node->logs[log].provable, size, note, len, OM_SLOT_NONE);
  om_node_mark_rows(node, log);
}

/* ---- links ---- */

void om_node_connected(struct om_node *node, uint32_t slot, uint32_t remote_log, int64_t now_ms) {
  OM_ASSERT(slot < OM_PEERS_MAX && !node->peers[slot].connected);
  node->peers[slot] = (struct om_peer){.connected = true,
                                       .hello_due = true,
                                       .log = remote_log,
                                       .link = ++node->links,
                                       .since_ms = now_ms,
                                       .heard_ms = now_ms,
                                       .spoke_ms = now_ms};
}

/* All that a peer should be told at first, and may be asked for. */
static void greet(struct om_node *node, uint32_t slot, int64_t now_ms) {
  for (uint32_t log = 0; log < node->n_logs; log++) {
    om_node_mark_row(node, slot, log);
    om_sync_choose(node, log, now_ms);
  }
}

void om_node_disconnected(struct om_node *node, uint32_t slot, int64_t now_ms) {
  OM_ASSERT(slot < OM_PEERS_MAX);
  struct om_peer *peer = &node->peers[slot];
  if (!peer->connected) return;
  uint32_t log = peer->log;
  free_peer(node, slot);
  if (log < node->n_logs) om_pair_clear(&node->logs[log].proposals); /* it proposes again when it is back */
  om_sync_lost(node, slot, now_ms);
  om_evidence_lost(node, slot);
  om_document_lost(node, slot);
}

static enum om_code take_hello(struct om_node *node, uint32_t slot, const Oremark__Hello *hello, int64_t now_ms,
                               struct om_status *st) {
  struct om_peer *peer = &node->peers[slot];
  size_t len = strlen(hello->version);
  if (peer->greeted) return om_fail(st, OM_MALFORMED, "peer-hello", "a second Hello");
  if (peer->log != OM_LOG_NONE && hello->log != OM_LOG_NONE && hello->log != peer->log)
    return om_fail(st, OM_MALFORMED, "peer-hello", "it says that it writes log %u; its link key is that of log %u",
                   hello->log, peer->log);
  if (len >= sizeof peer->version || !om_text_ok(hello->version, len))
    return om_fail(st, OM_MALFORMED, "peer-hello", "a version that is not a short text");
  memcpy(peer->version, hello->version, len + 1);
  peer->greeted = true;
  greet(node, slot, now_ms);
  return OM_OK;
}

static enum om_code take_small(struct om_node *node, uint32_t slot, const Oremark__PeerMessage *message, int64_t now_ms,
                               struct om_status *st) {
  switch (message->what_case) {
    case OREMARK__PEER_MESSAGE__WHAT_HELLO: return take_hello(node, slot, message->hello, now_ms, st);
    case OREMARK__PEER_MESSAGE__WHAT_HAVE:
      if (message->have->final_size > message->have->size)
        return om_fail(st, OM_MALFORMED, "peer-have", "more final entries than entries");
      om_sync_have(node, slot, message->have->log, message->have->size, message->have->final_size, now_ms);
      om_met_have(node, slot, message->have);
      return OM_OK;
    case OREMARK__PEER_MESSAGE__WHAT_FOLLOW: om_serve_follow(node, slot, message->follow); return OM_OK;
    case OREMARK__PEER_MESSAGE__WHAT_HEAD:
      return om_sync_head(node, slot, message->head->log, message->head->checkpoint.data, message->head->checkpoint.len,
                          now_ms, st);
    case OREMARK__PEER_MESSAGE__WHAT_PROPOSE: return om_witness_propose(node, slot, message->propose, st);
    case OREMARK__PEER_MESSAGE__WHAT_COSIGNED: {
      const Oremark__Cosigned *in = message->cosigned;
      struct om_peer_cosigned cosigned = {in->log, in->size, in->witness, (const char *)in->line.data, in->line.len};
      return om_quorum_cosigned(node, slot, &cosigned, now_ms, st);
    }
    case OREMARK__PEER_MESSAGE__WHAT_ASK: return om_recover_asked(node, slot, message->ask, st);
    case OREMARK__PEER_MESSAGE__WHAT_TOLD: return om_recover_told(node, slot, message->told, now_ms, st);
    case OREMARK__PEER_MESSAGE__WHAT_SHOWN: return om_evidence_shown(node, slot, message->shown, st);
    case OREMARK__PEER_MESSAGE__WHAT_WANT_DOCUMENT: return om_document_wanted(node, slot, message->want_document, st);
    case OREMARK__PEER_MESSAGE__WHAT_DOCUMENT_BYTES:
      return om_document_brought(node, slot, message->document_bytes, now_ms, st);
    case OREMARK__PEER_MESSAGE__WHAT_ENTRIES: /* om_peer_decode lets none through */
    case OREMARK__PEER_MESSAGE__WHAT_PING:
    case OREMARK__PEER_MESSAGE__WHAT__NOT_SET: /* of a later version */
    case _OREMARK__PEER_MESSAGE__WHAT__CASE_IS_INT_SIZE: return OM_OK;
  }
  return OM_OK;
}

enum om_code om_node_message(struct om_node *node, uint32_t slot, const uint8_t *bytes, size_t len, int64_t now_ms,
                             struct om_status *st) {
  OM_ASSERT(slot < OM_PEERS_MAX);
  struct om_peer *peer = &node->peers[slot];
  if (!peer->connected || peer->dropping) return OM_OK;
  node->now_ms = now_ms;
  struct om_peer_message message;
  enum om_code code = om_peer_decode(&message, bytes, len, st);
  if (code == OM_OK) {
    peer->heard_ms = now_ms;
    bool hello = message.small != NULL && message.small->what_case == OREMARK__PEER_MESSAGE__WHAT_HELLO;
    if (!peer->greeted && !hello)
      code = om_fail(st, OM_MALFORMED, "peer-hello", "something else before its Hello");
    else if (message.small == NULL)
      code = om_sync_entries(node, slot, &message.entries, now_ms, st);
    else
      code = take_small(node, slot, message.small, now_ms, st);
    om_peer_message_free(&message);
  }
  if (code != OM_OK) peer->dropping = true;
  return code;
}

void om_node_sent(struct om_node *node, uint32_t slot, size_t len, int64_t now_ms) {
  OM_ASSERT(slot < OM_PEERS_MAX);
  (void)now_ms;
  struct om_peer *peer = &node->peers[slot];
  peer->queued -= len < peer->queued ? len : peer->queued;
}

static void tick_peer(struct om_node *node, uint32_t slot, int64_t now_ms) {
  struct om_peer *peer = &node->peers[slot];
  peer->relays = 0;
  if (!peer->connected || peer->dropping) return;
  if (!peer->greeted && now_ms - peer->since_ms >= OM_HELLO_MS) om_node_drop(node, slot, "it sent no Hello");
  if (now_ms - peer->heard_ms >= OM_SILENCE_MS) om_node_drop(node, slot, "nothing was heard of it for a minute");
  if (now_ms - peer->spoke_ms >= OM_PING_MS) peer->ping_due = true;
  om_judge_tick(node, slot);
}

void om_node_tick(struct om_node *node, int64_t now_ms) {
  node->now_ms = now_ms;
  for (uint32_t slot = 0; slot < OM_PEERS_MAX; slot++) tick_peer(node, slot, now_ms);
  om_serve_tick(node, now_ms);
  om_sync_tick(node, now_ms);
  om_met_tick(node, now_ms);
  om_recover_tick(node, now_ms);
  om_document_tick(node, now_ms);
  om_quorum_advance(node, now_ms);
}

/* ---- for status and metrics ---- */

void om_node_peer(const struct om_node *node, struct om_node_peer *out, uint32_t slot) {
  OM_ASSERT(slot < OM_PEERS_MAX);
  const struct om_peer *peer = &node->peers[slot];
  *out = (struct om_node_peer){peer->connected, peer->greeted, peer->log, "", peer->queued, 0, 0};
  memcpy(out->version, peer->version, sizeof out->version);
  for (uint32_t log = 0; log < peer->n_rows; log++) {
    if (log < node->n_logs && node->logs[log].source == slot) out->following++;
    if (peer->rows[log].serve != NULL) out->serving++;
  }
}

size_t om_node_inbox_bytes(const struct om_node *node) {
  return node->inbox_cost;
}
