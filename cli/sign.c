#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cli/act.h"
#include "cli/clock.h"
#include "cli/genesis.h"
#include "cli/governance.h"
#include "cli/show.h"
#include "ledger/names.h"
#include "ledger/step.h"

const struct om_option om_sign_options[] = {
    {"key", "FILE", "key file to sign with (OREMARK_KEY)"},
    {"member", "MEMBER", "whose key it is: number or name (OREMARK_MEMBER)"},
    {"network", "GENESIS", "genesis file of your network: refuses a statement for another one (OREMARK_NETWORK)"},
    {"out", "FILE", "write the signed statement there instead of over the file"},
    {"yes", NULL, "do not ask"},
    {"remove", NULL, "take the member's signature out instead, which the ledger does not want; no key is needed"},
    {NULL, NULL, NULL},
};

enum { LOTS_NAMED = 20 }; /* of one event; a screen has some fifty lines */

/* Which lots it is about: who signs without a daemon has nothing else to tell them by. */
static void name_lots(FILE *out, const Oremark__Event *event) {
  const Oremark__LotRef *refs[OM_EVENT_REFS_MAX];
  size_t n = om_event_refs(refs, event);
  for (size_t i = 0; i < n && i < LOTS_NAMED; i++) {
    char text[OM_LOT_TEXT_BYTES];
    if (refs[i]->number.len == OM_LOT_NUMBER_BYTES)
      fprintf(out, "     %s\n", om_lot_format(text, sizeof text, refs[i]->number.data));
    else
      fprintf(out, "     lot %u of %u.\n", refs[i]->output + 1, refs[i]->event + 1);
  }
  if (n > LOTS_NAMED) fprintf(out, "     and %zu more\n", n - LOTS_NAMED);
}

static void describe(FILE *out, const struct om_signed *s) {
  char until[OM_TIME_TEXT_BYTES], hex[2 * OM_HASH_BYTES + 1];
  om_time_format(until, sizeof until, s->statement->not_after_ms, om_zone_at(s->statement->not_after_ms));
  fprintf(out, "statement %s\nof member %u, to be taken in by %s at the latest:\n",
          om_hex(hex, s->id.bytes, OM_HASH_BYTES), s->statement->member, until);
  for (size_t i = 0; i < s->statement->n_events; i++) {
    struct om_text line;
    om_signed_describe(&line, s, i);
    fprintf(out, "  %zu. %s\n", i + 1, line.bytes);
    name_lots(out, s->statement->events[i]);
  }
  for (size_t i = 0; i < s->n_signatures; i++)
    fprintf(out, "signed by member %u with key %08x\n", s->signatures[i]->member, s->signatures[i]->key_id);
}

/* A person at a terminal says yes or no; a script must say --yes. */
static enum om_code agreed(struct om_session *session, struct om_status *st) {
  char answer[16] = "";
  if (om_args_has(session->args, "yes")) return OM_OK;
  if (!isatty(STDIN_FILENO))
    return om_fail(st, OM_USAGE, NULL, "sign: nobody is here to ask: write --yes to sign without a question");
  fprintf(session->err, "sign this? [y/N] ");
  fflush(session->err);
  if (fgets(answer, sizeof answer, stdin) && (strcasecmp(answer, "y\n") == 0 || strcasecmp(answer, "yes\n") == 0))
    return OM_OK;
  return om_fail(st, OM_NO, NULL, "not signed");
}

static enum om_code check_network(struct om_session *session, const struct om_signed *s, struct om_status *st) {
  const char *genesis = om_args_value(session->args, "network");
  struct om_hash network;
  if (!genesis) genesis = session->profile.network;
  if (!genesis) return OM_OK;
  if (om_genesis_id(&network, genesis, st)) return st->code;
  if (!om_hash_equal(&network, &s->network))
    return om_fail(st, OM_USAGE, NULL, "the statement is for another network than %s", genesis);
  return OM_OK;
}

/* Whether a signature was added or taken out, in the same shape. */
static enum om_code show_signed(struct om_session *session, const struct om_signed *s, uint32_t member,
                                const char *path, struct om_status *st) {
  bool removed = om_args_has(session->args, "remove");
  if (s->governors && session->json) return om_proposal_show(session, s, path, st);
  if (session->json) {
    char hex[2 * OM_HASH_BYTES + 1];
    om_hex(hex, s->id.bytes, OM_HASH_BYTES);
    return om_show_json(
        session->out,
        json_pack("{s:s, s:s, s:I}", "statement_id", hex, "file", path, "signatures", (json_int_t)s->n_signatures), st);
  }
  fprintf(session->out, removed ? "the signature of member %u is taken out; " : "signed as member %u; ", member);
  fprintf(session->out, "%zu signature%s in %s\n", s->n_signatures, s->n_signatures == 1 ? "" : "s", path);
  if (s->governors && om_proposal_missing(s) > 0)
    fprintf(session->out, "%zu more must sign\n", om_proposal_missing(s));
  else if (s->governors)
    om_proposal_next(session->out, s, path);
  return OM_OK;
}

static enum om_code take_out(struct om_session *session, struct om_signed *s, const char *path, struct om_status *st) {
  const char *out = om_args_value(session->args, "out");
  uint32_t member;
  if (om_session_self(session, &member, st) || om_signed_remove(s, member, st) ||
      om_signed_write(s, out ? out : path, !out, st))
    return st->code;
  return show_signed(session, s, member, out ? out : path, st);
}

enum om_code om_sign_run(struct om_session *session, struct om_status *st) {
  struct om_signed s;
  uint32_t self;
  const struct om_secret *secret;
  if (om_args_words(session->args, 1, 1, st)) return st->code;
  const char *path = session->args->words[0].value, *out = om_args_value(session->args, "out");
  if (om_signed_read(&s, session->arena, path, st) || check_network(session, &s, st)) return st->code;
  if (om_args_has(session->args, "remove")) return take_out(session, &s, path, st);
  if (!s.governors) describe(session->json ? session->err : session->out, &s);
  if (s.governors && !session->json) om_proposal_describe(session, &s, path);
  if (om_session_self(session, &self, st) || agreed(session, st) || om_session_secret(session, &secret, st) ||
      om_proposal_wants(&s, self, om_member_key_id(om_secret_public(secret)), st) ||
      om_signed_add(&s, secret, self, st) || om_signed_write(&s, out ? out : path, !out, st))
    return st->code;
  return show_signed(session, &s, self, out ? out : path, st);
}

const struct om_command om_command_sign = {
    .name = "sign",
    .words = "FILE",
    .summary = "Show what a statement file says and add a signature to it.",
    .help =
        "Works without a daemon, where the member is named by number.\n"
        "A signature of one whose it is not makes the ledger refuse the whole; it is taken out by --remove.\n"
        "Example:\n"
        "  oremark sign enrol.statement --key governor-2.key --member 2\n"
        "  oremark sign enrol.statement --remove --member 4\n",
    .options = om_sign_options,
    .groups = OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = om_sign_run,
};
