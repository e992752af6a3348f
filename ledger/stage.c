#include "ledger/stage.h"

#include <stdio.h>
#include <string.h>

#include "keys/hex.h"
#include "ledger/ledger.h"
#include "ledger/stage_parts.h"

enum {
  ROWS_FIRST = 32, /* most statements write fewer */
  TOUCHED_FIRST = 64,
};

/* ---- growing arrays ---- */

void *om_stage_grown(struct om_arena *arena, const void *old, size_t n, size_t *cap, size_t size) {
  size_t more = *cap == 0 ? ROWS_FIRST : *cap * 2;
  void *new = om_arena_array(arena, more, size);
  if (n > 0) memcpy(new, old, n * size);
  *cap = more;
  return new;
}

static void push(struct om_stage *stage, struct om_lot ***list, size_t *n, size_t *cap, struct om_lot *lot) {
  if (*n == *cap) *list = om_stage_grown(stage->arena, *list, *n, cap, sizeof **list);
  (*list)[(*n)++] = lot;
}

/* ---- lots by number ---- */

/* The last ten bytes of a number are a hash already. A grown crowd of equal ones is no danger: an entry has room for
 * about a thousand lots by number, and the numbers of new lots all hang on one statement id. */
static size_t slot_of(const uint8_t number[OM_LOT_NUMBER_BYTES], size_t cap) {
  uint64_t hash;
  memcpy(&hash, number + OM_LOT_NUMBER_BYTES - sizeof hash, sizeof hash);
  return (size_t)hash & (cap - 1);
}

/* The entry of NUMBER, or the empty one where it belongs. */
static struct om_staged_lot *probe(struct om_staged_lot *table, size_t cap, const uint8_t number[OM_LOT_NUMBER_BYTES]) {
  size_t at = slot_of(number, cap);
  while (table[at].last && memcmp(table[at].last->number, number, OM_LOT_NUMBER_BYTES) != 0) at = (at + 1) & (cap - 1);
  return &table[at];
}

/* Room for one more, half of the table staying empty. */
static void make_room(struct om_stage *stage) {
  if (stage->cap_touched > 0 && stage->n_touched < stage->cap_touched / 2) return;
  size_t cap = stage->cap_touched == 0 ? TOUCHED_FIRST : stage->cap_touched * 2;
  struct om_staged_lot *table = om_arena_array(stage->arena, cap, sizeof *table);
  for (size_t i = 0; i < stage->cap_touched; i++)
    if (stage->touched[i].last) *probe(table, cap, stage->touched[i].last->number) = stage->touched[i];
  stage->touched = table;
  stage->cap_touched = cap;
}

static struct om_staged_lot *entry_of(struct om_stage *stage, const uint8_t number[OM_LOT_NUMBER_BYTES]) {
  make_room(stage);
  return probe(stage->touched, stage->cap_touched, number);
}

/* ---- finding what a reference names ---- */

static const char *text_of(char out[OM_LOT_TEXT_BYTES], const struct om_lot *lot) {
  return om_lot_format(out, OM_LOT_TEXT_BYTES, lot->number);
}

static enum om_code moved_on(const struct om_lot *lot, const Oremark__LotRef *ref, struct om_status *st) {
  char text[OM_LOT_TEXT_BYTES], given[2 * OM_HASH_BYTES + 1], last[2 * OM_HASH_BYTES + 1];
  return om_fail(
      st, OM_REFUSED, "chain",
      "lot %s has moved on: its last event is %s (entry %llu of log %u), not %s: look at the lot again and sign anew",
      text_of(text, lot), om_hex(last, lot->last_event.bytes, OM_HASH_BYTES), (unsigned long long)lot->at.index,
      lot->at.log, om_hex(given, ref->last_event.data, OM_HASH_BYTES));
}

/* The lot of a reference by number, at the last event that the reference names. */
static enum om_code find_numbered(struct om_stage *stage, struct om_staged_lot **out, const Oremark__LotRef *ref,
                                  struct om_status *st) {
  struct om_staged_lot *entry = entry_of(stage, ref->number.data);
  *out = entry;
  if (entry->last) return OM_OK;
  struct om_lot *lot = om_arena_alloc(stage->arena, sizeof *lot);
  enum om_code code = stage->backing->lot(stage->backing->ctx, stage->arena, lot, ref->number.data, st);
  if (code == OM_MISSING) {
    char text[OM_LOT_TEXT_BYTES];
    return om_fail(st, OM_REFUSED, "lot",
                   "no lot %s is known here: check the number, or wait until the log that made it has arrived",
                   om_lot_format(text, sizeof text, ref->number.data));
  }
  if (code == OM_OK) code = om_stage_check_reassigned(stage, lot, st);
  if (code != OM_OK) return code;
  entry->last = lot;
  stage->n_touched++;
  return OM_OK;
}

/* The lot that an earlier event of the same statement wrote. */
static enum om_code find_placed(struct om_stage *stage, struct om_staged_lot **out, const Oremark__LotRef *ref,
                                struct om_status *st) {
  if (ref->event >= stage->event)
    return om_fail(st, OM_REFUSED, "chain",
                   "it names a lot by event %u, which is not before it: name one that an earlier event wrote",
                   ref->event);
  size_t first = stage->first[ref->event], n = stage->first[ref->event + 1] - first;
  if (ref->output >= n)
    return om_fail(st, OM_REFUSED, "chain", "it names lot %u of event %u, which wrote %zu: they count from 0",
                   ref->output, ref->event, n);
  const struct om_lot *lot = stage->outputs[first + ref->output];
  *out = entry_of(stage, lot->number);
  if ((*out)->last == lot) return OM_OK;
  char text[OM_LOT_TEXT_BYTES];
  return om_fail(st, OM_REFUSED, "chain",
                 "lot %s has moved on from event %u: event %u wrote it last: name it by that one", text_of(text, lot),
                 ref->event, (*out)->last->at.event);
}

static enum om_code check_living(const struct om_lot *lot, struct om_status *st) {
  char text[OM_LOT_TEXT_BYTES];
  switch (lot->state) {
    case OM_LOT_HELD:
    case OM_LOT_IN_TRANSIT: return OM_OK;
    case OM_LOT_CONSUMED:
      return om_fail(st, OM_REFUSED, "consumed",
                     "lot %s has been consumed (entry %llu of log %u): name the lots that were made of it",
                     text_of(text, lot), (unsigned long long)lot->at.index, lot->at.log);
    case OM_LOT_RETIRED:
      return om_fail(st, OM_REFUSED, "retired",
                     "lot %s has been retired (entry %llu of log %u): nothing more can happen to it",
                     text_of(text, lot), (unsigned long long)lot->at.index, lot->at.log);
  }
  om_panic(__FILE__, __LINE__, "unknown state of a lot");
}

enum om_code om_stage_move(struct om_stage *stage, size_t n, struct om_status *st) {
  stage->n_shares += n;
  if (stage->n_shares <= OM_STATEMENT_SHARES_MAX) return OM_OK;
  return om_fail(st, OM_REFUSED, "origins",
                 "the statement moves more than %d shares of metal by origin: state fewer lots at a time",
                 OM_STATEMENT_SHARES_MAX);
}

static size_t count_shares(const struct om_lot *lot) {
  size_t n = 0;
  for (size_t i = 0; i < lot->n_contents; i++) n += lot->contents[i].mix.n;
  return n;
}

enum om_code om_stage_find(struct om_stage *stage, const struct om_lot **out, const Oremark__LotRef *ref,
                           struct om_status *st) {
  struct om_staged_lot *entry = NULL;
  bool by_number = ref->number.len != 0;
  enum om_code code = by_number ? find_numbered(stage, &entry, ref, st) : find_placed(stage, &entry, ref, st);
  if (code != OM_OK) return code;
  struct om_lot *lot = entry->last;
  char text[OM_LOT_TEXT_BYTES];
  if (entry->touched == stage->event + 1u)
    return om_fail(st, OM_REFUSED, "twice", "lot %s is named twice: name each lot once", text_of(text, lot));
  if (check_living(lot, st) != OM_OK) return st->code;
  if (by_number && memcmp(lot->last_event.bytes, ref->last_event.data, OM_HASH_BYTES) != 0)
    return moved_on(lot, ref, st);
  if (by_number && om_stage_check_marked(stage, lot, st) != OM_OK) return st->code;
  if (om_stage_move(stage, count_shares(lot), st) != OM_OK) return st->code;
  entry->touched = stage->event + 1u;
  *out = lot;
  return OM_OK;
}

/* ---- writing ---- */

static struct om_place place_of(const struct om_stage *stage, size_t output) {
  OM_ASSERT(output <= UINT16_MAX);
  return (struct om_place){stage->judged->log, stage->judged->index, stage->event, (uint16_t)output};
}

static size_t outputs_so_far(const struct om_stage *stage) {
  return stage->n_outputs - stage->first[stage->event];
}

struct om_staged_lot *om_stage_touched(struct om_stage *stage, const struct om_lot *lot) {
  struct om_staged_lot *entry = probe(stage->touched, stage->cap_touched, lot->number);
  OM_ASSERT(entry->last);
  return entry;
}

struct om_lot *om_stage_step(struct om_stage *stage, const struct om_lot *lot) {
  struct om_staged_lot *entry = entry_of(stage, lot->number);
  OM_ASSERT(entry->last == lot && entry->touched == stage->event + 1u && lot->step < UINT32_MAX);
  struct om_lot *row = om_arena_copy(stage->arena, lot, sizeof *lot);
  row->step++;
  row->last_event = stage->event_id;
  row->at = place_of(stage, outputs_so_far(stage));
  entry->last = row;
  push(stage, &stage->rows, &stage->n_rows, &stage->cap_rows, row);
  return row;
}

void om_stage_output(struct om_stage *stage, struct om_lot *row) {
  OM_ASSERT(row->at.event == stage->event && row->at.index == stage->judged->index);
  row->at.output = (uint16_t)outputs_so_far(stage);
  push(stage, &stage->outputs, &stage->n_outputs, &stage->cap_outputs, row);
}

void om_stage_consume(struct om_stage *stage, const struct om_lot *lot) {
  struct om_lot *row = om_stage_step(stage, lot);
  row->state = OM_LOT_CONSUMED;
  row->pen = OM_MEMBER_NONE;
  row->at.output = (uint16_t)stage->n_consumed++;
}

enum om_code om_stage_taken(const struct om_lot *lot, struct om_status *st) {
  char text[OM_LOT_TEXT_BYTES];
  return om_fail(st, OM_REFUSED, "lot", "lot number %s is taken by another lot: sign the statement anew",
                 text_of(text, lot));
}

enum om_code om_stage_new(struct om_stage *stage, struct om_lot **out, struct om_status *st) {
  struct om_lot *lot = om_arena_alloc(stage->arena, sizeof *lot);
  const struct om_case *judged = stage->judged;
  lot->at = lot->born = place_of(stage, outputs_so_far(stage));
  om_lot_number_make(lot->number, stage->member.number, (uint64_t)judged->statement->signed_ms, &judged->statement_id,
                     stage->event, lot->at.output);
  struct om_staged_lot *entry = entry_of(stage, lot->number);
  struct om_lot other;
  enum om_code code = OM_OK;
  if (!entry->last)
    code = stage->backing->inserts ? OM_MISSING
                                   : stage->backing->lot(stage->backing->ctx, stage->arena, &other, lot->number, st);
  if (code == OM_OK) return om_stage_taken(lot, st);
  if (code != OM_MISSING) return code;
  lot->last_event = stage->event_id;
  lot->state = OM_LOT_HELD;
  lot->custodian = lot->pen = lot->owner = stage->member.number;
  *entry = (struct om_staged_lot){.last = lot, .touched = stage->event + 1u};
  stage->n_touched++;
  push(stage, &stage->rows, &stage->n_rows, &stage->cap_rows, lot);
  push(stage, &stage->outputs, &stage->n_outputs, &stage->cap_outputs, lot);
  *out = lot;
  return OM_OK;
}

/* ---- other rows ---- */

void om_stage_put(struct om_stage *stage, enum om_table table, const void *key, size_t key_len, const void *data,
                  size_t len) {
  if (stage->n_others == stage->cap_others)
    stage->others =
        om_stage_grown(stage->arena, stage->others, stage->n_others, &stage->cap_others, sizeof *stage->others);
  stage->others[stage->n_others++] = (struct om_staged_row){.table = table,
                                                            .key = om_arena_copy(stage->arena, key, key_len),
                                                            .data = om_arena_copy(stage->arena, data, len),
                                                            .key_len = key_len,
                                                            .len = len};
}

bool om_stage_get(struct om_stage *stage, struct om_bytes *out, enum om_table table, const void *key, size_t key_len) {
  for (size_t i = stage->n_others; i-- > 0;) {
    const struct om_staged_row *row = &stage->others[i];
    if (row->table != table || row->key_len != key_len || memcmp(row->key, key, key_len) != 0) continue;
    *out = (struct om_bytes){row->data, row->len};
    return true;
  }
  return om_txn_get(stage->backing->txn, out, table, key, key_len);
}

/* ---- signers, limits, sites ---- */

/* MEMBER as of the judged registry; a member that is not there is no suspended one: that is refused elsewhere. */
static bool is_suspended(const struct om_stage *stage, uint32_t number) {
  struct om_member member;
  struct om_status ignored;
  return om_registry_member(stage->backing->txn, &member, number, stage->judged->registry_size, &ignored) == OM_OK &&
         member.suspended;
}

bool om_stage_signed(struct om_stage *stage, uint32_t member) {
  for (size_t i = 0; i < stage->judged->n_signers; i++)
    if (stage->judged->signers[i] == member) {
      stage->needed |= UINT64_C(1) << i;
      return !is_suspended(stage, member);
    }
  return false;
}

const char *om_stage_unheard(const struct om_stage *stage, uint32_t member) {
  return is_suspended(stage, member)
             ? " (that member is suspended, and its signature does not count until the governors "
               "have reinstated it)"
             : "";
}

enum om_code om_stage_limits(struct om_stage *stage, const Oremark__Limits **out, struct om_status *st) {
  if (!stage->limits) {
    enum om_code code =
        om_registry_limits(stage->backing->txn, stage->arena, &stage->limits, stage->judged->registry_size, st);
    if (code != OM_OK) return code;
  }
  *out = stage->limits;
  return OM_OK;
}

enum om_code om_stage_site(struct om_stage *stage, const struct om_site **out, uint32_t number, struct om_status *st) {
  *out = &stage->site;
  if (stage->site.number == number) return OM_OK;
  enum om_code code = om_registry_site(stage->backing->txn, &stage->site, stage->member.number, number,
                                       stage->judged->registry_size, st);
  bool ended = code == OM_OK && stage->site.ended;
  if (code == OM_OK && !ended) return OM_OK;
  stage->site.number = 0;
  if (ended)
    return om_fail(
        st, OM_REFUSED, "site",
        "site %u was added by a key that is revoked, and has ended with it: add it anew (oremark member add-site)",
        number);
  if (code != OM_MISSING) return code;
  char who[OM_WHO_BYTES];
  return om_fail(st, OM_REFUSED, "site",
                 "%s has no site %u: name a site of its own, or add it to the registry first (oremark member add-site)",
                 om_stage_who(stage, who, stage->member.number), number);
}

const char *om_stage_who(const struct om_stage *stage, char out[OM_WHO_BYTES], uint32_t member) {
  struct om_member row;
  struct om_status ignored; /* a sentence is no worse without the name */
  if (om_registry_member(stage->backing->txn, &row, member, stage->judged->registry_size, &ignored) == OM_OK)
    snprintf(out, OM_WHO_BYTES, "member %u (%s)", member, row.name);
  else
    snprintf(out, OM_WHO_BYTES, "member %u", member);
  return out;
}
