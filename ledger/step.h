/* One event as it stands in a log: found in an entry's bytes without taking the rest of it apart, and as a line of a
 * lot's history. Reads through the caller's transaction; what is found points into the entry's bytes and lives as long
 * as they do. Thread: the transaction's. */
#ifndef OREMARK_LEDGER_STEP_H
#define OREMARK_LEDGER_STEP_H

#include "ledger/ledger.h"
#include "ledger/text.h"

/* An event's bytes, and what its entry and statement say. */
struct om_found {
  int64_t taken_ms;          /* the entry's, Unix ms */
  uint32_t member;           /* who speaks */
  uint64_t signed_ms;        /* Unix ms; at most OM_SIGNED_MAX_MS */
  struct om_bytes statement; /* bytes of the Statement */
  struct om_bytes event;     /* bytes of the Event */
};

/* Finds event EVENT in the entry BYTES (proto/log.proto). False where they hold no statement with so many events. Looks
 * at nothing else: whether the rest is sound is om_check_entry's to say. */
bool om_find_event(struct om_found *out, const uint8_t *bytes, size_t len, uint16_t event);

/* All events of an entry: what its entry and statement say (no event in IN), and the bytes of each. */
struct om_found_all {
  struct om_found in;
  size_t n;
  struct om_bytes events[OM_EVENTS_MAX];
};
/* As om_find_event, of all at once. False where they hold no statement, or more events than one has. */
bool om_find_events(struct om_found_all *out, const uint8_t *bytes, size_t len);

/* Which events of the entry BYTES name documents (ledger/documents.h). False: none. As om_find_event, it looks at
 * nothing else. */
bool om_find_documents(bool named[OM_EVENTS_MAX], const uint8_t *bytes, size_t len);

/* The numbers of the lots that EVENT, an event's bytes, takes its metal from, where it makes lots and names all of
 * those by number; in its order, pointing into its bytes. False for any other event, and where it can't be read: take
 * it apart. */
bool om_find_inputs(const uint8_t **numbers, size_t *n, struct om_bytes event);

/* Finds the genesis in the first entry of the registry log. */
bool om_find_genesis(struct om_bytes *out, const uint8_t *bytes, size_t len);

enum { OM_EVENT_REFS_MAX = OM_EVENT_LOTS_MAX + 1 }; /* a pool and all that is charged */

/* The lots that EVENT names, in its order; a pool comes before what is charged into it. Returns how many. REFS point
 * into EVENT. */
size_t om_event_refs(const Oremark__LotRef *refs[OM_EVENT_REFS_MAX], const Oremark__Event *event);

/* One line of a lot's history, in the form that the daemon sends it (Step in proto/client.proto). */
struct om_step {
  struct om_hash event_id, statement_id;
  uint64_t signed_ms; /* the statement's, Unix ms */
  struct om_place at; /* log, index, event */
  char origin[OM_NAME_BYTES + 1];
  uint32_t member;
  char member_name[OM_NAME_BYTES + 1];
  const char *kind;    /* "ship"; static */
  struct om_text text; /* one line for a person */
  int64_t at_ms;       /* when it happened, by its signer, Unix ms */
  int32_t zone_min;
  int64_t taken_ms;            /* when the log took it in, Unix ms */
  bool final;                  /* covered by a final head that is held here */
  const Oremark__Event *event; /* as long as the arena that it was read with */
};

/* Reads the event at AT (its output does not matter). ARENA holds what was taken apart and may be reset afterwards.
 * OM_MISSING where the entry is not held, OM_CORRUPT where it holds no such event. */
enum om_code om_step_read(struct om_txn *txn, struct om_arena *arena, struct om_step *out,
                          const struct om_hash *network, const struct om_place *at, struct om_status *st);

#endif
