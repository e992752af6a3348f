/* What the writer makes of entries that the log has not signed, and of one that no log may hold. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/io/batch.h"
#include "daemon/io/checkers.h"
#include "support/lie.h"

static struct lie l; /* large: not on the stack */

struct writer {
  struct om_queue queue;
  struct om_batches batches;
  struct om_signers_keys keys;
};

static void open_writer(struct writer *w, size_t daemon) {
  memset(w, 0, sizeof *w);
  assert_int_equal(om_queue_init(&w->queue, &l.st), OM_OK);
  w->keys = network_signers(&l.net, daemon);
  w->batches = (struct om_batches){.queue = &w->queue, .ledger = l.ledgers[daemon], .keys = &w->keys};
}

/* What came of ACTION, by code. */
static enum om_code write_job(struct writer *w, struct om_action *action, enum om_job_class class) {
  bool committed;
  struct om_job *job = om_job_action(action);
  om_queue_add(&w->queue, job);
  om_checkers_work(&w->queue, w->batches.ledger);
  assert_int_equal(om_batches_run(&w->batches, &committed, &l.st), OM_OK);
  struct om_job *done = om_queue_finished(&w->queue, class);
  assert_ptr_equal(done, job);
  enum om_code code = job->code;
  om_action_free(&job->action);
  om_job_free(job);
  return code;
}

/* The bad entry and what stands behind it, proven by HEAD. */
static struct om_action bad_entries(const struct lie_head *head) {
  static const uint8_t behind[LIE_BEHIND] = {0, 1, 2, 3, 4};
  struct om_action action = {.kind = OM_ACTION_APPLY, .log = LIE_LOG, .start = l.index, .n = 1 + LIE_BEHIND};
  action.entries = calloc(action.n, sizeof *action.entries);
  assert_non_null(action.entries);
  action.entries[0] = (struct om_span){l.bad, l.bad_len};
  for (size_t i = 0; i < LIE_BEHIND; i++) action.entries[i + 1] = (struct om_span){&behind[i], 1};
  action.proven = lie_proven(&l, head, action.start, action.entries, action.n);
  return action;
}

static enum om_code bring(struct writer *w, const struct lie_head *head) {
  struct om_action action = bad_entries(head);
  return write_job(w, &action, OM_CLASS_MIRRORED);
}

static void assert_held(size_t daemon, bool stopped, uint32_t evidence) {
  struct om_log_info info = lie_info(&l, daemon);
  assert_int_equal(info.size, l.index);
  assert_int_equal(info.stopped, stopped);
  assert_int_equal(info.evidence, evidence);
}

static void test_a_bad_entry(void **state) {
  (void)state;
  for (int malformed = 0; malformed < 2; malformed++) {
    struct writer w;
    lie_open(&l, 20);
    struct lie_head before = lie_head(&l);
    lie_tell(&l, malformed);
    struct lie_head head = lie_head(&l);
    open_writer(&w, 2);
    assert_int_equal(bring(&w, &before), OM_NO); /* whoever brings it may have made it up... */
    assert_held(2, false, 0);
    l.bad[0] ^= 1;
    assert_int_equal(bring(&w, &head), OM_NO); /* ...as here... */
    assert_held(2, false, 0);
    l.bad[0] ^= 1;
    head.note[head.len - 10] ^= 1;
    assert_int_equal(bring(&w, &head), OM_NO); /* ...or here... */
    assert_held(2, false, 0);
    head.note[head.len - 10] ^= 1;
    assert_int_equal(bring(&w, &head), malformed ? OM_MALFORMED : OM_REFUSED); /* ...but the log has signed this */
    assert_held(2, true, 1);
    om_queue_end(&w.queue);
    lie_close(&l);
  }
}

/* What daemon 4 lacks of the log: its entries are the reader's, of TXN. */
static struct om_action rest_of_log(struct om_txn *txn, uint64_t start) {
  struct om_action action = {.kind = OM_ACTION_APPLY, .log = LIE_LOG, .start = start};
  struct lie_head head = lie_head(&l);
  action.n = (size_t)(l.index - start);
  action.entries = calloc(action.n, sizeof *action.entries);
  assert_non_null(action.entries);
  for (size_t i = 0; i < action.n; i++) {
    struct om_bytes entry;
    assert_int_equal(om_log_entry(txn, &entry, LIE_LOG, start + i, &l.st), OM_OK);
    action.entries[i] = (struct om_span){entry.data, entry.len};
  }
  action.proven = lie_proven(&l, &head, start, action.entries, action.n);
  return action;
}

/* Good entries in another order, or one left out: each is what it was, and nothing of it is taken. The same with the
 * head that proves it is taken, and that is kept: it can be proven to others. */
static void test_only_what_is_proven(void **state) {
  (void)state;
  struct writer w;
  struct om_txn *txn;
  lie_open(&l, 30);
  open_writer(&w, 4);
  uint64_t start = lie_info(&l, 4).size, size;
  assert_int_equal(om_txn_read(&txn, om_ledger_store(l.ledgers[LIE_LOG]), &l.st), OM_OK);
  struct om_action action = rest_of_log(txn, start);
  struct om_span swapped = action.entries[3];
  action.entries[3] = action.entries[4];
  action.entries[4] = swapped;
  assert_int_equal(write_job(&w, &action, OM_CLASS_MIRRORED), OM_NO);
  assert_int_equal(lie_info(&l, 4).size, start);
  action = rest_of_log(txn, start);
  action.proven->before.hashes[0].bytes[0] ^= 1;
  assert_int_equal(write_job(&w, &action, OM_CLASS_MIRRORED), OM_NO);
  action = rest_of_log(txn, start);
  assert_int_equal(write_job(&w, &action, OM_CLASS_MIRRORED), OM_OK);
  assert_int_equal(lie_info(&l, 4).size, l.index);
  om_txn_abort(txn);
  assert_int_equal(om_txn_read(&txn, om_ledger_store(l.ledgers[4]), &l.st), OM_OK);
  assert_int_equal(om_provable_size(txn, &size, LIE_LOG, l.index, &l.st), OM_OK);
  assert_int_equal(size, l.index);
  om_txn_abort(txn);
  om_queue_end(&w.queue);
  lie_close(&l);
}

/* What an act states that waits to be accepted: SIZE entries with ROOT. */
static void want(struct om_ledger *ledger, uint64_t size, const struct om_hash *root) {
  struct om_batch *batch;
  uint8_t rows[(LIE_LOG + 1) * (8 + OM_HASH_BYTES)] = {0}, *row = rows + LIE_LOG * (8 + OM_HASH_BYTES);
  om_be64(row, size);
  memcpy(row + 8, root->bytes, OM_HASH_BYTES);
  assert_int_equal(om_batch_begin(&batch, ledger, &l.st), OM_OK);
  om_txn_put(om_batch_txn(batch), OM_TABLE_META, "wanted", 6, rows, sizeof rows);
  assert_int_equal(om_batch_commit(batch, NULL, &l.st), OM_OK);
}

/* Before an act can be accepted, what it states is fetched: proven by no head, but up to the root that is stated. */
static void test_what_is_stated_is_proven_to_it(void **state) {
  (void)state;
  struct writer w;
  struct om_txn *txn;
  lie_open(&l, 30);
  open_writer(&w, 4);
  uint64_t start = lie_info(&l, 4).size;
  struct om_log_info whole = lie_info(&l, LIE_LOG);
  assert_int_equal(om_txn_read(&txn, om_ledger_store(l.ledgers[LIE_LOG]), &l.st), OM_OK);
  for (int i = 0; i < 3; i++) { /* nothing is stated; other entries; those that are stated */
    struct om_action action = rest_of_log(txn, start);
    action.proven->note = NULL;
    action.proven->len = 0;
    if (i == 1) {
      want(l.ledgers[4], whole.size, &whole.root);
      action.entries[3] = action.entries[4];
    }
    const enum om_code due[] = {OM_MISSING, OM_NO, OM_OK};
    assert_int_equal(write_job(&w, &action, OM_CLASS_MIRRORED), due[i]);
    assert_int_equal(lie_info(&l, 4).size, i == 2 ? whole.size : start);
  }
  om_txn_abort(txn);
  om_queue_end(&w.queue);
  lie_close(&l);
}

/* ---- a log that changes between two slices of one job ---- */

static void check_slice(struct writer *w, struct om_slice *slice) {
  struct om_txn *txn;
  slice->memory = calloc(1, sizeof *slice->memory);
  assert_non_null(slice->memory);
  assert_int_equal(om_txn_read(&txn, om_ledger_store(w->batches.ledger), &l.st), OM_OK);
  for (size_t i = slice->from; i < slice->upto; i++) {
    struct om_job_item *item = &slice->job->items[i];
    assert_int_equal(
        om_check_entry(&item->checked, &slice->memory->arena, &l.net.id, txn, item->bytes.data, item->bytes.len, &l.st),
        OM_OK);
  }
  om_txn_abort(txn);
  om_queue_checked(&w->queue, slice);
}

static void test_the_log_grows_between_two_slices(void **state) {
  (void)state;
  struct writer w;
  struct om_txn *txn;
  struct om_slice first, second;
  bool committed;
  lie_open(&l, 2 * OM_JOB_SLICE_ITEMS);
  open_writer(&w, 4);
  uint64_t start = lie_info(&l, 4).size;
  assert_int_equal(om_txn_read(&txn, om_ledger_store(l.ledgers[LIE_LOG]), &l.st), OM_OK);
  struct om_action action = rest_of_log(txn, start);
  struct om_job *job = om_job_action(&action);
  om_queue_add(&w.queue, job);
  assert_true(om_queue_claim_now(&w.queue, &first));
  assert_true(om_queue_claim_now(&w.queue, &second));
  check_slice(&w, &first);
  assert_int_equal(om_batches_run(&w.batches, &committed, &l.st), OM_OK);
  assert_int_equal(lie_info(&l, 4).size, start + OM_JOB_SLICE_ITEMS);
  assert_int_equal(network_mirror(&l.net, l.ledgers[4], l.ledgers[LIE_LOG], LIE_LOG, &l.st), OM_OK);
  check_slice(&w, &second);
  assert_int_equal(om_batches_run(&w.batches, &committed, &l.st), OM_OK);
  assert_ptr_equal(om_queue_finished(&w.queue, OM_CLASS_MIRRORED), job);
  assert_int_equal(job->code, OM_OK);
  assert_int_equal(job->size, l.index);
  assert_false(job->cut);
  om_action_free(&job->action);
  om_job_free(job);
  om_txn_abort(txn);
  om_queue_end(&w.queue);
  lie_close(&l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_bad_entry),
      cmocka_unit_test(test_only_what_is_proven),
      cmocka_unit_test(test_what_is_stated_is_proven_to_it),
      cmocka_unit_test(test_the_log_grows_between_two_slices),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
