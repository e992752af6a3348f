/* Evidence that a log has signed an invalid entry: the entry, a head of the log that covers it, and its place in that
 * head's tree. A mirror that stops at the entry has the tree up to it. What lies between the entry and the head has to
 * be known too, as hashes: those of what came with the entry are kept with it. So a head that covers more than these,
 * or other entries behind the bad one, proves nothing here; neither does an entry that no head is known to cover, which
 * is all that a daemon has that heard of it from a relay alone. */
#include <stdlib.h>
#include <string.h>

#include "ledger/evidence.h"
#include "ledger/ledger_state.h"

/* ---- what came behind ---- */

enum om_code om_batch_behind_stop(struct om_batch *batch, uint32_t log, uint64_t index, const struct om_span *entries,
                                  size_t n, struct om_status *st) {
  uint8_t key[OM_EVIDENCE_KEY_BYTES];
  if (n > OM_BEHIND_STOP_MAX) n = OM_BEHIND_STOP_MAX;
  struct om_hash *leaves = calloc(n + 1, sizeof *leaves);
  OM_ASSERT(leaves);
  for (size_t i = 0; i < n; i++) om_leaf_hash(&leaves[i], entries[i].data, entries[i].len);
  om_evidence_key(key, log, OM_EVIDENCE_BEHIND, index);
  om_txn_put(batch->txn, OM_TABLE_EVIDENCE, key, sizeof key, leaves, n * sizeof *leaves);
  free(leaves);
  return om_txn_check(batch->txn, st);
}

/* Text and entry of a row of a stop. */
static bool split_stop(const struct om_bytes *row, struct om_bytes *why, struct om_bytes *entry) {
  if (row->len < 2) return false;
  size_t text = (size_t)row->data[0] << 8 | row->data[1];
  if (text >= OM_STATUS_TEXT_BYTES || text > row->len - 2) return false;
  *why = (struct om_bytes){row->data + 2, text};
  *entry = (struct om_bytes){row->data + 2 + text, row->len - 2 - text};
  return true;
}

bool om_evidence_stopped_at(struct om_txn *txn, struct om_bytes *entry, uint32_t log, uint64_t index) {
  uint8_t key[OM_EVIDENCE_KEY_BYTES];
  struct om_bytes row, why;
  om_evidence_key(key, log, OM_EVIDENCE_STOP, index);
  return om_txn_get(txn, &row, OM_TABLE_EVIDENCE, key, sizeof key) && split_stop(&row, &why, entry);
}

/* An entry at which a log is stopped. */
struct stopped {
  uint64_t index;
  char why[OM_STATUS_TEXT_BYTES];
  struct om_span entry;
  const struct om_hash *behind;
  size_t n_behind;
};

/* In ARENA; false: LOG is not stopped at its end. */
static bool read_stopped(struct om_batch *batch, struct om_arena *arena, struct stopped *out,
                         const struct om_log_state *state) {
  uint8_t key[OM_EVIDENCE_KEY_BYTES];
  struct om_bytes row, why, entry;
  *out = (struct stopped){.index = state->edge.size};
  om_evidence_key(key, state->log, OM_EVIDENCE_STOP, out->index);
  if (!om_txn_get(batch->txn, &row, OM_TABLE_EVIDENCE, key, sizeof key) || !split_stop(&row, &why, &entry))
    return false;
  memcpy(out->why, why.data, why.len);
  out->entry = (struct om_span){om_arena_copy(arena, entry.data, entry.len), entry.len};
  om_evidence_key(key, state->log, OM_EVIDENCE_BEHIND, out->index);
  if (om_txn_get(batch->txn, &row, OM_TABLE_EVIDENCE, key, sizeof key)) {
    out->n_behind = row.len / OM_HASH_BYTES;
    out->behind = om_arena_copy(arena, row.data, out->n_behind * OM_HASH_BYTES);
  }
  return true;
}

/* ---- the tree with the entry and what came behind ---- */

struct tile {
  unsigned level;
  uint64_t index;
  struct om_hash hashes[OM_TILE_HASHES];
};

struct grown {
  struct om_log_tiles below;
  struct om_edge edge;
  struct om_tiles tiles;
  size_t n;
  struct tile full[OM_BEHIND_STOP_MAX / OM_TILE_HASHES + 1 + OM_TREE_LEVELS]; /* completed by what was added */
};

static enum om_code keep_tile(void *arg, unsigned level, uint64_t index, const struct om_hash hashes[OM_TILE_HASHES],
                              struct om_status *st) {
  struct grown *g = arg;
  (void)st;
  OM_ASSERT(g->n < sizeof g->full / sizeof *g->full);
  struct tile *tile = &g->full[g->n++];
  tile->level = level;
  tile->index = index;
  memcpy(tile->hashes, hashes, sizeof tile->hashes);
  return OM_OK;
}

static enum om_code get_tile(void *ctx, struct om_hash out[OM_TILE_HASHES], unsigned level, uint64_t index,
                             struct om_status *st) {
  const struct grown *g = ctx;
  for (size_t i = 0; i < g->n; i++) {
    if (g->full[i].level != level || g->full[i].index != index) continue;
    memcpy(out, g->full[i].hashes, sizeof g->full[i].hashes);
    return OM_OK;
  }
  return g->below.tiles.get(g->below.tiles.ctx, out, level, index, st);
}

/* OM_NO: HEAD does not cover the entry with what came behind it. */
static enum om_code prove(struct om_batch *batch, struct grown *g, struct om_proof *out,
                          const struct om_checkpoint *head, const struct om_log_state *state,
                          const struct stopped *stopped, struct om_status *st) {
  struct om_hash leaf, root;
  if (head->size <= stopped->index || head->size - stopped->index - 1 > stopped->n_behind)
    return om_fail(st, OM_NO, NULL, "the head at %llu does not cover the invalid entry, or more than came behind it",
                   (unsigned long long)head->size);
  enum om_code code = om_log_tiles(batch->txn, &g->below, state->log, st);
  memcpy(&g->edge, &state->edge, sizeof g->edge);
  g->tiles = (struct om_tiles){.get = get_tile, .ctx = g, .edge = &g->edge};
  om_leaf_hash(&leaf, stopped->entry.data, stopped->entry.len);
  for (size_t i = 0; code == OM_OK && g->edge.size < head->size; i++)
    code = om_edge_append(&g->edge, i == 0 ? &leaf : &stopped->behind[i - 1], keep_tile, g, st);
  if (code != OM_OK) return code;
  om_edge_root(&g->edge, &root);
  if (!om_hash_equal(&root, &head->root))
    return om_fail(st, OM_NO, NULL, "the head at %llu covers other entries", (unsigned long long)head->size);
  return om_prove_inclusion(&g->tiles, out, stopped->index, head->size, st);
}

/* ---- keeping it ---- */

/* What was held on somebody's word is known here now. */
static void put(struct om_batch *batch, uint32_t log, const struct stopped *stopped, const uint8_t *bytes, size_t len) {
  struct om_checkpoint about = {.size = stopped->index};
  om_leaf_hash(&about.root, stopped->entry.data, stopped->entry.len);
  uint32_t number = om_evidence_find(batch->txn, log, &about, false);
  if (number == OM_EVIDENCE_NONE) number = om_evidence_room(batch->txn, log, false);
  if (number != OM_EVIDENCE_NONE) om_evidence_put(batch->txn, log, number, &about, OM_EVIDENCE_STANDS, bytes, len);
}

static enum om_code make(struct om_batch *batch, struct om_arena *arena, const struct om_log_state *state,
                         const struct stopped *stopped, const struct om_checkpoint *head, const uint8_t *note,
                         size_t len, struct om_status *st) {
  struct grown *g = om_arena_alloc(arena, sizeof *g);
  struct om_daemon log, *witnesses = om_arena_array(arena, OM_WITNESSES_MAX, sizeof *witnesses);
  struct om_signed_head signed_head = {note, len};
  struct om_proof proof;
  size_t n = 0;
  uint8_t *bytes;
  size_t bytes_len;
  enum om_code code = prove(batch, g, &proof, head, state, stopped, st);
  if (code == OM_OK) code = om_registry_daemon(batch->txn, &log, state->log, OM_REGISTRY_NOW, st);
  if (code == OM_OK) code = om_evidence_witnesses(batch->txn, witnesses, &n, state->log, state->edge.size, st);
  struct om_accused accused = {&batch->ledger->network, &log, witnesses, n, stopped->why};
  if (code == OM_OK)
    code = om_evidence_entry(arena, &bytes, &bytes_len, &accused, stopped->index, &stopped->entry, &signed_head, &proof,
                             st);
  if (code == OM_OK) put(batch, state->log, stopped, bytes, bytes_len);
  return code;
}

enum om_code om_batch_prove_stop(struct om_batch *batch, uint32_t log, const uint8_t *note, size_t len,
                                 struct om_status *st) {
  struct om_log_state *state;
  struct om_note parsed;
  struct om_checkpoint head;
  struct stopped stopped;
  struct om_arena arena = {0};
  enum om_code code = om_batch_log(batch, &state, log, st);
  if (code == OM_OK && !read_stopped(batch, &arena, &stopped, state))
    code = om_fail(st, OM_NO, NULL, "log %u is not stopped at its end", log);
  if (code == OM_OK) code = om_head_parse(batch->txn, &parsed, &head, log, note, len, st);
  if (code == OM_OK) code = make(batch, &arena, state, &stopped, &head, note, len, st);
  om_arena_free(&arena);
  if (code == OM_MALFORMED || code == OM_REFUSED) st->code = code = OM_NO; /* no head of the log */
  return om_txn_check(batch->txn, st) != OM_OK ? st->code : code;
}
