/* One link: who is at its other end, what is read and written, how it begins and ends. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/io/logline.h"
#include "daemon/io/peers_state.h"
#include "daemon/io/wall.h"

enum { STRANGERS_MAX = 64 }; /* links at once whose other side has not proved its key yet */

void om_peers_drop(struct om_peer *peer, enum om_code code, const char *why) {
  struct om_status st;
  om_fail(&st, code, NULL, "%s", why);
  om_conn_close(&peer->conn, &st);
}

/* ---- writing ---- */
/* ---- writing ---- */

void om_peers_flush(struct om_peer *peer) {
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

static void on_drained(struct om_conn *conn) {
  struct om_peer *peer = (struct om_peer *)conn;
  size_t sent = peer->unsent;
  if (peer->slot == OM_NO_SLOT || sent == 0) return;
  peer->unsent = 0;
  om_node_sent(peer->all->config.node, peer->slot, sent, om_peers_now(peer->all));
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

static struct om_peer *linked(const struct om_peers *peers, uint32_t log) {
  for (size_t i = 0; i < OM_PEERS_MAX; i++)
    if (peers->slots[i] != NULL && peers->slots[i]->log == log) return peers->slots[i];
  return NULL;
}

static uint32_t free_slot(const struct om_peers *peers) {
  for (uint32_t i = 0; i < OM_PEERS_MAX; i++)
    if (peers->slots[i] == NULL) return i;
  return OM_NO_SLOT;
}

/* Looks the proved key up; false: the link has been dropped. */
static bool recognise(struct om_peer *peer) {
  struct om_peers *all = peer->all;
  const struct om_known *known = om_peers_known_key(all, om_link_remote(peer->link));
  if (known == NULL) {
    om_peers_drop(peer, OM_REFUSED, "its link key belongs to no daemon in the registry here");
    return false;
  }
  peer->log = known->log;
  memcpy(peer->origin, known->origin, sizeof peer->origin);
  if (peer->dial != NULL && strcmp(peer->dial->origin, known->origin) != 0) {
    om_peers_drop(peer, OM_REFUSED, "another daemon than the settings name answers at this address");
    return false;
  }
  if (known->log == all->own_log) {
    om_peers_drop(peer, OM_REFUSED, "this is the daemon itself");
    return false;
  }
  struct om_peer *older = linked(all, known->log);
  if (older != NULL && !newer_stays(all, peer, older)) {
    om_peers_drop(peer, OM_BUSY, "a link to this daemon stands already");
    return false;
  }
  if (older != NULL) om_peers_drop(older, OM_BUSY, "a second link to this daemon takes its place");
  return true;
}

static bool admit(struct om_peer *peer) {
  struct om_peers *all = peer->all;
  struct om_status st;
  if (!recognise(peer)) return false;
  uint32_t slot = free_slot(all);
  if (slot == OM_NO_SLOT) {
    om_peers_drop(peer, OM_BUSY, "too many links");
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
  struct om_dial *dial = om_peers_dial_of(all, peer->origin);
  if (dial != NULL) om_dial_up(dial);
  om_log(OM_LOG_INFO, "peer-connected", "origin=%s address=%s dialed=%s", peer->origin, peer->address,
         peer->dial != NULL ? "yes" : "no");
  om_node_connected(all->config.node, slot, peer->log, om_peers_now(all));
  return true;
}

/* ---- reading ---- */

static void take_frames(struct om_peer *peer) {
  struct om_frame frame;
  struct om_status st;
  for (;;) {
    if (om_link_next(peer->link, &frame, &st) != OM_OK) {
      if (peer->slot == OM_NO_SLOT) om_wrap(&st, "no link (another network, or not a daemon)");
      om_conn_close(&peer->conn, &st);
      return;
    }
    if (om_link_state(peer->link) == OM_LINK_ASKS) {
      if (!admit(peer)) return;
      continue;
    }
    if (frame.len == 0) return;
    if (om_node_message(peer->all->config.node, peer->slot, frame.bytes, frame.len, om_peers_now(peer->all), &st) !=
        OM_OK) {
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
  if (!conn->closing) om_peers_flush(peer);
  om_peers_pump(peer->all);
  om_conn_drop(conn);
}

/* ---- ends ---- */

static void on_ended(struct om_conn *conn, const struct om_status *why) {
  struct om_peer *peer = (struct om_peer *)conn;
  struct om_peers *all = peer->all;
  const char *text = why->code == OM_OK ? "the other side closed the link" : why->text;
  bool was_admitted = peer->slot != OM_NO_SLOT;
  if (was_admitted) {
    om_log(OM_LOG_INFO, "peer-disconnected", "origin=%s address=%s why=\"%s\"", peer->origin, peer->address, text);
    all->slots[peer->slot] = NULL;
    om_node_disconnected(all->config.node, peer->slot, om_peers_now(all));
    peer->slot = OM_NO_SLOT;
  } else if (peer->dial == NULL && all->refused++ < OM_PEERS_REFUSED_LINES) {
    om_log(OM_LOG_INFO, "peer-refused", "address=%s why=\"%s\"", peer->address, text);
  }
  struct om_dial *dial = was_admitted ? om_peers_dial_of(all, peer->origin) : peer->dial;
  bool yields = was_admitted && why->code == OM_BUSY; /* to another link to the same daemon */
  if (dial != NULL && !yields && !om_peers_linked_origin(all, dial->origin)) om_dial_down(dial, text);
  if (all->pumping) all->again = true;
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
  om_peers_check_gone(all);
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
  peer->slot = OM_NO_SLOT;
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
      om_peers_drop(peer, OM_IO, uv_strerror(rc));
    } else if (open_link(peer, OM_NOISE_INITIATOR, &st) != OM_OK || om_conn_start(&peer->conn, &st) != OM_OK) {
      om_conn_close(&peer->conn, &st);
    } else {
      om_peers_flush(peer);
    }
  }
  om_conn_drop(&peer->conn);
}

void om_peers_reach(void *ctx, struct om_dial *dial, const struct sockaddr *address) {
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
  om_peers_drop(peer, OM_IO, uv_strerror(rc));
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
    if (peer->slot != OM_NO_SLOT || peer->dial != NULL || peer->conn.closing) continue;
    oldest = peer;
    n++;
  }
  if (n > STRANGERS_MAX) om_peers_drop(oldest, OM_IO, "too many unfinished handshakes");
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
    om_peers_drop(peer, OM_IO, "this daemon stops");
  else if (open_link(peer, OM_NOISE_RESPONDER, &st) != OM_OK)
    om_conn_close(&peer->conn, &st);
}
