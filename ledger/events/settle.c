/* Settle: what was taken in provisionally gets its final weight and assay, once, while the lot is whole and with the
 * consignee. Both sides sign, and the owner where that is a third. Since they agree, a gain needs no tolerance; but it
 * counts as the consignee's drift, for it is still metal that was not there before, and the cap holds. A shortage needs
 * no reason: the two signatures are. */
#include "ledger/events/events.h"
#include "ledger/events/forms.h"
#include "ledger/events/rules.h"

static enum om_code form_one(const Oremark__SettledLot *s, struct om_status *st) {
  if (om_form_ref("lot", s->lot, st) != OM_OK || om_form_mass("gross mass", s->gross_mg, 0, st) != OM_OK)
    return st->code;
  return om_form_masses("metals", s->metals, s->n_metals, 0, st);
}

enum om_code om_settle_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__Settle *s = event->settle;
  if (om_form_number("consignor", s->consignor, st) != OM_OK ||
      om_form_count("lots", s->n_lots, 1, OM_EVENT_LOTS_MAX, st) != OM_OK ||
      om_form_text("contract", s->contract, 0, OM_WORD_MAX, st) != OM_OK)
    return st->code;
  for (size_t i = 0; i < s->n_lots; i++)
    if (form_one(s->lots[i], st) != OM_OK) return om_wrap(st, "lots: no. %zu", i + 1);
  return OM_OK;
}

static enum om_code check_sides(const struct om_stage *stage, const struct om_lot *lot, uint32_t consignor,
                                struct om_status *st) {
  char text[OM_LOT_TEXT_BYTES], who[OM_WHO_BYTES];
  om_lot_format(text, sizeof text, lot->number);
  if (lot->consignor == OM_MEMBER_NONE)
    return om_fail(st, OM_REFUSED, "settle",
                   "lot %s was not received from anybody: only what was received can be settled", text);
  if (lot->consignor != consignor)
    return om_fail(st, OM_REFUSED, "settle", "lot %s was received from %s, not from member %u: settle it with them",
                   text, om_stage_who(stage, who, lot->consignor), consignor);
  if (!lot->settled) return OM_OK;
  return om_fail(st, OM_REFUSED, "settle", "lot %s is settled already with %s: its weights are final", text,
                 om_stage_who(stage, who, consignor));
}

static enum om_code check_signed(struct om_stage *stage, uint32_t consignor, struct om_status *st) {
  char who[OM_WHO_BYTES];
  if (om_stage_signed(stage, consignor)) return OM_OK;
  return om_fail(st, OM_REFUSED, "settle",
                 "a settlement takes both signatures, and that of the consignor, %s, is missing%s: write the statement "
                 "to a file (--out), have them sign that (oremark sign FILE) and submit it",
                 om_stage_who(stage, who, consignor), om_stage_unheard(stage, consignor));
}

static enum om_code settle_one(struct om_stage *stage, const Oremark__SettledLot *s, uint32_t consignor,
                               struct om_status *st) {
  const struct om_lot *lot;
  bool is_short;
  if (om_rule_take(stage, &lot, s->lot, st) != OM_OK || check_sides(stage, lot, consignor, st) != OM_OK ||
      check_signed(stage, consignor, st) != OM_OK || om_rule_title(stage, lot, 0, "settled", st) != OM_OK)
    return st->code;
  struct om_lot *row = om_stage_step(stage, lot);
  if (om_rule_gross(row, s->gross_mg, st) != OM_OK ||
      om_rule_measured(stage, row, &is_short, s->metals, s->n_metals, NULL, st) != OM_OK)
    return st->code;
  if (om_rule_content(row, st) != OM_OK) return st->code;
  row->settled = true;
  om_stage_output(stage, row);
  return OM_OK;
}

enum om_code om_settle_rule(struct om_stage *stage, uint16_t index, const Oremark__Event *event, struct om_status *st) {
  (void)index;
  const Oremark__Settle *s = event->settle;
  if (om_rule_role(stage, OM_ROLES_CUSTODY, "settle", st) != OM_OK) return st->code;
  for (size_t i = 0; i < s->n_lots; i++)
    if (settle_one(stage, s->lots[i], s->consignor, st) != OM_OK) return st->code;
  return OM_OK;
}

void om_settle_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__Settle *s = event->settle;
  char mass[OM_MASS_TEXT_BYTES];
  om_text_add(out, "settle ");
  om_text_count(out, s->n_lots, "lot");
  om_text_add(out, " with ");
  om_text_add_member(out, s->consignor);
  for (size_t i = 0; i < s->n_lots && i < 2; i++) {
    om_text_add(out, i == 0 ? ": " : "; ");
    if (s->lots[i]->gross_mg > 0)
      om_text_add(out, "gross %s", om_mass_format(mass, sizeof mass, (int64_t)s->lots[i]->gross_mg));
    om_text_masses(out, s->lots[i]->gross_mg > 0 ? ", " : "", s->lots[i]->metals, s->lots[i]->n_metals);
    if (s->lots[i]->gross_mg == 0 && s->lots[i]->n_metals == 0) om_text_add(out, "as received");
  }
  if (s->n_lots > 2) om_text_add(out, " and %zu more", s->n_lots - 2);
  if (s->contract[0]) om_text_add(out, ", contract %s", s->contract);
}
