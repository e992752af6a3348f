/* The governors' threshold: who must sign, and what they decide about roles, limits and themselves. */
#include "support/test.h"

#include <string.h>

#include "support/governing.h"

enum { SUBJECT = 4 };

/* Members 1, 2 and 3 govern, and two of them must sign. */
static void two_of_three(struct governing *g) {
  TELL(g, act_set_governors(g, MEMBERS(1, 2, 3), 2), OF(1));
}

static void a_threshold_of_signatures(void **state) {
  struct governing *g = *state;
  two_of_three(g);
  DENY(g, "threshold", act_suspend(g, SUBJECT), OF(1));
  assert_non_null(strstr(g->st.text, "1 of the governors have signed, 2 are needed"));
  DENY(g, "signature-not-needed", act_suspend(g, SUBJECT), OF(1), OF(2), OF(4)); /* foreign */
  DENY(g, "signature-not-needed", act_suspend(g, SUBJECT), OF(4));
  DENY(g, "signature", act_suspend(g, SUBJECT), OF(1), WITH(2, g->net.member_keys[2])); /* another's key */
  TELL(g, act_suspend(g, SUBJECT), OF(1), OF(3));
}

/* One governor's two keys are one governor. */
static void a_doubled_signature_is_none(void **state) {
  struct governing *g = *state;
  two_of_three(g);
  TELL(g, act_add_key(g, governing_key(g, 0), "second"), OF(1));
  assert_int_equal(governing_say(g, act_suspend(g, SUBJECT), BY(OF(1), WITH(1, governing_key(g, 0)))), OM_MALFORMED);
  assert_int_equal(governing_say(g, act_suspend(g, SUBJECT), BY(OF(1), OF(1))), OM_MALFORMED);
  TELL(g, act_suspend(g, SUBJECT), WITH(1, governing_key(g, 0)), OF(2));
}

static void a_former_governor_is_none(void **state) {
  struct governing *g = *state;
  two_of_three(g);
  Oremark__Event *gathered = act_set_governors(g, MEMBERS(1), 1);
  struct om_txn *txn = governing_read(g);
  struct om_hash id;
  assert_int_equal(om_registry_previous(txn, &id, gathered, 1, OM_REGISTRY_NOW, &g->st), OM_OK);
  om_txn_abort(txn);
  gathered->previous = (ProtobufCBinaryData){sizeof id, id.bytes};
  TELL(g, act_set_governors(g, MEMBERS(2, 3, 4), 2), OF(1), OF(2));
  DENY(g, "signature-not-needed", act_suspend(g, SUBJECT), OF(1), OF(2));
  DENY(g, "previous", gathered, OF(2), OF(3)); /* what was gathered under the old governors is void */
  TELL(g, act_suspend(g, SUBJECT), OF(2), OF(4));
}

/* A governor whose key was revoked has not signed; the others go on. */
static void a_revoked_key_signs_for_no_governor(void **state) {
  struct governing *g = *state;
  two_of_three(g);
  TELL(g, act_revoke_key(g, 2, g->net.member_keys[1], governing_size(g), NULL), OF(1), OF(3));
  DENY(g, "signature", act_suspend(g, SUBJECT), OF(1), OF(2));
  DENY(g, "governors", act_revoke_key(g, 3, g->net.member_keys[2], governing_size(g), NULL), OF(1), OF(3));
  DENY(g, "governors", act_set_governors(g, MEMBERS(1, 2, 3), 3), OF(1), OF(3));
  TELL(g, act_suspend(g, SUBJECT), OF(1), OF(3));
}

static void governors_have_their_form(void **state) {
  struct governing *g = *state;
  DENY(g, "form", act_set_governors(g, NOBODY, 0), OF(1));
  DENY(g, "form", act_set_governors(g, MEMBERS(1, 2), 1), OF(1)); /* two halves could govern */
  DENY(g, "form", act_set_governors(g, MEMBERS(1, 2), 3), OF(1));
  DENY(g, "form", act_set_governors(g, MEMBERS(2, 1), 2), OF(1));
  DENY(g, "form", act_set_governors(g, MEMBERS(1, 1), 2), OF(1));
  DENY(g, "member", act_set_governors(g, MEMBERS(1, 9), 2), OF(1));
  DENY(g, "signature-not-needed", act_set_governors(g, MEMBERS(2), 1), OF(2));
}

/* ---- roles ---- */

static uint32_t roles_of(struct governing *g, uint64_t as_of) {
  struct om_member m;
  struct om_txn *txn = governing_read(g);
  assert_int_equal(om_registry_member(txn, &m, SUBJECT, as_of, &g->st), OM_OK);
  om_txn_abort(txn);
  return m.roles;
}

static void roles_are_set(void **state) {
  struct governing *g = *state;
  const Oremark__Role two[] = {OREMARK__ROLE__ROLE_SMELTER, OREMARK__ROLE__ROLE_REFINER},
                      turned[] = {OREMARK__ROLE__ROLE_REFINER, OREMARK__ROLE__ROLE_SMELTER},
                      none_such[] = {(Oremark__Role)99}, unstated[] = {OREMARK__ROLE__ROLE_UNSTATED};
  uint32_t all = roles_of(g, OM_REGISTRY_NOW);
  assert_int_equal(governing_say(g, act_set_roles(g, SUBJECT, none_such, 1), BY(OF(1))), OM_MALFORMED);
  DENY(g, "form", act_set_roles(g, SUBJECT, unstated, 1), OF(1));
  DENY(g, "form", act_set_roles(g, SUBJECT, turned, 2), OF(1));
  DENY(g, "member", act_set_roles(g, 9, two, 2), OF(1));
  uint64_t before = governing_size(g);
  Oremark__Event *first = act_set_roles(g, SUBJECT, two, 2);
  TELL(g, first, OF(1));
  assert_int_equal(roles_of(g, before), all);
  assert_int_equal(roles_of(g, OM_REGISTRY_NOW), 1U << OREMARK__ROLE__ROLE_SMELTER | 1U << OREMARK__ROLE__ROLE_REFINER);
  TELL(g, act_set_roles(g, SUBJECT, NULL, 0), OF(1));
  assert_int_equal(roles_of(g, OM_REGISTRY_NOW), 0);
  DENY(g, "previous", governing_old(first), OF(1));
}

/* ---- limits ---- */

static void limits_are_set(void **state) {
  struct governing *g = *state;
  const Oremark__Limits *limits;
  DENY(g, "limits", act_set_limits(g, 100001, 1, 30), OF(1));
  DENY(g, "limits", act_set_limits(g, 1, 1, 0), OF(1));
  DENY(g, "limits", act_set_limits(g, 1, (uint64_t)INT64_MAX + 1, 30), OF(1));
  uint64_t before = governing_size(g);
  Oremark__Event *first = act_set_limits(g, 2000, 7, 30);
  TELL(g, first, OF(1));
  TELL(g, act_set_limits(g, 3000, 8, 90), OF(1));
  DENY(g, "previous", governing_old(first), OF(1));
  struct om_txn *txn = governing_read(g);
  assert_int_equal(om_registry_limits(txn, &g->arena, &limits, before, &g->st), OM_OK);
  assert_int_equal(limits->drift_period_days, 365);
  assert_int_equal(om_registry_limits(txn, &g->arena, &limits, before + 1, &g->st), OM_OK);
  assert_int_equal(limits->drift_period_days, 30);
  assert_int_equal(om_registry_limits(txn, &g->arena, &limits, OM_REGISTRY_NOW, &g->st), OM_OK);
  assert_int_equal(limits->drift_period_days, 90);
  assert_int_equal(limits->drift_caps[0]->cap_mg, 8);
  om_txn_abort(txn);
}

static void acts_in_words(void **state) {
  struct governing *g = *state;
  struct om_text text;
#define SAYS(wanted, event)                  \
  do {                                       \
    Oremark__Event *said = event;            \
    om_text_clear(&text);                    \
    om_kind_of(said)->describe(&text, said); \
    assert_string_equal(text.bytes, wanted); \
  } while (0)
  const Oremark__Role two[] = {OREMARK__ROLE__ROLE_SMELTER, OREMARK__ROLE__ROLE_REFINER};
  SAYS("set the roles of member 4: smelter, refiner", act_set_roles(g, 4, two, 2));
  SAYS("set the roles of member 4: none", act_set_roles(g, 4, NULL, 0));
  SAYS("let member 1, member 2, member 3 govern from now on; 2 of them must sign",
       act_set_governors(g, MEMBERS(1, 2, 3), 2));
  SAYS("set the limits: tolerance at receipt 0.5000 %; gains in 30 days at most any 1.000 kg",
       act_set_limits(g, 5000, 1000000, 30));
  SAYS("recognise the scheme RMAP; it is certified by member 2, member 3",
       act_recognise_scheme(g, "RMAP", MEMBERS(2, 3), false));
  SAYS("recognise the scheme RMAP no more", act_recognise_scheme(g, "RMAP", NOBODY, true));
  SAYS("site 1 of member 2 is green from 1970-01-01T00:00:01Z until 1970-01-01T00:00:02Z",
       act_site_status(g, 2, 1, OREMARK__SITE_STATE__SITE_STATE_GREEN, 1000, 2000));
  SAYS("let member 3 ship and consume what the signer owns", act_give_mandate(g, 3, true, true));
  SAYS("let member 3 consume what the signer owns", act_give_mandate(g, 3, false, true));
  SAYS("end the mandate of member 3", act_end_mandate(g, 3));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, governing_setup, governing_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_threshold_of_signatures),
      TEST(a_doubled_signature_is_none),
      TEST(a_former_governor_is_none),
      TEST(a_revoked_key_signs_for_no_governor),
      TEST(governors_have_their_form),
      TEST(roles_are_set),
      TEST(limits_are_set),
      TEST(acts_in_words),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
