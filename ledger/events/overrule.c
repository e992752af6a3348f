/* Overrule: its form and text. What it does is in ledger/acts_overrule.c. */
#include "ledger/attested.h"
#include "ledger/events/events.h"
#include "ledger/events/forms.h"

enum { REASON_MAX = 1024 };

enum om_code om_overrule_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__Overrule *o = event->overrule;
  if (o->flag && o->hold)
    return om_fail(st, OM_REFUSED, "form", "`flag` and `hold`: one act overrules one of them: leave the other out");
  if (om_form_event_ref(o->hold ? "hold" : "flag", o->hold ? o->hold : o->flag, st) != OM_OK) return st->code;
  return om_form_text("reason", event->overrule->reason, 1, REASON_MAX, st);
}

void om_overrule_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__Overrule *o = event->overrule;
  om_text_add(out,
              o->hold ? "let lots be released without the releasers of the hold that is " : "overrule the flag of ");
  om_text_event_ref(out, o->hold ? o->hold : o->flag);
  om_text_remark(out, event->overrule->reason);
}
