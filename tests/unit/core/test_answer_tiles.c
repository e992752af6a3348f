/* Tiles, entries and inclusion proofs as clients get them, of a log with a complete tile. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/answer.h"
#include "support/records.h"

enum { ENTRIES = 270, LOG = 0 };

static const int64_t t0 = INT64_C(1795000000000);

struct fixture {
  struct network net;
  struct om_ledger *ledger;
  char *folder;
  struct om_txn *txn;
  struct om_prover *prover; /* that answers use; NULL: none */
  struct om_hash leaves[ENTRIES];
  /* the last answer */
  Oremark__Reply *replies[ENTRIES];
  size_t n;
};

static struct fixture f;

/* Site after site: an entry each. */
static void submit(uint32_t i) {
  static struct om_hash previous;
  struct om_status st;
  struct om_receipt receipt;
  struct record r =
      record_site(&f.net, 1, i, i > 1 ? &previous : NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0 + (int64_t)i);
  if (network_submit(&f.net, 0, f.ledger, &receipt, r.bytes, r.len, t0 + (int64_t)i, &st) != OM_OK)
    fail_msg("%s", st.text);
  assert_int_equal(receipt.index, i);
  previous = record_event(&f.net, &r);
  free(r.bytes);
}

static int open_fixture(void **state) {
  (void)state;
  char path[4096];
  struct om_status st;
  network_open(&f.net, 1, false);
  f.folder = temp_folder();
  snprintf(path, sizeof path, "%s/store", f.folder);
  f.ledger = network_ledger(&f.net, 0, path);
  for (uint32_t i = 1; i < ENTRIES; i++) submit(i);
  assert_int_equal(om_txn_read(&f.txn, om_ledger_store(f.ledger), &st), OM_OK);
  for (uint64_t i = 0; i < ENTRIES; i++) {
    struct om_bytes entry;
    assert_int_equal(om_log_entry(f.txn, &entry, LOG, i, &st), OM_OK);
    om_leaf_hash(&f.leaves[i], entry.data, entry.len);
  }
  return 0;
}

static void forget(void) {
  for (size_t i = 0; i < f.n; i++) oremark__reply__free_unpacked(f.replies[i], NULL);
  f.n = 0;
}

static int close_fixture(void **state) {
  (void)state;
  forget();
  om_prover_free(f.prover);
  om_txn_abort(f.txn);
  om_ledger_close(f.ledger);
  remove_folder(f.folder);
  network_close(&f.net);
  return 0;
}

static bool keep(void *ctx, const Oremark__Reply *reply) {
  (void)ctx;
  size_t len = oremark__reply__get_packed_size(reply);
  uint8_t *bytes = malloc(len);
  oremark__reply__pack(reply, bytes);
  assert_true(f.n < ENTRIES);
  f.replies[f.n++] = oremark__reply__unpack(NULL, len, bytes);
  free(bytes);
  return true;
}

static const Oremark__Reply *ask(Oremark__Request *request) {
  struct om_answer_sink sink = {.put = keep, .prover = f.prover};
  struct om_about about = {.own_log = LOG};
  forget();
  om_answer(&sink, f.txn, &about, request);
  assert_true(f.n > 0);
  return f.replies[0];
}

static const Oremark__Reply *tiles(uint64_t size, uint32_t level, uint64_t first, uint32_t count) {
  static Oremark__GetTiles get;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  get = (Oremark__GetTiles)OREMARK__GET_TILES__INIT;
  get.log = LOG, get.size = size, get.level = level, get.first = first, get.count = count;
  request.what_case = OREMARK__REQUEST__WHAT_GET_TILES;
  request.get_tiles = &get;
  return ask(&request);
}

static const Oremark__Reply *entries(uint64_t first, uint32_t count) {
  static Oremark__ReadEntries get;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  get = (Oremark__ReadEntries)OREMARK__READ_ENTRIES__INIT;
  get.log = LOG, get.first = first, get.count = count;
  request.what_case = OREMARK__REQUEST__WHAT_READ_ENTRIES;
  request.read_entries = &get;
  return ask(&request);
}

static const Oremark__Reply *inclusion(uint32_t log, uint64_t index, uint64_t size) {
  static Oremark__ProveInclusion get;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  get = (Oremark__ProveInclusion)OREMARK__PROVE_INCLUSION__INIT;
  get.log = log, get.index = index, get.size = size;
  request.what_case = OREMARK__REQUEST__WHAT_PROVE_INCLUSION;
  request.prove_inclusion = &get;
  return ask(&request);
}

static void check_tile(ProtobufCBinaryData tile, const struct om_hash *hashes, size_t n) {
  assert_int_equal(tile.len, n * sizeof *hashes);
  assert_memory_equal(tile.data, hashes, tile.len);
}

static void test_tiles(void **state) {
  (void)state;
  struct om_hash root;
  const Oremark__Reply *reply = tiles(ENTRIES, 0, 0, 2);
  assert_int_equal(reply->tiles->n_tiles, 2);
  check_tile(reply->tiles->tiles[0], f.leaves, OM_TILE_HASHES);
  check_tile(reply->tiles->tiles[1], f.leaves + OM_TILE_HASHES, ENTRIES - OM_TILE_HASHES);
  check_tile(tiles(258, 0, 1, 1)->tiles->tiles[0], f.leaves + OM_TILE_HASHES, 2);
  check_tile(tiles(100, 0, 0, 1)->tiles->tiles[0], f.leaves, 100);
  om_tile_root(&root, f.leaves);
  check_tile(tiles(ENTRIES, 1, 0, 1)->tiles->tiles[0], &root, 1);
}

static void check_refused(const Oremark__Reply *reply, const char *code) {
  assert_int_equal(f.n, 1);
  assert_string_equal(reply->code, code);
  assert_false(reply->more);
}

static void test_tiles_that_are_not_there(void **state) {
  (void)state;
  check_refused(tiles(ENTRIES, 0, 0, 0), "usage");
  check_refused(tiles(ENTRIES, 0, 0, OM_TILES_MAX + 1), "usage");
  check_refused(tiles(ENTRIES, 0, 0, 3), "usage");
  check_refused(tiles(ENTRIES, 0, 2, 1), "usage");
  check_refused(tiles(256, 0, 1, 1), "usage");
  check_refused(tiles(100, 1, 0, 1), "usage");
  check_refused(tiles(ENTRIES, OM_TREE_LEVELS, 0, 1), "usage");
  check_refused(tiles(ENTRIES, UINT32_MAX, 0, 1), "usage");
  check_refused(tiles(ENTRIES, 0, UINT64_MAX, 1), "usage");
  check_refused(tiles(ENTRIES, 0, INT64_MAX, 2), "usage");
  check_refused(tiles(ENTRIES + 1, 0, 0, 1), "missing");
}

static void test_entries(void **state) {
  (void)state;
  const Oremark__Reply *reply = entries(3, 256);
  assert_int_equal(reply->entries->first, 3);
  assert_int_equal(reply->entries->n_entries, 256);
  for (size_t i = 0; i < 256; i++) {
    struct om_hash leaf;
    om_leaf_hash(&leaf, reply->entries->entries[i].data, reply->entries->entries[i].len);
    assert_true(om_hash_equal(&leaf, &f.leaves[3 + i]));
  }
  check_refused(entries(0, 0), "usage");
  check_refused(entries(0, 257), "usage");
  check_refused(entries(ENTRIES - 1, 2), "missing");
  check_refused(entries(UINT64_MAX, 2), "usage");
}

static void check_proofs(void) {
  struct om_status st;
  struct om_proof proof;
  struct om_log_tiles *log = malloc(sizeof *log);
  assert_int_equal(om_log_tiles(f.txn, log, LOG, &st), OM_OK);
  for (uint64_t size = 1; size <= ENTRIES; size += size < 8 || size > 250 ? 1 : 17)
    for (uint64_t index = 0; index < size; index += index < 4 || index + 4 > size ? 1 : 41) {
      struct om_hash root;
      const Oremark__Reply *reply = inclusion(LOG, index, size);
      assert_string_equal(reply->code, "ok");
      proof.n = reply->inclusion->hashes.len / sizeof proof.hashes[0];
      assert_true(proof.n <= OM_PROOF_MAX);
      if (proof.n > 0) memcpy(proof.hashes, reply->inclusion->hashes.data, reply->inclusion->hashes.len);
      assert_int_equal(om_tree_root_at(&log->tiles, &root, size, &st), OM_OK);
      assert_true(om_inclusion_ok(&f.leaves[index], index, size, &proof, &root));
    }
  check_refused(inclusion(LOG, 5, 5), "missing");
  check_refused(inclusion(LOG, 5, ENTRIES + 1), "missing");
  check_refused(inclusion(LOG, UINT64_MAX, UINT64_MAX), "missing");
  check_refused(inclusion(LOG, 0, 0), "missing");
  check_refused(inclusion(7, 0, 1), "missing");
  free(log);
}

static void test_inclusion(void **state) {
  (void)state;
  check_proofs();
}

/* The same proofs by one that remembers tiles; also where it has room for one only. */
static void test_inclusion_by_a_prover(void **state) {
  (void)state;
  for (size_t tiles = 1; tiles <= 64; tiles += 63) {
    f.prover = om_prover_new(tiles);
    for (int i = 0; i < 2; i++) {
      om_prover_begin(f.prover, f.txn);
      check_proofs();
    }
    om_prover_free(f.prover);
    f.prover = NULL;
  }
}

int main(void) {
  const struct CMUnitTest all[] = {
      cmocka_unit_test(test_tiles),     cmocka_unit_test(test_tiles_that_are_not_there), cmocka_unit_test(test_entries),
      cmocka_unit_test(test_inclusion), cmocka_unit_test(test_inclusion_by_a_prover),
  };
  return cmocka_run_group_tests(all, open_fixture, close_fixture);
}
