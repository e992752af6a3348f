#include "ledger/rebuild.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_state.h"
#include "ledger/times.h"

struct replayed {
  uint64_t held; /* entries before */
  uint64_t end;  /* entries to be taken again; those from here on are cut */
  bool cut;      /* the caller said so */
};

struct rebuild {
  struct om_txn *old; /* the store as it was */
  struct om_batch *batch;
  struct om_arena arena;
  struct replayed *logs;
  uint32_t n_logs;
};

/* ---- before ---- */

static enum om_code look(struct rebuild *r, const struct om_cut *cuts, size_t n, struct om_status *st) {
  r->n_logs = om_log_count(r->old);
  r->logs = calloc((size_t)r->n_logs + 1, sizeof *r->logs);
  OM_ASSERT(r->logs);
  for (uint32_t log = 0; log < r->n_logs; log++) {
    struct om_log_info info;
    enum om_code code = om_log_info(r->old, &info, log, st);
    if (code != OM_OK) return code;
    r->logs[log].held = r->logs[log].end = info.size;
  }
  for (size_t i = 0; i < n; i++) {
    OM_ASSERT(cuts[i].log < r->n_logs && (cuts[i].log != OM_LOG_REGISTRY || cuts[i].size > 0)); /* the genesis stays */
    struct replayed *log = &r->logs[cuts[i].log];
    log->cut = true;
    if (cuts[i].size < log->end) log->end = cuts[i].size;
  }
  return OM_OK;
}

static enum om_code begin_anew(struct rebuild *r, struct om_status *st) {
  struct om_bytes genesis;
  struct om_txn *txn = r->batch->txn;
  for (int i = 0; i < OM_TABLES; i++)
    if (om_table_follows((enum om_table)i)) om_txn_empty(txn, (enum om_table)i);
  if (!om_txn_get(r->old, &genesis, OM_TABLE_META, OM_META_GENESIS, sizeof OM_META_GENESIS - 1)) {
    enum om_code code = om_txn_check(r->old, st);
    return code != OM_OK ? code : om_fail(st, OM_CORRUPT, NULL, "the store does not hold its genesis");
  }
  return om_ledger_begin(txn, genesis.data, genesis.len, st);
}

/* ---- replay ---- */

static enum om_code stored(struct rebuild *r, struct om_bytes *entry, uint32_t log, uint64_t index,
                           struct om_status *st) {
  enum om_code code = om_log_entry(r->old, entry, log, index, st);
  return code == OM_MISSING ? st->code = OM_CORRUPT : code;
}

/* Takes what it can of LOG, until it waits for another; from an entry that is no longer valid on, the log is cut too.
 */
static enum om_code replay(struct rebuild *r, bool *moved, uint32_t log, struct om_status *st) {
  struct om_log_state *state;
  struct om_checked *checked;
  struct om_bytes entry;
  enum om_code code = om_batch_log(r->batch, &state, log, st);
  while (code == OM_OK && state->edge.size < r->logs[log].end) {
    uint64_t index = state->edge.size;
    om_arena_reset(&r->arena);
    om_status_clear(st);
    code = stored(r, &entry, log, index, st);
    if (code == OM_OK)
      code = om_check_entry(&checked, &r->arena, &r->batch->ledger->network, r->batch->txn, entry.data, entry.len, st);
    if (code == OM_OK) code = om_batch_take(r->batch, log, index, checked, st);
    if (code == OM_REFUSED || code == OM_MALFORMED) r->logs[log].end = index;
    *moved = *moved || code == OM_OK;
  }
  return code == OM_WAIT || code == OM_REFUSED || code == OM_MALFORMED ? om_txn_check(r->batch->txn, st) : code;
}

/* Round robin until nothing moves. A log that still waits then waits for what was cut. */
static enum om_code replay_all(struct rebuild *r, struct om_status *st) {
  enum om_code code = OM_OK;
  for (bool moved = true; moved && code == OM_OK;) {
    moved = false;
    for (uint32_t log = 0; log < r->n_logs && code == OM_OK; log++) code = replay(r, &moved, log, st);
  }
  for (uint32_t log = 0; log < r->n_logs && code == OM_OK; log++) {
    struct om_log_state *state;
    code = om_batch_log(r->batch, &state, log, st);
    if (code == OM_OK) r->logs[log].end = state->edge.size;
  }
  return code;
}

/* ---- what was cut ---- */

static enum om_code keep_entries(struct rebuild *r, uint32_t log, struct om_status *st) {
  for (uint64_t index = r->logs[log].end; index < r->logs[log].held; index++) {
    struct om_bytes entry;
    enum om_code code = stored(r, &entry, log, index, st);
    if (code != OM_OK) return code;
    om_cut_keep(r->batch->txn, log, index, entry.data, entry.len);
  }
  return OM_OK;
}

static void drop_head(struct rebuild *r, uint32_t log, enum om_head_kind kind) {
  uint8_t key[OM_HEAD_KEY_BYTES];
  struct om_bytes row;
  om_head_key(key, log, kind);
  if (om_txn_get(r->batch->txn, &row, OM_TABLE_HEADS, key, sizeof key) && row.len > 8 &&
      om_get64(row.data) > r->logs[log].end)
    om_txn_del(r->batch->txn, OM_TABLE_HEADS, key, sizeof key);
}

/* Nothing final is lost: where it went only because it leans on what was cut, it is fetched again up to that head. */
static void await_final(struct rebuild *r, uint32_t log) {
  uint8_t key[OM_HEAD_KEY_BYTES];
  struct om_bytes row;
  om_head_key(key, log, OM_HEAD_FINAL);
  if (om_txn_get(r->old, &row, OM_TABLE_HEADS, key, sizeof key) && row.len > 16 &&
      om_get64(row.data) > r->logs[log].end)
    om_lost_await(r->batch->txn, log, r->logs[log].end, row.data + 16, row.len - 16);
}

/* Its size alone does not tell: it may have grown again before anybody looks. */
static void note_cut(struct rebuild *r, uint32_t log) {
  uint8_t key[OM_HEAD_KEY_BYTES], row[16];
  struct om_bytes before;
  om_head_key(key, log, OM_HEAD_CUT);
  bool again = om_txn_get(r->batch->txn, &before, OM_TABLE_HEADS, key, sizeof key) && before.len == sizeof row;
  om_be64(row, again ? om_get64(before.data) + 1 : 1);
  om_be64(row + 8, r->logs[log].end);
  om_txn_put(r->batch->txn, OM_TABLE_HEADS, key, sizeof key, row, sizeof row);
}

static enum om_code cut_all(struct rebuild *r, struct om_status *st) {
  for (uint32_t log = 0; log < r->n_logs; log++) {
    struct replayed *l = &r->logs[log];
    if (!l->cut && l->end == l->held) continue;
    enum om_code code = keep_entries(r, log, st);
    if (code != OM_OK) return code;
    note_cut(r, log);
    /* The entry that the log was stopped at stood above the cut: another will stand there. */
    om_stop_lift(r->batch->txn, log, l->end);
    om_stop_cut(r->batch->txn, log);
    om_lost_cut(r->batch->txn, log, l->end);
    om_ended_was_cut(r->batch->txn, log);
    drop_head(r, log, OM_HEAD_OWN);
    drop_head(r, log, OM_HEAD_PROVEN);
    if (!l->cut) await_final(r, log);
    drop_head(r, log, OM_HEAD_FINAL);
    om_times_cut(r->batch->txn, log, l->end);
  }
  enum om_code code = om_txn_check(r->old, st);
  return code == OM_OK ? om_txn_check(r->batch->txn, st) : code;
}

/* ---- all of it ---- */

/* Ends the batch. */
static enum om_code write_anew(struct rebuild *r, const struct om_cut *cuts, size_t n, om_rebuild_then *then, void *ctx,
                               struct om_status *st) {
  enum om_code code = look(r, cuts, n, st);
  if (code == OM_OK) code = begin_anew(r, st);
  if (code == OM_OK) code = replay_all(r, st);
  if (code == OM_OK) code = cut_all(r, st);
  if (code == OM_OK && then) code = then(ctx, r->batch, st);
  if (code == OM_OK) {
    om_status_clear(st);
    return om_batch_commit(r->batch, NULL, st);
  }
  om_batch_abort(r->batch);
  return code;
}

enum om_code om_ledger_rebuild(struct om_ledger *ledger, const struct om_cut *cuts, size_t n, struct om_status *st) {
  return om_ledger_rebuild_then(ledger, cuts, n, NULL, NULL, st);
}

enum om_code om_ledger_rebuild_then(struct om_ledger *ledger, const struct om_cut *cuts, size_t n,
                                    om_rebuild_then *then, void *ctx, struct om_status *st) {
  struct rebuild r = {0};
  struct om_ledger before = *ledger;
  enum om_code code = om_txn_read(&r.old, ledger->store, st);
  if (code == OM_OK) code = om_batch_begin(&r.batch, ledger, st);
  if (code == OM_OK) {
    /* What the writer remembers of the logs, and which is the own one, follows from entries too. */
    ledger->logs = NULL;
    ledger->n_logs = 0;
    ledger->own_log = OM_LOG_NONE;
    code = write_anew(&r, cuts, n, then, ctx, st);
    if (code != OM_OK) {
      ledger->logs = before.logs;
      ledger->n_logs = before.n_logs;
      ledger->own_log = before.own_log;
    } else {
      for (size_t i = 0; i < before.n_logs; i++) free(before.logs[i]);
      free(before.logs);
    }
  }
  om_txn_abort(r.old);
  om_arena_free(&r.arena);
  free(r.logs);
  return code;
}
