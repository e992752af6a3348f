/* A history that has lost: this daemon has applied entries of a log, and a quorum has signed a head that contradicts
 * them and is beyond what is final here. Everybody follows the quorum (DESIGN section 3), so what follows from entries
 * is made anew without them (rebuild.h), and the log is followed again towards that head, which is awaited here.
 *
 * Votes. A witness whose vote stands on the losing history votes for the awaited head instead, though it does not grow
 * out of the one that it voted for. That is safe: a head that contradicts a final one would need a quorum too, the two
 * would meet in an honest operator while no more than f lie, and an honest one votes for the second only in this very
 * way, that is, if it is final already. So nothing on the losing history becomes final whatever this witness says, and
 * nobody leans on what is not final. Until the awaited head is final here, by the log's own entries, this daemon
 * cosigns no head of that log at all.
 *
 * Doubt. A home whose store was lost goes on from what most of its witnesses hold; one that held more meets entries
 * that are invalid after its own. Nobody has signed anything then that would show who is wrong, so what is not final is
 * fetched anew, and the vote stays: what does not grow out of it is cosigned only after a final head has contradicted
 * it. */
#include <string.h>

#include "ledger/ledger_state.h"
#include "ledger/rebuild.h"

enum { AWAITED_ROW_BYTES = 8 + 8 + 1 + OM_HASH_BYTES }; /* size, where it was cut, whether it is still to be; root */

struct awaited {
  uint64_t size, cut;
  bool due; /* what is held is still the other history */
  struct om_hash root;
  struct om_bytes note;
};

static bool get_awaited(struct om_txn *txn, struct awaited *out, uint32_t log) {
  uint8_t key[OM_HEAD_KEY_BYTES];
  struct om_bytes row;
  om_head_key(key, log, OM_HEAD_AWAITED);
  if (!om_txn_get(txn, &row, OM_TABLE_HEADS, key, sizeof key) || row.len <= AWAITED_ROW_BYTES) return false;
  out->size = om_get64(row.data);
  out->cut = om_get64(row.data + 8);
  out->due = row.data[16] != 0;
  memcpy(out->root.bytes, row.data + 17, OM_HASH_BYTES);
  out->note = (struct om_bytes){row.data + AWAITED_ROW_BYTES, row.len - AWAITED_ROW_BYTES};
  return true;
}

static void put_awaited(struct om_txn *txn, uint32_t log, const struct awaited *in) {
  uint8_t key[OM_HEAD_KEY_BYTES], row[AWAITED_ROW_BYTES + OM_NOTE_BYTES_MAX];
  OM_ASSERT(in->note.len <= OM_NOTE_BYTES_MAX);
  om_head_key(key, log, OM_HEAD_AWAITED);
  om_be64(row, in->size);
  om_be64(row + 8, in->cut);
  row[16] = in->due;
  memcpy(row + 17, in->root.bytes, OM_HASH_BYTES);
  memcpy(row + AWAITED_ROW_BYTES, in->note.data, in->note.len);
  om_txn_put(txn, OM_TABLE_HEADS, key, sizeof key, row, AWAITED_ROW_BYTES + in->note.len);
}

static void drop(struct om_txn *txn, uint32_t log, enum om_head_kind kind) {
  uint8_t key[OM_HEAD_KEY_BYTES];
  om_head_key(key, log, kind);
  om_txn_del(txn, OM_TABLE_HEADS, key, sizeof key);
}

enum {
  DOUBT_ROW_BYTES = 8 + 1 + 1,
  DOUBTS_MAX = 8, /* of one log: a home loses its store seldom, and each time costs all tables to be made anew */
};

struct doubt {
  uint64_t cut;
  uint8_t times;
  bool due;
};

static bool get_doubt(struct om_txn *txn, struct doubt *out, uint32_t log) {
  uint8_t key[OM_HEAD_KEY_BYTES];
  struct om_bytes row;
  om_head_key(key, log, OM_HEAD_DOUBT);
  if (!om_txn_get(txn, &row, OM_TABLE_HEADS, key, sizeof key) || row.len != DOUBT_ROW_BYTES) return false;
  *out = (struct doubt){om_get64(row.data), row.data[8], row.data[9] != 0};
  return true;
}

static void put_doubt(struct om_txn *txn, uint32_t log, const struct doubt *in) {
  uint8_t key[OM_HEAD_KEY_BYTES], row[DOUBT_ROW_BYTES];
  om_head_key(key, log, OM_HEAD_DOUBT);
  om_be64(row, in->cut);
  row[8] = in->times;
  row[9] = in->due;
  om_txn_put(txn, OM_TABLE_HEADS, key, sizeof key, row, sizeof row);
}

/* ---- it has lost ---- */

enum om_code om_lost_doubt(struct om_batch *batch, bool *doubted, const struct om_log_state *state,
                           struct om_status *st) {
  struct om_log_info info;
  struct doubt row = {0};
  *doubted = false;
  enum om_code code = om_log_info(batch->txn, &info, state->log, st);
  uint64_t floor = code == OM_OK ? om_stated_floor(batch->txn, state->log) : 0;
  if (floor < info.head_size) floor = info.head_size;
  if (code != OM_OK || state->edge.size <= floor) return code;
  bool before = get_doubt(batch->txn, &row, state->log);
  if (!row.due) {
    if (row.times == DOUBTS_MAX || (before && row.cut == floor)) return om_txn_check(batch->txn, st);
    row = (struct doubt){floor, (uint8_t)(row.times + 1), true};
    put_doubt(batch->txn, state->log, &row);
    batch->lost = true;
  }
  *doubted = true;
  return om_txn_check(batch->txn, st);
}

bool om_lost_note(struct om_batch *batch, const struct om_checkpoint *head, const uint8_t *note, size_t len,
                  uint32_t log, uint64_t final_size) {
  struct awaited before;
  if (get_awaited(batch->txn, &before, log)) {
    if (before.due) return true;
    /* It was cut here before, and the same was fed again: not for ever. */
    if (before.cut == final_size) return false;
  }
  struct awaited row = {head->size, final_size, true, head->root, {note, len}};
  put_awaited(batch->txn, log, &row);
  batch->lost = true;
  return true;
}

void om_lost_claimed(struct om_batch *batch, const struct om_log_state *state, const uint8_t *note, size_t len,
                     uint64_t final_size) {
  struct om_note parsed;
  struct om_checkpoint head;
  struct om_status ignored;
  if (om_lost_due(batch, state->log) || state->edge.size <= final_size ||
      om_head_parse(batch->txn, &parsed, &head, state->log, note, len, &ignored) != OM_OK)
    return;
  struct awaited row = {head.size, final_size, true, head.root, {note, len}};
  put_awaited(batch->txn, state->log, &row);
  batch->lost = true;
}

/* Whether LOG is still to be cut, and where. */
static bool is_due(struct om_txn *txn, uint64_t *cut, uint32_t log) {
  struct awaited row;
  struct doubt doubt;
  bool awaits = get_awaited(txn, &row, log) && row.due, doubts = !awaits && get_doubt(txn, &doubt, log) && doubt.due;
  if (cut) *cut = awaits ? row.cut : doubts ? doubt.cut : 0;
  return awaits || doubts;
}

bool om_lost_due(struct om_batch *batch, uint32_t log) {
  return (batch->lost || batch->ledger->lost) && is_due(batch->txn, NULL, log);
}

bool om_lost_awaited(struct om_txn *txn, struct om_bytes *note, uint64_t *size, uint32_t log) {
  struct awaited row;
  if (!get_awaited(txn, &row, log)) return false;
  *note = row.note;
  *size = row.size;
  return true;
}

bool om_log_awaited(struct om_txn *txn, struct om_bytes *note, uint64_t *size, struct om_hash *root, uint32_t log,
                    uint64_t held) {
  struct awaited row;
  if (!get_awaited(txn, &row, log) || row.due || row.size <= held) return false;
  *size = row.size;
  if (note) *note = row.note;
  if (root) *root = row.root;
  return true;
}

/* ---- it is cut ---- */

/* The vote on the losing history gives way to the awaited head; its note is kept until it can be shown as evidence. */
static void move_vote(struct om_txn *txn, uint32_t log, const struct awaited *to, uint64_t cut) {
  uint8_t key[OM_HEAD_KEY_BYTES], row[8 + OM_HASH_BYTES];
  struct om_bytes vote, voted;
  om_head_key(key, log, OM_HEAD_VOTE);
  if (!om_txn_get(txn, &vote, OM_TABLE_HEADS, key, sizeof key) || vote.len != sizeof row) return;
  if (om_get64(vote.data) <= cut) return; /* final here: both histories have it */
  om_votes_keep(txn, log, om_get64(vote.data));
  om_be64(row, to->size);
  memcpy(row + 8, to->root.bytes, OM_HASH_BYTES);
  om_txn_put(txn, OM_TABLE_HEADS, key, sizeof key, row, sizeof row);
  om_head_key(key, log, OM_HEAD_VOTED);
  if (!om_txn_get(txn, &voted, OM_TABLE_HEADS, key, sizeof key)) return;
  uint8_t copy[8 + OM_NOTE_BYTES_MAX];
  size_t len = voted.len;
  OM_ASSERT(len <= sizeof copy);
  memcpy(copy, voted.data, len);
  om_txn_del(txn, OM_TABLE_HEADS, key, sizeof key);
  om_head_key(key, log, OM_HEAD_OUTVOTED);
  om_txn_put(txn, OM_TABLE_HEADS, key, sizeof key, copy, len);
}

void om_lost_cut(struct om_txn *txn, uint32_t log, uint64_t size) {
  struct awaited row;
  struct doubt doubt;
  uint8_t note[OM_NOTE_BYTES_MAX];
  if (get_doubt(txn, &doubt, log) && doubt.due) {
    doubt.due = false;
    put_doubt(txn, log, &doubt);
  }
  if (!get_awaited(txn, &row, log) || !row.due) return;
  memcpy(note, row.note.data, row.note.len);
  row.note.data = note;
  row.due = false;
  row.cut = size;
  put_awaited(txn, log, &row);
  move_vote(txn, log, &row, size);
}

void om_lost_await(struct om_txn *txn, uint32_t log, uint64_t cut, const uint8_t *bytes, size_t len) {
  struct om_note note;
  struct om_checkpoint head;
  struct om_status st;
  struct awaited row;
  if (get_awaited(txn, &row, log) || om_note_parse(&note, (const char *)bytes, len, &st) != OM_OK ||
      om_checkpoint_parse(&head, NULL, note.text, note.text_len, &st) != OM_OK)
    return;
  row = (struct awaited){head.size, cut, false, head.root, {bytes, len}};
  put_awaited(txn, log, &row);
}

/* ---- it is followed again ---- */

enum om_code om_lost_vote(struct om_batch *batch, const struct om_log_state *state, uint64_t size,
                          const struct om_hash *root, struct om_status *st) {
  struct doubt doubt;
  struct om_hash held;
  if (!get_doubt(batch->txn, &doubt, state->log)) return om_txn_check(batch->txn, st);
  enum om_code code = om_log_root_at(batch->txn, &held, state->log, &state->edge, size, st);
  if (code != OM_OK || om_hash_equal(&held, root)) return code;
  return om_fail(
      st, OM_REFUSED, "vote",
      "a head of log %u at %llu was cosigned here that this one does not grow out of: not before one is final",
      state->log, (unsigned long long)size);
}

/* A vote for what was doubted and cut gives way to the final head HEAD that contradicts it. */
static enum om_code check_vote(struct om_batch *batch, const struct om_log_state *state, uint64_t final_size,
                               struct om_status *st) {
  uint8_t key[OM_HEAD_KEY_BYTES];
  struct om_bytes vote;
  struct doubt doubt;
  struct om_hash root;
  if (!get_doubt(batch->txn, &doubt, state->log)) return om_txn_check(batch->txn, st);
  om_head_key(key, state->log, OM_HEAD_VOTE);
  if (!om_txn_get(batch->txn, &vote, OM_TABLE_HEADS, key, sizeof key) || vote.len != 8 + OM_HASH_BYTES)
    return om_txn_check(batch->txn, st);
  uint64_t size = om_get64(vote.data);
  memcpy(root.bytes, vote.data + 8, sizeof root.bytes);
  if (size > final_size) return OM_OK;
  enum om_code code = om_lost_vote(batch, state, size, &root, st);
  if (code != OM_REFUSED) return code;
  om_status_clear(st);
  struct awaited final = {.size = final_size};
  code = om_log_root_at(batch->txn, &final.root, state->log, &state->edge, final_size, st);
  if (code == OM_OK) move_vote(batch->txn, state->log, &final, 0);
  return code;
}

enum om_code om_lost_final(struct om_batch *batch, const struct om_log_state *state, uint64_t final_size,
                           struct om_status *st) {
  struct awaited row;
  struct om_hash root;
  uint8_t note[OM_NOTE_BYTES_MAX];
  enum om_code code = check_vote(batch, state, final_size, st);
  if (code == OM_OK) code = om_evidence_later(batch, state, final_size, st);
  if (code != OM_OK || !get_awaited(batch->txn, &row, state->log) || row.due || row.size > final_size) return code;
  code = om_log_root_at(batch->txn, &root, state->log, &state->edge, row.size, st);
  if (code != OM_OK) return code;
  size_t len = row.note.len;
  memcpy(note, row.note.data, len);
  drop(batch->txn, state->log, OM_HEAD_AWAITED);
  if (om_hash_equal(&root, &row.root)) return OM_OK;
  struct om_checkpoint head = {.size = row.size, .root = row.root};
  return om_evidence_keep(batch, state, &head, note, len, true, "two final heads", st);
}

/* ---- all of it, between batches ---- */

/* The logs that are still to be cut. */
static size_t due_cuts(struct om_txn *txn, struct om_cut *out, uint32_t n_logs) {
  size_t n = 0;
  for (uint32_t log = 0; log < n_logs; log++) {
    uint64_t cut;
    if (is_due(txn, &cut, log))
      out[n++] = (struct om_cut){log, log == OM_LOG_REGISTRY && cut == 0 ? 1 : cut};
    else if (om_ended_cut(txn, &cut, log))
      out[n++] = (struct om_cut){log, cut};
  }
  return n;
}

enum om_code om_lost_look(struct om_ledger *ledger, struct om_txn *txn, struct om_status *st) {
  uint32_t n = om_log_count(txn);
  ledger->lost = om_ended_lost(txn);
  for (uint32_t log = 0; log < n && !ledger->lost; log++) ledger->lost = is_due(txn, NULL, log);
  return om_txn_check(txn, st);
}

bool om_ledger_lost(const struct om_ledger *ledger) {
  return ledger->lost;
}

enum om_code om_ledger_mend(struct om_ledger *ledger, struct om_status *st) {
  struct om_arena arena = {0};
  struct om_txn *txn;
  enum om_code code = om_txn_read(&txn, ledger->store, st);
  if (code != OM_OK) return code;
  uint32_t n_logs = om_log_count(txn);
  struct om_cut *cuts = om_arena_array(&arena, n_logs, sizeof *cuts);
  size_t n = due_cuts(txn, cuts, n_logs);
  code = om_txn_check(txn, st);
  om_txn_abort(txn);
  if (code == OM_OK && n > 0) code = om_ledger_rebuild(ledger, cuts, n, st);
  if (code == OM_OK) ledger->lost = false;
  om_arena_free(&arena);
  return code;
}
