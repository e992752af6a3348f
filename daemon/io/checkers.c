#include "daemon/io/checkers.h"

#include <stdlib.h>

#include "daemon/io/turns.h"

struct om_checkers {
  struct om_queue *queue;
  struct om_store *store;
  const struct om_hash *network;
  struct om_door door;
  size_t n;
  uv_thread_t threads[OM_CHECKERS_MAX];
};

static enum om_code check_submission(const struct om_checkers *checkers, struct om_txn *txn, struct om_arena *arena,
                                     struct om_job_item *item, struct om_status *st) {
  const uint8_t *bytes = item->bytes.data;
  if (om_check_statement(&item->checked, arena, checkers->network, txn, bytes, item->bytes.len, st) != OM_OK)
    return st->code;
  if (checkers->door.judge == NULL) return OM_OK;
  enum om_code code = checkers->door.judge(checkers->door.ctx, item->checked, st);
  if (code != OM_OK) item->checked = NULL;
  return code;
}

static void check_item(const struct om_checkers *checkers, struct om_txn *txn, struct om_arena *arena,
                       enum om_job_kind kind, struct om_job_item *item) {
  if (item->why != NULL) return; /* refused at the door */
  struct om_status st;
  om_status_clear(&st);
  enum om_code code;
  if (kind == OM_JOB_SUBMIT)
    code = check_submission(checkers, txn, arena, item, &st);
  else
    code = om_check_entry(&item->checked, arena, checkers->network, txn, item->bytes.data, item->bytes.len, &st);
  if (code == OM_OK) return;
  om_job_item_note(item, &st);
}

static void check_slice(const struct om_checkers *checkers, struct om_slice *slice) {
  slice->memory = calloc(1, sizeof *slice->memory);
  OM_ASSERT(slice->memory != NULL);
  struct om_status st;
  struct om_txn *txn = NULL;
  om_status_clear(&st);
  enum om_code code = om_txn_read(&txn, checkers->store, &st);
  for (size_t i = slice->from; i < slice->upto; i++) {
    if (code == OM_OK)
      check_item(checkers, txn, &slice->memory->arena, slice->job->kind, &slice->job->items[i]);
    else
      om_job_item_note(&slice->job->items[i], &st);
  }
  if (code == OM_OK) om_txn_abort(txn);
}

void om_checkers_check(const struct om_checkers *checkers, struct om_slice *slice) {
  if (!om_queue_unwanted(checkers->queue, slice)) check_slice(checkers, slice);
  om_queue_checked(checkers->queue, slice);
}

static void run(void *arg) {
  struct om_checkers *checkers = arg;
  struct om_slice slice;
  bool bulk = true;
  while (om_queue_claim(checkers->queue, &slice)) {
    om_turns(&bulk, slice.bulk);
    om_checkers_check(checkers, &slice);
  }
}

void om_checkers_work(struct om_queue *queue, const struct om_ledger *ledger) {
  struct om_checkers here = {.queue = queue, .store = om_ledger_store(ledger), .network = om_ledger_network(ledger)};
  struct om_slice slice;
  while (om_queue_claim_now(queue, &slice)) om_checkers_check(&here, &slice);
}

enum om_code om_checkers_start(struct om_checkers **out, struct om_queue *queue, const struct om_ledger *ledger,
                               const struct om_door *door, size_t n, struct om_status *st) {
  OM_ASSERT(n >= 1 && n <= OM_CHECKERS_MAX);
  struct om_checkers *checkers = calloc(1, sizeof *checkers);
  if (checkers == NULL) return om_fail(st, OM_IO, NULL, "no memory for the checking threads");
  checkers->queue = queue;
  checkers->store = om_ledger_store(ledger);
  checkers->network = om_ledger_network(ledger);
  checkers->door = *door;
  for (; checkers->n < n; checkers->n++) {
    int rc = uv_thread_create(&checkers->threads[checkers->n], run, checkers);
    if (rc == 0) continue;
    om_fail(st, OM_IO, NULL, "can't start checking thread %zu of %zu: %s", checkers->n + 1, n, uv_strerror(rc));
    om_checkers_stop(checkers);
    return st->code;
  }
  *out = checkers;
  return OM_OK;
}

void om_checkers_stop(struct om_checkers *checkers) {
  if (checkers == NULL) return;
  om_queue_stop_pool(checkers->queue);
  for (size_t i = 0; i < checkers->n; i++) uv_thread_join(&checkers->threads[i]);
  free(checkers);
}
