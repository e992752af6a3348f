/* Documents: in, out, what is held of one, and away with its bytes. */
#include <string.h>

#include "daemon/core/answer_parts.h"

static enum om_code hash_of(struct om_hash *out, ProtobufCBinaryData bytes, struct om_status *st) {
  if (bytes.len != OM_HASH_BYTES)
    return om_fail(st, OM_USAGE, NULL, "a document is named by %d bytes, these are %zu", OM_HASH_BYTES, bytes.len);
  memcpy(out->bytes, bytes.data, OM_HASH_BYTES);
  return OM_OK;
}

static enum om_code asked_for(const struct om_answering *a, struct om_hash *hash, ProtobufCBinaryData bytes,
                              struct om_status *st) {
  if (a->about->documents.ctx == NULL) return om_fail(st, OM_USAGE, NULL, "this daemon keeps no documents");
  return hash_of(hash, bytes, st);
}

static void put_state(struct om_answering *a, const char *name, uint64_t size) {
  Oremark__DocumentState state = OREMARK__DOCUMENT_STATE__INIT;
  state.state = (char *)(uintptr_t)name;
  state.size = size;
  Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_DOCUMENT_STATE, false);
  reply.document_state = &state;
  om_answer_put(a, &reply);
}

enum om_code om_answer_put_document(struct om_answering *a, const Oremark__PutDocument *asked, struct om_status *st) {
  struct om_document_part part = {.size = asked->size, .upload = asked->upload, .offset = asked->offset};
  bool done = false;
  part.bytes = (struct om_span){asked->part.data, asked->part.len};
  if (asked_for(a, &part.hash, asked->hash, st) != OM_OK ||
      a->about->documents.part(a->about->documents.ctx, &done, &part, st) != OM_OK)
    return st->code;
  put_state(a, done ? om_document_state_name(OM_DOCUMENT_HELD) : "partial", asked->size);
  return OM_OK;
}

enum om_code om_answer_get_document(struct om_answering *a, const Oremark__GetDocument *asked, struct om_status *st) {
  struct om_hash hash;
  if (asked_for(a, &hash, asked->hash, st) != OM_OK) return st->code;
  uint8_t *bytes = om_arena_alloc(a->view.arena, OM_DOCUMENT_PART_BYTES);
  for (uint64_t offset = 0, size = 1; offset < size;) {
    size_t len = 0;
    if (a->about->documents.read(a->about->documents.ctx, bytes, &len, &size, &hash, offset, OM_DOCUMENT_PART_BYTES,
                                 st) != OM_OK)
      return st->code;
    if (len == 0) return om_fail(st, OM_IO, NULL, "the document's file has become shorter while it was read");
    Oremark__DocumentPart part = OREMARK__DOCUMENT_PART__INIT;
    part.size = size;
    part.offset = offset;
    part.part = (ProtobufCBinaryData){len, bytes};
    offset += len;
    Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_DOCUMENT_PART, offset < size);
    reply.document_part = &part;
    if (!om_answer_put(a, &reply)) break;
  }
  return OM_OK;
}

enum om_code om_answer_document_state(struct om_answering *a, const Oremark__GetDocumentState *asked,
                                      struct om_status *st) {
  struct om_hash hash;
  uint64_t size = 0;
  if (asked_for(a, &hash, asked->hash, st) != OM_OK) return st->code;
  enum om_document_state state = a->about->documents.state(a->about->documents.ctx, &size, &hash, asked->again);
  put_state(a, om_document_state_name(state), size);
  return OM_OK;
}

enum om_code om_answer_erase_document(struct om_answering *a, const Oremark__EraseDocument *asked,
                                      struct om_status *st) {
  struct om_hash hash;
  bool was = false;
  if (asked_for(a, &hash, asked->hash, st) != OM_OK ||
      a->about->documents.erase(a->about->documents.ctx, &was, &hash, st) != OM_OK)
    return st->code;
  put_state(a, om_document_state_name(was ? OM_DOCUMENT_ERASED : OM_DOCUMENT_MISSING), 0);
  return OM_OK;
}
