#include "support/seed.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

uint64_t test_seed(void) {
  static bool known;
  static uint64_t seed;
  if (known) return seed;
  const char *text = getenv("OREMARK_SEED");
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  seed = text != NULL ? strtoull(text, NULL, 0) : (uint64_t)now.tv_sec * 1000000007u + (uint64_t)now.tv_nsec;
  known = true;
  printf("seed: OREMARK_SEED=%" PRIu64 "\n", seed);
  fflush(stdout);
  return seed;
}

uint64_t test_times(uint64_t times) {
  const char *text = getenv("OREMARK_EFFORT");
  uint64_t percent = text != NULL ? strtoull(text, NULL, 10) : 100;
  uint64_t scaled = times * percent / 100;
  return scaled > 0 ? scaled : 1;
}

uint64_t test_random(uint64_t *state) {
  uint64_t z = (*state += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

uint64_t test_below(uint64_t *state, uint64_t limit) {
  return test_random(state) % limit;
}
