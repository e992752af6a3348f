/* The acts that change who witnesses: SetWitnesses, and RevokeKey of a daemon's cosign key. */
#include <string.h>

#include "keys/sign.h"
#include "ledger/acts_parts.h"
#include "ledger/ledger_state.h"

/* One change at a time. The registry log itself must be through with the last one; the others follow it one by one, or
 * skip what they were late for. The acts of one statement are one change. */
static enum om_code last_settled(struct om_txn *txn, const struct om_case *judged, struct om_status *st) {
  bool unsettled;
  enum om_code code = om_quorum_unsettled(txn, &unsettled, OM_LOG_REGISTRY, judged->index, st);
  if (code != OM_OK || !unsettled) return code;
  return om_act_refuse(
      st, "unsettled",
      "the last change of the witnesses or their keys is not settled yet: try again when the registry's head "
      "with it is final and recorded");
}

/* ---- quorums ---- */

uint32_t om_quorum_size(uint32_t w, uint32_t override) {
  if (w == 0) return 0;
  return override ? override : 2 * w / 3 + 1;
}

bool om_quorum_safe(uint32_t w, uint32_t k) {
  return w > 0 && k <= w && 2 * k > w + (w - 1) / 3;
}

enum om_code om_act_quorum_reachable(struct om_txn *txn, uint32_t log, struct om_status *st) {
  struct om_quorum_list now;
  struct om_daemon own;
  enum om_code code = om_registry_daemon(txn, &own, log, OM_REGISTRY_NOW, st);
  if (code == OM_OK) code = om_quorum_list(txn, &now, log, OM_REGISTRY_NOW, st);
  if (code != OM_REFUSED) return code;
  return om_fail(st, OM_REFUSED, OM_RULE_QUORUM,
                 "log %s has %u operators that may witness it, and %u needed: that can't be reached, or two heads "
                 "could both be final",
                 own.origin, now.operators, now.k);
}

/* ---- SetWitnesses ---- */

enum om_code om_act_put_witnesses(struct om_txn *txn, uint64_t since, const Oremark__WitnessList *w,
                                  struct om_status *st) {
  uint32_t n_logs = om_registry_daemons(txn, OM_REGISTRY_NOW);
  OM_ASSERT(w && w->n_logs <= OM_WITNESSES_MAX); /* by its form */
  if (w->n_logs > 0 && w->logs[w->n_logs - 1] >= n_logs)
    return om_fail(st, OM_REFUSED, "witness", "there is no log %u whose daemon could witness", w->logs[w->n_logs - 1]);
  om_act_put_numbers(txn, OM_ROW_WITNESSES, since, w->quorum, w->logs, w->n_logs);
  return om_txn_check(txn, st);
}

enum om_code om_act_set_witnesses(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                                  uint16_t index, struct om_status *st) {
  uint32_t n_logs = om_registry_daemons(txn, OM_REGISTRY_NOW);
  enum om_code code = om_act_chain(txn, judged, OM_SUBJECT_WITNESSES, 0, event, index, st);
  if (code == OM_OK) code = last_settled(txn, judged, st);
  if (code == OM_OK) code = om_act_put_witnesses(txn, judged->index, event->set_witnesses->witnesses, st);
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

enum om_code om_act_cosigner(struct om_txn *txn, struct om_daemon *out, uint32_t member,
                             const uint8_t key[OM_PUBLIC_BYTES], struct om_status *st) {
  uint32_t n_logs = om_registry_daemons(txn, OM_REGISTRY_NOW);
  for (uint32_t log = 0; log < n_logs; log++) {
    if (om_registry_daemon(txn, out, log, OM_REGISTRY_NOW, st) != OM_OK) return st->code;
    if (out->operator_member == member && memcmp(out->cosign_key, key, OM_PUBLIC_BYTES) == 0) return OM_OK;
  }
  return OM_MISSING;
}

enum om_code om_act_replace_cosign_key(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                                       uint16_t index, struct om_status *st) {
  (void)index; /* the chain is RevokeKey's */
  const Oremark__RevokeKey *act = event->revoke_key;
  struct om_daemon daemon;
  uint32_t n_logs = om_registry_daemons(txn, OM_REGISTRY_NOW);
  enum om_code code = om_act_cosigner(txn, &daemon, act->member, act->key.data, st);
  if (code != OM_OK) return code;
  if (act->since_entry != 0)
    return om_act_refuse(st, "form", "a cosign key adds nothing to the registry: leave out since which entry it ends");
  if (act->replacement.len != OM_PUBLIC_BYTES || !om_public_ok(act->replacement.data))
    return om_act_refuse(st, "key",
                         "a cosign key is replaced, not only ended: give the new one, an Ed25519 public key");
  for (uint32_t log = 0; log < n_logs; log++)
    if (ever_of(txn, log, act->replacement.data))
      return om_fail(st, OM_REFUSED, "key", "the daemon of log %u has, or had, that key: make another one", log);
  code = om_act_no_member_key(txn, act->member, act->replacement.data, st);
  if (code != OM_OK) return code;
  code = last_settled(txn, judged, st);
  if (code != OM_OK) return code;
  memcpy(daemon.cosign_key, act->replacement.data, sizeof daemon.cosign_key);
  om_act_put_daemon(txn, judged->index, &daemon);
  return om_txn_check(txn, st);
}
