/* Hold and release: what may happen to a lot on hold and with whose signatures, each cell of the table in
 * ledger/events/hold.c. */
#include "support/test.h"

#include <string.h>

#include "ledger/events/rules.h"
#include "support/attest.h"

#define RESERVE OREMARK__HOLD_REASON__HOLD_REASON_STRATEGIC_RESERVE
#define SMELT OREMARK__PROCESS__PROCESS_SMELT
#define SIGNED(c, member, event, ...) \
  custody_admit(c, member, (Oremark__Event *[]){event, NULL}, COSIGNED(__VA_ARGS__), __LINE__)
#define REFUSED(c, rule, member, event, ...) \
  custody_refuse(c, rule, member, (Oremark__Event *[]){event, NULL}, COSIGNED(__VA_ARGS__), __LINE__)

static const uint32_t three[] = {REFINER, MAKER, TRADER, 0};

/* A lot of 10 t with 3 t copper, the smelter's own and in its hands. */
static struct lot_name own(struct custody *c) {
  ADMIT(c, SMELTER, declare(c, 1, MATERIALS(copper(c, UINT64_C(10) * T, UINT64_C(3) * T))));
  return custody_lot(c, 0, 0);
}

/* The same in a reserve, released by two of three. */
static struct lot_name held(struct custody *c) {
  struct lot_name lot = own(c);
  ADMIT(c, SMELTER, hold(c, RESERVE, 2, three, LOTS(at_last(c, lot))));
  return lot;
}

static void the_terms_stand_in_the_lot(void **state) {
  struct custody *c = *state;
  struct lot_name lot = held(c);
  struct om_lot row = custody_look(c, lot);
  assert_int_equal(row.hold.reason, RESERVE);
  assert_int_equal(row.hold.threshold, 2);
  assert_int_equal(row.hold.n_releasers, 3);
  assert_memory_equal(row.hold.releasers, three, 3 * sizeof *three);
  assert_int_equal(row.hold.at.log, SMELTER);
  assert_int_equal(row.hold.at.index, 1);
  assert_int_equal(row.state, OM_LOT_HELD);
  assert_int_equal(row.owner, SMELTER);
  SIGNED(c, SMELTER, release(c, LOTS(at_last(c, lot))), REFINER, TRADER);
  assert_int_equal(custody_look(c, lot).hold.reason, 0);
  ADMIT(c, SMELTER, ship(c, TRADER, true, LOTS(at_last(c, lot))));
}

static void a_lot_on_hold_stays_what_and_where_it_is(void **state) {
  struct custody *c = *state;
  struct lot_name lot = held(c), free_one = own(c);
  Oremark__LotRef *ref = at_last(c, lot), *other = at_last(c, free_one);
  Oremark__Material *half = copper(c, UINT64_C(5) * T, UINT64_C(15) * T / 10);
  REFUSE(c, "hold", SMELTER, ship(c, TRADER, false, LOTS(ref)));
  REFUSE(c, "hold", SMELTER, split(c, ref, MATERIALS(half, half)));
  REFUSE(c, "hold", SMELTER, combine(c, LOTS(other, ref), copper(c, UINT64_C(20) * T, UINT64_C(6) * T)));
  REFUSE(c, "hold", SMELTER, transform(c, SMELT, LOTS(ref), MATERIALS(half), NULL));
  REFUSE(c, "hold", SMELTER, transform(c, SMELT, LOTS(other, ref), MATERIALS(half), NULL));
  REFUSE(c, "hold", SMELTER, charge(c, NULL, LOTS(ref)));
  REFUSE(c, "hold", SMELTER, retire(c, LOTS(ref)));
  REFUSE(c, "hold", SMELTER, hold(c, RESERVE, 1, three, LOTS(ref)));
  REFUSED(c, "hold", SMELTER, ship(c, TRADER, false, LOTS(ref)), REFINER, MAKER,
          TRADER); /* signatures are no release */
  assert_non_null(strstr(c->st.text, "oremark release"));
  ADMIT(c, SMELTER, charge(c, NULL, LOTS(other)));
  struct lot_name pool = custody_lot(c, 0, 0);
  REFUSE(c, "hold", SMELTER, charge(c, at_last(c, pool), LOTS(ref)));
}

static void what_was_received_and_put_on_hold_is_not_settled(void **state) {
  struct custody *c = *state;
  ADMIT(c, MINE, extract(c, 1, MATERIALS(copper(c, UINT64_C(10) * T, UINT64_C(3) * T))));
  struct lot_name lot = custody_lot(c, 0, 0);
  ADMIT(c, MINE, ship(c, SMELTER, true, LOTS(at_last(c, lot))));
  ADMIT(c, SMELTER, receive(c, 1, LOTS(at_last(c, lot))));
  ADMIT(c, SMELTER, hold(c, RESERVE, 2, three, LOTS(at_last(c, lot))));
  REFUSED(c, "hold", SMELTER, settle(c, MINE, at_last(c, lot)), MINE);
  SIGNED(c, SMELTER, release(c, LOTS(at_last(c, lot))), REFINER, MAKER);
  SIGNED(c, SMELTER, settle(c, MINE, at_last(c, lot)), MINE);
}

static void its_balance_is_not_corrected(void **state) {
  struct custody *c = *state;
  struct lot_name lot = own(c);
  Oremark__EventRef *made = last_event(c, 0);
  ADMIT(c, SMELTER, hold(c, RESERVE, 2, three, LOTS(at_last(c, lot))));
  REFUSE(c, "hold", SMELTER, correct(c, made, UINT64_C(9) * T, 2 * T, at_last(c, lot)));
  ADMIT(c, SMELTER, correct(c, made, UINT64_C(9) * T, 2 * T, NULL)); /* said, and the lot left as it is */
  assert_true(custody_metal(c, lot, CU) == INT64_C(3) * T);
  SIGNED(c, SMELTER, release(c, LOTS(at_last(c, lot))), REFINER, MAKER);
  ADMIT(c, SMELTER, correct(c, made, UINT64_C(9) * T, 2 * T, at_last(c, lot)));
}

static void certificates_are_claimed_for_it(void **state) {
  struct custody *c = *state;
  struct lot_name lot = held(c);
  recognise(c, "Copper Mark", (const uint32_t[]){EVERYTHING, 0});
  ADMIT(c, EVERYTHING, certify(c, about_member(c, SMELTER), c->taken_ms - 1000, c->taken_ms + 1000, T));
  ADMIT(c, SMELTER, claim(c, last_event(c, 0), at_last(c, lot), T));
  assert_int_equal(custody_look(c, lot).hold.threshold, 2);
}

static void a_release_takes_enough_of_those_named(void **state) {
  struct custody *c = *state;
  struct lot_name lot = held(c);
  Oremark__Event *out = release(c, LOTS(at_last(c, lot)));
  REFUSE(c, "hold", SMELTER, out);
  REFUSED(c, "hold", SMELTER, out, MAKER);
  assert_non_null(strstr(c->st.text, "1 stands, and 1 more"));
  assert_non_null(strstr(c->st.text, "Member 3"));
  assert_null(strstr(c->st.text, "Member 4"));
  assert_non_null(strstr(c->st.text, "Member 6"));
  REFUSED(c, "hold", SMELTER, out, MINE, MAKER, EVERYTHING); /* others' don't count */
  REFUSED(c, "signature-not-needed", SMELTER, out, MINE, REFINER, MAKER);
  REFUSED(c, "pen", MAKER, out, REFINER, TRADER);                /* nor may they say it themselves */
  SIGNED(c, SMELTER, out, REFINER, MAKER, TRADER);               /* one more than it takes */
  REFUSE(c, "hold", SMELTER, release(c, LOTS(at_last(c, lot)))); /* there is nothing more to release */
}

static void who_keeps_the_lot_may_be_one_of_them(void **state) {
  struct custody *c = *state;
  static const uint32_t with_keeper[] = {SMELTER, TRADER, 0};
  struct lot_name a = own(c), b = own(c);
  ADMIT(c, SMELTER, hold(c, RESERVE, 1, with_keeper, LOTS(at_last(c, a))));
  ADMIT(c, SMELTER, hold(c, RESERVE, 2, with_keeper, LOTS(at_last(c, b))));
  ADMIT(c, SMELTER, release(c, LOTS(at_last(c, a))));
  REFUSE(c, "hold", SMELTER, release(c, LOTS(at_last(c, b))));
  SIGNED(c, SMELTER, release(c, LOTS(at_last(c, b))), TRADER);
}

static void a_releaser_who_is_suspended_does_not_count(void **state) {
  struct custody *c = *state;
  struct lot_name lot = held(c);
  Oremark__Event *out = release(c, LOTS(at_last(c, lot)));
  custody_change(c, TRADER, OM_ROLES_CUSTODY, TRADER, true);
  c->registry_size = REGISTRY_SIZE + 1;
  REFUSED(c, "hold", SMELTER, out, MAKER, TRADER);
  assert_non_null(strstr(c->st.text, "Member 3"));
  assert_null(strstr(c->st.text, "Member 6"));
  assert_null(strstr(c->st.text, "governors"));
  SIGNED(c, SMELTER, out, REFINER, MAKER, TRADER);
  lot = held(c);
  custody_change(c, MAKER, OM_ROLES_CUSTODY, MAKER, true);
  REFUSED(c, "hold", SMELTER, release(c, LOTS(at_last(c, lot))), REFINER);
  assert_non_null(strstr(c->st.text, "the governors can stand in for them"));
}

static void a_hold_names_enough_who_can_sign(void **state) {
  struct custody *c = *state;
  ADMIT(c, MINE, extract(c, 1, MATERIALS(copper(c, 2 * T, T))));
  struct lot_name lot = custody_lot(c, 0, 0);
  custody_change(c, TRADER, OM_ROLES_CUSTODY, TRADER, true);
  c->registry_size = REGISTRY_SIZE + 1;
  REFUSE(c, "hold", MINE, hold(c, RESERVE, 3, three, LOTS(at_last(c, lot))));
  assert_non_null(strstr(c->st.text, "only 2 are not suspended"));
  ADMIT(c, MINE, hold(c, RESERVE, 2, three, LOTS(at_last(c, lot))));
}

static void a_part_is_released_in_one_statement(void **state) {
  struct custody *c = *state;
  struct lot_name lot = held(c);
  Oremark__Event *events[] = {
      release(c, LOTS(at_last(c, lot))),
      split(c, at_place(c, 0, 0), MATERIALS(copper(c, UINT64_C(8) * T, 2 * T), copper(c, 2 * T, T))),
      hold(c, RESERVE, 2, three, LOTS(at_place(c, 1, 0))), ship(c, TRADER, true, LOTS(at_place(c, 1, 1))), NULL};
  custody_refuse(c, "hold", SMELTER, events, COSIGNED(TRADER), __LINE__);
  custody_admit(c, SMELTER, events, COSIGNED(MAKER, TRADER), __LINE__);
  assert_int_equal(custody_look(c, custody_lot(c, 1, 0)).hold.reason, RESERVE);
  assert_int_equal(custody_look(c, custody_lot(c, 1, 1)).state, OM_LOT_IN_TRANSIT);
}

static void title_of_a_pledge_passes_with_its_releasers(void **state) {
  struct custody *c = *state;
  static const uint32_t bank[] = {TRADER, 0};
  struct lot_name lot = own(c);
  ADMIT(c, SMELTER, hold(c, OREMARK__HOLD_REASON__HOLD_REASON_PLEDGE, 1, bank, LOTS(at_last(c, lot))));
  Oremark__Event *sold = transfer_title(c, SMELTER, MAKER, LOTS(at_last(c, lot)));
  REFUSED(c, "hold", SMELTER, sold, MAKER);
  SIGNED(c, SMELTER, sold, MAKER, TRADER);
  struct om_lot row = custody_look(c, lot);
  assert_int_equal(row.owner, MAKER);
  assert_int_equal(row.hold.reason, OREMARK__HOLD_REASON__HOLD_REASON_PLEDGE);
  SIGNED(c, SMELTER, release(c, LOTS(at_last(c, lot))), TRADER);
}

static void what_another_owns_is_held_with_its_signature(void **state) {
  struct custody *c = *state;
  ADMIT(c, MINE, extract(c, 1, MATERIALS(copper(c, UINT64_C(10) * T, UINT64_C(3) * T))));
  struct lot_name lot = custody_lot(c, 0, 0);
  ADMIT(c, MINE, ship(c, SMELTER, false, LOTS(at_last(c, lot))));
  REFUSE(c, "pen", MINE, hold(c, RESERVE, 1, three, LOTS(at_last(c, lot))));
  REFUSE(c, "pen", SMELTER, hold(c, RESERVE, 1, three, LOTS(at_last(c, lot)))); /* on its way still */
  ADMIT(c, SMELTER, receive(c, 1, LOTS(at_last(c, lot))));
  REFUSE(c, "title", SMELTER, hold(c, RESERVE, 1, three, LOTS(at_last(c, lot))));
  SIGNED(c, SMELTER, hold(c, RESERVE, 1, three, LOTS(at_last(c, lot))), MINE);
}

/* A consignee that is lost with what it keeps: the next one keeps it on the same terms. */
static void a_hold_survives_a_reassignment(void **state) {
  struct custody *c = *state;
  struct lot_name lot = held(c), back = held(c), sold = held(c);
  custody_reassign(c, lot, MAKER);
  custody_reassign(c, back, MAKER);
  custody_reassign(c, sold, MAKER);
  c->registry_size = REGISTRY_SIZE + 1;
  REFUSED(c, "pen", SMELTER, release(c, LOTS(at_last(c, lot))), REFINER, TRADER);
  REFUSED(c, "pen", MAKER, release(c, LOTS(at_last(c, lot))), REFINER, TRADER); /* received first */
  ADMIT(c, MAKER, receive(c, 1, LOTS(at_last(c, lot))));
  assert_int_equal(custody_look(c, lot).hold.threshold, 2);
  assert_int_equal(custody_look(c, lot).custodian, MAKER);
  REFUSE(c, "hold", MAKER, ship(c, TRADER, false, LOTS(at_last(c, lot))));
  SIGNED(c, MAKER, release(c, LOTS(at_last(c, lot))), REFINER);
  ADMIT(c, MAKER, reject(c, LOTS(at_last(c, back))));
  assert_int_equal(custody_look(c, back).hold.threshold, 2);
  assert_int_equal(custody_look(c, back).pen, SMELTER);
  REFUSE(c, "hold", SMELTER, ship(c, TRADER, false, LOTS(at_last(c, back))));
  SIGNED(c, MAKER, transfer_title(c, SMELTER, EVERYTHING, LOTS(at_last(c, sold))), SMELTER, REFINER, EVERYTHING);
  assert_int_equal(custody_look(c, sold).owner, EVERYTHING);
  ADMIT(c, MAKER, receive(c, 1, LOTS(at_last(c, sold))));
  assert_int_equal(custody_look(c, sold).hold.threshold, 2);
}

static void pools_are_not_held(void **state) {
  struct custody *c = *state;
  struct lot_name lot = own(c);
  ADMIT(c, SMELTER, charge(c, NULL, LOTS(at_last(c, lot))));
  struct lot_name pool = custody_lot(c, 0, 0);
  REFUSE(c, "pool", SMELTER, hold(c, RESERVE, 1, three, LOTS(at_last(c, pool))));
  REFUSE(c, "pool", SMELTER, release(c, LOTS(at_last(c, pool))));
}

static void forms(void **state) {
  struct custody *c = *state;
  static const uint32_t doubled[] = {MAKER, MAKER, 0}, backwards[] = {TRADER, MAKER, 0}, stranger[] = {MAKER, GHOST, 0},
                        none[] = {0};
  uint32_t many[OM_RELEASERS_MAX + 2] = {0};
  struct lot_name lot = own(c);
  Oremark__LotRef *ref = at_last(c, lot);
  for (uint32_t i = 0; i <= OM_RELEASERS_MAX; i++) many[i] = i + 1;
  REFUSE(c, "form", SMELTER, hold(c, OREMARK__HOLD_REASON__HOLD_REASON_UNSTATED, 1, three, LOTS(ref)));
  REFUSE(c, "form", SMELTER, hold(c, (Oremark__HoldReason)5, 1, three, LOTS(ref)));
  REFUSE(c, "form", SMELTER, hold(c, RESERVE, 0, three, LOTS(ref)));
  REFUSE(c, "form", SMELTER, hold(c, RESERVE, 4, three, LOTS(ref)));
  REFUSE(c, "form", SMELTER, hold(c, RESERVE, 1, none, LOTS(ref)));
  REFUSE(c, "form", SMELTER, hold(c, RESERVE, 1, doubled, LOTS(ref)));
  REFUSE(c, "form", SMELTER, hold(c, RESERVE, 1, backwards, LOTS(ref)));
  REFUSE(c, "form", SMELTER, hold(c, RESERVE, 1, many, LOTS(ref)));
  REFUSE(c, "form", SMELTER, hold(c, RESERVE, 1, three, (Oremark__LotRef *[]){NULL}));
  REFUSE(c, "hold", SMELTER, hold(c, RESERVE, 1, stranger, LOTS(ref)));
  REFUSE(c, "twice", SMELTER, hold(c, RESERVE, 1, three, LOTS(ref, ref)));
  REFUSE(c, "role", ASSAYER, hold(c, RESERVE, 1, three, LOTS(ref)));
}

/* What the judging log has marked decides. The hold goes on until it is released. */
static void an_overruled_hold_takes_no_releaser(void **state) {
  struct custody *c = *state;
  struct lot_name other = held(c), lot = held(c);
  custody_overrule(c, last_event(c, 0), REGISTRY_SIZE);
  Oremark__Event *out = release(c, LOTS(at_last(c, lot)));
  REFUSE(c, "hold", SMELTER, out);
  c->registry_size = REGISTRY_SIZE + 1;
  REFUSE(c, "hold", SMELTER, ship(c, TRADER, true, LOTS(at_last(c, lot))));
  REFUSE(c, "hold", SMELTER, release(c, LOTS(at_last(c, other))));
  REFUSE(c, "pen", TRADER, out);
  SIGNED(c, SMELTER, transfer_title(c, SMELTER, MINE, LOTS(at_last(c, lot))), MINE);
  ADMIT(c, SMELTER, release(c, LOTS(at_last(c, lot))));
  REFUSE(c, "hold", SMELTER, release(c, LOTS(at_last(c, lot))));
  /* A hold of the same statement is none that they could have named. */
  REFUSE(c, "hold", SMELTER, hold(c, RESERVE, 1, three, LOTS(at_last(c, own(c)))), release(c, LOTS(at_place(c, 0, 0))));
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, custody_setup, custody_teardown)
  const struct CMUnitTest tests[] = {
      TEST(the_terms_stand_in_the_lot),
      TEST(a_lot_on_hold_stays_what_and_where_it_is),
      TEST(what_was_received_and_put_on_hold_is_not_settled),
      TEST(its_balance_is_not_corrected),
      TEST(certificates_are_claimed_for_it),
      TEST(a_release_takes_enough_of_those_named),
      TEST(who_keeps_the_lot_may_be_one_of_them),
      TEST(a_releaser_who_is_suspended_does_not_count),
      TEST(a_hold_names_enough_who_can_sign),
      TEST(a_part_is_released_in_one_statement),
      TEST(title_of_a_pledge_passes_with_its_releasers),
      TEST(what_another_owns_is_held_with_its_signature),
      TEST(a_hold_survives_a_reassignment),
      TEST(an_overruled_hold_takes_no_releaser),
      TEST(pools_are_not_held),
      TEST(forms),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
