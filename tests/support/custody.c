#include "support/custody.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/network.h"
#include "support/test.h"

#include "ledger/events/rules.h"
#include "ledger/ledger.h"
#include "ledger/ledger_state.h"
#include "ledger/registry_rows.h"

static const int64_t START_MS = INT64_C(1700000000000);

static void must(enum om_code code, const struct om_status *st) {
  if (code == OM_OK) return;
  fprintf(stderr, "custody fixture: %s\n", st->text);
  abort();
}

/* ---- the registry ---- */

static void put_row(struct custody *c, enum om_registry_kind kind, uint32_t a, uint32_t b, uint64_t since,
                    const void *row, size_t len) {
  uint8_t key[OM_REGISTRY_KEY_BYTES];
  om_registry_row_key(key, kind, a, b, since);
  om_txn_put(c->txn, OM_TABLE_REGISTRY, key, sizeof key, row, len);
}

static void put_member(struct custody *c, uint32_t member, uint32_t roles, uint32_t home_log, bool suspended,
                       uint64_t since) {
  uint8_t row[OM_ROW_MEMBER_BYTES + 32] = {0};
  om_be32(row, roles);
  om_be32(row + 4, home_log);
  row[8] = suspended;
  memcpy(row + 9, "CL", 2);
  int n = snprintf((char *)row + OM_ROW_MEMBER_BYTES, 32, "Member %u", member);
  put_row(c, OM_ROW_MEMBER, member, 0, since, row, OM_ROW_MEMBER_BYTES + (size_t)n);
}

void custody_change(struct custody *c, uint32_t member, uint32_t roles, uint32_t home_log, bool suspended) {
  put_member(c, member, roles, home_log, suspended, REGISTRY_SIZE);
}

static void put_site(struct custody *c, uint32_t member, uint32_t site, Oremark__SiteKind kind) {
  uint8_t row[OM_ROW_SITE_BYTES + 1] = {0};
  row[OM_ROW_BY_BYTES + 1] = (uint8_t)kind;
  memcpy(row + OM_ROW_BY_BYTES + 2, member == MINE ? "CLS" : "FIS", 3);
  put_row(c, OM_ROW_SITE, member, site, 0, row, sizeof row);
}

static void put_limits(struct custody *c) {
  Oremark__ProcessTolerance smelt = OREMARK__PROCESS_TOLERANCE__INIT, *tolerances[] = {&smelt};
  Oremark__DriftCap any = OREMARK__DRIFT_CAP__INIT, cu = OREMARK__DRIFT_CAP__INIT, *caps[] = {&any, &cu};
  Oremark__Limits limits = OREMARK__LIMITS__INIT;
  smelt.process = OREMARK__PROCESS__PROCESS_SMELT;
  smelt.tolerance_ppm = 10000;
  any.cap_mg = 10 * KG;
  cu.element = CU;
  cu.cap_mg = T;
  limits.n_processes = 1;
  limits.processes = tolerances;
  limits.receipt_tolerance_ppm = 5000;
  limits.n_drift_caps = 2;
  limits.drift_caps = caps;
  limits.drift_period_days = 30;
  uint8_t bytes[256];
  size_t len = oremark__limits__get_packed_size(&limits);
  assert_true(len <= sizeof bytes);
  oremark__limits__pack(&limits, bytes);
  put_row(c, OM_ROW_LIMITS, 0, 0, 0, bytes, len);
}

static enum om_code marked(void *ctx, uint64_t *size, uint32_t log, struct om_status *st) {
  (void)st;
  *size = ((struct custody *)ctx)->marked[log];
  return OM_OK;
}

void custody_open(struct custody *c) {
  static const uint32_t roles[] = {
      [MINE] = OM_ROLE(MINE),          [SMELTER] = OM_ROLE(SMELTER),           [REFINER] = OM_ROLE(REFINER),
      [MAKER] = OM_ROLE(MANUFACTURER), [RECYCLER] = OM_ROLE(RECYCLER),         [TRADER] = OM_ROLE(TRADER),
      [ASSAYER] = OM_ROLE(LABORATORY), [EVERYTHING] = UINT32_MAX << 1 & 0x7FFF};
  *c = (struct custody){.registry_size = REGISTRY_SIZE, .taken_ms = START_MS};
  c->folder = temp_folder();
  must(om_store_open(&c->store, c->folder, UINT64_C(1) << 26, &c->st), &c->st);
  must(om_txn_write(&c->txn, c->store, &c->st), &c->st);
  for (uint32_t m = MINE; m < GHOST; m++) {
    put_member(c, m, roles[m], m, false, 0);
    put_site(c, m, 1,
             m == MINE || m == EVERYTHING ? OREMARK__SITE_KIND__SITE_KIND_MINE : OREMARK__SITE_KIND__SITE_KIND_PLANT);
    put_site(c, m, 2, OREMARK__SITE_KIND__SITE_KIND_PLANT);
  }
  put_limits(c);
  put_row(c, OM_ROW_RULES, 0, 0, 0, (const uint8_t[]){0, 0, 0, OM_RULES_VERSION}, 4);
  must(om_txn_check(c->txn, &c->st), &c->st);
  for (size_t i = 0; i < 16; i++) c->marked[i] = UINT64_MAX;
  c->replay.mark = marked;
  c->replay.mark_ctx = c;
  c->replay.registry = c->txn;
}

void custody_close(struct custody *c) {
  om_replay_free(&c->replay);
  om_arena_free(&c->arena);
  om_txn_abort(c->txn);
  om_store_close(c->store);
  remove_folder(c->folder);
}

int custody_setup(void **state) {
  static struct custody c;
  custody_open(&c);
  *state = &c;
  return 0;
}

int custody_teardown(void **state) {
  custody_close(*state);
  return 0;
}

/* ---- saying ---- */

static void *zeroed(struct custody *c, size_t size) {
  return om_arena_alloc(&c->arena, size);
}

static const uint32_t *signers_of(struct custody *c, size_t *n, uint32_t member, const uint32_t *cosigners) {
  uint32_t *out = zeroed(c, 16 * sizeof *out);
  bool placed = false;
  *n = 0;
  for (size_t i = 0; cosigners[i]; i++) {
    if (!placed && cosigners[i] > member) out[(*n)++] = member, placed = true;
    out[(*n)++] = cosigners[i];
  }
  if (!placed) out[(*n)++] = member;
  return out;
}

static uint8_t *packed(struct custody *c, size_t *len, const Oremark__Statement *s) {
  *len = oremark__statement__get_packed_size(s);
  uint8_t *bytes = zeroed(c, *len);
  oremark__statement__pack(s, bytes);
  return bytes;
}

/* Puts the judged statement where references by statement look for it. */
static void file(struct custody *c, uint8_t *bytes, size_t len) {
  Oremark__Entry entry = OREMARK__ENTRY__INIT;
  Oremark__SignedStatement s = OREMARK__SIGNED_STATEMENT__INIT;
  uint8_t key[OM_STATEMENT_KEY_BYTES], place[OM_STATEMENT_ROW_BYTES];
  s.statement = (ProtobufCBinaryData){len, bytes};
  entry.taken_ms = c->judged.taken_ms;
  entry.what_case = OREMARK__ENTRY__WHAT_STATEMENT;
  entry.statement = &s;
  size_t n = oremark__entry__get_packed_size(&entry);
  uint8_t *out = zeroed(c, n);
  oremark__entry__pack(&entry, out);
  om_log_entry_key(place, c->judged.log, c->judged.index);
  om_txn_put(c->txn, OM_TABLE_ENTRIES, place, sizeof place, out, n);
  om_statement_key(key, c->judged.statement, &c->judged.statement_id);
  om_txn_put(c->txn, OM_TABLE_STATEMENTS, key, sizeof key, place, sizeof place);
}

/* Rows of all steps, for rules that ask whose a lot has been: what they hold is not asked. */
static void put_lots(struct custody *c, const struct om_stage *stage) {
  for (size_t i = 0; i < stage->n_rows; i++) {
    uint8_t key[OM_LOT_KEY_BYTES];
    const uint8_t *row;
    size_t len;
    struct om_lot lot = *stage->rows[i];
    lot.n_contents = 0;
    om_lot_key(key, lot.number, lot.step);
    om_lot_encode(&c->arena, &row, &len, &lot);
    om_txn_put(c->txn, OM_TABLE_LOTS, key, sizeof key, row, len);
  }
}

enum om_code custody_say(struct custody *c, uint32_t member, Oremark__Event **events, const uint32_t *cosigners) {
  Oremark__Statement *s = zeroed(c, sizeof *s);
  uint32_t log = c->homes[member] ? c->homes[member] : member;
  *s = (Oremark__Statement)OREMARK__STATEMENT__INIT;
  s->member = member;
  s->signed_ms = c->taken_ms;
  while (events[s->n_events]) s->n_events++;
  s->events = om_arena_copy(&c->arena, events, s->n_events * sizeof *events);
  om_status_clear(&c->st);
  for (size_t i = 0; i < s->n_events; i++)
    if (om_event_form(events[i], &c->st) != OM_OK) return c->st.code;
  c->statements++;
  s->nonce =
      (ProtobufCBinaryData){sizeof c->statements, om_arena_copy(&c->arena, &c->statements, sizeof c->statements)};
  struct om_case judged = {
      .statement = s, .log = log, .index = c->sizes[log], .registry_size = c->registry_size, .taken_ms = c->taken_ms};
  size_t len;
  uint8_t *bytes = packed(c, &len, s);
  om_statement_id(&judged.statement_id, &judged.network, bytes, len);
  judged.signers = signers_of(c, &judged.n_signers, member, cosigners);
  struct om_case before = c->judged;
  struct om_stage stage;
  struct om_backing *backing = zeroed(c, sizeof *backing);
  *backing = om_replay_backing(&c->replay);
  c->judged = judged;
  enum om_code code = om_judge(&stage, &c->arena, &c->judged, backing, &c->wait_log, &c->wait_size, &c->st);
  if (code != OM_OK) {
    c->judged = before;
    return code;
  }
  om_replay_apply(&c->replay, &stage);
  put_lots(c, &stage);
  file(c, bytes, len);
  c->stage = stage;
  c->sizes[log]++;
  return OM_OK;
}

void custody_admit(struct custody *c, uint32_t member, Oremark__Event **events, const uint32_t *cosigners, int line) {
  if (custody_say(c, member, events, cosigners) == OM_OK) return;
  print_error("line %d: not admitted: [%s] %s\n", line, c->st.rule, c->st.text);
  fail();
}

void custody_refuse(struct custody *c, const char *rule, uint32_t member, Oremark__Event **events,
                    const uint32_t *cosigners, int line) {
  enum om_code code = custody_say(c, member, events, cosigners);
  if (code == OM_REFUSED && strcmp(c->st.rule, rule) == 0 && strlen(c->st.text) > 20) return;
  print_error("line %d: wanted a refusal by [%s], got %s [%s] %s\n", line, rule, om_code_name(code), c->st.rule,
              c->st.text);
  fail();
}

struct lot_name custody_lot(const struct custody *c, uint16_t event, uint16_t output) {
  struct lot_name out;
  om_lot_number_make(out.number, c->judged.statement->member, (uint64_t)c->judged.statement->signed_ms,
                     &c->judged.statement_id, event, output);
  return out;
}

struct om_lot custody_look(struct custody *c, struct lot_name lot) {
  struct om_lot out;
  assert_int_equal(om_replay_lot(&c->replay, &c->arena, &out, lot.number, &c->st), OM_OK);
  return out;
}

int64_t custody_metal(struct custody *c, struct lot_name lot, uint8_t element) {
  struct om_lot row = custody_look(c, lot);
  for (size_t i = 0; i < row.n_contents; i++)
    if (row.contents[i].element == element) return row.contents[i].contained_mg;
  return 0;
}

int64_t custody_metal_from(struct custody *c, struct lot_name lot, uint8_t element, uint8_t kind, uint32_t member) {
  struct om_lot row = custody_look(c, lot);
  int64_t sum = 0;
  for (size_t i = 0; i < row.n_contents; i++)
    for (size_t k = 0; row.contents[i].element == element && k < row.contents[i].mix.n; k++) {
      const struct om_share *share = &row.contents[i].mix.shares[k];
      if (share->origin.kind == kind && share->origin.member == member) sum += share->mg;
    }
  return sum;
}

/* ---- pieces ---- */

#define NEW(c, Type, INIT) ((Type *)om_arena_copy(&(c)->arena, &(const Type)INIT, sizeof(Type)))

static void *list(struct custody *c, void *items, size_t *n) {
  void **at = items;
  *n = 0;
  while (at && at[*n]) (*n)++;
  return om_arena_copy(&c->arena, items, *n * sizeof *at);
}

static Oremark__ElementMass **masses(struct custody *c, const struct metal *metals, size_t n) {
  Oremark__ElementMass **out = zeroed(c, n * sizeof *out);
  for (size_t i = 0; i < n; i++) {
    out[i] = NEW(c, Oremark__ElementMass, OREMARK__ELEMENT_MASS__INIT);
    out[i]->element = metals[i].element;
    out[i]->mass_mg = metals[i].mg;
  }
  return out;
}

Oremark__Material *material(struct custody *c, uint64_t gross_mg, const struct metal *metals, size_t n) {
  Oremark__Material *m = NEW(c, Oremark__Material, OREMARK__MATERIAL__INIT);
  m->form = OREMARK__FORM__FORM_CONCENTRATE;
  m->gross_mg = gross_mg;
  m->n_metals = n;
  m->metals = zeroed(c, n * sizeof *m->metals);
  for (size_t i = 0; i < n; i++) {
    m->metals[i] = NEW(c, Oremark__Metal, OREMARK__METAL__INIT);
    m->metals[i]->element = metals[i].element;
    m->metals[i]->contained_mg = metals[i].mg;
  }
  return m;
}

Oremark__Material *copper(struct custody *c, uint64_t gross_mg, uint64_t copper_mg) {
  return material(c, gross_mg, &(struct metal){CU, copper_mg}, 1);
}

Oremark__LotRef *at_last(struct custody *c, struct lot_name lot) {
  Oremark__LotRef *ref = NEW(c, Oremark__LotRef, OREMARK__LOT_REF__INIT);
  struct om_lot row = custody_look(c, lot);
  ref->number = (ProtobufCBinaryData){OM_LOT_NUMBER_BYTES, om_arena_copy(&c->arena, lot.number, OM_LOT_NUMBER_BYTES)};
  ref->last_event = (ProtobufCBinaryData){OM_HASH_BYTES, om_arena_copy(&c->arena, row.last_event.bytes, OM_HASH_BYTES)};
  return ref;
}

Oremark__LotRef *at_place(struct custody *c, uint32_t event, uint32_t output) {
  Oremark__LotRef *ref = NEW(c, Oremark__LotRef, OREMARK__LOT_REF__INIT);
  ref->event = event;
  ref->output = output;
  return ref;
}

Oremark__Loss *loss(struct custody *c, uint32_t element, uint64_t mg) {
  Oremark__Loss *l = NEW(c, Oremark__Loss, OREMARK__LOSS__INIT);
  l->kind = OREMARK__LOSS_KIND__LOSS_KIND_SLAG;
  l->n_metals = 1;
  l->metals = masses(c, &(struct metal){element, mg}, 1);
  return l;
}

/* ---- events ---- */

static Oremark__Event *event_of(struct custody *c, Oremark__Event__KindCase kind) {
  Oremark__Event *e = NEW(c, Oremark__Event, OREMARK__EVENT__INIT);
  e->at_ms = c->taken_ms;
  e->kind_case = kind;
  return e;
}

Oremark__Event *extract(struct custody *c, uint32_t site, Oremark__Material **lots) {
  Oremark__Event *e = event_of(c, OREMARK__EVENT__KIND_EXTRACT);
  e->extract = NEW(c, Oremark__Extract, OREMARK__EXTRACT__INIT);
  e->extract->site = site;
  e->extract->lots = list(c, lots, &e->extract->n_lots);
  return e;
}

Oremark__Event *collect(struct custody *c, uint32_t site, Oremark__WasteClass waste, Oremark__Material **lots) {
  Oremark__Event *e = event_of(c, OREMARK__EVENT__KIND_COLLECT);
  e->collect = NEW(c, Oremark__Collect, OREMARK__COLLECT__INIT);
  e->collect->site = site;
  e->collect->waste = waste;
  e->collect->lots = list(c, lots, &e->collect->n_lots);
  return e;
}

Oremark__Event *declare(struct custody *c, uint32_t site, Oremark__Material **lots) {
  Oremark__Event *e = event_of(c, OREMARK__EVENT__KIND_DECLARE);
  e->declare = NEW(c, Oremark__Declare, OREMARK__DECLARE__INIT);
  e->declare->site = site;
  e->declare->lots = list(c, lots, &e->declare->n_lots);
  return e;
}

Oremark__Event *ship(struct custody *c, uint32_t consignee, bool with_title, Oremark__LotRef **lots) {
  Oremark__Event *e = event_of(c, OREMARK__EVENT__KIND_SHIP);
  e->ship = NEW(c, Oremark__Ship, OREMARK__SHIP__INIT);
  e->ship->consignee = consignee;
  e->ship->with_title = with_title;
  e->ship->lots = list(c, lots, &e->ship->n_lots);
  return e;
}

Oremark__Event *receive(struct custody *c, uint32_t site, Oremark__LotRef **lots) {
  Oremark__Event *e = event_of(c, OREMARK__EVENT__KIND_RECEIVE);
  e->receive = NEW(c, Oremark__Receive, OREMARK__RECEIVE__INIT);
  e->receive->site = site;
  Oremark__LotRef **refs = list(c, lots, &e->receive->n_lots);
  e->receive->lots = zeroed(c, e->receive->n_lots * sizeof *e->receive->lots);
  for (size_t i = 0; i < e->receive->n_lots; i++) {
    e->receive->lots[i] = NEW(c, Oremark__ReceivedLot, OREMARK__RECEIVED_LOT__INIT);
    e->receive->lots[i]->lot = refs[i];
  }
  return e;
}

void measured(struct custody *c, Oremark__Event *event, size_t index, uint64_t gross_mg, const struct metal *metals,
              size_t n, Oremark__ShortageReason reason) {
  Oremark__ReceivedLot *lot = event->receive->lots[index];
  lot->gross_mg = gross_mg;
  lot->n_metals = n;
  lot->metals = masses(c, metals, n);
  lot->shortage = reason;
}

Oremark__Event *reject(struct custody *c, Oremark__LotRef **lots) {
  static char reason[] = "wet";
  Oremark__Event *e = event_of(c, OREMARK__EVENT__KIND_REJECT);
  e->reject = NEW(c, Oremark__Reject, OREMARK__REJECT__INIT);
  e->reject->reason = reason;
  e->reject->lots = list(c, lots, &e->reject->n_lots);
  return e;
}

Oremark__Event *transform(struct custody *c, Oremark__Process process, Oremark__LotRef **inputs,
                          Oremark__Material **outputs, Oremark__Loss **losses) {
  Oremark__Event *e = event_of(c, OREMARK__EVENT__KIND_TRANSFORM);
  e->transform = NEW(c, Oremark__Transform, OREMARK__TRANSFORM__INIT);
  e->transform->site = 1;
  e->transform->process = process;
  e->transform->inputs = list(c, inputs, &e->transform->n_inputs);
  e->transform->outputs = list(c, outputs, &e->transform->n_outputs);
  e->transform->losses = list(c, losses, &e->transform->n_losses);
  return e;
}

Oremark__Event *split(struct custody *c, Oremark__LotRef *lot, Oremark__Material **parts) {
  Oremark__Event *e = event_of(c, OREMARK__EVENT__KIND_SPLIT);
  e->split = NEW(c, Oremark__Split, OREMARK__SPLIT__INIT);
  e->split->lot = lot;
  e->split->parts = list(c, parts, &e->split->n_parts);
  return e;
}

Oremark__Event *combine(struct custody *c, Oremark__LotRef **lots, Oremark__Material *whole) {
  Oremark__Event *e = event_of(c, OREMARK__EVENT__KIND_COMBINE);
  e->combine = NEW(c, Oremark__Combine, OREMARK__COMBINE__INIT);
  e->combine->lots = list(c, lots, &e->combine->n_lots);
  e->combine->whole = whole;
  return e;
}

Oremark__Event *retire(struct custody *c, Oremark__LotRef **lots) {
  Oremark__Event *e = event_of(c, OREMARK__EVENT__KIND_RETIRE);
  e->retire = NEW(c, Oremark__Retire, OREMARK__RETIRE__INIT);
  e->retire->reason = OREMARK__RETIRE_REASON__RETIRE_REASON_BUILT_IN;
  e->retire->lots = list(c, lots, &e->retire->n_lots);
  return e;
}

Oremark__Event *charge(struct custody *c, Oremark__LotRef *pool, Oremark__LotRef **inputs) {
  Oremark__Event *e = event_of(c, OREMARK__EVENT__KIND_CHARGE);
  e->charge = NEW(c, Oremark__Charge, OREMARK__CHARGE__INIT);
  e->charge->site = 1;
  e->charge->pool = pool;
  if (!pool) e->charge->process = OREMARK__PROCESS__PROCESS_SMELT;
  e->charge->inputs = list(c, inputs, &e->charge->n_inputs);
  return e;
}

Oremark__Event *draw(struct custody *c, Oremark__LotRef *pool, Oremark__Material **outputs, Oremark__Loss **losses) {
  Oremark__Event *e = event_of(c, OREMARK__EVENT__KIND_DRAW);
  e->draw = NEW(c, Oremark__Draw, OREMARK__DRAW__INIT);
  e->draw->pool = pool;
  e->draw->outputs = list(c, outputs, &e->draw->n_outputs);
  e->draw->losses = list(c, losses, &e->draw->n_losses);
  return e;
}

Oremark__Event *stocktake(struct custody *c, Oremark__LotRef *pool, uint64_t gross_mg, const struct metal *metals,
                          size_t n) {
  Oremark__Event *e = event_of(c, OREMARK__EVENT__KIND_STOCKTAKE);
  e->stocktake = NEW(c, Oremark__Stocktake, OREMARK__STOCKTAKE__INIT);
  e->stocktake->pool = pool;
  e->stocktake->gross_mg = gross_mg;
  e->stocktake->n_metals = n;
  e->stocktake->metals = masses(c, metals, n);
  return e;
}

Oremark__Event *hold(struct custody *c, Oremark__HoldReason reason, uint32_t threshold, const uint32_t *releasers,
                     Oremark__LotRef **lots) {
  Oremark__Event *e = event_of(c, OREMARK__EVENT__KIND_HOLD);
  e->hold = NEW(c, Oremark__Hold, OREMARK__HOLD__INIT);
  e->hold->reason = reason;
  e->hold->threshold = threshold;
  while (releasers[e->hold->n_releasers]) e->hold->n_releasers++;
  e->hold->releasers = om_arena_copy(&c->arena, releasers, e->hold->n_releasers * sizeof *releasers);
  e->hold->lots = list(c, lots, &e->hold->n_lots);
  return e;
}

Oremark__Event *release(struct custody *c, Oremark__LotRef **lots) {
  Oremark__Event *e = event_of(c, OREMARK__EVENT__KIND_RELEASE);
  e->release = NEW(c, Oremark__Release, OREMARK__RELEASE__INIT);
  e->release->lots = list(c, lots, &e->release->n_lots);
  return e;
}

Oremark__Event *transfer_title(struct custody *c, uint32_t from, uint32_t to, Oremark__LotRef **lots) {
  Oremark__Event *e = event_of(c, OREMARK__EVENT__KIND_TRANSFER_TITLE);
  e->transfer_title = NEW(c, Oremark__TransferTitle, OREMARK__TRANSFER_TITLE__INIT);
  e->transfer_title->from = from;
  e->transfer_title->to = to;
  e->transfer_title->lots = list(c, lots, &e->transfer_title->n_lots);
  return e;
}

Oremark__Event *settle(struct custody *c, uint32_t consignor, Oremark__LotRef *lot) {
  Oremark__Event *e = event_of(c, OREMARK__EVENT__KIND_SETTLE);
  e->settle = NEW(c, Oremark__Settle, OREMARK__SETTLE__INIT);
  e->settle->consignor = consignor;
  e->settle->n_lots = 1;
  e->settle->lots = zeroed(c, sizeof *e->settle->lots);
  e->settle->lots[0] = NEW(c, Oremark__SettledLot, OREMARK__SETTLED_LOT__INIT);
  e->settle->lots[0]->lot = lot;
  return e;
}

void agreed(struct custody *c, Oremark__Event *event, uint64_t gross_mg, const struct metal *metals, size_t n) {
  Oremark__SettledLot *lot = event->settle->lots[0];
  lot->gross_mg = gross_mg;
  lot->n_metals = n;
  lot->metals = masses(c, metals, n);
}

/* LOG has marked the registry up to SIZE. */
static void put_mark(struct custody *c, uint32_t log, uint64_t size) {
  uint8_t key[16] = {0}, row[8]; /* log, marked log (the registry's is 0), index */
  om_be32(key, log);
  om_be64(row, size);
  om_txn_put(c->txn, OM_TABLE_MARKS, key, sizeof key, row, sizeof row);
}

void custody_reassign(struct custody *c, struct lot_name lot, uint32_t to) {
  uint8_t key[OM_REASSIGNED_KEY_BYTES], row[OM_REASSIGNED_BYTES];
  struct om_lot now = custody_look(c, lot);
  om_reassigned_key(key, lot.number, REGISTRY_SIZE);
  memcpy(row, now.last_event.bytes, OM_HASH_BYTES);
  om_be32(row + OM_HASH_BYTES, to);
  om_txn_put(c->txn, OM_TABLE_REGISTRY, key, sizeof key, row, sizeof row);
  put_mark(c, now.pen, REGISTRY_SIZE + 1);
}

void custody_overrule(struct custody *c, const Oremark__EventRef *hold, uint64_t since) {
  uint8_t key[OM_OVERRULED_KEY_BYTES], row[OM_OVERRULED_BYTES] = {0};
  om_overruled_key(key, OM_OVERRULED_HOLD, hold->member, hold->event, hold->signed_ms, since);
  memcpy(row, hold->statement_id.data, OM_HASH_BYTES);
  om_txn_put(c->txn, OM_TABLE_REGISTRY, key, sizeof key, row, sizeof row);
}

void custody_mandate(struct custody *c, uint32_t owner, uint32_t agent, uint32_t scope, uint64_t since) {
  uint8_t row[OM_ROW_BY_BYTES + 1] = {0};
  row[OM_ROW_BY_BYTES] = (uint8_t)scope;
  put_row(c, OM_ROW_MANDATE, owner, agent, since, row, sizeof row);
}
