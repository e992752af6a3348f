/* Clear: who raised a concern ends it. The governors end one by Overrule (ledger/acts_overrule.c). */
#include <string.h>

#include "ledger/bearing.h"
#include "ledger/events/events.h"
#include "ledger/events/forms.h"

enum { REASON_MAX = 1024 };

enum om_code om_clear_form(const Oremark__Event *event, struct om_status *st) {
  if (om_form_event_ref("flag", event->clear->flag, st) != OM_OK) return st->code;
  return om_form_text("reason", event->clear->reason, 1, REASON_MAX, st);
}

enum om_code om_clear_rule(struct om_stage *stage, uint16_t index, const Oremark__Event *event, struct om_status *st) {
  (void)index;
  struct om_place at;
  struct om_attested flag;
  bool ended;
  enum om_code code = om_stage_event(stage, &at, event->clear->flag, st);
  if (code == OM_OK) code = om_stage_attested(stage, &flag, &at, st);
  if (code == OM_MISSING || (code == OM_OK && flag.kind != OREMARK__EVENT__KIND_FLAG))
    return om_fail(st, OM_REFUSED, "flag", "the event that is named is no flag: 'oremark attestations' lists them");
  if (code == OM_OK && flag.author != stage->member.number) {
    char who[OM_WHO_BYTES];
    return om_fail(st, OM_REFUSED, "author",
                   "%s raised this concern: only it can clear it, or the governors by 'oremark governance'",
                   om_stage_who(stage, who, flag.author));
  }
  if (code == OM_OK) code = om_stage_ended(stage, &ended, &at, st);
  if (code == OM_OK && ended) return om_fail(st, OM_REFUSED, "cleared", "this concern has been cleared already");
  if (code != OM_OK) return code;
  om_stage_end(stage, event, &at);
  om_stage_flag_cleared(stage, &at);
  return OM_OK;
}

void om_clear_describe(struct om_text *out, const Oremark__Event *event) {
  om_text_add(out, "clear the flag of ");
  om_text_event_ref(out, event->clear->flag);
  om_text_remark(out, event->clear->reason);
}
