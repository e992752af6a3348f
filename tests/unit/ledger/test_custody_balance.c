/* Custody: balance, tolerance, drift and its cap, attribution, pools. */
#include "support/test.h"

#include <string.h>

#include "support/custody.h"

#define SMELT OREMARK__PROCESS__PROCESS_SMELT
static const uint64_t t = T;

/* A lot in the hands of MEMBER: EVERYTHING's metal is a mine's, others' is undeclared. */
static struct lot_name lot_of(struct custody *c, uint32_t member, Oremark__Material *what) {
  if (member == EVERYTHING || member == MINE)
    ADMIT(c, member, extract(c, 1, MATERIALS(what)));
  else
    ADMIT(c, member, declare(c, 1, MATERIALS(what)));
  return custody_lot(c, 0, 0);
}

static struct lot_name in_transit(struct custody *c, Oremark__Material *what) {
  struct lot_name lot = lot_of(c, MINE, what);
  ADMIT(c, MINE, ship(c, SMELTER, true, LOTS(at_last(c, lot))));
  return lot;
}

/* ---- new lots ---- */

static void origins(void **state) {
  struct custody *c = *state;
  ADMIT(c, EVERYTHING, extract(c, 1, MATERIALS(copper(c, 10, 3))), declare(c, 2, MATERIALS(copper(c, 10, 4))),
        collect(c, 2, OREMARK__WASTE_CLASS__WASTE_CLASS_MANUFACTURING, MATERIALS(copper(c, 10, 5))),
        collect(c, 1, OREMARK__WASTE_CLASS__WASTE_CLASS_POST_CONSUMER, MATERIALS(copper(c, 10, 6))));
  const struct om_origin wanted[] = {{OM_ORIGIN_MINE, "FI", EVERYTHING, 1},
                                     {OM_ORIGIN_UNDECLARED, "\0", 0, 0},
                                     {OM_ORIGIN_MANUFACTURING_WASTE, "FI", EVERYTHING, 2},
                                     {OM_ORIGIN_POST_CONSUMER_WASTE, "FI", EVERYTHING, 1}};
  for (uint16_t e = 0; e < 4; e++) {
    struct om_lot row = custody_look(c, custody_lot(c, e, 0));
    assert_int_equal(row.n_contents, 1);
    assert_int_equal(row.contents[0].mix.n, 1);
    assert_int_equal(row.contents[0].mix.shares[0].mg, 3 + e);
    assert_int_equal(om_origin_compare(row.contents[0].mix.shares[0].origin, wanted[e]), 0);
  }
}

/* ---- split and combine ---- */

static void split_conserves(void **state) {
  struct custody *c = *state;
  struct lot_name lot = lot_of(c, SMELTER, MATERIAL(c, 100, {CU, 30}, {AU, 5}));
  Oremark__LotRef *ref = at_last(c, lot);
  Oremark__Material *a = MATERIAL(c, 60, {CU, 10}, {AU, 5}), *b = copper(c, 40, 20);
  REFUSE(c, "balance", SMELTER, split(c, ref, MATERIALS(a, copper(c, 40, 21))));
  REFUSE(c, "balance", SMELTER, split(c, ref, MATERIALS(a, copper(c, 40, 19))));
  REFUSE(c, "balance", SMELTER, split(c, ref, MATERIALS(a, copper(c, 39, 20))));
  REFUSE(c, "balance", SMELTER, split(c, ref, MATERIALS(copper(c, 60, 10), b))); /* gold left out */
  REFUSE(c, "balance", SMELTER,
         split(c, ref, MATERIALS(a, MATERIAL(c, 40, {CO, 1}, {CU, 20})))); /* cobalt from nowhere */
  REFUSE(c, "form", SMELTER, split(c, ref, MATERIALS(MATERIAL(c, 100, {CU, 30}, {AU, 5}))));
  ADMIT(c, SMELTER, split(c, ref, MATERIALS(a, b)));
  assert_int_equal(custody_metal(c, custody_lot(c, 0, 0), CU), 10);
  assert_int_equal(custody_metal(c, custody_lot(c, 0, 0), AU), 5);
  assert_int_equal(custody_metal(c, custody_lot(c, 0, 1), CU), 20);
}

static void combine_conserves(void **state) {
  struct custody *c = *state;
  Oremark__LotRef *a = at_last(c, lot_of(c, SMELTER, copper(c, 60, 10)));
  Oremark__LotRef *b = at_last(c, lot_of(c, SMELTER, MATERIAL(c, 40, {CU, 20}, {AU, 5})));
  REFUSE(c, "balance", SMELTER, combine(c, LOTS(a, b), MATERIAL(c, 100, {CU, 31}, {AU, 5})));
  REFUSE(c, "balance", SMELTER, combine(c, LOTS(a, b), MATERIAL(c, 101, {CU, 30}, {AU, 5})));
  REFUSE(c, "balance", SMELTER, combine(c, LOTS(a, b), copper(c, 100, 30)));
  REFUSE(c, "form", SMELTER, combine(c, LOTS(a), copper(c, 60, 10)));
  ADMIT(c, SMELTER, combine(c, LOTS(a, b), MATERIAL(c, 100, {CU, 30}, {AU, 5})));
  assert_int_equal(custody_look(c, custody_lot(c, 0, 0)).owner, SMELTER);
}

/* What parted comes together again with the same mix. */
static void a_diamond_keeps_its_mix(void **state) {
  struct custody *c = *state;
  Oremark__LotRef *mined = at_place(c, 0, 0), *declared = at_place(c, 1, 0);
  ADMIT(c, EVERYTHING, extract(c, 1, MATERIALS(copper(c, 100, 7))), declare(c, 1, MATERIALS(copper(c, 100, 6))),
        combine(c, LOTS(mined, declared), copper(c, 200, 13)),
        split(c, at_place(c, 2, 0), MATERIALS(copper(c, 90, 5), copper(c, 70, 1), copper(c, 40, 7))),
        combine(c, LOTS(at_place(c, 3, 0), at_place(c, 3, 1), at_place(c, 3, 2)), copper(c, 200, 13)));
  struct lot_name end = custody_lot(c, 4, 0);
  assert_int_equal(custody_metal_from(c, end, CU, OM_ORIGIN_MINE, EVERYTHING), 7);
  assert_int_equal(custody_metal_from(c, end, CU, OM_ORIGIN_UNDECLARED, 0), 6);
  /* 5 of 13 at 7:6 is 2.69 and 2.31, by largest remainder 3 and 2 */
  assert_int_equal(custody_metal_from(c, custody_lot(c, 3, 0), CU, OM_ORIGIN_MINE, EVERYTHING), 3);
}

/* ---- transform ---- */

static void transform_passes_on_what_went_in(void **state) {
  struct custody *c = *state;
  struct lot_name mined = lot_of(c, EVERYTHING, MATERIAL(c, 10 * t, {CU, 3 * t}, {AU, KG}));
  ADMIT(c, EVERYTHING, declare(c, 1, MATERIALS(copper(c, 5 * t, t))));
  struct lot_name declared = custody_lot(c, 0, 0);
  Oremark__LotRef *in[] = {at_last(c, mined), at_last(c, declared), NULL};
  ADMIT(c, EVERYTHING,
        transform(c, SMELT, in, MATERIALS(MATERIAL(c, 4 * t, {CU, 3 * t}, {AU, KG / 2}), copper(c, 8 * t, t / 2)),
                  LOSSES(loss(c, CU, t / 4))));
  struct lot_name blister = custody_lot(c, 0, 0), slag = custody_lot(c, 0, 1);
  assert_int_equal(custody_metal(c, blister, CU), (int64_t)(3 * t));
  assert_int_equal(custody_metal_from(c, blister, CU, OM_ORIGIN_MINE, EVERYTHING), (int64_t)(9 * t / 4));
  assert_int_equal(custody_metal_from(c, blister, CU, OM_ORIGIN_UNDECLARED, 0), (int64_t)(3 * t / 4));
  assert_int_equal(custody_metal_from(c, slag, CU, OM_ORIGIN_MINE, EVERYTHING), (int64_t)(3 * t / 8));
  assert_int_equal(custody_metal_from(c, blister, AU, OM_ORIGIN_MINE, EVERYTHING), KG / 2);
  assert_int_equal(custody_look(c, mined).state, OM_LOT_CONSUMED);
  assert_int_equal(custody_look(c, declared).at.output, 1); /* the second input */
  assert_int_equal(custody_look(c, slag).site, 1);
}

static void transform_balance(void **state) {
  struct custody *c = *state;
  Oremark__LotRef *in = at_last(c, lot_of(c, SMELTER, MATERIAL(c, 10 * t, {CU, t}, {AU, 1000})));
  uint64_t most = t + t / 100; /* 1 % */
  REFUSE(c, "balance", SMELTER, transform(c, SMELT, LOTS(in), MATERIALS(copper(c, 10 * t, most + 1)), NULL));
  REFUSE(c, "balance", SMELTER,
         transform(c, SMELT, LOTS(in), MATERIALS(copper(c, 10 * t, most)), LOSSES(loss(c, CU, 1))));
  REFUSE(
      c, "balance", SMELTER,
      transform(c, SMELT, LOTS(in), MATERIALS(copper(c, 10 * t, t / 2), copper(c, 10 * t, t / 2 + t / 100 + 1)), NULL));
  REFUSE(c, "balance", SMELTER,
         transform(c, SMELT, LOTS(in), MATERIALS(MATERIAL(c, 10 * t, {CO, 1}, {CU, t})), NULL)); /* from nowhere */
  REFUSE(c, "balance", SMELTER, transform(c, SMELT, LOTS(in), MATERIALS(copper(c, 10 * t, t)), LOSSES(loss(c, CO, 1))));
  REFUSE(c, "balance", SMELTER,
         transform(c, SMELT, LOTS(in), MATERIALS(MATERIAL(c, 10 * t, {CU, t}, {AU, 1011})), NULL));
  /* a process for which no tolerance is set */
  ADMIT(c, REFINER, declare(c, 1, MATERIALS(copper(c, 10, 5))));
  Oremark__LotRef *anode = at_last(c, custody_lot(c, 0, 0));
  REFUSE(c, "balance", REFINER,
         transform(c, OREMARK__PROCESS__PROCESS_REFINE, LOTS(anode), MATERIALS(copper(c, 10, 6)), NULL));
  /* heavier than its inputs it may be: oxygen, flux, acid */
  ADMIT(c, SMELTER, transform(c, SMELT, LOTS(in), MATERIALS(copper(c, 90 * t, most)), NULL));
  assert_int_equal(custody_metal_from(c, custody_lot(c, 0, 0), CU, OM_ORIGIN_UNDECLARED, 0), (int64_t)most);
}

static void a_transform_may_leave_no_metal(void **state) {
  struct custody *c = *state;
  Oremark__LotRef *in = at_last(c, lot_of(c, SMELTER, copper(c, 100, 5)));
  ADMIT(c, SMELTER, transform(c, SMELT, LOTS(in), MATERIALS(material(c, 50, NULL, 0)), LOSSES(loss(c, CU, 5))));
  assert_int_equal(custody_look(c, custody_lot(c, 0, 0)).n_contents, 0);
}

/* ---- receipt ---- */

static void shortages_need_a_reason(void **state) {
  struct custody *c = *state;
  struct lot_name lot = in_transit(c, MATERIAL(c, 10 * t, {CU, 3 * t}, {AU, 40}));
  Oremark__Event *short_one = receive(c, 1, LOTS(at_last(c, lot)));
  measured(c, short_one, 0, 9 * t, METALS({CU, 3 * t - 1}), OREMARK__SHORTAGE_REASON__SHORTAGE_REASON_UNSTATED);
  REFUSE(c, "shortage", SMELTER, short_one);
  assert_non_null(strstr(c->st.text, "Cu"));
  measured(c, short_one, 0, 9 * t, METALS({CU, 3 * t}, {AU, 0}), OREMARK__SHORTAGE_REASON__SHORTAGE_REASON_UNSTATED);
  REFUSE(c, "shortage", SMELTER, short_one);
  assert_non_null(strstr(c->st.text, "Au"));
  measured(c, short_one, 0, 9 * t, METALS({CU, 2 * t}, {AU, 0}), OREMARK__SHORTAGE_REASON__SHORTAGE_REASON_THEFT);
  ADMIT(c, SMELTER, short_one);
  assert_int_equal(custody_metal(c, lot, CU), (int64_t)(2 * t));
  struct om_lot row = custody_look(c, lot);
  assert_int_equal(row.n_contents, 1); /* the gold is gone */
  assert_int_equal(row.gross_mg, (int64_t)(9 * t));
  assert_int_equal(custody_metal_from(c, lot, CU, OM_ORIGIN_MINE, MINE), (int64_t)(2 * t));
}

static void gains_at_receipt(void **state) {
  struct custody *c = *state;
  struct lot_name lot = in_transit(c, copper(c, 10 * t, 2 * t));
  Oremark__Event *gain = receive(c, 1, LOTS(at_last(c, lot)));
  uint64_t most = 2 * t + 10 * KG; /* 0.5 % */
  measured(c, gain, 0, 0, METALS({CU, most + 1}), OREMARK__SHORTAGE_REASON__SHORTAGE_REASON_UNSTATED);
  REFUSE(c, "gain", SMELTER, gain);
  measured(c, gain, 0, 0, METALS({CU, 2 * t}, {AU, 1}), OREMARK__SHORTAGE_REASON__SHORTAGE_REASON_UNSTATED);
  REFUSE(c, "balance", SMELTER, gain);
  measured(c, gain, 0, 0, METALS({CO, 1}, {CU, 2 * t}), OREMARK__SHORTAGE_REASON__SHORTAGE_REASON_UNSTATED);
  REFUSE(c, "balance", SMELTER, gain);
  measured(c, gain, 0, t, METALS({CU, most}), OREMARK__SHORTAGE_REASON__SHORTAGE_REASON_UNSTATED);
  REFUSE(c, "content", SMELTER, gain);
  measured(c, gain, 0, 0, METALS({CU, most}), OREMARK__SHORTAGE_REASON__SHORTAGE_REASON_UNSTATED);
  ADMIT(c, SMELTER, gain);
  assert_int_equal(custody_metal_from(c, lot, CU, OM_ORIGIN_MINE, MINE), (int64_t)most);
  assert_int_equal(c->stage.n_drift, 1);
  assert_int_equal(c->stage.drift[0].element, CU);
  assert_int_equal(c->stage.drift[0].mg, 10 * KG);
  assert_int_equal(c->stage.drift[0].period, 1700000000000 / (30 * INT64_C(86400000)) * 30); /* its first day */
}

/* ---- drift ---- */

/* A smelt of 60 t that gains MG of copper. */
static Oremark__Event **gaining(struct custody *c, uint64_t mg, uint32_t first) {
  Oremark__Event **out = om_arena_array(&c->arena, 3, sizeof *out);
  out[0] = declare(c, 1, MATERIALS(copper(c, 70 * t, 60 * t)));
  out[1] = transform(c, SMELT, LOTS(at_place(c, first, 0)), MATERIALS(copper(c, 70 * t, 60 * t + mg)), NULL);
  return out;
}

static void drift_is_capped_over_statements(void **state) {
  struct custody *c = *state; /* copper: 1 t in 30 days */
  custody_admit(c, SMELTER, gaining(c, 600 * KG, 0), COSIGNED(0), __LINE__);
  custody_refuse(c, "drift-cap", SMELTER, gaining(c, 400 * KG + 1, 0), COSIGNED(0), __LINE__);
  custody_admit(c, RECYCLER, gaining(c, 400 * KG + 1, 0), COSIGNED(0), __LINE__); /* another's is another's */
  custody_admit(c, SMELTER, gaining(c, 400 * KG, 0), COSIGNED(0), __LINE__);
  custody_refuse(c, "drift-cap", SMELTER, gaining(c, 1, 0), COSIGNED(0), __LINE__);
  c->taken_ms += 30 * INT64_C(86400000);
  custody_admit(c, SMELTER, gaining(c, 600 * KG, 0), COSIGNED(0), __LINE__);
}

static void drift_adds_up_within_a_statement(void **state) {
  struct custody *c = *state;
  Oremark__Event **a = gaining(c, 600 * KG, 0), **b = gaining(c, 400 * KG, 2), **over = gaining(c, 400 * KG + 1, 2);
  REFUSE(c, "drift-cap", SMELTER, a[0], a[1], over[0], over[1]);
  ADMIT(c, SMELTER, a[0], a[1], b[0], b[1]);
  assert_int_equal(c->stage.n_drift, 1);
  assert_int_equal(c->stage.drift[0].mg, T);
}

static void drift_of_other_elements_has_the_general_cap(void **state) {
  struct custody *c = *state; /* 10 kg */
  Oremark__Material *in = MATERIAL(c, 10 * t, {AU, 2 * t});
  REFUSE(c, "drift-cap", SMELTER, declare(c, 1, MATERIALS(in)),
         transform(c, SMELT, LOTS(at_place(c, 0, 0)), MATERIALS(MATERIAL(c, 10 * t, {AU, 2 * t + 10 * KG + 1})), NULL));
  ADMIT(c, SMELTER, declare(c, 1, MATERIALS(in)),
        transform(c, SMELT, LOTS(at_place(c, 0, 0)), MATERIALS(MATERIAL(c, 10 * t, {AU, 2 * t + 10 * KG})), NULL));
  c->replay.uncapped = true;
  ADMIT(c, SMELTER, declare(c, 1, MATERIALS(in)),
        transform(c, SMELT, LOTS(at_place(c, 0, 0)), MATERIALS(MATERIAL(c, 10 * t, {AU, 2 * t + 10 * KG})), NULL));
  assert_int_equal(c->stage.n_drift, 0);
}

/* ---- pools ---- */

static void pools(void **state) {
  struct custody *c = *state;
  ADMIT(c, EVERYTHING, extract(c, 1, MATERIALS(MATERIAL(c, 100, {CU, 30}, {AU, 3}))),
        declare(c, 1, MATERIALS(copper(c, 100, 10))), charge(c, NULL, LOTS(at_place(c, 0, 0))),
        charge(c, at_place(c, 2, 0), LOTS(at_place(c, 1, 0))));
  struct lot_name pool = custody_lot(c, 2, 0);
  struct om_lot row = custody_look(c, pool);
  assert_true(row.pool);
  assert_int_equal(row.form, 0);
  assert_int_equal(row.gross_mg, 200);
  assert_int_equal(row.step, 1);
  assert_int_equal(custody_metal(c, pool, CU), 40);
  assert_int_equal(custody_metal_from(c, pool, CU, OM_ORIGIN_UNDECLARED, 0), 10);

  REFUSE(c, "pool", EVERYTHING, ship(c, TRADER, false, LOTS(at_last(c, pool))));
  REFUSE(c, "pool", EVERYTHING, retire(c, LOTS(at_last(c, pool))));
  REFUSE(c, "pool", EVERYTHING,
         split(c, at_last(c, pool), MATERIALS(MATERIAL(c, 100, {CU, 20}, {AU, 3}), copper(c, 100, 20))));
  REFUSE(c, "pool", EVERYTHING, transform(c, SMELT, LOTS(at_last(c, pool)), MATERIALS(copper(c, 100, 20)), NULL));
  REFUSE(c, "pool", EVERYTHING, declare(c, 1, MATERIALS(copper(c, 9, 1))),
         charge(c, at_place(c, 0, 0), LOTS(at_last(c, pool))));
  REFUSE(c, "twice", EVERYTHING, charge(c, at_last(c, pool), LOTS(at_last(c, pool))));

  REFUSE(c, "balance", EVERYTHING, draw(c, at_last(c, pool), MATERIALS(copper(c, 50, 41)), NULL));
  REFUSE(c, "balance", EVERYTHING, draw(c, at_last(c, pool), MATERIALS(copper(c, 50, 40)), LOSSES(loss(c, CU, 1))));
  REFUSE(c, "balance", EVERYTHING, draw(c, at_last(c, pool), MATERIALS(MATERIAL(c, 50, {CO, 1})), NULL));
  ADMIT(c, EVERYTHING, draw(c, at_last(c, pool), MATERIALS(copper(c, 50, 20)), LOSSES(loss(c, CU, 4))));
  struct lot_name drawn = custody_lot(c, 0, 1);
  assert_int_equal(custody_metal_from(c, drawn, CU, OM_ORIGIN_MINE, EVERYTHING), 15);
  assert_int_equal(custody_metal_from(c, drawn, CU, OM_ORIGIN_UNDECLARED, 0), 5);
  assert_int_equal(custody_metal_from(c, pool, CU, OM_ORIGIN_MINE, EVERYTHING), 12);
  assert_int_equal(custody_metal_from(c, pool, CU, OM_ORIGIN_UNDECLARED, 0), 4);
  assert_int_equal(custody_metal(c, pool, AU), 3);
  assert_int_equal(custody_look(c, pool).gross_mg, 150);
  assert_int_equal(custody_look(c, pool).at.output, 0);
  /* more weight comes out than the pool is reckoned to have: reagents; what is left weighs its metal at least */
  ADMIT(c, EVERYTHING, draw(c, at_last(c, pool), MATERIALS(copper(c, 1000, 6)), NULL));
  assert_int_equal(custody_look(c, pool).gross_mg, 10 + 3);
}

static void a_pool_is_charged_where_it_stands_by_whom_it_belongs_to(void **state) {
  struct custody *c = *state;
  ADMIT(c, SMELTER, declare(c, 1, MATERIALS(copper(c, 100, 30))), charge(c, NULL, LOTS(at_place(c, 0, 0))));
  struct lot_name pool = custody_lot(c, 1, 0);
  Oremark__Event *more = declare(c, 1, MATERIALS(copper(c, 9, 1))),
                 *in = charge(c, at_last(c, pool), LOTS(at_place(c, 0, 0)));
  in->charge->site = 2;
  REFUSE(c, "site", SMELTER, more, in);
  in->charge->site = 1;
  in->charge->process = SMELT;
  REFUSE(c, "form", SMELTER, more, in);
  in->charge->process = 0;
  ADMIT(c, SMELTER, more, in);
  /* the mine's ore goes into the smelter's pool with the mine's signature and is the smelter's then */
  struct lot_name ore = lot_of(c, MINE, copper(c, 10, 5));
  ADMIT(c, MINE, ship(c, SMELTER, false, LOTS(at_last(c, ore))));
  ADMIT(c, SMELTER, receive(c, 1, LOTS(at_last(c, ore))));
  Oremark__Event *tolled[] = {charge(c, at_last(c, pool), LOTS(at_last(c, ore))), NULL};
  custody_refuse(c, "title", SMELTER, tolled, COSIGNED(0), __LINE__);
  custody_admit(c, SMELTER, tolled, COSIGNED(MINE), __LINE__);
  assert_int_equal(custody_look(c, pool).owner, SMELTER);
  assert_int_equal(custody_metal_from(c, pool, CU, OM_ORIGIN_MINE, MINE), 5);
}

static void stocktakes(void **state) {
  struct custody *c = *state;
  ADMIT(c, EVERYTHING, extract(c, 1, MATERIALS(MATERIAL(c, 10 * t, {CU, 2 * t}, {AU, 1000}))),
        charge(c, NULL, LOTS(at_place(c, 0, 0))));
  struct lot_name pool = custody_lot(c, 1, 0);
  REFUSE(c, "stocktake", EVERYTHING, stocktake(c, at_last(c, pool), 9 * t, METALS({CU, 2 * t})));
  REFUSE(c, "gain", EVERYTHING, stocktake(c, at_last(c, pool), 9 * t, METALS({CU, 2 * t + 10 * KG + 1}, {AU, 1000})));
  REFUSE(c, "content", EVERYTHING, stocktake(c, at_last(c, pool), t, METALS({CU, 2 * t}, {AU, 1000})));
  REFUSE(c, "balance", EVERYTHING, stocktake(c, at_last(c, pool), 9 * t, METALS({CO, 1}, {CU, 2 * t}, {AU, 1000})));
  ADMIT(c, EVERYTHING, stocktake(c, at_last(c, pool), 9 * t, METALS({CU, 2 * t + 10 * KG}, {AU, 0})));
  assert_int_equal(c->stage.drift[0].mg, 10 * KG);
  assert_int_equal(custody_metal_from(c, pool, CU, OM_ORIGIN_MINE, EVERYTHING), (int64_t)(2 * t + 10 * KG));
  assert_int_equal(custody_metal(c, pool, AU), 0);
  assert_int_equal(custody_look(c, pool).gross_mg, (int64_t)(9 * t));
  /* emptied, it stands ready */
  ADMIT(c, EVERYTHING, stocktake(c, at_last(c, pool), 0, METALS({CU, 0})));
  assert_int_equal(custody_look(c, pool).n_contents, 0);
  ADMIT(c, EVERYTHING, declare(c, 1, MATERIALS(copper(c, 9, 1))), charge(c, at_last(c, pool), LOTS(at_place(c, 0, 0))));
  assert_int_equal(custody_metal(c, pool, CU), 1);
  struct lot_name lot = lot_of(c, EVERYTHING, copper(c, 9, 1));
  REFUSE(c, "pool", EVERYTHING, stocktake(c, at_last(c, lot), 9, METALS({CU, 1})));
  REFUSE(c, "pool", EVERYTHING, draw(c, at_last(c, lot), MATERIALS(copper(c, 5, 1)), NULL));
}

static void a_pool_holds_no_more_elements_than_a_lot(void **state) {
  struct custody *c = *state;
  struct metal low[16], high[16];
  for (uint32_t i = 0; i < 16; i++) low[i] = (struct metal){i + 1, 1}, high[i] = (struct metal){i + 2, 1};
  Oremark__Event *a = declare(c, 1, MATERIALS(material(c, 100, low, 16))),
                 *b = declare(c, 1, MATERIALS(material(c, 100, high, 16)));
  REFUSE(c, "content", SMELTER, a, b, charge(c, NULL, LOTS(at_place(c, 0, 0), at_place(c, 1, 0))));
  ADMIT(c, SMELTER, a, a, charge(c, NULL, LOTS(at_place(c, 0, 0), at_place(c, 1, 0))));
}

/* ---- edges ---- */

static void the_largest_masses(void **state) {
  struct custody *c = *state;
  const uint64_t max = INT64_MAX;
  ADMIT(c, EVERYTHING, extract(c, 1, MATERIALS(copper(c, max, max))), extract(c, 1, MATERIALS(copper(c, max, 1))));
  struct lot_name full = custody_lot(c, 0, 0), heavy = custody_lot(c, 1, 0);
  Oremark__LotRef *both[] = {at_last(c, full), at_last(c, heavy), NULL};
  REFUSE(c, "mass", EVERYTHING, combine(c, both, copper(c, max, max)));
  REFUSE(c, "mass", EVERYTHING, transform(c, SMELT, both, MATERIALS(copper(c, max, max)), NULL));
  REFUSE(c, "mass", EVERYTHING, charge(c, NULL, both));
  REFUSE(c, "mass", EVERYTHING,
         transform(c, SMELT, LOTS(both[0]), MATERIALS(copper(c, max, max)), LOSSES(loss(c, CU, 1))));
  REFUSE(c, "mass", EVERYTHING,
         transform(c, SMELT, LOTS(both[0]), MATERIALS(copper(c, max, 1), copper(c, 1, 1)), NULL));
  REFUSE(c, "mass", EVERYTHING, split(c, both[0], MATERIALS(copper(c, max, max), copper(c, 1, 1))));
  REFUSE(c, "form", EVERYTHING, extract(c, 1, MATERIALS(copper(c, max + 1, 1))));
  REFUSE(c, "form", EVERYTHING, extract(c, 1, MATERIALS(copper(c, max, UINT64_MAX))));
  ADMIT(c, EVERYTHING, split(c, both[0], MATERIALS(copper(c, max - 1, max - 1), copper(c, 1, 1))));
  assert_int_equal(custody_metal(c, custody_lot(c, 0, 0), CU), INT64_MAX - 1);
}

static void a_thousand_lots_and_origins(void **state) {
  struct custody *c = *state;
  Oremark__Material **ores = om_arena_array(&c->arena, 1001, sizeof *ores);
  Oremark__LotRef **refs = om_arena_array(&c->arena, 1002, sizeof *refs);
  for (uint32_t i = 0; i < 1000; i++) ores[i] = copper(c, 1000, 1 + i % 7), refs[i] = at_place(c, 0, i);
  uint64_t sum = 0;
  for (size_t i = 0; i < 1000; i++) sum += ores[i]->metals[0]->contained_mg;
  ADMIT(c, EVERYTHING, extract(c, 1, ores), combine(c, refs, copper(c, 1000000, sum)),
        split(c, at_place(c, 1, 0), MATERIALS(copper(c, 999999, sum - 1), copper(c, 1, 1))));
  assert_int_equal(custody_metal(c, custody_lot(c, 2, 0), CU), (int64_t)sum - 1);
  ores[1000] = ores[0];
  Oremark__Event *too_many = extract(c, 1, ores);
  too_many->extract->n_lots = 1001;
  too_many->extract->lots = ores;
  REFUSE(c, "form", EVERYTHING, too_many);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, custody_setup, custody_teardown)
  const struct CMUnitTest tests[] = {
      TEST(origins),
      TEST(split_conserves),
      TEST(combine_conserves),
      TEST(a_diamond_keeps_its_mix),
      TEST(transform_passes_on_what_went_in),
      TEST(transform_balance),
      TEST(a_transform_may_leave_no_metal),
      TEST(shortages_need_a_reason),
      TEST(gains_at_receipt),
      TEST(drift_is_capped_over_statements),
      TEST(drift_adds_up_within_a_statement),
      TEST(drift_of_other_elements_has_the_general_cap),
      TEST(pools),
      TEST(a_pool_is_charged_where_it_stands_by_whom_it_belongs_to),
      TEST(stocktakes),
      TEST(a_pool_holds_no_more_elements_than_a_lot),
      TEST(the_largest_masses),
      TEST(a_thousand_lots_and_origins),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
