#include "cli/act.h"
#include "cli/attested.h"
#include "cli/clock.h"

static const struct om_option options[] = {
    {"certificate", "CERTIFICATE", "which: MEMBER-TIME-ID/EVENT, as 'oremark attestations' shows it"},
    {"quantity", "MASS", "how much of it; once for each lot, in their order"},
    {NULL, NULL, NULL},
};

/* The quantities, one for each lot of OUT. */
static enum om_code read_quantities(Oremark__Claim *out, const struct om_args *args, struct om_status *st) {
  const struct om_given *any;
  size_t n = 0;
  if (om_args_need(args, &any, "quantity", st)) return st->code;
  for (size_t i = 0; i < args->n; i++) {
    if (!om_given_is(&args->given[i], "quantity")) continue;
    if (n < out->n_lots && om_given_mass(&args->given[i], &out->lots[n]->quantity_mg, st)) return st->code;
    n++;
  }
  if (n == out->n_lots) return OM_OK;
  return om_fail(st, OM_USAGE, NULL,
                 "claim: %zu lot%s, but %zu of --quantity: give it once for each lot, in their order", out->n_lots,
                 out->n_lots == 1 ? "" : "s", n);
}

static enum om_code read_claim(struct om_session *session, Oremark__Claim *out, struct om_status *st) {
  const struct om_given *certificate;
  Oremark__LotRef **refs;
  if (om_args_need(session->args, &certificate, "certificate", st) ||
      om_session_lots(session, &refs, &out->n_lots, NULL, session->args, 1, st))
    return st->code;
  if (om_event_ref_read(session, &out->certificate, certificate->value, st)) return om_given_wrap(certificate, st);
  out->lots = om_arena_array(session->arena, out->n_lots, sizeof *out->lots);
  for (size_t i = 0; i < out->n_lots; i++) {
    out->lots[i] = om_arena_alloc(session->arena, sizeof *out->lots[i]);
    oremark__claimed_lot__init(out->lots[i]);
    out->lots[i]->lot = refs[i];
  }
  return read_quantities(out, session->args, st);
}

static enum om_code run(struct om_session *session, struct om_status *st) {
  Oremark__Event *event = NULL;
  Oremark__Claim *claim = om_arena_alloc(session->arena, sizeof *claim);
  oremark__claim__init(claim);
  if (om_event_begin(session, &event, session->args, om_now_ms(), st) || read_claim(session, claim, st))
    return st->code;
  event->kind_case = OREMARK__EVENT__KIND_CLAIM;
  event->claim = claim;
  return om_act(session, event, st);
}

const struct om_command om_command_claim = {
    .name = "claim",
    .words = "LOT...",
    .summary = "Draw a certificate for a quantity down, for lots in one's hands.",
    .help =
        "Only the member that the certificate is on draws from it; from one on a lot, who has that lot. 'oremark "
        "attestations'\nshows what is left.\nExample:\n  oremark claim CATH-9 --certificate 5-1795000000000-5f0c.../0 "
        "--quantity 12t\n",
    .options = options,
    .groups = OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = run,
};
