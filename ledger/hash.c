/* The low-level SHA256_* calls are deprecated in OpenSSL 3, not gone. They are used because the hashed strings are
 * short: with SHA-NI a node takes 98 ns against 135 ns through EVP with a prefetched EVP_MD and a reused EVP_MD_CTX, a
 * leaf of 300 bytes 207 ns against 243 ns. They also need no per-thread context and cannot fail for want of memory. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "ledger/hash.h"

#include <openssl/sha.h>
#include <string.h>

#include "keys/status.h"

enum { LEAF_PREFIX = 0x00, NODE_PREFIX = 0x01 }; /* RFC 6962 section 2.1 */

/* The NUL that ends each of these is part of what is hashed. */
static const char STATEMENT_DOMAIN[] = "oremark/v1/statement";
static const char EVENT_DOMAIN[] = "oremark/v1/event";

void om_sha256v(struct om_hash *out, const struct om_span *spans, size_t n) {
  SHA256_CTX sha;
  OM_ASSERT(SHA256_Init(&sha));
  for (size_t i = 0; i < n; i++) {
    if (spans[i].len) {
      OM_ASSERT(SHA256_Update(&sha, spans[i].data, spans[i].len));
    }
  }
  OM_ASSERT(SHA256_Final(out->bytes, &sha));
}

void om_sha256(struct om_hash *out, const void *data, size_t len) {
  om_sha256v(out, &(struct om_span){data, len}, 1);
}

void om_leaf_hash(struct om_hash *out, const void *data, size_t len) {
  static const uint8_t prefix = LEAF_PREFIX;
  const struct om_span spans[] = {{&prefix, 1}, {data, len}};
  om_sha256v(out, spans, 2);
}

void om_node_hash(struct om_hash *out, const struct om_hash *left, const struct om_hash *right) {
  struct {
    uint8_t prefix;
    struct om_hash left, right;
  } node = {NODE_PREFIX, *left, *right};
  _Static_assert(sizeof node == 1 + 2 * OM_HASH_BYTES, "hashed as it lies");
  om_sha256(out, &node, sizeof node);
}

void om_empty_root(struct om_hash *out) {
  om_sha256v(out, NULL, 0);
}

bool om_hash_equal(const struct om_hash *a, const struct om_hash *b) {
  return memcmp(a->bytes, b->bytes, OM_HASH_BYTES) == 0;
}

void om_statement_id(struct om_hash *out, const struct om_hash *network, const uint8_t *stmt, size_t len) {
  const struct om_span spans[] = {{STATEMENT_DOMAIN, sizeof STATEMENT_DOMAIN}, {network, OM_HASH_BYTES}, {stmt, len}};
  om_sha256v(out, spans, 3);
}

void om_event_id(struct om_hash *out, const struct om_hash *network, const struct om_hash *statement, uint16_t index) {
  const uint8_t number[2] = {(uint8_t)(index >> 8), (uint8_t)index};
  const struct om_span spans[] = {
      {EVENT_DOMAIN, sizeof EVENT_DOMAIN}, {network, OM_HASH_BYTES}, {statement, OM_HASH_BYTES}, {number, 2}};
  om_sha256v(out, spans, 4);
}
