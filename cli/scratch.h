/* A folder for a store that is thrown away, gone from the disk as soon as it is open, so that nothing is left however
 * the command ends; and a file so. Thread: one. */
#ifndef OREMARK_CLI_SCRATCH_H
#define OREMARK_CLI_SCRATCH_H

#include <limits.h>
#include <stdint.h>
#include <stdio.h>

#include "keys/status.h"

struct om_scratch {
  char folder[PATH_MAX]; /* made here, empty */
  char store[PATH_MAX];  /* in it, to be made by whoever opens the store */
};

/* Under $TMPDIR (/var/tmp where that is unset: /tmp may be memory, and a store is as large as what is checked). */
enum om_code om_scratch_make(struct om_scratch *out, struct om_status *st);
/* Takes the names away; what is open stays usable. */
void om_scratch_unlink(const struct om_scratch *scratch);

/* What is left in FROM, which PATH names in sentences, in a file without a name there: LEN bytes to be read from its
 * start, by whoever then closes it. OM_USAGE where there are more than MAX; OM_FULL where the disk has no room. */
enum om_code om_scratch_copy(FILE **out, uint64_t *len, FILE *from, const char *path, uint64_t max,
                             struct om_status *st);

#endif
