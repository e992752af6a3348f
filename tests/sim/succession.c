/* The registry's daemon is gone for good while lots are on their way and acts wait: its witnesses seal the log, each by
 * its operator's hand, the governor names a new daemon, with new keys, that goes on with it from the highest head that
 * they state, and each operator accepts that, when it comes to it. The new daemon begins with an empty store and the
 * genesis; who has not accepted yet does not know it. It witnesses with another key, too: the other logs are to have a
 * quorum without it until they have marked that. In a scene of its own: all are honest, and nothing else is lost. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"

enum {
  FIRST_STEP = 60,
  LAST_STEP = 160,
  BEGINS_ONE_IN = 20,
  ACCEPTS_ONE_IN = 12,
  SEALS_ONE_IN = 12,
  WAITS_ONE_IN = 20
};

static char reason[] = "under a seed", origin[] = "registry-2.example/log";

void sim_succession_begin(struct sim *s) {
  if (s->scene == SIM_SUCCESSION) s->succession.step = FIRST_STEP + sim_below(s, LAST_STEP - FIRST_STEP);
}

void sim_succession_end(struct sim *s) {
  for (size_t i = 0; i < 4; i++) om_secret_free(s->succession.former[i]);
  free(s->succession.call);
  free(s->succession.act);
}

bool sim_registry_works(const struct sim *s) {
  return s->nodes[0].up && (!s->succession.lost || s->nodes[0].accepted);
}

/* ---- the end of the one ---- */

static struct om_secret *new_key(struct sim *s, uint8_t number, bool of_links) {
  uint8_t seed[OM_SEED_BYTES] = {0xaa, number};
  struct om_secret *out;
  struct om_status st = {0};
  sim_must(s, of_links ? om_secret_new_x25519(&out, seed, &st) : om_secret_new(&out, seed, &st), &st, "making a key");
  return out;
}

static void replace(struct sim *s, struct om_secret **key, uint8_t number, bool of_links) {
  s->succession.former[number] = *key;
  *key = new_key(s, number, of_links);
}

/* As long as nothing of it is final there is nothing to go on with. */
static void lose(struct sim *s) {
  struct sim_node *n = &s->nodes[0];
  if (s->canon[0].edge->size == 0) return;
  s->succession.lost = n->gone = true;
  n->back_ms = INT64_MAX;
  if (n->up) sim_node_crash(n);
  remove_folder(n->path);
  n->path = temp_folder();
  memset(n->final_seen, 0, sizeof n->final_seen);
  memset(n->voted, 0, sizeof n->voted);
  sim_documents_lose(n);
  replace(s, &s->net.log_keys[0], 0, false);
  replace(s, &s->net.cosign_keys[0], 1, false);
  replace(s, &s->net.witness_keys[0], 2, false);
  replace(s, &s->net.link_keys[0], 3, true);
  if (s->verbose) printf("  %llu: the registry's daemon is gone for good\n", (unsigned long long)s->step);
}

static void call(struct sim *s) {
  Oremark__SealLog act = OREMARK__SEAL_LOG__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  act.log = OM_LOG_REGISTRY;
  act.reason = reason;
  event.kind_case = OREMARK__EVENT__KIND_SEAL_LOG;
  event.seal_log = &act;
  s->succession.call = sim_govern_sign(s, &s->succession.call_len, &event);
}

static void ask_operators(struct sim *s) {
  for (uint32_t i = 1; i < s->n; i++) {
    struct sim_node *n = &s->nodes[i];
    if (n->seal != NULL || !n->up || !sim_one_in(s, SEALS_ONE_IN)) continue;
    uint8_t *copy = malloc(s->succession.call_len);
    OM_ASSERT(copy != NULL);
    memcpy(copy, s->succession.call, s->succession.call_len);
    sim_node_submit_call(n, copy, s->succession.call_len);
  }
}

/* ---- the beginning of the other ---- */

static bool higher(struct om_checkpoint *out, const Oremark__Seal *seal) {
  struct om_note note;
  struct om_checkpoint head;
  struct om_status st;
  if (seal->head.len == 0) return false;
  OM_ASSERT(om_note_parse(&note, (const char *)seal->head.data, seal->head.len, &st) == OM_OK);
  OM_ASSERT(om_checkpoint_parse(&head, NULL, note.text, note.text_len, &st) == OM_OK);
  if (head.size <= out->size) return false;
  *out = head;
  return true;
}

static ProtobufCBinaryData public_of(const struct om_secret *secret) {
  return (ProtobufCBinaryData){OM_PUBLIC_BYTES, (uint8_t *)(uintptr_t)om_secret_public(secret)};
}

static void name_successor(struct sim *s, Oremark__RetireLog *act) {
  Oremark__Daemon daemon = OREMARK__DAEMON__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  daemon.origin = origin;
  daemon.operator_ = 1;
  daemon.log_key = public_of(s->net.log_keys[0]);
  daemon.cosign_key = public_of(s->net.cosign_keys[0]);
  daemon.witness_key = public_of(s->net.witness_keys[0]);
  daemon.link_key = public_of(s->net.link_keys[0]);
  act->daemon = &daemon;
  event.kind_case = OREMARK__EVENT__KIND_RETIRE_LOG;
  event.retire_log = act;
  s->succession.act = sim_govern_sign(s, &s->succession.act_len, &event);
  s->succession.size = act->size;
  if (s->verbose)
    printf("  %llu: the registry log goes on under another daemon at %llu\n", (unsigned long long)s->step,
           (unsigned long long)act->size);
}

/* So many that one of every quorum is among them; the governor may wait for more, but a witness that has just started
 * may need the daemon that is gone before it seals. */
static bool enough(struct sim *s) {
  size_t n = 0, w = s->n - 1, f = (w - 1) / 3, needed = w + f - (2 * w / 3 + 1) + 1;
  for (size_t i = 1; i < s->n; i++) n += s->nodes[i].seal != NULL;
  return n == w || (n >= needed && sim_one_in(s, WAITS_ONE_IN));
}

/* From the highest head that is stated: one that a quorum has signed is no higher. */
static void succeed(struct sim *s) {
  Oremark__RetireLog act = OREMARK__RETIRE_LOG__INIT;
  Oremark__Seal *seals[SIM_LOGS] = {NULL};
  struct om_checkpoint head = {.size = 0};
  if (!enough(s)) return;
  for (size_t i = 1; i < s->n; i++) {
    if (s->nodes[i].seal == NULL) continue;
    seals[act.n_seals] = oremark__seal__unpack(NULL, s->nodes[i].seal_len, s->nodes[i].seal);
    OM_ASSERT(seals[act.n_seals] != NULL);
    higher(&head, seals[act.n_seals++]);
  }
  act.log = OM_LOG_REGISTRY;
  act.size = head.size;
  act.root = (ProtobufCBinaryData){OM_HASH_BYTES, head.root.bytes};
  act.seals = seals;
  act.reason = reason;
  if (head.size < s->canon[0].edge->size)
    sim_violation(s, "what is sealed of the registry, %llu entries, is less than was final",
                  (unsigned long long)head.size);
  name_successor(s, &act);
  for (size_t i = 0; i < act.n_seals; i++) oremark__seal__free_unpacked(seals[i], NULL);
}

/* It has the genesis and its keys. */
static void begin(struct sim_node *n) {
  n->gone = false;
  sim_node_open(n);
  if (n->sim->verbose) printf("  %llu: the new daemon begins\n", (unsigned long long)n->sim->step);
}

void sim_succession_step(struct sim *s) {
  if (s->succession.step == 0 || s->step < s->succession.step) return;
  if (!s->succession.lost) lose(s);
  if (!s->succession.lost) return;
  if (s->succession.call == NULL) call(s);
  if (s->succession.act == NULL) ask_operators(s), succeed(s);
  if (s->succession.act == NULL) return;
  if (s->nodes[0].gone && sim_one_in(s, BEGINS_ONE_IN)) begin(&s->nodes[0]);
  for (size_t i = 0; i < s->n; i++) {
    struct sim_node *n = &s->nodes[i];
    if (!n->up || n->accepted || !sim_one_in(s, ACCEPTS_ONE_IN)) continue;
    n->accepted = sim_node_accept(n, s->succession.act, s->succession.act_len);
    if (s->verbose && n->accepted)
      printf("  %llu: daemon %u accepts the succession\n", (unsigned long long)s->step, n->daemon);
  }
}

bool sim_succession_knows(const struct sim *s, uint32_t a, uint32_t b) {
  if (!s->succession.lost || (a != 0 && b != 0)) return true;
  return s->nodes[a == 0 ? b : a].accepted;
}

bool sim_succeeded(const struct sim *s) {
  for (size_t i = 0; i < s->n; i++)
    if (!s->nodes[i].accepted) return false;
  return s->succession.lost && s->canon[0].edge->size > s->succession.size;
}
