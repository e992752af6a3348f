/* Whose lots: whoever has had a lot in its hands, owned it or was to get it, so that a member's lots are listed without
 * a walk past everybody's. A row is written with the first step of the lot that names the member, and stays: a lot that
 * has gone on is passed over by who asks. Rows of OM_TABLE_HAD: member (4), lot number (20) -> nothing. Thread: the
 * transaction's. */
#ifndef OREMARK_LEDGER_HAD_H
#define OREMARK_LEDGER_HAD_H

#include "ledger/lot.h"
#include "ledger/store.h"

/* ROW of a lot is written. */
void om_had_put(struct om_txn *txn, const struct om_lot *row);

/* The next lot of MEMBER's after NUMBER (FIRST: the first of all), in its place; false: no more, or the store failed
 * (om_txn_check). */
bool om_had_next(struct om_txn *txn, uint8_t number[OM_LOT_NUMBER_BYTES], uint32_t member, bool first);

#endif
