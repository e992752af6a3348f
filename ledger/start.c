/* In which start of a log's daemon this one has answered it: kept like a vote, since it binds like one. */
#include <string.h>

#include "ledger/ledger_state.h"

enum { START_BYTES = 16 };

bool om_log_start(struct om_txn *txn, uint8_t out[16], uint32_t log) {
  uint8_t key[OM_HEAD_KEY_BYTES];
  struct om_bytes row;
  om_head_key(key, log, OM_HEAD_START);
  if (!om_txn_get(txn, &row, OM_TABLE_HEADS, key, sizeof key) || row.len != START_BYTES) return false;
  memcpy(out, row.data, START_BYTES);
  return true;
}

enum om_code om_batch_start(struct om_batch *batch, uint32_t log, const uint8_t start[16], struct om_status *st) {
  uint8_t key[OM_HEAD_KEY_BYTES];
  om_head_key(key, log, OM_HEAD_START);
  om_txn_put(batch->txn, OM_TABLE_HEADS, key, sizeof key, start, START_BYTES);
  return om_txn_check(batch->txn, st);
}
