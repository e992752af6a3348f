/* What the links to other daemons know: for peers*.c alone. Others see peers.h. */
#ifndef OREMARK_DAEMON_IO_PEERS_STATE_H
#define OREMARK_DAEMON_IO_PEERS_STATE_H

#include "daemon/core/link.h"
#include "daemon/io/dialer.h"
#include "daemon/io/peers.h"
#include "daemon/io/rate.h"

enum {
  OM_PEERS_ADDRESS_BYTES = 300, /* any host and its port */
  OM_PEERS_REFUSED_LINES = 10,  /* log lines on strangers in a minute; more are counted: else anybody could fill the
                                   disk */
};
#define OM_NO_SLOT UINT32_MAX

struct om_peer {
  struct om_conn conn; /* first: hooks get this address */
  struct om_peers *all;
  struct om_peer *prev, *next;
  struct om_link *link; /* NULL: not connected yet */
  struct om_dial *dial; /* NULL: it came to us */
  uv_connect_t connect;
  uint32_t slot; /* OM_NO_SLOT: not admitted */
  uint32_t log;
  char origin[OM_NAME_BYTES + 1];
  char address[OM_PEERS_ADDRESS_BYTES];
  int64_t since_ms; /* Unix time */
  size_t unsent;    /* message bytes not yet written */
  struct om_rate rate;
  bool dirty; /* the link has something to write */
};

/* A daemon of the registry. */
struct om_known {
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
  struct om_known *known; /* by log number */
  uint32_t n_known;
  uint32_t own_log;
  struct om_dial **dials;
  size_t n_dials;
  const struct om_settings *settings; /* NULL: nobody is dialed yet */
  uv_timer_t tick;
  uint32_t refused; /* strangers since refused_since_ms */
  int64_t refused_since_ms;
  bool pumping, again, stopping, tick_closed;
};

/* peers.c */
int64_t om_peers_now(const struct om_peers *peers);
/* Nobody is left, and the loop may end: says so. */
void om_peers_check_gone(struct om_peers *peers);

/* peers_link.c: one link */
void om_peers_drop(struct om_peer *peer, enum om_code code, const char *why);
void om_peers_flush(struct om_peer *peer); /* writes what the link has to send */
/* A dial has found an address: connects (CTX: the peers). */
void om_peers_reach(void *ctx, struct om_dial *dial, const struct sockaddr *address);

/* peers_dial.c: the daemons of the registry and the settings, and whom to dial */
const struct om_known *om_peers_known_key(const struct om_peers *peers, const uint8_t key[OM_PUBLIC_BYTES]);
struct om_dial *om_peers_dial_of(const struct om_peers *peers, const char *origin);
bool om_peers_linked_origin(const struct om_peers *peers, const char *origin);

#endif
