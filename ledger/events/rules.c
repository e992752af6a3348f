#include "ledger/events/rules.h"

#include <stdio.h>
#include <string.h>

#include "ledger/text.h"

/* ---- who ---- */

/* Process by process, who runs it. A plant that does several things has several roles. Mines make concentrate, and
 * where they leach also cathode (SX-EW) or mixed hydroxide; recyclers smelt, refine and precipitate what they recover.
 */
static const uint32_t process_roles[] = {
    [OREMARK__PROCESS__PROCESS_CONCENTRATE] = OM_ROLE(MINE) | OM_ROLE(SMELTER) | OM_ROLE(REFINER),
    [OREMARK__PROCESS__PROCESS_ROAST] = OM_ROLE(SMELTER),
    [OREMARK__PROCESS__PROCESS_SMELT] = OM_ROLE(SMELTER) | OM_ROLE(RECYCLER),
    [OREMARK__PROCESS__PROCESS_CONVERT] = OM_ROLE(SMELTER),
    [OREMARK__PROCESS__PROCESS_REFINE] = OM_ROLE(REFINER) | OM_ROLE(RECYCLER),
    [OREMARK__PROCESS__PROCESS_LEACH] = OM_ROLE(MINE) | OM_ROLE(REFINER) | OM_ROLE(RECYCLER),
    [OREMARK__PROCESS__PROCESS_BIOLEACH] = OM_ROLE(MINE) | OM_ROLE(REFINER) | OM_ROLE(RECYCLER),
    [OREMARK__PROCESS__PROCESS_ELECTROWIN] = OM_ROLE(REFINER) | OM_ROLE(SMELTER) | OM_ROLE(MINE),
    [OREMARK__PROCESS__PROCESS_PRECIPITATE] = OM_ROLE(REFINER) | OM_ROLE(SMELTER) | OM_ROLE(MINE) | OM_ROLE(RECYCLER),
    [OREMARK__PROCESS__PROCESS_ALLOY] = OM_ROLE(REFINER) | OM_ROLE(MANUFACTURER) | OM_ROLE(RECYCLER),
    [OREMARK__PROCESS__PROCESS_CAST] = OM_ROLE(SMELTER) | OM_ROLE(REFINER) | OM_ROLE(MANUFACTURER) | OM_ROLE(RECYCLER),
    [OREMARK__PROCESS__PROCESS_MANUFACTURE] = OM_ROLE(MANUFACTURER),
    [OREMARK__PROCESS__PROCESS_DISMANTLE] = OM_ROLE(RECYCLER) | OM_ROLE(MANUFACTURER),
    [OREMARK__PROCESS__PROCESS_SHRED] = OM_ROLE(RECYCLER) | OM_ROLE(MANUFACTURER),
};

uint32_t om_process_roles(Oremark__Process process) {
  if (process != OREMARK__PROCESS__PROCESS_UNSTATED) {
    OM_ASSERT((size_t)process < sizeof process_roles / sizeof *process_roles);
    return process_roles[process];
  }
  uint32_t all = 0;
  for (size_t i = 0; i < sizeof process_roles / sizeof *process_roles; i++) all |= process_roles[i];
  return all;
}

/* "smelter, refiner", or "none". */
static void add_roles(struct om_text *out, uint32_t roles, const char *between) {
  char word[OM_ENUM_WORD_BYTES];
  bool any = false;
  for (int role = 1; role < 32; role++) {
    if ((roles >> role & 1) == 0) continue;
    om_text_add(out, "%s%s", any ? between : "", om_enum_word(word, &oremark__role__descriptor, role));
    any = true;
  }
  if (!any) om_text_add(out, "none");
}

enum om_code om_rule_role(const struct om_stage *stage, uint32_t roles, const char *doing, struct om_status *st) {
  if ((stage->member.roles & roles) != 0) return OM_OK;
  struct om_text wanted, has;
  om_text_clear(&wanted);
  om_text_clear(&has);
  add_roles(&wanted, roles, " or ");
  add_roles(&has, stage->member.roles, ", ");
  return om_fail(st, OM_REFUSED, "role",
                 "to %s takes the role of %s; roles of member %u (%s): %s: the governors can give it one (oremark "
                 "member set-roles)",
                 doing, wanted.bytes, stage->member.number, stage->member.name, has.bytes);
}

/* ---- whose ---- */

static const char *text_of(char out[OM_LOT_TEXT_BYTES], const struct om_lot *lot) {
  return om_lot_format(out, OM_LOT_TEXT_BYTES, lot->number);
}

/* Found, with the signer holding the pen. */
static enum om_code take_pen(struct om_stage *stage, const struct om_lot **out, const Oremark__LotRef *ref,
                             struct om_status *st) {
  if (om_stage_find(stage, out, ref, st) != OM_OK) return st->code;
  if ((*out)->pen == stage->member.number) return OM_OK;
  char text[OM_LOT_TEXT_BYTES], who[OM_WHO_BYTES];
  bool moves = (*out)->state == OM_LOT_IN_TRANSIT;
  return om_fail(st, OM_REFUSED, "pen", "lot %s is %s %s: only they may write its next record", text_of(text, *out),
                 moves ? "in transit to" : "in the hands of", om_stage_who(stage, who, (*out)->pen));
}

static enum om_code take_held(struct om_stage *stage, const struct om_lot **out, const Oremark__LotRef *ref,
                              struct om_status *st) {
  if (take_pen(stage, out, ref, st) != OM_OK) return st->code;
  if ((*out)->state == OM_LOT_HELD) return OM_OK;
  char text[OM_LOT_TEXT_BYTES];
  return om_fail(st, OM_REFUSED, "pen", "lot %s is still in transit: receive or reject it first", text_of(text, *out));
}

static enum om_code check_no_pool(const struct om_lot *lot, struct om_status *st) {
  if (!lot->pool) return OM_OK;
  char text[OM_LOT_TEXT_BYTES];
  return om_fail(st, OM_REFUSED, "pool", "lot %s is a pool: charge it, draw lots out of it, or take its stock",
                 text_of(text, lot));
}

enum om_code om_rule_take_pen(struct om_stage *stage, const struct om_lot **out, const Oremark__LotRef *ref,
                              struct om_status *st) {
  return take_pen(stage, out, ref, st) == OM_OK ? check_no_pool(*out, st) : st->code;
}

enum om_code om_rule_take_whole(struct om_stage *stage, const struct om_lot **out, const Oremark__LotRef *ref,
                                struct om_status *st) {
  return take_held(stage, out, ref, st) == OM_OK ? check_no_pool(*out, st) : st->code;
}

enum om_code om_rule_take(struct om_stage *stage, const struct om_lot **out, const Oremark__LotRef *ref,
                          struct om_status *st) {
  return om_rule_take_whole(stage, out, ref, st) == OM_OK ? om_rule_free(stage, *out, st) : st->code;
}

enum om_code om_rule_take_all(struct om_stage *stage, const struct om_lot ***out, Oremark__LotRef *const *refs,
                              size_t n, struct om_status *st) {
  *out = om_arena_array(stage->arena, n, sizeof **out);
  for (size_t i = 0; i < n; i++)
    if (om_rule_take(stage, &(*out)[i], refs[i], st) != OM_OK) return st->code;
  return OM_OK;
}

enum om_code om_rule_take_pool(struct om_stage *stage, const struct om_lot **out, const Oremark__LotRef *ref,
                               struct om_status *st) {
  if (take_held(stage, out, ref, st) != OM_OK) return st->code;
  if ((*out)->pool) return OM_OK;
  char text[OM_LOT_TEXT_BYTES];
  return om_fail(st, OM_REFUSED, "pool", "lot %s is no pool: a charge without a pool begins one", text_of(text, *out));
}

enum om_code om_rule_take_incoming(struct om_stage *stage, const struct om_lot **out, const Oremark__LotRef *ref,
                                   struct om_status *st) {
  if (take_pen(stage, out, ref, st) != OM_OK) return st->code;
  if ((*out)->state == OM_LOT_IN_TRANSIT) return OM_OK;
  char text[OM_LOT_TEXT_BYTES];
  return om_fail(st, OM_REFUSED, "pen", "lot %s is not in transit: it is in your hands already", text_of(text, *out));
}

/* A signature is asked for before the mandate, which would make it one that nobody needs. */
static enum om_code may_for_owner(struct om_stage *stage, bool *may, const struct om_lot *lot, uint32_t scope,
                                  struct om_status *st) {
  uint32_t given = 0;
  *may = lot->owner == stage->member.number || om_stage_signed(stage, lot->owner);
  if (*may || scope == 0) return OM_OK;
  enum om_code code = om_registry_mandate(stage->backing->txn, lot->owner, stage->member.number, &given,
                                          stage->judged->registry_size, st);
  struct om_member owner;
  if (code == OM_OK && given != 0)
    code = om_registry_member(stage->backing->txn, &owner, lot->owner, stage->judged->registry_size, st);
  *may = code == OM_OK && given != 0 && (given & scope) == scope && !owner.suspended;
  return code;
}

enum om_code om_rule_title(struct om_stage *stage, const struct om_lot *lot, uint32_t scope, const char *doing,
                           struct om_status *st) {
  bool may;
  enum om_code code = may_for_owner(stage, &may, lot, scope, st);
  if (code != OM_OK || may) return code;
  char text[OM_LOT_TEXT_BYTES], who[OM_WHO_BYTES];
  return om_fail(st, OM_REFUSED, "title",
                 "lot %s belongs to %s and may be %s only with their signature%s%s: write the statement to a file "
                 "(--out), have them sign that (oremark sign FILE) and submit it",
                 text_of(text, lot), om_stage_who(stage, who, lot->owner), doing,
                 scope == 0 ? "" : " or standing mandate", om_stage_unheard(stage, lot->owner));
}

enum om_code om_rule_title_all(struct om_stage *stage, uint32_t *owner, const struct om_lot **lots, size_t n,
                               uint32_t into, const char *doing, struct om_status *st) {
  *owner = lots[0]->owner;
  for (size_t i = 1; i < n; i++)
    if (lots[i]->owner != *owner) *owner = stage->member.number;
  uint32_t whose = into == OM_MEMBER_NONE ? *owner : into;
  for (size_t i = 0; i < n; i++) {
    uint32_t scope = lots[i]->owner == whose ? OM_MANDATE_CONSUME : 0;
    if (om_rule_title(stage, lots[i], scope, doing, st) != OM_OK) return st->code;
  }
  return OM_OK;
}

/* ---- sums ---- */

static enum om_code too_much(const char *what, struct om_status *st) {
  return om_fail(st, OM_REFUSED, "mass",
                 "%s come to more than the largest mass, 2^63 - 1 mg: make several events of it", what);
}

/* Sums masses, and counts in COUNTS how many lots hold each element. */
static enum om_code sum_masses(struct om_flow *out, size_t counts[OM_ELEMENT_MAX + 1], const struct om_lot *const *lots,
                               size_t n, struct om_status *st) {
  for (size_t i = 0; i < n; i++) {
    if (!om_mass_add(&out->gross_mg, out->gross_mg, lots[i]->gross_mg)) return too_much("gross masses", st);
    for (size_t k = 0; k < lots[i]->n_contents; k++) {
      const struct om_content *content = &lots[i]->contents[k];
      if (!om_mass_add(&out->mg[content->element], out->mg[content->element], content->contained_mg))
        return too_much("contained metals", st);
      counts[content->element]++;
    }
  }
  return OM_OK;
}

/* Mixes gathered by element, for each element one run of LISTS. */
static void sum_mixes(struct om_stage *stage, struct om_flow *out, const size_t counts[OM_ELEMENT_MAX + 1],
                      const struct om_lot *const *lots, size_t n) {
  struct om_mix *lists[OM_ELEMENT_MAX + 1] = {0};
  size_t filled[OM_ELEMENT_MAX + 1] = {0};
  for (size_t e = 1; e <= OM_ELEMENT_MAX; e++)
    if (counts[e] > 0) lists[e] = om_arena_array(stage->arena, counts[e], sizeof **lists);
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < lots[i]->n_contents; k++) {
      const struct om_content *content = &lots[i]->contents[k];
      lists[content->element][filled[content->element]++] = content->mix;
    }
  for (size_t e = 1; e <= OM_ELEMENT_MAX; e++) {
    if (counts[e] == 0) continue;
    OM_ASSERT(om_mix_sum(stage->arena, &out->mix[e], lists[e], counts[e]));
    if (out->mix[e].n > OM_MIX_MAX_SHARES) out->mix[e] = om_mix_pool(stage->arena, out->mix[e], OM_MIX_MAX_SHARES);
  }
}

enum om_code om_flow_of(struct om_stage *stage, struct om_flow *out, const struct om_lot *const *lots, size_t n,
                        struct om_status *st) {
  size_t counts[OM_ELEMENT_MAX + 1] = {0};
  memset(out, 0, sizeof *out);
  if (sum_masses(out, counts, lots, n, st) != OM_OK) return st->code;
  if (n > 1) {
    sum_mixes(stage, out, counts, lots, n);
    return OM_OK;
  }
  for (size_t k = 0; n == 1 && k < lots[0]->n_contents; k++)
    out->mix[lots[0]->contents[k].element] = lots[0]->contents[k].mix;
  return OM_OK;
}

static enum om_code claim(struct om_claim *out, uint32_t element, uint64_t mg, struct om_status *st) {
  OM_ASSERT(element <= OM_ELEMENT_MAX && mg <= OM_MASS_MAX_MG);
  if (om_mass_add(&out->mg[element], out->mg[element], (int64_t)mg)) return OM_OK;
  return too_much("outputs and losses", st);
}

enum om_code om_claim_of(struct om_claim *out, Oremark__Material *const *materials, size_t n_materials,
                         Oremark__Loss *const *losses, size_t n_losses, struct om_status *st) {
  memset(out, 0, sizeof *out);
  for (size_t i = 0; i < n_materials; i++) {
    const Oremark__Material *m = materials[i];
    if (!om_mass_add(&out->gross_mg, out->gross_mg, (int64_t)m->gross_mg)) return too_much("gross masses", st);
    for (size_t k = 0; k < m->n_metals; k++)
      if (claim(out, m->metals[k]->element, m->metals[k]->contained_mg, st) != OM_OK) return st->code;
  }
  for (size_t i = 0; i < n_losses; i++)
    for (size_t k = 0; k < losses[i]->n_metals; k++)
      if (claim(out, losses[i]->metals[k]->element, losses[i]->metals[k]->mass_mg, st) != OM_OK) return st->code;
  return OM_OK;
}

enum om_code om_rule_conserved(const struct om_flow *in, const struct om_claim *out, struct om_status *st) {
  char before[OM_MASS_TEXT_BYTES], after[OM_MASS_TEXT_BYTES];
  const char *what = in->gross_mg != out->gross_mg ? "gross mass" : NULL;
  int64_t a = in->gross_mg, b = out->gross_mg;
  for (size_t e = 1; e <= OM_ELEMENT_MAX && !what; e++)
    if (in->mg[e] != out->mg[e]) {
      what = om_element_symbol((uint8_t)e);
      a = in->mg[e], b = out->mg[e];
    }
  if (!what) return OM_OK;
  return om_fail(st, OM_REFUSED, "balance", "%s: %s before, %s after: the two must be the same to the milligram", what,
                 om_mass_format(before, sizeof before, a), om_mass_format(after, sizeof after, b));
}

/* ---- from lots to lots ---- */

struct om_mix om_flow_take(struct om_stage *stage, struct om_flow *flow, uint8_t element, int64_t mg) {
  struct om_mix taken = flow->mix[element], rest = {0};
  OM_ASSERT(mg >= 0 && mg <= flow->mg[element]);
  if (mg < flow->mg[element]) OM_ASSERT(om_mix_take(stage->arena, &taken, &rest, flow->mix[element], mg));
  flow->mix[element] = rest;
  flow->mg[element] -= mg;
  return taken;
}

enum om_code om_flow_contents(struct om_stage *stage, struct om_lot *lot, const struct om_flow *flow,
                              struct om_status *st) {
  size_t n = 0;
  for (size_t e = 1; e <= OM_ELEMENT_MAX; e++) n += flow->mg[e] > 0;
  if (n > OM_LOT_METALS_MAX)
    return om_fail(st, OM_REFUSED, "content",
                   "the lot would hold %zu elements, and %d are the most: leave out those that nobody accounts for", n,
                   OM_LOT_METALS_MAX);
  struct om_content *contents = om_arena_array(stage->arena, n, sizeof *contents);
  lot->contents = contents;
  lot->n_contents = n;
  for (uint8_t e = 1; e <= OM_ELEMENT_MAX; e++)
    if (flow->mg[e] > 0) *contents++ = (struct om_content){e, flow->mg[e], flow->mix[e]};
  return OM_OK;
}

/* A new lot of MATERIAL with its contents; their mixes are the caller's to fill in. */
static enum om_code new_lot(struct om_stage *stage, struct om_content **contents, const Oremark__Material *material,
                            uint32_t site, uint32_t owner, struct om_status *st) {
  struct om_lot *lot;
  if (om_stage_new(stage, &lot, st) != OM_OK) return st->code;
  lot->form = (uint8_t)material->form;
  lot->site = site;
  lot->owner = owner;
  lot->gross_mg = (int64_t)material->gross_mg;
  lot->n_contents = material->n_metals;
  lot->contents = *contents = om_arena_array(stage->arena, material->n_metals, sizeof **contents);
  for (size_t i = 0; i < material->n_metals; i++) {
    (*contents)[i].element = (uint8_t)material->metals[i]->element;
    (*contents)[i].contained_mg = (int64_t)material->metals[i]->contained_mg;
  }
  return OM_OK;
}

enum om_code om_flow_out(struct om_stage *stage, struct om_flow *flow, Oremark__Material *const *materials, size_t n,
                         uint32_t site, uint32_t owner, struct om_status *st) {
  for (size_t i = 0; i < n; i++) {
    struct om_content *contents;
    if (new_lot(stage, &contents, materials[i], site, owner, st) != OM_OK) return st->code;
    for (size_t k = 0; k < materials[i]->n_metals; k++) {
      if (om_stage_move(stage, flow->mix[contents[k].element].n, st) != OM_OK) return st->code;
      contents[k].mix = om_flow_take(stage, flow, contents[k].element, contents[k].contained_mg);
    }
  }
  return OM_OK;
}

enum om_code om_rule_begin(struct om_stage *stage, Oremark__Material *const *materials, size_t n, uint32_t site,
                           struct om_origin origin, struct om_status *st) {
  for (size_t i = 0; i < n; i++) {
    struct om_content *contents;
    if (new_lot(stage, &contents, materials[i], site, stage->member.number, st) != OM_OK) return st->code;
    for (size_t k = 0; k < materials[i]->n_metals; k++)
      contents[k].mix = om_mix_of(stage->arena, origin, contents[k].contained_mg);
  }
  return OM_OK;
}

/* ---- measured anew ---- */

enum om_code om_rule_content(const struct om_lot *lot, struct om_status *st) {
  int64_t sum = 0;
  bool fits = true;
  for (size_t i = 0; i < lot->n_contents && fits; i++) fits = om_mass_add(&sum, sum, lot->contents[i].contained_mg);
  if (fits && sum <= lot->gross_mg) return OM_OK;
  char text[OM_LOT_TEXT_BYTES], gross[OM_MASS_TEXT_BYTES], metals[OM_MASS_TEXT_BYTES];
  return om_fail(st, OM_REFUSED, "content", "lot %s: its metals come to %s%s, its gross mass to %s: check the masses",
                 text_of(text, lot), fits ? "" : "more than ",
                 om_mass_format(metals, sizeof metals, fits ? sum : OM_MASS_MAX_MG),
                 om_mass_format(gross, sizeof gross, lot->gross_mg));
}

static enum om_code check_gain(struct om_stage *stage, const struct om_lot *lot, uint8_t element, int64_t before,
                               int64_t now, const char *advice, struct om_status *st) {
  const Oremark__Limits *limits;
  if (!advice) return om_stage_gain(stage, element, now - before, st);
  if (om_stage_limits(stage, &limits, st) != OM_OK) return st->code;
  if (om_within_tolerance(now, before, limits->receipt_tolerance_ppm))
    return om_stage_gain(stage, element, now - before, st);
  char text[OM_LOT_TEXT_BYTES], had[OM_MASS_TEXT_BYTES], has[OM_MASS_TEXT_BYTES], gain[OM_MASS_TEXT_BYTES];
  return om_fail(st, OM_REFUSED, "gain",
                 "lot %s: %s found to be %s where %s stands: a gain of %s is over the tolerance of %u ppm: %s",
                 text_of(text, lot), om_element_symbol(element), om_mass_format(has, sizeof has, now),
                 om_mass_format(had, sizeof had, before), om_mass_format(gain, sizeof gain, now - before),
                 limits->receipt_tolerance_ppm, advice);
}

static enum om_code not_held(const struct om_lot *lot, uint32_t element, struct om_status *st) {
  char text[OM_LOT_TEXT_BYTES];
  return om_fail(st, OM_REFUSED, "balance", "lot %s holds no %s: leave it out", text_of(text, lot),
                 om_element_symbol((uint8_t)element));
}

enum om_code om_rule_measured(struct om_stage *stage, struct om_lot *lot, bool *is_short,
                              Oremark__ElementMass *const *measured, size_t n, const char *advice,
                              struct om_status *st) {
  struct om_content *contents = om_arena_array(stage->arena, lot->n_contents, sizeof *contents);
  size_t kept = 0, m = 0;
  *is_short = false;
  for (size_t i = 0; i < lot->n_contents; i++) {
    struct om_content content = lot->contents[i];
    if (m < n && measured[m]->element == content.element) {
      int64_t before = content.contained_mg;
      content.contained_mg = (int64_t)measured[m++]->mass_mg;
      *is_short |= content.contained_mg < before;
      if (content.contained_mg > before &&
          check_gain(stage, lot, content.element, before, content.contained_mg, advice, st) != OM_OK)
        return st->code;
      if (content.contained_mg != before)
        OM_ASSERT(om_mix_scale(stage->arena, &content.mix, content.mix, content.contained_mg));
    } else if (m < n && measured[m]->element < content.element) {
      return not_held(lot, measured[m]->element, st);
    }
    if (content.contained_mg > 0) contents[kept++] = content;
  }
  if (m < n) return not_held(lot, measured[m]->element, st);
  lot->contents = contents;
  lot->n_contents = kept;
  return OM_OK;
}
