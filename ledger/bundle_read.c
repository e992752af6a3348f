/* Reading a bundle: bytes become frames, frames blocks; what is in them is judged in ledger/bundle_take.c. */
#include <stdlib.h>
#include <string.h>

#include "ledger/bundle_read.h"

enum { READ_BYTES = 256 * 1024 };

/* What a scratch store may grow to: a file of the largest lineage that is written, with its rows. */
#define MAP_BYTES (UINT64_C(1) << 36)

enum om_code om_bundle_open(struct om_bundle **out, const struct om_bundle_source *source, const char *folder,
                            const uint8_t *genesis, size_t genesis_len, const struct om_checkpoint *pinned,
                            struct om_status *st) {
  *out = NULL;
  struct om_bundle *b = calloc(1, sizeof *b);
  OM_ASSERT(b);
  b->source = *source;
  if (pinned) om_bundle_pin(b, pinned);
  b->judged = calloc(1, sizeof *b->judged);
  OM_ASSERT(b->judged);
  enum om_code code = om_ledger_open_scratch(&b->ledger, folder, MAP_BYTES, genesis, genesis_len, st);
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

void om_bundle_close(struct om_bundle *b) {
  if (!b) return;
  for (size_t k = 0; k < OM_BUNDLE_BLOCKS; k++)
    for (size_t i = 0; i < OM_BUNDLE_BLOCK_ITEMS; i++) om_arena_free(&b->blocks[k].items[i].arena);
  for (size_t i = 0; i < b->n_logs; i++) free(b->logs[i]);
  free(b->logs);
  free(b->judged);
  free(b->documents);
  free(b->document);
  free(b->buffer);
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

/* The next frame as an item; *MORE false at the end of the file. */
static enum om_code read_item(struct om_bundle *b, bool *more, struct om_bundle_item *item, struct om_status *st) {
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
  om_arena_reset(&item->arena);
  item->offset = b->offset;
  item->bytes = om_arena_copy(&item->arena, b->buffer + b->from + OM_BUNDLE_LENGTH_BYTES, len);
  item->len = len;
  item->seen = false;
  take_bytes(b, OM_BUNDLE_LENGTH_BYTES + len);
  return OM_OK;
}

enum om_code om_bundle_next(struct om_bundle *b, size_t *n, struct om_status *st) {
  struct om_bundle_block *block = &b->blocks[b->read % OM_BUNDLE_BLOCKS];
  size_t bytes = 0;
  bool more = true;
  *n = 0;
  OM_ASSERT(b->read - b->applied < OM_BUNDLE_BLOCKS);
  enum om_code code = b->magic ? OM_OK : read_magic(b, st);
  for (block->n = 0; code == OM_OK && block->n < OM_BUNDLE_BLOCK_ITEMS && bytes < OM_BUNDLE_BLOCK_BYTES;) {
    code = read_item(b, &more, &block->items[block->n], st);
    if (code != OM_OK || !more) break;
    bytes += block->items[block->n++].len;
  }
  b->told.bytes = b->offset;
  if (code != OM_OK || block->n == 0) return code;
  b->read++;
  *n = block->n;
  return OM_OK;
}

enum om_code om_bundle_at_end(const struct om_bundle *b, struct om_status *st) {
  OM_ASSERT(b->read == b->applied);
  return b->part == OM_BUNDLE_ENDED ? OM_OK : cut_off(b, st);
}

/* ---- frames ---- */

static enum om_code see(struct om_bundle *b, struct om_bundle_item *item, struct om_status *st) {
  struct om_txn *txn;
  if (!om_canonical(&oremark__bundle_frame__descriptor, item->bytes, item->len, st)) return st->code;
  item->frame = oremark__bundle_frame__unpack(om_arena_protobuf(&item->arena), item->len, item->bytes);
  if (!item->frame) return om_fail(st, OM_MALFORMED, "bundle", "a frame unpacks to more than is allowed");
  if (item->frame->what_case != OREMARK__BUNDLE_FRAME__WHAT_ENTRY) return OM_OK;
  enum om_code code = om_txn_read(&txn, b->ledger->store, st);
  if (code != OM_OK) return code;
  const Oremark__BundleEntry *e = item->frame->entry;
  code = om_check_entry(&item->checked, &item->arena, &b->ledger->network, txn, e->entry.data, e->entry.len, st);
  om_txn_abort(txn);
  return code;
}

void om_bundle_see(struct om_bundle *b, struct om_bundle_item *item) {
  if (item->seen) return;
  item->frame = NULL;
  item->checked = NULL;
  item->code = see(b, item, &item->st);
  item->seen = true;
}

void om_bundle_check(struct om_bundle *b, size_t i) {
  struct om_bundle_block *block = &b->blocks[(b->read - 1) % OM_BUNDLE_BLOCKS];
  OM_ASSERT(b->read > 0 && i < block->n); /* APPLIED is another thread's at this time */
  om_bundle_see(b, &block->items[i]);
}

/* ---- blocks ---- */

/* Where in the file ITEM is that ST speaks of. */
static enum om_code at_place(const struct om_bundle *b, struct om_batch *batch, const struct om_bundle_item *item,
                             struct om_status *st) {
  const Oremark__BundleFrame *frame = item->frame;
  struct om_status why = *st;
  if (om_txn_check(om_batch_txn(batch), st) != OM_OK) return st->code;
  *st = why;
  if (st->code == OM_IO || st->code == OM_FULL || st->code == OM_BUSY) return st->code;
  if (st->code != OM_MALFORMED && !(st->code == OM_WAIT && strcmp(st->rule, "upgrade") == 0)) st->code = OM_NO;
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
  om_wrap(st, "byte %llu of the file", (unsigned long long)item->offset);
  return st->code;
}

enum om_code om_bundle_apply(struct om_bundle *b, struct om_status *st) {
  struct om_bundle_block *block = &b->blocks[b->applied % OM_BUNDLE_BLOCKS];
  struct om_batch *batch;
  OM_ASSERT(b->applied < b->read);
  enum om_code code = om_batch_begin(&batch, b->ledger, st);
  if (code != OM_OK) return code;
  b->applied++;
  for (size_t i = 0; i < block->n && code == OM_OK; i++) {
    struct om_bundle_item *item = &block->items[i];
    om_bundle_see(b, item);
    if (item->code != OM_OK) *st = item->st, code = item->code;
    if (code == OM_OK) code = om_bundle_take(b, batch, item, st);
    b->told.frames++;
    if (code != OM_OK) code = at_place(b, batch, item, st);
  }
  if (code == OM_OK) return om_batch_commit(batch, NULL, st);
  om_batch_abort(batch);
  return code;
}
