/* A job: work for the ledger's writer that the loop hands over and gets back with its outcome. A submission job
 * carries statements of one client, in its order; a mirror job entries of one log; a cosign or final job one note, an
 * evidence job one piece. Its items are checked by the pool in slices, side by side, and written in order as far as
 * they are checked, so a job may be written while its tail is still being checked. Ownership: whoever holds a job owns
 * it: the loop before om_writer_add and from the done hook on, which ends it with om_job_free. Thread: fields below
 * "queue" belong to the queue's lock while the job is in the writer's hands. */
#ifndef OREMARK_DAEMON_IO_JOB_H
#define OREMARK_DAEMON_IO_JOB_H

#include "daemon/core/node.h"
#include "ledger/accept.h"

enum {
  OM_JOB_STATEMENTS_MAX = 128,       /* in one submission job: two slices, so that two cores share even a short burst */
  OM_JOB_STATEMENT_BYTES = 96 << 10, /* of them together; holds the longest single one */
  OM_JOB_SLICE_ITEMS = 32,           /* checked under one read transaction: about 2 ms of signatures */
  OM_JOB_SLICE_BYTES =
      128 << 10, /* and no more of them but for a single one: unpacked they stay within one arena's limit */
};
_Static_assert((int)OM_JOB_STATEMENT_BYTES > (int)OM_STATEMENT_MAX_BYTES, "every statement fits a job of its own");

enum om_job_kind { OM_JOB_COSIGN, OM_JOB_FINAL, OM_JOB_START, OM_JOB_EVIDENCE, OM_JOB_SUBMIT, OM_JOB_MIRROR };

/* The order in which the writer serves what waits. Votes are COSIGN jobs that waited for entries of the same log: they
 * follow those into the same transaction, so that a witness answers after one flush and not two. Finals are FINAL jobs
 * of logs that nobody waits for here. */
enum om_job_class {
  OM_CLASS_HEADS,
  OM_CLASS_SUBMISSIONS,
  OM_CLASS_MIRRORED,
  OM_CLASS_VOTES,
  OM_CLASS_FINALS,
  OM_CLASSES
};

/* The memory of one slice's items, taken apart. */
struct om_job_memory {
  struct om_job_memory *next;
  struct om_arena arena;
};

struct om_job_item {
  struct om_span bytes;
  uint64_t request;           /* SUBMIT: the client's request id */
  bool done;                  /* checked, or passed over because the job has ended */
  struct om_checked *checked; /* NULL: *why says why not */
  struct om_status *why;      /* NULL: nothing went wrong (yet) */
  struct om_receipt receipt;  /* SUBMIT, once written */
  bool seals;                 /* SUBMIT: the statement is a call to seal a log, and is answered with a seal: */
  uint8_t *seal;              /* once written; owned */
  size_t seal_len;
  bool again; /* the seal was made before */
};

struct om_job {
  enum om_job_kind kind;
  bool accepts;                /* SUBMIT of one statement that the operator accepts by hand: see om_writer_accept */
  struct om_accepted accepted; /* its outcome; or the item's why */
  void *owner;                 /* the loop's: who asked */
  uint32_t log;                /* all but SUBMIT */
  struct om_action action;     /* all but SUBMIT: as the node gave it; its bytes are used in place */
  bool patient;                /* FINAL: of OM_CLASS_FINALS */
  uint8_t *bytes;              /* SUBMIT: the statements, one after the other */
  size_t len;
  size_t n; /* items */
  struct om_job_item *items;
  size_t load_items, load_bytes; /* what it counts for in the writer's bounds */

  /* queue */
  struct om_job *next, *next_check;
  size_t claimed;               /* items given to the pool */
  size_t ready;                 /* items 0 to ready - 1 are checked */
  size_t taken;                 /* items 0 to taken - 1 have been through the writer */
  size_t checking;              /* slices in the pool's hands */
  bool ended;                   /* the rest is not wanted any more */
  struct om_job *vote;          /* MIRROR: a COSIGN of the same log that follows it; NULL: none */
  struct om_job_memory *memory; /* of what has been checked */

  /* outcome */
  enum om_code code;             /* all but SUBMIT */
  struct om_status status;       /* its sentence */
  uint64_t size;                 /* MIRROR: entries held durably now */
  struct om_hash root;           /* MIRROR: of what its parts so far have left */
  bool cut;                      /* MIRROR: they are fewer than before: what came of the job does not count */
  char line[OM_NOTE_LINE_BYTES]; /* COSIGN */
  uint32_t number;               /* EVIDENCE: the piece that shows it */
  bool news;                     /* EVIDENCE: it was not held before */
};

enum om_job_class om_job_class(const struct om_job *job);

/* An empty submission job for OWNER. */
struct om_job *om_job_submit(void *owner);
/* Copies a statement into JOB; false: it has no room left. */
bool om_job_add(struct om_job *job, uint64_t request, const uint8_t *bytes, size_t len);
/* The same for a call to seal a log. */
bool om_job_add_call(struct om_job *job, uint64_t request, const uint8_t *bytes, size_t len);
/* Puts in the place of a statement what it is answered with, so that answers stay in order. */
bool om_job_refuse(struct om_job *job, uint64_t request, const struct om_status *why);
/* A job for an APPLY, COSIGN, FINAL or EVIDENCE action, which it takes over. */
struct om_job *om_job_action(const struct om_action *action);
/* Tells NODE what came of JOB, a MIRROR. */
void om_job_applied(struct om_job *job, struct om_node *node, int64_t now_ms);
/* Frees what is left of JOB, but not its action. */
void om_job_free(struct om_job *job);

/* Notes ST as what went wrong with ITEM, unless something has before or ST is OM_OK. */
void om_job_item_note(struct om_job_item *item, const struct om_status *st);

#endif
