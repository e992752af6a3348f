/* The start of a daemon with witnesses. What it wrote before may be gone from its disk, and a head signed anew in its
 * place would be a second history: so it asks its witnesses for the highest head of its log that they know, takes back
 * what it lacks, and signs nothing before. Answering such a question waits for nobody's own readiness: else none of a
 * network that starts as a whole would ever begin. Witnesses without a link are asked through whoever has one. */
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

/* Whether WITNESS has told, and goes by the head that the governors last stated of the own log: what it told before it
 * accepted that is gone there too, perhaps, and it tells again when it has. */
static bool has_told(const struct om_node *node, uint32_t witness) {
  const struct om_teller *teller = teller_of(&node->recovery, witness);
  return teller != NULL && teller->stated >= node->logs[node->config.own_log].stated;
}

/* How many operators of LIST have yet to tell. */
static uint32_t lacking_of(const struct om_node *node, const struct om_quorum_list *list) {
  uint32_t operators[OM_WITNESSES_MAX], n = 0;
  for (size_t i = 0; i < list->n; i++) {
    uint32_t member = list->daemons[i].operator_member, k = 0;
    if (!has_told(node, list->daemons[i].log)) continue;
    while (k < n && operators[k] != member) k++;
    operators[k] = member;
    if (k == n) n++;
  }
  return n < list->k ? list->k - n : 0;
}

static uint32_t lacking(const struct om_node *node) {
  uint32_t most = 0;
  for (size_t i = 0; i < node->quorum.n_lists; i++) {
    uint32_t n = lacking_of(node, &node->quorum.lists[i]);
    if (n > most) most = n;
  }
  return most;
}

void om_recover_free(struct om_node *node) {
  for (size_t i = 0; i < node->recovery.n; i++) om_heard_clear(&node->recovery.tellers[i].head);
  node->recovery.n = 0;
}

/* The governors have ended the log before the head that is told, or stated another, and who tells has not heard of it.
 */
static bool is_past(const struct om_tracked *own, const struct om_teller *teller) {
  return (own->ended && teller->head.size > own->end) || teller->stated < own->stated;
}

/* Whether every head told lies under what is held of the own log, entry for entry. */
static bool heads_stand(struct om_node *node, const struct om_tracked *own) {
  struct om_recovery *recovery = &node->recovery;
  bool all = true;
  for (size_t i = 0; i < recovery->n && !recovery->fork; i++) {
    struct om_teller *teller = &recovery->tellers[i];
    struct om_status st;
    uint64_t size = 0;
    if (teller->stands || is_past(own, teller)) continue;
    all = false;
    if (teller->head.size > own->size) continue;
    enum om_code code =
        node->config.compare(node->config.ctx, &size, node->config.own_log, teller->head.note, teller->head.len, &st);
    teller->stands = code == OM_OK;
    recovery->fork = code == OM_REFUSED && teller->stated == own->stated; /* else there is an act to accept first */
    if (recovery->fork) om_met(node, OM_SLOT_NONE, node->config.own_log, teller->head.note, teller->head.len);
    if (teller->stands) return heads_stand(node, own);
  }
  return all;
}

/* The governors have stated a head of the own log, and this daemon has not accepted that yet: a store of before a
 * restart of the network, perhaps. */
static bool is_ahead(const struct om_tracked *own, const struct om_teller *teller) {
  return teller->stated > own->stated;
}

/* The own log is taken back up to this, the highest head told; NULL: none was. Who holds more holds it under no head
 * that it could show. */
static const struct om_heard *highest_told(const struct om_recovery *recovery, const struct om_tracked *own) {
  const struct om_heard *highest = NULL;
  for (size_t i = 0; i < recovery->n; i++) {
    const struct om_heard *head = &recovery->tellers[i].head;
    bool counts = !is_past(own, &recovery->tellers[i]) && !(recovery->behind && is_ahead(own, &recovery->tellers[i]));
    if (head->size > 0 && counts && (highest == NULL || head->size > highest->size)) highest = head;
  }
  return highest;
}

static void begin(struct om_node *node, int64_t now_ms) {
  node->recovery.ready = true;
  om_sync_refill(node, node->config.own_log, NULL, now_ms);
  om_recover_free(node);
  for (uint32_t log = 0; log < node->n_logs; log++) om_node_mark_log(node, log);
  om_quorum_advance(node, now_ms);
}

void om_recover_advance(struct om_node *node, int64_t now_ms) {
  struct om_recovery *recovery = &node->recovery;
  const struct om_tracked *own = own_log(node);
  if (recovery->ready || recovery->fork || !recovery->asks || own == NULL) return;
  const struct om_heard *told = highest_told(recovery, own);
  bool stand = heads_stand(node, own);
  if (stand && !own->applying && lacking(node) == 0)
    begin(node, now_ms);
  else
    om_sync_refill(node, node->config.own_log, recovery->fork ? NULL : told, now_ms);
}

/* Names the witnesses again that have neither a link nor told. */
static void ask_again(struct om_node *node, int64_t now_ms) {
  struct om_recovery *recovery = &node->recovery;
  size_t n = 0;
  if (recovery->ready || !recovery->asks || own_log(node) == NULL || node->config.sign == NULL) return;
  if (!om_again_due(&recovery->again, now_ms)) return;
  om_relay_unlinked(node, &recovery->to, node->config.own_log);
  for (size_t i = 0; i < recovery->to.n; i++)
    if (!has_told(node, recovery->to.logs[i])) recovery->to.logs[n++] = recovery->to.logs[i];
  recovery->to.n = n;
}

void om_recover_tick(struct om_node *node, int64_t now_ms) {
  om_recover_advance(node, now_ms);
  ask_again(node, now_ms);
}

void om_recover_again(struct om_node *node) {
  if (node->recovery.ready || !node->recovery.asks) return;
  om_again_begin(&node->recovery.again, node->now_ms);
  for (uint32_t slot = 0; slot < OM_PEERS_MAX; slot++) {
    node->peers[slot].asked = false;
    node->peers[slot].asked_round = 0;
  }
}

void om_recover_quorum(struct om_node *node, int64_t now_ms) {
  if (!node->recovery.asks) om_again_begin(&node->recovery.again, now_ms);
  node->recovery.asks = true;
  om_recover_advance(node, now_ms);
}

bool om_recover_behind(struct om_node *node, int64_t now_ms) {
  struct om_recovery *recovery = &node->recovery;
  const struct om_tracked *own = own_log(node);
  for (size_t i = 0; i < recovery->n; i++)
    if (recovery->tellers[i].head.size == own->refill.size && is_ahead(own, &recovery->tellers[i]))
      recovery->behind = true;
  if (recovery->behind) om_recover_advance(node, now_ms);
  return recovery->behind;
}

void om_recover_stated(struct om_node *node, uint32_t log, int64_t now_ms) {
  if (log == node->config.own_log) node->recovery.behind = false;
  if (log == node->config.own_log) om_recover_advance(node, now_ms);
  for (uint32_t slot = 0; slot < OM_PEERS_MAX; slot++)
    if (node->peers[slot].connected && node->peers[slot].log == log && node->peers[slot].has_asked)
      node->peers[slot].told_due = true; /* it may count no more what it was told before */
}

/* ---- messages ---- */

/* A question that the peer in SLOT passes on. */
static void asked_by_relay(struct om_node *node, uint32_t slot, const Oremark__Ask *ask) {
  uint32_t log = ask->log;
  if (log >= node->n_logs || log == node->config.own_log || node->config.sign == NULL) return;
  if (!om_relay_may(node, slot) || !om_vouched_ask(node, ask)) return;
  om_start_asked(node, log, &ask->start);
  om_node_row(node, slot, log)->told_due = true;
  om_node_mark_row(node, slot, log);
}

enum om_code om_recover_asked(struct om_node *node, uint32_t slot, const Oremark__Ask *ask, struct om_status *st) {
  struct om_peer *peer = &node->peers[slot];
  if (peer->log != OM_LOG_NONE && ask->log != peer->log) {
    asked_by_relay(node, slot, ask);
    return OM_OK;
  }
  peer->told_due = true;
  peer->asks_for = ask->log;
  peer->has_asked = peer->has_asked || ask->log == peer->log;
  if (ask->log != peer->log || ask->log >= node->n_logs) return OM_OK;
  om_start_asked(node, ask->log, &ask->start);
  return om_relay_ask(node, slot, ask, st);
}

static void put_teller(struct om_node *node, uint32_t witness, const Oremark__Told *told, uint64_t size) {
  struct om_recovery *recovery = &node->recovery;
  struct om_teller *teller = teller_of(recovery, witness);
  if (teller == NULL) {
    if (recovery->n == OM_GATHERED_MAX) return;
    teller = &recovery->tellers[recovery->n++];
    *teller = (struct om_teller){.log = witness, .stated = told->stated};
  }
  if (told->stated < teller->stated) return;
  if (told->stated > teller->stated) {
    om_heard_clear(&teller->head);
    teller->stands = false;
    teller->stated = told->stated;
  }
  /* What was said once stays said: a witness that comes back with less has lost it. */
  if (size <= teller->head.size) {
    teller->stands = teller->stands || teller->head.size == 0;
    return;
  }
  om_heard_set(&teller->head, size, told->checkpoint.data, told->checkpoint.len, OM_SLOT_NONE);
  teller->stands = false;
}

/* The size of the head that is told; 0: none. */
static enum om_code check_told(struct om_node *node, uint64_t *size, const Oremark__Told *told, struct om_status *st) {
  *size = 0;
  if (told->size > OM_TREE_SIZE_MAX) return om_fail(st, OM_MALFORMED, "peer-told", "a size beyond the largest");
  if (told->checkpoint.len == 0) return OM_OK;
  const ProtobufCBinaryData *note = &told->checkpoint;
  enum om_code code = om_note_size(size, note->data, note->len, st);
  if (code == OM_OK)
    code = node->config.compare(node->config.ctx, size, node->config.own_log, note->data, note->len, st);
  if (code == OM_WAIT || code == OM_REFUSED) code = OM_OK; /* signed by this log: heads_stand looks at it */
  return code == OM_OK ? OM_OK : om_wrap(st, "what it tells of the own log");
}

/* Over the link of the witness itself, or, signed by it, over another. */
enum om_code om_recover_told(struct om_node *node, uint32_t slot, const Oremark__Told *told, int64_t now_ms,
                             struct om_status *st) {
  uint32_t own = node->config.own_log;
  struct om_recovery *recovery = &node->recovery;
  bool itself = told->signature.len == 0; /* the link proves who it is; it may not know its own number yet */
  uint32_t witness = itself ? node->peers[slot].log : told->witness;
  uint64_t size = 0;
  if (told->log != own) return om_relay_told(node, slot, told, st);
  if (itself && !node->peers[slot].may_tell)
    return om_fail(st, OM_MALFORMED, "peer-told", "it tells of log %u, which it was not asked for", told->log);
  if (own >= node->n_logs || !om_node_is_witness(node, own, witness)) return OM_OK;
  if (!itself && (!om_relay_may(node, slot) || !om_vouched_told(node, told))) return OM_OK;
  bool unknown = itself && told->start.len == 0; /* to who knows no such log */
  if (!unknown && !om_start_heard(node, witness, &told->start)) return OM_OK;
  if (recovery->ready || recovery->fork) return OM_OK;
  enum om_code code = check_told(node, &size, told, st);
  if (code != OM_OK) return itself ? code : OM_OK; /* who passes it on does not look */
  put_teller(node, witness, told, size);
  if (itself) om_row_told(node, slot, own, told->size);
  om_recover_advance(node, now_ms);
  return OM_OK;
}

static void make_told(struct om_node *node, Oremark__Told *told, uint8_t note[OM_HEAD_MAX_BYTES], uint32_t log) {
  size_t len = 0;
  told->log = log;
  told->witness = node->config.own_log;
  if (log >= node->n_logs) return;
  told->size = om_serve_have(&node->logs[log]);
  told->stated = node->logs[log].stated;
  if (node->logs[log].started) told->start = (ProtobufCBinaryData){OM_START_BYTES, node->logs[log].start};
  if (node->config.highest != NULL && node->config.highest(node->config.ctx, note, &len, log))
    told->checkpoint = (ProtobufCBinaryData){len, note};
}

static void send_told(struct om_node *node, struct om_action *out, uint32_t log, bool vouched) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Told told = OREMARK__TOLD__INIT;
  uint8_t note[OM_HEAD_MAX_BYTES], sig[OM_SIG_BYTES];
  make_told(node, &told, note, log);
  if (vouched) om_vouch_told(node, &told, sig);
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_TOLD;
  message.told = &told;
  om_peer_encode(&out->bytes, &out->len, &message);
}

/* A vote that is on its way to the disk is waited for, and the start itself in which is answered. */
static bool answer_waits(const struct om_node *node, uint32_t log) {
  if (log >= node->n_logs) return false;
  const struct om_tracked *tracked = &node->logs[log];
  return tracked->cosigning != 0 || tracked->start_due || tracked->start_out;
}

void om_recover_tell_again(struct om_node *node, uint32_t log) {
  for (uint32_t slot = 0; slot < OM_PEERS_MAX; slot++)
    if (node->peers[slot].connected && log < node->peers[slot].n_rows && node->peers[slot].rows[log].told_due)
      om_node_mark_row(node, slot, log);
}

bool om_recover_tell(struct om_node *node, struct om_action *out, uint32_t slot, uint32_t log) {
  struct om_row *row = om_node_row(node, slot, log);
  if (!row->told_due || answer_waits(node, log)) return false;
  row->told_due = false;
  send_told(node, out, log, true);
  return true;
}

/* Asks the peer in SLOT itself, if it is a witness, and to ask others, once in each round. */
static bool ask_next(struct om_node *node, struct om_action *out, uint32_t slot) {
  struct om_peer *peer = &node->peers[slot];
  struct om_recovery *recovery = &node->recovery;
  uint32_t own = node->config.own_log;
  uint8_t sig[OM_SIG_BYTES];
  if (recovery->ready || !recovery->asks || own >= node->n_logs || peer->log == OM_LOG_NONE) return false;
  bool names = peer->asked_round != recovery->again.round && recovery->to.n > 0;
  bool due = !peer->asked && om_node_is_witness(node, own, peer->log);
  if (!names && !due) return false;
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Ask ask = OREMARK__ASK__INIT;
  peer->asked = peer->asked || due;
  peer->may_tell = true;
  ask.log = own;
  ask.start = (ProtobufCBinaryData){OM_START_BYTES, node->config.start};
  if (names) {
    peer->asked_round = recovery->again.round;
    ask.n_to = recovery->to.n;
    ask.to = recovery->to.logs;
    om_vouch_ask(node, &ask, sig);
  }
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_ASK;
  message.ask = &ask;
  om_peer_encode(&out->bytes, &out->len, &message);
  return true;
}

bool om_recover_next(struct om_node *node, struct om_action *out, uint32_t slot) {
  struct om_peer *peer = &node->peers[slot];
  if (!peer->told_due || answer_waits(node, peer->asks_for)) return ask_next(node, out, slot);
  peer->told_due = false;
  send_told(node, out, peer->asks_for, false);
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
    if (lacking_of(node, of) == 0) continue;
    for (size_t i = 0; i < of->n; i++) {
      if (has_told(node, of->daemons[i].log)) continue;
      add(out, len, between);
      add(out, len, of->daemons[i].origin);
      between = ", ";
    }
  }
}

/* Whether some of them go by an act that is to be accepted here first. */
static bool any_ahead(const struct om_node *node, uint32_t own) {
  for (size_t i = 0; i < node->recovery.n && own < node->n_logs; i++)
    if (is_ahead(&node->logs[own], &node->recovery.tellers[i])) return true;
  return false;
}

bool om_node_waiting(const struct om_node *node, char *out, size_t len) {
  uint32_t own = node->config.own_log;
  out[0] = '\0';
  if (node->recovery.ready || own == OM_LOG_NONE) return false;
  uint32_t more = lacking(node);
  const struct om_heard *told = own < node->n_logs ? highest_told(&node->recovery, &node->logs[own]) : NULL;
  if (node->recovery.fork) {
    snprintf(out, len,
             "a witness holds a head that this log has signed and that is not of the entries held here: this store is "
             "not the log's; put the right one in its place, or start with an empty one");
  } else if (!node->recovery.asks || own >= node->n_logs) {
    snprintf(out, len, "waits for the registry to say who its witnesses are");
  } else if (any_ahead(node, own)) {
    snprintf(out, len,
             "the governors have stated how its log goes on, and witnesses have accepted that: accept it here too "
             "(oremark network accept FILE)");
  } else if (more > 0) {
    snprintf(out, len, "waits for %u more of its witnesses to say how far this log had got", more);
    add_missing(node, out, len);
  } else if (told != NULL && node->logs[own].size < told->size) {
    snprintf(out, len, "takes back entries %llu to %llu of its log from its witnesses",
             (unsigned long long)node->logs[own].size, (unsigned long long)told->size - 1);
  } else {
    snprintf(out, len, "has all that its witnesses told of, and looks whether it is theirs");
  }
  return true;
}

bool om_node_own_fork(const struct om_node *node) {
  return node->recovery.fork;
}
