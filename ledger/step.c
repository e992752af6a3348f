#include "ledger/step.h"

#include <string.h>

#include "ledger/details.h"
#include "ledger/documents.h"
#include "ledger/events/kinds.h"

/* ---- finding, on the wire ---- */

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 }; /* protobuf's wire types that proto3 uses */

struct wire {
  const uint8_t *at, *end;
};

struct field {
  uint32_t number;
  uint64_t value;        /* WIRE_VARINT */
  struct om_bytes bytes; /* WIRE_BYTES */
};

static bool get_varint(struct wire *in, uint64_t *out) {
  *out = 0;
  for (unsigned shift = 0; shift < 64 && in->at < in->end; shift += 7) {
    uint8_t byte = *in->at++;
    *out |= (uint64_t)(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

static bool skip(struct wire *in, size_t len) {
  if ((size_t)(in->end - in->at) < len) return false;
  in->at += len;
  return true;
}

static bool get_bytes(struct wire *in, struct om_bytes *out) {
  uint64_t len;
  if (!get_varint(in, &len) || len > (size_t)(in->end - in->at)) return false;
  *out = (struct om_bytes){in->at, (size_t)len};
  in->at += len;
  return true;
}

/* The next field; false at the end, and where the bytes are no message. */
static bool next(struct wire *in, struct field *out) {
  uint64_t tag;
  if (!get_varint(in, &tag)) return false;
  *out = (struct field){.number = (uint32_t)(tag >> 3)};
  switch (tag & 7) {
    case WIRE_VARINT: return get_varint(in, &out->value);
    case WIRE_64: return skip(in, 8);
    case WIRE_BYTES: return get_bytes(in, &out->bytes);
    case WIRE_32: return skip(in, 4);
    default: return false;
  }
}

/* Field numbers of proto/log.proto. */
enum {
  ENTRY_TAKEN_MS = 1,
  ENTRY_GENESIS = 2,
  ENTRY_STATEMENT = 3,
  SIGNED_STATEMENT = 1,
  STATEMENT_MEMBER = 1,
  STATEMENT_SIGNED_MS = 2,
  STATEMENT_EVENTS = 5,
  EVENT_DOCUMENTS = 4,
  REF_NUMBER = 1, /* of proto/quantity.proto */
};

static bool find_in_statement(struct om_found *out, uint16_t event) {
  struct wire in = {out->statement.data, out->statement.data + out->statement.len};
  struct field f;
  uint32_t n = 0;
  while (next(&in, &f)) {
    if (f.number == STATEMENT_MEMBER) out->member = (uint32_t)f.value;
    if (f.number == STATEMENT_SIGNED_MS) out->signed_ms = f.value;
    if (f.number == STATEMENT_EVENTS && n++ == event) {
      out->event = f.bytes;
      return f.bytes.data && out->signed_ms <= OM_SIGNED_MAX_MS;
    }
  }
  return false;
}

/* The statement in the entry BYTES. */
static bool find_statement(struct om_found *out, const uint8_t *bytes, size_t len) {
  struct wire in = {bytes, bytes + len};
  struct field f;
  *out = (struct om_found){0};
  while (next(&in, &f)) {
    if (f.number == ENTRY_TAKEN_MS) out->taken_ms = (int64_t)f.value;
    if (f.number != ENTRY_STATEMENT) continue;
    struct wire inner = {f.bytes.data, f.bytes.data ? f.bytes.data + f.bytes.len : NULL};
    struct field s;
    if (!next(&inner, &s) || s.number != SIGNED_STATEMENT || !s.bytes.data) return false;
    out->statement = s.bytes;
    return true;
  }
  return false;
}

bool om_find_event(struct om_found *out, const uint8_t *bytes, size_t len, uint16_t event) {
  return find_statement(out, bytes, len) && find_in_statement(out, event);
}

bool om_find_events(struct om_found_all *out, const uint8_t *bytes, size_t len) {
  out->n = 0;
  if (!find_statement(&out->in, bytes, len)) return false;
  struct wire in = {out->in.statement.data, out->in.statement.data + out->in.statement.len};
  struct field f;
  while (next(&in, &f)) {
    if (f.number == STATEMENT_MEMBER) out->in.member = (uint32_t)f.value;
    if (f.number == STATEMENT_SIGNED_MS) out->in.signed_ms = f.value;
    if (f.number != STATEMENT_EVENTS) continue;
    if (!f.bytes.data || out->n == OM_EVENTS_MAX) return false;
    out->events[out->n++] = f.bytes;
  }
  return out->in.signed_ms <= OM_SIGNED_MAX_MS;
}

/* The kinds that make lots of whole lots, or of nothing (0), and in which field they name those (proto/custody.proto).
 */
static const struct {
  uint32_t kind, inputs;
} takers[] = {
    {OREMARK__EVENT__KIND_EXTRACT, 0},   {OREMARK__EVENT__KIND_COLLECT, 0}, {OREMARK__EVENT__KIND_DECLARE, 0},
    {OREMARK__EVENT__KIND_TRANSFORM, 3}, {OREMARK__EVENT__KIND_SPLIT, 1},   {OREMARK__EVENT__KIND_COMBINE, 1},
};

/* The lot number in the reference BYTES: its first field. */
static const uint8_t *number_in(struct om_bytes bytes) {
  struct wire in = {bytes.data, bytes.data ? bytes.data + bytes.len : NULL};
  struct field f;
  if (!next(&in, &f) || f.number != REF_NUMBER || !f.bytes.data || f.bytes.len != OM_LOT_NUMBER_BYTES) return NULL;
  return f.bytes.data;
}

static bool inputs_in(const uint8_t **numbers, size_t *n, struct om_bytes what, uint32_t inputs) {
  struct wire in = {what.data, what.data ? what.data + what.len : NULL};
  struct field f;
  for (*n = 0; next(&in, &f);) {
    if (f.number != inputs) continue;
    const uint8_t *number = number_in(f.bytes);
    if (!number || *n == OM_EVENT_LOTS_MAX) return false;
    numbers[(*n)++] = number;
  }
  return in.at == in.end;
}

bool om_find_inputs(const uint8_t **numbers, size_t *n, struct om_bytes event) {
  struct wire in = {event.data, event.data ? event.data + event.len : NULL};
  struct field f;
  while (next(&in, &f)) {
    if (f.number < takers[0].kind) continue; /* what is common to all kinds */
    for (size_t i = 0; i < sizeof takers / sizeof *takers; i++)
      if (takers[i].kind == f.number) return f.bytes.data && inputs_in(numbers, n, f.bytes, takers[i].inputs);
    return false;
  }
  return false;
}

static bool names_documents(struct om_bytes event) {
  struct wire in = {event.data, event.data ? event.data + event.len : NULL};
  struct field f;
  while (next(&in, &f))
    if (f.number >= EVENT_DOCUMENTS) return f.number == EVENT_DOCUMENTS; /* fields ascend */
  return false;
}

bool om_find_documents(bool named[OM_EVENTS_MAX], const uint8_t *bytes, size_t len) {
  struct om_found_all all;
  bool any = false;
  memset(named, 0, OM_EVENTS_MAX * sizeof *named);
  if (!om_find_events(&all, bytes, len)) return false;
  for (size_t i = 0; i < all.n; i++) {
    named[i] = names_documents(all.events[i]);
    any |= named[i];
  }
  return any;
}

bool om_find_genesis(struct om_bytes *out, const uint8_t *bytes, size_t len) {
  struct wire in = {bytes, bytes + len};
  struct field f;
  while (next(&in, &f)) {
    if (f.number != ENTRY_GENESIS || !f.bytes.data) continue;
    *out = f.bytes;
    return true;
  }
  return false;
}

/* ---- what an event names ---- */

static size_t list(const Oremark__LotRef *refs[OM_EVENT_REFS_MAX], Oremark__LotRef *const *from, size_t n) {
  if (n > OM_EVENT_LOTS_MAX) n = OM_EVENT_LOTS_MAX; /* more were refused when the entry was taken in */
  for (size_t i = 0; i < n; i++) refs[i] = from[i];
  return n;
}

static size_t one(const Oremark__LotRef *refs[OM_EVENT_REFS_MAX], const Oremark__LotRef *ref) {
  refs[0] = ref;
  return ref ? 1 : 0;
}

static size_t received(const Oremark__LotRef *refs[OM_EVENT_REFS_MAX], const Oremark__Receive *receive) {
  size_t n = 0;
  for (size_t i = 0; i < receive->n_lots && i < OM_EVENT_LOTS_MAX; i++)
    if (receive->lots[i]->lot) refs[n++] = receive->lots[i]->lot;
  return n;
}

static size_t settled(const Oremark__LotRef *refs[OM_EVENT_REFS_MAX], const Oremark__Settle *settle) {
  size_t n = 0;
  for (size_t i = 0; i < settle->n_lots && i < OM_EVENT_LOTS_MAX; i++)
    if (settle->lots[i]->lot) refs[n++] = settle->lots[i]->lot;
  return n;
}

static size_t claimed(const Oremark__LotRef *refs[OM_EVENT_REFS_MAX], const Oremark__Claim *claim) {
  size_t n = 0;
  for (size_t i = 0; i < claim->n_lots && i < OM_EVENT_LOTS_MAX; i++)
    if (claim->lots[i]->lot) refs[n++] = claim->lots[i]->lot;
  return n;
}

static size_t charged(const Oremark__LotRef *refs[OM_EVENT_REFS_MAX], const Oremark__Charge *charge) {
  size_t n = one(refs, charge->pool);
  return n + list(refs + n, charge->inputs, charge->n_inputs);
}

size_t om_event_refs(const Oremark__LotRef *refs[OM_EVENT_REFS_MAX], const Oremark__Event *e) {
  switch ((int)e->kind_case) {
    case OREMARK__EVENT__KIND_SHIP: return list(refs, e->ship->lots, e->ship->n_lots);
    case OREMARK__EVENT__KIND_RECEIVE: return received(refs, e->receive);
    case OREMARK__EVENT__KIND_REJECT: return list(refs, e->reject->lots, e->reject->n_lots);
    case OREMARK__EVENT__KIND_TRANSFORM: return list(refs, e->transform->inputs, e->transform->n_inputs);
    case OREMARK__EVENT__KIND_SPLIT: return one(refs, e->split->lot);
    case OREMARK__EVENT__KIND_COMBINE: return list(refs, e->combine->lots, e->combine->n_lots);
    case OREMARK__EVENT__KIND_RETIRE: return list(refs, e->retire->lots, e->retire->n_lots);
    case OREMARK__EVENT__KIND_CHARGE: return charged(refs, e->charge);
    case OREMARK__EVENT__KIND_DRAW: return one(refs, e->draw->pool);
    case OREMARK__EVENT__KIND_STOCKTAKE: return one(refs, e->stocktake->pool);
    case OREMARK__EVENT__KIND_HOLD: return list(refs, e->hold->lots, e->hold->n_lots);
    case OREMARK__EVENT__KIND_RELEASE: return list(refs, e->release->lots, e->release->n_lots);
    case OREMARK__EVENT__KIND_TRANSFER_TITLE: return list(refs, e->transfer_title->lots, e->transfer_title->n_lots);
    case OREMARK__EVENT__KIND_CORRECT: return one(refs, e->correct->lot);
    case OREMARK__EVENT__KIND_SETTLE: return settled(refs, e->settle);
    case OREMARK__EVENT__KIND_CLAIM: return claimed(refs, e->claim);
    default: return 0; /* what makes lots from nothing, attestations, acts */
  }
}

/* ---- a line of history ---- */

static enum om_code no_event(const struct om_place *at, struct om_status *st) {
  return om_fail(st, OM_CORRUPT, NULL, "entry %llu of log %u holds no event %u: " OM_STORE_DAMAGED,
                 (unsigned long long)at->index, at->log, at->event);
}

static bool name_of(void *ctx, char out[OM_TEXT_NAME_BYTES], uint32_t member, uint32_t site) {
  struct om_member row;
  struct om_site at;
  struct om_status ignored;
  _Static_assert(sizeof row.name <= OM_TEXT_NAME_BYTES && sizeof at.name <= OM_TEXT_NAME_BYTES, "a name fits");
  if (site != 0) {
    if (om_registry_site(ctx, &at, member, site, OM_REGISTRY_NOW, &ignored) != OM_OK) return false;
    memcpy(out, at.name, sizeof at.name);
    return true;
  }
  if (om_registry_member(ctx, &row, member, OM_REGISTRY_NOW, &ignored) != OM_OK) return false;
  memcpy(out, row.name, sizeof row.name);
  return true;
}

/* EVENT of MEMBER as a line for a person, its members and sites named by the registry as it is now. */
static void event_text(struct om_text *out, struct om_txn *txn, uint32_t member, const Oremark__Event *event) {
  const struct om_kind *kind = om_kind_of(event);
  om_text_clear(out);
  out->namer = name_of;
  out->namer_ctx = txn;
  out->speaker = member;
  if (kind && kind->describe) kind->describe(out, event);
  om_documents_text(out, event);
  om_details_text(out, event);
  out->namer = NULL;
}

static enum om_code read_event(struct om_txn *txn, struct om_arena *arena, struct om_step *out,
                               const struct om_hash *network, const struct om_found *found, struct om_status *st) {
  const Oremark__Event *event = oremark__event__unpack(om_arena_protobuf(arena), found->event.len, found->event.data);
  if (!event && arena->full)
    return om_fail(st, OM_REFUSED, "limit", "event %u in entry %llu of log %u takes more memory than is left for it",
                   out->at.event, (unsigned long long)out->at.index, out->at.log);
  const struct om_kind *kind = event ? om_kind_of(event) : NULL;
  if (!kind || om_event_form(event, st) != OM_OK) return no_event(&out->at, st);
  om_statement_id(&out->statement_id, network, found->statement.data, found->statement.len);
  om_event_id(&out->event_id, network, &out->statement_id, out->at.event);
  out->member = found->member;
  out->signed_ms = found->signed_ms;
  out->kind = kind->name;
  out->event = event;
  event_text(&out->text, txn, found->member, event);
  out->at_ms = event->at_ms;
  out->zone_min = event->zone_min;
  out->taken_ms = found->taken_ms;
  return OM_OK;
}

enum om_code om_step_read(struct om_txn *txn, struct om_arena *arena, struct om_step *out,
                          const struct om_hash *network, const struct om_place *at, struct om_status *st) {
  struct om_bytes entry;
  struct om_found found;
  struct om_log_info log;
  struct om_member member;
  *out = (struct om_step){.at = *at};
  enum om_code code = om_log_entry(txn, &entry, at->log, at->index, st);
  if (code != OM_OK) return code;
  if (!om_find_event(&found, entry.data, entry.len, at->event)) return no_event(at, st);
  code = read_event(txn, arena, out, network, &found, st);
  if (code == OM_OK) code = om_log_info(txn, &log, at->log, st);
  if (code == OM_OK) code = om_registry_member(txn, &member, found.member, OM_REGISTRY_NOW, st);
  if (code != OM_OK) return code;
  memcpy(out->origin, log.origin, sizeof out->origin);
  memcpy(out->member_name, member.name, sizeof out->member_name);
  out->final = at->index < log.final_size;
  return OM_OK;
}
