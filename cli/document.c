/* Documents at the daemon: in, out, which a lot has, and away. */
#include <inttypes.h>
#include <string.h>

#include "cli/attested.h"
#include "cli/details.h"
#include "cli/file.h"
#include "cli/papers.h"
#include "cli/show.h"
#include "cli/views.h"
#include "ledger/events/kinds.h"

enum { HEX_BYTES = 2 * OM_HASH_BYTES + 1 };

/* ---- put ---- */

static enum om_code put(struct om_session *session, struct om_status *st) {
  json_t *list = json_array();
  char hex[HEX_BYTES];
  enum om_code code = om_args_words(session->args, 1, OM_DOCUMENTS_MAX, st);
  for (size_t i = 0; code == OM_OK && i < session->args->n_words; i++) {
    struct om_file file;
    code = om_file_document(session, &file, session->args->words[i].value, st);
    if (code == OM_OK) code = om_file_put(session, &file, st);
    if (code != OM_OK) break;
    om_hex(hex, file.hash, OM_HASH_BYTES);
    if (session->json)
      json_array_append_new(list, json_pack("{s:s, s:I, s:o}", "hash", hex, "size", (json_int_t)file.document.size,
                                            "file", om_json_text(file.path)));
    else
      fprintf(session->out, "%s  %s\n", hex, file.path);
  }
  if (code == OM_OK && session->json) return om_show_json(session->out, json_pack("{s:o}", "documents", list), st);
  json_decref(list);
  return code;
}

const struct om_command om_command_document_put = {
    .name = "document put",
    .words = "FILE...",
    .summary = "Bring documents to the daemon, which keeps them under their hashes.",
    .help =
        "Event commands do this themselves with --document FILE. What was signed with --out is handed in by 'submit' "
        "once\nits documents are there. A document has at most 16 MiB.\nExample:\n  oremark document put assay.pdf\n",
    .groups = OM_OPTS_DAEMON,
    .run = put,
};

/* ---- get ---- */

static const struct om_option get_options[] = {
    {"out", "FILE", "where its bytes go (-o)"},
    {NULL, NULL, NULL},
};

static enum om_code get(struct om_session *session, struct om_status *st) {
  const struct om_given *out;
  uint8_t hash[OM_HASH_BYTES];
  const uint8_t *bytes;
  size_t len;
  if (om_args_words(session->args, 1, 1, st) || om_args_need(session->args, &out, "out", st) ||
      om_document_hash(hash, session->args->words[0].value, st) || om_document_get(session, &bytes, &len, hash, st) ||
      om_file_write(out->value, bytes, len, false, st))
    return st->code;
  if (session->json)
    return om_show_json(session->out, json_pack("{s:s, s:I}", "file", out->value, "size", (json_int_t)len), st);
  fprintf(session->out, "%zu bytes in %s, with that hash\n", len, out->value);
  return OM_OK;
}

const struct om_command om_command_document_get = {
    .name = "document get",
    .words = "HASH -o FILE",
    .summary = "The bytes of a document.",
    .help =
        "Where it is not held here, the daemon has it from another one. Exit status 5: nobody who is linked has it, or "
        "it was\nerased here.\nExample:\n  oremark document get 9f86d081... -o assay.pdf\n",
    .options = get_options,
    .groups = OM_OPTS_DAEMON,
    .run = get,
};

/* ---- list ---- */

static enum om_code list_event(struct om_paper_list *all, Oremark__EventRef *ref, struct om_status *st) {
  struct om_sealed_event e;
  Oremark__Step step = OREMARK__STEP__INIT;
  const Oremark__Members *members;
  if (om_sealed_event(all->session, &e, ref, st) || om_session_members(all->session, &members, st)) return st->code;
  step.kind = (char *)(uintptr_t)om_kind_of(e.event)->name;
  for (size_t i = 0; i < members->n_members; i++)
    if (members->members[i]->member == ref->member) step.member_name = members->members[i]->name;
  for (size_t i = 0; i < e.event->n_documents; i++) {
    const Oremark__Document *from = e.event->documents[i];
    Oremark__NamedDocument d = OREMARK__NAMED_DOCUMENT__INIT;
    d.hash = from->hash;
    d.size = from->size;
    d.name = from->name;
    d.media = from->media;
    if (om_papers_add(all, &step, &d, st)) return st->code;
  }
  return OM_OK;
}

static enum om_code list_lot(struct om_paper_list *all, const char *text, struct om_status *st) {
  uint8_t number[OM_LOT_NUMBER_BYTES];
  return om_session_number(all->session, number, text, st) ? st->code : om_papers_of_lot(all, number, st);
}

static enum om_code list(struct om_session *session, struct om_status *st) {
  struct om_paper_list all;
  Oremark__EventRef *ref;
  if (om_args_words(session->args, 1, 1, st)) return st->code;
  const char *text = session->args->words[0].value;
  bool is_event = om_event_ref_read(session, &ref, text, st) == OM_OK;
  om_status_clear(st);
  om_papers_begin(&all, session);
  if (is_event ? list_event(&all, ref, st) : list_lot(&all, text, st)) return om_papers_drop(&all), st->code;
  if (all.json) return om_show_json(session->out, json_pack("{s:o}", "documents", all.json), st);
  om_papers_print(&all);
  if (all.n == 0) fprintf(session->out, "no event %snames a document\n", is_event ? "" : "of this lot ");
  return OM_OK;
}

const struct om_command om_command_document_list = {
    .name = "document list",
    .words = "LOT|EVENT",
    .summary = "The documents that a lot's events and attestations name, and whether they are held here.",
    .help =
        "Here: held, not fetched (another daemon may have it: 'document get' asks), erased (on purpose). 'lot verify' "
        "hashes\neach one again, of the whole lineage.\nExample:\n  oremark document list DRUM-17\n",
    .groups = OM_OPTS_DAEMON,
    .run = list,
};

/* ---- erase ---- */

static enum om_code erase(struct om_session *session, struct om_status *st) {
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__EraseDocument asked = OREMARK__ERASE_DOCUMENT__INIT;
  Oremark__Reply *reply;
  uint8_t hash[OM_HASH_BYTES];
  request.what_case = OREMARK__REQUEST__WHAT_ERASE_DOCUMENT;
  request.erase_document = &asked;
  asked.hash = (ProtobufCBinaryData){sizeof hash, hash};
  if (om_args_words(session->args, 1, 1, st) || om_document_hash(hash, session->args->words[0].value, st) ||
      om_ask(session, &reply, &request, OREMARK__REPLY__WHAT_DOCUMENT_STATE, st))
    return st->code;
  bool was = strcmp(reply->document_state->state, om_document_state_name(OM_DOCUMENT_ERASED)) == 0;
  oremark__reply__free_unpacked(reply, NULL);
  if (!was) return om_fail(st, OM_MISSING, "document", "the document is not held here: nothing was erased");
  if (session->json) return om_show_json(session->out, json_pack("{s:b}", "erased", 1), st);
  fprintf(session->out,
          "erased here; its hash, size and name stand in the log for ever, and daemons that have fetched it keep "
          "theirs until they erase it\n");
  return OM_OK;
}

const struct om_command om_command_document_erase = {
    .name = "document erase",
    .words = "HASH",
    .summary = "Erase a document's bytes at this daemon; its hash stays in the log.",
    .help = "It is not fetched again; 'document put' brings it back.\nExample:\n  oremark document erase 9f86d081...\n",
    .groups = OM_OPTS_DAEMON,
    .run = erase,
};
