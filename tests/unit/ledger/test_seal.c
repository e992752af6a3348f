/* Sealing a log at the governors' call, and ending it: who must have promised, and at which head it ends. Eight daemons
 * that all witness: log 7 has seven witnesses, a quorum of five, and needs five seals. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/seal.h"
#include "support/network.h"
#include "support/records.h"

enum { N = 8, LAST = N - 1, SUCCESSOR = 6, NEEDED = 5 };
static const int64_t t0 = 1790000000000;

struct fixture {
  struct network net;
  char *folders[N];
  struct om_ledger *ledgers[N];
  struct om_secret *spare;
  struct om_arena arena; /* of seals */
};

static void settle(struct fixture *f, int64_t at) {
  struct om_status st;
  if (network_settle(&f->net, f->ledgers, at, &st) != OM_OK) fail_msg("%s", st.text);
}

static int open_all(void **state) {
  struct fixture *f = calloc(1, sizeof *f);
  struct om_status st;
  uint8_t seed[OM_SEED_BYTES] = {9};
  assert_non_null(f);
  network_open(&f->net, N, true);
  assert_int_equal(om_secret_new(&f->spare, seed, &st), OM_OK);
  for (size_t i = 0; i < N; i++) {
    f->folders[i] = temp_folder();
    f->ledgers[i] = network_ledger(&f->net, i, f->folders[i]);
  }
  settle(f, t0);
  *state = f;
  return 0;
}

static int close_all(void **state) {
  struct fixture *f = *state;
  for (size_t i = 0; i < N; i++) {
    om_ledger_close(f->ledgers[i]);
    remove_folder(f->folders[i]);
  }
  network_close(&f->net);
  om_secret_free(f->spare);
  om_arena_free(&f->arena);
  free(f);
  return 0;
}

static struct om_log_info info_of(struct om_ledger *ledger, uint32_t log) {
  struct om_txn *txn;
  struct om_status st;
  struct om_log_info info;
  assert_int_equal(om_txn_read(&txn, om_ledger_store(ledger), &st), OM_OK);
  assert_int_equal(om_log_info(txn, &info, log, &st), OM_OK);
  om_txn_abort(txn);
  return info;
}

/* ---- acts ---- */

static ProtobufCBinaryData data_of(const void *bytes, size_t len) {
  return (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)bytes};
}

/* EVENT signed by MEMBERS. */
static struct record governed(struct fixture *f, Oremark__Event *event, const uint32_t *members, size_t n, int64_t at) {
  struct record out;
  out.bytes = network_statement(&f->net, &out.len, members[0], at, &event, 1, members, n);
  return out;
}

static const uint32_t governor[] = {1}, stranger[] = {2};

static enum om_code act(struct fixture *f, Oremark__Event *event, struct om_hash *id, int64_t at,
                        struct om_status *st) {
  struct om_receipt receipt;
  struct record record = governed(f, event, governor, 1, at);
  enum om_code code = network_submit(&f->net, 0, f->ledgers[0], &receipt, record.bytes, record.len, at, st);
  if (id) *id = record_event(&f->net, &record);
  free(record.bytes);
  return code;
}

static struct record call_by(struct fixture *f, uint32_t log, const uint32_t *members, size_t n, int64_t at) {
  Oremark__SealLog seal = OREMARK__SEAL_LOG__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  seal.log = log;
  seal.reason = "its operator is gone";
  event.kind_case = OREMARK__EVENT__KIND_SEAL_LOG;
  event.seal_log = &seal;
  return governed(f, &event, members, n, at);
}

static struct record call(struct fixture *f, uint32_t log, int64_t at) {
  return call_by(f, log, governor, 1, at);
}

static struct om_hash call_id(const struct fixture *f, const struct record *call) {
  struct om_hash id;
  Oremark__SignedStatement *s = oremark__signed_statement__unpack(NULL, call->len, call->bytes);
  assert_non_null(s);
  om_statement_id(&id, &f->net.id, s->statement.data, s->statement.len);
  oremark__signed_statement__free_unpacked(s, NULL);
  return id;
}

/* WITNESS is given CALL; *OUT is in the fixture's arena. */
static enum om_code make_seal(struct fixture *f, size_t witness, const struct record *call, Oremark__Seal **out,
                              bool *again, int64_t at, struct om_status *st) {
  struct om_signers_keys keys = network_signers(&f->net, witness);
  struct om_arena arena = {0};
  struct om_checked *checked;
  struct om_batch *batch;
  struct om_bytes seal;
  assert_int_equal(om_batch_begin(&batch, f->ledgers[witness], st), OM_OK);
  assert_int_equal(
      om_check_statement(&checked, &arena, &f->net.id, om_batch_txn(batch), call->bytes, call->len, st), OM_OK);
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

static Oremark__Seal *sealed(struct fixture *f, size_t witness, const struct record *call, int64_t at) {
  struct om_status st;
  Oremark__Seal *out = NULL;
  bool again;
  if (make_seal(f, witness, call, &out, &again, at, &st) != OM_OK) fail_msg("%s", st.text);
  assert_false(again);
  return out;
}

/* What a liar signs in WITNESS's name. */
static void sign_again(struct fixture *f, Oremark__Seal *seal, const struct om_secret *key) {
  struct om_hash digest;
  seal->signature.data = om_arena_alloc(&f->arena, OM_SIG_BYTES);
  seal->signature.len = OM_SIG_BYTES;
  om_seal_digest(&digest, &f->net.id, seal);
  om_sign(key, seal->signature.data, digest.bytes, sizeof digest);
}

struct retire {
  uint32_t log, successor;
  uint64_t size;
  struct om_hash root;
  Oremark__Seal *seals[N];
  size_t n;
  bool judged;
};

/* At the highest head that the seals state, which is what daemon LAST holds. */
static struct retire all_sealed(struct fixture *f, const struct record *call, size_t n, int64_t at) {
  struct om_log_info info = info_of(f->ledgers[LAST], LAST);
  struct retire r = {.log = LAST, .successor = SUCCESSOR, .size = info.size, .root = info.root, .n = n};
  for (size_t i = 0; i < n; i++) r.seals[i] = sealed(f, i, call, at);
  return r;
}

static enum om_code retire(struct fixture *f, const struct retire *r, int64_t at, struct om_status *st) {
  Oremark__RetireLog ends = OREMARK__RETIRE_LOG__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  ends.log = r->log;
  ends.size = r->size;
  ends.root = data_of(r->root.bytes, sizeof r->root);
  ends.successor = r->successor;
  ends.n_seals = r->n;
  ends.seals = (Oremark__Seal **)(uintptr_t)r->seals;
  ends.reason = "its operator is gone";
  ends.judged = r->judged;
  event.kind_case = OREMARK__EVENT__KIND_RETIRE_LOG;
  event.retire_log = &ends;
  return act(f, &event, NULL, at, st);
}

#define REFUSED(f, r, word)                                              \
  do {                                                                   \
    struct om_status why;                                                \
    assert_int_equal(retire(f, r, t0 + 9, &why), OM_REFUSED);            \
    if (strcmp(why.rule, word) != 0) fail_msg("%s: %s", why.rule, why.text); \
  } while (0)

#define RETIRED(f, r)                                                    \
  do {                                                                   \
    struct om_status why;                                                \
    if (retire(f, r, t0 + 9, &why) != OM_OK) fail_msg("%s", why.text);   \
  } while (0)

static enum om_code lift(struct fixture *f, uint32_t log, const struct om_hash *call, int64_t at,
                         struct om_status *st) {
  Oremark__LiftSeal lifts = OREMARK__LIFT_SEAL__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  lifts.log = log;
  lifts.call = data_of(call->bytes, sizeof *call);
  lifts.reason = "its operator is back";
  event.kind_case = OREMARK__EVENT__KIND_LIFT_SEAL;
  event.lift_seal = &lifts;
  return act(f, &event, NULL, at, st);
}

static enum om_code set_witnesses(struct fixture *f, const uint32_t *logs, size_t n, int64_t at) {
  uint32_t list[N];
  struct om_status st;
  Oremark__WitnessList witnesses = OREMARK__WITNESS_LIST__INIT;
  Oremark__SetWitnesses set = OREMARK__SET_WITNESSES__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  memcpy(list, logs, n * sizeof *logs);
  witnesses.n_logs = n;
  witnesses.logs = list;
  set.witnesses = &witnesses;
  event.kind_case = OREMARK__EVENT__KIND_SET_WITNESSES;
  event.set_witnesses = &set;
  return act(f, &event, NULL, at, &st);
}

/* LAST writes one more entry, which daemons FROM and above mirror. */
static void grow_last(struct fixture *f, int64_t at, size_t upto) {
  struct om_status st;
  struct om_receipt receipt;
  struct record mine = record_extract(&f->net, N, 1, 1, 1000, at);
  if (network_submit(&f->net, LAST, f->ledgers[LAST], &receipt, mine.bytes, mine.len, at, &st) != OM_OK)
    fail_msg("%s", st.text);
  free(mine.bytes);
  for (size_t i = 0; i < upto; i++)
    assert_int_equal(network_mirror(&f->net, f->ledgers[i], f->ledgers[LAST], LAST, &st), OM_OK);
}

static void give_last_a_mine(struct fixture *f) {
  struct om_status st;
  struct om_receipt receipt;
  struct record site = record_site(&f->net, N, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0 + 1);
  assert_int_equal(network_submit(&f->net, 0, f->ledgers[0], &receipt, site.bytes, site.len, t0 + 1, &st), OM_OK);
  free(site.bytes);
  settle(f, t0 + 1);
}

/* WITNESS is asked to cosign LAST's own head. */
static enum om_code asks(struct fixture *f, size_t witness, struct om_status *st) {
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

/* ---- sealing ---- */

static void a_seal_is_kept_and_kept_to(void **state) {
  struct fixture *f = *state;
  struct om_status st;
  struct om_checkpoint head;
  struct om_note note;
  bool again;
  Oremark__Seal *same;
  give_last_a_mine(f);
  struct record first = call(f, LAST, t0 + 2), second = call(f, LAST, t0 + 3);
  struct om_log_info before = info_of(f->ledgers[1], LAST);
  Oremark__Seal *seal = sealed(f, 1, &first, t0 + 2);
  assert_int_equal(seal->witness, 1);
  assert_int_equal(seal->log, LAST);
  struct om_hash id = call_id(f, &first);
  assert_memory_equal(seal->call.data, id.bytes, sizeof id);
  assert_int_equal(om_note_parse(&note, (char *)seal->head.data, seal->head.len, &st), OM_OK);
  assert_int_equal(note.n, 1); /* the log's own signature */
  assert_int_equal(om_checkpoint_parse(&head, NULL, note.text, note.text_len, &st), OM_OK);
  assert_int_equal(head.size, before.final_size);
  assert_int_equal(seal->registry_index, before.registry_size);
  assert_int_equal(seal->settled_index, seal->registry_index);
  grow_last(f, t0 + 4, LAST);
  assert_int_equal(asks(f, 1, &st), OM_REFUSED);
  assert_string_equal(st.rule, "sealed");
  assert_int_equal(asks(f, 2, &st), OM_OK);
  assert_int_equal(make_seal(f, 1, &first, &same, &again, t0 + INT64_C(1000) * 86400000, &st), OM_OK); /* also late */
  assert_true(again);
  assert_memory_equal(same->signature.data, seal->signature.data, OM_SIG_BYTES);
  assert_int_equal(make_seal(f, 1, &second, &same, &again, t0 + 4, &st), OM_REFUSED);
  assert_string_equal(st.rule, "sealed");
  free(first.bytes);
  free(second.bytes);
}

/* What a witness has cosigned counts, not what is final. */
static void a_seal_states_the_highest_head(void **state) {
  struct fixture *f = *state;
  struct om_status st;
  struct om_checkpoint head;
  struct om_note note;
  give_last_a_mine(f);
  grow_last(f, t0 + 2, LAST);
  assert_int_equal(asks(f, 2, &st), OM_OK);
  struct record c = call(f, LAST, t0 + 3);
  Oremark__Seal *seal = sealed(f, 2, &c, t0 + 3);
  assert_int_equal(om_note_parse(&note, (char *)seal->head.data, seal->head.len, &st), OM_OK);
  assert_int_equal(om_checkpoint_parse(&head, NULL, note.text, note.text_len, &st), OM_OK);
  assert_int_equal(head.size, info_of(f->ledgers[LAST], LAST).size);
  assert_true(head.size > info_of(f->ledgers[2], LAST).final_size);
  free(c.bytes);
}

static void calls_that_are_refused(void **state) {
  struct fixture *f = *state;
  struct om_status st;
  Oremark__Seal *seal;
  bool again;
  struct record c = call_by(f, LAST, stranger, 1, t0 + 1);
  assert_int_equal(make_seal(f, 1, &c, &seal, &again, t0 + 1, &st), OM_REFUSED);
  assert_string_equal(st.rule, "signature-not-needed");
  free(c.bytes);
  c = call(f, LAST, t0 + 1);
  assert_int_equal(make_seal(f, LAST, &c, &seal, &again, t0 + 1, &st), OM_REFUSED); /* its own */
  assert_string_equal(st.rule, "witness");
  assert_int_equal(make_seal(f, 1, &c, &seal, &again, t0 + INT64_C(400) * 86400000, &st), OM_REFUSED);
  assert_string_equal(st.rule, "late");
  struct om_receipt receipt;
  assert_int_equal(network_submit(&f->net, 0, f->ledgers[0], &receipt, c.bytes, c.len, t0 + 1, &st), OM_REFUSED);
  assert_string_equal(st.rule, "call");
  free(c.bytes);
  c = call(f, N, t0 + 1);
  assert_int_equal(make_seal(f, 1, &c, &seal, &again, t0 + 1, &st), OM_REFUSED);
  free(c.bytes);
  c = record_site(&f->net, 2, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0 + 1);
  assert_int_equal(make_seal(f, 1, &c, &seal, &again, t0 + 1, &st), OM_REFUSED);
  assert_string_equal(st.rule, "call");
  free(c.bytes);
}

static void who_is_no_witness_seals_nothing(void **state) {
  struct fixture *f = *state;
  struct om_status st;
  Oremark__Seal *seal;
  bool again;
  const uint32_t first_four[] = {0, 1, 2, 3};
  assert_int_equal(set_witnesses(f, first_four, 4, t0 + 1), OM_OK);
  settle(f, t0 + 2);
  struct record c = call(f, LAST, t0 + 3);
  assert_int_equal(make_seal(f, 5, &c, &seal, &again, t0 + 3, &st), OM_REFUSED);
  assert_string_equal(st.rule, "witness");
  struct om_secret *old = f->net.cosign_keys[1];
  f->net.cosign_keys[1] = f->spare;
  assert_int_equal(make_seal(f, 1, &c, &seal, &again, t0 + 3, &st), OM_REFUSED);
  assert_string_equal(st.rule, "witness");
  f->net.cosign_keys[1] = old;
  sealed(f, 1, &c, t0 + 3);
  free(c.bytes);
}

static void a_lifted_call_binds_no_more(void **state) {
  struct fixture *f = *state;
  struct om_status st;
  give_last_a_mine(f);
  struct record first = call(f, LAST, t0 + 2), second = call(f, LAST, t0 + 3);
  struct om_hash id = call_id(f, &first);
  struct retire r = all_sealed(f, &first, NEEDED, t0 + 2);
  assert_int_equal(lift(f, LAST, &id, t0 + 4, &st), OM_OK);
  assert_int_equal(lift(f, LAST, &id, t0 + 4, &st), OM_REFUSED);
  assert_string_equal(st.rule, "again");
  REFUSED(f, &r, "lifted");
  grow_last(f, t0 + 4, LAST);
  assert_int_equal(asks(f, 1, &st), OM_REFUSED); /* it has not heard of it */
  assert_int_equal(network_mirror(&f->net, f->ledgers[1], f->ledgers[0], 0, &st), OM_OK);
  assert_int_equal(asks(f, 1, &st), OM_OK);
  sealed(f, 1, &second, t0 + 5);
  assert_int_equal(asks(f, 1, &st), OM_REFUSED);
  free(first.bytes);
  free(second.bytes);
}

/* ---- ending ---- */

static void one_seal_too_few(void **state) {
  struct fixture *f = *state;
  struct record c = call(f, LAST, t0 + 2);
  struct retire r = all_sealed(f, &c, NEEDED, t0 + 2);
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
  struct fixture *f = *state;
  struct record c = call(f, LAST, t0 + 2), other = call(f, 5, t0 + 2);
  struct retire r = all_sealed(f, &c, NEEDED, t0 + 2);
  Oremark__Seal *first = r.seals[0];
  r.seals[0] = sealed(f, 0, &other, t0 + 2);
  REFUSED(f, &r, "seal");
  Oremark__Seal forged = *first;
  sign_again(f, &forged, f->spare);
  r.seals[0] = &forged;
  REFUSED(f, &r, "seal");
  forged = *first;
  forged.registry_index = info_of(f->ledgers[0], 0).size + 1; /* a list to come */
  sign_again(f, &forged, f->net.cosign_keys[0]);
  REFUSED(f, &r, "seal");
  forged = *first;
  forged.witness = LAST; /* its own operator */
  sign_again(f, &forged, f->net.cosign_keys[LAST]);
  memmove(r.seals, r.seals + 1, (NEEDED - 1) * sizeof *r.seals);
  r.seals[NEEDED - 1] = &forged;
  REFUSED(f, &r, "seal");
  struct retire none = {.log = LAST, .successor = SUCCESSOR, .judged = true, .size = r.size, .root = r.root};
  REFUSED(f, &none, "seals");
  free(c.bytes);
  free(other.bytes);
}

static void it_ends_at_the_highest_head(void **state) {
  struct fixture *f = *state;
  struct om_status st;
  give_last_a_mine(f);
  struct om_log_info low = info_of(f->ledgers[LAST], LAST);
  grow_last(f, t0 + 2, LAST);
  assert_int_equal(asks(f, 3, &st), OM_OK);
  struct record c = call(f, LAST, t0 + 3);
  struct retire r = all_sealed(f, &c, NEEDED, t0 + 3);
  struct om_log_info high = info_of(f->ledgers[LAST], LAST);
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
  struct fixture *f = *state;
  struct om_status st;
  char note[OM_NOTE_BYTES_MAX], text[OM_CHECKPOINT_BYTES], line[OM_NOTE_LINE_BYTES];
  size_t len;
  struct om_checkpoint head = {.origin = "daemon7.example/log", .root.bytes = {1}};
  struct record c = call(f, LAST, t0 + 3);
  struct retire r = all_sealed(f, &c, NEEDED, t0 + 3);
  head.size = r.size;
  size_t text_len = om_checkpoint_format(text, &head);
  assert_int_equal(om_note_begin(note, &len, text, text_len, &st), OM_OK);
  assert_int_equal(om_note_add_line(note, &len, line,
                                    om_note_sign(line, head.origin, f->net.log_keys[LAST], text, text_len), &st),
                   OM_OK);
  r.seals[0]->head = data_of(note, len);
  sign_again(f, r.seals[0], f->net.cosign_keys[0]);
  REFUSED(f, &r, "head");
  r.judged = true;
  RETIRED(f, &r);
  free(c.bytes);
}

static void successors_that_are_refused(void **state) {
  struct fixture *f = *state;
  struct record c = call(f, LAST, t0 + 2);
  struct retire r = all_sealed(f, &c, NEEDED, t0 + 2);
  const uint32_t bad[] = {0, LAST, N};
  for (size_t i = 0; i < 2 + 1; i++) {
    r.successor = bad[i];
    struct om_status st;
    assert_int_equal(retire(f, &r, t0 + 9, &st), OM_REFUSED);
    assert_true(strcmp(st.rule, i == 0 ? "form" : "successor") == 0);
  }
  r.successor = SUCCESSOR;
  r.log = N;
  REFUSED(f, &r, "log");
  free(c.bytes);
}

/* Two daemons of one operator both witness: both must have sealed, and both are one. */
static void an_operator_counts_once_and_whole(void **state) {
  struct fixture *f = *state;
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
  daemon.log_key = data_of(om_secret_public(keys[0]), 32);
  daemon.cosign_key = data_of(om_secret_public(keys[1]), 32);
  daemon.witness_key = data_of(om_secret_public(keys[2]), 32);
  daemon.link_key = data_of(om_secret_public(keys[3]), 32);
  event.kind_case = OREMARK__EVENT__KIND_ADD_DAEMON;
  event.add_daemon = &add;
  assert_int_equal(act(f, &event, NULL, t0 + 1, &st), OM_OK);
  const uint32_t logs[] = {0, 1, 2, 3, N}; /* four operators, a quorum of three, three seals */
  assert_int_equal(set_witnesses(f, logs, 5, t0 + 1), OM_OK);
  settle(f, t0 + 2);
  struct record c = call(f, LAST, t0 + 3);
  struct retire r = all_sealed(f, &c, 3, t0 + 3);
  REFUSED(f, &r, "seals"); /* the operator of daemon 1 could cosign with its second */
  Oremark__Seal second = *r.seals[1];
  second.witness = N;
  sign_again(f, &second, keys[1]);
  r.seals[r.n++] = &second;
  r.seals[0] = r.seals[1], r.seals[1] = r.seals[2], r.seals[2] = r.seals[3], r.n = 3;
  REFUSED(f, &r, "seals"); /* three seals of two operators */
  r.seals[2] = sealed(f, 3, &c, t0 + 3);
  r.seals[3] = &second;
  r.n = 4;
  RETIRED(f, &r);
  for (size_t i = 0; i < 4; i++) om_secret_free(keys[i]);
  free(c.bytes);
}

/* The witnesses were changed, and the log has marked that but recorded no head of both lists: both are counted. */
static void both_lists_of_a_change_are_counted(void **state) {
  struct fixture *f = *state;
  struct om_status st;
  const uint32_t first_four[] = {0, 1, 2, 3};
  assert_int_equal(set_witnesses(f, first_four, 4, t0 + 1), OM_OK);
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
  assert_int_equal(asks(f, 1, &st), OM_OK);
  struct record c = call(f, LAST, t0 + 3);
  struct retire r = all_sealed(f, &c, 4, t0 + 3);
  assert_true(r.seals[1]->settled_index < r.seals[1]->registry_index);
  r.n = 3; /* of four, three are enough; of seven, five are */
  REFUSED(f, &r, "seals");
  r.n = 4;
  REFUSED(f, &r, "seals");
  r.seals[r.n++] = sealed(f, 5, &c, t0 + 3);
  RETIRED(f, &r);
  free(c.bytes);
}

/* Who knows no head knows no list: its seal counts only where there was never another. */
static void a_seal_without_a_head(void **state) {
  struct fixture *f = *state;
  struct record c = call(f, LAST, t0 + 3);
  struct retire r = all_sealed(f, &c, NEEDED, t0 + 3);
  Oremark__Seal bare = *r.seals[0];
  bare.head.len = 0;
  sign_again(f, &bare, f->net.cosign_keys[0]);
  r.seals[0] = &bare;
  const uint32_t all[] = {0, 1, 2, 3, 4, 5, 6, 7};
  assert_int_equal(set_witnesses(f, all, N, t0 + 4), OM_OK);
  REFUSED(f, &r, "seal");
  r.judged = true;
  RETIRED(f, &r);
  free(c.bytes);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, open_all, close_all)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_seal_is_kept_and_kept_to),
      TEST(a_seal_states_the_highest_head),
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
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
