/* Lineage, trace and verification over real stores: small histories whose lineage is counted by hand, every byte of
 * them changed in turn, and large ones that must not cost more than their size. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_state.h"
#include "ledger/trace.h"
#include "ledger/verify.h"
#include "support/bundled.h"
#include "support/network.h"
#include "support/verify.h"

static const int64_t t0 = INT64_C(1710000000000);
enum { CU = 29, MINER = 2, SMELTER = 3 };

struct story {
  struct network net;
  char *paths[NETWORK_MAX];
  struct om_ledger *ledgers[NETWORK_MAX];
  struct om_batch *batches[NETWORK_MAX]; /* under way */
  struct om_arena arena;
  int64_t now_ms;
  uint8_t *said; /* the last statement */
  size_t said_len;
};

struct lot {
  uint8_t number[OM_LOT_NUMBER_BYTES];
  struct om_hash last;
};

/* ---- events ---- */

static void *make(struct story *s, size_t size, const void *init) {
  return om_arena_copy(&s->arena, init, size);
}
#define NEW(s, type, ...) ((type *)make(s, sizeof(type), &(type)__VA_ARGS__))

static Oremark__LotRef *ref(struct story *s, const struct lot *lot) {
  Oremark__LotRef *out = NEW(s, Oremark__LotRef, OREMARK__LOT_REF__INIT);
  out->number = (ProtobufCBinaryData){OM_LOT_NUMBER_BYTES, om_arena_copy(&s->arena, lot->number, OM_LOT_NUMBER_BYTES)};
  out->last_event = (ProtobufCBinaryData){OM_HASH_BYTES, om_arena_copy(&s->arena, lot->last.bytes, OM_HASH_BYTES)};
  return out;
}

static Oremark__LotRef *placed(struct story *s, uint32_t event, uint32_t output) {
  Oremark__LotRef *out = NEW(s, Oremark__LotRef, OREMARK__LOT_REF__INIT);
  out->event = event;
  out->output = output;
  return out;
}

static Oremark__Material *copper(struct story *s, uint64_t mg) {
  Oremark__Metal *metal = NEW(s, Oremark__Metal, OREMARK__METAL__INIT);
  Oremark__Material *out = NEW(s, Oremark__Material, OREMARK__MATERIAL__INIT);
  metal->element = CU;
  metal->contained_mg = mg;
  out->form = OREMARK__FORM__FORM_CONCENTRATE;
  out->gross_mg = 4 * mg;
  out->n_metals = 1;
  out->metals = make(s, sizeof metal, &metal);
  return out;
}

#define EVENT(s, KIND, field, type, ...)                                \
  Oremark__Event *event = NEW(s, Oremark__Event, OREMARK__EVENT__INIT); \
  type *act = NEW(s, type, __VA_ARGS__);                                \
  event->kind_case = OREMARK__EVENT__KIND_##KIND;                       \
  event->field = act

static Oremark__Event *extract_n(struct story *s, Oremark__Material **lots, size_t n) {
  EVENT(s, EXTRACT, extract, Oremark__Extract, OREMARK__EXTRACT__INIT);
  act->site = 1;
  act->n_lots = n;
  act->lots = make(s, n * sizeof *lots, lots);
  return event;
}
#define EXTRACT(s, ...) \
  extract_n(s, (Oremark__Material *[]){__VA_ARGS__}, sizeof((void *[]){__VA_ARGS__}) / sizeof(void *))

static Oremark__Event *ship_n(struct story *s, uint32_t to, Oremark__LotRef **lots, size_t n) {
  EVENT(s, SHIP, ship, Oremark__Ship, OREMARK__SHIP__INIT);
  act->consignee = to;
  act->mode = OREMARK__TRANSPORT_MODE__TRANSPORT_MODE_RAIL;
  act->with_title = true;
  act->n_lots = n;
  act->lots = make(s, n * sizeof *lots, lots);
  return event;
}
#define SHIP(s, to, ...) \
  ship_n(s, to, (Oremark__LotRef *[]){__VA_ARGS__}, sizeof((void *[]){__VA_ARGS__}) / sizeof(void *))

static Oremark__Event *receive_n(struct story *s, Oremark__LotRef **lots, size_t n) {
  EVENT(s, RECEIVE, receive, Oremark__Receive, OREMARK__RECEIVE__INIT);
  act->site = 1;
  act->n_lots = n;
  act->lots = om_arena_array(&s->arena, n, sizeof *act->lots);
  for (size_t i = 0; i < n; i++) {
    act->lots[i] = NEW(s, Oremark__ReceivedLot, OREMARK__RECEIVED_LOT__INIT);
    act->lots[i]->lot = lots[i];
  }
  return event;
}
#define RECEIVE(s, ...) \
  receive_n(s, (Oremark__LotRef *[]){__VA_ARGS__}, sizeof((void *[]){__VA_ARGS__}) / sizeof(void *))

static Oremark__Event *transform_n(struct story *s, Oremark__LotRef **inputs, size_t n, Oremark__Material **outputs,
                                   size_t m) {
  EVENT(s, TRANSFORM, transform, Oremark__Transform, OREMARK__TRANSFORM__INIT);
  act->site = 1;
  act->process = OREMARK__PROCESS__PROCESS_SMELT;
  act->n_inputs = n;
  act->inputs = make(s, n * sizeof *inputs, inputs);
  act->n_outputs = m;
  act->outputs = make(s, m * sizeof *outputs, outputs);
  return event;
}
#define REFS(...) (Oremark__LotRef *[]){__VA_ARGS__}, sizeof((void *[]){__VA_ARGS__}) / sizeof(void *)
#define MATERIALS(...) (Oremark__Material *[]){__VA_ARGS__}, sizeof((void *[]){__VA_ARGS__}) / sizeof(void *)

static Oremark__Event *split_n(struct story *s, Oremark__LotRef *lot, Oremark__Material **parts, size_t n) {
  EVENT(s, SPLIT, split, Oremark__Split, OREMARK__SPLIT__INIT);
  act->lot = lot;
  act->n_parts = n;
  act->parts = make(s, n * sizeof *parts, parts);
  return event;
}

static Oremark__Event *combine_n(struct story *s, Oremark__LotRef **lots, size_t n, Oremark__Material *whole) {
  EVENT(s, COMBINE, combine, Oremark__Combine, OREMARK__COMBINE__INIT);
  act->n_lots = n;
  act->lots = make(s, n * sizeof *lots, lots);
  act->whole = whole;
  return event;
}

static Oremark__Event *charge_n(struct story *s, Oremark__LotRef *pool, Oremark__LotRef **inputs, size_t n) {
  EVENT(s, CHARGE, charge, Oremark__Charge, OREMARK__CHARGE__INIT);
  act->site = 1;
  act->pool = pool;
  if (!pool) act->process = OREMARK__PROCESS__PROCESS_SMELT;
  act->n_inputs = n;
  act->inputs = make(s, n * sizeof *inputs, inputs);
  return event;
}

static Oremark__Event *draw_n(struct story *s, Oremark__LotRef *pool, Oremark__Material **outputs, size_t n) {
  EVENT(s, DRAW, draw, Oremark__Draw, OREMARK__DRAW__INIT);
  act->pool = pool;
  act->n_outputs = n;
  act->outputs = make(s, n * sizeof *outputs, outputs);
  return event;
}

/* ---- the story ---- */

static void commit(struct story *s) {
  for (size_t i = 0; i < s->net.n; i++) {
    if (!s->batches[i]) continue;
    struct om_signers_keys keys = network_signers(&s->net, i);
    struct om_status st = {0};
    must_be(om_batch_commit(s->batches[i], &keys, &st), OM_OK, &st);
    s->batches[i] = NULL;
  }
}

/* Says EVENTS as MEMBER at its own daemon; to be committed. */
static void say_at(struct story *s, size_t daemon, uint32_t member, Oremark__Event **events, size_t n) {
  struct om_status st = {0};
  struct om_arena arena = {0};
  struct om_checked *checked;
  struct om_receipt receipt;
  free(s->said);
  s->now_ms++;
  s->said = network_statement(&s->net, &s->said_len, member, s->now_ms, events, n, &member, 1);
  if (!s->batches[daemon]) must_be(om_batch_begin(&s->batches[daemon], s->ledgers[daemon], &st), OM_OK, &st);
  struct om_txn *txn = om_batch_txn(s->batches[daemon]);
  enum om_code code = om_check_statement(&checked, &arena, &s->net.id, txn, s->said, s->said_len, &st);
  must_be(code, OM_OK, &st);
  code = om_batch_submit(s->batches[daemon], &receipt, checked, s->now_ms, &st);
  must_be(code, OM_OK, &st);
  om_arena_free(&arena);
  om_arena_reset(&s->arena);
}
#define SAY(s, member, ...) \
  say_at(s, (member)-1, member, (Oremark__Event *[]){__VA_ARGS__}, sizeof((void *[]){__VA_ARGS__}) / sizeof(void *))

static struct lot born(const struct story *s, uint16_t event, uint16_t output) {
  struct lot lot;
  network_lot(&s->net, lot.number, &lot.last, s->said, s->said_len, event, output);
  return lot;
}

static void moved(const struct story *s, struct lot *lot, uint16_t event) {
  uint8_t ignored[OM_LOT_NUMBER_BYTES];
  network_lot(&s->net, ignored, &lot->last, s->said, s->said_len, event, 0);
}

/* Everything everywhere, and final. */
static void settle(struct story *s) {
  struct om_status st = {0};
  commit(s);
  s->now_ms += 1000;
  must_be(network_settle(&s->net, s->ledgers, s->now_ms, &st), OM_OK, &st);
}

/* Three daemons: the governor's with the registry, a miner's and a smelter's. */
static void begin(struct story *s, bool witnessed) {
  memset(s, 0, sizeof *s);
  s->now_ms = t0;
  network_open(&s->net, 3, witnessed);
  network_ledgers(&s->net, s->paths, s->ledgers);
  settle(s);
  for (uint32_t member = MINER; member <= SMELTER; member++) {
    static char name[] = "works", country[] = "PE";
    EVENT(s, ADD_SITE, add_site, Oremark__AddSite, OREMARK__ADD_SITE__INIT);
    act->site = 1;
    act->name = name;
    act->country = country;
    act->kind = member == MINER ? OREMARK__SITE_KIND__SITE_KIND_MINE : OREMARK__SITE_KIND__SITE_KIND_PLANT;
    say_at(s, 0, member, &event, 1);
  }
  settle(s);
}

static void end(struct story *s) {
  commit(s);
  for (size_t i = 0; i < s->net.n; i++) {
    om_ledger_close(s->ledgers[i]);
    remove_folder(s->paths[i]);
  }
  om_arena_free(&s->arena);
  free(s->said);
  network_close(&s->net);
}

/* ---- asking ---- */

static void assert_same_verdict(const struct om_verdict *a, const struct om_verdict *b) {
  assert_true(a->verified == b->verified && a->undecided == b->undecided);
  assert_true(a->records == b->records && a->lots == b->lots && a->entries == b->entries && a->bytes == b->bytes);
  assert_memory_equal(a->checks, b->checks, sizeof a->checks);
  assert_int_equal(a->n_findings, b->n_findings);
  for (size_t i = 0; i < a->n_findings; i++) assert_string_equal(a->findings[i].text, b->findings[i].text);
}

/* Whoever works side by side, and whoever remembers, says what one alone says. */
static enum om_code ask(const struct story *s, struct om_verdict *out, size_t daemon, const struct lot *lot, bool deep,
                        struct om_status *st) {
  struct om_txn *txn;
  struct om_arena arena = {0};
  struct om_crew *crew = om_crew_new();
  struct om_verdict *alone = om_arena_alloc(&arena, sizeof *alone);
  assert_int_equal(om_txn_read(&txn, om_ledger_store(s->ledgers[daemon]), st), OM_OK);
  enum om_code code_alone = verify_lot(txn, &arena, alone, &s->net.id, lot->number, deep, st);
  struct om_verify_memory *memory = om_verify_memory_new(OM_VERIFY_MEMORY_BYTES);
  const struct om_verify_ask ask = {.number = lot->number, .deep = deep, .crew = crew, .memory = memory};
  enum om_code code = code_alone;
  for (int i = 0; i < 2 && code == code_alone; i++) {
    code = om_verify_asked(txn, &arena, out, &s->net.id, &ask, st);
    if (code != OM_OK) continue;
    assert_same_verdict(out, alone);
    bool recalled = i == 1 && !deep && alone->verified; /* which is said */
    assert_int_equal(out->n_not_checked, alone->n_not_checked + recalled);
    if (!recalled) assert_memory_equal(out->not_checked, alone->not_checked, sizeof out->not_checked);
  }
  assert_int_equal(code, code_alone);
  om_verify_memory_free(memory);
  om_crew_free(crew);
  om_txn_abort(txn);
  om_arena_free(&arena);
  return code;
}

static const char *first_failure(const struct om_verdict *v) {
  for (size_t i = 0; i < OM_CHECKS; i++)
    if (v->checks[i].failed > 0) return v->checks[i].first;
  return "nothing failed";
}

/* Verified at every daemon, deep and not. */
static struct om_verdict assert_verified(const struct story *s, const struct lot *lot) {
  struct om_verdict v = {0};
  for (size_t i = 0; i < s->net.n; i++)
    for (int deep = 0; deep < 2; deep++) {
      struct om_status st = {0};
      must_be(ask(s, &v, i, lot, deep == 1, &st), OM_OK, &st);
      if (!v.verified || v.undecided) fail_msg("daemon %zu: %s", i, first_failure(&v));
      assert_int_equal(v.n_checks, deep ? OM_CHECKS : OM_CHECKS - 1);
    }
  bundled_agrees(s->ledgers[s->net.n - 1], &s->net, lot->number);
  return v;
}

static uint64_t passed(const struct om_verdict *v, enum om_check_kind kind) {
  return v->checks[kind].passed;
}

/* ---- a whole story, counted by hand ---- */

struct cast {
  struct lot a, a1, a2, b, c, d, e, pool, f, g, h, k, l;
};

/* Mined, split, shipped, smelted, through a pool, combined, split and smelted together again. */
static void tell(struct story *s, struct cast *c) {
  SAY(s, MINER, EXTRACT(s, copper(s, 1000), copper(s, 500), copper(s, 70)),
      split_n(s, placed(s, 0, 0), MATERIALS(copper(s, 600), copper(s, 400))));
  c->a = born(s, 0, 0), c->b = born(s, 0, 1), c->c = born(s, 0, 2), c->a1 = born(s, 1, 0), c->a2 = born(s, 1, 1);
  SAY(s, MINER, SHIP(s, SMELTER, ref(s, &c->a1), ref(s, &c->b), ref(s, &c->c)));
  moved(s, &c->a1, 0), moved(s, &c->b, 0), moved(s, &c->c, 0);
  settle(s);
  SAY(s, SMELTER, RECEIVE(s, ref(s, &c->a1), ref(s, &c->b)),
      transform_n(s, REFS(placed(s, 0, 1), placed(s, 0, 0)), MATERIALS(copper(s, 700), copper(s, 400))));
  c->d = born(s, 1, 0), c->e = born(s, 1, 1);
  SAY(s, SMELTER, charge_n(s, NULL, REFS(ref(s, &c->d))));
  c->pool = born(s, 0, 0);
  SAY(s, SMELTER, draw_n(s, ref(s, &c->pool), MATERIALS(copper(s, 100), copper(s, 200))));
  c->f = born(s, 0, 1), c->g = born(s, 0, 2), moved(s, &c->pool, 0);
  SAY(s, SMELTER, charge_n(s, ref(s, &c->pool), REFS(ref(s, &c->e))),
      draw_n(s, placed(s, 0, 0), MATERIALS(copper(s, 300))));
  c->h = born(s, 1, 1), moved(s, &c->pool, 1);
  SAY(s, SMELTER, combine_n(s, REFS(ref(s, &c->f), ref(s, &c->h)), copper(s, 400)),
      split_n(s, placed(s, 0, 0), MATERIALS(copper(s, 150), copper(s, 250))),
      transform_n(s, REFS(placed(s, 1, 0), placed(s, 1, 1)), MATERIALS(copper(s, 400))));
  c->k = born(s, 0, 0), c->l = born(s, 2, 0);
  settle(s);
}

static void test_a_whole_story_is_verified_and_counted(void **state) {
  (void)state;
  for (int witnessed = 0; witnessed < 2; witnessed++) {
    struct story s;
    struct cast c;
    begin(&s, witnessed == 1);
    tell(&s, &c);
    struct om_verdict v = assert_verified(&s, &c.l);
    /* a, a1, b, d, e, pool, f, h, k, its two parts, l */
    assert_int_equal(v.lots, 12);
    /* extract, split, ship, receive, smelt, charge, draw, charge, draw, combine, split, smelt */
    assert_int_equal(v.records, 12);
    assert_int_equal(passed(&v, OM_CHECK_RULES), 12);
    assert_int_equal(passed(&v, OM_CHECK_LINEAGE), 12);
    assert_int_equal(passed(&v, OM_CHECK_CUSTODY), 3 + 2);
    /* split, ship, receive, smelt, charge, draw, charge (pool and lot), draw, combine, split, smelt */
    assert_int_equal(passed(&v, OM_CHECK_CHAIN), 1 + 3 + 2 + 2 + 1 + 1 + 2 + 1 + 2 + 1 + 2);
    /* Rows: a 2, a1 4, b 4, d 2, e 2, pool 4, f 2, h 2, k 2, parts 2 each, l 1. */
    assert_int_equal(passed(&v, OM_CHECK_STATE), 29);
    assert_int_equal(passed(&v, OM_CHECK_SIGNATURES), 7);
    assert_int_equal(v.n_logs, 3);
    assert_int_equal(v.logs != NULL, 1);
    assert_non_null(
        strstr(v.not_checked[0], witnessed ? "Who may do what" : "not protected against a dishonest operator"));
    assert_verified(&s, &c.a2);
    assert_verified(&s, &c.c);
    end(&s);
  }
}

static void test_a_lot_drawn_early_does_not_come_from_what_was_charged_later(void **state) {
  (void)state;
  struct story s;
  struct cast c;
  begin(&s, false);
  tell(&s, &c);
  struct om_verdict v = assert_verified(&s, &c.g);
  assert_int_equal(v.lots, 6); /* a, a1, b, d, pool, g: not e */
  assert_int_equal(v.records, 7);
  v = assert_verified(&s, &c.pool);
  assert_int_equal(v.lots, 6); /* a, a1, b, d, e, pool */
  assert_int_equal(v.records, 9);
  v = assert_verified(&s, &c.d); /* consumed: its end counts, what it went into does not */
  assert_int_equal(v.lots, 4);
  assert_int_equal(v.records, 6);
  end(&s);
}

/* A statement moves a lot of the lineage together with one that it has just drawn from a pool, further on than the
 * lineage goes. */
static void test_what_else_a_statement_did_is_left_out(void **state) {
  (void)state;
  struct story s;
  begin(&s, false);
  SAY(&s, MINER, EXTRACT(&s, copper(&s, 100), copper(&s, 100)));
  struct lot m1 = born(&s, 0, 0), m2 = born(&s, 0, 1);
  SAY(&s, MINER, charge_n(&s, NULL, REFS(ref(&s, &m1))));
  struct lot pool = born(&s, 0, 0);
  SAY(&s, MINER, draw_n(&s, ref(&s, &pool), MATERIALS(copper(&s, 50))));
  struct lot a = born(&s, 0, 1);
  moved(&s, &pool, 0);
  SAY(&s, MINER, charge_n(&s, ref(&s, &pool), REFS(ref(&s, &m2))));
  moved(&s, &pool, 0);
  SAY(&s, MINER, draw_n(&s, ref(&s, &pool), MATERIALS(copper(&s, 30))),
      SHIP(&s, SMELTER, ref(&s, &a), placed(&s, 0, 1)));
  struct lot other = born(&s, 0, 1);
  moved(&s, &a, 1), moved(&s, &other, 1);
  settle(&s);
  SAY(&s, SMELTER, RECEIVE(&s, ref(&s, &other), ref(&s, &a)));
  settle(&s);
  struct om_verdict v = assert_verified(&s, &a);
  assert_int_equal(v.lots, 3); /* m1, pool, a */
  assert_int_equal(v.records, 5);
  assert_int_equal(passed(&v, OM_CHECK_STATE), 2 + 2 + 3);
  assert_non_null(strstr(v.not_checked[v.n_not_checked - 4], "2 other lots"));
  end(&s);
}

/* ---- trace ---- */

struct seen {
  size_t n;
  struct lot lots[32];
  uint32_t moves[32];
  size_t n_inputs[32];
  uint32_t inputs[32][8];
  char kinds[32][16];
};

static enum om_code see(void *ctx, const struct om_trace_node *node, uint32_t n_nodes, struct om_status *st) {
  struct seen *seen = ctx;
  (void)st;
  assert_int_equal(node->node, seen->n);
  assert_true(n_nodes <= 32 && node->n_inputs <= 8);
  memcpy(seen->lots[seen->n].number, node->lot.number, OM_LOT_NUMBER_BYTES);
  seen->moves[seen->n] = node->moves;
  seen->n_inputs[seen->n] = node->n_inputs;
  memcpy(seen->inputs[seen->n], node->inputs, node->n_inputs * sizeof *node->inputs);
  snprintf(seen->kinds[seen->n], sizeof seen->kinds[0], "%s", node->made_by.kind);
  assert_true(node->made_by.final);
  assert_true(node->made_by.text.len > 0);
  seen->n++;
  return OM_OK;
}

static uint32_t seen_as(const struct seen *seen, const struct lot *lot) {
  for (uint32_t i = 0; i < seen->n; i++)
    if (memcmp(seen->lots[i].number, lot->number, OM_LOT_NUMBER_BYTES) == 0) return i;
  fail_msg("a lot is missing from the trace");
  return 0;
}

static void test_a_trace_gives_each_lot_once_with_what_went_into_it(void **state) {
  (void)state;
  struct story s;
  struct cast c;
  struct seen seen = {0};
  struct om_txn *txn;
  struct om_status st = {0};
  begin(&s, false);
  tell(&s, &c);
  assert_int_equal(om_txn_read(&txn, om_ledger_store(s.ledgers[0]), &st), OM_OK);
  must_be(om_trace(txn, &s.net.id, c.l.number, see, &seen, NULL, &st), OM_OK, &st);
  om_txn_abort(txn);
  assert_int_equal(seen.n, 12);
  assert_int_equal(seen_as(&seen, &c.l), 0);
  assert_int_equal(seen.n_inputs[0], 2);
  uint32_t a1 = seen_as(&seen, &c.a1), d = seen_as(&seen, &c.d), pool = seen_as(&seen, &c.pool),
           f = seen_as(&seen, &c.f);
  assert_string_equal(seen.kinds[a1], "split");
  assert_int_equal(seen.moves[a1], 2);
  assert_int_equal(seen.n_inputs[a1], 1);
  assert_int_equal(seen.inputs[a1][0], seen_as(&seen, &c.a));
  assert_string_equal(seen.kinds[d], "transform");
  assert_int_equal(seen.n_inputs[d], 2);
  assert_int_equal(seen.inputs[d][0], seen_as(&seen, &c.b));
  assert_int_equal(seen.inputs[d][1], a1);
  assert_int_equal(seen.n_inputs[pool], 2);
  assert_int_equal(seen.inputs[pool][0], d);
  assert_int_equal(seen.inputs[pool][1], seen_as(&seen, &c.e));
  assert_int_equal(seen.n_inputs[f], 1);
  assert_int_equal(seen.inputs[f][0], pool);
  assert_int_equal(seen.n_inputs[seen_as(&seen, &c.a)], 0);
  end(&s);
}

static void test_a_step_says_who_did_what_when(void **state) {
  (void)state;
  struct story s;
  struct cast c;
  struct om_txn *txn;
  struct om_arena arena = {0};
  struct om_status st = {0};
  struct om_lot lot;
  struct om_step step;
  begin(&s, false);
  tell(&s, &c);
  assert_int_equal(om_txn_read(&txn, om_ledger_store(s.ledgers[0]), &st), OM_OK);
  assert_int_equal(om_lot_get_step(txn, &arena, &lot, c.a1.number, 1, &st), OM_OK);
  must_be(om_step_read(txn, &arena, &step, &s.net.id, &lot.at, &st), OM_OK, &st);
  assert_string_equal(step.kind, "ship");
  assert_string_equal(step.member_name, "member 2");
  assert_string_equal(step.origin, "daemon1.example/log");
  assert_memory_equal(step.event_id.bytes, lot.last_event.bytes, OM_HASH_BYTES);
  assert_true(step.at_ms > t0 && step.taken_ms == step.at_ms && step.final);
  lot.at.event = 7;
  assert_int_equal(om_step_read(txn, &arena, &step, &s.net.id, &lot.at, &st), OM_CORRUPT);
  om_txn_abort(txn);
  om_arena_free(&arena);
  end(&s);
}

/* ---- nothing can be changed unseen ---- */

/* Changes bit BIT of byte AT of a row, verifies LOT, puts the row back. */
static bool seen_when_flipped(const struct story *s, const struct lot *lot, enum om_table table, const uint8_t *key,
                              size_t key_len, size_t at, unsigned bit, char why[OM_STATUS_TEXT_BYTES]) {
  struct om_txn *txn;
  struct om_status st = {0};
  struct om_bytes row;
  uint8_t bytes[OM_ENTRY_MAX_BYTES];
  struct om_verdict v;
  assert_int_equal(om_txn_write(&txn, om_ledger_store(s->ledgers[0]), &st), OM_OK);
  assert_true(om_txn_get(txn, &row, table, key, key_len) && row.len <= sizeof bytes && at < row.len);
  memcpy(bytes, row.data, row.len);
  size_t len = row.len;
  bytes[at] ^= (uint8_t)(1u << bit);
  om_txn_put(txn, table, key, key_len, bytes, len);
  struct om_arena arena = {0};
  enum om_code code = verify_lot(txn, &arena, &v, &s->net.id, lot->number, false, &st);
  om_arena_free(&arena);
  om_txn_abort(txn);
  bool seen = code != OM_OK || !v.verified;
  if (code == OM_OK) snprintf(why, OM_STATUS_TEXT_BYTES, "%s", first_failure(&v));
  return seen;
}

struct place {
  enum om_table table;
  const char *what;
  size_t skip; /* bytes at the front that nobody asks about here */
};

/* Every byte of every row of the tables that the answer rests on, one bit of each. */
static void test_every_changed_byte_is_noticed(void **state) {
  (void)state;
  static const struct place places[] = {
      {OM_TABLE_ENTRIES, "entry", 0},
      {OM_TABLE_HEADS, "head", 16},
      {OM_TABLE_MARKS, "mark", 0},
      {OM_TABLE_LOTS, "lot", 0},
  };
  for (int witnessed = 0; witnessed < 2; witnessed++) {
    struct story s;
    struct cast c;
    begin(&s, witnessed == 1);
    tell(&s, &c);
    assert_verified(&s, &c.l);
    for (size_t p = 0; p < sizeof places / sizeof *places; p++) {
      struct om_txn *txn;
      struct om_status st = {0};
      struct om_bytes key, row;
      size_t tried = 0;
      assert_int_equal(om_txn_read(&txn, om_ledger_store(s.ledgers[0]), &st), OM_OK);
      for (bool more = om_txn_next(txn, &key, &row, places[p].table, "", 0); more;
           more = om_txn_step(txn, &key, &row, places[p].table)) {
        uint8_t copy[64];
        memcpy(copy, key.data, key.len);
        bool apart = places[p].table == OM_TABLE_HEADS && copy[4] != OM_HEAD_FINAL;
        /* Lots that did not go into it, and the pool after its last draw into it, are not part of the answer. */
        if (places[p].table == OM_TABLE_LOTS)
          apart = memcmp(copy, c.a2.number, 20) == 0 || memcmp(copy, c.c.number, 20) == 0 ||
                  memcmp(copy, c.g.number, 20) == 0;
        /* Entry 0 of a log is a mark of the registry; the next mark takes its place. */
        if ((places[p].table == OM_TABLE_ENTRIES && copy[3] > 0 && om_get64(copy + 4) == 0) ||
            (places[p].table == OM_TABLE_MARKS && om_get64(copy + 8) == 0))
          apart = true;
        if (apart) continue;
        for (size_t i = places[p].skip; i < row.len; i++) {
          char why[OM_STATUS_TEXT_BYTES] = "";
          tried++;
          if (!seen_when_flipped(&s, &c.l, places[p].table, copy, key.len, i, (unsigned)(i % 8), why))
            fail_msg("byte %zu of a row of %s (key %02x%02x%02x%02x%02x...) was changed unseen", i, places[p].what,
                     copy[0], copy[1], copy[2], copy[3], copy[4]);
        }
      }
      om_txn_abort(txn);
      assert_true(tried > 0);
    }
    end(&s);
  }
}

/* Removes one row, verifies. */
static bool seen_when_removed(const struct story *s, const struct lot *lot, enum om_table table, const uint8_t *key,
                              size_t key_len) {
  struct om_txn *txn;
  struct om_status st = {0};
  struct om_verdict v;
  struct om_arena arena = {0};
  assert_int_equal(om_txn_write(&txn, om_ledger_store(s->ledgers[0]), &st), OM_OK);
  om_txn_del(txn, table, key, key_len);
  enum om_code code = verify_lot(txn, &arena, &v, &s->net.id, lot->number, false, &st);
  om_arena_free(&arena);
  om_txn_abort(txn);
  return code != OM_OK || !v.verified;
}

static void test_a_missing_row_is_noticed(void **state) {
  (void)state;
  struct story s;
  struct cast c;
  begin(&s, false);
  tell(&s, &c);
  const struct lot *lots[] = {&c.a, &c.a1, &c.b, &c.d, &c.e, &c.pool, &c.f, &c.h, &c.k};
  for (size_t i = 0; i < sizeof lots / sizeof *lots; i++)
    for (uint32_t step = 0; step < 2; step++) {
      uint8_t key[OM_LOT_KEY_BYTES];
      om_lot_key(key, lots[i]->number, step);
      assert_true(seen_when_removed(&s, &c.l, OM_TABLE_LOTS, key, sizeof key));
    }
  for (uint64_t i = 1; i < 4; i++) {
    uint8_t key[OM_LOG_ENTRY_KEY_BYTES];
    om_log_entry_key(key, 2, i);
    assert_true(seen_when_removed(&s, &c.l, OM_TABLE_ENTRIES, key, sizeof key));
  }
  end(&s);
}

static void test_what_is_not_final_is_undecided(void **state) {
  (void)state;
  struct story s;
  struct cast c;
  struct om_verdict v;
  struct om_status st = {0};
  begin(&s, true);
  tell(&s, &c);
  SAY(&s, SMELTER, SHIP(&s, MINER, ref(&s, &c.l)));
  commit(&s);
  must_be(ask(&s, &v, 2, &c.l, true, &st), OM_OK, &st);
  assert_false(v.verified);
  assert_true(v.undecided);
  assert_int_equal(v.checks[OM_CHECK_FINAL].failed, 1);
  assert_non_null(strstr(v.checks[OM_CHECK_FINAL].first, "daemon2.example/log"));
  settle(&s);
  assert_verified(&s, &c.l);
  struct lot nobody = {.number = {1}};
  assert_int_equal(ask(&s, &v, 2, &nobody, false, &st), OM_MISSING);
  end(&s);
}

/* ---- an operator that lies, and signs for it ---- */

/* Puts a statement into the miner's log without asking the rules, with a signed head over it. */
static void smuggle(struct story *s, Oremark__Event *event, bool bad_signature) {
  struct om_status st = {0};
  struct om_log_state *log;
  uint32_t member = MINER;
  Oremark__Entry entry = OREMARK__ENTRY__INIT;
  uint8_t bytes[4096];
  struct om_hash leaf;
  struct om_signers_keys keys = network_signers(&s->net, 1);
  commit(s);
  free(s->said);
  s->said = network_statement(&s->net, &s->said_len, MINER, ++s->now_ms, &event, 1, &member, 1);
  entry.taken_ms = s->now_ms;
  entry.what_case = OREMARK__ENTRY__WHAT_STATEMENT;
  entry.statement = oremark__signed_statement__unpack(NULL, s->said_len, s->said);
  if (bad_signature) entry.statement->signatures[0]->signature.data[3] ^= 1;
  assert_true(oremark__entry__get_packed_size(&entry) <= sizeof bytes);
  size_t len = oremark__entry__pack(&entry, bytes);
  oremark__signed_statement__free_unpacked(entry.statement, NULL);
  om_leaf_hash(&leaf, bytes, len);
  must_be(om_batch_begin(&s->batches[1], s->ledgers[1], &st), OM_OK, &st);
  must_be(om_batch_log(s->batches[1], &log, 1, &st), OM_OK, &st);
  must_be(om_log_state_append(om_batch_txn(s->batches[1]), log, bytes, len, &leaf, s->now_ms, &st), OM_OK, &st);
  must_be(om_batch_commit(s->batches[1], &keys, &st), OM_OK, &st);
  s->batches[1] = NULL;
  om_arena_reset(&s->arena);
}

/* Writes ROW of LOT as if the event smuggled last had made it. */
static void smuggle_row(struct story *s, struct om_lot row, uint16_t output) {
  struct om_txn *txn;
  struct om_status st = {0};
  struct om_log_info info;
  uint8_t ignored[OM_LOT_NUMBER_BYTES], key[OM_LOT_KEY_BYTES];
  const uint8_t *bytes;
  size_t len;
  assert_int_equal(om_txn_write(&txn, om_ledger_store(s->ledgers[1]), &st), OM_OK);
  assert_int_equal(om_log_info(txn, &info, 1, &st), OM_OK);
  network_lot(&s->net, ignored, &row.last_event, s->said, s->said_len, 0, 0);
  row.at = (struct om_place){.log = 1, .index = info.size - 1, .output = output};
  if (row.step == 0) row.born = row.at;
  om_lot_key(key, row.number, row.step);
  om_lot_encode(&s->arena, &bytes, &len, &row);
  om_txn_put(txn, OM_TABLE_LOTS, key, sizeof key, bytes, len);
  assert_int_equal(om_txn_commit(txn, &st), OM_OK);
}

static struct om_lot look(struct story *s, const struct lot *lot) {
  struct om_txn *txn;
  struct om_status st = {0};
  struct om_lot row;
  assert_int_equal(om_txn_read(&txn, om_ledger_store(s->ledgers[1]), &st), OM_OK);
  must_be(om_lot_get(txn, &s->arena, &row, lot->number, &st), OM_OK, &st);
  om_txn_abort(txn);
  return row;
}

/* Evidence that freezes LOG, as DAEMON holds it. */
static void freeze(struct story *s, size_t daemon, uint32_t log) {
  struct om_batch *batch;
  struct om_status st = {0};
  struct om_checkpoint about = {.size = 1};
  must_be(om_batch_begin(&batch, s->ledgers[daemon], &st), OM_OK, &st);
  om_evidence_put(om_batch_txn(batch), log, 0, &about, OM_EVIDENCE_FREEZES, (const uint8_t *)"proof", 5);
  must_be(om_batch_commit(batch, NULL, &st), OM_OK, &st);
}

static void test_a_log_with_two_final_histories_is_named(void **state) {
  (void)state;
  struct story s;
  struct cast c;
  struct om_verdict v;
  struct om_status st = {0};
  begin(&s, true);
  tell(&s, &c);
  v = assert_verified(&s, &c.l);
  assert_int_equal(passed(&v, OM_CHECK_HISTORY), 3);
  freeze(&s, 1, 2);
  must_be(ask(&s, &v, 1, &c.l, true, &st), OM_OK, &st);
  assert_false(v.verified);
  assert_true(v.undecided);
  assert_int_equal(v.checks[OM_CHECK_HISTORY].failed, 1);
  assert_non_null(strstr(v.checks[OM_CHECK_HISTORY].first, "daemon2.example/log"));
  must_be(ask(&s, &v, 2, &c.l, true, &st), OM_OK, &st); /* who knows nothing of it says nothing of it */
  assert_true(v.verified);
  end(&s);
}

static void test_metal_from_nothing_is_found_under_a_signed_head(void **state) {
  (void)state;
  struct story s;
  struct om_verdict v;
  struct om_status st = {0};
  begin(&s, false);
  SAY(&s, MINER, EXTRACT(&s, copper(&s, 1000)));
  struct lot mined = born(&s, 0, 0);
  smuggle(&s, transform_n(&s, REFS(ref(&s, &mined)), MATERIALS(copper(&s, 5000))), false);
  struct lot made = born(&s, 0, 0);
  struct om_lot was = look(&s, &mined), row = was;
  was.step++;
  was.state = OM_LOT_CONSUMED;
  was.pen = 0;
  smuggle_row(&s, was, 0);
  struct om_share share = {row.contents[0].mix.shares[0].origin, 5000};
  struct om_content content = {CU, 5000, {1, &share}};
  memcpy(row.number, made.number, sizeof row.number);
  row.gross_mg = 20000;
  row.contents = &content;
  smuggle_row(&s, row, 0);
  must_be(ask(&s, &v, 1, &made, false, &st), OM_OK, &st);
  assert_false(v.verified || v.undecided);
  assert_int_equal(v.checks[OM_CHECK_BYTES].failed + v.checks[OM_CHECK_TREE].failed + v.checks[OM_CHECK_HEAD].failed,
                   0);
  assert_int_equal(v.checks[OM_CHECK_BALANCE].failed, 1);
  assert_non_null(strstr(v.checks[OM_CHECK_BALANCE].first, "of daemon1.example/log: event 0 (transform)"));
  end(&s);
}

static void test_a_wrong_signature_is_found_when_asked_for(void **state) {
  (void)state;
  struct story s;
  struct om_verdict v;
  struct om_status st = {0};
  begin(&s, false);
  SAY(&s, MINER, EXTRACT(&s, copper(&s, 1000)));
  struct lot mined = born(&s, 0, 0);
  smuggle(&s, SHIP(&s, SMELTER, ref(&s, &mined)), true);
  struct om_lot row = look(&s, &mined);
  row.step++;
  row.state = OM_LOT_IN_TRANSIT;
  row.pen = row.next_owner = SMELTER;
  smuggle_row(&s, row, 0);
  must_be(ask(&s, &v, 1, &mined, false, &st), OM_OK, &st);
  if (!v.verified) fail_msg("%s", first_failure(&v));
  must_be(ask(&s, &v, 1, &mined, true, &st), OM_OK, &st);
  assert_false(v.verified || v.undecided);
  assert_int_equal(v.checks[OM_CHECK_SIGNATURES].failed, 1);
  assert_int_equal(v.checks[OM_CHECK_SIGNATURES].passed, 1);
  /* A row that no event gives: what is shown is not what the entries say. */
  row.gross_mg++;
  smuggle_row(&s, row, 0);
  must_be(ask(&s, &v, 1, &mined, false, &st), OM_OK, &st);
  assert_int_equal(v.checks[OM_CHECK_STATE].failed, 1);
  end(&s);
}

/* ---- large ones ---- */

/* N times: split in two, smelted together again. Two events and three lots each time, a diamond on a diamond. */
static struct lot diamonds(struct story *s, uint32_t member, struct lot lot, size_t n, bool apart) {
  for (size_t i = 0; i < n; i++) {
    Oremark__Event *parts = split_n(s, ref(s, &lot), MATERIALS(copper(s, 400), copper(s, 600)));
    if (apart) {
      SAY(s, member, parts);
      struct lot a = born(s, 0, 0), b = born(s, 0, 1);
      SAY(s, member, transform_n(s, REFS(ref(s, &a), ref(s, &b)), MATERIALS(copper(s, 1000))));
      lot = born(s, 0, 0);
    } else {
      SAY(s, member, parts, transform_n(s, REFS(placed(s, 0, 0), placed(s, 0, 1)), MATERIALS(copper(s, 1000))));
      lot = born(s, 1, 0);
    }
  }
  return lot;
}

static void test_a_chain_of_ten_thousand_with_diamonds(void **state) {
  (void)state;
  struct story s;
  begin(&s, false);
  SAY(&s, MINER, EXTRACT(&s, copper(&s, 1000)));
  struct lot lot = diamonds(&s, MINER, born(&s, 0, 0), 5000, true);
  commit(&s);
  struct om_verdict v;
  struct om_status st = {0};
  must_be(ask(&s, &v, 1, &lot, false, &st), OM_OK, &st);
  if (!v.verified) fail_msg("%s", first_failure(&v));
  assert_int_equal(v.records, 10001);
  assert_int_equal(v.lots, 15001);
  assert_true(passed(&v, OM_CHECK_TREE) >= 10001 / 256 + 2);
  end(&s);
}

/* One bit of each of some hundred hashes of the tiles that the lineage touches. */
static void test_every_touched_tile_is_hashed(void **state) {
  (void)state;
  struct story s;
  begin(&s, false);
  SAY(&s, MINER, EXTRACT(&s, copper(&s, 1000)));
  struct lot lot = diamonds(&s, MINER, born(&s, 0, 0), 400, false);
  settle(&s);
  assert_verified(&s, &lot);
  for (size_t i = 0; i < OM_TILE_HASHES * OM_HASH_BYTES; i += 61) {
    uint8_t key[OM_TILE_KEY_BYTES] = {0, 0, 0, 1};
    char why[OM_STATUS_TEXT_BYTES] = "";
    assert_true(seen_when_flipped(&s, &lot, OM_TABLE_TILES, key, sizeof key, i, (unsigned)(i % 8), why));
  }
  end(&s);
}

static void test_a_fan_in_of_a_thousand_times_ten(void **state) {
  (void)state;
  enum { STAGES = 10, EACH = 1000 };
  struct story s;
  struct lot stages[STAGES];
  Oremark__Material **mined = calloc(EACH, sizeof *mined);
  Oremark__LotRef **refs = calloc(EACH, sizeof *refs);
  begin(&s, false);
  for (size_t i = 0; i < STAGES; i++) {
    for (uint32_t k = 0; k < EACH; k++) {
      mined[k] = copper(&s, 1);
      refs[k] = placed(&s, 0, k);
    }
    SAY(&s, MINER, extract_n(&s, mined, EACH), combine_n(&s, refs, EACH, copper(&s, EACH)));
    stages[i] = born(&s, 1, 0);
  }
  for (size_t i = 0; i < STAGES; i++) refs[i] = ref(&s, &stages[i]);
  SAY(&s, MINER, combine_n(&s, refs, STAGES, copper(&s, STAGES * EACH)));
  struct lot all = born(&s, 0, 0);
  settle(&s);
  struct om_verdict v = assert_verified(&s, &all);
  assert_int_equal(v.records, 2 * STAGES + 1);
  assert_int_equal(v.lots, STAGES * EACH + STAGES + 1);
  free(mined);
  free(refs);
  end(&s);
}

/* More entries that wait for no other, and more events to look into, than one takes at a time: whoever works side by
 * side has something to share. Lots are named by place and by number, some from far back. */
static void test_many_side_by_side(void **state) {
  (void)state;
  enum { STATEMENTS = 40, EACH = 5, LOTS = STATEMENTS * EACH };
  struct story s;
  struct lot lots[LOTS];
  Oremark__LotRef *refs[LOTS + 1];
  Oremark__Event *events[2 * EACH];
  begin(&s, false);
  for (int round = 0; round < 2; round++)
    for (uint32_t i = 0; i < STATEMENTS; i++) {
      for (uint32_t k = 0; k < EACH; k++) {
        struct lot *lot = &lots[i * EACH + k];
        Oremark__LotRef *from = round == 0 ? placed(&s, k, 0) : ref(&s, lot);
        events[k] = round == 0 ? EXTRACT(&s, copper(&s, 10)) : NULL;
        events[round == 0 ? EACH + k : k] = transform_n(&s, REFS(from), MATERIALS(copper(&s, 10)));
      }
      say_at(&s, MINER - 1, MINER, events, round == 0 ? 2 * EACH : EACH);
      for (uint16_t k = 0; k < EACH; k++) lots[i * EACH + k] = born(&s, round == 0 ? EACH + k : k, 0);
    }
  SAY(&s, MINER, EXTRACT(&s, copper(&s, 100)), charge_n(&s, NULL, REFS(placed(&s, 0, 0))));
  struct lot pool = born(&s, 1, 0);
  SAY(&s, MINER, draw_n(&s, ref(&s, &pool), MATERIALS(copper(&s, 10))));
  struct lot early = born(&s, 0, 1);
  moved(&s, &pool, 0);
  SAY(&s, MINER, draw_n(&s, ref(&s, &pool), MATERIALS(copper(&s, 10)))); /* later: of no concern */
  for (size_t i = 0; i < LOTS; i++) refs[i] = ref(&s, &lots[(i * 7) % LOTS]);
  refs[LOTS] = ref(&s, &early);
  SAY(&s, MINER, combine_n(&s, refs, LOTS + 1, copper(&s, 10 * (LOTS + 1))));
  struct lot all = born(&s, 0, 0);
  settle(&s);
  struct om_verdict v = assert_verified(&s, &all);
  assert_int_equal(v.records, 3 * LOTS + 1 + 3);
  assert_int_equal(v.lots, 3 * LOTS + 1 + 3);
  end(&s);
}

static bool give_up(void *ctx, const char *step, uint64_t done, uint64_t total) {
  (void)step, (void)done, (void)total;
  ++*(int *)ctx;
  return false;
}

static void test_progress_can_give_up(void **state) {
  (void)state;
  struct story s;
  struct cast c;
  struct om_verdict v;
  struct om_txn *txn;
  struct om_arena arena = {0};
  struct om_status st = {0};
  int told = 0;
  struct om_progress progress = {give_up, &told};
  begin(&s, false);
  tell(&s, &c);
  assert_int_equal(om_txn_read(&txn, om_ledger_store(s.ledgers[0]), &st), OM_OK);
  const struct om_verify_ask ask = {.number = c.l.number, .progress = &progress};
  assert_int_equal(om_verify_asked(txn, &arena, &v, &s.net.id, &ask, &st), OM_BUSY);
  assert_int_equal(told, 1);
  om_txn_abort(txn);
  om_arena_free(&arena);
  end(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_whole_story_is_verified_and_counted),
      cmocka_unit_test(test_a_lot_drawn_early_does_not_come_from_what_was_charged_later),
      cmocka_unit_test(test_what_else_a_statement_did_is_left_out),
      cmocka_unit_test(test_a_trace_gives_each_lot_once_with_what_went_into_it),
      cmocka_unit_test(test_a_step_says_who_did_what_when),
      cmocka_unit_test(test_every_changed_byte_is_noticed),
      cmocka_unit_test(test_a_missing_row_is_noticed),
      cmocka_unit_test(test_what_is_not_final_is_undecided),
      cmocka_unit_test(test_a_log_with_two_final_histories_is_named),
      cmocka_unit_test(test_metal_from_nothing_is_found_under_a_signed_head),
      cmocka_unit_test(test_a_wrong_signature_is_found_when_asked_for),
      cmocka_unit_test(test_a_chain_of_ten_thousand_with_diamonds),
      cmocka_unit_test(test_every_touched_tile_is_hashed),
      cmocka_unit_test(test_a_fan_in_of_a_thousand_times_ten),
      cmocka_unit_test(test_many_side_by_side),
      cmocka_unit_test(test_progress_can_give_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
