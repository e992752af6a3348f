#include "ledger/mix.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ledger/quantity.h"
#include "support/test.h"

#define MINE(member_, site_) ((struct om_origin){OM_ORIGIN_MINE, {'P', 'E'}, member_, site_})

static struct om_arena arena;

static int reset(void **state) {
  (void)state;
  om_arena_free(&arena);
  return 0;
}

static void origins_sort_as_their_bytes(void **state) {
  (void)state;
  static const struct om_origin ascending[] = {
      {OM_ORIGIN_MINE, {0, 0}, 0, 0},
      {OM_ORIGIN_MINE, {'C', 'D'}, 0, 0},
      {OM_ORIGIN_MINE, {'C', 'D'}, 300, 0},
      {OM_ORIGIN_MINE, {'C', 'L'}, 1, 0x80000000},
      {OM_ORIGIN_MINE, {'C', 'L'}, 256, 1},
      {OM_ORIGIN_MINE, {'C', 'L'}, 0x80000000, 0},
      {OM_ORIGIN_MANUFACTURING_WASTE, {'A', 'T'}, 7, 1},
      {OM_ORIGIN_POST_CONSUMER_WASTE, {'A', 'T'}, 7, 1},
      {OM_ORIGIN_UNDECLARED, {0, 0}, 0, 0},
  };
  const size_t n = sizeof ascending / sizeof *ascending;
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < n; k++) {
      uint8_t a[OM_ORIGIN_BYTES], b[OM_ORIGIN_BYTES];
      om_origin_encode(a, ascending[i]);
      om_origin_encode(b, ascending[k]);
      int bytes = memcmp(a, b, sizeof a), order = om_origin_compare(ascending[i], ascending[k]);
      assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
      assert_int_equal((bytes > 0) - (bytes < 0), (i > k) - (i < k));
    }
}

static void origin_bytes_are_pinned(void **state) {
  (void)state;
  static const uint8_t want[OM_ORIGIN_BYTES] = {1, 'P', 'E', 0x01, 0x02, 0x03, 0x04, 0xF0, 0, 0, 0x09};
  uint8_t got[OM_ORIGIN_BYTES];
  struct om_origin back;
  om_origin_encode(got, MINE(0x01020304, 0xF0000009));
  assert_memory_equal(got, want, sizeof want);
  assert_true(om_origin_decode(&back, want));
  assert_int_equal(om_origin_compare(back, MINE(0x01020304, 0xF0000009)), 0);
}

static void impossible_origins_are_refused(void **state) {
  (void)state;
  static const struct om_origin bad[] = {
      {0, {'P', 'E'}, 1, 1},
      {5, {'P', 'E'}, 1, 1},
      {OM_ORIGIN_MINE, {'p', 'e'}, 1, 1},
      {OM_ORIGIN_MINE, {'P', 0}, 1, 1},
      {OM_ORIGIN_MINE, {0, 0}, 1, 1},
      {OM_ORIGIN_MINE, {'P', 'E'}, 0, 1},
      {OM_ORIGIN_UNDECLARED, {'P', 'E'}, 0, 0},
      {OM_ORIGIN_UNDECLARED, {0, 0}, 1, 0},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    uint8_t bytes[OM_ORIGIN_BYTES];
    struct om_origin out;
    om_origin_encode(bytes, bad[i]);
    assert_false(om_origin_ok(bad[i]));
    assert_false(om_origin_decode(&out, bytes));
  }
}

static void largest_remainders_get_the_rest(void **state) {
  (void)state;
  const struct om_share shares[] = {{MINE(1, 1), 10}, {MINE(1, 2), 10}, {MINE(2, 1), 30}};
  struct om_mix in = {3, shares}, out, rest;
  assert_true(om_mix_scale(&arena, &out, in, 7)); /* 1.4, 1.4, 4.2: one left, a tie, to the smaller origin */
  assert_int_equal(out.n, 3);
  assert_int_equal(out.shares[0].mg, 2);
  assert_int_equal(out.shares[1].mg, 1);
  assert_int_equal(out.shares[2].mg, 4);
  assert_true(om_mix_scale(&arena, &out, in, 1)); /* 0.2, 0.2, 0.6: zero shares are not kept */
  assert_int_equal(out.n, 1);
  assert_int_equal(out.shares[0].origin.member, 2);
  assert_true(om_mix_take(&arena, &out, &rest, in, 50));
  assert_int_equal(om_mix_total(out), 50);
  assert_int_equal(rest.n, 0);
  assert_true(om_mix_take(&arena, &out, &rest, in, 0));
  assert_int_equal(out.n, 0);
  assert_int_equal(om_mix_total(rest), 50);
}

static void what_cannot_be_is_refused(void **state) {
  (void)state;
  const struct om_share shares[] = {{MINE(1, 1), 10}};
  const struct om_share huge[] = {{MINE(1, 1), OM_MASS_MAX_MG - 10}};
  struct om_mix in = {1, shares}, none = {0}, out = {77, NULL}, rest = {77, NULL};
  assert_false(om_mix_scale(&arena, &out, none, 1));
  assert_false(om_mix_scale(&arena, &out, in, -1));
  assert_false(om_mix_take(&arena, &out, &rest, in, 11));
  assert_false(om_mix_take(&arena, &out, &rest, in, -1));
  assert_false(om_mix_take(&arena, &out, &rest, none, 1));
  struct om_mix many[] = {{1, huge}, in, in};
  assert_false(om_mix_sum(&arena, &out, many, 3));
  assert_int_equal(out.n, 77);
  assert_int_equal(rest.n, 77);
  assert_true(om_mix_sum(&arena, &out, many, 2));
  assert_true(om_mix_total(out) == OM_MASS_MAX_MG);
  assert_true(om_mix_scale(&arena, &out, out, OM_MASS_MAX_MG));
  assert_true(om_mix_scale(&arena, &out, none, 0));
  assert_int_equal(out.n, 0);
}

static void stored_mixes_are_checked(void **state) {
  (void)state;
  const struct om_share good[] = {{MINE(1, 1), 10}, {MINE(1, 2), 1}};
  const struct om_share swapped[] = {{MINE(1, 2), 10}, {MINE(1, 1), 1}};
  const struct om_share twice[] = {{MINE(1, 1), 10}, {MINE(1, 1), 1}};
  const struct om_share zero[] = {{MINE(1, 1), 10}, {MINE(1, 2), 0}};
  const struct om_share over[] = {{MINE(1, 1), OM_MASS_MAX_MG}, {MINE(1, 2), 1}};
  assert_true(om_mix_ok((struct om_mix){2, good}));
  assert_true(om_mix_ok((struct om_mix){0}));
  assert_false(om_mix_ok((struct om_mix){2, swapped}));
  assert_false(om_mix_ok((struct om_mix){2, twice}));
  assert_false(om_mix_ok((struct om_mix){2, zero}));
  assert_false(om_mix_ok((struct om_mix){2, over}));
  struct om_mix one = om_mix_of(&arena, MINE(3, 4), 5);
  assert_true(om_mix_ok(one) && one.n == 1 && om_mix_total(one) == 5);
  assert_int_equal(om_mix_of(&arena, MINE(3, 4), 0).n, 0);
}

/* Five mines in two countries into four rows: the smallest goes to its country (still five rows), then the next, of the
 * same country, into that row (four). */
static void the_smallest_sites_are_pooled_first(void **state) {
  (void)state;
  const struct om_share shares[] = {
      {{OM_ORIGIN_MINE, {'C', 'L'}, 9, 1}, 8}, {MINE(1, 1), 5}, {MINE(1, 2), 9}, {MINE(1, 3), 5}, {MINE(1, 4), 20},
  };
  struct om_mix out = om_mix_pool(&arena, (struct om_mix){5, shares}, 4);
  assert_int_equal(out.n, 4);
  assert_true(om_mix_ok(out));
  assert_int_equal(out.shares[0].mg, 8);
  assert_int_equal(out.shares[1].origin.member, 0);
  assert_int_equal(out.shares[1].origin.country[0], 'P');
  assert_int_equal(out.shares[1].mg, 10);
  assert_int_equal(out.shares[2].mg, 9);
  assert_int_equal(out.shares[3].mg, 20);
  struct om_mix same = om_mix_pool(&arena, out, 4);
  assert_ptr_equal(same.shares, out.shares);
}

/* A row of each of 676 countries and three kinds, and the undeclared. */
static void countries_are_pooled_when_they_are_too_many(void **state) {
  (void)state;
  struct om_share shares[3 * 676 + 1];
  size_t n = 0;
  for (uint8_t kind = OM_ORIGIN_MINE; kind <= OM_ORIGIN_POST_CONSUMER_WASTE; kind++)
    for (char a = 'A'; a <= 'Z'; a++)
      for (char b = 'A'; b <= 'Z'; b++) {
        shares[n] = (struct om_share){{kind, {a, b}, 5, 6}, (int64_t)n + 1};
        n++;
      }
  shares[n++] = (struct om_share){{.kind = OM_ORIGIN_UNDECLARED}, 7};
  struct om_mix in = {n, shares};
  struct om_mix out = om_mix_pool(&arena, in, OM_MIX_MAX_SHARES);
  assert_true(om_mix_ok(out));
  assert_int_equal(out.n, OM_MIX_MAX_SHARES);
  assert_true(om_mix_total(out) == om_mix_total(in));
  assert_int_equal(out.shares[0].origin.country[0], 0); /* all mines are one row */
  assert_int_equal(out.shares[1].origin.kind, OM_ORIGIN_MANUFACTURING_WASTE);
  assert_int_equal(out.shares[62].origin.country[1], 'Z'); /* the largest countries are still there by name */
  out = om_mix_pool(&arena, in, OM_MIX_POOLED_MAX);
  assert_int_equal(out.n, 4);
  assert_true(om_mix_total(out) == om_mix_total(in));
}

static double cpu_seconds(clock_t since) {
  return (double)(clock() - since) / CLOCKS_PER_SEC;
}

/* 64 origins in each of a thousand lots, all over the world: what one event can bring together. To pool them takes no
 * more than a few times what adding them up takes; with a search through the countries for each of them it was fifty
 * times. */
static void pooling_many_origins_costs_little_more_than_adding_them(void **state) {
  (void)state;
  enum { ORIGINS = 64000 };
  struct om_mix *mixes = calloc(ORIGINS, sizeof *mixes), sum;
  assert_non_null(mixes);
  for (uint32_t i = 0; i < ORIGINS; i++) {
    struct om_origin origin = {(uint8_t)(1 + i % 3), {(char)('A' + i / 3 % 26), (char)('A' + i / 78 % 26)}, i + 1, 1};
    mixes[i] = om_mix_of(&arena, origin, 1 + i * 7919 % 1000);
  }
  clock_t begun = clock();
  assert_true(om_mix_sum(&arena, &sum, mixes, ORIGINS));
  double adding = cpu_seconds(begun);
  begun = clock();
  struct om_mix out = om_mix_pool(&arena, sum, OM_MIX_MAX_SHARES);
  double pooling = cpu_seconds(begun);
  assert_int_equal(out.n, OM_MIX_MAX_SHARES);
  assert_true(om_mix_total(out) == om_mix_total(sum));
  if (pooling > 10 * adding + 0.01) fail_msg("adding takes %.3f s, pooling %.3f s", adding, pooling);
  free(mixes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(origins_sort_as_their_bytes),
      cmocka_unit_test(origin_bytes_are_pinned),
      cmocka_unit_test(impossible_origins_are_refused),
      cmocka_unit_test(largest_remainders_get_the_rest),
      cmocka_unit_test(what_cannot_be_is_refused),
      cmocka_unit_test(stored_mixes_are_checked),
      cmocka_unit_test(the_smallest_sites_are_pooled_first),
      cmocka_unit_test(countries_are_pooled_when_they_are_too_many),
      cmocka_unit_test(pooling_many_origins_costs_little_more_than_adding_them),
  };
  return cmocka_run_group_tests(tests, NULL, reset);
}
