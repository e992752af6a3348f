#include "support/attest.h"

#include <string.h>

#include "ledger/registry_rows.h"
#include "support/test.h"

#define NEW(c, Type, INIT) ((Type *)om_arena_copy(&(c)->arena, &(const Type)INIT, sizeof(Type)))

static Oremark__Event *event_of(struct custody *c, Oremark__Event__KindCase kind) {
  Oremark__Event *e = NEW(c, Oremark__Event, OREMARK__EVENT__INIT);
  e->at_ms = c->taken_ms;
  e->kind_case = kind;
  return e;
}

Oremark__Subject *about_member(struct custody *c, uint32_t member) {
  return about_site(c, member, 0);
}

Oremark__Subject *about_site(struct custody *c, uint32_t member, uint32_t site) {
  Oremark__Subject *s = NEW(c, Oremark__Subject, OREMARK__SUBJECT__INIT);
  s->member = member;
  s->site = site;
  return s;
}

Oremark__Subject *about_lot(struct custody *c, struct lot_name lot) {
  Oremark__Subject *s = NEW(c, Oremark__Subject, OREMARK__SUBJECT__INIT);
  s->lot = (ProtobufCBinaryData){sizeof lot.number, om_arena_copy(&c->arena, lot.number, sizeof lot.number)};
  return s;
}

Oremark__EventRef *last_event(struct custody *c, uint32_t event) {
  Oremark__EventRef *ref = NEW(c, Oremark__EventRef, OREMARK__EVENT_REF__INIT);
  const struct om_hash *id = &c->judged.statement_id;
  ref->member = c->judged.statement->member;
  ref->signed_ms = c->judged.statement->signed_ms;
  ref->statement_id = (ProtobufCBinaryData){OM_HASH_BYTES, om_arena_copy(&c->arena, id->bytes, OM_HASH_BYTES)};
  ref->event = event;
  return ref;
}

static Oremark__Decimal *decimal(struct custody *c, uint64_t digits) {
  Oremark__Decimal *d = NEW(c, Oremark__Decimal, OREMARK__DECIMAL__INIT);
  d->digits = digits;
  d->places = 4;
  return d;
}

Oremark__Event *assay(struct custody *c, Oremark__Subject *subject, Oremark__AssayRole role, uint64_t copper,
                      uint64_t limit) {
  static char method[] = "ICP-OES";
  Oremark__Event *e = event_of(c, OREMARK__EVENT__KIND_ASSAY);
  Oremark__AssayResult *result = NEW(c, Oremark__AssayResult, OREMARK__ASSAY_RESULT__INIT);
  e->assay = NEW(c, Oremark__Assay, OREMARK__ASSAY__INIT);
  e->assay->subject = subject;
  e->assay->role = role;
  e->assay->method = method;
  e->assay->n_results = 1;
  e->assay->results = om_arena_copy(&c->arena, &result, sizeof(Oremark__AssayResult *));
  result->element = CU;
  result->value = decimal(c, copper);
  if (limit) result->splitting_limit = decimal(c, limit);
  return e;
}

Oremark__Event *estimate(struct custody *c, uint32_t member, uint32_t site, Oremark__EstimateKind kind,
                         uint64_t copper_mg, int64_t as_of_ms) {
  Oremark__Event *e = event_of(c, OREMARK__EVENT__KIND_ESTIMATE);
  Oremark__ElementMass *mass = NEW(c, Oremark__ElementMass, OREMARK__ELEMENT_MASS__INIT);
  e->estimate = NEW(c, Oremark__Estimate, OREMARK__ESTIMATE__INIT);
  e->estimate->member = member;
  e->estimate->site = site;
  e->estimate->kind = kind;
  e->estimate->as_of_ms = as_of_ms;
  e->estimate->n_metals = 1;
  e->estimate->metals = om_arena_copy(&c->arena, &mass, sizeof(Oremark__ElementMass *));
  mass->element = CU;
  mass->mass_mg = copper_mg;
  return e;
}

void recognise(struct custody *c, const char *scheme, const uint32_t *certifiers) {
  uint8_t named[OM_SCHEME_NAMED_BYTES], key[OM_REGISTRY_KEY_BYTES], number[4], row[5 + 4 * 8 + OM_SCHEME_BYTES] = {0};
  size_t n = 0, len = strlen(scheme);
  uint32_t count = om_registry_schemes(c->txn, OM_REGISTRY_NOW) + 1;
  for (; certifiers[n]; n++) om_be32(row + 5 + 4 * n, certifiers[n]);
  om_be32(row + 1, (uint32_t)n);
  memcpy(row + 5 + 4 * n, scheme, len);
  om_be32(number, count);
  om_txn_put(c->txn, OM_TABLE_REGISTRY, named, om_scheme_named_key(named, scheme), number, sizeof number);
  om_registry_row_key(key, OM_ROW_SCHEME_COUNT, 0, 0, 0);
  om_txn_put(c->txn, OM_TABLE_REGISTRY, key, sizeof key, number, sizeof number);
  om_registry_row_key(key, OM_ROW_SCHEME, count, 0, 0);
  om_txn_put(c->txn, OM_TABLE_REGISTRY, key, sizeof key, row, 5 + 4 * n + len);
}

Oremark__Event *certify(struct custody *c, Oremark__Subject *subject, int64_t from_ms, int64_t until_ms,
                        uint64_t quantity_mg) {
  static char scheme[] = "Copper Mark";
  Oremark__Event *e = event_of(c, OREMARK__EVENT__KIND_CERTIFY);
  e->certify = NEW(c, Oremark__Certify, OREMARK__CERTIFY__INIT);
  e->certify->subject = subject;
  e->certify->scheme = scheme;
  e->certify->valid_from_ms = from_ms;
  e->certify->valid_until_ms = until_ms;
  e->certify->quantity_mg = quantity_mg;
  e->certify->element = quantity_mg > 0 ? CU : 0;
  return e;
}

Oremark__Event *withdraw(struct custody *c, Oremark__EventRef *certificate) {
  static char reason[] = "audit failed";
  Oremark__Event *e = event_of(c, OREMARK__EVENT__KIND_WITHDRAW);
  e->withdraw = NEW(c, Oremark__Withdraw, OREMARK__WITHDRAW__INIT);
  e->withdraw->certificate = certificate;
  e->withdraw->reason = reason;
  return e;
}

Oremark__Event *claim(struct custody *c, Oremark__EventRef *certificate, Oremark__LotRef *lot, uint64_t quantity_mg) {
  Oremark__Event *e = event_of(c, OREMARK__EVENT__KIND_CLAIM);
  Oremark__ClaimedLot *claimed = NEW(c, Oremark__ClaimedLot, OREMARK__CLAIMED_LOT__INIT);
  e->claim = NEW(c, Oremark__Claim, OREMARK__CLAIM__INIT);
  e->claim->certificate = certificate;
  e->claim->n_lots = 1;
  e->claim->lots = om_arena_copy(&c->arena, &claimed, sizeof(Oremark__ClaimedLot *));
  claimed->lot = lot;
  claimed->quantity_mg = quantity_mg;
  return e;
}

Oremark__Subject *about_event(struct custody *c, Oremark__EventRef *event) {
  Oremark__Subject *s = NEW(c, Oremark__Subject, OREMARK__SUBJECT__INIT);
  s->event = event;
  return s;
}

Oremark__Event *flag(struct custody *c, Oremark__Subject *subject) {
  static char text[] = "tags seen at two sites";
  Oremark__Event *e = event_of(c, OREMARK__EVENT__KIND_FLAG);
  e->flag = NEW(c, Oremark__Flag, OREMARK__FLAG__INIT);
  e->flag->subject = subject;
  e->flag->category = OREMARK__FLAG_CATEGORY__FLAG_CATEGORY_NON_STATE_ARMED_GROUPS;
  e->flag->severity = 2;
  e->flag->text = text;
  return e;
}

Oremark__Event *clear(struct custody *c, Oremark__EventRef *of) {
  static char reason[] = "visited";
  Oremark__Event *e = event_of(c, OREMARK__EVENT__KIND_CLEAR);
  e->clear = NEW(c, Oremark__Clear, OREMARK__CLEAR__INIT);
  e->clear->flag = of;
  e->clear->reason = reason;
  return e;
}

Oremark__Event *correct(struct custody *c, Oremark__EventRef *event, uint64_t gross_mg, uint64_t copper_mg,
                        Oremark__LotRef *lot) {
  static char text[] = "the scale read too much";
  Oremark__Event *e = event_of(c, OREMARK__EVENT__KIND_CORRECT);
  e->correct = NEW(c, Oremark__Correct, OREMARK__CORRECT__INIT);
  e->correct->event = event;
  e->correct->reason = OREMARK__CORRECT_REASON__CORRECT_REASON_INCORRECT_DATA;
  e->correct->gross_mg = gross_mg;
  e->correct->text = text;
  e->correct->lot = lot;
  if (copper_mg) {
    Oremark__ElementMass *mass = NEW(c, Oremark__ElementMass, OREMARK__ELEMENT_MASS__INIT);
    mass->element = CU;
    mass->mass_mg = copper_mg;
    e->correct->n_metals = 1;
    e->correct->metals = om_arena_copy(&c->arena, &mass, sizeof(Oremark__ElementMass *));
  }
  return e;
}
