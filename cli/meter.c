#include "cli/meter.h"

#include <inttypes.h>
#include <unistd.h>

#include "cli/clock.h"

enum { DRAW_MS = 200, LINE_MS = 10000 };

void om_meter_begin(struct om_meter *meter, FILE *file, const char *unit, uint64_t total, bool quiet) {
  int64_t now = om_tick_ms();
  *meter = (struct om_meter){file, isatty(fileno(file)) != 0, quiet, false, unit, total, now, now};
}

void om_meter_step(struct om_meter *meter, uint64_t n, uint64_t done) {
  int64_t now = om_tick_ms(), took = now - meter->began_ms;
  if (meter->quiet || now - meter->last_ms < (meter->terminal ? DRAW_MS : LINE_MS) || took == 0) return;
  meter->last_ms = now;
  fprintf(meter->file, "%s%" PRIu64 " %s", meter->terminal ? "\r\033[K" : "oremark: ", n, meter->unit);
  if (meter->total && done) {
    uint64_t left_s = (uint64_t)took * (meter->total > done ? meter->total - done : 0) / done / 1000;
    fprintf(meter->file, ", %" PRIu64 " %%, %" PRIu64 " a second", done * 100 / meter->total,
            n * 1000 / (uint64_t)took);
    fprintf(meter->file, left_s < 120 ? ", %" PRIu64 " s left" : ", %" PRIu64 " min left",
            left_s < 120 ? left_s : left_s / 60);
  }
  if (!meter->terminal) fputc('\n', meter->file);
  meter->drawn = meter->terminal;
  fflush(meter->file);
}

void om_meter_clear(struct om_meter *meter) {
  if (meter->drawn) fputs("\r\033[K", meter->file);
  meter->drawn = false;
}
