/* Split: one lot becomes several of the same owner at the same site; nothing is gained or lost. */
#include "ledger/claimed.h"
#include "ledger/events/events.h"
#include "ledger/events/forms.h"
#include "ledger/events/rules.h"

enum om_code om_split_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__Split *s = event->split;
  if (om_form_ref("lot", s->lot, st) != OM_OK) return st->code;
  return om_form_materials("parts", s->parts, s->n_parts, 2, OM_EVENT_LOTS_MAX, 0, st);
}

enum om_code om_split_rule(struct om_stage *stage, uint16_t index, const Oremark__Event *event, struct om_status *st) {
  (void)index;
  const Oremark__Split *s = event->split;
  const struct om_lot *lot;
  struct om_flow flow;
  struct om_claim claim;
  if (om_rule_role(stage, OM_ROLES_CUSTODY, "split", st) != OM_OK || om_rule_take(stage, &lot, s->lot, st) != OM_OK ||
      om_flow_of(stage, &flow, &lot, 1, st) != OM_OK ||
      om_claim_of(&claim, s->parts, s->n_parts, NULL, 0, st) != OM_OK ||
      om_rule_conserved(&flow, &claim, st) != OM_OK ||
      om_flow_out(stage, &flow, s->parts, s->n_parts, lot->site, lot->owner, st) != OM_OK ||
      om_claimed_pass(stage, &lot, 1, st) != OM_OK)
    return st->code;
  om_stage_consume(stage, lot);
  return OM_OK;
}

void om_split_describe(struct om_text *out, const Oremark__Event *event) {
  om_text_add(out, "split 1 lot into %zu", event->split->n_parts);
  om_text_materials(out, event->split->parts, event->split->n_parts);
}
