/* Draw: output lots come out of a pool at its mix of that moment. What comes out and is lost is no more than the pool
 * holds, to the milligram: a plant that finds more takes stock first. The pool's gross mass between two stocktakes is a
 * reckoning (reagents and water come and go unweighed), so it falls by the outputs' but never below the metal that is
 * left. What comes out belongs to the pool's owner. */
#include "ledger/claimed.h"
#include "ledger/events/events.h"
#include "ledger/events/forms.h"
#include "ledger/events/rules.h"

enum { DRAW_OUTPUTS_MAX = OM_EVENT_LOTS_MAX - 1 }; /* the pool is one of the lots that it writes */

enum om_code om_draw_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__Draw *d = event->draw;
  if (om_form_ref("pool", d->pool, st) != OM_OK || om_form_losses(d->losses, d->n_losses, st) != OM_OK) return st->code;
  return om_form_materials("outputs", d->outputs, d->n_outputs, 1, DRAW_OUTPUTS_MAX, 0, st);
}

static enum om_code check_balance(const struct om_lot *pool, const struct om_flow *flow, const struct om_claim *claim,
                                  struct om_status *st) {
  for (uint8_t e = 1; e <= OM_ELEMENT_MAX; e++) {
    if (claim->mg[e] <= flow->mg[e]) continue;
    char text[OM_LOT_TEXT_BYTES], out[OM_MASS_TEXT_BYTES], has[OM_MASS_TEXT_BYTES];
    return om_fail(st, OM_REFUSED, "balance",
                   "%s: outputs and losses come to %s, and pool %s holds %s: charge it or take its stock first",
                   om_element_symbol(e), om_mass_format(out, sizeof out, claim->mg[e]),
                   om_lot_format(text, sizeof text, pool->number), om_mass_format(has, sizeof has, flow->mg[e]));
  }
  return OM_OK;
}

/* What the pool is left with: FLOW after outputs have come out of it and LOST goes. */
static enum om_code close_pool(struct om_stage *stage, struct om_lot *pool, struct om_flow *flow,
                               const struct om_claim *lost, int64_t drawn_mg, struct om_status *st) {
  int64_t left = 0; /* no more than the pool held, which fitted */
  for (uint8_t e = 1; e <= OM_ELEMENT_MAX; e++) {
    if (lost->mg[e] > 0) om_flow_take(stage, flow, e, lost->mg[e]);
    if (!om_mass_add(&left, left, flow->mg[e])) left = OM_MASS_MAX_MG;
  }
  pool->gross_mg = pool->gross_mg > drawn_mg ? pool->gross_mg - drawn_mg : 0;
  if (pool->gross_mg < left) pool->gross_mg = left;
  return om_flow_contents(stage, pool, flow, st);
}

enum om_code om_draw_rule(struct om_stage *stage, uint16_t index, const Oremark__Event *event, struct om_status *st) {
  (void)index;
  const Oremark__Draw *d = event->draw;
  const struct om_lot *was;
  struct om_flow flow;
  struct om_claim claim, lost;
  if (om_rule_role(stage, om_process_roles(OREMARK__PROCESS__PROCESS_UNSTATED), "draw from a pool", st) != OM_OK ||
      om_rule_take_pool(stage, &was, d->pool, st) != OM_OK || om_flow_of(stage, &flow, &was, 1, st) != OM_OK ||
      om_claim_of(&claim, d->outputs, d->n_outputs, d->losses, d->n_losses, st) != OM_OK ||
      om_claim_of(&lost, NULL, 0, d->losses, d->n_losses, st) != OM_OK ||
      check_balance(was, &flow, &claim, st) != OM_OK)
    return st->code;
  struct om_lot *pool = om_stage_step(stage, was);
  om_stage_output(stage, pool);
  if (om_flow_out(stage, &flow, d->outputs, d->n_outputs, was->site, was->owner, st) != OM_OK) return st->code;
  if (close_pool(stage, pool, &flow, &lost, claim.gross_mg, st) != OM_OK) return st->code;
  return om_claimed_pass(stage, &was, 1, st);
}

void om_draw_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__Draw *d = event->draw;
  om_text_add(out, "draw ");
  om_text_count(out, d->n_outputs, "lot");
  om_text_add(out, " from a pool");
  om_text_materials(out, d->outputs, d->n_outputs);
  om_text_losses(out, d->losses, d->n_losses);
}
