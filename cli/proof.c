/* `oremark proof`: that an entry stands in the cosigned log, as a file that anybody's tools read. */
#include <inttypes.h>
#include <string.h>

#include "cli/file.h"
#include "cli/views.h"
#include "ledger/tlog_proof.h"

static const struct om_option options[] = {
    {"statement", "STATEMENT",
     "of the entry that holds this statement: MEMBER-TIME-ID, as printed when it was recorded"},
    {"out", "FILE", "where the proof is written"},
    {NULL, NULL, NULL},
};

/* An entry, and all that proves it. */
struct proving {
  const char *origin;
  uint32_t log;
  struct om_tlog_proof proof;
  struct om_checkpoint head;
};

/* ---- which entry ---- */

static enum om_code of_statement(struct om_session *session, struct proving *p, const char *text,
                                 struct om_status *st) {
  struct om_recorded recorded;
  const Oremark__Finality *finality;
  if (om_recorded_parse(&recorded, text, st) != OM_OK ||
      om_final_ask(session, &finality, session->arena, &recorded, 0, st) != OM_OK)
    return st->code;
  if (!*finality->origin)
    return om_fail(st, OM_MISSING, NULL,
                   "this daemon knows no entry with that statement: 'oremark receipt %s' says more", text);
  p->origin = finality->origin;
  p->proof.index = finality->index;
  return OM_OK;
}

static enum om_code of_lot(struct om_session *session, struct proving *p, const char *text, struct om_status *st) {
  Oremark__GetLot get = OREMARK__GET_LOT__INIT;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__Reply *reply;
  request.what_case = OREMARK__REQUEST__WHAT_GET_LOT;
  request.get_lot = &get;
  if (om_get_lot(session->arena, &get, text, st) || om_ask(session, &reply, &request, OREMARK__REPLY__WHAT_LOT, st))
    return st->code;
  bool stands = reply->lot->at != NULL;
  if (stands) {
    p->origin = om_arena_copy(session->arena, reply->lot->at->origin, strlen(reply->lot->at->origin) + 1);
    p->proof.index = reply->lot->at->index;
  }
  oremark__reply__free_unpacked(reply, NULL);
  return stands ? OM_OK : om_fail(st, OM_IO, NULL, "the daemon does not say where that lot stands");
}

static enum om_code find_entry(struct om_session *session, struct proving *p, struct om_status *st) {
  const struct om_args *args = session->args;
  const char *statement = om_args_value(args, "statement");
  if (om_args_words(args, statement ? 0 : 1, statement ? 0 : 2, st)) return st->code;
  if (statement) return of_statement(session, p, statement, st);
  if (args->n_words == 1) return of_lot(session, p, args->words[0].value, st);
  p->origin = args->words[0].value;
  return om_given_u64(&args->words[1], &p->proof.index, OM_TREE_SIZE_MAX, st);
}

/* The number of the log with that origin. */
static enum om_code find_log(struct om_session *session, struct proving *p, struct om_status *st) {
  Oremark__GetStatus get = OREMARK__GET_STATUS__INIT;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__Reply *reply;
  bool found = false;
  request.what_case = OREMARK__REQUEST__WHAT_GET_STATUS;
  request.get_status = &get;
  if (om_ask(session, &reply, &request, OREMARK__REPLY__WHAT_STATUS, st)) return st->code;
  for (size_t i = 0; i < reply->status->n_logs; i++)
    if (strcmp(reply->status->logs[i]->origin, p->origin) == 0) p->log = reply->status->logs[i]->log, found = true;
  oremark__reply__free_unpacked(reply, NULL);
  if (found) return OM_OK;
  return om_fail(st, OM_USAGE, NULL, "the daemon holds no log %s: 'oremark status' lists them", p->origin);
}

/* ---- what proves it ---- */

static enum om_code take_head(struct om_session *session, struct proving *p, struct om_status *st) {
  struct om_note *note = om_arena_alloc(session->arena, sizeof *note);
  Oremark__GetFinalHead get = OREMARK__GET_FINAL_HEAD__INIT;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__Reply *reply;
  request.what_case = OREMARK__REQUEST__WHAT_GET_FINAL_HEAD;
  request.get_final_head = &get;
  get.log = p->log;
  if (om_ask(session, &reply, &request, OREMARK__REPLY__WHAT_FINAL_HEAD, st)) return st->code;
  p->proof.note.len = reply->final_head->note.len;
  p->proof.note.data = om_arena_copy(session->arena, reply->final_head->note.data, p->proof.note.len);
  oremark__reply__free_unpacked(reply, NULL);
  if (om_note_parse(note, p->proof.note.data, p->proof.note.len, st) != OM_OK ||
      om_checkpoint_parse(&p->head, NULL, note->text, note->text_len, st) != OM_OK)
    return st->code;
  if (p->proof.index < p->head.size) return OM_OK;
  return om_fail(st, OM_WAIT, "pending",
                 "entry %" PRIu64 " of %s is not final yet: the last cosigned checkpoint covers %" PRIu64
                 "; try again later",
                 p->proof.index, p->origin, p->head.size);
}

static enum om_code take_entry(struct om_session *session, struct proving *p, struct om_status *st) {
  Oremark__ReadEntries get = OREMARK__READ_ENTRIES__INIT;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__Reply *reply;
  request.what_case = OREMARK__REQUEST__WHAT_READ_ENTRIES;
  request.read_entries = &get;
  get.log = p->log;
  get.first = p->proof.index;
  get.count = 1;
  if (om_ask(session, &reply, &request, OREMARK__REPLY__WHAT_ENTRIES, st)) return st->code;
  bool one = reply->entries->n_entries == 1 && reply->entries->entries[0].len <= OM_TLOG_ENTRY_MAX_BYTES;
  if (one) {
    ProtobufCBinaryData entry = reply->entries->entries[0];
    p->proof.entry = (struct om_span){om_arena_copy(session->arena, entry.data, entry.len), entry.len};
  }
  oremark__reply__free_unpacked(reply, NULL);
  return one ? OM_OK : om_fail(st, OM_IO, NULL, "the daemon gave another number of entries than was asked for");
}

static enum om_code take_path(struct om_session *session, struct proving *p, struct om_status *st) {
  Oremark__ProveInclusion get = OREMARK__PROVE_INCLUSION__INIT;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__Reply *reply;
  request.what_case = OREMARK__REQUEST__WHAT_PROVE_INCLUSION;
  request.prove_inclusion = &get;
  get.log = p->log;
  get.index = p->proof.index;
  get.size = p->head.size;
  if (om_ask(session, &reply, &request, OREMARK__REPLY__WHAT_INCLUSION, st)) return st->code;
  ProtobufCBinaryData hashes = reply->inclusion->hashes;
  bool fits = hashes.len % OM_HASH_BYTES == 0 && hashes.len <= sizeof p->proof.path.hashes;
  if (fits) {
    p->proof.path.n = hashes.len / OM_HASH_BYTES;
    if (hashes.len > 0) memcpy(p->proof.path.hashes, hashes.data, hashes.len);
  }
  oremark__reply__free_unpacked(reply, NULL);
  return fits ? OM_OK : om_fail(st, OM_IO, NULL, "the daemon gave a proof of another form than was asked for");
}

/* Nobody is handed what proves nothing. */
static enum om_code check(const struct proving *p, struct om_status *st) {
  struct om_hash leaf;
  om_leaf_hash(&leaf, p->proof.entry.data, p->proof.entry.len);
  if (om_inclusion_ok(&leaf, p->proof.index, p->head.size, &p->proof.path, &p->head.root)) return OM_OK;
  return om_fail(st, OM_CORRUPT, NULL,
                 "entry %" PRIu64
                 " of %s, as the daemon holds it, does not hash to the log's signed checkpoint: its "
                 "store is damaged, and nothing is written",
                 p->proof.index, p->origin);
}

static enum om_code show(struct om_session *session, const struct proving *p, const char *path, struct om_status *st) {
  char origin[OM_SHOW_BYTES];
  if (session->json)
    return om_show_json(
        session->out,
        json_pack("{s:o, s:I, s:I, s:o}", "origin", om_json_text(p->origin), "index", (json_int_t)p->proof.index,
                  "size", (json_int_t)p->head.size, "file", om_json_text(path)),
        st);
  fprintf(session->out, "entry %" PRIu64 " of %s, in its checkpoint of %" PRIu64 " entries: %s\n", p->proof.index,
          om_show_text(origin, p->origin), p->head.size, path);
  return OM_OK;
}

static enum om_code run(struct om_session *session, struct om_status *st) {
  struct proving *p = om_arena_alloc(session->arena, sizeof *p);
  const struct om_given *out;
  char *text;
  if (om_args_need(session->args, &out, "out", st) || find_entry(session, p, st) || find_log(session, p, st) ||
      take_head(session, p, st) || take_entry(session, p, st) || take_path(session, p, st) || check(p, st))
    return st->code;
  size_t len = om_tlog_proof_format(&text, session->arena, &p->proof);
  if (om_file_write(out->value, text, len, true, st) != OM_OK) return st->code;
  return show(session, p, out->value, st);
}

const struct om_command om_command_proof = {
    .name = "proof",
    .words = "LOG INDEX | LOT",
    .summary = "Write a proof that an entry stands in the cosigned log (C2SP tlog-proof).",
    .help =
        "Of an entry by its log's origin and its number, of a lot's last entry, or of a statement's. The file holds "
        "the "
        "entry itself\n(as \"extra\"), the path to the root, and the checkpoint with its cosignatures: who has the "
        "keys "
        "needs nothing else to check it.\nExit status 5: it is not final yet.\nExamples:\n  oremark proof "
        "registry.example/log 17 -o entry-17.tlog-proof\n  oremark proof DRUM-17 -o drum-17.tlog-proof\n  oremark "
        "proof "
        "--statement 2-1795000000000-5f0c... -o statement.tlog-proof\n",
    .options = options,
    .groups = OM_OPTS_DAEMON,
    .run = run,
};
