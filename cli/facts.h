/* What a machine without a daemon is to know of the network: written where a daemon is, carried, and asked in its place
 * with --facts. Names, numbers that are free next, the acts before, keys and sealing keys, who governs. As a file it is
 * text:
 *
 *   oremark facts 1
 *   # of network Andes copper, registry of 118 entries, 2026-11-23T08:31:58Z
 *   sha256 5f0c...             of the bytes below
 *   CiQIAR...                  Facts (proto/client.proto) in base64, 76 characters a line
 *
 * Nothing in it is proven: whoever is wrong about a fact makes a statement that the ledger refuses, but who gives a
 * member another's name can mislead a signer: take it from one's own daemon. Thread: the session's. */
#ifndef OREMARK_CLI_FACTS_H
#define OREMARK_CLI_FACTS_H

#include "cli/session.h"

/* In ARENA. OM_USAGE where PATH holds none. */
enum om_code om_facts_read(struct om_arena *arena, Oremark__Facts **out, const char *path, struct om_status *st);

/* What FACTS say of the act before EVENT, which SPEAKER is to make; empty: none. */
ProtobufCBinaryData om_facts_previous(const Oremark__Facts *facts, const Oremark__Event *event, uint32_t speaker);

#endif
