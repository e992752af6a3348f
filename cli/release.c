#include "cli/act.h"
#include "cli/material.h"

static const struct om_option options[] = {
    {"note", "TEXT", "at most 256 bytes"},
    {NULL, NULL, NULL},
};

static enum om_code build(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                          struct om_status *st) {
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
        "  oremark submit release.statement\n",
    .options = options,
    .groups = OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = om_act_run,
    .build = build,
};
