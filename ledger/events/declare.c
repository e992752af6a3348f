/* Declare: stock with no history. Its origin is undeclared, and stays visible wherever the metal goes. */
#include "ledger/events/events.h"
#include "ledger/events/forms.h"
#include "ledger/events/rules.h"

enum om_code om_declare_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__Declare *d = event->declare;
  if (om_form_number("site", d->site, st) != OM_OK) return st->code;
  if (om_form_text("reason", d->reason, 0, OM_REMARK_MAX, st) != OM_OK) return st->code;
  return om_form_materials("lots", d->lots, d->n_lots, 1, OM_EVENT_LOTS_MAX, 1, st);
}

enum om_code om_declare_rule(struct om_stage *stage, uint16_t index, const Oremark__Event *event,
                             struct om_status *st) {
  (void)index;
  const Oremark__Declare *d = event->declare;
  const struct om_site *site;
  if (om_rule_role(stage, OM_ROLES_CUSTODY, "declare stock", st) != OM_OK) return st->code;
  if (om_stage_site(stage, &site, d->site, st) != OM_OK) return st->code;
  return om_rule_begin(stage, d->lots, d->n_lots, d->site, (struct om_origin){.kind = OM_ORIGIN_UNDECLARED}, st);
}

void om_declare_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__Declare *d = event->declare;
  om_text_add(out, "declare ");
  om_text_count(out, d->n_lots, "lot");
  om_text_add(out, " without history at ");
  om_text_add_site(out, 0, d->site);
  om_text_materials(out, d->lots, d->n_lots);
}
