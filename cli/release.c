#include "cli/act.h"
#include "cli/attested.h"
#include "cli/governors.h"
#include "cli/material.h"

static const struct om_option options[] = {
    {"note", "TEXT", "at most 256 bytes"},
    {"as-governors", NULL,
     "let its custodian release it without the releasers, who can't sign any more: an act of the governors, for the "
     "daemon that holds the registry log"},
    {"reason", "TEXT", "with --as-governors: why, at most 1,024 bytes"},
    {NULL, NULL, NULL},
};

/* The hold that the lot has been under last, with all lots that it names. */
static enum om_code overrule(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                             struct om_status *st) {
  Oremark__Overrule *act = om_arena_alloc(session->arena, sizeof *act);
  const struct om_given *reason;
  uint8_t number[OM_LOT_NUMBER_BYTES];
  oremark__overrule__init(act);
  if (om_args_words(args, 1, 1, st) || om_args_need(args, &reason, "reason", st) ||
      om_session_number(session, number, args->words[0].value, st) ||
      om_event_of_lot(session, &act->hold, number, "hold", st))
    return st->code;
  act->reason = om_copy_text(session->arena, reason->value);
  event->kind_case = OREMARK__EVENT__KIND_OVERRULE;
  event->overrule = act;
  return om_governors_suffice(session, st);
}

static enum om_code build(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                          struct om_status *st) {
  if (om_args_has(args, "as-governors")) return overrule(session, args, event, st);
  if (om_args_has(args, "reason"))
    return om_fail(st, OM_USAGE, NULL,
                   "release: --reason goes with --as-governors; what a custodian remarks is --note");
  Oremark__Release *release = om_arena_alloc(session->arena, sizeof *release);
  oremark__release__init(release);
  if (om_session_lots(session, &release->lots, &release->n_lots, NULL, args, 1, st)) return st->code;
  release->note = om_copy_text(session->arena, om_args_value(args, "note"));
  event->kind_case = OREMARK__EVENT__KIND_RELEASE;
  event->release = release;
  return OM_OK;
}

const struct om_command om_command_release = {
    .name = "release",
    .words = "LOT...",
    .summary = "End a hold, with the signatures of as many of its releasers as it takes.",
    .help =
        "The custodian writes the release to a file, the releasers sign that, and it is submitted.\n"
        "Example:\n"
        "  oremark release CATHODE-1 --note \"decision 12 of 2027\" --out release.statement\n"
        "  oremark sign release.statement --key ministry.key --member Ministry\n"
        "  oremark sign release.statement --key bank.key --member Bank\n"
        "  oremark submit release.statement\n"
        "Where they can't sign any more, the governors let the custodian release it, and all lots of that hold, "
        "alone:\n"
        "  oremark governance propose release CATHODE-1 --as-governors --reason \"the bank was wound up\" --out "
        "overrule.statement\n",
    .options = options,
    .groups = OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = om_act_run,
    .build = build,
};
