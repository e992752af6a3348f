/* The witness for other people's logs: every answer that C2SP tlog-witness asks for, and that nothing is forgotten. */
#include "support/test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/add_checkpoint.h"
#include "ledger/merkle.h"
#include "support/keyfiles.h"

enum { ENTRIES = 20, NOW_S = 1795000000, MAP_BYTES = 8 << 20 };

#define ORIGIN "example.com/log"

struct fixture {
  char *folder;
  struct om_store *store;
  struct om_secret *log, *other, *witness;
  struct om_vkey keys[2];
  struct om_edge edges[ENTRIES + 1];
  struct om_outside_witness config;
  struct om_http_reply reply;
};

static struct fixture f;

static struct om_secret *secret(uint8_t seed_byte) {
  uint8_t seed[OM_PUBLIC_BYTES];
  struct om_status st;
  struct om_secret *out;
  memset(seed, seed_byte, sizeof seed);
  assert_int_equal(om_secret_new(&out, seed, &st), OM_OK);
  return out;
}

static void vkey(struct om_vkey *out, const char *name, const struct om_secret *of) {
  char text[OM_VKEY_BYTES];
  struct om_status st;
  om_vkey_format(text, name, OM_ALG_ED25519, om_secret_public(of));
  assert_int_equal(om_vkey_parse(out, text, strlen(text), &st), OM_OK);
}

static enum om_code no_tile(void *arg, unsigned level, uint64_t index, const struct om_hash hashes[OM_TILE_HASHES],
                            struct om_status *st) {
  (void)arg, (void)level, (void)index, (void)hashes, (void)st;
  return OM_OK;
}

static void open_store(void) {
  char path[4096];
  struct om_status st;
  snprintf(path, sizeof path, "%s/witnessed", f.folder);
  if (om_store_open(&f.store, path, MAP_BYTES, &st) != OM_OK) fail_msg("%s", st.text);
  f.config = (struct om_outside_witness){
      .store = f.store, .name = "witness.example/w", .secret = f.witness, .n_keys = 1, .keys = f.keys};
}

static int open_fixture(void **state) {
  (void)state;
  memset(&f, 0, sizeof f);
  f.folder = temp_folder();
  f.log = secret(1), f.other = secret(2), f.witness = secret(3);
  vkey(&f.keys[0], ORIGIN, f.log);
  vkey(&f.keys[1], ORIGIN, f.other);
  for (uint8_t i = 0; i < ENTRIES; i++) {
    struct om_hash leaf;
    struct om_status st;
    om_leaf_hash(&leaf, &i, 1);
    f.edges[i + 1] = f.edges[i];
    assert_int_equal(om_edge_append(&f.edges[i + 1], &leaf, no_tile, NULL, &st), OM_OK);
  }
  open_store();
  return 0;
}

static int close_fixture(void **state) {
  (void)state;
  om_store_close(f.store);
  om_secret_free(f.log), om_secret_free(f.other), om_secret_free(f.witness);
  remove_folder(f.folder);
  return 0;
}

/* ---- requests ---- */

struct body {
  char text[OM_ADD_CHECKPOINT_MAX_BYTES + 1];
  size_t len;
};

static void add(struct body *b, const char *text) {
  size_t len = strlen(text);
  assert_true(b->len + len < sizeof b->text);
  memcpy(b->text + b->len, text, len + 1);
  b->len += len;
}

static void add_proof(struct body *b, uint64_t old, uint64_t size) {
  struct om_tiles tiles = {.edge = &f.edges[size]};
  struct om_proof proof;
  struct om_status st;
  assert_int_equal(om_prove_consistency(&tiles, &proof, old, size, &st), OM_OK);
  for (size_t i = 0; i < proof.n; i++) {
    char line[OM_BASE64_BYTES(OM_HASH_BYTES)];
    om_base64(line, sizeof line, proof.hashes[i].bytes, OM_HASH_BYTES);
    add(b, line);
    add(b, "\n");
  }
}

static void add_note(struct body *b, const struct om_checkpoint *head, const char *more, const struct om_secret *by) {
  char text[OM_CHECKPOINT_BYTES + 64], line[OM_NOTE_LINE_BYTES];
  size_t len = om_checkpoint_format(text, head);
  len += (size_t)snprintf(text + len, sizeof text - len, "%s", more);
  om_note_sign(line, head->origin, by, text, len);
  add(b, "\n");
  add(b, text);
  add(b, "\n");
  add(b, line);
}

static struct om_checkpoint head_at(uint64_t size) {
  struct om_checkpoint head = {.origin = ORIGIN, .size = size};
  om_edge_root(&f.edges[size], &head.root);
  return head;
}

static unsigned ask(const struct body *b) {
  om_add_checkpoint(&f.reply, &f.config, (const uint8_t *)b->text, b->len, NOW_S);
  return f.reply.status;
}

/* An honest request; what it says of the old size need not be. */
static void honest(struct body *b, uint64_t old, uint64_t size) {
  struct om_checkpoint head = head_at(size);
  b->len = 0;
  b->len = (size_t)snprintf(b->text, sizeof b->text, "old %" PRIu64 "\n", old);
  if (old <= size) add_proof(b, old, size);
  add_note(b, &head, "", f.log);
}

static unsigned ask_honest(uint64_t old, uint64_t size) {
  static struct body b;
  honest(&b, old, size);
  return ask(&b);
}

static unsigned ask_text(const char *text) {
  static struct body b;
  b.len = 0;
  add(&b, text);
  return ask(&b);
}

static void check_remembers(uint64_t size) {
  char text[32];
  int n = snprintf(text, sizeof text, "%" PRIu64 "\n", size);
  assert_int_equal(ask_honest(size == 7 ? 8 : 7, ENTRIES), 409);
  assert_string_equal(f.reply.type, "text/x.tlog.size");
  assert_int_equal(f.reply.len, n);
  assert_memory_equal(f.reply.body, text, f.reply.len);
}

/* The body of the last reply is this witness's cosignature of HEAD with MORE behind it. */
static void check_cosigned(const struct om_checkpoint *head, const char *more) {
  char note[OM_NOTE_BYTES_MAX], text[OM_CHECKPOINT_BYTES + 64];
  struct om_note parsed;
  struct om_status st;
  uint64_t time_s;
  size_t len, text_len = om_checkpoint_format(text, head);
  text_len += (size_t)snprintf(text + text_len, sizeof text - text_len, "%s", more);
  assert_int_equal(om_note_begin(note, &len, text, text_len, &st), OM_OK);
  assert_int_equal(om_note_add_line(note, &len, f.reply.body, f.reply.len, &st), OM_OK);
  assert_int_equal(om_note_parse(&parsed, note, len, &st), OM_OK);
  assert_int_equal(om_note_verify_cosignature(&parsed, &time_s, "witness.example/w", om_secret_public(f.witness), &st),
                   OM_OK);
  assert_int_equal(time_s, NOW_S);
}

/* ---- tests ---- */

static void test_a_log_that_grows(void **state) {
  (void)state;
  static const uint64_t sizes[] = {1, 1, 2, 8, 13, 16, 20, 20};
  uint64_t old = 0;
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    struct om_checkpoint head = head_at(sizes[i]);
    assert_int_equal(ask_honest(old, sizes[i]), 200);
    check_cosigned(&head, "");
    old = sizes[i];
    check_remembers(old);
  }
  om_store_close(f.store);
  open_store();
  check_remembers(ENTRIES);
}

static void test_an_empty_log(void **state) {
  (void)state;
  struct om_checkpoint head = head_at(0);
  static struct body b;
  assert_int_equal(ask_honest(0, 0), 200);
  check_cosigned(&head, "");
  check_remembers(0);
  head.root.bytes[0] ^= 1;
  b.len = 0;
  add(&b, "old 0\n");
  add_note(&b, &head, "", f.log);
  assert_int_equal(ask(&b), 422);
}

static void test_extension_lines_are_signed_too(void **state) {
  (void)state;
  struct om_checkpoint head = head_at(3);
  static struct body b;
  b.len = 0;
  add(&b, "old 0\n");
  add_note(&b, &head, "an extension\n", f.log);
  assert_int_equal(ask(&b), 200);
  check_cosigned(&head, "an extension\n");
}

static void test_another_history(void **state) {
  (void)state;
  struct om_checkpoint head = head_at(12);
  static struct body b;
  assert_int_equal(ask_honest(0, 7), 200);
  head.root.bytes[5] ^= 1;
  b.len = 0;
  add(&b, "old 7\n");
  add_proof(&b, 7, 12);
  add_note(&b, &head, "", f.log);
  assert_int_equal(ask(&b), 422); /* the proof leads elsewhere */
  head = head_at(7);
  head.root.bytes[5] ^= 1;
  b.len = 0;
  add(&b, "old 7\n");
  add_note(&b, &head, "", f.log);
  assert_int_equal(ask(&b), 422); /* same size, another root */
  b.len = 0;
  head = head_at(12);
  add(&b, "old 7\n");
  add_note(&b, &head, "", f.log);
  assert_int_equal(ask(&b), 422); /* no proof */
  assert_int_equal(ask_honest(0, 12), 409);
  assert_int_equal(ask_honest(7, 5), 400); /* backwards */
  check_remembers(7);
  assert_int_equal(ask_honest(7, 12), 200);
}

static void test_a_proof_from_nothing(void **state) {
  (void)state;
  struct om_checkpoint head = head_at(4);
  static struct body b;
  b.len = 0;
  add(&b, "old 0\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n");
  add_note(&b, &head, "", f.log);
  assert_int_equal(ask(&b), 422);
  check_remembers(0);
}

static void test_who_signs(void **state) {
  (void)state;
  struct om_checkpoint head = head_at(4), foreign = head_at(4);
  static struct body b;
  snprintf(foreign.origin, sizeof foreign.origin, "example.com/other");
  b.len = 0;
  add(&b, "old 0\n");
  add_note(&b, &foreign, "", f.log);
  assert_int_equal(ask(&b), 404);
  b.len = 0;
  add(&b, "old 0\n");
  add_note(&b, &head, "", f.other);
  assert_int_equal(ask(&b), 403);
  f.config.n_keys = 2; /* a log may have several keys */
  assert_int_equal(ask(&b), 200);
  honest(&b, 4, 9);
  char *last = b.text + b.len - 3; /* of the signature's base64 */
  last[-2] = last[-2] == 'A' ? 'B' : 'A';
  assert_int_equal(ask(&b), 403);
  check_remembers(4);
}

static void test_malformed(void **state) {
  (void)state;
  static struct body b, much;
  static const char *const wrong[] = {
      "",
      "old 0",
      "old 0\n",
      "old 0\n\n",
      "new 0\n\n",
      "old\n\n",
      "old \n\n",
      "old 00\n\n",
      "old 01\n\n",
      "old -1\n\n",
      "old 9223372036854775808\n\n",
      "old 99999999999999999999999\n\n",
      "old 0 \n\n",
      "old 0\r\n\n",
      "old 0\nAAAA\n\n",
      "old 0\n????\n\n",
      "old 0\n\nexample.com/log\n",
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) assert_int_equal(ask_text(wrong[i]), 400);
  honest(&b, 0, 4);
  for (size_t len = 0; len + 1 < b.len; len++) {
    struct body cut = b;
    cut.len = len;
    assert_int_not_equal(ask(&cut), 200);
  }
  const char *rest = strchr(b.text, '\n') + 1;
  much.len = 0;
  add(&much, "old 0\n");
  for (int i = 0; i < 64; i++) add(&much, "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n");
  add(&much, rest);
  assert_int_equal(ask(&much), 400);
  check_remembers(0);
  assert_int_equal(ask(&b), 200);
}

/* How many times the store was written to. */
static uint64_t commits(void) {
  struct om_status st;
  struct om_txn *txn;
  uint64_t id;
  size_t page;
  assert_int_equal(om_txn_read(&txn, f.store, &st), OM_OK);
  om_txn_file(txn, &id, &page);
  om_txn_abort(txn);
  return id;
}

static void test_only_a_new_head_is_written(void **state) {
  (void)state;
  struct om_checkpoint head = head_at(0);
  struct om_status st;
  uint64_t count;
  assert_int_equal(ask_honest(0, 0), 200);
  uint64_t before = commits();
  for (int i = 0; i < 5; i++) assert_int_equal(ask_honest(0, 0), 200);
  check_cosigned(&head, "");
  assert_int_equal(commits(), before);
  assert_int_equal(ask_honest(0, 7), 200);
  assert_int_equal(commits(), ++before);
  head = head_at(7);
  for (int i = 0; i < 5; i++) assert_int_equal(ask_honest(7, 7), 200);
  check_cosigned(&head, "");
  assert_int_equal(ask_honest(0, 12), 409);
  assert_int_equal(ask_honest(8, 12), 409);
  assert_int_equal(commits(), before);
  assert_int_equal(om_witnessed_count(&count, f.store, &st), OM_OK);
  assert_int_equal(count, 2);
}

static uint64_t noted;
static bool can_note;

static bool note_count(void *ctx, uint64_t count) {
  assert_ptr_equal(ctx, &noted);
  if (can_note) noted = count;
  return can_note;
}

static void test_what_is_noted_beside_the_key(void **state) {
  (void)state;
  f.config.note = note_count, f.config.note_ctx = &noted;
  noted = 0, can_note = true;
  assert_int_equal(ask_honest(0, 7), 200);
  assert_int_equal(noted, 1);
  assert_int_equal(ask_honest(7, 7), 200);
  assert_int_equal(ask_honest(0, 7), 409);
  assert_int_equal(noted, 1);
  can_note = false;
  assert_int_equal(ask_honest(7, 12), 500); /* nothing leaves that is not noted; */
  assert_null(strstr(f.reply.body, "witness.example"));
  assert_int_equal(ask_honest(12, 12), 500);
  can_note = true;
  assert_int_equal(ask_honest(7, 12), 409); /* it is remembered all the same, */
  assert_int_equal(noted, 1);
  assert_int_equal(ask_honest(12, 12), 200); /* and noted before it leaves */
  assert_int_equal(noted, 2);
  assert_int_equal(ask_honest(12, 13), 200);
  assert_int_equal(noted, 3);
  f.config.lost = "what was cosigned is forgotten";
  assert_int_equal(ask_honest(13, 14), 503);
  assert_int_equal(ask_honest(13, 13), 503);
  assert_int_equal(noted, 3);
}

static void test_monitors(void **state) {
  (void)state;
  struct om_hash id;
  char hex[2 * OM_HASH_BYTES + 1];
  om_sha256(&id, ORIGIN, strlen(ORIGIN));
  for (size_t i = 0; i < OM_HASH_BYTES; i++) snprintf(hex + 2 * i, 3, "%02x", id.bytes[i]);
  om_witnessed_checkpoint(&f.reply, &f.config, hex, strlen(hex));
  assert_int_equal(f.reply.status, 404);
  assert_int_equal(ask_honest(0, 11), 200);
  om_witnessed_checkpoint(&f.reply, &f.config, hex, strlen(hex));
  assert_int_equal(f.reply.status, 200);
  struct om_note note;
  struct om_status st;
  uint64_t time_s;
  assert_int_equal(om_note_parse(&note, f.reply.body, f.reply.len, &st), OM_OK);
  assert_int_equal(note.n, 2);
  assert_int_equal(om_note_verify_log(&note, ORIGIN, om_secret_public(f.log), &st), OM_OK);
  assert_int_equal(om_note_verify_cosignature(&note, &time_s, "witness.example/w", om_secret_public(f.witness), &st),
                   OM_OK);
  om_witnessed_checkpoint(&f.reply, &f.config, hex, strlen(hex) - 1);
  assert_int_equal(f.reply.status, 404);
  hex[3] = hex[3] == 'A' ? 'B' : 'A'; /* capitals are another path */
  om_witnessed_checkpoint(&f.reply, &f.config, hex, strlen(hex));
  assert_int_equal(f.reply.status, 404);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_a_log_that_grows),
      TEST(test_an_empty_log),
      TEST(test_extension_lines_are_signed_too),
      TEST(test_another_history),
      TEST(test_a_proof_from_nothing),
      TEST(test_who_signs),
      TEST(test_malformed),
      TEST(test_only_a_new_head_is_written),
      TEST(test_what_is_noted_beside_the_key),
      TEST(test_monitors),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
