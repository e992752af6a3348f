/* What went into an event of a lineage: found in the bytes of its entry, by whoever walks the lineage, and ahead of the
 * walk by those who work side by side. Seen by lineage.c only. Thread: the finder's transaction's. */
#ifndef OREMARK_LEDGER_LINEAGE_FIND_H
#define OREMARK_LEDGER_LINEAGE_FIND_H

#include <stdatomic.h>

#include "ledger/lineage.h"
#include "ledger/step.h"

enum {
  OM_FINDER_IDS = 256,     /* statement ids remembered: events of one statement are mostly met soon after one another */
  OM_AHEAD_ROWS = 4,       /* made, shipped, received, used up: what most lots have */
  OM_AHEAD_INPUTS = 65536, /* found ahead at a time: 12 MB */
};

struct om_finder_id {
  bool filled;
  uint32_t log;
  uint64_t index;
  struct om_hash id;
};

struct om_finder {
  struct om_txn *txn;
  const struct om_hash *network;
  struct om_arena arena; /* of the event in hand */
  struct om_finder_id ids[OM_FINDER_IDS];
  struct { /* the entry that was looked into last: events that stand together are mostly expanded one after the other */
    bool filled;
    uint32_t log;
    uint64_t index;
    struct om_found_all found;
  } entry;
};

/* The numbers of all lots that the event AT takes from; *POOL: it is one pool, which goes on. Most events name theirs
 * by number, and need not be taken apart. NUMBERS has room for OM_EVENT_REFS_MAX, and is good until the next. */
enum om_code om_finder_inputs(struct om_finder *f, const uint8_t **numbers, size_t *n, bool *pool,
                              const struct om_lineage_event *at, struct om_status *st);

/* A row of a lot, as far as a lineage needs it. */
struct om_lineage_row {
  uint64_t index;
  uint32_t log, step, custodian, site, owner;
  uint16_t event;
  bool pool;
};
void om_lineage_row_of(struct om_lineage_row *out, const struct om_lot *lot);

struct om_ahead_input {
  uint8_t number[OM_LOT_NUMBER_BYTES];
  uint32_t n_rows;
  struct om_lineage_row rows[OM_AHEAD_ROWS]; /* its first, up to the event's */
};

/* Of one event, all zero before; INPUTS is to be freed. */
struct om_ahead {
  bool found; /* false: nothing was found ahead */
  bool pool;
  size_t n;
  struct om_ahead_input *inputs;
};

/* Finds ahead what AT takes from, if there is room: ROOM is how many inputs have been found by all. */
void om_finder_ahead(struct om_finder *f, struct om_ahead *out, _Atomic size_t *room,
                     const struct om_lineage_event *at);

#endif
