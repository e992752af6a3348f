#include "cli/act.h"
#include "cli/final.h"
#include "cli/governance.h"

const struct om_option om_submit_options[] = {
    {"wait", "SECONDS", "how long to try again while it leans on what is not final yet (default: 10)"},
    OM_WAIT_FINAL_OPTION,
    {NULL, NULL, NULL},
};

enum om_code om_submit_run(struct om_session *session, struct om_status *st) {
  struct om_signed s;
  struct om_hash network;
  if (om_args_words(session->args, 1, 1, st)) return st->code;
  const char *path = session->args->words[0].value;
  if (om_signed_read(&s, session->arena, path, st)) return st->code;
  if (om_proposal_missing(&s) > 0)
    return om_fail(st, OM_USAGE, NULL, "%zu more of the governors must sign %s: see 'oremark governance show %s'",
                   om_proposal_missing(&s), path, path);
  if (s.n_signatures == 0)
    return om_fail(st, OM_USAGE, NULL, "%s carries no signature yet: sign it with 'oremark sign %s'", path, path);
  if (om_session_network(session, &network, st)) return st->code;
  if (!om_hash_equal(&network, &s.network))
    return om_fail(st, OM_USAGE, NULL, "%s is for another network than the one that the daemon serves", path);
  return om_submit_and_show(session, &s, st);
}

const struct om_command om_command_submit = {
    .name = "submit",
    .words = "FILE",
    .summary = "Hand a signed statement file in.",
    .help =
        "Handing it in again does no harm: the answer is the first receipt.\nExample:\n  oremark submit "
        "extract.statement\n",
    .options = om_submit_options,
    .groups = OM_OPTS_DAEMON,
    .run = om_submit_run,
};
