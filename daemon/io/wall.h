/* The clocks. Any thread. */
#ifndef OREMARK_DAEMON_IO_WALL_H
#define OREMARK_DAEMON_IO_WALL_H

#include <stdint.h>

/* Unix time, milliseconds. */
int64_t om_wall_ms(void);
/* Nanoseconds of a clock that does not go back. */
uint64_t om_steady_ns(void);

#endif
