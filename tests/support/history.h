/* Random histories of several members and daemons: metal extracted, shipped and received, each record in the log of its
 * member's daemon. All follows from the seed. What must not fail is asserted inside. */
#ifndef OREMARK_TESTS_SUPPORT_HISTORY_H
#define OREMARK_TESTS_SUPPORT_HISTORY_H

#include "support/records.h"

enum {
  HISTORY_DAEMONS = 5,
  HISTORY_LOTS_MAX = 240, /* in all calls of history_live */
};

/* A lot of the history: extracted, perhaps on its way, perhaps arrived. */
struct story {
  struct record extracted, shipped;
  uint32_t holder, consignee; /* members; consignee 0: not shipped */
};

struct history {
  struct network net; /* all daemons witness */
  char *paths[HISTORY_DAEMONS];
  struct om_ledger *ledgers[HISTORY_DAEMONS];
  struct story stories[HISTORY_LOTS_MAX];
  size_t n;
  int64_t now_ms;
  uint64_t random;
};

/* Begins one: every member but the first has a mine, and all is settled. */
void history_open(struct history *h, uint64_t seed);
void history_close(struct history *h);
/* STEPS more records; settles now and then. What comes after the last time is in its own log alone. */
void history_live(struct history *h, int steps);
/* Everybody holds all logs, and all of them are final. */
void history_settle(struct history *h);
/* Hands in again whatever is extracted or shipped: what stands already stays, what a log has lost comes back. */
void history_resubmit(struct history *h);
/* Takes up to MOST entries more of LOG from the store of its home into a mirror, within BATCH, but none at or above
 * LIMIT. */
void history_take(struct history *h, struct om_batch *batch, uint32_t log, uint64_t most, uint64_t limit);

/* How many entries of LOG LEDGER holds. */
uint64_t history_size(struct om_ledger *ledger, uint32_t log);
/* Of all that follows from logs. */
struct om_hash history_state(struct om_ledger *ledger);

#endif
