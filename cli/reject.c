#include "cli/act.h"
#include "cli/material.h"

static const struct om_option options[] = {
    {"reason", "TEXT", "why they are refused"},
    {NULL, NULL, NULL},
};

static enum om_code build(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                          struct om_status *st) {
  Oremark__Reject *reject = om_arena_alloc(session->arena, sizeof *reject);
  oremark__reject__init(reject);
  const struct om_given *reason;
  if (om_session_lots(session, &reject->lots, &reject->n_lots, NULL, args, 1, st) ||
      om_args_need(args, &reason, "reason", st))
    return st->code;
  reject->reason = om_copy_text(session->arena, reason->value);
  event->kind_case = OREMARK__EVENT__KIND_REJECT;
  event->reject = reject;
  return OM_OK;
}

const struct om_command om_command_reject = {
    .name = "reject",
    .words = "LOT...",
    .summary = "Refuse lots that were shipped to you: they go back to the consignor.",
    .help = "Example:\n  oremark reject DRUM-17 --reason \"seal H0012345 broken\"\n",
    .options = options,
    .groups = OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = om_act_run,
    .build = build,
};
