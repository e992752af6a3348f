/* The versions of the rules. A network begins with the one that its genesis states, and SetRules switches all daemons
 * to another at the same place in every log: each entry is judged by the version as of its log's registry mark. A
 * daemon that does not know a version does not take the SetRules in, and so waits at every mark that covers it; it says
 * *upgrade* and accuses nobody. What a version changes stands here, and nowhere else is a version compared.
 *
 * 1: the first one.
 * 2: a statement is valid for OM_VALID_MAX_DAYS from its signing at most: one that is signed and lost is void some day.
 */
#ifndef OREMARK_LEDGER_RULES_H
#define OREMARK_LEDGER_RULES_H

#include "ledger/ledger.h"

enum { OM_VALID_MAX_DAYS = 366 }; /* longer than the wettest season closes a road, and than a year of any calendar */

/* OM_REFUSED ("validity"): not by the version of the rules as of registry size AS_OF. */
enum om_code om_rules_statement(struct om_txn *txn, const Oremark__Statement *statement, uint64_t as_of,
                                struct om_status *st);

/* OM_WAIT, rule "upgrade": the registry's entry INDEX, met in BATCH, switches to VERSION, which this program does not
 * know; it is not taken. Noted for om_upgrade_met. */
enum om_code om_upgrade_wait(struct om_batch *batch, uint64_t index, const struct om_status *why, struct om_status *st);
/* Is the registry log waited at for a newer program? */
bool om_upgrade_met(struct om_txn *txn);
#define OM_UPGRADE_TEXT \
  "the network has gone over to a version of the rules that this program does not know: upgrade oremarkd"

/* LEDGER is to do as a program would that knows the rules up to VERSION only. For tests; before the first batch. */
void om_ledger_know_rules(struct om_ledger *ledger, uint32_t version);

#endif
