/* What a file says a lot was as of a size or a time is what a daemon says, or nothing. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/bundled.h"
#include "support/records.h"

enum { N = 4, OWNER = 2, CONSIGNEE = 3, HOUR_MS = 3600000, STEPS = 3 };
static const int64_t t0 = INT64_C(1710000000000);

struct scene {
  struct network net;
  char *folders[N];
  struct om_ledger *ledgers[N];
  uint8_t number[OM_LOT_NUMBER_BYTES];
  struct om_receipt receipts[STEPS];
  struct bundled b;
};

static struct om_receipt submit(struct scene *s, size_t daemon, const struct record *r, int64_t at) {
  struct om_status st;
  struct om_receipt receipt = record_submit(&s->net, s->ledgers, daemon, r, at);
  assert_ok(network_settle(&s->net, s->ledgers, at + 60000, &st), &st);
  return receipt;
}

/* A lot that is made, shipped and received an hour after the other, and each time final within the hour. */
static int setup(void **state) {
  static struct scene s;
  struct om_status st;
  record_network(&s.net, s.folders, s.ledgers, N, true, OWNER, t0);
  record_first_site(&s.net, s.ledgers, CONSIGNEE, OREMARK__SITE_KIND__SITE_KIND_PLANT, t0);
  assert_ok(network_settle(&s.net, s.ledgers, t0 + 60000, &st), &st);
  struct record lot = record_extract(&s.net, OWNER, 1, 1, 1000000, t0 + HOUR_MS);
  s.receipts[0] = submit(&s, OWNER - 1, &lot, t0 + HOUR_MS);
  struct record shipped = record_ship(&s.net, OWNER, &lot, CONSIGNEE, t0 + 2 * HOUR_MS);
  s.receipts[1] = submit(&s, OWNER - 1, &shipped, t0 + 2 * HOUR_MS);
  struct record received = record_receive(&s.net, CONSIGNEE, 1, &lot, &shipped, t0 + 3 * HOUR_MS);
  s.receipts[2] = submit(&s, CONSIGNEE - 1, &received, t0 + 3 * HOUR_MS);
  network_lot(&s.net, s.number, NULL, lot.bytes, lot.len, 0, 0);
  /* Much later the bundle is written. */
  struct record more = record_extract(&s.net, OWNER, 1, 1, 1000, t0 + 900 * (int64_t)HOUR_MS);
  submit(&s, OWNER - 1, &more, t0 + 900 * (int64_t)HOUR_MS);
  assert_ok(bundled_write(&s.b, s.ledgers[0], s.number, &st), &st);
  free(lot.bytes), free(shipped.bytes), free(received.bytes), free(more.bytes);
  *state = &s;
  return 0;
}

static int teardown(void **state) {
  struct scene *s = *state;
  free(s->b.bytes);
  network_close_ledgers(&s->net, s->folders, s->ledgers);
  return 0;
}

enum { NONE = -1, CANT_TELL = -2 };

static int answer(enum om_code code, const struct om_as_of *found, const struct om_status *st) {
  if (code == OM_OK) return (int)found->step;
  assert_string_equal(st->rule, "as-of");
  assert_true(code == OM_MISSING || code == OM_WAIT);
  return code == OM_MISSING ? NONE : CANT_TELL;
}

/* What the file says. */
static int by_file(struct scene *s, const struct om_moment *moment, struct om_as_of *found, struct om_verdict *verdict,
                   struct om_status *st) {
  struct om_arena arena = {0};
  struct om_bundle_told told;
  enum om_code code = bundled_verify_at(&arena, verdict, &told, found, &s->net, s->b.bytes, s->b.len, moment, st);
  om_arena_free(&arena);
  return answer(code, found, st);
}

/* What the ledger says that wrote it. */
static int by_ledger(struct scene *s, const struct om_moment *moment) {
  struct om_txn *txn;
  struct om_as_of found;
  struct om_status st;
  assert_ok(om_txn_read(&txn, om_ledger_store(s->ledgers[0]), &st), &st);
  enum om_code code = om_as_of(txn, &found, s->number, moment, &st);
  om_txn_abort(txn);
  return answer(code, &found, &st);
}

/* The file says the same, or that it can't tell; how often it can. */
static size_t compare(struct scene *s, const struct om_moment *moment) {
  struct om_as_of found;
  struct om_verdict verdict;
  struct om_status st = {0};
  int is = by_file(s, moment, &found, &verdict, &st), wanted = by_ledger(s, moment);
  if (is == CANT_TELL) {
    assert_true(strlen(st.text) > 40);
    return 0;
  }
  if (is != wanted) fail_msg("by the file %d, by the ledger %d", is, wanted);
  if (is == NONE) return 1;
  assert_true(verdict.verified);
  assert_int_equal(verdict.records, is + 1);
  return 1;
}

static void at_any_time_what_a_daemon_says_or_nothing(void **state) {
  enum { STEP_MS = 720000, TIMES = 20 };
  struct scene *s = *state;
  size_t told = 0;
  for (int i = 0; i < TIMES; i++)
    told += compare(s, &(struct om_moment){.origin = "", .time_ms = t0 + (int64_t)i * STEP_MS});
  told += compare(s, &(struct om_moment){.origin = "", .time_ms = t0 + 901 * (int64_t)HOUR_MS});
  assert_true(told >= TIMES - 3); /* the bundle has the times of the lot's own steps with it */
}

static void at_any_size_what_a_daemon_says_or_nothing(void **state) {
  struct scene *s = *state;
  char origin[OM_NAME_BYTES + 1];
  size_t told = 0, asked = 0;
  for (uint32_t log = 0; log < N; log++) {
    struct om_log_info info = network_info(s->ledgers[0], log);
    snprintf(origin, sizeof origin, "%s", info.origin);
    for (uint64_t size = 0; size <= info.final_size + 1; size++, asked++)
      told += compare(s, &(struct om_moment){true, origin, size, 0});
  }
  assert_true(told > 8 && told < asked);
}

static void steps_in_the_log_that_is_asked_for(void **state) {
  struct scene *s = *state;
  struct om_as_of found;
  struct om_verdict verdict;
  struct om_status st = {0};
  char mine[OM_NAME_BYTES + 1], plant[OM_NAME_BYTES + 1];
  snprintf(mine, sizeof mine, "%s", network_info(s->ledgers[0], OWNER - 1).origin);
  snprintf(plant, sizeof plant, "%s", network_info(s->ledgers[0], CONSIGNEE - 1).origin);
  struct om_moment made = {true, mine, s->receipts[0].index + 1, 0},
                   shipped = {true, mine, s->receipts[1].index + 1, 0},
                   received = {true, "", s->receipts[2].index + 1, 0}, before = {true, plant, s->receipts[2].index, 0};
  assert_int_equal(by_file(s, &made, &found, &verdict, &st), 0);
  assert_true(found.later && verdict.verified);
  assert_int_equal(verdict.records, 1);
  assert_int_equal(by_file(s, &before, &found, &verdict, &st), 1);
  assert_int_equal(by_file(s, &received, &found, &verdict, &st), 2);
  assert_false(found.later);
  /* Whether the mine's log had marked the receipt by then only its own entries say, which are not all there. */
  assert_int_equal(by_file(s, &shipped, &found, &verdict, &st), CANT_TELL);
  assert_non_null(strstr(st.text, plant));
  assert_non_null(strstr(st.text, "--at"));
}

/* Before the extraction was taken in there was no lot; while it was not known to be final, the file says so. */
static void between_taken_in_and_final(void **state) {
  struct scene *s = *state;
  struct om_as_of found;
  struct om_verdict verdict;
  struct om_status st = {0};
  struct om_moment moment = {.origin = "", .time_ms = t0 + HOUR_MS - 1};
  assert_int_equal(by_file(s, &moment, &found, &verdict, &st), NONE);
  moment.time_ms = t0 + 2 * HOUR_MS + 1;
  assert_int_equal(by_file(s, &moment, &found, &verdict, &st), CANT_TELL);
  assert_non_null(strstr(st.text, "was taken in at"));
  moment.time_ms = t0 + 2 * HOUR_MS - 1;
  assert_int_equal(by_file(s, &moment, &found, &verdict, &st), 0);
  assert_true(found.at.final_ms > 0 && found.at.final_ms < t0 + 2 * HOUR_MS);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(steps_in_the_log_that_is_asked_for),
      cmocka_unit_test(between_taken_in_and_final),
      cmocka_unit_test(at_any_size_what_a_daemon_says_or_nothing),
      cmocka_unit_test(at_any_time_what_a_daemon_says_or_nothing),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
