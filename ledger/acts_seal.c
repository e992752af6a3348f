/* The acts around the end of a log: LiftSeal and RetireLog, and what the seals that it carries come to. */
#include <string.h>

#include "keys/sign.h"
#include "ledger/acts_parts.h"
#include "ledger/ledger_state.h"
#include "ledger/seal.h"

/* ---- LiftSeal ---- */

enum om_code om_act_lift_seal(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                              uint16_t index, struct om_status *st) {
  (void)index; /* no chain */
  const Oremark__LiftSeal *act = event->lift_seal;
  uint8_t key[OM_LIFTED_KEY_BYTES];
  struct om_daemon log;
  struct om_hash call;
  if (event->previous.len != 0) return om_act_refuse(st, "previous", "the lifting of a seal has no act before it");
  enum om_code code = om_registry_daemon(txn, &log, act->log, OM_REGISTRY_NOW, st);
  if (code == OM_MISSING) return om_fail(st, OM_REFUSED, "log", "there is no log %u", act->log);
  if (code != OM_OK) return code;
  memcpy(call.bytes, act->call.data, sizeof call);
  if (om_registry_lifted(txn, act->log, &call, OM_REGISTRY_NOW))
    return om_fail(st, OM_REFUSED, "again", "the seals of %s at that call were lifted before", log.origin);
  om_lifted_key(key, act->log, &call, judged->index);
  om_txn_put(txn, OM_TABLE_REGISTRY, key, sizeof key, "", 0);
  return om_txn_check(txn, st);
}

/* ---- seals ---- */

/* A head that a seal states. */
struct stated {
  uint64_t size;
  struct om_hash root;
  bool conflict; /* of the highest: two that are stated are not of one history */
};

/* A seal whose signature was found good. */
struct sealer {
  uint32_t log;                 /* of the witnessing daemon */
  uint8_t key[OM_PUBLIC_BYTES]; /* that it has signed with */
};

struct sealers {
  const Oremark__RetireLog *act;
  uint64_t restarted; /* registry index of the last restart; 0: there was none */
  size_t n, n_heads;
  struct sealer by[OM_WITNESSES_MAX];
  struct stated heads[OM_WITNESSES_MAX + 1]; /* that they state, and the restart */
};

/* The key under which the signature of SEAL is good: of its witness as of one of the lists that it states, or now. */
static enum om_code find_key(struct om_txn *txn, struct sealer *out, const struct om_hash *network,
                             const Oremark__Seal *seal, struct om_status *st) {
  const uint64_t as_of[] = {seal->registry_index, seal->settled_index, OM_REGISTRY_NOW};
  struct om_daemon daemon = {.origin = ""};
  struct om_hash digest;
  om_seal_digest(&digest, network, seal);
  for (size_t i = 0; i < sizeof as_of / sizeof *as_of; i++) {
    enum om_code code = om_registry_daemon(txn, &daemon, seal->witness, as_of[i], st);
    if (code == OM_MISSING) continue;
    if (code != OM_OK) return code;
    if (!om_verify(seal->signature.data, digest.bytes, sizeof digest, daemon.cosign_key)) continue;
    out->log = seal->witness;
    memcpy(out->key, daemon.cosign_key, sizeof out->key);
    return OM_OK;
  }
  return om_fail(st, OM_REFUSED, "seal", "the seal of log %u's daemon is not signed by its cosign key", seal->witness);
}

static bool has_sealed(const struct sealers *sealers, const struct om_daemon *daemon) {
  for (size_t i = 0; i < sealers->n; i++)
    if (sealers->by[i].log == daemon->log &&
        memcmp(sealers->by[i].key, daemon->cosign_key, sizeof daemon->cosign_key) == 0)
      return true;
  return false;
}

/* An operator has sealed when all its daemons in LIST have: any of them could cosign in its name. */
static bool operator_sealed(const struct sealers *sealers, const struct om_quorum_list *list, uint32_t operator_) {
  for (size_t i = 0; i < list->n; i++)
    if (list->daemons[i].operator_member == operator_ && !has_sealed(sealers, &list->daemons[i])) return false;
  return true;
}

static uint32_t operators_sealed(const struct sealers *sealers, const struct om_quorum_list *list) {
  uint32_t n = 0;
  for (size_t i = 0; i < list->n; i++) {
    bool first = true;
    for (size_t k = 0; k < i && first; k++)
      first = list->daemons[k].operator_member != list->daemons[i].operator_member;
    if (first && operator_sealed(sealers, list, list->daemons[i].operator_member)) n++;
  }
  return n;
}

/* Have enough operators of the list as of AS_OF sealed? */
static enum om_code check_enough(struct om_txn *txn, const struct sealers *sealers, uint64_t as_of,
                                 struct om_status *st) {
  struct om_quorum_list list;
  enum om_code code = om_quorum_list(txn, &list, sealers->act->log, as_of, st);
  if (code == OM_MISSING)
    return om_act_refuse(st, "seal", "a seal states a list of witnesses from before the log was named");
  if (code == OM_REFUSED) { /* no safe quorum: no head was ever final under it */
    om_status_clear(st);
    return OM_OK;
  }
  if (code != OM_OK || list.k == 0) return code;
  uint32_t liars = (list.operators - 1) / 3, needed = list.operators + liars - list.k + 1;
  uint32_t sealed = operators_sealed(sealers, &list);
  if (sealed >= needed) return OM_OK;
  return om_fail(st, OM_REFUSED, "seals",
                 "%u operators of the witnesses of log %u as of registry entry %llu have sealed it with all their "
                 "daemons, and %u of the %u are needed: gather more seals",
                 sealed, sealers->act->log, (unsigned long long)as_of, needed, list.operators);
}

/* Does the sealer stand in one of the lists that its seal states? Else it could state lists of nobody. */
static enum om_code check_own_list(struct om_txn *txn, const struct sealer *sealer, const Oremark__Seal *seal,
                                   struct om_status *st) {
  const uint64_t as_of[] = {seal->registry_index, seal->settled_index};
  for (size_t i = 0; i < 2; i++) {
    struct om_quorum_list list;
    enum om_code code = om_quorum_list(txn, &list, seal->log, as_of[i], st);
    if (code == OM_MISSING)
      return om_act_refuse(st, "seal", "a seal states a list of witnesses from before the log was named");
    if (code == OM_REFUSED) continue;
    if (code != OM_OK) return code;
    for (size_t k = 0; k < list.n; k++)
      if (list.daemons[k].log == sealer->log &&
          memcmp(list.daemons[k].cosign_key, sealer->key, sizeof sealer->key) == 0)
        return OM_OK;
  }
  return om_fail(st, OM_REFUSED, "seal",
                 "the seal of log %u's daemon, which is in none of the lists of witnesses that it states: leave it out",
                 seal->witness);
}

/* The registry index that named LOG. */
static uint64_t named_at(struct om_txn *txn, uint32_t log) {
  uint8_t key[OM_REGISTRY_KEY_BYTES];
  struct om_bytes found, row;
  om_registry_row_key(key, OM_ROW_DAEMON, log, 0, 0);
  bool is = om_txn_next(txn, &found, &row, OM_TABLE_REGISTRY, key, sizeof key) && found.len == sizeof key &&
            memcmp(found.data, key, OM_REGISTRY_SUBJECT_BYTES) == 0;
  return is ? om_get64(found.data + OM_REGISTRY_SUBJECT_BYTES) : 0;
}

/* A witness that knows no head knows no list of the log either. Which list the log has begun under is plain only where
 * there was never another. */
static enum om_code check_headless(struct om_txn *txn, const struct sealers *sealers, const Oremark__Seal *seal,
                                   struct om_status *st) {
  uint64_t named = named_at(txn, seal->log);
  if (named < sealers->restarted) named = sealers->restarted;
  struct om_witnesses w;
  enum om_code code = om_registry_witnesses(txn, &w, OM_REGISTRY_NOW, st);
  if (code != OM_OK || sealers->act->judged) return code;
  bool changed = om_registry_since(txn, OM_ROW_WITNESSES, 0) > named;
  for (size_t i = 0; i < w.n && !changed; i++) changed = om_registry_since(txn, OM_ROW_DAEMON, w.logs[i]) > named;
  if (!changed) return OM_OK;
  return om_fail(st, OM_REFUSED, "seal",
                 "the seal of log %u's daemon states no head, and the witnesses have changed since log %u was named: "
                 "leave it out, or judge that the log's head stands",
                 seal->witness, seal->log);
}

static enum om_code take_head(struct om_txn *txn, struct sealers *sealers, const Oremark__Seal *seal,
                              struct om_status *st) {
  struct om_note note;
  struct om_checkpoint head;
  enum om_code code = om_head_parse(txn, &note, &head, seal->log, seal->head.data, seal->head.len, st);
  if (code != OM_OK) return st->code = OM_REFUSED;
  sealers->heads[sealers->n_heads++] = (struct stated){head.size, head.root, false};
  return OM_OK;
}

static enum om_code check_seal(struct om_txn *txn, struct sealers *sealers, const struct om_hash *network,
                               const Oremark__Seal *seal, uint64_t size, struct om_status *st) {
  const Oremark__RetireLog *act = sealers->act;
  struct sealer *sealer = &sealers->by[sealers->n];
  struct om_hash call;
  memcpy(call.bytes, seal->call.data, sizeof call);
  if (seal->log != act->log) return om_act_refuse(st, "seal", "a seal is of another log");
  if (seal->registry_index > size || seal->settled_index > size || seal->registry_index == 0 ||
      seal->settled_index == 0)
    return om_act_refuse(st, "seal", "a seal states a list of witnesses that the registry does not reach yet");
  if (seal->registry_index <= sealers->restarted || seal->settled_index <= sealers->restarted)
    return om_fail(st, OM_REFUSED, "seal",
                   "the seal of log %u's daemon is from before the network was restarted: lift it and call again",
                   seal->witness);
  if (om_registry_lifted(txn, act->log, &call, OM_REGISTRY_NOW))
    return om_fail(st, OM_REFUSED, "lifted", "the seal of log %u's daemon was lifted: call it to seal again",
                   seal->witness);
  enum om_code code = find_key(txn, sealer, network, seal, st);
  if (code == OM_OK) code = check_own_list(txn, sealer, seal, st);
  if (code != OM_OK) return code;
  sealers->n++;
  return seal->head.len == 0 ? check_headless(txn, sealers, seal, st) : take_head(txn, sealers, seal, st);
}

/* The highest head, and whether any two are plainly not of one history. */
static void find_highest(struct stated *out, const struct sealers *sealers) {
  *out = (struct stated){0};
  om_empty_root(&out->root);
  for (size_t i = 0; i < sealers->n_heads; i++) {
    const struct stated *head = &sealers->heads[i];
    if (head->size > out->size) {
      out->size = head->size;
      out->root = head->root;
    }
    for (size_t k = 0; k < i; k++)
      if (sealers->heads[k].size == head->size && !om_hash_equal(&sealers->heads[k].root, &head->root))
        out->conflict = true;
  }
}

/* What the last restart of the network says of the log. */
static void take_restart(struct om_txn *txn, struct sealers *sealers) {
  struct stated head = {0};
  if (!om_registry_stated_root(txn, &head.size, &head.root, &sealers->restarted, sealers->act->log)) return;
  if (head.size > 0) sealers->heads[sealers->n_heads++] = head;
}

/* Without any seal a log can end only where nobody could make one. */
static enum om_code check_none(struct om_txn *txn, uint32_t log, struct om_status *st) {
  struct om_quorum_list list;
  enum om_code code = om_quorum_list(txn, &list, log, OM_REGISTRY_NOW, st);
  if (code != OM_OK || list.n == 0) return code;
  return om_fail(st, OM_REFUSED, "seals", "log %u has witnesses, and none has sealed it: gather their seals", log);
}

static enum om_code check_seals(struct om_txn *txn, struct sealers *sealers, const struct om_hash *network,
                                uint64_t size, struct om_status *st) {
  const Oremark__RetireLog *act = sealers->act;
  OM_ASSERT(act->n_seals <= OM_WITNESSES_MAX); /* by its form */
  take_restart(txn, sealers);
  for (size_t i = 0; i < act->n_seals; i++)
    if (check_seal(txn, sealers, network, act->seals[i], size, st) != OM_OK) return st->code;
  for (size_t i = 0; i < act->n_seals; i++)
    if (check_enough(txn, sealers, act->seals[i]->registry_index, st) != OM_OK ||
        check_enough(txn, sealers, act->seals[i]->settled_index, st) != OM_OK)
      return st->code;
  return act->n_seals > 0 ? OM_OK : check_none(txn, act->log, st);
}

/* ---- RetireLog ---- */

static bool is_head(const Oremark__RetireLog *act, uint64_t size, const struct om_hash *root) {
  return act->size == size && memcmp(act->root.data, root->bytes, sizeof *root) == 0;
}

/* Is the head of the act one that a seal states? Where none states any, the log never began. */
static bool is_stated(const struct sealers *sealers, const struct stated *highest) {
  for (size_t i = 0; i < sealers->n_heads; i++)
    if (is_head(sealers->act, sealers->heads[i].size, &sealers->heads[i].root)) return true;
  return highest->size == 0 && is_head(sealers->act, 0, &highest->root);
}

/* The act names the highest head; where that is not plain, it is the governors' to judge. */
static enum om_code check_head(const struct sealers *sealers, struct om_status *st) {
  const Oremark__RetireLog *act = sealers->act;
  struct stated highest;
  find_highest(&highest, sealers);
  if (act->n_seals == 0 && act->judged && (act->size > 0 || is_stated(sealers, &highest))) return OM_OK;
  if (act->n_seals == 0)
    return om_fail(st, OM_REFUSED, "head", "no seal says where log %u ends: judge that the head stands", act->log);
  if (!is_stated(sealers, &highest))
    return om_fail(st, OM_REFUSED, "head", "log %u is to end at %llu, and no seal states that head", act->log,
                   (unsigned long long)act->size);
  if (act->judged) return OM_OK;
  if (highest.size > act->size)
    return om_fail(st, OM_REFUSED, "head",
                   "a seal states a head of log %u at %llu, beyond %llu: end it there, or judge that the lower one "
                   "stands",
                   act->log, (unsigned long long)highest.size, (unsigned long long)act->size);
  if (highest.conflict)
    return om_fail(st, OM_REFUSED, "head",
                   "the seals state two heads of log %u that are not of one history: judge which one stands", act->log);
  return OM_OK;
}

static enum om_code check_logs(struct om_txn *txn, const Oremark__RetireLog *act, struct om_status *st) {
  struct om_retired before;
  uint32_t n_logs = om_registry_daemons(txn, OM_REGISTRY_NOW);
  if (act->log >= n_logs) return om_fail(st, OM_REFUSED, "log", "there is no log %u", act->log);
  if (om_registry_retired(txn, &before, act->log, OM_REGISTRY_NOW))
    return om_fail(st, OM_REFUSED, "again", "log %u ended with %llu entries already, by registry entry %llu", act->log,
                   (unsigned long long)before.size, (unsigned long long)before.since);
  uint64_t stated = om_stated_floor(txn, act->log);
  if (act->size < stated)
    return om_fail(st, OM_REFUSED, "restart",
                   "log %u is to end at %llu, and the network was restarted with %llu entries of it: end it no earlier",
                   act->log, (unsigned long long)act->size, (unsigned long long)stated);
  if (act->successor == OM_LOG_REGISTRY || act->successor == act->log || act->successor >= n_logs)
    return om_fail(st, OM_REFUSED, "successor", "members can't go on in log %u: name another daemon's log",
                   act->successor);
  if (om_registry_retired(txn, &before, act->successor, OM_REGISTRY_NOW))
    return om_fail(st, OM_REFUSED, "successor", "log %u has ended itself; its members go on in log %u: name that one",
                   act->successor, om_registry_successor(txn, act->successor, OM_REGISTRY_NOW));
  return om_txn_check(txn, st);
}

/* The registry log goes on, with this act, where it would have ended. */
static enum om_code check_succession(const struct om_case *judged, const Oremark__RetireLog *act,
                                     struct om_status *st) {
  if (judged->statement->n_events != 1)
    return om_act_refuse(st, "succession",
                         "the succession of the registry log is a statement of its own: leave out the others");
  if (act->size == judged->index) return OM_OK;
  return om_fail(st, OM_REFUSED, "succession",
                 "the registry log goes on behind entry %llu, and the act would stand as entry %llu",
                 (unsigned long long)act->size, (unsigned long long)judged->index);
}

static enum om_code succeed(struct om_txn *txn, const struct om_case *judged, const Oremark__RetireLog *act,
                            struct om_status *st) {
  struct om_daemon before;
  enum om_code code = om_registry_daemon(txn, &before, OM_LOG_REGISTRY, OM_REGISTRY_NOW, st);
  if (code == OM_OK) code = om_act_succeed_daemon(txn, judged->index, act->daemon, st);
  if (code == OM_OK) om_registry_put_succession(txn, judged->index, judged->taken_ms, before.origin, act);
  return code;
}

enum om_code om_act_retire_log(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                               uint16_t index, struct om_status *st) {
  (void)index; /* no chain */
  const Oremark__RetireLog *act = event->retire_log;
  uint8_t key[OM_REGISTRY_KEY_BYTES], row[OM_RETIRED_BYTES];
  struct sealers sealers = {.act = act};
  if (event->previous.len != 0) return om_act_refuse(st, "previous", "the end of a log has no act before it");
  bool succeeds = act->log == OM_LOG_REGISTRY;
  enum om_code code = succeeds ? check_succession(judged, act, st) : check_logs(txn, act, st);
  if (code == OM_OK) code = check_seals(txn, &sealers, &judged->network, judged->index, st);
  if (code == OM_OK) code = check_head(&sealers, st);
  if (code == OM_OK && succeeds) return succeed(txn, judged, act, st);
  if (code != OM_OK) return code;
  om_be64(row, act->size);
  memcpy(row + 8, act->root.data, OM_HASH_BYTES);
  om_be32(row + 8 + OM_HASH_BYTES, act->successor);
  om_registry_row_key(key, OM_ROW_RETIRED, act->log, 0, judged->index);
  om_txn_put(txn, OM_TABLE_REGISTRY, key, sizeof key, row, sizeof row);
  return om_txn_check(txn, st);
}
