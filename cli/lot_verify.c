#include <inttypes.h>
#include <unistd.h>

#include "cli/clock.h"
#include "cli/moment.h"
#include "cli/session.h"
#include "cli/show.h"
#include "cli/verdict.h"

static const struct om_option options[] = {
    {"deep", NULL, "also check every signature again"},
    OM_MOMENT_OPTION,
    {NULL, NULL, NULL},
};

static void progress(struct om_session *session, const Oremark__Progress *p) {
  char text[OM_SHOW_BYTES];
  if (!isatty(fileno(session->err))) return;
  fprintf(session->err, "\r\033[K%s: %" PRIu64, om_show_text(text, p->step), p->done);
  if (p->total) fprintf(session->err, " of %" PRIu64, p->total);
  fflush(session->err);
}

static enum om_code run(struct om_session *session, struct om_status *st) {
  uint8_t number[OM_LOT_NUMBER_BYTES];
  Oremark__VerifyLot verify = OREMARK__VERIFY_LOT__INIT;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  request.what_case = OREMARK__REQUEST__WHAT_VERIFY_LOT;
  request.verify_lot = &verify;
  verify.number = (ProtobufCBinaryData){sizeof number, number};
  verify.deep = om_args_has(session->args, "deep");
  Oremark__Reply *reply;
  int64_t began = om_tick_ms();
  bool said = false;
  if (om_args_words(session->args, 1, 1, st) || om_moment_read(session, &verify.as_of, st) ||
      om_session_number(session, number, session->args->words[0].value, st) ||
      om_session_call(session, &reply, &request, st))
    return st->code;
  while (reply->what_case == OREMARK__REPLY__WHAT_PROGRESS) {
    progress(session, reply->progress);
    said = true;
    if (om_client_next(session->client, &reply, st)) return st->code;
  }
  if (said && isatty(fileno(session->err))) fprintf(session->err, "\r\033[K");
  enum om_code code = OM_OK;
  if (reply->what_case != OREMARK__REPLY__WHAT_VERDICT)
    code = om_fail(st, OM_IO, NULL, "the daemon gave no verdict: are daemon and command of one version?");
  else if (session->json)
    code = om_show_json(session->out, om_verdict_json(reply->verdict), st);
  else
    om_verdict_show(session->out, reply->verdict, om_tick_ms() - began);
  if (code == OM_OK) code = om_verdict_conclude(reply->verdict, st);
  oremark__reply__free_unpacked(reply, NULL);
  return code;
}

const struct om_command om_command_lot_verify = {
    .name = "lot verify",
    .words = "LOT",
    .summary = "Check a lot and all it came from: every stored byte against the signed heads, every rule again.",
    .help =
        "Exit status: 0 verified, 1 failed, 5 undecided as something is not final yet or\nnot known, or a log is "
        "frozen.\n" OM_MOMENT_HELP
        "Examples:\n  oremark lot verify DRUM-17 --deep\n  oremark lot verify DRUM-17 --at 41\n",
    .options = options,
    .groups = OM_OPTS_DAEMON,
    .run = run,
};
