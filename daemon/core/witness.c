/* As a witness: heads that a log's own daemon proposes are cosigned once this daemon holds every entry under them. A
 * COSIGN is given out already while those entries are being taken in, so that one commit makes both durable; the ledger
 * refuses to vote on what it does not hold by then.
 * Proposals come from the log's home or, while there is no link to it, through relays. What each relay brings stands by
 * itself, beside what the home and other relays bring, so that nobody can push another's proposals aside. */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/node_state.h"

/* What the peer in SLOT has passed on of LOG; NULL: nothing. */
static struct om_row *relay_row(struct om_node *node, uint32_t slot, uint32_t log) {
  struct om_peer *peer = &node->peers[slot];
  if (!peer->connected || log >= peer->n_rows || peer->rows[log].proposals == NULL) return NULL;
  return &peer->rows[log];
}

static size_t pair_bytes(const struct om_heard_pair *pair) {
  return sizeof *pair + pair->first.len + pair->newest.len;
}

/* After PAIR of ROW has changed; BEFORE: its bytes before that. An empty one ends. */
static void settle_pair(struct om_node *node, uint32_t slot, uint32_t log, size_t before) {
  struct om_row *row = om_node_row(node, slot, log);
  size_t after = row->proposals->first.size == 0 ? 0 : pair_bytes(row->proposals);
  node->peers[slot].relay_bytes += after - before;
  if (after > 0) return;
  om_pair_clear(row->proposals);
  free(row->proposals);
  row->proposals = NULL;
  node->logs[log].relayed--;
}

bool om_witness_done(struct om_node *node, uint32_t slot, uint32_t log, uint64_t size) {
  struct om_row *row = relay_row(node, slot, log);
  if (row == NULL || row->proposals->first.size > size) return false;
  size_t before = pair_bytes(row->proposals);
  om_pair_done(row->proposals, size);
  settle_pair(node, slot, log, before);
  return true;
}

void om_witness_forget(struct om_node *node, uint32_t log) {
  om_pair_clear(&node->logs[log].proposals);
  for (uint32_t slot = 0; slot < OM_PEERS_MAX && node->logs[log].relayed > 0; slot++)
    om_witness_done(node, slot, log, UINT64_MAX);
}

/* LOG is stopped: what its home has proposed may cover the entry at which it was, which is then proven by it. */
void om_witness_stopped(struct om_node *node, uint32_t log) {
  struct om_heard_pair of_home = node->logs[log].proposals;
  node->logs[log].proposals = (struct om_heard_pair){{.slot = OM_SLOT_NONE}, {.slot = OM_SLOT_NONE}};
  om_witness_forget(node, log);
  node->logs[log].proposals = of_home;
}

static void answer(struct om_node *node, uint32_t slot, uint32_t log) {
  om_node_row(node, slot, log)->cosigned_due = true;
  om_node_mark_row(node, slot, log);
}

/* The answer goes where the proposal came from. */
static void answer_all(struct om_node *node, uint32_t log, uint64_t size) {
  uint32_t home = om_node_slot_of(node, log);
  if (home != OM_SLOT_NONE) answer(node, home, log);
  for (uint32_t slot = 0; slot < OM_PEERS_MAX && node->logs[log].relayed > 0; slot++)
    if (om_witness_done(node, slot, log, size)) answer(node, slot, log);
}

/* May the peer in SLOT pass on proposals of LOG, and has LOG signed this one? Who relays does not look. */
static bool may_pass_on(struct om_node *node, uint32_t slot, uint32_t log, const uint8_t *note, size_t len) {
  struct om_status st;
  uint64_t size = 0;
  if (len > OM_RELAY_HEAD_BYTES || om_node_slot_of(node, log) != OM_SLOT_NONE) return false;
  if (!om_relay_may(node, slot)) return false;
  enum om_code code = node->config.compare(node->config.ctx, &size, log, note, len, &st);
  return code == OM_OK || code == OM_WAIT || code == OM_REFUSED;
}

static void offer_relayed(struct om_node *node, uint32_t slot, uint32_t log, uint64_t size, const uint8_t *note,
                          size_t len) {
  struct om_row *row = om_node_row(node, slot, log);
  if (node->peers[slot].relay_bytes + len + sizeof *row->proposals > OM_RELAY_PEER_BYTES) return;
  size_t before = row->proposals == NULL ? 0 : pair_bytes(row->proposals);
  if (row->proposals == NULL) {
    row->proposals = om_node_alloc(1, sizeof *row->proposals);
    node->logs[log].relayed++;
  }
  if (size < row->proposals->first.size) om_pair_clear(row->proposals); /* the log was cut: those are of what is gone */
  om_pair_offer(row->proposals, size, note, len, slot);
  settle_pair(node, slot, log, before);
}

/* A daemon that is newly named as a witness learns so from an entry that needs its own cosignature to be final: it
 * takes in what is proposed to it, and then sees whether it is asked. */
static void invite(struct om_node *node, uint32_t log, uint64_t size) {
  struct om_tracked *tracked = &node->logs[log];
  if (tracked->asked || size <= tracked->invited) return;
  tracked->invited = size;
  om_sync_choose(node, log, node->now_ms);
}

/* Takes NOTE, which is a head of SIZE, from LOG's home or a relay. */
static void take_proposal(struct om_node *node, uint32_t slot, uint32_t log, uint64_t size, const uint8_t *note,
                          size_t len) {
  struct om_tracked *tracked = &node->logs[log];
  bool home = node->peers[slot].log == log;
  struct om_hash hash;
  if (size < tracked->cosigned) {
    om_met(node, home ? slot : OM_SLOT_NONE, log, note, len); /* who relays has paid */
    return;
  }
  if (tracked->stopped && (!home || size <= tracked->size || !om_judge_spend(node, slot))) return;
  om_sha256(&hash, note, len);
  if (size == tracked->cosigned && om_hash_equal(&hash, &tracked->cosigned_hash)) {
    answer(node, slot, log); /* it lost the link, or its memory */
    return;
  }
  if (home)
    om_pair_offer(&tracked->proposals, size, note, len, slot);
  else
    offer_relayed(node, slot, log, size, note, len);
  invite(node, log, size);
  om_node_mark_log(node, log);
}

/* A start that looks older than the one known is of a former life, unless the link to the home itself is younger than
 * what is known: then the home's clock has been set back. */
static bool of_a_former_life(struct om_node *node, uint32_t slot, uint32_t log, const ProtobufCBinaryData *start) {
  const struct om_tracked *tracked = &node->logs[log];
  const struct om_peer *peer = &node->peers[slot];
  if (!om_start_past(tracked, start)) return false;
  if (peer->log != log || start->len != OM_START_BYTES || peer->since_ms <= tracked->started_ms) return true;
  om_start_note(node, log, start);
  return false;
}

enum om_code om_witness_propose(struct om_node *node, uint32_t slot, const Oremark__Propose *propose,
                                struct om_status *st) {
  uint64_t size = 0;
  uint32_t log = propose->log;
  const uint8_t *note = propose->checkpoint.data;
  size_t len = propose->checkpoint.len;
  enum om_code code = om_note_size(&size, note, len, st);
  if (code != OM_OK || log >= node->n_logs || log == node->config.own_log) return code;
  bool home = node->peers[slot].log == log;
  if (node->logs[log].ended) return OM_OK;
  if (of_a_former_life(node, slot, log, &propose->start)) {
    om_start_tell(node, slot, log);
    return OM_OK;
  }
  if (home && om_relay_propose(node, slot, propose, st) != OM_OK) return st->code;
  if (home || (may_pass_on(node, slot, log, note, len) && om_vouched_propose(node, propose)))
    take_proposal(node, slot, log, size, note, len);
  return OM_OK;
}

/* The largest that is covered by what is held; of equal ones the home's. Of a log that is stopped any: none is
 * cosigned, but the ledger looks what it proves. */
static const struct om_heard *best_proposal(struct om_node *node, uint32_t log) {
  struct om_tracked *tracked = &node->logs[log];
  if (tracked->stopped) return om_pair_best(&tracked->proposals, UINT64_MAX);
  uint64_t upto = tracked->applying ? tracked->apply_end : tracked->size;
  const struct om_heard *best = om_pair_best(&tracked->proposals, upto);
  for (uint32_t slot = 0; slot < OM_PEERS_MAX && tracked->relayed > 0; slot++) {
    struct om_row *row = relay_row(node, slot, log);
    const struct om_heard *relayed = row == NULL ? NULL : om_pair_best(row->proposals, upto);
    if (relayed != NULL && (best == NULL || relayed->size > best->size)) best = relayed;
  }
  return best;
}

/* Whether LOG's home has sent so many heads that were refused that its next one waits. Relays pay as they pass on. */
static bool waits_for_allowance(struct om_node *node, uint32_t log, const struct om_heard *proposal) {
  uint32_t home = om_node_slot_of(node, log);
  return proposal->slot == home && home != OM_SLOT_NONE && !node->logs[log].stopped && !om_judge_may(node, home);
}

bool om_witness_next(struct om_node *node, struct om_action *out, uint32_t log, int64_t now_ms) {
  struct om_tracked *tracked = &node->logs[log];
  if (tracked->retry_ms != 0 && now_ms >= tracked->retry_ms) tracked->retry_ms = 0;
  if (!om_node_ready(node) || !tracked->asked || tracked->cosigning != 0 || tracked->cosign_waits ||
      tracked->retry_ms != 0)
    return false;
  const struct om_heard *best = best_proposal(node, log);
  if (best == NULL || waits_for_allowance(node, log, best)) return false;
  out->kind = OM_ACTION_COSIGN;
  out->bytes = om_node_alloc(best->len, 1);
  out->len = best->len;
  memcpy(out->bytes, best->note, best->len);
  tracked->cosigning = best->size;
  tracked->cosigning_slot = best->slot;
  tracked->cosign_growths = node->growths;
  return true;
}

/* The ledger refuses what was proposed at SIZE by whoever sits in SLOT: what others propose there may stand. */
static void refuse(struct om_node *node, uint32_t slot, uint32_t log, uint64_t size) {
  struct om_row *row = slot < OM_PEERS_MAX ? relay_row(node, slot, log) : NULL;
  if (slot != OM_SLOT_NONE && slot == om_node_slot_of(node, log) && !node->logs[log].stopped)
    om_judge_spend(node, slot);
  if (row == NULL) {
    om_pair_remove(&node->logs[log].proposals, size);
    return;
  }
  size_t before = pair_bytes(row->proposals);
  om_pair_remove(row->proposals, size);
  settle_pair(node, slot, log, before);
}

static void remember(struct om_tracked *tracked, const struct om_action *action, uint64_t size, const char *line) {
  size_t len = line == NULL ? 0 : strlen(line);
  OM_ASSERT(len > 0 && len < sizeof tracked->cosigned_line);
  memcpy(tracked->cosigned_line, line, len + 1);
  tracked->cosigned = size;
  om_sha256(&tracked->cosigned_hash, action->bytes, action->len);
}

void om_witness_cut(struct om_tracked *tracked) {
  tracked->cosign_cut = tracked->cosigning != 0;
  tracked->cosign_waits = false;
  tracked->cosigned = 0;
  tracked->cosigned_line[0] = '\0';
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
      om_pair_done(&tracked->proposals, size);
      if (tracked->cosign_cut) break;
      remember(tracked, action, size, line);
      answer_all(node, log, size);
      break;
    case OM_WAIT: tracked->cosign_waits = node->growths == tracked->cosign_growths; break;
    case OM_NO:
    case OM_MALFORMED:
    case OM_REFUSED: refuse(node, tracked->cosigning_slot, log, size); break;
    case OM_USAGE:
    case OM_IO:
    case OM_FULL:
    case OM_BUSY:
    case OM_CORRUPT:
    case OM_MISSING: tracked->retry_ms = now_ms + OM_RETRY_MS; break;
  }
  tracked->cosign_cut = false;
  om_action_free(action);
  om_node_mark_log(node, log);
  om_recover_tell_again(node, log);
}
