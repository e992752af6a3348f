/* Retire: the end of lots. They keep what they held, so that it can be told what went into the product. */
#include "ledger/events/events.h"
#include "ledger/events/forms.h"
#include "ledger/events/rules.h"

enum om_code om_retire_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__Retire *r = event->retire;
  if (om_form_refs("lots", r->lots, r->n_lots, 1, st) != OM_OK ||
      om_form_enum("reason", &oremark__retire_reason__descriptor, (int)r->reason, true, st) != OM_OK ||
      om_form_text("product", r->product, 0, OM_TITLE_MAX, st) != OM_OK)
    return st->code;
  return r->country[0] ? om_form_country("country", r->country, st) : OM_OK;
}

enum om_code om_retire_rule(struct om_stage *stage, uint16_t index, const Oremark__Event *event, struct om_status *st) {
  (void)index;
  const Oremark__Retire *r = event->retire;
  if (om_rule_role(stage, OM_ROLES_CUSTODY, "retire", st) != OM_OK) return st->code;
  for (size_t i = 0; i < r->n_lots; i++) {
    const struct om_lot *lot;
    if (om_rule_take(stage, &lot, r->lots[i], st) != OM_OK) return st->code;
    if (om_rule_title(stage, lot, OM_MANDATE_CONSUME, "retired", st) != OM_OK) return st->code;
    struct om_lot *row = om_stage_step(stage, lot);
    row->state = OM_LOT_RETIRED;
    row->pen = OM_MEMBER_NONE;
    om_stage_output(stage, row);
  }
  return OM_OK;
}

void om_retire_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__Retire *r = event->retire;
  char reason[OM_ENUM_WORD_BYTES];
  om_text_add(out, "retire ");
  om_text_count(out, r->n_lots, "lot");
  om_text_add(out, ", %s", om_enum_word(reason, &oremark__retire_reason__descriptor, (int)r->reason));
  if (r->country[0]) om_text_add(out, " (%s)", r->country);
  om_text_remark(out, r->product);
}
