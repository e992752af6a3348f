#include "ledger/attested.h"

#include <string.h>

#include "ledger/events/forms.h"
#include "ledger/events/kinds.h"
#include "ledger/step.h"

enum {
  TAG_PLACE = 'P',
  TAG_ENDED = 'X',
  KIND_BYTES = 2,
  ROW_BYTES = KIND_BYTES + 4 + 8,
  KEY_MAX = OM_ATTESTED_ABOUT_MAX + OM_PLACE_KEY_BYTES,
};

_Static_assert(OM_ATTESTED_ABOUT_MAX >= 1 + OM_PLACE_KEY_BYTES, "an event as a subject fits");

/* ---- keys ---- */

static void put16(uint8_t *out, unsigned v) {
  out[0] = (uint8_t)(v >> 8);
  out[1] = (uint8_t)v;
}

static unsigned get16(const uint8_t *in) {
  return (unsigned)in[0] << 8 | in[1];
}

void om_place_key(uint8_t out[OM_PLACE_KEY_BYTES], const struct om_place *place) {
  om_be32(out, place->log);
  om_be64(out + 4, place->index);
  put16(out + 12, place->event);
}

void om_place_read(struct om_place *out, const uint8_t key[OM_PLACE_KEY_BYTES]) {
  *out = (struct om_place){.log = om_get32(key), .index = om_get64(key + 4), .event = (uint16_t)get16(key + 12)};
}

void om_about_member(struct om_subject_key *out, uint32_t member) {
  out->bytes[0] = OM_ABOUT_MEMBER;
  om_be32(out->bytes + 1, member);
  out->len = 5;
}

void om_about_site(struct om_subject_key *out, uint32_t member, uint32_t site) {
  out->bytes[0] = OM_ABOUT_SITE;
  om_be32(out->bytes + 1, member);
  om_be32(out->bytes + 5, site);
  out->len = 9;
}

void om_about_lot(struct om_subject_key *out, const uint8_t number[OM_LOT_NUMBER_BYTES]) {
  out->bytes[0] = OM_ABOUT_LOT;
  memcpy(out->bytes + 1, number, OM_LOT_NUMBER_BYTES);
  out->len = 1 + OM_LOT_NUMBER_BYTES;
}

void om_about_event(struct om_subject_key *out, const struct om_place *event) {
  out->bytes[0] = OM_ABOUT_EVENT;
  om_place_key(out->bytes + 1, event);
  out->len = 1 + OM_PLACE_KEY_BYTES;
}

/* What has been ended is filed as what the end is about. */
static void about_ended(struct om_subject_key *out, const struct om_place *place) {
  om_about_event(out, place);
  out->bytes[0] = TAG_ENDED;
}

static void place_row_key(uint8_t out[1 + OM_PLACE_KEY_BYTES], const struct om_place *place) {
  out[0] = TAG_PLACE;
  om_place_key(out + 1, place);
}

/* ---- forms ---- */

enum om_code om_form_event_ref(const char *what, const Oremark__EventRef *ref, struct om_status *st) {
  if (!ref) return om_fail(st, OM_REFUSED, "form", "%s is missing: name the event", what);
  if (om_form_number(what, ref->member, st) != OM_OK) return st->code;
  if (ref->statement_id.len != OM_HASH_BYTES)
    return om_fail(st, OM_REFUSED, "form", "%s: a statement id has %d bytes, this has %zu", what, OM_HASH_BYTES,
                   ref->statement_id.len);
  if (ref->signed_ms <= 0 || (uint64_t)ref->signed_ms > OM_SIGNED_MAX_MS || ref->event >= OM_EVENTS_MAX)
    return om_fail(st, OM_REFUSED, "form", "%s: no statement was signed at %lld ms, or has an event %u", what,
                   (long long)ref->signed_ms, ref->event);
  return OM_OK;
}

enum om_code om_form_subject(const Oremark__Subject *s, struct om_status *st) {
  if (!s) return om_fail(st, OM_REFUSED, "form", "`subject` is missing: say what it is about");
  size_t n = (size_t)(s->member != 0) + (size_t)(s->lot.len != 0) + (size_t)(s->event != NULL);
  if (n != 1 || (s->site != 0 && s->member == 0))
    return om_fail(st, OM_REFUSED, "form", "`subject`: name one of a member, a member's site, a lot or an event");
  if (s->lot.len != 0 && s->lot.len != OM_LOT_NUMBER_BYTES)
    return om_fail(st, OM_REFUSED, "form", "`subject`: a lot number has %d bytes, this has %zu", OM_LOT_NUMBER_BYTES,
                   s->lot.len);
  return s->event ? om_form_event_ref("`subject`", s->event, st) : OM_OK;
}

/* ---- what rules lean on ---- */

static enum om_code no_event(const Oremark__EventRef *ref, struct om_status *st) {
  return om_fail(st, OM_REFUSED, "event",
                 "no log held here has event %u of a statement that member %u signed at %lld ms under that id: check "
                 "the reference, or wait until the log has arrived",
                 ref->event, ref->member, (long long)ref->signed_ms);
}

enum om_code om_stage_event(struct om_stage *stage, struct om_place *out, const Oremark__EventRef *ref,
                            struct om_status *st) {
  struct om_hash id;
  struct om_bytes entry;
  struct om_found found;
  struct om_txn *txn = stage->backing->txn;
  memcpy(id.bytes, ref->statement_id.data, OM_HASH_BYTES);
  enum om_code code = om_statement_find(txn, out, ref->member, ref->signed_ms, &id, st);
  if (code == OM_MISSING) return no_event(ref, st);
  if (code == OM_OK) code = om_stage_covers(stage, out->log, out->index, st);
  if (code == OM_OK) code = om_log_entry(txn, &entry, out->log, out->index, st);
  if (code != OM_OK) return code;
  out->event = (uint16_t)ref->event;
  out->output = 0;
  return om_find_event(&found, entry.data, entry.len, out->event) ? OM_OK : no_event(ref, st);
}

static enum om_code stage_member(struct om_stage *stage, struct om_subject_key *out, const Oremark__Subject *s,
                                 struct om_status *st) {
  struct om_member member;
  struct om_site site;
  uint64_t as_of = stage->judged->registry_size;
  enum om_code code = om_registry_member(stage->backing->txn, &member, s->member, as_of, st);
  if (code == OM_OK && s->site != 0) code = om_registry_site(stage->backing->txn, &site, s->member, s->site, as_of, st);
  if (code == OM_MISSING && s->site == 0)
    return om_fail(st, OM_REFUSED, "subject", "there is no member %u in the registry that this log follows", s->member);
  if (code == OM_MISSING)
    return om_fail(st, OM_REFUSED, "subject", "member %u has no site %u in the registry that this log follows",
                   s->member, s->site);
  if (s->site != 0)
    om_about_site(out, s->member, s->site);
  else
    om_about_member(out, s->member);
  return code;
}

/* Where a lot was born says whether it is covered; what has become of it since does not matter. */
static enum om_code stage_lot(struct om_stage *stage, struct om_subject_key *out, const uint8_t *number,
                              struct om_status *st) {
  struct om_lot lot;
  char text[OM_LOT_TEXT_BYTES];
  enum om_code code = stage->backing->lot(stage->backing->ctx, stage->arena, &lot, number, st);
  if (code == OM_MISSING)
    return om_fail(st, OM_REFUSED, "subject",
                   "no lot %s is known here: check the number, or wait until the log that made it has arrived",
                   om_lot_format(text, sizeof text, number));
  if (code == OM_OK) code = om_stage_covers(stage, lot.born.log, lot.born.index, st);
  if (code == OM_OK) om_about_lot(out, number);
  return code;
}

enum om_code om_stage_subject(struct om_stage *stage, struct om_subject_key *out, const Oremark__Subject *subject,
                              struct om_status *st) {
  struct om_place at;
  if (subject->member != 0) return stage_member(stage, out, subject, st);
  if (subject->lot.len != 0) return stage_lot(stage, out, subject->lot.data, st);
  enum om_code code = om_stage_event(stage, &at, subject->event, st);
  if (code == OM_OK) om_about_event(out, &at);
  return code;
}

static bool read_row(struct om_attested *out, const struct om_place *place, const struct om_bytes *row) {
  if (row->len < ROW_BYTES || row->len > ROW_BYTES + OM_ATTESTED_KEPT_MAX) return false;
  *out = (struct om_attested){.at = *place,
                              .kind = (int)get16(row->data),
                              .author = om_get32(row->data + KIND_BYTES),
                              .at_ms = (int64_t)om_get64(row->data + KIND_BYTES + 4),
                              .n_kept = row->len - ROW_BYTES};
  memcpy(out->kept, row->data + ROW_BYTES, out->n_kept);
  return true;
}

enum om_code om_stage_attested(struct om_stage *stage, struct om_attested *out, const struct om_place *place,
                               struct om_status *st) {
  uint8_t key[1 + OM_PLACE_KEY_BYTES];
  struct om_bytes row;
  place_row_key(key, place);
  if (!om_stage_get(stage, &row, OM_TABLE_ATTESTED, key, sizeof key)) {
    enum om_code code = om_txn_check(stage->backing->txn, st);
    return code != OM_OK ? code : (st->code = OM_MISSING);
  }
  return read_row(out, place, &row) ? OM_OK : om_fail(st, OM_CORRUPT, NULL, "a stored attestation can't be read");
}

/* The next row under ABOUT after *PLACE; the first where that is all zero. */
static bool next_about(struct om_txn *txn, struct om_place *place, int *kind, const struct om_subject_key *about) {
  uint8_t key[KEY_MAX];
  struct om_bytes found, row;
  size_t len = about->len + OM_PLACE_KEY_BYTES;
  bool first = place->log == 0 && place->index == 0 && place->event == 0;
  memcpy(key, about->bytes, about->len);
  om_place_key(key + about->len, place);
  bool more = om_txn_next(txn, &found, &row, OM_TABLE_ATTESTED, key, len);
  if (more && !first && found.len == len && memcmp(found.data, key, len) == 0)
    more = om_txn_step(txn, &found, &row, OM_TABLE_ATTESTED);
  if (!more || found.len != len || memcmp(found.data, about->bytes, about->len) != 0 || row.len != KIND_BYTES)
    return false;
  om_place_read(place, found.data + about->len);
  *kind = (int)get16(row.data);
  return true;
}

enum om_code om_stage_ended(struct om_stage *stage, bool *ended, const struct om_place *place, struct om_status *st) {
  struct om_subject_key about;
  struct om_place by = {0};
  struct om_status not_covered;
  int kind;
  *ended = false;
  about_ended(&about, place);
  for (size_t i = 0; i < stage->n_others && !*ended; i++) /* by an event of this statement */
    *ended = stage->others[i].table == OM_TABLE_ATTESTED && stage->others[i].key_len > about.len &&
             memcmp(stage->others[i].key, about.bytes, about.len) == 0;
  while (!*ended && next_about(stage->backing->txn, &by, &kind, &about)) {
    enum om_code code = om_stage_covers(stage, by.log, by.index, &not_covered);
    if (code != OM_OK && code != OM_WAIT && code != OM_REFUSED) return *st = not_covered, code;
    *ended = code == OM_OK;
  }
  return om_txn_check(stage->backing->txn, st);
}

/* ---- writing ---- */

struct om_place om_stage_place(const struct om_stage *stage) {
  return (struct om_place){.log = stage->judged->log, .index = stage->judged->index, .event = stage->event};
}

void om_stage_about(struct om_stage *stage, const Oremark__Event *event, const struct om_subject_key *about) {
  uint8_t key[KEY_MAX], kind[KIND_BYTES];
  struct om_place at = om_stage_place(stage);
  memcpy(key, about->bytes, about->len);
  om_place_key(key + about->len, &at);
  put16(kind, (unsigned)event->kind_case);
  om_stage_put(stage, OM_TABLE_ATTESTED, key, about->len + OM_PLACE_KEY_BYTES, kind, sizeof kind);
}

void om_stage_attest(struct om_stage *stage, const Oremark__Event *event, const struct om_subject_key *about,
                     const uint8_t *kept, size_t n_kept) {
  uint8_t key[1 + OM_PLACE_KEY_BYTES], row[ROW_BYTES + OM_ATTESTED_KEPT_MAX];
  struct om_place at = om_stage_place(stage);
  OM_ASSERT(n_kept <= OM_ATTESTED_KEPT_MAX);
  place_row_key(key, &at);
  put16(row, (unsigned)event->kind_case);
  om_be32(row + KIND_BYTES, stage->member.number);
  om_be64(row + KIND_BYTES + 4, (uint64_t)event->at_ms);
  if (n_kept > 0) memcpy(row + ROW_BYTES, kept, n_kept);
  om_stage_put(stage, OM_TABLE_ATTESTED, key, sizeof key, row, ROW_BYTES + n_kept);
  om_stage_about(stage, event, about);
}

void om_stage_end(struct om_stage *stage, const Oremark__Event *event, const struct om_place *place) {
  struct om_subject_key about;
  about_ended(&about, place);
  om_stage_about(stage, event, &about);
}

int64_t om_stage_sum(struct om_stage *stage, const uint8_t *key, size_t len) {
  struct om_bytes row;
  return om_stage_get(stage, &row, OM_TABLE_SUMS, key, len) && row.len == 8 ? (int64_t)om_get64(row.data) : 0;
}

void om_stage_set_sum(struct om_stage *stage, const uint8_t *key, size_t len, int64_t mg) {
  uint8_t row[8];
  om_be64(row, (uint64_t)mg);
  om_stage_put(stage, OM_TABLE_SUMS, key, len, row, sizeof row);
}

static void drawn_key(uint8_t out[1 + OM_PLACE_KEY_BYTES], const struct om_place *place) {
  out[0] = OM_SUM_DRAWN;
  om_place_key(out + 1, place);
}

int64_t om_stage_drawn(struct om_stage *stage, const struct om_place *place) {
  uint8_t key[1 + OM_PLACE_KEY_BYTES];
  drawn_key(key, place);
  return om_stage_sum(stage, key, sizeof key);
}

void om_stage_set_drawn(struct om_stage *stage, const struct om_place *place, int64_t mg) {
  uint8_t key[1 + OM_PLACE_KEY_BYTES];
  drawn_key(key, place);
  om_stage_set_sum(stage, key, sizeof key, mg);
}

/* ---- answers ---- */

enum om_code om_attested_get(struct om_txn *txn, struct om_attested *out, const struct om_place *place,
                             struct om_status *st) {
  uint8_t key[1 + OM_PLACE_KEY_BYTES];
  struct om_bytes row;
  place_row_key(key, place);
  if (om_txn_get(txn, &row, OM_TABLE_ATTESTED, key, sizeof key))
    return read_row(out, place, &row) ? OM_OK : om_fail(st, OM_CORRUPT, NULL, "a stored attestation can't be read");
  enum om_code code = om_txn_check(txn, st);
  return code != OM_OK ? code : om_fail(st, OM_MISSING, NULL, "no attestation stands there");
}

bool om_attested_next(struct om_txn *txn, struct om_place *place, int *kind, const struct om_subject_key *about) {
  return next_about(txn, place, kind, about);
}

bool om_attested_end(struct om_txn *txn, struct om_place *by, int *kind, const struct om_place *place) {
  struct om_subject_key about;
  about_ended(&about, place);
  return next_about(txn, by, kind, &about);
}

int64_t om_attested_drawn(struct om_txn *txn, const struct om_place *place) {
  uint8_t key[1 + OM_PLACE_KEY_BYTES];
  struct om_bytes row;
  drawn_key(key, place);
  return om_txn_get(txn, &row, OM_TABLE_SUMS, key, sizeof key) && row.len == 8 ? (int64_t)om_get64(row.data) : 0;
}
