/* Heads that are met: where a log has signed one, and what is held of it is another history, the ledger is to look
 * whether that can be shown (ledger/evidence_meet.c). One of a log at a time, as one is enough: what comes meanwhile is
 * let go. Who brings one pays for the check of its signature, and is not blamed.
 *
 * Two daemons may hold two histories of a log, neither of which is final: where both are of one size, neither asks the
 * other for anything, and nothing would be noticed. So where what can be proven of a log is not final, and nothing has
 * become of it for a while, everybody who holds as much is told its head, once. */
#include <string.h>

#include "daemon/core/node_state.h"

enum { UNSETTLED_MS = OM_STALL_MS }; /* many times what a quorum takes: a head that gets one is not told so */

/* Whether NOTE is of the same head, whoever has signed it. */
static bool is(const struct om_heard *held, const uint8_t *note, size_t len) {
  struct om_note a, b;
  struct om_status st;
  return held->size > 0 && om_note_parse(&a, (const char *)held->note, held->len, &st) == OM_OK &&
         om_note_parse(&b, (const char *)note, len, &st) == OM_OK && a.text_len == b.text_len &&
         memcmp(a.text, b.text, a.text_len) == 0;
}

void om_met(struct om_node *node, uint32_t slot, uint32_t log, const uint8_t *note, size_t len) {
  struct om_status st;
  uint64_t size = 0;
  if (log >= node->n_logs || om_note_size(&size, note, len, &st) != OM_OK) return;
  struct om_tracked *tracked = &node->logs[log];
  if (tracked->met.size > 0 || tracked->frozen || tracked->ended || size > tracked->size) return;
  if (is(&tracked->provable, note, len) || is(&tracked->final, note, len)) return;
  if (slot != OM_SLOT_NONE && !om_judge_spend(node, slot)) return;
  if (node->config.compare(node->config.ctx, &size, log, note, len, &st) != OM_REFUSED) return;
  om_heard_set(&tracked->met, size, note, len, OM_SLOT_NONE);
  om_node_mark_log(node, log);
}

/* ---- what is not final and does not become so ---- */

static bool is_unsettled(const struct om_tracked *tracked) {
  return tracked->provable.size > tracked->final.size && tracked->provable.size <= tracked->size && !tracked->frozen &&
         !tracked->ended;
}

bool om_met_due(const struct om_tracked *tracked, const struct om_row *row) {
  return tracked->unsettled && is_unsettled(tracked) && row->has >= tracked->provable.size &&
         row->unsettled_ms != tracked->provable_ms;
}

void om_met_tick(struct om_node *node, int64_t now_ms) {
  for (uint32_t log = 0; log < node->n_logs; log++) {
    struct om_tracked *tracked = &node->logs[log];
    if (tracked->unsettled || !is_unsettled(tracked) || now_ms - tracked->provable_ms < UNSETTLED_MS) continue;
    tracked->unsettled = true;
    om_node_mark_rows(node, log);
  }
}

void om_met_have(struct om_node *node, uint32_t slot, const Oremark__Have *have) {
  if (have->log >= node->n_logs) return;
  if (have->head.len > 0) om_met(node, slot, have->log, have->head.data, have->head.len);
  if (om_met_due(&node->logs[have->log], om_node_row(node, slot, have->log))) om_node_mark_row(node, slot, have->log);
}
