/* A lot's row: what is read is written again as the same bytes. */
#include "fuzz/fuzz.h"
#include "ledger/lot.h"
#include "ledger/quantity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static struct om_arena arena;
  struct om_lot lot;
  struct om_status st = {0};
  const uint8_t *again;
  size_t again_len;
  om_arena_reset(&arena);
  if (len < OM_LOT_KEY_BYTES) return 0;
  enum om_code code = om_lot_decode(&arena, &lot, data, data + OM_LOT_KEY_BYTES, len - OM_LOT_KEY_BYTES, &st);
  if (code != OM_OK) {
    fuzz_refusal(&st, OM_CORRUPT);
    return 0;
  }
  om_lot_encode(&arena, &again, &again_len, &lot);
  OM_ASSERT(again_len == len - OM_LOT_KEY_BYTES && memcmp(again, data + OM_LOT_KEY_BYTES, again_len) == 0);
  OM_ASSERT(lot.gross_mg >= 0 && lot.n_contents <= OM_LOT_METALS_MAX);
  for (size_t i = 0; i < lot.n_contents; i++) {
    const struct om_content *c = &lot.contents[i];
    OM_ASSERT(om_element_symbol(c->element) && om_mix_ok(c->mix) && om_mix_total(c->mix) == c->contained_mg);
  }
  return 0;
}
