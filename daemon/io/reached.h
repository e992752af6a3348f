/* A head of the own log that has its quorum here and whose note is on its way to the disk. It is final already: its
 * entries are durable here and at the witnesses that have signed, who tell of it at any start. So whoever waits for
 * that is told at once, and does not wait for one more flush. All other reads look at the store: once somebody was told
 * more than that shows, they wait for it. Ownership: a part of whoever owns it. Thread: the loop's. */
#ifndef OREMARK_DAEMON_IO_REACHED_H
#define OREMARK_DAEMON_IO_REACHED_H

#include "daemon/io/clients.h"

enum {
  OM_REACHED_MS = 10000, /* how long reads wait at most: longer than any flush, and a writer that has more to do first,
                           as when it makes all tables anew, does not silence the daemon */
};

struct om_reached {
  uint64_t size;   /* entries; 0: nothing is on its way */
  uint64_t time_s; /* of the quorum */
  int64_t held_ms; /* since when reads wait */
  bool held;
};

/* JOB is a FINAL of the own log that is about to be given to the writer. */
void om_reached_look(struct om_reached *reached, struct om_store *store, const struct om_job *job);
/* After it was: tells who waits for it. */
void om_reached_tell(struct om_reached *reached, struct om_clients *clients, uint32_t own_log, int64_t now_ms);
/* The writer is done with it, and the store shows it if it ever will. */
void om_reached_done(struct om_reached *reached, struct om_clients *clients);
/* Time has passed. */
void om_reached_tick(struct om_reached *reached, struct om_clients *clients, int64_t now_ms);

#endif
