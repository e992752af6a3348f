/* What one peer is told of one log: Follow for what is followed from it, cosignatures, what is passed on to it, final
 * heads and entries for what it follows, and how much is held. Each is made when the link has room, from what the peer
 * has not been told. */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/node_state.h"

/* How far the peer in SLOT is served: a witness must see what it is to cosign, and a home daemon may have lost its
 * tail. A log that has ended is everybody's up to there. */
static uint64_t served_size(const struct om_node *node, uint32_t slot, uint32_t log) {
  const struct om_tracked *tracked = &node->logs[log];
  uint32_t peer_log = node->peers[slot].log;
  if (tracked->ended) return om_smaller(tracked->size, tracked->end);
  bool all = peer_log == log || (peer_log != OM_LOG_NONE && om_node_is_witness(node, log, peer_log));
  if (all || tracked->final.size > tracked->size) return tracked->size;
  return om_larger(om_smaller(tracked->wanted, tracked->size), tracked->final.size);
}

uint64_t om_serve_have(const struct om_tracked *tracked) {
  uint64_t most = om_smaller(tracked->provable.size, tracked->size);
  if (tracked->wanted <= tracked->size) most = om_larger(most, tracked->wanted);
  if (tracked->ended && tracked->end <= tracked->size) most = om_larger(most, tracked->end);
  return most;
}

/* How much can be proven to who has the root at PROVE entries; 0: who has none. */
static uint64_t provable_to(const struct om_tracked *tracked, uint64_t prove) {
  if (prove == 0) return om_smaller(tracked->provable.size, tracked->size);
  return prove <= tracked->size ? prove : 0;
}

static void drop_acked(struct om_serve *serve, uint64_t from) {
  while (serve->n > 0 && serve->ring[serve->first].end <= from) {
    serve->outstanding -= serve->ring[serve->first].cost;
    serve->first = (serve->first + 1) % OM_WINDOW_CHUNKS;
    serve->n--;
  }
  serve->acked = from;
}

void om_serve_follow(struct om_node *node, uint32_t slot, const Oremark__Follow *follow) {
  uint32_t log = follow->log;
  uint64_t from = follow->from;
  if (log >= node->n_logs)
    return; /* the peer knows more of the registry; it asks again when it hears that we have the log */
  struct om_row *row = om_node_row(node, slot, log);
  if (follow->stop) {
    free(row->serve);
    row->serve = NULL;
    return;
  }
  if (row->serve != NULL && from >= row->serve->acked && from <= row->serve->next) {
    drop_acked(row->serve, from);
  } else {
    if (row->serve == NULL) row->serve = om_node_alloc(1, sizeof *row->serve);
    *row->serve = (struct om_serve){.next = from, .acked = from};
  }
  row->serve->prove = follow->prove;
  row->has = om_larger(row->has, from);
  om_node_mark_row(node, slot, log);
}

static bool follow_next(struct om_node *node, struct om_action *out, struct om_row *row, uint32_t log) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Follow follow = OREMARK__FOLLOW__INIT;
  if (!row->stop_due && !row->follow_due) return false;
  follow.log = log;
  follow.stop = row->stop_due;
  if (row->stop_due) {
    row->stop_due = false;
  } else {
    row->follow_due = false;
    row->follow_from = om_larger(row->follow_from, node->logs[log].size);
    follow.from = row->follow_from;
    follow.prove = row->heads_only ? OM_PROVE_NOTHING : om_sync_prove(&node->logs[log], row);
  }
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_FOLLOW;
  message.follow = &follow;
  om_peer_encode(&out->bytes, &out->len, &message);
  return true;
}

static bool cosigned_next(struct om_node *node, struct om_action *out, struct om_row *row, uint32_t log) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Cosigned cosigned = OREMARK__COSIGNED__INIT;
  struct om_tracked *tracked = &node->logs[log];
  if (!row->cosigned_due) return false;
  row->cosigned_due = false;
  cosigned.log = log;
  cosigned.size = tracked->cosigned;
  cosigned.witness = node->config.own_log;
  cosigned.line = (ProtobufCBinaryData){strlen(tracked->cosigned_line), (uint8_t *)tracked->cosigned_line};
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_COSIGNED;
  message.cosigned = &cosigned;
  om_peer_encode(&out->bytes, &out->len, &message);
  return true;
}

/* Before the entries under it, which a follower that is no witness takes in only then. */
static bool head_next(struct om_node *node, struct om_action *out, struct om_row *row, uint32_t log) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Head head = OREMARK__HEAD__INIT;
  struct om_heard *final = &node->logs[log].final;
  if (row->serve == NULL || final->size <= om_larger(row->head_sent, row->has_final)) return false;
  row->head_sent = final->size;
  row->told_final = om_larger(row->told_final, final->size);
  head.log = log;
  head.checkpoint = (ProtobufCBinaryData){final->len, final->note};
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_HEAD;
  message.head = &head;
  om_peer_encode(&out->bytes, &out->len, &message);
  return true;
}

static bool window_full(const struct om_serve *serve) {
  return serve->outstanding >= OM_WINDOW_BYTES || serve->n == OM_WINDOW_CHUNKS;
}

/* A follower that takes in nothing of what it was sent may have missed changes of the witnesses, so that it can't judge
 * the newest head. The heads that the log has recorded at each of them lead on (marks.c); here comes the next of those,
 * as the entry that records it may lie beyond what the follower has room for. */
static bool recorded_next(struct om_node *node, struct om_action *out, struct om_row *row, uint32_t log) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Head head = OREMARK__HEAD__INIT;
  struct om_serve *serve = row->serve;
  uint8_t note[OM_HEAD_MAX_BYTES];
  size_t len = 0;
  uint64_t size = 0;
  if (serve == NULL || node->config.recorded == NULL || !window_full(serve) || serve->acked < serve->recorded)
    return false;
  if (!node->config.recorded(node->config.ctx, note, &len, &size, log, serve->acked)) {
    serve->recorded = om_larger(node->logs[log].final.size, serve->acked + 1);
    serve->looks_again = true; /* it may have been out of reach for a moment, or be recorded by then */
    if (node->look_again_ms == 0) node->look_again_ms = node->now_ms + OM_RETRY_MS;
    return false;
  }
  OM_ASSERT(size > serve->acked);
  serve->recorded = size;
  head.log = log;
  head.checkpoint = (ProtobufCBinaryData){len, note};
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_HEAD;
  message.head = &head;
  om_peer_encode(&out->bytes, &out->len, &message);
  return true;
}

void om_serve_tick(struct om_node *node, int64_t now_ms) {
  if (node->look_again_ms == 0 || now_ms < node->look_again_ms) return;
  node->look_again_ms = 0;
  for (uint32_t slot = 0; slot < OM_PEERS_MAX; slot++)
    for (uint32_t log = 0; log < node->n_logs && log < node->peers[slot].n_rows; log++) {
      struct om_serve *serve = node->peers[slot].rows[log].serve;
      if (serve == NULL || !serve->looks_again) continue;
      serve->looks_again = false;
      serve->recorded = 0;
      om_node_mark_row(node, slot, log);
    }
}

/* Puts the proof of what is in SINK, FROM to UPTO-1, behind it; false: it can't be had. */
static bool prove_entries(struct om_node *node, struct om_entry_sink *sink, struct om_serve *serve, uint32_t log,
                          uint64_t from, uint64_t upto) {
  const struct om_heard *head = &node->logs[log].provable;
  struct om_entry_proof proof = {.prove = serve->prove};
  uint64_t size = serve->prove != 0 ? serve->prove : head->size;
  if (node->config.prove == NULL) return false;
  if (node->config.prove(node->config.ctx, &proof.proof, log, upto, size) != OM_OK) return false;
  if (!serve->begun && from > 0 && node->config.prove(node->config.ctx, &proof.before, log, from, size) != OM_OK)
    return false;
  if (serve->prove == 0 && serve->head != head->size) {
    proof.head = head->note;
    proof.head_len = head->len;
    serve->head = head->size;
  }
  serve->begun = true;
  om_entry_sink_prove(sink, &proof);
  return true;
}

static bool entries_next(struct om_node *node, struct om_action *out, uint32_t slot, struct om_row *row, uint32_t log) {
  struct om_serve *serve = row->serve;
  if (serve == NULL || window_full(serve)) return false;
  uint64_t upto = om_smaller(served_size(node, slot, log), provable_to(&node->logs[log], serve->prove));
  if (serve->next >= upto) return false;
  struct om_entry_sink sink;
  om_entry_sink_begin(&sink, log, serve->next);
  enum om_code code = node->config.entries(node->config.ctx, &sink, log, serve->next, upto);
  size_t n = code == OM_OK ? sink.n : 0;
  if (n > 0 && !prove_entries(node, &sink, serve, log, serve->next, serve->next + n)) n = 0;
  size_t cost = sink.cost;
  om_entry_sink_end(&sink, &out->bytes, &out->len);
  if (n == 0) { /* what can't be read here is asked of another */
    free(out->bytes);
    out->bytes = NULL;
    free(serve);
    row->serve = NULL;
    return false;
  }
  serve->next += n;
  OM_ASSERT(serve->next <= upto);
  serve->ring[(serve->first + serve->n++) % OM_WINDOW_CHUNKS] = (struct om_serve_chunk){serve->next, cost};
  serve->outstanding += cost;
  row->told = om_larger(row->told, serve->next);
  return true;
}

/* Growth is told only where it is news that the peer could use, and not for every commit. */
static bool have_next(struct om_node *node, struct om_action *out, uint32_t slot, struct om_row *row, uint32_t log,
                      int64_t now_ms) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Have have = OREMARK__HAVE__INIT;
  struct om_tracked *tracked = &node->logs[log];
  uint64_t size = om_serve_have(tracked);
  bool news = !row->told_any || om_smaller(served_size(node, slot, log), size) > om_larger(row->told, row->has) ||
              om_smaller(tracked->final.size, size) > om_larger(row->told_final, row->has_final);
  bool unsettled = om_met_due(tracked, row);
  if (!news && !row->cut_due && !unsettled) return false;
  if (row->told_any && now_ms - row->told_ms < OM_HAVE_MS) {
    tracked->have_later = true;
    return false;
  }
  uint64_t now = size;
  if (row->cut_due && row->cut_size < size) size = row->cut_size;
  /* First how little it was at the cut, though it has grown again: what the peer keeps of before is of no use. */
  row->told_any = size == now;
  row->cut_due = false;
  row->told_ms = now_ms;
  row->told = size;
  row->told_final = om_smaller(tracked->final.size, size);
  have.log = log;
  have.size = size;
  have.final_size = row->told_final;
  if (unsettled) {
    row->unsettled_ms = tracked->provable_ms;
    have.head = (ProtobufCBinaryData){tracked->provable.len, tracked->provable.note};
  }
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_HAVE;
  message.have = &have;
  om_peer_encode(&out->bytes, &out->len, &message);
  return true;
}

bool om_serve_next(struct om_node *node, struct om_action *out, uint32_t slot, uint32_t log, int64_t now_ms) {
  struct om_row *row = om_node_row(node, slot, log);
  return follow_next(node, out, row, log) || cosigned_next(node, out, row, log) ||
         om_relay_next(node, out, slot, log) || om_recover_tell(node, out, slot, log) ||
         head_next(node, out, row, log) || recorded_next(node, out, row, log) ||
         om_evidence_tell(node, out, slot, log) || entries_next(node, out, slot, row, log) ||
         have_next(node, out, slot, row, log, now_ms);
}
