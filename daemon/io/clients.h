/* Clients on the Unix socket: frames become jobs for the writer (submissions) and work for libuv's pool (reads),
 * outcomes become replies, written once for each connection and flush. A client that sends faster than the ledger
 * takes is read more slowly. Ownership: om_clients_new makes it, om_clients_free ends it when its last client is
 * gone. Thread: the loop's. */
#ifndef OREMARK_DAEMON_IO_CLIENTS_H
#define OREMARK_DAEMON_IO_CLIENTS_H

#include "daemon/core/answer.h"
#include "daemon/io/listener.h"
#include "daemon/io/writer.h"

enum {
  OM_CLIENTS_MAX = 256, /* connections at once; a client that is one too many is told so */
};

struct om_clients;

struct om_clients_config {
  uv_loop_t *loop;
  uint8_t *read_buffer; /* OM_CONN_READ_BYTES */
  struct om_store *store;
  void *ctx;
  /* Fills what the daemon says of itself; peers in ARENA. */
  void (*about)(void *ctx, struct om_about *out, struct om_arena *arena);
  /* Why no statement is taken, in ST (OM_WAIT); false: they are, or queued. */
  bool (*waits)(void *ctx, struct om_status *st);
  /* Has a document from other daemons; *STATE (static) as in client.proto's DocumentState. NULL: none are kept. */
  enum om_code (*fetch)(void *ctx, const char **state, const Oremark__FetchDocument *asked, struct om_status *st);
  /* The last client is gone after om_clients_stop. */
  void (*gone)(void *ctx);
};

enum om_code om_clients_new(struct om_clients **out, const struct om_clients_config *config, struct om_status *st);
/* Where submissions go; before the first client. */
void om_clients_writer(struct om_clients *clients, struct om_writer *writer);
/* Name of the own log, for receipts; copied. */
void om_clients_origin(struct om_clients *clients, const char *origin);
/* How far the own log is final, for receipts: after each flush, before the jobs of it. */
void om_clients_final(struct om_clients *clients, uint64_t final_size);
/* LOG is final up to SIZE, which the store does not show yet: tells those who wait for that. True: somebody was told,
 * and other reads wait from now on until om_clients_shown. */
bool om_clients_reached(struct om_clients *clients, uint32_t log, uint64_t size);
void om_clients_shown(struct om_clients *clients);
/* Somebody connects. */
void om_clients_incoming(struct om_clients *clients, struct om_listener *listener);
/* A submission job is back from the writer; ends it. */
void om_clients_done(struct om_clients *clients, struct om_job *job);
/* All outcomes of a flush have been handed in: writes the replies, and reads on if the writer has room. */
void om_clients_settled(struct om_clients *clients);
/* Reads nothing more from anybody. */
void om_clients_pause(struct om_clients *clients);
/* Each client is closed when it has had its answers, at the latest after 3 s. Then gone is called (also when there was
 * none). */
void om_clients_stop(struct om_clients *clients);
/* After gone; its handle closes within the loop. */
void om_clients_free(struct om_clients *clients);

#endif
