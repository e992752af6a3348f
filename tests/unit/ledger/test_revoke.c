/* A member's keys: added, retired, stolen, revoked. What a thief did to the registry is undone, and no more. */
#include "support/test.h"

#include <string.h>
#include <time.h>

#include "ledger/acts_parts.h"
#include "support/governing.h"

enum { GOVERNOR = 1, OWNER = 2, AGENT = 3, OTHER = 4 };

static enum om_key_state state_of(struct governing *g, const struct om_secret *key, uint64_t as_of) {
  struct om_member_key row;
  struct om_txn *txn = governing_read(g);
  enum om_code code = om_registry_key_row(txn, &row, OWNER, om_member_key_id(om_secret_public(key)), as_of, &g->st);
  om_txn_abort(txn);
  return code == OM_OK ? row.state : 0;
}

#define STATE(key, wanted) assert_int_equal(state_of(g, key, OM_REGISTRY_NOW), wanted)

/* Any small act of the owner's, signed with KEY. */
static Oremark__Event *small(struct governing *g) {
  return act_give_mandate(g, OTHER, true, false);
}

static void keys_are_added_and_retired(void **state) {
  struct governing *g = *state;
  const struct om_secret *first = g->net.member_keys[OWNER - 1], *second = governing_key(g, 0);
  DENY(g, "last-key", act_retire_key(g, first), OF(OWNER));
  DENY(g, "signature", small(g), WITH(OWNER, second));
  TELL(g, act_add_key(g, second, "weighbridge"), OF(OWNER));
  uint64_t added = governing_size(g);
  DENY(g, "key", act_add_key(g, second, "again"), OF(OWNER));
  DENY(g, "key", act_retire_key(g, governing_key(g, 1)), OF(OWNER));
  TELL(g, small(g), WITH(OWNER, second));
  TELL(g, act_retire_key(g, first), WITH(OWNER, first)); /* by itself */
  STATE(first, OM_KEY_RETIRED);
  assert_int_equal(state_of(g, first, added), OM_KEY_STANDS);
  DENY(g, "signature", small(g), OF(OWNER));
  assert_non_null(strstr(g->st.text, "retired"));
  DENY(g, "key", act_retire_key(g, first), WITH(OWNER, second));
  DENY(g, "key", act_add_key(g, first, "back"), WITH(OWNER, second)); /* a name is one key's for ever */
  DENY(g, "last-key", act_retire_key(g, second), WITH(OWNER, second));
  struct om_member_key row;
  struct om_txn *txn = governing_read(g);
  assert_int_equal(
      om_registry_key_row(txn, &row, OWNER, om_member_key_id(om_secret_public(second)), OM_REGISTRY_NOW, &g->st),
      OM_OK);
  assert_string_equal(row.label, "weighbridge");
  assert_true(row.added.key && row.added.id == om_member_key_id(om_secret_public(first)) && row.added.at == added - 1);
  om_txn_abort(txn);
}

/* The thief adds keys of its own, retires the owner's, and changes all that a member may change. */
static void what_a_thief_did_is_undone(void **state) {
  struct governing *g = *state;
  const struct om_secret *owners = g->net.member_keys[OWNER - 1], *stolen = governing_key(g, 0),
                         *thiefs = governing_key(g, 1), *thiefs_second = governing_key(g, 2),
                         *fresh = governing_key(g, 3);
  struct om_txn *txn;
  struct om_site site;
  uint32_t scope;
  uint8_t sealing[32];
  char address[OM_ADDRESS_BYTES + 1];
  TELL(g, act_add_key(g, stolen, "night shift"), OF(OWNER));
  TELL(g, act_add_site(g, 1, OREMARK__SITE_KIND__SITE_KIND_MINE), WITH(OWNER, stolen)); /* before the theft */
  TELL(g, act_give_mandate(g, AGENT, true, false), WITH(OWNER, stolen));
  TELL(g, act_set_sealing_key(g, om_secret_public(g->net.link_keys[1])), WITH(OWNER, stolen));
  TELL(g, act_set_address(g, OWNER - 1, "mine.example:7412"), OF(OWNER));
  uint64_t since = governing_size(g);
  TELL(g, act_add_key(g, thiefs, ""), WITH(OWNER, stolen));
  TELL(g, act_retire_key(g, owners), WITH(OWNER, thiefs));
  TELL(g, act_add_key(g, thiefs_second, ""), WITH(OWNER, thiefs));
  TELL(g, act_add_site(g, 2, OREMARK__SITE_KIND__SITE_KIND_MINE), WITH(OWNER, thiefs_second));
  TELL(g, act_end_mandate(g, AGENT), WITH(OWNER, thiefs_second));
  TELL(g, act_give_mandate(g, OTHER, true, true), WITH(OWNER, thiefs));
  TELL(g, act_set_sealing_key(g, om_secret_public(g->net.link_keys[2])), WITH(OWNER, thiefs));
  TELL(g, act_set_address(g, OWNER - 1, "thief.example:1"), WITH(OWNER, thiefs));
  TELL(g, act_set_address(g, OWNER - 1, "thief.example:2"), WITH(OWNER, stolen));
  TELL(g, act_retire_key(g, stolen), WITH(OWNER, thiefs));
  uint64_t before = governing_size(g);
  Oremark__Event *act = act_revoke_key(g, OWNER, stolen, since, fresh);
  act->revoke_key->stolen_ms = g->now - 500000;
  TELL(g, act, OF(GOVERNOR));
  STATE(stolen, OM_KEY_REVOKED);
  STATE(thiefs, OM_KEY_REVOKED);
  STATE(thiefs_second, OM_KEY_REVOKED);
  STATE(owners, OM_KEY_STANDS);
  STATE(fresh, OM_KEY_STANDS);
  assert_int_equal(state_of(g, thiefs, before), OM_KEY_STANDS); /* the past is not rewritten */
  DENY(g, "signature", small(g), WITH(OWNER, thiefs));
  assert_non_null(strstr(g->st.text, "revoked"));
  txn = governing_read(g);
  assert_int_equal(om_registry_site(txn, &site, OWNER, 1, OM_REGISTRY_NOW, &g->st), OM_OK);
  assert_false(site.ended);
  assert_int_equal(om_registry_site(txn, &site, OWNER, 2, OM_REGISTRY_NOW, &g->st), OM_OK);
  assert_true(site.ended);
  assert_int_equal(om_registry_mandate(txn, OWNER, AGENT, &scope, OM_REGISTRY_NOW, &g->st), OM_OK);
  assert_int_equal(scope, OM_MANDATE_SHIP);
  assert_int_equal(om_registry_mandate(txn, OWNER, OTHER, &scope, OM_REGISTRY_NOW, &g->st), OM_OK);
  assert_int_equal(scope, 0);
  assert_int_equal(om_registry_sealing_key(txn, sealing, OWNER, OM_REGISTRY_NOW, &g->st), OM_OK);
  assert_memory_equal(sealing, om_secret_public(g->net.link_keys[1]), sizeof sealing);
  assert_int_equal(om_registry_address(txn, address, OWNER - 1, OM_REGISTRY_NOW, &g->st), OM_OK);
  assert_string_equal(address, "mine.example:7412");
  struct om_member_key row;
  uint32_t id = om_member_key_id(om_secret_public(thiefs));
  assert_int_equal(om_registry_key_row(txn, &row, OWNER, id, OM_REGISTRY_NOW, &g->st), OM_OK);
  assert_true(row.stolen_ms == act->revoke_key->stolen_ms && row.since_entry == since && row.ended.at == before);
  om_txn_abort(txn);
  TELL(g, act_add_site(g, 3, OREMARK__SITE_KIND__SITE_KIND_MINE), OF(OWNER)); /* its number is not used again */
  TELL(g, small(g), WITH(OWNER, fresh));
}

/* A later revocation of another key does not bring back what the thief wrote, though it takes back what stood upon it.
 */
static void what_was_undone_stays_undone(void **state) {
  struct governing *g = *state;
  const struct om_secret *stolen = governing_key(g, 0), *other = governing_key(g, 1);
  char address[OM_ADDRESS_BYTES + 1];
  TELL(g, act_add_key(g, stolen, ""), OF(OWNER));
  TELL(g, act_add_key(g, other, ""), OF(OWNER));
  TELL(g, act_set_address(g, OWNER - 1, "good.example:1"), OF(OWNER));
  uint64_t since = governing_size(g);
  TELL(g, act_set_address(g, OWNER - 1, "other.example:1"), WITH(OWNER, other));
  uint64_t theft = governing_size(g);
  TELL(g, act_set_address(g, OWNER - 1, "thief.example:1"), WITH(OWNER, stolen));
  TELL(g, act_revoke_key(g, OWNER, stolen, theft, NULL), OF(GOVERNOR));
  struct om_txn *txn = governing_read(g);
  assert_int_equal(om_registry_address(txn, address, OWNER - 1, OM_REGISTRY_NOW, &g->st), OM_OK);
  assert_string_equal(address, "other.example:1");
  om_txn_abort(txn);
  TELL(g, act_revoke_key(g, OWNER, other, since, NULL), OF(GOVERNOR));
  txn = governing_read(g);
  assert_int_equal(om_registry_address(txn, address, OWNER - 1, OM_REGISTRY_NOW, &g->st), OM_OK);
  assert_string_equal(address, "good.example:1");
  om_txn_abort(txn);
}

static void revocation_has_its_form(void **state) {
  struct governing *g = *state;
  const struct om_secret *owners = g->net.member_keys[OWNER - 1], *stolen = governing_key(g, 0);
  TELL(g, act_add_key(g, stolen, ""), OF(OWNER));
  uint64_t size = governing_size(g);
  DENY(g, "signature-not-needed", act_revoke_key(g, OWNER, stolen, size, NULL), OF(OWNER));
  DENY(g, "member", act_revoke_key(g, 9, stolen, size, NULL), OF(GOVERNOR));
  DENY(g, "key", act_revoke_key(g, OTHER, stolen, size, NULL), OF(GOVERNOR));
  DENY(g, "since", act_revoke_key(g, OWNER, stolen, size + 1, NULL), OF(GOVERNOR));
  DENY(g, "key", act_revoke_key(g, OWNER, stolen, size, owners), OF(GOVERNOR));
  Oremark__Event *late = act_revoke_key(g, OWNER, stolen, size, NULL);
  late->revoke_key->stolen_ms = g->now + 10000;
  DENY(g, "form", late, OF(GOVERNOR));
  Oremark__Event *first = act_revoke_key(g, OWNER, stolen, size, NULL);
  TELL(g, first, OF(GOVERNOR));
  DENY(g, "again", act_revoke_key(g, OWNER, stolen, size, NULL), OF(GOVERNOR));
  TELL(g, act_revoke_key(g, OWNER, stolen, size - 1, NULL), OF(GOVERNOR)); /* it was stolen earlier than was known */
  TELL(g, act_revoke_key(g, OWNER, stolen, size, governing_key(g, 5)), OF(GOVERNOR)); /* here is the new one */
  DENY(g, "previous", governing_old(first), OF(GOVERNOR));
  /* The only governor's only key: nobody could govern any more. */
  DENY(g, "governors", act_revoke_key(g, GOVERNOR, g->net.member_keys[0], size, NULL), OF(GOVERNOR));
  TELL(g, act_revoke_key(g, GOVERNOR, g->net.member_keys[0], size, governing_key(g, 6)), OF(GOVERNOR));
  DENY(g, "signature", act_suspend(g, OTHER), OF(GOVERNOR));
  TELL(g, act_suspend(g, OTHER), WITH(GOVERNOR, governing_key(g, 6)));
}

/* The chain of a member's keys is the member's to write on: a thief could always be faster than the governors. */
static void a_thief_can_not_outrun_a_revocation(void **state) {
  struct governing *g = *state;
  const struct om_secret *stolen = governing_key(g, 0);
  TELL(g, act_add_key(g, stolen, ""), OF(OWNER));
  Oremark__Event *gathered = act_revoke_key(g, OWNER, stolen, governing_size(g), NULL);
  governing_old(gathered); /* as it was when the signatures were gathered */
  TELL(g, act_set_address(g, OWNER - 1, "thief.example:1"), WITH(OWNER, stolen));
  TELL(g, act_set_address(g, OWNER - 1, "thief.example:2"), WITH(OWNER, stolen));
  TELL(g, gathered, OF(GOVERNOR));
  STATE(stolen, OM_KEY_REVOKED);
}

static void so_many_keys_stand_at_once(void **state) {
  struct governing *g = *state;
  enum { STANDING = 64 };
  for (size_t i = 0; i + 1 < STANDING; i++) TELL(g, act_add_key(g, governing_key(g, i), ""), OF(OWNER));
  const struct om_secret *more = governing_key(g, STANDING - 1);
  DENY(g, "keys", act_add_key(g, more, ""), OF(OWNER));
  TELL(g, act_retire_key(g, governing_key(g, 3)), OF(OWNER));
  TELL(g, act_add_key(g, more, ""), OF(OWNER));
  DENY(g, "keys", act_add_key(g, governing_key(g, STANDING), ""), OF(OWNER));
  /* The governors are not kept from it. */
  TELL(g, act_revoke_key(g, OWNER, governing_key(g, 3), governing_size(g), governing_key(g, STANDING + 1)),
       OF(GOVERNOR));
  STATE(governing_key(g, STANDING + 1), OM_KEY_STANDS);
}

/* COUNT keys of the owner's that ADDER added, and that have been retired since. */
static void have_had(struct governing *g, const struct om_secret *adder, uint32_t count) {
  struct om_batch *batch;
  struct om_by by = {true, om_member_key_id(om_secret_public(adder)), governing_size(g) - 1};
  assert_ok(om_batch_begin(&batch, g->ledger, &g->st), &g->st);
  for (uint32_t i = 0; i < count; i++) {
    struct om_member_key key = {
        .member = OWNER, .id = i * UINT32_C(2654435761), .state = OM_KEY_RETIRED, .added = by, .ended = by};
    om_be32(key.key, i);
    om_act_put_key(om_batch_txn(batch), governing_size(g) - 1, &key);
  }
  assert_ok(om_batch_commit(batch, NULL, &g->st), &g->st);
}

/* Retired ones are walked like those that stand. Whoever fills the list with a stolen key does not fill it for good. */
static void so_many_keys_are_had_at_all(void **state) {
  struct governing *g = *state;
  enum { EVER = 1024 };
  const struct om_secret *stolen = governing_key(g, 0);
  TELL(g, act_add_key(g, stolen, ""), OF(OWNER));
  uint64_t since = governing_size(g);
  TELL(g, small(g), WITH(OWNER, stolen));
  have_had(g, stolen, EVER - 3); /* with the first and the stolen one */
  TELL(g, act_add_key(g, governing_key(g, 1), ""), OF(OWNER));
  DENY(g, "keys", act_add_key(g, governing_key(g, 2), ""), OF(OWNER));
  assert_non_null(strstr(g->st.text, "has had 1024 keys"));
  TELL(g, act_revoke_key(g, OWNER, stolen, since, governing_key(g, 3)), OF(GOVERNOR)); /* they are let through */
  TELL(g, act_add_key(g, governing_key(g, 2), ""), OF(OWNER));
}

/* RevokeKey names a key alone: it must be clear which of the two is meant. */
static void one_key_has_one_meaning(void **state) {
  struct governing *g = *state;
  const struct om_secret *cosigns = g->net.cosign_keys[OWNER - 1], *signs = governing_key(g, 0);
  DENY(g, "key", act_add_key(g, cosigns, ""), OF(OWNER));
  TELL(g, act_add_key(g, cosigns, ""), OF(OTHER)); /* whose daemon it does not serve */
  TELL(g, act_add_key(g, signs, ""), OF(OWNER));
  DENY(g, "key", act_revoke_key(g, OWNER, cosigns, 0, signs), OF(GOVERNOR));
  TELL(g, act_revoke_key(g, OWNER, cosigns, 0, governing_key(g, 1)), OF(GOVERNOR));
}

/* The time to revoke a key that had added N others, all of which end with it. */
static double revoke_many(struct governing *g, const struct om_secret *stolen, uint32_t n) {
  struct om_batch *batch;
  struct om_by by = {true, om_member_key_id(om_secret_public(stolen)), 0};
  assert_ok(om_batch_begin(&batch, g->ledger, &g->st), &g->st);
  for (uint32_t i = 0; i < n; i++) {
    struct om_member_key key = {.member = OWNER, .id = i * UINT32_C(2654435761), .state = OM_KEY_STANDS, .added = by};
    key.added.at = UINT64_C(100) + i;
    om_be32(key.key, i);
    om_act_put_key(om_batch_txn(batch), 3, &key);
  }
  assert_ok(om_batch_commit(batch, NULL, &g->st), &g->st);
  clock_t from = clock();
  TELL(g, act_revoke_key(g, OWNER, stolen, 1, NULL), OF(GOVERNOR));
  return (double)(clock() - from) / CLOCKS_PER_SEC;
}

static void to_revoke_costs_as_much_as_there_are_keys(void **state) {
  struct governing *g = *state;
  enum { FEW = 2000, TIMES = 16 };
  double few = revoke_many(g, g->net.member_keys[OWNER - 1], FEW);
  governing_teardown(state);
  governing_setup(state);
  g = *state;
  double many = revoke_many(g, g->net.member_keys[OWNER - 1], FEW * TIMES);
  print_message("%d keys %.3f s, %d keys %.3f s\n", FEW, few, FEW * TIMES, many);
  assert_true(many < 4 * TIMES * (few + 0.002));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, governing_setup, governing_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(keys_are_added_and_retired),
      TEST(what_a_thief_did_is_undone),
      TEST(what_was_undone_stays_undone),
      TEST(revocation_has_its_form),
      TEST(a_thief_can_not_outrun_a_revocation),
      TEST(so_many_keys_stand_at_once),
      TEST(so_many_keys_are_had_at_all),
      TEST(one_key_has_one_meaning),
      TEST(to_revoke_costs_as_much_as_there_are_keys),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
