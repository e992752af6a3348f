#include "ledger/overruled.h"

#include "ledger/step.h"

/* A statement is long and may hold many events: it is read where the governors have spoken of that event of some
 * statement of the author's, and hashed where it is one of that time. */
enum om_code om_overruled(struct om_txn *txn, bool *is, struct om_place *act, enum om_overruled what,
                          const struct om_hash *network, const struct om_place *place, uint32_t member, uint64_t as_of,
                          struct om_status *st) {
  struct om_bytes entry;
  struct om_found found;
  struct om_hash id;
  *is = false;
  if (!om_registry_overruled_any(txn, what, member, place->event, 0)) return om_txn_check(txn, st);
  enum om_code code = om_log_entry(txn, &entry, place->log, place->index, st);
  if (code != OM_OK) return code;
  if (!om_find_event(&found, entry.data, entry.len, place->event))
    return om_fail(st, OM_CORRUPT, NULL, "entry %llu of log %u holds no event %u: " OM_STORE_DAMAGED,
                   (unsigned long long)place->index, place->log, place->event);
  int64_t signed_ms = (int64_t)found.signed_ms;
  if (!om_registry_overruled_any(txn, what, found.member, place->event, signed_ms)) return om_txn_check(txn, st);
  om_statement_id(&id, network, found.statement.data, found.statement.len);
  *is = om_registry_overruled(txn, act, what, found.member, signed_ms, &id, place->event, as_of);
  return om_txn_check(txn, st);
}
