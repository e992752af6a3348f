/* From an event to its receipt: checked, signed, written to a file or submitted, shown. Thread: one. */
#ifndef OREMARK_CLI_ACT_H
#define OREMARK_CLI_ACT_H

#include "cli/session.h"
#include "cli/statement.h"

enum {
  OM_VALID_DEFAULT_DAYS = 30, /* time for a stick to travel from a pit to a network; a forgotten one is void after it */
  OM_WAIT_DEFAULT_S = 10,     /* a quorum is a few round trips */
};

/* What a command for a registry act takes besides its own options. */
#define OM_OPTS_ACT (OM_OPTS_SIGN | OM_OPTS_PREVIOUS | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON)

/* Declares `act`, a fresh message of TYPE in SESSION's arena, as what EVENT says. */
#define OM_MAKE_ACT(Type, type, KIND, field)                          \
  Oremark__##Type *act = om_arena_alloc(session->arena, sizeof *act); \
  oremark__##type##__init(act);                                       \
  event->kind_case = OREMARK__EVENT__KIND_##KIND;                     \
  event->field = act

/* `run` of every command that has a `build`: one event, one statement. */
enum om_code om_act_run(struct om_session *session, struct om_status *st);

/* A fresh EVENT with the time that ARGS say by --at, else NOW_MS. */
enum om_code om_event_begin(struct om_session *session, Oremark__Event **out, const struct om_args *args,
                            int64_t now_ms, struct om_status *st);
/* How long statements are valid by --valid-for, and how long to wait by --wait, milliseconds. */
enum om_code om_valid_option(int64_t *out_ms, const struct om_args *args, struct om_status *st);
enum om_code om_wait_option(int64_t *out_ms, const struct om_args *args, struct om_status *st);

/* Signs EVENT as the session's member and hands it on: to --out, or to the daemon. Prints what came of it. */
enum om_code om_act(struct om_session *session, Oremark__Event *event, struct om_status *st);

/* Submits and waits for the receipt (the caller's), trying again for WAIT_MS while the ledger says that it leans on
 * what is not final yet, or the daemon has only queued it; says so once on the session's error stream. A receipt that
 * is still `queued` then is OM_OK too: the statement may be recorded at any later time, so none may take its place. */
enum om_code om_submit(struct om_session *session, Oremark__Reply **out, const struct om_signed *statement,
                       int64_t wait_ms, struct om_status *st);
/* Submits and prints receipt and new lots. */
enum om_code om_submit_and_show(struct om_session *session, const struct om_signed *statement, struct om_status *st);
/* What takes a file with STATEMENT in, once it is signed: "submit", "network accept", "log make-seal". */
const char *om_next_command(const Oremark__Statement *statement);
/* A request to submit STATEMENT, in its arena. */
Oremark__Request *om_submit_request(const struct om_signed *statement);

#endif
