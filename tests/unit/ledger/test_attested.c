/* What attestations stand on: subjects and references as of what the log covers, rows by place and by subject, ends,
 * sums; then assays side by side and estimates beside output. */
#include "support/test.h"

#include <string.h>

#include "ledger/assays.h"
#include "ledger/output.h"
#include "support/attest.h"

#define SELLER OREMARK__ASSAY_ROLE__ASSAY_ROLE_SELLER
#define BUYER OREMARK__ASSAY_ROLE__ASSAY_ROLE_BUYER
#define UMPIRE OREMARK__ASSAY_ROLE__ASSAY_ROLE_UMPIRE
#define NO_ROLE OREMARK__ASSAY_ROLE__ASSAY_ROLE_UNSTATED
#define CAPACITY OREMARK__ESTIMATE_KIND__ESTIMATE_KIND_YEARLY_CAPACITY
#define RESOURCE OREMARK__ESTIMATE_KIND__ESTIMATE_KIND_RESOURCE

static struct lot_name a_lot(struct custody *c) {
  ADMIT(c, MINE, extract(c, 1, MATERIALS(copper(c, 20 * KG, 5 * KG))));
  return custody_lot(c, 0, 0);
}

/* How many attestations stand about ABOUT, and where the last is. */
static size_t count(struct custody *c, struct om_place *last, const struct om_subject_key *about) {
  struct om_place at = {0};
  size_t n = 0;
  int kind;
  while (om_attested_next(c->txn, &at, &kind, about)) {
    assert_true(at.log > last->log || at.index > last->index || at.event > last->event || n == 0);
    *last = at;
    n++;
  }
  return n;
}

/* ---- what is about whom ---- */

static void rows_by_subject_and_by_place(void **state) {
  struct custody *c = *state;
  struct lot_name lot = a_lot(c), other = a_lot(c);
  struct om_subject_key about;
  struct om_place last = {0};
  struct om_attested row;
  ADMIT(c, MINE, ship(c, SMELTER, true, LOTS(at_last(c, lot))));
  ADMIT(c, ASSAYER, assay(c, about_lot(c, lot), NO_ROLE, 2500, 0), assay(c, about_lot(c, other), NO_ROLE, 2600, 0),
        assay(c, about_lot(c, lot), UMPIRE, 2510, 0));
  c->taken_ms++;
  ADMIT(c, SMELTER, assay(c, about_lot(c, lot), BUYER, 2480, 50));
  om_about_lot(&about, lot.number);
  assert_int_equal(count(c, &last, &about), 3);
  assert_true(last.log == ASSAYER && last.index == 0 &&
              last.event == 2); /* by log, and ASSAYER's is behind SMELTER's */
  assert_int_equal(om_attested_get(c->txn, &row, &last, &c->st), OM_OK);
  assert_true(row.author == ASSAYER && row.kind == OREMARK__EVENT__KIND_ASSAY && row.at_ms == c->taken_ms - 1 &&
              row.n_kept == 0);
  om_about_lot(&about, other.number);
  last = (struct om_place){0};
  assert_int_equal(count(c, &last, &about), 1);
  assert_int_equal(last.event, 1);
  last.event = 7;
  assert_int_equal(om_attested_get(c->txn, &row, &last, &c->st), OM_MISSING);
}

/* A site's key begins as its member's does not, and site 1 is no beginning of site 256. */
static void subjects_do_not_run_into_each_other(void **state) {
  struct custody *c = *state;
  struct om_subject_key member, one, two, many;
  struct om_place last = {0};
  om_about_member(&member, MINE);
  om_about_site(&one, MINE, 1);
  om_about_site(&two, MINE, 2);
  om_about_site(&many, MINE, 256);
  ADMIT(c, MINE, estimate(c, MINE, 1, CAPACITY, T, 1), estimate(c, MINE, 2, CAPACITY, T, 1),
        estimate(c, MINE, 2, RESOURCE, T, 1));
  assert_int_equal(count(c, &last, &member), 0);
  assert_int_equal(count(c, &last, &one), 1);
  last = (struct om_place){0};
  assert_int_equal(count(c, &last, &two), 2);
  assert_int_equal(count(c, &last, &many), 0);
}

static void subjects_that_are_not_there(void **state) {
  struct custody *c = *state;
  struct lot_name lot = a_lot(c);
  Oremark__Subject *subject = about_lot(c, lot);
  REFUSE(c, "subject", ASSAYER, estimate(c, MINE, 3, CAPACITY, T, 1));
  REFUSE(c, "subject", ASSAYER, estimate(c, GHOST, 1, CAPACITY, T, 1));
  subject->lot.data[19] ^= 1;
  REFUSE(c, "subject", ASSAYER, assay(c, subject, NO_ROLE, 2500, 0));
  subject->lot.data[19] ^= 1;
  ADMIT(c, ASSAYER, assay(c, subject, NO_ROLE, 2500, 0));
  subject->lot.len = 19;
  REFUSE(c, "form", ASSAYER, assay(c, subject, NO_ROLE, 2500, 0));
  subject->lot.len = 20;
  subject->member = MINE;
  REFUSE(c, "form", ASSAYER, assay(c, subject, NO_ROLE, 2500, 0));
  REFUSE(c, "form", ASSAYER, assay(c, NULL, NO_ROLE, 2500, 0));
  REFUSE(c, "form", ASSAYER, assay(c, about_site(c, 0, 1), NO_ROLE, 2500, 0));
  REFUSE(c, "form", ASSAYER, assay(c, about_member(c, MINE), NO_ROLE, 2500, 0)); /* an assay is of a lot */
}

/* It leans on where the lot was born, not on what has become of it since. */
static void a_lot_is_leaned_on_from_its_birth(void **state) {
  struct custody *c = *state;
  struct lot_name lot = a_lot(c);
  uint64_t born = c->judged.index;
  c->marked[MINE] = born;
  assert_int_equal(SAY(c, ASSAYER, assay(c, about_lot(c, lot), NO_ROLE, 2500, 0)), OM_WAIT);
  assert_true(c->wait_log == MINE && c->wait_size == born + 1);
  ADMIT(c, MINE, assay(c, about_lot(c, lot), SELLER, 2500, 0)); /* the mine's own log needs no mark */
  ADMIT(c, MINE, ship(c, SMELTER, true, LOTS(at_last(c, lot))));
  c->marked[MINE] = born + 1;
  ADMIT(c, ASSAYER, assay(c, about_lot(c, lot), NO_ROLE, 2500, 0));
}

/* ---- assays ---- */

static void who_may_assay(void **state) {
  struct custody *c = *state;
  struct lot_name lot = a_lot(c);
  REFUSE(c, "role", MINE, assay(c, about_lot(c, lot), NO_ROLE, 2500, 0));
  REFUSE(c, "role", MINE, assay(c, about_lot(c, lot), UMPIRE, 2500, 0));
  ADMIT(c, MINE, assay(c, about_lot(c, lot), SELLER, 2500, 0));
  REFUSE(c, "party", ASSAYER, assay(c, about_lot(c, lot), BUYER, 2500, 0)); /* for itself alone, or as umpire */
  ADMIT(c, ASSAYER, assay(c, about_lot(c, lot), UMPIRE, 2500, 0));
  custody_change(c, ASSAYER, 1U << OREMARK__ROLE__ROLE_AUDITOR, ASSAYER, false);
  c->registry_size++;
  REFUSE(c, "role", ASSAYER, assay(c, about_lot(c, lot), BUYER, 2500, 0));
}

/* A stranger speaks for no side; who has had the lot, or is to get it, does, and is no umpire. */
static void whose_side_is_a_matter_of_whose_lot(void **state) {
  struct custody *c = *state;
  struct lot_name lot = a_lot(c);
  static const uint32_t strangers[] = {RECYCLER, SMELTER, TRADER, EVERYTHING};
  for (size_t i = 0; i < 4; i++) {
    REFUSE(c, "party", strangers[i], assay(c, about_lot(c, lot), SELLER, 2500, 0));
    REFUSE(c, "party", strangers[i], assay(c, about_lot(c, lot), BUYER, 2500, 0));
  }
  ADMIT(c, EVERYTHING, assay(c, about_lot(c, lot), UMPIRE, 2500, 0)); /* a laboratory, too, and no party yet */
  ADMIT(c, MINE, ship(c, EVERYTHING, true, LOTS(at_last(c, lot))));
  ADMIT(c, EVERYTHING, assay(c, about_lot(c, lot), BUYER, 2500, 0)); /* on its way there */
  REFUSE(c, "party", EVERYTHING, assay(c, about_lot(c, lot), SELLER, 2500, 0));
  REFUSE(c, "party", EVERYTHING, assay(c, about_lot(c, lot), UMPIRE, 2500, 0));
  ADMIT(c, EVERYTHING, receive(c, 1, LOTS(at_last(c, lot))), assay(c, about_lot(c, lot), SELLER, 2500, 0));
  ADMIT(c, EVERYTHING, ship(c, TRADER, true, LOTS(at_last(c, lot))));
  ADMIT(c, MINE, assay(c, about_lot(c, lot), SELLER, 2500, 0)); /* it was; its laboratory took weeks */
  ADMIT(c, EVERYTHING, assay(c, about_lot(c, lot), SELLER, 2500, 0));
  ADMIT(c, TRADER, assay(c, about_lot(c, lot), BUYER, 2500, 0));
  REFUSE(c, "party", RECYCLER, assay(c, about_lot(c, lot), BUYER, 2500, 0));
}

/* Of a lot with a longer life than is looked through, nobody is refused. */
static void a_long_life_is_not_looked_through(void **state) {
  struct custody *c = *state;
  struct lot_name lot = a_lot(c);
  for (int i = 0; i < 127; i++) {
    ADMIT(c, i % 2 ? SMELTER : MINE, ship(c, i % 2 ? MINE : SMELTER, true, LOTS(at_last(c, lot))));
    ADMIT(c, i % 2 ? MINE : SMELTER, receive(c, 1, LOTS(at_last(c, lot))));
  }
  ADMIT(c, SMELTER, ship(c, MINE, true, LOTS(at_last(c, lot)))); /* step 255 */
  REFUSE(c, "party", RECYCLER, assay(c, about_lot(c, lot), SELLER, 2500, 0));
  ADMIT(c, MINE, receive(c, 1, LOTS(at_last(c, lot))));
  ADMIT(c, RECYCLER, assay(c, about_lot(c, lot), SELLER, 2500, 0));
  ADMIT(c, EVERYTHING, assay(c, about_lot(c, lot), UMPIRE, 2500, 0));
}

/* Whose the lot has become in a log that runs ahead is waited for by who leans on it, and concerns nobody else. */
static void a_party_as_far_as_the_log_covers(void **state) {
  struct custody *c = *state;
  struct lot_name lot = a_lot(c);
  uint64_t born = c->judged.index;
  ADMIT(c, MINE, ship(c, EVERYTHING, true, LOTS(at_last(c, lot))));
  c->marked[MINE] = born + 1;
  assert_int_equal(SAY(c, EVERYTHING, assay(c, about_lot(c, lot), BUYER, 2500, 0)), OM_WAIT);
  assert_true(c->wait_log == MINE && c->wait_size == c->sizes[MINE]);
  REFUSE(c, "party", RECYCLER, assay(c, about_lot(c, lot), BUYER, 2500, 0));
  ADMIT(c, EVERYTHING, assay(c, about_lot(c, lot), UMPIRE, 2500, 0));
  c->marked[MINE] = c->sizes[MINE];
  ADMIT(c, EVERYTHING, assay(c, about_lot(c, lot), BUYER, 2500, 0));
  REFUSE(c, "party", EVERYTHING, assay(c, about_lot(c, lot), UMPIRE, 2500, 0));
}

static void forms_of_assays(void **state) {
  struct custody *c = *state;
  struct lot_name lot = a_lot(c);
  Oremark__Event *e = assay(c, about_lot(c, lot), SELLER, 2500, 50);
  ADMIT(c, MINE, e);
  e->assay->method = (char[]){""};
  REFUSE(c, "form", MINE, e);
  e = assay(c, about_lot(c, lot), (Oremark__AssayRole)9, 2500, 50);
  REFUSE(c, "form", MINE, e);
  e = assay(c, about_lot(c, lot), SELLER, 10001, 0); /* 100.01 % */
  REFUSE(c, "form", MINE, e);
  e = assay(c, about_lot(c, lot), SELLER, 2500, 10001);
  REFUSE(c, "form", MINE, e);
  e = assay(c, about_lot(c, lot), SELLER, 2500, 0);
  e->assay->results[0]->value = NULL;
  REFUSE(c, "form", MINE, e);
  e = assay(c, about_lot(c, lot), SELLER, 2500, 0);
  e->assay->n_results = 0;
  REFUSE(c, "form", MINE, e);
  e = assay(c, about_lot(c, lot), SELLER, 2500, 0);
  e->assay->results = (Oremark__AssayResult *[]){e->assay->results[0], e->assay->results[0]};
  e->assay->n_results = 2;
  REFUSE(c, "form", MINE, e);
  e->assay->n_results = 1;
  e->assay->results[0]->element = 119;
  REFUSE(c, "form", MINE, e);
}

static struct om_assay_compared compared(struct custody *c, Oremark__Event **events, const uint32_t *authors) {
  struct om_assay_given given[8];
  static struct om_assay_compared out[OM_ELEMENT_MAX];
  size_t n = 0;
  (void)c;
  for (; events[n]; n++)
    given[n] = (struct om_assay_given){.author = authors[n], .at_ms = events[n]->at_ms, .assay = events[n]->assay};
  assert_int_equal(om_assays_compare(out, given, n), n > 0 ? 1 : 0);
  assert_int_equal(out[0].element, CU);
  return out[0];
}
#define EVENTS(...) ((Oremark__Event *[]){__VA_ARGS__, NULL})
#define BY(...) ((const uint32_t[]){__VA_ARGS__})

static void is_result(const struct om_assay_compared *at, uint64_t digits, uint32_t places) {
  assert_true(at->stands);
  assert_int_equal(at->result.digits, digits);
  assert_int_equal(at->result.places, places);
}

static void sides_within_and_beyond_the_limit(void **state) {
  struct custody *c = *state;
  Oremark__Subject *of = about_lot(c, a_lot(c));
  struct om_assay_compared at = compared(c, EVENTS(assay(c, of, SELLER, 2550, 50)), BY(MINE));
  assert_int_equal(at.outcome, OM_ASSAY_ONE_SIDED);
  assert_false(at.stands);
  at = compared(c, EVENTS(assay(c, of, SELLER, 2550, 50), assay(c, of, BUYER, 2500, 50)), BY(MINE, SMELTER));
  assert_int_equal(at.outcome, OM_ASSAY_WITHIN); /* exactly as far apart as they may be */
  is_result(&at, 2525, 4);
  assert_int_equal(at.difference.digits, 50);
  at = compared(c, EVENTS(assay(c, of, SELLER, 2551, 50), assay(c, of, BUYER, 2500, 50)), BY(MINE, SMELTER));
  assert_int_equal(at.outcome, OM_ASSAY_SPLIT);
  assert_false(at.stands);
  at = compared(c, EVENTS(assay(c, of, SELLER, 2500, 50), assay(c, of, BUYER, 2545, 0)), BY(MINE, SMELTER));
  assert_int_equal(at.outcome, OM_ASSAY_WITHIN); /* one of them has stated the limit */
  is_result(&at, 25225, 5);
  at = compared(c, EVENTS(assay(c, of, SELLER, 2500, 50), assay(c, of, BUYER, 2545, 60)), BY(MINE, SMELTER));
  assert_int_equal(at.outcome, OM_ASSAY_LIMITS_DIFFER);
  assert_false(at.stands);
  at = compared(c, EVENTS(assay(c, of, SELLER, 2500, 0), assay(c, of, BUYER, 2500, 0)), BY(MINE, SMELTER));
  assert_int_equal(at.outcome, OM_ASSAY_NO_LIMIT);
}

static void the_umpire_decides(void **state) {
  struct custody *c = *state;
  Oremark__Subject *of = about_lot(c, a_lot(c));
  Oremark__Event *seller = assay(c, of, SELLER, 2600, 50), *buyer = assay(c, of, BUYER, 2500, 50),
                 *umpire = assay(c, of, UMPIRE, 2570, 0);
  struct om_assay_compared at = compared(c, EVENTS(umpire, buyer, seller), BY(ASSAYER, SMELTER, MINE));
  assert_int_equal(at.outcome, OM_ASSAY_UMPIRED);
  is_result(&at, 2570, 4);
  at = compared(c, EVENTS(umpire, buyer, seller), BY(SMELTER, SMELTER, MINE)); /* nobody is umpire in his own case */
  assert_int_equal(at.outcome, OM_ASSAY_SPLIT);
  at = compared(c, EVENTS(umpire, buyer, seller), BY(MINE, SMELTER, MINE));
  assert_int_equal(at.outcome, OM_ASSAY_SPLIT);
  Oremark__Event *again = assay(c, of, SELLER, 2510, 50); /* the later one counts, whatever its place */
  again->at_ms++;
  at = compared(c, EVENTS(again, buyer, seller), BY(MINE, SMELTER, MINE));
  assert_int_equal(at.outcome, OM_ASSAY_WITHIN);
  is_result(&at, 2505, 4);
  again->at_ms--;
  at = compared(c, EVENTS(again, buyer, seller), BY(MINE, SMELTER, MINE)); /* at the same time: the later place */
  assert_int_equal(at.outcome, OM_ASSAY_SPLIT);
}

static void nobody_sells_to_himself(void **state) {
  struct custody *c = *state;
  Oremark__Subject *of = about_lot(c, a_lot(c));
  Oremark__Event *seller = assay(c, of, SELLER, 2550, 50), *buyer = assay(c, of, BUYER, 2550, 50);
  struct om_assay_compared at = compared(c, EVENTS(seller, buyer), BY(MINE, MINE));
  assert_int_equal(at.outcome, OM_ASSAY_ONE_SIDED);
  Oremark__Event *other = assay(c, of, BUYER, 2540, 50); /* of the sale before, behind which the seller's own stood */
  at = compared(c, EVENTS(seller, other, buyer), BY(MINE, SMELTER, MINE));
  assert_int_equal(at.outcome, OM_ASSAY_WITHIN);
  assert_int_equal(at.sides[OM_ASSAY_BUYER].author, SMELTER);
}

static void a_mean_is_exact_as_far_as_places_go(void **state) {
  struct custody *c = *state;
  Oremark__Subject *of = about_lot(c, a_lot(c));
  Oremark__Event *seller = assay(c, of, SELLER, 2600, 9999), *buyer = assay(c, of, BUYER, 2500, 9999);
  *seller->assay->results[0]->value = (Oremark__Decimal){.digits = 500000000, .places = 9};
  *buyer->assay->results[0]->value = (Oremark__Decimal){.digits = 500000003, .places = 9};
  struct om_assay_compared at = compared(c, EVENTS(seller, buyer), BY(MINE, SMELTER));
  is_result(&at, 500000002, 9);
  *buyer->assay->results[0]->value = (Oremark__Decimal){.digits = 1, .places = 0};
  at = compared(c, EVENTS(seller, buyer), BY(MINE, SMELTER));
  is_result(&at, 750000000, 9);
}

/* ---- estimates and output ---- */

/* What is estimated of a site's output is found without going through all that is said of the site. */
static void estimates_stand_by_themselves(void **state) {
  struct custody *c = *state;
  struct om_subject_key about;
  struct om_place at = {0};
  int kind;
  ADMIT(c, ASSAYER, flag(c, about_site(c, MINE, 1)), estimate(c, MINE, 1, CAPACITY, T, 1),
        flag(c, about_site(c, MINE, 1)));
  om_about_output(&about, MINE, 1);
  assert_true(om_attested_next(c->txn, &at, &kind, &about));
  assert_true(kind == OREMARK__EVENT__KIND_ESTIMATE && at.event == 1);
  assert_false(om_attested_next(c->txn, &at, &kind, &about));
}

static void who_may_estimate(void **state) {
  struct custody *c = *state;
  ADMIT(c, MINE, estimate(c, MINE, 1, CAPACITY, T, 1));
  ADMIT(c, ASSAYER, estimate(c, MINE, 1, CAPACITY, T, 1));
  REFUSE(c, "role", SMELTER, estimate(c, MINE, 1, CAPACITY, T, 1));
  ADMIT(c, SMELTER, estimate(c, SMELTER, 1, CAPACITY, T, 1));
  REFUSE(c, "form", MINE, estimate(c, MINE, 0, CAPACITY, T, 1));
  REFUSE(c, "form", MINE, estimate(c, MINE, 1, OREMARK__ESTIMATE_KIND__ESTIMATE_KIND_UNSTATED, T, 1));
  REFUSE(c, "form", MINE, estimate(c, MINE, 1, CAPACITY, 0, 1));
  REFUSE(c, "form", MINE, estimate(c, MINE, 1, CAPACITY, T, 0));
  REFUSE(c, "form", MINE, estimate(c, MINE, 1, CAPACITY, T, INT64_MAX));
}

static void years(void **state) {
  (void)state;
  static const struct {
    int64_t s;
    uint16_t year;
  } table[] = {{0, 1970},          {31535999, 1970},   {31536000, 1971},   {94694399, 1972},   {94694400, 1973},
               {951782400, 2000},  {978307199, 2000},  {978307200, 2001},  {1735689599, 2024}, {1735689600, 2025},
               {4102444799, 2099}, {4102444800, 2100}, {4133980799, 2100}, {4133980800, 2101}};
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    assert_int_equal(om_year_of(table[i].s * 1000), table[i].year);
  assert_int_equal(om_year_of(1735689599999), 2024);
  assert_int_equal(om_year_of(OM_TIME_MAX_MS), 9999);
}

static const int64_t Y2024 = INT64_C(1704067200000), Y2025 = INT64_C(1735689600000), Y2026 = INT64_C(1767225600000);

static void put_out(struct custody *c, uint32_t site, int64_t at_ms, uint64_t copper_mg) {
  Oremark__Event *e = extract(c, site, MATERIALS(copper(c, 2 * copper_mg, copper_mg), copper(c, 4, 2)));
  e->at_ms = at_ms;
  ADMIT(c, MINE, e);
}

static void output_is_summed_by_site_and_year(void **state) {
  struct custody *c = *state;
  struct om_output at = {0};
  put_out(c, 1, Y2025 - 1, 100);
  put_out(c, 1, Y2025, 200);
  put_out(c, 1, Y2025 + 5, 300);
  Oremark__Event *e = extract(c, 1, MATERIALS(copper(c, 4, 1))), *f = extract(c, 1, MATERIALS(copper(c, 4, 1)));
  e->at_ms = f->at_ms = Y2026;
  ADMIT(c, EVERYTHING, e, f); /* two in one statement */
  assert_true(om_output_next(c->txn, &at, 0));
  assert_true(at.member == MINE && at.site == 1 && at.element == CU && at.year == 2024 && at.mg == 102);
  assert_true(om_output_next(c->txn, &at, 0));
  assert_true(at.year == 2025 && at.mg == 504);
  struct om_output last = at;
  assert_false(om_output_next(c->txn, &last, MINE));
  assert_true(om_output_next(c->txn, &at, 0));
  assert_true(at.member == EVERYTHING && at.year == 2026 && at.mg == 2);
  assert_false(om_output_next(c->txn, &at, 0));
  at = (struct om_output){0};
  assert_true(om_output_next(c->txn, &at, EVERYTHING) && at.member == EVERYTHING);
}

static void output_that_is_too_large_stays_at_the_largest(void **state) {
  struct custody *c = *state;
  struct om_output at = {0};
  Oremark__Event *e = extract(c, 1, MATERIALS(copper(c, INT64_MAX, INT64_MAX)));
  ADMIT(c, MINE, e);
  ADMIT(c, MINE, extract(c, 1, MATERIALS(copper(c, 2, 1))));
  assert_true(om_output_next(c->txn, &at, 0) && at.mg == INT64_MAX);
}

static size_t n_ceilings;

/* The widest of those that stand. */
static struct om_output_ceiling widest(struct custody *c, const struct om_output *output, Oremark__EstimateKind kind) {
  struct om_output_ceiling *each;
  assert_int_equal(om_output_ceilings(c->txn, &c->arena, &each, &n_ceilings, output, kind, &c->st), OM_OK);
  for (size_t i = 1; i < n_ceilings; i++) assert_true(each[i - 1].author < each[i].author);
  return om_output_widest(each, n_ceilings);
}

static void a_yearly_capacity_is_each_ones_last_before_the_years_end(void **state) {
  struct custody *c = *state;
  struct om_output output = {.member = MINE, .site = 1, .element = CU, .year = 2025, .mg = 600};
  assert_false(widest(c, &output, CAPACITY).stated);
  ADMIT(c, MINE, estimate(c, MINE, 1, CAPACITY, 500, Y2024), estimate(c, MINE, 2, CAPACITY, 1, Y2024),
        estimate(c, MINE, 1, RESOURCE, 2, Y2024), estimate(c, MINE, 1, CAPACITY, 900, Y2026));
  struct om_output_ceiling ceiling = widest(c, &output, CAPACITY);
  assert_true(ceiling.stated && ceiling.mg == 500 && ceiling.sum_mg == 600 && ceiling.author == MINE);
  ADMIT(c, MINE, estimate(c, MINE, 1, CAPACITY, 700, Y2026 - 1)); /* within the year, and later */
  assert_int_equal(widest(c, &output, CAPACITY).mg, 700);
  ADMIT(c, MINE, estimate(c, MINE, 1, CAPACITY, 650, Y2026 - 1)); /* as of the same moment: the lower */
  assert_int_equal(widest(c, &output, CAPACITY).mg, 650);
  assert_int_equal(n_ceilings, 1);
  output.element = AU;
  assert_false(widest(c, &output, CAPACITY).stated);
}

/* Whoever estimates last does not take the place of the others, and takes back what is its own alone. */
static void estimates_stand_side_by_side(void **state) {
  struct custody *c = *state;
  struct om_output output = {.member = MINE, .site = 1, .element = CU, .year = 2025, .mg = 600};
  ADMIT(c, MINE, estimate(c, MINE, 1, CAPACITY, 700, Y2024));
  ADMIT(c, ASSAYER, estimate(c, MINE, 1, CAPACITY, 1, Y2026 - 1));
  struct om_output_ceiling ceiling = widest(c, &output, CAPACITY);
  assert_true(n_ceilings == 2 && ceiling.mg == 700 && ceiling.author == MINE);
  ADMIT(c, EVERYTHING, estimate(c, MINE, 1, CAPACITY, 800, Y2024));
  Oremark__EventRef *ref = last_event(c, 0);
  ceiling = widest(c, &output, CAPACITY);
  assert_true(n_ceilings == 3 && ceiling.mg == 800 && ceiling.author == EVERYTHING);
  REFUSE(c, "withdraw", MINE, withdraw(c, ref));
  ADMIT(c, EVERYTHING, withdraw(c, ref));
  ceiling = widest(c, &output, CAPACITY);
  assert_true(n_ceilings == 2 && ceiling.mg == 700 && ceiling.author == MINE);
}

static void a_resource_is_used_up_over_the_years(void **state) {
  struct custody *c = *state;
  struct om_output output = {.member = MINE, .site = 1, .element = CU, .year = 2025, .mg = 302};
  put_out(c, 1, Y2024 - 1, 1000);
  put_out(c, 1, Y2024, 200);
  put_out(c, 1, Y2025, 300);
  put_out(c, 1, Y2026, 400);
  ADMIT(c, MINE, estimate(c, MINE, 1, RESOURCE, 5000, Y2024));
  struct om_output_ceiling ceiling = widest(c, &output, RESOURCE);
  assert_true(ceiling.stated && ceiling.mg == 5000);
  assert_int_equal(ceiling.sum_mg, 202 + 302);
  ADMIT(c, ASSAYER, estimate(c, MINE, 1, RESOURCE, 4900, Y2025)); /* less, and less used up: more is left */
  ceiling = widest(c, &output, RESOURCE);
  assert_true(ceiling.mg == 4900 && ceiling.sum_mg == 302);
  ADMIT(c, MINE, estimate(c, MINE, 1, RESOURCE, 4950, Y2024 + 1)); /* the rest of 2024 is not known apart */
  ceiling = widest(c, &output, RESOURCE);
  assert_true(ceiling.mg == 4950 && ceiling.sum_mg == 302);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, custody_setup, custody_teardown)
  const struct CMUnitTest tests[] = {
      TEST(rows_by_subject_and_by_place),
      TEST(subjects_do_not_run_into_each_other),
      TEST(subjects_that_are_not_there),
      TEST(a_lot_is_leaned_on_from_its_birth),
      TEST(who_may_assay),
      TEST(whose_side_is_a_matter_of_whose_lot),
      TEST(a_party_as_far_as_the_log_covers),
      TEST(nobody_sells_to_himself),
      TEST(a_long_life_is_not_looked_through),
      TEST(forms_of_assays),
      TEST(sides_within_and_beyond_the_limit),
      TEST(the_umpire_decides),
      TEST(a_mean_is_exact_as_far_as_places_go),
      TEST(estimates_stand_by_themselves),
      TEST(who_may_estimate),
      TEST(years),
      TEST(output_is_summed_by_site_and_year),
      TEST(output_that_is_too_large_stays_at_the_largest),
      TEST(a_yearly_capacity_is_each_ones_last_before_the_years_end),
      TEST(estimates_stand_side_by_side),
      TEST(a_resource_is_used_up_over_the_years),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
