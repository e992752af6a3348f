/* The bytes that a verdict rests on: entries and marks hashed again into their logs' trees, up to the signed heads. */
#include <string.h>

#include "ledger/ledger_state.h"
#include "ledger/rehash.h"
#include "ledger/step.h"
#include "ledger/verify_state.h"

/* Does HEAD, of the registry, cover the end of the log that is MARKED, at that size, or a restart that states it? */
static bool covers_end(struct om_verify *v, const struct om_verify_mark *mark, const struct om_checkpoint *head) {
  struct om_retired end;
  struct om_restart restart;
  struct om_hash root;
  uint64_t size;
  if (om_registry_retired(v->txn, &end, mark->marked, head->size) && end.size == mark->size) return true;
  return om_registry_restart(v->txn, &restart, head->size) &&
         om_registry_stated_by(v->txn, &size, &root, mark->marked, restart.since) && size == mark->size;
}

/* The mark says what the table of marks, which the rules ask, says of it. A mark of the registry also covers the logs
 * that have ended by it. */
static enum om_code check_mark(struct om_verify *v, const struct om_verify_mark *mark, struct om_bytes bytes,
                               struct om_status *st) {
  struct om_note note;
  struct om_checkpoint head;
  struct om_status why;
  uint64_t time_s;
  Oremark__Entry *entry = oremark__entry__unpack(NULL, bytes.len, bytes.data);
  bool good = entry && entry->what_case == OREMARK__ENTRY__WHAT_MARK &&
              (entry->mark->log == mark->marked || entry->mark->log == OM_LOG_REGISTRY);
  enum om_code code = OM_OK;
  if (good) {
    ProtobufCBinaryData data = entry->mark->checkpoint;
    good = om_note_parse(&note, (const char *)data.data, data.len, &why) == OM_OK &&
           om_checkpoint_parse(&head, NULL, note.text, note.text_len, &why) == OM_OK &&
           (entry->mark->log == mark->marked ? head.size == mark->size : covers_end(v, mark, &head));
    if (good && v->deep) {
      code = om_quorum_check(v->txn, &head, &time_s, entry->mark->log, data.data, data.len, st);
      good = code == OM_OK;
    }
  }
  if (entry) oremark__entry__free_unpacked(entry, NULL);
  if (code == OM_IO) return code;
  if (!good)
    om_verify_fail(
        v, OM_CHECK_MARK, "entry %llu of %s is not the quorum-signed mark of log %u at %llu that is leaned on",
        (unsigned long long)mark->index, om_verify_origin(v, mark->log), mark->marked, (unsigned long long)mark->size);
  return OM_OK;
}

static void check_final(struct om_verify *v, const struct om_verify_log *log, uint64_t index) {
  if (log->has_head && index < log->head.size) {
    om_verify_pass(v, OM_CHECK_FINAL, 1);
    return;
  }
  om_verify_fail(v, OM_CHECK_FINAL,
                 "entry %llu of %s is not final yet: its log is final here up to %llu; ask again in a moment",
                 (unsigned long long)index, log->info.origin, (unsigned long long)(log->has_head ? log->head.size : 0));
}

/* What the rules are judged on, in the order in which it is hashed. */
static void add_leaf(struct om_verify *v, uint32_t log, uint64_t index, const struct om_hash *leaf) {
  uint8_t bytes[OM_HASH_BYTES + 4 + 8 + OM_HASH_BYTES];
  memcpy(bytes, v->leaves.bytes, OM_HASH_BYTES);
  om_be32(bytes + OM_HASH_BYTES, log);
  om_be64(bytes + OM_HASH_BYTES + 4, index);
  memcpy(bytes + OM_HASH_BYTES + 4 + 8, leaf->bytes, OM_HASH_BYTES);
  om_sha256(&v->leaves, bytes, sizeof bytes);
}

/* What was cut may have held marks, of any log. How often it was, as the same may come back and be cut again. */
static void add_cuts(struct om_verify *v) {
  const struct om_hash none = {{0}};
  uint64_t at;
  for (uint32_t log = 0; log < v->n_logs; log++) {
    uint64_t cuts = om_log_cuts(v->txn, &at, log);
    if (cuts > 0) add_leaf(v, log, cuts, &none);
  }
}

/* JUDGED: the rules are judged on it. */
static enum om_code hash_entry(struct om_verify *v, struct om_rehash *tree, struct om_bytes *bytes, uint32_t log,
                               uint64_t index, bool judged, struct om_status *st) {
  struct om_hash leaf;
  enum om_code code = om_log_entry(v->txn, bytes, log, index, st);
  if (code == OM_MISSING) {
    om_verify_fail(v, OM_CHECK_BYTES, "entry %llu of %s is not held here", (unsigned long long)index,
                   om_verify_origin(v, log));
    return OM_MISSING;
  }
  if (code != OM_OK) return code;
  om_leaf_hash(&leaf, bytes->data, bytes->len);
  if (judged) add_leaf(v, log, index, &leaf);
  check_final(v, v->logs[log], index);
  v->logs[log]->entries++;
  v->verdict->entries++;
  v->verdict->bytes += bytes->len;
  code = om_progress_tell(v->progress, "hashing", v->verdict->entries, v->n_entries + v->n_marks, st);
  return code == OM_OK ? om_rehash_leaf(tree, index, &leaf, st) : code;
}

/* Where the walk over the entries, the marks and what else is to be hashed has got. */
struct hashing {
  size_t entry, mark, also;
};

static const struct om_verify_also *next_also(const struct om_verify *v, const struct hashing *at, uint32_t log) {
  return at->also < v->n_also && v->also[at->also].log == log ? &v->also[at->also] : NULL;
}

/* Entries, marks and what else there is of one log, all in order of index. */
static enum om_code hash_lineage(struct om_verify *v, struct om_rehash *tree, uint32_t log, struct hashing *at,
                                 struct om_status *st) {
  struct om_bytes bytes;
  for (;;) {
    const struct om_verify_entry *e =
        at->entry < v->n_entries && v->entries[at->entry].log == log ? &v->entries[at->entry] : NULL;
    const struct om_verify_mark *m =
        at->mark < v->n_marks && v->marks[at->mark].log == log ? &v->marks[at->mark] : NULL;
    const struct om_verify_also *also = next_also(v, at, log);
    if (!e && !m && !also) return OM_OK;
    uint64_t index = UINT64_MAX;
    if (e) index = e->index;
    if (m && m->index < index) index = m->index;
    if (also && also->index < index) index = also->index;
    enum om_code code =
        hash_entry(v, tree, &bytes, log, index, (e && e->index == index) || (m && m->index == index), st);
    if (code != OM_OK && code != OM_MISSING) return code;
    if (m && m->index == index && code == OM_OK) code = check_mark(v, m, bytes, st);
    if (code != OM_OK && code != OM_MISSING) return code;
    at->entry += e && e->index == index;
    at->mark += m && m->index == index;
    while (next_also(v, at, log) && next_also(v, at, log)->index == index) at->also++;
  }
}

/* The registry log as a whole: it is small, and who may do what follows from all of it. */
static enum om_code hash_registry(struct om_verify *v, struct om_rehash *tree, struct om_status *st) {
  const struct om_verify_log *log = v->logs[OM_LOG_REGISTRY];
  struct om_bytes bytes, genesis;
  for (uint64_t i = 0; log->has_head && i < log->head.size; i++) {
    struct om_hash network = {{0}};
    enum om_code code = hash_entry(v, tree, &bytes, OM_LOG_REGISTRY, i, true, st);
    if (code == OM_MISSING) continue;
    if (code != OM_OK) return code;
    if (i > 0) continue;
    if (om_find_genesis(&genesis, bytes.data, bytes.len)) om_sha256(&network, genesis.data, genesis.len);
    if (!om_hash_equal(&network, v->network))
      om_verify_fail(v, OM_CHECK_BYTES, "entry 0 of %s is not this network's genesis", log->info.origin);
  }
  for (size_t i = 0; i < v->n_marks; i++)
    if (v->marks[i].marked == OM_LOG_REGISTRY && (!log->has_head || v->marks[i].size > log->head.size))
      om_verify_fail(v, OM_CHECK_FINAL, "%s follows the registry up to %llu, which is final here up to %llu",
                     om_verify_origin(v, v->marks[i].log), (unsigned long long)v->marks[i].size,
                     (unsigned long long)(log->has_head ? log->head.size : 0));
  return OM_OK;
}

static enum om_code hash_log(struct om_verify *v, uint32_t number, struct hashing *at, struct om_status *st) {
  struct om_verify_log *log = v->logs[number];
  struct om_rehash *tree;
  enum om_code code = om_rehash_begin(&tree, v->txn, number, log->info.origin, log->has_head ? log->head.size : 0, st);
  if (code == OM_CORRUPT) {
    om_verify_fail(v, OM_CHECK_TREE, "the growing edge of %s: %s", log->info.origin, st->text);
    code = OM_OK;
  }
  if (code == OM_OK && number == OM_LOG_REGISTRY) code = hash_registry(v, tree, st);
  if (code == OM_OK) code = hash_lineage(v, tree, number, at, st);
  if (code == OM_OK) code = om_rehash_end(tree, &log->head.root, st);
  if (code == OM_OK) {
    om_verify_pass(v, OM_CHECK_BYTES, tree->leaves.passed);
    om_verify_failures(v, OM_CHECK_BYTES, tree->leaves.failed, tree->leaves.first.text);
    om_verify_pass(v, OM_CHECK_TREE, tree->tiles.passed);
    om_verify_failures(v, OM_CHECK_TREE, tree->tiles.failed, tree->tiles.first.text);
  }
  om_rehash_free(tree);
  return code;
}

/* All of it was hashed as it was taken in. */
static void count_given(struct om_verify *v) {
  for (size_t i = 0; i < v->n_logs; i++)
    if (v->logs[i]) v->logs[i]->entries = i < v->given->n_logs ? v->given->entries[i] : 0;
  v->verdict->entries = v->given->all;
  v->verdict->bytes = v->given->bytes;
  om_verify_pass(v, OM_CHECK_BYTES, v->given->all);
  om_verify_pass(v, OM_CHECK_TREE, v->given->trees);
  for (size_t i = 0; i < v->n_entries; i++) check_final(v, v->logs[v->entries[i].log], v->entries[i].index);
  for (size_t i = 0; i < v->n_marks; i++) check_final(v, v->logs[v->marks[i].log], v->marks[i].index);
  for (size_t i = 0; i < v->n_also; i++) check_final(v, v->logs[v->also[i].log], v->also[i].index);
}

enum om_code om_verify_hash(struct om_verify *v, struct om_status *st) {
  if (v->given) return count_given(v), OM_OK;
  struct hashing at = {0};
  const struct om_hash none = {{0}};
  enum om_code code = OM_OK;
  add_cuts(v);
  add_leaf(v, OM_LOG_REGISTRY, v->logs[OM_LOG_REGISTRY]->info.size, &none); /* a key may be revoked, not yet finally */
  for (uint32_t i = 0; i < v->n_logs && code == OM_OK; i++)
    if (v->logs[i]) code = hash_log(v, i, &at, st);
  return code;
}
