#include "daemon/io/peers.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/io/logline.h"
#include "daemon/io/peers_state.h"

enum { REFUSED_MS = 60000 }; /* how often it is told how many strangers there were more */

int64_t om_peers_now(const struct om_peers *peers) {
  return (int64_t)uv_now(peers->config.loop);
}

/* ---- what the node wants done ---- */

static void send_action(struct om_peers *peers, const struct om_action *action) {
  struct om_peer *peer = peers->slots[action->slot];
  struct om_status st;
  if (peer == NULL || peer->conn.closing) return;
  if (om_link_send(peer->link, action->bytes, action->len, &st) != OM_OK) {
    om_conn_close(&peer->conn, &st);
    return;
  }
  peer->unsent += action->len;
  peer->dirty = true;
}

static void drop_action(struct om_peers *peers, const struct om_action *action) {
  struct om_peer *peer = peers->slots[action->slot];
  if (peer != NULL) om_peers_drop(peer, OM_REFUSED, action->reason);
}

static void carry_out(struct om_peers *peers, struct om_action *action) {
  switch (action->kind) {
    case OM_ACTION_SEND:
      send_action(peers, action);
      om_action_free(action);
      return;
    case OM_ACTION_DROP:
      drop_action(peers, action);
      om_action_free(action);
      return;
    case OM_ACTION_APPLY:
    case OM_ACTION_COSIGN:
    case OM_ACTION_FINAL:
    case OM_ACTION_START:
    case OM_ACTION_EVIDENCE: peers->config.action(peers->config.ctx, action); return;
  }
}

static void pump_once(struct om_peers *peers) {
  struct om_action action;
  while (om_node_next(peers->config.node, &action, om_peers_now(peers))) carry_out(peers, &action);
  for (size_t i = 0; i < OM_PEERS_MAX; i++)
    if (peers->slots[i] != NULL && peers->slots[i]->dirty) om_peers_flush(peers->slots[i]);
}

void om_peers_pump(struct om_peers *peers) {
  peers->again = true;
  if (peers->pumping) return;
  peers->pumping = true;
  while (peers->again) {
    peers->again = false;
    pump_once(peers);
  }
  peers->pumping = false;
  peers->config.told(peers->config.ctx);
}

/* ---- the clock ---- */

static void tell_refused(struct om_peers *peers) {
  if (om_peers_now(peers) - peers->refused_since_ms < REFUSED_MS) return;
  if (peers->refused > OM_PEERS_REFUSED_LINES)
    om_log(OM_LOG_INFO, "peers-refused", "more=%" PRIu32, peers->refused - OM_PEERS_REFUSED_LINES);
  peers->refused = 0;
  peers->refused_since_ms = om_peers_now(peers);
}

static void note_rates(struct om_peers *peers) {
  for (size_t i = 0; i < OM_PEERS_MAX; i++) {
    struct om_peer *peer = peers->slots[i];
    if (peer != NULL) om_rate_note(&peer->rate, om_peers_now(peers), peer->conn.bytes_in, peer->conn.bytes_out);
  }
}

static void on_tick(uv_timer_t *timer) {
  struct om_peers *peers = timer->data;
  tell_refused(peers);
  note_rates(peers);
  om_node_tick(peers->config.node, om_peers_now(peers));
  om_peers_pump(peers);
}

/* ---- beginning and end ---- */

enum om_code om_peers_new(struct om_peers **out, const struct om_peers_config *config, struct om_status *st) {
  struct om_peers *peers = calloc(1, sizeof *peers);
  if (peers == NULL) return om_fail(st, OM_IO, NULL, "no memory for peers");
  peers->config = *config;
  peers->own_log = OM_LOG_NONE;
  OM_ASSERT(uv_timer_init(config->loop, &peers->tick) == 0);
  peers->tick.data = peers;
  uv_timer_start(&peers->tick, on_tick, OM_NODE_TICK_MS, OM_NODE_TICK_MS);
  *out = peers;
  return OM_OK;
}

void om_peers_check_gone(struct om_peers *peers) {
  if (peers->stopping && peers->n == 0 && peers->tick_closed) peers->config.gone(peers->config.ctx);
}

static void on_tick_closed(uv_handle_t *handle) {
  struct om_peers *peers = handle->data;
  peers->tick_closed = true;
  om_peers_check_gone(peers);
}

void om_peers_stop(struct om_peers *peers) {
  peers->stopping = true;
  for (size_t i = 0; i < peers->n_dials; i++) om_dial_close(peers->dials[i]);
  peers->n_dials = 0;
  for (struct om_peer *peer = peers->first, *next; peer != NULL; peer = next) {
    next = peer->next;
    peer->dial = NULL;
    om_peers_drop(peer, OM_IO, "this daemon stops");
  }
  uv_close((uv_handle_t *)&peers->tick, on_tick_closed);
}

void om_peers_free(struct om_peers *peers) {
  free(peers->known);
  free(peers->dials);
  free(peers);
}

/* ---- for status ---- */

static const char *state_name(enum om_dial_state state) {
  switch (state) {
    case OM_DIAL_WAITING: return "waiting";
    case OM_DIAL_CONNECTING: return "connecting";
    case OM_DIAL_CONNECTED: return "connected";
  }
  return "";
}

static void view_peer(struct om_peer_view *view, const struct om_peer *peer) {
  snprintf(view->origin, sizeof view->origin, "%s", peer->origin);
  snprintf(view->address, sizeof view->address, "%s", peer->address);
  view->state = state_name(OM_DIAL_CONNECTED);
  view->since_ms = peer->since_ms;
  view->bytes_in = peer->conn.bytes_in;
  view->bytes_out = peer->conn.bytes_out;
  om_rate_show(&peer->rate, &view->bytes_in_s, &view->bytes_out_s, om_peers_now(peer->all), view->bytes_in,
               view->bytes_out);
}

size_t om_peers_view(const struct om_peers *peers, struct om_arena *arena, const struct om_peer_view **out) {
  size_t n = 0, links = 0;
  for (size_t i = 0; i < OM_PEERS_MAX; i++) links += peers->slots[i] != NULL;
  struct om_peer_view *views = om_arena_array(arena, links + peers->n_dials, sizeof *views);
  *out = views;
  for (size_t i = 0; i < OM_PEERS_MAX; i++)
    if (peers->slots[i] != NULL) view_peer(&views[n++], peers->slots[i]);
  for (size_t i = 0; i < peers->n_dials; i++) {
    const struct om_dial *dial = peers->dials[i];
    if (dial->state == OM_DIAL_CONNECTED) continue;
    snprintf(views[n].origin, sizeof views[n].origin, "%s", dial->origin);
    snprintf(views[n].address, sizeof views[n].address, "%s:%u", dial->address.host, dial->address.port);
    snprintf(views[n].last_error, sizeof views[n].last_error, "%s", dial->last_error);
    views[n].state = state_name(dial->state);
    views[n++].since_ms = dial->since_ms;
  }
  return n;
}
