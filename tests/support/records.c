#include "support/test.h"

#include <stdlib.h>

#include "support/records.h"

enum { COPPER = 29, GOLD = 79, LOTS_MAX = 1000 };

static struct record signed_by(struct network *net, uint32_t member, Oremark__Event *event, int64_t at_ms) {
  Oremark__Event *events[] = {event};
  struct record out;
  out.bytes = network_statement(net, &out.len, member, at_ms, events, 1, &member, 1);
  return out;
}

struct om_hash record_event(const struct network *net, const struct record *record) {
  uint8_t number[OM_LOT_NUMBER_BYTES];
  struct om_hash id;
  network_lot(net, number, &id, record->bytes, record->len, 0, 0);
  return id;
}

struct record record_site(struct network *net, uint32_t member, uint32_t site, const struct om_hash *previous,
                          Oremark__SiteKind kind, int64_t at_ms) {
  char name[] = "yard", country[] = "PE";
  Oremark__AddSite act = OREMARK__ADD_SITE__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  act.site = site;
  act.name = name;
  act.country = country;
  act.kind = kind;
  event.kind_case = OREMARK__EVENT__KIND_ADD_SITE;
  event.add_site = &act;
  if (previous) event.previous = (ProtobufCBinaryData){sizeof previous->bytes, (uint8_t *)(uintptr_t)previous->bytes};
  return signed_by(net, member, &event, at_ms);
}

struct record record_extract(struct network *net, uint32_t member, uint32_t site, size_t n, uint64_t copper_mg,
                             int64_t at_ms) {
  char name[] = "copper concentrate";
  Oremark__Metal copper = OREMARK__METAL__INIT, gold = OREMARK__METAL__INIT, *metals[] = {&copper, &gold};
  Oremark__Material material = OREMARK__MATERIAL__INIT, *lots[LOTS_MAX];
  Oremark__Extract act = OREMARK__EXTRACT__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  OM_ASSERT(n <= LOTS_MAX);
  copper.element = COPPER;
  copper.contained_mg = copper_mg;
  gold.element = GOLD;
  gold.contained_mg = copper_mg / 1000;
  material.form = OREMARK__FORM__FORM_CONCENTRATE;
  material.name = name;
  material.gross_mg = 4 * copper_mg;
  material.n_metals = 2;
  material.metals = metals;
  for (size_t i = 0; i < n; i++) lots[i] = &material;
  act.site = site;
  act.n_lots = n;
  act.lots = lots;
  event.kind_case = OREMARK__EVENT__KIND_EXTRACT;
  event.extract = &act;
  return signed_by(net, member, &event, at_ms);
}

/* A lot by its number and last event. */
struct lot_name {
  uint8_t number[OM_LOT_NUMBER_BYTES];
  struct om_hash last;
};

static void refer(Oremark__LotRef *ref, struct lot_name *name, const struct network *net, const struct record *born,
                  const struct record *last) {
  network_lot(net, name->number, NULL, born->bytes, born->len, 0, 0);
  name->last = record_event(net, last);
  *ref = (Oremark__LotRef)OREMARK__LOT_REF__INIT;
  ref->number = (ProtobufCBinaryData){OM_LOT_NUMBER_BYTES, name->number};
  ref->last_event = (ProtobufCBinaryData){OM_HASH_BYTES, name->last.bytes};
}

struct record record_ship(struct network *net, uint32_t member, const struct record *record, uint32_t consignee,
                          int64_t at_ms) {
  struct lot_name name;
  Oremark__LotRef ref, *refs[] = {&ref};
  Oremark__Ship act = OREMARK__SHIP__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  refer(&ref, &name, net, record, record);
  act.n_lots = 1;
  act.lots = refs;
  act.consignee = consignee;
  act.mode = OREMARK__TRANSPORT_MODE__TRANSPORT_MODE_RAIL;
  act.with_title = 1;
  event.kind_case = OREMARK__EVENT__KIND_SHIP;
  event.ship = &act;
  return signed_by(net, member, &event, at_ms);
}

struct record record_receive(struct network *net, uint32_t member, uint32_t site, const struct record *record,
                             const struct record *shipped, int64_t at_ms) {
  struct lot_name name;
  Oremark__LotRef ref;
  Oremark__ReceivedLot lot = OREMARK__RECEIVED_LOT__INIT, *lots[] = {&lot};
  Oremark__Receive act = OREMARK__RECEIVE__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  refer(&ref, &name, net, record, shipped);
  lot.lot = &ref;
  act.site = site;
  act.n_lots = 1;
  act.lots = lots;
  event.kind_case = OREMARK__EVENT__KIND_RECEIVE;
  event.receive = &act;
  return signed_by(net, member, &event, at_ms);
}

struct record record_charge(struct network *net, uint32_t member, uint32_t site, const struct record *record,
                            int64_t at_ms) {
  char pool[] = "converter 1";
  struct lot_name name;
  Oremark__LotRef ref, *refs[] = {&ref};
  Oremark__Charge act = OREMARK__CHARGE__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  refer(&ref, &name, net, record, record);
  act.site = site;
  act.n_inputs = 1;
  act.inputs = refs;
  act.name = pool;
  act.process = OREMARK__PROCESS__PROCESS_SMELT;
  event.kind_case = OREMARK__EVENT__KIND_CHARGE;
  event.charge = &act;
  return signed_by(net, member, &event, at_ms);
}

struct om_receipt record_submit(const struct network *net, struct om_ledger **ledgers, size_t daemon,
                                const struct record *record, int64_t at_ms) {
  struct om_receipt receipt;
  struct om_status st = {0};
  assert_ok(network_submit(net, daemon, ledgers[daemon], &receipt, record->bytes, record->len, at_ms, &st), &st);
  return receipt;
}

void record_first_site(struct network *net, struct om_ledger **ledgers, uint32_t member, Oremark__SiteKind kind,
                       int64_t at_ms) {
  struct record site = record_site(net, member, 1, NULL, kind, at_ms);
  record_submit(net, ledgers, 0, &site, at_ms);
  free(site.bytes);
}

void record_network(struct network *net, char **folders, struct om_ledger **ledgers, size_t n, bool witnessed,
                    uint32_t member, int64_t at_ms) {
  struct om_status st = {0};
  network_open(net, n, witnessed);
  network_ledgers(net, folders, ledgers);
  assert_ok(network_settle(net, ledgers, at_ms, &st), &st);
  record_first_site(net, ledgers, member, OREMARK__SITE_KIND__SITE_KIND_MINE, at_ms);
}
