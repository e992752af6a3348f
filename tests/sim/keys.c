/* Members' second keys, while lots are on their way: added, used in the home log as much as the first, in a thief's
 * hands now and then (who adds a third and retires the owner's), and revoked by the governor with what they did; and
 * roles that are taken and given back. Its choices are drawn apart, so that the other seeds stay as they are. */
#include <stdio.h>
#include <string.h>

#include "sim/sim.h"
#include "support/seed.h"

enum {
  KEYS_ONE_IN = 4, /* seeds */
  ACT_ONE_IN = 8,  /* steps */
  QUIET_STEPS = 30,
};

static bool one_in(struct sim *s, uint64_t n) {
  return test_below(&s->keys.random, n) == 0;
}

static const struct om_secret *made(struct sim *s) {
  struct om_status st;
  uint8_t seed[OM_SEED_BYTES] = {11};
  struct om_secret **slot = &s->keys.made[s->keys.n_made];
  seed[1] = (uint8_t)s->keys.n_made++;
  sim_must(s, om_secret_new(slot, seed, &st), &st, "making a key");
  return *slot;
}

void sim_keys_begin(struct sim *s) {
  s->keys.random = s->seed * 0xD1342543DE82EF95u + 3;
  s->keys.on = s->join_step == 0 && one_in(s, KEYS_ONE_IN);
}

void sim_keys_end(struct sim *s) {
  for (size_t i = 0; i < s->keys.n_made; i++) om_secret_free(s->keys.made[i]);
}

const struct om_secret *sim_key(struct sim *s, uint32_t member) {
  const struct om_secret *first = s->net.member_keys[member - 1], *second = s->keys.of[member].key;
  if (!s->keys.on || !second) return first;
  return one_in(s, 2) ? second : first;
}

/* ---- acts, at the registry's daemon; what it refuses is not said again ---- */

static void fill(struct sim *s, Oremark__Event *event, struct om_hash *before, uint32_t speaker) {
  struct om_txn *txn;
  struct om_status st;
  sim_must(s, om_txn_read(&txn, om_ledger_store(s->nodes[0].ledger), &st), &st, "reading");
  if (om_registry_previous(txn, before, event, speaker, OM_REGISTRY_NOW, &st) == OM_OK)
    event->previous = (ProtobufCBinaryData){OM_HASH_BYTES, before->bytes};
  om_txn_abort(txn);
}

/* KEY NULL: by the governors. */
static void say(struct sim *s, uint32_t member, const struct om_secret *key, Oremark__Event *event) {
  struct om_hash before;
  size_t len;
  fill(s, event, &before, member);
  uint8_t *bytes =
      key == NULL ? sim_govern_sign(s, &len, event)
                  : network_statement_keys(&s->net, &len, member, sim_wall(&s->nodes[0]), &event, 1, &member, &key, 1);
  s->told++;
  sim_node_submit(&s->nodes[0], bytes, len);
}

static ProtobufCBinaryData half(const struct om_secret *key) {
  return (ProtobufCBinaryData){OM_PUBLIC_BYTES, (uint8_t *)(uintptr_t)om_secret_public(key)};
}

static void add(struct sim *s, uint32_t member, const struct om_secret *by, const struct om_secret *key) {
  Oremark__AddKey act = OREMARK__ADD_KEY__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  act.key = half(key);
  event.kind_case = OREMARK__EVENT__KIND_ADD_KEY;
  event.add_key = &act;
  say(s, member, by, &event);
}

static void retire_key(struct sim *s, uint32_t member, const struct om_secret *by, const struct om_secret *key) {
  Oremark__RetireKey act = OREMARK__RETIRE_KEY__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  act.key = half(key);
  event.kind_case = OREMARK__EVENT__KIND_RETIRE_KEY;
  event.retire_key = &act;
  say(s, member, by, &event);
}

/* What it did from its beginning: whatever the registry holds of it. */
static void revoke_key(struct sim *s, uint32_t member, const struct om_secret *key) {
  Oremark__RevokeKey act = OREMARK__REVOKE_KEY__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  act.member = member;
  act.key = half(key);
  act.since_entry = 1;
  event.kind_case = OREMARK__EVENT__KIND_REVOKE_KEY;
  event.revoke_key = &act;
  say(s, 1, NULL, &event);
}

static void set_roles(struct sim *s, uint32_t member) {
  Oremark__SetRoles act = OREMARK__SET_ROLES__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  Oremark__Role roles[OREMARK__ROLE__ROLE_RESERVE];
  uint64_t without = test_below(&s->keys.random, 3 * OREMARK__ROLE__ROLE_RESERVE); /* mostly all of them again */
  for (int role = 1; role <= OREMARK__ROLE__ROLE_RESERVE; role++)
    if ((uint64_t)role != without) roles[act.n_roles++] = (Oremark__Role)role;
  act.member = member;
  act.roles = roles;
  event.kind_case = OREMARK__EVENT__KIND_SET_ROLES;
  event.set_roles = &act;
  say(s, 1, NULL, &event);
}

/* A second key; then a thief has it; then it is revoked, and all begins anew with another. */
static void go_on(struct sim *s, uint32_t member) {
  struct sim_member_keys *k = &s->keys.of[member];
  const struct om_secret *first = s->net.member_keys[member - 1];
  if (!k->key && s->keys.n_made + 2 <= SIM_KEYS) {
    k->key = made(s);
    add(s, member, first, k->key);
  } else if (k->key && !k->stolen && one_in(s, 2)) {
    k->stolen = made(s);
    add(s, member, k->key, k->stolen);
  } else if (k->stolen && one_in(s, 2)) {
    retire_key(s, member, one_in(s, 2) ? k->stolen : k->key, first);
  } else if (k->key) {
    revoke_key(s, member, k->key);
    if (s->verbose) printf("  %llu: a key of member %u is revoked\n", (unsigned long long)s->step, member);
    k->revoked = true;
  }
  /* Until the registry says so the act may have been lost: it is said again. */
  if (k->revoked && one_in(s, 3)) *k = (struct sim_member_keys){0};
}

void sim_keys_step(struct sim *s) {
  if (!s->keys.on || !sim_registry_works(s) || s->step < QUIET_STEPS || !one_in(s, ACT_ONE_IN)) return;
  uint32_t member = 2 + (uint32_t)test_below(&s->keys.random, s->n - 1);
  if (one_in(s, 4))
    set_roles(s, member);
  else
    go_on(s, member);
}
