/* What honest daemons think of the logs of those who lie, after healing. What such a log's own daemon holds counts for
 * nothing; what is final of it at anybody honest does, and nobody honest lacks any of that, whichever history it was
 * fed. That a home has signed two is known to everybody or to nobody. Where a quorum has signed both, which fewer than
 * f+1 lying witnesses can't bring about, everybody has frozen the log. */
#include "ledger/ledger.h"
#include "sim/sim.h"

static void look(struct sim_node *n, struct om_log_info *out, uint32_t log) {
  struct om_txn *txn;
  struct om_status st = {0};
  sim_must(n->sim, om_txn_read(&txn, om_ledger_store(n->ledger), &st), &st, "reading");
  if (om_log_info(txn, out, log, &st) != OM_OK) *out = (struct om_log_info){.log = log};
  om_txn_abort(txn);
}

uint64_t sim_final_held(const struct sim *s, uint32_t log) {
  uint64_t most = 0;
  for (size_t i = 0; i < s->n; i++) {
    const struct sim_node *n = &s->nodes[i];
    if (!sim_liar(n) && !n->gone && n->final_seen[log] > most) most = n->final_seen[log];
  }
  return most;
}

static bool agreed_on(struct sim *s, uint32_t log) {
  struct om_log_info first, other;
  bool any = false;
  for (size_t i = 0; i < s->n; i++) {
    struct sim_node *n = &s->nodes[i];
    if (sim_liar(n) || n->gone || !n->up) continue;
    look(n, any ? &other : &first, log);
    if (!any) other = first;
    any = true;
    if (other.frozen != first.frozen) return false;
    if ((other.pieces > 0) != (first.pieces > 0)) return false;
    if (!other.frozen && other.final_size != sim_final_held(s, log)) return false;
  }
  return true;
}

bool sim_agreed(struct sim *s) {
  for (uint32_t log = 0; log < s->n; log++) {
    bool counts = s->scene != SIM_FREEZE || s->nodes[log].two_faced;
    if (sim_liar(&s->nodes[log]) && counts && !agreed_on(s, log)) return false;
  }
  for (uint32_t log = 0; log < s->n; log++)
    if (sim_contradicted(s, log)) return false;
  return true;
}

/* The home that forks may be of no use as a witness, and who has lost its votes is of none until the registry, which
 * needs a quorum for it, names a new key; while witnesses change the quorum of both lists is needed. */
bool sim_quorum_left(const struct sim *s) {
  size_t w = s->n - 1, k = 2 * w / 3 + 1, useless = 1;
  for (size_t i = 0; i < s->n; i++) useless += s->nodes[i].forgot;
  return !sim_forked(s) || (useless <= w - k && s->change_step == 0);
}
