/* Transactions of a store, and the rows that they read and write. */
#include <stdlib.h>
#include <string.h>

#include "ledger/store_state.h"

enum { GUARD_BYTES = 8 }; /* of a hash: against chance, not malice */

static enum om_code begin(struct om_txn **out, struct om_store *store, bool writes, struct om_status *st) {
  struct om_txn *txn = calloc(1, sizeof *txn);
  OM_ASSERT(txn);
  txn->store = store;
  txn->writes = writes;
  int error = mdb_txn_begin(store->env, NULL, writes ? 0 : MDB_RDONLY, &txn->mdb);
  if (error) {
    free(txn);
    *out = NULL;
    return om_store_error(store, error, "beginning a transaction", st);
  }
  *out = txn;
  return OM_OK;
}

enum om_code om_txn_read(struct om_txn **out, struct om_store *store, struct om_status *st) {
  return begin(out, store, false, st);
}

/* All begun anew until no commit comes between the first and the last. */
enum om_code om_txn_twins(struct om_txn **out, size_t n, const struct om_txn *like, struct om_status *st) {
  enum { TRIES = 100 }; /* a transaction begins in less than a microsecond, a commit takes a hundred of them */
  for (int i = 0; i < TRIES; i++) {
    size_t begun = 0;
    while (begun < n && om_txn_read(&out[begun], like->store, st) == OM_OK) begun++;
    if (begun == n && mdb_txn_id(out[0]->mdb) == mdb_txn_id(out[n - 1]->mdb)) return OM_OK;
    bool all = begun == n;
    while (begun > 0) om_txn_abort(out[--begun]);
    if (!all) return st->code;
  }
  return om_fail(st, OM_BUSY, NULL, "the store is written to faster than it can be read side by side");
}

enum om_code om_txn_write(struct om_txn **out, struct om_store *store, struct om_status *st) {
  return begin(out, store, true, st);
}

static void close_cursors(struct om_txn *txn) {
  for (int i = 0; i < OM_TABLES; i++) {
    if (txn->cursors[i]) mdb_cursor_close(txn->cursors[i]);
    if (txn->points[i]) mdb_cursor_close(txn->points[i]);
    txn->cursors[i] = txn->points[i] = NULL;
  }
}

enum om_code om_txn_commit(struct om_txn *txn, struct om_status *st) {
  OM_ASSERT(txn->writes);
  struct om_store *store = txn->store;
  int error = txn->error;
  if (error) {
    om_txn_abort(txn);
    return om_store_error(store, error, "writing", st);
  }
  close_cursors(txn);
  error = mdb_txn_commit(txn->mdb); /* frees the transaction, also when it fails */
  if (!error) om_store_touch(store, &txn->touched);
  free(txn);
  return error ? om_store_error(store, error, "committing", st) : OM_OK;
}

enum om_code om_txn_part_begin(struct om_txn *txn, struct om_status *st) {
  OM_ASSERT(txn->writes && !txn->parent);
  if (txn->error) return om_txn_check(txn, st);
  close_cursors(txn);
  MDB_txn *part;
  txn->error = mdb_txn_begin(txn->store->env, txn->mdb, 0, &part);
  if (txn->error) return om_txn_check(txn, st);
  txn->parent = txn->mdb;
  txn->mdb = part;
  return OM_OK;
}

void om_txn_part_end(struct om_txn *txn, bool keep) {
  OM_ASSERT(txn->parent);
  close_cursors(txn);
  if (keep && !txn->error)
    txn->error = mdb_txn_commit(txn->mdb);
  else
    mdb_txn_abort(txn->mdb);
  txn->mdb = txn->parent;
  txn->parent = NULL;
}

void om_txn_abort(struct om_txn *txn) {
  if (!txn) return;
  close_cursors(txn);
  if (txn->parent) om_txn_part_end(txn, false);
  mdb_txn_abort(txn->mdb);
  free(txn);
}

/* ---- rows ---- */

static bool failed(struct om_txn *txn, int error) {
  if (error && error != MDB_NOTFOUND && !txn->error) txn->error = error;
  return error != 0;
}

static MDB_val val(const void *data, size_t len) {
  return (MDB_val){.mv_size = len, .mv_data = (void *)(uintptr_t)data};
}

static MDB_cursor *opened(struct om_txn *txn, MDB_cursor **c, enum om_table table) {
  if (txn->error) return NULL;
  if (!*c && failed(txn, mdb_cursor_open(txn->mdb, txn->store->tables[table], c))) return NULL;
  return *c;
}

/* ---- rows ---- */

static void make_guard(uint8_t out[GUARD_BYTES], enum om_table table, MDB_val key, const uint8_t *row, size_t len) {
  uint8_t about[5] = {(uint8_t)table};
  struct om_hash hash;
  om_be32(about + 1, (uint32_t)key.mv_size);
  struct om_span spans[] = {{about, sizeof about}, {key.mv_data, key.mv_size}, {row, len}};
  om_sha256v(&hash, spans, 3);
  memcpy(out, hash.bytes, GUARD_BYTES);
}

static bool guard_ok(enum om_table table, MDB_val key, MDB_val row) {
  uint8_t guard[GUARD_BYTES];
  if (row.mv_size < GUARD_BYTES) return false;
  size_t len = row.mv_size - GUARD_BYTES;
  make_guard(guard, table, key, row.mv_data, len);
  return memcmp(guard, (const uint8_t *)row.mv_data + len, GUARD_BYTES) == 0;
}

/* A row as it was written; one that has changed since fails the transaction. */
static bool take_row(struct om_txn *txn, struct om_bytes *out, enum om_table table, MDB_val key, MDB_val row) {
  bool guarded = om_table_guarded(table);
  if (guarded && !guard_ok(table, key, row)) return !failed(txn, MDB_CORRUPTED);
  *out = (struct om_bytes){row.mv_data, row.mv_size - (guarded ? GUARD_BYTES : 0)};
  return true;
}

bool om_txn_get(struct om_txn *txn, struct om_bytes *out, enum om_table table, const void *key, size_t key_len) {
  MDB_val k = val(key, key_len), v;
  if (txn->error) return false;
  if (txn->writes) {
    if (failed(txn, mdb_get(txn->mdb, txn->store->tables[table], &k, &v))) return false;
  } else {
    MDB_cursor *point = opened(txn, &txn->points[table], table);
    if (!point || failed(txn, mdb_cursor_get(point, &k, &v, MDB_SET))) return false;
  }
  return take_row(txn, out, table, val(key, key_len), v);
}

static MDB_cursor *cursor(struct om_txn *txn, enum om_table table) {
  return opened(txn, &txn->cursors[table], table);
}

/* Through the table's cursor: where one row lands beside the one before, the tree is not descended again. */
static int put(struct om_txn *txn, enum om_table table, MDB_val key, MDB_val value, unsigned flags) {
  MDB_cursor *c = cursor(txn, table);
  if (!c) return 0; /* without a cursor the error has stuck */
  if (!om_table_guarded(table)) return mdb_cursor_put(c, &key, &value, flags);
  MDB_val room = {.mv_size = value.mv_size + GUARD_BYTES};
  uint8_t guard[GUARD_BYTES];
  make_guard(guard, table, key, value.mv_data, value.mv_size); /* the row may be one of the store's own */
  uint8_t *copy = malloc(value.mv_size + 1);
  OM_ASSERT(copy);
  if (value.mv_size > 0) memcpy(copy, value.mv_data, value.mv_size);
  int error = mdb_cursor_put(c, &key, &room, flags | MDB_RESERVE);
  if (!error) {
    memcpy(room.mv_data, copy, value.mv_size);
    memcpy((uint8_t *)room.mv_data + value.mv_size, guard, GUARD_BYTES);
  }
  free(copy);
  return error;
}

void om_txn_put(struct om_txn *txn, enum om_table table, const void *key, size_t key_len, const void *data,
                size_t len) {
  if (txn->error) return;
  om_touched_row(&txn->touched, table, key, key_len);
  failed(txn, put(txn, table, val(key, key_len), val(data, len), 0));
}

bool om_txn_insert(struct om_txn *txn, enum om_table table, const void *key, size_t key_len, const void *data,
                   size_t len) {
  if (txn->error) return true;
  om_touched_row(&txn->touched, table, key, key_len);
  int error = put(txn, table, val(key, key_len), val(data, len), MDB_NOOVERWRITE);
  if (error == MDB_KEYEXIST) return false;
  failed(txn, error);
  return true;
}

void om_txn_del(struct om_txn *txn, enum om_table table, const void *key, size_t key_len) {
  if (txn->error) return;
  om_touched_row(&txn->touched, table, key, key_len);
  MDB_val k = val(key, key_len);
  failed(txn, mdb_del(txn->mdb, txn->store->tables[table], &k, NULL));
}

void om_txn_empty(struct om_txn *txn, enum om_table table) {
  if (txn->error) return;
  txn->touched.all = true;
  if (txn->cursors[table]) mdb_cursor_close(txn->cursors[table]);
  txn->cursors[table] = NULL;
  failed(txn, mdb_drop(txn->mdb, txn->store->tables[table], 0));
}

static bool same(MDB_val a, const void *key, size_t len) {
  return a.mv_size >= len && memcmp(a.mv_data, key, len) == 0;
}

bool om_txn_last(struct om_txn *txn, struct om_bytes *key_out, struct om_bytes *out, enum om_table table,
                 const void *key, size_t key_len, size_t prefix_len) {
  MDB_cursor *c = cursor(txn, table);
  if (!c) return false;
  MDB_val k = val(key, key_len), v;
  int error = mdb_cursor_get(c, &k, &v, MDB_SET_RANGE);
  if (error == MDB_NOTFOUND)
    error = mdb_cursor_get(c, &k, &v, MDB_LAST);
  else if (!error && !(k.mv_size == key_len && same(k, key, key_len)))
    error = mdb_cursor_get(c, &k, &v, MDB_PREV);
  if (failed(txn, error) || !same(k, key, prefix_len)) return false;
  if (key_out) *key_out = (struct om_bytes){k.mv_data, k.mv_size};
  return take_row(txn, out, table, k, v);
}

bool om_txn_next(struct om_txn *txn, struct om_bytes *key_out, struct om_bytes *out, enum om_table table,
                 const void *key, size_t key_len) {
  MDB_cursor *c = cursor(txn, table);
  if (!c) return false;
  MDB_val k = val(key, key_len), v;
  int error = key_len == 0 ? mdb_cursor_get(c, &k, &v, MDB_FIRST) : mdb_cursor_get(c, &k, &v, MDB_SET_RANGE);
  if (failed(txn, error)) return false;
  *key_out = (struct om_bytes){k.mv_data, k.mv_size};
  return take_row(txn, out, table, k, v);
}

bool om_txn_step(struct om_txn *txn, struct om_bytes *key_out, struct om_bytes *out, enum om_table table) {
  MDB_cursor *c = txn->error ? NULL : txn->cursors[table];
  if (!c) return false;
  MDB_val k, v;
  if (failed(txn, mdb_cursor_get(c, &k, &v, MDB_NEXT))) return false;
  *key_out = (struct om_bytes){k.mv_data, k.mv_size};
  return take_row(txn, out, table, k, v);
}

enum om_code om_txn_check(struct om_txn *txn, struct om_status *st) {
  return txn->error ? om_store_error(txn->store, txn->error, "reading or writing", st) : OM_OK;
}

void om_txn_altered(struct om_txn *txn, enum om_table table, void (*bad)(void *ctx, struct om_bytes key), void *ctx) {
  MDB_cursor *c = om_table_guarded(table) ? cursor(txn, table) : NULL;
  MDB_val k, v, before = {0};
  /* A key out of order is one that is not found: a vote that is hidden so would be none. */
  for (MDB_cursor_op op = MDB_FIRST; c && !failed(txn, mdb_cursor_get(c, &k, &v, op)); op = MDB_NEXT) {
    bool follows = op == MDB_FIRST || mdb_cmp(txn->mdb, txn->store->tables[table], &before, &k) < 0;
    if (!follows || !guard_ok(table, k, v)) bad(ctx, (struct om_bytes){k.mv_data, k.mv_size});
    before = k;
  }
}

int om_txn_file(struct om_txn *txn, uint64_t *id, size_t *page_bytes) {
  MDB_stat about;
  mdb_filehandle_t fd = -1;
  OM_ASSERT(mdb_env_stat(txn->store->env, &about) == 0 && mdb_env_get_fd(txn->store->env, &fd) == 0);
  *id = mdb_txn_id(txn->mdb);
  *page_bytes = about.ms_psize;
  return fd;
}
