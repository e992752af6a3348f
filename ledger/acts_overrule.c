/* Overrule: the governors end a concern that its author has not cleared, or stand in for the releasers of a hold, who
 * can't sign any more. The registry log leans on no other log, so the event is named by where its statement is filed,
 * and nothing is asked of it: an act that names none ends none. A hold goes on until its custodian has released it, in
 * a log that has taken the act up (ledger/overruled.h). */
#include <string.h>

#include "ledger/acts_parts.h"

enum om_code om_act_overrule(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                             uint16_t index, struct om_status *st) {
  const Oremark__Overrule *act = event->overrule;
  const Oremark__EventRef *ended = act->hold ? act->hold : act->flag;
  uint8_t key[OM_OVERRULED_KEY_BYTES], row[OM_OVERRULED_BYTES];
  if (event->previous.len != 0)
    return om_act_refuse(st, "previous", "nothing comes before this on a concern or a hold: leave `previous` out");
  om_overruled_key(key, act->hold ? OM_OVERRULED_HOLD : OM_OVERRULED_FLAG, ended->member, ended->event,
                   ended->signed_ms, judged->index);
  memcpy(row, ended->statement_id.data, OM_HASH_BYTES);
  row[OM_HASH_BYTES] = (uint8_t)(index >> 8);
  row[OM_HASH_BYTES + 1] = (uint8_t)index;
  om_txn_put(txn, OM_TABLE_REGISTRY, key, sizeof key, row, sizeof row);
  return OM_OK;
}
