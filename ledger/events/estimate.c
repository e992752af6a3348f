/* Estimate: a site's resource or yearly capacity, the ceiling for what it declares to have put out. It voids nothing:
 * that output goes over it is a finding (ledger/output.h). */
#include "ledger/attested.h"
#include "ledger/events/events.h"
#include "ledger/events/forms.h"
#include "ledger/events/rules.h"
#include "ledger/output.h"

enum om_code om_estimate_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__Estimate *e = event->estimate;
  if (om_form_number("member", e->member, st) != OM_OK || om_form_number("site", e->site, st) != OM_OK ||
      om_form_enum("kind", &oremark__estimate_kind__descriptor, (int)e->kind, true, st) != OM_OK ||
      om_form_count("metals", e->n_metals, 1, OM_LOT_METALS_MAX, st) != OM_OK ||
      om_form_masses("metals", e->metals, e->n_metals, 1, st) != OM_OK)
    return st->code;
  if (e->as_of_ms > 0 && e->as_of_ms <= OM_TIME_MAX_MS) return OM_OK;
  return om_fail(st, OM_REFUSED, "form", "%lld ms is no time between 1970 and 9999: state as of when it is estimated",
                 (long long)e->as_of_ms);
}

enum om_code om_estimate_rule(struct om_stage *stage, uint16_t index, const Oremark__Event *event,
                              struct om_status *st) {
  (void)index;
  const Oremark__Estimate *e = event->estimate;
  Oremark__Subject subject = OREMARK__SUBJECT__INIT;
  struct om_subject_key about;
  struct om_ceiling ceiling = {.kind = e->kind, .as_of_ms = e->as_of_ms, .n = e->n_metals};
  uint8_t kept[OM_ATTESTED_KEPT_MAX];
  uint32_t experts = OM_ROLE(LABORATORY) | OM_ROLE(CERTIFIER) | OM_ROLE(INSPECTOR) | OM_ROLE(AUDITOR);
  subject.member = e->member;
  subject.site = e->site;
  if (e->member != stage->member.number &&
      om_rule_role(stage, experts, "estimate the site of another member", st) != OM_OK)
    return st->code;
  if (om_stage_subject(stage, &about, &subject, st) != OM_OK) return st->code;
  for (size_t i = 0; i < e->n_metals; i++) {
    ceiling.metals[i].element = (uint8_t)e->metals[i]->element;
    ceiling.metals[i].mg = (int64_t)e->metals[i]->mass_mg;
  }
  om_stage_attest(stage, event, &about, kept, om_ceiling_pack(kept, &ceiling));
  om_about_output(&about, e->member, e->site);
  om_stage_about(stage, event, &about);
  return OM_OK;
}

void om_estimate_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__Estimate *e = event->estimate;
  char when[OM_TIME_TEXT_BYTES];
  om_time_format(when, sizeof when, e->as_of_ms, 0);
  om_text_add(out, "estimate %s of ",
              e->kind == OREMARK__ESTIMATE_KIND__ESTIMATE_KIND_RESOURCE ? "the resource" : "the yearly capacity");
  om_text_add_site(out, e->member, e->site);
  om_text_add(out, " of ");
  om_text_add_member(out, e->member);
  om_text_add(out, " as of %.10s", when);
  om_text_masses(out, ": ", e->metals, e->n_metals);
}
