#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/link.h"

/* Two ends of one stream; bytes are carried in chunks of a chosen size, each in its own allocation so that the
 * sanitizer sees stale views. What arrives is appended, frame by frame, to a transcript. */
struct end {
  struct om_secret *secret;
  struct om_link *link;
  uint8_t *got; /* frames received, each with its u32 length */
  size_t got_len;
  size_t got_room;
  size_t frames;
};

static const uint8_t network_a[32] = {0xA};
static const uint8_t network_b[32] = {0xB};

static void open_end(struct end *end, enum om_noise_role role, const uint8_t network[32]) {
  struct om_status st;
  uint8_t seed[32], ephemeral[32];
  memset(seed, role == OM_NOISE_INITIATOR ? 0x41 : 0x42, 32);
  memset(ephemeral, role == OM_NOISE_INITIATOR ? 0x51 : 0x52, 32);
  *end = (struct end){.link = NULL};
  assert_int_equal(om_secret_new_x25519(&end->secret, seed, &st), OM_OK);
  assert_int_equal(om_link_open(&end->link, role, end->secret, ephemeral, network, &st), OM_OK);
}

static void open_ends(struct end ends[2]) {
  open_end(&ends[0], OM_NOISE_INITIATOR, network_a);
  open_end(&ends[1], OM_NOISE_RESPONDER, network_a);
}

static void close_ends(struct end ends[2]) {
  for (size_t i = 0; i < 2; i++) {
    om_link_close(ends[i].link);
    om_secret_free(ends[i].secret);
    free(ends[i].got);
  }
}

static void note_frame(struct end *end, const struct om_frame *frame) {
  size_t need = end->got_len + OM_FRAME_HEADER_BYTES + frame->len;
  if (need > end->got_room) {
    end->got_room = 2 * need;
    end->got = realloc(end->got, end->got_room);
    assert_non_null(end->got);
  }
  om_frame_header(end->got + end->got_len, frame->len);
  memcpy(end->got + end->got_len + OM_FRAME_HEADER_BYTES, frame->bytes, frame->len);
  end->got_len = need;
  end->frames++;
}

/* Reads what was fed; admits whoever asks. */
static enum om_code drain(struct end *end, struct om_status *st) {
  for (;;) {
    struct om_frame frame;
    enum om_code code = om_link_next(end->link, &frame, st);
    if (code != OM_OK) return code;
    if (om_link_state(end->link) == OM_LINK_ASKS) {
      code = om_link_admit(end->link, st);
      if (code != OM_OK) return code;
      continue;
    }
    if (frame.len == 0) return OM_OK;
    note_frame(end, &frame);
  }
}

static enum om_code deliver(struct end *to, const uint8_t *bytes, size_t len, size_t step, struct om_status *st) {
  for (size_t at = 0; at < len; at += step) {
    size_t n = len - at < step ? len - at : step;
    uint8_t *chunk = malloc(n);
    assert_non_null(chunk);
    memcpy(chunk, bytes + at, n);
    om_link_feed(to->link, chunk, n);
    enum om_code code = drain(to, st);
    free(chunk);
    if (code != OM_OK) return code;
  }
  return OM_OK;
}

/* Carries bytes both ways until nothing moves. Returns how many went over. */
static size_t carry(struct end ends[2], size_t step) {
  struct om_status st;
  size_t total = 0, idle = 0;
  for (size_t from = 0; idle < 2; from = 1 - from) {
    uint8_t *bytes;
    size_t len;
    assert_int_equal(om_link_take(ends[from].link, &bytes, &len, &st), OM_OK);
    idle = len == 0 ? idle + 1 : 0;
    total += len;
    if (deliver(&ends[1 - from], bytes, len, step, &st) != OM_OK) fail_msg("%s", st.text);
    free(bytes);
  }
  return total;
}

static void send_text(struct end *end, const char *text) {
  struct om_status st;
  assert_int_equal(om_link_send(end->link, (const uint8_t *)text, strlen(text), &st), OM_OK);
}

static void test_prologue(void **state) {
  (void)state;
  uint8_t network[32], out[OM_LINK_PROLOGUE_BYTES];
  memset(network, 7, sizeof network);
  om_link_prologue(out, network);
  assert_memory_equal(out, "oremark/v1/link\0\7\7\7\7", 20);
  assert_int_equal(sizeof out, 48);
}

static void test_each_proves_its_key_before_anything_else(void **state) {
  (void)state;
  struct end ends[2];
  open_ends(ends);
  struct om_status st;
  struct om_frame frame;
  uint8_t *bytes[3];
  size_t len[3];
  assert_int_equal(om_link_state(ends[0].link), OM_LINK_HANDSHAKE);
  assert_int_equal(om_link_take(ends[0].link, &bytes[0], &len[0], &st), OM_OK);
  assert_int_equal(len[0], 2 + 32);
  om_link_feed(ends[1].link, bytes[0], len[0]);
  assert_int_equal(om_link_next(ends[1].link, &frame, &st), OM_OK);
  assert_int_equal(om_link_take(ends[1].link, &bytes[1], &len[1], &st), OM_OK);
  assert_int_equal(len[1], 2 + 96);
  om_link_feed(ends[0].link, bytes[1], len[1]);
  assert_int_equal(om_link_next(ends[0].link, &frame, &st), OM_OK);
  /* the initiator knows the responder, and has not yet shown itself */
  assert_int_equal(om_link_state(ends[0].link), OM_LINK_ASKS);
  assert_memory_equal(om_link_remote(ends[0].link), om_secret_public(ends[1].secret), 32);
  assert_int_equal(om_link_take(ends[0].link, &bytes[2], &len[2], &st), OM_OK);
  assert_int_equal(len[2], 0);
  assert_int_equal(om_link_admit(ends[0].link, &st), OM_OK);
  send_text(&ends[0], "first");
  assert_int_equal(om_link_take(ends[0].link, &bytes[2], &len[2], &st), OM_OK);
  assert_int_equal(len[2], 2 + 64 + 2 + 4 + 5 + 16);
  /* the frame that came along with message 3 waits until the responder has admitted its sender */
  assert_null(om_link_remote(ends[1].link));
  om_link_feed(ends[1].link, bytes[2], len[2]);
  for (int again = 0; again < 2; again++) {
    assert_int_equal(om_link_next(ends[1].link, &frame, &st), OM_OK);
    assert_int_equal(frame.len, 0);
    assert_int_equal(om_link_state(ends[1].link), OM_LINK_ASKS);
  }
  assert_memory_equal(om_link_remote(ends[1].link), om_secret_public(ends[0].secret), 32);
  assert_int_equal(om_link_admit(ends[1].link, &st), OM_OK);
  assert_int_equal(om_link_next(ends[1].link, &frame, &st), OM_OK);
  assert_int_equal(frame.len, 5);
  assert_memory_equal(frame.bytes, "first", 5);
  for (size_t i = 0; i < 3; i++) free(bytes[i]);
  close_ends(ends);
}

/* Frames of many lengths, around every limit, both ways, cut in many ways. */
static const size_t lens[] = {1, 2, 11, 65514, 65515, 65516, 65519, 65520, 3, 131038, 100000, OM_FRAME_MAX_BYTES, 5};

static void send_pattern(struct end *end, size_t count, uint8_t salt, uint8_t **sent, size_t *sent_len) {
  size_t total = 0;
  struct om_status st;
  for (size_t f = 0; f < count; f++) total += OM_FRAME_HEADER_BYTES + lens[f];
  uint8_t *at = *sent = malloc(total);
  assert_non_null(at);
  *sent_len = total;
  for (size_t f = 0; f < count; f++) {
    om_frame_header(at, lens[f]);
    at += OM_FRAME_HEADER_BYTES;
    for (size_t i = 0; i < lens[f]; i++) at[i] = (uint8_t)(salt + f + i * 13 + (i >> 9));
    assert_int_equal(om_link_send(end->link, at, lens[f], &st), OM_OK);
    at += lens[f];
  }
}

static void check_both_ways(struct end ends[2], size_t step) {
  uint8_t *sent[2];
  size_t sent_len[2];
  size_t count = step < 97 ? 5 : sizeof lens / sizeof *lens; /* the large ones byte by byte would only take long */
  carry(ends, step);                                         /* a handshake, where there is one */
  for (size_t i = 0; i < 2; i++) send_pattern(&ends[i], count, (uint8_t)(17 * i), &sent[i], &sent_len[i]);
  carry(ends, step);
  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(ends[1 - i].got_len, sent_len[i]);
    assert_memory_equal(ends[1 - i].got, sent[i], sent_len[i]);
    free(sent[i]);
  }
}

static void test_frames_arrive_however_the_stream_is_cut(void **state) {
  (void)state;
  const size_t steps[] = {1, 2, 3, 97, 4096, 65536, 65537, 1 << 24};
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
    struct end ends[2];
    open_ends(ends);
    check_both_ways(ends, steps[i]);
    close_ends(ends);
  }
}

static void test_small_frames_share_records(void **state) {
  (void)state;
  struct end ends[2];
  open_ends(ends);
  carry(ends, 4096);
  uint8_t msg[60] = {1};
  struct om_status st;
  for (size_t i = 0; i < 10000; i++) assert_int_equal(om_link_send(ends[0].link, msg, sizeof msg, &st), OM_OK);
  size_t wire = carry(ends, 65536);
  assert_int_equal(ends[1].frames, 10000);
  /* 640,000 bytes of frames in ten records of 65,519 bytes of plaintext at most */
  assert_int_equal(wire, 10000 * 64 + 10 * (2 + 16));
  close_ends(ends);
}

/* Feeds BYTES to a fresh responder (ADMIT: to one whose handshake is done) and wants them refused, now and ever after.
 */
static void check_refused(const uint8_t *bytes, size_t len, bool admit, const char *rule) {
  struct end ends[2];
  struct om_frame frame;
  struct om_status st, again;
  open_ends(ends);
  if (admit) carry(ends, 4096);
  assert_int_equal(deliver(&ends[1], bytes, len, len, &st), OM_MALFORMED);
  assert_string_equal(st.rule, rule);
  assert_int_equal(om_link_state(ends[1].link), OM_LINK_FAILED);
  om_link_feed(ends[1].link, bytes, len);
  assert_int_equal(om_link_next(ends[1].link, &frame, &again), OM_MALFORMED);
  assert_string_equal(again.text, st.text);
  uint8_t *out;
  size_t out_len;
  assert_int_equal(om_link_take(ends[1].link, &out, &out_len, &again), OM_MALFORMED);
  assert_null(out);
  assert_int_equal(om_link_send(ends[1].link, bytes, len, &again), OM_MALFORMED);
  close_ends(ends);
}

static void test_bad_records(void **state) {
  (void)state;
  uint8_t message[2 + 96] = {0, 33};
  check_refused((const uint8_t *)"GET / HTTP/1.1\r\n", 16, false, "record-length");
  check_refused((const uint8_t[]){0, 0}, 2, false, "record-length");
  check_refused((const uint8_t[]){0xFF, 0xFF}, 2, false, "record-length");
  check_refused(message, 2 + 33, false, "record-length"); /* a payload in message 1 */
  message[1] = 32;
  check_refused(message, 2 + 32, false, "noise-key"); /* an ephemeral key of zeros */
  check_refused((const uint8_t[]){0, 0}, 2, true, "record-length");
  check_refused((const uint8_t[]){0, 16}, 2, true, "record-length"); /* a tag around nothing */
  message[1] = 96;
  check_refused(message, 2 + 96, true, "noise-tag");
}

static void test_another_network_is_refused(void **state) {
  (void)state;
  struct end ends[2];
  open_end(&ends[0], OM_NOISE_INITIATOR, network_a);
  open_end(&ends[1], OM_NOISE_RESPONDER, network_b);
  uint8_t *bytes;
  size_t len;
  struct om_status st;
  assert_int_equal(om_link_take(ends[0].link, &bytes, &len, &st), OM_OK);
  assert_int_equal(deliver(&ends[1], bytes, len, len, &st), OM_OK);
  free(bytes);
  assert_int_equal(om_link_take(ends[1].link, &bytes, &len, &st), OM_OK);
  assert_int_equal(deliver(&ends[0], bytes, len, len, &st), OM_MALFORMED);
  assert_non_null(strstr(st.text, "another network?"));
  assert_null(om_link_remote(ends[0].link));
  free(bytes);
  close_ends(ends);
}

/* Every single-bit change in a small transport stream is refused, and no changed frame comes out. */
static void test_every_flipped_bit_of_a_stream(void **state) {
  (void)state;
  for (size_t bit = 0;; bit++) {
    struct end ends[2];
    open_ends(ends);
    carry(ends, 4096);
    send_text(&ends[0], "100 t of cathode");
    uint8_t *bytes;
    size_t len;
    struct om_status st;
    assert_int_equal(om_link_take(ends[0].link, &bytes, &len, &st), OM_OK);
    bool done = bit == 8 * len;
    if (!done) bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    enum om_code code = deliver(&ends[1], bytes, len, len, &st);
    assert_true(!done || code == OM_OK); /* a record length that grew only waits for more */
    assert_int_equal(ends[1].frames, done ? 1 : 0);
    free(bytes);
    close_ends(ends);
    if (done) return;
  }
}

static void test_cut_streams(void **state) {
  (void)state;
  for (size_t cut = 1;; cut++) {
    struct end ends[2];
    open_ends(ends);
    carry(ends, 4096);
    send_text(&ends[0], "100 t of cathode");
    uint8_t *bytes;
    size_t len;
    struct om_status st;
    assert_int_equal(om_link_take(ends[0].link, &bytes, &len, &st), OM_OK);
    assert_int_equal(deliver(&ends[1], bytes, cut, len, &st), OM_OK);
    assert_int_equal(ends[1].frames, cut == len ? 1 : 0);
    free(bytes);
    close_ends(ends);
    if (cut == len) break;
  }
}

static void test_what_waits_is_bounded(void **state) {
  (void)state;
  struct end ends[2];
  open_ends(ends);
  carry(ends, 4096);
  uint8_t *msg = calloc(1, OM_FRAME_MAX_BYTES);
  assert_non_null(msg);
  struct om_status st;
  size_t sent = 0;
  while (om_link_send(ends[0].link, msg, OM_FRAME_MAX_BYTES, &st) == OM_OK) sent++;
  assert_int_equal(sent, 15);
  assert_int_equal(st.code, OM_BUSY);
  carry(ends, 1 << 20);
  assert_int_equal(ends[1].frames, 15);
  assert_int_equal(om_link_send(ends[0].link, msg, OM_FRAME_MAX_BYTES, &st), OM_OK);
  free(msg);
  close_ends(ends);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_prologue),
      cmocka_unit_test(test_each_proves_its_key_before_anything_else),
      cmocka_unit_test(test_frames_arrive_however_the_stream_is_cut),
      cmocka_unit_test(test_small_frames_share_records),
      cmocka_unit_test(test_bad_records),
      cmocka_unit_test(test_another_network_is_refused),
      cmocka_unit_test(test_every_flipped_bit_of_a_stream),
      cmocka_unit_test(test_cut_streams),
      cmocka_unit_test(test_what_waits_is_bounded),
  };
  om_sodium_start();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
