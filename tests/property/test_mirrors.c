/* Whoever has applied the same logs holds the same state, in whatever order and in whatever portions they came: random
 * histories of several members and daemons, mirrored into stores of their own in random orders. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "support/network.h"
#include "support/records.h"
#include "support/seed.h"

enum {
  DAEMONS = 5,
  HISTORIES = 6, /* of the whole, each mirrored MIRRORS times */
  STEPS = 60,
  MIRRORS = 4,
};

static const int64_t t0 = INT64_C(1710000000000);

#define assert_ok(call, st)                                                      \
  do {                                                                           \
    if ((call) != OM_OK) fail_msg("%s: [%s] %s", #call, (st)->rule, (st)->text); \
  } while (0)

/* A lot of the history: extracted, perhaps on its way, perhaps arrived. */
struct story {
  struct record extracted, shipped;
  uint32_t holder, consignee; /* members; consignee 0: not shipped */
};

struct history {
  struct network net;
  char *paths[DAEMONS];
  struct om_ledger *ledgers[DAEMONS];
  struct story stories[STEPS];
  size_t n;
  int64_t now_ms;
  uint64_t random;
};

static struct om_status submit(struct history *h, uint32_t daemon, const struct record *r) {
  struct om_status st = {0};
  struct om_receipt receipt;
  network_submit(&h->net, daemon, h->ledgers[daemon], &receipt, r->bytes, r->len, h->now_ms, &st);
  return st;
}

static void settle(struct history *h) {
  struct om_status st = {0};
  assert_ok(network_settle(&h->net, h->ledgers, h->now_ms, &st), &st);
}

static void open_history(struct history *h, uint64_t seed) {
  memset(h, 0, sizeof *h);
  h->random = seed;
  h->now_ms = t0;
  network_open(&h->net, DAEMONS, true);
  for (size_t i = 0; i < DAEMONS; i++) {
    h->paths[i] = temp_folder();
    h->ledgers[i] = network_ledger(&h->net, i, h->paths[i]);
  }
  settle(h);
  for (uint32_t member = 2; member <= DAEMONS; member++) {
    struct record site = record_site(&h->net, member, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, h->now_ms);
    struct om_status st = submit(h, 0, &site);
    assert_int_equal(st.code, OM_OK);
    free(site.bytes);
  }
  settle(h);
}

static void close_history(struct history *h) {
  for (size_t i = 0; i < h->n; i++) {
    free(h->stories[i].extracted.bytes);
    free(h->stories[i].shipped.bytes);
  }
  for (size_t i = 0; i < DAEMONS; i++) {
    om_ledger_close(h->ledgers[i]);
    remove_folder(h->paths[i]);
  }
  network_close(&h->net);
}

/* A member other than MEMBER that may hold lots. */
static uint32_t another(struct history *h, uint32_t member) {
  uint32_t other = 2 + (uint32_t)test_below(&h->random, DAEMONS - 2);
  return other >= member ? other + 1 : other;
}

static void extract(struct history *h) {
  struct story *s = &h->stories[h->n++];
  s->holder = 2 + (uint32_t)test_below(&h->random, DAEMONS - 1);
  s->extracted = record_extract(&h->net, s->holder, 1, 1 + test_below(&h->random, 3),
                                1000 + test_below(&h->random, 1000000), h->now_ms);
  struct om_status st = submit(h, s->holder - 1, &s->extracted);
  assert_int_equal(st.code, OM_OK);
}

/* Ships what is held, or receives what is on its way: a receipt of what is not final yet is told to wait. */
static void move(struct history *h, struct story *s) {
  if (s->consignee == 0) {
    s->consignee = another(h, s->holder);
    s->shipped = record_ship(&h->net, s->holder, &s->extracted, s->consignee, h->now_ms);
    struct om_status st = submit(h, s->holder - 1, &s->shipped);
    assert_int_equal(st.code, OM_OK);
    return;
  }
  struct record received = record_receive(&h->net, s->consignee, 1, &s->extracted, &s->shipped, h->now_ms);
  struct om_status st = submit(h, s->consignee - 1, &received);
  /* It has not arrived here at all, or only the extraction has, or it was received before. */
  if (st.code != OM_OK && st.code != OM_WAIT)
    assert_true(strcmp(st.rule, "lot") == 0 || strcmp(st.rule, "chain") == 0 || strcmp(st.rule, "pen") == 0);
  free(received.bytes);
}

static void live(struct history *h) {
  for (int i = 0; i < STEPS; i++) {
    h->now_ms += (int64_t)test_below(&h->random, 1000);
    if (h->n == 0 || test_below(&h->random, 3) == 0)
      extract(h);
    else
      move(h, &h->stories[test_below(&h->random, h->n)]);
    if (test_below(&h->random, 6) == 0) settle(h);
  }
  settle(h);
}

/* Takes up to MOST entries more of LOG from its home into a mirror, within BATCH. */
static void take_some(struct history *h, struct om_batch *batch, uint32_t log, uint64_t most) {
  struct om_status st = {0};
  struct om_log_info there, here;
  struct om_txn *source;
  assert_ok(om_txn_read(&source, om_ledger_store(h->ledgers[log]), &st), &st);
  assert_ok(om_log_info(source, &there, log, &st), &st);
  assert_ok(om_log_info(om_batch_txn(batch), &here, log, &st), &st);
  for (uint64_t i = here.size; i < there.size && i < here.size + most; i++) {
    struct om_arena arena = {0};
    struct om_bytes entry;
    struct om_checked *checked;
    assert_ok(om_log_entry(source, &entry, log, i, &st), &st);
    assert_ok(om_check_entry(&checked, &arena, &h->net.id, om_batch_txn(batch), entry.data, entry.len, &st), &st);
    enum om_code code = om_batch_mirror(batch, log, i, checked, &st);
    om_arena_free(&arena);
    if (code == OM_WAIT) break;
    assert_ok(code, &st);
  }
  om_txn_abort(source);
}

static bool complete(struct history *h, struct om_ledger *mirror) {
  struct om_status st = {0};
  struct om_txn *there, *here;
  bool all = true;
  assert_ok(om_txn_read(&here, om_ledger_store(mirror), &st), &st);
  for (uint32_t log = 0; log < DAEMONS; log++) {
    struct om_log_info a, b;
    assert_ok(om_txn_read(&there, om_ledger_store(h->ledgers[log]), &st), &st);
    assert_ok(om_log_info(there, &a, log, &st), &st);
    assert_ok(om_log_info(here, &b, log, &st), &st);
    all = all && a.size == b.size;
    om_txn_abort(there);
  }
  om_txn_abort(here);
  return all;
}

static struct om_hash state_of(struct om_ledger *ledger) {
  struct om_status st = {0};
  struct om_txn *txn;
  struct om_hash out;
  assert_ok(om_txn_read(&txn, om_ledger_store(ledger), &st), &st);
  assert_ok(om_store_state_hash(&out, txn, &st), &st);
  om_txn_abort(txn);
  return out;
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
    take_some(h, batch, (uint32_t)test_below(&h->random, DAEMONS), 1 + test_below(&h->random, 7));
    if (test_below(&h->random, 8) == 0)
      om_batch_abort(batch); /* as when the daemon is killed: it comes again */
    else
      assert_ok(om_batch_commit(batch, NULL, &st), &st);
  }
  struct om_hash out = state_of(mirror);
  om_ledger_close(mirror);
  remove_folder(path);
  return out;
}

static void test_the_same_logs_give_the_same_state(void **state) {
  (void)state;
  uint64_t seed = test_seed();
  for (uint64_t i = 0; i < test_times(HISTORIES); i++) {
    struct history h;
    open_history(&h, seed + i);
    live(&h);
    struct om_hash home = state_of(h.ledgers[0]);
    for (int m = 0; m < MIRRORS; m++) {
      struct om_hash other = mirrored(&h);
      assert_memory_equal(home.bytes, other.bytes, sizeof other.bytes);
    }
    close_history(&h);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_same_logs_give_the_same_state)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
