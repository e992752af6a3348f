/* Answers that walk a whole lineage: they tell how far they are, and stop when nobody wants to know any more. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/core/answer_parts.h"
#include "ledger/registry.h"
#include "ledger/trace.h"
#include "ledger/verify.h"

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

bool om_answer_trace(struct om_answering *a, const Oremark__GetTrace *asked, struct om_status *st) {
  struct walk walk = {.a = a};
  struct om_progress progress = {tell, &walk};
  uint8_t number[OM_LOT_NUMBER_BYTES];
  if (om_answer_number(asked->number, st) != OM_OK) return om_answer_fail(a, st);
  memcpy(number, asked->number.data, sizeof number);
  enum om_code code = om_trace(a->view.txn, &a->about->network, number, take_node, &walk, &progress, st);
  if (walk.unwanted) return false;
  return code == OM_OK ? put_nodes(&walk, false) : om_answer_fail(a, st);
}

/* ---- verify ---- */

static void view_checks(struct om_arena *arena, Oremark__Verdict *out, const struct om_verdict *verdict) {
  out->checks = om_arena_array(arena, verdict->n_checks, sizeof *out->checks);
  for (size_t i = 0; i < verdict->n_checks; i++) {
    const struct om_check *from = &verdict->checks[i];
    Oremark__Check *to = out->checks[out->n_checks++] = om_arena_alloc(arena, sizeof *to);
    oremark__check__init(to);
    to->name = (char *)from->name;
    to->what = (char *)from->what;
    to->passed = from->passed;
    to->failed = from->failed;
    to->unknown = from->unknown;
    to->first = (char *)from->first;
  }
  out->not_checked = om_arena_array(arena, verdict->n_not_checked + 1, sizeof *out->not_checked);
  for (size_t i = 0; i < verdict->n_not_checked; i++)
    out->not_checked[out->n_not_checked++] = (char *)verdict->not_checked[i];
}

static void view_findings(struct om_arena *arena, Oremark__Verdict *out, const struct om_verdict *verdict) {
  out->findings = om_arena_array(arena, verdict->n_findings, sizeof *out->findings);
  for (size_t i = 0; i < verdict->n_findings; i++) {
    Oremark__Finding *to = out->findings[out->n_findings++] = om_arena_alloc(arena, sizeof *to);
    oremark__finding__init(to);
    to->kind = (char *)verdict->findings[i].kind;
    to->text = (char *)verdict->findings[i].text;
  }
  out->more_findings = verdict->more_findings;
  out->left = om_arena_array(arena, verdict->n_left, sizeof *out->left);
  for (size_t i = 0; i < verdict->n_left; i++) {
    Oremark__FindingsLeft *to = out->left[out->n_left++] = om_arena_alloc(arena, sizeof *to);
    oremark__findings_left__init(to);
    to->what = (char *)verdict->left[i].what;
    to->n = verdict->left[i].n;
  }
}

/* Said of every lot, ever after: what was there beyond the stated heads rests on the governors' word. */
static void view_restart(struct om_answering *a, Oremark__Verdict *out) {
  enum { TEXT_BYTES = 512 };
  struct om_restart restart;
  if (!om_registry_restart(a->view.txn, &restart, OM_REGISTRY_NOW)) return;
  char *text = om_arena_alloc(a->view.arena, TEXT_BYTES);
  snprintf(text, TEXT_BYTES,
           "whether the heads were right from which the governors restarted the network (entry %" PRIu64
           " of the registry log, %s)",
           restart.since, restart.reason);
  out->not_checked[out->n_not_checked++] = text;
}

Oremark__Succession **om_answer_successions(struct om_answering *a, size_t *n) {
  struct om_succession found;
  Oremark__Succession **out;
  size_t count = 0;
  for (uint64_t from = 0; om_registry_succession(a->view.txn, &found, from); from = found.since + 1) count++;
  out = om_arena_array(a->view.arena, count, sizeof *out);
  *n = 0;
  for (uint64_t from = 0; *n < count; from = out[*n - 1]->index + 1) {
    struct om_succession *kept = om_arena_alloc(a->view.arena, sizeof *kept);
    bool is = om_registry_succession(a->view.txn, kept, from);
    OM_ASSERT(is);
    Oremark__Succession *to = out[(*n)++] = om_arena_alloc(a->view.arena, sizeof *to);
    oremark__succession__init(to);
    to->index = kept->since;
    to->taken_ms = kept->taken_ms;
    to->before = kept->before;
    to->origin = kept->origin;
    to->reason = kept->reason;
  }
  return out;
}

/* The heads that it was checked against, in the place of what is held now. */
static enum om_code view_heads(struct om_answering *a, Oremark__Verdict *out, const struct om_verdict *verdict,
                               struct om_status *st) {
  out->logs = om_arena_array(a->view.arena, verdict->n_logs, sizeof *out->logs);
  for (size_t i = 0; i < verdict->n_logs; i++) {
    struct om_verdict_log *from = &verdict->logs[i];
    Oremark__LogState *to;
    if (om_view_log(&a->view, &to, from->log, st) != OM_OK) return st->code;
    to->size = to->final_size = from->size;
    to->root = (ProtobufCBinaryData){sizeof from->root.bytes, from->root.bytes};
    to->quorum = from->k;
    to->quorum_before = from->k_before;
    out->logs[out->n_logs++] = to;
  }
  return OM_OK;
}

static enum om_document_state check_document(void *ctx, uint64_t *size, const struct om_hash *hash) {
  const struct om_document_hooks *hooks = ctx;
  return hooks->state(hooks->ctx, size, hash, true);
}

bool om_answer_verify(struct om_answering *a, const Oremark__VerifyLot *asked, struct om_status *st) {
  struct walk walk = {.a = a};
  struct om_progress progress = {tell, &walk};
  struct om_verdict *verdict = om_arena_alloc(a->view.arena, sizeof *verdict);
  struct om_document_hooks hooks = a->about->documents;
  struct om_verify_documents documents = {hooks.ctx == NULL ? NULL : &hooks, check_document};
  Oremark__Verdict out = OREMARK__VERDICT__INIT;
  enum om_code code = om_answer_number(asked->number, st);
  if (code == OM_OK)
    code = om_verify_lot_whole(a->view.txn, a->view.arena, verdict, &a->about->network, asked->number.data, asked->deep,
                               documents.ctx == NULL ? NULL : &documents, &progress, st);
  if (walk.unwanted) return false;
  if (code == OM_OK) code = view_heads(a, &out, verdict, st);
  if (code != OM_OK) return om_answer_fail(a, st);
  view_checks(a->view.arena, &out, verdict);
  view_findings(a->view.arena, &out, verdict);
  view_restart(a, &out);
  out.successions = om_answer_successions(a, &out.n_successions);
  out.verified = verdict->verified;
  out.undecided = verdict->undecided;
  out.records = verdict->records;
  out.entries = verdict->entries;
  out.bytes = verdict->bytes;
  Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_VERDICT, false);
  reply.verdict = &out;
  return om_answer_put(a, &reply);
}
