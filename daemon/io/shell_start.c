/* What is looked at before a daemon starts, and where it listens then. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/io/logline.h"
#include "daemon/io/shell_state.h"
#include "keys/hex.h"

/* The log key must be the one that the registry names, or nobody would believe what it signs. */
static enum om_code check_keys(struct om_shell *shell, struct om_txn *txn, uint32_t own, struct om_status *st) {
  struct om_daemon daemon;
  if (own == OM_LOG_NONE) return OM_OK;
  if (om_registry_daemon(txn, &daemon, own, OM_REGISTRY_NOW, st) != OM_OK) return st->code;
  if (memcmp(om_secret_public(shell->keys->log), daemon.log_key, sizeof daemon.log_key) != 0)
    return om_fail(st, OM_USAGE, NULL, "the log key in %s is not the one that the registry names for %s",
                   shell->settings->keys, daemon.origin);
  if (om_cosign_key_check(txn, own, om_secret_public(shell->keys->cosign), st) == OM_OK) return OM_OK;
  if (!om_broke(st, OM_RULE_COSIGN_KEY) && !om_broke(st, OM_RULE_VOTES)) return st->code;
  om_shell_tell_key(shell, st); /* the governors may replace it later: all else goes on */
  om_status_clear(st);
  return OM_OK;
}

/* Of the own log; where there is none, of the registry log as a sign of what kind of network this is. */
static enum om_code own_quorum(struct om_txn *txn, struct om_quorum *out, const struct om_log_info *own_info,
                               uint32_t own, struct om_status *st) {
  struct om_log_info info = *own_info;
  enum om_code code = own == OM_LOG_NONE ? om_log_info(txn, &info, OM_LOG_REGISTRY, st) : OM_OK;
  return code == OM_OK ? om_log_quorum(txn, out, info.log, info.size, st) : code;
}

enum om_code om_shell_check_start(struct om_shell *shell, struct om_status *st) {
  char network[OM_HEX_BYTES(OM_HASH_BYTES)];
  struct om_txn *txn;
  struct om_log_info info = {.origin = "none"};
  struct om_quorum *quorum = calloc(1, sizeof *quorum);
  OM_ASSERT(quorum != NULL);
  uint32_t own = om_ledger_own_log(shell->ledger);
  enum om_code code = om_txn_read(&txn, om_ledger_store(shell->ledger), st);
  if (code == OM_OK) {
    code = check_keys(shell, txn, own, st);
    if (code == OM_OK && own != OM_LOG_NONE) code = om_log_info(txn, &info, own, st);
    if (code == OM_OK) code = own_quorum(txn, quorum, &info, own, st);
    om_txn_abort(txn);
  }
  om_hex(network, om_ledger_network(shell->ledger)->bytes, OM_HASH_BYTES);
  if (code == OM_OK) {
    om_log(OM_LOG_INFO, "ledger-open",
           "version=%s network=%s origin=%s size=%" PRIu64 " final=%" PRIu64 " quorum=%" PRIu32, OREMARK_VERSION,
           network, info.origin, info.size, info.final_size, quorum->lists[0].k);
    if (!om_quorum_any(quorum))
      om_log(OM_LOG_WARNING, "quorum-zero", "detail=\"no witnesses: not protected against a dishonest operator\"");
  }
  free(quorum);
  return code;
}

/* ---- who may come ---- */

static void client_incoming(void *ctx, struct om_listener *listener) {
  struct om_shell *shell = ctx;
  om_clients_incoming(shell->clients, listener);
}

static void peer_incoming(void *ctx, struct om_listener *listener) {
  struct om_shell *shell = ctx;
  om_peers_incoming(shell->peers, listener);
}

static enum om_code listen_tcp(struct om_shell *shell, const char *text, struct om_status *st) {
  struct om_listener_hooks hooks = {shell, peer_incoming};
  struct om_address address;
  if (om_address_parse(&address, text, st) != OM_OK) return st->code;
  struct om_listener **out = &shell->listeners[shell->n_listeners];
  if (om_listener_tcp(out, &shell->loop, address.host, address.port, &hooks, st) != OM_OK) return st->code;
  shell->n_listeners++;
  om_log(OM_LOG_INFO, "listening", "address=%s:%u for=peers", address.host, om_listener_port(*out));
  return OM_OK;
}

enum om_code om_shell_listen(struct om_shell *shell, struct om_status *st) {
  const struct om_settings *settings = shell->settings;
  struct om_listener_hooks hooks = {shell, client_incoming};
  if (settings->listen_count > OM_LISTENERS_MAX)
    return om_fail(st, OM_USAGE, NULL, "listen: at most %d addresses", OM_LISTENERS_MAX);
  for (size_t i = 0; i < settings->listen_count && shell->keys->link != NULL; i++)
    if (listen_tcp(shell, settings->listen[i], st) != OM_OK) return st->code;
  struct om_listener **out = &shell->listeners[shell->n_listeners];
  if (om_listener_unix(out, &shell->loop, settings->socket, settings->group, &hooks, st) != OM_OK) return st->code;
  shell->n_listeners++;
  om_log(OM_LOG_INFO, "listening", "address=%s for=clients", settings->socket);
  return OM_OK;
}

/* ---- witnesses and logs outside the network ---- */

enum om_code om_shell_witness_others(struct om_shell *shell, struct om_status *st) {
  const struct om_settings *settings = shell->settings;
  struct om_witness_http_config config = {.address = settings->witness_listen,
                                          .store = settings->store,
                                          .keys = settings->keys,
                                          .name = shell->keys->witness_name,
                                          .secret = shell->keys->witness,
                                          .logs = settings->witness_logs,
                                          .n_logs = settings->witness_logs_count};
  if (settings->witness_listen == NULL || shell->keys->witness == NULL) return OM_OK;
  return om_witness_http_start(&shell->witness, &config, st);
}

enum om_code om_shell_ask_outsiders(struct om_shell *shell, struct om_status *st) {
  const struct om_settings *settings = shell->settings;
  if (settings->outside_witnesses_count == 0 || shell->keys->log == NULL) return OM_OK;
  return om_outsiders_start(&shell->outsiders, om_ledger_store(shell->ledger), settings->store,
                            settings->outside_witnesses, settings->outside_witnesses_count, OM_OUTSIDERS_AFTER_FAULT_S,
                            st);
}
