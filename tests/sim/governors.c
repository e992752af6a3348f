/* Who governs, under seeds: the governors and how many of them must sign change while other acts are under way. Each
 * act is signed by as many as the registry's daemon asks for, now and then by one too few or by somebody who is none,
 * and old acts are handed in again. The model follows who governed by what is final, and finds no act that they had not
 * signed, and none twice. Its choices are drawn apart, so that the other seeds stay as they are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"
#include "support/seed.h"

enum { GOVERNORS_ONE_IN = 3 /* seeds */, ACT_ONE_IN = 20 /* steps */, REPLAY_ONE_IN = 25, QUIET_STEPS = 10 };

static uint64_t below(struct sim *s, uint64_t limit) {
  return test_below(&s->governors.random, limit);
}

void sim_governors_begin(struct sim *s) {
  s->governors.random = s->seed * 0xA0761D6478BD642Fu + 5;
  s->governors.on = (below(s, GOVERNORS_ONE_IN) == 0 && s->scene == SIM_ANY) || s->scene == SIM_RESTART;
  sim_governors_restated(s);
}

void sim_governors_end(struct sim *s) {
  for (size_t i = 0; i < SIM_OLD_ACTS; i++) free(s->governors.old[i].bytes);
  free(s->governors.acts);
}

/* ---- signing ---- */

/* Of those that are known: one that the registry takes from MEMBER now; NULL: none. */
static const struct om_secret *standing(struct sim *s, struct om_txn *txn, uint32_t member) {
  for (size_t i = 0; i <= s->keys.n_made; i++) {
    const struct om_secret *key = i == 0 ? s->net.member_keys[member - 1] : s->keys.made[i - 1];
    struct om_member_key row;
    struct om_status st;
    uint32_t id = om_member_key_id(om_secret_public(key));
    if (om_registry_key_row(txn, &row, member, id, OM_REGISTRY_NOW, &st) == OM_OK && row.state == OM_KEY_STANDS &&
        memcmp(row.key, om_secret_public(key), sizeof row.key) == 0)
      return key;
  }
  return NULL;
}

/* Members for whom WANTED says so, of whom a key stands: ascending, at most MOST, any of them. */
static size_t choose(struct sim *s, struct om_txn *txn, uint32_t *signers, const struct om_secret **keys,
                     const bool *wanted, size_t most) {
  const struct om_secret *found[SIM_LOGS + 1] = {NULL};
  size_t n = 0, left = 0;
  for (uint32_t member = 1; member <= s->n; member++) {
    if (wanted[member]) found[member] = standing(s, txn, member);
    left += found[member] != NULL;
  }
  for (uint32_t member = 1; member <= s->n && n < most; member++) {
    if (found[member] == NULL) continue;
    if (below(s, left--) >= most - n) continue;
    signers[n] = member;
    keys[n++] = found[member];
  }
  return n;
}

/* By the registry's daemon, as it is now. */
static size_t gather(struct sim *s, uint32_t *signers, const struct om_secret **keys) {
  struct om_txn *txn;
  struct om_governors g;
  struct om_status st;
  bool wanted[SIM_LOGS + 1] = {false};
  sim_must(s, om_txn_read(&txn, om_ledger_store(s->nodes[0].ledger), &st), &st, "reading");
  sim_must(s, om_registry_governors(txn, &g, OM_REGISTRY_NOW, &st), &st, "reading who governs");
  for (size_t i = 0; i < g.n; i++) wanted[g.members[i]] = true;
  size_t most = g.threshold;
  bool earnest = s->restart_step != 0; /* a restart is said once */
  if (below(s, 12) == 0 && most > 1 && !earnest) most--;
  if (below(s, 12) == 0 && !earnest) wanted[1 + below(s, s->n)] = true;
  size_t n = choose(s, txn, signers, keys, wanted, most);
  om_txn_abort(txn);
  return n;
}

static void keep_old(struct sim *s, const uint8_t *bytes, size_t len) {
  struct sim_old_act *old = &s->governors.old[below(s, SIM_OLD_ACTS)];
  free(old->bytes);
  old->bytes = malloc(len);
  OM_ASSERT(old->bytes != NULL);
  memcpy(old->bytes, bytes, len);
  old->len = len;
}

uint8_t *sim_govern_sign(struct sim *s, size_t *len, Oremark__Event *event) {
  uint32_t signers[SIM_LOGS + 1] = {1};
  const struct om_secret *keys[SIM_LOGS + 1] = {s->net.member_keys[0]};
  size_t n = s->governors.on ? gather(s, signers, keys) : 1;
  if (n == 0) n = 1; /* no governor's key stands: somebody tries alone, in vain */
  uint8_t *bytes =
      network_statement_keys(&s->net, len, signers[0], sim_wall(&s->nodes[0]), &event, 1, signers, keys, n);
  if (s->governors.on) keep_old(s, bytes, *len);
  return bytes;
}

/* ---- what is said ---- */

void sim_governors_change(struct sim *s) {
  uint32_t members[SIM_LOGS];
  Oremark__SetGovernors act = OREMARK__SET_GOVERNORS__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  for (uint32_t member = 1; member <= s->n; member++)
    if (below(s, 2)) members[act.n_governors++] = member;
  if (act.n_governors == 0) members[act.n_governors++] = 1;
  act.governors = members;
  act.threshold = (uint32_t)(act.n_governors / 2 + 1);
  act.threshold += (uint32_t)below(s, act.n_governors - act.threshold + 1);
  event.kind_case = OREMARK__EVENT__KIND_SET_GOVERNORS;
  event.set_governors = &act;
  sim_say_act(s, &event, OM_SUBJECT_GOVERNORS, 0);
}

static void say_again(struct sim *s) {
  const struct sim_old_act *old = &s->governors.old[below(s, SIM_OLD_ACTS)];
  if (old->bytes == NULL) return;
  uint8_t *copy = malloc(old->len);
  OM_ASSERT(copy != NULL);
  memcpy(copy, old->bytes, old->len);
  sim_node_submit(&s->nodes[0], copy, old->len);
}

/* Not while the network is to be restarted, but in the scene of that. */
void sim_governors_step(struct sim *s) {
  if (!s->governors.on || s->step < QUIET_STEPS || !sim_registry_works(s)) return;
  if (s->gone_step != 0 && s->step + QUIET_STEPS >= s->gone_step && s->scene != SIM_RESTART) return;
  if (below(s, ACT_ONE_IN) == 0) sim_governors_change(s);
  if (below(s, REPLAY_ONE_IN) == 0) say_again(s);
}

/* ---- the model: by what is final ---- */

void sim_governors_restated(struct sim *s) {
  s->governors.n = s->governors.threshold = s->governors.members[0] = 1;
  s->governors.n_acts = 0;
}

static bool governs(const struct sim *s, uint32_t member) {
  for (size_t i = 0; i < s->governors.n; i++)
    if (s->governors.members[i] == member) return true;
  return false;
}

static void once(struct sim *s, const struct om_hash *id) {
  for (size_t i = 0; i < s->governors.n_acts; i++)
    if (om_hash_equal(&s->governors.acts[i], id)) sim_violation(s, "an act of the governors stands twice");
  if (s->governors.acts == NULL) s->governors.acts = calloc(SIM_FINAL_MAX, sizeof *s->governors.acts);
  OM_ASSERT(s->governors.acts != NULL && s->governors.n_acts < SIM_FINAL_MAX);
  s->governors.acts[s->governors.n_acts++] = *id;
}

void sim_governors_model(struct sim *s, const struct om_hash *id, const Oremark__SignedStatement *said,
                         const Oremark__Event *event) {
  once(s, id);
  for (size_t i = 0; i < said->n_signatures; i++) {
    if (!governs(s, said->signatures[i]->member))
      sim_violation(s, "member %u has signed an act and does not govern", said->signatures[i]->member);
    if (i > 0 && said->signatures[i - 1]->member >= said->signatures[i]->member)
      sim_violation(s, "member %u has signed an act twice", said->signatures[i]->member);
  }
  if (said->n_signatures < s->governors.threshold)
    sim_violation(s, "an act has %zu of %u signatures", said->n_signatures, s->governors.threshold);
  if (event->kind_case != OREMARK__EVENT__KIND_SET_GOVERNORS) return;
  s->governors.n = event->set_governors->n_governors;
  s->governors.threshold = event->set_governors->threshold;
  memcpy(s->governors.members, event->set_governors->governors, s->governors.n * sizeof *s->governors.members);
  s->governors.changes++;
}
