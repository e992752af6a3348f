#include "cli/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { HEADER_BYTES = 4, READ_BYTES = 64 * 1024 };

struct buffer {
  uint8_t *bytes;
  size_t from, len, cap; /* the bytes at [from, len) are not used up yet */
};

struct waiting {
  Oremark__Reply *reply;
  struct waiting *next;
};

struct om_client {
  int fd;
  char *path;
  uint64_t last_id;
  struct buffer out, in;
  struct waiting *first, **end; /* replies that came in and were not asked for yet */
};

static void room(struct buffer *buffer, size_t more) {
  if (buffer->from > 0) {
    memmove(buffer->bytes, buffer->bytes + buffer->from, buffer->len - buffer->from);
    buffer->len -= buffer->from;
    buffer->from = 0;
  }
  if (buffer->len + more <= buffer->cap) return;
  buffer->cap = (buffer->len + more) * 2;
  buffer->bytes = realloc(buffer->bytes, buffer->cap);
  OM_ASSERT(buffer->bytes);
}

static enum om_code no_daemon(const char *path, int error, struct om_status *st) {
  if (error == EACCES)
    return om_fail(st, OM_IO, NULL, "may not use the socket %s: is your user in the daemon's group?", path);
  if (error == ENOENT || error == ECONNREFUSED)
    return om_fail(st, OM_IO, NULL, "no daemon at %s: is oremarkd running? (--socket or OREMARK_SOCKET says where)",
                   path);
  return om_fail(st, OM_IO, NULL, "can't connect to %s: %s", path, strerror(error));
}

enum om_code om_client_open(struct om_client **out, const char *path, struct om_status *st) {
  *out = NULL;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path)
    return om_fail(st, OM_USAGE, NULL, "%s: a socket's path may have %zu characters at most", path,
                   sizeof address.sun_path - 1);
  memcpy(address.sun_path, path, strlen(path) + 1);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return om_fail(st, OM_IO, NULL, "can't make a socket: %s", strerror(errno));
  if (connect(fd, (struct sockaddr *)&address, sizeof address) || fcntl(fd, F_SETFL, O_NONBLOCK)) {
    int error = errno;
    close(fd);
    return no_daemon(path, error, st);
  }
  struct om_client *client = calloc(1, sizeof *client);
  OM_ASSERT(client);
  client->fd = fd;
  client->path = strdup(path);
  client->end = &client->first;
  *out = client;
  return OM_OK;
}

void om_client_close(struct om_client *client) {
  if (!client) return;
  for (struct waiting *w = client->first, *next; w; w = next) {
    next = w->next;
    oremark__reply__free_unpacked(w->reply, NULL);
    free(w);
  }
  close(client->fd);
  free(client->path);
  free(client->out.bytes);
  free(client->in.bytes);
  free(client);
}

static enum om_code hung_up(const struct om_client *client, struct om_status *st) {
  return om_fail(st, OM_IO, NULL,
                 "the daemon at %s closed the connection: see its log; what it had not answered may be submitted again",
                 client->path);
}

static enum om_code write_some(struct om_client *client, struct om_status *st) {
  struct buffer *out = &client->out;
  while (out->from < out->len) {
    ssize_t n = send(client->fd, out->bytes + out->from, out->len - out->from, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return OM_OK;
    if (n < 0) return hung_up(client, st);
    out->from += (size_t)n;
  }
  return OM_OK;
}

static uint32_t frame_len(const uint8_t *header) {
  return (uint32_t)header[0] << 24 | (uint32_t)header[1] << 16 | (uint32_t)header[2] << 8 | header[3];
}

/* Takes every whole frame out of the input. */
static enum om_code take_frames(struct om_client *client, struct om_status *st) {
  struct buffer *in = &client->in;
  while (in->len - in->from >= HEADER_BYTES) {
    uint32_t len = frame_len(in->bytes + in->from);
    if (len == 0 || len > OM_CLIENT_FRAME_MAX_BYTES)
      return om_fail(st, OM_IO, NULL, "what answers at %s is not an Oremark daemon (frame of %u bytes)", client->path,
                     len);
    if (in->len - in->from - HEADER_BYTES < len) return OM_OK;
    Oremark__Reply *reply = oremark__reply__unpack(NULL, len, in->bytes + in->from + HEADER_BYTES);
    if (!reply)
      return om_fail(st, OM_IO, NULL, "what answers at %s is not an Oremark daemon (unreadable reply)", client->path);
    struct waiting *w = malloc(sizeof *w);
    OM_ASSERT(w);
    *w = (struct waiting){reply, NULL};
    *client->end = w;
    client->end = &w->next;
    in->from += HEADER_BYTES + len;
  }
  return OM_OK;
}

static enum om_code read_some(struct om_client *client, struct om_status *st) {
  struct buffer *in = &client->in;
  for (;;) {
    room(in, READ_BYTES);
    ssize_t n = recv(client->fd, in->bytes + in->len, in->cap - in->len, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return OM_OK;
    if (n <= 0) return hung_up(client, st);
    in->len += (size_t)n;
    if (take_frames(client, st)) return st->code;
    if (client->first) return OM_OK;
  }
}

/* Moves bytes both ways, waiting up to TIMEOUT_MS until something moves: a daemon whose replies are not read stops
 * reading. */
static enum om_code pump(struct om_client *client, bool *moved, int timeout_ms, struct om_status *st) {
  bool more = client->out.from < client->out.len;
  struct pollfd poll_fd = {client->fd, (short)(POLLIN | (more ? POLLOUT : 0)), 0};
  int n = poll(&poll_fd, 1, timeout_ms);
  *moved = n != 0;
  if (n < 0 && errno != EINTR) return om_fail(st, OM_IO, NULL, "can't wait for the daemon: %s", strerror(errno));
  if (n <= 0) return OM_OK;
  if (poll_fd.revents & POLLOUT && write_some(client, st)) return st->code;
  if (poll_fd.revents & (POLLIN | POLLHUP | POLLERR)) return read_some(client, st);
  return OM_OK;
}

enum om_code om_client_send(struct om_client *client, uint64_t *id, Oremark__Request *request, struct om_status *st) {
  request->id = *id = ++client->last_id;
  size_t len = oremark__request__get_packed_size(request);
  if (len > OM_CLIENT_FRAME_MAX_BYTES)
    return om_fail(st, OM_USAGE, NULL, "a request of %zu bytes is too large; at most %d", len,
                   OM_CLIENT_FRAME_MAX_BYTES);
  struct buffer *out = &client->out;
  room(out, HEADER_BYTES + len);
  uint8_t *at = out->bytes + out->len;
  at[0] = (uint8_t)(len >> 24), at[1] = (uint8_t)(len >> 16), at[2] = (uint8_t)(len >> 8), at[3] = (uint8_t)len;
  oremark__request__pack(request, at + HEADER_BYTES);
  out->len += HEADER_BYTES + len;
  return write_some(client, st);
}

/* Takes the first kept reply to ID (0: any); NULL if none is here. */
static Oremark__Reply *kept(struct om_client *client, uint64_t id) {
  for (struct waiting **at = &client->first; *at; at = &(*at)->next) {
    struct waiting *w = *at;
    if (id && w->reply->id != id && w->reply->id != 0) continue;
    Oremark__Reply *reply = w->reply;
    *at = w->next;
    if (client->end == &w->next) client->end = at;
    free(w);
    return reply;
  }
  return NULL;
}

enum om_code om_client_receive(struct om_client *client, Oremark__Reply **out, uint64_t id, struct om_status *st) {
  while (!(*out = kept(client, id))) {
    bool moved;
    if (pump(client, &moved, OM_CLIENT_TIMEOUT_MS, st)) return st->code;
    if (!moved)
      return om_fail(st, OM_IO, NULL, "the daemon at %s has not answered for %d s: see its log", client->path,
                     OM_CLIENT_TIMEOUT_MS / 1000);
  }
  return OM_OK;
}

enum om_code om_reply_status(const Oremark__Reply *reply, struct om_status *st) {
  om_status_clear(st);
  if (strcmp(reply->code, om_code_name(OM_OK)) == 0) return OM_OK;
  for (int code = OM_NO; code <= OM_WAIT; code++)
    if (strcmp(reply->code, om_code_name((enum om_code)code)) == 0)
      return om_fail(st, (enum om_code)code, reply->rule, "%s", reply->text);
  return om_fail(st, OM_IO, NULL, "the daemon answered '%s', which this program does not know: %s", reply->code,
                 reply->text);
}

static enum om_code settle(Oremark__Reply **reply, struct om_status *st) {
  if (om_reply_status(*reply, st)) {
    oremark__reply__free_unpacked(*reply, NULL);
    *reply = NULL;
  }
  return st->code;
}

enum om_code om_not_what_was_asked(struct om_status *st) {
  return om_fail(st, OM_IO, NULL,
                 "the daemon answered something else than was asked: are daemon and command of one version?");
}

enum om_code om_reply_carries(Oremark__Reply **reply, Oremark__Reply__WhatCase wanted, struct om_status *st) {
  if (settle(reply, st) || (*reply)->what_case == wanted) return st->code;
  oremark__reply__free_unpacked(*reply, NULL);
  *reply = NULL;
  return om_not_what_was_asked(st);
}

enum om_code om_client_call(struct om_client *client, Oremark__Reply **out, Oremark__Request *request,
                            struct om_status *st) {
  uint64_t id;
  *out = NULL;
  if (om_client_send(client, &id, request, st) || om_client_receive(client, out, id, st)) return st->code;
  return settle(out, st);
}

enum om_code om_client_next(struct om_client *client, Oremark__Reply **reply, struct om_status *st) {
  uint64_t id = (*reply)->id;
  oremark__reply__free_unpacked(*reply, NULL);
  *reply = NULL;
  if (om_client_receive(client, reply, id, st)) return st->code;
  return settle(reply, st);
}
