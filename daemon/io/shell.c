#include "daemon/io/shell.h"

#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "daemon/io/clients.h"
#include "daemon/io/documents.h"
#include "daemon/io/fetches.h"
#include "daemon/io/holdings.h"
#include "daemon/io/logline.h"
#include "daemon/io/outsiders.h"
#include "daemon/io/peers.h"
#include "daemon/io/reached.h"
#include "daemon/io/tracker.h"
#include "daemon/io/turns.h"
#include "daemon/io/wall.h"
#include "daemon/io/witness_http.h"
#include "daemon/io/writer.h"
#include "keys/hex.h"

enum { LISTENERS_MAX = 16 /* addresses of one machine */ };

/* The order of a stop. Each step waits for the one before. */
enum stage { RUNNING, STOPPING_WRITER, STOPPING_ENDS, STOPPED };

struct shell {
  const struct om_settings *settings;
  const struct om_shell_keys *keys;
  struct om_signers_keys signers;
  uv_loop_t loop;
  uint8_t read_buffer[OM_CONN_READ_BYTES];
  struct om_ledger *ledger;
  struct om_holdings holdings;
  struct om_documents *documents;
  struct om_fetches fetches;
  struct om_node *node;
  struct om_tracker tracker;
  struct om_reached reached;
  struct om_writer *writer;
  struct om_job_list wanted; /* by the node, not given to the writer yet */
  struct om_clients *clients;
  struct om_peers *peers;
  struct om_listener *listeners[LISTENERS_MAX + 1];
  size_t n_listeners;
  struct om_witness_http *witness; /* NULL: not asked for */
  struct om_outsiders *outsiders;  /* NULL: none are asked */
  uv_signal_t signals[2];
  enum stage stage;
  bool clients_gone, peers_gone;
  bool ready, told_fork, told_votes, told_key, told_by_hand;
  int64_t started_ms;
  struct om_status failure; /* OM_OK: stopped by a signal */
};

/* ---- stopping ---- */

static void stop(struct shell *shell, const struct om_status *why) {
  if (why != NULL && shell->failure.code == OM_OK) shell->failure = *why;
  if (shell->stage != RUNNING) return;
  shell->stage = STOPPING_WRITER;
  om_log_event(OM_LOG_INFO, "stopping");
  for (size_t i = 0; i < shell->n_listeners; i++) om_listener_close(shell->listeners[i]);
  shell->n_listeners = 0;
  om_clients_pause(shell->clients);
  om_writer_stop(shell->writer);
}

static void all_gone(struct shell *shell) {
  if (shell->stage != STOPPING_ENDS || !shell->clients_gone || !shell->peers_gone) return;
  shell->stage = STOPPED;
  om_writer_close(shell->writer);
  om_clients_free(shell->clients);
  om_peers_free(shell->peers);
  for (size_t i = 0; i < 2; i++) uv_close((uv_handle_t *)&shell->signals[i], NULL);
}

static void on_writer_stopped(void *ctx) {
  struct shell *shell = ctx;
  shell->stage = STOPPING_ENDS;
  om_clients_stop(shell->clients);
  om_peers_stop(shell->peers);
}

static void on_clients_gone(void *ctx) {
  struct shell *shell = ctx;
  shell->clients_gone = true;
  all_gone(shell);
}

static void on_peers_gone(void *ctx) {
  struct shell *shell = ctx;
  shell->peers_gone = true;
  all_gone(shell);
}

static void on_signal(uv_signal_t *signal, int number) {
  om_log(OM_LOG_INFO, "signal", "number=%d", number);
  stop(signal->data, NULL);
}

/* ---- between ledger and node ---- */

static enum om_code refresh(struct shell *shell, struct om_status *st) {
  struct om_txn *txn;
  struct om_touched touched;
  bool registry;
  uint32_t own = om_writer_own_log(shell->writer);
  om_store_touched(om_ledger_store(shell->ledger), &touched);
  if (om_txn_read(&txn, om_ledger_store(shell->ledger), st) != OM_OK) return st->code;
  uint32_t own_before = shell->tracker.own_log;
  enum om_code code =
      om_tracker_refresh(&shell->tracker, &registry, txn, &touched, own, (int64_t)uv_now(&shell->loop), st);
  if (code == OM_OK && registry) code = om_peers_registry(shell->peers, txn, own, st);
  struct om_log_info info;
  if (code == OM_OK && own != OM_LOG_NONE && (registry || own != own_before)) {
    code = om_log_info(txn, &info, own, st);
    if (code == OM_OK) om_clients_origin(shell->clients, info.origin);
  }
  if (code == OM_OK && own < shell->tracker.n) {
    om_clients_final(shell->clients, shell->tracker.logs[own].final_size);
    om_outsiders_final(shell->outsiders, own, shell->tracker.logs[own].final_size);
  }
  om_txn_abort(txn);
  return code;
}

/* After whatever the node was told: it may be ready now. */
static void look_whether_ready(struct shell *shell) {
  char text[OM_STATUS_TEXT_BYTES];
  if (shell->ready || shell->stage != RUNNING) return;
  if (om_node_ready(shell->node)) {
    shell->ready = true;
    om_log_event(OM_LOG_INFO, "log-ready");
    om_writer_ready(shell->writer);
  } else if (om_node_own_fork(shell->node) && !shell->told_fork) {
    shell->told_fork = true;
    om_node_waiting(shell->node, text, sizeof text);
    om_log(OM_LOG_ERROR, "own-fork", "log=%" PRIu32 " detail=\"%s\"", shell->tracker.own_log, text);
  }
}

/* The node was called, by a message or by time. What it wants written goes to the writer together: entries and the vote
 * on them are not to be parted. */
static void on_told(void *ctx) {
  struct shell *shell = ctx;
  om_writer_add_all(shell->writer, &shell->wanted);
  om_reached_tick(&shell->reached, shell->clients, (int64_t)uv_now(&shell->loop));
  look_whether_ready(shell);
}

static void on_committed(void *ctx) {
  struct shell *shell = ctx;
  struct om_status st;
  if (refresh(shell, &st) != OM_OK) stop(shell, &st);
  look_whether_ready(shell);
}

static const char *what_failed(enum om_job_kind kind) {
  switch (kind) {
    case OM_JOB_MIRROR: return "entries-refused";
    case OM_JOB_EVIDENCE: return "evidence-refused";
    case OM_JOB_START: return "start-not-kept";
    case OM_JOB_COSIGN:
    case OM_JOB_FINAL:
    case OM_JOB_SUBMIT: break;
  }
  return "head-refused";
}

/* Why nothing is cosigned: as long as it is so it is met at every head that is proposed, and said once. */
static bool tell_key(struct shell *shell, const struct om_status *why) {
  bool lost = strcmp(why->rule, "votes") == 0, waits = strcmp(why->rule, "cosign-key") == 0;
  if (!lost && !waits) return false;
  bool *told = lost ? &shell->told_votes : &shell->told_key;
  if (!*told) om_log(OM_LOG_WARNING, lost ? "votes-lost" : "cosign-key-waits", "detail=\"%s\"", why->text);
  *told = true;
  return true;
}

static void report(struct shell *shell, const struct om_job *job) {
  bool fork = strcmp(job->status.rule, "fork") == 0; /* waits for the operator */
  if (job->kind == OM_JOB_EVIDENCE && job->code == OM_OK && job->news)
    om_log(OM_LOG_WARNING, "evidence", "log=%" PRIu32 " piece=%" PRIu32 " detail=\"see 'oremark evidence'\"", job->log,
           job->number);
  if (job->kind == OM_JOB_COSIGN && job->code == OM_OK && shell->told_key) {
    om_log_event(OM_LOG_INFO, "cosign-key-in-use");
    shell->told_key = false;
  }
  bool by_hand = job->code == OM_WAIT && /* either is the operator's to do */
                 (strcmp(job->status.rule, "by-hand") == 0 || strcmp(job->status.rule, "upgrade") == 0);
  if (by_hand && !shell->told_by_hand) om_log(OM_LOG_WARNING, job->status.rule, "detail=\"%s\"", job->status.text);
  shell->told_by_hand = shell->told_by_hand || by_hand;
  if (job->code == OM_OK || (job->code == OM_WAIT && !fork)) return;
  if (job->kind == OM_JOB_COSIGN && strcmp(job->status.rule, "stopped") == 0) return; /* said when it was stopped */
  if (tell_key(shell, &job->status)) return;
  om_log(job->code == OM_REFUSED || job->code == OM_MALFORMED ? OM_LOG_WARNING : OM_LOG_ERROR, what_failed(job->kind),
         "log=%" PRIu32 " code=%s why=\"%s\"", job->log, om_code_name(job->code), job->status.text);
}

static void on_done(void *ctx, struct om_job *job) {
  struct shell *shell = ctx;
  int64_t now = (int64_t)uv_now(&shell->loop);
  if (job->accepts && job->items[0].why == NULL)
    om_log(OM_LOG_WARNING, "accepted-by-hand", "entry=%" PRIu64 " again=%s", job->accepted.index,
           job->accepted.again ? "yes" : "no");
  if (job->kind == OM_JOB_SUBMIT) {
    om_clients_done(shell->clients, job);
    return;
  }
  report(shell, job);
  switch (job->kind) {
    case OM_JOB_MIRROR: om_job_applied(job, shell->node, now); break;
    case OM_JOB_COSIGN:
      om_node_cosigned(shell->node, &job->action, job->code == OM_OK ? job->line : NULL, job->code, now);
      break;
    case OM_JOB_FINAL:
      if (job->log == shell->tracker.own_log) om_reached_done(&shell->reached, shell->clients);
      om_node_finalised(shell->node, &job->action, job->code, now);
      break;
    case OM_JOB_START: om_node_start_kept(shell->node, &job->action, job->code, now); break;
    case OM_JOB_EVIDENCE: om_node_shown(shell->node, &job->action, job->number, job->code, now); break;
    case OM_JOB_SUBMIT: break;
  }
  om_job_free(job);
}

static void on_settled(void *ctx) {
  struct shell *shell = ctx;
  om_clients_settled(shell->clients);
  om_peers_pump(shell->peers);
}

static void on_failed(void *ctx, const struct om_status *why) {
  struct shell *shell = ctx;
  om_log(OM_LOG_ERROR, "write-failed", "code=%s why=\"%s\"", om_code_name(why->code), why->text);
  stop(shell, why);
}

/* A final head of the own log: nothing else has to go with it. */
static void give_own_final(struct shell *shell, struct om_job *job) {
  om_reached_look(&shell->reached, om_ledger_store(shell->ledger), job);
  om_writer_add(shell->writer, job);
  om_reached_tell(&shell->reached, shell->clients, shell->tracker.own_log, (int64_t)uv_now(&shell->loop));
}

static void on_action(void *ctx, const struct om_action *action) {
  struct shell *shell = ctx;
  struct om_action taken = *action;
  if (shell->stage != RUNNING) {
    om_action_free(&taken);
    return;
  }
  struct om_job *job = om_job_action(&taken);
  /* The own log's clients wait for its final heads, and every log follows the registry's at once. */
  bool own = job->kind == OM_JOB_FINAL && job->log == shell->tracker.own_log;
  job->patient = job->kind == OM_JOB_FINAL && !own && job->log != OM_LOG_REGISTRY;
  if (own)
    give_own_final(shell, job);
  else
    om_job_list_push(&shell->wanted, job);
}

/* ---- what clients ask of the daemon ---- */

static bool client_waits(void *ctx, struct om_status *st) {
  struct shell *shell = ctx;
  char text[OM_STATUS_TEXT_BYTES];
  if (shell->ready || !om_node_own_fork(shell->node)) return false; /* else it is queued */
  om_node_waiting(shell->node, text, sizeof text);
  om_fail(st, OM_WAIT, "not-ready", "this daemon takes no statements: %s", text);
  return true;
}

static void about(void *ctx, struct om_about *out, struct om_arena *arena) {
  struct shell *shell = ctx;
  *out = (struct om_about){
      .network = *om_ledger_network(shell->ledger), .started_ms = shell->started_ms, .own_log = shell->tracker.own_log};
  out->ready = shell->ready;
  out->reached_size = shell->reached.size;
  out->reached_s = shell->reached.time_s;
  out->unjudged = om_node_unjudged(shell->node, OM_LOG_REGISTRY);
  char text[OM_STATUS_TEXT_BYTES];
  if (!shell->ready && om_node_waiting(shell->node, text, sizeof text))
    out->waiting = om_arena_copy(arena, text, strlen(text) + 1);
  if (shell->keys->cosign != NULL) out->cosign_key = om_secret_public(shell->keys->cosign);
  out->n_peers = om_peers_view(shell->peers, arena, &out->peers);
  struct om_node_witness *witnesses = om_arena_array(arena, OM_NODE_WITNESSES, sizeof *witnesses);
  out->n_witnesses = om_node_witnesses(shell->node, witnesses, out->witnesses_needed);
  out->witnesses = witnesses;
  out->documents = om_documents_hooks(shell->documents);
  out->outside = om_outsiders_lines(shell->outsiders, &out->n_outside, arena);
}

static enum om_code client_fetch(void *ctx, const char **state, const Oremark__FetchDocument *asked,
                                 struct om_status *st) {
  struct shell *shell = ctx;
  enum om_code code = om_fetches_ask(&shell->fetches, state, asked, st);
  om_peers_pump(shell->peers);
  return code;
}

static enum om_code door(void *ctx, const struct om_checked *checked, struct om_status *st) {
  const struct shell *shell = ctx;
  return om_documents_door(shell->documents, checked->statement, st);
}

static void client_incoming(void *ctx, struct om_listener *listener) {
  struct shell *shell = ctx;
  om_clients_incoming(shell->clients, listener);
}

static void peer_incoming(void *ctx, struct om_listener *listener) {
  struct shell *shell = ctx;
  om_peers_incoming(shell->peers, listener);
}

/* ---- starting ---- */

/* The log key must be the one that the registry names, or nobody would believe what it signs. */
static enum om_code check_keys(struct shell *shell, struct om_txn *txn, uint32_t own, struct om_status *st) {
  struct om_daemon daemon;
  if (own == OM_LOG_NONE) return OM_OK;
  if (om_registry_daemon(txn, &daemon, own, OM_REGISTRY_NOW, st) != OM_OK) return st->code;
  if (memcmp(om_secret_public(shell->keys->log), daemon.log_key, sizeof daemon.log_key) != 0)
    return om_fail(st, OM_USAGE, NULL, "the log key in %s is not the one that the registry names for %s",
                   shell->settings->keys, daemon.origin);
  if (om_cosign_key_check(txn, own, om_secret_public(shell->keys->cosign), st) == OM_OK) return OM_OK;
  if (strcmp(st->rule, "cosign-key") != 0 && strcmp(st->rule, "votes") != 0) return st->code;
  tell_key(shell, st); /* the governors may replace it later: all else goes on */
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

static enum om_code tell_start(struct shell *shell, struct om_status *st) {
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

static enum om_code listen_tcp(struct shell *shell, const char *text, struct om_status *st) {
  struct om_listener_hooks hooks = {shell, peer_incoming};
  struct om_address address;
  if (om_address_parse(&address, text, st) != OM_OK) return st->code;
  struct om_listener **out = &shell->listeners[shell->n_listeners];
  if (om_listener_tcp(out, &shell->loop, address.host, address.port, &hooks, st) != OM_OK) return st->code;
  shell->n_listeners++;
  om_log(OM_LOG_INFO, "listening", "address=%s:%u for=peers", address.host, om_listener_port(*out));
  return OM_OK;
}

static enum om_code listen_all(struct shell *shell, struct om_status *st) {
  const struct om_settings *settings = shell->settings;
  struct om_listener_hooks hooks = {shell, client_incoming};
  if (settings->listen_count > LISTENERS_MAX)
    return om_fail(st, OM_USAGE, NULL, "listen: at most %d addresses", LISTENERS_MAX);
  for (size_t i = 0; i < settings->listen_count && shell->keys->link != NULL; i++)
    if (listen_tcp(shell, settings->listen[i], st) != OM_OK) return st->code;
  struct om_listener **out = &shell->listeners[shell->n_listeners];
  if (om_listener_unix(out, &shell->loop, settings->socket, settings->group, &hooks, st) != OM_OK) return st->code;
  shell->n_listeners++;
  om_log(OM_LOG_INFO, "listening", "address=%s for=clients", settings->socket);
  return OM_OK;
}

static enum om_code witness_others(struct shell *shell, struct om_status *st) {
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

static enum om_code ask_outsiders(struct shell *shell, struct om_status *st) {
  const struct om_settings *settings = shell->settings;
  if (settings->outside_witnesses_count == 0 || shell->keys->log == NULL) return OM_OK;
  enum om_code code = om_outsiders_start(&shell->outsiders, om_ledger_store(shell->ledger), settings->store,
                                         settings->outside_witnesses, settings->outside_witnesses_count,
                                         OM_OUTSIDERS_AFTER_FAULT_S, st);
  return code == OM_OK ? refresh(shell, st) : code;
}

static enum om_code make_ends(struct shell *shell, struct om_status *st) {
  struct om_clients_config clients = {.loop = &shell->loop,
                                      .read_buffer = shell->read_buffer,
                                      .store = om_ledger_store(shell->ledger),
                                      .ctx = shell,
                                      .about = about,
                                      .waits = client_waits,
                                      .fetch = client_fetch,
                                      .gone = on_clients_gone};
  struct om_peers_config peers = {.loop = &shell->loop,
                                  .read_buffer = shell->read_buffer,
                                  .node = shell->node,
                                  .network = *om_ledger_network(shell->ledger),
                                  .link_key = shell->keys->link,
                                  .ctx = shell,
                                  .action = on_action,
                                  .told = on_told,
                                  .gone = on_peers_gone};
  struct om_writer_hooks hooks = {.ctx = shell,
                                  .committed = on_committed,
                                  .done = on_done,
                                  .settled = on_settled,
                                  .failed = on_failed,
                                  .door = door,
                                  .stopped = on_writer_stopped};
  if (om_clients_new(&shell->clients, &clients, st) != OM_OK) return st->code;
  if (om_peers_new(&shell->peers, &peers, st) != OM_OK) return st->code;
  shell->signers = (struct om_signers_keys){shell->keys->log, shell->keys->cosign};
  if (om_writer_open(&shell->writer, &shell->loop, shell->ledger, &shell->signers, shell->settings->threads, &hooks,
                     st) != OM_OK)
    return st->code;
  om_clients_writer(shell->clients, shell->writer);
  return OM_OK;
}

static void catch_signals(struct shell *shell) {
  static const int numbers[2] = {SIGTERM, SIGINT};
  signal(SIGPIPE, SIG_IGN);
  signal(SIGHUP, SIG_IGN); /* settings are read at the start only */
  for (size_t i = 0; i < 2; i++) {
    OM_ASSERT(uv_signal_init(&shell->loop, &shell->signals[i]) == 0);
    shell->signals[i].data = shell;
    OM_ASSERT(uv_signal_start(&shell->signals[i], on_signal, numbers[i]) == 0);
  }
}

/* Runs with an open ledger until the loop is empty. */
static enum om_code run(struct shell *shell, struct om_status *st) {
  uint64_t chance;
  randombytes_buf(&chance, sizeof chance);
  shell->holdings = (struct om_holdings){om_ledger_store(shell->ledger), *om_ledger_network(shell->ledger),
                                         shell->keys->cosign, shell->documents, &shell->fetches};
  struct om_node_config config = {.own_log = om_ledger_own_log(shell->ledger),
                                  .version = OREMARK_VERSION,
                                  .propose_interval_ms = (uint32_t)shell->settings->propose_interval_ms};
  om_holdings_config(&shell->holdings, &config);
  om_holdings_start(&shell->holdings, &config, shell->started_ms, chance);
  shell->node = om_node_new(&config);
  shell->fetches = (struct om_fetches){.loop = &shell->loop, .documents = shell->documents, .node = shell->node};
  shell->tracker = (struct om_tracker){.node = shell->node, .own_log = config.own_log};
  catch_signals(shell);
  if (make_ends(shell, st) != OM_OK)
    om_panic(__FILE__, __LINE__, st->text); /* no memory or no thread at the very start */
  if (refresh(shell, st) != OM_OK || listen_all(shell, st) != OM_OK || witness_others(shell, st) != OM_OK ||
      ask_outsiders(shell, st) != OM_OK) {
    stop(shell, st);
  } else {
    look_whether_ready(shell);
    if (shell->keys->link != NULL) om_peers_dial(shell->peers, shell->settings);
    om_log_event(OM_LOG_INFO, "ready");
  }
  om_turn_soon();
  uv_run(&shell->loop, UV_RUN_DEFAULT);
  om_witness_http_stop(shell->witness);
  om_outsiders_stop(shell->outsiders);
  om_node_free(shell->node);
  om_tracker_free(&shell->tracker);
  *st = shell->failure;
  return st->code;
}

static enum om_code open_documents(struct shell *shell, struct om_status *st) {
  char folder[PATH_MAX];
  if ((size_t)snprintf(folder, sizeof folder, "%s/documents", shell->settings->store) >= sizeof folder)
    return om_fail(st, OM_USAGE, NULL, "store: the path is too long");
  return om_documents_open(&shell->documents, folder, shell->settings->documents_max, st);
}

enum om_code om_shell_run(const struct om_settings *settings, const struct om_shell_keys *keys, const uint8_t *genesis,
                          size_t genesis_len, struct om_status *st) {
  struct shell *shell = calloc(1, sizeof *shell);
  if (shell == NULL) return om_fail(st, OM_IO, NULL, "no memory");
  shell->settings = settings;
  shell->keys = keys;
  shell->started_ms = om_wall_ms();
  const uint8_t *link_key = keys->link != NULL ? om_secret_public(keys->link) : NULL;
  enum om_code code =
      om_ledger_open(&shell->ledger, settings->store, settings->map_size, genesis, genesis_len, link_key, st);
  if (code == OM_OK) code = open_documents(shell, st);
  if (code == OM_OK) code = tell_start(shell, st);
  if (code == OM_OK) {
    OM_ASSERT(uv_loop_init(&shell->loop) == 0);
    code = run(shell, st);
    OM_ASSERT(uv_loop_close(&shell->loop) == 0); /* every handle is closed: nothing was forgotten */
    if (code == OM_OK) om_log_event(OM_LOG_INFO, "stopped");
  }
  om_documents_close(shell->documents);
  om_ledger_close(shell->ledger);
  free(shell);
  return code;
}
