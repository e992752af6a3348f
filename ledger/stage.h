/* One statement being judged. The rules read lots through here and write them here; nothing reaches the store unless every
 * event of the statement was found valid. The same rules serve the daemon (backed by LMDB) and the replay of `lot verify`
 * (backed by memory). Everything lives in the stage's arena. Thread: the caller's. */
#ifndef OREMARK_LEDGER_STAGE_H
#define OREMARK_LEDGER_STAGE_H

#include "ledger/lot.h"
#include "ledger/registry.h"

enum {
  OM_EVENTS_MAX = 256,        /* events in a statement: DESIGN section 2 */
  OM_EVENT_LOTS_MAX = 1000,   /* lots in an event: DESIGN section 5 */
};

/* What the rules may ask about the world outside the statement. Each returns OM_OK, OM_MISSING, or an error of the store. */
struct om_backing {
  void *ctx;
  /* The lot's last row, in ARENA. */
  enum om_code (*lot)(void *ctx, struct om_arena *arena, struct om_lot *out, const uint8_t number[OM_LOT_NUMBER_BYTES],
                      struct om_status *st);
  /* How far the judged log's marks cover LOG: entries below *SIZE may be leaned on. 0 without a mark. */
  enum om_code (*mark)(void *ctx, uint64_t *size, uint32_t log, struct om_status *st);
  /* MEMBER's gains so far of ELEMENT in PERIOD, milligrams. */
  enum om_code (*drift)(void *ctx, int64_t *mg, uint32_t member, uint8_t element, uint32_t period, struct om_status *st);
  struct om_txn *registry; /* for the lookups of ledger/registry.h */
  bool uncapped;           /* replay of a part of the history: drift is not asked, its cap not checked */
};

/* What stands fixed while a statement is judged. */
struct om_case {
  struct om_hash network;
  struct om_hash statement_id;
  const Oremark__Statement *statement;
  const uint32_t *signers; /* members whose signatures were found good, ascending, each once */
  size_t n_signers;
  uint32_t log;            /* where the entry stands or would stand */
  uint64_t index;
  uint64_t registry_size;  /* the log's last registry mark */
  int64_t taken_ms;        /* entry time, Unix ms */
};

struct om_staged_drift {
  uint8_t element;
  uint32_t period;
  int64_t mg; /* the new sum */
};

struct om_stage {
  struct om_arena *arena;
  const struct om_case *judged;
  const struct om_backing *backing;
  struct om_member member; /* who speaks */
  /* Lots as the statement leaves them so far: the last row of each, in the order first touched... */
  struct om_lot **lots;
  size_t n_lots, cap_lots;
  /* ...every row that it wrote, in order (a lot twice touched has two), to be put into the store... */
  struct om_lot **rows;
  size_t n_rows, cap_rows;
  /* ...and the lots that each event wrote, for references within the statement: outputs[first[e] .. first[e + 1]). */
  struct om_lot **outputs;
  size_t n_outputs, cap_outputs;
  size_t first[OM_EVENTS_MAX + 1];
  struct om_staged_drift *drift;
  size_t n_drift, cap_drift;
};

/* Judges every event of JUDGED against BACKING; on OM_OK, OUT holds the rows to be written. OM_REFUSED names the rule, the
 * figures and what to do; OM_WAIT where it leans on what the log's marks do not cover yet: then *WAIT_LOG and *WAIT_SIZE say
 * which mark it needs. Events must be custody events; signatures and form have been checked before. */
enum om_code om_judge(struct om_stage *out, struct om_arena *arena, const struct om_case *judged, const struct om_backing *backing,
                      uint32_t *wait_log, uint64_t *wait_size, struct om_status *st);

#endif
