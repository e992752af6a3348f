/* Successions of the registry log, as the registry keeps them. */
#include <string.h>

#include "ledger/registry_rows.h"

enum { SUCCEEDED_MAX_BYTES = 8 + 2 * (OM_NAME_BYTES + 1) + OM_RESTART_REASON_BYTES };

/* TEXT with its 0; returns how many bytes those are. */
static size_t put_text(uint8_t *out, const char *text) {
  size_t len = strlen(text);
  OM_ASSERT(len <= OM_NAME_BYTES);
  memcpy(out, text, len + 1);
  return len + 1;
}

/* False: there is no such text at *AT. */
static bool get_text(char out[OM_NAME_BYTES + 1], const struct om_bytes *row, size_t *at) {
  const uint8_t *end = memchr(row->data + *at, 0, row->len - *at);
  size_t len = end == NULL ? SIZE_MAX : (size_t)(end - (row->data + *at));
  if (len > OM_NAME_BYTES) return false;
  memcpy(out, row->data + *at, len + 1);
  *at += len + 1;
  return true;
}

void om_registry_put_succession(struct om_txn *txn, uint64_t since, int64_t taken_ms, const char *before,
                                const Oremark__RetireLog *act) {
  uint8_t key[OM_REGISTRY_KEY_BYTES], row[SUCCEEDED_MAX_BYTES];
  size_t reason = strlen(act->reason), len = 8;
  OM_ASSERT(reason <= OM_RESTART_REASON_BYTES); /* by its form */
  om_be64(row, (uint64_t)taken_ms);
  len += put_text(row + len, before);
  len += put_text(row + len, act->daemon->origin);
  memcpy(row + len, act->reason, reason);
  om_registry_row_key(key, OM_ROW_SUCCEEDED, 0, 0, since);
  om_txn_put(txn, OM_TABLE_REGISTRY, key, sizeof key, row, len + reason);
}

bool om_registry_succession(struct om_txn *txn, struct om_succession *out, uint64_t from) {
  uint8_t key[OM_REGISTRY_KEY_BYTES];
  struct om_bytes found, row;
  size_t at = 8;
  om_registry_row_key(key, OM_ROW_SUCCEEDED, 0, 0, from);
  if (!om_txn_next(txn, &found, &row, OM_TABLE_REGISTRY, key, sizeof key) || found.len != sizeof key ||
      memcmp(found.data, key, OM_REGISTRY_SUBJECT_BYTES) != 0 || row.len < at)
    return false;
  *out = (struct om_succession){.since = om_get64(found.data + OM_REGISTRY_SUBJECT_BYTES),
                                .taken_ms = (int64_t)om_get64(row.data)};
  if (!get_text(out->before, &row, &at) || !get_text(out->origin, &row, &at) || row.len - at > OM_RESTART_REASON_BYTES)
    return false;
  memcpy(out->reason, row.data + at, row.len - at);
  return true;
}
