/* Charge: whole lots go into a pool, or begin one. A pool is a lot with a running balance and mix: it is only ever
 * charged, drawn from and measured, and belongs to the common owner of what began it (the signer, where there were
 * several). What belongs to others goes in with their signature and is the pool owner's then; if that is not the
 * signer, it signs too. */
#include <string.h>

#include "ledger/claimed.h"
#include "ledger/events/events.h"
#include "ledger/events/forms.h"
#include "ledger/events/rules.h"

enum om_code om_charge_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__Charge *c = event->charge;
  if (om_form_number("site", c->site, st) != OM_OK || om_form_refs("inputs", c->inputs, c->n_inputs, 1, st) != OM_OK ||
      om_form_text("name", c->name, 0, OM_TITLE_MAX, st) != OM_OK ||
      om_form_enum("process", &oremark__process__descriptor, (int)c->process, !c->pool, st) != OM_OK)
    return st->code;
  if (!c->pool) return OM_OK;
  if (c->name[0] || c->process != OREMARK__PROCESS__PROCESS_UNSTATED)
    return om_fail(st, OM_REFUSED, "form",
                   "name and process are for the charge that begins a pool: leave them out here");
  return om_form_ref("pool", c->pool, st);
}

/* The pool as it is to be written: its next row, or a new lot. WAS is NULL for a new one. */
static enum om_code open_pool(struct om_stage *stage, struct om_lot **out, const struct om_lot *was, uint32_t site,
                              uint32_t owner, struct om_status *st) {
  if (was) {
    *out = om_stage_step(stage, was);
    om_stage_output(stage, *out);
    return OM_OK;
  }
  if (om_stage_new(stage, out, st) != OM_OK) return st->code;
  (*out)->pool = true;
  (*out)->site = site;
  (*out)->owner = owner;
  return OM_OK;
}

/* The pool that is charged, if there is one yet. */
static enum om_code find_pool(struct om_stage *stage, const struct om_lot **out, const Oremark__Charge *c,
                              struct om_status *st) {
  *out = NULL;
  if (!c->pool) return OM_OK;
  if (om_rule_take_pool(stage, out, c->pool, st) != OM_OK) return st->code;
  if ((*out)->site == c->site) return OM_OK;
  char text[OM_LOT_TEXT_BYTES];
  return om_fail(st, OM_REFUSED, "site", "pool %s stands at site %u, not at site %u: charge it where it stands",
                 om_lot_format(text, sizeof text, (*out)->number), (*out)->site, c->site);
}

static enum om_code charge(struct om_stage *stage, const struct om_lot *was, const struct om_lot **inputs, size_t n,
                           uint32_t site, struct om_status *st) {
  uint32_t owner;
  struct om_flow flow;
  struct om_lot *pool;
  const struct om_lot **all = om_arena_array(stage->arena, n + 1, sizeof *all);
  if (om_rule_title_all(stage, &owner, inputs, n, was ? was->owner : OM_MEMBER_NONE, "consumed", st) != OM_OK)
    return st->code;
  if (was && owner != was->owner && om_rule_title(stage, was, 0, "charged with what others own", st) != OM_OK)
    return st->code;
  memcpy(all, inputs, n * sizeof *all);
  if (was) all[n] = was;
  if (om_flow_of(stage, &flow, all, was ? n + 1 : n, st) != OM_OK) return st->code;
  if (open_pool(stage, &pool, was, site, owner, st) != OM_OK) return st->code;
  pool->gross_mg = flow.gross_mg;
  if (om_flow_contents(stage, pool, &flow, st) != OM_OK) return st->code;
  return om_claimed_pass(stage, all, was ? n + 1 : n, st);
}

enum om_code om_charge_rule(struct om_stage *stage, uint16_t index, const Oremark__Event *event, struct om_status *st) {
  (void)index;
  const Oremark__Charge *c = event->charge;
  const struct om_site *site;
  const struct om_lot *was, **inputs;
  char word[OM_ENUM_WORD_BYTES];
  const char *doing = c->pool ? "charge a pool" : om_enum_word(word, &oremark__process__descriptor, (int)c->process);
  if (om_rule_role(stage, om_process_roles(c->process), doing, st) != OM_OK ||
      om_stage_site(stage, &site, c->site, st) != OM_OK || find_pool(stage, &was, c, st) != OM_OK ||
      om_rule_take_all(stage, &inputs, c->inputs, c->n_inputs, st) != OM_OK ||
      charge(stage, was, inputs, c->n_inputs, c->site, st) != OM_OK)
    return st->code;
  for (size_t i = 0; i < c->n_inputs; i++) om_stage_consume(stage, inputs[i]);
  return OM_OK;
}

void om_charge_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__Charge *c = event->charge;
  char process[OM_ENUM_WORD_BYTES];
  om_text_add(out, "charge ");
  om_text_count(out, c->n_inputs, "lot");
  if (c->pool)
    om_text_add(out, " into a pool at ");
  else
    om_text_add(out, " into a new pool to %s at ",
                om_enum_word(process, &oremark__process__descriptor, (int)c->process));
  om_text_add_site(out, 0, c->site);
  om_text_remark(out, c->name);
}
