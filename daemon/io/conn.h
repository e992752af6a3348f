/* A connection: a stream socket with its deadline and what waits to be written, the same for clients and peers. It
 * holds all its handles; om_conn_close closes them; it is given back to its owner when the last of them has closed
 * and nothing refers to it any more. A peer or client that does not read is dropped: what waits for it is bounded in
 * bytes and in time.
 *
 * Ownership: embedded in the owner's struct, which lives until the freed hook. Thread: the loop's. */
#ifndef OREMARK_DAEMON_IO_CONN_H
#define OREMARK_DAEMON_IO_CONN_H

#include <uv.h>

#include "keys/status.h"

enum {
  OM_CONN_READ_BYTES = 64 << 10, /* read at once: some hundred statements */
  OM_CONN_QUEUE_MAX = 16 << 20,  /* waiting to be written: sixteen of the largest frames */
  OM_CONN_STALL_MS = 30000, /* nothing read for so long: the other side is gone; a client must read all that waits */
  OM_CONN_HANDSHAKE_MS = 10000, /* for a stranger to say who it is */
};

struct om_conn;

struct om_conn_hooks {
  /* Bytes came; they are good during the call. */
  void (*data)(struct om_conn *conn, const uint8_t *bytes, size_t len);
  /* Everything handed in has been written. NULL: not of interest. */
  void (*drained)(struct om_conn *conn);
  /* It has begun to close; WHY is OM_OK when the other side ended it or om_conn_finish did. Once. */
  void (*ended)(struct om_conn *conn, const struct om_status *why);
  /* The memory is the owner's to free. Last. */
  void (*freed)(struct om_conn *conn);
};

struct om_conn {
  union {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_pipe_t pipe;
    uv_tcp_t tcp;
  } io;
  uv_timer_t deadline; /* the owner's */
  uv_timer_t stall;    /* runs while bytes wait */
  const char *deadline_why;
  const struct om_conn_hooks *hooks;
  uint8_t *read_buffer; /* OM_CONN_READ_BYTES, shared by all of a loop */
  size_t refs;          /* open handles, and om_conn_hold */
  bool open, reading, closing, finishing;
  uint8_t *out; /* handed in, not yet with the system */
  size_t out_len, out_room;
  uv_write_t write;
  uint8_t *writing; /* with libuv; NULL: nothing is */
  size_t unread;    /* of a peer: what had not reached it when the stall timer was started */
  uint64_t bytes_in, bytes_out;
};

enum om_conn_kind { OM_CONN_UNIX, OM_CONN_TCP };

/* Makes the handles; nothing is connected yet. READ_BUFFER is borrowed. */
enum om_code om_conn_init(struct om_conn *conn, uv_loop_t *loop, enum om_conn_kind kind, uint8_t *read_buffer,
                          const struct om_conn_hooks *hooks, struct om_status *st);
/* The stream is connected: begins to read. */
enum om_code om_conn_start(struct om_conn *conn, struct om_status *st);
/* Stops reading, and goes on. */
void om_conn_pause(struct om_conn *conn);
void om_conn_resume(struct om_conn *conn);

/* Room for LEN bytes at the end of what waits, which count once om_conn_added says how many. NULL: too much waits,
 * and the connection is closing. */
uint8_t *om_conn_room(struct om_conn *conn, size_t len);
void om_conn_added(struct om_conn *conn, size_t len);
/* Writes what waits, as far as the system takes it. */
void om_conn_flush(struct om_conn *conn);
/* Bytes that wait. */
size_t om_conn_waiting(const struct om_conn *conn);

/* Closes it with WHY in MS milliseconds; 0: never. One deadline at a time. */
void om_conn_deadline(struct om_conn *conn, uint64_t ms, const char *why);

/* Closes at once. Harmless when it is closing. */
void om_conn_close(struct om_conn *conn, const struct om_status *why);
/* Reads no more and closes when all is written. */
void om_conn_finish(struct om_conn *conn);

/* Keeps the memory until om_conn_drop, whatever happens to the connection. */
void om_conn_hold(struct om_conn *conn);
void om_conn_drop(struct om_conn *conn);

#endif
