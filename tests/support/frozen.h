/* A log that has two final heads. */
#ifndef OREMARK_TESTS_SUPPORT_FROZEN_H
#define OREMARK_TESTS_SUPPORT_FROZEN_H

#include "support/network.h"

/* Shows LEDGER, daemon 0's, that LOG has signed another head of its present size; with quorum 0 both are final. */
void frozen_log(struct om_ledger *ledger, const struct network *net, uint32_t log);

#endif
