#include "ledger/output.h"

#include <string.h>

#include "ledger/quantity.h"
#include "ledger/step.h"

/* ---- estimates ---- */

enum { CEILING_HEAD = 1 + 8 + 1, CEILING_METAL = 1 + 8 };

_Static_assert(CEILING_HEAD + OM_LOT_METALS_MAX * CEILING_METAL <= OM_ATTESTED_KEPT_MAX, "every metal of an estimate");

size_t om_ceiling_pack(uint8_t out[OM_ATTESTED_KEPT_MAX], const struct om_ceiling *ceiling) {
  uint8_t *at = out + CEILING_HEAD;
  OM_ASSERT(ceiling->n <= OM_LOT_METALS_MAX);
  out[0] = (uint8_t)ceiling->kind;
  om_be64(out + 1, (uint64_t)ceiling->as_of_ms);
  out[9] = (uint8_t)ceiling->n;
  for (size_t i = 0; i < ceiling->n; i++, at += CEILING_METAL) {
    at[0] = ceiling->metals[i].element;
    om_be64(at + 1, (uint64_t)ceiling->metals[i].mg);
  }
  return (size_t)(at - out);
}

static bool ceiling_unpack(struct om_ceiling *out, const uint8_t *kept, size_t len) {
  if (len < CEILING_HEAD || kept[9] > OM_LOT_METALS_MAX || len != CEILING_HEAD + kept[9] * (size_t)CEILING_METAL)
    return false;
  *out = (struct om_ceiling){
      .kind = (Oremark__EstimateKind)kept[0], .as_of_ms = (int64_t)om_get64(kept + 1), .n = kept[9]};
  for (size_t i = 0; i < out->n; i++) {
    const uint8_t *at = kept + CEILING_HEAD + i * CEILING_METAL;
    out->metals[i].element = at[0];
    out->metals[i].mg = (int64_t)om_get64(at + 1);
  }
  return true;
}

void om_about_output(struct om_subject_key *out, uint32_t member, uint32_t site) {
  om_about_site(out, member, site);
  out->bytes[0] = OM_ABOUT_OUTPUT;
}

/* ---- years ---- */

enum { YEAR_FIRST = 1970, DAY_MS = 86400000 };

/* Days from 1970-01-01 to the first day of YEAR (Gregorian). */
static int64_t days_before(uint16_t year) {
  int64_t y = year - 1;
  return (int64_t)(year - YEAR_FIRST) * 365 + (y / 4 - y / 100 + y / 400) - (1969 / 4 - 1969 / 100 + 1969 / 400);
}

uint16_t om_year_of(int64_t ms) {
  OM_ASSERT(ms >= 0 && ms <= OM_TIME_MAX_MS);
  int64_t days = ms / DAY_MS;
  uint16_t year = (uint16_t)(YEAR_FIRST + days / 366); /* never too late */
  while (days_before((uint16_t)(year + 1)) <= days) year++;
  return year;
}

/* ---- sums ---- */

enum { SUM_KEY_BYTES = 1 + 4 + 4 + 1 + 2 };

static void sum_key(uint8_t out[SUM_KEY_BYTES], enum om_sum sum, const struct om_output *of) {
  out[0] = (uint8_t)sum;
  om_be32(out + 1, of->member);
  om_be32(out + 5, of->site);
  out[9] = of->element;
  out[10] = (uint8_t)(of->year >> 8);
  out[11] = (uint8_t)of->year;
}

/* Adds MG, which may be below 0. From the largest mass a sum never comes down: what was added to it beyond is not
 * known, so that a lot of impossible mass, lowered again, would take all else off with it. */
static void add_output(struct om_stage *stage, enum om_sum which, const struct om_output *of, int64_t mg) {
  uint8_t key[SUM_KEY_BYTES];
  if (mg == 0) return;
  sum_key(key, which, of);
  int64_t sum = om_stage_sum(stage, key, sizeof key);
  if (sum == OM_MASS_MAX_MG) return;
  if (mg < 0)
    sum += mg; /* at most what was added before */
  else if (!om_mass_add(&sum, sum, mg))
    sum = OM_MASS_MAX_MG;
  om_stage_set_sum(stage, key, sizeof key, sum);
}

/* What E says of each element, in all its lots. */
static void stated(int64_t mg[OM_ELEMENT_MAX + 1], const Oremark__Extract *e) {
  memset(mg, 0, (OM_ELEMENT_MAX + 1) * sizeof *mg);
  for (size_t i = 0; i < e->n_lots; i++)
    for (size_t k = 0; k < e->lots[i]->n_metals; k++) {
      const Oremark__Metal *m = e->lots[i]->metals[k];
      if (!om_mass_add(&mg[m->element], mg[m->element], (int64_t)m->contained_mg)) mg[m->element] = OM_MASS_MAX_MG;
    }
}

void om_stage_output_sum(struct om_stage *stage, const Oremark__Event *event) {
  const Oremark__Extract *e = event->extract;
  if (stage->backing->uncapped) return; /* a part of the history says nothing of sums */
  struct om_output of = {.member = stage->member.number, .site = e->site, .year = om_year_of(event->at_ms)};
  for (size_t i = 0; i < e->n_lots; i++)
    for (size_t k = 0; k < e->lots[i]->n_metals; k++) {
      of.element = (uint8_t)e->lots[i]->metals[k]->element;
      add_output(stage, OM_SUM_OUTPUT, &of, (int64_t)e->lots[i]->metals[k]->contained_mg);
    }
}

/* ---- corrections ---- */

/* What stands of an Extract that was corrected, by element; its member is who corrects it. RIGHT is the last that was
 * said without lowering anything; OM_MASS_MAX_MG: nothing was. */
struct corrected {
  bool extracts; /* else it is another event, and nothing of an output */
  uint32_t site;
  uint16_t year;
  bool one_lot;
  struct {
    int64_t counted, right;
  } metals[OM_ELEMENT_MAX + 1];
};

enum { CORRECTED_HEAD = 4 + 2 + 1, CORRECTED_METAL = 1 + 8 + 8 };

static void corrected_key(uint8_t out[1 + OM_PLACE_KEY_BYTES], const struct om_place *place) {
  out[0] = OM_SUM_CORRECTED;
  om_place_key(out + 1, place);
}

static void put_corrected(struct om_stage *stage, const struct om_place *place, const struct corrected *c) {
  uint8_t key[1 + OM_PLACE_KEY_BYTES], row[CORRECTED_HEAD + OM_ELEMENT_MAX * CORRECTED_METAL], *at = row;
  corrected_key(key, place);
  om_be32(at, c->site);
  at[4] = (uint8_t)(c->year >> 8);
  at[5] = (uint8_t)c->year;
  at[6] = c->one_lot;
  at += CORRECTED_HEAD;
  for (uint8_t z = 1; z <= OM_ELEMENT_MAX; z++) {
    if (c->metals[z].counted == 0) continue;
    at[0] = z;
    om_be64(at + 1, (uint64_t)c->metals[z].counted);
    om_be64(at + 9, (uint64_t)c->metals[z].right);
    at += CORRECTED_METAL;
  }
  om_stage_put(stage, OM_TABLE_SUMS, key, sizeof key, row, (size_t)(at - row));
}

static bool get_corrected(struct om_stage *stage, struct corrected *out, const struct om_place *place) {
  uint8_t key[1 + OM_PLACE_KEY_BYTES];
  struct om_bytes row;
  corrected_key(key, place);
  if (!om_stage_get(stage, &row, OM_TABLE_SUMS, key, sizeof key) || row.len < CORRECTED_HEAD) return false;
  *out = (struct corrected){.extracts = true,
                            .site = om_get32(row.data),
                            .year = (uint16_t)(row.data[4] << 8 | row.data[5]),
                            .one_lot = row.data[6] != 0};
  for (size_t at = CORRECTED_HEAD; at + CORRECTED_METAL <= row.len; at += CORRECTED_METAL) {
    uint8_t z = row.data[at];
    if (z > OM_ELEMENT_MAX) continue;
    out->metals[z].counted = (int64_t)om_get64(row.data + at + 1);
    out->metals[z].right = (int64_t)om_get64(row.data + at + 9);
  }
  return true;
}

/* What the event at PLACE says, as it stands in its log. Not in the arena: one statement may correct many. */
static enum om_code read_extract(struct om_stage *stage, struct corrected *out, const struct om_place *place,
                                 struct om_status *st) {
  struct om_bytes entry;
  struct om_found found;
  int64_t mg[OM_ELEMENT_MAX + 1];
  *out = (struct corrected){0};
  enum om_code code = om_log_entry(stage->backing->txn, &entry, place->log, place->index, st);
  if (code != OM_OK || !om_find_event(&found, entry.data, entry.len, place->event)) return code;
  Oremark__Event *event = oremark__event__unpack(NULL, found.event.len, found.event.data);
  if (event && event->kind_case == OREMARK__EVENT__KIND_EXTRACT) {
    *out = (struct corrected){.extracts = true,
                              .site = event->extract->site,
                              .year = om_year_of(event->at_ms),
                              .one_lot = event->extract->n_lots == 1};
    stated(mg, event->extract);
    for (size_t z = 1; z <= OM_ELEMENT_MAX; z++) {
      out->metals[z].counted = mg[z];
      out->metals[z].right = OM_MASS_MAX_MG;
    }
  }
  if (event) oremark__event__free_unpacked(event, NULL);
  return OM_OK;
}

static int64_t held_of(const struct om_lot *lot, uint8_t element) {
  for (size_t i = 0; lot && i < lot->n_contents; i++)
    if (lot->contents[i].element == element) return lot->contents[i].contained_mg;
  return 0;
}

/* What CORRECT says that C should have been of ELEMENT. Of an event with several lots it does not say whose metal it
 * means. */
static int64_t right_of(const struct corrected *c, const Oremark__Correct *correct, uint8_t element) {
  if (correct->reason == OREMARK__CORRECT_REASON__CORRECT_REASON_DID_NOT_OCCUR) return 0;
  for (size_t i = 0; !correct->lot && c->one_lot && i < correct->n_metals; i++)
    if (correct->metals[i]->element == element) return (int64_t)correct->metals[i]->mass_mg;
  return c->metals[element].right;
}

static int64_t unsure(const struct corrected *c, uint8_t element) {
  int64_t counted = c->metals[element].counted, right = c->metals[element].right;
  return counted > right ? counted - right : 0;
}

enum om_code om_stage_output_corrected(struct om_stage *stage, const struct om_place *place,
                                       const Oremark__Correct *correct, const struct om_lot *was,
                                       const struct om_lot *now, struct om_status *st) {
  struct corrected c;
  if (stage->backing->uncapped) return OM_OK;
  enum om_code code = get_corrected(stage, &c, place) ? OM_OK : read_extract(stage, &c, place, st);
  if (code != OM_OK || !c.extracts) return code;
  for (uint8_t z = 1; z <= OM_ELEMENT_MAX; z++) {
    const struct om_output of = {.member = stage->member.number, .site = c.site, .element = z, .year = c.year};
    int64_t counted = c.metals[z].counted, before = unsure(&c, z);
    if (counted == 0) continue;
    int64_t less = held_of(was, z) - held_of(now, z);
    if (less > counted) less = counted; /* of an event's metal that stayed at the largest mass */
    c.metals[z].counted -= less;
    c.metals[z].right = right_of(&c, correct, z);
    add_output(stage, OM_SUM_OUTPUT, &of, -less);
    add_output(stage, OM_SUM_UNSURE, &of, unsure(&c, z) - before);
  }
  put_corrected(stage, place, &c);
  return om_txn_check(stage->backing->txn, st);
}

/* ---- for answers ---- */

bool om_output_next(struct om_txn *txn, struct om_output *out, uint32_t member) {
  uint8_t key[SUM_KEY_BYTES];
  struct om_bytes found, row;
  bool first = out->element == 0;
  if (first) out->member = member;
  sum_key(key, OM_SUM_OUTPUT, out);
  bool more = om_txn_next(txn, &found, &row, OM_TABLE_SUMS, key, sizeof key);
  if (more && !first && found.len == sizeof key && memcmp(found.data, key, sizeof key) == 0)
    more = om_txn_step(txn, &found, &row, OM_TABLE_SUMS);
  if (!more || found.len != sizeof key || found.data[0] != OM_SUM_OUTPUT || row.len != 8 ||
      (member != OM_MEMBER_NONE && om_get32(found.data + 1) != member))
    return false;
  *out = (struct om_output){.member = om_get32(found.data + 1),
                            .site = om_get32(found.data + 5),
                            .element = found.data[9],
                            .year = (uint16_t)(found.data[10] << 8 | found.data[11]),
                            .mg = (int64_t)om_get64(row.data)};
  sum_key(key, OM_SUM_UNSURE, out);
  if (om_txn_get(txn, &row, OM_TABLE_SUMS, key, sizeof key) && row.len == 8)
    out->corrected_mg = (int64_t)om_get64(row.data);
  return true;
}

/* ---- the one beside the other ---- */

/* What CEILING says of ELEMENT; 0: nothing. */
static int64_t mass_of(const struct om_ceiling *ceiling, uint8_t element) {
  for (size_t i = 0; i < ceiling->n; i++)
    if (ceiling->metals[i].element == element) return ceiling->metals[i].mg;
  return 0;
}

struct ceilings {
  struct om_arena *arena;
  struct om_output_ceiling *each; /* by author */
  size_t n, cap;
};

static struct om_output_ceiling *of_author(struct ceilings *c, uint32_t author) {
  size_t at = 0;
  while (at < c->n && c->each[at].author < author) at++;
  if (at < c->n && c->each[at].author == author) return &c->each[at];
  if (c->n == c->cap) {
    size_t cap = c->cap == 0 ? 4 : 2 * c->cap;
    struct om_output_ceiling *each = om_arena_array(c->arena, cap, sizeof *each);
    if (c->n > 0) memcpy(each, c->each, c->n * sizeof *each);
    c->each = each;
    c->cap = cap;
  }
  memmove(&c->each[at + 1], &c->each[at], (c->n++ - at) * sizeof *c->each);
  c->each[at] = (struct om_output_ceiling){.author = author};
  return &c->each[at];
}

static enum om_code add_estimate(struct om_txn *txn, struct ceilings *c, const struct om_output *output,
                                 Oremark__EstimateKind kind, const struct om_place *at, struct om_status *st) {
  struct om_attested row;
  struct om_ceiling ceiling;
  if (om_attested_get(txn, &row, at, st) != OM_OK) return st->code;
  if (!ceiling_unpack(&ceiling, row.kept, row.n_kept))
    return om_fail(st, OM_CORRUPT, NULL, "a stored estimate can't be read: " OM_STORE_DAMAGED);
  int64_t mg = mass_of(&ceiling, output->element), end_ms = days_before((uint16_t)(output->year + 1)) * DAY_MS;
  if (ceiling.kind != kind || mg == 0 || ceiling.as_of_ms >= end_ms) return OM_OK;
  struct om_output_ceiling *last = of_author(c, row.author);
  if (last->stated && (ceiling.as_of_ms < last->as_of_ms || (ceiling.as_of_ms == last->as_of_ms && mg >= last->mg)))
    return OM_OK;
  *last = (struct om_output_ceiling){
      .stated = true, .mg = mg, .author = row.author, .at = *at, .as_of_ms = ceiling.as_of_ms};
  return OM_OK;
}

/* What has been put out of OUTPUT's metal since C's estimate, in whole years. */
static void put_out_since(struct om_txn *txn, struct om_output_ceiling *c, const struct om_output *output) {
  int64_t as_of_ms = c->as_of_ms;
  uint16_t from = om_year_of(as_of_ms);
  if (days_before(from) * DAY_MS < as_of_ms) from++;
  /* The sums of one site and element stand together, by year. */
  struct om_output at = *output;
  at.year = (uint16_t)(from - 1);
  while (om_output_next(txn, &at, output->member) && at.site == output->site && at.element == output->element &&
         at.year <= output->year) {
    if (!om_mass_add(&c->sum_mg, c->sum_mg, at.mg)) c->sum_mg = OM_MASS_MAX_MG;
    if (!om_mass_add(&c->corrected_mg, c->corrected_mg, at.corrected_mg)) c->corrected_mg = OM_MASS_MAX_MG;
  }
}

enum om_code om_output_ceilings(struct om_txn *txn, struct om_arena *arena, struct om_output_ceiling **out, size_t *n,
                                const struct om_output *output, Oremark__EstimateKind kind, struct om_status *st) {
  struct ceilings c = {.arena = arena};
  struct om_subject_key about;
  struct om_place at = {0};
  enum om_code code = OM_OK;
  int what;
  om_about_output(&about, output->member, output->site);
  while (code == OM_OK && om_attested_next(txn, &at, &what, &about)) {
    struct om_place by = {0};
    int end;
    if (what != OREMARK__EVENT__KIND_ESTIMATE || om_attested_end(txn, &by, &end, &at)) continue;
    code = add_estimate(txn, &c, output, kind, &at, st);
  }
  for (size_t i = 0; i < c.n; i++)
    if (kind == OREMARK__ESTIMATE_KIND__ESTIMATE_KIND_RESOURCE) {
      put_out_since(txn, &c.each[i], output);
    } else {
      c.each[i].sum_mg = output->mg;
      c.each[i].corrected_mg = output->corrected_mg;
    }
  *out = c.each;
  *n = c.n;
  return code != OM_OK ? code : om_txn_check(txn, st);
}

struct om_output_ceiling om_output_widest(const struct om_output_ceiling *ceilings, size_t n) {
  struct om_output_ceiling out = {0};
  for (size_t i = 0; i < n; i++)
    if (!out.stated || ceilings[i].mg - ceilings[i].sum_mg > out.mg - out.sum_mg) out = ceilings[i];
  return out;
}
