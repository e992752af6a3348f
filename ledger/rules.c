#include "ledger/rules.h"

#include "ledger/ledger_state.h"

static const char meta_upgrade[] = "upgrade"; /* index (8) of the registry entry that is waited at */

enum { DAY_MS = 86400000 };

enum om_code om_rules_statement(struct om_txn *txn, const Oremark__Statement *s, uint64_t as_of, struct om_status *st) {
  uint32_t version;
  enum om_code code = om_registry_rules(txn, &version, as_of, st);
  if (code != OM_OK || version < 2) return code;
  if ((uint64_t)s->not_after_ms - (uint64_t)s->signed_ms <= (uint64_t)OM_VALID_MAX_DAYS * DAY_MS) return OM_OK;
  return om_fail(st, OM_REFUSED, "validity",
                 "the statement was to be valid for longer than %d days: sign it anew with a shorter time",
                 OM_VALID_MAX_DAYS);
}

enum om_code om_upgrade_wait(struct om_batch *batch, uint64_t index, const struct om_status *why,
                             struct om_status *st) {
  uint8_t row[8];
  om_be64(row, index);
  om_txn_put(batch->txn, OM_TABLE_META, meta_upgrade, sizeof meta_upgrade - 1, row, sizeof row);
  if (om_txn_check(batch->txn, st) != OM_OK) return st->code;
  return om_fail(st, OM_WAIT, OM_RULE_UPGRADE, "%s", why->text);
}

bool om_upgrade_met(struct om_txn *txn) {
  struct om_bytes row;
  struct om_log_info info;
  struct om_status st;
  if (!om_txn_get(txn, &row, OM_TABLE_META, meta_upgrade, sizeof meta_upgrade - 1) || row.len != 8) return false;
  return om_log_info(txn, &info, OM_LOG_REGISTRY, &st) == OM_OK && info.size <= om_get64(row.data);
}

void om_ledger_know_rules(struct om_ledger *ledger, uint32_t version) {
  OM_ASSERT(version > 0);
  ledger->rules_known = version;
}
