/* Random histories: whatever a legal history does, metal does not appear but for drift, every mix sums to what is
 * contained, and only the holder of the pen moves a lot; and a legal step with one thing changed in it against a rule
 * is refused. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/details.h"
#include "ledger/documents.h"
#include "support/custody.h"
#include "support/seed.h"

enum {
  RUNS = 60,
  STEPS = 600,
  LOTS_MAX = 4096,
  COSIGNERS_MAX = 7,
};

/* What the test itself keeps of the world. */
struct world {
  struct custody c;
  uint64_t seed;
  struct lot_name lots[LOTS_MAX]; /* that live; pools among them */
  size_t n_lots;
  int64_t begun[2]; /* metal that began: copper, gold */
  int64_t lost[2];  /* and ended: losses, shortages, retirement */
  int64_t gained[2];
  size_t admitted, refused;
};

static const uint8_t elements[2] = {CU, AU};

static uint64_t below(struct world *w, uint64_t limit) {
  return test_below(&w->seed, limit);
}

/* ---- pieces ---- */

static Oremark__Material *two_metals(struct world *w, int64_t gross, int64_t cu, int64_t au) {
  struct metal metals[2];
  size_t n = 0;
  if (cu > 0) metals[n++] = (struct metal){CU, (uint64_t)cu};
  if (au > 0) metals[n++] = (struct metal){AU, (uint64_t)au};
  return material(&w->c, (uint64_t)gross, metals, n);
}

static Oremark__Material *random_material(struct world *w) {
  int64_t cu = 1 + (int64_t)below(w, 1000000), au = (int64_t)below(w, 3) * (int64_t)below(w, 1000);
  return two_metals(w, cu + au + 1 + (int64_t)below(w, 5000000), cu, au);
}

static int64_t holds(const struct om_lot *lot, uint8_t element) {
  for (size_t i = 0; i < lot->n_contents; i++)
    if (lot->contents[i].element == element) return lot->contents[i].contained_mg;
  return 0;
}

static void born(struct world *w, uint16_t event, size_t n, size_t skip) {
  for (size_t i = 0; i < n && w->n_lots < LOTS_MAX; i++)
    w->lots[w->n_lots++] = custody_lot(&w->c, event, (uint16_t)(skip + i));
}

static void gone(struct world *w, size_t index) {
  w->lots[index] = w->lots[--w->n_lots];
}

/* A living lot of EVERYTHING's or another member's that KIND fits, or SIZE_MAX. */
static size_t pick_held(struct world *w, enum om_lot_state state, bool pool, bool on_hold, struct om_lot *out) {
  for (int tries = 0; tries < 40 && w->n_lots > 0; tries++) {
    size_t at = (size_t)below(w, w->n_lots);
    *out = custody_look(&w->c, w->lots[at]);
    if (out->state == state && out->pool == pool && (out->hold.reason != 0) == on_hold) return at;
  }
  return SIZE_MAX;
}

static size_t pick(struct world *w, enum om_lot_state state, bool pool, struct om_lot *out) {
  return pick_held(w, state, pool, false, out);
}

/* ---- steps: each makes an event and says who says it; a legal one ---- */

struct step {
  uint32_t member;
  Oremark__Event *event;
  uint32_t cosigners[COSIGNERS_MAX + 1];
  size_t taken[4]; /* of world.lots: those that are no more afterwards, ascending */
  size_t n_taken;
  size_t n_born, skip;
  bool pool_born;
  int64_t lost[2], gained[2], begun[2];
};

static void sign_by(struct step *s, uint32_t owner) {
  size_t n = 0;
  while (s->cosigners[n]) {
    if (s->cosigners[n] == owner) return;
    n++;
  }
  if (owner == s->member) return;
  while (n > 0 && s->cosigners[n - 1] > owner) s->cosigners[n] = s->cosigners[n - 1], n--;
  s->cosigners[n] = owner;
}

static bool begin(struct world *w, struct step *s) {
  static const uint32_t who[] = {MINE, EVERYTHING};
  Oremark__Material *m[3] = {random_material(w), below(w, 2) ? random_material(w) : NULL, NULL};
  s->member = who[below(w, 2)];
  s->event = below(w, 3) ? extract(&w->c, 1, m) : declare(&w->c, 2, m);
  for (size_t i = 0; m[i]; i++)
    for (size_t k = 0; k < m[i]->n_metals; k++)
      s->begun[m[i]->metals[k]->element == AU] += (int64_t)m[i]->metals[k]->contained_mg;
  s->n_born = m[1] ? 2 : 1;
  return true;
}

static bool send(struct world *w, struct step *s) {
  struct om_lot lot;
  size_t at = pick(w, OM_LOT_HELD, false, &lot);
  if (at == SIZE_MAX) return false;
  static const uint32_t to[] = {MINE, SMELTER, TRADER, EVERYTHING};
  uint32_t consignee = to[below(w, 4)];
  bool with_title = below(w, 2);
  if (consignee == lot.custodian) return false;
  s->member = lot.custodian;
  s->event = ship(&w->c, consignee, with_title, LOTS(at_last(&w->c, w->lots[at])));
  if (lot.owner != s->member && (with_title || lot.owner != consignee)) sign_by(s, lot.owner);
  return true;
}

static bool take_in(struct world *w, struct step *s) {
  struct om_lot lot;
  size_t at = pick(w, OM_LOT_IN_TRANSIT, false, &lot);
  if (at == SIZE_MAX) return false;
  s->member = lot.pen;
  if (below(w, 6) == 0) {
    s->event = reject(&w->c, LOTS(at_last(&w->c, w->lots[at])));
    return true;
  }
  s->event = receive(&w->c, 1, LOTS(at_last(&w->c, w->lots[at])));
  int64_t cu = holds(&lot, CU);
  if (cu == 0 || below(w, 3) == 0) return true;
  int64_t now =
      below(w, 2) ? cu - (int64_t)below(w, (uint64_t)cu / 10 + 1) : cu + (int64_t)below(w, (uint64_t)cu / 200 + 1);
  if (now + holds(&lot, AU) > lot.gross_mg) return false;
  measured(&w->c, s->event, 0, 0, METALS({CU, (uint64_t)now}), OREMARK__SHORTAGE_REASON__SHORTAGE_REASON_ASSAY);
  (now < cu ? s->lost : s->gained)[0] = llabs(now - cu);
  return true;
}

/* Several lots in one member's hands. */
static size_t pick_some(struct world *w, size_t at[3], struct om_lot lots[3]) {
  size_t n = 0;
  for (int tries = 0; tries < 30 && n < 3; tries++) {
    size_t found = pick(w, OM_LOT_HELD, false, &lots[n]);
    if (found == SIZE_MAX) break;
    bool fits = n == 0 || (lots[n].custodian == lots[0].custodian && found > at[n - 1]);
    if (fits) at[n++] = found;
  }
  return n;
}

static void references(struct world *w, Oremark__LotRef *out[4], const size_t at[3], size_t n) {
  for (size_t i = 0; i < n; i++) out[i] = at_last(&w->c, w->lots[at[i]]);
  out[n] = NULL;
}

static bool process(struct world *w, struct step *s) {
  size_t at[3];
  struct om_lot lots[3];
  Oremark__LotRef *in[4];
  size_t n = pick_some(w, at, lots);
  if (n == 0 || (lots[0].custodian != SMELTER && lots[0].custodian != EVERYTHING)) return false;
  references(w, in, at, n);
  int64_t cu = 0, au = 0;
  s->member = lots[0].custodian;
  for (size_t i = 0; i < n; i++) {
    cu += holds(&lots[i], CU), au += holds(&lots[i], AU);
    sign_by(s, lots[i].owner);
    s->taken[s->n_taken++] = at[i];
  }
  int64_t out_cu = cu > 100 && below(w, 2) ? cu + (int64_t)below(w, (uint64_t)cu / 100 + 1)
                                           : cu - (int64_t)below(w, (uint64_t)cu / 5 + 1);
  int64_t first_cu = (int64_t)below(w, (uint64_t)out_cu + 1), first_au = (int64_t)below(w, (uint64_t)au + 1);
  Oremark__Material *outputs[] = {
      two_metals(w, first_cu + first_au + 1, first_cu, first_au),
      two_metals(w, out_cu - first_cu + au - first_au + 1, out_cu - first_cu, au - first_au), NULL};
  bool is_loss_named = out_cu < cu && below(w, 2);
  s->event = transform(&w->c, OREMARK__PROCESS__PROCESS_SMELT, in, outputs,
                       is_loss_named ? LOSSES(loss(&w->c, CU, (uint64_t)(cu - out_cu))) : NULL);
  (out_cu < cu ? s->lost : s->gained)[0] = llabs(out_cu - cu);
  s->n_born = 2;
  return true;
}

static bool part(struct world *w, struct step *s) {
  struct om_lot lot;
  size_t at = pick(w, OM_LOT_HELD, false, &lot);
  if (at == SIZE_MAX) return false;
  int64_t cu = holds(&lot, CU), au = holds(&lot, AU), cu1 = (int64_t)below(w, (uint64_t)cu + 1),
          au1 = (int64_t)below(w, (uint64_t)au + 1);
  int64_t spare = lot.gross_mg - cu - au;
  if (spare < 2) return false;
  int64_t spare1 = 1 + (int64_t)below(w, (uint64_t)spare - 1);
  s->member = lot.custodian;
  s->event = split(&w->c, at_last(&w->c, w->lots[at]),
                   MATERIALS(two_metals(w, spare1 + cu1 + au1, cu1, au1),
                             two_metals(w, lot.gross_mg - spare1 - cu1 - au1, cu - cu1, au - au1)));
  s->taken[s->n_taken++] = at;
  s->n_born = 2;
  return true;
}

static bool join(struct world *w, struct step *s) {
  size_t at[3];
  struct om_lot lots[3];
  Oremark__LotRef *in[4];
  size_t n = pick_some(w, at, lots);
  if (n < 2) return false;
  int64_t cu = 0, au = 0, gross = 0;
  for (size_t i = 0; i < n; i++) {
    if (lots[i].owner != lots[0].owner) return false;
    cu += holds(&lots[i], CU), au += holds(&lots[i], AU), gross += lots[i].gross_mg;
    s->taken[s->n_taken++] = at[i];
  }
  references(w, in, at, n);
  s->member = lots[0].custodian;
  s->event = combine(&w->c, in, two_metals(w, gross, cu, au));
  s->n_born = 1;
  return true;
}

static bool end(struct world *w, struct step *s) {
  struct om_lot lot;
  size_t at = pick(w, OM_LOT_HELD, false, &lot);
  if (at == SIZE_MAX || below(w, 3)) return false;
  s->member = lot.custodian;
  s->event = retire(&w->c, LOTS(at_last(&w->c, w->lots[at])));
  sign_by(s, lot.owner);
  s->taken[s->n_taken++] = at;
  s->lost[0] = holds(&lot, CU), s->lost[1] = holds(&lot, AU);
  return true;
}

static bool fill(struct world *w, struct step *s) {
  size_t at[3];
  struct om_lot lots[3], pool;
  Oremark__LotRef *in[4];
  size_t n = pick_some(w, at, lots), old = pick(w, OM_LOT_HELD, true, &pool);
  if (n == 0 || (lots[0].custodian != SMELTER && lots[0].custodian != EVERYTHING)) return false;
  references(w, in, at, n);
  s->member = lots[0].custodian;
  bool again = old != SIZE_MAX && pool.custodian == s->member;
  s->event = charge(&w->c, again ? at_last(&w->c, w->lots[old]) : NULL, in);
  uint32_t owner = lots[0].owner;
  for (size_t i = 0; i < n; i++) {
    sign_by(s, lots[i].owner);
    if (lots[i].owner != owner) owner = s->member;
    s->taken[s->n_taken++] = at[i];
  }
  if (again && owner != pool.owner) sign_by(s, pool.owner);
  s->n_born = again ? 0 : 1;
  return true;
}

static bool tap(struct world *w, struct step *s) {
  struct om_lot pool;
  size_t at = pick(w, OM_LOT_HELD, true, &pool);
  if (at == SIZE_MAX) return false;
  int64_t cu = (int64_t)below(w, (uint64_t)holds(&pool, CU) + 1),
          au = (int64_t)below(w, (uint64_t)holds(&pool, AU) + 1);
  int64_t lost = (int64_t)below(w, (uint64_t)(holds(&pool, CU) - cu) + 1);
  s->member = pool.custodian;
  if (below(w, 4) == 0) {
    int64_t now = holds(&pool, CU) - lost;
    struct metal metals[2];
    size_t n = 0;
    if (holds(&pool, CU)) metals[n++] = (struct metal){CU, (uint64_t)now};
    if (holds(&pool, AU)) metals[n++] = (struct metal){AU, (uint64_t)holds(&pool, AU)};
    s->event = stocktake(&w->c, at_last(&w->c, w->lots[at]), (uint64_t)pool.gross_mg, metals, n);
    s->lost[0] = holds(&pool, CU) ? lost : 0;
    return true;
  }
  s->event =
      draw(&w->c, at_last(&w->c, w->lots[at]), MATERIALS(two_metals(w, cu + au + 1 + (int64_t)below(w, 100), cu, au)),
           lost ? LOSSES(loss(&w->c, CU, (uint64_t)lost)) : NULL);
  s->lost[0] = lost;
  s->n_born = 1;
  s->skip = 1;
  return true;
}

static bool put_on_hold(struct world *w, struct step *s) {
  static const uint32_t who[] = {MINE, SMELTER, TRADER, EVERYTHING};
  struct om_lot lot;
  size_t at = pick(w, OM_LOT_HELD, false, &lot), n = 0;
  if (at == SIZE_MAX || below(w, 4)) return false;
  uint32_t releasers[5] = {0};
  uint64_t some = 1 + below(w, 15);
  for (size_t i = 0; i < 4; i++)
    if (some >> i & 1) releasers[n++] = who[i];
  s->member = lot.custodian;
  s->event = hold(&w->c, (Oremark__HoldReason)(1 + below(w, 4)), (uint32_t)(1 + below(w, n)), releasers,
                  LOTS(at_last(&w->c, w->lots[at])));
  sign_by(s, lot.owner);
  return true;
}

static bool signs(const struct step *s, uint32_t member) {
  if (s->member == member) return true;
  for (size_t i = 0; s->cosigners[i]; i++)
    if (s->cosigners[i] == member) return true;
  return false;
}

/* As many of those who may release LOT as it takes and no more. */
static void sign_by_releasers(struct world *w, struct step *s, const struct om_lot *lot) {
  size_t n = 0, first = (size_t)below(w, lot->hold.n_releasers);
  for (size_t i = 0; i < lot->hold.n_releasers; i++) n += signs(s, lot->hold.releasers[i]);
  for (size_t i = 0; i < lot->hold.n_releasers && n < lot->hold.threshold; i++) {
    uint32_t member = lot->hold.releasers[(first + i) % lot->hold.n_releasers];
    n += !signs(s, member);
    sign_by(s, member);
  }
}

static bool let_go(struct world *w, struct step *s) {
  struct om_lot lot;
  size_t at = pick_held(w, OM_LOT_HELD, false, true, &lot);
  if (at == SIZE_MAX) return false;
  s->member = lot.custodian;
  s->event = release(&w->c, LOTS(at_last(&w->c, w->lots[at])));
  sign_by_releasers(w, s, &lot);
  return true;
}

static bool sell(struct world *w, struct step *s) {
  static const uint32_t who[] = {MINE, SMELTER, TRADER, EVERYTHING};
  struct om_lot lot;
  bool afloat = below(w, 4) == 0;
  size_t at = pick_held(w, afloat ? OM_LOT_IN_TRANSIT : OM_LOT_HELD, false, !afloat && below(w, 2), &lot);
  uint32_t to = who[below(w, 4)];
  if (at == SIZE_MAX || to == lot.owner || lot.next_owner != 0) return false;
  s->member = lot.pen;
  s->event = transfer_title(&w->c, lot.owner, to, LOTS(at_last(&w->c, w->lots[at])));
  sign_by(s, lot.owner);
  sign_by(s, to);
  if (lot.hold.reason != 0) sign_by_releasers(w, s, &lot);
  return true;
}

static bool agree(struct world *w, struct step *s) {
  struct om_lot lot;
  size_t at = pick(w, OM_LOT_HELD, false, &lot);
  if (at == SIZE_MAX || lot.consignor == 0 || lot.settled) return false;
  s->member = lot.custodian;
  s->event = settle(&w->c, lot.consignor, at_last(&w->c, w->lots[at]));
  sign_by(s, lot.consignor);
  sign_by(s, lot.owner);
  int64_t cu = holds(&lot, CU);
  if (cu == 0) return true;
  int64_t now = cu - cu / 20 + (int64_t)below(w, (uint64_t)cu / 10 + 1);
  if (now + holds(&lot, AU) > lot.gross_mg) return false;
  agreed(&w->c, s->event, 0, METALS({CU, (uint64_t)now}));
  (now < cu ? s->lost : s->gained)[0] = llabs(now - cu);
  return true;
}

/* ---- illegal ones: a legal step with one thing changed ---- */

/* The references of EVENT. */
static Oremark__LotRef **refs_of(Oremark__Event *e, size_t *n) {
  *n = 1;
  if (e->kind_case == OREMARK__EVENT__KIND_SHIP) return *n = e->ship->n_lots, e->ship->lots;
  if (e->kind_case == OREMARK__EVENT__KIND_REJECT) return *n = e->reject->n_lots, e->reject->lots;
  if (e->kind_case == OREMARK__EVENT__KIND_RECEIVE) return &e->receive->lots[0]->lot;
  if (e->kind_case == OREMARK__EVENT__KIND_TRANSFORM) return *n = e->transform->n_inputs, e->transform->inputs;
  if (e->kind_case == OREMARK__EVENT__KIND_SPLIT) return &e->split->lot;
  if (e->kind_case == OREMARK__EVENT__KIND_COMBINE) return *n = e->combine->n_lots, e->combine->lots;
  if (e->kind_case == OREMARK__EVENT__KIND_RETIRE) return *n = e->retire->n_lots, e->retire->lots;
  if (e->kind_case == OREMARK__EVENT__KIND_CHARGE) return *n = e->charge->n_inputs, e->charge->inputs;
  if (e->kind_case == OREMARK__EVENT__KIND_DRAW) return &e->draw->pool;
  if (e->kind_case == OREMARK__EVENT__KIND_STOCKTAKE) return &e->stocktake->pool;
  if (e->kind_case == OREMARK__EVENT__KIND_HOLD) return *n = e->hold->n_lots, e->hold->lots;
  if (e->kind_case == OREMARK__EVENT__KIND_RELEASE) return *n = e->release->n_lots, e->release->lots;
  if (e->kind_case == OREMARK__EVENT__KIND_TRANSFER_TITLE)
    return *n = e->transfer_title->n_lots, e->transfer_title->lots;
  if (e->kind_case == OREMARK__EVENT__KIND_SETTLE) return &e->settle->lots[0]->lot;
  *n = 0;
  return NULL;
}

/* One more milligram than there is, in an output whose gross mass has room for it. False where the balance has slack.
 */
static bool add_metal(struct world *w, struct step *s) {
  size_t n, skip;
  Oremark__Material *const *m = om_event_materials(s->event, &n, &skip);
  bool exact = s->event->kind_case == OREMARK__EVENT__KIND_SPLIT || s->event->kind_case == OREMARK__EVENT__KIND_COMBINE;
  if (n == 0 || m[0]->n_metals == 0 || s->begun[0] + s->begun[1] > 0) return false;
  m[0]->metals[0]->contained_mg += exact ? 1 : (uint64_t)INT32_MAX * 1000;
  m[0]->gross_mg += exact ? 0 : (uint64_t)INT32_MAX * 1000;
  (void)w;
  return true;
}

static bool spoil(struct world *w, struct step *s) {
  size_t n;
  Oremark__LotRef **refs = refs_of(s->event, &n);
  if (n == 0) { /* new lots: nothing to spoil but site and role */
    s->member = TRADER;
    if (s->event->kind_case == OREMARK__EVENT__KIND_EXTRACT) return true;
    s->event->declare->site = 3;
    return true;
  }
  Oremark__LotRef *ref = refs[below(w, n)];
  switch (below(w, 7)) {
    case 0: ref->last_event.data[below(w, 32)] ^= (uint8_t)(1U << below(w, 8)); return true;
    case 1: ref->number.data[below(w, 20)] ^= (uint8_t)(1U << below(w, 8)); return true;
    case 2: s->member = s->member == EVERYTHING ? SMELTER : EVERYTHING; return true; /* who has not the pen */
    case 3: return add_metal(w, s);
    case 4: { /* a signature too many */
      size_t last = 0;
      while (s->cosigners[last]) last++;
      if (last >= COSIGNERS_MAX || s->member == ASSAYER) return false;
      sign_by(s, ASSAYER);
      return true;
    }
    case 5: /* a signature too few */
      if (!s->cosigners[0]) return false;
      memmove(s->cosigners, s->cosigners + 1, sizeof s->cosigners - sizeof *s->cosigners);
      return true;
    default: /* a lot named twice */
      if (n < 2) return false;
      refs[0] = refs[1];
      return true;
  }
}

/* ---- what must hold ---- */

static void check_lot(const struct om_lot *lot) {
  int64_t sum = 0;
  for (size_t i = 0; i < lot->n_contents; i++) {
    const struct om_content *content = &lot->contents[i];
    assert_true(om_mix_ok(content->mix));
    assert_true(content->mix.n <= OM_MIX_MAX_SHARES);
    assert_true(om_mix_total(content->mix) == content->contained_mg && content->contained_mg > 0);
    sum += content->contained_mg;
  }
  assert_true(sum <= lot->gross_mg);
}

static void check_world(struct world *w) {
  for (int e = 0; e < 2; e++) {
    int64_t living = 0;
    for (size_t i = 0; i < w->n_lots; i++) {
      struct om_lot lot = custody_look(&w->c, w->lots[i]);
      assert_true(lot.state == OM_LOT_HELD || lot.state == OM_LOT_IN_TRANSIT);
      living += holds(&lot, elements[e]);
      if (e == 0) check_lot(&lot);
    }
    assert_true(living == w->begun[e] - w->lost[e] + w->gained[e]);
  }
}

/* The pen moves by the holder's hand alone. */
static void check_rows(struct world *w, const struct step *s) {
  for (size_t i = 0; i < w->c.stage.n_rows; i++) {
    const struct om_lot *row = w->c.stage.rows[i];
    check_lot(row);
    bool ended = row->state == OM_LOT_CONSUMED || row->state == OM_LOT_RETIRED;
    assert_true(ended == (row->pen == 0));
    assert_true(row->at.log == s->member);
    bool another_keeps_it = s->event->kind_case == OREMARK__EVENT__KIND_REJECT ||
                            s->event->kind_case == OREMARK__EVENT__KIND_TRANSFER_TITLE;
    if (!another_keeps_it) assert_int_equal(row->custodian, s->member);
  }
}

static void apply(struct world *w, const struct step *s) {
  for (size_t i = s->n_taken; i > 0; i--) gone(w, s->taken[i - 1]);
  born(w, 0, s->n_born, s->skip);
  for (int e = 0; e < 2; e++) w->begun[e] += s->begun[e], w->lost[e] += s->lost[e], w->gained[e] += s->gained[e];
}

static bool random_step(struct world *w, struct step *s) {
  bool (*const all[])(struct world *, struct step *) = {begin, send, send, take_in,     take_in, process, part, join,
                                                        end,   fill, tap,  put_on_hold, let_go,  sell,    agree};
  *s = (struct step){0};
  return all[below(w, sizeof all / sizeof *all)](w, s);
}

static enum om_code say(struct world *w, struct step *s) {
  return custody_say(&w->c, s->member, (Oremark__Event *[]){s->event, NULL}, s->cosigners);
}

/* Whoever signs: what is on hold is not moved, and not made into anything else. */
static void move_what_is_held(struct world *w) {
  struct step s = {0};
  struct om_lot lot;
  size_t at = pick_held(w, OM_LOT_HELD, false, true, &lot);
  if (at == SIZE_MAX || lot.gross_mg < 4) return;
  Oremark__LotRef *ref = at_last(&w->c, w->lots[at]);
  Oremark__Material *half = two_metals(w, lot.gross_mg / 2, 1, 0);
  s.member = lot.custodian;
  switch (below(w, 6)) {
    case 0: s.event = ship(&w->c, ASSAYER == lot.custodian ? MINE : EVERYTHING, false, LOTS(ref)); break;
    case 1: s.event = split(&w->c, ref, MATERIALS(half, half)); break;
    case 2: s.event = retire(&w->c, LOTS(ref)); break;
    case 3: s.event = settle(&w->c, lot.consignor ? lot.consignor : MINE, ref); break;
    case 4: s.event = charge(&w->c, NULL, LOTS(ref)); break;
    default: s.event = hold(&w->c, OREMARK__HOLD_REASON__HOLD_REASON_PLEDGE, 1, (const uint32_t[]){MINE, 0}, LOTS(ref));
  }
  sign_by(&s, lot.owner);
  if (lot.consignor) sign_by(&s, lot.consignor);
  sign_by_releasers(w, &s, &lot);
  if (say(w, &s) == OM_REFUSED && w->c.st.rule[0]) return;
  print_error("a %s of what is on hold was not refused: %s\n", om_kind_of(s.event)->name, w->c.st.text);
  fail();
}

/* One to sixteen documents, and now and then details that one of them holds. */
static void name_documents(struct world *w, Oremark__Event *event) {
  size_t n = 1 + below(w, OM_DOCUMENTS_MAX);
  event->documents = om_arena_array(&w->c.arena, n, sizeof(Oremark__Document *));
  for (event->n_documents = 0; event->n_documents < n; event->n_documents++) {
    Oremark__Document *d = event->documents[event->n_documents] = om_arena_alloc(&w->c.arena, sizeof *d);
    oremark__document__init(d);
    d->hash = (ProtobufCBinaryData){OM_HASH_BYTES, om_arena_alloc(&w->c.arena, OM_HASH_BYTES)};
    d->hash.data[0] = (uint8_t)event->n_documents;
    d->hash.data[OM_HASH_BYTES - 1] = (uint8_t)below(w, 256);
    d->size = 1 + below(w, OM_DOCUMENT_MAX_BYTES);
    d->name = (char *)(uintptr_t) "assay.pdf";
  }
  size_t sealed = below(w, 2) ? below(w, OM_DETAILS_MAX + 1) : 0;
  event->documents[below(w, n)]->sealed = sealed > 0;
  event->sealed = om_arena_array(&w->c.arena, sealed, sizeof(Oremark__SealedDetail *));
  for (event->n_sealed = 0; event->n_sealed < sealed; event->n_sealed++) {
    Oremark__SealedDetail *d = event->sealed[event->n_sealed] = om_arena_alloc(&w->c.arena, sizeof *d);
    oremark__sealed_detail__init(d);
    d->what = (Oremark__DetailKind)(1 + below(w, 5));
    d->commitment = (ProtobufCBinaryData){OM_HASH_BYTES, om_arena_alloc(&w->c.arena, OM_HASH_BYTES)};
  }
}

/* S, which is legal, with documents that are named wrongly. */
static void name_wrongly(struct world *w, struct step *s) {
  Oremark__Event *event = s->event;
  Oremark__Document *first = event->documents[0];
  Oremark__Document was = *first;
  size_t n = event->n_documents;
  switch (below(w, 5)) {
    case 0: first->size = 0; break;
    case 1: first->hash.len--; break;
    case 2: first->name = (char *)(uintptr_t) ""; break;
    case 3: first->sealed = !first->sealed; break; /* none holds the details, or two, or one that are not there */
    default: first->hash.data = event->documents[n - 1]->hash.data; /* the last, once more, or its own */
  }
  bool same = first->hash.data == was.hash.data && first->hash.len == was.hash.len && first->size == was.size &&
              first->name == was.name && first->sealed == was.sealed;
  if (!same && (say(w, s) != OM_REFUSED || strcmp(w->c.st.rule, "form") != 0)) {
    print_error("wrong documents of a %s were not refused: [%s] %s\n", om_kind_of(event)->name, w->c.st.rule,
                w->c.st.text);
    fail();
  }
  *first = was;
}

static void one_step(struct world *w) {
  struct step s, bad;
  uint64_t before = w->seed;
  if (!random_step(w, &s)) return;
  uint64_t after = w->seed;
  w->seed = before; /* the same step again, to be spoiled */
  random_step(w, &bad);
  w->seed = after;
  if (spoil(w, &bad)) {
    if (say(w, &bad) != OM_REFUSED || !w->c.st.rule[0]) {
      print_error("a spoiled %s was not refused by a rule: %s\n", om_kind_of(bad.event)->name, w->c.st.text);
      fail();
    }
    w->refused++;
  }
  if (below(w, 4) == 0) {
    name_documents(w, s.event);
    name_wrongly(w, &s);
  }
  if (say(w, &s) != OM_OK) {
    if (strcmp(w->c.st.rule, "drift-cap") == 0) return;
    print_error("a legal %s was refused: [%s] %s\n", om_kind_of(s.event)->name, w->c.st.rule, w->c.st.text);
    fail();
  }
  w->admitted++;
  check_rows(w, &s);
  apply(w, &s);
}

static void histories(void **state) {
  (void)state;
  static struct world w;
  uint64_t seed = test_seed();
  for (int run = 0; run < RUNS; run++) {
    memset(&w, 0, sizeof w);
    w.seed = test_random(&seed);
    custody_open(&w.c);
    for (int i = 0; i < STEPS; i++) {
      one_step(&w);
      if (i % 4 == 0) move_what_is_held(&w);
      if (i % 10 == 0) check_world(&w);
      om_arena_reset(&w.c.arena);
    }
    check_world(&w);
    assert_true(w.admitted > STEPS / 3 && w.refused > STEPS / 8);
    custody_close(&w.c);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(histories)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
