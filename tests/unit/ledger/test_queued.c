/* What is submitted before the own log may take it: stored once, submitted in order, never lost and never doubled. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/queued.h"
#include "support/records.h"

enum { DAEMONS = 4, MINER = 2, SMELTER = 3 };

static const int64_t t0 = INT64_C(1795000000000);
static struct network net;
static char *folders[DAEMONS];
static struct om_ledger *ledgers[DAEMONS];
static struct om_status st;
static size_t n_refused;
static struct om_status refusal;

static void settle(int64_t now_ms) {
  assert_ok(network_settle(&net, ledgers, now_ms, &st), &st);
}

static void add_sites(void) {
  for (uint32_t member = MINER; member <= SMELTER; member++) {
    struct record site = record_site(&net, member, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0);
    struct om_receipt receipt;
    assert_ok(network_submit(&net, 0, ledgers[0], &receipt, site.bytes, site.len, t0, &st), &st);
    free(site.bytes);
  }
  settle(t0 + 1);
}

static int begin(void **state) {
  (void)state;
  n_refused = 0;
  om_status_clear(&st);
  network_open(&net, DAEMONS, true);
  network_ledgers(&net, folders, ledgers);
  settle(t0);
  add_sites();
  return 0;
}

static int end(void **state) {
  (void)state;
  network_close_ledgers(&net, folders, ledgers);
  return 0;
}

static void reopen(size_t daemon) {
  om_ledger_close(ledgers[daemon]);
  ledgers[daemon] = network_ledger(&net, daemon, folders[daemon]);
}

/* ---- steps, each a batch of its own ---- */

enum how { QUEUE, TAKE };

static enum om_code hand_in(struct om_receipt *out, enum how how, size_t daemon, const struct record *record,
                            int64_t at_ms, bool keep) {
  struct om_batch *batch;
  struct om_arena arena = {0};
  struct om_checked *checked;
  struct om_signers_keys keys = network_signers(&net, daemon);
  assert_ok(om_batch_begin(&batch, ledgers[daemon], &st), &st);
  assert_ok(om_check_statement(&checked, &arena, &net.id, om_batch_txn(batch), record->bytes, record->len, &st), &st);
  enum om_code code = how == QUEUE ? om_batch_queue(batch, out, checked, at_ms, &st)
                                   : om_batch_resubmit(batch, out, checked, at_ms, &st);
  om_arena_free(&arena);
  struct om_status why = st;
  if (keep)
    assert_ok(om_batch_commit(batch, how == QUEUE ? NULL : &keys, &st), &st);
  else
    om_batch_abort(batch);
  st = why;
  return code;
}

static void queue(size_t daemon, const struct record *record, int64_t at_ms) {
  struct om_receipt receipt;
  assert_ok(hand_in(&receipt, QUEUE, daemon, record, at_ms, true), &st);
  assert_true(receipt.queued);
}

static void on_refused(void *ctx, const uint8_t id[OM_QUEUED_ID_BYTES], const struct om_status *why) {
  (void)ctx, (void)id;
  n_refused++;
  refusal = *why;
}

/* One batch; KEEP: it is committed, else the power fails before. */
static void drain(struct om_drain *drain, size_t daemon, size_t max, int64_t at_ms, bool keep) {
  struct om_batch *batch;
  struct om_signers_keys keys = network_signers(&net, daemon);
  drain->refused = on_refused;
  assert_ok(om_batch_begin(&batch, ledgers[daemon], &st), &st);
  assert_ok(om_batch_drain(batch, drain, max, at_ms, &st), &st);
  if (keep)
    assert_ok(om_batch_commit(batch, &keys, &st), &st);
  else
    om_batch_abort(batch);
}

static void drain_all(size_t daemon, int64_t at_ms) {
  struct om_drain all = {0};
  while (!all.done) drain(&all, daemon, 2, at_ms, true);
}

/* ---- looking ---- */

static uint64_t queued(size_t daemon) {
  struct om_txn *txn;
  assert_ok(om_txn_read(&txn, om_ledger_store(ledgers[daemon]), &st), &st);
  uint64_t n = om_queued_count(txn);
  om_txn_abort(txn);
  return n;
}

static uint64_t size(size_t daemon) {
  return network_info(ledgers[daemon], (uint32_t)daemon).size;
}

struct id {
  uint32_t member;
  int64_t signed_ms;
  struct om_hash hash;
};

static struct id id_of(const struct record *record) {
  struct om_arena arena = {0};
  struct om_checked *checked;
  assert_ok(om_check_statement(&checked, &arena, &net.id, NULL, record->bytes, record->len, &st), &st);
  struct id id = {checked->statement->member, checked->statement->signed_ms, checked->statement_id};
  om_arena_free(&arena);
  return id;
}

/* Where RECORD stands in the own log of DAEMON; OM_MISSING. */
static enum om_code find(uint64_t *index, size_t daemon, const struct record *record) {
  struct om_txn *txn;
  struct om_place at = {0};
  struct id id = id_of(record);
  assert_ok(om_txn_read(&txn, om_ledger_store(ledgers[daemon]), &st), &st);
  enum om_code code = om_statement_find(txn, &at, id.member, id.signed_ms, &id.hash, &st);
  om_txn_abort(txn);
  *index = at.index;
  return code;
}

static enum om_code find_queued(bool *refused, struct om_status *why, size_t daemon, const struct record *record) {
  struct om_txn *txn;
  struct id id = id_of(record);
  assert_ok(om_txn_read(&txn, om_ledger_store(ledgers[daemon]), &st), &st);
  enum om_code code = om_queued_find(txn, refused, why, id.member, id.signed_ms, &id.hash, &st);
  om_txn_abort(txn);
  return code;
}

/* ---- tests ---- */

enum { MANY = 7 };

static void what_is_queued_is_recorded_once_and_in_order(void **state) {
  (void)state;
  struct record records[MANY];
  bool refused;
  struct om_status why;
  uint64_t before = size(1), index;
  for (size_t i = 0; i < MANY; i++) {
    records[i] = record_extract(&net, MINER, 1, 1, 1000, t0 + 10);
    queue(1, &records[i], t0 + 20);
    queue(1, &records[i], t0 + 21); /* handed in again */
  }
  assert_int_equal(queued(1), MANY);
  assert_int_equal(size(1), before);
  assert_int_equal(find_queued(&refused, &why, 1, &records[3]), OM_OK);
  assert_false(refused);
  reopen(1);
  drain_all(1, t0 + 100);
  assert_int_equal(queued(1), 0);
  assert_int_equal(size(1), before + MANY);
  for (size_t i = 0; i < MANY; i++) {
    struct om_receipt receipt;
    assert_int_equal(find(&index, 1, &records[i]), OM_OK);
    assert_int_equal(index, before + i);
    assert_int_equal(find_queued(&refused, &why, 1, &records[i]), OM_MISSING);
    assert_ok(hand_in(&receipt, TAKE, 1, &records[i], t0 + 200, true), &st);
    assert_true(receipt.again && !receipt.queued);
    assert_int_equal(receipt.index, before + i);
    assert_int_equal(receipt.taken_ms, t0 + 100);
  }
  assert_int_equal(size(1), before + MANY);
  for (size_t i = 0; i < MANY; i++) free(records[i].bytes);
}

/* The power fails before or after each commit in turn. */
static void a_crash_loses_none_and_doubles_none(void **state) {
  (void)state;
  struct record records[MANY];
  struct om_receipt receipt;
  uint64_t before = size(1), index;
  for (size_t i = 0; i < MANY; i++) {
    records[i] = record_extract(&net, MINER, 1, 1, 1000, t0 + 10);
    assert_ok(hand_in(&receipt, QUEUE, 1, &records[i], t0 + 20, false), &st);
    reopen(1);
    assert_int_equal(queued(1), i); /* nobody was told */
    queue(1, &records[i], t0 + 20);
    reopen(1);
    assert_int_equal(queued(1), i + 1);
  }
  for (size_t left = MANY; left > 0; left--) {
    struct om_drain lost = {0}, kept = {0};
    drain(&lost, 1, 1, t0 + 100, false);
    reopen(1);
    assert_int_equal(queued(1), left);
    assert_int_equal(size(1), before + MANY - left);
    drain(&kept, 1, 1, t0 + 100, true);
    reopen(1);
    assert_int_equal(queued(1), left - 1);
    assert_int_equal(size(1), before + MANY - left + 1);
  }
  for (size_t i = 0; i < MANY; i++) {
    assert_int_equal(find(&index, 1, &records[i]), OM_OK);
    assert_int_equal(index, before + i);
    free(records[i].bytes);
  }
}

/* A store that was set back brings back the queue, and the log from its witnesses what was made of it. */
static void what_stands_already_leaves_the_queue(void **state) {
  (void)state;
  struct record record = record_extract(&net, MINER, 1, 1, 1000, t0 + 10);
  struct om_receipt receipt;
  assert_ok(network_submit(&net, 1, ledgers[1], &receipt, record.bytes, record.len, t0 + 15, &st), &st);
  queue(1, &record, t0 + 20);
  uint64_t before = size(1);
  drain_all(1, t0 + 100);
  assert_int_equal(queued(1), 0);
  assert_int_equal(size(1), before);
  assert_int_equal(n_refused, 0);
  free(record.bytes);
}

static void what_leans_on_nothing_final_stays_until_it_is(void **state) {
  (void)state;
  struct om_receipt receipt;
  uint64_t index;
  struct record made = record_extract(&net, MINER, 1, 1, 1000, t0 + 10);
  struct record shipped = record_ship(&net, MINER, &made, SMELTER, t0 + 20);
  struct record received = record_receive(&net, SMELTER, 1, &made, &shipped, t0 + 30);
  struct record other = record_extract(&net, SMELTER, 1, 1, 1000, t0 + 31);
  assert_ok(network_submit(&net, 1, ledgers[1], &receipt, made.bytes, made.len, t0 + 20, &st), &st);
  assert_ok(network_submit(&net, 1, ledgers[1], &receipt, shipped.bytes, shipped.len, t0 + 21, &st), &st);
  assert_ok(network_mirror(&net, ledgers[2], ledgers[1], 1, &st), &st);
  queue(2, &received, t0 + 40);
  queue(2, &other, t0 + 41);
  drain_all(2, t0 + 50);
  assert_int_equal(queued(2), 1);
  assert_int_equal(find(&index, 2, &other), OM_OK);
  /* Whoever asks again is told the same: else it might be made anew, and stand twice. */
  assert_ok(hand_in(&receipt, TAKE, 2, &received, t0 + 60, true), &st);
  assert_true(receipt.queued);
  assert_int_equal(find(&index, 2, &received), OM_MISSING);
  settle(t0 + 70);
  drain_all(2, t0 + 80);
  assert_int_equal(queued(2), 0);
  assert_int_equal(find(&index, 2, &received), OM_OK);
  assert_int_equal(n_refused, 0);
  free(made.bytes), free(shipped.bytes), free(received.bytes), free(other.bytes);
}

static void what_is_refused_goes_and_the_reason_is_kept(void **state) {
  (void)state;
  struct om_status why;
  struct om_receipt receipt;
  bool refused;
  struct record made = record_extract(&net, MINER, 1, 1, 1000, t0 + 10);
  struct record once = record_ship(&net, MINER, &made, SMELTER, t0 + 20);
  struct record twice = record_ship(&net, MINER, &made, 4, t0 + 21);
  struct record late = record_extract(&net, MINER, 1, 1, 1000, t0 + 30);
  const int64_t year_ms = INT64_C(366) * 86400000;
  queue(1, &made, t0 + 40);
  queue(1, &once, t0 + 40);
  queue(1, &twice, t0 + 40);
  drain_all(1, t0 + 50);
  assert_int_equal(n_refused, 1);
  assert_int_equal(queued(1), 0);
  reopen(1);
  assert_int_equal(find_queued(&refused, &why, 1, &twice), OM_OK);
  assert_true(refused);
  assert_int_equal(why.code, OM_REFUSED);
  assert_string_equal(why.rule, refusal.rule);
  assert_string_equal(why.text, refusal.text);
  assert_true(strlen(why.text) > 20);
  /* Too late at the door, or when its turn comes. */
  assert_int_equal(hand_in(&receipt, QUEUE, 1, &late, t0 + year_ms, true), OM_REFUSED);
  assert_string_equal(st.rule, "late");
  queue(1, &late, t0 + 60);
  drain_all(1, t0 + year_ms);
  assert_int_equal(find_queued(&refused, &why, 1, &late), OM_OK);
  assert_string_equal(why.rule, "late");
  /* Handed in again it is judged again. */
  queue(1, &twice, t0 + year_ms - 86400000 * 2);
  assert_int_equal(find_queued(&refused, &why, 1, &twice), OM_OK);
  assert_false(refused);
  assert_int_equal(hand_in(&receipt, TAKE, 1, &twice, t0 + year_ms, true), OM_REFUSED);
  assert_int_equal(queued(1), 0);
  free(made.bytes), free(once.bytes), free(twice.bytes), free(late.bytes);
}

static void the_queue_and_the_reasons_are_bounded(void **state) {
  (void)state;
  struct om_batch *batch;
  struct om_checked *checked;
  struct om_receipt receipt;
  struct om_arena arena = {0};
  bool refused;
  struct om_status why;
  struct record record, first = {0};
  assert_ok(om_batch_begin(&batch, ledgers[1], &st), &st);
  for (size_t i = 0; i <= OM_QUEUED_MAX; i++) {
    record = record_extract(&net, SMELTER, 1, 1, 1000, t0 + 10); /* whose home is elsewhere: refused in the end */
    assert_ok(om_check_statement(&checked, &arena, &net.id, NULL, record.bytes, record.len, &st), &st);
    enum om_code code = om_batch_queue(batch, &receipt, checked, t0 + 20, &st);
    assert_int_equal(code, i < OM_QUEUED_MAX ? OM_OK : OM_BUSY);
    om_arena_reset(&arena);
    if (i == 0)
      first = record;
    else
      free(record.bytes);
  }
  assert_string_equal(st.rule, "queue-full");
  assert_ok(om_check_statement(&checked, &arena, &net.id, NULL, first.bytes, first.len, &st), &st);
  assert_ok(om_batch_queue(batch, &receipt, checked, t0 + 20, &st), &st); /* one that is there takes no room */
  assert_ok(om_batch_commit(batch, NULL, &st), &st);
  om_arena_free(&arena);
  struct om_drain all = {0};
  drain(&all, 1, OM_QUEUED_MAX + 1, t0 + 30, true);
  assert_true(all.done);
  assert_int_equal(queued(1), 0);
  assert_int_equal(n_refused, OM_QUEUED_MAX);
  assert_int_equal(find_queued(&refused, &why, 1, &first), OM_MISSING); /* the eldest reasons are forgotten */
  free(first.bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(what_is_queued_is_recorded_once_and_in_order, begin, end),
      cmocka_unit_test_setup_teardown(a_crash_loses_none_and_doubles_none, begin, end),
      cmocka_unit_test_setup_teardown(what_stands_already_leaves_the_queue, begin, end),
      cmocka_unit_test_setup_teardown(what_leans_on_nothing_final_stays_until_it_is, begin, end),
      cmocka_unit_test_setup_teardown(what_is_refused_goes_and_the_reason_is_kept, begin, end),
      cmocka_unit_test_setup_teardown(the_queue_and_the_reasons_are_bounded, begin, end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
