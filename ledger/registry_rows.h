/* The rows of the registry table: what registry*.c read and acts*.c and genesis.c write. Only these include this. */
#ifndef OREMARK_LEDGER_REGISTRY_ROWS_H
#define OREMARK_LEDGER_REGISTRY_ROWS_H

#include "ledger/registry.h"
#include "ledger/store.h"

enum om_registry_kind {
  OM_ROW_MEMBER = 'M', /* a: member */
  OM_ROW_MEMBER_COUNT = 'm',
  OM_ROW_KEY = 'K',        /* a: member, b: key id */
  OM_ROW_SITE = 'S',       /* a: member, b: site */
  OM_ROW_SITE_COUNT = 's', /* a: member */
  OM_ROW_DAEMON = 'D',     /* a: log */
  OM_ROW_DAEMON_COUNT = 'd',
  OM_ROW_ADDRESS = 'A',    /* a: log -> text */
  OM_ROW_REASSIGNED = 'R', /* then lot number (20), since (8) -> last event (32), member (4) */
  OM_ROW_LIFTED = 'l',     /* then log (4), call (32), since (8) -> nothing */
  OM_ROW_RETIRED = 'X',    /* a: log -> size (8), root (32), successor (4) */
  OM_ROW_RESTART = 't',    /* time (8), reason */
  OM_ROW_STATED = 'T',     /* a: log -> size (8), root (32) */
  OM_ROW_SUCCEEDED = 'n',  /* time (8), origin before (ends with 0), origin (ends with 0), reason */
  OM_ROW_OVERRULED = 'O',  /* a flag; then member (4), event (4), signed_ms (8), since (8) -> statement id (32), event
                              (2) of the act */
  OM_ROW_FREED = 'H',      /* the same of a hold */
  OM_ROW_WITNESSES = 'W',
  OM_ROW_GOVERNORS = 'G',
  OM_ROW_RULES = 'V',    /* version (4) */
  OM_ROW_LIMITS = 'L',   /* a Limits message */
  OM_ROW_LAST_ACT = 'P', /* a: subject kind, b: member -> event id */
  OM_ROW_SEALING = 'E',  /* a: member -> by, key (32); by alone: none */
  OM_ROW_MANDATE = 'N',  /* a: owner, b: agent -> by, scope (1) */
  OM_ROW_SCHEME = 'C',   /* a: scheme -> ended (1), how many certifiers (4), each (4), name */
  OM_ROW_SCHEME_COUNT = 'q',
  OM_ROW_SCHEME_NAMED = 'c', /* then the name, a 0 byte -> scheme (4): for ever */
  OM_ROW_STATUS = 'Y',       /* a: member, b: site -> state (1), from (8), until (8) */
  OM_ROW_LAST_STATUS = 'p',  /* a: member, b: site -> event id */
};

enum {
  OM_REGISTRY_SUBJECT_BYTES = 9,                         /* kind, a, b */
  OM_REGISTRY_KEY_BYTES = OM_REGISTRY_SUBJECT_BYTES + 8, /* and since: the registry index that began the row */
  OM_ROW_MEMBER_BYTES = 11 + 4 + 8 + 1, /* roles, home log, suspended, country; the home before, since when, how often
                                           it moved; then the name */
  OM_ROW_BY_BYTES = 1 + 4 + 8,          /* struct om_by: whether a key, its id, registry index */
  OM_ROW_SITE_BYTES = OM_ROW_BY_BYTES + 4,                 /* by, whether ended, kind, country; then the name */
  OM_ROW_KEY_BYTES = 32 + 1 + 2 * OM_ROW_BY_BYTES + 8 + 8, /* key, state, by whom it was added and ended; since which
                                                               entry, and when stolen; then the label */
  OM_ROW_DAEMON_BYTES = 4 + 4 * 32,                        /* operator, four keys; then the origin */
};

/* The author of a row of a member's own stands in front of it, and stays there when the row is put back later. */
void om_by_write(uint8_t out[OM_ROW_BY_BYTES], const struct om_by *by);
struct om_by om_by_read(const uint8_t in[OM_ROW_BY_BYTES]);

/* The least B from FROM on of a row of KIND and A, whatever it says; false: there is none. */
bool om_registry_next_b(struct om_txn *txn, uint32_t *b, enum om_registry_kind kind, uint32_t a, uint64_t from);

enum { OM_SCHEME_NAMED_BYTES = 1 + OM_SCHEME_BYTES + 1 };
/* Returns its length. */
size_t om_scheme_named_key(uint8_t out[OM_SCHEME_NAMED_BYTES], const char *name);

enum {
  OM_REASSIGNED_SUBJECT_BYTES = 1 + OM_LOT_NUMBER_BYTES,
  OM_REASSIGNED_KEY_BYTES = OM_REASSIGNED_SUBJECT_BYTES + 8,
  OM_REASSIGNED_BYTES = OM_HASH_BYTES + 4,
};
void om_reassigned_key(uint8_t out[OM_REASSIGNED_KEY_BYTES], const uint8_t number[OM_LOT_NUMBER_BYTES], uint64_t since);

enum {
  OM_OVERRULED_SUBJECT_BYTES = 1 + 4 + 4 + 8,
  OM_OVERRULED_KEY_BYTES = OM_OVERRULED_SUBJECT_BYTES + 8,
  OM_OVERRULED_BYTES = OM_HASH_BYTES + 2,
};
void om_overruled_key(uint8_t out[OM_OVERRULED_KEY_BYTES], enum om_overruled what, uint32_t member, uint32_t event,
                      int64_t signed_ms, uint64_t since);

enum {
  OM_LIFTED_SUBJECT_BYTES = 1 + 4 + OM_HASH_BYTES,
  OM_LIFTED_KEY_BYTES = OM_LIFTED_SUBJECT_BYTES + 8,
  OM_RETIRED_BYTES = 8 + OM_HASH_BYTES + 4,
};
void om_lifted_key(uint8_t out[OM_LIFTED_KEY_BYTES], uint32_t log, const struct om_hash *call, uint64_t since);

void om_registry_row_key(uint8_t out[OM_REGISTRY_KEY_BYTES], enum om_registry_kind kind, uint32_t a, uint32_t b,
                         uint64_t since);
/* Writes what a restart says, as registry index SINCE. */
void om_registry_put_restart(struct om_txn *txn, uint64_t since, int64_t taken_ms, const Oremark__Restart *act);

/* Writes what a succession of the registry log says, as registry index SINCE. */
void om_registry_put_succession(struct om_txn *txn, uint64_t since, int64_t taken_ms, const char *before,
                                const Oremark__RetireLog *act);

/* The row that stood as of AS_OF. */
bool om_registry_row(struct om_txn *txn, struct om_bytes *out, enum om_registry_kind kind, uint32_t a, uint32_t b,
                     uint64_t as_of);

/* The registry index that began the row that stands now; 0 also where there is none. */
uint64_t om_registry_since(struct om_txn *txn, enum om_registry_kind kind, uint32_t a);

/* OM_CORRUPT: the row of a WHAT is not of its form. */
enum om_code om_registry_damaged(struct om_status *st, const char *what);

#endif
