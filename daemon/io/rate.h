/* How many bytes a second went over a link lately: an average over about ten seconds. Ownership: embedded; zeroed is
 * empty. Thread: its owner's. */
#ifndef OREMARK_DAEMON_IO_RATE_H
#define OREMARK_DAEMON_IO_RATE_H

#include <stdint.h>

enum {
  OM_RATE_STEP_MS = 1000, /* between two samples: people look by the second */
  OM_RATE_SAMPLES = 10,   /* kept, the oldest ten steps back: pauses between pushes even out, news shows soon */
};

struct om_rate {
  uint32_t n, next; /* samples, and where the next one goes */
  struct om_rate_sample {
    int64_t at_ms;
    uint64_t in, out;
  } samples[OM_RATE_SAMPLES];
};

/* Says that IN and OUT bytes have gone over it in all, at NOW_MS of a clock that does not go back. Takes a sample if
 * OM_RATE_STEP_MS have passed since the last one. */
void om_rate_note(struct om_rate *rate, int64_t now_ms, uint64_t in, uint64_t out);
/* Bytes a second from the oldest sample to now; 0 where there is none yet. */
void om_rate_show(const struct om_rate *rate, uint64_t *in_s, uint64_t *out_s, int64_t now_ms, uint64_t in,
                  uint64_t out);

#endif
