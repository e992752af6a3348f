#include "ledger/claimed.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/quantity.h"

enum { KEY_MAX = 1 + OM_LOT_NUMBER_BYTES + OM_CLAIMED_OF_MAX };

int64_t om_claimed_holds(const struct om_lot *lot, uint8_t element) {
  if (element == 0) return lot->gross_mg;
  for (size_t i = 0; i < lot->n_contents; i++)
    if (lot->contents[i].element == element) return lot->contents[i].contained_mg;
  return 0;
}

static int compare(const struct om_claimed *a, const struct om_claimed *b) {
  int order = memcmp(a->of, b->of, a->n_of < b->n_of ? a->n_of : b->n_of);
  return order != 0 ? order : (a->n_of > b->n_of) - (a->n_of < b->n_of);
}

/* ---- rows ---- */

static size_t row_key(uint8_t key[KEY_MAX], const struct om_lot *lot, const struct om_claimed *of) {
  key[0] = OM_SUM_CLAIMED;
  memcpy(key + 1, lot->number, OM_LOT_NUMBER_BYTES);
  if (of) memcpy(key + 1 + OM_LOT_NUMBER_BYTES, of->of, of->n_of);
  return 1 + OM_LOT_NUMBER_BYTES + (of ? of->n_of : 0);
}

static void put_row(struct om_stage *stage, const struct om_lot *lot, const struct om_claimed *row) {
  uint8_t key[KEY_MAX];
  om_stage_set_sum(stage, key, row_key(key, lot, row), row->mg);
}

/* What the store has of LOT, which nobody has claimed for in this statement yet. */
static enum om_code load(struct om_stage *stage, struct om_claimed_list *out, const struct om_lot *lot,
                         struct om_status *st) {
  struct om_txn *txn = stage->backing->txn;
  struct om_bytes key, row;
  uint8_t from[KEY_MAX];
  size_t len = row_key(from, lot, NULL), cap = 0;
  bool more = om_txn_next(txn, &key, &row, OM_TABLE_SUMS, from, len);
  for (; more && key.len > len && memcmp(key.data, from, len) == 0;
       more = om_txn_step(txn, &key, &row, OM_TABLE_SUMS)) {
    if (key.len > KEY_MAX || row.len != 8)
      return om_fail(st, OM_CORRUPT, NULL, "a stored claim can't be read: " OM_STORE_DAMAGED);
    if (om_stage_move(stage, OM_CLAIMED_SHARES, st) != OM_OK) return st->code;
    if (out->n == cap) {
      struct om_claimed *rows = om_arena_array(stage->arena, cap = cap == 0 ? 4 : cap * 2, sizeof *rows);
      if (out->n > 0) memcpy(rows, out->rows, out->n * sizeof *rows);
      out->rows = rows;
    }
    struct om_claimed *claimed = &out->rows[out->n++];
    *claimed = (struct om_claimed){.n_of = key.len - len, .mg = (int64_t)om_get64(row.data)};
    memcpy(claimed->of, key.data + len, claimed->n_of);
  }
  return om_txn_check(txn, st);
}

static enum om_code list_of(struct om_stage *stage, struct om_claimed_list **out, const struct om_lot *lot,
                            struct om_status *st) {
  struct om_staged_lot *entry = om_stage_touched(stage, lot);
  if (!entry->claimed) {
    entry->claimed = om_arena_alloc(stage->arena, sizeof *entry->claimed);
    enum om_code code = load(stage, entry->claimed, lot, st);
    if (code != OM_OK) return code;
  }
  *out = entry->claimed;
  return OM_OK;
}

/* ---- for the claim itself ---- */

static struct om_claimed of_scheme(uint8_t element, const char *scheme) {
  struct om_claimed of = {.of = {element}, .n_of = 1 + strlen(scheme)};
  OM_ASSERT(of.n_of <= OM_CLAIMED_OF_MAX);
  memcpy(of.of + 1, scheme, of.n_of - 1);
  return of;
}

/* Where WHAT is in LIST, or would be. */
static size_t place_in(const struct om_claimed_list *list, const struct om_claimed *what) {
  size_t at = 0;
  while (at < list->n && compare(&list->rows[at], what) < 0) at++;
  return at;
}

enum om_code om_claimed_get(struct om_stage *stage, int64_t *mg, const struct om_lot *lot, uint8_t element,
                            const char *scheme, struct om_status *st) {
  struct om_claimed what = of_scheme(element, scheme);
  struct om_claimed_list *list;
  *mg = 0;
  if (stage->backing->uncapped) return OM_OK;
  if (list_of(stage, &list, lot, st) != OM_OK) return st->code;
  size_t at = place_in(list, &what);
  if (at < list->n && compare(&list->rows[at], &what) == 0) *mg = list->rows[at].mg;
  return OM_OK;
}

enum om_code om_claimed_set(struct om_stage *stage, const struct om_lot *lot, uint8_t element, const char *scheme,
                            int64_t mg, struct om_status *st) {
  struct om_claimed what = of_scheme(element, scheme);
  struct om_claimed_list *list;
  if (stage->backing->uncapped) return OM_OK;
  if (list_of(stage, &list, lot, st) != OM_OK) return st->code;
  size_t at = place_in(list, &what);
  if (at == list->n || compare(&list->rows[at], &what) != 0) {
    struct om_claimed *rows = om_arena_array(stage->arena, list->n + 1, sizeof *rows);
    if (at > 0) memcpy(rows, list->rows, at * sizeof *rows);
    if (at < list->n) memcpy(rows + at + 1, list->rows + at, (list->n - at) * sizeof *rows);
    rows[at] = what;
    *list = (struct om_claimed_list){list->n + 1, rows};
  }
  list->rows[at].mg = mg;
  put_row(stage, lot, &list->rows[at]);
  return OM_OK;
}

/* ---- from lots to lots ---- */

static int by_what(const void *a, const void *b) {
  return compare(a, b);
}

/* All that was claimed for N lots, of each no more than it holds, added up in *OUT. */
static enum om_code gather(struct om_stage *stage, struct om_claimed_list *out, const struct om_lot *const *lots,
                           size_t n, struct om_status *st) {
  struct om_claimed_list **lists = om_arena_array(stage->arena, n, sizeof *lists);
  size_t all = 0;
  *out = (struct om_claimed_list){0};
  for (size_t i = 0; i < n; i++) {
    if (list_of(stage, &lists[i], lots[i], st) != OM_OK) return st->code;
    all += lists[i]->n;
  }
  if (all == 0) return OM_OK;
  struct om_claimed *rows = om_arena_array(stage->arena, all, sizeof *rows), *row = rows;
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < lists[i]->n; k++, row++) {
      int64_t holds = om_claimed_holds(lots[i], lists[i]->rows[k].of[0]);
      *row = lists[i]->rows[k];
      if (row->mg > holds) row->mg = holds; /* it was short of some since */
    }
  qsort(rows, all, sizeof *rows, by_what);
  *out = (struct om_claimed_list){1, rows};
  for (size_t i = 1; i < all; i++)
    if (compare(&rows[out->n - 1], &rows[i]) == 0)
      OM_ASSERT(om_mass_add(&rows[out->n - 1].mg, rows[out->n - 1].mg, rows[i].mg)); /* what they hold fits */
    else
      rows[out->n++] = rows[i];
  return OM_OK;
}

/* PART of WHOLE of CLAIMED, rounded up: of what is not claimed yet nobody gets more than there is. Outputs were found
 * to sum to a mass each; the product fits. */
static om_u128 share(om_u128 claimed, om_u128 part, om_u128 whole) {
  return whole == 0 ? 0 : (claimed * part + whole - 1) / whole;
}

/* Gives what is claimed of one kind to N outputs, one after the other; what a process loses takes its share along, what
 * it gains is claimed like the rest. MASS is what the inputs held. */
static void share_out(struct om_stage *stage, const struct om_claimed *what, om_u128 mass,
                      struct om_lot *const *outputs, size_t n) {
  om_u128 out = 0, claimed = (om_u128)what->mg;
  for (size_t i = 0; i < n; i++) out += (uint64_t)om_claimed_holds(outputs[i], what->of[0]);
  if (out > mass) {
    claimed = share(claimed, out, mass);
    mass = out;
  }
  for (size_t i = 0; i < n; i++) {
    om_u128 holds = (om_u128)om_claimed_holds(outputs[i], what->of[0]), mine = share(claimed, holds, mass);
    claimed -= mine;
    mass -= holds;
    if (mine == 0 && outputs[i]->step == 0) continue;
    struct om_claimed_list *list = om_stage_touched(stage, outputs[i])->claimed;
    struct om_claimed *row = &list->rows[list->n++];
    *row = *what;
    row->mg = (int64_t)mine;
    put_row(stage, outputs[i], row);
  }
}

enum om_code om_claimed_pass(struct om_stage *stage, const struct om_lot *const *lots, size_t n, struct om_status *st) {
  struct om_claimed_list all;
  if (stage->backing->uncapped) return OM_OK; /* a part of the history says nothing of sums */
  if (gather(stage, &all, lots, n, st) != OM_OK) return st->code;
  if (all.n == 0) return OM_OK;
  size_t first = stage->first[stage->event], n_outputs = stage->n_outputs - first;
  struct om_lot *const *outputs = stage->outputs + first;
  if (om_stage_move(stage, all.n * n_outputs * OM_CLAIMED_SHARES, st) != OM_OK) return st->code;
  for (size_t i = 0; i < n_outputs; i++) {
    struct om_claimed_list *list = om_arena_alloc(stage->arena, sizeof *list);
    list->rows = om_arena_array(stage->arena, all.n, sizeof *list->rows);
    om_stage_touched(stage, outputs[i])->claimed = list;
  }
  for (size_t i = 0; i < all.n; i++) {
    om_u128 mass = 0;
    for (size_t k = 0; k < n; k++) mass += (uint64_t)om_claimed_holds(lots[k], all.rows[i].of[0]);
    share_out(stage, &all.rows[i], mass, outputs, n_outputs);
  }
  return OM_OK;
}
