#include "cli/act.h"
#include "cli/material.h"
#include "cli/words.h"

static const struct om_option options[] = {
    {"reason", "REASON", "built-in, left-network, disposed"},
    {"product", "TEXT", "what it went into, or who took it"},
    {"country", "CC", "where it went: ISO 3166-1 alpha-2"},
    {NULL, NULL, NULL},
};

static enum om_code build(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                          struct om_status *st) {
  Oremark__Retire *retire = om_arena_alloc(session->arena, sizeof *retire);
  oremark__retire__init(retire);
  const struct om_given *reason;
  int value;
  if (om_session_lots(session, &retire->lots, &retire->n_lots, NULL, args, 1, st) ||
      om_args_need(args, &reason, "reason", st) ||
      om_given_word(reason, &value, &oremark__retire_reason__descriptor, st))
    return st->code;
  retire->reason = (Oremark__RetireReason)value;
  retire->product = om_copy_text(session->arena, om_args_value(args, "product"));
  retire->country = om_copy_text(session->arena, om_args_value(args, "country"));
  event->kind_case = OREMARK__EVENT__KIND_RETIRE;
  event->retire = retire;
  return OM_OK;
}

const struct om_command om_command_retire = {
    .name = "retire",
    .words = "LOT...",
    .summary = "End lots: built into a product, left the network, or disposed of.",
    .help =
        "Example:\n  oremark retire ROD-9 --reason built-in --product \"traction motor TM-4, batch 77\" --country SE\n",
    .options = options,
    .groups = OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = om_act_run,
    .build = build,
};
