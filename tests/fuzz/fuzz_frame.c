/* Frames: a stream cut into pieces gives the frames of the stream in one piece. First byte: how it is cut. */
#include "daemon/core/frame.h"
#include "fuzz/fuzz.h"
#include "ledger/hash.h"

struct seen {
  size_t frames;
  struct om_hash hash; /* over lengths and bytes so far */
  enum om_code code;
  bool boundary;
};

static void see(struct seen *seen, const struct om_frame *frame) {
  uint8_t header[OM_FRAME_HEADER_BYTES];
  OM_ASSERT(frame->len <= OM_FRAME_MAX_BYTES);
  om_frame_header(header, frame->len);
  const struct om_span spans[] = {
      {&seen->hash, sizeof seen->hash}, {header, sizeof header}, {frame->bytes, frame->len}};
  om_sha256v(&seen->hash, spans, 3);
  seen->frames++;
}

/* Gives READER one chunk, in memory of its own. */
static void feed(struct seen *seen, struct om_frame_reader *reader, const uint8_t *data, size_t len) {
  struct om_status st = {0};
  uint8_t *copy = malloc(len);
  OM_ASSERT(copy);
  memcpy(copy, data, len);
  struct om_chunk chunk = {copy, len};
  for (struct om_frame frame = {copy, 1}; frame.len && seen->code == OM_OK;) {
    seen->code = om_frame_next(reader, &frame, &chunk, &st);
    if (seen->code != OM_OK) fuzz_refusal(&st, OM_MALFORMED);
    if (seen->code == OM_OK && frame.len) see(seen, &frame);
  }
  OM_ASSERT(seen->code != OM_OK || chunk.len == 0);
  free(copy);
}

static struct seen read_all(const uint8_t *data, size_t len, size_t step) {
  struct om_frame_reader reader = {.have = 0};
  struct seen seen = {.code = OM_OK};
  for (size_t at = 0; at < len && seen.code == OM_OK; at += step)
    feed(&seen, &reader, data + at, len - at < step ? len - at : step);
  seen.boundary = reader.header_have == 0;
  om_frame_reader_free(&reader);
  return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  size_t step = 1 + (size_t)fuzz_byte(&data, &len);
  struct seen whole = read_all(data, len, len ? len : 1), cut = read_all(data, len, step);
  OM_ASSERT(whole.frames == cut.frames && whole.code == cut.code && om_hash_equal(&whole.hash, &cut.hash));
  OM_ASSERT(whole.code != OM_OK || whole.boundary == cut.boundary);
  return 0;
}
