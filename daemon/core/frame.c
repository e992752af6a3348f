#include "daemon/core/frame.h"

#include <stdlib.h>
#include <string.h>

void om_frame_header(uint8_t out[OM_FRAME_HEADER_BYTES], size_t len) {
  OM_ASSERT(len >= 1 && len <= OM_FRAME_MAX_BYTES);
  for (size_t i = 0; i < OM_FRAME_HEADER_BYTES; i++) out[i] = (uint8_t)(len >> (8 * (OM_FRAME_HEADER_BYTES - 1 - i)));
}

static void take(uint8_t *to, struct om_chunk *in, size_t n) {
  if (n > 0) memcpy(to, in->bytes, n);
  in->bytes += n;
  in->len -= n;
}

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

static enum om_code read_header(struct om_frame_reader *reader, struct om_chunk *in, struct om_status *st) {
  size_t n = least(OM_FRAME_HEADER_BYTES - reader->header_have, in->len);
  if (n == 0) return OM_OK;
  take(reader->header + reader->header_have, in, n);
  reader->header_have += n;
  if (reader->header_have < OM_FRAME_HEADER_BYTES) return OM_OK;
  size_t len = 0;
  for (size_t i = 0; i < OM_FRAME_HEADER_BYTES; i++) len = len << 8 | reader->header[i];
  if (len == 0) return om_fail(st, OM_MALFORMED, "frame-length", "a frame states a length of 0 bytes");
  if (len > OM_FRAME_MAX_BYTES)
    return om_fail(st, OM_MALFORMED, "frame-length", "a frame states a length of %zu bytes; the limit is %d", len,
                   OM_FRAME_MAX_BYTES);
  reader->len = len;
  return OM_OK;
}

/* Doubles rather than trusting the header, so that a peer gets memory only for what it has sent. */
static enum om_code make_room(struct om_frame_reader *reader, size_t need, struct om_status *st) {
  if (need <= reader->room) return OM_OK;
  size_t room = least(2 * need, reader->len);
  uint8_t *buf = realloc(reader->buf, room);
  if (buf == NULL) return om_fail(st, OM_IO, NULL, "no memory for a frame of %zu bytes", reader->len);
  reader->buf = buf;
  reader->room = room;
  return OM_OK;
}

static void yield(struct om_frame_reader *reader, struct om_frame *frame, const uint8_t *bytes) {
  *frame = (struct om_frame){bytes, reader->len};
  reader->header_have = 0;
  reader->len = 0;
  reader->have = 0;
}

enum om_code om_frame_next(struct om_frame_reader *reader, struct om_frame *frame, struct om_chunk *in,
                           struct om_status *st) {
  *frame = (struct om_frame){NULL, 0};
  if (reader->have == 0 && reader->room > OM_FRAME_KEEP_BYTES) {
    free(reader->buf);
    reader->buf = NULL;
    reader->room = 0;
  }
  if (reader->header_have < OM_FRAME_HEADER_BYTES) {
    enum om_code code = read_header(reader, in, st);
    if (code != OM_OK || reader->header_have < OM_FRAME_HEADER_BYTES) return code;
  }
  if (reader->have == 0 && in->len >= reader->len) {
    const uint8_t *bytes = in->bytes;
    in->bytes += reader->len;
    in->len -= reader->len;
    yield(reader, frame, bytes);
    return OM_OK;
  }
  size_t n = least(reader->len - reader->have, in->len);
  if (n == 0) return OM_OK;
  enum om_code code = make_room(reader, reader->have + n, st);
  if (code != OM_OK) return code;
  take(reader->buf + reader->have, in, n);
  reader->have += n;
  if (reader->have == reader->len) yield(reader, frame, reader->buf);
  return OM_OK;
}

void om_frame_reader_free(struct om_frame_reader *reader) {
  free(reader->buf);
  *reader = (struct om_frame_reader){.buf = NULL};
}
