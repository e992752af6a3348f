#include "daemon/io/wall.h"

#include <time.h>
#include <uv.h>

int64_t om_wall_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

uint64_t om_steady_ns(void) {
  return uv_hrtime();
}
