/* Clients that wait until a statement is final. A request for finality (proto/client.proto) whose statement stands here
 * and is pending is kept until it is final or its time is up; then it is due, and answered as one that does not
 * wait. Ownership: om_waiters_new makes it, om_waiters_free ends it when nobody waits. Thread: the loop's. */
#ifndef OREMARK_DAEMON_IO_WAITERS_H
#define OREMARK_DAEMON_IO_WAITERS_H

#include <uv.h>

#include "ledger/ledger.h"
#include "proto/client.pb-c.h"

enum {
  OM_WAITERS_MAX = 1024,       /* in all: 100 kB, and looked through after every flush in some ten microseconds */
  OM_WAITERS_OWNER_MAX = 16,   /* of one client: one that submits much waits for its last statement of a log */
  OM_WAITERS_MAX_MS = 3600000, /* an hour: whoever wants to know later asks again */
};

struct om_waiters;

struct om_waiters_config {
  uv_loop_t *loop;
  struct om_store *store;
  /* REQUEST of OWNER is to be answered now. It may end OWNER, or others. */
  void (*due)(void *owner, const Oremark__Request *request);
};

enum om_code om_waiters_new(struct om_waiters **out, const struct om_waiters_config *config, struct om_status *st);
/* Keeps REQUEST (a GetFinality) of OWNER if it has to wait: *KEPT; else it is to be answered at once. OM_BUSY: too many
 * wait already. */
enum om_code om_waiters_add(struct om_waiters *waiters, bool *kept, void *owner, const Oremark__Request *request,
                            struct om_status *st);
/* A flush has been made: calls due for whatever is final now. */
void om_waiters_settled(struct om_waiters *waiters);
/* LOG is final up to SIZE, before a flush shows it: calls due for those below; false: nobody waits for one. */
bool om_waiters_reached(struct om_waiters *waiters, uint32_t log, uint64_t size);
/* OWNER has gone: forgets what it waits for. */
void om_waiters_forget(struct om_waiters *waiters, const void *owner);
/* Takes a request that OWNER waits for out, and tells its id; false: there is none. */
bool om_waiters_take(struct om_waiters *waiters, uint64_t *id, const void *owner);
/* When nobody waits; its handle closes within the loop. */
void om_waiters_free(struct om_waiters *waiters);

#endif
