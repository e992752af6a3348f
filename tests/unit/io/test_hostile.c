/* Whole daemons against strangers, a member's daemon that lies, and clients that take more than their share. */
#include "support/test.h"

#include "hostile.h"

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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_strangers_do_not_keep_a_peer_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
