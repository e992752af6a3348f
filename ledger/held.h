/* The holds that lots have been under, in the order of reasons and lots: what is in reserve, and what went in and out
 * over time, without a walk past every lot. Rows of OM_TABLE_HELD: reason (1), lot number (20), step (4) -> time of the
 * event by its signer, Unix ms (8), whether it is the release (1); a lot's steps follow each other. Thread: the
 * transaction's or the stage's. */
#ifndef OREMARK_LEDGER_HELD_H
#define OREMARK_LEDGER_HELD_H

#include "ledger/stage.h"

struct om_held {
  uint8_t reason; /* Oremark__HoldReason */
  uint8_t number[OM_LOT_NUMBER_BYTES];
  uint32_t step;
  int64_t at_ms;
  bool released; /* else: put on hold */
};

/* For rules: ROW, which the event being judged wrote, begins or ends a hold for REASON. */
void om_held_put(struct om_stage *stage, const struct om_lot *row, uint8_t reason, bool released, int64_t at_ms);

/* The next one for HELD->reason after HELD (all zero but for the reason: the first); false: no more, or the store
 * failed (om_txn_check). */
bool om_held_next(struct om_txn *txn, struct om_held *held);

#endif
