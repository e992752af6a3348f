/* Is a store what it should be? Every entry is hashed and judged again, every table that follows from entries is made
 * anew in a store that is thrown away and compared with the one that is held, row by row; what stands on its own
 * (heads, votes, evidence, the queue) carries a guard each; heads must be of the trees and signed. Nothing stored is
 * believed. A page of the store that cannot be read at all ends the program (LMDB trusts its pages): the caller runs
 * this in a process of its own. Thread: the caller's. */
#ifndef OREMARK_LEDGER_FSCK_H
#define OREMARK_LEDGER_FSCK_H

#include "ledger/lineage.h"

enum {
  OM_FSCK_KEY_BYTES = 512,      /* LMDB's longest key has 511 */
  OM_FSCK_TOLD_EACH = 20,       /* findings told of one table; the rest are counted: one torn page is hundreds */
  OM_FSCK_SLICE_ENTRIES = 4096, /* taken in one transaction of the store that is thrown away */
};
#define OM_FSCK_NO_BYTE UINT64_MAX

struct om_fsck_finding {
  const char *table; /* "lots"; static */
  uint8_t key[OM_FSCK_KEY_BYTES];
  size_t key_len; /* 0: no row in particular */
  uint64_t byte;  /* the first that differs in the row, from 0; OM_FSCK_NO_BYTE: none in particular */
  char text[OM_STATUS_TEXT_BYTES];
};

struct om_fsck {
  /* The caller's: */
  void *ctx;
  void (*told)(void *ctx, const struct om_fsck_finding *finding); /* the first OM_FSCK_TOLD_EACH of a table */
  const struct om_progress *progress;                             /* NULL: nobody */
  /* What came of it: */
  uint64_t logs, entries, bytes; /* hashed and judged again */
  uint64_t pages, bad_pages;     /* of the file; where any is bad nothing else is looked at */
  uint64_t rows;                 /* compared, or whose guard was checked */
  uint64_t findings[OM_TABLES];
  uint64_t all;
  bool derived_only; /* all that was found is in tables that can be made from the entries */
};

/* Checks STORE; SCRATCH is the path of a folder that is made here for the other store, the caller removes it. NETWORK
 * (may be NULL) is the id that the store's must be. OM_OK: it has been gone through, OUT says what was found; OM_BUSY:
 * progress gave up; OM_MISSING: it holds no network yet; else what kept it from going on. */
enum om_code om_fsck(struct om_store *store, const char *scratch, const struct om_hash *network, struct om_fsck *out,
                     struct om_status *st);
/* The same, and then writes the tables that differ as they follow from the entries, in one transaction. STORE is open
 * for writing. Where entries or rows of their own are damaged nothing is written: OM_CORRUPT says what to do.
 * *REPAIRED: tables written. */
enum om_code om_fsck_repair(struct om_store *store, const char *scratch, const struct om_hash *network,
                            struct om_fsck *out, uint32_t *repaired, struct om_status *st);

#endif
