#include "ledger/times.h"

#include <stdlib.h>
#include <string.h>

enum {
  KEPT_KEY_BYTES = 4 + 8,
  MARKED_KEY_BYTES = 4 + 8 + 4 + 8,
  TIME_BYTES = 8,
};

static void kept_key(uint8_t out[KEPT_KEY_BYTES], uint32_t log, uint64_t size) {
  om_be32(out, log);
  om_be64(out + 4, size);
}

/* A later head covers all that an earlier one does: within one stretch of time the last is enough. */
void om_times_keep(struct om_txn *txn, uint32_t log, uint64_t size, uint64_t time_s, const uint8_t *note, size_t len) {
  uint8_t key[KEPT_KEY_BYTES], before[KEPT_KEY_BYTES];
  struct om_bytes found, row;
  if (time_s == 0) return;
  kept_key(key, log, size);
  if (om_txn_last(txn, &found, &row, OM_TABLE_TIMES, key, sizeof key, 4) && found.len == sizeof before &&
      row.len > TIME_BYTES && om_get64(row.data) / OM_TIMES_EVERY_S == time_s / OM_TIMES_EVERY_S) {
    memcpy(before, found.data, sizeof before);
    om_txn_del(txn, OM_TABLE_TIMES, before, sizeof before);
  }
  uint8_t *out = malloc(TIME_BYTES + len);
  OM_ASSERT(out);
  om_be64(out, time_s);
  memcpy(out + TIME_BYTES, note, len);
  om_txn_put(txn, OM_TABLE_TIMES, key, sizeof key, out, TIME_BYTES + len);
  free(out);
}

void om_times_marked(struct om_txn *txn, uint32_t marked, uint64_t size, uint32_t log, uint64_t index,
                     uint64_t time_s) {
  uint8_t key[MARKED_KEY_BYTES], row[TIME_BYTES];
  if (time_s == 0) return;
  kept_key(key, marked, size);
  om_be32(key + KEPT_KEY_BYTES, log);
  om_be64(key + KEPT_KEY_BYTES + 4, index);
  om_be64(row, time_s);
  om_txn_put(txn, OM_TABLE_COVERED, key, sizeof key, row, sizeof row);
}

void om_times_cut(struct om_txn *txn, uint32_t log, uint64_t size) {
  uint8_t key[KEPT_KEY_BYTES];
  struct om_bytes found, row;
  kept_key(key, log, size + 1);
  while (om_txn_next(txn, &found, &row, OM_TABLE_TIMES, key, sizeof key) && found.len == sizeof key &&
         memcmp(found.data, key, 4) == 0) {
    memcpy(key, found.data, sizeof key);
    om_txn_del(txn, OM_TABLE_TIMES, key, sizeof key);
  }
}

/* TABLE's first row of LOG over more than INDEX entries. */
static bool first_over(struct om_txn *txn, struct om_time_of *out, enum om_table table, size_t key_len, uint32_t log,
                       uint64_t index) {
  uint8_t key[KEPT_KEY_BYTES];
  struct om_bytes found, row;
  kept_key(key, log, index + 1);
  if (!om_txn_next(txn, &found, &row, table, key, sizeof key) || found.len != key_len ||
      memcmp(found.data, key, 4) != 0 || row.len < TIME_BYTES)
    return false;
  *out = (struct om_time_of){.size = om_get64(found.data + 4), .time_s = om_get64(row.data)};
  if (key_len == KEPT_KEY_BYTES) return true;
  out->marked = true;
  out->log = om_get32(found.data + KEPT_KEY_BYTES);
  out->index = om_get64(found.data + KEPT_KEY_BYTES + 4);
  return true;
}

bool om_times_first(struct om_txn *txn, struct om_time_of *out, uint32_t log, uint64_t index) {
  struct om_time_of kept, marked;
  bool is_kept = first_over(txn, &kept, OM_TABLE_TIMES, KEPT_KEY_BYTES, log, index);
  bool is_marked = first_over(txn, &marked, OM_TABLE_COVERED, MARKED_KEY_BYTES, log, index);
  if (!is_kept && !is_marked) return false;
  *out = !is_kept || (is_marked && marked.time_s < kept.time_s) ? marked : kept;
  return true;
}

bool om_times_note(struct om_txn *txn, struct om_bytes *note, uint32_t log, uint64_t size) {
  uint8_t key[KEPT_KEY_BYTES];
  kept_key(key, log, size);
  if (!om_txn_get(txn, note, OM_TABLE_TIMES, key, sizeof key) || note->len <= TIME_BYTES) return false;
  note->data += TIME_BYTES;
  note->len -= TIME_BYTES;
  return true;
}

uint64_t om_times_final(struct om_txn *txn, uint32_t log, uint64_t index) {
  struct om_time_of first;
  return om_times_first(txn, &first, log, index) ? first.time_s : 0;
}
