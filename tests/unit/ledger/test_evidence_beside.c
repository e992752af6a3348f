/* Entries come with a head that the log has signed, and proof that its tree does not go on from what is held: where a
 * signed head ends there, the two are evidence. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/evidence.h"
#include "ledger/ledger_state.h"
#include "ledger/proven.h"
#include "ledger/rebuild.h"
#include "support/records.h"

enum { DAEMONS = 5, LOG = 1, MIRROR = 4 };

static const int64_t t0 = INT64_C(1710000000000);
static struct network net;
static char *paths[DAEMONS], *copy;
static struct om_ledger *ledgers[DAEMONS], *twin; /* that goes on by itself from a copy of LOG's folder */
static struct om_status st;
static struct om_evidence_verdict verdict; /* large */

static int begin(void **state) {
  char command[9000];
  struct om_receipt receipt;
  (void)state;
  network_open(&net, DAEMONS, true);
  network_ledgers(&net, paths, ledgers);
  struct record site = record_site(&net, LOG + 1, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0);
  assert_ok(network_submit(&net, 0, ledgers[0], &receipt, site.bytes, site.len, t0, &st), &st);
  free(site.bytes);
  assert_ok(network_settle(&net, ledgers, t0, &st), &st);
  om_ledger_close(ledgers[LOG]);
  copy = temp_folder();
  snprintf(command, sizeof command, "cp %s/data.mdb %s/", paths[LOG], copy);
  assert_int_equal(system(command), 0);
  ledgers[LOG] = network_ledger(&net, LOG, paths[LOG]);
  twin = network_ledger(&net, LOG, copy);
  return 0;
}

static int end(void **state) {
  (void)state;
  network_close_ledgers(&net, paths, ledgers);
  om_ledger_close(twin);
  remove_folder(copy);
  return 0;
}

static void mine(struct om_ledger *ledger, int n) {
  for (int i = 0; i < n; i++) {
    struct om_receipt receipt;
    struct record r = record_extract(&net, LOG + 1, 1, 1, 1000, t0);
    assert_ok(network_submit(&net, LOG, ledger, &receipt, r.bytes, r.len, t0, &st), &st);
    free(r.bytes);
  }
}

static struct om_log_info held(void) {
  return network_info(ledgers[MIRROR], LOG);
}

struct head {
  uint8_t note[OM_NOTE_BYTES_MAX];
  size_t len;
  uint64_t size;
};

/* The newest of LEDGER's log, cosigned by daemons 0, 2 and 3, whatever they hold, if QUORUM. */
static struct head head_of(struct om_ledger *ledger, bool quorum) {
  static const size_t liars[] = {0, 2, 3};
  struct head out = {.size = network_info(ledger, LOG).size};
  struct om_txn *txn;
  struct om_bytes note;
  assert_ok(om_txn_read(&txn, om_ledger_store(ledger), &st), &st);
  assert_ok(om_log_head(txn, &note, LOG, &st), &st);
  memcpy(out.note, note.data, out.len = note.len);
  om_txn_abort(txn);
  for (size_t i = 0; quorum && i < 3; i++) {
    char line[OM_NOTE_LINE_BYTES], origin[64];
    struct om_note parsed;
    snprintf(origin, sizeof origin, "daemon%zu.example/log", liars[i]);
    assert_ok(om_note_parse(&parsed, (const char *)out.note, out.len, &st), &st);
    size_t n = om_note_cosign(line, origin, net.cosign_keys[liars[i]], 1710000000, parsed.text, parsed.text_len);
    assert_ok(om_note_add_line((char *)out.note, &out.len, line, n, &st), &st);
  }
  return out;
}

/* MIRROR takes in what LEDGER's log has more, and KEEPS the head that proves it. */
static void take(struct om_ledger *ledger, bool keeps) {
  struct om_batch *batch;
  struct om_log_state *log;
  assert_ok(network_mirror(&net, ledgers[MIRROR], ledger, LOG, &st), &st);
  if (!keeps) return;
  struct head head = head_of(ledger, false);
  assert_ok(om_batch_begin(&batch, ledgers[MIRROR], &st), &st);
  assert_ok(om_batch_log(batch, &log, LOG, &st), &st);
  om_batch_keep_head(batch, LOG, head.size, head.note, head.len);
  assert_ok(om_batch_commit(batch, NULL, &st), &st);
}

static void finalise(const struct head *head) {
  struct om_batch *batch;
  bool newer;
  assert_ok(om_batch_begin(&batch, ledgers[MIRROR], &st), &st);
  assert_ok(om_batch_final(batch, &newer, LOG, head->note, head->len, &st), &st);
  assert_ok(om_batch_commit(batch, NULL, &st), &st);
}

/* The entry behind what MIRROR holds is brought from the twin, proven by its head. */
static enum om_code bring(const struct head *head) {
  struct om_batch *batch;
  struct om_txn *txn;
  struct om_bytes entry;
  struct om_proven brought = {.start = held().size, .n = 1, .size = head->size, .note = head->note, .len = head->len};
  assert_ok(om_txn_read(&txn, om_ledger_store(twin), &st), &st);
  assert_ok(om_log_entry(txn, &entry, LOG, brought.start, &st), &st);
  struct om_span span = {entry.data, entry.len};
  brought.entries = &span;
  assert_ok(om_log_prove(txn, &brought.before, LOG, brought.start, brought.size, &st), &st);
  assert_ok(om_log_prove(txn, &brought.proof, LOG, brought.start + 1, brought.size, &st), &st);
  assert_ok(om_batch_begin(&batch, ledgers[MIRROR], &st), &st);
  enum om_code code = om_batch_proven(batch, LOG, &brought, &st);
  struct om_status said = st;
  assert_ok(om_batch_commit(batch, NULL, &st), &st);
  om_txn_abort(txn);
  st = said;
  return code;
}

/* The piece of that number stands by itself: these two heads. */
static void assert_piece(uint32_t number, uint64_t smaller, uint64_t larger) {
  struct om_txn *txn;
  struct om_bytes bytes;
  enum om_evidence_standing standing;
  assert_ok(om_txn_read(&txn, om_ledger_store(ledgers[MIRROR]), &st), &st);
  assert_ok(om_log_evidence(txn, &bytes, &standing, LOG, number, &st), &st);
  assert_ok(om_evidence_check(bytes.data, bytes.len, &verdict, &st), &st);
  om_txn_abort(txn);
  assert_int_equal(verdict.smaller.size, smaller);
  assert_int_equal(verdict.larger.size, larger);
  assert_memory_equal(verdict.log_key, om_secret_public(net.log_keys[LOG]), 32);
}

static void a_head_without_a_quorum_is_evidence(void **state) {
  (void)state;
  mine(ledgers[LOG], 2);
  mine(twin, 4);
  take(ledgers[LOG], true);
  struct head other = head_of(twin, false);
  assert_int_equal(bring(&other), OM_MISSING);
  assert_string_equal(st.rule, "fork");
  assert_int_equal(held().evidence, 1);
  assert_false(held().frozen);
  assert_piece(0, other.size - 2, other.size);
  /* Both grow: one is enough. */
  for (int i = 0; i < 3; i++) {
    mine(ledgers[LOG], 1);
    mine(twin, 1);
    take(ledgers[LOG], true);
    other = head_of(twin, false);
    assert_int_equal(bring(&other), OM_MISSING);
    assert_int_equal(held().pieces, 1);
  }
}

static void two_final_heads_freeze_the_log(void **state) {
  (void)state;
  mine(ledgers[LOG], 1);
  mine(twin, 3);
  take(ledgers[LOG], true);
  struct head other = head_of(twin, false), final = head_of(twin, true), ours = head_of(ledgers[LOG], true);
  assert_int_equal(bring(&other), OM_MISSING);
  assert_int_equal(held().evidence, 1);
  finalise(&ours);
  assert_int_equal(bring(&final), OM_MISSING);
  assert_int_equal(held().evidence, 2);
  assert_true(held().frozen);
  assert_piece(1, ours.size, final.size);
  assert_int_equal(verdict.n_both, 3);
  assert_int_equal(held().final_size, ours.size);
}

/* What no head covers is proved by none: one has to come to be held first. */
static void where_no_head_ends_it_is_kept_for_later(void **state) {
  (void)state;
  mine(ledgers[LOG], 1);
  mine(twin, 3);
  take(ledgers[LOG], false);
  struct head other = head_of(twin, false);
  assert_int_equal(bring(&other), OM_MISSING);
  assert_int_equal(held().pieces, 0);
  mine(ledgers[LOG], 1);
  take(ledgers[LOG], true);
  assert_int_equal(held().pieces, 0); /* smaller than the other */
  mine(ledgers[LOG], 1);
  take(ledgers[LOG], true);
  assert_int_equal(held().evidence, 1);
  assert_piece(0, other.size, other.size);
}

/* The own log's daemon has been started with another store. */
static void the_own_log_s_too(void **state) {
  (void)state;
  mine(ledgers[LOG], 1);
  mine(twin, 2);
  struct om_ledger *mirror = ledgers[MIRROR];
  ledgers[MIRROR] = ledgers[LOG];
  struct head other = head_of(twin, false);
  assert_int_equal(bring(&other), OM_REFUSED);
  assert_string_equal(st.rule, "fork");
  assert_int_equal(held().evidence, 1);
  assert_piece(0, other.size - 1, other.size);
  ledgers[MIRROR] = mirror;
}

static enum om_code meet(const struct head *head) {
  struct om_batch *batch;
  assert_ok(om_batch_begin(&batch, ledgers[MIRROR], &st), &st);
  enum om_code code = om_batch_met(batch, LOG, head->note, head->len, &st);
  struct om_status said = st;
  assert_ok(om_batch_commit(batch, NULL, &st), &st);
  st = said;
  return code;
}

static void a_head_that_is_met_is_compared(void **state) {
  (void)state;
  mine(ledgers[LOG], 2);
  mine(twin, 1);
  take(ledgers[LOG], true);
  struct head same = head_of(ledgers[LOG], false), other = head_of(twin, false), forged = other;
  forged.note[30] ^= 1;
  mine(ledgers[LOG], 1);
  struct head beyond = head_of(ledgers[LOG], false);
  assert_ok(meet(&same), &st);
  assert_ok(meet(&beyond), &st);
  assert_int_not_equal(meet(&forged), OM_OK);
  assert_int_equal(held().pieces, 0);
  for (int again = 0; again < 2; again++) {
    assert_ok(meet(&other), &st);
    assert_int_equal(held().evidence, 1);
  }
  assert_piece(0, other.size, same.size);
  assert_false(om_ledger_lost(ledgers[MIRROR]));
}

/* A quorum stands behind the other one: what is held has lost. */
static void a_final_head_that_is_met_is_followed(void **state) {
  (void)state;
  mine(ledgers[LOG], 2);
  mine(twin, 1);
  take(ledgers[LOG], true);
  struct head other = head_of(twin, true);
  assert_ok(meet(&other), &st);
  assert_int_equal(held().evidence, 1);
  assert_true(om_ledger_lost(ledgers[MIRROR]));
}

/* Nothing of a stopped log is cosigned, and what its daemon proposes may still show that it has forked it. */
static void of_a_log_that_is_stopped_too(void **state) {
  (void)state;
  char line[OM_NOTE_LINE_BYTES];
  struct om_batch *batch;
  struct om_signers_keys keys = network_signers(&net, MIRROR);
  struct om_status why;
  mine(ledgers[LOG], 2);
  mine(twin, 1);
  take(ledgers[LOG], true);
  struct head other = head_of(twin, false);
  om_fail(&why, OM_REFUSED, "rule", "as it is");
  assert_ok(om_batch_begin(&batch, ledgers[MIRROR], &st), &st);
  assert_ok(om_batch_stop_log(batch, LOG, held().size, (const uint8_t *)"x", 1, &why, &st), &st);
  assert_int_equal(om_batch_cosign(batch, line, LOG, other.note, other.len, (uint64_t)t0 / 1000, &keys, &st),
                   OM_REFUSED);
  assert_string_equal(st.rule, "stopped");
  assert_ok(om_batch_commit(batch, NULL, &st), &st);
  assert_int_equal(held().evidence, 1);
  assert_piece(0, other.size, held().size);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_head_without_a_quorum_is_evidence),
      TEST(two_final_heads_freeze_the_log),
      TEST(where_no_head_ends_it_is_kept_for_later),
      TEST(the_own_log_s_too),
      TEST(a_head_that_is_met_is_compared),
      TEST(a_final_head_that_is_met_is_followed),
      TEST(of_a_log_that_is_stopped_too),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
