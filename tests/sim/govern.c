/* What the governor does while lots are on their way: other witnesses. What is refused, because a change before it is not
 * settled or somebody else was faster, is not said again. */
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

void sim_govern_step(struct sim *s) {
  if (!s->nodes[0].up) return;
  if (sim_forked(s) && s->quiet) return;
  if (s->change_step != 0 && s->step >= s->change_step) {
    set_witnesses(s);
    s->change_step = s->step + 20 + sim_below(s, 60);
  }
}
