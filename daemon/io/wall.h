/* The wall clock. Any thread. */
#ifndef OREMARK_DAEMON_IO_WALL_H
#define OREMARK_DAEMON_IO_WALL_H

#include <stdint.h>

/* Unix time, milliseconds. */
int64_t om_wall_ms(void);

#endif
