/* Entries of a log come with proof that the log has signed them: no time and no order of entries is signed by itself,
 * so nothing of what a peer brings is judged, let alone kept, before the tree over it is seen to be a part of one that
 * the log's own key has signed, or whose root the governors have stated. Who serves entries serves them up to the
 * highest head that covers no more than it holds; whoever takes such a head in keeps it, and can serve as far.
 * Owns nothing; thread: any for om_fits and what takes a transaction, the writer's for what takes a batch. */
#ifndef OREMARK_LEDGER_PROVEN_H
#define OREMARK_LEDGER_PROVEN_H

#include "ledger/ledger.h"

enum { OM_BARE_HEAD_MAX_BYTES = 2048 }; /* a head with one signature, of the longest names, is less than half of it */

/* Entries as they came. */
struct om_proven {
  uint64_t start; /* index of the first */
  size_t n;
  const struct om_span *entries;
  uint64_t size; /* of the tree that the proofs lead to: that of the head NOTE, or without one a stated root's */
  const uint8_t *note;
  size_t len;
  struct om_proof before; /* from START to SIZE (om_prove_prefix); empty: not given, or START is 0 */
  struct om_proof proof;  /* from START + N to SIZE */
  bool home;              /* the log's own daemon brought them */
};

enum om_fit {
  OM_FIT_YES,
  OM_FIT_NO,     /* the entries are not those under the root, or the proofs prove nothing */
  OM_FIT_BESIDE, /* the root is not of a tree that goes on from HELD */
};
/* Whether what is brought, with HELD in front of it, lies under ROOT. */
enum om_fit om_fits(const struct om_proven *brought, const struct om_edge *held, const struct om_hash *root);

/* Whether what is brought, which follows on what is held of LOG, may be judged. OM_NO: it is not what the log has
 * signed, and whoever brought it knew that, or did not look. OM_WAIT: who signs the log is not known here yet; or (rule
 * "mending") what is held beyond the last final head is not what the log's daemon says, and is fetched anew.
 * OM_MISSING: what the log has signed there does not go on from what is held here. OM_REFUSED ("fork"): that is so of
 * the own log. */
enum om_code om_batch_proven(struct om_batch *batch, uint32_t log, const struct om_proven *brought,
                             struct om_status *st);
/* The root of the first SIZE entries of LOG, or of all where these are fewer, as the batch holds them now. */
enum om_code om_batch_root(struct om_batch *batch, struct om_hash *out, uint32_t log, uint64_t size,
                           struct om_status *st);
/* LOG may have grown up to a head that proved it, NOTE of SIZE entries: kept if it has, and nothing that is kept covers
 * as much. */
void om_batch_keep_head(struct om_batch *batch, uint32_t log, uint64_t size, const uint8_t *note, size_t len);

/* What can be proven of LOG, of which HELD entries are held: so many entries, by the highest head that is kept and
 * covers no more. 0: nothing. */
enum om_code om_provable_size(struct om_txn *txn, uint64_t *size, uint32_t log, uint64_t held, struct om_status *st);
/* The highest head of LOG that is kept, a note: as om_head_highest, or one that has proved what was taken in. What it
 * covers has been signed, and its daemon must not sign anything else there. OM_MISSING: none. */
enum om_code om_head_told(struct om_txn *txn, struct om_bytes *note, uint32_t log, struct om_status *st);
/* The head of LOG at SIZE that is kept here, with no signature but the log's. OM_MISSING: none. */
enum om_code om_head_bare(struct om_txn *txn, uint8_t note[OM_BARE_HEAD_MAX_BYTES], size_t *len, uint32_t log,
                          uint64_t size, struct om_status *st);
/* From FROM to SIZE (om_prove_prefix), both held of LOG. */
enum om_code om_log_prove(struct om_txn *txn, struct om_proof *out, uint32_t log, uint64_t from, uint64_t size,
                          struct om_status *st);

#endif
