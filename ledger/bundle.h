/* Bundles (proto/bundle.proto): a lot's whole history in a file that is checked without a daemon. The writer walks the
 * lineage of a lot in a store, finds what each entry leans on, and writes the logs pruned to that. The reader trusts
 * nothing in the file but what follows from the genesis: it fills a store of its own in a folder that is thrown away,
 * the registry log as a mirror takes it and of the other logs the entries that are there, each judged by the same
 * rules; every tree must lead to a head that its quorum signed. Then ledger/verify.h answers over that store.
 *
 * Whoever wrote the file may have written anything: every size in it is bounded, and what is remembered of it grows
 * with the lots and the logs that it names, not with its bytes.
 *
 * Threads: om_bundle_check on any number of them between om_bundle_next and the om_bundle_apply of that block, each
 * item once, also while the block before is applied; all else the caller's, one at a time. */
#ifndef OREMARK_LEDGER_BUNDLE_H
#define OREMARK_LEDGER_BUNDLE_H

#include "ledger/as_of.h"
#include "ledger/verify.h"

enum {
  OM_BUNDLE_VERSION = 1,
  /* An entry (64 KiB), the hashes of a gap (126), and the rows of the lots outside the lineage that it moves: at most
   * 1,129 by its length, of some 150 bytes each, with OM_STATEMENT_SHARES_MAX shares of 19 bytes: 2.8 MB. */
  OM_BUNDLE_FRAME_MAX_BYTES = 4 * 1024 * 1024,
  OM_BUNDLE_BLOCK_ITEMS = 96,         /* checked side by side: enough for a dozen threads; 64 KiB of memory each. An
                                         item is a few frames: less than a millisecond's work, so that no thread waits
                                         long for the last of a block */
  OM_BUNDLE_BLOCKS = 2,               /* read and not yet applied: one is checked while the one before is judged */
  OM_BUNDLE_BLOCK_BYTES = 512 * 1024, /* then the block is full, but for one item */
  OM_BUNDLE_PINS_MAX = 2,             /* heads of the registry: one given by hand, one remembered */
  OM_BUNDLE_PART_BYTES = 1024 * 1024, /* of a document in a frame */
  OM_BUNDLE_DOCUMENTS_MAX = 100000,   /* of one lineage: 5 MB of hashes to be remembered */
  /* What is made of a file takes at most so many times its room: a signed statement of 20 KB or more can write
   * OM_STATEMENT_SHARES_MAX shares, 2.5 MB, in pages that are half full. A file of one lot a statement takes four. */
  OM_BUNDLE_STORE_TIMES = 256,
  OM_BUNDLE_STORE_BYTES = 2 * 1024 * 1024, /* and so much beside: tables that are nearly empty, each with its pages */
  OM_BUNDLE_OTHERS_MAX = 1200,             /* lots that an entry has room to name by number: 65,535 / 58, and some */
};
#define OM_BUNDLE_MAGIC "oremark/bundle\n"

/* ---- writing ---- */

/* Takes the file's bytes, in order. Not OM_OK ends the writing with that. */
struct om_bundle_sink {
  void *ctx;
  enum om_code (*write)(void *ctx, const uint8_t *bytes, size_t len, struct om_status *st);
  /* Where the bytes of documents come from, which are then written too; NULL: they are left out. READ as
   * om_document_hooks has it: up to ROOM bytes from OFFSET on, and the whole *SIZE. */
  const struct om_verify_documents *documents;
  enum om_code (*read_document)(void *ctx, uint8_t *bytes, size_t *len, uint64_t *size, const struct om_hash *hash,
                                uint64_t offset, size_t room, struct om_status *st);
};

struct om_bundle_written {
  uint64_t bytes, frames, entries, logs;
  uint64_t statement_bytes;      /* of the statements of the lineage, with their signatures */
  uint64_t records;              /* events of the lineage */
  uint64_t documents;            /* whose bytes are in it */
  struct om_checkpoint registry; /* the head that the file carries... */
  uint64_t registry_s;           /* ...and when its quorum signed it, Unix seconds; 0 with quorum 0 */
};

/* Writes the bundle of the lot NUMBER. Reads through TXN, verifying what it reads (but for the signatures) as it goes.
 * OM_MISSING: no such lot; OM_WAIT: its records are not all final yet; OM_CORRUPT: what is held here does not verify;
 * OM_REFUSED ("limit"): too many events; OM_BUSY: PROGRESS (may be NULL) gave up. What was written by then is no
 * bundle. */
enum om_code om_bundle_write(struct om_txn *txn, struct om_bundle_written *out, const struct om_hash *network,
                             const uint8_t number[OM_LOT_NUMBER_BYTES], const struct om_bundle_sink *sink,
                             const struct om_progress *progress, struct om_status *st);

/* ---- reading ---- */

/* Gives the file's bytes, in order: up to WANTED of them to OUT, *N 0 at the end. */
struct om_bundle_source {
  void *ctx;
  uint64_t bytes; /* of the whole file, which bound what is made of it; 0: not known */
  enum om_code (*read)(void *ctx, uint8_t *out, size_t *n, size_t wanted, struct om_status *st);
  /* Takes each document of the file, whole and with that hash; NULL: nobody wants them. Not OM_OK ends the reading. */
  enum om_code (*document)(void *ctx, const struct om_hash *hash, const uint8_t *bytes, size_t len,
                           struct om_status *st);
};

/* What the caller of the reader is told beside the verdict. */
struct om_bundle_told {
  uint8_t lot[OM_LOT_NUMBER_BYTES];
  struct om_checkpoint registry; /* the file's registry head: to be remembered by who verifies */
  uint64_t registry_s;           /* when its quorum signed it, Unix seconds; 0 with quorum 0 */
  uint64_t bytes, frames, entries, statements, marks, hashes; /* hashes: that stand for what is left out */
  uint64_t signatures;                                        /* of statements, checked */
  uint64_t others;    /* lots outside the lineage that are taken as the file has them */
  uint64_t evidence;  /* pieces */
  uint64_t documents; /* whose bytes are in the file */
};

struct om_bundle;

/* Begins to read SOURCE. FOLDER (made here, 0700) takes the store; the caller removes it after om_bundle_close. PINNED
 * (may be NULL) is a registry head that the caller holds for true: a file whose registry is smaller, or another, is
 * refused. *OUT is NULL on failure. OM_MALFORMED: GENESIS is none; OM_REFUSED: the folder holds a store. */
enum om_code om_bundle_open(struct om_bundle **out, const struct om_bundle_source *source, const char *folder,
                            const uint8_t *genesis, size_t genesis_len, const struct om_checkpoint *pinned,
                            struct om_status *st);

/* One more such head. Before anything is read; OM_BUNDLE_PINS_MAX in all. */
void om_bundle_pin(struct om_bundle *bundle, const struct om_checkpoint *head);

/* Reads the next block of items, of which at most OM_BUNDLE_BLOCKS may be read and not applied. *N 0: the file is at
 * its end. OM_MALFORMED: the file is damaged, cut off or no bundle; ST says where. */
enum om_code om_bundle_next(struct om_bundle *bundle, size_t *n, struct om_status *st);
/* Takes item I (below *N) of the block that was read last apart and checks its signatures; what is wrong with it
 * om_bundle_apply tells. What is not checked so far is checked there. */
void om_bundle_check(struct om_bundle *bundle, size_t i);
/* Judges the first block that was read and is not applied, in order. OM_NO: the file does not prove what it says, and
 * where; OM_MALFORMED: it is damaged there, or no bundle; OM_WAIT ("upgrade"): the network has gone over to rules that
 * this program does not know. */
enum om_code om_bundle_apply(struct om_bundle *bundle, struct om_status *st);

/* After the last block was applied, before om_bundle_finish: the lot's step as of MOMENT, up to which the verdict then
 * is. As om_as_of; also OM_WAIT ("as-of"): the file does not hold enough to say. */
enum om_code om_bundle_as_of(struct om_bundle *bundle, struct om_as_of *out, const struct om_moment *moment,
                             struct om_status *st);
/* After the last block was applied: the verdict, its logs and findings in ARENA. OM_OK whatever it says; else as
 * om_bundle_apply.
 */
enum om_code om_bundle_finish(struct om_bundle *bundle, struct om_arena *arena, struct om_verdict *out,
                              struct om_bundle_told *told, const struct om_progress *progress, struct om_status *st);
/* The store, for reading about the lot after om_bundle_finish was OM_OK: lineage, steps, texts. As long as BUNDLE. */
struct om_store *om_bundle_store(struct om_bundle *bundle);
/* NULL is fine. */
void om_bundle_close(struct om_bundle *bundle);

#endif
