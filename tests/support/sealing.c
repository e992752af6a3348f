#include "support/sealing.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/evidence.h"
#include "ledger/seal.h"
#include "support/records.h"
#include "support/test.h"

void sealing_settle(struct sealing *f, int64_t at) {
  struct om_status st;
  enum om_code code = network_settle(&f->net, f->ledgers, at, &st);
  if (code != OM_OK) fail_msg("%s: %s", om_code_name(code), st.text);
}

int sealing_open_new(void **state) {
  struct sealing *f = calloc(1, sizeof *f);
  struct om_status st;
  uint8_t seed[OM_SEED_BYTES] = {9};
  assert_non_null(f);
  network_open(&f->net, N, true);
  assert_int_equal(om_secret_new(&f->spare, seed, &st), OM_OK);
  network_ledgers(&f->net, f->folders, f->ledgers);
  *state = f;
  return 0;
}

int sealing_open(void **state) {
  sealing_open_new(state);
  sealing_settle(*state, t0);
  return 0;
}

int sealing_close(void **state) {
  struct sealing *f = *state;
  network_close_ledgers(&f->net, f->folders, f->ledgers);
  om_secret_free(f->spare);
  om_arena_free(&f->arena);
  free(f);
  return 0;
}

/* ---- acts ---- */

ProtobufCBinaryData sealing_data(const void *bytes, size_t len) {
  return (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)bytes};
}

/* EVENT signed by MEMBERS. */
static struct record governed(struct sealing *f, Oremark__Event *event, const uint32_t *members, size_t n, int64_t at) {
  struct record out;
  out.bytes = network_statement(&f->net, &out.len, members[0], at, &event, 1, members, n);
  return out;
}

static const uint32_t governor[] = {1};

enum om_code sealing_act(struct sealing *f, Oremark__Event *event, struct om_hash *id, int64_t at,
                         struct om_status *st) {
  struct om_receipt receipt;
  struct record record = governed(f, event, governor, 1, at);
  enum om_code code = network_submit(&f->net, 0, f->ledgers[0], &receipt, record.bytes, record.len, at, st);
  if (id) *id = record_event(&f->net, &record);
  free(record.bytes);
  return code;
}

struct record sealing_call_by(struct sealing *f, uint32_t log, const uint32_t *members, size_t n, int64_t at) {
  Oremark__SealLog seal = OREMARK__SEAL_LOG__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  seal.log = log;
  seal.reason = "its operator is gone";
  event.kind_case = OREMARK__EVENT__KIND_SEAL_LOG;
  event.seal_log = &seal;
  return governed(f, &event, members, n, at);
}

struct record sealing_call(struct sealing *f, uint32_t log, int64_t at) {
  return sealing_call_by(f, log, governor, 1, at);
}

struct om_hash sealing_call_id(const struct sealing *f, const struct record *call) {
  struct om_hash id;
  Oremark__SignedStatement *s = oremark__signed_statement__unpack(NULL, call->len, call->bytes);
  assert_non_null(s);
  om_statement_id(&id, &f->net.id, s->statement.data, s->statement.len);
  oremark__signed_statement__free_unpacked(s, NULL);
  return id;
}

/* WITNESS is given CALL; *OUT is in the fixture's arena. */
enum om_code sealing_make(struct sealing *f, size_t witness, const struct record *call, Oremark__Seal **out,
                          bool *again, int64_t at, struct om_status *st) {
  struct om_signers_keys keys = network_signers(&f->net, witness);
  struct om_arena arena = {0};
  struct om_checked *checked;
  struct om_batch *batch;
  struct om_bytes seal;
  assert_int_equal(om_batch_begin(&batch, f->ledgers[witness], st), OM_OK);
  assert_int_equal(om_check_statement(&checked, &arena, &f->net.id, om_batch_txn(batch), call->bytes, call->len, st),
                   OM_OK);
  enum om_code code = om_batch_seal(batch, &f->arena, &seal, again, checked, at, &keys, st);
  struct om_status committed;
  assert_int_equal(om_batch_commit(batch, NULL, &committed), OM_OK);
  om_arena_free(&arena);
  if (code == OM_OK) {
    struct om_status ignored;
    assert_true(om_canonical(&oremark__seal__descriptor, seal.data, seal.len, &ignored));
    *out = oremark__seal__unpack(om_arena_protobuf(&f->arena), seal.len, seal.data);
    assert_non_null(*out);
  }
  return code;
}

Oremark__Seal *sealing_seal(struct sealing *f, size_t witness, const struct record *call, int64_t at) {
  struct om_status st;
  Oremark__Seal *out = NULL;
  bool again;
  if (sealing_make(f, witness, call, &out, &again, at, &st) != OM_OK) fail_msg("%s", st.text);
  assert_false(again);
  return out;
}

void sealing_forge(struct sealing *f, Oremark__Seal *seal, const struct om_secret *key) {
  struct om_hash digest;
  seal->signature.data = om_arena_alloc(&f->arena, OM_SIG_BYTES);
  seal->signature.len = OM_SIG_BYTES;
  om_seal_digest(&digest, &f->net.id, seal);
  om_sign(key, seal->signature.data, digest.bytes, sizeof digest);
}

struct retire sealing_all(struct sealing *f, const struct record *call, size_t n_seals, int64_t at) {
  struct om_log_info info = network_info(f->ledgers[LAST], LAST);
  struct retire r = {.log = LAST, .successor = SUCCESSOR, .size = info.size, .root = info.root, .n = n_seals};
  for (size_t i = 0; i < n_seals; i++) r.seals[i] = sealing_seal(f, i, call, at);
  return r;
}

enum om_code sealing_retire(struct sealing *f, const struct retire *r, int64_t at, struct om_status *st) {
  Oremark__RetireLog ends = OREMARK__RETIRE_LOG__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  ends.log = r->log;
  ends.size = r->size;
  ends.root = sealing_data(r->root.bytes, sizeof r->root);
  ends.successor = r->successor;
  ends.n_seals = r->n;
  ends.seals = (Oremark__Seal **)(uintptr_t)r->seals;
  ends.reason = "its operator is gone";
  ends.judged = r->judged;
  event.kind_case = OREMARK__EVENT__KIND_RETIRE_LOG;
  event.retire_log = &ends;
  return sealing_act(f, &event, NULL, at, st);
}

enum om_code sealing_lift(struct sealing *f, uint32_t log, const struct om_hash *call, int64_t at,
                          struct om_status *st) {
  Oremark__LiftSeal lifts = OREMARK__LIFT_SEAL__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  lifts.log = log;
  lifts.call = sealing_data(call->bytes, sizeof *call);
  lifts.reason = "its operator is back";
  event.kind_case = OREMARK__EVENT__KIND_LIFT_SEAL;
  event.lift_seal = &lifts;
  return sealing_act(f, &event, NULL, at, st);
}

enum om_code sealing_set_witnesses(struct sealing *f, const uint32_t *logs, size_t n, uint32_t quorum,
                                   const struct om_hash *previous, struct om_hash *id, int64_t at,
                                   struct om_status *st) {
  uint32_t list[N];
  Oremark__WitnessList witnesses = OREMARK__WITNESS_LIST__INIT;
  Oremark__SetWitnesses act = OREMARK__SET_WITNESSES__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  if (n > 0) memcpy(list, logs, n * sizeof *logs);
  witnesses.n_logs = n;
  witnesses.logs = list;
  witnesses.quorum = quorum;
  act.witnesses = &witnesses;
  event.kind_case = OREMARK__EVENT__KIND_SET_WITNESSES;
  event.set_witnesses = &act;
  if (previous) event.previous = sealing_data(previous->bytes, sizeof previous->bytes);
  return sealing_act(f, &event, id, at, st);
}

struct record sealing_grow(struct sealing *f, int64_t at, size_t upto) {
  struct om_status st;
  struct om_receipt receipt;
  struct record mine = record_extract(&f->net, N, 1, 1, 1000, at);
  if (network_submit(&f->net, LAST, f->ledgers[LAST], &receipt, mine.bytes, mine.len, at, &st) != OM_OK)
    fail_msg("%s", st.text);
  for (size_t i = 0; i < upto; i++)
    assert_int_equal(network_mirror(&f->net, f->ledgers[i], f->ledgers[LAST], LAST, &st), OM_OK);
  return mine;
}

void sealing_mine(struct sealing *f) {
  struct om_status st;
  struct om_receipt receipt;
  struct record site = record_site(&f->net, N, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0 + 1);
  assert_int_equal(network_submit(&f->net, 0, f->ledgers[0], &receipt, site.bytes, site.len, t0 + 1, &st), OM_OK);
  free(site.bytes);
  sealing_settle(f, t0 + 1);
}

enum om_code sealing_asks(struct sealing *f, size_t witness, struct om_status *st) {
  struct om_signers_keys keys = network_signers(&f->net, witness);
  char line[OM_NOTE_LINE_BYTES];
  uint8_t note[OM_NOTE_BYTES_MAX];
  struct om_bytes head;
  struct om_txn *txn;
  struct om_batch *batch;
  assert_int_equal(om_txn_read(&txn, om_ledger_store(f->ledgers[LAST]), st), OM_OK);
  assert_int_equal(om_log_head(txn, &head, LAST, st), OM_OK);
  memcpy(note, head.data, head.len);
  om_txn_abort(txn);
  assert_int_equal(om_batch_begin(&batch, f->ledgers[witness], st), OM_OK);
  enum om_code code = om_batch_cosign(batch, line, LAST, note, head.len, (uint64_t)t0 / 1000 + 100, &keys, st);
  struct om_status committed;
  assert_int_equal(om_batch_commit(batch, NULL, &committed), OM_OK);
  return code;
}
