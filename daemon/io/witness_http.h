/* The endpoint at which this daemon witnesses other people's logs (C2SP tlog-witness), by libmicrohttpd in a thread of
 * its own: POST /add-checkpoint, and GET /HASH/checkpoint for monitors. What it promises is in a store of its own,
 * STORE/witnessed, so that nobody who writes the ledger waits for outsiders. Plain HTTP: a proxy before it gives TLS.
 * Thread: whoever starts it stops it. */
#ifndef OREMARK_DAEMON_IO_WITNESS_HTTP_H
#define OREMARK_DAEMON_IO_WITNESS_HTTP_H

#include "keys/sign.h"

struct om_witness_http;

/* All of it outlives the endpoint. */
struct om_witness_http_config {
  const char *address; /* "host:port" */
  const char *store;   /* folder of the daemon's store */
  const char *keys;    /* folder of its keys, where what the key was used for is noted (daemon/io/witness_used.h) */
  const char *name;    /* of the witness key */
  const struct om_secret *secret;
  char *const *logs; /* vkeys */
  size_t n_logs;
  unsigned request_s; /* for a request, in all; 0: 20 */
};

/* OM_USAGE: the settings; OM_IO: the address or the store can't be used. */
enum om_code om_witness_http_start(struct om_witness_http **out, const struct om_witness_http_config *config,
                                   struct om_status *st);
/* Requests under way are cut off. NULL is fine. */
void om_witness_http_stop(struct om_witness_http *http);

#endif
