/* Break glass under seeds: more witnesses are gone for good than the rules can mend, the governor states every log's
 * head as far as any of the others holds it, and each operator accepts that by hand, when it comes to it; the
 * registry's first, since what its daemon still took in beyond the stated head is no less valid than what follows there
 * now. In some seeds an old copy, of before that, is put in the place of the store of one who has accepted it and gone
 * on: it is no witness any more, and accepts again. What lies beyond a stated head is lost, as a restart by its nature
 * loses it: nobody who goes on held it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/accept.h"
#include "sim/sim.h"

static char reason[] = "under a seed";

void sim_restart_begin(struct sim *s) {
  bool quiet = s->change_step == 0 && s->seal_step == 0 && s->loss_step == 0;
  for (size_t i = 0; i < s->n; i++) quiet = quiet && !sim_liar(&s->nodes[i]) && !s->nodes[i].mute;
  if (quiet && sim_one_in(s, 2)) s->gone_step = 50 + sim_below(s, 100);
  bool all_meet = s->seed % 3 != 0; /* main.c: else some need a relay, and who is set back witnesses nothing */
  s->set_back.on = s->gone_step != 0 && s->n > 4 && s->seed % 2 == 0 && all_meet;
  if (s->set_back.on) s->gone_step = 20 + s->gone_step / 4;
}

/* So many that the others can make no quorum any more. The registry's daemon goes on. */
static void lose_witnesses(struct sim *s) {
  for (size_t left = s->n > 4 ? 2 : 1; left > 0;) {
    struct sim_node *n = &s->nodes[1 + sim_below(s, s->n - 1)];
    if (n->gone || (s->scene == SIM_RESTART && n->index == s->races.spared)) continue;
    n->gone = true;
    n->back_ms = INT64_MAX;
    if (n->up) sim_node_crash(n);
    left--;
    if (s->verbose) printf("  %llu: daemon %u is gone for good\n", (unsigned long long)s->step, n->daemon);
  }
  s->restart_step = s->step + (s->set_back.on ? 10 : 20 + sim_below(s, 60));
}

/* ---- one goes back to before it ---- */

static void choose_set_back(struct sim *s) {
  do s->set_back.who = (uint32_t)sim_below(s, s->n);
  while (s->nodes[s->set_back.who].gone);
  sim_back_up(&s->nodes[s->set_back.who]);
}

/* Until it accepts, its log grows on: the old copy may hold more than what is stated. */
static void back_up_again(struct sim_node *n) {
  if (!n->accepted && sim_one_in(n->sim, 4)) sim_back_up(n);
  if (n->accepted && n->sim->set_back.step == 0) n->sim->set_back.step = n->sim->step + 10 + sim_below(n->sim, 30);
}

static void set_back(struct sim_node *n) {
  struct sim *s = n->sim;
  if (s->healing || s->set_back.step == 0 || s->step < s->set_back.step) return;
  s->set_back.on = false;
  if (n->up) sim_node_crash(n);
  sim_copy_store(s, n->path, n->backup);
  memset(n->final_seen, 0, sizeof n->final_seen);
  memset(n->voted, 0, sizeof n->voted);
  n->accepted = false;
  s->lost++;
  if (s->verbose)
    printf("  %llu: daemon %u starts from a copy of before the restart\n", (unsigned long long)s->step, n->daemon);
}

/* The most that any of those who go on holds of LOG. */
static void state_head(struct sim *s, Oremark__StatedHead *out, struct om_hash *root, uint32_t log) {
  struct om_log_info info;
  struct om_status st;
  struct om_txn *txn;
  *out = (Oremark__StatedHead)OREMARK__STATED_HEAD__INIT;
  om_empty_root(root);
  for (size_t i = 0; i < s->n; i++) {
    if (s->nodes[i].gone) continue;
    sim_must(s, om_txn_read(&txn, om_ledger_store(s->nodes[i].ledger), &st), &st, "reading");
    sim_must(s, om_log_info(txn, &info, log, &st), &st, "reading a log");
    om_txn_abort(txn);
    if (info.size <= out->size) continue;
    out->size = info.size;
    *root = info.root;
  }
  out->log = log;
  out->root = (ProtobufCBinaryData){OM_HASH_BYTES, root->bytes};
  s->stated[log] = out->size;
  s->stated_roots[log] = *root;
}

static void state(struct sim *s) {
  Oremark__StatedHead heads[SIM_LOGS], *list[SIM_LOGS];
  struct om_hash roots[SIM_LOGS], before;
  struct om_txn *txn;
  struct om_status st;
  uint32_t logs[SIM_LOGS];
  Oremark__WitnessList witnesses = OREMARK__WITNESS_LIST__INIT;
  Oremark__Restart act = OREMARK__RESTART__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  if (s->set_back.on) choose_set_back(s);
  for (uint32_t i = 0; i < s->n; i++) {
    state_head(s, &heads[i], &roots[i], i);
    list[i] = &heads[i];
    if (!s->nodes[i].gone && !(s->set_back.on && s->set_back.who == i)) logs[witnesses.n_logs++] = i;
  }
  witnesses.logs = logs;
  act.heads = list;
  act.n_heads = s->n;
  act.witnesses = &witnesses;
  act.reason = reason;
  event.kind_case = OREMARK__EVENT__KIND_RESTART;
  event.restart = &act;
  sim_must(s, om_txn_read(&txn, om_ledger_store(s->nodes[0].ledger), &st), &st, "reading");
  if (om_registry_last_act(txn, &before, OM_SUBJECT_WITNESSES, 0, OM_REGISTRY_NOW, &st) == OM_OK)
    event.previous = (ProtobufCBinaryData){OM_HASH_BYTES, before.bytes};
  om_txn_abort(txn);
  s->restart = sim_govern_sign(s, &s->restart_len, &event);
  sim_check_restated(s);
  if (s->verbose) printf("  %llu: the governor restarts the network\n", (unsigned long long)s->step);
}

void sim_restart_step(struct sim *s) {
  if (s->gone_step == 0 || s->step < s->gone_step) return;
  if (s->restart_step == 0) lose_witnesses(s);
  bool all_up = true;
  for (size_t i = 0; i < s->n; i++) all_up = all_up && (s->nodes[i].up || s->nodes[i].gone);
  if (s->restart == NULL && s->step >= s->restart_step && all_up) state(s);
  for (size_t i = 0; i < s->n && s->restart != NULL; i++) {
    struct sim_node *n = &s->nodes[i];
    if (s->set_back.on && s->set_back.who == i && n->up) back_up_again(n);
    if (s->set_back.on && s->set_back.who == i) set_back(n);
    if (!n->up || n->accepted || (i > 0 && !s->nodes[0].accepted) || !sim_one_in(s, 12)) continue;
    sim_races_accepts(n);
    n->accepted = sim_node_accept(n, s->restart, s->restart_len);
    if (n->accepted) sim_races_accepted(n);
    if (s->verbose && n->accepted)
      printf("  %llu: daemon %u accepts the restart\n", (unsigned long long)s->step, n->daemon);
  }
}
