/* Work that is done side by side, on as many threads as there are cores. What comes of it must not depend on how many
 * there are. Thread: one at a time, whoever has it; what is done runs on all of them. */
#ifndef OREMARK_LEDGER_CREW_H
#define OREMARK_LEDGER_CREW_H

#include <stddef.h>

enum { OM_CREW_MAX = 64 }; /* more cores than any block of work has use for */

struct om_crew;

/* As many threads as cores, the caller's among them. Never NULL: where no thread can be had, the caller's does it all.
 */
struct om_crew *om_crew_new(void);
/* As many as work side by side: 1 for NULL. */
size_t om_crew_size(const struct om_crew *crew);
/* Calls EACH for I from 0 to N - 1, each once; returns when all is done. WHO, below om_crew_size, is the one who does
 * it: no other does anything with the same WHO at that time. The caller is 0. NULL: the caller does it all. */
void om_crew_do(struct om_crew *crew, size_t n, void (*each)(void *ctx, size_t who, size_t i), void *ctx);
/* NULL is fine. */
void om_crew_free(struct om_crew *crew);

#endif
