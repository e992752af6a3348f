/* When an entry was final, as far as can be known here: by the final heads that this daemon has held, and by the marks
 * in which logs have written others' final heads down. The time of a quorum is the k-th smallest of its cosignature
 * times (whole seconds, DESIGN section 3); with quorum 0 there is none. Thread: the transaction's. */
#ifndef OREMARK_LEDGER_TIMES_H
#define OREMARK_LEDGER_TIMES_H

#include "ledger/ledger.h"

enum {
  OM_TIMES_EVERY_S = 600, /* of the final heads of one log, the last in so many seconds is kept: 40 MB a year of a log
                             that is never idle, and a certificate's last ten minutes are the most that stays unknown */
};

/* Keeps NOTE, a final head of LOG over SIZE entries whose quorum was reached at TIME_S. */
void om_times_keep(struct om_txn *txn, uint32_t log, uint64_t size, uint64_t time_s, const uint8_t *note, size_t len);
/* Entry INDEX of LOG marks a head of MARKED over SIZE entries, whose quorum was reached at TIME_S. */
void om_times_marked(struct om_txn *txn, uint32_t marked, uint64_t size, uint32_t log, uint64_t index, uint64_t time_s);
/* Within a rebuild: LOG has been cut at SIZE. */
void om_times_cut(struct om_txn *txn, uint32_t log, uint64_t size);

/* The earliest time, Unix seconds, of a quorum that is known here to have covered entry INDEX of LOG: it was final
 * then, perhaps a little before. 0: none is known. */
/* The head that says so. */
struct om_time_of {
  uint64_t size, time_s;
  bool marked; /* a log has marked it, as entry INDEX of LOG; else this daemon has held it */
  uint32_t log;
  uint64_t index;
};
/* False: none is known. */
bool om_times_first(struct om_txn *txn, struct om_time_of *out, uint32_t log, uint64_t index);
/* The note of a head of LOG that was held here; of one that was marked it stands in the marking entry. False: there is
 * none. */
bool om_times_note(struct om_txn *txn, struct om_bytes *note, uint32_t log, uint64_t size);
uint64_t om_times_final(struct om_txn *txn, uint32_t log, uint64_t index);

#endif
