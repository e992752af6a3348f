/* A stop gives way to the governors' end of the log as it does to a quorum: what lies under the end is judged, whoever
 * brings it, and once. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_state.h"
#include "ledger/proven.h"
#include "support/sealing.h"

enum { FED = 5 }; /* neither one of those who seal, nor the successor's daemon */

struct stopped {
  struct sealing *f;
  uint64_t index; /* where FED was fed... */
  uint8_t *bad;   /* ...this, and all others entries that are good */
  size_t bad_len;
  struct record good[2];
};

static struct om_log_info fed(const struct stopped *s) {
  return network_info(s->f->ledgers[FED], LAST);
}

/* Gives FED the N ENTRIES that follow what it holds, proven by PROVEN, in one batch. */
static enum om_code give(const struct stopped *s, const struct om_proven *proven, struct om_status *st) {
  struct om_ledger *ledger = s->f->ledgers[FED];
  struct om_arena arena = {0};
  struct om_batch *batch;
  struct om_checked *checked;
  struct om_status committed;
  assert_ok(om_batch_begin(&batch, ledger, st), st);
  enum om_code code = om_batch_proven(batch, LAST, proven, st);
  for (size_t i = 0; code == OM_OK && i < proven->n; i++) {
    const struct om_span *e = &proven->entries[i];
    assert_ok(om_check_entry(&checked, &arena, &s->f->net.id, om_batch_txn(batch), e->data, e->len, st), st);
    code = om_batch_mirror(batch, LAST, proven->start + i, checked, st);
  }
  assert_ok(om_batch_commit(batch, NULL, &committed), &committed);
  om_arena_free(&arena);
  return code;
}

/* The bad entry, or (NULL) what all others have in its place and behind it; up to END, of which the governors have
 * stated the root. */
static enum om_code bring(const struct stopped *s, const uint8_t *bad, uint64_t end, struct om_status *st) {
  struct om_span entries[2] = {{bad, s->bad_len}};
  struct om_proven proven = {.start = s->index, .n = 1, .entries = entries, .size = end};
  struct om_txn *txn;
  assert_ok(om_txn_read(&txn, om_ledger_store(s->f->ledgers[LAST]), st), st);
  for (size_t i = 0; bad == NULL && i < 2; i++) {
    struct om_bytes entry;
    assert_ok(om_log_entry(txn, &entry, LAST, s->index + i, st), st);
    entries[i] = (struct om_span){entry.data, entry.len};
    proven.n = i + 1;
  }
  enum om_code code = give(s, &proven, st);
  om_txn_abort(txn);
  return code;
}

/* By the head that the log's own daemon has signed. */
static enum om_code bring_by_head(const struct stopped *s, struct om_status *st) {
  struct om_span entries[2];
  struct om_proven proven = {.start = s->index, .n = 2, .entries = entries, .size = s->index + 2};
  struct om_txn *txn;
  struct om_bytes note, entry;
  assert_ok(om_txn_read(&txn, om_ledger_store(s->f->ledgers[LAST]), st), st);
  assert_ok(om_log_head(txn, &note, LAST, st), st);
  for (size_t i = 0; i < 2; i++) {
    assert_ok(om_log_entry(txn, &entry, LAST, s->index + i, st), st);
    entries[i] = (struct om_span){entry.data, entry.len};
  }
  proven.note = note.data;
  proven.len = note.len;
  enum om_code code = give(s, &proven, st);
  om_txn_abort(txn);
  return code;
}

static void restart(const struct stopped *s) {
  om_ledger_close(s->f->ledgers[FED]);
  s->f->ledgers[FED] = network_ledger(&s->f->net, FED, s->f->folders[FED]);
}

/* FED stops at an entry of a member whose home is another log; the others hold two good ones. */
static void stop(struct stopped *s, struct sealing *f) {
  struct om_status st;
  struct om_arena arena = {0};
  struct om_batch *batch;
  struct om_checked *checked;
  *s = (struct stopped){.f = f};
  sealing_mine(f);
  s->index = fed(s).size;
  for (int i = 0; i < 2; i++) s->good[i] = sealing_grow(f, t0 + 2 + i, FED);
  struct record stray = record_extract(&f->net, 3, 1, 1, 1000, t0 + 2);
  s->bad = network_entry(&s->bad_len, stray.bytes, stray.len, t0 + 2);
  free(stray.bytes);
  assert_ok(om_batch_begin(&batch, f->ledgers[FED], &st), &st);
  assert_ok(om_check_entry(&checked, &arena, &f->net.id, om_batch_txn(batch), s->bad, s->bad_len, &st), &st);
  assert_int_equal(om_batch_mirror(batch, LAST, s->index, checked, &st), OM_REFUSED);
  assert_ok(om_batch_commit(batch, NULL, &st), &st);
  om_arena_free(&arena);
  assert_true(fed(s).stopped && !fed(s).yields);
}

static void finish(struct stopped *s) {
  free(s->bad);
  for (int i = 0; i < 2; i++) free(s->good[i].bytes);
}

/* The governors end the log by R, and FED hears of it. */
static void end_by(const struct stopped *s, const struct retire *r) {
  struct om_status st;
  RETIRED(s->f, r);
  assert_ok(network_mirror(&s->f->net, s->f->ledgers[FED], s->f->ledgers[0], 0, &st), &st);
}

/* As the witnesses know it from its daemon. */
static void end(const struct stopped *s) {
  struct om_status st;
  for (size_t i = 0; i < NEEDED; i++) assert_ok(sealing_asks(s->f, i, &st), &st);
  struct record call = sealing_call(s->f, LAST, t0 + 5);
  struct retire r = sealing_all(s->f, &call, NEEDED, t0 + 5);
  end_by(s, &r);
  free(call.bytes);
}

static enum om_code no_tile(void *arg, unsigned level, uint64_t index, const struct om_hash hashes[OM_TILE_HASHES],
                            struct om_status *st) {
  (void)arg, (void)level, (void)index, (void)hashes, (void)st;
  return OM_OK;
}

/* With the bad entry, which its daemon has shown to a witness that does not look. */
static void end_at_the_bad(const struct stopped *s) {
  static struct om_log_state held; /* large */
  struct om_status st;
  struct om_txn *txn;
  struct om_hash leaf;
  struct om_checkpoint head = {.origin = "daemon7.example/log", .size = s->index + 1};
  char note[OM_NOTE_BYTES_MAX], text[OM_CHECKPOINT_BYTES], line[OM_NOTE_LINE_BYTES];
  size_t len;
  assert_ok(om_txn_read(&txn, om_ledger_store(s->f->ledgers[FED]), &st), &st);
  assert_ok(om_log_state_read(txn, &held, LAST, &st), &st);
  om_txn_abort(txn);
  om_leaf_hash(&leaf, s->bad, s->bad_len);
  assert_ok(om_edge_append(&held.edge, &leaf, no_tile, NULL, &st), &st);
  om_edge_root(&held.edge, &head.root);
  size_t text_len = om_checkpoint_format(text, &head);
  assert_ok(om_note_begin(note, &len, text, text_len, &st), &st);
  size_t n = om_note_sign(line, head.origin, s->f->net.log_keys[LAST], text, text_len);
  assert_ok(om_note_add_line(note, &len, line, n, &st), &st);
  struct record call = sealing_call(s->f, LAST, t0 + 5);
  struct retire r = sealing_all(s->f, &call, NEEDED, t0 + 5);
  r.seals[0]->head = sealing_data(note, len);
  sealing_forge(s->f, r.seals[0], s->f->net.cosign_keys[0]);
  r.size = head.size;
  r.root = head.root;
  end_by(s, &r);
  free(call.bytes);
}

static void it_gives_way_to_what_lies_under_the_end(void **state) {
  struct stopped s;
  struct om_status st;
  stop(&s, *state);
  uint64_t size = s.index + 2;
  must_be(bring(&s, NULL, size, &st), OM_MISSING, &st); /* nobody has stated anything there */
  end(&s);
  restart(&s);
  assert_true(fed(&s).stopped && fed(&s).yields);
  must_be(bring_by_head(&s, &st), OM_MISSING, &st); /* its daemon's word counts no more */
  must_be(bring(&s, s.bad, size, &st), OM_NO, &st);
  must_be(bring(&s, s.bad, s.index + 1, &st), OM_MISSING, &st);
  assert_int_equal(fed(&s).size, s.index);
  must_be(bring(&s, NULL, size, &st), OM_OK, &st);
  for (int again = 0; again < 2; again++) {
    assert_false(fed(&s).stopped);
    assert_true(fed(&s).retired);
    assert_int_equal(fed(&s).size, size);
    restart(&s);
  }
  finish(&s);
}

/* That it was judged under the end is kept: it is not asked for again and again. */
static void it_stays_where_the_end_covers_what_is_invalid(void **state) {
  struct stopped s;
  struct om_status st;
  stop(&s, *state);
  end_at_the_bad(&s);
  assert_true(fed(&s).stopped && fed(&s).yields);
  must_be(bring(&s, s.bad, s.index + 1, &st), OM_REFUSED, &st);
  assert_string_equal(st.rule, "home");
  for (int again = 0; again < 2; again++) {
    assert_true(fed(&s).stopped && !fed(&s).yields);
    must_be(bring(&s, s.bad, s.index + 1, &st), OM_REFUSED, &st);
    assert_string_equal(st.rule, "stopped");
    restart(&s);
  }
  assert_int_equal(fed(&s).size, s.index);
  finish(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(it_gives_way_to_what_lies_under_the_end, sealing_open, sealing_close),
      cmocka_unit_test_setup_teardown(it_stays_where_the_end_covers_what_is_invalid, sealing_open, sealing_close),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
