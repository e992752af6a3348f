#include "ledger/stage.h"

#include <stdio.h>
#include <string.h>

#include "ledger/events/kinds.h"
#include "ledger/ledger.h"
#include "ledger/quantity.h"

enum {
  ROWS_FIRST = 32, /* most statements write fewer */
  TOUCHED_FIRST = 64,
  DAY_MS = 86400000,
};

/* ---- growing arrays: in the arena, doubled, the old ones left behind ---- */

static void *grown(struct om_arena *arena, const void *old, size_t n, size_t *cap, size_t size) {
  size_t more = *cap == 0 ? ROWS_FIRST : *cap * 2;
  void *new = om_arena_array(arena, more, size);
  if (n > 0) memcpy(new, old, n * size);
  *cap = more;
  return new;
}

static void push(struct om_stage *stage, struct om_lot ***list, size_t *n, size_t *cap, struct om_lot *lot) {
  if (*n == *cap) *list = grown(stage->arena, *list, *n, cap, sizeof **list);
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

static const char *hex_of(char out[2 * OM_HASH_BYTES + 1], const uint8_t *bytes) {
  for (size_t i = 0; i < OM_HASH_BYTES; i++) snprintf(out + 2 * i, 3, "%02x", bytes[i]);
  return out;
}

static enum om_code moved_on(const struct om_lot *lot, const Oremark__LotRef *ref, struct om_status *st) {
  char text[OM_LOT_TEXT_BYTES], given[2 * OM_HASH_BYTES + 1], last[2 * OM_HASH_BYTES + 1];
  return om_fail(
      st, OM_REFUSED, "chain",
      "lot %s has moved on: its last event is %s (entry %llu of log %u), not %s: look at the lot again and sign anew",
      text_of(text, lot), hex_of(last, lot->last_event.bytes), (unsigned long long)lot->at.index, lot->at.log,
      hex_of(given, ref->last_event.data));
}

/* ---- what the governors have taken from a log ---- */

/* Is LOG bound by the registry's act at SINCE? Its own mark of the act does that, and the judged log's mark of it shows
 * it. */
static enum om_code check_bound(struct om_stage *stage, uint32_t log, uint64_t since, struct om_status *st) {
  struct om_txn *txn = stage->backing->txn;
  uint64_t marked = 0, size = 0, index = 0;
  struct om_retired ended;
  if (log == stage->judged->log) return OM_OK; /* it is judged by a registry that holds the act */
  if (om_registry_retired(txn, &ended, log, stage->judged->registry_size)) return OM_OK; /* it binds for good */
  enum om_code code = stage->backing->mark(stage->backing->ctx, &marked, log, st);
  if (code != OM_OK || om_log_mark(txn, log, OM_LOG_REGISTRY, marked) > since) return code;
  stage->wait_log = log;
  stage->wait_size = om_log_mark_at(txn, &size, &index, log, OM_LOG_REGISTRY, UINT64_MAX) && size > since
                         ? index + 1
                         : 0; /* it has not taken the act up */
  return om_fail(st, OM_WAIT, "home", "it is not final yet that log %u has taken up entry %llu of the registry: wait",
                 log, (unsigned long long)since);
}

/* Are all logs that were MEMBER's home bound by its leaving them? */
static enum om_code check_moves(struct om_stage *stage, const struct om_member *member, struct om_status *st) {
  struct om_member at = *member;
  while (at.moves > 0) {
    uint64_t since = at.home_since;
    if (check_bound(stage, at.home_before, since, st) != OM_OK) return st->code;
    enum om_code code = om_registry_member(stage->backing->txn, &at, at.number, since, st);
    if (code != OM_OK) return code;
  }
  return OM_OK;
}

/* Where the governors have given LOT to another while this was its last event, the pen is that member's, as if the lot
 * were on its way to it: once the log of who had the pen is bound, and every log that was that member's home. */
static enum om_code check_reassigned(struct om_stage *stage, struct om_lot *lot, struct om_status *st) {
  struct om_txn *txn = stage->backing->txn;
  struct om_reassigned act;
  struct om_member holder;
  if (!om_registry_reassigned(txn, &act, lot->number, &lot->last_event, stage->judged->registry_size) ||
      lot->pen == OM_MEMBER_NONE)
    return om_txn_check(txn, st);
  enum om_code code = om_registry_member(txn, &holder, lot->pen, act.since, st);
  if (code == OM_OK) code = check_bound(stage, holder.home_log, act.since, st);
  if (code == OM_OK) code = check_moves(stage, &holder, st);
  if (code != OM_OK) return code == OM_WAIT ? om_wrap(st, "a lot that the governors have reassigned") : code;
  lot->pen = act.to;
  lot->state = OM_LOT_IN_TRANSIT;
  lot->next_owner = OM_MEMBER_NONE;
  return OM_OK;
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
  if (code == OM_OK) code = check_reassigned(stage, lot, st);
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

/* Is LOT's last event one that the judged log may lean on? */
static enum om_code check_marked(struct om_stage *stage, const struct om_lot *lot, struct om_status *st) {
  if (lot->at.log == stage->judged->log) return OM_OK;
  uint64_t size = 0;
  enum om_code code = stage->backing->mark(stage->backing->ctx, &size, lot->at.log, st);
  if (code != OM_OK || size > lot->at.index) return code;
  char text[OM_LOT_TEXT_BYTES];
  stage->wait_log = lot->at.log;
  stage->wait_size = lot->at.index + 1;
  return om_fail(
      st, OM_WAIT, "mark",
      "lot %s: its last event is entry %llu of log %u, and only %llu entries of that are final and marked here: wait",
      text_of(text, lot), (unsigned long long)lot->at.index, lot->at.log, (unsigned long long)size);
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
  if (by_number && check_marked(stage, lot, st) != OM_OK) return st->code;
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
    stage->others = grown(stage->arena, stage->others, stage->n_others, &stage->cap_others, sizeof *stage->others);
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

enum om_code om_stage_covers(struct om_stage *stage, uint32_t log, uint64_t index, struct om_status *st) {
  uint64_t size = 0;
  if (log == stage->judged->log) {
    if (index < stage->judged->index) return OM_OK;
    return om_fail(st, OM_REFUSED, "chain", "it leans on entry %llu of its own log, which does not stand before it",
                   (unsigned long long)index);
  }
  if (log == OM_LOG_REGISTRY)
    size = stage->judged->registry_size;
  else if (stage->backing->mark(stage->backing->ctx, &size, log, st) != OM_OK)
    return st->code;
  if (size > index) return OM_OK;
  stage->wait_log = log;
  stage->wait_size = index + 1;
  return om_fail(st, OM_WAIT, "mark",
                 "it leans on entry %llu of log %u, and only %llu entries of that are final and marked here: wait",
                 (unsigned long long)index, log, (unsigned long long)size);
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
    return om_fail(st, OM_REFUSED, "site",
                   "site %u was added by a key that is revoked, and has ended with it: add it anew (AddSite)", number);
  if (code != OM_MISSING) return code;
  char who[OM_WHO_BYTES];
  return om_fail(st, OM_REFUSED, "site",
                 "%s has no site %u: name a site of its own, or add it to the registry first (AddSite)",
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

/* ---- drift ---- */

static int64_t drift_cap(const Oremark__Limits *limits, uint8_t element) {
  int64_t any = 0;
  for (size_t i = 0; i < limits->n_drift_caps; i++) {
    const Oremark__DriftCap *cap = limits->drift_caps[i];
    int64_t mg = cap->cap_mg > OM_MASS_MAX_MG ? OM_MASS_MAX_MG : (int64_t)cap->cap_mg;
    if (cap->element == element) return mg;
    if (cap->element == 0) any = mg;
  }
  return any;
}

/* The staged sum of ELEMENT, begun with what the backing has. */
static enum om_code drift_of(struct om_stage *stage, struct om_staged_drift **out, uint8_t element, uint32_t period,
                             struct om_status *st) {
  for (size_t i = 0; i < stage->n_drift; i++) {
    *out = &stage->drift[i];
    if ((*out)->element == element) return OM_OK;
  }
  if (stage->n_drift == stage->cap_drift)
    stage->drift = grown(stage->arena, stage->drift, stage->n_drift, &stage->cap_drift, sizeof *stage->drift);
  struct om_staged_drift *drift = &stage->drift[stage->n_drift];
  *drift = (struct om_staged_drift){.element = element, .period = period};
  enum om_code code = stage->backing->drift(stage->backing->ctx, &drift->mg, stage->member.number, element, period, st);
  if (code != OM_OK) return code;
  stage->n_drift++;
  *out = drift;
  return OM_OK;
}

enum om_code om_stage_gain(struct om_stage *stage, uint8_t element, int64_t mg, struct om_status *st) {
  if (mg <= 0 || stage->backing->uncapped) return OM_OK;
  const Oremark__Limits *limits;
  struct om_staged_drift *drift;
  enum om_code code = om_stage_limits(stage, &limits, st);
  if (code != OM_OK) return code;
  OM_ASSERT(limits->drift_period_days > 0);
  uint64_t period = (uint64_t)stage->judged->taken_ms / ((uint64_t)limits->drift_period_days * DAY_MS);
  period *= limits->drift_period_days; /* named by its first day: after SetLimits the same number is another time */
  code = drift_of(stage, &drift, element, (uint32_t)period, st);
  if (code != OM_OK) return code;
  int64_t cap = drift_cap(limits, element), sum;
  if (om_mass_add(&sum, drift->mg, mg) && sum <= cap) {
    drift->mg = sum;
    return OM_OK;
  }
  char gain[OM_MASS_TEXT_BYTES], before[OM_MASS_TEXT_BYTES], most[OM_MASS_TEXT_BYTES], who[OM_WHO_BYTES];
  return om_fail(
      st, OM_REFUSED, "drift-cap",
      "a gain of %s of %s, with %s gained before by %s in this period of %u days, is over the cap of %s: state no more "
      "than went in, and have scales and assays checked",
      om_mass_format(gain, sizeof gain, mg), om_element_symbol(element),
      om_mass_format(before, sizeof before, drift->mg), om_stage_who(stage, who, stage->member.number),
      limits->drift_period_days, om_mass_format(most, sizeof most, cap));
}

/* ---- judging ---- */

static bool has_signed(const struct om_case *judged, uint32_t member) {
  for (size_t i = 0; i < judged->n_signers; i++)
    if (judged->signers[i] == member) return true;
  return false;
}

/* A member that came from another home log speaks here once that log is bound by the move, which its own mark of the
 * act does, and this log's mark of it shows; the same for every home before. Else it could write in both. */
static enum om_code check_home(struct om_stage *stage, struct om_status *st) {
  enum om_code code = check_moves(stage, &stage->member, st);
  if (code == OM_WAIT)
    om_wrap(st, "member %u (%s) has moved here from another log", stage->member.number, stage->member.name);
  return code;
}

/* May the statement's member speak in this log at all, and does it? Others' signatures do not stand for its own. */
static enum om_code check_member(struct om_stage *stage, struct om_status *st) {
  const struct om_case *judged = stage->judged;
  uint32_t number = judged->statement->member;
  enum om_code code = om_registry_member(stage->backing->txn, &stage->member, number, judged->registry_size, st);
  if (code == OM_MISSING)
    return om_fail(st, OM_REFUSED, "member",
                   "there is no member %u in the registry that this log follows: it must be enrolled first", number);
  if (code != OM_OK) return code;
  if (stage->member.suspended)
    return om_fail(st, OM_REFUSED, "suspended", "member %u (%s) is suspended: the governors can reinstate it", number,
                   stage->member.name);
  if (stage->member.home_log != judged->log)
    return om_fail(st, OM_REFUSED, "home",
                   "the home log of member %u (%s) is log %u, and this is log %u: submit to the daemon of its home log",
                   number, stage->member.name, stage->member.home_log, judged->log);
  if (!has_signed(judged, number))
    return om_fail(st, OM_REFUSED, "signature",
                   "the statement is of member %u (%s), and none of its keys has signed it: sign it with one", number,
                   stage->member.name);
  return check_home(stage, st);
}

static enum om_code judge_event(struct om_stage *stage, uint16_t index, struct om_status *st) {
  const struct om_case *judged = stage->judged;
  const Oremark__Event *event = judged->statement->events[index];
  const struct om_kind *kind = om_kind_of(event);
  OM_ASSERT(kind && kind->rule);
  stage->event = index;
  stage->n_consumed = 0;
  om_event_id(&stage->event_id, &judged->network, &judged->statement_id, index);
  enum om_code code = kind->rule(stage, index, event, st);
  return code == OM_OK ? OM_OK : om_wrap(st, "event %u (%s)", index, kind->name);
}

static enum om_code check_signers(const struct om_stage *stage, struct om_status *st) {
  for (size_t i = 0; i < stage->judged->n_signers; i++) {
    uint32_t signer = stage->judged->signers[i];
    if (signer == stage->member.number || (stage->needed >> i & 1) != 0) continue;
    char who[OM_WHO_BYTES];
    return om_fail(st, OM_REFUSED, "signature-not-needed",
                   "%s has signed, but no event here needs it: leave that signature out",
                   om_stage_who(stage, who, signer));
  }
  return OM_OK;
}

static enum om_code judge_all(struct om_stage *stage, struct om_status *st) {
  size_t n = stage->judged->statement->n_events;
  const bool *only = stage->judged->only;
  enum om_code code = check_member(stage, st);
  for (size_t i = 0; i < n && code == OM_OK; i++) {
    stage->first[i] = stage->n_outputs;
    if (!only || only[i]) code = judge_event(stage, (uint16_t)i, st);
  }
  stage->first[n] = stage->n_outputs;
  return code == OM_OK && !only ? check_signers(stage, st) : code;
}

enum om_code om_judge(struct om_stage *out, struct om_arena *arena, const struct om_case *judged,
                      const struct om_backing *backing, uint32_t *wait_log, uint64_t *wait_size, struct om_status *st) {
  OM_ASSERT(judged->statement->n_events <= OM_EVENTS_MAX && judged->n_signers <= 64);
  *out = (struct om_stage){.arena = arena, .judged = judged, .backing = backing};
  enum om_code code = judge_all(out, st);
  if (code == OM_OK) om_status_clear(st);
  if (code == OM_WAIT) {
    *wait_log = out->wait_log;
    *wait_size = out->wait_size;
  }
  return code;
}
