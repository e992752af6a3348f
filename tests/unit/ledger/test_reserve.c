/* A reserve over real logs: keys that were revoked release nothing, an operator that lets a lot go too early is found
 * out by who follows its log, and what went in and out is told. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/held.h"
#include "ledger/verify.h"
#include "support/bundled.h"
#include "support/custody.h"
#include "support/records.h"
#include "support/verify.h"

enum { N = 5, KEEPER = 2, MINISTRY = 3, BANK = 4, ARMY = 5, LOG = KEEPER - 1 };

#define RESERVE OREMARK__HOLD_REASON__HOLD_REASON_STRATEGIC_RESERVE

static const int64_t t0 = INT64_C(1710000000000);

struct fixture {
  struct network net;
  char *paths[N];
  struct om_ledger *ledgers[N];
  struct custody pieces; /* whose memory events live in */
  struct record made, held;
  uint8_t number[OM_LOT_NUMBER_BYTES];
  struct om_hash last;
  const struct om_secret *bank; /* the key that the bank signs with */
  struct om_status st;
};

static void settle_all(struct fixture *f) {
  if (network_settle(&f->net, f->ledgers, t0, &f->st) != OM_OK) fail_msg("%s", f->st.text);
}

static void take(struct fixture *f, size_t daemon, const uint8_t *bytes, size_t len) {
  struct om_receipt receipt;
  if (network_submit(&f->net, daemon, f->ledgers[daemon], &receipt, bytes, len, t0, &f->st) != OM_OK)
    fail_msg("%s", f->st.text);
}

static Oremark__LotRef *ref(struct fixture *f) {
  Oremark__LotRef *out = at_place(&f->pieces, 0, 0);
  out->number = (ProtobufCBinaryData){sizeof f->number, f->number};
  out->last_event = (ProtobufCBinaryData){sizeof f->last.bytes, f->last.bytes};
  return out;
}

/* EVENT as the keeper says it, signed too by N_OTHERS others, the bank with its present key. */
static struct record say(struct fixture *f, Oremark__Event *event, const uint32_t *others, size_t n_others) {
  uint32_t members[N] = {KEEPER};
  const struct om_secret *keys[N] = {f->net.member_keys[KEEPER - 1]};
  for (size_t i = 0; i < n_others; i++) {
    members[i + 1] = others[i];
    keys[i + 1] = others[i] == BANK ? f->bank : f->net.member_keys[others[i] - 1];
  }
  struct record out;
  out.bytes = network_statement_keys(&f->net, &out.len, KEEPER, t0, &event, 1, members, keys, n_others + 1);
  return out;
}
#define OTHERS(...) (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t)

/* At home it is taken. */
static void recorded(struct fixture *f, const struct record *said) {
  uint8_t number[OM_LOT_NUMBER_BYTES];
  take(f, LOG, said->bytes, said->len);
  network_lot(&f->net, number, &f->last, said->bytes, said->len, 0, 0);
  settle_all(f);
}

/* Says it there. */
static void done(struct fixture *f, Oremark__Event *event, const uint32_t *others, size_t n_others) {
  struct record said = say(f, event, others, n_others);
  recorded(f, &said);
  free(said.bytes);
}

static enum om_code refused(struct fixture *f, Oremark__Event *event, const uint32_t *others, size_t n_others) {
  struct record said = say(f, event, others, n_others);
  struct om_receipt receipt;
  enum om_code code = network_submit(&f->net, LOG, f->ledgers[LOG], &receipt, said.bytes, said.len, t0, &f->st);
  free(said.bytes);
  return code;
}

/* A lot of the keeper's own, in the reserve until two of three sign. */
static int setup(void **state) {
  struct fixture *f = calloc(1, sizeof *f);
  assert_non_null(f);
  network_open(&f->net, N, false);
  network_ledgers(&f->net, f->paths, f->ledgers);
  f->bank = f->net.member_keys[BANK - 1];
  f->pieces.taken_ms = t0;
  struct record site = record_site(&f->net, KEEPER, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0);
  take(f, 0, site.bytes, site.len);
  settle_all(f);
  f->made = record_extract(&f->net, KEEPER, 1, 1, 1000000, t0);
  take(f, LOG, f->made.bytes, f->made.len);
  network_lot(&f->net, f->number, &f->last, f->made.bytes, f->made.len, 0, 0);
  f->held = say(f, hold(&f->pieces, RESERVE, 2, (const uint32_t[]){MINISTRY, BANK, ARMY, 0}, LOTS(ref(f))), NULL, 0);
  recorded(f, &f->held);
  free(site.bytes);
  *state = f;
  return 0;
}

static int teardown(void **state) {
  struct fixture *f = *state;
  network_close_ledgers(&f->net, f->paths, f->ledgers);
  om_arena_free(&f->pieces.arena);
  free(f->made.bytes);
  free(f->held.bytes);
  free(f);
  return 0;
}

/* ---- keys ---- */

/* The governor ends the bank's key, and admits FRESH. */
static void revoke(struct fixture *f, const struct om_secret *fresh) {
  Oremark__RevokeKey act = OREMARK__REVOKE_KEY__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT, *events[] = {&event};
  char reason[] = "stolen";
  uint32_t governor = 1;
  size_t len;
  act.member = BANK;
  act.key = (ProtobufCBinaryData){OM_PUBLIC_BYTES, (uint8_t *)(uintptr_t)om_secret_public(f->bank)};
  act.since_entry = 1;
  act.replacement = (ProtobufCBinaryData){OM_PUBLIC_BYTES, (uint8_t *)(uintptr_t)om_secret_public(fresh)};
  act.reason = reason;
  event.kind_case = OREMARK__EVENT__KIND_REVOKE_KEY;
  event.revoke_key = &act;
  uint8_t *bytes = network_statement(&f->net, &len, governor, t0, events, 1, &governor, 1);
  take(f, 0, bytes, len);
  free(bytes);
}

static void a_revoked_key_releases_nothing(void **state) {
  struct fixture *f = *state;
  static const uint8_t seed[OM_SEED_BYTES] = {7, 7};
  struct om_secret *fresh;
  assert_int_equal(om_secret_new(&fresh, seed, &f->st), OM_OK);
  Oremark__Event *out = release(&f->pieces, LOTS(ref(f)));
  revoke(f, fresh);
  settle_all(f);
  assert_int_equal(refused(f, out, OTHERS(MINISTRY, BANK)), OM_REFUSED);
  assert_string_equal(f->st.rule, "signature");
  f->bank = fresh;
  assert_int_equal(refused(f, out, OTHERS(BANK)), OM_REFUSED);
  assert_string_equal(f->st.rule, "hold");
  done(f, out, OTHERS(MINISTRY, BANK));
  om_secret_free(fresh);
}

/* ---- who follows ---- */

/* What daemon 2 makes of it when the keeper's operator writes EVENT into its log. */
static enum om_code mirrored(struct fixture *f, Oremark__Event *event, const uint32_t *others, size_t n_others) {
  struct record said = say(f, event, others, n_others);
  struct om_batch *batch;
  struct om_checked *checked;
  size_t len;
  uint8_t *entry = network_entry(&len, said.bytes, said.len, t0);
  uint64_t index = network_info(f->ledgers[2], LOG).size;
  assert_int_equal(om_batch_begin(&batch, f->ledgers[2], &f->st), OM_OK);
  assert_int_equal(om_check_entry(&checked, &f->pieces.arena, &f->net.id, om_batch_txn(batch), entry, len, &f->st),
                   OM_OK);
  enum om_code code = om_batch_mirror(batch, LOG, index, checked, &f->st);
  om_batch_abort(batch);
  free(entry);
  free(said.bytes);
  return code;
}

static void an_operator_that_lets_it_go_is_found_out(void **state) {
  struct fixture *f = *state;
  Oremark__LotRef **lots = LOTS(ref(f));
  assert_int_equal(mirrored(f, release(&f->pieces, lots), OTHERS(ARMY)), OM_REFUSED);
  assert_string_equal(f->st.rule, "hold");
  assert_int_equal(mirrored(f, retire(&f->pieces, lots), OTHERS(MINISTRY, BANK, ARMY)), OM_REFUSED);
  assert_string_equal(f->st.rule, "hold");
  assert_int_equal(mirrored(f, ship(&f->pieces, ARMY, true, lots), NULL, 0), OM_REFUSED);
  assert_string_equal(f->st.rule, "hold");
  assert_int_equal(mirrored(f, transfer_title(&f->pieces, KEEPER, ARMY, lots), OTHERS(ARMY)), OM_REFUSED);
  assert_string_equal(f->st.rule, "hold");
  assert_int_equal(mirrored(f, release(&f->pieces, lots), OTHERS(BANK, ARMY)), OM_OK);
}

/* ---- what is told ---- */

static void check_index(struct fixture *f, size_t daemon) {
  struct om_txn *txn;
  struct om_held held = {.reason = RESERVE}, other = {.reason = OREMARK__HOLD_REASON__HOLD_REASON_PLEDGE};
  assert_int_equal(om_txn_read(&txn, om_ledger_store(f->ledgers[daemon]), &f->st), OM_OK);
  assert_true(om_held_next(txn, &held));
  assert_memory_equal(held.number, f->number, sizeof held.number);
  assert_true(held.step == 1 && !held.released && held.at_ms == t0);
  assert_true(om_held_next(txn, &held));
  assert_true(held.step == 2 && held.released);
  assert_false(om_held_next(txn, &held));
  assert_true(om_held_next(txn, &other));
  assert_int_equal(other.step, 3);
  assert_false(om_held_next(txn, &other));
  om_txn_abort(txn);
}

static void what_went_in_and_out_is_told_everywhere(void **state) {
  struct fixture *f = *state;
  done(f, release(&f->pieces, LOTS(ref(f))), OTHERS(BANK, ARMY));
  done(f, hold(&f->pieces, OREMARK__HOLD_REASON__HOLD_REASON_PLEDGE, 1, (const uint32_t[]){BANK, 0}, LOTS(ref(f))),
       NULL, 0);
  done(f, transfer_title(&f->pieces, KEEPER, ARMY, LOTS(ref(f))), OTHERS(BANK, ARMY));
  for (size_t daemon = 0; daemon < N; daemon++) {
    struct om_verdict verdict = {0};
    struct om_txn *txn;
    check_index(f, daemon);
    assert_int_equal(om_txn_read(&txn, om_ledger_store(f->ledgers[daemon]), &f->st), OM_OK);
    assert_int_equal(verify_lot(txn, &f->pieces.arena, &verdict, &f->net.id, f->number, true, &f->st), OM_OK);
    assert_true(verdict.verified);
    assert_int_equal(verdict.checks[OM_CHECK_CUSTODY].passed, 4); /* hold, release, hold, title */
    assert_int_equal(verdict.checks[OM_CHECK_SIGNATURES].passed, 1 + 1 + 3 + 1 + 3);
    om_txn_abort(txn);
    bundled_agrees(f->ledgers[daemon], &f->net, f->number);
  }
}

/* ---- whose releasers can't sign any more ---- */

/* The governor overrules EVENT of the statement of RECORD: as a hold, or as a flag. */
static void overrule(struct fixture *f, const struct record *record, uint32_t event, bool as_hold) {
  Oremark__Event said = OREMARK__EVENT__INIT, *events[] = {&said};
  Oremark__Overrule act = OREMARK__OVERRULE__INIT;
  Oremark__EventRef ref = OREMARK__EVENT_REF__INIT;
  Oremark__SignedStatement *outer = oremark__signed_statement__unpack(NULL, record->len, record->bytes);
  Oremark__Statement *inner = oremark__statement__unpack(NULL, outer->statement.len, outer->statement.data);
  struct om_hash id;
  uint32_t governor = 1;
  size_t len;
  om_statement_id(&id, &f->net.id, outer->statement.data, outer->statement.len);
  ref.member = inner->member;
  ref.signed_ms = inner->signed_ms;
  ref.statement_id = (ProtobufCBinaryData){OM_HASH_BYTES, id.bytes};
  ref.event = event;
  *(as_hold ? &act.hold : &act.flag) = &ref;
  act.reason = (char[]){"the bank was wound up"};
  said.kind_case = OREMARK__EVENT__KIND_OVERRULE;
  said.at_ms = t0;
  said.overrule = &act;
  uint8_t *bytes = network_statement(&f->net, &len, governor, t0, events, 1, &governor, 1);
  take(f, 0, bytes, len);
  free(bytes);
  oremark__statement__free_unpacked(inner, NULL);
  oremark__signed_statement__free_unpacked(outer, NULL);
}

static bool is_told(struct fixture *f, const char *what) {
  struct om_verdict verdict = {0};
  struct om_txn *txn;
  bool told = false;
  assert_int_equal(om_txn_read(&txn, om_ledger_store(f->ledgers[2]), &f->st), OM_OK);
  assert_int_equal(verify_lot(txn, &f->pieces.arena, &verdict, &f->net.id, f->number, true, &f->st), OM_OK);
  assert_true(verdict.verified);
  for (size_t i = 0; i < verdict.n_findings; i++)
    told |= strcmp(verdict.findings[i].kind, "hold") == 0 && strstr(verdict.findings[i].text, what) != NULL;
  om_txn_abort(txn);
  return told;
}

static void the_governors_stand_in_for_the_releasers(void **state) {
  struct fixture *f = *state;
  Oremark__Event *out = release(&f->pieces, LOTS(ref(f)));
  assert_false(is_told(f, ""));
  overrule(f, &f->held, 0, true);
  assert_int_equal(refused(f, out, NULL, 0), OM_REFUSED); /* its log has not taken the act up */
  assert_string_equal(f->st.rule, "hold");
  settle_all(f);
  assert_int_equal(refused(f, retire(&f->pieces, LOTS(ref(f))), NULL, 0), OM_REFUSED); /* it is on hold still */
  assert_non_null(strstr(f->st.text, "the governors have overruled that: release it first"));
  assert_true(is_told(f, "the bank was wound up"));
  assert_int_equal(mirrored(f, out, NULL, 0), OM_OK);
  done(f, out, NULL, 0);
  assert_true(is_told(f, "sign the release; on "));
  done(f, retire(&f->pieces, LOTS(ref(f))), NULL, 0);
}

static void title_passes_without_them_too(void **state) {
  struct fixture *f = *state;
  Oremark__Event *sale = transfer_title(&f->pieces, KEEPER, ARMY, LOTS(ref(f)));
  assert_int_equal(refused(f, sale, OTHERS(ARMY)), OM_REFUSED);
  overrule(f, &f->held, 0, true);
  settle_all(f);
  done(f, sale, OTHERS(ARMY));
}

/* Nothing else is let go: not by an act about a flag, another event, or a hold that came before. */
static void only_the_hold_that_they_name(void **state) {
  struct fixture *f = *state;
  overrule(f, &f->held, 0, false);
  overrule(f, &f->held, 1, true);
  overrule(f, &f->made, 0, true);
  settle_all(f);
  assert_int_equal(refused(f, release(&f->pieces, LOTS(ref(f))), OTHERS(ARMY)), OM_REFUSED);
  assert_false(is_told(f, ""));
  overrule(f, &f->held, 0, true);
  settle_all(f);
  done(f, release(&f->pieces, LOTS(ref(f))), NULL, 0);
  done(f, hold(&f->pieces, RESERVE, 2, (const uint32_t[]){MINISTRY, BANK, ARMY, 0}, LOTS(ref(f))), NULL, 0);
  assert_int_equal(refused(f, release(&f->pieces, LOTS(ref(f))), NULL, 0), OM_REFUSED);
  done(f, release(&f->pieces, LOTS(ref(f))), OTHERS(BANK, ARMY));
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(a_revoked_key_releases_nothing),          TEST(an_operator_that_lets_it_go_is_found_out),
      TEST(what_went_in_and_out_is_told_everywhere), TEST(the_governors_stand_in_for_the_releasers),
      TEST(title_passes_without_them_too),           TEST(only_the_hold_that_they_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
