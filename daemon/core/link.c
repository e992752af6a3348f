#include "daemon/core/link.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* The protocol's version stands in its name: another version is another prologue, and the handshake fails. */
static const char link_domain[16] = "oremark/v1/link";

enum {
  OUT_FIRST_BYTES = 1 << 12, /* a few small frames; doubles from there */
};

/* Handshake payloads are empty, so the messages have these lengths and no others: e; e, s and payload with tags; s and
 * payload with tags. A stranger's first bytes can therefore ask for 96 bytes of work at most. */
static const size_t handshake_bytes[] = {32, 32 + 48 + 16, 48 + 16};

/* Bytes on their way out. A record is open from record_at to the end: two bytes kept free for its
 * length, then plaintext, which is sealed where it lies. */
struct out {
  uint8_t *buf;
  size_t len;
  size_t room;
  size_t record_at;
  bool record_open;
};

struct om_link {
  struct om_noise *noise;
  enum om_link_state state;
  size_t handshake_seen;   /* handshake messages read and written */
  struct om_status failed; /* why, once the state is OM_LINK_FAILED */
  struct om_chunk in;      /* fed and not yet looked at; borrowed */
  struct om_chunk plain;   /* deciphered and not yet read as frames: points into plain_buf */
  struct om_frame_reader frames;
  struct out out;
  size_t record_have;  /* bytes at record_buf */
  uint8_t *record_buf; /* a record that no chunk held whole: header and message */
  uint8_t *plain_buf;  /* OM_NOISE_MESSAGE_BYTES */
};

void om_link_prologue(uint8_t out[OM_LINK_PROLOGUE_BYTES], const uint8_t network[OM_LINK_NETWORK_BYTES]) {
  memcpy(out, link_domain, sizeof link_domain);
  memcpy(out + sizeof link_domain, network, OM_LINK_NETWORK_BYTES);
}

/* Ends the link for the reason in ST. */
static enum om_code end_link(struct om_link *link, struct om_status *st) {
  link->state = OM_LINK_FAILED;
  link->failed = *st;
  return st->code;
}

static enum om_code no_memory(struct om_status *st) {
  return om_fail(st, OM_IO, NULL, "no memory for a link");
}

/* ---- out ---- */

static enum om_code out_room(struct out *out, size_t more, struct om_status *st) {
  size_t need = out->len + more;
  if (need <= out->room) return OM_OK;
  size_t room = out->room == 0 ? OUT_FIRST_BYTES : 2 * out->room;
  if (room < need) room = need;
  uint8_t *buf = realloc(out->buf, room);
  if (buf == NULL) return no_memory(st);
  out->buf = buf;
  out->room = room;
  return OM_OK;
}

static void put_record_header(uint8_t *at, size_t len) {
  at[0] = (uint8_t)(len >> 8);
  at[1] = (uint8_t)len;
}

static size_t record_plain(const struct out *out) {
  return out->len - out->record_at - OM_LINK_RECORD_HEADER_BYTES;
}

/* Enciphers the open record where it lies. */
static enum om_code seal_record(struct om_link *link, struct om_status *st) {
  struct out *out = &link->out;
  if (!out->record_open) return OM_OK;
  enum om_code code = out_room(out, OM_NOISE_TAG_BYTES, st);
  if (code != OM_OK) return code;
  uint8_t *at = out->buf + out->record_at + OM_LINK_RECORD_HEADER_BYTES;
  size_t len;
  code = om_noise_encrypt(link->noise, at, &len, at, record_plain(out), st);
  if (code != OM_OK) return code;
  put_record_header(out->buf + out->record_at, len);
  out->len += OM_NOISE_TAG_BYTES;
  out->record_open = false;
  return OM_OK;
}

/* Appends bytes of the frame stream, opening and sealing records as they fill. */
static enum om_code put(struct om_link *link, const uint8_t *bytes, size_t len, struct om_status *st) {
  struct out *out = &link->out;
  while (len > 0) {
    enum om_code code = out_room(out, OM_LINK_RECORD_HEADER_BYTES + len + OM_NOISE_TAG_BYTES, st);
    if (code != OM_OK) return code;
    size_t n = len;
    if (!out->record_open) {
      out->record_at = out->len;
      out->len += OM_LINK_RECORD_HEADER_BYTES;
      out->record_open = true;
    }
    size_t fits = OM_NOISE_PLAIN_BYTES - record_plain(out);
    if (n > fits) n = fits;
    memcpy(out->buf + out->len, bytes, n);
    out->len += n;
    bytes += n;
    len -= n;
    if (record_plain(out) == OM_NOISE_PLAIN_BYTES) {
      code = seal_record(link, st);
      if (code != OM_OK) return code;
    }
  }
  return OM_OK;
}

static enum om_code put_handshake(struct om_link *link, struct om_status *st) {
  struct out *out = &link->out;
  size_t want = handshake_bytes[link->handshake_seen], len;
  enum om_code code = out_room(out, OM_LINK_RECORD_HEADER_BYTES + want, st);
  if (code != OM_OK) return code;
  put_record_header(out->buf + out->len, want);
  out->len += OM_LINK_RECORD_HEADER_BYTES;
  code = om_noise_write(link->noise, out->buf + out->len, &len, want, NULL, 0, st);
  if (code != OM_OK) return code;
  OM_ASSERT(len == want);
  out->len += len;
  link->handshake_seen++;
  return OM_OK;
}

enum om_code om_link_send(struct om_link *link, const uint8_t *msg, size_t len, struct om_status *st) {
  if (link->state == OM_LINK_FAILED) {
    *st = link->failed;
    return st->code;
  }
  OM_ASSERT(link->state == OM_LINK_OPEN);
  uint8_t header[OM_FRAME_HEADER_BYTES];
  om_frame_header(header, len);
  if (link->out.len + sizeof header + len > OM_LINK_PENDING_MAX_BYTES)
    return om_fail(st, OM_BUSY, NULL, "%zu bytes wait to be written to a link; the limit is %d", link->out.len,
                   OM_LINK_PENDING_MAX_BYTES);
  enum om_code code = put(link, header, sizeof header, st);
  if (code == OM_OK) code = put(link, msg, len, st);
  return code == OM_OK ? OM_OK : end_link(link, st);
}

enum om_code om_link_take(struct om_link *link, uint8_t **bytes, size_t *len, struct om_status *st) {
  *bytes = NULL;
  *len = 0;
  if (link->state == OM_LINK_FAILED) {
    *st = link->failed;
    return st->code;
  }
  if (link->out.len == 0) return OM_OK;
  if (seal_record(link, st) != OM_OK) return end_link(link, st);
  *bytes = link->out.buf;
  *len = link->out.len;
  link->out = (struct out){.buf = NULL};
  return OM_OK;
}

/* ---- opening and closing ---- */

/* On failure the caller closes what there is. */
static enum om_code open_noise(struct om_link *link, enum om_noise_role role, const struct om_secret *local,
                               const uint8_t ephemeral[OM_NOISE_KEY_BYTES],
                               const uint8_t network[OM_LINK_NETWORK_BYTES], struct om_status *st) {
  link->record_buf = malloc(OM_LINK_RECORD_HEADER_BYTES + OM_NOISE_MESSAGE_BYTES);
  link->plain_buf = malloc(OM_NOISE_MESSAGE_BYTES);
  if (link->record_buf == NULL || link->plain_buf == NULL) return no_memory(st);
  uint8_t prologue[OM_LINK_PROLOGUE_BYTES];
  om_link_prologue(prologue, network);
  enum om_code code = om_noise_begin(&link->noise, role, local, ephemeral, prologue, sizeof prologue, st);
  if (code == OM_OK && role == OM_NOISE_INITIATOR) code = put_handshake(link, st);
  return code;
}

enum om_code om_link_open(struct om_link **link, enum om_noise_role role, const struct om_secret *local,
                          const uint8_t ephemeral[OM_NOISE_KEY_BYTES], const uint8_t network[OM_LINK_NETWORK_BYTES],
                          struct om_status *st) {
  *link = NULL;
  struct om_link *l = calloc(1, sizeof *l);
  if (l == NULL) return no_memory(st);
  l->state = OM_LINK_HANDSHAKE;
  enum om_code code = open_noise(l, role, local, ephemeral, network, st);
  if (code != OM_OK) {
    om_link_close(l);
    return code;
  }
  *link = l;
  return OM_OK;
}

/* What went through a link is business, not secrets, but costs little to wipe where it was deciphered. */
void om_link_close(struct om_link *link) {
  if (link == NULL) return;
  om_noise_end(link->noise);
  if (link->plain_buf != NULL) sodium_memzero(link->plain_buf, OM_NOISE_MESSAGE_BYTES);
  om_frame_reader_free(&link->frames);
  free(link->plain_buf);
  free(link->record_buf);
  free(link->out.buf);
  free(link);
}

enum om_link_state om_link_state(const struct om_link *link) {
  return link->state;
}

const uint8_t *om_link_remote(const struct om_link *link) {
  return om_noise_remote(link->noise);
}

enum om_code om_link_admit(struct om_link *link, struct om_status *st) {
  OM_ASSERT(link->state == OM_LINK_ASKS);
  /* only an initiator still has a message to write: the one that shows its own key */
  if (om_noise_turn(link->noise) == OM_NOISE_WRITES && put_handshake(link, st) != OM_OK) return end_link(link, st);
  OM_ASSERT(om_noise_turn(link->noise) == OM_NOISE_TRANSPORT);
  link->state = OM_LINK_OPEN;
  return OM_OK;
}

/* ---- in ---- */

void om_link_feed(struct om_link *link, const uint8_t *bytes, size_t len) {
  if (link->state == OM_LINK_FAILED) return;
  OM_ASSERT(link->in.len == 0 && link->plain.len == 0);
  link->in = (struct om_chunk){bytes, len};
}

static size_t record_len(const uint8_t *header) {
  return (size_t)header[0] << 8 | header[1];
}

/* Refuses a length that no message at this place has, before waiting for its bytes. */
static enum om_code check_record_len(const struct om_link *link, size_t len, struct om_status *st) {
  if (link->state == OM_LINK_OPEN) {
    if (len > OM_NOISE_TAG_BYTES) return OM_OK;
    return om_fail(st, OM_MALFORMED, "record-length", "a record of %zu bytes carries nothing", len);
  }
  size_t want = handshake_bytes[link->handshake_seen];
  if (len == want) return OM_OK;
  return om_fail(st, OM_MALFORMED, "record-length",
                 "handshake message %zu has %zu bytes instead of %zu: the peer speaks another protocol",
                 link->handshake_seen + 1, len, want);
}

/* Collects record bytes in record_buf until there are WANT of them. */
static bool collect(struct om_link *link, size_t want) {
  size_t n = want - link->record_have;
  if (n > link->in.len) n = link->in.len;
  memcpy(link->record_buf + link->record_have, link->in.bytes, n);
  link->record_have += n;
  link->in.bytes += n;
  link->in.len -= n;
  return link->record_have == want;
}

/* Takes one record off IN. MESSAGE->len is 0 when IN ran out first. A record that IN holds whole is not copied. */
static enum om_code next_record(struct om_link *link, struct om_chunk *message, struct om_status *st) {
  const size_t header = OM_LINK_RECORD_HEADER_BYTES;
  *message = (struct om_chunk){NULL, 0};
  if (link->record_have == 0 && link->in.len >= header && link->in.len - header >= record_len(link->in.bytes)) {
    *message = (struct om_chunk){link->in.bytes + header, record_len(link->in.bytes)};
    link->in.bytes += header + message->len;
    link->in.len -= header + message->len;
    return check_record_len(link, message->len, st);
  }
  if (link->in.len == 0) return OM_OK;
  if (link->record_have < header && !collect(link, header)) return OM_OK;
  size_t len = record_len(link->record_buf);
  enum om_code code = check_record_len(link, len, st);
  if (code != OM_OK || !collect(link, header + len)) return code;
  link->record_have = 0;
  *message = (struct om_chunk){link->record_buf + header, len};
  return OM_OK;
}

static enum om_code read_handshake(struct om_link *link, const struct om_chunk *message, struct om_status *st) {
  size_t len;
  enum om_code code = om_noise_read(link->noise, link->plain_buf, &len, message->bytes, message->len, st);
  if (code != OM_OK) return om_wrap(st, "handshake message %zu (another network?)", link->handshake_seen + 1);
  OM_ASSERT(len == 0);
  link->handshake_seen++;
  if (om_noise_remote(link->noise) != NULL) {
    link->state = OM_LINK_ASKS;
    return OM_OK;
  }
  return put_handshake(link, st);
}

/* Turns fed bytes into the plaintext of one record, or a step of the handshake. False when they ran out. */
static enum om_code next_plain(struct om_link *link, bool *more, struct om_status *st) {
  struct om_chunk message;
  enum om_code code = next_record(link, &message, st);
  *more = code == OM_OK && message.len > 0;
  if (!*more) return code;
  if (link->state == OM_LINK_HANDSHAKE) return read_handshake(link, &message, st);
  link->plain.bytes = link->plain_buf;
  return om_noise_decrypt(link->noise, link->plain_buf, &link->plain.len, message.bytes, message.len, st);
}

static enum om_code next_frame(struct om_link *link, struct om_frame *frame, struct om_status *st) {
  bool more = true;
  while (link->state != OM_LINK_ASKS && more) {
    enum om_code code = om_frame_next(&link->frames, frame, &link->plain, st);
    if (code != OM_OK || frame->len > 0) return code;
    code = next_plain(link, &more, st);
    if (code != OM_OK) return code;
  }
  return OM_OK;
}

enum om_code om_link_next(struct om_link *link, struct om_frame *frame, struct om_status *st) {
  *frame = (struct om_frame){NULL, 0};
  if (link->state == OM_LINK_FAILED) {
    *st = link->failed;
    return st->code;
  }
  enum om_code code = next_frame(link, frame, st);
  if (code == OM_OK) return OM_OK;
  *frame = (struct om_frame){NULL, 0};
  return end_link(link, st);
}
