/* The heads that a log has recorded of itself, as entries, at each change of its witnesses. */
#include <string.h>

#include "ledger/ledger_state.h"

enum { MARKED_BYTES = 8 }; /* of a mark's key: the log and the log that is marked, here the same */

/* Where LOG's first mark of itself behind FROM stands: a head is recorded by an entry that it does not cover. */
static bool find(struct om_txn *txn, uint64_t *index, uint64_t *size, uint32_t log, uint64_t from) {
  uint8_t key[OM_MARK_KEY_BYTES];
  struct om_bytes found, row;
  om_mark_key(key, log, log, from);
  for (bool more = om_txn_next(txn, &found, &row, OM_TABLE_MARKS, key, sizeof key);
       more && found.len == sizeof key && memcmp(found.data, key, MARKED_BYTES) == 0 && row.len == 8;
       more = om_txn_step(txn, &found, &row, OM_TABLE_MARKS)) {
    *index = om_get64(found.data + MARKED_BYTES);
    *size = om_get64(row.data);
    if (*size > from) return true;
  }
  return false;
}

enum om_code om_head_recorded(struct om_txn *txn, uint8_t *note, size_t *len, uint64_t *size, uint32_t log,
                              uint64_t from, struct om_status *st) {
  uint64_t index;
  struct om_bytes bytes;
  if (!find(txn, &index, size, log, from)) {
    if (om_txn_check(txn, st) != OM_OK) return st->code;
    return om_fail(st, OM_MISSING, NULL, "log %u has recorded no head of itself beyond %llu", log,
                   (unsigned long long)from);
  }
  enum om_code code = om_log_entry(txn, &bytes, log, index, st);
  if (code != OM_OK) return code;
  Oremark__Entry *entry = oremark__entry__unpack(NULL, bytes.len, bytes.data);
  const Oremark__Mark *mark = entry && entry->what_case == OREMARK__ENTRY__WHAT_MARK ? entry->mark : NULL;
  if (mark && mark->checkpoint.len <= OM_MARK_NOTE_MAX_BYTES) {
    *len = mark->checkpoint.len;
    memcpy(note, mark->checkpoint.data, *len);
  } else {
    code = om_fail(st, OM_CORRUPT, NULL, "entry %llu of log %u holds no mark: " OM_STORE_DAMAGED,
                   (unsigned long long)index, log);
  }
  if (entry) oremark__entry__free_unpacked(entry, NULL);
  return code;
}
