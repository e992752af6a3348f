#include "ledger/rehash.h"

#include <stdlib.h>
#include <string.h>

static uint64_t above(uint64_t size, unsigned level) {
  return level < OM_TREE_LEVELS ? size >> (OM_TILE_HEIGHT * level) : 0;
}

static void found(struct om_finding *finding, bool good, const struct om_status *st) {
  if (good) {
    finding->passed++;
  } else if (finding->failed++ == 0) {
    finding->first = *st;
  }
}

/* Copies the tile INDEX of LEVEL, complete or not, and makes it the open one. A tile that is missing is a finding:
 * zeros then stand for it, and match nothing. */
static enum om_code load(struct om_rehash *r, unsigned level, uint64_t index, struct om_status *st) {
  enum om_code code = OM_OK;
  memset(r->hashes[level], 0, sizeof r->hashes[level]);
  r->open[level] = true;
  r->index[level] = index;
  if (above(r->store.edge.size, level) / OM_TILE_HASHES <= index)
    memcpy(r->hashes[level], r->store.edge.tiles[level], sizeof r->hashes[level]);
  else
    code = r->store.tiles.get(r->store.tiles.ctx, r->hashes[level], level, index, st);
  return code == OM_CORRUPT ? OM_OK : code;
}

static enum om_code leave(struct om_rehash *r, unsigned level, struct om_status *st);

/* Makes tile INDEX of LEVEL the open one, after leaving the one before. */
static enum om_code touch(struct om_rehash *r, unsigned level, uint64_t index, struct om_status *st) {
  if (r->open[level] && r->index[level] == index) return OM_OK;
  enum om_code code = leave(r, level, st);
  return code == OM_OK ? load(r, level, index, st) : code;
}

/* A tile that the head covers whole must hash to its place in the tile above; the others hang on the root itself. At
 * most eight levels call each other. */
static enum om_code leave(struct om_rehash *r, unsigned level, struct om_status *st) {
  uint64_t index = r->index[level];
  if (!r->open[level]) return OM_OK;
  r->open[level] = false;
  if (above(r->size, level + 1) <= index) return OM_OK;
  struct om_hash root;
  om_tile_root(&root, r->hashes[level]);
  enum om_code code = touch(r, level + 1, index / OM_TILE_HASHES, st);
  if (code != OM_OK) return code;
  struct om_status why;
  om_fail(&why, OM_NO, "tree", "tile %llu of level %u of %s does not hash to what stands above it",
          (unsigned long long)index, level, r->origin);
  found(&r->tiles, om_hash_equal(&root, &r->hashes[level + 1][index % OM_TILE_HASHES]), &why);
  return OM_OK;
}

enum om_code om_rehash_begin(struct om_rehash **out, struct om_txn *txn, uint32_t log, const char *origin,
                             uint64_t size, struct om_status *st) {
  *out = calloc(1, sizeof **out);
  OM_ASSERT(*out);
  (*out)->origin = origin;
  (*out)->size = size;
  return om_log_tiles(txn, &(*out)->store, log, st);
}

enum om_code om_rehash_leaf(struct om_rehash *r, uint64_t index, const struct om_hash *leaf, struct om_status *st) {
  struct om_status why;
  enum om_code code = touch(r, 0, index / OM_TILE_HASHES, st);
  if (code != OM_OK) return code;
  bool same = index < r->store.edge.size && om_hash_equal(leaf, &r->hashes[0][index % OM_TILE_HASHES]);
  if (!same)
    om_fail(&why, OM_NO, "bytes",
            "entry %llu of %s does not hash to its leaf in the log's tree: its bytes were changed",
            (unsigned long long)index, r->origin);
  found(&r->leaves, same, &why);
  return OM_OK;
}

enum om_code om_rehash_end(struct om_rehash *r, const struct om_hash *root, struct om_status *st) {
  enum om_code code = OM_OK;
  struct om_hash here;
  struct om_status why;
  for (unsigned level = 0; level < OM_TREE_LEVELS && code == OM_OK; level++) code = leave(r, level, st);
  if (code != OM_OK || r->size == 0) return code;
  code = om_tree_root_at(&r->store.tiles, &here, r->size, st);
  bool same = code == OM_OK && om_hash_equal(&here, root);
  if (code == OM_OK || code == OM_CORRUPT || code == OM_MISSING) {
    om_fail(&why, OM_NO, "tree",
            "the first %llu entries of %s that are held here do not hash to the root of its signed head",
            (unsigned long long)r->size, r->origin);
    found(&r->tiles, same, &why);
    code = OM_OK;
  }
  return code;
}

void om_rehash_free(struct om_rehash *r) {
  free(r);
}
