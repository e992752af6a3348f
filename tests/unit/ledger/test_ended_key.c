/* A witness whose own log has ended goes on as one, also with another cosign key: its log can't show that any more. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_state.h"
#include "support/sealing.h"

static void end_log(struct sealing *f) {
  sealing_mine(f);
  struct record call = sealing_call(f, LAST, t0 + 2);
  struct retire r = sealing_all(f, &call, NEEDED, t0 + 2);
  RETIRED(f, &r);
  free(call.bytes);
  sealing_settle(f, t0 + 10);
}

static void replace_key(struct sealing *f, int64_t at) {
  struct om_status st;
  Oremark__RevokeKey act = OREMARK__REVOKE_KEY__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  act.member = N;
  act.key = sealing_data(om_secret_public(f->net.cosign_keys[LAST]), OM_PUBLIC_BYTES);
  act.replacement = sealing_data(om_secret_public(f->spare), OM_PUBLIC_BYTES);
  event.kind_case = OREMARK__EVENT__KIND_REVOKE_KEY;
  event.revoke_key = &act;
  if (sealing_act(f, &event, NULL, at, &st) != OM_OK) fail_msg("%s", st.text);
}

static const char *key_says(struct sealing *f, const struct om_secret *key) {
  static struct om_status st;
  struct om_txn *txn;
  om_status_clear(&st);
  assert_int_equal(om_txn_read(&txn, om_ledger_store(f->ledgers[LAST]), &st), OM_OK);
  om_cosign_key_check(txn, LAST, om_secret_public(key), &st);
  om_txn_abort(txn);
  return st.rule;
}

static void a_new_key_is_shown_by_the_registry(void **state) {
  struct sealing *f = *state;
  struct om_secret *old = f->net.cosign_keys[LAST];
  end_log(f);
  assert_string_equal(key_says(f, old), "");
  assert_string_equal(key_says(f, f->spare), "cosign-key");
  replace_key(f, t0 + 11);
  assert_int_equal(network_mirror(&f->net, f->ledgers[LAST], f->ledgers[0], 0, &(struct om_status){0}), OM_OK);
  assert_string_equal(key_says(f, f->spare), "cosign-key"); /* named, but not final */
  f->net.cosign_keys[LAST] = f->spare;
  sealing_settle(f, t0 + 12);
  assert_string_equal(key_says(f, f->spare), "");
  assert_string_equal(key_says(f, old), "cosign-key"); /* it is to be taken out */
  struct om_status st;
  struct om_batch *batch;
  struct om_txn *txn;
  struct om_bytes note;
  char line[OM_NOTE_LINE_BYTES];
  struct om_signers_keys keys = network_signers(&f->net, LAST);
  assert_int_equal(om_txn_read(&txn, om_ledger_store(f->ledgers[1]), &st), OM_OK);
  assert_int_equal(om_log_head(txn, &note, 1, &st), OM_OK);
  assert_int_equal(om_batch_begin(&batch, f->ledgers[LAST], &st), OM_OK);
  if (om_batch_cosign(batch, line, 1, note.data, note.len, (uint64_t)t0 / 1000, &keys, &st) != OM_OK)
    fail_msg("%s", st.text);
  om_batch_abort(batch);
  om_txn_abort(txn);
  f->net.cosign_keys[LAST] = old;
}

/* A store that was lost can't know from its own log whether the new key has signed what it forgot. */
static void a_lost_store_has_no_key_any_more(void **state) {
  struct sealing *f = *state;
  struct om_status st;
  struct om_batch *batch;
  end_log(f);
  replace_key(f, t0 + 11);
  sealing_settle(f, t0 + 12);
  assert_int_equal(om_batch_begin(&batch, f->ledgers[LAST], &st), OM_OK);
  assert_int_equal(om_votes_lost(batch, 1, &st), OM_OK);
  assert_int_equal(om_batch_commit(batch, NULL, &st), OM_OK);
  assert_string_equal(key_says(f, f->spare), "votes");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, sealing_open, sealing_close)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_new_key_is_shown_by_the_registry),
      TEST(a_lost_store_has_no_key_any_more),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
