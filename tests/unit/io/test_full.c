/* A store that has no room for what was queued before this daemon was ready: whoever waits is told so, at once, and the
 * writer comes to rest. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/io/batch.h"
#include "daemon/io/checkers.h"
#include "daemon/io/wall.h"
#include "support/records.h"

enum { MAP_BYTES = 1 << 20, TURNS_MAX = 10 };

struct rig {
  struct network net;
  char *path;
  struct om_ledger *ledger;
  struct om_signers_keys keys;
  struct om_queue queue;
  struct om_batches batches;
  struct om_hash previous;
  uint32_t sites;
  struct om_status st;
};

static struct rig r; /* large: not on the stack */

static struct record next_site(void) {
  struct record record = record_site(&r.net, 1, r.sites + 1, r.sites > 0 ? &r.previous : NULL,
                                     OREMARK__SITE_KIND__SITE_KIND_MINE, om_wall_ms());
  r.previous = record_event(&r.net, &record);
  r.sites++;
  return record;
}

/* N more statements wait in the store, if there is room. */
static enum om_code queue_more(size_t n) {
  struct om_batch *batch;
  struct om_txn *txn;
  enum om_code code = om_batch_begin(&batch, r.ledger, &r.st);
  assert_int_equal(code, OM_OK);
  txn = om_batch_txn(batch);
  for (size_t i = 0; i < n && code == OM_OK; i++) {
    struct om_arena arena = {0};
    struct om_checked *checked;
    struct om_receipt receipt;
    struct record record = next_site();
    assert_int_equal(om_check_statement(&checked, &arena, &r.net.id, txn, record.bytes, record.len, &r.st), OM_OK);
    code = om_batch_queue(batch, &receipt, checked, om_wall_ms(), &r.st);
    om_arena_free(&arena);
    free(record.bytes);
  }
  if (code == OM_OK) return om_batch_commit(batch, &r.keys, &r.st);
  om_batch_abort(batch);
  return code;
}

static void begin(void) {
  memset(&r, 0, sizeof r);
  network_open(&r.net, 1, false);
  r.path = temp_folder();
  assert_int_equal(om_ledger_open(&r.ledger, r.path, MAP_BYTES, r.net.genesis, r.net.genesis_len,
                                  om_secret_public(r.net.link_keys[0]), &r.st),
                   OM_OK);
  r.keys = network_signers(&r.net, 0);
  assert_int_equal(om_queue_init(&r.queue, &r.st), OM_OK);
  r.batches = (struct om_batches){.queue = &r.queue, .ledger = r.ledger, .keys = &r.keys};
  enum om_code code;
  while ((code = queue_more(64)) == OM_OK) {
  }
  assert_int_equal(code, OM_FULL);
  r.batches.ready = true;
}

static void finish(void) {
  om_queue_end(&r.queue);
  om_ledger_close(r.ledger);
  remove_folder(r.path);
  network_close(&r.net);
}

/* Runs batches as the writer does: as long as something is there to be written, and it does not pass with time. */
static size_t run(void) {
  size_t turns = 0;
  bool committed;
  for (bool more = true; more && turns < TURNS_MAX; turns++) {
    assert_int_equal(om_batches_run(&r.batches, &committed, &r.st), OM_OK);
    more = r.queue.nudged || om_queue_urgent(&r.queue);
    r.queue.nudged = false;
  }
  return turns;
}

static void a_submission_is_answered(void **state) {
  (void)state;
  begin();
  struct om_job *job = om_job_submit(NULL);
  struct record record = next_site();
  assert_true(om_job_add(job, 1, record.bytes, record.len));
  free(record.bytes);
  om_queue_add(&r.queue, job);
  om_checkers_work(&r.queue, r.ledger);
  assert_in_range(run(), 1, TURNS_MAX - 1);
  assert_ptr_equal(om_queue_finished(&r.queue, OM_CLASS_SUBMISSIONS), job);
  assert_non_null(job->items[0].why);
  assert_int_equal(job->items[0].why->code, OM_FULL);
  om_job_free(job);
  finish();
}

/* What was in the batch is out of the way then: what is queued is tried once more, by itself. */
static void a_dropped_batch_is_followed_by_another(void **state) {
  (void)state;
  bool committed;
  begin();
  struct om_action action = {.kind = OM_ACTION_FINAL, .bytes = calloc(1, 1), .len = 1};
  struct om_job *job = om_job_action(&action);
  om_queue_add(&r.queue, job);
  assert_int_equal(om_batches_run(&r.batches, &committed, &r.st), OM_OK);
  assert_ptr_equal(om_queue_finished(&r.queue, OM_CLASS_HEADS), job);
  assert_int_equal(job->code, OM_FULL);
  assert_true(r.queue.nudged);
  r.queue.nudged = false;
  assert_in_range(run(), 1, TURNS_MAX - 1);
  om_action_free(&job->action);
  om_job_free(job);
  finish();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_submission_is_answered),
      cmocka_unit_test(a_dropped_batch_is_followed_by_another),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
