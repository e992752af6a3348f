#include "daemon/io/peers.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/link.h"
#include "daemon/io/dialer.h"
#include "daemon/io/logline.h"
#include "daemon/io/rate.h"
#include "daemon/io/wall.h"

enum {
  STRANGERS_MAX = 64, /* links at once whose other side has not proved its key yet */
  ADDRESS_BYTES = 300,
  REFUSED_LINES = 10, /* log lines on strangers in REFUSED_MS; more are counted: else anybody could fill the disk */
  REFUSED_MS = 60000,
};
#define NO_SLOT UINT32_MAX

struct om_peer {
  struct om_conn conn; /* first: hooks get this address */
  struct om_peers *all;
  struct om_peer *prev, *next;
  struct om_link *link; /* NULL: not connected yet */
  struct om_dial *dial; /* NULL: it came to us */
  uv_connect_t connect;
  uint32_t slot; /* NO_SLOT: not admitted */
  uint32_t log;
  char origin[OM_NAME_BYTES + 1];
  char address[ADDRESS_BYTES];
  int64_t since_ms; /* Unix time */
  size_t unsent;    /* message bytes not yet written */
  struct om_rate rate;
  bool dirty; /* the link has something to write */
};

/* A daemon of the registry. */
struct known {
  uint32_t log;
  uint8_t link_key[OM_PUBLIC_BYTES];
  char origin[OM_NAME_BYTES + 1];
  char address[OM_ADDRESS_BYTES + 1]; /* as it says itself; empty: none */
};

struct om_peers {
  struct om_peers_config config;
  struct om_peer *first;
  size_t n;
  struct om_peer *slots[OM_PEERS_MAX];
  struct known *known; /* by log number */
  uint32_t n_known;
  uint32_t own_log;
  struct om_dial **dials;
  size_t n_dials;
  const struct om_settings *settings; /* NULL: nobody is dialed yet */
  uv_timer_t tick;
  uint32_t refused; /* strangers since REFUSED_SINCE_MS */
  int64_t refused_since_ms;
  bool pumping, again, stopping, tick_closed;
};

static int64_t now_ms(const struct om_peers *peers) {
  return (int64_t)uv_now(peers->config.loop);
}

static const struct known *known_log(const struct om_peers *peers, uint32_t log) {
  return log < peers->n_known ? &peers->known[log] : NULL;
}

static const struct known *known_key(const struct om_peers *peers, const uint8_t key[OM_PUBLIC_BYTES]) {
  for (uint32_t i = 0; i < peers->n_known; i++)
    if (memcmp(peers->known[i].link_key, key, OM_PUBLIC_BYTES) == 0) return &peers->known[i];
  return NULL;
}

static struct om_dial *dial_of(const struct om_peers *peers, const char *origin) {
  for (size_t i = 0; i < peers->n_dials; i++)
    if (strcmp(peers->dials[i]->origin, origin) == 0) return peers->dials[i];
  return NULL;
}

static struct om_peer *linked(const struct om_peers *peers, uint32_t log) {
  for (size_t i = 0; i < OM_PEERS_MAX; i++)
    if (peers->slots[i] != NULL && peers->slots[i]->log == log) return peers->slots[i];
  return NULL;
}

static bool linked_origin(const struct om_peers *peers, const char *origin) {
  for (size_t i = 0; i < OM_PEERS_MAX; i++)
    if (peers->slots[i] != NULL && strcmp(peers->slots[i]->origin, origin) == 0) return true;
  return false;
}

static void drop(struct om_peer *peer, enum om_code code, const char *why) {
  struct om_status st;
  om_fail(&st, code, NULL, "%s", why);
  om_conn_close(&peer->conn, &st);
}

/* ---- writing ---- */

static void flush(struct om_peer *peer) {
  uint8_t *bytes = NULL;
  size_t len = 0;
  struct om_status st;
  peer->dirty = false;
  if (peer->conn.closing) return;
  if (om_link_take(peer->link, &bytes, &len, &st) != OM_OK) {
    om_conn_close(&peer->conn, &st);
    return;
  }
  uint8_t *room = len > 0 ? om_conn_room(&peer->conn, len) : NULL;
  if (room != NULL) {
    memcpy(room, bytes, len);
    om_conn_added(&peer->conn, len);
    om_conn_flush(&peer->conn);
  }
  free(bytes);
}

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
  if (peer != NULL) drop(peer, OM_REFUSED, action->reason);
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
    case OM_ACTION_EVIDENCE: peers->config.action(peers->config.ctx, action); return;
  }
}

static void pump_once(struct om_peers *peers) {
  struct om_action action;
  while (om_node_next(peers->config.node, &action, now_ms(peers))) carry_out(peers, &action);
  for (size_t i = 0; i < OM_PEERS_MAX; i++)
    if (peers->slots[i] != NULL && peers->slots[i]->dirty) flush(peers->slots[i]);
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

static void on_drained(struct om_conn *conn) {
  struct om_peer *peer = (struct om_peer *)conn;
  size_t sent = peer->unsent;
  if (peer->slot == NO_SLOT || sent == 0) return;
  peer->unsent = 0;
  om_node_sent(peer->all->config.node, peer->slot, sent, now_ms(peer->all));
  om_peers_pump(peer->all);
}

/* ---- who it is ---- */

/* The lower of the two log numbers' link stays; of two that the same side dialed, the newer, as the older may be
 * dead. */
static bool newer_stays(const struct om_peers *peers, const struct om_peer *newer, const struct om_peer *older) {
  uint32_t newer_by = newer->dial != NULL ? peers->own_log : newer->log;
  uint32_t older_by = older->dial != NULL ? peers->own_log : older->log;
  return newer_by <= older_by;
}

static uint32_t free_slot(const struct om_peers *peers) {
  for (uint32_t i = 0; i < OM_PEERS_MAX; i++)
    if (peers->slots[i] == NULL) return i;
  return NO_SLOT;
}

/* Looks the proved key up; false: the link has been dropped. */
static bool recognise(struct om_peer *peer) {
  struct om_peers *all = peer->all;
  const struct known *known = known_key(all, om_link_remote(peer->link));
  if (known == NULL) {
    drop(peer, OM_REFUSED, "its link key belongs to no daemon in the registry here");
    return false;
  }
  peer->log = known->log;
  memcpy(peer->origin, known->origin, sizeof peer->origin);
  if (peer->dial != NULL && strcmp(peer->dial->origin, known->origin) != 0) {
    drop(peer, OM_REFUSED, "another daemon than the settings name answers at this address");
    return false;
  }
  if (known->log == all->own_log) {
    drop(peer, OM_REFUSED, "this is the daemon itself");
    return false;
  }
  struct om_peer *older = linked(all, known->log);
  if (older != NULL && !newer_stays(all, peer, older)) {
    drop(peer, OM_BUSY, "a link to this daemon stands already");
    return false;
  }
  if (older != NULL) drop(older, OM_BUSY, "a second link to this daemon takes its place");
  return true;
}

static bool admit(struct om_peer *peer) {
  struct om_peers *all = peer->all;
  struct om_status st;
  if (!recognise(peer)) return false;
  uint32_t slot = free_slot(all);
  if (slot == NO_SLOT) {
    drop(peer, OM_BUSY, "too many links");
    return false;
  }
  if (om_link_admit(peer->link, &st) != OM_OK) {
    om_conn_close(&peer->conn, &st);
    return false;
  }
  om_conn_deadline(&peer->conn, 0, NULL);
  peer->slot = slot;
  peer->since_ms = om_wall_ms();
  peer->dirty = true;
  all->slots[slot] = peer;
  struct om_dial *dial = dial_of(all, peer->origin);
  if (dial != NULL) om_dial_up(dial);
  om_log(OM_LOG_INFO, "peer-connected", "origin=%s address=%s dialed=%s", peer->origin, peer->address,
         peer->dial != NULL ? "yes" : "no");
  om_node_connected(all->config.node, slot, peer->log, now_ms(all));
  return true;
}

/* ---- reading ---- */

static void take_frames(struct om_peer *peer) {
  struct om_frame frame;
  struct om_status st;
  for (;;) {
    if (om_link_next(peer->link, &frame, &st) != OM_OK) {
      if (peer->slot == NO_SLOT) om_wrap(&st, "no link (another network, or not a daemon)");
      om_conn_close(&peer->conn, &st);
      return;
    }
    if (om_link_state(peer->link) == OM_LINK_ASKS) {
      if (!admit(peer)) return;
      continue;
    }
    if (frame.len == 0) return;
    if (om_node_message(peer->all->config.node, peer->slot, frame.bytes, frame.len, now_ms(peer->all), &st) != OM_OK) {
      om_conn_close(&peer->conn, &st);
      return;
    }
    om_peers_pump(peer->all);
    if (peer->conn.closing) return;
  }
}

static void on_data(struct om_conn *conn, const uint8_t *bytes, size_t len) {
  struct om_peer *peer = (struct om_peer *)conn;
  om_conn_hold(conn);
  om_link_feed(peer->link, bytes, len);
  take_frames(peer);
  if (!conn->closing) flush(peer);
  om_peers_pump(peer->all);
  om_conn_drop(conn);
}

/* ---- ends ---- */

static void on_ended(struct om_conn *conn, const struct om_status *why) {
  struct om_peer *peer = (struct om_peer *)conn;
  struct om_peers *all = peer->all;
  const char *text = why->code == OM_OK ? "the other side closed the link" : why->text;
  bool was_admitted = peer->slot != NO_SLOT;
  if (was_admitted) {
    om_log(OM_LOG_INFO, "peer-disconnected", "origin=%s address=%s why=\"%s\"", peer->origin, peer->address, text);
    all->slots[peer->slot] = NULL;
    om_node_disconnected(all->config.node, peer->slot, now_ms(all));
    peer->slot = NO_SLOT;
  } else if (peer->dial == NULL && all->refused++ < REFUSED_LINES) {
    om_log(OM_LOG_INFO, "peer-refused", "address=%s why=\"%s\"", peer->address, text);
  }
  struct om_dial *dial = was_admitted ? dial_of(all, peer->origin) : peer->dial;
  bool yields = was_admitted && why->code == OM_BUSY; /* to another link to the same daemon */
  if (dial != NULL && !yields && !linked_origin(all, dial->origin)) om_dial_down(dial, text);
  if (all->pumping) all->again = true;
}

static void check_gone(struct om_peers *peers) {
  if (peers->stopping && peers->n == 0 && peers->tick_closed) peers->config.gone(peers->config.ctx);
}

static void on_freed(struct om_conn *conn) {
  struct om_peer *peer = (struct om_peer *)conn;
  struct om_peers *all = peer->all;
  if (peer->prev != NULL)
    peer->prev->next = peer->next;
  else
    all->first = peer->next;
  if (peer->next != NULL) peer->next->prev = peer->prev;
  all->n--;
  om_link_close(peer->link);
  free(peer);
  check_gone(all);
}

static const struct om_conn_hooks hooks = {
    .data = on_data, .drained = on_drained, .ended = on_ended, .freed = on_freed};

/* ---- beginnings ---- */

static struct om_peer *new_peer(struct om_peers *peers, struct om_status *st) {
  struct om_peer *peer = calloc(1, sizeof *peer);
  if (peer == NULL) return NULL;
  if (om_conn_init(&peer->conn, peers->config.loop, OM_CONN_TCP, peers->config.read_buffer, &hooks, st) != OM_OK) {
    free(peer);
    return NULL;
  }
  peer->all = peers;
  peer->slot = NO_SLOT;
  peer->log = OM_LOG_NONE;
  peer->next = peers->first;
  if (peer->next != NULL) peer->next->prev = peer;
  peers->first = peer;
  peers->n++;
  return peer;
}

/* The TCP connection stands: begins the handshake. */
static enum om_code open_link(struct om_peer *peer, enum om_noise_role role, struct om_status *st) {
  const struct om_peers_config *config = &peer->all->config;
  uint8_t ephemeral[OM_NOISE_KEY_BYTES];
  randombytes_buf(ephemeral, sizeof ephemeral);
  enum om_code code = om_link_open(&peer->link, role, config->link_key, ephemeral, config->network.bytes, st);
  sodium_memzero(ephemeral, sizeof ephemeral);
  om_conn_deadline(&peer->conn, OM_CONN_HANDSHAKE_MS, "it did not finish the handshake in time");
  return code;
}

static void on_connected(uv_connect_t *connect, int rc) {
  struct om_peer *peer = connect->data;
  struct om_status st;
  if (!peer->conn.closing) {
    if (rc != 0) {
      drop(peer, OM_IO, uv_strerror(rc));
    } else if (open_link(peer, OM_NOISE_INITIATOR, &st) != OM_OK || om_conn_start(&peer->conn, &st) != OM_OK) {
      om_conn_close(&peer->conn, &st);
    } else {
      flush(peer);
    }
  }
  om_conn_drop(&peer->conn);
}

static void reach(void *ctx, struct om_dial *dial, const struct sockaddr *address) {
  struct om_peers *peers = ctx;
  struct om_status st;
  struct om_peer *peer = new_peer(peers, &st);
  if (peer == NULL) {
    om_dial_down(dial, "no memory");
    return;
  }
  peer->dial = dial;
  snprintf(peer->address, sizeof peer->address, "%s:%u", dial->address.host, dial->address.port);
  om_conn_deadline(&peer->conn, OM_CONN_HANDSHAKE_MS, "nobody answers there");
  om_conn_hold(&peer->conn);
  peer->connect.data = peer;
  int rc = uv_tcp_connect(&peer->connect, &peer->conn.io.tcp, address, on_connected);
  if (rc == 0) return;
  drop(peer, OM_IO, uv_strerror(rc));
  om_conn_drop(&peer->conn);
}

static void name_address(struct om_peer *peer) {
  struct sockaddr_storage address;
  char host[INET6_ADDRSTRLEN] = "?";
  int len = sizeof address;
  unsigned port = 0;
  if (uv_tcp_getpeername(&peer->conn.io.tcp, (struct sockaddr *)&address, &len) == 0) {
    uv_ip_name((struct sockaddr *)&address, host, sizeof host);
    port =
        ntohs(((const struct sockaddr_in *)(const void *)&address)->sin_port); /* sin6_port stands at the same place */
  }
  snprintf(peer->address, sizeof peer->address, strchr(host, ':') != NULL ? "[%s]:%u" : "%s:%u", host, port);
}

/* Where too many came and have not proved who they are, the oldest goes, not the newest: a daemon proves itself within
 * a round trip, so whoever opens connections and says nothing keeps nobody out. */
static void make_way(struct om_peers *peers) {
  struct om_peer *oldest = NULL;
  size_t n = 0;
  for (struct om_peer *peer = peers->first; peer != NULL; peer = peer->next) {
    if (peer->slot != NO_SLOT || peer->dial != NULL || peer->conn.closing) continue;
    oldest = peer;
    n++;
  }
  if (n > STRANGERS_MAX) drop(oldest, OM_IO, "too many unfinished handshakes");
}

void om_peers_incoming(struct om_peers *peers, struct om_listener *listener) {
  struct om_status st;
  struct om_peer *peer = new_peer(peers, &st);
  if (peer == NULL) return;
  if (om_listener_accept(listener, &peer->conn, &st) != OM_OK) {
    om_conn_close(&peer->conn, &st);
    return;
  }
  name_address(peer);
  make_way(peers);
  if (peers->stopping)
    drop(peer, OM_IO, "this daemon stops");
  else if (open_link(peer, OM_NOISE_RESPONDER, &st) != OM_OK)
    om_conn_close(&peer->conn, &st);
}

static void tell_refused(struct om_peers *peers) {
  if (now_ms(peers) - peers->refused_since_ms < REFUSED_MS) return;
  if (peers->refused > REFUSED_LINES)
    om_log(OM_LOG_INFO, "peers-refused", "more=%" PRIu32, peers->refused - REFUSED_LINES);
  peers->refused = 0;
  peers->refused_since_ms = now_ms(peers);
}

static void note_rates(struct om_peers *peers) {
  for (size_t i = 0; i < OM_PEERS_MAX; i++) {
    struct om_peer *peer = peers->slots[i];
    if (peer != NULL) om_rate_note(&peer->rate, now_ms(peers), peer->conn.bytes_in, peer->conn.bytes_out);
  }
}

static void on_tick(uv_timer_t *timer) {
  struct om_peers *peers = timer->data;
  tell_refused(peers);
  note_rates(peers);
  om_node_tick(peers->config.node, now_ms(peers));
  om_peers_pump(peers);
}

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

/* One dial for each address: of two to the same daemon the second link would end the first. */
static void add_dial(struct om_peers *peers, const struct om_settings_peer *who, unsigned attempts) {
  struct om_dial *dial = om_dial_new(peers->config.loop, who, attempts, peers, reach);
  peers->dials = realloc(peers->dials, (peers->n_dials + 1) * sizeof(struct om_dial *));
  OM_ASSERT(dial != NULL && peers->dials != NULL);
  peers->dials[peers->n_dials++] = dial;
  if (linked_origin(peers, dial->origin)) om_dial_up(dial);
}

/* With the attempt that is under way: an operator who moves its daemon again and again has one at a time, too. */
static void remove_dial(struct om_peers *peers, size_t i) {
  for (struct om_peer *peer = peers->first, *next; peer != NULL; peer = next) {
    next = peer->next;
    if (peer->dial != peers->dials[i]) continue;
    if (peer->slot == NO_SLOT) drop(peer, OM_IO, "its operator says now that it is elsewhere");
    peer->dial = NULL;
  }
  om_dial_close(peers->dials[i]);
  peers->dials[i] = peers->dials[--peers->n_dials];
}

static bool in_settings(const struct om_peers *peers, const char *origin) {
  for (size_t i = 0; i < peers->settings->peers_count; i++)
    if (strcmp(peers->settings->peers[i].origin, origin) == 0) return true;
  return false;
}

/* Dials DAEMON where the registry says that it is, unless the settings say where. */
static void dial_known(struct om_peers *peers, struct known *daemon) {
  struct om_settings_peer who = {daemon->origin, daemon->address};
  struct om_address address;
  struct om_status st;
  if (daemon->log == peers->own_log || in_settings(peers, daemon->origin)) return;
  unsigned attempts = 0;
  bool wanted = *daemon->address != '\0' && om_address_parse(&address, daemon->address, &st) == OM_OK;
  for (size_t i = 0; i < peers->n_dials; i++) {
    const struct om_dial *dial = peers->dials[i];
    if (strcmp(dial->origin, daemon->origin) != 0) continue;
    if (wanted && strcmp(dial->address.host, address.host) == 0 && dial->address.port == address.port) return;
    attempts = om_dial_attempts(dial); /* a new address is no reason to dial more often */
    remove_dial(peers, i);
    break;
  }
  if (wanted) add_dial(peers, &who, attempts);
}

static void dial_registry(struct om_peers *peers) {
  for (uint32_t i = 0; peers->settings != NULL && i < peers->n_known; i++) dial_known(peers, &peers->known[i]);
}

void om_peers_dial(struct om_peers *peers, const struct om_settings *settings) {
  const struct known *own = known_log(peers, peers->own_log);
  peers->settings = settings;
  for (size_t i = 0; i < settings->peers_count; i++)
    if (own == NULL || strcmp(own->origin, settings->peers[i].origin) != 0) /* one file for all daemons of a site */
      add_dial(peers, &settings->peers[i], 0);
  dial_registry(peers);
}

enum om_code om_peers_registry(struct om_peers *peers, struct om_txn *txn, uint32_t own_log, struct om_status *st) {
  uint32_t n = om_log_count(txn);
  struct known *known = calloc(n > 0 ? n : 1, sizeof *known);
  OM_ASSERT(known != NULL);
  for (uint32_t log = 0; log < n; log++) {
    struct om_daemon daemon;
    if (om_registry_daemon(txn, &daemon, log, OM_REGISTRY_NOW, st) != OM_OK ||
        om_registry_address(txn, known[log].address, log, OM_REGISTRY_NOW, st) != OM_OK) {
      free(known);
      return st->code;
    }
    known[log].log = log;
    memcpy(known[log].link_key, daemon.link_key, sizeof known[log].link_key);
    memcpy(known[log].origin, daemon.origin, sizeof known[log].origin);
  }
  free(peers->known);
  peers->known = known;
  peers->n_known = n;
  peers->own_log = own_log;
  for (size_t i = 0; i < OM_PEERS_MAX; i++) {
    struct om_peer *peer = peers->slots[i];
    if (peer == NULL) continue;
    const struct known *now = known_key(peers, om_link_remote(peer->link));
    if (now == NULL || now->log != peer->log) drop(peer, OM_REFUSED, "its link key stands in the registry no more");
  }
  if (!peers->stopping) dial_registry(peers);
  return OM_OK;
}

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
  om_rate_show(&peer->rate, &view->bytes_in_s, &view->bytes_out_s, now_ms(peer->all), view->bytes_in, view->bytes_out);
}

size_t om_peers_view(const struct om_peers *peers, struct om_arena *arena, const struct om_peer_view **out) {
  struct om_peer_view *views = om_arena_array(arena, OM_PEERS_MAX + peers->n_dials, sizeof *views);
  size_t n = 0;
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

static void on_tick_closed(uv_handle_t *handle) {
  struct om_peers *peers = handle->data;
  peers->tick_closed = true;
  check_gone(peers);
}

void om_peers_stop(struct om_peers *peers) {
  peers->stopping = true;
  for (size_t i = 0; i < peers->n_dials; i++) om_dial_close(peers->dials[i]);
  peers->n_dials = 0;
  for (struct om_peer *peer = peers->first, *next; peer != NULL; peer = next) {
    next = peer->next;
    peer->dial = NULL;
    drop(peer, OM_IO, "this daemon stops");
  }
  uv_close((uv_handle_t *)&peers->tick, on_tick_closed);
}

void om_peers_free(struct om_peers *peers) {
  free(peers->known);
  free(peers->dials);
  free(peers);
}
