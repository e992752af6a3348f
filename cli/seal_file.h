/* Files around the end of a log: a seal as a witness's daemon made it (the bytes of a Seal), and the governors' call (a
 * statement file). What is read lives in the arena. Thread: the arena's. */
#ifndef OREMARK_CLI_SEAL_FILE_H
#define OREMARK_CLI_SEAL_FILE_H

#include "cli/session.h"
#include "ledger/note.h"

/* OM_USAGE: the file at PATH is no seal. Signatures are not checked: the registry's daemon does that. */
enum om_code om_seal_read(struct om_arena *arena, Oremark__Seal **out, const char *path, struct om_status *st);

/* The head that SEAL states; size 0 and the empty root: none. OM_USAGE: what stands there is no head. */
enum om_code om_seal_head(struct om_checkpoint *out, const Oremark__Seal *seal, struct om_status *st);

#endif
