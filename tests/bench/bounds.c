/* What the machine can do at best: the bounds that figures are divided by. */
#include <lmdb.h>
#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
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

double bound_hash(void) {
  enum { BLOCK = 1 << 20, BLOCKS = 256 };
  uint8_t *block = malloc(BLOCK);
  struct om_hash hash;
  OM_ASSERT(block);
  memset(block, 7, BLOCK);
  double begin = now_s();
  for (int i = 0; i < BLOCKS; i++) om_sha256(&hash, block, BLOCK);
  double took = now_s() - begin;
  free(block);
  return (double)BLOCK * BLOCKS / took;
}

static void check(int error, const char *doing) {
  if (!error) return;
  fprintf(stderr, "bare LMDB: %s: %s\n", doing, mdb_strerror(error));
  abort();
}

enum { TABLES_MAX = 64 }; /* of a store, and room */

/* One row of the store that was measured, and when it was written: the index of the entry that it came with. */
struct row {
  unsigned table;
  uint64_t index, order; /* of rows that came with one entry: as they stood */
  MDB_val key, value;
};

struct source {
  MDB_env *env;
  MDB_txn *txn;
  size_t n_tables, n, cap;
  char names[TABLES_MAX][32];
  struct row *rows;
  struct om_arena arena;
};

static void open_env(MDB_env **env, const char *path, unsigned flags) {
  check(mdb_env_create(env), "creating");
  check(mdb_env_set_maxdbs(*env, TABLES_MAX), "tables");
  check(mdb_env_set_mapsize(*env, (size_t)1 << 36), "map");
  check(mdb_env_open(*env, path, flags, 0600), "opening");
}

/* Which entry wrote a row: lots and statements say so, entries are it; the few other rows come first. */
static uint64_t written_with(struct source *s, const char *table, MDB_val key, MDB_val value) {
  struct om_lot lot;
  struct om_status st;
  if (strcmp(table, "entries") == 0) return om_get64((uint8_t *)key.mv_data + 4);
  if (strcmp(table, "statements") == 0) return om_get64((uint8_t *)value.mv_data + 4);
  if (strcmp(table, "tiles") == 0) return OM_TILE_HASHES * (om_get64((uint8_t *)key.mv_data + 5) + 1) - 1;
  if (strcmp(table, "lots") != 0) return 0;
  om_arena_reset(&s->arena);
  OM_ASSERT(om_lot_decode(&s->arena, &lot, key.mv_data, value.mv_data, value.mv_size, &st) == OM_OK);
  return lot.at.index;
}

static uint64_t order_in_entry(struct source *s, const char *table, MDB_val key, MDB_val value) {
  struct om_lot lot;
  struct om_status st;
  if (strcmp(table, "lots") != 0) return 0;
  om_arena_reset(&s->arena);
  OM_ASSERT(om_lot_decode(&s->arena, &lot, key.mv_data, value.mv_data, value.mv_size, &st) == OM_OK);
  return (uint64_t)lot.at.event << 16 | lot.at.output;
}

static void read_table(struct source *s, unsigned table) {
  MDB_dbi dbi;
  MDB_cursor *c;
  MDB_val key, value;
  check(mdb_dbi_open(s->txn, s->names[table], 0, &dbi), "a table");
  check(mdb_cursor_open(s->txn, dbi, &c), "a table");
  while (mdb_cursor_get(c, &key, &value, MDB_NEXT) == 0) {
    if (s->n == s->cap) {
      s->cap = s->cap ? 2 * s->cap : 1 << 16;
      s->rows = realloc(s->rows, s->cap * sizeof *s->rows);
      OM_ASSERT(s->rows);
    }
    s->rows[s->n++] = (struct row){table, written_with(s, s->names[table], key, value),
                                   order_in_entry(s, s->names[table], key, value), key, value};
  }
  mdb_cursor_close(c);
}

static int by_arrival(const void *a, const void *b) {
  const struct row *x = a, *y = b;
  if (x->index != y->index) return x->index < y->index ? -1 : 1;
  if (x->table != y->table) return x->table < y->table ? -1 : 1;
  return (x->order > y->order) - (x->order < y->order);
}

/* All rows of the store in PATH, in the order in which they were written. */
static void open_source(struct source *s, const char *path) {
  MDB_dbi main_table;
  MDB_cursor *names;
  MDB_val key, value;
  *s = (struct source){0};
  open_env(&s->env, path, MDB_RDONLY);
  check(mdb_txn_begin(s->env, NULL, MDB_RDONLY, &s->txn), "reading");
  check(mdb_dbi_open(s->txn, NULL, 0, &main_table), "tables");
  check(mdb_cursor_open(s->txn, main_table, &names), "tables");
  while (mdb_cursor_get(names, &key, &value, MDB_NEXT) == 0 && s->n_tables < TABLES_MAX) {
    memcpy(s->names[s->n_tables], key.mv_data, key.mv_size);
    s->names[s->n_tables][key.mv_size] = '\0';
    s->n_tables++;
  }
  mdb_cursor_close(names);
  for (unsigned t = 0; t < s->n_tables; t++) read_table(s, t);
  qsort(s->rows, s->n, sizeof *s->rows, by_arrival);
}

static void copy_slice(const struct source *s, MDB_env *to, size_t from, size_t until) {
  MDB_txn *txn;
  MDB_dbi tables[TABLES_MAX];
  check(mdb_txn_begin(to, NULL, 0, &txn), "writing");
  for (unsigned t = 0; t < s->n_tables; t++) check(mdb_dbi_open(txn, s->names[t], MDB_CREATE, &tables[t]), "a table");
  for (size_t i = from; i < until; i++) {
    MDB_val key = s->rows[i].key, value = s->rows[i].value;
    check(mdb_put(txn, tables[s->rows[i].table], &key, &value, 0), "a row");
  }
  check(mdb_txn_commit(txn), "committing");
}

double bound_lmdb(const char *path, uint64_t commits, uint64_t *rows) {
  struct source s;
  MDB_env *to;
  char *folder = temp_folder();
  open_source(&s, path);
  open_env(&to, folder, MDB_NORDAHEAD);
  *rows = s.n;
  double begin = now_s();
  for (uint64_t i = 0; i < commits; i++) copy_slice(&s, to, s.n * i / commits, s.n * (i + 1) / commits);
  double took = now_s() - begin;
  mdb_env_close(to);
  mdb_txn_abort(s.txn);
  mdb_env_close(s.env);
  om_arena_free(&s.arena);
  free(s.rows);
  remove_folder(folder);
  return (double)*rows / took;
}

/* One small row, durably. */
static void commit_row(MDB_env *env, uint64_t i) {
  uint8_t row[128] = {1};
  MDB_val key = {sizeof i, &i}, value = {sizeof row, row};
  MDB_txn *txn;
  MDB_dbi table;
  check(mdb_txn_begin(env, NULL, 0, &txn), "writing");
  check(mdb_dbi_open(txn, "rows", MDB_CREATE | MDB_INTEGERKEY, &table), "a table");
  check(mdb_put(txn, table, &key, &value, 0), "a row");
  check(mdb_txn_commit(txn), "committing");
}

double bound_commit(void) {
  enum { COMMITS = 300 };
  double took[COMMITS];
  MDB_env *env;
  char *folder = temp_folder();
  open_env(&env, folder, MDB_NORDAHEAD);
  for (uint64_t i = 0; i < COMMITS; i++) {
    double begin = now_s();
    commit_row(env, i);
    took[i] = now_s() - begin;
  }
  mdb_env_close(env);
  remove_folder(folder);
  return quantile(took, COMMITS, 0.5);
}

enum { CIRCLE_MAX = 16 };

/* Commits once for each byte that comes, and answers; until the other side closes. */
static void witness_rows(int fd) {
  MDB_env *env;
  char *folder = temp_folder();
  char byte;
  open_env(&env, folder, MDB_NORDAHEAD);
  for (uint64_t i = 0; read(fd, &byte, 1) == 1; i++) {
    commit_row(env, i);
    if (write(fd, &byte, 1) != 1) break;
  }
  mdb_env_close(env);
  remove_folder(folder);
}

static int start_witness(const struct pollfd *others, size_t n) {
  int ends[2];
  OM_ASSERT(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  pid_t pid = fork();
  OM_ASSERT(pid >= 0);
  if (pid == 0) {
    for (size_t i = 0; i < n; i++) close(others[i].fd);
    close(ends[0]);
    witness_rows(ends[1]);
    _exit(0);
  }
  close(ends[1]);
  return ends[0];
}

/* Reads answers until N have come in all; *CAME counts. */
static void await_answers(struct pollfd *fds, size_t witnesses, size_t *came, size_t n) {
  char byte;
  while (*came < n) {
    OM_ASSERT(poll(fds, witnesses, -1) > 0);
    for (size_t i = 0; i < witnesses; i++)
      if (fds[i].revents & POLLIN) *came += read(fds[i].fd, &byte, 1) == 1;
  }
}

double bound_circle(size_t witnesses, size_t quorum) {
  enum { ROUNDS = 200, PAUSE_US = 20000 };
  double took[ROUNDS];
  struct pollfd fds[CIRCLE_MAX];
  MDB_env *env;
  char *folder = temp_folder();
  OM_ASSERT(witnesses <= CIRCLE_MAX && quorum <= witnesses);
  for (size_t i = 0; i < witnesses; i++) fds[i] = (struct pollfd){.fd = start_witness(fds, i), .events = POLLIN};
  open_env(&env, folder, MDB_NORDAHEAD);
  for (uint64_t round = 0; round < ROUNDS; round++) {
    size_t came = 0;
    double begin = now_s();
    commit_row(env, 2 * round);
    for (size_t i = 0; i < witnesses; i++) OM_ASSERT(write(fds[i].fd, "", 1) == 1);
    await_answers(fds, witnesses, &came, quorum);
    took[round] = now_s() - begin;
    commit_row(env, 2 * round + 1); /* of the note: whoever waits is told before */
    await_answers(fds, witnesses, &came, witnesses);
    usleep(PAUSE_US);
  }
  for (size_t i = 0; i < witnesses; i++) close(fds[i].fd);
  for (size_t i = 0; i < witnesses; i++) OM_ASSERT(wait(NULL) > 0);
  mdb_env_close(env);
  remove_folder(folder);
  return quantile(took, ROUNDS, 0.5);
}
