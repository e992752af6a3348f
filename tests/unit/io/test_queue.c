/* The writer's queue: votes behind the entries that they are on, and what waits how long. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/io/queue.h"

enum { LOG = 3, OTHER = 4, ENTRIES = 40 /* two slices */ };

static struct om_queue queue;

static void begin(void) {
  struct om_status st;
  assert_int_equal(om_queue_init(&queue, &st), OM_OK);
}

static struct om_job *sized_job(enum om_action_kind kind, uint32_t log, size_t n, size_t bytes) {
  static const uint8_t zeros[OM_ENTRY_MAX_BYTES] = {0};
  struct om_action action = {.kind = kind, .log = log, .n = n};
  action.entries = calloc(n > 0 ? n : 1, sizeof *action.entries);
  assert_non_null(action.entries);
  for (size_t i = 0; i < n; i++) action.entries[i] = (struct om_span){zeros, bytes};
  return om_job_action(&action);
}

static struct om_job *job_of(enum om_action_kind kind, uint32_t log, size_t n) {
  return sized_job(kind, log, n, 1);
}

static void end_job(struct om_job *job) {
  om_action_free(&job->action);
  om_job_free(job);
}

/* As the pool does. */
static void check_all(void) {
  struct om_slice slice;
  while (queue.unchecked[OM_CLASS_MIRRORED].first != NULL) {
    assert_true(om_queue_claim(&queue, &slice));
    om_queue_checked(&queue, &slice);
  }
}

static struct om_job *taken(enum om_job_class class, size_t max) {
  struct om_slice slice;
  return om_queue_take(&queue, class, &slice, max) ? slice.job : NULL;
}

/* As the writer does after a batch. */
static void end_finished(void) {
  for (enum om_job_class class = 0; class < OM_CLASSES; class ++)
    for (struct om_job *job; (job = om_queue_finished(&queue, class)) != NULL;) end_job(job);
}

static void finish(void) {
  end_finished();
  for (enum om_job_class class = 0; class < OM_CLASSES; class ++) assert_null(queue.classes[class].first);
  om_queue_end(&queue);
}

/* Not before the last entry has been through the writer, and then in the same batch. */
static void a_vote_follows_the_last_entry(void **state) {
  (void)state;
  begin();
  struct om_job *entries = job_of(OM_ACTION_APPLY, LOG, ENTRIES), *vote = job_of(OM_ACTION_COSIGN, LOG, 0);
  struct om_job_list both = {0};
  om_job_list_push(&both, entries);
  om_job_list_push(&both, vote);
  om_queue_add_all(&queue, &both);
  assert_null(both.first);
  check_all();
  assert_null(taken(OM_CLASS_HEADS, 1));
  assert_ptr_equal(taken(OM_CLASS_MIRRORED, ENTRIES - 1), entries);
  assert_null(taken(OM_CLASS_VOTES, 1));
  assert_ptr_equal(taken(OM_CLASS_MIRRORED, ENTRIES), entries);
  assert_ptr_equal(taken(OM_CLASS_VOTES, 1), vote);
  finish();
}

/* Entries that are given up bring nothing more: the ledger says what the vote lacks. */
static void a_vote_outlives_its_entries(void **state) {
  (void)state;
  begin();
  struct om_job *entries = job_of(OM_ACTION_APPLY, LOG, ENTRIES), *vote = job_of(OM_ACTION_COSIGN, LOG, 0);
  om_queue_add(&queue, entries);
  om_queue_add(&queue, vote);
  check_all();
  assert_ptr_equal(taken(OM_CLASS_MIRRORED, 1), entries);
  om_queue_give_up(&queue, entries);
  assert_ptr_equal(taken(OM_CLASS_VOTES, 1), vote);
  finish();
}

static void a_vote_on_what_is_held_is_a_head(void **state) {
  (void)state;
  begin();
  struct om_job *other = job_of(OM_ACTION_APPLY, OTHER, 1), *entries = job_of(OM_ACTION_APPLY, LOG, 1);
  struct om_job *vote = job_of(OM_ACTION_COSIGN, LOG, 0);
  om_queue_add(&queue, other);
  om_queue_add(&queue, entries);
  check_all();
  assert_ptr_equal(taken(OM_CLASS_MIRRORED, 1), other);
  assert_ptr_equal(taken(OM_CLASS_MIRRORED, 1), entries); /* in the batch that is being written */
  om_queue_add(&queue, vote);
  assert_ptr_equal(taken(OM_CLASS_HEADS, 1), vote);
  finish();
}

/* Entries are bulk work until a vote follows them. */
static void who_waits_for_entries(void **state) {
  (void)state;
  struct om_slice slice;
  begin();
  om_queue_add(&queue, job_of(OM_ACTION_APPLY, LOG, ENTRIES));
  assert_true(om_queue_claim(&queue, &slice) && slice.bulk);
  assert_false(om_queue_bulk(&queue)); /* nothing is ready */
  om_queue_checked(&queue, &slice);
  assert_true(om_queue_bulk(&queue));
  om_queue_add(&queue, job_of(OM_ACTION_COSIGN, LOG, 0));
  assert_false(om_queue_bulk(&queue));
  assert_true(om_queue_claim(&queue, &slice) && !slice.bulk);
  om_queue_checked(&queue, &slice);
  taken(OM_CLASS_MIRRORED, ENTRIES);
  taken(OM_CLASS_VOTES, 1);
  end_finished();
  om_queue_add(&queue, job_of(OM_ACTION_APPLY, OTHER, 1));
  check_all();
  assert_true(om_queue_bulk(&queue));
  om_queue_add(&queue, job_of(OM_ACTION_COSIGN, LOG, 0));
  assert_false(om_queue_bulk(&queue)); /* a head goes first */
  taken(OM_CLASS_HEADS, 1);
  taken(OM_CLASS_MIRRORED, 1);
  end_finished();
  struct om_job *submission = om_job_submit(NULL);
  assert_true(om_job_add(submission, 1, (const uint8_t *)"x", 1));
  om_queue_add(&queue, submission);
  assert_true(om_queue_claim(&queue, &slice) && !slice.bulk);
  om_queue_checked(&queue, &slice);
  assert_false(om_queue_bulk(&queue));
  taken(OM_CLASS_SUBMISSIONS, 1);
  finish();
}

/* Others' final heads go when their time has come, and hold nothing up before. */
static void finals_wait(void **state) {
  (void)state;
  begin();
  struct om_job *patient = job_of(OM_ACTION_FINAL, LOG, 0), *own = job_of(OM_ACTION_FINAL, OTHER, 0);
  patient->patient = true;
  om_queue_add(&queue, patient);
  uint64_t since = uv_hrtime();
  om_queue_add(&queue, own);
  if (uv_hrtime() - since < 5000000) assert_null(taken(OM_CLASS_FINALS, 1)); /* a busy machine may sleep here */
  assert_ptr_equal(taken(OM_CLASS_HEADS, 1), own);
  end_job(om_queue_finished(&queue, OM_CLASS_HEADS));
  assert_true(om_queue_wait(&queue, NULL));
  assert_true(uv_hrtime() - since >= 5000000);
  assert_ptr_equal(taken(OM_CLASS_FINALS, 1), patient);
  finish();
}

static void finals_do_not_wait_at_a_stop(void **state) {
  (void)state;
  begin();
  struct om_job *patient = job_of(OM_ACTION_FINAL, LOG, 0);
  patient->patient = true;
  om_queue_add(&queue, patient);
  om_queue_stop(&queue);
  assert_true(om_queue_wait(&queue, NULL));
  assert_ptr_equal(taken(OM_CLASS_FINALS, 1), patient);
  finish();
}

/* ---- a writer that checks ---- */

struct writer {
  uv_thread_t thread;
  struct om_slice little;
  bool go;
};

static void wait_once(void *arg) {
  struct writer *writer = arg;
  writer->go = om_queue_wait(&queue, &writer->little);
}

/* A writer that sleeps. */
static void begin_writer(struct writer *writer) {
  bool idle = false;
  assert_int_equal(uv_thread_create(&writer->thread, wait_once, writer), 0);
  while (!idle) {
    uv_mutex_lock(&queue.lock);
    idle = queue.idle;
    uv_mutex_unlock(&queue.lock);
  }
}

static void one_entry_is_checked_by_an_idle_writer(void **state) {
  (void)state;
  struct writer writer = {.go = false};
  begin();
  begin_writer(&writer);
  struct om_job *entry = job_of(OM_ACTION_APPLY, LOG, 1);
  om_queue_add(&queue, entry);
  uv_thread_join(&writer.thread);
  assert_true(writer.go);
  assert_ptr_equal(writer.little.job, entry);
  assert_int_equal(writer.little.upto, 1);
  om_queue_checked(&queue, &writer.little);
  struct om_slice again;
  assert_true(om_queue_wait(&queue, &again));
  assert_null(again.job); /* now it is to be written */
  assert_ptr_equal(taken(OM_CLASS_MIRRORED, 1), entry);
  finish();
}

/* The pool has not been woken for any of them, and nothing else may ever come. */
static void an_idle_writer_checks_every_slice_that_it_was_given(void **state) {
  (void)state;
  struct writer writer = {.go = false};
  begin();
  begin_writer(&writer);
  struct om_job *entries = sized_job(OM_ACTION_APPLY, LOG, 3, OM_ENTRY_MAX_BYTES);
  om_queue_add(&queue, entries);
  uv_thread_join(&writer.thread);
  assert_ptr_equal(writer.little.job, entries);
  assert_int_equal(writer.little.upto, 2); /* as many as fit one slice */
  om_queue_checked(&queue, &writer.little);
  assert_int_equal(om_queue_take(&queue, OM_CLASS_MIRRORED, &writer.little, 2), true);
  assert_true(queue.given); /* else the next wait would have no end */
  assert_true(om_queue_wait(&queue, &writer.little));
  assert_ptr_equal(writer.little.job, entries);
  assert_int_equal(writer.little.from, 2);
  om_queue_checked(&queue, &writer.little);
  assert_false(queue.given);
  assert_ptr_equal(taken(OM_CLASS_MIRRORED, 1), entries);
  finish();
}

static void many_entries_are_the_pools(void **state) {
  (void)state;
  struct writer writer = {.go = false};
  begin();
  begin_writer(&writer);
  struct om_job *entries = job_of(OM_ACTION_APPLY, LOG, ENTRIES);
  om_queue_add(&queue, entries);
  uv_mutex_lock(&queue.lock);
  assert_false(queue.given);
  uv_mutex_unlock(&queue.lock);
  check_all();
  uv_thread_join(&writer.thread);
  assert_true(writer.go);
  assert_null(writer.little.job);
  assert_ptr_equal(taken(OM_CLASS_MIRRORED, ENTRIES), entries);
  finish();
}

/* Nothing is left lying if the pool takes what was the writer's. */
static void the_pool_may_be_quicker(void **state) {
  (void)state;
  struct writer writer = {.go = false};
  begin();
  begin_writer(&writer);
  struct om_job_list both = {0};
  om_job_list_push(&both, job_of(OM_ACTION_APPLY, LOG, 1));
  om_job_list_push(&both, job_of(OM_ACTION_APPLY, OTHER, 1));
  om_queue_add_all(&queue, &both);
  struct om_slice slice;
  while (om_queue_claim_now(&queue, &slice)) om_queue_checked(&queue, &slice);
  uv_thread_join(&writer.thread);
  assert_true(writer.go);
  if (writer.little.job != NULL) om_queue_checked(&queue, &writer.little);
  assert_non_null(taken(OM_CLASS_MIRRORED, 1));
  assert_non_null(taken(OM_CLASS_MIRRORED, 1));
  finish();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_vote_follows_the_last_entry),
      cmocka_unit_test(a_vote_outlives_its_entries),
      cmocka_unit_test(a_vote_on_what_is_held_is_a_head),
      cmocka_unit_test(who_waits_for_entries),
      cmocka_unit_test(finals_wait),
      cmocka_unit_test(finals_do_not_wait_at_a_stop),
      cmocka_unit_test(one_entry_is_checked_by_an_idle_writer),
      cmocka_unit_test(an_idle_writer_checks_every_slice_that_it_was_given),
      cmocka_unit_test(many_entries_are_the_pools),
      cmocka_unit_test(the_pool_may_be_quicker),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
