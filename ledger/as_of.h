/* What a lot was as of a moment that has passed: its last step that was covered then. The moment is a number of entries
 * of one log, with what those entries mark of other logs; or a time, by which entries are known to have been final.
 * Thread: the transaction's. */
#ifndef OREMARK_LEDGER_AS_OF_H
#define OREMARK_LEDGER_AS_OF_H

#include "ledger/ledger.h"

struct om_moment {
  bool by_size;
  const char *origin; /* by size: of the log; empty: the one in which the lot's last event stands */
  uint64_t size;      /* by size: its first so many entries */
  int64_t time_ms;    /* else: Unix ms */
};

/* One of a lot's steps, and when it was taken in and final, Unix ms. */
struct om_as_of_step {
  int64_t taken_ms;
  int64_t final_ms; /* known to have been final by then, perhaps earlier (ledger/times.h); 0: that is not known here */
};

struct om_as_of {
  uint32_t log;    /* by size: the log; by time: where the step stands */
  int64_t head_ms; /* when the last head of LOG that is held here was final; 0: not known */
  uint32_t step;   /* the lot's last that was covered */
  struct om_as_of_step at;
  bool by_taken; /* by time: it is final, nobody knows since when, and what counted is when it was taken in */
  bool later;    /* the lot has gone on since; so: */
  struct om_as_of_step next;
  struct om_place next_at;
};

/* The step of the lot NUMBER as of MOMENT. OM_MISSING ("lot"): there is no such lot; ("as-of"): there was none then, or
 * no log has that name. OM_WAIT ("as-of"): the log is not final so far. */
enum om_code om_as_of(struct om_txn *txn, struct om_as_of *out, const uint8_t number[OM_LOT_NUMBER_BYTES],
                      const struct om_moment *moment, struct om_status *st);

#endif
