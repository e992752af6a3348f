/* Random histories of who governs and whose keys stand, thieves among them. What the registry says after each act is
 * what a member's acts say when all that a revoked key did is left out and the rest is told again from the beginning;
 * and whoever mirrors or rebuilds the logs, in whatever order, holds the same. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/rebuild.h"
#include "support/governing.h"
#include "support/history.h"
#include "support/seed.h"

enum {
  HISTORIES = 4,
  STEPS = 90,
  MIRRORS = 2,
  MEMBERS_N = 4, /* whose keys come and go: members 1 to 4; 1 to 3 govern, two of them must sign */
  FIRST_OWN = 2,
  ACTS_MAX = STEPS + 8,
  KEYS_MAX = 48,
};

/* What a member did, as it was taken in. */
struct deed {
  uint32_t member, agent;
  size_t by; /* key */
  uint64_t at;
  Oremark__Event__KindCase kind;
  size_t key; /* added or retired */
  uint32_t scope;
  uint8_t sealing;
};

struct told_key {
  uint32_t member;
  const struct om_secret *secret;
  bool by_governors;
  size_t by;
  uint64_t at, since; /* SINCE: it is revoked from there on; UINT64_MAX: it is not */
};

struct world {
  struct history h;
  struct governing g; /* arena, keys and the calls that make acts */
  struct deed deeds[ACTS_MAX];
  size_t n_deeds;
  struct told_key keys[KEYS_MAX];
  size_t n_keys;
  bool suspended[MEMBERS_N + 1];
};

static uint64_t below(struct world *w, uint64_t n) {
  return test_below(&w->h.random, n);
}

/* ---- the model ---- */

static bool void_deed(const struct world *w, size_t by, uint64_t at) {
  return at >= w->keys[by].since;
}

/* Keys that a revoked one added are revoked; in the order in which they came. */
static void spread(struct world *w) {
  for (size_t i = 0; i < w->n_keys; i++)
    if (!w->keys[i].by_governors && void_deed(w, w->keys[i].by, w->keys[i].at) && w->keys[i].at < w->keys[i].since)
      w->keys[i].since = w->keys[i].at;
}

struct told {
  enum om_key_state keys[KEYS_MAX];
  uint32_t scope[MEMBERS_N + 2];
  uint8_t sealing; /* 0: none */
};

/* MEMBER's acts told again without what is void. */
static struct told tell(const struct world *w, uint32_t member) {
  struct told out = {0};
  for (size_t i = 0; i < w->n_keys; i++) out.keys[i] = OM_KEY_STANDS;
  for (size_t i = 0; i < w->n_deeds; i++) {
    const struct deed *d = &w->deeds[i];
    if (d->member != member || void_deed(w, d->by, d->at)) continue;
    if (d->kind == OREMARK__EVENT__KIND_RETIRE_KEY) out.keys[d->key] = OM_KEY_RETIRED;
    if (d->kind == OREMARK__EVENT__KIND_GIVE_MANDATE || d->kind == OREMARK__EVENT__KIND_END_MANDATE)
      out.scope[d->agent] = d->scope;
    if (d->kind == OREMARK__EVENT__KIND_SET_SEALING_KEY) out.sealing = d->sealing;
  }
  for (size_t i = 0; i < w->n_keys; i++)
    if (w->keys[i].since != UINT64_MAX) out.keys[i] = OM_KEY_REVOKED;
  return out;
}

static void assert_told(struct world *w, uint32_t member) {
  struct told told = tell(w, member);
  struct om_txn *txn = governing_read(&w->g);
  struct om_status *st = &w->g.st;
  struct om_member_key row;
  uint8_t sealing[32];
  uint32_t scope;
  for (size_t i = 0; i < w->n_keys; i++) {
    if (w->keys[i].member != member) continue;
    uint32_t id = om_member_key_id(om_secret_public(w->keys[i].secret));
    assert_int_equal(om_registry_key_row(txn, &row, member, id, OM_REGISTRY_NOW, st), OM_OK);
    assert_int_equal(row.state, told.keys[i]);
    if (row.state == OM_KEY_REVOKED) assert_int_equal(row.since_entry, w->keys[i].since);
  }
  for (uint32_t agent = 1; agent <= MEMBERS_N; agent++) {
    assert_int_equal(om_registry_mandate(txn, member, agent, &scope, OM_REGISTRY_NOW, st), OM_OK);
    assert_int_equal(scope, told.scope[agent]);
  }
  enum om_code code = om_registry_sealing_key(txn, sealing, member, OM_REGISTRY_NOW, st);
  assert_int_equal(code, told.sealing ? OM_OK : OM_MISSING);
  if (told.sealing) assert_memory_equal(sealing, om_secret_public(w->h.net.link_keys[told.sealing - 1]), 32);
  om_txn_abort(txn);
}

static bool stands(const struct world *w, size_t key) {
  return tell(w, w->keys[key].member).keys[key] == OM_KEY_STANDS;
}

static size_t standing(const struct world *w, uint32_t member) {
  size_t n = 0;
  for (size_t i = 0; i < w->n_keys; i++) n += w->keys[i].member == member && stands(w, i);
  return n;
}

/* Any key of MEMBER's; with MUST one that stands, if there is one. */
static size_t some_key(struct world *w, uint32_t member, bool must) {
  for (int tries = 0;; tries++) {
    size_t key = below(w, w->n_keys);
    if (w->keys[key].member == member && (!must || tries > 1000 || stands(w, key))) return key;
  }
}

/* ---- acts ---- */

static void taken_or(struct world *w, enum om_code code, const char *rules, int line) {
  if (code == OM_OK || (code == OM_REFUSED && strstr(rules, w->g.st.rule))) return;
  print_error("line %d: %s [%s] %s\n", line, om_code_name(code), w->g.st.rule, w->g.st.text);
  fail();
}

static Oremark__Event *own_act(struct world *w, struct deed *d) {
  struct governing *g = &w->g;
  d->agent = 1 + (uint32_t)below(w, MEMBERS_N);
  switch (below(w, 6)) {
    case 0:
      d->kind = OREMARK__EVENT__KIND_ADD_KEY, d->key = w->n_keys;
      return act_add_key(g, governing_key(g, w->n_keys), "");
    case 1:
      d->kind = OREMARK__EVENT__KIND_RETIRE_KEY, d->key = some_key(w, d->member, false);
      return act_retire_key(g, w->keys[d->key].secret);
    case 2:
      d->kind = OREMARK__EVENT__KIND_SET_SEALING_KEY, d->sealing = (uint8_t)(1 + below(w, HISTORY_DAEMONS));
      return act_set_sealing_key(g, om_secret_public(w->h.net.link_keys[d->sealing - 1]));
    case 3: d->kind = OREMARK__EVENT__KIND_END_MANDATE; return act_end_mandate(g, d->agent);
    default:
      d->kind = OREMARK__EVENT__KIND_GIVE_MANDATE, d->scope = 1 + (uint32_t)below(w, 3);
      return act_give_mandate(g, d->agent, d->scope & OM_MANDATE_SHIP, (d->scope & OM_MANDATE_CONSUME) != 0);
  }
}

static void by_a_member(struct world *w) {
  struct deed d = {.member = FIRST_OWN + (uint32_t)below(w, MEMBERS_N - FIRST_OWN + 1)};
  if (w->n_keys == KEYS_MAX) return;
  d.by = some_key(w, d.member, false);
  bool may = stands(w, d.by);
  Oremark__Event *event = own_act(w, &d);
  size_t left = standing(w, d.member);
  d.at = governing_size(&w->g);
  enum om_code code = governing_say(&w->g, event, BY(WITH(d.member, w->keys[d.by].secret)));
  if (!may || w->suspended[d.member]) {
    assert_int_equal(code, OM_REFUSED);
    assert_non_null(strstr("signature suspended", w->g.st.rule));
    return;
  }
  taken_or(w, code, "key last-key mandate", __LINE__);
  bool last = d.kind == OREMARK__EVENT__KIND_RETIRE_KEY && left == 1;
  if (last) assert_int_equal(code, OM_REFUSED);
  if (code != OM_OK) return;
  w->deeds[w->n_deeds++] = d;
  if (d.kind == OREMARK__EVENT__KIND_ADD_KEY)
    w->keys[w->n_keys++] = (struct told_key){d.member, governing_key(&w->g, d.key), false, d.by, d.at, UINT64_MAX};
}

/* Signed by two governors, or by whoever is no quorum of them. */
static enum om_code govern(struct world *w, Oremark__Event *event) {
  uint32_t out = 1 + (uint32_t)below(w, 3); /* of the three, who does not sign */
  struct signer signers[3];
  size_t n = 0;
  for (uint32_t m = 1; m <= 3; m++)
    if (m != out) signers[n++] = (struct signer){m, w->keys[some_key(w, m, true)].secret};
  uint64_t wrong = below(w, 12);
  if (wrong == 0) n = 1;
  if (wrong == 1) signers[1] = (struct signer){4, w->keys[some_key(w, 4, true)].secret};
  enum om_code code = governing_say(&w->g, event, signers, n);
  if (wrong <= 1) assert_int_equal(code, OM_REFUSED);
  return code;
}

static void revoke(struct world *w) {
  size_t key = below(w, w->n_keys);
  struct told_key *k = &w->keys[key];
  uint64_t size = governing_size(&w->g), since = size - below(w, size < 30 ? size : 30);
  bool replace = w->n_keys < KEYS_MAX && below(w, 2) == 0;
  const struct om_secret *fresh = replace ? governing_key(&w->g, w->n_keys) : NULL;
  enum om_code code = govern(w, act_revoke_key(&w->g, k->member, k->secret, since, fresh));
  taken_or(w, code, "again governors threshold signature-not-needed signature", __LINE__);
  if (code != OM_OK) return;
  if (since < k->since) k->since = since;
  if (replace) w->keys[w->n_keys++] = (struct told_key){k->member, fresh, true, 0, size, UINT64_MAX};
  spread(w);
}

static void by_the_governors(struct world *w) {
  struct governing *g = &w->g;
  const Oremark__Role roles[] = {(Oremark__Role)(1 + below(w, 7)), (Oremark__Role)(8 + below(w, 7))};
  uint32_t member = 1 + (uint32_t)below(w, MEMBERS_N);
  enum om_code code;
  switch (below(w, 7)) {
    case 0: code = govern(w, act_set_roles(g, member, roles, below(w, 3))); break;
    case 1:
      code = govern(w, act_set_limits(g, (uint32_t)below(w, 1000), below(w, 1000), 1 + (uint32_t)below(w, 60)));
      break;
    case 2:
      code = govern(w, act_recognise_scheme(g, below(w, 2) ? "RMAP" : "IRMA", MEMBERS(2, 4), below(w, 3) == 0));
      break;
    case 3:
      code = govern(w, act_site_status(g, 2, 1, (Oremark__SiteState)(1 + below(w, 4)), (int64_t)(1000 + below(w, 500)),
                                       (int64_t)(2000 + below(w, 500))));
      break;
    case 4:
      if (w->suspended[member]) return;
      code = govern(w, act_suspend(g, member));
      if (code == OM_OK) w->suspended[member] = true;
      break;
    default: revoke(w); return;
  }
  taken_or(w, code, "scheme form threshold signature-not-needed signature", __LINE__);
}

/* ---- others ---- */

static struct om_ledger *mirror_of(struct world *w, const char *path) {
  struct om_ledger *out;
  struct om_status st = {0};
  const struct network *net = &w->h.net;
  assert_ok(om_ledger_open(&out, path, UINT64_C(1) << 30, net->genesis, net->genesis_len, NULL, &st), &st);
  return out;
}

static bool complete(struct world *w, struct om_ledger *mirror) {
  for (uint32_t log = 0; log < HISTORY_DAEMONS; log++)
    if (history_size(w->h.ledgers[log], log) != history_size(mirror, log)) return false;
  return true;
}

static void assert_mirrored(struct world *w) {
  struct om_hash home = history_state(w->h.ledgers[0]), other;
  struct om_status st = {0};
  char *path = temp_folder();
  struct om_ledger *mirror = mirror_of(w, path);
  for (int turns = 0; !complete(w, mirror); turns++) {
    struct om_batch *batch;
    assert_true(turns < 100000);
    assert_ok(om_batch_begin(&batch, mirror, &st), &st);
    history_take(&w->h, batch, (uint32_t)below(w, HISTORY_DAEMONS), 1 + below(w, 9), UINT64_MAX);
    assert_ok(om_batch_commit(batch, NULL, &st), &st);
  }
  other = history_state(mirror);
  assert_memory_equal(home.bytes, other.bytes, sizeof other.bytes);
  assert_ok(om_ledger_rebuild(mirror, NULL, 0, &st), &st);
  other = history_state(mirror);
  assert_memory_equal(home.bytes, other.bytes, sizeof other.bytes);
  om_ledger_close(mirror);
  remove_folder(path);
}

static void live(struct world *w, uint64_t seed) {
  history_open(&w->h, seed);
  w->g.net = w->h.net;
  w->g.net.nonce = 1U << 20; /* counts apart from the history's */
  w->g.ledger = w->h.ledgers[0];
  w->g.now = w->h.now_ms;
  for (uint32_t m = 1; m <= MEMBERS_N; m++)
    w->keys[w->n_keys++] = (struct told_key){m, w->h.net.member_keys[m - 1], true, 0, 0, UINT64_MAX};
  TELL(&w->g, act_set_governors(&w->g, MEMBERS(1, 2, 3), 2), OF(1));
  for (int i = 0; i < STEPS; i++) {
    if (below(w, 3) == 0)
      by_the_governors(w);
    else
      by_a_member(w);
    for (uint32_t m = 1; m <= MEMBERS_N; m++) assert_told(w, m);
    w->h.now_ms = w->g.now;
    if (below(w, 15) == 0) history_settle(&w->h);
  }
  history_settle(&w->h);
}

static void what_is_void_is_as_if_it_never_was(void **state) {
  (void)state;
  uint64_t seed = test_seed();
  for (uint64_t i = 0; i < test_times(HISTORIES); i++) {
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    live(w, seed + i);
    for (int m = 0; m < MIRRORS; m++) assert_mirrored(w);
    for (size_t k = 0; k < GOVERNING_KEYS_MAX; k++) om_secret_free(w->g.keys[k]);
    free(w->g.bytes);
    om_arena_free(&w->g.arena);
    history_close(&w->h);
    free(w);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_void_is_as_if_it_never_was)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
