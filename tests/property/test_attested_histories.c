/* Random histories of all kinds of attestation beside a model of a few lines: what is drawn from a
 * certificate is what its holder has claimed and never more than it is for; and what it claimed goes with the metal
 * into what is made of the lot; what the judging log's marks do not cover has not happened; what a site has put out is
 * what was extracted there, beside what each author estimates last; who speaks for a side in an assay is who has had
 * the lot; a concern is cleared once, by its author; only who stated an event corrects it; and what a correction takes
 * off a lot that was extracted is off its site's output. */
#include "support/test.h"

#include <string.h>

#include "ledger/certificate.h"
#include "ledger/output.h"
#include "support/attest.h"
#include "support/kinds_seen.h"
#include "support/seed.h"

enum {
  RUNS = 40,
  STEPS = 500,
  CERTIFICATES_MAX = 64,
  LOTS_MAX = 64,
  CONCERNS_MAX = 64,
  ESTIMATES_MAX = 64,
  YEARS = 3,
  FIRST_YEAR = 2023
};

static const int64_t YEAR_MS[] = {INT64_C(1672531200000), INT64_C(1704067200000), INT64_C(1735689600000)};

struct given {
  int64_t signed_ms;
  struct om_hash id;
  uint64_t index, withdrawn_at; /* in the certifier's log; UINT64_MAX: it was not */
  uint32_t holder;              /* 0: it is on LOT */
  size_t lot;
  int64_t quantity, drawn;
};

struct concern {
  uint32_t author;
  int64_t signed_ms;
  struct om_hash id;
  uint64_t index;
  bool cleared;
};

struct estimated {
  uint32_t author;
  int64_t as_of_ms, mg;
};

/* One Extract of one lot. */
struct dug {
  int64_t signed_ms;
  struct om_hash id;
  struct lot_name lot;
  size_t year;
  int64_t counted, right; /* what of it is declared output; what is right, by its last correction that lowers nothing */
};

struct world {
  struct custody c;
  struct kinds_seen *seen;
  struct concern concerns[CONCERNS_MAX];
  size_t n_concerns;
  struct estimated estimates[ESTIMATES_MAX];
  size_t n_estimates;
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
  struct dug digs[LOTS_MAX];
  size_t n_digs;
  size_t admitted, refused, waited;
};

/* The certifier's log holds nothing else, so that marks of it decide what of it is known. */
static const uint32_t members[] = {MINE, SMELTER, TRADER};

static uint64_t below(struct world *w, uint64_t limit) {
  return test_below(&w->seed, limit);
}

static enum om_code attest(struct world *w, uint32_t member, Oremark__Event *event) {
  enum om_code code = SAY(&w->c, member, event);
  kinds_seen_add(w->seen, event, code);
  return code;
}

static void attested(struct world *w, uint32_t member, Oremark__Event *event, const char *rule, int line) {
  enum om_code code = attest(w, member, event);
  if (*rule == '\0' ? code == OM_OK : code == OM_REFUSED && strcmp(w->c.st.rule, rule) == 0) return;
  print_error("line %d: wanted [%s], got %s [%s] %s\n", line, rule, om_code_name(code), w->c.st.rule, w->c.st.text);
  fail();
}
/* RULE "": it is taken. */
#define ATTEST(w, member, event, rule) attested(w, member, event, rule, __LINE__)

static Oremark__EventRef *reference(struct world *w, uint32_t member, int64_t signed_ms, const struct om_hash *id) {
  Oremark__EventRef *ref = (Oremark__EventRef *)om_arena_copy(
      &w->c.arena, &(const Oremark__EventRef)OREMARK__EVENT_REF__INIT, sizeof(Oremark__EventRef));
  ref->member = member;
  ref->signed_ms = signed_ms;
  ref->statement_id = (ProtobufCBinaryData){OM_HASH_BYTES, om_arena_copy(&w->c.arena, id->bytes, OM_HASH_BYTES)};
  return ref;
}

static Oremark__EventRef *ref_of(struct world *w, const struct given *g) {
  return reference(w, EVERYTHING, g->signed_ms, &g->id);
}

static void dig(struct world *w) {
  if (w->n_lots == LOTS_MAX || w->n_digs == LOTS_MAX) return;
  uint64_t year = below(w, YEARS), mg = 1 + below(w, 1000);
  Oremark__Event *e = extract(&w->c, 1, MATERIALS(copper(&w->c, 2 * mg, mg)));
  e->at_ms = YEAR_MS[year] + (int64_t)below(w, 365) * 86400000;
  ADMIT(&w->c, MINE, e);
  w->output[year] += (int64_t)mg;
  w->digs[w->n_digs++] = (struct dug){.signed_ms = w->c.judged.statement->signed_ms,
                                      .id = w->c.judged.statement_id,
                                      .lot = custody_lot(&w->c, 0, 0),
                                      .year = year,
                                      .counted = (int64_t)mg,
                                      .right = INT64_MAX};
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
  enum om_code code =
      attest(w, member,
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
  ATTEST(w, EVERYTHING,
         certify(&w->c, g->holder ? about_member(&w->c, g->holder) : about_lot(&w->c, w->lots[g->lot]), 1, 2,
                 (uint64_t)g->quantity),
         "");
  g->signed_ms = w->c.judged.statement->signed_ms;
  g->id = w->c.judged.statement_id;
  g->index = w->c.judged.index;
}

static void take_back(struct world *w) {
  if (w->n_given == 0 || below(w, 3)) return;
  struct given *g = &w->given[below(w, w->n_given)];
  enum om_code wanted = g->withdrawn_at == UINT64_MAX ? OM_OK : OM_REFUSED;
  assert_int_equal(attest(w, EVERYTHING, withdraw(&w->c, ref_of(w, g))), wanted);
  if (wanted == OM_OK) g->withdrawn_at = w->c.judged.index;
}

/* About a lot, a site or a member: any may raise one. */
static void raise(struct world *w) {
  if (w->n_concerns == CONCERNS_MAX) return;
  struct concern *f = &w->concerns[w->n_concerns++];
  uint32_t author = members[below(w, 3)];
  Oremark__Subject *about = below(w, 2) ? about_member(&w->c, members[below(w, 3)]) : about_site(&w->c, MINE, 1);
  if (w->n_lots > 0 && below(w, 2)) about = about_lot(&w->c, w->lots[below(w, w->n_lots)]);
  ATTEST(w, author, flag(&w->c, about), "");
  *f = (struct concern){author, w->c.judged.statement->signed_ms, w->c.judged.statement_id, w->c.judged.index, false};
}

static void take_away(struct world *w) {
  if (w->n_concerns == 0) return;
  struct concern *f = &w->concerns[below(w, w->n_concerns)];
  uint32_t member = below(w, 2) ? f->author : members[below(w, 3)];
  const char *rule = member != f->author ? "author" : f->cleared ? "cleared" : "";
  ATTEST(w, member, clear(&w->c, reference(w, f->author, f->signed_ms, &f->id)), rule);
  f->cleared = f->cleared || *rule == '\0';
}

/* What a concern says was not so, or its words were not the right ones: by who raised it. */
static void put_right(struct world *w) {
  if (w->n_concerns == 0) return;
  const struct concern *f = &w->concerns[below(w, w->n_concerns)];
  uint32_t member = below(w, 2) ? f->author : members[below(w, 3)];
  ATTEST(w, member, correct(&w->c, reference(w, f->author, f->signed_ms, &f->id), 0, 1 + below(w, 1000), NULL),
         member == f->author ? "" : "author");
}

/* What was dug was less, or nothing: its author says so, and lowers the lot too where it still has that whole. */
static void dig_less(struct world *w) {
  if (w->n_digs == 0) return;
  struct dug *d = &w->digs[below(w, w->n_digs)];
  Oremark__EventRef *ref = reference(w, MINE, d->signed_ms, &d->id);
  size_t i = 0;
  while (i < w->n_lots && memcmp(w->lots[i].number, d->lot.number, sizeof d->lot.number) != 0) i++;
  if (below(w, 2) && i < w->n_lots && w->pens[i] == MINE && w->copper[i] > w->claimed[i] && w->copper[i] > 1 &&
      custody_look(&w->c, d->lot).consignor == OM_MEMBER_NONE) {
    int64_t left = w->claimed[i] > 0 ? w->claimed[i] : 1;
    int64_t mg = left + (int64_t)below(w, (uint64_t)(w->copper[i] - left) + 1);
    if (attest(w, MINE, correct(&w->c, ref, 2 * (uint64_t)mg, (uint64_t)mg, at_last(&w->c, d->lot))) != OM_OK) return;
    d->counted -= w->copper[i] - mg;
    w->output[d->year] -= w->copper[i] - mg;
    w->copper[i] = mg;
    return;
  }
  d->right = below(w, 4) ? (int64_t)below(w, 1000) : 0;
  Oremark__Event *e = correct(&w->c, ref, 1, (uint64_t)d->right, NULL);
  if (d->right == 0) e->correct->reason = OREMARK__CORRECT_REASON__CORRECT_REASON_DID_NOT_OCCUR;
  ATTEST(w, MINE, e, "");
}

/* By who has the site, a laboratory, or somebody who may not. */
static void estimate_some(struct world *w) {
  if (w->n_estimates == ESTIMATES_MAX) return;
  static const uint32_t authors[] = {MINE, ASSAYER, TRADER};
  struct estimated *e = &w->estimates[w->n_estimates];
  *e = (struct estimated){.author = authors[below(w, 3)],
                          .as_of_ms = YEAR_MS[below(w, YEARS)] + (int64_t)below(w, 4) * 1000,
                          .mg = 1 + (int64_t)below(w, 5000)};
  ATTEST(w, e->author,
         estimate(&w->c, MINE, 1, OREMARK__ESTIMATE_KIND__ESTIMATE_KIND_YEARLY_CAPACITY, (uint64_t)e->mg, e->as_of_ms),
         e->author == TRADER ? "role" : "");
  w->n_estimates += e->author != TRADER;
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

/* The last that AUTHOR says of a year; of several as of the same moment, the lowest. NULL: nothing. */
static const struct estimated *last_estimate(const struct world *w, uint32_t author, size_t year) {
  const struct estimated *last = NULL;
  for (size_t i = 0; i < w->n_estimates; i++) {
    const struct estimated *e = &w->estimates[i];
    if (e->author != author || (year + 1 < YEARS && e->as_of_ms >= YEAR_MS[year + 1])) continue;
    if (!last || e->as_of_ms > last->as_of_ms || (e->as_of_ms == last->as_of_ms && e->mg < last->mg)) last = e;
  }
  return last;
}

static void check_estimates(struct world *w, const struct om_output *output, size_t year) {
  struct om_output_ceiling *ceilings;
  size_t n, at = 0;
  assert_ok(om_output_ceilings(w->c.txn, &w->c.arena, &ceilings, &n, output,
                               OREMARK__ESTIMATE_KIND__ESTIMATE_KIND_YEARLY_CAPACITY, &w->c.st),
            &w->c.st);
  for (uint32_t author = 1; author < GHOST; author++) {
    const struct estimated *e = last_estimate(w, author, year);
    if (!e) continue;
    assert_true(at < n);
    assert_int_equal(ceilings[at].author, author);
    assert_int_equal(ceilings[at].mg, e->mg);
    assert_int_equal(ceilings[at].as_of_ms, e->as_of_ms);
    assert_int_equal(ceilings[at].corrected_mg, output->corrected_mg);
    assert_int_equal(ceilings[at++].sum_mg, output->mg);
  }
  assert_int_equal(at, n);
}

static void check_concerns(struct world *w) {
  for (size_t i = 0; i < w->n_concerns; i++) {
    const struct concern *f = &w->concerns[i];
    struct om_place at = {.log = f->author, .index = f->index}, by = {0};
    int kind;
    bool ended = om_attested_end(w->c.txn, &by, &kind, &at);
    assert_int_equal(ended, f->cleared);
    if (ended) assert_false(om_attested_end(w->c.txn, &by, &kind, &at));
  }
}

static int64_t said_to_be_less(const struct world *w, size_t year) {
  int64_t mg = 0;
  for (size_t i = 0; i < w->n_digs; i++)
    if (w->digs[i].year == year && w->digs[i].counted > w->digs[i].right) mg += w->digs[i].counted - w->digs[i].right;
  return mg;
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
    assert_int_equal(output.corrected_mg, said_to_be_less(w, year));
    check_estimates(w, &output, year);
  }
  assert_false(om_output_next(w->c.txn, &output, 0));
  check_concerns(w);
}

static void histories(void **state) {
  static void (*const steps[])(struct world *) = {
      dig,       move,      move,      give,  take_back, divide,    unite,         mark,      draw_down, draw_down,
      draw_down, draw_down, draw_down, raise, take_away, put_right, estimate_some, assay_one, dig_less};
  static struct world w;
  static struct kinds_seen seen;
  uint64_t seed = test_seed();
  size_t admitted = 0, refused = 0, waited = 0;
  (void)state;
  for (int run = 0; run < RUNS; run++) {
    memset(&w, 0, sizeof w);
    w.seen = &seen;
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
  kinds_seen_all(&seen, OM_KIND_ATTESTATION, (const Oremark__Event__KindCase[]){0});
  print_message("%zu claims taken, %zu refused, %zu waited\n", admitted, refused, waited);
  assert_true(admitted > 8 * RUNS && refused > 10 * RUNS && waited > RUNS);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(histories)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
