/* Evidence in the store: pieces of it, and what they are worth. Where they are made: ledger/evidence_meet.c. */
#include <string.h>

#include "ledger/evidence.h"
#include "ledger/ledger_state.h"

enum { PIECE_HEAD_BYTES = 1 + 8 + OM_HASH_BYTES }; /* standing, size and root of the head that contradicts */

void om_evidence_key(uint8_t out[OM_EVIDENCE_KEY_BYTES], uint32_t log, enum om_evidence_kind kind, uint64_t number) {
  om_be32(out, log);
  out[4] = (uint8_t)kind;
  om_be64(out + 5, number);
}

static bool piece(struct om_txn *txn, struct om_bytes *row, uint32_t log, uint32_t number) {
  uint8_t key[OM_EVIDENCE_KEY_BYTES];
  om_evidence_key(key, log, OM_EVIDENCE_PIECE, number);
  return om_txn_get(txn, row, OM_TABLE_EVIDENCE, key, sizeof key) && row->len > PIECE_HEAD_BYTES;
}

/* Two heads, both beyond the one that the first restart of the network states of LOG: it may have signed the smaller
 * before, and have gone on from the stated one since, as it was told to. */
static bool is_of_before(struct om_txn *txn, uint32_t log, const struct om_bytes *row) {
  enum om_evidence_what what;
  struct om_checkpoint about;
  struct om_status none;
  uint64_t stated;
  return om_registry_first_stated(txn, &stated, log) && om_get64(row->data + 1) > stated &&
         om_evidence_about(row->data + PIECE_HEAD_BYTES, row->len - PIECE_HEAD_BYTES, &what, &about, &none) == OM_OK &&
         what == OM_EVIDENCE_OF_FORK;
}

/* A claim ends when the log is stopped at that entry, or has taken it in. */
static enum om_evidence_standing standing_of(struct om_txn *txn, uint32_t log, const struct om_bytes *row) {
  enum om_evidence_standing standing = (enum om_evidence_standing)row->data[0];
  struct om_bytes entry;
  struct om_status none;
  struct om_hash leaf;
  if (standing == OM_EVIDENCE_STANDS && is_of_before(txn, log, row)) return OM_EVIDENCE_REFUTED;
  if (standing != OM_EVIDENCE_CLAIMED) return standing;
  uint64_t index = om_get64(row->data + 1);
  bool held = om_log_entry(txn, &entry, log, index, &none) == OM_OK;
  if (!held && !om_evidence_stopped_at(txn, &entry, log, index)) return standing;
  om_leaf_hash(&leaf, entry.data, entry.len);
  if (memcmp(row->data + 9, leaf.bytes, sizeof leaf.bytes) != 0) return standing;
  return held ? OM_EVIDENCE_REFUTED : OM_EVIDENCE_STANDS;
}

uint32_t om_evidence_count(struct om_txn *txn, uint32_t *refuted, bool *frozen, uint32_t log) {
  struct om_bytes row;
  uint32_t n = 0;
  *frozen = false;
  *refuted = 0;
  for (; n < OM_EVIDENCE_PIECES_MAX && piece(txn, &row, log, n); n++) {
    *frozen = *frozen || row.data[0] == OM_EVIDENCE_FREEZES;
    *refuted += standing_of(txn, log, &row) == OM_EVIDENCE_REFUTED;
  }
  return n;
}

bool om_evidence_of_fork(struct om_txn *txn, uint32_t log) {
  struct om_bytes row;
  bool found = false;
  for (uint32_t i = 0; i < OM_EVIDENCE_PIECES_MAX && !found && piece(txn, &row, log, i); i++) {
    enum om_evidence_what what;
    struct om_checkpoint about;
    struct om_status none;
    enum om_evidence_standing standing = standing_of(txn, log, &row);
    found = (standing == OM_EVIDENCE_STANDS || standing == OM_EVIDENCE_FREEZES) &&
            om_evidence_about(row.data + PIECE_HEAD_BYTES, row.len - PIECE_HEAD_BYTES, &what, &about, &none) == OM_OK &&
            what == OM_EVIDENCE_OF_FORK;
  }
  return found;
}

uint32_t om_evidence_claims(struct om_txn *txn, uint32_t log) {
  struct om_bytes row;
  uint32_t n = 0;
  for (uint32_t i = 0; i < OM_EVIDENCE_PIECES_MAX && piece(txn, &row, log, i); i++)
    n += row.data[0] == OM_EVIDENCE_CLAIMED;
  return n;
}

enum om_code om_log_evidence(struct om_txn *txn, struct om_bytes *out, enum om_evidence_standing *standing,
                             uint32_t log, uint32_t number, struct om_status *st) {
  if (!piece(txn, out, log, number)) {
    enum om_code code = om_txn_check(txn, st);
    return code != OM_OK ? code : om_fail(st, OM_MISSING, NULL, "no such piece of evidence is held here");
  }
  *standing = standing_of(txn, log, out);
  out->data += PIECE_HEAD_BYTES;
  out->len -= PIECE_HEAD_BYTES;
  return OM_OK;
}

enum om_code om_evidence_witnesses(struct om_txn *txn, struct om_daemon out[OM_WITNESSES_MAX], size_t *n, uint32_t log,
                                   uint64_t size, struct om_status *st) {
  struct om_quorum quorum;
  *n = 0;
  enum om_code code = om_log_quorum(txn, &quorum, log, size, st);
  for (size_t list = 0; code == OM_OK && list < quorum.n_lists; list++)
    for (size_t i = 0; i < quorum.lists[list].n && *n < OM_WITNESSES_MAX; i++) {
      const struct om_daemon *daemon = &quorum.lists[list].daemons[i];
      if (list == 0 || om_quorum_find(&quorum, daemon->log) == daemon) out[(*n)++] = *daemon;
    }
  return code == OM_REFUSED ? OM_OK : code; /* no safe quorum: then nobody is named */
}

uint32_t om_evidence_find(struct om_txn *txn, uint32_t log, const struct om_checkpoint *about, bool freezes) {
  struct om_bytes row;
  for (uint32_t i = 0; i < OM_EVIDENCE_PIECES_MAX && piece(txn, &row, log, i); i++)
    if (om_get64(row.data + 1) == about->size && memcmp(row.data + 9, about->root.bytes, OM_HASH_BYTES) == 0 &&
        (row.data[0] == OM_EVIDENCE_FREEZES || !freezes))
      return i;
  return OM_EVIDENCE_NONE;
}

uint32_t om_evidence_room(struct om_txn *txn, uint32_t log, bool freezes) {
  bool frozen;
  uint32_t refuted, n = om_evidence_count(txn, &refuted, &frozen, log);
  /* The last place is kept for one that freezes. What stands is never written over: peers are told by its number. */
  uint32_t places = freezes || frozen ? OM_EVIDENCE_PIECES_MAX : OM_EVIDENCE_PIECES_MAX - 1;
  return n < places ? n : OM_EVIDENCE_NONE;
}

void om_evidence_put(struct om_txn *txn, uint32_t log, uint32_t number, const struct om_checkpoint *about,
                     enum om_evidence_standing standing, const uint8_t *bytes, size_t len) {
  struct om_arena arena = {0};
  uint8_t key[OM_EVIDENCE_KEY_BYTES], *row = om_arena_alloc(&arena, PIECE_HEAD_BYTES + len);
  row[0] = (uint8_t)standing;
  om_be64(row + 1, about->size);
  memcpy(row + 9, about->root.bytes, OM_HASH_BYTES);
  memcpy(row + PIECE_HEAD_BYTES, bytes, len);
  om_evidence_key(key, log, OM_EVIDENCE_PIECE, number);
  om_txn_put(txn, OM_TABLE_EVIDENCE, key, sizeof key, row, PIECE_HEAD_BYTES + len);
  om_arena_free(&arena);
}
