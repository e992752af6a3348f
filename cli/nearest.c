#include "cli/nearest.h"

#include <string.h>

static size_t min3(size_t a, size_t b, size_t c) {
  size_t m = a < b ? a : b;
  return m < c ? m : c;
}

size_t om_edit_distance(const char *a, const char *b) {
  size_t la = strlen(a), lb = strlen(b);
  if (la > OM_NEAREST_MAX_BYTES || lb > OM_NEAREST_MAX_BYTES) return la > lb ? la : lb;
  size_t rows[3][OM_NEAREST_MAX_BYTES + 1]; /* the row being filled and the two before it */
  for (size_t j = 0; j <= lb; j++) rows[0][j] = j;
  for (size_t i = 1; i <= la; i++) {
    size_t *now = rows[i % 3], *last = rows[(i - 1) % 3], *before = rows[(i + 1) % 3];
    now[0] = i;
    for (size_t j = 1; j <= lb; j++) {
      now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < now[j])
        now[j] = before[j - 2] + 1;
    }
  }
  return rows[la % 3][lb];
}

void om_nearest_try(struct om_nearest *nearest, const char *candidate) {
  size_t distance = om_edit_distance(nearest->word, candidate);
  size_t limit = strlen(nearest->word) < 4 ? 1 : 2; /* further away it is a guess, and guesses annoy */
  if (strncmp(nearest->word, candidate, strlen(nearest->word)) == 0 && strlen(nearest->word) > 2) distance = 1;
  if (distance > limit || (nearest->best && distance >= nearest->distance)) return;
  nearest->best = candidate;
  nearest->distance = distance;
}
