/* bundle-size, bundle-verify, bundle-memory: the bundle of a lot of 1,000 records, of one statement each; how fast one
 * of 100,000 is verified on all cores, beside the rate at which their signatures alone are, and with how much memory.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "lots.h"
#include "support/bundled.h"
#include "support/records.h"

enum { MINER = 2, GROUP = 1000, STAGE = 1000, COPPER_MG = 1000000, THREADS_MAX = 64 };

static const int64_t T = INT64_C(1710000000000);

/* A network of two daemons with quorum 0, and the miner's ledger. */
struct mine {
  struct network net;
  char *folders[2];
  struct om_ledger *ledgers[2];
  struct om_batch *batch;
  size_t in_batch;
};

static void must(enum om_code code, const struct om_status *st) {
  if (code == OM_OK) return;
  fprintf(stderr, "oremark-bench: %s\n", st->text);
  exit(1);
}

static void commit(struct mine *m) {
  struct om_status st = {0};
  struct om_signers_keys keys = network_signers(&m->net, 1);
  if (m->batch) must(om_batch_commit(m->batch, &keys, &st), &st);
  m->batch = NULL;
  m->in_batch = 0;
}

static void take(struct mine *m, const uint8_t *bytes, size_t len) {
  struct om_status st = {0};
  struct om_arena arena = {0};
  struct om_checked *checked;
  struct om_receipt receipt;
  if (!m->batch) must(om_batch_begin(&m->batch, m->ledgers[1], &st), &st);
  must(om_check_statement(&checked, &arena, &m->net.id, om_batch_txn(m->batch), bytes, len, &st), &st);
  must(om_batch_submit(m->batch, &receipt, checked, T + 500, &st), &st);
  om_arena_free(&arena);
  if (++m->in_batch == GROUP) commit(m);
}

/* States EVENT; the lot that it made first. */
static struct lot state(struct mine *m, Oremark__Event *event) {
  uint32_t member = MINER;
  struct lot out;
  size_t len;
  uint8_t *bytes = network_statement(&m->net, &len, member, T + (int64_t)m->net.nonce / 100, &event, 1, &member, 1);
  take(m, bytes, len);
  network_lot(&m->net, out.number, &out.last, bytes, len, 0, 0);
  free(bytes);
  return out;
}

static struct lot extract(struct mine *m) {
  struct material made;
  Oremark__Extract act = OREMARK__EXTRACT__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  set_material(&made, COPPER_MG);
  act.site = 1;
  act.n_lots = 1;
  act.lots = made.list;
  event.kind_case = OREMARK__EVENT__KIND_EXTRACT;
  event.extract = &act;
  return state(m, &event);
}

static struct lot process(struct mine *m, struct lot *lot) {
  struct material made;
  Oremark__LotRef ref, *refs[] = {&ref};
  Oremark__Transform act = OREMARK__TRANSFORM__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  set_material(&made, COPPER_MG);
  refer(&ref, lot);
  act.site = 1;
  act.process = OREMARK__PROCESS__PROCESS_CONCENTRATE;
  act.n_inputs = 1;
  act.inputs = refs;
  act.n_outputs = 1;
  act.outputs = made.list;
  event.kind_case = OREMARK__EVENT__KIND_TRANSFORM;
  event.transform = &act;
  return state(m, &event);
}

static struct lot combine(struct mine *m, struct lot *lots, size_t n, uint64_t copper_mg) {
  static Oremark__LotRef ref[STAGE], *refs[STAGE];
  struct material made;
  Oremark__Combine act = OREMARK__COMBINE__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  for (size_t i = 0; i < n; i++) {
    refer(&ref[i], &lots[i]);
    refs[i] = &ref[i];
  }
  set_material(&made, copper_mg);
  act.n_lots = n;
  act.lots = refs;
  act.whole = &made.material;
  event.kind_case = OREMARK__EVENT__KIND_COMBINE;
  event.combine = &act;
  return state(m, &event);
}

/* A lot with some RECORDS behind it: half of them dig, the others process, and a few put together. */
static struct lot grow(struct mine *m, size_t records) {
  size_t n = (records - 1 - records / STAGE / 2) / 2, stages = 0;
  struct lot *lots = calloc(n, sizeof *lots);
  OM_ASSERT(lots);
  for (size_t i = 0; i < n; i++) lots[i] = extract(m);
  for (size_t i = 0; i < n; i++) lots[i] = process(m, &lots[i]);
  for (size_t i = 0; i < n; i += STAGE, stages++) {
    size_t some = n - i < STAGE ? n - i : STAGE;
    lots[stages] = combine(m, &lots[i], some, some * (uint64_t)COPPER_MG);
  }
  struct lot last = stages == 1 ? lots[0] : combine(m, lots, stages, n * (uint64_t)COPPER_MG);
  commit(m);
  free(lots);
  return last;
}

static void open_mine(struct mine *m) {
  struct om_status st = {0};
  struct om_receipt receipt;
  memset(m, 0, sizeof *m);
  network_open(&m->net, 2, false);
  network_ledgers(&m->net, m->folders, m->ledgers);
  must(network_settle(&m->net, m->ledgers, T, &st), &st);
  struct record site = record_site(&m->net, MINER, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, T);
  must(network_submit(&m->net, 0, m->ledgers[0], &receipt, site.bytes, site.len, T, &st), &st);
  must(network_settle(&m->net, m->ledgers, T, &st), &st);
  free(site.bytes);
}

/* ---- verifying on all cores ---- */

struct pool {
  struct om_bundle *bundle;
  pthread_barrier_t begin, end;
  atomic_size_t next;
  size_t n;
  bool stop;
};

static void check_items(struct pool *pool) {
  for (size_t i; (i = atomic_fetch_add(&pool->next, 1)) < pool->n;) om_bundle_check(pool->bundle, i);
}

static void *work(void *arg) {
  struct pool *pool = arg;
  for (;;) {
    pthread_barrier_wait(&pool->begin);
    if (pool->stop) return NULL;
    check_items(pool);
    pthread_barrier_wait(&pool->end);
  }
}

struct reading {
  FILE *file;
};

static enum om_code read_file(void *ctx, uint8_t *out, size_t *n, size_t wanted, struct om_status *st) {
  struct reading *reading = ctx;
  (void)st;
  *n = fread(out, 1, wanted, reading->file);
  return OM_OK;
}

/* Resident memory, with what is mapped of files, bytes. */
static uint64_t resident(void) {
  char line[256];
  unsigned long long kib = 0;
  FILE *file = fopen("/proc/self/status", "r");
  while (file && fgets(line, sizeof line, file))
    if (sscanf(line, "VmRSS: %llu", &kib) == 1) break;
  if (file) fclose(file);
  return kib * 1024;
}

static bool look(void *peak, const char *step, uint64_t done, uint64_t total) {
  uint64_t now = resident();
  (void)step;
  (void)done;
  (void)total;
  if (now > *(uint64_t *)peak) *(uint64_t *)peak = now;
  return true;
}

/* One block is checked by all, while this thread first judges the one before. */
static enum om_code verify_all(struct pool *pool, long cores, uint64_t *peak, struct om_status *st) {
  enum om_code code = OM_OK;
  for (bool before = false, more = true; code == OM_OK && (before || more); before = more) {
    code = om_bundle_next(pool->bundle, &pool->n, st);
    if (code != OM_OK) break;
    more = pool->n > 0;
    atomic_store(&pool->next, 0);
    if (cores > 1) pthread_barrier_wait(&pool->begin);
    if (before) code = om_bundle_apply(pool->bundle, st);
    check_items(pool);
    if (cores > 1) pthread_barrier_wait(&pool->end);
    look(peak, "reading", 0, 0);
  }
  return code;
}

/* Seconds; *SIGNATURES in it, *PEAK bytes of memory. */
static double verify(const struct network *net, const char *path, uint64_t *signatures, uint64_t *peak) {
  struct om_status st = {0};
  struct om_arena arena = {0};
  struct om_verdict *verdict = om_arena_alloc(&arena, sizeof *verdict);
  struct om_bundle_told told;
  struct reading reading = {fopen(path, "rb")};
  struct om_bundle_source source = {.ctx = &reading, .read = read_file};
  struct pool pool = {0};
  pthread_t threads[THREADS_MAX];
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  if (cores > THREADS_MAX) cores = THREADS_MAX;
  char *folder = temp_folder();
  OM_ASSERT(reading.file);
  double begin = now_s();
  must(om_bundle_open(&pool.bundle, &source, folder, net->genesis, net->genesis_len, NULL, &st), &st);
  pthread_barrier_init(&pool.begin, NULL, (unsigned)cores);
  pthread_barrier_init(&pool.end, NULL, (unsigned)cores);
  for (long i = 1; i < cores; i++) OM_ASSERT(pthread_create(&threads[i], NULL, work, &pool) == 0);
  must(verify_all(&pool, cores, peak, &st), &st);
  pool.stop = true;
  if (cores > 1) pthread_barrier_wait(&pool.begin);
  for (long i = 1; i < cores; i++) pthread_join(threads[i], NULL);
  double read_s = now_s() - begin;
  struct om_progress progress = {.told = look, .ctx = peak};
  must(om_bundle_finish(pool.bundle, &arena, verdict, &told, &progress, &st), &st);
  double took = now_s() - begin;
  if (!verdict->verified) fprintf(stderr, "oremark-bench: the bundle is not verified\n"), exit(1);
  *signatures = told.signatures;
  fprintf(stderr, "bundle-verify: %llu records, %.3f s of %.3f for reading\n", (unsigned long long)verdict->records,
          read_s, took);
  om_bundle_close(pool.bundle);
  om_arena_free(&arena);
  fclose(reading.file);
  remove_folder(folder);
  return took;
}

static enum om_code write_file(void *ctx, const uint8_t *bytes, size_t len, struct om_status *st) {
  return fwrite(bytes, 1, len, ctx) == len ? OM_OK : om_fail(st, OM_IO, NULL, "the file can't be written");
}

/* Writes the bundle of LOT to PATH. */
static struct om_bundle_written write_bundle(struct mine *m, const struct lot *lot, const char *path) {
  struct om_status st = {0};
  struct om_txn *txn;
  struct om_bundle_written out;
  struct om_bundle_sink sink = {.ctx = fopen(path, "wb"), .write = write_file};
  OM_ASSERT(sink.ctx);
  must(om_txn_read(&txn, om_ledger_store(m->ledgers[1]), &st), &st);
  double begin = now_s();
  must(om_bundle_write(txn, &out, &m->net.id, lot->number, &sink, NULL, &st), &st);
  fprintf(stderr, "bundle: %llu records written in %.3f s, %llu bytes\n", (unsigned long long)out.records,
          now_s() - begin, (unsigned long long)out.bytes);
  om_txn_abort(txn);
  fclose(sink.ctx);
  return out;
}

static void print_size(const struct om_bundle_written *written) {
  figure_print(&(struct figure){.name = "bundle-size",
                                .value = (double)written->bytes,
                                .unit = "bytes",
                                .bound = 1.25 * (double)written->statement_bytes + 64 * (double)written->records,
                                .bound_is = "1.25 x the statements' bytes and 64 a record",
                                .goal = 1,
                                .less = true});
}

enum { FEW = 1000, MANY = 100000, RUNS = 3, PATH = 4096 };

static void write_both(const char *path) {
  struct mine m;
  open_mine(&m);
  struct lot few = grow(&m, FEW);
  struct om_bundle_written written = write_bundle(&m, &few, path);
  print_size(&written);
  struct lot many = grow(&m, MANY);
  write_bundle(&m, &many, path);
  network_close_ledgers(&m.net, m.folders, m.ledgers);
}

/* In a process of its own: what it leaves in memory is none of who reads the file. */
static void write_apart(const char *path) {
  int status;
  fflush(NULL);
  pid_t child = fork();
  OM_ASSERT(child >= 0);
  if (child == 0) {
    write_both(path);
    fflush(NULL);
    _exit(0);
  }
  OM_ASSERT(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

void bench_bundle(void) {
  struct network net;
  char path[PATH];
  char *folder = temp_folder();
  snprintf(path, sizeof path, "%s/bundle", folder);
  write_apart(path);
  network_open(&net, 2, false);
  malloc_trim(0); /* what other figures have left */
  double bound = bound_verify(), took = 0;
  uint64_t signatures = 0, peak = 0;
  for (int i = 0; i < RUNS; i++) { /* in turns: the machine may slow down or speed up meanwhile */
    took += verify(&net, path, &signatures, &peak);
    bound += bound_verify();
  }
  figure_print(&(struct figure){.name = "bundle-verify",
                                .value = (double)signatures * RUNS / took,
                                .unit = "signatures/s",
                                .bound = bound / (RUNS + 1),
                                .bound_is = "verifications/s, all cores",
                                .goal = 0.9});
  figure_print(&(struct figure){.name = "bundle-memory",
                                .value = (double)peak / (1024 * 1024),
                                .unit = "MiB",
                                .bound = 64,
                                .bound_is = "MiB allowed for 100,000 records",
                                .goal = 1,
                                .less = true});
  network_close(&net);
  remove_folder(folder);
}
