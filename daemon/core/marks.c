/* The way to heads that can't be judged. Who has not followed a log through changes of its witnesses meets a newest
 * head signed by some that it has never heard of. But at each change the log has recorded a head that the old witnesses
 * and the new have signed, as a mark of itself: those that stand among the entries that wait here lead on, change by
 * change. */
#include "daemon/core/node_state.h"

enum { ENTRY_TAKEN_TAG = 1 << 3, ENTRY_MARK_TAG = 4 << 3 | 2 };

/* Whether an entry's bytes go on, after the time, with a mark: most do not, and are not taken apart. */
static bool may_be_mark(const struct om_span *entry) {
  const uint8_t *data = entry->data;
  size_t i = 1;
  if (entry->len < 2 || data[0] != ENTRY_TAKEN_TAG) return false;
  while (i < entry->len && (data[i] & 0x80) != 0) i++;
  return i + 1 < entry->len && data[i + 1] == ENTRY_MARK_TAG;
}

/* True: what is looked for was found. */
static bool take_mark(struct om_node *node, uint32_t log, uint32_t slot, const struct om_span *bytes) {
  struct om_tracked *tracked = &node->logs[log];
  struct om_status st;
  uint64_t size = 0;
  bool taken = false;
  Oremark__Entry *entry = oremark__entry__unpack(NULL, bytes->len, bytes->data);
  const Oremark__Mark *mark = entry != NULL && entry->what_case == OREMARK__ENTRY__WHAT_MARK ? entry->mark : NULL;
  if (mark != NULL && mark->log == log && mark->checkpoint.len <= OM_HEAD_MAX_BYTES &&
      om_note_size(&size, mark->checkpoint.data, mark->checkpoint.len, &st) == OM_OK && size > tracked->size &&
      (slot == OM_SLOT_NONE || om_judge_spend(node, slot)))
    taken = node->config.judge(node->config.ctx, &size, log, mark->checkpoint.data, mark->checkpoint.len, &st) == OM_OK;
  if (taken) {
    om_pair_offer(&tracked->claims, size, mark->checkpoint.data, mark->checkpoint.len, slot);
    om_node_mark_log(node, log);
  }
  if (entry != NULL) oremark__entry__free_unpacked(entry, NULL);
  return taken;
}

void om_marks_look(struct om_node *node, uint32_t log) {
  struct om_tracked *tracked = &node->logs[log];
  if (tracked->unjudged.size == 0 || tracked->asked || tracked->stopped || tracked->ended ||
      tracked->claims.first.size > tracked->size)
    return;
  for (const struct om_inbox_chunk *chunk = tracked->inbox.first; chunk != NULL; chunk = chunk->next) {
    if (chunk->start + chunk->n <= tracked->looked) continue;
    for (size_t i = 0; i < chunk->n; i++) {
      if (chunk->start + i < tracked->looked || !may_be_mark(&chunk->spans[i])) continue;
      tracked->looked = chunk->start + i + 1;
      if (take_mark(node, log, chunk->slot, &chunk->spans[i])) return;
    }
    tracked->looked = chunk->start + chunk->n;
  }
}
