/* What stands of a member's own: its keys, its sealing key, its mandates. */
#include <string.h>

#include "ledger/registry_rows.h"

void om_by_write(uint8_t out[OM_ROW_BY_BYTES], const struct om_by *by) {
  out[0] = by->key;
  om_be32(out + 1, by->id);
  om_be64(out + 5, by->at);
}

struct om_by om_by_read(const uint8_t in[OM_ROW_BY_BYTES]) {
  return (struct om_by){.key = in[0] != 0, .id = om_get32(in + 1), .at = om_get64(in + 5)};
}

bool om_registry_next_b(struct om_txn *txn, uint32_t *b, enum om_registry_kind kind, uint32_t a, uint64_t from) {
  uint8_t key[OM_REGISTRY_KEY_BYTES];
  struct om_bytes found, row;
  if (from > UINT32_MAX) return false;
  om_registry_row_key(key, kind, a, (uint32_t)from, 0);
  if (!om_txn_next(txn, &found, &row, OM_TABLE_REGISTRY, key, sizeof key) || found.len != sizeof key ||
      memcmp(found.data, key, 5) != 0)
    return false;
  *b = om_get32(found.data + 5);
  return true;
}

/* ---- keys ---- */

enum om_code om_registry_key_row(struct om_txn *txn, struct om_member_key *out, uint32_t member, uint32_t key_id,
                                 uint64_t as_of, struct om_status *st) {
  struct om_bytes row;
  if (!om_registry_row(txn, &row, OM_ROW_KEY, member, key_id, as_of)) {
    enum om_code code = om_txn_check(txn, st);
    return code != OM_OK ? code
                         : om_fail(st, OM_MISSING, NULL,
                                   "member %u has no key %08x in the registry that is followed here", member, key_id);
  }
  if (row.len < OM_ROW_KEY_BYTES || row.len > OM_ROW_KEY_BYTES + OM_LABEL_BYTES) return om_registry_damaged(st, "key");
  *out = (struct om_member_key){.member = member, .id = key_id, .state = (enum om_key_state)row.data[32]};
  const uint8_t *at = row.data + 33;
  memcpy(out->key, row.data, sizeof out->key);
  out->added = om_by_read(at);
  out->ended = om_by_read(at + OM_ROW_BY_BYTES);
  at += (size_t)2 * OM_ROW_BY_BYTES;
  out->since_entry = om_get64(at);
  out->stolen_ms = (int64_t)om_get64(at + 8);
  memcpy(out->label, row.data + OM_ROW_KEY_BYTES, row.len - OM_ROW_KEY_BYTES);
  return OM_OK;
}

enum om_code om_registry_key(struct om_txn *txn, uint8_t key[32], uint32_t member, uint32_t key_id, uint64_t as_of,
                             struct om_status *st) {
  struct om_member_key row;
  enum om_code code = om_registry_key_row(txn, &row, member, key_id, as_of, st);
  if (code != OM_OK) return code;
  memcpy(key, row.key, sizeof row.key);
  if (row.state == OM_KEY_STANDS) return OM_OK;
  return om_fail(st, OM_MISSING, NULL, "key %08x of member %u was %s by entry %llu of the registry", key_id, member,
                 row.state == OM_KEY_RETIRED ? "retired" : "revoked", (unsigned long long)row.ended.at);
}

bool om_registry_key_next(struct om_txn *txn, struct om_member_key *out, uint32_t member, uint64_t from,
                          uint64_t as_of) {
  struct om_status none;
  for (uint32_t id; om_registry_next_b(txn, &id, OM_ROW_KEY, member, from); from = (uint64_t)id + 1)
    if (om_registry_key_row(txn, out, member, id, as_of, &none) == OM_OK) return true;
  return false;
}

enum om_code om_registry_sealing_key(struct om_txn *txn, uint8_t key[32], uint32_t member, uint64_t as_of,
                                     struct om_status *st) {
  struct om_bytes row;
  bool found = om_registry_row(txn, &row, OM_ROW_SEALING, member, 0, as_of);
  enum om_code code = om_txn_check(txn, st);
  if (code != OM_OK) return code;
  if (!found || row.len == OM_ROW_BY_BYTES)
    return om_fail(st, OM_MISSING, NULL, "member %u has published no sealing key", member);
  if (row.len != OM_ROW_BY_BYTES + 32) return om_registry_damaged(st, "sealing key");
  memcpy(key, row.data + OM_ROW_BY_BYTES, 32);
  return OM_OK;
}

/* ---- mandates ---- */

enum om_code om_registry_mandate(struct om_txn *txn, uint32_t owner, uint32_t agent, uint32_t *scope, uint64_t as_of,
                                 struct om_status *st) {
  struct om_bytes row;
  *scope = 0;
  if (!om_registry_row(txn, &row, OM_ROW_MANDATE, owner, agent, as_of)) return om_txn_check(txn, st);
  if (row.len != OM_ROW_BY_BYTES + 1) return om_registry_damaged(st, "mandate");
  *scope = row.data[OM_ROW_BY_BYTES];
  return OM_OK;
}

bool om_registry_mandate_next(struct om_txn *txn, uint32_t *agent, uint32_t *scope, uint32_t owner, uint64_t from,
                              uint64_t as_of) {
  struct om_status none;
  for (; om_registry_next_b(txn, agent, OM_ROW_MANDATE, owner, from); from = (uint64_t)*agent + 1)
    if (om_registry_mandate(txn, owner, *agent, scope, as_of, &none) == OM_OK && *scope != 0) return true;
  return false;
}
