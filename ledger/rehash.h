/* One log's stored tree checked against a signed head: entries are compared with their leaves, and each tile that holds
 * one of them is hashed once, up to the root. Nothing that is stored is believed but for hashing to what stands above
 * it. Findings are gathered, not returned: only the store's own failures are errors. Owned by the caller. Thread: the
 * transaction's. */
#ifndef OREMARK_LEDGER_REHASH_H
#define OREMARK_LEDGER_REHASH_H

#include "ledger/ledger.h"

struct om_finding {
  uint64_t passed, failed;
  struct om_status first; /* the first failure */
};

struct om_rehash {
  struct om_log_tiles store;
  const char *origin; /* the log's, for sentences */
  uint64_t size;      /* of the head; 0: none */
  struct om_finding leaves, tiles;
  bool open[OM_TREE_LEVELS];
  uint64_t index[OM_TREE_LEVELS]; /* of the open tile at each level */
  struct om_hash hashes[OM_TREE_LEVELS][OM_TILE_HASHES];
};

/* Begins with LOG of ORIGIN (kept) and its head's SIZE. */
enum om_code om_rehash_begin(struct om_rehash **out, struct om_txn *txn, uint32_t log, const char *origin,
                             uint64_t size, struct om_status *st);
/* Entry INDEX hashes to LEAF. Indexes ascend. */
enum om_code om_rehash_leaf(struct om_rehash *rehash, uint64_t index, const struct om_hash *leaf, struct om_status *st);
/* The last tiles, up to ROOT of the head (only looked at if it has a size). */
enum om_code om_rehash_end(struct om_rehash *rehash, const struct om_hash *root, struct om_status *st);
void om_rehash_free(struct om_rehash *rehash);

#endif
