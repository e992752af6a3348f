#include "ledger/prover.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_state.h"

enum {
  LOGS = 4,                       /* whose edges are kept: 67 KiB each */
  NODES = 2 * OM_TILE_HASHES - 2, /* of a tile, without its root, which is a hash of the tile above */
};

struct tile {
  bool used;
  uint32_t log;
  unsigned level, width; /* hashes in it */
  uint64_t index, cuts;
  struct om_hash nodes[NODES]; /* row 0: WIDTH of 256 hashes; then the rows above, as far as they are complete */
};

/* A log in the present transaction. */
struct tree {
  bool used;
  struct om_prover *prover;
  uint64_t cuts;
  struct om_log_tiles stored;
  struct om_tiles tiles; /* for proofs: remembers nodes */
};

struct om_prover {
  struct om_txn *txn;
  struct tree *trees[LOGS];
  size_t next_tree;
  size_t n_tiles;
  struct tile **tiles; /* by their key's number: a new one takes the place of what is there */
};

struct om_prover *om_prover_new(size_t tiles) {
  struct om_prover *prover = calloc(1, sizeof *prover);
  OM_ASSERT(prover && tiles > 0);
  prover->n_tiles = tiles;
  prover->tiles = calloc(tiles, sizeof *prover->tiles);
  OM_ASSERT(prover->tiles);
  return prover;
}

void om_prover_free(struct om_prover *prover) {
  if (!prover) return;
  for (size_t i = 0; i < prover->n_tiles; i++) free(prover->tiles[i]);
  for (size_t i = 0; i < LOGS; i++) free(prover->trees[i]);
  free(prover->tiles);
  free(prover);
}

void om_prover_begin(struct om_prover *prover, struct om_txn *txn) {
  prover->txn = txn;
  for (size_t i = 0; i < LOGS; i++)
    if (prover->trees[i]) prover->trees[i]->used = false;
}

/* ---- nodes ---- */

/* Where row ROW of a tile begins among its nodes. */
static size_t row_at(unsigned row) {
  return 2 * ((size_t)OM_TILE_HASHES - ((size_t)OM_TILE_HASHES >> row));
}

static void fill_rows(struct tile *tile) {
  for (unsigned row = 1; row < OM_TILE_HEIGHT; row++) {
    const struct om_hash *below = tile->nodes + row_at(row - 1);
    struct om_hash *here = tile->nodes + row_at(row);
    for (size_t i = 0; i < tile->width >> row; i++) om_node_hash(&here[i], &below[2 * i], &below[2 * i + 1]);
  }
}

static enum om_code read_tile(struct tree *tree, struct tile *tile, struct om_status *st) {
  const struct om_log_tiles *stored = &tree->stored;
  if (tile->width == OM_TILE_HASHES)
    return stored->tiles.get(stored->tiles.ctx, tile->nodes, tile->level, tile->index, st);
  memcpy(tile->nodes, stored->edge.tiles[tile->level], tile->width * sizeof tile->nodes[0]);
  return OM_OK;
}

/* Tiles next to each other have places next to each other, so that a log that fits has a place for each. */
static struct tile **slot(struct om_prover *prover, uint32_t log, unsigned level, uint64_t index) {
  uint64_t from = log * UINT64_C(0x9E3779B97F4A7C15) + level * UINT64_C(0xC2B2AE3D27D4EB4F);
  return &prover->tiles[((from >> 32) + index) % prover->n_tiles];
}

static enum om_code find_tile(struct tree *tree, const struct tile **out, unsigned level, uint64_t index,
                              struct om_status *st) {
  uint32_t log = tree->stored.log;
  uint64_t above = tree->stored.edge.size >> (OM_TILE_HEIGHT * level);
  unsigned width = index < above / OM_TILE_HASHES ? OM_TILE_HASHES : (unsigned)(above % OM_TILE_HASHES);
  struct tile **at = slot(tree->prover, log, level, index), *tile = *at;
  if (!tile) tile = *at = calloc(1, sizeof *tile);
  OM_ASSERT(tile);
  *out = tile;
  if (tile->used && tile->log == log && tile->level == level && tile->index == index && tile->width == width &&
      tile->cuts == tree->cuts)
    return OM_OK;
  tile->log = log, tile->level = level, tile->index = index, tile->width = width, tile->cuts = tree->cuts;
  enum om_code code = read_tile(tree, tile, st);
  tile->used = code == OM_OK;
  if (tile->used) fill_rows(tile);
  return code;
}

static enum om_code get_node(void *ctx, struct om_hash *out, unsigned height, uint64_t index, struct om_status *st) {
  unsigned level = height / OM_TILE_HEIGHT, row = height % OM_TILE_HEIGHT;
  uint64_t in_tile = OM_TILE_HASHES >> row;
  const struct tile *tile;
  enum om_code code = find_tile(ctx, &tile, level, index / in_tile, st);
  if (code == OM_OK) *out = tile->nodes[row_at(row) + index % in_tile];
  return code;
}

/* ---- proofs ---- */

static enum om_code open_tree(struct om_prover *prover, struct tree **out, uint32_t log, struct om_status *st) {
  for (size_t i = 0; i < LOGS; i++)
    if (prover->trees[i] && prover->trees[i]->used && prover->trees[i]->stored.log == log)
      return *out = prover->trees[i], OM_OK;
  struct tree **at = &prover->trees[prover->next_tree++ % LOGS], *tree = *at;
  if (!tree) tree = *at = malloc(sizeof *tree);
  OM_ASSERT(tree);
  struct om_log_info info = {.log = log};
  tree->prover = prover;
  enum om_code code = om_log_tiles(prover->txn, &tree->stored, log, st);
  if (code == OM_OK) code = om_log_info(prover->txn, &info, log, st);
  tree->used = code == OM_OK;
  tree->cuts = info.cuts;
  tree->tiles = (struct om_tiles){.ctx = tree, .edge = &tree->stored.edge, .node = get_node};
  *out = tree;
  return code;
}

enum om_code om_prover_inclusion(struct om_prover *prover, struct om_proof *out, uint32_t log, uint64_t index,
                                 uint64_t size, struct om_status *st) {
  struct tree *tree;
  enum om_code code = open_tree(prover, &tree, log, st);
  return code == OM_OK ? om_prove_inclusion(&tree->tiles, out, index, size, st) : code;
}
