/* Five daemons, of which 0 and 1 go on, and 2, 3 and 4 are gone: a restart of the network from stated heads. */
#ifndef OREMARK_TESTS_UNIT_LEDGER_RESTARTS_H
#define OREMARK_TESTS_UNIT_LEDGER_RESTARTS_H

#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/accept.h"
#include "ledger/rebuild.h"
#include "ledger/registry.h"
#include "ledger/verify.h"
#include "support/records.h"

enum { DAEMONS = 5, GOVERNOR = 1, MINER = 2, SMELTER = 3, LEFT = 2 };

static const int64_t t0 = INT64_C(1795000000000);
static struct network net;
static char *folders[DAEMONS];
static struct om_ledger *ledgers[DAEMONS], *alive[DAEMONS];
static struct om_status st;

static inline struct om_log_info info(size_t daemon, uint32_t log) {
  return network_info(ledgers[daemon], log);
}

static inline void submit(size_t daemon, struct record record, int64_t at_ms) {
  struct om_receipt receipt;
  assert_ok(network_submit(&net, daemon, ledgers[daemon], &receipt, record.bytes, record.len, at_ms, &st), &st);
  free(record.bytes);
}

static inline struct record copy_of(const struct record *record) {
  struct record out = {malloc(record->len), record->len};
  assert_non_null(out.bytes);
  memcpy(out.bytes, record->bytes, record->len);
  return out;
}

static inline struct record a_lot(int64_t at_ms) {
  return record_extract(&net, MINER, 1, 1, 1000, at_ms);
}

/* All is final everywhere; then daemon 1 has two entries more, of which daemon 0 holds one and has cosigned it. */
static inline int begin(void **state) {
  (void)state;
  om_status_clear(&st);
  network_open(&net, DAEMONS, true);
  network_ledgers(&net, folders, ledgers);
  for (size_t i = 0; i < DAEMONS; i++) alive[i] = i < LEFT ? ledgers[i] : NULL;
  assert_ok(network_settle(&net, ledgers, t0, &st), &st);
  submit(0, record_site(&net, MINER, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0), t0);
  assert_ok(network_settle(&net, ledgers, t0 + 1, &st), &st);
  submit(1, a_lot(t0 + 2), t0 + 2);
  assert_ok(network_settle(&net, ledgers, t0 + 3, &st), &st);
  return 0;
}

static inline int end(void **state) {
  (void)state;
  network_close_ledgers(&net, folders, ledgers);
  return 0;
}

/* ---- restarts ---- */

struct restart {
  Oremark__StatedHead heads[DAEMONS], *list[DAEMONS];
  struct om_hash roots[DAEMONS];
  uint32_t witnesses[LEFT];
  Oremark__WitnessList who;
  Oremark__Restart act;
  struct om_hash *previous; /* act on the witnesses; NULL: none */
};

/* As daemon AS_HELD_BY holds them. */
static inline void state_heads(struct restart *r, size_t as_held_by) {
  *r = (struct restart){.who = OREMARK__WITNESS_LIST__INIT, .act = OREMARK__RESTART__INIT};
  for (uint32_t log = 0; log < DAEMONS; log++) {
    struct om_log_info held = info(as_held_by, log);
    r->heads[log] = (Oremark__StatedHead)OREMARK__STATED_HEAD__INIT;
    r->roots[log] = held.root;
    r->heads[log].log = log;
    r->heads[log].size = held.size;
    r->heads[log].root = (ProtobufCBinaryData){OM_HASH_BYTES, r->roots[log].bytes};
    r->list[log] = &r->heads[log];
  }
  for (uint32_t i = 0; i < LEFT; i++) r->witnesses[i] = i;
  r->who.logs = r->witnesses;
  r->who.n_logs = LEFT;
  r->act.heads = r->list;
  r->act.n_heads = DAEMONS;
  r->act.witnesses = &r->who;
  r->act.reason = (char *)(uintptr_t) "three witnesses burnt down";
}

static inline struct record sign(const struct restart *r, uint32_t signer) {
  Oremark__Event event = OREMARK__EVENT__INIT, *events[] = {&event};
  struct record out;
  event.kind_case = OREMARK__EVENT__KIND_RESTART;
  event.restart = (Oremark__Restart *)(uintptr_t)&r->act;
  if (r->previous) event.previous = (ProtobufCBinaryData){OM_HASH_BYTES, r->previous->bytes};
  out.bytes = network_statement(&net, &out.len, signer, t0 + 100, events, 1, &signer, 1);
  return out;
}

static inline enum om_code accept(size_t daemon, const struct record *restart) {
  struct om_accepted accepted;
  om_status_clear(&st);
  return om_ledger_accept(ledgers[daemon], &accepted, restart->bytes, restart->len, &st);
}

static inline bool restarted(size_t daemon) {
  struct om_txn *txn;
  struct om_restart restart;
  assert_ok(om_txn_read(&txn, om_ledger_store(ledgers[daemon]), &st), &st);
  bool is = om_registry_restart(txn, &restart, OM_REGISTRY_NOW);
  om_txn_abort(txn);
  if (is) assert_string_equal(restart.reason, "three witnesses burnt down");
  return is;
}

static inline struct om_hash state_hash(size_t daemon) {
  struct om_txn *txn;
  struct om_hash out;
  assert_ok(om_txn_read(&txn, om_ledger_store(ledgers[daemon]), &st), &st);
  assert_ok(om_store_state_hash(&out, txn, &st), &st);
  om_txn_abort(txn);
  return out;
}

/* How much of LOG is wanted at DAEMON; *ANY: something is, before an act can be accepted. */
static inline uint64_t wanted(size_t daemon, uint32_t log, bool *any) {
  struct om_txn *txn;
  assert_ok(om_txn_read(&txn, om_ledger_store(ledgers[daemon]), &st), &st);
  uint64_t size = om_wanted_size(txn, log);
  *any = om_wanted(txn);
  om_txn_abort(txn);
  return size;
}

#endif
