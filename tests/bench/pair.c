#include "pair.h"

#include <unistd.h>

void pair_open(struct pair *p) {
  int port = free_port();
  network_open(&p->net, 2, false);
  daemon_prepare(&p->home, &p->net, 1, port, 0, 0);
  daemon_prepare(&p->mirror, &p->net, 0, 0, 1, port);
  daemon_start(&p->home);
  daemon_start(&p->mirror);
  load_site(&p->mirror, &p->net, 1);
  load_site(&p->mirror, &p->net, 2);
  daemon_await(&p->home, 0, 3, true);
  /* Entry 0 marks the genesis or a later registry; wait until both acts are marked, which a mirror shows. */
  for (uint64_t size = 0; size == 0 || size != daemon_size(&p->home, 1, false); usleep(300000))
    size = daemon_size(&p->home, 1, false);
  daemon_stop(&p->mirror);
}

void pair_close(struct pair *p) {
  daemon_remove(&p->mirror);
  daemon_remove(&p->home);
  network_close(&p->net);
}
