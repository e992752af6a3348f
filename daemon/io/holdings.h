/* What a node asks of the ledger that it speaks for (struct om_node_config): each answer is of what is committed now.
 * Ownership: the caller's, for as long as the node lives. Thread: the node's. */
#ifndef OREMARK_DAEMON_IO_HOLDINGS_H
#define OREMARK_DAEMON_IO_HOLDINGS_H

#include "daemon/core/node.h"
#include "daemon/io/fetches.h"

struct om_holdings {
  struct om_store *store;
  struct om_hash network;
  const struct om_secret *cosign; /* NULL: nothing is signed */
  struct om_documents *documents; /* NULL: none are given or fetched */
  struct om_fetches *fetches;     /* with documents */
};

/* Puts these functions, with HOLDINGS as what they take, into CONFIG. */
void om_holdings_config(struct om_holdings *holdings, struct om_node_config *config);
/* Makes CONFIG's start: WALL_MS is the time, but no earlier than the last entry of the own log was taken, so that a
 * clock that was set back does not make this start look older than the last; CHANCE tells two of one time apart. */
void om_holdings_start(const struct om_holdings *holdings, struct om_node_config *config, int64_t wall_ms,
                       uint64_t chance);

#endif
