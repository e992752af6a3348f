/* Lots of copper concentrate, as measurements make them. */
#ifndef OREMARK_TESTS_BENCH_LOTS_H
#define OREMARK_TESTS_BENCH_LOTS_H

#include "support/network.h"

struct lot {
  uint8_t number[OM_LOT_NUMBER_BYTES];
  struct om_hash last; /* event */
};

/* Points into itself: not to be copied. */
struct material {
  Oremark__Metal metal, *metals[1];
  Oremark__Material material, *list[1];
};

void set_material(struct material *m, uint64_t copper_mg);
/* Points into LOT. */
void refer(Oremark__LotRef *ref, struct lot *lot);

#endif
