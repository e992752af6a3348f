/* Correct: who stated an event says what was wrong in it. Nothing is rewritten: the right values stand beside the wrong
 * ones, and whoever judges what came of it is told. While its author still has the lot whole, the lot's balance can be
 * lowered with it, and then it is a step of that lot; it is never raised. */
#include <string.h>

#include "ledger/bearing.h"
#include "ledger/events/events.h"
#include "ledger/events/forms.h"
#include "ledger/events/rules.h"
#include "ledger/output.h"

enum { TEXT_MAX = 1024 };

static enum om_code form_lot(const Oremark__Correct *c, struct om_status *st) {
  if (om_form_ref("lot", c->lot, st) != OM_OK) return st->code;
  if (c->reason == OREMARK__CORRECT_REASON__CORRECT_REASON_DID_NOT_OCCUR)
    return om_fail(st, OM_REFUSED, "form",
                   "lot: what did not occur leaves nothing to be lowered: retire the lot, and leave it out here");
  if (c->gross_mg == 0 && c->n_metals == 0)
    return om_fail(st, OM_REFUSED, "form", "lot: state the right gross mass, or the right metals, or both");
  return OM_OK;
}

enum om_code om_correct_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__Correct *c = event->correct;
  if (om_form_event_ref("event", c->event, st) != OM_OK ||
      om_form_enum("reason", &oremark__correct_reason__descriptor, (int)c->reason, true, st) != OM_OK ||
      om_form_mass("gross mass", c->gross_mg, 0, st) != OM_OK ||
      om_form_masses("metals", c->metals, c->n_metals, 0, st) != OM_OK ||
      om_form_text("text", c->text, 1, TEXT_MAX, st) != OM_OK)
    return st->code;
  return c->lot ? form_lot(c, st) : OM_OK;
}

static bool same_event(const struct om_place *a, const struct om_place *b) {
  return a->log == b->log && a->index == b->index && a->event == b->event;
}

/* No figure of LOT, as it is to be, is over what it WAS. */
static enum om_code check_lower(const struct om_lot *was, const Oremark__Correct *c, struct om_status *st) {
  char text[OM_LOT_TEXT_BYTES], before[OM_MASS_TEXT_BYTES], now[OM_MASS_TEXT_BYTES];
  om_lot_format(text, sizeof text, was->number);
  if ((int64_t)c->gross_mg > was->gross_mg)
    return om_fail(st, OM_REFUSED, "raise",
                   "lot %s has a gross mass of %s, and %s would be more: a correction never raises a balance", text,
                   om_mass_format(before, sizeof before, was->gross_mg),
                   om_mass_format(now, sizeof now, (int64_t)c->gross_mg));
  for (size_t i = 0; i < c->n_metals; i++)
    for (size_t k = 0; k < was->n_contents; k++)
      if (was->contents[k].element == c->metals[i]->element &&
          (int64_t)c->metals[i]->mass_mg > was->contents[k].contained_mg)
        return om_fail(st, OM_REFUSED, "raise",
                       "lot %s holds %s of %s, and %s would be more: a correction never raises a balance", text,
                       om_mass_format(before, sizeof before, was->contents[k].contained_mg),
                       om_element_symbol(was->contents[k].element),
                       om_mass_format(now, sizeof now, (int64_t)c->metals[i]->mass_mg));
  return OM_OK;
}

/* What two sides have weighed is not lowered by one of them. */
static enum om_code check_consignor(struct om_stage *stage, const struct om_lot *was, struct om_status *st) {
  char text[OM_LOT_TEXT_BYTES], who[OM_WHO_BYTES];
  if (was->consignor == OM_MEMBER_NONE || om_stage_signed(stage, was->consignor)) return OM_OK;
  return om_fail(
      st, OM_REFUSED, "settle",
      "lot %s was received from %s and is lowered only with their signature: settle it ('oremark settle'), or "
      "write the statement to a file (--out) and have them sign that (oremark sign FILE)",
      om_lot_format(text, sizeof text, was->number), om_stage_who(stage, who, was->consignor));
}

/* *FROM and *TO: the lot as it was and is. */
static enum om_code lower(struct om_stage *stage, const struct om_lot **from, const struct om_lot **to,
                          const Oremark__Correct *c, const struct om_place *at, struct om_status *st) {
  const struct om_lot *was;
  bool is_short;
  if (om_rule_take(stage, &was, c->lot, st) != OM_OK) return st->code;
  if (!same_event(at, &was->born) && !same_event(at, &was->at))
    return om_fail(st, OM_REFUSED, "event",
                   "the lot's balance can be lowered with a correction of the event that made it, or of its last one: "
                   "leave the lot out to correct another");
  if (check_lower(was, c, st) != OM_OK || om_rule_title(stage, was, 0, "lowered", st) != OM_OK ||
      check_consignor(stage, was, st) != OM_OK)
    return st->code;
  struct om_lot *row = om_stage_step(stage, was);
  if (c->gross_mg > 0) row->gross_mg = (int64_t)c->gross_mg;
  if (om_rule_measured(stage, row, &is_short, c->metals, c->n_metals, "a correction raises nothing", st) != OM_OK ||
      om_rule_content(row, st) != OM_OK)
    return st->code;
  om_stage_output(stage, row);
  *from = was;
  *to = row;
  return OM_OK;
}

enum om_code om_correct_rule(struct om_stage *stage, uint16_t index, const Oremark__Event *event,
                             struct om_status *st) {
  (void)index;
  const Oremark__Correct *c = event->correct;
  struct om_place at;
  struct om_subject_key about;
  uint8_t kept[OM_CORRECT_KEPT_BYTES] = {(uint8_t)c->reason};
  if (c->event->member != stage->member.number) {
    char who[OM_WHO_BYTES];
    return om_fail(st, OM_REFUSED, "author", "%s stated this event: only it can correct it; to object, raise a flag",
                   om_stage_who(stage, who, c->event->member));
  }
  const struct om_lot *was = NULL, *now = NULL;
  enum om_code code = om_stage_event(stage, &at, c->event, st);
  if (code == OM_OK && c->lot) code = lower(stage, &was, &now, c, &at, st);
  if (code == OM_OK) code = om_stage_output_corrected(stage, &at, c, was, now, st);
  if (code != OM_OK) return code;
  om_about_event(&about, &at);
  om_stage_attest(stage, event, &about, kept, sizeof kept);
  om_stage_bears(stage, event, &about);
  return OM_OK;
}

void om_correct_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__Correct *c = event->correct;
  char gross[OM_MASS_TEXT_BYTES];
  om_text_add(out, "correct ");
  om_text_event_ref(out, c->event);
  om_text_add(out, "%s",
              c->reason == OREMARK__CORRECT_REASON__CORRECT_REASON_DID_NOT_OCCUR ? ": it did not occur" : ": right is");
  if (c->gross_mg > 0) om_text_add(out, " gross %s", om_mass_format(gross, sizeof gross, (int64_t)c->gross_mg));
  om_text_masses(out, " ", c->metals, c->n_metals);
  om_text_remark(out, c->text);
}
