/* The lots that an import knows: those of its own rows by ref and alias, and those it has asked the daemon for. Each
 * has a state as of the statement that is being gathered and one as of what is recorded, so that a refused statement
 * can be taken back. Thread: one. */
#ifndef OREMARK_CLI_IMPORT_LOTS_H
#define OREMARK_CLI_IMPORT_LOTS_H

#include "cli/import_rows.h"
#include "cli/index.h"
#include "cli/session.h"
#include "cli/statement.h"

/* Where a lot stands after some event. */
struct om_lot_standing {
  bool exists;
  bool gone;   /* went whole into others */
  bool within; /* written by event EVENT as its output OUTPUT, in the statement being gathered */
  uint32_t event, output;
  struct om_hash last_event; /* not within */
};

struct om_import_lot {
  struct om_lot_standing now, recorded;
  bool bad;         /* the row that was to make it was not recorded */
  uint64_t line;    /* of the row that makes it, or used it up last; 0: none of ours */
  bool born_within; /* its number is not known before the statement is whole */
  uint32_t born_event, born_output;
  uint8_t number[OM_LOT_NUMBER_BYTES];
  bool described;
  uint32_t form;
  char *name; /* owned */
  uint64_t gross_mg;
  size_t n_metals;
  uint32_t elements[OM_FOUND_METALS_MAX];
  uint64_t contained_mg[OM_FOUND_METALS_MAX];
  const char *ref;            /* the row's own name for it, owned; NULL: none */
  struct om_import_lot *next; /* of all, newest first */
};

struct om_import_lots {
  struct om_index names; /* refs, aliases, OM- numbers */
  struct om_import_lot *all;
  struct om_import_lot ambiguous; /* what a text names that names two lots */
};

void om_import_lots_free(struct om_import_lots *lots);

/* The session's find_lot and found_lot, with the lots as their context. */
enum om_code om_import_find(void *ctx, struct om_found_lot *out, const char *text, struct om_status *st);
void om_import_found(void *ctx, struct om_found_lot *found, const char *text);

/* What one event did to a lot. */
struct om_lot_touch {
  struct om_import_lot *lot;
  struct om_lot_standing after;
};

struct om_touches {
  struct om_lot_touch *list;
  size_t n, cap;
};

/* Notes that GROUP became event EVENT_INDEX of the statement being gathered: EVENT is what was built. Appends to
 * TOUCHES. */
enum om_code om_import_apply(struct om_import_lots *lots, struct om_touches *touches, const struct om_group *group,
                             const Oremark__Event *event, uint32_t event_index, struct om_status *st);
/* The statement is whole: numbers and event ids are known. */
void om_import_seal(struct om_import_lots *lots, struct om_touches *touches, const struct om_signed *statement);
/* It is recorded; or it is not, and everything is as it was. */
void om_import_recorded(struct om_touches *touches);
void om_import_take_back(struct om_touches *touches);
void om_touches_free(struct om_touches *touches);

/* GROUP was not recorded: what refers to its lots can't be either. */
void om_import_spoil(struct om_import_lots *lots, const struct om_group *group);

#endif
