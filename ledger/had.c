#include "ledger/had.h"

#include <string.h>

#include "ledger/registry.h"

enum { KEY_BYTES = 4 + OM_LOT_NUMBER_BYTES };

static void key_of(uint8_t out[KEY_BYTES], uint32_t member, const uint8_t number[OM_LOT_NUMBER_BYTES]) {
  om_be32(out, member);
  memcpy(out + 4, number, OM_LOT_NUMBER_BYTES);
}

void om_had_put(struct om_txn *txn, const struct om_lot *row) {
  const uint32_t who[] = {row->custodian, row->owner, row->pen};
  if (row->state != OM_LOT_HELD && row->state != OM_LOT_IN_TRANSIT) return; /* its end names nobody new */
  for (size_t i = 0; i < sizeof who / sizeof *who; i++) {
    uint8_t key[KEY_BYTES];
    bool again = i > 0 && (who[i] == who[0] || who[i] == who[i - 1]);
    if (again || who[i] == OM_MEMBER_NONE) continue;
    key_of(key, who[i], row->number);
    om_txn_insert(txn, OM_TABLE_HAD, key, sizeof key, "", 0);
  }
}

bool om_had_next(struct om_txn *txn, uint8_t number[OM_LOT_NUMBER_BYTES], uint32_t member, bool first) {
  uint8_t from[KEY_BYTES];
  struct om_bytes key, row;
  key_of(from, member, number);
  bool found = om_txn_next(txn, &key, &row, OM_TABLE_HAD, from, first ? 4 : sizeof from);
  if (found && !first && key.len == sizeof from && memcmp(key.data, from, sizeof from) == 0)
    found = om_txn_step(txn, &key, &row, OM_TABLE_HAD);
  if (!found || key.len != sizeof from || memcmp(key.data, from, 4) != 0) return false;
  memcpy(number, key.data + 4, OM_LOT_NUMBER_BYTES);
  return true;
}
