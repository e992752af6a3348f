/* Which entries a verification goes over, in what order, leaning on which marks. */
#include "ledger/verify_state.h"

#include <stdlib.h>

#include "ledger/ledger_state.h"

static int by_place(const void *a, const void *b, void *arg) {
  const struct om_lineage *l = arg;
  const struct om_lineage_event *x = &l->events[*(const uint32_t *)a], *y = &l->events[*(const uint32_t *)b];
  if (x->log != y->log) return x->log < y->log ? -1 : 1;
  if (x->index != y->index) return x->index < y->index ? -1 : 1;
  return (x->event > y->event) - (x->event < y->event);
}

static void *array(size_t n, size_t size) {
  void *out = calloc(n + 1, size); /* also where there are none */
  OM_ASSERT(out);
  return out;
}

static void order_events(struct om_verify *v) {
  const struct om_lineage *l = &v->lineage;
  size_t n = l->n_events;
  v->order = array(n, sizeof *v->order);
  v->entry_of = array(n, sizeof *v->entry_of);
  v->entries = array(n + 1, sizeof *v->entries);
  for (size_t i = 0; i < n; i++) v->order[i] = (uint32_t)i;
  qsort_r(v->order, n, sizeof *v->order, by_place, (void *)(uintptr_t)l);
  for (size_t i = 0; i < n; i++) {
    const struct om_lineage_event *e = &l->events[v->order[i]];
    struct om_verify_entry *last = v->n_entries == 0 ? NULL : &v->entries[v->n_entries - 1];
    if (!last || last->log != e->log || last->index != e->index)
      v->entries[v->n_entries++] =
          (struct om_verify_entry){.log = e->log, .index = e->index, .first_event = (uint32_t)i};
    v->entry_of[v->order[i]] = (uint32_t)v->n_entries - 1;
  }
  v->entries[v->n_entries].first_event = (uint32_t)n;
}

/* Steps by entry: counted, summed up, put in their places. */
static void order_steps(struct om_verify *v) {
  const struct om_lineage *l = &v->lineage;
  v->row_steps = array(l->n_steps, sizeof *v->row_steps);
  for (size_t i = 0; i < l->n_steps; i++) v->entries[v->entry_of[l->steps[i].event]].first_step++;
  uint32_t sum = 0;
  for (size_t i = 0; i <= v->n_entries; i++) {
    sum += v->entries[i].first_step;
    v->entries[i].first_step = sum;
  }
  for (size_t i = l->n_steps; i-- > 0;)
    v->row_steps[--v->entries[v->entry_of[l->steps[i].event]].first_step] = (uint32_t)i;
}

static void add_mark(struct om_verify *v, uint32_t log, uint32_t marked, uint64_t index, uint64_t size) {
  if (v->n_marks == v->cap_marks) {
    v->cap_marks = v->cap_marks == 0 ? 256 : 2 * v->cap_marks;
    v->marks = realloc(v->marks, v->cap_marks * sizeof *v->marks);
    OM_ASSERT(v->marks);
  }
  v->marks[v->n_marks++] = (struct om_verify_mark){.index = index, .size = size, .log = log, .marked = marked};
}

/* Each entry's registry mark: backwards, so that one look-up serves all entries behind the same mark. */
static void find_registry_marks(struct om_verify *v) {
  uint64_t from = UINT64_MAX, size = 0;
  for (size_t i = v->n_entries; i-- > 0;) {
    struct om_verify_entry *e = &v->entries[i];
    bool same = i + 1 < v->n_entries && e[1].log == e->log && e->index > from;
    if (!same) {
      if (!om_log_mark_at(v->txn, &size, &from, e->log, OM_LOG_REGISTRY, e->index)) {
        om_verify_fail(v, OM_CHECK_MARK, "entry %llu of %s stands behind no mark of the registry",
                       (unsigned long long)e->index, om_verify_origin(v, e->log));
        from = UINT64_MAX;
        continue;
      }
      add_mark(v, e->log, OM_LOG_REGISTRY, from, size);
    }
    e->registry_size = size;
    om_verify_pass(v, OM_CHECK_MARK, 1);
  }
}

/* TO moves a lot that FROM, in another log, moved before. */
static void find_mark(struct om_verify *v, const struct om_verify_entry *from, const struct om_verify_entry *to) {
  uint64_t size, at;
  if (!om_log_mark_at(v->txn, &size, &at, to->log, from->log, to->index) || size <= from->index) {
    om_verify_fail(v, OM_CHECK_MARK, "entry %llu of %s leans on entry %llu of %s, which no mark before it covers",
                   (unsigned long long)to->index, om_verify_origin(v, to->log), (unsigned long long)from->index,
                   om_verify_origin(v, from->log));
    return;
  }
  add_mark(v, to->log, from->log, at, size);
  om_verify_pass(v, OM_CHECK_MARK, 1);
}

static void order_entries(struct om_verify *v) {
  const struct om_lineage *l = &v->lineage;
  for (size_t i = 0; i < l->n_steps; i++) {
    if (l->steps[i].next == OM_LINEAGE_NONE) continue;
    const struct om_verify_entry *from = &v->entries[v->entry_of[l->steps[i].event]];
    struct om_verify_entry *to = &v->entries[v->entry_of[l->steps[l->steps[i].next].event]];
    if (from == to) continue;
    to->waits++;
    if (from->log != to->log) find_mark(v, from, to);
  }
}

static int mark_order(const void *a, const void *b) {
  const struct om_verify_mark *x = a, *y = b;
  if (x->log != y->log) return x->log < y->log ? -1 : 1;
  return (x->index > y->index) - (x->index < y->index);
}

enum om_code om_verify_plan(struct om_verify *v, struct om_status *st) {
  enum om_code code = om_verify_open(v, OM_LOG_REGISTRY, st);
  order_events(v);
  order_steps(v);
  for (size_t i = 0; i < v->n_entries && code == OM_OK; i++) code = om_verify_open(v, v->entries[i].log, st);
  for (uint32_t i = 0; v->given && i < v->given->n_logs && code == OM_OK; i++)
    if (v->given->entries[i] > 0) code = om_verify_open(v, i, st);
  if (code != OM_OK) return code;
  find_registry_marks(v);
  order_entries(v);
  if (v->n_marks > 0) qsort(v->marks, v->n_marks, sizeof *v->marks, mark_order);
  size_t n = 0;
  for (size_t i = 0; i < v->n_marks; i++)
    if (n == 0 || mark_order(&v->marks[n - 1], &v->marks[i]) != 0) v->marks[n++] = v->marks[i];
  v->n_marks = n;
  return om_txn_check(v->txn, st);
}
