/* Ship: the lots go to the consignee, and the pen with them. They stay the consignor's until received. */
#include "ledger/events/events.h"
#include "ledger/events/forms.h"
#include "ledger/events/rules.h"

enum om_code om_ship_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__Ship *s = event->ship;
  if (om_form_refs("lots", s->lots, s->n_lots, 1, st) != OM_OK ||
      om_form_number("consignee", s->consignee, st) != OM_OK ||
      om_form_enum("mode", &oremark__transport_mode__descriptor, (int)s->mode, false, st) != OM_OK ||
      om_form_texts("seals", s->seals, s->n_seals, OM_SEALS_MAX, OM_WORD_MAX, st) != OM_OK)
    return st->code;
  return om_form_text("waybill", s->waybill, 0, OM_WORD_MAX, st);
}

/* Nothing is sent to where nobody could take it in: it would be stuck there. */
static enum om_code check_consignee(const struct om_stage *stage, uint32_t number, struct om_status *st) {
  struct om_member to;
  if (number == stage->member.number)
    return om_fail(st, OM_REFUSED, "consignee", "a lot can't be shipped to its own custodian: name another member");
  enum om_code code = om_registry_member(stage->backing->txn, &to, number, stage->judged->registry_size, st);
  if (code == OM_MISSING)
    return om_fail(st, OM_REFUSED, "consignee", "there is no member %u: look the consignee up (oremark member list)",
                   number);
  if (code != OM_OK) return code;
  if (to.suspended)
    return om_fail(st, OM_REFUSED, "suspended", "the consignee, member %u (%s), is suspended: ship it elsewhere",
                   number, to.name);
  if (to.home_log == OM_LOG_REGISTRY)
    return om_fail(st, OM_REFUSED, "consignee",
                   "the home log of member %u (%s) is the registry log, which holds no receipts: ship it elsewhere",
                   number, to.name);
  if ((to.roles & OM_ROLES_CUSTODY) == 0)
    return om_fail(st, OM_REFUSED, "role",
                   "the consignee, member %u (%s), has no role in which it takes custody: ship it elsewhere", number,
                   to.name);
  return OM_OK;
}

static enum om_code ship_one(struct om_stage *stage, const Oremark__Ship *s, const Oremark__LotRef *ref,
                             struct om_status *st) {
  const struct om_lot *lot;
  if (om_rule_take(stage, &lot, ref, st) != OM_OK) return st->code;
  bool to_third_party = lot->owner != s->consignee;
  if (s->with_title && om_rule_title(stage, lot, 0, "shipped with title", st) != OM_OK) return st->code;
  if (to_third_party && om_rule_title(stage, lot, OM_MANDATE_SHIP, "sent to a third party", st) != OM_OK)
    return st->code;
  struct om_lot *row = om_stage_step(stage, lot);
  row->state = OM_LOT_IN_TRANSIT;
  row->pen = s->consignee;
  row->next_owner = s->with_title ? s->consignee : OM_MEMBER_NONE;
  om_stage_output(stage, row);
  return OM_OK;
}

enum om_code om_ship_rule(struct om_stage *stage, uint16_t index, const Oremark__Event *event, struct om_status *st) {
  (void)index;
  const Oremark__Ship *s = event->ship;
  if (om_rule_role(stage, OM_ROLES_CUSTODY, "ship", st) != OM_OK) return st->code;
  if (check_consignee(stage, s->consignee, st) != OM_OK) return st->code;
  for (size_t i = 0; i < s->n_lots; i++)
    if (ship_one(stage, s, s->lots[i], st) != OM_OK) return st->code;
  return OM_OK;
}

void om_ship_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__Ship *s = event->ship;
  char mode[OM_ENUM_WORD_BYTES];
  om_text_add(out, "ship ");
  om_text_count(out, s->n_lots, "lot");
  om_text_add(out, " to ");
  om_text_add_member(out, s->consignee);
  if (s->mode != OREMARK__TRANSPORT_MODE__TRANSPORT_MODE_UNSTATED)
    om_text_add(out, " by %s", om_enum_word(mode, &oremark__transport_mode__descriptor, (int)s->mode));
  if (s->with_title) om_text_add(out, ", with title");
  if (s->waybill[0]) om_text_add(out, ", waybill %s", s->waybill);
}
