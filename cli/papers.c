#include "cli/papers.h"

#include <inttypes.h>
#include <string.h>

#include "cli/attested.h"
#include "cli/views.h"

void om_papers_begin(struct om_paper_list *list, struct om_session *session) {
  static const char *const columns[] = {"~document", ">bytes", "event", "-member", "here", "hash"};
  *list = (struct om_paper_list){.session = session};
  if (session->json)
    list->json = json_array();
  else
    list->table = om_show_table(session->out, columns, sizeof columns / sizeof columns[0]);
}

void om_papers_drop(struct om_paper_list *list) {
  json_decref(list->json);
  scols_unref_table(list->table);
  list->json = NULL;
  list->table = NULL;
}

void om_papers_print(struct om_paper_list *list) {
  if (list->table && list->n > 0)
    om_show_print(list->table);
  else
    scols_unref_table(list->table);
  list->table = NULL;
}

enum om_code om_papers_add(struct om_paper_list *list, const Oremark__Step *step, const Oremark__NamedDocument *d,
                           struct om_status *st) {
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__GetDocumentState get_state = OREMARK__GET_DOCUMENT_STATE__INIT;
  Oremark__Reply *reply;
  char hex[2 * OM_HASH_BYTES + 1] = "";
  request.what_case = OREMARK__REQUEST__WHAT_GET_DOCUMENT_STATE;
  request.get_document_state = &get_state;
  get_state.hash = d->hash;
  if (om_ask(list->session, &reply, &request, OREMARK__REPLY__WHAT_DOCUMENT_STATE, st)) return st->code;
  const char *state = reply->document_state->state;
  list->n++;
  if (list->table) {
    struct libscols_line *line = om_show_line(list->table, NULL);
    if (d->hash.len == OM_HASH_BYTES) om_hex(hex, d->hash.data, OM_HASH_BYTES);
    om_show_cell(line, 0, "%s", d->name);
    om_show_cell(line, 1, "%" PRIu64, d->size);
    om_show_cell(line, 2, "%s", step->kind);
    om_show_cell(line, 3, "%s", step->member_name);
    om_show_cell(line, 4, "%s", strcmp(state, "missing") == 0 ? "not fetched" : state);
    om_show_cell(line, 5, "%s", hex);
  } else {
    json_t *json = om_document_json(d);
    json_object_set_new(json, "state", om_json_text(state));
    json_object_set_new(json, "kind", om_json_text(step->kind));
    json_object_set_new(json, "member_name", om_json_text(step->member_name));
    json_array_append_new(list->json, json);
  }
  oremark__reply__free_unpacked(reply, NULL);
  return OM_OK;
}

static enum om_code add_step(struct om_paper_list *list, const Oremark__Step *step, struct om_status *st) {
  for (size_t i = 0; i < step->n_documents; i++)
    if (om_papers_add(list, step, step->documents[i], st)) return st->code;
  if (list->sealed && step->n_sealed > 0) list->sealed(list->ctx, step);
  return OM_OK;
}

static enum om_code add_all(struct om_paper_list *list, Oremark__Reply *reply, struct om_status *st) {
  for (;;) {
    const Oremark__Steps *steps = reply->what_case == OREMARK__REPLY__WHAT_HISTORY ? reply->history : NULL;
    enum om_code code = OM_OK;
    for (size_t i = 0; steps && code == OM_OK && i < steps->n_steps; i++) code = add_step(list, steps->steps[i], st);
    if (code != OM_OK || !reply->more) {
      oremark__reply__free_unpacked(reply, NULL);
      return code;
    }
    if (om_client_next(list->session->client, &reply, st)) return st->code;
  }
}

static enum om_code add_attestation(void *ctx, const Oremark__Attestation *attestation, struct om_status *st) {
  return attestation->made ? add_step(ctx, attestation->made, st) : OM_OK;
}

enum om_code om_papers_of_lot(struct om_paper_list *list, const uint8_t number[OM_LOT_NUMBER_BYTES],
                              struct om_status *st) {
  Oremark__GetHistory history = OREMARK__GET_HISTORY__INIT;
  Oremark__ListAttestations attestations = OREMARK__LIST_ATTESTATIONS__INIT;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__Reply *reply;
  request.what_case = OREMARK__REQUEST__WHAT_GET_HISTORY;
  request.get_history = &history;
  history.as_of = list->as_of;
  history.number = attestations.lot =
      (ProtobufCBinaryData){OM_LOT_NUMBER_BYTES, om_arena_copy(list->session->arena, number, OM_LOT_NUMBER_BYTES)};
  if (om_ask(list->session, &reply, &request, OREMARK__REPLY__WHAT_HISTORY, st) || add_all(list, reply, st))
    return st->code;
  return om_attestations_each(list->session, &attestations, add_attestation, list, st);
}
