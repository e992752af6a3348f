/* The start of a daemon with witnesses. What it wrote before may be gone from its disk, and a head signed anew in its
 * place would be a second history: so it asks its witnesses for the highest head of its log that they know, takes back
 * what it lacks, and signs nothing before. Answering such a question waits for nobody's own readiness: else none of a
 * network that starts as a whole would ever begin. */
#include <stdio.h>
#include <string.h>

#include "daemon/core/node_state.h"

bool om_node_ready(const struct om_node *node) {
  return node->recovery.ready;
}

static struct om_tracked *own_log(struct om_node *node) {
  uint32_t own = node->config.own_log;
  return own < node->n_logs ? &node->logs[own] : NULL;
}

static struct om_teller *teller_of(const struct om_recovery *recovery, uint32_t witness) {
  for (size_t i = 0; i < recovery->n; i++)
    if (recovery->tellers[i].log == witness) return (struct om_teller *)&recovery->tellers[i];
  return NULL;
}

/* How many operators of LIST have yet to tell. */
static uint32_t lacking_of(const struct om_recovery *recovery, const struct om_quorum_list *list) {
  uint32_t operators[OM_WITNESSES_MAX], n = 0;
  for (size_t i = 0; i < list->n; i++) {
    uint32_t member = list->daemons[i].operator_member, k = 0;
    if (teller_of(recovery, list->daemons[i].log) == NULL) continue;
    while (k < n && operators[k] != member) k++;
    operators[k] = member;
    if (k == n) n++;
  }
  return n < list->k ? list->k - n : 0;
}

static uint32_t lacking(const struct om_node *node) {
  uint32_t most = 0;
  for (size_t i = 0; i < node->quorum.n_lists; i++) {
    uint32_t n = lacking_of(&node->recovery, &node->quorum.lists[i]);
    if (n > most) most = n;
  }
  return most;
}

void om_recover_free(struct om_node *node) {
  for (size_t i = 0; i < node->recovery.n; i++) om_heard_clear(&node->recovery.tellers[i].head);
  node->recovery.n = 0;
}

/* Whether every head told lies under what is held of the own log, entry for entry. */
static bool heads_stand(struct om_node *node, const struct om_tracked *own) {
  struct om_recovery *recovery = &node->recovery;
  bool all = true;
  for (size_t i = 0; i < recovery->n && !recovery->fork; i++) {
    struct om_teller *teller = &recovery->tellers[i];
    struct om_status st;
    uint64_t size = 0;
    if (teller->stands) continue;
    all = false;
    if (teller->head.size > own->size) continue;
    enum om_code code =
        node->config.compare(node->config.ctx, &size, node->config.own_log, teller->head.note, teller->head.len, &st);
    teller->stands = code == OM_OK;
    recovery->fork = code == OM_REFUSED;
    if (teller->stands) return heads_stand(node, own);
  }
  return all;
}

/* The own log grows to this: the highest head told and, if they can be had, the entries that witnesses hold beyond it,
 * since they would not take others in their place. */
static uint64_t limit_of(const struct om_recovery *recovery) {
  uint64_t limit = 0;
  for (size_t i = 0; i < recovery->n; i++) {
    const struct om_teller *teller = &recovery->tellers[i];
    if (teller->size > limit) limit = teller->size;
    if (teller->head.size > limit) limit = teller->head.size;
  }
  return limit;
}

static void begin(struct om_node *node, int64_t now_ms) {
  node->recovery.ready = true;
  om_sync_refill(node, 0, now_ms);
  om_recover_free(node);
  for (uint32_t log = 0; log < node->n_logs; log++) om_node_mark_log(node, log);
  om_quorum_advance(node, now_ms);
}

void om_recover_advance(struct om_node *node, int64_t now_ms) {
  struct om_recovery *recovery = &node->recovery;
  const struct om_tracked *own = own_log(node);
  if (recovery->ready || recovery->fork || !recovery->asks || own == NULL) return;
  if (own->size != recovery->size) {
    recovery->size = own->size;
    recovery->grown_ms = now_ms;
  }
  uint64_t limit = limit_of(recovery);
  bool stand = heads_stand(node, own);
  /* What is held beyond every head binds nobody: it is not waited for when nobody brings it. */
  bool level = own->size >= limit || (stand && now_ms - recovery->grown_ms >= OM_STALL_MS);
  if (stand && level && !own->applying && lacking(node) == 0)
    begin(node, now_ms);
  else
    om_sync_refill(node, recovery->fork ? 0 : limit, now_ms);
}

void om_recover_quorum(struct om_node *node, int64_t now_ms) {
  node->recovery.asks = true;
  om_recover_advance(node, now_ms);
}

/* ---- messages ---- */

enum om_code om_recover_asked(struct om_node *node, uint32_t slot, const Oremark__Ask *ask, struct om_status *st) {
  struct om_peer *peer = &node->peers[slot];
  if (peer->log != OM_LOG_NONE && ask->log != peer->log)
    return om_fail(st, OM_REFUSED, "peer-ask", "it asks for the head of log %u, which is not its own", ask->log);
  peer->told_due = true;
  peer->asks_for = ask->log;
  return OM_OK;
}

static void put_teller(struct om_node *node, uint32_t witness, const Oremark__Told *told, uint64_t size) {
  struct om_recovery *recovery = &node->recovery;
  struct om_teller *teller = teller_of(recovery, witness);
  if (teller == NULL) {
    if (recovery->n == OM_GATHERED_MAX) return;
    teller = &recovery->tellers[recovery->n++];
    *teller = (struct om_teller){.log = witness};
  }
  /* What was said once stays said: a witness that comes back with less has lost it. */
  if (told->size > teller->size) teller->size = told->size;
  if (size <= teller->head.size) {
    teller->stands = teller->stands || teller->head.size == 0;
    return;
  }
  om_heard_set(&teller->head, size, told->checkpoint.data, told->checkpoint.len, OM_SLOT_NONE);
  teller->stands = false;
}

enum om_code om_recover_told(struct om_node *node, uint32_t slot, const Oremark__Told *told, int64_t now_ms,
                             struct om_status *st) {
  uint32_t own = node->config.own_log, witness = node->peers[slot].log;
  struct om_recovery *recovery = &node->recovery;
  uint64_t size = 0;
  if (!node->peers[slot].asked || told->log != own)
    return om_fail(st, OM_MALFORMED, "peer-told", "it tells of log %u, which it was not asked for", told->log);
  if (recovery->ready || recovery->fork || own >= node->n_logs) return OM_OK;
  if (told->size > OM_TREE_SIZE_MAX) return om_fail(st, OM_MALFORMED, "peer-told", "a size beyond the largest");
  if (told->checkpoint.len > 0) {
    enum om_code code = om_note_size(&size, told->checkpoint.data, told->checkpoint.len, st);
    if (code == OM_OK)
      code = node->config.compare(node->config.ctx, &size, own, told->checkpoint.data, told->checkpoint.len, st);
    if (code == OM_WAIT || code == OM_REFUSED) code = OM_OK; /* signed by this log: looked at below */
    if (code != OM_OK) return om_wrap(st, "what it tells of the own log");
  }
  put_teller(node, witness, told, size);
  om_row_told(node, slot, own, told->size);
  recovery->grown_ms = now_ms;
  om_recover_advance(node, now_ms);
  return OM_OK;
}

static void make_told(struct om_node *node, Oremark__Told *told, uint8_t note[OM_HEAD_MAX_BYTES], uint32_t log) {
  size_t len = 0;
  told->log = log;
  if (log < node->n_logs) told->size = node->logs[log].size;
  if (node->config.highest != NULL && node->config.highest(node->config.ctx, note, &len, log))
    told->checkpoint = (ProtobufCBinaryData){len, note};
}

bool om_recover_next(struct om_node *node, struct om_action *out, uint32_t slot) {
  struct om_peer *peer = &node->peers[slot];
  uint32_t own = node->config.own_log;
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Ask ask = OREMARK__ASK__INIT;
  Oremark__Told told = OREMARK__TOLD__INIT;
  uint8_t note[OM_HEAD_MAX_BYTES];
  /* A vote that is on its way to the disk is waited for. */
  if (peer->told_due && (peer->asks_for >= node->n_logs || node->logs[peer->asks_for].cosigning == 0)) {
    peer->told_due = false;
    make_told(node, &told, note, peer->asks_for);
    message.what_case = OREMARK__PEER_MESSAGE__WHAT_TOLD;
    message.told = &told;
  } else if (!peer->asked && !node->recovery.ready && node->recovery.asks && own < node->n_logs &&
             peer->log != OM_LOG_NONE && om_node_is_witness(node, own, peer->log)) {
    peer->asked = true;
    ask.log = own;
    message.what_case = OREMARK__PEER_MESSAGE__WHAT_ASK;
    message.ask = &ask;
  } else {
    return false;
  }
  om_peer_encode(&out->bytes, &out->len, &message);
  return true;
}

/* ---- for people ---- */

static void add(char *out, size_t len, const char *text) {
  size_t at = strlen(out);
  snprintf(out + at, len - at, "%s", text);
}

/* Whom of the witnesses is still to be heard. */
static void add_missing(const struct om_node *node, char *out, size_t len) {
  const char *between = ": ";
  for (size_t list = 0; list < node->quorum.n_lists; list++) {
    const struct om_quorum_list *of = &node->quorum.lists[list];
    if (lacking_of(&node->recovery, of) == 0) continue;
    for (size_t i = 0; i < of->n; i++) {
      if (teller_of(&node->recovery, of->daemons[i].log) != NULL) continue;
      add(out, len, between);
      add(out, len, of->daemons[i].origin);
      between = ", ";
    }
  }
}

bool om_node_waiting(const struct om_node *node, char *out, size_t len) {
  uint32_t own = node->config.own_log;
  out[0] = '\0';
  if (node->recovery.ready || own == OM_LOG_NONE) return false;
  uint32_t more = lacking(node);
  if (node->recovery.fork) {
    snprintf(out, len,
             "a witness holds a head that this log has signed and that is not of the entries held here: this store is "
             "not the log's; put the right one in its place, or start with an empty one");
  } else if (!node->recovery.asks || own >= node->n_logs) {
    snprintf(out, len, "waits for the registry to say who its witnesses are");
  } else if (more > 0) {
    snprintf(out, len, "waits for %u more of its witnesses to say how far this log had got", more);
    add_missing(node, out, len);
  } else {
    snprintf(out, len, "takes back entries %llu to %llu of its log from its witnesses",
             (unsigned long long)node->logs[own].size, (unsigned long long)limit_of(&node->recovery));
  }
  return true;
}

bool om_node_own_fork(const struct om_node *node) {
  return node->recovery.fork;
}
