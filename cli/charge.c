#include "cli/act.h"
#include "cli/material.h"
#include "cli/words.h"

static const struct om_option options[] = {
    {"site", "SITE", "where the pool is: number or name of one of your own sites"},
    {"pool", "LOT", "the pool they go into (default: a new one)"},
    {"name", "TEXT", "a new pool's name: \"tankhouse 2\""},
    {"process", "PROCESS", "a new pool's process: smelt, electrowin, leach, ..."},
    {NULL, NULL, NULL},
};

static enum om_code build(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                          struct om_status *st) {
  Oremark__Charge *charge = om_arena_alloc(session->arena, sizeof *charge);
  oremark__charge__init(charge);
  const struct om_given *pool = om_args_find(args, "pool"), *process = om_args_find(args, "process");
  int value = 0;
  if (om_session_own_site(session, &charge->site, args, "site", st) ||
      om_session_lots(session, &charge->inputs, &charge->n_inputs, NULL, args, 1, st) ||
      (process && om_given_word(process, &value, &oremark__process__descriptor, st)))
    return st->code;
  if (pool) {
    struct om_found_lot found;
    if (om_session_lot(session, &found, pool->value, st)) return om_given_wrap(pool, st);
    charge->pool = om_lot_ref(session->arena, &found);
  } else if (!process) {
    return om_fail(st, OM_USAGE, NULL, "charge: name the pool with --pool, or begin one with --name and --process");
  }
  charge->process = (Oremark__Process)value;
  charge->name = om_copy_text(session->arena, om_args_value(args, "name"));
  event->kind_case = OREMARK__EVENT__KIND_CHARGE;
  event->charge = charge;
  return OM_OK;
}

const struct om_command om_command_charge = {
    .name = "charge",
    .words = "LOT...",
    .summary = "Put whole lots into a pool (a continuous plant's running balance), or begin one.",
    .help =
        "Examples:\n"
        "  oremark charge ANODE-1 ANODE-2 --site Ilo --name \"tankhouse 2\" --process electrowin\n"
        "  oremark charge ANODE-3 --site Ilo --pool OM-...\n",
    .options = options,
    .groups = OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = om_act_run,
    .build = build,
};
