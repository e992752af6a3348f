/* oremark-bench: measures figures. --json: one object a line; --only NAME,...: those only, and what is measured
 * together with them; --list. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

static bool json;

enum { TOGETHER = 6 }; /* figures that one run gives, at most */

/* What is measured in one run: its name, which is a figure's own where there is one only, and the figures it prints. */
struct group {
  const char *name;
  void (*run)(void);
  const char *figures[TOGETHER];
};

static const struct group groups[] = {
    {"ingest-single", bench_ingest_single, {"ingest-single"}},
    {"ingest-batch", bench_ingest_batch, {"ingest-batch", "ingest-batch-lmdb"}},
    {"mirror-single", bench_mirror_single, {"mirror-single"}},
    {"mirror-batch", bench_mirror_batch, {"mirror-batch", "mirror-batch-lmdb"}},
    {"verify-lineage", bench_verify_lineage, {"verify-lineage"}},
    {"flags", bench_flags, {"flags"}},
    {"verify-million", bench_verify_million, {"verify-million"}},
    {"verify-deep", bench_verify_deep, {"verify-deep"}},
    {"rss-million", bench_rss_million, {"rss-million"}},
    {"finality", bench_finality, {"finality", "finality-p99", "finality-p99-mirror"}},
    {"finality-disk", bench_finality_disk, {"finality-disk"}},
    {"wire", bench_wire, {"wire-single", "wire-idle", "wire-full"}},
    {"catch-up", bench_catch_up, {"catch-up"}},
    {"idle-peers", bench_idle_peers, {"idle-peers-cpu", "idle-peers-rss"}},
    {"bundle", bench_bundle, {"bundle-size", "bundle-verify", "bundle-memory"}},
    {"inclusion", bench_inclusion, {"inclusion"}},
};
enum { GROUPS = sizeof groups / sizeof *groups };
static const struct group *running;

double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int64_t wall_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

double quantile(double *v, size_t n, double at) {
  OM_ASSERT(n > 0);
  qsort(v, n, sizeof *v, by_value);
  size_t i = (size_t)(at * (double)n);
  return v[i < n ? i : n - 1];
}

static bool prints(const struct group *g, const char *name) {
  for (size_t i = 0; i < TOGETHER && g->figures[i]; i++)
    if (strcmp(g->figures[i], name) == 0) return true;
  return false;
}

void figure_print(const struct figure *f) {
  OM_ASSERT(prints(running, f->name)); /* --only and --list know it */
  double ratio = f->bound > 0 ? f->value / f->bound : 0;
  double judged = f->on_value ? f->value : ratio;
  bool met = f->less ? judged <= f->goal : judged >= f->goal;
  if (json)
    printf(
        "{\"name\": \"%s\", \"value\": %.6g, \"unit\": \"%s\", \"bound\": %.6g, \"ratio\": %.4g, \"goal\": %.6g, "
        "\"met\": %s}\n",
        f->name, f->value, f->unit, f->bound, ratio, f->goal, met ? "true" : "false");
  else
    printf("%-22s %12.6g %-12s %12.6g %-34s %8.3f  %s %.6g %s  %s\n", f->name, f->value, f->unit, f->bound, f->bound_is,
           ratio, f->less ? "<=" : ">=", f->goal, f->on_value ? f->unit : "(ratio)", met ? "met" : "NOT MET");
  fflush(stdout);
}

void bench_again(const char *name) {
  fflush(NULL);
  execl("/proc/self/exe", "oremark-bench", "--only", name, json ? "--json" : (char *)NULL, (char *)NULL);
  perror("oremark-bench");
  _exit(1);
}

/* Is it G, or a figure of it, that is called so? */
static bool is_of(const struct group *g, const char *name) {
  return strcmp(g->name, name) == 0 || prints(g, name);
}

/* Marks in RUN what NAME asks for. */
static bool want(bool run[GROUPS], const char *name) {
  bool found = false;
  for (size_t i = 0; i < GROUPS; i++)
    if (is_of(&groups[i], name)) run[i] = found = true;
  return found;
}

/* The names in ONLY, parted by commas; NULL: all. Returns the first that there is not, else NULL. */
static const char *choose(bool run[GROUPS], char *only) {
  for (size_t i = 0; i < GROUPS; i++) run[i] = only == NULL;
  for (char *name; only && (name = strsep(&only, ","));)
    if (!want(run, name)) return name;
  return NULL;
}

static int usage(void) {
  fprintf(stderr, "usage: oremark-bench [--json] [--only NAME,...] [--list]\n");
  return 2;
}

int main(int argc, char **argv) {
  static const struct option options[] = {
      {"json", no_argument, NULL, 'j'}, {"only", required_argument, NULL, 'o'}, {"list", no_argument, NULL, 'l'}, {0}};
  char *only = NULL;
  bool list = false;
  for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    if (c == 'j')
      json = true;
    else if (c == 'o')
      only = optarg;
    else if (c == 'l')
      list = true;
    else
      return usage();
  }
  if (optind != argc) return usage();
  om_sodium_start();
  bool run[GROUPS];
  const char *unknown = choose(run, only);
  if (unknown) {
    fprintf(stderr, "oremark-bench: no figure is named '%s'; --list names them\n", unknown);
    return 2;
  }
  for (size_t i = 0; i < GROUPS; i++) {
    if (!run[i]) continue;
    running = &groups[i];
    for (size_t k = 0; list && k < TOGETHER && running->figures[k]; k++) puts(running->figures[k]);
    if (!list) running->run();
  }
  return 0;
}
