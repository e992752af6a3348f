#include "cli/act.h"
#include "cli/material.h"

static const struct om_option options[] = {
    {"site", "SITE", "where the stock lies: number or name of one of your own sites"},
    {"reason", "TEXT", "why there is no history: \"bought before the network began\""},
    {NULL, NULL, NULL},
};

static enum om_code build(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                          struct om_status *st) {
  Oremark__Declare *declare = om_arena_alloc(session->arena, sizeof *declare);
  oremark__declare__init(declare);
  if (om_args_words(args, 0, 0, st) || om_session_own_site(session, &declare->site, args, "site", st) ||
      om_materials_read(session->arena, &declare->lots, &declare->n_lots, args, st))
    return st->code;
  declare->reason = om_copy_text(session->arena, om_args_value(args, "reason"));
  event->kind_case = OREMARK__EVENT__KIND_DECLARE;
  event->declare = declare;
  return OM_OK;
}

const struct om_command om_command_declare = {
    .name = "declare",
    .summary = "Record stock that has no history; its origin stays undeclared, visibly.",
    .help =
        "Example:\n"
        "  oremark declare --site Kokkola --reason \"stock of 2019\" --lot \"nickel sulphide\" --form precipitate \\\n"
        "    --gross \"4.2 t\" --metal Ni=2.3t\n",
    .options = options,
    .groups = OM_OPTS_MATERIAL | OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = om_act_run,
    .build = build,
};
