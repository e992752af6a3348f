#include "fuzz/yard.h"

#include <stdlib.h>
#include <string.h>

static struct yard yard;

static void take(size_t daemon, const struct record *record) {
  struct om_receipt receipt;
  struct om_status st = {0};
  enum om_code code =
      network_submit(&yard.net, daemon, yard.ledgers[daemon], &receipt, record->bytes, record->len, YARD_NOW_MS, &st);
  if (code != OM_OK) om_panic(__FILE__, __LINE__, st.text);
}

static void settle(void) {
  struct om_status st = {0};
  OM_ASSERT(network_settle(&yard.net, yard.ledgers, YARD_NOW_MS, &st) == OM_OK);
}

static void note(int which, uint32_t member, const uint8_t *bytes, size_t len) {
  Oremark__SignedStatement *said = oremark__signed_statement__unpack(NULL, len, bytes);
  OM_ASSERT(said);
  yard.events[which].member = member;
  yard.events[which].signed_ms = YARD_NOW_MS;
  om_statement_id(&yard.events[which].statement_id, &yard.net.id, said->statement.data, said->statement.len);
  oremark__signed_statement__free_unpacked(said, NULL);
}

static void add_sites(void) {
  struct record mine = record_site(&yard.net, YARD_MEMBER, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, YARD_NOW_MS);
  struct om_hash before = record_event(&yard.net, &mine);
  struct record plant =
      record_site(&yard.net, YARD_MEMBER, 2, &before, OREMARK__SITE_KIND__SITE_KIND_PLANT, YARD_NOW_MS);
  struct record other = record_site(&yard.net, YARD_OTHER, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, YARD_NOW_MS);
  take(0, &mine);
  take(0, &plant);
  take(0, &other);
  settle();
  free(mine.bytes);
  free(plant.bytes);
  free(other.bytes);
}

/* The lots that RECORD wrote get the next names. */
static void name_lots(const struct record *record, size_t n) {
  for (size_t i = 0; i < n; i++) {
    OM_ASSERT(yard.n_lots < YARD_LOTS_MAX);
    network_lot(&yard.net, yard.lots[yard.n_lots++], NULL, record->bytes, record->len, 0, (uint16_t)i);
  }
}

/* A lot on hold, of the member that keeps it. */
static struct record put_on_hold(const struct record *lots) {
  uint8_t number[OM_LOT_NUMBER_BYTES];
  struct om_hash last;
  uint32_t releasers[] = {YARD_OTHER}, member = YARD_MEMBER;
  Oremark__LotRef ref = OREMARK__LOT_REF__INIT, *refs[] = {&ref};
  Oremark__Hold hold = OREMARK__HOLD__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT, *events[] = {&event};
  network_lot(&yard.net, number, &last, lots->bytes, lots->len, 0, 0);
  ref.number = (ProtobufCBinaryData){sizeof number, number};
  ref.last_event = (ProtobufCBinaryData){sizeof last.bytes, last.bytes};
  hold.n_lots = hold.n_releasers = hold.threshold = 1;
  hold.lots = refs;
  hold.releasers = releasers;
  hold.reason = OREMARK__HOLD_REASON__HOLD_REASON_PLEDGE;
  event.kind_case = OREMARK__EVENT__KIND_HOLD;
  event.hold = &hold;
  struct record out = {0};
  out.bytes = network_statement(&yard.net, &out.len, member, YARD_NOW_MS, events, 1, &member, 1);
  return out;
}

/* One that was received of the other, and one on hold. */
static void add_kept_lots(void) {
  struct record theirs = record_extract(&yard.net, YARD_OTHER, 1, 1, 1000000, YARD_NOW_MS);
  struct record own = record_extract(&yard.net, YARD_MEMBER, 1, 1, 1000000, YARD_NOW_MS);
  struct record sent = record_ship(&yard.net, YARD_OTHER, &theirs, YARD_MEMBER, YARD_NOW_MS);
  struct record received = record_receive(&yard.net, YARD_MEMBER, 2, &theirs, &sent, YARD_NOW_MS);
  struct record held = put_on_hold(&own), *all[] = {&theirs, &own, &sent, &received, &held};
  take(2, &theirs);
  take(1, &own);
  take(2, &sent);
  settle();
  take(1, &received);
  take(1, &held);
  settle();
  name_lots(&theirs, 1);
  name_lots(&own, 1);
  for (int i = 0; i < 5; i++) free(all[i]->bytes);
}

/* Small lots, and some so large that what tolerances allow is over the cap of drift. */
static void add_lots(void) {
  static const struct {
    uint32_t member;
    size_t n;
    uint64_t copper_mg;
  } of[] = {{YARD_MEMBER, 3, 1000000},
            {YARD_MEMBER, 1, 5000000},
            {YARD_MEMBER, 1, INT64_MAX / 8},
            {YARD_OTHER, 2, INT64_C(1000000000000000)},
            {YARD_MEMBER, 1, INT64_C(100000000000000)}};
  struct record records[5];
  for (size_t i = 0; i < 5; i++) {
    records[i] = record_extract(&yard.net, of[i].member, 1, of[i].n, of[i].copper_mg, YARD_NOW_MS);
    take(of[i].member - 1, &records[i]);
    name_lots(&records[i], of[i].n);
    if (i == 0) note(YARD_EXTRACT, of[i].member, records[i].bytes, records[i].len);
  }
  struct record charge = record_charge(&yard.net, YARD_MEMBER, 2, &records[1], YARD_NOW_MS);
  struct record away = record_ship(&yard.net, YARD_MEMBER, &records[2], YARD_OTHER, YARD_NOW_MS);
  struct record here = record_ship(&yard.net, YARD_OTHER, &records[3], YARD_MEMBER, YARD_NOW_MS);
  take(1, &charge);
  name_lots(&charge, 1);
  take(1, &away);
  take(2, &here);
  settle();
  for (int i = 0; i < 5; i++) free(records[i].bytes);
  free(charge.bytes);
  free(away.bytes);
  free(here.bytes);
}

/* ---- attestations ---- */

static void attest(int which, uint32_t member, Oremark__Event *event) {
  struct record said = {0};
  said.bytes = network_statement(&yard.net, &said.len, member, YARD_NOW_MS, &event, 1, &member, 1);
  take(member - 1, &said);
  note(which, member, said.bytes, said.len);
  free(said.bytes);
}

static void recognise_scheme(void) {
  uint32_t governor = 1, certifiers[] = {YARD_MEMBER, YARD_OTHER};
  Oremark__RecogniseScheme act = OREMARK__RECOGNISE_SCHEME__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT, *events[] = {&event};
  struct record said = {0};
  act.scheme = (char[]){YARD_SCHEME};
  act.n_certifiers = 2;
  act.certifiers = certifiers;
  event.kind_case = OREMARK__EVENT__KIND_RECOGNISE_SCHEME;
  event.recognise_scheme = &act;
  said.bytes = network_statement(&yard.net, &said.len, governor, YARD_NOW_MS, events, 1, &governor, 1);
  take(0, &said);
  free(said.bytes);
  settle();
}

static void certify(int which, uint32_t member, uint32_t holder) {
  Oremark__Subject about = OREMARK__SUBJECT__INIT;
  Oremark__Certify act = OREMARK__CERTIFY__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  about.member = holder;
  act.subject = &about;
  act.scheme = (char[]){YARD_SCHEME};
  act.valid_from_ms = 1;
  act.valid_until_ms = 2 * YARD_NOW_MS;
  act.quantity_mg = 500000;
  act.element = 29;
  event.kind_case = OREMARK__EVENT__KIND_CERTIFY;
  event.certify = &act;
  attest(which, member, &event);
}

static void raise(int which, uint32_t member) {
  Oremark__Subject about = OREMARK__SUBJECT__INIT;
  Oremark__Flag act = OREMARK__FLAG__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  about.member = YARD_OTHER;
  act.subject = &about;
  act.category = OREMARK__FLAG_CATEGORY__FLAG_CATEGORY_SECURITY_FORCES;
  act.severity = 1;
  act.text = (char[]){"word"};
  event.kind_case = OREMARK__EVENT__KIND_FLAG;
  event.flag = &act;
  attest(which, member, &event);
}

static void estimate(void) {
  Oremark__ElementMass mass = OREMARK__ELEMENT_MASS__INIT, *masses[] = {&mass};
  Oremark__Estimate act = OREMARK__ESTIMATE__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  mass.element = 29;
  mass.mass_mg = 1000000;
  act.member = YARD_MEMBER;
  act.site = 1;
  act.kind = OREMARK__ESTIMATE_KIND__ESTIMATE_KIND_RESOURCE;
  act.n_metals = 1;
  act.metals = masses;
  act.as_of_ms = YARD_NOW_MS;
  event.kind_case = OREMARK__EVENT__KIND_ESTIMATE;
  event.estimate = &act;
  attest(YARD_ESTIMATE, YARD_MEMBER, &event);
}

static void add_attestations(void) {
  recognise_scheme();
  certify(YARD_CERTIFICATE, YARD_OTHER, YARD_MEMBER);
  certify(YARD_OWN_CERTIFICATE, YARD_MEMBER, YARD_OTHER);
  raise(YARD_FLAG, YARD_MEMBER);
  raise(YARD_OTHERS_FLAG, YARD_OTHER);
  estimate();
  settle();
}

/* ---- balance ---- */

/* Adds a lot's present contents, unless it went into other lots. Each lot's last step stands last among its rows. */
static void add_row(struct yard_sums *sums, struct om_arena *arena, const struct om_bytes *key,
                    const struct om_bytes *row, int sign) {
  struct om_lot lot;
  struct om_status st = {0};
  OM_ASSERT(key->len == OM_LOT_KEY_BYTES && om_lot_decode(arena, &lot, key->data, row->data, row->len, &st) == OM_OK);
  if (lot.state == OM_LOT_CONSUMED) return;
  for (size_t i = 0; i < lot.n_contents; i++) {
    om_u128 *mg = &sums->mg[lot.contents[i].element], one = (om_u128)lot.contents[i].contained_mg;
    OM_ASSERT(om_mix_ok(lot.contents[i].mix) && om_mix_total(lot.contents[i].mix) == lot.contents[i].contained_mg);
    *mg = sign > 0 ? *mg + one : *mg - one;
  }
}

struct yard_sums yard_balance(struct om_txn *txn) {
  struct yard_sums sums = {{0}};
  struct om_arena arena = {0};
  struct om_bytes key, row, old_key = {0}, old_row = {0};
  for (bool more = om_txn_next(txn, &key, &row, OM_TABLE_LOTS, "", 0); more;
       more = om_txn_step(txn, &key, &row, OM_TABLE_LOTS)) {
    bool same = old_key.data && memcmp(old_key.data, key.data, OM_LOT_NUMBER_BYTES) == 0;
    if (same) add_row(&sums, &arena, &old_key, &old_row, -1);
    add_row(&sums, &arena, &key, &row, 1);
    old_key = key;
    old_row = row;
  }
  om_arena_free(&arena);
  return sums;
}

struct yard *yard_open(void) {
  if (yard.n_lots) return &yard;
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
  add_kept_lots();
  add_attestations();
  OM_ASSERT(om_txn_read(&txn, om_ledger_store(yard.ledgers[1]), &st) == OM_OK);
  yard.sums = yard_balance(txn);
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
  return &yard;
}
