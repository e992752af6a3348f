#include "daemon/io/conn.h"

#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

enum {
  HANDLES = 3, /* socket and two timers */
  OUT_FIRST_BYTES = 4096,
  OUT_KEEP_BYTES = 256 << 10, /* a larger buffer is given back once written */
};

static const struct om_status all_well; /* OM_OK */

void om_conn_hold(struct om_conn *conn) {
  conn->refs++;
}

/* Closes it when it was to be finished, nothing waits and nobody is to add anything. */
static void close_if_finished(struct om_conn *conn) {
  if (conn->finishing && !conn->closing && om_conn_waiting(conn) == 0 && conn->refs == HANDLES)
    om_conn_close(conn, &all_well);
}

void om_conn_drop(struct om_conn *conn) {
  OM_ASSERT(conn->refs > 0);
  if (--conn->refs > 0) {
    close_if_finished(conn);
    return;
  }
  free(conn->out);
  free(conn->writing);
  conn->out = conn->writing = NULL;
  conn->hooks->freed(conn);
}

static void on_closed(uv_handle_t *handle) {
  om_conn_drop(handle->data);
}

static void close_with(struct om_conn *conn, enum om_code code, const char *doing, int rc) {
  struct om_status st;
  om_fail(&st, code, NULL, "%s: %s", doing, uv_strerror(rc));
  om_conn_close(conn, &st);
}

enum om_code om_conn_init(struct om_conn *conn, uv_loop_t *loop, enum om_conn_kind kind, uint8_t *read_buffer,
                          const struct om_conn_hooks *hooks, struct om_status *st) {
  memset(conn, 0, sizeof *conn);
  conn->hooks = hooks;
  conn->read_buffer = read_buffer;
  int rc = kind == OM_CONN_UNIX ? uv_pipe_init(loop, &conn->io.pipe, 0) : uv_tcp_init(loop, &conn->io.tcp);
  if (rc != 0) return om_fail(st, OM_IO, NULL, "can't make a socket: %s", uv_strerror(rc));
  OM_ASSERT(uv_timer_init(loop, &conn->deadline) == 0 && uv_timer_init(loop, &conn->stall) == 0); /* they can't fail */
  conn->io.handle.data = conn->deadline.data = conn->stall.data = conn;
  conn->refs = HANDLES;
  return OM_OK;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  (void)suggested;
  struct om_conn *conn = handle->data;
  *buf = uv_buf_init((char *)conn->read_buffer, OM_CONN_READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  struct om_conn *conn = stream->data;
  if (n > 0) {
    conn->bytes_in += (uint64_t)n;
    conn->hooks->data(conn, (const uint8_t *)buf->base, (size_t)n);
  } else if (n == UV_EOF) {
    om_conn_finish(conn); /* half-closed: it may still read what it asked for */
  } else if (n < 0) {
    close_with(conn, OM_IO, "reading", (int)n);
  }
}

void om_conn_resume(struct om_conn *conn) {
  if (!conn->open || conn->reading || conn->closing || conn->finishing) return;
  int rc = uv_read_start(&conn->io.stream, on_alloc, on_read);
  if (rc != 0)
    close_with(conn, OM_IO, "reading", rc);
  else
    conn->reading = true;
}

enum om_code om_conn_start(struct om_conn *conn, struct om_status *st) {
  conn->open = true;
  if (conn->io.handle.type == UV_TCP) uv_tcp_nodelay(&conn->io.tcp, 1);
  om_conn_resume(conn);
  return conn->reading ? OM_OK : om_fail(st, OM_IO, NULL, "can't read from the connection");
}

void om_conn_pause(struct om_conn *conn) {
  if (!conn->reading || conn->closing) return;
  uv_read_stop(&conn->io.stream);
  conn->reading = false;
}

size_t om_conn_waiting(const struct om_conn *conn) {
  return conn->out_len + (conn->writing != NULL ? uv_stream_get_write_queue_size(&conn->io.stream) : 0);
}

uint8_t *om_conn_room(struct om_conn *conn, size_t len) {
  if (conn->closing) return NULL;
  if (len > OM_CONN_QUEUE_MAX || om_conn_waiting(conn) > OM_CONN_QUEUE_MAX - len) {
    struct om_status st;
    om_fail(&st, OM_IO, NULL, "does not read what it is sent: %zu bytes wait", om_conn_waiting(conn));
    om_conn_close(conn, &st);
    return NULL;
  }
  if (len > conn->out_room - conn->out_len) {
    size_t room = conn->out_room > 0 ? conn->out_room : OUT_FIRST_BYTES;
    while (room - conn->out_len < len) room *= 2;
    conn->out = realloc(conn->out, room);
    OM_ASSERT(conn->out != NULL);
    conn->out_room = room;
  }
  return conn->out + conn->out_len;
}

void om_conn_added(struct om_conn *conn, size_t len) {
  OM_ASSERT(len <= conn->out_room - conn->out_len);
  conn->out_len += len;
}

/* What has not reached the other side, with what the system holds: it takes megabytes ahead, so that over a slow link
 * minutes may pass before it takes more. Of a client on this machine the system's part is not asked: who reads so
 * slowly keeps others' answers waiting. */
static size_t unread(const struct om_conn *conn) {
  int fd = -1, held = 0;
  if (conn->io.handle.type == UV_TCP && uv_fileno(&conn->io.handle, &fd) == 0 && ioctl(fd, SIOCOUTQ, &held) != 0)
    held = 0;
  return om_conn_waiting(conn) + (size_t)held;
}

static void on_stall(uv_timer_t *timer) {
  struct om_conn *conn = timer->data;
  struct om_status st;
  size_t left = unread(conn);
  if (conn->io.handle.type == UV_TCP && left < conn->unread) {
    conn->unread = left;
    uv_timer_start(&conn->stall, on_stall, OM_CONN_STALL_MS, 0);
    return;
  }
  om_fail(&st, OM_IO, NULL, "has not read anything for %d s: %zu bytes wait", OM_CONN_STALL_MS / 1000,
          om_conn_waiting(conn));
  om_conn_close(conn, &st);
}

static void on_written(uv_write_t *write, int rc) {
  struct om_conn *conn = write->data;
  free(conn->writing);
  conn->writing = NULL;
  if (conn->closing) return;
  if (rc != 0)
    close_with(conn, OM_IO, "writing", rc);
  else
    om_conn_flush(conn);
}

/* Hands what waits to libuv. */
static void write_rest(struct om_conn *conn) {
  uv_buf_t buf = uv_buf_init((char *)conn->out, (unsigned)conn->out_len);
  conn->writing = conn->out;
  conn->bytes_out += conn->out_len;
  conn->out = NULL;
  conn->out_len = conn->out_room = 0;
  conn->write.data = conn;
  int rc = uv_write(&conn->write, &conn->io.stream, &buf, 1, on_written);
  if (rc == 0) {
    conn->unread = unread(conn);
    uv_timer_start(&conn->stall, on_stall, OM_CONN_STALL_MS, 0);
    return;
  }
  free(conn->writing);
  conn->writing = NULL;
  close_with(conn, OM_IO, "writing", rc);
}

/* Writes at once what the system takes; false: some is left, or the connection closed. */
static bool write_now(struct om_conn *conn) {
  if (conn->out_len == 0) return true;
  uv_buf_t buf = uv_buf_init((char *)conn->out, (unsigned)conn->out_len);
  int n = uv_try_write(&conn->io.stream, &buf, 1);
  if (n < 0 && n != UV_EAGAIN) {
    close_with(conn, OM_IO, "writing", n);
    return false;
  }
  if (n > 0) {
    conn->bytes_out += (uint64_t)n;
    conn->out_len -= (size_t)n;
    memmove(conn->out, conn->out + n, conn->out_len);
  }
  return conn->out_len == 0;
}

void om_conn_flush(struct om_conn *conn) {
  if (conn->closing || !conn->open || conn->writing != NULL) return;
  if (!write_now(conn)) {
    if (!conn->closing) write_rest(conn);
    return;
  }
  uv_timer_stop(&conn->stall);
  if (conn->out_room > OUT_KEEP_BYTES) {
    free(conn->out);
    conn->out = NULL;
    conn->out_room = 0;
  }
  if (conn->hooks->drained != NULL) conn->hooks->drained(conn);
  close_if_finished(conn);
}

static void on_deadline(uv_timer_t *timer) {
  struct om_conn *conn = timer->data;
  struct om_status st;
  om_fail(&st, OM_IO, NULL, "%s", conn->deadline_why);
  om_conn_close(conn, &st);
}

void om_conn_deadline(struct om_conn *conn, uint64_t ms, const char *why) {
  if (conn->closing) return;
  conn->deadline_why = why;
  if (ms == 0)
    uv_timer_stop(&conn->deadline);
  else
    uv_timer_start(&conn->deadline, on_deadline, ms, 0);
}

void om_conn_close(struct om_conn *conn, const struct om_status *why) {
  if (conn->closing) return;
  conn->closing = true;
  conn->reading = false;
  om_conn_hold(conn);
  conn->hooks->ended(conn, why);
  uv_close(&conn->io.handle, on_closed);
  uv_close((uv_handle_t *)&conn->deadline, on_closed);
  uv_close((uv_handle_t *)&conn->stall, on_closed);
  om_conn_drop(conn);
}

void om_conn_finish(struct om_conn *conn) {
  if (!conn->open) {
    om_conn_close(conn, &all_well);
    return;
  }
  om_conn_pause(conn);
  conn->finishing = true;
  om_conn_flush(conn);
}
