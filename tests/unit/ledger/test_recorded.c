/* The heads that a log has recorded of itself, one at each change of its witnesses, are found one after the other. */
#include "support/test.h"

#include "ledger/ledger_state.h"
#include "support/sealing.h"

static const uint32_t first_four[] = {0, 1, 2, 3}, last_five[] = {2, 3, 4, 5, 6},
                      everybody[] = {0, 1, 2, 3, 4, 5, 6, 7};

enum { CHANGES = 3 };

static void change(struct sealing *f, const uint32_t *logs, size_t n, struct om_hash *id, bool first, int64_t at) {
  struct om_status st;
  struct om_hash previous = *id;
  assert_ok(sealing_set_witnesses(f, logs, n, 0, first ? NULL : &previous, id, at, &st), &st);
  sealing_settle(f, at + 1);
}

static void one_for_each_change(void **state) {
  struct sealing *f = *state;
  struct om_txn *txn;
  struct om_status st;
  struct om_hash id = {{0}};
  uint8_t note[OM_MARK_NOTE_MAX_BYTES];
  uint64_t size, time_s, at, stands;
  size_t len;
  assert_ok(om_txn_read(&txn, om_ledger_store(f->ledgers[1]), &st), &st);
  assert_int_equal(om_head_recorded(txn, note, &len, &size, LAST, 0, &st), OM_MISSING);
  om_txn_abort(txn);
  change(f, first_four, 4, &id, true, t0 + 1);
  change(f, last_five, 5, &id, false, t0 + 10);
  change(f, everybody, N, &id, false, t0 + 20);
  assert_ok(om_txn_read(&txn, om_ledger_store(f->ledgers[1]), &st), &st);
  for (uint32_t log = 0; log < N; log++) {
    uint64_t from = 0;
    for (int i = 0; i < CHANGES; i++) {
      assert_ok(om_head_recorded(txn, note, &len, &size, log, from, &st), &st);
      assert_true(size > from);
      assert_ok(om_head_stands(txn, &stands, &time_s, log, note, len, &st), &st);
      assert_int_equal(stands, size);
      uint64_t again;
      assert_ok(om_head_recorded(txn, note, &len, &again, log, size - 1, &st), &st);
      assert_int_equal(again, size);
      assert_true(om_log_mark_at(txn, &again, &at, log, log, UINT64_MAX) && again >= size);
      from = size;
    }
    assert_int_equal(size, om_log_mark(txn, log, log, UINT64_MAX)); /* the last that there is */
    assert_int_equal(om_head_recorded(txn, note, &len, &size, log, from, &st), OM_MISSING);
    assert_int_equal(om_head_recorded(txn, note, &len, &size, log, UINT64_MAX, &st), OM_MISSING);
  }
  om_txn_abort(txn);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(one_for_each_change, sealing_open, sealing_close),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
