/* Release: ends a hold. The custodian says it, and enough of the members that the hold names sign it; nobody else,
 * where the governors have overruled the hold (Overrule), since those members can't any more. */
#include "ledger/events/events.h"
#include "ledger/events/forms.h"
#include "ledger/events/rules.h"
#include "ledger/held.h"

enum om_code om_release_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__Release *r = event->release;
  if (om_form_refs("lots", r->lots, r->n_lots, 1, st) != OM_OK) return st->code;
  return om_form_text("note", r->note, 0, OM_REMARK_MAX, st);
}

enum om_code om_release_rule(struct om_stage *stage, uint16_t index, const Oremark__Event *event,
                             struct om_status *st) {
  (void)index;
  const Oremark__Release *r = event->release;
  for (size_t i = 0; i < r->n_lots; i++) {
    const struct om_lot *lot;
    char text[OM_LOT_TEXT_BYTES];
    if (om_rule_take_whole(stage, &lot, r->lots[i], st) != OM_OK) return st->code;
    if (lot->hold.reason == OREMARK__HOLD_REASON__HOLD_REASON_UNSTATED)
      return om_fail(st, OM_REFUSED, "hold", "lot %s is not on hold: there is nothing to release",
                     om_lot_format(text, sizeof text, lot->number));
    if (om_rule_released(stage, lot, "release", st) != OM_OK) return st->code;
    struct om_lot *row = om_stage_step(stage, lot);
    row->hold = (struct om_hold){0};
    om_held_put(stage, row, lot->hold.reason, true, event->at_ms);
    om_stage_output(stage, row);
  }
  return OM_OK;
}

void om_release_describe(struct om_text *out, const Oremark__Event *event) {
  om_text_add(out, "release ");
  om_text_count(out, event->release->n_lots, "lot");
  om_text_add(out, " from hold");
  om_text_remark(out, event->release->note);
}
