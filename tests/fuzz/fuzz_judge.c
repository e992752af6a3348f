/* The rules: what statement of any events member 2 may sign, the ledger judges it without falling over; what it takes, a
 * mirror takes too; and no metal appears but what was declared and the capped drift.
 *
 * The input is a Statement, need not be canonical, and is signed here. A lot number of one byte stands for one of the lots
 * that there are. */
#include "fuzz/fuzz.h"
#include "ledger/events/kinds.h"
#include "ledger/quantity.h"
#include "support/records.h"

enum { MEMBER = 2, OTHER = 3, LOTS_MAX = 64 };

static const int64_t now_ms = INT64_C(1710000000000);
static const uint64_t cap_mg = 1000000000; /* of drift, in the network's genesis */

struct sums {
  uint64_t mg[OM_ELEMENT_MAX + 1];
};

static struct {
  struct network net;
  struct om_ledger *ledgers[3];
  size_t n_lots;
  uint8_t lots[LOTS_MAX][OM_LOT_NUMBER_BYTES];
  struct om_hash last[LOTS_MAX];
  struct sums sums;
  uint64_t size; /* of log 1 */
  uint32_t nonce;
} yard;

/* ---- the yard: some lots in every state ---- */

static void take(size_t daemon, const struct record *record) {
  struct om_receipt receipt;
  struct om_status st = {0};
  enum om_code code = network_submit(&yard.net, daemon, yard.ledgers[daemon], &receipt, record->bytes, record->len, now_ms, &st);
  if (code != OM_OK) om_panic(__FILE__, __LINE__, st.text);
}

static void settle(void) {
  struct om_status st = {0};
  OM_ASSERT(network_settle(&yard.net, yard.ledgers, now_ms, &st) == OM_OK);
}

static void add_sites(void) {
  struct record mine = record_site(&yard.net, MEMBER, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, now_ms);
  struct om_hash before = record_event(&yard.net, &mine);
  struct record plant = record_site(&yard.net, MEMBER, 2, &before, OREMARK__SITE_KIND__SITE_KIND_PLANT, now_ms);
  struct record other = record_site(&yard.net, OTHER, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, now_ms);
  take(0, &mine);
  take(0, &plant);
  take(0, &other);
  settle();
  free(mine.bytes);
  free(plant.bytes);
  free(other.bytes);
}

static void add_lots(void) {
  struct record records[] = {
      record_extract(&yard.net, MEMBER, 1, 3, 1000000, now_ms), record_extract(&yard.net, MEMBER, 1, 1, 5000000, now_ms),
      record_extract(&yard.net, MEMBER, 1, 1, INT64_MAX / 8, now_ms), record_extract(&yard.net, OTHER, 1, 2, 3000000, now_ms)};
  struct record charge = record_charge(&yard.net, MEMBER, 2, &records[1], now_ms);
  struct record away = record_ship(&yard.net, MEMBER, &records[2], OTHER, now_ms);
  struct record here = record_ship(&yard.net, OTHER, &records[3], MEMBER, now_ms);
  for (int i = 0; i < 4; i++) take(i == 3 ? 2 : 1, &records[i]);
  take(1, &charge);
  take(1, &away);
  take(2, &here);
  settle();
  for (int i = 0; i < 4; i++) free(records[i].bytes);
  free(charge.bytes);
  free(away.bytes);
  free(here.bytes);
}

/* ---- balance ---- */

/* Adds a lot's present contents, unless it went into other lots. Each lot's last step stands last among its rows. */
static void add_row(struct sums *sums, struct om_arena *arena, const struct om_bytes *key, const struct om_bytes *row, int sign) {
  struct om_lot lot;
  struct om_status st = {0};
  OM_ASSERT(key->len == OM_LOT_KEY_BYTES && om_lot_decode(arena, &lot, key->data, row->data, row->len, &st) == OM_OK);
  if (lot.state == OM_LOT_CONSUMED) return;
  for (size_t i = 0; i < lot.n_contents; i++) {
    uint64_t *mg = &sums->mg[lot.contents[i].element], one = (uint64_t)lot.contents[i].contained_mg;
    OM_ASSERT(om_mix_ok(lot.contents[i].mix) && om_mix_total(lot.contents[i].mix) == lot.contents[i].contained_mg);
    *mg = sign > 0 ? *mg + one : *mg - one;
  }
}

static struct sums balance(struct om_txn *txn, bool remember) {
  struct sums sums = {{0}};
  struct om_arena arena = {0};
  struct om_bytes key, row, old_key = {0}, old_row = {0};
  for (bool more = om_txn_next(txn, &key, &row, OM_TABLE_LOTS, "", 0); more; more = om_txn_step(txn, &key, &row, OM_TABLE_LOTS)) {
    bool same = old_key.data && memcmp(old_key.data, key.data, OM_LOT_NUMBER_BYTES) == 0;
    if (same) add_row(&sums, &arena, &old_key, &old_row, -1);
    add_row(&sums, &arena, &key, &row, 1);
    old_key = key;
    old_row = row;
    if (!remember) continue;
    if (!same) memcpy(yard.lots[yard.n_lots++], key.data, OM_LOT_NUMBER_BYTES);
    OM_ASSERT(yard.n_lots <= LOTS_MAX);
  }
  om_arena_free(&arena);
  return sums;
}

static void open_yard(void) {
  struct om_status st = {0};
  struct om_txn *txn;
  struct om_arena arena = {0};
  struct om_log_info info;
  network_open(&yard.net, 3, false);
  for (size_t i = 0; i < 3; i++) {
    char *folder = temp_folder();
    yard.ledgers[i] = network_ledger(&yard.net, i, folder);
    remove_folder(folder); /* the store lives on in its descriptors, and leaves nothing behind */
  }
  settle();
  add_sites();
  add_lots();
  OM_ASSERT(om_txn_read(&txn, om_ledger_store(yard.ledgers[1]), &st) == OM_OK);
  yard.sums = balance(txn, true);
  for (size_t i = 0; i < yard.n_lots; i++) {
    struct om_lot lot;
    OM_ASSERT(om_lot_get(txn, &arena, &lot, yard.lots[i], &st) == OM_OK);
    yard.last[i] = lot.last_event;
  }
  OM_ASSERT(om_log_info(txn, &info, 1, &st) == OM_OK);
  yard.size = info.size;
  yard.nonce = yard.net.nonce;
  om_txn_abort(txn);
  om_arena_free(&arena);
}

static void add_materials(struct sums *sums, Oremark__Material *const *materials, size_t n) {
  for (size_t i = 0; i < n; i++)
    for (size_t m = 0; m < materials[i]->n_metals; m++) sums->mg[materials[i]->metals[m]->element] += materials[i]->metals[m]->contained_mg;
}

static void check_balance(struct om_txn *txn, const Oremark__Statement *s) {
  struct sums most = yard.sums, now = balance(txn, false);
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

/* Puts real lots for their one-byte names, and drops what no schema knows. */
static void resolve(ProtobufCMessage *message) {
  message->n_unknown_fields = 0;
  if (message->descriptor == &oremark__lot_ref__descriptor) {
    Oremark__LotRef *ref = (Oremark__LotRef *)message;
    if (ref->number.len != 1) return;
    size_t lot = ref->number.data[0] % yard.n_lots;
    ref->number = (ProtobufCBinaryData){OM_LOT_NUMBER_BYTES, yard.lots[lot]};
    if (ref->last_event.len <= 1) ref->last_event = (ProtobufCBinaryData){OM_HASH_BYTES, yard.last[lot].bytes};
    return;
  }
  for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
    const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
    if (field->type != PROTOBUF_C_TYPE_MESSAGE) continue;
    bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
    bool chosen = !(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) || *(uint32_t *)member(message, field->quantifier_offset) == field->id;
    if (!chosen) continue;
    size_t n = repeated ? *(size_t *)member(message, field->quantifier_offset) : 1;
    ProtobufCMessage **list = repeated ? *(ProtobufCMessage ***)member(message, field->offset) : member(message, field->offset);
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
  uint64_t index = yard.size;
  OM_ASSERT(om_batch_begin(&batch, yard.ledgers[2], &st) == OM_OK);
  for (; om_log_entry(from, &entry, 1, index, &st) == OM_OK; index++) {
    OM_ASSERT(om_check_entry(&checked, &arena, &yard.net.id, om_batch_txn(batch), entry.data, entry.len, &st) == OM_OK);
    if (om_batch_mirror(batch, 1, index, checked, &st) != OM_OK) om_panic(__FILE__, __LINE__, st.text);
  }
  OM_ASSERT(index > yard.size);
  om_batch_abort(batch);
  om_arena_free(&arena);
}

static void submit(const uint8_t *bytes, size_t len) {
  struct om_batch *batch;
  struct om_arena arena = {0};
  struct om_checked *checked;
  struct om_receipt receipt;
  struct om_status st = {0};
  OM_ASSERT(om_batch_begin(&batch, yard.ledgers[1], &st) == OM_OK);
  enum om_code code = om_check_statement(&checked, &arena, &yard.net.id, om_batch_txn(batch), bytes, len, &st);
  if (code == OM_OK) code = om_batch_submit(batch, &receipt, checked, now_ms, &st);
  if (code == OM_OK) {
    OM_ASSERT(receipt.log == 1 && receipt.index >= yard.size && !receipt.again);
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
  static const uint32_t signers[] = {MEMBER, OTHER};
  static struct om_arena arena;
  if (!yard.n_lots) open_yard();
  om_arena_reset(&arena);
  size_t n_signers = 1 + fuzz_byte(&data, &len) % 2;
  Oremark__Statement *s = oremark__statement__unpack(om_arena_protobuf(&arena), len, data);
  if (!s || s->n_events > OM_EVENTS_MAX) return 0;
  resolve(&s->base);
  yard.net.nonce = yard.nonce;
  size_t out_len;
  uint8_t *out = network_statement(&yard.net, &out_len, MEMBER, now_ms, s->events, s->n_events, signers, n_signers);
  submit(out, out_len);
  free(out);
  return 0;
}
