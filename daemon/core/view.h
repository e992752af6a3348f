/* What the ledger keeps, in the words of proto/client.proto: rows get the names of members and sites, the texts of
 * events, and whether they are final. Everything a view makes lives in its arena. Thread: the transaction's. */
#ifndef OREMARK_DAEMON_CORE_VIEW_H
#define OREMARK_DAEMON_CORE_VIEW_H

#include "ledger/ledger.h"
#include "ledger/step.h"
#include "proto/client.pb-c.h"

enum {
  OM_VIEW_SITES = 3000, /* of a member, the last ones: below 600 KiB, however many it adds */
};

struct om_view {
  struct om_txn *txn;
  const struct om_hash *network;
  struct om_arena *arena; /* of what is shown; ends with om_view_reset */
  struct om_arena shown, kept;
  struct om_arena entry; /* of the entry that was looked into last: lots that were made together follow each other */
  struct om_place entry_at;
  const Oremark__Entry *entry_read; /* NULL: none yet */
  const Oremark__Statement *statement_read;
  struct om_log_info **logs; /* by number; NULL: not looked up yet; in KEPT */
  uint32_t n_logs;
};

/* TXN and NETWORK are borrowed until om_view_end. VIEW is not to be moved. */
void om_view_begin(struct om_view *view, struct om_txn *txn, const struct om_hash *network);
/* Forgets what was made so far, but not what was looked up of the logs. */
void om_view_reset(struct om_view *view);
void om_view_end(struct om_view *view);

enum om_code om_view_log(struct om_view *view, Oremark__LogState **out, uint32_t log, struct om_status *st);
/* An entry taken apart. */
enum om_code om_view_entry(struct om_view *view, const Oremark__Entry **out, uint32_t log, uint64_t index,
                           struct om_status *st);
/* LOT with its names; LOT must outlive *OUT. */
enum om_code om_view_lot(struct om_view *view, Oremark__Lot **out, const struct om_lot *lot, struct om_status *st);
/* An event, as om_step_read found it; MADE must outlive *OUT. */
enum om_code om_view_made(struct om_view *view, Oremark__Step **out, const struct om_step *made, struct om_status *st);
enum om_code om_view_members(struct om_view *view, Oremark__Members *out, struct om_status *st);
/* Drift sums of MEMBER (0: everybody's). */
enum om_code om_view_audit(struct om_view *view, Oremark__Audit *out, uint32_t member, struct om_status *st);

#endif
