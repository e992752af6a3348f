/* Evidence from daemon to daemon: it gets everywhere, once, whoever else talks. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/peer.h"
#include "support/seed.h"
#include "support/world.h"

static struct world w; /* large: not on the stack */
static uint8_t piece[OM_EVIDENCE_MAX_BYTES + 1];

static const bool nobody[WORLD_NODES] = {false};

static void assert_silent(void) {
  world_run(&w, 2000);
  size_t messages = w.sent_messages;
  world_run(&w, 60000);
  assert_int_equal(w.sent_messages, messages);
  for (size_t i = 0; i < w.n; i++) assert_int_equal(w.nodes[i].drops, 0);
}

static void join_line(void) {
  for (uint32_t i = 0; i + 1 < w.n; i++) world_join(&w, i, i + 1);
}

/* As the peer FROM would send it. */
static bool show(size_t link, uint32_t from, uint32_t log, const uint8_t *bytes, size_t len) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Shown shown = OREMARK__SHOWN__INIT;
  uint8_t *out;
  size_t out_len;
  shown.log = log;
  shown.evidence = (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)bytes};
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_SHOWN;
  message.shown = &shown;
  om_peer_encode(&out, &out_len, &message);
  bool dropped = world_forge(&w, link, from, out, out_len);
  free(out);
  return dropped;
}

/* 0 - 1 - 2: 2 never sees what 0 has seen, but it sees the proof. */
static void it_is_passed_on(void **state) {
  (void)state;
  world_open(&w, 3, nobody, test_seed(), false);
  join_line();
  world_run(&w, 1000);
  world_accuse(&w, 0, 1, "two heads");
  world_run(&w, 2000);
  assert_int_equal(w.nodes[2].n_pieces[1], 1);
  assert_int_equal(w.nodes[2].pieces[1][0].len, w.nodes[0].pieces[1][0].len);
  assert_silent();
  for (size_t i = 1; i < 3; i++) assert_int_equal(w.nodes[i].looked_at, 1);
  assert_int_equal(w.nodes[0].looked_at, 0); /* nobody shows it what it has shown */
  world_close(&w);
}

/* Everybody has made another piece of the same, and all are linked: they end with the same, and in silence. */
static void all_at_once(void **state) {
  (void)state;
  world_open(&w, 5, nobody, test_seed(), false);
  for (uint32_t i = 0; i < 5; i++) {
    char why[32];
    snprintf(why, sizeof why, "as %u says", i);
    world_accuse(&w, i, 3, why);
  }
  for (uint32_t a = 0; a < 5; a++)
    for (uint32_t b = a + 1; b < 5; b++) world_join(&w, a, b);
  world_run(&w, 10000);
  for (size_t i = 0; i < 5; i++) assert_int_equal(w.nodes[i].n_pieces[3], 5);
  assert_silent();
  world_close(&w);
}

/* What is held on both sides of a link that comes up is told, and nobody looks at it again. */
static void a_link_that_comes_back(void **state) {
  (void)state;
  world_open(&w, 2, nobody, test_seed(), false);
  size_t link = world_join(&w, 0, 1);
  world_accuse(&w, 0, 1, "two heads");
  world_run(&w, 2000);
  assert_int_equal(w.nodes[1].looked_at, 1);
  world_cut(&w, link);
  world_join(&w, 0, 1);
  world_run(&w, 2000);
  assert_int_equal(w.nodes[0].looked_at + w.nodes[1].looked_at, 1);
  assert_silent();
  world_close(&w);
}

/* 1 learns of log 3 only when the registry has grown; what was shown to it before is asked for again then. */
static void before_the_registry_names_the_log(void **state) {
  (void)state;
  world_open(&w, 4, nobody, test_seed(), true);
  world_append(&w, 0, 1, 100, 0, 0); /* logs 0 and 1 */
  size_t link = world_join(&w, 0, 1);
  world_run(&w, 1000);
  size_t len = world_evidence(piece, 3, "two heads", false);
  assert_false(show(link, 0, 3, piece, len));
  world_run(&w, 1000);
  assert_int_equal(w.nodes[1].looked_at, 0);
  world_append(&w, 0, 2, 100, 0, 0);
  world_accuse(&w, 0, 3, "two heads");
  world_run(&w, 3000);
  assert_int_equal(w.nodes[1].n_pieces[3], 1);
  assert_int_equal(w.nodes[1].looked_at, 1);
  assert_silent();
  world_close(&w);
}

/* The disk of 1 is full for a while. */
static void it_is_kept_until_it_can_be_stored(void **state) {
  (void)state;
  world_open(&w, 2, nobody, test_seed(), false);
  world_join(&w, 0, 1);
  world_run(&w, 1000);
  w.nodes[1].full = true;
  world_accuse(&w, 0, 1, "two heads");
  world_accuse(&w, 0, 1, "two more");
  world_run(&w, 3000);
  assert_int_equal(w.nodes[1].n_pieces[1], 0);
  assert_true(w.nodes[1].looked_at < 5);
  w.nodes[1].full = false;
  world_run(&w, 3000);
  assert_int_equal(w.nodes[1].n_pieces[1], 2);
  assert_silent();
  world_close(&w);
}

static void what_proves_nothing_ends_the_link(void **state) {
  (void)state;
  world_open(&w, 2, nobody, test_seed(), false);
  size_t link = world_join(&w, 0, 1);
  world_run(&w, 1000);
  size_t len = world_evidence(piece, 1, "nothing", true);
  assert_false(show(link, 0, 1, piece, len));
  world_run(&w, 1000);
  assert_int_equal(w.nodes[1].drops, 1);
  assert_string_equal(w.nodes[1].last_reason, "it showed evidence that proves nothing");
  link = world_join(&w, 0, 1);
  world_run(&w, 1000);
  assert_int_equal(w.nodes[1].looked_at, 1);
  assert_true(show(link, 0, 1, piece, len - 1)); /* not even a message */
  link = world_join(&w, 0, 1);
  world_run(&w, 1000);
  assert_true(show(link, 0, 1, piece, OM_EVIDENCE_MAX_BYTES + 1)); /* too long for a frame of this kind */
  assert_int_equal(w.nodes[1].looked_at, 1);
  world_close(&w);
}

/* A peer that makes up another piece every 10 ms: so many are looked at as its allowance has, and others are heard. */
static void a_flood_is_slowed_down(void **state) {
  (void)state;
  enum { SECONDS = 10, NUMBERED = 32 };
  world_open(&w, 3, nobody, test_seed(), false);
  size_t link = world_join(&w, 0, 1);
  world_join(&w, 1, 2);
  world_run(&w, 1000);
  for (unsigned i = 0; i < SECONDS * 100; i++) {
    char why[NUMBERED];
    snprintf(why, sizeof why, "number %u", i);
    size_t len = world_evidence(piece, i % 3, why, false);
    assert_false(show(link, 0, i % 3, piece, len));
    world_run(&w, 10);
  }
  size_t most = OM_JUDGE_BURST + SECONDS * 1000 / OM_JUDGE_MS + 1;
  assert_true(w.nodes[1].looked_at <= most);
  assert_true(w.nodes[1].looked_at > most / 2);
  world_append(&w, 2, 5, 100, 0, 0);
  world_run(&w, 2000);
  assert_int_equal(w.nodes[1].logs[2].size, 5);
  assert_silent();
  world_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_is_passed_on),
      cmocka_unit_test(all_at_once),
      cmocka_unit_test(a_link_that_comes_back),
      cmocka_unit_test(before_the_registry_names_the_log),
      cmocka_unit_test(it_is_kept_until_it_can_be_stored),
      cmocka_unit_test(what_proves_nothing_ends_the_link),
      cmocka_unit_test(a_flood_is_slowed_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
