/* What a node asks of the ledger that it speaks for (struct om_node_config): each answer is of what is committed now.
 * Ownership: the caller's, for as long as the node lives. Thread: the node's. */
#ifndef OREMARK_DAEMON_IO_HOLDINGS_H
#define OREMARK_DAEMON_IO_HOLDINGS_H

#include "daemon/core/node.h"

struct om_holdings {
  struct om_store *store;
};

/* Puts these functions, with HOLDINGS as what they take, into CONFIG. */
void om_holdings_config(struct om_holdings *holdings, struct om_node_config *config);

#endif
