#include "ledger/registry.h"

#include <string.h>

#include "ledger/lot.h"
#include "ledger/registry_rows.h"
#include "ledger/store.h"

void om_registry_row_key(uint8_t out[OM_REGISTRY_KEY_BYTES], enum om_registry_kind kind, uint32_t a, uint32_t b,
                         uint64_t since) {
  out[0] = (uint8_t)kind;
  om_be32(out + 1, a);
  om_be32(out + 5, b);
  om_be64(out + 9, since);
}

bool om_registry_row(struct om_txn *txn, struct om_bytes *out, enum om_registry_kind kind, uint32_t a, uint32_t b,
                     uint64_t as_of) {
  uint8_t key[OM_REGISTRY_KEY_BYTES];
  if (as_of == 0) return false;
  om_registry_row_key(key, kind, a, b, as_of - 1);
  return om_txn_last(txn, NULL, out, OM_TABLE_REGISTRY, key, sizeof key, OM_REGISTRY_SUBJECT_BYTES);
}

/* No row: the transaction's own error if it has one, else OM_MISSING with the sentence. */
static enum om_code missing(struct om_txn *txn, struct om_status *st, const char *what, uint32_t number) {
  enum om_code code = om_txn_check(txn, st);
  return code != OM_OK
             ? code
             : om_fail(st, OM_MISSING, NULL, "there is no %s %u in the registry that is followed here", what, number);
}

enum om_code om_registry_damaged(struct om_status *st, const char *what) {
  return om_fail(st, OM_CORRUPT, NULL, "the registry's row of a %s can't be read: " OM_STORE_DAMAGED, what);
}

static void copy_text(char *out, size_t size, const uint8_t *data, size_t len) {
  OM_ASSERT(len < size);
  memcpy(out, data, len);
  out[len] = '\0';
}

enum om_code om_registry_member(struct om_txn *txn, struct om_member *out, uint32_t member, uint64_t as_of,
                                struct om_status *st) {
  struct om_bytes row;
  if (!om_registry_row(txn, &row, OM_ROW_MEMBER, member, 0, as_of)) return missing(txn, st, "member", member);
  if (row.len < OM_ROW_MEMBER_BYTES || row.len > OM_ROW_MEMBER_BYTES + OM_NAME_BYTES)
    return om_registry_damaged(st, "member");
  *out = (struct om_member){.number = member,
                            .roles = om_get32(row.data),
                            .home_log = om_registry_successor(txn, om_get32(row.data + 4), as_of),
                            .home_before = om_get32(row.data + 11),
                            .home_since = om_get64(row.data + 15),
                            .moves = row.data[23],
                            .suspended = row.data[8] != 0,
                            .country = {(char)row.data[9], (char)row.data[10]}};
  copy_text(out->name, sizeof out->name, row.data + OM_ROW_MEMBER_BYTES, row.len - OM_ROW_MEMBER_BYTES);
  return OM_OK;
}

/* Each act that changes the member begins a row: the governors make few of them. */
bool om_registry_suspended(struct om_txn *txn, uint64_t *since, uint32_t member) {
  uint8_t key[OM_REGISTRY_KEY_BYTES];
  struct om_bytes found, row;
  bool is = false;
  om_registry_row_key(key, OM_ROW_MEMBER, member, 0, 0);
  for (bool more = om_txn_next(txn, &found, &row, OM_TABLE_REGISTRY, key, sizeof key);
       more && found.len == sizeof key && memcmp(found.data, key, OM_REGISTRY_SUBJECT_BYTES) == 0 &&
       row.len >= OM_ROW_MEMBER_BYTES;
       more = om_txn_step(txn, &found, &row, OM_TABLE_REGISTRY)) {
    bool was = is;
    is = row.data[8] != 0;
    if (is && !was) *since = om_get64(found.data + OM_REGISTRY_SUBJECT_BYTES);
  }
  return is;
}

enum om_code om_registry_site(struct om_txn *txn, struct om_site *out, uint32_t member, uint32_t site, uint64_t as_of,
                              struct om_status *st) {
  struct om_bytes row;
  if (!om_registry_row(txn, &row, OM_ROW_SITE, member, site, as_of)) {
    enum om_code code = om_txn_check(txn, st);
    return code != OM_OK ? code
                         : om_fail(st, OM_MISSING, NULL,
                                   "member %u has no site %u in the registry that is followed here", member, site);
  }
  if (row.len < OM_ROW_SITE_BYTES || row.len > OM_ROW_SITE_BYTES + OM_NAME_BYTES)
    return om_registry_damaged(st, "site");
  const uint8_t *at = row.data + OM_ROW_BY_BYTES;
  *out = (struct om_site){.member = member,
                          .number = site,
                          .ended = at[0] != 0,
                          .kind = (Oremark__SiteKind)at[1],
                          .country = {(char)at[2], (char)at[3]}};
  copy_text(out->name, sizeof out->name, row.data + OM_ROW_SITE_BYTES, row.len - OM_ROW_SITE_BYTES);
  return OM_OK;
}

enum om_code om_registry_daemon(struct om_txn *txn, struct om_daemon *out, uint32_t log, uint64_t as_of,
                                struct om_status *st) {
  struct om_bytes row;
  if (!om_registry_row(txn, &row, OM_ROW_DAEMON, log, 0, as_of)) return missing(txn, st, "log", log);
  if (row.len < OM_ROW_DAEMON_BYTES || row.len > OM_ROW_DAEMON_BYTES + OM_NAME_BYTES)
    return om_registry_damaged(st, "daemon");
  *out = (struct om_daemon){.log = log, .operator_member = om_get32(row.data)};
  memcpy(out->log_key, row.data + 4, 32);
  memcpy(out->cosign_key, row.data + 36, 32);
  memcpy(out->witness_key, row.data + 68, 32);
  memcpy(out->link_key, row.data + 100, 32);
  copy_text(out->origin, sizeof out->origin, row.data + OM_ROW_DAEMON_BYTES, row.len - OM_ROW_DAEMON_BYTES);
  return OM_OK;
}

enum om_code om_registry_address(struct om_txn *txn, char out[OM_ADDRESS_BYTES + 1], uint32_t log, uint64_t as_of,
                                 struct om_status *st) {
  struct om_bytes row;
  *out = '\0';
  if (!om_registry_row(txn, &row, OM_ROW_ADDRESS, log, 0, as_of)) return om_txn_check(txn, st);
  if (row.len < OM_ROW_BY_BYTES || row.len > OM_ROW_BY_BYTES + OM_ADDRESS_BYTES)
    return om_registry_damaged(st, "daemon's address");
  copy_text(out, OM_ADDRESS_BYTES + 1, row.data + OM_ROW_BY_BYTES, row.len - OM_ROW_BY_BYTES);
  return OM_OK;
}

void om_reassigned_key(uint8_t out[OM_REASSIGNED_KEY_BYTES], const uint8_t number[OM_LOT_NUMBER_BYTES],
                       uint64_t since) {
  out[0] = OM_ROW_REASSIGNED;
  memcpy(out + 1, number, OM_LOT_NUMBER_BYTES);
  om_be64(out + OM_REASSIGNED_SUBJECT_BYTES, since);
}

bool om_registry_reassigned(struct om_txn *txn, struct om_reassigned *out, const uint8_t number[OM_LOT_NUMBER_BYTES],
                            const struct om_hash *last_event, uint64_t as_of) {
  uint8_t key[OM_REASSIGNED_KEY_BYTES];
  struct om_bytes found, row;
  while (as_of > 0) {
    om_reassigned_key(key, number, as_of - 1);
    if (!om_txn_last(txn, &found, &row, OM_TABLE_REGISTRY, key, sizeof key, OM_REASSIGNED_SUBJECT_BYTES) ||
        found.len != sizeof key || row.len != OM_REASSIGNED_BYTES)
      return false;
    out->since = as_of = om_get64(found.data + OM_REASSIGNED_SUBJECT_BYTES);
    out->to = om_get32(row.data + OM_HASH_BYTES);
    if (memcmp(row.data, last_event->bytes, OM_HASH_BYTES) == 0) return true;
  }
  return false;
}

void om_overruled_key(uint8_t out[OM_OVERRULED_KEY_BYTES], enum om_overruled what, uint32_t member, uint32_t event,
                      int64_t signed_ms, uint64_t since) {
  out[0] = what == OM_OVERRULED_FLAG ? OM_ROW_OVERRULED : OM_ROW_FREED;
  om_be32(out + 1, member);
  om_be32(out + 5, event);
  om_be64(out + 9, (uint64_t)signed_ms);
  om_be64(out + OM_OVERRULED_SUBJECT_BYTES, since);
}

bool om_registry_overruled_any(struct om_txn *txn, enum om_overruled what, uint32_t member, uint32_t event,
                               int64_t signed_ms) {
  enum { KIND_BYTES = 1, EVENT_BYTES = 1 + 4 + 4 };
  uint8_t key[OM_OVERRULED_KEY_BYTES];
  struct om_bytes found, row;
  size_t same = member == OM_MEMBER_NONE ? KIND_BYTES : signed_ms == 0 ? EVENT_BYTES : OM_OVERRULED_SUBJECT_BYTES;
  om_overruled_key(key, what, member, member == OM_MEMBER_NONE ? 0 : event, signed_ms, 0);
  return om_txn_next(txn, &found, &row, OM_TABLE_REGISTRY, key, sizeof key) && found.len == sizeof key &&
         memcmp(found.data, key, same) == 0;
}

bool om_registry_overruled(struct om_txn *txn, struct om_place *act, enum om_overruled what, uint32_t member,
                           int64_t signed_ms, const struct om_hash *statement_id, uint32_t event, uint64_t as_of) {
  uint8_t key[OM_OVERRULED_KEY_BYTES];
  struct om_bytes found, row;
  while (as_of > 0) {
    om_overruled_key(key, what, member, event, signed_ms, as_of - 1);
    if (!om_txn_last(txn, &found, &row, OM_TABLE_REGISTRY, key, sizeof key, OM_OVERRULED_SUBJECT_BYTES) ||
        found.len != sizeof key || row.len != OM_OVERRULED_BYTES)
      return false;
    as_of = om_get64(found.data + OM_OVERRULED_SUBJECT_BYTES);
    *act = (struct om_place){OM_LOG_REGISTRY, as_of,
                             (uint16_t)(row.data[OM_HASH_BYTES] << 8 | row.data[OM_HASH_BYTES + 1]), 0};
    if (memcmp(row.data, statement_id->bytes, OM_HASH_BYTES) == 0) return true;
  }
  return false;
}

/* A count (4) and that many numbers (4 each). */
static bool numbers(struct om_bytes row, uint32_t *head, uint32_t *out, size_t *n, size_t max) {
  if (row.len < 4 || row.len % 4 != 0 || row.len / 4 - 1 > max) return false;
  *head = om_get32(row.data);
  *n = row.len / 4 - 1;
  for (size_t i = 0; i < *n; i++) out[i] = om_get32(row.data + 4 + 4 * i);
  return true;
}

enum om_code om_registry_witnesses(struct om_txn *txn, struct om_witnesses *out, uint64_t as_of, struct om_status *st) {
  struct om_bytes row;
  if (!om_registry_row(txn, &row, OM_ROW_WITNESSES, 0, 0, as_of)) return missing(txn, st, "witness list", 0);
  return numbers(row, &out->quorum, out->logs, &out->n, OM_WITNESSES_MAX) ? OM_OK
                                                                          : om_registry_damaged(st, "witness list");
}

enum om_code om_registry_governors(struct om_txn *txn, struct om_governors *out, uint64_t as_of, struct om_status *st) {
  struct om_bytes row;
  if (!om_registry_row(txn, &row, OM_ROW_GOVERNORS, 0, 0, as_of)) return missing(txn, st, "list of governors", 0);
  return numbers(row, &out->threshold, out->members, &out->n, OM_GOVERNORS_MAX)
             ? OM_OK
             : om_registry_damaged(st, "list of governors");
}

enum om_code om_registry_rules(struct om_txn *txn, uint32_t *version, uint64_t as_of, struct om_status *st) {
  struct om_bytes row;
  if (!om_registry_row(txn, &row, OM_ROW_RULES, 0, 0, as_of)) return missing(txn, st, "version of the rules", 0);
  if (row.len != 4) return om_registry_damaged(st, "version of the rules");
  *version = om_get32(row.data);
  return OM_OK;
}

enum om_code om_registry_limits(struct om_txn *txn, struct om_arena *arena, const Oremark__Limits **out, uint64_t as_of,
                                struct om_status *st) {
  struct om_bytes row;
  if (!om_registry_row(txn, &row, OM_ROW_LIMITS, 0, 0, as_of)) return missing(txn, st, "list of limits", 0);
  *out = oremark__limits__unpack(om_arena_protobuf(arena), row.len, row.data);
  return *out ? OM_OK : om_registry_damaged(st, "list of limits");
}

enum om_code om_registry_last_act(struct om_txn *txn, struct om_hash *out, enum om_act_subject subject, uint32_t member,
                                  uint64_t as_of, struct om_status *st) {
  struct om_bytes row;
  if (!om_registry_row(txn, &row, OM_ROW_LAST_ACT, (uint32_t)subject, member, as_of))
    return missing(txn, st, "act before", member);
  if (row.len != OM_HASH_BYTES) return om_registry_damaged(st, "last act");
  memcpy(out->bytes, row.data, row.len);
  return OM_OK;
}

static uint32_t count(struct om_txn *txn, enum om_registry_kind kind, uint32_t a, uint64_t as_of) {
  struct om_bytes row;
  return om_registry_row(txn, &row, kind, a, 0, as_of) && row.len == 4 ? om_get32(row.data) : 0;
}

uint32_t om_registry_members(struct om_txn *txn, uint64_t as_of) {
  return count(txn, OM_ROW_MEMBER_COUNT, 0, as_of);
}

uint32_t om_registry_daemons(struct om_txn *txn, uint64_t as_of) {
  return count(txn, OM_ROW_DAEMON_COUNT, 0, as_of);
}

uint32_t om_registry_sites(struct om_txn *txn, uint32_t member, uint64_t as_of) {
  return count(txn, OM_ROW_SITE_COUNT, member, as_of);
}

uint32_t om_member_key_id(const uint8_t key[32]) {
  struct om_hash hash;
  om_sha256(&hash, key, 32);
  return om_get32(hash.bytes);
}
