/* Too many lie: a home forks its log, and two witnesses of four sign both histories, each of which one honest daemon
 * sees. What is promised then is not that no two final heads conflict, but that everybody honest knows it: where both
 * have got a quorum the log is frozen, everywhere; and that the two are silent about it, and keep their links. What leans
 * on either history is no matter of this scene. */
#include "sim/sim.h"

enum { FIRST_STEP = 20, LAST_STEP = 90, HELPERS = 2 };

void sim_freeze_begin(struct sim *s) {
  if (s->scene != SIM_FREEZE) return;
  s->nodes[1 + sim_below(s, s->n - 1)].two_faced = true;
  s->fork_step = FIRST_STEP + sim_below(s, LAST_STEP - FIRST_STEP);
  for (size_t left = HELPERS; left > 0;) {
    struct sim_node *n = &s->nodes[sim_below(s, s->n)];
    if (sim_liar(n)) continue;
    n->cosigns_all = true;
    left--;
  }
}

/* One of the two honest ones is shown the one face, the other the other. */
void sim_freeze_forked(struct sim *s) {
  struct sim_node *first = NULL;
  for (size_t i = 0; i < s->n; i++) {
    if (sim_liar(&s->nodes[i])) continue;
    if (first == NULL)
      first = &s->nodes[i];
    else if (first->side == s->nodes[i].side)
      sim_node_swap(first);
  }
}

bool sim_torn(const struct sim *s, uint32_t log) {
  return s->scene == SIM_FREEZE && sim_forked(s) && s->nodes[log].two_faced;
}

static bool is_frozen(struct sim_node *n, uint32_t log) {
  struct om_txn *txn;
  struct om_log_info info;
  struct om_status st = {0};
  sim_must(n->sim, om_txn_read(&txn, om_ledger_store(n->ledger), &st), &st, "reading");
  sim_must(n->sim, om_log_info(txn, &info, log, &st), &st, "reading a log");
  om_txn_abort(txn);
  return info.frozen;
}

size_t sim_frozen(struct sim *s) {
  size_t n = 0;
  for (uint32_t log = 0; log < s->n; log++)
    for (size_t i = 0; i < s->n && s->nodes[log].two_faced; i++)
      n += s->nodes[i].up && !sim_liar(&s->nodes[i]) && is_frozen(&s->nodes[i], log);
  return n;
}
