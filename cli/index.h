/* A table from texts to whatever they name. Copies the texts; what they name stays the caller's. Thread: one. */
#ifndef OREMARK_CLI_INDEX_H
#define OREMARK_CLI_INDEX_H

#include <stddef.h>
#include <stdint.h>

struct om_index_slot {
  char *text; /* NULL: free */
  void *value;
};

/* All zero is an empty one. */
struct om_index {
  struct om_index_slot *slots;
  size_t n, cap;
};

/* NULL if there is none. */
void *om_index_get(const struct om_index *index, const char *text);
/* Names VALUE (not NULL); replaces what the text named before. */
void om_index_put(struct om_index *index, const char *text, void *value);
void om_index_free(struct om_index *index);

#endif
