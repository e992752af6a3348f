/* A log's growing edge: what is read is written again as the same bytes, and can grow. */
#include "fuzz/fuzz.h"
#include "ledger/merkle.h"

static enum om_code full(void *arg, unsigned level, uint64_t index, const struct om_hash hashes[OM_TILE_HASHES],
                         struct om_status *st) {
  const struct om_edge *edge = arg;
  (void)hashes, (void)st;
  OM_ASSERT(level < OM_TREE_LEVELS && index <= edge->size >> (OM_TILE_HEIGHT * (level + 1)));
  return OM_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static struct om_edge edge;
  static uint8_t again[OM_EDGE_BYTES_MAX];
  struct om_status st = {0};
  struct om_hash root;
  enum om_code code = om_edge_decode(&edge, data, len, &st);
  if (code != OM_OK) {
    fuzz_refusal(&st, OM_CORRUPT);
    return 0;
  }
  OM_ASSERT(om_edge_encode(&edge, again) == len && memcmp(again, data, len) == 0);
  om_edge_root(&edge, &root);
  code = om_edge_append(&edge, &root, full, &edge, &st);
  if (code != OM_OK) fuzz_refusal(&st, code);
  return 0;
}
