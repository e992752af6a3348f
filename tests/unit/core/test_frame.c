#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/frame.h"

static uint8_t pattern_byte(size_t frame, size_t i) {
  return (uint8_t)(frame * 31 + i * 7 + (i >> 8));
}

/* Frames of the given lengths, one after another; freed by the caller. */
static uint8_t *stream_of(const size_t *lens, size_t count, size_t *total) {
  *total = 0;
  for (size_t f = 0; f < count; f++) *total += OM_FRAME_HEADER_BYTES + lens[f];
  uint8_t *bytes = malloc(*total), *at = bytes;
  assert_non_null(bytes);
  for (size_t f = 0; f < count; f++) {
    om_frame_header(at, lens[f]);
    at += OM_FRAME_HEADER_BYTES;
    for (size_t i = 0; i < lens[f]; i++) *at++ = pattern_byte(f, i);
  }
  return bytes;
}

static void test_header_is_big_endian(void **state) {
  (void)state;
  uint8_t h[OM_FRAME_HEADER_BYTES];
  om_frame_header(h, 0x012345);
  assert_memory_equal(h, ((uint8_t[]){0x00, 0x01, 0x23, 0x45}), sizeof h);
  om_frame_header(h, OM_FRAME_MAX_BYTES);
  assert_memory_equal(h, ((uint8_t[]){0x00, 0x10, 0x00, 0x00}), sizeof h);
}

/* Feeds the stream in chunks of STEP bytes, each from its own allocation so that a stale view is seen by the sanitizer.
 */
static void check_chunked(const uint8_t *stream, size_t total, const size_t *lens, size_t count, size_t step) {
  struct om_frame_reader reader = {.buf = NULL};
  struct om_status st;
  size_t seen = 0;
  for (size_t at = 0; at < total; at += step) {
    size_t n = total - at < step ? total - at : step;
    uint8_t *copy = malloc(n);
    assert_non_null(copy);
    memcpy(copy, stream + at, n);
    struct om_chunk in = {copy, n};
    for (;;) {
      struct om_frame frame;
      assert_int_equal(om_frame_next(&reader, &frame, &in, &st), OM_OK);
      if (frame.len == 0) break;
      assert_true(seen < count);
      assert_int_equal(frame.len, lens[seen]);
      for (size_t i = 0; i < frame.len; i++)
        if (frame.bytes[i] != pattern_byte(seen, i)) fail_msg("frame %zu differs at byte %zu", seen, i);
      seen++;
    }
    assert_int_equal(in.len, 0);
    assert_true(reader.room <= OM_FRAME_MAX_BYTES);
    free(copy);
  }
  assert_int_equal(seen, count);
  assert_int_equal(reader.header_have, 0); /* the stream stands between two frames */
  om_frame_reader_free(&reader);
}

static void test_every_way_to_cut_a_stream(void **state) {
  (void)state;
  const size_t lens[] = {1, 2, 3, 40, 1, 255, 256, 700, 5};
  size_t count = sizeof lens / sizeof *lens, total;
  uint8_t *stream = stream_of(lens, count, &total);
  for (size_t step = 1; step <= total; step++) check_chunked(stream, total, lens, count, step);
  free(stream);
}

static void test_largest_frame(void **state) {
  (void)state;
  const size_t lens[] = {OM_FRAME_MAX_BYTES, 9, OM_FRAME_MAX_BYTES - 1, OM_FRAME_MAX_BYTES};
  size_t count = sizeof lens / sizeof *lens, total;
  uint8_t *stream = stream_of(lens, count, &total);
  const size_t steps[] = {997, 65536, OM_FRAME_MAX_BYTES, total};
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) check_chunked(stream, total, lens, count, steps[i]);
  free(stream);
}

static void test_whole_frame_is_not_copied(void **state) {
  (void)state;
  const size_t lens[] = {100, 200};
  size_t total;
  uint8_t *stream = stream_of(lens, 2, &total);
  struct om_frame_reader reader = {.buf = NULL};
  struct om_chunk in = {stream, total};
  struct om_frame frame;
  struct om_status st;
  assert_int_equal(om_frame_next(&reader, &frame, &in, &st), OM_OK);
  assert_ptr_equal(frame.bytes, stream + 4);
  assert_int_equal(om_frame_next(&reader, &frame, &in, &st), OM_OK);
  assert_ptr_equal(frame.bytes, stream + 4 + 100 + 4);
  assert_null(reader.buf);
  free(stream);
}

static void refuse(const uint8_t header[4], const char *text) {
  struct om_frame_reader reader = {.buf = NULL};
  struct om_chunk in = {header, 4};
  struct om_frame frame;
  struct om_status st;
  assert_int_equal(om_frame_next(&reader, &frame, &in, &st), OM_MALFORMED);
  assert_string_equal(st.rule, "frame-length");
  assert_string_equal(st.text, text);
  assert_int_equal(frame.len, 0);
  assert_null(reader.buf);
}

static void test_bad_lengths(void **state) {
  (void)state;
  refuse((uint8_t[]){0, 0, 0, 0}, "a frame states a length of 0 bytes");
  refuse((uint8_t[]){0, 0x10, 0, 1}, "a frame states a length of 1048577 bytes; the limit is 1048576");
  refuse((uint8_t[]){0xFF, 0xFF, 0xFF, 0xFF}, "a frame states a length of 4294967295 bytes; the limit is 1048576");
  refuse((uint8_t[]){0x80, 0, 0, 1}, "a frame states a length of 2147483649 bytes; the limit is 1048576");
}

static void test_memory_follows_bytes_not_claims(void **state) {
  (void)state;
  struct om_frame_reader reader = {.buf = NULL};
  uint8_t start[4 + 10] = {0};
  om_frame_header(start, OM_FRAME_MAX_BYTES);
  struct om_chunk in = {start, sizeof start};
  struct om_frame frame;
  struct om_status st;
  assert_int_equal(om_frame_next(&reader, &frame, &in, &st), OM_OK);
  assert_int_equal(frame.len, 0);
  assert_true(reader.room <= 20);
  om_frame_reader_free(&reader);
  assert_int_equal(reader.room, 0);
}

static void test_large_buffer_is_given_back(void **state) {
  (void)state;
  const size_t lens[] = {OM_FRAME_MAX_BYTES, 3};
  size_t total;
  uint8_t *stream = stream_of(lens, 2, &total);
  struct om_frame_reader reader = {.buf = NULL};
  struct om_frame frame;
  struct om_status st;
  struct om_chunk first = {stream, 100}, rest = {stream + 100, total - 100};
  assert_int_equal(om_frame_next(&reader, &frame, &first, &st), OM_OK);
  assert_int_equal(om_frame_next(&reader, &frame, &rest, &st), OM_OK);
  assert_int_equal(frame.len, OM_FRAME_MAX_BYTES);
  assert_int_equal(om_frame_next(&reader, &frame, &rest, &st), OM_OK);
  assert_int_equal(frame.len, 3);
  assert_int_equal(reader.room, 0);
  om_frame_reader_free(&reader);
  free(stream);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_header_is_big_endian),
      cmocka_unit_test(test_every_way_to_cut_a_stream),
      cmocka_unit_test(test_largest_frame),
      cmocka_unit_test(test_whole_frame_is_not_copied),
      cmocka_unit_test(test_bad_lengths),
      cmocka_unit_test(test_memory_follows_bytes_not_claims),
      cmocka_unit_test(test_large_buffer_is_given_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
