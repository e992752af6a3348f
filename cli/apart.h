/* What can be done where no daemon is: statements are made from what is typed, and carried. Thread: the session's. */
#ifndef OREMARK_CLI_APART_H
#define OREMARK_CLI_APART_H

#include "cli/session.h"

/* Whether ST only says that no daemon is there, and SESSION's statement can do without: its network is named, and it
 * goes to a file. */
bool om_apart(const struct om_session *session, const struct om_status *st);

/* Adds to ST, where it says that no daemon is there, what SESSION's command takes in place of one and was not given.
 * Returns its code. */
enum om_code om_say_apart(const struct om_session *session, struct om_status *st);

#endif
