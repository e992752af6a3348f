#include "ledger/pages.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  HEADER_BYTES = 16, /* number (8), unused (2), flags (2), lower (2), upper (2); of an overflow page pages (4) */
  FLAG_BRANCH = 0x01,
  FLAG_LEAF = 0x02,
  FLAG_OVERFLOW = 0x04,
  FLAG_META = 0x08,
  NODE_BYTES = 8, /* low and high part of the size (2 + 2), flags (2), key's length (2) */
  NODE_BIG = 0x01,
  NODE_SUB = 0x02,
  DB_BYTES = 48, /* unused (4), flags (2), depth (2), branch, leaf and overflow pages, rows, root (8 each) */
  DB_ROOT = 40,
  DB_ROWS = 32,
  META_DBS = HEADER_BYTES + 24, /* behind magic (4), version (4), address (8), size of the map (8) */
  META_LAST = META_DBS + 2 * DB_BYTES,
  META_ID = META_LAST + 8,
  META_BYTES = META_ID + 8,
  DEPTH_MAX = 32, /* LMDB's own limit */
  TRIES = 100,    /* to see both commits of a store that is written to */
};
#define META_MAGIC UINT32_C(0xBEEFC0DE)
#define NO_PAGE UINT64_MAX

struct walk {
  struct om_pages *out;
  int fd;
  size_t page_bytes;
  uint64_t last; /* page in use */
  uint8_t *seen; /* a bit a page */
  bool list;     /* the free list is walked: its keys are numbers of this machine, its rows lists of pages */
  bool main;     /* the tree of tables itself is: its rows are the other trees */
  uint64_t rows; /* of the tree under way */
  struct om_status *st;
};

static uint16_t get16(const uint8_t *at) {
  uint16_t v;
  memcpy(&v, at, sizeof v);
  return v;
}

static uint32_t get32(const uint8_t *at) {
  uint32_t v;
  memcpy(&v, at, sizeof v);
  return v;
}

static uint64_t get64(const uint8_t *at) {
  uint64_t v;
  memcpy(&v, at, sizeof v);
  return v;
}

static void bad(struct walk *w, uint64_t number, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void bad(struct walk *w, uint64_t number, const char *fmt, ...) {
  char text[OM_STATUS_TEXT_BYTES];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  w->out->bad(w->out->ctx, number, text);
}

static enum om_code read_at(struct walk *w, uint8_t *out, uint64_t at, size_t len) {
  for (size_t got = 0; got < len;) {
    ssize_t n = pread(w->fd, out + got, len - got, (off_t)(at + got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return om_fail(w->st, OM_IO, NULL, "can't read the store's file: %s", strerror(errno));
    if (n == 0) {
      memset(out + got, 0, len - got); /* a page that is not there is none: its number shows it */
      break;
    }
    got += (size_t)n;
  }
  return OM_OK;
}

/* Counts page NUMBER as used; false: it is none, or was used before. */
static bool take(struct walk *w, uint64_t number, const char *what) {
  if (number < 2 || number > w->last) return bad(w, number, "%s is not a page of this store", what), false;
  uint8_t *byte = &w->seen[number / 8], bit = (uint8_t)(1 << number % 8);
  if (*byte & bit) return bad(w, number, "the page is used twice: as %s, and elsewhere", what), false;
  *byte |= bit;
  w->out->pages++;
  return true;
}

static enum om_code walk_page(struct walk *w, uint64_t number, int depth);

/* The pages of a row that is longer than a page has room for. FIRST gets the bytes of the first one. */
static enum om_code take_overflow(struct walk *w, uint64_t number, size_t len, uint8_t **bytes) {
  *bytes = NULL;
  uint64_t pages = (HEADER_BYTES + (uint64_t)len + w->page_bytes - 1) / w->page_bytes;
  if (number > w->last || pages > w->last - number + 1)
    return bad(w, number, "a long row lies outside the store"), OM_OK;
  bool ok = true;
  for (uint64_t i = 0; ok && i < pages; i++) ok = take(w, number + i, "a long row");
  if (!ok) return OM_OK;
  size_t wanted = w->list ? (size_t)pages * w->page_bytes : HEADER_BYTES; /* what is in other tables is not looked at */
  uint8_t *row = malloc(wanted);
  OM_ASSERT(row);
  enum om_code code = read_at(w, row, number * w->page_bytes, wanted);
  ok = code == OM_OK;
  if (ok && (get64(row) != number || get16(row + 10) != FLAG_OVERFLOW || get32(row + 12) != pages))
    bad(w, number, "the page is not the long row that it should be"), ok = false;
  if (ok)
    *bytes = row;
  else
    free(row);
  return code;
}

/* A record of the free list: how many pages, and their numbers. */
static void take_free(struct walk *w, uint64_t number, const uint8_t *data, size_t len) {
  uint64_t n = len >= 8 ? get64(data) : 0;
  if (len < 8 || n > (len - 8) / 8) {
    bad(w, number, "a record of the free list is cut short");
    return;
  }
  for (uint64_t i = 0; i < n; i++) take(w, get64(data + 8 + 8 * i), "a free page");
}

static enum om_code walk_tree(struct walk *w, const uint8_t db[DB_BYTES], const char *name) {
  uint64_t rows = w->rows, root = get64(db + DB_ROOT);
  w->rows = 0;
  enum om_code code = root == NO_PAGE ? OM_OK : walk_page(w, root, 0);
  if (code == OM_OK && w->rows != get64(db + DB_ROWS))
    bad(w, root, "the table %s has %llu rows, and says %llu", name, (unsigned long long)w->rows,
        (unsigned long long)get64(db + DB_ROWS));
  w->rows = rows;
  return code;
}

static enum om_code walk_leaf(struct walk *w, uint64_t number, const uint8_t *node, size_t room) {
  size_t key_len = get16(node + 6), len = get16(node) | (size_t)get16(node + 2) << 16;
  unsigned flags = get16(node + 4);
  const uint8_t *data = node + NODE_BYTES + key_len;
  size_t here = flags & NODE_BIG ? 8 : len;
  w->rows++;
  if (NODE_BYTES + key_len + here > room || flags & ~(unsigned)(NODE_BIG | NODE_SUB))
    return bad(w, number, "a row does not fit its page"), OM_OK;
  if ((flags & NODE_SUB) != (w->main ? NODE_SUB : 0))
    return bad(w, number, "a table stands where a row should, or a row where a table should"), OM_OK;
  if (flags & NODE_SUB) {
    char name[32];
    snprintf(name, sizeof name, "%.*s", key_len < sizeof name ? (int)key_len : 31, (const char *)node + NODE_BYTES);
    if (flags & NODE_BIG || len != DB_BYTES) return bad(w, number, "a table's record has another size"), OM_OK;
    w->main = false;
    enum om_code sub = walk_tree(w, data, name);
    w->main = true;
    return sub;
  }
  if (!(flags & NODE_BIG)) {
    if (w->list) take_free(w, number, data, len);
    return OM_OK;
  }
  uint8_t *row;
  enum om_code code = take_overflow(w, get64(data), len, &row);
  if (code == OM_OK && row && w->list) take_free(w, number, row + HEADER_BYTES, len);
  free(row);
  return code;
}

static int key_order(const uint8_t *a, const uint8_t *b) {
  size_t x = get16(a + 6), y = get16(b + 6);
  int order = memcmp(a + NODE_BYTES, b + NODE_BYTES, x < y ? x : y);
  return order != 0 ? order : (x > y) - (x < y);
}

/* The nodes of a page that has been found to be a branch or a leaf. */
static enum om_code walk_nodes(struct walk *w, uint64_t number, const uint8_t *page, int depth) {
  size_t lower = get16(page + 12), upper = get16(page + 14);
  bool leaf = get16(page + 10) == FLAG_LEAF;
  const uint8_t *before = NULL;
  if (lower < HEADER_BYTES || lower % 2 != 0 || lower > upper || upper > w->page_bytes)
    return bad(w, number, "the page's room is not what it can be"), OM_OK;
  for (size_t at = HEADER_BYTES; at < lower; at += 2) {
    size_t offset = get16(page + at);
    if (offset < upper || offset + NODE_BYTES > w->page_bytes ||
        offset + NODE_BYTES + get16(page + offset + 6) > w->page_bytes)
      return bad(w, number, "a row lies outside its page"), OM_OK;
    const uint8_t *node = page + offset;
    bool first_of_branch = !leaf && at == HEADER_BYTES; /* has no key */
    if (!w->list && before && key_order(before, node) >= 0) bad(w, number, "its keys are out of order");
    before = first_of_branch ? NULL : node;
    enum om_code code =
        leaf ? walk_leaf(w, number, node, w->page_bytes - offset)
             : walk_page(w, get16(node) | (uint64_t)get16(node + 2) << 16 | (uint64_t)get16(node + 4) << 32, depth + 1);
    if (code != OM_OK) return code;
  }
  return OM_OK;
}

static enum om_code walk_page(struct walk *w, uint64_t number, int depth) {
  if (depth > DEPTH_MAX) return bad(w, number, "the tree is deeper than one can be"), OM_OK;
  if (!take(w, number, "a page of a table")) return OM_OK;
  uint8_t *page = malloc(w->page_bytes);
  OM_ASSERT(page);
  enum om_code code = read_at(w, page, number * w->page_bytes, w->page_bytes);
  uint16_t flags = get16(page + 10);
  if (code == OM_OK && (get64(page) != number || (flags != FLAG_LEAF && flags != FLAG_BRANCH)))
    bad(w, number, "the page is not the part of a table that it should be");
  else if (code == OM_OK)
    code = walk_nodes(w, number, page, depth);
  free(page);
  return code;
}

/* The two newest commits stand in the first two pages by turns, so their ids follow each other. OUT gets the one that
 * the transaction reads. */
static enum om_code read_metas(struct walk *w, uint8_t out[META_BYTES], uint64_t id, bool *settled) {
  uint8_t metas[2][META_BYTES];
  uint64_t ids[2];
  for (int i = 0; i < 2; i++) {
    if (read_at(w, metas[i], (uint64_t)i * w->page_bytes, META_BYTES) != OM_OK) return w->st->code;
    ids[i] = get64(metas[i] + META_ID);
    if (get64(metas[i]) != (uint64_t)i || get16(metas[i] + 10) != FLAG_META ||
        get32(metas[i] + HEADER_BYTES) != META_MAGIC)
      bad(w, (uint64_t)i, "the page is not the record of a commit that it should be");
  }
  memcpy(out, metas[id % 2], META_BYTES);
  bool fresh = ids[0] == 0 && ids[1] == 0;
  *settled = fresh || ((ids[0] % 2 == 0 && ids[1] % 2 == 1) && (ids[0] + 1 == ids[1] || ids[1] + 1 == ids[0]));
  if (!*settled || ids[id % 2] == id) return OM_OK;
  return om_fail(w->st, OM_BUSY, NULL, "the store was written to meanwhile");
}

enum om_code om_pages_check(struct om_txn *txn, struct om_pages *out, struct om_status *st) {
  struct walk w = {.out = out, .st = st};
  uint8_t meta[META_BYTES];
  uint64_t id;
  bool settled = false;
  w.fd = om_txn_file(txn, &id, &w.page_bytes);
  enum om_code code = OM_OK;
  for (int i = 0; i < TRIES && code == OM_OK && !settled; i++) code = read_metas(&w, meta, id, &settled);
  if (code != OM_OK) return code;
  if (!settled) {
    bad(&w, id % 2, "the records of the last two commits do not follow each other");
    return OM_OK;
  }
  w.last = get64(meta + META_LAST);
  off_t end = lseek(w.fd, 0, SEEK_END);
  if (end < 0 || w.last > (uint64_t)end / w.page_bytes) {
    bad(&w, id % 2, "the file is shorter than its last commit says");
    return OM_OK;
  }
  w.seen = calloc(w.last / 8 + 1, 1);
  OM_ASSERT(w.seen);
  w.list = true;
  code = walk_tree(&w, meta + META_DBS, "of free pages");
  w.list = false;
  w.main = true;
  if (code == OM_OK) code = walk_tree(&w, meta + META_DBS + DB_BYTES, "of tables");
  if (code == OM_OK && w.out->pages + 2 != w.last + 1)
    bad(&w, id % 2, "%llu pages belong to nothing", (unsigned long long)(w.last - 1 - w.out->pages));
  free(w.seen);
  return code;
}
