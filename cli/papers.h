/* The documents that events name, with whether the daemon holds them, as a table or as JSON. Thread: the session's. */
#ifndef OREMARK_CLI_PAPERS_H
#define OREMARK_CLI_PAPERS_H

#include "cli/session.h"
#include "cli/show.h"

struct om_paper_list {
  Oremark__Moment *as_of; /* the history up to then; NULL: all */
  struct om_session *session;
  struct libscols_table *table; /* NULL: JSON */
  json_t *json;                 /* NULL: a table */
  size_t n;
  /* Told of every event of a lot that has sealed details; NULL: nobody. */
  void (*sealed)(void *ctx, const Oremark__Step *step);
  void *ctx;
};

/* A table, or JSON where the session speaks that. The list's until it is shown or dropped. */
void om_papers_begin(struct om_paper_list *list, struct om_session *session);
void om_papers_drop(struct om_paper_list *list);
/* Prints the table, if there is anything in it; the list has none after that. */
void om_papers_print(struct om_paper_list *list);

/* One document of STEP. */
enum om_code om_papers_add(struct om_paper_list *list, const Oremark__Step *step,
                           const Oremark__NamedDocument *document, struct om_status *st);
/* Those of all events of the lot, and of the attestations about it. */
enum om_code om_papers_of_lot(struct om_paper_list *list, const uint8_t number[OM_LOT_NUMBER_BYTES],
                              struct om_status *st);

#endif
