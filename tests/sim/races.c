/* What the governors do while the network is restarted (restart.c), in a scene of its own: who governs changes all the
 * time, a change of the witnesses is under way when too many of them are lost, and until the registry's daemon has
 * accepted the restart it goes on to take in acts that follow the same head. Those are taken out again, as is what
 * members have said in the meantime beyond the heads that are stated. */
#include <stdio.h>

#include "sim/sim.h"

enum {
  FIRST_STEP = 40,
  LAST_STEP = 90,
  CHANGE_STEPS = 4, /* the witnesses change so much sooner: some have heard of it, and some not */
  ACT_ONE_IN = 3,
};

void sim_races_begin(struct sim *s) {
  if (s->scene != SIM_RESTART) return;
  s->gone_step = FIRST_STEP + sim_below(s, LAST_STEP - FIRST_STEP);
  s->races.spared = 1 + (uint32_t)sim_below(s, s->n - 1);
  s->governs = true;
}

/* All but one, who is not lost: with them, and without those who are, there is no quorum by either list. */
static void set_witnesses(struct sim *s, uint32_t but) {
  uint32_t logs[SIM_LOGS], n = 0;
  Oremark__WitnessList list = OREMARK__WITNESS_LIST__INIT;
  Oremark__SetWitnesses act = OREMARK__SET_WITNESSES__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  for (uint32_t i = 0; i < s->n; i++)
    if (i != but) logs[n++] = i;
  list.n_logs = n;
  list.logs = logs;
  act.witnesses = &list;
  event.kind_case = OREMARK__EVENT__KIND_SET_WITNESSES;
  event.set_witnesses = &act;
  sim_say_act(s, &event, OM_SUBJECT_WITNESSES, 0);
  if (s->verbose) printf("  %llu: daemon %u is no witness any more\n", (unsigned long long)s->step, but);
}

void sim_races_step(struct sim *s) {
  if (s->scene != SIM_RESTART || !sim_registry_works(s)) return;
  if (!s->races.changed && s->step + CHANGE_STEPS >= s->gone_step) {
    s->races.changed = true;
    set_witnesses(s, s->races.spared);
  }
  if (s->restart == NULL || s->nodes[0].accepted || !sim_one_in(s, ACT_ONE_IN)) return;
  if (sim_one_in(s, 4))
    set_witnesses(s, (uint32_t)sim_below(s, s->n));
  else
    sim_governors_change(s);
}

void sim_races_accepts(struct sim_node *n) {
  struct sim *s = n->sim;
  struct om_txn *txn;
  struct om_log_info info;
  struct om_quorum quorum;
  struct om_status st = {0};
  sim_must(s, om_txn_read(&txn, om_ledger_store(n->ledger), &st), &st, "reading");
  for (uint32_t log = 0; log < om_log_count(txn); log++) {
    sim_must(s, om_log_info(txn, &info, log, &st), &st, "reading a log");
    n->beyond[log] = info.size > s->stated[log] ? info.size - s->stated[log] : 0;
    uint64_t upto = info.size < s->stated[log] ? info.size : s->stated[log];
    n->changing[log] = upto > 0 && om_log_quorum(txn, &quorum, log, upto, &st) == OM_OK && quorum.changing;
  }
  om_txn_abort(txn);
}

void sim_races_accepted(struct sim_node *n) {
  struct sim *s = n->sim;
  s->races.acts += n->beyond[OM_LOG_REGISTRY];
  for (uint32_t log = 1; log < s->n; log++) s->races.records += n->beyond[log];
  for (uint32_t log = 0; log < s->n; log++) s->races.unsettled += n->changing[log];
}
