/* What the node has been told of the ledger, and the telling of what is new: sizes, heads, final heads, witnesses,
 * after each flush. Ownership: the caller's; om_tracker_free ends it. Thread: the loop's. */
#ifndef OREMARK_DAEMON_IO_TRACKER_H
#define OREMARK_DAEMON_IO_TRACKER_H

#include "daemon/core/node.h"
#include "ledger/touched.h"

struct om_told {
  uint64_t size, final_size, registry_size, head_size, cuts;
  uint64_t provable;   /* size of the head by which it is served */
  uint64_t own_mark;   /* head at which its witnesses were last settled */
  uint64_t final_head; /* size of its last final head */
  bool stopped, frozen, ended;
  uint64_t claim;   /* a quorum signed so much of it beyond a stop; 0: no matter */
  uint64_t awaited; /* the same in the place of what was cut from it */
  uint32_t pieces;  /* of evidence */
};

struct om_tracker {
  struct om_node *node;
  uint32_t own_log;
  uint32_t n; /* logs told of */
  struct om_told *logs;
};

/* Tells the node everything that differs from what it was told; of logs that are not TOUCHED nothing does. TXN begins
 * after om_store_touched. *REGISTRY whether the registry log has grown (the first time: true). */
enum om_code om_tracker_refresh(struct om_tracker *tracker, bool *registry, struct om_txn *txn,
                                const struct om_touched *touched, uint32_t own_log, int64_t now_ms,
                                struct om_status *st);
void om_tracker_free(struct om_tracker *tracker);

#endif
