/* finality: from sending a submission to its entry standing under a stored final head. Five daemons that all witness,
 * everybody linked to everybody on loopback: for the home's log four are eligible and three make the quorum. A sixth
 * is a mirror only. */
#include <dlfcn.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

enum {
  WITNESSES = 5,
  QUORUM = 3, /* of the four that are not the home */
  HOME = 1,   /* daemon and log; daemon 0 holds the registry */
  MEMBER = HOME + 1,
  MIRROR = 5,
  SINGLES = 200,   /* submissions one after the other */
  RATE = 500,      /* statements a second in the open loop */
  OPEN = 5 * RATE, /* of five seconds */
  BATCHES = 3000,  /* statements that the mirror catches up on */
  BATCH_EVENTS = 100,
  FRAME_HEAD = 4,
  LOOKS = 32,      /* clients that wait in the open loop: one may have a few requests waiting only */
  WAIT_MS = 60000, /* for one statement: longer than anything that is measured */
};

#define FLUSH_US "2000" /* of a solid-state disk that does not keep what it has taken when the power goes: 1 to 3 ms \
                         */

struct circle {
  struct network net;
  struct daemon_process daemons[WITNESSES + 1];
};

static void circle_open(struct circle *c) {
  int ports[WITNESSES];
  network_open_witnesses(&c->net, WITNESSES + 1, WITNESSES);
  for (size_t i = 0; i < WITNESSES; i++) ports[i] = free_port();
  for (size_t i = 0; i < WITNESSES; i++) {
    daemon_prepare(&c->daemons[i], &c->net, i, ports[i], 0, 0);
    for (size_t k = 0; k < i; k++) daemon_add_peer(&c->daemons[i], k, ports[k]);
  }
  daemon_prepare(&c->daemons[MIRROR], &c->net, MIRROR, 0, HOME, ports[HOME]);
  for (size_t i = 0; i < WITNESSES; i++) daemon_start(&c->daemons[i]);
  load_site(&c->daemons[0], &c->net, MEMBER);
  daemon_await(&c->daemons[HOME], 0, 2, true);
  for (uint64_t size = 0; size == 0 || size != daemon_size(&c->daemons[HOME], HOME, true); usleep(500000))
    size = daemon_size(&c->daemons[HOME], HOME, false); /* the act is marked, and the mark is final */
}

static void circle_close(struct circle *c) {
  for (size_t i = 0; i < WITNESSES + 1; i++) daemon_remove(&c->daemons[i]);
  network_close(&c->net);
}

static const Oremark__Receipt *receipt_in(const Oremark__Reply *reply) {
  if (reply->what_case == OREMARK__REPLY__WHAT_RECEIPT) return reply->receipt;
  fprintf(stderr, "oremark-bench: refused: %s\n", reply->text);
  exit(1);
}

/* Frees the reply to an ask_final. */
static void check_final(Oremark__Reply *reply) {
  if (reply->what_case != OREMARK__REPLY__WHAT_FINALITY || strcmp(reply->finality->state, "final") != 0) {
    fprintf(stderr, "oremark-bench: not final: %s\n", reply->text);
    exit(1);
  }
  oremark__reply__free_unpacked(reply, NULL);
}

/* Asks to be told when statement I of LOAD, which has RECEIPT, is final, as a client with --wait-final does. The reply
 * has the number I. */
static void ask_final(int fd, const struct load *load, size_t i, const Oremark__Receipt *receipt) {
  uint8_t frame[128];
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__GetFinality get = OREMARK__GET_FINALITY__INIT;
  request.id = i;
  request.what_case = OREMARK__REQUEST__WHAT_GET_FINALITY;
  request.get_finality = &get;
  get.member = MEMBER;
  get.signed_ms = load->first_ms + (int64_t)(i / LOAD_PER_MS);
  get.statement_id = receipt->statement_id;
  get.wait_ms = WAIT_MS;
  size_t len = oremark__request__get_packed_size(&request);
  OM_ASSERT(FRAME_HEAD + len <= sizeof frame);
  oremark__request__pack(&request, frame + FRAME_HEAD);
  om_be32(frame, (uint32_t)len);
  OM_ASSERT(write(fd, frame, FRAME_HEAD + len) == (ssize_t)(FRAME_HEAD + len));
}

/* Sends the request of LOAD that begins at *AT; moves *AT on. */
static void send_one(int fd, const struct load *load, size_t *at) {
  size_t len = FRAME_HEAD + om_get32(load->bytes + *at);
  OM_ASSERT(send(fd, load->bytes + *at, len, MSG_NOSIGNAL) == (ssize_t)len);
  *at += len;
}

/* One submission after the other, each sent when the one before it was final: the median time in seconds. */
static double one_by_one(struct circle *c) {
  double took[SINGLES];
  struct load load;
  size_t at = 0;
  int fd = bench_connect(&c->daemons[HOME]);
  OM_ASSERT(fd >= 0);
  load_extracts(&load, &c->net, MEMBER, SINGLES, 1);
  for (size_t i = 0; i < SINGLES; i++) {
    double begin = now_s();
    send_one(fd, &load, &at);
    Oremark__Reply *reply = bench_read(fd);
    ask_final(fd, &load, i, receipt_in(reply));
    oremark__reply__free_unpacked(reply, NULL);
    check_final(bench_read(fd));
    took[i] = now_s() - begin;
    usleep(20000); /* the next does not meet what this one left to do */
  }
  close(fd);
  load_free(&load);
  return quantile(took, SINGLES, 0.5);
}

/* What is under way in the open loop. Receipts come in the order of the submissions. */
struct flow {
  struct load load;
  double due[OPEN], took[OPEN];
  size_t sent, received, final;
  struct pollfd fds[1 + LOOKS]; /* the first submits; the others wait */
};

/* Reads a reply from end I. */
static void take(struct flow *f, size_t i) {
  Oremark__Reply *reply = bench_read(f->fds[i].fd);
  if (i == 0) {
    ask_final(f->fds[1 + f->received % LOOKS].fd, &f->load, f->received, receipt_in(reply));
    f->received++;
    oremark__reply__free_unpacked(reply, NULL);
  } else {
    size_t which = (size_t)reply->id;
    check_final(reply);
    f->took[which] = now_s() - f->due[which];
    f->final++;
  }
}

/* RATE statements a second, whether or not earlier ones are final yet, each timed from when it was due: the 99th of a
 * hundred, in seconds. */
static double open_loop(struct circle *c) {
  struct flow *f = calloc(1, sizeof *f);
  size_t at = 0;
  OM_ASSERT(f);
  for (size_t i = 0; i <= LOOKS; i++) {
    f->fds[i] = (struct pollfd){.fd = bench_connect(&c->daemons[HOME]), .events = POLLIN};
    OM_ASSERT(f->fds[i].fd >= 0);
  }
  load_extracts(&f->load, &c->net, MEMBER, OPEN, 1);
  double begin = now_s();
  while (f->final < OPEN) {
    double now = now_s();
    for (; f->sent < OPEN && begin + (double)f->sent / RATE <= now; f->sent++) {
      f->due[f->sent] = begin + (double)f->sent / RATE;
      send_one(f->fds[0].fd, &f->load, &at);
    }
    struct timespec wait = {0, 200000};
    OM_ASSERT(ppoll(f->fds, 1 + LOOKS, &wait, NULL) >= 0);
    for (size_t i = 0; i <= LOOKS; i++)
      if (f->fds[i].revents & (POLLIN | POLLHUP)) take(f, i);
  }
  double p99 = quantile(f->took, OPEN, 0.99);
  fprintf(stderr, "open loop: %.1f s, median %.2f ms, worst %.1f ms\n", now_s() - begin,
          quantile(f->took, OPEN, 0.5) * 1e3, quantile(f->took, OPEN, 1) * 1e3);
  for (size_t i = 0; i <= LOOKS; i++) close(f->fds[i].fd);
  load_free(&f->load);
  free(f);
  return p99;
}

static void print_p99(const char *name, double p99) {
  figure_print(&(struct figure){.name = name,
                                .value = p99 * 1e3,
                                .unit = "ms",
                                .bound = 20,
                                .bound_is = "ms allowed, at 500 statements/s",
                                .goal = 1,
                                .less = true});
}

/* Gives the home a log that a mirror needs seconds for; all witnesses follow. */
static void fill(struct circle *c) {
  struct load load;
  load_extracts(&load, &c->net, MEMBER, BATCHES, BATCH_EVENTS);
  load_send(&c->daemons[HOME], &load, NULL, NULL);
  load_free(&load);
  uint64_t size = daemon_size(&c->daemons[HOME], HOME, false);
  for (size_t i = 0; i < WITNESSES; i++) daemon_await(&c->daemons[i], HOME, size, true);
}

/* One statement after the other, as figure NAME. */
static void measure_singles(struct circle *c, const char *name) {
  double before = bound_commit(), median = one_by_one(c), after = bound_commit();
  figure_print(&(struct figure){.name = name,
                                .value = median * 1e3,
                                .unit = "ms, median",
                                .bound = (before + after) / 2 * 1e3,
                                .bound_is = "ms, a commit of bare LMDB",
                                .goal = 5,
                                .less = true});
  double circle = bound_circle(WITNESSES - 1, QUORUM);
  fprintf(stderr, "the same circle of bare commits: %.2f ms, %.1f commits; finality takes %.2f times as long\n",
          circle * 1e3, circle / after, median / circle);
}

/* The same where each flush takes as long as on a common disk: here, and in the daemons. */
void bench_finality_disk(void) {
  struct circle c;
  int status;
  if (dlsym(RTLD_DEFAULT, "slow_disk_loaded") != NULL) {
    circle_open(&c);
    measure_singles(&c, "finality-disk");
    circle_close(&c);
    return;
  }
  pid_t pid = fork();
  OM_ASSERT(pid >= 0);
  if (pid == 0) {
    OM_ASSERT(setenv("LD_PRELOAD", SLOW_DISK, 1) == 0 && setenv("SLOW_DISK_US", FLUSH_US, 0) == 0);
    bench_again("finality-disk");
  }
  OM_ASSERT(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

void bench_finality(void) {
  struct circle c;
  circle_open(&c);
  measure_singles(&c, "finality");
  print_p99("finality-p99", open_loop(&c));
  fill(&c);
  daemon_start(&c.daemons[MIRROR]);
  double p99 = open_loop(&c);
  fprintf(stderr, "the mirror has %llu of %llu entries by now\n",
          (unsigned long long)daemon_size(&c.daemons[MIRROR], HOME, false),
          (unsigned long long)daemon_size(&c.daemons[HOME], HOME, false));
  print_p99("finality-p99-mirror", p99);
  circle_close(&c);
}
