#include "ledger/trace.h"

#include <stdlib.h>
#include <string.h>

struct trace {
  struct om_txn *txn;
  const struct om_hash *network;
  struct om_lineage lineage;
  struct om_arena arena; /* of the node in hand */
};

static struct om_place place_of(const struct om_lineage_event *e) {
  return (struct om_place){.log = e->log, .index = e->index, .event = e->event};
}

static enum om_code read_step(struct trace *t, struct om_step *out, uint32_t step, struct om_status *st) {
  struct om_place at = place_of(&t->lineage.events[t->lineage.steps[step].event]);
  return om_step_read(t->txn, &t->arena, out, t->network, &at, st);
}

/* What went into LOT: into the event that made it, and a pool also by every later one. */
static void gather_inputs(struct trace *t, struct om_trace_node *node) {
  const struct om_lineage *l = &t->lineage;
  const struct om_lineage_lot *lot = &l->lots[node->node];
  size_t n = 0;
  for (uint32_t s = lot->first; s != OM_LINEAGE_NONE && (s == lot->first || node->lot.pool); s = l->steps[s].next)
    n += l->events[l->steps[s].event].n_inputs;
  uint32_t *inputs = om_arena_array(&t->arena, n, sizeof *inputs);
  node->inputs = inputs;
  for (uint32_t s = lot->first; s != OM_LINEAGE_NONE && (s == lot->first || node->lot.pool); s = l->steps[s].next) {
    const struct om_lineage_event *e = &l->events[l->steps[s].event];
    for (uint32_t i = 0; i < e->n_inputs; i++)
      if (l->inputs[e->first_input + i] != node->node) inputs[node->n_inputs++] = l->inputs[e->first_input + i];
  }
}

static enum om_code read_node(struct trace *t, struct om_trace_node *node, uint32_t index, struct om_status *st) {
  const struct om_lineage_lot *lot = &t->lineage.lots[index];
  *node = (struct om_trace_node){.node = index};
  om_arena_reset(&t->arena);
  enum om_code code = om_lot_get_step(t->txn, &t->arena, &node->lot, lot->number, lot->n_steps - 1, st);
  if (code == OM_OK) code = read_step(t, &node->made_by, lot->first, st);
  if (code != OM_OK) return code;
  node->moved_by = node->made_by;
  bool ended = node->lot.state == OM_LOT_CONSUMED || node->lot.state == OM_LOT_RETIRED;
  node->moves = lot->n_steps - 1 - (ended ? 1 : 0);
  if (index == 0 || node->lot.pool) code = read_step(t, &node->moved_by, lot->last, st);
  if (code == OM_OK) gather_inputs(t, node);
  return code;
}

enum om_code om_trace(struct om_txn *txn, const struct om_hash *network, const uint8_t number[OM_LOT_NUMBER_BYTES],
                      om_trace_fn *told, void *ctx, const struct om_progress *progress, struct om_status *st) {
  struct trace *t = calloc(1, sizeof *t);
  struct om_trace_node *node = malloc(sizeof *node);
  OM_ASSERT(t && node);
  t->txn = txn;
  t->network = network;
  enum om_code code = om_lineage_collect(&t->lineage, txn, network, number, progress, st);
  uint32_t n = (uint32_t)t->lineage.n_lots;
  for (uint32_t i = 0; i < n && code == OM_OK; i++) {
    code = read_node(t, node, i, st);
    if (code == OM_OK) code = told(ctx, node, n, st);
  }
  om_lineage_free(&t->lineage);
  om_arena_free(&t->arena);
  free(node);
  free(t);
  return code;
}
