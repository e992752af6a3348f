#include "cli/index.h"

#include <stdlib.h>
#include <string.h>

#include "keys/status.h"

enum { FIRST_SLOTS = 256 };

/* FNV-1a, 64 bits: the texts come from the user's own file, so nobody gains by making them collide. */
static uint64_t hash(const char *text) {
  uint64_t h = UINT64_C(14695981039346656037);
  for (const unsigned char *c = (const unsigned char *)text; *c; c++) h = (h ^ *c) * UINT64_C(1099511628211);
  return h;
}

static struct om_index_slot *find(const struct om_index *index, const char *text) {
  size_t mask = index->cap - 1;
  for (size_t i = (size_t)hash(text) & mask;; i = (i + 1) & mask) {
    struct om_index_slot *slot = &index->slots[i];
    if (!slot->text || strcmp(slot->text, text) == 0) return slot;
  }
}

void *om_index_get(const struct om_index *index, const char *text) {
  return index->cap ? find(index, text)->value : NULL;
}

static void grow(struct om_index *index) {
  struct om_index old = *index;
  index->cap = old.cap ? old.cap * 2 : FIRST_SLOTS;
  index->slots = calloc(index->cap, sizeof *index->slots);
  OM_ASSERT(index->slots);
  for (size_t i = 0; i < old.cap; i++)
    if (old.slots[i].text) *find(index, old.slots[i].text) = old.slots[i];
  free(old.slots);
}

void om_index_put(struct om_index *index, const char *text, void *value) {
  OM_ASSERT(value);
  if ((index->n + 1) * 4 > index->cap * 3) grow(index);
  struct om_index_slot *slot = find(index, text);
  if (!slot->text) {
    slot->text = strdup(text);
    OM_ASSERT(slot->text);
    index->n++;
  }
  slot->value = value;
}

void om_index_free(struct om_index *index) {
  for (size_t i = 0; i < index->cap; i++) free(index->slots[i].text);
  free(index->slots);
  *index = (struct om_index){0};
}
