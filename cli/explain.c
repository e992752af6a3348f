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

static const char *doubt(const struct om_revoked_signer *signer) {
  if (signer->key.stolen_ms == 0) return "since when another had it is not known, so that this may be another's";
  return signer->before ? "this was final before the theft"
                        : "this was not known to be final before the theft, and may be another's";
}

static void show_signers(FILE *out, const struct om_signed_by_revoked *revoked) {
  for (size_t i = 0; i < revoked->n; i++)
    fprintf(out, "%8ssigned with key %08x of member %u, which was revoked since: %s\n", "", revoked->signers[i].key.id,
            revoked->signers[i].key.member, doubt(&revoked->signers[i]));
}

static json_t *signers_json(const struct om_signed_by_revoked *revoked) {
  json_t *out = json_array();
  for (size_t i = 0; i < revoked->n; i++) {
    const struct om_revoked_signer *signer = &revoked->signers[i];
    char id[9];
    snprintf(id, sizeof id, "%08x", signer->key.id);
    json_array_append_new(
        out, json_pack("{s:s, s:I, s:o, s:b}", "key", id, "member", (json_int_t)signer->key.member, "stolen",
                       signer->key.stolen_ms ? om_json_time(signer->key.stolen_ms, 0) : json_null(),
                       "final_before_theft", signer->before));
  }
  return out;
}

static void show(FILE *out, size_t number, const struct om_step *step, const struct om_verdict_log *head,
                 const struct om_signed_by_revoked *revoked) {
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
  show_signers(out, revoked);
}

static json_t *record_json(const struct om_step *step, const struct om_verdict_log *head,
                           const struct om_signed_by_revoked *revoked) {
  return json_pack("{s:o, s:s, s:I, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o}", "at",
                   om_json_time(step->at_ms, step->zone_min), "kind", step->kind, "member", (json_int_t)step->member,
                   "member_name", om_json_text(step->member_name), "text", om_json_text(step->text.bytes), "origin",
                   om_json_text(step->origin), "index", (json_int_t)step->at.index, "event", (json_int_t)step->at.event,
                   "event_id", om_json_hex(step->event_id.bytes, OM_HASH_BYTES), "head_size",
                   head ? json_integer((json_int_t)head->size) : json_null(), "revoked_keys", signers_json(revoked));
}

static enum om_code tell_records(FILE *out, json_t *json, struct om_txn *txn, const struct om_hash *network,
                                 const struct om_lineage *lineage, struct record *records,
                                 const struct om_verdict *verdict, struct om_status *st) {
  struct om_arena arena = {0};
  enum om_code code = find_records(records, txn, lineage, st);
  for (size_t i = 0; i < lineage->n_events && code == OM_OK; i++) {
    struct om_step step;
    struct om_signed_by_revoked revoked;
    om_arena_reset(&arena);
    code = om_step_read(txn, &arena, &step, network, &records[i].at, st);
    if (code == OM_OK) code = om_signed_by_revoked(txn, &revoked, records[i].at.log, records[i].at.index, st);
    const struct om_verdict_log *head = head_of(verdict, records[i].at.log);
    if (code == OM_OK && json) json_array_append_new(json, record_json(&step, head, &revoked));
    if (code == OM_OK && !json) show(out, i + 1, &step, head, &revoked);
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
