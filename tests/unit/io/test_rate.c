#include "support/test.h"

#include "daemon/io/rate.h"

static void shows(const struct om_rate *rate, int64_t now_ms, uint64_t in, uint64_t out, uint64_t in_s,
                  uint64_t out_s) {
  uint64_t a, b;
  om_rate_show(rate, &a, &b, now_ms, in, out);
  assert_int_equal(a, in_s);
  assert_int_equal(b, out_s);
}

static void test_an_even_flow_has_its_rate(void **state) {
  (void)state;
  struct om_rate rate = {0};
  shows(&rate, 5, 100, 100, 0, 0); /* nothing to compare with */
  for (int64_t ms = 0; ms <= 60000; ms += 100) om_rate_note(&rate, ms, (uint64_t)ms * 3, (uint64_t)ms * 7);
  shows(&rate, 60000, 180000, 420000, 3000, 7000);
}

static void test_what_is_long_past_does_not_count(void **state) {
  (void)state;
  struct om_rate rate = {0};
  om_rate_note(&rate, 0, 0, 0);
  om_rate_note(&rate, 1000, 1000000, 0); /* a burst */
  shows(&rate, 2000, 1000000, 0, 500000, 0);
  for (int64_t ms = 2000; ms <= 8000; ms += 1000) om_rate_note(&rate, ms, 1000000, 0);
  shows(&rate, 8000, 1000000, 0, 125000, 0);
  for (int64_t ms = 9000; ms <= 12000; ms += 1000) om_rate_note(&rate, ms, 1000000, 0);
  shows(&rate, 12000, 1000000, 0, 0, 0);
}

static void test_samples_are_not_taken_more_often(void **state) {
  (void)state;
  struct om_rate rate = {0};
  for (int64_t ms = 0; ms < 5000; ms++) om_rate_note(&rate, ms, (uint64_t)ms, 0);
  assert_int_equal(rate.n, 5);
  shows(&rate, 0, 0, 0, 0, 0); /* no time has passed */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_an_even_flow_has_its_rate),
      cmocka_unit_test(test_what_is_long_past_does_not_count),
      cmocka_unit_test(test_samples_are_not_taken_more_often),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
