/* Bytes sealed to a few members: under one fresh content key (XChaCha20-Poly1305, IETF construction of libsodium),
 * which is wrapped to each of them (crypto_box_seal: an ephemeral X25519 key, XSalsa20-Poly1305). What comes out is
 * proto/sealed.proto's Sealed. Whoever opens it learns what was put in, and that nobody has altered it since; not who
 * sealed it: that, and what the bytes must be, the log says (ledger/details.h). Before it is enciphered the plaintext
 * is padded to a multiple of OM_SEAL_STEP_BYTES (ISO/IEC 7816-4), so that its length says little. Ownership: outputs
 * are the caller's, ended with om_seal_free. Thread: any. */
#ifndef OREMARK_KEYS_SEAL_H
#define OREMARK_KEYS_SEAL_H

#include "keys/sign.h"

enum {
  OM_SEAL_RECIPIENTS_MAX = 32,       /* a sale has two parties, a bank, an insurer, an auditor or two */
  OM_SEAL_STEP_BYTES = 256,          /* contract numbers and prices are all one step long */
  OM_SEAL_PLAIN_MAX_BYTES = 12 << 20 /* with the wraps well below what a document may have */
};

/* Whom to seal to: a member and the sealing key that it has published. */
struct om_recipient {
  uint32_t member;
  uint8_t public_key[OM_PUBLIC_BYTES];
};

/* Seals PLAIN to the N recipients (1 to OM_SEAL_RECIPIENTS_MAX, ascending by member), bound to the AD_LEN bytes at AD,
 * which whoever opens it must know. OM_USAGE: too long; a key that nothing can be sealed to. */
enum om_code om_seal(uint8_t **out, size_t *len, const struct om_recipient *to, size_t n, const uint8_t *plain,
                     size_t plain_len, const uint8_t *ad, size_t ad_len, struct om_status *st);

/* Opens what was sealed to MEMBER's key SECRET (X25519), wherever it stands among the wraps; MEMBER 0: to anybody's.
 * OM_NO: it is not sealed to that key; OM_MALFORMED: not in this format; OM_CORRUPT: altered, or bound to something
 * else. */
enum om_code om_unseal(uint8_t **out, size_t *len, const uint8_t *sealed, size_t sealed_len, uint32_t member,
                       const struct om_secret *secret, const uint8_t *ad, size_t ad_len, struct om_status *st);

/* For whom SEALED is, *N of them in MEMBERS. OM_MALFORMED. */
enum om_code om_seal_recipients(uint32_t members[OM_SEAL_RECIPIENTS_MAX], size_t *n, const uint8_t *sealed,
                                size_t sealed_len, struct om_status *st);

/* Wipes and frees; BYTES may be NULL. */
void om_seal_free(uint8_t *bytes, size_t len);

#endif
