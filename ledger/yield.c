/* A stop that gives way. A dishonest home may write one entry against the rules into its log for one chosen daemon,
 * which stops there, and another for all others, who sign that as a quorum. So where a quorum has signed a head beyond
 * the stop, that head is kept as a claim: until all that it covers is held, entries of the log are judged only if they
 * are proven to lie under it, whoever brings them. If what stands at the stop is valid then, the stop has been for one
 * entry of two that the home has signed: it goes, the log goes on, and what was kept of it stays as evidence of a
 * lapse. If it is not, a quorum has signed what this daemon finds invalid, and the stop stays for good: there is one
 * claim to a stop, and a quorum is needed for it, so that nobody can have the log fetched again and again. */
#include <string.h>

#include "ledger/ledger_state.h"

enum { CLAIM_ROW_BYTES = 8 + 8 + 1 + OM_HASH_BYTES }; /* size; where it was stopped; whether that was judged; root */

struct claim {
  uint64_t size, index;
  bool judged; /* and found invalid */
  struct om_hash root;
  struct om_bytes note;
};

static bool get_claim(struct om_txn *txn, struct claim *out, uint32_t log) {
  uint8_t key[OM_HEAD_KEY_BYTES];
  struct om_bytes row;
  om_head_key(key, log, OM_HEAD_CLAIM);
  if (!om_txn_get(txn, &row, OM_TABLE_HEADS, key, sizeof key) || row.len < CLAIM_ROW_BYTES) return false;
  *out = (struct claim){.size = om_get64(row.data), .index = om_get64(row.data + 8), .judged = row.data[16] != 0};
  memcpy(out->root.bytes, row.data + 17, OM_HASH_BYTES);
  out->note = (struct om_bytes){row.data + CLAIM_ROW_BYTES, row.len - CLAIM_ROW_BYTES};
  return true;
}

static void put_claim(struct om_txn *txn, uint32_t log, const struct claim *in) {
  uint8_t key[OM_HEAD_KEY_BYTES], row[CLAIM_ROW_BYTES + OM_NOTE_BYTES_MAX];
  OM_ASSERT(in->note.len <= OM_NOTE_BYTES_MAX);
  om_head_key(key, log, OM_HEAD_CLAIM);
  om_be64(row, in->size);
  om_be64(row + 8, in->index);
  row[16] = in->judged;
  memcpy(row + 17, in->root.bytes, OM_HASH_BYTES);
  memcpy(row + CLAIM_ROW_BYTES, in->note.data, in->note.len);
  om_txn_put(txn, OM_TABLE_HEADS, key, sizeof key, row, CLAIM_ROW_BYTES + in->note.len);
}

void om_stop_forget(struct om_txn *txn, uint32_t log) {
  uint8_t key[OM_HEAD_KEY_BYTES];
  om_head_key(key, log, OM_HEAD_CLAIM);
  struct om_bytes row;
  if (om_txn_get(txn, &row, OM_TABLE_HEADS, key, sizeof key)) om_txn_del(txn, OM_TABLE_HEADS, key, sizeof key);
}

bool om_log_claim(struct om_txn *txn, struct om_bytes *note, uint64_t *size, struct om_hash *root, uint32_t log,
                  uint64_t held) {
  struct claim claim;
  if (!get_claim(txn, &claim, log) || claim.judged || claim.size <= held) return false;
  *size = claim.size;
  if (note) *note = claim.note;
  if (root) *root = claim.root;
  return true;
}

/* Whether LOG has ended beyond HELD entries, and nothing under its end was found invalid. */
static bool ended_beyond(struct om_txn *txn, struct om_retired *end, uint32_t log, uint64_t held) {
  struct claim claim;
  if (!om_registry_retired(txn, end, log, OM_REGISTRY_NOW) || end->size <= held) return false;
  bool judged = get_claim(txn, &claim, log) && claim.judged && claim.size == end->size;
  return !judged || !om_hash_equal(&claim.root, &end->root);
}

bool om_stop_yields(struct om_txn *txn, uint32_t log, uint64_t index) {
  struct om_retired end;
  uint64_t size;
  return om_log_claim(txn, NULL, &size, NULL, log, index) || ended_beyond(txn, &end, log, index);
}

enum om_code om_stop_claim(struct om_batch *batch, const struct om_log_state *state, const uint8_t *note, size_t len,
                           struct om_status *st) {
  struct om_status why;
  struct om_checkpoint head;
  struct claim before;
  uint64_t held = state->edge.size;
  /* A head that covers the very entry at which the log was stopped claims nothing else. */
  bool covers = om_batch_prove_stop(batch, state->log, note, len, &why) == OM_OK;
  if (om_txn_check(batch->txn, st) != OM_OK) return st->code;
  if (state->log == batch->ledger->own_log || om_lost_due(batch, state->log)) return OM_OK;
  if (om_quorum_claim(batch->txn, &head, state->log, held, note, len, &why) != OM_OK || head.size <= held)
    return om_txn_check(batch->txn, st);
  if (get_claim(batch->txn, &before, state->log) && before.size > held) return OM_OK; /* it had its claim */
  struct claim claim = {head.size, held, covers, head.root, {note, len}};
  put_claim(batch->txn, state->log, &claim);
  return om_txn_check(batch->txn, st);
}

void om_stop_judged(struct om_txn *txn, uint32_t log, uint64_t index) {
  uint8_t note[OM_NOTE_BYTES_MAX];
  struct om_retired end;
  struct claim claim;
  bool ended = ended_beyond(txn, &end, log, index);
  if (ended)
    claim = (struct claim){.size = end.size, .root = end.root, .note = {note, 0}};
  else if (!get_claim(txn, &claim, log) || claim.judged || claim.size <= index)
    return;
  memcpy(note, claim.note.data, claim.note.len);
  claim.note.data = note;
  claim.index = index;
  claim.judged = true;
  put_claim(txn, log, &claim);
}

void om_stop_reached(struct om_txn *txn, uint32_t log, uint64_t final_size) {
  struct claim claim;
  if (get_claim(txn, &claim, log) && claim.size <= final_size) om_stop_forget(txn, log);
}

void om_stop_cut(struct om_txn *txn, uint32_t log) {
  struct claim claim;
  if (get_claim(txn, &claim, log) && claim.judged) om_stop_forget(txn, log);
}

/* ---- what was kept of it ---- */

/* The whole hash: who feeds two histories could make eight bytes of it agree, and the second would take the place of
 * the first. Nobody looks rows up by their keys, so those that were written with eight bytes stand beside. */
enum { CUT_KEY_BYTES = OM_LOG_ENTRY_KEY_BYTES + OM_HASH_BYTES };

void om_cut_keep(struct om_txn *txn, uint32_t log, uint64_t index, const uint8_t *bytes, size_t len) {
  uint8_t key[CUT_KEY_BYTES];
  struct om_hash leaf;
  om_leaf_hash(&leaf, bytes, len);
  om_log_entry_key(key, log, index);
  memcpy(key + OM_LOG_ENTRY_KEY_BYTES, leaf.bytes, CUT_KEY_BYTES - OM_LOG_ENTRY_KEY_BYTES);
  om_txn_put(txn, OM_TABLE_CUT, key, sizeof key, bytes, len);
}

void om_stop_lift(struct om_txn *txn, uint32_t log, uint64_t from) {
  uint8_t key[OM_EVIDENCE_KEY_BYTES], behind[OM_EVIDENCE_KEY_BYTES], copy[OM_ENTRY_MAX_BYTES];
  struct om_bytes found, row, entry;
  om_evidence_key(key, log, OM_EVIDENCE_STOP, from);
  while (om_txn_next(txn, &found, &row, OM_TABLE_EVIDENCE, key, sizeof key) && found.len == sizeof key &&
         memcmp(found.data, key, 5) == 0) {
    uint64_t index = om_get64(found.data + 5);
    om_evidence_key(key, log, OM_EVIDENCE_STOP, index);
    om_evidence_key(behind, log, OM_EVIDENCE_BEHIND, index);
    if (om_evidence_stopped_at(txn, &entry, log, index) && entry.len > 0 && entry.len <= sizeof copy) {
      size_t len = entry.len;
      memcpy(copy, entry.data, len);
      om_cut_keep(txn, log, index, copy, len);
    }
    om_txn_del(txn, OM_TABLE_EVIDENCE, behind, sizeof behind);
    om_txn_del(txn, OM_TABLE_EVIDENCE, key, sizeof key);
  }
}
