/* What a verdict tells where more is found than it has room for: nobody's many words keep another's from being told. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/bearing.h"
#include "ledger/ledger_state.h"
#include "ledger/verify.h"
#include "support/attest.h"
#include "support/bundled.h"
#include "support/records.h"
#include "support/verify.h"

enum { N = 4, GOVERNOR = 1, OWNER = 2, RIVAL = 3, CUSTOMER = 4, HOUR_MS = 3600000, AT_ONCE = 256 };
static const int64_t t0 = INT64_C(1710000000000);

struct fixture {
  struct network net;
  char *folders[N];
  struct om_ledger *ledgers[N];
  struct record mine, lot;
  struct custody c; /* its arena alone: events are made with it */
  struct om_arena arena;
  int64_t now;
  uint8_t *said; /* the last statement */
  size_t said_len;
};

static void submit(struct fixture *f, size_t daemon, const uint8_t *bytes, size_t len) {
  struct om_receipt receipt;
  struct om_status st = {0};
  assert_ok(network_submit(&f->net, daemon, f->ledgers[daemon], &receipt, bytes, len, f->now, &st), &st);
}

static void settle_all(struct fixture *f) {
  struct om_status st = {0};
  f->now += HOUR_MS;
  assert_ok(network_settle(&f->net, f->ledgers, f->now, &st), &st);
}

static int setup(void **state) {
  struct fixture *f = *state = calloc(1, sizeof *f);
  assert_non_null(f);
  f->now = t0;
  network_open(&f->net, N, true);
  network_ledgers(&f->net, f->folders, f->ledgers);
  settle_all(f);
  f->mine = record_site(&f->net, OWNER, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, f->now);
  submit(f, 0, f->mine.bytes, f->mine.len);
  settle_all(f);
  f->lot = record_extract(&f->net, OWNER, 1, 1, 1000000, f->now);
  submit(f, OWNER - 1, f->lot.bytes, f->lot.len);
  settle_all(f);
  return 0;
}

static int teardown(void **state) {
  struct fixture *f = *state;
  network_close_ledgers(&f->net, f->folders, f->ledgers);
  free(f->mine.bytes), free(f->lot.bytes), free(f->said);
  om_arena_free(&f->c.arena);
  om_arena_free(&f->arena);
  free(f);
  return 0;
}

static void say(struct fixture *f, uint32_t member, size_t daemon, Oremark__Event **events, size_t n) {
  for (size_t i = 0; i < n; i++) events[i]->at_ms = f->now;
  free(f->said);
  f->said = network_statement(&f->net, &f->said_len, member, f->now + (int64_t)f->net.nonce, events, n, &member, 1);
  submit(f, daemon, f->said, f->said_len);
}

static void raise_flags(struct fixture *f, uint32_t member, size_t n, uint32_t severity) {
  Oremark__Event *events[AT_ONCE];
  for (size_t i = 0; i < n; i++) {
    events[i] = flag(&f->c, about_member(&f->c, OWNER));
    events[i]->flag->severity = severity;
  }
  say(f, member, member - 1, events, n);
}

static Oremark__EventRef *flag_said(struct fixture *f, uint32_t event) {
  Oremark__EventRef *ref = om_arena_alloc(&f->c.arena, sizeof *ref);
  Oremark__SignedStatement *outer = oremark__signed_statement__unpack(NULL, f->said_len, f->said);
  Oremark__Statement *inner = oremark__statement__unpack(NULL, outer->statement.len, outer->statement.data);
  struct om_hash id;
  oremark__event_ref__init(ref);
  om_statement_id(&id, &f->net.id, outer->statement.data, outer->statement.len);
  ref->member = inner->member;
  ref->signed_ms = inner->signed_ms;
  ref->event = event;
  ref->statement_id = (ProtobufCBinaryData){OM_HASH_BYTES, om_arena_copy(&f->c.arena, id.bytes, OM_HASH_BYTES)};
  oremark__statement__free_unpacked(inner, NULL);
  oremark__signed_statement__free_unpacked(outer, NULL);
  return ref;
}

static void overrule(struct fixture *f, Oremark__EventRef *ref) {
  Oremark__Event event = OREMARK__EVENT__INIT, *events[] = {&event};
  Oremark__Overrule act = OREMARK__OVERRULE__INIT;
  act.flag = ref;
  act.reason = (char[]){"unfounded"};
  event.kind_case = OREMARK__EVENT__KIND_OVERRULE;
  event.overrule = &act;
  say(f, GOVERNOR, 0, events, 1);
}

static void revoke(struct fixture *f) {
  Oremark__RevokeKey act = OREMARK__REVOKE_KEY__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT, *events[] = {&event};
  act.member = OWNER;
  act.key =
      (ProtobufCBinaryData){OM_PUBLIC_BYTES, (uint8_t *)(uintptr_t)om_secret_public(f->net.member_keys[OWNER - 1])};
  act.replacement =
      (ProtobufCBinaryData){OM_PUBLIC_BYTES, (uint8_t *)(uintptr_t)om_secret_public(f->net.witness_keys[0])};
  act.reason = (char[]){"stolen"};
  act.since_entry = network_info(f->ledgers[0], 0).size;
  event.kind_case = OREMARK__EVENT__KIND_REVOKE_KEY;
  event.revoke_key = &act;
  say(f, GOVERNOR, 0, events, 1);
}

static void verified(struct fixture *f, struct om_verdict *out) {
  struct om_txn *txn;
  struct om_status st = {0};
  uint8_t number[OM_LOT_NUMBER_BYTES];
  network_lot(&f->net, number, NULL, f->lot.bytes, f->lot.len, 0, 0);
  assert_ok(om_txn_read(&txn, om_ledger_store(f->ledgers[CUSTOMER - 1]), &st), &st);
  assert_ok(verify_lot(txn, &f->arena, out, &f->net.id, number, false, &st), &st);
  om_txn_abort(txn);
  for (size_t i = 0; i < out->n_checks; i++)
    if (out->checks[i].failed) fail_msg("%s", out->checks[i].first);
  assert_true(out->verified);
  bundled_agrees(f->ledgers[CUSTOMER - 1], &f->net, number);
}

static size_t count(const struct om_verdict *v, const char *kind, const char *text) {
  size_t n = 0;
  for (size_t i = 0; i < v->n_findings; i++)
    n += strcmp(v->findings[i].kind, kind) == 0 && strstr(v->findings[i].text, text) != NULL;
  return n;
}

static uint64_t left(const struct om_verdict *v, const char *what) {
  for (size_t i = 0; i < v->n_left; i++)
    if (strcmp(v->left[i].what, what) == 0) return v->left[i].n;
  return 0;
}

/* The mine itself raises hundreds of grave ones about itself, before anybody else can say anything. */
static void many_flags_hide_nothing(void **state) {
  struct fixture *f = *state;
  struct om_verdict v;
  raise_flags(f, OWNER, AT_ONCE, 3);
  raise_flags(f, OWNER, AT_ONCE, 3);
  raise_flags(f, CUSTOMER, 1, 2);
  raise_flags(f, RIVAL, 2, 1);
  Oremark__Event *taken_back[] = {clear(&f->c, flag_said(f, 0))};
  say(f, RIVAL, RIVAL - 1, taken_back, 1);
  revoke(f);
  settle_all(f);
  verified(f, &v);
  assert_int_equal(v.n_findings, OM_FINDINGS_MAX);
  assert_string_equal(v.findings[0].kind, "key");
  assert_int_equal(count(&v, "flag", "(member 4): flag"), 1);
  assert_int_equal(count(&v, "flag", "(member 3): flag"), 2); /* also that which was cleared has its room */
  assert_int_equal(count(&v, "flag", "(member 2): flag"), OM_FINDINGS_MAX - 4);
  assert_int_equal(left(&v, "flags"), 2 * AT_ONCE - (OM_FINDINGS_MAX - 4));
  assert_int_equal(v.more_findings, left(&v, "flags"));
  /* The worst few of each before others, the more severe first. */
  const char *fourth = strstr(v.findings[9].text, "(member 4): flag");
  assert_non_null(fourth);
  assert_non_null(strstr(v.findings[v.n_findings - 1].text, "cleared"));
}

static void nothing_is_left_out_of_a_few(void **state) {
  struct fixture *f = *state;
  struct om_verdict v;
  raise_flags(f, OWNER, 150, 1);
  settle_all(f);
  verified(f, &v);
  assert_true(v.n_findings == 150 && v.more_findings == 0 && v.n_left == 0);
}

/* Overruled is the one that is named, and not what the same member said as that event of another statement. */
static void one_of_many_is_overruled(void **state) {
  struct fixture *f = *state;
  struct om_verdict v;
  raise_flags(f, RIVAL, 3, 2);
  Oremark__EventRef *ref = flag_said(f, 1);
  raise_flags(f, RIVAL, 3, 2);
  settle_all(f);
  verified(f, &v);
  assert_true(count(&v, "flag", "; open") == 6 && count(&v, "flag", "overruled") == 0);
  overrule(f, ref);
  settle_all(f);
  verified(f, &v);
  assert_true(count(&v, "flag", "; open") == 5 && count(&v, "flag", "; overruled by the governors") == 1);
  ref->statement_id.data[3] ^= 1; /* of no statement */
  ref->event = 2;
  overrule(f, ref);
  settle_all(f);
  verified(f, &v);
  assert_true(count(&v, "flag", "; open") == 5);
}

/* Hundreds of assays of a lot are told as far as there is room; the others are counted, here and by a bundle. */
static void many_assays(void **state) {
  struct fixture *f = *state;
  struct om_verdict v;
  struct lot_name lot;
  network_lot(&f->net, lot.number, NULL, f->lot.bytes, f->lot.len, 0, 0);
  for (int i = 0; i < 2; i++) {
    Oremark__Event *events[AT_ONCE];
    for (size_t k = 0; k < AT_ONCE; k++)
      events[k] = assay(&f->c, about_lot(&f->c, lot), OREMARK__ASSAY_ROLE__ASSAY_ROLE_UNSTATED, 1 + k, 0);
    say(f, RIVAL, RIVAL - 1, events, AT_ONCE);
  }
  raise_flags(f, CUSTOMER, 1, 2);
  settle_all(f);
  verified(f, &v);
  assert_true(count(&v, "flag", "") == 1 && count(&v, "assay", "assay of lot") == OM_FINDINGS_MAX - 1);
  assert_int_equal(left(&v, "assays"), 2 * AT_ONCE - (OM_FINDINGS_MAX - 1));
}

/* ---- documents ---- */

static enum om_document_state look(void *ctx, uint64_t *size, const struct om_hash *hash) {
  size_t *looks = ctx;
  (void)hash;
  *size = 3;
  ++*looks;
  return OM_DOCUMENT_HELD;
}

static Oremark__Document contract(void) {
  static uint8_t hash[OM_HASH_BYTES] = {7};
  Oremark__Document out = OREMARK__DOCUMENT__INIT;
  out.hash = (ProtobufCBinaryData){sizeof hash, hash};
  out.size = 3;
  out.name = (char *)(uintptr_t) "contract.pdf";
  out.media = (char *)(uintptr_t) "application/pdf";
  return out;
}

/* A flag on the lot that names DOCUMENT. */
static Oremark__Event *flag_with(struct fixture *f, Oremark__Document **document) {
  struct lot_name lot;
  network_lot(&f->net, lot.number, NULL, f->lot.bytes, f->lot.len, 0, 0);
  Oremark__Event *event = flag(&f->c, about_lot(&f->c, lot));
  event->documents = document;
  event->n_documents = 1;
  return event;
}

/* What TXN says of the lot where LOOK sees to documents. */
static void look_after_in(struct fixture *f, struct om_txn *txn, struct om_verdict *v,
                          struct om_verify_documents look) {
  struct om_status st = {0};
  uint8_t number[OM_LOT_NUMBER_BYTES];
  const struct om_verify_ask ask = {.number = number, .documents = &look};
  network_lot(&f->net, number, NULL, f->lot.bytes, f->lot.len, 0, 0);
  assert_ok(om_verify_asked(txn, &f->arena, v, &f->net.id, &ask, &st), &st);
}

/* What MEMBER's store does. */
static void look_after(struct fixture *f, struct om_verdict *v, uint32_t member, struct om_verify_documents look) {
  struct om_txn *txn;
  struct om_status st = {0};
  assert_ok(om_txn_read(&txn, om_ledger_store(f->ledgers[member - 1]), &st), &st);
  look_after_in(f, txn, v, look);
  om_txn_abort(txn);
}

/* Five events name the same contract: it is hashed once, and what is wrong with one of them is found all the same. */
static void a_document_is_hashed_once(void **state) {
  struct fixture *f = *state;
  enum { NAMED = 5 };
  Oremark__Document documents[NAMED], *lists[NAMED];
  Oremark__Event *events[NAMED];
  struct om_verdict v;
  for (size_t i = 0; i < NAMED; i++) {
    documents[i] = contract();
    documents[i].size = i == 3 ? 4 : 3;
    lists[i] = &documents[i];
    events[i] = flag_with(f, &lists[i]);
  }
  say(f, OWNER, OWNER - 1, events, NAMED);
  settle_all(f);
  size_t looks = 0;
  look_after(f, &v, CUSTOMER, (struct om_verify_documents){&looks, look});
  assert_int_equal(looks, 1);
  assert_true(v.checks[OM_CHECK_DOCUMENTS].passed == NAMED - 1 && v.checks[OM_CHECK_DOCUMENTS].failed == 1);
}

static enum om_document_state look_at_forged(void *ctx, uint64_t *size, const struct om_hash *hash) {
  look(ctx, size, hash);
  return OM_DOCUMENT_ALTERED;
}

/* The paper of an attestation whose log may still lose it fails nothing, and is not looked for, until it is final. */
static void a_paper_that_is_not_final(void **state) {
  struct fixture *f = *state;
  Oremark__Document document = contract(), *list = &document;
  Oremark__Event *event = flag_with(f, &list);
  struct om_verdict v;
  size_t looks = 0;
  say(f, OWNER, OWNER - 1, &event, 1);
  look_after(f, &v, OWNER, (struct om_verify_documents){&looks, look_at_forged});
  assert_true(v.verified && looks == 0);
  settle_all(f);
  look_after(f, &v, OWNER, (struct om_verify_documents){&looks, look_at_forged});
  assert_true(!v.verified && looks == 1 && v.checks[OM_CHECK_DOCUMENTS].failed == 1);
}

/* Where the entry of a concern is gone from the store, the verdict says so; what is behind it is looked at as before.
 */
static void a_concern_that_is_gone(void **state) {
  struct fixture *f = *state;
  Oremark__Document document = contract(), *list = &document;
  Oremark__Event *event = flag_with(f, &list);
  struct om_verdict v;
  struct om_txn *txn;
  struct om_status st = {0};
  uint8_t gone[OM_LOG_ENTRY_KEY_BYTES];
  size_t looks = 0;
  om_log_entry_key(gone, OWNER - 1, network_info(f->ledgers[OWNER - 1], OWNER - 1).size);
  say(f, OWNER, OWNER - 1, &event, 1);
  say(f, OWNER, OWNER - 1, &event, 1);
  assert_ok(om_txn_write(&txn, om_ledger_store(f->ledgers[OWNER - 1]), &st), &st);
  om_txn_del(txn, OM_TABLE_ENTRIES, gone, sizeof gone);
  look_after_in(f, txn, &v, (struct om_verify_documents){&looks, look_at_forged});
  om_txn_abort(txn);
  assert_false(v.verified || v.undecided);
  assert_true(v.checks[OM_CHECK_LINEAGE].failed > 0);
  assert_non_null(strstr(v.checks[OM_CHECK_LINEAGE].first, "is not held here"));
  assert_int_equal(count(&v, "flag", "not final yet"), 1); /* the other */
  assert_true(looks == 0 && v.checks[OM_CHECK_DOCUMENTS].failed == 0);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(many_flags_hide_nothing),      TEST(many_assays),
      TEST(nothing_is_left_out_of_a_few), TEST(one_of_many_is_overruled),
      TEST(a_document_is_hashed_once),    TEST(a_paper_that_is_not_final),
      TEST(a_concern_that_is_gone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
