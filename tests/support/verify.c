#include "support/verify.h"

enum om_code verify_lot(struct om_txn *txn, struct om_arena *arena, struct om_verdict *out,
                        const struct om_hash *network, const uint8_t number[OM_LOT_NUMBER_BYTES], bool deep,
                        struct om_status *st) {
  const struct om_verify_ask ask = {.number = number, .deep = deep};
  return om_verify_asked(txn, arena, out, network, &ask, st);
}
