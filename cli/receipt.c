/* What came of a statement that a daemon took in. */
#include <inttypes.h>

#include "cli/final.h"
#include "cli/show.h"

static const struct om_option options[] = {
    OM_WAIT_FINAL_OPTION,
    {NULL, NULL, NULL},
};

static enum om_code show_json(struct om_session *session, const Oremark__Finality *finality, struct om_status *st) {
  bool stands = *finality->origin != '\0';
  json_t *json = json_pack("{s:o, s:o, s:o, s:o, s:o}", "state", om_json_text(finality->state), "origin",
                           om_json_text(finality->origin), "index",
                           stands ? json_integer((json_int_t)finality->index) : json_null(), "rule",
                           om_json_text(finality->rule), "why", om_json_text(finality->text));
  om_final_json(json, finality);
  return om_show_json(session->out, json, st);
}

static void show(FILE *out, const Oremark__Finality *finality) {
  char origin[OM_SHOW_BYTES];
  if (*finality->origin)
    fprintf(out, "recorded in %s as entry %" PRIu64 "\n", om_show_text(origin, finality->origin), finality->index);
  if (om_final_is(finality, "final")) om_final_show(out, finality, true);
  if (om_final_is(finality, "pending")) fprintf(out, "pending: not final yet\n");
}

/* What the state means for the exit status. */
static enum om_code judge(const Oremark__Finality *finality, struct om_status *st) {
  if (om_final_is(finality, "refused")) return om_final_refused(finality, st);
  if (om_final_is(finality, "queued"))
    return om_fail(st, OM_WAIT, OM_RULE_QUEUED,
                   "it is queued: 'oremark status' says whom the daemon waits for; nothing needs to be done again");
  if (om_final_is(finality, "unknown"))
    return om_fail(st, OM_MISSING, NULL,
                   "this daemon knows no such statement: ask the daemon that it was handed to, or hand it in again");
  return OM_OK;
}

static enum om_code run(struct om_session *session, struct om_status *st) {
  struct om_recorded recorded;
  const Oremark__Finality *finality = NULL;
  int64_t final_ms;
  if (om_args_words(session->args, 1, 1, st) || om_final_option(&final_ms, session->args, st) ||
      om_recorded_parse(&recorded, session->args->words[0].value, st))
    return st->code;
  enum om_code code = final_ms > 0 ? om_final_wait(session, &finality, session->arena, &recorded, final_ms, st)
                                   : om_final_ask(session, &finality, session->arena, &recorded, 0, st);
  if (!finality) return code;
  struct om_status shown;
  if (session->json && show_json(session, finality, &shown)) return *st = shown, st->code;
  if (!session->json) show(session->out, finality);
  return code == OM_OK ? judge(finality, st) : code;
}

const struct om_command om_command_receipt = {
    .name = "receipt",
    .words = "STATEMENT",
    .summary = "What came of a statement that was queued or recorded.",
    .help =
        "STATEMENT is MEMBER-TIME-ID, as the command that handed it in has printed it. Exit status 5: it is queued "
        "still, or not\nknown here; 4: it was refused, and why.\nExample:\n  oremark receipt 2-1795000000000-5f0c... "
        "--wait-final\n",
    .options = options,
    .groups = OM_OPTS_DAEMON,
    .run = run,
};
