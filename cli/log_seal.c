/* log seal, log make-seal, log lift-seal: the governors call the witnesses of a log to seal it, each witness's operator
 * has its own daemon do it, and the governors may take the call back. */
#include <inttypes.h>
#include <string.h>

#include "cli/act.h"
#include "cli/file.h"
#include "cli/governors.h"
#include "cli/material.h"
#include "cli/seal_file.h"
#include "cli/show.h"
#include "cli/views.h"

/* ---- the call ---- */

static const struct om_option seal_options[] = {
    {"reason", "TEXT", "why, at most 256 bytes"},
    {NULL, NULL, NULL},
};

static enum om_code build_seal(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                               struct om_status *st) {
  Oremark__SealLog *seal = om_arena_alloc(session->arena, sizeof *seal);
  const struct om_given *reason;
  oremark__seal_log__init(seal);
  if (om_args_words(args, 1, 1, st) || om_args_need(args, &reason, "reason", st) ||
      om_log_named(session, &seal->log, &args->words[0], st))
    return st->code;
  if (!om_args_has(args, "out"))
    return om_fail(st, OM_USAGE, NULL,
                   "log seal: the call stands in no log: write it to a file with --out, for the "
                   "operators of the witnesses");
  seal->reason = om_copy_text(session->arena, reason->value);
  event->kind_case = OREMARK__EVENT__KIND_SEAL_LOG;
  event->seal_log = seal;
  return OM_OK;
}

const struct om_command om_command_log_seal = {
    .name = "log seal",
    .words = "LOG",
    .summary = "Call the witnesses of a log to cosign no more of it, so that it can be ended (of the governors).",
    .help =
        "Signed by one governor; where more must sign, each adds a signature with 'oremark governance sign'. Then every operator "
        "of\n"
        "a witness has its daemon seal the log by 'oremark log make-seal', and gives its seal to the governors.\n"
        "Example:\n  oremark log seal andes.example/log --reason \"its operator is gone\" --out andes.call\n",
    .options = seal_options,
    .groups = OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = om_act_run,
    .build = build_seal,
};

/* ---- a witness's seal ---- */

static const struct om_option make_options[] = {
    {"out", "FILE", "where the seal goes; never overwritten"},
    {NULL, NULL, NULL},
};

static enum om_code ask_seal(struct om_session *session, Oremark__Reply **out, const struct om_signed *call,
                             struct om_status *st) {
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__MakeSeal make = OREMARK__MAKE_SEAL__INIT;
  om_signed_pack(call, &make.statement.data, &make.statement.len);
  request.what_case = OREMARK__REQUEST__WHAT_SEAL;
  request.seal = &make;
  return om_ask(session, out, &request, OREMARK__REPLY__WHAT_SEAL, st);
}

static enum om_code show_seal(struct om_session *session, const Oremark__SealMade *made, const char *path,
                              struct om_status *st) {
  struct om_checkpoint head;
  char hex[2 * OM_HASH_BYTES + 1];
  Oremark__Seal *seal = oremark__seal__unpack(om_arena_protobuf(session->arena), made->seal.len, made->seal.data);
  if (!seal) return om_fail(st, OM_IO, NULL, "the daemon gave no seal: are daemon and command of one version?");
  if (om_seal_head(&head, seal, st)) return st->code;
  om_hex(hex, head.root.bytes, OM_HASH_BYTES);
  if (session->json)
    return om_show_json(
        session->out,
        json_pack("{s:s, s:b, s:I, s:I, s:I, s:s, s:I, s:I, s:o}", "file", path, "again", made->again, "witness",
                  (json_int_t)seal->witness, "log", (json_int_t)seal->log, "size", (json_int_t)head.size, "root", hex,
                  "registry_index", (json_int_t)seal->registry_index, "settled_index", (json_int_t)seal->settled_index,
                  "call", om_json_hex(seal->call.data, seal->call.len)),
        st);
  fprintf(session->out, "log %u is sealed%s: this daemon cosigns no more of it\n", seal->log,
          made->again ? ", as it was before" : "");
  if (seal->head.len)
    fprintf(session->out, "highest head known here: %" PRIu64 " entries, root %.16s\n", head.size, hex);
  else
    fprintf(session->out, "no head of it is known here\n");
  fprintf(session->out, "the seal is in %s: give it to the governors\n", path);
  return OM_OK;
}

static enum om_code run_make(struct om_session *session, struct om_status *st) {
  struct om_signed call;
  struct om_hash network;
  const struct om_given *out;
  Oremark__Reply *reply;
  if (om_args_words(session->args, 1, 1, st) || om_args_need(session->args, &out, "out", st)) return st->code;
  const char *path = session->args->words[0].value;
  if (om_signed_read(&call, session->arena, path, st) || om_session_network(session, &network, st)) return st->code;
  if (!om_hash_equal(&network, &call.network))
    return om_fail(st, OM_USAGE, NULL, "%s is for another network than the one that the daemon serves", path);
  if (ask_seal(session, &reply, &call, st)) return st->code;
  enum om_code code = om_file_write(out->value, reply->seal->seal.data, reply->seal->seal.len, false, st);
  if (code == OM_OK) code = show_seal(session, reply->seal, out->value, st);
  oremark__reply__free_unpacked(reply, NULL);
  return code;
}

const struct om_command om_command_log_make_seal = {
    .name = "log make-seal",
    .words = "CALL",
    .summary = "Have your own daemon seal a log at the governors' call: from then on it cosigns no more of it.",
    .help =
        "CALL is the file that 'oremark log seal' made and the governors have signed. The promise is kept through "
        "every\n"
        "restart; only the governors can lift it. The same call again gives the same seal.\n"
        "Example:\n  oremark log make-seal andes.call --out andes-by-kokkola.seal\n",
    .options = make_options,
    .groups = OM_OPTS_DAEMON,
    .run = run_make,
};

/* ---- lifting ---- */

static const struct om_option lift_options[] = {
    {"reason", "TEXT", "why, at most 256 bytes"},
    {NULL, NULL, NULL},
};

/* The call, or a seal made at it: either names log and call. */
static enum om_code read_call(struct om_session *session, Oremark__LiftSeal *lift, const char *path,
                              struct om_status *st) {
  struct om_signed *call = om_arena_alloc(session->arena, sizeof *call);
  Oremark__Seal *seal;
  if (om_signed_read(call, session->arena, path, st) == OM_OK) {
    const Oremark__Event *event = call->statement->events[0];
    if (event->kind_case != OREMARK__EVENT__KIND_SEAL_LOG)
      return om_fail(st, OM_USAGE, NULL, "%s is no call to seal a log", path);
    lift->log = event->seal_log->log;
    lift->call = (ProtobufCBinaryData){sizeof call->id.bytes, call->id.bytes};
    return OM_OK;
  }
  if (st->code == OM_IO || om_seal_read(session->arena, &seal, path, st)) return st->code;
  lift->log = seal->log;
  lift->call = seal->call;
  om_status_clear(st);
  return OM_OK;
}

static enum om_code build_lift(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                               struct om_status *st) {
  Oremark__LiftSeal *lift = om_arena_alloc(session->arena, sizeof *lift);
  const struct om_given *reason;
  oremark__lift_seal__init(lift);
  if (om_args_words(args, 1, 1, st) || om_args_need(args, &reason, "reason", st) ||
      read_call(session, lift, args->words[0].value, st) || om_governors_suffice(session, st))
    return st->code;
  lift->reason = om_copy_text(session->arena, reason->value);
  event->kind_case = OREMARK__EVENT__KIND_LIFT_SEAL;
  event->lift_seal = lift;
  return OM_OK;
}

const struct om_command om_command_log_lift_seal = {
    .name = "log lift-seal",
    .words = "CALL",
    .summary = "Let the witnesses of a log that was sealed cosign it again (act of the governors).",
    .help = OM_GOVERNORS_ACT
    "CALL is the file of the call, or of any seal made at it; the seals made at it count no more.\n"
    "Example:\n  oremark log lift-seal andes.call --reason \"its operator is back\"\n",
    .options = lift_options,
    .groups = OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = om_act_run,
    .build = build_lift,
};
