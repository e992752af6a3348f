/* Sealing a log at the governors' call, and ending it: who must have promised, and at which head it ends. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/accept.h"
#include "ledger/seal.h"
#include "support/records.h"
#include "support/sealing.h"

static const uint32_t stranger[] = {2};

/* ---- sealing ---- */

static void a_seal_is_kept_and_kept_to(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  struct om_checkpoint head;
  struct om_note note;
  bool again;
  Oremark__Seal *same;
  sealing_mine(f);
  struct record first = sealing_call(f, LAST, t0 + 2), second = sealing_call(f, LAST, t0 + 3);
  struct om_log_info before = network_info(f->ledgers[1], LAST);
  Oremark__Seal *seal = sealing_seal(f, 1, &first, t0 + 2);
  assert_int_equal(seal->witness, 1);
  assert_int_equal(seal->log, LAST);
  struct om_hash id = sealing_call_id(f, &first);
  assert_memory_equal(seal->call.data, id.bytes, sizeof id);
  assert_int_equal(om_note_parse(&note, (char *)seal->head.data, seal->head.len, &st), OM_OK);
  assert_int_equal(note.n, 1); /* the log's own signature */
  assert_int_equal(om_checkpoint_parse(&head, NULL, note.text, note.text_len, &st), OM_OK);
  assert_int_equal(head.size, before.final_size);
  assert_int_equal(seal->registry_index, before.registry_size);
  assert_int_equal(seal->settled_index, seal->registry_index);
  free(sealing_grow(f, t0 + 4, LAST).bytes);
  assert_int_equal(sealing_asks(f, 1, &st), OM_REFUSED);
  assert_string_equal(st.rule, "sealed");
  assert_int_equal(sealing_asks(f, 2, &st), OM_OK);
  assert_int_equal(sealing_make(f, 1, &first, &same, &again, t0 + INT64_C(1000) * 86400000, &st),
                   OM_OK); /* also late */
  assert_true(again);
  assert_memory_equal(same->signature.data, seal->signature.data, OM_SIG_BYTES);
  assert_int_equal(sealing_make(f, 1, &second, &same, &again, t0 + 4, &st), OM_REFUSED);
  assert_string_equal(st.rule, "sealed");
  free(first.bytes);
  free(second.bytes);
}

/* What a witness has cosigned counts, not what is final. */
static void a_seal_states_the_highest_head(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  struct om_checkpoint head;
  struct om_note note;
  sealing_mine(f);
  free(sealing_grow(f, t0 + 2, LAST).bytes);
  assert_int_equal(sealing_asks(f, 2, &st), OM_OK);
  struct record c = sealing_call(f, LAST, t0 + 3);
  Oremark__Seal *seal = sealing_seal(f, 2, &c, t0 + 3);
  assert_int_equal(om_note_parse(&note, (char *)seal->head.data, seal->head.len, &st), OM_OK);
  assert_int_equal(om_checkpoint_parse(&head, NULL, note.text, note.text_len, &st), OM_OK);
  assert_int_equal(head.size, network_info(f->ledgers[LAST], LAST).size);
  assert_true(head.size > network_info(f->ledgers[2], LAST).final_size);
  free(c.bytes);
}

/* Of a head that is cosigned only a line that the log's own key can have made counts, whatever stands before it. */
static void a_long_line_in_the_logs_name_is_passed_over(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  struct om_note note;
  struct om_txn *txn;
  struct om_bytes own;
  struct om_batch *batch;
  char line[OM_NOTE_LINE_BYTES], longest[2 * OM_NOTE_LINE_BYTES], head[OM_NOTE_BYTES_MAX];
  size_t len;
  sealing_mine(f);
  free(sealing_grow(f, t0 + 2, LAST).bytes);
  assert_int_equal(om_txn_read(&txn, om_ledger_store(f->ledgers[LAST]), &st), OM_OK);
  assert_int_equal(om_log_head(txn, &own, LAST, &st), OM_OK);
  assert_int_equal(om_note_parse(&note, (const char *)own.data, own.len, &st), OM_OK);
  assert_int_equal(note.n, 1);
  assert_int_equal(om_note_begin(head, &len, note.text, note.text_len, &st), OM_OK);
  int n = snprintf(longest, sizeof longest, "\xE2\x80\x94 %.*s ", (int)note.lines[0].name_len, note.lines[0].name);
  for (int end = n + OM_NOTE_LINE_BYTES / 4 * 4; n < end; n++) longest[n] = 'A';
  longest[n++] = '\n';
  assert_int_equal(om_note_add_line(head, &len, longest, (size_t)n, &st), OM_OK);
  size_t last = own.len - note.text_len - 1;
  assert_int_equal(om_note_add_line(head, &len, (const char *)own.data + own.len - last, last, &st), OM_OK);
  om_txn_abort(txn);
  struct om_signers_keys keys = network_signers(&f->net, 2);
  assert_int_equal(om_batch_begin(&batch, f->ledgers[2], &st), OM_OK);
  assert_int_equal(om_batch_cosign(batch, line, LAST, (const uint8_t *)head, len, (uint64_t)t0 / 1000, &keys, &st),
                   OM_OK);
  assert_int_equal(om_batch_commit(batch, NULL, &st), OM_OK);
  struct record c = sealing_call(f, LAST, t0 + 3);
  Oremark__Seal *seal = sealing_seal(f, 2, &c, t0 + 3);
  assert_int_equal(om_note_parse(&note, (char *)seal->head.data, seal->head.len, &st), OM_OK);
  assert_int_equal(note.n, 1);
  assert_true(note.lines[0].base64_len < OM_NOTE_LINE_BYTES);
  free(c.bytes);
}

static void calls_that_are_refused(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  Oremark__Seal *seal;
  bool again;
  struct record c = sealing_call_by(f, LAST, stranger, 1, t0 + 1);
  assert_int_equal(sealing_make(f, 1, &c, &seal, &again, t0 + 1, &st), OM_REFUSED);
  assert_string_equal(st.rule, "signature-not-needed");
  free(c.bytes);
  c = sealing_call(f, LAST, t0 + 1);
  assert_int_equal(sealing_make(f, LAST, &c, &seal, &again, t0 + 1, &st), OM_REFUSED); /* its own */
  assert_string_equal(st.rule, "witness");
  assert_int_equal(sealing_make(f, 1, &c, &seal, &again, t0 + INT64_C(400) * 86400000, &st), OM_REFUSED);
  assert_string_equal(st.rule, "late");
  struct om_receipt receipt;
  assert_int_equal(network_submit(&f->net, 0, f->ledgers[0], &receipt, c.bytes, c.len, t0 + 1, &st), OM_REFUSED);
  assert_string_equal(st.rule, "call");
  free(c.bytes);
  c = sealing_call(f, N, t0 + 1);
  assert_int_equal(sealing_make(f, 1, &c, &seal, &again, t0 + 1, &st), OM_REFUSED);
  free(c.bytes);
  c = record_site(&f->net, 2, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0 + 1);
  assert_int_equal(sealing_make(f, 1, &c, &seal, &again, t0 + 1, &st), OM_REFUSED);
  assert_string_equal(st.rule, "call");
  free(c.bytes);
}

static void who_is_no_witness_seals_nothing(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  Oremark__Seal *seal;
  bool again;
  const uint32_t first_four[] = {0, 1, 2, 3};
  assert_int_equal(sealing_set_witnesses(f, first_four, 4, 0, NULL, NULL, t0 + 1, &st), OM_OK);
  sealing_settle(f, t0 + 2);
  struct record c = sealing_call(f, LAST, t0 + 3);
  assert_int_equal(sealing_make(f, 5, &c, &seal, &again, t0 + 3, &st), OM_REFUSED);
  assert_string_equal(st.rule, "witness");
  struct om_secret *old = f->net.cosign_keys[1];
  f->net.cosign_keys[1] = f->spare;
  assert_int_equal(sealing_make(f, 1, &c, &seal, &again, t0 + 3, &st), OM_REFUSED);
  assert_string_equal(st.rule, "witness");
  f->net.cosign_keys[1] = old;
  sealing_seal(f, 1, &c, t0 + 3);
  free(c.bytes);
}

static void a_lifted_call_binds_no_more(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  sealing_mine(f);
  struct record first = sealing_call(f, LAST, t0 + 2), second = sealing_call(f, LAST, t0 + 3);
  struct om_hash id = sealing_call_id(f, &first);
  struct retire r = sealing_all(f, &first, NEEDED, t0 + 2);
  assert_int_equal(sealing_lift(f, LAST, &id, t0 + 4, &st), OM_OK);
  assert_int_equal(sealing_lift(f, LAST, &id, t0 + 4, &st), OM_REFUSED);
  assert_string_equal(st.rule, "again");
  REFUSED(f, &r, "lifted");
  free(sealing_grow(f, t0 + 4, LAST).bytes);
  assert_int_equal(sealing_asks(f, 1, &st), OM_REFUSED); /* it has not heard of it */
  assert_int_equal(network_mirror(&f->net, f->ledgers[1], f->ledgers[0], 0, &st), OM_OK);
  assert_int_equal(sealing_asks(f, 1, &st), OM_OK);
  sealing_seal(f, 1, &second, t0 + 5);
  assert_int_equal(sealing_asks(f, 1, &st), OM_REFUSED);
  free(first.bytes);
  free(second.bytes);
}

/* ---- ending ---- */

static void one_seal_too_few(void **state) {
  struct sealing *f = *state;
  struct record c = sealing_call(f, LAST, t0 + 2);
  struct retire r = sealing_all(f, &c, NEEDED, t0 + 2);
  r.n = NEEDED - 1;
  REFUSED(f, &r, "seals");
  r.n = 0;
  REFUSED(f, &r, "seals");
  r.n = NEEDED;
  RETIRED(f, &r);
  REFUSED(f, &r, "again");
  free(c.bytes);
}

static void only_good_seals_of_the_log_count(void **state) {
  struct sealing *f = *state;
  struct record c = sealing_call(f, LAST, t0 + 2), other = sealing_call(f, 5, t0 + 2);
  struct retire r = sealing_all(f, &c, NEEDED, t0 + 2);
  Oremark__Seal *first = r.seals[0];
  r.seals[0] = sealing_seal(f, 0, &other, t0 + 2);
  REFUSED(f, &r, "seal");
  Oremark__Seal forged = *first;
  sealing_forge(f, &forged, f->spare);
  r.seals[0] = &forged;
  REFUSED(f, &r, "seal");
  forged = *first;
  forged.registry_index = network_info(f->ledgers[0], 0).size + 1; /* a list to come */
  sealing_forge(f, &forged, f->net.cosign_keys[0]);
  REFUSED(f, &r, "seal");
  forged = *first;
  forged.witness = LAST; /* its own operator */
  sealing_forge(f, &forged, f->net.cosign_keys[LAST]);
  memmove(r.seals, r.seals + 1, (NEEDED - 1) * sizeof *r.seals);
  r.seals[NEEDED - 1] = &forged;
  REFUSED(f, &r, "seal");
  struct retire none = {.log = LAST, .successor = SUCCESSOR, .judged = true, .size = r.size, .root = r.root};
  REFUSED(f, &none, "seals");
  free(c.bytes);
  free(other.bytes);
}

static void it_ends_at_the_highest_head(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  sealing_mine(f);
  struct om_log_info low = network_info(f->ledgers[LAST], LAST);
  free(sealing_grow(f, t0 + 2, LAST).bytes);
  assert_int_equal(sealing_asks(f, 3, &st), OM_OK);
  struct record c = sealing_call(f, LAST, t0 + 3);
  struct retire r = sealing_all(f, &c, NEEDED, t0 + 3);
  struct om_log_info high = network_info(f->ledgers[LAST], LAST);
  r.size = low.size;
  r.root = low.root;
  REFUSED(f, &r, "head");
  r.size = high.size;
  REFUSED(f, &r, "head"); /* another root */
  r.root = high.root;
  r.size++;
  REFUSED(f, &r, "head"); /* nobody states it */
  r.judged = true;
  REFUSED(f, &r, "head");
  r.judged = false;
  r.size = high.size;
  RETIRED(f, &r);
  free(c.bytes);
}

static void of_two_heads_the_governors_judge(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  char note[OM_NOTE_BYTES_MAX], text[OM_CHECKPOINT_BYTES], line[OM_NOTE_LINE_BYTES];
  size_t len;
  struct om_checkpoint head = {.origin = "daemon7.example/log", .root.bytes = {1}};
  struct record c = sealing_call(f, LAST, t0 + 3);
  struct retire r = sealing_all(f, &c, NEEDED, t0 + 3);
  head.size = r.size;
  size_t text_len = om_checkpoint_format(text, &head);
  assert_int_equal(om_note_begin(note, &len, text, text_len, &st), OM_OK);
  assert_int_equal(
      om_note_add_line(note, &len, line, om_note_sign(line, head.origin, f->net.log_keys[LAST], text, text_len), &st),
      OM_OK);
  r.seals[0]->head = sealing_data(note, len);
  sealing_forge(f, r.seals[0], f->net.cosign_keys[0]);
  REFUSED(f, &r, "head");
  r.judged = true;
  RETIRED(f, &r);
  free(c.bytes);
}

static void successors_that_are_refused(void **state) {
  struct sealing *f = *state;
  struct record c = sealing_call(f, LAST, t0 + 2);
  struct retire r = sealing_all(f, &c, NEEDED, t0 + 2);
  const uint32_t bad[] = {0, LAST, N};
  for (size_t i = 0; i < 2 + 1; i++) {
    r.successor = bad[i];
    struct om_status st;
    assert_int_equal(sealing_retire(f, &r, t0 + 9, &st), OM_REFUSED);
    assert_true(strcmp(st.rule, i == 0 ? "form" : "successor") == 0);
  }
  r.successor = SUCCESSOR;
  r.log = N;
  REFUSED(f, &r, "log");
  free(c.bytes);
}

/* Two daemons of one operator both witness: both must have sealed, and both are one. */
static void an_operator_counts_once_and_whole(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  Oremark__Daemon daemon = OREMARK__DAEMON__INIT;
  Oremark__AddDaemon add = OREMARK__ADD_DAEMON__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  struct om_secret *keys[4];
  for (uint8_t i = 0; i < 4; i++) {
    uint8_t seed[OM_SEED_BYTES] = {77, i};
    assert_int_equal((i == 3 ? om_secret_new_x25519 : om_secret_new)(&keys[i], seed, &st), OM_OK);
  }
  add.log = N;
  add.daemon = &daemon;
  daemon.origin = "second.example/log";
  daemon.operator_ = 2; /* who runs daemon 1 */
  daemon.log_key = sealing_data(om_secret_public(keys[0]), 32);
  daemon.cosign_key = sealing_data(om_secret_public(keys[1]), 32);
  daemon.witness_key = sealing_data(om_secret_public(keys[2]), 32);
  daemon.link_key = sealing_data(om_secret_public(keys[3]), 32);
  event.kind_case = OREMARK__EVENT__KIND_ADD_DAEMON;
  event.add_daemon = &add;
  assert_int_equal(sealing_act(f, &event, NULL, t0 + 1, &st), OM_OK);
  const uint32_t logs[] = {0, 1, 2, 3, N}; /* four operators, a quorum of three, three seals */
  assert_int_equal(sealing_set_witnesses(f, logs, 5, 0, NULL, NULL, t0 + 1, &st), OM_OK);
  sealing_settle(f, t0 + 2);
  struct record c = sealing_call(f, LAST, t0 + 3);
  struct retire r = sealing_all(f, &c, 3, t0 + 3);
  REFUSED(f, &r, "seals"); /* the operator of daemon 1 could cosign with its second */
  Oremark__Seal second = *r.seals[1];
  second.witness = N;
  sealing_forge(f, &second, keys[1]);
  r.seals[r.n++] = &second;
  r.seals[0] = r.seals[1], r.seals[1] = r.seals[2], r.seals[2] = r.seals[3], r.n = 3;
  REFUSED(f, &r, "seals"); /* three seals of two operators */
  r.seals[2] = sealing_seal(f, 3, &c, t0 + 3);
  r.seals[3] = &second;
  r.n = 4;
  RETIRED(f, &r);
  for (size_t i = 0; i < 4; i++) om_secret_free(keys[i]);
  free(c.bytes);
}

/* The witnesses were changed, and the log has marked that but recorded no head of both lists: both are counted. */
static void both_lists_of_a_change_are_counted(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  const uint32_t first_four[] = {0, 1, 2, 3};
  assert_int_equal(sealing_set_witnesses(f, first_four, 4, 0, NULL, NULL, t0 + 1, &st), OM_OK);
  for (size_t i = 1; i < N; i++) assert_int_equal(network_mirror(&f->net, f->ledgers[i], f->ledgers[0], 0, &st), OM_OK);
  assert_int_equal(network_finalise(&f->net, f->ledgers, 0, (uint64_t)t0 / 1000, &st), OM_OK);
  struct om_batch *batch;
  struct om_signers_keys keys = network_signers(&f->net, LAST);
  bool marked;
  assert_int_equal(om_batch_begin(&batch, f->ledgers[LAST], &st), OM_OK);
  assert_int_equal(om_batch_follow_registry(batch, &marked, t0 + 2, &st), OM_OK);
  assert_true(marked);
  assert_int_equal(om_batch_commit(batch, &keys, &st), OM_OK);
  for (size_t i = 0; i < LAST; i++)
    assert_int_equal(network_mirror(&f->net, f->ledgers[i], f->ledgers[LAST], LAST, &st), OM_OK);
  assert_int_equal(sealing_asks(f, 1, &st), OM_OK);
  struct record c = sealing_call(f, LAST, t0 + 3);
  struct retire r = sealing_all(f, &c, 4, t0 + 3);
  assert_true(r.seals[1]->settled_index < r.seals[1]->registry_index);
  r.n = 3; /* of four, three are enough; of seven, five are */
  REFUSED(f, &r, "seals");
  r.n = 4;
  REFUSED(f, &r, "seals");
  r.seals[r.n++] = sealing_seal(f, 5, &c, t0 + 3);
  RETIRED(f, &r);
  free(c.bytes);
}

/* Who knows no head knows no list: its seal counts only where there was never another. */
static void a_seal_without_a_head(void **state) {
  struct sealing *f = *state;
  struct record c = sealing_call(f, LAST, t0 + 3);
  struct retire r = sealing_all(f, &c, NEEDED, t0 + 3);
  Oremark__Seal bare = *r.seals[0];
  bare.head.len = 0;
  sealing_forge(f, &bare, f->net.cosign_keys[0]);
  r.seals[0] = &bare;
  const uint32_t all[] = {0, 1, 2, 3, 4, 5, 6, 7};
  struct om_status st;
  assert_int_equal(sealing_set_witnesses(f, all, N, 0, NULL, NULL, t0 + 4, &st), OM_OK);
  REFUSED(f, &r, "seal");
  r.judged = true;
  RETIRED(f, &r);
  free(c.bytes);
}

/* LAST is stated as it is final here; daemons 0 to 3 witness from there on, and accept that. */
static void restart(struct sealing *f) {
  Oremark__StatedHead heads[N], *list[N];
  struct om_log_info infos[N];
  uint32_t logs[] = {0, 1, 2, 3};
  Oremark__WitnessList witnesses = OREMARK__WITNESS_LIST__INIT;
  Oremark__Restart act = OREMARK__RESTART__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT, *events[] = {&event};
  struct om_accepted accepted;
  struct om_status st;
  size_t len;
  for (uint32_t log = 0; log < N; log++) {
    infos[log] = network_info(f->ledgers[0], log);
    heads[log] = (Oremark__StatedHead)OREMARK__STATED_HEAD__INIT;
    heads[log].log = log;
    heads[log].size = infos[log].size;
    heads[log].root = sealing_data(infos[log].root.bytes, OM_HASH_BYTES);
    list[log] = &heads[log];
  }
  witnesses.logs = logs;
  witnesses.n_logs = 4;
  act.heads = list;
  act.n_heads = N;
  act.witnesses = &witnesses;
  act.reason = "four witnesses burnt down";
  event.kind_case = OREMARK__EVENT__KIND_RESTART;
  event.restart = &act;
  uint8_t *bytes = network_statement(&f->net, &len, 1, t0 + 4, events, 1, (const uint32_t[]){1}, 1);
  for (size_t i = 0; i < 4; i++)
    if (om_ledger_accept(f->ledgers[i], &accepted, bytes, len, &st) != OM_OK) fail_msg("%s", st.text);
  free(bytes);
}

/* Four of eight are gone for good: the list of the restart is asked, not the one before it. */
static void a_restart_begins_anew(void **state) {
  struct sealing *f = *state;
  sealing_mine(f);
  struct record early = sealing_call(f, LAST, t0 + 2), late = sealing_call(f, LAST, t0 + 5);
  Oremark__Seal *before = sealing_seal(f, 3, &early, t0 + 2);
  restart(f);
  struct retire r = sealing_all(f, &late, 3, t0 + 5);
  Oremark__Seal *third = r.seals[2];
  r.n = 2;
  REFUSED(f, &r, "seals");
  r.seals[r.n++] = before;
  REFUSED(f, &r, "seal");
  r.seals[2] = third;
  RETIRED(f, &r);
  free(early.bytes);
  free(late.bytes);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, sealing_open, sealing_close)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_seal_is_kept_and_kept_to),
      TEST(a_seal_states_the_highest_head),
      TEST(a_long_line_in_the_logs_name_is_passed_over),
      TEST(calls_that_are_refused),
      TEST(who_is_no_witness_seals_nothing),
      TEST(a_lifted_call_binds_no_more),
      TEST(one_seal_too_few),
      TEST(only_good_seals_of_the_log_count),
      TEST(it_ends_at_the_highest_head),
      TEST(of_two_heads_the_governors_judge),
      TEST(successors_that_are_refused),
      TEST(an_operator_counts_once_and_whole),
      TEST(both_lists_of_a_change_are_counted),
      TEST(a_seal_without_a_head),
      TEST(a_restart_begins_anew),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
