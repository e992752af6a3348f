#include "support/replay.h"

#include <stdlib.h>
#include <string.h>

enum {
  DRIFT_KEY_BYTES = 9, /* member (4), element (1), the period's first day (4) */
  TABLE_FIRST = 256,
};

/* Keys are lot numbers with their step (the step is no part of what is compared), or drift keys. */
struct om_replay_row {
  const uint8_t *key; /* NULL: free */
  const uint8_t *data;
  size_t len;
};

/* ---- the table ---- */

/* FNV-1a (Fowler, Noll, Vo): lot numbers end in a hash, drift keys do not. Nobody gains by making keys collide in a
 * replay of their own history. */
static uint64_t hash_of(const uint8_t *key, size_t len) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  for (size_t i = 0; i < len; i++) hash = (hash ^ key[i]) * UINT64_C(0x100000001b3);
  return hash ^ hash >> 32;
}

static struct om_replay_row *probe(struct om_replay_row *rows, size_t cap, const uint8_t *key, size_t len) {
  size_t at = (size_t)hash_of(key, len) & (cap - 1);
  while (rows[at].key && memcmp(rows[at].key, key, len) != 0) at = (at + 1) & (cap - 1);
  return &rows[at];
}

/* The row of KEY, or the free one where it belongs; half of the table stays free. */
static struct om_replay_row *row_for(struct om_replay_table *table, const uint8_t *key, size_t len) {
  if (table->n >= table->cap / 2) {
    size_t cap = table->cap == 0 ? TABLE_FIRST : table->cap * 2;
    struct om_replay_row *rows = calloc(cap, sizeof *rows);
    OM_ASSERT(rows);
    for (size_t i = 0; i < table->cap; i++)
      if (table->rows[i].key) *probe(rows, cap, table->rows[i].key, len) = table->rows[i];
    free(table->rows);
    table->rows = rows;
    table->cap = cap;
  }
  return probe(table->rows, table->cap, key, len);
}

static const struct om_replay_row *find(const struct om_replay_table *table, const uint8_t *key, size_t len) {
  if (table->cap == 0) return NULL;
  const struct om_replay_row *row = probe(table->rows, table->cap, key, len);
  return row->key ? row : NULL;
}

/* ---- what the rules ask ---- */

enum om_code om_replay_lot(const struct om_replay *replay, struct om_arena *arena, struct om_lot *out,
                           const uint8_t number[OM_LOT_NUMBER_BYTES], struct om_status *st) {
  const struct om_replay_row *row = find(&replay->lots, number, OM_LOT_NUMBER_BYTES);
  if (!row) {
    st->code = OM_MISSING;
    return OM_MISSING;
  }
  return om_lot_decode(arena, out, row->key, row->data, row->len, st);
}

static enum om_code backing_lot(void *ctx, struct om_arena *arena, struct om_lot *out,
                                const uint8_t number[OM_LOT_NUMBER_BYTES], struct om_status *st) {
  return om_replay_lot(ctx, arena, out, number, st);
}

static enum om_code backing_mark(void *ctx, uint64_t *size, uint32_t log, struct om_status *st) {
  const struct om_replay *replay = ctx;
  if (replay->mark) return replay->mark(replay->mark_ctx, size, log, st);
  *size = UINT64_MAX;
  return OM_OK;
}

static void drift_key(uint8_t out[DRIFT_KEY_BYTES], uint32_t member, uint8_t element, uint32_t period) {
  memcpy(out, &member, sizeof member);
  out[4] = element;
  memcpy(out + 5, &period, sizeof period);
}

static enum om_code backing_drift(void *ctx, int64_t *mg, uint32_t member, uint8_t element, uint32_t period,
                                  struct om_status *st) {
  (void)st;
  const struct om_replay *replay = ctx;
  uint8_t key[DRIFT_KEY_BYTES];
  drift_key(key, member, element, period);
  const struct om_replay_row *row = find(&replay->drift, key, sizeof key);
  *mg = 0;
  if (row) memcpy(mg, row->data, sizeof *mg);
  return OM_OK;
}

struct om_backing om_replay_backing(struct om_replay *replay) {
  return (struct om_backing){.ctx = replay,
                             .lot = backing_lot,
                             .mark = backing_mark,
                             .drift = backing_drift,
                             .txn = replay->registry,
                             .uncapped = replay->uncapped};
}

/* ---- taking over ---- */

/* A later row of the same lot takes the place of the one before; the old bytes stay in the arena. */
static void put_lot(struct om_replay *replay, const struct om_lot *lot) {
  uint8_t key[OM_LOT_KEY_BYTES];
  om_lot_key(key, lot->number, lot->step);
  struct om_replay_row *row = row_for(&replay->lots, key, OM_LOT_NUMBER_BYTES);
  if (!row->key) replay->lots.n++;
  row->key = om_arena_copy(&replay->arena, key, sizeof key);
  om_lot_encode(&replay->arena, &row->data, &row->len, lot);
}

void om_replay_apply(struct om_replay *replay, const struct om_stage *stage) {
  for (size_t i = 0; i < stage->n_rows; i++) put_lot(replay, stage->rows[i]);
  for (size_t i = 0; i < stage->n_drift; i++) {
    const struct om_staged_drift *drift = &stage->drift[i];
    uint8_t key[DRIFT_KEY_BYTES];
    drift_key(key, stage->member.number, drift->element, drift->period);
    struct om_replay_row *row = row_for(&replay->drift, key, sizeof key);
    if (!row->key) {
      replay->drift.n++;
      row->key = om_arena_copy(&replay->arena, key, sizeof key);
    }
    row->data = om_arena_copy(&replay->arena, &drift->mg, sizeof drift->mg);
    row->len = sizeof drift->mg;
  }
  for (size_t i = 0; i < stage->n_others; i++) {
    const struct om_staged_row *other = &stage->others[i];
    om_txn_put(replay->registry, other->table, other->key, other->key_len, other->data, other->len);
  }
}

void om_replay_free(struct om_replay *replay) {
  free(replay->lots.rows);
  free(replay->drift.rows);
  replay->lots = replay->drift = (struct om_replay_table){0};
  om_arena_free(&replay->arena);
}
