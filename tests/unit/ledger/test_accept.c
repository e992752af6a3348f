/* A restart of the network from stated heads, accepted at each daemon by hand: 0 and 1 go on, 2, 3 and 4 are gone. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/accept.h"
#include "ledger/rebuild.h"
#include "ledger/registry.h"
#include "ledger/verify.h"
#include "support/records.h"

enum { DAEMONS = 5, GOVERNOR = 1, MINER = 2, SMELTER = 3, LEFT = 2 };

static const int64_t t0 = INT64_C(1795000000000);
static struct network net;
static char *folders[DAEMONS];
static struct om_ledger *ledgers[DAEMONS], *alive[DAEMONS];
static struct om_status st;

static struct om_log_info info(size_t daemon, uint32_t log) {
  return network_info(ledgers[daemon], log);
}

static void submit(size_t daemon, struct record record, int64_t at_ms) {
  struct om_receipt receipt;
  assert_ok(network_submit(&net, daemon, ledgers[daemon], &receipt, record.bytes, record.len, at_ms, &st), &st);
  free(record.bytes);
}

static struct record copy_of(const struct record *record) {
  struct record out = {malloc(record->len), record->len};
  assert_non_null(out.bytes);
  memcpy(out.bytes, record->bytes, record->len);
  return out;
}

static struct record a_lot(int64_t at_ms) {
  return record_extract(&net, MINER, 1, 1, 1000, at_ms);
}

/* All is final everywhere; then daemon 1 has two entries more, of which daemon 0 holds one and has cosigned it. */
static int begin(void **state) {
  (void)state;
  om_status_clear(&st);
  network_open(&net, DAEMONS, true);
  network_ledgers(&net, folders, ledgers);
  for (size_t i = 0; i < DAEMONS; i++) alive[i] = i < LEFT ? ledgers[i] : NULL;
  assert_ok(network_settle(&net, ledgers, t0, &st), &st);
  submit(0, record_site(&net, MINER, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0), t0);
  assert_ok(network_settle(&net, ledgers, t0 + 1, &st), &st);
  submit(1, a_lot(t0 + 2), t0 + 2);
  assert_ok(network_settle(&net, ledgers, t0 + 3, &st), &st);
  return 0;
}

static int end(void **state) {
  (void)state;
  network_close_ledgers(&net, folders, ledgers);
  return 0;
}

/* ---- restarts ---- */

struct restart {
  Oremark__StatedHead heads[DAEMONS], *list[DAEMONS];
  struct om_hash roots[DAEMONS];
  uint32_t witnesses[LEFT];
  Oremark__WitnessList who;
  Oremark__Restart act;
  struct om_hash *previous; /* act on the witnesses; NULL: none */
};

/* As daemon AS_HELD_BY holds them. */
static void state_heads(struct restart *r, size_t as_held_by) {
  *r = (struct restart){.who = OREMARK__WITNESS_LIST__INIT, .act = OREMARK__RESTART__INIT};
  for (uint32_t log = 0; log < DAEMONS; log++) {
    struct om_log_info held = info(as_held_by, log);
    r->heads[log] = (Oremark__StatedHead)OREMARK__STATED_HEAD__INIT;
    r->roots[log] = held.root;
    r->heads[log].log = log;
    r->heads[log].size = held.size;
    r->heads[log].root = (ProtobufCBinaryData){OM_HASH_BYTES, r->roots[log].bytes};
    r->list[log] = &r->heads[log];
  }
  for (uint32_t i = 0; i < LEFT; i++) r->witnesses[i] = i;
  r->who.logs = r->witnesses;
  r->who.n_logs = LEFT;
  r->act.heads = r->list;
  r->act.n_heads = DAEMONS;
  r->act.witnesses = &r->who;
  r->act.reason = (char *)(uintptr_t) "three witnesses burnt down";
}

static struct record sign(const struct restart *r, uint32_t signer) {
  Oremark__Event event = OREMARK__EVENT__INIT, *events[] = {&event};
  struct record out;
  event.kind_case = OREMARK__EVENT__KIND_RESTART;
  event.restart = (Oremark__Restart *)(uintptr_t)&r->act;
  if (r->previous) event.previous = (ProtobufCBinaryData){OM_HASH_BYTES, r->previous->bytes};
  out.bytes = network_statement(&net, &out.len, signer, t0 + 100, events, 1, &signer, 1);
  return out;
}

static enum om_code accept(size_t daemon, const struct record *restart) {
  struct om_accepted accepted;
  om_status_clear(&st);
  return om_ledger_accept(ledgers[daemon], &accepted, restart->bytes, restart->len, &st);
}

static bool restarted(size_t daemon) {
  struct om_txn *txn;
  struct om_restart restart;
  assert_ok(om_txn_read(&txn, om_ledger_store(ledgers[daemon]), &st), &st);
  bool is = om_registry_restart(txn, &restart, OM_REGISTRY_NOW);
  om_txn_abort(txn);
  if (is) assert_string_equal(restart.reason, "three witnesses burnt down");
  return is;
}

static struct om_hash state_hash(size_t daemon) {
  struct om_txn *txn;
  struct om_hash out;
  assert_ok(om_txn_read(&txn, om_ledger_store(ledgers[daemon]), &st), &st);
  assert_ok(om_store_state_hash(&out, txn, &st), &st);
  om_txn_abort(txn);
  return out;
}

/* How much of LOG is wanted at DAEMON; *ANY: something is, before an act can be accepted. */
static uint64_t wanted(size_t daemon, uint32_t log, bool *any) {
  struct om_txn *txn;
  assert_ok(om_txn_read(&txn, om_ledger_store(ledgers[daemon]), &st), &st);
  uint64_t size = om_wanted_size(txn, log);
  *any = om_wanted(txn);
  om_txn_abort(txn);
  return size;
}

/* ---- tests ---- */

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
  assert_ok(om_verify_lot(txn, &arena, verdict, &net.id, number, true, NULL, &st), &st);
  for (size_t i = 0; i < verdict->n_checks; i++)
    if (verdict->checks[i].failed) fail_msg("%s", verdict->checks[i].first);
  assert_true(verdict->verified);
  om_txn_abort(txn);
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
      cmocka_unit_test_setup_teardown(what_a_dead_log_recorded_last_is_leaned_on, begin, end),
      cmocka_unit_test_setup_teardown(who_lacks_it_waits, begin, end),
      cmocka_unit_test_setup_teardown(heads_that_do_not_fit_together_are_refused, begin, end),
      cmocka_unit_test_setup_teardown(what_was_cosigned_beyond_is_forgotten_by_hand, begin, end),
      cmocka_unit_test_setup_teardown(who_has_not_accepted_waits_and_accuses_nobody, begin, end),
      cmocka_unit_test_setup_teardown(a_log_goes_on_with_a_mark_of_the_restart, begin, end),
      cmocka_unit_test_setup_teardown(a_restart_that_nobody_could_accept_is_no_reason_to_wait, begin, end),
      cmocka_unit_test_setup_teardown(a_restart_ends_a_change_of_witnesses, begin, end),
      cmocka_unit_test_setup_teardown(a_bad_restart_is_refused_and_changes_nothing, begin, end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
