#include "ledger/queued.h"

#include <string.h>

#include "ledger/ledger_state.h"

/* Rows of the table, by the first byte of their key:
 *   'n'                    next sequence (8), queued (8), their bytes (8), refusals (8)
 *   'q' sequence (8)       time (8), statement's key, SignedStatement
 *   'x' sequence (8)       statement's key, code (1), length of the rule (1), rule, why
 *   'i' statement's key    'q' or 'x', sequence (8): where it stands above */
enum {
  SEQUENCE_KEY_BYTES = 9,
  INDEX_KEY_BYTES = 1 + OM_STATEMENT_KEY_BYTES,
  INDEX_ROW_BYTES = 9,
  COUNTS_BYTES = 32,
  QUEUED_HEAD_BYTES = 8 + OM_STATEMENT_KEY_BYTES,
  REFUSAL_HEAD_BYTES = OM_STATEMENT_KEY_BYTES + 2,
};

struct counts {
  uint64_t next, queued, bytes, refusals;
};

static void read_counts(struct om_txn *txn, struct counts *out) {
  struct om_bytes row;
  *out = (struct counts){0};
  if (!om_txn_get(txn, &row, OM_TABLE_QUEUE, "n", 1) || row.len != COUNTS_BYTES) return;
  *out = (struct counts){om_get64(row.data), om_get64(row.data + 8), om_get64(row.data + 16), om_get64(row.data + 24)};
}

static void write_counts(struct om_txn *txn, const struct counts *counts) {
  uint8_t row[COUNTS_BYTES];
  om_be64(row, counts->next);
  om_be64(row + 8, counts->queued);
  om_be64(row + 16, counts->bytes);
  om_be64(row + 24, counts->refusals);
  om_txn_put(txn, OM_TABLE_QUEUE, "n", 1, row, sizeof row);
}

static void sequence_key(uint8_t out[SEQUENCE_KEY_BYTES], uint8_t kind, uint64_t sequence) {
  out[0] = kind;
  om_be64(out + 1, sequence);
}

static void index_key(uint8_t out[INDEX_KEY_BYTES], const Oremark__Statement *s, const struct om_hash *id) {
  out[0] = 'i';
  om_statement_key(out + 1, s, id);
}

/* Where the statement of the index KEY stands: 'q', 'x', or 0 for nowhere. */
static uint8_t find(struct om_txn *txn, uint64_t *sequence, const uint8_t key[INDEX_KEY_BYTES]) {
  struct om_bytes row;
  if (!om_txn_get(txn, &row, OM_TABLE_QUEUE, key, INDEX_KEY_BYTES) || row.len != INDEX_ROW_BYTES) return 0;
  *sequence = om_get64(row.data + 1);
  return row.data[0];
}

static void put_index(struct om_txn *txn, const uint8_t key[INDEX_KEY_BYTES], uint8_t kind, uint64_t sequence) {
  uint8_t row[INDEX_ROW_BYTES];
  sequence_key(row, kind, sequence);
  om_txn_put(txn, OM_TABLE_QUEUE, key, INDEX_KEY_BYTES, row, sizeof row);
}

uint64_t om_queued_count(struct om_txn *txn) {
  struct counts counts;
  read_counts(txn, &counts);
  return counts.queued;
}

/* ---- in ---- */

static enum om_code put(struct om_txn *txn, struct counts *counts, const uint8_t index[INDEX_KEY_BYTES],
                        const struct om_checked *checked, int64_t now_ms, struct om_status *st) {
  uint8_t key[SEQUENCE_KEY_BYTES], row[QUEUED_HEAD_BYTES + OM_STATEMENT_MAX_BYTES];
  if (counts->queued >= OM_QUEUED_MAX || counts->bytes + checked->len > OM_QUEUED_MAX_BYTES)
    return om_fail(st, OM_BUSY, "queue-full",
                   "this daemon still waits for its witnesses, and its queue is full (%llu statements): submit this "
                   "again once 'oremark status' says that it is ready",
                   (unsigned long long)counts->queued);
  sequence_key(key, 'q', counts->next);
  om_be64(row, (uint64_t)now_ms);
  memcpy(row + 8, index + 1, OM_STATEMENT_KEY_BYTES);
  memcpy(row + QUEUED_HEAD_BYTES, checked->bytes, checked->len);
  om_txn_put(txn, OM_TABLE_QUEUE, key, sizeof key, row, QUEUED_HEAD_BYTES + checked->len);
  put_index(txn, index, 'q', counts->next);
  counts->next++;
  counts->queued++;
  counts->bytes += checked->len;
  write_counts(txn, counts);
  return om_txn_check(txn, st);
}

enum om_code om_batch_queue(struct om_batch *batch, struct om_receipt *out, const struct om_checked *checked,
                            int64_t now_ms, struct om_status *st) {
  struct counts counts;
  uint64_t sequence;
  uint8_t key[INDEX_KEY_BYTES];
  enum om_code code = om_statement_times(checked->statement, now_ms, st);
  if (code != OM_OK) return code;
  *out = (struct om_receipt){.statement_id = checked->statement_id, .log = OM_LOG_NONE, .queued = true};
  index_key(key, checked->statement, &checked->statement_id);
  if (find(batch->txn, &sequence, key) == 'q') return OM_OK;
  read_counts(batch->txn, &counts);
  return put(batch->txn, &counts, key, checked, now_ms, st);
}

/* ---- out ---- */

/* The queued statement of SEQUENCE and index KEY is done with. */
static void take_out(struct om_txn *txn, const uint8_t index[INDEX_KEY_BYTES], uint64_t sequence) {
  uint8_t key[SEQUENCE_KEY_BYTES];
  struct counts counts;
  struct om_bytes row;
  sequence_key(key, 'q', sequence);
  if (!om_txn_get(txn, &row, OM_TABLE_QUEUE, key, sizeof key)) return;
  read_counts(txn, &counts);
  counts.queued--;
  counts.bytes -= row.len - QUEUED_HEAD_BYTES;
  om_txn_del(txn, OM_TABLE_QUEUE, key, sizeof key);
  om_txn_del(txn, OM_TABLE_QUEUE, index, INDEX_KEY_BYTES);
  write_counts(txn, &counts);
}

/* The eldest refusal makes room; its index goes only if it still speaks of it. */
static void forget_eldest(struct om_txn *txn, struct counts *counts) {
  uint8_t first[SEQUENCE_KEY_BYTES], key[SEQUENCE_KEY_BYTES], index[INDEX_KEY_BYTES];
  struct om_bytes found, row;
  uint64_t sequence;
  sequence_key(first, 'x', 0);
  if (!om_txn_next(txn, &found, &row, OM_TABLE_QUEUE, first, sizeof first)) return;
  if (found.len != sizeof key || found.data[0] != 'x' || row.len < REFUSAL_HEAD_BYTES) return;
  memcpy(key, found.data, sizeof key);
  index[0] = 'i';
  memcpy(index + 1, row.data, OM_STATEMENT_KEY_BYTES);
  om_txn_del(txn, OM_TABLE_QUEUE, key, sizeof key);
  counts->refusals--;
  if (find(txn, &sequence, index) == 'x' && sequence == om_get64(key + 1))
    om_txn_del(txn, OM_TABLE_QUEUE, index, sizeof index);
}

static void note_refusal(struct om_txn *txn, const uint8_t index[INDEX_KEY_BYTES], const struct om_status *why) {
  uint8_t key[SEQUENCE_KEY_BYTES], row[REFUSAL_HEAD_BYTES + OM_STATUS_RULE_BYTES + OM_STATUS_TEXT_BYTES];
  size_t rule = strlen(why->rule), text = strlen(why->text);
  struct counts counts;
  read_counts(txn, &counts);
  while (counts.refusals >= OM_QUEUED_REFUSALS_MAX) {
    uint64_t before = counts.refusals;
    forget_eldest(txn, &counts);
    if (counts.refusals == before) break;
  }
  memcpy(row, index + 1, OM_STATEMENT_KEY_BYTES);
  row[OM_STATEMENT_KEY_BYTES] = (uint8_t)why->code;
  row[OM_STATEMENT_KEY_BYTES + 1] = (uint8_t)rule;
  memcpy(row + REFUSAL_HEAD_BYTES, why->rule, rule);
  memcpy(row + REFUSAL_HEAD_BYTES + rule, why->text, text);
  sequence_key(key, 'x', counts.next);
  om_txn_put(txn, OM_TABLE_QUEUE, key, sizeof key, row, REFUSAL_HEAD_BYTES + rule + text);
  put_index(txn, index, 'x', counts.next);
  counts.next++;
  counts.refusals++;
  write_counts(txn, &counts);
}

/* Whether CODE, with which om_batch_submit came back, is a last word on the statement, and not on the store, the clock
 * or the moment. */
static bool is_last_word(enum om_code code) {
  switch (code) {
    case OM_OK:
    case OM_NO:
    case OM_USAGE:
    case OM_MALFORMED:
    case OM_REFUSED:
    case OM_MISSING: return true;
    case OM_IO:
    case OM_FULL:
    case OM_BUSY:
    case OM_CORRUPT:
    case OM_WAIT: return false;
  }
  return false;
}

enum om_code om_batch_resubmit(struct om_batch *batch, struct om_receipt *out, struct om_checked *checked,
                               int64_t taken_ms, struct om_status *st) {
  uint8_t key[INDEX_KEY_BYTES];
  uint64_t sequence = 0;
  uint8_t kind = 0;
  struct counts counts;
  read_counts(batch->txn, &counts);
  index_key(key, checked->statement, &checked->statement_id);
  if (counts.queued > 0) kind = find(batch->txn, &sequence, key);
  enum om_code code = om_batch_submit(batch, out, checked, taken_ms, st);
  if (kind != 'q') return code;
  if (code == OM_WAIT) {
    *out = (struct om_receipt){.statement_id = checked->statement_id, .log = OM_LOG_NONE, .queued = true};
    return OM_OK;
  }
  if (!is_last_word(code)) return code;
  struct om_status why = *st;
  take_out(batch->txn, key, sequence);
  if (code != OM_OK) note_refusal(batch->txn, key, &why);
  return om_txn_check(batch->txn, st) != OM_OK ? st->code : (*st = why, code);
}

/* Submits the queued statement of ROW. Its signatures are checked as it is judged. */
static enum om_code submit(struct om_batch *batch, struct om_drain *drain, struct om_bytes row, uint64_t sequence,
                           int64_t taken_ms, struct om_status *st) {
  struct om_arena arena = {0};
  struct om_checked *checked;
  struct om_receipt receipt;
  uint8_t index[INDEX_KEY_BYTES] = {'i'};
  memcpy(index + 1, row.data + 8, OM_STATEMENT_KEY_BYTES);
  om_status_clear(st);
  enum om_code code = om_check_statement(&checked, &arena, &batch->ledger->network, NULL, row.data + QUEUED_HEAD_BYTES,
                                         row.len - QUEUED_HEAD_BYTES, st);
  if (code == OM_OK)
    code = om_batch_resubmit(batch, &receipt, checked, taken_ms, st);
  else if (is_last_word(code)) /* taken in by another version of this program */
    take_out(batch->txn, index, sequence);
  om_arena_free(&arena);
  if (code == OM_OK || !is_last_word(code)) return code;
  if (drain->refused) drain->refused(drain->ctx, index + INDEX_KEY_BYTES - OM_HASH_BYTES, st);
  return om_txn_check(batch->txn, st);
}

enum om_code om_batch_drain(struct om_batch *batch, struct om_drain *drain, size_t max, int64_t taken_ms,
                            struct om_status *st) {
  uint8_t key[SEQUENCE_KEY_BYTES];
  struct om_bytes found, row;
  drain->done = false;
  for (size_t i = 0; i < max; i++) {
    sequence_key(key, 'q', drain->next);
    if (!om_txn_next(batch->txn, &found, &row, OM_TABLE_QUEUE, key, sizeof key) || found.len != sizeof key ||
        found.data[0] != 'q' || row.len < QUEUED_HEAD_BYTES) {
      drain->done = true;
      break;
    }
    uint64_t sequence = om_get64(found.data + 1);
    enum om_code code = submit(batch, drain, row, sequence, taken_ms, st);
    if (code != OM_OK) return code;
    drain->next = sequence + 1;
  }
  return om_txn_check(batch->txn, st);
}

/* ---- asking ---- */

static void read_refusal(struct om_txn *txn, struct om_status *why, uint64_t sequence) {
  uint8_t key[SEQUENCE_KEY_BYTES];
  struct om_bytes row;
  sequence_key(key, 'x', sequence);
  om_fail(why, OM_REFUSED, NULL, "it was refused");
  if (!om_txn_get(txn, &row, OM_TABLE_QUEUE, key, sizeof key) || row.len < REFUSAL_HEAD_BYTES) return;
  const uint8_t *head = row.data + OM_STATEMENT_KEY_BYTES;
  size_t rule = head[1], text = row.len - REFUSAL_HEAD_BYTES - rule;
  if (REFUSAL_HEAD_BYTES + rule > row.len || rule >= sizeof why->rule || text >= sizeof why->text) return;
  *why = (struct om_status){.code = (enum om_code)head[0]};
  memcpy(why->rule, head + 2, rule);
  memcpy(why->text, head + 2 + rule, text);
}

enum om_code om_queued_find(struct om_txn *txn, bool *refused, struct om_status *why, uint32_t member,
                            int64_t signed_ms, const struct om_hash *id, struct om_status *st) {
  uint8_t key[INDEX_KEY_BYTES];
  uint64_t sequence;
  Oremark__Statement s = OREMARK__STATEMENT__INIT;
  s.member = member;
  s.signed_ms = signed_ms;
  index_key(key, &s, id);
  uint8_t kind = find(txn, &sequence, key);
  if (om_txn_check(txn, st) != OM_OK) return st->code;
  if (kind != 'q' && kind != 'x') return om_fail(st, OM_MISSING, NULL, "the statement is not queued here");
  *refused = kind == 'x';
  if (*refused) read_refusal(txn, why, sequence);
  return OM_OK;
}
