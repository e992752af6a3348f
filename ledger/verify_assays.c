/* The assays of a lineage's lots: each is told with what it found, and where sides have spoken, what follows from their
 * results held side by side. They fail nothing: what is in a lot is by its balance. Their entries are hashed, so that
 * who has only a bundle reads them as its author meant them. */
#include <stdio.h>

#include "ledger/assays.h"
#include "ledger/attested.h"
#include "ledger/step.h"
#include "ledger/text.h"
#include "ledger/verify_state.h"

enum {
  ASSAYS_MAX = 256, /* of one lot that are held side by side and told: a lot has a handful, and each takes 2 KB */
};

struct assays {
  struct om_verify *v;
  struct om_arena arena; /* of the lot in hand */
  struct om_step *steps[ASSAYS_MAX];
  bool withdrawn[ASSAYS_MAX];
  size_t n;
  uint64_t more; /* that are left out */
};

/* Has it been withdrawn, finally? */
static enum om_code is_withdrawn(struct om_verify *v, bool *is, const struct om_place *at, struct om_status *st) {
  struct om_place by = {0};
  enum om_code code = OM_OK;
  int kind;
  *is = false;
  while (code == OM_OK && !*is && om_attested_end(v->txn, &by, &kind, at)) code = om_verify_also(v, is, &by, st);
  return code;
}

static enum om_code add(struct assays *a, const struct om_place *at, struct om_status *st) {
  bool final;
  enum om_code code = om_verify_also(a->v, &final, at, st);
  if (code != OM_OK || !final) return code;             /* nobody answers for it yet */
  if (om_verify_too_many(a->v, "assays")) return OM_OK; /* a large lineage has one for every lot: not each is read */
  if (a->n == ASSAYS_MAX) {
    a->more++;
    return OM_OK;
  }
  code = is_withdrawn(a->v, &a->withdrawn[a->n], at, st);
  if (code != OM_OK) return code;
  a->steps[a->n] = om_arena_alloc(&a->arena, sizeof *a->steps[a->n]);
  code = om_step_read(a->v->txn, &a->arena, a->steps[a->n], a->v->network, at, st);
  a->n += code == OM_OK;
  return code;
}

static void add_side(struct om_text *out, const struct om_verify *v, const struct om_assay_compared *at, int side) {
  static const char *const words[] = {"seller", "buyer", "umpire"};
  char text[OM_DECIMAL_TEXT_BYTES];
  char who[OM_VERIFY_WHO_BYTES];
  if (!at->sides[side].stated) return;
  om_text_add(out, "%s %s by %s, ", words[side], om_decimal_format(text, sizeof text, at->sides[side].value),
              om_verify_who(v, who, at->sides[side].author));
}

/* "assays of lot OM-... side by side: Cu: seller 28.45 % by Toquepala (member 2), buyer 28.20 % by Ilo (member
 * 3), splitting limit 0.50 %: within the splitting limit: the mean stands: 28.325 %" */
static void tell_compared(const struct assays *a, const uint8_t number[OM_LOT_NUMBER_BYTES],
                          const struct om_assay_compared *at) {
  char lot[OM_LOT_TEXT_BYTES], value[OM_DECIMAL_TEXT_BYTES];
  struct om_text sides;
  om_text_clear(&sides);
  for (int side = 0; side < OM_ASSAY_SIDES; side++) add_side(&sides, a->v, at, side);
  if (at->limited)
    om_text_add(&sides, "splitting limit %s: ", om_decimal_format(value, sizeof value, at->limit));
  else
    om_text_add(&sides, "no splitting limit that both state: ");
  om_text_add(&sides, "%s", om_assay_outcome_text(at->outcome));
  if (at->stands) om_text_add(&sides, ": %s", om_decimal_format(value, sizeof value, at->result));
  om_verify_find(a->v, "assay", "assays of lot %s side by side: %s: %s", om_lot_format(lot, sizeof lot, number),
                 om_element_symbol(at->element), sides.bytes);
}

/* What was withdrawn, and a laboratory's that speaks for no side, is not held beside the others. */
static void compare(struct assays *a, const uint8_t number[OM_LOT_NUMBER_BYTES]) {
  struct om_assay_given *given = om_arena_array(&a->arena, ASSAYS_MAX, sizeof *given);
  struct om_assay_compared *compared = om_arena_array(&a->arena, OM_ELEMENT_MAX, sizeof *compared);
  size_t n = 0;
  for (size_t i = 0; i < a->n; i++) {
    const struct om_step *step = a->steps[i];
    if (a->withdrawn[i] || step->event->assay->role == OREMARK__ASSAY_ROLE__ASSAY_ROLE_UNSTATED) continue;
    int64_t at_ms = step->at_ms < step->taken_ms ? step->at_ms : step->taken_ms;
    given[n++] = (struct om_assay_given){.author = step->member, .at_ms = at_ms, .assay = step->event->assay};
  }
  size_t elements = om_assays_compare(compared, given, n);
  for (size_t i = 0; i < elements; i++) tell_compared(a, number, &compared[i]);
}

static void tell(struct assays *a, const uint8_t number[OM_LOT_NUMBER_BYTES]) {
  char lot[OM_LOT_TEXT_BYTES], when[OM_TIME_TEXT_BYTES];
  compare(a, number);
  for (size_t i = 0; i < a->n; i++) {
    const struct om_step *step = a->steps[i];
    om_time_format(when, sizeof when, step->at_ms, step->zone_min);
    om_verify_find(a->v, "assay", "%s, %s (member %u): %s%s", when, step->member_name, step->member, step->text.bytes,
                   a->withdrawn[i] ? "; withdrawn" : "");
  }
  if (a->more > 0)
    om_verify_find(a->v, "assay", "%llu more assays of lot %s are neither told nor held beside these",
                   (unsigned long long)a->more, om_lot_format(lot, sizeof lot, number));
}

enum om_code om_verify_assays(struct om_verify *v, struct om_status *st) {
  const struct om_lineage *l = &v->lineage;
  struct assays a = {.v = v};
  enum om_code code = OM_OK;
  for (size_t i = 0; i < l->n_lots && code == OM_OK; i++) {
    struct om_subject_key about;
    struct om_place at = {0};
    int kind;
    om_about_lot(&about, l->lots[i].number);
    a.n = 0;
    a.more = 0;
    while (code == OM_OK && om_attested_next(v->txn, &at, &kind, &about))
      if (kind == OREMARK__EVENT__KIND_ASSAY) code = add(&a, &at, st);
    if (code == OM_OK && a.n > 0) tell(&a, l->lots[i].number);
    om_arena_reset(&a.arena);
    if (code == OM_OK) code = om_progress_tell(v->progress, "assays", i, l->n_lots, st);
  }
  om_arena_free(&a.arena);
  return code != OM_OK ? code : om_txn_check(v->txn, st);
}
