#include "ledger/pruned.h"

#include <string.h>

/* The next subtree of the gap from FROM to TO (FROM < TO): its height. It covers 2 to the height leaves. */
static unsigned gap_height(uint64_t from, uint64_t to) {
  OM_ASSERT(from < to);
  unsigned fits = OM_TREE_HEIGHT - 1 - (unsigned)__builtin_clzll(to - from);
  unsigned aligned = from == 0 ? fits : (unsigned)__builtin_ctzll(from);
  return aligned < fits ? aligned : fits;
}

/* How many hashes the gap takes. */
static size_t gap_count(uint64_t from, uint64_t to) {
  size_t n = 0;
  for (; from < to; n++) from += UINT64_C(1) << gap_height(from, to);
  return n;
}

enum om_code om_gap_read(const struct om_tiles *tiles, struct om_hash out[OM_GAP_MAX], size_t *n, uint64_t from,
                         uint64_t to, struct om_status *st) {
  enum om_code code = OM_OK;
  for (*n = 0; from < to && code == OM_OK; (*n)++) {
    unsigned height = gap_height(from, to);
    OM_ASSERT(*n < OM_GAP_MAX);
    code = om_tree_node(tiles, &out[*n], height, from >> height, st);
    from += UINT64_C(1) << height;
  }
  return code;
}

/* A binary counter, as om_edge_append's. */
static void add(struct om_pruned *tree, const struct om_hash *hash, unsigned height) {
  struct om_hash h = *hash;
  unsigned bit = height;
  for (; tree->size >> bit & 1; bit++) om_node_hash(&h, &tree->peaks[bit], &h);
  tree->peaks[bit] = h;
  tree->size += UINT64_C(1) << height;
}

void om_pruned_leaf(struct om_pruned *tree, const struct om_hash *leaf) {
  OM_ASSERT(tree->size < OM_TREE_SIZE_MAX);
  add(tree, leaf, 0);
}

bool om_pruned_gap(struct om_pruned *tree, uint64_t count, const uint8_t *hashes, size_t len) {
  if (count > OM_TREE_SIZE_MAX - tree->size) return false;
  uint64_t to = tree->size + count;
  if (len != gap_count(tree->size, to) * OM_HASH_BYTES) return false;
  for (; tree->size < to; hashes += OM_HASH_BYTES) {
    struct om_hash h;
    memcpy(h.bytes, hashes, OM_HASH_BYTES);
    add(tree, &h, gap_height(tree->size, to));
  }
  return true;
}

void om_pruned_root(const struct om_pruned *tree, struct om_hash *out) {
  if (tree->size == 0) {
    om_empty_root(out);
    return;
  }
  unsigned bit = (unsigned)__builtin_ctzll(tree->size);
  struct om_hash root = tree->peaks[bit];
  while (++bit < OM_TREE_HEIGHT)
    if (tree->size >> bit & 1) om_node_hash(&root, &tree->peaks[bit], &root);
  *out = root;
}
