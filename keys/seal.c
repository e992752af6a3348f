#include "keys/seal.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "keys/secret.h"
#include "proto/sealed.pb-c.h"

enum {
  KEY_BYTES = crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
  NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
  TAG_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES,
  WRAPPED_BYTES = KEY_BYTES + crypto_box_SEALBYTES,
};

void om_seal_free(uint8_t *bytes, size_t len) {
  if (bytes != NULL) sodium_memzero(bytes, len);
  free(bytes);
}

static uint8_t *memory(size_t len) {
  uint8_t *bytes = malloc(len + 1);
  OM_ASSERT(bytes != NULL);
  return bytes;
}

/* ---- sealing ---- */

static enum om_code wrap_all(Oremark__Wrap *wraps, uint8_t (*wrapped)[WRAPPED_BYTES], const struct om_recipient *to,
                             size_t n, const uint8_t key[KEY_BYTES], struct om_status *st) {
  for (size_t i = 0; i < n; i++) {
    OM_ASSERT(i == 0 || to[i - 1].member < to[i].member);
    if (!om_box_public_ok(to[i].public_key) || crypto_box_seal(wrapped[i], key, KEY_BYTES, to[i].public_key) != 0)
      return om_fail(st, OM_USAGE, NULL, "nothing can be sealed to the sealing key of member %u", to[i].member);
    oremark__wrap__init(&wraps[i]);
    wraps[i].member = to[i].member;
    wraps[i].wrapped = (ProtobufCBinaryData){WRAPPED_BYTES, wrapped[i]};
  }
  return OM_OK;
}

/* The padded plaintext, enciphered where it lies. */
static uint8_t *encipher(size_t *len, const uint8_t *plain, size_t plain_len, const uint8_t *ad, size_t ad_len,
                         const uint8_t nonce[NONCE_BYTES], const uint8_t key[KEY_BYTES]) {
  size_t padded;
  unsigned long long out_len;
  uint8_t *bytes = memory(plain_len + OM_SEAL_STEP_BYTES + TAG_BYTES);
  if (plain_len > 0) memcpy(bytes, plain, plain_len);
  OM_ASSERT(sodium_pad(&padded, bytes, plain_len, OM_SEAL_STEP_BYTES, plain_len + OM_SEAL_STEP_BYTES) == 0);
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes, &out_len, bytes, padded, ad, ad_len, NULL, nonce, key);
  *len = (size_t)out_len;
  return bytes;
}

static void pack(uint8_t **out, size_t *len, Oremark__Wrap *wraps, size_t n, uint8_t nonce[NONCE_BYTES],
                 uint8_t *ciphertext, size_t ciphertext_len) {
  Oremark__Sealed sealed = OREMARK__SEALED__INIT;
  Oremark__Wrap *list[OM_SEAL_RECIPIENTS_MAX];
  for (size_t i = 0; i < n; i++) list[i] = &wraps[i];
  sealed.wraps = list;
  sealed.n_wraps = n;
  sealed.nonce = (ProtobufCBinaryData){NONCE_BYTES, nonce};
  sealed.ciphertext = (ProtobufCBinaryData){ciphertext_len, ciphertext};
  *len = oremark__sealed__get_packed_size(&sealed);
  *out = memory(*len);
  oremark__sealed__pack(&sealed, *out);
}

enum om_code om_seal(uint8_t **out, size_t *len, const struct om_recipient *to, size_t n, const uint8_t *plain,
                     size_t plain_len, const uint8_t *ad, size_t ad_len, struct om_status *st) {
  Oremark__Wrap wraps[OM_SEAL_RECIPIENTS_MAX];
  uint8_t wrapped[OM_SEAL_RECIPIENTS_MAX][WRAPPED_BYTES], nonce[NONCE_BYTES], *key;
  OM_ASSERT(n >= 1 && n <= OM_SEAL_RECIPIENTS_MAX);
  *out = NULL;
  *len = 0;
  om_sodium_start();
  if (plain_len > OM_SEAL_PLAIN_MAX_BYTES)
    return om_fail(st, OM_USAGE, NULL, "%zu bytes are too many to be sealed; at most %d", plain_len,
                   OM_SEAL_PLAIN_MAX_BYTES);
  if (om_locked_alloc((void **)&key, KEY_BYTES, st) != OM_OK) return st->code;
  randombytes_buf(key, KEY_BYTES);
  randombytes_buf(nonce, sizeof nonce);
  enum om_code code = wrap_all(wraps, wrapped, to, n, key, st);
  if (code == OM_OK) {
    size_t ciphertext_len;
    uint8_t *ciphertext = encipher(&ciphertext_len, plain, plain_len, ad, ad_len, nonce, key);
    pack(out, len, wraps, n, nonce, ciphertext, ciphertext_len);
    free(ciphertext);
  }
  sodium_free(key);
  return code;
}

/* ---- opening ---- */

static enum om_code not_sealed(struct om_status *st) {
  return om_fail(st, OM_MALFORMED, NULL, "these bytes are not sealed details");
}

/* The caller frees *OUT. */
static enum om_code unpack(Oremark__Sealed **out, const uint8_t *bytes, size_t len, struct om_status *st) {
  Oremark__Sealed *sealed = oremark__sealed__unpack(NULL, len, bytes);
  *out = NULL;
  if (sealed == NULL) return not_sealed(st);
  bool good = sealed->n_wraps >= 1 && sealed->n_wraps <= OM_SEAL_RECIPIENTS_MAX && sealed->nonce.len == NONCE_BYTES &&
              sealed->ciphertext.len >= TAG_BYTES + OM_SEAL_STEP_BYTES &&
              sealed->ciphertext.len <= OM_SEAL_PLAIN_MAX_BYTES + OM_SEAL_STEP_BYTES + TAG_BYTES;
  for (size_t i = 0; good && i < sealed->n_wraps; i++)
    good = sealed->wraps[i]->wrapped.len == WRAPPED_BYTES &&
           (i == 0 || sealed->wraps[i - 1]->member < sealed->wraps[i]->member);
  if (good) {
    *out = sealed;
    return OM_OK;
  }
  oremark__sealed__free_unpacked(sealed, NULL);
  return not_sealed(st);
}

enum om_code om_seal_recipients(uint32_t members[OM_SEAL_RECIPIENTS_MAX], size_t *n, const uint8_t *bytes, size_t len,
                                struct om_status *st) {
  Oremark__Sealed *sealed;
  *n = 0;
  if (unpack(&sealed, bytes, len, st) != OM_OK) return st->code;
  for (; *n < sealed->n_wraps; ++*n) members[*n] = sealed->wraps[*n]->member;
  oremark__sealed__free_unpacked(sealed, NULL);
  return OM_OK;
}

static bool unwrap(uint8_t key[KEY_BYTES], const Oremark__Sealed *sealed, uint32_t member,
                   const struct om_secret *secret) {
  for (size_t i = 0; i < sealed->n_wraps; i++) {
    const Oremark__Wrap *wrap = sealed->wraps[i];
    if (member != 0 && wrap->member != member) continue;
    if (crypto_box_seal_open(key, wrap->wrapped.data, WRAPPED_BYTES, secret->public_key, secret->seed) == 0)
      return true;
  }
  return false;
}

static enum om_code decipher(uint8_t **out, size_t *len, const Oremark__Sealed *sealed, const uint8_t *ad,
                             size_t ad_len, const uint8_t key[KEY_BYTES], struct om_status *st) {
  unsigned long long padded;
  uint8_t *plain = memory(sealed->ciphertext.len);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &padded, NULL, sealed->ciphertext.data, sealed->ciphertext.len,
                                                 ad, ad_len, sealed->nonce.data, key) == 0 &&
      sodium_unpad(len, plain, (size_t)padded, OM_SEAL_STEP_BYTES) == 0) {
    *out = plain;
    return OM_OK;
  }
  om_seal_free(plain, sealed->ciphertext.len);
  *len = 0;
  return om_fail(st, OM_CORRUPT, NULL, "the sealed details were altered, or belong to another statement");
}

enum om_code om_unseal(uint8_t **out, size_t *len, const uint8_t *bytes, size_t bytes_len, uint32_t member,
                       const struct om_secret *secret, const uint8_t *ad, size_t ad_len, struct om_status *st) {
  Oremark__Sealed *sealed;
  uint8_t *key;
  *out = NULL;
  *len = 0;
  om_sodium_start();
  OM_ASSERT(secret->curve == OM_CURVE_X25519);
  if (unpack(&sealed, bytes, bytes_len, st) != OM_OK) return st->code;
  enum om_code code = om_locked_alloc((void **)&key, KEY_BYTES, st);
  if (code == OM_OK) {
    code = unwrap(key, sealed, member, secret) ? decipher(out, len, sealed, ad, ad_len, key, st)
                                               : om_fail(st, OM_NO, NULL, "it is not sealed to this key");
    sodium_free(key);
  }
  oremark__sealed__free_unpacked(sealed, NULL);
  return code;
}
