/* Logs that have ended, and calls to seal that were lifted, as the registry has them. */
#include <string.h>

#include "ledger/registry_rows.h"

void om_lifted_key(uint8_t out[OM_LIFTED_KEY_BYTES], uint32_t log, const struct om_hash *call, uint64_t since) {
  out[0] = OM_ROW_LIFTED;
  om_be32(out + 1, log);
  memcpy(out + 5, call->bytes, sizeof *call);
  om_be64(out + OM_LIFTED_SUBJECT_BYTES, since);
}

bool om_registry_lifted(struct om_txn *txn, uint32_t log, const struct om_hash *call, uint64_t as_of) {
  uint8_t key[OM_LIFTED_KEY_BYTES];
  struct om_bytes row;
  if (as_of == 0) return false;
  om_lifted_key(key, log, call, as_of - 1);
  return om_txn_last(txn, NULL, &row, OM_TABLE_REGISTRY, key, sizeof key, OM_LIFTED_SUBJECT_BYTES);
}

bool om_registry_retired(struct om_txn *txn, struct om_retired *out, uint32_t log, uint64_t as_of) {
  uint8_t key[OM_REGISTRY_KEY_BYTES];
  struct om_bytes found, row;
  if (as_of == 0) return false;
  om_registry_row_key(key, OM_ROW_RETIRED, log, 0, as_of - 1);
  if (!om_txn_last(txn, &found, &row, OM_TABLE_REGISTRY, key, sizeof key, OM_REGISTRY_SUBJECT_BYTES) ||
      found.len != sizeof key || row.len != OM_RETIRED_BYTES)
    return false;
  *out = (struct om_retired){.size = om_get64(row.data),
                             .successor = om_get32(row.data + 8 + OM_HASH_BYTES),
                             .since = om_get64(found.data + OM_REGISTRY_SUBJECT_BYTES)};
  memcpy(out->root.bytes, row.data + 8, sizeof out->root);
  return true;
}

uint32_t om_registry_successor(struct om_txn *txn, uint32_t log, uint64_t as_of) {
  struct om_retired retired;
  /* No circle: a successor stands when it is named. */
  while (om_registry_retired(txn, &retired, log, as_of)) log = retired.successor;
  return log;
}

uint64_t om_registry_since(struct om_txn *txn, enum om_registry_kind kind, uint32_t a) {
  uint8_t key[OM_REGISTRY_KEY_BYTES];
  struct om_bytes found, row;
  om_registry_row_key(key, kind, a, 0, UINT64_MAX);
  bool is = om_txn_last(txn, &found, &row, OM_TABLE_REGISTRY, key, sizeof key, OM_REGISTRY_SUBJECT_BYTES);
  return is && found.len == sizeof key ? om_get64(found.data + OM_REGISTRY_SUBJECT_BYTES) : 0;
}
