#include "ledger/merkle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/test.h"
#include "support/vectors.h"

enum { SMALL = 300, LEAVES = 65537 + 300, TILES = LEAVES / OM_TILE_HASHES + 2 };

/* A store of complete tiles in memory. */
struct store {
  struct om_hash (*tiles[2])[OM_TILE_HASHES];
  uint64_t n[2];
  enum om_code fail; /* what get and full answer, if not OM_OK */
};

static struct om_hash leaves[LEAVES];
static struct om_hash tile_memory[2][TILES][OM_TILE_HASHES];
static struct om_edge edge, other;

static enum om_code store_full(void *arg, unsigned level, uint64_t index, const struct om_hash hashes[OM_TILE_HASHES],
                               struct om_status *st) {
  struct store *s = arg;
  if (s->fail != OM_OK) {
    return om_fail(st, s->fail, NULL, "full disk");
  }
  assert_true(level < 2);
  assert_int_equal(index, s->n[level]); /* each tile once, in order */
  memcpy(s->tiles[level][index], hashes, sizeof s->tiles[level][index]);
  s->n[level]++;
  return OM_OK;
}

static enum om_code store_get(void *ctx, struct om_hash out[OM_TILE_HASHES], unsigned level, uint64_t index,
                              struct om_status *st) {
  struct store *s = ctx;
  if (s->fail != OM_OK) {
    return om_fail(st, s->fail, NULL, "torn page");
  }
  assert_true(level < 2 && index < s->n[level]);
  memcpy(out, s->tiles[level][index], sizeof s->tiles[level][index]);
  return OM_OK;
}

static struct store store_new(void) {
  return (struct store){.tiles = {tile_memory[0], tile_memory[1]}};
}

static void grow(struct store *s, struct om_edge *e, uint64_t size) {
  struct om_status st;
  while (e->size < size) {
    assert_int_equal(om_edge_append(e, &leaves[e->size], store_full, s, &st), OM_OK);
  }
}

/* ---- the definitions of RFC 6962 section 2.1, word for word, to compare with ---- */

static uint64_t split(uint64_t n) {
  uint64_t k = 1;
  while (k * 2 < n) {
    k *= 2;
  }
  return k;
}

static struct om_hash naive_root(uint64_t from, uint64_t n) {
  struct om_hash left, right;
  if (n == 0) {
    om_sha256(&left, "", 0);
  } else if (n == 1) {
    left = leaves[from];
  } else {
    left = naive_root(from, split(n));
    right = naive_root(from + split(n), n - split(n));
    om_node_hash(&left, &left, &right);
  }
  return left;
}

static void naive_path(struct om_proof *p, uint64_t m, uint64_t from, uint64_t n) {
  if (n == 1) {
    return;
  }
  uint64_t k = split(n);
  naive_path(p, m < k ? m : m - k, m < k ? from : from + k, m < k ? k : n - k);
  p->hashes[p->n++] = m < k ? naive_root(from + k, n - k) : naive_root(from, k);
}

static void naive_subproof(struct om_proof *p, uint64_t m, uint64_t from, uint64_t n, bool whole) {
  if (m == n) {
    if (!whole) {
      p->hashes[p->n++] = naive_root(from, n);
    }
    return;
  }
  uint64_t k = split(n);
  if (m <= k) {
    naive_subproof(p, m, from, k, whole);
    p->hashes[p->n++] = naive_root(from + k, n - k);
  } else {
    naive_subproof(p, m - k, from + k, n - k, false);
    p->hashes[p->n++] = naive_root(from, k);
  }
}

/* How a proof is used, as text: two pairs with the same text read the same proof in the same way, so both must take it.
 */
static void inclusion_shape(char *out, uint64_t m, uint64_t n) {
  if (n == 1) {
    *out = '\0';
    return;
  }
  uint64_t k = split(n);
  inclusion_shape(out, m < k ? m : m - k, m < k ? k : n - k);
  strcat(out, m < k ? "R" : "L");
}

static void consistency_shape(char *out, uint64_t m, uint64_t n, bool whole) {
  if (m == n) {
    strcpy(out, whole ? "=" : "+");
    return;
  }
  uint64_t k = split(n);
  if (m <= k) {
    consistency_shape(out, m, k, whole);
    strcat(out, "R");
  } else {
    consistency_shape(out, m - k, n - k, false);
    strcat(out, "L");
  }
}

static void assert_same_proof(const struct om_proof *a, const struct om_proof *b) {
  assert_int_equal(a->n, b->n);
  assert_memory_equal(a->hashes, b->hashes, a->n * sizeof a->hashes[0]);
}

/* ---- every size from 0 to 300 ---- */

static void flip(struct om_hash *h, size_t bit) {
  h->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
}

/* The bits to change: all, or one that differs from call to call. */
static size_t first_bit(bool all) {
  static size_t turn;
  turn = (turn + 97) % 256;
  return all ? 0 : turn;
}

static size_t bit_step(bool all) {
  return all ? 1 : 256;
}

/* The next bit of a number to change: the low ones, where sizes here differ, then some high ones; all of them for ALL.
 */
static unsigned next_bit(unsigned bit, bool all) {
  return bit < 10 || all ? bit + 1 : bit + 13;
}

static void refuse_changed_inclusion(const struct om_hash *leaf, uint64_t m, uint64_t n, const struct om_proof *proof,
                                     const struct om_hash *root, bool all) {
  struct om_proof p = *proof;
  struct om_hash l = *leaf, r = *root;
  for (size_t i = 0; i < p.n; i++) {
    for (size_t bit = first_bit(all); bit < 256; bit += bit_step(all)) {
      flip(&p.hashes[i], bit);
      assert_false(om_inclusion_ok(leaf, m, n, &p, root));
      flip(&p.hashes[i], bit);
    }
  }
  for (size_t bit = first_bit(all); bit < 256; bit += bit_step(all)) {
    flip(&l, bit);
    assert_false(om_inclusion_ok(&l, m, n, proof, root));
    flip(&l, bit);
    flip(&r, bit);
    assert_false(om_inclusion_ok(leaf, m, n, proof, &r));
    flip(&r, bit);
  }
  p.hashes[p.n++] = *root;
  assert_false(om_inclusion_ok(leaf, m, n, &p, root));
  if (proof->n) {
    p.n = proof->n - 1;
    assert_false(om_inclusion_ok(leaf, m, n, &p, root));
  }
}

static void refuse_other_place(const struct om_hash *leaf, uint64_t m, uint64_t n, const struct om_proof *proof,
                               const struct om_hash *root, bool all) {
  char shape[80], changed[80];
  inclusion_shape(shape, m, n);
  for (unsigned bit = 0; bit < 64; bit = next_bit(bit, all)) {
    assert_false(om_inclusion_ok(leaf, m ^ (uint64_t)1 << bit, n, proof, root));
    uint64_t size = n ^ (uint64_t)1 << bit;
    bool ok = false;
    if (m < size && size < (uint64_t)1 << 63) {
      inclusion_shape(changed, m, size);
      ok = strcmp(shape, changed) == 0;
    }
    assert_int_equal(om_inclusion_ok(leaf, m, size, proof, root), ok);
  }
}

static void inclusion_at_every_size(void **state) {
  (void)state;
  struct store s = store_new();
  struct om_tiles tiles = {.get = store_get, .ctx = &s, .edge = &edge};
  struct om_proof proof, naive;
  struct om_status st;
  memset(&edge, 0, sizeof edge);
  grow(&s, &edge, SMALL);
  for (uint64_t n = 0; n <= SMALL; n++) {
    struct om_hash root = naive_root(0, n), got;
    assert_int_equal(om_tree_root_at(&tiles, &got, n, &st), OM_OK);
    assert_true(om_hash_equal(&root, &got));
    assert_int_equal(om_prove_inclusion(&tiles, &proof, n, n, &st), OM_MISSING);
    for (uint64_t m = 0; m < n; m++) {
      assert_int_equal(om_prove_inclusion(&tiles, &proof, m, n, &st), OM_OK);
      naive.n = 0;
      naive_path(&naive, m, 0, n);
      assert_same_proof(&proof, &naive);
      assert_true(om_inclusion_ok(&leaves[m], m, n, &proof, &root));
      refuse_changed_inclusion(&leaves[m], m, n, &proof, &root, m == n * 7 / 11);
      refuse_other_place(&leaves[m], m, n, &proof, &root, m == n * 7 / 11);
    }
  }
}

static void refuse_changed_consistency(uint64_t m, const struct om_hash *old_root, uint64_t n,
                                       const struct om_hash *new_root, const struct om_proof *proof, bool all) {
  struct om_proof p = *proof;
  struct om_hash o = *old_root, r = *new_root;
  for (size_t i = 0; i < p.n; i++) {
    for (size_t bit = first_bit(all); bit < 256; bit += bit_step(all)) {
      flip(&p.hashes[i], bit);
      assert_false(om_consistency_ok(m, old_root, n, new_root, &p));
      flip(&p.hashes[i], bit);
    }
  }
  for (size_t bit = first_bit(all); bit < 256; bit += bit_step(all)) {
    flip(&o, bit);
    assert_false(om_consistency_ok(m, &o, n, new_root, proof));
    flip(&o, bit);
    flip(&r, bit);
    assert_int_equal(om_consistency_ok(m, old_root, n, &r, proof),
                     m == 0 && n > 0); /* says nothing about the new root */
    flip(&r, bit);
  }
  p.hashes[p.n++] = *new_root;
  assert_false(om_consistency_ok(m, old_root, n, new_root, &p));
  if (proof->n) {
    p.n = proof->n - 1;
    assert_false(om_consistency_ok(m, old_root, n, new_root, &p));
  }
}

/* Whether a proof made for SHAPE must also pass for these sizes: only if it is read in the same way. */
static bool same_shape(const char *shape, uint64_t m, uint64_t n) {
  char changed[80];
  if (m == 0 || m > n || n >= (uint64_t)1 << 63) {
    return false;
  }
  consistency_shape(changed, m, n, true);
  return strcmp(shape, changed) == 0;
}

static void refuse_other_sizes(uint64_t m, const struct om_hash *old_root, uint64_t n, const struct om_hash *new_root,
                               const struct om_proof *proof, bool all) {
  char shape[80];
  consistency_shape(shape, m, n, true);
  for (unsigned bit = 0; bit < 64; bit = next_bit(bit, all)) {
    uint64_t mask = (uint64_t)1 << bit;
    assert_int_equal(om_consistency_ok(m ^ mask, old_root, n, new_root, proof), same_shape(shape, m ^ mask, n));
    assert_int_equal(om_consistency_ok(m, old_root, n ^ mask, new_root, proof), same_shape(shape, m, n ^ mask));
  }
}

static void consistency_at_every_size(void **state) {
  (void)state;
  struct store s = store_new();
  struct om_tiles tiles = {.get = store_get, .ctx = &s, .edge = &edge};
  struct om_proof proof, naive;
  struct om_status st;
  memset(&edge, 0, sizeof edge);
  grow(&s, &edge, SMALL);
  for (uint64_t n = 0; n <= SMALL; n++) {
    struct om_hash root = naive_root(0, n);
    for (uint64_t m = 0; m <= n; m++) {
      struct om_hash old_root = naive_root(0, m);
      assert_int_equal(om_prove_consistency(&tiles, &proof, m, n, &st), OM_OK);
      naive.n = 0;
      if (m > 0) {
        naive_subproof(&naive, m, 0, n, true);
      }
      assert_same_proof(&proof, &naive);
      assert_true(om_consistency_ok(m, &old_root, n, &root, &proof));
      refuse_changed_consistency(m, &old_root, n, &root, &proof, m == n * 7 / 11);
      if (m > 0) {
        refuse_other_sizes(m, &old_root, n, &root, &proof, m == n * 7 / 11);
      }
    }
    assert_int_equal(om_prove_consistency(&tiles, &proof, n + 1, n, &st), OM_USAGE);
  }
  assert_int_equal(om_prove_consistency(&tiles, &proof, 1, SMALL + 1, &st), OM_MISSING);
  assert_int_equal(om_prove_inclusion(&tiles, &proof, 0, SMALL + 1, &st), OM_MISSING);
  assert_int_equal(om_tree_root_at(&tiles, &proof.hashes[0], SMALL + 1, &st), OM_MISSING);
}

/* ---- larger trees: several tiles and levels ---- */

static const uint64_t SIZES[] = {0,   1,    2,     254,   255,   256,   257,   258,   511,   512,   513,
                                 767, 4095, 65279, 65280, 65281, 65535, 65536, 65537, 65793, LEAVES};

static void edges_survive_their_bytes(void **state) {
  (void)state;
  static uint8_t bytes[OM_EDGE_BYTES_MAX], again[OM_EDGE_BYTES_MAX];
  struct store s = store_new();
  struct om_status st;
  memset(&edge, 0, sizeof edge);
  for (size_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++) {
    grow(&s, &edge, SIZES[i]);
    size_t len = om_edge_encode(&edge, bytes);
    uint64_t n = SIZES[i];
    assert_int_equal(len, 8 + 32 * (n % 256 + n / 256 % 256 + n / 65536));
    memset(&other, 0xa5, sizeof other);
    assert_int_equal(om_edge_decode(&other, bytes, len, &st), OM_OK);
    assert_int_equal(other.size, n);
    assert_int_equal(om_edge_encode(&other, again), len);
    assert_memory_equal(bytes, again, len);
    struct om_hash root = naive_root(0, n), got;
    om_edge_root(&edge, &got);
    assert_true(om_hash_equal(&root, &got));
    om_edge_root(&other, &got);
    assert_true(om_hash_equal(&root, &got));
    memset(&edge, 0x5a, sizeof edge);
    om_edge_copy(&edge, &other); /* grow on from what was read back, and copied */
    assert_int_equal(om_edge_encode(&edge, again), len);
    assert_memory_equal(bytes, again, len);
    assert_int_equal(om_edge_decode(&other, bytes, len + 1, &st), OM_CORRUPT);
    assert_int_equal(om_edge_decode(&other, bytes, len - 1, &st), OM_CORRUPT);
  }
  assert_int_equal(s.n[0], LEAVES / 256);
  assert_int_equal(s.n[1], 1);
  struct om_hash root, tile = naive_root(256, 256);
  om_tile_root(&root, s.tiles[0][1]);
  assert_true(om_hash_equal(&root, &tile));
  assert_true(om_hash_equal(&root, &s.tiles[1][0][1]));
}

static void edges_of_impossible_sizes_are_refused(void **state) {
  (void)state;
  static uint8_t bytes[OM_EDGE_BYTES_MAX];
  struct om_status st;
  memset(bytes, 0xff, sizeof bytes);
  assert_int_equal(om_edge_decode(&other, bytes, sizeof bytes, &st), OM_CORRUPT);
  bytes[0] = 0x7f;
  assert_int_equal(om_edge_decode(&other, bytes, sizeof bytes - 128 * OM_HASH_BYTES, &st), OM_OK);
  assert_true(other.size == OM_TREE_SIZE_MAX);
  memset(bytes, 0, 8);
  for (size_t len = 0; len < 8; len++) {
    assert_int_equal(om_edge_decode(&other, bytes, len, &st), OM_CORRUPT);
  }
  assert_int_equal(om_edge_decode(&other, bytes, 8, &st), OM_OK);
}

static void large_trees_answer_about_any_size(void **state) {
  (void)state;
  struct store s = store_new();
  struct om_tiles tiles = {.get = store_get, .ctx = &s, .edge = &edge};
  struct om_proof proof, naive;
  struct om_status st;
  const size_t count = sizeof SIZES / sizeof SIZES[0];
  static struct om_hash roots[sizeof SIZES / sizeof SIZES[0]];
  memset(&edge, 0, sizeof edge);
  grow(&s, &edge, LEAVES);
  for (size_t i = 0; i < count; i++) {
    struct om_hash got;
    roots[i] = naive_root(0, SIZES[i]);
    assert_int_equal(om_tree_root_at(&tiles, &got, SIZES[i], &st), OM_OK);
    assert_true(om_hash_equal(&got, &roots[i]));
    for (size_t j = 0; j < i; j++) {
      uint64_t m = SIZES[j], n = SIZES[i];
      assert_int_equal(om_prove_consistency(&tiles, &proof, m, n, &st), OM_OK);
      assert_true(om_consistency_ok(m, &roots[j], n, &roots[i], &proof));
      refuse_changed_consistency(m, &roots[j], n, &roots[i], &proof, false);
      assert_int_equal(om_prove_inclusion(&tiles, &proof, m, n, &st), OM_OK);
      assert_true(om_inclusion_ok(&leaves[m], m, n, &proof, &roots[i]));
      refuse_changed_inclusion(&leaves[m], m, n, &proof, &roots[i], false);
    }
  }
  naive.n = 0;
  naive_path(&naive, 40000, 0, LEAVES);
  assert_int_equal(om_prove_inclusion(&tiles, &proof, 40000, LEAVES, &st), OM_OK);
  assert_same_proof(&proof, &naive);
}

static void a_failing_store_is_passed_on(void **state) {
  (void)state;
  struct store s = store_new();
  struct om_tiles tiles = {.get = store_get, .ctx = &s, .edge = &edge};
  struct om_proof proof;
  struct om_status st;
  struct om_hash before, after;
  memset(&edge, 0, sizeof edge);
  grow(&s, &edge, 511);
  om_edge_root(&edge, &before);
  s.fail = OM_CORRUPT;
  assert_int_equal(om_prove_inclusion(&tiles, &proof, 3, 400, &st), OM_CORRUPT);
  assert_string_equal(st.text, "torn page");
  assert_int_equal(om_prove_consistency(&tiles, &proof, 3, 400, &st), OM_CORRUPT);
  assert_int_equal(om_tree_root_at(&tiles, &after, 200, &st), OM_CORRUPT);
  s.fail = OM_FULL;
  assert_int_equal(om_edge_append(&edge, &leaves[511], store_full, &s, &st), OM_FULL);
  om_edge_root(&edge, &after);
  assert_true(edge.size == 511 && om_hash_equal(&before, &after));
  s.fail = OM_OK;
  grow(&s, &edge, 512);
  before = naive_root(0, 512);
  om_edge_root(&edge, &after);
  assert_true(om_hash_equal(&before, &after));
}

/* ---- other people's vectors ---- */

/* False if the text is not 32 bytes of base64: such a case cannot be put to our functions. */
static bool read_hash(struct om_hash *out, const char *base64) {
  memset(out, 0, sizeof *out);
  return vectors_base64(out->bytes, sizeof out->bytes, base64) == OM_HASH_BYTES;
}

static bool read_proof(struct om_proof *out, const json_t *array) {
  bool hashes = true;
  out->n = json_array_size(array);
  for (size_t i = 0; i < out->n; i++) {
    hashes = read_hash(&out->hashes[i], json_string_value(json_array_get(array, i))) && hashes;
  }
  return hashes;
}

static void read_proof_hex(struct om_proof *out, const json_t *array) {
  out->n = json_array_size(array);
  for (size_t i = 0; i < out->n; i++) {
    vectors_hex(out->hashes[i].bytes, OM_HASH_BYTES, json_string_value(json_array_get(array, i)));
  }
}

static void inclusion_cases(void **state) {
  (void)state;
  json_t *file = vectors_load("merkle/inclusion_cases.json");
  const json_t *cases = vectors_array(file, "cases");
  unsigned good = 0, bad = 0, no_hash = 0;
  for (size_t i = 0; i < json_array_size(cases); i++) {
    const json_t *c = json_array_get(cases, i);
    bool want = !json_is_true(json_object_get(c, "wantErr"));
    struct om_hash leaf, root;
    struct om_proof proof;
    bool hashes = read_hash(&leaf, vectors_string(c, "leafHash"));
    hashes = read_hash(&root, vectors_string(c, "root")) && hashes;
    hashes = read_proof(&proof, vectors_array(c, "proof")) && hashes;
    if (!hashes) {
      assert_false(want);
      no_hash++;
      continue;
    }
    bool got = om_inclusion_ok(&leaf, vectors_u64(c, "leafIdx"), vectors_u64(c, "treeSize"), &proof, &root);
    if (got != want) {
      fail_msg("%s: %d", vectors_string(c, "file"), got);
    }
    *(want ? &good : &bad) += 1;
  }
  assert_int_equal(good + bad + no_hash, 98);
  assert_int_equal(good, 6);
  json_decref(file);
}

static void consistency_cases(void **state) {
  (void)state;
  json_t *file = vectors_load("merkle/consistency_cases.json");
  const json_t *cases = vectors_array(file, "cases");
  unsigned good = 0, policy = 0;
  for (size_t i = 0; i < json_array_size(cases); i++) {
    const json_t *c = json_array_get(cases, i);
    bool want = !json_is_true(json_object_get(c, "wantErr"));
    struct om_hash old_root, new_root;
    struct om_proof proof;
    read_hash(&old_root, vectors_string(c, "root1")); /* some are short words: filled up with zeros they still differ */
    read_hash(&new_root, vectors_string(c, "root2"));
    read_proof(&proof, vectors_array(c, "proof"));
    if (strstr(vectors_string(c, "file"),
               "/size1-is-zero-and-size2-is-not-zero")) { /* our policy, see the README there */
      want = true;
      policy++;
    }
    bool got = om_consistency_ok(vectors_u64(c, "size1"), &old_root, vectors_u64(c, "size2"), &new_root, &proof);
    if (got != want) {
      fail_msg("%s: %d", vectors_string(c, "file"), got);
    }
    good += got;
  }
  assert_int_equal(json_array_size(cases), 98);
  assert_int_equal(policy, 1);
  assert_int_equal(good, 6 + policy);
  json_decref(file);
}

static void reference_tree(void **state) {
  (void)state;
  json_t *file = vectors_load("merkle/reference_tree.json");
  const json_t *inputs = vectors_array(file, "leaf_inputs_hex"), *roots = vectors_array(file, "roots_by_size_hex");
  const json_t *inclusion = vectors_array(file, "inclusion"), *consistency = vectors_array(file, "consistency");
  struct store s = store_new();
  struct om_tiles tiles = {.get = store_get, .ctx = &s, .edge = &edge};
  struct om_proof proof, want;
  struct om_status st;
  memset(&edge, 0, sizeof edge);
  for (size_t i = 0; i <= 8; i++) {
    struct om_hash root, expected, leaf;
    uint8_t data[64];
    vectors_hex(expected.bytes, OM_HASH_BYTES, json_string_value(json_array_get(roots, i)));
    om_edge_root(&edge, &root);
    assert_true(om_hash_equal(&root, &expected));
    if (i < 8) {
      om_leaf_hash(&leaf, data, vectors_hex(data, sizeof data, json_string_value(json_array_get(inputs, i))));
      assert_int_equal(om_edge_append(&edge, &leaf, store_full, &s, &st), OM_OK);
    }
  }
  assert_int_equal(json_array_size(inclusion), 36);
  for (size_t i = 0; i < json_array_size(inclusion); i++) {
    const json_t *c = json_array_get(inclusion, i);
    read_proof_hex(&want, vectors_array(c, "proof_hex"));
    assert_int_equal(om_prove_inclusion(&tiles, &proof, vectors_u64(c, "index"), vectors_u64(c, "size"), &st), OM_OK);
    assert_same_proof(&proof, &want);
  }
  assert_int_equal(json_array_size(consistency), 36);
  for (size_t i = 0; i < json_array_size(consistency); i++) {
    const json_t *c = json_array_get(consistency, i);
    read_proof_hex(&want, vectors_array(c, "proof_hex"));
    assert_int_equal(om_prove_consistency(&tiles, &proof, vectors_u64(c, "size1"), vectors_u64(c, "size2"), &st),
                     OM_OK);
    assert_same_proof(&proof, &want);
  }
  json_decref(file);
}

/* A tree of 300 leaves as another implementation tiled it: the same tiles, partial tiles, root and proofs. */
static void tiles_of_another_log(void **state) {
  (void)state;
  json_t *file = vectors_load("tlog/tiles_300.json");
  struct store s = store_new();
  struct om_tiles tiles = {.get = store_get, .ctx = &s, .edge = &edge};
  static struct om_hash theirs[300];
  struct om_hash root, want_root, level1;
  struct om_proof proof, want;
  struct om_status st;
  memset(&edge, 0, sizeof edge);
  assert_int_equal(vectors_hex(theirs[0].bytes, 256 * 32, vectors_string(file, "tile_0_000_hex")), 256 * 32);
  assert_int_equal(vectors_hex(theirs[256].bytes, 44 * 32, vectors_string(file, "tile_0_001_p44_hex")), 44 * 32);
  vectors_hex(level1.bytes, 32, vectors_string(file, "tile_1_000_p1_hex"));
  for (size_t i = 0; i < 300; i++) {
    assert_int_equal(om_edge_append(&edge, &theirs[i], store_full, &s, &st), OM_OK);
  }
  assert_memory_equal(s.tiles[0][0], theirs, 256 * sizeof theirs[0]);
  assert_memory_equal(edge.tiles[0], theirs + 256, 44 * sizeof theirs[0]);
  assert_true(om_hash_equal(&edge.tiles[1][0], &level1));
  assert_true(read_hash(&want_root, vectors_string(file, "root_base64")));
  om_edge_root(&edge, &root);
  assert_true(om_hash_equal(&root, &want_root));
  const json_t *inclusion = vectors_array(file, "sample_inclusion");
  for (size_t i = 0; i < json_array_size(inclusion); i++) {
    const json_t *c = json_array_get(inclusion, i);
    read_proof_hex(&want, vectors_array(c, "proof_hex"));
    assert_int_equal(om_prove_inclusion(&tiles, &proof, vectors_u64(c, "index"), 300, &st), OM_OK);
    assert_same_proof(&proof, &want);
  }
  const json_t *consistency = vectors_array(file, "sample_consistency");
  assert_true(json_array_size(inclusion) > 0 && json_array_size(consistency) > 0);
  for (size_t i = 0; i < json_array_size(consistency); i++) {
    const json_t *c = json_array_get(consistency, i);
    read_proof_hex(&want, vectors_array(c, "proof_hex"));
    assert_int_equal(om_prove_consistency(&tiles, &proof, vectors_u64(c, "size1"), vectors_u64(c, "size2"), &st),
                     OM_OK);
    assert_same_proof(&proof, &want);
  }
  json_decref(file);
}

static void policy_about_empty_trees(void **state) {
  (void)state;
  const struct om_proof none = {0};
  struct om_proof one = {.n = 1};
  struct om_hash empty, some = leaves[0];
  om_empty_root(&empty);
  assert_false(om_inclusion_ok(&empty, 0, 0, &none, &empty));
  assert_true(om_consistency_ok(0, &empty, 0, &empty, &none));
  assert_false(om_consistency_ok(0, &some, 0, &some, &none));
  assert_true(om_consistency_ok(0, &empty, 5, &some, &none));
  assert_false(om_consistency_ok(0, &empty, 5, &some, &one));
  assert_false(om_consistency_ok(0, &some, 5, &some, &none));
  assert_false(om_consistency_ok(1, &some, 0, &empty, &none));
  one.n = OM_PROOF_MAX + 1; /* must not be read */
  assert_false(om_consistency_ok(1, &some, UINT64_MAX, &some, &one));
  assert_false(om_inclusion_ok(&some, 1, UINT64_MAX, &one, &some));
}

static int make_leaves(void **state) {
  (void)state;
  for (uint32_t i = 0; i < LEAVES; i++) {
    om_leaf_hash(&leaves[i], &i, sizeof i);
  }
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(inclusion_at_every_size),
      cmocka_unit_test(consistency_at_every_size),
      cmocka_unit_test(edges_survive_their_bytes),
      cmocka_unit_test(edges_of_impossible_sizes_are_refused),
      cmocka_unit_test(large_trees_answer_about_any_size),
      cmocka_unit_test(a_failing_store_is_passed_on),
      cmocka_unit_test(inclusion_cases),
      cmocka_unit_test(consistency_cases),
      cmocka_unit_test(reference_tree),
      cmocka_unit_test(tiles_of_another_log),
      cmocka_unit_test(policy_about_empty_trees),
  };
  return cmocka_run_group_tests(tests, make_leaves, NULL);
}
