/* The bundle of one of two lots that were mined, shipped and received together, for fuzz targets: the other one is
 * stated beside the entries. Made once in a process, always of the same bytes. One thread. */
#ifndef OREMARK_TESTS_FUZZ_PAIR_H
#define OREMARK_TESTS_FUZZ_PAIR_H

#include "support/bundled.h"
#include "support/records.h"

/* Both live as long as the process. */
const struct bundled *pair_open(const struct network **net);

#endif
