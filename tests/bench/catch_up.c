/* catch-up: a new daemon takes in a long log from its home, from its start to the last entry. Records are events, each
 * in a statement of its own, so that each costs a signature check. OREMARK_BENCH_RECORDS says how many. */
#include <stdlib.h>
#include <unistd.h>

#include "pair.h"

enum {
  RECORDS = 100000, /* a million takes minutes */
  PART = 50000,     /* made and sent at once */
};

static uint64_t wanted(void) {
  const char *text = getenv("OREMARK_BENCH_RECORDS");
  uint64_t n = text == NULL ? RECORDS : strtoull(text, NULL, 10);
  return n > 0 ? n : RECORDS;
}

void bench_catch_up(void) {
  struct pair p;
  uint64_t n = wanted();
  pair_open(&p);
  for (uint64_t left = n; left > 0;) {
    struct load load;
    uint64_t part = left < PART ? left : PART;
    load_extracts(&load, &p.net, 2, part, 1);
    load_send(&p.home, &load, NULL, NULL);
    load_free(&load);
    left -= part;
  }
  uint64_t size = daemon_size(&p.home, 1, false);
  double before = bound_verify(), begin = now_s();
  daemon_start(&p.mirror);
  daemon_await(&p.mirror, 1, size, false);
  double took = now_s() - begin, after = bound_verify(); /* the machine may have slowed down or sped up meanwhile */
  figure_print(&(struct figure){.name = "catch-up",
                                .value = (double)n / took,
                                .unit = "records/s",
                                .bound = (before + after) / 2,
                                .bound_is = "libsodium verifications/s, all cores",
                                .goal = 0.8});
  pair_close(&p);
}
