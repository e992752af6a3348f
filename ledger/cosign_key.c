/* With which key this daemon may cosign: one that has surely signed nothing that is not known here any more. */
#include <string.h>

#include "keys/sign.h"
#include "ledger/ledger_state.h"
#include "ledger/registry_rows.h"

/* How much of the registry the own log had marked as far as it had to be taken back, or had named the key that proves
 * the loss (votes.c): keys that are named there may have signed what is forgotten. */
static const char meta_votes_lost[] = "votes-lost";

enum om_code om_votes_lost(struct om_batch *batch, uint64_t registry_size, struct om_status *st) {
  uint8_t row[8];
  struct om_bytes before;
  if (om_txn_get(batch->txn, &before, OM_TABLE_META, meta_votes_lost, sizeof meta_votes_lost - 1) && before.len == 8 &&
      om_get64(before.data) >= registry_size)
    return om_txn_check(batch->txn, st);
  om_be64(row, registry_size);
  om_txn_put(batch->txn, OM_TABLE_META, meta_votes_lost, sizeof meta_votes_lost - 1, row, sizeof row);
  return om_txn_check(batch->txn, st);
}

/* Has the registry up to AS_OF ever named KEY as the one that LOG's daemon cosigns with? */
static bool ever_named(struct om_txn *txn, uint32_t log, const uint8_t key[OM_PUBLIC_BYTES], uint64_t as_of) {
  uint8_t row_key[OM_REGISTRY_KEY_BYTES];
  struct om_bytes found, row;
  while (as_of > 0) {
    om_registry_row_key(row_key, OM_ROW_DAEMON, log, 0, as_of - 1);
    if (!om_txn_last(txn, &found, &row, OM_TABLE_REGISTRY, row_key, sizeof row_key, OM_REGISTRY_SUBJECT_BYTES) ||
        row.len < OM_ROW_DAEMON_BYTES)
      return false;
    if (memcmp(row.data + 4 + OM_PUBLIC_BYTES, key, OM_PUBLIC_BYTES) == 0) return true;
    as_of = om_get64(found.data + OM_REGISTRY_SUBJECT_BYTES);
  }
  return false;
}

/* The registry as LOG has marked it below SIZE. */
static uint64_t marked(struct om_txn *txn, uint32_t log, uint64_t size) {
  return log == OM_LOG_REGISTRY ? size : om_log_mark(txn, log, OM_LOG_REGISTRY, size);
}

/* Is all of the own log held, up to an end? Then it can show no key any more, and the registry log does in its place:
 * that has to be enough, as long as nothing was lost. */
static bool has_ended(const struct om_log_info *own) {
  return own->retired && own->size >= own->end.size;
}

static uint64_t registry_final(struct om_txn *txn) {
  struct om_log_info info;
  struct om_status none;
  return om_log_info(txn, &info, OM_LOG_REGISTRY, &none) == OM_OK ? info.head_size : 0;
}

/* A key that has replaced another signs nothing before the own log's final entries show it: so a store that was lost
 * and is filled from them knows with which keys it may have signed. */
static enum om_code usable(struct om_txn *txn, uint32_t own, const uint8_t key[OM_PUBLIC_BYTES], struct om_status *st) {
  struct om_bytes lost;
  struct om_log_info info;
  bool votes_lost = om_txn_get(txn, &lost, OM_TABLE_META, meta_votes_lost, sizeof meta_votes_lost - 1) && lost.len == 8;
  if (votes_lost && ever_named(txn, own, key, om_get64(lost.data)))
    return om_fail(st, OM_REFUSED, OM_RULE_VOTES,
                   "this daemon's store was lost or restored from an old copy: make a new cosign key and have the "
                   "governors replace it (oremark member replace-cosign-key)");
  if (om_log_info(txn, &info, own, st) != OM_OK) return st->code;
  uint64_t begun = info.size == 0 ? OM_REGISTRY_NOW : marked(txn, own, 1), shown = marked(txn, own, info.final_size);
  if (ever_named(txn, own, key, begun) || ever_named(txn, own, key, shown)) return om_txn_check(txn, st);
  if (has_ended(&info) && ever_named(txn, own, key, registry_final(txn))) {
    if (!votes_lost) return om_txn_check(txn, st);
    return om_fail(st, OM_REFUSED, OM_RULE_VOTES,
                   "this daemon's store was lost or restored from an old copy, and %s has ended: with which keys it "
                   "cosigned since can't be known; have the governors name another witness (oremark network "
                   "set-witnesses)",
                   info.origin);
  }
  if (om_txn_check(txn, st) != OM_OK) return st->code;
  return om_fail(st, OM_IO, OM_RULE_COSIGN_KEY,
                 "the cosign key in the keys folder is not in use yet: the governors must replace the old one (oremark "
                 "member replace-cosign-key), and the final entries of %s show it",
                 info.origin);
}

enum om_code om_votes_check(struct om_batch *batch, const struct om_signers_keys *keys, struct om_status *st) {
  return usable(batch->txn, batch->ledger->own_log, om_secret_public(keys->cosign), st);
}

enum om_code om_cosign_key_check(struct om_txn *txn, uint32_t own, const uint8_t key[OM_PUBLIC_BYTES],
                                 struct om_status *st) {
  struct om_daemon daemon;
  if (own == OM_LOG_NONE) return OM_OK;
  if (usable(txn, own, key, st) != OM_OK) return st->code;
  if (om_registry_daemon(txn, &daemon, own, OM_REGISTRY_NOW, st) != OM_OK) return st->code;
  if (memcmp(daemon.cosign_key, key, OM_PUBLIC_BYTES) == 0) return OM_OK;
  return om_fail(st, OM_IO, OM_RULE_COSIGN_KEY,
                 "the registry names another cosign key for %s than the one in the keys folder: put that one there",
                 daemon.origin);
}
