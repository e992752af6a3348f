#include "daemon/io/job.h"

#include <stdlib.h>
#include <string.h>

static struct om_job *job_new(enum om_job_kind kind, size_t room) {
  struct om_job *job = calloc(1, sizeof *job);
  OM_ASSERT(job != NULL);
  job->kind = kind;
  job->items = calloc(room > 0 ? room : 1, sizeof *job->items);
  OM_ASSERT(job->items != NULL);
  return job;
}

enum om_job_class om_job_class(const struct om_job *job) {
  switch (job->kind) {
    case OM_JOB_COSIGN:
    case OM_JOB_START:
    case OM_JOB_EVIDENCE: return OM_CLASS_HEADS;
    case OM_JOB_FINAL: return job->patient ? OM_CLASS_FINALS : OM_CLASS_HEADS;
    case OM_JOB_SUBMIT: return OM_CLASS_SUBMISSIONS;
    case OM_JOB_MIRROR: return OM_CLASS_MIRRORED;
  }
  om_panic(__FILE__, __LINE__, "no such kind of job");
}

struct om_job *om_job_submit(void *owner) {
  struct om_job *job = job_new(OM_JOB_SUBMIT, OM_JOB_STATEMENTS_MAX);
  job->owner = owner;
  job->bytes = malloc(OM_JOB_STATEMENT_BYTES);
  OM_ASSERT(job->bytes != NULL);
  return job;
}

bool om_job_add(struct om_job *job, uint64_t request, const uint8_t *bytes, size_t len) {
  if (job->n == OM_JOB_STATEMENTS_MAX || len > OM_JOB_STATEMENT_BYTES - job->len) return false;
  struct om_job_item *item = &job->items[job->n++];
  item->bytes = (struct om_span){job->bytes + job->len, len};
  item->request = request;
  if (len > 0) memcpy(job->bytes + job->len, bytes, len);
  job->len += len;
  job->load_items++;
  job->load_bytes += len;
  return true;
}

bool om_job_add_call(struct om_job *job, uint64_t request, const uint8_t *bytes, size_t len) {
  if (!om_job_add(job, request, bytes, len)) return false;
  job->items[job->n - 1].seals = true;
  return true;
}

bool om_job_refuse(struct om_job *job, uint64_t request, const struct om_status *why) {
  if (!om_job_add(job, request, NULL, 0)) return false;
  om_job_item_note(&job->items[job->n - 1], why);
  return true;
}

static enum om_job_kind kind_of(enum om_action_kind kind) {
  switch (kind) {
    case OM_ACTION_APPLY: return OM_JOB_MIRROR;
    case OM_ACTION_COSIGN: return OM_JOB_COSIGN;
    case OM_ACTION_FINAL: return OM_JOB_FINAL;
    case OM_ACTION_START: return OM_JOB_START;
    case OM_ACTION_EVIDENCE: return OM_JOB_EVIDENCE;
    case OM_ACTION_SEND:
    case OM_ACTION_DROP: break;
  }
  om_panic(__FILE__, __LINE__, "no action for the writer");
}

struct om_job *om_job_action(const struct om_action *action) {
  struct om_job *job = job_new(kind_of(action->kind), action->n);
  job->log = action->log;
  job->action = *action;
  job->size = action->start;
  if (job->kind != OM_JOB_MIRROR) return job;
  job->n = action->n;
  for (size_t i = 0; i < job->n; i++) job->items[i].bytes = action->entries[i];
  return job;
}

void om_job_applied(struct om_job *job, struct om_node *node, int64_t now_ms) {
  if (job->cut) om_node_log_cut(node, job->log, job->size, now_ms);
  om_node_applied(node, &job->action, job->size, job->code, now_ms);
}

void om_job_free(struct om_job *job) {
  for (size_t i = 0; i < job->n; i++) {
    free(job->items[i].why);
    free(job->items[i].seal);
  }
  for (struct om_job_memory *memory; (memory = job->memory) != NULL;) {
    job->memory = memory->next;
    om_arena_free(&memory->arena);
    free(memory);
  }
  free(job->items);
  free(job->bytes);
  free(job);
}

void om_job_item_note(struct om_job_item *item, const struct om_status *st) {
  if (st->code == OM_OK || item->why != NULL) return;
  item->why = malloc(sizeof *item->why);
  OM_ASSERT(item->why != NULL);
  *item->why = *st;
}
