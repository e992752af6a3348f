#include "daemon/io/batch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/io/logline.h"
#include "daemon/io/wall.h"
#include "keys/hex.h"
#include "ledger/rebuild.h"
#include "ledger/seal.h"

enum {
  PARTS_MAX = 1024,            /* pieces of jobs in one batch: heads and short submissions are one each */
  SUBMISSIONS_MAX = 2048,      /* statements under one flush */
  DRAINED_MAX = 128,           /* queued statements under one flush: their signatures are checked here, 10 ms of them */
  MIRRORED_STEP = 32,          /* entries between two looks at the clock */
  MIRRORED_SHORT_NS = 4000000, /* a slice of mirrored entries while something more urgent waits: 4 ms */
  MIRRORED_LONG_NS = 100000000, /* and while nothing does: so that a flush serves many entries */
};

struct run {
  struct om_batches *all;
  struct om_batch *batch;
  struct om_slice parts[PARTS_MAX];
  size_t n;
  bool heads; /* some were written: what leaned on them may be final now */
};

/* Whether CODE speaks of the store and not of what was brought: then nothing of the batch can be kept. */
static bool store_failed(const struct run *run, enum om_code code) {
  struct om_status st;
  switch (code) {
    case OM_IO:
    case OM_FULL:
    case OM_BUSY: return om_txn_check(om_batch_txn(run->batch), &st) != OM_OK;
    case OM_CORRUPT: return true;
    case OM_OK:
    case OM_NO:
    case OM_USAGE:
    case OM_MALFORMED:
    case OM_REFUSED:
    case OM_MISSING:
    case OM_WAIT: return false;
  }
  return true;
}

static struct om_slice *take(struct run *run, enum om_job_class class, size_t max) {
  if (run->n == PARTS_MAX) return NULL;
  struct om_slice *part = &run->parts[run->n];
  if (!om_queue_take(run->all->queue, class, part, max)) return NULL;
  run->n++;
  return part;
}

static enum om_code write_evidence(struct run *run, struct om_job *job) {
  job->number = OM_EVIDENCE_NONE;
  if (job->action.len == 0) return om_batch_evidence_again(run->batch, job->log, &job->status);
  if (job->action.met) return om_batch_met(run->batch, job->log, job->action.bytes, job->action.len, &job->status);
  return om_batch_evidence(run->batch, &job->number, &job->news, job->log, job->action.bytes, job->action.len,
                           &job->status);
}

static enum om_code write_head(struct run *run, struct om_job *job, struct om_status *st) {
  const uint8_t *note = job->action.bytes;
  size_t len = job->action.len;
  bool newer; /* what is new in the ledger shows after the flush */
  om_status_clear(&job->status);
  if (job->kind == OM_JOB_COSIGN)
    job->code = om_batch_cosign(run->batch, job->line, job->log, note, len, (uint64_t)(om_wall_ms() / 1000),
                                run->all->keys, &job->status);
  else if (job->kind == OM_JOB_START)
    job->code = om_batch_start(run->batch, job->log, job->action.bytes, &job->status);
  else if (job->kind == OM_JOB_EVIDENCE)
    job->code = write_evidence(run, job);
  else
    job->code = om_batch_final(run->batch, &newer, job->log, note, len, &job->status);
  if (!store_failed(run, job->code)) return OM_OK;
  *st = job->status;
  return st->code;
}

/* CLASS: heads, others' final heads, or votes that follow what the batch has mirrored. */
static enum om_code write_heads(struct run *run, enum om_job_class class, struct om_status *st) {
  const struct om_slice *part;
  while ((part = take(run, class, 1)) != NULL) {
    run->heads = true;
    if (write_head(run, part->job, st) != OM_OK) return st->code;
  }
  return OM_OK;
}

static void tell_refused(void *ctx, const uint8_t id[OM_QUEUED_ID_BYTES], const struct om_status *why) {
  char hex[OM_HEX_BYTES(OM_QUEUED_ID_BYTES)];
  (void)ctx;
  om_log(OM_LOG_WARNING, "queued-refused", "statement=%.16s code=%s rule=%s why=\"%s\"",
         om_hex(hex, id, OM_QUEUED_ID_BYTES), om_code_name(why->code), why->rule, why->text);
}

/* Whether there is a log to drain the queue into. */
static bool drains(const struct om_batches *all) {
  return all->ready && om_ledger_own_log(all->ledger) != OM_LOG_NONE;
}

/* Goes on with what was queued while this daemon was not ready; and again from the beginning when what has to wait
 * there may do now. */
static enum om_code drain(struct run *run, struct om_status *st) {
  struct om_batches *all = run->all;
  if (!drains(all)) return OM_OK;
  if (all->drain.done && run->heads) all->drain = (struct om_drain){0};
  if (all->drain.done) return OM_OK;
  all->drain.refused = tell_refused;
  enum om_code code = om_batch_drain(run->batch, &all->drain, DRAINED_MAX, om_wall_ms(), st);
  if (code != OM_OK && store_failed(run, code)) return code;
  if (code != OM_OK) all->drain.done = true; /* the clock: as for whoever submits now */
  if (all->drain.done) all->drained = true;
  return OM_OK;
}

/* A witness that is not ready may have lost what it has cosigned, and not know it yet. */
static enum om_code write_seal(struct run *run, struct om_job_item *item, struct om_status *st) {
  struct om_arena arena = {0};
  struct om_bytes seal;
  enum om_code code = run->all->ready ? om_batch_seal(run->batch, &arena, &seal, &item->again, item->checked,
                                                      om_wall_ms(), run->all->keys, st)
                                      : om_fail(st, OM_WAIT, "not-ready",
                                                "this daemon still asks its witnesses: try again in a "
                                                "moment");
  if (code == OM_OK) {
    item->seal = malloc(seal.len);
    OM_ASSERT(item->seal != NULL);
    memcpy(item->seal, seal.data, seal.len);
    item->seal_len = seal.len;
  }
  om_arena_free(&arena);
  if (store_failed(run, code)) return code;
  om_job_item_note(item, st);
  return OM_OK;
}

/* What is refused leaves the marks that it asked for in the own log: the operator can see whose statements make it
 * grow. */
static void tell_marks(const struct om_checked *checked, enum om_code code, const struct om_status *why) {
  if (code != OM_REFUSED || checked->marks == 0) return;
  om_log(OM_LOG_WARNING, "refused-after-marks", "member=%" PRIu32 " marks=%" PRIu32 " rule=%s why=\"%s\"",
         checked->statement->member, checked->marks, why->rule, why->text);
}

static enum om_code write_statement(struct run *run, struct om_job_item *item, struct om_status *st) {
  if (item->checked == NULL) return OM_OK; /* its why is the answer */
  om_status_clear(st);
  if (item->seals) return write_seal(run, item, st);
  bool queues = !run->all->ready && om_ledger_own_log(run->all->ledger) != OM_LOG_NONE;
  enum om_code code = queues ? om_batch_queue(run->batch, &item->receipt, item->checked, om_wall_ms(), st)
                             : om_batch_resubmit(run->batch, &item->receipt, item->checked, om_wall_ms(), st);
  if (store_failed(run, code)) return code;
  tell_marks(item->checked, code, st);
  om_job_item_note(item, st);
  return OM_OK;
}

static enum om_code write_submissions(struct run *run, struct om_status *st) {
  size_t left = SUBMISSIONS_MAX;
  const struct om_slice *part;
  if (drains(run->all) && !run->all->drained) return OM_OK; /* they may lean on what stands in front of them */
  while (left > 0 && (part = take(run, OM_CLASS_SUBMISSIONS, left)) != NULL) {
    left -= part->upto - part->from;
    for (size_t i = part->from; i < part->upto; i++)
      if (write_statement(run, &part->job->items[i], st) != OM_OK) return st->code;
  }
  return OM_OK;
}

/* Ends JOB here: nothing of it is taken from its place SIZE on. */
static void end_mirror(struct run *run, struct om_job *job, enum om_code code, const struct om_status *why) {
  job->code = code;
  job->status = *why;
  om_queue_give_up(run->all->queue, job);
}

/* Keeps entry I of JOB, at which the log stops, with what came behind it, and evidence that the log has signed it,
 * where its head can be shown to cover it. */
static enum om_code keep_stop(struct run *run, struct om_job *job, size_t i, const struct om_status *why,
                              struct om_status *st) {
  const struct om_job_item *item = &job->items[i];
  const struct om_proven *proven = job->action.proven;
  uint64_t index = job->action.start + i;
  enum om_code code = OM_OK;
  if (item->checked == NULL)
    code = om_batch_stop_log(run->batch, job->log, index, item->bytes.data, item->bytes.len, why, st);
  if (code == OM_OK)
    code = om_batch_behind_stop(run->batch, job->log, index, proven->entries + i + 1, proven->n - i - 1, st);
  if (code != OM_OK || proven->len == 0) return code;
  code = om_batch_prove_stop(run->batch, job->log, proven->note, proven->len, st);
  return code == OM_NO ? OM_OK : code;
}

/* An entry that breaks the format or a rule, and that the log has signed: it stops the log. */
static enum om_code bad_entry(struct run *run, struct om_job *job, size_t i, const struct om_status *why,
                              struct om_status *st) {
  bool own = job->log == om_ledger_own_log(run->all->ledger);
  enum om_code code = own ? OM_OK : keep_stop(run, job, i, why, st);
  if (store_failed(run, code)) return code;
  end_mirror(run, job, why->code, why);
  return OM_OK;
}

/* *WENT_ON whether the next entry may follow. */
static enum om_code write_entry(struct run *run, struct om_job *job, size_t i, bool *went_on, struct om_status *st) {
  struct om_job_item *item = &job->items[i];
  struct om_status why;
  enum om_code code;
  *went_on = false;
  om_status_clear(&why);
  if (item->checked == NULL) {
    why = *item->why;
    code = why.code;
  } else {
    bool own = job->log == om_ledger_own_log(run->all->ledger);
    uint64_t index = job->action.start + i;
    code = own ? om_batch_refill(run->batch, index, item->checked, &why)
               : om_batch_mirror(run->batch, job->log, index, item->checked, &why);
  }
  if (store_failed(run, code)) {
    *st = why;
    return code;
  }
  if (code == OM_MALFORMED || code == OM_REFUSED) return bad_entry(run, job, i, &why, st);
  if (code != OM_OK) {
    end_mirror(run, job, code, &why);
    return OM_OK;
  }
  job->size = job->action.start + i + 1;
  *went_on = true;
  return OM_OK;
}

/* Whether what the parts before PART have left of the log is not what is held there now. */
static enum om_code look_behind(struct run *run, bool *other, const struct om_slice *part, struct om_status *st) {
  struct om_hash root;
  const struct om_job *job = part->job;
  *other = false;
  if (part->from == 0) return OM_OK;
  enum om_code code = om_batch_root(run->batch, &root, job->log, job->action.start + part->from, st);
  *other = code == OM_OK && !om_hash_equal(&root, &job->root);
  return code;
}

/* Ends PART's job if the log does not stand where its entries go on: then the node gives out others. */
static enum om_code check_place(struct run *run, const struct om_slice *part, struct om_status *st) {
  struct om_log_info info;
  struct om_job *job = part->job;
  uint64_t place = job->action.start + part->from;
  bool other;
  if (om_log_info(om_batch_txn(run->batch), &info, job->log, st) != OM_OK) return st->code;
  if (look_behind(run, &other, part, st) != OM_OK) return st->code;
  bool stopped = info.stopped && !info.yields;
  if (info.size == place && !stopped && !other) return OM_OK;
  job->size = info.size;
  job->cut = other || info.size < place; /* the node was told of an earlier outcome after the log was cut */
  if (stopped)
    om_fail(st, OM_REFUSED, NULL, "log %u is stopped: %s", job->log, info.stopped_why);
  else
    om_status_clear(st);
  end_mirror(run, job, st->code, st);
  return OM_OK;
}

/* Ends JOB if its entries are not those that the log has signed. Once for each: what was proven of all of them holds
 * for its later parts. */
static enum om_code check_proof(struct run *run, struct om_job *job, struct om_status *st) {
  enum om_code code = om_batch_proven(run->batch, job->log, job->action.proven, st);
  if (code == OM_OK) return OM_OK;
  if (store_failed(run, code)) return code;
  end_mirror(run, job, code, st);
  return OM_OK;
}

static enum om_code write_entries(struct run *run, const struct om_slice *part, struct om_status *st) {
  struct om_job *job = part->job;
  const struct om_proven *proven = job->action.proven;
  bool went_on = true;
  for (size_t i = part->from; i < part->upto && went_on; i++)
    if (write_entry(run, job, i, &went_on, st) != OM_OK) return st->code;
  if (proven->len > 0) om_batch_keep_head(run->batch, job->log, proven->size, proven->note, proven->len);
  return om_batch_root(run->batch, &job->root, job->log, UINT64_MAX, st);
}

/* Between two batches anything may happen to the log, by the operator's hand too. Within one, its size is not known to
 * the transaction before the end, but the part before has left it where this one begins, or has ended the job. */
static enum om_code write_part(struct run *run, const struct om_slice *part, struct om_status *st) {
  bool goes_on = part > run->parts && part[-1].job == part->job;
  if (!goes_on && check_place(run, part, st) != OM_OK) return st->code;
  if (part->from == 0 && !part->job->ended && check_proof(run, part->job, st) != OM_OK) return st->code;
  return part->job->ended ? OM_OK : write_entries(run, part, st);
}

static enum om_code write_mirrored(struct run *run, struct om_status *st) {
  struct om_queue *queue = run->all->queue;
  uint64_t begun = om_steady_ns();
  for (;;) {
    uint64_t spent = om_steady_ns() - begun;
    if (spent > MIRRORED_LONG_NS || (spent > MIRRORED_SHORT_NS && om_queue_urgent(queue))) return OM_OK;
    const struct om_slice *part = take(run, OM_CLASS_MIRRORED, MIRRORED_STEP);
    if (part == NULL) break;
    if (write_part(run, part, st) != OM_OK) return st->code;
  }
  return OM_OK;
}

/* Looks whether the registry log's final head has grown, in the batch, so that it sees what the batch itself has
 * written. */
static enum om_code follow_registry(struct run *run, struct om_status *st) {
  struct om_log_info info;
  struct om_batches *all = run->all;
  if (om_log_info(om_batch_txn(run->batch), &info, OM_LOG_REGISTRY, st) != OM_OK) return st->code;
  if (!all->ready || (all->followed && info.head_size <= all->registry_final)) return OM_OK;
  bool marked;
  enum om_code code = om_batch_follow_registry(run->batch, &marked, om_wall_ms(), st);
  if (code != OM_OK)
    return store_failed(run, code) ? code : OM_OK; /* a clock that is wrong: tried again with the next batch */
  /* It may wait for a log that has ended: then with every batch. */
  uint32_t own = om_ledger_own_log(all->ledger);
  uint64_t follows =
      own == OM_LOG_NONE ? info.head_size : om_log_mark(om_batch_txn(run->batch), own, OM_LOG_REGISTRY, UINT64_MAX);
  all->followed = marked || own == OM_LOG_REGISTRY || follows >= info.head_size;
  all->registry_final = info.head_size;
  return OM_OK;
}

/* A head that is newly final may be the one that ends a change of witnesses. */
static enum om_code settle_witnesses(struct run *run, struct om_status *st) {
  struct om_log_info info;
  struct om_batches *all = run->all;
  uint32_t own = om_ledger_own_log(all->ledger);
  if (own == OM_LOG_NONE || !all->ready) return OM_OK;
  if (om_log_info(om_batch_txn(run->batch), &info, own, st) != OM_OK) return st->code;
  if (info.head_size == all->own_final) return OM_OK;
  bool marked;
  enum om_code code = om_batch_settle_witnesses(run->batch, &marked, om_wall_ms(), st);
  if (code != OM_OK) return store_failed(run, code) ? code : OM_OK; /* tried again with the next batch */
  all->own_final = info.head_size;
  return OM_OK;
}

static enum om_code write_all(struct run *run, struct om_status *st) {
  if (write_heads(run, OM_CLASS_HEADS, st) != OM_OK) return st->code;
  if (write_heads(run, OM_CLASS_FINALS, st) != OM_OK) return st->code;
  if (follow_registry(run, st) != OM_OK) return st->code;
  if (settle_witnesses(run, st) != OM_OK) return st->code;
  if (drain(run, st) != OM_OK) return st->code;
  if (write_submissions(run, st) != OM_OK) return st->code;
  if (write_mirrored(run, st) != OM_OK) return st->code;
  om_batch_put_logs(run->batch); /* a vote is judged as it would be after the commit */
  return write_heads(run, OM_CLASS_VOTES, st);
}

/* Nothing of the batch was kept: every piece that went into it is answered with ST, as CODE. */
static void undo(struct run *run, enum om_code code, const struct om_status *st) {
  for (size_t p = 0; p < run->n; p++) {
    struct om_job *job = run->parts[p].job;
    struct om_status why = *st;
    why.code = code;
    job->code = code;
    job->status = why;
    for (size_t i = run->parts[p].from; i < run->parts[p].upto; i++) om_job_item_note(&job->items[i], &why);
    if (job->kind != OM_JOB_MIRROR) continue;
    if (job->size > job->action.start + run->parts[p].from) job->size = job->action.start + run->parts[p].from;
    om_queue_give_up(run->all->queue, job);
  }
}

static enum om_code finish(struct run *run, bool *committed, enum om_code code, struct om_status *st) {
  if (code == OM_OK) {
    code = om_batch_commit(run->batch, run->all->ready ? run->all->keys : NULL, st);
    *committed = *committed || code == OM_OK;
  } else {
    om_batch_abort(run->batch);
  }
  if (code == OM_OK) return OM_OK;
  run->all->followed = false; /* what was marked is gone with the batch */
  run->all->own_final = 0;
  run->all->drain = (struct om_drain){0};
  undo(run, code, st);
  /* What this daemon has to write itself leaves no room: others don't wait behind it for ever. */
  if (code == OM_FULL && run->n == 0) om_batches_refuse(run->all, st);
  return code == OM_FULL ? OM_OK : code;
}

static uint64_t size_of(void *ctx, uint32_t log) {
  struct om_log_info info;
  struct om_status st;
  return om_log_info(ctx, &info, log, &st) == OM_OK ? info.size : 0; /* the registry that named it is cut */
}

/* After entries were taken out: what was remembered of sizes is not so any more. */
static enum om_code after_cut(struct om_batches *batches, struct om_status *st) {
  struct om_txn *txn;
  if (om_txn_read(&txn, om_ledger_store(batches->ledger), st) != OM_OK) return st->code;
  om_queue_cut(batches->queue, size_of, txn);
  om_txn_abort(txn);
  batches->followed = false;
  batches->own_final = 0;
  return OM_OK;
}

enum om_code om_batches_accept(struct om_batches *batches, struct om_job *job, bool *committed, struct om_status *st) {
  struct om_job_item *item = &job->items[0];
  om_status_clear(st);
  enum om_code code = om_ledger_accept(batches->ledger, &job->accepted, item->bytes.data, item->bytes.len, st);
  if (code == OM_CORRUPT) return code;
  if (code != OM_OK) om_job_item_note(item, st); /* whole or not at all: the store is as it was */
  om_status_clear(st);
  *committed = code == OM_OK || code == OM_MISSING; /* what is wanted may have been noted */
  if (code != OM_OK || job->accepted.again) return OM_OK;
  /* What is on its way may be of the registry log as it went on without the act: as long, and other entries. */
  om_queue_replaced(batches->queue, OM_LOG_REGISTRY, job->accepted.index, job->accepted.index + 1);
  return after_cut(batches, st);
}

static enum om_code mend(struct om_batches *batches, bool *committed, struct om_status *st) {
  if (!om_ledger_lost(batches->ledger) || batches->no_room) return OM_OK;
  om_log(
      OM_LOG_WARNING, "history-lost", "detail=\"%s\"",
      "entries are held here that are not, or may not be, what a quorum signs; the tables are made anew without them");
  enum om_code code = om_ledger_mend(batches->ledger, st);
  batches->no_room = code == OM_FULL;
  if (batches->no_room) {
    om_log(OM_LOG_ERROR, "rebuild-failed", "why=\"%s\"", st->text);
    return OM_OK;
  }
  if (code == OM_OK) code = after_cut(batches, st);
  if (code != OM_OK) return code;
  om_log_event(OM_LOG_INFO, "rebuilt");
  *committed = true;
  return OM_OK;
}

static enum om_code run_batch(struct om_batches *batches, bool *committed, struct om_status *st) {
  struct run run = {.all = batches};
  enum om_code code = om_batch_begin(&run.batch, batches->ledger, st);
  if (code != OM_OK) return code;
  code = finish(&run, committed, write_all(&run, st), st);
  /* Where a batch is dropped nothing else may follow, and what was in it is out of the way. One that came to nothing by
   * itself is not tried again at once. */
  bool goes_on = code == OM_OK && (*committed || run.n > 0);
  if (goes_on && drains(batches) && !batches->drain.done) om_queue_nudge(batches->queue);
  return code;
}

enum om_code om_batches_run(struct om_batches *batches, bool *committed, struct om_status *st) {
  *committed = false;
  /* Before, for what an earlier run of the daemon has left; after, for what this batch has found. */
  enum om_code code = mend(batches, committed, st);
  if (code == OM_OK) code = run_batch(batches, committed, st);
  return code == OM_OK ? mend(batches, committed, st) : code;
}

void om_batches_refuse(struct om_batches *batches, const struct om_status *why) {
  struct run run = {.all = batches};
  for (enum om_job_class class = 0; class < OM_CLASSES; class ++)
    while (take(&run, class, SIZE_MAX) != NULL) {
      undo(&run, why->code, why);
      run.n = 0;
    }
}
