/* Opening a ledger, and reading logs and lots through any transaction. */
#include "ledger/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/acts.h"
#include "ledger/ledger_state.h"

static const char format_now[] = "5"; /* of the store; another one is refused, not guessed at */

/* ---- keys ---- */

void om_log_entry_key(uint8_t out[OM_LOG_ENTRY_KEY_BYTES], uint32_t log, uint64_t index) {
  om_be32(out, log);
  om_be64(out + 4, index);
}

static void tile_key(uint8_t out[OM_TILE_KEY_BYTES], uint32_t log, unsigned level, uint64_t index) {
  om_be32(out, log);
  out[4] = (uint8_t)level;
  om_be64(out + 5, index);
}

void om_head_key(uint8_t out[OM_HEAD_KEY_BYTES], uint32_t log, enum om_head_kind kind) {
  om_be32(out, log);
  out[4] = (uint8_t)kind;
}

void om_mark_key(uint8_t out[OM_MARK_KEY_BYTES], uint32_t log, uint32_t marked, uint64_t index) {
  om_be32(out, log);
  om_be32(out + 4, marked);
  om_be64(out + 8, index);
}

void om_statement_key(uint8_t out[OM_STATEMENT_KEY_BYTES], const Oremark__Statement *s, const struct om_hash *id) {
  om_be32(out, s->member);
  om_be64(out + 4, (uint64_t)s->signed_ms);
  memcpy(out + 12, id->bytes, OM_HASH_BYTES);
}

static bool find_statement(struct om_txn *txn, struct om_place *out, const Oremark__Statement *s,
                           const struct om_hash *id) {
  uint8_t key[OM_STATEMENT_KEY_BYTES];
  struct om_bytes row;
  om_statement_key(key, s, id);
  if (!om_txn_get(txn, &row, OM_TABLE_STATEMENTS, key, sizeof key) || row.len != OM_STATEMENT_ROW_BYTES) return false;
  *out = (struct om_place){.log = om_get32(row.data), .index = om_get64(row.data + 4)};
  return true;
}

enum om_code om_statement_find(struct om_txn *txn, struct om_place *out, uint32_t member, int64_t signed_ms,
                               const struct om_hash *id, struct om_status *st) {
  Oremark__Statement s = OREMARK__STATEMENT__INIT;
  s.member = member;
  s.signed_ms = signed_ms;
  bool found = find_statement(txn, out, &s, id);
  if (om_txn_check(txn, st) != OM_OK) return st->code;
  return found ? OM_OK : om_fail(st, OM_MISSING, NULL, "no log held here has that statement");
}

bool om_batch_stands(struct om_txn *txn, struct om_place *out, const struct om_checked *checked) {
  return find_statement(txn, out, checked->statement, &checked->statement_id);
}

/* ---- a log's row ---- */

static bool log_row(struct om_txn *txn, struct om_bytes *row, uint32_t log) {
  uint8_t key[4];
  om_be32(key, log);
  return om_txn_get(txn, row, OM_TABLE_LOGS, key, sizeof key) && row->len > OM_LOG_ROW_BYTES;
}

enum om_code om_log_state_read(struct om_txn *txn, struct om_log_state *out, uint32_t log, struct om_status *st) {
  struct om_bytes row;
  out->log = log;
  out->taken_ms = 0;
  out->registry_size = out->edge.size = 0;
  if (!log_row(txn, &row, log)) return om_txn_check(txn, st);
  out->registry_size = om_get64(row.data);
  out->taken_ms = (int64_t)om_get64(row.data + 8);
  return om_edge_decode(&out->edge, row.data + OM_LOG_ROW_BYTES, row.len - OM_LOG_ROW_BYTES, st);
}

void om_log_state_write(struct om_txn *txn, const struct om_log_state *state) {
  uint8_t key[4], row[OM_LOG_ROW_BYTES + OM_EDGE_BYTES_MAX];
  struct om_hash root;
  om_be32(key, state->log);
  om_be64(row, state->registry_size);
  om_be64(row + 8, (uint64_t)state->taken_ms);
  om_edge_root(&state->edge, &root);
  memcpy(row + 16, root.bytes, sizeof root);
  size_t len = om_edge_encode(&state->edge, row + OM_LOG_ROW_BYTES);
  om_txn_put(txn, OM_TABLE_LOGS, key, sizeof key, row, OM_LOG_ROW_BYTES + len);
}

struct tile_sink {
  struct om_txn *txn;
  uint32_t log;
};

static enum om_code put_tile(void *arg, unsigned level, uint64_t index, const struct om_hash hashes[OM_TILE_HASHES],
                             struct om_status *st) {
  struct tile_sink *sink = arg;
  uint8_t key[OM_TILE_KEY_BYTES];
  tile_key(key, sink->log, level, index);
  om_txn_put(sink->txn, OM_TABLE_TILES, key, sizeof key, hashes, OM_TILE_HASHES * sizeof *hashes);
  return om_txn_check(sink->txn, st);
}

enum om_code om_log_state_append(struct om_txn *txn, struct om_log_state *state, const uint8_t *bytes, size_t len,
                                 const struct om_hash *leaf, int64_t taken_ms, struct om_status *st) {
  uint8_t key[OM_LOG_ENTRY_KEY_BYTES];
  struct tile_sink sink = {txn, state->log};
  om_log_entry_key(key, state->log, state->edge.size);
  enum om_code code = om_edge_append(&state->edge, leaf, put_tile, &sink, st);
  if (code != OM_OK) return code;
  om_txn_put(txn, OM_TABLE_ENTRIES, key, sizeof key, bytes, len);
  state->taken_ms = taken_ms;
  if (state->log == OM_LOG_REGISTRY) state->registry_size = state->edge.size;
  return om_txn_check(txn, st);
}

/* ---- opening ---- */

/* Entry 0 of the registry log: Entry { taken_ms = created_ms, genesis }. */
static enum om_code write_genesis(struct om_txn *txn, const Oremark__Genesis *genesis, struct om_status *st) {
  Oremark__Entry entry = OREMARK__ENTRY__INIT;
  entry.taken_ms = genesis->created_ms;
  entry.what_case = OREMARK__ENTRY__WHAT_GENESIS;
  entry.genesis = (Oremark__Genesis *)(uintptr_t)genesis;
  struct om_log_state *registry = calloc(1, sizeof *registry);
  uint8_t *bytes = malloc(OM_ENTRY_MAX_BYTES);
  OM_ASSERT(registry && bytes);
  size_t len = oremark__entry__get_packed_size(&entry);
  OM_ASSERT(len <= OM_ENTRY_MAX_BYTES);
  oremark__entry__pack(&entry, bytes);
  struct om_hash leaf;
  om_leaf_hash(&leaf, bytes, len);
  enum om_code code = om_genesis_apply(txn, genesis, st);
  if (code == OM_OK) code = om_log_state_append(txn, registry, bytes, len, &leaf, genesis->created_ms, st);
  if (code == OM_OK) om_log_state_write(txn, registry);
  free(bytes);
  free(registry);
  return code;
}

static enum om_code check_rules(uint32_t version, struct om_status *st) {
  if (version <= OM_RULES_VERSION) return OM_OK;
  return om_fail(st, OM_REFUSED, "rules", "the network follows rules version %u, this program knows %d: upgrade",
                 version, OM_RULES_VERSION);
}

enum om_code om_ledger_begin(struct om_txn *txn, const uint8_t *genesis, size_t len, struct om_status *st) {
  struct om_arena arena = {0};
  const Oremark__Genesis *g;
  enum om_code code = om_genesis_check(&g, &arena, genesis, len, st);
  if (code == OM_OK) code = check_rules(g->rules_version, st);
  if (code == OM_OK) code = write_genesis(txn, g, st);
  om_txn_put(txn, OM_TABLE_META, OM_META_GENESIS, sizeof OM_META_GENESIS - 1, genesis, len);
  om_txn_put(txn, OM_TABLE_META, OM_META_FORMAT, sizeof OM_META_FORMAT - 1, format_now, sizeof format_now - 1);
  om_arena_free(&arena);
  return code;
}

/* An empty store begins with the genesis; a used one must be of the same network and format. */
static enum om_code check_store(struct om_ledger *ledger, const uint8_t *genesis, size_t len, struct om_status *st) {
  struct om_txn *txn;
  struct om_bytes row;
  enum om_code code = om_txn_write(&txn, ledger->store, st);
  if (code != OM_OK) return code;
  if (!om_txn_get(txn, &row, OM_TABLE_META, OM_META_GENESIS, sizeof OM_META_GENESIS - 1)) {
    code = om_txn_check(txn, st);
    if (code == OM_OK) code = om_ledger_begin(txn, genesis, len, st);
    if (code == OM_OK) return om_txn_commit(txn, st);
  } else if (row.len != len || memcmp(row.data, genesis, len) != 0) {
    code = om_fail(st, OM_REFUSED, "network",
                   "the store belongs to another network: its genesis file is not the one given");
  } else if (!om_txn_get(txn, &row, OM_TABLE_META, OM_META_FORMAT, sizeof OM_META_FORMAT - 1) ||
             row.len != sizeof format_now - 1 || memcmp(row.data, format_now, row.len) != 0) {
    code = om_fail(st, OM_CORRUPT, NULL,
                   "the store was written in another format than this program's (%s): go on with the program that "
                   "wrote it, or move the store away and start on an empty folder, which takes its logs back from its "
                   "peers; a witness replaces its cosigning key first",
                   format_now);
  }
  om_txn_abort(txn);
  return code;
}

enum om_code om_ledger_find_own(struct om_ledger *ledger, struct om_txn *txn, struct om_status *st) {
  uint32_t n = om_registry_daemons(txn, OM_REGISTRY_NOW);
  for (uint32_t log = 0; log < n && ledger->has_link_key && ledger->own_log == OM_LOG_NONE; log++) {
    struct om_daemon daemon;
    enum om_code code = om_registry_daemon(txn, &daemon, log, OM_REGISTRY_NOW, st);
    if (code != OM_OK) return code;
    if (memcmp(daemon.link_key, ledger->link_key, sizeof ledger->link_key) == 0) ledger->own_log = log;
  }
  return om_txn_check(txn, st);
}

static enum om_code open_ledger(struct om_ledger **out, const char *path, uint64_t map_bytes, bool scratch,
                                const uint8_t *genesis, size_t genesis_len, const uint8_t *own_link_key,
                                struct om_status *st) {
  *out = NULL;
  struct om_ledger *ledger = calloc(1, sizeof *ledger);
  OM_ASSERT(ledger);
  ledger->own_log = OM_LOG_NONE;
  ledger->rules_known = OM_RULES_VERSION;
  ledger->sparse = scratch;
  om_sha256(&ledger->network, genesis, genesis_len);
  if (own_link_key) {
    ledger->has_link_key = true;
    memcpy(ledger->link_key, own_link_key, sizeof ledger->link_key);
  }
  struct om_txn *txn = NULL;
  enum om_code code = scratch ? om_store_open_scratch(&ledger->store, path, map_bytes, st)
                              : om_store_open(&ledger->store, path, map_bytes, st);
  if (code == OM_OK) code = check_store(ledger, genesis, genesis_len, st);
  if (code == OM_OK) code = om_txn_read(&txn, ledger->store, st);
  uint32_t rules;
  if (code == OM_OK) code = om_registry_rules(txn, &rules, OM_REGISTRY_NOW, st);
  if (code == OM_OK) code = check_rules(rules, st); /* an older program than the store has seen */
  if (code == OM_OK) code = om_ledger_find_own(ledger, txn, st);
  if (code == OM_OK) code = om_lost_look(ledger, txn, st);
  om_txn_abort(txn);
  if (code != OM_OK) {
    om_ledger_close(ledger);
    return code;
  }
  *out = ledger;
  return OM_OK;
}

enum om_code om_ledger_open(struct om_ledger **out, const char *path, uint64_t map_bytes, const uint8_t *genesis,
                            size_t genesis_len, const uint8_t *own_link_key, struct om_status *st) {
  return open_ledger(out, path, map_bytes, false, genesis, genesis_len, own_link_key, st);
}

enum om_code om_ledger_open_scratch(struct om_ledger **out, const char *path, uint64_t map_bytes,
                                    const uint8_t *genesis, size_t genesis_len, struct om_status *st) {
  return open_ledger(out, path, map_bytes, true, genesis, genesis_len, NULL, st);
}

void om_ledger_close(struct om_ledger *ledger) {
  if (!ledger) return;
  for (size_t i = 0; i < ledger->n_logs; i++) free(ledger->logs[i]);
  free(ledger->logs);
  om_store_close(ledger->store);
  free(ledger);
}

struct om_store *om_ledger_store(const struct om_ledger *ledger) {
  return ledger->store;
}

const struct om_hash *om_ledger_network(const struct om_ledger *ledger) {
  return &ledger->network;
}

uint32_t om_ledger_own_log(const struct om_ledger *ledger) {
  return ledger->own_log;
}

/* ---- reading ---- */

uint32_t om_log_count(struct om_txn *txn) {
  return om_registry_daemons(txn, OM_REGISTRY_NOW);
}

static void stopped_info(struct om_txn *txn, struct om_log_info *out) {
  uint8_t key[OM_EVIDENCE_KEY_BYTES];
  struct om_bytes row;
  om_evidence_key(key, out->log, OM_EVIDENCE_STOP, UINT64_MAX);
  out->stopped = om_txn_last(txn, NULL, &row, OM_TABLE_EVIDENCE, key, sizeof key, 5);
  if (!out->stopped || row.len < 2) return;
  out->yields = om_stop_yields(txn, out->log, out->size);
  size_t len = (size_t)row.data[0] << 8 | row.data[1];
  if (len > row.len - 2 || len >= sizeof out->stopped_why) return;
  memcpy(out->stopped_why, row.data + 2, len);
}

/* A log that ends needs no head of its own up to there: the registry's says where. */
static void ended_info(struct om_txn *txn, struct om_log_info *out) {
  struct om_bytes row;
  uint8_t key[OM_HEAD_KEY_BYTES];
  out->retired = om_registry_retired(txn, &out->end, out->log, OM_REGISTRY_NOW);
  if (!out->retired || out->size < out->end.size) return;
  om_head_key(key, OM_LOG_REGISTRY, OM_HEAD_FINAL);
  bool is_final =
      om_txn_get(txn, &row, OM_TABLE_HEADS, key, sizeof key) && row.len > 16 && om_get64(row.data) > out->end.since;
  if (is_final) out->final_size = out->end.size;
}

uint64_t om_log_cuts(struct om_txn *txn, uint64_t *at, uint32_t log) {
  uint8_t key[OM_HEAD_KEY_BYTES];
  struct om_bytes row;
  om_head_key(key, log, OM_HEAD_CUT);
  if (!om_txn_get(txn, &row, OM_TABLE_HEADS, key, sizeof key) || row.len != 16) return 0;
  *at = om_get64(row.data + 8);
  return om_get64(row.data);
}

enum om_code om_log_info(struct om_txn *txn, struct om_log_info *out, uint32_t log, struct om_status *st) {
  struct om_daemon daemon;
  struct om_bytes row;
  uint8_t key[OM_HEAD_KEY_BYTES];
  *out = (struct om_log_info){.log = log};
  enum om_code code = om_registry_daemon(txn, &daemon, log, OM_REGISTRY_NOW, st);
  if (code != OM_OK) return code;
  memcpy(out->origin, daemon.origin, sizeof out->origin);
  out->operator_member = daemon.operator_member;
  om_empty_root(&out->root);
  if (log_row(txn, &row, log)) {
    out->registry_size = om_get64(row.data);
    out->taken_ms = (int64_t)om_get64(row.data + 8);
    memcpy(out->root.bytes, row.data + 16, sizeof out->root);
    out->size = om_get64(row.data + OM_LOG_ROW_BYTES);
  }
  om_head_key(key, log, OM_HEAD_FINAL);
  if (om_txn_get(txn, &row, OM_TABLE_HEADS, key, sizeof key) && row.len > 16) {
    out->final_size = out->head_size = om_get64(row.data);
    out->final_time_s = om_get64(row.data + 8);
  }
  uint64_t stated;
  struct om_hash root;
  if (om_stated_final(txn, &stated, &root, log, out->size) && stated > out->final_size) out->final_size = stated;
  out->cuts = om_log_cuts(txn, &out->cut_at, log);
  ended_info(txn, out);
  stopped_info(txn, out);
  uint32_t refuted;
  out->pieces = om_evidence_count(txn, &refuted, &out->frozen, log);
  out->evidence = out->pieces - refuted;
  return om_txn_check(txn, st);
}

enum om_code om_log_entry(struct om_txn *txn, struct om_bytes *out, uint32_t log, uint64_t index,
                          struct om_status *st) {
  uint8_t key[OM_LOG_ENTRY_KEY_BYTES];
  om_log_entry_key(key, log, index);
  if (om_txn_get(txn, out, OM_TABLE_ENTRIES, key, sizeof key)) return OM_OK;
  enum om_code code = om_txn_check(txn, st);
  return code != OM_OK
             ? code
             : om_fail(st, OM_MISSING, NULL, "entry %llu of log %u is not held here", (unsigned long long)index, log);
}

struct tile_source {
  struct om_txn *txn;
  uint32_t log;
};

static enum om_code get_tile(void *ctx, struct om_hash out[OM_TILE_HASHES], unsigned level, uint64_t index,
                             struct om_status *st) {
  const struct tile_source *reader = ctx;
  uint8_t key[OM_TILE_KEY_BYTES];
  struct om_bytes row;
  tile_key(key, reader->log, level, index);
  if (!om_txn_get(reader->txn, &row, OM_TABLE_TILES, key, sizeof key) || row.len != OM_TILE_HASHES * sizeof *out) {
    enum om_code code = om_txn_check(reader->txn, st);
    return code != OM_OK ? code
                         : om_fail(st, OM_CORRUPT, NULL, "tile %llu of level %u of log %u is not in the store",
                                   (unsigned long long)index, level, reader->log);
  }
  memcpy(out, row.data, row.len);
  return OM_OK;
}

static enum om_code get_own_tile(void *ctx, struct om_hash out[OM_TILE_HASHES], unsigned level, uint64_t index,
                                 struct om_status *st) {
  const struct om_log_tiles *reader = ctx;
  struct tile_source source = {reader->txn, reader->log};
  return get_tile(&source, out, level, index, st);
}

enum om_code om_log_root_at(struct om_txn *txn, struct om_hash *out, uint32_t log, const struct om_edge *edge,
                            uint64_t size, struct om_status *st) {
  struct tile_source source = {txn, log};
  struct om_tiles tiles = {.get = get_tile, .ctx = &source, .edge = edge};
  return om_tree_root_at(&tiles, out, size, st);
}

enum om_code om_log_tiles(struct om_txn *txn, struct om_log_tiles *out, uint32_t log, struct om_status *st) {
  struct om_bytes row;
  memset(out, 0, sizeof *out);
  out->txn = txn;
  out->log = log;
  out->tiles = (struct om_tiles){.get = get_own_tile, .ctx = out, .edge = &out->edge};
  if (!log_row(txn, &row, log)) return om_txn_check(txn, st);
  return om_edge_decode(&out->edge, row.data + OM_LOG_ROW_BYTES, row.len - OM_LOG_ROW_BYTES, st);
}

static enum om_code head(struct om_txn *txn, struct om_bytes *note, uint32_t log, enum om_head_kind kind, size_t skip,
                         struct om_status *st) {
  uint8_t key[OM_HEAD_KEY_BYTES];
  om_head_key(key, log, kind);
  if (om_txn_get(txn, note, OM_TABLE_HEADS, key, sizeof key) && note->len > skip) {
    note->data += skip;
    note->len -= skip;
    return OM_OK;
  }
  enum om_code code = om_txn_check(txn, st);
  return code != OM_OK ? code : om_fail(st, OM_MISSING, NULL, "log %u has no such head here yet", log);
}

enum om_code om_log_head(struct om_txn *txn, struct om_bytes *note, uint32_t log, struct om_status *st) {
  return head(txn, note, log, OM_HEAD_OWN, 8, st);
}

enum om_code om_log_final(struct om_txn *txn, struct om_bytes *note, uint32_t log, struct om_status *st) {
  return head(txn, note, log, OM_HEAD_FINAL, 16, st);
}

bool om_log_mark_at(struct om_txn *txn, uint64_t *size, uint64_t *at, uint32_t log, uint32_t marked, uint64_t index) {
  uint8_t key[OM_MARK_KEY_BYTES];
  struct om_bytes found, row;
  if (index == 0) return false;
  om_mark_key(key, log, marked, index - 1);
  if (!om_txn_last(txn, &found, &row, OM_TABLE_MARKS, key, sizeof key, 8)) return false;
  if (row.len != 8 || found.len != OM_MARK_KEY_BYTES) return false;
  *size = om_get64(row.data);
  *at = om_get64(found.data + 8);
  return true;
}

uint64_t om_log_mark(struct om_txn *txn, uint32_t log, uint32_t marked, uint64_t index) {
  uint64_t size, at;
  return om_log_mark_at(txn, &size, &at, log, marked, index) ? size : 0;
}

enum om_code om_lot_get(struct om_txn *txn, struct om_arena *arena, struct om_lot *out,
                        const uint8_t number[OM_LOT_NUMBER_BYTES], struct om_status *st) {
  return om_lot_get_step(txn, arena, out, number, UINT32_MAX, st);
}

enum om_code om_lot_find(struct om_txn *txn, struct om_arena *arena, struct om_lot *out,
                         const uint8_t number[OM_LOT_NUMBER_BYTES], uint32_t step, struct om_status *st) {
  uint8_t key[OM_LOT_KEY_BYTES];
  struct om_bytes found, row;
  om_lot_key(key, number, step);
  if (om_txn_last(txn, &found, &row, OM_TABLE_LOTS, key, sizeof key, OM_LOT_NUMBER_BYTES) &&
      found.len == OM_LOT_KEY_BYTES)
    return om_lot_decode(arena, out, found.data, row.data, row.len, st);
  enum om_code code = om_txn_check(txn, st);
  return code != OM_OK ? code : OM_MISSING;
}

enum om_code om_lot_get_step(struct om_txn *txn, struct om_arena *arena, struct om_lot *out,
                             const uint8_t number[OM_LOT_NUMBER_BYTES], uint32_t step, struct om_status *st) {
  enum om_code code = om_lot_find(txn, arena, out, number, step, st);
  if (code != OM_MISSING) return code;
  return om_fail(st, OM_MISSING, "lot",
                 "no such lot is known here; if it was recorded a moment ago elsewhere, it may not have arrived yet");
}
