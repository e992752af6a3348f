/* Holds that the governors overrule, under seeds, while members go on with what they do with the same lots. The act
 * names a hold that is final; whoever has the lot by then tries to release it alone, before the act is known in its log
 * and after, and now and then to send it on as it stands, or as soon as it is released. The model knows which holds are
 * overruled as of the mark that a record stands behind: sooner nothing leaves a hold without its releasers, and no
 * sooner than it was released is it sent anywhere. Its choices are drawn apart, so that the other seeds stay as they
 * are. */
#include <stdio.h>
#include <string.h>

#include "sim/sim.h"
#include "support/seed.h"

enum {
  OVERRULES_EACH = 3, /* seeds */
  HOLD_ONE_IN = 5,    /* steps */
  ACT_ONE_IN = 10,
  AGAIN_ONE_IN = 6, /* acts: of what is overruled already */
  RELEASE_ONE_IN = 3,
  EARLY_ONE_IN = 3, /* releases: before it is overruled */
  QUIET_STEPS = 10,
};

static char reason[] = "under a seed";

static uint64_t below(struct sim *s, uint64_t limit) {
  return test_below(&s->overruled.random, limit);
}

void sim_overrule_begin(struct sim *s) {
  s->overruled.random = s->seed * 0xD6E8FEB86659FD93u + 11;
  s->overruled.on = s->seed % OVERRULES_EACH == 1;
}

static bool same(const struct sim_event_name *a, const struct sim_event_name *b) {
  return a->member == b->member && a->event == b->event && a->signed_ms == b->signed_ms &&
         om_hash_equal(&a->statement, &b->statement);
}

static bool overruled_at(const struct sim *s, uint64_t registry_size, const struct sim_lot *lot) {
  for (size_t i = 0; i < s->overruled.n; i++)
    if (s->overruled.of[i].since < registry_size && same(&s->overruled.of[i].hold, &lot->held_by)) return true;
  return false;
}

/* A lot that is on hold, by what is final, one that is OVERRULED or one that is not; NULL: none is. */
static const struct sim_lot *choose(struct sim *s, bool overruled) {
  const struct sim_lot *found = NULL;
  size_t n = 0;
  for (size_t i = 0; i < s->n_model; i++) {
    const struct sim_lot *lot = &s->model[i];
    if (lot->threshold == 0 || lot->gone || overruled_at(s, UINT64_MAX, lot) != overruled) continue;
    if (below(s, ++n) == 0) found = lot;
  }
  return found;
}

static Oremark__LotRef *ref_of(struct sim *s, const struct sim_lot *lot, const struct om_hash *last) {
  Oremark__LotRef *ref = at_place(&s->tale, 0, 0);
  ref->number =
      (ProtobufCBinaryData){OM_LOT_NUMBER_BYTES, om_arena_copy(&s->tale.arena, lot->number, OM_LOT_NUMBER_BYTES)};
  ref->last_event = (ProtobufCBinaryData){OM_HASH_BYTES, om_arena_copy(&s->tale.arena, last->bytes, OM_HASH_BYTES)};
  return ref;
}

/* By its keeper alone; what there is to release it with comes with the rest of the story. */
static void hold_some(struct sim *s) {
  struct om_lot lot;
  uint32_t member = 1 + (uint32_t)below(s, s->n), other = 1 + (uint32_t)below(s, s->n);
  uint32_t releasers[] = {member < other ? member : other, member < other ? other : member, 0};
  if (s->n_lots == 0 || member == other) return;
  s->tale.taken_ms = sim_wall(&s->nodes[member - 1]);
  for (int tries = 0; tries < 8; tries++) {
    if (!sim_look(s, &lot, member, s->lots[below(s, s->n_lots)]) || lot.pen != member || lot.owner != member) continue;
    if (lot.state != OM_LOT_HELD || lot.hold.reason != 0) continue;
    sim_say(s, member,
            hold(&s->tale, OREMARK__HOLD_REASON__HOLD_REASON_QUARANTINE, 2, releasers, LOTS(sim_ref_of(s, &lot))), NULL,
            NULL);
    return;
  }
}

static void overrule(struct sim *s) {
  Oremark__EventRef held = OREMARK__EVENT_REF__INIT;
  Oremark__Overrule act = OREMARK__OVERRULE__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  const struct sim_lot *lot = choose(s, below(s, AGAIN_ONE_IN) == 0);
  if (lot == NULL || !sim_registry_works(s)) return;
  struct om_hash statement = lot->held_by.statement;
  held.member = lot->held_by.member;
  held.signed_ms = lot->held_by.signed_ms;
  held.event = lot->held_by.event;
  held.statement_id = (ProtobufCBinaryData){OM_HASH_BYTES, statement.bytes};
  act.hold = &held;
  act.reason = reason;
  event.kind_case = OREMARK__EVENT__KIND_OVERRULE;
  event.overrule = &act;
  sim_say_first_act(s, &event);
  if (s->verbose) printf("  %llu: a hold of member %u is overruled\n", (unsigned long long)s->step, held.member);
}

/* Without the releasers: refused until it is overruled, and that is known in the keeper's log. */
static void release_some(struct sim *s) {
  const struct sim_lot *lot = choose(s, below(s, EARLY_ONE_IN) != 0);
  if (lot == NULL) return;
  uint32_t member = lot->pen, other = 2 + (uint32_t)below(s, s->n - 1); /* the first one's log takes no receipts */
  s->tale.taken_ms = sim_wall(&s->nodes[member - 1]);
  if (other != member) sim_say(s, member, ship(&s->tale, other, false, LOTS(ref_of(s, lot, &lot->last))), NULL, NULL);
  sim_say(s, member, release(&s->tale, LOTS(ref_of(s, lot, &lot->last))), NULL, NULL);
}

void sim_overrule_step(struct sim *s) {
  if (!s->overruled.on || s->step < QUIET_STEPS || s->n_lots + 16 > SIM_LOTS) return;
  om_arena_free(&s->tale.arena);
  if (below(s, HOLD_ONE_IN) == 0) hold_some(s);
  if (below(s, ACT_ONE_IN) == 0) overrule(s);
  if (below(s, RELEASE_ONE_IN) == 0) release_some(s);
}

/* ---- the model: by what is final ---- */

bool sim_overruled(const struct sim *s, uint32_t log, const struct sim_lot *lot) {
  return overruled_at(s, s->canon[log].registry_size, lot);
}

void sim_overrule_model(struct sim *s, uint64_t index, const Oremark__Event *event) {
  if (event->kind_case != OREMARK__EVENT__KIND_OVERRULE || event->overrule->hold == NULL) return;
  if (s->overruled.n == SIM_OVERRULED) sim_violation(s, "the model has no room for overruled holds: run fewer steps");
  const Oremark__EventRef *held = event->overrule->hold;
  struct sim_overruled *o = &s->overruled.of[s->overruled.n++];
  *o = (struct sim_overruled){index, {held->member, held->event, held->signed_ms, {{0}}}};
  memcpy(o->hold.statement.bytes, held->statement_id.data, OM_HASH_BYTES);
}

void sim_overrule_restated(struct sim *s) {
  s->overruled.n = 0;
}
