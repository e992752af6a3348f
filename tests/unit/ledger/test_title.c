/* Title that passes without the lot, and weights that two sides settle. */
#include "support/test.h"

#include <string.h>

#include "support/attest.h"

#define SIGNED(c, member, event, ...) \
  custody_admit(c, member, (Oremark__Event *[]){event, NULL}, COSIGNED(__VA_ARGS__), __LINE__)
#define REFUSED(c, rule, member, event, ...) \
  custody_refuse(c, rule, member, (Oremark__Event *[]){event, NULL}, COSIGNED(__VA_ARGS__), __LINE__)

/* A lot of 10 t with 3 t copper and 5 kg gold, in the hands of MINE. */
static struct lot_name mined(struct custody *c) {
  ADMIT(c, MINE, extract(c, 1, MATERIALS(MATERIAL(c, UINT64_C(10) * T, {CU, UINT64_C(3) * T}, {AU, 5 * KG}))));
  return custody_lot(c, 0, 0);
}

/* The same, shipped to SMELTER and received. */
static struct lot_name smelters(struct custody *c, bool with_title) {
  struct lot_name lot = mined(c);
  ADMIT(c, MINE, ship(c, SMELTER, with_title, LOTS(at_last(c, lot))));
  ADMIT(c, SMELTER, receive(c, 1, LOTS(at_last(c, lot))));
  return lot;
}

/* ---- title ---- */

static void title_passes_with_both_signatures(void **state) {
  struct custody *c = *state;
  struct lot_name lot = smelters(c, false);
  Oremark__Event *sold = transfer_title(c, MINE, TRADER, LOTS(at_last(c, lot)));
  REFUSE(c, "title", SMELTER, sold);
  REFUSED(c, "title", SMELTER, sold, MINE);
  assert_non_null(strstr(c->st.text, "the next owner, member 6"));
  REFUSED(c, "title", SMELTER, sold, TRADER);
  assert_non_null(strstr(c->st.text, "the present owner, member 1"));
  REFUSED(c, "signature-not-needed", SMELTER, sold, MINE, MAKER, TRADER);
  SIGNED(c, SMELTER, sold, MINE, TRADER);
  struct om_lot row = custody_look(c, lot);
  assert_int_equal(row.owner, TRADER);
  assert_int_equal(row.custodian, SMELTER);
  assert_int_equal(row.pen, SMELTER);
  assert_int_equal(row.state, OM_LOT_HELD);
  assert_int_equal(row.at.log, SMELTER);
  REFUSED(c, "title", SMELTER, retire(c, LOTS(at_last(c, lot))), MINE); /* whose it was */
  SIGNED(c, SMELTER, retire(c, LOTS(at_last(c, lot))), TRADER);
}

static void it_passes_where_the_pen_is(void **state) {
  struct custody *c = *state;
  struct lot_name lot = smelters(c, false);
  REFUSED(c, "pen", MINE, transfer_title(c, MINE, TRADER, LOTS(at_last(c, lot))), TRADER);
  REFUSED(c, "pen", TRADER, transfer_title(c, MINE, TRADER, LOTS(at_last(c, lot))), MINE);
  SIGNED(c, SMELTER, transfer_title(c, MINE, SMELTER, LOTS(at_last(c, lot))), MINE); /* buys what it holds */
  ADMIT(c, SMELTER, retire(c, LOTS(at_last(c, lot))));
  struct lot_name own = mined(c);
  REFUSE(c, "title", MINE, transfer_title(c, MINE, TRADER, LOTS(at_last(c, own)))); /* nobody is made an owner */
  SIGNED(c, MINE, transfer_title(c, MINE, TRADER, LOTS(at_last(c, own))), TRADER);
}

static void it_passes_from_the_owner(void **state) {
  struct custody *c = *state;
  struct lot_name lot = smelters(c, false);
  REFUSED(c, "title", SMELTER, transfer_title(c, SMELTER, TRADER, LOTS(at_last(c, lot))), TRADER);
  REFUSED(c, "title", SMELTER, transfer_title(c, MAKER, TRADER, LOTS(at_last(c, lot))), MAKER, TRADER);
  REFUSED(c, "title", SMELTER, transfer_title(c, MINE, GHOST, LOTS(at_last(c, lot))), MINE, GHOST);
  REFUSED(c, "form", SMELTER, transfer_title(c, MINE, MINE, LOTS(at_last(c, lot))), MINE);
  REFUSED(c, "form", SMELTER, transfer_title(c, MINE, 0, LOTS(at_last(c, lot))), MINE);
  REFUSED(c, "form", SMELTER, transfer_title(c, 0, MINE, LOTS(at_last(c, lot))), MINE);
  struct lot_name own = smelters(c, true);
  REFUSED(c, "title", SMELTER, transfer_title(c, MINE, TRADER, LOTS(at_last(c, lot), at_last(c, own))), MINE, TRADER);
  custody_change(c, TRADER, 1U << OREMARK__ROLE__ROLE_TRADER, TRADER, true);
  c->registry_size = REGISTRY_SIZE + 1;
  REFUSED(c, "suspended", SMELTER, transfer_title(c, MINE, TRADER, LOTS(at_last(c, lot))), MINE, TRADER);
}

static void a_lot_afloat_may_be_sold(void **state) {
  struct custody *c = *state;
  struct lot_name lot = mined(c);
  ADMIT(c, MINE, ship(c, SMELTER, false, LOTS(at_last(c, lot))));
  REFUSED(c, "pen", MINE, transfer_title(c, MINE, TRADER, LOTS(at_last(c, lot))), TRADER);
  SIGNED(c, SMELTER, transfer_title(c, MINE, TRADER, LOTS(at_last(c, lot))), MINE, TRADER);
  assert_int_equal(custody_look(c, lot).state, OM_LOT_IN_TRANSIT);
  ADMIT(c, SMELTER, receive(c, 1, LOTS(at_last(c, lot))));
  assert_int_equal(custody_look(c, lot).owner, TRADER);

  struct lot_name titled = mined(c);
  ADMIT(c, MINE, ship(c, SMELTER, true, LOTS(at_last(c, titled))));
  REFUSED(c, "title", SMELTER, transfer_title(c, MINE, TRADER, LOTS(at_last(c, titled))), MINE, TRADER);
  ADMIT(c, SMELTER, reject(c, LOTS(at_last(c, titled))));
  SIGNED(c, MINE, transfer_title(c, MINE, TRADER, LOTS(at_last(c, titled))), TRADER);
}

static void pools_are_not_sold(void **state) {
  struct custody *c = *state;
  struct lot_name lot = smelters(c, true);
  ADMIT(c, SMELTER, charge(c, NULL, LOTS(at_last(c, lot))));
  struct lot_name pool = custody_lot(c, 0, 0);
  REFUSED(c, "pool", SMELTER, transfer_title(c, SMELTER, TRADER, LOTS(at_last(c, pool))), TRADER);
}

/* ---- standing mandates ---- */

static Oremark__Event *smelt(struct custody *c, Oremark__LotRef **lots) {
  return transform(c, OREMARK__PROCESS__PROCESS_SMELT, lots,
                   MATERIALS(MATERIAL(c, UINT64_C(4) * T, {CU, UINT64_C(3) * T}, {AU, 5 * KG})), NULL);
}

static void a_mandate_stands_for_the_signature(void **state) {
  struct custody *c = *state;
  struct lot_name sent = smelters(c, false), used = smelters(c, false), ended = smelters(c, false);
  Oremark__Event *out = ship(c, TRADER, false, LOTS(at_last(c, sent)));
  custody_mandate(c, MINE, SMELTER, OM_MANDATE_SHIP, REGISTRY_SIZE);
  REFUSE(c, "title", SMELTER, out); /* given, but not yet where this log has marked */
  assert_non_null(strstr(c->st.text, "standing mandate"));
  c->registry_size = REGISTRY_SIZE + 1;
  REFUSE(c, "title", SMELTER, smelt(c, LOTS(at_last(c, used)))); /* for sending, not for consuming */
  REFUSE(c, "title", SMELTER, retire(c, LOTS(at_last(c, ended))));
  ADMIT(c, SMELTER, out);
  ADMIT(c, TRADER, receive(c, 1, LOTS(at_last(c, sent))));
  REFUSE(c, "title", TRADER, ship(c, MAKER, false, LOTS(at_last(c, sent)))); /* given to the smelter alone */
  custody_mandate(c, MINE, SMELTER, OM_MANDATE_CONSUME, REGISTRY_SIZE + 1);
  c->registry_size = REGISTRY_SIZE + 2;
  REFUSE(c, "title", SMELTER, ship(c, TRADER, false, LOTS(at_last(c, used))));
  ADMIT(c, SMELTER, smelt(c, LOTS(at_last(c, used))));
  assert_int_equal(custody_look(c, custody_lot(c, 0, 0)).owner, MINE);
  custody_mandate(c, MINE, SMELTER, 0, REGISTRY_SIZE + 2);
  ADMIT(c, SMELTER, retire(c, LOTS(at_last(c, ended)))); /* as of the mark that stands */
  struct lot_name late = smelters(c, false);
  c->registry_size = REGISTRY_SIZE + 3;
  REFUSE(c, "title", SMELTER, retire(c, LOTS(at_last(c, late))));
  SIGNED(c, SMELTER, retire(c, LOTS(at_last(c, late))), MINE);
}

/* Who may use metal up for its owner may not make it its own by adding a little. */
static void a_mandate_gives_no_title_away(void **state) {
  struct custody *c = *state;
  struct lot_name lot = smelters(c, false), own = smelters(c, true), more = smelters(c, false);
  custody_mandate(c, MINE, SMELTER, OM_MANDATE_SHIP | OM_MANDATE_CONSUME, REGISTRY_SIZE);
  c->registry_size = REGISTRY_SIZE + 1;
  Oremark__Event *both = transform(c, OREMARK__PROCESS__PROCESS_SMELT, LOTS(at_last(c, lot), at_last(c, own)),
                                   MATERIALS(copper(c, UINT64_C(8) * T, UINT64_C(6) * T)), NULL);
  REFUSE(c, "title", SMELTER, both);
  REFUSE(c, "title", SMELTER, ship(c, TRADER, true, LOTS(at_last(c, lot))));
  REFUSE(c, "title", SMELTER, ship(c, MINE, true, LOTS(at_last(c, lot))));
  REFUSED(c, "title", SMELTER, transfer_title(c, MINE, TRADER, LOTS(at_last(c, lot))), TRADER);
  REFUSE(c, "title", SMELTER,
         hold(c, OREMARK__HOLD_REASON__HOLD_REASON_PLEDGE, 1, (const uint32_t[]){TRADER, 0}, LOTS(at_last(c, lot))));
  ADMIT(c, SMELTER, charge(c, NULL, LOTS(at_last(c, own))));
  struct lot_name pool = custody_lot(c, 0, 0);
  REFUSE(c, "title", SMELTER, charge(c, at_last(c, pool), LOTS(at_last(c, lot)))); /* the smelter's pool */
  ADMIT(c, SMELTER, charge(c, NULL, LOTS(at_last(c, lot))));
  struct lot_name mines = custody_lot(c, 0, 0);
  assert_int_equal(custody_look(c, mines).owner, MINE);
  ADMIT(c, SMELTER, charge(c, at_last(c, mines), LOTS(at_last(c, more))));
}

/* Where both are there, the signature counts, and is not one too many. */
static void a_signature_besides_a_mandate_is_no_harm(void **state) {
  struct custody *c = *state;
  struct lot_name lot = smelters(c, false);
  custody_mandate(c, MINE, SMELTER, OM_MANDATE_CONSUME, 0);
  SIGNED(c, SMELTER, smelt(c, LOTS(at_last(c, lot))), MINE);
}

/* ---- settlement ---- */

static void a_receipt_is_provisional_until_settled(void **state) {
  struct custody *c = *state;
  struct lot_name lot = smelters(c, true);
  assert_int_equal(custody_look(c, lot).consignor, MINE);
  assert_false(custody_look(c, lot).settled);
  Oremark__Event *final = settle(c, MINE, at_last(c, lot));
  agreed(c, final, UINT64_C(9) * T, METALS({CU, UINT64_C(2900) * KG}));
  REFUSE(c, "settle", SMELTER, final);
  assert_non_null(strstr(c->st.text, "the consignor, member 1"));
  REFUSED(c, "settle", SMELTER, final, TRADER);
  REFUSED(c, "signature-not-needed", SMELTER, final, MINE, TRADER);
  SIGNED(c, SMELTER, final, MINE);
  struct om_lot row = custody_look(c, lot);
  assert_true(row.settled);
  assert_int_equal(row.consignor, MINE);
  assert_true(row.gross_mg == INT64_C(9) * T);
  assert_true(custody_metal(c, lot, CU) == INT64_C(2900) * KG);
  assert_true(custody_metal(c, lot, AU) == 5 * KG); /* left out: as received */
  assert_true(custody_metal_from(c, lot, CU, OM_ORIGIN_MINE, MINE) == INT64_C(2900) * KG);
  REFUSED(c, "settle", SMELTER, settle(c, MINE, at_last(c, lot)), MINE); /* once */
  ADMIT(c, SMELTER, ship(c, REFINER, true, LOTS(at_last(c, lot))));
  ADMIT(c, REFINER, receive(c, 1, LOTS(at_last(c, lot))));
  assert_false(custody_look(c, lot).settled); /* the next pair */
  assert_int_equal(custody_look(c, lot).consignor, SMELTER);
  REFUSED(c, "settle", REFINER, settle(c, MINE, at_last(c, lot)), MINE);
  SIGNED(c, REFINER, settle(c, SMELTER, at_last(c, lot)), SMELTER);
}

static void what_was_not_received_is_not_settled(void **state) {
  struct custody *c = *state;
  struct lot_name lot = mined(c), away = mined(c);
  REFUSED(c, "settle", MINE, settle(c, SMELTER, at_last(c, lot)), SMELTER);
  ADMIT(c, MINE, ship(c, SMELTER, true, LOTS(at_last(c, away))));
  REFUSED(c, "pen", SMELTER, settle(c, MINE, at_last(c, away)), MINE); /* not received yet */
  ADMIT(c, SMELTER, receive(c, 1, LOTS(at_last(c, away))));
  REFUSED(c, "pen", MINE, settle(c, MINE, at_last(c, away)), SMELTER); /* the consignee says it */
  ADMIT(c, SMELTER,
        split(c, at_last(c, away),
              MATERIALS(MATERIAL(c, UINT64_C(5) * T, {CU, UINT64_C(3) * T}),
                        MATERIAL(c, UINT64_C(5) * T, {AU, 5 * KG}))));
  struct lot_name part = custody_lot(c, 0, 0);
  REFUSED(c, "consumed", SMELTER, settle(c, MINE, at_last(c, away)), MINE); /* whole no more */
  REFUSED(c, "settle", SMELTER, settle(c, MINE, at_last(c, part)), MINE);
}

static void both_may_agree_on_a_gain_up_to_the_cap(void **state) {
  struct custody *c = *state;
  struct lot_name lot = mined(c);
  ADMIT(c, MINE, ship(c, SMELTER, true, LOTS(at_last(c, lot))));
  Oremark__Event *more = receive(c, 1, LOTS(at_last(c, lot)));
  measured(c, more, 0, 0, METALS({CU, UINT64_C(3100) * KG}), OREMARK__SHORTAGE_REASON__SHORTAGE_REASON_UNSTATED);
  REFUSE(c, "gain", SMELTER, more); /* 3.3 %, and the tolerance is 0.5 % */
  ADMIT(c, SMELTER, receive(c, 1, LOTS(at_last(c, lot))));
  Oremark__Event *final = settle(c, MINE, at_last(c, lot));
  agreed(c, final, 0, METALS({CU, UINT64_C(4001) * KG}));
  REFUSED(c, "drift-cap", SMELTER, final, MINE);
  agreed(c, final, 0, METALS({CU, UINT64_C(3900) * KG}, {AU, 0}));
  SIGNED(c, SMELTER, final, MINE);
  assert_true(custody_metal(c, lot, CU) == INT64_C(3900) * KG);
  assert_true(custody_metal(c, lot, AU) == 0);
  struct lot_name next = smelters(c, true);
  Oremark__Event *over = settle(c, MINE, at_last(c, next));
  agreed(c, over, 0, METALS({CU, UINT64_C(3101) * KG}));
  REFUSED(c, "drift-cap", SMELTER, over, MINE); /* 900 kg and 101 kg */
  agreed(c, over, 0, METALS({CU, UINT64_C(3100) * KG}));
  SIGNED(c, SMELTER, over, MINE);
}

/* A certificate may be drawn by gross mass: it grows as a scale may find, and no more. */
static void the_gross_mass_grows_by_a_tenth_at_most(void **state) {
  struct custody *c = *state;
  struct lot_name lot = mined(c);
  int64_t gross = custody_look(c, lot).gross_mg;
  ADMIT(c, MINE, ship(c, SMELTER, true, LOTS(at_last(c, lot))));
  Oremark__Event *taken = receive(c, 1, LOTS(at_last(c, lot)));
  measured(c, taken, 0, (uint64_t)(gross / 10 * 11 + 1), NULL, 0, OREMARK__SHORTAGE_REASON__SHORTAGE_REASON_UNSTATED);
  REFUSE(c, "gross", SMELTER, taken);
  ADMIT(c, SMELTER, receive(c, 1, LOTS(at_last(c, lot))));
  Oremark__Event *final = settle(c, MINE, at_last(c, lot));
  agreed(c, final, (uint64_t)(gross / 10 * 11 + 1), NULL, 0);
  REFUSED(c, "gross", SMELTER, final, MINE);
  agreed(c, final, (uint64_t)(gross / 10 * 11), NULL, 0);
  SIGNED(c, SMELTER, final, MINE);
  assert_true(custody_look(c, lot).gross_mg == gross / 10 * 11);
}

static void what_was_not_in_it_is_not_settled_into_it(void **state) {
  struct custody *c = *state;
  struct lot_name lot = smelters(c, true);
  Oremark__Event *final = settle(c, MINE, at_last(c, lot));
  agreed(c, final, 0, METALS({CO, 1}));
  REFUSED(c, "balance", SMELTER, final, MINE);
  agreed(c, final, T, METALS({CU, UINT64_C(3) * T}));
  REFUSED(c, "content", SMELTER, final, MINE);
  agreed(c, final, 0, METALS({CU, 1}, {CU, 1}));
  REFUSED(c, "form", SMELTER, final, MINE);
  final->settle->consignor = 0;
  REFUSED(c, "form", SMELTER, final, MINE);
}

static void an_owner_that_is_a_third_signs_too(void **state) {
  struct custody *c = *state;
  struct lot_name lot = smelters(c, false); /* the mine's, at the smelter... */
  SIGNED(c, SMELTER, ship(c, REFINER, false, LOTS(at_last(c, lot))), MINE);
  ADMIT(c, REFINER, receive(c, 1, LOTS(at_last(c, lot)))); /* ...and on to the refiner */
  REFUSED(c, "title", REFINER, settle(c, SMELTER, at_last(c, lot)), SMELTER);
  SIGNED(c, REFINER, settle(c, SMELTER, at_last(c, lot)), MINE, SMELTER);
}

static void a_suspended_owner_signs_nothing(void **state) {
  struct custody *c = *state;
  struct lot_name lot = smelters(c, false);
  custody_change(c, MINE, UINT32_MAX & ~UINT32_C(1), MINE, true);
  SIGNED(c, SMELTER, ship(c, REFINER, false, LOTS(at_last(c, lot))), MINE); /* not taken up yet */
  c->registry_size = REGISTRY_SIZE + 1;
  ADMIT(c, REFINER, receive(c, 1, LOTS(at_last(c, lot))));
  REFUSED(c, "title", REFINER, transfer_title(c, MINE, TRADER, LOTS(at_last(c, lot))), MINE, TRADER);
  assert_non_null(strstr(c->st.text, "is suspended"));
  REFUSED(c, "title", REFINER, ship(c, TRADER, true, LOTS(at_last(c, lot))), MINE);
  assert_non_null(strstr(c->st.text, "is suspended"));
}

/* What a custodian weighs less is its word against the owner's and the consignor's. */
static void nobody_lowers_alone_what_others_own_or_weighed(void **state) {
  struct custody *c = *state;
  struct lot_name lot = smelters(c, false);
  Oremark__EventRef *received = last_event(c, 0);
  REFUSED(c, "title", SMELTER, correct(c, received, UINT64_C(9) * T, 1, at_last(c, lot)), 0);
  SIGNED(c, SMELTER, correct(c, received, UINT64_C(9) * T, 0, at_last(c, lot)), MINE);
  lot = smelters(c, true);
  received = last_event(c, 0);
  REFUSED(c, "settle", SMELTER, correct(c, received, UINT64_C(9) * T, 0, at_last(c, lot)), 0);
  SIGNED(c, SMELTER, settle(c, MINE, at_last(c, lot)), MINE);
  Oremark__EventRef *settled = last_event(c, 0);
  REFUSED(c, "settle", SMELTER, correct(c, settled, UINT64_C(9) * T, 0, at_last(c, lot)), 0);
  SIGNED(c, SMELTER, correct(c, settled, UINT64_C(9) * T, 0, at_last(c, lot)), MINE);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, custody_setup, custody_teardown)
  const struct CMUnitTest tests[] = {
      TEST(title_passes_with_both_signatures),
      TEST(it_passes_where_the_pen_is),
      TEST(it_passes_from_the_owner),
      TEST(a_lot_afloat_may_be_sold),
      TEST(pools_are_not_sold),
      TEST(a_mandate_stands_for_the_signature),
      TEST(a_mandate_gives_no_title_away),
      TEST(a_signature_besides_a_mandate_is_no_harm),
      TEST(a_receipt_is_provisional_until_settled),
      TEST(what_was_not_received_is_not_settled),
      TEST(both_may_agree_on_a_gain_up_to_the_cap),
      TEST(the_gross_mass_grows_by_a_tenth_at_most),
      TEST(what_was_not_in_it_is_not_settled_into_it),
      TEST(an_owner_that_is_a_third_signs_too),
      TEST(a_suspended_owner_signs_nothing),
      TEST(nobody_lowers_alone_what_others_own_or_weighed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
