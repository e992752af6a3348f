/* The model follows lots through the records that are final, in the order in which they became so, and knows custody,
 * title and holds by its own few lines. */
#include <stdlib.h>
#include <string.h>

#include "ledger/step.h"
#include "sim/sim.h"

enum { COPPER = 29 };

struct said {
  struct sim *s;
  uint32_t log;
  uint64_t index;
  const Oremark__Statement *statement;
  const Oremark__SignedStatement *with_signatures;
  struct om_hash id;
  uint16_t at; /* the event */
};

static struct sim_lot *find(struct sim *s, const uint8_t number[OM_LOT_NUMBER_BYTES]) {
  for (size_t i = s->n_model; i-- > 0;)
    if (memcmp(s->model[i].number, number, OM_LOT_NUMBER_BYTES) == 0) return &s->model[i];
  return NULL;
}

static int64_t copper_of(const Oremark__Material *m) {
  int64_t sum = 0;
  for (size_t i = 0; i < m->n_metals; i++)
    if (m->metals[i]->element == COPPER) sum += (int64_t)m->metals[i]->contained_mg;
  return sum;
}

static int64_t born(const struct said *said, const Oremark__Event *event, uint16_t at, const struct om_hash *event_id,
                    uint32_t owner) {
  struct sim *s = said->s;
  size_t n, skip;
  int64_t sum = 0;
  Oremark__Material *const *materials = om_event_materials(event, &n, &skip);
  for (size_t i = 0; i < n; i++) {
    if (s->n_model == SIM_LOTS) sim_violation(s, "the model has no room: run fewer steps");
    struct sim_lot *lot = &s->model[s->n_model];
    *lot = (struct sim_lot){
        .last = *event_id, .pen = said->statement->member, .owner = owner, .copper_mg = copper_of(materials[i])};
    om_lot_number_make(lot->number, said->statement->member, (uint64_t)said->statement->signed_ms, &said->id, at,
                       (uint16_t)(skip + i));
    if (find(s, lot->number) != NULL) sim_violation(s, "log %u makes a lot twice", said->log);
    s->n_model++;
    sum += lot->copper_mg;
  }
  return sum;
}

static bool seen(const struct sim *s, const uint8_t event_id[OM_HASH_BYTES]) {
  for (size_t i = s->n_seen; i-- > 0;)
    if (memcmp(s->seen[i].bytes, event_id, OM_HASH_BYTES) == 0) return true;
  return false;
}

static void see(struct sim *s, const struct om_hash *event_id) {
  if (s->n_seen == s->cap_seen) {
    s->cap_seen = s->cap_seen == 0 ? SIM_LOTS : 2 * s->cap_seen;
    s->seen = realloc(s->seen, s->cap_seen * sizeof *s->seen);
    OM_ASSERT(s->seen != NULL);
  }
  s->seen[s->n_seen++] = *event_id;
}

/* False: the record before it is not final anywhere yet, as far as has been seen. */
static bool known(struct sim *s, const Oremark__Event *event) {
  const Oremark__LotRef *refs[OM_EVENT_REFS_MAX];
  size_t n = om_event_refs(refs, event);
  for (size_t i = 0; i < n; i++)
    if (refs[i]->number.len == OM_LOT_NUMBER_BYTES && !seen(s, refs[i]->last_event.data)) return false;
  return sim_attest_known(s, event);
}

/* Whether the governors have given the lot, as it stands, to the member, as of the log's mark of the registry. */
static bool given(const struct said *said, const struct sim_lot *lot) {
  const struct sim *s = said->s;
  for (size_t i = 0; i < s->n_grants; i++)
    if (s->grants[i].to == said->statement->member && s->grants[i].since < s->canon[said->log].registry_size &&
        om_hash_equal(&s->grants[i].at, &lot->last) && memcmp(s->grants[i].lot, lot->number, OM_LOT_NUMBER_BYTES) == 0)
      return true;
  return false;
}

/* One place: each record follows the lot's last one, and is by who has the pen. */
static struct sim_lot *follow(const struct said *said, const Oremark__LotRef *ref) {
  struct sim_lot *lot = find(said->s, ref->number.data);
  const char *wrong = lot->gone                                                  ? "is gone"
                      : lot->pen != said->statement->member && !given(said, lot) ? "is in other hands"
                                                                                 : NULL;
  if (memcmp(lot->last.bytes, ref->last_event.data, OM_HASH_BYTES) != 0) wrong = "went on from there already";
  if (wrong != NULL)
    sim_violation(said->s, "entry %llu of log %u, by member %u, moves a lot that %s: two places",
                  (unsigned long long)said->index, said->log, said->statement->member, wrong);
  return lot;
}

static bool signed_by(const struct said *said, uint32_t member) {
  for (size_t i = 0; i < said->with_signatures->n_signatures; i++)
    if (said->with_signatures->signatures[i]->member == member) return true;
  return false;
}

/* As of the registry that the log had marked. A revocation undoes what the key did, also an end: then any that was ever
 * given may stand. */
static bool has_mandate(const struct said *said, uint32_t owner, uint32_t scope) {
  const struct sim *s = said->s;
  uint32_t given = 0;
  for (size_t i = 0; i < s->n_mandates; i++) {
    const struct sim_mandate *m = &s->mandates[i];
    if (m->owner == owner && m->agent == said->statement->member && m->since < s->canon[said->log].registry_size)
      given = s->undone[owner] ? given | m->scope : m->scope;
  }
  return (given & scope) != 0;
}

/* SCOPE: of a mandate that stands for the signature; 0: none does. */
static void unsigned_by(const struct said *said, uint32_t member, uint32_t scope, const char *what) {
  if (signed_by(said, member)) return;
  if (has_mandate(said, member, scope)) {
    said->s->by_mandate++;
    return;
  }
  sim_violation(said->s, "entry %llu of log %u, by member %u, %s without the signature of member %u",
                (unsigned long long)said->index, said->log, said->statement->member, what, member);
}

/* Whose it is, and who has agreed. */
static void check_owner(const struct said *said, const Oremark__Event *event, struct sim_lot *lot) {
  switch ((int)event->kind_case) {
    case OREMARK__EVENT__KIND_TRANSFORM:
    case OREMARK__EVENT__KIND_RETIRE: unsigned_by(said, lot->owner, OM_MANDATE_CONSUME, "uses up a lot"); break;
    case OREMARK__EVENT__KIND_HOLD: unsigned_by(said, lot->owner, 0, "puts a lot on hold"); break;
    case OREMARK__EVENT__KIND_SHIP:
      if (event->ship->with_title) unsigned_by(said, lot->owner, 0, "sends a lot away with its title");
      if (lot->owner != event->ship->consignee)
        unsigned_by(said, lot->owner, OM_MANDATE_SHIP, "sends a lot to a third party");
      lot->next_owner = event->ship->with_title ? event->ship->consignee : 0;
      break;
    case OREMARK__EVENT__KIND_RECEIVE:
      if (lot->next_owner != 0 && !given(said, lot)) lot->owner = lot->next_owner;
      lot->next_owner = 0;
      break;
    case OREMARK__EVENT__KIND_REJECT: lot->next_owner = 0; break;
    case OREMARK__EVENT__KIND_TRANSFER_TITLE:
      if (lot->owner != event->transfer_title->from)
        sim_violation(said->s, "entry %llu of log %u: a title that is another's", (unsigned long long)said->index,
                      said->log);
      unsigned_by(said, event->transfer_title->from, 0, "takes a title");
      unsigned_by(said, event->transfer_title->to, 0, "gives a title");
      lot->owner = event->transfer_title->to;
      break;
    default: break;
  }
}

/* What is on hold leaves by its release alone, and that has been signed; a reassignment moves the hold with the lot. */
static void check_hold(const struct said *said, const Oremark__Event *event, struct sim_lot *lot) {
  bool releases = event->kind_case == OREMARK__EVENT__KIND_RELEASE;
  uint32_t n = 0;
  if (event->kind_case == OREMARK__EVENT__KIND_RECEIVE || event->kind_case == OREMARK__EVENT__KIND_REJECT ||
      event->kind_case == OREMARK__EVENT__KIND_CLAIM)
    return;
  if (releases != (lot->threshold != 0) && event->kind_case != OREMARK__EVENT__KIND_TRANSFER_TITLE)
    sim_violation(said->s, "entry %llu of log %u: a lot that is %s", (unsigned long long)said->index, said->log,
                  releases ? "released, and was not on hold" : "moved while it was on hold");
  if (event->kind_case == OREMARK__EVENT__KIND_HOLD) {
    lot->threshold = event->hold->threshold;
    for (size_t i = 0; i < event->hold->n_releasers && i < 2; i++) lot->releasers[i] = event->hold->releasers[i];
    lot->held_by = (struct sim_event_name){said->statement->member, said->at, said->statement->signed_ms, said->id};
    return;
  }
  for (size_t i = 0; i < 2; i++) n += lot->releasers[i] != 0 && signed_by(said, lot->releasers[i]);
  bool overruled = n < lot->threshold && sim_overruled(said->s, said->log, lot);
  if (n < lot->threshold && !overruled)
    sim_violation(said->s, "entry %llu of log %u: %u of the %u signatures that a lot on hold takes",
                  (unsigned long long)said->index, said->log, n, lot->threshold);
  if (!releases) return;
  lot->threshold = lot->releasers[0] = lot->releasers[1] = 0;
  if (overruled)
    said->s->overruled.released++;
  else
    said->s->released++;
}

/* What two have agreed on: *LOT's new weight. */
static void check_settled(const struct said *said, const Oremark__Event *event, struct sim_lot *lot) {
  const Oremark__Settle *settled = event->settle;
  if (lot->had_from != settled->consignor)
    sim_violation(said->s, "entry %llu of log %u: settled with who did not send it, or twice",
                  (unsigned long long)said->index, said->log);
  unsigned_by(said, settled->consignor, 0, "settles");
  lot->had_from = 0;
  for (size_t i = 0; i < settled->lots[0]->n_metals; i++)
    if (settled->lots[0]->metals[i]->element == COPPER) lot->copper_mg = (int64_t)settled->lots[0]->metals[i]->mass_mg;
}

static bool stays(const Oremark__Event *event) {
  return event->kind_case == OREMARK__EVENT__KIND_HOLD || event->kind_case == OREMARK__EVENT__KIND_RELEASE ||
         event->kind_case == OREMARK__EVENT__KIND_TRANSFER_TITLE || event->kind_case == OREMARK__EVENT__KIND_SETTLE ||
         event->kind_case == OREMARK__EVENT__KIND_CLAIM;
}

static void move(const struct said *said, const Oremark__Event *event, struct sim_lot *lot) {
  uint32_t member = said->statement->member;
  bool arrives = event->kind_case == OREMARK__EVENT__KIND_RECEIVE || event->kind_case == OREMARK__EVENT__KIND_REJECT;
  if (event->kind_case == OREMARK__EVENT__KIND_TRANSFER_TITLE && lot->consignor != 0) return;
  if (event->kind_case == OREMARK__EVENT__KIND_TRANSFER_TITLE &&
      given(said, lot)) { /* on its way, to who was given it */
    lot->consignor = lot->pen;
    lot->pen = member;
    return;
  }
  if (event->kind_case == OREMARK__EVENT__KIND_RECEIVE && given(said, lot)) {
    uint32_t before = lot->consignor != 0 ? lot->consignor : lot->pen;
    lot->had_from = before == member ? 0 : before;
    lot->pen = member;
    lot->consignor = 0;
    said->s->taken_over++;
    return;
  }
  if (arrives != (lot->consignor != 0))
    sim_violation(said->s, "entry %llu of log %u: a lot that is %s", (unsigned long long)said->index, said->log,
                  arrives ? "received but was not sent" : "used on its way");
  if (event->kind_case == OREMARK__EVENT__KIND_SHIP) {
    lot->consignor = member;
    lot->pen = event->ship->consignee;
  } else if (event->kind_case == OREMARK__EVENT__KIND_RECEIVE) {
    lot->had_from = lot->consignor == member ? 0 : lot->consignor;
    lot->consignor = 0;
  } else if (event->kind_case == OREMARK__EVENT__KIND_REJECT) {
    lot->pen = lot->consignor;
    lot->consignor = 0;
  } else if (!stays(event)) {
    lot->gone = true;
  }
}

static void model_mandate(const struct said *said, uint32_t agent, uint32_t scope) {
  struct sim *s = said->s;
  if (s->n_mandates == SIM_MANDATES) sim_violation(s, "the model has no room for mandates: run fewer steps");
  s->mandates[s->n_mandates++] = (struct sim_mandate){said->statement->member, agent, scope, said->index};
}

static void model_act(const struct said *said, const Oremark__Event *event) {
  struct sim *s = said->s;
  if (om_kind_of(event)->class == OM_KIND_GOVERNORS) sim_governors_model(s, &said->id, said->with_signatures, event);
  sim_policy_model(s, said->index, event);
  sim_overrule_model(s, said->index, event);
  const Oremark__GiveMandate *g = event->give_mandate;
  if (event->kind_case == OREMARK__EVENT__KIND_GIVE_MANDATE)
    model_mandate(said, g->agent, (g->ship ? OM_MANDATE_SHIP : 0) | (g->consume ? OM_MANDATE_CONSUME : 0));
  if (event->kind_case == OREMARK__EVENT__KIND_END_MANDATE) model_mandate(said, event->end_mandate->agent, 0);
  if (event->kind_case == OREMARK__EVENT__KIND_REVOKE_KEY) s->undone[event->revoke_key->member] = true;
  bool ends = event->kind_case == OREMARK__EVENT__KIND_RETIRE_LOG && event->retire_log->log != OM_LOG_REGISTRY;
  if (ends) s->ended_at = event->retire_log->size;
  if (event->kind_case == OREMARK__EVENT__KIND_REHOME) s->home[event->rehome->member] = event->rehome->home_log;
  if (event->kind_case != OREMARK__EVENT__KIND_REASSIGN) return;
  if (s->n_grants == SIM_GRANTS) sim_violation(s, "the model has no room for gifts: run fewer steps");
  struct sim_grant *grant = &s->grants[s->n_grants++];
  memcpy(grant->lot, event->reassign->lot.data, OM_LOT_NUMBER_BYTES);
  memcpy(grant->at.bytes, event->reassign->last_event.data, OM_HASH_BYTES);
  grant->to = event->reassign->to;
  grant->since = said->index;
}

static void model_event(const struct said *said) {
  uint16_t at = said->at;
  const Oremark__Event *event = said->statement->events[at];
  if (said->log == OM_LOG_REGISTRY) model_act(said, event);
  sim_documents_model(said->s, said->log, event);
  sim_attest_model(said->s, said->statement->member, &said->id, event);
  const Oremark__LotRef *refs[OM_EVENT_REFS_MAX];
  struct om_hash event_id;
  int64_t in = 0, left = 0;
  uint32_t owner = said->statement->member;
  size_t n = om_event_refs(refs, event);
  om_event_id(&event_id, &said->s->net.id, &said->id, at);
  for (size_t i = 0; i < n; i++) {
    struct sim_lot *lot = follow(said, refs[i]);
    in += lot->copper_mg;
    owner = lot->owner;
    check_hold(said, event, lot);
    check_owner(said, event, lot);
    if (event->kind_case == OREMARK__EVENT__KIND_SETTLE) check_settled(said, event, lot);
    move(said, event, lot);
    lot->last = event_id;
    left += stays(event) ? lot->copper_mg : 0;
  }
  see(said->s, &event_id);
  int64_t out = left + born(said, event, at, &event_id, owner);
  if (n > 0) sim_policy_gained(said->s, said->log, said->statement->member, event, in, out);
}

/* What the log leans on from here on; false: the model has not come so far yet. */
static bool model_mark(struct sim *s, uint32_t log, const Oremark__Mark *mark) {
  struct om_note note;
  struct om_checkpoint head = {.size = 0};
  struct om_status st = {0};
  if (mark->log == log) return true;
  sim_must(s, om_note_parse(&note, (const char *)mark->checkpoint.data, mark->checkpoint.len, &st), &st, "a mark");
  sim_must(s, om_checkpoint_parse(&head, NULL, note.text, note.text_len, &st), &st, "a mark");
  if (s->canon[mark->log].modelled < head.size) return false;
  if (mark->log == OM_LOG_REGISTRY) s->canon[log].registry_size = head.size;
  return true;
}

static bool model_entry(struct sim *s, uint32_t log, uint64_t index) {
  struct om_arena arena = {0};
  struct om_checked *checked;
  struct om_status st = {0};
  const struct om_bytes *entry = &s->canon[log].entries[index];
  bool all = true;
  sim_must(s, om_check_entry(&checked, &arena, &s->net.id, NULL, entry->data, entry->len, &st), &st, "a final entry");
  struct said said = {s, log, index, checked->statement, checked->signed_statement, checked->statement_id, 0};
  size_t n = checked->statement != NULL ? checked->statement->n_events : 0;
  for (size_t i = 0; i < n; i++) all = all && known(s, checked->statement->events[i]);
  if (n > 0 && all) sim_policy_valid(s, log, said.statement);
  for (; said.at < n && all; said.at++) model_event(&said);
  if (checked->entry->what_case == OREMARK__ENTRY__WHAT_MARK) all = model_mark(s, log, checked->entry->mark);
  om_arena_free(&arena);
  return all;
}

/* Takes in what has become final, logs in whatever order lets them: what leans on another log waits for it. Whoever
 * leans on what is not final anywhere leans on nothing. */
void sim_model(struct sim *s) {
  bool moved = true, left = false;
  while (moved) {
    moved = left = false;
    for (uint32_t log = 0; log < s->n; log++) {
      struct sim_canon *canon = &s->canon[log];
      while (canon->modelled < canon->edge->size && model_entry(s, log, canon->modelled)) {
        canon->modelled++;
        moved = true;
      }
      left |= canon->modelled < canon->edge->size;
    }
  }
  for (uint32_t log = 0; log < s->n && left; log++)
    if (s->canon[log].modelled < s->canon[log].edge->size)
      sim_violation(s, "entry %llu of log %u is final and leans on what is not",
                    (unsigned long long)s->canon[log].modelled, log);
}
