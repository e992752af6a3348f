/* Inclusion proofs, many a second. The tiles that proofs have gone through are kept with all their inner nodes, so that
 * the next proof through them costs look-ups instead of 255 hashes a tile. A tile that is complete never changes,
 * unless entries of its log are taken out again: what is kept is known by how often that has happened. What is read is
 * believed, as in merkle.h. Ownership: the caller's, by om_prover_free. Thread: one at a time. */
#ifndef OREMARK_LEDGER_PROVER_H
#define OREMARK_LEDGER_PROVER_H

#include "ledger/ledger.h"

enum {
  OM_PROVER_TILES = 2048, /* 32 MiB when all are in use: the leaves of half a million entries */
};

struct om_prover;

/* Remembers up to TILES tiles of 16 KiB; memory is taken as they come. */
struct om_prover *om_prover_new(size_t tiles);
void om_prover_free(struct om_prover *prover);

/* Proofs come from TXN from here on: one that began no earlier than the one before. TXN outlives them. */
void om_prover_begin(struct om_prover *prover, struct om_txn *txn);
/* That entry INDEX is in the tree of LOG's first SIZE entries, as om_prove_inclusion. */
enum om_code om_prover_inclusion(struct om_prover *prover, struct om_proof *out, uint32_t log, uint64_t index,
                                 uint64_t size, struct om_status *st);

#endif
