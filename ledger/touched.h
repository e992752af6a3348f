/* Of which logs something was written: who follows all logs looks at those again after a commit, not at every log.
 * What om_log_info and its like tell of a log follows from rows that begin with its number, and from the registry's.
 * Ownership: plain values. Thread: any; a set is used by one at a time. */
#ifndef OREMARK_LEDGER_TOUCHED_H
#define OREMARK_LEDGER_TOUCHED_H

#include "ledger/store.h"

enum { OM_TOUCHED_LOGS = 16 }; /* a commit writes of few; of more it is as good to look at all */

struct om_touched {
  bool all;
  size_t n;
  uint32_t logs[OM_TOUCHED_LOGS];
};

/* Adds what follows from the row with this KEY of TABLE. */
void om_touched_row(struct om_touched *touched, enum om_table table, const uint8_t *key, size_t len);
/* Adds all of OTHER. */
void om_touched_add(struct om_touched *touched, const struct om_touched *other);
bool om_touched_has(const struct om_touched *touched, uint32_t log);

/* Moves to OUT what the commits have touched since it was last asked; the first time: all. Whoever then begins to read
 * sees these commits, and perhaps later ones, which are told the next time. */
void om_store_touched(struct om_store *store, struct om_touched *out);

#endif
