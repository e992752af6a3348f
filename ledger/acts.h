/* Registry acts: what the genesis (genesis.c) and each act (acts_*.c) write into the registry. Writer's thread. */
#ifndef OREMARK_LEDGER_ACTS_H
#define OREMARK_LEDGER_ACTS_H

#include "ledger/statement.h"
#include "ledger/store.h"

/* Reads and checks the genesis: canonical, numbered as stated, governors and threshold over half, keys that are points,
 * distinct origins, a quorum that every log can reach and that tolerates its third. OM_MALFORMED or OM_REFUSED with the
 * field and why. */
enum om_code om_genesis_check(const Oremark__Genesis **out, struct om_arena *arena, const uint8_t *bytes, size_t len,
                              struct om_status *st);

/* Writes what GENESIS says, as registry index 0. */
enum om_code om_genesis_apply(struct om_txn *txn, const Oremark__Genesis *genesis, struct om_status *st);

/* Judges the acts of one statement as of registry size JUDGED->index and writes what they say, as registry index
 * JUDGED->index. When it fails, some rows may have been written: the caller runs it in a place that it can undo. */
enum om_code om_acts_apply(struct om_txn *txn, const struct om_case *judged, struct om_status *st);

/* Are the signers of JUDGED governors only, and at least the threshold of them, as of registry size JUDGED->index? */
enum om_code om_act_governors_signed(struct om_txn *txn, const struct om_case *judged, struct om_status *st);

/* Operators needed of W eligible ones: OVERRIDE if not 0, else floor(2w/3) + 1; 0 with W = 0. */
uint32_t om_quorum_size(uint32_t w, uint32_t override);
/* Does a quorum of K among W operators still meet in an honest one when f = floor((w - 1) / 3) lie? 2k > w + f, k <= w.
 */
bool om_quorum_safe(uint32_t w, uint32_t k);

#endif
