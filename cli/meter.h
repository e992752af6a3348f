/* A progress meter for work of known size: one line that redraws itself on a terminal, a plain line now and then
 * elsewhere. Thread: one. */
#ifndef OREMARK_CLI_METER_H
#define OREMARK_CLI_METER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct om_meter {
  FILE *file;
  bool terminal;
  bool quiet;
  bool drawn; /* a line stands on the terminal */
  const char *unit;
  uint64_t total;   /* of the work, any measure; 0: not known */
  int64_t began_ms; /* om_tick_ms */
  int64_t last_ms;
};

/* Counts UNIT ("rows"); TOTAL is the measure of all the work. */
void om_meter_begin(struct om_meter *meter, FILE *file, const char *unit, uint64_t total, bool quiet);
/* N units are done, which is DONE of the total. Draws when it is time. */
void om_meter_step(struct om_meter *meter, uint64_t n, uint64_t done);
/* Takes the line off the terminal, so that something else can be written. */
void om_meter_clear(struct om_meter *meter);

#endif
