/* Which entries a bundle needs: those of the lineage, the attestations that bear on it, and for each of them the marks
 * by which it is judged, down to the heads. */
#include <stdlib.h>
#include <string.h>

#include "ledger/bearing.h"
#include "ledger/bundle_state.h"
#include "ledger/ledger_state.h"
#include "ledger/step.h"
#include "ledger/times.h"

/* ---- arrays ---- */

static void *grown(void *array, size_t n, size_t *cap, size_t size) {
  if (n < *cap) return array;
  *cap = *cap == 0 ? 64 : 2 * *cap;
  array = realloc(array, *cap * size);
  OM_ASSERT(array);
  return array;
}

static size_t slot_of(const struct om_bundle_needs *needs, uint32_t log, uint64_t index) {
  uint64_t h = (index ^ (uint64_t)log << 40) * UINT64_C(0x9E3779B97F4A7C15);
  size_t at = (size_t)(h ^ h >> 32) & (needs->n_slots - 1);
  for (; needs->slots[at] != 0; at = (at + 1) & (needs->n_slots - 1)) {
    const struct om_bundle_need *need = &needs->all[needs->slots[at] - 1];
    if (need->log == log && need->index == index) break;
  }
  return at;
}

static void make_room(struct om_bundle_needs *needs) {
  if (needs->n_slots > 2 * needs->n) return;
  needs->n_slots = needs->n_slots == 0 ? 256 : 2 * needs->n_slots;
  free(needs->slots);
  needs->slots = calloc(needs->n_slots, sizeof *needs->slots);
  OM_ASSERT(needs->slots);
  for (size_t i = 0; i < needs->n; i++)
    needs->slots[slot_of(needs, needs->all[i].log, needs->all[i].index)] = (uint32_t)i + 1;
}

/* Adds entry INDEX of LOG; of a mark, what it covers. False: it was there. */
static bool add(struct om_bundle_needs *needs, uint32_t log, uint64_t index, uint32_t marked, uint64_t size) {
  make_room(needs);
  size_t at = slot_of(needs, log, index);
  if (needs->slots[at] != 0) return false;
  needs->all = grown(needs->all, needs->n, &needs->cap, sizeof *needs->all);
  needs->all[needs->n] = (struct om_bundle_need){index, size, log, marked};
  needs->slots[at] = (uint32_t)++needs->n;
  return true;
}

/* ---- what needs what ---- */

static void touch(struct om_bundle_needs *needs, uint32_t log);

/* The last mark of the registry that LOG has below INDEX. */
static void need_registry(struct om_bundle_needs *needs, uint32_t log, uint64_t index) {
  uint64_t size, at;
  touch(needs, log);
  if (om_log_mark_at(needs->v->txn, &size, &at, log, OM_LOG_REGISTRY, index))
    add(needs, log, at, OM_LOG_REGISTRY, size);
}

static void need_entry(struct om_bundle_needs *needs, uint32_t log, uint64_t index, uint32_t marked, uint64_t size) {
  if (log == OM_LOG_REGISTRY || !add(needs, log, index, marked, size)) return;
  need_registry(needs, log, index);
}

/* The last mark of MARKED that LOG has below INDEX, and what that is judged by: the witnesses of MARKED at that size.
 */
static void need_mark(struct om_bundle_needs *needs, uint32_t log, uint64_t index, uint32_t marked) {
  uint64_t size, at;
  if (marked == log || log == OM_LOG_REGISTRY) return;
  if (marked == OM_LOG_REGISTRY) return need_registry(needs, log, index);
  if (!om_log_mark_at(needs->v->txn, &size, &at, log, marked, index)) return;
  need_entry(needs, log, at, marked, size);
  need_registry(needs, marked, size);
}

/* What any log that is in the file needs: its first entry, the marks of itself that settled its witnesses, with the
 * lists that they settled, and the list of its head. */
static void touch(struct om_bundle_needs *needs, uint32_t log) {
  uint64_t below, recorded, at;
  if (log >= needs->v->n_logs || needs->touched[log]) return;
  needs->touched[log] = true;
  enum om_code code = om_verify_open(needs->v, log, &needs->st);
  if (code != OM_OK) needs->code = code;
  if (code != OM_OK || log == OM_LOG_REGISTRY) return;
  below = needs->v->logs[log]->head.size;
  need_registry(needs, log, 1);
  need_registry(needs, log, below);
  for (; om_log_mark_at(needs->v->txn, &recorded, &at, log, log, below); below = at) {
    need_entry(needs, log, at, log, recorded);
    need_registry(needs, log, recorded);
  }
}

static void add_other(struct om_bundle_needs *needs, uint32_t log, uint64_t index,
                      const uint8_t number[OM_LOT_NUMBER_BYTES], uint32_t step) {
  needs->others = grown(needs->others, needs->n_others, &needs->cap_others, sizeof *needs->others);
  struct om_bundle_other *other = &needs->others[needs->n_others++];
  *other = (struct om_bundle_other){.index = index, .log = log, .step = step};
  memcpy(other->number, number, sizeof other->number);
}

/* ---- while the lineage is judged ---- */

static void saw_mark(void *ctx, uint32_t log, uint64_t index, uint32_t marked) {
  need_mark(ctx, log, index, marked);
}

static void saw_other(void *ctx, size_t entry, const uint8_t number[OM_LOT_NUMBER_BYTES], uint32_t step) {
  struct om_bundle_needs *needs = ctx;
  const struct om_verify_entry *e = &needs->v->entries[entry];
  add_other(needs, e->log, e->index, number, step);
}

/* The first head that is known here to have covered the entry: one that was held here, or that a log has marked. */
static void saw_time(void *ctx, uint32_t log, uint64_t index) {
  struct om_bundle_needs *needs = ctx;
  struct om_time_of time;
  if (!om_times_first(needs->v->txn, &time, log, index)) return;
  if (needs->n_times > 0 && needs->times[needs->n_times - 1].log == log &&
      needs->times[needs->n_times - 1].time.size == time.size)
    return; /* neighbours are mostly final by the same head */
  needs->times = grown(needs->times, needs->n_times, &needs->cap_times, sizeof *needs->times);
  needs->times[needs->n_times++] = (struct om_bundle_time){log, time};
  need_registry(needs, log, time.size);
}

/* When the lot's own steps were final, for who asks what it was as of a time. */
static void time_steps(struct om_bundle_needs *needs) {
  const struct om_lineage *l = &needs->v->lineage;
  for (uint32_t i = l->n_lots > 0 ? l->lots[0].first : OM_LINEAGE_NONE; i != OM_LINEAGE_NONE; i = l->steps[i].next)
    saw_time(needs, l->events[l->steps[i].event].log, l->events[l->steps[i].event].index);
}

void om_bundle_needs_watch(struct om_bundle_needs *needs, struct om_verify_watch *watch) {
  *watch = (struct om_verify_watch){.ctx = needs, .mark = saw_mark, .other = saw_other, .when = saw_time};
  size_t n = (size_t)om_log_count(needs->v->txn) + 1;
  needs->touched = calloc(n, sizeof *needs->touched);
  needs->vouchers = calloc(n, sizeof *needs->vouchers);
  OM_ASSERT(needs->touched && needs->vouchers);
}

/* ---- attestations ---- */

/* The event at PLACE, where the head covers it; what nobody answers for yet is left out. */
static enum om_code say(struct om_bundle_needs *needs, const struct om_place *place, struct om_status *st) {
  struct om_verify *v = needs->v;
  if (place->log == OM_LOG_REGISTRY) return OM_OK;
  enum om_code code = om_verify_open(v, place->log, st);
  if (code != OM_OK || !v->logs[place->log]->has_head || place->index >= v->logs[place->log]->head.size) return code;
  needs->said = grown(needs->said, needs->n_said, &needs->cap_said, sizeof *needs->said);
  needs->said[needs->n_said++] = (struct om_bundle_said){place->index, place->log, place->event};
  need_entry(needs, place->log, place->index, OM_LOG_NONE, 0);
  return OM_OK;
}

/* What is said at PLACE, and what has ended it. */
static enum om_code say_with_end(struct om_bundle_needs *needs, const struct om_place *place, struct om_status *st) {
  struct om_place by = {0};
  int kind;
  enum om_code code = say(needs, place, st);
  while (code == OM_OK && om_attested_end(needs->v->txn, &by, &kind, place)) code = say(needs, &by, st);
  return code;
}

static enum om_code say_bearing(struct om_bundle_needs *needs, struct om_status *st) {
  struct om_arena arena = {0};
  struct om_bearing *list;
  size_t n;
  struct om_verify *v = needs->v;
  enum om_code code = om_bearing_collect(v->txn, &arena, &list, &n, v->network, &v->lineage, v->progress, st);
  for (size_t i = 0; i < n && code == OM_OK; i++) code = say_with_end(needs, &list[i].what.at, st);
  om_arena_free(&arena);
  return code;
}

/* What was said of the lots: assays, certificates. */
static enum om_code say_of_lots(struct om_bundle_needs *needs, struct om_status *st) {
  const struct om_lineage *l = &needs->v->lineage;
  enum om_code code = OM_OK;
  for (size_t i = 0; i < l->n_lots && code == OM_OK; i++) {
    struct om_subject_key about;
    struct om_place at = {0};
    int kind;
    om_about_lot(&about, l->lots[i].number);
    while (code == OM_OK && om_attested_next(needs->v->txn, &at, &kind, &about)) code = say_with_end(needs, &at, st);
  }
  return code;
}

/* A lot that an attestation speaks of: every log that it was moved in, of which this one has a mark. A lot outside the
 * lineage stands beside the entry. */
static enum om_code lean_on_lot(struct om_bundle_needs *needs, const struct om_bundle_said *said,
                                const uint8_t number[OM_LOT_NUMBER_BYTES], struct om_status *st) {
  struct om_txn *txn = needs->v->txn;
  bool of_lineage = om_lineage_find(&needs->v->lineage, number) != OM_LINEAGE_NONE;
  uint8_t key[OM_LOT_KEY_BYTES];
  struct om_bytes bytes;
  struct om_lot row;
  uint32_t before = OM_LOG_NONE, step = 0;
  for (;; step++) {
    om_lot_key(key, number, step);
    if (!om_txn_get(txn, &bytes, OM_TABLE_LOTS, key, sizeof key)) break;
    enum om_code code = om_lot_decode_head(&row, key, bytes.data, bytes.len, st);
    if (code != OM_OK) return code;
    if (row.at.log == said->log && row.at.index >= said->index) break;
    if (of_lineage && row.at.log != before) need_mark(needs, said->log, said->index, row.at.log);
    before = row.at.log;
  }
  if (!of_lineage && step > 0) add_other(needs, said->log, said->index, number, step - 1);
  return om_txn_check(txn, st);
}

static enum om_code lean_on_event(struct om_bundle_needs *needs, const struct om_bundle_said *said,
                                  const Oremark__EventRef *ref, struct om_status *st) {
  struct om_place at;
  struct om_hash id;
  if (!ref || ref->statement_id.len != OM_HASH_BYTES) return OM_OK;
  memcpy(id.bytes, ref->statement_id.data, OM_HASH_BYTES);
  enum om_code code = om_statement_find(needs->v->txn, &at, ref->member, ref->signed_ms, &id, st);
  if (code == OM_OK) need_mark(needs, said->log, said->index, at.log);
  return code == OM_MISSING ? OM_OK : code;
}

static enum om_code lean_on_subject(struct om_bundle_needs *needs, const struct om_bundle_said *said,
                                    const Oremark__Subject *subject, struct om_status *st) {
  if (subject && subject->event) return lean_on_event(needs, said, subject->event, st);
  if (subject && subject->lot.len == OM_LOT_NUMBER_BYTES) return lean_on_lot(needs, said, subject->lot.data, st);
  return OM_OK;
}

static enum om_code lean(struct om_bundle_needs *needs, const struct om_bundle_said *said, const Oremark__Event *event,
                         struct om_status *st) {
  enum om_code code = OM_OK;
  switch ((int)event->kind_case) {
    case OREMARK__EVENT__KIND_ASSAY: return lean_on_subject(needs, said, event->assay->subject, st);
    case OREMARK__EVENT__KIND_CERTIFY: return lean_on_subject(needs, said, event->certify->subject, st);
    case OREMARK__EVENT__KIND_FLAG: return lean_on_subject(needs, said, event->flag->subject, st);
    case OREMARK__EVENT__KIND_CLEAR: return lean_on_event(needs, said, event->clear->flag, st);
    case OREMARK__EVENT__KIND_WITHDRAW: return lean_on_event(needs, said, event->withdraw->certificate, st);
    case OREMARK__EVENT__KIND_CORRECT:
      code = lean_on_event(needs, said, event->correct->event, st);
      if (code == OM_OK && event->correct->lot && event->correct->lot->number.len == OM_LOT_NUMBER_BYTES)
        code = lean_on_lot(needs, said, event->correct->lot->number.data, st);
      return code;
    default: return OM_OK;
  }
}

/* Who speaks may have come from another log: a mark of each shows that it is bound by the move. */
static enum om_code lean_on_homes(struct om_bundle_needs *needs, const struct om_bundle_said *said, uint32_t number,
                                  struct om_status *st) {
  struct om_member member;
  uint64_t size, at;
  if (!om_log_mark_at(needs->v->txn, &size, &at, said->log, OM_LOG_REGISTRY, said->index)) return OM_OK;
  enum om_code code = om_registry_member(needs->v->txn, &member, number, size, st);
  while (code == OM_OK && member.moves > 0) {
    need_mark(needs, said->log, said->index, member.home_before);
    code = om_registry_member(needs->v->txn, &member, number, member.home_since, st);
  }
  return code;
}

static enum om_code lean_all(struct om_bundle_needs *needs, struct om_status *st) {
  struct om_arena arena = {0};
  enum om_code code = OM_OK;
  for (size_t i = 0; i < needs->n_said && code == OM_OK; i++) {
    const struct om_bundle_said *said = &needs->said[i];
    struct om_bytes entry;
    struct om_found found;
    code = om_log_entry(needs->v->txn, &entry, said->log, said->index, st);
    if (code != OM_OK) break;
    om_arena_reset(&arena);
    Oremark__Event *event = NULL;
    if (om_find_event(&found, entry.data, entry.len, said->event))
      event = oremark__event__unpack(om_arena_protobuf(&arena), found.event.len, found.event.data);
    if (!event)
      code = om_fail(st, OM_CORRUPT, NULL, "entry %llu of log %u holds no event %u: " OM_STORE_DAMAGED,
                     (unsigned long long)said->index, said->log, said->event);
    if (code == OM_OK) code = lean(needs, said, event, st);
    if (code == OM_OK) code = lean_on_homes(needs, said, found.member, st);
  }
  om_arena_free(&arena);
  return code;
}

/* ---- heads that the present witnesses have not signed ---- */

/* Is LOG's head here signed by the witnesses that the registry has now? */
static enum om_code is_current(struct om_bundle_needs *needs, bool *is, uint32_t log, struct om_status *st) {
  const struct om_verify_log *l;
  *is = false;
  enum om_code code = om_verify_open(needs->v, log, st);
  if (code != OM_OK) return code;
  l = needs->v->logs[log];
  return l->has_head && !l->stated ? om_quorum_current(needs->v->txn, is, log, l->head.size, st) : OM_OK;
}

/* What LOG needs of its own ends below this. */
static uint64_t end_of(const struct om_bundle_needs *needs, uint32_t log) {
  uint64_t end = 0;
  for (size_t i = 0; i < needs->n; i++)
    if (needs->all[i].log == log && needs->all[i].index >= end) end = needs->all[i].index + 1;
  return end;
}

/* The highest head of LOG that another one has marked whose own is signed by the present witnesses: they have seen it
 * there. It takes the place of LOG's last. Where there is none the last one stands, and who reads it is told. */
static enum om_code vouch(struct om_bundle_needs *needs, uint32_t log, struct om_status *st) {
  struct om_bundle_voucher *voucher = &needs->vouchers[log];
  uint64_t best = end_of(needs, log), size, at;
  for (uint32_t by = OM_LOG_REGISTRY + 1; by < needs->v->n_logs; by++) {
    bool current;
    if (by == log) continue;
    enum om_code code = is_current(needs, &current, by, st);
    if (code != OM_OK) return code;
    if (!current || !om_log_mark_at(needs->v->txn, &size, &at, by, log, needs->v->logs[by]->head.size)) continue;
    if (size < best || (voucher->is && size == best)) continue;
    best = size;
    *voucher = (struct om_bundle_voucher){true, by, at};
  }
  if (!voucher->is) return OM_OK;
  need_mark(needs, voucher->log, voucher->index + 1, log);
  needs->v->logs[log]->head.size = best;
  return OM_OK;
}

static enum om_code vouch_all(struct om_bundle_needs *needs, struct om_status *st) {
  enum om_code code = OM_OK;
  for (uint32_t log = OM_LOG_REGISTRY + 1; log < needs->v->n_logs && code == OM_OK; log++) {
    bool current = true;
    if (!needs->touched[log]) continue;
    code = is_current(needs, &current, log, st);
    const struct om_verify_log *l = needs->v->logs[log];
    if (code == OM_OK && !current && l->has_head && !l->stated) code = vouch(needs, log, st);
  }
  return code;
}

/* ---- order ---- */

static int need_order(const void *a, const void *b) {
  const struct om_bundle_need *x = a, *y = b;
  if (x->log != y->log) return x->log < y->log ? -1 : 1;
  return (x->index > y->index) - (x->index < y->index);
}

static int said_order(const void *a, const void *b) {
  const struct om_bundle_said *x = a, *y = b;
  if (x->log != y->log) return x->log < y->log ? -1 : 1;
  if (x->index != y->index) return x->index < y->index ? -1 : 1;
  return (x->event > y->event) - (x->event < y->event);
}

static int other_order(const void *a, const void *b) {
  const struct om_bundle_other *x = a, *y = b;
  if (x->log != y->log) return x->log < y->log ? -1 : 1;
  if (x->index != y->index) return x->index < y->index ? -1 : 1;
  return memcmp(x->number, y->number, sizeof x->number);
}

static int time_order(const void *a, const void *b) {
  const struct om_bundle_time *x = a, *y = b;
  if (x->log != y->log) return x->log < y->log ? -1 : 1;
  return (x->time.size > y->time.size) - (x->time.size < y->time.size);
}

/* Sorts the N items of SIZE bytes and takes out what stands twice; how many are left. */
static size_t sorted(void *items, size_t n, size_t size, int (*order)(const void *, const void *)) {
  char *at = items;
  size_t kept = 0;
  if (n > 0) qsort(items, n, size, order);
  for (size_t i = 0; i < n; i++)
    if (kept == 0 || order(at + (kept - 1) * size, at + i * size) != 0)
      memmove(at + kept++ * size, at + i * size, size);
  return kept;
}

enum om_code om_bundle_needs_settle(struct om_bundle_needs *needs, struct om_status *st) {
  struct om_verify *v = needs->v;
  enum om_code code = OM_OK;
  for (size_t i = 0; i < v->n_entries; i++) need_entry(needs, v->entries[i].log, v->entries[i].index, OM_LOG_NONE, 0);
  for (size_t i = 0; i < v->n_marks; i++) need_mark(needs, v->marks[i].log, v->marks[i].index + 1, v->marks[i].marked);
  for (size_t i = 0; i < v->n_also && code == OM_OK; i++)
    code = say_with_end(needs, &(struct om_place){v->also[i].log, v->also[i].index, v->also[i].event, 0}, st);
  time_steps(needs);
  if (code == OM_OK) code = say_bearing(needs, st);
  if (code == OM_OK) code = say_of_lots(needs, st);
  needs->n_said = sorted(needs->said, needs->n_said, sizeof *needs->said, said_order);
  if (code == OM_OK) code = lean_all(needs, st);
  if (code == OM_OK) code = vouch_all(needs, st);
  if (code == OM_OK && needs->code != OM_OK) *st = needs->st, code = needs->code;
  if (needs->n > 0) qsort(needs->all, needs->n, sizeof *needs->all, need_order);
  needs->n_times = sorted(needs->times, needs->n_times, sizeof *needs->times, time_order);
  needs->n_others = sorted(needs->others, needs->n_others, sizeof *needs->others, other_order);
  return code == OM_OK ? om_txn_check(v->txn, st) : code;
}

void om_bundle_needs_free(struct om_bundle_needs *needs) {
  free(needs->all);
  free(needs->slots);
  free(needs->said);
  free(needs->others);
  free(needs->times);
  free(needs->touched);
  free(needs->vouchers);
}
