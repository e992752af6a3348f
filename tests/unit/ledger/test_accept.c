/* A restart of the network from stated heads, accepted at each daemon by hand: 0 and 1 go on, 2, 3 and 4 are gone. */
#include "restarts.h"

static void two_of_five_go_on_after_a_restart(void **state) {
  (void)state;
  struct restart r;
  submit(1, a_lot(t0 + 10), t0 + 10);
  assert_int_equal(network_settle(&net, alive, t0 + 11, &st), OM_REFUSED);
  assert_int_equal(info(0, 1).final_size + 1, info(0, 1).size); /* too few are left to make it final */
  uint64_t size = info(0, 1).size, registry = info(0, 0).size;
  submit(1, a_lot(t0 + 12), t0 + 12);
  assert_int_equal(info(1, 1).size, size + 1);
  state_heads(&r, 0);
  struct record restart = sign(&r, GOVERNOR);
  for (size_t i = 0; i < LEFT; i++) {
    assert_ok(accept(i, &restart), &st);
    assert_true(restarted(i));
    assert_int_equal(info(i, 0).size, registry + 1);
    assert_int_equal(info(i, 1).size, size); /* what stood beyond it has gone */
  }
  assert_memory_equal(info(0, 0).root.bytes, info(1, 0).root.bytes, OM_HASH_BYTES); /* the same bytes at both */
  /* Nothing is signed by a quorum yet; with the registry's head all is final that the restart states. */
  assert_int_equal(info(1, 1).final_size, size - 1);
  assert_ok(network_settle(&net, alive, t0 + 200, &st), &st);
  assert_true(info(1, 0).final_size >= registry + 1);
  submit(1, a_lot(t0 + 201), t0 + 201);
  assert_ok(network_settle(&net, alive, t0 + 202, &st), &st);
  for (size_t i = 0; i < LEFT; i++)
    for (uint32_t log = 0; log < LEFT; log++) {
      assert_true(info(i, log).size > (log == 0 ? registry : size));
      assert_int_equal(info(i, log).final_size, info(i, log).size);
      assert_false(info(i, log).stopped || info(i, log).frozen);
    }
  struct om_hash first = state_hash(0), second = state_hash(1);
  assert_memory_equal(first.bytes, second.bytes, sizeof first.bytes);
  /* Accepted again, nothing happens. */
  struct om_accepted accepted;
  uint64_t before = info(0, 0).size;
  assert_ok(om_ledger_accept(ledgers[0], &accepted, restart.bytes, restart.len, &st), &st);
  assert_true(accepted.again);
  assert_int_equal(accepted.index, registry);
  assert_int_equal(info(0, 0).size, before);
  /* And what is held survives being judged again. */
  struct om_cut none = {1, info(0, 1).size};
  assert_ok(om_ledger_rebuild(ledgers[0], &none, 1, &st), &st);
  second = state_hash(0);
  assert_memory_equal(first.bytes, second.bytes, sizeof first.bytes);
  free(restart.bytes);
}

/* Daemon 1 has cosigned and written beyond what is stated: by its operator's hand it forgets that. */
static void what_was_cosigned_beyond_is_forgotten_by_hand(void **state) {
  (void)state;
  struct restart r;
  uint64_t registry = info(0, 0).size;
  state_heads(&r, 1);
  submit(0, record_site(&net, SMELTER, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0 + 10), t0 + 10);
  assert_int_equal(network_settle(&net, alive, t0 + 11, &st), OM_REFUSED); /* daemon 1 cosigns registry + 1 */
  assert_int_equal(info(1, 0).size, registry + 1);
  struct record restart = sign(&r, GOVERNOR);
  for (size_t i = 0; i < LEFT; i++) assert_ok(accept(i, &restart), &st);
  assert_ok(network_settle(&net, alive, t0 + 200, &st), &st);
  assert_int_equal(info(1, 0).size, registry + 1);
  assert_int_equal(info(1, 0).final_size, registry + 1);
  assert_int_equal(info(1, 0).evidence, 0);
  free(restart.bytes);
}

/* Daemon 2 comes back, and its operator has accepted nothing. */
static void who_has_not_accepted_waits_and_accuses_nobody(void **state) {
  (void)state;
  struct restart r;
  uint64_t registry = info(0, 0).size, mine = info(0, 1).size, index;
  struct om_txn *txn;
  state_heads(&r, 0);
  struct record restart = sign(&r, GOVERNOR);
  for (size_t i = 0; i < LEFT; i++) assert_ok(accept(i, &restart), &st);
  assert_ok(network_settle(&net, alive, t0 + 200, &st), &st);
  submit(1, a_lot(t0 + 201), t0 + 201);
  assert_ok(network_settle(&net, alive, t0 + 202, &st), &st);
  assert_refused(network_mirror(&net, ledgers[2], ledgers[0], 0, &st), OM_WAIT, "by-hand", &st);
  assert_int_equal(network_mirror(&net, ledgers[2], ledgers[1], 1, &st), OM_WAIT);
  assert_int_equal(info(2, 0).size, registry);
  assert_int_equal(info(2, 1).size, mine);
  assert_false(info(2, 0).stopped || info(2, 1).stopped);
  assert_ok(om_txn_read(&txn, om_ledger_store(ledgers[2]), &st), &st);
  assert_true(om_by_hand_met(txn, &index));
  assert_int_equal(index, registry);
  om_txn_abort(txn);
  /* Then it accepts: a head under the new list is worth following before the mark of the restart is held. */
  struct om_bytes note;
  struct om_checkpoint head;
  struct om_txn *theirs;
  assert_ok(om_txn_read(&theirs, om_ledger_store(ledgers[0]), &st), &st);
  assert_ok(om_log_final(theirs, &note, 1, &st), &st);
  assert_ok(om_txn_read(&txn, om_ledger_store(ledgers[2]), &st), &st);
  assert_refused(om_quorum_claim(txn, &head, 1, mine, note.data, note.len, &st), OM_REFUSED, "quorum", &st);
  om_txn_abort(txn);
  assert_ok(accept(2, &restart), &st);
  assert_ok(om_txn_read(&txn, om_ledger_store(ledgers[2]), &st), &st);
  assert_ok(om_quorum_claim(txn, &head, 1, mine, note.data, note.len, &st), &st);
  assert_false(om_by_hand_met(txn, &index));
  om_txn_abort(txn);
  om_txn_abort(theirs);
  assert_ok(network_mirror(&net, ledgers[2], ledgers[0], 0, &st), &st);
  assert_ok(network_mirror(&net, ledgers[2], ledgers[1], 1, &st), &st);
  assert_int_equal(info(2, 1).size, info(1, 1).size);
  free(restart.bytes);
}

static void a_log_goes_on_with_a_mark_of_the_restart(void **state) {
  (void)state;
  struct restart r;
  struct om_receipt receipt;
  uint64_t mine = info(1, 1).size;
  state_heads(&r, 0);
  struct record restart = sign(&r, GOVERNOR), lot = a_lot(t0 + 201);
  assert_ok(accept(0, &restart), &st);
  /* Daemon 1 has not accepted, and writes. */
  submit(1, a_lot(t0 + 150), t0 + 150);
  assert_refused(network_mirror(&net, ledgers[0], ledgers[1], 1, &st), OM_WAIT, "restart", &st);
  assert_int_equal(info(0, 1).size, mine);
  /* It accepts: its log takes nothing before the mark. */
  assert_ok(accept(1, &restart), &st);
  assert_int_equal(info(1, 1).size, mine);
  assert_refused(network_submit(&net, 1, ledgers[1], &receipt, lot.bytes, lot.len, t0 + 201, &st), OM_WAIT, "restart",
                 &st);
  assert_ok(network_settle(&net, alive, t0 + 202, &st), &st);
  assert_ok(network_submit(&net, 1, ledgers[1], &receipt, lot.bytes, lot.len, t0 + 203, &st), &st);
  assert_int_equal(receipt.index, mine + 1);
  free(restart.bytes);
  free(lot.bytes);
}

static void a_bad_restart_is_refused_and_changes_nothing(void **state) {
  (void)state;
  struct restart r;
  struct om_receipt receipt;
  struct om_accepted accepted;
  struct record bad;
  submit(1, a_lot(t0 + 10), t0 + 10); /* something that would be taken out */
  struct om_hash before = state_hash(1), after;
  state_heads(&r, 0);
  bad = sign(&r, MINER); /* no governor */
  assert_refused(accept(1, &bad), OM_REFUSED, "signature-not-needed", &st);
  free(bad.bytes);
  r.heads[3].size++; /* held by nobody */
  bad = sign(&r, GOVERNOR);
  assert_refused(accept(1, &bad), OM_MISSING, "missing", &st);
  assert_non_null(strstr(st.text, "daemon3.example/log"));
  bool any;
  assert_int_equal(wanted(1, 3, &any), r.heads[3].size); /* it is fetched, so that it can be accepted */
  assert_true(any);
  free(bad.bytes);
  /* Of a log that the registry here does not name nothing is missing below a head of nothing. */
  Oremark__StatedHead unknown = OREMARK__STATED_HEAD__INIT, *more[DAEMONS + 1];
  memcpy(more, r.list, sizeof r.list);
  more[DAEMONS] = &unknown;
  unknown.log = DAEMONS;
  unknown.root = r.heads[0].root;
  r.act.heads = more;
  r.act.n_heads = DAEMONS + 1;
  bad = sign(&r, GOVERNOR);
  assert_refused(accept(1, &bad), OM_MISSING, "missing", &st);
  assert_non_null(strstr(st.text, "daemon3.example/log"));
  assert_null(strstr(st.text, "does not name"));
  free(bad.bytes);
  r.act.heads = r.list;
  r.act.n_heads = DAEMONS;
  r.heads[3].size--;
  r.roots[2].bytes[0] ^= 1;
  bad = sign(&r, GOVERNOR);
  assert_refused(accept(1, &bad), OM_REFUSED, "fork", &st);
  free(bad.bytes);
  r.roots[2].bytes[0] ^= 1;
  r.act.n_heads--;
  bad = sign(&r, GOVERNOR);
  assert_refused(accept(1, &bad), OM_REFUSED, "restart", &st);
  free(bad.bytes);
  r.act.n_heads++;
  r.who.n_logs = 1; /* log 0 itself would have nobody */
  bad = sign(&r, GOVERNOR);
  assert_refused(accept(1, &bad), OM_REFUSED, "quorum", &st);
  free(bad.bytes);
  bad = a_lot(t0 + 20);
  assert_refused(om_ledger_accept(ledgers[1], &accepted, bad.bytes, bad.len, &st), OM_REFUSED, "by-hand", &st);
  free(bad.bytes);
  after = state_hash(1);
  assert_memory_equal(before.bytes, after.bytes, sizeof before.bytes);
  /* Nor does it come in by the door. */
  r.who.n_logs = LEFT;
  bad = sign(&r, GOVERNOR);
  assert_refused(network_submit(&net, 0, ledgers[0], &receipt, bad.bytes, bad.len, t0 + 100, &st), OM_REFUSED,
                 "by-hand", &st);
  assert_ok(accept(1, &bad), &st);
  assert_int_equal(wanted(1, 3, &any), r.heads[3].size);
  assert_false(any);
  free(bad.bytes);
}

/* The registry's daemon itself puts in a restart that its governors have not signed, or for another place. */
static enum om_code mirror_entry(size_t daemon, const struct record *statement, uint64_t index) {
  struct om_arena arena = {0};
  struct om_checked *checked;
  struct om_batch *batch;
  size_t len;
  uint8_t *bytes = network_entry(&len, statement->bytes, statement->len, t0 + 100);
  assert_ok(om_batch_begin(&batch, ledgers[daemon], &st), &st);
  assert_ok(om_check_entry(&checked, &arena, &net.id, om_batch_txn(batch), bytes, len, &st), &st);
  enum om_code code = om_batch_mirror(batch, 0, index, checked, &st);
  struct om_status why = st;
  assert_ok(om_batch_commit(batch, NULL, &st), &st);
  st = why;
  om_arena_free(&arena);
  free(bytes);
  return code;
}

static void a_restart_that_nobody_could_accept_is_no_reason_to_wait(void **state) {
  (void)state;
  struct restart r;
  uint64_t size = info(1, 0).size;
  state_heads(&r, 0);
  struct record good = sign(&r, GOVERNOR), bad = sign(&r, MINER);
  assert_refused(mirror_entry(2, &good, size), OM_WAIT, "by-hand", &st);
  assert_false(info(2, 0).stopped);
  assert_refused(mirror_entry(2, &bad, size), OM_REFUSED, "signature-not-needed", &st);
  assert_true(info(2, 0).stopped);
  free(bad.bytes);
  r.heads[0].size--;
  bad = sign(&r, GOVERNOR);
  assert_refused(mirror_entry(3, &bad, size), OM_REFUSED, "by-hand", &st);
  assert_true(info(3, 0).stopped);
  free(bad.bytes);
  free(good.bytes);
}

/* A log in the midst of a change of its witnesses, which will never be settled: the restart ends that. */
static void a_restart_ends_a_change_of_witnesses(void **state) {
  (void)state;
  struct restart r;
  uint32_t fewer[] = {0, 1, 2, 3};
  Oremark__WitnessList list = OREMARK__WITNESS_LIST__INIT;
  Oremark__SetWitnesses set = OREMARK__SET_WITNESSES__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT, *events[] = {&event};
  const uint32_t signer = GOVERNOR;
  struct record act;
  struct om_hash previous;
  struct om_batch *batch;
  struct om_quorum quorum;
  struct om_signers_keys keys = network_signers(&net, 1);
  bool marked;
  list.logs = fewer;
  list.n_logs = 4;
  set.witnesses = &list;
  event.kind_case = OREMARK__EVENT__KIND_SET_WITNESSES;
  event.set_witnesses = &set;
  act.bytes = network_statement(&net, &act.len, signer, t0 + 10, events, 1, &signer, 1);
  previous = record_event(&net, &act);
  submit(0, act, t0 + 10);
  for (size_t i = 1; i < DAEMONS; i++) assert_ok(network_mirror(&net, ledgers[i], ledgers[0], 0, &st), &st);
  assert_ok(network_finalise(&net, ledgers, 0, (uint64_t)t0 / 1000, &st), &st);
  assert_ok(om_batch_begin(&batch, ledgers[1], &st), &st);
  assert_ok(om_batch_follow_registry(batch, &marked, t0 + 11, &st), &st);
  assert_ok(om_log_quorum(om_batch_txn(batch), &quorum, 1, info(1, 1).size + 1, &st), &st);
  assert_ok(om_batch_commit(batch, &keys, &st), &st);
  assert_true(marked && quorum.changing);
  assert_ok(network_mirror(&net, ledgers[0], ledgers[1], 1, &st), &st);
  state_heads(&r, 0);
  r.previous = &previous;
  struct record restart = sign(&r, GOVERNOR);
  uint64_t size = info(1, 1).size;
  for (size_t i = 0; i < LEFT; i++) assert_ok(accept(i, &restart), &st);
  assert_ok(network_settle(&net, alive, t0 + 200, &st), &st);
  assert_int_equal(info(0, 1).final_size, size + 1);
  free(restart.bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(two_of_five_go_on_after_a_restart, begin, end),
      cmocka_unit_test_setup_teardown(what_was_cosigned_beyond_is_forgotten_by_hand, begin, end),
      cmocka_unit_test_setup_teardown(who_has_not_accepted_waits_and_accuses_nobody, begin, end),
      cmocka_unit_test_setup_teardown(a_log_goes_on_with_a_mark_of_the_restart, begin, end),
      cmocka_unit_test_setup_teardown(a_restart_that_nobody_could_accept_is_no_reason_to_wait, begin, end),
      cmocka_unit_test_setup_teardown(a_restart_ends_a_change_of_witnesses, begin, end),
      cmocka_unit_test_setup_teardown(a_bad_restart_is_refused_and_changes_nothing, begin, end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
