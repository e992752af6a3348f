/* Small files, read whole and written whole. Thread: any. */
#ifndef OREMARK_CLI_FILE_H
#define OREMARK_CLI_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "keys/status.h"
#include "ledger/arena.h"

/* The bytes of the file at PATH ("-": standard input), with a NUL after them, in ARENA. OM_USAGE where there are more
 * than MAX of them, OM_IO where it can't be read. */
enum om_code om_file_read(struct om_arena *arena, uint8_t **out, size_t *len, const char *path, size_t max,
                          struct om_status *st);

/* Writes a new file at PATH, readable by all, whole and durable or not at all; OM_BUSY where there is one already and
 * REPLACE is not set. */
enum om_code om_file_write(const char *path, const void *bytes, size_t len, bool replace, struct om_status *st);

#endif
