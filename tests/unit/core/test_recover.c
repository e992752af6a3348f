/* The question at the start: a node that has lost its store takes its log back from its witnesses and signs nothing
 * before. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/peer.h"
#include "support/seed.h"
#include "support/world.h"

static struct world w; /* large: not on the stack */

static const bool everybody[WORLD_NODES] = {true, true, true, true, true, true, true, true, true, true, true, true};

static void join_all(void) {
  for (uint32_t a = 0; a < w.n; a++)
    for (uint32_t b = a + 1; b < w.n; b++) world_join(&w, a, b);
}

static const struct world_log *own(uint32_t node) {
  return &w.nodes[node].logs[node];
}

static bool ready(uint32_t node) {
  return om_node_ready(w.nodes[node].node);
}

static void all_begin_together(void **state) {
  (void)state;
  world_open(&w, 4, everybody, test_seed(), false);
  for (uint32_t i = 0; i < 4; i++) assert_false(ready(i));
  join_all();
  world_run(&w, 1000);
  for (uint32_t i = 0; i < 4; i++) assert_true(ready(i));
  world_close(&w);
}

/* Of four logs with k = 3, fills that of node 0, makes it final, and takes it from its home but for KEPT entries. */
static void lose(size_t kept, struct om_hash *root) {
  world_open(&w, 4, everybody, test_seed(), false);
  join_all();
  world_run(&w, 1000);
  world_append(&w, 0, 300, 400, 0, 0);
  assert_true(world_settle(&w, 20000));
  *root = own(0)->roots[300];
  world_lose(&w, 0, kept);
  assert_int_equal(own(0)->size, kept);
}

static void comes_back(size_t kept) {
  struct om_hash root;
  lose(kept, &root);
  assert_false(ready(0));
  for (uint32_t i = 1; i < 4; i++) world_join(&w, 0, i);
  for (int i = 0; i < 100 && !ready(0); i++) {
    world_run(&w, 100);
    if (!ready(0)) assert_int_equal(w.nodes[0].proposed, 0);
  }
  assert_true(ready(0));
  assert_int_equal(own(0)->size, 300);
  assert_true(om_hash_equal(&own(0)->roots[300], &root));
  world_append(&w, 0, 5, 100, 0, 0);
  assert_true(world_settle(&w, 20000));
  assert_int_equal(own(0)->final_size, 305);
  world_close(&w);
}

static void an_empty_store(void **state) {
  (void)state;
  comes_back(0);
}

static void an_old_copy(void **state) {
  (void)state;
  comes_back(120);
}

/* No link leads to NODE, directly or through others. */
static void leave_alone(uint32_t node) {
  for (size_t i = 0; i < WORLD_LINKS; i++)
    if (w.links[i].up && (w.links[i].nodes[0] == node || w.links[i].nodes[1] == node)) world_cut(&w, i);
}

static void fewer_than_a_quorum(void **state) {
  (void)state;
  char text[OM_STATUS_TEXT_BYTES];
  struct om_hash root;
  lose(0, &root);
  leave_alone(3);
  world_join(&w, 0, 1);
  world_join(&w, 0, 2);
  world_run(&w, 20000);
  assert_false(ready(0));
  assert_true(om_node_waiting(w.nodes[0].node, text, sizeof text));
  assert_non_null(strstr(text, "1 more of its witnesses"));
  assert_non_null(strstr(text, "daemon3.example/log"));
  assert_null(strstr(text, "daemon1.example/log"));
  assert_int_equal(own(0)->size, 300); /* what can be had is taken meanwhile */
  world_join(&w, 0, 3);
  world_run(&w, 1000);
  assert_true(ready(0));
  assert_false(om_node_waiting(w.nodes[0].node, text, sizeof text));
  world_close(&w);
}

/* A witness that tells a true head and brings altered entries below it loses its link, and they come from another. */
static void a_teller_that_alters_entries(void **state) {
  (void)state;
  struct om_hash root;
  lose(0, &root);
  w.nodes[1].lies = true;
  world_join(&w, 0, 1);
  world_run(&w, 3000);
  assert_int_equal(own(0)->size, 0);
  assert_true(w.nodes[0].drops > 0);
  for (uint32_t i = 1; i < 4; i++) world_join(&w, 0, i);
  world_run(&w, 20000);
  assert_true(om_hash_equal(&own(0)->roots[300], &root));
  world_join(&w, 0, 1); /* it tells true heads, and three are wanted */
  w.nodes[1].lies = false;
  world_run(&w, 5000);
  assert_true(ready(0));
  world_close(&w);
}

/* The governors have stated the head anew: what a witness tells counts once it goes by that too. */
static void what_was_told_before_a_restart(void **state) {
  (void)state;
  enum { BY = 9 };
  struct om_hash root;
  lose(0, &root);
  om_node_stated(w.nodes[0].node, 0, BY, w.now_ms);
  for (uint32_t i = 1; i < 4; i++) world_join(&w, 0, i);
  world_run(&w, 20000);
  assert_false(ready(0));
  assert_int_equal(own(0)->size, 0);
  for (uint32_t i = 1; i < 4; i++) om_node_stated(w.nodes[i].node, 0, BY, w.now_ms);
  world_run(&w, 5000);
  assert_true(ready(0));
  assert_true(om_hash_equal(&own(0)->roots[300], &root));
  world_close(&w);
}

/* The store is of before a restart of the network, which stated the log's head below the end of that store: what the
 * witnesses hold by now does not go on from there. It is no fork: the operator accepts the restart here too. */
static void a_tail_of_before_a_restart(void **state) {
  (void)state;
  enum { BY = 9, STATED = 200 };
  char text[OM_STATUS_TEXT_BYTES];
  struct om_hash root;
  lose(STATED, &root);
  world_append(&w, 0, 30, 100, 0, 0);
  for (uint32_t i = 1; i < 4; i++) om_node_stated(w.nodes[i].node, 0, BY, w.now_ms);
  for (uint32_t i = 1; i < 4; i++) world_join(&w, 0, i);
  world_run(&w, 20000);
  assert_false(ready(0));
  assert_false(om_node_own_fork(w.nodes[0].node));
  assert_int_equal(own(0)->size, STATED + 30);
  assert_true(om_node_waiting(w.nodes[0].node, text, sizeof text));
  assert_non_null(strstr(text, "oremark network accept"));
  for (uint32_t i = 0; i < 4; i++) assert_int_equal(w.nodes[i].drops, 0);
  world_rewind(&w, 0, STATED);
  om_node_stated(w.nodes[0].node, 0, BY, w.now_ms);
  world_run(&w, 5000);
  assert_true(ready(0));
  assert_int_equal(own(0)->size, 300);
  assert_true(om_hash_equal(&own(0)->roots[300], &root));
  world_close(&w);
}

static void cosigns_nothing_before(void **state) {
  (void)state;
  struct om_hash root;
  lose(0, &root);
  leave_alone(2);
  leave_alone(3);
  world_join(&w, 0, 1);
  world_run(&w, 1000);
  world_append(&w, 1, 5, 100, 0, 0);
  world_run(&w, 3000);
  assert_int_equal(w.nodes[0].logs[1].size, 5);
  assert_int_equal(w.nodes[0].logs[1].vote, 0);
  world_join(&w, 0, 2);
  world_join(&w, 0, 3);
  world_run(&w, 10000);
  assert_int_equal(w.nodes[0].logs[1].vote, 5);
  world_close(&w);
}

static ProtobufCBinaryData tell_start; /* goes with what is told; none: as to a log that is not known */

static bool tell(size_t link, uint32_t from, uint32_t log, uint64_t size, const char *note, size_t len) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Told told = OREMARK__TOLD__INIT;
  uint8_t *bytes = NULL;
  size_t n = 0;
  told.log = log;
  told.size = size;
  told.start = tell_start;
  told.checkpoint = (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)note};
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_TOLD;
  message.told = &told;
  om_peer_encode(&bytes, &n, &message);
  bool dropped = world_forge(&w, link, from, bytes, n);
  free(bytes);
  return dropped;
}

/* NOTE: a head of log 0 at SIZE that SIGNER's key has signed. */
static size_t head_by(char note[OM_NOTE_BYTES_MAX], uint32_t signer, uint64_t size, const struct om_hash *root) {
  struct om_secret *key = w.nodes[0].log_key;
  w.nodes[0].log_key = w.nodes[signer].log_key;
  size_t len = world_note(&w, note, 0, size, root, NULL, 0);
  w.nodes[0].log_key = key;
  return len;
}

static void what_is_told_must_be_signed(void **state) {
  (void)state;
  char note[OM_NOTE_BYTES_MAX];
  struct om_hash root = {{7}};
  world_open(&w, 4, everybody, test_seed(), false);
  size_t link = world_join(&w, 0, 1);
  assert_true(tell(link, 1, 0, 5, NULL, 0)); /* nobody has asked it yet */
  link = world_join(&w, 0, 1);
  world_run(&w, 100);
  assert_true(tell(link, 1, 2, 5, NULL, 0)); /* nor of this */
  link = world_join(&w, 0, 1);
  world_run(&w, 100);
  size_t len = head_by(note, 1, 9, &root);
  assert_true(tell(link, 1, 0, 9, note, len));
  link = world_join(&w, 0, 1);
  world_run(&w, 100);
  assert_true(tell(link, 1, 0, 9, "x", 1));
  world_close(&w);
}

/* A head of the own log that covers what nobody brings is waited for; one beside what is held is a fork for ever. */
static void heads_that_do_not_stand(void **state) {
  (void)state;
  char note[OM_NOTE_BYTES_MAX], text[OM_STATUS_TEXT_BYTES];
  struct om_hash root = {{7}};
  world_open(&w, 4, everybody, test_seed(), false);
  world_append(&w, 0, 5, 100, 0, 0);
  size_t link = world_join(&w, 0, 1);
  world_run(&w, 100);
  size_t len = head_by(note, 0, 9, &root);
  assert_false(tell(link, 1, 0, 5, note, len));
  world_join(&w, 0, 2);
  world_join(&w, 0, 3);
  world_run(&w, 20000);
  assert_false(ready(0));
  assert_false(om_node_own_fork(w.nodes[0].node));
  assert_int_equal(w.nodes[0].proposed, 0);
  world_append(&w, 0, 5, 100, 0, 0); /* only to reach what was told */
  assert_false(ready(0));
  assert_true(om_node_own_fork(w.nodes[0].node));
  assert_true(om_node_waiting(w.nodes[0].node, text, sizeof text));
  world_run(&w, 20000);
  assert_false(ready(0));
  assert_int_equal(w.nodes[0].proposed, 0);
  assert_int_equal(w.nodes[0].met, 1); /* its ledger keeps what can be shown of that */
  world_close(&w);
}

/* Entries that a witness says that it holds under no head do not hold up the start. */
static void sizes_bind_nobody(void **state) {
  (void)state;
  world_open(&w, 4, everybody, test_seed(), false);
  size_t link = world_join(&w, 0, 1);
  world_run(&w, 100);
  assert_false(tell(link, 1, 0, 1000, NULL, 0));
  world_join(&w, 0, 2);
  world_join(&w, 0, 3);
  world_run(&w, 1000);
  assert_true(ready(0));
  world_close(&w);
}

/* What is taken back is named from its first entry to its last, and only as long as something lacks. */
static void says_what_it_waits_for(void **state) {
  (void)state;
  char text[OM_STATUS_TEXT_BYTES];
  struct om_hash root = {{7}};
  char note[OM_NOTE_BYTES_MAX];
  world_open(&w, 4, everybody, test_seed(), false);
  world_append(&w, 0, 5, 100, 0, 0);
  size_t link = world_join(&w, 0, 1);
  world_run(&w, 100);
  size_t len = head_by(note, 0, 9, &root);
  assert_false(tell(link, 1, 0, 5, note, len));
  world_join(&w, 0, 2);
  world_join(&w, 0, 3);
  world_run(&w, 1000);
  assert_true(om_node_waiting(w.nodes[0].node, text, sizeof text));
  assert_string_equal(text, "takes back entries 5 to 8 of its log from its witnesses");
  om_node_log_changed(w.nodes[0].node, 0, 12, false, w.now_ms); /* the ledger can't look at the head of 9 yet */
  assert_false(ready(0));
  assert_true(om_node_waiting(w.nodes[0].node, text, sizeof text));
  assert_string_equal(text, "has all that its witnesses told of, and looks whether it is theirs");
  world_close(&w);
}

/* The node in FROM says over LINK that it knows a start of node 0 with the time MS. */
static void tell_later(size_t link, uint32_t from, uint64_t ms) {
  uint8_t start[OM_START_BYTES] = {0};
  om_be64(start, ms);
  tell_start = (ProtobufCBinaryData){sizeof start, start};
  assert_false(tell(link, from, 0, 0, NULL, 0));
  tell_start = (ProtobufCBinaryData){0, NULL};
}

static void rejoin_all(void) {
  for (uint32_t i = 1; i < 4; i++) world_join(&w, 0, i);
  world_run(&w, 10000);
  assert_true(ready(0));
}

/* In which start a witness tells is durable before it does: node 0 waits for those whose disk is full. */
static void an_answer_waits_for_the_disk(void **state) {
  (void)state;
  world_open(&w, 3, everybody, test_seed(), false);
  w.nodes[1].full = w.nodes[2].full = true;
  for (uint32_t i = 1; i < 3; i++) world_join(&w, 0, i);
  world_run(&w, 5000);
  assert_false(om_node_ready(w.nodes[0].node));
  w.nodes[1].full = w.nodes[2].full = false;
  world_run(&w, 5000);
  assert_true(om_node_ready(w.nodes[0].node));
  world_close(&w);
}

/* A witness that makes up later starts, the latest there is or the latest that counts, spoils neither this start nor
 * those to come. */
static void a_start_too_far_ahead(void **state) {
  (void)state;
  const uint64_t last = OM_START_AHEAD_MS; /* node 0 starts at 1: the first that is too far is one beyond */
  const uint64_t made_up[] = {UINT64_MAX, UINT64_MAX - 1, last + 1, last};
  for (size_t i = 0; i < sizeof made_up / sizeof *made_up; i++) {
    world_open(&w, 4, everybody, test_seed(), false);
    size_t link = world_join(&w, 0, 1);
    world_run(&w, 100);
    tell_later(link, 1, made_up[i]);
    rejoin_all();
    world_lose(&w, 0, 0);
    rejoin_all();
    world_close(&w);
  }
}

/* One witness that makes up later starts leaves the others their say. */
static void one_witness_moves_a_start_once(void **state) {
  (void)state;
  world_open(&w, 4, everybody, test_seed(), false);
  w.starts = 1000;
  world_lose(&w, 0, 0);
  world_join(&w, 0, 2);
  world_join(&w, 0, 3);
  world_run(&w, 1000); /* these two know a later start than the next */
  w.starts = 0;
  world_lose(&w, 0, 0);
  size_t link = world_join(&w, 0, 1);
  world_run(&w, 100);
  for (uint64_t ms = 10; ms < 30; ms++) tell_later(link, 1, ms);
  world_join(&w, 0, 2);
  world_join(&w, 0, 3);
  world_run(&w, 10000);
  assert_true(ready(0));
  world_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_begin_together),
      cmocka_unit_test(an_empty_store),
      cmocka_unit_test(an_old_copy),
      cmocka_unit_test(fewer_than_a_quorum),
      cmocka_unit_test(what_was_told_before_a_restart),
      cmocka_unit_test(a_tail_of_before_a_restart),
      cmocka_unit_test(a_teller_that_alters_entries),
      cmocka_unit_test(cosigns_nothing_before),
      cmocka_unit_test(what_is_told_must_be_signed),
      cmocka_unit_test(heads_that_do_not_stand),
      cmocka_unit_test(sizes_bind_nobody),
      cmocka_unit_test(says_what_it_waits_for),
      cmocka_unit_test(an_answer_waits_for_the_disk),
      cmocka_unit_test(a_start_too_far_ahead),
      cmocka_unit_test(one_witness_moves_a_start_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
