#include "ledger/bearing.h"

#include <stdlib.h>
#include <string.h>

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

/* Whether the governors have overruled the flag at PLACE: they name it by where its statement is filed. */
static enum om_code overruled(struct om_txn *txn, struct om_bearing *b, const struct om_hash *network,
                              struct om_status *st) {
  struct om_bytes entry;
  struct om_found found;
  struct om_hash id;
  const struct om_place *at = &b->what.at;
  enum om_code code = om_log_entry(txn, &entry, at->log, at->index, st);
  if (code != OM_OK) return code;
  if (!om_find_event(&found, entry.data, entry.len, at->event))
    return om_fail(st, OM_CORRUPT, NULL, "entry %llu of log %u holds no event %u: the store is damaged",
                   (unsigned long long)at->index, at->log, at->event);
  om_statement_id(&id, network, found.statement.data, found.statement.len);
  b->overruled =
      om_registry_overruled(txn, &b->ended_by, found.member, (int64_t)found.signed_ms, &id, at->event, OM_REGISTRY_NOW);
  return om_txn_check(txn, st);
}

static enum om_code read_flag(struct om_txn *txn, struct om_bearing *b, const struct om_hash *network,
                              struct om_status *st) {
  int kind;
  if (b->what.n_kept != OM_FLAG_KEPT_BYTES) return om_fail(st, OM_CORRUPT, NULL, "a stored flag can't be read");
  b->category = b->what.kept[0];
  b->severity = b->what.kept[1];
  b->due_ms = (int64_t)om_get64(b->what.kept + 2);
  b->cleared = om_attested_end(txn, &b->ended_by, &kind, &b->what.at);
  return b->cleared ? OM_OK : overruled(txn, b, network, st);
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
static void find_kind(struct om_txn *txn, struct list *list, int kind, const struct om_lineage *lineage) {
  uint8_t prefix[PREFIX_BYTES];
  struct om_bytes key, row;
  struct om_subject_key about;
  kind_key(prefix, kind);
  for (bool more = om_txn_next(txn, &key, &row, OM_TABLE_ATTESTED, prefix, sizeof prefix);
       more && key.len == KEY_BYTES && memcmp(key.data, prefix, sizeof prefix) == 0;
       more = om_txn_step(txn, &key, &row, OM_TABLE_ATTESTED)) {
    if (row.len == 0 || row.len > sizeof about.bytes) continue;
    memcpy(about.bytes, row.data, row.len);
    about.len = row.len;
    if (!is_of(lineage, &about)) continue;
    struct om_bearing *b = add(list);
    om_place_read(&b->what.at, key.data + PREFIX_BYTES);
    b->about = about;
  }
}

static enum om_code read_all(struct om_txn *txn, struct list *list, const struct om_hash *network,
                             struct om_status *st) {
  for (size_t i = 0; i < list->n; i++) {
    struct om_bearing *b = &list->items[i];
    struct om_place at = b->what.at;
    enum om_code code = om_attested_get(txn, &b->what, &at, st);
    if (code == OM_OK && b->what.kind == OREMARK__EVENT__KIND_FLAG) code = read_flag(txn, b, network, st);
    if (code == OM_OK && b->what.kind == OREMARK__EVENT__KIND_CORRECT && b->what.n_kept > 0)
      b->reason = b->what.kept[0];
    if (code != OM_OK) return code;
  }
  return OM_OK;
}

static int by_place(const void *a, const void *b) {
  uint8_t x[OM_PLACE_KEY_BYTES], y[OM_PLACE_KEY_BYTES];
  om_place_key(x, &((const struct om_bearing *)a)->what.at);
  om_place_key(y, &((const struct om_bearing *)b)->what.at);
  return memcmp(x, y, sizeof x);
}

enum om_code om_bearing_collect(struct om_txn *txn, struct om_arena *arena, struct om_bearing **out, size_t *n,
                                const struct om_hash *network, const struct om_lineage *lineage, struct om_status *st) {
  struct list list = {0};
  find_kind(txn, &list, OREMARK__EVENT__KIND_FLAG, lineage);
  find_kind(txn, &list, OREMARK__EVENT__KIND_CORRECT, lineage);
  enum om_code code = om_txn_check(txn, st);
  if (code == OM_OK) code = read_all(txn, &list, network, st);
  if (list.n > 0) qsort(list.items, list.n, sizeof *list.items, by_place);
  *out = om_arena_array(arena, list.n, sizeof **out);
  if (list.n > 0) memcpy(*out, list.items, list.n * sizeof **out);
  *n = list.n;
  free(list.items);
  return code;
}
