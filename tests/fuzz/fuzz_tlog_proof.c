/* C2SP tlog-proofs: what is parsed can be written again to the same bytes. */
#include "fuzz/fuzz.h"
#include "ledger/tlog_proof.h"

static bool holds(const uint8_t *data, size_t len, const char *words) {
  return memmem(data, len, words, strlen(words)) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static struct om_arena arena;
  struct om_tlog_proof proof;
  struct om_status st = {0};
  char *again;
  om_arena_reset(&arena);
  enum om_code code = om_tlog_proof_parse(&proof, &arena, (const char *)data, len, &st);
  if (code != OM_OK) {
    fuzz_refusal(&st, OM_MALFORMED);
    return 0;
  }
  OM_ASSERT(proof.path.n <= OM_PROOF_MAX && proof.entry.len <= OM_TLOG_ENTRY_MAX_BYTES);
  OM_ASSERT((const uint8_t *)proof.note.data + proof.note.len == data + len);
  size_t again_len = om_tlog_proof_format(&again, &arena, &proof);
  /* A line for an entry with no bytes is taken, and not written. */
  bool empty = proof.entry.len == 0 && holds(data, len, "@v1\nextra \n");
  OM_ASSERT(empty || (again_len == len && memcmp(again, data, len) == 0));
  return 0;
}
