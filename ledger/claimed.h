/* What has been claimed for lots from certificates for a quantity (Claim): by element, 0 being gross mass, and scheme.
 * It goes with the metal: what is made of a lot takes its share along, in proportion to the mass of that element, so
 * that nobody claims metal anew under the same scheme after it was split, combined, processed or pooled. What is not
 * claimed yet is never more than before, whatever way the metal goes; but for gains, which count as drift.
 *
 * This is a rule and no finding, since custody is the lock here too: whoever writes a lot's next record holds all that
 * happened to it before (ledger/stage.h, om_stage_find), so every log judges it alike. What has been claimed for lots
 * that one statement touches is kept beside them while it is judged. Thread: the stage's. */
#ifndef OREMARK_LEDGER_CLAIMED_H
#define OREMARK_LEDGER_CLAIMED_H

#include "ledger/attested.h"
#include "ledger/registry.h"
#include "ledger/stage.h"

enum {
  OM_CLAIMED_OF_MAX = 1 + OM_SCHEME_BYTES, /* element, scheme */
  /* A row of what is claimed is a row of a table: it takes about as long to write as so many shares in a lot's. */
  OM_CLAIMED_SHARES = 4,
};

struct om_claimed {
  uint8_t of[OM_CLAIMED_OF_MAX];
  size_t n_of;
  int64_t mg;
};

struct om_claimed_list {
  size_t n;
  struct om_claimed *rows; /* ascending, each of something else */
};

/* How much of ELEMENT (0: gross mass) LOT holds, milligrams. */
int64_t om_claimed_holds(const struct om_lot *lot, uint8_t element);

/* *MG of ELEMENT has been claimed for LOT under SCHEME so far; 0 where only a part of the history is known. LOT is one
 * that the statement has touched. */
enum om_code om_claimed_get(struct om_stage *stage, int64_t *mg, const struct om_lot *lot, uint8_t element,
                            const char *scheme, struct om_status *st);
/* From now on it is MG. */
enum om_code om_claimed_set(struct om_stage *stage, const struct om_lot *lot, uint8_t element, const char *scheme,
                            int64_t mg, struct om_status *st);

/* Passes on what was claimed for N lots, which the event being judged takes from, to its outputs; where one of those
 * took part itself (a pool) it has its new share then. "origins" where there is more than a statement may move. */
enum om_code om_claimed_pass(struct om_stage *stage, const struct om_lot *const *lots, size_t n, struct om_status *st);

#endif
