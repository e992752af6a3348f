/* A head that contradicts entries which no head held here covers proves nothing yet: it does as soon as one does. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/evidence.h"
#include "ledger/ledger_state.h"
#include "ledger/proven.h"
#include "support/records.h"

enum { DAEMONS = 5, HOME = 1, MIRROR = 3, MINER = 2 };

static const int64_t t0 = INT64_C(1795000000000);
static struct network net;
static char *folders[DAEMONS];
static struct om_ledger *ledgers[DAEMONS];
static struct om_status st;

static void grow(int64_t at_ms) {
  struct record lot = record_extract(&net, MINER, 1, 1, 1000, at_ms);
  record_submit(&net, ledgers, HOME, &lot, at_ms);
  free(lot.bytes);
}

/* MIRROR holds two entries of HOME's log that no head held there covers. */
static int begin(void **state) {
  (void)state;
  om_status_clear(&st);
  record_network(&net, folders, ledgers, DAEMONS, true, MINER, t0);
  assert_ok(network_settle(&net, ledgers, t0 + 1, &st), &st);
  grow(t0 + 2);
  grow(t0 + 3);
  assert_ok(network_mirror(&net, ledgers[MIRROR], ledgers[HOME], HOME, &st), &st);
  return 0;
}

static int end(void **state) {
  (void)state;
  network_close_ledgers(&net, folders, ledgers);
  return 0;
}

/* HOME's signature on another history, WHICH of many, at SIZE. */
static size_t one_head(char note[OM_NOTE_BYTES_MAX], uint64_t size, uint8_t which) {
  char text[OM_CHECKPOINT_BYTES], line[OM_NOTE_LINE_BYTES];
  struct om_checkpoint head = {.size = size, .root = {{which}}};
  size_t len;
  strcpy(head.origin, network_info(ledgers[HOME], HOME).origin);
  size_t text_len = om_checkpoint_format(text, &head);
  assert_ok(om_note_begin(note, &len, text, text_len, &st), &st);
  size_t line_len = om_note_sign(line, head.origin, net.log_keys[HOME], text, text_len);
  assert_ok(om_note_add_line(note, &len, line, line_len, &st), &st);
  return len;
}

static size_t other_head(char note[OM_NOTE_BYTES_MAX], uint64_t size) {
  return one_head(note, size, 7);
}

static enum om_code meet(const void *note, size_t len) {
  struct om_batch *batch;
  bool newer;
  assert_ok(om_batch_begin(&batch, ledgers[MIRROR], &st), &st);
  enum om_code code = om_batch_final(batch, &newer, HOME, note, len, &st);
  struct om_status said = st;
  assert_ok(om_batch_commit(batch, NULL, &st), &st);
  st = said;
  return code;
}

/* The others make HOME's log final, and MIRROR hears of it. */
static void follow_without_a_vote(int64_t at_ms) {
  struct om_ledger *mirror = ledgers[MIRROR];
  struct om_txn *txn;
  struct om_bytes note;
  ledgers[MIRROR] = NULL;
  assert_ok(network_settle(&net, ledgers, at_ms, &st), &st);
  ledgers[MIRROR] = mirror;
  assert_ok(network_mirror(&net, mirror, ledgers[HOME], HOME, &st), &st);
  assert_ok(om_txn_read(&txn, om_ledger_store(ledgers[HOME]), &st), &st);
  assert_ok(om_log_final(txn, &note, HOME, &st), &st);
  assert_ok(meet(note.data, note.len), &st);
  om_txn_abort(txn);
}

static uint32_t pieces(void) {
  return network_info(ledgers[MIRROR], HOME).evidence;
}

/* The first piece stands by itself. */
static void assert_proven(uint64_t size) {
  struct om_arena arena = {0};
  struct om_evidence_verdict *verdict = om_arena_alloc(&arena, sizeof *verdict);
  struct om_txn *txn;
  struct om_bytes bytes;
  enum om_evidence_standing standing;
  assert_ok(om_txn_read(&txn, om_ledger_store(ledgers[MIRROR]), &st), &st);
  assert_ok(om_log_evidence(txn, &bytes, &standing, HOME, 0, &st), &st);
  assert_int_equal(standing, OM_EVIDENCE_STANDS);
  assert_ok(om_evidence_check(bytes.data, bytes.len, verdict, &st), &st);
  assert_int_equal(verdict->smaller.size, size);
  om_txn_abort(txn);
  om_arena_free(&arena);
}

static void a_final_head_shows_it(void **state) {
  (void)state;
  char note[OM_NOTE_BYTES_MAX];
  uint64_t size = network_info(ledgers[MIRROR], HOME).size;
  size_t len = other_head(note, size);
  assert_int_equal(meet(note, len), OM_REFUSED);
  len = other_head(note, size - 1);
  assert_int_equal(meet(note, len), OM_REFUSED);
  assert_int_equal(pieces(), 0);
  grow(t0 + 4);
  follow_without_a_vote(t0 + 5);
  assert_int_equal(pieces(), 1);
  assert_proven(size - 1);
  grow(t0 + 6);
  follow_without_a_vote(t0 + 7);
  assert_int_equal(pieces(), 1); /* once */
}

/* So does one that this daemon has cosigned. */
static void a_vote_shows_it(void **state) {
  (void)state;
  char note[OM_NOTE_BYTES_MAX], line[OM_NOTE_LINE_BYTES];
  uint64_t size = network_info(ledgers[MIRROR], HOME).size;
  struct om_signers_keys keys = network_signers(&net, MIRROR);
  struct om_batch *batch;
  struct om_txn *txn;
  struct om_bytes own;
  size_t len = other_head(note, size);
  assert_int_equal(meet(note, len), OM_REFUSED);
  assert_int_equal(pieces(), 0);
  assert_ok(om_txn_read(&txn, om_ledger_store(ledgers[HOME]), &st), &st);
  assert_ok(om_log_head(txn, &own, HOME, &st), &st);
  assert_ok(om_batch_begin(&batch, ledgers[MIRROR], &st), &st);
  assert_ok(om_batch_cosign(batch, line, HOME, own.data, own.len, (uint64_t)t0 / 1000, &keys, &st), &st);
  assert_ok(om_batch_commit(batch, NULL, &st), &st);
  om_txn_abort(txn);
  assert_int_equal(pieces(), 1);
  assert_proven(size);
}

/* So does one that has proved what was taken in. */
static void the_head_that_came_with_entries_shows_it(void **state) {
  (void)state;
  char note[OM_NOTE_BYTES_MAX];
  uint64_t size = network_info(ledgers[MIRROR], HOME).size;
  struct om_batch *batch;
  struct om_log_state *log;
  struct om_txn *txn;
  struct om_bytes own;
  size_t len = other_head(note, size);
  assert_int_equal(meet(note, len), OM_REFUSED);
  assert_int_equal(pieces(), 0);
  assert_ok(om_txn_read(&txn, om_ledger_store(ledgers[HOME]), &st), &st);
  assert_ok(om_log_head(txn, &own, HOME, &st), &st);
  assert_ok(om_batch_begin(&batch, ledgers[MIRROR], &st), &st);
  assert_ok(om_batch_log(batch, &log, HOME, &st), &st);
  om_batch_keep_head(batch, HOME, size, own.data, own.len);
  assert_ok(om_batch_commit(batch, NULL, &st), &st);
  om_txn_abort(txn);
  assert_int_equal(pieces(), 1);
  assert_proven(size);
  len = other_head(note, size - 1);
  assert_int_equal(meet(note, len), OM_REFUSED); /* it is held, and larger */
  assert_int_equal(pieces(), 2);
}

/* Two heads of one size show it by themselves, whatever is held. */
static void another_of_its_size_shows_it(void **state) {
  (void)state;
  char note[OM_NOTE_BYTES_MAX];
  uint64_t size = network_info(ledgers[MIRROR], HOME).size;
  size_t len = one_head(note, size, 7);
  for (int again = 0; again < 2; again++) assert_int_equal(meet(note, len), OM_REFUSED);
  assert_int_equal(pieces(), 0);
  for (uint8_t which = 8; which < 20; which++) {
    len = one_head(note, size, which);
    assert_int_equal(meet(note, len), OM_REFUSED);
    assert_int_equal(pieces(), 1); /* no flood fills anything */
  }
  assert_proven(size);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_final_head_shows_it),
      TEST(a_vote_shows_it),
      TEST(the_head_that_came_with_entries_shows_it),
      TEST(another_of_its_size_shows_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
