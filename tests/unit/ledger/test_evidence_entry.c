/* An entry that its log has signed and must not hold: what proves that, to whom, and what does not. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/evidence.h"
#include "ledger/ledger_state.h"
#include "ledger/rules.h"
#include "support/lie.h"

/* DAEMON meets the bad entry, with the LIE_N that came behind it. */
static void stop(struct lie *l, size_t daemon, size_t n) {
  static const uint8_t behind[LIE_BEHIND] = {0, 1, 2, 3, 4};
  struct om_span spans[LIE_BEHIND];
  struct om_batch *batch;
  struct om_checked *checked;
  struct om_status why;
  for (size_t i = 0; i < LIE_BEHIND; i++) spans[i] = (struct om_span){&behind[i], 1};
  assert_int_equal(om_batch_begin(&batch, l->ledgers[daemon], &l->st), OM_OK);
  if (om_check_entry(&checked, &l->arena, &l->net.id, om_batch_txn(batch), l->bad, l->bad_len, &why) != OM_OK)
    must_be(om_batch_stop_log(batch, LIE_LOG, l->index, l->bad, l->bad_len, &why, &l->st), OM_OK, &l->st);
  else
    assert_int_equal(om_batch_mirror(batch, LIE_LOG, l->index, checked, &l->st), OM_REFUSED);
  must_be(om_batch_behind_stop(batch, LIE_LOG, l->index, spans, n, &l->st), OM_OK, &l->st);
  assert_int_equal(om_batch_commit(batch, NULL, &l->st), OM_OK);
  assert_true(lie_info(l, daemon).stopped);
}

/* The head is proposed to DAEMON, or said to be final. */
static void offer(struct lie *l, size_t daemon, const struct lie_head *head, bool as_final) {
  char line[OM_NOTE_LINE_BYTES];
  bool newer;
  struct om_batch *batch;
  struct om_signers_keys keys = network_signers(&l->net, daemon);
  assert_int_equal(om_batch_begin(&batch, l->ledgers[daemon], &l->st), OM_OK);
  if (as_final) {
    assert_int_equal(om_batch_final(batch, &newer, LIE_LOG, head->note, head->len, &l->st), OM_WAIT);
  } else {
    assert_int_equal(
        om_batch_cosign(batch, line, LIE_LOG, head->note, head->len, (uint64_t)LIE_MS / 1000, &keys, &l->st),
        OM_REFUSED);
    assert_string_equal(l->st.rule, "stopped");
  }
  assert_int_equal(om_batch_commit(batch, NULL, &l->st), OM_OK);
}

/* Piece 0 as DAEMON holds it, in L's arena. */
static struct om_span piece_of(struct lie *l, size_t daemon, enum om_evidence_standing standing) {
  struct om_txn *txn;
  struct om_bytes bytes;
  enum om_evidence_standing found;
  assert_int_equal(om_txn_read(&txn, om_ledger_store(l->ledgers[daemon]), &l->st), OM_OK);
  must_be(om_log_evidence(txn, &bytes, &found, LIE_LOG, 0, &l->st), OM_OK, &l->st);
  assert_int_equal(found, standing);
  struct om_span out = {om_arena_copy(&l->arena, bytes.data, bytes.len), bytes.len};
  om_txn_abort(txn);
  return out;
}

static enum om_code show(struct lie *l, size_t daemon, struct om_span piece, uint32_t *number) {
  struct om_batch *batch;
  struct om_status committed;
  bool news;
  assert_int_equal(om_batch_begin(&batch, l->ledgers[daemon], &l->st), OM_OK);
  enum om_code code = om_batch_evidence(batch, number, &news, LIE_LOG, piece.data, piece.len, &l->st);
  assert_int_equal(om_batch_commit(batch, NULL, &committed), OM_OK);
  return code;
}

/* A mirror that stops makes proof of it as soon as it sees a head over the entry; whoever has not come so far holds
 * what proves itself for proven, and the rest as said by another. */
static void check_proof(bool malformed, uint64_t size, bool as_final) {
  static struct lie l;
  uint32_t number;
  struct om_evidence_verdict *v = malloc(sizeof *v);
  lie_open(&l, size);
  struct lie_head before = lie_head(&l);
  lie_tell(&l, malformed);
  struct lie_head over = lie_head(&l);
  stop(&l, 2, LIE_BEHIND);
  if (!as_final) offer(&l, 2, &before, false);
  assert_int_equal(lie_info(&l, 2).evidence, 0);
  for (int again = 0; again < 2; again++) offer(&l, 2, &over, as_final);
  assert_int_equal(lie_info(&l, 2).evidence, 1);
  assert_false(lie_info(&l, 2).frozen);
  struct om_span piece = piece_of(&l, 2, OM_EVIDENCE_STANDS);
  must_be(om_evidence_check(piece.data, piece.len, v, &l.st), OM_OK, &l.st);
  assert_int_equal(v->what, OM_EVIDENCE_OF_ENTRY);
  assert_int_equal(v->index, l.index);
  assert_int_equal(v->larger.size, l.index + 1 + LIE_BEHIND);
  assert_int_equal(v->malformed, malformed);
  assert_true(v->why[0]);

  must_be(show(&l, 3, piece, &number), OM_OK, &l.st);
  assert_int_equal(number, 0);
  struct om_log_info info = lie_info(&l, 3);
  assert_int_equal(info.evidence, 1);
  assert_false(info.stopped || info.frozen);
  piece_of(&l, 3, malformed ? OM_EVIDENCE_STANDS : OM_EVIDENCE_CLAIMED);
  stop(&l, 3, 0);
  piece_of(&l, 3, OM_EVIDENCE_STANDS); /* its own judgement says so too */

  uint8_t *changed = om_arena_copy(&l.arena, piece.data, piece.len);
  size_t tried = 0;
  for (size_t i = 0; i < piece.len; i += 7, tried++) {
    changed[i] ^= 1;
    if (om_evidence_check(changed, piece.len, v, &l.st) == OM_OK) {
      struct om_hash leaf;
      om_leaf_hash(&leaf, l.bad, l.bad_len);
      assert_true(om_hash_equal(&v->leaf, &leaf) && v->index == l.index); /* then it says the same of it */
    }
    changed[i] ^= 1;
  }
  assert_true(tried > 50);
  free(v);
  lie_close(&l);
}

static void test_a_malformed_entry(void **state) {
  (void)state;
  check_proof(true, 20, false);
}

static void test_an_entry_against_the_rules(void **state) {
  (void)state;
  check_proof(false, 20, false);
}

/* What came behind fills a tile that the mirror has not. */
static void test_across_a_tile(void **state) {
  (void)state;
  check_proof(false, OM_TILE_HASHES - 3, false);
}

static void test_a_final_head_over_it(void **state) {
  (void)state;
  check_proof(false, 20, true);
}

/* A newer program may read what this one can't: while it is waited for, bytes alone prove nothing. */
static void test_nothing_is_proven_by_bytes_while_an_upgrade_is_due(void **state) {
  (void)state;
  static struct lie l;
  uint32_t number;
  struct om_batch *batch;
  struct om_status why;
  lie_open(&l, 20);
  lie_tell(&l, true);
  struct lie_head over = lie_head(&l);
  stop(&l, 2, LIE_BEHIND);
  offer(&l, 2, &over, false);
  struct om_span piece = piece_of(&l, 2, OM_EVIDENCE_STANDS);
  om_fail(&why, OM_REFUSED, "upgrade", "another version of the rules");
  assert_int_equal(om_batch_begin(&batch, l.ledgers[3], &l.st), OM_OK);
  uint64_t size = network_info(l.ledgers[3], OM_LOG_REGISTRY).size;
  assert_int_equal(om_upgrade_wait(batch, size, &why, &l.st), OM_WAIT);
  assert_int_equal(om_batch_commit(batch, NULL, &l.st), OM_OK);
  must_be(show(&l, 3, piece, &number), OM_OK, &l.st);
  piece_of(&l, 3, OM_EVIDENCE_CLAIMED);
  lie_close(&l);
}

static void test_what_a_head_does_not_cover_is_not_proven(void **state) {
  (void)state;
  static struct lie l;
  lie_open(&l, 20);
  lie_tell(&l, true);
  struct lie_head over = lie_head(&l);
  stop(&l, 2, LIE_BEHIND - 1); /* the head covers one more than came */
  offer(&l, 2, &over, false);
  assert_int_equal(lie_info(&l, 2).evidence, 0);
  l.bad[0] ^= 1; /* as a relay has it */
  stop(&l, 3, LIE_BEHIND);
  offer(&l, 3, &over, false);
  assert_int_equal(lie_info(&l, 3).evidence, 0);
  lie_close(&l);
}

/* Says of the valid entry INDEX of the liar's log that it is none. */
static struct om_span slander(struct lie *l, uint64_t index) {
  struct om_txn *txn;
  struct om_log_tiles *tiles = om_arena_alloc(&l->arena, sizeof *tiles);
  struct om_bytes entry;
  struct om_daemon log;
  struct om_proof proof;
  struct lie_head head = lie_head(l);
  uint8_t *bytes;
  size_t len;
  assert_int_equal(om_txn_read(&txn, om_ledger_store(l->ledgers[LIE_LOG]), &l->st), OM_OK);
  assert_int_equal(om_log_tiles(txn, tiles, LIE_LOG, &l->st), OM_OK);
  must_be(om_prove_inclusion(&tiles->tiles, &proof, index, tiles->edge.size, &l->st), OM_OK, &l->st);
  must_be(om_log_entry(txn, &entry, LIE_LOG, index, &l->st), OM_OK, &l->st);
  assert_int_equal(om_registry_daemon(txn, &log, LIE_LOG, OM_REGISTRY_NOW, &l->st), OM_OK);
  struct om_span span = {entry.data, entry.len};
  struct om_signed_head signed_head = {head.note, head.len};
  must_be(om_evidence_entry(&l->arena, &bytes, &len, &(struct om_accused){&l->net.id, &log, NULL, 0, "it is bad"},
                            index, &span, &signed_head, &proof, &l->st),
          OM_OK, &l->st);
  om_txn_abort(txn);
  return (struct om_span){bytes, len};
}

/* Who has judged the entry knows better; who has not does when it has. */
static void test_slander_does_not_last(void **state) {
  (void)state;
  static struct lie l;
  uint32_t number;
  lie_open(&l, 20);
  uint64_t held = lie_info(&l, 4).size;
  assert_true(held + 4 <= 20);
  must_be(show(&l, 3, slander(&l, 18), &number), OM_OK, &l.st);
  assert_int_equal(number, OM_EVIDENCE_NONE);
  assert_int_equal(lie_info(&l, 3).pieces, 0);
  for (uint64_t i = 0; i < 4; i++) {
    must_be(show(&l, 4, slander(&l, held + i), &number), OM_OK, &l.st);
    assert_int_equal(number, i < OM_EVIDENCE_CLAIMS_MAX ? i : OM_EVIDENCE_NONE); /* so that the rest has room */
  }
  assert_int_equal(lie_info(&l, 4).evidence, OM_EVIDENCE_CLAIMS_MAX);
  piece_of(&l, 4, OM_EVIDENCE_CLAIMED);
  must_be(network_mirror(&l.net, l.ledgers[4], l.ledgers[LIE_LOG], LIE_LOG, &l.st), OM_OK, &l.st);
  assert_int_equal(lie_info(&l, 4).size, 20);
  piece_of(&l, 4, OM_EVIDENCE_REFUTED);
  assert_int_equal(lie_info(&l, 4).evidence, 0);
  lie_close(&l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_malformed_entry),
      cmocka_unit_test(test_an_entry_against_the_rules),
      cmocka_unit_test(test_nothing_is_proven_by_bytes_while_an_upgrade_is_due),
      cmocka_unit_test(test_across_a_tile),
      cmocka_unit_test(test_a_final_head_over_it),
      cmocka_unit_test(test_what_a_head_does_not_cover_is_not_proven),
      cmocka_unit_test(test_slander_does_not_last),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
