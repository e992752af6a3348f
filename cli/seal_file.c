#include "cli/seal_file.h"

#include "cli/file.h"
#include "ledger/seal.h"
#include "ledger/statement.h"

enum om_code om_seal_read(struct om_arena *arena, Oremark__Seal **out, const char *path, struct om_status *st) {
  uint8_t *bytes;
  size_t len;
  if (om_file_read(arena, &bytes, &len, path, OM_SEAL_MAX_BYTES, st)) return st->code;
  *out = om_canonical(&oremark__seal__descriptor, bytes, len, st)
             ? oremark__seal__unpack(om_arena_protobuf(arena), len, bytes)
             : NULL;
  if (*out && (*out)->call.len == OM_HASH_BYTES) return OM_OK;
  return om_fail(st, OM_USAGE, NULL, "%s is no seal: 'oremark log make-seal' writes one", path);
}

enum om_code om_seal_head(struct om_checkpoint *out, const Oremark__Seal *seal, struct om_status *st) {
  struct om_note note;
  *out = (struct om_checkpoint){.size = 0};
  om_empty_root(&out->root);
  if (seal->head.len == 0) return OM_OK;
  if (om_note_parse(&note, (const char *)seal->head.data, seal->head.len, st) == OM_OK &&
      om_checkpoint_parse(out, NULL, note.text, note.text_len, st) == OM_OK)
    return OM_OK;
  st->code = OM_USAGE;
  return om_wrap(st, "the head in the seal of log %u's daemon", seal->witness);
}
