/* The text from which a network's genesis is made: libconfuse syntax, an example stands in deploy/network.spec.example.
 * What is read lives in the arena; files that it names are looked for beside it. Thread: one (libconfuse). */
#ifndef OREMARK_CLI_SPEC_H
#define OREMARK_CLI_SPEC_H

#include "keys/status.h"
#include "ledger/arena.h"
#include "proto/registry.pb-c.h"

/* Reads the spec at PATH. NOW_MS is when the network is created, unless it says. OM_USAGE names the line or the part.
 */
enum om_code om_spec_read(struct om_arena *arena, Oremark__Genesis **out, const char *path, int64_t now_ms,
                          struct om_status *st);

/* Its limits alone; nothing else need stand there. */
enum om_code om_spec_limits(struct om_arena *arena, Oremark__Limits **out, const char *path, struct om_status *st);

#endif
