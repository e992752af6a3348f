/* Making anew all that follows from entries, where this daemon has applied what has turned out to lose (DESIGN section
 * 3): rare, so simple beats fast. Everything is read, checked and judged again, and the writer does nothing else
 * meanwhile; the store needs room for the tables twice. Owns nothing. Thread: the writer's, between batches. */
#ifndef OREMARK_LEDGER_REBUILD_H
#define OREMARK_LEDGER_REBUILD_H

#include "ledger/ledger.h"

/* The entries of LOG at SIZE and above are to go. */
struct om_cut {
  uint32_t log;
  uint64_t size;
};

/* Takes the entries out that the N CUTS name, and those of other logs that lean on them, and makes all tables that
 * follow from entries anew, from the entries that remain. What was taken out is kept in OM_TABLE_CUT. Whole or not at
 * all: on failure LEDGER and its store are as before. Own and final heads that cover what was taken out go; evidence
 * and votes stay. A log that was cut may be followed again: it is no longer stopped by what stood above. OM_CORRUPT: an
 * entry that is stored can't be read. */
enum om_code om_ledger_rebuild(struct om_ledger *ledger, const struct om_cut *cuts, size_t n, struct om_status *st);
/* The same, and THEN in the same transaction: what it fails with undoes all. */
typedef enum om_code om_rebuild_then(void *ctx, struct om_batch *batch, struct om_status *st);
enum om_code om_ledger_rebuild_then(struct om_ledger *ledger, const struct om_cut *cuts, size_t n,
                                    om_rebuild_then *then, void *ctx, struct om_status *st);

/* Whether entries are held that have lost: a quorum signed a head that contradicts them, or the governors have ended
 * their log before them or otherwise. Writer's thread. */
bool om_ledger_lost(const struct om_ledger *ledger);
/* Cuts every log of which that is so where it was final last, or at its end, by om_ledger_rebuild. Until the head that
 * won is final here, nothing of such a log is cosigned. If a log that was cut comes to the same end again without any
 * progress between, it is stopped instead. */
enum om_code om_ledger_mend(struct om_ledger *ledger, struct om_status *st);

#endif
