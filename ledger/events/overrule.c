/* Overrule: its form and text. What it does is in ledger/acts_overrule.c. */
#include "ledger/attested.h"
#include "ledger/events/events.h"
#include "ledger/events/forms.h"

enum { REASON_MAX = 1024 };

enum om_code om_overrule_form(const Oremark__Event *event, struct om_status *st) {
  if (om_form_event_ref("flag", event->overrule->flag, st) != OM_OK) return st->code;
  return om_form_text("reason", event->overrule->reason, 1, REASON_MAX, st);
}

void om_overrule_describe(struct om_text *out, const Oremark__Event *event) {
  om_text_add(out, "overrule the flag of ");
  om_text_event_ref(out, event->overrule->flag);
  om_text_remark(out, event->overrule->reason);
}
