/* What was made of a lot: forwards, as far as this store holds it. Every row says what its lot went into, and lots are
 * numbered by the event that made them, so no index of descent is kept. Counted up to a bound: whoever is told that
 * thousands of lots stand on a wrong weight need not be told how many thousands. Thread: the transaction's. */
#ifndef OREMARK_LEDGER_DOWNSTREAM_H
#define OREMARK_LEDGER_DOWNSTREAM_H

#include "ledger/ledger.h"

enum {
  OM_DOWNSTREAM_MAX = 10000,   /* lots that are counted */
  OM_DOWNSTREAM_EVENTS = 2000, /* events that are looked into: each may have to be taken out of an entry of 64 KB */
  OM_DOWNSTREAM_SHOWN = 4,     /* that are named: what fits a sentence */
};

struct om_downstream {
  size_t n;                                                /* lots that were made of it, at whatever remove */
  bool more;                                               /* at least so many */
  uint8_t first[OM_DOWNSTREAM_SHOWN][OM_LOT_NUMBER_BYTES]; /* of them, the nearest first */
};

/* Of the lot NUMBER; of a pool, what was drawn from it since it was begun. A lot that is not held here has none. */
enum om_code om_downstream_collect(struct om_downstream *out, struct om_txn *txn, const struct om_hash *network,
                                   const uint8_t number[OM_LOT_NUMBER_BYTES], struct om_status *st);

enum { OM_DOWNSTREAM_TEXT_BYTES = 64 + OM_DOWNSTREAM_SHOWN * (OM_LOT_TEXT_BYTES + 2) };
/* "3 lots have been made of it: OM-..., OM-..., OM-..."; "" where there are none. Returns OUT. */
const char *om_downstream_text(char out[OM_DOWNSTREAM_TEXT_BYTES], const struct om_downstream *downstream);

#endif
