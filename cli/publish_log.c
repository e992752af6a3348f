#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/publish.h"
#include "ledger/merkle.h"
#include "ledger/statement.h"

enum {
  RUN_TILES = 32, /* asked for at once, with their entries */
  BUNDLE_BYTES = OM_TILE_HASHES * (2 + OM_ENTRY_MAX_BYTES),
};

struct publisher {
  struct om_client *client;
  struct om_meter *meter;
  struct om_published files;
  const char *origin;
  uint32_t log;
  uint64_t size, old; /* of the new checkpoint; of the tree that is there already */
  uint64_t through;   /* entries */
  uint8_t *bundle;    /* BUNDLE_BYTES, with room for the longest entries; touched only as far as they go */
};

/* ---- asking ---- */

static enum om_code ask_tiles(struct publisher *p, uint64_t *id, uint64_t size, unsigned level, uint64_t first,
                              size_t count, struct om_status *st) {
  Oremark__GetTiles get = OREMARK__GET_TILES__INIT;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  request.what_case = OREMARK__REQUEST__WHAT_GET_TILES;
  request.get_tiles = &get;
  get.log = p->log;
  get.size = size;
  get.level = level;
  get.first = first;
  get.count = (uint32_t)count;
  return om_client_send(p->client, id, &request, st);
}

static enum om_code ask_entries(struct publisher *p, uint64_t *id, uint64_t bundle, size_t count,
                                struct om_status *st) {
  Oremark__ReadEntries get = OREMARK__READ_ENTRIES__INIT;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  request.what_case = OREMARK__REQUEST__WHAT_READ_ENTRIES;
  request.read_entries = &get;
  get.log = p->log;
  get.first = bundle * OM_TILE_HASHES;
  get.count = (uint32_t)count;
  return om_client_send(p->client, id, &request, st);
}

/* The next reply to ID, which must be WANTED; the caller's. */
static enum om_code take(struct publisher *p, Oremark__Reply **out, uint64_t id, Oremark__Reply__WhatCase wanted,
                         struct om_status *st) {
  if (om_client_receive(p->client, out, id, st)) return st->code;
  return om_reply_carries(out, wanted, st);
}

/* COUNT tiles from FIRST on, the last of LAST hashes; the caller's. */
static enum om_code take_tiles(struct publisher *p, Oremark__Reply **out, uint64_t id, uint64_t first, size_t count,
                               size_t last, struct om_status *st) {
  if (take(p, out, id, OREMARK__REPLY__WHAT_TILES, st) != OM_OK) return st->code;
  const Oremark__Tiles *tiles = (*out)->tiles;
  bool fits = tiles->first == first && tiles->n_tiles == count;
  for (size_t i = 0; fits && i < count; i++)
    fits = tiles->tiles[i].len == (i + 1 < count ? (size_t)OM_TILE_HASHES : last) * OM_HASH_BYTES;
  if (fits) return OM_OK;
  oremark__reply__free_unpacked(*out, NULL);
  *out = NULL;
  return om_not_what_was_asked(st);
}

/* ---- entries ---- */

static enum om_code damaged(const struct publisher *p, const char *what, uint64_t index, struct om_status *st) {
  return om_fail(st, OM_CORRUPT, "published",
                 "%s %" PRIu64
                 " of %s, as the daemon holds it, does not hash to the log's signed checkpoint: its store "
                 "is damaged, and nothing of that is published",
                 what, index, p->origin);
}

/* Adds what one reply brings to the bundle; each entry is the leaf that the tree has there. */
static enum om_code add_entries(struct publisher *p, size_t *n, size_t *len, const Oremark__StoredEntries *entries,
                                uint64_t bundle, const struct om_hash *leaves, size_t width, struct om_status *st) {
  uint64_t first = bundle * OM_TILE_HASHES;
  if (entries->first != first + *n || entries->n_entries > width - *n) return om_not_what_was_asked(st);
  for (size_t i = 0; i < entries->n_entries; i++, ++*n) {
    ProtobufCBinaryData entry = entries->entries[i];
    struct om_hash leaf;
    om_leaf_hash(&leaf, entry.data, entry.len);
    if (entry.len > OM_ENTRY_MAX_BYTES || !om_hash_equal(&leaf, &leaves[*n]))
      return damaged(p, "entry", first + *n, st);
    p->bundle[*len] = (uint8_t)(entry.len >> 8);
    p->bundle[*len + 1] = (uint8_t)entry.len;
    memcpy(p->bundle + *len + 2, entry.data, entry.len);
    *len += 2 + entry.len;
  }
  return OM_OK;
}

/* The bundle of the WIDTH leaves of a tile of level 0, asked for as ID. */
static enum om_code write_bundle(struct publisher *p, uint64_t id, uint64_t bundle, const struct om_hash *leaves,
                                 size_t width, struct om_status *st) {
  char path[OM_TILE_PATH_BYTES];
  size_t n = 0, len = 0;
  bool more = true;
  enum om_code code = OM_OK;
  while (code == OM_OK && more) {
    Oremark__Reply *reply;
    code = take(p, &reply, id, OREMARK__REPLY__WHAT_ENTRIES, st);
    if (code != OM_OK) break;
    code = add_entries(p, &n, &len, reply->entries, bundle, leaves, width, st);
    more = reply->more;
    oremark__reply__free_unpacked(reply, NULL);
  }
  if (code == OM_OK && n != width) code = om_not_what_was_asked(st);
  if (code != OM_OK) return code;
  om_tile_path(path, true, 0, bundle, (unsigned)width);
  p->through += width;
  om_meter_step(p->meter, p->through, p->through);
  return om_published_put(&p->files, path, p->bundle, len, st);
}

/* ---- tiles ---- */

static enum om_code write_children(struct publisher *p, unsigned level, uint64_t first, size_t n,
                                   const struct om_hash *roots, struct om_status *st);

static void hashes_of(struct om_hash out[OM_TILE_HASHES], ProtobufCBinaryData tile) {
  OM_ASSERT(tile.len <= OM_TILE_HASHES * sizeof *out);
  memcpy(out, tile.data, tile.len);
}

/* One tile that hashes up, with all that is below it; ENTRIES: the request for its bundle, at level 0. */
static enum om_code write_tile(struct publisher *p, unsigned level, uint64_t index, const struct om_hash *hashes,
                               size_t width, uint64_t entries, struct om_status *st) {
  char path[OM_TILE_PATH_BYTES];
  enum om_code code = level == 0 ? write_bundle(p, entries, index, hashes, width, st)
                                 : write_children(p, level - 1, index * OM_TILE_HASHES, width, hashes, st);
  if (code != OM_OK) return code;
  om_tile_path(path, false, level, index, (unsigned)width);
  return om_published_put(&p->files, path, hashes, width * sizeof *hashes, st);
}

/* N full tiles of LEVEL from FIRST on, which must hash to ROOTS. */
static enum om_code write_run(struct publisher *p, unsigned level, uint64_t first, size_t n,
                              const struct om_hash *roots, struct om_status *st) {
  uint64_t id, entries[RUN_TILES] = {0};
  struct om_hash hashes[OM_TILE_HASHES], root;
  Oremark__Reply *reply = NULL;
  enum om_code code = ask_tiles(p, &id, p->size, level, first, n, st);
  for (size_t i = 0; code == OM_OK && level == 0 && i < n; i++)
    code = ask_entries(p, &entries[i], first + i, OM_TILE_HASHES, st);
  if (code == OM_OK) code = take_tiles(p, &reply, id, first, n, OM_TILE_HASHES, st);
  for (size_t i = 0; code == OM_OK && i < n; i++) {
    hashes_of(hashes, reply->tiles->tiles[i]);
    om_tile_root(&root, hashes);
    code = om_hash_equal(&root, &roots[i]) ? write_tile(p, level, first + i, hashes, OM_TILE_HASHES, entries[i], st)
                                           : damaged(p, level == 0 ? "tile/0" : "tile", first + i, st);
  }
  if (reply) oremark__reply__free_unpacked(reply, NULL);
  return code;
}

/* The N full tiles of LEVEL from FIRST on whose roots a tile above has, but for what is there already. */
static enum om_code write_children(struct publisher *p, unsigned level, uint64_t first, size_t n,
                                   const struct om_hash *roots, struct om_status *st) {
  uint64_t there = p->old >> (OM_TILE_HEIGHT * level) >> OM_TILE_HEIGHT; /* full tiles of the old tree */
  size_t skip = there <= first ? 0 : there - first < n ? (size_t)(there - first) : n;
  enum om_code code = OM_OK;
  for (size_t i = skip, run; code == OM_OK && i < n; i += run) {
    run = n - i < RUN_TILES ? n - i : RUN_TILES;
    code = write_run(p, level, first + i, run, roots + i, st);
  }
  return code;
}

/* ---- the edge ---- */

static size_t width_at(uint64_t size, unsigned level) {
  return (size >> (OM_TILE_HEIGHT * level)) % OM_TILE_HASHES;
}

/* The partial tiles of the tree of SIZE leaves, as the daemon holds them; they must come to ROOT. */
static enum om_code take_edge(struct publisher *p, struct om_edge *edge, uint64_t size, const struct om_hash *root,
                              bool *same, struct om_status *st) {
  uint8_t *encoded = malloc(OM_EDGE_BYTES_MAX);
  size_t len = 8;
  struct om_hash here;
  enum om_code code = OM_OK;
  OM_ASSERT(encoded);
  for (size_t i = 0; i < 8; i++) encoded[i] = (uint8_t)(size >> (56 - 8 * i));
  for (unsigned level = 0; level < OM_TREE_LEVELS && code == OM_OK; level++) {
    uint64_t id, index = size >> (OM_TILE_HEIGHT * level) >> OM_TILE_HEIGHT;
    size_t width = width_at(size, level);
    Oremark__Reply *reply;
    if (width == 0) continue;
    code = ask_tiles(p, &id, size, level, index, 1, st);
    if (code == OM_OK) code = take_tiles(p, &reply, id, index, 1, width, st);
    if (code != OM_OK) break;
    memcpy(encoded + len, reply->tiles->tiles[0].data, reply->tiles->tiles[0].len);
    len += reply->tiles->tiles[0].len;
    oremark__reply__free_unpacked(reply, NULL);
  }
  if (code == OM_OK) code = om_edge_decode(edge, encoded, len, st);
  free(encoded);
  if (code != OM_OK) return code;
  om_edge_root(edge, &here);
  *same = om_hash_equal(&here, root);
  return OM_OK;
}

/* Everything below the edge that is not there yet, and the edge itself. */
static enum om_code write_edge(struct publisher *p, const struct om_edge *edge, struct om_status *st) {
  enum om_code code = OM_OK;
  for (unsigned level = OM_TREE_LEVELS; code == OM_OK && level-- > 0;) {
    uint64_t entries = 0, index = p->size >> (OM_TILE_HEIGHT * level) >> OM_TILE_HEIGHT;
    size_t width = width_at(p->size, level);
    if (width == 0) continue;
    if (level == 0) code = ask_entries(p, &entries, index, width, st);
    if (code == OM_OK) code = write_tile(p, level, index, edge->tiles[level], width, entries, st);
  }
  return code;
}

/* The old tree's partial tiles that are full by now. */
static void drop_partial(struct publisher *p, uint64_t old) {
  for (unsigned level = 0; level < OM_TREE_LEVELS; level++) {
    uint64_t index = old >> (OM_TILE_HEIGHT * level) >> OM_TILE_HEIGHT;
    if (width_at(old, level) == 0 || p->size >> (OM_TILE_HEIGHT * level) >> OM_TILE_HEIGHT <= index) continue;
    om_published_drop_partial(&p->files, false, level, index);
    if (level == 0) om_published_drop_partial(&p->files, true, 0, index);
  }
}

/* ---- a log ---- */

/* The log's final head: its note in ARENA. */
static enum om_code take_head(struct publisher *p, struct om_arena *arena, struct om_span *note,
                              struct om_checkpoint *out, struct om_status *st) {
  struct om_note *parsed = om_arena_alloc(arena, sizeof *parsed);
  Oremark__GetFinalHead get = OREMARK__GET_FINAL_HEAD__INIT;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__Reply *reply = NULL;
  uint64_t id;
  request.what_case = OREMARK__REQUEST__WHAT_GET_FINAL_HEAD;
  request.get_final_head = &get;
  get.log = p->log;
  if (om_client_send(p->client, &id, &request, st) != OM_OK ||
      take(p, &reply, id, OREMARK__REPLY__WHAT_FINAL_HEAD, st) != OM_OK)
    return st->code;
  note->len = reply->final_head->note.len;
  note->data = om_arena_copy(arena, reply->final_head->note.data, note->len);
  oremark__reply__free_unpacked(reply, NULL);
  enum om_code code = om_note_parse(parsed, note->data, note->len, st);
  if (code == OM_OK) code = om_checkpoint_parse(out, NULL, parsed->text, parsed->text_len, st);
  if (code == OM_OK && strcmp(out->origin, p->origin) != 0) code = om_not_what_was_asked(st);
  return code;
}

static enum om_code another_history(const struct publisher *p, uint64_t size, struct om_status *st) {
  return om_fail(st, OM_REFUSED, "published",
                 "the checkpoint in %s, of %" PRIu64
                 " entries, is not of the history that the daemon holds: keep that "
                 "folder, it may prove that the log signed two histories, and publish to another one",
                 p->files.path, size);
}

/* Whether what is THERE is a part of what the daemon holds. */
static enum om_code check_old(struct publisher *p, struct om_edge *edge, const struct om_checkpoint *there,
                              struct om_status *st) {
  bool same = false;
  enum om_code code = take_edge(p, edge, there->size, &there->root, &same, st);
  return code == OM_OK && !same ? another_history(p, there->size, st) : code;
}

static enum om_code write_all(struct publisher *p, const struct om_checkpoint *head, const struct om_checkpoint *there,
                              struct om_status *st) {
  struct om_edge *edge = malloc(sizeof *edge);
  bool same = false;
  OM_ASSERT(edge);
  p->bundle = malloc(BUNDLE_BYTES);
  OM_ASSERT(p->bundle);
  enum om_code code = there->size > 0 ? check_old(p, edge, there, st) : OM_OK;
  if (code == OM_OK) code = take_edge(p, edge, head->size, &head->root, &same, st);
  if (code == OM_OK && !same) code = damaged(p, "the tree of size", head->size, st);
  if (code == OM_OK) code = write_edge(p, edge, st);
  free(p->bundle);
  free(edge);
  return code;
}

static enum om_code publish(struct publisher *p, struct om_publishing_report *out, struct om_arena *arena, bool all,
                            struct om_status *st) {
  struct om_checkpoint head, there = {.size = 0};
  struct om_span note, old = {NULL, 0};
  enum om_code code = take_head(p, arena, &note, &head, st);
  if (code != OM_OK) return code;
  code = om_published_head(&p->files, arena, &old, &there, p->origin, st);
  if (code != OM_OK && code != OM_MISSING) return code;
  out->size = there.size > head.size ? there.size : head.size;
  out->state = OM_PUBLISHING_OLDER;
  if (there.size > head.size) return OM_OK;
  if (there.size == head.size && code == OM_OK && !om_hash_equal(&there.root, &head.root))
    return another_history(p, there.size, st);
  p->size = head.size;
  p->old = all ? 0 : there.size;
  p->through = p->old;
  out->state = OM_PUBLISHING_UNCHANGED;
  if (p->old < p->size && write_all(p, &head, &there, st) != OM_OK) return st->code;
  bool same = old.len == note.len && memcmp(old.data, note.data, note.len) == 0;
  if (!same && om_published_put_head(&p->files, note, st) != OM_OK) return st->code;
  drop_partial(p, there.size);
  if (p->files.files > 0) out->state = OM_PUBLISHING_DONE;
  return OM_OK;
}

enum om_code om_publish_log(struct om_publishing_report *out, struct om_client *client, struct om_meter *meter,
                            const char *root, uint32_t log, const char *origin, bool all, struct om_status *st) {
  struct publisher p = {.client = client, .meter = meter, .origin = origin, .log = log};
  struct om_arena arena = {0};
  memset(out, 0, sizeof *out);
  enum om_code code = om_published_open(&p.files, root, origin, st);
  if (code == OM_OK) code = publish(&p, out, &arena, all, st);
  om_published_close(&p.files);
  om_arena_free(&arena);
  memcpy(out->path, p.files.path, sizeof out->path);
  out->files = p.files.files;
  out->bytes = p.files.bytes;
  return code;
}
