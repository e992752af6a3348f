/* Acts of a member for itself: mandates and the sealing key: their form and text. What they do is in ledger/acts_own.c.
 */
#include "ledger/events/events.h"
#include "ledger/events/forms.h"

enum om_code om_give_mandate_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__GiveMandate *g = event->give_mandate;
  if (om_form_number("agent", g->agent, st) != OM_OK) return st->code;
  if (g->ship || g->consume) return OM_OK;
  return om_fail(st, OM_REFUSED, "form", "a mandate for nothing: say whether to ship, to consume, or both");
}

void om_give_mandate_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__GiveMandate *g = event->give_mandate;
  om_text_add(out, "let ");
  om_text_add_member(out, g->agent);
  om_text_add(out, " %s%s%s what the signer owns", g->ship ? "ship" : "", g->ship && g->consume ? " and " : "",
              g->consume ? "consume" : "");
}

enum om_code om_end_mandate_form(const Oremark__Event *event, struct om_status *st) {
  return om_form_number("agent", event->end_mandate->agent, st);
}

void om_end_mandate_describe(struct om_text *out, const Oremark__Event *event) {
  om_text_add(out, "end the mandate of ");
  om_text_add_member(out, event->end_mandate->agent);
}

enum om_code om_set_sealing_key_form(const Oremark__Event *event, struct om_status *st) {
  return om_form_key("key", event->set_sealing_key->key.len, st);
}

void om_set_sealing_key_describe(struct om_text *out, const Oremark__Event *event) {
  om_text_add(out, "set the sealing key %08x", om_member_key_id(event->set_sealing_key->key.data));
}
