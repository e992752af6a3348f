#include "support/test.h"

#include <stdlib.h>

#include "daemon/core/peer.h"
#include "support/peer_says.h"

void peer_sends(struct om_node *node, uint32_t slot, const uint8_t *bytes, size_t len, int64_t now_ms) {
  struct om_status st = {0};
  assert_ok(om_node_message(node, slot, bytes, len, now_ms, &st), &st);
}

void peer_says(struct om_node *node, uint32_t slot, const Oremark__PeerMessage *message, int64_t now_ms) {
  uint8_t *bytes = NULL;
  size_t len = 0;
  om_peer_encode(&bytes, &len, message);
  peer_sends(node, slot, bytes, len, now_ms);
  free(bytes);
}

void peer_greets(struct om_node *node, uint32_t slot, uint32_t log, int64_t now_ms) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Hello hello = OREMARK__HELLO__INIT;
  hello.log = log;
  hello.version = (char *)(uintptr_t) "v";
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_HELLO;
  message.hello = &hello;
  om_node_connected(node, slot, log, now_ms);
  peer_says(node, slot, &message, now_ms);
}

void peer_has(struct om_node *node, uint32_t slot, uint32_t log, uint64_t size, uint64_t final_size, int64_t now_ms) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Have have = OREMARK__HAVE__INIT;
  have.log = log;
  have.size = size;
  have.final_size = final_size;
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_HAVE;
  message.have = &have;
  peer_says(node, slot, &message, now_ms);
}

void peer_follows(struct om_node *node, uint32_t slot, uint32_t log, uint64_t from, bool stop, int64_t now_ms) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Follow follow = OREMARK__FOLLOW__INIT;
  follow.log = log;
  follow.from = from;
  follow.stop = stop;
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_FOLLOW;
  message.follow = &follow;
  peer_says(node, slot, &message, now_ms);
}
