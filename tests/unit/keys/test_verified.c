#include "support/test.h"

#include <string.h>

#include "keys/sign.h"
#include "keys/verified.h"

/* A signature that nobody here has checked yet: one made elsewhere, as far as the memory knows. */
struct sample {
  uint8_t key[OM_PUBLIC_BYTES], sig[OM_SIG_BYTES], msg[32], id[OM_VERIFIED_BYTES];
};

static void identify(struct sample *s) {
  om_verified_id(s->id, s->sig, s->msg, sizeof s->msg, s->key);
}

static void make(struct sample *s, uint8_t seed_byte) {
  struct om_secret *secret;
  struct om_status st;
  uint8_t seed[OM_SEED_BYTES] = {seed_byte};
  assert_int_equal(om_secret_new(&secret, seed, &st), OM_OK);
  memset(s->msg, seed_byte, sizeof s->msg);
  memcpy(s->key, om_secret_public(secret), sizeof s->key);
  om_sign(secret, s->sig, s->msg, sizeof s->msg);
  om_secret_free(secret);
  identify(s);
}

static bool once(const struct sample *s) {
  return om_verify_once(s->sig, s->msg, sizeof s->msg, s->key);
}

/* One bit more or less in any of the three is another signature, and found bad. */
static void test_exactly_the_same(void **state) {
  (void)state;
  struct sample s, other;
  make(&s, 1);
  assert_true(once(&s));
  assert_true(om_verified_known(s.id));
  uint8_t *parts[] = {other.key, other.sig, other.msg};
  size_t lens[] = {sizeof other.key, sizeof other.sig, sizeof other.msg};
  for (size_t part = 0; part < 3; part++) {
    for (size_t byte = 0; byte < lens[part]; byte++) {
      other = s;
      parts[part][byte] ^= 1;
      assert_false(once(&other));
      assert_false(once(&other)); /* nor is it remembered as good */
      identify(&other);
      assert_false(om_verified_known(other.id));
    }
  }
  assert_true(once(&s));
}

/* A longer message is not the shorter one. */
static void test_length_counts(void **state) {
  (void)state;
  struct sample s;
  make(&s, 2);
  assert_true(once(&s));
  assert_false(om_verify_once(s.sig, s.msg, sizeof s.msg - 1, s.key));
  assert_false(om_verify_once(s.sig, s.msg, 0, s.key));
}

/* Whoever signs knows that it is good, and what is given a place is found there. */
static void test_own_and_noted(void **state) {
  (void)state;
  struct sample s;
  make(&s, 3);
  assert_true(om_verified_known(s.id));
  uint8_t id[OM_VERIFIED_BYTES] = {9, 9, 9};
  assert_false(om_verified_known(id));
  om_verified_note(id);
  assert_true(om_verified_known(id));
  id[31] = 1; /* the same place */
  assert_false(om_verified_known(id));
  om_verified_note(id);
  assert_true(om_verified_known(id));
  id[31] = 0;
  assert_false(om_verified_known(id));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_exactly_the_same),
      cmocka_unit_test(test_length_counts),
      cmocka_unit_test(test_own_and_noted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
