/* Lots in memory, for judging a history without a store: what tests of the rules play with. Entries are judged one
 * after the other, each against the rows that those before it left. It holds the last row of each lot, packed. Owns all
 * that it holds; what it returns is a copy. Thread: one at a time. */
#ifndef OREMARK_TESTS_SUPPORT_REPLAY_H
#define OREMARK_TESTS_SUPPORT_REPLAY_H

#include "ledger/stage.h"

/* Rows by key: open addressing, the sizes powers of two. */
struct om_replay_table {
  struct om_replay_row *rows;
  size_t n, cap;
};

/* All zero but for what the caller sets is an empty one. Not to be copied once in use. */
struct om_replay {
  /* How far the log that is being judged covers LOG, as om_backing's; with MARK_CTX. NULL: the caller has made sure
   * that the entries come in an order in which each leans only on what it may. */
  enum om_code (*mark)(void *ctx, uint64_t *size, uint32_t log, struct om_status *st);
  void *mark_ctx;
  struct om_txn *registry; /* for the lookups of ledger/registry.h and ledger/attested.h, whose rows it is given too */
  bool uncapped;           /* a part of the history: gains that others saw are missing, so caps are not checked */
  struct om_arena arena;
  struct om_replay_table lots;
  struct om_replay_table drift;
};

/* What om_judge asks; it points to REPLAY. */
struct om_backing om_replay_backing(struct om_replay *replay);

/* Takes over what STAGE, found valid by om_judge, wrote. */
void om_replay_apply(struct om_replay *replay, const struct om_stage *stage);

/* The last row of a lot, in ARENA; OM_MISSING if there is none. */
enum om_code om_replay_lot(const struct om_replay *replay, struct om_arena *arena, struct om_lot *out,
                           const uint8_t number[OM_LOT_NUMBER_BYTES], struct om_status *st);

/* Gives all memory back; what the caller set stays. */
void om_replay_free(struct om_replay *replay);

#endif
