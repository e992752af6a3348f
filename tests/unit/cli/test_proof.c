/* verify-evidence, which needs no daemon, and evidence, which lists what one holds. */
#include "support/test.h"

#include <jansson.h>
#include <sys/stat.h>

#include "cli/file.h"
#include "cli/session.h"
#include "fake_daemon.h"
#include "ledger/evidence.h"
#include "support/records.h"

enum { LOG = 1, SIZE = 11, FORK_AT = 5 };

static struct fake_daemon *fake;
static struct network net;
static struct om_arena arena;
static struct om_status st;
static char out[65536], genesis[128], file[128];

struct piece {
  uint8_t *bytes;
  size_t len;
};

/* A tree of the bytes 0 to N - 1; of others from FORK_AT on if OTHER. */
static struct om_edge *tree(size_t n, bool other, const struct om_span *at_fork) {
  struct om_edge *out_tree = om_arena_alloc(&arena, sizeof *out_tree);
  for (uint8_t i = 0; i < n; i++) {
    uint8_t byte = other && i >= FORK_AT ? (uint8_t)(i + 100) : i;
    struct om_hash leaf;
    if (at_fork && i == FORK_AT)
      om_leaf_hash(&leaf, at_fork->data, at_fork->len);
    else
      om_leaf_hash(&leaf, &byte, 1);
    assert_int_equal(om_edge_append(out_tree, &leaf, NULL, NULL, &st), OM_OK);
  }
  return out_tree;
}

static struct om_daemon daemon_of(uint32_t log) {
  struct om_daemon d = {.log = log, .operator_member = log + 1};
  snprintf(d.origin, sizeof d.origin, "daemon%u.example/log", log);
  memcpy(d.log_key, om_secret_public(net.log_keys[log]), sizeof d.log_key);
  memcpy(d.cosign_key, om_secret_public(net.cosign_keys[log]), sizeof d.cosign_key);
  memcpy(d.witness_key, om_secret_public(net.witness_keys[log]), sizeof d.witness_key);
  memcpy(d.link_key, om_secret_public(net.link_keys[log]), sizeof d.link_key);
  return d;
}

/* Signed by log 1's key and cosigned by daemon 2. */
static struct om_signed_head head_of(const struct om_edge *edge) {
  char text[OM_CHECKPOINT_BYTES], line[OM_NOTE_LINE_BYTES], *note = om_arena_alloc(&arena, OM_NOTE_BYTES_MAX);
  struct om_checkpoint head = {.origin = "daemon1.example/log", .size = edge->size};
  size_t len;
  om_edge_root(edge, &head.root);
  size_t text_len = om_checkpoint_format(text, &head);
  assert_int_equal(om_note_begin(note, &len, text, text_len, &st), OM_OK);
  size_t n = om_note_sign(line, head.origin, net.log_keys[LOG], text, text_len);
  assert_int_equal(om_note_add_line(note, &len, line, n, &st), OM_OK);
  n = om_note_cosign(line, "daemon2.example/log", net.cosign_keys[2], 1700000000, text, text_len);
  assert_int_equal(om_note_add_line(note, &len, line, n, &st), OM_OK);
  return (struct om_signed_head){(uint8_t *)note, len};
}

static struct piece fork_of(uint32_t log) {
  struct piece p;
  struct om_edge *ours = tree(SIZE, false, NULL);
  struct om_tiles tiles = {.edge = ours};
  struct om_signed_head held = head_of(ours), other = head_of(tree(SIZE - 2, true, NULL));
  struct om_daemon named = daemon_of(LOG), witness = daemon_of(2);
  named.log = log;
  assert_int_equal(
      om_evidence_fork(&arena, &p.bytes, &p.len, &(struct om_accused){&net.id, &named, &witness, 1, "two\nheads"},
                       &tiles, &held, &other, &st),
      OM_OK);
  return p;
}

/* Of an entry that holds a mark without a head: well-formed, and valid nowhere; or of three bytes of nothing. */
static struct piece entry_of(bool malformed) {
  static const uint8_t nothing[] = {0xff, 0xff, 0xff};
  struct piece p;
  struct om_proof proof;
  Oremark__Entry entry = OREMARK__ENTRY__INIT;
  Oremark__Mark mark = OREMARK__MARK__INIT;
  uint8_t packed[64];
  entry.taken_ms = INT64_C(1710000000000);
  entry.what_case = OREMARK__ENTRY__WHAT_MARK;
  entry.mark = &mark;
  struct om_span bad = {packed, oremark__entry__pack(&entry, packed)};
  if (malformed) bad = (struct om_span){nothing, sizeof nothing};
  struct om_edge *edge = tree(SIZE, false, &bad);
  struct om_tiles tiles = {.edge = edge};
  struct om_signed_head head = head_of(edge);
  struct om_daemon named = daemon_of(LOG), witness = daemon_of(2);
  assert_int_equal(om_prove_inclusion(&tiles, &proof, FORK_AT, SIZE, &st), OM_OK);
  assert_int_equal(
      om_evidence_entry(&arena, &p.bytes, &p.len, &(struct om_accused){&net.id, &named, &witness, 1, "a rule"}, FORK_AT,
                        &bad, &head, &proof, &st),
      OM_OK);
  return p;
}

static int begin(void **state) {
  (void)state;
  fake = fake_start();
  setenv("OREMARK_SOCKET", fake->path, 1);
  setenv("XDG_CONFIG_HOME", fake->dir, 1);
  network_open(&net, 5, true);
  snprintf(genesis, sizeof genesis, "%s/genesis", fake->dir);
  snprintf(file, sizeof file, "%s/piece", fake->dir);
  return om_file_write(genesis, net.genesis, net.genesis_len, false, &st);
}

static int end(void **state) {
  (void)state;
  network_close(&net);
  om_arena_free(&arena);
  unlink(genesis);
  unlink(file);
  fake_end(fake);
  return 0;
}

static enum om_code run(size_t n, char **words) {
  struct om_args args;
  struct om_session session;
  om_status_clear(&st);
  memset(out, 0, sizeof out);
  assert_int_equal(om_args_parse(&args, om_command_named(words[0]), (int)n, words, &st), OM_OK);
  assert_int_equal(om_session_begin(&session, &args, &st), OM_OK);
  session.out = tmpfile();
  enum om_code code = args.command->run(&session, &st);
  rewind(session.out);
  assert_true(fread(out, 1, sizeof out - 1, session.out) < sizeof out - 1);
  fclose(session.out);
  om_session_end(&session);
  om_args_free(&args);
  return code;
}
#define RUN(...) run(sizeof((char *[]){__VA_ARGS__}) / sizeof(char *), (char *[]){__VA_ARGS__})

static enum om_code check_bytes(const void *bytes, size_t len) {
  unlink(file);
  assert_int_equal(om_file_write(file, bytes, len, false, &st), OM_OK);
  return RUN("verify-evidence", file, "--network", genesis);
}

static void says(const char *text, const char *part) {
  if (!strstr(text, part)) fail_msg("'%s' is not in:\n%s", part, text);
}

/* ---- verify-evidence ---- */

static void test_a_fork(void **state) {
  (void)state;
  struct piece p = fork_of(LOG);
  assert_int_equal(check_bytes(p.bytes, p.len), OM_OK);
  says(out, "log 1, daemon1.example/log\n");
  says(out, "which the genesis names for it");
  says(out, "head at 9, root ");
  says(out, "head at 11, root ");
  says(out, "PROVED: the key signed two histories");
  says(out, "cosigned both: daemon2.example/log\n");
  assert_int_equal(RUN("verify-evidence", file), OM_OK);
  says(out, "give --network GENESIS");
  says(out, "daemon2.example/log (as the evidence names it)");
  assert_int_equal(RUN("verify-evidence", file, "--network", genesis, "--json"), OM_OK);
  json_t *json = json_loads(out, 0, NULL);
  assert_non_null(json);
  assert_true(json_is_true(json_object_get(json, "proved")));
  assert_string_equal(json_string_value(json_object_get(json, "kind")), "fork");
  assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "smaller"), "size")), SIZE - 2);
  assert_int_equal(json_array_size(json_object_get(json, "cosigned_both")), 1);
  json_decref(json);
}

static void test_an_entry(void **state) {
  (void)state;
  struct piece p = entry_of(true);
  assert_int_equal(check_bytes(p.bytes, p.len), OM_OK);
  says(out, "entry 5, leaf hash ");
  says(out, "PROVED: the key signed a malformed entry");
  says(out, "cosigned: daemon2.example/log\n");
  p = entry_of(false);
  assert_int_equal(check_bytes(p.bytes, p.len), OM_WAIT);
  says(out, "SIGNED, NOT DECIDED");
  says(st.text, "entry 5");
  says(out, "is invalid (\"a rule\")");
  assert_int_equal(RUN("verify-evidence", file, "--json"), OM_WAIT);
  json_t *json = json_loads(out, 0, NULL);
  assert_non_null(json);
  assert_true(json_is_false(json_object_get(json, "proved")));
  assert_string_equal(json_string_value(json_object_get(json, "kind")), "entry");
  assert_int_equal(json_integer_value(json_object_get(json, "index")), FORK_AT);
  assert_true(json_is_null(json_object_get(json, "named_by_genesis")));
  json_decref(json);
}

static void test_another_network_or_log(void **state) {
  (void)state;
  struct piece p = fork_of(LOG);
  p.bytes[5] ^= 1;
  assert_int_equal(check_bytes(p.bytes, p.len), OM_NO);
  says(st.text, "another network");
  assert_string_equal(out, "");
  p = fork_of(2); /* daemon 1's key, said to be that of log 2 */
  assert_int_equal(check_bytes(p.bytes, p.len), OM_NO);
  says(st.text, "does not name this key for log 2");
  assert_int_equal(RUN("verify-evidence", file, "--network", file), OM_USAGE); /* no genesis */
}

static void test_files_that_are_no_evidence(void **state) {
  (void)state;
  static const char text[] = "Dear auditor,\nattached is the evidence.\n";
  static uint8_t big[OM_EVIDENCE_MAX_BYTES + 1];
  struct piece p = fork_of(LOG);
  assert_int_equal(RUN("verify-evidence", file + 0), OM_IO); /* none there yet */
  says(st.text, file);
  assert_int_equal(check_bytes("", 0), OM_USAGE);
  says(st.text, "is not a file of evidence");
  assert_int_equal(check_bytes(text, sizeof text - 1), OM_USAGE);
  says(st.text, "is not a file of evidence");
  assert_int_not_equal(check_bytes(big, sizeof big), OM_OK);
  assert_int_not_equal(RUN("verify-evidence", fake->dir), OM_OK);
  assert_string_equal(out, "");
  size_t whole = 0;
  for (size_t len = 0; len < p.len; len += 1 + len / 16) {
    enum om_code code = check_bytes(p.bytes, len);
    assert_true(code == OM_USAGE || code == OM_NO);
    assert_string_equal(out, "");
    whole += code == OM_OK;
  }
  assert_int_equal(whole, 0);
}

/* ---- evidence ---- */

static Oremark__Reply replies[3];
static Oremark__EvidenceList lists[3];
static Oremark__EvidenceFile files[2], *file_list[2];

/* What a daemon answers that holds N pieces. */
static void can_list(size_t n, const struct piece *pieces) {
  static char origin[] = "daemon1.example/log", why[] = "two \x1b[31mheads";
  memset(fake->canned, 0, sizeof fake->canned);
  for (size_t i = 0; i <= n; i++) {
    oremark__reply__init(&replies[i]);
    oremark__evidence_list__init(&lists[i]);
    replies[i].code = (char *)(uintptr_t) "ok";
    replies[i].more = i < n;
    replies[i].what_case = OREMARK__REPLY__WHAT_EVIDENCE;
    replies[i].evidence = &lists[i];
    fake->canned[i] = &replies[i];
    if (i == n) break;
    oremark__evidence_file__init(&files[i]);
    files[i].evidence = (ProtobufCBinaryData){pieces[i].len, pieces[i].bytes};
    files[i].origin = origin;
    files[i].why = why;
    files[i].freezes = i == 0;
    file_list[i] = &files[i];
    lists[i].files = &file_list[i];
    lists[i].n_files = 1;
  }
}

static void test_what_is_held_is_listed(void **state) {
  (void)state;
  const struct piece pieces[2] = {fork_of(LOG), entry_of(true)};
  can_list(0, NULL);
  assert_int_equal(RUN("evidence"), OM_OK);
  assert_string_equal(out, "no evidence against any log\n");
  can_list(0, NULL);
  assert_int_equal(RUN("evidence", "--json"), OM_OK);
  says(out, "\"evidence\"");
  can_list(2, pieces);
  assert_int_equal(RUN("evidence"), OM_OK);
  says(out, "daemon1.example/log: two ");
  assert_null(strchr(out, '\x1b'));
}

static void test_what_is_held_is_written(void **state) {
  (void)state;
  const struct piece pieces[2] = {fork_of(LOG), entry_of(true)};
  char dir[128];
  snprintf(dir, sizeof dir, "%s/out", fake->dir);
  for (int again = 0; again < 2; again++) { /* the same piece is the same file */
    can_list(2, pieces);
    assert_int_equal(RUN("evidence", "--out", dir, "--json"), OM_OK);
  }
  json_t *json = json_loads(out, 0, NULL), *list = json_object_get(json, "evidence");
  assert_int_equal(json_array_size(list), 2);
  for (size_t i = 0; i < 2; i++) {
    char path[4096];
    uint8_t *bytes;
    size_t len;
    json_t *piece = json_array_get(list, i);
    snprintf(path, sizeof path, "%s", json_string_value(json_object_get(piece, "file")));
    assert_int_equal(json_is_true(json_object_get(piece, "freezes")), i == 0);
    assert_int_equal(om_file_read(&arena, &bytes, &len, path, OM_EVIDENCE_MAX_BYTES, &st), OM_OK);
    assert_int_equal(len, pieces[i].len);
    assert_memory_equal(bytes, pieces[i].bytes, len);
    assert_int_equal(RUN("verify-evidence", path, "--network", genesis), OM_OK);
    unlink(path);
  }
  json_decref(json);
  rmdir(dir);
  can_list(2, pieces);
  assert_int_equal(RUN("evidence", "--out", genesis), OM_IO); /* a file is in its way */
  can_list(0, NULL);
  replies[0].what_case = OREMARK__REPLY__WHAT__NOT_SET;
  assert_int_equal(RUN("evidence"), OM_IO);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_files_that_are_no_evidence),
      cmocka_unit_test(test_a_fork),
      cmocka_unit_test(test_an_entry),
      cmocka_unit_test(test_another_network_or_log),
      cmocka_unit_test(test_what_is_held_is_listed),
      cmocka_unit_test(test_what_is_held_is_written),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
