#include "cli/act.h"
#include "cli/material.h"

static const struct om_option options[] = {
    {"gross", "MASS", "gross mass as measured"},
    {"metal", "METAL", "contained metal as measured: Cu=412.6t; once for each metal of the pool"},
    {"method", "TEXT", "how it was measured"},
    {NULL, NULL, NULL},
};

static enum om_code build(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                          struct om_status *st) {
  Oremark__Stocktake *stocktake = om_arena_alloc(session->arena, sizeof *stocktake);
  oremark__stocktake__init(stocktake);
  const struct om_given *gross;
  struct om_found_lot pool;
  if (om_args_words(args, 1, 1, st)) return st->code;
  if (om_session_lot(session, &pool, args->words[0].value, st)) return om_given_wrap(&args->words[0], st);
  stocktake->pool = om_lot_ref(session->arena, &pool);
  if (om_args_need(args, &gross, "gross", st) || om_given_mass(gross, &stocktake->gross_mg, st) ||
      om_measured_read(session->arena, &stocktake->metals, &stocktake->n_metals, args, 0, args->n, st))
    return st->code;
  stocktake->method = om_copy_text(session->arena, om_args_value(args, "method"));
  event->kind_case = OREMARK__EVENT__KIND_STOCKTAKE;
  event->stocktake = stocktake;
  return OM_OK;
}

const struct om_command om_command_stocktake = {
    .name = "stocktake",
    .words = "POOL",
    .summary = "Record what a pool was measured to hold.",
    .help =
        "Example:\n  oremark stocktake OM-... --gross \"415 t\" --metal Cu=412.6t --method \"draining and weighing\"\n",
    .options = options,
    .groups = OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = om_act_run,
    .build = build,
};
