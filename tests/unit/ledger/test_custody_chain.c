/* Custody: who may write a lot's next record, where, and with whose signature. */
#include "support/test.h"

#include <string.h>

#include "support/custody.h"

/* A lot of 10 t with 3 t copper, in the hands of MINE. */
static struct lot_name mined(struct custody *c) {
  ADMIT(c, MINE, extract(c, 1, MATERIALS(copper(c, UINT64_C(10) * T, UINT64_C(3) * T))));
  return custody_lot(c, 0, 0);
}

/* The same, shipped to SMELTER and received. */
static struct lot_name smelters(struct custody *c, bool with_title) {
  struct lot_name lot = mined(c);
  ADMIT(c, MINE, ship(c, SMELTER, with_title, LOTS(at_last(c, lot))));
  ADMIT(c, SMELTER, receive(c, 1, LOTS(at_last(c, lot))));
  return lot;
}

static void a_shipment_hands_over_pen_custody_and_title(void **state) {
  struct custody *c = *state;
  struct lot_name lot = mined(c);
  struct om_lot row = custody_look(c, lot);
  assert_int_equal(row.step, 0);
  assert_int_equal(row.state, OM_LOT_HELD);
  assert_int_equal(row.pen, MINE);
  assert_int_equal(row.owner, MINE);
  assert_int_equal(row.site, 1);
  assert_int_equal(row.gross_mg, INT64_C(10) * T);
  assert_int_equal(row.at.log, MINE);
  assert_int_equal(row.at.index, 0);

  ADMIT(c, MINE, ship(c, SMELTER, true, LOTS(at_last(c, lot))));
  row = custody_look(c, lot);
  assert_int_equal(row.step, 1);
  assert_int_equal(row.state, OM_LOT_IN_TRANSIT);
  assert_int_equal(row.pen, SMELTER);
  assert_int_equal(row.custodian, MINE);
  assert_int_equal(row.owner, MINE);
  assert_int_equal(row.next_owner, SMELTER);

  ADMIT(c, SMELTER, receive(c, 2, LOTS(at_last(c, lot))));
  row = custody_look(c, lot);
  assert_int_equal(row.step, 2);
  assert_int_equal(row.state, OM_LOT_HELD);
  assert_int_equal(row.pen, SMELTER);
  assert_int_equal(row.custodian, SMELTER);
  assert_int_equal(row.owner, SMELTER);
  assert_int_equal(row.next_owner, 0);
  assert_int_equal(row.site, 2);
  assert_int_equal(row.at.log, SMELTER);
  assert_int_equal(row.born.log, MINE);
  assert_int_equal(row.gross_mg, INT64_C(10) * T);
  assert_int_equal(custody_metal(c, lot, CU), INT64_C(3) * T);
}

static void a_rejection_gives_everything_back(void **state) {
  struct custody *c = *state;
  struct lot_name lot = mined(c);
  ADMIT(c, MINE, ship(c, SMELTER, true, LOTS(at_last(c, lot))));
  REFUSE(c, "pen", MINE, reject(c, LOTS(at_last(c, lot))));
  ADMIT(c, SMELTER, reject(c, LOTS(at_last(c, lot))));
  struct om_lot row = custody_look(c, lot);
  assert_int_equal(row.state, OM_LOT_HELD);
  assert_int_equal(row.pen, MINE);
  assert_int_equal(row.custodian, MINE);
  assert_int_equal(row.owner, MINE);
  assert_int_equal(row.next_owner, 0);
  REFUSE(c, "pen", SMELTER, receive(c, 1, LOTS(at_last(c, lot))));
  ADMIT(c, MINE, ship(c, TRADER, false, LOTS(at_last(c, lot))));
}

static void a_lot_is_not_shipped_twice(void **state) {
  struct custody *c = *state;
  struct lot_name lot = mined(c);
  Oremark__LotRef *ref = at_last(c, lot);
  ADMIT(c, MINE, ship(c, SMELTER, false, LOTS(ref)));
  REFUSE(c, "chain", MINE, ship(c, TRADER, false, LOTS(ref)));
  REFUSE(c, "pen", MINE, ship(c, TRADER, false, LOTS(at_last(c, lot))));
  REFUSE(c, "pen", MINE, retire(c, LOTS(at_last(c, lot))));
}

static void only_the_holder_of_the_pen_writes(void **state) {
  struct custody *c = *state;
  struct lot_name lot = mined(c);
  REFUSE(c, "pen", SMELTER, ship(c, TRADER, false, LOTS(at_last(c, lot))));
  REFUSE(c, "pen", SMELTER, receive(c, 1, LOTS(at_last(c, lot))));
  REFUSE(c, "pen", SMELTER, split(c, at_last(c, lot), MATERIALS(copper(c, INT64_C(9) * T, 2 * T), copper(c, T, T))));
  REFUSE(c, "pen", MINE, receive(c, 1, LOTS(at_last(c, lot)))); /* it is in its hands already */
  ADMIT(c, MINE, ship(c, SMELTER, false, LOTS(at_last(c, lot))));
  REFUSE(c, "pen", TRADER, receive(c, 1, LOTS(at_last(c, lot))));
  REFUSE(c, "pen", SMELTER, ship(c, TRADER, false, LOTS(at_last(c, lot)))); /* still in transit */
  REFUSE(c, "pen", SMELTER, retire(c, LOTS(at_last(c, lot))));
  ADMIT(c, SMELTER, receive(c, 1, LOTS(at_last(c, lot))));
}

static void references_must_be_at_the_last_event(void **state) {
  struct custody *c = *state;
  struct lot_name lot = mined(c);
  Oremark__LotRef *old = at_last(c, lot), *unknown = at_last(c, lot), *wrong = at_last(c, lot);
  unknown->number.data[OM_LOT_NUMBER_BYTES - 1] ^= 1;
  REFUSE(c, "lot", MINE, retire(c, LOTS(unknown)));
  wrong->last_event.data[31] ^= 1;
  REFUSE(c, "chain", MINE, retire(c, LOTS(wrong)));
  ADMIT(c, MINE, ship(c, SMELTER, false, LOTS(at_last(c, lot))));
  ADMIT(c, SMELTER, reject(c, LOTS(at_last(c, lot))));
  REFUSE(c, "chain", MINE, retire(c, LOTS(old)));
  ADMIT(c, MINE, retire(c, LOTS(at_last(c, lot))));
  REFUSE(c, "retired", MINE, ship(c, SMELTER, false, LOTS(at_last(c, lot))));
  REFUSE(c, "retired", MINE, ship(c, SMELTER, false, LOTS(old)));
}

static void a_lot_is_consumed_once(void **state) {
  struct custody *c = *state;
  struct lot_name lot = mined(c);
  Oremark__LotRef *ref = at_last(c, lot);
  ADMIT(c, MINE, split(c, ref, MATERIALS(copper(c, UINT64_C(9) * T, 2 * T), copper(c, T, T))));
  REFUSE(c, "consumed", MINE, ship(c, SMELTER, false, LOTS(ref)));
  REFUSE(c, "consumed", MINE, ship(c, SMELTER, false, LOTS(at_last(c, lot))));
  struct om_lot row = custody_look(c, lot);
  assert_int_equal(row.state, OM_LOT_CONSUMED);
  assert_int_equal(row.pen, 0);
  assert_int_equal(row.contents[0].contained_mg, INT64_C(3) * T); /* what it held at its end */
}

static void a_lot_is_named_once_in_an_event(void **state) {
  struct custody *c = *state;
  struct lot_name a = mined(c), b = mined(c);
  REFUSE(c, "twice", MINE, ship(c, SMELTER, false, LOTS(at_last(c, a), at_last(c, b), at_last(c, a))));
  REFUSE(c, "twice", MINE,
         combine(c, LOTS(at_last(c, a), at_last(c, a)), copper(c, UINT64_C(20) * T, UINT64_C(6) * T)));
  ADMIT(c, MINE, ship(c, SMELTER, false, LOTS(at_last(c, a), at_last(c, b))));
}

static void a_statement_goes_on_from_what_it_wrote(void **state) {
  struct custody *c = *state;
  Oremark__Material *ore = copper(c, UINT64_C(10) * T, UINT64_C(3) * T);
  ADMIT(c, MINE, extract(c, 1, MATERIALS(ore, ore)),
        split(c, at_place(c, 0, 1), MATERIALS(copper(c, UINT64_C(6) * T, T), copper(c, UINT64_C(4) * T, 2 * T))),
        ship(c, SMELTER, false, LOTS(at_place(c, 0, 0), at_place(c, 1, 1))));
  struct om_lot shipped = custody_look(c, custody_lot(c, 0, 0)), part = custody_look(c, custody_lot(c, 1, 1));
  assert_int_equal(shipped.step, 1);
  assert_int_equal(shipped.at.event, 2);
  assert_int_equal(shipped.at.output, 0);
  assert_int_equal(part.state, OM_LOT_IN_TRANSIT);
  assert_int_equal(part.at.output, 1);
  assert_int_equal(custody_look(c, custody_lot(c, 0, 1)).state, OM_LOT_CONSUMED);
  assert_int_equal(custody_look(c, custody_lot(c, 1, 0)).state, OM_LOT_HELD);
  /* two rows of the lot that was twice touched, in order */
  assert_int_equal(c->stage.n_rows, 2 + 3 + 2);
  assert_int_equal(c->stage.first[3], 2 + 2 + 2);
}

static void a_statement_refers_to_its_past_only(void **state) {
  struct custody *c = *state;
  Oremark__Material *ore = copper(c, UINT64_C(10) * T, UINT64_C(3) * T);
  REFUSE(c, "chain", MINE, extract(c, 1, MATERIALS(ore)), ship(c, SMELTER, false, LOTS(at_place(c, 1, 0))));
  REFUSE(c, "chain", MINE, ship(c, SMELTER, false, LOTS(at_place(c, 1, 0))), extract(c, 1, MATERIALS(ore)));
  REFUSE(c, "chain", MINE, extract(c, 1, MATERIALS(ore)), ship(c, SMELTER, false, LOTS(at_place(c, 0, 1))));
  /* ...and to a lot at the last event that wrote it */
  REFUSE(c, "pen", MINE, extract(c, 1, MATERIALS(ore)), ship(c, SMELTER, false, LOTS(at_place(c, 0, 0))),
         ship(c, TRADER, false, LOTS(at_place(c, 1, 0))));
  REFUSE(c, "chain", MINE, extract(c, 1, MATERIALS(ore)), ship(c, SMELTER, false, LOTS(at_place(c, 0, 0))),
         ship(c, TRADER, false, LOTS(at_place(c, 0, 0))));
  REFUSE(c, "chain", MINE, extract(c, 1, MATERIALS(ore)), retire(c, LOTS(at_place(c, 0, 0))),
         retire(c, LOTS(at_place(c, 0, 0))));
}

static void a_lot_by_number_is_stale_once_the_statement_touched_it(void **state) {
  struct custody *c = *state;
  struct lot_name lot = mined(c);
  ADMIT(c, MINE, ship(c, SMELTER, true, LOTS(at_last(c, lot))));
  ADMIT(c, SMELTER, receive(c, 1, LOTS(at_last(c, lot))));
  Oremark__LotRef *ref = at_last(c, lot);
  REFUSE(c, "chain", SMELTER, ship(c, TRADER, false, LOTS(ref)), retire(c, LOTS(ref)));
  assert_int_equal(custody_look(c, lot).step, 2);
}

static void a_refused_statement_changes_nothing(void **state) {
  struct custody *c = *state;
  struct lot_name lot = mined(c);
  REFUSE(c, "pen", MINE, ship(c, SMELTER, false, LOTS(at_last(c, lot))), retire(c, LOTS(at_place(c, 0, 0))));
  assert_int_equal(custody_look(c, lot).step, 0);
  assert_int_equal(c->sizes[MINE], 1);
}

static void a_receipt_waits_for_the_mark_of_the_shipment(void **state) {
  struct custody *c = *state;
  struct lot_name lot = mined(c);
  ADMIT(c, MINE, ship(c, SMELTER, false, LOTS(at_last(c, lot)))); /* entry 1 of log MINE */
  c->marked[MINE] = 1;
  assert_int_equal(SAY(c, SMELTER, receive(c, 1, LOTS(at_last(c, lot)))), OM_WAIT);
  assert_int_equal(c->wait_log, MINE);
  assert_int_equal(c->wait_size, 2);
  c->marked[MINE] = 2;
  ADMIT(c, SMELTER, receive(c, 1, LOTS(at_last(c, lot))));
  /* its own log needs no mark */
  c->marked[SMELTER] = 0;
  ADMIT(c, SMELTER, ship(c, MINE, false, LOTS(at_last(c, lot))));
}

static void title(void **state) {
  struct custody *c = *state;
  struct lot_name lot = smelters(c, false); /* still the mine's */
  assert_int_equal(custody_look(c, lot).owner, MINE);
  Oremark__LotRef *ref = at_last(c, lot);
  Oremark__Event *smelt = transform(c, OREMARK__PROCESS__PROCESS_SMELT, LOTS(ref),
                                    MATERIALS(copper(c, UINT64_C(4) * T, UINT64_C(3) * T)), NULL);
  REFUSE(c, "title", SMELTER, smelt);
  REFUSE(c, "title", SMELTER, retire(c, LOTS(ref)));
  REFUSE(c, "title", SMELTER, charge(c, NULL, LOTS(ref)));
  REFUSE(c, "title", SMELTER, ship(c, TRADER, false, LOTS(ref)));
  REFUSE(c, "title", SMELTER, ship(c, MINE, true, LOTS(ref)));
  custody_refuse(c, "title", SMELTER, (Oremark__Event *[]){smelt, NULL}, COSIGNED(TRADER), __LINE__);
  custody_admit(c, SMELTER, (Oremark__Event *[]){smelt, NULL}, COSIGNED(MINE), __LINE__);
  assert_int_equal(custody_look(c, custody_lot(c, 0, 0)).owner, MINE); /* tolling */

  struct lot_name other = smelters(c, false);
  ADMIT(c, SMELTER, split(c, at_last(c, other), MATERIALS(copper(c, UINT64_C(9) * T, 2 * T), copper(c, T, T))));
  struct lot_name part = custody_lot(c, 0, 0), rest = custody_lot(c, 0, 1);
  assert_int_equal(custody_look(c, part).owner, MINE);
  ADMIT(c, SMELTER, ship(c, MINE, false, LOTS(at_last(c, part)))); /* back to its owner */
  custody_admit(c, SMELTER, (Oremark__Event *[]){ship(c, TRADER, true, LOTS(at_last(c, rest))), NULL}, COSIGNED(MINE),
                __LINE__);
}

static void lots_of_several_owners(void **state) {
  struct custody *c = *state;
  struct lot_name mines = smelters(c, false), own = smelters(c, true);
  REFUSE(c, "title", SMELTER,
         combine(c, LOTS(at_last(c, mines), at_last(c, own)), copper(c, UINT64_C(20) * T, UINT64_C(6) * T)));
  Oremark__Event *smelt = transform(c, OREMARK__PROCESS__PROCESS_SMELT, LOTS(at_last(c, mines), at_last(c, own)),
                                    MATERIALS(copper(c, UINT64_C(8) * T, UINT64_C(6) * T)), NULL);
  REFUSE(c, "title", SMELTER, smelt);
  custody_admit(c, SMELTER, (Oremark__Event *[]){smelt, NULL}, COSIGNED(MINE), __LINE__);
  assert_int_equal(custody_look(c, custody_lot(c, 0, 0)).owner, SMELTER);
}

static void signatures_that_nobody_asked_for(void **state) {
  struct custody *c = *state;
  struct lot_name lot = mined(c);
  Oremark__Event *out[] = {ship(c, SMELTER, true, LOTS(at_last(c, lot))), NULL};
  custody_refuse(c, "signature-not-needed", MINE, out, COSIGNED(SMELTER), __LINE__);
  custody_admit(c, MINE, out, COSIGNED(0), __LINE__);
  struct lot_name toll = smelters(c, false);
  Oremark__Event *used[] = {retire(c, LOTS(at_last(c, toll))), NULL};
  custody_refuse(c, "signature-not-needed", SMELTER, used, COSIGNED(MINE, TRADER), __LINE__);
  custody_admit(c, SMELTER, used, COSIGNED(MINE), __LINE__);
}

static void members(void **state) {
  struct custody *c = *state;
  Oremark__Material *ore = copper(c, 10, 3);
  REFUSE(c, "member", GHOST, extract(c, 1, MATERIALS(ore)));
  uint32_t roles = 1U << OREMARK__ROLE__ROLE_MINE;
  custody_change(c, MINE, roles, MINE, true);
  ADMIT(c, MINE, extract(c, 1, MATERIALS(ore))); /* as of the registry that the log has marked */
  c->registry_size = REGISTRY_SIZE + 1;
  REFUSE(c, "suspended", MINE, extract(c, 1, MATERIALS(ore)));
  custody_change(c, MINE, roles, TRADER, false);
  REFUSE(c, "home", MINE, extract(c, 1, MATERIALS(ore)));
  custody_change(c, MINE, roles, MINE, false);
  ADMIT(c, MINE, extract(c, 1, MATERIALS(ore)));
}

static void consignees(void **state) {
  struct custody *c = *state;
  struct lot_name lot = mined(c);
  REFUSE(c, "consignee", MINE, ship(c, MINE, false, LOTS(at_last(c, lot))));
  REFUSE(c, "consignee", MINE, ship(c, GHOST, false, LOTS(at_last(c, lot))));
  REFUSE(c, "role", MINE, ship(c, ASSAYER, false, LOTS(at_last(c, lot))));
  custody_change(c, TRADER, 1U << OREMARK__ROLE__ROLE_TRADER, TRADER, true);
  c->registry_size = REGISTRY_SIZE + 1;
  REFUSE(c, "suspended", MINE, ship(c, TRADER, false, LOTS(at_last(c, lot))));
  ADMIT(c, MINE, ship(c, REFINER, false, LOTS(at_last(c, lot))));
}

static void sites(void **state) {
  struct custody *c = *state;
  Oremark__Material *ore = copper(c, 10, 3);
  REFUSE(c, "site", MINE, extract(c, 2, MATERIALS(ore))); /* a plant */
  REFUSE(c, "site", MINE, extract(c, 3, MATERIALS(ore))); /* none */
  REFUSE(c, "site", MINE, declare(c, 9, MATERIALS(ore)));
  ADMIT(c, MINE, declare(c, 2, MATERIALS(ore)), extract(c, 1, MATERIALS(ore)), declare(c, 2, MATERIALS(ore)));
  assert_int_equal(custody_look(c, custody_lot(c, 1, 0)).site, 1);
  assert_int_equal(custody_look(c, custody_lot(c, 2, 0)).site, 2);
  struct lot_name lot = mined(c);
  ADMIT(c, MINE, ship(c, SMELTER, false, LOTS(at_last(c, lot))));
  REFUSE(c, "site", SMELTER, receive(c, 3, LOTS(at_last(c, lot))));
}

/* Which of the members may do it: bit by member. */
static uint32_t who_may(struct custody *c, Oremark__Process process) {
  uint32_t out = 0;
  for (uint32_t m = MINE; m < EVERYTHING; m++) {
    Oremark__Event *made = declare(c, 2, MATERIALS(copper(c, 10, 3)));
    Oremark__Event *run = transform(c, process, LOTS(at_place(c, 0, 0)), MATERIALS(copper(c, 10, 3)), NULL);
    if (SAY(c, m, made, run) == OM_OK)
      out |= 1U << m;
    else
      assert_string_equal(c->st.rule, "role");
  }
  return out;
}

static void roles_of_processes(void **state) {
  struct custody *c = *state;
  const uint32_t mine = 1U << MINE, smelter = 1U << SMELTER, refiner = 1U << REFINER, maker = 1U << MAKER,
                 recycler = 1U << RECYCLER;
  const uint32_t wanted[] = {
      [OREMARK__PROCESS__PROCESS_CONCENTRATE] = mine | smelter | refiner,
      [OREMARK__PROCESS__PROCESS_ROAST] = smelter,
      [OREMARK__PROCESS__PROCESS_SMELT] = smelter | recycler,
      [OREMARK__PROCESS__PROCESS_CONVERT] = smelter,
      [OREMARK__PROCESS__PROCESS_REFINE] = refiner | recycler,
      [OREMARK__PROCESS__PROCESS_LEACH] = mine | refiner | recycler,
      [OREMARK__PROCESS__PROCESS_BIOLEACH] = mine | refiner | recycler,
      [OREMARK__PROCESS__PROCESS_ELECTROWIN] = mine | smelter | refiner,
      [OREMARK__PROCESS__PROCESS_PRECIPITATE] = mine | smelter | refiner | recycler,
      [OREMARK__PROCESS__PROCESS_ALLOY] = refiner | maker | recycler,
      [OREMARK__PROCESS__PROCESS_CAST] = smelter | refiner | maker | recycler,
      [OREMARK__PROCESS__PROCESS_MANUFACTURE] = maker,
      [OREMARK__PROCESS__PROCESS_DISMANTLE] = maker | recycler,
      [OREMARK__PROCESS__PROCESS_SHRED] = maker | recycler,
  };
  for (size_t p = 1; p < sizeof wanted / sizeof *wanted; p++)
    assert_int_equal(who_may(c, (Oremark__Process)p), wanted[p]);
}

static void roles_of_other_events(void **state) {
  struct custody *c = *state;
  Oremark__Material *some = copper(c, 10, 3);
  const Oremark__WasteClass made = OREMARK__WASTE_CLASS__WASTE_CLASS_MANUFACTURING,
                            used = OREMARK__WASTE_CLASS__WASTE_CLASS_POST_CONSUMER;
  REFUSE(c, "role", SMELTER, extract(c, 1, MATERIALS(some)));
  REFUSE(c, "role", MINE, collect(c, 1, made, MATERIALS(some)));
  REFUSE(c, "role", SMELTER, collect(c, 1, used, MATERIALS(some)));
  ADMIT(c, SMELTER, collect(c, 1, made, MATERIALS(some)));
  ADMIT(c, MAKER, collect(c, 1, made, MATERIALS(some)));
  ADMIT(c, RECYCLER, collect(c, 1, used, MATERIALS(some)));
  REFUSE(c, "role", ASSAYER, declare(c, 1, MATERIALS(some)));
  REFUSE(c, "role", TRADER, declare(c, 1, MATERIALS(some)), charge(c, NULL, LOTS(at_place(c, 0, 0))));
  ADMIT(c, TRADER, declare(c, 1, MATERIALS(some)), retire(c, LOTS(at_place(c, 0, 0))));
  assert_non_null(strstr((SAY(c, TRADER, extract(c, 1, MATERIALS(some))), c->st.text), "Member 6"));
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, custody_setup, custody_teardown)
  const struct CMUnitTest tests[] = {
      TEST(a_shipment_hands_over_pen_custody_and_title),
      TEST(a_rejection_gives_everything_back),
      TEST(a_lot_is_not_shipped_twice),
      TEST(only_the_holder_of_the_pen_writes),
      TEST(references_must_be_at_the_last_event),
      TEST(a_lot_is_consumed_once),
      TEST(a_lot_is_named_once_in_an_event),
      TEST(a_statement_goes_on_from_what_it_wrote),
      TEST(a_statement_refers_to_its_past_only),
      TEST(a_lot_by_number_is_stale_once_the_statement_touched_it),
      TEST(a_refused_statement_changes_nothing),
      TEST(a_receipt_waits_for_the_mark_of_the_shipment),
      TEST(title),
      TEST(lots_of_several_owners),
      TEST(signatures_that_nobody_asked_for),
      TEST(members),
      TEST(consignees),
      TEST(sites),
      TEST(roles_of_processes),
      TEST(roles_of_other_events),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
