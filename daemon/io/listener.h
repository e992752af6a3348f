/* Where others connect: the Unix socket for clients, TCP addresses for peers. A listener only says that somebody is
 * there; who is let in is its owner's business. Ownership: om_listener_close frees it within the loop. Thread: the
 * loop's. */
#ifndef OREMARK_DAEMON_IO_LISTENER_H
#define OREMARK_DAEMON_IO_LISTENER_H

#include "daemon/io/conn.h"

struct om_listener;

struct om_listener_hooks {
  void *ctx;
  /* Somebody waits: take it with om_listener_accept. */
  void (*incoming)(void *ctx, struct om_listener *listener);
};

/* Listens on the Unix socket PATH, mode 0660, for GROUP (NULL: the daemon's own). A socket that nobody listens on is
 * removed first; OM_BUSY when somebody does, or when PATH is another kind of file. OM_USAGE for a path that is too
 * long or an unknown group. */
enum om_code om_listener_unix(struct om_listener **out, uv_loop_t *loop, const char *path, const char *group,
                              const struct om_listener_hooks *hooks, struct om_status *st);
/* Listens on HOST:PORT. OM_BUSY when the port is in use. */
enum om_code om_listener_tcp(struct om_listener **out, uv_loop_t *loop, const char *host, uint16_t port,
                             const struct om_listener_hooks *hooks, struct om_status *st);
/* Connects CONN, which has been made for the listener's kind, to who waits. */
enum om_code om_listener_accept(struct om_listener *listener, struct om_conn *conn, struct om_status *st);
/* The port that a TCP listener got; 0 for a Unix socket. */
uint16_t om_listener_port(const struct om_listener *listener);
/* Stops listening; removes the socket file if it is still this one. NULL is fine. */
void om_listener_close(struct om_listener *listener);

#endif
