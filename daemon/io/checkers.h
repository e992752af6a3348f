/* The pool of threads that take statements and entries apart and check their signatures before the writer sees them.
 * Each slice is judged under one read transaction. Thread: the loop starts and stops it. */
#ifndef OREMARK_DAEMON_IO_CHECKERS_H
#define OREMARK_DAEMON_IO_CHECKERS_H

#include "daemon/io/queue.h"

enum { OM_CHECKERS_MAX = 256 }; /* threads: as many cores as a large machine has */

struct om_checkers;

/* What a daemon asks of a statement besides the rules before it takes it in. Called in the pool. */
struct om_door {
  void *ctx;
  /* Not OM_OK: it is refused, with why. NULL: nothing is asked. */
  enum om_code (*judge)(void *ctx, const struct om_checked *checked, struct om_status *st);
};

/* Starts N threads (1 to OM_CHECKERS_MAX) that serve QUEUE; both are borrowed until om_checkers_stop. OM_IO when the
 * system gives no thread; then none runs. */
enum om_code om_checkers_start(struct om_checkers **out, struct om_queue *queue, const struct om_ledger *ledger,
                               const struct om_door *door, size_t n, struct om_status *st);
/* Checks one slice that the caller has been given, in this thread. */
void om_checkers_check(const struct om_checkers *checkers, struct om_slice *slice);
/* Without threads: checks in this one all that waits in QUEUE, and returns. */
void om_checkers_work(struct om_queue *queue, const struct om_ledger *ledger);
/* Waits for the threads to end; what they have not begun stays unchecked. NULL is fine. */
void om_checkers_stop(struct om_checkers *checkers);

#endif
