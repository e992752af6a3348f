/* Two daemons: daemon 0 holds the registry and mirrors, daemon 1 takes in. The stage of all figures. */
#ifndef OREMARK_TESTS_BENCH_PAIR_H
#define OREMARK_TESTS_BENCH_PAIR_H

#include "bench.h"

struct pair {
  struct network net;
  struct daemon_process mirror, home; /* daemons 0 and 1 */
};

/* Starts both; members 1 and 2 have site 1 and daemon 1's log has marked it. */
void pair_open(struct pair *pair);
void pair_close(struct pair *pair);

#endif
