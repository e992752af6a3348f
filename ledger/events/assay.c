/* Assay: what a laboratory, or one side of a sale, found in a lot. Results stand side by side; ledger/assays.h says
 * what follows from them. */
#include "ledger/attested.h"
#include "ledger/events/events.h"
#include "ledger/events/forms.h"
#include "ledger/events/rules.h"

enum { RESULTS_MAX = 64 }; /* a full ICP scan reports some sixty elements */

static enum om_code form_results(const Oremark__Assay *a, struct om_status *st) {
  if (om_form_count("results", a->n_results, 1, RESULTS_MAX, st) != OM_OK) return st->code;
  for (size_t i = 0; i < a->n_results; i++) {
    const Oremark__AssayResult *r = a->results[i];
    if (om_form_element("results", r->element, i > 0 ? a->results[i - 1]->element : 0, st) != OM_OK) return st->code;
    const char *symbol = om_element_symbol((uint8_t)r->element);
    if (!r->value) return om_fail(st, OM_REFUSED, "form", "%s: the result is missing: state it as a fraction", symbol);
    if (om_form_fraction("result", r->value, st) != OM_OK ||
        om_form_fraction("splitting limit", r->splitting_limit, st) != OM_OK)
      return om_wrap(st, "%s", symbol);
  }
  return OM_OK;
}

/* A splitting limit is agreed between the two sides of a contract, metal by metal: so it is stated with their results,
 * and not among the limits of the network. */
enum om_code om_assay_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__Assay *a = event->assay;
  if (om_form_subject(a->subject, st) != OM_OK || om_form_text("method", a->method, 1, OM_WORD_MAX, st) != OM_OK ||
      om_form_text("sample", a->sample, 0, OM_WORD_MAX, st) != OM_OK ||
      om_form_enum("role", &oremark__assay_role__descriptor, (int)a->role, false, st) != OM_OK ||
      form_results(a, st) != OM_OK)
    return st->code;
  if (a->subject->lot.len != 0) return OM_OK;
  return om_fail(st, OM_REFUSED, "form", "`subject`: an assay is of a lot: name it by its number");
}

enum om_code om_assay_rule(struct om_stage *stage, uint16_t index, const Oremark__Event *event, struct om_status *st) {
  (void)index;
  const Oremark__Assay *a = event->assay;
  struct om_subject_key about;
  bool is_side = a->role == OREMARK__ASSAY_ROLE__ASSAY_ROLE_SELLER || a->role == OREMARK__ASSAY_ROLE__ASSAY_ROLE_BUYER;
  uint32_t roles = is_side ? OM_ROLES_CUSTODY | OM_ROLE(LABORATORY) : OM_ROLE(LABORATORY);
  const char *doing = is_side ? "state a side's assay" : "state a laboratory's assay";
  if (om_rule_role(stage, roles, doing, st) != OM_OK || om_stage_subject(stage, &about, a->subject, st) != OM_OK)
    return st->code;
  om_stage_attest(stage, event, &about, NULL, 0);
  return OM_OK;
}

void om_assay_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__Assay *a = event->assay;
  char role[OM_ENUM_WORD_BYTES];
  om_text_add(out, "assay of ");
  om_text_subject(out, a->subject);
  if (a->role != OREMARK__ASSAY_ROLE__ASSAY_ROLE_UNSTATED)
    om_text_add(out, "%s%s", a->role == OREMARK__ASSAY_ROLE__ASSAY_ROLE_UMPIRE ? " as " : " for the ",
                om_enum_word(role, &oremark__assay_role__descriptor, (int)a->role));
  for (size_t i = 0; i < a->n_results; i++) {
    om_text_add(out, "%s%s ", i == 0 ? ": " : ", ", om_element_symbol((uint8_t)a->results[i]->element));
    om_text_decimal(out, a->results[i]->value);
  }
  om_text_add(out, " (%s%s%s)", a->method, a->sample[0] ? ", sample " : "", a->sample);
}
