/* What a bundle says, taken in: the registry log as a mirror takes it; of the other logs the entries that are there,
 * judged by the same rules, and their trees up to heads that count. */
#include <stdlib.h>
#include <string.h>

#include "ledger/bundle_read.h"
#include "ledger/times.h"

static enum om_code bad(struct om_status *st, const char *why) {
  return om_fail(st, OM_MALFORMED, "bundle", "%s: the file was damaged, or made wrong", why);
}

static enum om_code unproven(struct om_status *st, const char *why) {
  return om_fail(st, OM_NO, "bundle", "%s", why);
}

/* ---- begin ---- */

static enum om_code take_begin(struct om_bundle *b, const Oremark__BundleBegin *begin, struct om_status *st) {
  if (b->part != OM_BUNDLE_BEGINS) return bad(st, "it begins twice");
  if (begin->version != OM_BUNDLE_VERSION)
    return om_fail(st, OM_MALFORMED, "bundle",
                   "the file is of version %u of the format, and this program knows version %d: use a newer one",
                   begin->version, OM_BUNDLE_VERSION);
  if (begin->network_id.len != OM_HASH_BYTES || begin->lot.len != OM_LOT_NUMBER_BYTES)
    return bad(st, "its network or its lot is not stated as such");
  if (memcmp(begin->network_id.data, b->ledger->network.bytes, OM_HASH_BYTES) != 0)
    return unproven(st, "the bundle is of another network than the genesis file that was given");
  memcpy(b->told.lot, begin->lot.data, OM_LOT_NUMBER_BYTES);
  b->with_documents = begin->documents;
  b->part = OM_BUNDLE_REGISTRY;
  b->told.registry.size = 1; /* the genesis */
  b->told.entries = 1;
  return OM_OK;
}

/* ---- the registry log ---- */

static enum om_code take_act(struct om_bundle *b, struct om_batch *batch, const Oremark__BundleEntry *e,
                             struct om_checked *checked, struct om_status *st) {
  if (b->part != OM_BUNDLE_REGISTRY) return bad(st, "the registry log goes on behind its head");
  if (e->skipped != 0 || e->gap.len != 0 || e->events.len != 0 || e->n_others != 0)
    return bad(st, "the registry log is told in part");
  enum om_code code = om_batch_take(batch, OM_LOG_REGISTRY, b->told.registry.size, checked, st);
  if (code != OM_OK) return code;
  b->told.registry.size++;
  b->told.entries++;
  if (checked->signed_statement) {
    b->told.statements++;
    b->told.signatures += checked->signed_statement->n_signatures;
  }
  return OM_OK;
}

/* The file's registry goes on from what the caller holds for true. */
static enum om_code check_pin(const struct om_checkpoint *pin, struct om_batch *batch,
                              const struct om_log_state *registry, struct om_status *st) {
  struct om_hash root;
  if (pin->size > registry->edge.size)
    return om_fail(st, OM_NO, OM_RULE_REGISTRY_HEAD,
                   "the file knows %llu entries of the registry, and %llu were known to you before: it may hide what "
                   "was revoked since; ask for a newer bundle",
                   (unsigned long long)registry->edge.size, (unsigned long long)pin->size);
  enum om_code code = om_log_root_at(batch->txn, &root, OM_LOG_REGISTRY, &registry->edge, pin->size, st);
  if (code != OM_OK || om_hash_equal(&root, &pin->root)) return code;
  return om_fail(st, OM_NO, OM_RULE_REGISTRY_HEAD,
                 "the file's registry is not the one of which you knew %llu entries before: somebody has made up "
                 "another; do not trust the file, and tell the network's governors",
                 (unsigned long long)pin->size);
}

static enum om_code take_registry_head(struct om_bundle *b, struct om_batch *batch, const Oremark__BundleHead *h,
                                       struct om_status *st) {
  struct om_log_state *registry;
  struct om_note note;
  bool newer;
  if (b->part != OM_BUNDLE_REGISTRY) return bad(st, "the registry log has two heads");
  if (h->skipped != 0 || h->gap.len != 0) return bad(st, "the registry log is told in part");
  enum om_code code = om_batch_log(batch, &registry, OM_LOG_REGISTRY, st);
  if (code == OM_OK)
    code = om_head_parse(batch->txn, &note, &b->told.registry, OM_LOG_REGISTRY, h->note.data, h->note.len, st);
  if (code == OM_OK && b->told.registry.size != registry->edge.size)
    code = unproven(st, "the head of the registry log does not cover just what is in the file");
  if (code == OM_OK) code = om_batch_final(batch, &newer, OM_LOG_REGISTRY, h->note.data, h->note.len, st);
  for (size_t i = 0; i < b->n_pins && code == OM_OK; i++) code = check_pin(&b->pins[i], batch, registry, st);
  if (code != OM_OK) return code;
  om_batch_put_logs(batch);
  b->n_logs = om_log_count(batch->txn);
  b->logs = calloc(b->n_logs + 1, sizeof(struct om_bundle_log *));
  OM_ASSERT(b->logs);
  b->part = OM_BUNDLE_ENTRIES;
  return om_txn_check(batch->txn, st);
}

/* ---- entries of other logs ---- */

/* What stands beside an entry. */
struct beside {
  bool only[OM_EVENTS_MAX];
  const Oremark__BundleEntry *entry;
};

static bool find_stated(void *ctx, uint8_t key[OM_LOT_KEY_BYTES], struct om_bytes *row,
                        const uint8_t number[OM_LOT_NUMBER_BYTES]) {
  const struct beside *beside = ctx;
  size_t low = 0, high = beside->entry->n_others;
  while (low < high) {
    size_t at = low + (high - low) / 2;
    const Oremark__BundleOther *other = beside->entry->others[at];
    int order = memcmp(other->key.data, number, OM_LOT_NUMBER_BYTES);
    if (order == 0) {
      memcpy(key, other->key.data, OM_LOT_KEY_BYTES);
      *row = (struct om_bytes){other->row.data, other->row.len};
      return true;
    }
    if (order < 0)
      low = at + 1;
    else
      high = at;
  }
  return false;
}

static enum om_code read_beside(struct beside *out, const Oremark__BundleEntry *e, size_t n_events,
                                struct om_status *st) {
  memset(out->only, 0, sizeof out->only);
  out->entry = e;
  if (e->events.len > OM_EVENTS_MAX / 8 || (e->events.len > 0 && e->events.data[e->events.len - 1] == 0))
    return bad(st, "the events that are to be judged are not told as such");
  for (size_t i = 0; i < 8 * e->events.len; i++) {
    out->only[i] = (e->events.data[i / 8] >> i % 8 & 1) != 0;
    if (out->only[i] && i >= n_events) return bad(st, "an event is to be judged that is not there");
  }
  for (size_t i = 0; i < e->n_others; i++) {
    const ProtobufCBinaryData *key = &e->others[i]->key;
    if (key->len != OM_LOT_KEY_BYTES || e->others[i]->row.len == 0 ||
        (i > 0 && memcmp(e->others[i - 1]->key.data, key->data, OM_LOT_NUMBER_BYTES) >= 0))
      return bad(st, "the lots beside an entry are not stated as such, or not in order");
  }
  return OM_OK;
}

/* Has the key of one of the signatures been revoked since? The registry is all there. */
static enum om_code look_back(struct om_bundle *b, bool *revoked, struct om_batch *batch,
                              const Oremark__SignedStatement *s, struct om_status *st) {
  *revoked = false;
  for (size_t i = 0; i < s->n_signatures; i++) {
    const Oremark__Signature *sig = s->signatures[i];
    struct om_member_key *known = &b->keys[(sig->member ^ sig->key_id) % OM_BUNDLE_KEYS];
    if (known->member != sig->member || known->id != sig->key_id) {
      enum om_code code = om_registry_key_row(batch->txn, known, sig->member, sig->key_id, OM_REGISTRY_NOW, st);
      if (code != OM_OK) return code;
    }
    *revoked = *revoked || known->state == OM_KEY_REVOKED;
  }
  return OM_OK;
}

/* Remembers what the statement counts for that was judged, as PART, to be the next entry of LOG. */
static enum om_code remember(struct om_bundle *b, struct om_bundle_log *log, struct om_batch *batch,
                             const struct om_checked *checked, const struct om_part *part, struct om_status *st) {
  struct om_verify_judged now = {.index = log->tree.size, .rows = part->rows, .shares = part->shares};
  const Oremark__Statement *s = checked->statement;
  enum om_code code = look_back(b, &now.revoked, batch, checked->signed_statement, st);
  if (code != OM_OK) return code;
  now.signatures = (uint8_t)checked->signed_statement->n_signatures;
  for (size_t i = 0; i < s->n_events; i++)
    if (part->only[i]) om_verify_judged_add(&now, s->events[i]);
  if (log->n_judged == log->cap_judged) {
    log->cap_judged = log->cap_judged == 0 ? 64 : 2 * log->cap_judged;
    log->judged = realloc(log->judged, log->cap_judged * sizeof *log->judged);
    OM_ASSERT(log->judged);
  }
  log->judged[log->n_judged++] = now;
  return OM_OK;
}

static enum om_code judge(struct om_bundle *b, struct om_batch *batch, const Oremark__BundleEntry *e,
                          struct om_checked *checked, struct om_status *st) {
  const Oremark__Entry *entry = checked->entry;
  struct beside beside;
  size_t n_events = checked->statement ? checked->statement->n_events : 0;
  struct om_part part = {.only = beside.only, .ctx = &beside, .stated = find_stated};
  enum om_code code = read_beside(&beside, e, n_events, st);
  if (code != OM_OK) return code;
  if (entry->taken_ms < b->judged->taken_ms)
    return unproven(st, "the entry was taken in before one that stands in front of it");
  switch (entry->what_case) {
    case OREMARK__ENTRY__WHAT_MARK:
      if (e->n_others > 0) return bad(st, "a mark moves no lots");
      b->told.marks++;
      return om_batch_mark(batch, b->judged, entry->mark, st);
    case OREMARK__ENTRY__WHAT_STATEMENT:
      if (b->judged->edge.size == 0) return unproven(st, "entry 0 of a log is a mark of the registry");
      b->told.statements++;
      b->told.signatures += checked->signed_statement->n_signatures;
      b->told.others += e->n_others;
      code = om_batch_judge_part(batch, b->judged, checked, &part, st);
      return code == OM_OK ? remember(b, b->logs[e->log], batch, checked, &part, st) : code;
    case OREMARK__ENTRY__WHAT_GENESIS:
    case OREMARK__ENTRY__WHAT__NOT_SET:
    case _OREMARK__ENTRY__WHAT__CASE_IS_INT_SIZE: break;
  }
  return unproven(st, "a genesis stands only at the beginning of the registry log");
}

static enum om_code take_entry(struct om_bundle *b, struct om_batch *batch, const Oremark__BundleEntry *e,
                               struct om_checked *checked, struct om_status *st) {
  uint8_t key[OM_LOG_ENTRY_KEY_BYTES];
  if (e->log == OM_LOG_REGISTRY) return take_act(b, batch, e, checked, st);
  if (b->part != OM_BUNDLE_ENTRIES) return bad(st, "an entry stands before the registry's head, or behind other heads");
  if (e->log >= b->n_logs) return unproven(st, "the registry in the file names no such log");
  if (!b->logs[e->log]) b->logs[e->log] = calloc(1, sizeof *b->logs[e->log]);
  struct om_bundle_log *log = b->logs[e->log];
  OM_ASSERT(log);
  if (log->tree.size == 0 && e->skipped != 0)
    return bad(st, "the first entry of a log that is there is not its entry 0");
  if (!om_pruned_gap(&log->tree, e->skipped, e->gap.data, e->gap.len) || log->tree.size >= OM_TREE_SIZE_MAX)
    return bad(st, "the hashes before it do not stand for the entries that are left out");
  b->judged->log = e->log;
  b->judged->edge.size = log->tree.size;
  b->judged->registry_size = log->registry_size;
  b->judged->taken_ms = log->taken_ms;
  enum om_code code = judge(b, batch, e, checked, st);
  if (code == OM_WAIT || code == OM_MISSING) st->code = code = OM_NO;
  if (code != OM_OK) return code;
  om_log_entry_key(key, e->log, log->tree.size);
  om_txn_put(batch->txn, OM_TABLE_ENTRIES, key, sizeof key, checked->bytes, checked->len);
  om_pruned_leaf(&log->tree, &checked->leaf);
  log->registry_size = b->judged->registry_size;
  log->taken_ms = checked->entry->taken_ms;
  log->entries++;
  b->told.entries++;
  b->told.hashes += e->gap.len / OM_HASH_BYTES;
  return om_txn_check(batch->txn, st);
}

/* ---- heads of other logs ---- */

/* Do the registry's acts state that LOG ended so, or was so at a restart? */
static bool is_stated(struct om_txn *txn, uint32_t log, uint64_t size, const struct om_hash *root) {
  struct om_retired end;
  struct om_hash stated;
  uint64_t stated_size, since;
  if (om_registry_retired(txn, &end, log, OM_REGISTRY_NOW) && end.size == size && om_hash_equal(&end.root, root))
    return true;
  return om_registry_stated_root(txn, &stated_size, &stated, &since, log) && stated_size == size &&
         om_hash_equal(&stated, root);
}

/* Does the registry state another tree of LOG at just this SIZE? Then no signature counts: who has the keys of
 * witnesses of long ago may have made up entries and padded them to it. */
static bool is_stated_otherwise(struct om_txn *txn, uint32_t log, uint64_t size, const struct om_hash *root) {
  struct om_retired end;
  struct om_hash stated;
  uint64_t stated_size, since;
  if (om_registry_retired(txn, &end, log, OM_REGISTRY_NOW) && end.size == size) return !om_hash_equal(&end.root, root);
  return om_registry_stated_root(txn, &stated_size, &stated, &since, log) && stated_size == size &&
         !om_hash_equal(&stated, root);
}

/* NOTE is a head of the log that its quorum signed, over just this tree. */
static enum om_code check_note(struct om_batch *batch, uint32_t log, uint64_t size, const struct om_hash *root,
                               const ProtobufCBinaryData *note, struct om_status *st) {
  struct om_checkpoint head;
  struct om_retired end;
  uint64_t time_s;
  enum om_code code = om_quorum_check(batch->txn, &head, &time_s, log, note->data, note->len, st);
  if (code != OM_OK) return code;
  if (head.size != size || !om_hash_equal(&head.root, root))
    return unproven(st,
                    "the entries and hashes in the file do not lead to the head of their log: some of them were "
                    "changed, or are of another history");
  if (om_registry_retired(batch->txn, &end, log, OM_REGISTRY_NOW) && size > end.size)
    return unproven(st, "the head of a log covers more than it has ended with");
  if (is_stated_otherwise(batch->txn, log, size, root))
    return unproven(st, "the registry states that the log stands otherwise at this size");
  om_head_put_final(batch->txn, log, size, time_s, note->data, note->len);
  return OM_OK;
}

/* The row of a log without a tree: it says how it stands, and holds no edge. */
static void put_log(struct om_txn *txn, uint32_t log, const struct om_bundle_log *l, const struct om_hash *root) {
  uint8_t key[4], row[OM_LOG_ROW_BYTES + 8];
  om_be32(key, log);
  om_be64(row, l->registry_size);
  om_be64(row + 8, (uint64_t)l->taken_ms);
  memcpy(row + 16, root->bytes, sizeof root->bytes);
  om_be64(row + OM_LOG_ROW_BYTES, l->tree.size);
  om_txn_put(txn, OM_TABLE_LOGS, key, sizeof key, row, sizeof row);
}

static enum om_code take_time(struct om_bundle *b, struct om_batch *batch, const Oremark__BundleTime *t,
                              struct om_status *st) {
  struct om_checkpoint head;
  uint64_t time_s;
  if ((b->part != OM_BUNDLE_ENTRIES && b->part != OM_BUNDLE_TIMES) || t->log == OM_LOG_REGISTRY ||
      t->log >= b->n_logs || !b->logs[t->log])
    return bad(st, "a time is not where times stand, or of no log that is there");
  b->part = OM_BUNDLE_TIMES;
  enum om_code code = om_quorum_check(batch->txn, &head, &time_s, t->log, t->note.data, t->note.len, st);
  bool current = false;
  if (code == OM_OK) code = om_quorum_current(batch->txn, &current, t->log, head.size, st);
  if (code != OM_OK) return code;
  if (t->log < b->last_time.log || (t->log == b->last_time.log && head.size <= b->last_time.size))
    return bad(st, "the times are not in order");
  b->last_time.log = t->log;
  b->last_time.size = head.size;
  if (!current)
    return OM_OK; /* who has the keys of replaced witnesses says what time it likes: nothing is known then */
  om_times_marked(batch->txn, t->log, head.size, t->log, head.size, time_s);
  return om_txn_check(batch->txn, st);
}

static enum om_code take_head(struct om_bundle *b, struct om_batch *batch, const Oremark__BundleHead *h,
                              struct om_status *st) {
  struct om_hash root;
  if (h->log == OM_LOG_REGISTRY) return take_registry_head(b, batch, h, st);
  if (b->part < OM_BUNDLE_ENTRIES || b->part > OM_BUNDLE_HEADS) return bad(st, "a head is not where heads stand");
  struct om_bundle_log *log = h->log < b->n_logs ? b->logs[h->log] : NULL;
  if (!log || h->log <= b->last_head) return bad(st, "a head is of no log that is there, or not in order");
  b->part = OM_BUNDLE_HEADS;
  b->last_head = h->log;
  if (!om_pruned_gap(&log->tree, h->skipped, h->gap.data, h->gap.len))
    return bad(st, "the hashes before a head do not stand for the entries that are left out");
  b->told.hashes += h->gap.len / OM_HASH_BYTES;
  om_pruned_root(&log->tree, &root);
  log->has_head = true;
  log->noted = h->note.len > 0;
  if (!log->noted && !is_stated(batch->txn, h->log, log->tree.size, &root))
    return unproven(st, "a log has no head, and the registry does not state that it stands so");
  if (log->noted && check_note(batch, h->log, log->tree.size, &root, &h->note, st) != OM_OK) return st->code;
  put_log(batch->txn, h->log, log, &root);
  return om_txn_check(batch->txn, st);
}

/* ---- the rest ---- */

static bool all_headed(const struct om_bundle *b) {
  for (size_t i = 0; i < b->n_logs; i++)
    if (b->logs[i] && !b->logs[i]->has_head) return false;
  return b->part >= OM_BUNDLE_ENTRIES && b->part < OM_BUNDLE_ENDED;
}

static enum om_code take_evidence(struct om_bundle *b, struct om_batch *batch, const Oremark__BundleEvidence *e,
                                  struct om_status *st) {
  uint32_t number;
  bool news;
  if (!all_headed(b) || b->part > OM_BUNDLE_EVIDENCE) return bad(st, "evidence is not where it stands");
  b->part = OM_BUNDLE_EVIDENCE;
  enum om_code code = om_batch_evidence(batch, &number, &news, e->log, e->evidence.data, e->evidence.len, st);
  if (code == OM_OK && !news) return bad(st, "evidence stands there twice, or more of it than is kept");
  b->told.evidence++;
  return code;
}

/* The document under way is whole. */
static enum om_code end_document(struct om_bundle *b, struct om_status *st) {
  struct om_hash hash;
  om_sha256(&hash, b->document, b->document_len);
  if (!om_hash_equal(&hash, &b->under_way.hash))
    return unproven(st, "the bytes of a document have another hash than it is named by");
  if (b->n_documents == b->cap_documents) {
    b->cap_documents = b->cap_documents == 0 ? 16 : 2 * b->cap_documents;
    b->documents = realloc(b->documents, b->cap_documents * sizeof *b->documents);
    OM_ASSERT(b->documents);
  }
  b->documents[b->n_documents++] = b->under_way;
  b->told.documents++;
  b->under_way.size = 0;
  return b->source.document ? b->source.document(b->source.ctx, &hash, b->document, b->document_len, st) : OM_OK;
}

static enum om_code take_document(struct om_bundle *b, const Oremark__BundleDocument *d, struct om_status *st) {
  struct om_bundle_document *now = &b->under_way;
  const struct om_bundle_document *last = b->n_documents > 0 ? &b->documents[b->n_documents - 1] : NULL;
  if (!b->with_documents || !all_headed(b)) return bad(st, "a document is not where documents stand");
  b->part = OM_BUNDLE_DOCUMENTS;
  if (d->hash.len != OM_HASH_BYTES || d->size == 0 || d->size > OM_DOCUMENT_MAX_BYTES || d->part.len == 0 ||
      d->part.len > OM_BUNDLE_PART_BYTES)
    return bad(st, "a part of a document is too long, or says nothing");
  if (now->size == 0) {
    if (b->n_documents == OM_BUNDLE_DOCUMENTS_MAX) return bad(st, "it has more documents than are taken");
    if (last && memcmp(last->hash.bytes, d->hash.data, OM_HASH_BYTES) >= 0)
      return bad(st, "its documents are not in order");
    memcpy(now->hash.bytes, d->hash.data, OM_HASH_BYTES);
    now->size = d->size;
    b->document_len = 0;
  }
  if (memcmp(now->hash.bytes, d->hash.data, OM_HASH_BYTES) != 0 || d->size != now->size ||
      d->offset != b->document_len || d->part.len > now->size - b->document_len)
    return bad(st, "the parts of a document do not follow each other");
  b->document = realloc(b->document, b->document_len + d->part.len); /* as it comes, not as it says */
  OM_ASSERT(b->document);
  memcpy(b->document + b->document_len, d->part.data, d->part.len);
  b->document_len += d->part.len;
  return b->document_len == now->size ? end_document(b, st) : OM_OK;
}

static enum om_code take_end(struct om_bundle *b, const Oremark__BundleEnd *end, struct om_status *st) {
  if (!all_headed(b)) return bad(st, "it ends before all heads are told");
  if (b->under_way.size > 0) return bad(st, "it ends within a document");
  if (end->frames != b->told.frames || end->entries != b->told.entries - 1)
    return bad(st, "it says that it has more or fewer frames than it has");
  b->part = OM_BUNDLE_ENDED;
  return OM_OK;
}

enum om_code om_bundle_take(struct om_bundle *b, struct om_batch *batch, struct om_bundle_frame *taken,
                            struct om_status *st) {
  const Oremark__BundleFrame *frame = taken->frame;
  bool begins = frame->what_case == OREMARK__BUNDLE_FRAME__WHAT_BEGIN;
  if (b->part == OM_BUNDLE_ENDED) return bad(st, "something stands behind its end");
  if ((b->part == OM_BUNDLE_BEGINS) != begins) return bad(st, "it does not begin as a bundle does");
  switch (frame->what_case) {
    case OREMARK__BUNDLE_FRAME__WHAT_BEGIN: return take_begin(b, frame->begin, st);
    case OREMARK__BUNDLE_FRAME__WHAT_ENTRY: return take_entry(b, batch, frame->entry, taken->checked, st);
    case OREMARK__BUNDLE_FRAME__WHAT_HEAD: return take_head(b, batch, frame->head, st);
    case OREMARK__BUNDLE_FRAME__WHAT_TIME: return take_time(b, batch, frame->time, st);
    case OREMARK__BUNDLE_FRAME__WHAT_EVIDENCE: return take_evidence(b, batch, frame->evidence, st);
    case OREMARK__BUNDLE_FRAME__WHAT_DOCUMENT: return take_document(b, frame->document, st);
    case OREMARK__BUNDLE_FRAME__WHAT_END: return take_end(b, frame->end, st);
    case OREMARK__BUNDLE_FRAME__WHAT__NOT_SET:
    case _OREMARK__BUNDLE_FRAME__WHAT__CASE_IS_INT_SIZE: break;
  }
  return bad(st, "a frame says nothing");
}
