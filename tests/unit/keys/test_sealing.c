/* Sealing to a few members: who can open it, who can't, and that nothing in it can be altered. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "keys/seal.h"
#include "proto/sealed.pb-c.h"

static const uint8_t ad[48] = {7, 8, 9};
static struct om_secret *secrets[3]; /* of members 2, 4, 6 */
static struct om_recipient to[3];

static int make_keys(void **state) {
  struct om_status st;
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    if (om_secret_new_x25519(&secrets[i], NULL, &st) != OM_OK) return -1;
    to[i].member = (uint32_t)(2 * i + 2);
    memcpy(to[i].public_key, om_secret_public(secrets[i]), OM_PUBLIC_BYTES);
  }
  return 0;
}

static int free_keys(void **state) {
  (void)state;
  for (size_t i = 0; i < 3; i++) om_secret_free(secrets[i]);
  return 0;
}

static uint8_t *seal(size_t *len, size_t n, const void *plain, size_t plain_len) {
  struct om_status st;
  uint8_t *out;
  assert_int_equal(om_seal(&out, len, to, n, plain, plain_len, ad, sizeof ad, &st), OM_OK);
  return out;
}

static enum om_code try_open(const uint8_t *sealed, size_t len, uint32_t member, size_t who, const uint8_t *bound) {
  struct om_status st;
  uint8_t *out;
  size_t out_len;
  enum om_code code = om_unseal(&out, &out_len, sealed, len, member, secrets[who], bound, sizeof ad, &st);
  assert_int_equal(code == OM_OK, out != NULL);
  om_seal_free(out, out_len);
  return code;
}

static void round_trips(void **state) {
  static const size_t lengths[] = {0, 1, 254, 255, 256, 257, 5000, 1 << 20};
  struct om_status st;
  (void)state;
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
    uint8_t *plain = malloc(lengths[i] + 1), *out;
    size_t len, out_len, n;
    uint32_t members[OM_SEAL_RECIPIENTS_MAX];
    assert_non_null(plain);
    memset(plain, 0x80, lengths[i]); /* the mark that padding begins with */
    uint8_t *sealed = seal(&len, 2, plain, lengths[i]);
    for (size_t who = 0; who < 2; who++) {
      assert_int_equal(om_unseal(&out, &out_len, sealed, len, to[who].member, secrets[who], ad, sizeof ad, &st), OM_OK);
      assert_int_equal(out_len, lengths[i]);
      assert_memory_equal(out, plain, out_len);
      om_seal_free(out, out_len);
      assert_int_equal(try_open(sealed, len, 0, who, ad), OM_OK);
    }
    assert_int_equal(om_seal_recipients(members, &n, sealed, len, &st), OM_OK);
    assert_int_equal(n, 2);
    assert_int_equal(members[0], 2);
    assert_int_equal(members[1], 4);
    om_seal_free(sealed, len);
    free(plain);
  }
}

static void others_cannot(void **state) {
  static const uint8_t elsewhere[sizeof ad] = {7, 8, 10};
  size_t len;
  (void)state;
  uint8_t *sealed = seal(&len, 2, "C-123", 5);
  assert_int_equal(try_open(sealed, len, 0, 2, ad), OM_NO);
  assert_int_equal(try_open(sealed, len, 6, 2, ad), OM_NO);
  assert_int_equal(try_open(sealed, len, 4, 0, ad), OM_NO); /* another's wrap */
  assert_int_equal(try_open(sealed, len, 2, 0, elsewhere), OM_CORRUPT);
  om_seal_free(sealed, len);
}

static void no_byte_can_be_altered(void **state) {
  size_t len;
  (void)state;
  uint8_t *sealed = seal(&len, 1, "17.25 EUR/kg", 12);
  for (size_t i = 0; i < len; i++) {
    sealed[i] ^= 1;
    enum om_code code = try_open(sealed, len, 2, 0, ad);
    assert_true(code == OM_NO || code == OM_MALFORMED || code == OM_CORRUPT);
    sealed[i] ^= 1;
  }
  for (size_t cut = 0; cut < len; cut++) assert_int_not_equal(try_open(sealed, cut, 2, 0, ad), OM_OK);
  assert_int_equal(try_open(sealed, len, 2, 0, ad), OM_OK);
  om_seal_free(sealed, len);
}

/* What lies beside the log says nothing of a value: the same one is never sealed to the same bytes, and short ones are
 * all equally long. */
static void says_nothing(void **state) {
  size_t a_len, b_len, c_len;
  (void)state;
  uint8_t *a = seal(&a_len, 2, "100.00 EUR", 10), *b = seal(&b_len, 2, "100.00 EUR", 10),
          *c = seal(&c_len, 2, "a much longer price", 19);
  assert_int_equal(a_len, b_len);
  assert_int_equal(a_len, c_len);
  assert_memory_not_equal(a, b, a_len);
  for (size_t i = 0; i + 10 <= a_len; i++) assert_memory_not_equal(a + i, "100.00 EUR", 10);
  om_seal_free(a, a_len);
  om_seal_free(b, b_len);
  om_seal_free(c, c_len);
}

/* One wrap for each member, ascending: else two could be shown two things. */
static void wraps_in_order(void **state) {
  size_t len;
  (void)state;
  uint8_t *sealed = seal(&len, 2, "C-123", 5);
  Oremark__Sealed *apart = oremark__sealed__unpack(NULL, len, sealed);
  assert_non_null(apart);
  assert_int_equal(apart->n_wraps, 2);
  Oremark__Wrap *first = apart->wraps[0];
  apart->wraps[0] = apart->wraps[1], apart->wraps[1] = first;
  oremark__sealed__pack(apart, sealed);
  assert_int_equal(try_open(sealed, len, 0, 0, ad), OM_MALFORMED);
  apart->wraps[0]->member = first->member;
  oremark__sealed__pack(apart, sealed);
  assert_int_equal(try_open(sealed, len, 0, 0, ad), OM_MALFORMED);
  oremark__sealed__free_unpacked(apart, NULL);
  om_seal_free(sealed, len);
}

static void bad_keys_and_lengths(void **state) {
  struct om_status st;
  struct om_recipient bad = {.member = 1}; /* all zero: of small order */
  uint8_t *out;
  size_t len;
  (void)state;
  assert_int_equal(om_seal(&out, &len, &bad, 1, (const uint8_t *)"x", 1, ad, sizeof ad, &st), OM_USAGE);
  assert_null(out);
  uint8_t *plain = calloc(1, OM_SEAL_PLAIN_MAX_BYTES + 1);
  assert_non_null(plain);
  assert_int_equal(om_seal(&out, &len, to, 1, plain, OM_SEAL_PLAIN_MAX_BYTES + 1, ad, sizeof ad, &st), OM_USAGE);
  free(plain);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(round_trips),  cmocka_unit_test(others_cannot),  cmocka_unit_test(no_byte_can_be_altered),
      cmocka_unit_test(says_nothing), cmocka_unit_test(wraps_in_order), cmocka_unit_test(bad_keys_and_lengths)};
  return cmocka_run_group_tests(tests, make_keys, free_keys);
}
