/* idle-peers: what a daemon spends on a hundred links over which nothing happens but pings. The other ends are real
 * link ends of daemons that the registry names, all in this process: each greets, says what it has of every log and
 * follows every log, as a daemon does that has no other peer, takes in what comes, and pings. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "daemon/core/link.h"
#include "daemon/core/node.h"
#include "daemon/core/peer.h"

enum {
  PEERS = 100,
  IDLE_S = 40, /* two pings each way on every link */
  SETTLE_S = 2,
  READ_BYTES = 1 << 16,
};
static const double CPU_ALLOWED = 1;   /* per cent of a core */
static const double RSS_ALLOWED = 1e6; /* bytes for each peer */

/* The far end of a link. */
struct end {
  int fd;
  struct om_link *link;
  bool greeted;
  uint64_t pings; /* heard */
  double spoke_s;
};

struct idle {
  struct network net;
  struct daemon_process daemon; /* daemon 0: it holds the registry; end I is daemon I + 1 */
  int port;
  struct end ends[PEERS];
};

/* ---- one end ---- */

static void must(enum om_code code, const struct om_status *st) {
  if (code == OM_OK) return;
  fprintf(stderr, "oremark-bench: a peer: %s\n", st->text);
  exit(1);
}

/* Writes what the link has; idle links never fill a socket. */
static void end_flush(struct end *e) {
  struct om_status st;
  uint8_t *bytes;
  size_t len;
  must(om_link_take(e->link, &bytes, &len, &st), &st);
  if (len == 0) return;
  OM_ASSERT(send(e->fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len);
  free(bytes);
  e->spoke_s = now_s();
}

static void end_say(struct end *e, const Oremark__PeerMessage *message) {
  struct om_status st;
  uint8_t *bytes;
  size_t len;
  om_peer_encode(&bytes, &len, message);
  must(om_link_send(e->link, bytes, len, &st), &st);
  free(bytes);
}

static void end_follow(struct end *e, uint32_t log, uint64_t from) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Follow follow = OREMARK__FOLLOW__INIT;
  follow.log = log;
  follow.from = from;
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_FOLLOW;
  message.follow = &follow;
  end_say(e, &message);
}

static void end_have(struct end *e, uint32_t log, uint64_t size) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Have have = OREMARK__HAVE__INIT;
  have.log = log;
  have.size = size;
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_HAVE;
  message.have = &have;
  end_say(e, &message);
}

static void end_hello(struct end *e, uint32_t own_log, size_t logs) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Hello hello = OREMARK__HELLO__INIT;
  char version[] = "bench";
  hello.log = own_log;
  hello.version = version;
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_HELLO;
  message.hello = &hello;
  end_say(e, &message);
  for (uint32_t log = 0; log < logs; log++) {
    end_have(e, log, 0);
    end_follow(e, log, 0);
  }
}

static void end_ping(struct end *e) {
  Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT;
  Oremark__Ping ping = OREMARK__PING__INIT;
  message.what_case = OREMARK__PEER_MESSAGE__WHAT_PING;
  message.ping = &ping;
  end_say(e, &message);
  end_flush(e);
}

static void end_message(struct end *e, const struct om_frame *frame) {
  struct om_status st;
  struct om_peer_message message;
  must(om_peer_decode(&message, frame->bytes, frame->len, &st), &st);
  if (message.small == NULL)
    end_follow(e, message.entries.log, message.entries.start + message.entries.n);
  else if (message.small->what_case == OREMARK__PEER_MESSAGE__WHAT_HELLO)
    e->greeted = true;
  else if (message.small->what_case == OREMARK__PEER_MESSAGE__WHAT_PING)
    e->pings++;
  om_peer_message_free(&message);
}

static void end_read(struct end *e) {
  static uint8_t buffer[READ_BYTES];
  struct om_status st;
  struct om_frame frame;
  ssize_t n = recv(e->fd, buffer, sizeof buffer, MSG_DONTWAIT);
  if (n <= 0) must(om_fail(&st, OM_IO, NULL, "the daemon has closed the link"), &st);
  om_link_feed(e->link, buffer, (size_t)n);
  for (;;) {
    must(om_link_next(e->link, &frame, &st), &st);
    if (om_link_state(e->link) == OM_LINK_ASKS)
      must(om_link_admit(e->link, &st), &st);
    else if (frame.len == 0)
      break;
    else
      end_message(e, &frame);
  }
  end_flush(e);
}

/* Ends when the link is open both ways and the daemon has greeted. */
static void end_open(struct idle *idle, size_t i) {
  struct end *e = &idle->ends[i];
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)idle->port)};
  uint8_t ephemeral[OM_NOISE_KEY_BYTES];
  struct om_status st;
  e->fd = socket(AF_INET, SOCK_STREAM, 0);
  OM_ASSERT(e->fd >= 0 && connect(e->fd, (struct sockaddr *)&address, sizeof address) == 0);
  randombytes_buf(ephemeral, sizeof ephemeral);
  must(om_link_open(&e->link, OM_NOISE_INITIATOR, idle->net.link_keys[i + 1], ephemeral, idle->net.id.bytes, &st), &st);
  end_flush(e);
  for (bool said = false; !e->greeted;) {
    struct pollfd p = {.fd = e->fd, .events = POLLIN};
    OM_ASSERT(poll(&p, 1, OM_HELLO_MS) == 1);
    end_read(e);
    if (said || om_link_state(e->link) != OM_LINK_OPEN) continue;
    end_hello(e, (uint32_t)i + 1, idle->net.n);
    end_flush(e);
    said = true;
  }
}

static void end_close(struct end *e) {
  om_link_close(e->link);
  close(e->fd);
}

/* ---- all of them ---- */

/* Lets the ends do for SECONDS what daemons do of themselves. */
static void live(struct idle *idle, double seconds) {
  struct pollfd polls[PEERS];
  for (size_t i = 0; i < PEERS; i++) polls[i] = (struct pollfd){.fd = idle->ends[i].fd, .events = POLLIN};
  for (double until = now_s() + seconds; now_s() < until;) {
    OM_ASSERT(poll(polls, PEERS, OM_NODE_TICK_MS) >= 0);
    for (size_t i = 0; i < PEERS; i++) {
      struct end *e = &idle->ends[i];
      if (polls[i].revents != 0) end_read(e);
      if (now_s() - e->spoke_s >= OM_PING_MS / 1000.0) end_ping(e);
    }
  }
}

/* The links that the daemon says stand. */
static size_t connected(const struct daemon_process *d) {
  Oremark__Reply *reply = daemon_peers(d);
  size_t n = 0;
  for (size_t i = 0; i < reply->peers->n_peers; i++)
    if (strcmp(reply->peers->peers[i]->state, "connected") == 0) n++;
  oremark__reply__free_unpacked(reply, NULL);
  return n;
}

/* Seconds of a core that the daemon has used, in all its threads. */
static double cpu_s(const struct daemon_process *d) {
  clockid_t clock;
  struct timespec t;
  OM_ASSERT(clock_getcpuclockid(d->pid, &clock) == 0 && clock_gettime(clock, &t) == 0);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void idle_open(struct idle *idle) {
  idle->port = free_port();
  network_open(&idle->net, PEERS + 1, false);
  daemon_prepare(&idle->daemon, &idle->net, 0, idle->port, 0, 0);
  daemon_start(&idle->daemon);
  load_site(&idle->daemon, &idle->net, 1); /* something to be followed; and the first commit's memory is spent */
  sleep(SETTLE_S);
}

static void idle_close(struct idle *idle) {
  for (size_t i = 0; i < PEERS; i++) end_close(&idle->ends[i]);
  daemon_remove(&idle->daemon);
  network_close(&idle->net);
}

/* No link was lost, and each was pinged: the figures are of what they claim. */
static void check(const struct idle *idle) {
  OM_ASSERT(connected(&idle->daemon) == PEERS);
  for (size_t i = 0; i < PEERS; i++) OM_ASSERT(idle->ends[i].pings > 0);
}

void bench_idle_peers(void) {
  static struct idle idle;
  idle = (struct idle){0};
  idle_open(&idle);
  OM_ASSERT(connected(&idle.daemon) == 0);
  double alone = (double)daemon_rss(&idle.daemon);
  for (size_t i = 0; i < PEERS; i++) end_open(&idle, i);
  live(&idle, SETTLE_S);
  double begin = now_s(), used = cpu_s(&idle.daemon);
  live(&idle, IDLE_S);
  double cpu = (cpu_s(&idle.daemon) - used) / (now_s() - begin), rss = (double)daemon_rss(&idle.daemon);
  check(&idle);
  figure_print(&(struct figure){.name = "idle-peers-cpu",
                                .value = 100 * cpu,
                                .unit = "% of a core",
                                .bound = CPU_ALLOWED,
                                .bound_is = "% of a core allowed, 100 peers",
                                .goal = 1,
                                .less = true});
  figure_print(&(struct figure){.name = "idle-peers-rss",
                                .value = (rss - alone) / PEERS,
                                .unit = "B/peer",
                                .bound = RSS_ALLOWED,
                                .bound_is = "B/peer allowed",
                                .goal = 1,
                                .less = true});
  idle_close(&idle);
}
