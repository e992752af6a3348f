/* The end of a log under seeds, while its home goes on as if nothing were: the governor calls for seals, each witness's
 * operator has one made by hand, and with enough of them the governor ends the log at the highest head that they state.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/note.h"
#include "sim/sim.h"

enum { AGAIN_STEPS = 25 };

static char reason[] = "under a seed";

/* Again, when others have come to govern before all witnesses have heard it. */
static void call(struct sim *s) {
  Oremark__SealLog act = OREMARK__SEAL_LOG__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  if (s->call == NULL) s->ends = 1 + (uint32_t)sim_below(s, s->n - 1);
  for (uint32_t i = 1; i < s->n && s->call == NULL; i++)
    if (s->nodes[i].two_faced) s->ends = i;
  free(s->call);
  s->call_refused = false;
  act.log = s->ends;
  act.reason = reason;
  event.kind_case = OREMARK__EVENT__KIND_SEAL_LOG;
  event.seal_log = &act;
  s->call = sim_govern_sign(s, &s->call_len, &event);
  if (s->verbose) printf("  %llu: the witnesses of log %u are to seal it\n", (unsigned long long)s->step, s->ends);
}

void sim_sealed(struct sim_node *n, const uint8_t *seal, size_t len) {
  if (n->seal != NULL) return;
  n->seal = malloc(len);
  OM_ASSERT(n->seal != NULL);
  memcpy(n->seal, seal, len);
  n->seal_len = len;
  if (n->sim->verbose)
    printf("  %llu: daemon %u has sealed log %u\n", (unsigned long long)n->sim->step, n->daemon, n->sim->ends);
}

static void ask_operators(struct sim *s) {
  for (uint32_t i = 0; i < s->n; i++) {
    struct sim_node *n = &s->nodes[i];
    if (i == s->ends || n->seal != NULL || !n->up || !sim_one_in(s, 12)) continue;
    uint8_t *copy = malloc(s->call_len);
    OM_ASSERT(copy != NULL);
    memcpy(copy, s->call, s->call_len);
    sim_node_submit_call(n, copy, s->call_len);
  }
}

static size_t gather(struct sim *s, Oremark__Seal **seals) {
  size_t n = 0;
  for (uint32_t i = 0; i < s->n; i++) {
    if (s->nodes[i].seal == NULL) continue;
    seals[n] = oremark__seal__unpack(NULL, s->nodes[i].seal_len, s->nodes[i].seal);
    OM_ASSERT(seals[n] != NULL);
    n++;
  }
  return n;
}

static bool head_of(struct om_checkpoint *out, const Oremark__Seal *seal) {
  struct om_note note;
  struct om_status st;
  if (seal->head.len == 0) return false;
  OM_ASSERT(om_note_parse(&note, (const char *)seal->head.data, seal->head.len, &st) == OM_OK);
  OM_ASSERT(om_checkpoint_parse(out, NULL, note.text, note.text_len, &st) == OM_OK);
  return true;
}

/* What N holds and the head that SEAL states: one history, two, or not known. */
static enum om_code compare(struct sim_node *n, const Oremark__Seal *seal) {
  struct om_txn *txn;
  struct om_status st;
  uint64_t size;
  sim_must(n->sim, om_txn_read(&txn, om_ledger_store(n->ledger), &st), &st, "reading");
  enum om_code code = om_head_compare(txn, &size, n->sim->ends, seal->head.data, seal->head.len, &st);
  om_txn_abort(txn);
  return code;
}

/* Operators look whether what is stated lies under what they hold. */
static bool disputed(struct sim *s, Oremark__Seal *const *seals, size_t n) {
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < s->n && seals[i]->head.len > 0; k++)
      if (s->nodes[k].up && compare(&s->nodes[k], seals[i]) == OM_REFUSED) return true;
  return false;
}

/* Whether what is final anywhere lies under the head: somebody holds both, or it is no longer than that. */
static bool right(struct sim *s, const Oremark__Seal *seal) {
  const struct sim_canon *canon = &s->canon[s->ends];
  struct om_checkpoint head;
  if (!head_of(&head, seal) || head.size < canon->edge->size) return false;
  if (head.size == canon->edge->size) return om_hash_equal(&head.root, &canon->roots[head.size]);
  for (size_t k = 0; k < s->n_nodes; k++)
    if (s->nodes[k].up && s->nodes[k].final_seen[s->ends] == canon->edge->size && compare(&s->nodes[k], seal) == OM_OK)
      return true;
  return false;
}

/* The head to end at: the highest that is stated; where they are disputed, of those that are right. */
static bool choose(struct sim *s, struct om_checkpoint *out, Oremark__Seal *const *seals, size_t n, bool judged) {
  struct om_checkpoint head;
  bool found = !judged || s->canon[s->ends].edge->size == 0;
  *out = (struct om_checkpoint){.size = 0};
  om_empty_root(&out->root);
  for (size_t i = 0; i < n; i++) {
    if (!head_of(&head, seals[i]) || (judged && !right(s, seals[i]))) continue;
    if (head.size > out->size) *out = head;
    found = true;
  }
  return found;
}

/* Puts aside seal number WHICH; those that state no head, where WHICH is N. Returns how many are left. */
static size_t leave_out(Oremark__Seal **seals, size_t n, size_t which) {
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    if (which < n ? i != which : seals[i]->head.len > 0)
      seals[kept++] = seals[i];
    else
      oremark__seal__free_unpacked(seals[i], NULL);
  }
  return kept;
}

static void say_end(struct sim *s, Oremark__Seal **seals, size_t n, const struct om_checkpoint *head, bool judged) {
  Oremark__RetireLog act = OREMARK__RETIRE_LOG__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  struct om_hash root = head->root;
  act.log = s->ends;
  act.successor = s->ends == 1 ? 2 : 1;
  act.size = head->size;
  act.root = (ProtobufCBinaryData){OM_HASH_BYTES, root.bytes};
  act.n_seals = n;
  act.seals = seals;
  act.reason = reason;
  act.judged = judged;
  event.kind_case = OREMARK__EVENT__KIND_RETIRE_LOG;
  event.retire_log = &act;
  sim_say_first_act(s, &event);
  s->successor = act.successor;
  if (s->verbose)
    printf("  %llu: log %u is to end at %llu, by %zu seals%s\n", (unsigned long long)s->step, s->ends,
           (unsigned long long)head->size, n, judged ? ", as judged" : "");
}

/* All seals first, then those that state a head; and after everybody has sealed the governor judges, and leaves out one
 * or none: a seal under a new key may speak of a list that it is not in. */
static void end_log(struct sim *s) {
  Oremark__Seal *seals[SIM_LOGS] = {NULL};
  struct om_checkpoint head;
  size_t w = s->n - 1, f = (w - 1) / 3, needed = w + f - (2 * w / 3 + 1) + 1;
  size_t n = gather(s, seals);
  uint64_t tries = s->retire_tries++;
  bool judged = (n == w && tries > 3) || disputed(s, seals, n);
  if (judged && tries % (n + 1) < n) n = leave_out(seals, n, tries % (n + 1));
  if (!judged && tries % 2 == 1) n = leave_out(seals, n, n);
  if (n >= needed && choose(s, &head, seals, n, judged)) say_end(s, seals, n, &head, judged);
  for (size_t i = 0; i < n; i++) oremark__seal__free_unpacked(seals[i], NULL);
}

void sim_seal_step(struct sim *s) {
  if (s->seal_step == 0 || s->step < s->seal_step || !s->nodes[0].up) return;
  if (s->call == NULL || (s->governors.on && s->call_refused)) call(s);
  ask_operators(s);
  if (s->ended_at != UINT64_MAX || s->step < s->retire_step) return;
  s->retire_step = s->step + AGAIN_STEPS;
  end_log(s);
}
