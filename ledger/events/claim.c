/* Claim: draws a certificate for a quantity down, for lots in the signer's hands. Only who holds the certificate does,
 * in its home log: the member it is on, or for one on a lot whoever has that lot's pen. So what was drawn is one sum,
 * written in one log after the other, and never more than the certificate is for. When it happened is not looked at: a
 * claim outside the certificate's validity is a finding. */
#include <string.h>

#include "ledger/certificate.h"
#include "ledger/claimed.h"
#include "ledger/events/events.h"
#include "ledger/events/forms.h"
#include "ledger/events/rules.h"

enum om_code om_claim_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__Claim *c = event->claim;
  if (om_form_event_ref("certificate", c->certificate, st) != OM_OK ||
      om_form_count("lots", c->n_lots, 1, OM_EVENT_LOTS_MAX, st) != OM_OK)
    return st->code;
  for (size_t i = 0; i < c->n_lots; i++)
    if (om_form_ref("lots", c->lots[i]->lot, st) != OM_OK ||
        om_form_mass("quantity", c->lots[i]->quantity_mg, 1, st) != OM_OK)
      return om_wrap(st, "no. %zu", i + 1);
  return OM_OK;
}

/* The certificate, one for a quantity that stands as far as the judged log covers. */
static enum om_code find_certificate(struct om_stage *stage, struct om_certificate *out, struct om_place *at,
                                     const Oremark__EventRef *ref, struct om_status *st) {
  struct om_attested row;
  bool ended;
  enum om_code code = om_stage_event(stage, at, ref, st);
  if (code == OM_OK) code = om_stage_attested(stage, &row, at, st);
  if (code == OM_MISSING || (code == OM_OK && row.kind != OREMARK__EVENT__KIND_CERTIFY))
    return om_fail(st, OM_REFUSED, "certificate", "that event is no certificate: check the reference");
  if (code != OM_OK) return code;
  if (!om_certificate_unpack(out, row.kept, row.n_kept))
    return om_fail(st, OM_CORRUPT, NULL, "a stored certificate can't be read: " OM_STORE_DAMAGED);
  if (out->quantity_mg == 0)
    return om_fail(st, OM_REFUSED, "certificate", "that certificate is not for a quantity: nothing is drawn from it");
  code = om_stage_ended(stage, &ended, at, st);
  if (code != OM_OK || !ended) return code;
  return om_fail(st, OM_REFUSED, "certificate", "that certificate has been withdrawn");
}

static enum om_code check_holder(const struct om_stage *stage, const struct om_certificate *certificate,
                                 const struct om_lot *lot, struct om_status *st) {
  struct om_subject_key self, whole;
  om_about_member(&self, stage->member.number);
  om_about_lot(&whole, lot->number);
  const struct om_subject_key *of = &certificate->subject;
  if ((of->len == self.len && memcmp(of->bytes, self.bytes, self.len) == 0) ||
      (of->len == whole.len && memcmp(of->bytes, whole.bytes, whole.len) == 0))
    return OM_OK;
  return om_fail(st, OM_REFUSED, "certificate",
                 "the certificate is neither on member %u (%s) nor on this lot: only its holder draws from it",
                 stage->member.number, stage->member.name);
}

/* Metal is certified once under a scheme, by whatever certificates: two tonnes do not stand on one. */
static enum om_code check_quantity(struct om_stage *stage, const struct om_lot *lot,
                                   const struct om_certificate *certificate, int64_t mg, struct om_status *st) {
  uint8_t element = certificate->element;
  int64_t holds = om_claimed_holds(lot, element), before, all;
  if (om_claimed_get(stage, &before, lot, element, certificate->scheme, st) != OM_OK) return st->code;
  if (om_mass_add(&all, before, mg) && all <= holds)
    return om_claimed_set(stage, lot, element, certificate->scheme, all, st);
  char text[OM_LOT_TEXT_BYTES], claimed[OM_MASS_TEXT_BYTES], held[OM_MASS_TEXT_BYTES], was[OM_MASS_TEXT_BYTES];
  return om_fail(
      st, OM_REFUSED, "quantity",
      "lot %s: %s of %s is claimed, with %s claimed under %s for it, or for what it was made of, before, and "
      "it holds %s: claim no more than that",
      om_lot_format(text, sizeof text, lot->number), om_mass_format(claimed, sizeof claimed, mg),
      element == 0 ? "gross mass" : om_element_symbol(element), om_mass_format(was, sizeof was, before),
      certificate->scheme, om_mass_format(held, sizeof held, holds));
}

static enum om_code draw(struct om_stage *stage, const struct om_certificate *certificate, const struct om_place *at,
                         int64_t mg, struct om_status *st) {
  if (stage->backing->uncapped) return OM_OK; /* a part of the history says nothing of sums */
  int64_t sum = om_stage_drawn(stage, at), all;
  if (om_mass_add(&all, sum, mg) && all <= certificate->quantity_mg) {
    om_stage_set_drawn(stage, at, all);
    return OM_OK;
  }
  char more[OM_MASS_TEXT_BYTES], drawn[OM_MASS_TEXT_BYTES], whole[OM_MASS_TEXT_BYTES];
  return om_fail(st, OM_REFUSED, "quantity",
                 "%s is claimed from a certificate for %s of which %s is drawn already: claim no more than is left",
                 om_mass_format(more, sizeof more, mg), om_mass_format(whole, sizeof whole, certificate->quantity_mg),
                 om_mass_format(drawn, sizeof drawn, sum));
}

enum om_code om_claim_rule(struct om_stage *stage, uint16_t index, const Oremark__Event *event, struct om_status *st) {
  (void)index;
  const Oremark__Claim *c = event->claim;
  struct om_certificate certificate;
  struct om_place at;
  if (om_rule_role(stage, OM_ROLES_CUSTODY, "claim a certificate's quantity for lots", st) != OM_OK ||
      find_certificate(stage, &certificate, &at, c->certificate, st) != OM_OK)
    return st->code;
  for (size_t i = 0; i < c->n_lots; i++) {
    const struct om_lot *lot;
    int64_t mg = (int64_t)c->lots[i]->quantity_mg;
    if (om_rule_take_whole(stage, &lot, c->lots[i]->lot, st) != OM_OK ||
        check_holder(stage, &certificate, lot, st) != OM_OK ||
        check_quantity(stage, lot, &certificate, mg, st) != OM_OK || draw(stage, &certificate, &at, mg, st) != OM_OK)
      return st->code;
    om_stage_output(stage, om_stage_step(stage, lot));
  }
  return OM_OK;
}

void om_claim_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__Claim *c = event->claim;
  char mass[OM_MASS_TEXT_BYTES];
  int64_t sum = 0;
  for (size_t i = 0; i < c->n_lots; i++)
    if (!om_mass_add(&sum, sum, (int64_t)c->lots[i]->quantity_mg)) sum = OM_MASS_MAX_MG;
  om_text_add(out, "claim %s for ", om_mass_format(mass, sizeof mass, sum));
  om_text_count(out, c->n_lots, "lot");
  om_text_add(out, " from the certificate that is ");
  om_text_event_ref(out, c->certificate);
}
