#include "cli/act.h"
#include "cli/material.h"
#include "cli/words.h"

static const struct om_option options[] = {
    {"site", "SITE", "where it is done: number or name of one of your own sites"},
    {"process", "PROCESS",
     "concentrate, roast, smelt, convert, refine, leach, bioleach, electrowin, precipitate, alloy, cast, "
     "manufacture, dismantle, shred"},
    {"loss", "LOSS",
     "what was lost: slag:Cu=120kg,Au=3g; kinds: tailings, slag, dust, effluent, residue, other; may be repeated"},
    {"energy", "WH", "energy used, watt-hours"},
    {"co2e", "G", "greenhouse gases, grams of CO2 equivalent"},
    {NULL, NULL, NULL},
};

static enum om_code build(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                          struct om_status *st) {
  Oremark__Transform *transform = om_arena_alloc(session->arena, sizeof *transform);
  oremark__transform__init(transform);
  const struct om_given *process, *energy = om_args_find(args, "energy"), *co2e = om_args_find(args, "co2e");
  int value;
  if (om_session_own_site(session, &transform->site, args, "site", st) || om_args_need(args, &process, "process", st) ||
      om_given_word(process, &value, &oremark__process__descriptor, st) ||
      om_session_lots(session, &transform->inputs, &transform->n_inputs, NULL, args, 1, st) ||
      om_materials_read(session->arena, &transform->outputs, &transform->n_outputs, args, st) ||
      om_losses_read(session->arena, &transform->losses, &transform->n_losses, args, st) ||
      (energy && om_given_u64(energy, &transform->energy_wh, INT64_MAX, st)) ||
      (co2e && om_given_u64(co2e, &transform->co2e_g, INT64_MAX, st)))
    return st->code;
  transform->process = (Oremark__Process)value;
  event->kind_case = OREMARK__EVENT__KIND_TRANSFORM;
  event->transform = transform;
  return OM_OK;
}

const struct om_command om_command_transform = {
    .name = "transform",
    .words = "LOT...",
    .summary = "Turn whole lots into new lots.",
    .help =
        "Example:\n"
        "  oremark transform DRUM-17 DRUM-18 --site Ilo --process smelt --lot \"copper anodes\" --form anode \\\n"
        "    --gross \"10.3 t\" --metal Cu=10.25t@99.5% --loss slag:Cu=160kg --energy 41200000\n",
    .options = options,
    .groups = OM_OPTS_MATERIAL | OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = om_act_run,
    .build = build,
};
