#include "ledger/hash.h"

#include <string.h>

#include "support/test.h"
#include "support/vectors.h"

static void assert_hash(const struct om_hash *h, const char *hex) {
  struct om_hash want;
  assert_int_equal(vectors_hex(want.bytes, sizeof want.bytes, hex), OM_HASH_BYTES);
  assert_memory_equal(h->bytes, want.bytes, OM_HASH_BYTES);
}

static void sha256_known_answers(void **state) {
  (void)state;
  struct om_hash h;
  om_sha256(&h, NULL, 0);
  assert_hash(&h, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  om_empty_root(&h);
  assert_hash(&h, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  om_sha256(&h, "abc", 3); /* FIPS 180-4 */
  assert_hash(&h, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void spans_are_hashed_as_one(void **state) {
  (void)state;
  uint8_t data[300];
  struct om_hash whole, parts;
  for (size_t i = 0; i < sizeof data; i++) {
    data[i] = (uint8_t)(i * 7);
  }
  om_sha256(&whole, data, sizeof data);
  for (size_t cut = 0; cut <= sizeof data; cut++) {
    const struct om_span spans[] = {{data, cut}, {NULL, 0}, {data + cut, sizeof data - cut}};
    om_sha256v(&parts, spans, 3);
    assert_true(om_hash_equal(&whole, &parts));
  }
}

static void leaves_and_nodes_have_their_prefix(void **state) {
  (void)state;
  json_t *tree = vectors_load("merkle/reference_tree.json");
  const json_t *inputs = vectors_array(tree, "leaf_inputs_hex");
  const json_t *levels = vectors_array(tree, "node_hashes_by_level_hex");
  struct om_hash row[8];
  for (size_t i = 0; i < 8; i++) {
    uint8_t data[64];
    size_t len = vectors_hex(data, sizeof data, json_string_value(json_array_get(inputs, i)));
    om_leaf_hash(&row[i], data, len);
    assert_hash(&row[i], json_string_value(json_array_get(json_array_get(levels, 0), i)));
  }
  for (size_t level = 1, n = 4; n > 0; level++, n /= 2) {
    for (size_t i = 0; i < n; i++) {
      om_node_hash(&row[i], &row[2 * i], &row[2 * i + 1]);
      assert_hash(&row[i], json_string_value(json_array_get(json_array_get(levels, level), i)));
    }
  }
  json_decref(tree);
}

static void equal_looks_at_every_bit(void **state) {
  (void)state;
  struct om_hash a, b;
  om_sha256(&a, "a", 1);
  b = a;
  assert_true(om_hash_equal(&a, &b));
  for (size_t bit = 0; bit < 8 * OM_HASH_BYTES; bit++) {
    b.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    assert_false(om_hash_equal(&a, &b));
    b = a;
  }
}

/* The bytes of DESIGN section 5, put together by hand here. */
static void ids_hash_domain_network_and_content(void **state) {
  (void)state;
  struct om_hash network, id, event, want;
  uint8_t bytes[256];
  om_sha256(&network, "genesis", 7);
  memcpy(bytes, "oremark/v1/statement\0", 21);
  memcpy(bytes + 21, network.bytes, 32);
  memcpy(bytes + 53, "hello", 5);
  om_sha256(&want, bytes, 58);
  om_statement_id(&id, &network, (const uint8_t *)"hello", 5);
  assert_true(om_hash_equal(&id, &want));
  memcpy(bytes, "oremark/v1/event\0", 17);
  memcpy(bytes + 17, network.bytes, 32);
  memcpy(bytes + 49, id.bytes, 32);
  bytes[81] = 0x01;
  bytes[82] = 0x02;
  om_sha256(&want, bytes, 83);
  om_event_id(&event, &network, &id, 0x0102);
  assert_true(om_hash_equal(&event, &want));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sha256_known_answers),
      cmocka_unit_test(spans_are_hashed_as_one),
      cmocka_unit_test(leaves_and_nodes_have_their_prefix),
      cmocka_unit_test(equal_looks_at_every_bit),
      cmocka_unit_test(ids_hash_domain_network_and_content),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
