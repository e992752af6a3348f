/* Rows of lots: they come back as they were, and nothing else is taken for one. */
#include "support/test.h"

#include <string.h>

#include "ledger/lot.h"
#include "support/seed.h"

static struct om_arena arena;

static const struct om_share copper[] = {{{OM_ORIGIN_MINE, "CL", 2, 1}, 5},
                                         {{OM_ORIGIN_UNDECLARED, "\0", 0, 0}, INT64_MAX - 5}};
static const struct om_share gold[] = {{{OM_ORIGIN_POST_CONSUMER_WASTE, "SE", 7, 3}, 12}};
static const struct om_content contents[] = {{29, INT64_MAX, {2, copper}}, {79, 12, {1, gold}}};

static struct om_lot sample(void) {
  struct om_lot lot = {.number = "a number of 20 bytes",
                       .step = 3,
                       .at = {1, UINT64_C(0x0102030405060708), 2, 999},
                       .born = {UINT32_MAX, 9, 255, 0},
                       .state = OM_LOT_IN_TRANSIT,
                       .form = 14,
                       .custodian = 2,
                       .pen = UINT32_MAX,
                       .owner = 3,
                       .next_owner = 4,
                       .site = 5,
                       .consignor = 6,
                       .settled = true,
                       .gross_mg = INT64_MAX,
                       .n_contents = 2,
                       .contents = contents};
  memset(lot.last_event.bytes, 0xA5, sizeof lot.last_event.bytes);
  return lot;
}

/* The same put into a reserve. */
static struct om_lot held_sample(void) {
  static const uint32_t releasers[] = {1, 2, UINT32_MAX};
  struct om_lot lot = sample();
  lot.state = OM_LOT_HELD;
  lot.pen = lot.custodian;
  lot.next_owner = 0;
  lot.hold = (struct om_hold){1, 2, 3, releasers, {2, UINT64_C(0x0807060504030201), 3, 998}};
  return lot;
}

static size_t encode(uint8_t row[4096], uint8_t key[OM_LOT_KEY_BYTES], const struct om_lot *lot) {
  const uint8_t *bytes;
  size_t len;
  om_lot_key(key, lot->number, lot->step);
  om_lot_encode(&arena, &bytes, &len, lot);
  assert_true(len <= 4096);
  memcpy(row, bytes, len);
  return len;
}

static void rows_come_back(void **state) {
  (void)state;
  uint8_t row[4096], key[OM_LOT_KEY_BYTES];
  struct om_status st = {0};
  struct om_lot in = sample(), out;
  size_t len = encode(row, key, &in);
  assert_int_equal(om_lot_decode(&arena, &out, key, row, len, &st), OM_OK);
  assert_memory_equal(out.number, in.number, sizeof in.number);
  assert_memory_equal(&out.last_event, &in.last_event, sizeof in.last_event);
  assert_int_equal(out.step, 3);
  assert_int_equal(out.at.log, 1);
  assert_true(out.at.index == UINT64_C(0x0102030405060708));
  assert_int_equal(out.at.event, 2);
  assert_int_equal(out.at.output, 999);
  assert_true(out.born.log == UINT32_MAX && out.born.index == 9 && out.born.event == 255 && out.born.output == 0);
  assert_int_equal(out.state, OM_LOT_IN_TRANSIT);
  assert_false(out.pool);
  assert_int_equal(out.form, 14);
  assert_int_equal(out.custodian, 2);
  assert_true(out.pen == UINT32_MAX);
  assert_int_equal(out.owner, 3);
  assert_int_equal(out.next_owner, 4);
  assert_int_equal(out.site, 5);
  assert_int_equal(out.consignor, 6);
  assert_true(out.settled);
  assert_int_equal(out.hold.reason, 0);
  assert_true(out.gross_mg == INT64_MAX);
  assert_int_equal(out.n_contents, 2);
  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(out.contents[i].element, contents[i].element);
    assert_true(out.contents[i].contained_mg == contents[i].contained_mg);
    assert_int_equal(out.contents[i].mix.n, contents[i].mix.n);
    for (size_t k = 0; k < contents[i].mix.n; k++) {
      assert_true(out.contents[i].mix.shares[k].mg == contents[i].mix.shares[k].mg);
      assert_int_equal(om_origin_compare(out.contents[i].mix.shares[k].origin, contents[i].mix.shares[k].origin), 0);
    }
  }
}

static void holds_come_back(void **state) {
  (void)state;
  uint8_t row[4096], key[OM_LOT_KEY_BYTES];
  struct om_status st = {0};
  struct om_lot in = held_sample(), out;
  size_t len = encode(row, key, &in);
  assert_int_equal(om_lot_decode(&arena, &out, key, row, len, &st), OM_OK);
  assert_int_equal(out.hold.reason, 1);
  assert_int_equal(out.hold.threshold, 2);
  assert_int_equal(out.hold.n_releasers, 3);
  assert_memory_equal(out.hold.releasers, in.hold.releasers, 3 * sizeof *in.hold.releasers);
  assert_int_equal(out.hold.at.log, 2);
  assert_true(out.hold.at.index == UINT64_C(0x0807060504030201));
  assert_int_equal(out.hold.at.event, 3);
  assert_int_equal(out.hold.at.output, 998);
  assert_int_equal(out.n_contents, 2);
  assert_true(out.contents[1].contained_mg == 12);
}

static void keys_are_in_order_of_steps(void **state) {
  (void)state;
  uint8_t a[OM_LOT_KEY_BYTES], b[OM_LOT_KEY_BYTES];
  struct om_lot lot = sample();
  om_lot_key(a, lot.number, 255);
  om_lot_key(b, lot.number, 256);
  assert_true(memcmp(a, b, sizeof a) < 0);
}

static void refuse_cut(struct om_lot in) {
  uint8_t row[4096], key[OM_LOT_KEY_BYTES];
  struct om_status st = {0};
  struct om_lot out;
  size_t len = encode(row, key, &in);
  for (size_t cut = 0; cut < len; cut++) {
    uint8_t *exact = om_arena_copy(&arena, row, cut);
    assert_int_equal(om_lot_decode(&arena, &out, key, exact, cut, &st), OM_CORRUPT);
  }
  row[len] = 0;
  assert_int_equal(om_lot_decode(&arena, &out, key, row, len + 1, &st), OM_CORRUPT);
}

static void short_and_long_rows_are_refused(void **state) {
  (void)state;
  refuse_cut(sample());
  refuse_cut(held_sample());
}

/* Whatever is read encodes to what was read: so no two rows mean the same, and no broken one means anything. */
static void change(struct om_lot in) {
  uint8_t row[4096], again[4096], key[OM_LOT_KEY_BYTES], key_again[OM_LOT_KEY_BYTES];
  uint64_t seed = test_seed();
  struct om_status st = {0};
  struct om_lot out;
  size_t len = encode(row, key, &in), taken = 0;
  for (int round = 0; round < 20000; round++) {
    uint8_t changed[4096];
    memcpy(changed, row, len);
    for (uint64_t n = 1 + test_below(&seed, 3); n > 0; n--)
      changed[test_below(&seed, len)] ^= (uint8_t)(1U << test_below(&seed, 8));
    if (om_lot_decode(&arena, &out, key, changed, len, &st) != OM_OK) continue;
    taken++;
    assert_int_equal(encode(again, key_again, &out), len);
    assert_memory_equal(again, changed, len);
    om_arena_reset(&arena);
  }
  assert_true(taken > 0);
}

static void changed_rows_are_refused_or_are_other_rows(void **state) {
  (void)state;
  change(sample());
  change(held_sample());
}

static void refuse(struct om_lot lot) {
  uint8_t row[4096], key[OM_LOT_KEY_BYTES];
  struct om_status st = {0};
  struct om_lot out;
  size_t len = encode(row, key, &lot);
  assert_int_equal(om_lot_decode(&arena, &out, key, row, len, &st), OM_CORRUPT);
  assert_int_equal(st.code, OM_CORRUPT);
}

static void rows_that_make_no_sense_are_refused(void **state) {
  (void)state;
  static const struct om_share backwards[] = {{{OM_ORIGIN_UNDECLARED, "\0", 0, 0}, 1},
                                              {{OM_ORIGIN_MINE, "CL", 2, 1}, 5}};
  static const struct om_share nothing[] = {{{OM_ORIGIN_MINE, "CL", 2, 1}, 0}},
                               negative[] = {{{OM_ORIGIN_MINE, "CL", 2, 1}, -1}};
  static const struct om_share too_much[] = {{{OM_ORIGIN_MINE, "CL", 2, 1}, 1},
                                             {{OM_ORIGIN_UNDECLARED, "\0", 0, 0}, INT64_MAX}};
  static const struct om_share nowhere[] = {{{OM_ORIGIN_UNDECLARED, "CL", 2, 1}, 5}};
#define WITH(field, value)      \
  do {                          \
    struct om_lot l = sample(); \
    l.field = (value);          \
    refuse(l);                  \
  } while (0)
#define HOLDING(element, shares, n)                    \
  do {                                                 \
    struct om_lot l = sample();                        \
    struct om_content one = {element, 1, {n, shares}}; \
    l.contents = &one;                                 \
    l.n_contents = 1;                                  \
    refuse(l);                                         \
  } while (0)
  WITH(state, (enum om_lot_state)0);
  WITH(state, (enum om_lot_state)5);
  WITH(state, OM_LOT_CONSUMED); /* with a pen */
  WITH(state, OM_LOT_HELD);     /* with another's pen */
  WITH(pen, 0);
  WITH(custodian, 0);
  WITH(owner, 0);
  WITH(site, 0);
  WITH(form, 15);
  WITH(pool, true); /* in transit */
  WITH(gross_mg, -1);
  WITH(step, 0);      /* born elsewhere than its first event */
  WITH(consignor, 0); /* settled with nobody */
#define HELD_WITH(field, value)      \
  do {                               \
    struct om_lot l = held_sample(); \
    l.field = (value);               \
    refuse(l);                       \
  } while (0)
  static const uint32_t unordered_members[] = {2, 1, 3}, doubled[] = {1, 1, 2}, nobody[] = {0, 1, 2};
  HELD_WITH(hold.reason, 5);
  HELD_WITH(hold.threshold, 0);
  HELD_WITH(hold.threshold, 4);
  HELD_WITH(hold.releasers, unordered_members);
  HELD_WITH(hold.releasers, doubled);
  HELD_WITH(hold.releasers, nobody);
  HELD_WITH(pool, true);
  struct om_lot ended = held_sample();
  ended.state = OM_LOT_RETIRED;
  ended.pen = 0;
  refuse(ended); /* on hold */
  HOLDING(0, gold, 1);
  HOLDING(119, gold, 1);
  HOLDING(29, backwards, 2);
  HOLDING(29, nothing, 1);
  HOLDING(29, negative, 1);
  HOLDING(29, too_much, 2);
  HOLDING(29, nowhere, 1);
  struct om_lot l = sample();
  const struct om_content unordered[] = {contents[1], contents[0]}, twice[] = {contents[0], contents[0]};
  l.contents = unordered;
  refuse(l);
  l.contents = twice;
  refuse(l);
}

static int teardown(void **state) {
  (void)state;
  om_arena_free(&arena);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_come_back),
      cmocka_unit_test(holds_come_back),
      cmocka_unit_test(keys_are_in_order_of_steps),
      cmocka_unit_test(short_and_long_rows_are_refused),
      cmocka_unit_test(changed_rows_are_refused_or_are_other_rows),
      cmocka_unit_test(rows_that_make_no_sense_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, teardown);
}
