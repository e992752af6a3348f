/* The assays of a lineage's lots: each is told with what it found, and where sides have spoken, what follows from their
 * results held side by side. They fail nothing: what is in a lot is by its balance. Their entries are hashed, so that
 * who has only a bundle reads them as its author meant them. */
#include <stdio.h>
#include <stdlib.h>

#include "ledger/assays.h"
#include "ledger/attested.h"
#include "ledger/step.h"
#include "ledger/text.h"
#include "ledger/verify_state.h"

enum {
  ASSAYS_MAX = 256, /* of one lot that are held side by side: a lot has a handful */
};

struct assays {
  struct om_verify *v;
  struct om_arena arena; /* of the lot in hand */
  struct om_assay_given given[ASSAYS_MAX];
  size_t n;
  uint64_t more; /* for which there is no room beside them */
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

/* What was withdrawn, and a laboratory's that speaks for no side, is not held beside the others, nor takes their room.
 */
static enum om_code hold_beside(struct assays *a, const struct om_place *at, struct om_status *st) {
  struct om_step step;
  bool withdrawn;
  enum om_code code = is_withdrawn(a->v, &withdrawn, at, st);
  if (code != OM_OK || withdrawn) return code;
  code = om_step_read(a->v->txn, &a->arena, &step, a->v->network, at, st);
  if (code != OM_OK || step.event->assay->role == OREMARK__ASSAY_ROLE__ASSAY_ROLE_UNSTATED) return code;
  int64_t at_ms = step.at_ms < step.taken_ms ? step.at_ms : step.taken_ms;
  if (a->n == ASSAYS_MAX)
    a->more++;
  else
    a->given[a->n++] = (struct om_assay_given){.author = step.member, .at_ms = at_ms, .assay = step.event->assay};
  return OM_OK;
}

static void add_side(struct om_text *out, const struct om_verify *v, const struct om_assay_compared *at, int side) {
  static const char *const words[] = {"seller", "buyer", "umpire"};
  char text[OM_DECIMAL_TEXT_BYTES];
  struct om_member member;
  struct om_status ignored; /* a name is for show */
  if (!at->sides[side].stated) return;
  uint32_t author = at->sides[side].author;
  if (om_registry_member(v->txn, &member, author, OM_REGISTRY_NOW, &ignored) != OM_OK) member.name[0] = '\0';
  om_text_add(out, "%s %s by %s (member %u), ", words[side],
              om_decimal_format(text, sizeof text, at->sides[side].value), member.name, author);
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

/* What follows is told only where all who speak for a side are heard: the last word of one may be what was left out. */
static void tell_beside(struct assays *a, const uint8_t number[OM_LOT_NUMBER_BYTES]) {
  char lot[OM_LOT_TEXT_BYTES];
  if (a->more > 0) {
    om_verify_find(a->v, "assay", "assays of lot %s are not held side by side: there are %llu, more than %d",
                   om_lot_format(lot, sizeof lot, number), (unsigned long long)(a->n + a->more), ASSAYS_MAX);
    return;
  }
  struct om_assay_compared *compared = om_arena_array(&a->arena, OM_ELEMENT_MAX, sizeof *compared);
  size_t elements = om_assays_compare(compared, a->given, a->n);
  for (size_t i = 0; i < elements; i++) tell_compared(a, number, &compared[i]);
}

static enum om_code tell_one(struct assays *a, const struct om_place *at, struct om_status *st) {
  struct om_step step;
  bool withdrawn;
  char when[OM_TIME_TEXT_BYTES];
  if (om_verify_too_many(a->v, "assays")) return OM_OK;
  enum om_code code = is_withdrawn(a->v, &withdrawn, at, st);
  if (code == OM_OK) code = om_step_read(a->v->txn, &a->arena, &step, a->v->network, at, st);
  if (code != OM_OK) return code;
  om_time_format(when, sizeof when, step.at_ms, step.zone_min);
  om_verify_find(a->v, "assay", "%s, %s (member %u): %s%s", when, step.member_name, step.member, step.text.bytes,
                 withdrawn ? "; withdrawn" : "");
  return OM_OK;
}

/* Calls EACH (NULL: nothing) for every final assay of the lot NUMBER: nobody answers for the others yet. *ANY: there is
 * one. */
static enum om_code for_each(struct assays *a, bool *any, const uint8_t number[OM_LOT_NUMBER_BYTES],
                             enum om_code (*each)(struct assays *a, const struct om_place *at, struct om_status *st),
                             struct om_status *st) {
  struct om_subject_key about;
  struct om_place at = {0};
  enum om_code code = OM_OK;
  int kind;
  *any = false;
  om_about_lot(&about, number);
  while (code == OM_OK && om_attested_next(a->v->txn, &at, &kind, &about)) {
    bool final = false;
    if (kind == OREMARK__EVENT__KIND_ASSAY) code = om_verify_also(a->v, &final, &at, st);
    if (code == OM_OK && final && each) code = each(a, &at, st);
    *any = *any || final;
  }
  return code;
}

/* What follows from them comes first, for all lots: one lot with many assays must not keep that of others from being
 * told. */
static enum om_code tell_all(struct assays *a, uint32_t *lots, struct om_status *st) {
  const struct om_lineage *l = &a->v->lineage;
  enum om_code code = OM_OK;
  size_t n = 0;
  bool any;
  for (size_t i = 0; i < l->n_lots && code == OM_OK; i++) {
    a->n = 0;
    a->more = 0;
    /* A large lineage has assays of every lot: no more are read than can be told. */
    code = for_each(a, &any, l->lots[i].number, om_verify_full(a->v, "assays") ? NULL : hold_beside, st);
    if (any) lots[n++] = (uint32_t)i;
    if (code == OM_OK && a->n > 0) tell_beside(a, l->lots[i].number);
    om_arena_reset(&a->arena);
    if (code == OM_OK) code = om_progress_tell(a->v->progress, "assays", i, l->n_lots, st);
  }
  for (size_t i = 0; i < n && code == OM_OK; i++) {
    code = for_each(a, &any, l->lots[lots[i]].number, tell_one, st);
    om_arena_reset(&a->arena);
  }
  return code;
}

enum om_code om_verify_assays(struct om_verify *v, struct om_status *st) {
  struct assays *a = calloc(1, sizeof *a);
  uint32_t *lots = malloc((v->lineage.n_lots + 1) * sizeof *lots);
  OM_ASSERT(a && lots);
  a->v = v;
  enum om_code code = tell_all(a, lots, st);
  om_arena_free(&a->arena);
  free(lots);
  free(a);
  return code != OM_OK ? code : om_txn_check(v->txn, st);
}
