#include "daemon/io/queue.h"

#include <string.h>

enum {
  GATHER_ITEMS = 512,        /* enough for one flush: waiting for more would gain nothing */
  GATHER_SUBMISSIONS_MS = 3, /* waited for more submissions that are being checked: about one flush of a good disk */
  GATHER_MIRRORED_MS = 15,   /* for more entries: nobody waits for one of them alone */
  GATHER_FINALS_MS = 10,     /* for a newer final head of another log: checking one costs as much as many entries */
  LITTLE_ITEMS = 4,          /* that a writer with nothing to do checks itself: a third of a ms of signatures, and a
                                thread less to wake */
  MIRRORED_TURN = 4,         /* every fourth slice is an entry's if any waits: a busy daemon still follows the others */
};

void om_job_list_push(struct om_job_list *list, struct om_job *job) {
  job->next = NULL;
  if (list->last == NULL)
    list->first = job;
  else
    list->last->next = job;
  list->last = job;
}

struct om_job *om_job_list_pop(struct om_job_list *list) {
  struct om_job *job = list->first;
  if (job == NULL) return NULL;
  list->first = job->next;
  if (list->first == NULL) list->last = NULL;
  job->next = NULL;
  return job;
}

static void push_unchecked(struct om_job_list *list, struct om_job *job) {
  job->next_check = NULL;
  if (list->last == NULL)
    list->first = job;
  else
    list->last->next_check = job;
  list->last = job;
}

static void pop_unchecked(struct om_job_list *list) {
  list->first = list->first->next_check;
  if (list->first == NULL) list->last = NULL;
}

enum om_code om_queue_init(struct om_queue *queue, struct om_status *st) {
  memset(queue, 0, sizeof *queue);
  if (uv_mutex_init(&queue->lock) != 0) return om_fail(st, OM_IO, NULL, "can't make a lock");
  if (uv_cond_init(&queue->to_write) != 0) {
    uv_mutex_destroy(&queue->lock);
    return om_fail(st, OM_IO, NULL, "can't make a condition variable");
  }
  if (uv_cond_init(&queue->to_check) != 0) {
    uv_cond_destroy(&queue->to_write);
    uv_mutex_destroy(&queue->lock);
    return om_fail(st, OM_IO, NULL, "can't make a condition variable");
  }
  return OM_OK;
}

void om_queue_end(struct om_queue *queue) {
  uv_cond_destroy(&queue->to_check);
  uv_cond_destroy(&queue->to_write);
  uv_mutex_destroy(&queue->lock);
}

/* Ends a stretch under the lock, and wakes who is to be woken after it: under it they would only wait for the lock. */
static void leave(struct om_queue *queue) {
  bool write = queue->wake_writer, all = queue->wake_all;
  unsigned some = queue->wake_some;
  queue->wake_writer = queue->wake_all = false;
  queue->wake_some = 0;
  uv_mutex_unlock(&queue->lock);
  if (write) uv_cond_signal(&queue->to_write);
  if (all) uv_cond_broadcast(&queue->to_check);
  for (; !all && some > 0; some--) uv_cond_signal(&queue->to_check);
}

/* The MIRROR job that brings LOG's next entries, if the writer has not been through it yet. */
static struct om_job *coming(const struct om_queue *queue, uint32_t log) {
  for (struct om_job *job = queue->classes[OM_CLASS_MIRRORED].first; job != NULL; job = job->next)
    if (job->log == log && !job->ended && job->taken < job->n) return job;
  return NULL;
}

/* JOB brings no more entries: who waits to vote on them may try. */
static void release_vote(struct om_queue *queue, struct om_job *job) {
  if (job->vote == NULL) return;
  om_job_list_push(&queue->classes[OM_CLASS_VOTES], job->vote);
  job->vote = NULL;
  queue->wake_writer = true;
}

static bool follows_entries(const struct om_queue *queue, struct om_job *job) {
  struct om_job *entries = job->kind == OM_JOB_COSIGN ? coming(queue, job->log) : NULL;
  if (entries == NULL || entries->vote != NULL) return false;
  entries->vote = job;
  return true;
}

static bool nothing_unchecked(const struct om_queue *queue) {
  return queue->unchecked[OM_CLASS_SUBMISSIONS].first == NULL && queue->unchecked[OM_CLASS_MIRRORED].first == NULL;
}

/* Wakes who is to check JOB. */
static void wake_for(struct om_queue *queue, const struct om_job *job, bool alone) {
  if (queue->idle && alone && job->n <= LITTLE_ITEMS) {
    queue->idle = false;
    queue->given = true;
    queue->wake_writer = true;
  } else if (job->n > OM_JOB_SLICE_ITEMS) {
    queue->wake_all = true;
  } else {
    queue->wake_some++;
  }
}

static void add(struct om_queue *queue, struct om_job *job) {
  enum om_job_class class = om_job_class(job);
  OM_ASSERT(!queue->stopping);
  if (follows_entries(queue, job)) {
    queue->wake_writer = true; /* somebody waits for those entries now */
    return;
  }
  if (class == OM_CLASS_FINALS && queue->classes[class].first == NULL) queue->finals_ns = uv_hrtime();
  om_job_list_push(&queue->classes[class], job);
  if (job->n > 0) {
    bool alone = nothing_unchecked(queue);
    push_unchecked(&queue->unchecked[class], job);
    wake_for(queue, job, alone);
  } else {
    queue->wake_writer = true;
  }
}

void om_queue_add(struct om_queue *queue, struct om_job *job) {
  uv_mutex_lock(&queue->lock);
  add(queue, job);
  leave(queue);
}

void om_queue_add_all(struct om_queue *queue, struct om_job_list *list) {
  uv_mutex_lock(&queue->lock);
  for (struct om_job *job; (job = om_job_list_pop(list)) != NULL;) add(queue, job);
  leave(queue);
}

void om_queue_nudge(struct om_queue *queue) {
  uv_mutex_lock(&queue->lock);
  queue->nudged = true;
  queue->wake_writer = true;
  leave(queue);
}

void om_queue_stop(struct om_queue *queue) {
  uv_mutex_lock(&queue->lock);
  queue->stopping = true;
  queue->wake_writer = true;
  leave(queue);
}

void om_queue_stop_pool(struct om_queue *queue) {
  uv_mutex_lock(&queue->lock);
  queue->pool_stopping = true;
  queue->wake_all = true;
  leave(queue);
}

/* Submissions first, but now and then an entry. NULL: nothing waits. */
static struct om_job_list *next_unchecked(struct om_queue *queue) {
  struct om_job_list *submitted = &queue->unchecked[OM_CLASS_SUBMISSIONS];
  struct om_job_list *mirrored = &queue->unchecked[OM_CLASS_MIRRORED];
  if (submitted->first == NULL && mirrored->first == NULL) return NULL;
  if (mirrored->first == NULL) return submitted;
  if (submitted->first == NULL) return mirrored;
  return queue->turn % MIRRORED_TURN == 0 ? mirrored : submitted;
}

/* How many of the next items make a slice. */
static size_t slice_items(const struct om_job *job) {
  size_t n = 0, bytes = 0;
  while (job->claimed + n < job->n && n < OM_JOB_SLICE_ITEMS) {
    bytes += job->items[job->claimed + n].bytes.len;
    if (n > 0 && bytes > OM_JOB_SLICE_BYTES) break;
    n++;
  }
  return n;
}

static void claim(struct om_queue *queue, struct om_job_list *list, struct om_slice *out) {
  struct om_job *job = list->first;
  size_t n = slice_items(job);
  *out = (struct om_slice){.job = job, .from = job->claimed, .upto = job->claimed + n};
  out->bulk = job->kind == OM_JOB_MIRROR && job->vote == NULL;
  job->claimed += n;
  job->checking++;
  queue->turn++;
  if (job->claimed == job->n) pop_unchecked(list);
}

bool om_queue_claim(struct om_queue *queue, struct om_slice *out) {
  struct om_job_list *list = NULL;
  uv_mutex_lock(&queue->lock);
  while (!queue->pool_stopping && (list = next_unchecked(queue)) == NULL) uv_cond_wait(&queue->to_check, &queue->lock);
  bool found = !queue->pool_stopping;
  if (found) claim(queue, list, out);
  uv_mutex_unlock(&queue->lock);
  return found;
}

bool om_queue_claim_now(struct om_queue *queue, struct om_slice *out) {
  uv_mutex_lock(&queue->lock);
  struct om_job_list *list = next_unchecked(queue);
  if (list != NULL) claim(queue, list, out);
  uv_mutex_unlock(&queue->lock);
  return list != NULL;
}

void om_queue_checked(struct om_queue *queue, const struct om_slice *slice) {
  struct om_job *job = slice->job;
  uv_mutex_lock(&queue->lock);
  if (slice->memory != NULL) {
    slice->memory->next = job->memory;
    job->memory = slice->memory;
  }
  for (size_t i = slice->from; i < slice->upto; i++) job->items[i].done = true;
  while (job->ready < job->n && job->items[job->ready].done) job->ready++;
  job->checking--;
  queue->wake_writer = true;
  leave(queue);
}

bool om_queue_unwanted(struct om_queue *queue, const struct om_slice *slice) {
  uv_mutex_lock(&queue->lock);
  bool ended = slice->job->ended;
  uv_mutex_unlock(&queue->lock);
  return ended;
}

/* Whether JOB can leave the queue. */
static bool finished(const struct om_job *job) {
  if (job->ended) return job->checking == 0 && job->claimed == job->n;
  return job->n > 0 && job->taken == job->n;
}

/* Items of CLASS that are ready from the front on; *MORE whether others are on their way there. */
static size_t count_ready(const struct om_queue *queue, enum om_job_class class, bool *more) {
  size_t n = 0;
  *more = false;
  for (const struct om_job *job = queue->classes[class].first; job != NULL && n < GATHER_ITEMS; job = job->next) {
    if (job->ended) {
      n += finished(job);
      if (!finished(job)) return n;
      continue;
    }
    n += job->ready - job->taken;
    *more = job->ready < job->n;
    if (*more) return n;
  }
  return n;
}

static bool heads_wait(const struct om_queue *queue) {
  return queue->classes[OM_CLASS_HEADS].first != NULL || queue->classes[OM_CLASS_VOTES].first != NULL;
}

static bool finals_due(const struct om_queue *queue) {
  return queue->stopping || uv_hrtime() - queue->finals_ns >= (uint64_t)GATHER_FINALS_MS * 1000000;
}

/* Whether a vote waits for entries that are being checked. */
static bool vote_waits(const struct om_queue *queue) {
  for (const struct om_job *job = queue->classes[OM_CLASS_MIRRORED].first; job != NULL; job = job->next)
    if (job->vote != NULL) return true;
  return false;
}

/* How long to wait, in ms, with what is there: 0: go; -1: nothing is ready. */
static int64_t patience(const struct om_queue *queue) {
  bool more_submissions, more_mirrored;
  size_t submissions = count_ready(queue, OM_CLASS_SUBMISSIONS, &more_submissions);
  size_t mirrored = count_ready(queue, OM_CLASS_MIRRORED, &more_mirrored);
  if (heads_wait(queue) || queue->nudged) return 0;
  if (submissions > 0) return more_submissions && submissions < GATHER_ITEMS ? GATHER_SUBMISSIONS_MS : 0;
  if (mirrored > 0) {
    if (!more_mirrored || mirrored >= GATHER_ITEMS) return 0;
    return vote_waits(queue) ? GATHER_SUBMISSIONS_MS : GATHER_MIRRORED_MS;
  }
  if (queue->classes[OM_CLASS_FINALS].first == NULL) return -1;
  return finals_due(queue) ? 0 : GATHER_FINALS_MS;
}

static bool empty(const struct om_queue *queue) {
  for (size_t i = 0; i < OM_CLASSES; i++)
    if (queue->classes[i].first != NULL) return false;
  return true;
}

/* What the writer was given, unless one of the pool, coming back from something else, has been quicker. Few entries may
 * be several slices, of which all are the writer's. */
static bool claim_given(struct om_queue *queue, struct om_slice *out) {
  struct om_job_list *list = queue->given ? next_unchecked(queue) : NULL;
  queue->given = false;
  if (list == NULL || list->first->n > LITTLE_ITEMS) return false;
  claim(queue, list, out);
  queue->given = out->upto < out->job->n;
  return true;
}

/* Sleeps for at most NS; 0: until there is something. A writer that CHECKS and waits for nothing but others' final
 * heads has time. */
static void doze(struct om_queue *queue, uint64_t ns, bool checks) {
  bool more;
  queue->idle = checks && count_ready(queue, OM_CLASS_SUBMISSIONS, &more) == 0 &&
                count_ready(queue, OM_CLASS_MIRRORED, &more) == 0;
  if (ns == 0)
    uv_cond_wait(&queue->to_write, &queue->lock);
  else
    uv_cond_timedwait(&queue->to_write, &queue->lock, ns);
  queue->idle = false;
}

bool om_queue_wait(struct om_queue *queue, struct om_slice *little) {
  uint64_t since = 0;
  bool go = false;
  if (little != NULL) little->job = NULL;
  uv_mutex_lock(&queue->lock);
  while (!go) {
    if (little != NULL && claim_given(queue, little)) {
      uv_mutex_unlock(&queue->lock);
      return true;
    }
    int64_t wait = patience(queue);
    if (wait < 0) {
      if (queue->stopping && empty(queue)) break;
      doze(queue, 0, little != NULL);
      continue;
    }
    uint64_t now = uv_hrtime();
    if (since == 0) since = now;
    uint64_t end = since + (uint64_t)wait * 1000000;
    go = now >= end;
    if (!go) doze(queue, end - now, little != NULL);
  }
  queue->nudged = false;
  uv_mutex_unlock(&queue->lock);
  return go;
}

/* The first job of CLASS with something to take; NULL: none, or what follows must not overtake it. */
static struct om_job *takeable(struct om_queue *queue, enum om_job_class class) {
  for (struct om_job *job = queue->classes[class].first; job != NULL; job = job->next) {
    if (job->ended || (job->n > 0 && job->taken == job->n)) continue;
    return job->n == 0 || job->ready > job->taken ? job : NULL;
  }
  return NULL;
}

bool om_queue_take(struct om_queue *queue, enum om_job_class class, struct om_slice *out, size_t max) {
  uv_mutex_lock(&queue->lock);
  struct om_job *job = class != OM_CLASS_FINALS || finals_due(queue) ? takeable(queue, class) : NULL;
  if (job != NULL) {
    size_t n = job->ready - job->taken;
    if (n > max) n = max;
    *out = (struct om_slice){.job = job, .from = job->taken, .upto = job->taken + n};
    job->taken += n;
    if (job->n == 0) job->ended = true;
    if (job->n > 0 && job->taken == job->n) release_vote(queue, job);
  }
  leave(queue);
  return job != NULL;
}

const struct om_job *om_queue_peek(struct om_queue *queue, enum om_job_class class) {
  uv_mutex_lock(&queue->lock);
  const struct om_job *job = takeable(queue, class);
  uv_mutex_unlock(&queue->lock);
  return job;
}

/* Takes JOB out of what the pool is given. */
static void withdraw(struct om_job_list *list, struct om_job *job) {
  struct om_job *before = NULL;
  for (struct om_job *at = list->first; at != NULL; before = at, at = at->next_check) {
    if (at != job) continue;
    if (before == NULL)
      list->first = job->next_check;
    else
      before->next_check = job->next_check;
    if (list->last == job) list->last = before;
    return;
  }
}

static void give_up(struct om_queue *queue, struct om_job *job) {
  job->ended = true;
  if (job->claimed < job->n) withdraw(&queue->unchecked[om_job_class(job)], job);
  job->claimed = job->n;
  release_vote(queue, job);
}

void om_queue_give_up(struct om_queue *queue, struct om_job *job) {
  uv_mutex_lock(&queue->lock);
  give_up(queue, job);
  leave(queue);
}

void om_queue_cut(struct om_queue *queue, uint64_t (*size)(void *ctx, uint32_t log), void *ctx) {
  uv_mutex_lock(&queue->lock);
  for (struct om_job *job = queue->classes[OM_CLASS_MIRRORED].first; job != NULL; job = job->next) {
    uint64_t held = size(ctx, job->log), wanted = job->ended ? job->size : job->action.start + job->taken;
    if (held >= wanted) continue;
    job->cut = true;
    job->size = held;
    if (!job->ended) give_up(queue, job);
  }
  leave(queue);
}

void om_queue_replaced(struct om_queue *queue, uint32_t log, uint64_t from, uint64_t held) {
  uv_mutex_lock(&queue->lock);
  for (struct om_job *job = queue->classes[OM_CLASS_MIRRORED].first; job != NULL; job = job->next) {
    uint64_t end = job->ended ? job->size : job->action.start + job->n;
    if (job->log != log || end <= from) continue;
    job->cut = true;
    job->size = held;
    if (!job->ended) give_up(queue, job);
  }
  leave(queue);
}

struct om_job *om_queue_finished(struct om_queue *queue, enum om_job_class class) {
  uv_mutex_lock(&queue->lock);
  struct om_job *job = queue->classes[class].first;
  if (job != NULL && finished(job))
    om_job_list_pop(&queue->classes[class]);
  else
    job = NULL;
  uv_mutex_unlock(&queue->lock);
  return job;
}

bool om_queue_bulk(struct om_queue *queue) {
  bool more;
  uv_mutex_lock(&queue->lock);
  bool bulk = !heads_wait(queue) && !vote_waits(queue) && count_ready(queue, OM_CLASS_SUBMISSIONS, &more) == 0 &&
              count_ready(queue, OM_CLASS_MIRRORED, &more) > 0;
  uv_mutex_unlock(&queue->lock);
  return bulk;
}

bool om_queue_urgent(struct om_queue *queue) {
  bool more;
  uv_mutex_lock(&queue->lock);
  bool urgent = heads_wait(queue) || count_ready(queue, OM_CLASS_SUBMISSIONS, &more) > 0;
  uv_mutex_unlock(&queue->lock);
  return urgent;
}
