/* Withdraw: its author takes back a certificate, an estimate or an assay. A certificate ends when that is final
 * (ledger/certificate.h); estimates and assays no longer count. */
#include "ledger/certificate.h"
#include "ledger/events/events.h"
#include "ledger/events/forms.h"

enum om_code om_withdraw_form(const Oremark__Event *event, struct om_status *st) {
  if (om_form_event_ref("certificate", event->withdraw->certificate, st) != OM_OK) return st->code;
  return om_form_text("reason", event->withdraw->reason, 1, OM_REMARK_MAX, st);
}

/* What can be taken back, as a word for sentences; NULL: nothing else. */
static const char *word_of(int kind) {
  if (kind == OREMARK__EVENT__KIND_CERTIFY) return "certificate";
  if (kind == OREMARK__EVENT__KIND_ESTIMATE) return "estimate";
  return kind == OREMARK__EVENT__KIND_ASSAY ? "assay" : NULL;
}

/* A certificate that never began is withdrawn as of its beginning. */
static enum om_code check_time(const struct om_attested *row, int64_t at_ms, struct om_status *st) {
  struct om_certificate certificate;
  char from[OM_TIME_TEXT_BYTES], at[OM_TIME_TEXT_BYTES];
  if (row->kind != OREMARK__EVENT__KIND_CERTIFY) return OM_OK;
  if (!om_certificate_unpack(&certificate, row->kept, row->n_kept))
    return om_fail(st, OM_CORRUPT, NULL, "a stored certificate can't be read: " OM_STORE_DAMAGED);
  if (at_ms >= certificate.from_ms) return OM_OK;
  om_time_format(from, sizeof from, certificate.from_ms, 0);
  om_time_format(at, sizeof at, at_ms, 0);
  return om_fail(st, OM_REFUSED, "withdraw",
                 "the certificate is valid from %s on, and %s is before that: withdraw it as of its beginning or later",
                 from, at);
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
  const char *word = code == OM_OK ? word_of(row.kind) : NULL;
  if (code == OM_MISSING || (code == OM_OK && !word))
    return om_fail(st, OM_REFUSED, "withdraw", "that event is no certificate, estimate or assay: check the reference");
  if (code != OM_OK) return code;
  if (row.author != stage->member.number)
    return om_fail(st, OM_REFUSED, "withdraw", "the %s is of %s: only they can withdraw it", word,
                   om_stage_who(stage, who, row.author));
  code = om_stage_ended(stage, &ended, &at, st);
  if (code != OM_OK) return code;
  if (ended) return om_fail(st, OM_REFUSED, "withdraw", "the %s has been withdrawn already", word);
  if (check_time(&row, event->at_ms, st) != OM_OK) return st->code;
  om_about_event(&about, &at);
  om_stage_attest(stage, event, &about, NULL, 0);
  om_stage_end(stage, event, &at);
  return OM_OK;
}

void om_withdraw_describe(struct om_text *out, const Oremark__Event *event) {
  om_text_add(out, "withdraw ");
  om_text_event_ref(out, event->withdraw->certificate);
  om_text_remark(out, event->withdraw->reason);
}
