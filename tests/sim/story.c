/* What members do: sites, then lots that are extracted, sent, received, rejected, parted, joined, worked and retired,
 * and now and then somebody who tries what is not allowed: honest daemons refuse it. */
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"

enum {
  FORK_STEPS = 8,   /* in which both faces of a home are sure to say something */
  STALE_STEPS = 60, /* in which only one does */
};

/* A face that shows the old witnesses what it shows nobody else waits until the new ones have cosigned. */
static bool waits(const struct sim *s, const struct sim_node *face) {
  return face->stale && s->step < s->fork_step + STALE_STEPS;
}

static void submit_to(struct sim *s, struct sim_node *face, const uint8_t *bytes, size_t len) {
  if (waits(s, face)) return;
  sim_documents_put(face);
  uint8_t *copy = malloc(len);
  OM_ASSERT(copy != NULL);
  memcpy(copy, bytes, len);
  sim_node_submit(face, copy, len);
}

/* To a home that has forked: to either face, or to both. */
static void submit(struct sim *s, struct sim_node *home, uint8_t *bytes, size_t len) {
  bool forked = sim_forked(s) && home->two_faced, both = forked && sim_one_in(s, 4),
       second = forked && sim_one_in(s, 2);
  if (both || !second) submit_to(s, home, bytes, len);
  if (both || second) submit_to(s, &s->nodes[s->n], bytes, len);
  free(bytes);
}

/* Signed too by ANOTHER, unless that is 0 or the same. */
static uint8_t *word(struct sim *s, size_t *len, uint32_t member, Oremark__Event *event, uint32_t another) {
  size_t n, skip, n_signers = another == 0 || another == member ? 1 : 2;
  uint32_t first = another < member ? another : member, both[] = {first, first == member ? another : member};
  const uint32_t *signers = n_signers == 2 ? both : &member;
  const struct om_secret *keys[2];
  for (size_t i = 0; i < n_signers; i++) keys[i] = sim_key(s, signers[i]);
  s->net.valid_days = sim_policy_days(s);
  sim_documents_attach(s, event);
  uint8_t *bytes = network_statement_keys(&s->net, len, member, sim_wall(&s->nodes[member - 1]), &event, 1, signers,
                                          keys, n_signers);
  s->net.valid_days = 0;
  om_event_materials(event, &n, &skip);
  for (size_t i = 0; i < n && s->n_lots < SIM_LOTS; i++)
    network_lot(&s->net, s->lots[s->n_lots++], NULL, bytes, *len, 0, (uint16_t)(skip + i));
  s->told++;
  return bytes;
}

static void say(struct sim *s, uint32_t member, Oremark__Event *event, uint32_t another) {
  size_t len;
  uint8_t *bytes = word(s, &len, member, event, another);
  uint32_t home = sim_one_in(s, 12) ? 1 + (uint32_t)sim_below(s, s->n - 1) : s->home[member];
  if (s->ended_at != UINT64_MAX && home == s->ends && sim_one_in(s, 2)) home = s->successor;
  submit(s, &s->nodes[home], bytes, len);
}

/* MEMBER 0: by the governors. */
static void say_to_registry(struct sim *s, Oremark__Event *event, uint32_t member) {
  size_t len;
  uint8_t *bytes = member == 0
                       ? sim_govern_sign(s, &len, event)
                       : network_statement(&s->net, &len, member, sim_wall(&s->nodes[0]), &event, 1, &member, 1);
  s->told++;
  sim_node_submit(&s->nodes[0], bytes, len);
}

void sim_say(struct sim *s, uint32_t member, Oremark__Event *event, struct om_hash *id, int64_t *signed_ms) {
  size_t len;
  uint8_t *bytes = word(s, &len, member, event, 0);
  Oremark__SignedStatement *said = oremark__signed_statement__unpack(NULL, len, bytes);
  Oremark__Statement *statement = oremark__statement__unpack(NULL, said->statement.len, said->statement.data);
  if (id != NULL) om_statement_id(id, &s->net.id, said->statement.data, said->statement.len);
  if (signed_ms != NULL) *signed_ms = statement->signed_ms;
  oremark__statement__free_unpacked(statement, NULL);
  oremark__signed_statement__free_unpacked(said, NULL);
  submit(s, &s->nodes[s->home[member]], bytes, len);
}

void sim_say_first_act(struct sim *s, Oremark__Event *event) {
  say_to_registry(s, event, 0);
}

static void say_act_by(struct sim *s, Oremark__Event *event, enum om_act_subject subject, uint32_t member,
                       uint32_t speaker) {
  struct om_txn *txn;
  struct om_status st;
  struct om_hash before;
  sim_must(s, om_txn_read(&txn, om_ledger_store(s->nodes[0].ledger), &st), &st, "reading");
  if (om_registry_last_act(txn, &before, subject, member, OM_REGISTRY_NOW, &st) == OM_OK)
    event->previous = (ProtobufCBinaryData){OM_HASH_BYTES, before.bytes};
  om_txn_abort(txn);
  say_to_registry(s, event, speaker);
}

void sim_say_act(struct sim *s, Oremark__Event *event, enum om_act_subject subject, uint32_t member) {
  say_act_by(s, event, subject, member, 0);
}

static struct om_hash say_site(struct sim *s, uint32_t member, uint32_t site, const struct om_hash *before) {
  char name[] = "yard", country[] = "PE";
  Oremark__AddSite act = OREMARK__ADD_SITE__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT, *events[] = {&event};
  uint8_t number[OM_LOT_NUMBER_BYTES];
  struct om_hash id;
  size_t len;
  act.site = site;
  act.name = name;
  act.country = country;
  act.kind = site == 1 ? OREMARK__SITE_KIND__SITE_KIND_MINE : OREMARK__SITE_KIND__SITE_KIND_PLANT;
  event.kind_case = OREMARK__EVENT__KIND_ADD_SITE;
  event.add_site = &act;
  if (before != NULL) event.previous = (ProtobufCBinaryData){OM_HASH_BYTES, (uint8_t *)(uintptr_t)before->bytes};
  uint8_t *bytes = network_statement(&s->net, &len, member, sim_wall(&s->nodes[0]), events, 1, &member, 1);
  network_lot(&s->net, number, &id, bytes, len, 0, 0);
  sim_node_submit(&s->nodes[0], bytes, len);
  return id;
}

void sim_story_sites(struct sim *s, uint32_t member) {
  struct om_hash first = say_site(s, member, 1, NULL);
  say_site(s, member, 2, &first);
}

void sim_story_begin(struct sim *s) {
  for (uint32_t member = 1; member <= s->n; member++)
    if (member < s->n || s->join_step == 0) sim_story_sites(s, member);
  sim_attest_begin(s);
}

/* ---- one member's next word ---- */

static int64_t copper_in(const struct om_lot *lot) {
  for (size_t i = 0; i < lot->n_contents; i++)
    if (lot->contents[i].element == CU) return lot->contents[i].contained_mg;
  return 0;
}

Oremark__LotRef *sim_ref_of(struct sim *s, const struct om_lot *lot) {
  Oremark__LotRef *ref = at_place(&s->tale, 0, 0);
  ref->number =
      (ProtobufCBinaryData){OM_LOT_NUMBER_BYTES, om_arena_copy(&s->tale.arena, lot->number, OM_LOT_NUMBER_BYTES)};
  ref->last_event =
      (ProtobufCBinaryData){OM_HASH_BYTES, om_arena_copy(&s->tale.arena, lot->last_event.bytes, OM_HASH_BYTES)};
  return ref;
}

static Oremark__Event *new_lots(struct sim *s) {
  Oremark__Material *lots[4] = {NULL};
  size_t n = 1 + sim_below(s, 3);
  uint64_t most = sim_one_in(s, 2) ? 50000000000 : 1000000;
  for (size_t i = 0; i < n; i++) {
    uint64_t mg = 100 + sim_below(s, most);
    lots[i] = copper(&s->tale, 4 * mg, mg);
  }
  return extract(&s->tale, 1, lots);
}

/* A home that has just forked gives each face something of its own to show. */
static void say_two_things(struct sim *s) {
  struct sim_node *faces[2] = {&s->nodes[s->n], &s->nodes[s->nodes[s->n].daemon]};
  for (int i = 0; i < 2; i++) {
    size_t len;
    if (waits(s, faces[i]) || s->step >= s->fork_step + FORK_STEPS + (faces[i]->stale ? STALE_STEPS : 0)) continue;
    uint8_t *bytes = word(s, &len, faces[i]->daemon + 1, new_lots(s), 0);
    sim_documents_put(faces[i]);
    sim_node_submit(faces[i], bytes, len);
  }
}

static Oremark__Event *part(struct sim *s, const struct om_lot *lot) {
  int64_t cu = copper_in(lot), first = 1 + (int64_t)sim_below(s, (uint64_t)cu);
  if (lot->gross_mg <= cu) return NULL;
  int64_t gross = first + (int64_t)sim_below(s, (uint64_t)(lot->gross_mg - cu));
  if (first >= cu || gross >= lot->gross_mg) return NULL;
  return split(&s->tale, sim_ref_of(s, lot),
               MATERIALS(copper(&s->tale, (uint64_t)gross, (uint64_t)first),
                         copper(&s->tale, (uint64_t)(lot->gross_mg - gross), (uint64_t)(cu - first))));
}

/* With what the scales say: a little less or, below the tolerance, more. */
static Oremark__Event *work(struct sim *s, const struct om_lot *lot) {
  int64_t cu = copper_in(lot);
  int64_t out = sim_one_in(s, 2) ? cu + sim_policy_gain(s, cu) : cu - (int64_t)sim_below(s, (uint64_t)cu / 20 + 1);
  Oremark__Event *e = transform(&s->tale, OREMARK__PROCESS__PROCESS_SMELT, LOTS(sim_ref_of(s, lot)),
                                MATERIALS(copper(&s->tale, (uint64_t)(out + 1), (uint64_t)out)), NULL);
  e->transform->site = 2;
  return e;
}

static uint32_t another(struct sim *s, uint32_t member) {
  uint32_t other = 1 + (uint32_t)sim_below(s, s->n - 1);
  return other >= member ? other + 1 : other;
}

/* Into a reserve, from which it comes with one or both signatures. */
static Oremark__Event *put_on_hold(struct sim *s, uint32_t member, const struct om_lot *lot) {
  uint32_t other = another(s, member), first = other < member ? other : member;
  uint32_t releasers[] = {first, first == member ? other : member, 0};
  return hold(&s->tale, OREMARK__HOLD_REASON__HOLD_REASON_STRATEGIC_RESERVE, 1 + (uint32_t)sim_below(s, 2), releasers,
              LOTS(sim_ref_of(s, lot)));
}

/* With other weights, agreed: a little less, or now and then more. */
static Oremark__Event *agree(struct sim *s, const struct om_lot *lot) {
  int64_t cu = copper_in(lot), now = cu - (int64_t)sim_below(s, (uint64_t)cu / 50 + 1);
  Oremark__Event *e = settle(&s->tale, lot->consignor, sim_ref_of(s, lot));
  if (sim_one_in(s, 4)) now = cu + cu / 100;
  if (now <= lot->gross_mg) agreed(&s->tale, e, 0, METALS({CU, (uint64_t)now}));
  return e;
}

static Oremark__Event *sell(struct sim *s, const struct om_lot *lot) {
  return transfer_title(&s->tale, lot->owner, another(s, lot->owner), LOTS(sim_ref_of(s, lot)));
}

/* Who has to sign besides the keeper: of three who must, as can be after some trades, one is forgotten. */
static uint32_t asked(const struct om_lot *lot, uint32_t member, const Oremark__Event *event) {
  if (event->kind_case == OREMARK__EVENT__KIND_SETTLE) return lot->consignor;
  if (event->kind_case == OREMARK__EVENT__KIND_TRANSFER_TITLE)
    return lot->owner != member ? lot->owner : event->transfer_title->to;
  if (event->kind_case == OREMARK__EVENT__KIND_RELEASE)
    return lot->hold.releasers[0] == member ? lot->hold.releasers[1] : lot->hold.releasers[0];
  bool needs_owner = event->kind_case == OREMARK__EVENT__KIND_TRANSFORM ||
                     event->kind_case == OREMARK__EVENT__KIND_RETIRE || event->kind_case == OREMARK__EVENT__KIND_SHIP ||
                     event->kind_case == OREMARK__EVENT__KIND_HOLD;
  return needs_owner ? lot->owner : 0;
}

static Oremark__Event *next_event(struct sim *s, uint32_t member, const struct om_lot *lot) {
  if (lot->state == OM_LOT_IN_TRANSIT && lot->pen == member) {
    if (sim_one_in(s, 6)) return reject(&s->tale, LOTS(sim_ref_of(s, lot)));
    return receive(&s->tale, 1, LOTS(sim_ref_of(s, lot)));
  }
  if (lot->hold.reason != 0 && !sim_one_in(s, 4)) return release(&s->tale, LOTS(sim_ref_of(s, lot)));
  if (lot->consignor != 0 && !lot->settled && sim_one_in(s, 3)) return agree(s, lot);
  if (sim_one_in(s, 8)) return put_on_hold(s, member, lot);
  if (sim_one_in(s, 8)) return sell(s, lot);
  if (sim_policy_works(s)) return work(s, lot);
  switch (sim_below(s, 8)) {
    case 0: return part(s, lot);
    case 1: return work(s, lot);
    case 2: return sim_one_in(s, 3) ? retire(&s->tale, LOTS(sim_ref_of(s, lot))) : NULL;
    default: return ship(&s->tale, another(s, member), !sim_one_in(s, 3), LOTS(sim_ref_of(s, lot)));
  }
}

/* Somebody lets another do without asking each time, or no more. */
static void say_mandate(struct sim *s, uint32_t owner) {
  Oremark__GiveMandate give = OREMARK__GIVE_MANDATE__INIT;
  Oremark__EndMandate end = OREMARK__END_MANDATE__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  give.agent = end.agent = another(s, owner);
  give.ship = !sim_one_in(s, 4);
  give.consume = !give.ship || !sim_one_in(s, 4);
  bool ends = sim_one_in(s, 6);
  event.kind_case = ends ? OREMARK__EVENT__KIND_END_MANDATE : OREMARK__EVENT__KIND_GIVE_MANDATE;
  if (ends)
    event.end_mandate = &end;
  else
    event.give_mandate = &give;
  if (sim_registry_works(s)) say_act_by(s, &event, OM_SUBJECT_MANDATES, owner, owner);
}

/* As MEMBER's daemon knows it. */
bool sim_look(struct sim *s, struct om_lot *out, uint32_t member, const uint8_t number[OM_LOT_NUMBER_BYTES]) {
  struct om_status st;
  struct om_txn *txn;
  const struct sim_node *home = &s->nodes[s->home[member]];
  if (sim_forked(s) && home->two_faced && sim_one_in(s, 2)) home = &s->nodes[s->n];
  if (!home->up) return false;
  sim_must(s, om_txn_read(&txn, om_ledger_store(home->ledger), &st), &st, "reading");
  enum om_code code = om_lot_get(txn, &s->tale.arena, out, number, &st);
  om_txn_abort(txn);
  return code == OM_OK;
}

static void say_next(struct sim *s, uint32_t member) {
  struct om_lot lot;
  for (int tries = 0; tries < 8; tries++) {
    size_t back = sim_below(s, sim_one_in(s, 2) ? s->n_lots : 1 + s->n_lots / 4);
    if (!sim_look(s, &lot, member, s->lots[s->n_lots - 1 - back]) || copper_in(&lot) < 100) continue;
    bool may = lot.pen == member && (lot.state == OM_LOT_HELD || lot.state == OM_LOT_IN_TRANSIT);
    if (!may && !sim_one_in(s, 12)) continue;
    for (int times = sim_one_in(s, 8) ? 2 : 1; times > 0; times--) { /* twice: the second is refused */
      Oremark__Event *event = next_event(s, member, &lot);
      bool forgets = sim_one_in(s, lot.owner != member ? 2 : 6); /* there may be a mandate */
      if (event != NULL) say(s, member, event, forgets ? 0 : asked(&lot, member, event));
    }
    return;
  }
}

/* Whoever was given a lot takes it in, if it is still where it was then. */
static void say_given(struct sim *s) {
  struct om_lot lot;
  const struct sim_grant *grant = &s->grants[sim_below(s, s->n_grants)];
  om_arena_free(&s->tale.arena);
  s->tale.taken_ms = sim_wall(&s->nodes[grant->to - 1]);
  if (sim_look(s, &lot, grant->to, grant->lot) && om_hash_equal(&lot.last_event, &grant->at))
    say(s, grant->to, receive(&s->tale, 1, LOTS(sim_ref_of(s, &lot))), 0);
}

void sim_story_step(struct sim *s) {
  if (s->n_lots + 16 > SIM_LOTS) return;
  sim_attest_step(s);
  if (sim_forked(s)) say_two_things(s);
  if (s->n_grants > 0 && sim_one_in(s, 6)) say_given(s);
  if (sim_one_in(s, 5)) say_mandate(s, 1 + (uint32_t)sim_below(s, s->n));
  for (size_t i = 1 + sim_below(s, 2); i > 0; i--) {
    uint32_t member = 1 + (uint32_t)sim_below(s, s->n);
    om_arena_free(&s->tale.arena);
    s->tale.taken_ms = sim_wall(&s->nodes[member - 1]);
    if (s->n_lots == 0 || sim_one_in(s, 5))
      say(s, member, new_lots(s), 0);
    else
      say_next(s, member);
  }
}
