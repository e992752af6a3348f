#include "ledger/lot.h"

#include <string.h>

#include "ledger/quantity.h"
#include "ledger/store.h"
#include "proto/custody.pb-c.h"
#include "proto/quantity.pb-c.h"

enum {
  ROW_FORMAT = 2,
  PLACE_BYTES = 16,
  HEAD_BYTES = 4 + OM_HASH_BYTES + 2 * PLACE_BYTES + 6 * 4 + 1 + 8 + 1,
  HOLD_BYTES = 2 + PLACE_BYTES, /* of one that there is, without its releasers */
  CONTENT_BYTES = 2,
  SHARE_BYTES = OM_ORIGIN_BYTES + 8,
};

_Static_assert(OM_MIX_MAX_SHARES <= UINT8_MAX && OM_LOT_METALS_MAX <= UINT8_MAX, "counts are one byte in a row");

/* ---- writing ---- */

static uint8_t *put(uint8_t *at, uint64_t value, unsigned bytes) {
  for (unsigned i = bytes; i > 0; i--, value >>= 8) at[i - 1] = (uint8_t)value;
  return at + bytes;
}

static uint8_t *put_place(uint8_t *at, const struct om_place *place) {
  at = put(at, place->log, 4);
  at = put(at, place->index, 8);
  at = put(at, place->event, 2);
  return put(at, place->output, 2);
}

static size_t hold_bytes(const struct om_hold *hold) {
  return hold->reason == 0 ? 0 : HOLD_BYTES + hold->n_releasers * (size_t)4;
}

static uint8_t *put_hold(uint8_t *at, const struct om_hold *hold) {
  *at++ = hold->reason;
  if (hold->reason == 0) return at;
  OM_ASSERT(hold->n_releasers <= OM_RELEASERS_MAX);
  *at++ = hold->threshold;
  *at++ = hold->n_releasers;
  for (size_t i = 0; i < hold->n_releasers; i++) at = put(at, hold->releasers[i], 4);
  return put_place(at, &hold->at);
}

static uint8_t *put_content(uint8_t *at, const struct om_content *content) {
  OM_ASSERT(content->mix.n > 0 && content->mix.n <= OM_MIX_MAX_SHARES);
  *at++ = content->element;
  *at++ = (uint8_t)content->mix.n;
  for (size_t i = 0; i < content->mix.n; i++) {
    om_origin_encode(at, content->mix.shares[i].origin);
    at = put(at + OM_ORIGIN_BYTES, (uint64_t)content->mix.shares[i].mg, 8);
  }
  return at;
}

void om_lot_key(uint8_t out[OM_LOT_KEY_BYTES], const uint8_t number[OM_LOT_NUMBER_BYTES], uint32_t step) {
  memcpy(out, number, OM_LOT_NUMBER_BYTES);
  put(out + OM_LOT_NUMBER_BYTES, step, 4);
}

void om_lot_encode(struct om_arena *arena, const uint8_t **out, size_t *len, const struct om_lot *lot) {
  OM_ASSERT(lot->n_contents <= OM_LOT_METALS_MAX);
  size_t size = HEAD_BYTES + hold_bytes(&lot->hold) + 1;
  for (size_t i = 0; i < lot->n_contents; i++) size += CONTENT_BYTES + lot->contents[i].mix.n * SHARE_BYTES;
  uint8_t *row = om_arena_alloc(arena, size);
  uint8_t *at = row;
  *at++ = ROW_FORMAT;
  *at++ = (uint8_t)lot->state;
  *at++ = lot->pool;
  *at++ = lot->form;
  memcpy(at, lot->last_event.bytes, OM_HASH_BYTES);
  at = put_place(at + OM_HASH_BYTES, &lot->at);
  at = put_place(at, &lot->born);
  at = put(at, lot->custodian, 4);
  at = put(at, lot->pen, 4);
  at = put(at, lot->owner, 4);
  at = put(at, lot->next_owner, 4);
  at = put(at, lot->site, 4);
  at = put(at, lot->consignor, 4);
  *at++ = lot->settled;
  at = put(at, (uint64_t)lot->gross_mg, 8);
  at = put_hold(at, &lot->hold);
  *at++ = (uint8_t)lot->n_contents;
  for (size_t i = 0; i < lot->n_contents; i++) at = put_content(at, &lot->contents[i]);
  OM_ASSERT((size_t)(at - row) == size);
  *out = row;
  *len = size;
}

/* ---- reading ---- */

struct reader {
  const uint8_t *at, *end;
};

static uint64_t get(struct reader *in, unsigned bytes) {
  uint64_t value = 0;
  for (unsigned i = 0; i < bytes; i++) value = value << 8 | *in->at++;
  return value;
}

static struct om_place get_place(struct reader *in) {
  struct om_place place = {.log = (uint32_t)get(in, 4)};
  place.index = get(in, 8);
  place.event = (uint16_t)get(in, 2);
  place.output = (uint16_t)get(in, 2);
  return place;
}

static bool same_place(const struct om_place *a, const struct om_place *b) {
  return a->log == b->log && a->index == b->index && a->event == b->event && a->output == b->output;
}

static size_t left(const struct reader *in) {
  return (size_t)(in->end - in->at);
}

static bool get_content(struct om_arena *arena, struct om_content *out, struct reader *in) {
  if (left(in) < CONTENT_BYTES) return false;
  out->element = (uint8_t)get(in, 1);
  out->mix.n = (size_t)get(in, 1);
  if (out->element == 0 || out->element > OM_ELEMENT_MAX) return false;
  if (out->mix.n == 0 || out->mix.n > OM_MIX_MAX_SHARES || left(in) < out->mix.n * SHARE_BYTES) return false;
  struct om_share *shares = om_arena_array(arena, out->mix.n, sizeof *shares);
  out->contained_mg = 0;
  for (size_t i = 0; i < out->mix.n; i++) {
    if (!om_origin_decode(&shares[i].origin, in->at)) return false;
    in->at += OM_ORIGIN_BYTES;
    uint64_t mg = get(in, 8);
    if (mg == 0 || mg > OM_MASS_MAX_MG) return false;
    shares[i].mg = (int64_t)mg;
    if (i > 0 && om_origin_compare(shares[i - 1].origin, shares[i].origin) >= 0) return false;
    if (!om_mass_add(&out->contained_mg, out->contained_mg, shares[i].mg)) return false;
  }
  out->mix.shares = shares;
  return true;
}

static bool get_hold(struct om_arena *arena, struct om_hold *out, struct reader *in) {
  *out = (struct om_hold){.reason = (uint8_t)get(in, 1)};
  if (out->reason == OREMARK__HOLD_REASON__HOLD_REASON_UNSTATED) return true;
  if (out->reason > OREMARK__HOLD_REASON__HOLD_REASON_QUARANTINE || left(in) < HOLD_BYTES) return false;
  out->threshold = (uint8_t)get(in, 1);
  out->n_releasers = (uint8_t)get(in, 1);
  if (out->threshold == 0 || out->threshold > out->n_releasers || out->n_releasers > OM_RELEASERS_MAX ||
      left(in) < out->n_releasers * (size_t)4 + PLACE_BYTES)
    return false;
  uint32_t *releasers = om_arena_array(arena, out->n_releasers, sizeof *releasers), before = 0;
  for (size_t i = 0; i < out->n_releasers; before = releasers[i++]) {
    releasers[i] = (uint32_t)get(in, 4);
    if (releasers[i] <= before) return false;
  }
  out->releasers = releasers;
  out->at = get_place(in);
  return true;
}

static bool get_contents(struct om_arena *arena, struct om_lot *out, struct reader *in) {
  if (left(in) < 1) return false;
  out->n_contents = (size_t)get(in, 1);
  if (out->n_contents > OM_LOT_METALS_MAX) return false;
  struct om_content *contents = om_arena_array(arena, out->n_contents, sizeof *contents);
  for (size_t i = 0; i < out->n_contents; i++) {
    if (!get_content(arena, &contents[i], in)) return false;
    if (i > 0 && contents[i - 1].element >= contents[i].element) return false;
  }
  out->contents = contents;
  return left(in) == 0;
}

/* What can be said of a row without knowing any other. */
static bool is_sound(const struct om_lot *lot) {
  bool lives = lot->state == OM_LOT_HELD || lot->state == OM_LOT_IN_TRANSIT;
  if (lot->custodian == 0 || lot->owner == 0 || lot->site == 0 || lives != (lot->pen != 0)) return false;
  if (lot->state == OM_LOT_HELD && lot->pen != lot->custodian) return false;
  if (lot->next_owner != 0 && lot->state != OM_LOT_IN_TRANSIT) return false;
  if (lot->pool && lot->state != OM_LOT_HELD) return false;
  if (lot->hold.reason != 0 && (!lives || lot->pool)) return false;
  if (lot->settled && lot->consignor == 0) return false;
  return lot->step > 0 || same_place(&lot->at, &lot->born);
}

/* What a row says before its hold and its contents. */
static bool get_head(struct om_lot *out, struct reader *in) {
  if (left(in) < HEAD_BYTES || get(in, 1) != ROW_FORMAT) return false;
  uint64_t state = get(in, 1);
  uint64_t pool = get(in, 1);
  if (state < OM_LOT_HELD || state > OM_LOT_RETIRED || pool > 1) return false;
  out->state = (enum om_lot_state)state;
  out->pool = pool == 1;
  out->form = (uint8_t)get(in, 1);
  memcpy(out->last_event.bytes, in->at, OM_HASH_BYTES);
  in->at += OM_HASH_BYTES;
  out->at = get_place(in);
  out->born = get_place(in);
  out->custodian = (uint32_t)get(in, 4);
  out->pen = (uint32_t)get(in, 4);
  out->owner = (uint32_t)get(in, 4);
  out->next_owner = (uint32_t)get(in, 4);
  out->site = (uint32_t)get(in, 4);
  out->consignor = (uint32_t)get(in, 4);
  uint64_t settled = get(in, 1);
  out->settled = settled == 1;
  uint64_t gross = get(in, 8);
  if (settled > 1 || gross > OM_MASS_MAX_MG || out->form > OREMARK__FORM__FORM_RESIDUE) return false;
  out->gross_mg = (int64_t)gross;
  return true;
}

static bool get_lot(struct om_arena *arena, struct om_lot *out, struct reader *in) {
  return get_head(out, in) && get_hold(arena, &out->hold, in) && is_sound(out) && get_contents(arena, out, in);
}

static enum om_code damaged(const struct om_lot *lot, struct om_status *st) {
  char text[OM_LOT_TEXT_BYTES];
  return om_fail(st, OM_CORRUPT, NULL, "lot %s: its row at step %u can't be read: " OM_STORE_DAMAGED,
                 om_lot_format(text, sizeof text, lot->number), lot->step);
}

enum om_code om_lot_decode(struct om_arena *arena, struct om_lot *out, const uint8_t key[OM_LOT_KEY_BYTES],
                           const uint8_t *row, size_t len, struct om_status *st) {
  struct reader number = {key + OM_LOT_NUMBER_BYTES, key + OM_LOT_KEY_BYTES};
  memcpy(out->number, key, OM_LOT_NUMBER_BYTES);
  out->step = (uint32_t)get(&number, 4);
  return get_lot(arena, out, &(struct reader){row, row + len}) ? OM_OK : damaged(out, st);
}

enum om_code om_lot_decode_head(struct om_lot *out, const uint8_t key[OM_LOT_KEY_BYTES], const uint8_t *row, size_t len,
                                struct om_status *st) {
  struct reader number = {key + OM_LOT_NUMBER_BYTES, key + OM_LOT_KEY_BYTES};
  *out = (struct om_lot){0};
  memcpy(out->number, key, OM_LOT_NUMBER_BYTES);
  out->step = (uint32_t)get(&number, 4);
  return get_head(out, &(struct reader){row, row + len}) ? OM_OK : damaged(out, st);
}
