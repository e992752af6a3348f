/* What follows where a log takes up that the governors have ended another (RetireLog): the act itself covers that log
 * up to its end, as a mark would, so that its members and lots go on elsewhere. */
#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_state.h"
#include "ledger/registry_rows.h"

/* The next log after *LOG that ended by a registry act from FROM up to TO; false: none. Begin with OM_LOG_REGISTRY. */
static bool next_ended(struct om_txn *txn, uint32_t *log, struct om_retired *out, uint64_t from, uint64_t to) {
  uint8_t key[OM_REGISTRY_KEY_BYTES];
  struct om_bytes found, row;
  for (;;) {
    om_registry_row_key(key, OM_ROW_RETIRED, *log + 1, 0, 0);
    if (!om_txn_next(txn, &found, &row, OM_TABLE_REGISTRY, key, sizeof key) || found.len != sizeof key ||
        found.data[0] != OM_ROW_RETIRED)
      return false;
    *log = om_get32(found.data + 1);
    if (om_registry_retired(txn, out, *log, to) && out->since >= from) return true;
  }
}

/* OM_WAIT: LOG is not held here up to its end and no further, as it ENDED. */
static enum om_code held_as_ended(struct om_batch *batch, uint32_t log, const struct om_retired *ended,
                                  struct om_status *st) {
  struct om_log_state *state;
  struct om_hash root;
  enum om_code code = om_batch_log(batch, &state, log, st);
  if (code != OM_OK) return code;
  om_edge_root(&state->edge, &root);
  if (state->edge.size == ended->size && om_hash_equal(&root, &ended->root)) return OM_OK;
  return om_fail(st, OM_WAIT, "retired",
                 "log %u has ended with %llu entries, and %llu are held here, or others: wait until it is held as it "
                 "ended",
                 log, (unsigned long long)ended->size, (unsigned long long)state->edge.size);
}

enum om_code om_ended_wait(struct om_batch *batch, const struct om_log_state *state, uint64_t registry_size,
                           struct om_status *st) {
  struct om_retired ended;
  enum om_code code = OM_OK;
  for (uint32_t log = OM_LOG_REGISTRY;
       code == OM_OK && next_ended(batch->txn, &log, &ended, state->registry_size, registry_size);)
    if (log != state->log) code = held_as_ended(batch, log, &ended, st);
  return code;
}

void om_ended_mark(struct om_batch *batch, const struct om_log_state *state, uint64_t registry_size) {
  struct om_retired ended;
  for (uint32_t log = OM_LOG_REGISTRY; next_ended(batch->txn, &log, &ended, state->registry_size, registry_size);) {
    uint8_t key[OM_MARK_KEY_BYTES], row[8];
    if (log == state->log || ended.size <= om_log_mark(batch->txn, state->log, log, UINT64_MAX)) continue;
    om_mark_key(key, state->log, log, state->edge.size);
    om_be64(row, ended.size);
    om_txn_put(batch->txn, OM_TABLE_MARKS, key, sizeof key, row, sizeof row);
  }
}

static enum om_code no_tile(void *arg, unsigned level, uint64_t index, const struct om_hash hashes[OM_TILE_HASHES],
                            struct om_status *st) {
  (void)arg, (void)level, (void)index, (void)hashes, (void)st;
  return OM_OK;
}

/* ---- what does not fit the end ---- */

static bool misfit(struct om_txn *txn, uint32_t log, bool *due) {
  uint8_t key[OM_HEAD_KEY_BYTES];
  struct om_bytes row;
  om_head_key(key, log, OM_HEAD_ENDED);
  if (!om_txn_get(txn, &row, OM_TABLE_HEADS, key, sizeof key) || row.len != 1) return false;
  *due = row.data[0] != 0;
  return true;
}

static void put_misfit(struct om_txn *txn, uint32_t log, bool due) {
  uint8_t key[OM_HEAD_KEY_BYTES], row[1] = {due};
  om_head_key(key, log, OM_HEAD_ENDED);
  om_txn_put(txn, OM_TABLE_HEADS, key, sizeof key, row, sizeof row);
}

static enum om_code root_with(struct om_hash *out, const struct om_log_state *state, const struct om_hash *leaf,
                              struct om_status *st) {
  struct om_edge *edge = malloc(sizeof *edge); /* for one entry in a log's life */
  OM_ASSERT(edge);
  memcpy(edge, &state->edge, sizeof *edge);
  enum om_code code = om_edge_append(edge, leaf, no_tile, NULL, st);
  if (code == OM_OK) om_edge_root(edge, out);
  free(edge);
  return code;
}

enum om_code om_ended_entry(struct om_batch *batch, const struct om_log_state *state, const struct om_hash *leaf,
                            struct om_status *st) {
  struct om_retired ended;
  struct om_log_info info;
  struct om_hash root;
  bool due;
  uint64_t size = state->edge.size + 1;
  if (!om_registry_retired(batch->txn, &ended, state->log, OM_REGISTRY_NOW) || size < ended.size) return OM_OK;
  if (size > ended.size)
    return om_fail(st, OM_WAIT, "retired", "log %u has ended with %llu entries: no more of it is taken", state->log,
                   (unsigned long long)ended.size);
  enum om_code code = root_with(&root, state, leaf, st);
  if (code != OM_OK || om_hash_equal(&root, &ended.root)) return code;
  code = om_log_info(batch->txn, &info, state->log, st);
  if (code != OM_OK) return code;
  om_fail(st, OM_REFUSED, "retired", "log %u has ended with other entries than these", state->log);
  if (misfit(batch->txn, state->log, &due) || info.head_size >= state->edge.size) return st->code;
  put_misfit(batch->txn, state->log, true);
  batch->lost = true;
  return st->code = OM_WAIT;
}

enum om_code om_ended_beside(struct om_batch *batch, const struct om_log_state *state, struct om_status *st) {
  struct om_retired ended;
  if (!om_registry_retired(batch->txn, &ended, state->log, OM_REGISTRY_NOW)) return om_txn_check(batch->txn, st);
  put_misfit(batch->txn, state->log, true);
  batch->lost = true;
  return om_fail(st, OM_WAIT, "mending", "log %u has ended with others than the %llu entries held here", state->log,
                 (unsigned long long)state->edge.size);
}

/* Whether what is held of INFO's log up to its end is what it ended with. */
static bool fits(struct om_txn *txn, const struct om_log_info *info) {
  struct om_status st;
  struct om_hash root = info->root;
  struct om_log_tiles *tiles = malloc(sizeof *tiles);
  OM_ASSERT(tiles);
  enum om_code code = OM_OK;
  if (info->size > info->end.size) {
    code = om_log_tiles(txn, tiles, info->log, &st);
    if (code == OM_OK) code = om_tree_root_at(&tiles->tiles, &root, info->end.size, &st);
  }
  free(tiles);
  return code == OM_OK && om_hash_equal(&root, &info->end.root);
}

bool om_ended_cut(struct om_txn *txn, uint64_t *size, uint32_t log) {
  struct om_log_info info;
  struct om_status st;
  bool due = false;
  if (om_log_info(txn, &info, log, &st) != OM_OK || !info.retired) return false;
  bool beyond = info.size >= info.end.size;
  if (!beyond && !(misfit(txn, log, &due) && due)) return false;
  if (beyond && fits(txn, &info))
    *size = info.end.size;
  else /* what is final stands, unless the governors have judged that it does not: then all is fetched anew. Nothing is
          taken in between but what is proven to lie under the end: so that nothing else than what is final is held */
    *size = info.head_size < info.end.size && info.head_size < info.size ? info.head_size : 0;
  return info.size > *size;
}

bool om_ended_lost(struct om_txn *txn) {
  struct om_retired ended;
  uint64_t cut;
  for (uint32_t log = OM_LOG_REGISTRY; next_ended(txn, &log, &ended, 0, OM_REGISTRY_NOW);)
    if (om_ended_cut(txn, &cut, log)) return true;
  return false;
}

void om_ended_was_cut(struct om_txn *txn, uint32_t log) {
  bool due;
  if (misfit(txn, log, &due)) put_misfit(txn, log, false);
}
