/* One batch, from its beginning to its commit: what was judged and appended, to the own log and to mirrors, in one LMDB
 * transaction. */
#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_state.h"

/* ---- begin, states, end ---- */

enum om_code om_batch_begin(struct om_batch **out, struct om_ledger *ledger, struct om_status *st) {
  struct om_batch *batch = calloc(1, sizeof *batch);
  OM_ASSERT(batch);
  batch->ledger = ledger;
  enum om_code code = om_txn_write(&batch->txn, ledger->store, st);
  if (code != OM_OK) {
    free(batch);
    batch = NULL;
  }
  *out = batch;
  return code;
}

struct om_txn *om_batch_txn(struct om_batch *batch) {
  return batch->txn;
}

static void *grown(void *array, size_t *n, size_t wanted) {
  if (wanted <= *n) return array;
  struct om_log_state **grow = realloc(array, wanted * sizeof *grow);
  OM_ASSERT(grow);
  memset(grow + *n, 0, (wanted - *n) * sizeof *grow);
  *n = wanted;
  return grow;
}

static void copy_state(struct om_log_state *out, const struct om_log_state *state) {
  out->log = state->log;
  out->taken_ms = state->taken_ms;
  out->registry_size = state->registry_size;
  om_edge_copy(&out->edge, &state->edge);
}

enum om_code om_batch_log(struct om_batch *batch, struct om_log_state **out, uint32_t log, struct om_status *st) {
  batch->work = grown(batch->work, &batch->n_work, (size_t)log + 1);
  *out = batch->work[log];
  if (*out) return OM_OK;
  struct om_log_state *state = malloc(sizeof *state);
  OM_ASSERT(state);
  enum om_code code = OM_OK;
  if (log < batch->ledger->n_logs && batch->ledger->logs[log])
    copy_state(state, batch->ledger->logs[log]);
  else
    code = om_log_state_read(batch->txn, state, log, st);
  if (code != OM_OK) {
    free(state);
    return code;
  }
  *out = batch->work[log] = state;
  return OM_OK;
}

static void end(struct om_batch *batch) {
  for (size_t i = 0; i < batch->n_work; i++) free(batch->work[i]);
  free(batch->work);
  om_arena_free(&batch->arena);
  free(batch);
}

void om_batch_abort(struct om_batch *batch) {
  if (!batch) return;
  om_txn_abort(batch->txn);
  end(batch);
}

/* ---- commit ---- */

/* Signs the own log's head where the stored one does not cover the log: after an append, and at the very beginning. */
static enum om_code sign_own(struct om_batch *batch, const struct om_signers_keys *keys, struct om_status *st) {
  uint32_t own = batch->ledger->own_log;
  struct om_log_state *state = own < batch->n_work ? batch->work[own] : NULL;
  struct om_bytes before;
  uint8_t key[OM_HEAD_KEY_BYTES];
  if (own == OM_LOG_NONE) return OM_OK;
  om_head_key(key, own, OM_HEAD_OWN);
  bool has_head = om_txn_get(batch->txn, &before, OM_TABLE_HEADS, key, sizeof key) && before.len > 8;
  if (has_head && (!state || om_get64(before.data) == state->edge.size)) return OM_OK;
  enum om_code code = om_batch_log(batch, &state, own, st);
  return code != OM_OK || state->edge.size == 0 ? code : om_head_sign(batch, state, keys, st);
}

void om_batch_put_logs(struct om_batch *batch) {
  for (size_t i = 0; i < batch->n_work; i++) /* a log that was only looked at has no row before its first entry */
    if (batch->work[i] && batch->work[i]->edge.size > 0) om_log_state_write(batch->txn, batch->work[i]);
}

enum om_code om_batch_commit(struct om_batch *batch, const struct om_signers_keys *keys, struct om_status *st) {
  struct om_ledger *ledger = batch->ledger;
  enum om_code code = OM_OK;
  if (OM_LOG_REGISTRY < batch->n_work && batch->work[OM_LOG_REGISTRY])
    code = om_ledger_find_own(ledger, batch->txn, st);
  if (code == OM_OK && keys) code = sign_own(batch, keys, st);
  if (code != OM_OK) {
    om_batch_abort(batch);
    return code;
  }
  om_batch_put_logs(batch);
  if (OM_LOG_REGISTRY < batch->n_work && batch->work[OM_LOG_REGISTRY])
    batch->lost = batch->lost || om_ended_lost(batch->txn);
  code = om_txn_commit(batch->txn, st);
  if (code == OM_OK) {
    ledger->lost = ledger->lost || batch->lost;
    ledger->logs = grown(ledger->logs, &ledger->n_logs, batch->n_work);
    for (size_t i = 0; i < batch->n_work; i++) {
      if (!batch->work[i]) continue;
      free(ledger->logs[i]);
      ledger->logs[i] = batch->work[i];
      batch->work[i] = NULL;
    }
  }
  end(batch);
  return code;
}
