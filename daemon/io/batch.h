/* One batch of the writer: takes what is ready from the queue, class by class, through the ledger into one flush.
 * Thread: the writer's. */
#ifndef OREMARK_DAEMON_IO_BATCH_H
#define OREMARK_DAEMON_IO_BATCH_H

#include "daemon/io/queue.h"
#include "ledger/queued.h"

/* What the writer keeps from one batch to the next. */
struct om_batches {
  struct om_queue *queue;
  struct om_ledger *ledger;
  const struct om_signers_keys *keys;
  uint64_t registry_final; /* final size of the registry log that the own log has followed */
  uint64_t own_final;      /* final size of the own log that was last looked at for a change of its witnesses */
  bool followed;           /* it has been looked at once */
  bool ready;              /* heads may be signed and statements taken (om_node_ready) */
  struct om_drain drain;   /* how far what was queued has been submitted */
  bool drained;            /* all of it has been once: others may follow */
  bool no_room;            /* the store had no room to make its tables anew: not tried again in this run */
};

/* Writes one batch. Every job that was taken has its outcome, good or bad, when it returns. *COMMITTED whether
 * something was made durable. OM_OK also when the disk is full: the jobs say so. Anything else: the store can't be
 * trusted to write any more. */
enum om_code om_batches_run(struct om_batches *batches, bool *committed, struct om_status *st);
/* Between batches: takes in what JOB's operator accepts by hand; its outcome, good or bad, is in JOB. Else as above. */
enum om_code om_batches_accept(struct om_batches *batches, struct om_job *job, bool *committed, struct om_status *st);
/* Takes everything that is ready and answers it with WHY. */
void om_batches_refuse(struct om_batches *batches, const struct om_status *why);

#endif
