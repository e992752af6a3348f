/* Who joins the running network under seeds: the governor enrols a member, names its daemon and makes that a witness.
 * The daemon runs from the beginning; nobody admits it before the registry there names it. */
#include <stdio.h>
#include <string.h>

#include "sim/sim.h"

enum { AGAIN_STEPS = 30 /* before what the governor says is said again, if it has not come about */ };

static ProtobufCBinaryData public_of(const struct om_secret *secret) {
  return (ProtobufCBinaryData){OM_PUBLIC_BYTES, (uint8_t *)(uintptr_t)om_secret_public(secret)};
}

bool sim_names(struct sim_node *n, uint32_t log) {
  struct om_txn *txn;
  struct om_status st;
  sim_must(n->sim, om_txn_read(&txn, om_ledger_store(n->ledger), &st), &st, "reading");
  bool names = om_registry_daemons(txn, OM_REGISTRY_NOW) > log;
  om_txn_abort(txn);
  return names;
}

static void enrol(struct sim *s, uint32_t member) {
  Oremark__NewMember who = OREMARK__NEW_MEMBER__INIT;
  Oremark__Enrol act = OREMARK__ENROL__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  Oremark__Role roles[14];
  char name[] = "newcomer", country[] = "PE";
  for (int r = 0; r < 14; r++) roles[r] = (Oremark__Role)(r + 1);
  who.member = member;
  who.name = name;
  who.country = country;
  who.n_roles = 14;
  who.roles = roles;
  who.key = public_of(s->net.member_keys[member - 1]);
  who.home_log = 1; /* until it has one of its own */
  act.member = &who;
  event.kind_case = OREMARK__EVENT__KIND_ENROL;
  event.enrol = &act;
  sim_say_first_act(s, &event);
}

static void name_daemon(struct sim *s, uint32_t log) {
  Oremark__Daemon daemon = OREMARK__DAEMON__INIT;
  Oremark__AddDaemon act = OREMARK__ADD_DAEMON__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  char origin[32];
  snprintf(origin, sizeof origin, "daemon%u.example/log", log);
  daemon.origin = origin;
  daemon.operator_ = log + 1;
  daemon.log_key = public_of(s->net.log_keys[log]);
  daemon.cosign_key = public_of(s->net.cosign_keys[log]);
  daemon.witness_key = public_of(s->net.witness_keys[log]);
  daemon.link_key = public_of(s->net.link_keys[log]);
  act.log = log;
  act.daemon = &daemon;
  event.kind_case = OREMARK__EVENT__KIND_ADD_DAEMON;
  event.add_daemon = &act;
  sim_say_first_act(s, &event);
}

static void move_in(struct sim *s, uint32_t member) {
  Oremark__Rehome act = OREMARK__REHOME__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  act.member = member;
  act.home_log = member - 1;
  event.kind_case = OREMARK__EVENT__KIND_REHOME;
  event.rehome = &act;
  sim_say_act(s, &event, OM_SUBJECT_MEMBER, member);
}

static void all_witness(struct sim *s) {
  uint32_t logs[SIM_LOGS];
  Oremark__WitnessList list = OREMARK__WITNESS_LIST__INIT;
  Oremark__SetWitnesses act = OREMARK__SET_WITNESSES__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  for (uint32_t i = 0; i < s->n; i++) logs[i] = i;
  list.n_logs = s->n;
  list.logs = logs;
  act.witnesses = &list;
  event.kind_case = OREMARK__EVENT__KIND_SET_WITNESSES;
  event.set_witnesses = &act;
  sim_say_act(s, &event, OM_SUBJECT_WITNESSES, 0);
}

/* The next act, by what the registry's daemon holds. */
static void go_on(struct sim *s) {
  struct om_txn *txn;
  struct om_witnesses witnesses;
  struct om_status st;
  uint32_t log = (uint32_t)s->n - 1, member = log + 1;
  sim_must(s, om_txn_read(&txn, om_ledger_store(s->nodes[0].ledger), &st), &st, "reading");
  uint32_t members = om_registry_members(txn, OM_REGISTRY_NOW), daemons = om_registry_daemons(txn, OM_REGISTRY_NOW);
  sim_must(s, om_registry_witnesses(txn, &witnesses, OM_REGISTRY_NOW, &st), &st, "reading");
  om_txn_abort(txn);
  if (members < member) {
    enrol(s, member);
  } else if (daemons <= log) {
    sim_story_sites(s, member);
    name_daemon(s, log);
  } else if (witnesses.n < s->n) {
    move_in(s, member);
    all_witness(s);
  } else {
    s->joined = true;
    if (s->verbose) printf("  %llu: daemon %u witnesses\n", (unsigned long long)s->step, log);
  }
}

void sim_join_step(struct sim *s) {
  if (s->join_step == 0 || s->joined || s->step < s->join_step || !s->nodes[0].up) return;
  s->join_step = s->step + AGAIN_STEPS;
  go_on(s);
}
