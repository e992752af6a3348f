/* Connections that must come to an end in time: libmicrohttpd bounds how long a client is silent, and nothing bounds
 * how long it drips. Each has a time by which it has to be answered; a thread looks every second and shuts down those
 * that are not. Thread: any. */
#ifndef OREMARK_DAEMON_IO_OVERDUE_H
#define OREMARK_DAEMON_IO_OVERDUE_H

#include <stddef.h>

#include "keys/status.h"

struct om_overdue;
struct om_overdue_slot;

/* At most MAX connections, of SECONDS each. */
enum om_code om_overdue_start(struct om_overdue **out, size_t max, unsigned seconds, struct om_status *st);
/* No connection is left in it. NULL is fine. */
void om_overdue_stop(struct om_overdue *overdue);

/* The connection with the socket FD has begun. NULL: there are MAX already. */
struct om_overdue_slot *om_overdue_add(struct om_overdue *overdue, int fd);
/* It has been answered: its time begins again, for what it asks next. */
void om_overdue_again(struct om_overdue *overdue, struct om_overdue_slot *slot);
/* It has ended, and its socket is not closed yet: the number may be another's afterwards. */
void om_overdue_remove(struct om_overdue *overdue, struct om_overdue_slot *slot);

#endif
