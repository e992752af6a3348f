/* Certificates: who gives and withdraws them, what they are worth at a time, and that those for a quantity are drawn
 * down by their holder alone and never below nothing. */
#include "support/test.h"

#include <string.h>

#include "ledger/certificate.h"
#include "support/attest.h"

static const int64_t FROM = INT64_C(1700000000000), UNTIL = INT64_C(1700000500000);

/* The certifier is EVERYTHING; ASSAYER has the role too, and no scheme lists it. */
static void setup(struct custody *c) {
  recognise(c, "Copper Mark", (const uint32_t[]){SMELTER, EVERYTHING, 0});
  custody_change(c, ASSAYER, 1U << OREMARK__ROLE__ROLE_CERTIFIER, ASSAYER, false);
  c->registry_size = REGISTRY_SIZE + 1;
}

static struct lot_name a_lot(struct custody *c, uint32_t owner, uint64_t copper_mg) {
  ADMIT(c, owner, declare(c, 1, MATERIALS(copper(c, 2 * copper_mg, copper_mg))));
  return custody_lot(c, 0, 0);
}

static Oremark__EventRef *certified(struct custody *c, Oremark__Subject *subject, uint64_t quantity_mg) {
  ADMIT(c, EVERYTHING, certify(c, subject, FROM, UNTIL, quantity_mg));
  return last_event(c, 0);
}

/* ---- giving ---- */

static void who_may_certify(void **state) {
  struct custody *c = *state;
  setup(c);
  ADMIT(c, EVERYTHING, certify(c, about_member(c, MINE), FROM, UNTIL, 0));
  ADMIT(c, EVERYTHING, certify(c, about_site(c, MINE, 1), FROM, UNTIL, 0));
  REFUSE(c, "role", SMELTER, certify(c, about_member(c, MINE), FROM, UNTIL, 0)); /* listed, but no certifier */
  REFUSE(c, "scheme", ASSAYER, certify(c, about_member(c, MINE), FROM, UNTIL, 0));
  Oremark__Event *e = certify(c, about_member(c, MINE), FROM, UNTIL, 0);
  e->certify->scheme = (char[]){"Copper Marks"};
  REFUSE(c, "scheme", EVERYTHING, e);
  REFUSE(c, "subject", EVERYTHING, certify(c, about_site(c, MINE, 9), FROM, UNTIL, 0));
}

static void forms_of_certificates(void **state) {
  struct custody *c = *state;
  setup(c);
  struct lot_name lot = a_lot(c, MINE, KG);
  ADMIT(c, EVERYTHING, certify(c, about_lot(c, lot), FROM, FROM + 1, KG));
  REFUSE(c, "form", EVERYTHING, certify(c, about_lot(c, lot), FROM, FROM, 0));
  REFUSE(c, "form", EVERYTHING, certify(c, about_lot(c, lot), FROM, FROM - 1, 0));
  REFUSE(c, "form", EVERYTHING, certify(c, about_lot(c, lot), 0, UNTIL, 0));
  REFUSE(c, "form", EVERYTHING, certify(c, about_lot(c, lot), FROM, INT64_MAX, 0));
  REFUSE(c, "form", EVERYTHING, certify(c, about_site(c, MINE, 1), FROM, UNTIL, KG));
  Oremark__Event *e = certify(c, about_lot(c, lot), FROM, UNTIL, 0);
  e->certify->element = CU;
  REFUSE(c, "form", EVERYTHING, e);
  e = certify(c, about_lot(c, lot), FROM, UNTIL, 0);
  e->certify->scheme = (char[]){""};
  REFUSE(c, "form", EVERYTHING, e);
  e = certify(c, about_lot(c, lot), FROM, UNTIL, 0);
  e->certify->document_hash = (ProtobufCBinaryData){20, lot.number};
  REFUSE(c, "form", EVERYTHING, e);
  Oremark__Subject *subject = about_member(c, 0);
  subject->event = last_event(c, 0);
  REFUSE(c, "form", EVERYTHING, certify(c, subject, FROM, UNTIL, 0));
}

/* ---- withdrawing ---- */

static void only_its_author_withdraws_a_certificate_and_once(void **state) {
  struct custody *c = *state;
  struct om_certificate certificate;
  struct om_attested row;
  struct om_place at;
  struct om_certificate_end end;
  setup(c);
  struct lot_name lot = a_lot(c, MINE, KG);
  Oremark__EventRef *ref = certified(c, about_member(c, MINE), 0);
  at = (struct om_place){.log = EVERYTHING, .index = c->judged.index};
  REFUSE(c, "withdraw", MINE, withdraw(c, ref));
  assert_int_equal(om_certificate_get(c->txn, &certificate, &row, &end, &at, &c->st), OM_OK);
  assert_true(!end.ended && certificate.from_ms == FROM && certificate.until_ms == UNTIL &&
              strcmp(certificate.scheme, "Copper Mark") == 0 && row.author == EVERYTHING);
  c->taken_ms += 77;
  ADMIT(c, EVERYTHING, withdraw(c, ref));
  assert_int_equal(om_certificate_get(c->txn, &certificate, &row, &end, &at, &c->st), OM_OK);
  assert_true(end.ended && end.at_ms == c->taken_ms && end.by.index == c->judged.index);
  assert_true(end.until_ms == INT64_MAX && certificate.until_ms == UNTIL); /* no quorum has made it final here */
  REFUSE(c, "withdraw", EVERYTHING, withdraw(c, ref));
  REFUSE(c, "withdraw", EVERYTHING, withdraw(c, last_event(c, 0))); /* the withdrawal itself */
  Oremark__EventRef *twice = certified(c, about_lot(c, lot), 0);
  REFUSE(c, "withdraw", EVERYTHING, withdraw(c, twice), withdraw(c, twice)); /* in one statement */
  ADMIT(c, EVERYTHING, withdraw(c, twice));
}

static void references_that_lead_nowhere(void **state) {
  struct custody *c = *state;
  setup(c);
  Oremark__EventRef *ref = certified(c, about_member(c, MINE), 0);
  ref->event = 1;
  REFUSE(c, "event", EVERYTHING, withdraw(c, ref));
  ref->event = 256;
  REFUSE(c, "form", EVERYTHING, withdraw(c, ref));
  ref->event = 0;
  ref->statement_id.data[31] ^= 1; /* filed under the first ten bytes alone */
  REFUSE(c, "event", EVERYTHING, withdraw(c, ref));
  ref->statement_id.data[31] ^= 1;
  ref->statement_id.data[0] ^= 1;
  REFUSE(c, "event", EVERYTHING, withdraw(c, ref));
  ref->statement_id.data[0] ^= 1;
  ref->signed_ms++;
  REFUSE(c, "event", EVERYTHING, withdraw(c, ref));
  ref->signed_ms--;
  ref->member = 0;
  REFUSE(c, "form", EVERYTHING, withdraw(c, ref));
  REFUSE(c, "form", EVERYTHING, withdraw(c, NULL));
  ref->member = EVERYTHING;
  Oremark__Event *e = withdraw(c, ref);
  e->withdraw->reason = (char[]){""};
  REFUSE(c, "form", EVERYTHING, e);
  ADMIT(c, EVERYTHING, withdraw(c, ref));
  a_lot(c, MINE, KG);
  REFUSE(c, "withdraw", MINE, withdraw(c, last_event(c, 0))); /* an event, but no certificate */
}

static void none_is_withdrawn_before_it_begins(void **state) {
  struct custody *c = *state;
  setup(c);
  Oremark__EventRef *ref = certified(c, about_member(c, MINE), 0);
  Oremark__Event *e = withdraw(c, ref);
  e->at_ms = FROM - 1;
  REFUSE(c, "withdraw", EVERYTHING, e);
  e->at_ms = FROM;
  ADMIT(c, EVERYTHING, e);
}

/* Estimates and assays are taken back like certificates: by their author, once. */
static void estimates_and_assays_are_withdrawn_too(void **state) {
  struct custody *c = *state;
  setup(c);
  struct lot_name lot = a_lot(c, MINE, KG);
  Oremark__Event *given[] = {assay(c, about_lot(c, lot), OREMARK__ASSAY_ROLE__ASSAY_ROLE_UNSTATED, 2500, 0),
                             estimate(c, MINE, 1, OREMARK__ESTIMATE_KIND__ESTIMATE_KIND_RESOURCE, 1000, FROM)};
  for (size_t i = 0; i < 2; i++) {
    ADMIT(c, EVERYTHING, given[i]);
    Oremark__EventRef *ref = last_event(c, 0);
    REFUSE(c, "withdraw", MINE, withdraw(c, ref));
    Oremark__Event *e = withdraw(c, ref);
    e->at_ms = 1; /* they begin at no time */
    ADMIT(c, EVERYTHING, e);
    REFUSE(c, "withdraw", EVERYTHING, withdraw(c, ref));
  }
  ADMIT(c, EVERYTHING, flag(c, about_lot(c, lot)));
  REFUSE(c, "withdraw", EVERYTHING, withdraw(c, last_event(c, 0))); /* a flag is cleared */
}

/* ---- worth at a time ---- */

static void the_same_second(void **state) {
  (void)state;
  const int64_t from = 10000, until = 20000; /* the seconds 10 to 19 */
  static const struct {
    int64_t at_ms;
    uint64_t time_s;
    enum om_valid valid;
  } table[] = {
      {15000, 15, OM_VALID},         {10000, 10, OM_VALID}, /* from is inside... */
      {9999, 10, OM_VALID_UNKNOWN},  {9999, 9, OM_VALID_NOT},
      {10000, 9, OM_VALID_UNKNOWN},  {19999, 19, OM_VALID}, /* ...until is not */
      {20000, 19, OM_VALID_UNKNOWN}, {19999, 20, OM_VALID_UNKNOWN},
      {20000, 20, OM_VALID_NOT},     {15000, 0, OM_VALID_UNKNOWN}, /* no time of a quorum is known */
      {25000, 0, OM_VALID_UNKNOWN},  {15000, UINT64_MAX, OM_VALID_UNKNOWN},
      {5000, 25, OM_VALID_NOT}, /* before and after it */
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    assert_int_equal(om_valid_at(from, until, table[i].at_ms, table[i].time_s), table[i].valid);
  /* It begins or ends within the second: what was final in it may have been so before or after. */
  assert_int_equal(om_valid_at(10001, 20000, 15000, 10), OM_VALID_UNKNOWN);
  assert_int_equal(om_valid_at(10001, 20000, 15000, 11), OM_VALID);
  assert_int_equal(om_valid_at(10000, 19999, 15000, 19), OM_VALID_UNKNOWN);
  assert_int_equal(om_valid_at(10000, 19999, 19999, 19), OM_VALID_UNKNOWN);
  assert_int_equal(om_valid_at(10000, 19999, 15000, 18), OM_VALID);
  assert_int_equal(om_valid_at(10000, 19001, 19001, 19), OM_VALID_UNKNOWN);
  assert_int_equal(om_valid_at(10000, 19000, 19000, 19), OM_VALID_NOT);
  assert_int_equal(om_valid_at(10999, 20000, 5000, 9), OM_VALID_NOT);
  assert_int_equal(om_valid_at(10000, 10001, 10000, 10), OM_VALID_UNKNOWN); /* shorter than the second */
}

static void kept_and_read_again(void **state) {
  (void)state;
  struct om_certificate c = {.from_ms = 1, .until_ms = INT64_MAX, .quantity_mg = 7, .element = CU}, back;
  uint8_t kept[OM_ATTESTED_KEPT_MAX];
  uint8_t number[OM_LOT_NUMBER_BYTES] = {1, 2, 3};
  om_about_lot(&c.subject, number);
  memset(c.scheme, 'x', OM_SCHEME_BYTES);
  size_t len = om_certificate_pack(kept, &c);
  assert_true(om_certificate_unpack(&back, kept, len));
  assert_memory_equal(&back, &c, sizeof c);
  assert_false(om_certificate_unpack(&back, kept, 25));
  assert_false(om_certificate_unpack(&back, kept, len + 1));
  kept[25] = OM_ATTESTED_ABOUT_MAX + 1;
  assert_false(om_certificate_unpack(&back, kept, len));
}

/* ---- drawing down ---- */

static void a_quantity_is_drawn_down_to_nothing(void **state) {
  struct custody *c = *state;
  setup(c);
  struct lot_name lot = a_lot(c, MINE, 80), other = a_lot(c, MINE, 80);
  Oremark__EventRef *ref = certified(c, about_member(c, MINE), 100);
  struct om_place at = {.log = EVERYTHING, .index = c->judged.index};
  ADMIT(c, MINE, claim(c, ref, at_last(c, lot), 60));
  assert_true(om_attested_drawn(c->txn, &at) == 60);
  assert_int_equal(custody_look(c, lot).step, 1);
  assert_true(custody_metal(c, lot, CU) == 80);
  REFUSE(c, "quantity", MINE, claim(c, ref, at_last(c, other), 41));
  REFUSE(c, "quantity", MINE, claim(c, ref, at_last(c, other), 30), claim(c, ref, at_place(c, 0, 0), 11));
  ADMIT(c, MINE, claim(c, ref, at_last(c, other), 30), claim(c, ref, at_place(c, 0, 0), 10));
  assert_true(om_attested_drawn(c->txn, &at) == 100);
  REFUSE(c, "quantity", MINE, claim(c, ref, at_last(c, lot), 1));
  REFUSE(c, "form", MINE, claim(c, ref, at_last(c, lot), 0));
  REFUSE(c, "form", MINE, claim(c, ref, at_last(c, lot), UINT64_MAX));
}

static void only_what_the_lot_holds(void **state) {
  struct custody *c = *state;
  setup(c);
  struct lot_name lot = a_lot(c, MINE, 80);
  Oremark__EventRef *ref = certified(c, about_member(c, MINE), 1000);
  REFUSE(c, "quantity", MINE, claim(c, ref, at_last(c, lot), 81));
  ADMIT(c, MINE, claim(c, ref, at_last(c, lot), 80));
  Oremark__Event *gold = certify(c, about_member(c, MINE), FROM, UNTIL, 10);
  gold->certify->element = AU;
  ADMIT(c, EVERYTHING, gold);
  REFUSE(c, "quantity", MINE, claim(c, last_event(c, 0), at_last(c, lot), 1));
  Oremark__Event *gross = certify(c, about_member(c, MINE), FROM, UNTIL, 1000);
  gross->certify->element = 0;
  ADMIT(c, EVERYTHING, gross);
  ref = last_event(c, 0);
  REFUSE(c, "quantity", MINE, claim(c, ref, at_last(c, lot), 161));
  ADMIT(c, MINE, claim(c, ref, at_last(c, lot), 160));
}

/* Not twice by two certificates of one scheme; another scheme says something else. */
static void metal_is_claimed_once_under_a_scheme(void **state) {
  struct custody *c = *state;
  setup(c);
  static char fairmined[] = "Fairmined";
  static const uint32_t certifiers[] = {EVERYTHING, 0};
  struct lot_name lot = a_lot(c, MINE, 80);
  recognise(c, fairmined, certifiers);
  Oremark__EventRef *first = certified(c, about_member(c, MINE), 100), *second = certified(c, about_lot(c, lot), 100);
  Oremark__Event *other = certify(c, about_member(c, MINE), FROM, UNTIL, 100);
  other->certify->scheme = fairmined;
  ADMIT(c, EVERYTHING, other);
  Oremark__EventRef *third = last_event(c, 0);
  ADMIT(c, MINE, claim(c, first, at_last(c, lot), 60));
  REFUSE(c, "quantity", MINE, claim(c, second, at_last(c, lot), 21));
  assert_non_null(strstr(c->st.text, "with 60 mg claimed under Copper Mark for it"));
  REFUSE(c, "quantity", MINE, claim(c, second, at_last(c, lot), 20), claim(c, first, at_place(c, 0, 0), 1));
  ADMIT(c, MINE, claim(c, second, at_last(c, lot), 20));
  REFUSE(c, "quantity", MINE, claim(c, first, at_last(c, lot), 1));
  ADMIT(c, MINE, claim(c, third, at_last(c, lot), 80));
  REFUSE(c, "quantity", MINE, claim(c, third, at_last(c, lot), 1));
}

static void only_its_holder_draws(void **state) {
  struct custody *c = *state;
  setup(c);
  struct lot_name mine = a_lot(c, MINE, 120), theirs = a_lot(c, SMELTER, 80), other = a_lot(c, MINE, 80);
  Oremark__EventRef *of_member = certified(c, about_member(c, MINE), 100),
                    *of_lot = certified(c, about_lot(c, mine), 100),
                    *of_nothing = certified(c, about_member(c, MINE), 0);
  REFUSE(c, "certificate", SMELTER, claim(c, of_member, at_last(c, theirs), 1));
  REFUSE(c, "pen", MINE, claim(c, of_member, at_last(c, theirs), 1));
  REFUSE(c, "certificate", MINE, claim(c, of_nothing, at_last(c, mine), 1));
  REFUSE(c, "certificate", MINE, claim(c, of_lot, at_last(c, other), 1));
  ADMIT(c, MINE, claim(c, of_lot, at_last(c, mine), 60));
  ADMIT(c, MINE, ship(c, SMELTER, true, LOTS(at_last(c, mine))));
  REFUSE(c, "pen", MINE, claim(c, of_lot, at_last(c, mine), 1));
  REFUSE(c, "pen", SMELTER, claim(c, of_lot, at_last(c, mine), 1)); /* not before it is received */
  ADMIT(c, SMELTER, receive(c, 1, LOTS(at_last(c, mine))));
  REFUSE(c, "quantity", SMELTER, claim(c, of_lot, at_last(c, mine), 41));
  ADMIT(c, SMELTER, claim(c, of_lot, at_last(c, mine), 40));
  custody_change(c, MINE, 1U << OREMARK__ROLE__ROLE_AUDITOR, MINE, false);
  REFUSE(c, "role", MINE, claim(c, of_member, at_last(c, other), 1));
}

/* The sum goes with the member from home log to home log. */
static void two_homes_draw_from_one_sum(void **state) {
  struct custody *c = *state;
  setup(c);
  struct lot_name lot = a_lot(c, TRADER, 120);
  Oremark__EventRef *ref = certified(c, about_member(c, TRADER), 100);
  ADMIT(c, TRADER, claim(c, ref, at_last(c, lot), 70));
  custody_change(c, TRADER, 1U << OREMARK__ROLE__ROLE_TRADER, MAKER, false);
  REFUSE(c, "home", TRADER, claim(c, ref, at_last(c, lot), 10));
  c->homes[TRADER] = MAKER;
  REFUSE(c, "quantity", TRADER, claim(c, ref, at_last(c, lot), 31));
  ADMIT(c, TRADER, claim(c, ref, at_last(c, lot), 30));
  assert_int_equal(c->judged.log, MAKER);
}

/* What the log covers decides, not what has happened. */
static void withdrawn_before_and_after_the_mark(void **state) {
  struct custody *c = *state;
  setup(c);
  struct lot_name lot = a_lot(c, MINE, 80);
  Oremark__EventRef *ref = certified(c, about_member(c, MINE), 100);
  uint64_t given = c->judged.index;
  c->marked[EVERYTHING] = given;
  assert_int_equal(SAY(c, MINE, claim(c, ref, at_last(c, lot), 1)), OM_WAIT);
  assert_true(c->wait_log == EVERYTHING && c->wait_size == given + 1);
  ADMIT(c, EVERYTHING, withdraw(c, ref));
  c->marked[EVERYTHING] = given + 1;
  ADMIT(c, MINE, claim(c, ref, at_last(c, lot), 1)); /* its log does not know of the withdrawal */
  c->marked[EVERYTHING] = given + 2;
  REFUSE(c, "certificate", MINE, claim(c, ref, at_last(c, lot), 1));
}

/* A lot on hold may have a certificate claimed for it: that moves nothing. */
static void claims_and_other_states_of_lots(void **state) {
  struct custody *c = *state;
  setup(c);
  struct lot_name lot = a_lot(c, MINE, 80);
  Oremark__EventRef *ref = certified(c, about_member(c, MINE), 100);
  ADMIT(c, MINE, ship(c, SMELTER, true, LOTS(at_last(c, lot))));
  ADMIT(c, SMELTER, reject(c, LOTS(at_last(c, lot))));
  ADMIT(c, MINE, claim(c, ref, at_last(c, lot), 10));
  Oremark__Event *twice = claim(c, ref, at_last(c, lot), 10);
  twice->claim->lots = (Oremark__ClaimedLot *[]){twice->claim->lots[0], twice->claim->lots[0]};
  twice->claim->n_lots = 2;
  REFUSE(c, "twice", MINE, twice);
  ADMIT(c, MINE, retire(c, LOTS(at_last(c, lot))));
  REFUSE(c, "retired", MINE, claim(c, ref, at_last(c, lot), 10));
}

static void says(const char *wanted, const Oremark__Event *e) {
  struct om_text text;
  om_text_clear(&text);
  om_kind_of(e)->describe(&text, e);
  assert_string_equal(text.bytes, wanted);
}

static void in_words(void **state) {
  struct custody *c = *state;
  setup(c);
  says("certify site 1 of member 1 under Copper Mark, from 2023-11-14T22:13:20Z until 2023-11-14T22:21:40Z",
       certify(c, about_site(c, MINE, 1), FROM, UNTIL, 0));
  Oremark__Event *e = certify(c, about_member(c, MINE), FROM, UNTIL, 5 * KG);
  e->certify->level = (char[]){"gold"};
  e->certify->scope = (char[]){"cathode"};
  says(
      "certify member 1 under Copper Mark, gold, from 2023-11-14T22:13:20Z until 2023-11-14T22:21:40Z, for 5.000 kg of "
      "Cu: cathode",
      e);
  says("assay of member 1 as umpire: Cu 28.45 % (ICP-OES)",
       assay(c, about_member(c, MINE), OREMARK__ASSAY_ROLE__ASSAY_ROLE_UMPIRE, 2845, 0));
  says("estimate the yearly capacity of site 1 of member 1 as of 2023-11-14: Cu 5.000 kg",
       estimate(c, MINE, 1, OREMARK__ESTIMATE_KIND__ESTIMATE_KIND_YEARLY_CAPACITY, 5 * KG, FROM));
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, custody_setup, custody_teardown)
  const struct CMUnitTest tests[] = {
      TEST(who_may_certify),
      TEST(forms_of_certificates),
      TEST(only_its_author_withdraws_a_certificate_and_once),
      TEST(references_that_lead_nowhere),
      TEST(none_is_withdrawn_before_it_begins),
      TEST(estimates_and_assays_are_withdrawn_too),
      TEST(the_same_second),
      TEST(kept_and_read_again),
      TEST(a_quantity_is_drawn_down_to_nothing),
      TEST(only_what_the_lot_holds),
      TEST(metal_is_claimed_once_under_a_scheme),
      TEST(only_its_holder_draws),
      TEST(two_homes_draw_from_one_sum),
      TEST(withdrawn_before_and_after_the_mark),
      TEST(claims_and_other_states_of_lots),
      TEST(in_words),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
