/* Which known name a mistyped one was meant to be. Owns nothing. Thread: any. */
#ifndef OREMARK_CLI_NEAREST_H
#define OREMARK_CLI_NEAREST_H

#include <stddef.h>

enum { OM_NEAREST_MAX_BYTES = 64 }; /* longer words are no slip of the finger */

/* Begin with {word, NULL, 0}; after all tries `best` is the nearest, NULL if none is near. */
struct om_nearest {
  const char *word;
  const char *best;
  size_t distance;
};

void om_nearest_try(struct om_nearest *nearest, const char *candidate);

/* Edits (insert, drop, replace, swap neighbours) that turn A into B, for words of at most OM_NEAREST_MAX_BYTES bytes;
 * longer ones count as far as they are long. */
size_t om_edit_distance(const char *a, const char *b);

#endif
