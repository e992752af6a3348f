/* Heads that are met and are not of what is held go to the ledger, one of a log at a time; and a head that does not
 * become final is told, once, to who holds as much. */
#include "support/test.h"

#include <string.h>

#include "daemon/core/node_state.h"
#include "daemon/core/peer.h"
#include "support/peer_says.h"

enum { OWN = 0, LOG = 1, SLOTS = 2, HELD = 5 };

static struct om_node *node;
static int64_t now_ms;
static enum om_code compared; /* what is said of every head */
static size_t looks;          /* at heads */
static struct om_action met;  /* an EVIDENCE that is out */
static size_t told[SLOTS];    /* heads */
static char ours[OM_CHECKPOINT_BYTES + 64];

static enum om_code compare(void *ctx, uint64_t *size, uint32_t log, const uint8_t *note, size_t len,
                            struct om_status *st) {
  (void)ctx, (void)log;
  looks++;
  assert_int_equal(om_note_size(size, note, len, st), OM_OK);
  return compared;
}

/* A head of SIZE entries, as it looks; nobody checks its signature here. */
static size_t head_of(char *out, uint64_t size, uint8_t which) {
  static const char line[] = "\n\xe2\x80\x94 daemon1.example/log AAAAAAAA\n";
  struct om_checkpoint head = {.origin = "daemon1.example/log", .size = size, .root = {{which}}};
  size_t len = om_checkpoint_format(out, &head);
  memcpy(out + len, line, sizeof line - 1);
  return len + sizeof line - 1;
}

static void note_have(const struct om_action *action) {
  Oremark__PeerMessage *message = oremark__peer_message__unpack(NULL, action->len, action->bytes);
  assert_non_null(message);
  if (message->what_case == OREMARK__PEER_MESSAGE__WHAT_HAVE && message->have->head.len > 0) {
    assert_int_equal(message->have->head.len, strlen(ours));
    assert_memory_equal(message->have->head.data, ours, strlen(ours));
    told[action->slot]++;
  }
  oremark__peer_message__free_unpacked(message, NULL);
}

static void drain(void) {
  struct om_action action;
  while (om_node_next(node, &action, now_ms)) {
    if (action.kind == OM_ACTION_EVIDENCE) {
      assert_int_equal(met.kind, OM_ACTION_SEND); /* one is out at a time */
      met = action;
      continue;
    }
    if (action.kind == OM_ACTION_SEND) note_have(&action), om_node_sent(node, action.slot, action.len, now_ms);
    om_action_free(&action);
  }
}

static void have(uint32_t slot, uint64_t size, const char *head, size_t len) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Have what = OREMARK__HAVE__INIT;
  what.log = LOG;
  what.size = size;
  what.head = (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)head};
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_HAVE;
  message.have = &what;
  peer_says(node, slot, &message, now_ms);
  drain();
}

static void pass(int64_t ms) {
  for (int64_t until = now_ms + ms; now_ms < until;) {
    now_ms += OM_NODE_TICK_MS;
    for (uint32_t slot = 0; slot < SLOTS; slot++) node->peers[slot].heard_ms = now_ms;
    om_node_tick(node, now_ms);
    drain();
  }
}

static int begin(void **state) {
  (void)state;
  struct om_node_config config = {.own_log = OWN, .version = "v", .compare = compare};
  now_ms = 1000;
  looks = 0;
  compared = OM_REFUSED;
  met = (struct om_action){.kind = OM_ACTION_SEND};
  memset(told, 0, sizeof told);
  node = om_node_new(&config);
  om_node_logs(node, 2);
  om_node_log_changed(node, LOG, HELD, false, now_ms);
  ours[head_of(ours, HELD, 1)] = '\0';
  om_node_provable(node, LOG, HELD, (const uint8_t *)ours, strlen(ours), now_ms);
  for (uint32_t slot = 0; slot < SLOTS; slot++) peer_greets(node, slot, OM_LOG_NONE, now_ms);
  return 0;
}

static int end(void **state) {
  (void)state;
  om_action_free(&met);
  om_node_free(node);
  return 0;
}

static void a_head_of_another_history_goes_to_the_ledger(void **state) {
  (void)state;
  char head[OM_CHECKPOINT_BYTES + 64], second[OM_CHECKPOINT_BYTES + 64];
  size_t len = head_of(head, HELD, 2), second_len = head_of(second, HELD - 1, 3);
  have(0, HELD, head, len);
  assert_int_equal(met.kind, OM_ACTION_EVIDENCE);
  assert_true(met.met);
  assert_int_equal(met.log, LOG);
  assert_int_equal(met.len, len);
  assert_memory_equal(met.bytes, head, len);
  have(1, HELD, second, second_len); /* let go */
  om_node_shown(node, &met, OM_EVIDENCE_NONE, OM_OK, now_ms);
  drain();
  assert_int_equal(met.kind, OM_ACTION_SEND);
  have(1, HELD, second, second_len);
  assert_int_equal(met.kind, OM_ACTION_EVIDENCE);
  assert_int_equal(met.len, second_len);
  om_node_shown(node, &met, OM_EVIDENCE_NONE, OM_IO, now_ms); /* not now: tried again */
  drain();
  assert_int_equal(met.kind, OM_ACTION_SEND);
  pass(2 * OM_RETRY_MS);
  assert_int_equal(met.kind, OM_ACTION_EVIDENCE);
  assert_true(node->peers[0].connected && node->peers[1].connected); /* nobody is blamed */
}

static void what_shows_nothing_does_not(void **state) {
  (void)state;
  char head[OM_CHECKPOINT_BYTES + 64];
  have(0, HELD, ours, strlen(ours));
  assert_int_equal(looks, 0);
  size_t len = head_of(head, HELD + 1, 2); /* beyond what is held */
  have(0, HELD + 1, head, len);
  have(0, HELD, head, 7); /* no head */
  assert_int_equal(looks, 0);
  len = head_of(head, HELD - 1, 2);
  compared = OM_OK;
  have(0, HELD, head, len);
  compared = OM_MALFORMED;
  have(0, HELD, head, len);
  assert_int_equal(looks, 2);
  assert_int_equal(met.kind, OM_ACTION_SEND);
  om_node_evidence(node, LOG, 1, true); /* frozen: all is known */
  compared = OM_REFUSED;
  have(0, HELD, head, len);
  assert_int_equal(looks, 2);
  assert_int_equal(met.kind, OM_ACTION_SEND);
}

/* Checking costs who brings it its allowance. */
static void a_flood_is_not_looked_at(void **state) {
  (void)state;
  char head[OM_CHECKPOINT_BYTES + 64];
  compared = OM_OK;
  for (int i = 0; i < 10 * OM_JUDGE_BURST; i++) {
    size_t len = head_of(head, HELD, (uint8_t)(2 + i % 100));
    have(0, HELD, head, len);
  }
  assert_true(looks <= OM_JUDGE_BURST);
  size_t before = looks;
  size_t len = head_of(head, HELD, 2);
  have(1, HELD, head, len);
  assert_int_equal(looks, before + 1);
}

static void what_does_not_become_final_is_told_once(void **state) {
  (void)state;
  have(0, HELD, NULL, 0);
  have(1, HELD - 1, NULL, 0); /* it asks for what it lacks, and finds out by that */
  pass(OM_STALL_MS / 2);
  assert_int_equal(told[0] + told[1], 0);
  pass(OM_STALL_MS);
  assert_int_equal(told[0], 1);
  pass(2 * OM_STALL_MOST_MS);
  assert_int_equal(told[0], 1);
  assert_int_equal(told[1], 0);
  have(1, HELD, NULL, 0);
  pass(OM_STALL_MS);
  assert_int_equal(told[0], 1);
  assert_int_equal(told[1], 1);
}

static void what_becomes_final_is_not_told_so(void **state) {
  (void)state;
  for (uint32_t slot = 0; slot < SLOTS; slot++) have(slot, HELD, NULL, 0);
  om_node_final(node, LOG, HELD, (const uint8_t *)ours, strlen(ours), now_ms);
  pass(2 * OM_STALL_MOST_MS);
  assert_int_equal(told[0] + told[1], 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_head_of_another_history_goes_to_the_ledger),
      TEST(what_shows_nothing_does_not),
      TEST(a_flood_is_not_looked_at),
      TEST(what_does_not_become_final_is_told_once),
      TEST(what_becomes_final_is_not_told_so),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
