/* What a member says for itself: mandates and the sealing key; and what the governors say of schemes and mine sites.
 * Each is read as of a size of the registry. */
#include "support/test.h"

#include <string.h>

#include "ledger/acts.h"
#include "support/governing.h"

enum { OWNER = 2, AGENT = 3, OTHER = 4 };

static uint32_t scope(struct governing *g, uint32_t owner, uint32_t agent, uint64_t as_of) {
  uint32_t out;
  struct om_txn *txn = governing_read(g);
  assert_int_equal(om_registry_mandate(txn, owner, agent, &out, as_of, &g->st), OM_OK);
  om_txn_abort(txn);
  return out;
}

static void a_mandate_is_given_and_ended(void **state) {
  struct governing *g = *state;
  DENY(g, "mandate", act_end_mandate(g, AGENT), OF(OWNER));
  TELL(g, act_give_mandate(g, AGENT, true, false), OF(OWNER));
  uint64_t given = governing_size(g);
  Oremark__Event *again = act_give_mandate(g, AGENT, true, true);
  TELL(g, act_give_mandate(g, AGENT, false, true), OF(OWNER));
  uint64_t changed = governing_size(g);
  TELL(g, act_end_mandate(g, AGENT), OF(OWNER));
  assert_int_equal(scope(g, OWNER, AGENT, given - 1), 0);
  assert_int_equal(scope(g, OWNER, AGENT, given), OM_MANDATE_SHIP);
  assert_int_equal(scope(g, OWNER, AGENT, changed), OM_MANDATE_CONSUME);
  assert_int_equal(scope(g, OWNER, AGENT, OM_REGISTRY_NOW), 0);
  assert_int_equal(scope(g, OWNER, OTHER, OM_REGISTRY_NOW), 0);
  governing_old(again); /* what was so before the first */
  DENY(g, "previous", again, OF(OWNER));
}

static void a_mandate_has_its_form(void **state) {
  struct governing *g = *state;
  DENY(g, "form", act_give_mandate(g, AGENT, false, false), OF(OWNER));
  DENY(g, "form", act_give_mandate(g, 0, true, false), OF(OWNER));
  DENY(g, "member", act_give_mandate(g, 9, true, false), OF(OWNER));
  DENY(g, "mandate", act_give_mandate(g, OWNER, true, false), OF(OWNER));
  DENY(g, "signature-not-needed", act_give_mandate(g, AGENT, true, false), OF(OWNER), OF(AGENT));
}

static void mandates_are_listed(void **state) {
  struct governing *g = *state;
  uint32_t agent, what;
  TELL(g, act_give_mandate(g, AGENT, true, false), OF(OWNER));
  TELL(g, act_give_mandate(g, OTHER, true, true), OF(OWNER));
  TELL(g, act_give_mandate(g, 1, true, true), OF(OWNER));
  TELL(g, act_end_mandate(g, AGENT), OF(OWNER));
  TELL(g, act_give_mandate(g, 1, true, false), OF(AGENT));
  struct om_txn *txn = governing_read(g);
  assert_true(om_registry_mandate_next(txn, &agent, &what, OWNER, 0, OM_REGISTRY_NOW));
  assert_true(agent == 1 && what == (OM_MANDATE_SHIP | OM_MANDATE_CONSUME));
  assert_true(om_registry_mandate_next(txn, &agent, &what, OWNER, 2, OM_REGISTRY_NOW));
  assert_int_equal(agent, OTHER);
  assert_false(om_registry_mandate_next(txn, &agent, &what, OWNER, OTHER + 1, OM_REGISTRY_NOW));
  om_txn_abort(txn);
}

static void a_sealing_key_takes_the_place_of_the_one_before(void **state) {
  struct governing *g = *state;
  const uint8_t small[32] = {1}; /* a point of order 4 */
  uint8_t key[32];
  struct om_txn *txn = governing_read(g);
  assert_int_equal(om_registry_sealing_key(txn, key, OWNER, OM_REGISTRY_NOW, &g->st), OM_MISSING);
  om_txn_abort(txn);
  DENY(g, "key", act_set_sealing_key(g, small), OF(OWNER));
  TELL(g, act_set_sealing_key(g, om_secret_public(g->net.link_keys[0])), OF(OWNER));
  uint64_t first = governing_size(g);
  TELL(g, act_set_sealing_key(g, om_secret_public(g->net.link_keys[1])), OF(OWNER));
  txn = governing_read(g);
  assert_int_equal(om_registry_sealing_key(txn, key, OWNER, first, &g->st), OM_OK);
  assert_memory_equal(key, om_secret_public(g->net.link_keys[0]), sizeof key);
  assert_int_equal(om_registry_sealing_key(txn, key, OWNER, OM_REGISTRY_NOW, &g->st), OM_OK);
  assert_memory_equal(key, om_secret_public(g->net.link_keys[1]), sizeof key);
  om_txn_abort(txn);
}

/* ---- schemes ---- */

static void assert_certifies(struct governing *g, const char *scheme, uint32_t member, uint64_t as_of, bool wanted) {
  bool yes = !wanted;
  struct om_txn *txn = governing_read(g);
  assert_int_equal(om_registry_scheme_certifier(txn, scheme, member, as_of, &yes, &g->st), OM_OK);
  assert_int_equal(yes, wanted);
  om_txn_abort(txn);
}

static void assert_unknown(struct governing *g, const char *scheme, uint64_t as_of) {
  bool yes = true;
  struct om_txn *txn = governing_read(g);
  assert_int_equal(om_registry_scheme_certifier(txn, scheme, AGENT, as_of, &yes, &g->st), OM_MISSING);
  assert_false(yes);
  om_txn_abort(txn);
}

static void schemes_are_recognised(void **state) {
  struct governing *g = *state;
  DENY(g, "scheme", act_recognise_scheme(g, "RMAP", NOBODY, true), OF(1));
  DENY(g, "member", act_recognise_scheme(g, "RMAP", MEMBERS(2, 9), false), OF(1));
  DENY(g, "form", act_recognise_scheme(g, "RMAP", MEMBERS(3, 2), false), OF(1));
  DENY(g, "form", act_recognise_scheme(g, "RMAP", MEMBERS(2), true), OF(1));
  DENY(g, "signature-not-needed", act_recognise_scheme(g, "RMAP", MEMBERS(2), false), OF(2));
  TELL(g, act_recognise_scheme(g, "RMAP", MEMBERS(2, 3), false), OF(1));
  uint64_t first = governing_size(g);
  TELL(g, act_recognise_scheme(g, "RMA", MEMBERS(4), false), OF(1));
  TELL(g, act_recognise_scheme(g, "RMAP", MEMBERS(3), false), OF(1));
  uint64_t fewer = governing_size(g);
  TELL(g, act_recognise_scheme(g, "RMAP", NOBODY, true), OF(1));
  assert_unknown(g, "RMAP", first - 1);
  assert_unknown(g, "RMAP", OM_REGISTRY_NOW);
  assert_unknown(g, "IRMA", OM_REGISTRY_NOW);
  assert_certifies(g, "RMAP", 2, first, true);
  assert_certifies(g, "RMAP", 2, fewer, false);
  assert_certifies(g, "RMAP", 3, fewer, true);
  assert_certifies(g, "RMA", 4, OM_REGISTRY_NOW, true);
  Oremark__Event *old = act_recognise_scheme(g, "RMAP", MEMBERS(2), false);
  governing_old(old);
  DENY(g, "previous", old, OF(1));
  TELL(g, act_recognise_scheme(g, "RMAP", MEMBERS(2), false), OF(1));
  struct om_scheme scheme;
  struct om_txn *txn = governing_read(g);
  assert_int_equal(om_registry_schemes(txn, OM_REGISTRY_NOW), 2);
  assert_int_equal(om_registry_scheme(txn, &scheme, 1, OM_REGISTRY_NOW, &g->st), OM_OK);
  assert_string_equal(scheme.name, "RMAP");
  om_txn_abort(txn);
}

/* ---- the status of sites ---- */

static int colour(struct governing *g, int64_t at_ms, uint64_t as_of) {
  struct om_site_status status;
  struct om_txn *txn = governing_read(g);
  bool found = om_registry_site_status(txn, &status, OWNER, 1, at_ms, as_of);
  om_txn_abort(txn);
  return found ? (int)status.state : 0;
}

static void the_later_status_of_a_site_holds(void **state) {
  struct governing *g = *state;
  const Oremark__SiteState GREEN = OREMARK__SITE_STATE__SITE_STATE_GREEN, RED = OREMARK__SITE_STATE__SITE_STATE_RED;
  DENY(g, "site", act_site_status(g, OWNER, 1, GREEN, 1000, 2000), OF(1));
  TELL(g, act_add_site(g, 1, OREMARK__SITE_KIND__SITE_KIND_MINE), OF(OWNER));
  TELL(g, act_add_site(g, 2, OREMARK__SITE_KIND__SITE_KIND_PLANT), OF(OWNER));
  DENY(g, "site", act_site_status(g, OWNER, 2, GREEN, 1000, 2000), OF(1));
  DENY(g, "form", act_site_status(g, OWNER, 1, GREEN, 2000, 2000), OF(1));
  DENY(g, "form", act_site_status(g, OWNER, 1, 0, 1000, 2000), OF(1));
  TELL(g, act_site_status(g, OWNER, 1, GREEN, 1000, 2000), OF(1));
  uint64_t first = governing_size(g);
  Oremark__Event *old = act_site_status(g, OWNER, 1, GREEN, 1000, 3000);
  governing_old(old);
  DENY(g, "previous", old, OF(1));
  TELL(g, act_site_status(g, OWNER, 1, RED, 1500, 1600), OF(1));
  assert_int_equal(colour(g, 999, OM_REGISTRY_NOW), 0);
  assert_int_equal(colour(g, 1000, OM_REGISTRY_NOW), GREEN);
  assert_int_equal(colour(g, 1500, OM_REGISTRY_NOW), RED);
  assert_int_equal(colour(g, 1500, first), GREEN);
  assert_int_equal(colour(g, 1600, OM_REGISTRY_NOW), GREEN);
  assert_int_equal(colour(g, 2000, OM_REGISTRY_NOW), 0);
}

/* ---- roles ---- */

/* A role is a bit in the member's row: one that the schema does not have must not get there. */
static void a_genesis_with_a_role_that_is_none_is_refused(void **state) {
  struct governing *g = *state;
  const Oremark__Genesis *read;
  Oremark__Genesis *made = oremark__genesis__unpack(NULL, g->net.genesis_len, g->net.genesis);
  uint8_t bytes[8192];
  assert_non_null(made);
  Oremark__Role *last = &made->members[0]->roles[made->members[0]->n_roles - 1], right = *last;
  const int roles[] = {0, 15, 31, 32, 33, 99};
  for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
    *last = (Oremark__Role)roles[i];
    assert_true(oremark__genesis__get_packed_size(made) <= sizeof bytes);
    size_t len = oremark__genesis__pack(made, bytes);
    assert_int_not_equal(om_genesis_check(&read, &g->arena, bytes, len, &g->st), OM_OK);
  }
  *last = right;
  assert_int_equal(om_genesis_check(&read, &g->arena, bytes, oremark__genesis__pack(made, bytes), &g->st), OM_OK);
  oremark__genesis__free_unpacked(made, NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, governing_setup, governing_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_mandate_is_given_and_ended),
      TEST(a_mandate_has_its_form),
      TEST(mandates_are_listed),
      TEST(a_sealing_key_takes_the_place_of_the_one_before),
      TEST(schemes_are_recognised),
      TEST(the_later_status_of_a_site_holds),
      TEST(a_genesis_with_a_role_that_is_none_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
