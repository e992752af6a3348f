/* Transform: whole lots become new lots. Element by element, outputs and losses are no more than the inputs and the
 * tolerance of the process; a gain inside it counts as drift. Gross masses are not balanced: reagents and oxygen come
 * in, water and gas go. Inputs need not stand at the event's site: a member that moves lots between its own sites
 * writes no event of it. */
#include "ledger/claimed.h"
#include "ledger/events/events.h"
#include "ledger/events/forms.h"
#include "ledger/events/rules.h"

enum om_code om_transform_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__Transform *t = event->transform;
  if (om_form_number("site", t->site, st) != OM_OK ||
      om_form_enum("process", &oremark__process__descriptor, (int)t->process, true, st) != OM_OK ||
      om_form_refs("inputs", t->inputs, t->n_inputs, 1, st) != OM_OK ||
      om_form_losses(t->losses, t->n_losses, st) != OM_OK)
    return st->code;
  return om_form_materials("outputs", t->outputs, t->n_outputs, 1, OM_EVENT_LOTS_MAX, 0, st);
}

static uint32_t tolerance_of(const Oremark__Limits *limits, Oremark__Process process) {
  for (size_t i = 0; i < limits->n_processes; i++)
    if (limits->processes[i]->process == process) return limits->processes[i]->tolerance_ppm;
  return 0;
}

static enum om_code over_balance(uint8_t element, int64_t in, int64_t out, const char *process, uint32_t ppm,
                                 struct om_status *st) {
  char had[OM_MASS_TEXT_BYTES], has[OM_MASS_TEXT_BYTES];
  om_mass_format(has, sizeof has, out);
  if (in == 0)
    return om_fail(
        st, OM_REFUSED, "balance",
        "outputs and losses hold %s of %s, which no input holds: add the input that is missing, or leave it out", has,
        om_element_symbol(element));
  return om_fail(st, OM_REFUSED, "balance",
                 "%s: outputs and losses come to %s, inputs to %s, and the tolerance of %s is %u ppm: add the input "
                 "that is missing, or correct the masses",
                 om_element_symbol(element), has, om_mass_format(had, sizeof had, in), process, ppm);
}

/* Makes FLOW at least what is claimed of each element, where the tolerance allows. */
static enum om_code balance(struct om_stage *stage, struct om_flow *flow, const struct om_claim *claim,
                            Oremark__Process process, struct om_status *st) {
  const Oremark__Limits *limits;
  for (uint8_t e = 1; e <= OM_ELEMENT_MAX; e++) {
    if (claim->mg[e] <= flow->mg[e]) continue;
    if (om_stage_limits(stage, &limits, st) != OM_OK) return st->code;
    uint32_t ppm = tolerance_of(limits, process);
    char word[OM_ENUM_WORD_BYTES];
    if (flow->mg[e] == 0 || !om_within_tolerance(claim->mg[e], flow->mg[e], ppm))
      return over_balance(e, flow->mg[e], claim->mg[e], om_enum_word(word, &oremark__process__descriptor, (int)process),
                          ppm, st);
    if (om_stage_gain(stage, e, claim->mg[e] - flow->mg[e], st) != OM_OK) return st->code;
    OM_ASSERT(om_mix_scale(stage->arena, &flow->mix[e], flow->mix[e], claim->mg[e]));
    flow->mg[e] = claim->mg[e];
  }
  return OM_OK;
}

enum om_code om_transform_rule(struct om_stage *stage, uint16_t index, const Oremark__Event *event,
                               struct om_status *st) {
  (void)index;
  const Oremark__Transform *t = event->transform;
  const struct om_site *site;
  const struct om_lot **inputs;
  struct om_flow flow;
  struct om_claim claim;
  uint32_t owner;
  char word[OM_ENUM_WORD_BYTES];
  om_enum_word(word, &oremark__process__descriptor, (int)t->process);
  if (om_rule_role(stage, om_process_roles(t->process), word, st) != OM_OK ||
      om_stage_site(stage, &site, t->site, st) != OM_OK ||
      om_rule_take_all(stage, &inputs, t->inputs, t->n_inputs, st) != OM_OK ||
      om_rule_title_all(stage, &owner, inputs, t->n_inputs, OM_MEMBER_NONE, "consumed", st) != OM_OK ||
      om_flow_of(stage, &flow, inputs, t->n_inputs, st) != OM_OK ||
      om_claim_of(&claim, t->outputs, t->n_outputs, t->losses, t->n_losses, st) != OM_OK ||
      balance(stage, &flow, &claim, t->process, st) != OM_OK ||
      om_flow_out(stage, &flow, t->outputs, t->n_outputs, t->site, owner, st) != OM_OK ||
      om_claimed_pass(stage, inputs, t->n_inputs, st) != OM_OK)
    return st->code;
  for (size_t i = 0; i < t->n_inputs; i++) om_stage_consume(stage, inputs[i]);
  return OM_OK;
}

void om_transform_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__Transform *t = event->transform;
  char process[OM_ENUM_WORD_BYTES];
  om_text_add(out, "%s ", om_enum_word(process, &oremark__process__descriptor, (int)t->process));
  om_text_count(out, t->n_inputs, "lot");
  om_text_add(out, " into %zu at ", t->n_outputs);
  om_text_add_site(out, 0, t->site);
  om_text_materials(out, t->outputs, t->n_outputs);
  om_text_losses(out, t->losses, t->n_losses);
}
