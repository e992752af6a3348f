/* What has been claimed for a lot goes with its metal into all that is made of it: nothing is claimed twice under one
 * scheme by splitting, combining, processing or pooling it in between, and nothing that was free becomes claimed. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "support/attest.h"

static const int64_t FROM = INT64_C(1700000000000), UNTIL = INT64_C(1700000500000);

/* EVERYTHING certifies, and holds certificates of both schemes that are large enough for all of a test; so it is the
 * member, too, that all happens with unless a test says otherwise. */
struct yard {
  struct custody *c;
  Oremark__EventRef *mark, *gross, *other;
};

static struct yard setup(struct custody *c) {
  static char fairmined[] = "Fairmined";
  struct yard y = {.c = c};
  recognise(c, "Copper Mark", (const uint32_t[]){EVERYTHING, 0});
  recognise(c, fairmined, (const uint32_t[]){EVERYTHING, 0});
  ADMIT(c, EVERYTHING, certify(c, about_member(c, EVERYTHING), FROM, UNTIL, T));
  y.mark = last_event(c, 0);
  Oremark__Event *e = certify(c, about_member(c, EVERYTHING), FROM, UNTIL, T);
  e->certify->element = 0;
  ADMIT(c, EVERYTHING, e);
  y.gross = last_event(c, 0);
  e = certify(c, about_member(c, EVERYTHING), FROM, UNTIL, T);
  e->certify->scheme = fairmined;
  ADMIT(c, EVERYTHING, e);
  y.other = last_event(c, 0);
  return y;
}

static struct lot_name a_lot(struct custody *c, uint64_t copper_mg) {
  ADMIT(c, EVERYTHING, declare(c, 1, MATERIALS(copper(c, 2 * copper_mg, copper_mg))));
  return custody_lot(c, 0, 0);
}

static void claims(struct yard *y, Oremark__EventRef *ref, struct lot_name lot, uint64_t mg, int line) {
  custody_admit(y->c, EVERYTHING, (Oremark__Event *[]){claim(y->c, ref, at_last(y->c, lot), mg), NULL},
                (const uint32_t[]){0}, line);
}

/* So much can be claimed for LOT still, and not a milligram more. */
static void left(struct yard *y, Oremark__EventRef *ref, struct lot_name lot, uint64_t mg, int line) {
  custody_refuse(y->c, "quantity", EVERYTHING, (Oremark__Event *[]){claim(y->c, ref, at_last(y->c, lot), mg + 1), NULL},
                 (const uint32_t[]){0}, line);
  if (mg > 0) claims(y, ref, lot, mg, line);
}
#define CLAIM(y, ref, lot, mg) claims(y, ref, lot, mg, __LINE__)
#define LEFT(y, ref, lot, mg) left(y, ref, lot, mg, __LINE__)

static void a_split_lot_is_not_claimed_anew(void **state) {
  struct custody *c = *state;
  struct yard y = setup(c);
  struct lot_name lot = a_lot(c, 100), parts[3];
  CLAIM(&y, y.mark, lot, 60);
  CLAIM(&y, y.gross, lot, 10);
  ADMIT(c, EVERYTHING, split(c, at_last(c, lot), MATERIALS(copper(c, 51, 50), copper(c, 49, 49), copper(c, 100, 1))));
  for (uint16_t i = 0; i < 3; i++) parts[i] = custody_lot(c, 0, i);
  LEFT(&y, y.mark, parts[0], 20); /* 30 of 50 */
  LEFT(&y, y.mark, parts[1], 19); /* 30 of 50 that are left, of which it has 49: 29.4, and never less */
  LEFT(&y, y.mark, parts[2], 1);
  LEFT(&y, y.gross, parts[0], 51 - 3); /* 2.55 */
  LEFT(&y, y.gross, parts[1], 49 - 3); /* 7 of 149: 2.3 */
  LEFT(&y, y.gross, parts[2], 100 - 4);
  LEFT(&y, y.other, parts[0], 50); /* the other scheme knows nothing of it */
}

static void what_was_claimed_whole_stays_claimed_whole(void **state) {
  struct custody *c = *state;
  struct yard y = setup(c);
  struct lot_name lot = a_lot(c, 1000);
  CLAIM(&y, y.mark, lot, 1000);
  ADMIT(c, EVERYTHING, split(c, at_last(c, lot), MATERIALS(copper(c, 1, 1), copper(c, 1999, 999))));
  struct lot_name dust = custody_lot(c, 0, 0), rest = custody_lot(c, 0, 1);
  LEFT(&y, y.mark, dust, 0);
  LEFT(&y, y.mark, rest, 0);
  REFUSE(c, "quantity", EVERYTHING, claim(c, y.mark, at_last(c, rest), 1));
  assert_non_null(
      strstr(c->st.text, "with 999 mg claimed under Copper Mark for it, or for what it was made of, before"));
}

/* Split, each part worked on its own, and brought together again: what was claimed comes together too. */
static void a_diamond_counts_once(void **state) {
  struct custody *c = *state;
  struct yard y = setup(c);
  struct lot_name lot = a_lot(c, 1000), free = a_lot(c, 500);
  CLAIM(&y, y.mark, lot, 400);
  ADMIT(c, EVERYTHING, split(c, at_last(c, lot), MATERIALS(copper(c, 700, 300), copper(c, 1300, 700))));
  struct lot_name a = custody_lot(c, 0, 0), b = custody_lot(c, 0, 1);
  CLAIM(&y, y.mark, a, 100); /* 220 of 300 now */
  ADMIT(c, EVERYTHING, combine(c, LOTS(at_last(c, a), at_last(c, b), at_last(c, free)), copper(c, 3000, 1500)));
  LEFT(&y, y.mark, custody_lot(c, 0, 0), 1000);
}

static void a_process_passes_it_on_in_proportion(void **state) {
  struct custody *c = *state;
  struct yard y = setup(c);
  struct lot_name lot = a_lot(c, 1000), free = a_lot(c, 1000);
  CLAIM(&y, y.mark, lot, 500);
  CLAIM(&y, y.gross, lot, 2000);
  ADMIT(c, EVERYTHING,
        transform(c, OREMARK__PROCESS__PROCESS_SMELT, LOTS(at_last(c, lot), at_last(c, free)),
                  MATERIALS(copper(c, 1500, 1200), copper(c, 500, 400)), LOSSES(loss(c, CU, 400))));
  struct lot_name a = custody_lot(c, 0, 0), b = custody_lot(c, 0, 1);
  LEFT(&y, y.mark, a, 900); /* a quarter is claimed, and of what was lost as well */
  LEFT(&y, y.mark, b, 300);
  LEFT(&y, y.gross, a, 750); /* half of the gross mass that went in */
}

/* A gain is free and claimed like the rest. */
static void a_gain_frees_nothing_that_was_claimed(void **state) {
  struct custody *c = *state;
  struct yard y = setup(c);
  struct lot_name lot = a_lot(c, 1000);
  CLAIM(&y, y.mark, lot, 1000);
  CLAIM(&y, y.gross, lot, 1000);
  ADMIT(c, EVERYTHING,
        transform(c, OREMARK__PROCESS__PROCESS_SMELT, LOTS(at_last(c, lot)),
                  MATERIALS(copper(c, 3000, 505), copper(c, 1000, 505)), LOSSES(NULL)));
  struct lot_name a = custody_lot(c, 0, 0), b = custody_lot(c, 0, 1);
  LEFT(&y, y.mark, a, 0);
  LEFT(&y, y.mark, b, 0);
  LEFT(&y, y.gross, a, 1500);
  LEFT(&y, y.gross, b, 500);
}

/* What a lot is short of was free first. */
static void a_shortage_is_not_claimed_metal(void **state) {
  struct custody *c = *state;
  struct yard y = setup(c);
  struct lot_name lot = a_lot(c, 1000);
  CLAIM(&y, y.mark, lot, 900);
  ADMIT(c, EVERYTHING, ship(c, SMELTER, true, LOTS(at_last(c, lot))));
  Oremark__Event *e = receive(c, 1, LOTS(at_last(c, lot)));
  measured(c, e, 0, 0, METALS({CU, 800}), OREMARK__SHORTAGE_REASON__SHORTAGE_REASON_ASSAY);
  ADMIT(c, SMELTER, e);
  ADMIT(c, SMELTER, ship(c, EVERYTHING, true, LOTS(at_last(c, lot))));
  ADMIT(c, EVERYTHING, receive(c, 1, LOTS(at_last(c, lot))));
  LEFT(&y, y.mark, lot, 0);
  struct lot_name free = a_lot(c, 400);
  ADMIT(c, EVERYTHING, combine(c, LOTS(at_last(c, lot), at_last(c, free)), copper(c, 2800, 1200)));
  LEFT(&y, y.mark, custody_lot(c, 0, 0), 400);
}

static void pools_keep_and_give_it(void **state) {
  struct custody *c = *state;
  struct yard y = setup(c);
  struct lot_name lot = a_lot(c, 1000), free = a_lot(c, 3000), later = a_lot(c, 1000);
  CLAIM(&y, y.mark, lot, 1000);
  ADMIT(c, EVERYTHING, charge(c, NULL, LOTS(at_last(c, lot))));
  struct lot_name pool = custody_lot(c, 0, 0);
  ADMIT(c, EVERYTHING, charge(c, at_last(c, pool), LOTS(at_last(c, free)))); /* a quarter of 4000 */
  ADMIT(c, EVERYTHING,
        draw(c, at_last(c, pool), MATERIALS(copper(c, 800, 800), copper(c, 400, 400)), LOSSES(loss(c, CU, 800))));
  LEFT(&y, y.mark, custody_lot(c, 0, 1), 600);
  ADMIT(c, EVERYTHING, charge(c, at_last(c, pool), LOTS(at_last(c, later)))); /* 500 of 3000 */
  ADMIT(c, EVERYTHING, draw(c, at_last(c, pool), MATERIALS(copper(c, 2999, 2999)), LOSSES(NULL)));
  LEFT(&y, y.mark, custody_lot(c, 0, 1), 2500);
  ADMIT(c, EVERYTHING, draw(c, at_last(c, pool), MATERIALS(copper(c, 1, 1)), LOSSES(NULL)));
  LEFT(&y, y.mark, custody_lot(c, 0, 1), 0); /* rounded up; and the pool, which is empty, holds nothing back */
  ADMIT(c, EVERYTHING, charge(c, at_last(c, pool), LOTS(at_last(c, a_lot(c, 50)))));
  ADMIT(c, EVERYTHING, draw(c, at_last(c, pool), MATERIALS(copper(c, 50, 50)), LOSSES(NULL)));
  LEFT(&y, y.mark, custody_lot(c, 0, 1), 50);
}

static void within_one_statement(void **state) {
  struct custody *c = *state;
  struct yard y = setup(c);
  struct lot_name lot = a_lot(c, 1000);
  Oremark__Event *all[] = {
      claim(c, y.mark, at_last(c, lot), 600),
      split(c, at_place(c, 0, 0), MATERIALS(copper(c, 1000, 500), copper(c, 1000, 500))),
      claim(c, y.mark, at_place(c, 1, 0), 200),
      combine(c, LOTS(at_place(c, 2, 0), at_place(c, 1, 1)), copper(c, 2000, 1000)),
      NULL,
      NULL,
  };
  all[4] = claim(c, y.mark, at_place(c, 3, 0), 201);
  custody_refuse(c, "quantity", EVERYTHING, all, (const uint32_t[]){0}, __LINE__);
  all[4] = claim(c, y.mark, at_place(c, 3, 0), 200);
  custody_admit(c, EVERYTHING, all, (const uint32_t[]){0}, __LINE__);
  LEFT(&y, y.mark, custody_lot(c, 3, 0), 0);
}

/* Sold to whoever holds another certificate of the scheme, in another log. */
static void another_holder_does_not_claim_it_again(void **state) {
  struct custody *c = *state;
  struct yard y = setup(c);
  struct lot_name lot = a_lot(c, 1000);
  ADMIT(c, EVERYTHING, certify(c, about_member(c, SMELTER), FROM, UNTIL, T));
  Oremark__EventRef *theirs = last_event(c, 0);
  CLAIM(&y, y.mark, lot, 700);
  ADMIT(c, EVERYTHING, split(c, at_last(c, lot), MATERIALS(copper(c, 1000, 500), copper(c, 1000, 500))));
  lot = custody_lot(c, 0, 0);
  ADMIT(c, EVERYTHING, ship(c, SMELTER, true, LOTS(at_last(c, lot))));
  ADMIT(c, SMELTER, receive(c, 1, LOTS(at_last(c, lot))));
  REFUSE(c, "quantity", SMELTER, claim(c, theirs, at_last(c, lot), 151));
  ADMIT(c, SMELTER, claim(c, theirs, at_last(c, lot), 150));
}

/* Claims are counted with what a statement moves: a thousand parts of what is claimed under many schemes are too much
 * at a time, and fewer are not. */
static void many_claims_are_moved_in_steps(void **state) {
  enum { SCHEMES = 40, PARTS = 1000 };
  static char names[SCHEMES][8];
  static Oremark__Material *parts[PARTS + 1];
  struct custody *c = *state;
  struct yard y = setup(c);
  struct lot_name lot = a_lot(c, PARTS);
  for (size_t i = 0; i < SCHEMES; i++) {
    snprintf(names[i], sizeof names[i], "S%zu", i);
    recognise(c, names[i], (const uint32_t[]){EVERYTHING, 0});
    Oremark__Event *e = certify(c, about_member(c, EVERYTHING), FROM, UNTIL, T);
    e->certify->scheme = names[i];
    ADMIT(c, EVERYTHING, e);
    CLAIM(&y, last_event(c, 0), lot, 500);
  }
  for (size_t i = 0; i < PARTS; i++) parts[i] = copper(c, 2, 1);
  REFUSE(c, "origins", EVERYTHING, split(c, at_last(c, lot), parts));
  parts[1] = copper(c, 2 * (PARTS - 1), PARTS - 1);
  parts[2] = NULL;
  ADMIT(c, EVERYTHING, split(c, at_last(c, lot), parts));
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, custody_setup, custody_teardown)
  const struct CMUnitTest tests[] = {
      TEST(a_split_lot_is_not_claimed_anew),
      TEST(what_was_claimed_whole_stays_claimed_whole),
      TEST(a_diamond_counts_once),
      TEST(a_process_passes_it_on_in_proportion),
      TEST(a_gain_frees_nothing_that_was_claimed),
      TEST(a_shortage_is_not_claimed_metal),
      TEST(pools_keep_and_give_it),
      TEST(within_one_statement),
      TEST(another_holder_does_not_claim_it_again),
      TEST(many_claims_are_moved_in_steps),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
