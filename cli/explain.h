/* A lineage walked record by record, for a person: what happened, and where it stands. Thread: the transaction's. */
#ifndef OREMARK_CLI_EXPLAIN_H
#define OREMARK_CLI_EXPLAIN_H

#include <jansson.h>
#include <stdio.h>

#include "ledger/verify.h"

/* Every record that the lot NUMBER came from, in the order in which their logs took them in; each with its place and
 * the head of VERDICT that covers it. JSON NULL: written to OUT as lines; else appended to it, an array. */
enum om_code om_explain(FILE *out, json_t *json, struct om_txn *txn, const struct om_hash *network,
                        const uint8_t number[OM_LOT_NUMBER_BYTES], uint32_t n_steps, const struct om_verdict *verdict,
                        struct om_status *st);

#endif
