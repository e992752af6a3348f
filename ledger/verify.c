#include "ledger/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_state.h"
#include "ledger/verify_state.h"

/* ---- findings ---- */

void om_verify_pass(struct om_verify *v, enum om_check_kind kind, uint64_t n) {
  v->verdict->checks[kind].passed += n;
}

void om_verify_failures(struct om_verify *v, enum om_check_kind kind, uint64_t n, const char *first) {
  struct om_check *check = &v->verdict->checks[kind];
  if (n > 0 && check->failed == 0) snprintf(check->first, sizeof check->first, "%s", first);
  check->failed += n;
}

void om_verify_fail(struct om_verify *v, enum om_check_kind kind, const char *fmt, ...) {
  char text[OM_STATUS_TEXT_BYTES];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  om_verify_failures(v, kind, 1, text);
}

void om_verify_unknown(struct om_verify *v, enum om_check_kind kind, const char *fmt, ...) {
  struct om_check *check = &v->verdict->checks[kind];
  va_list args;
  va_start(args, fmt);
  if (check->unknown++ == 0 && check->failed == 0) vsnprintf(check->first, sizeof check->first, fmt, args);
  va_end(args);
}

/* ---- what else bears on the lineage ---- */

enum om_code om_verify_also(struct om_verify *v, bool *final, const struct om_place *place, struct om_status *st) {
  *final = false;
  enum om_code code = om_verify_open(v, place->log, st);
  if (code != OM_OK) return code;
  *final = v->logs[place->log]->has_head && place->index < v->logs[place->log]->head.size;
  if (!*final || place->log == OM_LOG_REGISTRY) return OM_OK; /* the registry log is hashed as a whole */
  if (v->n_also == v->cap_also) {
    v->cap_also = v->cap_also == 0 ? 64 : 2 * v->cap_also;
    v->also = realloc(v->also, v->cap_also * sizeof *v->also);
    OM_ASSERT(v->also);
  }
  v->also[v->n_also++] = (struct om_verify_also){place->index, place->log, place->event};
  return OM_OK;
}

static int also_order(const void *a, const void *b) {
  const struct om_verify_also *x = a, *y = b;
  if (x->log != y->log) return x->log < y->log ? -1 : 1;
  if (x->index != y->index) return x->index < y->index ? -1 : 1;
  return (x->event > y->event) - (x->event < y->event);
}

static void order_also(struct om_verify *v) {
  size_t n = 0;
  if (v->n_also > 0) qsort(v->also, v->n_also, sizeof *v->also, also_order);
  for (size_t i = 0; i < v->n_also; i++)
    if (n == 0 || also_order(&v->also[n - 1], &v->also[i]) != 0) v->also[n++] = v->also[i];
  v->n_also = n;
}

/* ---- a verification ---- */

/* What the lineage could not find is a finding; what was found is checked all the same, but for the rules: they would
 * stop at what is missing. */
static enum om_code find_lineage(struct om_verify *v, bool *whole, const uint8_t number[OM_LOT_NUMBER_BYTES],
                                 struct om_status *st) {
  enum om_code code = om_lineage_collect_steps(&v->lineage, v->crew ? v->txns : &v->txn, v->crew, v->network, number,
                                               v->n_steps, v->progress, st);
  *whole = code == OM_OK;
  if (code == OM_CORRUPT && om_txn_check(v->txn, st) == OM_OK) {
    om_verify_fail(v, OM_CHECK_LINEAGE, "%s", st->text);
    code = OM_OK;
  }
  if (code != OM_OK) return code;
  om_verify_pass(v, OM_CHECK_LINEAGE, v->lineage.n_events);
  return om_verify_plan(v, st);
}

static enum om_code reopen_logs(struct om_verify *v, struct om_status *st) {
  enum om_code code = om_verify_open(v, OM_LOG_REGISTRY, st);
  for (size_t i = 0; i < v->n_entries && code == OM_OK; i++) code = om_verify_open(v, v->entries[i].log, st);
  return code;
}

static void recall_rules(struct om_verify *v) {
  const struct om_remembered *r = v->recalled;
  v->stale = !om_hash_equal(&v->leaves, &r->leaves);
  v->bystanders = r->bystanders;
  for (size_t i = 0; i < OM_CHECKS; i++) om_verify_pass(v, (enum om_check_kind)i, r->passed[i]);
}

static enum om_code verify(struct om_verify *v, const uint8_t number[OM_LOT_NUMBER_BYTES], struct om_status *st) {
  bool whole = true;
  enum om_code code = v->recalled ? reopen_logs(v, st) : find_lineage(v, &whole, number, st);
  if (code == OM_CORRUPT && om_txn_check(v->txn, st) == OM_OK) {
    om_verify_fail(v, OM_CHECK_LINEAGE, "%s", st->text);
    return OM_OK;
  }
  if (code == OM_OK) code = om_verify_bearing(v, st);
  if (code == OM_OK) code = om_verify_attested(v, st);
  if (code == OM_OK) code = om_verify_papers(v, st);
  order_also(v);
  if (code == OM_OK) code = om_verify_hash(v, st);
  if (code == OM_OK && v->recalled)
    recall_rules(v);
  else if (code == OM_OK && whole)
    code = om_verify_rules(v, st);
  if (v->stale) return code;
  if (code == OM_OK) code = om_verify_keys(v, st);
  if (code == OM_OK) code = om_verify_suspended(v, st);
  if (code == OM_OK) code = om_verify_documents(v, st);
  return code;
}

void om_verify_free(struct om_verify *v) {
  for (size_t i = 0; i < v->n_logs; i++) free(v->logs[i]);
  free(v->logs);
  free(v->row_steps);
  free(v->also);
  free(v->papers);
  if (v->recalled) return;
  free(v->order);
  free(v->entry_of);
  free(v->entries);
  free(v->marks);
  free(v->naming);
  om_verify_keys_free(v);
  om_lineage_free(&v->lineage);
}

static enum om_code ask_once(struct om_verify *v, struct om_verdict *out, const struct om_verify_ask *ask,
                             struct om_verify_memory *memory, struct om_status *st) {
  om_verify_recall(v, memory, ask->number);
  enum om_code code = om_verify_run(v, out, ask->number, st);
  if (v->stale)
    om_verify_forget(memory, ask->number);
  else if (code == OM_OK && out->verified && memory && !v->recalled)
    om_verify_keep(v, memory, ask->number);
  return code;
}

enum om_code om_verify_asked(struct om_txn *txn, struct om_arena *arena, struct om_verdict *out,
                             const struct om_hash *network, const struct om_verify_ask *ask, struct om_status *st) {
  struct om_txn *txns[OM_CREW_MAX];
  struct om_verify v, begun = {.txn = txn,
                               .arena = arena,
                               .network = network,
                               .documents = ask->documents,
                               .progress = ask->progress,
                               .n_steps = ask->n_steps,
                               .deep = ask->deep};
  size_t n = om_crew_size(ask->crew);
  struct om_status alone; /* then the caller does it all */
  if (n > 1 && om_txn_twins(txns, n, txn, &alone) == OM_OK) {
    begun.crew = ask->crew;
    begun.txns = txns;
    begun.txn = txns[0];
  }
  bool plain = !ask->deep && ask->n_steps == 0;
  enum om_code code;
  do { /* a second time where what was remembered is not what stands there */
    v = begun;
    code = ask_once(&v, out, ask, plain ? ask->memory : NULL, st);
    om_verify_free(&v);
  } while (v.stale && code == OM_OK);
  for (size_t i = 0; begun.crew && i < n; i++) om_txn_abort(txns[i]);
  return code;
}

enum om_code om_verify_run(struct om_verify *v, struct om_verdict *out, const uint8_t number[OM_LOT_NUMBER_BYTES],
                           struct om_status *st) {
  v->verdict = out;
  memset(out, 0, sizeof *out);
  om_verify_name_checks(v);
  v->n_logs = om_log_count(v->txn);
  v->logs = calloc(v->n_logs + 1, sizeof *v->logs); /* also where there are none */
  OM_ASSERT(v->logs);
  enum om_code code = verify(v, number, st);
  if (code == OM_OK) om_verify_conclude(v);
  return code;
}
