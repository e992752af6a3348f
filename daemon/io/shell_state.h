/* What the files of the shell share; nobody else's. */
#ifndef OREMARK_DAEMON_IO_SHELL_STATE_H
#define OREMARK_DAEMON_IO_SHELL_STATE_H

#include <uv.h>

#include "daemon/io/clients.h"
#include "daemon/io/documents.h"
#include "daemon/io/fetches.h"
#include "daemon/io/holdings.h"
#include "daemon/io/outsiders.h"
#include "daemon/io/peers.h"
#include "daemon/io/reached.h"
#include "daemon/io/shell.h"
#include "daemon/io/tracker.h"
#include "daemon/io/witness_http.h"
#include "daemon/io/writer.h"

enum { OM_LISTENERS_MAX = 16 /* addresses of one machine */ };

/* The order of a stop. Each step waits for the one before. */
enum om_shell_stage { OM_SHELL_RUNNING, OM_SHELL_STOPPING_WRITER, OM_SHELL_STOPPING_ENDS, OM_SHELL_STOPPED };

struct om_shell {
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
  struct om_listener *listeners[OM_LISTENERS_MAX + 1];
  size_t n_listeners;
  struct om_witness_http *witness; /* NULL: not asked for */
  struct om_outsiders *outsiders;  /* NULL: none are asked */
  uv_signal_t signals[2];
  enum om_shell_stage stage;
  bool clients_gone, peers_gone;
  bool ready, told_fork, told_votes, told_key, told_by_hand;
  int64_t started_ms;
  struct om_status failure; /* OM_OK: stopped by a signal */
};

/* shell_start.c */
/* Whether the daemon may start with the keys that it has; and tells what it starts with. */
enum om_code om_shell_check_start(struct om_shell *shell, struct om_status *st);
/* For peers and clients. */
enum om_code om_shell_listen(struct om_shell *shell, struct om_status *st);
/* Where the settings say so: cosigns logs of others, and has witnesses outside the network cosign the own log. */
enum om_code om_shell_witness_others(struct om_shell *shell, struct om_status *st);
enum om_code om_shell_ask_outsiders(struct om_shell *shell, struct om_status *st);

/* shell_report.c */
/* What came of JOB, where the operator is to know. */
void om_shell_report(struct om_shell *shell, const struct om_job *job);
/* Why nothing is cosigned: as long as it is so it is met at every head that is proposed, and said once. False: WHY is
 * something else. */
bool om_shell_tell_key(struct om_shell *shell, const struct om_status *why);

#endif
