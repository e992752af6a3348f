/* The LMDB environment and its tables. A transaction has a sticky error: after the first failure every call returns it
 * and nothing can be committed. Keys are made in one function each, big-endian, so that order in the table is order in
 * the log. Threads: any number of readers, each transaction used by one thread at a time; one writer at a time. Bytes
 * returned by a get live until the transaction ends or, in a write transaction, until its next write. */
#ifndef OREMARK_LEDGER_STORE_H
#define OREMARK_LEDGER_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "keys/status.h"
#include "ledger/hash.h"

enum om_table {
  OM_TABLE_META = 0,   /* name -> bytes: format version, genesis */
  OM_TABLE_LOGS,       /* log (4) -> growing edge and what follows from the log's entries */
  OM_TABLE_ENTRIES,    /* log (4), index (8) -> Entry as received */
  OM_TABLE_TILES,      /* log (4), level (1), tile (8) -> 256 hashes of a complete tile */
  OM_TABLE_HEADS,      /* log (4), kind (1) -> signed note; votes as a witness */
  OM_TABLE_MARKS,      /* log (4), marked log (4), index (8) -> size marked */
  OM_TABLE_STATEMENTS, /* member (4), signing time (8), id (32) -> log (4), index (8) */
  OM_TABLE_LOTS,       /* lot number (20), step (4) -> row */
  OM_TABLE_ALIASES,    /* alias, 0, lot number (20) -> nothing */
  OM_TABLE_DRIFT,      /* member (4), element (1), period's first day (4) -> milligrams (8) */
  OM_TABLE_REGISTRY,   /* kind (1), a (4), b (4), since (8) -> row */
  OM_TABLE_EVIDENCE,   /* log (4), kind (1), number (8) -> proof of two histories; why the log was stopped */
  OM_TABLE_CUT,        /* log (4), index (8), leaf hash (32) -> an entry that was taken out again */
  OM_TABLE_QUEUE,      /* statements that wait for the own log, and refusals nobody heard (ledger/queued.c) */
  OM_TABLE_ATTESTED,   /* tag (1), what it is about, place (14) -> row (ledger/attested.h) */
  OM_TABLE_SUMS, /* tag (1), of what -> milligrams (8): drawn from certificates, put out by sites (ledger/attested.h) */
  OM_TABLE_COVERED, /* marked log (4), size (8), marking log (4), index (8) -> time of the quorum, Unix s (8) */
  OM_TABLE_TIMES,   /* log (4), size (8) -> time of the quorum (8), its note: of heads that were final here */
  OM_TABLE_HELD,    /* reason (1), lot number (20), step (4) -> when it was put on hold or released (ledger/held.h) */
  OM_TABLE_HAD,     /* member (4), lot number (20) -> nothing: whose lots (ledger/had.h) */
  OM_TABLES,
};

struct om_store;
struct om_txn;

/* The end of every sentence about a row that can't be read (OM_CORRUPT): fsck looks at it all, and says what to do. */
#define OM_STORE_DAMAGED "the store is damaged; 'oremark fsck' of its folder says where, and what to do"

struct om_bytes {
  const uint8_t *data;
  size_t len;
};

/* Opens or creates the folder PATH (0700) with room for MAP_BYTES. OM_BUSY where another process has it open for
 * writing, OM_IO (with what to do) for a missing or read-only folder or a full disk. */
enum om_code om_store_open(struct om_store **out, const char *path, uint64_t map_bytes, struct om_status *st);
/* The same for a store that is thrown away: nothing of it is flushed to the disk. */
enum om_code om_store_open_scratch(struct om_store **out, const char *path, uint64_t map_bytes, struct om_status *st);
/* One that is there, for reading alone; a daemon may have it open. No room is made, nothing is written but LMDB's table
 * of readers. */
enum om_code om_store_open_readonly(struct om_store **out, const char *path, struct om_status *st);
/* Has the pages of a store that is thrown away mapped anew as they are read again: what was read of it lies in the
 * system's cache, and does not count as this process's memory. Thread: any, also while others read. */
void om_store_unmap_pages(struct om_store *store);
void om_store_close(struct om_store *store);

enum om_code om_txn_read(struct om_txn **out, struct om_store *store, struct om_status *st);
enum om_code om_txn_write(struct om_txn **out, struct om_store *store, struct om_status *st);
/* N transactions of LIKE's store, for as many threads: all read the same commit, LIKE's or a later one. The caller's,
 * as those of om_txn_read. OM_BUSY: commits come too fast. */
enum om_code om_txn_twins(struct om_txn **out, size_t n, const struct om_txn *like, struct om_status *st);
/* Ends TXN in any case. A read transaction ends by om_txn_abort. */
enum om_code om_txn_commit(struct om_txn *txn, struct om_status *st);
void om_txn_abort(struct om_txn *txn);

/* Between these, what TXN writes can be taken back: om_txn_part_end with KEEP false undoes it. No further nesting. */
enum om_code om_txn_part_begin(struct om_txn *txn, struct om_status *st);
void om_txn_part_end(struct om_txn *txn, bool keep);

/* false: no such key, or the transaction has failed (see om_txn_check). */
bool om_txn_get(struct om_txn *txn, struct om_bytes *out, enum om_table table, const void *key, size_t key_len);
/* Writes. Failure sticks. */
void om_txn_put(struct om_txn *txn, enum om_table table, const void *key, size_t key_len, const void *data, size_t len);
/* Writes a key that must be new; false, and nothing is written, if it is there already. Failure sticks (true then). */
bool om_txn_insert(struct om_txn *txn, enum om_table table, const void *key, size_t key_len, const void *data,
                   size_t len);
void om_txn_del(struct om_txn *txn, enum om_table table, const void *key, size_t key_len);
/* Deletes all rows of TABLE. */
void om_txn_empty(struct om_txn *txn, enum om_table table);
/* The greatest key that begins with the first PREFIX_LEN bytes of KEY and is not above KEY; its bytes in KEY_OUT. */
bool om_txn_last(struct om_txn *txn, struct om_bytes *key_out, struct om_bytes *out, enum om_table table,
                 const void *key, size_t key_len, size_t prefix_len);
/* The least key not below KEY (an empty KEY: the first): the beginning of a walk. */
bool om_txn_next(struct om_txn *txn, struct om_bytes *key_out, struct om_bytes *out, enum om_table table,
                 const void *key, size_t key_len);
/* The key after the one that om_txn_next or om_txn_step found last in this table. */
bool om_txn_step(struct om_txn *txn, struct om_bytes *key_out, struct om_bytes *out, enum om_table table);
/* OM_OK, or the sticky error. */
enum om_code om_txn_check(struct om_txn *txn, struct om_status *st);

/* The file that TXN reads, which commit it reads (ID), and the size of a page: for ledger/pages.h. */
int om_txn_file(struct om_txn *txn, uint64_t *id, size_t *page_bytes);

/* Whether TABLE follows from the entries, so that a rebuild makes it anew. */
bool om_table_follows(enum om_table table);
/* "lots"; static. */
const char *om_table_name(enum om_table table);
/* Calls BAD for each row of a table of its own (not one that follows from the entries) that has changed since it was
 * written. Such a row fails every other function. */
void om_txn_altered(struct om_txn *txn, enum om_table table, void (*bad)(void *ctx, struct om_bytes key), void *ctx);
/* SHA-256 over every key and value of the tables that follow from the logs alone: equal wherever the same logs are
 * held. */
enum om_code om_store_state_hash(struct om_hash *out, struct om_txn *txn, struct om_status *st);

/* Big-endian numbers in keys. */
static inline void om_be32(uint8_t *out, uint32_t v) {
  out[0] = (uint8_t)(v >> 24), out[1] = (uint8_t)(v >> 16), out[2] = (uint8_t)(v >> 8), out[3] = (uint8_t)v;
}
static inline void om_be64(uint8_t *out, uint64_t v) {
  om_be32(out, (uint32_t)(v >> 32)), om_be32(out + 4, (uint32_t)v);
}
static inline uint32_t om_get32(const uint8_t *in) {
  return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}
static inline uint64_t om_get64(const uint8_t *in) {
  return (uint64_t)om_get32(in) << 32 | om_get32(in + 4);
}

#endif
