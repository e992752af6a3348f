/* Reading a bundle: bytes become frames, frames blocks; what is in them is judged in ledger/bundle_take.c. */
#include <stdlib.h>
#include <string.h>

#include "ledger/bundle_read.h"

enum { READ_BYTES = 256 * 1024 };

/* What a scratch store may grow to at most: a file of the largest lineage that is written, with its rows. */
#define MAP_BYTES (UINT64_C(1) << 36)

/* What it may grow to for a file of BYTES. */
static uint64_t map_bytes(uint64_t bytes) {
  if (bytes == 0 || bytes > (MAP_BYTES - OM_BUNDLE_STORE_BYTES) / OM_BUNDLE_STORE_TIMES) return MAP_BYTES;
  return OM_BUNDLE_STORE_BYTES + bytes * OM_BUNDLE_STORE_TIMES;
}

enum om_code om_bundle_open(struct om_bundle **out, const struct om_bundle_source *source, const char *folder,
                            const uint8_t *genesis, size_t genesis_len, const struct om_checkpoint *pinned,
                            struct om_status *st) {
  *out = NULL;
  struct om_bundle *b = calloc(1, sizeof *b);
  OM_ASSERT(b);
  b->source = *source;
  b->room = OM_BUNDLE_FIRST_ITEMS;
  if (pinned) om_bundle_pin(b, pinned);
  b->judged = calloc(1, sizeof *b->judged);
  OM_ASSERT(b->judged);
  enum om_code code = om_ledger_open_scratch(&b->ledger, folder, map_bytes(source->bytes), genesis, genesis_len, st);
  if (code != OM_OK) {
    om_bundle_close(b);
    return code;
  }
  *out = b;
  return OM_OK;
}

void om_bundle_pin(struct om_bundle *b, const struct om_checkpoint *head) {
  OM_ASSERT(b->n_pins < OM_BUNDLE_PINS_MAX && b->read == 0);
  b->pins[b->n_pins++] = *head;
}

void om_bundle_drop_blocks(struct om_bundle *b) {
  for (size_t k = 0; k < OM_BUNDLE_BLOCKS; k++)
    for (size_t i = 0; i < OM_BUNDLE_BLOCK_ITEMS; i++) om_arena_free(&b->blocks[k].items[i].arena);
  free(b->buffer);
  b->buffer = NULL;
  b->cap = b->from = b->to = 0;
}

void om_bundle_close(struct om_bundle *b) {
  if (!b) return;
  om_bundle_drop_blocks(b);
  for (size_t i = 0; i < b->n_logs; i++) {
    if (b->logs[i]) free(b->logs[i]->judged);
    free(b->logs[i]);
  }
  free(b->logs);
  free(b->judged);
  free(b->documents);
  free(b->document);
  om_ledger_close(b->ledger);
  free(b);
}

struct om_store *om_bundle_store(struct om_bundle *b) {
  return om_ledger_store(b->ledger);
}

/* ---- bytes ---- */

/* Has N bytes in the buffer; *ENOUGH false where the file ends before. */
static enum om_code fill(struct om_bundle *b, bool *enough, size_t n, struct om_status *st) {
  *enough = b->to - b->from >= n;
  if (*enough) return OM_OK;
  if (b->from > 0 && b->to - b->from < n) {
    memmove(b->buffer, b->buffer + b->from, b->to - b->from);
    b->to -= b->from;
    b->from = 0;
  }
  size_t room = n > READ_BYTES ? n : READ_BYTES;
  if (b->from + room > b->cap) {
    b->cap = b->from + room;
    b->buffer = realloc(b->buffer, b->cap);
    OM_ASSERT(b->buffer);
  }
  while (b->to - b->from < n && !b->at_end) {
    size_t got = 0;
    enum om_code code = b->source.read(b->source.ctx, b->buffer + b->to, &got, b->cap - b->to, st);
    if (code != OM_OK) return code;
    OM_ASSERT(got <= b->cap - b->to);
    b->at_end = got == 0;
    b->to += got;
  }
  *enough = b->to - b->from >= n;
  return OM_OK;
}

static void take_bytes(struct om_bundle *b, size_t n) {
  b->from += n;
  b->offset += n;
}

static enum om_code cut_off(const struct om_bundle *b, struct om_status *st) {
  return om_fail(st, OM_MALFORMED, "bundle",
                 "the file is cut off: it ends at byte %llu, within what begins at byte %llu; get it again",
                 (unsigned long long)(b->offset + b->to - b->from), (unsigned long long)b->offset);
}

static enum om_code read_magic(struct om_bundle *b, struct om_status *st) {
  bool enough;
  enum om_code code = fill(b, &enough, OM_BUNDLE_MAGIC_BYTES, st);
  if (code != OM_OK) return code;
  if (!enough || memcmp(b->buffer + b->from, OM_BUNDLE_MAGIC, OM_BUNDLE_MAGIC_BYTES) != 0)
    return om_fail(st, OM_MALFORMED, "bundle", "this is no bundle: 'oremark bundle LOT -o FILE' makes one");
  take_bytes(b, OM_BUNDLE_MAGIC_BYTES);
  b->magic = true;
  return OM_OK;
}

/* The next frame into ITEM; *MORE false at the end of the file. */
static enum om_code read_frame(struct om_bundle *b, bool *more, struct om_bundle_item *item, struct om_status *st) {
  bool enough;
  enum om_code code = fill(b, &enough, OM_BUNDLE_LENGTH_BYTES, st);
  if (code != OM_OK) return code;
  *more = b->to > b->from;
  if (!*more) return OM_OK;
  if (!enough) return cut_off(b, st);
  size_t len = om_get32(b->buffer + b->from);
  if (len == 0 || len > OM_BUNDLE_FRAME_MAX_BYTES)
    return om_fail(st, OM_MALFORMED, "bundle", "byte %llu of the file: a frame has 1 to %d bytes, this one says %zu",
                   (unsigned long long)b->offset, OM_BUNDLE_FRAME_MAX_BYTES, len);
  code = fill(b, &enough, OM_BUNDLE_LENGTH_BYTES + len, st);
  if (code != OM_OK) return code;
  if (!enough) return cut_off(b, st);
  struct om_bundle_frame *frame = &item->frames[item->n++];
  frame->offset = b->offset;
  frame->bytes = om_arena_copy(&item->arena, b->buffer + b->from + OM_BUNDLE_LENGTH_BYTES, len);
  frame->len = len;
  take_bytes(b, OM_BUNDLE_LENGTH_BYTES + len);
  return OM_OK;
}

/* A few frames; their bytes are added to *BYTES. */
static enum om_code read_item(struct om_bundle *b, size_t *bytes, struct om_bundle_item *item, struct om_status *st) {
  enum om_code code = OM_OK;
  bool more = true;
  size_t len = 0;
  om_arena_reset(&item->arena);
  item->n = 0;
  item->seen = false;
  while (item->n < OM_BUNDLE_ITEM_FRAMES && len < OM_BUNDLE_ITEM_BYTES) {
    code = read_frame(b, &more, item, st);
    if (code != OM_OK || !more) break;
    len += item->frames[item->n - 1].len;
  }
  *bytes += len;
  return code;
}

enum om_code om_bundle_next(struct om_bundle *b, size_t *n, struct om_status *st) {
  struct om_bundle_block *block = &b->blocks[b->read % OM_BUNDLE_BLOCKS];
  size_t bytes = 0;
  *n = 0;
  OM_ASSERT(b->read - b->applied < OM_BUNDLE_BLOCKS);
  enum om_code code = b->magic ? OM_OK : read_magic(b, st);
  for (block->n = 0; code == OM_OK && block->n < b->room && bytes < OM_BUNDLE_BLOCK_BYTES; block->n++) {
    code = read_item(b, &bytes, &block->items[block->n], st);
    if (block->items[block->n].n == 0) break;
  }
  b->told.bytes = b->offset;
  if (code != OM_OK || block->n == 0) return code;
  if (b->room < OM_BUNDLE_BLOCK_ITEMS)
    b->room = b->room * 2 < OM_BUNDLE_BLOCK_ITEMS ? b->room * 2 : OM_BUNDLE_BLOCK_ITEMS;
  b->read++;
  *n = block->n;
  return OM_OK;
}

enum om_code om_bundle_at_end(const struct om_bundle *b, struct om_status *st) {
  OM_ASSERT(b->read == b->applied);
  return b->part == OM_BUNDLE_ENDED ? OM_OK : cut_off(b, st);
}

/* ---- frames ---- */

/* TXN: of the store, for the keys that are known by now. */
static enum om_code see(const struct om_bundle *b, struct om_txn *txn, struct om_arena *arena,
                        struct om_bundle_frame *frame, struct om_status *st) {
  if (!om_canonical(&oremark__bundle_frame__descriptor, frame->bytes, frame->len, st)) return st->code;
  frame->frame = oremark__bundle_frame__unpack(om_arena_protobuf(arena), frame->len, frame->bytes);
  if (!frame->frame) return om_fail(st, OM_MALFORMED, "bundle", "a frame unpacks to more than is allowed");
  if (frame->frame->what_case != OREMARK__BUNDLE_FRAME__WHAT_ENTRY) return OM_OK;
  const Oremark__BundleEntry *e = frame->frame->entry;
  return om_check_entry(&frame->checked, arena, &b->ledger->network, txn, e->entry.data, e->entry.len, st);
}

static void see_item(const struct om_bundle *b, struct om_bundle_item *item) {
  struct om_txn *txn;
  struct om_status st = {0};
  enum om_code code = om_txn_read(&txn, b->ledger->store, &st);
  for (size_t i = 0; i < item->n; i++) {
    struct om_bundle_frame *frame = &item->frames[i];
    frame->frame = NULL;
    frame->checked = NULL;
    frame->st = st;
    frame->code = code == OM_OK ? see(b, txn, &item->arena, frame, &frame->st) : code;
  }
  if (code == OM_OK) om_txn_abort(txn);
  item->seen = true;
}

void om_bundle_check(struct om_bundle *b, size_t i) {
  struct om_bundle_block *block = &b->blocks[(b->read - 1) % OM_BUNDLE_BLOCKS];
  OM_ASSERT(b->read > 0 && i < block->n); /* APPLIED is another thread's at this time */
  if (!block->items[i].seen) see_item(b, &block->items[i]);
}

/* ---- blocks ---- */

/* Where in the file AT is that ST speaks of. */
static enum om_code at_place(const struct om_bundle *b, struct om_batch *batch, const struct om_bundle_frame *at,
                             struct om_status *st) {
  const Oremark__BundleFrame *frame = at->frame;
  struct om_status why = *st;
  if (om_txn_check(om_batch_txn(batch), st) != OM_OK) return st->code;
  *st = why;
  if (st->code == OM_IO || st->code == OM_FULL || st->code == OM_BUSY) return st->code;
  if (st->code != OM_MALFORMED && !(st->code == OM_WAIT && om_broke(st, OM_RULE_UPGRADE))) st->code = OM_NO;
  if (frame && frame->what_case == OREMARK__BUNDLE_FRAME__WHAT_ENTRY) {
    uint32_t log = frame->entry->log;
    struct om_daemon daemon;
    struct om_status none;
    bool named = om_registry_daemon(om_batch_txn(batch), &daemon, log, OM_REGISTRY_NOW, &none) == OM_OK;
    uint64_t index = log == OM_LOG_REGISTRY            ? b->told.registry.size
                     : log < b->n_logs && b->logs[log] ? b->logs[log]->tree.size
                                                       : 0;
    om_wrap(st, "entry %llu of %s", (unsigned long long)index, named ? daemon.origin : "a log that is not named");
  }
  om_wrap(st, "byte %llu of the file", (unsigned long long)at->offset);
  return st->code;
}

static enum om_code apply_item(struct om_bundle *b, struct om_batch *batch, struct om_bundle_item *item,
                               struct om_status *st) {
  enum om_code code = OM_OK;
  if (!item->seen) see_item(b, item);
  for (size_t i = 0; i < item->n && code == OM_OK; i++) {
    struct om_bundle_frame *frame = &item->frames[i];
    if (frame->code != OM_OK) *st = frame->st, code = frame->code;
    if (code == OM_OK) code = om_bundle_take(b, batch, frame, st);
    b->told.frames++;
    if (code != OM_OK) code = at_place(b, batch, frame, st);
  }
  return code;
}

enum om_code om_bundle_apply(struct om_bundle *b, struct om_status *st) {
  struct om_bundle_block *block = &b->blocks[b->applied % OM_BUNDLE_BLOCKS];
  struct om_batch *batch;
  OM_ASSERT(b->applied < b->read);
  enum om_code code = om_batch_begin(&batch, b->ledger, st);
  if (code != OM_OK) return code;
  b->applied++;
  for (size_t i = 0; i < block->n && code == OM_OK; i++) code = apply_item(b, batch, &block->items[i], st);
  if (code == OM_OK) code = om_batch_commit(batch, NULL, st), batch = NULL;
  if (batch) om_batch_abort(batch);
  if (code == OM_FULL && om_broke(st, OM_RULE_MAP))
    code = om_fail(st, OM_NO, "limit",
                   "more would be made of the file than %d times its size, which nothing that 'oremark bundle' writes "
                   "comes to: it was made to fill this machine's disk",
                   OM_BUNDLE_STORE_TIMES);
  om_store_unmap_pages(b->ledger->store); /* a block may touch lots all over it */
  return code;
}
