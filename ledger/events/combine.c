/* Combine: several lots of one owner become one; nothing is gained or lost. It stands where the first of them stood: a
 * member that moves lots between its own sites writes no event of it. */
#include "ledger/claimed.h"
#include "ledger/events/events.h"
#include "ledger/events/forms.h"
#include "ledger/events/rules.h"

enum om_code om_combine_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__Combine *c = event->combine;
  if (om_form_refs("lots", c->lots, c->n_lots, 2, st) != OM_OK) return st->code;
  return om_form_materials("whole", &c->whole, c->whole ? 1 : 0, 1, 1, 0, st);
}

/* Whose the whole would be must not be a question. */
static enum om_code check_owners(struct om_stage *stage, const struct om_lot *const *lots, size_t n,
                                 struct om_status *st) {
  for (size_t i = 1; i < n; i++) {
    if (lots[i]->owner == lots[0]->owner) continue;
    char text[OM_LOT_TEXT_BYTES], other[OM_LOT_TEXT_BYTES], who[OM_WHO_BYTES], whose[OM_WHO_BYTES];
    return om_fail(st, OM_REFUSED, "title", "lot %s belongs to %s and lot %s to %s: combine lots of one owner",
                   om_lot_format(text, sizeof text, lots[0]->number), om_stage_who(stage, who, lots[0]->owner),
                   om_lot_format(other, sizeof other, lots[i]->number), om_stage_who(stage, whose, lots[i]->owner));
  }
  return OM_OK;
}

enum om_code om_combine_rule(struct om_stage *stage, uint16_t index, const Oremark__Event *event,
                             struct om_status *st) {
  (void)index;
  const Oremark__Combine *c = event->combine;
  const struct om_lot **lots;
  struct om_flow flow;
  struct om_claim claim;
  if (om_rule_role(stage, OM_ROLES_CUSTODY, "combine", st) != OM_OK ||
      om_rule_take_all(stage, &lots, c->lots, c->n_lots, st) != OM_OK ||
      check_owners(stage, lots, c->n_lots, st) != OM_OK || om_flow_of(stage, &flow, lots, c->n_lots, st) != OM_OK ||
      om_claim_of(&claim, &c->whole, 1, NULL, 0, st) != OM_OK || om_rule_conserved(&flow, &claim, st) != OM_OK ||
      om_flow_out(stage, &flow, &c->whole, 1, lots[0]->site, lots[0]->owner, st) != OM_OK ||
      om_claimed_pass(stage, lots, c->n_lots, st) != OM_OK)
    return st->code;
  for (size_t i = 0; i < c->n_lots; i++) om_stage_consume(stage, lots[i]);
  return OM_OK;
}

void om_combine_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__Combine *c = event->combine;
  om_text_add(out, "combine ");
  om_text_count(out, c->n_lots, "lot");
  om_text_materials(out, &c->whole, c->whole ? 1 : 0);
}
