/* The own log's heads on their way to a quorum: one is proposed at a time, the newest when the last has its quorum or
 * has had its time. Witnesses without a link are named to those with one, who pass it on: at once to other witnesses,
 * who get it anyway and hold the entries under it; where there is no quorum after a while, to every peer, again and
 * again. Cosignatures are gathered until k operators have signed; then the note goes to the ledger, which
 * checks it again. */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/node_state.h"

static struct om_proposal *newest(const struct om_node *node) {
  return node->n_proposed == 0 ? NULL : node->proposed[node->n_proposed - 1];
}

static void free_proposal(struct om_proposal *proposal) {
  free(proposal->note);
  free(proposal);
}

void om_quorum_free(struct om_node *node) {
  for (size_t i = 0; i < node->n_proposed; i++) free_proposal(node->proposed[i]);
  node->n_proposed = 0;
  om_heard_clear(&node->head);
}

static uint64_t final_size(const struct om_node *node) {
  uint32_t own = node->config.own_log;
  return own < node->n_logs ? node->logs[own].final.size : 0;
}

static bool own_ended(const struct om_node *node) {
  uint32_t own = node->config.own_log;
  return own < node->n_logs && node->logs[own].ended;
}

static bool settled(const struct om_node *node, const struct om_proposal *proposal) {
  return proposal == NULL || proposal->done || proposal->size <= final_size(node);
}

static void propose(struct om_node *node, int64_t now_ms) {
  if (node->n_proposed == OM_PROPOSALS_KEPT) {
    free_proposal(node->proposed[0]);
    memmove(node->proposed, node->proposed + 1, (OM_PROPOSALS_KEPT - 1) * sizeof node->proposed[0]);
    node->n_proposed--;
  }
  struct om_proposal *proposal = om_node_alloc(1, sizeof *proposal);
  proposal->size = node->head.size;
  proposal->len = node->head.len;
  proposal->note = om_node_alloc(proposal->len, 1);
  memcpy(proposal->note, node->head.note, proposal->len);
  proposal->quorum = node->quorum; /* what is told of it later is of a longer log */
  om_relay_unlinked(node, &proposal->to, node->config.own_log);
  om_again_begin(&proposal->again, now_ms);
  node->proposed[node->n_proposed++] = proposal;
  node->proposed_ms = now_ms;
}

/* The operators of one list that have signed. */
struct counted {
  uint32_t operators[OM_WITNESSES_MAX];
  size_t n;
};

/* Adds the operator of GATHERED's witness to those counted; false: it is there, or the list lacks the witness or the
 * key that it signed with, or has its k already. */
static bool count_operator(struct counted *counted, const struct om_quorum_list *list,
                           const struct om_gathered *gathered) {
  if (counted->n >= list->k) return false;
  for (size_t i = 0; i < list->n; i++) {
    const struct om_daemon *daemon = &list->daemons[i];
    if (daemon->log != gathered->witness || memcmp(daemon->cosign_key, gathered->key, sizeof gathered->key) != 0)
      continue;
    for (size_t k = 0; k < counted->n; k++)
      if (counted->operators[k] == daemon->operator_member) return false;
    counted->operators[counted->n++] = daemon->operator_member;
    return true;
  }
  return false;
}

/* Puts the own note and, for each list, one line of each of k operators together; a line may count in both. False: too
 * few, or no room for them. */
static bool assemble(const struct om_proposal *proposal, char note[OM_NOTE_BYTES_MAX], size_t *len) {
  const struct om_quorum *quorum = &proposal->quorum;
  struct counted counted[OM_QUORUM_LISTS] = {0};
  struct om_status st;
  memcpy(note, proposal->note, proposal->len);
  *len = proposal->len;
  for (size_t i = 0; i < proposal->n; i++) {
    const struct om_gathered *gathered = &proposal->lines[i];
    bool counts = false;
    for (size_t list = 0; list < quorum->n_lists; list++)
      counts = count_operator(&counted[list], &quorum->lists[list], gathered) || counts;
    if (counts && om_note_add_line(note, len, gathered->line, strlen(gathered->line), &st) != OM_OK) return false;
  }
  for (size_t list = 0; list < quorum->n_lists; list++)
    if (counted[list].n < quorum->lists[list].k) return false;
  return *len <= OM_HEAD_MAX_BYTES;
}

/* A quorum on a head settles those below it. */
static void finish(struct om_node *node, struct om_proposal *proposal) {
  char note[OM_NOTE_BYTES_MAX];
  size_t len = 0;
  uint32_t own = node->config.own_log;
  if (proposal->done || !om_quorum_any(&proposal->quorum) || own >= node->n_logs || !assemble(proposal, note, &len))
    return;
  for (size_t i = 0; i < node->n_proposed; i++)
    if (node->proposed[i]->size <= proposal->size) node->proposed[i]->done = true;
  om_pair_offer(&node->logs[own].claims, proposal->size, (const uint8_t *)note, len, OM_SLOT_NONE);
  om_node_mark_log(node, own);
}

static bool has_line(const struct om_proposal *proposal, uint32_t witness) {
  for (size_t i = 0; i < proposal->n; i++)
    if (proposal->lines[i].witness == witness) return true;
  return false;
}

/* Names the witnesses in PROPOSAL again that have neither a link nor answered. */
static void propose_again(struct om_node *node, struct om_proposal *proposal, int64_t now_ms) {
  size_t n = 0;
  if (settled(node, proposal) || !om_again_due(&proposal->again, now_ms)) return;
  om_relay_unlinked(node, &proposal->to, node->config.own_log);
  for (size_t i = 0; i < proposal->to.n; i++)
    if (!has_line(proposal, proposal->to.logs[i])) proposal->to.logs[n++] = proposal->to.logs[i];
  proposal->to.n = n;
}

void om_quorum_advance(struct om_node *node, int64_t now_ms) {
  struct om_proposal *last = newest(node);
  if (own_ended(node)) return;
  if (!om_quorum_any(&node->quorum) || !om_node_ready(node)) return;
  if (last != NULL && !settled(node, last)) finish(node, last);
  propose_again(node, last, now_ms);
  if (node->head.size <= final_size(node) || now_ms < node->propose_after_ms) return;
  if (last != NULL && node->head.size <= last->size) return;
  int64_t since = now_ms - node->proposed_ms;
  if (last != NULL && since < node->config.propose_interval_ms) return;
  if (!settled(node, last) && since < node->config.propose_timeout_ms) return;
  propose(node, now_ms);
}

/* Nobody has been told of what is proposed next. */
static void untold(struct om_node *node) {
  for (uint32_t slot = 0; slot < OM_PEERS_MAX; slot++) node->peers[slot].proposed = node->peers[slot].proposed_to = 0;
}

void om_quorum_again(struct om_node *node) {
  if (newest(node) != NULL) om_again_begin(&newest(node)->again, node->now_ms);
  untold(node);
}

void om_quorum_cut(struct om_node *node, uint32_t slot) {
  node->peers[slot].proposed = node->peers[slot].proposed_to = 0;
}

void om_quorum_refused(struct om_node *node, int64_t now_ms) {
  for (size_t i = 0; i < node->n_proposed; i++) free_proposal(node->proposed[i]);
  node->n_proposed = 0;
  node->propose_after_ms = now_ms + node->config.propose_timeout_ms;
  untold(node);
}

static bool named_others(const struct om_peer *peer, const struct om_proposal *proposal) {
  return peer->proposed_to == proposal->size && peer->proposed_round == proposal->again.round;
}

/* Whether the peer is to be asked to pass PROPOSAL on; true once for each round. */
static bool name_others(struct om_peer *peer, const struct om_proposal *proposal, bool witness) {
  if (named_others(peer, proposal) || (!witness && proposal->again.round == 0)) return false;
  peer->proposed_to = proposal->size;
  peer->proposed_round = proposal->again.round;
  return proposal->to.n > 0;
}

bool om_quorum_next(struct om_node *node, struct om_action *out, uint32_t slot) {
  struct om_proposal *proposal = newest(node);
  struct om_peer *peer = &node->peers[slot];
  if (own_ended(node) || settled(node, proposal) || peer->log == OM_LOG_NONE) return false;
  if (peer->proposed >= proposal->size && named_others(peer, proposal)) return false;
  bool witness = om_node_is_witness(node, node->config.own_log, peer->log);
  bool due = witness && peer->proposed < proposal->size, names = name_others(peer, proposal, witness);
  if (!due && !names) return false;
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Propose wire = OREMARK__PROPOSE__INIT;
  uint8_t sig[OM_SIG_BYTES];
  if (witness) peer->proposed = proposal->size;
  peer->may_tell = true; /* that it knows of a later start */
  wire.log = node->config.own_log;
  wire.checkpoint = (ProtobufCBinaryData){proposal->len, proposal->note};
  wire.start = (ProtobufCBinaryData){OM_START_BYTES, node->config.start};
  if (names) {
    wire.n_to = proposal->to.n;
    wire.to = proposal->to.logs;
    om_vouch_propose(node, &wire, sig);
  }
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_PROPOSE;
  message.propose = &wire;
  om_peer_encode(&out->bytes, &out->len, &message);
  return true;
}

static struct om_proposal *open_proposal(const struct om_node *node, uint64_t size) {
  for (size_t i = 0; i < node->n_proposed; i++)
    if (node->proposed[i]->size == size && !settled(node, node->proposed[i])) return node->proposed[i];
  return NULL;
}

/* Is LINE the cosignature of the proposal's text by WITNESS, under the key of one of the lists? *KEY is that key. */
static enum om_code check_line(uint8_t key[32], const struct om_proposal *proposal, uint32_t witness, const char *line,
                               size_t len, struct om_status *st) {
  char bytes[OM_NOTE_BYTES_MAX];
  size_t bytes_len = 0;
  struct om_note own, cosigned;
  uint64_t time_s = 0;
  enum om_code code = om_note_parse(&own, (const char *)proposal->note, proposal->len, st);
  if (code == OM_OK) code = om_note_begin(bytes, &bytes_len, own.text, own.text_len, st);
  if (code == OM_OK) code = om_note_add_line(bytes, &bytes_len, line, len, st);
  if (code == OM_OK) code = om_note_parse(&cosigned, bytes, bytes_len, st);
  if (code != OM_OK) return code;
  code = om_fail(st, OM_REFUSED, "peer-cosigned", "log %u's daemon is not asked for a cosignature", witness);
  for (size_t list = 0; list < proposal->quorum.n_lists; list++) {
    for (size_t i = 0; i < proposal->quorum.lists[list].n; i++) {
      const struct om_daemon *daemon = &proposal->quorum.lists[list].daemons[i];
      if (daemon->log != witness) continue;
      code = om_note_verify_cosignature(&cosigned, &time_s, daemon->origin, daemon->cosign_key, st);
      memcpy(key, daemon->cosign_key, sizeof daemon->cosign_key);
      if (code == OM_OK) return OM_OK;
    }
  }
  return code;
}

enum om_code om_quorum_cosigned(struct om_node *node, uint32_t slot, const struct om_peer_cosigned *in, int64_t now_ms,
                                struct om_status *st) {
  if (in->len == 0 || in->len > OM_LINE_MAX_BYTES)
    return om_fail(st, OM_MALFORMED, "peer-cosigned", "a cosignature line of %zu bytes", in->len);
  if (in->log != node->config.own_log) {
    om_relay_cosigned(node, slot, in);
    return OM_OK;
  }
  bool passed_on = in->witness != node->peers[slot].log; /* by who did not look whether it is good */
  if (passed_on && !om_relay_may(node, slot)) return OM_OK;
  struct om_proposal *proposal = open_proposal(node, in->size);
  if (proposal == NULL || !om_quorum_find(&proposal->quorum, in->witness) || proposal->n == OM_GATHERED_MAX)
    return OM_OK; /* late */
  if (has_line(proposal, in->witness)) return OM_OK;
  uint8_t key[32];
  enum om_code code = check_line(key, proposal, in->witness, in->line, in->len, st);
  if (code != OM_OK && passed_on) return OM_OK;
  if (code != OM_OK) return om_wrap(st, "a cosignature of the own log at size %llu", (unsigned long long)in->size);
  struct om_gathered *gathered = &proposal->lines[proposal->n++];
  gathered->witness = in->witness;
  memcpy(gathered->key, key, sizeof key);
  memcpy(gathered->line, in->line, in->len);
  gathered->line[in->len] = '\0';
  finish(node, proposal);
  om_quorum_advance(node, now_ms);
  return OM_OK;
}

static uint64_t cosigned(const struct om_node *node, uint32_t witness) {
  uint64_t largest = 0;
  for (size_t i = 0; i < node->n_proposed; i++) {
    const struct om_proposal *proposal = node->proposed[i];
    for (size_t k = 0; k < proposal->n; k++)
      if (proposal->lines[k].witness == witness && proposal->size > largest) largest = proposal->size;
  }
  return largest;
}

size_t om_node_witnesses(const struct om_node *node, struct om_node_witness out[OM_NODE_WITNESSES],
                         uint32_t needed[OM_QUORUM_LISTS]) {
  size_t n = 0;
  for (size_t list = 0; list < OM_QUORUM_LISTS; list++) {
    bool any = list < node->quorum.n_lists;
    needed[list] = any ? node->quorum.lists[list].k : 0;
    for (size_t i = 0; any && i < node->quorum.lists[list].n; i++) {
      const struct om_daemon *daemon = &node->quorum.lists[list].daemons[i];
      struct om_node_witness *w = &out[n++];
      *w = (struct om_node_witness){.list = list, .operator_member = daemon->operator_member};
      memcpy(w->origin, daemon->origin, sizeof w->origin);
      w->cosigned = cosigned(node, daemon->log);
    }
  }
  return n;
}
