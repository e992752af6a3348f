/* What a witness gives its writer, and when: entries and the vote on them together, so that one commit serves both. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/peer.h"
#include "support/peer_says.h"
#include "support/world.h"

enum { OWN = 2, HOME = 1, SLOT = 0, BEGIN_MS = 1000 };

static struct world w; /* for its keys; large: not on the stack */
static struct om_node *node;
static int64_t now_ms;
static struct om_action apply, cosign, final;
static size_t n_given; /* actions for the writer, in all */
static enum om_action_kind last_given;

static enum om_code judge(void *ctx, uint64_t *size, uint32_t log, const uint8_t *note, size_t len,
                          struct om_status *st) {
  (void)ctx, (void)size, (void)log, (void)note, (void)len, (void)st;
  fail_msg("judged");
  return OM_OK;
}

static void drain(void) {
  struct om_action action;
  while (om_node_next(node, &action, now_ms)) {
    if (action.kind == OM_ACTION_SEND) {
      om_node_sent(node, action.slot, action.len, now_ms);
      om_action_free(&action);
      continue;
    }
    assert_int_equal(action.log, HOME);
    last_given = action.kind;
    n_given++;
    if (action.kind == OM_ACTION_APPLY)
      apply = action;
    else if (action.kind == OM_ACTION_COSIGN)
      cosign = action;
    else if (action.kind == OM_ACTION_FINAL)
      final = action;
    else
      fail_msg("kind %d", action.kind);
  }
}

static void say(const Oremark__PeerMessage *message) {
  peer_says(node, SLOT, message, now_ms);
  drain();
}

static void entries(uint64_t start, size_t n) {
  static const uint8_t entry[50] = {1};
  struct om_span spans[OM_CHUNK_ENTRIES];
  uint8_t *bytes = NULL;
  size_t len = 0;
  assert_true(n <= OM_CHUNK_ENTRIES);
  for (size_t i = 0; i < n; i++) spans[i] = (struct om_span){entry, sizeof entry};
  world_entries(&w, &bytes, &len, true, HOME, start, spans, n);
  peer_sends(node, SLOT, bytes, len, now_ms);
  free(bytes);
  drain();
}

static size_t note_at(char note[OM_NOTE_BYTES_MAX], uint64_t size) {
  struct om_hash root = {{1}};
  return world_note(&w, note, HOME, size, &root, NULL, 0);
}

static void propose(uint64_t size) {
  static char note[OM_NOTE_BYTES_MAX];
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Propose body = OREMARK__PROPOSE__INIT;
  body.log = HOME;
  body.checkpoint = (ProtobufCBinaryData){note_at(note, size), (uint8_t *)note};
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_PROPOSE;
  message.propose = &body;
  say(&message);
}

static void head(uint64_t size) {
  static char note[OM_NOTE_BYTES_MAX];
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Head body = OREMARK__HEAD__INIT;
  body.log = HOME;
  body.checkpoint = (ProtobufCBinaryData){note_at(note, size), (uint8_t *)note};
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_HEAD;
  message.head = &body;
  say(&message);
}

/* A witness of log HOME, linked to its daemon. Its own log asks nobody, so that it is ready. */
static void begin(void) {
  struct om_node_config config = {.own_log = OWN, .version = "v", .judge = judge};
  struct om_quorum none = {.n_lists = 1}, quorum = {.n_lists = 1, .lists = {{.operators = 1, .k = 1, .n = 1}}};
  world_open(&w, 2, NULL, 1, false);
  now_ms = BEGIN_MS;
  n_given = 0;
  apply = cosign = final = (struct om_action){.kind = OM_ACTION_SEND};
  quorum.lists[0].daemons[0].log = OWN;
  node = om_node_new(&config);
  om_node_logs(node, OWN + 1);
  om_node_quorum(node, OWN, &none, now_ms);
  om_node_quorum(node, HOME, &quorum, now_ms);
  peer_greets(node, SLOT, HOME, now_ms);
  drain();
}

static void finish(void) {
  om_action_free(&apply);
  om_action_free(&cosign);
  om_action_free(&final);
  om_node_free(node);
  world_close(&w);
}

/* The vote is given out right behind the entries, not after them. */
static void a_vote_follows_its_entries(void **state) {
  (void)state;
  begin();
  propose(3);
  assert_int_equal(n_given, 0);
  entries(0, 3);
  assert_int_equal(n_given, 2);
  assert_int_equal(apply.n, 3);
  assert_int_equal(last_given, OM_ACTION_COSIGN);
  om_node_log_changed(node, HOME, 3, false, now_ms);
  om_node_applied(node, &apply, 3, OM_OK, now_ms);
  om_node_cosigned(node, &cosign, "line\n", OM_OK, now_ms);
  drain();
  assert_int_equal(n_given, 2);
  finish();
}

/* Where the writer took only some of them in, the ledger could not vote: it is asked again with the rest. */
static void a_vote_waits_for_the_rest(void **state) {
  (void)state;
  begin();
  propose(3);
  entries(0, 3);
  assert_int_equal(n_given, 2);
  om_node_log_changed(node, HOME, 2, false, now_ms);
  om_node_applied(node, &apply, 2, OM_OK, now_ms);
  om_node_cosigned(node, &cosign, NULL, OM_WAIT, now_ms);
  drain();
  assert_int_equal(n_given, 4);
  assert_int_equal(apply.start, 2);
  assert_int_equal(last_given, OM_ACTION_COSIGN);
  finish();
}

/* Nothing is voted on beyond what is being taken in. */
static void no_vote_beyond_the_entries(void **state) {
  (void)state;
  begin();
  propose(4);
  entries(0, 3);
  assert_int_equal(n_given, 1);
  assert_int_equal(last_given, OM_ACTION_APPLY);
  om_node_log_changed(node, HOME, 3, false, now_ms);
  om_node_applied(node, &apply, 3, OM_OK, now_ms);
  drain();
  assert_int_equal(n_given, 1);
  finish();
}

/* Entries that nothing is proposed for yet wait for that, a while. */
static void entries_wait_for_a_proposal(void **state) {
  (void)state;
  begin();
  entries(0, 1);
  entries(1, 1);
  assert_int_equal(n_given, 0);
  propose(2);
  assert_int_equal(n_given, 2);
  assert_int_equal(apply.n, 2);
  om_node_log_changed(node, HOME, 2, false, now_ms);
  om_node_applied(node, &apply, 2, OM_OK, now_ms);
  om_node_cosigned(node, &cosign, "line\n", OM_OK, now_ms);
  drain();
  entries(2, 1);
  assert_int_equal(n_given, 2);
  now_ms += OM_GATHER_MS - 1;
  om_node_tick(node, now_ms);
  drain();
  assert_int_equal(n_given, 2);
  now_ms++;
  om_node_tick(node, now_ms);
  drain();
  assert_int_equal(n_given, 3);
  assert_int_equal(apply.start, 2);
  finish();
}

/* Many entries don't wait: the flush is well used without a proposal. */
static void many_entries_do_not_wait(void **state) {
  (void)state;
  begin();
  entries(0, (OM_GATHER_KB << 10) / (50 + OM_ENTRY_COST_BYTES) + 1);
  assert_int_equal(n_given, 1);
  assert_int_equal(last_given, OM_ACTION_APPLY);
  finish();
}

/* What its home calls final goes to the ledger unjudged where the entries are held: judge() fails the test. */
static void a_held_head_is_judged_once(void **state) {
  (void)state;
  begin();
  propose(3);
  entries(0, 3);
  om_node_log_changed(node, HOME, 3, false, now_ms);
  om_node_applied(node, &apply, 3, OM_OK, now_ms);
  om_node_cosigned(node, &cosign, "line\n", OM_OK, now_ms);
  drain();
  head(3);
  assert_int_equal(last_given, OM_ACTION_FINAL);
  finish();
}

/* A home proposes one wrong head after the other: so many are judged as its allowance has, and the last is not
 * forgotten. */
static void wrong_heads_are_paid_for(void **state) {
  enum { MANY = 4 * OM_JUDGE_BURST };
  (void)state;
  begin();
  entries(0, MANY);
  now_ms += OM_GATHER_MS;
  om_node_tick(node, now_ms);
  drain();
  om_node_log_changed(node, HOME, MANY, false, now_ms);
  om_node_applied(node, &apply, MANY, OM_OK, now_ms);
  drain();
  size_t before = n_given;
  for (uint64_t size = 1; size <= MANY; size++) {
    size_t given = n_given;
    propose(size);
    if (n_given == given) continue;
    om_node_cosigned(node, &cosign, NULL, OM_REFUSED, now_ms);
    drain();
  }
  assert_int_equal(n_given - before, OM_JUDGE_BURST);
  now_ms += OM_JUDGE_MS;
  om_node_tick(node, now_ms);
  drain();
  assert_int_equal(n_given - before, OM_JUDGE_BURST + 1);
  om_node_cosigned(node, &cosign, "line\n", OM_OK, now_ms);
  propose(MANY); /* what stands is free of charge: it is told again */
  drain();
  finish();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_vote_follows_its_entries), cmocka_unit_test(a_vote_waits_for_the_rest),
      cmocka_unit_test(no_vote_beyond_the_entries), cmocka_unit_test(entries_wait_for_a_proposal),
      cmocka_unit_test(many_entries_do_not_wait),   cmocka_unit_test(a_held_head_is_judged_once),
      cmocka_unit_test(wrong_heads_are_paid_for),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
