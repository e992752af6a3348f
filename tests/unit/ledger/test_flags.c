/* Concerns and corrections: who may say them, of what, and what a correction does to a lot that is still whole. */
#include "support/test.h"

#include <string.h>

#include "ledger/bearing.h"
#include "support/attest.h"

static struct lot_name a_lot(struct custody *c) {
  ADMIT(c, MINE, extract(c, 1, MATERIALS(copper(c, 20 * KG, 5 * KG))));
  return custody_lot(c, 0, 0);
}

/* ---- flags ---- */

static void anybody_may_raise_a_concern_of_what_is_there(void **state) {
  struct custody *c = *state;
  struct lot_name lot = a_lot(c);
  Oremark__EventRef *made = last_event(c, 0);
  ADMIT(c, SMELTER, flag(c, about_lot(c, lot)));
  ADMIT(c, ASSAYER, flag(c, about_site(c, MINE, 1)), flag(c, about_member(c, MINE)), flag(c, about_event(c, made)));
  REFUSE(c, "subject", ASSAYER, flag(c, about_member(c, GHOST)));
  REFUSE(c, "form", ASSAYER, flag(c, NULL));
  Oremark__EventRef *none = last_event(c, 3);
  none->event = 200; /* that statement has no such event */
  REFUSE(c, "event", ASSAYER, flag(c, about_event(c, none)));
  none->event = 0;
  none->statement_id.data[20] ^= 1; /* it is filed under the first ten bytes, and looked at whole */
  REFUSE(c, "event", ASSAYER, flag(c, about_event(c, none)));
}

static void forms_of_flags(void **state) {
  struct custody *c = *state;
  Oremark__Event *e = flag(c, about_member(c, MINE));
  e->flag->severity = 0;
  REFUSE(c, "form", ASSAYER, e);
  e->flag->severity = 4;
  REFUSE(c, "form", ASSAYER, e);
  e->flag->severity = 3;
  e->flag->due_ms = -1;
  REFUSE(c, "form", ASSAYER, e);
  e->flag->due_ms = c->taken_ms;
  e->flag->category = 0;
  REFUSE(c, "form", ASSAYER, e);
  e->flag->category = OREMARK__FLAG_CATEGORY__FLAG_CATEGORY_OTHER;
  e->flag->text = (char[]){""};
  REFUSE(c, "form", ASSAYER, e);
  e->flag->text = (char[]){"why"};
  ADMIT(c, ASSAYER, e);
}

static void its_author_clears_it_once(void **state) {
  struct custody *c = *state;
  struct lot_name lot = a_lot(c);
  Oremark__EventRef *made = last_event(c, 0);
  ADMIT(c, ASSAYER, flag(c, about_lot(c, lot)));
  Oremark__EventRef *raised = last_event(c, 0);
  REFUSE(c, "author", MINE, clear(c, raised));
  REFUSE(c, "flag", ASSAYER, clear(c, made));
  REFUSE(c, "form", ASSAYER, clear(c, NULL));
  REFUSE(c, "cleared", ASSAYER, clear(c, raised), clear(c, raised));
  ADMIT(c, ASSAYER, clear(c, raised));
  REFUSE(c, "cleared", ASSAYER, clear(c, raised));
}

/* Many in a statement; the last that is allowed, and one more. */
static void so_many_are_open_at_once(void **state) {
  struct custody *c = *state;
  enum { OPEN = 4096, AT_ONCE = 256 };
  Oremark__Event *events[AT_ONCE + 1] = {NULL};
  static const uint32_t nobody[] = {0};
  for (int i = 0; i < AT_ONCE; i++) events[i] = flag(c, about_member(c, MINE));
  for (int n = 0; n < OPEN; n += AT_ONCE) custody_admit(c, ASSAYER, events, nobody, __LINE__);
  Oremark__EventRef *raised = last_event(c, 7);
  REFUSE(c, "flags", ASSAYER, flag(c, about_member(c, SMELTER)));
  ADMIT(c, SMELTER, flag(c, about_member(c, MINE))); /* each member has its own */
  REFUSE(c, "flags", ASSAYER, clear(c, raised), flag(c, about_member(c, MINE)), flag(c, about_member(c, MINE)));
  ADMIT(c, ASSAYER, clear(c, raised), flag(c, about_member(c, MINE)));
  REFUSE(c, "flags", ASSAYER, flag(c, about_member(c, MINE)));
}

/* ---- corrections ---- */

static void only_who_stated_an_event_corrects_it(void **state) {
  struct custody *c = *state;
  a_lot(c);
  Oremark__EventRef *made = last_event(c, 0);
  REFUSE(c, "author", SMELTER, correct(c, made, 19 * KG, 0, NULL));
  ADMIT(c, MINE, correct(c, made, 19 * KG, 4 * KG, NULL));
  ADMIT(c, MINE, correct(c, made, 30 * KG, 9 * KG, NULL)); /* a word about it may say more: no balance moves */
}

static void a_whole_lot_can_be_lowered_and_never_raised(void **state) {
  struct custody *c = *state;
  struct lot_name lot = a_lot(c);
  Oremark__EventRef *made = last_event(c, 0);
  REFUSE(c, "raise", MINE, correct(c, made, 21 * KG, 0, at_last(c, lot)));
  REFUSE(c, "raise", MINE, correct(c, made, 0, 6 * KG, at_last(c, lot)));
  REFUSE(c, "form", MINE, correct(c, made, 0, 0, at_last(c, lot)));
  REFUSE(c, "content", MINE, correct(c, made, 4 * KG, 0, at_last(c, lot))); /* less than the metal in it */
  ADMIT(c, MINE, correct(c, made, 19 * KG, 4 * KG, at_last(c, lot)));
  struct om_lot now;
  assert_ok(om_replay_lot(&c->replay, &c->arena, &now, lot.number, &c->st), &c->st);
  assert_true(now.gross_mg == 19 * KG && now.contents[0].contained_mg == 4 * KG && now.step == 1);
  int64_t sum = 0;
  for (size_t i = 0; i < now.contents[0].mix.n; i++) sum += now.contents[0].mix.shares[i].mg;
  assert_int_equal(sum, 4 * KG);
  ADMIT(c, MINE, correct(c, made, 18 * KG, 0, at_last(c, lot)));
}

static void a_lot_that_is_elsewhere_is_not_lowered(void **state) {
  struct custody *c = *state;
  struct lot_name lot = a_lot(c);
  Oremark__EventRef *made = last_event(c, 0);
  ADMIT(c, MINE, ship(c, SMELTER, true, LOTS(at_last(c, lot))));
  REFUSE(c, "pen", MINE, correct(c, made, 19 * KG, 0, at_last(c, lot)));
  ADMIT(c, MINE, correct(c, made, 19 * KG, 0, NULL));
}

static void a_lot_is_lowered_by_its_own_events_only(void **state) {
  struct custody *c = *state;
  struct lot_name lot = a_lot(c), other = a_lot(c);
  Oremark__EventRef *of_other = last_event(c, 0);
  (void)other;
  REFUSE(c, "event", MINE, correct(c, of_other, 19 * KG, 0, at_last(c, lot)));
  Oremark__Event *never = correct(c, of_other, 19 * KG, 0, at_last(c, other));
  never->correct->reason = OREMARK__CORRECT_REASON__CORRECT_REASON_DID_NOT_OCCUR;
  REFUSE(c, "form", MINE, never);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, custody_setup, custody_teardown)
  const struct CMUnitTest tests[] = {
      TEST(anybody_may_raise_a_concern_of_what_is_there),
      TEST(forms_of_flags),
      TEST(its_author_clears_it_once),
      TEST(so_many_are_open_at_once),
      TEST(only_who_stated_an_event_corrects_it),
      TEST(a_whole_lot_can_be_lowered_and_never_raised),
      TEST(a_lot_that_is_elsewhere_is_not_lowered),
      TEST(a_lot_is_lowered_by_its_own_events_only),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
