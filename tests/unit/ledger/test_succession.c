/* The registry's daemon is gone for ever; a new one goes on with the same log, accepted at each daemon by hand. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/accept.h"
#include "ledger/evidence.h"
#include "ledger/registry.h"
#include "ledger/seal.h"
#include "support/records.h"

enum { DAEMONS = 5, GOVERNOR = 1, MINER = 2, SMELTER = 3 };

static const int64_t t0 = INT64_C(1795000000000);
static struct network net;
static char *folders[DAEMONS], *successor; /* where the new daemon keeps its ledger */
static struct om_ledger *ledgers[DAEMONS];
static struct om_ledger *former; /* the ledger of the daemon that is gone, while it is open */
static struct om_secret *former_keys[4];
static struct om_status st;

static struct om_log_info info(size_t daemon, uint32_t log) {
  return network_info(ledgers[daemon], log);
}

static enum om_code submit(size_t daemon, struct record record, int64_t at_ms) {
  struct om_receipt receipt;
  enum om_code code = network_submit(&net, daemon, ledgers[daemon], &receipt, record.bytes, record.len, at_ms, &st);
  free(record.bytes);
  return code;
}

static struct om_secret *new_key(uint8_t number, bool x25519) {
  uint8_t seed[OM_SEED_BYTES] = {0xaa, number};
  struct om_secret *out;
  assert_ok(x25519 ? om_secret_new_x25519(&out, seed, &st) : om_secret_new(&out, seed, &st), &st);
  return out;
}

static int begin(void **state) {
  (void)state;
  om_status_clear(&st);
  network_open(&net, DAEMONS, true);
  network_ledgers(&net, folders, ledgers);
  successor = temp_folder();
  assert_ok(network_settle(&net, ledgers, t0, &st), &st);
  assert_ok(submit(0, record_site(&net, MINER, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0), t0), &st);
  assert_ok(network_settle(&net, ledgers, t0 + 1, &st), &st);
  assert_ok(submit(1, record_extract(&net, MINER, 1, 1, 1000, t0 + 2), t0 + 2), &st);
  assert_ok(network_settle(&net, ledgers, t0 + 3, &st), &st);
  former = ledgers[0];
  ledgers[0] = NULL;
  former_keys[0] = net.log_keys[0], former_keys[1] = net.cosign_keys[0], former_keys[2] = net.link_keys[0];
  former_keys[3] = net.witness_keys[0], net.witness_keys[0] = new_key(4, false);
  net.log_keys[0] = new_key(1, false), net.cosign_keys[0] = new_key(2, false), net.link_keys[0] = new_key(3, true);
  return 0;
}

static int end(void **state) {
  (void)state;
  om_ledger_close(former);
  for (size_t i = 0; i < 4; i++) om_secret_free(former_keys[i]);
  network_close_ledgers(&net, folders, ledgers);
  remove_folder(successor);
  return 0;
}

/* ---- seals ---- */

static struct record call_to_seal(void) {
  const uint32_t signer = GOVERNOR;
  Oremark__SealLog act = OREMARK__SEAL_LOG__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT, *events[] = {&event};
  struct record out;
  act.reason = (char *)(uintptr_t) "its machine burnt down";
  event.kind_case = OREMARK__EVENT__KIND_SEAL_LOG;
  event.seal_log = &act;
  out.bytes = network_statement(&net, &out.len, signer, t0 + 10, events, 1, &signer, 1);
  return out;
}

static Oremark__Seal *seal(size_t daemon, const struct record *call) {
  struct om_batch *batch;
  struct om_arena arena = {0};
  struct om_checked *checked;
  struct om_bytes bytes;
  bool again;
  struct om_signers_keys keys = network_signers(&net, daemon);
  assert_ok(om_batch_begin(&batch, ledgers[daemon], &st), &st);
  assert_ok(om_check_statement(&checked, &arena, &net.id, om_batch_txn(batch), call->bytes, call->len, &st), &st);
  assert_ok(om_batch_seal(batch, &arena, &bytes, &again, checked, t0 + 11, &keys, &st), &st);
  assert_ok(om_batch_commit(batch, NULL, &st), &st);
  Oremark__Seal *out = oremark__seal__unpack(NULL, bytes.len, bytes.data);
  assert_non_null(out);
  om_arena_free(&arena);
  return out;
}

/* ---- the act ---- */

struct succession {
  Oremark__RetireLog act;
  Oremark__Daemon daemon;
  struct om_hash root;
  Oremark__Seal *seals[3];
};

static ProtobufCBinaryData key_of(const struct om_secret *secret) {
  return (ProtobufCBinaryData){OM_PUBLIC_BYTES, (uint8_t *)(uintptr_t)om_secret_public(secret)};
}

/* With the seals of daemons 1, 2 and 3. */
static void make(struct succession *s) {
  struct record call = call_to_seal();
  *s = (struct succession){.act = OREMARK__RETIRE_LOG__INIT, .daemon = OREMARK__DAEMON__INIT, .root = info(1, 0).root};
  for (size_t i = 0; i < 3; i++) s->seals[i] = seal(i + 1, &call);
  free(call.bytes);
  s->daemon.origin = (char *)(uintptr_t) "registry-2.example/log";
  s->daemon.operator_ = GOVERNOR;
  s->daemon.log_key = key_of(net.log_keys[0]);
  s->daemon.cosign_key = key_of(net.cosign_keys[0]);
  s->daemon.witness_key = key_of(net.witness_keys[0]);
  s->daemon.link_key = key_of(net.link_keys[0]);
  s->act.size = info(1, 0).size;
  s->act.root = (ProtobufCBinaryData){OM_HASH_BYTES, s->root.bytes};
  s->act.seals = s->seals;
  s->act.n_seals = 3;
  s->act.reason = (char *)(uintptr_t) "its machine burnt down";
  s->act.daemon = &s->daemon;
}

static void end_seals(struct succession *s) {
  for (size_t i = 0; i < 3; i++) oremark__seal__free_unpacked(s->seals[i], NULL);
}

static struct record sign(const struct succession *s) {
  const uint32_t signer = GOVERNOR;
  Oremark__Event event = OREMARK__EVENT__INIT, *events[] = {&event};
  struct record out;
  event.kind_case = OREMARK__EVENT__KIND_RETIRE_LOG;
  event.retire_log = (Oremark__RetireLog *)(uintptr_t)&s->act;
  out.bytes = network_statement(&net, &out.len, signer, t0 + 20, events, 1, &signer, 1);
  return out;
}

static enum om_code accept(struct om_ledger *ledger, const struct record *act) {
  struct om_accepted accepted;
  om_status_clear(&st);
  return om_ledger_accept(ledger, &accepted, act->bytes, act->len, &st);
}

/* A new process with the new keys, an empty store and the genesis. */
static void begin_successor(void) {
  ledgers[0] = network_ledger(&net, 0, successor);
  assert_int_equal(om_ledger_own_log(ledgers[0]), OM_LOG_NONE);
}

/* ---- tests ---- */

/* That the log goes on under another's keys since entry SIZE is kept for ever, and nothing before it is said. */
static void assert_said(size_t daemon, uint64_t size) {
  struct om_txn *txn;
  struct om_succession said;
  assert_ok(om_txn_read(&txn, om_ledger_store(ledgers[daemon]), &st), &st);
  assert_true(om_registry_succession(txn, &said, 0));
  assert_int_equal(said.since, size);
  assert_string_equal(said.before, "daemon0.example/log");
  assert_string_equal(said.origin, "registry-2.example/log");
  assert_false(om_registry_succession(txn, &said, size + 1));
  om_txn_abort(txn);
}

static void a_new_daemon_goes_on_with_the_registry_log(void **state) {
  (void)state;
  struct succession s;
  uint64_t size = info(1, 0).size;
  make(&s);
  struct record act = sign(&s);
  for (size_t i = 1; i < DAEMONS; i++) {
    assert_ok(accept(ledgers[i], &act), &st);
    assert_int_equal(info(i, 0).size, size + 1);
    assert_string_equal(info(i, 0).origin, "registry-2.example/log");
    assert_memory_equal(info(i, 0).root.bytes, info(1, 0).root.bytes, OM_HASH_BYTES);
  }
  begin_successor();
  assert_refused(accept(ledgers[0], &act), OM_MISSING, "missing", &st); /* it has mirrored nothing yet */
  assert_refused(network_mirror(&net, ledgers[0], ledgers[2], 0, &st), OM_WAIT, "by-hand", &st);
  assert_int_equal(info(0, 0).size, size);
  assert_ok(accept(ledgers[0], &act), &st);
  assert_int_equal(om_ledger_own_log(ledgers[0]), OM_LOG_REGISTRY);
  assert_ok(network_settle(&net, ledgers, t0 + 30, &st), &st);
  assert_ok(submit(0, record_site(&net, SMELTER, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0 + 31), t0 + 31), &st);
  assert_ok(network_settle(&net, ledgers, t0 + 32, &st), &st);
  assert_ok(submit(2, record_extract(&net, SMELTER, 1, 1, 1000, t0 + 33), t0 + 33), &st);
  assert_ok(network_settle(&net, ledgers, t0 + 34, &st), &st);
  for (size_t i = 0; i < DAEMONS; i++)
    for (uint32_t log = 0; log < DAEMONS; log++) {
      assert_int_equal(info(i, log).final_size, info(0, log).size);
      assert_false(info(i, log).stopped || info(i, log).frozen);
      assert_int_equal(info(i, log).evidence, 0);
    }
  assert_true(info(4, 0).size >= size + 2);
  for (size_t i = 0; i < DAEMONS; i++) assert_said(i, size);
  free(act.bytes);
  end_seals(&s);
}

static void the_former_daemon_has_no_part_in_it(void **state) {
  (void)state;
  struct succession s;
  struct om_txn *txn;
  struct om_bytes note;
  struct om_checkpoint head;
  uint64_t time_s, size = info(1, 0).size;
  make(&s);
  struct record act = sign(&s);
  assert_refused(accept(former, &act), OM_REFUSED, "succession", &st);
  /* Its last head still stands, the next would not. */
  assert_ok(accept(ledgers[1], &act), &st);
  assert_ok(om_txn_read(&txn, om_ledger_store(ledgers[1]), &st), &st);
  assert_ok(om_log_final(txn, &note, 0, &st), &st);
  assert_ok(om_quorum_check(txn, &head, &time_s, 0, note.data, note.len, &st), &st);
  assert_int_equal(head.size, size);
  om_txn_abort(txn);
  struct om_receipt receipt;
  struct record site = record_site(&net, SMELTER, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0 + 31);
  struct om_secret *new_keys[2] = {net.log_keys[0], net.cosign_keys[0]};
  net.log_keys[0] = former_keys[0], net.cosign_keys[0] = former_keys[1];
  assert_ok(network_submit(&net, 0, former, &receipt, site.bytes, site.len, t0 + 31, &st), &st);
  net.log_keys[0] = new_keys[0], net.cosign_keys[0] = new_keys[1];
  assert_ok(om_txn_read(&txn, om_ledger_store(former), &st), &st);
  struct om_txn *theirs;
  assert_ok(om_log_head(txn, &note, 0, &st), &st);
  assert_ok(om_txn_read(&theirs, om_ledger_store(ledgers[1]), &st), &st);
  assert_refused(om_quorum_check(theirs, &head, &time_s, 0, note.data, note.len, &st), OM_REFUSED, "head", &st);
  om_txn_abort(theirs);
  om_txn_abort(txn);
  free(site.bytes);
  free(act.bytes);
  end_seals(&s);
}

/* Two histories that ORIGIN's KEY has signed heads of, as evidence against LOG. */
static void make_fork(struct om_arena *arena, uint8_t **out, size_t *len, uint32_t log, const char *origin,
                      const struct om_secret *key) {
  struct om_edge trees[2] = {{0}};
  char notes[2][OM_NOTE_BYTES_MAX];
  struct om_signed_head heads[2];
  struct om_daemon named = {.log = log};
  snprintf(named.origin, sizeof named.origin, "%s", origin);
  memcpy(named.log_key, om_secret_public(key), OM_PUBLIC_BYTES);
  for (uint8_t i = 0; i < 2; i++) {
    struct om_hash leaf;
    struct om_checkpoint head = {.size = 1};
    char text[OM_CHECKPOINT_BYTES], line[OM_NOTE_LINE_BYTES];
    om_leaf_hash(&leaf, &i, 1);
    assert_ok(om_edge_append(&trees[i], &leaf, NULL, NULL, &st), &st);
    om_edge_root(&trees[i], &head.root);
    strcpy(head.origin, origin);
    size_t text_len = om_checkpoint_format(text, &head);
    assert_ok(om_note_begin(notes[i], &heads[i].len, text, text_len, &st), &st);
    size_t n = om_note_sign(line, origin, key, text, text_len);
    assert_ok(om_note_add_line(notes[i], &heads[i].len, line, n, &st), &st);
    heads[i].note = (const uint8_t *)notes[i];
  }
  struct om_tiles tiles = {.edge = &trees[0]};
  assert_ok(om_evidence_fork(arena, out, len, &(struct om_accused){&net.id, &named, &named, 0, "two heads"}, &tiles,
                             &heads[0], &heads[1], &st),
            &st);
}

/* DAEMON is shown such a fork. */
static enum om_code show_fork(size_t daemon, uint32_t log, const char *origin, const struct om_secret *key) {
  struct om_arena arena = {0};
  struct om_batch *batch;
  struct om_status committed;
  uint8_t *bytes;
  uint32_t number;
  size_t len;
  bool news;
  make_fork(&arena, &bytes, &len, log, origin, key);
  om_status_clear(&st);
  assert_ok(om_batch_begin(&batch, ledgers[daemon], &st), &st);
  enum om_code code = om_batch_evidence(batch, &number, &news, log, bytes, len, &st);
  assert_int_equal(om_batch_commit(batch, NULL, &committed), OM_OK);
  assert_int_equal(news, info(daemon, log).evidence > 0);
  om_arena_free(&arena);
  return code;
}

/* Who shows it may be behind or ahead of the succession, and is honest; but it is nothing against who has the log. */
static void evidence_about_the_other_daemon_blames_nobody(void **state) {
  (void)state;
  struct succession s;
  make(&s);
  struct record act = sign(&s);
  assert_ok(show_fork(1, 0, "registry-2.example/log", net.log_keys[0]), &st); /* not accepted here yet */
  assert_int_equal(info(1, 0).evidence, 0);
  assert_ok(accept(ledgers[1], &act), &st);
  assert_ok(show_fork(1, 0, "daemon0.example/log", former_keys[0]), &st);
  assert_int_equal(info(1, 0).evidence, 0);
  assert_ok(show_fork(1, 0, "registry-2.example/log", net.log_keys[0]), &st);
  assert_int_equal(info(1, 0).evidence, 1);
  assert_int_equal(show_fork(1, 2, "daemon2.example/log", former_keys[0]), OM_NO); /* no other log has a successor */
  assert_int_equal(info(1, 2).evidence, 0);
  free(act.bytes);
  end_seals(&s);
}

/* Entries that the former daemon has written since, and that LAST alone holds. */
static void leave_a_tail(struct om_ledger *last) {
  struct om_secret *new_keys[2] = {net.log_keys[0], net.cosign_keys[0]};
  struct om_receipt receipt;
  net.log_keys[0] = former_keys[0], net.cosign_keys[0] = former_keys[1];
  for (uint32_t i = 0; i < 3; i++) {
    struct record site = record_site(&net, SMELTER + i, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0 + 15);
    assert_ok(network_submit(&net, 0, former, &receipt, site.bytes, site.len, t0 + 15, &st), &st);
    free(site.bytes);
  }
  assert_ok(network_mirror(&net, last, former, 0, &st), &st);
  net.log_keys[0] = new_keys[0], net.cosign_keys[0] = new_keys[1];
}

/* Daemon 4 has not accepted: what leans on the successor waits there, and accuses nobody, also where more of the
 * registry log is held there, under the former daemon, than the successor has signed. */
static void not_accepted(bool with_tail) {
  struct succession s;
  struct om_ledger *last = ledgers[4];
  struct om_txn *txn;
  struct om_bytes note;
  struct om_checkpoint head;
  uint64_t size = info(1, 0).size, mine = info(4, 1).size;
  make(&s);
  if (with_tail) leave_a_tail(last);
  struct record act = sign(&s);
  for (size_t i = 1; i < DAEMONS - 1; i++) assert_ok(accept(ledgers[i], &act), &st);
  begin_successor();
  assert_int_equal(network_mirror(&net, ledgers[0], ledgers[1], 0, &st), OM_WAIT);
  assert_ok(accept(ledgers[0], &act), &st);
  ledgers[4] = NULL;
  /* Log 0 is final without daemon 4; the others need it, as a witness of theirs has another key now. */
  for (int i = 0; i < 2; i++) assert_int_equal(network_settle(&net, ledgers, t0 + 30, &st), OM_REFUSED);
  assert_int_equal(info(1, 0).final_size, size + 1);
  ledgers[4] = last;
  assert_ok(om_txn_read(&txn, om_ledger_store(ledgers[1]), &st), &st);
  assert_ok(om_log_final(txn, &note, 0, &st), &st);
  struct om_txn *theirs;
  assert_ok(om_txn_read(&theirs, om_ledger_store(last), &st), &st);
  assert_refused(om_quorum_claim(theirs, &head, 0, size, note.data, note.len, &st), OM_WAIT, "succession", &st);
  om_txn_abort(theirs);
  om_txn_abort(txn);
  if (!with_tail) assert_refused(network_mirror(&net, last, ledgers[0], 0, &st), OM_WAIT, "by-hand", &st);
  assert_refused(network_mirror(&net, last, ledgers[1], 1, &st), OM_WAIT, "succession",
                 &st); /* its mark of the new head */
  assert_int_equal(info(4, 1).size, mine);
  assert_false(info(4, 0).stopped || info(4, 1).stopped);
  assert_ok(accept(last, &act), &st);
  assert_ok(network_settle(&net, ledgers, t0 + 40, &st), &st);
  assert_int_equal(info(4, 1).final_size, info(1, 1).size);
  free(act.bytes);
  end_seals(&s);
}

static void who_has_not_accepted_waits(void **state) {
  (void)state;
  not_accepted(false);
}

static void who_holds_what_was_left_behind_waits(void **state) {
  (void)state;
  not_accepted(true);
}

static void a_bad_succession_is_refused(void **state) {
  (void)state;
  struct succession s;
  struct record act;
  struct om_receipt receipt;
  make(&s);
  s.act.n_seals = 2;
  act = sign(&s);
  assert_refused(accept(ledgers[1], &act), OM_REFUSED, "seals", &st);
  free(act.bytes);
  s.act.n_seals = 3;
  s.daemon.log_key = key_of(former_keys[0]); /* the keys that burnt with the machine, or did not */
  act = sign(&s);
  assert_refused(accept(ledgers[1], &act), OM_REFUSED, "key", &st);
  free(act.bytes);
  s.daemon.log_key = key_of(net.log_keys[0]);
  s.daemon.origin = (char *)(uintptr_t) "daemon0.example/log";
  act = sign(&s);
  assert_refused(accept(ledgers[1], &act), OM_REFUSED, "origin", &st);
  free(act.bytes);
  s.daemon.origin = (char *)(uintptr_t) "registry-2.example/log";
  s.act.size--; /* below a head that is sealed, and of another root */
  act = sign(&s);
  assert_refused(accept(ledgers[1], &act), OM_REFUSED, "fork", &st);
  free(act.bytes);
  s.act.size++;
  act = sign(&s);
  assert_refused(network_submit(&net, 1, ledgers[1], &receipt, act.bytes, act.len, t0 + 20, &st), OM_REFUSED, "by-hand",
                 &st);
  assert_ok(accept(ledgers[1], &act), &st);
  free(act.bytes);
  end_seals(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_new_daemon_goes_on_with_the_registry_log, begin, end),
      cmocka_unit_test_setup_teardown(the_former_daemon_has_no_part_in_it, begin, end),
      cmocka_unit_test_setup_teardown(evidence_about_the_other_daemon_blames_nobody, begin, end),
      cmocka_unit_test_setup_teardown(who_has_not_accepted_waits, begin, end),
      cmocka_unit_test_setup_teardown(who_holds_what_was_left_behind_waits, begin, end),
      cmocka_unit_test_setup_teardown(a_bad_succession_is_refused, begin, end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
