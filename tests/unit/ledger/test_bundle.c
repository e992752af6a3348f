/* Bundles that somebody has altered, cut, forged or kept back something of are refused, or fail, or say what they rest
 * on; never do they say something else than the ledger. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/bundle_state.h"
#include "ledger/evidence.h"
#include "ledger/ledger_state.h"
#include "ledger/pruned.h"
#include "support/bundled.h"
#include "support/frozen.h"
#include "support/records.h"

enum { DAEMONS = 4, MINER = 2, BUYER = 3, FRAMES_MAX = 128 };

static const int64_t T = INT64_C(1710000000000);

/* ---- a small world: metal is mined, shipped and received; the miner's other lots stay ---- */

struct scene {
  struct network net;
  char *paths[NETWORK_MAX];
  struct om_ledger *ledgers[NETWORK_MAX];
  uint8_t lot[OM_LOT_NUMBER_BYTES];
  struct om_hash shipped; /* id of the event */
};

static void submit(struct scene *s, size_t daemon, struct record record, int64_t at) {
  struct om_status st = {0};
  struct om_receipt receipt;
  assert_ok(network_submit(&s->net, daemon, s->ledgers[daemon], &receipt, record.bytes, record.len, at, &st), &st);
}

static void settle(struct scene *s, int64_t at) {
  struct om_status st = {0};
  assert_ok(network_settle(&s->net, s->ledgers, at, &st), &st);
}

static void open_scene(struct scene *s, size_t daemons, bool witnessed) {
  memset(s, 0, sizeof *s);
  network_open(&s->net, daemons, witnessed);
  network_ledgers(&s->net, s->paths, s->ledgers);
  settle(s, T);
  struct record mine = record_site(&s->net, MINER, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, T);
  submit(s, 0, mine, T);
  free(mine.bytes);
  settle(s, T + 1000);
}

static int setup(void **state) {
  static struct scene s;
  open_scene(&s, DAEMONS, true);
  struct record plant = record_site(&s.net, BUYER, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_PLANT, T);
  submit(&s, 0, plant, T + 2000);
  settle(&s, T + 2000);
  struct record beside = record_extract(&s.net, MINER, 1, 2, 5000, T + 3000);
  struct record lot = record_extract(&s.net, MINER, 1, 2, 1000, T + 4000);
  submit(&s, MINER - 1, beside, T + 3000);
  submit(&s, MINER - 1, lot, T + 4000);
  network_lot(&s.net, s.lot, NULL, lot.bytes, lot.len, 0, 0);
  settle(&s, T + 5000);
  struct record shipped = record_ship(&s.net, MINER, &lot, BUYER, T + 6000);
  s.shipped = record_event(&s.net, &shipped);
  submit(&s, MINER - 1, shipped, T + 6000);
  settle(&s, T + 7000);
  struct record received = record_receive(&s.net, BUYER, 1, &lot, &shipped, T + 8000);
  submit(&s, BUYER - 1, received, T + 8000);
  settle(&s, T + 9000);
  for (int i = 0; i < 4; i++) free((struct record[]){beside, lot, shipped, received}[i].bytes);
  free(plant.bytes);
  *state = &s;
  return 0;
}

static int teardown(void **state) {
  struct scene *s = *state;
  network_close_ledgers(&s->net, s->paths, s->ledgers);
  return 0;
}

static struct bundled written(struct scene *s) {
  struct om_status st = {0};
  struct bundled b;
  assert_ok(bundled_write(&b, s->ledgers[0], s->lot, &st), &st);
  return b;
}

/* ---- what is said of it ---- */

struct said {
  enum om_code code;
  struct om_status st;
  struct om_verdict verdict; /* where CODE is OM_OK */
  struct om_bundle_told told;
};

static void ask(struct said *out, const struct network *net, const uint8_t *bytes, size_t len,
                const struct om_checkpoint *pinned) {
  struct om_arena arena = {0};
  memset(out, 0, sizeof *out);
  out->code = bundled_verify(&arena, &out->verdict, &out->told, net, bytes, len, pinned, &out->st);
  out->verdict.findings = NULL;
  out->verdict.logs = NULL;
  om_arena_free(&arena);
}

static bool is_verified(const struct said *said) {
  return said->code == OM_OK && said->verdict.verified;
}

/* A refusal that says where and why. */
static void assert_says_why(const struct said *said) {
  assert_true(said->code == OM_NO || said->code == OM_MALFORMED);
  assert_true(strlen(said->st.text) > 20);
}

/* Whether A and B say the same of the lot. */
static bool same_answer(const struct said *a, const struct said *b) {
  for (int i = 0; i < OM_CHECKS; i++)
    if (a->verdict.checks[i].passed != b->verdict.checks[i].passed ||
        a->verdict.checks[i].failed != b->verdict.checks[i].failed ||
        a->verdict.checks[i].unknown != b->verdict.checks[i].unknown)
      return false;
  return a->verdict.records == b->verdict.records && a->verdict.lots == b->verdict.lots &&
         memcmp(a->told.lot, b->told.lot, sizeof a->told.lot) == 0 &&
         om_hash_equal(&a->told.registry.root, &b->told.registry.root);
}

/* ---- frames, for who forges ---- */

struct forged {
  struct scene *s;
  Oremark__BundleFrame *frames[FRAMES_MAX];
  size_t n;
  uint8_t *bytes;
  size_t len;
};

static void take_apart(struct forged *f, struct scene *s) {
  struct bundled b = written(s);
  memset(f, 0, sizeof *f);
  f->s = s;
  for (size_t at = OM_BUNDLE_MAGIC_BYTES; at < b.len;) {
    size_t len = om_get32(b.bytes + at);
    assert_true(f->n < FRAMES_MAX);
    f->frames[f->n] = oremark__bundle_frame__unpack(NULL, len, b.bytes + at + OM_BUNDLE_LENGTH_BYTES);
    assert_non_null(f->frames[f->n++]);
    at += OM_BUNDLE_LENGTH_BYTES + len;
  }
  free(b.bytes);
}

static void set(ProtobufCBinaryData *field, const void *bytes, size_t len) {
  free(field->data);
  field->data = malloc(len + 1);
  assert_non_null(field->data);
  if (len > 0) memcpy(field->data, bytes, len);
  field->len = len;
}

/* The hashes between the entries that are left, as the logs have them; and the counts. */
static void mend_gaps(struct forged *f) {
  uint64_t was[NETWORK_MAX] = {1}, is[NETWORK_MAX] = {1}, entries = 0;
  struct om_txn *txn;
  struct om_status st = {0};
  static struct om_log_tiles tiles;
  assert_ok(om_txn_read(&txn, om_ledger_store(f->s->ledgers[0]), &st), &st);
  for (size_t i = 0; i < f->n; i++) {
    Oremark__BundleFrame *frame = f->frames[i];
    bool entry = frame && frame->what_case == OREMARK__BUNDLE_FRAME__WHAT_ENTRY;
    struct om_hash gap[OM_GAP_MAX];
    size_t n;
    if (!entry && !(frame && frame->what_case == OREMARK__BUNDLE_FRAME__WHAT_HEAD)) continue;
    uint32_t log = entry ? frame->entry->log : frame->head->log;
    uint64_t *skipped = entry ? &frame->entry->skipped : &frame->head->skipped;
    uint64_t index = was[log] + *skipped;
    was[log] = index + 1;
    entries += entry;
    if (log == OM_LOG_REGISTRY) continue;
    if (entry && frame->entry->entry.len == 0) { /* taken out: only the place counts */
      oremark__bundle_frame__free_unpacked(frame, NULL);
      f->frames[i] = NULL;
      entries--;
      continue;
    }
    assert_ok(om_log_tiles(txn, &tiles, log, &st), &st);
    assert_ok(om_gap_read(&tiles.tiles, gap, &n, is[log], index, &st), &st);
    *skipped = index - is[log];
    set(entry ? &frame->entry->gap : &frame->head->gap, gap, n * OM_HASH_BYTES);
    is[log] = index + 1;
  }
  om_txn_abort(txn);
  size_t kept = 0;
  for (size_t i = 0; i < f->n; i++)
    if (f->frames[i]) f->frames[kept++] = f->frames[i];
  f->n = kept;
  f->frames[kept - 1]->end->frames = kept - 1;
  f->frames[kept - 1]->end->entries = entries;
}

static void put_together(struct forged *f) {
  free(f->bytes);
  f->len = OM_BUNDLE_MAGIC_BYTES;
  for (size_t i = 0; i < f->n; i++)
    f->len += OM_BUNDLE_LENGTH_BYTES + oremark__bundle_frame__get_packed_size(f->frames[i]);
  f->bytes = malloc(f->len);
  assert_non_null(f->bytes);
  memcpy(f->bytes, OM_BUNDLE_MAGIC, OM_BUNDLE_MAGIC_BYTES);
  uint8_t *at = f->bytes + OM_BUNDLE_MAGIC_BYTES;
  for (size_t i = 0; i < f->n; i++) {
    size_t len = oremark__bundle_frame__pack(f->frames[i], at + OM_BUNDLE_LENGTH_BYTES);
    om_be32(at, (uint32_t)len);
    at += OM_BUNDLE_LENGTH_BYTES + len;
  }
}

static void drop(struct forged *f) {
  for (size_t i = 0; i < f->n; i++) oremark__bundle_frame__free_unpacked(f->frames[i], NULL);
  free(f->bytes);
}

static void say(struct said *out, struct forged *f) {
  put_together(f);
  ask(out, &f->s->net, f->bytes, f->len, NULL);
}

static Oremark__BundleEntry *entry_at(const struct forged *f, size_t i) {
  return f->frames[i]->what_case == OREMARK__BUNDLE_FRAME__WHAT_ENTRY ? f->frames[i]->entry : NULL;
}

/* The frame of the entry that is the NTH (from 0) of LOG's in the file which is (not) a mark. */
static size_t find_entry(const struct forged *f, uint32_t log, bool mark, size_t nth) {
  for (size_t i = 0; i < f->n; i++) {
    const Oremark__BundleEntry *e = entry_at(f, i);
    if (!e || e->log != log) continue;
    Oremark__Entry *entry = oremark__entry__unpack(NULL, e->entry.len, e->entry.data);
    bool is = entry && (entry->what_case == OREMARK__ENTRY__WHAT_MARK) == mark;
    oremark__entry__free_unpacked(entry, NULL);
    if (is && nth-- == 0) return i;
  }
  fail_msg("no such entry");
  return 0;
}

static Oremark__BundleHead *head_of(const struct forged *f, uint32_t log) {
  for (size_t i = 0; i < f->n; i++)
    if (f->frames[i]->what_case == OREMARK__BUNDLE_FRAME__WHAT_HEAD && f->frames[i]->head->log == log)
      return f->frames[i]->head;
  fail_msg("no such head");
  return NULL;
}

/* Takes the entry of frame I out, as if the log's tree alone knew of it. */
static void leave_out(struct forged *f, size_t i) {
  set(&f->frames[i]->entry->entry, "", 0);
  mend_gaps(f);
}

/* ---- the good one ---- */

static void a_bundle_is_verified(void **state) {
  struct scene *s = *state;
  struct bundled b = written(s), again = written(s);
  struct said said;
  assert_int_equal(b.len, again.len);
  assert_memory_equal(b.bytes, again.bytes, b.len);
  ask(&said, &s->net, b.bytes, b.len, &b.written.registry);
  assert_ok(said.code, &said.st);
  assert_true(said.verdict.verified && !said.verdict.undecided);
  assert_int_equal(said.verdict.records, 3);
  assert_int_equal(said.verdict.n_checks, OM_CHECKS);
  assert_int_equal(said.verdict.checks[OM_CHECK_SIGNATURES].passed, 3);
  assert_int_equal(said.verdict.checks[OM_CHECK_TREE].passed, b.written.logs);
  assert_int_equal(said.verdict.checks[OM_CHECK_HEAD].passed, b.written.logs);
  assert_int_equal(said.told.frames, b.written.frames);
  assert_int_equal(said.told.entries, b.written.entries + 1);
  assert_int_equal(said.told.bytes, b.len);
  assert_memory_equal(said.told.lot, s->lot, sizeof s->lot);
  assert_int_equal(said.told.registry.size, b.written.registry.size);
  assert_true(said.told.registry_s > 0);
  assert_true(said.verdict.n_not_checked > 3);
  free(b.bytes);
  free(again.bytes);
}

static void what_is_not_final_or_not_there_is_not_written(void **state) {
  struct scene *s = *state;
  struct om_status st = {0};
  struct bundled b;
  uint8_t number[OM_LOT_NUMBER_BYTES] = {1};
  assert_int_equal(bundled_write(&b, s->ledgers[0], number, &st), OM_MISSING);
  struct record lot = record_extract(&s->net, MINER, 1, 1, 1000, T + 30000);
  submit(s, MINER - 1, lot, T + 30000);
  network_lot(&s->net, number, NULL, lot.bytes, lot.len, 0, 0);
  assert_refused(bundled_write(&b, s->ledgers[MINER - 1], number, &st), OM_WAIT, "final", &st);
  assert_int_equal(b.len, 0);
  free(lot.bytes);
  free(b.bytes);
}

/* ---- damage ---- */

static void every_cut_is_noticed(void **state) {
  struct scene *s = *state;
  struct bundled b = written(s);
  struct said said;
  for (size_t len = 0; len<b.len; len += len> 64 && len + 64 < b.len ? 37 : 1) {
    ask(&said, &s->net, b.bytes, len, NULL);
    if (said.code != OM_MALFORMED) fail_msg("cut at %zu of %zu: %s", len, b.len, said.st.text);
    assert_true(strlen(said.st.text) > 20);
  }
  b.bytes = realloc(b.bytes, b.len + 1);
  assert_non_null(b.bytes);
  b.bytes[b.len] = 0;
  ask(&said, &s->net, b.bytes, b.len + 1, NULL);
  assert_int_equal(said.code, OM_MALFORMED);
  free(b.bytes);
}

/* Each byte of BYTES from FROM on in steps, one bit of it changed. */
static void flip(struct scene *s, const struct bundled *b, size_t step) {
  struct said good, said;
  ask(&good, &s->net, b->bytes, b->len, NULL);
  assert_true(is_verified(&good));
  for (size_t i = 0; i < b->len; i += step) {
    uint8_t bit = (uint8_t)(1u << i % 8);
    b->bytes[i] ^= bit;
    ask(&said, &s->net, b->bytes, b->len, NULL);
    if (said.code != OM_OK)
      assert_says_why(&said);
    else if (is_verified(&said) && !same_answer(&good, &said))
      fail_msg("byte %zu of %zu changes the answer", i, b->len);
    b->bytes[i] ^= bit;
  }
}

/* The smallest bundle there is: one record of one daemon, with quorum 0. */
static void any_byte_changed_is_noticed_or_changes_nothing(void **state) {
  (void)state;
  static struct scene s;
  open_scene(&s, MINER, false);
  struct record lot = record_extract(&s.net, MINER, 1, 1, 1000, T + 4000);
  submit(&s, MINER - 1, lot, T + 4000);
  network_lot(&s.net, s.lot, NULL, lot.bytes, lot.len, 0, 0);
  settle(&s, T + 5000);
  struct bundled b = written(&s);
  flip(&s, &b, 1);
  free(b.bytes);
  free(lot.bytes);
  network_close_ledgers(&s.net, s.paths, s.ledgers);
}

static void bytes_of_a_witnessed_bundle_changed(void **state) {
  struct scene *s = *state;
  struct bundled b = written(s);
  flip(s, &b, 41);
  free(b.bytes);
}

/* ---- forgeries ---- */

static void entries_in_each_others_places(void **state) {
  struct forged f;
  struct said said;
  take_apart(&f, *state);
  size_t a = find_entry(&f, MINER - 1, false, 0), b = find_entry(&f, MINER - 1, false, 1);
  ProtobufCBinaryData entry = f.frames[a]->entry->entry;
  f.frames[a]->entry->entry = f.frames[b]->entry->entry;
  f.frames[b]->entry->entry = entry;
  say(&said, &f);
  assert_says_why(&said);
  drop(&f);
}

static void hashes_that_are_others(void **state) {
  struct forged f;
  struct said said;
  size_t tried = 0;
  take_apart(&f, *state);
  for (size_t i = 0; i < f.n; i++) {
    bool head = f.frames[i]->what_case == OREMARK__BUNDLE_FRAME__WHAT_HEAD;
    ProtobufCBinaryData *gap = entry_at(&f, i) ? &f.frames[i]->entry->gap : head ? &f.frames[i]->head->gap : NULL;
    if (!gap || gap->len == 0) continue;
    gap->data[gap->len - 1] ^= 4;
    say(&said, &f);
    assert_says_why(&said);
    assert_non_null(strstr(said.st.text, "do not lead to the head"));
    gap->data[gap->len - 1] ^= 4;
    tried++;
  }
  assert_true(tried > 0);
  drop(&f);
}

/* Who has the key signs what the log never took in: all rules are kept, but the tree knows nothing of it. */
static void a_valid_statement_that_no_log_has(void **state) {
  struct scene *s = *state;
  struct forged f;
  struct said said;
  take_apart(&f, s);
  size_t at = find_entry(&f, MINER - 1, false, 0);
  Oremark__Entry *entry = oremark__entry__unpack(NULL, f.frames[at]->entry->entry.len, f.frames[at]->entry->entry.data);
  struct record more = record_extract(&s->net, MINER, 1, 2, 9000, entry->taken_ms);
  size_t len;
  uint8_t *forged = network_entry(&len, more.bytes, more.len, entry->taken_ms);
  set(&f.frames[at]->entry->entry, forged, len);
  network_lot(&s->net, f.frames[0]->begin->lot.data, NULL, more.bytes, more.len, 0, 0);
  for (size_t i = 0; i < f.n; i++) { /* of what was in the place of it, nothing is told */
    Oremark__BundleEntry *e = entry_at(&f, i);
    if (e && i != at && e->events.len > 0) set(&e->events, "", 0);
  }
  say(&said, &f);
  assert_says_why(&said);
  assert_non_null(strstr(said.st.text, "do not lead to the head"));
  free(forged);
  forged = network_entry(&len, more.bytes, more.len, T - 1); /* before the log began */
  set(&f.frames[at]->entry->entry, forged, len);
  say(&said, &f);
  assert_says_why(&said);
  assert_non_null(strstr(said.st.text, "in front of it"));
  oremark__entry__free_unpacked(entry, NULL);
  free(more.bytes);
  free(forged);
  drop(&f);
}

static void an_entry_told_twice(void **state) {
  struct forged f;
  struct said said;
  take_apart(&f, *state);
  size_t at = find_entry(&f, MINER - 1, false, 0);
  put_together(&f);
  uint8_t packed[4096];
  assert_true(oremark__bundle_frame__get_packed_size(f.frames[at]) <= sizeof packed);
  size_t len = oremark__bundle_frame__pack(f.frames[at], packed);
  memmove(&f.frames[at + 2], &f.frames[at + 1], (f.n++ - at - 1) * sizeof f.frames[0]);
  f.frames[at + 1] = oremark__bundle_frame__unpack(NULL, len, packed);
  f.frames[at + 1]->entry->skipped = 0;
  set(&f.frames[at + 1]->entry->gap, "", 0);
  f.frames[f.n - 1]->end->frames++;
  f.frames[f.n - 1]->end->entries++;
  say(&said, &f);
  assert_says_why(&said);
  assert_string_equal(said.st.rule, "again");
  drop(&f);
}

/* The receipt leans on the shipment, which only a mark makes its log's business. */
static void a_mark_that_is_leaned_on_is_left_out(void **state) {
  struct forged f;
  struct said said;
  take_apart(&f, *state);
  size_t received = find_entry(&f, BUYER - 1, false, 0), at = 0;
  for (size_t i = 0; i < received; i++) {
    const Oremark__BundleEntry *e = entry_at(&f, i);
    Oremark__Entry *entry = e && e->log == BUYER - 1 ? oremark__entry__unpack(NULL, e->entry.len, e->entry.data) : NULL;
    if (entry && entry->what_case == OREMARK__ENTRY__WHAT_MARK && entry->mark->log == MINER - 1) at = i;
    oremark__entry__free_unpacked(entry, NULL);
  }
  assert_true(at > 0);
  leave_out(&f, at);
  say(&said, &f);
  assert_says_why(&said);
  assert_non_null(strstr(said.st.text, "marked here"));
  drop(&f);
}

static void the_first_entry_of_a_log_is_left_out(void **state) {
  struct forged f;
  struct said said;
  take_apart(&f, *state);
  leave_out(&f, find_entry(&f, MINER - 1, true, 0));
  say(&said, &f);
  assert_says_why(&said);
  drop(&f);
}

static void an_event_of_the_lineage_is_left_out(void **state) {
  static const struct {
    uint32_t log;
    size_t nth;
    const char *rule;
  } table[] = {{MINER - 1, 0, "lot"}, {MINER - 1, 1, "chain"}};
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    struct forged f;
    struct said said;
    take_apart(&f, *state);
    leave_out(&f, find_entry(&f, table[i].log, false, table[i].nth));
    say(&said, &f);
    assert_says_why(&said);
    assert_string_equal(said.st.rule, table[i].rule);
    drop(&f);
  }
}

/* The hint is not believed: what it leaves out is missed, and what it adds is judged. */
static void the_events_to_judge_are_told_wrong(void **state) {
  for (size_t nth = 0; nth < 2; nth++) {
    struct forged f;
    struct said said;
    take_apart(&f, *state);
    size_t at = find_entry(&f, MINER - 1, false, nth);
    assert_true(f.frames[at]->entry->events.len == 1 && f.frames[at]->entry->events.data[0] == 1);
    set(&f.frames[at]->entry->events, "", 0);
    say(&said, &f);
    assert_says_why(&said);
    set(&f.frames[at]->entry->events, "\3", 1); /* there is no event 1 */
    say(&said, &f);
    assert_says_why(&said);
    set(&f.frames[at]->entry->events, "\1\0", 2); /* not the one way to say it */
    say(&said, &f);
    assert_int_equal(said.code, OM_MALFORMED);
    drop(&f);
  }
}

/* A lot of the lineage stated beside an event of its own: whatever is made of that is not believed. */
static void lots_of_the_lineage_are_stated(void **state) {
  struct scene *s = *state;
  for (uint32_t step = 0; step < 2; step++) {
    struct forged f;
    struct said said;
    struct om_status st = {0};
    struct om_txn *txn;
    struct om_bytes row;
    uint8_t key[OM_LOT_KEY_BYTES];
    take_apart(&f, s);
    size_t at = step == 0 ? find_entry(&f, MINER - 1, false, 1) : find_entry(&f, BUYER - 1, false, 0);
    Oremark__BundleOther *other = malloc(sizeof *other);
    Oremark__BundleEntry *e = f.frames[at]->entry;
    assert_non_null(other);
    oremark__bundle_other__init(other);
    om_lot_key(key, s->lot, step);
    assert_ok(om_txn_read(&txn, om_ledger_store(s->ledgers[0]), &st), &st);
    assert_true(om_txn_get(txn, &row, OM_TABLE_LOTS, key, sizeof key));
    set(&other->key, key, sizeof key);
    set(&other->row, row.data, row.len);
    om_txn_abort(txn);
    e->others = malloc(sizeof *e->others);
    assert_non_null(e->others);
    e->others[0] = other;
    e->n_others = 1;
    say(&said, &f);
    if (step == 0)
      assert_says_why(&said); /* the receipt then follows on nothing */
    else
      assert_true(said.code == OM_OK && said.verdict.records == 2); /* what became of it later is not told */
    other->key.data[OM_LOT_NUMBER_BYTES] = 0xFF;                    /* as many steps as no lot has */
    memset(other->key.data + OM_LOT_NUMBER_BYTES, 0xFF, 4);
    say(&said, &f);
    assert_says_why(&said);
    drop(&f);
  }
}

static void heads_of_others(void **state) {
  struct forged f;
  struct said said;
  take_apart(&f, *state);
  Oremark__BundleHead *mine = head_of(&f, MINER - 1), *theirs = head_of(&f, BUYER - 1);
  ProtobufCBinaryData note = mine->note;
  mine->note = theirs->note;
  theirs->note = note;
  say(&said, &f);
  assert_says_why(&said);
  note = mine->note;
  mine->note = theirs->note;
  theirs->note = note;
  set(&mine->note, "", 0); /* as if the registry stated it */
  say(&said, &f);
  assert_says_why(&said);
  drop(&f);
}

/* A head that carries one cosignature less than a quorum. */
static void heads_without_a_quorum(void **state) {
  for (uint32_t log = 0; log < BUYER; log++) {
    struct forged f;
    struct said said;
    take_apart(&f, *state);
    ProtobufCBinaryData *note = &head_of(&f, log)->note;
    size_t lines = 0, len = note->len;
    while (lines < 1) { /* takes the last line away */
      len--;
      while (note->data[len - 1] != '\n') len--;
      lines++;
    }
    note->len = len;
    say(&said, &f);
    assert_says_why(&said);
    assert_string_equal(said.st.rule, "quorum");
    drop(&f);
  }
}

static void frames_out_of_order(void **state) {
  struct said said;
  struct forged f;
  take_apart(&f, *state);
  size_t received = find_entry(&f, BUYER - 1, false, 0);
  for (size_t i = 0; i + 1 < f.n; i++) { /* each with the next */
    Oremark__BundleFrame *frame = f.frames[i];
    const Oremark__BundleEntry *a = entry_at(&f, i), *b = entry_at(&f, i + 1);
    if (a && b && a->log != b->log && i + 1 != received) continue; /* these may stand so, or so */
    f.frames[i] = f.frames[i + 1];
    f.frames[i + 1] = frame;
    say(&said, &f);
    if (is_verified(&said)) fail_msg("frame %zu", i);
    f.frames[i + 1] = f.frames[i];
    f.frames[i] = frame;
  }
  say(&said, &f);
  assert_true(is_verified(&said));
  drop(&f);
}

static void counts_versions_and_lots(void **state) {
  struct forged f;
  struct said said;
  take_apart(&f, *state);
  f.frames[f.n - 1]->end->entries++;
  say(&said, &f);
  assert_int_equal(said.code, OM_MALFORMED);
  f.frames[f.n - 1]->end->entries--;
  f.frames[0]->begin->version = 2;
  say(&said, &f);
  assert_int_equal(said.code, OM_MALFORMED);
  assert_non_null(strstr(said.st.text, "version"));
  f.frames[0]->begin->version = 1;
  f.frames[0]->begin->lot.data[3] ^= 1;
  say(&said, &f);
  assert_says_why(&said);
  assert_string_equal(said.st.rule, "lot");
  f.frames[0]->begin->lot.data[3] ^= 1;
  f.frames[0]->begin->network_id.data[0] ^= 1;
  say(&said, &f);
  assert_int_equal(said.code, OM_NO);
  drop(&f);
}

static void a_length_beyond_the_limit(void **state) {
  struct scene *s = *state;
  struct bundled b = written(s);
  struct said said;
  static const uint32_t lengths[] = {0, OM_BUNDLE_FRAME_MAX_BYTES + 1, UINT32_MAX, OM_BUNDLE_FRAME_MAX_BYTES};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    om_be32(b.bytes + OM_BUNDLE_MAGIC_BYTES, lengths[i]);
    ask(&said, &s->net, b.bytes, b.len, NULL);
    assert_int_equal(said.code, OM_MALFORMED);
  }
  free(b.bytes);
}

/* ---- the registry ---- */

static void an_older_registry_than_is_known(void **state) {
  struct scene *s = *state;
  struct bundled old = written(s), new;
  struct said said;
  struct record act = record_site(&s->net, BUYER + 1, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_PLANT, T + 20000);
  submit(s, 0, act, T + 20000);
  settle(s, T + 21000);
  new = written(s);
  assert_true(new.written.registry.size > old.written.registry.size);
  ask(&said, &s->net, old.bytes, old.len, &old.written.registry);
  assert_true(is_verified(&said));
  ask(&said, &s->net, new.bytes, new.len, &old.written.registry); /* it goes on from there */
  assert_true(is_verified(&said));
  ask(&said, &s->net, old.bytes, old.len, &new.written.registry);
  assert_refused(said.code, OM_NO, "registry-head", &said.st);
  assert_non_null(strstr(said.st.text, "newer bundle"));
  struct om_checkpoint beside = old.written.registry;
  beside.root.bytes[5] ^= 1;
  ask(&said, &s->net, new.bytes, new.len, &beside);
  assert_refused(said.code, OM_NO, "registry-head", &said.st);
  assert_non_null(strstr(said.st.text, "made up"));
  free(act.bytes);
  free(old.bytes);
  free(new.bytes);
}

/* The last act is not told: the head covers more then. */
static void an_act_of_the_registry_is_kept_back(void **state) {
  struct forged f;
  struct said said;
  take_apart(&f, *state);
  size_t last = 0;
  for (size_t i = 0; i < f.n; i++)
    if (entry_at(&f, i) && entry_at(&f, i)->log == OM_LOG_REGISTRY) last = i;
  oremark__bundle_frame__free_unpacked(f.frames[last], NULL);
  memmove(&f.frames[last], &f.frames[last + 1], (--f.n - last) * sizeof f.frames[0]);
  f.frames[f.n - 1]->end->frames--;
  f.frames[f.n - 1]->end->entries--;
  say(&said, &f);
  assert_says_why(&said);
  drop(&f);
}

/* ---- evidence ---- */

static void evidence_against_its_logs_goes_with_it(void **state) {
  (void)state;
  static struct scene s;
  struct said said;
  open_scene(&s, MINER, false);
  struct record lot = record_extract(&s.net, MINER, 1, 1, 1000, T + 4000);
  submit(&s, MINER - 1, lot, T + 4000);
  network_lot(&s.net, s.lot, NULL, lot.bytes, lot.len, 0, 0);
  settle(&s, T + 5000);
  frozen_log(s.ledgers[0], &s.net, MINER - 1);
  bundled_agrees(s.ledgers[0], &s.net, s.lot);
  struct bundled b = written(&s);
  ask(&said, &s.net, b.bytes, b.len, NULL);
  assert_ok(said.code, &said.st);
  assert_true(!said.verdict.verified && said.verdict.undecided);
  assert_int_equal(said.verdict.checks[OM_CHECK_HISTORY].failed, 1);
  assert_int_equal(said.told.evidence, 1);
  free(b.bytes);
  free(lot.bytes);
  network_close_ledgers(&s.net, s.paths, s.ledgers);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_bundle_is_verified),
      cmocka_unit_test(every_cut_is_noticed),
      cmocka_unit_test(any_byte_changed_is_noticed_or_changes_nothing),
      cmocka_unit_test(bytes_of_a_witnessed_bundle_changed),
      cmocka_unit_test(entries_in_each_others_places),
      cmocka_unit_test(hashes_that_are_others),
      cmocka_unit_test(a_valid_statement_that_no_log_has),
      cmocka_unit_test(an_entry_told_twice),
      cmocka_unit_test(a_mark_that_is_leaned_on_is_left_out),
      cmocka_unit_test(the_first_entry_of_a_log_is_left_out),
      cmocka_unit_test(an_event_of_the_lineage_is_left_out),
      cmocka_unit_test(the_events_to_judge_are_told_wrong),
      cmocka_unit_test(lots_of_the_lineage_are_stated),
      cmocka_unit_test(heads_of_others),
      cmocka_unit_test(heads_without_a_quorum),
      cmocka_unit_test(frames_out_of_order),
      cmocka_unit_test(counts_versions_and_lots),
      cmocka_unit_test(a_length_beyond_the_limit),
      cmocka_unit_test(an_act_of_the_registry_is_kept_back),
      cmocka_unit_test(evidence_against_its_logs_goes_with_it),
      /* These add to the logs. */
      cmocka_unit_test(an_older_registry_than_is_known),
      cmocka_unit_test(what_is_not_final_or_not_there_is_not_written),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
