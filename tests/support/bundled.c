#include "support/bundled.h"
#include "support/verify.h"

#include "support/test.h"

#include <stdlib.h>
#include <string.h>

static enum om_code sink_write(void *ctx, const uint8_t *bytes, size_t len, struct om_status *st) {
  struct bundled *b = ctx;
  (void)st;
  if (b->len + len > b->cap) {
    b->cap = 2 * (b->len + len);
    b->bytes = realloc(b->bytes, b->cap);
    assert_non_null(b->bytes);
  }
  memcpy(b->bytes + b->len, bytes, len);
  b->len += len;
  return OM_OK;
}

enum om_code bundled_write(struct bundled *out, struct om_ledger *ledger, const uint8_t number[OM_LOT_NUMBER_BYTES],
                           struct om_status *st) {
  struct om_txn *txn;
  struct om_bundle_sink sink = {.ctx = out, .write = sink_write};
  *out = (struct bundled){0};
  assert_ok(om_txn_read(&txn, om_ledger_store(ledger), st), st);
  enum om_code code = om_bundle_write(txn, &out->written, om_ledger_network(ledger), number, &sink, NULL, st);
  om_txn_abort(txn);
  if (code == OM_OK) assert_int_equal(out->written.bytes, out->len);
  return code;
}

struct reading {
  const uint8_t *bytes;
  size_t len, at;
};

static enum om_code source_read(void *ctx, uint8_t *out, size_t *n, size_t wanted, struct om_status *st) {
  struct reading *r = ctx;
  (void)st;
  *n = r->len - r->at < wanted ? r->len - r->at : wanted;
  if (*n > 0) memcpy(out, r->bytes + r->at, *n);
  r->at += *n;
  return OM_OK;
}

static enum om_code judge_all(struct om_bundle *b, struct om_status *st) {
  enum om_code code = OM_OK;
  for (size_t n = 1; code == OM_OK && n > 0;) {
    code = om_bundle_next(b, &n, st);
    if (code == OM_OK && n > 0) code = om_bundle_apply(b, st);
  }
  return code;
}

enum om_code bundled_verify(struct om_arena *arena, struct om_verdict *out, struct om_bundle_told *told,
                            const struct network *net, const uint8_t *bytes, size_t len,
                            const struct om_checkpoint *pinned, struct om_status *st) {
  struct reading reading = {bytes, len, 0};
  struct om_bundle_source source = {.ctx = &reading, .bytes = len, .read = source_read};
  char *folder = temp_folder();
  struct om_bundle *b;
  enum om_code code = om_bundle_open(&b, &source, folder, net->genesis, net->genesis_len, pinned, st);
  if (code == OM_OK) {
    code = judge_all(b, st);
    if (code == OM_OK) code = om_bundle_finish(b, arena, out, told, NULL, st);
    om_bundle_close(b);
  }
  remove_folder(folder);
  return code;
}

enum om_code bundled_read(struct om_bundle **out, const struct network *net, const uint8_t *bytes, size_t len,
                          uint64_t said, struct om_status *st) {
  struct reading *reading = calloc(1, sizeof *reading);
  char *folder = temp_folder();
  assert_non_null(reading);
  *reading = (struct reading){bytes, len, 0};
  struct om_bundle_source source = {.ctx = reading, .bytes = said, .read = source_read};
  assert_ok(om_bundle_open(out, &source, folder, net->genesis, net->genesis_len, NULL, st), st);
  enum om_code code = judge_all(*out, st);
  remove_folder(folder); /* what is open stays usable */
  free(reading);
  return code;
}

enum om_code bundled_verify_at(struct om_arena *arena, struct om_verdict *out, struct om_bundle_told *told,
                               struct om_as_of *found, const struct network *net, const uint8_t *bytes, size_t len,
                               const struct om_moment *moment, struct om_status *st) {
  struct om_bundle *b;
  enum om_code code = bundled_read(&b, net, bytes, len, len, st);
  if (code == OM_OK) code = om_bundle_as_of(b, found, moment, st);
  if (code == OM_OK) code = om_bundle_finish(b, arena, out, told, NULL, st);
  om_bundle_close(b);
  return code;
}

void bundled_apart(struct bundled_frames *out, const struct bundled *b) {
  enum { MAGIC = sizeof OM_BUNDLE_MAGIC - 1, LENGTH = 4 };
  out->n = 0;
  for (size_t at = MAGIC; at < b->len; out->n++) {
    size_t len = om_get32(b->bytes + at);
    assert_true(out->n < BUNDLED_FRAMES_MAX);
    out->all[out->n] = oremark__bundle_frame__unpack(NULL, len, b->bytes + at + LENGTH);
    assert_non_null(out->all[out->n]);
    at += LENGTH + len;
  }
}

void bundled_together(struct bundled *out, const struct bundled_frames *frames) {
  struct om_status st;
  *out = (struct bundled){0};
  sink_write(out, (const uint8_t *)OM_BUNDLE_MAGIC, sizeof OM_BUNDLE_MAGIC - 1, &st);
  for (size_t i = 0; i < frames->n; i++) {
    size_t len = oremark__bundle_frame__get_packed_size(frames->all[i]);
    uint8_t length[4], *packed = malloc(len + 1);
    assert_non_null(packed);
    om_be32(length, (uint32_t)len);
    oremark__bundle_frame__pack(frames->all[i], packed);
    sink_write(out, length, sizeof length, &st);
    sink_write(out, packed, len, &st);
    free(packed);
  }
}

void bundled_drop(struct bundled_frames *frames) {
  for (size_t i = 0; i < frames->n; i++) oremark__bundle_frame__free_unpacked(frames->all[i], NULL);
}

/* Checks whose counts are not about the same: what was hashed, and where what a whole store knows is not in a file. */
static bool is_compared(enum om_check_kind kind) {
  return kind != OM_CHECK_BYTES && kind != OM_CHECK_TREE && kind != OM_CHECK_HEAD && kind != OM_CHECK_FINAL &&
         kind != OM_CHECK_HISTORY && kind != OM_CHECK_OUTPUT;
}

static bool same_counts(const struct om_check *a, const struct om_check *b) {
  return a->passed == b->passed && a->failed == b->failed && a->unknown == b->unknown;
}

static bool same_finding(const struct om_verdict_finding *a, const struct om_verdict_finding *b) {
  bool same = strcmp(a->kind, b->kind) == 0 && strcmp(a->text, b->text) == 0 && a->n_records == b->n_records &&
              a->more_records == b->more_records;
  for (size_t i = 0; same && i < a->n_records; i++) same = strcmp(a->records[i], b->records[i]) == 0;
  return same;
}

static bool tells(const struct om_verdict *v, const struct om_verdict_finding *finding) {
  for (size_t i = 0; i < v->n_findings; i++)
    if (same_finding(&v->findings[i], finding)) return true;
  return false;
}

/* What ONE finds, the other finds as well; but what sites put out in all. */
static bool all_found(const struct om_verdict *one, const struct om_verdict *other, const char *where) {
  bool all = true;
  for (size_t i = 0; i < one->n_findings; i++) {
    const struct om_verdict_finding *finding = &one->findings[i];
    if (strcmp(finding->kind, "output") == 0 || tells(other, finding)) continue;
    print_error("only %s: %s: %s\n", where, finding->kind, finding->text);
    all = false;
  }
  return all;
}

static void compare(const struct om_verdict *here, const struct om_verdict *there) {
  bool same = all_found(here, there, "here") && all_found(there, here, "by the bundle");
  for (int i = 0; i < OM_CHECKS; i++) {
    const struct om_check *a = &here->checks[i], *b = &there->checks[i];
    if (!is_compared((enum om_check_kind)i) ? b->failed == a->failed : same_counts(a, b)) continue;
    print_error("%s: here %d passed, %d failed, %d unknown (%s); by the bundle %d, %d, %d (%s)\n", a->name,
                (int)a->passed, (int)a->failed, (int)a->unknown, a->first, (int)b->passed, (int)b->failed,
                (int)b->unknown, b->first);
    same = false;
  }
  assert_true(same);
  assert_int_equal(here->verified, there->verified);
  assert_int_equal(here->undecided, there->undecided);
  assert_int_equal(here->records, there->records);
  assert_int_equal(here->lots, there->lots);
}

void bundled_agrees(struct om_ledger *ledger, const struct network *net, const uint8_t number[OM_LOT_NUMBER_BYTES]) {
  struct om_status st = {0};
  struct om_arena arena = {0};
  struct om_verdict here, there;
  struct om_bundle_told told;
  struct om_txn *txn;
  struct bundled b;
  assert_ok(om_txn_read(&txn, om_ledger_store(ledger), &st), &st);
  assert_ok(verify_lot(txn, &arena, &here, &net->id, number, true, &st), &st);
  om_txn_abort(txn);
  assert_ok(bundled_write(&b, ledger, number, &st), &st);
  assert_ok(bundled_verify(&arena, &there, &told, net, b.bytes, b.len, &b.written.registry, &st), &st);
  compare(&here, &there);
  free(b.bytes);
  om_arena_free(&arena);
}
