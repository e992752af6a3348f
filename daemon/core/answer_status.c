/* The daemon itself: how it stands, its network, its peers. */
#include <string.h>

#include "daemon/core/answer_parts.h"
#include "ledger/accept.h"
#include "ledger/queued.h"
#include "ledger/registry.h"
#include "ledger/rules.h"
#include "ledger/told.h"

static enum om_code fill_logs(struct om_answering *a, Oremark__Status *status, struct om_status *st) {
  struct om_arena *arena = a->view.arena;
  uint32_t n = om_log_count(a->view.txn);
  status->logs = om_arena_array(arena, n, sizeof *status->logs);
  for (uint32_t log = 0; log < n; log++) {
    Oremark__LogState *state;
    if (om_view_log(&a->view, &state, log, st) != OM_OK) return st->code;
    status->logs[status->n_logs++] = state;
  }
  return OM_OK;
}

static void fill_restart(struct om_answering *a, Oremark__Status *status) {
  struct om_restart *restart = om_arena_alloc(a->view.arena, sizeof *restart);
  uint64_t index;
  if (a->about->unjudged)
    status->by_hand = (char *)(uintptr_t) "the registry log goes on under a head that can't be judged here: if the "
                                          "governors have restarted the network, or named another daemon for its "
                                          "registry, accept that (oremark network accept FILE) or stop this daemon";
  if (om_upgrade_met(a->view.txn)) status->by_hand = (char *)(uintptr_t)OM_UPGRADE_TEXT;
  if (om_by_hand_met(a->view.txn, &index)) status->by_hand = (char *)(uintptr_t)OM_BY_HAND_TEXT;
  if (!om_registry_restart(a->view.txn, restart, OM_REGISTRY_NOW)) return;
  Oremark__Restarted *out = status->restarted = om_arena_alloc(a->view.arena, sizeof *out);
  oremark__restarted__init(out);
  out->index = restart->since;
  out->taken_ms = restart->taken_ms;
  out->reason = restart->reason;
}

static enum om_code fill_status(struct om_answering *a, Oremark__Status *status, const Oremark__GetStatus *asked,
                                struct om_status *st) {
  struct om_txn *txn = a->view.txn;
  struct om_quorum *quorum = om_arena_alloc(a->view.arena, sizeof *quorum);
  uint32_t own = a->about->own_log;
  if (fill_logs(a, status, st) != OM_OK) return st->code;
  uint32_t judged = own < status->n_logs ? own : OM_LOG_REGISTRY;
  enum om_code code = om_log_quorum(txn, quorum, judged, status->logs[judged]->size, st);
  if (code != OM_OK && code != OM_MISSING && code != OM_REFUSED) return code;
  status->quorum = quorum->lists[0].k;
  status->ready = a->about->ready;
  status->queued = om_queued_count(txn);
  fill_restart(a, status);
  status->successions = om_successions_told(a->view.txn, a->view.arena, &status->n_successions);
  if (a->about->waiting != NULL) status->waiting = (char *)(uintptr_t)a->about->waiting;
  if (a->about->cosign_key && om_cosign_key_check(txn, own, a->about->cosign_key, st) != OM_OK) {
    status->cosign_waits = (char *)om_arena_copy(a->view.arena, (const uint8_t *)st->text, strlen(st->text) + 1);
    om_status_clear(st);
    if (om_txn_check(txn, st) != OM_OK) return st->code;
  }
  if (own < status->n_logs) {
    const Oremark__LogState *log = status->logs[own];
    status->origin = log->origin;
    if (log->final_size < log->size)
      om_answer_missing(a, &status->missing, &status->n_missing, &status->needed, log->size - 1);
  }
  if (!asked->state_hash) return OM_OK;
  struct om_hash *hash = om_arena_alloc(a->view.arena, sizeof *hash);
  if (om_store_state_hash(hash, txn, st) != OM_OK) return st->code;
  status->state_hash = (ProtobufCBinaryData){sizeof hash->bytes, hash->bytes};
  return OM_OK;
}

static enum om_code genesis_of(struct om_answering *a, const Oremark__Genesis **out, ProtobufCBinaryData *bytes,
                               struct om_status *st) {
  const Oremark__Entry *entry;
  if (om_view_entry(&a->view, &entry, OM_LOG_REGISTRY, 0, st) != OM_OK) return st->code;
  if (entry->what_case != OREMARK__ENTRY__WHAT_GENESIS)
    return om_fail(st, OM_CORRUPT, NULL, "the registry log begins with no genesis");
  *out = entry->genesis;
  bytes->len = oremark__genesis__get_packed_size(entry->genesis); /* canonical: its encoding is the file */
  bytes->data = om_arena_alloc(a->view.arena, bytes->len);
  oremark__genesis__pack(entry->genesis, bytes->data);
  return OM_OK;
}

enum om_code om_answer_get_status(struct om_answering *a, const Oremark__GetStatus *asked, struct om_status *st) {
  Oremark__Status status = OREMARK__STATUS__INIT;
  const Oremark__Genesis *genesis = NULL;
  ProtobufCBinaryData ignored;
  struct om_hash network = a->about->network;
  if (genesis_of(a, &genesis, &ignored, st) != OM_OK || fill_status(a, &status, asked, st) != OM_OK) return st->code;
  status.version = (char *)OREMARK_VERSION;
  status.network = genesis->name;
  status.network_id = (ProtobufCBinaryData){sizeof network.bytes, network.bytes};
  if (om_registry_rules(a->view.txn, &status.rules_version, OM_REGISTRY_NOW, st) != OM_OK) return st->code;
  status.started_ms = a->about->started_ms;
  Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_STATUS, false);
  reply.status = &status;
  om_answer_put(a, &reply);
  return OM_OK;
}

enum om_code om_answer_genesis(struct om_answering *a, struct om_status *st) {
  Oremark__GenesisFile file = OREMARK__GENESIS_FILE__INIT;
  const Oremark__Genesis *genesis;
  if (genesis_of(a, &genesis, &file.genesis, st) != OM_OK) return st->code;
  Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_GENESIS, false);
  reply.genesis = &file;
  om_answer_put(a, &reply);
  return OM_OK;
}

void om_answer_peers(struct om_answering *a) {
  Oremark__Peers peers = OREMARK__PEERS__INIT;
  peers.peers = om_arena_array(a->view.arena, a->about->n_peers, sizeof *peers.peers);
  for (size_t i = 0; i < a->about->n_peers; i++) {
    const struct om_peer_view *from = &a->about->peers[i];
    Oremark__Peer *to = om_arena_alloc(a->view.arena, sizeof *to);
    oremark__peer__init(to);
    to->origin = (char *)from->origin;
    to->address = (char *)from->address;
    to->state = (char *)from->state;
    to->since_ms = from->since_ms;
    to->bytes_in = from->bytes_in;
    to->bytes_out = from->bytes_out;
    to->bytes_in_s = from->bytes_in_s;
    to->bytes_out_s = from->bytes_out_s;
    to->last_error = (char *)from->last_error;
    peers.peers[peers.n_peers++] = to;
  }
  Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_PEERS, false);
  reply.peers = &peers;
  om_answer_put(a, &reply);
}
