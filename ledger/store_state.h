/* What the files of the store share; nobody else's. */
#ifndef OREMARK_LEDGER_STORE_STATE_H
#define OREMARK_LEDGER_STORE_STATE_H

#include <lmdb.h>
#include <pthread.h>

#include "ledger/store.h"
#include "ledger/touched.h"

enum { OM_STORE_PATH_BYTES = 4096 }; /* PATH_MAX on Linux */

struct om_store {
  MDB_env *env;
  MDB_dbi tables[OM_TABLES];
  int lock_fd;
  bool scratch;              /* nothing of it is flushed */
  bool readonly;             /* somebody else may be writing */
  pthread_mutex_t lock;      /* of: */
  struct om_touched touched; /* by commits that nobody has asked about */
  char path[OM_STORE_PATH_BYTES];
};

struct om_txn {
  struct om_store *store;
  MDB_txn *mdb;
  MDB_txn *parent;                /* of the part under way; NULL: none */
  MDB_cursor *cursors[OM_TABLES]; /* for walks; opened when first wanted */
  /* For single rows in a read transaction: quicker than from the root where rows are near. */
  MDB_cursor *points[OM_TABLES];
  bool writes;
  int error; /* sticky; LMDB or errno */
  struct om_touched touched;
};

/* store.c: LMDB's and the system's codes in our words. */
enum om_code om_store_error(const struct om_store *store, int error, const char *doing, struct om_status *st);
/* Adds what a commit has written of to what nobody has asked about yet. */
void om_store_touch(struct om_store *store, const struct om_touched *touched);
/* Whether rows of TABLE end with a guard: nothing else tells that one has changed on the disk, and a vote that has must
 * not be voted by. What follows from entries is checked against those; and who reads the format of a store must not
 * need to know it. */
bool om_table_guarded(enum om_table table);

#endif
