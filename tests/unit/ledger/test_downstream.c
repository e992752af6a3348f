/* What was made of a lot is found from the lot on, through everything that makes lots, each once and up to a bound. */
#include "support/test.h"

#include <string.h>

#include "ledger/downstream.h"
#include "support/custody.h"

#define SMELT OREMARK__PROCESS__PROCESS_SMELT

static struct lot_name a_lot(struct custody *c, uint64_t mg) {
  ADMIT(c, EVERYTHING, declare(c, 1, MATERIALS(copper(c, 2 * mg, mg))));
  return custody_lot(c, 0, 0);
}

static struct om_downstream of(struct custody *c, struct lot_name lot) {
  struct om_downstream out;
  assert_ok(om_downstream_collect(&out, c->txn, &c->judged.network, lot.number, &c->st), &c->st);
  return out;
}

static void is(const struct om_downstream *d, size_t i, struct lot_name lot) {
  assert_true(i < d->n);
  assert_memory_equal(d->first[i], lot.number, sizeof lot.number);
}

static void nothing_yet(void **state) {
  struct custody *c = *state;
  char text[OM_DOWNSTREAM_TEXT_BYTES];
  struct lot_name lot = a_lot(c, 100);
  ADMIT(c, EVERYTHING, ship(c, SMELTER, true, LOTS(at_last(c, lot))));
  ADMIT(c, SMELTER, receive(c, 1, LOTS(at_last(c, lot))));
  struct om_downstream d = of(c, lot);
  assert_true(d.n == 0 && !d.more);
  assert_string_equal(om_downstream_text(text, &d), "");
  ADMIT(c, SMELTER, retire(c, LOTS(at_last(c, lot))));
  assert_true(of(c, lot).n == 0);
  assert_true(of(c, (struct lot_name){{9, 9}}).n == 0); /* one that nobody knows */
}

static void through_every_process_and_each_once(void **state) {
  struct custody *c = *state;
  char text[OM_DOWNSTREAM_TEXT_BYTES];
  struct lot_name lot = a_lot(c, 100), free = a_lot(c, 50);
  ADMIT(c, EVERYTHING, split(c, at_last(c, lot), MATERIALS(copper(c, 80, 40), copper(c, 120, 60))));
  struct lot_name a = custody_lot(c, 0, 0), b = custody_lot(c, 0, 1);
  ADMIT(c, EVERYTHING, transform(c, SMELT, LOTS(at_last(c, a)), MATERIALS(copper(c, 40, 40)), NULL));
  struct lot_name anode = custody_lot(c, 0, 0);
  ADMIT(c, EVERYTHING, combine(c, LOTS(at_last(c, free), at_last(c, anode), at_last(c, b)), copper(c, 260, 150)));
  struct lot_name whole = custody_lot(c, 0, 0);
  struct om_downstream d = of(c, lot);
  assert_true(d.n == 4 && !d.more);
  is(&d, 0, a), is(&d, 1, b), is(&d, 2, anode), is(&d, 3, whole);
  assert_non_null(strstr(om_downstream_text(text, &d), "4 lots have been made of it since: OM-"));
  d = of(c, free);
  assert_true(d.n == 1);
  is(&d, 0, whole);
  assert_non_null(strstr(om_downstream_text(text, &d), "1 lot has been made of it since: OM-"));
  assert_true(of(c, whole).n == 0);
}

/* Of a pool, what came out after it went in. */
static void through_pools(void **state) {
  struct custody *c = *state;
  struct lot_name first = a_lot(c, 100), second = a_lot(c, 100), third = a_lot(c, 100);
  ADMIT(c, EVERYTHING, charge(c, NULL, LOTS(at_last(c, first))));
  struct lot_name pool = custody_lot(c, 0, 0);
  ADMIT(c, EVERYTHING, draw(c, at_last(c, pool), MATERIALS(copper(c, 10, 10)), LOSSES(NULL)));
  struct lot_name early = custody_lot(c, 0, 1);
  Oremark__Event *both[] = {draw(c, at_last(c, pool), MATERIALS(copper(c, 5, 5), copper(c, 6, 6)), LOSSES(NULL)),
                            charge(c, at_place(c, 0, 0), LOTS(at_last(c, second))), NULL};
  custody_admit(c, EVERYTHING, both, (const uint32_t[]){0}, __LINE__); /* the pool is named by its place */
  ADMIT(c, EVERYTHING, charge(c, at_last(c, pool), LOTS(at_last(c, third))));
  ADMIT(c, EVERYTHING, draw(c, at_last(c, pool), MATERIALS(copper(c, 20, 20)), LOSSES(NULL)));
  struct lot_name late = custody_lot(c, 0, 1);
  struct om_downstream d = of(c, first);
  assert_true(d.n == 5);
  is(&d, 0, pool), is(&d, 1, early);
  d = of(c, second);
  assert_true(d.n == 2);
  is(&d, 0, pool), is(&d, 1, late);
  assert_true(of(c, third).n == 2);
  assert_true(of(c, pool).n == 4);
}

/* One part goes into a pool at once, and another before it by a longer way: all that came out since the earlier of the
 * two is counted. */
static void a_pool_is_entered_again_at_an_earlier_step(void **state) {
  struct custody *c = *state;
  struct lot_name lot = a_lot(c, 100), free = a_lot(c, 100);
  ADMIT(c, EVERYTHING, charge(c, NULL, LOTS(at_last(c, free))));
  struct lot_name pool = custody_lot(c, 0, 0);
  ADMIT(c, EVERYTHING, split(c, at_last(c, lot), MATERIALS(copper(c, 100, 50), copper(c, 100, 50))));
  struct lot_name near = custody_lot(c, 0, 0), far = custody_lot(c, 0, 1);
  ADMIT(c, EVERYTHING, transform(c, SMELT, LOTS(at_last(c, far)), MATERIALS(copper(c, 100, 50)), NULL));
  struct lot_name anode = custody_lot(c, 0, 0);
  ADMIT(c, EVERYTHING, charge(c, at_last(c, pool), LOTS(at_last(c, anode))));
  ADMIT(c, EVERYTHING, draw(c, at_last(c, pool), MATERIALS(copper(c, 20, 20)), LOSSES(NULL)));
  ADMIT(c, EVERYTHING, charge(c, at_last(c, pool), LOTS(at_last(c, near))));
  ADMIT(c, EVERYTHING, draw(c, at_last(c, pool), MATERIALS(copper(c, 30, 30)), LOSSES(NULL)));
  assert_true(of(c, near).n == 2 && of(c, far).n == 4);
  assert_true(of(c, lot).n == 6); /* two parts, anode, pool, both draws */
}

static void it_is_counted_up_to_a_bound(void **state) {
  enum { PARTS = 1000, TIMES = 11 };
  static Oremark__Material *parts[PARTS + 1];
  struct custody *c = *state;
  struct lot_name lot = a_lot(c, TIMES * PARTS), of_all = lot;
  for (size_t i = 0; i < TIMES; i++) {
    uint64_t rest = (TIMES - i - 1) * PARTS + 1 + i;
    for (size_t k = 0; k < PARTS; k++) parts[k] = copper(c, k ? 2 : 2 * rest, k ? 1 : rest);
    ADMIT(c, EVERYTHING, split(c, at_last(c, lot), parts));
    lot = custody_lot(c, 0, 0);
  }
  struct om_downstream d = of(c, of_all);
  char text[OM_DOWNSTREAM_TEXT_BYTES];
  assert_true(d.more && d.n == OM_DOWNSTREAM_MAX);
  assert_non_null(strstr(om_downstream_text(text, &d), "at least 10000 lots have been made of it since: OM-"));
  assert_string_equal(text + strlen(text) - 5, ", ...");
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, custody_setup, custody_teardown)
  const struct CMUnitTest tests[] = {
      TEST(nothing_yet),
      TEST(through_every_process_and_each_once),
      TEST(through_pools),
      TEST(a_pool_is_entered_again_at_an_earlier_step),
      TEST(it_is_counted_up_to_a_bound),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
