/* What an event counts for in a verdict. */
#include "ledger/events/kinds.h"
#include "ledger/step.h"
#include "ledger/verify_state.h"

static size_t metals_out(const Oremark__Event *event) {
  size_t n, skip, sum = 0;
  Oremark__Material *const *materials = om_event_materials(event, &n, &skip);
  for (size_t i = 0; i < n; i++) sum += materials[i]->n_metals;
  return sum;
}

static size_t metals_measured(const Oremark__Event *event) {
  size_t sum = 0;
  if (event->kind_case == OREMARK__EVENT__KIND_STOCKTAKE) return event->stocktake->n_metals;
  if (event->kind_case == OREMARK__EVENT__KIND_CORRECT) return event->correct->n_metals;
  if (event->kind_case == OREMARK__EVENT__KIND_SETTLE)
    for (size_t i = 0; i < event->settle->n_lots; i++) sum += event->settle->lots[i]->n_metals;
  if (event->kind_case != OREMARK__EVENT__KIND_RECEIVE) return sum;
  for (size_t i = 0; i < event->receive->n_lots; i++) sum += event->receive->lots[i]->n_metals;
  return sum;
}

/* Does the event change who has its lots, whose they are or whether they may be moved? */
static bool is_of_custody(const Oremark__Event *event) {
  switch ((int)event->kind_case) {
    case OREMARK__EVENT__KIND_SHIP:
    case OREMARK__EVENT__KIND_RECEIVE:
    case OREMARK__EVENT__KIND_REJECT:
    case OREMARK__EVENT__KIND_HOLD:
    case OREMARK__EVENT__KIND_RELEASE:
    case OREMARK__EVENT__KIND_TRANSFER_TITLE: return true;
    default: return false;
  }
}

void om_verify_judged_add(struct om_verify_judged *out, const Oremark__Event *event) {
  const Oremark__LotRef *refs[OM_EVENT_REFS_MAX];
  uint32_t n = (uint32_t)om_event_refs(refs, event);
  out->events++;
  out->chain += n;
  if (is_of_custody(event)) out->custody += n;
  out->balance += (uint32_t)(metals_out(event) + metals_measured(event));
}
