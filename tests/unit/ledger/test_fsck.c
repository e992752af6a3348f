/* Checking a store: what is damaged is named, what follows from the entries is made anew, and a bit that has flipped
 * anywhere in the file is found, or what the store says is what it said before, and its pages are whole. */
#include "support/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/fsck.h"
#include "ledger/ledger_state.h"
#include "ledger/pages.h"
#include "support/records.h"
#include "support/seed.h"

enum { DAEMONS = 3, HOME = 1, MIRROR = 2, MEMBER = 2, RECORDS = 12 };

static const int64_t t0 = INT64_C(1710000000000);

struct scene {
  struct network net;
  char *paths[DAEMONS];
  struct om_ledger *ledgers[DAEMONS];
  struct om_status st;
  /* What the last check said: */
  struct om_fsck_finding first;
  size_t told;
};

static void open_scene(struct scene *s) {
  memset(s, 0, sizeof *s);
  record_network(&s->net, s->paths, s->ledgers, DAEMONS, true, MEMBER, t0);
  assert_ok(network_settle(&s->net, s->ledgers, t0, &s->st), &s->st);
  for (int i = 0; i < RECORDS; i++) {
    struct record r = record_extract(&s->net, MEMBER, 1, 2, 1000, t0);
    record_submit(&s->net, s->ledgers, HOME, &r, t0);
    free(r.bytes);
  }
  assert_ok(network_settle(&s->net, s->ledgers, t0, &s->st), &s->st);
}

static void close_scene(struct scene *s) {
  network_close_ledgers(&s->net, s->paths, s->ledgers);
}

static void told(void *ctx, const struct om_fsck_finding *finding) {
  struct scene *s = ctx;
  if (s->told++ == 0) s->first = *finding;
}

/* Checks the store in PATH with what it needs besides in FOLDER; REPAIRED NULL: for reading alone. Asserts nothing. */
static struct om_fsck check_in(struct scene *s, const char *folder, const char *path, uint32_t *repaired,
                               enum om_code *code) {
  struct om_fsck out = {.ctx = s, .told = told};
  char scratch[4096];
  struct om_store *store;
  s->told = 0;
  snprintf(scratch, sizeof scratch, "%s/scratch", folder);
  *code = repaired ? om_store_open(&store, path, 1 << 28, &s->st) : om_store_open_readonly(&store, path, &s->st);
  if (*code == OM_OK) {
    *code = repaired ? om_fsck_repair(store, scratch, &s->net.id, &out, repaired, &s->st)
                     : om_fsck(store, scratch, &s->net.id, &out, &s->st);
    om_store_close(store);
  }
  return out;
}

static struct om_fsck check(struct scene *s, const char *path, uint32_t *repaired, enum om_code *code) {
  char *folder = temp_folder();
  struct om_fsck out = check_in(s, folder, path, repaired, code);
  remove_folder(folder);
  return out;
}

static struct om_fsck expect(struct scene *s, size_t daemon, uint64_t findings) {
  enum om_code code;
  struct om_fsck out = check(s, s->paths[daemon], NULL, &code);
  assert_ok(code, &s->st);
  if (out.all != findings) fail_msg("%llu findings: %s %s", (unsigned long long)out.all, s->first.table, s->first.text);
  return out;
}

/* Changes a row behind the ledger's back: at its byte AT, or all of it (AT < 0: the row goes). */
static void spoil(struct scene *s, size_t daemon, enum om_table table, int at) {
  struct om_txn *txn;
  struct om_bytes key, row;
  uint8_t copy[4096], name[OM_FSCK_KEY_BYTES];
  assert_ok(om_txn_write(&txn, om_ledger_store(s->ledgers[daemon]), &s->st), &s->st);
  assert_true(om_txn_next(txn, &key, &row, table, NULL, 0) && row.len <= sizeof copy && at < (int)row.len);
  memcpy(name, key.data, key.len);
  size_t key_len = key.len, len = row.len;
  memcpy(copy, row.data, row.len);
  if (at < 0) {
    om_txn_del(txn, table, name, key_len);
  } else {
    copy[at] ^= 1;
    om_txn_put(txn, table, name, key_len, copy, len);
  }
  assert_ok(om_txn_commit(txn, &s->st), &s->st);
}

static void test_sound(void **state) {
  (void)state;
  struct scene s;
  open_scene(&s);
  for (size_t i = 0; i < DAEMONS; i++) {
    struct om_fsck out = expect(&s, i, 0); /* while it is open, too */
    assert_true(out.entries >= RECORDS + 4 && out.rows > 2 * RECORDS && out.pages > 20 && out.logs == DAEMONS);
  }
  close_scene(&s);
}

static void test_tables_are_named_and_made_anew(void **state) {
  (void)state;
  static const struct {
    enum om_table table;
    int at;
  } spoilt[] = {{OM_TABLE_LOTS, 3},     {OM_TABLE_LOTS, -1},   {OM_TABLE_TILES, -2},
                {OM_TABLE_MARKS, 7},    {OM_TABLE_LOGS, 5},    {OM_TABLE_STATEMENTS, -1},
                {OM_TABLE_REGISTRY, 2}, {OM_TABLE_COVERED, 0}, {OM_TABLE_SUMS, -1}};
  struct scene s;
  open_scene(&s);
  struct om_ledger *mirror = s.ledgers[MIRROR];
  for (size_t i = 0; i < sizeof spoilt / sizeof spoilt[0]; i++) {
    struct om_txn *txn;
    struct om_hash before, after;
    if (spoilt[i].at == -2) continue; /* no tile is full yet */
    assert_ok(om_txn_read(&txn, om_ledger_store(mirror), &s.st), &s.st);
    assert_ok(om_store_state_hash(&before, txn, &s.st), &s.st);
    om_txn_abort(txn);
    spoil(&s, MIRROR, spoilt[i].table, spoilt[i].at);
    struct om_fsck out = expect(&s, MIRROR, 1);
    assert_string_equal(s.first.table, om_table_name(spoilt[i].table));
    assert_int_equal(s.first.byte, spoilt[i].at < 0 ? OM_FSCK_NO_BYTE : (uint64_t)spoilt[i].at);
    assert_true(out.derived_only);
    om_ledger_close(mirror);
    uint32_t repaired;
    enum om_code code;
    check(&s, s.paths[MIRROR], &repaired, &code);
    assert_ok(code, &s.st);
    assert_int_equal(repaired, 1);
    s.ledgers[MIRROR] = mirror = network_ledger(&s.net, MIRROR, s.paths[MIRROR]);
    assert_ok(om_txn_read(&txn, om_ledger_store(mirror), &s.st), &s.st);
    assert_ok(om_store_state_hash(&after, txn, &s.st), &s.st);
    om_txn_abort(txn);
    assert_true(om_hash_equal(&before, &after));
    expect(&s, MIRROR, 0);
  }
  close_scene(&s);
}

static void test_what_follows_from_nothing_is_not_touched(void **state) {
  (void)state;
  struct scene s;
  enum om_code code;
  uint32_t repaired;
  open_scene(&s);
  spoil(&s, MIRROR, OM_TABLE_ENTRIES, 40);
  struct om_fsck out = check(&s, s.paths[MIRROR], NULL, &code);
  assert_ok(code, &s.st);
  assert_true(out.findings[OM_TABLE_ENTRIES] > 0 && !out.derived_only);
  om_ledger_close(s.ledgers[MIRROR]);
  s.ledgers[MIRROR] = NULL;
  check(&s, s.paths[MIRROR], &repaired, &code);
  assert_int_equal(code, OM_CORRUPT);
  assert_int_equal(repaired, 0);
  close_scene(&s);
}

/* No repair says that all is well where a head can't even be read. */
static void test_a_head_cut_short(void **state) {
  (void)state;
  struct scene s;
  struct om_txn *txn;
  enum om_code code;
  uint32_t repaired;
  uint8_t key[OM_HEAD_KEY_BYTES];
  open_scene(&s);
  om_head_key(key, HOME, OM_HEAD_FINAL);
  assert_ok(om_txn_write(&txn, om_ledger_store(s.ledgers[MIRROR]), &s.st), &s.st);
  om_txn_put(txn, OM_TABLE_HEADS, key, sizeof key, key, 1);
  assert_ok(om_txn_commit(txn, &s.st), &s.st);
  struct om_fsck out = expect(&s, MIRROR, 1);
  assert_string_equal(s.first.table, om_table_name(OM_TABLE_HEADS));
  assert_non_null(strstr(s.first.text, "cut short"));
  assert_false(out.derived_only);
  om_ledger_close(s.ledgers[MIRROR]);
  s.ledgers[MIRROR] = NULL;
  check(&s, s.paths[MIRROR], &repaired, &code);
  assert_int_equal(code, OM_CORRUPT);
  assert_int_equal(repaired, 0);
  close_scene(&s);
}

static void test_a_store_of_another_format(void **state) {
  (void)state;
  struct scene s;
  open_scene(&s);
  spoil(&s, MIRROR, OM_TABLE_META, 0); /* the first row: its format */
  struct om_fsck out = expect(&s, MIRROR, 1);
  assert_string_equal(s.first.table, om_table_name(OM_TABLE_META));
  assert_non_null(strstr(s.first.text, "another format"));
  assert_false(out.derived_only);
  close_scene(&s);
}

/* ---- every byte ---- */

/* Everything that the store says. False: it can't be read. */
static bool say_all(struct om_hash *out, const char *path) {
  struct om_store *store;
  struct om_txn *txn;
  struct om_status st;
  struct om_bytes key, row;
  om_sha256(out, "", 0);
  if (om_store_open_readonly(&store, path, &st) != OM_OK || om_txn_read(&txn, store, &st) != OM_OK) return false;
  for (int i = 0; i < OM_TABLES; i++) {
    enum om_table table = (enum om_table)i;
    for (bool more = om_txn_next(txn, &key, &row, table, "", 0); more; more = om_txn_step(txn, &key, &row, table)) {
      struct om_span spans[] = {{out, sizeof *out}, {key.data, key.len}, {row.data, row.len}};
      om_sha256v(out, spans, 3);
    }
  }
  bool ok = om_txn_check(txn, &st) == OM_OK;
  om_txn_abort(txn);
  om_store_close(store);
  return ok;
}

static void bad_page(void *ctx, uint64_t number, const char *text) {
  (void)number;
  (void)text;
  *(bool *)ctx = true;
}

static bool pages_whole(const char *path) {
  struct om_store *store;
  struct om_txn *txn;
  struct om_status st;
  bool bad = false;
  struct om_pages pages = {.ctx = &bad, .bad = bad_page};
  if (om_store_open_readonly(&store, path, &st) != OM_OK || om_txn_read(&txn, store, &st) != OM_OK) return false;
  bool ok = om_pages_check(txn, &pages, &st) == OM_OK && !bad;
  om_txn_abort(txn);
  om_store_close(store);
  return ok;
}

static bool is_as_before(const char *path, const struct om_hash *before) {
  struct om_hash now;
  return pages_whole(path) && say_all(&now, path) && om_hash_equal(&now, before);
}

static bool is_found(struct scene *s, const char *folder, const char *path) {
  enum om_code code;
  struct om_fsck out = check_in(s, folder, path, NULL, &code);
  return code != OM_OK || out.all > 0;
}

/* Runs either in a process of its own; one that is ended by a signal, or takes too long, has found what it read to be
 * damaged. */
static bool apart(struct scene *s, const char *path, const struct om_hash *before) {
  char *folder = temp_folder();
  fflush(stdout);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL}; /* cmocka would go on after them */
    for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++) signal(fatal[i], SIG_DFL);
    int quiet = open("/dev/null", O_WRONLY);
    if (quiet >= 0) dup2(quiet, STDERR_FILENO);
    alarm(20);
    _exit(before ? is_as_before(path, before) : !is_found(s, folder, path));
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  remove_folder(folder);
  return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

static void flip(int fd, off_t at, uint8_t bit) {
  uint8_t byte;
  assert_int_equal(pread(fd, &byte, 1, at), 1);
  byte ^= bit;
  assert_int_equal(pwrite(fd, &byte, 1, at), 1);
}

enum {
  METAS = 176,         /* bytes of a commit's record, of which there are two: each of them, always */
  FLIPS = 700,         /* others, by a stride; with so much effort as walks them all... */
  ALL_AT_FLIPS = 7000, /* ...each of them */
};

/* Flips a bit of the byte at AT, and puts it back. Whether the store says the same all the same; else it is found. */
static bool try_byte(struct scene *s, int fd, const char *path, const struct om_hash *before, uint64_t at,
                     uint64_t *random) {
  uint8_t bit = (uint8_t)(1 << test_below(random, 8));
  flip(fd, (off_t)at, bit);
  bool same = apart(s, path, before);
  if (!same && apart(s, path, NULL))
    fail_msg("byte %llu, bit %02x: what the store says has changed, and nothing was found", (unsigned long long)at,
             bit);
  flip(fd, (off_t)at, bit);
  return same;
}

/* A bit of every byte of a small store with OREMARK_EFFORT=1000, as deploy/test --long has it; else of the commits'
 * records, and of bytes all over the file at the same distance from each other, wherever they begin. */
static void test_every_byte(void **state) {
  (void)state;
  struct scene s;
  struct om_hash before;
  struct stat about;
  char file[4096];
  uint64_t random = test_seed(), as_before = 0, n = 0;
  open_scene(&s);
  for (size_t i = 0; i < DAEMONS; i++) om_ledger_close(s.ledgers[i]), s.ledgers[i] = NULL;
  const char *path = s.paths[MIRROR];
  snprintf(file, sizeof file, "%s/data.mdb", path);
  int fd = open(file, O_RDWR | O_CLOEXEC);
  assert_true(fd >= 0 && fstat(fd, &about) == 0 && say_all(&before, path) && pages_whole(path));
  uint64_t flips = test_times(FLIPS), page = (uint64_t)sysconf(_SC_PAGESIZE), size = (uint64_t)about.st_size;
  uint64_t stride = flips >= ALL_AT_FLIPS || flips >= size ? 1 : size / flips, from = test_below(&random, stride);
  for (uint64_t at = 0; stride > 1 && at < METAS; at++, n += 2)
    as_before += (uint64_t)try_byte(&s, fd, path, &before, at, &random) +
                 (uint64_t)try_byte(&s, fd, path, &before, page + at, &random);
  for (uint64_t at = from; at < size; at += stride, n++)
    as_before += (uint64_t)try_byte(&s, fd, path, &before, at, &random);
  close(fd);
  printf("%llu of %llu bytes, one in %llu: %llu found, %llu harmless\n", (unsigned long long)n,
         (unsigned long long)size, (unsigned long long)stride, (unsigned long long)(n - as_before),
         (unsigned long long)as_before);
  assert_true(as_before > 0 && as_before < n);
  assert_true(apart(&s, path, NULL)); /* all is as it was */
  close_scene(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sound),
      cmocka_unit_test(test_tables_are_named_and_made_anew),
      cmocka_unit_test(test_what_follows_from_nothing_is_not_touched),
      cmocka_unit_test(test_a_head_cut_short),
      cmocka_unit_test(test_a_store_of_another_format),
      cmocka_unit_test(test_every_byte),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
