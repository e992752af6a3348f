/* What the governors say besides who is who: schemes, and the status of mine sites. */
#include <string.h>

#include "ledger/registry_rows.h"

/* ---- schemes ---- */

size_t om_scheme_named_key(uint8_t out[OM_SCHEME_NAMED_BYTES], const char *name) {
  size_t len = strlen(name);
  OM_ASSERT(len <= OM_SCHEME_BYTES);
  out[0] = OM_ROW_SCHEME_NAMED;
  memcpy(out + 1, name, len + 1);
  return 1 + len + 1;
}

uint32_t om_registry_scheme_number(struct om_txn *txn, const char *name) {
  uint8_t key[OM_SCHEME_NAMED_BYTES];
  struct om_bytes row;
  if (strlen(name) > OM_SCHEME_BYTES) return 0;
  size_t len = om_scheme_named_key(key, name);
  return om_txn_get(txn, &row, OM_TABLE_REGISTRY, key, len) && row.len == 4 ? om_get32(row.data) : 0;
}

uint32_t om_registry_schemes(struct om_txn *txn, uint64_t as_of) {
  struct om_bytes row;
  return om_registry_row(txn, &row, OM_ROW_SCHEME_COUNT, 0, 0, as_of) && row.len == 4 ? om_get32(row.data) : 0;
}

enum om_code om_registry_scheme(struct om_txn *txn, struct om_scheme *out, uint32_t number, uint64_t as_of,
                                struct om_status *st) {
  struct om_bytes row;
  if (!om_registry_row(txn, &row, OM_ROW_SCHEME, number, 0, as_of)) {
    enum om_code code = om_txn_check(txn, st);
    return code != OM_OK ? code : om_fail(st, OM_MISSING, NULL, "there is no scheme %u in the registry", number);
  }
  size_t n = row.len < 5 ? SIZE_MAX : om_get32(row.data + 1);
  if (n > OM_CERTIFIERS_MAX || row.len < 5 + 4 * n || row.len > 5 + 4 * n + OM_SCHEME_BYTES)
    return om_registry_damaged(st, "scheme");
  *out = (struct om_scheme){.number = number, .ended = row.data[0] != 0, .n_certifiers = n};
  for (size_t i = 0; i < n; i++) out->certifiers[i] = om_get32(row.data + 5 + 4 * i);
  memcpy(out->name, row.data + 5 + 4 * n, row.len - 5 - 4 * n);
  return OM_OK;
}

enum om_code om_registry_scheme_certifier(struct om_txn *txn, const char *name, uint32_t member, uint64_t as_of,
                                          bool *yes, struct om_status *st) {
  struct om_scheme scheme;
  uint32_t number = om_registry_scheme_number(txn, name);
  enum om_code code = number ? om_registry_scheme(txn, &scheme, number, as_of, st) : om_txn_check(txn, st);
  *yes = false;
  if (code != OM_OK && code != OM_MISSING) return code;
  if (number == 0 || code == OM_MISSING || scheme.ended)
    return om_fail(st, OM_MISSING, NULL, "the governors have not recognised a scheme called '%s'", name);
  for (size_t i = 0; i < scheme.n_certifiers && !*yes; i++) *yes = scheme.certifiers[i] == member;
  return OM_OK;
}

/* ---- the status of sites ---- */

enum { STATUS_BYTES = 1 + 8 + 8 };

/* The last act below AS_OF. */
static bool status_before(struct om_txn *txn, struct om_site_status *out, uint32_t member, uint32_t site,
                          uint64_t as_of) {
  uint8_t key[OM_REGISTRY_KEY_BYTES];
  struct om_bytes found, row;
  if (as_of == 0) return false;
  om_registry_row_key(key, OM_ROW_STATUS, member, site, as_of - 1);
  if (!om_txn_last(txn, &found, &row, OM_TABLE_REGISTRY, key, sizeof key, OM_REGISTRY_SUBJECT_BYTES) ||
      row.len != STATUS_BYTES)
    return false;
  out->state = (Oremark__SiteState)row.data[0];
  out->from_ms = (int64_t)om_get64(row.data + 1);
  out->until_ms = (int64_t)om_get64(row.data + 9);
  out->since = om_get64(found.data + OM_REGISTRY_SUBJECT_BYTES);
  return true;
}

bool om_registry_site_status_last(struct om_txn *txn, struct om_site_status *out, uint32_t member, uint32_t site,
                                  uint64_t as_of) {
  return status_before(txn, out, member, site, as_of);
}

bool om_registry_site_status(struct om_txn *txn, struct om_site_status *out, uint32_t member, uint32_t site,
                             int64_t at_ms, uint64_t as_of) {
  for (; status_before(txn, out, member, site, as_of); as_of = out->since)
    if (at_ms >= out->from_ms && at_ms < out->until_ms) return true;
  return false;
}

enum om_code om_registry_last_status(struct om_txn *txn, struct om_hash *out, uint32_t member, uint32_t site,
                                     uint64_t as_of, struct om_status *st) {
  struct om_bytes row;
  if (!om_registry_row(txn, &row, OM_ROW_LAST_STATUS, member, site, as_of)) {
    enum om_code code = om_txn_check(txn, st);
    return code != OM_OK ? code : om_fail(st, OM_MISSING, NULL, "nothing was said of that site so far");
  }
  if (row.len != OM_HASH_BYTES) return om_registry_damaged(st, "last act");
  memcpy(out->bytes, row.data, row.len);
  return OM_OK;
}
