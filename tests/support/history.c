#include "support/history.h"

#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "support/seed.h"

static const int64_t t0 = INT64_C(1710000000000);

static struct om_status submit(struct history *h, uint32_t daemon, const struct record *r) {
  struct om_status st = {0};
  struct om_receipt receipt;
  network_submit(&h->net, daemon, h->ledgers[daemon], &receipt, r->bytes, r->len, h->now_ms, &st);
  return st;
}

void history_settle(struct history *h) {
  struct om_status st = {0};
  assert_ok(network_settle(&h->net, h->ledgers, h->now_ms, &st), &st);
}

void history_open(struct history *h, uint64_t seed) {
  memset(h, 0, sizeof *h);
  h->random = seed;
  h->now_ms = t0;
  network_open(&h->net, HISTORY_DAEMONS, true);
  network_ledgers(&h->net, h->paths, h->ledgers);
  history_settle(h);
  for (uint32_t member = 2; member <= HISTORY_DAEMONS; member++) {
    struct record site = record_site(&h->net, member, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, h->now_ms);
    struct om_status st = submit(h, 0, &site);
    assert_int_equal(st.code, OM_OK);
    free(site.bytes);
  }
  history_settle(h);
}

void history_close(struct history *h) {
  for (size_t i = 0; i < h->n; i++) {
    free(h->stories[i].extracted.bytes);
    free(h->stories[i].shipped.bytes);
  }
  network_close_ledgers(&h->net, h->paths, h->ledgers);
}

/* A member other than MEMBER that may hold lots. */
static uint32_t another(struct history *h, uint32_t member) {
  uint32_t other = 2 + (uint32_t)test_below(&h->random, HISTORY_DAEMONS - 2);
  return other >= member ? other + 1 : other;
}

static void extract(struct history *h) {
  assert_true(h->n < HISTORY_LOTS_MAX);
  struct story *s = &h->stories[h->n++];
  s->holder = 2 + (uint32_t)test_below(&h->random, HISTORY_DAEMONS - 1);
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

void history_live(struct history *h, int steps) {
  for (int i = 0; i < steps; i++) {
    h->now_ms += (int64_t)test_below(&h->random, 1000);
    if (h->n == 0 || test_below(&h->random, 3) == 0)
      extract(h);
    else
      move(h, &h->stories[test_below(&h->random, h->n)]);
    if (test_below(&h->random, 6) == 0) history_settle(h);
  }
}

void history_resubmit(struct history *h) {
  h->now_ms += 1000;
  for (size_t i = 0; i < h->n; i++) {
    const struct story *s = &h->stories[i];
    struct om_status st = submit(h, s->holder - 1, &s->extracted);
    if (st.code == OM_OK && s->consignee != 0) st = submit(h, s->holder - 1, &s->shipped);
    assert_ok(st.code, &st);
  }
}

void history_take(struct history *h, struct om_batch *batch, uint32_t log, uint64_t most, uint64_t limit) {
  struct om_status st = {0};
  struct om_log_info there, here;
  struct om_txn *source;
  assert_ok(om_txn_read(&source, om_ledger_store(h->ledgers[log]), &st), &st);
  assert_ok(om_log_info(source, &there, log, &st), &st);
  assert_ok(om_log_info(om_batch_txn(batch), &here, log, &st), &st);
  for (uint64_t i = here.size; i < there.size && i < here.size + most && i < limit; i++) {
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

uint64_t history_size(struct om_ledger *ledger, uint32_t log) {
  return network_info(ledger, log).size;
}

struct om_hash history_state(struct om_ledger *ledger) {
  struct om_status st = {0};
  struct om_txn *txn;
  struct om_hash out;
  assert_ok(om_txn_read(&txn, om_ledger_store(ledger), &st), &st);
  assert_ok(om_store_state_hash(&out, txn, &st), &st);
  om_txn_abort(txn);
  return out;
}
