/* `oremark bundle`: a lot's whole history as a file that needs no daemon. */
#include <inttypes.h>
#include <string.h>

#include "cli/file.h"
#include "cli/meter.h"
#include "cli/seen.h"
#include "cli/session.h"
#include "cli/show.h"

static const struct om_option options[] = {
    {"out", "FILE", "where to write it; it must not exist yet"},
    {"with-documents", NULL, "with the documents that its records name, as far as the daemon holds them"},
    {NULL, NULL, NULL},
};

/* Takes the parts as they come; *REPLY is the last one then, or NULL. */
static enum om_code take_parts(struct om_session *session, Oremark__Reply **reply, struct om_new_file *file,
                               struct om_status *st) {
  struct om_meter meter;
  uint64_t bytes = 0;
  enum om_code code = OM_OK;
  om_meter_begin(&meter, session->err, "bytes", 0, session->json);
  while (code == OM_OK && (*reply)->more) {
    if ((*reply)->what_case == OREMARK__REPLY__WHAT_BUNDLE_PART) {
      ProtobufCBinaryData part = (*reply)->bundle_part->part;
      code = om_new_file_write(file, part.data, part.len, st);
      om_meter_step(&meter, bytes += part.len, 0);
    }
    if (code == OM_OK) code = om_client_next(session->client, reply, st);
  }
  om_meter_clear(&meter);
  if (code == OM_OK &&
      ((*reply)->what_case != OREMARK__REPLY__WHAT_BUNDLE_WRITTEN || (*reply)->bundle_written->bytes != bytes))
    code = om_fail(st, OM_IO, NULL, "the daemon sent no whole bundle: are daemon and command of one version?");
  return code;
}

static enum om_code tell(struct om_session *session, const Oremark__BundleWritten *w, const char *path,
                         struct om_status *st) {
  struct om_checkpoint registry = {.size = w->registry_size};
  char head[OM_HEAD_TEXT_BYTES], with[48] = "";
  if (w->registry_root.len == OM_HASH_BYTES) memcpy(registry.root.bytes, w->registry_root.data, OM_HASH_BYTES);
  om_head_text(head, &registry);
  if (session->json)
    return om_show_json(
        session->out,
        json_pack("{s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:o}", "file", om_json_text(path), "bytes",
                  (json_int_t)w->bytes, "records", (json_int_t)w->records, "entries", (json_int_t)w->entries, "logs",
                  (json_int_t)w->logs, "documents", (json_int_t)w->documents, "statement_bytes",
                  (json_int_t)w->statement_bytes, "registry_head", head, "registry_time",
                  om_json_time((int64_t)w->registry_s * 1000, 0)),
        st);
  if (om_args_has(session->args, "with-documents"))
    snprintf(with, sizeof with, " with %" PRIu64 " document%s", w->documents, w->documents == 1 ? "" : "s");
  fprintf(session->out,
          "%s: %" PRIu64 " record%s in %" PRIu64 " entries of %" PRIu64 " log%s, %" PRIu64
          " bytes%s\n"
          "registry head %s\n"
          "anybody with the genesis file checks it by: oremark verify %s --network GENESIS\n",
          path, w->records, w->records == 1 ? "" : "s", w->entries, w->logs, w->logs == 1 ? "" : "s", w->bytes, with,
          head, path);
  return OM_OK;
}

static enum om_code run(struct om_session *session, struct om_status *st) {
  uint8_t number[OM_LOT_NUMBER_BYTES];
  const struct om_given *out;
  Oremark__WriteBundle write = OREMARK__WRITE_BUNDLE__INIT;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  struct om_new_file file;
  Oremark__Reply *reply;
  if (om_args_words(session->args, 1, 1, st) || om_args_need(session->args, &out, "out", st) ||
      om_session_number(session, number, session->args->words[0].value, st) ||
      om_new_file_begin(&file, out->value, false, st))
    return st->code;
  request.what_case = OREMARK__REQUEST__WHAT_WRITE_BUNDLE;
  request.write_bundle = &write;
  write.number = (ProtobufCBinaryData){sizeof number, number};
  write.documents = om_args_has(session->args, "with-documents");
  enum om_code code = om_session_call(session, &reply, &request, st);
  if (code == OM_OK) {
    code = take_parts(session, &reply, &file, st);
    if (code == OM_OK) code = om_new_file_end(&file, st);
    if (code == OM_OK) code = tell(session, reply->bundle_written, out->value, st);
    if (reply) oremark__reply__free_unpacked(reply, NULL);
  }
  om_new_file_drop(&file);
  return code;
}

const struct om_command om_command_bundle = {
    .name = "bundle",
    .words = "LOT",
    .summary = "Write a lot's whole history to a file that anybody can check without a daemon.",
    .help =
        "All records that the lot came from, what was attested of them, the registry, and the\nproofs that all of "
        "it stands in logs that a quorum has signed. 'oremark verify' checks it.\nExit status: 5 where something "
        "is not final yet.\nExample:\n  oremark bundle DRUM-17 -o drum-17.bundle\n",
    .options = options,
    .groups = OM_OPTS_DAEMON,
    .run = run,
};
