/* The pages of a store's file, looked at without LMDB, which trusts them: that each is what it says, lies in one tree
 * or in the list of free pages and nowhere else, and holds its keys in order. The layout is that of LMDB 0.9 on 64-bit
 * little-endian machines (mdb.c: MDB_page, MDB_node, MDB_meta, MDB_db). Thread: the transaction's. */
#ifndef OREMARK_LEDGER_PAGES_H
#define OREMARK_LEDGER_PAGES_H

#include "ledger/store.h"

struct om_pages {
  void *ctx;
  /* Page NUMBER of the file is wrong, and how: one sentence. */
  void (*bad)(void *ctx, uint64_t number, const char *text);
  uint64_t pages; /* looked at */
};

/* Goes through all pages that belong to the commit that TXN reads. OM_OK, whatever is found; OM_IO where the file can't
 * be read; OM_BUSY where that commit's record has been written over since: to be asked again in a new transaction. */
enum om_code om_pages_check(struct om_txn *txn, struct om_pages *out, struct om_status *st);

#endif
