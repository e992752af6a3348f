/* Random histories of certificates, claims and extraction beside a model of a few lines: what is drawn from a
 * certificate is what its holder has claimed and never more than it is for; and what it claimed goes with the metal
 * into what is made of the lot; what the judging log's marks do not cover has not happened; what a site has put out is
 * what was extracted there; who speaks for a side in an assay is who has had the lot. */
#include "support/test.h"

#include <string.h>

#include "ledger/certificate.h"
#include "ledger/output.h"
#include "support/attest.h"
#include "support/seed.h"

enum { RUNS = 40, STEPS = 400, CERTIFICATES_MAX = 64, LOTS_MAX = 64, YEARS = 3, FIRST_YEAR = 2023 };

static const int64_t YEAR_MS[] = {INT64_C(1672531200000), INT64_C(1704067200000), INT64_C(1735689600000)};

struct given {
  int64_t signed_ms;
  struct om_hash id;
  uint64_t index, withdrawn_at; /* in the certifier's log; UINT64_MAX: it was not */
  uint32_t holder;              /* 0: it is on LOT */
  size_t lot;
  int64_t quantity, drawn;
};

struct world {
  struct custody c;
  uint64_t seed;
  struct given given[CERTIFICATES_MAX];
  size_t n_given;
  struct lot_name lots[LOTS_MAX];
  int64_t copper[LOTS_MAX], claimed[LOTS_MAX];
  uint32_t pens[LOTS_MAX];                                /* who has it; 0: it is on its way */
  bool on_lot[LOTS_MAX];                                  /* a certificate is on it: it stays whole */
  bool had[LOTS_MAX][ASSAYER], bought[LOTS_MAX][ASSAYER]; /* whoever has ever had it, or was to get it, by number */
  size_t n_lots;
  int64_t output[YEARS];
  size_t admitted, refused, waited;
};

/* The certifier's log holds nothing else, so that marks of it decide what of it is known. */
static const uint32_t members[] = {MINE, SMELTER, TRADER};

static uint64_t below(struct world *w, uint64_t limit) {
  return test_below(&w->seed, limit);
}

static Oremark__EventRef *ref_of(struct world *w, const struct given *g) {
  Oremark__EventRef *ref = (Oremark__EventRef *)om_arena_copy(
      &w->c.arena, &(const Oremark__EventRef)OREMARK__EVENT_REF__INIT, sizeof(Oremark__EventRef));
  ref->member = EVERYTHING;
  ref->signed_ms = g->signed_ms;
  ref->statement_id = (ProtobufCBinaryData){OM_HASH_BYTES, om_arena_copy(&w->c.arena, g->id.bytes, OM_HASH_BYTES)};
  return ref;
}

static void dig(struct world *w) {
  if (w->n_lots == LOTS_MAX) return;
  uint64_t year = below(w, YEARS), mg = 1 + below(w, 1000);
  Oremark__Event *e = extract(&w->c, 1, MATERIALS(copper(&w->c, 2 * mg, mg)));
  e->at_ms = YEAR_MS[year] + (int64_t)below(w, 365) * 86400000;
  ADMIT(&w->c, MINE, e);
  w->output[year] += (int64_t)mg;
  w->copper[w->n_lots] = (int64_t)mg;
  w->claimed[w->n_lots] = 0;
  w->pens[w->n_lots] = MINE;
  w->had[w->n_lots][MINE] = w->bought[w->n_lots][MINE] = true;
  w->lots[w->n_lots++] = custody_lot(&w->c, 0, 0);
}

static void move(struct world *w) {
  if (w->n_lots == 0) return;
  size_t i = (size_t)below(w, w->n_lots);
  if (w->pens[i] == 0) {
    uint32_t to = custody_look(&w->c, w->lots[i]).pen;
    ADMIT(&w->c, to, receive(&w->c, 1, LOTS(at_last(&w->c, w->lots[i]))));
    w->pens[i] = to;
    w->had[i][to] = true;
    return;
  }
  uint32_t to = members[below(w, 3)];
  if (to == w->pens[i]) return;
  ADMIT(&w->c, w->pens[i], ship(&w->c, to, true, LOTS(at_last(&w->c, w->lots[i]))));
  w->pens[i] = 0;
  w->bought[i][to] = true;
}

/* A lot's place in the model is that of its larger part from now on, and the smaller one is a lot of its own. */
static void divide(struct world *w) {
  if (w->n_lots == 0 || w->n_lots == LOTS_MAX) return;
  size_t i = (size_t)below(w, w->n_lots), k = w->n_lots;
  if (w->pens[i] == 0 || w->on_lot[i] || w->copper[i] < 2) return;
  int64_t mg = w->copper[i], part = 1 + (int64_t)below(w, (uint64_t)mg / 2);
  ADMIT(&w->c, w->pens[i],
        split(&w->c, at_last(&w->c, w->lots[i]),
              MATERIALS(copper(&w->c, 2 * (uint64_t)part, (uint64_t)part),
                        copper(&w->c, 2 * (uint64_t)(mg - part), (uint64_t)(mg - part)))));
  w->lots[k] = custody_lot(&w->c, 0, 0);
  w->lots[i] = custody_lot(&w->c, 0, 1);
  w->claimed[k] = (w->claimed[i] * part + mg - 1) / mg;
  w->claimed[i] -= w->claimed[k];
  w->copper[k] = part;
  w->copper[i] -= part;
  w->pens[k] = w->pens[i];
  memset(w->had[i], 0, sizeof w->had[i]);
  memset(w->bought[i], 0, sizeof w->bought[i]);
  w->had[i][w->pens[i]] = w->bought[i][w->pens[i]] = w->had[k][w->pens[i]] = w->bought[k][w->pens[i]] = true;
  w->n_lots++;
}

/* The last lot goes into another of the same hands. */
static void unite(struct world *w) {
  if (w->n_lots < 2) return;
  size_t i = (size_t)below(w, w->n_lots - 1), k = w->n_lots - 1;
  if (w->pens[i] == 0 || w->pens[i] != w->pens[k] || w->on_lot[i] || w->on_lot[k]) return;
  uint64_t mg = (uint64_t)(w->copper[i] + w->copper[k]);
  ADMIT(&w->c, w->pens[i],
        combine(&w->c, LOTS(at_last(&w->c, w->lots[k]), at_last(&w->c, w->lots[i])), copper(&w->c, 2 * mg, mg)));
  w->lots[i] = custody_lot(&w->c, 0, 0);
  w->claimed[i] += w->claimed[k];
  w->copper[i] += w->copper[k];
  memset(w->had[i], 0, sizeof w->had[i]);
  memset(w->bought[i], 0, sizeof w->bought[i]);
  memset(w->had[k], 0, sizeof w->had[k]);
  memset(w->bought[k], 0, sizeof w->bought[k]);
  w->had[i][w->pens[i]] = w->bought[i][w->pens[i]] = true;
  w->n_lots--;
}

/* Only who has had a lot sells it, and who has it or gets it buys it. */
static void assay_one(struct world *w) {
  if (w->n_lots == 0) return;
  size_t i = (size_t)below(w, w->n_lots);
  uint32_t member = members[below(w, 3)];
  bool sells = below(w, 2) == 0;
  enum om_code wanted = (sells ? w->had : w->bought)[i][member] ? OM_OK : OM_REFUSED;
  enum om_code code = SAY(&w->c, member,
                          assay(&w->c, about_lot(&w->c, w->lots[i]),
                                sells ? OREMARK__ASSAY_ROLE__ASSAY_ROLE_SELLER : OREMARK__ASSAY_ROLE__ASSAY_ROLE_BUYER,
                                1 + below(w, 9999), 0));
  assert_int_equal(code, wanted);
  if (code == OM_REFUSED) assert_string_equal(w->c.st.rule, "party");
}

static void give(struct world *w) {
  if (w->n_given == CERTIFICATES_MAX || w->n_lots == 0) return;
  struct given *g = &w->given[w->n_given++];
  *g = (struct given){.quantity = 1 + (int64_t)below(w, 2000), .withdrawn_at = UINT64_MAX};
  g->lot = (size_t)below(w, w->n_lots);
  g->holder = below(w, 3) ? members[below(w, 3)] : 0;
  w->on_lot[g->lot] = w->on_lot[g->lot] || g->holder == 0;
  ADMIT(&w->c, EVERYTHING,
        certify(&w->c, g->holder ? about_member(&w->c, g->holder) : about_lot(&w->c, w->lots[g->lot]), 1, 2,
                (uint64_t)g->quantity));
  g->signed_ms = w->c.judged.statement->signed_ms;
  g->id = w->c.judged.statement_id;
  g->index = w->c.judged.index;
}

static void take_back(struct world *w) {
  if (w->n_given == 0 || below(w, 3)) return;
  struct given *g = &w->given[below(w, w->n_given)];
  enum om_code wanted = g->withdrawn_at == UINT64_MAX ? OM_OK : OM_REFUSED;
  assert_int_equal(SAY(&w->c, EVERYTHING, withdraw(&w->c, ref_of(w, g))), wanted);
  if (wanted == OM_OK) g->withdrawn_at = w->c.judged.index;
}

static void mark(struct world *w) {
  uint64_t size = w->c.sizes[EVERYTHING], *marked = &w->c.marked[EVERYTHING];
  if (*marked < size) *marked += 1 + below(w, size - *marked);
}

static enum om_code model(struct world *w, const struct given *g, size_t lot, uint32_t member, int64_t mg) {
  uint64_t marked = w->c.marked[EVERYTHING];
  bool holds = g->holder ? g->holder == member : g->lot == lot;
  if (g->index >= marked) return OM_WAIT;
  bool good = g->withdrawn_at >= marked && holds && w->pens[lot] == member && mg <= w->copper[lot] - w->claimed[lot] &&
              g->drawn + mg <= g->quantity;
  return good ? OM_OK : OM_REFUSED;
}

static void draw_down(struct world *w) {
  if (w->n_given == 0) return;
  struct given *g = &w->given[below(w, w->n_given)];
  size_t lot = g->holder || below(w, 8) == 0 ? (size_t)below(w, w->n_lots) : g->lot;
  uint32_t member = below(w, 8) == 0 || w->pens[lot] == 0 ? members[below(w, 3)] : w->pens[lot];
  int64_t left = g->quantity - g->drawn, holds = w->copper[lot] - w->claimed[lot], most = left < holds ? left : holds;
  int64_t mg = below(w, 4) == 0 ? most + 1 : 1 + (int64_t)below(w, most > 0 ? (uint64_t)most : 1);
  enum om_code wanted = model(w, g, lot, member, mg);
  enum om_code code = SAY(&w->c, member, claim(&w->c, ref_of(w, g), at_last(&w->c, w->lots[lot]), (uint64_t)mg));
  if (code != wanted) {
    print_error("a claim of %d by member %u: wanted %s, got %s [%s] %s\n", (int)mg, member, om_code_name(wanted),
                om_code_name(code), w->c.st.rule, w->c.st.text);
    fail();
  }
  if (code == OM_OK) g->drawn += mg, w->claimed[lot] += mg;
  w->admitted += code == OM_OK;
  w->refused += code == OM_REFUSED;
  w->waited += code == OM_WAIT;
}

static void check(struct world *w) {
  struct om_output output = {0};
  for (size_t i = 0; i < w->n_given; i++) {
    struct om_place at = {.log = EVERYTHING, .index = w->given[i].index};
    assert_true(om_attested_drawn(w->c.txn, &at) == w->given[i].drawn && w->given[i].drawn <= w->given[i].quantity);
  }
  for (size_t year = 0; year < YEARS; year++) {
    if (w->output[year] == 0) continue;
    assert_true(om_output_next(w->c.txn, &output, MINE));
    assert_true(output.year == FIRST_YEAR + year && output.mg == w->output[year]);
  }
  assert_false(om_output_next(w->c.txn, &output, 0));
}

static void histories(void **state) {
  static void (*const steps[])(struct world *) = {dig,   move, move,      give,      take_back, divide,
                                                  unite, mark, draw_down, draw_down, draw_down, assay_one};
  static struct world w;
  uint64_t seed = test_seed();
  size_t admitted = 0, refused = 0, waited = 0;
  (void)state;
  for (int run = 0; run < RUNS; run++) {
    memset(&w, 0, sizeof w);
    w.seed = test_random(&seed);
    custody_open(&w.c);
    recognise(&w.c, "Copper Mark", (const uint32_t[]){EVERYTHING, 0});
    w.c.marked[EVERYTHING] = 0;
    for (int i = 0; i < STEPS; i++) {
      steps[below(&w, sizeof steps / sizeof *steps)](&w);
      if (i % 20 == 0) check(&w);
      om_arena_reset(&w.c.arena);
    }
    check(&w);
    admitted += w.admitted, refused += w.refused, waited += w.waited;
    custody_close(&w.c);
  }
  print_message("%zu claims taken, %zu refused, %zu waited\n", admitted, refused, waited);
  assert_true(admitted > 10 * RUNS && refused > 10 * RUNS && waited > RUNS);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(histories)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
