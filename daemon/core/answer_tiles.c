/* Trees and entries as others' formats take them: whoever asks hashes them up to a signed head, so that what was
 * damaged here is told by nobody. */
#include <string.h>

#include "daemon/core/answer_parts.h"
#include "ledger/registry.h"

/* ---- heads ---- */

/* Adds what witnesses outside the network have signed of just this head, as far as there is room. */
static ProtobufCBinaryData with_outsiders(struct om_answering *a, const struct om_bytes *note,
                                          const struct om_checkpoint *head, uint32_t log) {
  char *out = om_arena_alloc(a->view.arena, OM_NOTE_BYTES_MAX);
  size_t len = note->len;
  struct om_status ignored;
  memcpy(out, note->data, len);
  for (size_t i = 0; log == a->about->own_log && i < a->about->n_outside; i++) {
    const struct om_outside_cosignature *by = &a->about->outside[i];
    if (by->size == head->size && om_hash_equal(&by->root, &head->root))
      om_note_add_line(out, &len, by->line, strlen(by->line), &ignored);
  }
  return (ProtobufCBinaryData){len, (uint8_t *)out};
}

enum om_code om_answer_head(struct om_answering *a, const Oremark__GetFinalHead *asked, struct om_status *st) {
  Oremark__FinalHead head = OREMARK__FINAL_HEAD__INIT;
  struct om_checkpoint *checkpoint = om_arena_alloc(a->view.arena, sizeof *checkpoint);
  struct om_bytes note;
  uint64_t time_s;
  enum om_code code = om_log_final(a->view.txn, &note, asked->log, st);
  if (code == OM_OK) code = om_quorum_check(a->view.txn, checkpoint, &time_s, asked->log, note.data, note.len, st);
  if (code != OM_OK) return code;
  head.note = with_outsiders(a, &note, checkpoint, asked->log);
  Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_FINAL_HEAD, false);
  reply.final_head = &head;
  om_answer_put(a, &reply);
  return OM_OK;
}

static const char *standing(enum om_code code) {
  if (code == OM_OK) return "same";
  if (code == OM_REFUSED) return "other";
  if (code == OM_MALFORMED) return "unsigned";
  return code == OM_WAIT ? "beyond" : NULL;
}

enum om_code om_answer_compare(struct om_answering *a, const Oremark__CompareHead *asked, struct om_status *st) {
  Oremark__HeadCompared out = OREMARK__HEAD_COMPARED__INIT;
  struct om_log_info *info = om_arena_alloc(a->view.arena, sizeof *info);
  if (om_log_info(a->view.txn, info, asked->log, st) != OM_OK) return st->code;
  const char *state =
      standing(om_head_compare(a->view.txn, &out.size, asked->log, asked->head.data, asked->head.len, st));
  if (state == NULL) return st->code;
  out.state = (char *)(uintptr_t)state;
  out.held = info->size;
  Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_HEAD_COMPARED, false);
  reply.head_compared = &out;
  om_answer_put(a, &reply);
  return OM_OK;
}

/* ---- who makes it final ---- */

static enum om_code fill_witness(struct om_answering *a, Oremark__ListedWitness **out, const struct om_daemon *daemon,
                                 struct om_status *st) {
  struct om_arena *arena = a->view.arena;
  struct om_member *member = om_arena_alloc(arena, sizeof *member);
  Oremark__ListedWitness *w = *out = om_arena_alloc(arena, sizeof *w);
  oremark__listed_witness__init(w);
  w->log = daemon->log;
  w->origin = om_arena_copy(arena, daemon->origin, strlen(daemon->origin) + 1);
  w->cosign_key = (ProtobufCBinaryData){sizeof daemon->cosign_key,
                                        om_arena_copy(arena, daemon->cosign_key, sizeof daemon->cosign_key)};
  w->operator_member = daemon->operator_member;
  enum om_code code = om_registry_member(a->view.txn, member, daemon->operator_member, OM_REGISTRY_NOW, st);
  w->operator_ = member->name;
  return code;
}

static enum om_code fill_list(struct om_answering *a, Oremark__QuorumList **out, const struct om_quorum_list *from,
                              struct om_status *st) {
  Oremark__QuorumList *list = *out = om_arena_alloc(a->view.arena, sizeof *list);
  oremark__quorum_list__init(list);
  list->needed = from->k;
  list->witnesses = om_arena_array(a->view.arena, from->n, sizeof *list->witnesses);
  for (; list->n_witnesses < from->n; list->n_witnesses++)
    if (fill_witness(a, &list->witnesses[list->n_witnesses], &from->daemons[list->n_witnesses], st) != OM_OK)
      return st->code;
  return OM_OK;
}

enum om_code om_answer_quorum(struct om_answering *a, const Oremark__GetQuorum *asked, struct om_status *st) {
  Oremark__LogQuorum out = OREMARK__LOG_QUORUM__INIT;
  Oremark__QuorumList *lists[OM_QUORUM_LISTS];
  struct om_quorum *quorum = om_arena_alloc(a->view.arena, sizeof *quorum);
  struct om_log_info *info = om_arena_alloc(a->view.arena, sizeof *info);
  struct om_daemon daemon;
  enum om_code code = om_log_info(a->view.txn, info, asked->log, st);
  if (code == OM_OK) code = om_registry_daemon(a->view.txn, &daemon, asked->log, OM_REGISTRY_NOW, st);
  if (code == OM_OK) code = om_log_quorum(a->view.txn, quorum, asked->log, info->head_size, st);
  for (; code == OM_OK && out.n_lists < quorum->n_lists; out.n_lists++)
    code = fill_list(a, &lists[out.n_lists], &quorum->lists[out.n_lists], st);
  if (code != OM_OK) return code;
  out.origin = info->origin;
  out.log_key = (ProtobufCBinaryData){sizeof daemon.log_key, daemon.log_key};
  out.size = info->head_size;
  out.lists = lists;
  Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_QUORUM, false);
  reply.quorum = &out;
  om_answer_put(a, &reply);
  return OM_OK;
}

/* ---- tiles ---- */

/* How many hashes of tile INDEX at LEVEL the tree of SIZE leaves has; 0: there is no such tile. */
static size_t tile_width(uint64_t size, unsigned level, uint64_t index) {
  uint64_t hashes = size >> (OM_TILE_HEIGHT * level);
  if (index > hashes / OM_TILE_HASHES) return 0;
  uint64_t left = hashes - index * OM_TILE_HASHES;
  return left > OM_TILE_HASHES ? OM_TILE_HASHES : (size_t)left;
}

static enum om_code read_tile(struct om_log_tiles *log, ProtobufCBinaryData *out, unsigned level, uint64_t index,
                              uint64_t size, struct om_arena *arena, struct om_status *st) {
  size_t n = tile_width(size, level, index);
  struct om_hash *hashes = om_arena_alloc(arena, OM_TILE_HASHES * sizeof *hashes);
  if (n == 0)
    return om_fail(st, OM_USAGE, NULL, "a tree of %llu entries has no tile %llu at level %u", (unsigned long long)size,
                   (unsigned long long)index, level);
  *out = (ProtobufCBinaryData){n * sizeof *hashes, hashes->bytes};
  if (tile_width(log->edge.size, level, index) == OM_TILE_HASHES)
    return log->tiles.get(log->tiles.ctx, hashes, level, index, st);
  memcpy(hashes, log->edge.tiles[level], OM_TILE_HASHES * sizeof *hashes);
  return OM_OK;
}

/* LOG's stored tree, which must have SIZE leaves. */
static enum om_code open_tree(struct om_answering *a, struct om_log_tiles **out, uint32_t log, uint64_t size,
                              struct om_status *st) {
  *out = om_arena_alloc(a->view.arena, sizeof **out);
  if (om_log_tiles(a->view.txn, *out, log, st) != OM_OK) return st->code;
  if (size <= (*out)->edge.size) return OM_OK;
  return om_fail(st, OM_MISSING, NULL, "log %u has %llu entries here, not %llu", log,
                 (unsigned long long)(*out)->edge.size, (unsigned long long)size);
}

enum om_code om_answer_tiles(struct om_answering *a, const Oremark__GetTiles *asked, struct om_status *st) {
  Oremark__Tiles tiles = OREMARK__TILES__INIT;
  struct om_log_tiles *log;
  enum om_code code = OM_OK;
  if (asked->count == 0 || asked->count > OM_TILES_MAX || asked->level >= OM_TREE_LEVELS ||
      asked->first > OM_TREE_SIZE_MAX)
    code = om_fail(st, OM_USAGE, NULL, "ask for 1 to %d tiles of levels 0 to %d", OM_TILES_MAX, OM_TREE_LEVELS - 1);
  if (code == OM_OK) code = open_tree(a, &log, asked->log, asked->size, st);
  tiles.first = asked->first;
  tiles.tiles = om_arena_array(a->view.arena, OM_TILES_MAX, sizeof *tiles.tiles);
  for (; code == OM_OK && tiles.n_tiles < asked->count; tiles.n_tiles++)
    code = read_tile(log, &tiles.tiles[tiles.n_tiles], asked->level, asked->first + tiles.n_tiles, asked->size,
                     a->view.arena, st);
  if (code != OM_OK) return code;
  Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_TILES, false);
  reply.tiles = &tiles;
  om_answer_put(a, &reply);
  return OM_OK;
}

/* ---- entries ---- */

enum om_code om_answer_entry(struct om_answering *a, const Oremark__GetEntry *asked, struct om_status *st) {
  struct om_bytes bytes;
  Oremark__StoredEntry entry = OREMARK__STORED_ENTRY__INIT;
  if (om_log_entry(a->view.txn, &bytes, asked->log, asked->index, st) != OM_OK) return st->code;
  entry.entry = (ProtobufCBinaryData){bytes.len, (uint8_t *)bytes.data};
  Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_ENTRY, false);
  reply.entry = &entry;
  om_answer_put(a, &reply);
  return OM_OK;
}

static bool put_entries(struct om_answering *a, Oremark__StoredEntries *entries, bool more) {
  Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_ENTRIES, more);
  reply.entries = entries;
  bool go_on = om_answer_put(a, &reply);
  entries->first += entries->n_entries;
  entries->n_entries = 0;
  return go_on;
}

enum om_code om_answer_entries(struct om_answering *a, const Oremark__ReadEntries *asked, struct om_status *st) {
  Oremark__StoredEntries entries = OREMARK__STORED_ENTRIES__INIT;
  ProtobufCBinaryData rows[OM_ENTRIES_MAX];
  size_t bytes = 0;
  if (asked->count == 0 || asked->count > OM_ENTRIES_MAX || asked->first > OM_TREE_SIZE_MAX)
    return om_fail(st, OM_USAGE, NULL, "ask for 1 to %d entries", OM_ENTRIES_MAX);
  entries.first = asked->first;
  entries.entries = rows;
  for (uint64_t index = asked->first, end = asked->first + asked->count; index < end; index++) {
    struct om_bytes entry;
    if (om_log_entry(a->view.txn, &entry, asked->log, index, st) != OM_OK) return st->code;
    rows[entries.n_entries++] = (ProtobufCBinaryData){entry.len, (uint8_t *)(uintptr_t)entry.data};
    bytes += entry.len;
    if (bytes < OM_REPLY_MAX_BYTES || index + 1 == end) continue;
    if (!put_entries(a, &entries, true)) return OM_OK;
    bytes = 0;
  }
  put_entries(a, &entries, false);
  return OM_OK;
}

/* ---- inclusion ---- */

static enum om_code prove_alone(struct om_answering *a, struct om_proof *out, const Oremark__ProveInclusion *asked,
                                struct om_status *st) {
  struct om_log_tiles *log;
  enum om_code code = open_tree(a, &log, asked->log, asked->size, st);
  return code == OM_OK ? om_prove_inclusion(&log->tiles, out, asked->index, asked->size, st) : code;
}

enum om_code om_answer_inclusion(struct om_answering *a, const Oremark__ProveInclusion *asked, struct om_status *st) {
  Oremark__InclusionProof inclusion = OREMARK__INCLUSION_PROOF__INIT;
  struct om_proof proof;
  enum om_code code = a->sink->prover != NULL
                          ? om_prover_inclusion(a->sink->prover, &proof, asked->log, asked->index, asked->size, st)
                          : prove_alone(a, &proof, asked, st);
  if (code != OM_OK) return code;
  inclusion.hashes = (ProtobufCBinaryData){proof.n * sizeof proof.hashes[0], proof.hashes[0].bytes};
  Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_INCLUSION, false);
  reply.inclusion = &inclusion;
  om_answer_put(a, &reply);
  return OM_OK;
}
