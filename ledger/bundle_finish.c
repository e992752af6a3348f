/* The verdict on a bundle, over the store that was filled from it. */
#include <stdlib.h>
#include <string.h>

#include "ledger/bundle_read.h"

/* ---- heads under witnesses that were replaced since ---- */

/* Does entry INDEX of LOG mark MARKED at its very head? */
static bool is_mark_of(struct om_txn *txn, uint32_t log, uint64_t index, uint32_t marked, const struct om_hash *root) {
  struct om_bytes bytes;
  struct om_note note;
  struct om_checkpoint head;
  struct om_status st;
  if (om_log_entry(txn, &bytes, log, index, &st) != OM_OK) return false;
  Oremark__Entry *entry = oremark__entry__unpack(NULL, bytes.len, bytes.data);
  bool is =
      entry && entry->what_case == OREMARK__ENTRY__WHAT_MARK && entry->mark->log == marked &&
      om_note_parse(&note, (const char *)entry->mark->checkpoint.data, entry->mark->checkpoint.len, &st) == OM_OK &&
      om_checkpoint_parse(&head, NULL, note.text, note.text_len, &st) == OM_OK && om_hash_equal(&head.root, root);
  if (entry) oremark__entry__free_unpacked(entry, NULL);
  return is;
}

/* Has LOG, whose head the present witnesses have signed, a mark of MARKED at SIZE with ROOT? */
static bool vouches(struct om_txn *txn, uint32_t log, uint32_t marked, uint64_t size, const struct om_hash *root) {
  uint64_t below = UINT64_MAX, covered, at;
  for (; om_log_mark_at(txn, &covered, &at, log, marked, below) && covered >= size; below = at)
    if (covered == size && is_mark_of(txn, log, at, marked, root)) return true;
  return false;
}

/* Which logs' heads rest on witnesses alone that the registry in the file has replaced: whoever has their keys by now
 * could have gone on from an old mark of the registry as if nothing had happened since. */
static enum om_code find_outdated(const struct om_bundle *b, struct om_txn *txn, bool *outdated, struct om_status *st) {
  enum om_code code = OM_OK;
  for (uint32_t i = 1; i < b->n_logs && code == OM_OK; i++) {
    bool current = true;
    struct om_retired end;
    bool noted = b->logs[i] && b->logs[i]->noted;
    if (noted) code = om_quorum_current(txn, &current, i, b->logs[i]->tree.size, st);
    /* A head short of the end that the governors have set may be of the history that they judged against. */
    bool short_of_end = noted && om_registry_retired(txn, &end, i, OM_REGISTRY_NOW) && b->logs[i]->tree.size < end.size;
    outdated[i] = !current || short_of_end;
  }
  bool *vouched = calloc(b->n_logs + 1, sizeof *vouched);
  OM_ASSERT(vouched);
  for (uint32_t i = 1; i < b->n_logs && code == OM_OK; i++) {
    struct om_hash root;
    if (!outdated[i]) continue;
    om_pruned_root(&b->logs[i]->tree, &root);
    for (uint32_t by = 1; by < b->n_logs && !vouched[i]; by++)
      vouched[i] = by != i && b->logs[by] && b->logs[by]->noted && !outdated[by] &&
                   vouches(txn, by, i, b->logs[i]->tree.size, &root);
  }
  for (size_t i = 1; i < b->n_logs; i++) outdated[i] = outdated[i] && !vouched[i];
  free(vouched);
  return code;
}

/* ---- documents ---- */

static int by_hash(const void *hash, const void *document) {
  return memcmp(((const struct om_hash *)hash)->bytes, ((const struct om_bundle_document *)document)->hash.bytes,
                OM_HASH_BYTES);
}

/* What is in the file has its hash: it was looked at when it was read. */
static enum om_document_state find_document(void *ctx, uint64_t *size, const struct om_hash *hash) {
  const struct om_bundle *b = ctx;
  const struct om_bundle_document *found =
      b->n_documents > 0 ? bsearch(hash, b->documents, b->n_documents, sizeof *b->documents, by_hash) : NULL;
  *size = found ? found->size : 0;
  return found ? OM_DOCUMENT_HELD : OM_DOCUMENT_MISSING;
}

/* ---- the verdict ---- */

/* Tells on, and lets go of what was read by then. */
struct telling {
  struct om_store *store;
  const struct om_progress *progress; /* may be NULL */
};

static bool tell_on(void *ctx, const char *step, uint64_t done, uint64_t total) {
  const struct telling *t = ctx;
  om_store_unmap_pages(t->store);
  return !t->progress || t->progress->told(t->progress->ctx, step, done, total);
}

/* What is known of each log, by number. */
struct known {
  uint64_t *entries;
  const struct om_verify_judged **judged;
  size_t *n_judged;
  bool *outdated;
};

static void know(struct known *out, const struct om_bundle *b, struct om_verify_given *given) {
  out->entries = calloc(b->n_logs + 1, sizeof *out->entries);
  out->judged = calloc(b->n_logs + 1, sizeof *out->judged);
  out->n_judged = calloc(b->n_logs + 1, sizeof *out->n_judged);
  out->outdated = calloc(b->n_logs + 1, sizeof *out->outdated);
  OM_ASSERT(out->entries && out->judged && out->n_judged && out->outdated);
  out->entries[OM_LOG_REGISTRY] = b->told.registry.size;
  given->trees = 1;
  for (size_t i = 1; i < b->n_logs; i++) {
    if (!b->logs[i]) continue;
    out->entries[i] = b->logs[i]->entries;
    out->judged[i] = b->logs[i]->judged;
    out->n_judged[i] = b->logs[i]->n_judged;
    given->trees++;
  }
  given->entries = out->entries;
  given->judged = out->judged;
  given->n_judged = out->n_judged;
  given->outdated = out->outdated;
}

static void forget(struct known *known) {
  free(known->entries);
  free(known->judged);
  free(known->n_judged);
  free(known->outdated);
}

enum om_code om_bundle_finish(struct om_bundle *b, struct om_arena *arena, struct om_verdict *out,
                              struct om_bundle_told *told, const struct om_progress *progress, struct om_status *st) {
  struct om_txn *txn;
  struct om_log_info registry;
  struct om_verify_documents documents = {b, find_document};
  struct telling telling = {b->ledger->store, progress};
  struct om_progress each = {.told = tell_on, .ctx = &telling};
  enum om_code code = om_bundle_at_end(b, st);
  if (code == OM_OK) code = om_txn_read(&txn, b->ledger->store, st);
  if (code != OM_OK) return code;
  om_bundle_drop_blocks(b);
  struct known known;
  struct om_verify_given given = {
      .n_logs = b->n_logs, .all = b->told.entries, .bytes = b->told.bytes, .others = b->told.others};
  know(&known, b, &given);
  struct om_verify v = {.txn = txn,
                        .arena = arena,
                        .network = &b->ledger->network,
                        .documents = b->with_documents ? &documents : NULL,
                        .progress = &each,
                        .given = &given,
                        .n_steps = b->n_steps,
                        .deep = true};
  code = om_log_info(txn, &registry, OM_LOG_REGISTRY, st);
  b->told.registry_s = given.registry_s = registry.final_time_s;
  if (code == OM_OK) code = find_outdated(b, txn, known.outdated, st);
  if (code == OM_OK) code = om_verify_run(&v, out, b->told.lot, st);
  if (code == OM_MISSING)
    code = om_fail(st, OM_NO, "lot", "the file says nothing of how the lot that it names came to be");
  om_verify_free(&v);
  forget(&known);
  om_txn_abort(txn);
  *told = b->told;
  return code;
}
