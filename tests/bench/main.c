/* oremark-bench: measures figures. --json: one object a line; --only NAME,...: those only; --list. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

static bool json;

static const struct {
  const char *name;
  void (*run)(void);
} figures[] = {
    {"ingest-single", bench_ingest_single},
    {"ingest-batch", bench_ingest_batch},
    {"mirror-single", bench_mirror_single},
    {"mirror-batch", bench_mirror_batch},
    {"verify-lineage", bench_verify_lineage},
    {"verify-million", bench_verify_million},
    {"verify-deep", bench_verify_deep},
    {"rss-million", bench_rss_million},
    {"finality", bench_finality},
    {"finality-disk", bench_finality_disk},
    {"wire", bench_wire},
    {"catch-up", bench_catch_up},
    {"idle-peers", bench_idle_peers},
    {"bundle", bench_bundle},
    {"inclusion", bench_inclusion},
};
enum { FIGURES = sizeof figures / sizeof *figures };

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

void figure_print(const struct figure *f) {
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

/* Is NAME one of the comma-separated ONLY? */
static bool wanted(const char *only, const char *name) {
  size_t len = strlen(name);
  for (const char *at = only; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
    if (strncmp(at, name, len) == 0 && (at[len] == ',' || at[len] == '\0')) return true;
  return false;
}

static int usage(void) {
  fprintf(stderr, "usage: oremark-bench [--json] [--only NAME,...] [--list]\n");
  return 2;
}

int main(int argc, char **argv) {
  static const struct option options[] = {
      {"json", no_argument, NULL, 'j'}, {"only", required_argument, NULL, 'o'}, {"list", no_argument, NULL, 'l'}, {0}};
  const char *only = NULL;
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
  int run = 0;
  for (int i = 0; i < FIGURES; i++) {
    if (only && !wanted(only, figures[i].name)) continue;
    run++;
    if (list)
      puts(figures[i].name);
    else
      figures[i].run();
  }
  if (run > 0) return 0;
  fprintf(stderr, "oremark-bench: no figure is named %s; --list names them\n", only);
  return 2;
}
