/* Evidence that others made: taken in beside what was made here, and judged by the registry that is held. */
#include <string.h>

#include "ledger/evidence.h"
#include "ledger/ledger_state.h"
#include "proto/evidence.pb-c.h"

/* The key is the log's, and the network this one: else the evidence is about somebody else. */
static enum om_code check_named(struct om_batch *batch, const struct om_evidence_verdict *v, uint32_t log,
                                struct om_status *st) {
  struct om_daemon daemon;
  enum om_code code = om_registry_daemon(batch->txn, &daemon, log, OM_REGISTRY_NOW, st);
  if (code != OM_OK) return code;
  if (v->log == log && om_hash_equal(&v->network, &batch->ledger->network) &&
      strcmp(v->larger.origin, daemon.origin) == 0 && memcmp(v->log_key, daemon.log_key, sizeof v->log_key) == 0)
    return OM_OK;
  return om_fail(st, OM_NO, NULL, "it is about a key that is not the one of log %u, %s, in this network", log,
                 daemon.origin);
}

/* Whether a quorum signed both heads, as far as the witnesses are known here. */
static enum om_code both_final(struct om_txn *txn, bool *out, uint32_t log, const uint8_t *bytes, size_t len,
                               struct om_status *st) {
  struct om_arena arena = {0};
  struct om_checkpoint head;
  struct om_status why;
  uint64_t time_s;
  const Oremark__Evidence *e = oremark__evidence__unpack(om_arena_protobuf(&arena), len, bytes);
  OM_ASSERT(e != NULL && e->what_case == OREMARK__EVIDENCE__WHAT_FORK); /* it was checked */
  const ProtobufCBinaryData *notes[2] = {&e->fork->smaller, &e->fork->larger};
  *out = true;
  for (size_t i = 0; i < 2 && *out; i++)
    *out = om_quorum_check(txn, &head, &time_s, log, notes[i]->data, notes[i]->len, &why) == OM_OK;
  om_arena_free(&arena);
  return om_txn_check(txn, st);
}

/* What is held already, and whatever there is no place for, is answered before any signature is looked at. */
static bool is_old(struct om_txn *txn, uint32_t *number, uint32_t log, const struct om_checkpoint *about) {
  bool frozen;
  om_evidence_count(txn, &frozen, log);
  *number = om_evidence_find(txn, log, about, true);
  if (*number == OM_EVIDENCE_NONE && frozen) *number = om_evidence_find(txn, log, about, false);
  return *number != OM_EVIDENCE_NONE || om_evidence_room(txn, log, true) == OM_EVIDENCE_NONE;
}

enum om_code om_batch_evidence(struct om_batch *batch, uint32_t *number, bool *news, uint32_t log, const uint8_t *bytes,
                               size_t len, struct om_status *st) {
  struct om_arena arena = {0};
  struct om_evidence_verdict *v = om_arena_alloc(&arena, sizeof *v);
  struct om_checkpoint about;
  bool freezes = false;
  *news = false;
  *number = OM_EVIDENCE_NONE;
  enum om_code code = om_evidence_about(bytes, len, &about, st);
  if (code == OM_OK && !is_old(batch->txn, number, log, &about)) {
    code = om_evidence_check(bytes, len, v, st);
    if (code == OM_OK) code = check_named(batch, v, log, st);
    if (code == OM_OK) code = both_final(batch->txn, &freezes, log, bytes, len, st);
    if (code == OM_OK) *number = om_evidence_find(batch->txn, log, &about, freezes);
    *news = code == OM_OK && *number == OM_EVIDENCE_NONE;
  }
  if (*news) *number = om_evidence_room(batch->txn, log, freezes);
  if (*number == OM_EVIDENCE_NONE) *news = false;
  if (*news) om_evidence_put(batch->txn, log, *number, &about, freezes, bytes, len);
  om_arena_free(&arena);
  return code != OM_OK ? code : om_txn_check(batch->txn, st);
}

enum om_code om_batch_evidence_again(struct om_batch *batch, uint32_t log, struct om_status *st) {
  bool freezes;
  struct om_bytes row;
  enum om_code code = OM_OK;
  for (uint32_t i = 0; i < OM_EVIDENCE_PIECES_MAX && code == OM_OK; i++) {
    struct om_arena arena = {0};
    struct om_checkpoint about;
    code = om_log_evidence(batch->txn, &row, &freezes, log, i, st);
    if (code != OM_OK || freezes) continue;
    uint8_t *bytes = om_arena_copy(&arena, row.data, row.len);
    code = both_final(batch->txn, &freezes, log, bytes, row.len, st);
    if (code == OM_OK && freezes) code = om_evidence_about(bytes, row.len, &about, st);
    if (code == OM_OK && freezes) om_evidence_put(batch->txn, log, i, &about, true, bytes, row.len);
    om_arena_free(&arena);
  }
  return code == OM_OK || code == OM_MISSING ? om_txn_check(batch->txn, st) : code;
}
