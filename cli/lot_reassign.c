/* lot reassign: the governors give a lot to another member. */
#include "cli/act.h"
#include "cli/governors.h"
#include "cli/material.h"

static const struct om_option options[] = {
    {"to", "MEMBER", "who is to have it next"},
    {"reason", "TEXT", "why, at most 256 bytes"},
    {NULL, NULL, NULL},
};

static enum om_code build(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                          struct om_status *st) {
  Oremark__Reassign *reassign = om_arena_alloc(session->arena, sizeof *reassign);
  const struct om_given *to, *reason;
  Oremark__LotRef **lots;
  size_t n;
  oremark__reassign__init(reassign);
  if (om_args_words(args, 1, 1, st) || om_args_need(args, &to, "to", st) || om_args_need(args, &reason, "reason", st) ||
      om_session_lots(session, &lots, &n, NULL, args, 1, st))
    return st->code;
  if (om_session_member(session, &reassign->to, to->value, st)) return om_given_wrap(to, st);
  reassign->lot = lots[0]->number;
  reassign->last_event = lots[0]->last_event;
  reassign->reason = om_copy_text(session->arena, reason->value);
  event->kind_case = OREMARK__EVENT__KIND_REASSIGN;
  event->reassign = reassign;
  return om_governors_suffice(session, st);
}

const struct om_command om_command_lot_reassign = {
    .name = "lot reassign",
    .words = "LOT",
    .summary = "Give a lot whose custodian is lost to another member (act of the governors).",
    .help =
        "It is void if the lot moves on before its custodian's log has taken the act up; afterwards the new custodian\n"
        "takes it in with 'oremark receive'.\n" OM_GOVERNORS_ACT
        "Example:\n  oremark lot reassign DRUM-17 --to 4 --reason \"consignee bankrupt\" --out reassign.statement\n",
    .options = options,
    .groups = OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = om_act_run,
    .build = build,
};
