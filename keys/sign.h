/* Signing and key agreement over libsodium: Ed25519 (RFC 8032) for statements, heads and cosignatures, X25519 (RFC
 * 7748) for links between daemons. The bytes of a secret stay inside keys/: callers hold a `struct om_secret` and ask
 * it to act.
 *
 * Which public keys are admitted, the same on every libsodium version: the canonical encoding of a point on the curve,
 * in the subgroup of prime order, not its identity.
 *
 * Which signatures (R, s) by an admitted key A are accepted: those for which s < L (the group order), R is the
 * canonical encoding of a point, R is not one of the eight small-order points, and SHA-512(R, A, message) = k gives s*B
 * = R + k*A without the cofactor. That is crypto_sign_verify_detached of libsodium 1.0.16 and later, which compares the
 * encoding of s*B - k*A with R byte by byte. tests/unit/keys/test_sign.c pins both sentences with public vectors.
 *
 * Ownership: om_secret_new* make a secret that om_secret_free ends; nothing else here allocates.
 * Thread: all functions may be called from any thread; a secret may be used by many at once, as it never changes. */
#ifndef OREMARK_KEYS_SIGN_H
#define OREMARK_KEYS_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keys/status.h"

enum {
  OM_PUBLIC_BYTES = 32, /* Ed25519 and X25519 public keys */
  OM_SEED_BYTES = 32,   /* what a secret is made from */
  OM_SIG_BYTES = 64,    /* an Ed25519 signature, R then s */
  OM_SHARED_BYTES = 32, /* an X25519 shared secret */
};

struct om_secret;

/* Makes libsodium ready; call it first in main, so that its fastest code is chosen before anything uses it. Functions
 * of keys/ that need it call it themselves; again costs nothing. */
void om_sodium_start(void);

/* Whether KEY may be admitted as an Ed25519 public key (rules above). About two scalar multiplications: for admission,
 * not for every signature. */
bool om_public_ok(const uint8_t key[OM_PUBLIC_BYTES]);

/* Whether KEY may be admitted as an X25519 public key that secrets are sealed to: not of small order, so that an
 * agreement with it is never all zero (RFC 7748 section 6.1). One scalar multiplication. */
bool om_box_public_ok(const uint8_t key[OM_PUBLIC_BYTES]);

/* Whether SIG is KEY's signature of the LEN bytes at MSG (rules above). KEY must have passed om_public_ok once. */
bool om_verify(const uint8_t sig[OM_SIG_BYTES], const uint8_t *msg, size_t len, const uint8_t key[OM_PUBLIC_BYTES]);

/* The same for what is checked again and again, as heads and cosignatures are: one that was found good lately, down to
 * the byte, costs a hash. See keys/verified.h. */
bool om_verify_once(const uint8_t sig[OM_SIG_BYTES], const uint8_t *msg, size_t len,
                    const uint8_t key[OM_PUBLIC_BYTES]);

/* Makes an Ed25519 secret from SEED, or from the system's random numbers where SEED is NULL. The caller frees *OUT with
 * om_secret_free and wipes its own SEED. OM_IO when memory can't be had or locked; *OUT is NULL then. */
enum om_code om_secret_new(struct om_secret **out, const uint8_t *seed, struct om_status *st);

/* The same for X25519: SEED is the scalar before clamping (RFC 7748 section 5). Serves link keys and ephemeral keys. */
enum om_code om_secret_new_x25519(struct om_secret **out, const uint8_t *seed, struct om_status *st);

/* Wipes and frees; NULL is allowed. */
void om_secret_free(struct om_secret *secret);

/* The 32 bytes of the public half; they live as long as SECRET. */
const uint8_t *om_secret_public(const struct om_secret *secret);

/* Signs the LEN bytes at MSG with an Ed25519 secret, deterministically (RFC 8032). */
void om_sign(const struct om_secret *secret, uint8_t sig[OM_SIG_BYTES], const uint8_t *msg, size_t len);

/* X25519 of an X25519 secret and PEER's public key. False if the result is all zero, that is if PEER sent a point of
 * small order: then the link must be dropped (RFC 7748 section 6.1) and SHARED holds zeros. The caller wipes SHARED. */
bool om_secret_dh(const struct om_secret *secret, uint8_t shared[OM_SHARED_BYTES], const uint8_t peer[OM_PUBLIC_BYTES]);

#endif
