#include "keys/vkey.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "keys/base64.h"
#include "keys/utf8.h"

enum { TYPED_KEY_BYTES = 1 + OM_PUBLIC_BYTES, ID_DIGITS = 8 };

bool om_key_name_ok(const char *name, size_t len) {
  if (len == 0 || len > OM_KEY_NAME_BYTES || !om_text_ok(name, len)) return false;
  uint32_t c;
  for (size_t i = 0, n; i < len; i += n) {
    n = om_utf8_next(&c, name + i, len - i);
    OM_ASSERT(n > 0);
    if (c == '+' || om_utf8_is_space(c)) return false;
  }
  return true;
}

uint32_t om_key_id(const char *name, enum om_alg alg, const uint8_t key[OM_PUBLIC_BYTES]) {
  const uint8_t middle[2] = {0x0A, (uint8_t)alg};
  uint8_t hash[crypto_hash_sha256_BYTES];
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  crypto_hash_sha256_update(&state, (const uint8_t *)name, strlen(name));
  crypto_hash_sha256_update(&state, middle, sizeof middle);
  crypto_hash_sha256_update(&state, key, OM_PUBLIC_BYTES);
  crypto_hash_sha256_final(&state, hash);
  return (uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 | (uint32_t)hash[2] << 8 | hash[3];
}

/* Lower case only, so that a key has one text. */
static bool parse_id(uint32_t *out, const char *text) {
  *out = 0;
  for (int i = 0; i < ID_DIGITS; i++) {
    char c = text[i];
    bool is_digit = c >= '0' && c <= '9';
    if (!is_digit && !(c >= 'a' && c <= 'f')) return false;
    *out = *out << 4 | (uint32_t)(is_digit ? c - '0' : c - 'a' + 10);
  }
  return true;
}

static enum om_code parse_typed_key(struct om_vkey *out, const char *text, size_t len, struct om_status *st) {
  uint8_t typed[TYPED_KEY_BYTES];
  size_t typed_len;
  if (!om_base64_decode(typed, sizeof typed, &typed_len, text, len) || typed_len != sizeof typed)
    return om_fail(st, OM_MALFORMED, NULL, "the part after the second '+' is not the base64 of %d bytes",
                   TYPED_KEY_BYTES);
  if (typed[0] != OM_ALG_ED25519 && typed[0] != OM_ALG_COSIGNATURE)
    return om_fail(st, OM_MALFORMED, NULL, "signature type 0x%02x is neither Ed25519 (0x01) nor cosignature/v1 (0x04)",
                   typed[0]);
  out->alg = typed[0] == OM_ALG_ED25519 ? OM_ALG_ED25519 : OM_ALG_COSIGNATURE;
  memcpy(out->key, typed + 1, OM_PUBLIC_BYTES);
  return OM_OK;
}

enum om_code om_vkey_parse(struct om_vkey *out, const char *text, size_t len, struct om_status *st) {
  const char *plus = len > 0 ? memchr(text, '+', len) : NULL;
  if (!plus) return om_fail(st, OM_MALFORMED, NULL, "not a verifier key: no '+' after the name");
  size_t name_len = (size_t)(plus - text);
  if (!om_key_name_ok(text, name_len))
    return om_fail(st, OM_MALFORMED, NULL,
                   "the name must be 1 to %d bytes of UTF-8 text without spaces, '+' or control characters",
                   OM_KEY_NAME_BYTES);
  size_t rest = len - name_len - 1;
  if (rest < ID_DIGITS + 1 || plus[1 + ID_DIGITS] != '+' || !parse_id(&out->id, plus + 1))
    return om_fail(st, OM_MALFORMED, NULL, "the name is not followed by '+', %d lower-case hexadecimal digits and '+'",
                   ID_DIGITS);
  memcpy(out->name, text, name_len);
  out->name[name_len] = '\0';
  enum om_code code = parse_typed_key(out, plus + ID_DIGITS + 2, rest - ID_DIGITS - 1, st);
  if (code != OM_OK) return code;
  uint32_t id = om_key_id(out->name, out->alg, out->key);
  if (id != out->id)
    return om_fail(st, OM_MALFORMED, NULL,
                   "key id %08" PRIx32 " does not belong to this name and key (theirs is %08" PRIx32 ")", out->id, id);
  if (!om_public_ok(out->key)) return om_fail(st, OM_MALFORMED, NULL, "the key is not a sound Ed25519 point");
  return OM_OK;
}

void om_vkey_format(char out[OM_VKEY_BYTES], const char *name, enum om_alg alg, const uint8_t key[OM_PUBLIC_BYTES]) {
  OM_ASSERT(om_key_name_ok(name, strlen(name)));
  uint8_t typed[TYPED_KEY_BYTES] = {(uint8_t)alg};
  char text[OM_BASE64_BYTES(TYPED_KEY_BYTES)];
  memcpy(typed + 1, key, OM_PUBLIC_BYTES);
  om_base64(text, sizeof text, typed, sizeof typed);
  int n = snprintf(out, OM_VKEY_BYTES, "%s+%08" PRIx32 "+%s", name, om_key_id(name, alg, key), text);
  OM_ASSERT(n > 0 && n < OM_VKEY_BYTES);
}
