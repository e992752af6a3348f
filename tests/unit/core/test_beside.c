/* Two histories of one log that both are signed: who holds the other one has brought it once, and is asked again when
 * it says more, or when what is held here or looked for is another. As long as nothing changes nothing is said. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/node_state.h"
#include "daemon/core/peer.h"
#include "support/peer_says.h"
#include "support/world.h"

enum { OWN = 0, LOG = 1, SLOTS = 2, HELD = 3, THEIRS = 5 };

static struct world w; /* for its keys; large: not on the stack */
static struct om_node *node;
static int64_t now_ms;
static struct om_action apply;
static size_t follows[SLOTS];
static bool begins[SLOTS];

static void note_follow(const struct om_action *action) {
  Oremark__PeerMessage *message = oremark__peer_message__unpack(NULL, action->len, action->bytes);
  assert_non_null(message);
  if (message->what_case == OREMARK__PEER_MESSAGE__WHAT_FOLLOW && message->follow->log == LOG && !message->follow->stop)
    follows[action->slot]++, begins[action->slot] = true;
  oremark__peer_message__free_unpacked(message, NULL);
}

static void drain(void) {
  struct om_action action;
  while (om_node_next(node, &action, now_ms)) {
    if (action.kind == OM_ACTION_APPLY) {
      apply = action;
      continue;
    }
    if (action.kind == OM_ACTION_SEND) note_follow(&action), om_node_sent(node, action.slot, action.len, now_ms);
    om_action_free(&action);
  }
}

static void have(uint32_t slot, uint64_t size) {
  peer_has(node, slot, LOG, size, 0, now_ms);
  drain();
}

/* The peer in SLOT brings what it has beyond what is held here, which does not go on from that. */
static void brings(uint32_t slot) {
  static const uint8_t entry[50] = {1};
  struct om_span spans[THEIRS] = {{entry, sizeof entry}, {entry, sizeof entry}};
  uint8_t *bytes = NULL;
  size_t len = 0;
  world_entries(&w, &bytes, &len, begins[slot], LOG, HELD, spans, 2);
  begins[slot] = false;
  peer_sends(node, slot, bytes, len, now_ms);
  free(bytes);
  drain();
  assert_int_equal(apply.kind, OM_ACTION_APPLY);
  om_node_applied(node, &apply, HELD, OM_MISSING, now_ms);
  apply = (struct om_action){.kind = OM_ACTION_SEND};
  drain();
}

/* A witness holds HELD entries of the log; two peers have THEIRS of another history, and have shown them. */
static void open_beside(void) {
  struct om_node_config config = {.own_log = OWN, .version = "v"};
  static struct om_quorum quorum = {.n_lists = 1}; /* large */
  quorum.lists[0].n = quorum.lists[0].k = 1;
  quorum.lists[0].daemons[0].log = OWN;
  now_ms = 1000;
  memset(follows, 0, sizeof follows);
  memset(begins, 0, sizeof begins);
  apply = (struct om_action){.kind = OM_ACTION_SEND};
  world_open(&w, 2, NULL, 1, false);
  node = om_node_new(&config);
  om_node_logs(node, 2);
  om_node_quorum(node, LOG, &quorum, now_ms);
  om_node_log_changed(node, LOG, HELD, false, now_ms);
  for (uint32_t slot = 0; slot < SLOTS; slot++) peer_greets(node, slot, OM_LOG_NONE, now_ms);
  for (uint32_t slot = 0; slot < SLOTS; slot++) have(slot, THEIRS);
  uint32_t first = begins[0] ? 0 : 1;
  brings(first);
  brings(1 - first);
  assert_int_equal(follows[0], 1);
  assert_int_equal(follows[1], 1);
}

static void close_beside(void) {
  om_action_free(&apply);
  om_node_free(node);
  world_close(&w);
}

static void pass(int64_t ms) {
  for (int64_t until = now_ms + ms; now_ms < until;) {
    now_ms += OM_NODE_TICK_MS;
    for (uint32_t slot = 0; slot < SLOTS; slot++) node->peers[slot].heard_ms = now_ms;
    om_node_tick(node, now_ms);
    drain();
  }
}

static void they_are_not_asked_for_ever(void **state) {
  (void)state;
  open_beside();
  pass(3 * OM_STALL_MOST_MS);
  assert_int_equal(follows[0] + follows[1], 2);
  close_beside();
}

static void who_says_more_is_asked(void **state) {
  (void)state;
  open_beside();
  have(1, THEIRS + 1);
  assert_int_equal(follows[0], 1);
  assert_int_equal(follows[1], 2);
  brings(1);
  have(1, HELD); /* it was cut */
  have(1, THEIRS);
  assert_int_equal(follows[0], 1);
  assert_int_equal(follows[1], 3);
  close_beside();
}

static void they_are_asked_when_this_is_not_as_it_was(void **state) {
  (void)state;
  for (int how = 0; how < 3; how++) {
    static const uint8_t note[] = "a head";
    open_beside();
    if (how == 0) om_node_log_cut(node, LOG, 1, now_ms);
    if (how == 1) om_node_log_changed(node, LOG, HELD + 1, false, now_ms);
    if (how == 2) om_node_awaited(node, LOG, THEIRS, note, sizeof note, now_ms);
    drain();
    pass(2 * OM_STALL_MS);
    assert_true(follows[0] + follows[1] > 2);
    close_beside();
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(they_are_not_asked_for_ever),
      cmocka_unit_test(who_says_more_is_asked),
      cmocka_unit_test(they_are_asked_when_this_is_not_as_it_was),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
