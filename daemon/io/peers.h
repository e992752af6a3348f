/* Links to other daemons: Noise over TCP, dialed and taken; whose key the registry does not name is dropped before
 * anything else that it says is looked at. Between two daemons one link is kept: of two, the one that the daemon
 * with the lower log number dialed. Messages go to the node and its actions come from there; actions for the ledger
 * go to the owner. Ownership: om_peers_free ends it when its last link is gone. Thread: the loop's. */
#ifndef OREMARK_DAEMON_IO_PEERS_H
#define OREMARK_DAEMON_IO_PEERS_H

#include "daemon/core/answer.h"
#include "daemon/core/node.h"
#include "daemon/io/listener.h"
#include "daemon/io/settings.h"

struct om_peers;

struct om_peers_config {
  uv_loop_t *loop;
  uint8_t *read_buffer; /* OM_CONN_READ_BYTES */
  struct om_node *node;
  struct om_hash network;
  const struct om_secret *link_key;
  void *ctx;
  /* Takes over an APPLY, COSIGN or FINAL. */
  void (*action)(void *ctx, const struct om_action *action);
  /* After every pump: the node may have learned something. */
  void (*told)(void *ctx);
  /* The last link is gone after om_peers_stop. */
  void (*gone)(void *ctx);
};

enum om_code om_peers_new(struct om_peers **out, const struct om_peers_config *config, struct om_status *st);
/* Begins to dial: the addresses of SETTINGS (kept by the caller), and those in the registry of daemons that the
 * settings do not name. */
void om_peers_dial(struct om_peers *peers, const struct om_settings *settings);
/* The daemons of the registry, anew; OWN_LOG: this one's log. Links to daemons that stand there no more are ended. */
enum om_code om_peers_registry(struct om_peers *peers, struct om_txn *txn, uint32_t own_log, struct om_status *st);
/* Somebody connects. */
void om_peers_incoming(struct om_peers *peers, struct om_listener *listener);
/* Carries out what the node wants done. After every call of the node. */
void om_peers_pump(struct om_peers *peers);
/* What GetPeers shows, in ARENA; returns how many. */
size_t om_peers_view(const struct om_peers *peers, struct om_arena *arena, const struct om_peer_view **out);
void om_peers_stop(struct om_peers *peers);
void om_peers_free(struct om_peers *peers);

#endif
