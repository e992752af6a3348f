/* What was verified once is not judged again, and only as long as its bytes are the same. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_state.h"
#include "ledger/rebuild.h"
#include "ledger/verify.h"
#include "support/records.h"

enum { N = 4, OWNER = 2, CONSIGNEE = 3 };
static const int64_t t0 = INT64_C(1710000000000);

struct fixture {
  struct network net;
  char *folders[N];
  struct om_ledger *ledgers[N];
  size_t asked; /* whose store is */
  struct record lot, shipped, received;
  uint8_t number[OM_LOT_NUMBER_BYTES];
  struct om_verify_memory *memory;
};

static void settle(struct fixture *f, int64_t at) {
  struct om_status st;
  assert_ok(network_settle(&f->net, f->ledgers, at, &st), &st);
}

static void submit(struct fixture *f, size_t daemon, const struct record *r, int64_t at) {
  record_submit(&f->net, f->ledgers, daemon, r, at);
}

static int setup(void **state) {
  struct fixture *f = calloc(1, sizeof *f);
  assert_non_null(f);
  record_network(&f->net, f->folders, f->ledgers, N, true, OWNER, t0);
  record_first_site(&f->net, f->ledgers, CONSIGNEE, OREMARK__SITE_KIND__SITE_KIND_PLANT, t0);
  settle(f, t0 + 1000);
  f->lot = record_extract(&f->net, OWNER, 1, 1, 1000000, t0 + 2000);
  submit(f, OWNER - 1, &f->lot, t0 + 2000);
  f->shipped = record_ship(&f->net, OWNER, &f->lot, CONSIGNEE, t0 + 3000);
  submit(f, OWNER - 1, &f->shipped, t0 + 3000);
  settle(f, t0 + 4000);
  network_lot(&f->net, f->number, NULL, f->lot.bytes, f->lot.len, 0, 0);
  f->memory = om_verify_memory_new(OM_VERIFY_MEMORY_BYTES);
  f->asked = N - 1;
  *state = f;
  return 0;
}

static int teardown(void **state) {
  struct fixture *f = *state;
  for (size_t i = 0; i < N; i++) {
    om_ledger_close(f->ledgers[i]);
    remove_folder(f->folders[i]);
  }
  om_verify_memory_free(f->memory);
  free(f->lot.bytes);
  free(f->shipped.bytes);
  free(f->received.bytes);
  network_close(&f->net);
  free(f);
  return 0;
}

static bool note_judging(void *ctx, const char *step, uint64_t done, uint64_t total) {
  (void)done, (void)total;
  if (strcmp(step, "judging") == 0) *(bool *)ctx = true;
  return true;
}

/* What TXN says of the lot; *JUDGED whether the rules were asked. */
static struct om_verdict asked(struct fixture *f, struct om_txn *txn, bool *judged, bool deep) {
  struct om_arena arena = {0};
  struct om_status st;
  struct om_verdict out;
  const struct om_progress progress = {note_judging, judged};
  const struct om_verify_ask ask = {.number = f->number, .deep = deep, .progress = &progress, .memory = f->memory};
  *judged = false;
  assert_ok(om_verify_asked(txn, &arena, &out, &f->net.id, &ask, &st), &st);
  om_arena_free(&arena);
  return out;
}

static struct om_verdict asked_now(struct fixture *f, bool *judged, bool deep) {
  struct om_txn *txn;
  struct om_status st;
  assert_ok(om_txn_read(&txn, om_ledger_store(f->ledgers[f->asked]), &st), &st);
  struct om_verdict out = asked(f, txn, judged, deep);
  om_txn_abort(txn);
  return out;
}

static void judged_once(void **state) {
  struct fixture *f = *state;
  bool judged;
  struct om_verdict first = asked_now(f, &judged, false);
  assert_true(first.verified && judged);
  struct om_verdict second = asked_now(f, &judged, false);
  assert_true(second.verified);
  assert_false(judged);
  assert_memory_equal(first.checks, second.checks, sizeof first.checks);
  assert_true(asked_now(f, &judged, true).verified && judged); /* signatures are what is asked for */
}

/* Every byte of the entries that it rests on. */
static void altered_bytes_are_judged_anew(void **state) {
  struct fixture *f = *state;
  struct om_txn *txn;
  struct om_status st;
  bool judged;
  size_t tried = 0;
  for (uint64_t index = 1; index <= 3; index++) {
    for (size_t at = 0, len = 1; at < len; at++, tried++) {
      uint8_t key[OM_LOG_ENTRY_KEY_BYTES], bytes[OM_ENTRY_MAX_BYTES];
      struct om_bytes row;
      assert_true(asked_now(f, &judged, false).verified && judged); /* what was found altered is forgotten */
      assert_ok(om_txn_write(&txn, om_ledger_store(f->ledgers[f->asked]), &st), &st);
      om_log_entry_key(key, 1, index);
      if (!om_txn_get(txn, &row, OM_TABLE_ENTRIES, key, sizeof key)) {
        om_txn_abort(txn);
        break;
      }
      len = row.len;
      memcpy(bytes, row.data, len);
      bytes[at] ^= (uint8_t)(1u << at % 8);
      om_txn_put(txn, OM_TABLE_ENTRIES, key, sizeof key, bytes, len);
      struct om_verdict out = asked(f, txn, &judged, false);
      om_txn_abort(txn);
      if (out.verified) fail_msg("byte %zu of entry %llu was changed unseen", at, (unsigned long long)index);
    }
  }
  assert_true(tried > 500);
}

/* The lot is received: the answer is about one record more. */
static void a_lot_that_went_on(void **state) {
  struct fixture *f = *state;
  bool judged;
  struct om_verdict before = asked_now(f, &judged, false);
  f->received = record_receive(&f->net, CONSIGNEE, 1, &f->lot, &f->shipped, t0 + 5000);
  submit(f, CONSIGNEE - 1, &f->received, t0 + 5000);
  settle(f, t0 + 6000);
  struct om_verdict after = asked_now(f, &judged, false);
  assert_true(before.verified && after.verified && judged);
  assert_int_equal(after.records, before.records + 1);
  after = asked_now(f, &judged, false);
  assert_true(after.verified && !judged);
}

/* By it a key may be revoked, which is told at once. */
static void an_act_that_is_not_final_yet(void **state) {
  struct fixture *f = *state;
  bool judged;
  f->asked = 0;
  for (int i = 0; i < 2; i++) assert_true(asked_now(f, &judged, false).verified && judged == (i == 0));
  f->received = record_site(&f->net, N, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0 + 5000);
  submit(f, 0, &f->received, t0 + 5000);
  assert_true(asked_now(f, &judged, false).verified && judged);
}

/* What was cut may have held marks that bear on the lot, also when the same has come back and is cut again. */
static void a_cut_of_the_same_again(void **state) {
  struct fixture *f = *state;
  struct om_status st;
  struct om_ledger *home = f->ledgers[OWNER - 1], *mirror = f->ledgers[f->asked];
  const struct om_cut cut = {OWNER - 1, network_info(home, OWNER - 1).size};
  bool judged;
  f->received = record_extract(&f->net, OWNER, 1, 2, 1000000, t0 + 5000);
  submit(f, OWNER - 1, &f->received, t0 + 5000);
  assert_ok(network_mirror(&f->net, mirror, home, OWNER - 1, &st), &st);
  for (int i = 0; i < 3; i++) {
    asked_now(f, &judged, false);
    assert_true(asked_now(f, &judged, false).verified && !judged);
    assert_ok(om_ledger_rebuild(mirror, &cut, 1, &st), &st);
    assert_ok(network_mirror(&f->net, mirror, home, OWNER - 1, &st), &st);
    assert_true(asked_now(f, &judged, false).verified && judged);
  }
}

static void what_is_too_large_is_not_kept(void **state) {
  struct fixture *f = *state;
  bool judged;
  om_verify_memory_free(f->memory);
  f->memory = om_verify_memory_new(100);
  for (int i = 0; i < 2; i++) assert_true(asked_now(f, &judged, false).verified && judged);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(judged_once),
      TEST(altered_bytes_are_judged_anew),
      TEST(a_lot_that_went_on),
      TEST(an_act_that_is_not_final_yet),
      TEST(a_cut_of_the_same_again),
      TEST(what_is_too_large_is_not_kept),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
