#include "ledger/events/rules.h"
#include "ledger/overruled.h"
#include "ledger/text.h"

enum { RELEASERS_NAMED = 4 }; /* of those who are still wanted: what fits one sentence */

static const char *reason_of(char out[OM_ENUM_WORD_BYTES], const struct om_lot *lot) {
  return om_enum_word(out, &oremark__hold_reason__descriptor, lot->hold.reason);
}

/* "member 3 (Ministry), member 4 (Warehouse)": those for whom WANTED says so. */
static void add_members(const struct om_stage *stage, struct om_text *out, const struct om_hold *hold,
                        const bool wanted[OM_RELEASERS_MAX]) {
  size_t n = 0;
  for (size_t i = 0; i < hold->n_releasers; i++) {
    char who[OM_WHO_BYTES];
    if (!wanted[i] || n++ >= RELEASERS_NAMED) continue;
    om_text_add(out, "%s%s", n > 1 ? ", " : "", om_stage_who(stage, who, hold->releasers[i]));
  }
  if (n > RELEASERS_NAMED) om_text_add(out, " and %zu more", n - RELEASERS_NAMED);
}

/* Whether the governors stand in for the releasers, as far as the judged log has taken their act up. */
static enum om_code check_overruled(struct om_stage *stage, bool *is, const struct om_hold *hold,
                                    struct om_status *st) {
  struct om_place act;
  *is = false;
  if (hold->at.log == stage->judged->log && hold->at.index == stage->judged->index) return OM_OK; /* not filed yet */
  return om_overruled(stage->backing->txn, is, &act, OM_OVERRULED_HOLD, &stage->judged->network, &hold->at,
                      OM_MEMBER_NONE, stage->judged->registry_size, st);
}

enum om_code om_rule_free(struct om_stage *stage, const struct om_lot *lot, struct om_status *st) {
  if (lot->hold.reason == OREMARK__HOLD_REASON__HOLD_REASON_UNSTATED) return OM_OK;
  char text[OM_LOT_TEXT_BYTES], reason[OM_ENUM_WORD_BYTES];
  struct om_text members;
  bool all[OM_RELEASERS_MAX];
  for (size_t i = 0; i < OM_RELEASERS_MAX; i++) all[i] = true;
  om_text_clear(&members);
  add_members(stage, &members, &lot->hold, all);
  bool overruled;
  if (check_overruled(stage, &overruled, &lot->hold, st) != OM_OK) return st->code;
  if (overruled)
    return om_fail(st, OM_REFUSED, "hold",
                   "lot %s is on hold (%s) by entry %llu of log %u, and the governors have overruled that: release it "
                   "first (oremark release), which takes no other signature",
                   om_lot_format(text, sizeof text, lot->number), reason_of(reason, lot),
                   (unsigned long long)lot->hold.at.index, lot->hold.at.log);
  return om_fail(st, OM_REFUSED, "hold",
                 "lot %s is on hold (%s) by entry %llu of log %u: it must be released first (oremark release), which "
                 "takes %u of %s",
                 om_lot_format(text, sizeof text, lot->number), reason_of(reason, lot),
                 (unsigned long long)lot->hold.at.index, lot->hold.at.log, lot->hold.threshold, members.bytes);
}

/* Every releaser is asked for, so that no signature of one is refused as not needed. */
static enum om_code count_signed(struct om_stage *stage, size_t *n, bool missing[OM_RELEASERS_MAX],
                                 const struct om_hold *hold, struct om_status *st) {
  *n = 0;
  for (size_t i = 0; i < hold->n_releasers; i++) {
    struct om_member member;
    enum om_code code =
        om_registry_member(stage->backing->txn, &member, hold->releasers[i], stage->judged->registry_size, st);
    if (code != OM_OK) return code;
    bool has_signed = om_stage_signed(stage, hold->releasers[i]);
    missing[i] = !has_signed && !member.suspended;
    *n += has_signed && !member.suspended;
  }
  return OM_OK;
}

enum om_code om_rule_released(struct om_stage *stage, const struct om_lot *lot, const char *doing,
                              struct om_status *st) {
  size_t n;
  bool missing[OM_RELEASERS_MAX];
  bool overruled = false;
  enum om_code code = count_signed(stage, &n, missing, &lot->hold, st);
  if (code == OM_OK && n < lot->hold.threshold) code = check_overruled(stage, &overruled, &lot->hold, st);
  if (code != OM_OK || overruled || n >= lot->hold.threshold) return code;
  char text[OM_LOT_TEXT_BYTES], reason[OM_ENUM_WORD_BYTES];
  struct om_text members;
  size_t able = n;
  for (size_t i = 0; i < lot->hold.n_releasers; i++) able += missing[i];
  om_text_clear(&members);
  add_members(stage, &members, &lot->hold, missing);
  return om_fail(
      st, OM_REFUSED, "hold",
      "lot %s is on hold (%s) and its %s takes the signatures of %u of %u members: %zu stand%s, and %zu more must come "
      "of %s: %s",
      om_lot_format(text, sizeof text, lot->number), reason_of(reason, lot), doing, lot->hold.threshold,
      lot->hold.n_releasers, n, n == 1 ? "s" : "", lot->hold.threshold - n,
      members.bytes[0] ? members.bytes : "members that are suspended",
      able >= lot->hold.threshold
          ? "have the statement (--out FILE) signed by them (oremark sign FILE) and submit it"
          : "so many can't sign, as others are suspended; the governors can stand in for them (oremark governance "
            "propose release LOT --as-governors)");
}
