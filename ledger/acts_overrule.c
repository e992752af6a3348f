/* Overrule: the governors end a concern that its author has not cleared. The registry log leans on no other log, so the
 * flag is named by where its statement is filed, and nothing is asked of it: an act that names none ends none. */
#include <string.h>

#include "ledger/acts_parts.h"

enum om_code om_act_overrule(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                             uint16_t index, struct om_status *st) {
  const Oremark__EventRef *flag = event->overrule->flag;
  uint8_t key[OM_OVERRULED_KEY_BYTES], row[OM_OVERRULED_BYTES];
  if (event->previous.len != 0)
    return om_act_refuse(st, "previous", "nothing comes before this on a concern: leave `previous` out");
  om_overruled_key(key, flag->member, flag->event, flag->signed_ms, judged->index);
  memcpy(row, flag->statement_id.data, OM_HASH_BYTES);
  row[OM_HASH_BYTES] = (uint8_t)(index >> 8);
  row[OM_HASH_BYTES + 1] = (uint8_t)index;
  om_txn_put(txn, OM_TABLE_REGISTRY, key, sizeof key, row, sizeof row);
  return OM_OK;
}
