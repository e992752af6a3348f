/* Documents between daemons: fetched when somebody here asks for one, of one peer after the other, part by part; and
 * given to peers that ask, so many parts a second. A part that nobody asked for, or bytes with another hash, end the
 * link that they came over: an honest daemon hashes what it holds before it sends the first part. */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/node_state.h"

/* ---- fetching ---- */

static struct om_fetching *find(struct om_node *node, const struct om_hash *hash) {
  for (size_t i = 0; i < OM_FETCHES_MAX; i++)
    if (node->fetching[i].used && om_hash_equal(&node->fetching[i].hash, hash)) return &node->fetching[i];
  return NULL;
}

static void end_fetch(struct om_fetching *f) {
  free(f->bytes);
  *f = (struct om_fetching){.slot = OM_SLOT_NONE};
}

/* Whom to ask next: a live link that was not asked in vain and owes no other answer. *LATER: there is one that owes
 * one, and not for long. */
static uint32_t choose(const struct om_node *node, const struct om_fetching *f, bool *later, int64_t now_ms) {
  *later = false;
  for (uint32_t slot = 0; slot < OM_PEERS_MAX; slot++) {
    const struct om_peer *peer = &node->peers[slot];
    if (!om_node_live(node, slot) || f->tried[slot] == peer->link) continue;
    if (!peer->asked_document) return slot;
    if (now_ms - peer->asked_document_ms < OM_FETCH_ANSWER_MS) *later = true;
  }
  return OM_SLOT_NONE;
}

/* Goes on with somebody else, from the beginning: parts of two daemons are not put together. */
static void ask_somebody(struct om_node *node, struct om_fetching *f, int64_t now_ms) {
  bool later;
  free(f->bytes);
  f->bytes = NULL;
  f->len = 0;
  f->size = 0;
  f->slot = choose(node, f, &later, now_ms);
  f->ask_due = f->slot != OM_SLOT_NONE;
  f->asked_ms = now_ms;
  f->nowhere = f->slot == OM_SLOT_NONE && !later;
  f->nowhere_ms = now_ms;
}

static void pass_over(struct om_node *node, struct om_fetching *f, int64_t now_ms) {
  f->tried[f->slot] = node->peers[f->slot].link;
  ask_somebody(node, f, now_ms);
}

enum om_fetch om_node_fetch(struct om_node *node, const struct om_hash *hash, int64_t now_ms) {
  struct om_fetching *f = find(node, hash);
  if (f != NULL) return f->nowhere ? OM_FETCH_NOWHERE : OM_FETCH_UNDER_WAY;
  for (size_t i = 0; i < OM_FETCHES_MAX && f == NULL; i++)
    if (!node->fetching[i].used || node->fetching[i].nowhere) f = &node->fetching[i];
  if (f == NULL) return OM_FETCH_BUSY;
  end_fetch(f);
  f->used = true;
  f->hash = *hash;
  if (node->config.fetched == NULL)
    f->nowhere = true;
  else
    ask_somebody(node, f, now_ms);
  return f->nowhere ? OM_FETCH_NOWHERE : OM_FETCH_UNDER_WAY;
}

void om_node_fetched(struct om_node *node, const struct om_hash *hash) {
  struct om_fetching *f = find(node, hash);
  if (f != NULL) end_fetch(f);
}

static void whole(struct om_node *node, struct om_fetching *f, int64_t now_ms) {
  struct om_hash hash;
  om_sha256(&hash, f->bytes, f->len);
  if (!om_hash_equal(&hash, &f->hash)) {
    om_node_drop(node, f->slot, "it sent a document with another hash than was asked for");
    pass_over(node, f, now_ms);
    return;
  }
  uint8_t *bytes = f->bytes;
  f->bytes = NULL;
  f->slot = OM_SLOT_NONE;
  f->keeping = true;
  node->config.fetched(node->config.ctx, &f->hash, bytes, f->len);
}

/* How much of a document of SIZE bytes is sent from OFFSET on: all that a part may have, so that nobody keeps a fetch
 * alive with a byte now and then. */
static uint64_t part_bytes(uint64_t size, uint64_t offset) {
  return size - offset < OM_DOCUMENT_PART_BYTES ? size - offset : OM_DOCUMENT_PART_BYTES;
}

static enum om_code take_part(struct om_node *node, struct om_fetching *f, const Oremark__DocumentBytes *in,
                              int64_t now_ms, struct om_status *st) {
  if (in->size == 0) {
    pass_over(node, f, now_ms);
    return OM_OK;
  }
  if (in->size > OM_DOCUMENT_MAX_BYTES || (f->size != 0 && in->size != f->size) || in->offset >= in->size ||
      in->part.len != part_bytes(in->size, in->offset))
    return om_fail(st, OM_MALFORMED, "peer-document", "%zu bytes at %llu of a document of %llu", in->part.len,
                   (unsigned long long)in->offset, (unsigned long long)in->size);
  f->size = in->size;
  if (f->bytes == NULL) f->bytes = om_node_alloc(1, (size_t)f->size);
  memcpy(f->bytes + f->len, in->part.data, in->part.len);
  f->len += in->part.len;
  f->ask_due = f->len < f->size;
  f->asked_ms = now_ms;
  if (!f->ask_due) whole(node, f, now_ms);
  return OM_OK;
}

enum om_code om_document_brought(struct om_node *node, uint32_t slot, const Oremark__DocumentBytes *in, int64_t now_ms,
                                 struct om_status *st) {
  struct om_peer *peer = &node->peers[slot];
  if (!peer->asked_document || in->hash.len != OM_HASH_BYTES ||
      memcmp(in->hash.data, peer->asked_hash.bytes, OM_HASH_BYTES) != 0 || in->offset != peer->asked_offset)
    return om_fail(st, OM_MALFORMED, "peer-document", "a part of a document that it was not asked for");
  peer->asked_document = false;
  struct om_fetching *f = find(node, &peer->asked_hash);
  bool late = f == NULL || f->slot != slot || f->ask_due || f->len != in->offset; /* it is asked of another by now */
  return late ? OM_OK : take_part(node, f, in, now_ms, st);
}

void om_document_tick(struct om_node *node, int64_t now_ms) {
  for (size_t i = 0; i < OM_FETCHES_MAX; i++) {
    struct om_fetching *f = &node->fetching[i];
    if (!f->used || f->keeping) continue;
    if (f->nowhere && now_ms - f->nowhere_ms >= OM_FETCH_FORGET_MS)
      end_fetch(f);
    else if (!f->nowhere && f->slot == OM_SLOT_NONE)
      ask_somebody(node, f, now_ms);
    else if (!f->nowhere && now_ms - f->asked_ms >= OM_FETCH_ANSWER_MS)
      pass_over(node, f, now_ms);
  }
}

void om_document_lost(struct om_node *node, uint32_t slot) {
  for (size_t i = 0; i < OM_FETCHES_MAX; i++)
    if (node->fetching[i].used && node->fetching[i].slot == slot) ask_somebody(node, &node->fetching[i], node->now_ms);
}

void om_document_free(struct om_node *node) {
  for (size_t i = 0; i < OM_FETCHES_MAX; i++) end_fetch(&node->fetching[i]);
}

/* ---- serving ---- */

enum om_code om_document_wanted(struct om_node *node, uint32_t slot, const Oremark__WantDocument *in,
                                struct om_status *st) {
  struct om_peer *peer = &node->peers[slot];
  if (in->hash.len != OM_HASH_BYTES)
    return om_fail(st, OM_MALFORMED, "peer-document", "a document asked for by a hash of %zu bytes", in->hash.len);
  if (peer->wants_document)
    return om_fail(st, OM_MALFORMED, "peer-document", "a part of a document asked for before the last was answered");
  memcpy(peer->wants_hash.bytes, in->hash.data, OM_HASH_BYTES);
  peer->wants_offset = in->offset;
  peer->wants_document = true;
  return OM_OK;
}

/* Whether the peer may be sent a part now, which is then counted. */
static bool may_send(struct om_peer *peer, int64_t now_ms) {
  unsigned cost = peer->wants_offset == 0 ? OM_DOCUMENT_PARTS_S : 1;
  if (peer->parts_s != now_ms / 1000) peer->parts = 0;
  peer->parts_s = now_ms / 1000;
  if (peer->parts > 0 && peer->parts + cost > OM_DOCUMENT_PARTS_S) return false;
  peer->parts += cost;
  return true;
}

static bool answer_next(struct om_node *node, struct om_action *out, struct om_peer *peer, int64_t now_ms) {
  if (!peer->wants_document || !may_send(peer, now_ms)) return false;
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__DocumentBytes answer = OREMARK__DOCUMENT_BYTES__INIT;
  uint8_t *bytes = om_node_alloc(1, OM_DOCUMENT_PART_BYTES);
  size_t len = 0;
  peer->wants_document = false;
  answer.hash = (ProtobufCBinaryData){OM_HASH_BYTES, peer->wants_hash.bytes};
  answer.offset = peer->wants_offset;
  if (node->config.document != NULL &&
      node->config.document(node->config.ctx, bytes, &len, &answer.size, &peer->wants_hash, peer->wants_offset))
    answer.part = (ProtobufCBinaryData){len, bytes};
  else
    answer.size = 0;
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_DOCUMENT_BYTES;
  message.document_bytes = &answer;
  om_peer_encode(&out->bytes, &out->len, &message);
  free(bytes);
  return true;
}

static bool ask_next(struct om_node *node, struct om_action *out, uint32_t slot, int64_t now_ms) {
  struct om_peer *peer = &node->peers[slot];
  if (peer->asked_document) return false;
  for (size_t i = 0; i < OM_FETCHES_MAX; i++) {
    struct om_fetching *f = &node->fetching[i];
    if (!f->used || f->slot != slot || !f->ask_due) continue;
    Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
    Oremark__WantDocument want = OREMARK__WANT_DOCUMENT__INIT;
    f->ask_due = false;
    peer->asked_document = true;
    peer->asked_hash = f->hash;
    peer->asked_offset = f->len;
    peer->asked_document_ms = now_ms;
    want.hash = (ProtobufCBinaryData){OM_HASH_BYTES, f->hash.bytes};
    want.offset = f->len;
    message.what_case = OREMARK__PEER_MESSAGE__WHAT_WANT_DOCUMENT;
    message.want_document = &want;
    om_peer_encode(&out->bytes, &out->len, &message);
    return true;
  }
  return false;
}

bool om_document_next(struct om_node *node, struct om_action *out, uint32_t slot, int64_t now_ms) {
  return ask_next(node, out, slot, now_ms) || answer_next(node, out, &node->peers[slot], now_ms);
}
