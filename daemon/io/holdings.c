#include "daemon/io/holdings.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/io/logline.h"

static enum om_code entries(void *ctx, struct om_entry_sink *sink, uint32_t log, uint64_t from, uint64_t upto) {
  struct om_holdings *holdings = ctx;
  struct om_status st;
  struct om_txn *txn;
  struct om_bytes entry;
  enum om_code code = om_txn_read(&txn, holdings->store, &st);
  if (code != OM_OK) return code;
  for (uint64_t i = from; i < upto; i++) {
    code = om_log_entry(txn, &entry, log, i, &st);
    if (code != OM_OK || !om_entry_put(sink, entry.data, entry.len)) break;
  }
  om_txn_abort(txn);
  if (code != OM_OK) om_log(OM_LOG_ERROR, "entries-unread", "log=%" PRIu32 " why=\"%s\"", log, st.text);
  return code;
}

static enum om_code prove(void *ctx, struct om_proof *out, uint32_t log, uint64_t from, uint64_t size) {
  struct om_holdings *holdings = ctx;
  struct om_status st;
  struct om_txn *txn;
  out->n = 0;
  if (from == size) return OM_OK;
  enum om_code code = om_txn_read(&txn, holdings->store, &st);
  if (code != OM_OK) return code;
  code = om_log_prove(txn, out, log, from, size, &st);
  om_txn_abort(txn);
  return code;
}

static enum om_code judge(void *ctx, uint64_t *size, uint32_t log, const uint8_t *note, size_t len,
                          struct om_status *st) {
  struct om_holdings *holdings = ctx;
  struct om_txn *txn;
  struct om_checkpoint head = {0};
  struct om_log_info info = {0};
  enum om_code code = om_txn_read(&txn, holdings->store, st);
  if (code != OM_OK) return code;
  code = om_log_info(txn, &info, log, st);
  if (code == OM_OK) code = om_quorum_claim(txn, &head, log, info.size, note, len, st);
  om_txn_abort(txn);
  *size = head.size;
  if (code == OM_MISSING) return OM_WAIT;
  /* Beyond what is held, the log may have marked a registry with other witnesses; or beyond what is final here, the
   * governors may have restarted the network, and that is not accepted here yet. */
  bool few = code == OM_REFUSED && om_broke(st, OM_RULE_QUORUM); /* else the log itself has not signed it */
  return few && head.size > info.head_size ? OM_WAIT : code;
}

static enum om_code compare(void *ctx, uint64_t *size, uint32_t log, const uint8_t *note, size_t len,
                            struct om_status *st) {
  struct om_holdings *holdings = ctx;
  struct om_txn *txn;
  enum om_code code = om_txn_read(&txn, holdings->store, st);
  if (code != OM_OK) return code;
  code = om_head_compare(txn, size, log, note, len, st);
  om_txn_abort(txn);
  return code;
}

static bool highest(void *ctx, uint8_t *note, size_t *len, uint32_t log) {
  struct om_holdings *holdings = ctx;
  struct om_status st;
  struct om_txn *txn;
  struct om_bytes head;
  if (om_txn_read(&txn, holdings->store, &st) != OM_OK) return false;
  bool some = om_head_told(txn, &head, log, &st) == OM_OK && head.len <= OM_HEAD_MAX_BYTES;
  if (some) memcpy(note, head.data, head.len);
  if (some) *len = head.len;
  om_txn_abort(txn);
  return some;
}

static bool recorded(void *ctx, uint8_t *note, size_t *len, uint64_t *size, uint32_t log, uint64_t from) {
  struct om_holdings *holdings = ctx;
  struct om_status st;
  struct om_txn *txn;
  if (om_txn_read(&txn, holdings->store, &st) != OM_OK) return false;
  bool some = om_head_recorded(txn, note, len, size, log, from, &st) == OM_OK;
  om_txn_abort(txn);
  return some;
}

static bool started(void *ctx, uint8_t start[OM_START_BYTES], uint32_t log) {
  struct om_holdings *holdings = ctx;
  struct om_status st;
  struct om_txn *txn;
  if (om_txn_read(&txn, holdings->store, &st) != OM_OK) return false;
  bool some = om_log_start(txn, start, log);
  om_txn_abort(txn);
  return some;
}

static bool evidence(void *ctx, uint8_t **bytes, size_t *len, uint32_t log, uint32_t number) {
  struct om_holdings *holdings = ctx;
  struct om_status st;
  struct om_txn *txn;
  struct om_bytes piece;
  enum om_evidence_standing standing;
  if (om_txn_read(&txn, holdings->store, &st) != OM_OK) return false;
  bool some = om_log_evidence(txn, &piece, &standing, log, number, &st) == OM_OK && standing != OM_EVIDENCE_REFUTED;
  if (some) {
    *bytes = malloc(piece.len);
    OM_ASSERT(*bytes != NULL);
    memcpy(*bytes, piece.data, piece.len);
    *len = piece.len;
  }
  om_txn_abort(txn);
  return some;
}

static void sign(void *ctx, uint8_t sig[OM_SIG_BYTES], const struct om_hash *what) {
  const struct om_holdings *holdings = ctx;
  om_sign(holdings->cosign, sig, what->bytes, sizeof what->bytes);
}

static bool cosign_key(void *ctx, uint8_t key[OM_PUBLIC_BYTES], uint32_t log) {
  struct om_holdings *holdings = ctx;
  struct om_status st;
  struct om_txn *txn;
  struct om_daemon daemon;
  if (om_txn_read(&txn, holdings->store, &st) != OM_OK) return false;
  bool known = om_registry_daemon(txn, &daemon, log, OM_REGISTRY_NOW, &st) == OM_OK;
  if (known) memcpy(key, daemon.cosign_key, OM_PUBLIC_BYTES);
  om_txn_abort(txn);
  return known;
}

void om_holdings_start(const struct om_holdings *holdings, struct om_node_config *config, int64_t wall_ms,
                       uint64_t chance) {
  struct om_status st;
  struct om_txn *txn;
  struct om_log_info info;
  int64_t start_ms = wall_ms;
  if (config->own_log != OM_LOG_NONE && om_txn_read(&txn, holdings->store, &st) == OM_OK) {
    if (om_log_info(txn, &info, config->own_log, &st) == OM_OK && info.taken_ms > start_ms) start_ms = info.taken_ms;
    om_txn_abort(txn);
  }
  om_be64(config->start, (uint64_t)start_ms);
  om_be64(config->start + 8, chance);
}

static bool document(void *ctx, uint8_t *bytes, size_t *len, uint64_t *size, const struct om_hash *hash,
                     uint64_t offset) {
  const struct om_holdings *holdings = ctx;
  struct om_status st;
  return om_documents_read(holdings->documents, bytes, len, size, hash, offset, OM_DOCUMENT_PART_BYTES, &st) == OM_OK;
}

static void fetched(void *ctx, const struct om_hash *hash, uint8_t *bytes, size_t len) {
  const struct om_holdings *holdings = ctx;
  om_fetches_keep(holdings->fetches, hash, bytes, len);
}

void om_holdings_config(struct om_holdings *holdings, struct om_node_config *config) {
  config->ctx = holdings;
  config->entries = entries;
  config->prove = prove;
  config->judge = judge;
  config->compare = compare;
  config->highest = highest;
  config->recorded = recorded;
  config->started = started;
  config->evidence = evidence;
  config->document = holdings->documents == NULL ? NULL : document;
  config->fetched = holdings->documents == NULL ? NULL : fetched;
  config->network = holdings->network;
  config->sign = holdings->cosign == NULL ? NULL : sign;
  config->cosign_key = cosign_key;
}
