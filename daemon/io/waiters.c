#include "daemon/io/waiters.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/queued.h"

struct waiting {
  struct waiting *next;
  void *owner;
  uint64_t id;
  uint32_t member;
  int64_t signed_ms;
  struct om_hash statement;
  uint32_t log; /* where it stands; OM_LOG_NONE: in the queue */
  uint64_t index;
  uint64_t until_ms;
  bool due;
};

struct om_waiters {
  struct om_waiters_config config;
  struct waiting *first;
  size_t n;
  uv_timer_t timer; /* for the one whose time is up next */
};

static void on_timer(uv_timer_t *timer);

static void set_timer(struct om_waiters *waiters) {
  uint64_t now = uv_now(waiters->config.loop), next = UINT64_MAX;
  for (const struct waiting *w = waiters->first; w != NULL; w = w->next)
    if (w->until_ms < next) next = w->until_ms;
  if (next == UINT64_MAX)
    uv_timer_stop(&waiters->timer);
  else
    uv_timer_start(&waiters->timer, on_timer, next > now ? next - now : 0, 0);
}

static void answer(struct om_waiters *waiters, const struct waiting *w) {
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__GetFinality get = OREMARK__GET_FINALITY__INIT;
  struct om_hash statement = w->statement;
  get.member = w->member;
  get.signed_ms = w->signed_ms;
  get.statement_id = (ProtobufCBinaryData){sizeof statement.bytes, statement.bytes};
  request.id = w->id;
  request.what_case = OREMARK__REQUEST__WHAT_GET_FINALITY;
  request.get_finality = &get;
  waiters->config.due(w->owner, &request);
}

/* One that is due, out of the list; NULL: none. Asked anew each time, as an answer may end clients. */
static struct waiting *take_due(struct om_waiters *waiters) {
  for (struct waiting **at = &waiters->first; *at != NULL; at = &(*at)->next) {
    struct waiting *w = *at;
    if (!w->due) continue;
    *at = w->next;
    waiters->n--;
    return w;
  }
  return NULL;
}

static void answer_due(struct om_waiters *waiters) {
  struct waiting *w;
  while ((w = take_due(waiters)) != NULL) {
    answer(waiters, w);
    free(w);
  }
  set_timer(waiters);
}

static void on_timer(uv_timer_t *timer) {
  struct om_waiters *waiters = timer->data;
  for (struct waiting *w = waiters->first; w != NULL; w = w->next)
    if (w->until_ms <= uv_now(waiters->config.loop)) w->due = true;
  answer_due(waiters);
}

/* Where the statement stands: in log AT->log, or in the queue (OM_LOG_NONE). OM_MISSING: in neither. */
static enum om_code find(struct om_txn *txn, struct om_place *at, uint32_t member, int64_t signed_ms,
                         const struct om_hash *id, struct om_status *st) {
  bool refused;
  struct om_status why;
  enum om_code code = om_statement_find(txn, at, member, signed_ms, id, st);
  if (code != OM_MISSING) return code;
  code = om_queued_find(txn, &refused, &why, member, signed_ms, id, st);
  if (code == OM_OK && refused) return om_fail(st, OM_MISSING, NULL, "it was refused");
  at->log = OM_LOG_NONE;
  return code;
}

/* Whether what W waits for has been decided. */
static bool decided(struct om_txn *txn, struct waiting *w, struct om_log_info *info) {
  struct om_place at;
  struct om_status st;
  if (w->log == OM_LOG_NONE) {
    enum om_code code = find(txn, &at, w->member, w->signed_ms, &w->statement, &st);
    if (code == OM_MISSING) return true; /* refused */
    if (code != OM_OK || at.log == OM_LOG_NONE) return false;
    w->log = at.log;
    w->index = at.index;
  }
  if (w->log != info->log && om_log_info(txn, info, w->log, &st) != OM_OK) info->log = OM_LOG_NONE;
  return info->log != OM_LOG_NONE && w->index < info->final_size;
}

void om_waiters_settled(struct om_waiters *waiters) {
  struct om_log_info info = {.log = OM_LOG_NONE};
  struct om_status st;
  struct om_txn *txn;
  bool any = false;
  if (waiters->first == NULL || om_txn_read(&txn, waiters->config.store, &st) != OM_OK)
    return; /* the next one may do */
  for (struct waiting *w = waiters->first; w != NULL; w = w->next)
    if (decided(txn, w, &info)) w->due = any = true;
  om_txn_abort(txn);
  if (any) answer_due(waiters);
}

bool om_waiters_reached(struct om_waiters *waiters, uint32_t log, uint64_t size) {
  bool any = false;
  for (struct waiting *w = waiters->first; w != NULL; w = w->next)
    if (w->log == log && w->index < size) w->due = any = true;
  if (any) answer_due(waiters);
  return any;
}

/* Is it pending or queued, and where? */
static enum om_code look_up(struct om_waiters *waiters, struct om_place *at, bool *pending,
                            const Oremark__GetFinality *get, struct om_status *st) {
  struct om_hash id;
  struct om_log_info info;
  struct om_txn *txn;
  *pending = false;
  if (get->statement_id.len != sizeof id.bytes) return OM_OK; /* the answer says so */
  memcpy(id.bytes, get->statement_id.data, sizeof id.bytes);
  if (om_txn_read(&txn, waiters->config.store, st) != OM_OK) return st->code;
  enum om_code code = find(txn, at, get->member, get->signed_ms, &id, st);
  if (code == OM_OK && at->log == OM_LOG_NONE)
    *pending = true;
  else if (code == OM_OK && (code = om_log_info(txn, &info, at->log, st)) == OM_OK)
    *pending = at->index >= info.final_size;
  om_txn_abort(txn);
  return code == OM_MISSING ? OM_OK : code;
}

static size_t count(const struct om_waiters *waiters, const void *owner) {
  size_t n = 0;
  for (const struct waiting *w = waiters->first; w != NULL; w = w->next) n += w->owner == owner;
  return n;
}

enum om_code om_waiters_add(struct om_waiters *waiters, bool *kept, void *owner, const Oremark__Request *request,
                            struct om_status *st) {
  const Oremark__GetFinality *get = request->get_finality;
  struct om_place at;
  *kept = false;
  if (get->wait_ms == 0) return OM_OK;
  enum om_code code = look_up(waiters, &at, kept, get, st);
  if (code != OM_OK || !*kept) return code;
  *kept = false;
  if (waiters->n >= OM_WAITERS_MAX || count(waiters, owner) >= OM_WAITERS_OWNER_MAX)
    return om_fail(st, OM_BUSY, NULL, "too many wait for finality here already: ask again without waiting");
  struct waiting *w = calloc(1, sizeof *w);
  if (w == NULL) return om_fail(st, OM_IO, NULL, "no memory to wait");
  *w = (struct waiting){.next = waiters->first,
                        .owner = owner,
                        .id = request->id,
                        .member = get->member,
                        .signed_ms = get->signed_ms,
                        .log = at.log,
                        .index = at.index};
  memcpy(w->statement.bytes, get->statement_id.data, sizeof w->statement.bytes);
  w->until_ms =
      uv_now(waiters->config.loop) + (get->wait_ms < OM_WAITERS_MAX_MS ? get->wait_ms : (uint32_t)OM_WAITERS_MAX_MS);
  waiters->first = w;
  waiters->n++;
  *kept = true;
  set_timer(waiters);
  return OM_OK;
}

bool om_waiters_take(struct om_waiters *waiters, uint64_t *id, const void *owner) {
  for (struct waiting **at = &waiters->first; *at != NULL; at = &(*at)->next) {
    struct waiting *w = *at;
    if (w->owner != owner) continue;
    *id = w->id;
    *at = w->next;
    waiters->n--;
    free(w);
    return true;
  }
  return false;
}

void om_waiters_forget(struct om_waiters *waiters, const void *owner) {
  uint64_t ignored;
  while (om_waiters_take(waiters, &ignored, owner)) continue;
}

enum om_code om_waiters_new(struct om_waiters **out, const struct om_waiters_config *config, struct om_status *st) {
  struct om_waiters *waiters = calloc(1, sizeof *waiters);
  if (waiters == NULL) return om_fail(st, OM_IO, NULL, "no memory for clients that wait");
  waiters->config = *config;
  OM_ASSERT(uv_timer_init(config->loop, &waiters->timer) == 0);
  waiters->timer.data = waiters;
  *out = waiters;
  return OM_OK;
}

static void on_closed(uv_handle_t *handle) {
  free(handle->data);
}

void om_waiters_free(struct om_waiters *waiters) {
  OM_ASSERT(waiters->first == NULL);
  uv_close((uv_handle_t *)&waiters->timer, on_closed);
}
