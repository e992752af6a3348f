#include "ledger/held.h"

#include <string.h>

enum { KEY_BYTES = 1 + OM_LOT_NUMBER_BYTES + 4, ROW_BYTES = 9 };

static void key_of(uint8_t out[KEY_BYTES], uint8_t reason, const uint8_t number[OM_LOT_NUMBER_BYTES], uint32_t step) {
  out[0] = reason;
  om_lot_key(out + 1, number, step);
}

void om_held_put(struct om_stage *stage, const struct om_lot *row, uint8_t reason, bool released, int64_t at_ms) {
  uint8_t key[KEY_BYTES], bytes[ROW_BYTES];
  key_of(key, reason, row->number, row->step);
  om_be64(bytes, (uint64_t)at_ms);
  bytes[8] = released;
  om_stage_put(stage, OM_TABLE_HELD, key, sizeof key, bytes, sizeof bytes);
}

bool om_held_next(struct om_txn *txn, struct om_held *held) {
  uint8_t from[KEY_BYTES];
  struct om_bytes key, row;
  bool first = held->step == 0; /* a lot's step 0 is its birth, and no hold */
  key_of(from, held->reason, held->number, first ? 0 : held->step + 1);
  if (!om_txn_next(txn, &key, &row, OM_TABLE_HELD, from, sizeof from) || key.len != KEY_BYTES ||
      key.data[0] != held->reason || row.len != ROW_BYTES)
    return false;
  memcpy(held->number, key.data + 1, OM_LOT_NUMBER_BYTES);
  held->step = om_get32(key.data + 1 + OM_LOT_NUMBER_BYTES);
  held->at_ms = (int64_t)om_get64(row.data);
  held->released = row.data[8] != 0;
  return true;
}
