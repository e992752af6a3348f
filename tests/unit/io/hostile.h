/* A daemon's link as somebody else might use it: a plain socket that speaks Noise with a key of the test network and
 * says what it likes. Blocking, for tests alone. */
#ifndef OREMARK_TESTS_UNIT_IO_HOSTILE_H
#define OREMARK_TESTS_UNIT_IO_HOSTILE_H

#include <poll.h>

#include "daemon.h"
#include "daemon/core/link.h"
#include "daemon/core/peer.h"
#include "daemon/io/wall.h"

struct hostile {
  int fd; /* -1: the daemon has closed it */
  struct om_link *link;
  size_t frames, bytes_in; /* received */
};

/* A TCP connection to daemon I. */
static inline int stranger_open(const struct daemons *d, size_t i) {
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons(d->ports[i]), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_true(fd >= 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
  return fd;
}

static inline void hostile_flush(struct hostile *h) {
  uint8_t *bytes;
  size_t len;
  struct om_status st;
  assert_int_equal(om_link_take(h->link, &bytes, &len, &st), OM_OK);
  for (size_t sent = 0; sent < len && h->fd >= 0;) {
    ssize_t n = send(h->fd, bytes + sent, len - sent, MSG_NOSIGNAL);
    if (n <= 0) break; /* closed: the next read says so */
    sent += (size_t)n;
  }
  free(bytes);
}

static inline void hostile_take(struct hostile *h, const uint8_t *bytes, size_t len) {
  struct om_frame frame;
  struct om_status st;
  om_link_feed(h->link, bytes, len);
  for (;;) {
    assert_int_equal(om_link_next(h->link, &frame, &st), OM_OK);
    if (om_link_state(h->link) == OM_LINK_ASKS) {
      assert_int_equal(om_link_admit(h->link, &st), OM_OK);
    } else if (frame.len > 0) {
      h->frames++;
    } else {
      break;
    }
  }
  hostile_flush(h);
}

/* Reads for MS milliseconds, or until FRAMES have come in all, or until the daemon closes the link. */
static inline void hostile_read(struct hostile *h, unsigned ms, size_t frames) {
  uint8_t bytes[65536];
  int64_t end = om_wall_ms() + ms;
  while (h->fd >= 0 && h->frames < frames) {
    int64_t left = end - om_wall_ms();
    struct pollfd wait = {h->fd, POLLIN, 0};
    if (left <= 0 || poll(&wait, 1, (int)left) <= 0) return;
    ssize_t n = recv(h->fd, bytes, sizeof bytes, 0);
    if (n <= 0) {
      close(h->fd);
      h->fd = -1;
      return;
    }
    h->bytes_in += (size_t)n;
    hostile_take(h, bytes, (size_t)n);
  }
}

/* Links to daemon I with the key of daemon AS. False: the daemon did not say Hello within MS. */
static inline bool hostile_open(struct hostile *h, const struct daemons *d, size_t i, size_t as, unsigned ms) {
  uint8_t ephemeral[OM_NOISE_KEY_BYTES];
  struct om_status st;
  memset(ephemeral, 42, sizeof ephemeral);
  *h = (struct hostile){.fd = stranger_open(d, i)};
  assert_int_equal(om_link_open(&h->link, OM_NOISE_INITIATOR, d->net.link_keys[as], ephemeral, d->net.id.bytes, &st),
                   OM_OK);
  hostile_flush(h);
  hostile_read(h, ms, 1);
  return h->fd >= 0 && h->frames > 0;
}

static inline void hostile_say(struct hostile *h, const Oremark__PeerMessage *message) {
  uint8_t *bytes;
  size_t len;
  struct om_status st;
  om_peer_encode(&bytes, &len, message);
  assert_int_equal(om_link_send(h->link, bytes, len, &st), OM_OK);
  free(bytes);
  hostile_flush(h);
}

static inline void hostile_hello(struct hostile *h, uint32_t log) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Hello hello = OREMARK__HELLO__INIT;
  hello.log = log;
  hello.version = (char *)"0";
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_HELLO;
  message.hello = &hello;
  hostile_say(h, &message);
}

static inline void hostile_head(struct hostile *h, uint32_t log, const char *note, size_t len) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Head head = OREMARK__HEAD__INIT;
  head.log = log;
  head.checkpoint = (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)note};
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_HEAD;
  message.head = &head;
  hostile_say(h, &message);
}

static inline void hostile_close(struct hostile *h) {
  if (h->fd >= 0) close(h->fd);
  om_link_close(h->link);
}

#endif
