/* One node and what peers may do to it: each bad message ends the link that it came over and no other, or costs
 * nothing. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/node_state.h"
#include "support/seed.h"
#include "support/world.h"

static struct world w; /* large: not on the stack */
static size_t bad;     /* the link 0 - 1 over which 1 sends what it should not; 0 - 2 is the other */

static void open_three(void) {
  const bool witness[WORLD_NODES] = {true, true, true};
  world_open(&w, 3, witness, 1, false);
  world_begun(&w);
  bad = world_join(&w, 0, 1);
  world_join(&w, 0, 2);
  world_run(&w, 500);
}

static void close_three(void) {
  world_close(&w);
}

static bool forge_raw(const uint8_t *bytes, size_t len) {
  return world_forge(&w, bad, 1, bytes, len);
}

static bool forge(const Oremark__PeerMessage *message) {
  uint8_t *bytes = NULL;
  size_t len = 0;
  om_peer_encode(&bytes, &len, message);
  bool dropped = forge_raw(bytes, len);
  free(bytes);
  return dropped;
}

static bool other_link_stands(void) {
  struct om_node_peer peer;
  for (size_t i = 0; i < WORLD_LINKS; i++) {
    if (!w.links[i].up || w.links[i].nodes[1] != 2) continue;
    om_node_peer(w.nodes[0].node, &peer, w.links[i].slots[0]);
    return peer.connected && peer.greeted;
  }
  return false;
}

/* The link was ended for the reason that holds PART, the other one stands, and this one may come again. */
static void assert_dropped(bool dropped, const char *part) {
  if (!dropped || strstr(w.nodes[0].last_reason, part) == NULL)
    fail_msg("dropped %d: %s", dropped, w.nodes[0].last_reason);
  assert_true(other_link_stands());
  bad = world_join(&w, 0, 1);
  world_run(&w, 500);
}

static Oremark__PeerMessage hello_as(Oremark__Hello *body, uint32_t log, const char *version) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  *body = (Oremark__Hello)OREMARK__HELLO__INIT;
  body->log = log;
  body->version = (char *)(uintptr_t)version;
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_HELLO;
  message.hello = body;
  return message;
}

static Oremark__PeerMessage have_of(Oremark__Have *body, uint32_t log, uint64_t size, uint64_t final_size) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  *body = (Oremark__Have)OREMARK__HAVE__INIT;
  body->log = log;
  body->size = size;
  body->final_size = final_size;
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_HAVE;
  message.have = body;
  return message;
}

static Oremark__PeerMessage head_of(Oremark__Head *body, uint32_t log, const void *note, size_t len) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  *body = (Oremark__Head)OREMARK__HEAD__INIT;
  body->log = log;
  body->checkpoint = (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)note};
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_HEAD;
  message.head = body;
  return message;
}

static Oremark__PeerMessage propose_of(Oremark__Propose *body, uint32_t log, const void *note, size_t len) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  *body = (Oremark__Propose)OREMARK__PROPOSE__INIT;
  body->log = log;
  body->checkpoint = (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)note};
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_PROPOSE;
  message.propose = body;
  return message;
}

static Oremark__PeerMessage cosigned_of(Oremark__Cosigned *body, uint64_t size, uint32_t witness, const char *line) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  *body = (Oremark__Cosigned)OREMARK__COSIGNED__INIT;
  body->size = size;
  body->witness = witness;
  body->line = (ProtobufCBinaryData){strlen(line), (uint8_t *)(uintptr_t)line};
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_COSIGNED;
  message.cosigned = body;
  return message;
}

/* Entries of LOG that are in themselves good, each LEN bytes. */
static bool forge_entries(uint32_t log, uint64_t start, size_t n, size_t len) {
  struct om_span *spans = calloc(n, sizeof *spans);
  uint8_t *entries = calloc(n, len), *bytes = NULL;
  size_t bytes_len = 0;
  assert_true(spans != NULL && entries != NULL);
  for (size_t i = 0; i < n; i++) {
    uint64_t fields[4] = {log, start + i, 0, 0};
    memcpy(entries + i * len, fields, sizeof fields);
    spans[i] = (struct om_span){entries + i * len, len};
  }
  world_entries(&w, &bytes, &bytes_len, true, log, start, spans, n);
  bool dropped = forge_raw(bytes, bytes_len);
  free(bytes);
  free(entries);
  free(spans);
  return dropped;
}

/* The root over the first N of them, from index 0. */
static void forged_root(struct om_hash *root, uint32_t log, size_t n, size_t len) {
  struct om_edge *edge = calloc(1, sizeof *edge);
  uint8_t *entry = calloc(len, 1);
  struct om_status st;
  struct om_hash leaf;
  assert_true(edge != NULL && entry != NULL);
  for (size_t i = 0; i < n; i++) {
    uint64_t fields[4] = {log, i, 0, 0};
    memcpy(entry, fields, sizeof fields);
    om_leaf_hash(&leaf, entry, len);
    assert_int_equal(om_edge_append(edge, &leaf, NULL, NULL, &st), OM_OK); /* less than a tile */
  }
  om_edge_root(edge, root);
  free(edge);
  free(entry);
}

static void hello_comes_first_and_once(void **state) {
  (void)state;
  Oremark__Hello hello;
  Oremark__Have have;
  open_three();
  Oremark__PeerMessage message = hello_as(&hello, 1, "again");
  assert_dropped(forge(&message), "a second Hello");
  world_cut(&w, bad);
  bad = world_join(&w, 0, 1); /* fresh: nothing was delivered yet */
  message = have_of(&have, 1, 5, 5);
  assert_dropped(forge(&message), "before its Hello");
  world_cut(&w, bad);
  bad = world_join(&w, 0, 1);
  message = hello_as(&hello, 2, "v");
  assert_dropped(forge(&message), "it says that it writes log 2; its link key is that of log 1");
  world_cut(&w, bad);
  bad = world_join(&w, 0, 1);
  message = hello_as(&hello, 1, "line\nbreak");
  assert_dropped(forge(&message), "version");
  world_cut(&w, bad);
  bad = world_join(&w, 0, 1);
  message = hello_as(&hello, OM_LOG_NONE, "new here"); /* a daemon that does not know its own number yet */
  assert_false(forge(&message));
  close_three();
}

static void a_link_without_hello_ends(void **state) {
  (void)state;
  struct om_action action;
  struct om_node_config config = {.own_log = 0, .version = "v"};
  struct om_node *node = om_node_new(&config);
  om_node_connected(node, 7, 1, 1000);
  assert_true(om_node_next(node, &action, 1000)); /* Hello, and nothing more */
  om_action_free(&action);
  assert_false(om_node_next(node, &action, 1000));
  om_node_tick(node, 1000 + OM_HELLO_MS - 1);
  assert_false(om_node_next(node, &action, 1000 + OM_HELLO_MS));
  om_node_tick(node, 1000 + OM_HELLO_MS);
  assert_true(om_node_next(node, &action, 1000 + OM_HELLO_MS));
  assert_int_equal(action.kind, OM_ACTION_DROP);
  assert_int_equal(action.slot, 7);
  assert_string_equal(action.reason, "it sent no Hello");
  assert_false(om_node_next(node, &action, 1000 + OM_HELLO_MS));
  om_node_disconnected(node, 7, 1000 + OM_HELLO_MS);
  om_node_free(node);
}

static void what_is_not_a_message(void **state) {
  (void)state;
  static uint8_t big[OM_PEER_SMALL_BYTES + 1];
  const uint8_t cut[] = {4 << 3 | 2, 100, 1}, groups[] = {4 << 3 | 2, 1, 3 << 3 | 3}, none[] = {4 << 3 | 2, 0};
  const uint8_t empty_entry[] = {4 << 3 | 2, 2, 3 << 3 | 2, 0}, beyond[] = {4 << 3 | 2, 3, 3 << 3 | 2, 5, 1};
  const uint8_t trailing[] = {4 << 3 | 2, 3, 3 << 3 | 2, 1, 9, 1 << 3 | 2, 0}, endless[] = {0xff, 0xff, 0xff};
  const uint8_t other_first[] = {14 << 3 | 0, 1, 4 << 3 | 2, 3, 3 << 3 | 2, 1, 9},
                later_kind[] = {15 << 3 | 2, 2, 1, 2};
  open_three();
  memset(big, 0x7a, sizeof big);
  assert_dropped(forge_raw(big, sizeof big), "40961 bytes without entries");
  assert_dropped(forge_raw(cut, sizeof cut), "length is not the frame's");
  assert_dropped(forge_raw(groups, sizeof groups), "not protobuf");
  assert_dropped(forge_raw(none, sizeof none), "without an entry");
  assert_dropped(forge_raw(empty_entry, sizeof empty_entry), "an entry of 0 bytes");
  assert_dropped(forge_raw(beyond, sizeof beyond), "beyond the end");
  assert_dropped(forge_raw(trailing, sizeof trailing), "length is not the frame's");
  assert_dropped(forge_raw(endless, sizeof endless), "not protobuf");
  assert_dropped(forge_raw(other_first, sizeof other_first), "together with other fields");
  assert_false(forge_raw(later_kind, sizeof later_kind)); /* of a later version */
  assert_false(forge_raw(NULL, 0));
  close_three();
}

static void entries_are_counted(void **state) {
  (void)state;
  struct om_peer_message message;
  struct om_status st;
  size_t len = 4 + 3 * (OM_CHUNK_ENTRIES + 1);
  uint8_t *bytes = calloc(len, 1);
  assert_non_null(bytes);
  size_t body = len - 4;
  bytes[0] = 4 << 3 | 2;
  for (unsigned i = 0; i < 3; i++) bytes[1 + i] = (uint8_t)((body >> (7 * i) & 0x7f) | (i < 2 ? 0x80 : 0));
  for (size_t at = 4; at < len; at += 3) bytes[at] = 3 << 3 | 2, bytes[at + 1] = 1;
  assert_int_equal(om_peer_decode(&message, bytes, len, &st), OM_MALFORMED);
  assert_non_null(strstr(st.text, "more than 4096 entries"));
  free(bytes);
}

/* What the sink writes is read back, and is what protobuf-c reads. */
static void entries_there_and_back(void **state) {
  (void)state;
  uint64_t random = test_seed();
  for (unsigned round = 0; round < 50; round++) {
    uint32_t log = test_below(&random, 3) == 0 ? 0 : (uint32_t)test_random(&random);
    uint64_t start = test_below(&random, 3) == 0 ? 0 : test_random(&random) >> (2 + test_below(&random, 60));
    uint8_t entry[700], *bytes = NULL;
    size_t lens[200], n = 0, len = 0, want = 1 + test_below(&random, 200);
    struct om_entry_sink sink;
    om_entry_sink_begin(&sink, log, start);
    for (; n < want; n++) {
      lens[n] = 1 + test_below(&random, sizeof entry);
      memset(entry, (int)n, sizeof entry);
      assert_true(om_entry_put(&sink, entry, lens[n]));
    }
    om_entry_sink_end(&sink, &bytes, &len);
    Oremark__PeerMessage *whole = oremark__peer_message__unpack(NULL, len, bytes);
    assert_non_null(whole);
    assert_int_equal(whole->what_case, OREMARK__PEER_MESSAGE__WHAT_ENTRIES);
    assert_int_equal(oremark__peer_message__get_packed_size(whole), len); /* canonical too */
    assert_int_equal(whole->entries->start, start);
    assert_int_equal(whole->entries->n_entries, n);
    oremark__peer_message__free_unpacked(whole, NULL);
    struct om_peer_message message;
    struct om_status st;
    struct om_span spans[200];
    assert_int_equal(om_peer_decode(&message, bytes, len, &st), OM_OK);
    assert_int_equal(message.entries.log, log);
    assert_int_equal(message.entries.n, n);
    om_peer_entries_spans(spans, &message.entries);
    for (size_t i = 0; i < n; i++) {
      assert_int_equal(spans[i].len, lens[i]);
      assert_int_equal(((const uint8_t *)spans[i].data)[lens[i] - 1], (uint8_t)i);
    }
    free(bytes);
  }
}

static void a_message_holds_so_much(void **state) {
  (void)state;
  static const uint8_t large[OM_ENTRY_MAX_BYTES] = {1};
  struct om_entry_sink sink;
  uint8_t *bytes = NULL;
  size_t len = 0, n = 0;
  om_entry_sink_begin(&sink, 1, 1);
  while (om_entry_put(&sink, large, sizeof large)) n++;
  om_entry_sink_end(&sink, &bytes, &len);
  assert_int_equal(n, 3); /* four of 65,567 are above 256 KiB */
  free(bytes);
  om_entry_sink_begin(&sink, 1, 1);
  for (n = 0; om_entry_put(&sink, large, 1);) n++;
  om_entry_sink_end(&sink, &bytes, &len);
  assert_int_equal(n, OM_CHUNK_ENTRIES);
  free(bytes);
  om_entry_sink_begin(&sink, 1, 1);
  om_entry_sink_end(&sink, &bytes, &len);
  assert_null(bytes);
}

static void entries_nobody_asked_for(void **state) {
  (void)state;
  open_three();
  assert_dropped(forge_entries(2, 0, 1, 100),
                 "log 2 that it was not asked for"); /* 2's own daemon is followed for that */
  assert_dropped(forge_entries(0, 0, 1, 100), "log 0 that it was not asked for"); /* the own log */
  assert_dropped(forge_entries(77, 0, 1, 100), "log 77 that it was not asked for");
  assert_false(forge_entries(1, 5, 1, 100)); /* not the next: passed over */
  world_run(&w, 500);
  assert_int_equal(w.nodes[0].logs[1].size, 0);
  assert_int_equal(om_node_inbox_bytes(w.nodes[0].node), 0);
  close_three();
}

/* A flood: it may send what the window allows and no more, whether wanted or not. */
static void more_entries_than_the_window(void **state) {
  (void)state;
  open_three();
  w.nodes[0].full = true;
  size_t sent = 0;
  bool dropped = false;
  for (uint64_t i = 0; !dropped && i < 1000; i++, sent += 60032) dropped = forge_entries(1, i, 1, 60000);
  assert_true(sent >= OM_WINDOW_BYTES);
  assert_true(sent <= OM_WINDOW_BYTES + OM_CHUNK_BYTES + 2 * 65536);
  assert_dropped(dropped, "not asked for");
  dropped = false;
  for (uint64_t i = 0; !dropped && i < 1000; i++) dropped = forge_entries(1, 999, 1, 60000); /* never the next */
  assert_dropped(dropped, "not asked for");
  close_three();
}

static void haves(void **state) {
  (void)state;
  Oremark__Have have;
  open_three();
  Oremark__PeerMessage message = have_of(&have, 1, 5, 6);
  assert_dropped(forge(&message), "more final entries than entries");
  for (uint32_t log = 0; log < 100000; log += 99) { /* of logs that nobody knows: passed over */
    message = have_of(&have, UINT32_MAX - log, 5, 5);
    assert_false(forge(&message));
    message = have_of(&have, log + 3, 5, 5);
    assert_false(forge(&message));
  }
  message = have_of(&have, 1, UINT64_MAX, UINT64_MAX); /* a boast: it is asked, brings nothing, harms nobody */
  assert_false(forge(&message));
  world_run(&w, 20000);
  world_append(&w, 1, 3, 100, 0, 0);
  world_append(&w, 2, 3, 100, 0, 0);
  world_run(&w, 10000);
  assert_int_equal(w.nodes[0].logs[1].size, 3);
  assert_int_equal(w.nodes[0].logs[2].size, 3);
  close_three();
}

static void follows(void **state) {
  (void)state;
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Follow follow = OREMARK__FOLLOW__INIT;
  open_three();
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_FOLLOW;
  message.follow = &follow;
  follow.log = 12345; /* unknown here */
  assert_false(forge(&message));
  follow.log = 0;
  follow.from = UINT64_MAX;
  assert_false(forge(&message));
  world_append(&w, 0, 3, 100, 0, 0);
  world_run(&w, 500);
  assert_true(other_link_stands());
  close_three();
}

static void heads(void **state) {
  (void)state;
  static char note[OM_NOTE_BYTES_MAX + 1];
  struct om_hash root = {{1}};
  Oremark__Head head;
  open_three();
  memset(note, 'a', sizeof note);
  Oremark__PeerMessage message = head_of(&head, 1, note, OM_HEAD_MAX_BYTES + 1);
  assert_dropped(forge(&message), "a head of 32769 bytes");
  message = head_of(&head, 1, note, 0);
  assert_dropped(forge(&message), "a head of 0 bytes");
  message = head_of(&head, 1, "not a note", 10);
  assert_dropped(forge(&message), "a head from a peer");
  size_t len = world_note(&w, note, 1, 0, &root, NULL, 0);
  message = head_of(&head, 1, note, len);
  assert_dropped(forge(&message), "covers no entry");
  len = world_note(&w, note, 1, 9, &root, NULL, 0);
  message = head_of(&head, 2, note, len); /* of another log than it says */
  assert_dropped(forge(&message), "a head of log 2");
  message = head_of(&head, 4711, note, len);
  assert_false(forge(&message)); /* a log that is not known here */
  w.nodes[2].mute_witness = true;
  world_append(&w, 1, 3, 100, 0, 0);
  world_run(&w, 1000);
  assert_int_equal(w.nodes[0].logs[1].size, 3);
  size_t drops = w.nodes[0].drops;
  len = world_note(&w, note, 1, 3, &root, NULL, 0); /* signed by its log, but another root, and no quorum */
  message = head_of(&head, 1, note, len);
  forge(&message);
  world_run(&w, 1000);
  assert_int_equal(w.nodes[0].drops, drops + 1);
  assert_string_equal(w.nodes[0].last_reason, "it sent a final head that does not stand");
  assert_int_equal(w.nodes[0].logs[1].final_size, 0);
  assert_true(other_link_stands());
  close_three();
}

static void proposals(void **state) {
  (void)state;
  static char note[OM_NOTE_BYTES_MAX];
  struct om_hash root = {{1}};
  Oremark__Propose propose;
  open_three();
  Oremark__PeerMessage message = propose_of(&propose, 1, "x", 1);
  assert_dropped(forge(&message), "a head from a peer");
  size_t len = world_note(&w, note, 2, UINT32_MAX, &root, NULL, 0);
  message = propose_of(&propose, 2, note, len); /* 2's log, but 1 says so: passed over */
  assert_false(forge(&message));
  len = world_note(&w, note, 1, 1, &root, NULL, 0);
  message = propose_of(&propose, 77, note, len);
  assert_false(forge(&message));
  world_append(&w, 2, 3, 100, 0, 0);
  world_run(&w, 1000);
  assert_int_equal(w.nodes[0].logs[2].vote, 3); /* 2's own proposal was not pushed aside */
  world_append(&w, 1, 3, 100, 0, 0);
  world_run(&w, 1000);
  assert_int_equal(w.nodes[0].logs[1].vote, 3);
  len = world_note(&w, note, 1, 3, &root, NULL, 0); /* beside what was cosigned: the ledger refuses, all goes on */
  message = propose_of(&propose, 1, note, len);
  assert_false(forge(&message));
  world_run(&w, 1000);
  world_append(&w, 1, 3, 100, 0, 0);
  world_run(&w, 3000);
  assert_int_equal(w.nodes[0].logs[1].vote, 6);
  close_three();
}

static void cosignatures(void **state) {
  (void)state;
  char text[OM_CHECKPOINT_BYTES], line[OM_NOTE_LINE_BYTES], by_two[OM_NOTE_LINE_BYTES], longest[OM_LINE_MAX_BYTES + 2];
  Oremark__Cosigned cosigned;
  struct om_checkpoint checkpoint = {.origin = "daemon0.example/log", .size = 3};
  open_three();
  w.nodes[1].mute_witness = w.nodes[2].mute_witness = true;
  world_append(&w, 0, 3, 100, 0, 0);
  world_run(&w, 500);
  checkpoint.root = w.nodes[0].logs[0].roots[3];
  size_t text_len = om_checkpoint_format(text, &checkpoint);
  om_note_cosign(line, "daemon1.example/log", w.nodes[1].cosign_key, 1700000000, text, text_len);
  om_note_cosign(by_two, "daemon2.example/log", w.nodes[2].cosign_key, 1700000000, text, text_len);
  memset(longest, 'a', sizeof longest);
  longest[sizeof longest - 1] = '\0';

  Oremark__PeerMessage message = cosigned_of(&cosigned, 3, 1, longest);
  assert_dropped(forge(&message), "a cosignature line of 513 bytes");
  message = cosigned_of(&cosigned, 3, 2, line); /* passed on, and not 2's: not counted */
  assert_false(forge(&message));
  message = cosigned_of(&cosigned, 3, 1, by_two);
  assert_dropped(forge(&message), "a cosignature of the own log at size 3");
  message = cosigned_of(&cosigned, 3, 1, "nonsense\n");
  assert_dropped(forge(&message), "a cosignature of the own log at size 3");
  text[strlen("daemon0.example/log\n")] = '2'; /* another size under the signature */
  om_note_cosign(by_two, "daemon1.example/log", w.nodes[1].cosign_key, 1700000000, text, text_len);
  message = cosigned_of(&cosigned, 3, 1, by_two);
  assert_dropped(forge(&message), "a cosignature of the own log at size 3");
  message = cosigned_of(&cosigned, 2, 1, line); /* nothing was proposed at 2 */
  assert_false(forge(&message));
  message = cosigned_of(&cosigned, 3, 1, line);
  assert_false(forge(&message));
  assert_false(forge(&message)); /* again: counted once */
  world_run(&w, 500);
  assert_int_equal(w.nodes[0].logs[0].final_size, 0); /* k = 2 */
  w.nodes[2].mute_witness = false;
  world_append(&w, 0, 1, 100, 0, 0);
  world_run(&w, 3000);
  message = cosigned_of(&cosigned, 4, 1, line); /* a good line, of another head */
  assert_dropped(forge(&message), "a cosignature of the own log at size 4");
  checkpoint.size = 4;
  checkpoint.root = w.nodes[0].logs[0].roots[4];
  text_len = om_checkpoint_format(text, &checkpoint);
  om_note_cosign(line, "daemon1.example/log", w.nodes[1].cosign_key, 1700000000, text, text_len);
  message = cosigned_of(&cosigned, 4, 1, line);
  assert_false(forge(&message));
  world_run(&w, 500);
  assert_int_equal(w.nodes[0].logs[0].final_size, 4);
  close_three();
}

/* A log's own daemon sends an invalid entry: the log is stopped, not asked for again, and the link serves other logs
 * on. */
static void an_invalid_entry_stops_its_log(void **state) {
  (void)state;
  open_three();
  uint8_t *bytes = NULL;
  size_t len = 0;
  uint8_t entry[100] = {9};
  const struct om_span span = {entry, sizeof entry};
  world_entries(&w, &bytes, &len, true, 1, 0, &span, 1);
  assert_false(forge_raw(bytes, len));
  free(bytes);
  world_run(&w, 500);
  assert_true(w.nodes[0].logs[1].stopped);
  world_append(&w, 1, 3, 100, 0, 0);
  world_append(&w, 2, 3, 100, 0, 0);
  world_run(&w, 10000);
  assert_int_equal(w.nodes[0].logs[1].size, 0);
  assert_int_equal(w.nodes[0].logs[1].vote, 0);
  assert_int_equal(w.nodes[0].logs[2].size, 3);
  assert_int_equal(w.nodes[1].logs[2].size, 3);
  assert_int_equal(w.nodes[0].drops, 0);
  close_three();
}

/* Noise, and good messages with a few bits turned: no crash (this runs under the sanitizers), and 2 hears all the
 * while. */
static void random_bytes(void **state) {
  (void)state;
  uint64_t random = test_seed();
  static char note[OM_NOTE_BYTES_MAX];
  struct om_hash root = {{1}};
  Oremark__Head head;
  open_three();
  size_t note_len = world_note(&w, note, 1, 9, &root, NULL, 0);
  Oremark__PeerMessage good = head_of(&head, 1, note, note_len);
  uint8_t *bytes = NULL, noise[300];
  size_t len = 0;
  om_peer_encode(&bytes, &len, &good);
  for (unsigned i = 0; i < 3000; i++) {
    bool dropped = false;
    if (i % 2 == 0) {
      size_t at = test_below(&random, len), cut = test_below(&random, 8) == 0 ? at + 1 : len;
      uint8_t kept = bytes[at];
      bytes[at] ^= (uint8_t)(1 << test_below(&random, 8));
      dropped = forge_raw(bytes, cut);
      bytes[at] = kept;
    } else {
      size_t n = test_below(&random, sizeof noise);
      for (size_t k = 0; k < n; k++) noise[k] = (uint8_t)test_random(&random);
      if (n > 0) noise[0] = (uint8_t)((1 + test_below(&random, 8)) << 3 | 2);
      if (n > 1) noise[1] = (uint8_t)(n - 2 < 128 ? n - 2 : 127);
      dropped = forge_raw(noise, n);
    }
    if (dropped) {
      bad = world_join(&w, 0, 1);
      world_run(&w, 20);
    }
  }
  free(bytes);
  assert_true(w.nodes[0].drops > 100);
  assert_true(other_link_stands());
  world_append(&w, 0, 5, 100, 0, 0);
  world_run(&w, 2000);
  assert_int_equal(w.nodes[2].logs[0].size, 5);
  close_three();
}

/* A full disk: nothing is lost, it is tried again after a while and not before. */
static void a_full_disk_is_tried_again(void **state) {
  (void)state;
  open_three();
  w.nodes[0].full = true;
  world_append(&w, 1, 5, 100, 0, 0);
  world_run(&w, 5000);
  assert_int_equal(w.nodes[0].logs[1].size, 0);
  w.nodes[0].full = false;
  world_run(&w, OM_RETRY_MS + 500);
  assert_int_equal(w.nodes[0].logs[1].size, 5);
  assert_int_equal(w.nodes[0].drops, 0);
  close_three();
}

/* A home daemon sends a mirror what no quorum has signed: it is not taken in until a head says that it is final. */
static void unfinal_entries_wait_for_their_head(void **state) {
  (void)state;
  static char note[OM_NOTE_BYTES_MAX];
  const bool only_two[WORLD_NODES] = {false, false, true};
  const uint32_t two = 2;
  struct om_hash root;
  Oremark__Head head;
  world_open(&w, 3, only_two, 1, false);
  bad = world_join(&w, 0, 1);
  world_run(&w, 500);
  forged_root(&root, 1, 4, 100);
  assert_false(forge_entries(1, 0, 10, 100)); /* the world stops if 0 takes one in */
  world_run(&w, 500);
  assert_int_equal(w.nodes[0].n_jobs, 0);
  assert_true(om_node_inbox_bytes(w.nodes[0].node) > 0);
  size_t len = world_note(&w, note, 1, 4, &root, &two, 1);
  Oremark__PeerMessage message = head_of(&head, 1, note, len);
  w.nodes[1].logs[1].final_size = 4; /* as if */
  assert_false(forge(&message));
  world_run(&w, 500);
  assert_int_equal(w.nodes[0].logs[1].size, 4);
  close_three();
}

/* ---- one node by hand ---- */

static struct om_node *rig;
static int64_t rig_ms = 1000;
static enum om_code rig_verdict = OM_OK; /* on heads */
static struct om_action apply, final;    /* the last of each that came out */
static uint64_t followed[3];             /* `from` of the last Follow to each slot; UINT64_MAX: stopped */
static uint64_t proven[3];               /* what it was to prove */
static bool rig_begins[3];               /* nothing was sent from that slot since it was followed */
static size_t rig_follows;               /* that were not to stop */

static size_t rig_judged;
static uint64_t rig_knows = UINT64_MAX; /* heads above this can't be judged */

static enum om_code rig_judge(void *ctx, uint64_t *size, uint32_t log, const uint8_t *note, size_t len,
                              struct om_status *st) {
  (void)ctx, (void)log, (void)note, (void)len, (void)st;
  assert_true(*size > 0);
  rig_judged++;
  return *size > rig_knows ? OM_WAIT : rig_verdict;
}

static void note_follow(const struct om_action *action) {
  Oremark__PeerMessage *message = oremark__peer_message__unpack(NULL, action->len, action->bytes);
  assert_non_null(message);
  if (message->what_case == OREMARK__PEER_MESSAGE__WHAT_FOLLOW && message->follow->log == 1) {
    followed[action->slot] = message->follow->stop ? UINT64_MAX : message->follow->from;
    proven[action->slot] = message->follow->prove;
    rig_begins[action->slot] = rig_begins[action->slot] || message->follow->stop;
    rig_follows += !message->follow->stop;
  }
  oremark__peer_message__free_unpacked(message, NULL);
}

static void rig_drain(void) {
  struct om_action action;
  while (om_node_next(rig, &action, rig_ms)) {
    if (action.kind == OM_ACTION_APPLY) {
      apply = action;
    } else if (action.kind == OM_ACTION_FINAL) {
      final = action;
    } else {
      assert_int_equal(action.kind, OM_ACTION_SEND);
      note_follow(&action);
      om_node_sent(rig, action.slot, action.len, rig_ms);
      om_action_free(&action);
    }
  }
}

static void rig_say(uint32_t slot, const Oremark__PeerMessage *message) {
  uint8_t *bytes = NULL;
  size_t len = 0;
  struct om_status st;
  om_peer_encode(&bytes, &len, message);
  if (om_node_message(rig, slot, bytes, len, rig_ms, &st) != OM_OK) fail_msg("%s", st.text);
  free(bytes);
  rig_drain();
}

static void rig_entries(uint32_t slot, uint64_t start, size_t n) {
  static const uint8_t entry[50] = {1};
  struct om_span spans[OM_CHUNK_ENTRIES];
  struct om_status st;
  uint8_t *bytes = NULL;
  size_t len = 0;
  assert_true(n <= OM_CHUNK_ENTRIES);
  for (size_t i = 0; i < n; i++) spans[i] = (struct om_span){entry, sizeof entry};
  world_entries(&w, &bytes, &len, rig_begins[slot], 1, start, spans, n);
  rig_begins[slot] = false;
  assert_int_equal(om_node_message(rig, slot, bytes, len, rig_ms, &st), OM_OK);
  free(bytes);
  rig_drain();
}

/* Mirror only, two logs besides the registry's, relays in slots 0 and 1 that hold 100 entries of log 1. */
static void rig_open(void) {
  struct om_node_config config = {.own_log = OM_LOG_NONE, .version = "v", .judge = rig_judge};
  Oremark__Hello hello;
  Oremark__Have have;
  rig = om_node_new(&config);
  apply = final = (struct om_action){.kind = OM_ACTION_SEND};
  for (size_t i = 0; i < 3; i++) followed[i] = UINT64_MAX, rig_begins[i] = true;
  om_node_logs(rig, 3);
  for (uint32_t slot = 0; slot < 2; slot++) {
    om_node_connected(rig, slot, OM_LOG_NONE, 1000);
    Oremark__PeerMessage message = hello_as(&hello, OM_LOG_NONE, "v");
    rig_say(slot, &message);
    message = have_of(&have, 1, 100, 100);
    rig_say(slot, &message);
  }
  assert_true((followed[0] == 0) != (followed[1] == 0)); /* exactly one is followed */
}

static void rig_close(void) {
  om_action_free(&apply);
  om_action_free(&final);
  om_node_free(rig);
}

static void rig_head(uint32_t slot, uint64_t size) {
  static char note[OM_NOTE_BYTES_MAX];
  struct om_hash root = {{1}};
  Oremark__Head head;
  size_t len = world_note(&w, note, 1, size, &root, NULL, 0);
  Oremark__PeerMessage message = head_of(&head, 1, note, len);
  rig_say(slot, &message);
}

/* Whoever is named as a witness by an entry that is not final without it learns so by taking in what the log's home
 * proposes to it, and no more. */
static void a_home_invites_a_new_witness(void **state) {
  (void)state;
  static char note[OM_NOTE_BYTES_MAX];
  struct om_hash root = {{1}};
  Oremark__Hello hello;
  Oremark__Have have;
  Oremark__Propose propose;
  world_open(&w, 2, NULL, 1, false);
  rig_open();
  om_node_disconnected(rig, 0, 1000);
  om_node_disconnected(rig, 1, 1000);
  om_node_connected(rig, 2, 1, 1000);
  Oremark__PeerMessage message = hello_as(&hello, 1, "v");
  rig_say(2, &message);
  message = have_of(&have, 1, 5, 0);
  rig_say(2, &message);
  rig_entries(2, 0, 5);
  assert_int_equal(apply.kind, OM_ACTION_SEND);
  size_t len = world_note(&w, note, 1, 3, &root, NULL, 0);
  message = propose_of(&propose, 1, note, len);
  rig_say(2, &message);
  assert_int_equal(apply.kind, OM_ACTION_APPLY);
  assert_int_equal(apply.n, 3);
  rig_close();
  world_close(&w);
}

static void rig_home(void) {
  Oremark__Hello hello;
  Oremark__Have have;
  om_node_connected(rig, 2, 1, rig_ms);
  Oremark__PeerMessage message = hello_as(&hello, 1, "v");
  rig_say(2, &message);
  message = have_of(&have, 1, 5, 0);
  rig_say(2, &message);
}

static void rig_propose(uint64_t size, uint8_t start[OM_START_BYTES]) {
  static char note[OM_NOTE_BYTES_MAX];
  struct om_hash root = {{1}};
  Oremark__Propose propose;
  size_t len = world_note(&w, note, 1, size, &root, NULL, 0);
  Oremark__PeerMessage message = propose_of(&propose, 1, note, len);
  propose.start = (ProtobufCBinaryData){OM_START_BYTES, start};
  rig_say(2, &message);
}

/* A home that has asked is in a new life: proposals of an older one don't count, but for a link made since, over which
 * nothing old can come: the home's clock was set back. */
static void a_clock_set_back_mutes_no_home(void **state) {
  (void)state;
  uint8_t later[OM_START_BYTES] = {2}, sooner[OM_START_BYTES] = {1};
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Ask ask = OREMARK__ASK__INIT;
  world_open(&w, 2, NULL, 1, false);
  rig_open();
  om_node_disconnected(rig, 0, rig_ms);
  om_node_disconnected(rig, 1, rig_ms);
  rig_home();
  ask.log = 1;
  ask.start = (ProtobufCBinaryData){sizeof later, later};
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_ASK;
  message.ask = &ask;
  rig_say(2, &message);
  rig_propose(3, sooner);
  rig_entries(2, 0, 5);
  assert_int_equal(apply.kind, OM_ACTION_SEND);
  om_node_disconnected(rig, 2, rig_ms);
  rig_ms += 1000;
  rig_home();
  rig_propose(3, sooner);
  rig_entries(2, 0, 5);
  assert_int_equal(apply.kind, OM_ACTION_APPLY);
  assert_int_equal(apply.n, 3);
  rig_ms = 1000;
  rig_close();
  world_close(&w);
}

/* Entry INDEX of log 1: a mark of the log itself at SIZE. */
static void rig_own_mark(uint32_t slot, uint64_t index, uint64_t size) {
  static char note[OM_NOTE_BYTES_MAX];
  static uint8_t bytes[2 * OM_NOTE_BYTES_MAX];
  struct om_hash root = {{1}};
  struct om_status st;
  uint8_t *out = NULL;
  size_t len = world_note(&w, note, 1, size, &root, NULL, 0), out_len = 0;
  Oremark__Mark mark = OREMARK__MARK__INIT;
  Oremark__Entry entry = OREMARK__ENTRY__INIT;
  mark.log = 1;
  mark.checkpoint = (ProtobufCBinaryData){len, (uint8_t *)note};
  entry.taken_ms = 1790000000000;
  entry.what_case = OREMARK__ENTRY__WHAT_MARK;
  entry.mark = &mark;
  const struct om_span span = {bytes, oremark__entry__pack(&entry, bytes)};
  world_entries(&w, &out, &out_len, true, 1, index, &span, 1);
  assert_int_equal(om_node_message(rig, slot, out, out_len, rig_ms, &st), OM_OK);
  free(out);
  rig_drain();
}

/* The newest head is signed by witnesses that are not known here: the one that the log has recorded at the change leads
 * on, whichever comes first. */
static void a_recorded_head_leads_on(void **state) {
  (void)state;
  for (int head_first = 0; head_first < 2; head_first++) {
    world_open(&w, 2, NULL, 1, false);
    rig_open();
    uint32_t slot = followed[0] == 0 ? 0 : 1;
    rig_knows = 50;
    if (head_first) rig_head(slot, 100);
    rig_entries(slot, 0, 12);
    rig_own_mark(slot, 12, 11);
    if (!head_first) {
      assert_int_equal(apply.kind, OM_ACTION_SEND);
      rig_head(slot, 100);
    }
    assert_int_equal(apply.kind, OM_ACTION_APPLY);
    assert_int_equal(apply.n, 11);
    rig_knows = UINT64_MAX;
    rig_close();
    world_close(&w);
  }
}

/* What stood under a head that is known waited for another log, and what came behind it was kept. Now that it is taken
 * in, the rest needs a head that nobody has brought: it is not held on to, as nobody brings anything to who asks for
 * nothing. */
static void what_waits_for_a_head_is_fetched_again(void **state) {
  (void)state;
  world_open(&w, 2, NULL, 1, false);
  rig_open();
  uint32_t slot = followed[0] == 0 ? 0 : 1;
  rig_knows = 50;
  rig_head(slot, 100);
  rig_entries(slot, 0, 12);
  rig_own_mark(slot, 12, 11);
  rig_entries(slot, 13, 5);
  assert_int_equal(apply.n, 11);
  om_node_applied(rig, &apply, 0, OM_WAIT, 1000);
  rig_drain();
  assert_int_equal(apply.kind, OM_ACTION_SEND);
  om_node_log_changed(rig, 2, 6, false, 1000);
  rig_drain();
  assert_int_equal(apply.kind, OM_ACTION_APPLY);
  assert_int_equal(apply.start, 0);
  om_node_applied(rig, &apply, 11, OM_OK, 1000);
  rig_drain();
  assert_true(followed[0] == 11 || followed[1] == 11);
  rig_knows = UINT64_MAX;
  rig_close();
  world_close(&w);
}

/* What an entry waits for is committed while its APPLY is under way: it is tried again, though nothing grows after
 * that. */
static void news_that_cross_a_wait(void **state) {
  (void)state;
  world_open(&w, 2, NULL, 1, false); /* for its keys */
  rig_open();
  uint32_t slot = followed[0] == 0 ? 0 : 1;
  rig_head(slot, 100);
  rig_entries(slot, 0, 10);
  assert_int_equal(apply.n, 10);
  om_node_log_changed(rig, 2, 5, false, 1000);
  om_node_applied(rig, &apply, 3, OM_WAIT, 1000);
  rig_drain();
  assert_int_equal(apply.kind, OM_ACTION_APPLY);
  assert_int_equal(apply.start, 3);
  assert_int_equal(apply.n, 7);
  om_node_applied(rig, &apply, 3, OM_WAIT, 1000); /* nothing has grown since: now it waits */
  rig_drain();
  assert_int_equal(apply.kind, OM_ACTION_SEND);
  om_node_log_changed(rig, 2, 6, false, 1000);
  rig_drain();
  assert_int_equal(apply.start, 3);
  om_node_applied(rig, &apply, 10, OM_OK, 1000);
  rig_drain();
  assert_true(followed[0] == 10 || followed[1] == 10);
  rig_close();
  world_close(&w);
}

/* What goes on from a following that has ended proves nothing here, and is not taken for a lie: the peer has lost what
 * it sent, takes an acknowledgement of that for a new following, and begins that before what has come already. */
static void a_peer_begins_anew(void **state) {
  (void)state;
  world_open(&w, 2, NULL, 1, false);
  rig_open();
  uint32_t slot = followed[0] == 0 ? 0 : 1;
  rig_head(slot, 100);
  rig_entries(slot, 0, 10);
  om_node_applied(rig, &apply, 10, OM_OK, 1000);
  rig_drain();
  apply.kind = OM_ACTION_SEND;
  rig_begins[slot] = true;
  rig_follows = 0;
  rig_entries(slot, 9, 1); /* with its own proof of what stands before */
  assert_int_equal(rig_follows, 1);
  assert_int_equal(followed[slot], 10);
  rig_begins[slot] = false;
  rig_entries(slot, 10, 2); /* went out before it heard of the new following */
  assert_int_equal(apply.kind, OM_ACTION_SEND);
  assert_int_equal(followed[slot], 10);
  rig_begins[slot] = true;
  rig_entries(slot, 10, 3);
  assert_int_equal(apply.kind, OM_ACTION_APPLY);
  assert_int_equal(apply.n, 3);
  rig_close();
  world_close(&w);
}

/* What others have does not go on from what is held, and a quorum has signed more: whoever is followed then proves what
 * it brings up to the quorum's head, until that is reached. */
static void a_quorum_beyond_is_to_be_proven(void **state) {
  (void)state;
  world_open(&w, 2, NULL, 1, false);
  rig_open();
  uint32_t slot = followed[0] == 0 ? 0 : 1;
  rig_head(slot, 50);
  rig_entries(slot, 0, 10);
  om_node_applied(rig, &apply, 10, OM_OK, 1000);
  rig_drain();
  assert_int_equal(proven[slot], 0);
  rig_entries(slot, 10, 10);
  om_node_applied(rig, &apply, 10, OM_MISSING, 1000);
  rig_drain();
  slot = 1 - slot; /* the other first */
  assert_int_equal(followed[slot], 10);
  assert_int_equal(proven[slot], 50);
  om_node_log_cut(rig, 1, 5, 1000);
  rig_drain();
  slot = followed[0] == 5 ? 0 : 1;
  assert_int_equal(followed[slot], 5);
  assert_int_equal(proven[slot], 50);
  om_node_log_changed(rig, 1, 50, false, 1000);
  om_node_disconnected(rig, slot, 1000);
  rig_drain();
  assert_int_equal(followed[1 - slot], 50);
  assert_int_equal(proven[1 - slot], 0);
  rig_close();
  world_close(&w);
}

/* The followed peer goes while an APPLY is under way that then takes in only a part: the next is asked from there. */
static void a_source_lost_during_an_apply(void **state) {
  (void)state;
  world_open(&w, 2, NULL, 1, false);
  rig_open();
  uint32_t slot = followed[0] == 0 ? 0 : 1;
  rig_head(slot, 100);
  rig_entries(slot, 0, 10);
  rig_entries(slot, 10, 10);
  om_node_disconnected(rig, slot, 1000);
  rig_drain();
  assert_int_equal(followed[1 - slot], 10); /* what is under way is not asked for again */
  rig_entries(1 - slot, 10, 5);
  om_node_applied(rig, &apply, 4, OM_OK, 1000);
  rig_drain();
  assert_int_equal(followed[1 - slot], 4);
  assert_int_equal(om_node_inbox_bytes(rig), 0);
  rig_entries(1 - slot, 4, 3);
  assert_int_equal(apply.start, 4);
  assert_int_equal(apply.n, 3);
  rig_close();
  world_close(&w);
}

/* A mirror that is always a little behind still stores heads: the first that it heard of is kept beside the newest. */
/* The log is cut while entries of it are with the writer, or while none are: what is behind the cut is asked for again,
 * and what comes of those entries does not count. */
static void a_log_is_cut(void **state) {
  (void)state;
  for (int out = 0; out < 2; out++) {
    world_open(&w, 2, NULL, 1, false);
    rig_open();
    uint32_t slot = followed[0] == 0 ? 0 : 1;
    rig_head(slot, 100);
    rig_entries(slot, 0, 10);
    om_node_applied(rig, &apply, 10, OM_OK, 1000);
    rig_entries(slot, 10, 10);
    assert_int_equal(apply.start, 10);
    rig_entries(slot, 20, 10); /* in the inbox */
    if (out == 0) om_node_applied(rig, &apply, 20, OM_OK, 1000);
    om_node_log_cut(rig, 1, 4, 1000);
    rig_drain();
    if (out == 1) om_node_applied(rig, &apply, 20, OM_WAIT, 1000);
    rig_drain();
    assert_int_equal(om_node_inbox_bytes(rig), 0);
    slot = followed[0] == 4 ? 0 : 1;
    assert_int_equal(followed[slot], 4);
    rig_entries(slot, 4, 3);
    assert_int_equal(apply.start, 4);
    assert_int_equal(apply.n, 3);
    rig_close();
    world_close(&w);
  }
}

static void the_first_head_is_not_forgotten(void **state) {
  (void)state;
  uint64_t size = 0;
  struct om_status st;
  struct om_note parsed;
  struct om_checkpoint checkpoint;
  world_open(&w, 2, NULL, 1, false);
  rig_open();
  uint32_t slot = followed[0] == 0 ? 0 : 1;
  for (size = 10; size <= 50; size += 10) rig_head(slot, size);
  rig_entries(slot, 0, 20);
  assert_int_equal(apply.n, 20);
  om_node_applied(rig, &apply, 20, OM_OK, 1000);
  rig_drain();
  assert_int_equal(final.kind, OM_ACTION_FINAL);
  assert_int_equal(om_note_parse(&parsed, (const char *) final.bytes, final.len, &st), OM_OK);
  assert_int_equal(om_checkpoint_parse(&checkpoint, NULL, parsed.text, parsed.text_len, &st), OM_OK);
  assert_int_equal(checkpoint.size, 10);
  om_node_finalised(rig, &final, OM_OK, 1000);
  rig_drain();
  assert_int_equal(final.kind, OM_ACTION_SEND); /* 50 is not held yet */
  rig_entries(slot, 20, 40);
  assert_int_equal(apply.n, 30); /* up to the newest head, not beyond */
  om_node_applied(rig, &apply, 50, OM_OK, 1000);
  rig_drain();
  assert_int_equal(final.kind, OM_ACTION_FINAL);
  assert_int_equal(apply.kind, OM_ACTION_SEND);
  rig_close();
  world_close(&w);
}

/* Time passes in steps of a second, with a ping of both relays. */
static void rig_pass(int64_t ms) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Ping ping = OREMARK__PING__INIT;
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_PING;
  message.ping = &ping;
  for (int64_t end = rig_ms + ms; rig_ms < end;) {
    rig_ms += 1000;
    om_node_tick(rig, rig_ms);
    rig_say(0, &message);
    rig_say(1, &message);
  }
}

/* A relay sends an entry now and then, but never a head that they could be taken in under: another is asked. */
static void a_relay_that_only_drips_is_left(void **state) {
  (void)state;
  world_open(&w, 2, NULL, 1, false);
  rig_open();
  uint32_t slot = followed[0] == 0 ? 0 : 1;
  for (uint64_t i = 0; i < 4 && followed[1 - slot] == UINT64_MAX; i++) {
    rig_entries(slot, i, 1);
    rig_pass(4000);
  }
  assert_int_equal(followed[1 - slot], 0);
  rig_ms = 1000;
  rig_close();
  world_close(&w);
}

/* A head that can't be judged yet excuses nobody for ever. */
static void a_relay_with_an_unjudged_head_is_left_in_the_end(void **state) {
  (void)state;
  world_open(&w, 2, NULL, 1, false);
  rig_open();
  uint32_t slot = followed[0] == 0 ? 0 : 1;
  rig_verdict = OM_WAIT;
  rig_head(slot, 100);
  rig_pass(OM_STALL_MS + 1000);
  assert_int_equal(followed[1 - slot], UINT64_MAX);
  rig_pass(OM_SILENCE_MS);
  assert_int_equal(followed[1 - slot], 0);
  rig_verdict = OM_OK;
  rig_ms = 1000;
  rig_close();
  world_close(&w);
}

/* Who says that it has more, and brings nothing, is asked again, but ever more rarely; whoever has news is asked as
 * soon as ever. */
static void a_claim_is_no_endless_talk(void **state) {
  (void)state;
  Oremark__Have have;
  world_open(&w, 2, NULL, 1, false);
  rig_open();
  rig_follows = 0;
  rig_pass(60000);
  assert_in_range(rig_follows, 5, 8); /* both, after 5, 20 and 45 s or so */
  rig_pass(3 * OM_STALL_MOST_MS);
  rig_follows = 0;
  rig_pass(4 * OM_STALL_MOST_MS);
  assert_in_range(rig_follows, 6, 8);
  uint32_t other = followed[0] == 0 ? 1 : 0;
  Oremark__PeerMessage message = have_of(&have, 1, 101, 101);
  rig_say(other, &message);
  rig_pass(OM_STALL_MS);
  assert_int_equal(followed[other], 0);
  rig_pass(OM_STALL_MS); /* it brings nothing either */
  assert_int_equal(followed[1 - other], 0);
  rig_ms = 1000;
  rig_close();
  world_close(&w);
}

/* Entries go to the ledger with the head that proves them; and where it stops the log at one, so does every head: it
 * may prove that the log has signed the entry. */
static void heads_of_a_stopped_log_go_to_the_ledger(void **state) {
  (void)state;
  world_open(&w, 2, NULL, 1, false);
  rig_open();
  uint32_t slot = followed[0] == 0 ? 0 : 1;
  rig_head(slot, 100);
  rig_entries(slot, 0, 10);
  assert_int_equal(apply.n, 10);
  uint64_t size = 0;
  struct om_status st;
  assert_int_equal(om_note_size(&size, apply.proven->note, apply.proven->len, &st), OM_OK);
  assert_int_equal(size, 10);
  assert_int_equal(final.kind, OM_ACTION_SEND); /* it covers more than is held */
  om_node_applied(rig, &apply, 3, OM_REFUSED, 1000);
  rig_drain();
  assert_int_equal(final.kind, OM_ACTION_FINAL);
  assert_int_equal(om_note_size(&size, final.bytes, final.len, &st), OM_OK);
  assert_int_equal(size, 100);
  om_node_finalised(rig, &final, OM_WAIT, 1000);
  rig_drain();
  assert_int_equal(final.kind, OM_ACTION_SEND); /* once */
  rig_close();
  world_close(&w);
}

/* A relay brings ever new heads that no quorum has signed: so many are judged as its allowance has, and the last is not
 * forgotten. What another brings is judged at once. */
static void heads_without_a_quorum_cost_their_bringer(void **state) {
  (void)state;
  enum { SECONDS = 5, HEADS = SECONDS * 100 };
  world_open(&w, 2, NULL, 1, false);
  rig_open();
  rig_judged = 0;
  rig_verdict = OM_WAIT;
  for (uint64_t i = 1; i <= HEADS; i++) {
    rig_head(0, i);
    rig_ms += 10;
    if (rig_ms % OM_NODE_TICK_MS == 0) om_node_tick(rig, rig_ms);
  }
  size_t most = OM_JUDGE_BURST + SECONDS * 1000 / OM_JUDGE_MS + 2;
  assert_true(rig_judged <= most);
  assert_true(rig_judged > most / 2);
  size_t before = rig_judged;
  rig_head(0, HEADS + 1);
  assert_int_equal(rig_judged, before);
  rig_head(1, HEADS + 2);
  assert_int_equal(rig_judged, before + 1);
  rig_verdict = OM_OK;
  rig_pass(1000);
  assert_int_equal(rig_judged, before + 2);
  rig_head(0, 50); /* lower than what it has just been believed: nobody judges it */
  assert_int_equal(rig_judged, before + 2);
  rig_entries(followed[0] == 0 ? 0 : 1, 0, 10);
  assert_int_equal(apply.n, 10);
  rig_ms = 1000;
  rig_close();
  world_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hello_comes_first_and_once),
      cmocka_unit_test(a_link_without_hello_ends),
      cmocka_unit_test(what_is_not_a_message),
      cmocka_unit_test(entries_are_counted),
      cmocka_unit_test(entries_there_and_back),
      cmocka_unit_test(a_message_holds_so_much),
      cmocka_unit_test(entries_nobody_asked_for),
      cmocka_unit_test(more_entries_than_the_window),
      cmocka_unit_test(haves),
      cmocka_unit_test(follows),
      cmocka_unit_test(heads),
      cmocka_unit_test(proposals),
      cmocka_unit_test(cosignatures),
      cmocka_unit_test(an_invalid_entry_stops_its_log),
      cmocka_unit_test(random_bytes),
      cmocka_unit_test(a_full_disk_is_tried_again),
      cmocka_unit_test(unfinal_entries_wait_for_their_head),
      cmocka_unit_test(a_home_invites_a_new_witness),
      cmocka_unit_test(a_clock_set_back_mutes_no_home),
      cmocka_unit_test(a_recorded_head_leads_on),
      cmocka_unit_test(what_waits_for_a_head_is_fetched_again),
      cmocka_unit_test(news_that_cross_a_wait),
      cmocka_unit_test(a_quorum_beyond_is_to_be_proven),
      cmocka_unit_test(a_peer_begins_anew),
      cmocka_unit_test(a_source_lost_during_an_apply),
      cmocka_unit_test(a_log_is_cut),
      cmocka_unit_test(the_first_head_is_not_forgotten),
      cmocka_unit_test(a_relay_that_only_drips_is_left),
      cmocka_unit_test(a_relay_with_an_unjudged_head_is_left_in_the_end),
      cmocka_unit_test(a_claim_is_no_endless_talk),
      cmocka_unit_test(heads_of_a_stopped_log_go_to_the_ledger),
      cmocka_unit_test(heads_without_a_quorum_cost_their_bringer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
