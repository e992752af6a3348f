/* A daemon has taken in what loses: it follows the history that a quorum signed, and its vote with it. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/rebuild.h"
#include "support/records.h"

enum { DAEMONS = 5, LOG = 1, LED_ASTRAY = 4 };

static const int64_t t0 = INT64_C(1710000000000);

/* Daemon LOG, and a copy of its folder that goes on by itself; daemon LED_ASTRAY hears of the copy alone. */
struct scene {
  struct network net;
  char *paths[DAEMONS], *copy;
  struct om_ledger *ledgers[DAEMONS], *twin;
  uint64_t common; /* entries that both have, final */
  struct om_status st;
};

struct head {
  uint8_t note[OM_NOTE_BYTES_MAX];
  size_t len;
};

static struct om_log_info astray(struct scene *s) {
  return network_info(s->ledgers[LED_ASTRAY], LOG);
}

static void open_scene(struct scene *s) {
  char command[9000];
  struct om_receipt receipt;
  memset(s, 0, sizeof *s);
  network_open(&s->net, DAEMONS, true);
  network_ledgers(&s->net, s->paths, s->ledgers);
  struct record site = record_site(&s->net, LOG + 1, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0);
  assert_ok(network_submit(&s->net, 0, s->ledgers[0], &receipt, site.bytes, site.len, t0, &s->st), &s->st);
  free(site.bytes);
  assert_ok(network_settle(&s->net, s->ledgers, t0, &s->st), &s->st);
  om_ledger_close(s->ledgers[LOG]);
  s->copy = temp_folder();
  snprintf(command, sizeof command, "cp %s/data.mdb %s/", s->paths[LOG], s->copy);
  assert_int_equal(system(command), 0);
  s->ledgers[LOG] = network_ledger(&s->net, LOG, s->paths[LOG]);
  s->twin = network_ledger(&s->net, LOG, s->copy);
  s->common = network_info(s->twin, LOG).size;
}

static void close_scene(struct scene *s) {
  for (size_t i = 0; i < DAEMONS; i++) {
    om_ledger_close(s->ledgers[i]);
    remove_folder(s->paths[i]);
  }
  om_ledger_close(s->twin);
  remove_folder(s->copy);
  network_close(&s->net);
}

static void mine(struct scene *s, struct om_ledger *ledger, int n) {
  for (int i = 0; i < n; i++) {
    struct om_receipt receipt;
    struct record r = record_extract(&s->net, LOG + 1, 1, 1, 1000, t0);
    assert_ok(network_submit(&s->net, LOG, ledger, &receipt, r.bytes, r.len, t0, &s->st), &s->st);
    free(r.bytes);
  }
}

static void mirror(struct scene *s, struct om_ledger *from) {
  assert_ok(network_mirror(&s->net, s->ledgers[LED_ASTRAY], from, LOG, &s->st), &s->st);
}

static struct head head_of(struct om_ledger *ledger, bool final) {
  struct head out;
  struct om_status st = {0};
  struct om_txn *txn;
  struct om_bytes note;
  assert_ok(om_txn_read(&txn, om_ledger_store(ledger), &st), &st);
  assert_ok(final ? om_log_final(txn, &note, LOG, &st) : om_log_head(txn, &note, LOG, &st), &st);
  memcpy(out.note, note.data, out.len = note.len);
  om_txn_abort(txn);
  return out;
}

static enum om_code offer(struct scene *s, const struct head *head, bool final) {
  char line[OM_NOTE_LINE_BYTES];
  bool newer;
  struct om_batch *batch;
  struct om_signers_keys keys = network_signers(&s->net, LED_ASTRAY);
  memset(&s->st, 0, sizeof s->st);
  assert_ok(om_batch_begin(&batch, s->ledgers[LED_ASTRAY], &s->st), &s->st);
  enum om_code code =
      final ? om_batch_final(batch, &newer, LOG, head->note, head->len, &s->st)
            : om_batch_cosign(batch, line, LOG, head->note, head->len, (uint64_t)t0 / 1000, &keys, &s->st);
  struct om_status committed = {0};
  assert_ok(om_batch_commit(batch, NULL, &committed), &committed);
  return code;
}

/* The honest log, with N records more, is final with all but the one that was led astray. */
static struct head win(struct scene *s, int n) {
  struct om_ledger *others[DAEMONS];
  memcpy(others, s->ledgers, sizeof others);
  mine(s, s->ledgers[LOG], n);
  for (size_t i = 0; i < DAEMONS; i++)
    if (i != LOG && i != LED_ASTRAY)
      assert_ok(network_mirror(&s->net, s->ledgers[i], s->ledgers[LOG], LOG, &s->st), &s->st);
  network_finalise(&s->net, s->ledgers, LOG, (uint64_t)t0 / 1000, &s->st); /* one refuses */
  struct head out = head_of(s->ledgers[0], true);
  assert_int_equal(network_info(s->ledgers[0], LOG).final_size, network_info(s->ledgers[LOG], LOG).size);
  return out;
}

static void test_the_vote_moves_to_what_is_final(void **state) {
  (void)state;
  struct scene s;
  open_scene(&s);
  mine(&s, s.twin, 3);
  mirror(&s, s.twin);
  struct head lost = head_of(s.twin, false);
  assert_ok(offer(&s, &lost, false), &s.st);
  assert_false(om_ledger_lost(s.ledgers[LED_ASTRAY]));
  struct head won = win(&s, 2);
  assert_int_equal(offer(&s, &won, true), OM_WAIT);
  assert_string_equal(s.st.rule, "fork");
  assert_true(om_ledger_lost(s.ledgers[LED_ASTRAY]));
  assert_false(astray(&s).stopped);
  assert_int_equal(astray(&s).evidence, 1);
  /* Until it is cut, it takes and signs nothing of that log. */
  mine(&s, s.twin, 1);
  assert_int_equal(network_mirror(&s.net, s.ledgers[LED_ASTRAY], s.twin, LOG, &s.st), OM_WAIT);
  assert_string_equal(s.st.rule, "mending");
  assert_int_equal(offer(&s, &lost, false), OM_WAIT);
  /* Also after it was stopped in between. */
  om_ledger_close(s.ledgers[LED_ASTRAY]);
  s.ledgers[LED_ASTRAY] = network_ledger(&s.net, LED_ASTRAY, s.paths[LED_ASTRAY]);
  assert_true(om_ledger_lost(s.ledgers[LED_ASTRAY]));
  assert_ok(om_ledger_mend(s.ledgers[LED_ASTRAY], &s.st), &s.st);
  assert_false(om_ledger_lost(s.ledgers[LED_ASTRAY]));
  assert_int_equal(astray(&s).size, s.common);
  assert_int_equal(astray(&s).final_size, s.common);
  struct head both = head_of(s.ledgers[LED_ASTRAY], true);
  assert_int_equal(offer(&s, &both, false), OM_WAIT); /* below what is awaited */
  assert_int_equal(offer(&s, &won, false), OM_WAIT);
  mirror(&s, s.ledgers[LOG]);
  assert_ok(offer(&s, &won, false), &s.st);
  assert_int_equal(astray(&s).final_size, s.common + 2);
  assert_int_equal(offer(&s, &both, false), OM_REFUSED); /* its vote is higher now */
  assert_string_equal(s.st.rule, "vote");
  mine(&s, s.ledgers[LOG], 1);
  assert_ok(network_settle(&s.net, s.ledgers, t0, &s.st), &s.st);
  assert_int_equal(astray(&s).final_size, s.common + 3);
  close_scene(&s);
}

/* The vote was for less than what won: only when that is held, it can be shown that the log signed both. */
static void test_a_small_vote_becomes_evidence(void **state) {
  (void)state;
  struct scene s;
  open_scene(&s);
  mine(&s, s.twin, 1);
  mirror(&s, s.twin);
  struct head lost = head_of(s.twin, false);
  assert_ok(offer(&s, &lost, false), &s.st);
  mine(&s, s.twin, 2);
  mirror(&s, s.twin);
  struct head won = win(&s, 2);
  assert_int_equal(offer(&s, &won, true), OM_WAIT);
  assert_int_equal(astray(&s).evidence, 0);
  assert_ok(om_ledger_mend(s.ledgers[LED_ASTRAY], &s.st), &s.st);
  mirror(&s, s.ledgers[LOG]);
  assert_ok(offer(&s, &won, true), &s.st);
  assert_int_equal(astray(&s).evidence, 1);
  assert_false(astray(&s).frozen);
  close_scene(&s);
}

/* Whoever feeds the same again is not followed for ever. */
static void test_the_same_again_stops_the_log(void **state) {
  (void)state;
  struct scene s;
  open_scene(&s);
  mine(&s, s.twin, 2);
  mirror(&s, s.twin);
  struct head won = win(&s, 1);
  assert_int_equal(offer(&s, &won, true), OM_WAIT);
  assert_ok(om_ledger_mend(s.ledgers[LED_ASTRAY], &s.st), &s.st);
  mirror(&s, s.twin);
  assert_false(astray(&s).stopped);
  assert_int_equal(offer(&s, &won, true), OM_WAIT);
  assert_false(om_ledger_lost(s.ledgers[LED_ASTRAY]));
  assert_true(astray(&s).stopped);
  close_scene(&s);
}

/* What was final here stays: then there are two final heads, and the log is frozen. */
static void test_what_is_final_is_not_cut(void **state) {
  (void)state;
  struct scene s;
  open_scene(&s);
  struct head won = win(&s, 1);
  mirror(&s, s.ledgers[LOG]);
  assert_ok(offer(&s, &won, true), &s.st);
  mine(&s, s.twin, 1);
  struct head two = head_of(s.twin, false);
  const size_t liars[] = {0, 2, 3};
  for (size_t i = 0; i < 3; i++) {
    char line[OM_NOTE_LINE_BYTES], origin[64];
    struct om_note parsed;
    snprintf(origin, sizeof origin, "daemon%zu.example/log", liars[i]);
    assert_ok(om_note_parse(&parsed, (const char *)two.note, two.len, &s.st), &s.st);
    size_t n = om_note_cosign(line, origin, s.net.cosign_keys[liars[i]], 1710000000, parsed.text, parsed.text_len);
    assert_ok(om_note_add_line((char *)two.note, &two.len, line, n, &s.st), &s.st);
  }
  assert_int_equal(offer(&s, &two, true), OM_WAIT);
  assert_false(om_ledger_lost(s.ledgers[LED_ASTRAY]));
  assert_true(astray(&s).frozen);
  assert_int_equal(astray(&s).final_size, s.common + 1);
  close_scene(&s);
}

/* Ships the lot of RECORD to member 3, within LEDGER. */
static struct record ship(struct scene *s, struct om_ledger *ledger, const struct record *record) {
  struct om_receipt receipt;
  struct record out = record_ship(&s->net, LOG + 1, record, 3, t0);
  assert_ok(network_submit(&s->net, LOG, ledger, &receipt, out.bytes, out.len, t0, &s->st), &s->st);
  return out;
}

/* The home has lost its store and what only daemon LED_ASTRAY had of it, and goes on: what comes next does not fit
 * behind that. */
static void test_a_home_that_lost_its_tail_is_no_liar(void **state) {
  (void)state;
  struct scene s;
  struct om_receipt receipt;
  open_scene(&s);
  mine(&s, s.twin, 1);
  mirror(&s, s.twin);
  struct head lost = head_of(s.twin, false);
  assert_ok(offer(&s, &lost, false), &s.st);
  struct record lot = record_extract(&s.net, LOG + 1, 1, 1, 1000, t0);
  assert_ok(network_submit(&s.net, LOG, s.ledgers[LOG], &receipt, lot.bytes, lot.len, t0, &s.st), &s.st);
  struct record shipped = ship(&s, s.ledgers[LOG], &lot);
  assert_int_equal(network_mirror(&s.net, s.ledgers[LED_ASTRAY], s.ledgers[LOG], LOG, &s.st), OM_WAIT);
  assert_string_equal(s.st.rule, "mending");
  assert_false(astray(&s).stopped);
  assert_true(om_ledger_lost(s.ledgers[LED_ASTRAY]));
  assert_ok(om_ledger_mend(s.ledgers[LED_ASTRAY], &s.st), &s.st);
  assert_int_equal(astray(&s).size, s.common);
  mirror(&s, s.ledgers[LOG]);
  assert_int_equal(astray(&s).size, s.common + 2);
  /* Nobody knows yet which of the two wins: the vote stands. */
  struct head other = head_of(s.ledgers[LOG], false);
  assert_int_equal(offer(&s, &other, false), OM_REFUSED);
  assert_string_equal(s.st.rule, "vote");
  assert_int_equal(astray(&s).evidence, 1); /* that log did sign both */
  struct head won = win(&s, 1);
  mirror(&s, s.ledgers[LOG]);
  assert_ok(offer(&s, &won, true), &s.st);
  assert_ok(offer(&s, &won, false), &s.st);
  assert_int_equal(astray(&s).evidence, 1);
  free(lot.bytes);
  free(shipped.bytes);
  close_scene(&s);
}

/* Entries that a relay altered, and that stay valid by themselves, show at the home's next head: no vote stands on
 * them. */
static void test_what_no_vote_stands_on_gives_way_to_the_home(void **state) {
  (void)state;
  struct scene s;
  open_scene(&s);
  mine(&s, s.twin, 1);
  mirror(&s, s.twin);
  mine(&s, s.ledgers[LOG], 1);
  struct head home = head_of(s.ledgers[LOG], false);
  assert_int_equal(offer(&s, &home, false), OM_WAIT);
  assert_string_equal(s.st.rule, "mending");
  assert_true(om_ledger_lost(s.ledgers[LED_ASTRAY]));
  assert_ok(om_ledger_mend(s.ledgers[LED_ASTRAY], &s.st), &s.st);
  assert_int_equal(astray(&s).size, s.common);
  mirror(&s, s.ledgers[LOG]);
  assert_ok(offer(&s, &home, false), &s.st);
  /* With a vote on it, it stays until a quorum says otherwise. */
  struct head other = head_of(s.twin, false);
  assert_int_equal(offer(&s, &other, false), OM_REFUSED);
  assert_string_equal(s.st.rule, "fork");
  assert_false(om_ledger_lost(s.ledgers[LED_ASTRAY]));
  close_scene(&s);
}

/* An entry that is invalid after what is fetched anew is invalid. */
static void test_a_bad_entry_is_doubted_once(void **state) {
  (void)state;
  struct scene s;
  struct om_receipt receipt;
  open_scene(&s);
  struct record lot = record_extract(&s.net, LOG + 1, 1, 1, 1000, t0);
  assert_ok(network_submit(&s.net, LOG, s.ledgers[LOG], &receipt, lot.bytes, lot.len, t0, &s.st), &s.st);
  mine(&s, s.twin, 1);
  struct record shipped = ship(&s, s.ledgers[LOG], &lot);
  for (int again = 0; again < 2; again++) {
    assert_false(astray(&s).stopped);
    mirror(&s, s.twin);
    enum om_code code = network_mirror(&s.net, s.ledgers[LED_ASTRAY], s.ledgers[LOG], LOG, &s.st);
    assert_int_equal(code, again == 0 ? OM_WAIT : OM_REFUSED);
    assert_int_equal(om_ledger_lost(s.ledgers[LED_ASTRAY]), again == 0);
    assert_ok(om_ledger_mend(s.ledgers[LED_ASTRAY], &s.st), &s.st);
  }
  assert_true(astray(&s).stopped);
  free(lot.bytes);
  free(shipped.bytes);
  close_scene(&s);
}

/* The copy alone has marked a registry with other witnesses, of whom the one that was led astray is needed. */
static void change_witnesses(struct scene *s) {
  static const uint32_t logs[] = {2, 3, LED_ASTRAY}, governor = 1;
  uint32_t list[3];
  Oremark__WitnessList witnesses = OREMARK__WITNESS_LIST__INIT;
  Oremark__SetWitnesses act = OREMARK__SET_WITNESSES__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT, *events[] = {&event};
  struct om_ledger *of_registry[DAEMONS];
  struct om_receipt receipt;
  struct record said;
  memcpy(of_registry, s->ledgers, sizeof of_registry);
  memcpy(list, logs, sizeof list);
  witnesses.n_logs = 3;
  witnesses.logs = list;
  act.witnesses = &witnesses;
  event.kind_case = OREMARK__EVENT__KIND_SET_WITNESSES;
  event.set_witnesses = &act;
  said.bytes = network_statement(&s->net, &said.len, governor, t0, events, 1, &governor, 1);
  assert_ok(network_submit(&s->net, 0, s->ledgers[0], &receipt, said.bytes, said.len, t0, &s->st), &s->st);
  free(said.bytes);
  of_registry[LOG] = s->twin;
  for (size_t i = 1; i < DAEMONS; i++)
    assert_ok(network_mirror(&s->net, of_registry[i], s->ledgers[0], 0, &s->st), &s->st);
  assert_ok(network_finalise(&s->net, of_registry, 0, (uint64_t)t0 / 1000, &s->st), &s->st);
  struct om_batch *batch;
  struct om_signers_keys keys = network_signers(&s->net, LOG);
  bool marked;
  assert_ok(om_batch_begin(&batch, s->twin, &s->st), &s->st);
  assert_ok(om_batch_follow_registry(batch, &marked, t0, &s->st), &s->st);
  assert_true(marked);
  assert_ok(om_batch_commit(batch, &keys, &s->st), &s->st);
}

static enum om_code claim(struct scene *s, const struct head *head) {
  struct om_txn *txn;
  struct om_checkpoint out;
  assert_ok(om_txn_read(&txn, om_ledger_store(s->ledgers[LED_ASTRAY]), &s->st), &s->st);
  enum om_code code = om_quorum_claim(txn, &out, LOG, astray(s).size, (const uint8_t *)head->note, head->len, &s->st);
  om_txn_abort(txn);
  return code;
}

/* HEAD, with DAEMON's cosignature; whatever that holds. */
static void add_line(struct scene *s, struct head *head, uint32_t daemon) {
  struct om_note parsed;
  char line[OM_NOTE_LINE_BYTES], origin[64];
  snprintf(origin, sizeof origin, "daemon%u.example/log", daemon);
  assert_ok(om_note_parse(&parsed, (char *)head->note, head->len, &s->st), &s->st);
  size_t n = om_note_cosign(line, origin, s->net.cosign_keys[daemon], 1710000000, parsed.text, parsed.text_len);
  assert_ok(om_note_add_line((char *)head->note, &head->len, line, n, &s->st), &s->st);
}

/* What is held would ask for other witnesses, and has lost: those of what is final here have signed what is no longer,
 * so that a head is looked at all the same. Of what is held it is as ever. */
static void test_a_change_in_what_loses_counts_for_nothing(void **state) {
  (void)state;
  struct scene s;
  open_scene(&s);
  change_witnesses(&s);
  mine(&s, s.twin, 3);
  mirror(&s, s.twin);
  struct head won = win(&s, 2), few = head_of(s.ledgers[LOG], false), held = head_of(s.twin, false);
  assert_true(astray(&s).size > network_info(s.ledgers[LOG], LOG).size);
  assert_ok(claim(&s, &won), &s.st);
  add_line(&s, &few, 0);
  add_line(&s, &few, 2);
  assert_refused(claim(&s, &few), OM_REFUSED, "quorum", &s.st);
  add_line(&s, &held, 0);
  add_line(&s, &held, 2);
  add_line(&s, &held, 3);
  assert_refused(claim(&s, &held), OM_REFUSED, "quorum", &s.st);
  assert_int_equal(offer(&s, &won, true), OM_WAIT);
  assert_true(om_ledger_lost(s.ledgers[LED_ASTRAY]));
  assert_ok(om_ledger_mend(s.ledgers[LED_ASTRAY], &s.st), &s.st);
  mirror(&s, s.ledgers[LOG]);
  assert_ok(offer(&s, &won, true), &s.st);
  assert_int_equal(astray(&s).final_size, s.common + 2);
  close_scene(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_vote_moves_to_what_is_final),
      cmocka_unit_test(test_a_small_vote_becomes_evidence),
      cmocka_unit_test(test_the_same_again_stops_the_log),
      cmocka_unit_test(test_what_is_final_is_not_cut),
      cmocka_unit_test(test_a_home_that_lost_its_tail_is_no_liar),
      cmocka_unit_test(test_a_bad_entry_is_doubted_once),
      cmocka_unit_test(test_a_change_in_what_loses_counts_for_nothing),
      cmocka_unit_test(test_what_no_vote_stands_on_gives_way_to_the_home),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
