/* Seeded random numbers for property tests: the seed is printed, and OREMARK_SEED=N repeats a run. */
#ifndef OREMARK_TESTS_SUPPORT_SEED_H
#define OREMARK_TESTS_SUPPORT_SEED_H

#include <stdint.h>

/* The seed of this run, the same at every call: OREMARK_SEED, else from the clock; printed once. */
uint64_t test_seed(void);

/* How often a test that draws at random does so: TIMES, scaled by OREMARK_EFFORT (in percent, 100 if unset); at
 * least 1. */
uint64_t test_times(uint64_t times);

/* The next number after *STATE (splitmix64, Steele et al. 2014). */
uint64_t test_random(uint64_t *state);

/* A number from 0 to LIMIT - 1; LIMIT over 0. */
uint64_t test_below(uint64_t *state, uint64_t limit);

#endif
