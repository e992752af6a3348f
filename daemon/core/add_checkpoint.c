#include "daemon/core/add_checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ledger/merkle.h"

enum {
  HTTP_OK = 200,
  HTTP_BAD = 400,
  HTTP_FORBIDDEN = 403,
  HTTP_NOT_FOUND = 404,
  HTTP_CONFLICT = 409,
  HTTP_UNPROCESSABLE = 422,
  HTTP_ERROR = 500,
  HTTP_UNAVAILABLE = 503,
  ROW_HEAD_BYTES = 8 + OM_HASH_BYTES, /* size, root; then the checkpoint with this witness's cosignature */
  SIZE_DIGITS = 19,
};

#define PLAIN "text/plain; charset=utf-8"

/* The row of a log, by the SHA-256 of its origin; and how many heads were ever cosigned, eight bytes. */
#define TABLE OM_TABLE_HEADS
static const uint8_t count_key[] = {0};

void om_http_say(struct om_http_reply *out, unsigned status, const char *why) {
  out->status = status;
  out->type = PLAIN;
  int n = snprintf(out->body, sizeof out->body, "%s\n", why);
  OM_ASSERT(n > 0 && (size_t)n < sizeof out->body);
  out->len = (size_t)n;
}

/* ---- the request ---- */

struct request {
  uint64_t old;
  struct om_proof proof;
  struct om_note note;
  struct om_checkpoint head;
};

/* Takes one line, without its newline, off *AT; false where none is left. */
static bool next_line(struct om_span *line, const char **at, const char *end) {
  const char *newline = memchr(*at, '\n', (size_t)(end - *at));
  if (newline == NULL) return false;
  *line = (struct om_span){*at, (size_t)(newline - *at)};
  *at = newline + 1;
  return true;
}

static bool parse_old(uint64_t *out, const struct om_span *line) {
  const char *text = line->data;
  size_t len = line->len;
  if (len < 5 || len > 4 + SIZE_DIGITS || memcmp(text, "old ", 4) != 0 || (len > 5 && text[4] == '0')) return false;
  *out = 0;
  for (size_t i = 4; i < len; i++) {
    if (text[i] < '0' || text[i] > '9') return false;
    *out = *out * 10 + (uint64_t)(text[i] - '0');
  }
  return *out <= OM_TREE_SIZE_MAX;
}

/* NULL, or what is wrong with it. */
static const char *parse(struct request *out, const uint8_t *body, size_t len) {
  const char *at = (const char *)body, *end = at + len;
  struct om_span line;
  struct om_status st;
  size_t extensions;
  if (!next_line(&line, &at, end) || !parse_old(&out->old, &line)) return "the first line is not \"old\" and a size";
  for (out->proof.n = 0;;) {
    size_t got;
    if (!next_line(&line, &at, end)) return "there is no blank line before the checkpoint";
    if (line.len == 0) break;
    if (out->proof.n == OM_ADD_CHECKPOINT_HASHES) return "more than 63 lines of proof";
    if (!om_base64_decode(out->proof.hashes[out->proof.n++].bytes, OM_HASH_BYTES, &got, line.data, line.len) ||
        got != OM_HASH_BYTES)
      return "a line of the proof is not base64 of 32 bytes";
  }
  if (om_note_parse(&out->note, at, (size_t)(end - at), &st) != OM_OK) return "the checkpoint is not a signed note";
  if (om_checkpoint_parse(&out->head, &extensions, out->note.text, out->note.text_len, &st) != OM_OK)
    return "the note is not a checkpoint";
  return NULL;
}

/* ---- who signed ---- */

/* 200: one of the keys for the origin has signed it, *SIGNED_BY; 404: there is no such origin; 403: none has, or a line
 * that claims it is wrong. */
static unsigned check_signed(const struct om_outside_witness *witness, const struct request *r,
                             const struct om_vkey **signed_by) {
  bool known = false;
  *signed_by = NULL;
  for (size_t i = 0; i < witness->n_keys; i++) {
    const struct om_vkey *key = &witness->keys[i];
    struct om_status st;
    if (strcmp(key->name, r->head.origin) != 0) continue;
    known = true;
    enum om_code code = om_note_verify_log(&r->note, key->name, key->key, &st);
    if (code == OM_OK && *signed_by == NULL) *signed_by = key;
    if (code != OM_OK && code != OM_MISSING) return HTTP_FORBIDDEN;
  }
  return !known ? HTTP_NOT_FOUND : *signed_by == NULL ? HTTP_FORBIDDEN : HTTP_OK;
}

/* ---- what is remembered ---- */

struct remembered {
  bool any; /* false: nothing was cosigned, which is as if an empty tree had been */
  uint64_t size;
  struct om_hash root;
};

static void row_key(struct om_hash *out, const char *origin) {
  om_sha256(out, origin, strlen(origin));
}

/* False: the store is damaged or can't be read. */
static bool recall(struct om_txn *txn, struct remembered *out, const struct om_hash *key, struct om_status *st) {
  struct om_bytes row;
  out->any = false;
  out->size = 0;
  om_empty_root(&out->root);
  if (!om_txn_get(txn, &row, TABLE, key->bytes, sizeof key->bytes)) return om_txn_check(txn, st) == OM_OK;
  if (row.len < ROW_HEAD_BYTES) return false;
  out->any = true;
  out->size = om_get64(row.data);
  memcpy(out->root.bytes, row.data + 8, sizeof out->root.bytes);
  return true;
}

static void say_conflict(struct om_http_reply *out, uint64_t size) {
  int n = snprintf(out->body, sizeof out->body, "%" PRIu64 "\n", size);
  out->status = HTTP_CONFLICT;
  out->type = "text/x.tlog.size";
  out->len = (size_t)n;
}

/* NULL, or why what the request brings does not go on from what is remembered. */
static const char *check_goes_on(const struct request *r, const struct remembered *was) {
  struct om_hash empty;
  om_empty_root(&empty);
  if (r->head.size == 0 && !om_hash_equal(&r->head.root, &empty)) return "an empty tree has another root";
  if (r->old == 0 && r->proof.n > 0) return "from the empty tree on there is nothing to prove";
  if (!om_consistency_ok(r->old, &was->root, r->head.size, &r->head.root, &r->proof))
    return "the proof does not show that this tree goes on from the one that was cosigned last";
  return NULL;
}

/* The checkpoint with its log's signature and LINE, as it is served to monitors. */
static bool keep(struct om_txn *txn, const struct request *r, const struct om_vkey *by, const struct om_hash *key,
                 const char *line, size_t line_len) {
  static _Thread_local char row[ROW_HEAD_BYTES + OM_NOTE_BYTES_MAX];
  struct om_status st;
  size_t len;
  om_be64((uint8_t *)row, r->head.size);
  memcpy(row + 8, r->head.root.bytes, sizeof r->head.root.bytes);
  if (om_note_bare(row + ROW_HEAD_BYTES, &len, &r->note, by->name, by->key, &st) != OM_OK ||
      om_note_add_line(row + ROW_HEAD_BYTES, &len, line, line_len, &st) != OM_OK)
    return false;
  om_txn_put(txn, TABLE, key->bytes, sizeof key->bytes, row, ROW_HEAD_BYTES + len);
  return true;
}

static bool read_count(struct om_txn *txn, uint64_t *out, struct om_status *st) {
  struct om_bytes row;
  *out = 0;
  if (!om_txn_get(txn, &row, TABLE, count_key, sizeof count_key)) return om_txn_check(txn, st) == OM_OK;
  if (row.len != 8) return false;
  *out = om_get64(row.data);
  return true;
}

enum om_code om_witnessed_count(uint64_t *out, struct om_store *store, struct om_status *st) {
  struct om_txn *txn;
  if (om_txn_read(&txn, store, st) != OM_OK) return st->code;
  om_status_clear(st);
  if (!read_count(txn, out, st) && st->code == OM_OK)
    om_fail(st, OM_CORRUPT, NULL, "how many heads were witnessed can't be read");
  om_txn_abort(txn);
  return st->code;
}

/* Whether the head may be cosigned by what TXN remembers, and with *NEW has to be remembered; else the answer is in
 * OUT. *COUNT: heads that were cosigned before. */
static bool may_cosign(struct om_http_reply *out, bool *new, uint64_t *count, struct om_txn *txn,
                       const struct request *r, const struct om_hash *key) {
  struct remembered was;
  struct om_status st;
  if (!recall(txn, &was, key, &st) || !read_count(txn, count, &st)) {
    om_http_say(out, HTTP_ERROR, "what was cosigned last can't be read");
    return false;
  }
  if (was.size != r->old) {
    say_conflict(out, was.size);
    return false;
  }
  const char *why = check_goes_on(r, &was);
  if (why != NULL) om_http_say(out, HTTP_UNPROCESSABLE, why);
  *new = !was.any || r->head.size != was.size;
  return why == NULL;
}

/* Compares with what is remembered and sets it; the signature leaves only when it is durable. *COUNT: heads that are
 * cosigned with this one. TXN is not ended. */
static bool set(struct om_http_reply *out, uint64_t *count, struct om_txn *txn, const struct request *r,
                const struct om_vkey *by, const struct om_hash *key, const char *line, size_t len) {
  bool new;
  uint8_t row[8];
  if (!may_cosign(out, &new, count, txn, r, key)) return false; /* another was quicker */
  if (!keep(txn, r, by, key, line, len)) {
    om_http_say(out, HTTP_BAD, "the checkpoint is too long");
    return false;
  }
  om_be64(row, ++*count);
  om_txn_put(txn, TABLE, count_key, sizeof count_key, row, sizeof row);
  return true;
}

/* Remembers the head durably; false with the answer in OUT. */
static bool remember(struct om_http_reply *out, uint64_t *count, const struct om_outside_witness *witness,
                     const struct request *r, const struct om_vkey *by, const struct om_hash *key, const char *line,
                     size_t len) {
  struct om_txn *txn;
  struct om_status st;
  enum om_code code = om_txn_write(&txn, witness->store, &st);
  if (code == OM_OK && !set(out, count, txn, r, by, key, line, len)) {
    om_txn_abort(txn);
    return false;
  }
  if (code == OM_OK) code = om_txn_commit(txn, &st);
  if (code != OM_OK) om_http_say(out, HTTP_ERROR, "the witness can't write now");
  return code == OM_OK;
}

/* Whoever is refused, or asks again for the head that was cosigned last, causes no write: nobody but a log's operator
 * makes this disk flush. */
static void answer_signed(struct om_http_reply *out, const struct om_outside_witness *witness, const struct request *r,
                          const struct om_vkey *by, uint64_t time_s) {
  struct om_txn *txn;
  struct om_hash key;
  struct om_status st;
  bool new;
  uint64_t count;
  char line[OM_NOTE_LINE_BYTES];
  row_key(&key, r->head.origin);
  if (om_txn_read(&txn, witness->store, &st) != OM_OK) {
    om_http_say(out, HTTP_ERROR, "the witness can't read now");
    return;
  }
  bool may = may_cosign(out, &new, &count, txn, r, &key);
  om_txn_abort(txn);
  if (!may) return;
  size_t len = om_note_cosign(line, witness->name, witness->secret, time_s, r->note.text, r->note.text_len);
  if (new && !remember(out, &count, witness, r, by, &key, line, len)) return;
  if (witness->note != NULL && !witness->note(witness->note_ctx, count)) {
    om_http_say(out, HTTP_ERROR, "the witness can't write beside its key now");
    return;
  }
  out->status = HTTP_OK;
  out->type = PLAIN;
  out->len = len;
  memcpy(out->body, line, len);
}

void om_add_checkpoint(struct om_http_reply *out, const struct om_outside_witness *witness, const uint8_t *body,
                       size_t len, uint64_t time_s) {
  static _Thread_local struct request r;
  const struct om_vkey *by;
  const char *why = witness->lost;
  if (why != NULL) {
    om_http_say(out, HTTP_UNAVAILABLE, why);
    return;
  }
  why = parse(&r, body, len);
  if (why != NULL) {
    om_http_say(out, HTTP_BAD, why);
    return;
  }
  unsigned status = check_signed(witness, &r, &by);
  if (status != HTTP_OK) {
    om_http_say(out, status,
                status == HTTP_NOT_FOUND ? "this witness knows no such log"
                                         : "no key that this witness trusts for the log has signed it");
    return;
  }
  if (r.old > r.head.size) {
    om_http_say(out, HTTP_BAD, "the old size is larger than the checkpoint's");
    return;
  }
  answer_signed(out, witness, &r, by, time_s);
}

/* ---- for monitors ---- */

static bool parse_hash(struct om_hash *out, const char *hex, size_t len) {
  static const char digits[] = "0123456789abcdef";
  if (len != 2 * sizeof out->bytes) return false;
  for (size_t i = 0; i < len; i++) {
    const char *digit = hex[i] != '\0' ? strchr(digits, hex[i]) : NULL;
    if (digit == NULL) return false;
    out->bytes[i / 2] = (uint8_t)(out->bytes[i / 2] << 4 | (digit - digits));
  }
  return true;
}

void om_witnessed_checkpoint(struct om_http_reply *out, const struct om_outside_witness *witness, const char *hash,
                             size_t hash_len) {
  struct om_hash key = {0};
  struct om_bytes row;
  struct om_txn *txn;
  struct om_status st;
  om_http_say(out, HTTP_NOT_FOUND, "this witness has cosigned nothing of such a log");
  if (!parse_hash(&key, hash, hash_len)) return;
  if (om_txn_read(&txn, witness->store, &st) != OM_OK) {
    om_http_say(out, HTTP_ERROR, "the witness can't read now");
    return;
  }
  if (om_txn_get(txn, &row, TABLE, key.bytes, sizeof key.bytes) && row.len > ROW_HEAD_BYTES &&
      row.len - ROW_HEAD_BYTES <= sizeof out->body) {
    out->status = HTTP_OK;
    out->len = row.len - ROW_HEAD_BYTES;
    memcpy(out->body, row.data + ROW_HEAD_BYTES, out->len);
  } else if (om_txn_check(txn, &st) != OM_OK) {
    om_http_say(out, HTTP_ERROR, "the witness can't read now");
  }
  om_txn_abort(txn);
}
