#include "daemon/core/peer.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/node.h"

enum {
  HEADER_ROOM = 1 + 5, /* tag of Entries in PeerMessage, and its length */
  TAG_ENTRIES = 4 << 3 | 2,
  TAG_SHOWN = 11 << 3 | 2,
  TAG_DOCUMENT_BYTES = 13 << 3 | 2,
  TAG_LOG = 1 << 3,
  TAG_START = 2 << 3,
  TAG_ENTRY = 3 << 3 | 2,
  TAG_HEAD = 4 << 3 | 2,
  TAG_PROOF = 5 << 3 | 2,
  TAG_BEFORE = 6 << 3 | 2,
  TAG_PROVE = 7 << 3,
  FIRST_ROOM = 4096,
};

struct reader {
  const uint8_t *at, *end;
};

static bool read_varint(struct reader *in, uint64_t *out) {
  *out = 0;
  for (unsigned shift = 0; shift < 70 && in->at < in->end; shift += 7) {
    uint8_t byte = *in->at++;
    if (shift == 63 && byte > 1) return false;
    *out |= (uint64_t)(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

static bool read_bytes(struct reader *in, const uint8_t **out, size_t *len) {
  uint64_t n = 0;
  if (!read_varint(in, &n) || n > (uint64_t)(in->end - in->at)) return false;
  *out = in->at;
  *len = (size_t)n;
  in->at += n;
  return true;
}

/* Passes over a field that this version does not know. */
static bool skip_field(struct reader *in, uint64_t tag) {
  uint64_t ignored = 0;
  const uint8_t *bytes = NULL;
  size_t len = 0;
  switch (tag & 7) {
    case 0: return read_varint(in, &ignored);
    case 2: return read_bytes(in, &bytes, &len);
    case 1:
    case 5:
      len = (tag & 7) == 1 ? 8 : 4;
      if ((size_t)(in->end - in->at) < len) return false;
      in->at += len;
      return true;
    default: return false; /* groups and what is not a wire type */
  }
}

static enum om_code count_entry(struct om_peer_entries *out, struct reader *in, struct om_status *st) {
  const uint8_t *entry = NULL;
  size_t len = 0;
  if (!read_bytes(in, &entry, &len))
    return om_fail(st, OM_MALFORMED, "peer-message", "an entry runs beyond the end of its message");
  if (len == 0 || len > OM_ENTRY_MAX_BYTES)
    return om_fail(st, OM_MALFORMED, "peer-message", "an entry of %zu bytes; 1 to %d are allowed", len,
                   OM_ENTRY_MAX_BYTES);
  if (++out->n > OM_CHUNK_ENTRIES)
    return om_fail(st, OM_MALFORMED, "peer-message", "more than %d entries in one message", OM_CHUNK_ENTRIES);
  out->bytes += len;
  return OM_OK;
}

static enum om_code take_head(struct om_peer_entries *out, struct reader *in, struct om_status *st) {
  const uint8_t *head = NULL;
  if (!read_bytes(in, &head, &out->head.len) || out->head.len == 0 || out->head.len > OM_BARE_HEAD_MAX_BYTES)
    return om_fail(st, OM_MALFORMED, "peer-message", "entries with a head of %zu bytes; 1 to %d are allowed",
                   out->head.len, OM_BARE_HEAD_MAX_BYTES);
  out->head.data = head;
  return OM_OK;
}

static enum om_code count_hash(size_t *n, struct reader *in, struct om_status *st) {
  const uint8_t *hash = NULL;
  size_t len = 0;
  if (!read_bytes(in, &hash, &len) || len != OM_HASH_BYTES || *n == OM_PROOF_MAX)
    return om_fail(st, OM_MALFORMED, "peer-message", "entries with a proof that is not of up to %d hashes",
                   OM_PROOF_MAX);
  ++*n;
  return OM_OK;
}

/* What entries with such a proof count for, besides themselves. */
static size_t proof_cost(size_t head_len, size_t n_hashes) {
  return head_len + n_hashes * OM_HASH_BYTES;
}

static enum om_code decode_field(struct om_peer_entries *out, struct reader *in, uint64_t tag, struct om_status *st) {
  uint64_t value = 0;
  bool good = true;
  switch (tag) {
    case TAG_ENTRY: return count_entry(out, in, st);
    case TAG_HEAD: return take_head(out, in, st);
    case TAG_PROOF: return count_hash(&out->n_proof, in, st);
    case TAG_BEFORE: return count_hash(&out->n_before, in, st);
    case TAG_LOG:
      good = read_varint(in, &value) && value <= UINT32_MAX;
      out->log = (uint32_t)value;
      break;
    case TAG_START: good = read_varint(in, &out->start); break;
    case TAG_PROVE: good = read_varint(in, &out->prove); break;
    default: good = skip_field(in, tag); break;
  }
  return good ? OM_OK : om_fail(st, OM_MALFORMED, "peer-message", "a message of entries that is not protobuf");
}

static enum om_code decode_entries(struct om_peer_entries *out, struct reader in, struct om_status *st) {
  *out = (struct om_peer_entries){.body = in.at, .body_len = (size_t)(in.end - in.at)};
  while (in.at < in.end) {
    uint64_t tag = 0;
    if (!read_varint(&in, &tag))
      return om_fail(st, OM_MALFORMED, "peer-message", "a message of entries that is not protobuf");
    enum om_code code = decode_field(out, &in, tag, st);
    if (code != OM_OK) return code;
  }
  if (out->n == 0) return om_fail(st, OM_MALFORMED, "peer-message", "a message of entries without an entry");
  if (out->start > OM_TREE_SIZE_MAX - out->n)
    return om_fail(st, OM_MALFORMED, "peer-message", "entries beyond the largest index");
  out->cost = out->bytes + out->n * OM_ENTRY_COST_BYTES + proof_cost(out->head.len, out->n_proof + out->n_before);
  return OM_OK;
}

enum om_code om_peer_decode(struct om_peer_message *out, const uint8_t *bytes, size_t len, struct om_status *st) {
  *out = (struct om_peer_message){NULL, {0}};
  if (len > 0 && bytes[0] == TAG_ENTRIES) {
    struct reader in = {bytes + 1, bytes + len};
    const uint8_t *body = NULL;
    size_t body_len = 0;
    if (!read_bytes(&in, &body, &body_len) || in.at != in.end)
      return om_fail(st, OM_MALFORMED, "peer-message", "a message of entries whose length is not the frame's");
    return decode_entries(&out->entries, (struct reader){body, body + body_len}, st);
  }
  size_t limit = OM_PEER_SMALL_BYTES;
  if (len > 0 && bytes[0] == TAG_SHOWN) limit = OM_PEER_SHOWN_BYTES;
  if (len > 0 && bytes[0] == TAG_DOCUMENT_BYTES) limit = OM_PEER_DOCUMENT_BYTES;
  if (len > limit)
    return om_fail(st, OM_MALFORMED, "peer-message", "a message of %zu bytes without entries; the limit is %zu", len,
                   limit);
  out->small = oremark__peer_message__unpack(NULL, len, bytes);
  if (out->small == NULL) return om_fail(st, OM_MALFORMED, "peer-message", "a message that is not protobuf");
  if (out->small->what_case == OREMARK__PEER_MESSAGE__WHAT_ENTRIES) {
    om_peer_message_free(out);
    return om_fail(st, OM_MALFORMED, "peer-message", "entries together with other fields in one message");
  }
  return OM_OK;
}

void om_peer_message_free(struct om_peer_message *message) {
  if (message->small != NULL) oremark__peer_message__free_unpacked(message->small, NULL);
  message->small = NULL;
}

void om_peer_entries_spans(struct om_span *spans, const struct om_peer_entries *in) {
  struct reader from = {in->body, in->body + in->body_len};
  size_t n = 0;
  while (from.at < from.end) {
    uint64_t tag = 0;
    const uint8_t *entry = NULL;
    bool good = read_varint(&from, &tag);
    if (tag == TAG_ENTRY) {
      OM_ASSERT(good && n < in->n && read_bytes(&from, &entry, &spans[n].len)); /* decode_entries has been here */
      spans[n++].data = entry;
    } else {
      OM_ASSERT(good && skip_field(&from, tag));
    }
  }
  OM_ASSERT(n == in->n);
}

void om_peer_entries_proofs(struct om_proof *proof, struct om_proof *before, const struct om_peer_entries *in) {
  struct reader from = {in->body, in->body + in->body_len};
  proof->n = before->n = 0;
  while (from.at < from.end) {
    uint64_t tag = 0;
    const uint8_t *hash = NULL;
    size_t len = 0;
    OM_ASSERT(read_varint(&from, &tag)); /* decode_entries has been here */
    if (tag != TAG_PROOF && tag != TAG_BEFORE) {
      OM_ASSERT(skip_field(&from, tag));
      continue;
    }
    struct om_proof *to = tag == TAG_PROOF ? proof : before;
    OM_ASSERT(read_bytes(&from, &hash, &len) && len == OM_HASH_BYTES && to->n < OM_PROOF_MAX);
    memcpy(to->hashes[to->n++].bytes, hash, OM_HASH_BYTES);
  }
}

void om_peer_encode(uint8_t **bytes, size_t *len, const Oremark__PeerMessage *message) {
  *len = oremark__peer_message__get_packed_size(message);
  *bytes = malloc(*len + 1);
  OM_ASSERT(*bytes != NULL);
  oremark__peer_message__pack(message, *bytes);
}

static void make_room(struct om_entry_sink *sink, size_t more) {
  if (sink->room - sink->len >= more) return;
  size_t room = sink->room;
  while (room - sink->len < more) room *= 2;
  sink->buf = realloc(sink->buf, room);
  OM_ASSERT(sink->buf != NULL);
  sink->room = room;
}

static size_t write_varint(uint8_t *to, uint64_t value) {
  size_t n = 0;
  for (; value >= 0x80; value >>= 7) to[n++] = (uint8_t)(value | 0x80);
  to[n++] = (uint8_t)value;
  return n;
}

static void write_field(struct om_entry_sink *sink, uint8_t tag, uint64_t value) {
  make_room(sink, 11);
  sink->buf[sink->len++] = tag;
  sink->len += write_varint(sink->buf + sink->len, value);
}

static void write_bytes(struct om_entry_sink *sink, uint8_t tag, const uint8_t *bytes, size_t len) {
  write_field(sink, tag, len);
  make_room(sink, len);
  memcpy(sink->buf + sink->len, bytes, len);
  sink->len += len;
}

void om_entry_sink_begin(struct om_entry_sink *sink, uint32_t log, uint64_t start) {
  *sink = (struct om_entry_sink){.buf = malloc(FIRST_ROOM), .len = HEADER_ROOM, .room = FIRST_ROOM};
  OM_ASSERT(sink->buf != NULL);
  if (log != 0) write_field(sink, TAG_LOG, log);
  if (start != 0) write_field(sink, TAG_START, start);
}

bool om_entry_put(struct om_entry_sink *sink, const uint8_t *bytes, size_t len) {
  OM_ASSERT(len >= 1 && len <= OM_ENTRY_MAX_BYTES);
  size_t cost = len + OM_ENTRY_COST_BYTES;
  if (sink->n == OM_CHUNK_ENTRIES || (sink->n > 0 && sink->cost + cost > OM_CHUNK_BYTES)) return false;
  write_bytes(sink, TAG_ENTRY, bytes, len);
  sink->n++;
  sink->cost += cost;
  return true;
}

void om_entry_sink_prove(struct om_entry_sink *sink, const struct om_entry_proof *proof) {
  OM_ASSERT(sink->n > 0 && proof->head_len <= OM_BARE_HEAD_MAX_BYTES);
  size_t head_len = proof->head == NULL ? 0 : proof->head_len;
  if (head_len > 0) write_bytes(sink, TAG_HEAD, proof->head, head_len);
  for (size_t i = 0; i < proof->proof.n; i++) write_bytes(sink, TAG_PROOF, proof->proof.hashes[i].bytes, OM_HASH_BYTES);
  for (size_t i = 0; i < proof->before.n; i++)
    write_bytes(sink, TAG_BEFORE, proof->before.hashes[i].bytes, OM_HASH_BYTES);
  if (proof->prove != 0) write_field(sink, TAG_PROVE, proof->prove);
  sink->cost += proof_cost(head_len, proof->proof.n + proof->before.n);
}

void om_entry_sink_end(struct om_entry_sink *sink, uint8_t **bytes, size_t *len) {
  *bytes = NULL;
  *len = 0;
  if (sink->n == 0) {
    free(sink->buf);
    sink->buf = NULL;
    return;
  }
  uint8_t header[HEADER_ROOM + 5] = {TAG_ENTRIES};
  size_t body = sink->len - HEADER_ROOM, header_len = 1 + write_varint(header + 1, body);
  OM_ASSERT(header_len <= HEADER_ROOM && body + header_len <= OM_FRAME_MAX_BYTES);
  memmove(sink->buf + header_len, sink->buf + HEADER_ROOM, body);
  memcpy(sink->buf, header, header_len);
  *bytes = sink->buf;
  *len = header_len + body;
  sink->buf = NULL;
}
