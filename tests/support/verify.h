/* A lot verified with nothing else asked: one caller does it all, no documents are looked after, nothing is remembered.
 */
#ifndef OREMARK_TESTS_SUPPORT_VERIFY_H
#define OREMARK_TESTS_SUPPORT_VERIFY_H

#include "ledger/verify.h"

enum om_code verify_lot(struct om_txn *txn, struct om_arena *arena, struct om_verdict *out,
                        const struct om_hash *network, const uint8_t number[OM_LOT_NUMBER_BYTES], bool deep,
                        struct om_status *st);

#endif
