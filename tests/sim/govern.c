/* What the governor does while lots are on their way: other witnesses, members that are suspended or moved, lots that
 * are given to others. What is refused, because a change before it is not settled or somebody else was faster, is not
 * said again. */
#include <stdio.h>
#include <string.h>

#include "sim/sim.h"

/* Half of the daemons, or any that make a quorum for each log. */
static void set_witnesses(struct sim *s) {
  uint32_t logs[SIM_LOGS], n = 0, half = (uint32_t)s->n / 2;
  Oremark__WitnessList list = OREMARK__WITNESS_LIST__INIT;
  Oremark__SetWitnesses act = OREMARK__SET_WITNESSES__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  uint64_t which = s->changed ? sim_below(s, 3) : 0;
  for (uint32_t i = 0; i < s->n; i++)
    if (which == 0 ? i >= half : which == 1 ? i < half : !sim_one_in(s, 3)) logs[n++] = i;
  if (n < 3) return;
  list.n_logs = n;
  list.logs = logs;
  act.witnesses = &list;
  event.kind_case = OREMARK__EVENT__KIND_SET_WITNESSES;
  event.set_witnesses = &act;
  sim_say_act(s, &event, OM_SUBJECT_WITNESSES, 0);
  s->changed = true;
  if (s->verbose) printf("  %llu: %u other witnesses\n", (unsigned long long)s->step, n);
}

static char reason[] = "under a seed";

static void suspend(struct sim *s, uint32_t member) {
  Oremark__Suspend suspend = OREMARK__SUSPEND__INIT;
  Oremark__Reinstate reinstate = OREMARK__REINSTATE__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  suspend.member = reinstate.member = member;
  suspend.reason = reinstate.reason = reason;
  event.kind_case = s->suspended[member] ? OREMARK__EVENT__KIND_REINSTATE : OREMARK__EVENT__KIND_SUSPEND;
  if (s->suspended[member])
    event.reinstate = &reinstate;
  else
    event.suspend = &suspend;
  s->suspended[member] = !s->suspended[member];
  sim_say_act(s, &event, OM_SUBJECT_MEMBER, member);
}

static void rehome(struct sim *s, uint32_t member) {
  Oremark__Rehome act = OREMARK__REHOME__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  act.member = member;
  act.home_log = 1 + (uint32_t)sim_below(s, s->n - 1);
  event.kind_case = OREMARK__EVENT__KIND_REHOME;
  event.rehome = &act;
  sim_say_act(s, &event, OM_SUBJECT_MEMBER, member);
}

/* A lot as the registry's daemon knows it, which may be late. */
static void reassign(struct sim *s, uint32_t member) {
  struct om_arena arena = {0};
  struct om_txn *txn;
  struct om_lot lot;
  struct om_status st;
  Oremark__Reassign act = OREMARK__REASSIGN__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  if (s->n_lots == 0) return;
  const uint8_t *number = s->lots[sim_below(s, s->n_lots)];
  sim_must(s, om_txn_read(&txn, om_ledger_store(s->nodes[0].ledger), &st), &st, "reading");
  if (om_lot_get(txn, &arena, &lot, number, &st) == OM_OK && lot.state != OM_LOT_CONSUMED) {
    act.lot = (ProtobufCBinaryData){OM_LOT_NUMBER_BYTES, (uint8_t *)(uintptr_t)number};
    act.last_event = (ProtobufCBinaryData){OM_HASH_BYTES, lot.last_event.bytes};
    act.to = member;
    act.reason = reason;
    event.kind_case = OREMARK__EVENT__KIND_REASSIGN;
    event.reassign = &act;
    sim_say_first_act(s, &event);
  }
  om_txn_abort(txn);
  om_arena_free(&arena);
}

void sim_govern_begin(struct sim *s) {
  s->governs = sim_one_in(s, 2);
  for (uint32_t member = 1; member <= s->n; member++) s->home[member] = member - 1;
  if (s->join_step != 0) s->home[s->n] = 1;
}

static void act_on_members(struct sim *s) {
  uint32_t member = 2 + (uint32_t)sim_below(s, s->n - 1); /* the governor goes on */
  switch (sim_below(s, 4)) {
    case 0: suspend(s, member); break;
    case 1: rehome(s, member); break;
    default: reassign(s, member); break;
  }
}

void sim_govern_step(struct sim *s) {
  if (!sim_registry_works(s)) return;
  if (s->governs && s->step > 30 && sim_one_in(s, 15)) act_on_members(s);
  if (sim_forked(s) && s->quiet) return;
  if (s->change_step != 0 && s->step >= s->change_step) {
    set_witnesses(s);
    s->change_step = s->step + 20 + sim_below(s, 60);
  }
}
