#include "cli/act.h"
#include "cli/attested.h"
#include "cli/clock.h"
#include "cli/material.h"
#include "cli/words.h"

static const struct om_option options[] = {
    {"of", "MEMBER", "whose site it is: number or name (default: who signs)"},
    {"site", "SITE", "the site, by number or name"},
    {"kind", "KIND", "resource: all that the site holds; yearly-capacity: what it can put out in a year"},
    {"metal", "METAL", "contained metal: Cu=250kt; once for each metal"},
    {"as-of", "DATE", "as of when it is estimated (default: now)"},
    {NULL, NULL, NULL},
};

static enum om_code read_estimate(struct om_session *session, Oremark__Estimate *out, struct om_status *st) {
  const struct om_args *args = session->args;
  const struct om_given *site, *kind, *as_of = om_args_find(args, "as-of");
  const char *of = om_args_value(args, "of");
  int word;
  if (om_args_words(args, 0, 0, st) || om_args_need(args, &site, "site", st) || om_args_need(args, &kind, "kind", st) ||
      om_given_word(kind, &word, &oremark__estimate_kind__descriptor, st) ||
      (of ? om_session_member(session, &out->member, of, st) : om_session_self(session, &out->member, st)) ||
      om_session_site(session, &out->site, out->member, site->value, st) ||
      om_measured_read(session->arena, &out->metals, &out->n_metals, args, 0, args->n, st))
    return st->code;
  if (out->n_metals == 0)
    return om_fail(st, OM_USAGE, NULL, "estimate: how much? --metal METAL=MASS, as in --metal Cu=250kt");
  out->kind = (Oremark__EstimateKind)word;
  out->as_of_ms = om_now_ms();
  if (as_of && om_given_time(as_of, &out->as_of_ms, st)) return st->code;
  return OM_OK;
}

static enum om_code run(struct om_session *session, struct om_status *st) {
  Oremark__Event *event = NULL;
  Oremark__Estimate *estimate = om_arena_alloc(session->arena, sizeof *estimate);
  oremark__estimate__init(estimate);
  if (om_event_begin(session, &event, session->args, om_now_ms(), st) || read_estimate(session, estimate, st))
    return st->code;
  event->kind_case = OREMARK__EVENT__KIND_ESTIMATE;
  event->estimate = estimate;
  return om_act(session, event, st);
}

const struct om_command om_command_estimate = {
    .name = "estimate",
    .summary = "State a site's resource or yearly capacity: the ceiling for what it declares to have put out.",
    .help =
        "'oremark audit' shows what each site has put out beside it. A member estimates its own sites; laboratories, "
        "certifiers,\ninspectors and auditors those of others.\nExample:\n  oremark estimate --of \"Toquepala Mine\" "
        "--site Toquepala --kind yearly-capacity --metal Cu=250kt\n",
    .options = options,
    .groups = OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = run,
};
