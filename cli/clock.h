/* The clock and the zone of whoever types. Thread: any. */
#ifndef OREMARK_CLI_CLOCK_H
#define OREMARK_CLI_CLOCK_H

#include <stdint.h>

#include "keys/status.h"

/* Unix time, milliseconds. */
int64_t om_now_ms(void);
/* Milliseconds of a clock that never jumps, for timeouts and rates. */
int64_t om_tick_ms(void);
void om_sleep_ms(int64_t ms);

/* This machine's offset from UTC at that time, minutes. */
int32_t om_zone_at(int64_t ms);

/* A time as a person writes it: RFC 3339, or without its zone (then local), or without its seconds, or a date alone
 * (its local midnight); a space will do for the 'T'. */
enum om_code om_when_parse(int64_t *ms, int32_t *zone_min, const char *text, struct om_status *st);

#endif
