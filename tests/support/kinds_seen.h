/* Which kinds of event a random history has told, so that its test can't leave one out unseen. The kinds are those of
 * ledger/events/kinds.h. */
#ifndef OREMARK_TESTS_SUPPORT_KINDS_SEEN_H
#define OREMARK_TESTS_SUPPORT_KINDS_SEEN_H

#include "ledger/events/kinds.h"

enum { KINDS_SEEN = 256 }; /* field numbers of kinds in Event */

struct kinds_seen {
  size_t taken[KINDS_SEEN], refused[KINDS_SEEN];
};

void kinds_seen_add(struct kinds_seen *seen, const Oremark__Event *event, enum om_code code);
/* How many kinds of CLASS were not taken yet, but for NEVER. A test that draws goes on, up to a bound, until there is
 * none: then no seed fails it. */
size_t kinds_seen_missing(const struct kinds_seen *seen, enum om_kind_class class,
                          const Oremark__Event__KindCase *never);
/* Asserts that each kind of CLASS was taken, and says how often; NEVER: kinds that no log holds, ended by 0. */
void kinds_seen_all(const struct kinds_seen *seen, enum om_kind_class class, const Oremark__Event__KindCase *never);

#endif
