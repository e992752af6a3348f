/* A statement that is refused leaves the marks that it asked for; how many is told, so that somebody can be named. */
#include "support/test.h"

#include <stdlib.h>

#include "support/custody.h"
#include "support/records.h"

enum { N = 3, OWNER = 2, CONSIGNEE = 3 };
static const int64_t t0 = INT64_C(1710000000000);

static void submit(struct network *net, struct om_ledger **ledgers, size_t daemon, struct record r) {
  struct om_status st = {0};
  record_submit(net, ledgers, daemon, &r, t0);
  free(r.bytes);
  assert_ok(network_settle(net, ledgers, t0, &st), &st);
}

static void a_refused_statement_tells_its_marks(void **state) {
  (void)state;
  struct network net;
  char *folders[N];
  struct om_ledger *ledgers[N];
  struct custody c = {0}; /* its arena alone */
  struct om_arena arena = {0};
  struct om_status st = {0};
  struct om_txn *txn;
  struct om_batch *batch;
  struct om_checked *checked;
  struct om_receipt receipt;
  uint8_t number[OM_LOT_NUMBER_BYTES];
  uint32_t signer = CONSIGNEE;
  record_network(&net, folders, ledgers, N, true, OWNER, t0);
  assert_ok(network_settle(&net, ledgers, t0, &st), &st);
  struct record lot = record_extract(&net, OWNER, 1, 1, 1000000, t0);
  network_lot(&net, number, NULL, lot.bytes, lot.len, 0, 0);
  struct record shipped = record_ship(&net, OWNER, &lot, CONSIGNEE, t0);
  struct om_hash last = record_event(&net, &shipped);
  submit(&net, ledgers, OWNER - 1, lot);
  submit(&net, ledgers, OWNER - 1, shipped);
  Oremark__LotRef *ref = at_place(&c, 0, 0);
  ref->number = (ProtobufCBinaryData){sizeof number, number};
  ref->last_event = (ProtobufCBinaryData){sizeof last.bytes, last.bytes};
  Oremark__Event *twice[] = {reject(&c, LOTS(ref)), reject(&c, LOTS(ref))};
  struct record r;
  r.bytes = network_statement(&net, &r.len, CONSIGNEE, t0, twice, 2, &signer, 1);
  uint64_t before = network_info(ledgers[CONSIGNEE - 1], CONSIGNEE - 1).size;
  assert_ok(om_txn_read(&txn, om_ledger_store(ledgers[CONSIGNEE - 1]), &st), &st);
  assert_ok(om_check_statement(&checked, &arena, &net.id, txn, r.bytes, r.len, &st), &st);
  om_txn_abort(txn);
  assert_int_equal(checked->marks, 0);
  assert_ok(om_batch_begin(&batch, ledgers[CONSIGNEE - 1], &st), &st);
  assert_int_equal(om_batch_submit(batch, &receipt, checked, t0, &st), OM_REFUSED);
  struct om_signers_keys keys = network_signers(&net, CONSIGNEE - 1);
  assert_ok(om_batch_commit(batch, &keys, &st), &st);
  assert_true(checked->marks > 0);
  assert_int_equal(network_info(ledgers[CONSIGNEE - 1], CONSIGNEE - 1).size, before + checked->marks);
  free(r.bytes);
  om_arena_free(&arena);
  om_arena_free(&c.arena);
  network_close_ledgers(&net, folders, ledgers);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_refused_statement_tells_its_marks)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
