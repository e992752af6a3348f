/* What the machine can do at best: the bounds that figures are divided by. */
#include <lmdb.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

enum { VERIFY_ROUNDS = 20000, CORES_MAX = 64 };

static void *verify_thread(void *arg) {
  uint8_t pk[crypto_sign_PUBLICKEYBYTES], sk[crypto_sign_SECRETKEYBYTES], sig[crypto_sign_BYTES], msg[32] = {1};
  (void)arg;
  crypto_sign_keypair(pk, sk);
  crypto_sign_detached(sig, NULL, msg, sizeof msg, sk);
  for (int i = 0; i < VERIFY_ROUNDS; i++) OM_ASSERT(crypto_sign_verify_detached(sig, msg, sizeof msg, pk) == 0);
  return NULL;
}

double bound_verify(void) {
  pthread_t threads[CORES_MAX];
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  if (cores > CORES_MAX) cores = CORES_MAX;
  double begin = now_s();
  for (long i = 0; i < cores; i++) OM_ASSERT(pthread_create(&threads[i], NULL, verify_thread, NULL) == 0);
  for (long i = 0; i < cores; i++) pthread_join(threads[i], NULL);
  return (double)cores * VERIFY_ROUNDS / (now_s() - begin);
}

static void check(int error, const char *doing) {
  if (!error) return;
  fprintf(stderr, "bare LMDB: %s: %s\n", doing, mdb_strerror(error));
  abort();
}

enum { TABLES_MAX = 16 };

/* A store read in slices, table by table, so that every commit takes its share of each. */
struct source {
  MDB_env *env;
  MDB_txn *txn;
  size_t n;
  char names[TABLES_MAX][32];
  MDB_cursor *cursors[TABLES_MAX];
  uint64_t rows[TABLES_MAX], taken[TABLES_MAX];
};

static void open_env(MDB_env **env, const char *path, unsigned flags) {
  check(mdb_env_create(env), "creating");
  check(mdb_env_set_maxdbs(*env, TABLES_MAX), "tables");
  check(mdb_env_set_mapsize(*env, (size_t)1 << 36), "map");
  check(mdb_env_open(*env, path, flags, 0600), "opening");
}

static void open_source(struct source *s, const char *path) {
  MDB_dbi main_table;
  MDB_cursor *names;
  MDB_val key, value;
  open_env(&s->env, path, MDB_RDONLY);
  check(mdb_txn_begin(s->env, NULL, MDB_RDONLY, &s->txn), "reading");
  check(mdb_dbi_open(s->txn, NULL, 0, &main_table), "tables");
  check(mdb_cursor_open(s->txn, main_table, &names), "tables");
  s->n = 0;
  while (mdb_cursor_get(names, &key, &value, MDB_NEXT) == 0 && s->n < TABLES_MAX) {
    MDB_dbi table;
    MDB_stat stat;
    memcpy(s->names[s->n], key.mv_data, key.mv_size);
    s->names[s->n][key.mv_size] = '\0';
    check(mdb_dbi_open(s->txn, s->names[s->n], 0, &table), "a table");
    check(mdb_stat(s->txn, table, &stat), "a table");
    check(mdb_cursor_open(s->txn, table, &s->cursors[s->n]), "a table");
    s->rows[s->n] = stat.ms_entries;
    s->taken[s->n++] = 0;
  }
  mdb_cursor_close(names);
}

/* Commit I of N: its share of every table. */
static uint64_t copy_slice(struct source *s, MDB_env *to, uint64_t i, uint64_t n) {
  MDB_txn *txn;
  uint64_t rows = 0;
  check(mdb_txn_begin(to, NULL, 0, &txn), "writing");
  for (size_t t = 0; t < s->n; t++) {
    MDB_dbi table;
    check(mdb_dbi_open(txn, s->names[t], MDB_CREATE, &table), "a table");
    for (uint64_t until = s->rows[t] * (i + 1) / n; s->taken[t] < until; s->taken[t]++, rows++) {
      MDB_val key, value;
      check(mdb_cursor_get(s->cursors[t], &key, &value, MDB_NEXT), "a row");
      check(mdb_put(txn, table, &key, &value, 0), "a row");
    }
  }
  check(mdb_txn_commit(txn), "committing");
  return rows;
}

double bound_lmdb(const char *path, uint64_t commits, uint64_t *rows) {
  struct source s;
  MDB_env *to;
  char *folder = temp_folder();
  open_source(&s, path);
  open_env(&to, folder, MDB_NORDAHEAD);
  *rows = 0;
  double begin = now_s();
  for (uint64_t i = 0; i < commits; i++) *rows += copy_slice(&s, to, i, commits);
  double took = now_s() - begin;
  mdb_env_close(to);
  mdb_txn_abort(s.txn);
  mdb_env_close(s.env);
  remove_folder(folder);
  return (double)*rows / took;
}
