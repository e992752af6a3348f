/* Acts of the governors on their way from one to the other as files: who must sign, who has. Thread: one. */
#ifndef OREMARK_CLI_GOVERNANCE_H
#define OREMARK_CLI_GOVERNANCE_H

#include "cli/session.h"
#include "cli/statement.h"

/* Who governs, as the daemon knows it; in the session's arena. */
enum om_code om_who_governs(struct om_session *session, struct om_who_governs **out, struct om_status *st);

/* OM_NO, and why, where the signature of MEMBER with key KEY_ID would be none that is needed, as far as the file says.
 */
enum om_code om_proposal_wants(const struct om_signed *s, uint32_t member, uint32_t key_id, struct om_status *st);
/* How many signatures of governors are missing; 0 also where the file does not say who governs. */
size_t om_proposal_missing(const struct om_signed *s);

/* Prints where the file at PATH, which enough have signed, goes. */
void om_proposal_next(FILE *out, const struct om_signed *s, const char *path);
/* Prints what the file at PATH would do, and who has signed it. */
void om_proposal_describe(struct om_session *session, const struct om_signed *s, const char *path);
/* The same, and what is to be done next; or all of it as JSON. */
enum om_code om_proposal_show(struct om_session *session, const struct om_signed *s, const char *path,
                              struct om_status *st);

/* `run` of "sign" and "submit", which the governors' commands share. */
enum om_code om_sign_run(struct om_session *session, struct om_status *st);
enum om_code om_submit_run(struct om_session *session, struct om_status *st);
extern const struct om_option om_sign_options[], om_submit_options[];

#endif
