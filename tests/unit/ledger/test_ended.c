/* What follows from the end of a log: its members and lots go on in the successor, on every daemon alike, and nothing
 * beyond the end is taken any more. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_state.h"
#include "ledger/pruned.h"
#include "ledger/rebuild.h"
#include "ledger/verify.h"
#include "proto/bundle.pb-c.h"
#include "support/bundled.h"
#include "support/records.h"
#include "support/sealing.h"
#include "support/verify.h"

static enum om_code submit(struct sealing *f, size_t daemon, const struct record *record, struct om_receipt *receipt,
                           int64_t at, struct om_status *st) {
  return network_submit(&f->net, daemon, f->ledgers[daemon], receipt, record->bytes, record->len, at, st);
}

static void equal_states(struct sealing *f, size_t n) {
  struct om_hash first, hash;
  struct om_status st;
  for (size_t i = 0; i < n; i++) {
    struct om_txn *txn;
    assert_int_equal(om_txn_read(&txn, om_ledger_store(f->ledgers[i]), &st), OM_OK);
    assert_int_equal(om_store_state_hash(&hash, txn, &st), OM_OK);
    om_txn_abort(txn);
    if (i == 0) first = hash;
    assert_memory_equal(first.bytes, hash.bytes, sizeof hash.bytes);
  }
}

static uint64_t mark_of(struct sealing *f, size_t daemon, uint32_t log, uint32_t marked, uint64_t index) {
  struct om_txn *txn;
  struct om_status st;
  assert_int_equal(om_txn_read(&txn, om_ledger_store(f->ledgers[daemon]), &st), OM_OK);
  uint64_t size = om_log_mark(txn, log, marked, index);
  om_txn_abort(txn);
  return size;
}

static uint32_t home_of(struct sealing *f, size_t daemon, uint32_t member, uint64_t as_of) {
  struct om_txn *txn;
  struct om_status st;
  struct om_member row;
  assert_int_equal(om_txn_read(&txn, om_ledger_store(f->ledgers[daemon]), &st), OM_OK);
  assert_int_equal(om_registry_member(txn, &row, member, as_of, &st), OM_OK);
  om_txn_abort(txn);
  return row.home_log;
}

/* The daemons but LAST go on alone. */
static void settle_others(struct sealing *f, int64_t at) {
  f->net.n = LAST;
  sealing_settle(f, at);
  f->net.n = N;
}

static bool follow(struct sealing *f, size_t daemon, int64_t at) {
  struct om_signers_keys keys = network_signers(&f->net, daemon);
  struct om_batch *batch;
  struct om_status st;
  bool marked;
  assert_int_equal(om_batch_begin(&batch, f->ledgers[daemon], &st), OM_OK);
  assert_int_equal(om_batch_follow_registry(batch, &marked, at, &st), OM_OK);
  assert_int_equal(om_batch_commit(batch, &keys, &st), OM_OK);
  return marked;
}

static void end_last(struct sealing *f, int64_t at) {
  struct record call = sealing_call(f, LAST, at);
  struct retire r = sealing_all(f, &call, NEEDED, at);
  RETIRED(f, &r);
  free(call.bytes);
}

static void members_and_lots_go_on(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  struct om_receipt receipt;
  sealing_mine(f);
  struct record mine = sealing_grow(f, t0 + 2, LAST);
  sealing_settle(f, t0 + 3);
  uint64_t size = network_info(f->ledgers[LAST], LAST).size, registry = network_info(f->ledgers[0], 0).size;
  uint64_t before = network_info(f->ledgers[SUCCESSOR], SUCCESSOR).size;
  struct record shipped = record_ship(&f->net, N, &mine, 2, t0 + 9);
  assert_int_equal(submit(f, SUCCESSOR, &shipped, &receipt, t0 + 9, &st), OM_REFUSED);
  assert_string_equal(st.rule, "home");
  end_last(f, t0 + 4);
  sealing_settle(f, t0 + 10);
  for (size_t i = 0; i < N; i++) {
    struct om_log_info info = network_info(f->ledgers[i], LAST);
    assert_true(info.retired);
    assert_int_equal(info.end.size, size);
    assert_int_equal(info.end.successor, SUCCESSOR);
    assert_int_equal(info.size, size);
    assert_int_equal(info.final_size, size);
    assert_int_equal(mark_of(f, i, SUCCESSOR, LAST, before), 0);
    assert_int_equal(mark_of(f, i, SUCCESSOR, LAST, UINT64_MAX), size);
    assert_int_equal(home_of(f, i, N, registry), LAST);
    assert_int_equal(home_of(f, i, N, registry + 1), SUCCESSOR);
  }
  assert_int_equal(submit(f, LAST, &shipped, &receipt, t0 + 11, &st), OM_REFUSED);
  assert_string_equal(st.rule, "retired");
  assert_non_null(strstr(st.text, "daemon6"));
  if (submit(f, SUCCESSOR, &shipped, &receipt, t0 + 11, &st) != OM_OK) fail_msg("%s", st.text);
  assert_int_equal(submit(f, SUCCESSOR, &mine, &receipt, t0 + 11, &st), OM_OK);
  assert_true(receipt.again);
  assert_int_equal(receipt.log, LAST);
  sealing_settle(f, t0 + 12);
  equal_states(f, N);
  free(mine.bytes);
  free(shipped.bytes);
}

/* The lot that PART made, deeply, on DAEMON. */
static void verify(struct sealing *f, size_t daemon, const struct record *made) {
  struct om_arena arena = {0};
  struct om_verdict *out = calloc(1, sizeof *out);
  uint8_t number[OM_LOT_NUMBER_BYTES];
  struct om_status st;
  struct om_txn *txn;
  assert_non_null(out);
  network_lot(&f->net, number, NULL, made->bytes, made->len, 0, 0);
  assert_int_equal(om_txn_read(&txn, om_ledger_store(f->ledgers[daemon]), &st), OM_OK);
  assert_int_equal(verify_lot(txn, &arena, out, &f->net.id, number, true, &st), OM_OK);
  for (size_t i = 0; i < out->n_checks; i++)
    if (out->checks[i].failed > 0) fail_msg("%s", out->checks[i].first);
  assert_true(out->verified);
  om_txn_abort(txn);
  if (network_info(f->ledgers[daemon], LAST).pieces == 0) bundled_agrees(f->ledgers[daemon], &f->net, number);
  om_arena_free(&arena);
  free(out);
}

/* ---- a bundle that lies about an ended log ---- */

/* The tree of LOG that the N FRAMES lead to. */
static void tree_of(struct om_pruned *out, Oremark__BundleFrame *const *frames, size_t n, uint32_t log) {
  *out = (struct om_pruned){.size = 0};
  for (size_t i = 0; i < n; i++) {
    const Oremark__BundleEntry *e = frames[i]->entry;
    const Oremark__BundleHead *h = frames[i]->head;
    struct om_hash leaf;
    if (frames[i]->what_case == OREMARK__BUNDLE_FRAME__WHAT_ENTRY && e->log == log) {
      assert_true(om_pruned_gap(out, e->skipped, e->gap.data, e->gap.len));
      om_leaf_hash(&leaf, e->entry.data, e->entry.len);
      om_pruned_leaf(out, &leaf);
    } else if (frames[i]->what_case == OREMARK__BUNDLE_FRAME__WHAT_HEAD && h->log == log) {
      assert_true(om_pruned_gap(out, h->skipped, h->gap.data, h->gap.len));
    }
  }
}

/* A head of LOG's TREE, signed by whoever could ever sign one. */
static size_t sign_head(struct sealing *f, char note[OM_NOTE_BYTES_MAX], uint32_t log, const struct om_pruned *tree) {
  struct om_checkpoint head = {.size = tree->size};
  char text[OM_CHECKPOINT_BYTES], line[OM_NOTE_LINE_BYTES];
  struct om_daemon daemon;
  struct om_status st;
  struct om_txn *txn;
  size_t len;
  om_pruned_root(tree, &head.root);
  assert_int_equal(om_txn_read(&txn, om_ledger_store(f->ledgers[0]), &st), OM_OK);
  assert_int_equal(om_registry_daemon(txn, &daemon, log, OM_REGISTRY_NOW, &st), OM_OK);
  strcpy(head.origin, daemon.origin);
  size_t text_len = om_checkpoint_format(text, &head);
  assert_int_equal(om_note_begin(note, &len, text, text_len, &st), OM_OK);
  size_t line_len = om_note_sign(line, head.origin, f->net.log_keys[log], text, text_len);
  assert_int_equal(om_note_add_line(note, &len, line, line_len, &st), OM_OK);
  for (uint32_t i = 0; i < N; i++) {
    assert_int_equal(om_registry_daemon(txn, &daemon, i, OM_REGISTRY_NOW, &st), OM_OK);
    line_len = om_note_cosign(line, daemon.origin, f->net.cosign_keys[i], (uint64_t)t0 / 1000, text, text_len);
    assert_int_equal(om_note_add_line(note, &len, line, line_len, &st), OM_OK);
  }
  om_txn_abort(txn);
  return len;
}

/* What the N FRAMES say when they are read as a bundle. */
static enum om_code read_frames(struct sealing *f, Oremark__BundleFrame *const *frames, size_t n,
                                struct om_status *st) {
  uint8_t *bytes = malloc(1 << 20), *at = bytes;
  struct om_verdict *out = calloc(1, sizeof *out);
  struct om_bundle_told told;
  struct om_arena arena = {0};
  assert_true(bytes && out);
  memcpy(at, OM_BUNDLE_MAGIC, sizeof OM_BUNDLE_MAGIC - 1);
  at += sizeof OM_BUNDLE_MAGIC - 1;
  for (size_t i = 0; i < n; i++) {
    size_t len = oremark__bundle_frame__pack(frames[i], at + 4);
    om_be32(at, (uint32_t)len);
    at += 4 + len;
  }
  enum om_code code = bundled_verify(&arena, out, &told, &f->net, bytes, (size_t)(at - bytes), NULL, st);
  if (code == OM_OK) assert_true(out->verified);
  om_arena_free(&arena);
  free(out);
  free(bytes);
  return code;
}

/* Who has the keys of the witnesses that a log once had pads what he likes to the size at which the governors ended it:
 * the act says which entries those are. */
static void a_history_made_up_to_the_end_is_refused(void **state) {
  enum { FRAMES = 64 };
  struct sealing *f = *state;
  Oremark__BundleFrame *frames[FRAMES];
  Oremark__BundleHead *head = NULL;
  uint8_t number[OM_LOT_NUMBER_BYTES];
  char note[OM_NOTE_BYTES_MAX];
  struct om_pruned tree;
  struct om_status st;
  struct bundled b;
  size_t n = 0;
  sealing_mine(f);
  struct record mine = sealing_grow(f, t0 + 2, LAST), more = sealing_grow(f, t0 + 3, LAST);
  sealing_settle(f, t0 + 4);
  end_last(f, t0 + 5);
  sealing_settle(f, t0 + 10);
  network_lot(&f->net, number, NULL, mine.bytes, mine.len, 0, 0);
  assert_int_equal(bundled_write(&b, f->ledgers[0], number, &st), OM_OK);
  for (size_t at = sizeof OM_BUNDLE_MAGIC - 1; at < b.len && n < FRAMES; n++) {
    size_t len = om_get32(b.bytes + at);
    frames[n] = oremark__bundle_frame__unpack(NULL, len, b.bytes + at + 4);
    assert_non_null(frames[n]);
    if (frames[n]->what_case == OREMARK__BUNDLE_FRAME__WHAT_HEAD && frames[n]->head->log == LAST)
      head = frames[n]->head;
    at += 4 + len;
  }
  assert_true(head && head->note.len == 0 && head->gap.len > 0); /* the act stands for it */
  assert_int_equal(read_frames(f, frames, n, &st), OM_OK);
  for (int altered = 0; altered < 2; altered++) {
    head->gap.data[0] ^= (uint8_t)altered;
    tree_of(&tree, frames, n, LAST);
    free(head->note.data);
    head->note.len = sign_head(f, note, LAST, &tree);
    head->note.data = malloc(head->note.len);
    assert_non_null(head->note.data);
    memcpy(head->note.data, note, head->note.len);
    enum om_code code = read_frames(f, frames, n, &st);
    assert_int_equal(code, altered ? OM_NO : OM_OK);
  }
  assert_non_null(strstr(st.text, "stands otherwise"));
  for (size_t i = 0; i < n; i++) oremark__bundle_frame__free_unpacked(frames[i], NULL);
  free(b.bytes);
  free(mine.bytes);
  free(more.bytes);
}

/* A head that a quorum has signed below the end may be of the history that the governors judged against: what it covers
 * is not decided by it. */
static void a_head_short_of_the_end_decides_nothing(void **state) {
  struct sealing *f = *state;
  Oremark__BundleHead *head = NULL;
  uint8_t number[OM_LOT_NUMBER_BYTES];
  char note[OM_NOTE_BYTES_MAX];
  struct om_arena arena = {0};
  struct om_bundle_told told;
  struct om_verdict *v = calloc(1, sizeof *v);
  struct bundled_frames frames;
  struct om_pruned tree;
  struct om_status st;
  struct bundled b;
  assert_non_null(v);
  sealing_mine(f);
  struct record mine = sealing_grow(f, t0 + 2, LAST), more = sealing_grow(f, t0 + 3, LAST);
  sealing_settle(f, t0 + 4);
  end_last(f, t0 + 5);
  sealing_settle(f, t0 + 10);
  network_lot(&f->net, number, NULL, mine.bytes, mine.len, 0, 0);
  assert_ok(bundled_write(&b, f->ledgers[0], number, &st), &st);
  bundled_apart(&frames, &b);
  for (size_t i = 0; i < frames.n; i++)
    if (frames.all[i]->what_case == OREMARK__BUNDLE_FRAME__WHAT_HEAD && frames.all[i]->head->log == LAST)
      head = frames.all[i]->head;
  assert_true(head && head->skipped > 0);
  for (int shorter = 0; shorter < 2; shorter++) {
    if (shorter) head->skipped = head->gap.len = 0;
    tree_of(&tree, frames.all, frames.n, LAST);
    free(head->note.data);
    head->note.len = sign_head(f, note, LAST, &tree);
    head->note.data = malloc(head->note.len);
    assert_non_null(head->note.data);
    memcpy(head->note.data, note, head->note.len);
    free(b.bytes);
    bundled_together(&b, &frames);
    assert_ok(bundled_verify(&arena, v, &told, &f->net, b.bytes, b.len, NULL, &st), &st);
    assert_int_equal(v->checks[OM_CHECK_HEAD].unknown, shorter);
    assert_int_equal(v->verified, !shorter);
    assert_int_equal(v->undecided, shorter);
  }
  bundled_drop(&frames);
  om_arena_free(&arena);
  free(v), free(b.bytes), free(mine.bytes), free(more.bytes);
}

/* Two final heads that contradict each other are known everywhere: nothing leans on the log until the governors have
 * ended it, and so said which of its histories counts. */
static void a_frozen_log_is_ended(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  struct om_receipt receipt;
  sealing_mine(f);
  struct record site = record_site(&f->net, 2, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_PLANT, t0 + 1);
  if (submit(f, 0, &site, &receipt, t0 + 1, &st) != OM_OK) fail_msg("%s", st.text);
  sealing_settle(f, t0 + 1);
  free(site.bytes);
  struct record mine = sealing_grow(f, t0 + 2, LAST);
  struct record shipped = record_ship(&f->net, N, &mine, 2, t0 + 2);
  if (submit(f, LAST, &shipped, &receipt, t0 + 2, &st) != OM_OK) fail_msg("%s", st.text);
  sealing_settle(f, t0 + 3);
  uint64_t size = network_info(f->ledgers[LAST], LAST).size;
  for (size_t i = 0; i < N; i++) {
    struct om_batch *batch;
    struct om_checkpoint about = {.size = 1};
    assert_int_equal(om_batch_begin(&batch, f->ledgers[i], &st), OM_OK);
    om_evidence_put(om_batch_txn(batch), LAST, 0, &about, OM_EVIDENCE_FREEZES, (const uint8_t *)"proof", 5);
    assert_int_equal(om_batch_commit(batch, NULL, &st), OM_OK);
  }
  struct record more = record_extract(&f->net, N, 1, 1, 7000, t0 + 4);
  struct record received = record_receive(&f->net, 2, 1, &mine, &shipped, t0 + 4);
  assert_int_equal(submit(f, LAST, &more, &receipt, t0 + 4, &st), OM_REFUSED);
  assert_string_equal(st.rule, "frozen");
  assert_int_equal(submit(f, 1, &received, &receipt, t0 + 4, &st), OM_REFUSED);
  assert_string_equal(st.rule, "frozen");
  end_last(f, t0 + 4);
  sealing_settle(f, t0 + 10);
  assert_int_equal(submit(f, LAST, &more, &receipt, t0 + 11, &st), OM_REFUSED);
  assert_string_equal(st.rule, "retired");
  assert_int_equal(mark_of(f, 2, SUCCESSOR, LAST, UINT64_MAX), size);
  if (submit(f, SUCCESSOR, &more, &receipt, t0 + 11, &st) != OM_OK) fail_msg("%s", st.text);
  if (submit(f, 1, &received, &receipt, t0 + 11, &st) != OM_OK) fail_msg("%s", st.text);
  sealing_settle(f, t0 + 12);
  verify(f, 2, &mine);
  free(mine.bytes);
  free(shipped.bytes);
  free(more.bytes);
  free(received.bytes);
}

/* The head at which it ends was never final, and some have not got that far. */
static void the_successor_waits_for_the_end(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  struct om_receipt receipt;
  sealing_mine(f);
  struct record mine = sealing_grow(f, t0 + 2, 4);
  assert_int_equal(sealing_asks(f, 3, &st), OM_OK);
  uint64_t size = network_info(f->ledgers[LAST], LAST).size;
  end_last(f, t0 + 4);
  f->net.n = LAST;
  for (size_t i = 1; i < LAST; i++)
    assert_int_equal(network_mirror(&f->net, f->ledgers[i], f->ledgers[0], 0, &st), OM_OK);
  assert_int_equal(network_finalise(&f->net, f->ledgers, 0, (uint64_t)t0 / 1000 + 1, &st), OM_OK);
  f->net.n = N;
  assert_false(follow(f, SUCCESSOR, t0 + 10));
  assert_true(follow(f, 3, t0 + 10)); /* it has what there is */
  struct record shipped = record_ship(&f->net, N, &mine, 2, t0 + 9);
  assert_int_equal(submit(f, SUCCESSOR, &shipped, &receipt, t0 + 10, &st), OM_REFUSED);
  assert_string_equal(st.rule, "home"); /* as far as it follows the registry */
  assert_int_equal(network_mirror(&f->net, f->ledgers[SUCCESSOR], f->ledgers[3], 3, &st), OM_WAIT);
  assert_string_equal(st.rule, "retired");
  assert_int_equal(network_info(f->ledgers[SUCCESSOR], LAST).final_size, size - 1);
  assert_int_equal(network_mirror(&f->net, f->ledgers[SUCCESSOR], f->ledgers[3], LAST, &st), OM_OK);
  assert_int_equal(network_info(f->ledgers[SUCCESSOR], LAST).final_size, size);
  assert_int_equal(network_mirror(&f->net, f->ledgers[SUCCESSOR], f->ledgers[3], 3, &st), OM_OK);
  assert_true(follow(f, SUCCESSOR, t0 + 10));
  assert_int_equal(network_mirror(&f->net, f->ledgers[4], f->ledgers[3], LAST, &st), OM_OK);
  assert_int_equal(network_mirror(&f->net, f->ledgers[5], f->ledgers[3], LAST, &st), OM_OK);
  if (submit(f, SUCCESSOR, &shipped, &receipt, t0 + 11, &st) != OM_OK) fail_msg("%s", st.text);
  settle_others(f, t0 + 12);
  equal_states(f, LAST);
  verify(f, 1, &mine);
  free(mine.bytes);
  free(shipped.bytes);
}

static void nothing_beyond_the_end_is_taken(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  sealing_mine(f);
  uint64_t size = network_info(f->ledgers[LAST], LAST).size;
  end_last(f, t0 + 4);
  free(sealing_grow(f, t0 + 10, 0).bytes);
  assert_int_equal(network_mirror(&f->net, f->ledgers[0], f->ledgers[LAST], LAST, &st), OM_WAIT);
  assert_string_equal(st.rule, "retired");
  struct om_log_info info = network_info(f->ledgers[0], LAST);
  assert_int_equal(info.size, size);
  assert_false(info.stopped);
  assert_int_equal(network_mirror(&f->net, f->ledgers[5], f->ledgers[LAST], LAST, &st), OM_OK); /* has not heard */
  assert_int_equal(sealing_asks(f, 5, &st), OM_OK);
  free(sealing_grow(f, t0 + 11, 0).bytes);
  assert_int_equal(network_mirror(&f->net, f->ledgers[5], f->ledgers[LAST], LAST, &st), OM_OK);
  assert_int_equal(network_mirror(&f->net, f->ledgers[5], f->ledgers[0], 0, &st), OM_OK);
  assert_int_equal(sealing_asks(f, 5, &st), OM_REFUSED);
  assert_string_equal(st.rule, "retired");
  assert_int_equal(network_mirror(&f->net, f->ledgers[LAST], f->ledgers[0], 0, &st), OM_OK);
  for (size_t i = 5; i < N; i += 2) {
    assert_true(network_info(f->ledgers[i], LAST).size > size);
    assert_true(om_ledger_lost(f->ledgers[i]));
    assert_int_equal(om_ledger_mend(f->ledgers[i], &st), OM_OK);
    assert_false(om_ledger_lost(f->ledgers[i]));
    assert_int_equal(network_info(f->ledgers[i], LAST).size, size);
  }
  assert_false(om_ledger_lost(f->ledgers[0]));
  sealing_settle(f, t0 + 12);
  equal_states(f, N);
}

/* LAST goes on by itself from a copy of its store, and LOST entries of that reach daemon 5; of the log itself two more,
 * and there it ends. */
static struct om_log_info end_with_twin(struct sealing *f, int lost) {
  struct om_status st;
  char command[9000], *copy = temp_folder();
  sealing_mine(f);
  om_ledger_close(f->ledgers[LAST]);
  snprintf(command, sizeof command, "cp %s/data.mdb %s/", f->folders[LAST], copy);
  assert_int_equal(system(command), 0);
  struct om_ledger *twin = network_ledger(&f->net, LAST, copy);
  f->ledgers[LAST] = twin;
  for (int i = 0; i < lost; i++) free(sealing_grow(f, t0 + 2, 0).bytes);
  assert_int_equal(network_mirror(&f->net, f->ledgers[5], twin, LAST, &st), OM_OK);
  om_ledger_close(twin);
  remove_folder(copy);
  f->ledgers[LAST] = network_ledger(&f->net, LAST, f->folders[LAST]);
  struct om_log_info common = network_info(f->ledgers[LAST], LAST);
  for (int i = 0; i < 2; i++) free(sealing_grow(f, t0 + 2, 5).bytes);
  assert_int_equal(sealing_asks(f, 3, &st), OM_OK);
  end_last(f, t0 + 4);
  assert_int_equal(network_mirror(&f->net, f->ledgers[5], f->ledgers[0], 0, &st), OM_OK);
  return common;
}

static void follows_anew(struct sealing *f, uint64_t common) {
  struct om_status st;
  assert_true(om_ledger_lost(f->ledgers[5]));
  assert_int_equal(om_ledger_mend(f->ledgers[5], &st), OM_OK);
  assert_int_equal(network_info(f->ledgers[5], LAST).size, common);
  assert_int_equal(network_mirror(&f->net, f->ledgers[5], f->ledgers[0], LAST, &st), OM_OK);
  struct om_log_info info = network_info(f->ledgers[5], LAST);
  assert_int_equal(info.size, info.end.size);
  assert_memory_equal(info.root.bytes, info.end.root.bytes, sizeof info.root);
  assert_int_equal(network_mirror(&f->net, f->ledgers[SUCCESSOR], f->ledgers[0], LAST, &st), OM_OK);
  settle_others(f, t0 + 12);
  equal_states(f, LAST);
}

static void another_history_at_the_end_is_cut(void **state) {
  struct sealing *f = *state;
  struct om_log_info common = end_with_twin(f, 2);
  follows_anew(f, common.size);
}

/* Only the root at the end shows it. */
static void another_history_below_the_end_is_cut(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  struct om_log_info common = end_with_twin(f, 1);
  assert_false(om_ledger_lost(f->ledgers[5]));
  assert_int_equal(network_mirror(&f->net, f->ledgers[5], f->ledgers[0], LAST, &st), OM_WAIT);
  assert_string_equal(st.rule, "retired");
  follows_anew(f, common.size);
}

/* Other entries than those under the head at which it ended. */
static void an_end_has_one_root(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  sealing_mine(f);
  free(sealing_grow(f, t0 + 2, 0).bytes);
  struct om_log_info info = network_info(f->ledgers[LAST], LAST);
  struct record call = sealing_call(f, LAST, t0 + 4);
  struct retire r = sealing_all(f, &call, NEEDED, t0 + 4);
  char note[OM_NOTE_BYTES_MAX], text[OM_CHECKPOINT_BYTES], line[OM_NOTE_LINE_BYTES];
  size_t len;
  struct om_checkpoint head = {.origin = "daemon7.example/log", .size = info.size, .root.bytes = {1}};
  size_t text_len = om_checkpoint_format(text, &head);
  assert_int_equal(om_note_begin(note, &len, text, text_len, &st), OM_OK);
  assert_int_equal(
      om_note_add_line(note, &len, line, om_note_sign(line, head.origin, f->net.log_keys[LAST], text, text_len), &st),
      OM_OK);
  r.seals[0]->head = sealing_data(note, len);
  sealing_forge(f, r.seals[0], f->net.cosign_keys[0]);
  r.root = head.root;
  RETIRED(f, &r);
  assert_int_equal(network_mirror(&f->net, f->ledgers[0], f->ledgers[LAST], LAST, &st), OM_REFUSED);
  assert_string_equal(st.rule, "retired");
  assert_int_equal(network_info(f->ledgers[0], LAST).size, info.size - 1);
  free(call.bytes);
}

/* Its home was dead before the member left it: nobody will ever see that log take up the move. */
static void a_move_from_a_dead_log_is_bound_by_its_end(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  struct om_receipt receipt;
  Oremark__Rehome moves = OREMARK__REHOME__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  sealing_mine(f);
  struct record mine = sealing_grow(f, t0 + 2, LAST);
  sealing_settle(f, t0 + 3);
  moves.member = N;
  moves.home_log = 5;
  event.kind_case = OREMARK__EVENT__KIND_REHOME;
  event.rehome = &moves;
  if (sealing_act(f, &event, NULL, t0 + 4, &st) != OM_OK) fail_msg("%s", st.text);
  settle_others(f, t0 + 4);
  struct record shipped = record_ship(&f->net, N, &mine, 2, t0 + 9);
  assert_int_equal(submit(f, 5, &shipped, &receipt, t0 + 10, &st), OM_WAIT);
  end_last(f, t0 + 5);
  settle_others(f, t0 + 11);
  assert_int_equal(home_of(f, 1, N, OM_REGISTRY_NOW), 5);
  if (submit(f, 5, &shipped, &receipt, t0 + 12, &st) != OM_OK) fail_msg("%s", st.text);
  settle_others(f, t0 + 13);
  equal_states(f, LAST);
  free(mine.bytes);
  free(shipped.bytes);
}

static void nobody_moves_into_an_ended_log(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  Oremark__Rehome moves = OREMARK__REHOME__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  end_last(f, t0 + 4);
  moves.member = 2;
  moves.home_log = LAST;
  event.kind_case = OREMARK__EVENT__KIND_REHOME;
  event.rehome = &moves;
  assert_int_equal(sealing_act(f, &event, NULL, t0 + 9, &st), OM_REFUSED);
  assert_string_equal(st.rule, "home");
  struct record call = sealing_call(f, 5, t0 + 9);
  struct om_log_info info = network_info(f->ledgers[5], 5);
  struct retire r = {.log = 5, .successor = LAST, .size = info.size, .root = info.root};
  for (; r.n < NEEDED; r.n++) r.seals[r.n] = sealing_seal(f, r.n, &call, t0 + 9);
  REFUSED(f, &r, "successor");
  r.successor = SUCCESSOR;
  RETIRED(f, &r);
  free(call.bytes);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, sealing_open, sealing_close)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(members_and_lots_go_on),
      TEST(a_history_made_up_to_the_end_is_refused),
      TEST(a_head_short_of_the_end_decides_nothing),
      TEST(a_frozen_log_is_ended),
      TEST(the_successor_waits_for_the_end),
      TEST(nothing_beyond_the_end_is_taken),
      TEST(another_history_at_the_end_is_cut),
      TEST(another_history_below_the_end_is_cut),
      TEST(an_end_has_one_root),
      TEST(a_move_from_a_dead_log_is_bound_by_its_end),
      TEST(nobody_moves_into_an_ended_log),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
