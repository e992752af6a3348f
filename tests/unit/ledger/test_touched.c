/* Which logs a commit has written of. That nothing is left out is what the simulator checks after every commit. */
#include "support/test.h"

#include <stdlib.h>

#include "ledger/touched.h"
#include "support/network.h"

struct fixture {
  char *folder;
  struct om_store *store;
};

static int setup(void **state) {
  struct fixture *f = calloc(1, sizeof *f);
  struct om_status st;
  f->folder = temp_folder();
  assert_int_equal(om_store_open(&f->store, f->folder, 16 << 20, &st), OM_OK);
  *state = f;
  return 0;
}

static int teardown(void **state) {
  struct fixture *f = *state;
  om_store_close(f->store);
  remove_folder(f->folder);
  free(f);
  return 0;
}

static struct om_txn *begin(struct fixture *f) {
  struct om_txn *txn;
  struct om_status st;
  assert_int_equal(om_txn_write(&txn, f->store, &st), OM_OK);
  return txn;
}

static void commit(struct om_txn *txn) {
  struct om_status st;
  assert_int_equal(om_txn_commit(txn, &st), OM_OK);
}

static void put(struct om_txn *txn, enum om_table table, uint32_t first) {
  uint8_t key[5] = {0};
  om_be32(key, first);
  om_txn_put(txn, table, key, sizeof key, "row", 3);
}

static struct om_touched taken(struct fixture *f) {
  struct om_touched out;
  om_store_touched(f->store, &out);
  return out;
}

static void at_first_all_and_then_nothing(void **state) {
  struct fixture *f = *state;
  assert_true(taken(f).all);
  struct om_touched none = taken(f);
  assert_false(none.all);
  assert_int_equal(none.n, 0);
  assert_false(om_touched_has(&none, 3));
}

static void what_commits_have_written_is_told_once(void **state) {
  struct fixture *f = *state;
  taken(f);
  struct om_txn *txn = begin(f);
  put(txn, OM_TABLE_HEADS, 3);
  put(txn, OM_TABLE_LOGS, 4);
  put(txn, OM_TABLE_LOTS, 5);
  struct om_touched before = taken(f);
  assert_int_equal(before.n, 0); /* nothing is durable yet */
  commit(txn);
  txn = begin(f);
  uint8_t key[4] = {0, 0, 0, 6};
  om_txn_del(txn, OM_TABLE_EVIDENCE, key, sizeof key);
  assert_true(om_txn_insert(txn, OM_TABLE_ENTRIES, key, sizeof key, "x", 1));
  commit(txn);
  struct om_touched both = taken(f);
  assert_false(both.all);
  assert_int_equal(both.n, 3);
  assert_true(om_touched_has(&both, 3) && om_touched_has(&both, 4) && om_touched_has(&both, 6));
  assert_false(om_touched_has(&both, 5)); /* a lot is no log */
  assert_int_equal(taken(f).n, 0);
}

static void what_is_given_up_touches_nothing(void **state) {
  struct fixture *f = *state;
  taken(f);
  struct om_txn *txn = begin(f);
  put(txn, OM_TABLE_HEADS, 3);
  om_txn_abort(txn);
  assert_int_equal(taken(f).n, 0);
}

static void every_log_is_judged_by_the_registry(void **state) {
  struct fixture *f = *state;
  static const struct {
    enum om_table table;
    uint32_t first;
  } rows[] = {{OM_TABLE_HEADS, 0}, {OM_TABLE_REGISTRY, 0x01000003}, {OM_TABLE_META, 7}, {OM_TABLE_CUT, 7}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    taken(f);
    struct om_txn *txn = begin(f);
    put(txn, rows[i].table, rows[i].first);
    commit(txn);
    assert_true(taken(f).all);
  }
  struct om_txn *txn = begin(f);
  om_txn_empty(txn, OM_TABLE_LOTS);
  commit(txn);
  assert_true(taken(f).all);
}

static void of_many_logs_it_is_all(void **state) {
  struct fixture *f = *state;
  taken(f);
  struct om_txn *txn = begin(f);
  for (uint32_t log = 1; log <= OM_TOUCHED_LOGS; log++) put(txn, OM_TABLE_MARKS, log);
  commit(txn);
  struct om_touched few = taken(f);
  assert_false(few.all);
  assert_int_equal(few.n, OM_TOUCHED_LOGS);
  for (uint32_t log = 1; log <= OM_TOUCHED_LOGS + 1; log++) {
    txn = begin(f);
    put(txn, OM_TABLE_TIMES, log);
    commit(txn);
  }
  assert_true(taken(f).all);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(at_first_all_and_then_nothing, setup, teardown),
      cmocka_unit_test_setup_teardown(what_commits_have_written_is_told_once, setup, teardown),
      cmocka_unit_test_setup_teardown(what_is_given_up_touches_nothing, setup, teardown),
      cmocka_unit_test_setup_teardown(every_log_is_judged_by_the_registry, setup, teardown),
      cmocka_unit_test_setup_teardown(of_many_logs_it_is_all, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
