/* Other limits and other rules, under seeds. The limits change while lots are worked: the model knows which hold as of
 * the mark that a record stands behind, and finds what is gained beyond them. A network that begins under the first
 * version of the rules goes over to the second and now and then back; some daemons' programs know only the first: they
 * wait at the entry that switches, say so, accuse nobody, and go on once their operators, who read that, have upgraded
 * them. Its choices are drawn apart, so that the other seeds stay as they are. */
#include <stdio.h>
#include <string.h>

#include "ledger/rules.h"
#include "sim/sim.h"
#include "support/seed.h"

enum {
  LIMITS_ONE_IN = 4, /* seeds */
  RULES_ONE_IN = 4,
  ACT_ONE_IN = 25, /* steps */
  UPGRADE_ONE_IN = 30,
  QUIET_STEPS = 10,
  LONG_DAYS = 400, /* that a statement is valid: too long by the second version */
  DAYS_MAX = 366,  /* by it */
  MS_PER_DAY = 86400000,
};

static uint64_t below(struct sim *s, uint64_t limit) {
  return test_below(&s->policy.random, limit);
}

void sim_policy_begin(struct sim *s) {
  s->policy.random = s->seed * 0xE7037ED1A0B428DBu + 7;
  s->policy.limits = below(s, LIMITS_ONE_IN) == 0;
  s->policy.rules = below(s, RULES_ONE_IN) == 0 && s->scene == SIM_ANY;
  sim_policy_restated(s);
  if (!s->policy.rules) return;
  network_begin_rules(&s->net, 1);
  for (size_t i = 0; i < s->n; i++) s->nodes[i].outdated = below(s, i == 0 ? 6 : 2) == 0;
}

void sim_policy_opened(struct sim_node *n) {
  if (n->outdated) om_ledger_know_rules(n->ledger, 1);
}

/* ---- what is said ---- */

static void set_limits(struct sim *s) {
  static const int64_t caps[] = {1000000000, 400000000, 100000000, 20000000};
  static const uint32_t ppms[] = {10000, 20000, 5000, 0};
  Oremark__ProcessTolerance smelt = OREMARK__PROCESS_TOLERANCE__INIT, *processes[] = {&smelt};
  Oremark__DriftCap cap = OREMARK__DRIFT_CAP__INIT, *drift_caps[] = {&cap};
  Oremark__Limits limits = OREMARK__LIMITS__INIT;
  Oremark__SetLimits act = OREMARK__SET_LIMITS__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  smelt.process = OREMARK__PROCESS__PROCESS_SMELT;
  smelt.tolerance_ppm = ppms[below(s, 4)];
  cap.cap_mg = (uint64_t)caps[below(s, 4)];
  limits.processes = processes;
  limits.n_processes = smelt.tolerance_ppm != 0;
  limits.receipt_tolerance_ppm = 5000;
  limits.drift_caps = drift_caps;
  limits.n_drift_caps = 1;
  limits.drift_period_days = 365;
  act.limits = &limits;
  event.kind_case = OREMARK__EVENT__KIND_SET_LIMITS;
  event.set_limits = &act;
  sim_say_act(s, &event, OM_SUBJECT_LIMITS, 0);
}

/* By what the registry's daemon holds. Its own operator upgrades it when it refuses. */
static void set_rules(struct sim *s) {
  struct om_txn *txn;
  struct om_status st;
  uint32_t now;
  Oremark__SetRules act = OREMARK__SET_RULES__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  sim_must(s, om_txn_read(&txn, om_ledger_store(s->nodes[0].ledger), &st), &st, "reading");
  sim_must(s, om_registry_rules(txn, &now, OM_REGISTRY_NOW, &st), &st, "reading the rules");
  om_txn_abort(txn);
  if (now == 2 && below(s, 3)) return;
  act.rules_version = 3 - now;
  event.kind_case = OREMARK__EVENT__KIND_SET_RULES;
  event.set_rules = &act;
  sim_say_act(s, &event, OM_SUBJECT_RULES, 0);
  if (s->verbose) printf("  %llu: the rules are to be version %u\n", (unsigned long long)s->step, act.rules_version);
}

static void upgrade(struct sim_node *n) {
  n->outdated = false;
  n->sim->policy.upgrades++;
  if (n->sim->verbose) printf("  %llu: daemon %u is upgraded\n", (unsigned long long)n->sim->step, n->daemon);
  sim_node_crash(n);
}

static bool says_upgrade(struct sim_node *n) {
  struct om_txn *txn;
  struct om_status st;
  if (!n->up) return false;
  sim_must(n->sim, om_txn_read(&txn, om_ledger_store(n->ledger), &st), &st, "reading");
  bool met = om_upgrade_met(txn);
  om_txn_abort(txn);
  return met;
}

/* Operators upgrade, sooner or later, what says that it has to be. */
static void read_status(struct sim *s) {
  for (size_t i = 0; i < s->n_nodes; i++)
    if (s->nodes[i].outdated && says_upgrade(&s->nodes[i]) && below(s, s->healing ? 5 : UPGRADE_ONE_IN) == 0)
      upgrade(&s->nodes[i]);
}

void sim_policy_refused(struct sim_node *n, const struct om_status *why) {
  const struct sim *s = n->sim;
  if (strcmp(why->rule, "upgrade") == 0 && n->outdated) n->told_upgrade = true;
  if (strcmp(why->rule, "upgrade") == 0 && !n->outdated)
    sim_violation(s, "daemon %u knows the rules and refuses them: %s", n->daemon, why->text);
  if (strcmp(why->rule, "validity") == 0 && s->policy.n_rules == 1)
    sim_violation(s, "daemon %u refuses by rules that are not in force: %s", n->daemon, why->text);
}

void sim_policy_step(struct sim *s) {
  if (s->policy.rules) read_status(s);
  if (s->healing || s->step < QUIET_STEPS || !sim_registry_works(s)) return;
  if (s->policy.rules && s->nodes[0].told_upgrade) {
    s->nodes[0].told_upgrade = false;
    if (s->nodes[0].outdated) upgrade(&s->nodes[0]);
    return;
  }
  if (s->policy.limits && below(s, ACT_ONE_IN) == 0) set_limits(s);
  if (s->policy.rules && below(s, ACT_ONE_IN) == 0) set_rules(s);
}

bool sim_policy_works(struct sim *s) {
  return s->policy.limits && below(s, 4) == 0;
}

int64_t sim_policy_gain(struct sim *s, int64_t cu) {
  static const int64_t parts[] = {101, 101, 51, 201};
  return cu / (s->policy.limits ? parts[below(s, 4)] : 101);
}

uint32_t sim_policy_days(struct sim *s) {
  return s->policy.rules && below(s, 4) == 0 ? LONG_DAYS : 0;
}

/* ---- the model: by what is final ---- */

void sim_policy_restated(struct sim *s) {
  s->policy.n_limits = s->policy.n_rules = 1;
  s->policy.limits_of[0] = (struct sim_limits){0, 1000000000, 10000}; /* the genesis of tests/support/network.c */
  s->policy.rules_of[0] = (struct sim_rules){0, s->policy.rules ? 1 : 2};
}

static int64_t ppm_of(const Oremark__Limits *limits) {
  for (size_t i = 0; i < limits->n_processes; i++)
    if (limits->processes[i]->process == OREMARK__PROCESS__PROCESS_SMELT) return limits->processes[i]->tolerance_ppm;
  return 0;
}

void sim_policy_model(struct sim *s, uint64_t index, const Oremark__Event *event) {
  if (s->policy.n_limits == SIM_POLICIES || s->policy.n_rules == SIM_POLICIES)
    sim_violation(s, "the model has no room for policies: run fewer steps");
  if (event->kind_case == OREMARK__EVENT__KIND_SET_LIMITS) {
    const Oremark__Limits *limits = event->set_limits->limits;
    s->policy.limits_of[s->policy.n_limits++] =
        (struct sim_limits){index, (int64_t)limits->drift_caps[0]->cap_mg, ppm_of(limits)};
  }
  if (event->kind_case == OREMARK__EVENT__KIND_SET_RULES)
    s->policy.rules_of[s->policy.n_rules++] = (struct sim_rules){index, event->set_rules->rules_version};
}

void sim_policy_gained(struct sim *s, uint32_t log, uint32_t member, const Oremark__Event *event, int64_t in,
                       int64_t out) {
  int64_t *sum = &s->gained_mg[member];
  const struct sim_limits *limits = &s->policy.limits_of[0];
  for (size_t i = 1; i < s->policy.n_limits && s->policy.limits_of[i].since < s->canon[log].registry_size; i++)
    limits = &s->policy.limits_of[i];
  if (out <= in) return;
  *sum += out - in;
  if (*sum > limits->cap_mg)
    sim_violation(s, "member %u has gained %lld mg of copper out of nothing, where %lld may be", member,
                  (long long)*sum, (long long)limits->cap_mg);
  if (event->kind_case == OREMARK__EVENT__KIND_TRANSFORM && (out - in) * 1000000 > in * limits->smelt_ppm)
    sim_violation(s, "member %u has made %lld mg of copper from %lld, at a tolerance of %lld parts per million", member,
                  (long long)out, (long long)in, (long long)limits->smelt_ppm);
}

void sim_policy_valid(struct sim *s, uint32_t log, const Oremark__Statement *statement) {
  uint32_t version = 0;
  for (size_t i = 0; i < s->policy.n_rules && s->policy.rules_of[i].since < s->canon[log].registry_size; i++)
    version = s->policy.rules_of[i].version;
  if (version < 2 || statement->not_after_ms - statement->signed_ms <= (int64_t)DAYS_MAX * MS_PER_DAY) return;
  sim_violation(s, "log %u holds a statement of member %u that is valid for longer than the rules let it", log,
                statement->member);
}

/* ---- who waits ---- */

/* The first entry that switches to what N's program does not know; UINT64_MAX: none is final. */
static uint64_t switched(const struct sim *s) {
  for (size_t i = 1; i < s->policy.n_rules; i++)
    if (s->policy.rules_of[i].version > 1) return s->policy.rules_of[i].since;
  return UINT64_MAX;
}

void sim_policy_check(struct sim_node *n, struct om_txn *txn) {
  struct sim *s = n->sim;
  struct om_log_info info;
  struct om_status st = {0};
  uint64_t at = switched(s);
  if (!s->policy.rules || sim_liar(n) || sim_liar(&s->nodes[0])) return;
  sim_must(s, om_log_info(txn, &info, OM_LOG_REGISTRY, &st), &st, "reading a log");
  bool met = om_upgrade_met(txn);
  if (n->outdated && info.size > at)
    sim_violation(s, "daemon %u has taken in rules that it does not know: %llu entries of the registry", n->daemon,
                  (unsigned long long)info.size);
  if (met && info.size < at && at != UINT64_MAX)
    sim_violation(s, "daemon %u waits to be upgraded at %llu, and the rules change at %llu", n->daemon,
                  (unsigned long long)info.size, (unsigned long long)at);
  for (uint32_t log = 0; log < om_log_count(txn); log++) {
    sim_must(s, om_log_info(txn, &info, log, &st), &st, "reading a log");
    bool told = s->restart == NULL || n->accepted; /* else a log that goes on as stated has signed two histories */
    if (!sim_liar(&s->nodes[log]) && info.evidence > 0 && told)
      sim_violation(s, "daemon %u accuses the honest log %u", n->daemon, log);
  }
}
