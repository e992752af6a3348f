/* Where a statement stands, and whom it waits for. */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/answer_parts.h"
#include "ledger/queued.h"

static int by_name(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Operators of LIST that have cosigned a head beyond entry INDEX. */
static uint32_t operators(const struct om_about *about, size_t list, uint64_t index) {
  uint32_t counted[OM_WITNESSES_MAX], n = 0;
  for (size_t i = 0; i < about->n_witnesses; i++) {
    const struct om_node_witness *w = &about->witnesses[i];
    uint32_t k = 0;
    if (w->list != list || w->cosigned <= index) continue;
    while (k < n && counted[k] != w->operator_member) k++;
    if (k == n) counted[n++] = w->operator_member;
  }
  return n;
}

void om_answer_missing(struct om_answering *a, char ***missing, size_t *n, uint32_t *needed, uint64_t index) {
  const struct om_about *about = a->about;
  char **names = om_arena_array(a->view.arena, about->n_witnesses, sizeof *names);
  size_t found = 0;
  *needed = 0;
  *missing = names;
  *n = 0;
  for (size_t i = 0; i < about->n_witnesses; i++)
    if (about->witnesses[i].cosigned <= index) names[found++] = (char *)about->witnesses[i].origin;
  if (found > 0) qsort(names, found, sizeof *names, by_name);
  for (size_t i = 0; i < found; i++)
    if (*n == 0 || strcmp(names[*n - 1], names[i]) != 0) names[(*n)++] = names[i];
  for (size_t list = 0; list < OM_QUORUM_LISTS; list++) {
    uint32_t k = about->witnesses_needed[list], have = operators(about, list, index);
    /* Enough may have signed, each another head, or the ledger may be about to store what they signed. */
    uint32_t left = k > have ? k - have : k > 0;
    if (left > *needed) *needed = left;
  }
}

/* It stands in no log here: in the queue perhaps, or it was refused out of it. */
static enum om_code fill_queued(struct om_answering *a, Oremark__Finality *out, const Oremark__GetFinality *asked,
                                const struct om_hash *id, struct om_status *st) {
  struct om_status *why = om_arena_alloc(a->view.arena, sizeof *why);
  bool refused;
  enum om_code code = om_queued_find(a->view.txn, &refused, why, asked->member, asked->signed_ms, id, st);
  if (code == OM_MISSING) return OM_OK;
  if (code != OM_OK) return code;
  out->state = (char *)(refused ? "refused" : "queued");
  if (!refused) return OM_OK;
  out->code = (char *)om_code_name(why->code);
  out->rule = why->rule;
  out->text = why->text;
  return OM_OK;
}

static enum om_code fill(struct om_answering *a, Oremark__Finality *out, const Oremark__GetFinality *asked,
                         struct om_status *st) {
  struct om_hash id;
  struct om_place at;
  struct om_log_info *info = om_arena_alloc(a->view.arena, sizeof *info);
  if (asked->statement_id.len != sizeof id.bytes)
    return om_fail(st, OM_MALFORMED, NULL, "a statement's id has %zu bytes, not %zu", sizeof id.bytes,
                   asked->statement_id.len);
  memcpy(id.bytes, asked->statement_id.data, sizeof id.bytes);
  out->state = (char *)"unknown";
  enum om_code code = om_statement_find(a->view.txn, &at, asked->member, asked->signed_ms, &id, st);
  if (code == OM_MISSING) return fill_queued(a, out, asked, &id, st);
  if (code == OM_OK) code = om_log_info(a->view.txn, info, at.log, st);
  if (code != OM_OK) return code;
  out->origin = info->origin;
  out->index = at.index;
  bool own = at.log == a->about->own_log, reached = own && at.index < a->about->reached_size;
  out->state = (char *)(at.index < info->final_size || reached ? "final" : "pending");
  if (at.index < info->final_size)
    out->time_s = info->final_time_s;
  else if (reached)
    out->time_s = a->about->reached_s;
  else if (own)
    om_answer_missing(a, &out->missing, &out->n_missing, &out->needed, at.index);
  return OM_OK;
}

enum om_code om_answer_finality(struct om_answering *a, const Oremark__GetFinality *asked, struct om_status *st) {
  Oremark__Finality out = OREMARK__FINALITY__INIT;
  if (fill(a, &out, asked, st) != OM_OK) return st->code;
  Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_FINALITY, false);
  reply.finality = &out;
  om_answer_put(a, &reply);
  return OM_OK;
}
