/* Evidence against logs, told from daemon to daemon: each piece that is held goes to every peer once, and what a peer
 * shows goes to the ledger, one piece for a log at a time. A piece that comes while another is looked at is not kept
 * here: the peer is asked to show again what it holds. What is known is not said again, so nothing goes round. */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/node_state.h"
#include "ledger/evidence.h"
#include "proto/evidence.pb-c.h"

_Static_assert((int)OM_EVIDENCE_PIECES_MAX <= 8, "a row has a bit for each");

static uint8_t bit(uint32_t number) {
  return (uint8_t)(1u << number);
}

void om_evidence_free(struct om_tracked *tracked) {
  om_heard_clear(&tracked->shown);
  om_heard_clear(&tracked->met);
}

void om_node_evidence(struct om_node *node, uint32_t log, uint32_t n, bool frozen) {
  if (log >= node->n_logs) return;
  struct om_tracked *tracked = &node->logs[log];
  OM_ASSERT(n <= OM_EVIDENCE_PIECES_MAX);
  bool freezes = frozen && !tracked->frozen;
  tracked->pieces = n;
  tracked->frozen = frozen;
  if (freezes) om_sync_frozen(node, log);
  om_node_mark_rows(node, log);
}

void om_evidence_quorum(struct om_node *node, uint32_t log) {
  struct om_tracked *tracked = &node->logs[log];
  if (tracked->pieces > 0 && !tracked->frozen) tracked->weigh_due = true;
}

void om_evidence_lost(struct om_node *node, uint32_t slot) {
  for (uint32_t log = 0; log < node->n_logs; log++)
    if (node->logs[log].shown.slot == slot) node->logs[log].shown.slot = OM_SLOT_NONE;
}

/* ---- out ---- */

static void encode(struct om_action *out, uint32_t log, uint8_t *bytes, size_t len) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Shown shown = OREMARK__SHOWN__INIT;
  shown.log = log;
  shown.evidence = (ProtobufCBinaryData){len, bytes};
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_SHOWN;
  message.shown = &shown;
  om_peer_encode(&out->bytes, &out->len, &message);
}

bool om_evidence_tell(struct om_node *node, struct om_action *out, uint32_t slot, uint32_t log) {
  struct om_tracked *tracked = &node->logs[log];
  struct om_row *row = om_node_row(node, slot, log);
  if (row->show_again && tracked->shown.note == NULL && om_judge_may(node, slot)) {
    row->show_again = false;
    encode(out, log, NULL, 0);
    return true;
  }
  for (uint32_t i = 0; i < tracked->pieces; i++) {
    uint8_t *bytes = NULL;
    size_t len = 0;
    if ((row->shown & bit(i)) != 0) continue;
    row->shown |= bit(i);
    if (node->config.evidence == NULL || !node->config.evidence(node->config.ctx, &bytes, &len, log, i)) continue;
    encode(out, log, bytes, len);
    free(bytes);
    return true;
  }
  return false;
}

/* ---- in ---- */

/* Whether a piece is held here byte for byte: most of what is shown when links come up. */
static bool is_held(struct om_node *node, struct om_row *row, uint32_t log, const ProtobufCBinaryData *evidence) {
  struct om_tracked *tracked = &node->logs[log];
  for (uint32_t i = 0; i < tracked->pieces && node->config.evidence != NULL; i++) {
    uint8_t *bytes = NULL;
    size_t len = 0;
    if (!node->config.evidence(node->config.ctx, &bytes, &len, log, i)) continue;
    bool same = len == evidence->len && memcmp(bytes, evidence->data, len) == 0;
    free(bytes);
    if (!same) continue;
    row->shown |= bit(i);
    return true;
  }
  return false;
}

static void take(struct om_node *node, uint32_t slot, struct om_row *row, uint32_t log,
                 const ProtobufCBinaryData *evidence) {
  struct om_tracked *tracked = &node->logs[log];
  const struct om_heard *shown = &tracked->shown;
  if (shown->note != NULL && shown->len == evidence->len && memcmp(shown->note, evidence->data, shown->len) == 0)
    return;
  if (is_held(node, row, log, evidence)) return;
  if (shown->note != NULL || !om_judge_spend(node, slot)) {
    row->show_again = true;
    return;
  }
  om_heard_set(&tracked->shown, 1, evidence->data, evidence->len, slot);
  om_node_mark_log(node, log);
}

enum om_code om_evidence_shown(struct om_node *node, uint32_t slot, const Oremark__Shown *in, struct om_status *st) {
  struct om_row *row = om_node_row(node, slot, in->log);
  if (in->evidence.len > OM_EVIDENCE_MAX_BYTES)
    return om_fail(st, OM_MALFORMED, "peer-shown", "evidence of %zu bytes; %d are allowed", in->evidence.len,
                   OM_EVIDENCE_MAX_BYTES);
  if (in->evidence.len > 0 && !om_canonical(&oremark__evidence__descriptor, in->evidence.data, in->evidence.len, st))
    return om_wrap(st, "evidence against log %u", in->log);
  if (row == NULL) return OM_OK; /* not a log to speak of */
  if (in->evidence.len == 0) {
    row->shown = 0;
    om_node_mark_row(node, slot, in->log);
  } else if (in->log >= node->n_logs) {
    row->show_again = true; /* when the registry here names the log */
  } else {
    take(node, slot, row, in->log, &in->evidence);
  }
  return OM_OK;
}

bool om_evidence_next(struct om_node *node, struct om_action *out, uint32_t log) {
  struct om_tracked *tracked = &node->logs[log];
  const struct om_heard *what = tracked->met.note != NULL ? &tracked->met : &tracked->shown;
  if (tracked->weighing || tracked->retry_ms != 0 || (what->note == NULL && !tracked->weigh_due)) return false;
  out->kind = OM_ACTION_EVIDENCE;
  out->slot = what->slot;
  out->len = what->len;
  out->met = what == &tracked->met;
  if (what->note == NULL) {
    tracked->weigh_due = false;
    out->len = 0;
  } else {
    out->bytes = om_node_alloc(out->len, 1);
    memcpy(out->bytes, what->note, out->len);
  }
  tracked->weighing = true;
  return true;
}

/* The piece that was shown has been looked at: the peer holds it, or has lied. */
static void looked_at(struct om_node *node, uint32_t log, uint32_t number, bool proves) {
  struct om_tracked *tracked = &node->logs[log];
  uint32_t slot = tracked->shown.slot;
  om_heard_clear(&tracked->shown);
  if (!om_node_live(node, slot)) return;
  if (!proves)
    om_node_drop(node, slot, "it showed evidence that proves nothing");
  else if (number < OM_EVIDENCE_PIECES_MAX)
    om_node_row(node, slot, log)->shown |= bit(number);
}

void om_node_shown(struct om_node *node, struct om_action *action, uint32_t number, enum om_code code, int64_t now_ms) {
  OM_ASSERT(action->kind == OM_ACTION_EVIDENCE && action->log < node->n_logs);
  uint32_t log = action->log;
  struct om_tracked *tracked = &node->logs[log];
  OM_ASSERT(tracked->weighing);
  bool again = action->len == 0, met = action->met;
  tracked->weighing = false;
  om_action_free(action);
  switch (code) {
    case OM_OK:
      if (met)
        om_heard_clear(&tracked->met);
      else if (!again)
        looked_at(node, log, number, true);
      break;
    case OM_NO:
    case OM_MALFORMED:
    case OM_REFUSED:
      if (met)
        om_heard_clear(&tracked->met); /* it is another daemon's log now */
      else if (!again)
        looked_at(node, log, number, false);
      break;
    case OM_USAGE:
    case OM_WAIT:
    case OM_IO:
    case OM_FULL:
    case OM_BUSY:
    case OM_CORRUPT:
    case OM_MISSING:
      tracked->weigh_due = tracked->weigh_due || again;
      tracked->retry_ms = now_ms + OM_RETRY_MS;
      break;
  }
  om_node_mark_log(node, log);
  om_node_mark_rows(node, log);
}
