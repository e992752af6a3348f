/* A node that has documents from its peers and gives them: in parts, of one after the other, and never more than was
 * asked for. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/node_state.h"

enum { SIZE = OM_DOCUMENT_PART_BYTES + 100, PEERS = 3 };

static struct {
  struct om_node *node;
  int64_t now_ms;
  uint8_t bytes[SIZE];
  struct om_hash hash;
  uint8_t *fetched; /* owned */
  size_t fetched_len;
  unsigned reads;
  bool gone; /* it is not held any more */
  bool dropped[PEERS];
} t;

static bool document(void *ctx, uint8_t *bytes, size_t *len, uint64_t *size, const struct om_hash *hash,
                     uint64_t offset) {
  (void)ctx;
  t.reads++;
  if (t.gone || !om_hash_equal(hash, &t.hash) || offset >= SIZE) return false;
  *len = SIZE - offset < OM_DOCUMENT_PART_BYTES ? (size_t)(SIZE - offset) : OM_DOCUMENT_PART_BYTES;
  *size = SIZE;
  memcpy(bytes, t.bytes + offset, *len);
  return true;
}

static void fetched(void *ctx, const struct om_hash *hash, uint8_t *bytes, size_t len) {
  (void)ctx;
  assert_true(om_hash_equal(hash, &t.hash));
  assert_null(t.fetched);
  t.fetched = bytes;
  t.fetched_len = len;
}

static enum om_code say(uint32_t slot, const Oremark__PeerMessage *message) {
  uint8_t *bytes;
  size_t len;
  struct om_status st;
  om_peer_encode(&bytes, &len, message);
  enum om_code code = om_node_message(t.node, slot, bytes, len, t.now_ms, &st);
  free(bytes);
  return code;
}

/* The next message of WHAT for SLOT, the caller's; NULL: nothing more is said. */
static Oremark__PeerMessage *heard(uint32_t slot, Oremark__PeerMessage__WhatCase what) {
  struct om_action action;
  Oremark__PeerMessage *found = NULL;
  while (found == NULL && om_node_next(t.node, &action, t.now_ms)) {
    if (action.kind == OM_ACTION_DROP) t.dropped[action.slot] = true;
    if (action.kind == OM_ACTION_SEND) {
      om_node_sent(t.node, action.slot, action.len, t.now_ms);
      found = oremark__peer_message__unpack(NULL, action.len, action.bytes);
      assert_non_null(found);
      if (found->what_case != what || action.slot != slot) {
        /* a question to another slot is not to be lost */
        assert_true(found->what_case != OREMARK__PEER_MESSAGE__WHAT_WANT_DOCUMENT);
        oremark__peer_message__free_unpacked(found, NULL);
        found = NULL;
      }
    }
    om_action_free(&action);
  }
  return found;
}

static void begin(void) {
  struct om_node_config config = {.own_log = OM_LOG_NONE, .version = "test", .document = document, .fetched = fetched};
  memset(&t, 0, sizeof t);
  t.now_ms = 100000;
  for (size_t i = 0; i < SIZE; i++) t.bytes[i] = (uint8_t)(i * 7 + i / 253);
  om_sha256(&t.hash, t.bytes, SIZE);
  t.node = om_node_new(&config);
  for (uint32_t slot = 0; slot < PEERS; slot++) {
    Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
    Oremark__Hello hello = OREMARK__HELLO__INIT;
    om_node_connected(t.node, slot, OM_LOG_NONE, t.now_ms);
    hello.log = OM_LOG_NONE;
    hello.version = (char *)(uintptr_t) "test";
    message.what_case = OREMARK__PEER_MESSAGE__WHAT_HELLO;
    message.hello = &hello;
    assert_int_equal(say(slot, &message), OM_OK);
  }
  assert_null(heard(0, OREMARK__PEER_MESSAGE__WHAT_WANT_DOCUMENT));
}

static void end(void) {
  om_node_free(t.node);
  free(t.fetched);
}

static void is_asked(uint32_t slot, uint64_t offset) {
  Oremark__PeerMessage *m = heard(slot, OREMARK__PEER_MESSAGE__WHAT_WANT_DOCUMENT);
  assert_non_null(m);
  assert_int_equal(m->want_document->offset, offset);
  assert_memory_equal(m->want_document->hash.data, t.hash.bytes, OM_HASH_BYTES);
  oremark__peer_message__free_unpacked(m, NULL);
}

static enum om_code bring(uint32_t slot, uint64_t size, uint64_t offset, size_t len) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__DocumentBytes part = OREMARK__DOCUMENT_BYTES__INIT;
  part.hash = (ProtobufCBinaryData){OM_HASH_BYTES, t.hash.bytes};
  part.size = size;
  part.offset = offset;
  part.part = (ProtobufCBinaryData){len, t.bytes + offset};
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_DOCUMENT_BYTES;
  message.document_bytes = &part;
  return say(slot, &message);
}

static void part_by_part(void **state) {
  (void)state;
  begin();
  assert_int_equal(om_node_fetch(t.node, &t.hash, t.now_ms), OM_FETCH_UNDER_WAY);
  is_asked(0, 0);
  assert_int_equal(om_node_fetch(t.node, &t.hash, t.now_ms), OM_FETCH_UNDER_WAY); /* once */
  assert_null(heard(1, OREMARK__PEER_MESSAGE__WHAT_WANT_DOCUMENT));
  assert_int_equal(bring(0, SIZE, 0, OM_DOCUMENT_PART_BYTES), OM_OK);
  is_asked(0, OM_DOCUMENT_PART_BYTES);
  assert_null(t.fetched);
  assert_int_equal(bring(0, SIZE, OM_DOCUMENT_PART_BYTES, 100), OM_OK);
  assert_non_null(t.fetched);
  assert_int_equal(t.fetched_len, SIZE);
  assert_memory_equal(t.fetched, t.bytes, SIZE);
  assert_int_equal(om_node_fetch(t.node, &t.hash, t.now_ms), OM_FETCH_UNDER_WAY); /* until it is kept */
  om_node_fetched(t.node, &t.hash);
  end();
}

static void one_after_the_other(void **state) {
  (void)state;
  begin();
  om_node_fetch(t.node, &t.hash, t.now_ms);
  is_asked(0, 0);
  assert_int_equal(bring(0, 0, 0, 0), OM_OK); /* it has none */
  is_asked(1, 0);
  assert_int_equal(bring(1, SIZE, 0, OM_DOCUMENT_PART_BYTES), OM_OK);
  is_asked(1, OM_DOCUMENT_PART_BYTES);
  t.now_ms += OM_FETCH_ANSWER_MS; /* and then says nothing: the next is asked from the beginning */
  om_node_tick(t.node, t.now_ms);
  is_asked(2, 0);
  assert_int_equal(bring(1, SIZE, OM_DOCUMENT_PART_BYTES, 100), OM_OK); /* late, and of no use, but no fault */
  assert_null(t.fetched);
  assert_int_equal(om_node_fetch(t.node, &t.hash, t.now_ms), OM_FETCH_UNDER_WAY);
  om_node_disconnected(t.node, 2, t.now_ms);
  assert_int_equal(om_node_fetch(t.node, &t.hash, t.now_ms), OM_FETCH_NOWHERE);
  t.now_ms += OM_FETCH_FORGET_MS;
  om_node_tick(t.node, t.now_ms);
  assert_int_equal(om_node_fetch(t.node, &t.hash, t.now_ms), OM_FETCH_UNDER_WAY); /* all are asked anew */
  is_asked(0, 0);
  end();
}

static void what_was_not_asked_for(void **state) {
  (void)state;
  begin();
  assert_int_equal(bring(1, SIZE, 0, 10), OM_MALFORMED); /* nothing was */
  om_node_fetch(t.node, &t.hash, t.now_ms);
  is_asked(0, 0);
  assert_int_equal(bring(2, SIZE, 0, 10), OM_MALFORMED);  /* of another peer */
  assert_int_equal(bring(0, SIZE, 10, 10), OM_MALFORMED); /* another part */
  end();
  static const struct {
    uint64_t size;
    size_t len;
  } bad[] = {{SIZE, 0},
             {SIZE, 10}, /* less than a part has, to keep it waiting */
             {10, 11},
             {(uint64_t)OM_DOCUMENT_MAX_BYTES + 1, OM_DOCUMENT_PART_BYTES},
             {UINT64_MAX, OM_DOCUMENT_PART_BYTES},
             {SIZE, OM_DOCUMENT_PART_BYTES + 1}};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    begin();
    om_node_fetch(t.node, &t.hash, t.now_ms);
    is_asked(0, 0);
    assert_int_equal(bring(0, bad[i].size, 0, bad[i].len), OM_MALFORMED);
    end();
  }
  begin(); /* the same part twice */
  om_node_fetch(t.node, &t.hash, t.now_ms);
  is_asked(0, 0);
  assert_int_equal(bring(0, SIZE, 0, OM_DOCUMENT_PART_BYTES), OM_OK);
  assert_int_equal(bring(0, SIZE, 0, OM_DOCUMENT_PART_BYTES), OM_MALFORMED);
  end();
  begin(); /* another size than it said first */
  om_node_fetch(t.node, &t.hash, t.now_ms);
  is_asked(0, 0);
  assert_int_equal(bring(0, SIZE, 0, OM_DOCUMENT_PART_BYTES), OM_OK);
  is_asked(0, OM_DOCUMENT_PART_BYTES);
  assert_int_equal(bring(0, SIZE - 1, OM_DOCUMENT_PART_BYTES, 99), OM_MALFORMED);
  end();
}

/* Who answers nothing keeps no other document waiting for long, and none for ever. */
static void silent_peers(void **state) {
  struct om_hash first = {{1}};
  (void)state;
  begin();
  om_node_disconnected(t.node, 1, t.now_ms);
  om_node_disconnected(t.node, 2, t.now_ms);
  om_node_fetch(t.node, &first, t.now_ms);
  Oremark__PeerMessage *m = heard(0, OREMARK__PEER_MESSAGE__WHAT_WANT_DOCUMENT);
  assert_non_null(m);
  oremark__peer_message__free_unpacked(m, NULL);
  assert_int_equal(om_node_fetch(t.node, &t.hash, t.now_ms), OM_FETCH_UNDER_WAY); /* after that one */
  t.now_ms += OM_FETCH_ANSWER_MS;
  om_node_tick(t.node, t.now_ms);
  assert_int_equal(om_node_fetch(t.node, &first, t.now_ms), OM_FETCH_NOWHERE);
  assert_int_equal(om_node_fetch(t.node, &t.hash, t.now_ms), OM_FETCH_NOWHERE);
  assert_null(heard(0, OREMARK__PEER_MESSAGE__WHAT_WANT_DOCUMENT));
  end();
}

static void wrong_bytes(void **state) {
  (void)state;
  begin();
  om_node_fetch(t.node, &t.hash, t.now_ms);
  is_asked(0, 0);
  t.bytes[5] ^= 1;
  assert_int_equal(bring(0, 100, 0, 100), OM_OK); /* whole, by what it says */
  is_asked(1, 0);
  assert_null(heard(1, OREMARK__PEER_MESSAGE__WHAT_WANT_DOCUMENT));
  assert_null(t.fetched);
  assert_true(t.dropped[0]);
  end();
}

static void no_more_than_four(void **state) {
  struct om_hash other = {{1}};
  (void)state;
  begin();
  for (uint8_t i = 0; i < OM_FETCHES_MAX; i++) {
    other.bytes[1] = i;
    assert_int_equal(om_node_fetch(t.node, &other, t.now_ms), OM_FETCH_UNDER_WAY);
  }
  assert_int_equal(om_node_fetch(t.node, &t.hash, t.now_ms), OM_FETCH_BUSY);
  om_node_fetched(t.node, &other);
  assert_int_equal(om_node_fetch(t.node, &t.hash, t.now_ms), OM_FETCH_UNDER_WAY);
  end();
}

static enum om_code want(uint32_t slot, uint64_t offset) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__WantDocument in = OREMARK__WANT_DOCUMENT__INIT;
  in.hash = (ProtobufCBinaryData){OM_HASH_BYTES, t.hash.bytes};
  in.offset = offset;
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_WANT_DOCUMENT;
  message.want_document = &in;
  return say(slot, &message);
}

static void is_given(uint32_t slot, uint64_t offset, size_t len) {
  Oremark__PeerMessage *m = heard(slot, OREMARK__PEER_MESSAGE__WHAT_DOCUMENT_BYTES);
  assert_non_null(m);
  assert_int_equal(m->document_bytes->offset, offset);
  assert_int_equal(m->document_bytes->size, len > 0 ? SIZE : 0);
  assert_int_equal(m->document_bytes->part.len, len);
  if (len > 0) assert_memory_equal(m->document_bytes->part.data, t.bytes + offset, len);
  oremark__peer_message__free_unpacked(m, NULL);
}

static void given_at_a_pace(void **state) {
  (void)state;
  begin();
  assert_int_equal(want(0, 0), OM_OK);
  is_given(0, 0, OM_DOCUMENT_PART_BYTES);
  assert_int_equal(want(0, OM_DOCUMENT_PART_BYTES), OM_OK); /* the first of a document has used up the second */
  assert_null(heard(0, OREMARK__PEER_MESSAGE__WHAT_DOCUMENT_BYTES));
  assert_int_equal(t.reads, 1);
  assert_int_equal(want(0, OM_DOCUMENT_PART_BYTES), OM_MALFORMED); /* one question at a time */
  assert_int_equal(want(1, 0), OM_OK);                             /* the others are served meanwhile */
  is_given(1, 0, OM_DOCUMENT_PART_BYTES);
  end();
  begin();
  for (unsigned i = 0; i < OM_DOCUMENT_PARTS_S; i++) {
    assert_int_equal(want(0, OM_DOCUMENT_PART_BYTES), OM_OK);
    is_given(0, OM_DOCUMENT_PART_BYTES, 100);
  }
  assert_int_equal(want(0, OM_DOCUMENT_PART_BYTES), OM_OK);
  assert_null(heard(0, OREMARK__PEER_MESSAGE__WHAT_DOCUMENT_BYTES));
  t.now_ms += 1000;
  is_given(0, OM_DOCUMENT_PART_BYTES, 100);
  t.now_ms += 1000;
  t.gone = true;
  assert_int_equal(want(0, 0), OM_OK);
  is_given(0, 0, 0);
  end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(part_by_part),   cmocka_unit_test(one_after_the_other), cmocka_unit_test(what_was_not_asked_for),
      cmocka_unit_test(silent_peers),   cmocka_unit_test(wrong_bytes),         cmocka_unit_test(no_more_than_four),
      cmocka_unit_test(given_at_a_pace)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
