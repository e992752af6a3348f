/* Assay: what a laboratory, or one side of a sale, found in a lot. Only who has had the lot, or is to get it, speaks
 * for a side; which of several sales of a lot is meant is not judged here. Results stand side by side; ledger/assays.h
 * says what follows from them. */
#include <string.h>

#include "ledger/attested.h"
#include "ledger/events/events.h"
#include "ledger/events/forms.h"
#include "ledger/events/rules.h"

enum { RESULTS_MAX = 64 }; /* a full ICP scan reports some sixty elements */

static enum om_code form_results(const Oremark__Assay *a, struct om_status *st) {
  if (om_form_count("results", a->n_results, 1, RESULTS_MAX, st) != OM_OK) return st->code;
  for (size_t i = 0; i < a->n_results; i++) {
    const Oremark__AssayResult *r = a->results[i];
    if (om_form_element("results", r->element, i > 0 ? a->results[i - 1]->element : 0, st) != OM_OK) return st->code;
    const char *symbol = om_element_symbol((uint8_t)r->element);
    if (!r->value) return om_fail(st, OM_REFUSED, "form", "%s: the result is missing: state it as a fraction", symbol);
    if (om_form_fraction("result", r->value, st) != OM_OK ||
        om_form_fraction("splitting limit", r->splitting_limit, st) != OM_OK)
      return om_wrap(st, "%s", symbol);
  }
  return OM_OK;
}

/* A splitting limit is agreed between the two sides of a contract, metal by metal: so it is stated with their results,
 * and not among the limits of the network. */
enum om_code om_assay_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__Assay *a = event->assay;
  if (om_form_subject(a->subject, st) != OM_OK || om_form_text("method", a->method, 1, OM_WORD_MAX, st) != OM_OK ||
      om_form_text("sample", a->sample, 0, OM_WORD_MAX, st) != OM_OK ||
      om_form_enum("role", &oremark__assay_role__descriptor, (int)a->role, false, st) != OM_OK ||
      form_results(a, st) != OM_OK)
    return st->code;
  if (a->subject->lot.len != 0) return OM_OK;
  return om_fail(st, OM_REFUSED, "form", "`subject`: an assay is of a lot: name it by its number");
}

/* ---- whose side ---- */

/* Whether MEMBER stands in ROW as somebody who may speak for that side: the seller has or owns the lot, or consigned
 * it; the buyer has or owns it, or is to get it. */
static bool is_side(const struct om_lot *row, Oremark__AssayRole role, uint32_t member) {
  if (row->custodian == member || row->owner == member) return true;
  bool sold = row->consignor == member, buys = row->pen == member || row->next_owner == member;
  if (role == OREMARK__ASSAY_ROLE__ASSAY_ROLE_SELLER) return sold;
  return role == OREMARK__ASSAY_ROLE__ASSAY_ROLE_BUYER ? buys : sold || buys;
}

enum {
  /* Steps of a lot that are looked through: a lot changes hands a dozen times, and 256 assays in a statement then read
   * 64 Ki rows. A longer life refuses nobody. */
  STEPS_MAX = 256,
};

/* Looks for the signer among those whose hands the lot went through, in the rows that the judged log covers. *IS: it is
 * there. OM_WAIT where it will be once more is covered. */
static enum om_code find_party(struct om_stage *stage, bool *is, const uint8_t *number, Oremark__AssayRole role,
                               struct om_status *st) {
  uint8_t key[OM_LOT_KEY_BYTES];
  struct om_bytes bytes;
  struct om_lot row;
  struct om_txn *txn = stage->backing->txn;
  enum om_code waits = OM_OK;
  for (size_t i = 0; i < stage->n_rows && !*is; i++) /* by an event of this statement */
    *is = memcmp(stage->rows[i]->number, number, OM_LOT_NUMBER_BYTES) == 0 &&
          is_side(stage->rows[i], role, stage->member.number);
  uint32_t last = role == OREMARK__ASSAY_ROLE__ASSAY_ROLE_UMPIRE ? STEPS_MAX - 1 : STEPS_MAX;
  for (uint32_t step = 0; step <= last && !*is; step++) {
    om_lot_key(key, number, step);
    if (!om_txn_get(txn, &bytes, OM_TABLE_LOTS, key, sizeof key)) break;
    enum om_code code = om_lot_decode_head(&row, key, bytes.data, bytes.len, st);
    if (code != OM_OK) return code;
    if (step < STEPS_MAX && !is_side(&row, role, stage->member.number)) continue;
    code = om_stage_covers(stage, row.at.log, row.at.index, st);
    if (code != OM_OK && code != OM_WAIT) return code;
    *is = code == OM_OK;
    if (code == OM_WAIT) waits = code;
  }
  enum om_code code = om_txn_check(txn, st);
  return code != OM_OK || *is ? code : waits;
}

static enum om_code check_side(struct om_stage *stage, const Oremark__Assay *a, struct om_status *st) {
  bool is = false, sells = a->role == OREMARK__ASSAY_ROLE__ASSAY_ROLE_SELLER;
  char text[OM_LOT_TEXT_BYTES];
  enum om_code code = find_party(stage, &is, a->subject->lot.data, a->role, st);
  if (code != OM_OK || is) return code;
  return om_fail(
      st, OM_REFUSED, "party",
      "member %u (%s) is not the %s of lot %s: %s; a laboratory states its own result, without a side",
      stage->member.number, stage->member.name, sells ? "seller" : "buyer",
      om_lot_format(text, sizeof text, a->subject->lot.data),
      sells ? "that is who consigned it, or had or owned it" : "that is who has or owns it, or to whom it goes");
}

/* As far as the judged log covers: what it does not cover yet refuses nobody, and makes nobody wait. */
static enum om_code check_umpire(struct om_stage *stage, const Oremark__Assay *a, struct om_status *st) {
  bool is = false;
  char text[OM_LOT_TEXT_BYTES];
  enum om_code code = find_party(stage, &is, a->subject->lot.data, a->role, st);
  if (code == OM_WAIT) return om_status_clear(st), OM_OK;
  if (code != OM_OK || !is) return code;
  return om_fail(st, OM_REFUSED, "party",
                 "member %u (%s) is a party to lot %s: an umpire is a laboratory that is neither side",
                 stage->member.number, stage->member.name, om_lot_format(text, sizeof text, a->subject->lot.data));
}

enum om_code om_assay_rule(struct om_stage *stage, uint16_t index, const Oremark__Event *event, struct om_status *st) {
  (void)index;
  const Oremark__Assay *a = event->assay;
  struct om_subject_key about;
  bool speaks = a->role == OREMARK__ASSAY_ROLE__ASSAY_ROLE_SELLER || a->role == OREMARK__ASSAY_ROLE__ASSAY_ROLE_BUYER;
  uint32_t roles = speaks ? OM_ROLES_CUSTODY | OM_ROLE(LABORATORY) : OM_ROLE(LABORATORY);
  const char *doing = speaks ? "state a side's assay" : "state a laboratory's assay";
  if (om_rule_role(stage, roles, doing, st) != OM_OK || om_stage_subject(stage, &about, a->subject, st) != OM_OK ||
      (speaks && check_side(stage, a, st) != OM_OK) ||
      (a->role == OREMARK__ASSAY_ROLE__ASSAY_ROLE_UMPIRE && check_umpire(stage, a, st) != OM_OK))
    return st->code;
  om_stage_attest(stage, event, &about, NULL, 0);
  return OM_OK;
}

void om_assay_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__Assay *a = event->assay;
  char role[OM_ENUM_WORD_BYTES];
  om_text_add(out, "assay of ");
  om_text_subject(out, a->subject);
  if (a->role != OREMARK__ASSAY_ROLE__ASSAY_ROLE_UNSTATED)
    om_text_add(out, "%s%s", a->role == OREMARK__ASSAY_ROLE__ASSAY_ROLE_UMPIRE ? " as " : " for the ",
                om_enum_word(role, &oremark__assay_role__descriptor, (int)a->role));
  for (size_t i = 0; i < a->n_results; i++) {
    om_text_add(out, "%s%s ", i == 0 ? ": " : ", ", om_element_symbol((uint8_t)a->results[i]->element));
    om_text_decimal(out, a->results[i]->value);
  }
  om_text_add(out, " (%s%s%s)", a->method, a->sample[0] ? ", sample " : "", a->sample);
}
