/* What canonical bytes are, said a second time and slowly: by unpacking with protobuf-c and packing again. The tests
 * and fuzzers of om_canonical compare it with this. Also random messages of any type. Everything here is malloc'ed or
 * in the caller's memory; any thread. */
#ifndef OREMARK_TESTS_SUPPORT_CANON_H
#define OREMARK_TESTS_SUPPORT_CANON_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/arena.h"

/* Whether the LEN bytes at BYTES unpack as TYPE, pack again to the same bytes, and keep the limits that a re-encoding
 * does not show: no unknown fields, enum values that the schema names, strings that are om_text_ok, no more values in a
 * field than its limit. */
bool canon_by_repacking(const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t len);

/* The most values that FIELD of TYPE may have: what the comments in proto/ say, but at most 1,000. */
size_t canon_limit(const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field);

/* A random message of TYPE in ARENA: each field there or not, numbers from one bit to all, at most one of each oneof,
 * lists of up to three. It packs to canonical bytes. */
ProtobufCMessage *canon_random(struct om_arena *arena, const ProtobufCMessageDescriptor *type, uint64_t *seed);

#endif
