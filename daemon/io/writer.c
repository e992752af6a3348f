#include "daemon/io/writer.h"

#include <stdlib.h>

#include "daemon/io/batch.h"
#include "daemon/io/checkers.h"
#include "daemon/io/turns.h"

struct om_writer {
  struct om_writer_hooks hooks;
  struct om_queue queue;
  struct om_batches batches; /* the writer thread's */
  struct om_checkers *checkers;
  uv_thread_t thread;
  uv_async_t wake;
  /* Under the queue's lock: from the thread to the loop. */
  struct om_job_list done;
  bool committed, failed, ended;
  bool ready; /* and from the loop to the thread */
  struct om_job *accepts;
  uint32_t own_log;
  struct om_status failure;
  /* The loop's. */
  size_t load_items, load_bytes;
  bool told_failed, told_ended;
};

/* Gives finished jobs to the loop. */
static void post(struct om_writer *writer, bool committed) {
  struct om_job_list list = {0};
  for (enum om_job_class class = 0; class < OM_CLASSES; class ++)
    for (struct om_job *job; (job = om_queue_finished(&writer->queue, class)) != NULL;) om_job_list_push(&list, job);
  if (list.first == NULL && !committed) return;
  uv_mutex_lock(&writer->queue.lock);
  for (struct om_job *job; (job = om_job_list_pop(&list)) != NULL;) om_job_list_push(&writer->done, job);
  writer->committed |= committed;
  writer->own_log = om_ledger_own_log(writer->batches.ledger);
  uv_mutex_unlock(&writer->queue.lock);
  uv_async_send(&writer->wake);
}

static void fail(struct om_writer *writer, const struct om_status *why) {
  uv_mutex_lock(&writer->queue.lock);
  writer->failed = true;
  writer->failure = *why;
  uv_mutex_unlock(&writer->queue.lock);
  uv_async_send(&writer->wake);
}

/* What the operator accepts by hand is taken in between two batches. */
static void take_by_hand(struct om_writer *writer, struct om_job *job, bool *committed, struct om_status *why) {
  if (why->code != OM_OK)
    om_job_item_note(&job->items[0], why);
  else if (om_batches_accept(&writer->batches, job, committed, why) != OM_OK)
    fail(writer, why);
  uv_mutex_lock(&writer->queue.lock);
  om_job_list_push(&writer->done, job);
  uv_mutex_unlock(&writer->queue.lock);
  uv_async_send(&writer->wake);
}

static void run(void *arg) {
  struct om_writer *writer = arg;
  struct om_status why;
  struct om_slice little;
  bool bulk = true;
  om_status_clear(&why);
  while (om_queue_wait(&writer->queue, &little)) {
    bool committed = false;
    if (little.job != NULL) {
      om_checkers_check(writer->checkers, &little);
      continue;
    }
    uv_mutex_lock(&writer->queue.lock);
    writer->batches.ready = writer->ready;
    struct om_job *accepts = writer->accepts;
    writer->accepts = NULL;
    uv_mutex_unlock(&writer->queue.lock);
    if (accepts != NULL) take_by_hand(writer, accepts, &committed, &why);
    bool accepted = committed;
    om_turns(&bulk, om_queue_bulk(&writer->queue));
    if (why.code != OM_OK)
      om_batches_refuse(&writer->batches, &why);
    else if (om_batches_run(&writer->batches, &committed, &why) != OM_OK)
      fail(writer, &why);
    else
      om_status_clear(&why); /* a refusal told to its client is no failure of the store */
    post(writer, committed || accepted);
  }
  uv_mutex_lock(&writer->queue.lock);
  writer->ended = true;
  uv_mutex_unlock(&writer->queue.lock);
  uv_async_send(&writer->wake);
}

static void hand_over(struct om_writer *writer, struct om_job_list *done) {
  for (struct om_job *job; (job = om_job_list_pop(done)) != NULL;) {
    writer->load_items -= job->load_items;
    writer->load_bytes -= job->load_bytes;
    writer->hooks.done(writer->hooks.ctx, job);
  }
}

static void on_wake(uv_async_t *wake) {
  struct om_writer *writer = wake->data;
  uv_mutex_lock(&writer->queue.lock);
  struct om_job_list done = writer->done;
  bool committed = writer->committed, failed = writer->failed && !writer->told_failed,
       ended = writer->ended && !writer->told_ended;
  writer->done = (struct om_job_list){0};
  writer->committed = false;
  uv_mutex_unlock(&writer->queue.lock);
  if (committed) writer->hooks.committed(writer->hooks.ctx);
  hand_over(writer, &done);
  writer->hooks.settled(writer->hooks.ctx);
  if (failed) {
    writer->told_failed = true;
    writer->hooks.failed(writer->hooks.ctx, &writer->failure);
  }
  if (ended) {
    writer->told_ended = true;
    writer->hooks.stopped(writer->hooks.ctx);
  }
}

static enum om_code start(struct om_writer *writer, uv_loop_t *loop, size_t threads, struct om_status *st) {
  struct om_door door = {writer->hooks.ctx, writer->hooks.door};
  if (om_checkers_start(&writer->checkers, &writer->queue, writer->batches.ledger, &door, threads, st) != OM_OK)
    return st->code;
  int rc = uv_async_init(loop, &writer->wake, on_wake);
  if (rc == 0) {
    writer->wake.data = writer;
    rc = uv_thread_create(&writer->thread, run, writer);
    if (rc == 0) return OM_OK;
    om_panic(__FILE__, __LINE__,
             "the system gives no thread to the writer"); /* the handle could only be closed by a turn of the loop */
  }
  om_checkers_stop(writer->checkers);
  return om_fail(st, OM_IO, NULL, "can't start the writer: %s", uv_strerror(rc));
}

enum om_code om_writer_open(struct om_writer **out, uv_loop_t *loop, struct om_ledger *ledger,
                            const struct om_signers_keys *keys, size_t threads, const struct om_writer_hooks *hooks,
                            struct om_status *st) {
  struct om_writer *writer = calloc(1, sizeof *writer);
  if (writer == NULL) return om_fail(st, OM_IO, NULL, "no memory for the writer");
  writer->hooks = *hooks;
  if (om_queue_init(&writer->queue, st) != OM_OK) {
    free(writer);
    return st->code;
  }
  writer->own_log = om_ledger_own_log(ledger);
  writer->batches = (struct om_batches){.queue = &writer->queue, .ledger = ledger, .keys = keys};
  if (start(writer, loop, threads, st) != OM_OK) {
    om_queue_end(&writer->queue);
    free(writer);
    return st->code;
  }
  *out = writer;
  return OM_OK;
}

void om_writer_ready(struct om_writer *writer) {
  uv_mutex_lock(&writer->queue.lock);
  writer->ready = true;
  uv_mutex_unlock(&writer->queue.lock);
  om_queue_nudge(&writer->queue); /* whether the own log is to follow the registry, or has no head yet */
}

void om_writer_add(struct om_writer *writer, struct om_job *job) {
  writer->load_items += job->load_items;
  writer->load_bytes += job->load_bytes;
  om_queue_add(&writer->queue, job);
}

bool om_writer_accept(struct om_writer *writer, struct om_job *job) {
  uv_mutex_lock(&writer->queue.lock);
  bool free_now = writer->accepts == NULL && !writer->queue.stopping;
  if (free_now) writer->accepts = job;
  uv_mutex_unlock(&writer->queue.lock);
  if (!free_now) return false;
  writer->load_items += job->load_items;
  writer->load_bytes += job->load_bytes;
  om_queue_nudge(&writer->queue);
  return true;
}

void om_writer_add_all(struct om_writer *writer, struct om_job_list *list) {
  for (const struct om_job *job = list->first; job != NULL; job = job->next) {
    writer->load_items += job->load_items;
    writer->load_bytes += job->load_bytes;
  }
  om_queue_add_all(&writer->queue, list);
}

bool om_writer_has_room(const struct om_writer *writer) {
  return writer->load_items < OM_WRITER_ITEMS_MAX && writer->load_bytes < OM_WRITER_BYTES_MAX;
}

uint32_t om_writer_own_log(struct om_writer *writer) {
  uv_mutex_lock(&writer->queue.lock);
  uint32_t own = writer->own_log;
  uv_mutex_unlock(&writer->queue.lock);
  return own;
}

void om_writer_stop(struct om_writer *writer) {
  om_queue_stop(&writer->queue);
}

static void on_closed(uv_handle_t *handle) {
  struct om_writer *writer = handle->data;
  om_queue_end(&writer->queue);
  free(writer);
}

void om_writer_close(struct om_writer *writer) {
  uv_thread_join(&writer->thread);
  om_checkers_stop(writer->checkers);
  uv_close((uv_handle_t *)&writer->wake, on_closed);
}
