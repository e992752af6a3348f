/* The text of a key file in memory: reading it, sealing and unsealing its secret line. For keyfile.c; the format stands
 * in keyfile.h. It knows nothing of disks. Ownership: a struct om_keytext belongs to its caller and must lie in locked
 * memory (om_locked_alloc), as it may hold a plain secret. Errors say "line N: why" and leave the file's name to the
 * caller. Thread: any. */
#ifndef OREMARK_KEYS_KEYTEXT_H
#define OREMARK_KEYS_KEYTEXT_H

#include "keys/keyfile.h"
#include "keys/secret.h"

enum {
  OM_SALT_BYTES = 16,                   /* crypto_pwhash_SALTBYTES */
  OM_SEAL_NONCE_BYTES = 24,             /* XChaCha20 */
  OM_SEALED_BYTES = OM_SEED_BYTES + 16, /* the seed and Poly1305's tag */
};

struct om_keytext {
  char bytes[OM_KEYFILE_BYTES + 1]; /* the file; one more, so that a file that is too long shows */
  size_t len;
  size_t secret_at;     /* where the secret line begins */
  unsigned secret_line; /* its number */
  struct om_key_info info;
  uint8_t seed[OM_SEED_BYTES]; /* where plain; what follows where encrypted */
  struct om_pwhash_cost cost;
  uint8_t salt[OM_SALT_BYTES];
  uint8_t nonce[OM_SEAL_NONCE_BYTES];
  uint8_t sealed[OM_SEALED_BYTES];
  size_t sealed_at; /* where its text begins; all before it but comments is the associated data */
};

/* Reads T->bytes, T->len into the rest of T. */
enum om_code om_keytext_parse(struct om_keytext *t, struct om_status *st);

/* Makes the secret out of what om_keytext_parse read, with PASSPHRASE where it is encrypted, and compares its public
 * half. */
enum om_code om_keytext_unseal(struct om_secret **out, const struct om_keytext *t,
                               const struct om_passphrase *passphrase, struct om_status *st);

/* Writes the lines above the secret for INFO, replacing all of T. */
void om_keytext_begin(struct om_keytext *t, const struct om_key_info *info);

/* Writes the secret line behind those above it and reads the whole again, so that what is written can be read.
 * PASSPHRASE NULL: plain. OM_USAGE if comments leave no room. */
enum om_code om_keytext_seal(struct om_keytext *t, const struct om_secret *secret,
                             const struct om_passphrase *passphrase, const struct om_pwhash_cost *cost,
                             struct om_status *st);

/* Whether TEXT is a day of the calendar, YYYY-MM-DD. */
bool om_day_ok(const char *text, size_t len);

/* Whether COST is within what files may ask for. */
bool om_pwhash_cost_ok(const struct om_pwhash_cost *cost);

#endif
