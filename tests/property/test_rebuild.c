/* Rebuilding what follows from logs gives what mirroring the same entries gives, whatever is taken out, and a log that
 * was cut grows again with other entries. */
#include "support/test.h"

#include "ledger/rebuild.h"
#include "support/history.h"
#include "support/seed.h"

enum {
  HISTORIES = 4,
  STEPS = 50,
  TAIL = 8, /* records that no other daemon has when the logs are cut */
  CUTS = 5, /* rebuilds of one history */
};

static struct om_ledger *open_mirror(struct history *h, const char *path) {
  struct om_status st = {0};
  struct om_ledger *mirror;
  assert_ok(om_ledger_open(&mirror, path, UINT64_C(1) << 30, h->net.genesis, h->net.genesis_len, NULL, &st), &st);
  return mirror;
}

/* Takes all that can be had of every log below its limit. */
static void fill(struct history *h, struct om_ledger *mirror, const uint64_t limits[HISTORY_DAEMONS]) {
  for (uint64_t before = UINT64_MAX, held = 0; held != before;) {
    struct om_status st = {0};
    struct om_batch *batch;
    before = held;
    held = 0;
    assert_ok(om_batch_begin(&batch, mirror, &st), &st);
    for (uint32_t log = 0; log < HISTORY_DAEMONS; log++) history_take(h, batch, log, UINT64_MAX / 2, limits[log]);
    assert_ok(om_batch_commit(batch, NULL, &st), &st);
    for (uint32_t log = 0; log < HISTORY_DAEMONS; log++) held += history_size(mirror, log);
  }
}

static void assert_same(struct om_ledger *a, struct om_ledger *b) {
  for (uint32_t log = 0; log < HISTORY_DAEMONS; log++) assert_int_equal(history_size(a, log), history_size(b, log));
  struct om_hash x = history_state(a), y = history_state(b);
  assert_memory_equal(x.bytes, y.bytes, sizeof x.bytes);
}

/* Any logs, cut anywhere. A log that leans on what is gone is cut too: as far as a mirror can't get. */
static void cut_somewhere(struct history *h, uint64_t round) {
  struct om_status st = {0};
  uint64_t limits[HISTORY_DAEMONS];
  struct om_cut cuts[HISTORY_DAEMONS];
  size_t n = 0;
  char *paths[2] = {temp_folder(), temp_folder()};
  struct om_ledger *rebuilt = open_mirror(h, paths[0]), *mirrored = open_mirror(h, paths[1]);
  for (uint32_t log = 0; log < HISTORY_DAEMONS; log++) {
    limits[log] = UINT64_MAX;
    if (round == 0 || test_below(&h->random, 2) == 0) continue;
    uint64_t size = history_size(h->ledgers[log], log);
    limits[log] = (log == OM_LOG_REGISTRY) + test_below(&h->random, size);
    cuts[n++] = (struct om_cut){log, limits[log]};
  }
  const uint64_t all[HISTORY_DAEMONS] = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
  fill(h, rebuilt, all);
  assert_ok(om_ledger_rebuild(rebuilt, cuts, n, &st), &st);
  fill(h, mirrored, limits);
  assert_same(rebuilt, mirrored);
  /* The writer's memory of the logs is new as well: what was cut can be had again. */
  fill(h, rebuilt, all);
  fill(h, mirrored, all);
  assert_same(rebuilt, mirrored);
  om_ledger_close(rebuilt);
  om_ledger_close(mirrored);
  for (int i = 0; i < 2; i++) remove_folder(paths[i]);
}

static void test_as_mirrored_only_so_far(void **state) {
  (void)state;
  uint64_t seed = test_seed();
  for (uint64_t i = 0; i < test_times(HISTORIES); i++) {
    struct history h;
    history_open(&h, seed + i);
    history_live(&h, STEPS);
    for (uint64_t round = 0; round < CUTS; round++) cut_somewhere(&h, round);
    history_close(&h);
  }
}

/* The least that LOG can be cut at so that nothing leans on what is lost: no daemon holds a final head above. */
static uint64_t final_anywhere(struct history *h, uint32_t log) {
  uint64_t out = 0;
  for (uint32_t daemon = 0; daemon < HISTORY_DAEMONS; daemon++) {
    struct om_log_info info = network_info(h->ledgers[daemon], log);
    if (info.final_size > out) out = info.final_size;
  }
  return out;
}

/* Is there anything to be lost? */
static bool ahead(struct history *h) {
  for (uint32_t log = 0; log < HISTORY_DAEMONS; log++)
    if (history_size(h->ledgers[log], log) > final_anywhere(h, log)) return true;
  return false;
}

/* Every home loses what is not final and goes on; a mirror that had taken it is cut there and follows. */
static void lose_and_go_on(struct history *h, struct om_ledger *mirror) {
  struct om_status st = {0};
  struct om_cut cuts[HISTORY_DAEMONS];
  const uint64_t all[HISTORY_DAEMONS] = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
  fill(h, mirror, all);
  for (uint32_t log = 0; log < HISTORY_DAEMONS; log++) cuts[log] = (struct om_cut){log, final_anywhere(h, log)};
  for (uint32_t log = 0; log < HISTORY_DAEMONS; log++)
    assert_ok(om_ledger_rebuild(h->ledgers[log], cuts, HISTORY_DAEMONS, &st), &st);
  assert_ok(om_ledger_rebuild(mirror, cuts, HISTORY_DAEMONS, &st), &st);
  for (uint32_t log = 0; log < HISTORY_DAEMONS; log++) assert_int_equal(history_size(mirror, log), cuts[log].size);
  history_resubmit(h);
  history_live(h, STEPS);
  history_settle(h);
  fill(h, mirror, all);
  assert_same(mirror, h->ledgers[0]);
}

static void test_another_history(void **state) {
  (void)state;
  uint64_t seed = test_seed();
  for (uint64_t i = 0; i < test_times(HISTORIES); i++) {
    struct history h;
    char *path = temp_folder();
    history_open(&h, seed + i);
    history_live(&h, STEPS);
    history_settle(&h);
    for (int more = 0; more < TAIL || !ahead(&h); more++) history_live(&h, 1);
    struct om_ledger *mirror = open_mirror(&h, path);
    lose_and_go_on(&h, mirror);
    om_ledger_close(mirror);
    remove_folder(path);
    history_close(&h);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_as_mirrored_only_so_far),
      cmocka_unit_test(test_another_history),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
