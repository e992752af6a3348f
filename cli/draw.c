#include "cli/act.h"
#include "cli/material.h"

static const struct om_option options[] = {
    {"loss", "LOSS", "what was lost since the last draw: slag:Cu=120kg; may be repeated"},
    {"energy", "WH", "energy used since the last draw, watt-hours"},
    {"co2e", "G", "greenhouse gases since the last draw, grams of CO2 equivalent"},
    {NULL, NULL, NULL},
};

static enum om_code build(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                          struct om_status *st) {
  Oremark__Draw *draw = om_arena_alloc(session->arena, sizeof *draw);
  oremark__draw__init(draw);
  const struct om_given *energy = om_args_find(args, "energy"), *co2e = om_args_find(args, "co2e");
  struct om_found_lot pool;
  if (om_args_words(args, 1, 1, st)) return st->code;
  if (om_session_lot(session, &pool, args->words[0].value, st)) return om_given_wrap(&args->words[0], st);
  draw->pool = om_lot_ref(session->arena, &pool);
  if (om_materials_read(session->arena, &draw->outputs, &draw->n_outputs, args, st) ||
      om_losses_read(session->arena, &draw->losses, &draw->n_losses, args, st) ||
      (energy && om_given_u64(energy, &draw->energy_wh, INT64_MAX, st)) ||
      (co2e && om_given_u64(co2e, &draw->co2e_g, INT64_MAX, st)))
    return st->code;
  event->kind_case = OREMARK__EVENT__KIND_DRAW;
  event->draw = draw;
  return OM_OK;
}

const struct om_command om_command_draw = {
    .name = "draw",
    .words = "POOL",
    .summary = "Take new lots out of a pool, at the mix of that moment.",
    .help =
        "Example:\n"
        "  oremark draw OM-... --lot \"copper cathode\" --form cathode --gross \"25 t\" --metal Cu=24.9975t@99.99% "
        "--alias W-1\n",
    .options = options,
    .groups = OM_OPTS_MATERIAL | OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = om_act_run,
    .build = build,
};
