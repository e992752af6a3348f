#include "ledger/lineage_find.h"

#include <stdlib.h>
#include <string.h>

static enum om_code no_event(const struct om_lineage_event *e, struct om_status *st) {
  return om_fail(st, OM_CORRUPT, NULL, "entry %llu of log %u holds no event %u that can be read: " OM_STORE_DAMAGED,
                 (unsigned long long)e->index, e->log, e->event);
}

static const struct om_hash *statement_id(struct om_finder *f, const struct om_lineage_event *e,
                                          const struct om_found *found) {
  struct om_finder_id *r = &f->ids[(e->index ^ e->log) % OM_FINDER_IDS];
  if (!r->filled || r->log != e->log || r->index != e->index) {
    *r = (struct om_finder_id){true, e->log, e->index, {{0}}};
    om_statement_id(&r->id, f->network, found->statement.data, found->statement.len);
  }
  return &r->id;
}

/* An entry whose event is being expanded: no event of it is taken apart twice, however many lots are named by it. */
struct opened {
  const struct om_lineage_event *at;
  const struct om_found_all *entry;
  const Oremark__Event *events[OM_EVENTS_MAX]; /* those taken apart, of the first entry->n */
};

static enum om_code open_entry(struct om_finder *f, struct opened *o, const struct om_lineage_event *at,
                               struct om_status *st) {
  struct om_bytes bytes;
  if (!f->entry.filled || f->entry.log != at->log || f->entry.index != at->index) {
    f->entry.filled = false;
    enum om_code code = om_log_entry(f->txn, &bytes, at->log, at->index, st);
    if (code != OM_OK) return code == OM_MISSING ? (st->code = OM_CORRUPT) : code;
    if (!om_find_events(&f->entry.found, bytes.data, bytes.len)) return no_event(at, st);
    f->entry.filled = true;
    f->entry.log = at->log;
    f->entry.index = at->index;
  }
  o->at = at;
  o->entry = &f->entry.found;
  return OM_OK;
}

static const Oremark__Event *open_event(struct om_finder *f, struct opened *o, uint32_t event) {
  if (event >= o->entry->n) return NULL;
  const struct om_bytes *bytes = &o->entry->events[event];
  if (!o->events[event])
    o->events[event] = oremark__event__unpack(om_arena_protobuf(&f->arena), bytes->len, bytes->data);
  return o->events[event];
}

/* Whether OUTPUT of EVENT is a lot that was there before: REFS are the lots that it names. */
static const Oremark__LotRef *rewritten(const Oremark__Event *event, const Oremark__LotRef *const *refs, size_t n,
                                        uint32_t output) {
  switch ((int)event->kind_case) {
    case OREMARK__EVENT__KIND_TRANSFORM:
    case OREMARK__EVENT__KIND_SPLIT:
    case OREMARK__EVENT__KIND_COMBINE: return NULL;
    case OREMARK__EVENT__KIND_CHARGE: return event->charge->pool && output == 0 ? refs[0] : NULL;
    case OREMARK__EVENT__KIND_DRAW: return n > 0 && output == 0 ? refs[0] : NULL;
    default: return output < n ? refs[output] : NULL;
  }
}

/* The number of the lot that REF, standing in event BEFORE of the entry, names. A reference by place goes to an earlier
 * event, which may itself name the lot by place: never more than 256 times. */
static enum om_code resolve(struct om_finder *f, uint8_t number[OM_LOT_NUMBER_BYTES], struct opened *o,
                            const Oremark__LotRef *ref, uint32_t before, struct om_status *st) {
  const Oremark__LotRef *refs[OM_EVENT_REFS_MAX];
  while (ref->number.len == 0) {
    const Oremark__Event *event = ref->event < before ? open_event(f, o, ref->event) : NULL;
    if (!event) return no_event(o->at, st);
    const Oremark__LotRef *older = rewritten(event, refs, om_event_refs(refs, event), ref->output);
    if (!older) {
      om_lot_number_make(number, o->entry->in.member, o->entry->in.signed_ms, statement_id(f, o->at, &o->entry->in),
                         (uint16_t)ref->event, (uint16_t)ref->output);
      return OM_OK;
    }
    before = ref->event;
    ref = older;
  }
  if (ref->number.len != OM_LOT_NUMBER_BYTES) return no_event(o->at, st);
  memcpy(number, ref->number.data, OM_LOT_NUMBER_BYTES);
  return OM_OK;
}

/* The lots that go into an event other than by being moved; *POOL says that it is one pool, which goes on. */
static size_t inputs_of(const Oremark__LotRef *refs[OM_EVENT_REFS_MAX], bool *pool, const Oremark__Event *event) {
  size_t n = om_event_refs(refs, event);
  *pool = event->kind_case == OREMARK__EVENT__KIND_DRAW || event->kind_case == OREMARK__EVENT__KIND_STOCKTAKE;
  if (event->kind_case != OREMARK__EVENT__KIND_CHARGE || !event->charge->pool) return n;
  memmove(refs, refs + 1, --n * sizeof *refs);
  return n;
}

enum om_code om_finder_inputs(struct om_finder *f, const uint8_t **numbers, size_t *n, bool *pool,
                              const struct om_lineage_event *at, struct om_status *st) {
  struct opened o;
  o.entry = NULL;
  const Oremark__LotRef *refs[OM_EVENT_REFS_MAX];
  enum om_code code = open_entry(f, &o, at, st);
  *pool = false;
  if (code != OM_OK) return code;
  if (at->event < o.entry->n && om_find_inputs(numbers, n, o.entry->events[at->event])) return OM_OK;
  om_arena_reset(&f->arena);
  memset(o.events, 0, o.entry->n * sizeof o.events[0]);
  const Oremark__Event *what = open_event(f, &o, at->event);
  if (!what) return no_event(at, st);
  *n = inputs_of(refs, pool, what);
  uint8_t(*made)[OM_LOT_NUMBER_BYTES] = om_arena_array(&f->arena, *n, sizeof *made);
  for (size_t i = 0; i < *n && code == OM_OK; i++) {
    code = resolve(f, made[i], &o, refs[i], at->event, st);
    numbers[i] = made[i];
  }
  return code;
}

/* ---- ahead ---- */

void om_lineage_row_of(struct om_lineage_row *out, const struct om_lot *lot) {
  *out = (struct om_lineage_row){.index = lot->at.index,
                                 .log = lot->at.log,
                                 .event = lot->at.event,
                                 .pool = lot->pool,
                                 .step = lot->step,
                                 .custodian = lot->custodian,
                                 .site = lot->site,
                                 .owner = lot->owner};
}

/* The first rows of an input, up to the one that the event AT wrote. What can't be read is met again, and told, where
 * the rows are taken. */
static void rows_ahead(struct om_finder *f, struct om_ahead_input *in, const struct om_lineage_event *at) {
  uint8_t key[OM_LOT_KEY_BYTES];
  struct om_bytes found, bytes;
  struct om_lot lot;
  struct om_status ignored;
  om_lot_key(key, in->number, 0);
  for (bool more = om_txn_next(f->txn, &found, &bytes, OM_TABLE_LOTS, key, sizeof key);
       more && in->n_rows < OM_AHEAD_ROWS && found.len == sizeof key && memcmp(found.data, key, sizeof key) == 0;
       more = om_txn_step(f->txn, &found, &bytes, OM_TABLE_LOTS)) {
    if (om_lot_decode_head(&lot, key, bytes.data, bytes.len, &ignored) != OM_OK) return;
    om_lineage_row_of(&in->rows[in->n_rows++], &lot);
    if (lot.at.index == at->index && lot.at.log == at->log && lot.at.event == at->event) return;
    om_be32(key + OM_LOT_NUMBER_BYTES, in->n_rows);
  }
}

void om_finder_ahead(struct om_finder *f, struct om_ahead *out, _Atomic size_t *room,
                     const struct om_lineage_event *at) {
  const uint8_t *numbers[OM_EVENT_REFS_MAX];
  struct om_status ignored;
  size_t n = 0;
  if (om_finder_inputs(f, numbers, &n, &out->pool, at, &ignored) != OM_OK) return;
  if (atomic_fetch_add(room, n) + n > OM_AHEAD_INPUTS) return;
  out->found = true;
  if (n == 0) return;
  out->inputs = calloc(n, sizeof *out->inputs);
  OM_ASSERT(out->inputs);
  out->n = n;
  for (size_t i = 0; i < n; i++) {
    memcpy(out->inputs[i].number, numbers[i], OM_LOT_NUMBER_BYTES);
    rows_ahead(f, &out->inputs[i], at);
  }
}
