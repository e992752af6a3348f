/* Starting, watching and stopping a daemon that is measured. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "proto/client.pb-c.h"
#include "support/keyfiles.h"

void daemon_prepare(struct daemon_process *d, const struct network *net, size_t daemon, int listen, size_t peer,
                    int peer_port) {
  char *folder = temp_folder(), path[600];
  snprintf(d->folder, sizeof d->folder, "%s", folder);
  snprintf(d->socket, sizeof d->socket, "%s/sock", folder);
  free(folder);
  d->pid = 0;
  snprintf(path, sizeof path, "%s/keys", d->folder);
  network_write_keys(net, daemon, path);
  snprintf(path, sizeof path, "%s/genesis", d->folder);
  write_file(path, net->genesis, net->genesis_len);
  snprintf(path, sizeof path, "%s/oremarkd.conf", d->folder);
  FILE *conf = fopen(path, "w");
  OM_ASSERT(conf);
  fprintf(
      conf,
      "store = \"%s/store\"\ngenesis = \"%s/genesis\"\nkeys = \"%s/keys\"\nsocket = \"%s\"\nlog-level = \"warning\"\n",
      d->folder, d->folder, d->folder, d->socket);
  if (listen) fprintf(conf, "listen = {\"127.0.0.1:%d\"}\n", listen);
  if (peer_port) fprintf(conf, "peer \"daemon%zu.example/log\" {\n  address = \"127.0.0.1:%d\"\n}\n", peer, peer_port);
  fclose(conf);
}

void daemon_add_peer(const struct daemon_process *d, size_t peer, int peer_port) {
  char path[600];
  snprintf(path, sizeof path, "%s/oremarkd.conf", d->folder);
  FILE *conf = fopen(path, "a");
  OM_ASSERT(conf);
  fprintf(conf, "peer \"daemon%zu.example/log\" {\n  address = \"127.0.0.1:%d\"\n}\n", peer, peer_port);
  fclose(conf);
}

int free_port(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  OM_ASSERT(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0);
  OM_ASSERT(getsockname(fd, (struct sockaddr *)&address, &len) == 0);
  close(fd);
  return ntohs(address.sin_port);
}

void daemon_start(struct daemon_process *d) {
  char conf[600];
  snprintf(conf, sizeof conf, "%s/oremarkd.conf", d->folder);
  d->pid = fork();
  OM_ASSERT(d->pid >= 0);
  if (d->pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* whatever ends the measurement ends the daemon */
    execl(OREMARKD, "oremarkd", "--config", conf, (char *)NULL);
    _exit(127);
  }
  for (int i = 0; i < 500; i++) {
    int fd = bench_connect(d);
    if (fd >= 0) {
      close(fd);
      return;
    }
    usleep(10000);
  }
  fprintf(stderr, "oremark-bench: the daemon in %s does not answer\n", d->folder);
  exit(1);
}

void daemon_stop(struct daemon_process *d) {
  int status;
  if (!d->pid) return;
  kill(d->pid, SIGTERM);
  waitpid(d->pid, &status, 0);
  OM_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  d->pid = 0;
}

void daemon_remove(struct daemon_process *d) {
  char *folder = strdup(d->folder);
  OM_ASSERT(folder);
  daemon_stop(d);
  remove_folder(folder);
}

static uint64_t ask_size(int fd, uint32_t log, bool final) {
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__GetStatus get = OREMARK__GET_STATUS__INIT;
  request.id = 1;
  request.what_case = OREMARK__REQUEST__WHAT_GET_STATUS;
  request.get_status = &get;
  Oremark__Reply *reply = bench_ask(fd, &request);
  uint64_t size = 0;
  OM_ASSERT(reply->what_case == OREMARK__REPLY__WHAT_STATUS);
  for (size_t i = 0; i < reply->status->n_logs; i++)
    if (reply->status->logs[i]->log == log)
      size = final ? reply->status->logs[i]->final_size : reply->status->logs[i]->size;
  oremark__reply__free_unpacked(reply, NULL);
  return size;
}

uint64_t daemon_size(struct daemon_process *d, uint32_t log, bool final) {
  int fd = bench_connect(d);
  OM_ASSERT(fd >= 0);
  uint64_t size = ask_size(fd, log, final);
  close(fd);
  return size;
}

void daemon_await(struct daemon_process *d, uint32_t log, uint64_t size, bool final) {
  int fd = bench_connect(d);
  OM_ASSERT(fd >= 0);
  while (ask_size(fd, log, final) < size) usleep(5000);
  close(fd);
}

Oremark__Reply *daemon_peers(const struct daemon_process *d) {
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__GetPeers get = OREMARK__GET_PEERS__INIT;
  request.id = 1;
  request.what_case = OREMARK__REQUEST__WHAT_GET_PEERS;
  request.get_peers = &get;
  int fd = bench_connect(d);
  OM_ASSERT(fd >= 0);
  Oremark__Reply *reply = bench_ask(fd, &request);
  OM_ASSERT(reply->what_case == OREMARK__REPLY__WHAT_PEERS);
  close(fd);
  return reply;
}

uint64_t daemon_rss(const struct daemon_process *d) {
  char path[64], line[1024];
  snprintf(path, sizeof path, "/proc/%d/smaps", (int)d->pid);
  FILE *maps = fopen(path, "r");
  OM_ASSERT(maps);
  bool is_store = false;
  uint64_t total = 0;
  while (fgets(line, sizeof line, maps)) {
    unsigned long kb;
    if (strchr(line, '-') && strchr(line, '-') < strchr(line, ' ')) is_store = strstr(line, "data.mdb") != NULL;
    if (!is_store && sscanf(line, "Rss: %lu kB", &kb) == 1) total += kb * 1024;
  }
  fclose(maps);
  return total;
}
