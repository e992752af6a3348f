/* What the commands share that show members. Thread: one. */
#ifndef OREMARK_CLI_MEMBER_H
#define OREMARK_CLI_MEMBER_H

#include <string.h>

#include "cli/session.h"
#include "cli/show.h"

/* "smelter, refiner". */
const char *om_member_roles(char out[OM_SHOW_BYTES], const Oremark__Member *m);
/* How many sites it has: an answer holds the last ones, numbered 1, 2, 3 ... */
uint32_t om_member_sites(const Oremark__Member *m);
json_t *om_member_json(const Oremark__Member *m);

#endif
