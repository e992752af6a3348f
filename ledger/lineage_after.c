/* Downstream within a lineage: which of its lots came of an event, forwards along what the walk backwards has found. */
#include <stdlib.h>
#include <string.h>

#include "ledger/lineage.h"

/* For each key, a run of values: those of key k are values[first[k] .. first[k + 1]). */
struct runs {
  uint32_t *first, *values;
};

static void *zeros(size_t n) {
  void *out = calloc(n + 1, sizeof(uint32_t));
  OM_ASSERT(out);
  return out;
}

/* The events that each lot went into. */
static struct runs uses(const struct om_lineage *l) {
  struct runs r = {zeros(l->n_lots + 1), zeros(l->n_inputs)};
  for (size_t e = 0; e < l->n_events; e++)
    for (uint32_t i = 0; i < l->events[e].n_inputs; i++) r.first[l->inputs[l->events[e].first_input + i] + 1]++;
  for (size_t i = 0; i < l->n_lots; i++) r.first[i + 1] += r.first[i];
  uint32_t *at = zeros(l->n_lots + 1);
  memcpy(at, r.first, (l->n_lots + 1) * sizeof *at);
  for (size_t e = 0; e < l->n_events; e++)
    for (uint32_t i = 0; i < l->events[e].n_inputs; i++)
      r.values[at[l->inputs[l->events[e].first_input + i]]++] = (uint32_t)e;
  free(at);
  return r;
}

/* The lots that each event made; a pool is made again by each event that moved it. */
static struct runs makes(const struct om_lineage *l) {
  struct runs r = {zeros(l->n_events + 1), zeros(l->n_steps)};
  uint32_t *at = zeros(l->n_events + 1);
  for (int fill = 0; fill < 2; fill++) {
    for (size_t i = 0; i < l->n_steps; i++) {
      const struct om_lineage_step *s = &l->steps[i];
      if (l->lots[s->lot].first != i && !l->events[s->event].moved_pool) continue;
      if (fill)
        r.values[at[s->event]++] = s->lot;
      else
        r.first[s->event + 1]++;
    }
    if (fill) break;
    for (size_t i = 0; i < l->n_events; i++) r.first[i + 1] += r.first[i];
    memcpy(at, r.first, (l->n_events + 1) * sizeof *at);
  }
  free(at);
  return r;
}

uint64_t om_lineage_after(const struct om_lineage *l, uint32_t event) {
  struct runs used = uses(l), made = makes(l);
  bool *reached = calloc(l->n_lots + 1, sizeof *reached);
  uint32_t *queue = zeros(l->n_lots);
  size_t n = 0, begun;
  OM_ASSERT(reached);
  for (size_t i = 0; i < l->n_steps; i++) { /* the lots that the event itself wrote */
    if (l->steps[i].event != event || reached[l->steps[i].lot]) continue;
    reached[l->steps[i].lot] = true;
    queue[n++] = l->steps[i].lot;
  }
  begun = n;
  for (size_t i = 0; i < n; i++)
    for (uint32_t u = used.first[queue[i]]; u < used.first[queue[i] + 1]; u++)
      for (uint32_t m = made.first[used.values[u]]; m < made.first[used.values[u] + 1]; m++) {
        uint32_t lot = made.values[m];
        if (reached[lot]) continue;
        reached[lot] = true;
        queue[n++] = lot;
      }
  free(reached);
  free(queue);
  free(used.first), free(used.values);
  free(made.first), free(made.values);
  return n - begun;
}
