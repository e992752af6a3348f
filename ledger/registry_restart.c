/* Restarts of the network, as the registry keeps them. */
#include <string.h>

#include "ledger/registry_rows.h"

enum { RESTART_HEAD_BYTES = 8, STATED_BYTES = 8 + OM_HASH_BYTES };

void om_registry_put_restart(struct om_txn *txn, uint64_t since, int64_t taken_ms, const Oremark__Restart *act) {
  uint8_t key[OM_REGISTRY_KEY_BYTES], row[RESTART_HEAD_BYTES + OM_RESTART_REASON_BYTES], stated[STATED_BYTES];
  size_t len = strlen(act->reason);
  OM_ASSERT(len <= OM_RESTART_REASON_BYTES); /* by its form */
  om_be64(row, (uint64_t)taken_ms);
  memcpy(row + RESTART_HEAD_BYTES, act->reason, len);
  om_registry_row_key(key, OM_ROW_RESTART, 0, 0, since);
  om_txn_put(txn, OM_TABLE_REGISTRY, key, sizeof key, row, RESTART_HEAD_BYTES + len);
  for (size_t i = 0; i < act->n_heads; i++) {
    om_be64(stated, act->heads[i]->size);
    memcpy(stated + 8, act->heads[i]->root.data, OM_HASH_BYTES);
    om_registry_row_key(key, OM_ROW_STATED, act->heads[i]->log, 0, since);
    om_txn_put(txn, OM_TABLE_REGISTRY, key, sizeof key, stated, sizeof stated);
  }
}

bool om_registry_restart(struct om_txn *txn, struct om_restart *out, uint64_t as_of) {
  uint8_t key[OM_REGISTRY_KEY_BYTES];
  struct om_bytes found, row;
  if (as_of == 0) return false;
  om_registry_row_key(key, OM_ROW_RESTART, 0, 0, as_of - 1);
  if (!om_txn_last(txn, &found, &row, OM_TABLE_REGISTRY, key, sizeof key, OM_REGISTRY_SUBJECT_BYTES) ||
      row.len < RESTART_HEAD_BYTES || row.len > RESTART_HEAD_BYTES + OM_RESTART_REASON_BYTES)
    return false;
  *out = (struct om_restart){.since = om_get64(found.data + OM_REGISTRY_SUBJECT_BYTES),
                             .taken_ms = (int64_t)om_get64(row.data)};
  memcpy(out->reason, row.data + RESTART_HEAD_BYTES, row.len - RESTART_HEAD_BYTES);
  return true;
}

bool om_registry_stated_root(struct om_txn *txn, uint64_t *size, struct om_hash *root, uint64_t *since, uint32_t log) {
  uint8_t key[OM_REGISTRY_KEY_BYTES];
  struct om_bytes found, row;
  om_registry_row_key(key, OM_ROW_STATED, log, 0, UINT64_MAX);
  if (!om_txn_last(txn, &found, &row, OM_TABLE_REGISTRY, key, sizeof key, OM_REGISTRY_SUBJECT_BYTES) ||
      row.len != STATED_BYTES)
    return false;
  *since = om_get64(found.data + OM_REGISTRY_SUBJECT_BYTES);
  *size = om_get64(row.data);
  memcpy(root->bytes, row.data + 8, sizeof *root);
  return true;
}

bool om_registry_first_stated(struct om_txn *txn, uint64_t *size, uint32_t log) {
  uint8_t key[OM_REGISTRY_KEY_BYTES];
  struct om_bytes found, row;
  om_registry_row_key(key, OM_ROW_STATED, log, 0, 0);
  if (!om_txn_next(txn, &found, &row, OM_TABLE_REGISTRY, key, sizeof key) || found.len != sizeof key ||
      memcmp(found.data, key, OM_REGISTRY_SUBJECT_BYTES) != 0 || row.len != STATED_BYTES)
    return false;
  *size = om_get64(row.data);
  return true;
}

bool om_registry_stated_by(struct om_txn *txn, uint64_t *size, struct om_hash *root, uint32_t log, uint64_t since) {
  uint8_t key[OM_REGISTRY_KEY_BYTES];
  struct om_bytes row;
  om_registry_row_key(key, OM_ROW_STATED, log, 0, since);
  if (!om_txn_get(txn, &row, OM_TABLE_REGISTRY, key, sizeof key) || row.len != STATED_BYTES) return false;
  *size = om_get64(row.data);
  memcpy(root->bytes, row.data + 8, sizeof *root);
  return true;
}

bool om_registry_stated(struct om_txn *txn, uint64_t *size, uint64_t *since, uint32_t log) {
  struct om_hash root;
  return om_registry_stated_root(txn, size, &root, since, log);
}
