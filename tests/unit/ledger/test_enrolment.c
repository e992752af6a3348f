/* New members and daemons in the registry. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "support/network.h"
#include "support/records.h"

enum { N = 5, NEWCOMER = N + 1 };
static const int64_t t0 = 1790000000000;

struct fixture {
  struct network net;
  char *folder;
  struct om_ledger *ledger;
  struct om_secret *keys[4]; /* of the newcomer's daemon: log, cosign, witness, link */
};

static int open_all(void **state) {
  struct fixture *f = calloc(1, sizeof *f);
  struct om_status st;
  assert_non_null(f);
  network_open(&f->net, N, true);
  f->folder = temp_folder();
  f->ledger = network_ledger(&f->net, 0, f->folder);
  for (uint8_t i = 0; i < 4; i++) {
    uint8_t seed[OM_SEED_BYTES] = {9, i};
    assert_int_equal(om_secret_new(&f->keys[i], seed, &st), OM_OK);
  }
  *state = f;
  return 0;
}

static int close_all(void **state) {
  struct fixture *f = *state;
  for (size_t i = 0; i < 4; i++) om_secret_free(f->keys[i]);
  om_ledger_close(f->ledger);
  remove_folder(f->folder);
  network_close(&f->net);
  free(f);
  return 0;
}

static enum om_code act(struct fixture *f, Oremark__Event *event, struct om_status *st) {
  const uint32_t governor = 1;
  struct om_receipt receipt;
  size_t len;
  uint8_t *bytes = network_statement(&f->net, &len, governor, t0, &event, 1, &governor, 1);
  enum om_code code = network_submit(&f->net, 0, f->ledger, &receipt, bytes, len, t0, st);
  free(bytes);
  return code;
}

static ProtobufCBinaryData public_of(const struct om_secret *secret) {
  return (ProtobufCBinaryData){OM_PUBLIC_BYTES, (uint8_t *)(uintptr_t)om_secret_public(secret)};
}

static enum om_code enrol(struct fixture *f, struct om_status *st) {
  Oremark__NewMember member = OREMARK__NEW_MEMBER__INIT;
  Oremark__Enrol enrol = OREMARK__ENROL__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  char name[] = "newcomer", country[] = "PE";
  member.member = NEWCOMER;
  member.name = name;
  member.country = country;
  member.key = public_of(f->keys[0]);
  enrol.member = &member;
  event.kind_case = OREMARK__EVENT__KIND_ENROL;
  event.enrol = &enrol;
  return act(f, &event, st);
}

static enum om_code add_daemon(struct fixture *f, uint32_t log, uint32_t operator_member, struct om_status *st) {
  Oremark__Daemon daemon = OREMARK__DAEMON__INIT;
  Oremark__AddDaemon add = OREMARK__ADD_DAEMON__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  char origin[] = "newcomer.example/log";
  daemon.origin = origin;
  daemon.operator_ = operator_member;
  daemon.log_key = public_of(f->keys[0]);
  daemon.cosign_key = public_of(f->keys[1]);
  daemon.witness_key = public_of(f->keys[2]);
  daemon.link_key = public_of(f->keys[3]);
  add.log = log;
  add.daemon = &daemon;
  event.kind_case = OREMARK__EVENT__KIND_ADD_DAEMON;
  event.add_daemon = &add;
  return act(f, &event, st);
}

/* All five witness, and any three make a quorum: safe for those of whom four others may witness, not for a sixth. */
static enum om_code three_suffice(struct fixture *f, struct om_status *st) {
  uint32_t logs[] = {0, 1, 2, 3, 4};
  Oremark__WitnessList witnesses = OREMARK__WITNESS_LIST__INIT;
  Oremark__SetWitnesses set = OREMARK__SET_WITNESSES__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  witnesses.n_logs = N;
  witnesses.logs = logs;
  witnesses.quorum = 3;
  set.witnesses = &witnesses;
  event.kind_case = OREMARK__EVENT__KIND_SET_WITNESSES;
  event.set_witnesses = &set;
  return act(f, &event, st);
}

static void a_new_log_must_have_a_safe_quorum(void **state) {
  struct fixture *f = *state;
  struct om_status st;
  assert_int_equal(enrol(f, &st), OM_OK);
  assert_int_equal(three_suffice(f, &st), OM_OK);
  assert_int_equal(add_daemon(f, N, NEWCOMER, &st), OM_REFUSED);
  assert_string_equal(st.rule, "quorum");
  assert_int_equal(add_daemon(f, N, 1, &st), OM_OK);
}

static void a_daemon_takes_the_next_number_and_has_an_operator(void **state) {
  struct fixture *f = *state;
  struct om_status st;
  assert_int_equal(add_daemon(f, N, NEWCOMER, &st), OM_REFUSED);
  assert_string_equal(st.rule, "operator");
  assert_int_equal(add_daemon(f, N + 1, 1, &st), OM_REFUSED);
  assert_string_equal(st.rule, "number");
  assert_int_equal(add_daemon(f, N, 1, &st), OM_OK);
  assert_int_equal(add_daemon(f, N + 1, 1, &st), OM_REFUSED);
  assert_string_equal(st.rule, "origin");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_all, close_all)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_new_log_must_have_a_safe_quorum),
      TEST(a_daemon_takes_the_next_number_and_has_an_operator),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
