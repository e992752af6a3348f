/* Daemons of a test network, each a process of its own running om_shell_run, and a plain client for their sockets. */
#ifndef OREMARK_TESTS_UNIT_IO_DAEMON_H
#define OREMARK_TESTS_UNIT_IO_DAEMON_H

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <sodium.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/core/frame.h"
#include "daemon/io/shell.h"
#include "proto/client.pb-c.h"
#include "support/network.h"

enum { PATIENCE_MS = 60000, PATH_BYTES = 256 };

struct daemons {
  struct network net;
  char *folder;
  uint16_t ports[NETWORK_MAX];
  int claims[NETWORK_MAX]; /* to those ports */
  pid_t pids[NETWORK_MAX];
  uint64_t map_size; /* bytes; 0: plenty */
};

static inline void nap(unsigned ms) {
  usleep(ms * 1000);
}

/* A port that nobody has, below those that the system gives to outgoing connections. No other test is given it until
 * *CLAIM is closed: it is claimed by the name of a socket, as tests/e2e/network.py does. */
static inline uint16_t free_port(int *claim) {
  enum { FIRST = 10000, PORTS = 22000 };
  for (;;) {
    uint16_t port = (uint16_t)(FIRST + randombytes_uniform(PORTS));
    struct sockaddr_un name = {.sun_family = AF_UNIX}; /* of the abstract kind: begins with a NUL */
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    size_t len = (size_t)snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "oremark-test-port-%u", port);
    *claim = socket(AF_UNIX, SOCK_STREAM, 0);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(*claim >= 0 && fd >= 0);
    bool ours =
        bind(*claim, (struct sockaddr *)&name, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len)) == 0 &&
        bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    if (ours) return port;
    close(*claim);
  }
}

static inline void daemons_open(struct daemons *d, size_t n, bool witnessed) {
  memset(d, 0, sizeof *d);
  network_open(&d->net, n, witnessed);
  d->folder = temp_folder();
  for (size_t i = 0; i < n; i++) d->ports[i] = free_port(&d->claims[i]);
}

static inline void socket_path(const struct daemons *d, size_t i, char out[PATH_BYTES]) {
  snprintf(out, PATH_BYTES, "%s/%zu.sock", d->folder, i);
}

/* In the child. */
static inline int run_daemon(const struct daemons *d, size_t i) {
  char store[PATH_BYTES], path[PATH_BYTES], listen[32], origins[NETWORK_MAX][64], addresses[NETWORK_MAX][32];
  char *listens[1] = {listen};
  struct om_settings_peer peers[NETWORK_MAX];
  const struct network *net = &d->net;
  struct om_shell_keys keys = {.log = net->log_keys[i],
                               .cosign = net->cosign_keys[i],
                               .witness = net->witness_keys[i],
                               .link = net->link_keys[i]};
  struct om_settings s = {.store = store,
                          .socket = path,
                          .listen = listens,
                          .listen_count = 1,
                          .peers = peers,
                          .map_size = d->map_size > 0 ? d->map_size : UINT64_C(1) << 33,
                          .threads = 2};
  struct om_status st;
  snprintf(store, sizeof store, "%s/%zu", d->folder, i);
  snprintf(listen, sizeof listen, "127.0.0.1:%u", d->ports[i]);
  socket_path(d, i, path);
  for (size_t j = 0; j < net->n; j++) {
    if (j == i) continue;
    snprintf(origins[j], sizeof origins[j], "daemon%zu.example/log", j);
    snprintf(addresses[j], sizeof addresses[j], "127.0.0.1:%u", d->ports[j]);
    peers[s.peers_count++] = (struct om_settings_peer){origins[j], addresses[j]};
  }
  if (getenv("OREMARK_TEST_LOG") == NULL) om_log_set_level(OM_LOG_ERROR);
  om_status_clear(&st);
  return (int)om_shell_run(&s, &keys, net->genesis, net->genesis_len, &st);
}

static inline void daemon_start(struct daemons *d, size_t i) {
  d->pids[i] = fork();
  assert_true(d->pids[i] >= 0);
  if (d->pids[i] != 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nothing behind */
  _exit(run_daemon(d, i));
}

/* Ends daemon I by SIGNAL; its exit status (the om_code of om_shell_run), or -1 if the signal killed it. */
static inline int daemon_end(struct daemons *d, size_t i, int number) {
  int status;
  assert_int_equal(kill(d->pids[i], number), 0);
  assert_int_equal(waitpid(d->pids[i], &status, 0), d->pids[i]);
  d->pids[i] = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline void daemons_close(struct daemons *d) {
  for (size_t i = 0; i < d->net.n; i++)
    if (d->pids[i] > 0) assert_int_equal(daemon_end(d, i, SIGTERM), OM_OK);
  for (size_t i = 0; i < d->net.n; i++) close(d->claims[i]);
  remove_folder(d->folder);
  network_close(&d->net);
}

/* ---- a client ---- */

static inline int client_open(const struct daemons *d, size_t i) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  char path[PATH_BYTES];
  socket_path(d, i, path);
  snprintf(address.sun_path, sizeof address.sun_path, "%.100s", path);
  for (unsigned waited = 0; waited < PATIENCE_MS; waited += 20) {
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
    close(fd);
    nap(20);
  }
  fail_msg("the daemon's socket does not come up");
  return -1;
}

static inline void write_all(int fd, const uint8_t *bytes, size_t len) {
  while (len > 0) {
    ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
    assert_true(n > 0);
    bytes += n;
    len -= (size_t)n;
  }
}

static inline void client_send(int fd, const Oremark__Request *request) {
  size_t len = oremark__request__get_packed_size(request);
  uint8_t *bytes = malloc(OM_FRAME_HEADER_BYTES + len);
  om_frame_header(bytes, len);
  oremark__request__pack(request, bytes + OM_FRAME_HEADER_BYTES);
  write_all(fd, bytes, OM_FRAME_HEADER_BYTES + len);
  free(bytes);
}

static inline bool read_all(int fd, uint8_t *bytes, size_t len) {
  while (len > 0) {
    ssize_t n = recv(fd, bytes, len, 0);
    if (n <= 0) return false;
    bytes += n;
    len -= (size_t)n;
  }
  return true;
}

/* NULL: the daemon closed the connection. */
static inline Oremark__Reply *client_reply(int fd) {
  uint8_t header[OM_FRAME_HEADER_BYTES];
  if (!read_all(fd, header, sizeof header)) return NULL;
  size_t len = (size_t)header[0] << 24 | (size_t)header[1] << 16 | (size_t)header[2] << 8 | header[3];
  uint8_t *bytes = malloc(len);
  assert_true(read_all(fd, bytes, len));
  Oremark__Reply *reply = oremark__reply__unpack(NULL, len, bytes);
  assert_non_null(reply);
  free(bytes);
  return reply;
}

static inline void client_submit(int fd, uint64_t id, const uint8_t *bytes, size_t len) {
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__Submit submit = OREMARK__SUBMIT__INIT;
  submit.statement = (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)bytes};
  request.id = id;
  request.what_case = OREMARK__REQUEST__WHAT_SUBMIT;
  request.submit = &submit;
  client_send(fd, &request);
}

static inline Oremark__Reply *client_status(int fd) {
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__GetStatus get = OREMARK__GET_STATUS__INIT;
  request.id = 77;
  request.what_case = OREMARK__REQUEST__WHAT_GET_STATUS;
  request.get_status = &get;
  client_send(fd, &request);
  return client_reply(fd);
}

/* Waits until LOG has SIZE entries at the daemon behind FD, FINAL_SIZE of them final. */
static inline void await(int fd, uint32_t log, uint64_t size, uint64_t final_size) {
  for (unsigned waited = 0; waited < PATIENCE_MS; waited += 50) {
    Oremark__Reply *reply = client_status(fd);
    assert_non_null(reply);
    assert_string_equal(reply->code, "ok");
    const Oremark__LogState *state = reply->status->logs[log];
    bool there = state->size >= size && state->final_size >= final_size;
    oremark__reply__free_unpacked(reply, NULL);
    if (there) return;
    nap(50);
  }
  fail_msg("log %u does not reach %u entries", log, (unsigned)size);
}

/* Waits until the daemon's witnesses have told how far its log had got: before that no statement is taken. */
static inline void await_ready(int fd) {
  for (unsigned waited = 0; waited < PATIENCE_MS; waited += 50) {
    Oremark__Reply *reply = client_status(fd);
    assert_non_null(reply);
    bool ready = reply->status->ready;
    oremark__reply__free_unpacked(reply, NULL);
    if (ready) return;
    nap(50);
  }
  fail_msg("it is never ready");
}

#endif
