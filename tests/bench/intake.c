/* ingest-*, mirror-*, rss-million: taking statements in from a client, and from a peer. */
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pair.h"

enum {
  SINGLES = 120000, /* statements of one event: some four seconds */
  BATCHES = 6000,   /* of a hundred */
  BATCH_EVENTS = 100,
  MILLION = 10000, /* batches that make a million events */
};

/* Commits that the store in PATH has seen. */
static uint64_t commits(const char *path) {
  MDB_env *env;
  MDB_envinfo info;
  if (mdb_env_create(&env) || mdb_env_set_maxdbs(env, 16) || mdb_env_open(env, path, MDB_RDONLY, 0600) ||
      mdb_env_info(env, &info))
    abort();
  mdb_env_close(env);
  return info.me_last_txnid;
}

struct outcome {
  double rate; /* events a second */
  double lmdb; /* rows a second of bare LMDB on the same */
  uint64_t rows;
  double took;
};

/* The same rows into bare LMDB in as many commits; the events a second that would be. */
static void judge_lmdb(struct outcome *o, const char *folder, uint64_t events) {
  char path[600];
  snprintf(path, sizeof path, "%s/store", folder);
  double rows_a_second = bound_lmdb(path, commits(path), &o->rows);
  o->lmdb = rows_a_second * (double)events / (double)o->rows;
}

static void ingest(struct outcome *o, uint64_t n, size_t events, bool lmdb) {
  struct pair p;
  struct load load;
  pair_open(&p);
  load_extracts(&load, &p.net, 2, n, events);
  o->took = load_send(&p.home, &load, NULL, NULL);
  o->rate = (double)load.events / o->took;
  daemon_stop(&p.home);
  if (lmdb) judge_lmdb(o, p.home.folder, load.events);
  load_free(&load);
  pair_close(&p);
}

static void mirror(struct outcome *o, uint64_t n, size_t events, bool lmdb) {
  struct pair p;
  struct load load;
  pair_open(&p);
  load_extracts(&load, &p.net, 2, n, events);
  load_send(&p.home, &load, NULL, NULL);
  uint64_t size = daemon_size(&p.home, 1, false);
  daemon_start(&p.mirror);
  /* From the first entries on: how long a link takes to come up is no matter of bulk. */
  uint64_t before = daemon_size(&p.mirror, 1, false), first;
  while ((first = daemon_size(&p.mirror, 1, false)) == before) usleep(1000);
  double begin = now_s();
  daemon_await(&p.mirror, 1, size, false);
  o->took = now_s() - begin;
  o->rate = (double)((size - first) * events) / o->took;
  daemon_stop(&p.mirror);
  if (lmdb) judge_lmdb(o, p.mirror.folder, load.events);
  load_free(&load);
  pair_close(&p);
}

static void single(const char *name, void (*run)(struct outcome *, uint64_t, size_t, bool)) {
  struct outcome o;
  double before = bound_verify();
  run(&o, SINGLES, 1, false);
  double after = bound_verify(); /* the machine may have slowed down or sped up meanwhile */
  figure_print(&(struct figure){.name = name,
                                .value = o.rate,
                                .unit = "statements/s",
                                .bound = (before + after) / 2,
                                .bound_is = "libsodium verifications/s, all cores",
                                .goal = 0.7});
}

static void batch(const char *name, const char *name_lmdb, void (*run)(struct outcome *, uint64_t, size_t, bool)) {
  struct outcome o;
  run(&o, BATCHES, BATCH_EVENTS, true);
  figure_print(&(struct figure){
      .name = name, .value = o.rate, .unit = "events/s", .bound = 100000, .bound_is = "events/s wanted", .goal = 1});
  figure_print(&(struct figure){.name = name_lmdb,
                                .value = o.rate,
                                .unit = "events/s",
                                .bound = o.lmdb,
                                .bound_is = "events/s, same rows in bare LMDB",
                                .goal = 0.5});
}

void bench_ingest_single(void) {
  single("ingest-single", ingest);
}

void bench_ingest_batch(void) {
  batch("ingest-batch", "ingest-batch-lmdb", ingest);
}

void bench_mirror_single(void) {
  single("mirror-single", mirror);
}

void bench_mirror_batch(void) {
  batch("mirror-batch", "mirror-batch-lmdb", mirror);
}

struct peak {
  const struct daemon_process *d;
  uint64_t bytes;
};

static void watch_rss(void *ctx) {
  struct peak *peak = ctx;
  uint64_t now = daemon_rss(peak->d);
  if (now > peak->bytes) peak->bytes = now;
}

void bench_rss_million(void) {
  struct pair p;
  struct load load;
  pair_open(&p);
  struct peak peak = {&p.home, 0};
  for (int part = 0; part < 4; part++) {
    load_extracts(&load, &p.net, 2, MILLION / 4, BATCH_EVENTS);
    load_send(&p.home, &load, watch_rss, &peak);
    load_free(&load);
  }
  watch_rss(&peak);
  figure_print(&(struct figure){.name = "rss-million",
                                .value = (double)peak.bytes / 1e6,
                                .unit = "MB",
                                .bound = 200,
                                .bound_is = "MB allowed, the store's map aside",
                                .goal = 1,
                                .less = true});
  pair_close(&p);
}
