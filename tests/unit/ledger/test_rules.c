/* SetRules, with the two versions of the rules that there are: all logs switch at their mark of it; a program that does
 * not know a version waits there, and accuses nobody. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/rules.h"
#include "support/network.h"
#include "support/records.h"

enum { N = 3, MINE = 2, OLD = 2 /* the daemon whose program knows the first version only */ };
static const int64_t t0 = 1790000000000;

struct fixture {
  struct network net;
  char *folders[N];
  struct om_ledger *ledgers[N];
  struct om_status st;
};

static int open_all(void **state) {
  struct fixture *f = calloc(1, sizeof *f);
  assert_non_null(f);
  network_open_rules(&f->net, N, 0, 1);
  for (size_t i = 0; i < N; i++) {
    f->folders[i] = temp_folder();
    f->ledgers[i] = network_ledger(&f->net, i, f->folders[i]);
  }
  om_ledger_know_rules(f->ledgers[OLD], 1);
  struct record site = record_site(&f->net, MINE, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0);
  struct om_receipt receipt;
  assert_int_equal(network_submit(&f->net, 0, f->ledgers[0], &receipt, site.bytes, site.len, t0, &f->st), OM_OK);
  free(site.bytes);
  assert_int_equal(network_settle(&f->net, f->ledgers, t0, &f->st), OM_OK);
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
  free(f);
  return 0;
}

static struct record set_rules(struct fixture *f, uint32_t version, uint32_t signer, size_t n_events, int64_t at) {
  Oremark__SetRules act = OREMARK__SET_RULES__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT, *events[] = {&event, &event};
  struct record out;
  act.rules_version = version;
  event.kind_case = OREMARK__EVENT__KIND_SET_RULES;
  event.set_rules = &act;
  out.bytes = network_statement(&f->net, &out.len, signer, at, events, n_events, &signer, 1);
  return out;
}

static enum om_code submit(struct fixture *f, size_t daemon, struct record record, int64_t at) {
  struct om_receipt receipt;
  om_status_clear(&f->st);
  enum om_code code =
      network_submit(&f->net, daemon, f->ledgers[daemon], &receipt, record.bytes, record.len, at, &f->st);
  free(record.bytes);
  return code;
}

/* A record of the mine's that is valid for DAYS. */
static enum om_code extract(struct fixture *f, uint32_t days, int64_t at) {
  f->net.valid_days = days;
  struct record record = record_extract(&f->net, MINE, 1, 1, 1000000, at);
  f->net.valid_days = 0;
  return submit(f, 1, record, at);
}

static void all_logs_switch_at_their_mark(void **state) {
  struct fixture *f = *state;
  om_ledger_know_rules(f->ledgers[OLD], 2);
  assert_int_equal(extract(f, 400, t0 + 1), OM_OK);
  assert_int_equal(submit(f, 0, set_rules(f, 2, 1, 1, t0 + 2), t0 + 2), OM_OK);
  assert_int_equal(network_mirror(&f->net, f->ledgers[1], f->ledgers[0], 0, &f->st), OM_OK);
  assert_int_equal(extract(f, 400, t0 + 3), OM_OK); /* held here, not marked by the log yet */
  assert_int_equal(network_settle(&f->net, f->ledgers, t0 + 4, &f->st), OM_OK);
  assert_int_equal(extract(f, 367, t0 + 5), OM_REFUSED);
  assert_string_equal(f->st.rule, "validity");
  assert_int_equal(extract(f, 366, t0 + 6), OM_OK);
  assert_int_equal(network_settle(&f->net, f->ledgers, t0 + 7, &f->st), OM_OK);
  for (size_t i = 0; i < N; i++) { /* who mirrors it later finds each entry valid by the version of its place */
    struct om_log_info log = network_info(f->ledgers[i], 1);
    assert_false(log.stopped);
    assert_int_equal(log.size, network_info(f->ledgers[1], 1).size);
  }
}

static bool upgrade_met(struct fixture *f, size_t daemon) {
  struct om_txn *txn;
  assert_int_equal(om_txn_read(&txn, om_ledger_store(f->ledgers[daemon]), &f->st), OM_OK);
  bool met = om_upgrade_met(txn);
  om_txn_abort(txn);
  return met;
}

static void an_old_program_waits_and_accuses_nobody(void **state) {
  struct fixture *f = *state;
  assert_int_equal(submit(f, 0, set_rules(f, 2, 1, 1, t0 + 1), t0 + 1), OM_OK);
  struct om_ledger *old = f->ledgers[OLD];
  f->ledgers[OLD] = NULL; /* the others go on */
  assert_int_equal(network_settle(&f->net, f->ledgers, t0 + 2, &f->st), OM_OK);
  f->ledgers[OLD] = old;
  assert_int_equal(extract(f, 30, t0 + 3), OM_OK);
  uint64_t before = network_info(old, 0).size, of_mine = network_info(old, 1).size;
  assert_false(upgrade_met(f, OLD));
  for (int again = 0; again < 2; again++) {
    assert_int_equal(network_mirror(&f->net, old, f->ledgers[0], 0, &f->st), OM_WAIT);
    assert_string_equal(f->st.rule, "upgrade");
    assert_non_null(strstr(f->st.text, "version 2"));
  }
  assert_int_equal(network_mirror(&f->net, old, f->ledgers[1], 1, &f->st), OM_WAIT); /* at the log's mark of it */
  assert_true(upgrade_met(f, OLD));
  assert_int_equal(network_info(old, 0).size, before);
  assert_int_equal(network_info(old, 1).size, of_mine);
  for (uint32_t log = 0; log < N; log++) {
    struct om_log_info info = network_info(old, log);
    assert_true(!info.stopped && !info.frozen && info.evidence == 0);
  }
  om_ledger_know_rules(old, 2); /* upgraded */
  assert_int_equal(network_mirror(&f->net, old, f->ledgers[0], 0, &f->st), OM_OK);
  assert_false(upgrade_met(f, OLD));
  assert_int_equal(network_settle(&f->net, f->ledgers, t0 + 4, &f->st), OM_OK);
  assert_int_equal(network_info(old, 1).size, network_info(f->ledgers[1], 1).size);
}

/* Else a registry that dies could make everybody wait for ever. */
static void what_the_governors_have_not_signed_is_not_waited_for(void **state) {
  struct fixture *f = *state;
  struct om_arena arena = {0};
  struct om_checked *checked;
  struct om_batch *batch;
  struct record foreign = set_rules(f, 2, MINE, 1, t0 + 1);
  size_t len;
  uint8_t *entry = network_entry(&len, foreign.bytes, foreign.len, t0 + 1);
  assert_int_equal(om_batch_begin(&batch, f->ledgers[OLD], &f->st), OM_OK);
  assert_int_equal(om_check_entry(&checked, &arena, &f->net.id, om_batch_txn(batch), entry, len, &f->st), OM_OK);
  assert_int_equal(om_batch_mirror(batch, 0, network_info(f->ledgers[OLD], 0).size, checked, &f->st), OM_REFUSED);
  assert_int_equal(om_batch_commit(batch, NULL, &f->st), OM_OK);
  assert_true(network_info(f->ledgers[OLD], 0).stopped);
  assert_false(upgrade_met(f, OLD));
  om_arena_free(&arena);
  free(foreign.bytes);
  free(entry);
}

static void a_change_of_the_rules_has_its_form(void **state) {
  struct fixture *f = *state;
  assert_int_equal(submit(f, 0, set_rules(f, 2, MINE, 1, t0 + 1), t0 + 1), OM_REFUSED);
  assert_string_equal(f->st.rule, "signature-not-needed");
  assert_int_equal(submit(f, 0, set_rules(f, 0, 1, 1, t0 + 1), t0 + 1), OM_REFUSED);
  assert_string_equal(f->st.rule, "form");
  assert_int_equal(submit(f, 0, set_rules(f, 1, 1, 1, t0 + 1), t0 + 1), OM_REFUSED);
  assert_string_equal(f->st.rule, "rules");
  assert_int_equal(submit(f, 0, set_rules(f, 2, 1, 2, t0 + 1), t0 + 1), OM_REFUSED);
  assert_string_equal(f->st.rule, "rules");
  assert_int_equal(submit(f, 0, set_rules(f, OM_RULES_VERSION + 1, 1, 1, t0 + 1), t0 + 1), OM_REFUSED);
  assert_string_equal(f->st.rule, "upgrade");
  struct record first = set_rules(f, 2, 1, 1, t0 + 1);
  assert_int_equal(submit(f, 0, first, t0 + 2), OM_OK);
  assert_int_equal(submit(f, 0, set_rules(f, 1, 1, 1, t0 + 3), t0 + 3),
                   OM_REFUSED); /* says what was before the first */
  assert_string_equal(f->st.rule, "previous");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_all, close_all)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(all_logs_switch_at_their_mark),
      TEST(an_old_program_waits_and_accuses_nobody),
      TEST(what_the_governors_have_not_signed_is_not_waited_for),
      TEST(a_change_of_the_rules_has_its_form),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
