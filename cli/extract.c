#include "cli/act.h"
#include "cli/material.h"

static const struct om_option options[] = {
    {"site", "SITE", "the mine: number or name of one of your own sites"},
    {"method", "TEXT", "mining method: open pit, block caving, artisanal"},
    {NULL, NULL, NULL},
};

static enum om_code build(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                          struct om_status *st) {
  Oremark__Extract *extract = om_arena_alloc(session->arena, sizeof *extract);
  oremark__extract__init(extract);
  if (om_args_words(args, 0, 0, st) || om_session_own_site(session, &extract->site, args, "site", st) ||
      om_materials_read(session->arena, &extract->lots, &extract->n_lots, args, st))
    return st->code;
  extract->method = om_copy_text(session->arena, om_args_value(args, "method"));
  event->kind_case = OREMARK__EVENT__KIND_EXTRACT;
  event->extract = extract;
  return OM_OK;
}

const struct om_command om_command_extract = {
    .name = "extract",
    .summary = "Record new lots from a mine site.",
    .help =
        "Examples:\n"
        "  oremark extract --site Toquepala --lot \"copper ore\" --form ore --gross \"20 kt\" --moisture 3.5% --metal "
        "Cu@0.71%\n"
        "  oremark extract --site 1 --lot \"copper concentrate\" --form concentrate --gross \"20 t\" --moisture 8.5% "
        "\\\n"
        "    --metal Cu=5.206t@28.45% --metal Mo=2.1kg --alias DRUM-17\n",
    .options = options,
    .groups = OM_OPTS_MATERIAL | OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = om_act_run,
    .build = build,
};
