/* The acts that change who witnesses: SetWitnesses, and RevokeKey of a daemon's cosign key. */
#include "ledger/acts.h"

#include <string.h>

#include "keys/sign.h"
#include "ledger/ledger_state.h"
#include "ledger/registry_rows.h"

static enum om_code refuse(struct om_status *st, const char *rule, const char *why) {
  return om_fail(st, OM_REFUSED, rule, "%s", why);
}

static void put(struct om_txn *txn, enum om_registry_kind kind, uint32_t a, uint64_t since, const void *row,
                size_t len) {
  uint8_t key[OM_REGISTRY_KEY_BYTES];
  om_registry_row_key(key, kind, a, 0, since);
  om_txn_put(txn, OM_TABLE_REGISTRY, key, sizeof key, row, len);
}

/* One change at a time. The registry log itself must be through with the last one; the others follow it one by one, or
 * skip what they were late for. The acts of one statement are one change. */
static enum om_code last_settled(struct om_txn *txn, const struct om_case *judged, struct om_status *st) {
  bool unsettled;
  enum om_code code = om_quorum_unsettled(txn, &unsettled, OM_LOG_REGISTRY, judged->index, st);
  if (code != OM_OK || !unsettled) return code;
  return refuse(st, "unsettled",
                "the last change of the witnesses or their keys is not settled yet: try again when the registry's head "
                "with it is final and recorded");
}

/* ---- SetWitnesses ---- */

enum om_code om_act_quorum_reachable(struct om_txn *txn, uint32_t log, struct om_status *st) {
  struct om_quorum_list now;
  struct om_daemon own;
  enum om_code code = om_registry_daemon(txn, &own, log, OM_REGISTRY_NOW, st);
  if (code == OM_OK) code = om_quorum_list(txn, &now, log, OM_REGISTRY_NOW, st);
  if (code != OM_REFUSED) return code;
  return om_fail(st, OM_REFUSED, "quorum",
                 "log %s has %u operators that may witness it, and %u needed: that can't be reached, or two heads "
                 "could both be final",
                 own.origin, now.operators, now.k);
}

enum om_code om_act_put_witnesses(struct om_txn *txn, uint64_t since, const Oremark__WitnessList *w,
                                  struct om_status *st) {
  uint32_t n_logs = om_registry_daemons(txn, OM_REGISTRY_NOW);
  uint8_t row[4 * (1 + OM_WITNESSES_MAX)];
  OM_ASSERT(w && w->n_logs <= OM_WITNESSES_MAX); /* by its form */
  if (w->n_logs > 0 && w->logs[w->n_logs - 1] >= n_logs)
    return om_fail(st, OM_REFUSED, "witness", "there is no log %u whose daemon could witness", w->logs[w->n_logs - 1]);
  om_be32(row, w->quorum);
  for (size_t i = 0; i < w->n_logs; i++) om_be32(row + 4 + 4 * i, w->logs[i]);
  put(txn, OM_ROW_WITNESSES, 0, since, row, 4 + 4 * w->n_logs);
  return om_txn_check(txn, st);
}

enum om_code om_act_set_witnesses(struct om_txn *txn, const struct om_case *judged, const Oremark__SetWitnesses *act,
                                  struct om_status *st) {
  uint32_t n_logs = om_registry_daemons(txn, OM_REGISTRY_NOW);
  enum om_code code = last_settled(txn, judged, st);
  if (code == OM_OK) code = om_act_put_witnesses(txn, judged->index, act->witnesses, st);
  for (uint32_t log = 0; log < n_logs && code == OM_OK; log++) code = om_act_quorum_reachable(txn, log, st);
  return code;
}

/* ---- RevokeKey ---- */

/* Has KEY ever stood in the row of LOG's daemon, as any of its signing keys? */
static bool ever_of(struct om_txn *txn, uint32_t log, const uint8_t key[OM_PUBLIC_BYTES]) {
  uint8_t row_key[OM_REGISTRY_KEY_BYTES];
  struct om_bytes found, row;
  uint64_t since = UINT64_MAX;
  for (;;) {
    om_registry_row_key(row_key, OM_ROW_DAEMON, log, 0, since);
    if (!om_txn_last(txn, &found, &row, OM_TABLE_REGISTRY, row_key, sizeof row_key, OM_REGISTRY_SUBJECT_BYTES) ||
        row.len < OM_ROW_DAEMON_BYTES)
      return false;
    for (size_t at = 4; at < 4 + 3 * OM_PUBLIC_BYTES; at += OM_PUBLIC_BYTES)
      if (memcmp(row.data + at, key, OM_PUBLIC_BYTES) == 0) return true;
    since = om_get64(found.data + OM_REGISTRY_SUBJECT_BYTES);
    if (since == 0) return false;
    since--;
  }
}

/* The daemon that MEMBER operates and that cosigns with KEY. OM_MISSING: none. */
static enum om_code find_cosigner(struct om_txn *txn, struct om_daemon *out, uint32_t member,
                                  const uint8_t key[OM_PUBLIC_BYTES], struct om_status *st) {
  uint32_t n_logs = om_registry_daemons(txn, OM_REGISTRY_NOW);
  for (uint32_t log = 0; log < n_logs; log++) {
    if (om_registry_daemon(txn, out, log, OM_REGISTRY_NOW, st) != OM_OK) return st->code;
    if (out->operator_member == member && memcmp(out->cosign_key, key, OM_PUBLIC_BYTES) == 0) return OM_OK;
  }
  return OM_MISSING;
}

static void put_daemon(struct om_txn *txn, uint64_t since, const struct om_daemon *d) {
  uint8_t row[OM_ROW_DAEMON_BYTES + OM_NAME_BYTES];
  size_t len = strlen(d->origin);
  om_be32(row, d->operator_member);
  memcpy(row + 4, d->log_key, 32);
  memcpy(row + 36, d->cosign_key, 32);
  memcpy(row + 68, d->witness_key, 32);
  memcpy(row + 100, d->link_key, 32);
  memcpy(row + OM_ROW_DAEMON_BYTES, d->origin, len);
  put(txn, OM_ROW_DAEMON, d->log, since, row, OM_ROW_DAEMON_BYTES + len);
}

enum om_code om_act_revoke_key(struct om_txn *txn, const struct om_case *judged, const Oremark__RevokeKey *act,
                               struct om_status *st) {
  struct om_daemon daemon;
  uint32_t n_logs = om_registry_daemons(txn, OM_REGISTRY_NOW);
  enum om_code code = find_cosigner(txn, &daemon, act->member, act->key.data, st);
  if (code == OM_MISSING)
    return refuse(st, "not-built",
                  "no daemon of that member cosigns with this key, and revoking a member's own key is not built in "
                  "this version");
  if (code != OM_OK) return code;
  if (act->since_entry != 0)
    return refuse(st, "form", "a cosign key adds nothing to the registry: leave out since which entry it ends");
  if (act->replacement.len != OM_PUBLIC_BYTES || !om_public_ok(act->replacement.data))
    return refuse(st, "key", "a cosign key is replaced, not only ended: give the new one, an Ed25519 public key");
  for (uint32_t log = 0; log < n_logs; log++)
    if (ever_of(txn, log, act->replacement.data))
      return om_fail(st, OM_REFUSED, "key", "the daemon of log %u has, or had, that key: make another one", log);
  code = last_settled(txn, judged, st);
  if (code != OM_OK) return code;
  memcpy(daemon.cosign_key, act->replacement.data, sizeof daemon.cosign_key);
  put_daemon(txn, judged->index, &daemon);
  return om_txn_check(txn, st);
}
