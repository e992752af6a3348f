/* Hold: lots that stay where and what they are until enough of the members named have signed the release: a strategic
 * reserve, customs, a pledge, quarantine. What an event may do with a lot on hold (each cell is a case of
 * tests/unit/ledger/test_hold.c; rules.c asks, so that no rule can forget it):
 *
 *   Ship, Split, Combine, Transform, Charge, Retire   refused: it would leave, or be something else
 *   Settle, Correct of its balance                    refused: what is promised would become another weight
 *   Hold                                              refused: it is held already; release it first, in one statement
 *   TransferTitle                                     with the signatures that its release takes; it stays on hold
 *   Release                                           with those signatures
 *   the two                                           without them, where the governors have overruled the hold, from
 *                                                     the log's own mark of that act on
 *   Receive, Reject                                   as ever, and it stays on hold: after a Reassign alone, for a lot
 *                                                     on hold is never shipped
 *   attestations about it, Claim                      as ever: they move nothing
 *
 * A pool is never on hold: its balance is what runs through a plant. What a part of a lot is needed for is done in one
 * statement: Release, Split, Hold of the rest. The terms stand in the lot's row, so that they are judged as of any
 * mark.
 */
#include "ledger/events/events.h"
#include "ledger/events/forms.h"
#include "ledger/events/rules.h"
#include "ledger/held.h"

static enum om_code form_releasers(const Oremark__Hold *h, struct om_status *st) {
  if (om_form_count("releasers", h->n_releasers, 1, OM_RELEASERS_MAX, st) != OM_OK) return st->code;
  for (size_t i = 0; i < h->n_releasers; i++) {
    if (om_form_number("releaser", h->releasers[i], st) != OM_OK) return st->code;
    if (i > 0 && h->releasers[i - 1] >= h->releasers[i])
      return om_fail(st, OM_REFUSED, "form",
                     "releasers are to be ascending, each once; member %u comes after member %u", h->releasers[i],
                     h->releasers[i - 1]);
  }
  if (h->threshold >= 1 && h->threshold <= h->n_releasers) return OM_OK;
  return om_fail(st, OM_REFUSED, "form", "%u of %zu releasers are to sign: state a number from 1 to %zu", h->threshold,
                 h->n_releasers, h->n_releasers);
}

enum om_code om_hold_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__Hold *h = event->hold;
  if (om_form_refs("lots", h->lots, h->n_lots, 1, st) != OM_OK ||
      om_form_enum("reason", &oremark__hold_reason__descriptor, (int)h->reason, true, st) != OM_OK)
    return st->code;
  return form_releasers(h, st);
}

/* A release that waits for nobody would never come, nor one that takes the signatures of suspended members. */
static enum om_code check_releasers(struct om_stage *stage, const Oremark__Hold *h, struct om_status *st) {
  uint32_t can_sign = 0;
  for (size_t i = 0; i < h->n_releasers; i++) {
    struct om_member member;
    enum om_code code =
        om_registry_member(stage->backing->txn, &member, h->releasers[i], stage->judged->registry_size, st);
    if (code == OM_MISSING)
      return om_fail(st, OM_REFUSED, "hold",
                     "there is no member %u to sign a release: look it up (oremark member list)", h->releasers[i]);
    if (code != OM_OK) return code;
    can_sign += !member.suspended;
  }
  if (can_sign >= h->threshold) return OM_OK;
  return om_fail(st, OM_REFUSED, "hold",
                 "%u of the %zu releasers are to sign, and only %u are not suspended: name others, or fewer",
                 h->threshold, h->n_releasers, can_sign);
}

enum om_code om_hold_rule(struct om_stage *stage, uint16_t index, const Oremark__Event *event, struct om_status *st) {
  (void)index;
  const Oremark__Hold *h = event->hold;
  if (om_rule_role(stage, OM_ROLES_CUSTODY, "put lots on hold", st) != OM_OK) return st->code;
  if (check_releasers(stage, h, st) != OM_OK) return st->code;
  const uint32_t *releasers = om_arena_copy(stage->arena, h->releasers, h->n_releasers * sizeof *h->releasers);
  for (size_t i = 0; i < h->n_lots; i++) {
    const struct om_lot *lot;
    if (om_rule_take(stage, &lot, h->lots[i], st) != OM_OK) return st->code;
    if (om_rule_title(stage, lot, 0, "put on hold", st) != OM_OK) return st->code;
    struct om_lot *row = om_stage_step(stage, lot);
    om_stage_output(stage, row);
    row->hold = (struct om_hold){.reason = (uint8_t)h->reason,
                                 .threshold = (uint8_t)h->threshold,
                                 .n_releasers = (uint8_t)h->n_releasers,
                                 .releasers = releasers,
                                 .at = row->at};
    om_held_put(stage, row, row->hold.reason, false, event->at_ms);
  }
  return OM_OK;
}

void om_hold_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__Hold *h = event->hold;
  char reason[OM_ENUM_WORD_BYTES];
  om_text_add(out, "hold ");
  om_text_count(out, h->n_lots, "lot");
  om_text_add(out, " (%s) until %u of ", om_enum_word(reason, &oremark__hold_reason__descriptor, (int)h->reason),
              h->threshold);
  for (size_t i = 0; i < h->n_releasers; i++) {
    om_text_add(out, "%s", i > 0 ? ", " : "");
    om_text_add_member(out, h->releasers[i]);
  }
  om_text_add(out, h->n_releasers == 1 ? " signs the release" : " sign the release");
}
