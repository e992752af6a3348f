/* Proof that a log has signed two histories, or an entry that it must not hold (proto/evidence.proto): made where two
 * signed heads of it meet, or an invalid entry and a head that covers it, and checked by anybody from its bytes alone.
 * What is proved is that the holder of a key signed the heads; that the key is the log's is for the genesis and the
 * registry to say; and that a well-formed entry breaks a rule, for a daemon that holds the entries before it. Owns
 * nothing but what is said; thread: any (the functions on a batch: the writer's). */
#ifndef OREMARK_LEDGER_EVIDENCE_H
#define OREMARK_LEDGER_EVIDENCE_H

#include "ledger/arena.h"
#include "ledger/merkle.h"
#include "ledger/note.h"
#include "ledger/registry.h"

enum {
  /* The longest entry (64 KiB), a note (32), a proof (4), 64 witnesses with the longest names (18), and what is said
   * beside it, come to less; and so do two notes in place of entry and note. */
  OM_EVIDENCE_MAX_BYTES = 131072,
};

enum om_evidence_what { OM_EVIDENCE_OF_FORK, OM_EVIDENCE_OF_ENTRY };

/* One whose cosignature stands on both heads, or on the one head; as the evidence names it, which proves the key and
 * not the name. */
struct om_evidence_cosigner {
  char origin[OM_NAME_BYTES + 1];
  uint8_t cosign_key[OM_PUBLIC_BYTES];
};

/* What a piece of evidence shows. */
struct om_evidence_verdict {
  struct om_hash network; /* as stated */
  uint32_t log;           /* as stated */
  uint8_t log_key[OM_PUBLIC_BYTES];
  enum om_evidence_what what;
  struct om_checkpoint smaller, larger; /* of one size, or the second is the larger; an entry: the second is its head */
  struct om_hash first_root;            /* what the larger head has at the smaller one's size */
  size_t n_both;
  struct om_evidence_cosigner both[OM_WITNESSES_MAX];
  /* An entry: */
  uint64_t index;
  struct om_hash leaf;
  bool malformed;                 /* no log of this network can hold it, whatever stands before it: that is proved... */
  char why[OM_STATUS_TEXT_BYTES]; /* ...and this is why; else why whoever made the evidence holds it for invalid */
};

/* Do the LEN bytes at BYTES prove that one log signed two heads, neither of which extends the other, or a head that
 * covers the stated entry? OM_MALFORMED: they are no canonical evidence of the kinds known here; OM_NO: they prove
 * nothing, and why. */
enum om_code om_evidence_check(const uint8_t *bytes, size_t len, struct om_evidence_verdict *out, struct om_status *st);

/* What LEN bytes at BYTES speak of, for telling one piece from another: the smaller head; or the entry, its index and
 * leaf hash in the place of size and root. No signature is checked. OM_MALFORMED: they are no canonical evidence of the
 * kinds known here. */
enum om_code om_evidence_about(const uint8_t *bytes, size_t len, enum om_evidence_what *what, struct om_checkpoint *out,
                               struct om_status *st);

/* A head as it was signed. */
struct om_signed_head {
  const uint8_t *note;
  size_t len;
};

/* Whom evidence is against, and what it says. */
struct om_accused {
  const struct om_hash *network;
  const struct om_daemon *log;
  const struct om_daemon *witnesses; /* that may have signed its heads */
  size_t n_witnesses;
  const char *why; /* one sentence */
};

/* Packs evidence into ARENA: OTHER is a head of the log that the tree TREE does not agree with at its size, HELD one of
 * TREE that is as large or larger. OM_NO where the two prove nothing. */
enum om_code om_evidence_fork(struct om_arena *arena, uint8_t **out, size_t *len, const struct om_accused *accused,
                              const struct om_tiles *tree, const struct om_signed_head *held,
                              const struct om_signed_head *other, struct om_status *st);

/* The same of two heads with PROOF, which leads from the size of SMALLER to the tree of LARGER. */
enum om_code om_evidence_fork_by(struct om_arena *arena, uint8_t **out, size_t *len, const struct om_accused *accused,
                                 const struct om_signed_head *smaller, const struct om_signed_head *larger,
                                 const struct om_proof *proof, struct om_status *st);

/* The same of entry INDEX, whose bytes are ENTRY, that HEAD covers as PROOF shows. */
enum om_code om_evidence_entry(struct om_arena *arena, uint8_t **out, size_t *len, const struct om_accused *accused,
                               uint64_t index, const struct om_span *entry, const struct om_signed_head *head,
                               const struct om_proof *proof, struct om_status *st);

#endif
