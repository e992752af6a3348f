/* What attestations speak of, in words. */
#include <inttypes.h>

#include "ledger/events/forms.h"

void om_text_event_ref(struct om_text *out, const Oremark__EventRef *ref) {
  enum { SHOWN = 8 }; /* bytes of the id: enough to tell statements of one member and moment apart */
  om_text_add(out, "event %u of statement %u-%" PRId64 "-", ref->event, ref->member, ref->signed_ms);
  for (size_t i = 0; i < SHOWN && i < ref->statement_id.len; i++) om_text_add(out, "%02x", ref->statement_id.data[i]);
}

void om_text_subject(struct om_text *out, const Oremark__Subject *subject) {
  char text[OM_LOT_TEXT_BYTES];
  if (subject->lot.len == OM_LOT_NUMBER_BYTES) {
    om_text_add(out, "lot %s", om_lot_format(text, sizeof text, subject->lot.data));
  } else if (subject->event) {
    om_text_event_ref(out, subject->event);
  } else {
    if (subject->site != 0) {
      om_text_add_site(out, subject->member, subject->site);
      om_text_add(out, " of ");
    }
    om_text_add_member(out, subject->member);
  }
}

void om_text_decimal(struct om_text *out, const Oremark__Decimal *d) {
  char text[OM_DECIMAL_TEXT_BYTES];
  om_text_add(out, "%s", om_decimal_format(text, sizeof text, (struct om_decimal){d->digits, d->places}));
}
