/* TransferTitle: a lot gets another owner and stays where it is. Whoever holds the pen says it, in its log, so that
 * title has one order; both owners sign. A standing mandate is for sending and consuming, never for giving title away.
 * A lot on its way may change owners too (afloat), unless its title is under way with it already; of one on hold, title
 * passes with the signatures that its release takes (ledger/events/hold.c). */
#include "ledger/events/events.h"
#include "ledger/events/forms.h"
#include "ledger/events/rules.h"

enum om_code om_transfer_title_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__TransferTitle *t = event->transfer_title;
  if (om_form_refs("lots", t->lots, t->n_lots, 1, st) != OM_OK || om_form_number("from", t->from, st) != OM_OK ||
      om_form_number("to", t->to, st) != OM_OK)
    return st->code;
  if (t->from != t->to) return OM_OK;
  return om_fail(st, OM_REFUSED, "form", "title passes from one member to another: member %u is both", t->from);
}

static enum om_code check_signed(struct om_stage *stage, uint32_t member, const char *as, struct om_status *st) {
  if (member == stage->member.number || om_stage_signed(stage, member)) return OM_OK;
  char who[OM_WHO_BYTES];
  return om_fail(st, OM_REFUSED, "title",
                 "title passes with the signatures of both owners, and that of the %s, %s, is missing%s: write the "
                 "statement to a file (--out), have them sign that (oremark sign FILE) and submit it",
                 as, om_stage_who(stage, who, member), om_stage_unheard(stage, member));
}

static enum om_code check_next(struct om_stage *stage, uint32_t number, struct om_status *st) {
  struct om_member to;
  enum om_code code = om_registry_member(stage->backing->txn, &to, number, stage->judged->registry_size, st);
  if (code == OM_MISSING)
    return om_fail(st, OM_REFUSED, "title", "there is no member %u to own a lot: look it up (oremark member list)",
                   number);
  if (code != OM_OK) return code;
  if (!to.suspended) return OM_OK;
  return om_fail(st, OM_REFUSED, "suspended",
                 "the next owner, member %u (%s), is suspended: the governors can reinstate it", number, to.name);
}

static enum om_code check_lot(struct om_stage *stage, const struct om_lot *lot, uint32_t from, struct om_status *st) {
  char text[OM_LOT_TEXT_BYTES], who[OM_WHO_BYTES];
  om_lot_format(text, sizeof text, lot->number);
  if (lot->owner != from)
    return om_fail(st, OM_REFUSED, "title", "lot %s belongs to %s, not to member %u: name its owner", text,
                   om_stage_who(stage, who, lot->owner), from);
  if (lot->next_owner != OM_MEMBER_NONE)
    return om_fail(st, OM_REFUSED, "title",
                   "lot %s was shipped with title, which is on its way to %s: let it be received or rejected first",
                   text, om_stage_who(stage, who, lot->next_owner));
  if (lot->hold.reason == OREMARK__HOLD_REASON__HOLD_REASON_UNSTATED) return OM_OK;
  return om_rule_released(stage, lot, "change of owner", st);
}

enum om_code om_transfer_title_rule(struct om_stage *stage, uint16_t index, const Oremark__Event *event,
                                    struct om_status *st) {
  (void)index;
  const Oremark__TransferTitle *t = event->transfer_title;
  const struct om_lot **lots = om_arena_array(stage->arena, t->n_lots, sizeof *lots);
  for (size_t i = 0; i < t->n_lots; i++)
    if (om_rule_take_pen(stage, &lots[i], t->lots[i], st) != OM_OK) return st->code;
  if (check_next(stage, t->to, st) != OM_OK) return st->code;
  if (check_signed(stage, t->from, "present owner", st) != OM_OK) return st->code;
  if (check_signed(stage, t->to, "next owner", st) != OM_OK) return st->code;
  for (size_t i = 0; i < t->n_lots; i++) {
    if (check_lot(stage, lots[i], t->from, st) != OM_OK) return st->code;
    struct om_lot *row = om_stage_step(stage, lots[i]);
    row->owner = t->to;
    om_stage_output(stage, row);
  }
  return OM_OK;
}

void om_transfer_title_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__TransferTitle *t = event->transfer_title;
  om_text_add(out, "transfer title of ");
  om_text_count(out, t->n_lots, "lot");
  om_text_add(out, " from ");
  om_text_add_member(out, t->from);
  om_text_add(out, " to ");
  om_text_add_member(out, t->to);
}
