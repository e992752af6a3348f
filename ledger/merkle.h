/* A log's Merkle tree (RFC 6962 section 2.1, RFC 9162 section 2.1) over tiles of 256 hashes (C2SP tlog-tiles, height
 * 8): growing it, its root at any earlier size, proofs of inclusion and consistency, and checking those proofs without
 * a tree. Storage stands behind a callback: nothing here reads or writes a disk, nothing allocates. A tile at level L
 * holds the roots of perfect subtrees of 256^L leaves; level 0 holds the leaf hashes. Owns nothing: all results are in
 * the caller's memory. Thread: any, one at a time for each edge and each reader. */
#ifndef OREMARK_LEDGER_MERKLE_H
#define OREMARK_LEDGER_MERKLE_H

#include "keys/status.h"
#include "ledger/hash.h"

enum {
  OM_TILE_HEIGHT = 8,   /* rows of the tree in a tile (C2SP tlog-tiles) */
  OM_TILE_HASHES = 256, /* hashes in a complete tile */
  OM_TREE_LEVELS = 8,   /* tile levels that a 64-bit size can need */
  OM_TREE_HEIGHT = 64,  /* rows that a 64-bit size can need */
  OM_PROOF_MAX = 65,    /* a path through all rows, and the node that a consistency proof starts from */
  OM_EDGE_BYTES_MAX = 8 + OM_TREE_LEVELS * (OM_TILE_HASHES - 1) * OM_HASH_BYTES, /* the longest encoded edge */
};

/* The largest tree that is grown here: what others' tools hold in a signed 64-bit number. The verifiers below take any
 * 64-bit size. */
#define OM_TREE_SIZE_MAX ((uint64_t)INT64_MAX)

/* The growing right edge of a tree: the hashes of the incomplete tile at each level, of which (size >> 8 * level) % 256
 * are there, and the root of the perfect subtree for each binary digit of size. 67 KiB: keep it where the log is kept,
 * not on the stack. All zero is the empty tree. */
struct om_edge {
  uint64_t size; /* leaves in the tree */
  struct om_hash tiles[OM_TREE_LEVELS][OM_TILE_HASHES];
  struct om_hash peaks[OM_TREE_HEIGHT]; /* peaks[b] counts only if bit b of size is set */
};

/* Called when a tile is complete: it never changes again, so this is the time to store it. INDEX counts the tiles of
 * its level from the left. HASHES belongs to the edge and is valid during the call. */
typedef enum om_code om_tile_full_fn(void *arg, unsigned level, uint64_t index,
                                     const struct om_hash hashes[OM_TILE_HASHES], struct om_status *st);

/* Adds LEAF (a leaf hash) at the right. ON_FULL is called once for each tile that this completes, lower levels first.
 * When it fails its code is returned and the edge is as before; tiles that it has already stored may be stored again
 * later. */
enum om_code om_edge_append(struct om_edge *edge, const struct om_hash *leaf, om_tile_full_fn *on_full, void *arg,
                            struct om_status *st);

/* Makes OUT the same tree as EDGE. Hashes that are not there are not copied: most of an edge, most of the time. */
void om_edge_copy(struct om_edge *out, const struct om_edge *edge);

/* The root of the whole tree; SHA-256 of nothing for the empty one. At most 63 node hashes. */
void om_edge_root(const struct om_edge *edge, struct om_hash *out);

/* Writes the size (8 bytes, big-endian) and the hashes of the incomplete tiles, lowest level first, to OUT; returns the
 * number of bytes, which follows from the size. */
size_t om_edge_encode(const struct om_edge *edge, uint8_t out[OM_EDGE_BYTES_MAX]);

/* Reads what om_edge_encode wrote. OM_CORRUPT if LEN is not what the size asks for. Whether these are the right hashes
 * shows when the root is compared with the log's signed head: the caller does that. */
enum om_code om_edge_decode(struct om_edge *edge, const uint8_t *data, size_t len, struct om_status *st);

/* A tree to read from: complete tiles by GET, the rest from EDGE. What GET returns is believed here: a wrong hash makes
 * a wrong proof or root, which then matches no signed head. */
struct om_tiles {
  /* Copies a complete tile to OUT. Its failure (OM_CORRUPT, OM_IO, ...) is passed on as it is. */
  enum om_code (*get)(void *ctx, struct om_hash out[OM_TILE_HASHES], unsigned level, uint64_t index,
                      struct om_status *st);
  void *ctx;
  const struct om_edge *edge;
  /* The root of the complete subtree INDEX of 2^HEIGHT leaves, by who remembers inner nodes (ledger/prover.h). NULL:
   * they are hashed from the tiles. */
  enum om_code (*node)(void *ctx, struct om_hash *out, unsigned height, uint64_t index, struct om_status *st);
};

/* The hashes of a proof in the order of RFC 9162: from the leaves to the root. */
struct om_proof {
  size_t n;
  struct om_hash hashes[OM_PROOF_MAX];
};

/* The root that the tree had at SIZE. OM_MISSING if it is not that large yet. */
enum om_code om_tree_root_at(const struct om_tiles *tiles, struct om_hash *out, uint64_t size, struct om_status *st);

/* The root of the perfect subtree over the leaves from INDEX << HEIGHT on, 1 << HEIGHT of them. OM_MISSING if the tree
 * has not all of them. */
enum om_code om_tree_node(const struct om_tiles *tiles, struct om_hash *out, unsigned height, uint64_t index,
                          struct om_status *st);

/* Proof that leaf INDEX is in the tree of the first SIZE leaves. OM_MISSING if there is no such leaf or size. */
enum om_code om_prove_inclusion(const struct om_tiles *tiles, struct om_proof *out, uint64_t index, uint64_t size,
                                struct om_status *st);

/* Proof that the tree at OLD_SIZE is a prefix of the tree at NEW_SIZE; empty if they are equal or the old one is empty.
 * OM_MISSING if the tree has not NEW_SIZE leaves, OM_USAGE if OLD_SIZE is beyond it. */
enum om_code om_prove_consistency(const struct om_tiles *tiles, struct om_proof *out, uint64_t old_size,
                                  uint64_t new_size, struct om_status *st);

/* The same for 0 < OLD_SIZE, from the node that it starts from on, which RFC 9162 leaves out where it is the whole old
 * tree: what om_consistency_roots takes. Empty where the sizes are equal. */
enum om_code om_prove_prefix(const struct om_tiles *tiles, struct om_proof *out, uint64_t old_size, uint64_t new_size,
                             struct om_status *st);

/* The root over one complete tile, which is a hash of the tile above it: 255 node hashes. */
void om_tile_root(struct om_hash *out, const struct om_hash hashes[OM_TILE_HASHES]);

/* True if PROOF shows that LEAF (a leaf hash) is leaf INDEX of the tree of SIZE leaves with ROOT (RFC 9162 section
 * 2.1.3.2). False for size 0: nothing is in an empty tree. The size is bound to the root only by the signed head that
 * both are from: some other sizes of the same shape along the path would pass too. */
bool om_inclusion_ok(const struct om_hash *leaf, uint64_t index, uint64_t size, const struct om_proof *proof,
                     const struct om_hash *root);

/* True if PROOF shows that the tree (OLD_SIZE, OLD_ROOT) is a prefix of (NEW_SIZE, NEW_ROOT) (RFC 9162 section
 * 2.1.4.2). What the RFC leaves open is decided so: the empty tree is a prefix of every tree, shown by an empty proof,
 * and its root must be SHA-256 of nothing, on either side; that a witness meets a new log is this case (C2SP
 * tlog-witness, old 0). Equal sizes need equal roots and an empty proof. */
bool om_consistency_ok(uint64_t old_size, const struct om_hash *old_root, uint64_t new_size,
                       const struct om_hash *new_root, const struct om_proof *proof);

/* The two roots that PROOF rebuilds, for 0 < OLD_SIZE < NEW_SIZE. The proof has the node that it starts from as its
 * first hash even where RFC 9162 leaves it out (OLD_SIZE a power of two: the old tree's root). False where it has not
 * the length for these sizes. Where the new root is a signed one, the old root is the only one that is a prefix of
 * it. */
bool om_consistency_roots(struct om_hash *old_root, struct om_hash *new_root, uint64_t old_size, uint64_t new_size,
                          const struct om_proof *proof);

#endif
