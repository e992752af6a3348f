/* The daemon as a whole: ledger, writer, node, peers and clients around one libuv loop. Thread: main's. */
#ifndef OREMARK_DAEMON_IO_SHELL_H
#define OREMARK_DAEMON_IO_SHELL_H

#include "daemon/io/settings.h"
#include "ledger/ledger.h"

/* The daemon's own secrets. All NULL: mirror only. */
struct om_shell_keys {
  struct om_secret *log, *cosign, *witness, *link;
  char witness_name[OM_KEY_NAME_BYTES + 1];
};

/* Runs the daemon until SIGTERM or SIGINT stops it (OM_OK), or until it can't go on: OM_USAGE, OM_REFUSED,
 * OM_MALFORMED for what it was given, OM_IO, OM_BUSY, OM_FULL, OM_CORRUPT for the system. GENESIS are the bytes of
 * the genesis file. */
enum om_code om_shell_run(const struct om_settings *settings, const struct om_shell_keys *keys, const uint8_t *genesis,
                          size_t genesis_len, struct om_status *st);

#endif
