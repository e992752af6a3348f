/* Acts of the governors on a member's standing and home, and of operators, through whole ledgers: what binds, from
 * when, and what can't be replayed. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/registry.h"
#include "support/network.h"
#include "support/records.h"

enum { N = 4, MINE = 2 };
static const int64_t t0 = 1790000000000;

struct fixture {
  struct network net;
  char *folders[N];
  struct om_ledger *ledgers[N];
};

static int open_all(void **state) {
  struct fixture *f = calloc(1, sizeof *f);
  struct om_status st;
  assert_non_null(f);
  network_open(&f->net, N, false);
  network_ledgers(&f->net, f->folders, f->ledgers);
  struct record site = record_site(&f->net, MINE, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0);
  assert_int_equal(network_submit(&f->net, 0, f->ledgers[0], &(struct om_receipt){0}, site.bytes, site.len, t0, &st),
                   OM_OK);
  free(site.bytes);
  assert_int_equal(network_settle(&f->net, f->ledgers, t0, &st), OM_OK);
  *state = f;
  return 0;
}

static int close_all(void **state) {
  struct fixture *f = *state;
  network_close_ledgers(&f->net, f->folders, f->ledgers);
  free(f);
  return 0;
}

/* An act on MEMBER by GOVERNOR, handed to the registry's daemon; its event's id goes to ID where that is asked for. */
static enum om_code act(struct fixture *f, bool suspend, uint32_t member, uint32_t governor,
                        const struct om_hash *previous, struct om_hash *id, int64_t at, struct om_status *st) {
  Oremark__Suspend s = OREMARK__SUSPEND__INIT;
  Oremark__Reinstate r = OREMARK__REINSTATE__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT, *events[] = {&event};
  char why[] = "tags of another mine";
  size_t len;
  s.member = r.member = member;
  s.reason = r.reason = why;
  if (suspend) {
    event.kind_case = OREMARK__EVENT__KIND_SUSPEND;
    event.suspend = &s;
  } else {
    event.kind_case = OREMARK__EVENT__KIND_REINSTATE;
    event.reinstate = &r;
  }
  if (previous) event.previous = (ProtobufCBinaryData){sizeof previous->bytes, (uint8_t *)(uintptr_t)previous->bytes};
  uint8_t *bytes = network_statement(&f->net, &len, governor, at, events, 1, &governor, 1);
  struct om_receipt receipt;
  enum om_code code = network_submit(&f->net, 0, f->ledgers[0], &receipt, bytes, len, at, st);
  struct record record = {bytes, len};
  if (id) *id = record_event(&f->net, &record);
  free(bytes);
  return code;
}

static enum om_code extract(struct fixture *f, int64_t at, struct om_status *st) {
  struct record record = record_extract(&f->net, MINE, 1, 1, 1000000, at);
  struct om_receipt receipt;
  enum om_code code = network_submit(&f->net, 1, f->ledgers[1], &receipt, record.bytes, record.len, at, st);
  free(record.bytes);
  return code;
}

/* It binds a log from that log's own mark of it: the log's earlier entries stay good, for whoever mirrors them later.
 */
static void a_suspension_binds_from_the_mark(void **state) {
  struct fixture *f = *state;
  struct om_status st;
  struct om_hash id;
  struct om_log_info info;
  struct om_txn *txn;
  assert_int_equal(extract(f, t0 + 1, &st), OM_OK);
  assert_int_equal(act(f, true, MINE, 1, NULL, &id, t0 + 2, &st), OM_OK);
  assert_int_equal(network_mirror(&f->net, f->ledgers[1], f->ledgers[0], 0, &st), OM_OK);
  assert_int_equal(extract(f, t0 + 3, &st), OM_OK); /* held here, not marked by the log yet */
  assert_int_equal(network_settle(&f->net, f->ledgers, t0 + 4, &st), OM_OK);
  assert_int_equal(extract(f, t0 + 5, &st), OM_REFUSED);
  assert_string_equal(st.rule, "suspended");
  for (size_t i = 0; i < N; i++) {
    assert_int_equal(om_txn_read(&txn, om_ledger_store(f->ledgers[i]), &st), OM_OK);
    assert_int_equal(om_log_info(txn, &info, 1, &st), OM_OK);
    assert_false(info.stopped);
    om_txn_abort(txn);
  }
  assert_int_equal(act(f, false, MINE, 1, &id, NULL, t0 + 6, &st), OM_OK);
  assert_int_equal(network_settle(&f->net, f->ledgers, t0 + 7, &st), OM_OK);
  assert_int_equal(extract(f, t0 + 8, &st), OM_OK);
}

static void only_governors_suspend_and_once(void **state) {
  struct fixture *f = *state;
  struct om_status st;
  struct om_hash first;
  assert_int_equal(act(f, true, MINE, 3, NULL, NULL, t0 + 1, &st), OM_REFUSED);
  assert_string_equal(st.rule, "signature-not-needed");
  assert_int_equal(act(f, true, 9, 1, NULL, NULL, t0 + 1, &st), OM_REFUSED);
  assert_string_equal(st.rule, "member");
  assert_int_equal(act(f, false, MINE, 1, NULL, NULL, t0 + 1, &st), OM_REFUSED);
  assert_string_equal(st.rule, "standing");
  assert_int_equal(act(f, true, MINE, 1, NULL, &first, t0 + 2, &st), OM_OK);
  assert_int_equal(act(f, true, MINE, 1, &first, NULL, t0 + 3, &st), OM_REFUSED);
  assert_string_equal(st.rule, "standing");
}

/* An act that was signed for one state of the member is void in another. */
static void an_old_act_is_not_replayed(void **state) {
  struct fixture *f = *state;
  struct om_status st;
  struct om_hash suspended, again;
  assert_int_equal(act(f, true, MINE, 1, NULL, &suspended, t0 + 1, &st), OM_OK);
  assert_int_equal(act(f, false, MINE, 1, &suspended, &again, t0 + 2, &st), OM_OK);
  assert_int_equal(act(f, true, MINE, 1, NULL, NULL, t0 + 3, &st), OM_REFUSED);
  assert_string_equal(st.rule, "previous");
  assert_int_equal(act(f, true, MINE, 1, &suspended, NULL, t0 + 3, &st), OM_REFUSED);
  assert_string_equal(st.rule, "previous");
  assert_int_equal(act(f, true, MINE, 1, &again, NULL, t0 + 4, &st), OM_OK);
}

/* ---- roles and keys ---- */

static enum om_code governs(struct fixture *f, Oremark__Event *event, int64_t at, struct om_status *st) {
  uint32_t governor = 1;
  struct om_receipt receipt;
  size_t len;
  uint8_t *bytes = network_statement(&f->net, &len, governor, at, &event, 1, &governor, 1);
  enum om_code code = network_submit(&f->net, 0, f->ledgers[0], &receipt, bytes, len, at, st);
  free(bytes);
  return code;
}

/* What a member may no more, it may until its log has marked that; and again from there on. */
static void a_role_binds_from_the_mark(void **state) {
  struct fixture *f = *state;
  struct om_status st;
  Oremark__Role smelter = OREMARK__ROLE__ROLE_SMELTER;
  Oremark__SetRoles act = OREMARK__SET_ROLES__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  act.member = MINE;
  act.roles = &smelter;
  act.n_roles = 1;
  event.kind_case = OREMARK__EVENT__KIND_SET_ROLES;
  event.set_roles = &act;
  assert_int_equal(governs(f, &event, t0 + 1, &st), OM_OK);
  assert_int_equal(network_mirror(&f->net, f->ledgers[1], f->ledgers[0], 0, &st), OM_OK);
  assert_int_equal(extract(f, t0 + 2, &st), OM_OK);
  assert_int_equal(network_settle(&f->net, f->ledgers, t0 + 3, &st), OM_OK);
  assert_int_equal(extract(f, t0 + 4, &st), OM_REFUSED);
  assert_string_equal(st.rule, "role");
  for (size_t i = 0; i < N; i++) assert_false(network_info(f->ledgers[i], 1).stopped);
}

/* A log that has not heard of the revocation takes what the key signs, and whoever mirrors it finds that valid. */
static void a_revocation_binds_from_the_mark(void **state) {
  struct fixture *f = *state;
  struct om_status st;
  struct om_secret *fresh;
  const uint8_t seed[OM_SEED_BYTES] = {77};
  assert_int_equal(om_secret_new(&fresh, seed, &st), OM_OK);
  Oremark__RevokeKey act = OREMARK__REVOKE_KEY__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  act.member = MINE;
  act.key =
      (ProtobufCBinaryData){OM_PUBLIC_BYTES, (uint8_t *)(uintptr_t)om_secret_public(f->net.member_keys[MINE - 1])};
  act.replacement = (ProtobufCBinaryData){OM_PUBLIC_BYTES, (uint8_t *)(uintptr_t)om_secret_public(fresh)};
  act.since_entry = network_info(f->ledgers[0], 0).size;
  event.kind_case = OREMARK__EVENT__KIND_REVOKE_KEY;
  event.revoke_key = &act;
  assert_int_equal(governs(f, &event, t0 + 1, &st), OM_OK);
  assert_int_equal(network_mirror(&f->net, f->ledgers[1], f->ledgers[0], 0, &st), OM_OK);
  assert_int_equal(extract(f, t0 + 2, &st), OM_OK);
  assert_int_equal(network_settle(&f->net, f->ledgers, t0 + 3, &st), OM_OK);
  assert_int_equal(extract(f, t0 + 4, &st), OM_REFUSED);
  assert_string_equal(st.rule, "signature");
  struct om_secret *old = f->net.member_keys[MINE - 1];
  f->net.member_keys[MINE - 1] = fresh;
  assert_int_equal(extract(f, t0 + 5, &st), OM_OK);
  assert_int_equal(network_settle(&f->net, f->ledgers, t0 + 6, &st), OM_OK);
  for (size_t i = 0; i < N; i++) assert_false(network_info(f->ledgers[i], 1).stopped);
  om_secret_free(old);
}

/* ---- moving to another home ---- */

static enum om_code rehome(struct fixture *f, uint32_t to, const struct om_hash *previous, struct om_hash *id,
                           int64_t at, struct om_status *st) {
  Oremark__Rehome r = OREMARK__REHOME__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT, *events[] = {&event};
  uint32_t governor = 1;
  struct om_receipt receipt;
  struct record record;
  r.member = MINE;
  r.home_log = to;
  event.kind_case = OREMARK__EVENT__KIND_REHOME;
  event.rehome = &r;
  if (previous) event.previous = (ProtobufCBinaryData){sizeof previous->bytes, (uint8_t *)(uintptr_t)previous->bytes};
  record.bytes = network_statement(&f->net, &record.len, governor, at, events, 1, &governor, 1);
  enum om_code code = network_submit(&f->net, 0, f->ledgers[0], &receipt, record.bytes, record.len, at, st);
  if (id) *id = record_event(&f->net, &record);
  free(record.bytes);
  return code;
}

static enum om_code extract_at(struct fixture *f, size_t daemon, int64_t at, struct om_status *st) {
  struct record record = record_extract(&f->net, MINE, 1, 1, 1000000, at);
  struct om_receipt receipt;
  enum om_code code = network_submit(&f->net, daemon, f->ledgers[daemon], &receipt, record.bytes, record.len, at, st);
  free(record.bytes);
  return code;
}

/* All hold the registry; only the log of DAEMON marks it. */
static void registry_to(struct fixture *f, size_t daemon, int64_t at) {
  struct om_status st;
  struct om_batch *batch;
  bool marked;
  struct om_signers_keys keys = network_signers(&f->net, daemon);
  for (size_t i = 1; i < N; i++) assert_int_equal(network_mirror(&f->net, f->ledgers[i], f->ledgers[0], 0, &st), OM_OK);
  assert_int_equal(network_finalise(&f->net, f->ledgers, 0, (uint64_t)at / 1000, &st), OM_OK);
  assert_int_equal(om_batch_begin(&batch, f->ledgers[daemon], &st), OM_OK);
  assert_int_equal(om_batch_follow_registry(batch, &marked, at, &st), OM_OK);
  assert_int_equal(om_batch_commit(batch, &keys, &st), OM_OK);
}

/* The new home takes nothing of the member's before the old one is bound, or the member could write in both. */
static void a_member_never_writes_in_two_homes(void **state) {
  struct fixture *f = *state;
  struct om_status st;
  assert_int_equal(rehome(f, 2, NULL, NULL, t0 + 1, &st), OM_OK);
  registry_to(f, 2, t0 + 2);
  assert_int_equal(extract_at(f, 1, t0 + 3, &st), OM_OK); /* the old home has not heard */
  assert_int_equal(extract_at(f, 2, t0 + 4, &st), OM_WAIT);
  assert_string_equal(st.rule, "home");
  assert_int_equal(network_settle(&f->net, f->ledgers, t0 + 5, &st), OM_OK);
  assert_int_equal(extract_at(f, 1, t0 + 6, &st), OM_REFUSED);
  assert_string_equal(st.rule, "home");
  assert_int_equal(extract_at(f, 2, t0 + 7, &st), OM_OK);
  assert_int_equal(network_settle(&f->net, f->ledgers, t0 + 8, &st), OM_OK);
}

/* A second move does not make the first old home forgotten. */
static void every_home_before_is_bound(void **state) {
  struct fixture *f = *state;
  struct om_status st;
  struct om_hash first;
  assert_int_equal(rehome(f, 2, NULL, &first, t0 + 1, &st), OM_OK);
  assert_int_equal(rehome(f, 1, &first, NULL, t0 + 2, &st), OM_OK);
  assert_int_equal(extract_at(f, 1, t0 + 3, &st), OM_OK); /* it has not heard of any of it */
  registry_to(f, 1, t0 + 4);
  assert_int_equal(extract_at(f, 1, t0 + 5, &st), OM_WAIT); /* and log 2 has not either */
  assert_int_equal(network_settle(&f->net, f->ledgers, t0 + 6, &st), OM_OK);
  assert_int_equal(extract_at(f, 1, t0 + 7, &st), OM_OK);
  assert_int_equal(extract_at(f, 2, t0 + 7, &st), OM_REFUSED);
}

/* Nor does it when the second old home is bound and the first is not. */
static void the_first_of_two_homes_is_bound(void **state) {
  struct fixture *f = *state;
  struct om_status st;
  struct om_hash first;
  assert_int_equal(rehome(f, 2, NULL, &first, t0 + 1, &st), OM_OK);
  assert_int_equal(rehome(f, 3, &first, NULL, t0 + 2, &st), OM_OK);
  registry_to(f, 2, t0 + 3);
  registry_to(f, 3, t0 + 4);
  for (size_t i = 0; i < N; i++)
    if (i != 2) assert_int_equal(network_mirror(&f->net, f->ledgers[i], f->ledgers[2], 2, &st), OM_OK);
  assert_int_equal(network_finalise(&f->net, f->ledgers, 2, (uint64_t)t0 / 1000, &st), OM_OK);
  assert_int_equal(extract_at(f, 1, t0 + 5, &st), OM_OK); /* it has not heard of any of it */
  assert_int_equal(extract_at(f, 3, t0 + 6, &st), OM_WAIT);
  assert_non_null(strstr(st.text, "log 1"));
  assert_int_equal(network_settle(&f->net, f->ledgers, t0 + 7, &st), OM_OK);
  assert_int_equal(extract_at(f, 3, t0 + 8, &st), OM_OK);
}

static void a_move_has_its_form(void **state) {
  struct fixture *f = *state;
  struct om_status st;
  struct om_hash first;
  assert_int_equal(rehome(f, 0, NULL, NULL, t0 + 1, &st), OM_REFUSED);
  assert_int_equal(rehome(f, 1, NULL, NULL, t0 + 1, &st), OM_REFUSED);
  assert_int_equal(rehome(f, N, NULL, NULL, t0 + 1, &st), OM_REFUSED);
  assert_string_equal(st.rule, "home");
  assert_int_equal(rehome(f, 2, NULL, &first, t0 + 1, &st), OM_OK);
  assert_int_equal(rehome(f, 1, NULL, NULL, t0 + 2, &st), OM_REFUSED);
  assert_string_equal(st.rule, "previous");
}

/* ---- reassigned lots ---- */

static enum om_code reassign(struct fixture *f, const struct record *made, uint32_t to, int64_t at,
                             struct om_status *st) {
  Oremark__Reassign r = OREMARK__REASSIGN__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT, *events[] = {&event};
  uint8_t number[OM_LOT_NUMBER_BYTES];
  char why[] = "the custodian is bankrupt";
  struct om_hash last;
  uint32_t governor = 1;
  struct om_receipt receipt;
  struct record record;
  network_lot(&f->net, number, &last, made->bytes, made->len, 0, 0);
  r.lot = (ProtobufCBinaryData){sizeof number, number};
  r.last_event = (ProtobufCBinaryData){sizeof last.bytes, last.bytes};
  r.to = to;
  r.reason = why;
  event.kind_case = OREMARK__EVENT__KIND_REASSIGN;
  event.reassign = &r;
  record.bytes = network_statement(&f->net, &record.len, governor, at, events, 1, &governor, 1);
  enum om_code code = network_submit(&f->net, 0, f->ledgers[0], &receipt, record.bytes, record.len, at, st);
  free(record.bytes);
  return code;
}

static enum om_code put(struct fixture *f, size_t daemon, const struct record *record, int64_t at,
                        struct om_status *st) {
  struct om_receipt receipt;
  return network_submit(&f->net, daemon, f->ledgers[daemon], &receipt, record->bytes, record->len, at, st);
}

static struct record mined(struct fixture *f, int64_t at) {
  struct om_status st;
  struct record other = record_site(&f->net, 3, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_PLANT, at);
  struct record made = record_extract(&f->net, MINE, 1, 1, 1000000, at);
  assert_int_equal(put(f, 0, &other, at, &st), OM_OK);
  assert_int_equal(put(f, 1, &made, at, &st), OM_OK);
  assert_int_equal(network_settle(&f->net, f->ledgers, at, &st), OM_OK);
  free(other.bytes);
  return made;
}

/* The next custodian takes the lot once the log that it is taken from is bound; the old custodian can't ship it then.
 */
static void a_reassigned_lot_is_in_one_place(void **state) {
  struct fixture *f = *state;
  struct om_status st;
  struct record made = mined(f, t0 + 1);
  struct record away = record_ship(&f->net, MINE, &made, 4, t0 + 5);
  struct record taken = record_receive(&f->net, 3, 1, &made, &made, t0 + 5);
  assert_int_equal(put(f, 2, &taken, t0 + 5, &st), OM_REFUSED);
  assert_string_equal(st.rule, "pen");
  assert_int_equal(reassign(f, &made, 3, t0 + 6, &st), OM_OK);
  assert_int_equal(reassign(f, &made, 4, t0 + 6, &st), OM_REFUSED);
  assert_string_equal(st.rule, "again");
  registry_to(f, 2, t0 + 7);
  assert_int_equal(put(f, 2, &taken, t0 + 8, &st), OM_WAIT); /* the mine's log has not taken it up */
  assert_int_equal(network_settle(&f->net, f->ledgers, t0 + 9, &st), OM_OK);
  assert_int_equal(put(f, 1, &away, t0 + 10, &st), OM_REFUSED);
  assert_string_equal(st.rule, "pen");
  assert_int_equal(put(f, 2, &taken, t0 + 11, &st), OM_OK);
  assert_int_equal(network_settle(&f->net, f->ledgers, t0 + 12, &st), OM_OK);
  free(made.bytes);
  free(away.bytes);
  free(taken.bytes);
}

/* What the custodian wrote before its log was bound stands, and the act is void. */
static void a_lot_that_moved_on_is_not_reassigned(void **state) {
  struct fixture *f = *state;
  struct om_status st;
  struct record made = mined(f, t0 + 1);
  struct record away = record_ship(&f->net, MINE, &made, 4, t0 + 5);
  struct record taken = record_receive(&f->net, 3, 1, &made, &made, t0 + 5);
  assert_int_equal(reassign(f, &made, 3, t0 + 6, &st), OM_OK);
  registry_to(f, 2, t0 + 7);
  assert_int_equal(put(f, 1, &away, t0 + 8, &st), OM_OK);
  assert_int_equal(network_settle(&f->net, f->ledgers, t0 + 9, &st), OM_OK);
  assert_int_equal(put(f, 2, &taken, t0 + 10, &st), OM_REFUSED);
  assert_string_equal(st.rule, "chain");
  free(made.bytes);
  free(away.bytes);
  free(taken.bytes);
}

/* ---- addresses ---- */

static enum om_code set_address(struct fixture *f, uint32_t member, uint32_t log, const char *address,
                                const struct om_hash *previous, struct om_hash *id, int64_t at, struct om_status *st) {
  Oremark__SetAddress s = OREMARK__SET_ADDRESS__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT, *events[] = {&event};
  char text[300];
  struct om_receipt receipt;
  struct record record;
  snprintf(text, sizeof text, "%s", address);
  s.log = log;
  s.address = text;
  event.kind_case = OREMARK__EVENT__KIND_SET_ADDRESS;
  event.set_address = &s;
  if (previous) event.previous = (ProtobufCBinaryData){sizeof previous->bytes, (uint8_t *)(uintptr_t)previous->bytes};
  record.bytes = network_statement(&f->net, &record.len, member, at, events, 1, &member, 1);
  enum om_code code = network_submit(&f->net, 0, f->ledgers[0], &receipt, record.bytes, record.len, at, st);
  if (id) *id = record_event(&f->net, &record);
  free(record.bytes);
  return code;
}

static void assert_address(struct fixture *f, uint32_t log, const char *wanted) {
  struct om_txn *txn;
  struct om_status st;
  char out[OM_ADDRESS_BYTES + 1];
  assert_int_equal(om_txn_read(&txn, om_ledger_store(f->ledgers[0]), &st), OM_OK);
  assert_int_equal(om_registry_address(txn, out, log, OM_REGISTRY_NOW, &st), OM_OK);
  assert_string_equal(out, wanted);
  om_txn_abort(txn);
}

static void an_operator_says_where_its_daemon_is(void **state) {
  struct fixture *f = *state;
  struct om_status st;
  struct om_hash id;
  assert_address(f, 1, "");
  assert_int_equal(set_address(f, 3, 1, "a.example:1", NULL, NULL, t0 + 1, &st), OM_REFUSED);
  assert_string_equal(st.rule, "operator");
  assert_int_equal(set_address(f, MINE, 9, "a.example:1", NULL, NULL, t0 + 1, &st), OM_REFUSED);
  const char *bad[] = {"a.example", "a.example:", ":1", "a.example:65536", "a.example:1x", "a b:1", "http://a:1"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_int_equal(set_address(f, MINE, 1, bad[i], NULL, NULL, t0 + 1, &st), OM_REFUSED);
    assert_string_equal(st.rule, "form");
  }
  assert_int_equal(set_address(f, MINE, 1, "[2001:db8::1]:7412", NULL, &id, t0 + 2, &st), OM_OK);
  assert_address(f, 1, "[2001:db8::1]:7412");
  assert_int_equal(set_address(f, MINE, 1, "b.example:1", NULL, NULL, t0 + 3, &st), OM_REFUSED);
  assert_string_equal(st.rule, "previous");
  assert_int_equal(set_address(f, MINE, 1, "", &id, NULL, t0 + 4, &st), OM_OK);
  assert_address(f, 1, "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_all, close_all)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_suspension_binds_from_the_mark),
      TEST(only_governors_suspend_and_once),
      TEST(an_old_act_is_not_replayed),
      TEST(a_role_binds_from_the_mark),
      TEST(a_revocation_binds_from_the_mark),
      TEST(a_member_never_writes_in_two_homes),
      TEST(every_home_before_is_bound),
      TEST(the_first_of_two_homes_is_bound),
      TEST(a_move_has_its_form),
      TEST(a_reassigned_lot_is_in_one_place),
      TEST(a_lot_that_moved_on_is_not_reassigned),
      TEST(an_operator_says_where_its_daemon_is),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
