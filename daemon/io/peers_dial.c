/* Whom this daemon knows, from the registry, and whom it dials: the addresses of the settings, and those in the
 * registry of daemons that the settings do not name. */
#include <stdlib.h>
#include <string.h>

#include "daemon/io/peers_state.h"

static const struct om_known *known_log(const struct om_peers *peers, uint32_t log) {
  return log < peers->n_known ? &peers->known[log] : NULL;
}

const struct om_known *om_peers_known_key(const struct om_peers *peers, const uint8_t key[OM_PUBLIC_BYTES]) {
  for (uint32_t i = 0; i < peers->n_known; i++)
    if (memcmp(peers->known[i].link_key, key, OM_PUBLIC_BYTES) == 0) return &peers->known[i];
  return NULL;
}

struct om_dial *om_peers_dial_of(const struct om_peers *peers, const char *origin) {
  for (size_t i = 0; i < peers->n_dials; i++)
    if (strcmp(peers->dials[i]->origin, origin) == 0) return peers->dials[i];
  return NULL;
}

bool om_peers_linked_origin(const struct om_peers *peers, const char *origin) {
  for (size_t i = 0; i < OM_PEERS_MAX; i++)
    if (peers->slots[i] != NULL && strcmp(peers->slots[i]->origin, origin) == 0) return true;
  return false;
}

/* One dial for each address: of two to the same daemon the second link would end the first. */
static void add_dial(struct om_peers *peers, const struct om_settings_peer *who, unsigned attempts) {
  struct om_dial *dial = om_dial_new(peers->config.loop, who, attempts, peers, om_peers_reach);
  peers->dials = realloc(peers->dials, (peers->n_dials + 1) * sizeof(struct om_dial *));
  OM_ASSERT(dial != NULL && peers->dials != NULL);
  peers->dials[peers->n_dials++] = dial;
  if (om_peers_linked_origin(peers, dial->origin)) om_dial_up(dial);
}

/* With the attempt that is under way: an operator who moves its daemon again and again has one at a time, too. */
static void remove_dial(struct om_peers *peers, size_t i) {
  for (struct om_peer *peer = peers->first, *next; peer != NULL; peer = next) {
    next = peer->next;
    if (peer->dial != peers->dials[i]) continue;
    if (peer->slot == OM_NO_SLOT) om_peers_drop(peer, OM_IO, "its operator says now that it is elsewhere");
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
static void dial_known(struct om_peers *peers, struct om_known *daemon) {
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
  const struct om_known *own = known_log(peers, peers->own_log);
  peers->settings = settings;
  for (size_t i = 0; i < settings->peers_count; i++)
    if (own == NULL || strcmp(own->origin, settings->peers[i].origin) != 0) /* one file for all daemons of a site */
      add_dial(peers, &settings->peers[i], 0);
  dial_registry(peers);
}

enum om_code om_peers_registry(struct om_peers *peers, struct om_txn *txn, uint32_t own_log, struct om_status *st) {
  uint32_t n = om_log_count(txn);
  struct om_known *known = calloc(n > 0 ? n : 1, sizeof *known);
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
    const struct om_known *now = om_peers_known_key(peers, om_link_remote(peer->link));
    if (now == NULL || now->log != peer->log)
      om_peers_drop(peer, OM_REFUSED, "its link key stands in the registry no more");
  }
  if (!peers->stopping) dial_registry(peers);
  return OM_OK;
}
