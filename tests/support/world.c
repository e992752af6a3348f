#include "support/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/peer.h"
#include "proto/evidence.pb-c.h"
#include "support/seed.h"

enum { STEP_MS = 10, PROPOSE_TIMEOUT_MS = 2000, PROPOSE_INTERVAL_MS = 50 };

static void origin_of(char out[OM_NAME_BYTES + 1], uint32_t log) {
  snprintf(out, OM_NAME_BYTES + 1, "daemon%u.example/log", log);
}

static struct om_secret *secret_of(uint8_t kind, uint8_t number) {
  uint8_t seed[OM_SEED_BYTES] = {kind, number};
  struct om_secret *out = NULL;
  struct om_status st;
  OM_ASSERT(om_secret_new(&out, seed, &st) == OM_OK);
  return out;
}

/* ---- ledgers ---- */

static enum om_code no_tile(void *arg, unsigned level, uint64_t index, const struct om_hash hashes[OM_TILE_HASHES],
                            struct om_status *st) {
  (void)arg, (void)level, (void)index, (void)hashes, (void)st; /* the leaves are all kept */
  return OM_OK;
}

/* After entries were added or taken away. */
static void grow_edge(struct world_log *log) {
  struct om_status st;
  if (log->edge == NULL) log->edge = calloc(1, sizeof *log->edge);
  OM_ASSERT(log->edge != NULL);
  if (log->edge->size > log->size) memset(log->edge, 0, sizeof *log->edge);
  if (log->size == 0 && log->roots != NULL) om_empty_root(&log->roots[0]);
  while (log->edge->size < log->size)
    OM_ASSERT(om_edge_append(log->edge, &log->leaves[log->edge->size], no_tile, NULL, &st) == OM_OK);
}

static void log_append(struct world_log *log, const struct world_entry *entry) {
  if (log->size + 1 >= log->room) {
    log->room = log->room * 2 + 64;
    log->entries = realloc(log->entries, log->room * sizeof *log->entries);
    log->roots = realloc(log->roots, (log->room + 1) * sizeof *log->roots);
    log->leaves = realloc(log->leaves, log->room * sizeof *log->leaves);
    OM_ASSERT(log->entries != NULL && log->roots != NULL && log->leaves != NULL);
  }
  grow_edge(log);
  om_leaf_hash(&log->leaves[log->size], entry->bytes, entry->len);
  log->entries[log->size++] = *entry;
  grow_edge(log);
  om_edge_root(log->edge, &log->roots[log->size]);
}

/* log, index, needs_log, needs_size, then filling. */
static uint8_t *entry_bytes(struct world *w, size_t len, uint32_t log, uint64_t index, uint32_t needs_log,
                            uint64_t needs_size) {
  uint64_t fields[4] = {log, index, needs_log, needs_size};
  OM_ASSERT(len >= sizeof fields && len <= OM_ENTRY_MAX_BYTES);
  uint8_t *bytes = malloc(len);
  OM_ASSERT(bytes != NULL);
  memset(bytes, (int)test_below(&w->random, 256), len);
  memcpy(bytes, fields, sizeof fields);
  return bytes;
}

static uint32_t operator_of(const struct world *w, uint32_t node) {
  return w->one_operator && node == 2 ? 2 : node + 1;
}

static bool is_witness(const struct world *w, uint32_t node, uint32_t log) {
  return (w->witness[node] || w->before[node]) && operator_of(w, node) != operator_of(w, log);
}

static bool counted(const struct om_quorum_list *quorum, uint32_t operator_member) {
  for (size_t i = 0; i < quorum->n; i++)
    if (quorum->daemons[i].operator_member == operator_member) return true;
  return false;
}

static void list_of(const struct world *w, struct om_quorum_list *list, const bool *witness, uint32_t log) {
  for (uint32_t i = 0; i < w->n; i++) {
    if (!witness[i] || operator_of(w, i) == operator_of(w, log)) continue;
    if (!counted(list, operator_of(w, i))) list->operators++;
    struct om_daemon *daemon = &list->daemons[list->n++];
    daemon->log = i;
    daemon->operator_member = operator_of(w, i);
    origin_of(daemon->origin, i);
    memcpy(daemon->cosign_key, om_secret_public(w->nodes[i].cosign_key), sizeof daemon->cosign_key);
  }
  list->k = list->n == 0 ? 0 : list->operators * 2 / 3 + 1;
}

void world_quorum(const struct world *w, struct om_quorum *out, uint32_t log) {
  *out = (struct om_quorum){.n_lists = w->changing ? 2 : 1, .changing = w->changing};
  list_of(w, &out->lists[0], w->witness, log);
  if (w->changing) list_of(w, &out->lists[1], w->before, log);
}

size_t world_note(const struct world *w, char note[OM_NOTE_BYTES_MAX], uint32_t node, uint64_t size,
                  const struct om_hash *root, const uint32_t *witnesses, size_t n) {
  struct om_checkpoint checkpoint = {.size = size, .root = *root};
  char text[OM_CHECKPOINT_BYTES], line[OM_NOTE_LINE_BYTES], name[OM_NAME_BYTES + 1];
  struct om_status st;
  size_t len = 0;
  origin_of(checkpoint.origin, node);
  size_t text_len = om_checkpoint_format(text, &checkpoint);
  OM_ASSERT(om_note_begin(note, &len, text, text_len, &st) == OM_OK);
  size_t line_len = om_note_sign(line, checkpoint.origin, w->nodes[node].log_key, text, text_len);
  OM_ASSERT(om_note_add_line(note, &len, line, line_len, &st) == OM_OK);
  for (size_t i = 0; i < n; i++) {
    origin_of(name, witnesses[i]);
    line_len = om_note_cosign(line, name, w->nodes[witnesses[i]].cosign_key, 1700000000, text, text_len);
    OM_ASSERT(om_note_add_line(note, &len, line, line_len, &st) == OM_OK);
  }
  return len;
}

void world_entries(const struct world *w, uint8_t **bytes, size_t *len, bool first, uint32_t log, uint64_t start,
                   const struct om_span *entries, size_t n) {
  char note[OM_NOTE_BYTES_MAX];
  struct om_entry_sink sink;
  struct om_entry_proof proof = {.head = (const uint8_t *)note, .before.n = first && start > 0};
  struct om_edge *edge = calloc(1, sizeof *edge);
  struct om_status st;
  struct om_hash root, leaf;
  OM_ASSERT(edge != NULL);
  om_entry_sink_begin(&sink, log, start);
  for (size_t i = 0; i < n; i++) {
    OM_ASSERT(om_entry_put(&sink, entries[i].data, entries[i].len));
    om_leaf_hash(&leaf, entries[i].data, entries[i].len);
    OM_ASSERT(om_edge_append(edge, &leaf, no_tile, NULL, &st) == OM_OK);
  }
  om_edge_root(edge, &root);
  proof.head_len = world_note(w, note, log < w->n ? log : 0, start + n, &root, NULL, 0);
  om_entry_sink_prove(&sink, &proof);
  om_entry_sink_end(&sink, bytes, len);
  free(edge);
}

/* The highest head of LOG that covers no more than is held, with its own signature alone, if it is another than before.
 */
static void tell_provable(struct world_node *self, uint32_t log) {
  struct world_log *held = &self->logs[log];
  const struct {
    uint64_t size;
    const uint8_t *note;
    size_t len;
  } heads[] = {{held->proven_size, held->proven, held->proven_len},
               {held->final_size, held->final, held->final_len},
               {held->vote, held->vote_note, held->vote_len}};
  size_t best = 0;
  for (size_t i = 0; i < 3; i++) {
    bool higher = heads[best].size > held->size || heads[i].size > heads[best].size;
    if (heads[i].size <= held->size && higher) best = i;
  }
  if (heads[best].size == 0 || heads[best].size > held->size || heads[best].size == held->provable) return;
  char bare[OM_NOTE_BYTES_MAX], origin[OM_NAME_BYTES + 1];
  struct om_note note;
  struct om_status st;
  size_t len = 0;
  origin_of(origin, log);
  OM_ASSERT(om_note_parse(&note, (const char *)heads[best].note, heads[best].len, &st) == OM_OK);
  OM_ASSERT(om_note_bare(bare, &len, &note, origin, om_secret_public(self->world->nodes[log].log_key), &st) == OM_OK);
  held->provable = heads[best].size;
  om_node_provable(self->node, log, held->provable, (uint8_t *)bare, len, self->world->now_ms);
}

static void keep_proven(struct world_node *self, uint32_t log, uint64_t size, const uint8_t *note, size_t len) {
  struct world_log *held = &self->logs[log];
  OM_ASSERT(len <= sizeof held->proven);
  held->proven_size = size;
  held->proven_len = len;
  memcpy(held->proven, note, len);
}

static void store_final(struct world_node *self, uint32_t log, uint64_t size, const uint8_t *note, size_t len) {
  struct world_log *held = &self->logs[log];
  if (size <= held->final_size) return;
  held->final_size = size;
  held->final_len = len;
  memcpy(held->final, note, len);
  om_node_final(self->node, log, size, note, len, self->world->now_ms);
  tell_provable(self, log);
}

/* A real ledger learns of logs and witnesses by the registry's entries. */
static void tell_registry(struct world_node *self) {
  struct world *w = self->world;
  uint32_t known =
      w->learns ? (uint32_t)(self->logs[0].size + 1 < w->n ? self->logs[0].size + 1 : w->n) : (uint32_t)w->n;
  if (known <= self->n_logs) return;
  om_node_logs(self->node, known);
  for (uint32_t log = self->n_logs; log < known; log++) {
    struct om_quorum quorum;
    world_quorum(w, &quorum, log);
    om_node_quorum(self->node, log, &quorum, w->now_ms);
    om_node_log_changed(self->node, log, self->logs[log].size, false, w->now_ms);
    if (self->logs[log].final_size > 0)
      om_node_final(self->node, log, self->logs[log].final_size, self->logs[log].final, self->logs[log].final_len,
                    w->now_ms);
    if (self->n_pieces[log] > 0) om_node_evidence(self->node, log, self->n_pieces[log], false);
    self->logs[log].provable = 0;
    tell_provable(self, log);
  }
  self->n_logs = known;
}

static void tell_own_head(struct world_node *self) {
  char note[OM_NOTE_BYTES_MAX];
  struct om_quorum quorum;
  struct world_log *own = &self->logs[self->log];
  size_t len = world_note(self->world, note, self->log, own->size, &own->roots[own->size], NULL, 0);
  om_node_own_head(self->node, own->size, (uint8_t *)note, len, self->world->now_ms);
  keep_proven(self, self->log, own->size, (uint8_t *)note, len);
  tell_provable(self, self->log);
  world_quorum(self->world, &quorum, self->log);
  if (!om_quorum_any(&quorum)) store_final(self, self->log, own->size, (uint8_t *)note, len);
}

void world_append(struct world *w, uint32_t node, size_t n, size_t len, uint32_t needs_log, uint64_t needs_size) {
  struct world_node *self = &w->nodes[node];
  struct world_log *own = &self->logs[self->log];
  for (size_t i = 0; i < n; i++) {
    struct world_entry entry = {entry_bytes(w, len, self->log, own->size, needs_log, needs_size), len, needs_log,
                                needs_size};
    log_append(own, &entry);
  }
  om_node_log_changed(self->node, self->log, own->size, false, w->now_ms);
  if (self->log == 0) tell_registry(self);
  tell_own_head(self);
}

/* Takes the entries of LOG at SIZE and above out again, as a rebuild does. */
static void cut_log(struct world_node *self, uint32_t log, size_t size) {
  struct world_log *held = &self->logs[log];
  while (held->size > size) free(held->entries[--held->size].bytes);
  if (held->vote > size) held->vote = 0;
  if (held->proven_size > size) held->proven_size = 0;
  grow_edge(held);
  held->provable = 0;
  om_node_log_cut(self->node, log, size, self->world->now_ms);
  tell_provable(self, log);
}

void world_rewind(struct world *w, uint32_t node, size_t kept) {
  struct world_node *self = &w->nodes[node];
  OM_ASSERT(self->logs[self->log].final_size <= kept);
  cut_log(self, self->log, kept);
  self->proposed = kept;
}

static enum om_code give_entries(void *ctx, struct om_entry_sink *sink, uint32_t log, uint64_t from, uint64_t upto) {
  struct world_node *self = ctx;
  struct world_log *held = &self->logs[log];
  OM_ASSERT(upto <= held->size);
  for (uint64_t i = from; i < upto && !(self->withholds && log != self->log); i++) {
    uint8_t altered[OM_ENTRY_MAX_BYTES];
    const struct world_entry *entry = &held->entries[i];
    memcpy(altered, entry->bytes, entry->len);
    if (self->lies && log != self->log) altered[entry->len - 1] ^= 1; /* only its hash tells */
    if (!om_entry_put(sink, altered, entry->len)) break;
  }
  return OM_OK;
}

/* The leaves are all kept, so tiles are made when they are asked for. */
static enum om_code get_tile(void *ctx, struct om_hash out[OM_TILE_HASHES], unsigned level, uint64_t index,
                             struct om_status *st) {
  const struct world_log *held = ctx;
  struct om_hash below[OM_TILE_HASHES];
  if (level == 0) memcpy(out, held->leaves + index * OM_TILE_HASHES, OM_TILE_HASHES * sizeof *out);
  for (uint64_t i = 0; level > 0 && i < OM_TILE_HASHES; i++) {
    OM_ASSERT(get_tile(ctx, below, level - 1, index * OM_TILE_HASHES + i, st) == OM_OK);
    om_tile_root(&out[i], below);
  }
  return OM_OK;
}

static enum om_code prove(void *ctx, struct om_proof *out, uint32_t log, uint64_t from, uint64_t size) {
  struct world_node *self = ctx;
  struct world_log *held = &self->logs[log];
  struct om_tiles tiles = {.get = get_tile, .ctx = held, .edge = held->edge};
  struct om_status st;
  OM_ASSERT(from <= size && size <= held->size);
  return om_prove_prefix(&tiles, out, from, size, &st);
}

static enum om_code parse(const struct world *w, struct om_note *note, struct om_checkpoint *out, uint32_t log,
                          const uint8_t *bytes, size_t len, struct om_status *st) {
  char origin[OM_NAME_BYTES + 1];
  origin_of(origin, log);
  enum om_code code = om_note_parse(note, (const char *)bytes, len, st);
  if (code == OM_OK) code = om_checkpoint_parse(out, NULL, note->text, note->text_len, st);
  if (code == OM_OK) code = om_note_verify_log(note, origin, om_secret_public(w->nodes[log].log_key), st);
  return code;
}

static enum om_code judge(void *ctx, uint64_t *size, uint32_t log, const uint8_t *bytes, size_t len,
                          struct om_status *st) {
  struct world_node *self = ctx;
  struct om_note note;
  struct om_checkpoint checkpoint;
  enum om_code code = parse(self->world, &note, &checkpoint, log, bytes, len, st);
  *size = checkpoint.size;
  return code;
}

static enum om_code compare(void *ctx, uint64_t *size, uint32_t log, const uint8_t *bytes, size_t len,
                            struct om_status *st) {
  struct world_node *self = ctx;
  const struct world_log *held = &self->logs[log];
  struct om_note note;
  struct om_checkpoint checkpoint;
  if (parse(self->world, &note, &checkpoint, log, bytes, len, st) != OM_OK) return OM_MALFORMED;
  *size = checkpoint.size;
  if (checkpoint.size > held->size) return OM_WAIT;
  return om_hash_equal(&checkpoint.root, &held->roots[checkpoint.size]) ? OM_OK : OM_REFUSED;
}

static bool highest(void *ctx, uint8_t *note, size_t *len, uint32_t log) {
  struct world_node *self = ctx;
  const struct world_log *held = &self->logs[log];
  bool voted = held->vote > held->final_size;
  *len = voted ? held->vote_len : held->final_len;
  memcpy(note, voted ? held->vote_note : held->final, *len);
  return *len > 0;
}

static void sign(void *ctx, uint8_t sig[OM_SIG_BYTES], const struct om_hash *what) {
  const struct world_node *self = ctx;
  om_sign(self->cosign_key, sig, what->bytes, sizeof what->bytes);
}

static bool cosign_key(void *ctx, uint8_t key[OM_PUBLIC_BYTES], uint32_t log) {
  const struct world_node *self = ctx;
  memcpy(key, om_secret_public(self->world->nodes[log].cosign_key), OM_PUBLIC_BYTES);
  return true;
}

/* ---- the writer ---- */

/* Where LOG has ended, or is stated. */
static const struct om_hash *stated_root(const struct world *w, uint32_t log, uint64_t size) {
  for (size_t i = 0; i < w->n; i++)
    if ((w->end[log] == size || w->wanted[log] == size) && w->nodes[i].logs[log].size >= size)
      return &w->nodes[i].logs[log].roots[size];
  return NULL;
}

static enum om_code check_proof(struct world_node *self, const struct om_action *job) {
  struct om_note note;
  struct om_checkpoint head;
  struct om_status st;
  struct world_log *held = &self->logs[job->log];
  const struct om_proven *proven = job->proven;
  const struct om_hash *root = &head.root;
  OM_ASSERT(proven->start == job->start && proven->n >= job->n && proven->entries == job->entries);
  if (proven->len == 0)
    root = stated_root(self->world, job->log, proven->size);
  else if (parse(self->world, &note, &head, job->log, proven->note, proven->len, &st) != OM_OK)
    return OM_NO;
  OM_ASSERT(root != NULL);
  grow_edge(held);
  switch (om_fits(proven, held->edge, root)) {
    case OM_FIT_YES: return OM_OK;
    case OM_FIT_BESIDE: return job->log == self->log ? OM_REFUSED : OM_MISSING;
    case OM_FIT_NO: break;
  }
  return OM_NO;
}

static enum om_code apply_one(struct world_node *self, const struct om_action *job, const struct om_span *span) {
  struct world *w = self->world;
  struct world_log *held = &self->logs[job->log];
  uint64_t fields[4];
  memcpy(fields, span->data, sizeof fields);
  if (fields[0] != job->log || fields[1] != held->size) return OM_REFUSED;
  if (fields[3] > self->logs[fields[2]].size) return OM_WAIT;
  OM_ASSERT(job->log != self->log || !om_node_ready(self->node));
  OM_ASSERT(job->log == self->log || is_witness(w, self->log, job->log) ||
            held->size < w->nodes[job->log].logs[job->log].final_size || self->world->lost || w->end[job->log] > 0 ||
            held->size < w->wanted[job->log]);
  OM_ASSERT(w->end[job->log] == 0 || held->size < w->end[job->log]);
  struct world_entry entry = {malloc(span->len), span->len, (uint32_t)fields[2], fields[3]};
  OM_ASSERT(entry.bytes != NULL);
  memcpy(entry.bytes, span->data, span->len);
  log_append(held, &entry);
  return OM_OK;
}

static void do_apply(struct world_node *self, struct om_action *job) {
  struct world *w = self->world;
  uint32_t log = job->log;
  enum om_code code = self->full ? OM_FULL : OM_OK;
  size_t slice = test_below(&w->random, 4) == 0 ? 1 + test_below(&w->random, job->n) : job->n;
  if (job->start > self->logs[log].size) { /* it was cut: nobody looks at them */
    om_node_applied(self->node, job, job->start, code, w->now_ms);
    return;
  }
  OM_ASSERT(job->start == self->logs[log].size);
  if (code == OM_OK) code = check_proof(self, job);
  for (size_t i = 0; i < slice && code == OM_OK; i++) code = apply_one(self, job, &job->entries[i]);
  if (job->proven->len > 0 && self->logs[log].size == job->proven->size)
    keep_proven(self, log, job->proven->size, job->proven->note, job->proven->len);
  self->logs[log].stopped = code == OM_REFUSED && log != self->log;
  bool before = test_below(&w->random, 2) == 0; /* either order must do */
  if (before) om_node_log_changed(self->node, log, self->logs[log].size, self->logs[log].stopped, w->now_ms);
  om_node_applied(self->node, job, self->logs[log].size, code, w->now_ms);
  if (!before) om_node_log_changed(self->node, log, self->logs[log].size, self->logs[log].stopped, w->now_ms);
  if (log == 0) tell_registry(self);
  tell_provable(self, log);
}

static void do_cosign(struct world_node *self, struct om_action *job) {
  struct world *w = self->world;
  struct world_log *held = &self->logs[job->log];
  struct om_note note;
  struct om_checkpoint checkpoint;
  struct om_status st;
  char line[OM_NOTE_LINE_BYTES], name[OM_NAME_BYTES + 1];
  OM_ASSERT(is_witness(w, self->log, job->log));
  enum om_code code = parse(w, &note, &checkpoint, job->log, job->bytes, job->len, &st);
  if (code == OM_OK && checkpoint.size > held->size) code = OM_WAIT;
  if (code == OM_OK &&
      (!om_hash_equal(&checkpoint.root, &held->roots[checkpoint.size]) || checkpoint.size < held->vote))
    code = OM_REFUSED;
  if (code == OM_OK) {
    held->vote = checkpoint.size;
    held->vote_root = checkpoint.root;
    memcpy(held->vote_note, job->bytes, job->len);
    held->vote_len = job->len;
    origin_of(name, self->log);
    om_note_cosign(line, name, self->cosign_key, 1700000000 + (uint64_t)w->now_ms / 1000, note.text, note.text_len);
  }
  om_node_cosigned(self->node, job, code == OM_OK ? line : NULL, code, w->now_ms);
}

/* Of the quorum's operators, how many have signed the note. */
static uint32_t signed_by(const struct om_note *note, const struct om_quorum_list *quorum) {
  uint32_t members[WORLD_NODES], n = 0, k = 0;
  for (size_t i = 0; i < quorum->n; i++) {
    struct om_status st;
    uint64_t time_s = 0;
    const struct om_daemon *daemon = &quorum->daemons[i];
    if (om_note_verify_cosignature(note, &time_s, daemon->origin, daemon->cosign_key, &st) != OM_OK) continue;
    for (k = 0; k < n && members[k] != daemon->operator_member; k++) continue;
    members[k] = daemon->operator_member;
    n += k == n;
  }
  return n;
}

static enum om_code check_final(struct world_node *self, const struct om_action *job, uint64_t *size) {
  struct world *w = self->world;
  struct world_log *held = &self->logs[job->log];
  struct om_note note;
  struct om_checkpoint checkpoint;
  struct om_quorum quorum;
  struct om_status st;
  if (parse(w, &note, &checkpoint, job->log, job->bytes, job->len, &st) != OM_OK) return OM_REFUSED;
  *size = checkpoint.size;
  if (checkpoint.size > held->size) return OM_WAIT;
  world_quorum(w, &quorum, job->log);
  for (size_t list = 0; list < quorum.n_lists; list++)
    if (signed_by(&note, &quorum.lists[list]) < quorum.lists[list].k) return OM_REFUSED;
  if (om_hash_equal(&checkpoint.root, &held->roots[checkpoint.size])) return OM_OK;
  OM_ASSERT(held->final_size < checkpoint.size);
  return OM_NO; /* what is held has lost */
}

static void do_final(struct world_node *self, struct om_action *job) {
  uint64_t size = 0;
  uint32_t log = job->log;
  enum om_code code = check_final(self, job, &size);
  if (code == OM_OK) store_final(self, log, size, job->bytes, job->len);
  self->heads_refused += code == OM_REFUSED;
  if (code == OM_NO) { /* either order must do */
    if (test_below(&self->world->random, 2) == 0) {
      cut_log(self, log, self->logs[log].final_size);
      om_node_finalised(self->node, job, OM_WAIT, self->world->now_ms);
    } else {
      om_node_finalised(self->node, job, OM_WAIT, self->world->now_ms);
      cut_log(self, log, self->logs[log].final_size);
    }
    return;
  }
  om_node_finalised(self->node, job, code, self->world->now_ms);
}

/* ---- evidence ---- */

size_t world_evidence(uint8_t out[OM_EVIDENCE_MAX_BYTES], uint32_t log, const char *why, bool lie) {
  Oremark__Evidence e = OREMARK__EVIDENCE__INIT;
  e.log = log;
  e.origin = lie ? (char *)"lie" : (char *)"";
  e.why = (char *)(uintptr_t)why;
  OM_ASSERT(oremark__evidence__get_packed_size(&e) <= OM_EVIDENCE_MAX_BYTES);
  return oremark__evidence__pack(&e, out);
}

static uint32_t keep_piece(struct world_node *self, uint32_t log, const uint8_t *bytes, size_t len) {
  for (uint32_t i = 0; i < self->n_pieces[log]; i++)
    if (self->pieces[log][i].len == len && memcmp(self->pieces[log][i].bytes, bytes, len) == 0) return i;
  if (self->n_pieces[log] == OM_EVIDENCE_PIECES_MAX) return OM_EVIDENCE_NONE;
  struct world_piece *piece = &self->pieces[log][self->n_pieces[log]++];
  *piece = (struct world_piece){malloc(len), len};
  OM_ASSERT(piece->bytes != NULL);
  memcpy(piece->bytes, bytes, len);
  om_node_evidence(self->node, log, self->n_pieces[log], false);
  return self->n_pieces[log] - 1;
}

void world_accuse(struct world *w, uint32_t node, uint32_t log, const char *why) {
  static uint8_t bytes[OM_EVIDENCE_MAX_BYTES];
  keep_piece(&w->nodes[node], log, bytes, world_evidence(bytes, log, why, false));
}

static bool give_evidence(void *ctx, uint8_t **bytes, size_t *len, uint32_t log, uint32_t number) {
  struct world_node *self = ctx;
  OM_ASSERT(number < self->n_pieces[log]);
  *len = self->pieces[log][number].len;
  *bytes = malloc(*len);
  OM_ASSERT(*bytes != NULL);
  memcpy(*bytes, self->pieces[log][number].bytes, *len);
  return true;
}

static void do_evidence(struct world_node *self, struct om_action *job) {
  uint32_t log = job->log, number = OM_EVIDENCE_NONE;
  enum om_code code = self->full ? OM_FULL : OM_OK;
  OM_ASSERT(job->len > 0); /* witnesses never change here */
  if (job->met) {          /* nothing is made of it here */
    self->met++;
    om_node_shown(self->node, job, number, code, self->world->now_ms);
    return;
  }
  Oremark__Evidence *e = oremark__evidence__unpack(NULL, job->len, job->bytes);
  OM_ASSERT(e != NULL);
  self->looked_at++;
  if (strcmp(e->origin, "lie") == 0) code = OM_NO;
  oremark__evidence__free_unpacked(e, NULL);
  if (code == OM_OK) number = keep_piece(self, log, job->bytes, job->len);
  om_node_shown(self->node, job, number, code, self->world->now_ms);
}

static void do_start(struct world_node *self, struct om_action *job) {
  if (!self->full) {
    memcpy(self->starts[job->log], job->bytes, OM_START_BYTES);
    self->started[job->log] = true;
  }
  om_node_start_kept(self->node, job, self->full ? OM_FULL : OM_OK, self->world->now_ms);
}

static bool give_start(void *ctx, uint8_t start[OM_START_BYTES], uint32_t log) {
  const struct world_node *self = ctx;
  memcpy(start, self->starts[log], OM_START_BYTES);
  return self->started[log];
}

static void work(struct world_node *self) {
  if (self->n_jobs == 0) return;
  size_t i = test_below(&self->world->random, self->n_jobs);
  struct om_action job = self->jobs[i];
  self->jobs[i] = self->jobs[--self->n_jobs];
  if (job.kind == OM_ACTION_APPLY)
    do_apply(self, &job);
  else if (job.kind == OM_ACTION_COSIGN)
    do_cosign(self, &job);
  else if (job.kind == OM_ACTION_START)
    do_start(self, &job);
  else if (job.kind == OM_ACTION_EVIDENCE)
    do_evidence(self, &job);
  else
    do_final(self, &job);
}

/* ---- links ---- */

static struct world_link *link_at(struct world *w, uint32_t node, uint32_t slot, unsigned *side) {
  for (size_t i = 0; i < WORLD_LINKS; i++)
    for (*side = 0; *side < 2; ++*side)
      if (w->links[i].up && w->links[i].nodes[*side] == node && w->links[i].slots[*side] == slot) return &w->links[i];
  return NULL;
}

static void empty_pipe(struct world_pipe *pipe) {
  while (pipe->first != NULL) {
    struct world_message *next = pipe->first->next;
    free(pipe->first->bytes);
    free(pipe->first);
    pipe->first = next;
  }
  *pipe = (struct world_pipe){NULL, NULL, 0};
}

size_t world_join(struct world *w, uint32_t a, uint32_t b) {
  size_t i = 0;
  while (i < WORLD_LINKS && w->links[i].up) i++;
  OM_ASSERT(i < WORLD_LINKS);
  struct world_link *link = &w->links[i];
  *link = (struct world_link){
      .up = true, .nodes = {a, b}, .slots = {(uint32_t)(i * 7 % OM_PEERS_MAX), (uint32_t)(255 - i)}};
  om_node_connected(w->nodes[a].node, link->slots[0], w->nodes[b].log, w->now_ms);
  om_node_connected(w->nodes[b].node, link->slots[1], w->nodes[a].log, w->now_ms);
  return i;
}

void world_cut(struct world *w, size_t i) {
  struct world_link *link = &w->links[i];
  if (!link->up) return;
  link->up = false;
  for (unsigned side = 0; side < 2; side++) {
    empty_pipe(&link->pipes[side]);
    om_node_disconnected(w->nodes[link->nodes[side]].node, link->slots[side], w->now_ms);
  }
}

/* One head at a time: the next only when the last has a quorum or has had its time. */
static void check_proposal(struct world_node *self, uint64_t size) {
  if (size == self->proposed) return;
  int64_t since = self->world->now_ms - self->proposed_ms;
  bool settled = self->logs[self->log].final_size >= self->proposed;
  for (size_t i = 0; i < self->n_jobs; i++)
    settled |= self->jobs[i].kind == OM_ACTION_FINAL && self->jobs[i].log == self->log;
  OM_ASSERT(size > self->proposed && (self->proposed == 0 || settled || since >= PROPOSE_TIMEOUT_MS));
  OM_ASSERT(self->proposed == 0 || since >= PROPOSE_INTERVAL_MS);
  self->proposed = size;
  self->proposed_ms = self->world->now_ms;
}

/* Who is no witness is sent only what is final. */
static void check_entries(struct world_node *self, const struct om_action *action, uint32_t to) {
  struct om_peer_message message;
  struct om_status st;
  OM_ASSERT(om_peer_decode(&message, action->bytes, action->len, &st) == OM_OK && message.small == NULL);
  const struct om_peer_entries *entries = &message.entries;
  OM_ASSERT(is_witness(self->world, to, entries->log) || to == entries->log ||
            entries->start + entries->n <= self->logs[entries->log].final_size ||
            entries->start + entries->n <= self->world->end[entries->log] ||
            entries->start + entries->n <= self->world->wanted[entries->log]);
}

static void count_message(struct world_node *self, const struct om_action *action, uint32_t to) {
  struct world *w = self->world;
  bool entries = action->bytes[0] == (4 << 3 | 2);
  Oremark__PeerMessage *message = entries ? NULL : oremark__peer_message__unpack(NULL, action->len, action->bytes);
  OM_ASSERT(entries || message != NULL);
  if (entries) check_entries(self, action, to);
  if (message != NULL && message->what_case == OREMARK__PEER_MESSAGE__WHAT_PROPOSE &&
      message->propose->log == self->log) {
    struct om_note note;
    struct om_checkpoint checkpoint;
    struct om_status st;
    OM_ASSERT(parse(w, &note, &checkpoint, self->log, message->propose->checkpoint.data,
                    message->propose->checkpoint.len, &st) == OM_OK);
    check_proposal(self, checkpoint.size);
  }
  if (message != NULL && message->what_case == OREMARK__PEER_MESSAGE__WHAT_PING) {
    w->ping_bytes += action->len;
  } else {
    w->sent_bytes += action->len;
    w->sent_messages++;
  }
  if (message != NULL) oremark__peer_message__free_unpacked(message, NULL);
}

static void watch(struct world_node *self) {
  struct world *w = self->world;
  struct om_node_peer peer;
  if (om_node_inbox_bytes(self->node) > w->most_in_inbox) w->most_in_inbox = om_node_inbox_bytes(self->node);
  for (size_t i = 0; i < 2 * WORLD_LINKS; i++) {
    const struct world_link *link = &w->links[i / 2];
    if (!link->up || &w->nodes[link->nodes[i % 2]] != self) continue;
    om_node_peer(self->node, &peer, link->slots[i % 2]);
    if (peer.following > self->most_followed) self->most_followed = peer.following;
  }
}

/* What a test does to a message on its way out. */
static bool withheld(struct world_node *self, struct om_action *action, uint32_t to) {
  struct world *w = self->world;
  if (w->sends == NULL || action->bytes[0] == (4 << 3 | 2)) return false;
  Oremark__PeerMessage *message = oremark__peer_message__unpack(NULL, action->len, action->bytes);
  OM_ASSERT(message != NULL);
  bool goes = w->sends(w, (uint32_t)(self - w->nodes), to, message);
  size_t made = action->len;
  free(action->bytes);
  om_peer_encode(&action->bytes, &action->len, message);
  oremark__peer_message__free_unpacked(message, NULL);
  OM_ASSERT(action->len == made || !goes); /* the node counts what it made */
  return !goes;
}

static void send_message(struct world_node *self, struct om_action *action) {
  unsigned side = 0;
  struct world_link *link = link_at(self->world, (uint32_t)(self - self->world->nodes), action->slot, &side);
  OM_ASSERT(link != NULL && action->len > 0 && action->len <= OM_CHUNK_BYTES + OM_ENTRY_MAX_BYTES);
  if (withheld(self, action, link->nodes[1 - side])) {
    om_node_sent(self->node, action->slot, action->len, self->world->now_ms);
    om_action_free(action);
    return;
  }
  count_message(self, action, link->nodes[1 - side]);
  struct world_message *message = malloc(sizeof *message);
  OM_ASSERT(message != NULL);
  *message = (struct world_message){NULL, action->bytes, action->len};
  action->bytes = NULL;
  struct world_pipe *pipe = &link->pipes[side];
  if (pipe->last == NULL)
    pipe->first = message;
  else
    pipe->last->next = message;
  pipe->last = message;
  pipe->bytes += message->len;
  if (pipe->bytes > self->world->most_in_pipe) self->world->most_in_pipe = pipe->bytes;
  om_action_free(action);
}

static void drop(struct world_node *self, uint32_t slot, const char *reason) {
  unsigned side = 0;
  struct world_link *link = link_at(self->world, (uint32_t)(self - self->world->nodes), slot, &side);
  OM_ASSERT(link != NULL);
  self->drops++;
  snprintf(self->last_reason, sizeof self->last_reason, "%s", reason);
  world_cut(self->world, (size_t)(link - self->world->links));
}

static void drain(struct world_node *self) {
  struct om_action action;
  while (om_node_next(self->node, &action, self->world->now_ms)) {
    if (action.kind == OM_ACTION_SEND) {
      send_message(self, &action);
    } else if (action.kind == OM_ACTION_DROP) {
      drop(self, action.slot, action.reason);
    } else if (action.kind == OM_ACTION_COSIGN && self->mute_witness) {
      om_node_cosigned(self->node, &action, NULL, OM_REFUSED, self->world->now_ms);
    } else {
      OM_ASSERT(self->n_jobs < sizeof self->jobs / sizeof self->jobs[0]);
      for (size_t i = 0; i < self->n_jobs; i++)
        OM_ASSERT(self->jobs[i].log != action.log || self->jobs[i].kind != action.kind);
      self->jobs[self->n_jobs++] = action;
    }
    watch(self);
  }
}

bool world_forge(struct world *w, size_t i, uint32_t from, const uint8_t *bytes, size_t len) {
  struct world_link *link = &w->links[i];
  unsigned to = link->nodes[0] == from ? 1 : 0;
  struct world_node *self = &w->nodes[link->nodes[to]];
  struct om_status st;
  uint8_t *exact = malloc(len + (len == 0)); /* so that a read beyond the end is seen */
  OM_ASSERT(exact != NULL);
  if (len > 0) memcpy(exact, bytes, len);
  enum om_code code = om_node_message(self->node, link->slots[to], exact, len, w->now_ms, &st);
  free(exact);
  if (code != OM_OK) drop(self, link->slots[to], st.text);
  drain(self);
  return !link->up;
}

static void deliver(struct world *w, size_t i, unsigned side) {
  struct world_link *link = &w->links[i];
  struct world_message *message = link->pipes[side].first;
  if (!link->up || message == NULL) return;
  link->pipes[side].first = message->next;
  if (message->next == NULL) link->pipes[side].last = NULL;
  link->pipes[side].bytes -= message->len;
  struct world_node *from = &w->nodes[link->nodes[side]];
  om_node_sent(from->node, link->slots[side], message->len, w->now_ms);
  world_forge(w, i, link->nodes[side], message->bytes, message->len);
  free(message->bytes);
  free(message);
}

/* ---- time ---- */

static bool idle(const struct world *w) {
  for (size_t i = 0; i < w->n; i++)
    if (w->nodes[i].n_jobs > 0) return false;
  for (size_t i = 0; i < WORLD_LINKS; i++)
    if (w->links[i].pipes[0].first != NULL || w->links[i].pipes[1].first != NULL) return false;
  return true;
}

void world_run(struct world *w, int64_t ms) {
  for (int64_t end = w->now_ms + ms; w->now_ms < end; w->now_ms += STEP_MS) {
    for (size_t i = 0; i < w->n; i++) {
      if (w->now_ms % OM_NODE_TICK_MS == 0) om_node_tick(w->nodes[i].node, w->now_ms);
      drain(&w->nodes[i]);
    }
    for (size_t i = 0; i < 20 * WORLD_LINKS && !idle(w); i++) {
      deliver(w, test_below(&w->random, WORLD_LINKS), (unsigned)test_below(&w->random, 2));
      struct world_node *worker = &w->nodes[test_below(&w->random, w->n)];
      if (test_below(&w->random, 4) == 0) work(worker);
      drain(worker);
    }
  }
}

void world_want(struct world *w, uint32_t log, uint64_t size) {
  w->wanted[log] = size;
  for (uint32_t i = 0; i < w->n; i++)
    if (i != log) om_node_wanted(w->nodes[i].node, log, size, w->now_ms);
}

void world_end(struct world *w, uint32_t log, uint64_t size) {
  w->end[log] = size;
  for (size_t i = 0; i < w->n; i++) om_node_log_ended(w->nodes[i].node, log, size, w->now_ms);
}

static bool same(const struct world_log *a, const struct world_log *b, uint64_t size) {
  return a->size >= size && b->size >= size && (size == 0 || om_hash_equal(&a->roots[size], &b->roots[size]));
}

bool world_agrees(const struct world *w) {
  for (uint32_t node = 0; node < w->n; node++) {
    for (uint32_t log = 0; log < w->n; log++) {
      const struct world_log *home = &w->nodes[log].logs[log], *held = &w->nodes[node].logs[log];
      uint64_t want = is_witness(w, node, log) ? home->size : home->final_size;
      if (!same(home, held, want) || held->final_size != home->final_size || home->final_size != home->size)
        return false;
    }
  }
  return true;
}

bool world_settle(struct world *w, int64_t ms) {
  for (int64_t end = w->now_ms + ms; w->now_ms < end; world_run(w, OM_NODE_TICK_MS))
    if (world_agrees(w)) return true;
  return world_agrees(w);
}

/* ---- birth and end ---- */

static void open_node(struct world *w, uint32_t i) {
  struct world_node *self = &w->nodes[i];
  self->world = w;
  self->log = i;
  struct om_node_config config = {.own_log = i,
                                  .version = "oremarkd test",
                                  .propose_interval_ms = PROPOSE_INTERVAL_MS,
                                  .propose_timeout_ms = PROPOSE_TIMEOUT_MS,
                                  .ctx = self,
                                  .entries = give_entries,
                                  .prove = prove,
                                  .judge = judge,
                                  .compare = compare,
                                  .highest = highest,
                                  .started = give_start,
                                  .evidence = give_evidence,
                                  .sign = sign,
                                  .cosign_key = cosign_key};
  om_be64(config.start, ++w->starts);
  om_be64(config.start + 8, test_below(&w->random, UINT64_MAX));
  self->node = om_node_new(&config);
  tell_registry(self);
}

void world_open(struct world *w, size_t n, const bool *witness, uint64_t seed, bool learns) {
  memset(w, 0, sizeof *w); /* too large for a copy on the stack */
  w->random = seed;
  w->n = n;
  w->learns = learns;
  OM_ASSERT(n <= WORLD_NODES);
  for (uint32_t i = 0; i < n; i++) {
    w->witness[i] = witness != NULL && witness[i];
    w->nodes[i].log_key = secret_of(1, (uint8_t)i);
    w->nodes[i].cosign_key = secret_of(2, (uint8_t)i);
  }
  for (uint32_t i = 0; i < n; i++) open_node(w, i);
}

static void tell_quorums(struct world *w) {
  for (uint32_t i = 0; i < w->n; i++) {
    for (uint32_t log = 0; log < w->n; log++) {
      struct om_quorum quorum;
      world_quorum(w, &quorum, log);
      om_node_quorum(w->nodes[i].node, log, &quorum, w->now_ms);
    }
  }
}

void world_one_operator(struct world *w) {
  w->one_operator = true;
  tell_quorums(w);
}

void world_witnesses(struct world *w, const bool *witness, const bool *before) {
  w->changing = before != NULL;
  for (uint32_t i = 0; i < w->n; i++) {
    w->witness[i] = witness[i];
    w->before[i] = before != NULL && before[i];
  }
  tell_quorums(w);
}

void world_begun(struct world *w) {
  for (uint32_t i = 0; i < w->n; i++) {
    struct om_quorum quorum = {.n_lists = 1};
    om_node_quorum(w->nodes[i].node, i, &quorum, w->now_ms);
    OM_ASSERT(om_node_ready(w->nodes[i].node));
    world_quorum(w, &quorum, i);
    om_node_quorum(w->nodes[i].node, i, &quorum, w->now_ms);
  }
}

static void stop_node(struct world *w, uint32_t node) {
  struct world_node *self = &w->nodes[node];
  for (size_t i = 0; i < WORLD_LINKS; i++)
    if (w->links[i].up && (w->links[i].nodes[0] == node || w->links[i].nodes[1] == node)) world_cut(w, i);
  for (size_t i = 0; i < self->n_jobs; i++) om_action_free(&self->jobs[i]);
  self->n_jobs = 0;
}

void world_restart(struct world *w, uint32_t node) {
  stop_node(w, node);
  om_node_free(w->nodes[node].node);
  w->nodes[node].n_logs = 0;
  w->nodes[node].proposed = 0;
  open_node(w, node);
}

void world_lose(struct world *w, uint32_t node, size_t kept) {
  struct world_node *self = &w->nodes[node];
  stop_node(w, node);
  for (uint32_t log = 0; log < w->n; log++) {
    struct world_log *held = &self->logs[log];
    for (size_t left = log == node ? kept : 0; held->size > left; held->size--)
      free(held->entries[held->size - 1].bytes);
    self->started[log] = false;
    held->final_size = held->vote = held->proven_size = held->provable = 0;
    held->final_len = held->vote_len = held->proven_len = 0;
  }
  om_node_free(self->node);
  self->n_logs = 0;
  self->proposed = 0;
  w->lost = true;
  open_node(w, node);
}

static void close_node(struct world_node *self) {
  for (size_t i = 0; i < self->n_jobs; i++) om_action_free(&self->jobs[i]);
  for (size_t log = 0; log < WORLD_NODES; log++) {
    for (size_t i = 0; i < self->n_pieces[log]; i++) free(self->pieces[log][i].bytes);
    for (size_t i = 0; i < self->logs[log].size; i++) free(self->logs[log].entries[i].bytes);
    free(self->logs[log].entries);
    free(self->logs[log].roots);
    free(self->logs[log].leaves);
    free(self->logs[log].edge);
  }
  om_secret_free(self->log_key);
  om_secret_free(self->cosign_key);
  om_node_free(self->node);
}

void world_close(struct world *w) {
  for (size_t i = 0; i < WORLD_LINKS; i++)
    for (unsigned side = 0; side < 2; side++) empty_pipe(&w->links[i].pipes[side]);
  for (size_t i = 0; i < w->n; i++) close_node(&w->nodes[i]);
}
