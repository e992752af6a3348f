#include "keys/sign.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "keys/secret.h"
#include "keys/verified.h"

/* L - 1, little-endian, where L = 2^252 + 27742317777372353535851937790883648493 is the order of the prime subgroup. */
static const uint8_t order_less_one[32] = {0xec, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,       0xd6,
                                           0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10};

void om_sodium_start(void) {
  OM_ASSERT(sodium_init() >= 0);
}

bool om_public_ok(const uint8_t key[OM_PUBLIC_BYTES]) {
  uint8_t minus[32];
  if (crypto_core_ed25519_is_valid_point(key) != 1) return false; /* canonical, on the curve, not of small order */
  /* libsodium before the fix of CVE-2025-69277 takes P + T for valid where P is in the prime subgroup and T the point
   * of order 2. (L-1)P = -P holds in the prime subgroup only: L-1 is even, so T drops out on the left and not on the
   * right. */
  if (crypto_scalarmult_ed25519_noclamp(minus, order_less_one, key) != 0) return false;
  minus[31] ^= 0x80; /* the sign of x: back to P */
  return memcmp(minus, key, sizeof minus) == 0;
}

bool om_box_public_ok(const uint8_t key[OM_PUBLIC_BYTES]) {
  static const uint8_t any[OM_SEED_BYTES] = {1}; /* clamped, every scalar is a multiple of the cofactor */
  uint8_t shared[OM_SHARED_BYTES];
  return crypto_scalarmult(shared, any, key) == 0;
}

bool om_verify(const uint8_t sig[OM_SIG_BYTES], const uint8_t *msg, size_t len, const uint8_t key[OM_PUBLIC_BYTES]) {
  return crypto_sign_verify_detached(sig, msg, len, key) == 0;
}

bool om_verify_once(const uint8_t sig[OM_SIG_BYTES], const uint8_t *msg, size_t len,
                    const uint8_t key[OM_PUBLIC_BYTES]) {
  uint8_t id[OM_VERIFIED_BYTES];
  om_verified_id(id, sig, msg, len, key);
  if (om_verified_known(id)) return true;
  if (!om_verify(sig, msg, len, key)) return false;
  om_verified_note(id);
  return true;
}

enum om_code om_locked_alloc(void **out, size_t len, struct om_status *st) {
  om_sodium_start();
  *out = sodium_malloc(len);
  if (!*out) return om_fail(st, OM_IO, NULL, "no memory left for a secret");
  /* sodium_malloc locks too, but does not say when that failed. */
  if (sodium_mlock(*out, len) != 0) {
    int error = errno;
    sodium_free(*out);
    *out = NULL;
    return om_fail(st, OM_IO, NULL,
                   "memory for a secret can't be locked (%s), so it could be written to the swap disk; raise the limit "
                   "on locked memory (ulimit -l, or LimitMEMLOCK in systemd)",
                   strerror(error));
  }
  return OM_OK;
}

static enum om_code new_secret(struct om_secret **out, enum om_curve curve, const uint8_t *seed, struct om_status *st) {
  void *memory = NULL;
  *out = NULL;
  enum om_code code = om_locked_alloc(&memory, sizeof **out, st);
  if (code != OM_OK) return code;
  struct om_secret *secret = memory;
  sodium_memzero(secret, sizeof *secret);
  secret->curve = curve;
  if (seed)
    memcpy(secret->seed, seed, OM_SEED_BYTES);
  else
    randombytes_buf(secret->seed, OM_SEED_BYTES);
  if (curve == OM_CURVE_ED25519)
    OM_ASSERT(crypto_sign_seed_keypair(secret->public_key, secret->signing_key, secret->seed) == 0);
  else
    OM_ASSERT(crypto_scalarmult_base(secret->public_key, secret->seed) == 0);
  OM_ASSERT(sodium_mprotect_readonly(secret) == 0);
  *out = secret;
  return OM_OK;
}

enum om_code om_secret_new(struct om_secret **out, const uint8_t *seed, struct om_status *st) {
  return new_secret(out, OM_CURVE_ED25519, seed, st);
}

enum om_code om_secret_new_x25519(struct om_secret **out, const uint8_t *seed, struct om_status *st) {
  return new_secret(out, OM_CURVE_X25519, seed, st);
}

void om_secret_free(struct om_secret *secret) {
  sodium_free(secret); /* wipes; NULL is nothing */
}

const uint8_t *om_secret_public(const struct om_secret *secret) {
  return secret->public_key;
}

void om_sign(const struct om_secret *secret, uint8_t sig[OM_SIG_BYTES], const uint8_t *msg, size_t len) {
  OM_ASSERT(secret->curve == OM_CURVE_ED25519);
  uint8_t id[OM_VERIFIED_BYTES];
  OM_ASSERT(crypto_sign_detached(sig, NULL, msg, len, secret->signing_key) == 0);
  om_verified_id(id, sig, msg, len, secret->public_key);
  om_verified_note(id); /* the own signature comes back under the heads that others have signed too */
}

bool om_secret_dh(const struct om_secret *secret, uint8_t shared[OM_SHARED_BYTES],
                  const uint8_t peer[OM_PUBLIC_BYTES]) {
  OM_ASSERT(secret->curve == OM_CURVE_X25519);
  if (crypto_scalarmult(shared, secret->seed, peer) == 0) return true;
  sodium_memzero(shared, OM_SHARED_BYTES);
  return false;
}
