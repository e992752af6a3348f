#include "daemon/core/answer.h"

#include "daemon/core/answer_parts.h"
#include "daemon/core/frame.h"

void om_answer_status(Oremark__Reply *reply, uint64_t id, const struct om_status *st) {
  reply->id = id;
  reply->code = (char *)om_code_name(st->code);
  reply->rule = (char *)st->rule;
  reply->text = (char *)st->text;
}

bool om_answer_wanted(const struct om_answering *a) {
  return a->sink->wanted == NULL || a->sink->wanted(a->sink->ctx);
}

static bool fail(const struct om_answering *a, const struct om_status *st) {
  Oremark__Reply reply = OREMARK__REPLY__INIT;
  om_answer_status(&reply, a->id, st);
  return a->sink->put(a->sink->ctx, &reply);
}

Oremark__Reply om_answer_good(const struct om_answering *a, Oremark__Reply__WhatCase what, bool more) {
  Oremark__Reply reply = OREMARK__REPLY__INIT;
  reply.id = a->id;
  reply.code = (char *)om_code_name(OM_OK);
  reply.more = more;
  reply.what_case = what;
  return reply;
}

bool om_answer_put(const struct om_answering *a, const Oremark__Reply *reply) {
  size_t len = oremark__reply__get_packed_size(reply);
  struct om_status st;
  if (len <= OM_FRAME_MAX_BYTES) return a->sink->put(a->sink->ctx, reply);
  om_fail(&st, OM_IO, NULL, "the answer has %zu bytes; a message holds at most %d", len, OM_FRAME_MAX_BYTES);
  return fail(a, &st);
}

static enum om_code answer(struct om_answering *a, const Oremark__Request *request, struct om_status *st) {
  switch (request->what_case) {
    case OREMARK__REQUEST__WHAT_GET_STATUS: return om_answer_get_status(a, request->get_status, st);
    case OREMARK__REQUEST__WHAT_GET_GENESIS: return om_answer_genesis(a, st);
    case OREMARK__REQUEST__WHAT_GET_LOT: return om_answer_lot(a, request->get_lot, st);
    case OREMARK__REQUEST__WHAT_GET_HISTORY: return om_answer_history(a, request->get_history, st);
    case OREMARK__REQUEST__WHAT_LIST_EVIDENCE: return om_answer_evidence(a, st);
    case OREMARK__REQUEST__WHAT_LIST_LOTS: return om_answer_lots(a, request->list_lots, st);
    case OREMARK__REQUEST__WHAT_LIST_MEMBERS: return om_answer_members(a, st);
    case OREMARK__REQUEST__WHAT_GET_PEERS: om_answer_peers(a); return OM_OK;
    case OREMARK__REQUEST__WHAT_GET_AUDIT: return om_answer_audit(a, request->get_audit, st);
    case OREMARK__REQUEST__WHAT_LIST_ATTESTATIONS: return om_answer_attestations(a, request->list_attestations, st);
    case OREMARK__REQUEST__WHAT_LIST_HELD: return om_answer_held(a, request->list_held, st);
    case OREMARK__REQUEST__WHAT_GET_REGISTRY: return om_answer_registry(a, request->get_registry, st);
    case OREMARK__REQUEST__WHAT_GET_MEMBER: return om_answer_member(a, request->get_member, st);
    case OREMARK__REQUEST__WHAT_GET_ENTRY: return om_answer_entry(a, request->get_entry, st);
    case OREMARK__REQUEST__WHAT_GET_FINALITY: return om_answer_finality(a, request->get_finality, st);
    case OREMARK__REQUEST__WHAT_GET_TRACE: return om_answer_trace(a, request->get_trace, st);
    case OREMARK__REQUEST__WHAT_VERIFY_LOT: return om_answer_verify(a, request->verify_lot, st);
    case OREMARK__REQUEST__WHAT_PUT_DOCUMENT: return om_answer_put_document(a, request->put_document, st);
    case OREMARK__REQUEST__WHAT_GET_DOCUMENT: return om_answer_get_document(a, request->get_document, st);
    case OREMARK__REQUEST__WHAT_GET_DOCUMENT_STATE: return om_answer_document_state(a, request->get_document_state, st);
    case OREMARK__REQUEST__WHAT_ERASE_DOCUMENT: return om_answer_erase_document(a, request->erase_document, st);
    case OREMARK__REQUEST__WHAT_GET_FINAL_HEAD: return om_answer_head(a, request->get_final_head, st);
    case OREMARK__REQUEST__WHAT_COMPARE_HEAD: return om_answer_compare(a, request->compare_head, st);
    case OREMARK__REQUEST__WHAT_GET_TILES: return om_answer_tiles(a, request->get_tiles, st);
    case OREMARK__REQUEST__WHAT_READ_ENTRIES: return om_answer_entries(a, request->read_entries, st);
    case OREMARK__REQUEST__WHAT_GET_QUORUM: return om_answer_quorum(a, request->get_quorum, st);
    case OREMARK__REQUEST__WHAT_WRITE_BUNDLE: return om_answer_bundle(a, request->write_bundle, st);
    case OREMARK__REQUEST__WHAT_PROVE_INCLUSION: return om_answer_inclusion(a, request->prove_inclusion, st);
    case OREMARK__REQUEST__WHAT_FETCH_DOCUMENT:
    case OREMARK__REQUEST__WHAT_ACCEPT:
    case OREMARK__REQUEST__WHAT_SUBMIT:
    case OREMARK__REQUEST__WHAT_SEAL:
    case OREMARK__REQUEST__WHAT__NOT_SET:
    case _OREMARK__REQUEST__WHAT__CASE_IS_INT_SIZE: break;
  }
  return om_fail(st, OM_USAGE, NULL, "this daemon does not answer such a request; its version is %s", OREMARK_VERSION);
}

void om_answer(const struct om_answer_sink *sink, struct om_txn *txn, const struct om_about *about,
               const Oremark__Request *request) {
  struct om_status st;
  struct om_answering a = {.sink = sink, .about = about, .id = request->id};
  om_view_begin(&a.view, txn, &about->network);
  om_status_clear(&st);
  if (answer(&a, request, &st) != OM_OK) fail(&a, &st);
  om_view_end(&a.view);
}
