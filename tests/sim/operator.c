/* What operators do when a store was lost or an old copy was put in its place: the daemon starts with its keys alone,
 * and since what it has voted for may be forgotten, the governor replaces its cosigning key (README, "Backups"). */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ledger/registry.h"
#include "sim/sim.h"

enum { AGAIN_STEPS = 40 /* before what the governor says is said again, if it has not come about */ };

void sim_copy_store(const struct sim *s, const char *to, const char *from) {
  uint8_t buf[1 << 14];
  char path[2][4200];
  snprintf(path[0], sizeof path[0], "%s/data.mdb", from);
  snprintf(path[1], sizeof path[1], "%s/data.mdb", to);
  FILE *in = fopen(path[0], "rb"), *out = fopen(path[1], "wb");
  if (in == NULL || out == NULL) sim_violation(s, "can't copy %s", path[0]);
  for (size_t len; (len = fread(buf, 1, sizeof buf, in)) > 0;) OM_ASSERT(fwrite(buf, 1, len, out) == len);
  fclose(in);
  OM_ASSERT(fclose(out) == 0);
}

void sim_back_up(struct sim_node *n) {
  if (!n->up) return;
  if (n->backup == NULL) n->backup = temp_folder();
  sim_copy_store(n->sim, n->backup, n->path);
}

/* Its votes may be forgotten: it counts among the witnesses that may lie, and it is useless as one until it has a new
 * key. */
static bool may_forget(const struct sim *s) {
  size_t w = s->n - 1, k = 2 * w / 3 + 1, liars = 0, useless = 0;
  bool forks = false;
  for (size_t i = 0; i < s->n; i++) {
    const struct sim_node *n = &s->nodes[i];
    liars += sim_liar(n) || n->forgot;
    useless += n->mute || n->forgot;
    forks = forks || n->two_faced;
  }
  return liars + 1 < 2 * k - w && (useless + 1 <= w - k) && (forks || liars + 1 <= w - k);
}

void sim_lose_store(struct sim_node *n) {
  struct sim *s = n->sim;
  char path[4200];
  bool restores = n->backup != NULL && sim_one_in(s, 2);
  if (n->forgot || sim_liar(n) || n->mute || !may_forget(s)) return;
  if (n->up) sim_node_crash(n);
  snprintf(path, sizeof path, "%s/data.mdb", n->path);
  if (restores)
    sim_copy_store(s, n->path, n->backup);
  else
    OM_ASSERT(unlink(path) == 0);
  if (!restores) sim_documents_lose(n);
  memset(n->final_seen, 0, sizeof n->final_seen);
  n->forgot = true;
  s->lost++;
  if (s->verbose)
    printf("  %llu: daemon %u %s\n", (unsigned long long)s->step, n->daemon,
           restores ? "starts from an old copy of its store" : "has lost its store");
}

/* ---- the new key ---- */

static bool registry_names(struct sim_node *n, const struct om_secret *key, const struct sim_node *of) {
  struct om_txn *txn;
  struct om_daemon daemon;
  struct om_status st;
  sim_must(n->sim, om_txn_read(&txn, om_ledger_store(n->ledger), &st), &st, "reading");
  bool names = om_registry_daemon(txn, &daemon, of->daemon, OM_REGISTRY_NOW, &st) == OM_OK &&
               memcmp(daemon.cosign_key, om_secret_public(key), sizeof daemon.cosign_key) == 0;
  om_txn_abort(txn);
  return names;
}

static const struct om_secret *new_key(struct sim_node *n) {
  uint8_t seed[OM_SEED_BYTES] = {7, (uint8_t)n->daemon};
  struct om_status st;
  if (n->spare == NULL) OM_ASSERT(om_secret_new(&n->spare, seed, &st) == OM_OK);
  return n->spare;
}

static void say_revoke(struct sim_node *n) {
  Oremark__RevokeKey act = OREMARK__REVOKE_KEY__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  act.member = n->daemon + 1;
  act.key = (ProtobufCBinaryData){OM_PUBLIC_BYTES,
                                  (uint8_t *)(uintptr_t)om_secret_public(n->sim->net.cosign_keys[n->daemon])};
  act.replacement = (ProtobufCBinaryData){OM_PUBLIC_BYTES, (uint8_t *)(uintptr_t)om_secret_public(new_key(n))};
  event.kind_case = OREMARK__EVENT__KIND_REVOKE_KEY;
  event.revoke_key = &act;
  sim_say_act(n->sim, &event, OM_SUBJECT_MEMBER, act.member);
}

static void mind(struct sim_node *n) {
  struct sim *s = n->sim;
  struct sim_node *registry = &s->nodes[0];
  if (!n->forgot || n->renewed || !n->up) return;
  if (registry_names(n, new_key(n), n)) {
    n->renewed = true;
    sim_node_crash(n); /* and starts again with the new key */
    if (s->verbose) printf("  %llu: daemon %u has a new cosigning key\n", (unsigned long long)s->step, n->daemon);
  } else if (registry->up && s->step >= n->asked_step + AGAIN_STEPS && !registry_names(registry, new_key(n), n)) {
    n->asked_step = s->step;
    say_revoke(n);
  }
}

void sim_operators_step(struct sim *s) {
  for (size_t i = 0; i < s->n; i++) mind(&s->nodes[i]);
}
