/* What dishonest members and operators try: each of these was possible, or nearly. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/names.h"
#include "ledger/rebuild.h"
#include "support/records.h"

static const int64_t t0 = INT64_C(1710000000000);

struct fixture {
  struct network net;
  char *paths[NETWORK_MAX];
  struct om_ledger *ledgers[NETWORK_MAX];
};

struct bytes {
  uint8_t *data;
  size_t len;
};

struct lot {
  uint8_t number[OM_LOT_NUMBER_BYTES];
  struct om_hash last;
};

static void settle(struct fixture *f, int64_t now_ms) {
  struct om_status st = {0};
  enum om_code code = network_settle(&f->net, f->ledgers, now_ms, &st);
  must_be(code, OM_OK, &st);
}

static struct bytes state(struct fixture *f, uint32_t member, Oremark__Event *event, int64_t at,
                          const uint32_t *signers, size_t n) {
  struct bytes out;
  Oremark__Event *events[] = {event};
  out.data = network_statement(&f->net, &out.len, member, at, events, 1, signers, n);
  return out;
}

/* Submits and frees; *LOT, if asked for, is what the first event wrote first. */
static enum om_code submit(struct fixture *f, size_t daemon, struct bytes b, int64_t at, struct lot *lot,
                           struct om_status *st) {
  struct om_receipt receipt;
  memset(st, 0, sizeof *st);
  enum om_code code = network_submit(&f->net, daemon, f->ledgers[daemon], &receipt, b.data, b.len, at, st);
  if (lot) network_lot(&f->net, lot->number, &lot->last, b.data, b.len, 0, 0);
  free(b.data);
  return code;
}

static void add_site(struct fixture *f, uint32_t member) {
  struct om_status st;
  struct record site = record_site(&f->net, member, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0);
  enum om_code code = submit(f, 0, (struct bytes){site.bytes, site.len}, t0, NULL, &st);
  must_be(code, OM_OK, &st);
}

/* N daemons, every member but the first with a mine, all of it final everywhere. */
static void open_all(struct fixture *f, size_t n, bool witnessed) {
  network_open(&f->net, n, witnessed);
  network_ledgers(&f->net, f->paths, f->ledgers);
  for (uint32_t member = 2; member <= n; member++) add_site(f, member);
  settle(f, t0);
}

static void close_all(struct fixture *f) {
  network_close_ledgers(&f->net, f->paths, f->ledgers);
}

/* ---- statements ---- */

static struct bytes extract(struct fixture *f, uint32_t member, uint64_t copper_mg, int64_t at) {
  Oremark__Metal metal = OREMARK__METAL__INIT, *metals[] = {&metal};
  Oremark__Material material = OREMARK__MATERIAL__INIT, *lots[] = {&material};
  Oremark__Extract act = OREMARK__EXTRACT__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  metal.element = 29;
  metal.contained_mg = copper_mg;
  material.form = OREMARK__FORM__FORM_CONCENTRATE;
  material.gross_mg = 4 * copper_mg;
  material.n_metals = 1;
  material.metals = metals;
  act.site = 1;
  act.n_lots = 1;
  act.lots = lots;
  event.kind_case = OREMARK__EVENT__KIND_EXTRACT;
  event.extract = &act;
  return state(f, member, &event, at, &member, 1);
}

static Oremark__LotRef refer(struct lot *lot) {
  Oremark__LotRef ref = OREMARK__LOT_REF__INIT;
  ref.number = (ProtobufCBinaryData){sizeof lot->number, lot->number};
  ref.last_event = (ProtobufCBinaryData){sizeof lot->last.bytes, lot->last.bytes};
  return ref;
}

static struct bytes ship(struct fixture *f, uint32_t member, uint32_t consignee, struct lot *lot, bool with_title,
                         int64_t at) {
  Oremark__LotRef ref = refer(lot), *refs[] = {&ref};
  Oremark__Ship act = OREMARK__SHIP__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  act.n_lots = 1;
  act.lots = refs;
  act.consignee = consignee;
  act.with_title = with_title;
  event.kind_case = OREMARK__EVENT__KIND_SHIP;
  event.ship = &act;
  return state(f, member, &event, at, &member, 1);
}

static struct bytes receive(struct fixture *f, uint32_t member, struct lot *lot, int64_t at) {
  Oremark__LotRef ref = refer(lot);
  Oremark__ReceivedLot received = OREMARK__RECEIVED_LOT__INIT, *lots[] = {&received};
  Oremark__Receive act = OREMARK__RECEIVE__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  received.lot = &ref;
  act.site = 1;
  act.n_lots = 1;
  act.lots = lots;
  event.kind_case = OREMARK__EVENT__KIND_RECEIVE;
  event.receive = &act;
  return state(f, member, &event, at, &member, 1);
}

static struct bytes retire(struct fixture *f, uint32_t member, struct lot *lot, int64_t at, const uint32_t *signers,
                           size_t n) {
  Oremark__LotRef ref = refer(lot), *refs[] = {&ref};
  Oremark__Retire act = OREMARK__RETIRE__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  act.n_lots = 1;
  act.lots = refs;
  act.reason = OREMARK__RETIRE_REASON__RETIRE_REASON_DISPOSED;
  event.kind_case = OREMARK__EVENT__KIND_RETIRE;
  event.retire = &act;
  return state(f, member, &event, at, signers, n);
}

/* ---- signers ---- */

/* The owner of what another keeps signs in the keeper's name: its signature is asked for, the keeper's is not there. */
static void test_an_owner_does_not_speak_for_the_custodian(void **unused) {
  (void)unused;
  static const uint32_t owner[] = {2}, both[] = {2, 3};
  struct fixture f;
  struct om_status st;
  struct lot lot;
  open_all(&f, 3, false);
  enum om_code code = submit(&f, 1, extract(&f, 2, 1000000, t0), t0, &lot, &st);
  must_be(code, OM_OK, &st);
  struct lot at = lot;
  code = submit(&f, 1, ship(&f, 2, 3, &lot, false, t0), t0, &at, &st);
  must_be(code, OM_OK, &st);
  lot.last = at.last;
  settle(&f, t0);
  code = submit(&f, 2, receive(&f, 3, &lot, t0), t0, &at, &st);
  must_be(code, OM_OK, &st);
  lot.last = at.last;
  assert_int_equal(submit(&f, 2, retire(&f, 3, &lot, t0, owner, 1), t0, NULL, &st), OM_REFUSED);
  assert_string_equal(st.rule, "signature");
  code = submit(&f, 2, retire(&f, 3, &lot, t0, both, 2), t0, NULL, &st);
  must_be(code, OM_OK, &st);
  close_all(&f);
}

/* A second signature of the same member, by another key, could be left out again by whoever passes the statement on. */
static void test_a_member_signs_once(void **unused) {
  (void)unused;
  struct fixture f;
  struct om_status st;
  open_all(&f, 2, false);
  for (uint32_t twice = 0; twice < 2; twice++) {
    struct om_arena arena = {0};
    struct om_checked *checked;
    struct bytes b = extract(&f, 2, 1000000, t0);
    Oremark__SignedStatement *s = oremark__signed_statement__unpack(NULL, b.len, b.data);
    assert_non_null(s);
    Oremark__Signature *first = s->signatures[0], second = *first, *both[] = {first, &second};
    Oremark__SignedStatement out = *s;
    second.key_id = first->key_id + 1;
    out.n_signatures = 1 + twice;
    out.signatures = both;
    uint8_t *bytes = malloc(oremark__signed_statement__get_packed_size(&out));
    assert_non_null(bytes);
    size_t len = oremark__signed_statement__pack(&out, bytes);
    assert_int_equal(om_check_statement(&checked, &arena, &f.net.id, NULL, bytes, len, &st),
                     twice ? OM_MALFORMED : OM_OK);
    om_arena_free(&arena);
    oremark__signed_statement__free_unpacked(s, NULL);
    free(bytes), free(b.data);
  }
  close_all(&f);
}

/* Member 1 has its home in the registry log: what is shipped there could never be received. */
static void test_nothing_is_shipped_to_where_it_would_be_stuck(void **unused) {
  (void)unused;
  struct fixture f;
  struct om_status st;
  struct lot lot;
  open_all(&f, 3, false);
  enum om_code code = submit(&f, 1, extract(&f, 2, 1000000, t0), t0, &lot, &st);
  must_be(code, OM_OK, &st);
  assert_int_equal(submit(&f, 1, ship(&f, 2, 1, &lot, true, t0), t0, NULL, &st), OM_REFUSED);
  assert_string_equal(st.rule, "consignee");
  close_all(&f);
}

/* ---- times ---- */

/* The entry of a signed statement, as an operator writes it who sets the time to what it likes. Frees B. */
static struct bytes entry_of(struct bytes b, int64_t taken_ms) {
  struct bytes out;
  out.data = network_entry(&out.len, b.data, b.len, taken_ms);
  free(b.data);
  return out;
}

/* A time to which nothing can be added must not get as far as the rules, which add to it. */
static void test_an_entry_is_taken_before_the_year_10000(void **unused) {
  (void)unused;
  static const int64_t times[] = {OM_TIME_MAX_MS, OM_TIME_MAX_MS + 1, INT64_MAX};
  struct fixture f;
  struct om_status st;
  open_all(&f, 2, false);
  for (size_t i = 0; i < 3; i++) {
    struct om_arena arena = {0};
    struct om_checked *checked;
    struct bytes entry = entry_of(extract(&f, 2, 1000000, t0), times[i]);
    enum om_code code = om_check_entry(&checked, &arena, &f.net.id, NULL, entry.data, entry.len, &st);
    assert_int_equal(code, i == 0 ? OM_OK : OM_MALFORMED);
    om_arena_free(&arena);
    free(entry.data);
  }
  close_all(&f);
}

static enum om_code cosign(struct fixture *f, size_t daemon, uint32_t log, uint64_t time_s, struct om_status *st) {
  struct om_txn *txn;
  struct om_bytes head;
  struct om_batch *batch;
  char line[OM_NOTE_LINE_BYTES];
  struct om_signers_keys keys = network_signers(&f->net, daemon);
  memset(st, 0, sizeof *st);
  assert_int_equal(om_txn_read(&txn, om_ledger_store(f->ledgers[log]), st), OM_OK);
  assert_int_equal(om_log_head(txn, &head, log, st), OM_OK);
  assert_int_equal(om_batch_begin(&batch, f->ledgers[daemon], st), OM_OK);
  enum om_code code = om_batch_cosign(batch, line, log, head.data, head.len, time_s, &keys, st);
  om_txn_abort(txn);
  om_batch_abort(batch);
  return code;
}

/* An operator takes an entry in next year's name, so that next year's cap on drift is its to use up now. */
static void test_a_witness_does_not_sign_the_future(void **unused) {
  (void)unused;
  static const int64_t year_ms = INT64_C(365) * 86400000;
  struct fixture f;
  struct om_status st;
  open_all(&f, 5, true);
  enum om_code code = submit(&f, 1, extract(&f, 2, 1000000, t0), t0 + year_ms, NULL, &st);
  must_be(code, OM_OK, &st);
  code = network_mirror(&f.net, f.ledgers[2], f.ledgers[1], 1, &st);
  must_be(code, OM_OK, &st);
  assert_int_equal(cosign(&f, 2, 1, (uint64_t)t0 / 1000, &st), OM_IO);
  assert_string_equal(st.rule, "clock");
  assert_int_equal(cosign(&f, 2, 1, (uint64_t)(t0 + year_ms) / 1000 - 301, &st), OM_IO);
  code = cosign(&f, 2, 1, (uint64_t)(t0 + year_ms) / 1000 - 300, &st);
  must_be(code, OM_OK, &st);
  close_all(&f);
}

/* ---- two histories ---- */

/* Daemon 1 shows one history to most witnesses, who make it final, and another to daemon 4. Daemon 2 leans on the final
 * one: daemon 4 can't judge that, but it is daemon 1 whose fault it is. */
static void test_an_equivocator_pulls_nobody_else_down(void **unused) {
  (void)unused;
  struct fixture f;
  struct om_status st;
  struct lot lot, shipped;
  open_all(&f, 5, true);
  char *copy = temp_folder(), command[9000];
  snprintf(command, sizeof command, "cp %s/data.mdb %s/", f.paths[1], copy);
  om_ledger_close(f.ledgers[1]);
  assert_int_equal(system(command), 0);
  struct om_ledger *honest = network_ledger(&f.net, 1, f.paths[1]), *twin = network_ledger(&f.net, 1, copy);
  f.ledgers[1] = twin;
  for (int i = 0; i < 2; i++) {
    enum om_code code = submit(&f, 1, extract(&f, 2, 77, t0), t0, NULL, &st);
    must_be(code, OM_OK, &st);
  }
  assert_int_equal(network_mirror(&f.net, f.ledgers[4], twin, 1, &st), OM_OK);
  f.ledgers[1] = honest;
  enum om_code code = submit(&f, 1, extract(&f, 2, 1000000, t0), t0, &lot, &st);
  must_be(code, OM_OK, &st);
  shipped = lot;
  code = submit(&f, 1, ship(&f, 2, 3, &lot, true, t0), t0, &shipped, &st);
  must_be(code, OM_OK, &st);
  lot.last = shipped.last;
  for (size_t i = 0; i < 4; i++)
    if (i != 1) assert_int_equal(network_mirror(&f.net, f.ledgers[i], honest, 1, &st), OM_OK);
  assert_int_equal(network_finalise(&f.net, f.ledgers, 1, (uint64_t)t0 / 1000, &st), OM_WAIT); /* daemon 4 alone */
  assert_string_equal(st.rule, "fork");
  assert_false(network_info(f.ledgers[4], 1).stopped); /* and no fault of who brought it the head */
  code = submit(&f, 2, receive(&f, 3, &lot, t0), t0, NULL, &st);
  must_be(code, OM_OK, &st);

  memset(&st, 0, sizeof st);
  assert_int_equal(network_mirror(&f.net, f.ledgers[4], f.ledgers[2], 2, &st), OM_WAIT);
  assert_string_equal(st.rule, "fork");
  assert_false(network_info(f.ledgers[4], 2).stopped);
  code = network_mirror(&f.net, f.ledgers[3], f.ledgers[2], 2, &st); /* who holds the final history goes on */
  must_be(code, OM_OK, &st);
  code = om_ledger_mend(f.ledgers[4], &st); /* and so does daemon 4, once it holds that too */
  must_be(code, OM_OK, &st);
  code = network_mirror(&f.net, f.ledgers[4], honest, 1, &st);
  must_be(code, OM_OK, &st);
  code = network_mirror(&f.net, f.ledgers[4], f.ledgers[2], 2, &st);
  must_be(code, OM_OK, &st);
  om_ledger_close(twin);
  remove_folder(copy);
  close_all(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_an_owner_does_not_speak_for_the_custodian),
      cmocka_unit_test(test_a_member_signs_once),
      cmocka_unit_test(test_nothing_is_shipped_to_where_it_would_be_stuck),
      cmocka_unit_test(test_an_entry_is_taken_before_the_year_10000),
      cmocka_unit_test(test_a_witness_does_not_sign_the_future),
      cmocka_unit_test(test_an_equivocator_pulls_nobody_else_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
