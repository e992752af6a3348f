/* An import under way: for import*.c alone. Ownership: import.c makes it and ends it, with all that is in it. */
#ifndef OREMARK_CLI_IMPORT_STATE_H
#define OREMARK_CLI_IMPORT_STATE_H

#include "cli/documents.h"
#include "cli/final.h"
#include "cli/import_lots.h"
#include "cli/import_rows.h"
#include "cli/index.h"
#include "cli/journal.h"
#include "cli/meter.h"
#include "cli/show.h"

/* Groups that were made into one statement. */
struct om_import_batch {
  struct om_arena arena;
  struct om_draft draft;
  struct om_signed statement;
  struct om_touches touches;
  struct om_group *groups[OM_EVENTS_MAX];
  struct om_files papers[OM_EVENTS_MAX]; /* of each group */
  size_t sealed_bytes;                   /* of documents that exist nowhere but here */
  size_t n;
  uint64_t request; /* id of the submission */
  struct om_import_batch *next;
};

struct om_import {
  struct om_session *session;
  const char *path;
  const struct om_secret *secret;
  uint32_t self;
  int64_t valid_ms, wait_ms, final_ms;
  struct om_recorded last; /* the last in the log */
  bool any;                /* there is one */
  size_t events_max;
  bool atomic;
  char *folder;               /* of the CSV, with its slash; "": none */
  struct om_index held;       /* documents that the daemon has, by their hashes in hexadecimal */
  uint64_t documents, sealed; /* brought in this run; events with sealed details recorded in it */
  struct om_rows *rows;
  struct om_journal *journal;
  struct om_import_lots lots;
  struct om_import_batch *first, **end; /* under way, oldest first */
  size_t under_way;
  struct om_import_batch *gathering; /* NULL: none */
  struct om_meter meter;
  uint64_t rows_recorded, rows_again, bad_groups, events, statements; /* of this run, but rows_again */
  struct om_arena replayed_arena; /* the statement of an earlier run that was read last */
  struct om_signed replayed;
  json_t *told;       /* bad rows, the first of them */
  uint64_t bad_rows;  /* that were told of in this run */
  FILE *refused;      /* NULL: they are all shown */
  char *refused_path; /* NULL: there is no such file */
};

/* import_bad.c: what can't be recorded */
/* Tells the person of what is bad in the row at LINE: the first 20 on standard error; where there are more, all in
 * FILE.refused. */
void om_import_tell(struct om_import *import, uint64_t line, const struct om_status *st);
/* Says where those are that were not shown. Once, at the end. */
void om_import_tell_rest(struct om_import *import);
/* GROUP can't be recorded; it is the import's no more. WHY NULL: that was told already. */
void om_import_drop(struct om_import *import, struct om_group *group, const struct om_status *why);

/* import_batch.c: groups become statements, several under way */
enum om_code om_import_new_batch(struct om_import *import, struct om_import_batch **out, struct om_status *st);
void om_import_free_batch(struct om_import_batch *batch);
/* Makes GROUP the next event of BATCH. *FULL: there is no room for it. Another failure says what is wrong with the
 * group; the batch stays as it was. */
enum om_code om_import_build(struct om_import *import, struct om_import_batch *batch, struct om_group *group,
                             bool *full, struct om_status *st);
/* GROUP joins the statement that is being gathered; it is the import's no more. */
enum om_code om_import_gather(struct om_import *import, struct om_group *group, struct om_status *st);
/* Submits what is gathered. */
enum om_code om_import_send(struct om_import *import, struct om_status *st);
/* The reply to the oldest statement under way. */
enum om_code om_import_take_one(struct om_import *import, struct om_status *st);
/* Submits the batch alone and waits. A refused batch of many groups is parted in halves, until the bad ones stand
 * alone. */
enum om_code om_import_settle(struct om_import *import, struct om_import_batch *batch, struct om_status *st);
/* The reply to a submission was that STATEMENT is queued: waits until it is recorded or refused. *AGAIN: it was
 * recorded before. */
enum om_code om_import_wait(struct om_import *import, const struct om_signed *statement, bool *again,
                            struct om_status *st);
/* S stands in the log. What stood there before this run (AGAIN) stands before what is new. */
void om_import_note_last(struct om_import *import, const struct om_signed *s, bool again);
/* Whether CODE speaks of the statement; otherwise of the daemon, and the import stops. */
bool om_import_is_refusal(enum om_code code);
/* Whether CODE speaks of the daemon, and the import stops; otherwise of the statement, or all is well. */
bool om_import_is_stop(enum om_code code);

/* import_papers.c: documents and sealed details */
/* What the columns of GROUP say of them goes into EVENT, the next of BATCH. */
enum om_code om_import_papers(struct om_import *import, struct om_import_batch *batch, const struct om_group *group,
                              Oremark__Event *event, struct om_status *st);
/* Whether what is sealed for BATCH takes as much memory as it may. */
bool om_import_papers_full(const struct om_import_batch *batch);
/* Brings what the events of BATCH name to the daemon, which takes no statement before; each document once. */
enum om_code om_import_put_papers(struct om_import *import, const struct om_import_batch *batch, struct om_status *st);

/* import_again.c: what an earlier run did */
/* A group that stands in the log: only what it did to lots is taken note of. */
enum om_code om_import_replay(struct om_import *import, struct om_group *group, const struct om_journal_place *place,
                              struct om_status *st);
/* Statements that were submitted, and whose answer was not heard: again, byte for byte. */
enum om_code om_import_resubmit(struct om_import *import, struct om_status *st);

#endif
