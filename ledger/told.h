/* What the ledger found, in the words of proto/client.proto: the daemon sends it, the command shows it, and both say
 * the same of a store and of a file. What is made lives in the caller's arena; a verdict's message also points into the
 * verdict. Thread: the transaction's. */
#ifndef OREMARK_LEDGER_TOLD_H
#define OREMARK_LEDGER_TOLD_H

#include "ledger/as_of.h"
#include "ledger/verify.h"
#include "proto/client.pb-c.h"

/* A log as INFO has it, with its operator's name, its quorum and its end. */
enum om_code om_log_told(struct om_txn *txn, struct om_arena *arena, Oremark__LogState **out,
                         const struct om_log_info *info, struct om_status *st);
/* Every succession of the registry log that stands here; *N of them. */
Oremark__Succession **om_successions_told(struct om_txn *txn, struct om_arena *arena, size_t *n);
/* A verdict, with the heads that it was reached against; OUT is initialised here. */
enum om_code om_verdict_told(struct om_txn *txn, struct om_arena *arena, Oremark__Verdict *out,
                             struct om_verdict *verdict, struct om_status *st);
/* Of which moment an answer is: what was FOUND as of MOMENT. */
enum om_code om_as_of_told(struct om_txn *txn, struct om_arena *arena, Oremark__AsOf **out,
                           const struct om_as_of *found, const struct om_moment *moment, struct om_status *st);

#endif
