/* --at: a lot as it was at a moment that has passed, by a log's size or by a time. Thread: one. */
#ifndef OREMARK_CLI_MOMENT_H
#define OREMARK_CLI_MOMENT_H

#include <jansson.h>

#include "cli/session.h"

#define OM_MOMENT_OPTION \
  { "at", "SIZE|TIME", "as it was then: by so many entries of a log ([ORIGIN:]SIZE), or by what was final at a time" }
#define OM_MOMENT_HELP                                                                                               \
  "--at shows what was recorded by then. SIZE counts entries of the log ORIGIN, or of the one in which the lot's\n"  \
  "last event stands; what those entries mark of other logs counts too. TIME is that of the heads by which events\n" \
  "are known to have been final. Exit status 5: the lot was not there then, or so much is not final.\n"

/* The moment of --at in the session's arena; NULL: none was given. OM_WAIT: it is still to come. */
enum om_code om_moment_read(struct om_session *session, Oremark__Moment **out, struct om_status *st);
/* Says what the answer is as of, what is known of that, and that NOW (words) is as of now all the same; nothing for
 * NULL. */
void om_moment_show(FILE *out, const Oremark__AsOf *as_of, const char *now);
/* The same; null for NULL. */
json_t *om_moment_json(const Oremark__AsOf *as_of, const char *now);
/* What of each answer is as of now. */
#define OM_NOW_LOT "names, an overruling of its hold, a log being frozen, and all that is to be known of it"
#define OM_NOW_VERDICT "the heads, keys and documents, and all that is to be known of it"
#define OM_NOW_HISTORY "names, and which events are final"

#endif
