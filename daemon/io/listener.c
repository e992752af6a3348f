#include "daemon/io/listener.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
  BACKLOG = 128,      /* connections that wait to be taken */
  SOCKET_MODE = 0660, /* the daemon's user and group */
  PORT_TEXT_BYTES = 6,
};

struct om_listener {
  union {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_pipe_t pipe;
    uv_tcp_t tcp;
  } io;
  struct om_listener_hooks hooks;
  struct sockaddr_un address; /* Unix only */
  struct stat file;           /* the socket file that was made */
};

static void on_closed(uv_handle_t *handle) {
  free(handle->data);
}

static void on_incoming(uv_stream_t *stream, int rc) {
  struct om_listener *listener = stream->data;
  if (rc == 0) listener->hooks.incoming(listener->hooks.ctx, listener);
}

static enum om_code new_listener(struct om_listener **out, const struct om_listener_hooks *hooks,
                                 struct om_status *st) {
  struct om_listener *listener = calloc(1, sizeof *listener);
  if (listener == NULL) return om_fail(st, OM_IO, NULL, "no memory for a listener");
  listener->hooks = *hooks;
  *out = listener;
  return OM_OK;
}

/* Whether a daemon answers at ADDRESS. */
static bool answers(const struct sockaddr_un *address) {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return false;
  int rc = connect(fd, (const struct sockaddr *)address, sizeof *address);
  bool yes = rc == 0 || errno == EAGAIN || errno == EACCES; /* EAGAIN: its backlog is full */
  close(fd);
  return yes;
}

/* Makes way for a new socket at ADDRESS. */
static enum om_code clear_way(const struct sockaddr_un *address, struct om_status *st) {
  struct stat file;
  const char *path = address->sun_path;
  if (lstat(path, &file) != 0) {
    if (errno == ENOENT) return OM_OK;
    return om_fail(st, OM_IO, NULL, "socket %s: %s", path, strerror(errno));
  }
  if (!S_ISSOCK(file.st_mode))
    return om_fail(st, OM_BUSY, NULL, "socket %s: there is a file that is no socket; name another path", path);
  if (answers(address))
    return om_fail(st, OM_BUSY, NULL, "socket %s: in use by another oremarkd; stop that one, or name another path",
                   path);
  if (unlink(path) == 0 || errno == ENOENT) return OM_OK;
  return om_fail(st, OM_IO, NULL, "socket %s: can't remove what an earlier run left: %s", path, strerror(errno));
}

static enum om_code set_group(const char *path, const char *name, struct om_status *st) {
  if (name == NULL) return OM_OK;
  const struct group *group = getgrnam(name);
  if (group == NULL) return om_fail(st, OM_USAGE, NULL, "group %s: there is no such group", name);
  if (chown(path, (uid_t)-1, group->gr_gid) == 0) return OM_OK;
  return om_fail(st, OM_IO, NULL, "socket %s: can't give it to group %s: %s", path, name, strerror(errno));
}

/* Binds FD; on success the socket file is there with its mode and group. */
static enum om_code bind_unix(struct om_listener *listener, int fd, const char *group, struct om_status *st) {
  const char *path = listener->address.sun_path;
  if (clear_way(&listener->address, st) != OM_OK) return st->code;
  mode_t mask = umask(0777 & ~SOCKET_MODE);
  int rc = bind(fd, (const struct sockaddr *)&listener->address, sizeof listener->address);
  int error = errno;
  umask(mask);
  if (rc != 0) return om_fail(st, error == EADDRINUSE ? OM_BUSY : OM_IO, NULL, "socket %s: %s", path, strerror(error));
  if (lstat(path, &listener->file) != 0) return om_fail(st, OM_IO, NULL, "socket %s: %s", path, strerror(errno));
  if (set_group(path, group, st) == OM_OK) return OM_OK;
  unlink(path);
  return st->code;
}

static void remove_file(const struct om_listener *listener) {
  struct stat file;
  const char *path = listener->address.sun_path;
  if (lstat(path, &file) == 0 && file.st_ino == listener->file.st_ino && file.st_dev == listener->file.st_dev)
    unlink(path);
}

static enum om_code listen_on(struct om_listener *listener, const char *what, struct om_status *st) {
  listener->io.handle.data = listener;
  int rc = uv_listen(&listener->io.stream, BACKLOG, on_incoming);
  if (rc == 0) return OM_OK;
  return om_fail(st, rc == UV_EADDRINUSE ? OM_BUSY : OM_IO, NULL, "%s: can't listen: %s", what, uv_strerror(rc));
}

enum om_code om_listener_unix(struct om_listener **out, uv_loop_t *loop, const char *path, const char *group,
                              const struct om_listener_hooks *hooks, struct om_status *st) {
  struct om_listener *listener = NULL;
  if (strlen(path) >= sizeof listener->address.sun_path)
    return om_fail(st, OM_USAGE, NULL, "socket %s: the path is longer than the %zu bytes that the system takes", path,
                   sizeof listener->address.sun_path - 1);
  if (new_listener(&listener, hooks, st) != OM_OK) return st->code;
  listener->address.sun_family = AF_UNIX;
  strcpy(listener->address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  enum om_code code =
      fd < 0 ? om_fail(st, OM_IO, NULL, "socket %s: %s", path, strerror(errno)) : bind_unix(listener, fd, group, st);
  if (code != OM_OK) {
    if (fd >= 0) close(fd);
    free(listener);
    return code;
  }
  OM_ASSERT(uv_pipe_init(loop, &listener->io.pipe, 0) == 0 && uv_pipe_open(&listener->io.pipe, fd) == 0);
  if (listen_on(listener, path, st) != OM_OK) {
    om_listener_close(listener);
    return st->code;
  }
  *out = listener;
  return OM_OK;
}

static enum om_code bind_tcp(struct om_listener *listener, const struct sockaddr *address, const char *what,
                             struct om_status *st) {
  int rc = uv_tcp_bind(&listener->io.tcp, address, 0);
  if (rc != 0)
    return om_fail(st, rc == UV_EADDRINUSE ? OM_BUSY : OM_IO, NULL, "%s: can't listen there: %s", what,
                   uv_strerror(rc));
  return listen_on(listener, what, st);
}

enum om_code om_listener_tcp(struct om_listener **out, uv_loop_t *loop, const char *host, uint16_t port,
                             const struct om_listener_hooks *hooks, struct om_status *st) {
  struct om_listener *listener = NULL;
  char what[OM_STATUS_TEXT_BYTES], text[PORT_TEXT_BYTES];
  snprintf(what, sizeof what, "%s:%u", host, port);
  snprintf(text, sizeof text, "%u", port);
  struct addrinfo *found, hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
  int rc = getaddrinfo(host, text, &hints, &found);
  if (rc != 0) return om_fail(st, OM_USAGE, NULL, "%s: %s", what, gai_strerror(rc));
  enum om_code code = new_listener(&listener, hooks, st);
  if (code == OM_OK) {
    OM_ASSERT(uv_tcp_init(loop, &listener->io.tcp) == 0);
    listener->io.handle.data = listener;
    code = bind_tcp(listener, found->ai_addr, what, st);
    if (code != OM_OK) om_listener_close(listener);
  }
  freeaddrinfo(found);
  if (code == OM_OK) *out = listener;
  return code;
}

enum om_code om_listener_accept(struct om_listener *listener, struct om_conn *conn, struct om_status *st) {
  int rc = uv_accept(&listener->io.stream, &conn->io.stream);
  if (rc != 0) return om_fail(st, OM_IO, NULL, "can't take a connection: %s", uv_strerror(rc));
  return om_conn_start(conn, st);
}

uint16_t om_listener_port(const struct om_listener *listener) {
  struct sockaddr_storage address;
  int len = sizeof address;
  if (listener->io.handle.type != UV_TCP) return 0;
  if (uv_tcp_getsockname(&listener->io.tcp, (struct sockaddr *)&address, &len) != 0) return 0;
  /* sin_port and sin6_port stand at the same place. */
  return ntohs(((const struct sockaddr_in *)(const void *)&address)->sin_port);
}

void om_listener_close(struct om_listener *listener) {
  if (listener == NULL) return;
  if (listener->io.handle.type == UV_NAMED_PIPE) remove_file(listener);
  uv_close(&listener->io.handle, on_closed);
}
