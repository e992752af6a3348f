/* Collect: new lots from waste. Their metal comes from that class of waste at the place where it was taken in. */
#include <string.h>

#include "ledger/events/events.h"
#include "ledger/events/forms.h"
#include "ledger/events/rules.h"

static enum om_code form_product_lots(const Oremark__Collect *c, struct om_status *st) {
  if (om_form_count("product lots", c->n_product_lots, 0, OM_EVENT_LOTS_MAX, st) != OM_OK) return st->code;
  for (size_t i = 0; i < c->n_product_lots; i++) {
    if (c->product_lots[i].len != OM_LOT_NUMBER_BYTES)
      return om_fail(st, OM_REFUSED, "form", "product lots: no. %zu has %zu bytes: a lot number has %d", i + 1,
                     c->product_lots[i].len, OM_LOT_NUMBER_BYTES);
    if (i > 0 && memcmp(c->product_lots[i - 1].data, c->product_lots[i].data, OM_LOT_NUMBER_BYTES) >= 0)
      return om_fail(st, OM_REFUSED, "form", "product lots: put them in ascending order, none twice (no. %zu)", i + 1);
  }
  return OM_OK;
}

enum om_code om_collect_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__Collect *c = event->collect;
  if (om_form_number("site", c->site, st) != OM_OK ||
      om_form_enum("waste class", &oremark__waste_class__descriptor, (int)c->waste, true, st) != OM_OK ||
      om_form_text("feedstock", c->feedstock, 0, OM_TITLE_MAX, st) != OM_OK ||
      om_form_text("product", c->product, 0, OM_TITLE_MAX, st) != OM_OK || form_product_lots(c, st) != OM_OK)
    return st->code;
  return om_form_materials("lots", c->lots, c->n_lots, 1, OM_EVENT_LOTS_MAX, 1, st);
}

/* Waste of making things comes back to whoever makes or melts; what consumers used comes through recyclers. */
static uint32_t roles_for(Oremark__WasteClass waste) {
  if (waste == OREMARK__WASTE_CLASS__WASTE_CLASS_POST_CONSUMER) return OM_ROLE(RECYCLER);
  return OM_ROLE(RECYCLER) | OM_ROLE(MANUFACTURER) | OM_ROLE(SMELTER) | OM_ROLE(REFINER);
}

enum om_code om_collect_rule(struct om_stage *stage, uint16_t index, const Oremark__Event *event,
                             struct om_status *st) {
  (void)index;
  const Oremark__Collect *c = event->collect;
  const struct om_site *site;
  bool is_used = c->waste == OREMARK__WASTE_CLASS__WASTE_CLASS_POST_CONSUMER;
  const char *doing = is_used ? "collect post-consumer waste" : "collect manufacturing waste";
  if (om_rule_role(stage, roles_for(c->waste), doing, st) != OM_OK) return st->code;
  if (om_stage_site(stage, &site, c->site, st) != OM_OK) return st->code;
  struct om_origin origin = {is_used ? OM_ORIGIN_POST_CONSUMER_WASTE : OM_ORIGIN_MANUFACTURING_WASTE,
                             {site->country[0], site->country[1]},
                             stage->member.number,
                             c->site};
  return om_rule_begin(stage, c->lots, c->n_lots, c->site, origin, st);
}

void om_collect_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__Collect *c = event->collect;
  char waste[OM_ENUM_WORD_BYTES];
  om_text_add(out, "collect ");
  om_text_count(out, c->n_lots, "lot");
  om_text_add(out, " of %s waste at ", om_enum_word(waste, &oremark__waste_class__descriptor, (int)c->waste));
  om_text_add_site(out, 0, c->site);
  if (c->feedstock[0]) om_text_add(out, " (%s)", c->feedstock);
  om_text_materials(out, c->lots, c->n_lots);
}
