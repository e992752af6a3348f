/* How the system is to share processors out among the daemon's threads, so that who waits for one record does not wait
 * for bulk work: a thread that answers gets its turn soon and for short, and cuts short the turns of those that check
 * and store entries by the thousand. A hint only: nothing is said where the system knows no turns of one's own length
 * (Linux does since 6.12) or where the operator has chosen another policy. No rights are needed. Thread: the one that
 * calls. */
#ifndef OREMARK_DAEMON_IO_TURNS_H
#define OREMARK_DAEMON_IO_TURNS_H

#include <stdbool.h>

enum { OM_TURN_NS = 100000 }; /* the shortest that Linux grants: about what a record takes a thread */

/* Somebody waits for what the calling thread does from here on. Threads that it starts later begin so, and say
 * themselves where nobody does. */
void om_turn_soon(void);
/* Nobody does: turns of the usual length, as at first. */
void om_turn_whole(void);
/* Either, where NOW it is BULK work or is not, and *BULK says what it was; true at first. */
void om_turns(bool *bulk, bool now);

#endif
