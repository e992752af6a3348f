/* Random mixes against a naive reference that follows the words of DESIGN section 4 one step at a time. */
#include "ledger/mix.h"

#include <stdbool.h>
#include <string.h>

#include "ledger/quantity.h"
#include "support/seed.h"
#include "support/test.h"

enum {
  ROUNDS = 3000,
  ROWS_MAX = 90, /* more than a lot keeps, so that pooling is met too */
};

static struct om_arena arena;
static uint64_t random_state;

static int setup(void **state) {
  (void)state;
  random_state = test_seed();
  return 0;
}

static int teardown(void **state) {
  (void)state;
  om_arena_free(&arena);
  return 0;
}

/* Few values, so that equal origins, equal masses and common countries are frequent. */
static struct om_origin random_origin(void) {
  static const char countries[][2] = {{'C', 'D'}, {'C', 'L'}, {'P', 'E'}, {'S', 'E'}, {'F', 'I'}, {'Z', 'M'}};
  struct om_origin o = {.kind = (uint8_t)(1 + test_below(&random_state, 4))};
  if (o.kind == OM_ORIGIN_UNDECLARED || test_below(&random_state, 20) == 0) return o;
  memcpy(o.country, countries[test_below(&random_state, 6)], 2);
  if (test_below(&random_state, 8) == 0) return o;
  o.member = (uint32_t)(1 + test_below(&random_state, 5));
  o.site = (uint32_t)test_below(&random_state, 3);
  return o;
}

static int64_t random_mass(void) {
  switch (test_below(&random_state, 4)) {
    case 0: return (int64_t)(1 + test_below(&random_state, 5));
    case 1: return (int64_t)(1 + test_below(&random_state, 1000000));
    case 2: return OM_MASS_MAX_MG / ROWS_MAX / 4 - (int64_t)test_below(&random_state, 3);
    default: return (int64_t)(1 + (test_random(&random_state) >> (8 + test_below(&random_state, 50))) / ROWS_MAX / 4);
  }
}

/* Adds MG at ORIGIN into rows that are kept in order by hand. */
static void naive_add(struct om_share *rows, size_t *n, struct om_origin origin, int64_t mg) {
  size_t at = 0;
  while (at < *n && om_origin_compare(rows[at].origin, origin) < 0) at++;
  if (at < *n && om_origin_compare(rows[at].origin, origin) == 0) {
    rows[at].mg += mg;
    return;
  }
  for (size_t i = *n; i > at; i--) rows[i] = rows[i - 1];
  rows[at] = (struct om_share){origin, mg};
  (*n)++;
}

static struct om_mix random_mix(size_t rows_max) {
  struct om_share *rows = om_arena_array(&arena, rows_max, sizeof *rows);
  size_t n = 0, rows_wanted = test_below(&random_state, rows_max + 1);
  for (size_t i = 0; i < rows_wanted; i++) naive_add(rows, &n, random_origin(), random_mass());
  return (struct om_mix){n, rows};
}

static void assert_same(struct om_mix a, struct om_mix b) {
  assert_int_equal(a.n, b.n);
  for (size_t i = 0; i < a.n; i++) {
    assert_int_equal(om_origin_compare(a.shares[i].origin, b.shares[i].origin), 0);
    assert_true(a.shares[i].mg == b.shares[i].mg);
  }
}

/* Whole parts, then one milligram at a time to the largest remainder that has none yet. */
static struct om_mix naive_scale(struct om_mix in, int64_t total) {
  struct om_share *rows = om_arena_array(&arena, in.n, sizeof *rows);
  bool *has_one = om_arena_array(&arena, in.n, sizeof *has_one);
  om_u128 old = 0, given = 0;
  for (size_t i = 0; i < in.n; i++) old = old + (uint64_t)in.shares[i].mg;
  for (size_t i = 0; i < in.n; i++) {
    rows[i] = (struct om_share){in.shares[i].origin, (int64_t)((om_u128)in.shares[i].mg * (om_u128)total / old)};
    given = given + (uint64_t)rows[i].mg;
  }
  for (; given < (om_u128)total; given++) {
    size_t best = in.n;
    for (size_t i = 0; i < in.n; i++) {
      if (has_one[i]) continue;
      om_u128 left = (om_u128)in.shares[i].mg * (om_u128)total % old;
      if (best == in.n || left > (om_u128)in.shares[best].mg * (om_u128)total % old) best = i;
    }
    has_one[best] = true;
    rows[best].mg++;
  }
  size_t n = 0;
  for (size_t i = 0; i < in.n; i++)
    if (rows[i].mg > 0) rows[n++] = rows[i];
  return (struct om_mix){n, rows};
}

static int64_t random_total(int64_t old) {
  switch (test_below(&random_state, 5)) {
    case 0: return (int64_t)test_below(&random_state, 200);
    case 1: return old;
    case 2: return OM_MASS_MAX_MG - (int64_t)test_below(&random_state, 2);
    default: return (int64_t)test_below(&random_state, (uint64_t)old + 1);
  }
}

static void scaling_follows_the_reference(void **state) {
  (void)state;
  for (uint64_t round = 0; round < test_times(ROUNDS); round++) {
    om_arena_reset(&arena);
    struct om_mix in = random_mix(ROWS_MAX), out;
    if (in.n == 0) continue;
    int64_t old = om_mix_total(in), total = random_total(old);
    assert_true(om_mix_scale(&arena, &out, in, total));
    assert_true(om_mix_ok(out));
    assert_true(om_mix_total(out) == total);
    assert_same(out, naive_scale(in, total));
    for (size_t i = 0, k = 0; i < in.n; i++) { /* within a milligram of the proportion */
      int64_t got = 0;
      if (k < out.n && om_origin_compare(out.shares[k].origin, in.shares[i].origin) == 0) got = out.shares[k++].mg;
      om_u128 exact = (om_u128)in.shares[i].mg * (om_u128)total, mine = (om_u128)got * (om_u128)old;
      assert_true((mine > exact ? mine - exact : exact - mine) < (om_u128)old);
    }
  }
}

static void taking_leaves_the_rest(void **state) {
  (void)state;
  for (uint64_t round = 0; round < test_times(ROUNDS); round++) {
    om_arena_reset(&arena);
    struct om_mix in = random_mix(ROWS_MAX), rest = in, all = {0};
    for (int piece = 0; piece < 4; piece++) { /* piece by piece, and put together again */
      struct om_mix before = rest, taken;
      int64_t amount = (int64_t)test_below(&random_state, (uint64_t)om_mix_total(before) + 1);
      assert_true(om_mix_take(&arena, &taken, &rest, before, amount));
      assert_true(om_mix_ok(taken) && om_mix_ok(rest));
      assert_true(om_mix_total(taken) == amount);
      assert_true(om_mix_sum(&arena, &all, (const struct om_mix[]){all, taken}, 2));
    }
    assert_true(om_mix_sum(&arena, &all, (const struct om_mix[]){all, rest}, 2));
    assert_same(all, in);
  }
}

static void sums_do_not_depend_on_the_order(void **state) {
  (void)state;
  for (uint64_t round = 0; round < test_times(ROUNDS); round++) {
    om_arena_reset(&arena);
    struct om_mix mixes[4], sum, shuffled;
    struct om_share rows[4 * 30];
    size_t n = 0;
    for (size_t i = 0; i < 4; i++) {
      mixes[i] = random_mix(30);
      for (size_t k = 0; k < mixes[i].n; k++) naive_add(rows, &n, mixes[i].shares[k].origin, mixes[i].shares[k].mg);
    }
    assert_true(om_mix_sum(&arena, &sum, mixes, 4));
    assert_true(om_mix_ok(sum));
    assert_same(sum, (struct om_mix){n, rows});
    for (size_t i = 3; i > 0; i--) {
      size_t k = test_below(&random_state, i + 1);
      struct om_mix swap = mixes[i];
      mixes[i] = mixes[k];
      mixes[k] = swap;
    }
    assert_true(om_mix_sum(&arena, &shuffled, mixes, 4));
    assert_same(sum, shuffled);
  }
}

static bool is_level(struct om_origin o, bool site) {
  return site ? o.member != 0 : o.member == 0 && o.country[0] != 0;
}

/* Moves the smallest row (of equal ones the larger origin) up, one at a time; sites first, then countries. */
static struct om_mix naive_pool(struct om_mix in, size_t max) {
  struct om_share *rows = om_arena_copy(&arena, in.shares, (in.n + 1) * sizeof *rows);
  size_t n = in.n;
  for (int site = 1; site >= 0; site--)
    while (n > max) {
      size_t best = n;
      for (size_t i = 0; i < n; i++)
        if (is_level(rows[i].origin, site) && (best == n || rows[i].mg <= rows[best].mg)) best = i;
      if (best == n) break;
      struct om_share moved = rows[best];
      for (size_t i = best; i + 1 < n; i++) rows[i] = rows[i + 1];
      n--;
      if (!site) moved.origin.country[0] = moved.origin.country[1] = 0;
      moved.origin.member = moved.origin.site = 0;
      naive_add(rows, &n, moved.origin, moved.mg);
    }
  return (struct om_mix){n, rows};
}

static void pooling_follows_the_reference(void **state) {
  (void)state;
  for (uint64_t round = 0; round < test_times(ROUNDS); round++) {
    om_arena_reset(&arena);
    struct om_share *room = om_arena_array(&arena, ROWS_MAX + 1, sizeof *room);
    struct om_mix in = random_mix(ROWS_MAX);
    memcpy(room, in.shares, in.n * sizeof *room); /* the reference copies one row more */
    in.shares = room;
    size_t max = OM_MIX_POOLED_MAX + test_below(&random_state, ROWS_MAX);
    struct om_mix out = om_mix_pool(&arena, in, max);
    assert_true(out.n <= max);
    assert_true(om_mix_ok(out));
    assert_true(om_mix_total(out) == om_mix_total(in));
    assert_same(out, naive_pool(in, max));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(scaling_follows_the_reference),
      cmocka_unit_test(taking_leaves_the_rest),
      cmocka_unit_test(sums_do_not_depend_on_the_order),
      cmocka_unit_test(pooling_follows_the_reference),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
