/* Restart: what it writes into the registry. Whether this daemon may take it in is ledger/accept.c's to say. */
#include <string.h>

#include "ledger/acts_parts.h"
#include "ledger/ledger_state.h"

/* Every log's head, the registry's at the very place where the act stands. */
static enum om_code check_heads(struct om_txn *txn, const struct om_case *judged, const Oremark__Restart *act,
                                struct om_status *st) {
  uint32_t n_logs = om_registry_daemons(txn, OM_REGISTRY_NOW);
  if (judged->statement->n_events != 1)
    return om_fail(st, OM_REFUSED, "restart", "a restart is a statement of its own: leave out the other acts");
  if (act->n_heads != n_logs)
    return om_fail(st, OM_REFUSED, "restart", "the registry names %u logs, and the restart states heads of %zu", n_logs,
                   act->n_heads);
  for (uint32_t log = OM_LOG_REGISTRY + 1; log < n_logs; log++) {
    uint64_t before = om_stated_floor(txn, log); /* others lean on that */
    if (act->heads[log]->size < before)
      return om_fail(st, OM_REFUSED, "restart",
                     "the restart states %llu entries of log %u, and the one before %llu: state no less",
                     (unsigned long long)act->heads[log]->size, log, (unsigned long long)before);
  }
  if (act->heads[0]->size == judged->index) return OM_OK;
  return om_fail(st, OM_REFUSED, "restart",
                 "the restart goes on from entry %llu of the registry log and would stand as entry %llu",
                 (unsigned long long)act->heads[0]->size, (unsigned long long)judged->index);
}

enum om_code om_act_restart(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                            uint16_t index, struct om_status *st) {
  const Oremark__Restart *act = event->restart;
  enum om_code code = om_act_chain(txn, judged, OM_SUBJECT_WITNESSES, 0, event, index, st);
  if (code == OM_OK) code = check_heads(txn, judged, act, st);
  if (code == OM_OK) code = om_act_put_witnesses(txn, judged->index, act->witnesses, st);
  for (uint32_t log = 0; log < act->n_heads && code == OM_OK; log++) code = om_act_quorum_reachable(txn, log, st);
  if (code == OM_OK) om_registry_put_restart(txn, judged->index, judged->taken_ms, act);
  return code;
}
