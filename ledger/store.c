#include "ledger/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "ledger/store_state.h"

enum { READERS_MAX = 256 }; /* pool threads and long answers under way; LMDB keeps 64 bytes for each */

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

bool om_table_guarded(enum om_table table) {
  return tables[table].follows == ON_ITS_OWN && table != OM_TABLE_META;
}

/* LMDB says EIO of a write that was cut short, which is how a disk fills up as a rule. */
static bool is_full(const struct om_store *store) {
  struct statvfs disk;
  return statvfs(store->path, &disk) == 0 && disk.f_bavail == 0;
}

enum om_code om_store_error(const struct om_store *store, int error, const char *doing, struct om_status *st) {
  if (error == MDB_MAP_FULL)
    return om_fail(st, OM_FULL, OM_RULE_MAP,
                   "%s in %s: the store's map is full; raise map-size in the settings and start again", doing,
                   store->path);
  if (error == ENOSPC || error == EDQUOT || (error == EIO && is_full(store)))
    return om_fail(st, OM_FULL, NULL, "%s in %s: the disk is full; nothing recorded was lost; free some room", doing,
                   store->path);
  if (error == MDB_CORRUPTED || error == MDB_PAGE_NOTFOUND || error == MDB_INVALID)
    return om_fail(st, OM_CORRUPT, NULL, "%s in %s: %s: " OM_STORE_DAMAGED, doing, store->path, mdb_strerror(error));
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
  char name[OM_STORE_PATH_BYTES + 16];
  snprintf(name, sizeof name, "%s/lock", store->path);
  store->lock_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (store->lock_fd < 0) return om_store_error(store, errno, "opening the lock", st);
  if (flock(store->lock_fd, LOCK_EX | LOCK_NB) == 0) return OM_OK;
  if (errno == EWOULDBLOCK)
    return om_fail(st, OM_BUSY, NULL,
                   "the store in %s is in use by another oremarkd; stop that one, or name another folder", store->path);
  return om_store_error(store, errno, "locking", st);
}

static enum om_code open_tables(struct om_store *store, struct om_status *st) {
  MDB_txn *txn;
  int error = mdb_txn_begin(store->env, NULL, store->readonly ? MDB_RDONLY : 0, &txn);
  if (error) return om_store_error(store, error, "opening the store", st);
  for (int i = 0; i < OM_TABLES && !error; i++)
    error = mdb_dbi_open(txn, tables[i].name, store->readonly ? 0 : MDB_CREATE, &store->tables[i]);
  if (error) {
    mdb_txn_abort(txn);
    return om_store_error(store, error, "opening the tables", st);
  }
  error = mdb_txn_commit(txn);
  return error ? om_store_error(store, error, "opening the tables", st) : OM_OK;
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
  char name[OM_STORE_PATH_BYTES + 16], begun[OM_STORE_PATH_BYTES + 32], begun_lock[OM_STORE_PATH_BYTES + 32],
      folder[OM_STORE_PATH_BYTES + 16];
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
  if (error) return om_store_error(store, error, "beginning the store", st);
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
  if (error) return om_store_error(store, error, "opening the store", st);
  int dead;
  error = store->readonly ? 0 : mdb_reader_check(store->env, &dead);
  if (error) return om_store_error(store, error, "clearing dead readers", st);
  return open_tables(store, st);
}

enum opened_for { FOR_KEEPS, FOR_SCRATCH, FOR_READING };

static enum om_code open_store(struct om_store **out, const char *path, uint64_t map_bytes, enum opened_for what,
                               struct om_status *st) {
  *out = NULL;
  if (strlen(path) >= OM_STORE_PATH_BYTES) return om_fail(st, OM_USAGE, NULL, "the store's path is too long");
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
    code = om_store_error(store, errno, "making the store's folder", st);
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

void om_store_touch(struct om_store *store, const struct om_touched *touched) {
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
