/* Random histories of the registry, with every kind of act that there is. Beside them a model that keeps, for each
 * thing, what was said of it last: the registry says the same, now and as of any size that it has had; what too few
 * governors have signed, or others, or one of them twice, is refused, as is an act that was taken before; and whoever
 * mirrors or rebuilds the log holds the same. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/accept.h"
#include "ledger/rebuild.h"
#include "ledger/registry.h"
#include "support/governing.h"
#include "support/history.h"
#include "support/kinds_seen.h"
#include "support/seed.h"

enum {
  HISTORIES = 5,
  HISTORIES_MAX = 40, /* while a kind of act has not occurred */
  STEPS = 170,
  N = 8, /* members and daemons in the end; the genesis names half of them */
  NAMED = 4,
  KEYS = 48,
  SIZES = 2 * STEPS, /* of the registry, at most */
};

/* By number of member, log or key. */
struct standing {
  uint32_t governors, threshold; /* a bit for each member; how many of them must sign */
  uint32_t rules, receipt_ppm, n_members, n_daemons, witnesses;
  uint64_t cap_mg;
  uint32_t roles[N + 1], home[N + 1], sites[N + 1], scope[N + 1][N + 1], certifier;
  bool suspended[N + 1], scheme_ended;
  uint8_t sealing[N + 1], status[N + 1], address[N], successor[N];
  uint8_t keys[KEYS];
};

struct given {
  uint8_t lot;
  uint32_t to;
  uint64_t since;
};

struct world {
  struct governing g;
  uint64_t random;
  struct standing now, as_of[SIZES]; /* as of that size of the registry */
  uint32_t owner[KEYS];
  size_t n_keys, n_given;
  struct given given[STEPS];
  struct {
    Oremark__Event *event;
    uint32_t member; /* that has said it; 0: the governors */
  } old[STEPS];
  size_t n_old;
  uint8_t *restart; /* what was accepted by hand */
  size_t restart_len;
  struct kinds_seen *seen;
};

static uint64_t below(struct world *w, uint64_t n) {
  return test_below(&w->random, n);
}

/* Any but the first if AFTER is 1, and so on. */
static uint32_t any(struct world *w, uint32_t n, uint32_t after) {
  return after + 1 + (uint32_t)below(w, n - after);
}

#define MAKE(w, Type, type, KIND, field)                                \
  Oremark__Event *event = om_arena_alloc(&(w)->g.arena, sizeof *event); \
  Oremark__##Type *act = om_arena_alloc(&(w)->g.arena, sizeof *act);    \
  oremark__event__init(event);                                          \
  oremark__##type##__init(act);                                         \
  event->kind_case = OREMARK__EVENT__KIND_##KIND;                       \
  event->field = act

static char reason[] = "as was agreed";

/* ---- saying ---- */

/* What was taken has changed the model already. */
static void note(struct world *w, Oremark__Event *event, uint32_t member, enum om_code code) {
  kinds_seen_add(w->seen, event, code);
  uint64_t size = governing_size(&w->g);
  assert_true(size < SIZES);
  if (code == OM_OK && w->n_old < STEPS) {
    w->old[w->n_old].event = event;
    w->old[w->n_old++].member = member;
  }
}

static void wanted(const struct world *w, enum om_code code, enum om_code right, int line) {
  if (code == right) return;
  print_error("line %d: wanted %s, got %s [%s] %s\n", line, om_code_name(right), om_code_name(code), w->g.st.rule,
              w->g.st.text);
  fail();
}

static size_t choose_signers(struct world *w, struct signer *out, bool governs, size_t n) {
  size_t found = 0;
  for (uint32_t left = w->now.n_members, m = 1; m <= w->now.n_members; m++, left--) {
    size_t able = 0;
    for (uint32_t k = m; k <= w->now.n_members; k++) able += ((w->now.governors >> k & 1) != 0) == governs;
    if (((w->now.governors >> m & 1) != 0) == governs && found < n && below(w, able) < n - found) out[found++] = OF(m);
  }
  return found;
}

static int by_member(const void *a, const void *b) {
  uint32_t x = ((const struct signer *)a)->member, y = ((const struct signer *)b)->member;
  return x < y ? -1 : x > y;
}

/* Signed by as many governors as must; or, and then in vain, by too few, by somebody else too, or by one twice. */
static enum om_code govern(struct world *w, Oremark__Event *event) {
  struct signer signers[N + 1];
  size_t n = choose_signers(w, signers, true, w->now.threshold), more = 0;
  uint64_t wrong = below(w, 10);
  if (wrong == 0) n--;
  if (wrong == 1) more = choose_signers(w, signers + n, false, 1);
  if (wrong == 2) signers[n] = signers[n - 1], more = 1;
  qsort(signers, n + more, sizeof *signers, by_member);
  bool right = wrong > 2 || (wrong == 1 && more == 0);
  if (n + more == 0) return OM_USAGE;
  enum om_code code = governing_say(&w->g, event, signers, n + more);
  if (!right) assert_true(code == OM_REFUSED || code == OM_MALFORMED);
  note(w, event, 0, code);
  return right ? code : OM_USAGE; /* nothing is known of what the act is worth */
}

/* Whether it was taken, which is known unless it was signed wrongly. */
static bool by_governors(struct world *w, Oremark__Event *event, bool right, int line) {
  enum om_code code = govern(w, event);
  if (code != OM_USAGE) wanted(w, code, right ? OM_OK : OM_REFUSED, line);
  return code == OM_OK;
}
#define GOVERN(w, event, right) by_governors(w, event, right, __LINE__)

static bool by_itself(struct world *w, uint32_t member, Oremark__Event *event, bool right, int line) {
  enum om_code code = governing_say(&w->g, event, BY(OF(member)));
  wanted(w, code, right && !w->now.suspended[member] ? OM_OK : OM_REFUSED, line);
  note(w, event, member, code);
  return code == OM_OK;
}
#define ITSELF(w, member, event, right) by_itself(w, member, event, right, __LINE__)

/* ---- acts about members ---- */

static void enrol(struct world *w) {
  MAKE(w, Enrol, enrol, ENROL, enrol);
  static char name[] = "newcomer", country[] = "PE";
  Oremark__NewMember *who = om_arena_alloc(&w->g.arena, sizeof *who);
  oremark__new_member__init(who);
  uint32_t next = w->now.n_members + 1, number = next + (below(w, 4) == 0);
  if (next > N || number > N) return;
  who->member = number;
  who->name = name;
  who->country = country;
  who->key = governing_public(&w->g, w->g.net.member_keys[number - 1]);
  who->home_log = any(w, w->now.n_daemons - 1, 0);
  act->member = who;
  bool ended = w->now.successor[who->home_log] != 0;
  if (!GOVERN(w, event, number == next && !ended)) return;
  w->now.n_members = number;
  w->now.home[number] = who->home_log;
}

static void set_roles(struct world *w) {
  uint32_t m = any(w, N, 0), role = any(w, 14, 0);
  if (GOVERN(w, act_set_roles(&w->g, m, (Oremark__Role[]){(Oremark__Role)role}, 1), m <= w->now.n_members))
    w->now.roles[m] = 1U << role;
}

static void suspend(struct world *w) {
  uint32_t m = any(w, w->now.n_members, 0);
  if (GOVERN(w, act_suspend(&w->g, m), !w->now.suspended[m])) w->now.suspended[m] = true;
}

static void reinstate(struct world *w) {
  MAKE(w, Reinstate, reinstate, REINSTATE, reinstate);
  act->member = any(w, w->now.n_members, 0);
  act->reason = reason;
  if (GOVERN(w, event, w->now.suspended[act->member])) w->now.suspended[act->member] = false;
}

/* Where those go on whose home was LOG. */
static uint32_t goes_on(const struct standing *s, uint32_t log) {
  while (s->successor[log] != 0) log = s->successor[log];
  return log;
}

static void rehome(struct world *w) {
  MAKE(w, Rehome, rehome, REHOME, rehome);
  act->member = any(w, w->now.n_members, 0);
  act->home_log = (uint32_t)below(w, w->now.n_daemons);
  uint32_t m = act->member, to = act->home_log;
  bool right = to != 0 && to != goes_on(&w->now, w->now.home[m]) && w->now.successor[to] == 0;
  if (GOVERN(w, event, right)) w->now.home[m] = to;
}

static void reassign(struct world *w) {
  MAKE(w, Reassign, reassign, REASSIGN, reassign);
  uint8_t *lot = om_arena_alloc(&w->g.arena, OM_LOT_NUMBER_BYTES), *at = om_arena_alloc(&w->g.arena, OM_HASH_BYTES);
  memset(lot, 0, OM_LOT_NUMBER_BYTES);
  memset(at, 7, OM_HASH_BYTES);
  lot[0] = (uint8_t)(1 + below(w, 20));
  act->lot = (ProtobufCBinaryData){OM_LOT_NUMBER_BYTES, lot};
  act->last_event = (ProtobufCBinaryData){OM_HASH_BYTES, at};
  act->to = any(w, w->now.n_members, 0);
  act->reason = reason;
  bool again = false;
  for (size_t i = 0; i < w->n_given; i++) again = again || w->given[i].lot == lot[0];
  uint64_t size = governing_size(&w->g);
  if (GOVERN(w, event, !again)) w->given[w->n_given++] = (struct given){lot[0], act->to, size};
}

/* ---- acts about the network ---- */

static void set_governors(struct world *w) {
  uint32_t list[N], bits = 0;
  size_t n = 0;
  for (uint32_t m = 1; m <= w->now.n_members; m++)
    if (below(w, 2)) list[n++] = m, bits |= 1U << m;
  uint32_t threshold = (uint32_t)below(w, n + 2);
  bool right = n > 0 && 2 * threshold > n && threshold <= n;
  if (!GOVERN(w, act_set_governors(&w->g, (struct members){list, n}, threshold), right)) return;
  w->now.governors = bits;
  w->now.threshold = threshold;
}

static void set_limits(struct world *w) {
  uint32_t ppm = (uint32_t)below(w, 1000);
  uint64_t cap = 1 + below(w, 1000000);
  if (GOVERN(w, act_set_limits(&w->g, ppm, cap, 30), true)) w->now.receipt_ppm = ppm, w->now.cap_mg = cap;
}

static void set_rules(struct world *w) {
  MAKE(w, SetRules, set_rules, SET_RULES, set_rules);
  act->rules_version = (uint32_t)below(w, 4); /* 0 is none, 3 is not known */
  bool right = act->rules_version != w->now.rules && act->rules_version != 0 && act->rules_version <= OM_RULES_VERSION;
  if (GOVERN(w, event, right)) w->now.rules = act->rules_version;
}

static void recognise(struct world *w) {
  uint32_t certifier = any(w, w->now.n_members, 0);
  bool ends = w->now.certifier != 0 && below(w, 3) == 0;
  if (!GOVERN(w, act_recognise_scheme(&w->g, "RMAP", ends ? NOBODY : MEMBERS(certifier), ends), true)) return;
  w->now.certifier = certifier;
  w->now.scheme_ended = ends;
}

static void site_status(struct world *w) {
  uint32_t m = any(w, w->now.n_members, 0);
  uint8_t state = (uint8_t)any(w, 4, 0);
  if (GOVERN(w, act_site_status(&w->g, m, 1, (Oremark__SiteState)state, 1000, 2000), w->now.sites[m] > 0))
    w->now.status[m] = state;
}

static void add_daemon(struct world *w) {
  MAKE(w, AddDaemon, add_daemon, ADD_DAEMON, add_daemon);
  Oremark__Daemon *d = om_arena_alloc(&w->g.arena, sizeof *d);
  oremark__daemon__init(d);
  uint32_t next = w->now.n_daemons, log = next + (below(w, 4) == 0);
  if (next >= N || log >= N) return;
  char *origin = om_arena_alloc(&w->g.arena, 32);
  snprintf(origin, 32, "daemon%u.example/log", log);
  d->origin = origin;
  d->operator_ = any(w, N, 0);
  d->log_key = governing_public(&w->g, w->g.net.log_keys[log]);
  d->cosign_key = governing_public(&w->g, w->g.net.cosign_keys[log]);
  d->witness_key = governing_public(&w->g, w->g.net.witness_keys[log]);
  d->link_key = governing_public(&w->g, w->g.net.link_keys[log]);
  act->log = log;
  act->daemon = d;
  if (GOVERN(w, event, log == next && d->operator_ <= w->now.n_members)) w->now.n_daemons++;
}

/* With the first of them a change begins, which nobody here settles: there is no other. */
static void set_witnesses(struct world *w) {
  MAKE(w, SetWitnesses, set_witnesses, SET_WITNESSES, set_witnesses);
  Oremark__WitnessList *list = om_arena_alloc(&w->g.arena, sizeof *list);
  if (w->now.witnesses != 0 || governing_size(&w->g) < STEPS / 5) return;
  oremark__witness_list__init(list);
  list->logs = om_arena_array(&w->g.arena, N, sizeof *list->logs);
  for (uint32_t log = 0; log < w->now.n_daemons; log++) list->logs[list->n_logs++] = log;
  act->witnesses = list;
  if (GOVERN(w, event, true)) w->now.witnesses = (1U << list->n_logs) - 1;
}

static Oremark__StatedHead *stated(struct world *w, uint32_t log) {
  Oremark__StatedHead *head = om_arena_alloc(&w->g.arena, sizeof *head);
  struct om_log_info info = network_info(w->g.ledger, log);
  oremark__stated_head__init(head);
  head->log = log;
  head->size = info.size;
  head->root = (ProtobufCBinaryData){OM_HASH_BYTES, om_arena_copy(&w->g.arena, info.root.bytes, OM_HASH_BYTES)};
  return head;
}

/* It is accepted by hand. Whoever is left witnesses: nobody, in this network. */
static void restart(struct world *w) {
  MAKE(w, Restart, restart, RESTART, restart);
  Oremark__WitnessList *nobody = om_arena_alloc(&w->g.arena, sizeof *nobody);
  struct om_accepted accepted;
  if (w->restart != NULL || w->now.witnesses == 0) return;
  oremark__witness_list__init(nobody);
  act->heads = om_arena_array(&w->g.arena, N, sizeof *act->heads);
  for (uint32_t log = 0; log < w->now.n_daemons; log++) act->heads[act->n_heads++] = stated(w, log);
  act->witnesses = nobody;
  act->reason = reason;
  assert_int_equal(GOVERN(w, event, false), false); /* not at the door */
  w->restart = malloc(w->g.len);
  assert_non_null(w->restart);
  memcpy(w->restart, w->g.bytes, w->restart_len = w->g.len);
  enum om_code code = om_ledger_accept(w->g.ledger, &accepted, w->restart, w->restart_len, &w->g.st);
  kinds_seen_add(w->seen, event, code);
  if (code == OM_OK) {
    w->now.witnesses = 0;
    return;
  }
  free(w->restart); /* it was signed wrongly */
  w->restart = NULL;
}

/* Nobody witnesses, so the governors judge, without seals. */
static void retire_log(struct world *w) {
  MAKE(w, RetireLog, retire_log, RETIRE_LOG, retire_log);
  uint32_t log = any(w, w->now.n_daemons - 1, 0), to = any(w, w->now.n_daemons - 1, 0), left = 0;
  for (uint32_t i = 1; i < w->now.n_daemons; i++) left += w->now.successor[i] == 0;
  if (left < 3) return;
  const Oremark__StatedHead *head = stated(w, log);
  act->log = log;
  act->successor = to;
  act->root = head->root;
  act->judged = true;
  act->reason = reason;
  bool right = log != to && w->now.successor[log] == 0 && w->now.successor[to] == 0 && w->now.witnesses == 0;
  if (GOVERN(w, event, right)) w->now.successor[log] = (uint8_t)to;
}

static ProtobufCBinaryData some_hash(struct world *w) {
  uint8_t *bytes = om_arena_alloc(&w->g.arena, OM_HASH_BYTES);
  memset(bytes, 0, OM_HASH_BYTES);
  om_be64(bytes, w->random);
  return (ProtobufCBinaryData){OM_HASH_BYTES, bytes};
}

static void lift_seal(struct world *w) {
  MAKE(w, LiftSeal, lift_seal, LIFT_SEAL, lift_seal);
  act->log = (uint32_t)below(w, N);
  act->call = some_hash(w);
  act->reason = reason;
  GOVERN(w, event, act->log < w->now.n_daemons);
}

/* The call stands in no log. */
static void seal_log(struct world *w) {
  MAKE(w, SealLog, seal_log, SEAL_LOG, seal_log);
  act->log = (uint32_t)below(w, w->now.n_daemons);
  act->reason = reason;
  GOVERN(w, event, false);
}

static void overrule(struct world *w) {
  MAKE(w, Overrule, overrule, OVERRULE, overrule);
  Oremark__EventRef *ref = om_arena_alloc(&w->g.arena, sizeof *ref);
  oremark__event_ref__init(ref);
  ref->member = any(w, w->now.n_members, 0);
  ref->signed_ms = 1;
  ref->statement_id = some_hash(w);
  act->reason = reason;
  if (below(w, 2))
    act->hold = ref;
  else
    act->flag = ref;
  GOVERN(w, event, true);
}

/* ---- acts of members ---- */

static void add_key(struct world *w) {
  uint32_t m = any(w, w->now.n_members, 0);
  size_t k = w->n_keys;
  if (k == KEYS || !ITSELF(w, m, act_add_key(&w->g, governing_key(&w->g, k), ""), true)) return;
  w->owner[w->n_keys++] = m;
  w->now.keys[k] = OM_KEY_STANDS;
}

static void retire_key(struct world *w) {
  if (w->n_keys == 0) return;
  size_t k = below(w, w->n_keys);
  if (ITSELF(w, w->owner[k], act_retire_key(&w->g, governing_key(&w->g, k)), w->now.keys[k] == OM_KEY_STANDS))
    w->now.keys[k] = OM_KEY_RETIRED;
}

static void revoke_key(struct world *w) {
  if (w->n_keys == 0) return;
  size_t k = below(w, w->n_keys);
  uint64_t since = governing_size(&w->g);
  if (GOVERN(w, act_revoke_key(&w->g, w->owner[k], governing_key(&w->g, k), since, NULL),
             w->now.keys[k] != OM_KEY_REVOKED))
    w->now.keys[k] = OM_KEY_REVOKED;
}

static void add_site(struct world *w) {
  uint32_t m = any(w, w->now.n_members, 0), next = w->now.sites[m] + 1, site = next + (below(w, 5) == 0);
  if (ITSELF(w, m, act_add_site(&w->g, site, OREMARK__SITE_KIND__SITE_KIND_MINE), site == next)) w->now.sites[m] = site;
}

static void set_address(struct world *w) {
  uint32_t m = any(w, w->now.n_members, 0), log = below(w, 4) && m <= NAMED ? m - 1 : (uint32_t)below(w, NAMED);
  uint8_t port = (uint8_t)any(w, 9, 0);
  char text[32];
  snprintf(text, sizeof text, "mine.example:%u", port);
  if (ITSELF(w, m, act_set_address(&w->g, log, text), m == log + 1)) w->now.address[log] = port;
}

static void set_sealing_key(struct world *w) {
  uint32_t m = any(w, w->now.n_members, 0);
  uint8_t key = (uint8_t)any(w, N, 0);
  if (ITSELF(w, m, act_set_sealing_key(&w->g, om_secret_public(w->g.net.link_keys[key - 1])), true))
    w->now.sealing[m] = key;
}

static void give_mandate(struct world *w) {
  uint32_t m = any(w, w->now.n_members, 0), agent = any(w, w->now.n_members, 0), scope = any(w, 3, 0);
  if (ITSELF(w, m, act_give_mandate(&w->g, agent, scope & OM_MANDATE_SHIP, (scope & OM_MANDATE_CONSUME) != 0),
             m != agent))
    w->now.scope[m][agent] = scope;
}

static void end_mandate(struct world *w) {
  uint32_t m = any(w, w->now.n_members, 0), agent = any(w, w->now.n_members, 0);
  for (uint32_t other = 1; other <= w->now.n_members && below(w, 8); other++)
    if (w->now.scope[m][other] != 0) agent = other;
  if (ITSELF(w, m, act_end_mandate(&w->g, agent), w->now.scope[m][agent] != 0)) w->now.scope[m][agent] = 0;
}

/* What was taken once is not taken again: most acts name the one before, others a number or a lot that is given. Only
 * what is overruled may be overruled twice, which changes nothing. */
static void say_again(struct world *w) {
  if (w->n_old == 0) return;
  size_t i = below(w, w->n_old);
  Oremark__Event *event = governing_old(w->old[i].event);
  struct signer signers[N];
  size_t n = w->old[i].member == 0 ? choose_signers(w, signers, true, w->now.threshold) : 1;
  if (w->old[i].member != 0) signers[0] = OF(w->old[i].member);
  enum om_code code = governing_say(&w->g, event, signers, n);
  wanted(w, code, event->kind_case == OREMARK__EVENT__KIND_OVERRULE ? OM_OK : OM_REFUSED, __LINE__);
}

/* The same bytes are known again, and stand where they stood. */
static void submit_again(struct world *w) {
  struct om_receipt receipt;
  uint64_t size = governing_size(&w->g);
  if (w->g.bytes == NULL || w->g.st.code != OM_OK) return;
  assert_ok(network_submit(&w->g.net, 0, w->g.ledger, &receipt, w->g.bytes, w->g.len, w->g.now, &w->g.st), &w->g.st);
  assert_int_equal(governing_size(&w->g), size);
}

/* ---- what the registry says ---- */

static void assert_governed(struct world *w, struct om_txn *txn, const struct standing *s, uint64_t as_of) {
  struct om_governors g;
  struct om_witnesses witnesses;
  const Oremark__Limits *limits;
  struct om_status st;
  uint32_t bits = 0, version;
  assert_ok(om_registry_governors(txn, &g, as_of, &st), &st);
  for (size_t i = 0; i < g.n; i++) bits |= 1U << g.members[i];
  assert_int_equal(bits, s->governors);
  assert_int_equal(g.threshold, s->threshold);
  assert_ok(om_registry_rules(txn, &version, as_of, &st), &st);
  assert_int_equal(version, s->rules);
  assert_ok(om_registry_limits(txn, &w->g.arena, &limits, as_of, &st), &st);
  assert_int_equal(limits->receipt_tolerance_ppm, s->receipt_ppm);
  assert_int_equal(limits->drift_caps[0]->cap_mg, s->cap_mg);
  bits = 0;
  assert_ok(om_registry_witnesses(txn, &witnesses, as_of, &st), &st);
  for (size_t i = 0; i < witnesses.n; i++) bits |= 1U << witnesses.logs[i];
  assert_int_equal(bits, s->witnesses);
  assert_int_equal(om_registry_members(txn, as_of), s->n_members);
  assert_int_equal(om_registry_daemons(txn, as_of), s->n_daemons);
}

static void assert_scheme(struct om_txn *txn, const struct standing *s, uint64_t as_of) {
  struct om_scheme scheme;
  struct om_status st;
  assert_int_equal(om_registry_schemes(txn, as_of), s->certifier != 0);
  if (s->certifier == 0) return;
  assert_ok(om_registry_scheme(txn, &scheme, 1, as_of, &st), &st);
  assert_int_equal(scheme.ended, s->scheme_ended);
  if (!scheme.ended) assert_int_equal(scheme.certifiers[0], s->certifier);
}

static void assert_member(struct world *w, struct om_txn *txn, const struct standing *s, uint32_t m, uint64_t as_of) {
  struct om_member row;
  struct om_site_status status;
  struct om_status st;
  uint8_t sealing[32];
  uint32_t scope;
  assert_ok(om_registry_member(txn, &row, m, as_of, &st), &st);
  assert_int_equal(row.roles, s->roles[m]);
  assert_int_equal(row.suspended, s->suspended[m]);
  assert_int_equal(row.home_log, goes_on(s, s->home[m]));
  assert_int_equal(om_registry_sites(txn, m, as_of), s->sites[m]);
  bool any_status = om_registry_site_status_last(txn, &status, m, 1, as_of);
  assert_int_equal(any_status ? status.state : 0, s->status[m]);
  enum om_code code = om_registry_sealing_key(txn, sealing, m, as_of, &st);
  assert_int_equal(code, s->sealing[m] ? OM_OK : OM_MISSING);
  if (s->sealing[m]) assert_memory_equal(sealing, om_secret_public(w->g.net.link_keys[s->sealing[m] - 1]), 32);
  for (uint32_t agent = 1; agent <= s->n_members; agent++) {
    assert_int_equal(om_registry_mandate(txn, m, agent, &scope, as_of, &st), OM_OK);
    assert_int_equal(scope, s->scope[m][agent]);
  }
}

static void assert_log(struct om_txn *txn, const struct standing *s, uint32_t log, uint64_t as_of) {
  struct om_retired retired;
  struct om_status st;
  char text[OM_ADDRESS_BYTES + 1], right[32] = "";
  bool ended = om_registry_retired(txn, &retired, log, as_of);
  assert_int_equal(ended ? retired.successor : 0, s->successor[log]);
  if (s->address[log]) snprintf(right, sizeof right, "mine.example:%u", s->address[log]);
  assert_ok(om_registry_address(txn, text, log, as_of, &st), &st);
  assert_string_equal(text, right);
}

static void assert_keys(struct world *w, struct om_txn *txn, const struct standing *s, uint64_t as_of) {
  struct om_member_key row;
  struct om_status st;
  for (size_t k = 0; k < w->n_keys; k++) {
    uint32_t id = om_member_key_id(om_secret_public(governing_key(&w->g, k)));
    enum om_code code = om_registry_key_row(txn, &row, w->owner[k], id, as_of, &st);
    assert_int_equal(code, s->keys[k] ? OM_OK : OM_MISSING);
    if (code == OM_OK) assert_int_equal(row.state, s->keys[k]);
  }
}

static void assert_given(struct world *w, struct om_txn *txn, uint64_t as_of) {
  for (size_t i = 0; i < w->n_given; i++) {
    uint8_t lot[OM_LOT_NUMBER_BYTES] = {w->given[i].lot};
    struct om_reassigned act;
    struct om_hash at;
    memset(at.bytes, 7, sizeof at.bytes);
    bool is = om_registry_reassigned(txn, &act, lot, &at, as_of);
    assert_int_equal(is, w->given[i].since < as_of);
    if (is) assert_int_equal(act.to, w->given[i].to);
  }
}

static void assert_standing(struct world *w, const struct standing *s, uint64_t as_of) {
  struct om_txn *txn = governing_read(&w->g);
  assert_governed(w, txn, s, as_of);
  assert_scheme(txn, s, as_of);
  for (uint32_t m = 1; m <= s->n_members; m++) assert_member(w, txn, s, m, as_of);
  for (uint32_t log = 0; log < s->n_daemons; log++) assert_log(txn, s, log, as_of);
  assert_keys(w, txn, s, as_of);
  assert_given(w, txn, as_of);
  om_txn_abort(txn);
}

/* ---- others ---- */

/* At the act that is accepted by hand it waits for that. */
static void assert_mirrored(struct world *w) {
  struct om_hash home = history_state(w->g.ledger), other;
  struct om_status st = {0};
  struct om_accepted accepted;
  struct om_ledger *mirror;
  char *path = temp_folder();
  assert_ok(om_ledger_open(&mirror, path, UINT64_C(1) << 30, w->g.net.genesis, w->g.net.genesis_len, NULL, &st), &st);
  enum om_code code = network_mirror(&w->g.net, mirror, w->g.ledger, OM_LOG_REGISTRY, &st);
  if (w->restart != NULL) {
    assert_int_equal(code, OM_WAIT);
    assert_string_equal(st.rule, "by-hand");
    assert_ok(om_ledger_accept(mirror, &accepted, w->restart, w->restart_len, &st), &st);
    code = network_mirror(&w->g.net, mirror, w->g.ledger, OM_LOG_REGISTRY, &st);
  }
  assert_ok(code, &st);
  assert_int_equal(history_size(mirror, OM_LOG_REGISTRY), governing_size(&w->g));
  other = history_state(mirror);
  assert_memory_equal(home.bytes, other.bytes, sizeof other.bytes);
  assert_ok(om_ledger_rebuild(mirror, NULL, 0, &st), &st);
  other = history_state(mirror);
  assert_memory_equal(home.bytes, other.bytes, sizeof other.bytes);
  om_ledger_close(mirror);
  remove_folder(path);
}

/* ---- a history ---- */

static void begin(struct world *w, uint64_t seed) {
  struct governing *g = &w->g;
  w->random = seed;
  network_open_part(&g->net, N, NAMED, 0);
  g->folder = temp_folder();
  g->ledger = network_ledger(&g->net, 0, g->folder);
  g->now = INT64_C(1790000000000);
  w->now = (struct standing){.governors = 1U << 1,
                             .threshold = 1,
                             .rules = OM_RULES_VERSION,
                             .receipt_ppm = 5000,
                             .cap_mg = 1000000000,
                             .n_members = NAMED,
                             .n_daemons = NAMED};
  for (uint32_t m = 1; m <= NAMED; m++) w->now.home[m] = m - 1, w->now.roles[m] = 0x7ffe;
}

static void live(struct world *w) {
  static void (*const steps[])(struct world *) = {
      enrol,      set_roles,   suspend,     reinstate,       rehome,       reassign,      set_governors, set_governors,
      set_limits, set_rules,   recognise,   site_status,     add_daemon,   set_witnesses, restart,       restart,
      retire_log, lift_seal,   seal_log,    overrule,        add_key,      add_key,       retire_key,    revoke_key,
      add_site,   set_address, set_address, set_sealing_key, give_mandate, end_mandate,   say_again,     submit_again};
  assert_standing(w, &w->now, governing_size(&w->g));
  w->as_of[governing_size(&w->g)] = w->now;
  for (int i = 0; i < STEPS; i++) {
    uint64_t size = governing_size(&w->g);
    steps[below(w, sizeof steps / sizeof *steps)](w);
    for (uint64_t now = governing_size(&w->g); size < now; size++) w->as_of[size + 1] = w->now;
    assert_standing(w, &w->now, size);
    if (size > 1) {
      uint64_t then = 1 + below(w, size);
      assert_standing(w, &w->as_of[then], then);
    }
  }
  assert_mirrored(w);
}

static void the_registry_says_what_was_said_last(void **state) {
  (void)state;
  static struct kinds_seen seen;
  const Oremark__Event__KindCase never[] = {OREMARK__EVENT__KIND_SEAL_LOG, 0}, none[] = {0};
  uint64_t seed = test_seed();
  for (uint64_t i = 0; i < HISTORIES_MAX; i++) {
    size_t missing =
        kinds_seen_missing(&seen, OM_KIND_GOVERNORS, never) + kinds_seen_missing(&seen, OM_KIND_MEMBER, none);
    if (i >= test_times(HISTORIES) && missing == 0) break;
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->seen = &seen;
    begin(w, seed + i);
    live(w);
    free(w->restart);
    governing_close(&w->g);
    free(w);
  }
  kinds_seen_all(&seen, OM_KIND_GOVERNORS, never);
  kinds_seen_all(&seen, OM_KIND_MEMBER, none);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_registry_says_what_was_said_last)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
