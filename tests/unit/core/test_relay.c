/* Daemons that can't reach each other, and a neighbour that they have in common: it passes on proposals, cosignatures,
 * and question and answer at a start; and does no harm by dropping, altering, forging or bringing old ones. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "support/seed.h"
#include "support/world.h"

enum { HOME, RELAY, FAR, OTHER };

static struct world w; /* large: not on the stack */

static const bool everybody[WORLD_NODES] = {true, true, true, true};

static bool ready(uint32_t node) {
  return om_node_ready(w.nodes[node].node);
}

/* HOME - RELAY - FAR, each a witness of the others: both others are needed for anything. */
static void open_line(void) {
  world_open(&w, 3, everybody, test_seed(), false);
  assert_int_equal(world_join(&w, HOME, RELAY), 0);
  assert_int_equal(world_join(&w, RELAY, FAR), 1);
}

static size_t drops(void) {
  size_t n = 0;
  for (size_t i = 0; i < w.n; i++) n += w.nodes[i].drops;
  return n;
}

static void ends_of_a_line(void **state) {
  (void)state;
  open_line();
  world_run(&w, 3000);
  for (uint32_t i = 0; i < 3; i++) assert_true(ready(i));
  for (uint32_t i = 0; i < 20; i++) {
    world_append(&w, (uint32_t)test_below(&w.random, 3), 1 + test_below(&w.random, 20), 200, 0, 0);
    world_run(&w, 50);
  }
  assert_true(world_settle(&w, 10000));
  assert_true(w.nodes[HOME].logs[HOME].final_size > 0 && w.nodes[FAR].logs[FAR].final_size > 0);
  world_run(&w, 2000);
  size_t messages = w.sent_messages;
  world_run(&w, 120000);
  assert_int_equal(w.sent_messages, messages); /* nothing to say, nothing said */
  assert_int_equal(drops(), 0);
  world_close(&w);
}

static void a_home_comes_back(void **state) {
  (void)state;
  open_line();
  world_append(&w, HOME, 50, 200, 0, 0);
  assert_true(world_settle(&w, 20000));
  struct om_hash root = w.nodes[HOME].logs[HOME].roots[50];
  world_lose(&w, HOME, 20);
  world_join(&w, HOME, RELAY);
  world_run(&w, 5000);
  assert_true(ready(HOME));
  assert_int_equal(w.nodes[HOME].logs[HOME].size, 50);
  assert_true(om_hash_equal(&w.nodes[HOME].logs[HOME].roots[50], &root));
  world_append(&w, HOME, 5, 200, 0, 0);
  assert_true(world_settle(&w, 20000));
  world_close(&w);
}

/* A witness that comes later is asked through the relay then, and while it is away this costs little. */
static void a_witness_that_is_away(void **state) {
  (void)state;
  open_line();
  world_run(&w, 3000);
  world_cut(&w, 1);
  world_append(&w, HOME, 5, 200, 0, 0);
  world_run(&w, 10000);
  assert_int_equal(w.nodes[HOME].logs[HOME].final_size, 0);
  size_t bytes = w.sent_bytes;
  world_run(&w, 300000);
  assert_true(w.sent_bytes - bytes < 300 * 100);
  world_join(&w, RELAY, FAR);
  assert_true(world_settle(&w, OM_RELAY_LONGEST_MS + 5000));
  world_close(&w);
}

/* A relay that is no witness holds nothing that is not final: it carries the question, and the votes can't follow. */
static void a_relay_that_is_no_witness(void **state) {
  (void)state;
  const bool ends[WORLD_NODES] = {true, false, true};
  world_open(&w, 3, ends, test_seed(), false);
  world_join(&w, HOME, RELAY);
  world_join(&w, RELAY, FAR);
  world_run(&w, 3000);
  assert_true(ready(HOME) && ready(FAR));
  world_append(&w, HOME, 5, 200, 0, 0);
  world_run(&w, 10000);
  assert_int_equal(w.nodes[HOME].logs[HOME].final_size, 0);
  world_join(&w, HOME, FAR);
  assert_true(world_settle(&w, 10000));
  world_close(&w);
}

/* ---- relays that do not do as they should ---- */

/* What MESSAGE says for another daemon than FROM; NULL: nothing. */
static const Oremark__PeerMessage *for_another(uint32_t from, const Oremark__PeerMessage *message) {
  switch ((int)message->what_case) {
    case OREMARK__PEER_MESSAGE__WHAT_PROPOSE: return message->propose->log != from ? message : NULL;
    case OREMARK__PEER_MESSAGE__WHAT_ASK: return message->ask->log != from ? message : NULL;
    case OREMARK__PEER_MESSAGE__WHAT_COSIGNED: return message->cosigned->witness != from ? message : NULL;
    case OREMARK__PEER_MESSAGE__WHAT_TOLD: return message->told->witness != from ? message : NULL;
    default: return NULL;
  }
}

static bool relay_drops(struct world *world, uint32_t from, uint32_t to, Oremark__PeerMessage *message) {
  (void)world, (void)to;
  return from != RELAY || for_another(from, message) == NULL;
}

static void flip(ProtobufCBinaryData *bytes, size_t at) {
  if (at < bytes->len) bytes->data[at] ^= 1;
}

/* Everything that it passes on, in one place each, so that it stays a message. */
static bool relay_alters(struct world *world, uint32_t from, uint32_t to, Oremark__PeerMessage *message) {
  (void)to;
  if (from != RELAY || for_another(from, message) == NULL) return true;
  bool one = test_below(&world->random, 2) == 0;
  switch ((int)message->what_case) {
    case OREMARK__PEER_MESSAGE__WHAT_PROPOSE:
      flip(one ? &message->propose->checkpoint : &message->propose->start, one ? 30 : 0);
      if (!one) memset(message->propose->start.data, 0, 8);
      break;
    case OREMARK__PEER_MESSAGE__WHAT_ASK: flip(one ? &message->ask->start : &message->ask->signature, 9); break;
    case OREMARK__PEER_MESSAGE__WHAT_COSIGNED: flip(&message->cosigned->line, message->cosigned->line.len - 9); break;
    case OREMARK__PEER_MESSAGE__WHAT_TOLD:
      if (one && message->told->size > 0)
        message->told->size ^= 1;
      else
        flip(&message->told->signature, 9);
      break;
  }
  return true;
}

/* Nothing comes of what goes through RELAY alone; with OTHER between the two as well, all does. */
static void is_of_no_use(bool (*sends)(struct world *, uint32_t, uint32_t, Oremark__PeerMessage *)) {
  const bool three[WORLD_NODES] = {true, true, true, false};
  world_open(&w, 4, three, test_seed(), false);
  w.sends = sends;
  world_join(&w, HOME, RELAY);
  world_join(&w, RELAY, FAR);
  world_append(&w, HOME, 20, 200, 0, 0);
  world_run(&w, 10000);
  assert_false(ready(HOME));
  assert_false(ready(FAR));
  world_join(&w, HOME, OTHER);
  world_join(&w, OTHER, FAR);
  world_run(&w, 40000);
  assert_true(ready(HOME) && ready(FAR));
  world_append(&w, HOME, 20, 200, 0, 0);
  for (int i = 0; i < 60; i++) {
    if (!w.links[0].up) assert_int_equal(world_join(&w, HOME, RELAY), 0); /* what can't be read ends a link */
    if (!w.links[1].up) assert_int_equal(world_join(&w, RELAY, FAR), 1);
    world_run(&w, 1000);
  }
  assert_int_equal(w.nodes[FAR].logs[HOME].vote, 40);
  assert_int_equal(w.nodes[HOME].logs[HOME].final_size, 40);
  for (uint32_t i = 0; i < 4; i++)
    for (uint32_t log = 0; log < 4; log++) assert_false(w.nodes[i].logs[log].stopped);
  world_close(&w);
}

static void a_relay_that_drops(void **state) {
  (void)state;
  is_of_no_use(relay_drops);
}

static void a_relay_that_alters(void **state) {
  (void)state;
  is_of_no_use(relay_alters);
}

/* ---- what is made up, and what is old ---- */

static struct {
  uint8_t *bytes;
  size_t len;
} kept[16];             /* by kind: the last that RELAY passed on */
static bool passes[16]; /* whether it really does */

/* Of what is between HOME and FAR: that about HOME's log. */
static bool relay_keeps(struct world *world, uint32_t from, uint32_t to, Oremark__PeerMessage *message) {
  (void)world;
  bool answer = message->what_case == OREMARK__PEER_MESSAGE__WHAT_COSIGNED ||
                message->what_case == OREMARK__PEER_MESSAGE__WHAT_TOLD;
  if (from != RELAY || for_another(from, message) == NULL || to != (answer ? HOME : FAR)) return true;
  size_t kind = (size_t)message->what_case;
  free(kept[kind].bytes);
  om_peer_encode(&kept[kind].bytes, &kept[kind].len, message);
  return passes[kind];
}

static void forget_kept(void) {
  for (size_t i = 0; i < 16; i++) {
    free(kept[i].bytes);
    kept[i].bytes = NULL;
    passes[i] = true;
  }
}

static bool forge(size_t link, uint32_t from, const Oremark__PeerMessage *message) {
  uint8_t *bytes = NULL;
  size_t len = 0;
  om_peer_encode(&bytes, &len, message);
  bool dropped = world_forge(&w, link, from, bytes, len);
  free(bytes);
  return dropped;
}

static Oremark__PeerMessage told_by_far(Oremark__Told *told, const Oremark__PeerMessage *like) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  *told = *like->told;
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_TOLD;
  message.told = told;
  return message;
}

/* HOME has lost what it wrote. An answer in FAR's name counts only if FAR gave it, to this question. */
static void answers_are_signed_and_new(void **state) {
  (void)state;
  const Oremark__PeerMessage__WhatCase kind = OREMARK__PEER_MESSAGE__WHAT_TOLD;
  uint8_t sig[OM_SIG_BYTES];
  Oremark__Told told;
  forget_kept();
  open_line();
  w.sends = relay_keeps;
  world_run(&w, 3000);
  assert_true(ready(HOME));
  Oremark__PeerMessage *early = oremark__peer_message__unpack(NULL, kept[kind].len, kept[kind].bytes);
  assert_int_equal(early->told->size, 0);
  world_append(&w, HOME, 50, 200, 0, 0);
  assert_true(world_settle(&w, 20000));
  world_lose(&w, HOME, 0);
  passes[kind] = false;
  size_t link = world_join(&w, HOME, RELAY);
  world_run(&w, 10000);
  assert_false(ready(HOME));
  Oremark__PeerMessage *late = oremark__peer_message__unpack(NULL, kept[kind].len, kept[kind].bytes);
  assert_int_equal(late->told->size, 50);
  Oremark__PeerMessage message = told_by_far(&told, early); /* FAR's own, to the question of the life before */
  assert_false(forge(link, RELAY, &message));
  told.start = late->told->start; /* made to look new */
  assert_false(forge(link, RELAY, &message));
  message = told_by_far(&told, late);
  told.size = 0;
  assert_false(forge(link, RELAY, &message));
  om_sign(w.nodes[RELAY].cosign_key, sig, sig, 0);
  told.signature = (ProtobufCBinaryData){sizeof sig, sig};
  assert_false(forge(link, RELAY, &message));
  world_run(&w, 1000);
  assert_false(ready(HOME));
  message = told_by_far(&told, late);
  assert_false(forge(link, RELAY, &message));
  world_run(&w, 1000);
  assert_true(ready(HOME));
  assert_int_equal(w.nodes[HOME].logs[HOME].size, 50);
  oremark__peer_message__free_unpacked(early, NULL);
  oremark__peer_message__free_unpacked(late, NULL);
  forget_kept();
  world_close(&w);
}

/* A proposal that HOME made before it was restarted comes late: FAR has told since what it had voted for. */
static void proposals_of_a_former_life(void **state) {
  (void)state;
  const Oremark__PeerMessage__WhatCase kind = OREMARK__PEER_MESSAGE__WHAT_PROPOSE;
  forget_kept();
  open_line();
  w.sends = relay_keeps;
  world_run(&w, 3000);
  passes[kind] = false;
  world_append(&w, HOME, 5, 200, 0, 0);
  world_run(&w, 3000);
  assert_int_equal(w.nodes[FAR].logs[HOME].size, 5);
  uint8_t *old = kept[kind].bytes;
  size_t old_len = kept[kind].len;
  kept[kind].bytes = NULL;
  world_lose(&w, HOME, 5);
  world_join(&w, HOME, RELAY);
  world_run(&w, 5000);
  assert_true(ready(HOME));
  assert_false(world_forge(&w, 1, RELAY, old, old_len));
  world_run(&w, 1000);
  assert_int_equal(w.nodes[FAR].logs[HOME].vote, 0);
  Oremark__PeerMessage *renewed = oremark__peer_message__unpack(NULL, old_len, old);
  assert_int_equal(renewed->propose->start.len, OM_START_BYTES);
  memset(renewed->propose->start.data, 0xff, OM_START_BYTES); /* made to look new */
  assert_false(forge(1, RELAY, renewed));
  oremark__peer_message__free_unpacked(renewed, NULL);
  world_run(&w, 1000);
  assert_int_equal(w.nodes[FAR].logs[HOME].vote, 0);
  world_restart(&w, FAR); /* it remembers in which start it has told */
  size_t link = world_join(&w, RELAY, FAR);
  world_run(&w, 5000);
  assert_true(ready(FAR));
  assert_false(world_forge(&w, link, RELAY, old, old_len));
  world_run(&w, 1000);
  assert_int_equal(w.nodes[FAR].logs[HOME].vote, 0);
  world_join(&w, RELAY, FAR); /* RELAY has not passed that on itself, and has dropped FAR for its answer */
  passes[kind] = true;
  world_append(&w, HOME, 1, 200, 0, 0);
  assert_true(world_settle(&w, 2 * OM_RELAY_LONGEST_MS));
  assert_int_equal(w.nodes[FAR].logs[HOME].vote, 6);
  free(old);
  forget_kept();
  world_close(&w);
}

/* HOME's witnesses know a start of it that is later than those to come. */
static void late_start(void) {
  open_line();
  w.starts = 100;
  world_lose(&w, HOME, 0);
  world_join(&w, HOME, RELAY);
  world_run(&w, 5000);
  assert_true(ready(HOME));
  w.starts = 0;
}

/* HOME's clock was set back, to before it started last: its witnesses tell, and it goes on with a later start. */
static void a_clock_that_was_set_back(void **state) {
  (void)state;
  late_start();
  world_append(&w, HOME, 5, 200, 0, 0);
  assert_true(world_settle(&w, 10000));
  for (size_t left = 0; left <= 5; left += 5) {
    world_lose(&w, HOME, left);
    world_join(&w, HOME, RELAY);
    world_run(&w, 10000);
    assert_true(ready(HOME));
    assert_int_equal(w.nodes[HOME].logs[HOME].size, 5);
  }
  world_append(&w, HOME, 5, 200, 0, 0);
  assert_true(world_settle(&w, 10000));
  assert_int_equal(drops(), 0);
  world_close(&w);
}

/* The same, but HOME is ready before FAR hears of it: FAR tells when something is proposed to it. */
static void a_clock_that_was_set_back_unnoticed(void **state) {
  (void)state;
  late_start();
  world_lose(&w, HOME, 0);
  struct om_quorum nobody = {.n_lists = 1}, both;
  om_node_quorum(w.nodes[HOME].node, HOME, &nobody, w.now_ms);
  assert_true(ready(HOME));
  world_quorum(&w, &both, HOME);
  om_node_quorum(w.nodes[HOME].node, HOME, &both, w.now_ms);
  world_join(&w, HOME, RELAY);
  world_append(&w, HOME, 5, 200, 0, 0);
  assert_true(world_settle(&w, 10000));
  assert_int_equal(drops(), 0);
  world_close(&w);
}

/* Who makes a question up, or brings an old one, keeps no proposal from being cosigned. */
static void questions_are_signed_and_new(void **state) {
  (void)state;
  const Oremark__PeerMessage__WhatCase kind = OREMARK__PEER_MESSAGE__WHAT_ASK;
  forget_kept();
  open_line();
  w.sends = relay_keeps;
  world_run(&w, 3000);
  Oremark__PeerMessage *ask = oremark__peer_message__unpack(NULL, kept[kind].len, kept[kind].bytes);
  world_lose(&w, HOME, 0);
  world_join(&w, HOME, RELAY);
  world_run(&w, 5000);
  assert_true(ready(HOME));
  assert_false(forge(1, RELAY, ask)); /* of the life before: FAR tells what it remembers */
  world_run(&w, 1000);
  size_t messages = w.sent_messages;
  memset(ask->ask->start.data, 0xff, 8);
  assert_false(forge(1, RELAY, ask));
  ask->ask->signature.len = 0;
  assert_false(forge(1, RELAY, ask));
  ask->ask->log = 77;
  assert_false(forge(1, RELAY, ask));
  world_run(&w, 1000);
  assert_int_equal(w.sent_messages, messages);
  world_append(&w, HOME, 5, 200, 0, 0);
  assert_true(world_settle(&w, 10000));
  assert_int_equal(w.nodes[FAR].logs[HOME].vote, 5);
  oremark__peer_message__free_unpacked(ask, NULL);
  forget_kept();
  world_close(&w);
}

/* What the home did not sign does not stand in the way of what it did. */
static void proposals_are_signed(void **state) {
  (void)state;
  static char note[OM_NOTE_BYTES_MAX];
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Propose propose = OREMARK__PROPOSE__INIT;
  uint8_t start[OM_START_BYTES] = {0xff};
  struct om_hash root = {{1}};
  open_line();
  world_run(&w, 3000);
  struct om_secret *key = w.nodes[HOME].log_key;
  w.nodes[HOME].log_key = w.nodes[RELAY].log_key;
  size_t len = world_note(&w, note, HOME, UINT32_MAX, &root, NULL, 0);
  w.nodes[HOME].log_key = key;
  propose.checkpoint = (ProtobufCBinaryData){len, (uint8_t *)note};
  propose.start = (ProtobufCBinaryData){sizeof start, start};
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_PROPOSE;
  message.propose = &propose;
  assert_false(forge(1, RELAY, &message));
  world_append(&w, HOME, 5, 200, 0, 0);
  assert_true(world_settle(&w, 10000));
  world_close(&w);
}

/* ---- floods ---- */

static Oremark__PeerMessage proposal(Oremark__Propose *propose, uint64_t size, char note[OM_NOTE_BYTES_MAX],
                                     uint32_t *to, size_t n) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  static uint8_t start[OM_START_BYTES] = {0xff};
  struct om_hash root = {{1}};
  *propose = (Oremark__Propose)OREMARK__PROPOSE__INIT;
  propose->start = (ProtobufCBinaryData){sizeof start, start};
  propose->log = HOME;
  propose->checkpoint = (ProtobufCBinaryData){world_note(&w, note, HOME, size, &root, NULL, 0), (uint8_t *)note};
  propose->to = to;
  propose->n_to = n;
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_PROPOSE;
  message.propose = propose;
  return message;
}

static size_t passed_on; /* from RELAY to FAR */

static bool count_passed(struct world *world, uint32_t from, uint32_t to, Oremark__PeerMessage *message) {
  (void)world;
  passed_on += from == RELAY && to == FAR && message->what_case == OREMARK__PEER_MESSAGE__WHAT_PROPOSE;
  return true;
}

static void a_flood_is_bounded(void **state) {
  (void)state;
  static char note[OM_NOTE_BYTES_MAX];
  Oremark__Propose propose;
  uint32_t far = FAR, many[OM_QUORUM_LISTS * OM_WITNESSES_MAX + 1] = {0};
  open_line();
  world_run(&w, 3000);
  w.sends = count_passed;
  passed_on = 0;
  om_node_tick(w.nodes[RELAY].node, w.now_ms);
  for (uint64_t size = 1000; size < 1000 + 3 * OM_RELAYS_MAX; size++) {
    Oremark__PeerMessage message = proposal(&propose, size, note, &far, 1);
    assert_false(forge(0, HOME, &message));
  }
  assert_int_equal(passed_on, OM_RELAYS_MAX);
  /* FAR takes nothing from its link meanwhile: no more is made than its queue may hold. */
  for (uint64_t size = 5000; size < 25000; size++) {
    if (size % OM_RELAYS_MAX == 0) om_node_tick(w.nodes[RELAY].node, w.now_ms);
    Oremark__PeerMessage message = proposal(&propose, size, note, &far, 1);
    assert_false(forge(0, HOME, &message));
  }
  assert_true(w.most_in_pipe > OM_LINK_QUEUE_BYTES / 2);
  assert_true(w.most_in_pipe <= OM_LINK_QUEUE_BYTES + OM_RELAY_HEAD_BYTES);
  passed_on = 0;
  world_run(&w, 1000);
  assert_true(passed_on <= 1); /* the newest of all that did not fit */
  Oremark__PeerMessage message = proposal(&propose, 30000, note, many, sizeof many / sizeof many[0]);
  assert_true(forge(0, HOME, &message));
  world_close(&w);
}

/* Nobody but a log's home has something passed on for it, and only to its witnesses. */
static void only_for_the_home(void **state) {
  (void)state;
  static char note[OM_NOTE_BYTES_MAX];
  const bool no_far[WORLD_NODES] = {true, true, false};
  Oremark__Propose propose;
  uint32_t to[] = {HOME, RELAY, FAR, 77};
  open_line();
  world_run(&w, 3000);
  w.sends = count_passed;
  passed_on = 0;
  Oremark__PeerMessage message = proposal(&propose, 9, note, to, 4);
  assert_false(forge(1, FAR, &message)); /* FAR speaks of HOME's log */
  assert_int_equal(passed_on, 0);
  assert_false(forge(0, HOME, &message));
  assert_int_equal(passed_on, 1);
  world_close(&w);
  world_open(&w, 3, no_far, test_seed(), false);
  world_join(&w, HOME, RELAY);
  world_join(&w, RELAY, FAR);
  world_run(&w, 3000);
  w.sends = count_passed;
  passed_on = 0;
  message = proposal(&propose, 9, note, to, 4);
  assert_false(forge(0, HOME, &message));
  assert_int_equal(passed_on, 0);
  world_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ends_of_a_line),
      cmocka_unit_test(a_home_comes_back),
      cmocka_unit_test(a_witness_that_is_away),
      cmocka_unit_test(a_relay_that_is_no_witness),
      cmocka_unit_test(a_relay_that_drops),
      cmocka_unit_test(a_relay_that_alters),
      cmocka_unit_test(answers_are_signed_and_new),
      cmocka_unit_test(proposals_of_a_former_life),
      cmocka_unit_test(a_clock_that_was_set_back),
      cmocka_unit_test(a_clock_that_was_set_back_unnoticed),
      cmocka_unit_test(questions_are_signed_and_new),
      cmocka_unit_test(proposals_are_signed),
      cmocka_unit_test(a_flood_is_bounded),
      cmocka_unit_test(only_for_the_home),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
