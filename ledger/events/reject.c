/* Reject: the consignee refuses what was shipped to it; custody and pen are the consignor's again, and the title stays.
 */
#include "ledger/events/events.h"
#include "ledger/events/forms.h"
#include "ledger/events/rules.h"

enum om_code om_reject_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__Reject *r = event->reject;
  if (om_form_text("reason", r->reason, 1, OM_REMARK_MAX, st) != OM_OK) return st->code;
  return om_form_refs("lots", r->lots, r->n_lots, 1, st);
}

enum om_code om_reject_rule(struct om_stage *stage, uint16_t index, const Oremark__Event *event, struct om_status *st) {
  (void)index;
  const Oremark__Reject *r = event->reject;
  if (om_rule_role(stage, OM_ROLES_CUSTODY, "reject", st) != OM_OK) return st->code;
  for (size_t i = 0; i < r->n_lots; i++) {
    const struct om_lot *lot;
    if (om_rule_take_incoming(stage, &lot, r->lots[i], st) != OM_OK) return st->code;
    struct om_lot *row = om_stage_step(stage, lot);
    row->state = OM_LOT_HELD;
    row->pen = lot->custodian;
    row->next_owner = OM_MEMBER_NONE;
    om_stage_output(stage, row);
  }
  return OM_OK;
}

void om_reject_describe(struct om_text *out, const Oremark__Event *event) {
  om_text_add(out, "reject ");
  om_text_count(out, event->reject->n_lots, "lot");
  om_text_remark(out, event->reject->reason);
}
