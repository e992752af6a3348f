/* A witness's own seals: made at the governors' call, kept, and kept to. */
#include "ledger/seal.h"

#include <stdio.h>
#include <string.h>

#include "keys/hex.h"
#include "ledger/acts.h"
#include "ledger/ledger_state.h"
#include "ledger/registry.h"

void om_seal_digest(struct om_hash *out, const struct om_hash *network, const Oremark__Seal *seal) {
  static const char domain[] = "oremark/v1/seal";
  Oremark__Seal unsigned_seal = *seal;
  uint8_t bytes[OM_SEAL_MAX_BYTES];
  unsigned_seal.signature = (ProtobufCBinaryData){0, NULL};
  size_t len = oremark__seal__get_packed_size(&unsigned_seal);
  OM_ASSERT(len <= sizeof bytes);
  oremark__seal__pack(&unsigned_seal, bytes);
  const struct om_span spans[] = {{domain, sizeof domain}, {network->bytes, sizeof network->bytes}, {bytes, len}};
  om_sha256v(out, spans, sizeof spans / sizeof *spans);
}

/* ---- what is kept: the call (32), then the seal ---- */

static bool kept_seal(struct om_txn *txn, struct om_hash *call, struct om_bytes *seal, uint32_t log) {
  uint8_t key[OM_HEAD_KEY_BYTES];
  struct om_bytes row;
  om_head_key(key, log, OM_HEAD_SEAL);
  if (!om_txn_get(txn, &row, OM_TABLE_HEADS, key, sizeof key) || row.len <= OM_HASH_BYTES) return false;
  memcpy(call->bytes, row.data, sizeof *call);
  *seal = (struct om_bytes){row.data + OM_HASH_BYTES, row.len - OM_HASH_BYTES};
  return true;
}

bool om_log_sealed(struct om_txn *txn, struct om_hash *call, uint32_t log) {
  struct om_bytes seal;
  return kept_seal(txn, call, &seal, log) && !om_registry_lifted(txn, log, call, OM_REGISTRY_NOW);
}

static void keep(struct om_txn *txn, uint32_t log, const struct om_hash *call, const uint8_t *seal, size_t len) {
  uint8_t key[OM_HEAD_KEY_BYTES], row[OM_HASH_BYTES + OM_SEAL_MAX_BYTES];
  OM_ASSERT(len <= OM_SEAL_MAX_BYTES);
  memcpy(row, call->bytes, sizeof *call);
  memcpy(row + OM_HASH_BYTES, seal, len);
  om_head_key(key, log, OM_HEAD_SEAL);
  om_txn_put(txn, OM_TABLE_HEADS, key, sizeof key, row, OM_HASH_BYTES + len);
}

/* ---- the call ---- */

static enum om_code check_call(struct om_batch *batch, struct om_checked *checked, int64_t now_ms,
                               struct om_status *st) {
  uint32_t signers[OM_SIGNATURES_MAX];
  struct om_log_state *registry;
  enum om_code code = om_batch_log(batch, &registry, OM_LOG_REGISTRY, st);
  if (code == OM_OK) code = om_statement_times(checked->statement, now_ms, st);
  struct om_case judged = {.network = batch->ledger->network,
                           .statement_id = checked->statement_id,
                           .statement = checked->statement,
                           .signers = signers,
                           .log = OM_LOG_REGISTRY,
                           .index = code == OM_OK ? registry->edge.size : 0};
  if (code == OM_OK) code = om_signers(signers, &judged.n_signers, checked, batch->txn, judged.index, st);
  return code == OM_OK ? om_act_governors_signed(batch->txn, &judged, st) : code;
}

/* ---- making ---- */

/* The note of HEAD with nothing but its log's signature, so that the seals of all witnesses fit an act. */
static enum om_code bare_head(struct om_txn *txn, char out[OM_NOTE_BYTES_MAX], size_t *len, uint64_t *size,
                              uint32_t log, const struct om_bytes *head, struct om_status *st) {
  struct om_note note;
  struct om_checkpoint checkpoint;
  enum om_code code = om_head_parse(txn, &note, &checkpoint, log, head->data, head->len, st);
  if (code == OM_OK) code = om_note_begin(out, len, note.text, note.text_len, st);
  if (code != OM_OK) return code;
  *size = checkpoint.size;
  size_t origin = strlen(checkpoint.origin);
  for (size_t i = 0; i < note.n; i++) {
    char line[OM_NOTE_LINE_BYTES];
    struct om_note bare;
    size_t begun = *len;
    if (note.lines[i].name_len != origin || memcmp(note.lines[i].name, checkpoint.origin, origin) != 0) continue;
    int n = snprintf(line, sizeof line, "\xE2\x80\x94 %s %.*s\n", checkpoint.origin, (int)note.lines[i].base64_len,
                     note.lines[i].base64);
    if (n < 0 || (size_t)n >= sizeof line) continue; /* longer than any signature: not the log's */
    code = om_note_add_line(out, len, line, (size_t)n, st);
    if (code == OM_OK) code = om_note_parse(&bare, out, *len, st);
    if (code == OM_OK) code = om_head_parse(txn, &bare, &checkpoint, log, (const uint8_t *)out, *len, st);
    if (code == OM_OK) return OM_OK;
    *len = begun; /* another key of that name */
  }
  return om_fail(st, OM_CORRUPT, NULL, "a head of log %u that is kept here is not signed by it", log);
}

/* The daemon of DAEMONS that this one is, with the key that it cosigns with. */
static const struct om_daemon *find_self(const struct om_quorum_list *list, uint32_t own, const uint8_t cosign_key[32],
                                         bool *other_key) {
  for (size_t i = 0; i < list->n; i++) {
    if (list->daemons[i].log != own) continue;
    if (memcmp(list->daemons[i].cosign_key, cosign_key, OM_PUBLIC_BYTES) == 0) return &list->daemons[i];
    *other_key = true;
  }
  return NULL;
}

/* Does this daemon's seal count in one of the two lists? */
static enum om_code check_listed(struct om_batch *batch, const Oremark__Seal *seal, const struct om_signers_keys *keys,
                                 struct om_status *st) {
  const uint64_t indexes[] = {seal->registry_index, seal->settled_index};
  struct om_daemon log;
  bool other_key = false;
  enum om_code code = om_registry_daemon(batch->txn, &log, seal->log, OM_REGISTRY_NOW, st);
  for (size_t i = 0; i < 2 && code == OM_OK; i++) {
    struct om_quorum_list list;
    code = om_quorum_list(batch->txn, &list, seal->log, indexes[i], st);
    if (code == OM_OK && find_self(&list, batch->ledger->own_log, om_secret_public(keys->cosign), &other_key))
      return OM_OK;
  }
  if (code != OM_OK) return code;
  return om_fail(st, OM_REFUSED, "witness",
                 other_key ? "the witnesses of %s, as of the highest head known here, include this daemon with another "
                             "cosign key: its seal would not count"
                           : "this daemon is no witness of %s, as of the highest head known here: its seal would not "
                             "count",
                 log.origin);
}

/* Lists from before a restart of the network count no more: from the head on that it states, that of the restart does.
 */
static void behind_restart(struct om_txn *txn, Oremark__Seal *seal) {
  struct om_restart restart;
  if (!om_registry_restart(txn, &restart, OM_REGISTRY_NOW)) return;
  if (seal->registry_index <= restart.since) seal->registry_index = restart.since + 1;
  if (seal->settled_index <= restart.since) seal->settled_index = restart.since + 1;
}

/* Head and lists. NOTE is what the seal points to. */
static enum om_code state_head(struct om_batch *batch, Oremark__Seal *seal, char note[OM_NOTE_BYTES_MAX],
                               struct om_status *st) {
  struct om_bytes highest;
  uint64_t size = 0;
  enum om_code code = om_head_highest(batch->txn, &highest, seal->log, st);
  if (code == OM_OK) code = bare_head(batch->txn, note, &seal->head.len, &size, seal->log, &highest, st);
  if (code == OM_OK) {
    code = om_quorum_indexes(batch->txn, &seal->registry_index, &seal->settled_index, seal->log, size, st);
    if (code == OM_OK) behind_restart(batch->txn, seal);
    return code;
  }
  if (code != OM_MISSING) return code;
  struct om_log_state *registry;
  code = om_batch_log(batch, &registry, OM_LOG_REGISTRY, st);
  if (code == OM_OK) seal->registry_index = seal->settled_index = registry->edge.size;
  return code;
}

static enum om_code make(struct om_batch *batch, struct om_arena *arena, struct om_bytes *out, uint32_t log,
                         const struct om_hash *call, const struct om_signers_keys *keys, struct om_status *st) {
  Oremark__Seal seal = OREMARK__SEAL__INIT;
  struct om_hash digest;
  char note[OM_NOTE_BYTES_MAX];
  uint8_t signature[OM_SIG_BYTES];
  seal.witness = batch->ledger->own_log;
  seal.log = log;
  seal.head.data = (uint8_t *)note;
  seal.call = (ProtobufCBinaryData){sizeof call->bytes, (uint8_t *)(uintptr_t)call->bytes};
  enum om_code code = state_head(batch, &seal, note, st);
  if (code == OM_OK) code = check_listed(batch, &seal, keys, st);
  if (code == OM_OK) code = om_votes_check(batch, keys, st);
  if (code != OM_OK) return code;
  om_seal_digest(&digest, &batch->ledger->network, &seal);
  om_sign(keys->cosign, signature, digest.bytes, sizeof digest);
  seal.signature = (ProtobufCBinaryData){sizeof signature, signature};
  uint8_t *bytes = om_arena_alloc(arena, oremark__seal__get_packed_size(&seal));
  *out = (struct om_bytes){bytes, oremark__seal__pack(&seal, bytes)};
  return OM_OK;
}

/* Which log the call is about. */
static enum om_code called_log(struct om_batch *batch, uint32_t *log, const struct om_checked *checked,
                               struct om_status *st) {
  const Oremark__Statement *s = checked->statement;
  struct om_daemon known;
  if (s->n_events != 1 || s->events[0]->kind_case != OREMARK__EVENT__KIND_SEAL_LOG)
    return om_fail(st, OM_REFUSED, "call", "this is no call to seal a log: make one with `oremark log seal`");
  *log = s->events[0]->seal_log->log;
  if (batch->ledger->own_log == OM_LOG_NONE || *log == batch->ledger->own_log)
    return om_fail(st, OM_REFUSED, "witness",
                   "a daemon witnesses the logs of others: hand the call to a witness of it");
  enum om_code code = om_registry_daemon(batch->txn, &known, *log, OM_REGISTRY_NOW, st);
  return code == OM_MISSING ? st->code = OM_REFUSED : code;
}

enum om_code om_batch_seal(struct om_batch *batch, struct om_arena *arena, struct om_bytes *out, bool *again,
                           struct om_checked *checked, int64_t now_ms, const struct om_signers_keys *keys,
                           struct om_status *st) {
  struct om_hash before;
  struct om_bytes seal;
  uint32_t log = OM_LOG_REGISTRY;
  *again = false;
  enum om_code code = called_log(batch, &log, checked, st);
  if (code != OM_OK) return code;
  if (kept_seal(batch->txn, &before, &seal, log)) {
    if (om_hash_equal(&before, &checked->statement_id)) {
      *again = true;
      *out = (struct om_bytes){om_arena_copy(arena, seal.data, seal.len), seal.len};
      return OM_OK;
    }
    if (!om_registry_lifted(batch->txn, log, &before, OM_REGISTRY_NOW)) return om_sealed_refuse(st, log, &before);
  }
  struct om_bytes awaited;
  uint64_t size;
  if (om_lost_awaited(batch->txn, &awaited, &size, log)) /* the lists at that head are not known before */
    return om_fail(st, OM_WAIT, "mending", "log %u is being followed anew here: try again in a moment", log);
  code = check_call(batch, checked, now_ms, st);
  if (code == OM_OK) code = make(batch, arena, out, log, &checked->statement_id, keys, st);
  if (code != OM_OK) return code;
  keep(batch->txn, log, &checked->statement_id, out->data, out->len);
  return om_txn_check(batch->txn, st);
}

enum om_code om_sealed_refuse(struct om_status *st, uint32_t log, const struct om_hash *call) {
  char hex[OM_HEX_BYTES(8)];
  return om_fail(
      st, OM_REFUSED, "sealed",
      "this daemon has sealed log %u at the governors' call %s: it cosigns no more of it until they lift that", log,
      om_hex(hex, call->bytes, 8));
}
