#include "support/governing.h"

#include <stdlib.h>
#include <string.h>

#include "support/test.h"

static const int64_t START_MS = INT64_C(1790000000000);

void governing_open(struct governing *g, size_t n_members) {
  memset(g, 0, sizeof *g);
  network_open(&g->net, n_members, false);
  g->folder = temp_folder();
  g->ledger = network_ledger(&g->net, 0, g->folder);
  g->now = START_MS;
}

void governing_close(struct governing *g) {
  om_ledger_close(g->ledger);
  remove_folder(g->folder);
  for (size_t i = 0; i < GOVERNING_KEYS_MAX; i++) om_secret_free(g->keys[i]);
  free(g->bytes);
  om_arena_free(&g->arena);
  network_close(&g->net);
}

int governing_setup(void **state) {
  struct governing *g = malloc(sizeof *g);
  assert_non_null(g);
  governing_open(g, 4);
  *state = g;
  return 0;
}

int governing_teardown(void **state) {
  governing_close(*state);
  free(*state);
  return 0;
}

const struct om_secret *governing_key(struct governing *g, size_t i) {
  assert_true(i < GOVERNING_KEYS_MAX);
  if (!g->keys[i]) {
    uint8_t seed[OM_SEED_BYTES] = {9};
    seed[1] = (uint8_t)i;
    assert_int_equal(om_secret_new(&g->keys[i], seed, &g->st), OM_OK);
  }
  return g->keys[i];
}

ProtobufCBinaryData governing_public(struct governing *g, const struct om_secret *key) {
  return (ProtobufCBinaryData){OM_PUBLIC_BYTES, om_arena_copy(&g->arena, om_secret_public(key), OM_PUBLIC_BYTES)};
}

struct om_txn *governing_read(struct governing *g) {
  struct om_txn *txn;
  assert_int_equal(om_txn_read(&txn, om_ledger_store(g->ledger), &g->st), OM_OK);
  return txn;
}

uint64_t governing_size(struct governing *g) {
  return network_info(g->ledger, OM_LOG_REGISTRY).size;
}

static void fill_previous(struct governing *g, Oremark__Event *event, uint32_t speaker) {
  struct om_hash id;
  struct om_txn *txn = governing_read(g);
  if (om_registry_previous(txn, &id, event, speaker, OM_REGISTRY_NOW, &g->st) == OM_OK)
    event->previous = (ProtobufCBinaryData){sizeof id, om_arena_copy(&g->arena, id.bytes, sizeof id)};
  om_txn_abort(txn);
}

enum om_code governing_say(struct governing *g, Oremark__Event *event, const struct signer *signers, size_t n) {
  uint32_t members[OM_SIGNATURES_MAX];
  const struct om_secret *keys[OM_SIGNATURES_MAX];
  uint8_t number[OM_LOT_NUMBER_BYTES];
  assert_true(n <= OM_SIGNATURES_MAX);
  for (size_t i = 0; i < n; i++) {
    members[i] = signers[i].member;
    keys[i] = signers[i].key ? signers[i].key : g->net.member_keys[signers[i].member - 1];
  }
  if (!event->previous.data) fill_previous(g, event, members[0]);
  free(g->bytes);
  g->now += 1000;
  g->bytes = network_statement_keys(&g->net, &g->len, members[0], g->now, &event, 1, members, keys, n);
  network_lot(&g->net, number, &g->event_id, g->bytes, g->len, 0, 0);
  om_status_clear(&g->st);
  return network_submit(&g->net, 0, g->ledger, &g->receipt, g->bytes, g->len, g->now, &g->st);
}

void governing_admit(struct governing *g, int line, Oremark__Event *event, const struct signer *signers, size_t n) {
  if (governing_say(g, event, signers, n) == OM_OK) return;
  print_error("line %d: [%s] %s\n", line, g->st.rule, g->st.text);
  fail();
}

void governing_refuse(struct governing *g, int line, const char *rule, Oremark__Event *event,
                      const struct signer *signers, size_t n) {
  enum om_code code = governing_say(g, event, signers, n);
  if (code == OM_REFUSED && strcmp(g->st.rule, rule) == 0) return;
  print_error("line %d: wanted [%s], got %s [%s] %s\n", line, rule, om_code_name(code), g->st.rule, g->st.text);
  fail();
}

Oremark__Event *governing_old(Oremark__Event *event) {
  static uint8_t nothing;
  if (!event->previous.data) event->previous.data = &nothing;
  return event;
}

/* ---- acts ---- */

#define BEGIN(Type, type, KIND, field)                              \
  Oremark__Event *event = om_arena_alloc(&g->arena, sizeof *event); \
  Oremark__##Type *act = om_arena_alloc(&g->arena, sizeof *act);    \
  oremark__event__init(event);                                      \
  oremark__##type##__init(act);                                     \
  event->kind_case = OREMARK__EVENT__KIND_##KIND;                   \
  event->field = act

static char *copied(struct governing *g, const char *text) {
  return om_arena_copy(&g->arena, text, strlen(text) + 1);
}

static uint32_t *numbers(struct governing *g, struct members m) {
  return m.n ? om_arena_copy(&g->arena, m.list, m.n * sizeof *m.list) : NULL;
}

Oremark__Event *act_add_key(struct governing *g, const struct om_secret *key, const char *label) {
  BEGIN(AddKey, add_key, ADD_KEY, add_key);
  act->key = governing_public(g, key);
  act->label = copied(g, label);
  return event;
}

Oremark__Event *act_add_site(struct governing *g, uint32_t site, Oremark__SiteKind kind) {
  BEGIN(AddSite, add_site, ADD_SITE, add_site);
  act->site = site;
  act->name = copied(g, "Andina");
  act->country = copied(g, "CL");
  act->kind = kind;
  return event;
}

Oremark__Event *act_set_address(struct governing *g, uint32_t log, const char *address) {
  BEGIN(SetAddress, set_address, SET_ADDRESS, set_address);
  act->log = log;
  act->address = copied(g, address);
  return event;
}

Oremark__Event *act_set_sealing_key(struct governing *g, const uint8_t key[32]) {
  BEGIN(SetSealingKey, set_sealing_key, SET_SEALING_KEY, set_sealing_key);
  act->key = (ProtobufCBinaryData){32, om_arena_copy(&g->arena, key, 32)};
  return event;
}

Oremark__Event *act_give_mandate(struct governing *g, uint32_t agent, bool ship, bool consume) {
  BEGIN(GiveMandate, give_mandate, GIVE_MANDATE, give_mandate);
  act->agent = agent;
  act->ship = ship;
  act->consume = consume;
  return event;
}

Oremark__Event *act_end_mandate(struct governing *g, uint32_t agent) {
  BEGIN(EndMandate, end_mandate, END_MANDATE, end_mandate);
  act->agent = agent;
  return event;
}

Oremark__Event *act_suspend(struct governing *g, uint32_t member) {
  BEGIN(Suspend, suspend, SUSPEND, suspend);
  act->member = member;
  act->reason = copied(g, "tags of another mine");
  return event;
}

Oremark__Event *act_retire_key(struct governing *g, const struct om_secret *key) {
  BEGIN(RetireKey, retire_key, RETIRE_KEY, retire_key);
  act->key = governing_public(g, key);
  return event;
}

Oremark__Event *act_revoke_key(struct governing *g, uint32_t member, const struct om_secret *key, uint64_t since_entry,
                               const struct om_secret *replacement) {
  BEGIN(RevokeKey, revoke_key, REVOKE_KEY, revoke_key);
  act->member = member;
  act->key = governing_public(g, key);
  act->since_entry = since_entry;
  if (replacement) act->replacement = governing_public(g, replacement);
  act->reason = copied(g, "the laptop was stolen");
  return event;
}

Oremark__Event *act_set_roles(struct governing *g, uint32_t member, const Oremark__Role *roles, size_t n) {
  BEGIN(SetRoles, set_roles, SET_ROLES, set_roles);
  act->member = member;
  act->roles = n ? om_arena_copy(&g->arena, roles, n * sizeof *roles) : NULL;
  act->n_roles = n;
  return event;
}

Oremark__Event *act_set_governors(struct governing *g, struct members governors, uint32_t threshold) {
  BEGIN(SetGovernors, set_governors, SET_GOVERNORS, set_governors);
  act->governors = numbers(g, governors);
  act->n_governors = governors.n;
  act->threshold = threshold;
  return event;
}

Oremark__Event *act_set_limits(struct governing *g, uint32_t receipt_ppm, uint64_t cap_mg, uint32_t period_days) {
  BEGIN(SetLimits, set_limits, SET_LIMITS, set_limits);
  Oremark__Limits *limits = om_arena_alloc(&g->arena, sizeof *limits);
  Oremark__DriftCap *cap = om_arena_alloc(&g->arena, sizeof *cap);
  oremark__limits__init(limits);
  oremark__drift_cap__init(cap);
  cap->cap_mg = cap_mg;
  limits->receipt_tolerance_ppm = receipt_ppm;
  limits->drift_period_days = period_days;
  limits->n_drift_caps = 1;
  limits->drift_caps = om_arena_copy(&g->arena, &cap, sizeof(Oremark__DriftCap *));
  act->limits = limits;
  return event;
}

Oremark__Event *act_recognise_scheme(struct governing *g, const char *scheme, struct members certifiers, bool ended) {
  BEGIN(RecogniseScheme, recognise_scheme, RECOGNISE_SCHEME, recognise_scheme);
  act->scheme = copied(g, scheme);
  act->certifiers = numbers(g, certifiers);
  act->n_certifiers = certifiers.n;
  act->ended = ended;
  return event;
}

Oremark__Event *act_site_status(struct governing *g, uint32_t member, uint32_t site, Oremark__SiteState state,
                                int64_t from_ms, int64_t until_ms) {
  BEGIN(SiteStatus, site_status, SITE_STATUS, site_status);
  act->member = member;
  act->site = site;
  act->state = state;
  act->valid_from_ms = from_ms;
  act->valid_until_ms = until_ms;
  return event;
}
