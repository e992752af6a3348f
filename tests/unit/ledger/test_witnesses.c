/* A change of witnesses: heads need the quorum of the old list and the new, until the log has recorded one that has
 * both. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_state.h"
#include "ledger/times.h"
#include "ledger/verify.h"
#include "support/bundled.h"
#include "support/records.h"
#include "support/sealing.h"
#include "support/verify.h"

/* ---- acts ---- */

static const uint32_t first_four[] = {0, 1, 2, 3}, everybody[] = {0, 1, 2, 3, 4, 5, 6, 7};

static enum om_code revoke(struct sealing *f, uint32_t member, const struct om_secret *key,
                           const struct om_secret *replacement, const struct om_hash *previous, struct om_hash *id,
                           int64_t at, struct om_status *st) {
  Oremark__RevokeKey act = OREMARK__REVOKE_KEY__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  act.member = member;
  act.key = (ProtobufCBinaryData){OM_PUBLIC_BYTES, (uint8_t *)(uintptr_t)om_secret_public(key)};
  if (replacement)
    act.replacement = (ProtobufCBinaryData){OM_PUBLIC_BYTES, (uint8_t *)(uintptr_t)om_secret_public(replacement)};
  event.kind_case = OREMARK__EVENT__KIND_REVOKE_KEY;
  event.revoke_key = &act;
  if (previous) event.previous = sealing_data(previous->bytes, sizeof previous->bytes);
  return sealing_act(f, &event, id, at, st);
}

static void grow_registry(struct sealing *f, int64_t at) {
  struct om_status st;
  struct om_receipt receipt;
  struct record site = record_site(&f->net, 2, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, at);
  assert_int_equal(network_submit(&f->net, 0, f->ledgers[0], &receipt, site.bytes, site.len, at, &st), OM_OK);
  free(site.bytes);
}

/* ---- heads ---- */

static uint64_t size_of(const struct om_ledger *ledger, uint32_t log) {
  return network_info(ledger, log).size;
}

static void cosign(char note[OM_NOTE_BYTES_MAX], size_t *len, uint32_t witness, const struct om_secret *key,
                   uint64_t time_s) {
  char line[OM_NOTE_LINE_BYTES], origin[32];
  struct om_note parsed;
  struct om_status st;
  assert_int_equal(om_note_parse(&parsed, note, *len, &st), OM_OK);
  snprintf(origin, sizeof origin, "daemon%u.example/log", witness);
  size_t n = om_note_cosign(line, origin, key, time_s, parsed.text, parsed.text_len);
  assert_int_equal(om_note_add_line(note, len, line, n, &st), OM_OK);
}

/* LOG's own head with the cosignatures of the digits in SIGNERS, each at 1000 s and its number; 'n': daemon 2's, with
 * the spare key. */
static void head(struct sealing *f, char note[OM_NOTE_BYTES_MAX], size_t *len, uint32_t log, const char *signers) {
  struct om_txn *txn;
  struct om_bytes own;
  struct om_status st;
  assert_int_equal(om_txn_read(&txn, om_ledger_store(f->ledgers[log]), &st), OM_OK);
  assert_int_equal(om_log_head(txn, &own, log, &st), OM_OK);
  memcpy(note, own.data, *len = own.len);
  om_txn_abort(txn);
  for (; *signers; signers++) {
    uint32_t i = *signers == 'n' ? 2 : (uint32_t)(*signers - '0');
    cosign(note, len, i, *signers == 'n' ? f->spare : f->net.cosign_keys[i], 1000 + i);
  }
}

/* Is LOG's head final with these cosignatures? The time of its quorum, 0: it is not. */
static uint64_t final_at(struct sealing *f, uint32_t log, const char *signers) {
  char note[OM_NOTE_BYTES_MAX];
  size_t len;
  struct om_txn *txn;
  struct om_checkpoint checkpoint;
  struct om_status st;
  uint64_t time_s;
  head(f, note, &len, log, signers);
  assert_int_equal(om_txn_read(&txn, om_ledger_store(f->ledgers[log]), &st), OM_OK);
  enum om_code code = om_quorum_check(txn, &checkpoint, &time_s, log, (uint8_t *)note, len, &st);
  om_txn_abort(txn);
  if (code == OM_OK) return time_s;
  assert_string_equal(st.rule, "quorum");
  return 0;
}

/* May a head of LOG with these cosignatures be final, for whom HELD entries are all that it has? */
static bool claims_at(struct sealing *f, uint32_t log, const char *signers, uint64_t held) {
  char note[OM_NOTE_BYTES_MAX];
  size_t len;
  struct om_txn *txn;
  struct om_checkpoint checkpoint;
  struct om_status st;
  head(f, note, &len, log, signers);
  assert_int_equal(om_txn_read(&txn, om_ledger_store(f->ledgers[log]), &st), OM_OK);
  enum om_code code = om_quorum_claim(txn, &checkpoint, log, held, (uint8_t *)note, len, &st);
  om_txn_abort(txn);
  return code == OM_OK;
}

/* What TO says of a next entry of LOG that marks MARKED at the head NOTE. Nothing is kept. */
static enum om_code marks(struct sealing *f, size_t to, uint32_t log, uint32_t marked, const char *note, size_t len,
                          struct om_status *st) {
  struct om_arena arena = {0};
  struct om_batch *batch;
  struct om_checked *checked;
  Oremark__Mark mark = OREMARK__MARK__INIT;
  Oremark__Entry entry = OREMARK__ENTRY__INIT;
  static uint8_t bytes[2 * OM_NOTE_BYTES_MAX];
  mark.log = marked;
  mark.checkpoint = (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)note};
  entry.taken_ms = t0 + 1000000;
  entry.what_case = OREMARK__ENTRY__WHAT_MARK;
  entry.mark = &mark;
  size_t n = oremark__entry__pack(&entry, bytes);
  assert_int_equal(om_batch_begin(&batch, f->ledgers[to], st), OM_OK);
  enum om_code code = om_check_entry(&checked, &arena, &f->net.id, om_batch_txn(batch), bytes, n, st);
  if (code == OM_OK) code = om_batch_take(batch, log, size_of(f->ledgers[to], log), checked, st);
  om_batch_abort(batch);
  om_arena_free(&arena);
  return code;
}

static enum om_code marks_itself(struct sealing *f, size_t to, uint32_t log, const char *note, size_t len,
                                 struct om_status *st) {
  return marks(f, to, log, log, note, len, st);
}

static void equal_states(struct sealing *f) {
  struct om_hash first, hash;
  struct om_status st;
  for (size_t i = 0; i < N; i++) {
    struct om_txn *txn;
    assert_int_equal(om_txn_read(&txn, om_ledger_store(f->ledgers[i]), &st), OM_OK);
    assert_int_equal(om_store_state_hash(&hash, txn, &st), OM_OK);
    om_txn_abort(txn);
    if (i == 0) first = hash;
    assert_memory_equal(first.bytes, hash.bytes, sizeof hash.bytes);
  }
}

/* ---- tests ---- */

/* Everybody (five of seven) to the first four (three of three, as daemon 0 is not counted for its own log). */
static void a_change_takes_both_quorums(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  assert_int_equal(sealing_set_witnesses(f, first_four, 4, 0, NULL, NULL, t0 + 1, &st), OM_OK);
  assert_int_equal(final_at(f, 0, "123"), 0);
  assert_int_equal(final_at(f, 0, "34567"), 0);
  assert_int_equal(final_at(f, 0, "12345"), 1005); /* the later of 1003 and 1005 */
  uint64_t changed = size_of(f->ledgers[0], 0); /* what comes after may record the change: then the new list suffices */
  assert_false(claims_at(f, 0, "123", changed));
  assert_true(claims_at(f, 0, "123", changed - 1));
  assert_false(claims_at(f, 0, "34567", changed - 1));
  assert_true(claims_at(f, 0, "12345", changed));
  uint64_t registry = size_of(f->ledgers[0], 0), last = size_of(f->ledgers[LAST], LAST);
  sealing_settle(f, t0 + 2);
  assert_int_equal(size_of(f->ledgers[0], 0), registry + 1); /* its mark of itself */
  assert_true(size_of(f->ledgers[LAST], LAST) >= last + 2);  /* of the registry, and of itself */
  last = size_of(f->ledgers[LAST], LAST);
  sealing_settle(f, t0 + 3);
  assert_int_equal(size_of(f->ledgers[0], 0), registry + 1);
  assert_int_equal(size_of(f->ledgers[LAST], LAST), last);
  assert_int_equal(final_at(f, 0, "34567"), 0);
  assert_int_equal(final_at(f, 0, "123"), 1003);
  assert_int_equal(final_at(f, LAST, "123"), 1003);
  assert_int_equal(final_at(f, LAST, "3456"), 0);
  equal_states(f);
}

static void a_mark_of_itself_stands_once(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  char before[OM_NOTE_BYTES_MAX], note[OM_NOTE_BYTES_MAX];
  size_t before_len, len;
  head(f, before, &before_len, LAST, "0123456");
  assert_int_equal(marks_itself(f, 1, LAST, before, before_len, &st), OM_REFUSED); /* no change is open */
  assert_string_equal(st.rule, "mark");
  assert_int_equal(sealing_set_witnesses(f, first_four, 4, 0, NULL, NULL, t0 + 1, &st), OM_OK);
  for (size_t i = 1; i < N; i++) assert_int_equal(network_mirror(&f->net, f->ledgers[i], f->ledgers[0], 0, &st), OM_OK);
  assert_int_equal(network_finalise(&f->net, f->ledgers, 0, (uint64_t)t0 / 1000, &st), OM_OK);
  struct om_batch *batch;
  struct om_signers_keys keys = network_signers(&f->net, LAST);
  bool marked;
  assert_int_equal(om_batch_begin(&batch, f->ledgers[LAST], &st), OM_OK);
  assert_int_equal(om_batch_follow_registry(batch, &marked, t0 + 2, &st), OM_OK);
  assert_true(marked);
  assert_int_equal(om_batch_settle_witnesses(batch, &marked, t0 + 2, &st), OM_OK);
  assert_false(marked); /* its last final head is from before the change */
  assert_int_equal(om_batch_commit(batch, &keys, &st), OM_OK);
  assert_int_equal(network_mirror(&f->net, f->ledgers[1], f->ledgers[LAST], LAST, &st), OM_OK);
  assert_int_equal(marks_itself(f, 1, LAST, before, before_len, &st), OM_REFUSED);
  assert_string_equal(st.rule, "mark");
  head(f, note, &len, LAST, "0123");
  assert_int_equal(marks_itself(f, 1, LAST, note, len, &st), OM_REFUSED);
  assert_string_equal(st.rule, "quorum");
  head(f, note, &len, LAST, "23456");
  assert_int_equal(marks_itself(f, 1, LAST, note, len, &st), OM_REFUSED);
  assert_string_equal(st.rule, "quorum");
  head(f, note, &len, LAST, "01245");
  assert_int_equal(marks_itself(f, 1, LAST, note, len, &st), OM_OK);
  sealing_settle(f, t0 + 3);
  head(f, note, &len, LAST, "0123456");
  assert_int_equal(marks_itself(f, 1, LAST, note, len, &st), OM_REFUSED); /* it stands */
  assert_string_equal(st.rule, "mark");
  equal_states(f);
}

/* A list and a key that one statement changes are one change. */
static void the_acts_of_one_statement_are_one_change(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  struct om_receipt receipt;
  const uint32_t governor = 1;
  uint32_t logs[] = {1, 2, 3, 4, 5};
  Oremark__WitnessList list = OREMARK__WITNESS_LIST__INIT;
  Oremark__SetWitnesses set = OREMARK__SET_WITNESSES__INIT;
  Oremark__RevokeKey revoke_two = OREMARK__REVOKE_KEY__INIT;
  Oremark__Event first = OREMARK__EVENT__INIT, second = OREMARK__EVENT__INIT, *both[] = {&first, &second};
  size_t len;
  list.n_logs = 5;
  list.logs = logs;
  set.witnesses = &list;
  first.kind_case = OREMARK__EVENT__KIND_SET_WITNESSES;
  first.set_witnesses = &set;
  revoke_two.member = 3;
  revoke_two.key =
      (ProtobufCBinaryData){OM_PUBLIC_BYTES, (uint8_t *)(uintptr_t)om_secret_public(f->net.cosign_keys[2])};
  revoke_two.replacement = (ProtobufCBinaryData){OM_PUBLIC_BYTES, (uint8_t *)(uintptr_t)om_secret_public(f->spare)};
  second.kind_case = OREMARK__EVENT__KIND_REVOKE_KEY;
  second.revoke_key = &revoke_two;
  uint8_t *bytes = network_statement(&f->net, &len, governor, t0 + 1, both, 2, &governor, 1);
  assert_int_equal(network_submit(&f->net, 0, f->ledgers[0], &receipt, bytes, len, t0 + 1, &st), OM_OK);
  free(bytes);
  assert_int_equal(final_at(f, 0, "12567"), 0); /* of the new list two: k is 4 */
  assert_int_equal(final_at(f, 0, "1n345"), 0); /* of the old one four: k is 5 */
  assert_int_equal(final_at(f, 0, "134567"), 1006);
  struct om_secret *old = f->net.cosign_keys[2];
  f->net.cosign_keys[2] = f->spare;
  sealing_settle(f, t0 + 2);
  f->net.cosign_keys[2] = old;
  assert_int_equal(final_at(f, 0, "1234"), 0);
  assert_int_equal(final_at(f, 0, "1n34"), 1004);
  equal_states(f);
}

/* The registry log becomes final everywhere; no log follows it. */
static void finalise_registry(struct sealing *f, int64_t at) {
  struct om_status st;
  struct om_batch *batch;
  struct om_signers_keys keys = network_signers(&f->net, 0);
  bool marked = true;
  while (marked) { /* its mark of itself is to become final, too */
    for (size_t i = 1; i < N; i++)
      assert_int_equal(network_mirror(&f->net, f->ledgers[i], f->ledgers[0], 0, &st), OM_OK);
    assert_int_equal(network_finalise(&f->net, f->ledgers, 0, (uint64_t)at / 1000, &st), OM_OK);
    assert_int_equal(om_batch_begin(&batch, f->ledgers[0], &st), OM_OK);
    assert_int_equal(om_batch_settle_witnesses(batch, &marked, at, &st), OM_OK);
    assert_int_equal(om_batch_commit(batch, &keys, &st), OM_OK);
  }
}

/* Whether daemon I's log has marked the registry further. */
static bool follows(struct sealing *f, size_t i, int64_t at) {
  struct om_status st;
  struct om_batch *batch;
  struct om_signers_keys keys = network_signers(&f->net, i);
  bool marked;
  assert_int_equal(om_batch_begin(&batch, f->ledgers[i], &st), OM_OK);
  assert_int_equal(om_batch_follow_registry(batch, &marked, at, &st), OM_OK);
  assert_int_equal(om_batch_commit(batch, &keys, &st), OM_OK);
  return marked;
}

static bool settles(struct sealing *f, size_t i, int64_t at) {
  struct om_status st;
  struct om_batch *batch;
  struct om_signers_keys keys = network_signers(&f->net, i);
  bool marked;
  assert_int_equal(om_batch_begin(&batch, f->ledgers[i], &st), OM_OK);
  assert_int_equal(om_batch_settle_witnesses(batch, &marked, at, &st), OM_OK);
  assert_int_equal(om_batch_commit(batch, &keys, &st), OM_OK);
  return marked;
}

static void mirror_everywhere(struct sealing *f, uint32_t log) {
  struct om_status st;
  for (size_t i = 0; i < N; i++)
    if (i != log) assert_int_equal(network_mirror(&f->net, f->ledgers[i], f->ledgers[log], log, &st), OM_OK);
}

static const uint32_t last_five[] = {3, 4, 5, 6, 7};

/* Neither on to a third list nor back to the first, by a list or by a key, before the registry has settled. */
static void one_change_at_a_time_in_the_registry(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  struct om_hash id;
  uint64_t size = size_of(f->ledgers[0], 0);
  assert_int_equal(sealing_set_witnesses(f, first_four, 4, 0, NULL, &id, t0 + 1, &st), OM_OK);
  assert_int_equal(sealing_set_witnesses(f, last_five, 5, 0, &id, NULL, t0 + 2, &st), OM_REFUSED);
  assert_string_equal(st.rule, "unsettled");
  assert_int_equal(sealing_set_witnesses(f, everybody, N, 0, &id, NULL, t0 + 2, &st), OM_REFUSED);
  assert_string_equal(st.rule, "unsettled");
  assert_int_equal(revoke(f, 3, f->net.cosign_keys[2], f->spare, NULL, NULL, t0 + 2, &st), OM_REFUSED);
  assert_string_equal(st.rule, "unsettled");
  assert_int_equal(size_of(f->ledgers[0], 0), size + 1);
  grow_registry(f, t0 + 3); /* other acts go on */
  sealing_settle(f, t0 + 4);
  assert_int_equal(sealing_set_witnesses(f, last_five, 5, 0, &id, &id, t0 + 5, &st), OM_OK);
  assert_int_equal(final_at(f, 0, "123"), 0);
  assert_int_equal(final_at(f, 0, "3456"), 0);
  assert_int_equal(final_at(f, 0, "123456"), 1006);
  sealing_settle(f, t0 + 6);
  assert_int_equal(sealing_set_witnesses(f, everybody, N, 0, &id, NULL, t0 + 7, &st), OM_OK);
  sealing_settle(f, t0 + 8);
  assert_int_equal(final_at(f, 0, "12345"), 1005);
  equal_states(f);
}

/* A log that has not settled stays at the registry that it has marked; a mirror takes no other mark from it. NEXT is
 * the registry's list after the first four. */
static void waits_for_its_own_change(struct sealing *f, const uint32_t *next, size_t n, const char *quorum) {
  struct om_status st;
  struct om_hash id;
  struct om_txn *txn;
  struct om_bytes final;
  char note[OM_NOTE_BYTES_MAX];
  size_t len;
  assert_int_equal(sealing_set_witnesses(f, first_four, 4, 0, NULL, &id, t0 + 1, &st), OM_OK);
  finalise_registry(f, t0 + 2);
  assert_true(follows(f, LAST, t0 + 3));
  mirror_everywhere(f, LAST);
  grow_registry(f, t0 + 3);
  finalise_registry(f, t0 + 3);
  assert_true(follows(f, LAST, t0 + 4)); /* the same list */
  mirror_everywhere(f, LAST);
  assert_int_equal(sealing_set_witnesses(f, next, n, 0, &id, NULL, t0 + 5, &st), OM_OK);
  finalise_registry(f, t0 + 6);
  uint64_t size = size_of(f->ledgers[LAST], LAST), registry = size_of(f->ledgers[LAST], 0);
  assert_false(follows(f, LAST, t0 + 7));
  assert_int_equal(size_of(f->ledgers[LAST], LAST), size);
  assert_int_equal(om_txn_read(&txn, om_ledger_store(f->ledgers[1]), &st), OM_OK);
  assert_int_equal(om_log_final(txn, &final, 0, &st), OM_OK);
  memcpy(note, final.data, len = final.len);
  om_txn_abort(txn);
  assert_int_equal(marks(f, 1, LAST, 0, note, len, &st), OM_REFUSED);
  assert_string_equal(st.rule, "mark");
  assert_int_equal(final_at(f, LAST, "0123"), 0);
  assert_int_equal(final_at(f, LAST, "23456"), 0);
  assert_int_equal(network_finalise(&f->net, f->ledgers, LAST, (uint64_t)t0 / 1000, &st), OM_OK);
  assert_true(settles(f, LAST, t0 + 8)); /* and goes on to where the registry is */
  assert_int_equal(size_of(f->ledgers[LAST], LAST), size + 2);
  assert_int_equal(om_txn_read(&txn, om_ledger_store(f->ledgers[LAST]), &st), OM_OK);
  assert_int_equal(om_log_mark(txn, LAST, 0, UINT64_MAX), registry);
  om_txn_abort(txn);
  assert_int_equal(final_at(f, LAST, quorum), 0); /* the quorum of the next list alone */
  mirror_everywhere(f, LAST);
  sealing_settle(f, t0 + 9);
  assert_int_not_equal(final_at(f, LAST, quorum), 0);
  equal_states(f);
}

static void a_log_waits_with_the_third_list(void **state) {
  waits_for_its_own_change(*state, last_five, 5, "3456");
}

static void a_log_waits_with_going_back(void **state) {
  waits_for_its_own_change(*state, everybody, N, "23456");
}

static enum om_code submit(struct sealing *f, size_t i, const struct record *record, int64_t at, struct om_status *st) {
  struct om_receipt receipt;
  return network_submit(&f->net, i, f->ledgers[i], &receipt, record->bytes, record->len, at, st);
}

/* What leans on a log that has followed the registry further waits until its own log may, too. */
static void a_submission_waits_for_the_change(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  struct om_hash id;
  struct record mine = record_site(&f->net, 2, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0 + 1);
  struct record plant = record_site(&f->net, N, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_PLANT, t0 + 1);
  assert_int_equal(submit(f, 0, &mine, t0 + 1, &st), OM_OK);
  assert_int_equal(submit(f, 0, &plant, t0 + 1, &st), OM_OK);
  sealing_settle(f, t0 + 2);
  assert_int_equal(sealing_set_witnesses(f, first_four, 4, 0, NULL, &id, t0 + 3, &st), OM_OK);
  finalise_registry(f, t0 + 3);
  assert_true(follows(f, LAST, t0 + 4));
  mirror_everywhere(f, LAST);
  assert_int_equal(sealing_set_witnesses(f, last_five, 5, 0, &id, NULL, t0 + 5, &st), OM_OK);
  finalise_registry(f, t0 + 5);
  assert_true(follows(f, 1, t0 + 6));
  struct record lot = record_extract(&f->net, 2, 1, 1, 1000000, t0 + 6);
  assert_int_equal(submit(f, 1, &lot, t0 + 6, &st), OM_OK);
  struct record shipped = record_ship(&f->net, 2, &lot, N, t0 + 7);
  assert_int_equal(submit(f, 1, &shipped, t0 + 7, &st), OM_OK);
  mirror_everywhere(f, 1);
  assert_int_equal(network_finalise(&f->net, f->ledgers, 1, (uint64_t)t0 / 1000, &st), OM_OK);
  struct record received = record_receive(&f->net, N, 1, &lot, &shipped, t0 + 8);
  assert_int_equal(submit(f, LAST, &received, t0 + 8, &st), OM_WAIT);
  assert_string_equal(st.rule, "unsettled");
  sealing_settle(f, t0 + 9);
  assert_int_equal(submit(f, LAST, &received, t0 + 10, &st), OM_OK);
  free(mine.bytes);
  free(plant.bytes);
  free(lot.bytes);
  free(shipped.bytes);
  free(received.bytes);
}

/* A log that begins late begins with a change: the list with which it was named must sign, whatever entry 0 marks. */
static void a_log_that_begins_late(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  assert_int_equal(sealing_set_witnesses(f, first_four, 4, 0, NULL, NULL, t0 + 1, &st), OM_OK);
  finalise_registry(f, t0 + 2);
  assert_true(follows(f, LAST, t0 + 3));
  assert_int_equal(size_of(f->ledgers[LAST], LAST), 1);
  assert_int_equal(final_at(f, LAST, "0123"), 0);
  assert_int_equal(final_at(f, LAST, "23456"), 0);
  assert_int_equal(final_at(f, LAST, "23401"), 1004);
  sealing_settle(f, t0 + 4);
  assert_int_equal(final_at(f, LAST, "123"), 1003);
  equal_states(f);
}

/* What the bundle of the lot NUMBER says, as DAEMON writes it. */
static struct om_verdict bundled(struct sealing *f, size_t daemon, const uint8_t *number) {
  struct om_arena arena = {0};
  struct om_verdict verdict;
  struct om_bundle_told told;
  struct om_status st = {0};
  struct bundled b;
  assert_ok(bundled_write(&b, f->ledgers[daemon], number, &st), &st);
  assert_ok(bundled_verify(&arena, &verdict, &told, &f->net, b.bytes, b.len, NULL, &st), &st);
  om_arena_free(&arena);
  free(b.bytes);
  return verdict;
}

/* Whoever gets the keys of witnesses that were replaced could go on from an old mark of the registry as if nothing had
 * happened: a head of theirs counts only where the present ones have seen it. */
static void heads_of_replaced_witnesses_are_vouched_for(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  uint8_t number[OM_LOT_NUMBER_BYTES];
  struct record mine = record_site(&f->net, 2, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0 + 1);
  struct record plant = record_site(&f->net, N, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_PLANT, t0 + 1);
  assert_int_equal(submit(f, 0, &mine, t0 + 1, &st), OM_OK);
  assert_int_equal(submit(f, 0, &plant, t0 + 1, &st), OM_OK);
  sealing_settle(f, t0 + 2);
  struct record lot = record_extract(&f->net, 2, 1, 1, 1000000, t0 + 3);
  struct record shipped = record_ship(&f->net, 2, &lot, N, t0 + 4);
  assert_int_equal(submit(f, 1, &lot, t0 + 3, &st), OM_OK);
  assert_int_equal(submit(f, 1, &shipped, t0 + 4, &st), OM_OK);
  network_lot(&f->net, number, NULL, lot.bytes, lot.len, 0, 0);
  sealing_settle(f, t0 + 5);
  bundled_agrees(f->ledgers[LAST], &f->net, number);
  assert_int_equal(sealing_set_witnesses(f, last_five, 5, 0, NULL, NULL, t0 + 6, &st), OM_OK);
  finalise_registry(f, t0 + 7);
  struct om_verdict v = bundled(f, LAST, number);
  assert_true(!v.verified && v.undecided);
  assert_int_equal(v.checks[OM_CHECK_HEAD].unknown, 1);
  assert_non_null(strstr(v.checks[OM_CHECK_HEAD].first, "replaced since"));
  assert_true(follows(f, LAST, t0 + 8));
  struct record received = record_receive(&f->net, N, 1, &lot, &shipped, t0 + 9);
  assert_int_equal(submit(f, LAST, &received, t0 + 9, &st), OM_OK);
  mirror_everywhere(f, LAST);
  assert_int_equal(network_finalise(&f->net, f->ledgers, LAST, (uint64_t)t0 / 1000, &st), OM_OK);
  v = bundled(f, LAST, number);
  if (!v.verified) fail_msg("%s", v.checks[OM_CHECK_HEAD].first);
  assert_int_equal(v.records, 3);
  /* The log goes on under the replaced ones: what is vouched for stands. */
  struct record more = record_extract(&f->net, 2, 1, 1, 1000, t0 + 10);
  assert_int_equal(submit(f, 1, &more, t0 + 10, &st), OM_OK);
  mirror_everywhere(f, 1);
  assert_int_equal(network_finalise(&f->net, f->ledgers, 1, (uint64_t)t0 / 1000, &st), OM_OK);
  assert_true(bundled(f, LAST, number).verified);
  network_lot(&f->net, number, NULL, more.bytes, more.len, 0, 0);
  v = bundled(f, LAST, number);
  assert_true(!v.verified && v.undecided);
  free(mine.bytes);
  free(plant.bytes);
  free(lot.bytes);
  free(shipped.bytes);
  free(received.bytes);
  free(more.bytes);
}

/* Who has the keys of replaced witnesses signs a head of long ago with what time he likes: nothing is known by it. */
static void times_by_replaced_witnesses_are_none(void **state) {
  enum { HOUR_S = 3600 };
  struct sealing *f = *state;
  struct om_status st;
  uint8_t number[OM_LOT_NUMBER_BYTES];
  struct om_bundle *bundle;
  struct bundled_frames frames;
  struct om_time_of time;
  struct om_txn *txn;
  struct bundled b;
  struct record mine = record_site(&f->net, N, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0 + 1);
  assert_int_equal(submit(f, 0, &mine, t0 + 1, &st), OM_OK);
  sealing_settle(f, t0 + 2);
  struct record lot = record_extract(&f->net, N, 1, 1, 1000000, t0 + 3);
  assert_int_equal(submit(f, LAST, &lot, t0 + 3, &st), OM_OK);
  network_lot(&f->net, number, NULL, lot.bytes, lot.len, 0, 0);
  sealing_settle(f, t0 + 4);
  uint64_t size = network_info(f->ledgers[LAST], LAST).final_size;

  assert_int_equal(sealing_set_witnesses(f, last_five, 5, 0, NULL, NULL, t0 + 6, &st), OM_OK);
  finalise_registry(f, t0 + 7);
  assert_true(follows(f, LAST, t0 + 8));
  mirror_everywhere(f, LAST);
  assert_int_equal(network_finalise(&f->net, f->ledgers, LAST, (uint64_t)t0 / 1000 + HOUR_S, &st), OM_OK);
  assert_ok(bundled_write(&b, f->ledgers[LAST], number, &st), &st);
  bundled_apart(&frames, &b);
  bool told = false; /* who wrote the file knows that head, and that time */
  for (size_t i = 0; i < frames.n; i++)
    told = told || (frames.all[i]->what_case == OREMARK__BUNDLE_FRAME__WHAT_TIME && frames.all[i]->time->log == LAST);
  assert_true(told);
  assert_ok(bundled_read(&bundle, &f->net, b.bytes, b.len, b.len, &st), &st);
  assert_ok(om_txn_read(&txn, om_bundle_store(bundle), &st), &st);
  if (om_times_first(txn, &time, LAST, 0)) assert_true(time.size > size);
  om_txn_abort(txn);
  om_bundle_close(bundle);
  bundled_drop(&frames);
  free(b.bytes), free(mine.bytes), free(lot.bytes);
}

/* Who verifies a lot meanwhile is told both quorums. */
static void a_verdict_names_both_quorums(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  struct om_txn *txn;
  struct om_arena arena = {0};
  static struct om_verdict verdict;
  uint8_t number[OM_LOT_NUMBER_BYTES];
  struct record mine = record_site(&f->net, 2, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0 + 1);
  assert_int_equal(submit(f, 0, &mine, t0 + 1, &st), OM_OK);
  sealing_settle(f, t0 + 2);
  struct record lot = record_extract(&f->net, 2, 1, 1, 1000000, t0 + 3);
  assert_int_equal(submit(f, 1, &lot, t0 + 3, &st), OM_OK);
  assert_int_equal(sealing_set_witnesses(f, first_four, 4, 0, NULL, NULL, t0 + 4, &st), OM_OK);
  finalise_registry(f, t0 + 5);
  assert_true(follows(f, 1, t0 + 6));
  mirror_everywhere(f, 1);
  assert_int_equal(network_finalise(&f->net, f->ledgers, 1, (uint64_t)t0 / 1000, &st), OM_OK);
  network_lot(&f->net, number, NULL, lot.bytes, lot.len, 0, 0);
  assert_int_equal(om_txn_read(&txn, om_ledger_store(f->ledgers[1]), &st), OM_OK);
  assert_int_equal(verify_lot(txn, &arena, &verdict, &f->net.id, number, true, &st), OM_OK);
  om_txn_abort(txn);
  assert_true(verdict.verified);
  bundled_agrees(f->ledgers[1], &f->net, number);
  assert_int_equal(verdict.n_logs, 2);
  assert_int_equal(verdict.logs[0].k, 3); /* the registry has settled */
  assert_int_equal(verdict.logs[0].k_before, 0);
  assert_int_equal(verdict.logs[1].k, 3);
  assert_int_equal(verdict.logs[1].k_before, 5);
  om_arena_free(&arena);
  free(mine.bytes);
  free(lot.bytes);
}

/* A log that was away goes over a list that came and went. */
static void a_list_may_be_skipped(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  struct om_hash id;
  assert_int_equal(sealing_set_witnesses(f, first_four, 4, 0, NULL, &id, t0 + 1, &st), OM_OK);
  finalise_registry(f, t0 + 2);
  assert_int_equal(sealing_set_witnesses(f, last_five, 5, 0, &id, &id, t0 + 3, &st), OM_OK);
  finalise_registry(f, t0 + 4);
  assert_true(follows(f, LAST, t0 + 5)); /* from everybody to the last five */
  mirror_everywhere(f, LAST);
  assert_int_equal(final_at(f, LAST, "3456"), 0);
  assert_int_equal(final_at(f, LAST, "01234"), 0);
  assert_int_equal(final_at(f, LAST, "23456"), 1006);
  assert_int_equal(sealing_set_witnesses(f, everybody, N, 0, &id, NULL, t0 + 6, &st), OM_OK);
  finalise_registry(f, t0 + 7);
  assert_true(follows(f, 1, t0 + 8)); /* and back again is no change */
  assert_int_equal(final_at(f, 1, "34567"), 1007);
  sealing_settle(f, t0 + 9);
  equal_states(f);
}

/* From a list to none and back: what asks for nothing is left out, and each way is recorded. */
static void none_is_a_list_too(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  struct om_hash id;
  assert_int_equal(sealing_set_witnesses(f, NULL, 0, 0, NULL, &id, t0 + 1, &st), OM_OK);
  assert_int_equal(final_at(f, 0, ""), 0);
  assert_int_equal(final_at(f, 0, "34567"), 1007);
  sealing_settle(f, t0 + 2);
  uint64_t registry = size_of(f->ledgers[0], 0);
  grow_registry(f, t0 + 3); /* final with its own log's signature alone */
  sealing_settle(f, t0 + 4);
  assert_int_equal(size_of(f->ledgers[LAST], 0), registry + 1);
  assert_int_equal(sealing_set_witnesses(f, first_four, 4, 0, &id, NULL, t0 + 5, &st), OM_OK);
  assert_int_equal(final_at(f, 0, "12"), 0);
  assert_int_equal(final_at(f, 0, "123"), 1003);
  sealing_settle(f, t0 + 6);
  assert_int_equal(final_at(f, 0, "12"), 0);
  assert_int_equal(size_of(f->ledgers[0], 0), registry + 3);
  equal_states(f);
}

static void lists_that_are_refused(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  const uint32_t unknown[] = {1, 2, 3, 8};
  assert_int_equal(sealing_set_witnesses(f, unknown, 4, 0, NULL, NULL, t0 + 1, &st), OM_REFUSED);
  assert_string_equal(st.rule, "witness");
  assert_int_equal(sealing_set_witnesses(f, first_four, 4, 2, NULL, NULL, t0 + 1, &st),
                   OM_REFUSED); /* two halves of four */
  assert_string_equal(st.rule, "quorum");
  assert_int_equal(sealing_set_witnesses(f, first_four, 1, 0, NULL, NULL, t0 + 1, &st),
                   OM_REFUSED); /* log 0 has nobody */
  assert_string_equal(st.rule, "quorum");
  assert_int_equal(sealing_set_witnesses(f, first_four, 4, 0, NULL, NULL, t0 + 1, &st), OM_OK);
  assert_int_equal(sealing_set_witnesses(f, everybody, N, 0, NULL, NULL, t0 + 2, &st), OM_REFUSED);
  assert_string_equal(st.rule, "previous");
}

static void a_replaced_key_counts_no_more(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  struct om_hash id;
  struct om_secret *old = f->net.cosign_keys[2];
  assert_int_equal(revoke(f, 3, old, NULL, NULL, NULL, t0 + 1, &st), OM_REFUSED);
  assert_string_equal(st.rule, "key");
  assert_int_equal(revoke(f, 3, old, f->net.witness_keys[5], NULL, NULL, t0 + 1, &st), OM_REFUSED);
  assert_string_equal(st.rule, "key");
  assert_int_equal(revoke(f, 4, old, f->spare, NULL, NULL, t0 + 1, &st), OM_REFUSED); /* another's daemon */
  assert_string_equal(st.rule, "key");
  assert_int_equal(revoke(f, 3, old, f->spare, NULL, &id, t0 + 1, &st), OM_OK);
  assert_int_equal(final_at(f, 0, "12345"), 0); /* of the new list, four */
  assert_int_equal(final_at(f, 0, "1n345"), 0); /* of the old */
  assert_int_equal(final_at(f, 0, "13456"), 1006);
  f->net.cosign_keys[2] = f->spare;
  sealing_settle(f, t0 + 2);
  grow_registry(f, t0 + 3);
  assert_int_equal(final_at(f, 0, "1n345"), 1005);
  f->net.cosign_keys[2] = old;
  assert_int_equal(final_at(f, 0, "12345"), 0);
  assert_int_equal(revoke(f, 3, f->spare, old, &id, NULL, t0 + 4, &st), OM_REFUSED); /* gone for ever */
  assert_string_equal(st.rule, "key");
}

/* What daemon 2 says to cosigning LOG's head with KEY. Nothing is kept. */
static const char *two_cosigns(struct sealing *f, uint32_t log, const struct om_secret *key) {
  static struct om_status st;
  char note[OM_NOTE_BYTES_MAX], line[OM_NOTE_LINE_BYTES];
  size_t len;
  struct om_batch *batch;
  struct om_signers_keys keys = {f->net.log_keys[2], key};
  om_status_clear(&st);
  head(f, note, &len, log, "");
  assert_int_equal(network_mirror(&f->net, f->ledgers[2], f->ledgers[log], log, &st), OM_OK);
  assert_int_equal(om_batch_begin(&batch, f->ledgers[2], &st), OM_OK);
  om_batch_cosign(batch, line, log, (uint8_t *)note, len, (uint64_t)t0 / 1000, &keys, &st);
  om_batch_abort(batch);
  return st.rule;
}

static const char *key_says(struct sealing *f, const struct om_secret *key) {
  static struct om_status st;
  struct om_txn *txn;
  om_status_clear(&st);
  assert_int_equal(om_txn_read(&txn, om_ledger_store(f->ledgers[2]), &st), OM_OK);
  om_cosign_key_check(txn, 2, om_secret_public(key), &st);
  om_txn_abort(txn);
  return st.rule;
}

/* A key signs when the final entries of its daemon's own log show it, so that whoever takes them back knows it. */
static void a_new_key_waits_for_its_own_log(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  struct om_secret *old = f->net.cosign_keys[2];
  assert_string_equal(key_says(f, old), "");
  assert_string_equal(key_says(f, f->spare), "cosign-key");
  assert_int_equal(revoke(f, 3, old, f->spare, NULL, NULL, t0 + 1, &st), OM_OK);
  assert_string_equal(two_cosigns(f, 0, old), ""); /* the old list needs it */
  assert_string_equal(two_cosigns(f, 0, f->spare), "cosign-key");
  finalise_registry(f, t0 + 2);
  assert_true(follows(f, 1, t0 + 3));
  assert_string_equal(two_cosigns(f, 1, f->spare), "cosign-key");
  assert_true(follows(f, 2, t0 + 3));
  mirror_everywhere(f, 2);
  assert_string_equal(two_cosigns(f, 1, f->spare), "cosign-key"); /* shown, but not final */
  assert_int_equal(network_finalise(&f->net, f->ledgers, 2, (uint64_t)t0 / 1000, &st), OM_OK);
  assert_string_equal(two_cosigns(f, 1, f->spare), "");
  assert_string_equal(key_says(f, f->spare), "");
  assert_string_equal(key_says(f, old), "cosign-key"); /* it may sign for old lists, and is to be taken out */
  assert_string_equal(two_cosigns(f, 1, old), "");
}

/* A store of DAEMON in the empty folder PATH, with its own log as daemon 1 holds it. */
static struct om_ledger *refilled(struct sealing *f, uint32_t daemon, const char *path) {
  struct om_status st;
  struct om_txn *txn;
  struct om_batch *batch;
  uint64_t size = size_of(f->ledgers[1], daemon);
  struct om_ledger *ledger = network_ledger(&f->net, daemon, path);
  assert_int_equal(network_mirror(&f->net, ledger, f->ledgers[0], 0, &st), OM_OK);
  assert_int_equal(om_txn_read(&txn, om_ledger_store(f->ledgers[1]), &st), OM_OK);
  assert_int_equal(om_batch_begin(&batch, ledger, &st), OM_OK);
  for (uint64_t i = 0; i < size; i++) {
    struct om_arena arena = {0};
    struct om_bytes entry;
    struct om_checked *checked;
    assert_int_equal(om_log_entry(txn, &entry, daemon, i, &st), OM_OK);
    assert_int_equal(om_check_entry(&checked, &arena, &f->net.id, om_batch_txn(batch), entry.data, entry.len, &st),
                     OM_OK);
    assert_int_equal(om_batch_refill(batch, i, checked, &st), OM_OK);
    om_arena_free(&arena);
  }
  om_txn_abort(txn);
  struct om_signers_keys keys = network_signers(&f->net, daemon);
  assert_int_equal(om_batch_commit(batch, &keys, &st), OM_OK);
  return ledger;
}

static void lose_the_store(struct sealing *f) {
  om_ledger_close(f->ledgers[2]);
  remove_folder(f->folders[2]);
  f->folders[2] = temp_folder();
  f->ledgers[2] = refilled(f, 2, f->folders[2]);
}

/* What daemon 1 says of the head NOTE of LAST. Log 2 is not to blame for marking it, whatever that is: what counts for
 * the head stands in a history that is not held. */
static void one_says(struct sealing *f, enum om_code wanted, const char *rule, const char *note, size_t len) {
  struct om_status st;
  struct om_batch *batch;
  bool newer;
  assert_int_equal(om_batch_begin(&batch, f->ledgers[1], &st), OM_OK);
  assert_int_equal(om_batch_final(batch, &newer, LAST, (const uint8_t *)note, len, &st), wanted);
  assert_string_equal(st.rule, rule);
  om_batch_abort(batch);
  assert_int_equal(marks(f, 1, 2, LAST, note, len, &st), OM_WAIT);
  assert_string_equal(st.rule, rule);
}

/* LAST has two histories, of which one has followed the registry to another list: who holds that one can't know which
 * list the other has followed. */
static void another_history_has_other_lists(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  char note[OM_NOTE_BYTES_MAX], *path = temp_folder();
  size_t len;
  struct om_ledger *face = refilled(f, LAST, path), *first = f->ledgers[LAST];
  grow_registry(f, t0 + 1);
  finalise_registry(f, t0 + 1);
  assert_true(follows(f, 2, t0 + 2));
  mirror_everywhere(f, 2);
  assert_true(follows(f, LAST, t0 + 2)); /* this one stays with everybody */
  assert_int_equal(sealing_set_witnesses(f, first_four, 4, 0, NULL, NULL, t0 + 3, &st), OM_OK);
  finalise_registry(f, t0 + 3);
  f->ledgers[LAST] = face;
  assert_int_equal(network_mirror(&f->net, face, f->ledgers[0], 0, &st), OM_OK);
  struct om_txn *txn;
  struct om_bytes final;
  bool newer;
  struct om_batch *batch;
  assert_int_equal(om_txn_read(&txn, om_ledger_store(f->ledgers[1]), &st), OM_OK);
  assert_int_equal(om_log_final(txn, &final, 0, &st), OM_OK);
  assert_int_equal(om_batch_begin(&batch, face, &st), OM_OK);
  assert_int_equal(om_batch_final(batch, &newer, 0, final.data, final.len, &st), OM_OK);
  assert_int_equal(om_batch_commit(batch, NULL, &st), OM_OK);
  om_txn_abort(txn);
  assert_true(follows(f, LAST, t0 + 4));
  assert_int_equal(network_mirror(&f->net, f->ledgers[1], face, LAST, &st), OM_OK);
  f->ledgers[LAST] = first;
  head(f, note, &len, LAST, "23456"); /* a quorum of everybody; of the first four, two */
  one_says(f, OM_WAIT, "fork", note, len);
  head(f, note, &len, LAST, "3456");
  one_says(f, OM_REFUSED, "quorum", note, len);
  om_ledger_close(face);
  remove_folder(path);
}

/* The keys that the own log has shown before it was lost sign no more, whichever is in the folder then; one that has
 * come since does. */
static void a_lost_store_ends_the_keys_that_its_log_shows(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  struct om_hash id;
  struct om_secret *first = f->net.cosign_keys[2], *third;
  uint8_t seed[OM_SEED_BYTES] = {10};
  assert_int_equal(om_secret_new(&third, seed, &st), OM_OK);
  assert_int_equal(revoke(f, 3, first, f->spare, NULL, &id, t0 + 1, &st), OM_OK);
  sealing_settle(f, t0 + 2);
  lose_the_store(f);
  assert_string_equal(key_says(f, first), "votes");
  assert_string_equal(key_says(f, f->spare), "votes");
  assert_string_equal(key_says(f, third), "cosign-key");
  assert_int_equal(revoke(f, 3, f->spare, third, &id, &id, t0 + 3, &st), OM_OK);
  lose_the_store(f); /* once more, with the new key in the registry and not in its own log */
  f->net.cosign_keys[2] = third;
  sealing_settle(f, t0 + 4);
  assert_string_equal(key_says(f, f->spare), "votes");
  assert_string_equal(key_says(f, third), "");
  assert_string_equal(two_cosigns(f, 0, third), "");
  lose_the_store(f);
  assert_string_equal(key_says(f, third), "votes");
  f->net.cosign_keys[2] = first;
  om_secret_free(third);
}

/* Whether witness 1 cosigns LAST's head at TIME_S. */
static enum om_code cosigns_at(struct sealing *f, uint64_t time_s, struct om_status *st) {
  struct om_batch *batch;
  struct om_txn *txn;
  struct om_bytes own;
  struct om_status ignored;
  char line[OM_NOTE_LINE_BYTES], note[OM_NOTE_BYTES_MAX];
  struct om_signers_keys keys = network_signers(&f->net, 1);
  assert_ok(om_txn_read(&txn, om_ledger_store(f->ledgers[LAST]), st), st);
  assert_ok(om_log_head(txn, &own, LAST, st), st);
  size_t len = own.len;
  memcpy(note, own.data, len);
  om_txn_abort(txn);
  assert_ok(om_batch_begin(&batch, f->ledgers[1], st), st);
  enum om_code code = om_batch_cosign(batch, line, LAST, (uint8_t *)note, len, time_s, &keys, st);
  assert_ok(om_batch_commit(batch, &keys, &ignored), &ignored);
  return code;
}

/* A change of witnesses that a log leaves open lets it off no longer: it could take the next act up. */
static void an_open_change_is_no_way_round_the_registry(void **state) {
  enum { HOUR_S = 3600 };
  struct sealing *f = *state;
  struct om_status st;
  struct om_hash id;
  uint64_t now_s = (uint64_t)t0 / 1000;
  struct record mine = record_site(&f->net, N, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0 + 1);
  assert_ok(submit(f, 0, &mine, t0 + 1, &st), &st);
  sealing_settle(f, t0 + 2);
  assert_ok(sealing_set_witnesses(f, first_four, 4, 0, NULL, &id, t0 + 3, &st), &st);
  finalise_registry(f, t0 + 3);
  assert_true(follows(f, LAST, t0 + 4));
  mirror_everywhere(f, LAST);
  grow_registry(f, t0 + 10); /* an act that LAST never takes up */
  for (size_t i = 1; i < N; i++) assert_ok(network_mirror(&f->net, f->ledgers[i], f->ledgers[0], 0, &st), &st);
  assert_ok(network_finalise(&f->net, f->ledgers, 0, now_s + 10, &st), &st);
  struct record lot = record_extract(&f->net, N, 1, 1, 1000000, t0 + 20);
  assert_ok(submit(f, LAST, &lot, t0 + 20, &st), &st);
  mirror_everywhere(f, LAST);
  assert_ok(cosigns_at(f, now_s + 10 + HOUR_S, &st), &st);
  must_be(cosigns_at(f, now_s + 10 + HOUR_S + 1, &st), OM_IO, &st);
  assert_string_equal(st.rule, "registry");
  free(mine.bytes), free(lot.bytes);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, sealing_open, sealing_close)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_change_takes_both_quorums),
      TEST(a_mark_of_itself_stands_once),
      TEST(the_acts_of_one_statement_are_one_change),
      TEST(one_change_at_a_time_in_the_registry),
      TEST(a_log_waits_with_the_third_list),
      TEST(a_log_waits_with_going_back),
      TEST(an_open_change_is_no_way_round_the_registry),
      TEST(a_submission_waits_for_the_change),
      TEST(a_verdict_names_both_quorums),
      TEST(heads_of_replaced_witnesses_are_vouched_for),
      TEST(times_by_replaced_witnesses_are_none),
      cmocka_unit_test_setup_teardown(a_log_that_begins_late, sealing_open_new, sealing_close),
      TEST(a_list_may_be_skipped),
      TEST(a_new_key_waits_for_its_own_log),
      TEST(a_lost_store_ends_the_keys_that_its_log_shows),
      TEST(another_history_has_other_lists),
      cmocka_unit_test_setup_teardown(another_history_has_other_lists, sealing_open_new,
                                      sealing_close), /* parted at entry 0 */
      TEST(none_is_a_list_too),
      TEST(lists_that_are_refused),
      TEST(a_replaced_key_counts_no_more),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
