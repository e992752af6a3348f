/* SHA-256 as the ledger uses it: plain, over the leaves and nodes of a Merkle tree (RFC 6962 section 2.1), and under
 * the project's own domains for the ids of statements and events. Owns nothing: every result is a value in the caller's
 * memory. Thread: any; there is no state. */
#ifndef OREMARK_LEDGER_HASH_H
#define OREMARK_LEDGER_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OM_HASH_BYTES = 32 }; /* SHA-256, FIPS 180-4 */

/* A hash is a value: copied by assignment, without padding, so that an array of them is what tlog-tiles puts in a
 * tile. */
struct om_hash {
  uint8_t bytes[OM_HASH_BYTES];
};
_Static_assert(sizeof(struct om_hash) == OM_HASH_BYTES, "an array of hashes is a tile");

/* Bytes that belong to somebody else. DATA may be NULL when LEN is 0. */
struct om_span {
  const void *data;
  size_t len;
};

/* SHA-256 of DATA. */
void om_sha256(struct om_hash *out, const void *data, size_t len);

/* SHA-256 of the N spans, one after the other. */
void om_sha256v(struct om_hash *out, const struct om_span *spans, size_t n);

/* SHA-256(0x00 || data): a leaf of a log (RFC 6962 section 2.1). */
void om_leaf_hash(struct om_hash *out, const void *data, size_t len);

/* SHA-256(0x01 || left || right): an inner node. OUT may be one of the two. */
void om_node_hash(struct om_hash *out, const struct om_hash *left, const struct om_hash *right);

/* The root of the tree with no leaves: SHA-256 of nothing. */
void om_empty_root(struct om_hash *out);

/* True if A and B are the same 32 bytes. Hashes here are public, so the comparison need not take constant time. */
bool om_hash_equal(const struct om_hash *a, const struct om_hash *b);

/* Statement id = SHA-256("oremark/v1/statement" NUL || network id || statement bytes); it is what members sign. */
void om_statement_id(struct om_hash *out, const struct om_hash *network, const uint8_t *stmt, size_t len);

/* Event id = SHA-256("oremark/v1/event" NUL || network id || statement id || big-endian u16 index of the event). */
void om_event_id(struct om_hash *out, const struct om_hash *network, const struct om_hash *statement, uint16_t index);

#endif
