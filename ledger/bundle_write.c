/* Writing a bundle: the lineage is verified as it stands here, what it needs is found on the way, and the logs are
 * written pruned to that, in an order in which a mirror could take them. */
#include <stdlib.h>
#include <string.h>

#include "ledger/bundle_state.h"
#include "ledger/ledger_state.h"
#include "ledger/pruned.h"
#include "ledger/statement.h"

/* A log besides the registry's, while it is written: needs.all[next .. end). */
struct cursor {
  uint32_t log;
  size_t next, end;
  uint64_t written; /* entries that the tree has so far */
  struct om_log_tiles *tiles;
};

struct writer {
  struct om_verify *v;
  struct om_bundle_needs needs;
  const struct om_bundle_sink *sink;
  struct om_bundle_written *out;
  struct cursor *cursors; /* ascending by log */
  size_t n_cursors;
  size_t *of_log; /* 1 + the index of its cursor; 0: none */
  uint8_t *frame;
  size_t cap;
  struct om_arena arena;     /* of the entry in hand */
  struct om_hash *documents; /* that are held, in the order in which they were met */
  size_t n_documents, cap_documents;
};

/* ---- frames ---- */

static enum om_code put(struct writer *w, const Oremark__BundleFrame *frame, struct om_status *st) {
  size_t len = oremark__bundle_frame__get_packed_size(frame);
  if (len > OM_BUNDLE_FRAME_MAX_BYTES)
    return om_fail(st, OM_REFUSED, "limit", "an entry moves more lots besides these than a frame has room for");
  if (OM_BUNDLE_LENGTH_BYTES + len > w->cap) {
    w->cap = 2 * (OM_BUNDLE_LENGTH_BYTES + len);
    w->frame = realloc(w->frame, w->cap);
    OM_ASSERT(w->frame);
  }
  om_be32(w->frame, (uint32_t)len);
  oremark__bundle_frame__pack(frame, w->frame + OM_BUNDLE_LENGTH_BYTES);
  len += OM_BUNDLE_LENGTH_BYTES;
  enum om_code code = w->sink->write(w->sink->ctx, w->frame, len, st);
  w->out->bytes += len;
  w->out->frames++;
  return code;
}

static ProtobufCBinaryData data(const void *bytes, size_t len) {
  return (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)bytes};
}

static enum om_code put_begin(struct writer *w, const uint8_t *number, struct om_status *st) {
  Oremark__BundleFrame frame = OREMARK__BUNDLE_FRAME__INIT;
  Oremark__BundleBegin begin = OREMARK__BUNDLE_BEGIN__INIT;
  begin.version = OM_BUNDLE_VERSION;
  begin.network_id = data(w->v->network->bytes, OM_HASH_BYTES);
  begin.lot = data(number, OM_LOT_NUMBER_BYTES);
  begin.documents = w->sink->documents != NULL;
  frame.what_case = OREMARK__BUNDLE_FRAME__WHAT_BEGIN;
  frame.begin = &begin;
  enum om_code code = w->sink->write(w->sink->ctx, (const uint8_t *)OM_BUNDLE_MAGIC, OM_BUNDLE_MAGIC_BYTES, st);
  w->out->bytes += OM_BUNDLE_MAGIC_BYTES;
  return code == OM_OK ? put(w, &frame, st) : code;
}

static enum om_code put_entry(struct writer *w, Oremark__BundleEntry *entry, struct om_status *st) {
  Oremark__BundleFrame frame = OREMARK__BUNDLE_FRAME__INIT;
  frame.what_case = OREMARK__BUNDLE_FRAME__WHAT_ENTRY;
  frame.entry = entry;
  w->out->entries++;
  return put(w, &frame, st);
}

/* The checkpoint of the mark that is entry INDEX of LOG, in the arena; none where that is no mark. */
static enum om_code marked_note(struct writer *w, struct om_bytes *note, uint32_t log, uint64_t index,
                                struct om_status *st) {
  struct om_bytes bytes;
  enum om_code code = om_log_entry(w->v->txn, &bytes, log, index, st);
  if (code != OM_OK) return code;
  om_arena_reset(&w->arena);
  const Oremark__Entry *entry = oremark__entry__unpack(om_arena_protobuf(&w->arena), bytes.len, bytes.data);
  if (entry && entry->what_case == OREMARK__ENTRY__WHAT_MARK)
    *note = (struct om_bytes){entry->mark->checkpoint.data, entry->mark->checkpoint.len};
  return OM_OK;
}

/* GAP: N hashes for SKIPPED entries. */
static enum om_code put_head(struct writer *w, uint32_t log, uint64_t skipped, const struct om_hash *gap, size_t n,
                             struct om_status *st) {
  Oremark__BundleFrame frame = OREMARK__BUNDLE_FRAME__INIT;
  Oremark__BundleHead head = OREMARK__BUNDLE_HEAD__INIT;
  struct om_bytes note = {0};
  enum om_code code = OM_OK;
  head.log = log;
  head.skipped = skipped;
  head.gap = data(gap, n * OM_HASH_BYTES);
  const struct om_bundle_voucher *voucher = &w->needs.vouchers[log];
  if (voucher->is)
    code = marked_note(w, &note, voucher->log, voucher->index, st);
  else if (!w->v->logs[log]->stated)
    code = om_log_final(w->v->txn, &note, log, st);
  if (code != OM_OK) return code;
  head.note = data(note.data, note.len);
  frame.what_case = OREMARK__BUNDLE_FRAME__WHAT_HEAD;
  frame.head = &head;
  w->out->logs++;
  return put(w, &frame, st);
}

static enum om_code put_end(struct writer *w, struct om_status *st) {
  Oremark__BundleFrame frame = OREMARK__BUNDLE_FRAME__INIT;
  Oremark__BundleEnd end = OREMARK__BUNDLE_END__INIT;
  end.frames = w->out->frames;
  end.entries = w->out->entries;
  frame.what_case = OREMARK__BUNDLE_FRAME__WHAT_END;
  frame.end = &end;
  return put(w, &frame, st);
}

/* ---- the registry log, whole but for the genesis ---- */

static enum om_code put_registry(struct writer *w, struct om_status *st) {
  uint64_t size = w->v->logs[OM_LOG_REGISTRY]->head.size;
  for (uint64_t i = 1; i < size; i++) {
    Oremark__BundleEntry entry = OREMARK__BUNDLE_ENTRY__INIT;
    struct om_bytes bytes;
    enum om_code code = om_log_entry(w->v->txn, &bytes, OM_LOG_REGISTRY, i, st);
    if (code != OM_OK) return code;
    entry.log = OM_LOG_REGISTRY;
    entry.entry = data(bytes.data, bytes.len);
    if (put_entry(w, &entry, st) != OM_OK) return st->code;
  }
  return put_head(w, OM_LOG_REGISTRY, 0, NULL, 0, st);
}

/* ---- what stands beside an entry ---- */

static size_t first_said(const struct om_bundle_needs *needs, const struct om_bundle_need *need) {
  size_t low = 0, high = needs->n_said;
  while (low < high) {
    size_t at = low + (high - low) / 2;
    const struct om_bundle_said *s = &needs->said[at];
    if (s->log < need->log || (s->log == need->log && s->index < need->index))
      low = at + 1;
    else
      high = at;
  }
  return low;
}

static size_t first_other(const struct om_bundle_needs *needs, const struct om_bundle_need *need) {
  size_t low = 0, high = needs->n_others;
  while (low < high) {
    size_t at = low + (high - low) / 2;
    const struct om_bundle_other *o = &needs->others[at];
    if (o->log < need->log || (o->log == need->log && o->index < need->index))
      low = at + 1;
    else
      high = at;
  }
  return low;
}

/* The entry of the lineage that NEED is; v->n_entries: none. */
static size_t of_lineage(const struct om_verify *v, const struct om_bundle_need *need) {
  size_t low = 0, high = v->n_entries;
  while (low < high) {
    size_t at = low + (high - low) / 2;
    const struct om_verify_entry *e = &v->entries[at];
    if (e->log < need->log || (e->log == need->log && e->index < need->index))
      low = at + 1;
    else
      high = at;
  }
  return low < v->n_entries && v->entries[low].log == need->log && v->entries[low].index == need->index ? low
                                                                                                        : v->n_entries;
}

/* Which events of a statement's entry BYTES are to be judged. */
static enum om_code choose(struct writer *w, bool only[OM_EVENTS_MAX], const struct om_bundle_need *need,
                           const struct om_bytes *bytes, struct om_status *st) {
  const struct om_bundle_needs *needs = &w->needs;
  size_t at = of_lineage(w->v, need);
  memset(only, 0, OM_EVENTS_MAX * sizeof *only);
  if (at < w->v->n_entries) {
    struct om_checked *checked;
    om_arena_reset(&w->arena);
    enum om_code code = om_check_entry(&checked, &w->arena, w->v->network, NULL, bytes->data, bytes->len, st);
    if (code == OM_OK) code = om_verify_chosen(w->v, only, at, checked->statement, st);
    if (code != OM_OK) return code;
    w->out->statement_bytes += oremark__signed_statement__get_packed_size(checked->signed_statement);
  }
  for (size_t i = first_said(needs, need);
       i < needs->n_said && needs->said[i].log == need->log && needs->said[i].index == need->index; i++)
    if (needs->said[i].event < OM_EVENTS_MAX) only[needs->said[i].event] = true;
  return OM_OK;
}

/* Eight to a byte, without closing zero bytes. */
static size_t pack_events(uint8_t out[OM_EVENTS_MAX / 8], const bool only[OM_EVENTS_MAX]) {
  size_t len = 0;
  memset(out, 0, OM_EVENTS_MAX / 8);
  for (size_t i = 0; i < OM_EVENTS_MAX; i++) {
    if (!only[i]) continue;
    out[i / 8] = (uint8_t)(out[i / 8] | 1u << i % 8);
    len = i / 8 + 1;
  }
  return len;
}

/* The rows of the lots outside the lineage that the entry moves; in the arena, as copies: the store's do not stay. */
static enum om_code add_others(struct writer *w, Oremark__BundleEntry *entry, const struct om_bundle_need *need,
                               struct om_status *st) {
  const struct om_bundle_needs *needs = &w->needs;
  size_t first = first_other(needs, need), n = 0;
  while (first + n < needs->n_others && needs->others[first + n].log == need->log &&
         needs->others[first + n].index == need->index)
    n++;
  if (n == 0) return OM_OK;
  entry->others = om_arena_array(&w->arena, n, sizeof *entry->others);
  for (; entry->n_others < n; entry->n_others++) {
    const struct om_bundle_other *o = &needs->others[first + entry->n_others];
    Oremark__BundleOther *other = om_arena_alloc(&w->arena, sizeof *other);
    uint8_t key[OM_LOT_KEY_BYTES];
    struct om_bytes row;
    om_lot_key(key, o->number, o->step);
    if (!om_txn_get(w->v->txn, &row, OM_TABLE_LOTS, key, sizeof key))
      return om_txn_check(w->v->txn, st) != OM_OK
                 ? st->code
                 : om_fail(st, OM_CORRUPT, NULL, "a lot's row that was read is not there any more");
    oremark__bundle_other__init(other);
    other->key = data(om_arena_copy(&w->arena, key, sizeof key), sizeof key);
    other->row = data(om_arena_copy(&w->arena, row.data, row.len), row.len);
    entry->others[entry->n_others] = other;
  }
  return OM_OK;
}

/* ---- the other logs ---- */

static struct cursor *cursor_of(struct writer *w, uint32_t log) {
  return log < w->v->n_logs && w->of_log[log] > 0 ? &w->cursors[w->of_log[log] - 1] : NULL;
}

/* Is all that goes into the file of MARKED below SIZE written? */
static bool written_up_to(struct writer *w, uint32_t marked, uint64_t size) {
  const struct cursor *c = cursor_of(w, marked);
  return !c || c->next == c->end || w->needs.all[c->next].index >= size;
}

/* May the mark NEED stand here? One of the registry covers what the governors have stated of other logs, too. */
static bool may_stand(struct writer *w, const struct om_bundle_need *need) {
  if (need->marked == OM_LOG_NONE || need->marked == need->log) return true;
  if (need->marked != OM_LOG_REGISTRY && !written_up_to(w, need->marked, need->size)) return false;
  for (size_t i = 0; i < w->n_cursors; i++) {
    const struct cursor *c = &w->cursors[i];
    uint8_t key[OM_MARK_KEY_BYTES];
    struct om_bytes row;
    if (c->log == need->log || c->next == c->end || !w->v->logs[c->log]->stated) continue;
    om_mark_key(key, need->log, c->log, need->index);
    if (om_txn_get(w->v->txn, &row, OM_TABLE_MARKS, key, sizeof key) && row.len == 8 &&
        !written_up_to(w, c->log, om_get64(row.data)))
      return false;
  }
  return true;
}

static enum om_code put_next(struct writer *w, struct cursor *c, struct om_status *st) {
  const struct om_bundle_need *need = &w->needs.all[c->next];
  Oremark__BundleEntry entry = OREMARK__BUNDLE_ENTRY__INIT;
  struct om_hash gap[OM_GAP_MAX];
  struct om_bytes bytes;
  bool only[OM_EVENTS_MAX];
  uint8_t events[OM_EVENTS_MAX / 8];
  size_t n;
  enum om_code code = om_gap_read(&c->tiles->tiles, gap, &n, c->written, need->index, st);
  if (code == OM_OK) code = om_log_entry(w->v->txn, &bytes, c->log, need->index, st);
  if (code == OM_OK && need->marked == OM_LOG_NONE) code = choose(w, only, need, &bytes, st);
  if (code == OM_OK && need->marked == OM_LOG_NONE) entry.events = data(events, pack_events(events, only));
  if (code == OM_OK) code = add_others(w, &entry, need, st);
  if (code != OM_OK) return code;
  entry.log = c->log;
  entry.skipped = need->index - c->written;
  entry.gap = data(gap, n * OM_HASH_BYTES);
  entry.entry = data(bytes.data, bytes.len);
  c->written = need->index + 1;
  c->next++;
  return put_entry(w, &entry, st);
}

/* Every log as far as it goes, again and again: an entry that has to wait for another log's comes in a later round. */
static enum om_code put_entries(struct writer *w, struct om_status *st) {
  size_t done = 0;
  while (done < w->needs.n) {
    size_t before = done;
    for (size_t i = 0; i < w->n_cursors; i++) {
      struct cursor *c = &w->cursors[i];
      for (; c->next < c->end && may_stand(w, &w->needs.all[c->next]); done++) {
        enum om_code code = om_progress_tell(w->v->progress, "writing", done, w->needs.n, st);
        if (code == OM_OK) code = put_next(w, c, st);
        if (code != OM_OK) return code;
      }
    }
    if (done == before) return om_fail(st, OM_CORRUPT, NULL, "marks that wait for each other: " OM_STORE_DAMAGED);
  }
  return OM_OK;
}

/* A head by which something was final that its time matters of. */
static enum om_code put_time(struct writer *w, const struct om_bundle_time *t, struct om_status *st) {
  Oremark__BundleFrame frame = OREMARK__BUNDLE_FRAME__INIT;
  Oremark__BundleTime time = OREMARK__BUNDLE_TIME__INIT;
  struct om_bytes bytes = {0};
  enum om_code code = OM_OK;
  if (t->time.marked)
    code = marked_note(w, &bytes, t->time.log, t->time.index, st);
  else if (!om_times_note(w->v->txn, &bytes, t->log, t->time.size))
    code = om_txn_check(w->v->txn, st);
  if (code != OM_OK || bytes.len == 0) return code; /* the time is then not known to who reads it */
  time.log = t->log;
  time.note = data(bytes.data, bytes.len);
  frame.what_case = OREMARK__BUNDLE_FRAME__WHAT_TIME;
  frame.time = &time;
  return put(w, &frame, st);
}

static enum om_code put_times(struct writer *w, struct om_status *st) {
  enum om_code code = OM_OK;
  for (size_t i = 0; i < w->needs.n_times && code == OM_OK; i++) code = put_time(w, &w->needs.times[i], st);
  return code;
}

static enum om_code put_heads(struct writer *w, struct om_status *st) {
  enum om_code code = OM_OK;
  for (size_t i = 0; i < w->n_cursors && code == OM_OK; i++) {
    struct cursor *c = &w->cursors[i];
    struct om_hash gap[OM_GAP_MAX];
    uint64_t size = w->v->logs[c->log]->head.size;
    size_t n;
    code = om_gap_read(&c->tiles->tiles, gap, &n, c->written, size, st);
    if (code == OM_OK) code = put_head(w, c->log, size - c->written, gap, n, st);
  }
  return code;
}

/* ---- evidence ---- */

static enum om_code put_evidence_of(struct writer *w, uint32_t log, struct om_status *st) {
  for (uint32_t i = 0; i < OM_EVIDENCE_PIECES_MAX; i++) {
    enum om_evidence_standing standing;
    struct om_bytes bytes;
    Oremark__BundleFrame frame = OREMARK__BUNDLE_FRAME__INIT;
    Oremark__BundleEvidence evidence = OREMARK__BUNDLE_EVIDENCE__INIT;
    enum om_code code = om_log_evidence(w->v->txn, &bytes, &standing, log, i, st);
    if (code == OM_MISSING) return OM_OK;
    if (code != OM_OK) return code;
    if (standing == OM_EVIDENCE_REFUTED || standing == OM_EVIDENCE_CLAIMED) continue;
    evidence.log = log;
    evidence.evidence = data(bytes.data, bytes.len);
    frame.what_case = OREMARK__BUNDLE_FRAME__WHAT_EVIDENCE;
    frame.evidence = &evidence;
    if (put(w, &frame, st) != OM_OK) return st->code;
  }
  return OM_OK;
}

static enum om_code put_evidence(struct writer *w, struct om_status *st) {
  enum om_code code = put_evidence_of(w, OM_LOG_REGISTRY, st);
  for (size_t i = 0; i < w->n_cursors && code == OM_OK; i++) code = put_evidence_of(w, w->cursors[i].log, st);
  return code;
}

/* ---- documents ---- */

/* What is held of HASH, for the verifier; what is there is remembered, to be written. */
static enum om_document_state meet_document(void *ctx, uint64_t *size, const struct om_hash *hash) {
  struct writer *w = ctx;
  const struct om_verify_documents *held = w->sink->documents;
  enum om_document_state state = held->check(held->ctx, size, hash);
  if (state != OM_DOCUMENT_HELD) return state;
  if (w->n_documents == w->cap_documents) {
    w->cap_documents = w->cap_documents == 0 ? 16 : 2 * w->cap_documents;
    w->documents = realloc(w->documents, w->cap_documents * sizeof *w->documents);
    OM_ASSERT(w->documents);
  }
  w->documents[w->n_documents++] = *hash; /* each is asked for once */
  return state;
}

static int hash_order(const void *a, const void *b) {
  return memcmp(((const struct om_hash *)a)->bytes, ((const struct om_hash *)b)->bytes, OM_HASH_BYTES);
}

static enum om_code put_document(struct writer *w, struct om_hash *hash, uint8_t *part, struct om_status *st) {
  uint64_t size = 1;
  for (uint64_t at = 0; at < size;) {
    Oremark__BundleFrame frame = OREMARK__BUNDLE_FRAME__INIT;
    Oremark__BundleDocument document = OREMARK__BUNDLE_DOCUMENT__INIT;
    size_t len = 0;
    if (w->sink->read_document(w->sink->ctx, part, &len, &size, hash, at, OM_BUNDLE_PART_BYTES, st) != OM_OK)
      return st->code;
    if (len == 0) return om_fail(st, OM_IO, "document", "a document that is held here is cut short");
    document.hash = data(hash->bytes, OM_HASH_BYTES);
    document.size = size;
    document.offset = at;
    document.part = data(part, len);
    frame.what_case = OREMARK__BUNDLE_FRAME__WHAT_DOCUMENT;
    frame.document = &document;
    if (put(w, &frame, st) != OM_OK) return st->code;
    at += len;
  }
  w->out->documents++;
  return OM_OK;
}

static enum om_code put_documents(struct writer *w, struct om_status *st) {
  if (w->n_documents == 0) return OM_OK;
  if (w->n_documents > OM_BUNDLE_DOCUMENTS_MAX)
    return om_fail(st, OM_REFUSED, "limit", "the lineage names %zu documents, a file has room for %d: leave them out",
                   w->n_documents, OM_BUNDLE_DOCUMENTS_MAX);
  uint8_t *part = malloc(OM_BUNDLE_PART_BYTES);
  OM_ASSERT(part);
  qsort(w->documents, w->n_documents, sizeof *w->documents, hash_order);
  enum om_code code = OM_OK;
  for (size_t i = 0; i < w->n_documents && code == OM_OK; i++) code = put_document(w, &w->documents[i], part, st);
  free(part);
  return code;
}

/* ---- all of it ---- */

/* Every entry stands under its log's head. */
static enum om_code check_final(const struct writer *w, const struct cursor *c, struct om_status *st) {
  const struct om_verify_log *log = w->v->logs[c->log];
  uint64_t last = w->needs.all[c->end - 1].index;
  if (log->has_head && last < log->head.size) return OM_OK;
  return om_fail(st, OM_WAIT, "final", "entry %llu of %s is not final yet, up to %llu is: ask again in a moment",
                 (unsigned long long)last, log->info.origin, (unsigned long long)(log->has_head ? log->head.size : 0));
}

static enum om_code open_cursors(struct writer *w, struct om_status *st) {
  const struct om_bundle_needs *needs = &w->needs;
  w->of_log = calloc(w->v->n_logs + 1, sizeof *w->of_log);
  w->cursors = calloc(w->v->n_logs + 1, sizeof *w->cursors);
  OM_ASSERT(w->of_log && w->cursors);
  for (size_t i = 0; i < needs->n;) {
    struct cursor *c = &w->cursors[w->n_cursors++];
    *c = (struct cursor){.log = needs->all[i].log, .next = i};
    while (i < needs->n && needs->all[i].log == c->log) i++;
    c->end = i;
    w->of_log[c->log] = w->n_cursors;
    c->tiles = malloc(sizeof *c->tiles);
    OM_ASSERT(c->tiles);
    enum om_code code = om_log_tiles(w->v->txn, c->tiles, c->log, st);
    if (code == OM_OK) code = check_final(w, c, st);
    if (code != OM_OK) return code;
  }
  return OM_OK;
}

/* What fails here says something of the store, or of the lot? The latter is for who reads the bundle. */
static enum om_code check_verdict(const struct om_verdict *verdict, struct om_status *st) {
  static const enum om_check_kind must[] = {OM_CHECK_LINEAGE, OM_CHECK_BYTES, OM_CHECK_TREE,       OM_CHECK_HEAD,
                                            OM_CHECK_MARK,    OM_CHECK_RULES, OM_CHECK_CHAIN,      OM_CHECK_CUSTODY,
                                            OM_CHECK_BALANCE, OM_CHECK_STATE, OM_CHECK_ATTRIBUTION};
  const struct om_check *final = &verdict->checks[OM_CHECK_FINAL];
  for (size_t i = 0; i < sizeof must / sizeof *must; i++) {
    const struct om_check *check = &verdict->checks[must[i]];
    if (check->failed > 0)
      return om_fail(st, OM_CORRUPT, check->name, "what is held here does not verify (%s): %s", check->name,
                     check->first);
  }
  return final->failed == 0 ? OM_OK : om_fail(st, OM_WAIT, "final", "%s", final->first);
}

static enum om_code write_all(struct writer *w, const uint8_t *number, struct om_status *st) {
  const struct om_verify_log *registry = w->v->logs[OM_LOG_REGISTRY];
  if (!registry || !registry->has_head || registry->stated)
    return om_fail(st, OM_WAIT, "final", "the registry is not final here yet: ask again in a moment");
  enum om_code code = om_bundle_needs_settle(&w->needs, st);
  if (code == OM_OK) code = open_cursors(w, st);
  if (code == OM_OK) code = put_begin(w, number, st);
  if (code == OM_OK) code = put_registry(w, st);
  if (code == OM_OK) code = put_entries(w, st);
  if (code == OM_OK) code = put_times(w, st);
  if (code == OM_OK) code = put_heads(w, st);
  if (code == OM_OK) code = put_evidence(w, st);
  if (code == OM_OK) code = put_documents(w, st);
  if (code == OM_OK) code = put_end(w, st);
  w->out->records = w->v->lineage.n_events;
  w->out->registry = registry->head;
  w->out->registry_s = registry->time_s;
  return code;
}

enum om_code om_bundle_write(struct om_txn *txn, struct om_bundle_written *out, const struct om_hash *network,
                             const uint8_t number[OM_LOT_NUMBER_BYTES], const struct om_bundle_sink *sink,
                             const struct om_progress *progress, struct om_status *st) {
  struct om_arena arena = {0};
  struct om_verify_watch watch;
  struct om_verify v = {.txn = txn, .arena = &arena, .network = network, .progress = progress, .watch = &watch};
  struct writer w = {.v = &v, .needs = {.v = &v}, .sink = sink, .out = out};
  struct om_verdict *verdict = om_arena_alloc(&arena, sizeof *verdict);
  struct om_verify_documents documents = {&w, meet_document};
  if (sink->documents) v.documents = &documents;
  *out = (struct om_bundle_written){0};
  om_bundle_needs_watch(&w.needs, &watch);
  enum om_code code = om_verify_run(&v, verdict, number, st);
  if (code == OM_OK) code = check_verdict(verdict, st);
  if (code == OM_OK) code = write_all(&w, number, st);
  for (size_t i = 0; i < w.n_cursors; i++) free(w.cursors[i].tiles);
  free(w.cursors);
  free(w.of_log);
  free(w.frame);
  free(w.documents);
  om_bundle_needs_free(&w.needs);
  om_verify_free(&v);
  om_arena_free(&w.arena);
  om_arena_free(&arena);
  return code;
}
