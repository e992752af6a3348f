#include "cli/progress.h"

#include <inttypes.h>
#include <unistd.h>

#include "cli/clock.h"

enum { DRAW_MS = 200, LINE_MS = 10000 };

void om_progress_begin(struct om_progress *progress, FILE *file, const char *unit, uint64_t total, bool quiet) {
  int64_t now = om_tick_ms();
  *progress = (struct om_progress){file, isatty(fileno(file)) != 0, quiet, false, unit, total, now, now};
}

void om_progress_step(struct om_progress *progress, uint64_t n, uint64_t done) {
  int64_t now = om_tick_ms(), took = now - progress->began_ms;
  if (progress->quiet || now - progress->last_ms < (progress->terminal ? DRAW_MS : LINE_MS) || took == 0) return;
  progress->last_ms = now;
  fprintf(progress->file, "%s%" PRIu64 " %s", progress->terminal ? "\r\033[K" : "oremark: ", n, progress->unit);
  if (progress->total && done) {
    uint64_t left_s = (uint64_t)took * (progress->total > done ? progress->total - done : 0) / done / 1000;
    fprintf(progress->file, ", %" PRIu64 " %%, %" PRIu64 " a second", done * 100 / progress->total,
            n * 1000 / (uint64_t)took);
    fprintf(progress->file, left_s < 120 ? ", %" PRIu64 " s left" : ", %" PRIu64 " min left",
            left_s < 120 ? left_s : left_s / 60);
  }
  if (!progress->terminal) fputc('\n', progress->file);
  progress->drawn = progress->terminal;
  fflush(progress->file);
}

void om_progress_clear(struct om_progress *progress) {
  if (progress->drawn) fputs("\r\033[K", progress->file);
  progress->drawn = false;
}
