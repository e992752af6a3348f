/* What verification says of certificates, mine sites' status and declared output: by the time that a record states and
 * the time by which it was final, over real stores. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/output.h"
#include "ledger/verify_state.h"
#include "support/attest.h"
#include "support/bundled.h"
#include "support/history.h"
#include "support/network.h"
#include "support/records.h"
#include "support/verify.h"

enum { GOVERNOR = 1, MINER = 2, CERTIFIER = 3, BUYER = 4, DAEMONS = 4, HOUR_S = 3600 };

static const int64_t T0_S = 1710000000;

struct scene {
  struct network net;
  char *paths[NETWORK_MAX];
  struct om_ledger *ledgers[NETWORK_MAX];
  struct custody c; /* its arena and time alone: events are made with it */
  int64_t now_s;
  uint8_t *said; /* the last statement */
  size_t said_len;
  struct om_arena arena; /* of verdicts */
};

static void until(struct scene *s, int64_t now_s) {
  struct om_status st = {0};
  s->now_s = now_s;
  assert_ok(network_settle(&s->net, s->ledgers, now_s * 1000, &st), &st);
  for (size_t i = 1; i < DAEMONS; i++) { /* whatever each has written and mirrored */
    struct om_hash first = history_state(s->ledgers[0]), other = history_state(s->ledgers[i]);
    assert_true(om_hash_equal(&first, &other));
  }
}

/* MEMBER says N EVENTS, which happened at AT_MS, in its log (acts: the registry's). */
static void say_all(struct scene *s, uint32_t member, uint32_t log, Oremark__Event **events, size_t n, int64_t at_ms) {
  struct om_status st = {0};
  struct om_receipt receipt;
  for (size_t i = 0; i < n; i++) events[i]->at_ms = at_ms;
  free(s->said);
  s->said =
      network_statement(&s->net, &s->said_len, member, s->now_s * 1000 + (int64_t)s->net.nonce, events, n, &member, 1);
  assert_ok(network_submit(&s->net, log, s->ledgers[log], &receipt, s->said, s->said_len, s->now_s * 1000 + 500, &st),
            &st);
}

static void say(struct scene *s, uint32_t member, uint32_t log, Oremark__Event *event, int64_t at_ms) {
  say_all(s, member, log, &event, 1, at_ms);
}

static Oremark__EventRef *said(struct scene *s) {
  Oremark__EventRef *ref = (Oremark__EventRef *)om_arena_copy(
      &s->c.arena, &(const Oremark__EventRef)OREMARK__EVENT_REF__INIT, sizeof(Oremark__EventRef));
  Oremark__SignedStatement *outer = oremark__signed_statement__unpack(NULL, s->said_len, s->said);
  Oremark__Statement *inner = oremark__statement__unpack(NULL, outer->statement.len, outer->statement.data);
  struct om_hash id;
  om_statement_id(&id, &s->net.id, outer->statement.data, outer->statement.len);
  ref->member = inner->member;
  ref->signed_ms = inner->signed_ms;
  ref->statement_id = (ProtobufCBinaryData){OM_HASH_BYTES, om_arena_copy(&s->c.arena, id.bytes, OM_HASH_BYTES)};
  oremark__statement__free_unpacked(inner, NULL);
  oremark__signed_statement__free_unpacked(outer, NULL);
  return ref;
}

static void recognise_scheme(struct scene *s) {
  static char name[] = "Copper Mark";
  static uint32_t certifiers[] = {CERTIFIER};
  Oremark__Event event = OREMARK__EVENT__INIT;
  Oremark__RecogniseScheme act = OREMARK__RECOGNISE_SCHEME__INIT;
  act.scheme = name;
  act.certifiers = certifiers;
  act.n_certifiers = 1;
  event.kind_case = OREMARK__EVENT__KIND_RECOGNISE_SCHEME;
  event.recognise_scheme = &act;
  say(s, GOVERNOR, 0, &event, s->now_s * 1000);
}

static struct om_hash event_id_of(struct scene *s) {
  struct record record = {s->said, s->said_len};
  return record_event(&s->net, &record);
}

static struct om_hash site_status(struct scene *s, Oremark__SiteState state, int64_t from_s, int64_t until_s,
                                  const struct om_hash *previous) {
  Oremark__Event event = OREMARK__EVENT__INIT;
  Oremark__SiteStatus act = OREMARK__SITE_STATUS__INIT;
  act.member = MINER;
  act.site = 1;
  act.state = state;
  act.valid_from_ms = from_s * 1000;
  act.valid_until_ms = until_s * 1000;
  event.kind_case = OREMARK__EVENT__KIND_SITE_STATUS;
  event.site_status = &act;
  if (previous) event.previous = (ProtobufCBinaryData){OM_HASH_BYTES, (uint8_t *)(uintptr_t)previous->bytes};
  say(s, GOVERNOR, 0, &event, s->now_s * 1000);
  return event_id_of(s);
}

static int begin(void **state, bool witnessed) {
  static struct scene s;
  memset(&s, 0, sizeof s);
  s.now_s = T0_S;
  s.c.taken_ms = T0_S * 1000;
  network_open(&s.net, DAEMONS, witnessed);
  network_ledgers(&s.net, s.paths, s.ledgers);
  until(&s, T0_S);
  struct record site = record_site(&s.net, MINER, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, T0_S * 1000);
  struct om_status st = {0};
  struct om_receipt receipt;
  assert_ok(network_submit(&s.net, 0, s.ledgers[0], &receipt, site.bytes, site.len, T0_S * 1000, &st), &st);
  free(site.bytes);
  recognise_scheme(&s);
  until(&s, T0_S + HOUR_S);
  *state = &s;
  return 0;
}

static int setup(void **state) {
  return begin(state, true);
}

static int setup_unwitnessed(void **state) {
  return begin(state, false);
}

static int teardown(void **state) {
  struct scene *s = *state;
  network_close_ledgers(&s->net, s->paths, s->ledgers);
  free(s->said);
  om_arena_free(&s->c.arena);
  om_arena_free(&s->arena);
  return 0;
}

/* A lot that the mine says it extracted at AT_S and that is final by FINAL_S. */
static struct lot_name a_lot(struct scene *s, int64_t at_s, int64_t final_s) {
  struct lot_name lot;
  struct om_hash last;
  say(s, MINER, MINER - 1, extract(&s->c, 1, MATERIALS(copper(&s->c, 2000, 1000))), at_s * 1000);
  network_lot(&s->net, lot.number, &last, s->said, s->said_len, 0, 0);
  until(s, final_s);
  return lot;
}

static void certify_site(struct scene *s, int64_t from_ms, int64_t until_ms) {
  say(s, CERTIFIER, CERTIFIER - 1, certify(&s->c, about_site(&s->c, MINER, 1), from_ms, until_ms, 0), s->now_s * 1000);
  until(s, s->now_s + HOUR_S);
}

/* What DAEMON says of it. */
static struct om_verdict verified_at(struct scene *s, size_t daemon, struct lot_name lot) {
  struct om_status st = {0};
  struct om_verdict out;
  struct om_txn *txn;
  assert_ok(om_txn_read(&txn, om_ledger_store(s->ledgers[daemon]), &st), &st);
  assert_ok(verify_lot(txn, &s->arena, &out, &s->net.id, lot.number, true, &st), &st);
  om_txn_abort(txn);
  if (out.checks[OM_CHECK_OUTPUT].failed + out.checks[OM_CHECK_OUTPUT].unknown == 0)
    bundled_agrees(s->ledgers[daemon], &s->net, lot.number);
  return out;
}

/* The governor's. */
static struct om_verdict verified(struct scene *s, struct lot_name lot) {
  return verified_at(s, 0, lot);
}

static void counts(const struct om_verdict *v, enum om_check_kind kind, uint64_t passed, uint64_t failed,
                   uint64_t unknown, int line) {
  const struct om_check *c = &v->checks[kind];
  if (c->passed == passed && c->failed == failed && c->unknown == unknown) return;
  print_error("line %d: %s: %d passed, %d failed, %d unknown: %s\n", line, c->name, (int)c->passed, (int)c->failed,
              (int)c->unknown, c->first);
  fail();
}
#define COUNTS(v, kind, passed, failed, unknown) counts(&(v), OM_CHECK_##kind, passed, failed, unknown, __LINE__)

static bool tells(const struct om_verdict *v, const char *kind, const char *text) {
  for (size_t i = 0; i < v->n_findings; i++)
    if (strcmp(v->findings[i].kind, kind) == 0 && strstr(v->findings[i].text, text)) return true;
  return false;
}

/* ---- certificates ---- */

static void nothing_attested_is_nothing_said(void **state) {
  struct scene *s = *state;
  struct lot_name lot = a_lot(s, T0_S + 5000, T0_S + 2 * HOUR_S);
  struct om_verdict v = verified(s, lot);
  assert_true(v.verified && v.n_findings == 0);
  COUNTS(v, CERTIFICATES, 0, 0, 0);
  COUNTS(v, SITES, 0, 0, 0);
  COUNTS(v, OUTPUT, 0, 0, 0);
}

/* The record states the hour 2, and is final in the very second in which hour 3 begins. */
static void across_expiry_in_the_same_second(void **state) {
  struct scene *s = *state;
  int64_t at = T0_S + 2 * HOUR_S, final = T0_S + 3 * HOUR_S;
  struct lot_name lot = a_lot(s, at, final);
  certify_site(s, at * 1000, final * 1000); /* ends as that second begins */
  struct om_verdict v = verified(s, lot);
  COUNTS(v, CERTIFICATES, 0, 0, 0);
  assert_true(v.verified && !v.undecided); /* nobody's certificate makes another's lot undecided */
  assert_true(tells(&v, "certificate", "records inside it 0, outside 0, not known 1"));
}

static void one_that_begins_just_behind_the_event_decides_nothing(void **state) {
  struct scene *s = *state;
  int64_t at = T0_S + 2 * HOUR_S;
  struct lot_name lot = a_lot(s, at, at + HOUR_S);
  say(s, CERTIFIER, CERTIFIER - 1,
      certify(&s->c, about_member(&s->c, MINER), at * 1000 + 1, (at + 900 * HOUR_S) * 1000, 0), s->now_s * 1000);
  until(s, s->now_s + HOUR_S);
  struct om_verdict v = verified(s, lot);
  COUNTS(v, CERTIFICATES, 0, 0, 0);
  assert_true(v.verified && tells(&v, "certificate", "not known 1"));
}

static void a_certificate_that_ends_with_the_second(void **state) {
  struct scene *s = *state;
  int64_t at = T0_S + 2 * HOUR_S, final = T0_S + 3 * HOUR_S;
  struct lot_name lot = a_lot(s, at, final);
  certify_site(s, at * 1000, final * 1000 + 999); /* within the second */
  struct om_verdict v = verified(s, lot);
  COUNTS(v, CERTIFICATES, 0, 0, 0);
  assert_true(tells(&v, "certificate", "not known 1"));
  certify_site(s, at * 1000, final * 1000 + 1000); /* another, that has the whole second inside: renewed */
  v = verified(s, lot);
  COUNTS(v, CERTIFICATES, 1, 0, 0);
  assert_true(v.verified);
  assert_true(tells(&v, "certificate", "Copper Mark"));
  assert_true(tells(&v, "certificate", "records inside it 1, outside 0, not known 0"));
}

static void lapsed_before_fails_nothing_and_is_told(void **state) {
  struct scene *s = *state;
  int64_t at = T0_S + 2 * HOUR_S, final = T0_S + 3 * HOUR_S;
  struct lot_name lot = a_lot(s, at, final);
  certify_site(s, 1000, at * 1000); /* until is no longer inside */
  struct om_verdict v = verified(s, lot);
  COUNTS(v, CERTIFICATES, 0, 0, 0);
  assert_true(v.verified);
  assert_true(tells(&v, "certificate", "records inside it 0, outside 1, not known 0"));
}

static void on_members_lots_and_others(void **state) {
  struct scene *s = *state;
  int64_t at = T0_S + 2 * HOUR_S, final = T0_S + 3 * HOUR_S;
  struct lot_name lot = a_lot(s, at, final), other = a_lot(s, at, final + HOUR_S);
  int64_t from = 1000, end = (final + 90 * HOUR_S) * 1000;
  say(s, CERTIFIER, CERTIFIER - 1, certify(&s->c, about_member(&s->c, MINER), from, end, 0), s->now_s * 1000);
  say(s, CERTIFIER, CERTIFIER - 1, certify(&s->c, about_lot(&s->c, lot), from, end, 0), s->now_s * 1000);
  say(s, CERTIFIER, CERTIFIER - 1, certify(&s->c, about_member(&s->c, BUYER), from, end, 0), s->now_s * 1000);
  until(s, s->now_s + HOUR_S);
  struct om_verdict v = verified(s, lot);
  COUNTS(v, CERTIFICATES, 2, 0, 0);
  assert_true(tells(&v, "certificate", "(member 2) under") && tells(&v, "certificate", "certify lot OM-"));
  assert_false(tells(&v, "certificate", "(member 4) under"));
  v = verified(s, other);
  COUNTS(v, CERTIFICATES, 1, 0, 0);
}

/* A withdrawal works from when it was final, whatever time its author states. */
static void withdrawn_certificates_end_when_that_is_final(void **state) {
  struct scene *s = *state;
  int64_t at = T0_S + 2 * HOUR_S, final = T0_S + 3 * HOUR_S;
  struct lot_name before = a_lot(s, at, final);
  certify_site(s, 1000, (final + 90 * HOUR_S) * 1000);
  say(s, CERTIFIER, CERTIFIER - 1, withdraw(&s->c, said(s)), 1000);
  until(s, s->now_s + HOUR_S);
  int64_t ended = s->now_s;
  struct lot_name after = a_lot(s, ended + HOUR_S, ended + 2 * HOUR_S);
  struct om_verdict v = verified(s, before);
  COUNTS(v, CERTIFICATES, 1, 0, 0);
  assert_true(v.verified && tells(&v, "certificate", "withdrawn, with effect from"));
  v = verified(s, after);
  COUNTS(v, CERTIFICATES, 0, 0, 0);
  assert_true(v.verified && tells(&v, "certificate", "outside 1"));
}

static void a_withdrawal_ahead_of_its_time_works_when_its_author_says(void **state) {
  struct scene *s = *state;
  certify_site(s, 1000, (T0_S + 90 * HOUR_S) * 1000);
  int64_t ends = s->now_s + 5 * HOUR_S;
  say(s, CERTIFIER, CERTIFIER - 1, withdraw(&s->c, said(s)), ends * 1000);
  struct lot_name before = a_lot(s, s->now_s, s->now_s + 2 * HOUR_S), after = a_lot(s, ends, ends + HOUR_S);
  struct om_verdict v = verified(s, before);
  COUNTS(v, CERTIFICATES, 1, 0, 0);
  v = verified(s, after);
  COUNTS(v, CERTIFICATES, 0, 0, 0);
  assert_true(tells(&v, "certificate", "outside 1"));
}

/* A record that draws from a certificate leans on it. */
static void claims_lean_on_their_certificate(void **state) {
  struct scene *s = *state;
  int64_t at = T0_S + 2 * HOUR_S, final = T0_S + 3 * HOUR_S;
  static const struct {
    int64_t until_s; /* after the claim's final second... */
    uint64_t passed, failed, unknown;
  } table[] = {{1, 1, 0, 0}, {0, 0, 0, 1}, {-HOUR_S, 0, 1, 0}};
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    struct lot_name lot = a_lot(s, at, final + HOUR_S);
    struct om_hash last = event_id_of(s);
    int64_t claimed = s->now_s + 2 * HOUR_S, by = s->now_s + 3 * HOUR_S;
    say(s, CERTIFIER, CERTIFIER - 1,
        certify(&s->c, about_member(&s->c, MINER), 1000, (by + table[i].until_s) * 1000, 100), s->now_s * 1000);
    Oremark__EventRef *ref = said(s);
    until(s, claimed);
    Oremark__LotRef *of = at_place(&s->c, 0, 0);
    of->number = (ProtobufCBinaryData){OM_LOT_NUMBER_BYTES, lot.number};
    of->last_event = (ProtobufCBinaryData){OM_HASH_BYTES, last.bytes};
    say(s, MINER, MINER - 1, claim(&s->c, ref, of, 40), claimed * 1000);
    until(s, by);
    until(s, by + HOUR_S); /* the log goes on */
    struct om_verdict v = verified(s, lot);
    const struct om_check *c = &v.checks[OM_CHECK_CERTIFICATES];
    assert_int_equal(c->failed, table[i].failed);
    assert_int_equal(c->unknown > 0, table[i].unknown > 0);
    assert_int_equal(c->passed > 0, 1);
    assert_int_equal(v.verified, table[i].failed + table[i].unknown == 0);
    if (table[i].failed) assert_non_null(strstr(c->first, "draws from a certificate under Copper Mark"));
    assert_true(v.checks[OM_CHECK_RULES].failed == 0);
    at = by, final = by + HOUR_S;
  }
}

/* A lot for which the mine claims from a certificate that begins at FROM_MS and ends at UNTIL_S after the claim, or so
 * many seconds before it. */
static struct lot_name a_claimed_lot(struct scene *s, Oremark__EventRef **certificate, int64_t until_s) {
  struct lot_name lot = a_lot(s, s->now_s, s->now_s + HOUR_S);
  struct om_hash last = event_id_of(s);
  int64_t claimed = s->now_s + 2 * HOUR_S, by = s->now_s + 3 * HOUR_S;
  say(s, CERTIFIER, CERTIFIER - 1, certify(&s->c, about_member(&s->c, MINER), 1000, (by + until_s) * 1000, 100),
      s->now_s * 1000);
  *certificate = said(s);
  until(s, claimed);
  Oremark__LotRef *of = at_place(&s->c, 0, 0);
  of->number = (ProtobufCBinaryData){OM_LOT_NUMBER_BYTES, lot.number};
  of->last_event = (ProtobufCBinaryData){OM_HASH_BYTES, last.bytes};
  say(s, MINER, MINER - 1, claim(&s->c, *certificate, of, 40), claimed * 1000);
  until(s, by);
  until(s, by + HOUR_S);
  return lot;
}

/* Without cosignatures nobody says when anything was final. */
static void without_a_quorum_times_are_findings(void **state) {
  struct scene *s = *state;
  Oremark__EventRef *ref;
  struct lot_name lot = a_claimed_lot(s, &ref, 9000 * HOUR_S);
  struct om_verdict v = verified(s, lot);
  COUNTS(v, CERTIFICATES, 0, 0, 0);
  assert_true(v.verified);
  assert_true(tells(&v, "certificate", "its log needs no cosignatures") && tells(&v, "certificate", "not known 2"));
}

/* Nobody fails what was claimed, by taking back afterwards what it was claimed from. */
static void a_claim_that_was_final_before_the_withdrawal_stands(void **state) {
  struct scene *s = *state;
  Oremark__EventRef *ref;
  struct lot_name lot = a_claimed_lot(s, &ref, 9000 * HOUR_S);
  say(s, CERTIFIER, CERTIFIER - 1, withdraw(&s->c, ref), 86400000); /* in 1970 */
  until(s, s->now_s + HOUR_S);
  struct om_verdict v = verified(s, lot);
  assert_true(v.verified && v.checks[OM_CHECK_CERTIFICATES].failed == 0);
  assert_true(tells(&v, "certificate", "draws from a certificate under Copper Mark that was withdrawn since"));
}

/* Others' certificates on the same member, more than are compared with each record: the claim's own is judged. */
static void a_claim_is_judged_by_its_own_certificate(void **state) {
  struct scene *s = *state;
  Oremark__EventRef *ref;
  struct lot_name lot = a_claimed_lot(s, &ref, -HOUR_S);
  struct om_verdict v = verified(s, lot);
  assert_true(!v.verified && v.checks[OM_CHECK_CERTIFICATES].failed == 1);
  for (size_t n = 0; n < OM_VERIFY_CERTIFICATES_MAX; n += OM_EVENTS_MAX) {
    Oremark__Event *events[OM_EVENTS_MAX];
    for (size_t i = 0; i < OM_EVENTS_MAX; i++) events[i] = certify(&s->c, about_member(&s->c, MINER), 1000, 2000, 0);
    say_all(s, CERTIFIER, CERTIFIER - 1, events, OM_EVENTS_MAX, s->now_s * 1000);
  }
  until(s, s->now_s + HOUR_S);
  v = verified(s, lot);
  assert_true(!v.verified && v.checks[OM_CHECK_CERTIFICATES].failed == 1);
  assert_true(v.checks[OM_CHECK_CERTIFICATES].unknown == 1); /* some were left out: that is not passed over */
  assert_true(tells(&v, "certificate", "were left out"));
}

/* ---- papers ---- */

static enum om_document_state see_altered(void *ctx, uint64_t *size, const struct om_hash *hash) {
  size_t *looks = ctx;
  (void)hash;
  *size = 3;
  ++*looks;
  return OM_DOCUMENT_ALTERED;
}

/* How many documents are looked after for LOT; none of them is what it should be. */
static size_t papers_of(struct scene *s, struct lot_name lot, uint64_t failed) {
  size_t looks = 0;
  struct om_verify_documents documents = {&looks, see_altered};
  const struct om_verify_ask ask = {.number = lot.number, .documents = &documents};
  struct om_status st = {0};
  struct om_verdict v;
  struct om_txn *txn;
  assert_ok(om_txn_read(&txn, om_ledger_store(s->ledgers[0]), &st), &st);
  assert_ok(om_verify_asked(txn, &s->arena, &v, &s->net.id, &ask, &st), &st);
  om_txn_abort(txn);
  COUNTS(v, DOCUMENTS, 0, failed, 0);
  return looks;
}

static void certify_with_paper(struct scene *s, Oremark__Subject *about, uint8_t hash) {
  uint8_t *bytes = om_arena_alloc(&s->c.arena, OM_HASH_BYTES);
  Oremark__Document document = OREMARK__DOCUMENT__INIT, *list = &document;
  memset(bytes, hash, OM_HASH_BYTES);
  document.hash = (ProtobufCBinaryData){OM_HASH_BYTES, bytes};
  document.size = 3;
  document.name = (char[]){"certificate.pdf"};
  document.media = (char[]){"application/pdf"};
  Oremark__Event *event = certify(&s->c, about, 1000, (s->now_s + 900 * HOUR_S) * 1000, 0);
  event->documents = &list;
  event->n_documents = 1;
  say(s, CERTIFIER, CERTIFIER - 1, event, s->now_s * 1000);
}

/* The papers of certificates that are told of the lot, each once; of others nobody asks here. */
static void papers_of_certificates(void **state) {
  struct scene *s = *state;
  struct lot_name lot = a_lot(s, s->now_s, s->now_s + HOUR_S);
  certify_with_paper(s, about_member(&s->c, BUYER), 1);
  until(s, s->now_s + HOUR_S);
  assert_int_equal(papers_of(s, lot, 0), 0);
  certify_with_paper(s, about_member(&s->c, MINER), 2);
  until(s, s->now_s + HOUR_S);
  assert_int_equal(papers_of(s, lot, 1), 1);
  certify_with_paper(s, about_site(&s->c, MINER, 1), 3);
  certify_with_paper(s, about_lot(&s->c, lot), 4);
  until(s, s->now_s + HOUR_S);
  assert_int_equal(papers_of(s, lot, 3), 3);
}

/* ---- assays ---- */

static void say_assay(struct scene *s, uint32_t member, struct lot_name lot, Oremark__AssayRole role, uint64_t copper) {
  say(s, member, member - 1, assay(&s->c, about_lot(&s->c, lot), role, copper, role ? 50 : 0), s->now_s * 1000);
}

/* N assays of LOT in statements of 64. */
static void say_assays(struct scene *s, uint32_t member, struct lot_name lot, Oremark__AssayRole role, size_t n) {
  for (size_t i = 0; i < n; i += 64) {
    Oremark__Event *events[64];
    for (size_t k = 0; k < 64; k++) events[k] = assay(&s->c, about_lot(&s->c, lot), role, 1000 + i + k, role ? 50 : 0);
    say_all(s, member, member - 1, events, 64, s->now_s * 1000);
  }
}

/* Who says much keeps nobody's last word from being heard, unless that is told. */
static void many_assays_hide_no_side(void **state) {
  struct scene *s = *state;
  struct lot_name lot = a_lot(s, s->now_s, s->now_s + HOUR_S);
  say_assay(s, MINER, lot, OREMARK__ASSAY_ROLE__ASSAY_ROLE_SELLER, 2845);
  say_assays(s, CERTIFIER, lot, OREMARK__ASSAY_ROLE__ASSAY_ROLE_UNSTATED, 256);
  until(s, s->now_s + HOUR_S);
  say_assay(s, CERTIFIER, lot, OREMARK__ASSAY_ROLE__ASSAY_ROLE_UMPIRE, 2830);
  until(s, s->now_s + HOUR_S);
  struct om_verdict v = verified(s, lot);
  assert_true(tells(&v, "assay", "the umpire's result stands: 28.30 %"));
  say_assays(s, MINER, lot, OREMARK__ASSAY_ROLE__ASSAY_ROLE_SELLER, 256);
  until(s, s->now_s + HOUR_S);
  v = verified(s, lot);
  assert_true(tells(&v, "assay", "not held side by side: there are 258, more than 256"));
  assert_false(tells(&v, "assay", "result stands"));
}

/* Who has the lot, or only its bundle, reads what was found in it and what follows. */
static void assays_are_told_side_by_side(void **state) {
  struct scene *s = *state;
  struct lot_name lot = a_lot(s, s->now_s, s->now_s + HOUR_S), other = a_lot(s, s->now_s, s->now_s + HOUR_S);
  say_assay(s, MINER, lot, OREMARK__ASSAY_ROLE__ASSAY_ROLE_SELLER, 2845);
  say_assay(s, BUYER, lot, OREMARK__ASSAY_ROLE__ASSAY_ROLE_UNSTATED, 2801);
  until(s, s->now_s + HOUR_S);
  struct om_verdict v = verified(s, lot);
  assert_true(v.verified && v.n_findings == 3);
  assert_true(tells(&v, "assay", "(member 2): assay of lot OM-") && tells(&v, "assay", "for the seller: Cu "));
  assert_true(tells(&v, "assay", "(member 4): assay of lot OM-") && tells(&v, "assay", "(ICP-OES)"));
  assert_true(tells(&v, "assay", "side by side: Cu: seller 28.45 % by ") &&
              tells(&v, "assay", "only one side has stated a result"));
  say_assay(s, CERTIFIER, lot, OREMARK__ASSAY_ROLE__ASSAY_ROLE_UMPIRE, 2830);
  Oremark__EventRef *umpired = said(s);
  v = verified_at(s, CERTIFIER - 1, lot);
  assert_false(tells(&v, "assay", "umpire")); /* nobody answers for it yet */
  until(s, s->now_s + HOUR_S);
  v = verified(s, lot);
  assert_true(tells(&v, "assay", "umpire 28.30 % by ") && tells(&v, "assay", "the umpire's result stands: 28.30 %"));
  say(s, CERTIFIER, CERTIFIER - 1, withdraw(&s->c, umpired), s->now_s * 1000);
  until(s, s->now_s + HOUR_S);
  v = verified(s, lot);
  assert_true(tells(&v, "assay", "(ICP-OES); withdrawn") && !tells(&v, "assay", "the umpire's result stands"));
  v = verified(s, other);
  assert_true(v.verified && v.n_findings == 0);
}

/* ---- mine sites ---- */

#define GREEN OREMARK__SITE_STATE__SITE_STATE_GREEN
#define YELLOW OREMARK__SITE_STATE__SITE_STATE_YELLOW
#define RED OREMARK__SITE_STATE__SITE_STATE_RED
#define BLUE OREMARK__SITE_STATE__SITE_STATE_BLUE

static void colours_of_mine_sites(void **state) {
  struct scene *s = *state;
  int64_t at = T0_S + 2 * HOUR_S, final = T0_S + 3 * HOUR_S, ever = final + 1000 * HOUR_S;
  struct lot_name lot = a_lot(s, at, final);
  struct om_hash id = site_status(s, GREEN, at, final + 1, NULL);
  until(s, s->now_s + HOUR_S);
  struct om_verdict v = verified(s, lot);
  COUNTS(v, SITES, 1, 0, 0);
  assert_true(v.verified && v.n_findings == 0);
  id = site_status(s, RED, final, ever, &id); /* the later act wins: red in the second in which it was final */
  until(s, s->now_s + HOUR_S);
  v = verified(s, lot);
  COUNTS(v, SITES, 0, 0, 1);
  assert_true(v.undecided);
  id = site_status(s, RED, at, ever, &id);
  until(s, s->now_s + HOUR_S);
  v = verified(s, lot);
  COUNTS(v, SITES, 0, 1, 0);
  assert_false(v.verified || v.undecided);
  id = site_status(s, YELLOW, at, ever, &id);
  until(s, s->now_s + HOUR_S);
  v = verified(s, lot);
  COUNTS(v, SITES, 1, 0, 0);
  assert_true(tells(&v, "site", " (site 1) of ") && tells(&v, "site", " (member 2) was yellow"));
  id = site_status(s, BLUE, at, ever, &id); /* nobody has looked */
  until(s, s->now_s + HOUR_S);
  v = verified(s, lot);
  COUNTS(v, SITES, 0, 0, 1);
}

static void a_status_of_another_time_says_nothing(void **state) {
  struct scene *s = *state;
  struct lot_name lot = a_lot(s, T0_S + 2 * HOUR_S, T0_S + 3 * HOUR_S);
  site_status(s, RED, T0_S + 5 * HOUR_S, T0_S + 6 * HOUR_S, NULL);
  until(s, s->now_s + HOUR_S);
  struct om_verdict v = verified(s, lot);
  COUNTS(v, SITES, 0, 0, 1);
}

/* ---- output ---- */

static void output_over_an_estimate(void **state) {
  struct scene *s = *state;
  struct lot_name lot = a_lot(s, T0_S + 2 * HOUR_S, T0_S + 3 * HOUR_S);
  const int64_t y2024 = INT64_C(1704067200000);
  say(s, CERTIFIER, CERTIFIER - 1,
      estimate(&s->c, MINER, 1, OREMARK__ESTIMATE_KIND__ESTIMATE_KIND_YEARLY_CAPACITY, 1000, y2024), s->now_s * 1000);
  until(s, s->now_s + HOUR_S);
  struct om_verdict v = verified(s, lot);
  COUNTS(v, OUTPUT, 1, 0, 0); /* as much as it can */
  assert_true(v.verified);
  a_lot(s, T0_S + 2 * HOUR_S, s->now_s + HOUR_S);
  v = verified(s, lot);
  COUNTS(v, OUTPUT, 0, 1, 0);
  assert_false(v.verified);
  assert_non_null(strstr(v.checks[OM_CHECK_OUTPUT].first, "yearly capacity"));
  say(s, MINER, MINER - 1,
      estimate(&s->c, MINER, 1, OREMARK__ESTIMATE_KIND__ESTIMATE_KIND_YEARLY_CAPACITY, 5000, y2024 + 1),
      s->now_s * 1000);
  say(s, MINER, MINER - 1, estimate(&s->c, MINER, 1, OREMARK__ESTIMATE_KIND__ESTIMATE_KIND_RESOURCE, 1999, y2024),
      s->now_s * 1000);
  until(s, s->now_s + HOUR_S);
  v = verified(s, lot);
  COUNTS(v, OUTPUT, 1, 1, 0);
  assert_non_null(strstr(v.checks[OM_CHECK_OUTPUT].first, "resource"));
  /* Its own answer does not make the other's word unsaid. */
  assert_true(tells(&v, "output", " (member 3) estimates; 1 of the 2"));
}

/* MEMBER's word of how much its site can put out in a year. */
static void capacity(struct scene *s, uint32_t member, uint64_t mg) {
  say(s, member, member - 1,
      estimate(&s->c, MINER, 1, OREMARK__ESTIMATE_KIND__ESTIMATE_KIND_YEARLY_CAPACITY, mg, INT64_C(1704067200000)),
      s->now_s * 1000);
}

static struct om_output output_of_the_year(struct scene *s) {
  struct om_status st = {0};
  struct om_output out = {0};
  struct om_txn *txn;
  assert_ok(om_txn_read(&txn, om_ledger_store(s->ledgers[0]), &st), &st);
  assert_true(om_output_next(txn, &out, 0));
  om_txn_abort(txn);
  return out;
}

static Oremark__LotRef *whole(struct scene *s, struct lot_name *lot, struct om_hash *last) {
  Oremark__LotRef *of = at_place(&s->c, 0, 0);
  of->number = (ProtobufCBinaryData){OM_LOT_NUMBER_BYTES, lot->number};
  of->last_event = (ProtobufCBinaryData){OM_HASH_BYTES, last->bytes};
  return of;
}

/* What a correction lowers is off the year's output. */
static void a_lowered_lot_is_off_its_sites_output(void **state) {
  struct scene *s = *state;
  struct lot_name lot = a_lot(s, T0_S + 2 * HOUR_S, T0_S + 3 * HOUR_S);
  struct lot_name other = a_lot(s, T0_S + 2 * HOUR_S, s->now_s + HOUR_S);
  struct om_hash last = event_id_of(s);
  Oremark__EventRef *made = said(s);
  capacity(s, CERTIFIER, 1500);
  until(s, s->now_s + HOUR_S);
  struct om_verdict v = verified(s, lot);
  COUNTS(v, OUTPUT, 0, 1, 0);
  say(s, MINER, MINER - 1, correct(&s->c, made, 0, 900, whole(s, &other, &last)), s->now_s * 1000);
  last = event_id_of(s);
  say(s, MINER, MINER - 1, correct(&s->c, made, 0, 501, whole(s, &other, &last)), s->now_s * 1000);
  last = event_id_of(s);
  until(s, s->now_s + HOUR_S);
  assert_true(output_of_the_year(s).mg == 1501 && output_of_the_year(s).corrected_mg == 0);
  v = verified(s, lot);
  COUNTS(v, OUTPUT, 0, 1, 0);
  assert_null(strstr(v.checks[OM_CHECK_OUTPUT].first, "correct"));
  say(s, MINER, MINER - 1, correct(&s->c, made, 0, 500, whole(s, &other, &last)), s->now_s * 1000);
  until(s, s->now_s + HOUR_S);
  v = verified(s, lot);
  COUNTS(v, OUTPUT, 1, 0, 0);
  assert_true(v.verified);
}

/* A lot of impossible mass, lowered again or taken back, takes nothing else off the year. */
static void an_impossible_lot_hides_no_output(void **state) {
  struct scene *s = *state;
  struct lot_name lot = a_lot(s, T0_S + 2 * HOUR_S, T0_S + 3 * HOUR_S), bogus;
  struct om_hash last;
  say(s, MINER, MINER - 1, extract(&s->c, 1, MATERIALS(copper(&s->c, OM_MASS_MAX_MG, OM_MASS_MAX_MG))),
      s->now_s * 1000);
  network_lot(&s->net, bogus.number, &last, s->said, s->said_len, 0, 0);
  Oremark__EventRef *made = said(s);
  capacity(s, CERTIFIER, 500);
  say(s, MINER, MINER - 1, correct(&s->c, made, 0, 1, whole(s, &bogus, &last)), s->now_s * 1000);
  Oremark__Event *never = correct(&s->c, made, 0, 0, NULL);
  never->correct->reason = OREMARK__CORRECT_REASON__CORRECT_REASON_DID_NOT_OCCUR;
  say(s, MINER, MINER - 1, never, s->now_s * 1000);
  until(s, s->now_s + HOUR_S);
  assert_true(output_of_the_year(s).mg >= 1000);
  struct om_verdict v = verified(s, lot);
  COUNTS(v, OUTPUT, 0, 1, 0);
}

/* What is only said not to have been there is counted, told of, and decides nothing alone. */
static void what_did_not_occur_leaves_the_output_unknown(void **state) {
  struct scene *s = *state;
  struct lot_name lot = a_lot(s, T0_S + 2 * HOUR_S, T0_S + 3 * HOUR_S);
  a_lot(s, T0_S + 2 * HOUR_S, s->now_s + HOUR_S);
  Oremark__EventRef *made = said(s);
  capacity(s, CERTIFIER, 1000);
  Oremark__Event *never = correct(&s->c, made, 0, 0, NULL);
  never->correct->reason = OREMARK__CORRECT_REASON__CORRECT_REASON_DID_NOT_OCCUR;
  say(s, MINER, MINER - 1, never, s->now_s * 1000);
  until(s, s->now_s + HOUR_S);
  assert_true(output_of_the_year(s).mg == 2000 && output_of_the_year(s).corrected_mg == 1000);
  struct om_verdict v = verified(s, lot);
  COUNTS(v, OUTPUT, 0, 0, 1);
  assert_true(v.undecided);
  assert_non_null(strstr(v.checks[OM_CHECK_OUTPUT].first, "was not there by corrections"));
  assert_true(tells(&v, "output", "was not there by corrections"));
  say(s, MINER, MINER - 1, correct(&s->c, made, 0, 1, NULL), s->now_s * 1000); /* its last word: there was that much */
  until(s, s->now_s + HOUR_S);
  assert_true(output_of_the_year(s).corrected_mg == 999);
  v = verified(s, lot);
  COUNTS(v, OUTPUT, 0, 1, 0);
  assert_non_null(strstr(v.checks[OM_CHECK_OUTPUT].first, "was not there by corrections"));
  say(s, MINER, MINER - 1, correct(&s->c, made, 0, 1000, NULL), s->now_s * 1000);
  until(s, s->now_s + HOUR_S);
  assert_true(output_of_the_year(s).mg == 2000 && output_of_the_year(s).corrected_mg == 0);
  v = verified(s, lot);
  COUNTS(v, OUTPUT, 0, 1, 0);
  assert_null(strstr(v.checks[OM_CHECK_OUTPUT].first, "correct"));
}

/* A rival's low estimate is told and fails nothing where another one stands that allows it, whoever came last; what is
 * withdrawn no longer counts. */
static void an_estimate_of_next_to_nothing(void **state) {
  struct scene *s = *state;
  struct lot_name lot = a_lot(s, T0_S + 2 * HOUR_S, T0_S + 3 * HOUR_S);
  const int64_t last_ms = INT64_C(1735689599999); /* of 2024 */
  const Oremark__EstimateKind capacity = OREMARK__ESTIMATE_KIND__ESTIMATE_KIND_YEARLY_CAPACITY;
  say(s, MINER, MINER - 1, estimate(&s->c, MINER, 1, capacity, 1000, s->now_s * 1000), s->now_s * 1000);
  say(s, BUYER, BUYER - 1, estimate(&s->c, MINER, 1, capacity, 1, last_ms), s->now_s * 1000);
  Oremark__EventRef *ref = said(s);
  until(s, s->now_s + HOUR_S);
  struct om_verdict v = verified(s, lot);
  COUNTS(v, OUTPUT, 1, 0, 0);
  assert_true(v.verified && tells(&v, "output", " (member 4) estimates; 1 of the 2"));
  say(s, BUYER, BUYER - 1, withdraw(&s->c, ref), s->now_s * 1000);
  until(s, s->now_s + HOUR_S);
  v = verified(s, lot);
  COUNTS(v, OUTPUT, 1, 0, 0);
  assert_true(v.verified && v.n_findings == 0);
}

/* Nobody answers yet for what no final head covers: an estimate does not count, nor does a withdrawal. */
static void what_is_not_final_does_not_count(void **state) {
  struct scene *s = *state;
  struct lot_name lot = a_lot(s, T0_S + 2 * HOUR_S, T0_S + 3 * HOUR_S);
  certify_site(s, 1000, (T0_S + 90 * HOUR_S) * 1000);
  say(s, CERTIFIER, CERTIFIER - 1, withdraw(&s->c, said(s)), s->now_s * 1000);
  say(s, CERTIFIER, CERTIFIER - 1,
      estimate(&s->c, MINER, 1, OREMARK__ESTIMATE_KIND__ESTIMATE_KIND_YEARLY_CAPACITY, 1, T0_S * 1000),
      s->now_s * 1000);
  struct om_verdict v = verified_at(s, CERTIFIER - 1, lot);
  COUNTS(v, OUTPUT, 0, 0, 0);
  assert_true(v.verified && tells(&v, "certificate", "inside it 1") && !tells(&v, "certificate", "withdrawn"));
  until(s, s->now_s + HOUR_S);
  v = verified_at(s, CERTIFIER - 1, lot);
  COUNTS(v, OUTPUT, 0, 1, 0);
  assert_true(tells(&v, "certificate", "withdrawn"));
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(nothing_attested_is_nothing_said),
      TEST(across_expiry_in_the_same_second),
      TEST(a_certificate_that_ends_with_the_second),
      TEST(lapsed_before_fails_nothing_and_is_told),
      TEST(on_members_lots_and_others),
      TEST(withdrawn_certificates_end_when_that_is_final),
      TEST(a_withdrawal_ahead_of_its_time_works_when_its_author_says),
      TEST(one_that_begins_just_behind_the_event_decides_nothing),
      TEST(a_claim_that_was_final_before_the_withdrawal_stands),
      TEST(a_claim_is_judged_by_its_own_certificate),
      cmocka_unit_test_setup_teardown(without_a_quorum_times_are_findings, setup_unwitnessed, teardown),
      TEST(claims_lean_on_their_certificate),
      TEST(papers_of_certificates),
      TEST(assays_are_told_side_by_side),
      TEST(many_assays_hide_no_side),
      TEST(colours_of_mine_sites),
      TEST(a_status_of_another_time_says_nothing),
      TEST(output_over_an_estimate),
      TEST(a_lowered_lot_is_off_its_sites_output),
      TEST(an_impossible_lot_hides_no_output),
      TEST(what_did_not_occur_leaves_the_output_unknown),
      TEST(an_estimate_of_next_to_nothing),
      TEST(what_is_not_final_does_not_count),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
