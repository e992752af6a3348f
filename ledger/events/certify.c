/* Certify: a certificate on a member, a site or a lot, under a scheme that the governors have recognised. Whether it is
 * valid at a time is a check and never a rule (ledger/certificate.h). */
#include <string.h>

#include "ledger/certificate.h"
#include "ledger/events/events.h"
#include "ledger/events/forms.h"
#include "ledger/events/rules.h"

enum { LEVEL_MAX = 32 }; /* "gold", "conformant", "IRMA 75" */

static enum om_code form_validity(const Oremark__Certify *c, struct om_status *st) {
  if (c->valid_from_ms <= 0 || c->valid_until_ms > OM_TIME_MAX_MS)
    return om_fail(st, OM_REFUSED, "form", "it is valid from %lld to %lld ms: state times between 1970 and 9999",
                   (long long)c->valid_from_ms, (long long)c->valid_until_ms);
  if (c->valid_from_ms < c->valid_until_ms) return OM_OK;
  return om_fail(st, OM_REFUSED, "form", "it ends before it begins: state a validity that ends later");
}

static enum om_code form_quantity(const Oremark__Certify *c, struct om_status *st) {
  if (om_form_mass("quantity", c->quantity_mg, 0, st) != OM_OK) return st->code;
  if (c->quantity_mg == 0 && c->element != 0)
    return om_fail(st, OM_REFUSED, "form", "a metal is stated, but no quantity of it: state both or neither");
  if (c->element != 0 && om_form_element("element", c->element, 0, st) != OM_OK) return st->code;
  if (c->quantity_mg > 0 && c->subject->site != 0)
    return om_fail(st, OM_REFUSED, "form",
                   "a certificate for a quantity is drawn down by who holds it: name a member or a lot, not a site");
  return OM_OK;
}

enum om_code om_certify_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__Certify *c = event->certify;
  if (om_form_subject(c->subject, st) != OM_OK || om_form_text("scheme", c->scheme, 1, OM_SCHEME_BYTES, st) != OM_OK ||
      om_form_text("scope", c->scope, 0, OM_TITLE_MAX, st) != OM_OK ||
      om_form_text("level", c->level, 0, LEVEL_MAX, st) != OM_OK || form_validity(c, st) != OM_OK ||
      form_quantity(c, st) != OM_OK)
    return st->code;
  if (c->subject->event)
    return om_fail(st, OM_REFUSED, "form", "`subject`: a certificate is on a member, a site or a lot");
  if (c->document_hash.len == 0 || c->document_hash.len == OM_HASH_BYTES) return OM_OK;
  return om_fail(st, OM_REFUSED, "form", "the document's hash has %zu bytes: a SHA-256 has %d", c->document_hash.len,
                 OM_HASH_BYTES);
}

static enum om_code check_scheme(struct om_stage *stage, const char *scheme, struct om_status *st) {
  char who[OM_WHO_BYTES];
  bool listed;
  enum om_code code = om_registry_scheme_certifier(stage->backing->txn, scheme, stage->member.number,
                                                   stage->judged->registry_size, &listed, st);
  if (code == OM_MISSING)
    return om_fail(st, OM_REFUSED, "scheme",
                   "the governors have recognised no scheme called '%s': check its name, or have it recognised "
                   "(oremark scheme recognise)",
                   scheme);
  if (code != OM_OK || listed) return code;
  return om_fail(st, OM_REFUSED, "scheme",
                 "%s is not among the certifiers of '%s': the governors can add it (oremark scheme recognise)",
                 om_stage_who(stage, who, stage->member.number), scheme);
}

enum om_code om_certify_rule(struct om_stage *stage, uint16_t index, const Oremark__Event *event,
                             struct om_status *st) {
  (void)index;
  const Oremark__Certify *c = event->certify;
  struct om_certificate certificate = {.from_ms = c->valid_from_ms,
                                       .until_ms = c->valid_until_ms,
                                       .quantity_mg = (int64_t)c->quantity_mg,
                                       .element = (uint8_t)c->element};
  uint8_t kept[OM_ATTESTED_KEPT_MAX];
  if (om_rule_role(stage, OM_ROLE(CERTIFIER), "certify", st) != OM_OK || check_scheme(stage, c->scheme, st) != OM_OK ||
      om_stage_subject(stage, &certificate.subject, c->subject, st) != OM_OK)
    return st->code;
  memcpy(certificate.scheme, c->scheme, strlen(c->scheme) + 1);
  om_stage_attest(stage, event, &certificate.subject, kept, om_certificate_pack(kept, &certificate));
  return OM_OK;
}

void om_certify_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__Certify *c = event->certify;
  char from[OM_TIME_TEXT_BYTES], until[OM_TIME_TEXT_BYTES], mass[OM_MASS_TEXT_BYTES];
  om_text_add(out, "certify ");
  om_text_subject(out, c->subject);
  om_text_add(out, " under %s", c->scheme);
  if (c->level[0]) om_text_add(out, ", %s", c->level);
  om_text_add(out, ", from %s until %s", om_time_format(from, sizeof from, c->valid_from_ms, 0),
              om_time_format(until, sizeof until, c->valid_until_ms, 0));
  if (c->quantity_mg > 0)
    om_text_add(out, ", for %s%s%s", om_mass_format(mass, sizeof mass, (int64_t)c->quantity_mg),
                c->element ? " of " : " gross", c->element ? om_element_symbol((uint8_t)c->element) : "");
  om_text_remark(out, c->scope);
}
