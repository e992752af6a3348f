/* A log's tree of which only some leaves are there: between them stand the hashes of the perfect subtrees that the
 * others make up, as large as can be. Which those are follows from where a gap begins and ends, so that their hashes
 * are all that need be given; and a root takes no more memory than a hash for each row. Values only. Thread: any. */
#ifndef OREMARK_LEDGER_PRUNED_H
#define OREMARK_LEDGER_PRUNED_H

#include "ledger/merkle.h"

enum { OM_GAP_MAX = 2 * (OM_TREE_HEIGHT - 1) }; /* hashes that any gap takes: up one side of a tree, down the other */

/* All zero is the empty tree. */
struct om_pruned {
  uint64_t size;
  struct om_hash peaks[OM_TREE_HEIGHT]; /* peaks[b] counts only if bit b of size is set */
};

/* The hashes of the gap from FROM to TO of TILES, which has them all. */
enum om_code om_gap_read(const struct om_tiles *tiles, struct om_hash out[OM_GAP_MAX], size_t *n, uint64_t from,
                         uint64_t to, struct om_status *st);

/* Adds the leaf behind what is there. */
void om_pruned_leaf(struct om_pruned *tree, const struct om_hash *leaf);
/* Adds the next COUNT leaves as a gap; false, and nothing is added, if LEN bytes at HASHES are not as many as that
 * takes, or the tree would be larger than OM_TREE_SIZE_MAX. */
bool om_pruned_gap(struct om_pruned *tree, uint64_t count, const uint8_t *hashes, size_t len);
void om_pruned_root(const struct om_pruned *tree, struct om_hash *out);

#endif
