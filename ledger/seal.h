/* Seals: what a witness promises of a log that is to be ended, and whether enough have promised.
 *
 * The governors' threshold calls for it (SealLog, a statement that stands in no log). A witness that is given the call
 * keeps, in one commit, the call and its Seal: from then on it cosigns nothing more of that log, unless the registry
 * lifts that call (LiftSeal). The seal states the highest head that it keeps and, by their registry indexes, the lists
 * of witnesses that count for that head: the current one and the settled one.
 *
 * RetireLog ends a log at a head no lower than any in the seals that it carries. How many are enough: of every list
 * that any of them states, with w operators, quorum k and f = floor((w - 1) / 3), at least w + f - k + 1 operators. Why
 * that suffices: let H be final, signed by k operators of its list. The sealers of that list and those k have (w + f -
 * k + 1) + k - w = f + 1 operators in common, so one that is honest: it signed H before it sealed (after that it signs
 * nothing), and its seal states a head no lower than H. It remains that H's list is among those counted. The first seal
 * in the act that comes from an honest witness (there is one: a list that is counted has f + 1 sealers or more) states
 * the true lists of a true head. If the witnesses were changed after that head, the log's first head under the new list
 * carries the quorum of both lists; by the argument above, one honest sealer of the old list knows that head or a
 * higher one, and states its lists: the new one is counted too. So from change to change up to the list of H. A witness
 * that knows no head of the log can state no list of it: its seal counts only where the witnesses have never changed
 * since the log was named, unless the governors judge.
 *
 * A restart of the network breaks that chain, and begins another: it states a head of every log, which counts like one
 * that a seal states, and a list. Seals that state a list from before it count no more; those from behind it state no
 * older one than that.
 *
 * A liar's seal may state any lists. That only adds to what is needed: the governors leave it out.
 *
 * Pure: given bytes and keys, no clock. Threads: as ledger.h says. */
#ifndef OREMARK_LEDGER_SEAL_H
#define OREMARK_LEDGER_SEAL_H

#include "ledger/ledger.h"

enum {
  /* A head of one signature, two hashes' worth of names, a signature: more is no seal. 64 of what daemons make, with
   * the longest names, fit an entry. */
  OM_SEAL_MAX_BYTES = 2048,
};

/* What the signature of SEAL is over: SHA-256("oremark/v1/seal" NUL || network id || SEAL without its signature). */
void om_seal_digest(struct om_hash *out, const struct om_hash *network, const Oremark__Seal *seal);

/* As a witness, at the call CHECKED (a statement of one SealLog, from om_check_statement; it stays the caller's) and at
 * NOW_MS: makes the seal of that log and keeps it; from here on the log is not cosigned. *OUT, a Seal, is in ARENA and
 * may be told to anybody only after the commit. The same call gets the same seal again (*AGAIN). OM_REFUSED: no such
 * call, not signed by the governors' threshold as the registry here has it, late; this daemon is no witness of the log
 * ("witness"), may have forgotten what it has cosigned ("votes"), or has sealed the log at another call ("sealed"). */
enum om_code om_batch_seal(struct om_batch *batch, struct om_arena *arena, struct om_bytes *out, bool *again,
                           struct om_checked *checked, int64_t now_ms, const struct om_signers_keys *keys,
                           struct om_status *st);

/* Has this daemon sealed LOG, at a call (*CALL) that the registry here has not lifted? */
bool om_log_sealed(struct om_txn *txn, struct om_hash *call, uint32_t log);

#endif
