/* A ledger made anew with entries taken out: what goes, what stays, and that it is whole or not at all. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_state.h"
#include "ledger/rebuild.h"
#include "ledger/times.h"
#include "support/records.h"

enum { DAEMONS = 3, HOME = 1, MIRROR = 2, MEMBER = 2, LOST = 5 };

static const int64_t t0 = INT64_C(1710000000000);

/* Log HOME has LOST records that are not final; MIRROR holds them, and has cosigned their head. */
struct scene {
  struct network net;
  char *paths[DAEMONS];
  struct om_ledger *ledgers[DAEMONS];
  struct record lost[LOST];
  uint64_t final_size;
  struct om_status st;
};

static struct om_hash state_of(struct om_ledger *ledger) {
  struct om_status st = {0};
  struct om_hash out;
  struct om_txn *txn;
  assert_ok(om_txn_read(&txn, om_ledger_store(ledger), &st), &st);
  assert_ok(om_store_state_hash(&out, txn, &st), &st);
  om_txn_abort(txn);
  return out;
}

static size_t rows(struct om_ledger *ledger, enum om_table table) {
  struct om_status st = {0};
  struct om_txn *txn;
  struct om_bytes key, row;
  size_t n = 0;
  assert_ok(om_txn_read(&txn, om_ledger_store(ledger), &st), &st);
  for (bool more = om_txn_next(txn, &key, &row, table, "", 0); more; more = om_txn_step(txn, &key, &row, table)) n++;
  om_txn_abort(txn);
  return n;
}

/* What was cut is kept by its whole leaf hash: nobody can make one entry take another's place. */
static void check_cut_keys(struct om_ledger *ledger, uint32_t log) {
  struct om_status st = {0};
  struct om_txn *txn;
  struct om_bytes key, row;
  assert_ok(om_txn_read(&txn, om_ledger_store(ledger), &st), &st);
  for (bool more = om_txn_next(txn, &key, &row, OM_TABLE_CUT, "", 0); more;
       more = om_txn_step(txn, &key, &row, OM_TABLE_CUT)) {
    struct om_hash leaf;
    om_leaf_hash(&leaf, row.data, row.len);
    assert_int_equal(key.len, 4 + 8 + OM_HASH_BYTES);
    assert_int_equal(om_get32(key.data), log);
    assert_memory_equal(key.data + 4 + 8, leaf.bytes, OM_HASH_BYTES);
  }
  om_txn_abort(txn);
}

static bool has_head(struct om_ledger *ledger, uint32_t log, enum om_head_kind kind) {
  struct om_status st = {0};
  struct om_txn *txn;
  struct om_bytes row;
  uint8_t key[OM_HEAD_KEY_BYTES];
  om_head_key(key, log, kind);
  assert_ok(om_txn_read(&txn, om_ledger_store(ledger), &st), &st);
  bool out = om_txn_get(txn, &row, OM_TABLE_HEADS, key, sizeof key);
  om_txn_abort(txn);
  return out;
}

static enum om_code submit(struct scene *s, const struct record *record, struct om_receipt *receipt) {
  return network_submit(&s->net, HOME, s->ledgers[HOME], receipt, record->bytes, record->len, t0, &s->st);
}

static void cosign(struct scene *s) {
  struct om_signers_keys keys = network_signers(&s->net, MIRROR);
  struct om_batch *batch;
  struct om_txn *txn;
  struct om_bytes head;
  char line[OM_NOTE_LINE_BYTES];
  assert_ok(om_txn_read(&txn, om_ledger_store(s->ledgers[HOME]), &s->st), &s->st);
  assert_ok(om_log_head(txn, &head, HOME, &s->st), &s->st);
  assert_ok(om_batch_begin(&batch, s->ledgers[MIRROR], &s->st), &s->st);
  assert_ok(om_batch_cosign(batch, line, HOME, head.data, head.len, (uint64_t)t0 / 1000, &keys, &s->st), &s->st);
  assert_ok(om_batch_commit(batch, NULL, &s->st), &s->st);
  om_txn_abort(txn);
}

static void open_scene(struct scene *s) {
  memset(s, 0, sizeof *s);
  record_network(&s->net, s->paths, s->ledgers, DAEMONS, true, MEMBER, t0);
  assert_ok(network_settle(&s->net, s->ledgers, t0, &s->st), &s->st);
  s->final_size = network_info(s->ledgers[MIRROR], HOME).final_size;
  for (int i = 0; i < LOST; i++) {
    s->lost[i] = record_extract(&s->net, MEMBER, 1, 2, 1000, t0);
    record_submit(&s->net, s->ledgers, HOME, &s->lost[i], t0);
  }
  assert_ok(network_mirror(&s->net, s->ledgers[MIRROR], s->ledgers[HOME], HOME, &s->st), &s->st);
  cosign(s);
}

static void close_scene(struct scene *s) {
  for (int i = 0; i < LOST; i++) free(s->lost[i].bytes);
  network_close_ledgers(&s->net, s->paths, s->ledgers);
}

static enum om_code cut(struct scene *s, size_t daemon, uint32_t log, uint64_t size) {
  return om_ledger_rebuild(s->ledgers[daemon], &(struct om_cut){log, size}, 1, &s->st);
}

/* Evidence of which only its being there counts here. */
static void accuse(struct scene *s, uint64_t stop_at) {
  struct om_status why = {.text = "a lie"};
  struct om_batch *batch;
  uint8_t key[OM_EVIDENCE_KEY_BYTES], row[64] = {0};
  assert_ok(om_batch_begin(&batch, s->ledgers[MIRROR], &s->st), &s->st);
  om_evidence_key(key, HOME, OM_EVIDENCE_PIECE, 0);
  om_txn_put(om_batch_txn(batch), OM_TABLE_EVIDENCE, key, sizeof key, row, sizeof row);
  assert_ok(om_batch_stop_log(batch, HOME, stop_at, (const uint8_t *)"entry", 5, &why, &s->st), &s->st);
  assert_ok(om_batch_commit(batch, NULL, &s->st), &s->st);
}

/* Keeps that a head of HOME over SIZE entries was final at TIME_S, as if one had been. */
static void keep_time(struct scene *s, uint64_t size, uint64_t time_s) {
  struct om_batch *batch;
  assert_ok(om_batch_begin(&batch, s->ledgers[MIRROR], &s->st), &s->st);
  om_times_keep(om_batch_txn(batch), HOME, size, time_s, (const uint8_t *)"note", 4);
  assert_ok(om_batch_commit(batch, NULL, &s->st), &s->st);
}

static uint64_t final_time(struct scene *s, uint64_t index) {
  struct om_txn *txn;
  assert_ok(om_txn_read(&txn, om_ledger_store(s->ledgers[MIRROR]), &s->st), &s->st);
  uint64_t out = om_times_final(txn, HOME, index);
  om_txn_abort(txn);
  return out;
}

/* What was cut may come back as another entry: when the first was final says nothing of it. */
static void test_times_are_cut(void **state) {
  (void)state;
  enum { LATER_S = 2000000000 };
  struct scene s;
  open_scene(&s);
  uint64_t before = final_time(&s, s.final_size - 1);
  assert_true(before > 0);
  keep_time(&s, s.final_size + 2, LATER_S);
  assert_int_equal(final_time(&s, s.final_size), LATER_S);
  assert_ok(cut(&s, MIRROR, HOME, s.final_size), &s.st);
  assert_int_equal(final_time(&s, s.final_size), 0);
  assert_int_equal(final_time(&s, s.final_size - 1), before);
  close_scene(&s);
}

static void test_a_mirror_is_cut(void **state) {
  (void)state;
  struct scene s;
  open_scene(&s);
  accuse(&s, s.final_size + LOST);
  assert_true(network_info(s.ledgers[MIRROR], HOME).stopped);
  assert_ok(cut(&s, MIRROR, HOME, s.final_size), &s.st);
  struct om_log_info info = network_info(s.ledgers[MIRROR], HOME);
  assert_int_equal(info.size, s.final_size);
  assert_int_equal(info.final_size, s.final_size); /* that head stands still */
  assert_false(info.stopped);
  assert_int_equal(info.evidence, 1);
  assert_true(has_head(s.ledgers[MIRROR], HOME, OM_HEAD_VOTE));
  assert_true(has_head(s.ledgers[MIRROR], HOME, OM_HEAD_VOTED));
  assert_true(has_head(s.ledgers[MIRROR], MIRROR, OM_HEAD_OWN)); /* nothing of its own log was cut */
  assert_int_equal(rows(s.ledgers[MIRROR], OM_TABLE_CUT), LOST + 1);
  check_cut_keys(s.ledgers[MIRROR], HOME);
  assert_int_equal(rows(s.ledgers[MIRROR], OM_TABLE_LOTS), 0);
  /* It can be had again, and is what it was. */
  assert_ok(network_mirror(&s.net, s.ledgers[MIRROR], s.ledgers[HOME], HOME, &s.st), &s.st);
  struct om_hash here = state_of(s.ledgers[MIRROR]), home = state_of(s.ledgers[HOME]);
  assert_memory_equal(here.bytes, home.bytes, sizeof home.bytes);
  close_scene(&s);
}

/* What an invalid entry below the cut has stopped stays so. */
static void test_a_stop_below_the_cut_stays(void **state) {
  (void)state;
  struct scene s;
  open_scene(&s);
  accuse(&s, s.final_size + 1);
  assert_ok(cut(&s, MIRROR, HOME, s.final_size + 2), &s.st);
  assert_true(network_info(s.ledgers[MIRROR], HOME).stopped);
  close_scene(&s);
}

static void test_the_own_log_is_cut(void **state) {
  (void)state;
  struct scene s;
  struct om_receipt receipt;
  open_scene(&s);
  assert_ok(cut(&s, HOME, HOME, s.final_size), &s.st);
  assert_int_equal(om_ledger_own_log(s.ledgers[HOME]), HOME);
  assert_false(has_head(s.ledgers[HOME], HOME, OM_HEAD_OWN)); /* it covers what is gone */
  assert_true(has_head(s.ledgers[HOME], HOME, OM_HEAD_FINAL));
  /* Submitted again, in another order, they are new. */
  for (size_t i = LOST; i-- > 0;) {
    assert_ok(submit(&s, &s.lost[i], &receipt), &s.st);
    assert_false(receipt.again);
    assert_int_equal(receipt.index, s.final_size + LOST - 1 - i);
  }
  assert_ok(submit(&s, &s.lost[0], &receipt), &s.st);
  assert_true(receipt.again);
  assert_true(has_head(s.ledgers[HOME], HOME, OM_HEAD_OWN));
  close_scene(&s);
}

static void test_nothing_is_cut(void **state) {
  (void)state;
  struct scene s;
  open_scene(&s);
  struct om_hash before = state_of(s.ledgers[HOME]);
  assert_ok(om_ledger_rebuild(s.ledgers[HOME], NULL, 0, &s.st), &s.st);
  struct om_hash after = state_of(s.ledgers[HOME]);
  assert_memory_equal(before.bytes, after.bytes, sizeof after.bytes);
  assert_true(has_head(s.ledgers[HOME], HOME, OM_HEAD_OWN));
  assert_int_equal(rows(s.ledgers[HOME], OM_TABLE_CUT), 0);
  close_scene(&s);
}

/* A stored entry that can't be read ends it, and all is as before, in the store and in memory. */
static void test_whole_or_not_at_all(void **state) {
  (void)state;
  struct scene s;
  struct om_batch *batch;
  struct om_receipt receipt;
  uint8_t key[OM_LOG_ENTRY_KEY_BYTES];
  open_scene(&s);
  struct om_hash before = state_of(s.ledgers[HOME]);
  om_log_entry_key(key, HOME, s.final_size - 1);
  assert_ok(om_batch_begin(&batch, s.ledgers[HOME], &s.st), &s.st);
  om_txn_del(om_batch_txn(batch), OM_TABLE_ENTRIES, key, sizeof key);
  assert_ok(om_batch_commit(batch, NULL, &s.st), &s.st);
  assert_int_equal(cut(&s, HOME, HOME, s.final_size + 1), OM_CORRUPT);
  struct om_hash after = state_of(s.ledgers[HOME]);
  assert_memory_equal(before.bytes, after.bytes, sizeof after.bytes);
  assert_true(has_head(s.ledgers[HOME], HOME, OM_HEAD_OWN));
  assert_int_equal(om_ledger_own_log(s.ledgers[HOME]), HOME);
  struct record more = record_extract(&s.net, MEMBER, 1, 1, 1000, t0);
  assert_ok(submit(&s, &more, &receipt), &s.st);
  assert_int_equal(receipt.index, s.final_size + LOST);
  free(more.bytes);
  close_scene(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_mirror_is_cut),
      cmocka_unit_test(test_times_are_cut),
      cmocka_unit_test(test_a_stop_below_the_cut_stays),
      cmocka_unit_test(test_the_own_log_is_cut),
      cmocka_unit_test(test_nothing_is_cut),
      cmocka_unit_test(test_whole_or_not_at_all),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
