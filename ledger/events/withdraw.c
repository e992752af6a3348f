/* Withdraw: ends a certificate of the signer's. */
#include "ledger/attested.h"
#include "ledger/events/events.h"
#include "ledger/events/forms.h"

enum om_code om_withdraw_form(const Oremark__Event *event, struct om_status *st) {
  if (om_form_event_ref("certificate", event->withdraw->certificate, st) != OM_OK) return st->code;
  return om_form_text("reason", event->withdraw->reason, 1, OM_REMARK_MAX, st);
}

enum om_code om_withdraw_rule(struct om_stage *stage, uint16_t index, const Oremark__Event *event,
                              struct om_status *st) {
  (void)index;
  struct om_place at;
  struct om_attested row;
  struct om_subject_key about;
  char who[OM_WHO_BYTES];
  bool ended;
  enum om_code code = om_stage_event(stage, &at, event->withdraw->certificate, st);
  if (code == OM_OK) code = om_stage_attested(stage, &row, &at, st);
  if (code == OM_MISSING || (code == OM_OK && row.kind != OREMARK__EVENT__KIND_CERTIFY))
    return om_fail(st, OM_REFUSED, "certificate", "that event is no certificate: check the reference");
  if (code != OM_OK) return code;
  if (row.author != stage->member.number)
    return om_fail(st, OM_REFUSED, "certificate", "the certificate is of %s: only they can withdraw it",
                   om_stage_who(stage, who, row.author));
  code = om_stage_ended(stage, &ended, &at, st);
  if (code != OM_OK) return code;
  if (ended) return om_fail(st, OM_REFUSED, "certificate", "the certificate has been withdrawn already");
  om_about_event(&about, &at);
  om_stage_attest(stage, event, &about, NULL, 0);
  om_stage_end(stage, event, &at);
  return OM_OK;
}

void om_withdraw_describe(struct om_text *out, const Oremark__Event *event) {
  om_text_add(out, "withdraw the certificate that is ");
  om_text_event_ref(out, event->withdraw->certificate);
  om_text_remark(out, event->withdraw->reason);
}
