/* A statement judged as the next entry of a log, and the rows that follow from it: lots, drift, aliases, acts. */
#include <stdlib.h>
#include <string.h>

#include "ledger/acts.h"
#include "ledger/events/kinds.h"
#include "ledger/had.h"
#include "ledger/ledger_state.h"
#include "ledger/rules.h"

/* om_backing has one context for all questions; the judged log's number travels with the transaction. */
struct asked {
  struct om_txn *txn;
  uint32_t log;
  const struct om_part *part; /* NULL: the whole statement is judged */
};

static enum om_code backing_lot(void *ctx, struct om_arena *arena, struct om_lot *out,
                                const uint8_t number[OM_LOT_NUMBER_BYTES], struct om_status *st) {
  struct asked *asked = ctx;
  return om_lot_find(asked->txn, arena, out, number, UINT32_MAX, st);
}

/* A lot that is stated is taken as it stands there, whatever this log has marked: what it leans on is not held. */
static enum om_code part_lot(void *ctx, struct om_arena *arena, struct om_lot *out,
                             const uint8_t number[OM_LOT_NUMBER_BYTES], struct om_status *st) {
  const struct asked *asked = ctx;
  uint8_t key[OM_LOT_KEY_BYTES];
  struct om_bytes row;
  if (!asked->part->stated(asked->part->ctx, key, &row, number)) return backing_lot(ctx, arena, out, number, st);
  enum om_code code = om_lot_decode(arena, out, key, row.data, row.len, st);
  if (code == OM_OK && out->step > UINT32_MAX / 2) /* room for the steps that the statement adds */
    code = om_fail(st, OM_REFUSED, "lot", "a lot that is stated beside the entry is at a step that no lot reaches");
  out->at = (struct om_place){.log = asked->log};
  return code;
}

static enum om_code backing_mark(void *ctx, uint64_t *size, uint32_t log, struct om_status *st) {
  struct asked *asked = ctx;
  *size = om_log_mark(asked->txn, asked->log, log, UINT64_MAX);
  return om_txn_check(asked->txn, st);
}

static void drift_key(uint8_t out[OM_DRIFT_KEY_BYTES], uint32_t member, uint8_t element, uint32_t period) {
  om_be32(out, member);
  out[4] = element;
  om_be32(out + 5, period);
}

static enum om_code backing_drift(void *ctx, int64_t *mg, uint32_t member, uint8_t element, uint32_t period,
                                  struct om_status *st) {
  struct asked *asked = ctx;
  uint8_t key[OM_DRIFT_KEY_BYTES];
  struct om_bytes row;
  drift_key(key, member, element, period);
  *mg = om_txn_get(asked->txn, &row, OM_TABLE_DRIFT, key, sizeof key) && row.len == 8 ? (int64_t)om_get64(row.data) : 0;
  return om_txn_check(asked->txn, st);
}

static void put_aliases(struct om_txn *txn, const struct om_stage *stage) {
  const Oremark__Statement *s = stage->judged->statement;
  for (size_t e = 0; e < s->n_events; e++) {
    size_t n, skip;
    Oremark__Material *const *materials = om_event_materials(s->events[e], &n, &skip);
    for (size_t i = 0; i < n; i++) {
      const struct om_lot *lot = stage->outputs[stage->first[e] + skip + i];
      for (size_t a = 0; a < materials[i]->n_aliases; a++) {
        uint8_t key[OM_ALIAS_BYTES + 1 + OM_LOT_NUMBER_BYTES];
        size_t len = strlen(materials[i]->aliases[a]);
        OM_ASSERT(len <= OM_ALIAS_BYTES);
        memcpy(key, materials[i]->aliases[a], len + 1);
        memcpy(key + len + 1, lot->number, OM_LOT_NUMBER_BYTES);
        om_txn_put(txn, OM_TABLE_ALIASES, key, len + 1 + OM_LOT_NUMBER_BYTES, "", 0);
      }
    }
  }
}

static int by_number(uint64_t a, uint64_t b) {
  return (a > b) - (a < b);
}

/* As the table compares keys. Most of a statement's lots differ only in the hash. */
static int by_lot(const void *a, const void *b) {
  const struct om_lot *x = *(struct om_lot *const *)a, *y = *(struct om_lot *const *)b;
  int order = by_number(om_get64(x->number), om_get64(y->number));
  if (order == 0) order = by_number(om_get64(x->number + 8), om_get64(y->number + 8));
  if (order == 0) order = by_number(om_get32(x->number + 16), om_get32(y->number + 16));
  return order != 0 ? order : by_number(x->step, y->step);
}

/* Writes every row that the statement made. A lot number that is taken refuses the statement: eighty bits of it are a
 * hash, which chance does not meet but patience might. */
static enum om_code put_rows(struct om_txn *txn, struct om_arena *arena, const struct om_stage *stage,
                             struct om_status *st) {
  uint8_t key[OM_LOT_KEY_BYTES];
  /* In the table's order, so that neighbours are written one after the other. */
  if (stage->n_rows > 0) qsort(stage->rows, stage->n_rows, sizeof *stage->rows, by_lot);
  for (size_t i = 0; i < stage->n_rows; i++) {
    const uint8_t *row;
    size_t len;
    om_lot_key(key, stage->rows[i]->number, stage->rows[i]->step);
    om_lot_encode(arena, &row, &len, stage->rows[i]);
    if (om_txn_insert(txn, OM_TABLE_LOTS, key, sizeof key, row, len)) continue;
    om_stage_taken(stage->rows[i], st);
    while (i-- > 0) {
      om_lot_key(key, stage->rows[i]->number, stage->rows[i]->step);
      om_txn_del(txn, OM_TABLE_LOTS, key, sizeof key);
    }
    return OM_REFUSED;
  }
  return OM_OK;
}

static void put_others(struct om_txn *txn, const struct om_stage *stage) {
  for (size_t i = 0; i < stage->n_others; i++) {
    const struct om_staged_row *row = &stage->others[i];
    om_txn_put(txn, row->table, row->key, row->key_len, row->data, row->len);
  }
}

static enum om_code put_stage(struct om_txn *txn, struct om_arena *arena, const struct om_stage *stage,
                              struct om_status *st) {
  enum om_code code = put_rows(txn, arena, stage, st);
  if (code != OM_OK) return code;
  for (size_t i = 0; i < stage->n_rows; i++) om_had_put(txn, stage->rows[i]);
  for (size_t i = 0; i < stage->n_drift; i++) {
    uint8_t key[OM_DRIFT_KEY_BYTES], row[8];
    drift_key(key, stage->member.number, stage->drift[i].element, stage->drift[i].period);
    om_be64(row, (uint64_t)stage->drift[i].mg);
    om_txn_put(txn, OM_TABLE_DRIFT, key, sizeof key, row, sizeof row);
  }
  put_others(txn, stage);
  put_aliases(txn, stage);
  return OM_OK;
}

/* Of a part, what is not stated: rows of lots and of other tables. */
static enum om_code put_part(struct om_txn *txn, struct om_arena *arena, struct om_stage *stage, struct om_part *part,
                             struct om_status *st) {
  size_t kept = 0;
  for (size_t i = 0; i < stage->n_rows; i++) {
    uint8_t key[OM_LOT_KEY_BYTES];
    struct om_bytes row;
    if (part->stated(part->ctx, key, &row, stage->rows[i]->number)) continue;
    for (size_t k = 0; k < stage->rows[i]->n_contents; k++)
      part->shares += (uint32_t)stage->rows[i]->contents[k].mix.n; /* at most OM_STATEMENT_SHARES_MAX */
    stage->rows[kept++] = stage->rows[i];
  }
  stage->n_rows = kept;
  part->rows = (uint32_t)kept;
  enum om_code code = put_rows(txn, arena, stage, st);
  if (code == OM_OK) put_others(txn, stage);
  return code;
}

static void put_statement(struct om_txn *txn, const struct om_checked *checked, uint32_t log, uint64_t index) {
  uint8_t key[OM_STATEMENT_KEY_BYTES], row[OM_STATEMENT_ROW_BYTES];
  om_statement_key(key, checked->statement, &checked->statement_id);
  om_log_entry_key(row, log, index);
  om_txn_put(txn, OM_TABLE_STATEMENTS, key, sizeof key, row, sizeof row);
}

enum om_code om_statement_times(const Oremark__Statement *s, int64_t taken_ms, struct om_status *st) {
  if (taken_ms > s->not_after_ms)
    return om_fail(st, OM_REFUSED, "late",
                   "the statement was valid until %lld (Unix ms) and came at %lld: sign it anew",
                   (long long)s->not_after_ms, (long long)taken_ms);
  if (s->signed_ms > taken_ms + OM_CLOCK_AHEAD_MS)
    return om_fail(
        st, OM_REFUSED, "clock",
        "the statement says that it was signed more than a day from now: set the clock of the machine that signs");
  return OM_OK;
}

static enum om_code judge_custody(struct om_batch *batch, const struct om_case *judged, struct om_part *part,
                                  struct om_need *need, struct om_status *st) {
  struct asked asked = {batch->txn, judged->log, part};
  struct om_backing backing = {.ctx = &asked,
                               .lot = part ? part_lot : backing_lot,
                               .mark = backing_mark,
                               .drift = backing_drift,
                               .txn = batch->txn,
                               .inserts = true,
                               .uncapped = part != NULL};
  struct om_stage stage;
  enum om_code code = om_judge(&stage, &batch->arena, judged, &backing, &need->log, &need->size, st);
  if (code != OM_OK) return code;
  return part ? put_part(batch->txn, &batch->arena, &stage, part, st)
              : put_stage(batch->txn, &batch->arena, &stage, st);
}

/* Acts write as they are judged: in a part that can be undone. */
static enum om_code judge_acts(struct om_batch *batch, const struct om_case *judged, struct om_status *st) {
  enum om_code code = om_txn_part_begin(batch->txn, st);
  if (code != OM_OK) return code;
  code = om_acts_apply(batch->txn, judged, st);
  om_txn_part_end(batch->txn, code == OM_OK);
  return code;
}

/* Says where it belongs, as far as that is known. */
static enum om_code wrong_log(struct om_batch *batch, uint32_t member, bool acts, struct om_status *st) {
  const char *what = acts ? "registry acts stand in the registry log" : "the registry log holds registry acts only";
  struct om_member m = {.home_log = OM_LOG_REGISTRY};
  struct om_daemon home;
  enum om_code code = acts ? OM_OK : om_registry_member(batch->txn, &m, member, OM_REGISTRY_NOW, st);
  if (code == OM_OK && (acts || m.home_log != OM_LOG_REGISTRY))
    code = om_registry_daemon(batch->txn, &home, m.home_log, OM_REGISTRY_NOW, st);
  else if (code == OM_OK)
    code = OM_MISSING;
  if (code == OM_MISSING)
    return om_fail(st, OM_REFUSED, "registry", "%s: submit this to the member's home daemon", what);
  if (code != OM_OK) return code;
  return om_fail(st, OM_REFUSED, "registry", "%s: submit this to the daemon of %s (--socket)", what, home.origin);
}

static enum om_code judge(struct om_batch *batch, struct om_log_state *state, struct om_checked *checked,
                          int64_t taken_ms, struct om_part *part, struct om_need *need, struct om_status *st) {
  uint32_t signers[OM_SIGNATURES_MAX], key_ids[OM_SIGNATURES_MAX];
  struct om_place before;
  struct om_case judged = {.network = batch->ledger->network,
                           .statement_id = checked->statement_id,
                           .statement = checked->statement,
                           .signers = signers,
                           .key_ids = key_ids,
                           .log = state->log,
                           .index = state->edge.size,
                           .registry_size = state->registry_size,
                           .taken_ms = taken_ms,
                           .rules_known = batch->ledger->rules_known,
                           .only = part ? part->only : NULL};
  bool acts = om_kind_of(checked->statement->events[0])->class >= OM_KIND_GOVERNORS;
  if (acts != (state->log == OM_LOG_REGISTRY)) return wrong_log(batch, checked->statement->member, acts, st);
  if (om_batch_stands(batch->txn, &before, checked))
    return om_fail(st, OM_REFUSED, "again", "the statement stands in log %u as entry %llu already", before.log,
                   (unsigned long long)before.index);
  enum om_code code = om_statement_times(checked->statement, taken_ms, st);
  if (code == OM_OK) code = om_rules_statement(batch->txn, checked->statement, judged.registry_size, st);
  if (code == OM_OK) code = om_signers(signers, &judged.n_signers, checked, batch->txn, judged.registry_size, st);
  if (code != OM_OK) return code;
  OM_ASSERT(judged.n_signers == checked->signed_statement->n_signatures); /* one of each member, by its form */
  for (size_t i = 0; i < judged.n_signers; i++) key_ids[i] = checked->signed_statement->signatures[i]->key_id;
  om_arena_reset(&batch->arena);
  code = acts ? judge_acts(batch, &judged, st) : judge_custody(batch, &judged, part, need, st);
  if (code == OM_OK) put_statement(batch->txn, checked, state->log, state->edge.size);
  return code;
}

enum om_code om_batch_judge(struct om_batch *batch, struct om_log_state *state, struct om_checked *checked,
                            int64_t taken_ms, struct om_need *need, struct om_status *st) {
  return judge(batch, state, checked, taken_ms, NULL, need, st);
}

enum om_code om_batch_judge_part(struct om_batch *batch, struct om_log_state *state, struct om_checked *checked,
                                 struct om_part *part, struct om_status *st) {
  struct om_need need;
  return judge(batch, state, checked, checked->entry->taken_ms, part, &need, st);
}
