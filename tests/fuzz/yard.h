/* A small network with lots in every state, for fuzz targets that need a ledger: member 2's daemon and the two others.
 * Opened once in a process; what a target writes it must abort. One thread. */
#ifndef OREMARK_TESTS_FUZZ_YARD_H
#define OREMARK_TESTS_FUZZ_YARD_H

#include "ledger/quantity.h"
#include "support/records.h"

enum {
  YARD_MEMBER = 2, /* at home in ledger 1 */
  YARD_OTHER = 3,  /* in ledger 2 */
  YARD_LOTS_MAX = 64,
};

#define YARD_NOW_MS INT64_C(1710000000000)
#define YARD_SCHEME "word" /* that is recognised; both may certify under it */

/* What is there to be named by attestations: an extraction, a certificate for a quantity on the member and one that it
 * has given, a concern of its own and one of the other's, an estimate. */
enum {
  YARD_EXTRACT,
  YARD_CERTIFICATE,
  YARD_OWN_CERTIFICATE,
  YARD_FLAG,
  YARD_OTHERS_FLAG,
  YARD_ESTIMATE,
  YARD_EVENTS,
};

struct yard_event {
  uint32_t member;
  int64_t signed_ms;
  struct om_hash statement_id;
};

struct yard_sums {
  om_u128 mg[OM_ELEMENT_MAX + 1]; /* 64 bits do for a lot, not for all that may be declared */
};

struct yard {
  struct network net;
  struct om_ledger *ledgers[3];
  size_t n_lots; /* 0 to 2, 7: at rest; 3: consumed; 4: shipped to the other; 5: arriving; 6: the other's; 8: a pool; 9:
                   received of the other; 10: on hold until the other signs */
  uint8_t lots[YARD_LOTS_MAX][OM_LOT_NUMBER_BYTES];
  struct om_hash last[YARD_LOTS_MAX];
  struct yard_event events[YARD_EVENTS];
  struct yard_sums sums; /* contained metal in all of them */
  uint64_t size;         /* of log 1 */
  uint32_t nonce;        /* of the network when it was opened */
};

struct yard *yard_open(void);
/* Contained metal in all lots that TXN sees and that did not go into others. */
struct yard_sums yard_balance(struct om_txn *txn);

#endif
