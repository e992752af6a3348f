/* Notes that were heard of and are not stored yet. */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/node_state.h"

void om_heard_clear(struct om_heard *heard) {
  free(heard->note);
  *heard = (struct om_heard){.slot = OM_SLOT_NONE};
}

void om_heard_set(struct om_heard *heard, uint64_t size, const uint8_t *note, size_t len, uint32_t slot) {
  uint8_t *copy = om_node_alloc(len, 1);
  memcpy(copy, note, len);
  om_heard_clear(heard);
  *heard = (struct om_heard){size, copy, len, slot};
}

void om_pair_offer(struct om_heard_pair *pair, uint64_t size, const uint8_t *note, size_t len, uint32_t slot) {
  if (pair->first.size == 0 || pair->first.size == size)
    om_heard_set(&pair->first, size, note, len, slot);
  else if (size > pair->first.size && size >= pair->newest.size)
    om_heard_set(&pair->newest, size, note, len, slot);
}

const struct om_heard *om_pair_best(const struct om_heard_pair *pair, uint64_t held) {
  if (pair->newest.size != 0 && pair->newest.size <= held) return &pair->newest;
  if (pair->first.size != 0 && pair->first.size <= held) return &pair->first;
  return NULL;
}

uint64_t om_pair_highest(const struct om_heard_pair *pair) {
  return pair->newest.size > pair->first.size ? pair->newest.size : pair->first.size;
}

void om_pair_done(struct om_heard_pair *pair, uint64_t size) {
  if (pair->newest.size <= size) om_heard_clear(&pair->newest);
  if (pair->first.size > size) return;
  om_heard_clear(&pair->first);
  pair->first = pair->newest;
  pair->newest = (struct om_heard){.slot = OM_SLOT_NONE};
}

void om_pair_remove(struct om_heard_pair *pair, uint64_t size) {
  if (pair->newest.size == size) om_heard_clear(&pair->newest);
  if (pair->first.size != size) return;
  om_heard_clear(&pair->first);
  pair->first = pair->newest;
  pair->newest = (struct om_heard){.slot = OM_SLOT_NONE};
}

void om_pair_unslot(struct om_heard_pair *pair, uint32_t slot) {
  if (pair->first.slot == slot) pair->first.slot = OM_SLOT_NONE;
  if (pair->newest.slot == slot) pair->newest.slot = OM_SLOT_NONE;
}

void om_pair_clear(struct om_heard_pair *pair) {
  om_heard_clear(&pair->first);
  om_heard_clear(&pair->newest);
}

enum om_code om_note_size(uint64_t *size, const uint8_t *note, size_t len, struct om_status *st) {
  struct om_note parsed;
  struct om_checkpoint checkpoint;
  if (len == 0 || len > OM_HEAD_MAX_BYTES)
    return om_fail(st, OM_MALFORMED, "peer-head", "a head of %zu bytes; 1 to %d are allowed", len, OM_HEAD_MAX_BYTES);
  enum om_code code = om_note_parse(&parsed, (const char *)note, len, st);
  if (code == OM_OK) code = om_checkpoint_parse(&checkpoint, NULL, parsed.text, parsed.text_len, st);
  if (code != OM_OK) return om_wrap(st, "a head from a peer");
  if (checkpoint.size == 0) return om_fail(st, OM_MALFORMED, "peer-head", "a head from a peer covers no entry");
  *size = checkpoint.size;
  return OM_OK;
}
