/* Noise_XX_25519_ChaChaPoly_SHA256 (The Noise Protocol Framework, revision 34): three handshake messages that prove
 * both sides' static keys to each other, then encrypted messages both ways. No I/O and no randomness: the caller brings
 * 32 fresh random bytes and carries the messages. What a static key is entitled to is the caller's to check
 * (om_noise_remote). A struct om_noise is owned by whoever began it, lies in locked memory and is wiped by om_noise_end
 * and at the first handshake failure. Thread: one at a time for each struct om_noise. */
#ifndef OREMARK_DAEMON_CORE_NOISE_H
#define OREMARK_DAEMON_CORE_NOISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keys/sign.h"
#include "keys/status.h"

struct om_noise;

enum {
  OM_NOISE_KEY_BYTES = 32,        /* DHLEN, and the length of cipher keys (sections 12.1, 12.3) */
  OM_NOISE_HASH_BYTES = 32,       /* HASHLEN (section 12.5) */
  OM_NOISE_TAG_BYTES = 16,        /* what encryption adds (section 4.2) */
  OM_NOISE_MESSAGE_BYTES = 65535, /* the longest message of either kind (section 3) */
  OM_NOISE_PLAIN_BYTES = OM_NOISE_MESSAGE_BYTES - OM_NOISE_TAG_BYTES, /* the most that one transport message carries */
};

enum om_noise_role { OM_NOISE_INITIATOR, OM_NOISE_RESPONDER };

/* What a handshake waits for next. */
enum om_noise_turn {
  OM_NOISE_WRITES,    /* om_noise_write */
  OM_NOISE_READS,     /* om_noise_read */
  OM_NOISE_TRANSPORT, /* handshake done: om_noise_encrypt and om_noise_decrypt */
  OM_NOISE_FAILED,    /* a handshake message was refused; the secrets are gone */
};

/* Section 5.1, CipherState: a key and the number of messages that it has enciphered. */
struct om_noise_cipher {
  bool has_key;
  uint8_t key[OM_NOISE_KEY_BYTES];
  uint64_t nonce;
};

/* EncryptWithAd: writes PLAIN_LEN + OM_NOISE_TAG_BYTES bytes to OUT (which may be PLAIN itself), or PLAIN_LEN while
 * there is no key. OM_REFUSED when the key's nonces are used up. */
enum om_code om_noise_cipher_encrypt(struct om_noise_cipher *cipher, uint8_t *out, const uint8_t *ad, size_t ad_len,
                                     const uint8_t *plain, size_t plain_len, struct om_status *st);

/* DecryptWithAd: the reverse; writes LEN - OM_NOISE_TAG_BYTES bytes to OUT (which may be IN itself). OM_MALFORMED when
 * IN is not what the other side enciphered at this place; the cipher then stays as it was. */
enum om_code om_noise_cipher_decrypt(struct om_noise_cipher *cipher, uint8_t *out, const uint8_t *ad, size_t ad_len,
                                     const uint8_t *in, size_t len, struct om_status *st);

/* Begins a handshake. LOCAL is this side's static X25519 key: borrowed until the handshake is over. EPHEMERAL is 32
 * random bytes never used before or after; the caller wipes its copy. PROLOGUE is what both sides must agree on. On
 * success *NOISE is owned by the caller. OM_IO without memory; then it is NULL. */
enum om_code om_noise_begin(struct om_noise **noise, enum om_noise_role role, const struct om_secret *local,
                            const uint8_t ephemeral[OM_NOISE_KEY_BYTES], const uint8_t *prologue, size_t prologue_len,
                            struct om_status *st);

/* Wipes and frees NOISE; NULL is fine. */
void om_noise_end(struct om_noise *noise);

enum om_noise_turn om_noise_turn(const struct om_noise *noise);

/* Writes the next handshake message with PAYLOAD into OUT, which has room for ROOM bytes (OM_NOISE_MESSAGE_BYTES always
 * do). The turn must be OM_NOISE_WRITES. */
enum om_code om_noise_write(struct om_noise *noise, uint8_t *out, size_t *out_len, size_t room, const uint8_t *payload,
                            size_t payload_len, struct om_status *st);

/* Reads the other side's next handshake message; its payload goes to PAYLOAD (LEN bytes of room, apart from IN). The
 * turn must be OM_NOISE_READS. OM_MALFORMED when the message is refused: then the handshake is over. */
enum om_code om_noise_read(struct om_noise *noise, uint8_t *payload, size_t *payload_len, const uint8_t *in, size_t len,
                           struct om_status *st);

/* The other side's static public key, proved by it: the initiator has it once message 2 is read, the responder once
 * message 3 is; before that NULL. Good as long as NOISE is. */
const uint8_t *om_noise_remote(const struct om_noise *noise);

/* For tests, which hold it against that of published vectors. GetHandshakeHash (section 11.2): OM_NOISE_HASH_BYTES that
 * are the same on both sides and in no other handshake. Only once the turn is OM_NOISE_TRANSPORT. */
const uint8_t *om_noise_hash(const struct om_noise *noise);

/* Enciphers one transport message of up to OM_NOISE_PLAIN_BYTES into OUT (which may be PLAIN itself, with room for
 * OM_NOISE_TAG_BYTES more). OM_REFUSED when it is too long or the nonces are used up. */
enum om_code om_noise_encrypt(struct om_noise *noise, uint8_t *out, size_t *out_len, const uint8_t *plain,
                              size_t plain_len, struct om_status *st);

/* Deciphers the other side's next transport message into OUT (LEN bytes of room; may be IN itself). OM_MALFORMED when
 * it is not the next one, whole and unchanged. */
enum om_code om_noise_decrypt(struct om_noise *noise, uint8_t *out, size_t *out_len, const uint8_t *in, size_t len,
                              struct om_status *st);

#endif
