/* Cosignatures of this daemon's own that its store does not remember. Nobody else can make them: one over more of a log
 * than this store says was ever cosigned proves that the store was lost, or is an older copy than the daemon that
 * signed it had. Then whatever the key has signed besides is not known either. */
#include <stdio.h>
#include <string.h>

#include "ledger/ledger_state.h"
#include "ledger/registry_rows.h"

static uint64_t size_in(struct om_txn *txn, uint32_t log, enum om_head_kind kind) {
  uint8_t key[OM_HEAD_KEY_BYTES];
  struct om_bytes row;
  om_head_key(key, log, kind);
  return om_txn_get(txn, &row, OM_TABLE_HEADS, key, sizeof key) && row.len >= 8 ? om_get64(row.data) : 0;
}

void om_votes_keep(struct om_txn *txn, uint32_t log, uint64_t size) {
  uint8_t key[OM_HEAD_KEY_BYTES], row[8];
  if (size <= size_in(txn, log, OM_HEAD_SIGNED)) return;
  om_head_key(key, log, OM_HEAD_SIGNED);
  om_be64(row, size);
  om_txn_put(txn, OM_TABLE_HEADS, key, sizeof key, row, sizeof row);
}

static uint64_t remembered(struct om_txn *txn, uint32_t log) {
  uint64_t vote = size_in(txn, log, OM_HEAD_VOTE), kept = size_in(txn, log, OM_HEAD_SIGNED);
  return vote > kept ? vote : kept;
}

/* A store that was set back may have voted again, further on, before it meets what it has forgotten. */
static bool passed(struct om_txn *txn, uint32_t log, uint64_t size) {
  uint8_t key[OM_HEAD_KEY_BYTES];
  struct om_bytes row;
  om_head_key(key, log, OM_HEAD_PASSED);
  return om_txn_get(txn, &row, OM_TABLE_HEADS, key, sizeof key) && row.len == 16 && size > om_get64(row.data) &&
         size < om_get64(row.data + 8);
}

/* What was passed over before stays so; but a vote among it, once a restart has set the last one back, ends that there:
 * it is remembered like any other. */
void om_votes_pass(struct om_txn *txn, uint32_t log, uint64_t size) {
  uint8_t key[OM_HEAD_KEY_BYTES], row[16];
  uint64_t before = remembered(txn, log);
  struct om_bytes stands;
  om_head_key(key, log, OM_HEAD_PASSED);
  if (size <= before + 1) {
    if (!passed(txn, log, size) || !om_txn_get(txn, &stands, OM_TABLE_HEADS, key, sizeof key)) return;
    before = om_get64(stands.data);
  }
  om_be64(row, before);
  om_be64(row + 8, size);
  om_txn_put(txn, OM_TABLE_HEADS, key, sizeof key, row, sizeof row);
}

/* The registry size with which the key was named that has cosigned NOTE for OWN's daemon; 0: none has. */
static uint64_t signed_with(struct om_txn *txn, uint32_t own, const struct om_note *note) {
  uint8_t key[OM_REGISTRY_KEY_BYTES];
  struct om_bytes found, row;
  for (uint64_t as_of = OM_REGISTRY_NOW; as_of > 0;) {
    char origin[OM_NAME_BYTES + 1];
    struct om_status none;
    uint64_t time_s;
    om_registry_row_key(key, OM_ROW_DAEMON, own, 0, as_of - 1);
    if (!om_txn_last(txn, &found, &row, OM_TABLE_REGISTRY, key, sizeof key, OM_REGISTRY_SUBJECT_BYTES) ||
        row.len < OM_ROW_DAEMON_BYTES)
      return 0;
    as_of = om_get64(found.data + OM_REGISTRY_SUBJECT_BYTES);
    snprintf(origin, sizeof origin, "%.*s", (int)(row.len - OM_ROW_DAEMON_BYTES),
             (const char *)row.data + OM_ROW_DAEMON_BYTES);
    if (om_note_verify_cosignature(note, &time_s, origin, row.data + 4 + OM_PUBLIC_BYTES, &none) == OM_OK)
      return as_of + 1;
  }
  return 0;
}

enum om_code om_votes_look(struct om_batch *batch, uint32_t log, const struct om_note *note, uint64_t size,
                           struct om_status *st) {
  uint32_t own = batch->ledger->own_log;
  if (own == OM_LOG_NONE || log == own || (size <= remembered(batch->txn, log) && !passed(batch->txn, log, size)))
    return om_txn_check(batch->txn, st);
  uint64_t named = signed_with(batch->txn, own, note);
  return named == 0 ? om_txn_check(batch->txn, st) : om_votes_lost(batch, named, st);
}
