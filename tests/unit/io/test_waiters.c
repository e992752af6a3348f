/* Who waits for finality is answered once, when it comes, when the time is up, or not at all when gone. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/io/waiters.h"
#include "ledger/queued.h"
#include "support/records.h"

enum { DAEMONS = 4 };

static const int64_t t0 = INT64_C(1795000000000);
static struct network net;
static struct om_ledger *ledgers[DAEMONS];
static char *folder;
static uv_loop_t loop;
static struct om_waiters *waiters;
static struct om_status st;
static struct om_receipt receipt;
static uint64_t answered[64]; /* ids, in order */
static size_t n_answered;

static void on_due(void *owner, const Oremark__Request *request) {
  (void)owner;
  assert_int_equal(request->what_case, OREMARK__REQUEST__WHAT_GET_FINALITY);
  assert_int_equal(request->get_finality->wait_ms, 0);
  assert_int_equal(request->get_finality->member, 1);
  assert_memory_equal(request->get_finality->statement_id.data, receipt.statement_id.bytes, OM_HASH_BYTES);
  answered[n_answered++] = request->id;
}

static int begin(void **state) {
  (void)state;
  char path[4096];
  n_answered = 0;
  network_open(&net, DAEMONS, true);
  folder = temp_folder();
  for (size_t i = 0; i < DAEMONS; i++) {
    snprintf(path, sizeof path, "%s/%zu", folder, i);
    ledgers[i] = network_ledger(&net, i, path);
  }
  om_status_clear(&st);
  assert_int_equal(network_settle(&net, ledgers, t0, &st), OM_OK);
  Oremark__AddSite site = OREMARK__ADD_SITE__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT, *events[] = {&event};
  static const uint32_t signer[] = {1};
  size_t len;
  site.site = 1;
  site.name = (char *)"pit";
  site.country = (char *)"PE";
  site.kind = OREMARK__SITE_KIND__SITE_KIND_MINE;
  event.kind_case = OREMARK__EVENT__KIND_ADD_SITE;
  event.add_site = &site;
  uint8_t *bytes = network_statement(&net, &len, 1, t0, events, 1, signer, 1);
  assert_int_equal(network_submit(&net, 0, ledgers[0], &receipt, bytes, len, t0, &st), OM_OK);
  free(bytes);
  assert_int_equal(uv_loop_init(&loop), 0);
  struct om_waiters_config config = {&loop, om_ledger_store(ledgers[0]), on_due};
  assert_int_equal(om_waiters_new(&waiters, &config, &st), OM_OK);
  return 0;
}

static int end(void **state) {
  (void)state;
  om_waiters_free(waiters);
  uv_run(&loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&loop), 0);
  for (size_t i = 0; i < DAEMONS; i++) om_ledger_close(ledgers[i]);
  remove_folder(folder);
  network_close(&net);
  return 0;
}

static enum om_code add(bool *kept, void *owner, uint64_t id, uint32_t wait_ms, uint8_t flip) {
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__GetFinality get = OREMARK__GET_FINALITY__INIT;
  struct om_hash statement = receipt.statement_id;
  statement.bytes[0] ^= flip;
  get.member = 1;
  get.signed_ms = t0;
  get.statement_id = (ProtobufCBinaryData){sizeof statement.bytes, statement.bytes};
  get.wait_ms = wait_ms;
  request.id = id;
  request.what_case = OREMARK__REQUEST__WHAT_GET_FINALITY;
  request.get_finality = &get;
  return om_waiters_add(waiters, kept, owner, &request, &st);
}

static void waits(void *owner, uint64_t id, uint32_t wait_ms) {
  bool kept;
  assert_int_equal(add(&kept, owner, id, wait_ms, 0), OM_OK);
  assert_true(kept);
}

static void test_only_what_is_pending_waits(void **state) {
  (void)state;
  bool kept;
  assert_int_equal(add(&kept, &net, 1, 0, 0), OM_OK);
  assert_false(kept); /* not asked to */
  assert_int_equal(add(&kept, &net, 1, 1000, 1), OM_OK);
  assert_false(kept); /* unknown */
  assert_int_equal(network_settle(&net, ledgers, t0, &st), OM_OK);
  assert_int_equal(add(&kept, &net, 1, 1000, 0), OM_OK);
  assert_false(kept); /* final */
  assert_int_equal(n_answered, 0);
}

static void test_a_flush_that_makes_it_final_ends_the_waiting(void **state) {
  (void)state;
  waits(&net, 7, 600000);
  waits(&loop, 8, 600000);
  om_waiters_settled(waiters);
  assert_int_equal(n_answered, 0);
  assert_int_equal(network_settle(&net, ledgers, t0, &st), OM_OK);
  om_waiters_settled(waiters);
  assert_int_equal(n_answered, 2);
  assert_int_equal(answered[0] + answered[1], 15);
  om_waiters_settled(waiters);
  assert_int_equal(n_answered, 2);
}

static void test_a_quorum_ends_the_waiting_for_what_it_covers(void **state) {
  (void)state;
  waits(&net, 7, 600000);
  assert_false(om_waiters_reached(waiters, 0, receipt.index));
  assert_false(om_waiters_reached(waiters, 1, receipt.index + 1)); /* of another log */
  assert_int_equal(n_answered, 0);
  assert_true(om_waiters_reached(waiters, 0, receipt.index + 1));
  assert_int_equal(n_answered, 1);
  assert_false(om_waiters_reached(waiters, 0, receipt.index + 1));
}

/* A site after none: it will be refused. */
static void queue_a_bad_one(void) {
  struct om_batch *batch;
  struct om_arena arena = {0};
  struct om_checked *checked;
  struct om_hash none = {{1}};
  struct record bad = record_site(&net, 1, 9, &none, OREMARK__SITE_KIND__SITE_KIND_MINE, t0);
  assert_int_equal(om_batch_begin(&batch, ledgers[0], &st), OM_OK);
  assert_int_equal(om_check_statement(&checked, &arena, &net.id, NULL, bad.bytes, bad.len, &st), OM_OK);
  assert_int_equal(om_batch_queue(batch, &receipt, checked, t0, &st), OM_OK);
  assert_int_equal(om_batch_commit(batch, NULL, &st), OM_OK);
  om_arena_free(&arena);
  free(bad.bytes);
}

static void test_what_is_queued_is_waited_for_until_it_is_decided(void **state) {
  (void)state;
  struct om_drain drain = {0};
  struct om_batch *batch;
  struct om_signers_keys keys = network_signers(&net, 0);
  queue_a_bad_one();
  waits(&net, 7, 600000);
  om_waiters_settled(waiters);
  assert_int_equal(n_answered, 0);
  assert_int_equal(om_batch_begin(&batch, ledgers[0], &st), OM_OK);
  assert_int_equal(om_batch_drain(batch, &drain, 9, t0, &st), OM_OK);
  assert_int_equal(om_batch_commit(batch, &keys, &st), OM_OK);
  om_waiters_settled(waiters);
  assert_int_equal(n_answered, 1);
  assert_int_equal(answered[0], 7);
}

static void test_the_time_is_kept(void **state) {
  (void)state;
  waits(&net, 1, 60);
  waits(&net, 2, 20);
  waits(&net, 3, 600000);
  uint64_t began = uv_hrtime();
  while (n_answered < 2) uv_run(&loop, UV_RUN_ONCE);
  assert_true(uv_hrtime() - began >= UINT64_C(50000000));
  assert_int_equal(answered[0], 2);
  assert_int_equal(answered[1], 1);
  om_waiters_forget(waiters, &net);
}

static void test_whoever_has_gone_is_forgotten(void **state) {
  (void)state;
  uint64_t id;
  waits(&net, 1, 600000);
  waits(&loop, 2, 600000);
  waits(&net, 3, 600000);
  om_waiters_forget(waiters, &net);
  assert_true(om_waiters_take(waiters, &id, &loop));
  assert_int_equal(id, 2);
  assert_false(om_waiters_take(waiters, &id, &loop));
  assert_int_equal(network_settle(&net, ledgers, t0, &st), OM_OK);
  om_waiters_settled(waiters);
  assert_int_equal(n_answered, 0);
}

static void test_waiters_are_few(void **state) {
  (void)state;
  static uint8_t owners[OM_WAITERS_MAX];
  bool kept;
  for (uint64_t i = 0; i < OM_WAITERS_OWNER_MAX; i++) waits(&owners[0], i, 600000);
  assert_int_equal(add(&kept, &owners[0], 99, 600000, 0), OM_BUSY);
  assert_false(kept);
  size_t n = OM_WAITERS_OWNER_MAX;
  for (size_t i = 1; n < OM_WAITERS_MAX; i++, n++) waits(&owners[i], i, 600000);
  assert_int_equal(add(&kept, &owners[OM_WAITERS_MAX - 1], 99, 600000, 0), OM_BUSY);
  for (size_t i = 0; i < OM_WAITERS_MAX; i++) om_waiters_forget(waiters, &owners[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_only_what_is_pending_waits, begin, end),
      cmocka_unit_test_setup_teardown(test_a_flush_that_makes_it_final_ends_the_waiting, begin, end),
      cmocka_unit_test_setup_teardown(test_a_quorum_ends_the_waiting_for_what_it_covers, begin, end),
      cmocka_unit_test_setup_teardown(test_what_is_queued_is_waited_for_until_it_is_decided, begin, end),
      cmocka_unit_test_setup_teardown(test_the_time_is_kept, begin, end),
      cmocka_unit_test_setup_teardown(test_whoever_has_gone_is_forgotten, begin, end),
      cmocka_unit_test_setup_teardown(test_waiters_are_few, begin, end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
