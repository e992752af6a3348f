/* Whether the governors have overruled an event (Overrule): a flag, which is no open concern then, or a hold, which its
 * custodian then releases without those whom it names. They name an event by where its statement is filed, so its entry
 * is read; but only where they have spoken of such an event at all. Thread: the transaction's. */
#ifndef OREMARK_LEDGER_OVERRULED_H
#define OREMARK_LEDGER_OVERRULED_H

#include "ledger/ledger.h"

/* *IS and *ACT, the act's place, of the event at PLACE (its output is not looked at), which MEMBER (OM_MEMBER_NONE: not
 * known) stated, as of registry size AS_OF. */
enum om_code om_overruled(struct om_txn *txn, bool *is, struct om_place *act, enum om_overruled what,
                          const struct om_hash *network, const struct om_place *place, uint32_t member, uint64_t as_of,
                          struct om_status *st);

#endif
