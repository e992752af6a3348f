#include "fuzz/pair.h"

#include <stdlib.h>

enum { MINER = 2, BUYER = 3, DAEMONS = 3, LOTS = 2 };

static const int64_t T = INT64_C(1710000000000);

static struct network net;
static struct bundled good;

/* Both lots of EXTRACTED, whose last event is that of BEFORE. */
static void refer(Oremark__LotRef refs[LOTS], uint8_t numbers[LOTS][OM_LOT_NUMBER_BYTES], struct om_hash *last,
                  const struct record *extracted, const struct record *before) {
  *last = record_event(&net, before);
  for (uint16_t i = 0; i < LOTS; i++) {
    network_lot(&net, numbers[i], NULL, extracted->bytes, extracted->len, 0, i);
    refs[i] = (Oremark__LotRef)OREMARK__LOT_REF__INIT;
    refs[i].number = (ProtobufCBinaryData){OM_LOT_NUMBER_BYTES, numbers[i]};
    refs[i].last_event = (ProtobufCBinaryData){OM_HASH_BYTES, last->bytes};
  }
}

static struct record by(uint32_t member, Oremark__Event *event) {
  struct record out = {0};
  Oremark__Event *events[] = {event};
  out.bytes = network_statement(&net, &out.len, member, T, events, 1, &member, 1);
  return out;
}

static struct record ship_both(const struct record *extracted) {
  Oremark__LotRef refs[LOTS], *lots[LOTS] = {&refs[0], &refs[1]};
  uint8_t numbers[LOTS][OM_LOT_NUMBER_BYTES];
  struct om_hash last;
  Oremark__Ship act = OREMARK__SHIP__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  refer(refs, numbers, &last, extracted, extracted);
  act.n_lots = LOTS;
  act.lots = lots;
  act.consignee = BUYER;
  act.mode = OREMARK__TRANSPORT_MODE__TRANSPORT_MODE_RAIL;
  event.kind_case = OREMARK__EVENT__KIND_SHIP;
  event.ship = &act;
  return by(MINER, &event);
}

static struct record receive_both(const struct record *extracted, const struct record *shipped) {
  Oremark__LotRef refs[LOTS];
  Oremark__ReceivedLot received[LOTS] = {OREMARK__RECEIVED_LOT__INIT, OREMARK__RECEIVED_LOT__INIT};
  Oremark__ReceivedLot *lots[LOTS] = {&received[0], &received[1]};
  uint8_t numbers[LOTS][OM_LOT_NUMBER_BYTES];
  struct om_hash last;
  Oremark__Receive act = OREMARK__RECEIVE__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  refer(refs, numbers, &last, extracted, shipped);
  for (size_t i = 0; i < LOTS; i++) received[i].lot = &refs[i];
  act.site = 1;
  act.n_lots = LOTS;
  act.lots = lots;
  event.kind_case = OREMARK__EVENT__KIND_RECEIVE;
  event.receive = &act;
  return by(BUYER, &event);
}

static void take(struct om_ledger **ledgers, size_t daemon, struct record record) {
  struct om_status st = {0};
  struct om_receipt receipt;
  OM_ASSERT(network_submit(&net, daemon, ledgers[daemon], &receipt, record.bytes, record.len, T, &st) == OM_OK);
  OM_ASSERT(network_settle(&net, ledgers, T, &st) == OM_OK);
}

static void begin(void) {
  struct om_ledger *ledgers[DAEMONS];
  char *folders[DAEMONS];
  struct om_status st = {0};
  uint8_t number[OM_LOT_NUMBER_BYTES];
  network_open(&net, DAEMONS, false);
  for (size_t i = 0; i < DAEMONS; i++) {
    folders[i] = temp_folder();
    ledgers[i] = network_ledger(&net, i, folders[i]);
  }
  OM_ASSERT(network_settle(&net, ledgers, T, &st) == OM_OK);
  struct record all[] = {record_site(&net, MINER, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, T),
                         record_site(&net, BUYER, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_PLANT, T),
                         record_extract(&net, MINER, 1, LOTS, 1000, T),
                         {0},
                         {0}};
  all[3] = ship_both(&all[2]);
  all[4] = receive_both(&all[2], &all[3]);
  static const size_t daemons[] = {0, 0, MINER - 1, MINER - 1, BUYER - 1};
  for (size_t i = 0; i < 5; i++) take(ledgers, daemons[i], all[i]);
  network_lot(&net, number, NULL, all[2].bytes, all[2].len, 0, 0);
  OM_ASSERT(bundled_write(&good, ledgers[0], number, &st) == OM_OK);
  for (size_t i = 0; i < 5; i++) free(all[i].bytes);
  for (size_t i = 0; i < DAEMONS; i++) {
    om_ledger_close(ledgers[i]);
    remove_folder(folders[i]);
  }
}

const struct bundled *pair_open(const struct network **out) {
  if (good.len == 0) begin();
  *out = &net;
  return &good;
}
