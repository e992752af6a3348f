#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/file.h"
#include "cli/session.h"
#include "cli/show.h"
#include "ledger/evidence.h"

static const struct om_option options[] = {
    {"out", "DIR", "also write each piece to a file in DIR, for 'oremark verify-evidence'"},
    {NULL, NULL, NULL},
};

/* Named by what is in it: the same piece is the same file. */
static enum om_code write_piece(char *path, size_t size, const char *dir, const Oremark__EvidenceFile *file,
                                struct om_status *st) {
  struct om_hash id;
  char hex[17];
  om_sha256(&id, file->evidence.data, file->evidence.len);
  om_hex(hex, id.bytes, 8);
  if (mkdir(dir, 0755) && errno != EEXIST)
    return om_fail(st, OM_IO, NULL, "can't make the folder %s: %s", dir, strerror(errno));
  if ((size_t)snprintf(path, size, "%s/%s.evidence", dir, hex) >= size)
    return om_fail(st, OM_USAGE, NULL, "the name of the folder is too long");
  return om_file_write(path, file->evidence.data, file->evidence.len, true, st);
}

static enum om_code take_piece(struct om_session *session, json_t *pieces, const Oremark__EvidenceFile *file,
                               struct om_status *st) {
  char path[4096] = "", origin[OM_SHOW_BYTES], why[OM_SHOW_BYTES];
  const char *dir = om_args_value(session->args, "out");
  if (dir && write_piece(path, sizeof path, dir, file, st) != OM_OK) return st->code;
  if (!session->json)
    fprintf(session->out, "%s: %s%s%s\n", om_show_text(origin, file->origin), om_show_text(why, file->why),
            dir ? ": " : "", path);
  json_array_append_new(
      pieces, json_pack("{s:o, s:o, s:b, s:o}", "origin", om_json_text(file->origin), "why", om_json_text(file->why),
                        "freezes", file->freezes, "file", dir ? om_json_text(path) : json_null()));
  return OM_OK;
}

static enum om_code take_all(struct om_session *session, json_t *pieces, Oremark__Reply **reply, struct om_status *st) {
  for (;;) {
    if ((*reply)->what_case != OREMARK__REPLY__WHAT_EVIDENCE)
      return om_fail(st, OM_IO, NULL, "the daemon gave no list: are daemon and command of one version?");
    for (size_t i = 0; i < (*reply)->evidence->n_files; i++)
      if (take_piece(session, pieces, (*reply)->evidence->files[i], st) != OM_OK) return st->code;
    if (!(*reply)->more) return OM_OK;
    if (om_client_next(session->client, reply, st) != OM_OK) return st->code;
  }
}

static enum om_code run(struct om_session *session, struct om_status *st) {
  Oremark__ListEvidence list = OREMARK__LIST_EVIDENCE__INIT;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  request.what_case = OREMARK__REQUEST__WHAT_LIST_EVIDENCE;
  request.list_evidence = &list;
  Oremark__Reply *reply;
  if (om_args_words(session->args, 0, 0, st) || om_session_call(session, &reply, &request, st)) return st->code;
  json_t *pieces = json_array();
  enum om_code code = take_all(session, pieces, &reply, st);
  if (reply) oremark__reply__free_unpacked(reply, NULL);
  if (code == OM_OK && !session->json && json_array_size(pieces) == 0)
    fprintf(session->out, "no evidence against any log\n");
  if (code == OM_OK && session->json) return om_show_json(session->out, json_pack("{s:o}", "evidence", pieces), st);
  json_decref(pieces);
  return code;
}

const struct om_command om_command_evidence = {
    .name = "evidence",
    .summary = "What the daemon holds as proof against logs that signed two histories or an invalid entry.",
    .help = "Example:\n  oremark evidence --out evidence/\n",
    .options = options,
    .groups = OM_OPTS_DAEMON,
    .run = run,
};
