#include "support/test.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/noise.h"

struct side {
  struct om_secret *s;
  struct om_noise *noise;
};

struct pair {
  struct side side[2]; /* initiator, responder */
};

static void begin_side(struct side *side, enum om_noise_role role, const uint8_t s[32], const uint8_t e[32],
                       const void *prologue, size_t prologue_len) {
  struct om_status st;
  assert_int_equal(om_secret_new_x25519(&side->s, s, &st), OM_OK);
  assert_int_equal(om_noise_begin(&side->noise, role, side->s, e, prologue, prologue_len, &st), OM_OK);
}

static void end_pair(struct pair *pair) {
  for (size_t i = 0; i < 2; i++) {
    om_noise_end(pair->side[i].noise);
    om_secret_free(pair->side[i].s);
  }
}

/* Two sides with fixed keys. */
static void begin_pair(struct pair *pair, const char *prologue_i, const char *prologue_r) {
  uint8_t s[2][32], e[2][32];
  for (size_t i = 0; i < 2; i++) {
    memset(s[i], 0x11 * (int)(i + 1), 32);
    memset(e[i], 0x21 * (int)(i + 1), 32);
  }
  begin_side(&pair->side[0], OM_NOISE_INITIATOR, s[0], e[0], prologue_i, strlen(prologue_i));
  begin_side(&pair->side[1], OM_NOISE_RESPONDER, s[1], e[1], prologue_r, strlen(prologue_r));
}

static size_t write_message(struct om_noise *noise, uint8_t *out, size_t room, const char *payload) {
  struct om_status st;
  size_t len;
  assert_int_equal(om_noise_write(noise, out, &len, room, (const uint8_t *)payload, strlen(payload), &st), OM_OK);
  return len;
}

/* Carries the first COUNT handshake messages over, unchanged. */
static void shake(struct pair *pair, size_t count) {
  struct om_status st;
  for (size_t m = 0; m < count; m++) {
    uint8_t message[256], payload[256];
    size_t payload_len, len = write_message(pair->side[m % 2].noise, message, sizeof message, "");
    assert_int_equal(om_noise_read(pair->side[1 - m % 2].noise, payload, &payload_len, message, len, &st), OM_OK);
    assert_int_equal(payload_len, 0);
  }
}

static size_t from_hex(uint8_t *out, size_t room, const json_t *hex) {
  assert_true(json_is_string(hex));
  size_t len;
  assert_int_equal(sodium_hex2bin(out, room, json_string_value(hex), json_string_length(hex), NULL, &len, NULL), 0);
  return len;
}

static void begin_from_vector(struct side *side, enum om_noise_role role, const json_t *v, const char *who) {
  char name[32];
  uint8_t s[32], e[32], prologue[64];
  snprintf(name, sizeof name, "%s_static", who);
  assert_int_equal(from_hex(s, 32, json_object_get(v, name)), 32);
  snprintf(name, sizeof name, "%s_ephemeral", who);
  assert_int_equal(from_hex(e, 32, json_object_get(v, name)), 32);
  snprintf(name, sizeof name, "%s_prologue", who);
  size_t prologue_len = from_hex(prologue, sizeof prologue, json_object_get(v, name));
  begin_side(side, role, s, e, prologue, prologue_len);
}

/* One message of a vector: what the sender makes, and what the receiver makes of it. */
static void check_message(struct om_noise *from, struct om_noise *to, const json_t *m) {
  uint8_t payload[256], wanted[512], message[512], got[512];
  size_t payload_len = from_hex(payload, sizeof payload, json_object_get(m, "payload"));
  size_t wanted_len = from_hex(wanted, sizeof wanted, json_object_get(m, "ciphertext"));
  size_t len, got_len;
  struct om_status st;
  if (om_noise_turn(from) == OM_NOISE_TRANSPORT) {
    assert_int_equal(om_noise_encrypt(from, message, &len, payload, payload_len, &st), OM_OK);
    assert_int_equal(om_noise_decrypt(to, got, &got_len, message, len, &st), OM_OK);
  } else {
    assert_int_equal(om_noise_turn(from), OM_NOISE_WRITES);
    assert_int_equal(om_noise_turn(to), OM_NOISE_READS);
    assert_int_equal(om_noise_write(from, message, &len, sizeof message, payload, payload_len, &st), OM_OK);
    assert_int_equal(om_noise_read(to, got, &got_len, message, len, &st), OM_OK);
  }
  assert_int_equal(len, wanted_len);
  assert_memory_equal(message, wanted, wanted_len);
  assert_int_equal(got_len, payload_len);
  assert_memory_equal(got, payload, payload_len);
}

static void check_vector(const json_t *v) {
  struct pair pair;
  begin_from_vector(&pair.side[0], OM_NOISE_INITIATOR, v, "init");
  begin_from_vector(&pair.side[1], OM_NOISE_RESPONDER, v, "resp");
  size_t i;
  const json_t *m;
  json_array_foreach(json_object_get(v, "messages"), i, m) {
    assert_true((om_noise_remote(pair.side[0].noise) != NULL) == (i >= 2));
    assert_true((om_noise_remote(pair.side[1].noise) != NULL) == (i >= 3));
    check_message(pair.side[i % 2].noise, pair.side[1 - i % 2].noise, m);
  }
  assert_int_equal(i, 6);
  const json_t *hash = json_object_get(v, "handshake_hash");
  if (hash == NULL) hash = json_object_get(v, "handshake_hash_computed");
  uint8_t wanted[32];
  assert_int_equal(from_hex(wanted, sizeof wanted, hash), 32);
  for (size_t k = 0; k < 2; k++) {
    assert_memory_equal(om_noise_hash(pair.side[k].noise), wanted, 32);
    assert_memory_equal(om_noise_remote(pair.side[k].noise), om_secret_public(pair.side[1 - k].s), 32);
  }
  end_pair(&pair);
}

static void test_published_vectors(void **state) {
  (void)state;
  json_t *file = json_load_file(TEST_DATA "/noise/noise_xx_25519_chachapoly_sha256.json", 0, NULL);
  assert_non_null(file);
  size_t i;
  const json_t *v;
  json_array_foreach(json_object_get(file, "vectors"), i, v) check_vector(v);
  assert_int_equal(i, 2);
  json_decref(file);
}

/* Hands over handshake message WHICH (from 0) changed. It must be refused, and with it the handshake; message 1 is in
 * clear, so there the next message must be. */
static void check_refused(size_t which, size_t cut_to, size_t flip_bit) {
  struct pair pair;
  begin_pair(&pair, "p", "p");
  shake(&pair, which);
  struct om_noise *from = pair.side[which % 2].noise, *to = pair.side[1 - which % 2].noise;
  uint8_t message[256], payload[256];
  struct om_status st;
  size_t payload_len, len = write_message(from, message, sizeof message, "some payload");
  if (cut_to < len) len = cut_to;
  if (flip_bit < 8 * len) message[flip_bit / 8] ^= (uint8_t)(1 << flip_bit % 8);
  enum om_code code = om_noise_read(to, payload, &payload_len, message, len, &st);
  if (which == 0 && code == OM_OK) {
    len = write_message(to, message, sizeof message, "");
    to = from;
    code = om_noise_read(to, payload, &payload_len, message, len, &st);
  }
  if (code != OM_MALFORMED) fail_msg("message %zu cut to %zu, bit %zu flipped: accepted", which, cut_to, flip_bit);
  assert_int_equal(om_noise_turn(to), OM_NOISE_FAILED);
  assert_null(om_noise_remote(to));
  end_pair(&pair);
}

static const size_t handshake_lens[] = {32 + 12, 32 + 48 + 28, 48 + 28};

static void test_every_cut_of_a_handshake_message(void **state) {
  (void)state;
  for (size_t which = 0; which < 3; which++)
    for (size_t cut = 0; cut < handshake_lens[which]; cut++) check_refused(which, cut, SIZE_MAX);
}

static void test_every_bit_of_a_handshake_message(void **state) {
  (void)state;
  for (size_t which = 0; which < 3; which++)
    for (size_t bit = 0; bit < 8 * handshake_lens[which]; bit++) check_refused(which, SIZE_MAX, bit);
}

static void test_transport_messages_cut_flipped_replayed(void **state) {
  (void)state;
  struct pair pair;
  begin_pair(&pair, "p", "p");
  shake(&pair, 3);
  for (size_t from = 0; from < 2; from++) {
    struct om_noise *sender = pair.side[from].noise, *receiver = pair.side[1 - from].noise;
    uint8_t message[80], second[80], bad[80], got[80];
    size_t len, second_len, got_len;
    struct om_status st;
    assert_int_equal(
        om_noise_encrypt(sender, message, &len, (const uint8_t *)"forty bytes of lot history, no more here", 40, &st),
        OM_OK);
    assert_int_equal(om_noise_encrypt(sender, second, &second_len, (const uint8_t *)"next", 4, &st), OM_OK);
    assert_int_equal(len, 56);
    for (size_t cut = 0; cut < len; cut++)
      assert_int_equal(om_noise_decrypt(receiver, got, &got_len, message, cut, &st), OM_MALFORMED);
    for (size_t bit = 0; bit < 8 * len; bit++) {
      memcpy(bad, message, len);
      bad[bit / 8] ^= (uint8_t)(1 << bit % 8);
      assert_int_equal(om_noise_decrypt(receiver, got, &got_len, bad, len, &st), OM_MALFORMED);
      assert_int_equal(got_len, 0);
    }
    assert_int_equal(om_noise_decrypt(receiver, got, &got_len, second, second_len, &st),
                     OM_MALFORMED);                                                             /* out of order */
    assert_int_equal(om_noise_decrypt(sender, got, &got_len, message, len, &st), OM_MALFORMED); /* reflected */
    assert_int_equal(om_noise_decrypt(receiver, got, &got_len, message, len, &st), OM_OK);
    assert_memory_equal(got, "forty bytes of lot history, no more here", 40);
    assert_int_equal(om_noise_decrypt(receiver, got, &got_len, message, len, &st), OM_MALFORMED); /* replayed */
    assert_int_equal(om_noise_decrypt(receiver, got, &got_len, second, second_len, &st), OM_OK);
  }
  end_pair(&pair);
}

static void test_another_prologue_is_refused(void **state) {
  (void)state;
  struct pair pair;
  begin_pair(&pair, "network a", "network b");
  shake(&pair, 1);
  uint8_t message[256], payload[256];
  size_t payload_len, len = write_message(pair.side[1].noise, message, sizeof message, "");
  struct om_status st;
  assert_int_equal(om_noise_read(pair.side[0].noise, payload, &payload_len, message, len, &st), OM_MALFORMED);
  assert_string_equal(st.rule, "noise-tag");
  end_pair(&pair);
}

/* Points of order 1, 2, 4 and 8 and a value above the field prime that stands for one: X25519 with any scalar gives
 * zero. */
static const char *const small_order[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

static void test_small_order_keys_are_refused(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof small_order / sizeof *small_order; i++) {
    struct pair pair;
    begin_pair(&pair, "p", "p");
    uint8_t message[256], payload[256];
    size_t len, payload_len;
    struct om_status st;
    write_message(pair.side[0].noise, message, sizeof message, "");
    assert_int_equal(sodium_hex2bin(message, 32, small_order[i], 64, NULL, NULL, NULL), 0);
    /* the responder sees it when it answers, the initiator when the answer's ephemeral key is such a point */
    assert_int_equal(om_noise_read(pair.side[1].noise, payload, &payload_len, message, 32, &st), OM_OK);
    assert_int_equal(om_noise_write(pair.side[1].noise, message, &len, sizeof message, NULL, 0, &st), OM_MALFORMED);
    assert_string_equal(st.rule, "noise-key");
    assert_int_equal(om_noise_turn(pair.side[1].noise), OM_NOISE_FAILED);
    assert_int_equal(sodium_hex2bin(message, 32, small_order[i], 64, NULL, NULL, NULL), 0);
    assert_int_equal(om_noise_read(pair.side[0].noise, payload, &payload_len, message, 96, &st), OM_MALFORMED);
    assert_string_equal(st.rule, "noise-key");
    assert_int_equal(om_noise_turn(pair.side[0].noise), OM_NOISE_FAILED);
    end_pair(&pair);
  }
}

static void test_nonces_run_out(void **state) {
  (void)state;
  struct om_noise_cipher out = {.has_key = true, .nonce = UINT64_MAX - 1}, in = out;
  uint8_t sealed[5 + OM_NOISE_TAG_BYTES], again[5 + OM_NOISE_TAG_BYTES], got[5];
  struct om_status st;
  assert_int_equal(om_noise_cipher_encrypt(&out, sealed, NULL, 0, (const uint8_t *)"ingot", 5, &st), OM_OK);
  assert_int_equal(om_noise_cipher_encrypt(&out, again, NULL, 0, (const uint8_t *)"ingot", 5, &st), OM_REFUSED);
  assert_string_equal(st.rule, "noise-nonce");
  assert_int_equal(om_noise_cipher_decrypt(&in, got, NULL, 0, sealed, sizeof sealed, &st), OM_OK);
  assert_memory_equal(got, "ingot", 5);
  assert_int_equal(om_noise_cipher_decrypt(&in, got, NULL, 0, sealed, sizeof sealed, &st), OM_REFUSED);
}

static void test_length_limits(void **state) {
  (void)state;
  struct pair pair;
  begin_pair(&pair, "p", "p");
  struct om_status st;
  size_t len, got_len;
  uint8_t *big = calloc(1, OM_NOISE_MESSAGE_BYTES + 1), *message = malloc(OM_NOISE_MESSAGE_BYTES + 1);
  assert_non_null(big);
  assert_non_null(message);
  /* message 1: the key and a payload */
  assert_int_equal(om_noise_write(pair.side[0].noise, message, &len, OM_NOISE_MESSAGE_BYTES, big, 65535 - 31, &st),
                   OM_REFUSED);
  assert_int_equal(om_noise_write(pair.side[0].noise, message, &len, OM_NOISE_MESSAGE_BYTES, big, 65535 - 32, &st),
                   OM_OK);
  assert_int_equal(len, 65535);
  assert_int_equal(om_noise_read(pair.side[1].noise, big, &got_len, message, len, &st), OM_OK);
  assert_int_equal(om_noise_write(pair.side[1].noise, message, &len, OM_NOISE_MESSAGE_BYTES, big, 65535 - 95, &st),
                   OM_REFUSED);
  assert_int_equal(om_noise_write(pair.side[1].noise, message, &len, OM_NOISE_MESSAGE_BYTES, big, 65535 - 96, &st),
                   OM_OK);
  assert_int_equal(len, 65535);
  assert_int_equal(om_noise_read(pair.side[0].noise, big, &got_len, message, len, &st), OM_OK);
  assert_int_equal(om_noise_write(pair.side[0].noise, message, &len, OM_NOISE_MESSAGE_BYTES, big, 0, &st), OM_OK);
  assert_int_equal(om_noise_read(pair.side[1].noise, big, &got_len, message, len, &st), OM_OK);
  /* transport */
  assert_int_equal(om_noise_encrypt(pair.side[0].noise, message, &len, big, 65520, &st), OM_REFUSED);
  assert_int_equal(om_noise_encrypt(pair.side[0].noise, message, &len, big, 65519, &st), OM_OK);
  assert_int_equal(len, 65535);
  assert_int_equal(om_noise_decrypt(pair.side[1].noise, message, &got_len, message, 65536, &st), OM_MALFORMED);
  assert_int_equal(om_noise_decrypt(pair.side[1].noise, message, &got_len, message, len, &st), OM_OK);
  assert_int_equal(got_len, 65519);
  free(big);
  free(message);
  end_pair(&pair);
  begin_pair(&pair, "p", "p");
  assert_int_equal(om_noise_read(pair.side[1].noise, NULL, &got_len, NULL, 65536, &st), OM_MALFORMED);
  assert_string_equal(st.rule, "noise-length");
  end_pair(&pair);
}

static int start_sodium(void **state) {
  (void)state;
  om_sodium_start();
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_published_vectors),
      cmocka_unit_test(test_every_cut_of_a_handshake_message),
      cmocka_unit_test(test_every_bit_of_a_handshake_message),
      cmocka_unit_test(test_transport_messages_cut_flipped_replayed),
      cmocka_unit_test(test_another_prologue_is_refused),
      cmocka_unit_test(test_small_order_keys_are_refused),
      cmocka_unit_test(test_nonces_run_out),
      cmocka_unit_test(test_length_limits),
  };
  return cmocka_run_group_tests(tests, start_sodium, NULL);
}
