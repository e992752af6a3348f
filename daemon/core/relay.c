/* Passing on, one hop far, between a log's home and those of its witnesses that it has no link to: its proposals and
 * its question at a start to them, their answers to it. Nothing is checked here that the one who gets it checks, but
 * who says it: a home for its own log, a witness for itself. What waits for room on a link is a row's parcels, of which
 * there are no more than one of each kind and witness. */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/node_state.h"

bool om_relay_may(struct om_node *node, uint32_t slot) {
  struct om_peer *peer = &node->peers[slot];
  if (peer->relays >= OM_RELAYS_MAX) return false;
  peer->relays++;
  return true;
}

/* ---- parcels ---- */

static bool sender_stands(const struct om_node *node, const struct om_parcel *parcel) {
  const struct om_peer *from = &node->peers[parcel->from];
  return from->connected && from->link == parcel->from_link;
}

/* Takes *AT out of its list. */
static struct om_parcel *take(struct om_node *node, struct om_parcel **at) {
  struct om_parcel *parcel = *at;
  *at = parcel->next;
  if (sender_stands(node, parcel)) node->peers[parcel->from].relay_bytes -= parcel->len + sizeof *parcel;
  return parcel;
}

static void remove_parcel(struct om_node *node, struct om_parcel **at) {
  struct om_parcel *parcel = take(node, at);
  free(parcel->bytes);
  free(parcel);
}

static void remove_older(struct om_node *node, struct om_row *row, Oremark__PeerMessage__WhatCase what,
                         uint32_t witness) {
  for (struct om_parcel **at = &row->parcels; *at != NULL; at = &(*at)->next) {
    if ((*at)->what != what || (*at)->witness != witness) continue;
    remove_parcel(node, at);
    return;
  }
}

/* MESSAGE, about LOG, from the peer in FROM to that in TO. */
static void put(struct om_node *node, uint32_t to, uint32_t log, uint32_t from, uint32_t witness,
                const Oremark__PeerMessage *message) {
  struct om_row *row = om_node_row(node, to, log);
  struct om_peer *sender = &node->peers[from];
  remove_older(node, row, message->what_case, witness);
  struct om_parcel *parcel = om_node_alloc(1, sizeof *parcel);
  *parcel = (struct om_parcel){.next = NULL, .what = message->what_case, .witness = witness, .from = from};
  parcel->from_link = sender->link;
  om_peer_encode(&parcel->bytes, &parcel->len, message);
  sender->relay_bytes += parcel->len + sizeof *parcel;
  struct om_parcel **end = &row->parcels;
  while (*end != NULL) end = &(*end)->next;
  *end = parcel;
  if (sender->relay_bytes > OM_RELAY_PEER_BYTES)
    remove_parcel(node, end);
  else
    om_node_mark_row(node, to, log);
}

bool om_relay_next(struct om_node *node, struct om_action *out, uint32_t slot, uint32_t log) {
  struct om_row *row = om_node_row(node, slot, log);
  while (row->parcels != NULL) {
    bool stands = sender_stands(node, row->parcels); /* else it may belong to a former life of its daemon */
    struct om_parcel *parcel = take(node, &row->parcels);
    if (stands) {
      out->bytes = parcel->bytes;
      out->len = parcel->len;
      free(parcel);
      return true;
    }
    free(parcel->bytes);
    free(parcel);
  }
  return false;
}

void om_relay_lost(struct om_node *node, uint32_t slot) {
  struct om_peer *peer = &node->peers[slot];
  for (uint32_t log = 0; log < peer->n_rows; log++) {
    struct om_row *row = &peer->rows[log];
    while (row->parcels != NULL) remove_parcel(node, &row->parcels);
    if (row->proposals != NULL) om_witness_done(node, slot, log, UINT64_MAX);
  }
}

/* ---- from a home ---- */

/* Where the witness TO of LOG is reached; OM_SLOT_NONE: it is none here, or is not. */
static uint32_t way_to(struct om_node *node, uint32_t from, uint32_t log, uint32_t to) {
  if (to == node->config.own_log || !om_node_is_witness(node, log, to)) return OM_SLOT_NONE;
  uint32_t slot = om_node_slot_of(node, to);
  return slot != OM_SLOT_NONE && om_relay_may(node, from) ? slot : OM_SLOT_NONE;
}

static enum om_code too_many(size_t n, struct om_status *st) {
  return n <= OM_GATHERED_MAX ? OM_OK
                              : om_fail(st, OM_MALFORMED, "peer-to", "it is to be passed on to %zu witnesses", n);
}

enum om_code om_relay_propose(struct om_node *node, uint32_t slot, const Oremark__Propose *propose,
                              struct om_status *st) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Propose copy = OREMARK__PROPOSE__INIT;
  if (too_many(propose->n_to, st) != OM_OK) return st->code;
  copy.log = propose->log;
  copy.checkpoint = propose->checkpoint;
  copy.start = propose->start;
  copy.signature = propose->signature;
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_PROPOSE;
  message.propose = &copy;
  for (size_t i = 0; i < propose->n_to; i++) {
    uint32_t to = way_to(node, slot, propose->log, propose->to[i]);
    if (to == OM_SLOT_NONE) continue;
    om_node_row(node, to, propose->log)->may_tell = true;
    put(node, to, propose->log, slot, OM_LOG_NONE, &message);
  }
  return OM_OK;
}

enum om_code om_relay_ask(struct om_node *node, uint32_t slot, const Oremark__Ask *ask, struct om_status *st) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Ask copy = OREMARK__ASK__INIT;
  if (too_many(ask->n_to, st) != OM_OK) return st->code;
  copy.log = ask->log;
  copy.start = ask->start;
  copy.signature = ask->signature;
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_ASK;
  message.ask = &copy;
  for (size_t i = 0; i < ask->n_to; i++) {
    uint32_t to = way_to(node, slot, ask->log, ask->to[i]);
    if (to == OM_SLOT_NONE) continue;
    om_node_row(node, to, ask->log)->may_tell = true;
    put(node, to, ask->log, slot, OM_LOG_NONE, &message);
  }
  return OM_OK;
}

/* ---- from a witness ---- */

/* Where the home of LOG is reached, if the peer in FROM may answer it; else OM_SLOT_NONE. */
static uint32_t way_home(struct om_node *node, uint32_t from, uint32_t log, uint32_t witness) {
  if (log >= node->n_logs || node->peers[from].log != witness || !om_node_is_witness(node, log, witness))
    return OM_SLOT_NONE;
  uint32_t home = om_node_slot_of(node, log);
  return home != OM_SLOT_NONE && home != from && om_relay_may(node, from) ? home : OM_SLOT_NONE;
}

void om_relay_cosigned(struct om_node *node, uint32_t slot, const struct om_peer_cosigned *in) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Cosigned copy = OREMARK__COSIGNED__INIT;
  uint32_t home = way_home(node, slot, in->log, in->witness);
  if (home == OM_SLOT_NONE) return;
  copy.log = in->log;
  copy.size = in->size;
  copy.witness = in->witness;
  copy.line = (ProtobufCBinaryData){in->len, (uint8_t *)(uintptr_t)in->line};
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_COSIGNED;
  message.cosigned = &copy;
  put(node, home, in->log, slot, in->witness, &message);
}

enum om_code om_relay_told(struct om_node *node, uint32_t slot, const Oremark__Told *told, struct om_status *st) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Told copy = *told;
  const struct om_row *row = told->log < node->n_logs ? om_node_row(node, slot, told->log) : NULL;
  if (row == NULL || !row->may_tell)
    return om_fail(st, OM_MALFORMED, "peer-told", "it tells of log %u, which it was not asked for", told->log);
  uint32_t home = way_home(node, slot, told->log, told->witness);
  if (home == OM_SLOT_NONE) return OM_OK;
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_TOLD;
  message.told = &copy;
  put(node, home, told->log, slot, told->witness, &message);
  return OM_OK;
}

/* ---- at home ---- */

void om_relay_unlinked(const struct om_node *node, struct om_unlinked *out, uint32_t log) {
  const struct om_tracked *tracked = &node->logs[log];
  bool linked[OM_QUORUM_LISTS * OM_WITNESSES_MAX] = {false};
  for (uint32_t slot = 0; slot < OM_PEERS_MAX; slot++)
    for (size_t i = 0; i < tracked->n_witnesses && om_node_live(node, slot); i++)
      linked[i] |= tracked->witnesses[i] == node->peers[slot].log;
  out->n = 0;
  for (size_t i = 0; i < tracked->n_witnesses; i++)
    if (!linked[i]) out->logs[out->n++] = tracked->witnesses[i];
}

void om_again_begin(struct om_again *again, int64_t now_ms) {
  *again = (struct om_again){now_ms + OM_RELAY_FIRST_MS, OM_RELAY_FIRST_MS, 0};
}

bool om_again_due(struct om_again *again, int64_t now_ms) {
  if (now_ms < again->at_ms) return false;
  again->wait_ms = again->wait_ms < OM_RELAY_LONGEST_MS / 2 ? again->wait_ms * 2 : OM_RELAY_LONGEST_MS;
  again->at_ms = now_ms + again->wait_ms;
  again->round++;
  return true;
}
