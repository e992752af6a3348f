#include "ledger/store.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "ledger/touched.h"

enum {
  READERS_MAX = 256, /* pool threads and long answers under way; LMDB keeps 64 bytes for each */
  PATH_BYTES = 4096, /* PATH_MAX on Linux */
};

enum follows {
  ON_ITS_OWN = 0, /* kept as it is whatever becomes of the entries */
  MADE_ANEW,      /* by a rebuild, from the entries; how depends on the order in which they came */
  HASHED,         /* made anew, and the same wherever the same logs are held */
};

static const struct {
  const char *name;
  enum follows follows;
} tables[OM_TABLES] = {
    [OM_TABLE_META] = {"meta", ON_ITS_OWN},
    [OM_TABLE_LOGS] = {"logs", HASHED},
    [OM_TABLE_ENTRIES] = {"entries", MADE_ANEW},
    [OM_TABLE_TILES] = {"tiles", HASHED},
    [OM_TABLE_HEADS] = {"heads", ON_ITS_OWN},
    [OM_TABLE_MARKS] = {"marks", HASHED},
    [OM_TABLE_STATEMENTS] = {"statements", HASHED},
    [OM_TABLE_LOTS] = {"lots", HASHED},
    [OM_TABLE_ALIASES] = {"aliases", HASHED},
    [OM_TABLE_DRIFT] = {"drift", HASHED},
    [OM_TABLE_REGISTRY] = {"registry", HASHED},
    [OM_TABLE_EVIDENCE] = {"evidence", ON_ITS_OWN},
    [OM_TABLE_CUT] = {"cut", ON_ITS_OWN},
    [OM_TABLE_QUEUE] = {"queue", ON_ITS_OWN},
    [OM_TABLE_ATTESTED] = {"attested", HASHED},
    [OM_TABLE_SUMS] = {"sums", HASHED},
    [OM_TABLE_COVERED] = {"covered", HASHED},
    [OM_TABLE_TIMES] = {"times", ON_ITS_OWN},

    [OM_TABLE_HELD] = {"held", HASHED},
    [OM_TABLE_HAD] = {"had", HASHED},
};

bool om_table_follows(enum om_table table) {
  return tables[table].follows != ON_ITS_OWN;
}

const char *om_table_name(enum om_table table) {
  return tables[table].name;
}

/* Whether rows of TABLE end with a guard: nothing else tells that one has changed on the disk, and a vote that has must
 * not be voted by. What follows from entries is checked against those; and who reads the format of a store must not
 * need to know it. */
static bool is_guarded(enum om_table table) {
  return tables[table].follows == ON_ITS_OWN && table != OM_TABLE_META;
}

enum { GUARD_BYTES = 8 }; /* of a hash: against chance, not malice */

struct om_store {
  MDB_env *env;
  MDB_dbi tables[OM_TABLES];
  int lock_fd;
  bool scratch;              /* nothing of it is flushed */
  bool readonly;             /* somebody else may be writing */
  pthread_mutex_t lock;      /* of: */
  struct om_touched touched; /* by commits that nobody has asked about */
  char path[PATH_BYTES];
};

struct om_txn {
  struct om_store *store;
  MDB_txn *mdb;
  MDB_txn *parent;                /* of the part under way; NULL: none */
  MDB_cursor *cursors[OM_TABLES]; /* for walks; opened when first wanted */
  MDB_cursor
      *points[OM_TABLES]; /* for single rows in a read transaction: quicker than from the root where rows are near */
  bool writes;
  int error; /* sticky; LMDB or errno */
  struct om_touched touched;
};

/* LMDB says EIO of a write that was cut short, which is how a disk fills up as a rule. */
static bool is_full(const struct om_store *store) {
  struct statvfs disk;
  return statvfs(store->path, &disk) == 0 && disk.f_bavail == 0;
}

/* LMDB's and the system's codes in our words. */
static enum om_code translate(const struct om_store *store, int error, const char *doing, struct om_status *st) {
  if (error == MDB_MAP_FULL)
    return om_fail(st, OM_FULL, "map",
                   "%s in %s: the store's map is full; raise map-size in the settings and start again", doing,
                   store->path);
  if (error == ENOSPC || error == EDQUOT || (error == EIO && is_full(store)))
    return om_fail(st, OM_FULL, NULL, "%s in %s: the disk is full; nothing recorded was lost; free some room", doing,
                   store->path);
  if (error == MDB_CORRUPTED || error == MDB_PAGE_NOTFOUND || error == MDB_INVALID)
    return om_fail(
        st, OM_CORRUPT, NULL,
        "%s in %s: the store is damaged (%s); 'oremark fsck' says where; restore it or begin anew from the peers",
        doing, store->path, mdb_strerror(error));
  if (error == MDB_PANIC)
    return om_fail(st, OM_IO, NULL,
                   "%s in %s: an earlier write to the disk failed; nothing answered was lost; stop and start again",
                   doing, store->path);
  if (error == MDB_VERSION_MISMATCH)
    return om_fail(st, OM_CORRUPT, NULL, "%s in %s: the store was written by another version of LMDB", doing,
                   store->path);
  if (error == EACCES || error == EROFS || error == EPERM)
    return om_fail(st, OM_IO, NULL, "%s in %s: no permission to write there (%s)", doing, store->path, strerror(error));
  return om_fail(st, OM_IO, NULL, "%s in %s: %s", doing, store->path, mdb_strerror(error));
}

/* One daemon to a folder: LMDB alone would let two in. */
static enum om_code take_lock(struct om_store *store, struct om_status *st) {
  char name[PATH_BYTES + 16];
  snprintf(name, sizeof name, "%s/lock", store->path);
  store->lock_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (store->lock_fd < 0) return translate(store, errno, "opening the lock", st);
  if (flock(store->lock_fd, LOCK_EX | LOCK_NB) == 0) return OM_OK;
  if (errno == EWOULDBLOCK)
    return om_fail(st, OM_BUSY, NULL,
                   "the store in %s is in use by another oremarkd; stop that one, or name another folder", store->path);
  return translate(store, errno, "locking", st);
}

static enum om_code open_tables(struct om_store *store, struct om_status *st) {
  MDB_txn *txn;
  int error = mdb_txn_begin(store->env, NULL, store->readonly ? MDB_RDONLY : 0, &txn);
  if (error) return translate(store, error, "opening the store", st);
  for (int i = 0; i < OM_TABLES && !error; i++)
    error = mdb_dbi_open(txn, tables[i].name, store->readonly ? 0 : MDB_CREATE, &store->tables[i]);
  if (error) {
    mdb_txn_abort(txn);
    return translate(store, error, "opening the tables", st);
  }
  error = mdb_txn_commit(txn);
  return error ? translate(store, error, "opening the tables", st) : OM_OK;
}

/* Makes the names in a folder durable. Returns 0 or an error. */
static int flush_folder(const char *path) {
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno;
  int error = fsync(fd) == 0 ? 0 : errno;
  close(fd);
  return error;
}

/* LMDB begins a file by writing two pages that it does not flush: what a crash leaves of them could never be opened
 * again. So it begins in a folder of its own, is flushed, and only then gets its name. Returns 0 or an error. */
static int begin_file(const struct om_store *store) {
  char name[PATH_BYTES + 16], begun[PATH_BYTES + 32], begun_lock[PATH_BYTES + 32], folder[PATH_BYTES + 16];
  snprintf(name, sizeof name, "%s/data.mdb", store->path);
  snprintf(folder, sizeof folder, "%s/begun", store->path);
  snprintf(begun, sizeof begun, "%s/data.mdb", folder);
  snprintf(begun_lock, sizeof begun_lock, "%s/lock.mdb", folder);
  if (access(name, F_OK) == 0) return 0;
  if (mkdir(folder, 0700) != 0 && errno != EEXIST) return errno;
  unlink(begun); /* of a beginning that was cut short */
  unlink(begun_lock);
  MDB_env *env;
  int error = mdb_env_create(&env);
  if (error) return error;
  error = mdb_env_open(env, folder, 0, 0600);
  if (!error) error = mdb_env_sync(env, 1);
  mdb_env_close(env);
  unlink(begun_lock);
  if (!error && rename(begun, name) != 0) error = errno;
  rmdir(folder);
  return error ? error : flush_folder(store->path);
}

static enum om_code open_env(struct om_store *store, uint64_t map_bytes, struct om_status *st) {
  int error = store->scratch || store->readonly ? 0 : begin_file(store);
  if (error) return translate(store, error, "beginning the store", st);
  error = mdb_env_create(&store->env);
  if (!error) error = mdb_env_set_maxdbs(store->env, OM_TABLES);
  if (!error) error = mdb_env_set_maxreaders(store->env, READERS_MAX);
  if (!error) error = mdb_env_set_mapsize(store->env, (size_t)map_bytes);
  /* Default durability only: with NOSYNC or NOMETASYNC acknowledged commits could be lost. NOTLS: a read transaction
   * belongs to a piece of work, not to a thread. */
  unsigned flags = MDB_NOTLS | MDB_NORDAHEAD | (store->scratch ? MDB_NOSYNC : 0u) | (store->readonly ? MDB_RDONLY : 0u);
  /* A store that is never opened again: this only has LMDB tell where its map lies, for om_store_unmap_pages. */
  if (store->scratch) flags |= MDB_FIXEDMAP;
  if (!error) error = mdb_env_open(store->env, store->path, flags, 0600);
  if (error) return translate(store, error, "opening the store", st);
  int dead;
  error = store->readonly ? 0 : mdb_reader_check(store->env, &dead);
  if (error) return translate(store, error, "clearing dead readers", st);
  return open_tables(store, st);
}

enum opened_for { FOR_KEEPS, FOR_SCRATCH, FOR_READING };

static enum om_code open_store(struct om_store **out, const char *path, uint64_t map_bytes, enum opened_for what,
                               struct om_status *st) {
  *out = NULL;
  if (strlen(path) >= PATH_BYTES) return om_fail(st, OM_USAGE, NULL, "the store's path is too long");
  struct om_store *store = calloc(1, sizeof *store);
  OM_ASSERT(store);
  store->lock_fd = -1;
  store->touched.all = true;
  OM_ASSERT(pthread_mutex_init(&store->lock, NULL) == 0);
  store->scratch = what == FOR_SCRATCH;
  store->readonly = what == FOR_READING;
  strcpy(store->path, path);
  enum om_code code = OM_OK;
  if (!store->readonly && mkdir(path, 0700) != 0 && errno != EEXIST)
    code = translate(store, errno, "making the store's folder", st);
  if (code == OM_OK && !store->readonly) code = take_lock(store, st);
  if (code == OM_OK) code = open_env(store, map_bytes, st);
  if (code != OM_OK) {
    om_store_close(store);
    return code;
  }
  *out = store;
  return OM_OK;
}

enum om_code om_store_open(struct om_store **out, const char *path, uint64_t map_bytes, struct om_status *st) {
  return open_store(out, path, map_bytes, FOR_KEEPS, st);
}

enum om_code om_store_open_scratch(struct om_store **out, const char *path, uint64_t map_bytes, struct om_status *st) {
  return open_store(out, path, map_bytes, FOR_SCRATCH, st);
}

enum om_code om_store_open_readonly(struct om_store **out, const char *path, struct om_status *st) {
  return open_store(out, path, 0, FOR_READING, st);
}

void om_store_unmap_pages(struct om_store *store) {
  MDB_envinfo info;
  MDB_stat stat;
  if (!store->scratch || mdb_env_info(store->env, &info) || mdb_env_stat(store->env, &stat) || !info.me_mapaddr) return;
  /* Of a shared map of a file nothing is lost by it; where it fails, more is mapped than need be. */
  madvise(info.me_mapaddr, (info.me_last_pgno + 1) * stat.ms_psize, MADV_DONTNEED);
}

void om_store_close(struct om_store *store) {
  if (!store) return;
  if (store->env) mdb_env_close(store->env);
  if (store->lock_fd >= 0) close(store->lock_fd);
  pthread_mutex_destroy(&store->lock);
  free(store);
}

static enum om_code begin(struct om_txn **out, struct om_store *store, bool writes, struct om_status *st) {
  struct om_txn *txn = calloc(1, sizeof *txn);
  OM_ASSERT(txn);
  txn->store = store;
  txn->writes = writes;
  int error = mdb_txn_begin(store->env, NULL, writes ? 0 : MDB_RDONLY, &txn->mdb);
  if (error) {
    free(txn);
    *out = NULL;
    return translate(store, error, "beginning a transaction", st);
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

static void touch(struct om_store *store, const struct om_touched *touched) {
  pthread_mutex_lock(&store->lock);
  om_touched_add(&store->touched, touched);
  pthread_mutex_unlock(&store->lock);
}

void om_store_touched(struct om_store *store, struct om_touched *out) {
  pthread_mutex_lock(&store->lock);
  *out = store->touched;
  store->touched = (struct om_touched){.all = false};
  pthread_mutex_unlock(&store->lock);
}

enum om_code om_txn_commit(struct om_txn *txn, struct om_status *st) {
  OM_ASSERT(txn->writes);
  struct om_store *store = txn->store;
  int error = txn->error;
  if (error) {
    om_txn_abort(txn);
    return translate(store, error, "writing", st);
  }
  close_cursors(txn);
  error = mdb_txn_commit(txn->mdb); /* frees the transaction, also when it fails */
  if (!error) touch(store, &txn->touched);
  free(txn);
  return error ? translate(store, error, "committing", st) : OM_OK;
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
  bool guarded = is_guarded(table);
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
  if (!is_guarded(table)) return mdb_cursor_put(c, &key, &value, flags);
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

uint64_t om_txn_rows(struct om_txn *txn, enum om_table table) {
  MDB_stat stat;
  if (txn->error || failed(txn, mdb_stat(txn->mdb, txn->store->tables[table], &stat))) return 0;
  return stat.ms_entries;
}

enum om_code om_txn_check(struct om_txn *txn, struct om_status *st) {
  return txn->error ? translate(txn->store, txn->error, "reading or writing", st) : OM_OK;
}

void om_txn_altered(struct om_txn *txn, enum om_table table, void (*bad)(void *ctx, struct om_bytes key), void *ctx) {
  MDB_cursor *c = is_guarded(table) ? cursor(txn, table) : NULL;
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

/* Folds one table into *CHAIN: each row's hash is over the chain so far, the lengths, key and value. */
static void fold_table(struct om_hash *chain, struct om_txn *txn, enum om_table table) {
  struct om_bytes key, row;
  for (bool more = om_txn_next(txn, &key, &row, table, NULL, 0); more; more = om_txn_step(txn, &key, &row, table)) {
    uint8_t lens[9] = {(uint8_t)table};
    om_be32(lens + 1, (uint32_t)key.len);
    om_be32(lens + 5, (uint32_t)row.len);
    struct om_span spans[] = {{chain, sizeof *chain}, {lens, sizeof lens}, {key.data, key.len}, {row.data, row.len}};
    om_sha256v(chain, spans, 4);
  }
}

enum om_code om_store_state_hash(struct om_hash *out, struct om_txn *txn, struct om_status *st) {
  om_sha256(out, "oremark/v1/state", 16);
  for (int i = 0; i < OM_TABLES; i++)
    if (tables[i].follows == HASHED) fold_table(out, txn, (enum om_table)i);
  return om_txn_check(txn, st);
}
