/* Work that is done side by side, on as many threads as there are cores. Thread: the owner's; what is done runs on all
 * of them. */
#ifndef OREMARK_CLI_CREW_H
#define OREMARK_CLI_CREW_H

#include <stddef.h>

struct om_crew;

/* As many threads as cores, the caller's among them. Never NULL: where no thread can be had, the caller's does it all.
 */
struct om_crew *om_crew_new(void);
/* Calls EACH for 0 to N - 1, each once; returns when all is done. */
void om_crew_do(struct om_crew *crew, size_t n, void (*each)(void *ctx, size_t i), void *ctx);
void om_crew_free(struct om_crew *crew);

#endif
