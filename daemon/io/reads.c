#include "daemon/io/reads.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/frame.h"
#include "daemon/io/turns.h"

/* Answers under way at once, unless UV_THREADPOOL_SIZE says otherwise. One that its client is slow to take keeps a
 * thread until then; libuv's four would all be kept by four people who look at long lists. With the checking threads
 * these stay well below the store's readers. */
#define READ_THREADS "32"

enum {
  AHEAD_BYTES = 1 << 20,   /* answers made and not yet taken by the loop; more waits for the client */
  SMALL_PROVER_TILES = 64, /* 1 MiB for work that finds the large one taken */
  TELL_BYTES = 128 << 10,  /* the loop is told when so much has come together */
};

/* Bytes that grow. */
struct heap {
  uint8_t *bytes;
  size_t len, room;
};

struct om_read {
  uv_work_t work;
  struct om_reads *all;
  void *owner;
  struct om_read *prev, *next;
  struct heap requests;  /* frames */
  struct om_about about; /* as of when it began */
  bool held;             /* it has not begun */
  struct om_arena kept;  /* for it */
  /* Under the lock: */
  struct heap out;
  bool cancelled;
};

struct om_reads {
  struct om_reads_config config;
  uv_mutex_t lock;
  uv_cond_t taken; /* some work's answers have been taken, or it was cancelled */
  uv_async_t progress;
  struct om_read *first;
  bool hold;
  struct om_prover *prover;
  bool prover_taken;    /* under the lock: by some work */
  struct om_crew *crew; /* both made when they are first asked for */
  struct om_verify_memory *memory;
  bool verifier_taken; /* under the lock */
};

static void grow(struct heap *heap, size_t len) {
  if (len <= heap->room - heap->len) return;
  size_t room = heap->room > 0 ? heap->room : 1024;
  while (room - heap->len < len) room *= 2;
  heap->bytes = realloc(heap->bytes, room);
  OM_ASSERT(heap->bytes != NULL);
  heap->room = room;
}

/* ---- in the pool ---- */

static bool put(void *ctx, const Oremark__Reply *reply) {
  struct om_read *read = ctx;
  struct om_reads *all = read->all;
  size_t len = oremark__reply__get_packed_size(reply);
  OM_ASSERT(len <= OM_FRAME_MAX_BYTES);
  uv_mutex_lock(&all->lock);
  if (reply->what_case == OREMARK__REPLY__WHAT_PROGRESS && read->out.len > AHEAD_BYTES) {
    bool asked = !read->cancelled; /* who does not read is not waited for with what others want in hand */
    uv_mutex_unlock(&all->lock);
    return asked;
  }
  grow(&read->out, OM_FRAME_HEADER_BYTES + len);
  uint8_t *at = read->out.bytes + read->out.len;
  om_frame_header(at, len);
  oremark__reply__pack(reply, at + OM_FRAME_HEADER_BYTES);
  read->out.len += OM_FRAME_HEADER_BYTES + len;
  if (read->out.len > TELL_BYTES || reply->what_case == OREMARK__REPLY__WHAT_PROGRESS) uv_async_send(&all->progress);
  while (read->out.len > AHEAD_BYTES && !read->cancelled) uv_cond_wait(&all->taken, &all->lock);
  bool go_on = !read->cancelled;
  uv_mutex_unlock(&all->lock);
  return go_on;
}

static bool wanted(void *ctx) {
  struct om_read *read = ctx;
  uv_mutex_lock(&read->all->lock);
  bool is = !read->cancelled;
  uv_mutex_unlock(&read->all->lock);
  return is;
}

/* One large question at a time is answered on all cores, with what is remembered of others; the rest meanwhile by the
 * thread that reads. */
static bool take_verifier(void *ctx, struct om_crew **crew, struct om_verify_memory **memory) {
  struct om_reads *all = ((struct om_read *)ctx)->all;
  uv_mutex_lock(&all->lock);
  bool free_now = !all->verifier_taken;
  all->verifier_taken = true;
  uv_mutex_unlock(&all->lock);
  if (!free_now) return false;
  if (all->crew == NULL) all->crew = om_crew_new();
  if (all->memory == NULL) all->memory = om_verify_memory_new(OM_VERIFY_MEMORY_BYTES);
  *crew = all->crew;
  *memory = all->memory;
  return true;
}

static void give_back_verifier(void *ctx) {
  struct om_reads *all = ((struct om_read *)ctx)->all;
  uv_mutex_lock(&all->lock);
  all->verifier_taken = false;
  uv_mutex_unlock(&all->lock);
}

/* Answers all requests in ST's words: the store could not be read. */
static void answer_one(struct om_read *read, struct om_arena *arena, struct om_txn *txn, const struct om_status *st,
                       struct om_prover *prover, const struct om_frame *frame) {
  struct om_answer_sink sink = {read, put, wanted, take_verifier, give_back_verifier, prover};
  om_arena_reset(arena);
  const Oremark__Request *request = oremark__request__unpack(om_arena_protobuf(arena), frame->len, frame->bytes);
  OM_ASSERT(request != NULL);
  if (st->code == OM_OK) {
    om_answer(&sink, txn, &read->about, request);
    return;
  }
  Oremark__Reply reply = OREMARK__REPLY__INIT;
  om_answer_status(&reply, request->id, st);
  put(read, &reply);
}

/* The one that remembers much is for whoever comes first: a client that wants many proofs has it nearly always. */
static struct om_prover *take_prover(struct om_reads *all) {
  uv_mutex_lock(&all->lock);
  bool free_now = !all->prover_taken;
  all->prover_taken = true;
  uv_mutex_unlock(&all->lock);
  return free_now ? all->prover : om_prover_new(SMALL_PROVER_TILES);
}

static void give_back_prover(struct om_reads *all, struct om_prover *prover) {
  if (prover != all->prover) {
    om_prover_free(prover);
    return;
  }
  uv_mutex_lock(&all->lock);
  all->prover_taken = false;
  uv_mutex_unlock(&all->lock);
}

static void work(uv_work_t *req) {
  struct om_read *read = req->data;
  struct om_frame_reader reader = {0};
  struct om_chunk chunk = {read->requests.bytes, read->requests.len};
  struct om_frame frame;
  struct om_arena arena = {0};
  struct om_status st, ignored;
  struct om_txn *txn = NULL;
  om_status_clear(&st);
  om_txn_read(&txn, read->all->config.store, &st);
  struct om_prover *prover = take_prover(read->all);
  om_prover_begin(prover, txn);
  while (wanted(read) && om_frame_next(&reader, &frame, &chunk, &ignored) == OM_OK && frame.len > 0)
    answer_one(read, &arena, txn, &st, prover, &frame);
  give_back_prover(read->all, prover);
  if (st.code == OM_OK) om_txn_abort(txn);
  om_frame_reader_free(&reader);
  om_arena_free(&arena);
}

/* In a thread that the loop's own, which answers, has started. */
static void work_aside(uv_work_t *req) {
  om_turn_whole();
  work(req);
}

/* ---- in the loop ---- */

/* Gives the owner what has come, if it wants it. */
static void hand_over(struct om_read *read) {
  struct om_reads *all = read->all;
  if (!all->config.wants_more(read->owner)) return;
  uv_mutex_lock(&all->lock);
  struct heap out = read->out;
  read->out = (struct heap){0};
  uv_cond_broadcast(&all->taken);
  uv_mutex_unlock(&all->lock);
  if (out.len > 0) all->config.answer(read->owner, out.bytes, out.len, false);
  free(out.bytes);
}

static void on_progress(uv_async_t *async) {
  struct om_reads *all = async->data;
  for (struct om_read *read = all->first, *next; read != NULL; read = next) {
    next = read->next;
    hand_over(read);
  }
}

/* The last word of READ. */
static void finish(struct om_read *read) {
  struct om_reads *all = read->all;
  if (read->prev != NULL)
    read->prev->next = read->next;
  else
    all->first = read->next;
  if (read->next != NULL) read->next->prev = read->prev;
  all->config.answer(read->owner, read->out.bytes, read->out.len, true);
  free(read->out.bytes);
  free(read->requests.bytes);
  om_arena_free(&read->kept);
  free(read);
}

static void after(uv_work_t *req, int status) {
  (void)status;
  finish(req->data);
}

struct om_read *om_read_new(void *owner) {
  struct om_read *read = calloc(1, sizeof *read);
  OM_ASSERT(read != NULL);
  read->owner = owner;
  read->work.data = read;
  return read;
}

void om_read_add(struct om_read *read, const uint8_t *bytes, size_t len) {
  grow(&read->requests, OM_FRAME_HEADER_BYTES + len);
  om_frame_header(read->requests.bytes + read->requests.len, len);
  memcpy(read->requests.bytes + read->requests.len + OM_FRAME_HEADER_BYTES, bytes, len);
  read->requests.len += OM_FRAME_HEADER_BYTES + len;
}

static void link_in(struct om_reads *reads, struct om_read *read) {
  read->all = reads;
  read->next = reads->first;
  if (read->next != NULL) read->next->prev = read;
  reads->first = read;
}

static void look_around(struct om_read *read) {
  read->all->config.about(read->all->config.ctx, &read->about, &read->kept);
}

void om_reads_now(struct om_reads *reads, struct om_read *read) {
  link_in(reads, read);
  look_around(read);
  work(&read->work);
  finish(read);
}

static void begin(struct om_read *read) {
  read->held = false;
  look_around(read);
  OM_ASSERT(uv_queue_work(read->all->config.loop, &read->work, work_aside, after) == 0);
}

void om_reads_add(struct om_reads *reads, struct om_read *read) {
  link_in(reads, read);
  if (reads->hold)
    read->held = true;
  else
    begin(read);
}

void om_reads_hold(struct om_reads *reads) {
  reads->hold = true;
}

void om_reads_go_on(struct om_reads *reads) {
  reads->hold = false;
  for (struct om_read *read = reads->first; read != NULL; read = read->next)
    if (read->held) begin(read);
}

void om_reads_progress(struct om_reads *reads, void *owner) {
  for (struct om_read *read = reads->first, *next; read != NULL; read = next) {
    next = read->next;
    if (read->owner == owner) hand_over(read);
  }
}

void om_reads_cancel(struct om_reads *reads, void *owner) {
  uv_mutex_lock(&reads->lock);
  for (struct om_read *read = reads->first; read != NULL; read = read->next)
    if (read->owner == owner) read->cancelled = true;
  uv_cond_broadcast(&reads->taken);
  uv_mutex_unlock(&reads->lock);
}

static void on_closed(uv_handle_t *handle) {
  struct om_reads *reads = handle->data;
  om_prover_free(reads->prover);
  om_crew_free(reads->crew);
  om_verify_memory_free(reads->memory);
  uv_cond_destroy(&reads->taken);
  uv_mutex_destroy(&reads->lock);
  free(reads);
}

void om_reads_free(struct om_reads *reads) {
  OM_ASSERT(reads->first == NULL);
  uv_close((uv_handle_t *)&reads->progress, on_closed);
}

enum om_code om_reads_new(struct om_reads **out, const struct om_reads_config *config, struct om_status *st) {
  struct om_reads *reads = calloc(1, sizeof *reads);
  if (reads == NULL) return om_fail(st, OM_IO, NULL, "no memory for answers");
  setenv("UV_THREADPOOL_SIZE", READ_THREADS, 0); /* read by libuv when it first needs a thread */
  reads->config = *config;
  OM_ASSERT(uv_mutex_init(&reads->lock) == 0 && uv_cond_init(&reads->taken) == 0);
  int rc = uv_async_init(config->loop, &reads->progress, on_progress);
  if (rc != 0) {
    uv_cond_destroy(&reads->taken);
    uv_mutex_destroy(&reads->lock);
    free(reads);
    return om_fail(st, OM_IO, NULL, "can't make an event: %s", uv_strerror(rc));
  }
  reads->progress.data = reads;
  reads->prover = om_prover_new(OM_PROVER_TILES);
  *out = reads;
  return OM_OK;
}
