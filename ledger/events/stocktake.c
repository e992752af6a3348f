/* Stocktake: what a pool was measured to hold. A shortfall is a loss; a gain inside the tolerance counts as drift, a
 * larger one is not taken. */
#include "ledger/events/events.h"
#include "ledger/events/forms.h"
#include "ledger/events/rules.h"

enum om_code om_stocktake_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__Stocktake *s = event->stocktake;
  if (om_form_ref("pool", s->pool, st) != OM_OK || om_form_mass("gross mass", s->gross_mg, 0, st) != OM_OK ||
      om_form_text("method", s->method, 0, OM_TITLE_MAX, st) != OM_OK)
    return st->code;
  return om_form_masses("metals", s->metals, s->n_metals, 0, st);
}

/* Every element is measured: one that is forgotten would stay as reckoned, unseen. */
static enum om_code check_all(const struct om_lot *pool, const Oremark__Stocktake *s, struct om_status *st) {
  size_t m = 0;
  for (size_t i = 0; i < pool->n_contents; i++) {
    while (m < s->n_metals && s->metals[m]->element < pool->contents[i].element) m++;
    if (m < s->n_metals && s->metals[m]->element == pool->contents[i].element) continue;
    char text[OM_LOT_TEXT_BYTES], has[OM_MASS_TEXT_BYTES];
    return om_fail(
        st, OM_REFUSED, "stocktake", "pool %s holds %s of %s, which was not measured: state it, 0 if there is none",
        om_lot_format(text, sizeof text, pool->number), om_mass_format(has, sizeof has, pool->contents[i].contained_mg),
        om_element_symbol(pool->contents[i].element));
  }
  return OM_OK;
}

enum om_code om_stocktake_rule(struct om_stage *stage, uint16_t index, const Oremark__Event *event,
                               struct om_status *st) {
  (void)index;
  static const char advice[] = "measure again, or charge what was put in without a record";
  const Oremark__Stocktake *s = event->stocktake;
  const struct om_lot *was;
  bool is_short;
  if (om_rule_role(stage, om_process_roles(OREMARK__PROCESS__PROCESS_UNSTATED), "take stock of a pool", st) != OM_OK ||
      om_rule_take_pool(stage, &was, s->pool, st) != OM_OK || check_all(was, s, st) != OM_OK)
    return st->code;
  struct om_lot *pool = om_stage_step(stage, was);
  pool->gross_mg = (int64_t)s->gross_mg;
  if (om_rule_measured(stage, pool, &is_short, s->metals, s->n_metals, advice, st) != OM_OK) return st->code;
  if (om_rule_content(pool, st) != OM_OK) return st->code;
  om_stage_output(stage, pool);
  return OM_OK;
}

void om_stocktake_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__Stocktake *s = event->stocktake;
  char gross[OM_MASS_TEXT_BYTES];
  om_text_add(out, "take stock of a pool: gross %s", om_mass_format(gross, sizeof gross, (int64_t)s->gross_mg));
  om_text_masses(out, ", ", s->metals, s->n_metals);
  om_text_remark(out, s->method);
}
