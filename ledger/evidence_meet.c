/* Where a head that a log has signed meets what is held of that log: if the two can be shown to contradict each other,
 * that is kept as evidence. It takes two heads that the log's own key has signed, and a proof that leads from the
 * smaller one's size to the larger one: from the tree that is held, if the larger head is of that, or as it came along
 * with the other head. So nothing is proved where what is held beside the head is covered by no head that is held, but
 * entries alone; nor by a head larger than what is held that comes without a proof, nor by one whose proof begins where
 * no held head ends. Such a head is kept for later where it is certain that it is of another history (one for each log,
 * the smallest: it is the first that can be shown); otherwise it is forgotten.
 *
 * Signed heads of what is held: the final one, the one that was cosigned here, the own one, and the one that proved
 * what was taken in. Heads that other logs have marked are final, and no larger than the final one that is held. Signed
 * heads of what is not held, or not any more: one that was kept for later; one that was cosigned here before what it
 * covers was cut and another history followed, by a quorum's word or by that of the log's own daemon. */
#include <string.h>

#include "ledger/evidence.h"
#include "ledger/ledger_state.h"
#include "ledger/proven.h"

/* ---- signed heads that are held ---- */

static bool get_head(struct om_txn *txn, struct om_signed_head *out, uint64_t *size, uint32_t log,
                     enum om_head_kind kind) {
  uint8_t key[OM_HEAD_KEY_BYTES];
  struct om_bytes row;
  size_t skip = kind == OM_HEAD_FINAL ? 16 : 8; /* what stands before the note */
  om_head_key(key, log, kind);
  if (!om_txn_get(txn, &row, OM_TABLE_HEADS, key, sizeof key) || row.len <= skip) return false;
  *size = om_get64(row.data);
  *out = (struct om_signed_head){row.data + skip, row.len - skip};
  return true;
}

static bool read_note(const struct om_signed_head *head, struct om_checkpoint *out) {
  struct om_note note;
  struct om_status none;
  return om_note_parse(&note, (const char *)head->note, head->len, &none) == OM_OK &&
         om_checkpoint_parse(out, NULL, note.text, note.text_len, &none) == OM_OK;
}

/* Whether HEAD is of the entries that are held: what a vote stands on may have been cut. */
static bool is_of(struct om_txn *txn, const struct om_log_state *state, const struct om_signed_head *head) {
  struct om_checkpoint parsed;
  struct om_status none;
  return read_note(head, &parsed) && om_head_matches(txn, state->log, state, &parsed, &none) == OM_OK;
}

/* A signed head of what is held, of FROM to UPTO entries: the final one, if it is; it says most. */
static bool find_held(struct om_txn *txn, struct om_signed_head *out, bool *is_final, const struct om_log_state *state,
                      uint64_t from, uint64_t upto) {
  static const enum om_head_kind kinds[] = {OM_HEAD_FINAL, OM_HEAD_VOTED, OM_HEAD_OWN, OM_HEAD_PROVEN};
  uint64_t size;
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    *is_final = kinds[i] == OM_HEAD_FINAL;
    if (get_head(txn, out, &size, state->log, kinds[i]) && size >= from && size <= upto && is_of(txn, state, out))
      return true;
  }
  return false;
}

/* ---- two of them ---- */

struct pair {
  const struct om_log_state *held;
  struct om_signed_head smaller, larger;
  const struct om_proof *proof; /* from the smaller one to the larger; NULL: from the tree that is held */
  const char *why;
};

static enum om_code make(struct om_batch *batch, struct om_arena *arena, uint8_t **out, size_t *len,
                         const struct pair *pair, struct om_status *st) {
  struct om_daemon log, *witnesses = om_arena_array(arena, OM_WITNESSES_MAX, sizeof *witnesses);
  struct om_log_tiles *tiles = om_arena_alloc(arena, sizeof *tiles);
  const struct om_log_state *held = pair->held;
  size_t n = 0;
  enum om_code code = om_registry_daemon(batch->txn, &log, held->log, OM_REGISTRY_NOW, st);
  if (code == OM_OK) code = om_evidence_witnesses(batch->txn, witnesses, &n, held->log, held->edge.size, st);
  struct om_accused accused = {&batch->ledger->network, &log, witnesses, n, pair->why};
  if (code == OM_OK && pair->proof)
    return om_evidence_fork_by(arena, out, len, &accused, &pair->smaller, &pair->larger, pair->proof, st);
  if (code == OM_OK) code = om_log_tiles(batch->txn, tiles, held->log, st);
  if (code != OM_OK) return code;
  tiles->tiles.edge = &held->edge; /* the batch may be ahead of the table */
  return om_evidence_fork(arena, out, len, &accused, &tiles->tiles, &pair->larger, &pair->smaller, st);
}

/* Keeps evidence of PAIR, the smaller of which is ABOUT, if it is news. */
static enum om_code keep(struct om_batch *batch, const struct pair *pair, const struct om_checkpoint *about,
                         bool freezes, struct om_status *st) {
  struct om_arena arena = {0};
  uint8_t *bytes;
  size_t len;
  uint32_t log = pair->held->log;
  if (om_evidence_find(batch->txn, log, about, freezes) != OM_EVIDENCE_NONE) return om_txn_check(batch->txn, st);
  uint32_t number = om_evidence_room(batch->txn, log, freezes);
  if (number == OM_EVIDENCE_NONE) return om_txn_check(batch->txn, st);
  enum om_code code = make(batch, &arena, &bytes, &len, pair, st);
  if (code == OM_OK)
    om_evidence_put(batch->txn, log, number, about, freezes ? OM_EVIDENCE_FREEZES : OM_EVIDENCE_STANDS, bytes, len);
  if (code == OM_OK || code == OM_NO) code = om_txn_check(batch->txn, st);
  om_arena_free(&arena);
  return code;
}

/* ---- kept until it can be shown ---- */

/* HEAD and one that is kept are of one size, and neither is of what is held. */
static enum om_code same_size(struct om_batch *batch, const struct om_log_state *held, const struct om_checkpoint *head,
                              const struct om_signed_head *note, enum om_head_kind kind, struct om_status *st) {
  static const struct om_proof none;
  struct om_checkpoint before;
  struct pair pair = {.held = held, .smaller = *note, .proof = &none, .why = "two heads of one size"};
  uint64_t size;
  if (!get_head(batch->txn, &pair.larger, &size, held->log, kind) || size != head->size ||
      !read_note(&pair.larger, &before) || om_hash_equal(&before.root, &head->root) ||
      om_evidence_of_fork(batch->txn, held->log))
    return om_txn_check(batch->txn, st);
  return keep(batch, &pair, head, false, st);
}

/* One for each log, the smallest: it is the first that can be shown. Nobody else could either: the heads that are
 * signed may all be of one history. */
static enum om_code keep_for_later(struct om_batch *batch, const struct om_log_state *held,
                                   const struct om_checkpoint *head, const struct om_signed_head *note,
                                   struct om_status *st) {
  static const enum om_head_kind kinds[] = {OM_HEAD_BESIDE, OM_HEAD_VOTED, OM_HEAD_OUTVOTED};
  struct om_txn *txn = batch->txn;
  uint8_t key[OM_HEAD_KEY_BYTES], row[8 + OM_NOTE_BYTES_MAX];
  struct om_bytes before;
  enum om_code code = om_txn_check(txn, st);
  for (size_t i = 0; code == OM_OK && i < sizeof kinds / sizeof *kinds; i++)
    code = same_size(batch, held, head, note, kinds[i], st);
  om_head_key(key, held->log, OM_HEAD_BESIDE);
  if (code != OM_OK || note->len > OM_NOTE_BYTES_MAX ||
      (om_txn_get(txn, &before, OM_TABLE_HEADS, key, sizeof key) && before.len > 8 &&
       om_get64(before.data) <= head->size))
    return code;
  om_be64(row, head->size);
  memcpy(row + 8, note->note, note->len);
  om_txn_put(txn, OM_TABLE_HEADS, key, sizeof key, row, 8 + note->len);
  return om_txn_check(txn, st);
}

/* The head of KIND is of what was not held when it was kept, and can be compared with what is held now. */
static enum om_code show_kept(struct om_batch *batch, const struct om_log_state *state, enum om_head_kind kind,
                              uint64_t size, struct om_status *st) {
  uint8_t key[OM_HEAD_KEY_BYTES], copy[OM_NOTE_BYTES_MAX];
  struct om_signed_head kept;
  struct om_note note;
  struct om_checkpoint head;
  struct om_log_info info;
  struct om_status why;
  uint64_t of;
  if (!get_head(batch->txn, &kept, &of, state->log, kind) || of > size) return om_txn_check(batch->txn, st);
  OM_ASSERT(kept.len <= sizeof copy);
  memcpy(copy, kept.note, kept.len);
  om_head_key(key, state->log, kind);
  om_txn_del(batch->txn, OM_TABLE_HEADS, key, sizeof key);
  enum om_code code = om_log_info(batch->txn, &info, state->log, st);
  if (code == OM_OK && om_head_parse(batch->txn, &note, &head, state->log, copy, kept.len, &why) != OM_OK)
    return om_txn_check(batch->txn, st); /* the registry log has another daemon now */
  if (code == OM_OK) code = om_head_matches(batch->txn, state->log, state, &head, st);
  if (code != OM_REFUSED || !om_broke(st, OM_RULE_FORK)) return code; /* it is of what is held now */
  struct om_status fork = *st;
  om_status_clear(st);
  bool quorum_signed = om_quorum_beside(batch->txn, &head, state->log, info.head_size, copy, kept.len, &why) == OM_OK;
  return om_evidence_keep(batch, state, &head, copy, kept.len, quorum_signed, fork.text, st);
}

/* ---- what is met ---- */

enum om_code om_evidence_keep(struct om_batch *batch, const struct om_log_state *held, const struct om_checkpoint *head,
                              const uint8_t *note, size_t len, bool quorum_signed, const char *why,
                              struct om_status *st) {
  struct pair pair = {.held = held, .smaller = {note, len}, .why = why};
  bool is_final = false;
  if (!find_held(batch->txn, &pair.larger, &is_final, held, head->size, UINT64_MAX))
    return keep_for_later(batch, held, head, &pair.smaller, st);
  return keep(batch, &pair, head, quorum_signed && is_final, st);
}

/* A vote on what was doubted and cut since stands there still. */
static enum om_code show_vote(struct om_batch *batch, const struct om_log_state *state,
                              const struct om_signed_head *ours, uint64_t size, struct om_status *st) {
  uint8_t key[OM_HEAD_KEY_BYTES];
  struct om_bytes doubt;
  struct om_note note;
  struct om_checkpoint head;
  struct om_signed_head voted;
  struct om_status why;
  uint64_t of;
  bool is_final = false;
  om_head_key(key, state->log, OM_HEAD_DOUBT);
  if (!om_txn_get(batch->txn, &doubt, OM_TABLE_HEADS, key, sizeof key) ||
      !get_head(batch->txn, &voted, &of, state->log, OM_HEAD_VOTED) || of > size || is_of(batch->txn, state, &voted) ||
      om_evidence_of_fork(batch->txn, state->log) ||
      om_head_parse(batch->txn, &note, &head, state->log, voted.note, voted.len, &why) != OM_OK)
    return om_txn_check(batch->txn, st);
  struct pair pair = {
      .held = state, .smaller = voted, .why = "a head that was cosigned here, and one of other entries"};
  if (ours)
    pair.larger = *ours;
  else if (!find_held(batch->txn, &pair.larger, &is_final, state, of, UINT64_MAX))
    return om_txn_check(batch->txn, st);
  return keep(batch, &pair, &head, false, st);
}

enum om_code om_evidence_later(struct om_batch *batch, const struct om_log_state *state, uint64_t size,
                               struct om_status *st) {
  enum om_code code = show_kept(batch, state, OM_HEAD_BESIDE, size, st);
  if (code == OM_OK) code = show_kept(batch, state, OM_HEAD_OUTVOTED, size, st);
  return code == OM_OK ? show_vote(batch, state, NULL, size, st) : code;
}

enum om_code om_evidence_vote(struct om_batch *batch, const struct om_log_state *state, uint64_t size,
                              const uint8_t *note, size_t len, struct om_status *st) {
  struct om_signed_head ours = {note, len};
  return show_vote(batch, state, &ours, size, st);
}

enum om_code om_evidence_beside(struct om_batch *batch, const struct om_log_state *held,
                                const struct om_proven *brought, struct om_status *st) {
  struct om_log_info info;
  struct om_note note;
  struct om_checkpoint theirs, ours;
  struct om_status why;
  bool is_final = false;
  struct pair pair = {.held = held,
                      .larger = {brought->note, brought->len},
                      .proof = &brought->before,
                      .why = "two heads, the larger of which does not go on from the smaller"};
  enum om_code code = om_log_info(batch->txn, &info, held->log, st);
  if (code == OM_OK) code = om_head_parse(batch->txn, &note, &theirs, held->log, brought->note, brought->len, st);
  if (code != OM_OK) return code;
  /* The proof begins where what is held ends: at a smaller head nothing is known of the other tree. */
  if (!find_held(batch->txn, &pair.smaller, &is_final, held, held->edge.size, held->edge.size) ||
      !read_note(&pair.smaller, &ours))
    return keep_for_later(batch, held, &theirs, &pair.larger, st);
  bool freezes = is_final && om_quorum_beside(batch->txn, &theirs, held->log, info.head_size, brought->note,
                                              brought->len, &why) == OM_OK;
  /* Two growing histories would give a piece for each size: what one shows is enough. */
  if (!freezes && om_evidence_of_fork(batch->txn, held->log)) return om_txn_check(batch->txn, st);
  return keep(batch, &pair, &ours, freezes, st);
}

enum om_code om_batch_met(struct om_batch *batch, uint32_t log, const uint8_t *note, size_t len, struct om_status *st) {
  struct om_note parsed;
  struct om_checkpoint head;
  struct om_log_state *state;
  enum om_code code = om_head_parse(batch->txn, &parsed, &head, log, note, len, st);
  if (code == OM_OK) code = om_votes_look(batch, log, &parsed, head.size, st);
  if (code == OM_OK) code = om_batch_log(batch, &state, log, st);
  if (code != OM_OK) return code;
  code = om_head_matches(batch->txn, log, state, &head, st);
  if (code == OM_OK) return om_evidence_vote(batch, state, head.size, note, len, st);
  if (code == OM_REFUSED && om_broke(st, OM_RULE_FORK)) code = om_head_forked(batch, state, note, len, st);
  if (code != OM_WAIT && code != OM_REFUSED) return code;
  om_status_clear(st);
  return om_txn_check(batch->txn, st);
}
