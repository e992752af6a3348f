#include "ledger/proven.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/accept.h"
#include "ledger/ledger_state.h"

/* ---- what lies under a root ---- */

static enum om_code no_tile(void *arg, unsigned level, uint64_t index, const struct om_hash hashes[OM_TILE_HASHES],
                            struct om_status *st) {
  (void)arg, (void)level, (void)index, (void)hashes, (void)st;
  return OM_OK;
}

/* The root over what is held and what is brought. */
static void root_with(struct om_hash *out, const struct om_proven *brought, const struct om_edge *held) {
  struct om_edge *edge = malloc(sizeof *edge);
  struct om_status st;
  struct om_hash leaf;
  OM_ASSERT(edge);
  om_edge_copy(edge, held);
  for (size_t i = 0; i < brought->n; i++) {
    om_leaf_hash(&leaf, brought->entries[i].data, brought->entries[i].len);
    OM_ASSERT(om_edge_append(edge, &leaf, no_tile, NULL, &st) == OM_OK);
  }
  om_edge_root(edge, out);
  free(edge);
}

/* Whether PROOF leads from a tree of SMALLER entries with root WAS to BROUGHT's of ROOT; *WAS is what it says. */
static bool leads(struct om_hash *was, const struct om_proof *proof, uint64_t smaller, const struct om_proven *brought,
                  const struct om_hash *root) {
  struct om_hash is;
  *was = *root;
  if (smaller == brought->size) return proof->n == 0;
  return om_consistency_roots(was, &is, smaller, brought->size, proof) && om_hash_equal(&is, root);
}

enum om_fit om_fits(const struct om_proven *brought, const struct om_edge *held, const struct om_hash *root) {
  struct om_hash said, computed;
  OM_ASSERT(brought->start == held->size && brought->n > 0);
  if (brought->size < brought->start || brought->size - brought->start < brought->n) return OM_FIT_NO;
  if (held->size > 0 && brought->before.n > 0) {
    if (!leads(&said, &brought->before, held->size, brought, root)) return OM_FIT_NO;
    om_edge_root(held, &computed);
    if (!om_hash_equal(&said, &computed)) return OM_FIT_BESIDE;
  }
  if (!leads(&said, &brought->proof, brought->start + brought->n, brought, root)) return OM_FIT_NO;
  root_with(&computed, brought, held);
  return om_hash_equal(&said, &computed) ? OM_FIT_YES : OM_FIT_NO;
}

/* ---- before anything is judged ---- */

static enum om_code signed_root(struct om_batch *batch, struct om_hash *root, uint32_t log,
                                const struct om_proven *brought, struct om_status *st) {
  struct om_note note;
  struct om_checkpoint head;
  enum om_code code = om_head_parse(batch->txn, &note, &head, log, brought->note, brought->len, st);
  if (om_txn_check(batch->txn, st) != OM_OK) return st->code;
  if (code == OM_OK && head.size != brought->size)
    code = om_fail(st, OM_NO, NULL, "entries of log %u come with a head of another size than said", log);
  if (code == OM_MALFORMED || code == OM_REFUSED) st->code = code = OM_NO;
  if (code == OM_OK) *root = head.root;
  return code;
}

/* Where a quorum has signed a head beyond the entry at which LOG was stopped, or in the place of what was cut from it,
 * nothing counts but what lies under that. */
static enum om_code check_claim(struct om_batch *batch, uint32_t log, const struct om_proven *brought,
                                const struct om_hash *root, struct om_status *st) {
  struct om_hash claimed;
  uint64_t size;
  if (!om_log_claim(batch->txn, NULL, &size, &claimed, log, brought->start) &&
      !om_log_awaited(batch->txn, NULL, &size, &claimed, log, brought->start))
    return om_txn_check(batch->txn, st);
  if (brought->size == size && om_hash_equal(root, &claimed)) return OM_OK;
  return om_fail(st, OM_MISSING, NULL, "of log %u what lies under a head of %llu entries is waited for", log,
                 (unsigned long long)size);
}

/* The root that is to cover what is brought of LOG. */
static enum om_code root_of(struct om_batch *batch, struct om_hash *root, uint32_t log, const struct om_proven *brought,
                            struct om_status *st) {
  struct om_retired end;
  bool ended = om_registry_retired(batch->txn, &end, log, OM_REGISTRY_NOW);
  if (brought->len > 0 && !ended) {
    enum om_code code = signed_root(batch, root, log, brought, st);
    return code == OM_OK ? check_claim(batch, log, brought, root, st) : code;
  }
  if (brought->len == 0 && om_stated_root(batch->txn, root, log, brought->size)) return OM_OK;
  if (om_txn_check(batch->txn, st) != OM_OK) return st->code;
  return om_fail(st, OM_MISSING, NULL, "entries of log %u are proven up to %llu, where nothing is stated of it", log,
                 (unsigned long long)brought->size);
}

/* What is held does not lie under the head that a quorum has signed beyond it: it has lost, too. */
static enum om_code beside_claim(struct om_batch *batch, const struct om_log_state *state,
                                 const struct om_proven *brought, struct om_status *st) {
  struct om_log_info info;
  om_fail(st, OM_MISSING, OM_RULE_FORK, "the quorum of log %u has signed others than the %llu entries held here",
          state->log, (unsigned long long)state->edge.size);
  struct om_status why = *st, ignored = *st;
  om_head_forked(batch, state, brought->note, brought->len, &ignored); /* for the evidence */
  enum om_code code = om_log_info(batch->txn, &info, state->log, st);
  if (code == OM_OK) om_lost_claimed(batch, state, brought->note, brought->len, info.head_size);
  if (code != OM_OK || om_txn_check(batch->txn, st) != OM_OK) return st->code;
  if (om_lost_due(batch, state->log))
    return om_fail(st, OM_WAIT, "mending", "another history of log %u is held here than its quorum has signed",
                   state->log);
  *st = why;
  return st->code;
}

/* The log has signed, or the governors have stated, a tree that does not go on from what is held here. Where its own
 * daemon says so, or they do, that puts what is held in doubt. */
static enum om_code beside(struct om_batch *batch, const struct om_log_state *state, const struct om_proven *brought,
                           struct om_status *st) {
  bool doubted = false;
  uint64_t size;
  struct om_checkpoint head;
  struct om_log_info info;
  struct om_status ignored;
  enum om_code code =
      brought->len > 0 ? om_evidence_beside(batch, state, brought, st) : om_ended_beside(batch, state, st);
  if (code != OM_OK) return code;
  if (state->log == batch->ledger->own_log)
    return om_fail(st, OM_REFUSED, OM_RULE_FORK, "this log has signed a head of %llu entries beside those held here",
                   (unsigned long long)brought->size);
  code = om_log_info(batch->txn, &info, state->log, st);
  if (code != OM_OK) return code;
  bool claimed = brought->len > 0 && om_log_claim(batch->txn, NULL, &size, NULL, state->log, brought->start);
  bool quorum_signed =
      brought->len > 0 && !info.frozen && brought->size > info.head_size &&
      om_quorum_beside(batch->txn, &head, state->log, info.head_size, brought->note, brought->len, &ignored) == OM_OK;
  if (claimed || quorum_signed) return beside_claim(batch, state, brought, st);
  code = brought->home || brought->len == 0 ? om_lost_doubt(batch, &doubted, state, st) : OM_OK;
  if (code != OM_OK) return code;
  if (doubted)
    return om_fail(st, OM_WAIT, "mending", "log %u has gone on without what is not final here: it is fetched anew",
                   state->log);
  return om_fail(st, OM_MISSING, OM_RULE_FORK,
                 "the tree of log %u at %llu does not go on from the %llu entries held here", state->log,
                 (unsigned long long)brought->size, (unsigned long long)state->edge.size);
}

enum om_code om_batch_proven(struct om_batch *batch, uint32_t log, const struct om_proven *brought,
                             struct om_status *st) {
  struct om_log_state *state;
  struct om_hash root;
  if (om_lost_due(batch, log))
    return om_fail(st, OM_WAIT, "mending", "another history of log %u is held here than the one that counts", log);
  enum om_code code = om_batch_log(batch, &state, log, st);
  if (code == OM_OK) code = root_of(batch, &root, log, brought, st);
  if (code != OM_OK) return code;
  switch (om_fits(brought, &state->edge, &root)) {
    case OM_FIT_YES: return OM_OK;
    case OM_FIT_BESIDE: return beside(batch, state, brought, st);
    case OM_FIT_NO: break;
  }
  return om_fail(st, OM_NO, NULL, "entries %llu to %llu of log %u are not those that it has signed",
                 (unsigned long long)brought->start, (unsigned long long)(brought->start + brought->n - 1), log);
}

enum om_code om_batch_root(struct om_batch *batch, struct om_hash *out, uint32_t log, uint64_t size,
                           struct om_status *st) {
  struct om_log_state *state;
  enum om_code code = om_batch_log(batch, &state, log, st);
  if (code != OM_OK) return code;
  if (size < state->edge.size) return om_log_root_at(batch->txn, out, log, &state->edge, size, st);
  om_edge_root(&state->edge, out);
  return OM_OK;
}

/* ---- what is kept of it, and served by it ---- */

/* The row of KIND, of a head of no more than HELD entries: *SIZE, and the note. */
static bool get_head(struct om_txn *txn, struct om_bytes *note, uint64_t *size, uint32_t log, enum om_head_kind kind,
                     uint64_t held) {
  uint8_t key[OM_HEAD_KEY_BYTES];
  struct om_bytes row;
  size_t skip = kind == OM_HEAD_FINAL ? 16 : 8;
  om_head_key(key, log, kind);
  if (!om_txn_get(txn, &row, OM_TABLE_HEADS, key, sizeof key) || row.len <= skip) return false;
  *size = om_get64(row.data);
  *note = (struct om_bytes){row.data + skip, row.len - skip};
  return *size <= held;
}

/* Only what was doubted may have gone from under a vote. */
static bool vote_is_held(struct om_txn *txn, uint32_t log) {
  uint8_t key[OM_HEAD_KEY_BYTES];
  struct om_bytes row;
  om_head_key(key, log, OM_HEAD_DOUBT);
  if (om_txn_get(txn, &row, OM_TABLE_HEADS, key, sizeof key)) return false;
  om_head_key(key, log, OM_HEAD_AWAITED);
  return !om_txn_get(txn, &row, OM_TABLE_HEADS, key, sizeof key);
}

static const enum om_head_kind kept_kinds[] = {OM_HEAD_OWN, OM_HEAD_FINAL, OM_HEAD_PROVEN, OM_HEAD_VOTED};

enum om_code om_provable_size(struct om_txn *txn, uint64_t *size, uint32_t log, uint64_t held, struct om_status *st) {
  *size = 0;
  for (size_t i = 0; i < sizeof kept_kinds / sizeof *kept_kinds; i++) {
    struct om_bytes note;
    uint64_t of;
    if (!get_head(txn, &note, &of, log, kept_kinds[i], held) || of <= *size) continue;
    if (kept_kinds[i] != OM_HEAD_VOTED || vote_is_held(txn, log)) *size = of;
  }
  return om_txn_check(txn, st);
}

enum om_code om_head_told(struct om_txn *txn, struct om_bytes *note, uint32_t log, struct om_status *st) {
  struct om_retired end;
  struct om_note parsed;
  struct om_checkpoint head = {.size = 0};
  struct om_bytes proven;
  uint64_t size, limit = om_registry_retired(txn, &end, log, OM_REGISTRY_NOW) ? end.size : UINT64_MAX;
  enum om_code code = om_head_highest(txn, note, log, st);
  if (code == OM_OK) code = om_note_parse(&parsed, (const char *)note->data, note->len, st);
  if (code == OM_OK) code = om_checkpoint_parse(&head, NULL, parsed.text, parsed.text_len, st);
  if ((code != OM_OK && code != OM_MISSING) || !get_head(txn, &proven, &size, log, OM_HEAD_PROVEN, limit)) return code;
  if (size > head.size) *note = proven;
  return om_txn_check(txn, st);
}

enum om_code om_head_bare(struct om_txn *txn, uint8_t note[OM_BARE_HEAD_MAX_BYTES], size_t *len, uint32_t log,
                          uint64_t size, struct om_status *st) {
  char bare[OM_NOTE_BYTES_MAX];
  struct om_daemon signer;
  struct om_note parsed;
  for (size_t i = 0; i < sizeof kept_kinds / sizeof *kept_kinds; i++) {
    struct om_bytes kept;
    uint64_t of;
    if (!get_head(txn, &kept, &of, log, kept_kinds[i], size) || of != size) continue;
    enum om_code code = om_head_signer(txn, &signer, log, size, st);
    if (code == OM_OK) code = om_note_parse(&parsed, (const char *)kept.data, kept.len, st);
    if (code == OM_OK) code = om_note_bare(bare, len, &parsed, signer.origin, signer.log_key, st);
    if (code != OM_OK) return code;
    OM_ASSERT(*len <= OM_BARE_HEAD_MAX_BYTES);
    memcpy(note, bare, *len);
    return OM_OK;
  }
  if (om_txn_check(txn, st) != OM_OK) return st->code;
  return om_fail(st, OM_MISSING, NULL, "no head of log %u at %llu is kept here", log, (unsigned long long)size);
}

enum om_code om_log_prove(struct om_txn *txn, struct om_proof *out, uint32_t log, uint64_t from, uint64_t size,
                          struct om_status *st) {
  out->n = 0;
  if (from == size) return OM_OK;
  struct om_log_tiles *tiles = malloc(sizeof *tiles);
  OM_ASSERT(tiles);
  enum om_code code = om_log_tiles(txn, tiles, log, st);
  if (code == OM_OK) code = om_prove_prefix(&tiles->tiles, out, from, size, st);
  free(tiles);
  return code;
}

void om_batch_keep_head(struct om_batch *batch, uint32_t log, uint64_t size, const uint8_t *note, size_t len) {
  struct om_log_state *state = log < batch->n_work ? batch->work[log] : NULL;
  struct om_daemon signer;
  struct om_note parsed;
  struct om_status st;
  uint8_t key[OM_HEAD_KEY_BYTES];
  char row[8 + OM_NOTE_BYTES_MAX];
  uint64_t kept;
  if (!state || state->edge.size != size || om_provable_size(batch->txn, &kept, log, size, &st) != OM_OK) return;
  if (kept >= size || om_head_signer(batch->txn, &signer, log, size, &st) != OM_OK) return;
  if (om_note_parse(&parsed, (const char *)note, len, &st) != OM_OK ||
      om_note_bare(row + 8, &len, &parsed, signer.origin, signer.log_key, &st) != OM_OK)
    return;
  om_head_key(key, log, OM_HEAD_PROVEN);
  om_be64((uint8_t *)row, size);
  om_txn_put(batch->txn, OM_TABLE_HEADS, key, sizeof key, row, 8 + len);
  om_evidence_later(batch, state, size, &st); /* what fails for good shows in the transaction */
}
