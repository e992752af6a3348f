/* What members attest while lots are on their way: assays, estimates, certificates for a quantity, which their holders
 * draw down and their authors withdraw. In a third of the seeds; from a random stream of its own, so that the other
 * seeds go on as they were. What is refused, because a mark is missing or a certificate is used up, is not said again.
 */
#include <string.h>

#include "sim/sim.h"
#include "support/attest.h"
#include "support/seed.h"

enum { ATTESTS_EACH = 3, ROLES = 4 };

static uint64_t below(struct sim *s, uint64_t limit) {
  return test_below(&s->attest_random, limit);
}

void sim_attest_begin(struct sim *s) {
  static char name[] = "Copper Mark";
  uint32_t certifiers[SIM_LOGS];
  Oremark__RecogniseScheme act = OREMARK__RECOGNISE_SCHEME__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  s->attest_random = s->seed * UINT64_C(0x9E3779B97F4A7C15);
  s->attests = s->seed % ATTESTS_EACH == 2;
  if (!s->attests) return;
  act.n_certifiers = s->n - (s->join_step != 0 ? 1 : 0);
  for (uint32_t i = 0; i < act.n_certifiers; i++) certifiers[i] = i + 1;
  act.certifiers = certifiers;
  act.scheme = name;
  event.kind_case = OREMARK__EVENT__KIND_RECOGNISE_SCHEME;
  event.recognise_scheme = &act;
  sim_say_first_act(s, &event);
}

static Oremark__EventRef *ref_of(struct sim *s, const struct sim_certificate *c) {
  Oremark__EventRef *ref = (Oremark__EventRef *)om_arena_copy(
      &s->tale.arena, &(const Oremark__EventRef)OREMARK__EVENT_REF__INIT, sizeof(Oremark__EventRef));
  ref->member = c->author;
  ref->signed_ms = c->signed_ms;
  ref->statement_id = (ProtobufCBinaryData){OM_HASH_BYTES, om_arena_copy(&s->tale.arena, c->id.bytes, OM_HASH_BYTES)};
  return ref;
}

static void certify_some(struct sim *s, uint32_t member) {
  if (s->n_certificates == SIM_CERTIFICATES) return;
  struct sim_certificate *c = &s->certificates[s->n_certificates++];
  *c = (struct sim_certificate){
      .author = member, .holder = 1 + (uint32_t)below(s, s->n), .quantity_mg = 1 + (int64_t)below(s, 1000000)};
  int64_t now = s->tale.taken_ms;
  sim_say(s, member,
          certify(&s->tale, about_member(&s->tale, c->holder), now, now + 1 + (int64_t)below(s, 100000),
                  (uint64_t)c->quantity_mg),
          &c->id, &c->signed_ms);
}

/* Mostly by its holder and for no more than is left, by what it has said itself. */
static void claim_some(struct sim *s) {
  struct om_lot lot;
  if (s->n_certificates == 0) return;
  struct sim_certificate *c = &s->certificates[below(s, s->n_certificates)];
  uint32_t member = below(s, 10) ? c->holder : 1 + (uint32_t)below(s, s->n);
  s->tale.taken_ms = sim_wall(&s->nodes[member - 1]);
  for (int tries = 0; tries < 12 && s->n_lots > 0; tries++) {
    if (!sim_look(s, &lot, member, s->lots[below(s, s->n_lots)]) || lot.pen != member || lot.state != OM_LOT_HELD)
      continue;
    int64_t mg = 1 + (int64_t)below(s, (uint64_t)c->quantity_mg);
    sim_say(s, member, claim(&s->tale, ref_of(s, c), sim_ref_of(s, &lot), (uint64_t)mg), NULL, NULL);
    return;
  }
}

static void assay_some(struct sim *s, uint32_t member) {
  struct lot_name name;
  if (s->n_lots == 0) return;
  memcpy(name.number, s->lots[below(s, s->n_lots)], sizeof name.number);
  sim_say(s, member,
          assay(&s->tale, about_lot(&s->tale, name), (Oremark__AssayRole)below(s, ROLES), 1 + below(s, 9999), 50), NULL,
          NULL);
}

void sim_attest_step(struct sim *s) {
  if (!s->attests || s->step < 10 || below(s, 3)) return;
  uint32_t member = 1 + (uint32_t)below(s, s->n);
  om_arena_free(&s->tale.arena);
  s->tale.taken_ms = sim_wall(&s->nodes[member - 1]);
  switch (below(s, 8)) {
    case 0: assay_some(s, member); break;
    case 1:
      sim_say(s, member,
              estimate(&s->tale, 1 + (uint32_t)below(s, s->n), 1, OREMARK__ESTIMATE_KIND__ESTIMATE_KIND_YEARLY_CAPACITY,
                       1 + below(s, INT32_MAX), 1),
              NULL, NULL);
      break;
    case 2:
    case 3: certify_some(s, member); break;
    case 4:
      if (s->n_certificates > 0) {
        const struct sim_certificate *c = &s->certificates[below(s, s->n_certificates)];
        sim_say(s, below(s, 6) ? c->author : member, withdraw(&s->tale, ref_of(s, c)), NULL, NULL);
      }
      break;
    default: claim_some(s); break;
  }
}

/* ---- the model: by what is final ---- */

static struct sim_certificate *find(struct sim *s, const Oremark__EventRef *ref) {
  for (size_t i = 0; i < s->n_certificates; i++)
    if (memcmp(s->certificates[i].id.bytes, ref->statement_id.data, OM_HASH_BYTES) == 0) return &s->certificates[i];
  return NULL;
}

bool sim_attest_known(struct sim *s, const Oremark__Event *event) {
  if (event->kind_case != OREMARK__EVENT__KIND_CLAIM) return true;
  const struct sim_certificate *c = find(s, event->claim->certificate);
  return c != NULL && c->final;
}

void sim_attest_model(struct sim *s, uint32_t member, const struct om_hash *statement_id, const Oremark__Event *event) {
  if (event->kind_case == OREMARK__EVENT__KIND_CERTIFY)
    for (size_t i = 0; i < s->n_certificates; i++)
      if (om_hash_equal(&s->certificates[i].id, statement_id)) s->certificates[i].final = true;
  if (event->kind_case != OREMARK__EVENT__KIND_CLAIM) return;
  struct sim_certificate *c = find(s, event->claim->certificate);
  for (size_t i = 0; i < event->claim->n_lots; i++) c->drawn_mg += (int64_t)event->claim->lots[i]->quantity_mg;
  if (member != c->holder) sim_violation(s, "member %u draws from a certificate of member %u", member, c->holder);
  if (c->drawn_mg > c->quantity_mg)
    sim_violation(s, "%lld mg are drawn from a certificate for %lld", (long long)c->drawn_mg,
                  (long long)c->quantity_mg);
  s->claims++;
}

void sim_attest_restated(struct sim *s) {
  for (size_t i = 0; i < s->n_certificates; i++) s->certificates[i].final = false, s->certificates[i].drawn_mg = 0;
}
