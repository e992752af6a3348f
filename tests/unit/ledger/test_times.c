/* When an entry was final: what is kept of final heads, and what marks say. */
#include "support/test.h"

#include <string.h>

#include "ledger/times.h"
#include "support/custody.h"

static void keep(struct custody *c, uint64_t size, uint64_t time_s) {
  om_times_keep(c->txn, 7, size, time_s, (const uint8_t *)"note", 4);
}

static void of_a_stretch_of_time_the_last_head_is_kept(void **state) {
  struct custody *c = *state;
  assert_int_equal(om_times_final(c->txn, 7, 0), 0);
  keep(c, 10, 6000);
  keep(c, 12, 6100);
  keep(c, 20, 6599); /* the same ten minutes */
  keep(c, 21, 6600); /* the next */
  keep(c, 30, 90000);
  assert_int_equal(om_times_final(c->txn, 7, 0), 6599);
  assert_int_equal(om_times_final(c->txn, 7, 19), 6599);
  assert_int_equal(om_times_final(c->txn, 7, 20), 6600);
  assert_int_equal(om_times_final(c->txn, 7, 21), 90000);
  assert_int_equal(om_times_final(c->txn, 7, 29), 90000);
  assert_int_equal(om_times_final(c->txn, 7, 30), 0);
  assert_int_equal(om_times_final(c->txn, 6, 0), 0); /* of another log */
  assert_int_equal(om_times_final(c->txn, 8, 0), 0);
}

static void a_head_without_a_quorum_says_nothing(void **state) {
  struct custody *c = *state;
  keep(c, 10, 0);
  om_times_marked(c->txn, 7, 10, 3, 1, 0);
  assert_int_equal(om_times_final(c->txn, 7, 0), 0);
}

static void a_mark_may_know_of_an_earlier_one(void **state) {
  struct custody *c = *state;
  keep(c, 20, 6500);
  om_times_marked(c->txn, 7, 11, 3, 40, 6010);
  om_times_marked(c->txn, 7, 30, 3, 50, 7000);
  assert_int_equal(om_times_final(c->txn, 7, 10), 6010);
  assert_int_equal(om_times_final(c->txn, 7, 11), 6500);
  assert_int_equal(om_times_final(c->txn, 7, 20), 7000);
}

static void what_is_cut_was_never_final(void **state) {
  struct custody *c = *state;
  keep(c, 10, 6000);
  keep(c, 20, 7000);
  keep(c, 30, 8000);
  om_times_keep(c->txn, 8, 30, 8000, (const uint8_t *)"note", 4);
  om_times_cut(c->txn, 7, 10);
  assert_int_equal(om_times_final(c->txn, 7, 9), 6000);
  assert_int_equal(om_times_final(c->txn, 7, 10), 0);
  assert_int_equal(om_times_final(c->txn, 8, 10), 8000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(of_a_stretch_of_time_the_last_head_is_kept, custody_setup, custody_teardown),
      cmocka_unit_test_setup_teardown(a_head_without_a_quorum_says_nothing, custody_setup, custody_teardown),
      cmocka_unit_test_setup_teardown(a_mark_may_know_of_an_earlier_one, custody_setup, custody_teardown),
      cmocka_unit_test_setup_teardown(what_is_cut_was_never_final, custody_setup, custody_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
