/* What the commands share that make acts of the governors. Thread: one. */
#ifndef OREMARK_CLI_GOVERNORS_H
#define OREMARK_CLI_GOVERNORS_H

#include "cli/session.h"

/* For the help text of each. */
#define OM_GOVERNORS_ACT                                                                                               \
  "Signed by one governor. Where more must sign, write it with --out (unsigned: 'oremark governance propose' before\n" \
  "it), let each add a signature with 'oremark governance sign', then hand it in with 'oremark governance submit' "    \
  "to\n"                                                                                                               \
  "the daemon that holds the registry log.\n"

/* Fills in what EVENT, an act of the governors that is complete otherwise, names as the act before it: by --previous,
 * or by asking the daemon. Then as om_governors_suffice. */
enum om_code om_governors_chain(struct om_session *session, Oremark__Event *event, struct om_status *st);
/* The same for an act of a member for itself. */
enum om_code om_member_chain(struct om_session *session, Oremark__Event *event, struct om_status *st);

/* The public half of a member's key: --key-file or --vkey of ARGS; the options with PREFIX before them ("new-"). */
enum om_code om_public_given(struct om_session *session, ProtobufCBinaryData *out, const struct om_args *args,
                             const char *prefix, struct om_status *st);
/* The key of MEMBER, now or once, that ARGS name by --key-id, --key-file or --vkey. */
enum om_code om_key_given(struct om_session *session, ProtobufCBinaryData *out, uint32_t member,
                          const struct om_args *args, struct om_status *st);
/* --role of ARGS, as often as given, ascending. */
enum om_code om_roles_given(struct om_session *session, Oremark__Role **out, size_t *n, const struct om_args *args,
                            struct om_status *st);
#define OM_ROLES_HELP                                                                                              \
  "mine, trader, carrier, warehouse, smelter, refiner, manufacturer, recycler, laboratory, certifier, inspector, " \
  "auditor, customs, reserve; may be repeated"

/* OM_USAGE, with what to do, where more governors must sign than one command can and the act is not written to a file.
 */
enum om_code om_governors_suffice(struct om_session *session, struct om_status *st);

/* What is stated instead of asked for: EVENT's act before it by --previous, and by --number the number that what an act
 * admits is to have. */
enum om_code om_chain_stated(struct om_session *session, Oremark__Event *event, bool *stated, struct om_status *st);
enum om_code om_number_stated(const struct om_args *args, uint32_t *out, bool *stated, struct om_status *st);

/* The log that GIVEN names by its number, or by its origin as the daemon knows it. */
enum om_code om_log_named(struct om_session *session, uint32_t *out, const struct om_given *given,
                          struct om_status *st);
/* What the daemon says of that log. */
enum om_code om_log_state_named(struct om_session *session, const Oremark__LogState **out, const struct om_given *given,
                                struct om_status *st);

/* One line of what --previous is to be where no daemon can be asked: the last act on WHAT. */
void om_show_last_act(FILE *out, const char *what, ProtobufCBinaryData id);

/* A copy of ID in ARENA. */
void om_copy_id(struct om_arena *arena, ProtobufCBinaryData *out, ProtobufCBinaryData id);

/* The witnesses that ARGS name as words (logs), by --quorum and --none. */
enum om_code om_list_witnesses(struct om_session *session, Oremark__WitnessList *list, const struct om_args *args,
                               struct om_status *st);

/* The daemon that ARGS describe: --origin, --operator, and --keys or each of its keys. */
enum om_code om_daemon_given(struct om_session *session, Oremark__Daemon *daemon, const struct om_args *args,
                             struct om_status *st);

#endif
