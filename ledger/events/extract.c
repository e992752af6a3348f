/* Extract: new lots from a mine site. All their metal comes from that site. */
#include "ledger/events/events.h"
#include "ledger/events/forms.h"
#include "ledger/events/rules.h"
#include "ledger/output.h"

enum om_code om_extract_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__Extract *e = event->extract;
  if (om_form_number("site", e->site, st) != OM_OK) return st->code;
  if (om_form_text("method", e->method, 0, OM_WORD_MAX, st) != OM_OK) return st->code;
  return om_form_materials("lots", e->lots, e->n_lots, 1, OM_EVENT_LOTS_MAX, 1, st);
}

enum om_code om_extract_rule(struct om_stage *stage, uint16_t index, const Oremark__Event *event,
                             struct om_status *st) {
  (void)index;
  const Oremark__Extract *e = event->extract;
  const struct om_site *site;
  if (om_rule_role(stage, OM_ROLE(MINE), "extract", st) != OM_OK) return st->code;
  if (om_stage_site(stage, &site, e->site, st) != OM_OK) return st->code;
  if (site->kind != OREMARK__SITE_KIND__SITE_KIND_MINE)
    return om_fail(st, OM_REFUSED, "site",
                   "site %u (%s) is not a mine: metal begins at mines, or is collected as waste or declared", e->site,
                   site->name);
  struct om_origin origin = {OM_ORIGIN_MINE, {site->country[0], site->country[1]}, stage->member.number, e->site};
  if (om_rule_begin(stage, e->lots, e->n_lots, e->site, origin, st) != OM_OK) return st->code;
  om_stage_output_sum(stage, event);
  return OM_OK;
}

void om_extract_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__Extract *e = event->extract;
  om_text_add(out, "extract ");
  om_text_count(out, e->n_lots, "lot");
  om_text_add(out, " at ");
  om_text_add_site(out, 0, e->site);
  om_text_materials(out, e->lots, e->n_lots);
}
