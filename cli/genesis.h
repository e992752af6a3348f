/* The genesis file from the outside: read, named, shown. Thread: the arena's. */
#ifndef OREMARK_CLI_GENESIS_H
#define OREMARK_CLI_GENESIS_H

#include <stdio.h>

#include <jansson.h>
#include "keys/status.h"

#include "ledger/arena.h"
#include "ledger/hash.h"
#include "proto/registry.pb-c.h"

enum {
  OM_GENESIS_MAX_BYTES = 65535 - 64
}; /* it is entry 0 of the registry log, and an entry has 65,535 bytes at most */

/* Reads the genesis file at PATH into ARENA; OM_MALFORMED where it is not one. ID may be NULL. */
enum om_code om_genesis_read(struct om_arena *arena, const Oremark__Genesis **out, struct om_hash *id, const char *path,
                             struct om_status *st);
/* Its network's id alone. */
enum om_code om_genesis_id(struct om_hash *out, const char *path, struct om_status *st);
/* Prints what is in it. */
enum om_code om_genesis_show(FILE *out, const Oremark__Genesis *genesis, const struct om_hash *id, bool json,
                             struct om_status *st);

json_t *om_limits_json(const Oremark__Limits *limits);

#endif
