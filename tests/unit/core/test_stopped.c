/* A log that an invalid entry has stopped: whoever may know of a quorum for another is asked for that, and what the
 * quorum has signed is fetched from whoever proves it, the log's own daemon last. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/node_state.h"
#include "daemon/core/peer.h"
#include "support/peer_says.h"

enum { LOG = 1, HOME = 0, RELAYS = 2, HELD = 3, FINAL = 5 }; /* slots: the home, then the relays */

static struct om_node *node;
static int64_t now_ms;
static struct om_action apply;
static struct {
  size_t follows, stops;
  uint64_t from, prove; /* of the last */
} said[1 + RELAYS];

static enum om_code judge(void *ctx, uint64_t *size, uint32_t log, const uint8_t *note, size_t len,
                          struct om_status *st) {
  (void)ctx, (void)size, (void)log, (void)note, (void)len, (void)st;
  return OM_OK;
}

static void note_follow(const struct om_action *action) {
  Oremark__PeerMessage *message = oremark__peer_message__unpack(NULL, action->len, action->bytes);
  assert_non_null(message);
  if (message->what_case == OREMARK__PEER_MESSAGE__WHAT_FOLLOW && message->follow->log == LOG) {
    said[action->slot].follows += message->follow->stop ? 0 : 1;
    said[action->slot].stops += message->follow->stop ? 1 : 0;
    said[action->slot].from = message->follow->from;
    said[action->slot].prove = message->follow->prove;
  }
  oremark__peer_message__free_unpacked(message, NULL);
}

static void drain(void) {
  struct om_action action;
  while (om_node_next(node, &action, now_ms)) {
    if (action.kind == OM_ACTION_APPLY) {
      apply = action;
      continue;
    }
    assert_int_equal(action.kind, OM_ACTION_SEND);
    note_follow(&action);
    om_node_sent(node, action.slot, action.len, now_ms);
    om_action_free(&action);
  }
}

static void have(uint32_t slot, uint64_t size) {
  peer_has(node, slot, LOG, size, size, now_ms);
  drain();
}

/* Entries from HELD on, as they lie under what was asked for. */
static void entries(uint32_t slot, size_t n) {
  static const uint8_t entry[50] = {1};
  struct om_entry_sink sink;
  struct om_entry_proof proof = {.prove = FINAL, .before = {.n = 1}};
  uint8_t *bytes = NULL;
  size_t len = 0;
  om_entry_sink_begin(&sink, LOG, HELD);
  for (size_t i = 0; i < n; i++) assert_true(om_entry_put(&sink, entry, sizeof entry));
  om_entry_sink_prove(&sink, &proof);
  om_entry_sink_end(&sink, &bytes, &len);
  peer_sends(node, slot, bytes, len, now_ms);
  free(bytes);
  drain();
}

/* HELD entries are held of the log, the home and two relays have FINAL of them, and the next was found invalid. */
static void open_stopped(void) {
  struct om_node_config config = {.own_log = OM_LOG_NONE, .version = "v", .judge = judge};
  now_ms = 1000;
  memset(said, 0, sizeof said);
  apply = (struct om_action){.kind = OM_ACTION_SEND};
  node = om_node_new(&config);
  om_node_logs(node, 4);
  om_node_log_changed(node, LOG, HELD, false, now_ms);
  for (uint32_t slot = 0; slot <= RELAYS; slot++) peer_greets(node, slot, LOG + slot, now_ms);
  for (uint32_t slot = 0; slot <= RELAYS; slot++) have(slot, FINAL);
  assert_int_equal(said[HOME].follows, 1);
  om_node_log_changed(node, LOG, HELD, true, now_ms);
  drain();
}

static void close_stopped(void) {
  om_action_free(&apply);
  om_node_free(node);
}

/* What the ledger says when a quorum's head has come. */
static void claim(void) {
  static const uint8_t note[] = "a head";
  om_node_claim(node, LOG, FINAL, note, sizeof note, now_ms);
  om_node_log_changed(node, LOG, HELD, false, now_ms);
  drain();
}

static void pass(int64_t ms) {
  for (int64_t until = now_ms + ms; now_ms < until;) {
    now_ms += OM_NODE_TICK_MS;
    for (uint32_t slot = 0; slot <= RELAYS; slot++) node->peers[slot].heard_ms = now_ms;
    om_node_tick(node, now_ms);
    drain();
  }
}

static void heads_are_asked_for(void **state) {
  (void)state;
  open_stopped();
  assert_int_equal(said[HOME].stops, 1);
  assert_int_equal(said[HOME].follows, 1); /* before it was stopped */
  for (uint32_t slot = 1; slot <= RELAYS; slot++) {
    assert_int_equal(said[slot].follows, 1);
    assert_int_equal(said[slot].from, HELD);
    assert_int_equal(said[slot].prove, OM_PROVE_NOTHING);
  }
  have(1, FINAL + 1); /* it is told when there is more */
  pass(60000);
  assert_int_equal(said[1].follows + said[2].follows, 2);
  assert_int_equal(said[HOME].follows, 1);
  close_stopped();
}

static void who_has_no_more_is_not_asked(void **state) {
  (void)state;
  open_stopped();
  om_node_disconnected(node, 2, now_ms);
  memset(said, 0, sizeof said);
  peer_greets(node, 2, LOG + 2, now_ms);
  have(2, HELD);
  assert_int_equal(said[2].follows, 0);
  have(2, HELD + 1);
  assert_int_equal(said[2].follows, 1);
  close_stopped();
}

static void a_claim_is_fetched_from_who_proves_it(void **state) {
  (void)state;
  open_stopped();
  memset(said, 0, sizeof said);
  claim();
  uint32_t slot = said[1].follows > 0 ? 1 : 2, other = 3 - slot;
  assert_int_equal(said[slot].follows, 1);
  assert_int_equal(said[slot].from, HELD);
  assert_int_equal(said[slot].prove, FINAL);
  assert_int_equal(said[other].follows, 0);
  assert_int_equal(said[other].stops, 1);
  assert_int_equal(said[HOME].follows, 0);
  entries(slot, FINAL - HELD);
  assert_int_equal(apply.kind, OM_ACTION_APPLY);
  assert_int_equal(apply.proven->size, FINAL);
  assert_string_equal((const char *)apply.proven->note, "a head");
  /* The other is asked where the first brings what does not lie under it. */
  om_node_applied(node, &apply, HELD, OM_MISSING, now_ms);
  apply = (struct om_action){.kind = OM_ACTION_SEND};
  drain();
  assert_int_equal(said[other].follows, 1);
  assert_int_equal(said[other].prove, FINAL);
  assert_int_equal(said[HOME].follows, 0);
  /* All of it is held: the home again. */
  entries(other, FINAL - HELD);
  om_node_log_changed(node, LOG, FINAL, false, now_ms);
  om_node_claim(node, LOG, 0, NULL, 0, now_ms);
  om_node_applied(node, &apply, FINAL, OM_OK, now_ms);
  apply = (struct om_action){.kind = OM_ACTION_SEND};
  drain();
  have(HOME, FINAL + 1);
  assert_int_equal(said[HOME].follows, 1);
  assert_int_equal(said[HOME].prove, 0);
  close_stopped();
}

/* Only the home has it: it is one of those who may bring it. */
static void the_home_may_bring_it(void **state) {
  (void)state;
  open_stopped();
  for (uint32_t slot = 1; slot <= RELAYS; slot++) om_node_disconnected(node, slot, now_ms);
  memset(said, 0, sizeof said);
  claim();
  assert_int_equal(said[HOME].follows, 1);
  assert_int_equal(said[HOME].prove, FINAL);
  entries(HOME, FINAL - HELD);
  assert_int_equal(apply.kind, OM_ACTION_APPLY);
  assert_false(apply.proven->home); /* its word counts no more than another's */
  close_stopped();
}

/* What the quorum has signed is invalid too: that was the last that was asked. */
static void it_is_stopped_for_good(void **state) {
  (void)state;
  open_stopped();
  claim();
  uint32_t slot = said[1].prove == FINAL ? 1 : 2;
  entries(slot, FINAL - HELD);
  om_node_log_changed(node, LOG, HELD, true, now_ms);
  om_node_claim(node, LOG, 0, NULL, 0, now_ms);
  om_node_applied(node, &apply, HELD, OM_REFUSED, now_ms);
  apply = (struct om_action){.kind = OM_ACTION_SEND};
  drain();
  memset(said, 0, sizeof said);
  for (uint32_t i = 0; i <= RELAYS; i++) have(i, FINAL + 3);
  pass(60000);
  for (uint32_t i = 0; i <= RELAYS; i++) assert_int_equal(said[i].follows, 0);
  close_stopped();
}

/* The governors have ended the log beyond the stop: up to there it is everybody's, and what proves it is the root that
 * they have stated. */
static void the_governors_end_is_fetched_from_anybody(void **state) {
  (void)state;
  open_stopped();
  memset(said, 0, sizeof said);
  om_node_log_ended(node, LOG, FINAL, now_ms);
  om_node_log_changed(node, LOG, HELD, false, now_ms); /* the ledger lets the stop give way */
  drain();
  size_t follows = 0;
  uint32_t source = OM_SLOT_NONE;
  for (uint32_t slot = 0; slot <= RELAYS; slot++) {
    follows += said[slot].follows;
    if (said[slot].follows > 0) source = slot;
  }
  assert_int_equal(follows, 1);
  assert_int_equal(said[source].from, HELD);
  assert_int_equal(said[source].prove, FINAL);
  for (uint32_t slot = 1; slot <= RELAYS; slot++) /* heads are asked for no more */
    if (slot != source) assert_int_equal(said[slot].stops, 1);
  entries(source, FINAL - HELD);
  assert_int_equal(apply.kind, OM_ACTION_APPLY);
  assert_int_equal(apply.n, FINAL - HELD);
  assert_int_equal(apply.proven->size, FINAL);
  assert_int_equal(apply.proven->len, 0); /* no head */
  assert_false(apply.proven->home);
  /* It was invalid there, too: nobody is asked again. */
  memset(said, 0, sizeof said);
  om_node_log_changed(node, LOG, HELD, true, now_ms);
  om_node_applied(node, &apply, HELD, OM_REFUSED, now_ms);
  apply = (struct om_action){.kind = OM_ACTION_SEND};
  drain();
  for (uint32_t slot = 0; slot <= RELAYS; slot++) have(slot, FINAL + 3);
  pass(60000);
  for (uint32_t slot = 0; slot <= RELAYS; slot++) assert_int_equal(said[slot].follows, 0);
  close_stopped();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(heads_are_asked_for),
      cmocka_unit_test(who_has_no_more_is_not_asked),
      cmocka_unit_test(a_claim_is_fetched_from_who_proves_it),
      cmocka_unit_test(the_home_may_bring_it),
      cmocka_unit_test(it_is_stopped_for_good),
      cmocka_unit_test(the_governors_end_is_fetched_from_anybody),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
