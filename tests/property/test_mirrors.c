/* Whoever has applied the same logs holds the same state, in whatever order and in whatever portions they came: random
 * histories of several members and daemons, mirrored into stores of their own in random orders. */
#include "support/test.h"

#include "support/history.h"
#include "support/seed.h"

enum {
  HISTORIES = 6, /* of the whole, each mirrored MIRRORS times */
  STEPS = 60,
  MIRRORS = 4,
};

static bool complete(struct history *h, struct om_ledger *mirror) {
  for (uint32_t log = 0; log < HISTORY_DAEMONS; log++)
    if (history_size(h->ledgers[log], log) != history_size(mirror, log)) return false;
  return true;
}

/* The state of a mirror that took all logs in an order of its own. */
static struct om_hash mirrored(struct history *h) {
  struct om_status st = {0};
  struct om_ledger *mirror;
  char *path = temp_folder();
  assert_ok(om_ledger_open(&mirror, path, UINT64_C(1) << 30, h->net.genesis, h->net.genesis_len, NULL, &st), &st);
  for (int turns = 0; !complete(h, mirror); turns++) {
    struct om_batch *batch;
    assert_true(turns < 100000); /* else it waits for ever */
    assert_ok(om_batch_begin(&batch, mirror, &st), &st);
    history_take(h, batch, (uint32_t)test_below(&h->random, HISTORY_DAEMONS), 1 + test_below(&h->random, 7),
                 UINT64_MAX);
    if (test_below(&h->random, 8) == 0)
      om_batch_abort(batch); /* as when the daemon is killed: it comes again */
    else
      assert_ok(om_batch_commit(batch, NULL, &st), &st);
  }
  struct om_hash out = history_state(mirror);
  om_ledger_close(mirror);
  remove_folder(path);
  return out;
}

static void test_the_same_logs_give_the_same_state(void **state) {
  (void)state;
  uint64_t seed = test_seed();
  for (uint64_t i = 0; i < test_times(HISTORIES); i++) {
    struct history h;
    history_open(&h, seed + i);
    history_live(&h, STEPS);
    history_settle(&h);
    struct om_hash home = history_state(h.ledgers[0]);
    for (int m = 0; m < MIRRORS; m++) {
      struct om_hash other = mirrored(&h);
      assert_memory_equal(home.bytes, other.bytes, sizeof other.bytes);
    }
    history_close(&h);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_same_logs_give_the_same_state)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
