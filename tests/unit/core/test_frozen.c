/* A log with two final histories: who holds the other one is asked once, and neither asked again nor blamed for it. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/node_state.h"
#include "daemon/core/peer.h"
#include "support/peer_says.h"
#include "support/world.h"

enum { OWN = 0, LOG = 1, HELD = 3, THEIRS = 5, PEER = 0 };

static struct world w; /* for its keys; large: not on the stack */
static struct om_node *node;
static int64_t now_ms;
static struct om_action apply, final; /* that are out */
static size_t follows, drops;
static bool begins;
static char head[OM_CHECKPOINT_BYTES + 128];

static void note_follow(const struct om_action *action) {
  Oremark__PeerMessage *message = oremark__peer_message__unpack(NULL, action->len, action->bytes);
  assert_non_null(message);
  if (message->what_case == OREMARK__PEER_MESSAGE__WHAT_FOLLOW && message->follow->log == LOG && !message->follow->stop)
    follows++, begins = true;
  oremark__peer_message__free_unpacked(message, NULL);
}

static void drain(void) {
  struct om_action action;
  while (om_node_next(node, &action, now_ms)) {
    if (action.kind == OM_ACTION_APPLY) {
      apply = action;
      continue;
    }
    if (action.kind == OM_ACTION_FINAL) {
      final = action;
      continue;
    }
    drops += action.kind == OM_ACTION_DROP;
    if (action.kind == OM_ACTION_SEND) note_follow(&action), om_node_sent(node, action.slot, action.len, now_ms);
    om_action_free(&action);
  }
}

static void say(const Oremark__PeerMessage *message) {
  peer_says(node, PEER, message, now_ms);
  drain();
}

static void have(uint64_t size, uint64_t final_size) {
  peer_has(node, PEER, LOG, size, final_size, now_ms);
  drain();
}

/* A head that some have cosigned, as it looks; the ledger of this test says what it is worth. */
static void says_final(uint64_t size) {
  static const char lines[] =
      "\n\xe2\x80\x94 daemon1.example/log AAAAAAAA\n\xe2\x80\x94 daemon2.example/log AAAAAAAA\n";
  struct om_checkpoint checkpoint = {.origin = "daemon1.example/log", .size = size, .root = {{7}}};
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Head what = OREMARK__HEAD__INIT;
  size_t len = om_checkpoint_format(head, &checkpoint);
  memcpy(head + len, lines, sizeof lines - 1);
  what.log = LOG;
  what.checkpoint = (ProtobufCBinaryData){len + sizeof lines - 1, (uint8_t *)head};
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_HEAD;
  message.head = &what;
  say(&message);
}

static enum om_code judged;

static enum om_code judge(void *ctx, uint64_t *size, uint32_t log, const uint8_t *note, size_t len,
                          struct om_status *st) {
  (void)ctx, (void)log;
  assert_int_equal(om_note_size(size, note, len, st), OM_OK);
  return judged == OM_OK ? OM_OK : om_fail(st, judged, "quorum", "as it is said");
}

/* The peer brings two entries beyond what is held here, and the ledger says CODE of them. */
static void brings(enum om_code code) {
  static const uint8_t entry[50] = {1};
  struct om_span spans[THEIRS] = {{entry, sizeof entry}, {entry, sizeof entry}};
  uint8_t *bytes = NULL;
  size_t len = 0;
  world_entries(&w, &bytes, &len, begins, LOG, HELD, spans, 2);
  begins = false;
  peer_sends(node, PEER, bytes, len, now_ms);
  free(bytes);
  drain();
  assert_int_equal(apply.kind, OM_ACTION_APPLY);
  om_node_applied(node, &apply, HELD, code, now_ms);
  apply = (struct om_action){.kind = OM_ACTION_SEND};
  drain();
}

static void pass(int64_t ms) {
  for (int64_t until = now_ms + ms; now_ms < until;) {
    now_ms += OM_NODE_TICK_MS;
    node->peers[PEER].heard_ms = now_ms;
    om_node_tick(node, now_ms);
    drain();
  }
}

/* This daemon witnesses LOG, and holds HELD entries of it, all final; there are two such histories. */
static int begin(void **state) {
  static const uint8_t note[] = "a final head";
  static struct om_quorum quorum = {.n_lists = 1}; /* large */
  struct om_node_config config = {.own_log = OWN, .version = "v", .judge = judge};
  (void)state;
  quorum.lists[0].n = quorum.lists[0].k = 1;
  quorum.lists[0].daemons[0].log = OWN;
  now_ms = 1000;
  follows = drops = 0;
  begins = false;
  judged = OM_OK;
  apply = final = (struct om_action){.kind = OM_ACTION_SEND};
  world_open(&w, 2, NULL, 1, false);
  node = om_node_new(&config);
  om_node_logs(node, 2);
  om_node_quorum(node, LOG, &quorum, now_ms);
  om_node_log_changed(node, LOG, HELD, false, now_ms);
  om_node_final(node, LOG, HELD, note, sizeof note, now_ms);
  om_node_evidence(node, LOG, 1, true);
  peer_greets(node, PEER, OM_LOG_NONE, now_ms);
  drain();
  return 0;
}

static int end(void **state) {
  (void)state;
  om_action_free(&apply);
  om_action_free(&final);
  om_node_free(node);
  world_close(&w);
  return 0;
}

static void who_holds_the_other_is_asked_once(void **state) {
  (void)state;
  static const enum om_code codes[] = {OM_MISSING, OM_NO};
  for (size_t i = 0; i < 2; i++) {
    if (i > 0) end(NULL), begin(NULL);
    have(THEIRS, THEIRS);
    assert_int_equal(follows, 1);
    says_final(THEIRS);
    brings(codes[i]);
    pass(3 * OM_STALL_MOST_MS);
    assert_int_equal(follows, 1);
    assert_int_equal(drops, 0);
  }
}

/* What was looked for because a quorum has signed it is not, once it is known that there are two. */
static void a_claim_is_left_when_it_freezes(void **state) {
  (void)state;
  om_node_evidence(node, LOG, 1, false);
  have(THEIRS, THEIRS);
  says_final(THEIRS);
  brings(OM_MISSING);
  assert_int_equal(node->logs[LOG].refill.size, THEIRS);
  om_node_evidence(node, LOG, 2, true);
  assert_int_equal(node->logs[LOG].refill.size, 0);
  om_node_awaited(node, LOG, THEIRS, (const uint8_t *)head, strlen(head),
                  now_ms); /* by the ledger itself: that stays */
  om_node_evidence(node, LOG, 2, true);
  assert_int_equal(node->logs[LOG].refill.size, THEIRS);
}

/* The ledger waits for a head that a quorum has signed, and what is final here turns out to contradict it: who proves
 * that is not asked to do so again. */
static void what_is_awaited_is_brought_once(void **state) {
  (void)state;
  static const uint8_t entry[50] = {1};
  struct om_entry_sink sink;
  struct om_entry_proof proof = {.prove = THEIRS, .before.n = 1};
  uint8_t *bytes = NULL;
  size_t len = 0;
  om_node_awaited(node, LOG, THEIRS, entry, sizeof entry, now_ms);
  have(THEIRS, THEIRS);
  assert_int_equal(follows, 1);
  om_entry_sink_begin(&sink, LOG, HELD);
  for (int i = 0; i < 2; i++) assert_true(om_entry_put(&sink, entry, sizeof entry));
  om_entry_sink_prove(&sink, &proof);
  om_entry_sink_end(&sink, &bytes, &len);
  peer_sends(node, PEER, bytes, len, now_ms);
  free(bytes);
  drain();
  assert_int_equal(apply.kind, OM_ACTION_APPLY);
  om_node_applied(node, &apply, HELD, OM_MISSING, now_ms);
  apply = (struct om_action){.kind = OM_ACTION_SEND};
  pass(3 * OM_STALL_MOST_MS);
  assert_int_equal(follows, 1);
  assert_int_equal(drops, 0);
}

/* What it lacks of its own history it still gets. */
static void who_has_the_same_is_followed(void **state) {
  (void)state;
  static const uint8_t entry[50] = {1};
  struct om_span spans[1] = {{entry, sizeof entry}};
  uint8_t *bytes = NULL;
  size_t len = 0;
  have(HELD + 1, HELD + 1);
  assert_int_equal(follows, 1);
  world_entries(&w, &bytes, &len, begins, LOG, HELD, spans, 1);
  peer_sends(node, PEER, bytes, len, now_ms);
  free(bytes);
  drain();
  assert_int_equal(apply.kind, OM_ACTION_APPLY);
  om_node_applied(node, &apply, HELD + 1, OM_OK, now_ms);
  apply = (struct om_action){.kind = OM_ACTION_SEND};
  assert_int_equal(node->logs[LOG].size, HELD + 1);
}

/* Nothing leans on more of it. */
static void its_final_heads_are_not_asked_for(void **state) {
  (void)state;
  om_node_log_changed(node, LOG, THEIRS, false, now_ms);
  have(THEIRS, THEIRS);
  pass(OM_STALL_MOST_MS);
  assert_int_equal(follows, 0);
}

/* Which witnesses count in the other history may stand in that. */
static void nobody_is_blamed_for_its_heads(void **state) {
  (void)state;
  om_node_log_changed(node, LOG, THEIRS, false, now_ms);
  have(THEIRS + 1, THEIRS);
  says_final(THEIRS);
  assert_int_equal(final.kind, OM_ACTION_FINAL);
  om_node_finalised(node, &final, OM_REFUSED, now_ms);
  final = (struct om_action){.kind = OM_ACTION_SEND};
  drain();
  judged = OM_REFUSED;
  says_final(THEIRS + 1); /* is taken; it ends the link otherwise */
  judged = OM_WAIT;
  says_final(THEIRS + 2);
  judged = OM_REFUSED;
  om_node_log_changed(node, LOG, THEIRS + 1, false, now_ms); /* it is judged again */
  drain();
  assert_int_equal(drops, 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(who_holds_the_other_is_asked_once), TEST(a_claim_is_left_when_it_freezes),
      TEST(what_is_awaited_is_brought_once),   TEST(who_has_the_same_is_followed),
      TEST(its_final_heads_are_not_asked_for), TEST(nobody_is_blamed_for_its_heads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
