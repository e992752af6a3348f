/* Files that get their names all together, once it is known that they may: until then they lie in a folder of their
 * own, beside the one that they go into, or in it where it is there already. Thread: one. */
#ifndef OREMARK_CLI_BESIDE_H
#define OREMARK_CLI_BESIDE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keys/status.h"

/* All zero but FOLDER: nothing was added. */
struct om_beside {
  const char *folder; /* the caller's: where they go */
  char beside[PATH_MAX];
  bool is_there; /* the folder */
};

/* Adds a file of that name; one that has it already is replaced. */
enum om_code om_beside_add(struct om_beside *files, const char *name, const uint8_t *bytes, size_t len,
                           struct om_status *st);
/* Puts all into the folder, which is made if it is not there. */
enum om_code om_beside_keep(struct om_beside *files, struct om_status *st);
/* Takes away what was added and not kept. */
void om_beside_drop(struct om_beside *files);

#endif
