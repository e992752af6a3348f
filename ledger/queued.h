/* Statements that came before the own log may take any: durable, in the order in which they came, until the daemon's
 * witnesses have told how far its log had got (DESIGN section 3, "Never sign what could be lost"). Then each is
 * submitted as any other, and leaves the queue in the same transaction that appends it, so that a crash loses none and
 * doubles none. One that leans on what is not final yet stays until its time is over; one that is refused goes, and why
 * is kept for a while, as nobody waits for the answer. No other daemon sees any of this: it is no part of the state.
 * Threads: writing in the batch's, reading in any with its own transaction. */
#ifndef OREMARK_LEDGER_QUEUED_H
#define OREMARK_LEDGER_QUEUED_H

#include "ledger/ledger.h"

enum {
  OM_QUEUED_MAX = 4096,           /* statements: more than an hour of a busy plant; each costs 0.1 ms to drain */
  OM_QUEUED_MAX_BYTES = 64 << 20, /* of them: a thousand of the largest, a thousandth of the usual map */
  OM_QUEUED_REFUSALS_MAX = 1024,  /* reasons kept, 700 bytes each at most: a clerk asks within a day or so */
  OM_QUEUED_ID_BYTES = 10,        /* of a statement's id: enough to tell it from others of its member and time */
};

/* Stores CHECKED in the queue at NOW_MS; one that is there already is not stored twice. *OUT says `queued`, and may be
 * told to anybody only after the commit. OM_REFUSED: it is too late or early for it (om_statement_times); OM_BUSY
 * ("queue-full"). */
enum om_code om_batch_queue(struct om_batch *batch, struct om_receipt *out, const struct om_checked *checked,
                            int64_t now_ms, struct om_status *st);

/* om_batch_submit for a statement that may stand in the queue: whatever the answer is, the queued one is done with; but
 * for OM_WAIT of a queued one: it stays, and *OUT says so. */
enum om_code om_batch_resubmit(struct om_batch *batch, struct om_receipt *out, struct om_checked *checked,
                               int64_t taken_ms, struct om_status *st);

struct om_drain {
  uint64_t next; /* where in the queue to go on; 0: from the beginning */
  bool done;     /* the end was reached */
  /* Told of each that is refused for good. */
  void (*refused)(void *ctx, const uint8_t id[OM_QUEUED_ID_BYTES], const struct om_status *why);
  void *ctx;
};

/* Submits the next queued statements, MAX at most, in their order. OM_OK also where some have to stay. OM_IO, rule
 * "clock", as om_batch_submit: all that are left stay. After any other failure the batch can only be aborted. */
enum om_code om_batch_drain(struct om_batch *batch, struct om_drain *drain, size_t max, int64_t taken_ms,
                            struct om_status *st);

/* How many wait. */
uint64_t om_queued_count(struct om_txn *txn);
/* Is the statement queued, or was it refused lately (*REFUSED; then *WHY is the reason)? OM_MISSING: neither. */
enum om_code om_queued_find(struct om_txn *txn, bool *refused, struct om_status *why, uint32_t member,
                            int64_t signed_ms, const struct om_hash *id, struct om_status *st);

#endif
