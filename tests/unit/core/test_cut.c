/* A log that is cut while it is served: whoever goes on with it is sent the head that proves what comes next, though it
 * be as large as one that it was sent before. */
#include "support/test.h"

#include <string.h>

#include "daemon/core/node_state.h"
#include "daemon/core/peer.h"
#include "support/peer_says.h"

enum { LOG = 1, SLOT = 0, FINAL = 3, SIZE = 10 };

static struct om_node *node;
static const int64_t now_ms = 1000;
static size_t served, heads;
static char last_head[16];

static enum om_code entries(void *ctx, struct om_entry_sink *sink, uint32_t log, uint64_t from, uint64_t upto) {
  (void)ctx, (void)log;
  while (from < upto && om_entry_put(sink, (const uint8_t *)"entry", 5)) from++;
  return OM_OK;
}

static enum om_code prove(void *ctx, struct om_proof *out, uint32_t log, uint64_t from, uint64_t size) {
  (void)ctx, (void)log, (void)from, (void)size;
  *out = (struct om_proof){.n = 1};
  return OM_OK;
}

static void note_entries(const struct om_action *action) {
  struct om_peer_message message;
  struct om_status st;
  assert_int_equal(om_peer_decode(&message, action->bytes, action->len, &st), OM_OK);
  if (message.small == NULL) {
    served = message.entries.start + message.entries.n;
    heads += message.entries.head.len > 0;
    if (message.entries.head.len > 0) memcpy(last_head, message.entries.head.data, message.entries.head.len);
  }
  om_peer_message_free(&message);
}

static void drain(void) {
  struct om_action action;
  while (om_node_next(node, &action, now_ms)) {
    assert_int_equal(action.kind, OM_ACTION_SEND);
    note_entries(&action);
    om_node_sent(node, action.slot, action.len, now_ms);
    om_action_free(&action);
  }
}

static void grow(const char *head, uint64_t final_size) {
  om_node_log_changed(node, LOG, SIZE, false, now_ms);
  om_node_provable(node, LOG, SIZE, (const uint8_t *)head, strlen(head) + 1, now_ms);
  om_node_final(node, LOG, final_size, (const uint8_t *)"final", 6, now_ms);
  drain();
}

static void the_head_after_a_cut_is_sent(void **state) {
  (void)state;
  struct om_node_config config = {.own_log = OM_LOG_NONE, .version = "v", .entries = entries, .prove = prove};
  node = om_node_new(&config);
  om_node_logs(node, 2);
  peer_greets(node, SLOT, OM_LOG_NONE, now_ms);
  grow("that lost", FINAL);
  peer_follows(node, SLOT, LOG, 0, false, now_ms); /* no witness: it is served what is final */
  drain();
  assert_int_equal(served, FINAL);
  assert_int_equal(heads, 1);
  om_node_log_cut(node, LOG, FINAL, now_ms);
  grow("that won", SIZE);
  assert_int_equal(served, SIZE);
  assert_int_equal(heads, 2);
  assert_string_equal(last_head, "that won");
  om_node_free(node);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_head_after_a_cut_is_sent),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
