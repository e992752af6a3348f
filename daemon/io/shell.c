#include "daemon/io/shell.h"

#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/io/logline.h"
#include "daemon/io/shell_state.h"
#include "daemon/io/turns.h"
#include "daemon/io/wall.h"

/* ---- stopping ---- */

static void stop(struct om_shell *shell, const struct om_status *why) {
  if (why != NULL && shell->failure.code == OM_OK) shell->failure = *why;
  if (shell->stage != OM_SHELL_RUNNING) return;
  shell->stage = OM_SHELL_STOPPING_WRITER;
  om_log_event(OM_LOG_INFO, "stopping");
  for (size_t i = 0; i < shell->n_listeners; i++) om_listener_close(shell->listeners[i]);
  shell->n_listeners = 0;
  om_clients_pause(shell->clients);
  om_writer_stop(shell->writer);
}

static void all_gone(struct om_shell *shell) {
  if (shell->stage != OM_SHELL_STOPPING_ENDS || !shell->clients_gone || !shell->peers_gone) return;
  shell->stage = OM_SHELL_STOPPED;
  om_writer_close(shell->writer);
  om_clients_free(shell->clients);
  om_peers_free(shell->peers);
  for (size_t i = 0; i < 2; i++) uv_close((uv_handle_t *)&shell->signals[i], NULL);
}

static void on_writer_stopped(void *ctx) {
  struct om_shell *shell = ctx;
  shell->stage = OM_SHELL_STOPPING_ENDS;
  om_clients_stop(shell->clients);
  om_peers_stop(shell->peers);
}

static void on_clients_gone(void *ctx) {
  struct om_shell *shell = ctx;
  shell->clients_gone = true;
  all_gone(shell);
}

static void on_peers_gone(void *ctx) {
  struct om_shell *shell = ctx;
  shell->peers_gone = true;
  all_gone(shell);
}

static void on_signal(uv_signal_t *signal, int number) {
  om_log(OM_LOG_INFO, "signal", "number=%d", number);
  stop(signal->data, NULL);
}

/* ---- between ledger and node ---- */

static enum om_code refresh(struct om_shell *shell, struct om_status *st) {
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
static void look_whether_ready(struct om_shell *shell) {
  char text[OM_STATUS_TEXT_BYTES];
  if (shell->ready || shell->stage != OM_SHELL_RUNNING) return;
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
  struct om_shell *shell = ctx;
  om_writer_add_all(shell->writer, &shell->wanted);
  om_reached_tick(&shell->reached, shell->clients, (int64_t)uv_now(&shell->loop));
  look_whether_ready(shell);
}

static void on_committed(void *ctx) {
  struct om_shell *shell = ctx;
  struct om_status st;
  if (refresh(shell, &st) != OM_OK) stop(shell, &st);
  look_whether_ready(shell);
}

static void on_done(void *ctx, struct om_job *job) {
  struct om_shell *shell = ctx;
  int64_t now = (int64_t)uv_now(&shell->loop);
  if (job->accepts && job->items[0].why == NULL)
    om_log(OM_LOG_WARNING, "accepted-by-hand", "entry=%" PRIu64 " again=%s", job->accepted.index,
           job->accepted.again ? "yes" : "no");
  if (job->kind == OM_JOB_SUBMIT) {
    om_clients_done(shell->clients, job);
    return;
  }
  om_shell_report(shell, job);
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
  struct om_shell *shell = ctx;
  om_clients_settled(shell->clients);
  om_peers_pump(shell->peers);
}

static void on_failed(void *ctx, const struct om_status *why) {
  struct om_shell *shell = ctx;
  om_log(OM_LOG_ERROR, "write-failed", "code=%s why=\"%s\"", om_code_name(why->code), why->text);
  stop(shell, why);
}

/* A final head of the own log: nothing else has to go with it. */
static void give_own_final(struct om_shell *shell, struct om_job *job) {
  om_reached_look(&shell->reached, om_ledger_store(shell->ledger), job);
  om_writer_add(shell->writer, job);
  om_reached_tell(&shell->reached, shell->clients, shell->tracker.own_log, (int64_t)uv_now(&shell->loop));
}

static void on_action(void *ctx, const struct om_action *action) {
  struct om_shell *shell = ctx;
  struct om_action taken = *action;
  if (shell->stage != OM_SHELL_RUNNING) {
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
  struct om_shell *shell = ctx;
  char text[OM_STATUS_TEXT_BYTES];
  if (shell->ready || !om_node_own_fork(shell->node)) return false; /* else it is queued */
  om_node_waiting(shell->node, text, sizeof text);
  om_fail(st, OM_WAIT, "not-ready", "this daemon takes no statements: %s", text);
  return true;
}

static void about(void *ctx, struct om_about *out, struct om_arena *arena) {
  struct om_shell *shell = ctx;
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
  struct om_shell *shell = ctx;
  enum om_code code = om_fetches_ask(&shell->fetches, state, asked, st);
  om_peers_pump(shell->peers);
  return code;
}

static enum om_code door(void *ctx, const struct om_checked *checked, struct om_status *st) {
  const struct om_shell *shell = ctx;
  return om_documents_door(shell->documents, checked->statement, st);
}

/* ---- starting ---- */

static enum om_code make_ends(struct om_shell *shell, struct om_status *st) {
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

static void catch_signals(struct om_shell *shell) {
  static const int numbers[2] = {SIGTERM, SIGINT};
  signal(SIGPIPE, SIG_IGN);
  signal(SIGHUP, SIG_IGN); /* settings are read at the start only */
  for (size_t i = 0; i < 2; i++) {
    OM_ASSERT(uv_signal_init(&shell->loop, &shell->signals[i]) == 0);
    shell->signals[i].data = shell;
    OM_ASSERT(uv_signal_start(&shell->signals[i], on_signal, numbers[i]) == 0);
  }
}

static enum om_code open_doors(struct om_shell *shell, struct om_status *st) {
  enum om_code code = refresh(shell, st);
  if (code == OM_OK) code = om_shell_listen(shell, st);
  if (code == OM_OK) code = om_shell_witness_others(shell, st);
  if (code == OM_OK) code = om_shell_ask_outsiders(shell, st);
  if (code == OM_OK && shell->outsiders != NULL) code = refresh(shell, st); /* tells them how far the log is final */
  return code;
}

/* Runs with an open ledger until the loop is empty. */
static enum om_code run(struct om_shell *shell, struct om_status *st) {
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
  if (open_doors(shell, st) != OM_OK) {
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

static enum om_code open_documents(struct om_shell *shell, struct om_status *st) {
  char folder[PATH_MAX];
  if ((size_t)snprintf(folder, sizeof folder, "%s/documents", shell->settings->store) >= sizeof folder)
    return om_fail(st, OM_USAGE, NULL, "store: the path is too long");
  return om_documents_open(&shell->documents, folder, shell->settings->documents_max, st);
}

enum om_code om_shell_run(const struct om_settings *settings, const struct om_shell_keys *keys, const uint8_t *genesis,
                          size_t genesis_len, struct om_status *st) {
  struct om_shell *shell = calloc(1, sizeof *shell);
  if (shell == NULL) return om_fail(st, OM_IO, NULL, "no memory");
  shell->settings = settings;
  shell->keys = keys;
  shell->started_ms = om_wall_ms();
  const uint8_t *link_key = keys->link != NULL ? om_secret_public(keys->link) : NULL;
  enum om_code code =
      om_ledger_open(&shell->ledger, settings->store, settings->map_size, genesis, genesis_len, link_key, st);
  if (code == OM_OK) code = open_documents(shell, st);
  if (code == OM_OK) code = om_shell_check_start(shell, st);
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
