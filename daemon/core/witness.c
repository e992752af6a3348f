/* As a witness: heads that a log's own daemon proposes are cosigned once this daemon holds every entry under them.
 * Proposals are taken from the log's home only, so that nobody else can push its proposals aside. */
#include <string.h>

#include "daemon/core/node_state.h"

static void tell_home(struct om_node *node, uint32_t log) {
  uint32_t home = om_node_slot_of(node, log);
  if (home == OM_SLOT_NONE) return;
  om_node_row(node, home, log)->cosigned_due = true;
  om_node_mark_row(node, home, log);
}

enum om_code om_witness_propose(struct om_node *node, uint32_t slot, uint32_t log, const uint8_t *note, size_t len,
                                struct om_status *st) {
  uint64_t size = 0;
  enum om_code code = om_note_size(&size, note, len, st);
  if (code != OM_OK || log >= node->n_logs || node->peers[slot].log != log || log == node->config.own_log) return code;
  struct om_tracked *tracked = &node->logs[log];
  if (tracked->stopped || size < tracked->cosigned) return OM_OK;
  struct om_hash hash;
  om_sha256(&hash, note, len);
  if (size == tracked->cosigned && om_hash_equal(&hash, &tracked->cosigned_hash)) {
    tell_home(node, log); /* it lost the link, or its memory */
    return OM_OK;
  }
  om_pair_offer(&tracked->proposals, size, note, len, slot);
  om_node_mark_log(node, log);
  return OM_OK;
}

bool om_witness_next(struct om_node *node, struct om_action *out, uint32_t log, int64_t now_ms) {
  struct om_tracked *tracked = &node->logs[log];
  if (tracked->retry_ms != 0 && now_ms >= tracked->retry_ms) tracked->retry_ms = 0;
  const struct om_heard *best = om_pair_best(&tracked->proposals, tracked->size);
  if (best == NULL || !om_node_ready(node) || !tracked->asked || tracked->stopped || tracked->cosigning != 0 || tracked->cosign_waits ||
      tracked->retry_ms != 0)
    return false;
  out->kind = OM_ACTION_COSIGN;
  out->bytes = om_node_alloc(best->len, 1);
  out->len = best->len;
  memcpy(out->bytes, best->note, best->len);
  tracked->cosigning = best->size;
  tracked->cosign_growths = node->growths;
  return true;
}

static void remember(struct om_tracked *tracked, const struct om_action *action, uint64_t size, const char *line) {
  size_t len = line == NULL ? 0 : strlen(line);
  OM_ASSERT(len > 0 && len < sizeof tracked->cosigned_line);
  memcpy(tracked->cosigned_line, line, len + 1);
  tracked->cosigned = size;
  om_sha256(&tracked->cosigned_hash, action->bytes, action->len);
}

void om_node_cosigned(struct om_node *node, struct om_action *action, const char *line, enum om_code code,
                      int64_t now_ms) {
  OM_ASSERT(action->kind == OM_ACTION_COSIGN && action->log < node->n_logs);
  uint32_t log = action->log;
  struct om_tracked *tracked = &node->logs[log];
  uint64_t size = tracked->cosigning;
  OM_ASSERT(size != 0);
  tracked->cosigning = 0;
  switch (code) {
    case OM_OK:
      remember(tracked, action, size, line);
      om_pair_done(&tracked->proposals, size);
      tell_home(node, log);
      break;
    case OM_WAIT: tracked->cosign_waits = node->growths == tracked->cosign_growths; break;
    case OM_NO:
    case OM_MALFORMED:
    case OM_REFUSED: om_pair_remove(&tracked->proposals, size); break;
    case OM_USAGE:
    case OM_IO:
    case OM_FULL:
    case OM_BUSY:
    case OM_CORRUPT:
    case OM_MISSING: tracked->retry_ms = now_ms + OM_RETRY_MS; break;
  }
  om_action_free(action);
  om_node_mark_log(node, log);
}
