/* Several nodes together, in random order: they converge, fall silent, keep within their bounds and hold nothing too
 * early. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/seed.h"
#include "support/world.h"

static struct world w; /* large: not on the stack */

static const bool nobody[WORLD_NODES] = {false};
static const bool everybody[WORLD_NODES] = {true, true, true, true, true, true, true, true, true, true, true, true};

static void join_all(void) {
  for (uint32_t a = 0; a < w.n; a++)
    for (uint32_t b = a + 1; b < w.n; b++) world_join(&w, a, b);
}

static void append_some(unsigned times) {
  for (unsigned i = 0; i < times; i++) {
    world_append(&w, (uint32_t)test_below(&w.random, w.n), 1 + test_below(&w.random, 50),
                 32 + test_below(&w.random, 2000), 0, 0);
    world_run(&w, (int64_t)test_below(&w.random, 30) * 10);
  }
}

static size_t all_drops(void) {
  size_t n = 0;
  for (size_t i = 0; i < w.n; i++) {
    if (w.nodes[i].drops > 0) printf("node %zu: %s\n", i, w.nodes[i].last_reason);
    n += w.nodes[i].drops;
  }
  return n;
}

/* No more than what keeps links alive: 100 bytes a second on each. */
static void assert_silent(size_t links) {
  world_run(&w, 2000);
  size_t messages = w.sent_messages;
  w.ping_bytes = 0;
  world_run(&w, 120000);
  assert_int_equal(w.sent_messages, messages);
  assert_true(w.ping_bytes > 0); /* and they were all kept */
  assert_true(w.ping_bytes < links * 120 * 100);
  assert_int_equal(all_drops(), 0);
}

static void without_witnesses(void **state) {
  (void)state;
  world_open(&w, 4, nobody, test_seed(), false);
  join_all();
  append_some(40);
  assert_true(world_settle(&w, 20000));
  assert_silent(6);
  world_close(&w);
}

static void with_quorum(void **state) {
  (void)state;
  world_open(&w, 5, everybody, test_seed(), false);
  join_all();
  append_some(60);
  assert_true(world_settle(&w, 30000));
  for (size_t i = 0; i < w.n; i++) assert_true(w.nodes[i].proposed > 0);
  assert_silent(10);
  world_close(&w);
}

/* Two of six only mirror: the world stops if they take in what is not final. */
static void mirrors_take_only_what_is_final(void **state) {
  (void)state;
  const bool four[WORLD_NODES] = {true, true, true, true, false, false};
  world_open(&w, 6, four, test_seed(), false);
  for (uint32_t a = 0; a < 4; a++)
    for (uint32_t b = a + 1; b < 6; b++) world_join(&w, a, b);
  append_some(60);
  w.nodes[1].mute_witness = w.nodes[2].mute_witness = true; /* no quorum for 0 and 3 any more */
  world_append(&w, 0, 10, 100, 0, 0);
  world_run(&w, 15000);
  const struct world_log *home = &w.nodes[0].logs[0];
  assert_true(home->final_size < home->size);
  assert_int_equal(w.nodes[3].logs[0].size, home->size); /* a witness sees it */
  assert_int_equal(w.nodes[4].logs[0].size, home->final_size);
  w.nodes[1].mute_witness = w.nodes[2].mute_witness = false;
  for (uint32_t i = 0; i < 6; i++) world_append(&w, i, 1, 100, 0, 0); /* what was refused is not asked for again */
  assert_true(world_settle(&w, 30000));
  assert_int_equal(all_drops(), 0);
  world_close(&w);
}

/* The home of log 0 is gone with a head that never became final; the governors end the log at what witness 3 holds. It
 * comes from whoever has it to those too who take only what is final, and what the home has beyond that to nobody. */
static void an_ended_log_is_fetched_up_to_its_end(void **state) {
  (void)state;
  const bool four[WORLD_NODES] = {true, true, true, true, false, false};
  size_t links[5], n = 0;
  world_open(&w, 6, four, test_seed(), false);
  for (uint32_t b = 1; b < 6; b++) links[n++] = world_join(&w, 0, b);
  for (uint32_t a = 1; a < 4; a++)
    for (uint32_t b = a + 1; b < 6; b++) world_join(&w, a, b);
  append_some(20);
  assert_true(world_settle(&w, 30000));
  w.nodes[1].mute_witness = w.nodes[2].mute_witness = true;
  world_append(&w, 0, 30, 100, 0, 0);
  world_run(&w, 5000);
  uint64_t end = w.nodes[3].logs[0].size;
  assert_true(w.nodes[0].logs[0].final_size < end && w.nodes[4].logs[0].size < end);
  for (size_t i = 0; i < n; i++) world_cut(&w, links[i]);
  world_append(&w, 0, 10, 100, 0, 0);
  world_end(&w, 0, end);
  world_run(&w, 5000);
  for (uint32_t i = 1; i < 6; i++) assert_int_equal(w.nodes[i].logs[0].size, end);
  for (uint32_t b = 1; b < 6; b++) world_join(&w, 0, b);
  world_run(&w, 15000);
  for (uint32_t i = 1; i < 6; i++) assert_int_equal(w.nodes[i].logs[0].size, end);
  assert_silent(14);
  world_close(&w);
}

/* Two of those who hold it alter what they give out of it: nobody takes that for the log, and who gives it as it is
 * brings it. */
static void an_ended_log_is_had_from_who_alters_nothing(void **state) {
  (void)state;
  const bool four[WORLD_NODES] = {true, true, true, true, false, false};
  size_t links[5], n = 0;
  world_open(&w, 6, four, test_seed(), false);
  for (uint32_t b = 1; b < 6; b++) links[n++] = world_join(&w, 0, b);
  for (uint32_t a = 1; a < 3; a++)
    for (uint32_t b = a + 1; b < 6; b++) world_join(&w, a, b);
  append_some(20);
  assert_true(world_settle(&w, 30000));
  w.nodes[1].mute_witness = w.nodes[2].mute_witness = true;
  world_append(&w, 0, 30, 100, 0, 0);
  world_run(&w, 5000);
  uint64_t end = w.nodes[3].logs[0].size;
  assert_true(w.nodes[4].logs[0].size < end);
  for (size_t i = 0; i < n; i++) world_cut(&w, links[i]);
  w.nodes[1].lies = w.nodes[2].lies = true;
  world_end(&w, 0, end);
  world_run(&w, 10000);
  for (uint32_t i = 4; i < 6; i++) {
    assert_true(w.nodes[i].drops > 0);
    assert_true(w.nodes[i].logs[0].size < end);
    world_join(&w, 3, i);
  }
  world_run(&w, 10000);
  for (uint32_t i = 4; i < 6; i++) {
    assert_int_equal(w.nodes[i].logs[0].size, end);
    assert_true(om_hash_equal(&w.nodes[i].logs[0].roots[end], &w.nodes[3].logs[0].roots[end]));
  }
  world_close(&w);
}

/* An act that is accepted by hand states of log 0, whose home is gone, what witnesses hold and nobody made final. Who
 * lacks it for that has it from the honest one, whoever is asked first: one who alters what it gives out and is left,
 * or one who says that it holds it and gives out nothing. */
static void what_is_to_be_accepted_is_had_from_the_honest_one(void **state) {
  (void)state;
  enum { HOME = 0, ALTERS = 1, WITHHOLDS = 2, HONEST = 3 };
  const bool four[WORLD_NODES] = {true, true, true, true, false, false};
  for (uint64_t round = 0; round < 4; round++) {
    size_t links[3];
    world_open(&w, 6, four, test_seed() + round, false);
    for (uint32_t b = 1; b < 4; b++) links[b - 1] = world_join(&w, HOME, b);
    for (uint32_t a = 1; a < 4; a++)
      for (uint32_t b = a + 1; b < 4; b++) world_join(&w, a, b);
    world_append(&w, HOME, 20, 100, 0, 0);
    world_run(&w, 3000);
    w.nodes[ALTERS].mute_witness = w.nodes[WITHHOLDS].mute_witness = true;
    world_append(&w, HOME, 30 + test_below(&w.random, 300), 1 + 32 + test_below(&w.random, 1000), 0, 0);
    world_run(&w, 5000);
    uint64_t stated = w.nodes[HONEST].logs[HOME].size;
    struct om_hash root = w.nodes[HONEST].logs[HOME].roots[stated];
    assert_true(w.nodes[HONEST].logs[HOME].final_size < stated);
    for (size_t i = 0; i < 3; i++) world_cut(&w, links[i]);
    w.nodes[ALTERS].lies = w.nodes[WITHHOLDS].withholds = true;
    world_want(&w, HOME, stated);
    const uint32_t order[2][3] = {{WITHHOLDS, ALTERS, HONEST}, {ALTERS, WITHHOLDS, HONEST}};
    for (uint32_t i = 0; i < 2; i++) {
      uint32_t who = 4 + i;
      world_join(&w, who, order[i][0]);
      world_run(&w, 1000);
      assert_true(w.nodes[who].logs[HOME].size < stated);
      for (size_t k = 1; k < 3; k++) world_join(&w, who, order[i][k]);
      world_run(&w, 30000);
      assert_int_equal(w.nodes[who].logs[HOME].size, stated);
      assert_true(om_hash_equal(&w.nodes[who].logs[HOME].roots[stated], &root));
      assert_false(w.nodes[who].logs[HOME].stopped);
      assert_true(w.nodes[who].drops <= 1); /* the one who alters, if it was asked */
    }
    assert_int_equal(w.nodes[5].drops, 1);
    world_close(&w);
  }
}

/* 0 - 1 - 2 - 3: what 0 writes reaches 3 over relays, and back. */
static void relays_in_a_line(void **state) {
  (void)state;
  world_open(&w, 4, nobody, test_seed(), false);
  for (uint32_t i = 0; i < 3; i++) world_join(&w, i, i + 1);
  append_some(30);
  assert_true(world_settle(&w, 20000));
  assert_true(w.nodes[3].logs[0].size > 0);
  assert_silent(3);
  world_close(&w);
}

/* 1 witnesses for its neighbours 0 and 2; 2 gets 0's final heads from 1. */
static void final_heads_are_relayed(void **state) {
  (void)state;
  const bool middle[WORLD_NODES] = {false, true, false};
  world_open(&w, 3, middle, test_seed(), false);
  world_join(&w, 0, 1);
  world_join(&w, 1, 2);
  append_some(30);
  assert_true(world_settle(&w, 20000));
  assert_true(w.nodes[2].logs[0].final_size > 0);
  world_close(&w);
}

static void links_come_and_go(void **state) {
  (void)state;
  world_open(&w, 5, everybody, test_seed(), false);
  join_all();
  for (unsigned i = 0; i < 60; i++) {
    append_some(1);
    size_t link = test_below(&w.random, 10);
    uint32_t a = w.links[link].nodes[0], b = w.links[link].nodes[1];
    world_cut(&w, link);
    world_run(&w, (int64_t)test_below(&w.random, 50) * 10);
    assert_int_equal(world_join(&w, a, b), link);
  }
  assert_true(world_settle(&w, 30000));
  assert_int_equal(all_drops(), 0);
  world_close(&w);
}

/* A newcomer knows the registry's first entry only, is told of logs that it does not know, and fetches them when it
 * does. */
static void logs_become_known(void **state) {
  (void)state;
  world_open(&w, 6, nobody, test_seed(), true);
  for (uint32_t i = 1; i < 6; i++) world_join(&w, 0, i);
  world_append(&w, 0, 3, 100, 0, 0);
  world_run(&w, 1000);
  for (uint32_t i = 1; i < 4; i++) world_append(&w, i, 20, 100, 0, 0);
  world_run(&w, 1000);
  assert_int_equal(w.nodes[1].logs[4].size, 0);
  world_append(&w, 4, 20, 100, 0, 0); /* known to itself only later */
  world_append(&w, 0, 2, 100, 0, 0);
  world_append(&w, 5, 20, 100, 0, 0);
  assert_true(world_settle(&w, 20000));
  assert_int_equal(w.nodes[1].logs[5].size, 20);
  assert_silent(5);
  world_close(&w);
}

/* Entries that lean on other logs wait for them, in any order, also when many do. */
static void waits_resolve(void **state) {
  (void)state;
  world_open(&w, 5, nobody, test_seed(), false);
  join_all();
  for (unsigned round = 0; round < 20; round++) {
    uint32_t node = (uint32_t)test_below(&w.random, w.n), other = (uint32_t)test_below(&w.random, w.n);
    uint64_t has = w.nodes[node].logs[other].size;
    world_append(&w, node, 1 + test_below(&w.random, 300), 1000, other, has);
    world_run(&w, (int64_t)test_below(&w.random, 20) * 10);
  }
  assert_true(world_settle(&w, 60000));
  assert_silent(10);
  world_close(&w);
}

/* Log 1 leans on what 2 has not written yet: it is held, costs no traffic while it waits, and goes on when 2 has. */
static void a_wait_is_silent(void **state) {
  (void)state;
  world_open(&w, 3, nobody, test_seed(), false);
  join_all();
  world_append(&w, 1, 5000, 1000, 2, 10);
  world_run(&w, 5000);
  assert_int_equal(w.nodes[0].logs[1].size, 0);
  assert_true(om_node_inbox_bytes(w.nodes[0].node) <= OM_CHUNK_BYTES + OM_PROOF_COST_BYTES);
  size_t messages = w.sent_messages;
  world_run(&w, 30000);
  assert_int_equal(w.sent_messages, messages);
  world_append(&w, 2, 10, 100, 0, 0);
  assert_true(world_settle(&w, 20000));
  assert_int_equal(w.nodes[0].logs[1].size, 5000);
  world_close(&w);
}

/* 24 MB on each of 3 logs towards one node: the window, the pipes and the inbox stay within their bounds. */
static void much_at_once(void **state) {
  (void)state;
  world_open(&w, 4, nobody, test_seed(), false);
  for (uint32_t i = 1; i < 4; i++) world_append(&w, i, 600, 40000, 0, 0);
  for (uint32_t i = 1; i < 4; i++) world_join(&w, 0, i);
  w.nodes[0].full = true; /* nothing is taken in: all that may be under way is */
  world_run(&w, 8000);
  assert_int_equal(w.nodes[0].logs[1].size, 0);
  assert_true(w.most_in_inbox > OM_WINDOW_BYTES);
  assert_true(w.most_in_inbox <= 3 * (OM_WINDOW_BYTES + OM_CHUNK_BYTES + OM_ENTRY_MAX_BYTES));
  assert_true(w.most_in_pipe <= OM_LINK_QUEUE_BYTES + OM_CHUNK_BYTES + OM_ENTRY_MAX_BYTES);
  w.nodes[0].full = false;
  assert_true(world_settle(&w, OM_STALL_MS - 1000)); /* in one go, without asking anew */
  assert_int_equal(om_node_inbox_bytes(w.nodes[0].node), 0);
  world_close(&w);
}

/* Ten long logs from one relay: they take turns, and all come. */
static void many_logs_behind(void **state) {
  (void)state;
  world_open(&w, 12, nobody, test_seed(), false);
  for (uint32_t i = 2; i < 12; i++) {
    world_join(&w, 1, i);
    world_append(&w, i, OM_BULK_ENTRIES + 1000, 400, 0, 0);
  }
  world_run(&w, 10000);
  w.nodes[0].most_followed = 0;
  w.nodes[0].full = true;
  world_join(&w, 0, 1);
  world_run(&w, 3000);
  assert_int_equal(w.nodes[0].most_followed, OM_BULK_LOGS + 1); /* and 1's own log, which is short */
  w.nodes[0].full = false;
  assert_true(world_settle(&w, 20000));
  assert_int_equal(all_drops(), 0);
  world_close(&w);
}

/* A quorum counts operators: two daemons of one are one. */
static void operators_count_once(void **state) {
  (void)state;
  world_open(&w, 4, everybody, test_seed(), false);
  world_one_operator(&w); /* for log 0: w = 2, k = 2 */
  world_begun(&w);
  world_join(&w, 0, 1);
  world_join(&w, 0, 2);
  world_append(&w, 0, 5, 100, 0, 0);
  world_run(&w, 5000);
  assert_int_equal(w.nodes[1].logs[0].vote, 5);
  assert_int_equal(w.nodes[2].logs[0].vote, 5);
  assert_int_equal(w.nodes[0].logs[0].final_size, 0);
  assert_int_equal(w.nodes[0].n_jobs, 0);
  world_join(&w, 0, 3);
  world_run(&w, 1000);
  assert_int_equal(w.nodes[0].logs[0].final_size, 5);
  assert_int_equal(all_drops(), 0);
  world_close(&w);
}

/* During a change both lists are proposed to, and each must give its quorum; a witness of both counts in both. */
static void a_quorum_of_two_lists(void **state) {
  (void)state;
  const bool old[WORLD_NODES] = {true, true, true, true}, new[WORLD_NODES] = {true, false, false, true, true, true};
  struct om_node_witness witnesses[OM_NODE_WITNESSES];
  uint32_t needed[OM_QUORUM_LISTS];
  world_open(&w, 6, old, test_seed(), false);
  world_begun(&w);
  for (uint32_t i = 1; i < 6; i++) world_join(&w, 0, i);
  world_append(&w, 0, 3, 100, 0, 0);
  assert_true(world_settle(&w, 5000));
  assert_int_equal(w.nodes[0].logs[0].final_size, 3);
  assert_int_equal(w.nodes[4].logs[0].vote, 0);

  world_witnesses(&w, new, old);
  assert_int_equal(om_node_witnesses(w.nodes[0].node, witnesses, needed), 6);
  assert_int_equal(needed[0], 3);
  assert_int_equal(needed[1], 3);
  w.nodes[5].mute_witness = true; /* 1, 2 and 3 sign: the old list's quorum, and with 4 two of the new one */
  world_append(&w, 0, 1, 100, 0, 0);
  world_run(&w, 10000);
  for (uint32_t i = 1; i < 5; i++) assert_int_equal(w.nodes[i].logs[0].vote, 4);
  assert_int_equal(w.nodes[0].logs[0].final_size, 3);
  w.nodes[5].mute_witness = false;
  w.nodes[1].mute_witness = true; /* the new list's quorum, and two of the old one */
  world_append(&w, 0, 1, 100, 0, 0);
  world_run(&w, 10000);
  assert_int_equal(w.nodes[5].logs[0].vote, 5);
  assert_int_equal(w.nodes[0].logs[0].final_size, 3);
  w.nodes[1].mute_witness = false;
  world_append(&w, 0, 1, 100, 0, 0);
  assert_true(world_settle(&w, 10000));
  assert_int_equal(w.nodes[0].logs[0].final_size, 6);

  world_witnesses(&w, new, NULL); /* settled: the old ones are asked no more */
  world_append(&w, 0, 1, 100, 0, 0);
  assert_true(world_settle(&w, 10000));
  assert_int_equal(w.nodes[0].logs[0].final_size, 7);
  assert_int_equal(w.nodes[1].logs[0].vote, 6);
  assert_int_equal(w.nodes[2].logs[0].size, 7); /* they follow what is final */
  for (uint32_t i = 0; i < 6; i++) assert_int_equal(w.nodes[i].heads_refused, 0);
  assert_int_equal(all_drops(), 0);
  world_close(&w);
}

/* A relay that alters entries is left for an honest one; the log is not held guilty. */
static void a_lying_relay_is_left(void **state) {
  (void)state;
  world_open(&w, 4, nobody, test_seed(), false);
  w.nodes[1].lies = true;
  size_t to_home = world_join(&w, 0, 1);
  world_append(&w, 0, 100, 100, 0, 0);
  assert_int_equal(to_home, 0);
  world_run(&w, 1000);
  world_join(&w, 1, 3);
  world_run(&w, 2000);
  assert_int_equal(w.nodes[3].logs[0].size, 0);
  assert_int_equal(w.nodes[3].drops, 1);
  world_join(&w, 0, 2);
  world_join(&w, 2, 3);
  assert_true(world_settle(&w, 20000));
  assert_false(w.nodes[3].logs[0].stopped);
  world_close(&w);
}

/* A witness that joins while a head waits for its quorum is asked; one that is silent does not hold up the next head.
 */
static void cut_node(uint32_t node) {
  for (size_t i = 0; i < WORLD_LINKS; i++)
    if (w.links[i].up && (w.links[i].nodes[0] == node || w.links[i].nodes[1] == node)) world_cut(&w, i);
}

/* Node 4 alone has the last LOST entries of log 1, which then goes on from where it was final by WON others: what the
 * others have made final is not what node 4 holds. It follows them, and witnesses again. */
static void a_cut_log_is_followed_anew(void **state) {
  (void)state;
  uint64_t seed = test_seed();
  for (uint64_t round = 0; round < 12; round++) {
    world_open(&w, 5, everybody, seed + round, false);
    join_all();
    world_append(&w, 1, 10, 100, 0, 0);
    assert_true(world_settle(&w, 20000));
    cut_node(1);
    size_t only = world_join(&w, 1, 4);
    size_t lost = 1 + test_below(&w.random, 600), won = 1 + test_below(&w.random, lost);
    cut_node(0), cut_node(2), cut_node(3);
    world_append(&w, 1, lost, 200, 0, 0);
    world_run(&w, 3000);
    assert_int_equal(w.nodes[4].logs[1].size, 10 + lost);
    assert_int_equal(w.nodes[4].logs[1].final_size, 10);
    world_cut(&w, only);
    world_rewind(&w, 1, 10);
    world_join(&w, 0, 2), world_join(&w, 0, 3), world_join(&w, 2, 3);
    for (uint32_t other = 0; other < 4; other++)
      if (other != 1) world_join(&w, 1, other);
    world_append(&w, 1, won, 100, 0, 0);
    world_run(&w, 3000);
    assert_int_equal(w.nodes[0].logs[1].final_size, 10 + won);
    for (uint32_t other = 0; other < 4; other++) world_join(&w, 4, other);
    for (int i = 0; i < 5; i++) { /* while more comes in */
      world_append(&w, 0, 3, 100, 1, 10);
      world_run(&w, 50);
    }
    assert_true(world_settle(&w, 30000));
    world_append(&w, 1, 5, 100, 0, 0);
    cut_node(2); /* then node 4 is needed for a quorum */
    world_append(&w, 1, 5, 100, 0, 0);
    world_run(&w, 10000);
    assert_int_equal(w.nodes[4].logs[1].final_size, 10 + won + 10);
    assert_int_equal(all_drops(), 0);
    world_close(&w);
  }
}

static void late_and_silent_witnesses(void **state) {
  (void)state;
  world_open(&w, 4, everybody, test_seed(), false); /* three eligible for each log: k = 3 */
  world_begun(&w);
  world_join(&w, 0, 1);
  world_join(&w, 0, 2);
  world_append(&w, 0, 5, 100, 0, 0);
  world_run(&w, 1000);
  assert_int_equal(w.nodes[0].logs[0].final_size, 0);
  world_append(&w, 0, 5, 100, 0, 0);
  world_run(&w, 500);
  assert_int_equal(w.nodes[0].proposed, 5); /* one at a time */
  world_run(&w, 2000);
  assert_int_equal(w.nodes[0].proposed, 10); /* after the timeout the newest */
  world_join(&w, 0, 3);
  world_run(&w, 1000);
  assert_int_equal(w.nodes[0].logs[0].final_size, 10);
  world_close(&w);
}

/* A peer that takes nothing: what is made for it ends at the queue's bound, and it is dropped when it is silent for a
 * minute. */
static void a_peer_that_does_not_read(void **state) {
  (void)state;
  world_open(&w, 2, nobody, test_seed(), false);
  size_t link = world_join(&w, 0, 1);
  world_run(&w, 1000);
  struct om_action action;
  size_t made = 0;
  world_append(&w, 0, 400, 60000, 0, 0);
  while (om_node_next(w.nodes[0].node, &action, w.now_ms)) {
    made += action.len;
    om_action_free(&action);
  }
  assert_true(made >= OM_LINK_QUEUE_BYTES);
  assert_true(made <= OM_LINK_QUEUE_BYTES + OM_CHUNK_BYTES + OM_ENTRY_MAX_BYTES);
  struct om_node_peer peer;
  om_node_peer(w.nodes[0].node, &peer, w.links[link].slots[0]);
  assert_true(peer.greeted && peer.serving == 1);
  assert_int_equal(peer.queued_bytes, made);
  om_node_tick(w.nodes[0].node, w.now_ms + OM_SILENCE_MS + 1000);
  assert_true(om_node_next(w.nodes[0].node, &action, w.now_ms + OM_SILENCE_MS + 1000));
  assert_int_equal(action.kind, OM_ACTION_DROP);
  assert_string_equal(action.reason, "nothing was heard of it for a minute");
  world_close(&w);
}

/* Node 1's entries from the eleventh on wait for what never comes, and are kept so. Its log is cut before them and goes
 * on otherwise: shorter, or, once the links stand again, longer. */
static void what_is_kept_gives_way(void **state) {
  (void)state;
  for (size_t more = 3; more <= 60; more += 57) {
    world_open(&w, 4, everybody, test_seed(), false);
    world_begun(&w);
    join_all();
    world_append(&w, 1, 10, 100, 0, 0);
    assert_true(world_settle(&w, 10000));
    world_append(&w, 1, 20, 100, 2, 1000);
    world_run(&w, 3000);
    assert_int_equal(w.nodes[0].logs[1].size, 10);
    if (more > 20) cut_node(1);
    world_rewind(&w, 1, 10);
    world_append(&w, 1, more, 100, 0, 0);
    for (uint32_t other = 0; other < 4 && more > 20; other++)
      if (other != 1) world_join(&w, 1, other);
    assert_true(world_settle(&w, 30000));
    assert_int_equal(w.nodes[0].logs[1].final_size, 10 + more);
    assert_int_equal(all_drops(), 0);
    world_close(&w);
  }
}

static bool no_votes(struct world *world, uint32_t from, uint32_t to, Oremark__PeerMessage *message) {
  (void)world, (void)from, (void)to;
  return message->what_case != OREMARK__PEER_MESSAGE__WHAT_PROPOSE;
}

/* A witness passes over what its former, longer history of the log has no use for. Once it has given that up, and so
 * says that it holds less, it is asked again over the same link. */
static void who_holds_less_is_asked_again(void **state) {
  (void)state;
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Have have = OREMARK__HAVE__INIT;
  uint8_t *bytes;
  size_t len;
  world_open(&w, 2, everybody, test_seed(), false);
  size_t link = world_join(&w, 0, 1);
  world_begun(&w);
  w.sends = no_votes;
  world_append(&w, 0, 10, 100, 0, 0);
  world_run(&w, 3000);
  w.sends = NULL;
  world_run(&w, 3000);
  assert_int_equal(w.nodes[1].logs[0].size, 10);
  assert_int_equal(w.nodes[0].logs[0].final_size, 0);
  have.size = 8;
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_HAVE;
  message.have = &have;
  om_peer_encode(&bytes, &len, &message);
  assert_false(world_forge(&w, link, 1, bytes, len));
  free(bytes);
  assert_true(world_settle(&w, 5000));
  assert_int_equal(w.nodes[0].logs[0].final_size, 10);
  world_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without_witnesses),
      cmocka_unit_test(with_quorum),
      cmocka_unit_test(mirrors_take_only_what_is_final),
      cmocka_unit_test(an_ended_log_is_fetched_up_to_its_end),
      cmocka_unit_test(an_ended_log_is_had_from_who_alters_nothing),
      cmocka_unit_test(what_is_to_be_accepted_is_had_from_the_honest_one),
      cmocka_unit_test(relays_in_a_line),
      cmocka_unit_test(final_heads_are_relayed),
      cmocka_unit_test(links_come_and_go),
      cmocka_unit_test(logs_become_known),
      cmocka_unit_test(waits_resolve),
      cmocka_unit_test(a_wait_is_silent),
      cmocka_unit_test(much_at_once),
      cmocka_unit_test(many_logs_behind),
      cmocka_unit_test(operators_count_once),
      cmocka_unit_test(a_quorum_of_two_lists),
      cmocka_unit_test(a_lying_relay_is_left),
      cmocka_unit_test(a_cut_log_is_followed_anew),
      cmocka_unit_test(what_is_kept_gives_way),
      cmocka_unit_test(who_holds_less_is_asked_again),
      cmocka_unit_test(late_and_silent_witnesses),
      cmocka_unit_test(a_peer_that_does_not_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
