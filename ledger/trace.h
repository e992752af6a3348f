/* A lot and all that it came from, as a graph of lots for `oremark lot trace`: each lot once, handed out one at a time
 * in the order in which the lineage was found, so that the daemon can send it in pieces. A pool that takes in again
 * what was drawn from it makes a circle: whoever walks the graph marks where it has been. Thread: the transaction's. */
#ifndef OREMARK_LEDGER_TRACE_H
#define OREMARK_LEDGER_TRACE_H

#include "ledger/lineage.h"
#include "ledger/step.h"

struct om_trace_node {
  uint32_t node;           /* its index: 0 is the lot asked for, then counting up */
  struct om_lot lot;       /* as it went into what was made of it; the lot asked for: as it is */
  struct om_step made_by;  /* the event that made it */
  struct om_step moved_by; /* the lot asked for, and a pool: the last event of it that counts here; else as made_by */
  uint32_t moves;          /* ships, receipts and others since it was made, without its end */
  size_t n_inputs;
  const uint32_t *inputs; /* indexes of the nodes that went into it */
};

/* What NODE points to lives until the call returns. A code other than OM_OK ends the trace with it. */
typedef enum om_code om_trace_fn(void *ctx, const struct om_trace_node *node, uint32_t n_nodes, struct om_status *st);

/* Traces the lot NUMBER up to its last step; PROGRESS (may be NULL) is told while the lineage is collected. Errors as
 * those of om_lineage_collect, and TOLD's. */
enum om_code om_trace(struct om_txn *txn, const struct om_hash *network, const uint8_t number[OM_LOT_NUMBER_BYTES],
                      om_trace_fn *told, void *ctx, const struct om_progress *progress, struct om_status *st);

#endif
