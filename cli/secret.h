/* From an option to an opened key: where the passphrase of a key file comes from. Thread: one, before any other is
 * started (keys/passphrase.h). */
#ifndef OREMARK_CLI_SECRET_H
#define OREMARK_CLI_SECRET_H

#include "cli/args.h"
#include "keys/keyfile.h"

/* The source that ARGS name by --passphrase-file or --passphrase-fd, else the profile's FILE (NULL: none), else the
 * person at the terminal. */
enum om_code om_passphrase_option(struct om_passphrase_source *out, const struct om_args *args, const char *file,
                                  struct om_status *st);

/* Opens the member key at PATH; a key of another kind is refused. The caller's: om_secret_free. */
enum om_code om_secret_load(struct om_secret **out, const struct om_args *args, const char *file, const char *path,
                            struct om_status *st);

#endif
