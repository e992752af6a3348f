#include "daemon/core/noise.h"

#include <sodium.h>
#include <string.h>

#include "keys/sign.h"

/* Section numbers are those of The Noise Protocol Framework, revision 34 (2018-07-11). */

/* Section 7.1: what a handshake message holds and does, in this order; a payload ends each. */
enum token { TOKEN_END, TOKEN_E, TOKEN_S, TOKEN_EE, TOKEN_ES, TOKEN_SE };

enum { MESSAGES = 3, TOKENS_MAX = 5 };

/* Section 7.5, pattern XX: "-> e", "<- e, ee, s, es", "-> s, se"; the initiator writes the first. */
static const enum token pattern_xx[MESSAGES][TOKENS_MAX] = {
    {TOKEN_E, TOKEN_END},
    {TOKEN_E, TOKEN_EE, TOKEN_S, TOKEN_ES, TOKEN_END},
    {TOKEN_S, TOKEN_SE, TOKEN_END},
};

/* Section 8: pattern, DH, cipher and hash, joined by underscores. */
static const char protocol_name[] = "Noise_XX_25519_ChaChaPoly_SHA256";
_Static_assert(sizeof protocol_name - 1 == OM_NOISE_HASH_BYTES,
               "section 5.2: a name of HASHLEN bytes stands for itself");

struct om_noise {
  /* section 5.2, SymmetricState */
  struct om_noise_cipher cipher;
  uint8_t ck[OM_NOISE_HASH_BYTES];
  uint8_t h[OM_NOISE_HASH_BYTES];
  /* section 5.3, HandshakeState */
  const struct om_secret *s;
  struct om_secret *e; /* owned; gone once the handshake is */
  uint8_t rs[OM_NOISE_KEY_BYTES];
  uint8_t re[OM_NOISE_KEY_BYTES];
  bool has_remote; /* rs is proved by the payload's tag that followed it */
  enum om_noise_role role;
  size_t next; /* index of the next message pattern */
  bool failed;
  /* what Split() returned, by direction */
  struct om_noise_cipher sending;
  struct om_noise_cipher receiving;
};

/* ---- section 5.1, CipherState ---- */

/* InitializeKey: the key is set and the count of messages starts over. */
static void initialize_key(struct om_noise_cipher *cipher, const uint8_t key[OM_NOISE_KEY_BYTES]) {
  memcpy(cipher->key, key, OM_NOISE_KEY_BYTES);
  cipher->has_key = true;
  cipher->nonce = 0;
}

/* Section 12.3: the 96-bit nonce is 32 zero bits, then n as 64 bits little-endian. */
static void chacha_nonce(uint8_t out[crypto_aead_chacha20poly1305_ietf_NPUBBYTES], uint64_t n) {
  memset(out, 0, 4);
  for (size_t i = 0; i < 8; i++) out[4 + i] = (uint8_t)(n >> (8 * i));
}

/* The largest nonce is reserved: a cipher that has come to it serves no more. */
static enum om_code check_nonce(const struct om_noise_cipher *cipher, struct om_status *st) {
  if (cipher->nonce == UINT64_MAX) return om_fail(st, OM_REFUSED, "noise-nonce", "this link's nonces are used up");
  return OM_OK;
}

enum om_code om_noise_cipher_encrypt(struct om_noise_cipher *cipher, uint8_t *out, const uint8_t *ad, size_t ad_len,
                                     const uint8_t *plain, size_t plain_len, struct om_status *st) {
  if (!cipher->has_key) { /* an empty key leaves the plaintext as it is */
    if (plain_len > 0) memmove(out, plain, plain_len);
    return OM_OK;
  }
  enum om_code code = check_nonce(cipher, st);
  if (code != OM_OK) return code;
  uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
  chacha_nonce(nonce, cipher->nonce++); /* the present n is used, then counted up */
  crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain, plain_len, ad, ad_len, NULL, nonce, cipher->key);
  return OM_OK;
}

enum om_code om_noise_cipher_decrypt(struct om_noise_cipher *cipher, uint8_t *out, const uint8_t *ad, size_t ad_len,
                                     const uint8_t *in, size_t len, struct om_status *st) {
  if (!cipher->has_key) {
    if (len > 0) memmove(out, in, len);
    return OM_OK;
  }
  enum om_code code = check_nonce(cipher, st);
  if (code != OM_OK) return code;
  uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
  chacha_nonce(nonce, cipher->nonce);
  if (len < OM_NOISE_TAG_BYTES ||
      crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, in, len, ad, ad_len, nonce, cipher->key) != 0)
    return om_fail(st, OM_MALFORMED, "noise-tag", "a message was not enciphered by this peer for this place");
  cipher->nonce++; /* only after the tag was found right is n counted up */
  return OM_OK;
}

/* ---- section 5.2, SymmetricState ---- */

/* Section 4.3, HKDF with two outputs, over HMAC-SHA256: temp_key = HMAC(ck, input); output1 = HMAC(temp_key, 1);
 * output2 = HMAC(temp_key, output1 ‖ 2). */
static void hkdf(uint8_t out1[OM_NOISE_HASH_BYTES], uint8_t out2[OM_NOISE_HASH_BYTES],
                 const uint8_t ck[OM_NOISE_HASH_BYTES], const uint8_t *input, size_t input_len) {
  uint8_t temp_key[OM_NOISE_HASH_BYTES], first[OM_NOISE_HASH_BYTES + 1];
  crypto_auth_hmacsha256_state hmac;
  crypto_auth_hmacsha256_init(&hmac, ck, OM_NOISE_HASH_BYTES);
  crypto_auth_hmacsha256_update(&hmac, input, input_len);
  crypto_auth_hmacsha256_final(&hmac, temp_key);
  crypto_auth_hmacsha256(first, (const uint8_t[]){1}, 1, temp_key);
  first[OM_NOISE_HASH_BYTES] = 2;
  crypto_auth_hmacsha256(out2, first, sizeof first, temp_key);
  memcpy(out1, first, OM_NOISE_HASH_BYTES);
  sodium_memzero(&hmac, sizeof hmac);
  sodium_memzero(temp_key, sizeof temp_key);
  sodium_memzero(first, sizeof first);
}

/* MixHash: h becomes HASH(h ‖ data). */
static void mix_hash(struct om_noise *noise, const uint8_t *data, size_t len) {
  crypto_hash_sha256_state hash;
  crypto_hash_sha256_init(&hash);
  crypto_hash_sha256_update(&hash, noise->h, sizeof noise->h);
  crypto_hash_sha256_update(&hash, data, len);
  crypto_hash_sha256_final(&hash, noise->h);
}

/* MixKey: ck and a new cipher key come out of HKDF(ck, input). */
static void mix_key(struct om_noise *noise, const uint8_t input[OM_NOISE_KEY_BYTES]) {
  uint8_t ck[OM_NOISE_HASH_BYTES], temp_k[OM_NOISE_HASH_BYTES];
  hkdf(ck, temp_k, noise->ck, input, OM_NOISE_KEY_BYTES);
  memcpy(noise->ck, ck, sizeof ck);
  initialize_key(&noise->cipher, temp_k);
  sodium_memzero(ck, sizeof ck);
  sodium_memzero(temp_k, sizeof temp_k);
}

static size_t sealed_len(const struct om_noise *noise, size_t plain_len) {
  return plain_len + (noise->cipher.has_key ? OM_NOISE_TAG_BYTES : 0);
}

/* EncryptAndHash: encrypts with h as associated data, then mixes the ciphertext into h. Appends to OUT at *LEN. */
static enum om_code encrypt_and_hash(struct om_noise *noise, uint8_t *out, size_t *len, const uint8_t *plain,
                                     size_t plain_len, struct om_status *st) {
  size_t n = sealed_len(noise, plain_len);
  enum om_code code =
      om_noise_cipher_encrypt(&noise->cipher, out + *len, noise->h, sizeof noise->h, plain, plain_len, st);
  if (code != OM_OK) return code;
  mix_hash(noise, out + *len, n);
  *len += n;
  return OM_OK;
}

/* DecryptAndHash: decrypts with h as associated data, then mixes the ciphertext, not the plaintext, into h. */
static enum om_code decrypt_and_hash(struct om_noise *noise, uint8_t *out, const uint8_t *in, size_t len,
                                     struct om_status *st) {
  enum om_code code = om_noise_cipher_decrypt(&noise->cipher, out, noise->h, sizeof noise->h, in, len, st);
  if (code == OM_OK) mix_hash(noise, in, len);
  return code;
}

/* Split: two keys from HKDF(ck, nothing); the first is for what the initiator sends (section 5.3). What only the
 * handshake needed is wiped. */
static void split(struct om_noise *noise) {
  uint8_t k1[OM_NOISE_HASH_BYTES], k2[OM_NOISE_HASH_BYTES];
  bool starts = noise->role == OM_NOISE_INITIATOR;
  hkdf(k1, k2, noise->ck, (const uint8_t *)"", 0);
  initialize_key(&noise->sending, starts ? k1 : k2);
  initialize_key(&noise->receiving, starts ? k2 : k1);
  sodium_memzero(k1, sizeof k1);
  sodium_memzero(k2, sizeof k2);
  sodium_memzero(noise->ck, sizeof noise->ck);
  sodium_memzero(&noise->cipher, sizeof noise->cipher);
  om_secret_free(noise->e);
  noise->e = NULL;
  noise->s = NULL;
}

/* ---- section 5.3, HandshakeState ---- */

enum om_code om_noise_begin(struct om_noise **noise, enum om_noise_role role, const struct om_secret *local,
                            const uint8_t ephemeral[OM_NOISE_KEY_BYTES], const uint8_t *prologue, size_t prologue_len,
                            struct om_status *st) {
  *noise = NULL;
  struct om_noise *n = sodium_malloc(sizeof *n);
  if (n == NULL) return om_fail(st, OM_IO, NULL, "no memory for a link's keys");
  sodium_memzero(n, sizeof *n);
  n->role = role;
  n->s = local;
  /* GENERATE_KEYPAIR() of section 4.1; the caller drew the secret half */
  enum om_code code = om_secret_new_x25519(&n->e, ephemeral, st);
  if (code != OM_OK) {
    sodium_free(n);
    return code;
  }
  /* InitializeSymmetric: h is the protocol's name, ck is h, no key yet */
  memcpy(n->h, protocol_name, sizeof n->h);
  memcpy(n->ck, n->h, sizeof n->ck);
  /* section 6: the prologue is mixed into h; XX has no pre-messages to follow it */
  mix_hash(n, prologue, prologue_len);
  *noise = n;
  return OM_OK;
}

void om_noise_end(struct om_noise *noise) {
  if (noise == NULL) return;
  om_secret_free(noise->e);
  sodium_free(noise); /* wipes first */
}

enum om_noise_turn om_noise_turn(const struct om_noise *noise) {
  if (noise->failed) return OM_NOISE_FAILED;
  if (noise->next == MESSAGES) return OM_NOISE_TRANSPORT;
  bool initiator_writes = noise->next % 2 == 0;
  return initiator_writes == (noise->role == OM_NOISE_INITIATOR) ? OM_NOISE_WRITES : OM_NOISE_READS;
}

/* A refused handshake can't be taken up again (section 5.3: the caller deletes the state). */
static enum om_code give_up(struct om_noise *noise, enum om_code code) {
  om_secret_free(noise->e);
  sodium_memzero(noise, sizeof *noise);
  noise->failed = true;
  return code;
}

/* MixKey(DH(secret, peer)). Section 12.1 lets an all-zero result, which only a point of small order gives, be refused.
 */
static enum om_code mix_dh_of(struct om_noise *noise, const struct om_secret *secret,
                              const uint8_t peer[OM_NOISE_KEY_BYTES], struct om_status *st) {
  uint8_t shared[OM_SHARED_BYTES];
  bool ok = om_secret_dh(secret, shared, peer);
  if (ok) mix_key(noise, shared);
  sodium_memzero(shared, sizeof shared);
  return ok ? OM_OK : om_fail(st, OM_MALFORMED, "noise-key", "the peer sent a public key of small order");
}

/* The tokens that name a DH: "ee" is DH(e, re); "es" is DH(e, rs) for the initiator and DH(s, re) for the responder;
 * "se" is DH(s, re) for the initiator and DH(e, rs) for the responder. */
static enum om_code mix_dh(struct om_noise *noise, enum token token, struct om_status *st) {
  bool starts = noise->role == OM_NOISE_INITIATOR;
  if (token == TOKEN_EE) return mix_dh_of(noise, noise->e, noise->re, st);
  OM_ASSERT(token == TOKEN_ES || token == TOKEN_SE);
  if (starts == (token == TOKEN_ES)) return mix_dh_of(noise, noise->e, noise->rs, st);
  return mix_dh_of(noise, noise->s, noise->re, st);
}

static enum om_code write_token(struct om_noise *noise, uint8_t *out, size_t *len, enum token token,
                                struct om_status *st) {
  switch (token) {
    case TOKEN_E: /* the ephemeral public key goes out in clear and into h */
      memcpy(out + *len, om_secret_public(noise->e), OM_NOISE_KEY_BYTES);
      mix_hash(noise, out + *len, OM_NOISE_KEY_BYTES);
      *len += OM_NOISE_KEY_BYTES;
      return OM_OK;
    case TOKEN_S: /* the static public key goes out by EncryptAndHash */
      return encrypt_and_hash(noise, out, len, om_secret_public(noise->s), OM_NOISE_KEY_BYTES, st);
    case TOKEN_EE:
    case TOKEN_ES:
    case TOKEN_SE: return mix_dh(noise, token, st);
    case TOKEN_END: break;
  }
  om_panic(__FILE__, __LINE__, "token");
}

/* Bytes of the next message beside its payload's own. */
static size_t message_overhead(size_t index) {
  size_t n = index == 0 ? 0 : OM_NOISE_TAG_BYTES;
  for (const enum token *t = pattern_xx[index]; *t != TOKEN_END; t++) {
    if (*t == TOKEN_E) n += OM_NOISE_KEY_BYTES;
    if (*t == TOKEN_S) n += OM_NOISE_KEY_BYTES + OM_NOISE_TAG_BYTES;
  }
  return n;
}

/* WriteMessage: the next pattern's tokens in order, then EncryptAndHash(payload); after the last message Split(). */
enum om_code om_noise_write(struct om_noise *noise, uint8_t *out, size_t *out_len, size_t room, const uint8_t *payload,
                            size_t payload_len, struct om_status *st) {
  OM_ASSERT(om_noise_turn(noise) == OM_NOISE_WRITES);
  *out_len = 0;
  size_t overhead = message_overhead(noise->next);
  if (payload_len > OM_NOISE_MESSAGE_BYTES - overhead)
    return om_fail(st, OM_REFUSED, "noise-length", "a handshake payload of %zu bytes is too long", payload_len);
  OM_ASSERT(room >= overhead + payload_len);
  for (const enum token *t = pattern_xx[noise->next]; *t != TOKEN_END; t++) {
    enum om_code code = write_token(noise, out, out_len, *t, st);
    if (code != OM_OK) return give_up(noise, code);
  }
  enum om_code code = encrypt_and_hash(noise, out, out_len, payload, payload_len, st);
  if (code != OM_OK) return give_up(noise, code);
  if (++noise->next == MESSAGES) split(noise);
  return OM_OK;
}

static enum om_code read_token(struct om_noise *noise, const uint8_t **in, size_t *len, enum token token,
                               struct om_status *st) {
  size_t n = 0;
  enum om_code code = OM_OK;
  switch (token) {
    case TOKEN_E: /* the next DHLEN bytes are re, which goes into h */
      n = OM_NOISE_KEY_BYTES;
      if (*len < n) break;
      memcpy(noise->re, *in, n);
      mix_hash(noise, noise->re, n);
      break;
    case TOKEN_S: /* the next DHLEN bytes and, as there is a key by now in XX, the tag: DecryptAndHash gives rs */
      n = sealed_len(noise, OM_NOISE_KEY_BYTES);
      if (*len < n) break;
      code = decrypt_and_hash(noise, noise->rs, *in, n, st);
      break;
    case TOKEN_EE:
    case TOKEN_ES:
    case TOKEN_SE: return mix_dh(noise, token, st);
    case TOKEN_END: om_panic(__FILE__, __LINE__, "token");
  }
  if (*len < n) return om_fail(st, OM_MALFORMED, "noise-length", "handshake message %zu is cut short", noise->next + 1);
  *in += n;
  *len -= n;
  return code;
}

/* ReadMessage: the next pattern's tokens in order, then DecryptAndHash of what is left; after the last message Split().
 */
enum om_code om_noise_read(struct om_noise *noise, uint8_t *payload, size_t *payload_len, const uint8_t *in, size_t len,
                           struct om_status *st) {
  OM_ASSERT(om_noise_turn(noise) == OM_NOISE_READS);
  *payload_len = 0;
  if (len > OM_NOISE_MESSAGE_BYTES)
    return give_up(noise,
                   om_fail(st, OM_MALFORMED, "noise-length", "a handshake message of %zu bytes is too long", len));
  for (const enum token *t = pattern_xx[noise->next]; *t != TOKEN_END; t++) {
    enum om_code code = read_token(noise, &in, &len, *t, st);
    if (code != OM_OK) return give_up(noise, code);
  }
  size_t tag = sealed_len(noise, 0);
  enum om_code code = decrypt_and_hash(noise, payload, in, len, st);
  if (code != OM_OK) return give_up(noise, code);
  *payload_len = len - tag;
  noise->has_remote = noise->next > 0; /* messages 2 and 3 hold s and end with a tag that only its owner can make */
  if (++noise->next == MESSAGES) split(noise);
  return OM_OK;
}

const uint8_t *om_noise_remote(const struct om_noise *noise) {
  return noise->has_remote ? noise->rs : NULL;
}

const uint8_t *om_noise_hash(const struct om_noise *noise) {
  OM_ASSERT(om_noise_turn(noise) == OM_NOISE_TRANSPORT);
  return noise->h;
}

/* ---- transport: EncryptWithAd and DecryptWithAd without associated data, a key for each direction (section 5.3) ----
 */

enum om_code om_noise_encrypt(struct om_noise *noise, uint8_t *out, size_t *out_len, const uint8_t *plain,
                              size_t plain_len, struct om_status *st) {
  OM_ASSERT(om_noise_turn(noise) == OM_NOISE_TRANSPORT);
  *out_len = 0;
  if (plain_len > OM_NOISE_PLAIN_BYTES)
    return om_fail(st, OM_REFUSED, "noise-length", "%zu bytes do not fit one Noise message", plain_len);
  enum om_code code = om_noise_cipher_encrypt(&noise->sending, out, NULL, 0, plain, plain_len, st);
  if (code == OM_OK) *out_len = plain_len + OM_NOISE_TAG_BYTES;
  return code;
}

enum om_code om_noise_decrypt(struct om_noise *noise, uint8_t *out, size_t *out_len, const uint8_t *in, size_t len,
                              struct om_status *st) {
  OM_ASSERT(om_noise_turn(noise) == OM_NOISE_TRANSPORT);
  *out_len = 0;
  if (len > OM_NOISE_MESSAGE_BYTES)
    return om_fail(st, OM_MALFORMED, "noise-length", "a Noise message of %zu bytes is too long", len);
  enum om_code code = om_noise_cipher_decrypt(&noise->receiving, out, NULL, 0, in, len, st);
  if (code == OM_OK) *out_len = len - OM_NOISE_TAG_BYTES;
  return code;
}
