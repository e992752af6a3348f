/* clear: end a concern. */
#include "cli/act.h"
#include "cli/attested.h"
#include "cli/governors.h"
#include "cli/material.h"

static const struct om_option options[] = {
    {"reason", "TEXT", "how it was answered, at most 1,024 bytes"},
    {"as-governors", NULL, "overrule it: an act of the governors, for the daemon that holds the registry log"},
    {NULL, NULL, NULL},
};

static void as_governors(struct om_session *session, Oremark__Event *event, Oremark__EventRef *flag, char *reason) {
  Oremark__Overrule *overrule = om_arena_alloc(session->arena, sizeof *overrule);
  oremark__overrule__init(overrule);
  overrule->flag = flag;
  overrule->reason = reason;
  event->kind_case = OREMARK__EVENT__KIND_OVERRULE;
  event->overrule = overrule;
}

static void as_author(struct om_session *session, Oremark__Event *event, Oremark__EventRef *flag, char *reason) {
  Oremark__Clear *clear = om_arena_alloc(session->arena, sizeof *clear);
  oremark__clear__init(clear);
  clear->flag = flag;
  clear->reason = reason;
  event->kind_case = OREMARK__EVENT__KIND_CLEAR;
  event->clear = clear;
}

static enum om_code build(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                          struct om_status *st) {
  Oremark__EventRef *flag;
  const struct om_given *reason;
  if (om_args_words(args, 1, 1, st) || om_args_need(args, &reason, "reason", st) ||
      om_event_ref_read(session, &flag, args->words[0].value, st))
    return st->code;
  char *text = om_copy_text(session->arena, reason->value);
  if (!om_args_has(args, "as-governors")) return as_author(session, event, flag, text), OM_OK;
  as_governors(session, event, flag, text);
  return om_governors_suffice(session, st);
}

const struct om_command om_command_clear = {
    .name = "clear",
    .words = "NAME",
    .summary = "End a concern that you have raised; the governors can end any.",
    .help =
        "NAME is the flag's, as 'oremark lot show' and 'oremark attestations' print it.\nExample:\n  oremark clear "
        "4-1795429021000-5f0c.../0 --reason \"visited; the tags were misread\"\n"
        "The governors overrule a flag by their threshold, each with a signature in the same file:\n"
        "  oremark governance propose clear 4-1795429021000-5f0c.../0 --as-governors --reason \"the permit is "
        "good\" --out overrule.statement\n",
    .options = options,
    .groups = OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = om_act_run,
    .build = build,
};
