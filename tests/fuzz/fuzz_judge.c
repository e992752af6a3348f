/* The rules: what statement of any events member 2 may sign, the ledger judges it without falling over; what it takes,
 * a mirror takes too; and no metal appears but what was declared and the capped drift.
 *
 * The input is a Statement, need not be canonical, and is signed here. A lot number of one byte stands for one of the
 * lots that there are, a statement's id of one byte for one of the events. */
#include <stdio.h>

#include "fuzz/fuzz.h"
#include "fuzz/yard.h"
#include "ledger/events/kinds.h"
#include "support/seed.h"

static const uint64_t cap_mg = 1000000000; /* of drift, in the network's genesis */

static struct yard *yard;
static size_t taken[256]; /* statements, by the kind of their first event; for fuzz_replayed */

static void add_materials(struct yard_sums *sums, Oremark__Material *const *materials, size_t n) {
  for (size_t i = 0; i < n; i++)
    for (size_t m = 0; m < materials[i]->n_metals; m++)
      sums->mg[materials[i]->metals[m]->element] += materials[i]->metals[m]->contained_mg;
}

static void check_balance(struct om_txn *txn, const Oremark__Statement *s) {
  struct yard_sums most = yard->sums, now = yard_balance(txn);
  for (size_t i = 0; i < s->n_events; i++) {
    const Oremark__Event *e = s->events[i];
    if (e->kind_case == OREMARK__EVENT__KIND_EXTRACT) add_materials(&most, e->extract->lots, e->extract->n_lots);
    if (e->kind_case == OREMARK__EVENT__KIND_COLLECT) add_materials(&most, e->collect->lots, e->collect->n_lots);
    if (e->kind_case == OREMARK__EVENT__KIND_DECLARE) add_materials(&most, e->declare->lots, e->declare->n_lots);
  }
  for (size_t z = 1; z <= OM_ELEMENT_MAX; z++) OM_ASSERT(now.mg[z] <= most.mg[z] + cap_mg);
}

/* ---- the input ---- */

static void *member(ProtobufCMessage *message, unsigned offset) {
  return (char *)message + offset;
}

static void resolve_event(Oremark__EventRef *ref) {
  if (ref->statement_id.len != 1) return;
  struct yard_event *event = &yard->events[ref->statement_id.data[0] % YARD_EVENTS];
  ref->member = event->member;
  ref->signed_ms = event->signed_ms;
  ref->statement_id = (ProtobufCBinaryData){OM_HASH_BYTES, event->statement_id.bytes};
}

/* Puts real lots and events for their one-byte names, and drops what no schema knows. */
static void resolve(ProtobufCMessage *message) {
  message->n_unknown_fields = 0;
  if (message->descriptor == &oremark__lot_ref__descriptor) {
    Oremark__LotRef *ref = (Oremark__LotRef *)message;
    if (ref->number.len != 1) return;
    size_t lot = ref->number.data[0] % yard->n_lots;
    ref->number = (ProtobufCBinaryData){OM_LOT_NUMBER_BYTES, yard->lots[lot]};
    if (ref->last_event.len <= 1) ref->last_event = (ProtobufCBinaryData){OM_HASH_BYTES, yard->last[lot].bytes};
    return;
  }
  if (message->descriptor == &oremark__event_ref__descriptor) resolve_event((Oremark__EventRef *)message);
  if (message->descriptor == &oremark__subject__descriptor) {
    ProtobufCBinaryData *lot = &((Oremark__Subject *)message)->lot;
    if (lot->len == 1) *lot = (ProtobufCBinaryData){OM_LOT_NUMBER_BYTES, yard->lots[lot->data[0] % yard->n_lots]};
  }
  for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
    const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
    if (field->type != PROTOBUF_C_TYPE_MESSAGE) continue;
    bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
    bool chosen = !(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) ||
                  *(uint32_t *)member(message, field->quantifier_offset) == field->id;
    if (!chosen) continue;
    size_t n = repeated ? *(size_t *)member(message, field->quantifier_offset) : 1;
    ProtobufCMessage **list =
        repeated ? *(ProtobufCMessage ***)member(message, field->offset) : member(message, field->offset);
    for (size_t k = 0; k < n; k++)
      if (list[k]) resolve(list[k]);
  }
}

/* What log 1 has taken in, the mirror takes in. */
static void mirror(struct om_txn *from) {
  struct om_batch *batch;
  struct om_arena arena = {0};
  struct om_checked *checked;
  struct om_bytes entry;
  struct om_status st = {0};
  uint64_t index = yard->size;
  OM_ASSERT(om_batch_begin(&batch, yard->ledgers[2], &st) == OM_OK);
  for (; om_log_entry(from, &entry, 1, index, &st) == OM_OK; index++) {
    OM_ASSERT(om_check_entry(&checked, &arena, &yard->net.id, om_batch_txn(batch), entry.data, entry.len, &st) ==
              OM_OK);
    if (om_batch_mirror(batch, 1, index, checked, &st) != OM_OK) om_panic(__FILE__, __LINE__, st.text);
  }
  OM_ASSERT(index > yard->size);
  om_batch_abort(batch);
  om_arena_free(&arena);
}

static void submit(const uint8_t *bytes, size_t len) {
  struct om_batch *batch;
  struct om_arena arena = {0};
  struct om_checked *checked;
  struct om_receipt receipt;
  struct om_status st = {0};
  OM_ASSERT(om_batch_begin(&batch, yard->ledgers[1], &st) == OM_OK);
  enum om_code code = om_check_statement(&checked, &arena, &yard->net.id, om_batch_txn(batch), bytes, len, &st);
  if (code == OM_OK) code = om_batch_submit(batch, &receipt, checked, YARD_NOW_MS, &st);
  if (code == OM_OK) {
    OM_ASSERT(receipt.log == 1 && receipt.index >= yard->size && !receipt.again);
    taken[checked->statement->events[0]->kind_case % 256]++;
    check_balance(om_batch_txn(batch), checked->statement);
    mirror(om_batch_txn(batch));
  } else {
    fuzz_refusal(&st, code);
    OM_ASSERT(code == OM_MALFORMED || code == OM_REFUSED || code == OM_WAIT || code == OM_MISSING);
  }
  om_batch_abort(batch);
  om_arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static const uint32_t signers[] = {YARD_MEMBER, YARD_OTHER};
  static struct om_arena arena;
  yard = yard_open();
  om_arena_reset(&arena);
  size_t n_signers = 1 + fuzz_byte(&data, &len) % 2;
  Oremark__Statement *s = oremark__statement__unpack(om_arena_protobuf(&arena), len, data);
  if (!s || s->n_events > OM_EVENTS_MAX) return 0;
  resolve(&s->base);
  yard->net.nonce = yard->nonce;
  size_t out_len;
  uint8_t *out =
      network_statement(&yard->net, &out_len, YARD_MEMBER, YARD_NOW_MS, s->events, s->n_events, signers, n_signers);
  submit(out, out_len);
  free(out);
  return 0;
}

void fuzz_replayed(void) {
  size_t missing = 0;
  for (size_t i = 1; i < 256; i++) {
    Oremark__Event event = OREMARK__EVENT__INIT;
    event.kind_case = (Oremark__Event__KindCase)i;
    const struct om_kind *kind = om_kind_of(&event);
    if (!kind || (kind->class != OM_KIND_CUSTODY && kind->class != OM_KIND_ATTESTATION) || taken[i] > 0) continue;
    fprintf(stderr, "%s: no seed is valid\n", kind->name);
    missing++;
  }
  OM_ASSERT(missing == 0);
}

/* ---- how the searcher changes an input: as a statement, not as bytes ---- */

size_t LLVMFuzzerMutate(uint8_t *data, size_t len, size_t max_len) __attribute__((weak)); /* absent when replaying */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t max_len, unsigned seed);

static void change_number(uint64_t *number, uint64_t *random) {
  static const uint64_t apt[] = {0,
                                 1,
                                 2,
                                 3,
                                 29,
                                 79,
                                 500,
                                 1000,
                                 500000,
                                 1000000,
                                 4000000,
                                 UINT64_C(100000000000000),
                                 UINT64_C(1000000000000000),
                                 INT64_MAX,
                                 UINT64_MAX};
  switch (test_below(random, 5)) {
    case 0: ++*number; break;
    case 3: *number += *number >> test_below(random, 12); break; /* a little more than it was */
    case 1: --*number; break;
    case 2: *number = apt[test_below(random, sizeof apt / sizeof *apt)]; break;
    default: *number = *number + apt[test_below(random, sizeof apt / sizeof *apt)]; break;
  }
}

static void change_value(const ProtobufCFieldDescriptor *field, void *value, uint64_t *random) {
  if (field->type == PROTOBUF_C_TYPE_BYTES) { /* a lot by its one-byte name, or no lot */
    ProtobufCBinaryData *bytes = value;
    if (bytes->len == 1) bytes->data[0] = (uint8_t)test_below(random, 10);
  } else if (field->type == PROTOBUF_C_TYPE_UINT64 || field->type == PROTOBUF_C_TYPE_INT64) {
    change_number(value, random);
  } else if (field->type == PROTOBUF_C_TYPE_UINT32 || field->type == PROTOBUF_C_TYPE_SINT32 ||
             field->type == PROTOBUF_C_TYPE_ENUM) {
    uint64_t wide = *(uint32_t *)value;
    change_number(&wide, random);
    *(uint32_t *)value = (uint32_t)wide;
  } else if (field->type == PROTOBUF_C_TYPE_BOOL) {
    *(protobuf_c_boolean *)value ^= 1;
  }
}

/* Drops or doubles one element of a list in MESSAGE's arena. */
static void change_list(struct om_arena *arena, size_t *n, void ***list, uint64_t *random) {
  if (*n == 0 || *n >= 64) return;
  size_t i = (size_t)test_below(random, *n);
  if (test_below(random, 2)) {
    (*list)[i] = (*list)[--*n];
    return;
  }
  void **longer = om_arena_array(arena, *n + 1, sizeof *longer);
  memcpy(longer, *list, *n * sizeof *longer);
  longer[*n] = longer[i];
  *list = longer;
  ++*n;
}

/* Changes about one in ODDS fields of MESSAGE and what is in it. */
static void change(struct om_arena *arena, ProtobufCMessage *message, uint64_t odds, uint64_t *random) {
  for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
    const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
    bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED, is_message = field->type == PROTOBUF_C_TYPE_MESSAGE;
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF &&
        *(uint32_t *)member(message, field->quantifier_offset) != field->id)
      continue;
    bool hit = test_below(random, odds) == 0;
    size_t *count = member(message, field->quantifier_offset);
    if (repeated && is_message && hit) change_list(arena, count, member(message, field->offset), random);
    if (!repeated && !is_message && hit) change_value(field, member(message, field->offset), random);
    if (!is_message) continue;
    ProtobufCMessage **list =
        repeated ? *(ProtobufCMessage ***)member(message, field->offset) : member(message, field->offset);
    for (size_t k = 0; k < (repeated ? *count : 1); k++)
      if (list[k]) change(arena, list[k], odds, random);
  }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t max_len, unsigned seed) {
  static struct om_arena arena;
  uint64_t random = seed;
  om_arena_reset(&arena);
  Oremark__Statement *s = len > 1 ? oremark__statement__unpack(om_arena_protobuf(&arena), len - 1, data + 1) : NULL;
  if (!s || test_below(&random, 4) == 0) return LLVMFuzzerMutate(data, len, max_len);
  change(&arena, &s->base, 1 + test_below(&random, 20), &random);
  size_t packed = oremark__statement__get_packed_size(s);
  if (packed + 1 > max_len) return len;
  oremark__statement__pack(s, data + 1);
  return packed + 1;
}
