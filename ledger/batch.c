/* One batch: entries judged and appended, to the own log and to mirrors, in one LMDB transaction. */
#include <stdlib.h>
#include <string.h>

#include "ledger/accept.h"
#include "ledger/acts.h"
#include "ledger/events/kinds.h"
#include "ledger/ledger_state.h"

enum {
  CLOCK_BACK_MS =
      5000, /* how far the clock may step back (NTP does): the log's last time is used again; beyond it is a fault */
  MARKS_FOR_ONE = 64, /* marks that one statement may need: it can't lean on more logs than that at once */
};

/* ---- begin, states, end ---- */

enum om_code om_batch_begin(struct om_batch **out, struct om_ledger *ledger, struct om_status *st) {
  struct om_batch *batch = calloc(1, sizeof *batch);
  OM_ASSERT(batch);
  batch->ledger = ledger;
  enum om_code code = om_txn_write(&batch->txn, ledger->store, st);
  if (code != OM_OK) {
    free(batch);
    batch = NULL;
  }
  *out = batch;
  return code;
}

struct om_txn *om_batch_txn(struct om_batch *batch) {
  return batch->txn;
}

static void *grown(void *array, size_t *n, size_t wanted) {
  if (wanted <= *n) return array;
  struct om_log_state **grow = realloc(array, wanted * sizeof *grow);
  OM_ASSERT(grow);
  memset(grow + *n, 0, (wanted - *n) * sizeof *grow);
  *n = wanted;
  return grow;
}

enum om_code om_batch_log(struct om_batch *batch, struct om_log_state **out, uint32_t log, struct om_status *st) {
  batch->work = grown(batch->work, &batch->n_work, (size_t)log + 1);
  *out = batch->work[log];
  if (*out) return OM_OK;
  struct om_log_state *state = malloc(sizeof *state);
  OM_ASSERT(state);
  enum om_code code = OM_OK;
  if (log < batch->ledger->n_logs && batch->ledger->logs[log])
    memcpy(state, batch->ledger->logs[log], sizeof *state);
  else
    code = om_log_state_read(batch->txn, state, log, st);
  if (code != OM_OK) {
    free(state);
    return code;
  }
  *out = batch->work[log] = state;
  return OM_OK;
}

static void end(struct om_batch *batch) {
  for (size_t i = 0; i < batch->n_work; i++) free(batch->work[i]);
  free(batch->work);
  om_arena_free(&batch->arena);
  free(batch);
}

void om_batch_abort(struct om_batch *batch) {
  if (!batch) return;
  om_txn_abort(batch->txn);
  end(batch);
}

/* ---- statements ---- */

/* om_backing has one context for all questions; the judged log's number travels with the transaction. */
struct asked {
  struct om_txn *txn;
  uint32_t log;
};

static enum om_code backing_lot(void *ctx, struct om_arena *arena, struct om_lot *out,
                                const uint8_t number[OM_LOT_NUMBER_BYTES], struct om_status *st) {
  struct asked *asked = ctx;
  return om_lot_find(asked->txn, arena, out, number, UINT32_MAX, st);
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
  qsort(stage->rows, stage->n_rows, sizeof *stage->rows, by_lot);
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

static enum om_code put_stage(struct om_txn *txn, struct om_arena *arena, const struct om_stage *stage,
                              struct om_status *st) {
  enum om_code code = put_rows(txn, arena, stage, st);
  if (code != OM_OK) return code;
  for (size_t i = 0; i < stage->n_drift; i++) {
    uint8_t key[OM_DRIFT_KEY_BYTES], row[8];
    drift_key(key, stage->member.number, stage->drift[i].element, stage->drift[i].period);
    om_be64(row, (uint64_t)stage->drift[i].mg);
    om_txn_put(txn, OM_TABLE_DRIFT, key, sizeof key, row, sizeof row);
  }
  put_aliases(txn, stage);
  return OM_OK;
}

/* Where the statement stands already, if it does. */
static bool stands(struct om_txn *txn, struct om_place *out, const struct om_checked *checked) {
  struct om_status none;
  return om_statement_find(txn, out, checked->statement->member, checked->statement->signed_ms, &checked->statement_id,
                           &none) == OM_OK;
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

/* The mark without which the statement can't be judged. */
struct need {
  uint32_t log;
  uint64_t size;
};

static enum om_code judge_custody(struct om_batch *batch, const struct om_case *judged, struct need *need,
                                  struct om_status *st) {
  struct asked asked = {batch->txn, judged->log};
  struct om_backing backing = {.ctx = &asked,
                               .lot = backing_lot,
                               .mark = backing_mark,
                               .drift = backing_drift,
                               .registry = batch->txn,
                               .inserts = true};
  struct om_stage stage;
  enum om_code code = om_judge(&stage, &batch->arena, judged, &backing, &need->log, &need->size, st);
  return code == OM_OK ? put_stage(batch->txn, &batch->arena, &stage, st) : code;
}

/* Acts write as they are judged: in a part that can be undone. */
static enum om_code judge_acts(struct om_batch *batch, const struct om_case *judged, struct om_status *st) {
  enum om_code code = om_txn_part_begin(batch->txn, st);
  if (code != OM_OK) return code;
  code = om_acts_apply(batch->txn, judged, st);
  om_txn_part_end(batch->txn, code == OM_OK);
  return code;
}

/* Judges CHECKED's statement as what would be the next entry of STATE's log, and stages all that follows from it. */
static enum om_code judge(struct om_batch *batch, struct om_log_state *state, struct om_checked *checked,
                          int64_t taken_ms, struct need *need, struct om_status *st) {
  uint32_t signers[OM_SIGNATURES_MAX];
  struct om_place before;
  struct om_case judged = {.network = batch->ledger->network,
                           .statement_id = checked->statement_id,
                           .statement = checked->statement,
                           .signers = signers,
                           .log = state->log,
                           .index = state->edge.size,
                           .registry_size = state->registry_size,
                           .taken_ms = taken_ms};
  bool acts = om_kind_of(checked->statement->events[0])->class >= OM_KIND_GOVERNORS;
  if (acts != (state->log == OM_LOG_REGISTRY))
    return om_fail(st, OM_REFUSED, "registry",
                   acts ? "registry acts stand in the registry log: submit this to its daemon"
                        : "the registry log holds registry acts only: submit this to the member's home daemon");
  if (stands(batch->txn, &before, checked))
    return om_fail(st, OM_REFUSED, "again", "the statement stands in log %u as entry %llu already", before.log,
                   (unsigned long long)before.index);
  enum om_code code = om_statement_times(checked->statement, taken_ms, st);
  if (code == OM_OK) code = om_signers(signers, &judged.n_signers, checked, batch->txn, judged.registry_size, st);
  if (code != OM_OK) return code;
  om_arena_reset(&batch->arena);
  code = acts ? judge_acts(batch, &judged, st) : judge_custody(batch, &judged, need, st);
  if (code == OM_OK) put_statement(batch->txn, checked, state->log, state->edge.size);
  return code;
}

/* ---- marks ---- */

/* Entry 0 of a log is a mark of a registry that names the log. */
static enum om_code first_mark(struct om_batch *batch, const struct om_log_state *state, const Oremark__Mark *mark,
                               uint64_t size, struct om_status *st) {
  struct om_daemon own;
  if (mark->log != OM_LOG_REGISTRY)
    return om_fail(st, OM_REFUSED, "mark", "entry 0 of a log is a mark of the registry");
  if (om_registry_daemon(batch->txn, &own, state->log, size, st) == OM_OK) return OM_OK;
  return om_fail(st, OM_REFUSED, "mark", "the registry as marked does not name this log yet");
}

enum om_code om_head_matches(struct om_txn *txn, uint32_t log, const struct om_log_state *state,
                             const struct om_checkpoint *checkpoint, struct om_status *st) {
  struct om_hash root;
  if (checkpoint->size > state->edge.size)
    return om_fail(st, OM_WAIT, "behind", "log %s is held up to %llu here, the head covers %llu", checkpoint->origin,
                   (unsigned long long)state->edge.size, (unsigned long long)checkpoint->size);
  enum om_code code = OM_OK;
  if (checkpoint->size == state->edge.size)
    om_edge_root(&state->edge, &root);
  else
    code = om_log_root_at(txn, &root, log, &state->edge, checkpoint->size, st);
  if (code != OM_OK || om_hash_equal(&root, &checkpoint->root)) return code;
  return om_fail(st, OM_REFUSED, "fork",
                 "the head of %s at %llu is not of the entries that are held here: two histories of one log",
                 checkpoint->origin, (unsigned long long)checkpoint->size);
}

static enum om_code mark_order(struct om_batch *batch, const struct om_log_state *state, const Oremark__Mark *mark,
                               uint64_t size, struct om_status *st) {
  uint64_t before = om_log_mark(batch->txn, state->log, mark->log, UINT64_MAX);
  if (size <= before)
    return om_fail(st, OM_REFUSED, "mark", "log %u was marked up to %llu before, this mark says %llu", mark->log,
                   (unsigned long long)before, (unsigned long long)size);
  if (mark->log == OM_LOG_REGISTRY) return OM_OK;
  uint64_t theirs = om_log_mark(batch->txn, mark->log, OM_LOG_REGISTRY, size);
  if (theirs <= state->registry_size) return OM_OK;
  return om_fail(st, OM_REFUSED, "mark",
                 "log %u follows the registry up to %llu, this log only to %llu: mark the registry first", mark->log,
                 (unsigned long long)theirs, (unsigned long long)state->registry_size);
}

/* A log marks itself for one purpose: to record, after a change of its witnesses, a head that both lists signed. */
static enum om_code own_mark(struct om_batch *batch, const struct om_log_state *state, uint64_t recorded,
                             struct om_status *st) {
  bool settles;
  enum om_code code = om_quorum_settles(batch->txn, &settles, state->log, state->edge.size, recorded, st);
  if (code != OM_OK || settles) return code;
  return om_fail(st, OM_REFUSED, "mark",
                 "a log marks itself once after a change of its witnesses, at a head behind that change: %llu is none",
                 (unsigned long long)recorded);
}

/* A log follows the registry to another list of witnesses only when it has settled the one it has. */
static enum om_code next_list(struct om_batch *batch, const struct om_log_state *state, uint64_t size,
                              struct om_status *st) {
  bool third;
  enum om_code code = om_quorum_third(batch->txn, &third, state->log, state->edge.size, size, st);
  if (code != OM_OK || !third) return code;
  return om_fail(st, OM_REFUSED, "mark",
                 "the registry up to %llu has another list of witnesses, and this log's last change is not settled: it "
                 "must first record a head that both of its lists signed",
                 (unsigned long long)size);
}

enum om_code om_batch_mark(struct om_batch *batch, struct om_log_state *state, const Oremark__Mark *mark,
                           struct om_status *st) {
  struct om_note note;
  struct om_checkpoint head;
  struct om_log_state *marked;
  struct om_daemon known;
  uint64_t time_s;
  struct om_retired ended;
  bool newer, own = mark->log == state->log;
  if (state->log == OM_LOG_REGISTRY && !own)
    return om_fail(st, OM_REFUSED, "mark", "the registry log holds no marks of other logs");
  enum om_code code = OM_OK;
  if (mark->log != OM_LOG_REGISTRY) code = om_registry_daemon(batch->txn, &known, mark->log, state->registry_size, st);
  if (code == OM_MISSING)
    return om_fail(st, OM_REFUSED, "mark", "the marked log %u is not in the registry that this log follows", mark->log);
  if (code == OM_OK)
    code = om_head_parse(batch->txn, &note, &head, mark->log, mark->checkpoint.data, mark->checkpoint.len, st);
  if (code == OM_OK && om_registry_retired(batch->txn, &ended, mark->log, state->registry_size) &&
      head.size > ended.size)
    return om_fail(st, OM_REFUSED, "retired", "log %u has ended with %llu entries, this mark says %llu", mark->log,
                   (unsigned long long)ended.size, (unsigned long long)head.size);
  if (code == OM_OK) code = om_batch_log(batch, &marked, mark->log, st);
  if (code == OM_OK) code = om_head_matches(batch->txn, mark->log, marked, &head, st);
  if (code == OM_REFUSED && strcmp(st->rule, "fork") == 0) {
    code = om_head_forked(batch, marked, mark->checkpoint.data, mark->checkpoint.len, st);
    /* Who is to sign it stands in a history that is not held here: nothing can be said against the log that marks it.
     */
    if (code == OM_REFUSED && strcmp(st->rule, "quorum") == 0) st->code = code = OM_WAIT;
    return code;
  }
  if (code == OM_OK)
    code = om_quorum_check(batch->txn, &head, &time_s, mark->log, mark->checkpoint.data, mark->checkpoint.len, st);
  if (code == OM_OK) code = mark_order(batch, state, mark, head.size, st);
  if (code == OM_OK && own) code = own_mark(batch, state, head.size, st);
  if (code == OM_OK && state->edge.size == 0)
    code = first_mark(batch, state, mark, head.size, st);
  else if (code == OM_OK && mark->log == OM_LOG_REGISTRY && !own)
    code = next_list(batch, state, head.size, st);
  bool follows = mark->log == OM_LOG_REGISTRY && !own;
  if (code == OM_OK && follows) code = om_ended_wait(batch, state, head.size, st);
  /* What a mark leans on is final here too from now on: it is never cut while the mark stands. */
  if (code == OM_OK)
    code = om_head_final(batch, &newer, marked, head.size, time_s, mark->checkpoint.data, mark->checkpoint.len, st);
  if (code != OM_OK) return code;
  uint8_t key[OM_MARK_KEY_BYTES], row[8];
  om_mark_key(key, state->log, mark->log, state->edge.size);
  om_be64(row, head.size);
  om_txn_put(batch->txn, OM_TABLE_MARKS, key, sizeof key, row, sizeof row);
  if (follows) {
    om_ended_mark(batch, state, head.size);
    state->registry_size = head.size;
  }
  return om_txn_check(batch->txn, st);
}

/* ---- the own log ---- */

/* A varint as protobuf writes it; returns its length. */
static size_t put_varint(uint8_t *out, uint64_t value) {
  size_t n = 0;
  for (; value >= 0x80; value >>= 7) out[n++] = (uint8_t)(value | 0x80);
  out[n++] = (uint8_t)value;
  return n;
}

enum { ENTRY_TAKEN_TAG = 1 << 3, ENTRY_STATEMENT_TAG = 3 << 3 | 2, ENTRY_MARK_TAG = 4 << 3 | 2 };

/* Entry bytes around BODY, which is never repacked. */
static enum om_code append_own(struct om_batch *batch, struct om_log_state *state, uint8_t tag, const uint8_t *body,
                               size_t len, int64_t taken_ms, struct om_status *st) {
  uint8_t head[32];
  size_t n = 0;
  head[n++] = ENTRY_TAKEN_TAG;
  n += put_varint(head + n, (uint64_t)taken_ms);
  head[n++] = tag;
  n += put_varint(head + n, len);
  OM_ASSERT(n + len <= OM_ENTRY_MAX_BYTES);
  uint8_t *entry = om_arena_alloc(&batch->arena, n + len);
  memcpy(entry, head, n);
  memcpy(entry + n, body, len);
  struct om_hash leaf;
  om_leaf_hash(&leaf, entry, n + len);
  return om_log_state_append(batch->txn, state, entry, n + len, &leaf, taken_ms, st);
}

static enum om_code own_clock(const struct om_log_state *state, int64_t *taken_ms, struct om_status *st) {
  if (*taken_ms >= state->taken_ms) return OM_OK;
  if (state->taken_ms - *taken_ms > CLOCK_BACK_MS)
    return om_fail(st, OM_IO, "clock",
                   "this machine's clock is %lld s behind the log's last entry: set it; nothing is recorded until then",
                   (long long)(state->taken_ms - *taken_ms) / 1000);
  *taken_ms = state->taken_ms;
  return OM_OK;
}

/* May the own log mark the registry as far as it is final? OM_WAIT: not before it has settled its witnesses. */
static enum om_code may_follow(struct om_batch *batch, const struct om_log_state *own, uint64_t registry_final,
                               struct om_status *st) {
  bool third;
  enum om_code code = om_quorum_third(batch->txn, &third, own->log, own->edge.size, registry_final, st);
  if (code != OM_OK || !third) return code;
  return om_fail(st, OM_WAIT, "unsettled",
                 "it leans on a registry with other witnesses, and this log has not settled its last change of them "
                 "yet: try again in a moment");
}

/* Appends a mark of LOG to the own log, from the final head that is held. OM_WAIT where that does not reach SIZE, or
 * where the own log can't follow the registry so far yet. */
static enum om_code append_mark(struct om_batch *batch, struct om_log_state *own, uint32_t log, uint64_t size,
                                int64_t taken_ms, struct om_status *st) {
  struct om_bytes note;
  struct om_log_info info;
  enum om_code code = om_log_info(batch->txn, &info, log, st);
  if (code != OM_OK) return code;
  if (info.frozen)
    return om_fail(st, OM_REFUSED, "frozen",
                   "it leans on %s, which has two final histories: nothing leans on it any more until the governors "
                   "have decided",
                   info.origin);
  if (info.head_size < size)
    return om_fail(st, OM_WAIT, "not-final",
                   "it leans on entry %llu of %s, which is not final yet (final up to %llu): try again in a moment",
                   (unsigned long long)(size - 1), info.origin, (unsigned long long)info.head_size);
  if (log == OM_LOG_REGISTRY && own->log != log) code = may_follow(batch, own, info.head_size, st);
  if (code != OM_OK) return code;
  uint64_t theirs = log == OM_LOG_REGISTRY ? 0 : om_log_mark(batch->txn, log, OM_LOG_REGISTRY, info.head_size);
  if (theirs > own->registry_size) {
    code = append_mark(batch, own, OM_LOG_REGISTRY, theirs, taken_ms, st);
    if (code != OM_OK) return code;
  }
  code = om_log_final(batch->txn, &note, log, st);
  if (code != OM_OK) return code;
  om_arena_reset(&batch->arena);
  Oremark__Mark mark = OREMARK__MARK__INIT;
  mark.log = log;
  mark.checkpoint.len = note.len;
  mark.checkpoint.data = om_arena_copy(&batch->arena, note.data, note.len);
  code = om_batch_mark(batch, own, &mark, st);
  if (code != OM_OK) return code;
  uint8_t *body = om_arena_alloc(&batch->arena, oremark__mark__get_packed_size(&mark));
  size_t len = oremark__mark__pack(&mark, body);
  return append_own(batch, own, ENTRY_MARK_TAG, body, len, taken_ms, st);
}

/* OM_REFUSED: the own log has ended, as the registry here says. */
static enum om_code own_ended(struct om_batch *batch, struct om_status *st) {
  struct om_retired ended;
  struct om_daemon next;
  uint32_t own = batch->ledger->own_log;
  if (own == OM_LOG_NONE || !om_registry_retired(batch->txn, &ended, own, OM_REGISTRY_NOW)) return OM_OK;
  uint32_t successor = om_registry_successor(batch->txn, own, OM_REGISTRY_NOW);
  enum om_code code = om_registry_daemon(batch->txn, &next, successor, OM_REGISTRY_NOW, st);
  if (code != OM_OK) return code;
  return om_fail(st, OM_REFUSED, "retired",
                 "this daemon's log has ended, and its members go on in %s: submit to the daemon of that log",
                 next.origin);
}

/* The own log, begun if it can be. */
static enum om_code own_state(struct om_batch *batch, struct om_log_state **out, int64_t *taken_ms,
                              struct om_status *st) {
  uint32_t own = batch->ledger->own_log;
  bool marked;
  if (own == OM_LOG_NONE)
    return om_fail(st, OM_REFUSED, "home",
                   "this daemon has no log of its own: the registry here does not name its link key");
  enum om_code code = om_batch_log(batch, out, own, st);
  if (code == OM_OK) code = own_clock(*out, taken_ms, st);
  if (code == OM_OK && (*out)->edge.size == 0) code = om_batch_follow_registry(batch, &marked, *taken_ms, st);
  if (code == OM_OK && (*out)->edge.size == 0)
    return om_fail(st, OM_WAIT, "not-final",
                   "this log has not begun: the registry that names it is not final here yet");
  return code;
}

/* A frozen log takes nothing in: nobody cosigns it, so it would never be final. */
static enum om_code check_frozen(struct om_batch *batch, struct om_status *st) {
  bool frozen;
  uint32_t refuted;
  if (batch->ledger->own_log == OM_LOG_NONE) return OM_OK;
  om_evidence_count(batch->txn, &refuted, &frozen, batch->ledger->own_log);
  if (!frozen) return om_txn_check(batch->txn, st);
  return om_fail(st, OM_REFUSED, "frozen",
                 "this daemon's log has two final histories ('oremark evidence' shows them) and is frozen: nothing new "
                 "in it would ever be final; the governors have to end it, and its members go on in another log");
}

/* A resubmission is told where the statement stands; OM_MISSING: it is none. */
static enum om_code first_receipt(struct om_batch *batch, struct om_receipt *out, const struct om_checked *checked,
                                  struct om_status *st) {
  struct om_place place;
  if (!stands(batch->txn, &place, checked)) return OM_MISSING;
  struct om_bytes entry;
  enum om_code code = om_log_entry(batch->txn, &entry, place.log, place.index, st);
  if (code == OM_MISSING) return om_fail(st, OM_CORRUPT, NULL, "the entry of a stored statement is not there");
  if (code != OM_OK) return code;
  om_arena_reset(&batch->arena);
  const Oremark__Entry *e = oremark__entry__unpack(om_arena_protobuf(&batch->arena), entry.len, entry.data);
  if (!e) return om_fail(st, OM_CORRUPT, NULL, "a stored entry can't be read");
  *out = (struct om_receipt){checked->statement_id, place.log, place.index, e->taken_ms, true, false};
  return OM_OK;
}

enum om_code om_batch_submit(struct om_batch *batch, struct om_receipt *out, struct om_checked *checked,
                             int64_t taken_ms, struct om_status *st) {
  struct om_log_state *own;
  struct need need = {0, 0};
  enum om_code code = first_receipt(batch, out, checked, st);
  if (code != OM_MISSING) return code;
  if (om_by_hand(checked))
    return om_fail(st, OM_REFUSED, "by-hand", "such an act is accepted at each daemon by hand: oremark network accept");
  code = own_ended(batch, st);
  if (code == OM_OK) code = check_frozen(batch, st);
  if (code == OM_OK) code = own_state(batch, &own, &taken_ms, st);
  if (code == OM_OK) code = om_restart_marked(batch->txn, own->log, own->edge.size, own->registry_size, st);
  if (code == OM_OK) code = judge(batch, own, checked, taken_ms, &need, st);
  for (int i = 0; code == OM_WAIT && need.size > 0 && i < MARKS_FOR_ONE; i++) {
    code = append_mark(batch, own, need.log, need.size, taken_ms, st);
    need.size = 0;
    if (code == OM_OK) code = judge(batch, own, checked, taken_ms, &need, st);
  }
  if (code == OM_OK) {
    *out = (struct om_receipt){checked->statement_id, own->log, own->edge.size, taken_ms, false, false};
    code = append_own(batch, own, ENTRY_STATEMENT_TAG, checked->bytes, checked->len, taken_ms, st);
  }
  return code;
}

enum om_code om_batch_follow_registry(struct om_batch *batch, bool *marked, int64_t taken_ms, struct om_status *st) {
  struct om_log_state *own;
  struct om_log_info registry;
  struct om_daemon daemon;
  struct om_retired ended;
  *marked = false;
  if (batch->ledger->own_log == OM_LOG_NONE) return OM_OK;
  /* Also where nothing is to be marked: from here on the commit signs the log if it has no head of this size. */
  enum om_code code = om_batch_log(batch, &own, batch->ledger->own_log, st);
  if (code != OM_OK || own->log == OM_LOG_REGISTRY) return code;
  if (om_registry_retired(batch->txn, &ended, own->log, OM_REGISTRY_NOW)) return OM_OK;
  code = om_log_info(batch->txn, &registry, OM_LOG_REGISTRY, st);
  if (code != OM_OK || registry.head_size <= own->registry_size || registry.frozen) return code;
  if (own->edge.size == 0 && om_registry_daemon(batch->txn, &daemon, own->log, registry.head_size, st) != OM_OK)
    return st->code == OM_MISSING ? OM_OK : st->code;
  code = own_clock(own, &taken_ms, st);
  if (code == OM_OK) code = append_mark(batch, own, OM_LOG_REGISTRY, registry.head_size, taken_ms, st);
  *marked = code == OM_OK;
  return code == OM_WAIT ? OM_OK : code; /* followed when the witnesses are settled */
}

enum om_code om_batch_settle_witnesses(struct om_batch *batch, bool *marked, int64_t taken_ms, struct om_status *st) {
  struct om_log_state *own;
  struct om_log_info info;
  struct om_retired ended;
  bool settles;
  *marked = false;
  if (batch->ledger->own_log == OM_LOG_NONE) return OM_OK;
  enum om_code code = om_batch_log(batch, &own, batch->ledger->own_log, st);
  if (code == OM_OK && om_registry_retired(batch->txn, &ended, own->log, OM_REGISTRY_NOW)) return OM_OK;
  if (code == OM_OK) code = om_log_info(batch->txn, &info, own->log, st);
  if (code != OM_OK || info.head_size == 0 || own->edge.size == 0) return code;
  code = om_quorum_settles(batch->txn, &settles, own->log, own->edge.size, info.head_size, st);
  if (code == OM_REFUSED) return OM_OK; /* no quorum is possible: nothing to record */
  if (code != OM_OK || !settles) return code;
  code = own_clock(own, &taken_ms, st);
  if (code == OM_OK) code = append_mark(batch, own, own->log, info.head_size, taken_ms, st);
  if (code != OM_OK) return code;
  *marked = true;
  bool followed; /* the registry may have gone on to a list that this log had to wait for */
  return om_batch_follow_registry(batch, &followed, taken_ms, st);
}

/* ---- mirrors ---- */

enum om_code om_batch_stop_log(struct om_batch *batch, uint32_t log, uint64_t index, const uint8_t *bytes, size_t len,
                               const struct om_status *why, struct om_status *st) {
  uint8_t key[OM_EVIDENCE_KEY_BYTES];
  size_t text = strlen(why->text);
  uint8_t *row = malloc(2 + text + len);
  OM_ASSERT(row);
  row[0] = (uint8_t)(text >> 8);
  row[1] = (uint8_t)text;
  memcpy(row + 2, why->text, text);
  if (len) memcpy(row + 2 + text, bytes, len);
  om_evidence_key(key, log, OM_EVIDENCE_STOP, index);
  om_txn_put(batch->txn, OM_TABLE_EVIDENCE, key, sizeof key, row, 2 + text + len);
  free(row);
  return om_txn_check(batch->txn, st);
}

static enum om_code judge_entry(struct om_batch *batch, struct om_log_state *state, struct om_checked *checked,
                                struct om_status *st) {
  const Oremark__Entry *entry = checked->entry;
  struct need need;
  enum om_code code;
  if (entry->taken_ms < state->taken_ms)
    return om_fail(st, OM_REFUSED, "time", "the entry was taken in before the one in front of it");
  if (entry->what_case == OREMARK__ENTRY__WHAT_MARK) return om_batch_mark(batch, state, entry->mark, st);
  if (entry->what_case == OREMARK__ENTRY__WHAT_GENESIS)
    return om_fail(st, OM_REFUSED, "genesis", "a genesis stands only at the beginning of the registry log");
  if (state->edge.size == 0) return om_fail(st, OM_REFUSED, "mark", "entry 0 of a log is a mark of the registry");
  code = judge(batch, state, checked, entry->taken_ms, &need, st);
  /* Here a lack of marks is the log's own fault: they stand before what leans on them. */
  if (code == OM_WAIT || code == OM_MISSING) st->code = code = OM_REFUSED;
  return code;
}

/* Behind the head that a restart states, LOG goes on with a mark of it. */
static enum om_code check_restart(struct om_batch *batch, const struct om_log_state *state,
                                  const struct om_checked *checked, struct om_status *st) {
  const Oremark__Entry *entry = checked->entry;
  struct om_note note;
  struct om_checkpoint head;
  enum om_code code = om_restart_marked(batch->txn, state->log, state->edge.size, state->registry_size, st);
  if (code != OM_WAIT || entry->what_case != OREMARK__ENTRY__WHAT_MARK || entry->mark->log != OM_LOG_REGISTRY)
    return code;
  struct om_status why = *st;
  if (om_head_parse(batch->txn, &note, &head, OM_LOG_REGISTRY, entry->mark->checkpoint.data,
                    entry->mark->checkpoint.len, st) != OM_OK)
    return st->code;
  code = om_restart_marked(batch->txn, state->log, state->edge.size, head.size, st);
  if (code == OM_WAIT) *st = why;
  return code;
}

enum om_code om_batch_take(struct om_batch *batch, uint32_t log, uint64_t index, struct om_checked *checked,
                           struct om_status *st) {
  struct om_log_state *state;
  enum om_code code = om_batch_log(batch, &state, log, st);
  if (code != OM_OK) return code;
  OM_ASSERT(index == state->edge.size && checked->entry);
  code = om_ended_entry(batch, state, &checked->leaf, st);
  if (code == OM_OK) code = check_restart(batch, state, checked, st);
  if (code == OM_OK) code = judge_entry(batch, state, checked, st);
  return code != OM_OK ? code
                       : om_log_state_append(batch->txn, state, checked->bytes, checked->len, &checked->leaf,
                                             checked->entry->taken_ms, st);
}

/* Whether an entry of LOG was met that can't be taken. */
static bool is_stopped(struct om_txn *txn, uint32_t log) {
  uint8_t key[OM_EVIDENCE_KEY_BYTES];
  struct om_bytes row;
  om_evidence_key(key, log, OM_EVIDENCE_STOP, UINT64_MAX);
  return om_txn_last(txn, NULL, &row, OM_TABLE_EVIDENCE, key, sizeof key, 5);
}

/* The entry is invalid, as ST says: LOG ends here. */
static enum om_code stop_at(struct om_batch *batch, uint32_t log, uint64_t index, const struct om_checked *checked,
                            struct om_status *st) {
  struct om_log_info info;
  struct om_status why = *st;
  enum om_code code = om_log_info(batch->txn, &info, log, st);
  if (code != OM_OK) return code;
  om_wrap(&why, "entry %llu of %s", (unsigned long long)index, info.origin);
  code = om_batch_stop_log(batch, log, index, checked->bytes, checked->len, &why, st);
  if (code == OM_OK) *st = why;
  return st->code;
}

static enum om_code doubt_or_stop(struct om_batch *batch, uint32_t log, uint64_t index,
                                  const struct om_checked *checked, struct om_status *st) {
  struct om_log_state *state;
  struct om_status why = *st;
  bool doubted;
  enum om_code code = om_batch_log(batch, &state, log, st);
  if (code == OM_OK) code = om_lost_doubt(batch, &doubted, state, st);
  if (code != OM_OK) return code;
  *st = why;
  if (!doubted) return stop_at(batch, log, index, checked, st);
  return om_fail(st, OM_WAIT, "mending", "log %u may have gone on without what is not final here: it is fetched anew",
                 log);
}

enum om_code om_batch_mirror(struct om_batch *batch, uint32_t log, uint64_t index, struct om_checked *checked,
                             struct om_status *st) {
  OM_ASSERT(log != batch->ledger->own_log);
  if (index == 0 || is_stopped(batch->txn, log)) { /* looked at closely only where something may be wrong */
    struct om_log_info info;
    enum om_code code = om_log_info(batch->txn, &info, log, st);
    if (code != OM_OK) return code;
    if (info.stopped)
      return om_fail(st, OM_REFUSED, "stopped", "log %s is not followed further: %s", info.origin, info.stopped_why);
  }
  if (om_lost_due(batch, log))
    return om_fail(st, OM_WAIT, "mending", "another history of log %u is held here than the one that a quorum signed",
                   log);
  bool by_hand = log == OM_LOG_REGISTRY && om_by_hand(checked);
  enum om_code code =
      by_hand ? om_by_hand_wait(batch, index, checked, st) : om_batch_take(batch, log, index, checked, st);
  return code == OM_REFUSED || code == OM_MALFORMED ? doubt_or_stop(batch, log, index, checked, st) : code;
}

enum om_code om_batch_refill(struct om_batch *batch, uint64_t index, struct om_checked *checked, struct om_status *st) {
  uint32_t own = batch->ledger->own_log;
  struct om_log_state *state;
  OM_ASSERT(own != OM_LOG_NONE);
  if (own == OM_LOG_REGISTRY && om_by_hand(checked)) return om_by_hand_wait(batch, index, checked, st);
  enum om_code code = om_batch_take(batch, own, index, checked, st);
  if (code == OM_OK) code = om_batch_log(batch, &state, own, st);
  if (code != OM_OK) return code;
  return om_votes_lost(batch, own == OM_LOG_REGISTRY ? state->edge.size : state->registry_size, st);
}

/* ---- commit ---- */

/* Signs the own log's head where the stored one does not cover the log: after an append, and at the very beginning. */
static enum om_code sign_own(struct om_batch *batch, const struct om_signers_keys *keys, struct om_status *st) {
  uint32_t own = batch->ledger->own_log;
  struct om_log_state *state = own < batch->n_work ? batch->work[own] : NULL;
  struct om_bytes before;
  uint8_t key[OM_HEAD_KEY_BYTES];
  if (own == OM_LOG_NONE) return OM_OK;
  om_head_key(key, own, OM_HEAD_OWN);
  bool has_head = om_txn_get(batch->txn, &before, OM_TABLE_HEADS, key, sizeof key) && before.len > 8;
  if (has_head && (!state || om_get64(before.data) == state->edge.size)) return OM_OK;
  enum om_code code = om_batch_log(batch, &state, own, st);
  return code != OM_OK || state->edge.size == 0 ? code : om_head_sign(batch, state, keys, st);
}

void om_batch_put_logs(struct om_batch *batch) {
  for (size_t i = 0; i < batch->n_work; i++) /* a log that was only looked at has no row before its first entry */
    if (batch->work[i] && batch->work[i]->edge.size > 0) om_log_state_write(batch->txn, batch->work[i]);
}

enum om_code om_batch_commit(struct om_batch *batch, const struct om_signers_keys *keys, struct om_status *st) {
  struct om_ledger *ledger = batch->ledger;
  enum om_code code = OM_OK;
  if (OM_LOG_REGISTRY < batch->n_work && batch->work[OM_LOG_REGISTRY])
    code = om_ledger_find_own(ledger, batch->txn, st);
  if (code == OM_OK && keys) code = sign_own(batch, keys, st);
  if (code != OM_OK) {
    om_batch_abort(batch);
    return code;
  }
  om_batch_put_logs(batch);
  if (OM_LOG_REGISTRY < batch->n_work && batch->work[OM_LOG_REGISTRY])
    batch->lost = batch->lost || om_ended_lost(batch->txn);
  code = om_txn_commit(batch->txn, st);
  if (code == OM_OK) {
    ledger->lost = ledger->lost || batch->lost;
    ledger->logs = grown(ledger->logs, &ledger->n_logs, batch->n_work);
    for (size_t i = 0; i < batch->n_work; i++) {
      if (!batch->work[i]) continue;
      free(ledger->logs[i]);
      ledger->logs[i] = batch->work[i];
      batch->work[i] = NULL;
    }
  }
  end(batch);
  return code;
}
