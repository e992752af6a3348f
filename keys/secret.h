/* The inside of secret keys and passphrases, for the files of keys/ alone: nothing above includes this header, so that
 * no other folder can reach a secret byte. */
#ifndef OREMARK_KEYS_SECRET_H
#define OREMARK_KEYS_SECRET_H

#include "keys/passphrase.h"
#include "keys/sign.h"

enum om_curve { OM_CURVE_ED25519, OM_CURVE_X25519 };

/* Lives in sodium_malloc'd memory: locked, out of core dumps, read-only once made. */
struct om_secret {
  enum om_curve curve;
  uint8_t public_key[OM_PUBLIC_BYTES];
  uint8_t seed[OM_SEED_BYTES]; /* what the rest is made from, and what a key file keeps; the scalar where X25519 */
  uint8_t signing_key[64];     /* Ed25519 only: seed and public key, as libsodium wants it */
};

/* The same for a passphrase. */
struct om_passphrase {
  size_t len;
  char text[OM_PASSPHRASE_BYTES]; /* LEN bytes, no NUL */
};

/* LEN bytes that are locked in memory, wiped when freed with sodium_free. OM_IO if the system does not allow that. */
enum om_code om_locked_alloc(void **out, size_t len, struct om_status *st);

#endif
