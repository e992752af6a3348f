/* What the files of a stage share; nobody else's. */
#ifndef OREMARK_LEDGER_STAGE_PARTS_H
#define OREMARK_LEDGER_STAGE_PARTS_H

#include "ledger/stage.h"

/* stage.c: room for more than the N elements of SIZE at OLD, of which *CAP had room: doubled, in ARENA, the old ones
 * left behind. */
void *om_stage_grown(struct om_arena *arena, const void *old, size_t n, size_t *cap, size_t size);

/* stage_lean.c. Each is OM_OK, or OM_WAIT where the judged log's marks do not cover it yet; then the stage says which
 * mark it needs. */
/* Are all logs that were MEMBER's home bound by its leaving them? */
enum om_code om_stage_check_moves(struct om_stage *stage, const struct om_member *member, struct om_status *st);
/* Where the governors have given LOT to another while this was its last event, the pen is that member's, as if the lot
 * were on its way to it: once the log of who had the pen is bound, and every log that was that member's home. */
enum om_code om_stage_check_reassigned(struct om_stage *stage, struct om_lot *lot, struct om_status *st);
/* Is LOT's last event one that the judged log may lean on? */
enum om_code om_stage_check_marked(struct om_stage *stage, const struct om_lot *lot, struct om_status *st);

#endif
