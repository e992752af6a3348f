/* What a node's peers say to it, one message at a time; a test that the node takes it. Whoever tests then sees what it
 * has to give. */
#ifndef OREMARK_TESTS_SUPPORT_PEER_SAYS_H
#define OREMARK_TESTS_SUPPORT_PEER_SAYS_H

#include "daemon/core/node.h"

void peer_sends(struct om_node *node, uint32_t slot, const uint8_t *bytes, size_t len, int64_t now_ms);
void peer_says(struct om_node *node, uint32_t slot, const Oremark__PeerMessage *message, int64_t now_ms);
/* A link in SLOT with the daemon of LOG, which says hello. */
void peer_greets(struct om_node *node, uint32_t slot, uint32_t log, int64_t now_ms);
void peer_has(struct om_node *node, uint32_t slot, uint32_t log, uint64_t size, uint64_t final_size, int64_t now_ms);
/* Follows LOG from entry FROM on, or STOPs that. */
void peer_follows(struct om_node *node, uint32_t slot, uint32_t log, uint64_t from, bool stop, int64_t now_ms);

#endif
