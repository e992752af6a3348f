/* What a restart of the network states of a log stands by the governors' word, with no quorum: who would have cosigned
 * it is gone, and so may be the log's own daemon. So the act itself covers every log up to its stated head, as a mark
 * would, for each log that follows the registry up to it: what a dead log recorded last can be leaned on. */
#include <string.h>

#include "ledger/ledger_state.h"
#include "ledger/registry_rows.h"

/* The restart that a log takes up which goes on from registry size FROM to TO; false: there is none between. */
static bool taken_up(struct om_txn *txn, struct om_restart *out, uint64_t from, uint64_t to) {
  return om_registry_restart(txn, out, to) && out->since >= from;
}

static enum om_code held(struct om_batch *batch, uint32_t log, uint64_t size, const struct om_hash *root,
                         struct om_status *st) {
  struct om_log_state *state;
  struct om_hash here = *root;
  enum om_code code = om_batch_log(batch, &state, log, st);
  bool behind = code == OM_OK && state->edge.size < size;
  if (code == OM_OK && !behind) code = om_log_root_at(batch->txn, &here, log, &state->edge, size, st);
  if (code != OM_OK || (!behind && om_hash_equal(&here, root))) return code;
  return om_fail(st, OM_WAIT, "restart",
                 "the network was restarted with %llu entries of log %u, and %llu are held here, or others: wait until "
                 "it is held as stated",
                 (unsigned long long)size, log, (unsigned long long)state->edge.size);
}

enum om_code om_stated_wait(struct om_batch *batch, const struct om_log_state *state, uint64_t registry_size,
                            struct om_status *st) {
  struct om_restart restart;
  struct om_hash root;
  uint64_t size;
  enum om_code code = OM_OK;
  if (!taken_up(batch->txn, &restart, state->registry_size, registry_size)) return om_txn_check(batch->txn, st);
  for (uint32_t log = OM_LOG_REGISTRY + 1;
       code == OM_OK && om_registry_stated_by(batch->txn, &size, &root, log, restart.since); log++)
    if (log != state->log && size > 0) code = held(batch, log, size, &root, st);
  return code;
}

void om_stated_mark(struct om_batch *batch, const struct om_log_state *state, uint64_t registry_size) {
  struct om_restart restart;
  struct om_hash root;
  uint64_t size;
  if (!taken_up(batch->txn, &restart, state->registry_size, registry_size)) return;
  for (uint32_t log = OM_LOG_REGISTRY + 1; om_registry_stated_by(batch->txn, &size, &root, log, restart.since); log++) {
    uint8_t key[OM_MARK_KEY_BYTES], row[8];
    if (log == state->log || size <= om_log_mark(batch->txn, state->log, log, UINT64_MAX)) continue;
    om_mark_key(key, state->log, log, state->edge.size);
    om_be64(row, size);
    om_txn_put(batch->txn, OM_TABLE_MARKS, key, sizeof key, row, sizeof row);
  }
}

uint64_t om_stated_floor(struct om_txn *txn, uint32_t log) {
  uint64_t size, since;
  if (!om_registry_stated(txn, &size, &since, log)) return 0;
  return log == OM_LOG_REGISTRY ? since + 1 : size;
}

bool om_stated_final(struct om_txn *txn, uint64_t *size, struct om_hash *root, uint32_t log, uint64_t held) {
  struct om_bytes row;
  uint8_t key[OM_HEAD_KEY_BYTES];
  uint64_t since;
  if (log == OM_LOG_REGISTRY || !om_registry_stated_root(txn, size, root, &since, log) || held < *size) return false;
  om_head_key(key, OM_LOG_REGISTRY, OM_HEAD_FINAL);
  return om_txn_get(txn, &row, OM_TABLE_HEADS, key, sizeof key) && row.len > 16 && om_get64(row.data) > since;
}
