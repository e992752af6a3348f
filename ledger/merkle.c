#include "ledger/merkle.h"

#include <inttypes.h>
#include <string.h>

/* A node of the tree: the root of the perfect subtree over leaves [index << height, (index + 1) << height). */
struct node {
  unsigned height;
  uint64_t index;
};

/* A reader that remembers the tile it read last: a proof takes up to eight nodes from one tile. */
struct walk {
  const struct om_tiles *tiles;
  bool loaded;
  unsigned level;
  uint64_t tile;
  struct om_hash hashes[OM_TILE_HASHES];
};

/* Leaves the hashes as they are. */
static void walk_begin(struct walk *w, const struct om_tiles *tiles) {
  w->tiles = tiles;
  w->loaded = false;
}

/* How many hashes the incomplete tile at LEVEL has. */
static unsigned edge_count(uint64_t size, unsigned level) {
  return (unsigned)(size >> (OM_TILE_HEIGHT * level)) % OM_TILE_HASHES;
}

/* The subtree for bit BIT of SIZE, which must be set. */
static struct node peak(uint64_t size, unsigned bit) {
  return (struct node){bit, (size >> bit) - 1};
}

static unsigned lowest_bit(uint64_t size) {
  return (unsigned)__builtin_ctzll(size);
}

/* The root of the perfect subtree over N (a power of two, at most a tile) hashes. */
static void subtree_root(struct om_hash *out, const struct om_hash *hashes, size_t n) {
  struct om_hash row[OM_TILE_HASHES / 2];
  if (n == 1) {
    *out = hashes[0];
    return;
  }
  for (; n > 1; n /= 2, hashes = row) {
    for (size_t i = 0; i < n / 2; i++) {
      om_node_hash(&row[i], &hashes[2 * i], &hashes[2 * i + 1]);
    }
  }
  *out = row[0];
}

void om_tile_root(struct om_hash *out, const struct om_hash hashes[OM_TILE_HASHES]) {
  subtree_root(out, hashes, OM_TILE_HASHES);
}

/* ---- the edge ---- */

/* Puts H, the newly complete subtree of 256^LEVEL leaves, into its tile. The slot does not count before the size
 * grows. */
static enum om_code edge_put(struct om_edge *edge, unsigned level, const struct om_hash *h, om_tile_full_fn *on_full,
                             void *arg, struct om_status *st) {
  unsigned at = edge_count(edge->size, level);
  edge->tiles[level][at] = *h;
  if (at + 1 < OM_TILE_HASHES) {
    return OM_OK;
  }
  uint64_t index = edge->size >> (OM_TILE_HEIGHT * level) >> OM_TILE_HEIGHT;
  return on_full(arg, level, index, edge->tiles[level], st);
}

void om_edge_copy(struct om_edge *out, const struct om_edge *edge) {
  out->size = edge->size;
  for (unsigned level = 0; level < OM_TREE_LEVELS; level++)
    memcpy(out->tiles[level], edge->tiles[level], edge_count(edge->size, level) * sizeof edge->tiles[level][0]);
  for (uint64_t bits = edge->size; bits != 0; bits &= bits - 1)
    out->peaks[lowest_bit(bits)] = edge->peaks[lowest_bit(bits)];
}

/* A binary counter: the new subtree is joined with the one to its left for as long as there is one of its height. */
enum om_code om_edge_append(struct om_edge *edge, const struct om_hash *leaf, om_tile_full_fn *on_full, void *arg,
                            struct om_status *st) {
  OM_ASSERT(edge->size < OM_TREE_SIZE_MAX);
  struct om_hash h = *leaf;
  unsigned bit = 0;
  for (;; bit++) {
    if (bit % OM_TILE_HEIGHT == 0) {
      enum om_code code = edge_put(edge, bit / OM_TILE_HEIGHT, &h, on_full, arg, st);
      if (code != OM_OK) {
        return code;
      }
    }
    if (!(edge->size >> bit & 1)) {
      break;
    }
    om_node_hash(&h, &edge->peaks[bit], &h);
  }
  edge->peaks[bit] = h;
  edge->size++;
  return OM_OK;
}

void om_edge_root(const struct om_edge *edge, struct om_hash *out) {
  if (edge->size == 0) {
    om_empty_root(out);
    return;
  }
  unsigned bit = lowest_bit(edge->size);
  struct om_hash root = edge->peaks[bit];
  while (++bit < OM_TREE_HEIGHT) {
    if (edge->size >> bit & 1) {
      om_node_hash(&root, &edge->peaks[bit], &root);
    }
  }
  *out = root;
}

static size_t edge_bytes(uint64_t size) {
  size_t hashes = 0;
  for (unsigned level = 0; level < OM_TREE_LEVELS; level++) {
    hashes += edge_count(size, level);
  }
  return sizeof size + hashes * OM_HASH_BYTES;
}

size_t om_edge_encode(const struct om_edge *edge, uint8_t out[OM_EDGE_BYTES_MAX]) {
  uint8_t *p = out;
  for (int shift = 56; shift >= 0; shift -= 8) {
    *p++ = (uint8_t)(edge->size >> shift);
  }
  for (unsigned level = 0; level < OM_TREE_LEVELS; level++) {
    size_t n = edge_count(edge->size, level) * sizeof(struct om_hash);
    memcpy(p, edge->tiles[level], n);
    p += n;
  }
  return (size_t)(p - out);
}

/* Finds the peaks among the hashes of the incomplete tiles: in each, the larger subtrees stand to the left. */
static void edge_rebuild_peaks(struct om_edge *edge) {
  for (unsigned level = 0; level < OM_TREE_LEVELS; level++) {
    const struct om_hash *p = edge->tiles[level];
    for (unsigned row = OM_TILE_HEIGHT; row-- > 0;) {
      if (edge_count(edge->size, level) >> row & 1) {
        subtree_root(&edge->peaks[OM_TILE_HEIGHT * level + row], p, (size_t)1 << row);
        p += (size_t)1 << row;
      }
    }
  }
}

enum om_code om_edge_decode(struct om_edge *edge, const uint8_t *data, size_t len, struct om_status *st) {
  uint64_t size = 0;
  if (len < sizeof size) {
    return om_fail(st, OM_CORRUPT, NULL, "the edge of a tree needs at least %zu bytes, there are %zu", sizeof size,
                   len);
  }
  for (size_t i = 0; i < sizeof size; i++) {
    size = size << 8 | data[i];
  }
  if (size > OM_TREE_SIZE_MAX || len != edge_bytes(size)) {
    return om_fail(st, OM_CORRUPT, NULL, "the edge of a tree of size %" PRIu64 " is not %zu bytes long", size, len);
  }
  edge->size = size;
  data += sizeof size;
  for (unsigned level = 0; level < OM_TREE_LEVELS; level++) {
    size_t n = edge_count(size, level) * sizeof(struct om_hash);
    memcpy(edge->tiles[level], data, n);
    data += n;
  }
  edge_rebuild_peaks(edge);
  return OM_OK;
}

/* ---- reading ---- */

/* The tile with INDEX at LEVEL, complete or not; *HASHES is valid until the next call. */
static enum om_code walk_tile(struct walk *w, const struct om_hash **hashes, unsigned level, uint64_t index,
                              struct om_status *st) {
  const struct om_edge *edge = w->tiles->edge;
  if (edge->size >> (OM_TILE_HEIGHT * level) >> OM_TILE_HEIGHT <= index) {
    *hashes = edge->tiles[level];
    return OM_OK;
  }
  if (!w->loaded || w->level != level || w->tile != index) {
    w->loaded = false;
    enum om_code code = w->tiles->get(w->tiles->ctx, w->hashes, level, index, st);
    if (code != OM_OK) {
      return code;
    }
    w->loaded = true;
    w->level = level;
    w->tile = index;
  }
  *hashes = w->hashes;
  return OM_OK;
}

/* The hash of node N, which must be complete in the tree. */
static enum om_code walk_node(struct walk *w, struct om_hash *out, struct node n, struct om_status *st) {
  if (w->tiles->node != NULL) {
    return w->tiles->node(w->tiles->ctx, out, n.height, n.index, st);
  }
  unsigned level = n.height / OM_TILE_HEIGHT, row = n.height % OM_TILE_HEIGHT;
  uint64_t first = n.index << row; /* of the hashes at this level */
  const struct om_hash *hashes;
  enum om_code code = walk_tile(w, &hashes, level, first / OM_TILE_HASHES, st);
  if (code == OM_OK) {
    subtree_root(out, hashes + first % OM_TILE_HASHES, (size_t)1 << row);
  }
  return code;
}

/* The root over those peaks of SIZE that stand for BITS of it (not 0): the low ones, or all. */
static enum om_code walk_peaks(struct walk *w, struct om_hash *out, uint64_t size, uint64_t bits,
                               struct om_status *st) {
  unsigned bit = lowest_bit(bits);
  struct om_hash left, root;
  enum om_code code = walk_node(w, &root, peak(size, bit), st);
  while (code == OM_OK && ++bit < OM_TREE_HEIGHT) {
    if (bits >> bit & 1) {
      code = walk_node(w, &left, peak(size, bit), st);
      if (code == OM_OK) {
        om_node_hash(&root, &left, &root);
      }
    }
  }
  if (code == OM_OK) {
    *out = root;
  }
  return code;
}

/* Adds to PROOF the path of node N in the tree of SIZE leaves: the siblings below the peak over N, then what is right
 * of that peak as one hash, then the peaks to its left. */
static enum om_code walk_path(struct walk *w, struct om_proof *proof, struct node n, uint64_t size,
                              struct om_status *st) {
  enum om_code code = OM_OK;
  while (!(size >> n.height & 1) || n.index != peak(size, n.height).index) {
    code = walk_node(w, &proof->hashes[proof->n++], (struct node){n.height, n.index ^ 1}, st);
    if (code != OM_OK) {
      return code;
    }
    n = (struct node){n.height + 1, n.index / 2};
  }
  uint64_t right = size & (((uint64_t)1 << n.height) - 1);
  if (right) {
    code = walk_peaks(w, &proof->hashes[proof->n++], size, right, st);
  }
  for (unsigned bit = n.height + 1; code == OM_OK && bit < OM_TREE_HEIGHT; bit++) {
    if (size >> bit & 1) {
      code = walk_node(w, &proof->hashes[proof->n++], peak(size, bit), st);
    }
  }
  return code;
}

static enum om_code check_size(const struct om_tiles *tiles, uint64_t size, struct om_status *st) {
  if (size > tiles->edge->size) {
    return om_fail(st, OM_MISSING, NULL, "the log has %" PRIu64 " entries here, not %" PRIu64 " yet", tiles->edge->size,
                   size);
  }
  return OM_OK;
}

enum om_code om_tree_root_at(const struct om_tiles *tiles, struct om_hash *out, uint64_t size, struct om_status *st) {
  struct walk w;
  walk_begin(&w, tiles);
  enum om_code code = check_size(tiles, size, st);
  if (code != OM_OK) {
    return code;
  }
  if (size == 0) {
    om_empty_root(out);
    return OM_OK;
  }
  return walk_peaks(&w, out, size, size, st);
}

enum om_code om_tree_node(const struct om_tiles *tiles, struct om_hash *out, unsigned height, uint64_t index,
                          struct om_status *st) {
  struct walk w = {.tiles = tiles, .loaded = false};
  OM_ASSERT(height < OM_TREE_HEIGHT);
  if (index >= tiles->edge->size >> height) return check_size(tiles, UINT64_MAX, st);
  return walk_node(&w, out, (struct node){height, index}, st);
}

enum om_code om_prove_inclusion(const struct om_tiles *tiles, struct om_proof *out, uint64_t index, uint64_t size,
                                struct om_status *st) {
  struct walk w;
  walk_begin(&w, tiles);
  enum om_code code = check_size(tiles, size, st);
  if (code != OM_OK) {
    return code;
  }
  if (index >= size) {
    return om_fail(st, OM_MISSING, NULL, "entry %" PRIu64 " is not among the first %" PRIu64 " of the log", index,
                   size);
  }
  out->n = 0;
  return walk_path(&w, out, (struct node){0, index}, size, st);
}

/* RFC 9162 section 2.1.4.1: the last peak of the old tree, unless it is the whole of it, and that peak's path in the
 * new one. */
enum om_code om_prove_consistency(const struct om_tiles *tiles, struct om_proof *out, uint64_t old_size,
                                  uint64_t new_size, struct om_status *st) {
  struct walk w;
  walk_begin(&w, tiles);
  enum om_code code = check_size(tiles, new_size, st);
  if (code != OM_OK) {
    return code;
  }
  if (old_size > new_size) {
    return om_fail(st, OM_USAGE, NULL, "a tree of %" PRIu64 " entries is not a prefix of one of %" PRIu64, old_size,
                   new_size);
  }
  out->n = 0;
  if (old_size == 0 || old_size == new_size) {
    return OM_OK;
  }
  struct node last = peak(old_size, lowest_bit(old_size));
  if (last.index != 0) {
    code = walk_node(&w, &out->hashes[out->n++], last, st);
  }
  return code == OM_OK ? walk_path(&w, out, last, new_size, st) : code;
}

/* Whether the tree of SIZE > 0 leaves is one perfect subtree of the one of NEW_SIZE: a proof then starts from its root,
 * and leaves that out. */
static bool is_perfect(uint64_t size) {
  return (size & (size - 1)) == 0;
}

enum om_code om_prove_prefix(const struct om_tiles *tiles, struct om_proof *out, uint64_t old_size, uint64_t new_size,
                             struct om_status *st) {
  struct om_hash root;
  enum om_code code = om_prove_consistency(tiles, out, old_size, new_size, st);
  if (code != OM_OK || old_size == 0 || old_size == new_size || !is_perfect(old_size)) {
    return code;
  }
  code = om_tree_root_at(tiles, &root, old_size, st);
  OM_ASSERT(out->n < OM_PROOF_MAX);
  memmove(out->hashes + 1, out->hashes, out->n * sizeof *out->hashes);
  out->hashes[0] = root;
  out->n++;
  return code;
}

/* ---- checking, without a tree ---- */

/* Where a check stands between leaf and root: the number of the present node and of the last one in its row. */
struct climb {
  uint64_t node, last;
};

/* One step up (RFC 9162 sections 2.1.3.2 and 2.1.4.2): true if the next hash of the proof stands to the left. */
static bool climb_left(struct climb *c) {
  bool left = (c->node & 1) || c->node == c->last;
  if (left) {
    while (!(c->node & 1) && c->node != 0) { /* the last node of a row without a sibling moves up as it is */
      c->node >>= 1;
      c->last >>= 1;
    }
  }
  c->node >>= 1;
  c->last >>= 1;
  return left;
}

bool om_inclusion_ok(const struct om_hash *leaf, uint64_t index, uint64_t size, const struct om_proof *proof,
                     const struct om_hash *root) {
  if (index >= size || proof->n > OM_PROOF_MAX) {
    return false;
  }
  struct climb c = {index, size - 1};
  struct om_hash h = *leaf;
  for (size_t i = 0; i < proof->n; i++) {
    if (c.last == 0) {
      return false;
    }
    if (climb_left(&c)) {
      om_node_hash(&h, &proof->hashes[i], &h);
    } else {
      om_node_hash(&h, &h, &proof->hashes[i]);
    }
  }
  return c.last == 0 && om_hash_equal(&h, root);
}

static bool is_empty_root(const struct om_hash *root) {
  struct om_hash empty;
  om_empty_root(&empty);
  return om_hash_equal(root, &empty);
}

/* 0 < old_size < new_size: climbs from START, the last peak of the old tree, by the N hashes of a path and rebuilds
 * both roots. */
static bool climb_both(struct om_hash *was, struct om_hash *is, uint64_t old_size, uint64_t new_size,
                       const struct om_hash *start, const struct om_hash *path, size_t n) {
  unsigned height = lowest_bit(old_size);
  struct climb c = {(old_size - 1) >> height, (new_size - 1) >> height};
  *was = *is = *start;
  for (size_t i = 0; i < n; i++) {
    if (c.last == 0) {
      return false;
    }
    if (climb_left(&c)) {
      om_node_hash(was, &path[i], was);
      om_node_hash(is, &path[i], is);
    } else {
      om_node_hash(is, is, &path[i]);
    }
  }
  return c.last == 0;
}

bool om_consistency_roots(struct om_hash *old_root, struct om_hash *new_root, uint64_t old_size, uint64_t new_size,
                          const struct om_proof *proof) {
  if (old_size == 0 || old_size >= new_size || proof->n == 0 || proof->n > OM_PROOF_MAX) {
    return false;
  }
  return climb_both(old_root, new_root, old_size, new_size, &proof->hashes[0], proof->hashes + 1, proof->n - 1);
}

/* 0 < old_size < new_size. */
static bool growth_ok(uint64_t old_size, const struct om_hash *old_root, uint64_t new_size,
                      const struct om_hash *new_root, const struct om_proof *proof) {
  struct om_hash was, is;
  if (proof->n == 0) {
    return false;
  }
  size_t skip = is_perfect(old_size) ? 0 : 1;
  const struct om_hash *start = skip ? &proof->hashes[0] : old_root;
  return climb_both(&was, &is, old_size, new_size, start, proof->hashes + skip, proof->n - skip) &&
         om_hash_equal(&was, old_root) && om_hash_equal(&is, new_root);
}

bool om_consistency_ok(uint64_t old_size, const struct om_hash *old_root, uint64_t new_size,
                       const struct om_hash *new_root, const struct om_proof *proof) {
  if (old_size > new_size || proof->n > OM_PROOF_MAX) {
    return false;
  }
  if ((old_size == 0 && !is_empty_root(old_root)) || (new_size == 0 && !is_empty_root(new_root))) {
    return false;
  }
  if (old_size == new_size) {
    return proof->n == 0 && om_hash_equal(old_root, new_root);
  }
  if (old_size == 0) {
    return proof->n == 0;
  }
  return growth_ok(old_size, old_root, new_size, new_root, proof);
}
