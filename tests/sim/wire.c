/* Links between nodes, with delays, and what a dishonest one does to them. The slot of a link is the other's number. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/peer.h"
#include "sim/sim.h"

static void empty(struct sim_pipe *pipe) {
  while (pipe->first != NULL) {
    struct sim_message *next = pipe->first->next;
    free(pipe->first->bytes);
    free(pipe->first);
    pipe->first = next;
  }
  pipe->last = NULL;
}

/* Whether A and B may speak: of a home with two faces each sees its own, and who helps it both. */
static bool acquainted(const struct sim *s, uint32_t a, uint32_t b) {
  const struct sim_node *x = &s->nodes[a], *y = &s->nodes[b];
  if (!sim_forked(s) || x->two_faced == y->two_faced) return !sim_forked(s) || !x->two_faced;
  return x->side == y->side || x->cosigns_all || y->cosigns_all;
}

void sim_link(struct sim *s, uint32_t a, uint32_t b) {
  if (s->linked[a][b] || s->parted[a][b] || !s->nodes[a].up || !s->nodes[b].up || !acquainted(s, a, b)) return;
  if (s->nodes[a].behind && s->nodes[b].behind) return;
  if (!sim_succession_knows(s, a, b)) return;
  if (s->join_step != 0 && !sim_names(&s->nodes[a < b ? a : b], a < b ? b : a)) return;
  s->linked[a][b] = s->linked[b][a] = true;
  s->idle.links++;
  om_node_connected(s->nodes[a].node, b, s->nodes[b].daemon, s->now_ms);
  om_node_connected(s->nodes[b].node, a, s->nodes[a].daemon, s->now_ms);
}

void sim_cut(struct sim *s, uint32_t a, uint32_t b) {
  if (!s->linked[a][b]) return;
  s->linked[a][b] = s->linked[b][a] = false;
  empty(&s->pipes[a][b]);
  empty(&s->pipes[b][a]);
  if (s->nodes[a].node != NULL) om_node_disconnected(s->nodes[a].node, b, s->now_ms);
  if (s->nodes[b].node != NULL) om_node_disconnected(s->nodes[b].node, a, s->now_ms);
}

static void push(struct sim *s, uint32_t from, uint32_t to, uint8_t *bytes, size_t len) {
  struct sim_pipe *pipe = &s->pipes[from][to];
  struct sim_message *message = calloc(1, sizeof *message);
  OM_ASSERT(message != NULL);
  int64_t due = s->now_ms + 1 + (int64_t)sim_below(s, sim_one_in(s, 20) ? 600 : 40);
  if (pipe->last != NULL && pipe->last->due_ms > due) due = pipe->last->due_ms;
  *message = (struct sim_message){NULL, bytes, len, due};
  if (pipe->last == NULL)
    pipe->first = message;
  else
    pipe->last->next = message;
  pipe->last = message;
}

static uint8_t *copy(const uint8_t *bytes, size_t len) {
  uint8_t *out = malloc(len);
  OM_ASSERT(out != NULL);
  memcpy(out, bytes, len);
  return out;
}

/* Keeps some of what it sends and sends it again to anybody. */
static void replay(struct sim_node *n, uint32_t to, const uint8_t *bytes, size_t len) {
  struct sim *s = n->sim;
  struct sim_message *old = &n->old[sim_below(s, 16)];
  if (s->idle.hushed) return;
  if (old->bytes != NULL && sim_one_in(s, 12)) {
    push(s, n->index, to, copy(old->bytes, old->len), old->len);
    s->idle.lies++;
  }
  if (!sim_one_in(s, 4)) return;
  free(old->bytes);
  *old = (struct sim_message){NULL, copy(bytes, len), len, 0};
}

static void boast(struct sim *s, Oremark__Have *have) {
  if (!sim_one_in(s, 3)) return;
  have->size += sim_below(s, 50);
  have->final_size = sim_below(s, have->size + 1);
}

/* Signs what it is asked to, without a look, and before anybody else does. */
static void sign_anything(struct sim_node *n, uint32_t to, const Oremark__Propose *asked) {
  struct om_note note;
  struct om_checkpoint head;
  struct om_status st;
  char name[OM_NAME_BYTES + 1], line[OM_NOTE_LINE_BYTES];
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Cosigned answer = OREMARK__COSIGNED__INIT;
  uint8_t *bytes;
  size_t len;
  if (om_note_parse(&note, (const char *)asked->checkpoint.data, asked->checkpoint.len, &st) != OM_OK ||
      om_checkpoint_parse(&head, NULL, note.text, note.text_len, &st) != OM_OK)
    return;
  snprintf(name, sizeof name, "daemon%u.example/log", n->daemon);
  om_note_cosign(line, name, n->keys.cosign, (uint64_t)(sim_wall(n) / 1000), note.text, note.text_len);
  answer.log = asked->log;
  answer.size = head.size;
  answer.witness = n->daemon;
  answer.line = (ProtobufCBinaryData){strlen(line), (uint8_t *)line};
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_COSIGNED;
  message.cosigned = &answer;
  om_peer_encode(&bytes, &len, &message);
  push(n->sim, n->index, to, bytes, len);
}

static void note_vote(struct sim_node *n, const Oremark__Cosigned *said) {
  if (said->witness == n->daemon && said->size > n->voted[said->log]) n->voted[said->log] = said->size;
}

/* That it is there is heard all the same. */
static void hush(uint8_t **bytes, size_t *len) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Ping ping = OREMARK__PING__INIT;
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_PING;
  message.ping = &ping;
  free(*bytes);
  om_peer_encode(bytes, len, &message);
}

/* What goes out in place of BYTES; false: nothing. */
static bool twist(struct sim_node *n, uint32_t to, uint8_t **bytes, size_t *len) {
  struct om_peer_message message;
  struct om_status st;
  OM_ASSERT(om_peer_decode(&message, *bytes, *len, &st) == OM_OK);
  bool goes = true;
  sim_idle_said(n, to, &message);
  if (message.small != NULL) {
    if (message.small->what_case == OREMARK__PEER_MESSAGE__WHAT_COSIGNED) note_vote(n, message.small->cosigned);
    bool asks = message.small->what_case == OREMARK__PEER_MESSAGE__WHAT_PROPOSE ||
                message.small->what_case == OREMARK__PEER_MESSAGE__WHAT_FOLLOW;
    if (n->sim->idle.hushed && sim_liar(n) && asks) hush(bytes, len);
    if (n->mute && message.small->what_case == OREMARK__PEER_MESSAGE__WHAT_COSIGNED) goes = false;
    if (n->boasts && message.small->what_case == OREMARK__PEER_MESSAGE__WHAT_HAVE) {
      boast(n->sim, message.small->have);
      free(*bytes);
      om_peer_encode(bytes, len, message.small);
    }
  }
  om_peer_message_free(&message);
  return goes;
}

void sim_send(struct sim *s, uint32_t from, struct om_action *action) {
  uint32_t to = action->slot;
  size_t given = action->len;
  OM_ASSERT(s->linked[from][to]);
  sim_trace(s, action->bytes, action->len);
  if (twist(&s->nodes[from], to, &action->bytes, &action->len)) {
    if (s->nodes[from].feeds) sim_feed(&s->nodes[from], to, &action->bytes, &action->len);
    if (s->nodes[from].replays) replay(&s->nodes[from], to, action->bytes, action->len);
    push(s, from, to, action->bytes, action->len);
    action->bytes = NULL;
  }
  om_action_free(action);
  om_node_sent(s->nodes[from].node, to, given, s->now_ms);
}

static void look_for_proposals(struct sim_node *n, uint32_t from, const struct sim_message *in) {
  struct om_peer_message message;
  struct om_status st;
  if (om_peer_decode(&message, in->bytes, in->len, &st) != OM_OK) return;
  if (message.small != NULL && message.small->what_case == OREMARK__PEER_MESSAGE__WHAT_PROPOSE)
    sign_anything(n, from, message.small->propose);
  om_peer_message_free(&message);
}

static void deliver_one(struct sim *s, uint32_t from, uint32_t to) {
  struct sim_pipe *pipe = &s->pipes[from][to];
  struct sim_message *message = pipe->first;
  struct om_status st = {0};
  pipe->first = message->next;
  if (pipe->first == NULL) pipe->last = NULL;
  if (s->nodes[to].cosigns_all) look_for_proposals(&s->nodes[to], from, message);
  enum om_code code = om_node_message(s->nodes[to].node, from, message->bytes, message->len, s->now_ms, &st);
  if (code != OM_OK) {
    if (!sim_liar(&s->nodes[from]) && !sim_liar(&s->nodes[to]) &&
        !sim_forked(s)) /* a liar may ask by what it says again */
      sim_violation(s, "daemon %u drops the honest %u for a message: %s", to, from, st.text);
    sim_cut(s, from, to);
  }
  free(message->bytes);
  free(message);
}

void sim_deliver(struct sim *s) {
  uint32_t pairs = (uint32_t)(s->n_nodes * s->n_nodes), begin = (uint32_t)sim_below(s, pairs), idle = 0;
  for (uint32_t i = begin; idle < pairs; i++) {
    uint32_t from = i % pairs / (uint32_t)s->n_nodes, to = i % (uint32_t)s->n_nodes;
    struct sim_message *first = s->pipes[from][to].first;
    if (first == NULL || first->due_ms > s->now_ms) {
      idle++;
      continue;
    }
    idle = 0;
    deliver_one(s, from, to);
    sim_node_pump(&s->nodes[to]);
    if (sim_one_in(s, 3)) sim_node_batch(&s->nodes[to]);
  }
}
