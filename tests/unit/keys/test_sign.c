#include "support/test.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "keys/sign.h"

static json_t *load(const char *name) {
  char path[512];
  json_error_t error;
  snprintf(path, sizeof path, "%s/%s", TEST_DATA, name);
  json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
  if (!root) fail_msg("%s: %s", path, error.text);
  return root;
}

/* Reads the hexadecimal text at KEY of OBJECT; returns its length in bytes. */
static size_t hex(uint8_t *out, size_t size, json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  size_t len = 0;
  assert_non_null(text);
  assert_int_equal(sodium_hex2bin(out, size, text, strlen(text), NULL, &len, NULL), 0);
  return len;
}

static bool has_flag(json_t *vector, const char *flag) {
  size_t i;
  json_t *item;
  json_array_foreach(json_object_get(vector, "flags"), i, item) if (!strcmp(json_string_value(item), flag)) return true;
  return false;
}

/* All 914: the two rules of sign.h, said in the flags of the vectors. */
static void test_cctv_ed25519(void **state) {
  (void)state;
  json_t *root = load("cctv/ed25519vectors.json"), *v;
  size_t i, keys_ok = 0, accepted = 0, both = 0;
  json_array_foreach(root, i, v) {
    uint8_t key[32], sig[64];
    assert_int_equal(hex(key, sizeof key, v, "key"), 32);
    assert_int_equal(hex(sig, sizeof sig, v, "sig"), 64);
    const char *msg = json_string_value(json_object_get(v, "msg"));
    bool want_key =
        !has_flag(v, "low_order_A") && !has_flag(v, "low_order_component_A") && !has_flag(v, "non_canonical_A");
    bool want_sig = !has_flag(v, "low_order_A") && !has_flag(v, "low_order_R") && !has_flag(v, "non_canonical_A") &&
                    !has_flag(v, "non_canonical_R") && !has_flag(v, "low_order_residue");
    bool key_ok = om_public_ok(key), sig_ok = om_verify(sig, (const uint8_t *)msg, strlen(msg), key);
    if (key_ok != want_key || sig_ok != want_sig) fail_msg("vector %zu: key %d, signature %d", i, key_ok, sig_ok);
    keys_ok += key_ok;
    accepted += sig_ok;
    both += key_ok && sig_ok;
    /* With an admitted key the only odd things left are in R, and each of them is refused. */
    if (key_ok && sig_ok) assert_int_equal(json_array_size(json_object_get(v, "flags")), 0);
  }
  assert_int_equal(i, 914);
  assert_int_equal(keys_ok, 28);
  assert_int_equal(accepted, 43);
  assert_int_equal(both, 1);
  json_decref(root);
}

static void test_wycheproof_ed25519(void **state) {
  (void)state;
  json_t *root = load("wycheproof/ed25519_test.json"), *group, *t;
  size_t g, i, accepted = 0, refused = 0, wrong_length = 0;
  json_array_foreach(json_object_get(root, "testGroups"), g, group) {
    uint8_t key[32];
    assert_int_equal(hex(key, sizeof key, json_object_get(group, "publicKey"), "pk"), 32);
    assert_true(om_public_ok(key));
    json_array_foreach(json_object_get(group, "tests"), i, t) {
      uint8_t sig[256], msg[4096];
      size_t msg_len = hex(msg, sizeof msg, t, "msg");
      bool is_valid = !strcmp(json_string_value(json_object_get(t, "result")), "valid");
      if (hex(sig, sizeof sig, t, "sig") != 64) { /* our type holds 64 bytes: such a one can't even be asked about */
        assert_false(is_valid);
        wrong_length++;
        continue;
      }
      if (om_verify(sig, msg, msg_len, key) != is_valid)
        fail_msg("tcId %d", (int)json_integer_value(json_object_get(t, "tcId")));
      *(is_valid ? &accepted : &refused) += 1;
    }
  }
  assert_int_equal(accepted, 88);
  assert_int_equal(refused, 51);
  assert_int_equal(wrong_length, 12);
  json_decref(root);
}

static void test_wycheproof_x25519(void **state) {
  (void)state;
  json_t *root = load("wycheproof/x25519_test.json"), *group, *t;
  struct om_status st;
  size_t g, i, done = 0, zero = 0;
  json_array_foreach(json_object_get(root, "testGroups"), g, group) {
    json_array_foreach(json_object_get(group, "tests"), i, t) {
      uint8_t peer[32], seed[32], want[32], got[32];
      struct om_secret *secret;
      hex(peer, 32, t, "public");
      hex(seed, 32, t, "private");
      hex(want, 32, t, "shared");
      assert_int_equal(om_secret_new_x25519(&secret, seed, &st), OM_OK);
      bool ok = om_secret_dh(secret, got, peer);
      if (ok == has_flag(t, "ZeroSharedSecret") || memcmp(got, want, 32) != 0)
        fail_msg("tcId %d", (int)json_integer_value(json_object_get(t, "tcId")));
      om_secret_free(secret);
      done++;
      zero += !ok;
    }
  }
  assert_int_equal(done, 518);
  assert_int_equal(zero, 31);
  json_decref(root);
}

/* (x, y) + the point of order 2 = (-x, -y). libsodium before the fix of CVE-2025-69277 takes it for a valid point. */
static void test_no_point_of_order_2L(void **state) {
  (void)state;
  struct om_status st;
  struct om_secret *secret;
  for (int i = 0; i < 20; i++) {
    uint8_t y[32], p[32], sign;
    memset(p, 0xff, sizeof p);
    p[0] = 0xed;
    p[31] = 0x7f; /* 2^255 - 19 */
    assert_int_equal(om_secret_new(&secret, NULL, &st), OM_OK);
    memcpy(y, om_secret_public(secret), sizeof y);
    om_secret_free(secret);
    assert_true(om_public_ok(y));
    sign = y[31] & 0x80;
    y[31] &= 0x7f;
    sodium_sub(p, y, sizeof p);
    p[31] |= sign ^ 0x80;
    assert_false(om_public_ok(p));
  }
}

static void test_odd_encodings_of_keys(void **state) {
  (void)state;
  uint8_t key[32];
  memset(key, 0xff, sizeof key); /* y = 2^255 - 1, which is 18 + p: not canonical */
  assert_false(om_public_ok(key));
  memset(key, 0, sizeof key);
  assert_false(om_public_ok(key)); /* y = 0: order 4 */
  key[0] = 1;
  assert_false(om_public_ok(key)); /* the identity */
  key[0] = 2;
  assert_false(om_public_ok(key)); /* y = 2 is not on the curve */
  memset(key, 0x66, sizeof key);
  key[0] = 0x58;
  assert_true(om_public_ok(key)); /* the base point */
}

/* RFC 8032 section 7.1, TEST 2. */
static void test_sign_rfc8032(void **state) {
  (void)state;
  static const uint8_t seed[32] = {0x4c, 0xcd, 0x08, 0x9b, 0x28, 0xff, 0x96, 0xda, 0x9d, 0xb6, 0xc3,
                                   0x46, 0xec, 0x11, 0x4e, 0x0f, 0x5b, 0x8a, 0x31, 0x9f, 0x35, 0xab,
                                   0xa6, 0x24, 0xda, 0x8c, 0xf6, 0xed, 0x4f, 0xb8, 0xa6, 0xfb};
  static const char want[] =
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aee"
      "b00d291612"
      "bb0c00";
  struct om_status st;
  struct om_secret *secret;
  uint8_t sig[64];
  char text[129];
  assert_int_equal(om_secret_new(&secret, seed, &st), OM_OK);
  sodium_bin2hex(text, sizeof text, om_secret_public(secret), 32);
  assert_string_equal(text, "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  om_sign(secret, sig, (const uint8_t *)"\x72", 1);
  sodium_bin2hex(text, sizeof text, sig, 64);
  assert_string_equal(text, want);
  assert_true(om_verify(sig, (const uint8_t *)"\x72", 1, om_secret_public(secret)));
  for (int bit = 0; bit < 512; bit++) {
    sig[bit / 8] ^= (uint8_t)(1 << bit % 8);
    assert_false(om_verify(sig, (const uint8_t *)"\x72", 1, om_secret_public(secret)));
    sig[bit / 8] ^= (uint8_t)(1 << bit % 8);
  }
  assert_false(om_verify(sig, (const uint8_t *)"\x73", 1, om_secret_public(secret)));
  om_secret_free(secret);
}

static void test_random_secrets_differ_and_agree(void **state) {
  (void)state;
  struct om_status st;
  struct om_secret *a, *b;
  uint8_t ab[32], ba[32];
  assert_int_equal(om_secret_new_x25519(&a, NULL, &st), OM_OK);
  assert_int_equal(om_secret_new_x25519(&b, NULL, &st), OM_OK);
  assert_memory_not_equal(om_secret_public(a), om_secret_public(b), 32);
  assert_true(om_secret_dh(a, ab, om_secret_public(b)) && om_secret_dh(b, ba, om_secret_public(a)));
  assert_memory_equal(ab, ba, 32);
  om_secret_free(a);
  om_secret_free(b);
  om_secret_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_cctv_ed25519),
      cmocka_unit_test(test_wycheproof_ed25519),
      cmocka_unit_test(test_wycheproof_x25519),
      cmocka_unit_test(test_no_point_of_order_2L),
      cmocka_unit_test(test_odd_encodings_of_keys),
      cmocka_unit_test(test_sign_rfc8032),
      cmocka_unit_test(test_random_secrets_differ_and_agree),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
