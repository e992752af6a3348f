/* Files: small ones are read whole; what is written is there whole and durable, or not at all. Thread: any. */
#ifndef OREMARK_CLI_FILE_H
#define OREMARK_CLI_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "keys/status.h"
#include "ledger/arena.h"

/* The bytes of the file at PATH ("-": standard input), with a NUL after them, in ARENA. OM_USAGE where there are more
 * than MAX of them, OM_IO where it can't be read. */
enum om_code om_file_read(struct om_arena *arena, uint8_t **out, size_t *len, const char *path, size_t max,
                          struct om_status *st);

/* The same of the open file FD, which PATH names in sentences. */
enum om_code om_file_read_fd(int fd, struct om_arena *arena, uint8_t **out, size_t *len, const char *path, size_t max,
                             struct om_status *st);

/* A file that is being written, under another name beside its own. */
struct om_new_file {
  int fd;
  bool replace;
  const char *path; /* the caller's */
  char beside[PATH_MAX];
};

/* Begins a file at PATH, readable by all. OM_BUSY where there is one already and REPLACE is not set. What was begun is
 * ended by om_new_file_end or om_new_file_drop. */
enum om_code om_new_file_begin(struct om_new_file *out, const char *path, bool replace, struct om_status *st);
enum om_code om_new_file_write(struct om_new_file *file, const void *bytes, size_t len, struct om_status *st);
/* Makes it durable, and gives it its name. */
enum om_code om_new_file_end(struct om_new_file *file, struct om_status *st);
/* Nothing was written. */
void om_new_file_drop(struct om_new_file *file);

/* Writes a new file at PATH, readable by all, whole and durable or not at all; OM_BUSY where there is one already and
 * REPLACE is not set. */
enum om_code om_file_write(const char *path, const void *bytes, size_t len, bool replace, struct om_status *st);

#endif
