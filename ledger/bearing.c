#include "ledger/bearing.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/overruled.h"
#include "ledger/registry.h"
#include "ledger/step.h"

enum {
  TAG_BEARS = 'K', /* then kind (2), place (14) -> the subject's bytes */
  PREFIX_BYTES = 1 + 2,
  KEY_BYTES = PREFIX_BYTES + OM_PLACE_KEY_BYTES,
};

static void kind_key(uint8_t key[PREFIX_BYTES], int kind) {
  key[0] = TAG_BEARS;
  key[1] = (uint8_t)(kind >> 8);
  key[2] = (uint8_t)kind;
}

void om_stage_bears(struct om_stage *stage, const Oremark__Event *event, const struct om_subject_key *about) {
  uint8_t key[KEY_BYTES];
  struct om_place at = om_stage_place(stage);
  kind_key(key, (int)event->kind_case);
  om_place_key(key + PREFIX_BYTES, &at);
  om_stage_put(stage, OM_TABLE_ATTESTED, key, sizeof key, about->bytes, about->len);
}

/* ---- how many are open ---- */

enum { OPEN_KEY_BYTES = 1 + 4 + 4 };

/* A member's home log may change, and no log writes what another has written: each counts its own. */
static void open_key(uint8_t key[OPEN_KEY_BYTES], const struct om_stage *stage) {
  key[0] = OM_SUM_FLAGS;
  om_be32(key + 1, stage->member.number);
  om_be32(key + 5, stage->judged->log);
}

enum om_code om_stage_flag_raised(struct om_stage *stage, struct om_status *st) {
  uint8_t key[OPEN_KEY_BYTES];
  if (stage->backing->uncapped) return OM_OK; /* a part of the history says nothing of sums */
  open_key(key, stage);
  int64_t n = om_stage_sum(stage, key, sizeof key);
  if (n >= OM_FLAGS_OPEN_MAX)
    return om_fail(st, OM_REFUSED, "flags",
                   "member %u has %lld concerns open, as many as one may have: clear those that are settled first "
                   "(oremark clear)",
                   stage->member.number, (long long)n);
  om_stage_set_sum(stage, key, sizeof key, n + 1);
  return OM_OK;
}

void om_stage_flag_cleared(struct om_stage *stage, const struct om_place *place) {
  uint8_t key[OPEN_KEY_BYTES];
  if (stage->backing->uncapped || place->log != stage->judged->log) return;
  open_key(key, stage);
  int64_t n = om_stage_sum(stage, key, sizeof key);
  if (n > 0) om_stage_set_sum(stage, key, sizeof key, n - 1);
}

/* ---- is it of the lineage? ---- */

static bool is_of(const struct om_lineage *lineage, const struct om_subject_key *about) {
  const uint8_t *at = about->bytes + 1;
  struct om_place place;
  switch (about->bytes[0]) {
    case OM_ABOUT_LOT: return om_lineage_find(lineage, at) != OM_LINEAGE_NONE;
    case OM_ABOUT_MEMBER: return om_lineage_had(lineage, om_get32(at), 0);
    case OM_ABOUT_SITE: return om_lineage_had(lineage, om_get32(at), om_get32(at + 4));
    case OM_ABOUT_EVENT: om_place_read(&place, at); return om_lineage_find_event(lineage, &place) != OM_LINEAGE_NONE;
    default: return false;
  }
}

/* ---- what has ended it ---- */

static enum om_code read_flag(struct om_txn *txn, struct om_bearing *b, const struct om_hash *network,
                              struct om_status *st) {
  int kind;
  if (b->what.n_kept != OM_FLAG_KEPT_BYTES) return om_fail(st, OM_CORRUPT, NULL, "a stored flag can't be read");
  b->category = b->what.kept[0];
  b->severity = b->what.kept[1];
  b->due_ms = (int64_t)om_get64(b->what.kept + 2);
  b->cleared = om_attested_end(txn, &b->ended_by, &kind, &b->what.at);
  enum om_code code = OM_OK;
  if (!b->cleared)
    code = om_overruled(txn, &b->overruled, &b->ended_by, OM_OVERRULED_FLAG, network, &b->what.at, b->what.author,
                        OM_REGISTRY_NOW, st);
  b->share = b->cleared || b->overruled ? OM_BEARING_ENDED : OM_BEARING_OPEN;
  return code;
}

/* ---- all of them ---- */

struct list {
  struct om_bearing *items;
  size_t n, cap;
};

static struct om_bearing *add(struct list *list) {
  if (list->n == list->cap) {
    list->cap = list->cap == 0 ? 16 : 2 * list->cap;
    list->items = realloc(list->items, list->cap * sizeof *list->items);
    OM_ASSERT(list->items);
  }
  struct om_bearing *b = &list->items[list->n++];
  memset(b, 0, sizeof *b);
  return b;
}

/* Those of one kind, by place only: reading more would move the cursor of the walk. */
static enum om_code find_kind(struct om_txn *txn, struct list *list, int kind, const struct om_lineage *lineage,
                              const struct om_progress *progress, struct om_status *st) {
  uint8_t prefix[PREFIX_BYTES];
  struct om_bytes key, row;
  struct om_subject_key about;
  uint64_t seen = 0;
  enum om_code code = OM_OK;
  kind_key(prefix, kind);
  for (bool more = om_txn_next(txn, &key, &row, OM_TABLE_ATTESTED, prefix, sizeof prefix);
       more && code == OM_OK && key.len == KEY_BYTES && memcmp(key.data, prefix, sizeof prefix) == 0;
       more = om_txn_step(txn, &key, &row, OM_TABLE_ATTESTED)) {
    code = om_progress_tell(progress, "looking for what bears on it", ++seen, 0, st);
    if (row.len == 0 || row.len > sizeof about.bytes) continue;
    memcpy(about.bytes, row.data, row.len);
    about.len = row.len;
    if (!is_of(lineage, &about)) continue;
    struct om_bearing *b = add(list);
    om_place_read(&b->what.at, key.data + PREFIX_BYTES);
    b->about = about;
  }
  return code == OM_OK ? om_txn_check(txn, st) : code;
}

static enum om_code read_all(struct om_txn *txn, struct list *list, const struct om_hash *network,
                             const struct om_progress *progress, struct om_status *st) {
  for (size_t i = 0; i < list->n; i++) {
    struct om_bearing *b = &list->items[i];
    struct om_place at = b->what.at;
    enum om_code code = om_progress_tell(progress, "reading what bears on it", i + 1, list->n, st);
    if (code == OM_OK) code = om_attested_get(txn, &b->what, &at, st);
    b->share = OM_BEARING_CORRECTION;
    if (code == OM_OK && b->what.kind == OREMARK__EVENT__KIND_FLAG) code = read_flag(txn, b, network, st);
    if (code == OM_OK && b->what.kind == OREMARK__EVENT__KIND_CORRECT && b->what.n_kept > 0)
      b->reason = b->what.kept[0];
    if (code != OM_OK) return code;
  }
  return OM_OK;
}

/* ---- what comes first ---- */

static int by_place(const void *a, const void *b) {
  uint8_t x[OM_PLACE_KEY_BYTES], y[OM_PLACE_KEY_BYTES];
  om_place_key(x, &((const struct om_bearing *)a)->what.at);
  om_place_key(y, &((const struct om_bearing *)b)->what.at);
  return memcmp(x, y, sizeof x);
}

static int by_author(const void *a, const void *b) {
  const struct om_bearing *x = a, *y = b;
  if (x->share != y->share) return x->share < y->share ? -1 : 1;
  if (x->what.author != y->what.author) return x->what.author < y->what.author ? -1 : 1;
  if (x->severity != y->severity) return x->severity > y->severity ? -1 : 1;
  return by_place(a, b);
}

static int by_order(const void *a, const void *b) {
  const struct om_bearing *x = a, *y = b;
  if (x->share != y->share) return x->share < y->share ? -1 : 1;
  if (x->later != y->later) return x->later ? 1 : -1;
  if (x->severity != y->severity) return x->severity > y->severity ? -1 : 1;
  return by_place(a, b);
}

enum { WORST_OF_EACH = 8 }; /* of an author: seven authors fill the share of a verdict's findings that flags have */

static void order(struct list *list) {
  size_t of_author = 0;
  if (list->n == 0) return;
  qsort(list->items, list->n, sizeof *list->items, by_author);
  for (size_t i = 0; i < list->n; i++) {
    struct om_bearing *b = &list->items[i];
    bool same = i > 0 && b[-1].share == b->share && b[-1].what.author == b->what.author;
    of_author = same ? of_author + 1 : 0;
    b->later = of_author >= WORST_OF_EACH;
  }
  qsort(list->items, list->n, sizeof *list->items, by_order);
}

bool om_corrected(struct om_txn *txn, struct om_place *out, const struct om_place *place) {
  uint8_t key[KEY_BYTES];
  struct om_bytes row;
  kind_key(key, OREMARK__EVENT__KIND_CORRECT);
  om_place_key(key + PREFIX_BYTES, place);
  if (!om_txn_get(txn, &row, OM_TABLE_ATTESTED, key, sizeof key) || row.len != 1 + OM_PLACE_KEY_BYTES) return false;
  om_place_read(out, row.data + 1);
  return true;
}

enum om_code om_bearing_collect(struct om_txn *txn, struct om_arena *arena, struct om_bearing **out, size_t *n,
                                const struct om_hash *network, const struct om_lineage *lineage,
                                const struct om_progress *progress, struct om_status *st) {
  struct list list = {0};
  enum om_code code = find_kind(txn, &list, OREMARK__EVENT__KIND_FLAG, lineage, progress, st);
  if (code == OM_OK) code = find_kind(txn, &list, OREMARK__EVENT__KIND_CORRECT, lineage, progress, st);
  if (code == OM_OK) code = read_all(txn, &list, network, progress, st);
  order(&list);
  *out = om_arena_array(arena, list.n, sizeof **out);
  if (list.n > 0) memcpy(*out, list.items, list.n * sizeof **out);
  *n = list.n;
  free(list.items);
  return code;
}
