/* A store's file that somebody has made: what LMDB would trust is found, and leads the check nowhere. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/pages.h"
#include "support/network.h"

enum {
  MAP_BYTES = 1 << 20,
  LONG_BYTES = 10000,
  DB_BYTES = 48, /* a table's record: LMDB's MDB_db */
  NODE_BYTES = 8,
  NODE_FLAGS = 4,
  NODE_SUB = 2,
  PAGE_BYTES = 4096,
  PAGE_NODES = 16,
};

#define LONG "KEY-OF-A-LONG-ROW"
#define RECORD "KEY-OF-A-ROW-LIKE-A-TABLE"
#define FIRST "KEY-OF-THE-FIRST-VOTE"
#define SECOND "KEY-OF-THE-SECOND-VOTE"

static char *folder, path[4096];
static uint8_t *file;
static size_t file_len;
static struct om_status st;

static void put(struct om_txn *txn, enum om_table table, const char *key, size_t len) {
  static const uint8_t zeros[LONG_BYTES];
  om_txn_put(txn, table, key, strlen(key), zeros, len);
}

static int begin(void **state) {
  (void)state;
  struct om_store *store;
  struct om_txn *txn;
  folder = temp_folder();
  om_status_clear(&st);
  assert_ok(om_store_open(&store, folder, MAP_BYTES, &st), &st);
  assert_ok(om_txn_write(&txn, store, &st), &st);
  put(txn, OM_TABLE_LOTS, LONG, LONG_BYTES);
  put(txn, OM_TABLE_LOTS, RECORD, DB_BYTES);
  put(txn, OM_TABLE_HEADS, FIRST, 1);
  put(txn, OM_TABLE_HEADS, SECOND, 1);
  assert_ok(om_txn_commit(txn, &st), &st);
  om_store_close(store);
  snprintf(path, sizeof path, "%s/data.mdb", folder);
  FILE *in = fopen(path, "rb");
  assert_non_null(in);
  file = malloc(MAP_BYTES);
  file_len = fread(file, 1, MAP_BYTES, in);
  fclose(in);
  return 0;
}

static int end(void **state) {
  (void)state;
  free(file);
  remove_folder(folder);
  return 0;
}

static void write_back(void) {
  FILE *out = fopen(path, "wb");
  assert_non_null(out);
  assert_int_equal(fwrite(file, 1, file_len, out), file_len);
  assert_int_equal(fclose(out), 0);
}

/* The node of KEY, which stands in the file once. */
static uint8_t *node_of(const char *key) {
  uint8_t *at = memmem(file, file_len, key, strlen(key));
  assert_non_null(at);
  assert_null(memmem(at + 1, file_len - (size_t)(at + 1 - file), key, strlen(key)));
  return at - NODE_BYTES;
}

struct seen {
  size_t n;
  char text[256];
};

static void bad(void *ctx, uint64_t number, const char *text) {
  struct seen *seen = ctx;
  (void)number;
  if (seen->n++ == 0) snprintf(seen->text, sizeof seen->text, "%s", text);
}

/* What is said of the file first; "" of a sound one. */
static void check_says(const char *words) {
  struct om_store *store;
  struct om_txn *txn;
  struct seen seen = {0};
  struct om_pages pages = {.ctx = &seen, .bad = bad};
  assert_ok(om_store_open_readonly(&store, folder, &st), &st);
  assert_ok(om_txn_read(&txn, store, &st), &st);
  assert_ok(om_pages_check(txn, &pages, &st), &st);
  om_txn_abort(txn);
  om_store_close(store);
  assert_int_equal(seen.n > 0, *words != '\0');
  if (strstr(seen.text, words) == NULL) fail_msg("it says: %s", seen.text);
}

static void count(void *ctx, struct om_bytes key) {
  (void)key;
  ++*(size_t *)ctx;
}

static size_t altered(void) {
  struct om_store *store;
  struct om_txn *txn;
  size_t n = 0;
  assert_ok(om_store_open_readonly(&store, folder, &st), &st);
  assert_ok(om_txn_read(&txn, store, &st), &st);
  om_txn_altered(txn, OM_TABLE_HEADS, count, &n);
  om_txn_abort(txn);
  om_store_close(store);
  return n;
}

static void test_sound(void **state) {
  (void)state;
  check_says("");
  assert_int_equal(altered(), 0);
}

/* No memory is made for it, and nothing is read behind the end. */
static void test_a_row_longer_than_the_rest(void **state) {
  (void)state;
  uint8_t *node = node_of(LONG);
  size_t len = file_len - 2 * PAGE_BYTES;
  node[0] = (uint8_t)len, node[1] = (uint8_t)(len >> 8), node[2] = (uint8_t)(len >> 16), node[3] = 0;
  write_back();
  check_says("a long row lies outside the store");
}

static void test_a_table_among_rows(void **state) {
  (void)state;
  node_of(RECORD)[NODE_FLAGS] |= NODE_SUB;
  write_back();
  check_says("a table stands where a row should");
}

/* Each row is as it was written; but who looks for the first will not find it. */
static void test_a_vote_that_is_hidden(void **state) {
  (void)state;
  size_t first = (size_t)(node_of(FIRST) - file), second = (size_t)(node_of(SECOND) - file);
  uint8_t *page = file + first / PAGE_BYTES * PAGE_BYTES, swapped[2];
  assert_int_equal(first / PAGE_BYTES, second / PAGE_BYTES);
  assert_int_equal(page[PAGE_NODES] | page[PAGE_NODES + 1] << 8, first % PAGE_BYTES);
  memcpy(swapped, page + PAGE_NODES, 2);
  memcpy(page + PAGE_NODES, page + PAGE_NODES + 2, 2);
  memcpy(page + PAGE_NODES + 2, swapped, 2);
  write_back();
  assert_int_equal(altered(), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_sound),
      TEST(test_a_row_longer_than_the_rest),
      TEST(test_a_table_among_rows),
      TEST(test_a_vote_that_is_hidden),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
