#include "ledger/fsck.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_state.h"
#include "ledger/pages.h"
#include "ledger/step.h"

struct fsck {
  struct om_fsck *out;
  struct om_txn *txn; /* the store that is looked at */
  struct om_ledger *anew;
  struct om_arena arena;
  uint64_t *bad; /* by log: the entry at which it was left, or UINT64_MAX */
  uint32_t n_bad;
  bool beyond_repair; /* something that follows from nothing else was found */
};

enum { TRIES = 100 }; /* to read a commit before a daemon has made two more */

/* What the scratch store may grow to; its file is sparse. */
#define MAP_BYTES (UINT64_C(1) << 40)

/* ---- findings ---- */

static void found(struct fsck *f, enum om_table table, struct om_bytes key, uint64_t byte, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
static void found(struct fsck *f, enum om_table table, struct om_bytes key, uint64_t byte, const char *fmt, ...) {
  f->out->all++;
  if (f->out->findings[table]++ >= OM_FSCK_TOLD_EACH || !f->out->told) return;
  struct om_fsck_finding finding = {.table = om_table_name(table), .byte = byte, .key_len = key.len};
  if (finding.key_len > sizeof finding.key) finding.key_len = sizeof finding.key;
  if (finding.key_len > 0) memcpy(finding.key, key.data, finding.key_len);
  va_list args;
  va_start(args, fmt);
  vsnprintf(finding.text, sizeof finding.text, fmt, args);
  va_end(args);
  f->out->told(f->out->ctx, &finding);
}

static const struct om_bytes no_key = {NULL, 0};

/* ---- entries: each hashed and judged again ---- */

static uint64_t *bad_at(struct fsck *f, uint32_t log) {
  if (log >= f->n_bad) {
    f->bad = realloc(f->bad, ((size_t)log + 1) * sizeof *f->bad);
    OM_ASSERT(f->bad);
    while (f->n_bad <= log) f->bad[f->n_bad++] = UINT64_MAX;
  }
  return &f->bad[log];
}

/* Takes what it can of LOG, ROOM entries at most; stops before the first that is wrong. */
static enum om_code replay_log(struct fsck *f, struct om_batch *batch, uint32_t log, size_t *room,
                               struct om_status *st) {
  struct om_log_state *state;
  enum om_code code = om_batch_log(batch, &state, log, st);
  while (code == OM_OK && *room > 0 && *bad_at(f, log) == UINT64_MAX) {
    uint64_t index = state->edge.size;
    uint8_t key[OM_LOG_ENTRY_KEY_BYTES];
    struct om_checked *checked;
    struct om_bytes entry;
    om_log_entry_key(key, log, index);
    if (!om_txn_get(f->txn, &entry, OM_TABLE_ENTRIES, key, sizeof key)) return om_txn_check(f->txn, st);
    om_arena_reset(&f->arena);
    om_status_clear(st);
    code = om_check_entry(&checked, &f->arena, &f->anew->network, batch->txn, entry.data, entry.len, st);
    if (code == OM_OK) code = om_batch_take(batch, log, index, checked, st);
    if (code == OM_WAIT) return OM_OK;
    if (code == OM_REFUSED || code == OM_MALFORMED) {
      found(f, OM_TABLE_ENTRIES, (struct om_bytes){key, sizeof key}, OM_FSCK_NO_BYTE, "entry %llu of log %u: %s",
            (unsigned long long)index, log, st->text);
      f->beyond_repair = true;
      *bad_at(f, log) = index;
      return om_txn_check(batch->txn, st);
    }
    if (code != OM_OK) return code;
    f->out->entries++;
    f->out->bytes += entry.len;
    --*room;
  }
  return code;
}

static enum om_code replay(struct fsck *f, struct om_status *st) {
  for (uint64_t before = UINT64_MAX; before != f->out->entries;) {
    struct om_batch *batch;
    size_t room = OM_FSCK_SLICE_ENTRIES;
    before = f->out->entries;
    enum om_code code = om_batch_begin(&batch, f->anew, st);
    if (code != OM_OK) return code;
    for (uint32_t log = 0; code == OM_OK && log < om_log_count(om_batch_txn(batch)); log++)
      code = replay_log(f, batch, log, &room, st);
    if (code == OM_OK) code = om_progress_tell(f->out->progress, "judging entries", f->out->entries, 0, st);
    if (code != OM_OK) {
      om_batch_abort(batch);
      return code;
    }
    code = om_batch_commit(batch, NULL, st);
    if (code != OM_OK) return code;
  }
  return OM_OK;
}

/* An entry that waits though all that could be taken has been: what it leans on is wrong, or is not here. */
static enum om_code find_waiting(struct fsck *f, struct om_txn *anew, struct om_status *st) {
  struct om_log_state *state = malloc(sizeof *state);
  OM_ASSERT(state);
  enum om_code code = OM_OK;
  for (uint32_t log = 0; code == OM_OK && log < om_log_count(anew); log++) {
    uint8_t key[OM_LOG_ENTRY_KEY_BYTES];
    struct om_bytes entry;
    code = om_log_state_read(anew, state, log, st);
    if (code != OM_OK || *bad_at(f, log) != UINT64_MAX) continue;
    om_log_entry_key(key, log, state->edge.size);
    if (!om_txn_get(f->txn, &entry, OM_TABLE_ENTRIES, key, sizeof key)) continue;
    found(f, OM_TABLE_ENTRIES, (struct om_bytes){key, sizeof key}, OM_FSCK_NO_BYTE,
          "entry %llu of log %u leans on what is damaged or not held here", (unsigned long long)state->edge.size, log);
    f->beyond_repair = true;
    *bad_at(f, log) = state->edge.size;
  }
  free(state);
  return code == OM_OK ? om_txn_check(f->txn, st) : code;
}

/* ---- tables: what is held beside what follows ---- */

static int key_order(struct om_bytes a, struct om_bytes b) {
  size_t n = a.len < b.len ? a.len : b.len;
  int order = n > 0 ? memcmp(a.data, b.data, n) : 0;
  return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static uint64_t first_difference(struct om_bytes a, struct om_bytes b) {
  uint64_t at = 0;
  while (at < a.len && at < b.len && a.data[at] == b.data[at]) at++;
  return at;
}

/* Of a log that was left at an entry that is wrong, nothing can be said from there on. */
static bool is_left(struct fsck *f, enum om_table table, struct om_bytes key) {
  if (table != OM_TABLE_ENTRIES || key.len != OM_LOG_ENTRY_KEY_BYTES) return false;
  uint32_t log = om_get32(key.data);
  return log < f->n_bad && f->bad[log] != UINT64_MAX && om_get64(key.data + 4) >= f->bad[log];
}

static enum om_code compare(struct fsck *f, struct om_txn *anew, enum om_table table, struct om_status *st) {
  struct om_bytes key, row, wanted_key, wanted;
  bool more = om_txn_next(f->txn, &key, &row, table, NULL, 0);
  bool more_wanted = om_txn_next(anew, &wanted_key, &wanted, table, NULL, 0);
  struct om_bytes before = no_key;
  while (more || more_wanted) {
    int order = !more ? 1 : !more_wanted ? -1 : key_order(key, wanted_key);
    if (order < 0 && !is_left(f, table, key)) found(f, table, key, OM_FSCK_NO_BYTE, "a row that follows from no entry");
    if (order > 0) found(f, table, wanted_key, OM_FSCK_NO_BYTE, "a row is missing that follows from the entries");
    if (order == 0 && (row.len != wanted.len || memcmp(row.data, wanted.data, row.len) != 0))
      found(f, table, key, first_difference(row, wanted), "the row is not what follows from the entries");
    if (order <= 0 && before.len > 0 && key_order(before, key) >= 0) /* such a walk might never end */
      return found(f, table, key, OM_FSCK_NO_BYTE, "the keys of the table are out of order"), OM_OK;
    if (order <= 0) before = key;
    f->out->rows++;
    if (f->out->rows % 65536 == 0 && om_progress_tell(f->out->progress, "comparing rows", f->out->rows, 0, st) != OM_OK)
      return st->code;
    if (order <= 0) more = om_txn_step(f->txn, &key, &row, table);
    if (order >= 0) more_wanted = om_txn_step(anew, &wanted_key, &wanted, table);
  }
  if (om_txn_check(f->txn, st) != OM_OK) return st->code;
  return om_txn_check(anew, st);
}

struct guards {
  struct fsck *f;
  enum om_table table;
};

static void altered(void *ctx, struct om_bytes key) {
  struct guards *g = ctx;
  found(g->f, g->table, key, OM_FSCK_NO_BYTE, "the row has changed since it was written");
  g->f->beyond_repair = true;
}

static enum om_code compare_all(struct fsck *f, struct om_txn *anew, struct om_status *st) {
  enum om_code code = OM_OK;
  for (int i = 0; i < OM_TABLES && code == OM_OK; i++) {
    struct guards g = {f, (enum om_table)i};
    /* What follows from entries that could not be judged would all be told as wrong. */
    bool judged = f->out->findings[OM_TABLE_ENTRIES] == 0 || g.table == OM_TABLE_ENTRIES;
    if (om_table_follows(g.table))
      code = judged ? compare(f, anew, g.table, st) : OM_OK;
    else
      om_txn_altered(f->txn, g.table, altered, &g);
    if (code == OM_OK) code = om_txn_check(f->txn, st);
  }
  return code;
}

/* ---- heads: of these trees, and signed ---- */

/* LOG's head of KIND, whose note stands behind SKIP bytes. */
static enum om_code check_head(struct fsck *f, struct om_txn *anew, uint32_t log, enum om_head_kind kind, size_t skip,
                               struct om_status *st) {
  uint8_t key[OM_HEAD_KEY_BYTES];
  struct om_bytes row, at = {key, sizeof key};
  struct om_note note;
  struct om_checkpoint head;
  struct om_log_state *state;
  uint64_t time_s;
  om_head_key(key, log, kind);
  if (f->out->findings[OM_TABLE_HEADS] > 0) return OM_OK; /* rows that can't be read */
  if (!om_txn_get(f->txn, &row, OM_TABLE_HEADS, key, sizeof key)) return om_txn_check(f->txn, st);
  if (row.len <= skip) {
    f->beyond_repair = true;
    return found(f, OM_TABLE_HEADS, at, row.len, "the row is cut short"), OM_OK;
  }
  state = malloc(sizeof *state);
  OM_ASSERT(state);
  enum om_code code = om_head_parse(anew, &note, &head, log, row.data + skip, row.len - skip, st);
  if (code == OM_OK && kind == OM_HEAD_FINAL)
    code = om_quorum_check(anew, &head, &time_s, log, row.data + skip, row.len - skip, st);
  if (code == OM_OK) code = om_log_state_read(anew, state, log, st);
  if (code == OM_OK) code = om_head_matches(anew, log, state, &head, st);
  free(state);
  if (code == OM_OK) return OM_OK;
  if (code == OM_IO || code == OM_BUSY || code == OM_FULL) return code;
  if (*bad_at(f, log) != UINT64_MAX) return OM_OK; /* its tree is not whole here */
  found(f, OM_TABLE_HEADS, at, OM_FSCK_NO_BYTE, "%s", st->text);
  f->beyond_repair = true;
  return OM_OK;
}

static enum om_code check_heads(struct fsck *f, struct om_txn *anew, struct om_status *st) {
  enum om_code code = OM_OK;
  for (uint32_t log = 0; code == OM_OK && log < om_log_count(anew); log++) {
    f->out->logs++;
    code = check_head(f, anew, log, OM_HEAD_FINAL, 16, st);
    if (code == OM_OK) code = check_head(f, anew, log, OM_HEAD_OWN, 8, st);
  }
  return code;
}

/* ---- pages ---- */

static void bad_page(void *ctx, uint64_t number, const char *text) {
  struct fsck *f = ctx;
  uint8_t key[8];
  om_be64(key, number);
  f->out->all++;
  f->beyond_repair = true;
  if (f->out->bad_pages++ >= OM_FSCK_TOLD_EACH || !f->out->told) return;
  struct om_fsck_finding finding = {.table = "pages", .byte = OM_FSCK_NO_BYTE, .key_len = sizeof key};
  memcpy(finding.key, key, sizeof key);
  snprintf(finding.text, sizeof finding.text, "page %llu of the file: %s", (unsigned long long)number, text);
  f->out->told(f->out->ctx, &finding);
}

/* Before anything is read through LMDB, which would trust them. */
static enum om_code check_pages(struct fsck *f, struct om_status *st) {
  struct om_pages pages = {.ctx = f, .bad = bad_page};
  enum om_code code = om_pages_check(f->txn, &pages, st);
  f->out->pages = pages.pages;
  return code;
}

/* ---- all of it ---- */

/* A store whose network is right is of the format that a new one of that network has. */
static enum om_code check_format(struct fsck *f, struct om_status *st) {
  struct om_bytes key = {(const uint8_t *)OM_META_FORMAT, sizeof OM_META_FORMAT - 1}, says, is;
  struct om_txn *anew;
  enum om_code code = om_txn_read(&anew, f->anew->store, st);
  if (code != OM_OK) return code;
  bool same = om_txn_get(anew, &is, OM_TABLE_META, key.data, key.len) &&
              om_txn_get(f->txn, &says, OM_TABLE_META, key.data, key.len) && says.len == is.len &&
              memcmp(says.data, is.data, is.len) == 0;
  om_txn_abort(anew);
  code = om_txn_check(f->txn, st);
  if (code != OM_OK || same) return code;
  found(f, OM_TABLE_META, key, OM_FSCK_NO_BYTE, "the store says that it is of another format than this program's");
  f->beyond_repair = true;
  return OM_OK;
}

/* What the store says that it is. */
static enum om_code begin(struct fsck *f, const char *scratch, const struct om_hash *network, struct om_status *st) {
  struct om_bytes genesis, first, from_log;
  struct om_hash id;
  uint8_t key[OM_LOG_ENTRY_KEY_BYTES];
  if (!om_txn_get(f->txn, &genesis, OM_TABLE_META, OM_META_GENESIS, sizeof OM_META_GENESIS - 1)) {
    enum om_code code = om_txn_check(f->txn, st);
    return code != OM_OK ? code
                         : om_fail(st, OM_MISSING, NULL, "the store holds no network yet: there is nothing to check");
  }
  om_log_entry_key(key, OM_LOG_REGISTRY, 0);
  bool same = om_txn_get(f->txn, &first, OM_TABLE_ENTRIES, key, sizeof key) &&
              om_find_genesis(&from_log, first.data, first.len) && from_log.len == genesis.len &&
              memcmp(from_log.data, genesis.data, genesis.len) == 0;
  om_sha256(&id, genesis.data, genesis.len);
  if ((network && !om_hash_equal(&id, network)) || !same) {
    found(f, OM_TABLE_META, (struct om_bytes){(const uint8_t *)OM_META_GENESIS, sizeof OM_META_GENESIS - 1},
          OM_FSCK_NO_BYTE,
          same ? "the store is of another network than the genesis file that was given"
               : "the genesis is not the one that the registry log begins with");
    f->beyond_repair = true;
  }
  enum om_code code = om_ledger_open_scratch(&f->anew, scratch, MAP_BYTES, genesis.data, genesis.len, st);
  if (code != OM_OK) return code;
  f->anew->sparse = false; /* every log is there from its first entry on */
  return check_format(f, st);
}

static enum om_code check(struct fsck *f, struct om_store *store, const char *scratch, const struct om_hash *network,
                          struct om_status *st) {
  struct om_txn *anew;
  enum om_code code = OM_BUSY;
  for (int i = 0; i < TRIES && code == OM_BUSY; i++) {
    om_txn_abort(f->txn);
    code = om_txn_read(&f->txn, store, st);
    if (code == OM_OK) code = check_pages(f, st);
  }
  if (code != OM_OK || f->out->bad_pages > 0) return code; /* what is read through them means nothing */
  code = begin(f, scratch, network, st);
  if (code == OM_OK) code = replay(f, st);
  if (code == OM_OK) code = om_txn_read(&anew, f->anew->store, st);
  if (code != OM_OK) return code;
  code = find_waiting(f, anew, st);
  if (code == OM_OK) code = compare_all(f, anew, st);
  if (code == OM_OK) code = check_heads(f, anew, st);
  om_txn_abort(anew);
  f->out->derived_only = !f->beyond_repair;
  return code;
}

static void end(struct fsck *f) {
  om_txn_abort(f->txn);
  om_ledger_close(f->anew);
  om_arena_free(&f->arena);
  free(f->bad);
}

enum om_code om_fsck(struct om_store *store, const char *scratch, const struct om_hash *network, struct om_fsck *out,
                     struct om_status *st) {
  struct fsck f = {.out = out};
  enum om_code code = check(&f, store, scratch, network, st);
  end(&f);
  return code;
}

/* ---- repair ---- */

static void copy_table(struct om_txn *to, struct om_txn *from, enum om_table table) {
  struct om_bytes key, row;
  om_txn_empty(to, table);
  for (bool more = om_txn_next(from, &key, &row, table, NULL, 0); more; more = om_txn_step(from, &key, &row, table))
    om_txn_put(to, table, key.data, key.len, row.data, row.len);
}

static enum om_code write_tables(struct fsck *f, struct om_store *store, uint32_t *repaired, struct om_status *st) {
  struct om_txn *to, *from;
  if (om_txn_read(&from, f->anew->store, st) != OM_OK) return st->code;
  enum om_code code = om_txn_write(&to, store, st);
  for (int i = 0; i < OM_TABLES && code == OM_OK; i++) {
    if (f->out->findings[i] == 0) continue;
    OM_ASSERT(om_table_follows((enum om_table)i));
    copy_table(to, from, (enum om_table)i);
    ++*repaired;
    code = om_txn_check(from, st);
  }
  if (code == OM_OK)
    code = om_txn_commit(to, st);
  else
    om_txn_abort(to);
  om_txn_abort(from);
  return code;
}

enum om_code om_fsck_repair(struct om_store *store, const char *scratch, const struct om_hash *network,
                            struct om_fsck *out, uint32_t *repaired, struct om_status *st) {
  struct fsck f = {.out = out};
  *repaired = 0;
  enum om_code code = check(&f, store, scratch, network, st);
  if (code == OM_OK && f.beyond_repair)
    code = om_fail(st, OM_CORRUPT, NULL,
                   "what is damaged follows from nothing else here, so nothing was written: move the store away and "
                   "start the daemon on an empty folder, it takes its logs back from its peers; if it is a witness, "
                   "replace its cosigning key first, and witness.key if it witnesses for outsiders");
  if (code == OM_OK && out->all > 0) {
    om_txn_abort(f.txn); /* no old pages are kept for it */
    f.txn = NULL;
    code = write_tables(&f, store, repaired, st);
  }
  end(&f);
  return code;
}
