#include "cli/explain.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/show.h"
#include "ledger/lineage.h"
#include "ledger/step.h"

/* A record, and when its log took it in. */
struct record {
  int64_t taken_ms;
  struct om_place at;
};

static int in_order(const void *a, const void *b) {
  const struct record *x = a, *y = b;
  if (x->taken_ms != y->taken_ms) return x->taken_ms < y->taken_ms ? -1 : 1;
  if (x->at.log != y->at.log) return x->at.log < y->at.log ? -1 : 1;
  if (x->at.index != y->at.index) return x->at.index < y->at.index ? -1 : 1;
  return (x->at.event > y->at.event) - (x->at.event < y->at.event);
}

static enum om_code find_records(struct record *out, struct om_txn *txn, const struct om_lineage *lineage,
                                 struct om_status *st) {
  for (size_t i = 0; i < lineage->n_events; i++) {
    const struct om_lineage_event *e = &lineage->events[i];
    struct om_bytes entry;
    struct om_found found;
    if (om_log_entry(txn, &entry, e->log, e->index, st) != OM_OK) return st->code;
    if (!om_find_event(&found, entry.data, entry.len, e->event))
      return om_fail(st, OM_CORRUPT, NULL, "entry %" PRIu64 " of log %u holds no event %u", e->index, e->log, e->event);
    out[i] = (struct record){found.taken_ms, {.log = e->log, .index = e->index, .event = e->event}};
  }
  if (lineage->n_events > 0) qsort(out, lineage->n_events, sizeof *out, in_order);
  return OM_OK;
}

static const struct om_verdict_log *head_of(const struct om_verdict *verdict, uint32_t log) {
  for (size_t i = 0; i < verdict->n_logs; i++)
    if (verdict->logs[i].log == log) return &verdict->logs[i];
  return NULL;
}

static void show(FILE *out, size_t number, const struct om_step *step, const struct om_verdict_log *head) {
  char when[OM_TIME_TEXT_BYTES], mark[64], text[OM_SHOW_BYTES], name[OM_SHOW_BYTES];
  om_time_format(when, sizeof when, step->at_ms, step->zone_min);
  fprintf(out, "%6zu  %s  %s, by %s (member %u)\n", number, when, step->kind, om_show_text(name, step->member_name),
          step->member);
  snprintf(mark, sizeof mark, "%8s", "");
  om_show_wrapped(out, mark, om_show_text(text, step->text.bytes));
  fprintf(out, "%8sentry %" PRIu64 " of %s", "", step->at.index, om_show_text(name, step->origin));
  if (head && head->size > step->at.index) {
    fprintf(out, ", under its head at %" PRIu64, head->size);
    if (head->k > 0) fprintf(out, ", cosigned by %u operator%s", head->k, head->k == 1 ? "" : "s");
  }
  fputc('\n', out);
}

static json_t *record_json(const struct om_step *step, const struct om_verdict_log *head) {
  return json_pack("{s:o, s:s, s:I, s:o, s:o, s:o, s:I, s:I, s:o, s:o}", "at",
                   om_json_time(step->at_ms, step->zone_min), "kind", step->kind, "member", (json_int_t)step->member,
                   "member_name", om_json_text(step->member_name), "text", om_json_text(step->text.bytes), "origin",
                   om_json_text(step->origin), "index", (json_int_t)step->at.index, "event", (json_int_t)step->at.event,
                   "event_id", om_json_hex(step->event_id.bytes, OM_HASH_BYTES), "head_size",
                   head ? json_integer((json_int_t)head->size) : json_null());
}

static enum om_code tell_records(FILE *out, json_t *json, struct om_txn *txn, const struct om_hash *network,
                                 const struct om_lineage *lineage, struct record *records,
                                 const struct om_verdict *verdict, struct om_status *st) {
  struct om_arena arena = {0};
  enum om_code code = find_records(records, txn, lineage, st);
  for (size_t i = 0; i < lineage->n_events && code == OM_OK; i++) {
    struct om_step step;
    om_arena_reset(&arena);
    code = om_step_read(txn, &arena, &step, network, &records[i].at, st);
    const struct om_verdict_log *head = head_of(verdict, records[i].at.log);
    if (code == OM_OK && json) json_array_append_new(json, record_json(&step, head));
    if (code == OM_OK && !json) show(out, i + 1, &step, head);
  }
  om_arena_free(&arena);
  return code;
}

enum om_code om_explain(FILE *out, json_t *json, struct om_txn *txn, const struct om_hash *network,
                        const uint8_t number[OM_LOT_NUMBER_BYTES], uint32_t n_steps, const struct om_verdict *verdict,
                        struct om_status *st) {
  struct om_lineage lineage;
  enum om_code code = om_lineage_collect_steps(&lineage, &txn, NULL, network, number, n_steps, NULL, st);
  if (code == OM_OK) {
    struct record *records = calloc(lineage.n_events + 1, sizeof *records);
    OM_ASSERT(records);
    code = tell_records(out, json, txn, network, &lineage, records, verdict, st);
    free(records);
  }
  om_lineage_free(&lineage);
  return code;
}
