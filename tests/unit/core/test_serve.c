/* What a follower is sent that takes in nothing of what it got: the heads that lead it on, and each of them once. */
#include "support/test.h"

#include <string.h>

#include "daemon/core/node_state.h"
#include "daemon/core/peer.h"
#include "support/peer_says.h"

enum { LOG = 1, SLOT = 0, ENTRIES = 400, ENTRY_BYTES = 60000, FIRST = 150, SECOND = 300 };

static struct om_node *node;
static int64_t now_ms;
static size_t n_looked, n_entries, n_heads, unreadable;
static uint64_t looked_from;
static char last_head[16];

static enum om_code entries(void *ctx, struct om_entry_sink *sink, uint32_t log, uint64_t from, uint64_t upto) {
  static const uint8_t entry[ENTRY_BYTES] = {1};
  (void)ctx;
  assert_int_equal(log, LOG);
  while (from < upto && om_entry_put(sink, entry, sizeof entry)) from++;
  return OM_OK;
}

static enum om_code prove(void *ctx, struct om_proof *out, uint32_t log, uint64_t from, uint64_t size) {
  (void)ctx, (void)log, (void)from, (void)size;
  out->n = 0;
  return OM_OK;
}

/* The log has recorded two heads; they can't be read for so many times. */
static bool recorded(void *ctx, uint8_t *note, size_t *len, uint64_t *size, uint32_t log, uint64_t from) {
  (void)ctx;
  assert_int_equal(log, LOG);
  n_looked++;
  looked_from = from;
  if (unreadable > 0) return unreadable--, false;
  *size = from < FIRST ? FIRST : SECOND;
  if (from >= SECOND) return false;
  memcpy(note, from < FIRST ? "first" : "second", *len = from < FIRST ? 5 : 6);
  return true;
}

static void note_sent(const struct om_action *action) {
  Oremark__PeerMessage *message = oremark__peer_message__unpack(NULL, action->len, action->bytes);
  assert_non_null(message);
  if (message->what_case == OREMARK__PEER_MESSAGE__WHAT_ENTRIES) n_entries += message->entries->n_entries;
  if (message->what_case == OREMARK__PEER_MESSAGE__WHAT_HEAD) {
    n_heads++;
    assert_true(message->head->checkpoint.len < sizeof last_head);
    memset(last_head, 0, sizeof last_head);
    memcpy(last_head, message->head->checkpoint.data, message->head->checkpoint.len);
  }
  oremark__peer_message__free_unpacked(message, NULL);
}

static void drain(void) {
  struct om_action action;
  while (om_node_next(node, &action, now_ms)) {
    assert_int_equal(action.kind, OM_ACTION_SEND);
    note_sent(&action);
    om_node_sent(node, action.slot, action.len, now_ms);
    om_action_free(&action);
  }
}

static void follow(uint64_t from, bool stop) {
  peer_follows(node, SLOT, LOG, from, stop, now_ms);
  drain();
}

static int begin(void **state) {
  static const uint8_t newest[] = "newest";
  struct om_node_config config = {
      .own_log = OM_LOG_NONE, .version = "v", .entries = entries, .prove = prove, .recorded = recorded};
  (void)state;
  now_ms = 1000;
  n_looked = n_entries = n_heads = unreadable = 0;
  node = om_node_new(&config);
  om_node_logs(node, 4);
  om_node_log_changed(node, LOG, ENTRIES, false, now_ms);
  om_node_provable(node, LOG, ENTRIES, newest, sizeof newest - 1, now_ms);
  om_node_final(node, LOG, ENTRIES, newest, sizeof newest - 1, now_ms);
  peer_greets(node, SLOT, 3, now_ms);
  drain();
  return 0;
}

static int end(void **state) {
  (void)state;
  om_node_free(node);
  return 0;
}

static void heads_lead_on(void **state) {
  (void)state;
  follow(0, false);
  assert_true(n_entries > 0 && n_entries < FIRST); /* as many as it has room for */
  assert_int_equal(n_heads, 2);
  assert_string_equal(last_head, "first");
  assert_int_equal(looked_from, 0);
  for (uint64_t from = 1; from < FIRST; from++) follow(from, false);
  assert_int_equal(n_looked, 1); /* it is on its way */
  follow(FIRST, false);
  assert_int_equal(n_looked, 2);
  assert_int_equal(n_heads, 3);
  assert_string_equal(last_head, "second");
  for (uint64_t from = FIRST + 1; from < SECOND; from++) follow(from, false);
  assert_int_equal(n_looked, 2);
  for (uint64_t from = SECOND; from <= ENTRIES; from++) follow(from, false);
  assert_int_equal(n_looked, 3); /* and there is nothing more */
  assert_int_equal(n_heads, 3);
  assert_int_equal(n_entries, ENTRIES);
}

/* Whoever begins anew is told anew. */
static void heads_lead_on_again(void **state) {
  (void)state;
  follow(0, false);
  follow(0, true);
  follow(0, false);
  assert_int_equal(n_looked, 2);
  assert_string_equal(last_head, "first");
}

/* For the follower is stuck without it, and says nothing that would have it looked for. */
static void what_was_not_found_is_looked_for_again(void **state) {
  (void)state;
  unreadable = 2;
  follow(0, false);
  assert_int_equal(n_looked, 1);
  for (int64_t until = now_ms + 3 * OM_RETRY_MS; now_ms < until; now_ms += OM_NODE_TICK_MS) {
    om_node_tick(node, now_ms);
    drain();
  }
  assert_int_equal(n_looked, 3); /* and once found, no more */
  assert_int_equal(n_heads, 2);
  assert_string_equal(last_head, "first");
}

/* Nothing is looked for where all that there is has been sent: the follower sees for itself what is recorded. */
static void who_has_room_needs_none(void **state) {
  (void)state;
  for (uint64_t from = ENTRIES - 50; from <= ENTRIES; from++) follow(from, false);
  assert_int_equal(n_entries, 50);
  assert_int_equal(n_looked, 0);
  assert_int_equal(n_heads, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(heads_lead_on, begin, end),
      cmocka_unit_test_setup_teardown(heads_lead_on_again, begin, end),
      cmocka_unit_test_setup_teardown(what_was_not_found_is_looked_for_again, begin, end),
      cmocka_unit_test_setup_teardown(who_has_room_needs_none, begin, end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
