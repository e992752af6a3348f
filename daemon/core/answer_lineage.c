/* Answers that walk a whole lineage: they tell how far they are, and stop when nobody wants to know any more. */
#include <string.h>

#include "daemon/core/answer_parts.h"
#include "ledger/bundle.h"
#include "ledger/told.h"
#include "ledger/trace.h"

struct walk {
  struct om_answering *a;
  bool unwanted; /* the client has gone */
  Oremark__TraceNode *rows[OM_REPLY_ROWS];
  size_t n, size;
};

static bool tell(void *ctx, const char *step, uint64_t done, uint64_t total) {
  struct walk *walk = ctx;
  Oremark__Progress progress = OREMARK__PROGRESS__INIT;
  progress.step = (char *)step;
  progress.done = done;
  progress.total = total;
  Oremark__Reply reply = om_answer_good(walk->a, OREMARK__REPLY__WHAT_PROGRESS, true);
  reply.progress = &progress;
  walk->unwanted = !om_answer_put(walk->a, &reply);
  return !walk->unwanted;
}

/* ---- trace ---- */

static bool put_nodes(struct walk *walk, bool more) {
  Oremark__TraceNodes nodes = OREMARK__TRACE_NODES__INIT;
  nodes.nodes = walk->rows;
  nodes.n_nodes = walk->n;
  Oremark__Reply reply = om_answer_good(walk->a, OREMARK__REPLY__WHAT_TRACE, more);
  reply.trace = &nodes;
  walk->unwanted = !om_answer_put(walk->a, &reply);
  om_view_reset(&walk->a->view);
  walk->n = walk->size = 0;
  return !walk->unwanted;
}

/* NODE points to what passes; the copy lives in the view's arena. */
static Oremark__TraceNode *keep(struct om_answering *a, const Oremark__TraceNode *node, size_t *size) {
  *size = oremark__trace_node__get_packed_size(node);
  uint8_t *bytes = om_arena_alloc(a->view.arena, *size);
  oremark__trace_node__pack(node, bytes);
  Oremark__TraceNode *copy = oremark__trace_node__unpack(om_arena_protobuf(a->view.arena), *size, bytes);
  OM_ASSERT(copy != NULL);
  return copy;
}

static enum om_code take_node(void *ctx, const struct om_trace_node *from, uint32_t n_nodes, struct om_status *st) {
  struct walk *walk = ctx;
  struct om_view *view = &walk->a->view;
  Oremark__TraceNode node = OREMARK__TRACE_NODE__INIT;
  (void)n_nodes;
  if (om_view_lot(view, &node.lot, &from->lot, st) != OM_OK ||
      om_view_made(view, &node.made_by, &from->made_by, st) != OM_OK)
    return st->code;
  for (size_t i = 0; i < node.lot->n_contents; i++) node.lot->contents[i]->n_shares = 0;
  node.inputs = (uint32_t *)(uintptr_t)from->inputs;
  node.n_inputs = from->n_inputs;
  node.moves = from->moves;
  size_t size;
  walk->rows[walk->n++] = keep(walk->a, &node, &size);
  walk->size += size;
  if (walk->n < OM_REPLY_ROWS && walk->size < OM_REPLY_MAX_BYTES) return OM_OK;
  return put_nodes(walk, true) ? OM_OK : om_fail(st, OM_BUSY, NULL, "the trace is not wanted any more");
}

enum om_code om_answer_trace(struct om_answering *a, const Oremark__GetTrace *asked, struct om_status *st) {
  struct walk walk = {.a = a};
  struct om_progress progress = {tell, &walk};
  uint8_t number[OM_LOT_NUMBER_BYTES];
  if (om_answer_number(asked->number, st) != OM_OK) return st->code;
  memcpy(number, asked->number.data, sizeof number);
  enum om_code code = om_trace(a->view.txn, &a->about->network, number, take_node, &walk, &progress, st);
  if (code == OM_OK && !walk.unwanted) put_nodes(&walk, false);
  return walk.unwanted ? OM_OK : code;
}

/* ---- verify ---- */

static enum om_document_state check_document(void *ctx, uint64_t *size, const struct om_hash *hash) {
  const struct om_document_hooks *hooks = ctx;
  return hooks->state(hooks->ctx, size, hash, true);
}

enum om_code om_answer_verify(struct om_answering *a, const Oremark__VerifyLot *asked, struct om_status *st) {
  struct walk walk = {.a = a};
  struct om_progress progress = {tell, &walk};
  struct om_verdict *verdict = om_arena_alloc(a->view.arena, sizeof *verdict);
  struct om_document_hooks hooks = a->about->documents;
  struct om_verify_documents documents = {hooks.ctx == NULL ? NULL : &hooks, check_document};
  Oremark__Verdict out = OREMARK__VERDICT__INIT;
  Oremark__AsOf *as_of = NULL;
  enum om_code code = om_answer_number(asked->number, st);
  if (code == OM_OK) code = om_answer_as_of(a, &as_of, asked->number, asked->as_of, st);
  if (code == OM_OK) {
    struct om_crew *crew = NULL;
    struct om_verify_memory *memory = NULL;
    bool taken = a->sink->verifier && a->sink->verifier(a->sink->ctx, &crew, &memory);
    const struct om_verify_ask ask = {.number = asked->number.data,
                                      .n_steps = as_of ? as_of->step + 1 : 0,
                                      .deep = asked->deep,
                                      .documents = documents.ctx == NULL ? NULL : &documents,
                                      .progress = &progress,
                                      .crew = crew,
                                      .memory = memory};
    code = om_verify_asked(a->view.txn, a->view.arena, verdict, &a->about->network, &ask, st);
    if (taken) a->sink->verifier_done(a->sink->ctx);
  }
  if (walk.unwanted) return OM_OK;
  struct om_txn *now = NULL; /* the verdict may be of a later commit than the view */
  if (code == OM_OK) code = om_txn_twins(&now, 1, a->view.txn, st);
  if (code == OM_OK) code = om_verdict_told(now, a->view.arena, &out, verdict, st);
  om_txn_abort(now);
  if (code != OM_OK) return code;
  Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_VERDICT, false);
  reply.verdict = &out;
  out.as_of = as_of;
  om_answer_put(a, &reply);
  return OM_OK;
}

/* ---- bundles ---- */

enum { PART_BYTES = 128 << 10 }; /* a part well below a frame, and what the reading threads hand over at once */

struct bundling {
  struct walk walk;
  uint8_t *part;
  size_t len;
};

static bool put_part(struct bundling *b) {
  Oremark__BundlePart part = OREMARK__BUNDLE_PART__INIT;
  Oremark__Reply reply = om_answer_good(b->walk.a, OREMARK__REPLY__WHAT_BUNDLE_PART, true);
  part.part = (ProtobufCBinaryData){b->len, b->part};
  reply.bundle_part = &part;
  b->len = 0;
  b->walk.unwanted = !om_answer_put(b->walk.a, &reply);
  return !b->walk.unwanted;
}

static enum om_code take_bytes(void *ctx, const uint8_t *bytes, size_t len, struct om_status *st) {
  struct bundling *b = ctx;
  while (len > 0) {
    size_t room = PART_BYTES - b->len, n = len < room ? len : room;
    memcpy(b->part + b->len, bytes, n);
    b->len += n;
    bytes += n;
    len -= n;
    if (b->len == PART_BYTES && !put_part(b)) return om_fail(st, OM_BUSY, NULL, "the bundle is not wanted any more");
  }
  return OM_OK;
}

static enum om_code read_document(void *ctx, uint8_t *bytes, size_t *len, uint64_t *size, const struct om_hash *hash,
                                  uint64_t offset, size_t room, struct om_status *st) {
  const struct bundling *b = ctx;
  const struct om_document_hooks *hooks = &b->walk.a->about->documents;
  return hooks->read(hooks->ctx, bytes, len, size, hash, offset, room, st);
}

enum om_code om_answer_bundle(struct om_answering *a, const Oremark__WriteBundle *asked, struct om_status *st) {
  struct bundling b = {.walk = {.a = a}, .part = om_arena_alloc(a->view.arena, PART_BYTES)};
  struct om_document_hooks hooks = a->about->documents;
  struct om_verify_documents documents = {&hooks, check_document};
  struct om_bundle_sink sink = {&b, take_bytes, asked->documents && hooks.ctx ? &documents : NULL, read_document};
  struct om_progress progress = {tell, &b.walk};
  struct om_bundle_written written;
  enum om_code code = om_answer_number(asked->number, st);
  if (code == OM_OK)
    code = om_bundle_write(a->view.txn, &written, &a->about->network, asked->number.data, &sink, &progress, st);
  if (b.walk.unwanted) return OM_OK;
  if (code != OM_OK) return code;
  if (b.len > 0 && !put_part(&b)) return OM_OK;
  Oremark__BundleWritten out = OREMARK__BUNDLE_WRITTEN__INIT;
  out.bytes = written.bytes;
  out.entries = written.entries;
  out.logs = written.logs;
  out.records = written.records;
  out.documents = written.documents;
  out.statement_bytes = written.statement_bytes;
  out.registry_size = written.registry.size;
  out.registry_root = (ProtobufCBinaryData){OM_HASH_BYTES, written.registry.root.bytes};
  out.registry_s = written.registry_s;
  Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_BUNDLE_WRITTEN, false);
  reply.bundle_written = &out;
  om_answer_put(a, &reply);
  return OM_OK;
}
