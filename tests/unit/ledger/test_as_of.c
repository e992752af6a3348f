/* What a lot was as of a size or a time: by the logs alone, and verified so far. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/as_of.h"
#include "ledger/verify.h"
#include "support/records.h"

enum { N = 4, OWNER = 2, CONSIGNEE = 3, HOUR_MS = 3600000 };
static const int64_t t0 = INT64_C(1710000000000);

struct fixture {
  struct network net;
  char *folders[N];
  struct om_ledger *ledgers[N];
  struct record lot, shipped, received;
  struct om_receipt receipts[3]; /* of the lot's three events */
  uint8_t number[OM_LOT_NUMBER_BYTES];
};

static void settle(struct fixture *f, int64_t at) {
  struct om_status st;
  assert_ok(network_settle(&f->net, f->ledgers, at, &st), &st);
}

static struct om_receipt submit(struct fixture *f, size_t daemon, const struct record *r, int64_t at) {
  return record_submit(&f->net, f->ledgers, daemon, r, at);
}

/* A lot that is made, shipped and received an hour after the other, and each time final within the hour. */
static struct fixture *begin(bool witnessed) {
  struct fixture *f = calloc(1, sizeof *f);
  assert_non_null(f);
  record_network(&f->net, f->folders, f->ledgers, N, witnessed, OWNER, t0);
  record_first_site(&f->net, f->ledgers, CONSIGNEE, OREMARK__SITE_KIND__SITE_KIND_PLANT, t0);
  settle(f, t0 + 1000);
  f->lot = record_extract(&f->net, OWNER, 1, 1, 1000000, t0 + HOUR_MS);
  f->receipts[0] = submit(f, OWNER - 1, &f->lot, t0 + HOUR_MS);
  settle(f, t0 + HOUR_MS + 60000);
  f->shipped = record_ship(&f->net, OWNER, &f->lot, CONSIGNEE, t0 + 2 * HOUR_MS);
  f->receipts[1] = submit(f, OWNER - 1, &f->shipped, t0 + 2 * HOUR_MS);
  settle(f, t0 + 2 * HOUR_MS + 60000);
  f->received = record_receive(&f->net, CONSIGNEE, 1, &f->lot, &f->shipped, t0 + 3 * HOUR_MS);
  f->receipts[2] = submit(f, CONSIGNEE - 1, &f->received, t0 + 3 * HOUR_MS);
  network_lot(&f->net, f->number, NULL, f->lot.bytes, f->lot.len, 0, 0);
  return f;
}

static int setup(void **state) {
  *state = begin(true);
  settle(*state, t0 + 3 * HOUR_MS + 60000);
  return 0;
}

static int teardown(void **state) {
  struct fixture *f = *state;
  network_close_ledgers(&f->net, f->folders, f->ledgers);
  free(f->lot.bytes), free(f->shipped.bytes), free(f->received.bytes);
  free(f);
  return 0;
}

enum { NOT_THEN = -1, NOT_FINAL = -2 };

/* The step as of MOMENT at the consignee's, or why there is none. */
static int ask(struct fixture *f, struct om_as_of *out, struct om_moment moment) {
  struct om_txn *txn;
  struct om_status st;
  assert_ok(om_txn_read(&txn, om_ledger_store(f->ledgers[CONSIGNEE - 1]), &st), &st);
  enum om_code code = om_as_of(txn, out, f->number, &moment, &st);
  om_txn_abort(txn);
  if (code == OM_OK) return (int)out->step;
  assert_string_equal(st.rule, "as-of");
  return code == OM_MISSING ? NOT_THEN : code == OM_WAIT ? NOT_FINAL : -3;
}

static int at_time(struct fixture *f, struct om_as_of *out, int64_t ms) {
  return ask(f, out, (struct om_moment){.origin = "", .time_ms = ms});
}

static int at_size(struct fixture *f, const char *origin, uint64_t size) {
  struct om_as_of out;
  return ask(f, &out, (struct om_moment){true, origin, size, 0});
}

static void what_was_final_by_a_time(void **state) {
  struct fixture *f = *state;
  struct om_as_of is;
  assert_int_equal(at_time(f, &is, t0), NOT_THEN);
  assert_int_equal(at_time(f, &is, t0 + HOUR_MS + 60999), NOT_THEN); /* taken in, but not final yet */
  assert_int_equal(at_time(f, &is, t0 + HOUR_MS + 61000), 0);
  assert_true(is.later && !is.by_taken);
  assert_int_equal(is.at.taken_ms, t0 + HOUR_MS);
  assert_int_equal(is.at.final_ms, t0 + HOUR_MS + 61000);
  assert_int_equal(is.next.taken_ms, t0 + 2 * HOUR_MS);
  assert_int_equal(is.next.final_ms, t0 + 2 * HOUR_MS + 61000);
  assert_int_equal(at_time(f, &is, t0 + 2 * HOUR_MS + 60999), 0);
  assert_int_equal(at_time(f, &is, t0 + 2 * HOUR_MS + 61000), 1);
  assert_int_equal(at_time(f, &is, t0 + 3 * HOUR_MS + 60999), 1);
  assert_int_equal(at_time(f, &is, t0 + 9 * HOUR_MS), 2);
  assert_true(!is.later);
  assert_int_equal(is.log, CONSIGNEE - 1);
  assert_int_equal(is.head_ms, t0 + 3 * HOUR_MS + 61000);
}

static void what_is_not_final_is_no_answer(void **state) {
  (void)state;
  struct fixture *f = begin(true);
  struct om_as_of is;
  struct om_log_info log = network_info(f->ledgers[CONSIGNEE - 1], CONSIGNEE - 1);
  assert_int_equal(at_time(f, &is, t0 + 9 * HOUR_MS), 1);
  assert_true(is.later);
  assert_int_equal(is.next.final_ms, 0);
  assert_true(log.final_size < log.size);
  assert_int_equal(at_size(f, "", log.final_size), NOT_THEN); /* its mark of the shipment is not final either */
  assert_int_equal(at_size(f, "", log.final_size + 1), NOT_FINAL);
  assert_int_equal(at_size(f, log.origin, UINT64_MAX), NOT_FINAL);
  teardown((void **)&f);
}

static void where_nobody_signs_times_those_of_taking_in_count(void **state) {
  (void)state;
  struct fixture *f = begin(false);
  struct om_as_of is;
  settle(f, t0 + 3 * HOUR_MS + 60000);
  assert_int_equal(at_time(f, &is, t0 + HOUR_MS - 1), NOT_THEN);
  assert_int_equal(at_time(f, &is, t0 + HOUR_MS), 0);
  assert_true(is.by_taken);
  assert_int_equal(is.at.final_ms, 0);
  assert_int_equal(at_time(f, &is, t0 + 3 * HOUR_MS - 1), 1);
  assert_int_equal(at_time(f, &is, t0 + 3 * HOUR_MS), 2);
  teardown((void **)&f);
}

static void what_so_many_entries_hold_and_mark(void **state) {
  struct fixture *f = *state;
  struct om_log_info owner = network_info(f->ledgers[2], OWNER - 1), consignee = network_info(f->ledgers[2], 2);
  assert_int_equal(at_size(f, owner.origin, 0), NOT_THEN);
  assert_int_equal(at_size(f, owner.origin, f->receipts[0].index), NOT_THEN);
  assert_int_equal(at_size(f, owner.origin, f->receipts[0].index + 1), 0);
  assert_int_equal(at_size(f, owner.origin, f->receipts[1].index), 0);
  assert_int_equal(at_size(f, owner.origin, f->receipts[1].index + 1), 1);
  assert_int_equal(at_size(f, owner.origin, owner.final_size), 1); /* it has no mark of the receipt */
  /* The consignee's log marks the owner's right before the receipt, and speaks of nothing of it before. */
  assert_int_equal(at_size(f, consignee.origin, f->receipts[2].index - 1), NOT_THEN);
  assert_int_equal(at_size(f, consignee.origin, f->receipts[2].index), 1);
  assert_int_equal(at_size(f, consignee.origin, f->receipts[2].index + 1), 2);
  assert_int_equal(at_size(f, "", f->receipts[2].index), 1); /* the log of its last event */
  assert_int_equal(at_size(f, "nobody.example/log", 1), NOT_THEN);
}

static void verified_up_to_a_step(void **state) {
  struct fixture *f = *state;
  struct om_txn *txn;
  struct om_status st;
  assert_ok(om_txn_read(&txn, om_ledger_store(f->ledgers[3]), &st), &st);
  for (uint32_t steps = 0; steps <= 3; steps++) {
    struct om_arena arena = {0};
    struct om_verdict *verdict = om_arena_alloc(&arena, sizeof *verdict);
    const struct om_verify_ask ask = {.number = f->number, .n_steps = steps, .deep = true};
    assert_ok(om_verify_asked(txn, &arena, verdict, &f->net.id, &ask, &st), &st);
    assert_true(verdict->verified);
    assert_int_equal(verdict->records, steps == 0 ? 3 : steps);
    bool said = false;
    for (size_t i = 0; i < verdict->n_not_checked; i++) said |= strstr(verdict->not_checked[i], "as of then") != NULL;
    assert_int_equal(said, steps > 0);
    om_arena_free(&arena);
  }
  om_txn_abort(txn);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(what_was_final_by_a_time, setup, teardown),
      cmocka_unit_test(what_is_not_final_is_no_answer),
      cmocka_unit_test(where_nobody_signs_times_those_of_taking_in_count),
      cmocka_unit_test_setup_teardown(what_so_many_entries_hold_and_mark, setup, teardown),
      cmocka_unit_test_setup_teardown(verified_up_to_a_step, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
