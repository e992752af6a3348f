/* What a restart of the network states of a log is leaned on, though no quorum has signed it. */
#include "restarts.h"
#include "support/bundled.h"
#include "support/verify.h"

/* Daemon 2 has recorded a lot and shipped it to the miner; daemons 0 and 1 hold that, and nobody makes it final. */
static void leave_a_tail(struct record *lot, struct record *shipped) {
  struct om_receipt receipt;
  submit(0, record_site(&net, SMELTER, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0 + 4), t0 + 4);
  assert_ok(network_settle(&net, ledgers, t0 + 5, &st), &st);
  *lot = record_extract(&net, SMELTER, 1, 1, 1000, t0 + 6);
  assert_ok(network_submit(&net, 2, ledgers[2], &receipt, lot->bytes, lot->len, t0 + 6, &st), &st);
  *shipped = record_ship(&net, SMELTER, lot, MINER, t0 + 7);
  assert_ok(network_submit(&net, 2, ledgers[2], &receipt, shipped->bytes, shipped->len, t0 + 7, &st), &st);
  for (size_t i = 0; i < LEFT; i++) assert_ok(network_mirror(&net, ledgers[i], ledgers[2], 2, &st), &st);
}

static void assert_verified(size_t daemon, const struct record *lot) {
  struct om_arena arena = {0};
  struct om_txn *txn;
  struct om_verdict *verdict = om_arena_alloc(&arena, sizeof *verdict);
  uint8_t number[OM_LOT_NUMBER_BYTES];
  struct om_hash id;
  network_lot(&net, number, &id, lot->bytes, lot->len, 0, 0);
  assert_ok(om_txn_read(&txn, om_ledger_store(ledgers[daemon]), &st), &st);
  assert_ok(verify_lot(txn, &arena, verdict, &net.id, number, true, &st), &st);
  for (size_t i = 0; i < verdict->n_checks; i++)
    if (verdict->checks[i].failed) fail_msg("%s", verdict->checks[i].first);
  assert_true(verdict->verified);
  bool said = false;
  for (size_t i = 0; i < verdict->n_not_checked; i++) said = said || strstr(verdict->not_checked[i], "restarted");
  assert_true(said);
  om_txn_abort(txn);
  bundled_agrees(ledgers[daemon], &net, number);
  om_arena_free(&arena);
}

/* What a daemon that is gone recorded last is leaned on as the restart states it, though no quorum signed it. */
static void what_a_dead_log_recorded_last_is_leaned_on(void **state) {
  (void)state;
  struct restart before, r;
  struct record lot, shipped;
  state_heads(&before, 0);
  leave_a_tail(&lot, &shipped);
  uint64_t tail = info(0, 2).size;
  assert_true(info(0, 2).final_size < tail);
  state_heads(&r, 0);
  struct record restart = sign(&r, GOVERNOR);
  for (size_t i = 0; i < LEFT; i++) assert_ok(accept(i, &restart), &st);
  assert_true(info(0, 2).final_size < tail); /* the act is not final yet */
  assert_ok(network_settle(&net, alive, t0 + 200, &st), &st);
  assert_int_equal(info(0, 2).final_size, tail);
  submit(1, record_receive(&net, MINER, 1, &lot, &shipped, t0 + 201), t0 + 201);
  assert_ok(network_settle(&net, alive, t0 + 202, &st), &st);
  struct om_hash first = state_hash(0), second = state_hash(1);
  assert_memory_equal(first.bytes, second.bytes, sizeof first.bytes);
  for (size_t i = 0; i < LEFT; i++) {
    assert_int_equal(info(i, 1).final_size, info(i, 1).size);
    assert_verified(i, &lot);
  }
  struct om_cut none = {1, info(0, 1).size};
  assert_ok(om_ledger_rebuild(ledgers[0], &none, 1, &st), &st);
  second = state_hash(0);
  assert_memory_equal(first.bytes, second.bytes, sizeof first.bytes);
  /* A later restart states no less of it. */
  struct om_hash previous = record_event(&net, &restart);
  state_heads(&r, 0);
  r.previous = &previous;
  for (uint32_t log = 1; log <= 2; log++) {
    r.heads[log].size = before.heads[log].size;
    r.roots[log] = before.roots[log];
  }
  free(restart.bytes);
  restart = sign(&r, GOVERNOR);
  assert_int_equal(accept(0, &restart), OM_REFUSED);
  assert_non_null(strstr(st.text, "state no less"));
  free(restart.bytes);
  free(lot.bytes);
  free(shipped.bytes);
}

/* A log that takes the restart up waits until the dead log is held here as stated, and nothing is said against it. */
static void who_lacks_it_waits(void **state) {
  (void)state;
  struct restart r;
  struct record lot, shipped;
  leave_a_tail(&lot, &shipped);
  state_heads(&r, 0);
  struct record restart = sign(&r, GOVERNOR);
  for (size_t i = 0; i < LEFT; i++) assert_ok(accept(i, &restart), &st);
  assert_ok(network_settle(&net, alive, t0 + 200, &st), &st);
  struct om_cut tail = {2, info(0, 2).size - 1};
  uint64_t size = info(0, 1).size;
  assert_ok(om_ledger_rebuild(ledgers[0], &tail, 1, &st), &st);
  assert_true(info(0, 1).size < size);
  assert_int_equal(network_mirror(&net, ledgers[0], ledgers[1], 1, &st), OM_WAIT);
  assert_string_equal(st.rule, "restart");
  assert_false(info(0, 1).stopped);
  assert_ok(network_mirror(&net, ledgers[0], ledgers[2], 2, &st), &st);
  assert_ok(network_mirror(&net, ledgers[0], ledgers[1], 1, &st), &st);
  assert_int_equal(info(0, 1).size, size);
  free(restart.bytes);
  free(lot.bytes);
  free(shipped.bytes);
}

/* Log 2 leans on what is to go of log 1: it could not be held as stated. */
static void heads_that_do_not_fit_together_are_refused(void **state) {
  (void)state;
  struct restart before, r;
  submit(0, record_site(&net, SMELTER, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_PLANT, t0 + 4), t0 + 4);
  assert_ok(network_settle(&net, ledgers, t0 + 5, &st), &st);
  struct record lot = a_lot(t0 + 6);
  submit(1, copy_of(&lot), t0 + 6);
  assert_ok(network_settle(&net, ledgers, t0 + 7, &st), &st);
  state_heads(&before, 0);
  struct record shipped = record_ship(&net, MINER, &lot, SMELTER, t0 + 8);
  submit(1, copy_of(&shipped), t0 + 8);
  assert_ok(network_settle(&net, ledgers, t0 + 9, &st), &st);
  submit(2, record_receive(&net, SMELTER, 1, &lot, &shipped, t0 + 10), t0 + 10);
  assert_ok(network_settle(&net, ledgers, t0 + 11, &st), &st);
  struct om_hash as_it_was = state_hash(0), now;
  state_heads(&r, 0);
  r.heads[1].size = before.heads[1].size;
  r.roots[1] = before.roots[1];
  struct record restart = sign(&r, GOVERNOR);
  assert_int_equal(accept(0, &restart), OM_REFUSED);
  assert_string_equal(st.rule, "restart");
  now = state_hash(0);
  assert_memory_equal(now.bytes, as_it_was.bytes, sizeof now.bytes);
  free(restart.bytes);
  free(lot.bytes);
  free(shipped.bytes);
}

/* The head that a log has signed last, or that is final. */
static struct om_bytes note_of(struct om_arena *arena, size_t daemon, uint32_t log, bool final) {
  struct om_txn *txn;
  struct om_bytes note;
  assert_ok(om_txn_read(&txn, om_ledger_store(ledgers[daemon]), &st), &st);
  assert_ok(final ? om_log_final(txn, &note, log, &st) : om_log_head(txn, &note, log, &st), &st);
  note.data = om_arena_copy(arena, note.data, note.len);
  om_txn_abort(txn);
  return note;
}

static enum om_code hear(size_t daemon, uint32_t log, struct om_bytes note) {
  struct om_batch *batch;
  struct om_status committed = {0};
  bool newer;
  assert_ok(om_batch_begin(&batch, ledgers[daemon], &st), &st);
  enum om_code code = om_batch_final(batch, &newer, log, note.data, note.len, &st);
  assert_ok(om_batch_commit(batch, NULL, &committed), &committed);
  return code;
}

/* A second restart, from what is held now. */
static void restart_again(struct record *first) {
  struct restart r;
  struct om_hash previous = record_event(&net, first);
  state_heads(&r, 0);
  r.previous = &previous;
  struct record again = sign(&r, GOVERNOR);
  for (size_t i = 0; i < LEFT; i++) assert_ok(accept(i, &again), &st);
  assert_ok(network_settle(&net, alive, t0 + 400, &st), &st);
  free(again.bytes);
}

/* What a log had signed beyond its stated head before the restart, and what it has signed there since, contradict each
 * other: nobody is to blame, also after another restart. Where no restart stands between them, it is. */
static void what_was_signed_before_is_no_lapse(void **state) {
  (void)state;
  for (int restarts = 0; restarts < 3; restarts++) {
    struct om_arena arena = {0};
    struct restart r;
    char command[9000];
    begin(state);
    state_heads(&r, 0);
    struct record restart = sign(&r, GOVERNOR);
    char *copy = temp_folder();
    om_ledger_close(ledgers[1]);
    snprintf(command, sizeof command, "cp %s/data.mdb %s/", folders[1], copy);
    assert_int_equal(system(command), 0);
    ledgers[1] = alive[1] = network_ledger(&net, 1, folders[1]);
    struct om_ledger *twin = network_ledger(&net, 1, copy);
    struct record tail = a_lot(t0 + 50);
    struct om_receipt receipt;
    assert_ok(network_submit(&net, 1, twin, &receipt, tail.bytes, tail.len, t0 + 50, &st), &st);
    struct om_ledger *kept = ledgers[1];
    ledgers[1] = twin;
    struct om_bytes before = note_of(&arena, 1, 1, false);
    ledgers[1] = kept;
    free(tail.bytes);
    om_ledger_close(twin);
    remove_folder(copy);
    if (restarts > 0)
      for (size_t i = 0; i < LEFT; i++) assert_ok(accept(i, &restart), &st);
    assert_ok(network_settle(&net, restarts > 0 ? alive : ledgers, t0 + 150, &st), &st);
    for (int64_t i = 0; i < 3; i++) submit(1, a_lot(t0 + 200 + i), t0 + 200 + i);
    assert_ok(network_settle(&net, restarts > 0 ? alive : ledgers, t0 + 300, &st), &st);
    assert_int_equal(info(0, 1).final_size, info(1, 1).size);
    if (restarts == 2) restart_again(&restart);
    assert_int_equal(hear(0, 1, before), OM_REFUSED);
    assert_int_equal(info(0, 1).pieces, 1);
    assert_int_equal(info(0, 1).evidence, restarts > 0 ? 0 : 1);
    free(restart.bytes);
    om_arena_free(&arena);
    end(state);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(what_a_dead_log_recorded_last_is_leaned_on, begin, end),
      cmocka_unit_test_setup_teardown(who_lacks_it_waits, begin, end),
      cmocka_unit_test(what_was_signed_before_is_no_lapse),
      cmocka_unit_test_setup_teardown(heads_that_do_not_fit_together_are_refused, begin, end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
