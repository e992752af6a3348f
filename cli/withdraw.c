#include "cli/act.h"
#include "cli/attested.h"
#include "cli/clock.h"
#include "cli/material.h"

static const struct om_option options[] = {
    {"reason", "TEXT", "why"},
    {NULL, NULL, NULL},
};

static enum om_code run(struct om_session *session, struct om_status *st) {
  Oremark__Event *event = NULL;
  Oremark__Withdraw *withdraw = om_arena_alloc(session->arena, sizeof *withdraw);
  const struct om_given *reason;
  oremark__withdraw__init(withdraw);
  if (om_args_words(session->args, 1, 1, st) || om_args_need(session->args, &reason, "reason", st) ||
      om_event_begin(session, &event, session->args, om_now_ms(), st) ||
      om_event_ref_read(session, &withdraw->certificate, session->args->words[0].value, st))
    return st->code;
  withdraw->reason = om_copy_text(session->arena, reason->value);
  event->kind_case = OREMARK__EVENT__KIND_WITHDRAW;
  event->withdraw = withdraw;
  return om_act(session, event, st);
}

const struct om_command om_command_withdraw = {
    .name = "withdraw",
    .words = "ATTESTATION",
    .summary = "Take back a certificate, an estimate or an assay that one has given.",
    .help =
        "ATTESTATION is MEMBER-TIME-ID/EVENT, as 'oremark attestations' shows it. A certificate ends when the "
        "withdrawal "
        "is\nfinal, or at the time given with --at where that is later.\nExample:\n  oremark withdraw "
        "5-1795000000000-5f0c.../0 --reason \"surveillance audit failed\"\n",
    .options = options,
    .groups = OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = run,
};
