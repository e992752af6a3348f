/* A home feeds one daemon an entry against the rules, and all others a good one in its place, which a quorum signs: the
 * daemon that has stopped goes on, and nothing else makes it go on. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/io/batch.h"
#include "daemon/io/checkers.h"
#include "daemon/io/logline.h"
#include "support/lie.h"

enum { FED = 2, FIRST = 20, GOOD = 4 }; /* the daemon; the log's size before; entries after that that others have */

static struct lie l;           /* large: not on the stack */
static struct om_ledger *twin; /* the liar's, as all others see it */
static char *twin_path;

struct writer {
  struct om_queue queue;
  struct om_batches batches;
  struct om_signers_keys keys;
};

static void open_writer(struct writer *w) {
  memset(w, 0, sizeof *w);
  assert_int_equal(om_queue_init(&w->queue, &l.st), OM_OK);
  w->keys = network_signers(&l.net, FED);
  w->batches = (struct om_batches){.queue = &w->queue, .ledger = l.ledgers[FED], .keys = &w->keys};
}

static enum om_code write_job(struct om_action *action, enum om_job_class class) {
  bool committed;
  struct writer w;
  open_writer(&w);
  struct om_job *job = om_job_action(action);
  om_queue_add(&w.queue, job);
  om_checkers_work(&w.queue, w.batches.ledger);
  assert_int_equal(om_batches_run(&w.batches, &committed, &l.st), OM_OK);
  assert_ptr_equal(om_queue_finished(&w.queue, class), job);
  enum om_code code = job->code;
  om_action_free(&job->action);
  om_job_free(job);
  om_queue_end(&w.queue);
  return code;
}

/* Entries FROM to UPTO-1 as LEDGER has them, proven by HEAD as the liar's log in LEDGER proves them. */
static enum om_code bring(struct om_ledger *ledger, const struct lie_head *head, uint64_t from, uint64_t upto) {
  struct om_ledger *liar = l.ledgers[LIE_LOG];
  struct om_txn *txn;
  struct om_action action = {.kind = OM_ACTION_APPLY, .log = LIE_LOG, .start = from, .n = (size_t)(upto - from)};
  action.entries = calloc(action.n, sizeof *action.entries);
  assert_non_null(action.entries);
  assert_int_equal(om_txn_read(&txn, om_ledger_store(ledger), &l.st), OM_OK);
  for (size_t i = 0; i < action.n; i++) {
    struct om_bytes entry;
    must_be(om_log_entry(txn, &entry, LIE_LOG, from + i, &l.st), OM_OK, &l.st);
    action.entries[i] = (struct om_span){entry.data, entry.len};
  }
  l.ledgers[LIE_LOG] = ledger;
  action.proven = lie_proven(&l, head, from, action.entries, action.n);
  l.ledgers[LIE_LOG] = liar;
  enum om_code code = write_job(&action, OM_CLASS_MIRRORED);
  om_txn_abort(txn);
  return code;
}

static enum om_code hear(const struct lie_head *head) {
  struct om_action action = {.kind = OM_ACTION_FINAL, .log = LIE_LOG, .len = head->len};
  action.bytes = malloc(head->len);
  assert_non_null(action.bytes);
  memcpy(action.bytes, head->note, head->len);
  return write_job(&action, OM_CLASS_HEADS);
}

static void open_twin(void) {
  char command[9000];
  om_ledger_close(l.ledgers[LIE_LOG]);
  twin_path = temp_folder();
  snprintf(command, sizeof command, "cp %s/data.mdb %s/", l.paths[LIE_LOG], twin_path);
  assert_int_equal(system(command), 0);
  l.ledgers[LIE_LOG] = network_ledger(&l.net, LIE_LOG, l.paths[LIE_LOG]);
  twin = network_ledger(&l.net, LIE_LOG, twin_path);
}

static struct lie_head head_of(struct om_ledger *ledger, bool final) {
  struct lie_head out;
  struct om_txn *txn;
  struct om_bytes note;
  assert_int_equal(om_txn_read(&txn, om_ledger_store(ledger), &l.st), OM_OK);
  must_be(final ? om_log_final(txn, &note, LIE_LOG, &l.st) : om_log_head(txn, &note, LIE_LOG, &l.st), OM_OK, &l.st);
  memcpy(out.note, note.data, out.len = note.len);
  om_txn_abort(txn);
  return out;
}

static void extract(struct om_ledger *ledger, int n) {
  for (int i = 0; i < n; i++) {
    struct om_receipt receipt;
    struct record r = record_extract(&l.net, LIE_LOG + 1, 1, 1, 1000 * (l.net.nonce + 1), LIE_MS);
    must_be(network_submit(&l.net, LIE_LOG, ledger, &receipt, r.bytes, r.len, LIE_MS, &l.st), OM_OK, &l.st);
    free(r.bytes);
  }
}

/* What all but the one are shown: N good entries more, that they make final. */
static struct lie_head win(int n) {
  struct om_ledger *others[LIE_N] = {l.ledgers[0], twin, NULL, l.ledgers[3], l.ledgers[4]};
  extract(twin, n);
  for (size_t i = 0; i < LIE_N; i++)
    if (others[i] != NULL && others[i] != twin)
      must_be(network_mirror(&l.net, others[i], twin, LIE_LOG, &l.st), OM_OK, &l.st);
  must_be(network_finalise(&l.net, others, LIE_LOG, LIE_MS / 1000, &l.st), OM_OK, &l.st);
  return head_of(l.ledgers[0], true);
}

/* NOTE with the cosignatures of who signs anything. */
static struct lie_head sign_blindly(struct lie_head head) {
  const size_t liars[] = {0, 3, 4};
  for (size_t i = 0; i < 3; i++) {
    char line[OM_NOTE_LINE_BYTES], origin[64];
    struct om_note parsed;
    snprintf(origin, sizeof origin, "daemon%zu.example/log", liars[i]);
    must_be(om_note_parse(&parsed, (const char *)head.note, head.len, &l.st), OM_OK, &l.st);
    size_t n = om_note_cosign(line, origin, l.net.cosign_keys[liars[i]], LIE_MS / 1000, parsed.text, parsed.text_len);
    must_be(om_note_add_line((char *)head.note, &head.len, line, n, &l.st), OM_OK, &l.st);
  }
  return head;
}

static struct om_log_info fed(void) {
  return lie_info(&l, FED);
}

/* The one daemon stops; the liar has signed that. */
static struct lie_head stop(bool malformed) {
  lie_open(&l, FIRST);
  open_twin();
  lie_tell(&l, malformed);
  struct lie_head bad = lie_head(&l);
  enum om_code code = bring(l.ledgers[LIE_LOG], &bad, FIRST, FIRST + 1 + LIE_BEHIND);
  assert_int_equal(code, malformed ? OM_MALFORMED : OM_REFUSED);
  assert_true(fed().stopped && !fed().yields);
  assert_int_equal(fed().evidence, 1);
  return bad;
}

static void restart(void) {
  om_ledger_close(l.ledgers[FED]);
  l.ledgers[FED] = network_ledger(&l.net, FED, l.paths[FED]);
}

static void close_all(void) {
  om_ledger_close(twin);
  remove_folder(twin_path);
  lie_close(&l);
}

/* Who holds the good entry learns what the home has signed in its place. */
static void show_to(size_t daemon) {
  struct om_arena arena = {0};
  struct om_txn *txn;
  struct om_batch *batch;
  struct om_bytes piece;
  enum om_evidence_standing standing;
  uint32_t number;
  bool news;
  assert_int_equal(om_txn_read(&txn, om_ledger_store(l.ledgers[FED]), &l.st), OM_OK);
  must_be(om_log_evidence(txn, &piece, &standing, LIE_LOG, 0, &l.st), OM_OK, &l.st);
  uint8_t *bytes = om_arena_copy(&arena, piece.data, piece.len);
  om_txn_abort(txn);
  assert_int_equal(om_batch_begin(&batch, l.ledgers[daemon], &l.st), OM_OK);
  must_be(om_batch_evidence(batch, &number, &news, LIE_LOG, bytes, piece.len, &l.st), OM_OK, &l.st);
  assert_true(news);
  assert_int_equal(om_batch_commit(batch, NULL, &l.st), OM_OK);
  assert_int_equal(lie_info(&l, daemon).evidence, 1);
  om_arena_free(&arena);
}

static void test_a_quorum_sets_it_going(void **state) {
  (void)state;
  for (int malformed = 0; malformed < 2; malformed++) {
    struct lie_head bad = stop(malformed);
    extract(twin, 1);
    struct lie_head unsigned_head = head_of(twin, false);
    assert_int_equal(hear(&unsigned_head), OM_WAIT);
    assert_false(fed().yields); /* the home says so, and no quorum */
    assert_int_equal(bring(twin, &unsigned_head, FIRST, FIRST + 1), OM_REFUSED);
    struct lie_head won = win(GOOD - 1);
    assert_int_equal(hear(&won), OM_WAIT);
    assert_true(fed().stopped && fed().yields);
    restart();
    assert_true(fed().stopped && fed().yields);
    /* Of the home's own word nothing is taken, and nobody is blamed who has not heard yet. */
    assert_int_equal(bring(l.ledgers[LIE_LOG], &bad, FIRST, FIRST + 2), OM_MISSING);
    assert_int_equal(bring(l.ledgers[LIE_LOG], &won, FIRST, FIRST + 2), OM_NO);
    assert_int_equal(bring(twin, &unsigned_head, FIRST, FIRST + 1), OM_MISSING);
    assert_int_equal(fed().size, FIRST);
    must_be(bring(twin, &won, FIRST, FIRST + 1), OM_OK, &l.st);
    assert_false(fed().stopped);
    assert_int_equal(fed().size, FIRST + 1);
    assert_int_equal(fed().evidence, 1); /* a lapse: what the home has signed stays known */
    assert_false(fed().frozen);
    assert_int_equal(bring(twin, &unsigned_head, FIRST + 1, FIRST + 2), OM_MISSING);
    must_be(bring(twin, &won, FIRST + 1, FIRST + GOOD), OM_OK, &l.st);
    must_be(hear(&won), OM_OK, &l.st);
    assert_int_equal(fed().final_size, FIRST + GOOD);
    show_to(3);
    /* From here on as ever: what the home signs may be taken before it is final. */
    extract(twin, 1);
    struct lie_head next = head_of(twin, false);
    must_be(bring(twin, &next, FIRST + GOOD, FIRST + GOOD + 1), OM_OK, &l.st);
    close_all();
  }
}

/* A quorum has signed the bad entry itself: the stop stays, whoever says it again. */
static void test_a_quorum_for_the_bad_entry(void **state) {
  (void)state;
  for (int far = 0; far < 2; far++) {
    struct lie_head bad = stop(false);
    if (far) { /* beyond what came with the entry, so that it does not show at once */
      lie_tell(&l, true);
      bad = lie_head(&l);
    }
    uint64_t upto = FIRST + 1 + LIE_BEHIND;
    struct lie_head won = sign_blindly(bad);
    assert_int_equal(hear(&won), OM_WAIT);
    assert_true(fed().stopped);
    assert_int_equal(fed().yields, far);
    if (far) assert_int_equal(bring(l.ledgers[LIE_LOG], &won, FIRST, upto), OM_REFUSED);
    for (int again = 0; again < 2; again++) {
      assert_true(fed().stopped && !fed().yields);
      assert_int_equal(fed().evidence, 1);
      assert_int_equal(hear(&won), OM_WAIT);
      restart();
    }
    assert_int_equal(bring(l.ledgers[LIE_LOG], &won, FIRST, upto), OM_REFUSED);
    close_all();
  }
}

/* The home had fed it another history of good entries before the bad one: all of that goes. */
static void test_what_stood_before_it_goes_too(void **state) {
  (void)state;
  lie_open(&l, FIRST);
  open_twin();
  extract(l.ledgers[LIE_LOG], 2);
  struct lie_head fork = lie_head(&l);
  must_be(bring(l.ledgers[LIE_LOG], &fork, FIRST, FIRST + 2), OM_OK, &l.st);
  for (int again = 0; again < 2; again++) {
    lie_tell(&l, false);
    struct lie_head bad = lie_head(&l);
    uint64_t from = fed().size;
    enum om_code code = bring(l.ledgers[LIE_LOG], &bad, from, FIRST + 2 + 1);
    assert_int_equal(code, again == 0 ? OM_WAIT : OM_REFUSED); /* doubted once, ledger/lost.c */
    if (again == 0) {
      assert_int_equal(fed().size, FIRST);
      must_be(bring(l.ledgers[LIE_LOG], &fork, FIRST, FIRST + 2), OM_OK, &l.st);
    }
  }
  assert_true(fed().stopped);
  struct lie_head won = win(GOOD);
  assert_int_equal(hear(&won), OM_WAIT);
  assert_true(fed().yields);
  assert_int_equal(bring(twin, &won, FIRST + 2, FIRST + GOOD), OM_WAIT);
  assert_int_equal(fed().size, FIRST);
  assert_false(fed().stopped);
  assert_int_equal(bring(l.ledgers[LIE_LOG], &fork, FIRST, FIRST + 2), OM_MISSING); /* not a second time */
  must_be(bring(twin, &won, FIRST, FIRST + GOOD), OM_OK, &l.st);
  must_be(hear(&won), OM_OK, &l.st);
  assert_int_equal(fed().final_size, FIRST + GOOD);
  assert_false(fed().frozen);
  close_all();
}

/* The home feeds it another history of good entries, shorter than what a quorum signs: that shows where the quorum's
 * head comes with the entries under it, and goes on to count until it is reached. */
static void test_a_shorter_history_goes_too(void **state) {
  (void)state;
  lie_open(&l, FIRST);
  open_twin();
  extract(l.ledgers[LIE_LOG], 2);
  struct lie_head fork = lie_head(&l);
  must_be(bring(l.ledgers[LIE_LOG], &fork, FIRST, FIRST + 2), OM_OK, &l.st);
  struct lie_head won = win(GOOD), unsigned_head = head_of(twin, false);
  assert_int_equal(hear(&won), OM_WAIT);
  assert_int_equal(bring(twin, &unsigned_head, FIRST + 2, FIRST + GOOD), OM_MISSING); /* nobody's word but the home's */
  assert_int_equal(fed().size, FIRST + 2);
  assert_int_equal(bring(twin, &won, FIRST + 2, FIRST + GOOD), OM_WAIT);
  assert_int_equal(fed().size, FIRST);
  restart();
  assert_int_equal(bring(l.ledgers[LIE_LOG], &fork, FIRST, FIRST + 2), OM_MISSING); /* not a second time */
  assert_int_equal(bring(twin, &unsigned_head, FIRST, FIRST + 1), OM_OK); /* the same head, without its quorum */
  must_be(bring(twin, &won, FIRST + 1, FIRST + GOOD), OM_OK, &l.st);
  must_be(hear(&won), OM_OK, &l.st);
  assert_int_equal(fed().final_size, FIRST + GOOD);
  assert_false(fed().frozen || fed().stopped);
  close_all();
}

int main(void) {
  om_log_set_level(OM_LOG_ERROR);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_quorum_sets_it_going),
      cmocka_unit_test(test_a_quorum_for_the_bad_entry),
      cmocka_unit_test(test_what_stood_before_it_goes_too),
      cmocka_unit_test(test_a_shorter_history_goes_too),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
