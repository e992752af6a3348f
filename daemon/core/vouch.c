/* Question and answer at a start, and proposals, where a relay carries them: each bears the signature of its daemon's
 * cosign key, over the start that it belongs to, so that a relay can neither make one up nor bring an old one. */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/node_state.h"

static const char ask_domain[] = "oremark/v1/ask";
static const char told_domain[] = "oremark/v1/told";
static const char propose_domain[] = "oremark/v1/propose";

/* SHA-256 of DOMAIN with its NUL, the network id and the message's fields. */
static void digest(struct om_hash *out, const struct om_node *node, const char *domain, size_t domain_len,
                   const ProtobufCMessage *message) {
  size_t len = protobuf_c_message_get_packed_size(message);
  uint8_t *bytes = om_node_alloc(len, 1);
  protobuf_c_message_pack(message, bytes);
  const struct om_span spans[] = {
      {domain, domain_len}, {node->config.network.bytes, sizeof node->config.network.bytes}, {bytes, len}};
  om_sha256v(out, spans, 3);
  free(bytes);
}

static void ask_digest(struct om_hash *out, const struct om_node *node, const Oremark__Ask *ask) {
  Oremark__Ask bare = OREMARK__ASK__INIT;
  bare.log = ask->log;
  bare.start = ask->start;
  digest(out, node, ask_domain, sizeof ask_domain, &bare.base);
}

static void told_digest(struct om_hash *out, const struct om_node *node, const Oremark__Told *told) {
  Oremark__Told bare = OREMARK__TOLD__INIT;
  bare.log = told->log;
  bare.size = told->size;
  bare.checkpoint = told->checkpoint;
  bare.witness = told->witness;
  bare.start = told->start;
  digest(out, node, told_domain, sizeof told_domain, &bare.base);
}

static void propose_digest(struct om_hash *out, const struct om_node *node, const Oremark__Propose *propose) {
  Oremark__Propose bare = OREMARK__PROPOSE__INIT;
  bare.log = propose->log;
  bare.checkpoint = propose->checkpoint;
  bare.start = propose->start;
  digest(out, node, propose_domain, sizeof propose_domain, &bare.base);
}

void om_vouch_propose(const struct om_node *node, Oremark__Propose *propose, uint8_t sig[OM_SIG_BYTES]) {
  struct om_hash hash;
  propose_digest(&hash, node, propose);
  node->config.sign(node->config.ctx, sig, &hash);
  propose->signature = (ProtobufCBinaryData){OM_SIG_BYTES, sig};
}

void om_vouch_ask(const struct om_node *node, Oremark__Ask *ask, uint8_t sig[OM_SIG_BYTES]) {
  struct om_hash hash;
  ask_digest(&hash, node, ask);
  node->config.sign(node->config.ctx, sig, &hash);
  ask->signature = (ProtobufCBinaryData){OM_SIG_BYTES, sig};
}

void om_vouch_told(const struct om_node *node, Oremark__Told *told, uint8_t sig[OM_SIG_BYTES]) {
  struct om_hash hash;
  told_digest(&hash, node, told);
  node->config.sign(node->config.ctx, sig, &hash);
  told->signature = (ProtobufCBinaryData){OM_SIG_BYTES, sig};
}

static bool signed_by(const ProtobufCBinaryData *sig, const struct om_hash *hash, const uint8_t key[OM_PUBLIC_BYTES]) {
  return sig->len == OM_SIG_BYTES && om_verify(sig->data, hash->bytes, sizeof hash->bytes, key);
}

static bool home_signed(const struct om_node *node, uint32_t log, const ProtobufCBinaryData *start,
                        const ProtobufCBinaryData *sig, const struct om_hash *hash) {
  uint8_t key[OM_PUBLIC_BYTES];
  if (start->len != OM_START_BYTES || node->config.cosign_key == NULL) return false;
  return node->config.cosign_key(node->config.ctx, key, log) && signed_by(sig, hash, key);
}

bool om_vouched_ask(const struct om_node *node, const Oremark__Ask *ask) {
  struct om_hash hash;
  ask_digest(&hash, node, ask);
  return home_signed(node, ask->log, &ask->start, &ask->signature, &hash);
}

bool om_vouched_propose(const struct om_node *node, const Oremark__Propose *propose) {
  struct om_hash hash;
  propose_digest(&hash, node, propose);
  return home_signed(node, propose->log, &propose->start, &propose->signature, &hash);
}

bool om_vouched_told(const struct om_node *node, const Oremark__Told *told) {
  struct om_hash hash;
  told_digest(&hash, node, told);
  for (size_t list = 0; list < node->quorum.n_lists; list++) {
    for (size_t i = 0; i < node->quorum.lists[list].n; i++) {
      const struct om_daemon *daemon = &node->quorum.lists[list].daemons[i];
      if (daemon->log == told->witness && signed_by(&told->signature, &hash, daemon->cosign_key)) return true;
    }
  }
  return false;
}
