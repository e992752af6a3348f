/* What waits between the loop, the pool that checks signatures and the writer: one lock, a queue for each class, and
 * who is woken when. Order within a class is the order of arrival, so a client's submissions never overtake each
 * other. Thread: any, except that one thread at a time is the writer (om_queue_wait, om_queue_pop). */
#ifndef OREMARK_DAEMON_IO_QUEUE_H
#define OREMARK_DAEMON_IO_QUEUE_H

#include <uv.h>

#include "daemon/io/job.h"

struct om_job_list {
  struct om_job *first, *last;
};

void om_job_list_push(struct om_job_list *list, struct om_job *job);
struct om_job *om_job_list_pop(struct om_job_list *list);

struct om_queue {
  uv_mutex_t lock;
  uv_cond_t to_write; /* something is ready, or the end has come */
  uv_cond_t to_check; /* items wait for the pool, or the end has come */
  struct om_job_list classes[OM_CLASSES];
  struct om_job_list unchecked[OM_CLASSES]; /* by next_check; of submissions and of what is mirrored */
  unsigned turn;                            /* how many slices have been given out */
  uint64_t finals_ns;                       /* when the first of OM_CLASS_FINALS came */
  bool idle;                                /* the writer waits, and may be given a little to check */
  bool given;                               /* it was: the pool has not been woken for it */
  bool nudged;                              /* the writer is to run a batch even if nothing waits */
  bool wake_writer, wake_all;               /* who is to be woken when the lock is left: the writer, all checkers... */
  unsigned wake_some;                       /* ...or so many of them */
  bool stopping;                            /* no more will be added: the writer ends when all is written */
  bool pool_stopping;                       /* the pool ends now */
};

/* A run of items of one job, to be checked. */
struct om_slice {
  struct om_job *job;
  size_t from, upto;
  struct om_job_memory *memory; /* of its items, once checked */
  bool bulk;                    /* to be checked: entries of others that nobody waits for */
};

enum om_code om_queue_init(struct om_queue *queue, struct om_status *st);
void om_queue_end(struct om_queue *queue);

/* Takes JOB over. A COSIGN of a log whose entries wait here as a MIRROR job follows those. */
void om_queue_add(struct om_queue *queue, struct om_job *job);
/* Takes the jobs of LIST over, in order, before anything is done with the first; empties it. */
void om_queue_add_all(struct om_queue *queue, struct om_job_list *list);
/* Makes the writer run a batch. */
void om_queue_nudge(struct om_queue *queue);
/* Nothing more is added: what waits is still checked and written. */
void om_queue_stop(struct om_queue *queue);
void om_queue_stop_pool(struct om_queue *queue);

/* ---- the pool ---- */

/* Waits for a slice; false: the end has come. */
bool om_queue_claim(struct om_queue *queue, struct om_slice *out);
/* A slice that is there; false: there is none. */
bool om_queue_claim_now(struct om_queue *queue, struct om_slice *out);
/* The slice's items are checked (or passed over). */
void om_queue_checked(struct om_queue *queue, const struct om_slice *slice);
/* True when the slice's job is not wanted any more. */
bool om_queue_unwanted(struct om_queue *queue, const struct om_slice *slice);

/* ---- the writer ---- */

/* Waits until there is something to write, and a little longer while more of it is about to be ready. False: stopped
 * and empty. A writer that also checks gives LITTLE: where LITTLE->job is not NULL on return, this slice is to be
 * checked first, and the writer then waits again. NULL: all is left to the pool. */
bool om_queue_wait(struct om_queue *queue, struct om_slice *little);
/* The next part of CLASS to be written: items FROM to UPTO-1 of JOB, all checked (for a note: none). They count as
 * taken. At most MAX items. False: none is ready. */
bool om_queue_take(struct om_queue *queue, enum om_job_class class, struct om_slice *out, size_t max);
/* For the simulator: the job that om_queue_take would take from; NULL: none. */
const struct om_job *om_queue_peek(struct om_queue *queue, enum om_job_class class);
/* The rest of JOB is not wanted. */
void om_queue_give_up(struct om_queue *queue, struct om_job *job);
/* Logs have become shorter: gives up every mirror job whose entries followed what is gone, and notes that in it. SIZE
 * says how much is held of a log; it is called under the queue's lock. */
void om_queue_cut(struct om_queue *queue, uint64_t (*size)(void *ctx, uint32_t log), void *ctx);
/* LOG, of which HELD entries are held, goes on otherwise from entry FROM on: gives up every mirror job that brings
 * such, as above. */
void om_queue_replaced(struct om_queue *queue, uint32_t log, uint64_t from, uint64_t held);
/* A job of CLASS that is done with: out of the queue. NULL: none. */
struct om_job *om_queue_finished(struct om_queue *queue, enum om_job_class class);
/* Whether heads that somebody waits for, or submissions, are ready. */
bool om_queue_urgent(struct om_queue *queue);
/* Whether all that is ready are entries of others that nobody waits for. */
bool om_queue_bulk(struct om_queue *queue);

#endif
