/* Receive: the consignee has what was shipped, as it found it. A shortage is taken with a reason, a gain inside the
 * tolerance counts as drift, a larger one is not taken. Title passes if it was shipped with title. */
#include "ledger/events/events.h"
#include "ledger/events/forms.h"
#include "ledger/events/rules.h"

static enum om_code form_one(const Oremark__ReceivedLot *r, struct om_status *st) {
  if (om_form_ref("lot", r->lot, st) != OM_OK || om_form_mass("gross mass", r->gross_mg, 0, st) != OM_OK ||
      om_form_masses("metals", r->metals, r->n_metals, 0, st) != OM_OK)
    return st->code;
  return om_form_enum("shortage", &oremark__shortage_reason__descriptor, (int)r->shortage, false, st);
}

enum om_code om_receive_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__Receive *r = event->receive;
  if (om_form_number("site", r->site, st) != OM_OK ||
      om_form_count("lots", r->n_lots, 1, OM_EVENT_LOTS_MAX, st) != OM_OK ||
      om_form_text("note", r->note, 0, OM_REMARK_MAX, st) != OM_OK)
    return st->code;
  for (size_t i = 0; i < r->n_lots; i++)
    if (form_one(r->lots[i], st) != OM_OK) return om_wrap(st, "lots: no. %zu", i + 1);
  return OM_OK;
}

/* What is missing, of the first element of which anything is. */
static enum om_code no_reason(const struct om_lot *before, const Oremark__ReceivedLot *r, struct om_status *st) {
  char text[OM_LOT_TEXT_BYTES], shipped[OM_MASS_TEXT_BYTES], found[OM_MASS_TEXT_BYTES];
  size_t m = 0, i = 0;
  while (before->contents[i].element != r->metals[m]->element ||
         before->contents[i].contained_mg <= (int64_t)r->metals[m]->mass_mg)
    if (before->contents[i].element < r->metals[m]->element)
      i++;
    else
      m++;
  return om_fail(st, OM_REFUSED, "shortage",
                 "lot %s: %s of %s shipped, %s received: state a reason for the shortage (weighing, assay, moisture, "
                 "spillage, theft, other)",
                 om_lot_format(text, sizeof text, before->number),
                 om_mass_format(shipped, sizeof shipped, before->contents[i].contained_mg),
                 om_element_symbol(before->contents[i].element),
                 om_mass_format(found, sizeof found, (int64_t)r->metals[m]->mass_mg));
}

static enum om_code receive_one(struct om_stage *stage, uint32_t site, const Oremark__ReceivedLot *r,
                                struct om_status *st) {
  static const char advice[] =
      "receive it at the shipped figure, or reject it (a larger gain takes the consignor's signature, by settle)";
  const struct om_lot *lot;
  bool is_short;
  if (om_rule_take_incoming(stage, &lot, r->lot, st) != OM_OK) return st->code;
  struct om_lot *row = om_stage_step(stage, lot);
  if (om_rule_gross(row, r->gross_mg, st) != OM_OK ||
      om_rule_measured(stage, row, &is_short, r->metals, r->n_metals, advice, st) != OM_OK)
    return st->code;
  if (is_short && r->shortage == OREMARK__SHORTAGE_REASON__SHORTAGE_REASON_UNSTATED) return no_reason(lot, r, st);
  if (om_rule_content(row, st) != OM_OK) return st->code;
  row->state = OM_LOT_HELD;
  row->consignor = lot->custodian == stage->member.number ? OM_MEMBER_NONE : lot->custodian;
  row->settled = false;
  row->custodian = stage->member.number;
  row->site = site;
  if (lot->next_owner != OM_MEMBER_NONE) row->owner = lot->next_owner;
  row->next_owner = OM_MEMBER_NONE;
  om_stage_output(stage, row);
  return OM_OK;
}

enum om_code om_receive_rule(struct om_stage *stage, uint16_t index, const Oremark__Event *event,
                             struct om_status *st) {
  (void)index;
  const Oremark__Receive *r = event->receive;
  const struct om_site *site;
  if (om_rule_role(stage, OM_ROLES_CUSTODY, "receive", st) != OM_OK) return st->code;
  if (om_stage_site(stage, &site, r->site, st) != OM_OK) return st->code;
  for (size_t i = 0; i < r->n_lots; i++)
    if (receive_one(stage, r->site, r->lots[i], st) != OM_OK) return st->code;
  return OM_OK;
}

void om_receive_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__Receive *r = event->receive;
  size_t n_short = 0;
  for (size_t i = 0; i < r->n_lots; i++)
    n_short += r->lots[i]->shortage != OREMARK__SHORTAGE_REASON__SHORTAGE_REASON_UNSTATED;
  om_text_add(out, "receive ");
  om_text_count(out, r->n_lots, "lot");
  om_text_add(out, " at ");
  om_text_add_site(out, 0, r->site);
  if (n_short > 0) om_text_add(out, ", %zu with a shortage", n_short);
  om_text_remark(out, r->note);
}
