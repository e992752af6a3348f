/* Bundles of any bytes, and a good one whose lots beside the lineage are stated by any bytes: refused, or answered; and
 * what is verified has the lot that it names. The first byte chooses. */
#include "fuzz/fuzz.h"
#include "fuzz/pair.h"
#include "ledger/bundle_state.h"

enum { LOTS = 2 };

/* The good bundle, but the lots beside its entries have the LEN bytes at DATA as rows, of the step that comes first. */
static uint8_t *with_rows(const struct bundled *good, size_t *out_len, const uint8_t *data, size_t len) {
  uint32_t step = fuzz_byte(&data, &len);
  uint8_t *out = malloc(good->len + LOTS * (len + 16));
  size_t at = OM_BUNDLE_MAGIC_BYTES, to = at;
  OM_ASSERT(out);
  memcpy(out, good->bytes, at);
  while (at < good->len) {
    size_t n = om_get32(good->bytes + at);
    Oremark__BundleFrame *frame = oremark__bundle_frame__unpack(NULL, n, good->bytes + at + OM_BUNDLE_LENGTH_BYTES);
    OM_ASSERT(frame);
    at += OM_BUNDLE_LENGTH_BYTES + n;
    if (frame->what_case == OREMARK__BUNDLE_FRAME__WHAT_ENTRY && frame->entry->n_others > 0) {
      Oremark__BundleOther *other = frame->entry->others[0];
      om_be32(other->key.data + OM_LOT_NUMBER_BYTES, step < 255 ? step : UINT32_MAX);
      other->row.data = realloc(other->row.data, len + 1);
      OM_ASSERT(other->row.data);
      if (len > 0) memcpy(other->row.data, data, len);
      other->row.len = len;
    }
    n = oremark__bundle_frame__pack(frame, out + to + OM_BUNDLE_LENGTH_BYTES);
    om_be32(out + to, (uint32_t)n);
    to += OM_BUNDLE_LENGTH_BYTES + n;
    oremark__bundle_frame__free_unpacked(frame, NULL);
  }
  *out_len = to;
  return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static struct om_verdict verdict;
  struct om_bundle_told told;
  struct om_arena arena = {0};
  struct om_status st = {0};
  const struct network *net;
  const struct bundled *good = pair_open(&net);
  bool rows = fuzz_byte(&data, &len) % 2 == 1;
  uint8_t *bytes = NULL;
  if (rows) bytes = with_rows(good, &len, data, len);
  enum om_code code = bundled_verify(&arena, &verdict, &told, net, rows ? bytes : data, len, NULL, &st);
  if (code == OM_OK) {
    OM_ASSERT(!rows || !verdict.verified || (verdict.records == 3 && verdict.lots == 1));
  } else {
    OM_ASSERT(code == OM_NO || code == OM_MALFORMED);
    fuzz_refusal(&st, code);
  }
  free(bytes);
  om_arena_free(&arena);
  return 0;
}
