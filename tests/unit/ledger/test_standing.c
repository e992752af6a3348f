/* What `lot verify` says of a key that was revoked after it had signed the lot's records, and of a suspended member. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/verify.h"
#include "support/bundled.h"
#include "support/records.h"
#include "support/verify.h"

enum { N = 4, OWNER = 2, CONSIGNEE = 3, HOUR_MS = 3600000 };
static const int64_t t0 = INT64_C(1710000000000);

struct fixture {
  struct network net;
  char *folders[N];
  struct om_ledger *ledgers[N];
  struct record lot, shipped;
};

static void submit(struct fixture *f, size_t daemon, const struct record *r, int64_t at) {
  record_submit(&f->net, f->ledgers, daemon, r, at);
}

static void settle(struct fixture *f, int64_t at) {
  struct om_status st;
  assert_ok(network_settle(&f->net, f->ledgers, at, &st), &st);
}

/* A lot whose extraction was final an hour from t0, and whose shipment an hour after that. */
static int setup(void **state) {
  struct fixture *f = *state = calloc(1, sizeof *f);
  assert_non_null(f);
  record_network(&f->net, f->folders, f->ledgers, N, true, OWNER, t0);
  settle(f, t0 + 1);
  f->lot = record_extract(&f->net, OWNER, 1, 1, 1000000, t0 + HOUR_MS);
  submit(f, OWNER - 1, &f->lot, t0 + HOUR_MS);
  settle(f, t0 + HOUR_MS + 1);
  f->shipped = record_ship(&f->net, OWNER, &f->lot, CONSIGNEE, t0 + 2 * HOUR_MS);
  submit(f, OWNER - 1, &f->shipped, t0 + 2 * HOUR_MS);
  settle(f, t0 + 2 * HOUR_MS + 1);
  return 0;
}

static int teardown(void **state) {
  struct fixture *f = *state;
  network_close_ledgers(&f->net, f->folders, f->ledgers);
  free(f->lot.bytes), free(f->shipped.bytes);
  free(f);
  return 0;
}

static struct om_hash act(struct fixture *f, Oremark__Event *event, int64_t at) {
  uint32_t governor = 1;
  struct record r;
  r.bytes = network_statement(&f->net, &r.len, governor, at, &event, 1, &governor, 1);
  submit(f, 0, &r, at);
  struct om_hash id = record_event(&f->net, &r);
  free(r.bytes);
  return id;
}

static void revoke(struct fixture *f, int64_t stolen_ms, int64_t at) {
  Oremark__RevokeKey revoke = OREMARK__REVOKE_KEY__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  static char reason[] = "stolen";
  static uint8_t fresh[OM_PUBLIC_BYTES];
  memcpy(fresh, om_secret_public(f->net.witness_keys[0]), sizeof fresh); /* any key of nobody's here */
  revoke.member = OWNER;
  revoke.key =
      (ProtobufCBinaryData){OM_PUBLIC_BYTES, (uint8_t *)(uintptr_t)om_secret_public(f->net.member_keys[OWNER - 1])};
  revoke.replacement = (ProtobufCBinaryData){sizeof fresh, fresh};
  revoke.reason = reason;
  revoke.stolen_ms = stolen_ms;
  revoke.since_entry = network_info(f->ledgers[0], 0).size; /* nothing that it added ends */
  event.kind_case = OREMARK__EVENT__KIND_REVOKE_KEY;
  event.revoke_key = &revoke;
  act(f, &event, at);
}

/* The only finding of KIND at the consignee, its text "" where there is none; the lot verifies. */
static struct om_verdict_finding found_of(struct fixture *f, struct om_arena *arena, const char *kind) {
  struct om_txn *txn;
  struct om_status st;
  struct om_verdict *verdict = om_arena_alloc(arena, sizeof *verdict);
  uint8_t number[OM_LOT_NUMBER_BYTES];
  struct om_verdict_finding found = {.text = ""};
  network_lot(&f->net, number, NULL, f->lot.bytes, f->lot.len, 0, 0);
  assert_ok(om_txn_read(&txn, om_ledger_store(f->ledgers[CONSIGNEE - 1]), &st), &st);
  assert_ok(verify_lot(txn, arena, verdict, &f->net.id, number, false, &st), &st);
  om_txn_abort(txn);
  for (size_t i = 0; i < verdict->n_checks; i++)
    if (verdict->checks[i].failed) fail_msg("%s", verdict->checks[i].first);
  assert_true(verdict->verified);
  bundled_agrees(f->ledgers[CONSIGNEE - 1], &f->net, number);
  for (size_t i = 0; i < verdict->n_findings; i++) {
    if (strcmp(verdict->findings[i].kind, kind) != 0) continue;
    assert_string_equal(found.text, "");
    found = verdict->findings[i];
  }
  return found;
}

static const char *finding(struct fixture *f, struct om_arena *arena, const char *kind) {
  return found_of(f, arena, kind).text;
}

/* The records that the only finding of KIND puts in doubt are these, ended by NULL. */
static void assert_doubts(struct fixture *f, const char *kind, const char *const *records) {
  struct om_arena arena = {0};
  struct om_verdict_finding found = found_of(f, &arena, kind);
  size_t n = 0;
  for (; records[n]; n++) {
    assert_true(n < found.n_records);
    assert_string_equal(found.records[n], records[n]);
  }
  assert_int_equal(found.n_records, n);
  assert_int_equal(found.more_records, 0);
  om_arena_free(&arena);
}
#define DOUBTS(f, kind, ...) assert_doubts(f, kind, (const char *const[]){__VA_ARGS__, NULL})

/* What is said of the records of the owner's log: entry INDEX was signed by a key that was revoked since, and was final
 * BEFORE the theft. */
static void assert_signed(struct fixture *f, uint64_t index, bool before) {
  struct om_txn *txn;
  struct om_status st;
  struct om_signed_by_revoked by;
  assert_ok(om_txn_read(&txn, om_ledger_store(f->ledgers[CONSIGNEE - 1]), &st), &st);
  assert_ok(om_signed_by_revoked(txn, &by, OWNER - 1, index, &st), &st);
  om_txn_abort(txn);
  assert_true(by.n == 1 && by.signers[0].key.member == OWNER);
  assert_int_equal(by.signers[0].before, before);
}

/* Where R stands in the owner's log. */
static uint64_t index_of(struct fixture *f, const struct record *r) {
  struct om_receipt receipt;
  struct om_status st;
  assert_ok(network_submit(&f->net, OWNER - 1, f->ledgers[OWNER - 1], &receipt, r->bytes, r->len, t0, &st), &st);
  return receipt.index;
}

static void assert_says(struct fixture *f, const char *kind, const char *const *words) {
  struct om_arena arena = {0};
  const char *text = finding(f, &arena, kind);
  for (; *words; words++)
    if (!strstr(text, *words)) fail_msg("'%s' is not said: %s", *words, text);
  om_arena_free(&arena);
}
#define SAYS(f, kind, ...) assert_says(f, kind, (const char *const[]){__VA_ARGS__, NULL})

static void nothing_is_said_where_nothing_happened(void **state) {
  struct om_arena arena = {0};
  assert_string_equal(finding(*state, &arena, "key"), "");
  assert_string_equal(finding(*state, &arena, "suspension"), "");
  om_arena_free(&arena);
}

static void what_was_final_before_the_theft_is_beyond_doubt(void **state) {
  struct fixture *f = *state;
  revoke(f, t0 + 90 * HOUR_MS / 60, t0 + 4 * HOUR_MS); /* between the two records */
  settle(f, t0 + 6 * HOUR_MS + 5 * 60000 + 7000);
  SAYS(f, "key", "of the 2 records", "1 were not known to be final before the theft",
       "daemon1.example/log took that up 2 h 5 min");
  char shipped[64];
  snprintf(shipped, sizeof shipped, "daemon1.example/log:%d", (int)index_of(f, &f->shipped));
  DOUBTS(f, "key", shipped);
  assert_signed(f, index_of(f, &f->lot), true);
  assert_signed(f, index_of(f, &f->shipped), false);
}

/* The log follows the registry further: when it took the revocation up stays what it was, in bundles too. */
static void what_came_later_changes_nothing_of_that(void **state) {
  struct fixture *f = *state;
  revoke(f, t0 + 90 * HOUR_MS / 60, t0 + 4 * HOUR_MS);
  settle(f, t0 + 6 * HOUR_MS + 5 * 60000 + 7000);
  struct record plant = record_site(&f->net, CONSIGNEE, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_PLANT, t0 + 9 * HOUR_MS);
  submit(f, 0, &plant, t0 + 9 * HOUR_MS);
  settle(f, t0 + 10 * HOUR_MS);
  SAYS(f, "key", "daemon1.example/log took that up 2 h 5 min");
  free(plant.bytes);
}

static void all_was_before(void **state) {
  struct fixture *f = *state;
  revoke(f, t0 + 3 * HOUR_MS, t0 + 4 * HOUR_MS);
  settle(f, t0 + 4 * HOUR_MS);
  SAYS(f, "key", "the 2 records here that it signed were final before that", "0 h 0 min 0 s");
  DOUBTS(f, "key", NULL);
  assert_signed(f, index_of(f, &f->shipped), true);
}

static void nobody_knows_since_when(void **state) {
  struct fixture *f = *state;
  revoke(f, 0, t0 + 4 * HOUR_MS);
  settle(f, t0 + 4 * HOUR_MS);
  SAYS(f, "key", "is not known", "any of the 2 records");
  char made[64], shipped[64];
  snprintf(made, sizeof made, "daemon1.example/log:%d", (int)index_of(f, &f->lot));
  snprintf(shipped, sizeof shipped, "daemon1.example/log:%d", (int)index_of(f, &f->shipped));
  DOUBTS(f, "key", made, shipped);
}

/* PREVIOUS: the act before on the member's standing; NULL: there is none. */
static struct om_hash suspend_after(struct fixture *f, int64_t at, struct om_hash *previous) {
  Oremark__Suspend suspend = OREMARK__SUSPEND__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  static char reason[] = "inquiry";
  suspend.member = OWNER;
  suspend.reason = reason;
  event.kind_case = OREMARK__EVENT__KIND_SUSPEND;
  event.suspend = &suspend;
  if (previous) event.previous = (ProtobufCBinaryData){OM_HASH_BYTES, previous->bytes};
  return act(f, &event, at);
}

static void suspend(struct fixture *f, int64_t at) {
  suspend_after(f, at, NULL);
}

static struct om_hash reinstate(struct fixture *f, int64_t at, struct om_hash *previous) {
  Oremark__Reinstate reinstate = OREMARK__REINSTATE__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  reinstate.member = OWNER;
  reinstate.reason = (char[]){"cleared"};
  event.kind_case = OREMARK__EVENT__KIND_REINSTATE;
  event.reinstate = &reinstate;
  event.previous = (ProtobufCBinaryData){OM_HASH_BYTES, previous->bytes};
  return act(f, &event, at);
}

static void a_suspended_member_is_named(void **state) {
  struct fixture *f = *state;
  suspend(f, t0 + 4 * HOUR_MS);
  settle(f, t0 + 4 * HOUR_MS);
  SAYS(f, "suspension", "(member 2)", "is suspended now, since 2024-03-09",
       "of the 2 records here that are its own, 0 were", "daemon1.example/log took that up 0 h 0 min 0 s later");
  DOUBTS(f, "suspension", NULL);
}

/* Its log takes the act up hours later, and what it states in between stands: which records these are is said. */
static void what_came_after_a_suspension_is_named(void **state) {
  struct fixture *f = *state;
  suspend(f, t0 + 90 * HOUR_MS / 60); /* between the two records */
  settle(f, t0 + 6 * HOUR_MS);
  SAYS(f, "suspension", "of the 2 records here that are its own, 1 were",
       "daemon1.example/log took that up 4 h 30 min 0 s");
  char shipped[64];
  snprintf(shipped, sizeof shipped, "daemon1.example/log:%d", (int)index_of(f, &f->shipped));
  DOUBTS(f, "suspension", shipped);
}

/* Since when, of one that was reinstated in between: since the last time. */
static void suspended_a_second_time(void **state) {
  struct fixture *f = *state;
  struct om_hash id = suspend_after(f, t0 + 90 * HOUR_MS / 60, NULL);
  id = reinstate(f, t0 + 3 * HOUR_MS, &id);
  suspend_after(f, t0 + 4 * HOUR_MS, &id);
  settle(f, t0 + 6 * HOUR_MS);
  SAYS(f, "suspension", "of the 2 records here that are its own, 0 were",
       "daemon1.example/log took that up 2 h 0 min 0 s");
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(nothing_is_said_where_nothing_happened),
      TEST(what_was_final_before_the_theft_is_beyond_doubt),
      TEST(what_came_later_changes_nothing_of_that),
      TEST(all_was_before),
      TEST(nobody_knows_since_when),
      TEST(a_suspended_member_is_named),
      TEST(what_came_after_a_suspension_is_named),
      TEST(suspended_a_second_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
