/* Entries of the registry log that each operator accepts by hand, because its own daemon or too many witnesses are
 * gone: a restart of the network from stated heads (DESIGN section 3, "Break glass"), or the succession of the registry
 * log, which goes on as the same tree under another daemon's keys and origin. The governors' threshold signs a
 * statement; at every daemon that accepts it, it becomes the entry of the registry log that follows the stated head,
 * the same bytes everywhere: Entry{taken_ms: when it was signed, but not before the entry in front of it; statement}.
 * From there on the log goes on under the new list of witnesses, or the new daemon: the witnesses' compare-and-set lets
 * one successor be. A daemon that meets such an entry from a peer waits there, and accuses nobody.
 *
 * What this asks of a witness: it forgets the votes that it gave beyond the stated heads. The threshold's signatures,
 * and each operator's own hand, stand in the place of the promise.
 *
 * Threads: accepting, the writer's, between batches; predicates any. */
#ifndef OREMARK_LEDGER_ACCEPT_H
#define OREMARK_LEDGER_ACCEPT_H

#include "ledger/ledger.h"

#define OM_BY_HAND_TEXT                                                                                              \
  "the registry log goes on with an act that each operator accepts by hand: accept it (oremark network accept FILE)" \
  " or stop this daemon"

struct om_accepted {
  struct om_hash statement_id;
  uint64_t index; /* of the registry log */
  bool again;     /* it stands there already */
};

/* Takes STATEMENT (a SignedStatement of one such act) in, taking out what is held beyond the stated heads
 * (ledger/rebuild.h). Whole or not at all. OM_MISSING: entries below a stated head are not held here,
 * and noted as wanted if the governors have signed it; OM_REFUSED: it is
 * no such act, too few governors have signed it, another history is held below a stated head, or a rule of the act.
 * After success all that is remembered of sizes is to be asked anew. */
enum om_code om_ledger_accept(struct om_ledger *ledger, struct om_accepted *out, const uint8_t *statement, size_t len,
                              struct om_status *st);

/* Is there an act that was to be accepted and could not be, as entries are missing? */
bool om_wanted(struct om_txn *txn);
/* How much of LOG is wanted, final or not: up to the head that such an act states, or the last restart. */
uint64_t om_wanted_size(struct om_txn *txn, uint32_t log);

/* The root that the governors have stated for LOG at SIZE: its end, if it has ended, the last restart, or what is
 * wanted; false: they have stated none there. */
bool om_stated_root(struct om_txn *txn, struct om_hash *root, uint32_t log, uint64_t size);

/* Is CHECKED's statement an act that is accepted by hand? */
bool om_by_hand(const struct om_checked *checked);
/* OM_WAIT, rule "by-hand": CHECKED, such an act, was met as INDEX of the registry log, in BATCH, and is not taken;
 * noted for om_by_hand_met. OM_REFUSED: nobody could accept it there: the governors have not signed it, or not for
 * there. */
enum om_code om_by_hand_wait(struct om_batch *batch, uint64_t index, struct om_checked *checked, struct om_status *st);
/* Which entry of the registry log is waited at for the operator's hand; false: none. */
bool om_by_hand_met(struct om_txn *txn, uint64_t *index);

/* Behind the head that a restart states, a log goes on with a mark of the registry that covers the restart. OM_WAIT,
 * rule "restart": LOG of SIZE entries, whose registry mark covers REGISTRY_SIZE, has none yet. */
enum om_code om_restart_marked(struct om_txn *txn, uint32_t log, uint64_t size, uint64_t registry_size,
                               struct om_status *st);
/* The witnesses whom LOG is to ask, and who witness it, from the restart on until it has marked that: the list of the
 * restart. OM_MISSING: no restart lies between REGISTRY_SIZE, its registry mark, and now. */
enum om_code om_restart_quorum(struct om_txn *txn, struct om_quorum *out, uint32_t log, uint64_t registry_size,
                               struct om_status *st);

#endif
