/* Whole daemons against strangers, a member's daemon that lies, and clients that take more than their share. */
#include "support/test.h"

#include "hostile.h"
#include "ledger/note.h"

enum { STRANGERS = 200, SOON_MS = 5000 };

static void test_strangers_do_not_keep_a_peer_out(void **state) {
  (void)state;
  struct daemons d;
  struct hostile peer;
  int strangers[STRANGERS];
  daemons_open(&d, 2, false);
  daemon_start(&d, 0);
  close(client_open(&d, 0));
  for (size_t i = 0; i < STRANGERS; i++) strangers[i] = stranger_open(&d, 0);
  assert_true(hostile_open(&peer, &d, 0, 1, SOON_MS));
  hostile_close(&peer);
  for (size_t i = 0; i < STRANGERS; i++) close(strangers[i]);
  daemons_close(&d);
}

/* A head of daemon AS's log at SIZE, signed with daemon BY's log key. */
static size_t make_head(char note[OM_NOTE_BYTES_MAX], const struct daemons *d, size_t as, size_t by, uint64_t size) {
  struct om_checkpoint head = {.size = size};
  struct om_status st;
  char text[OM_CHECKPOINT_BYTES], line[OM_NOTE_LINE_BYTES];
  size_t len = 0;
  snprintf(head.origin, sizeof head.origin, "daemon%zu.example/log", as);
  size_t text_len = om_checkpoint_format(text, &head);
  assert_int_equal(om_note_begin(note, &len, text, text_len, &st), OM_OK);
  size_t line_len = om_note_sign(line, head.origin, d->net.log_keys[by], text, text_len);
  assert_int_equal(om_note_add_line(note, &len, line, line_len, &st), OM_OK);
  return len;
}

/* Else it would stand in the way of true heads, and each would cost the loop its signatures without end. */
static void test_a_forged_head_beyond_what_is_held_ends_the_link(void **state) {
  (void)state;
  struct daemons d;
  struct hostile peer;
  char note[OM_NOTE_BYTES_MAX];
  daemons_open(&d, 3, true);
  daemon_start(&d, 0);
  close(client_open(&d, 0));
  assert_true(hostile_open(&peer, &d, 0, 1, SOON_MS));
  hostile_hello(&peer, 1);
  hostile_head(&peer, 2, note, make_head(note, &d, 2, 2, 7)); /* signed, the quorum can't be judged yet: kept */
  hostile_read(&peer, 300, SIZE_MAX);
  assert_true(peer.fd >= 0);
  hostile_head(&peer, 2, note, make_head(note, &d, 2, 1, UINT64_C(1) << 40));
  hostile_read(&peer, SOON_MS, SIZE_MAX);
  assert_int_equal(peer.fd, -1);
  hostile_close(&peer);
  daemons_close(&d);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_strangers_do_not_keep_a_peer_out),
      cmocka_unit_test(test_a_forged_head_beyond_what_is_held_ends_the_link),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
