/* Signed statements in bulk, and the client that sends them. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench.h"
#include "proto/client.pb-c.h"

enum { FRAME_HEAD = 4, READ_BYTES = 1 << 18, NAME_BYTES = 32 };

int bench_connect(const struct daemon_process *d) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  OM_ASSERT(strlen(d->socket) < sizeof address.sun_path);
  strcpy(address.sun_path, d->socket);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  OM_ASSERT(fd >= 0);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

static void read_all(int fd, uint8_t *out, size_t len) {
  while (len > 0) {
    ssize_t n = read(fd, out, len);
    OM_ASSERT(n > 0);
    out += n;
    len -= (size_t)n;
  }
}

Oremark__Reply *bench_ask(int fd, Oremark__Request *request) {
  size_t len = oremark__request__get_packed_size(request);
  uint8_t *frame = malloc(FRAME_HEAD + len);
  OM_ASSERT(frame);
  om_be32(frame, (uint32_t)len);
  oremark__request__pack(request, frame + FRAME_HEAD);
  OM_ASSERT(write(fd, frame, FRAME_HEAD + len) == (ssize_t)(FRAME_HEAD + len));
  free(frame);
  return bench_read(fd);
}

Oremark__Reply *bench_read(int fd) {
  uint8_t head[FRAME_HEAD];
  read_all(fd, head, sizeof head);
  size_t len = om_get32(head);
  uint8_t *frame = malloc(len);
  OM_ASSERT(frame);
  read_all(fd, frame, len);
  Oremark__Reply *reply = oremark__reply__unpack(NULL, len, frame);
  OM_ASSERT(reply);
  free(frame);
  return reply;
}

static void add_request(struct load *load, size_t *cap, const uint8_t *statement, size_t len) {
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__Submit submit = OREMARK__SUBMIT__INIT;
  request.id = load->n + 1;
  request.what_case = OREMARK__REQUEST__WHAT_SUBMIT;
  request.submit = &submit;
  submit.statement = (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)statement};
  size_t size = oremark__request__get_packed_size(&request);
  while (load->len + FRAME_HEAD + size > *cap) {
    *cap = *cap ? 2 * *cap : 1 << 20;
    load->bytes = realloc(load->bytes, *cap);
    OM_ASSERT(load->bytes);
  }
  om_be32(load->bytes + load->len, (uint32_t)size);
  oremark__request__pack(&request, load->bytes + load->len + FRAME_HEAD);
  load->len += FRAME_HEAD + size;
  load->n++;
}

void load_one(struct load *load, const uint8_t *statement, size_t len) {
  size_t cap = load->len;
  add_request(load, &cap, statement, len);
}

void load_extracts(struct load *load, struct network *net, uint32_t member, uint64_t n, size_t events) {
  Oremark__Metal metal = OREMARK__METAL__INIT, *metals[] = {&metal};
  Oremark__Material material = OREMARK__MATERIAL__INIT, *lots[] = {&material};
  Oremark__Extract act = OREMARK__EXTRACT__INIT;
  Oremark__Event event[OM_EVENTS_MAX], *list[OM_EVENTS_MAX];
  char name[] = "copper concentrate";
  size_t cap = 0;
  int64_t first_ms = wall_ms();
  *load = (struct load){.first_ms = first_ms};
  metal.element = 29;
  metal.contained_mg = 5690000000;
  material.form = OREMARK__FORM__FORM_CONCENTRATE;
  material.name = name;
  material.gross_mg = 20000000000;
  material.n_metals = 1;
  material.metals = metals;
  act.site = 1;
  act.n_lots = 1;
  act.lots = lots;
  for (uint64_t i = 0; i < n; i++) {
    size_t len;
    for (size_t e = 0; e < events; e++) {
      event[e] = (Oremark__Event)OREMARK__EVENT__INIT;
      event[e].kind_case = OREMARK__EVENT__KIND_EXTRACT;
      event[e].extract = &act;
      list[e] = &event[e];
    }
    uint8_t *bytes =
        network_statement(net, &len, member, first_ms + (int64_t)(i / LOAD_PER_MS), list, events, &member, 1);
    add_request(load, &cap, bytes, len);
    free(bytes);
    load->events += events;
  }
}

void load_free(struct load *load) {
  free(load->bytes);
}

/* Reads the replies in BUFFER[0 .. *len), counts the receipts, and keeps what is not whole yet. */
static uint64_t take_replies(uint8_t *buffer, size_t *len) {
  uint64_t n = 0;
  size_t at = 0;
  while (*len - at >= FRAME_HEAD && *len - at - FRAME_HEAD >= om_get32(buffer + at)) {
    size_t size = om_get32(buffer + at);
    Oremark__Reply *reply = oremark__reply__unpack(NULL, size, buffer + at + FRAME_HEAD);
    if (!reply || reply->what_case != OREMARK__REPLY__WHAT_RECEIPT) {
      fprintf(stderr, "oremark-bench: refused: %s\n", reply ? reply->text : "not a reply");
      exit(1);
    }
    oremark__reply__free_unpacked(reply, NULL);
    at += FRAME_HEAD + size;
    n++;
  }
  memmove(buffer, buffer + at, *len - at);
  *len -= at;
  return n;
}

double load_send(struct daemon_process *d, const struct load *load, void (*watch)(void *), void *ctx) {
  int fd = bench_connect(d);
  uint8_t *buffer = malloc(READ_BYTES);
  OM_ASSERT(fd >= 0 && buffer);
  size_t sent = 0, held = 0;
  uint64_t answered = 0;
  double begin = now_s(), watched = begin;
  while (answered < load->n) {
    struct pollfd p = {.fd = fd, .events = (short)(POLLIN | (sent < load->len ? POLLOUT : 0))};
    OM_ASSERT(poll(&p, 1, 1000) >= 0);
    if (p.revents & POLLOUT) {
      ssize_t n = send(fd, load->bytes + sent, load->len - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n > 0) sent += (size_t)n;
    }
    if (p.revents & (POLLIN | POLLHUP)) {
      ssize_t n = recv(fd, buffer + held, READ_BYTES - held, MSG_DONTWAIT);
      OM_ASSERT(n != 0);
      if (n > 0) held += (size_t)n;
      answered += take_replies(buffer, &held);
    }
    if (watch && now_s() - watched > 0.1) {
      watch(ctx);
      watched = now_s();
    }
  }
  double took = now_s() - begin;
  free(buffer);
  close(fd);
  return took;
}

void load_site(struct daemon_process *d, struct network *net, uint32_t member) {
  Oremark__AddSite act = OREMARK__ADD_SITE__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT, *events[] = {&event};
  char name[] = "pit", country[] = "PE";
  struct load load = {0};
  size_t len, cap = 0;
  act.site = 1;
  act.name = name;
  act.country = country;
  act.kind = OREMARK__SITE_KIND__SITE_KIND_MINE;
  event.kind_case = OREMARK__EVENT__KIND_ADD_SITE;
  event.add_site = &act;
  uint8_t *bytes = network_statement(net, &len, member, wall_ms(), events, 1, &member, 1);
  add_request(&load, &cap, bytes, len);
  free(bytes);
  load_send(d, &load, NULL, NULL);
  load_free(&load);
}
