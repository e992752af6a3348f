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

static void call(struct sim *s) {
  const uint32_t governor = 1;
  Oremark__SealLog act = OREMARK__SEAL_LOG__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT, *events[] = {&event};
  s->ends = 1 + (uint32_t)sim_below(s, s->n - 1);
  for (uint32_t i = 1; i < s->n; i++)
    if (s->nodes[i].two_faced) s->ends = i;
  act.log = s->ends;
  act.reason = reason;
  event.kind_case = OREMARK__EVENT__KIND_SEAL_LOG;
  event.seal_log = &act;
  s->call = network_statement(&s->net, &s->call_len, governor, sim_wall(&s->nodes[0]), events, 1, &governor, 1);
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

/* Those that state no head. */
static size_t leave_out(Oremark__Seal **seals, size_t n) {
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    if (seals[i]->head.len > 0)
      seals[kept++] = seals[i];
    else
      oremark__seal__free_unpacked(seals[i], NULL);
  }
  return kept;
}

static size_t gather_again(struct sim *s, Oremark__Seal **seals, size_t n) {
  for (size_t i = 0; i < n; i++) oremark__seal__free_unpacked(seals[i], NULL);
  return gather(s, seals);
}

/* The highest head stated; false: two are stated that conflict in size alone, which the governor would have to judge.
 */
static bool highest(struct om_checkpoint *out, Oremark__Seal *const *seals, size_t n) {
  struct om_note note;
  struct om_checkpoint head;
  struct om_status st;
  bool one = true;
  *out = (struct om_checkpoint){.size = 0};
  om_empty_root(&out->root);
  for (size_t i = 0; i < n; i++) {
    if (seals[i]->head.len == 0) continue;
    OM_ASSERT(om_note_parse(&note, (const char *)seals[i]->head.data, seals[i]->head.len, &st) == OM_OK);
    OM_ASSERT(om_checkpoint_parse(&head, NULL, note.text, note.text_len, &st) == OM_OK);
    one = one && (head.size != out->size || om_hash_equal(&head.root, &out->root));
    if (head.size > out->size) *out = head;
  }
  return one;
}

static void end_log(struct sim *s) {
  Oremark__RetireLog act = OREMARK__RETIRE_LOG__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  Oremark__Seal *seals[SIM_LOGS] = {NULL};
  struct om_checkpoint head;
  size_t w = s->n - 1, f = (w - 1) / 3, needed = w + f - (2 * w / 3 + 1) + 1;
  size_t n = gather(s, seals);
  bool all = n == w;
  if (s->retire_tries++ % 2 == 1) n = leave_out(seals, n); /* after a refusal */
  if (n < needed && all) {                                 /* nobody knows more than these */
    n = gather_again(s, seals, n);
    act.judged = true;
  }
  if (n >= needed && highest(&head, seals, n)) {
    act.log = s->ends;
    act.successor = s->ends == 1 ? 2 : 1;
    act.size = head.size;
    act.root = (ProtobufCBinaryData){OM_HASH_BYTES, head.root.bytes};
    act.n_seals = n;
    act.seals = seals;
    act.reason = reason;
    event.kind_case = OREMARK__EVENT__KIND_RETIRE_LOG;
    event.retire_log = &act;
    sim_say_first_act(s, &event);
    s->successor = act.successor;
    if (s->verbose)
      printf("  %llu: log %u is to end at %llu, by %zu seals\n", (unsigned long long)s->step, s->ends,
             (unsigned long long)head.size, n);
  }
  for (size_t i = 0; i < n; i++) oremark__seal__free_unpacked(seals[i], NULL);
}

void sim_seal_step(struct sim *s) {
  if (s->seal_step == 0 || s->step < s->seal_step || !s->nodes[0].up) return;
  if (s->call == NULL) call(s);
  ask_operators(s);
  if (s->ended_at != UINT64_MAX || s->step < s->retire_step) return;
  s->retire_step = s->step + AGAIN_STEPS;
  end_log(s);
}
