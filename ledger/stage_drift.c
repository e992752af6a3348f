/* What a member may gain inside the tolerances. */
#include "ledger/quantity.h"
#include "ledger/stage_parts.h"

enum { DAY_MS = 86400000 };

static int64_t drift_cap(const Oremark__Limits *limits, uint8_t element) {
  int64_t any = 0;
  for (size_t i = 0; i < limits->n_drift_caps; i++) {
    const Oremark__DriftCap *cap = limits->drift_caps[i];
    int64_t mg = cap->cap_mg > OM_MASS_MAX_MG ? OM_MASS_MAX_MG : (int64_t)cap->cap_mg;
    if (cap->element == element) return mg;
    if (cap->element == 0) any = mg;
  }
  return any;
}

/* The staged sum of ELEMENT, begun with what the backing has. */
static enum om_code drift_of(struct om_stage *stage, struct om_staged_drift **out, uint8_t element, uint32_t period,
                             struct om_status *st) {
  for (size_t i = 0; i < stage->n_drift; i++) {
    *out = &stage->drift[i];
    if ((*out)->element == element) return OM_OK;
  }
  if (stage->n_drift == stage->cap_drift)
    stage->drift = om_stage_grown(stage->arena, stage->drift, stage->n_drift, &stage->cap_drift, sizeof *stage->drift);
  struct om_staged_drift *drift = &stage->drift[stage->n_drift];
  *drift = (struct om_staged_drift){.element = element, .period = period};
  enum om_code code = stage->backing->drift(stage->backing->ctx, &drift->mg, stage->member.number, element, period, st);
  if (code != OM_OK) return code;
  stage->n_drift++;
  *out = drift;
  return OM_OK;
}

enum om_code om_stage_gain(struct om_stage *stage, uint8_t element, int64_t mg, struct om_status *st) {
  if (mg <= 0 || stage->backing->uncapped) return OM_OK;
  const Oremark__Limits *limits;
  struct om_staged_drift *drift;
  enum om_code code = om_stage_limits(stage, &limits, st);
  if (code != OM_OK) return code;
  OM_ASSERT(limits->drift_period_days > 0);
  uint64_t period = (uint64_t)stage->judged->taken_ms / ((uint64_t)limits->drift_period_days * DAY_MS);
  period *= limits->drift_period_days; /* named by its first day: after SetLimits the same number is another time */
  code = drift_of(stage, &drift, element, (uint32_t)period, st);
  if (code != OM_OK) return code;
  int64_t cap = drift_cap(limits, element), sum;
  if (om_mass_add(&sum, drift->mg, mg) && sum <= cap) {
    drift->mg = sum;
    return OM_OK;
  }
  char gain[OM_MASS_TEXT_BYTES], before[OM_MASS_TEXT_BYTES], most[OM_MASS_TEXT_BYTES], who[OM_WHO_BYTES];
  return om_fail(
      st, OM_REFUSED, "drift-cap",
      "a gain of %s of %s, with %s gained before by %s in this period of %u days, is over the cap of %s: state no more "
      "than went in, and have scales and assays checked",
      om_mass_format(gain, sizeof gain, mg), om_element_symbol(element),
      om_mass_format(before, sizeof before, drift->mg), om_stage_who(stage, who, stage->member.number),
      limits->drift_period_days, om_mass_format(most, sizeof most, cap));
}
