/* The governors have ended a log with other entries than some daemon holds, which has not come as far: it is proven to
 * it that the end does not go on from what it holds, and it follows the end, whatever it has doubted before. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_state.h"
#include "ledger/proven.h"
#include "ledger/rebuild.h"
#include "support/sealing.h"

enum { FED = 5, END = 2, QUORUM = 5 }; /* not one of those who seal; entries behind what all hold */

static struct sealing *f;
static struct om_status st;
static uint64_t common; /* entries that all hold */

static struct om_log_info fed(void) {
  return network_info(f->ledgers[FED], LAST);
}

/* FED takes in what is said to be the next entry, without proof. */
static enum om_code feed(const struct record *said) {
  struct om_arena arena = {0};
  struct om_batch *batch;
  struct om_checked *checked;
  struct om_status committed;
  size_t len;
  uint8_t *entry = network_entry(&len, said->bytes, said->len, t0 + 2);
  assert_ok(om_batch_begin(&batch, f->ledgers[FED], &st), &st);
  assert_ok(om_check_entry(&checked, &arena, &f->net.id, om_batch_txn(batch), entry, len, &st), &st);
  enum om_code code = om_batch_mirror(batch, LAST, fed().size, checked, &st);
  assert_ok(om_batch_commit(batch, NULL, &committed), &committed);
  om_arena_free(&arena);
  free(entry);
  return code;
}

/* The others hold END entries more of the log, and FED another one; of one member both, and valid. */
static struct record part(struct sealing *sealing) {
  f = sealing;
  sealing_mine(f);
  common = fed().size;
  for (int i = 0; i < END; i++) free(sealing_grow(f, t0 + 2 + i, FED).bytes);
  struct record other = record_extract(&f->net, N, 1, 1, 5000, t0 + 2);
  assert_ok(feed(&other), &st);
  return other;
}

/* An invalid entry behind it makes FED doubt it, once; and it takes it in again. */
static void use_doubt(const struct record *other) {
  struct record stray = record_extract(&f->net, 3, 1, 1, 1000, t0 + 2);
  must_be(feed(&stray), OM_WAIT, &st);
  assert_string_equal(st.rule, "mending");
  assert_ok(om_ledger_mend(f->ledgers[FED], &st), &st);
  assert_int_equal(fed().size, common);
  assert_ok(feed(other), &st);
  free(stray.bytes);
}

/* As the witnesses know it from its daemon. */
static void end(void) {
  for (size_t i = 0; i < NEEDED; i++) assert_ok(sealing_asks(f, i, &st), &st);
  struct record call = sealing_call(f, LAST, t0 + 5);
  struct retire r = sealing_all(f, &call, NEEDED, t0 + 5);
  assert_int_equal(r.size, common + END);
  RETIRED(f, &r);
  assert_ok(network_mirror(&f->net, f->ledgers[FED], f->ledgers[0], 0, &st), &st);
  assert_true(fed().retired);
  free(call.bytes);
}

/* All that FED lacks up to the end is brought, proven up to there. */
static enum om_code bring(void) {
  struct om_arena arena = {0};
  struct om_batch *batch;
  struct om_checked *checked;
  struct om_txn *txn;
  struct om_status committed;
  struct om_proven proven = {.start = fed().size, .n = common + END - fed().size, .size = common + END};
  struct om_span *entries = om_arena_array(&arena, proven.n, sizeof *entries);
  assert_ok(om_txn_read(&txn, om_ledger_store(f->ledgers[LAST]), &st), &st);
  for (size_t i = 0; i < proven.n; i++) {
    struct om_bytes entry;
    assert_ok(om_log_entry(txn, &entry, LAST, proven.start + i, &st), &st);
    entries[i] = (struct om_span){entry.data, entry.len};
  }
  proven.entries = entries;
  if (proven.start > 0) assert_ok(om_log_prove(txn, &proven.before, LAST, proven.start, proven.size, &st), &st);
  assert_ok(om_batch_begin(&batch, f->ledgers[FED], &st), &st);
  enum om_code code = om_batch_proven(batch, LAST, &proven, &st);
  for (size_t i = 0; code == OM_OK && i < proven.n; i++) {
    assert_ok(om_check_entry(&checked, &arena, &f->net.id, om_batch_txn(batch), entries[i].data, entries[i].len, &st),
              &st);
    code = om_batch_mirror(batch, LAST, proven.start + i, checked, &st);
  }
  struct om_status said = st;
  assert_ok(om_batch_commit(batch, NULL, &committed), &committed);
  om_txn_abort(txn);
  om_arena_free(&arena);
  st = said;
  return code;
}

/* It is mended, and holds the log as it has ended. */
static void assert_follows(uint64_t size) {
  must_be(bring(), OM_WAIT, &st);
  assert_string_equal(st.rule, "mending");
  om_ledger_close(f->ledgers[FED]); /* which is known after a stop, too */
  f->ledgers[FED] = network_ledger(&f->net, FED, f->folders[FED]);
  assert_true(om_ledger_lost(f->ledgers[FED]));
  assert_ok(om_ledger_mend(f->ledgers[FED], &st), &st);
  assert_false(om_ledger_lost(f->ledgers[FED]));
  assert_int_equal(fed().size, size);
  must_be(bring(), OM_OK, &st);
  struct om_log_info info = fed();
  assert_int_equal(info.size, common + END);
  assert_true(om_hash_equal(&info.root, &info.end.root));
  assert_false(om_ledger_lost(f->ledgers[FED]));
}

static void what_is_not_final_gives_way(void **state) {
  struct record other = part(*state);
  end();
  assert_follows(common);
  free(other.bytes);
}

static void where_it_was_doubted_before_too(void **state) {
  struct record other = part(*state);
  use_doubt(&other);
  end();
  assert_follows(common);
  free(other.bytes);
}

/* A quorum has signed what FED holds, and the governors have judged that it does not count. */
static void what_is_final_gives_way_too(void **state) {
  struct record other = part(*state);
  struct om_batch *batch;
  struct om_checkpoint head = {.origin = "daemon7.example/log", .size = fed().size, .root = fed().root};
  char note[OM_NOTE_BYTES_MAX], text[OM_CHECKPOINT_BYTES], line[OM_NOTE_LINE_BYTES], origin[64];
  size_t len, text_len = om_checkpoint_format(text, &head);
  bool newer;
  assert_ok(om_note_begin(note, &len, text, text_len, &st), &st);
  size_t n = om_note_sign(line, head.origin, f->net.log_keys[LAST], text, text_len);
  assert_ok(om_note_add_line(note, &len, line, n, &st), &st);
  for (size_t i = 0; i < QUORUM; i++) {
    snprintf(origin, sizeof origin, "daemon%zu.example/log", i);
    n = om_note_cosign(line, origin, f->net.cosign_keys[i], (uint64_t)t0 / 1000, text, text_len);
    assert_ok(om_note_add_line(note, &len, line, n, &st), &st);
  }
  assert_ok(om_batch_begin(&batch, f->ledgers[FED], &st), &st);
  assert_ok(om_batch_final(batch, &newer, LAST, (const uint8_t *)note, len, &st), &st);
  assert_ok(om_batch_commit(batch, NULL, &st), &st);
  assert_int_equal(fed().head_size, common + 1);
  end();
  assert_follows(0);
  free(other.bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(what_is_not_final_gives_way, sealing_open, sealing_close),
      cmocka_unit_test_setup_teardown(where_it_was_doubted_before_too, sealing_open, sealing_close),
      cmocka_unit_test_setup_teardown(what_is_final_gives_way_too, sealing_open, sealing_close),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
