#include "ledger/note.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/merkle.h"
#include "support/test.h"
#include "support/vectors.h"

#define TEXT "kokkola.example/log\n4711\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
#define LOG "kokkola.example/log"
#define WITNESS "outokumpu.example/witness"

static struct om_status st;

static struct om_secret *secret_of(uint8_t first) {
  uint8_t seed[OM_SEED_BYTES] = {first};
  struct om_secret *secret;
  assert_int_equal(om_secret_new(&secret, seed, &st), OM_OK);
  return secret;
}

static enum om_code parse(struct om_note *note, const char *data) {
  return om_note_parse(note, data, strlen(data), &st);
}

/* ---- other people's notes ---- */

static void verify_vector(const struct om_note *note, const json_t *vkeys, const json_t *times) {
  size_t cosignatures = 0;
  for (size_t i = 0; i < json_array_size(vkeys); i++) {
    const char *text = json_string_value(json_array_get(vkeys, i));
    struct om_vkey vkey;
    uint64_t time = 0;
    assert_int_equal(om_vkey_parse(&vkey, text, strlen(text), &st), OM_OK);
    if (vkey.alg == OM_ALG_ED25519) {
      assert_int_equal(om_note_verify_log(note, vkey.name, vkey.key, &st), OM_OK);
      assert_int_equal(om_note_verify_cosignature(note, &time, vkey.name, vkey.key, &st), OM_MISSING);
    } else {
      assert_int_equal(om_note_verify_cosignature(note, &time, vkey.name, vkey.key, &st), OM_OK);
      assert_int_equal(time, json_integer_value(json_array_get(times, cosignatures++)));
      assert_int_equal(om_note_verify_log(note, vkey.name, vkey.key, &st), OM_MISSING);
    }
  }
  assert_int_equal(cosignatures, json_array_size(times));
}

static void notes_of_others_verify(void **state) {
  (void)state;
  json_t *file = vectors_load("tlog/signed_notes.json");
  const json_t *notes = vectors_array(file, "notes");
  struct om_note note;
  size_t verified = 0;
  assert_int_equal(json_array_size(notes), 27);
  for (size_t i = 0; i < json_array_size(notes); i++) {
    const json_t *c = json_array_get(notes, i);
    const json_t *vkeys = vectors_array(c, "vkeys");
    if (parse(&note, vectors_string(c, "note")) != OM_OK) {
      fail_msg("%s: %s", vectors_string(c, "name"), st.text);
    }
    verify_vector(&note, vkeys, vectors_array(c, "cosignature_times"));
    verified += json_array_size(vkeys);
    if (strcmp(vectors_string(c, "kind"), "note") != 0) {
      struct om_checkpoint checkpoint;
      char again[OM_CHECKPOINT_BYTES];
      assert_int_equal(om_checkpoint_parse(&checkpoint, NULL, note.text, note.text_len, &st), OM_OK);
      assert_int_equal(om_checkpoint_format(again, &checkpoint), note.text_len);
      assert_memory_equal(again, note.text, note.text_len);
    }
  }
  assert_int_equal(verified, 25);
  json_decref(file);
}

/* The published signature by the published private key of golang/mod's note package, made again to the byte. */
static void our_signature_is_theirs(void **state) {
  (void)state;
  uint8_t seed[1 + OM_SEED_BYTES];
  char line[OM_NOTE_LINE_BYTES];
  struct om_secret *secret;
  struct om_note note;
  json_t *file = vectors_load("tlog/signed_notes.json");
  const char *data = NULL;
  for (size_t i = 0; i < 27; i++) {
    const json_t *c = json_array_get(vectors_array(file, "notes"), i);
    if (strcmp(vectors_string(c, "name"), "PeterNeumann") == 0) {
      data = vectors_string(c, "note");
    }
  }
  assert_non_null(data);
  assert_int_equal(vectors_base64(seed, sizeof seed, "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"), sizeof seed);
  assert_int_equal(om_secret_new(&secret, seed + 1, &st), OM_OK);
  assert_int_equal(parse(&note, data), OM_OK);
  om_note_sign(line, "PeterNeumann", secret, note.text, note.text_len);
  assert_string_equal(line, note.text + note.text_len + 1);
  om_secret_free(secret);
  json_decref(file);
}

static void a_whole_log_of_others(void **state) {
  (void)state;
  static struct om_edge edge;
  json_t *file = vectors_load("tlog/tessera_test_log.json");
  const json_t *entries = vectors_array(file, "entries_utf8"), *heads = vectors_array(file, "checkpoints");
  const char *text = vectors_string(file, "vkey");
  struct om_vkey vkey;
  memset(&edge, 0, sizeof edge);
  assert_int_equal(om_vkey_parse(&vkey, text, strlen(text), &st), OM_OK);
  for (size_t i = 0; i <= 15; i++) {
    struct om_note note;
    struct om_checkpoint checkpoint;
    struct om_hash root, leaf;
    assert_int_equal(parse(&note, json_string_value(json_array_get(heads, i))), OM_OK);
    assert_int_equal(om_note_verify_log(&note, vkey.name, vkey.key, &st), OM_OK);
    assert_int_equal(om_checkpoint_parse(&checkpoint, NULL, note.text, note.text_len, &st), OM_OK);
    om_edge_root(&edge, &root);
    assert_int_equal(checkpoint.size, edge.size);
    assert_string_equal(checkpoint.origin, vkey.name);
    assert_true(om_hash_equal(&checkpoint.root, &root));
    if (i < 15) {
      const char *entry = json_string_value(json_array_get(entries, i));
      om_leaf_hash(&leaf, entry, strlen(entry));
      assert_int_equal(om_edge_append(&edge, &leaf, NULL, NULL, &st), OM_OK); /* no tile gets full */
    }
  }
  json_decref(file);
}

static void checkpoint_texts(void **state) {
  (void)state;
  json_t *file = vectors_load("tlog/checkpoint_text.json");
  const char *text = vectors_string(file, "text");
  const json_t *bad = vectors_array(file, "bad");
  struct om_checkpoint checkpoint;
  struct om_hash root;
  assert_int_equal(om_checkpoint_parse(&checkpoint, NULL, text, strlen(text), &st), OM_OK);
  assert_string_equal(checkpoint.origin, "go.sum database tree");
  assert_int_equal(checkpoint.size, 123456789012);
  om_leaf_hash(&root, "hello world", 11);
  assert_true(om_hash_equal(&checkpoint.root, &root));
  assert_int_equal(json_array_size(bad), 2);
  for (size_t i = 0; i < json_array_size(bad); i++) {
    text = json_string_value(json_array_get(bad, i));
    assert_int_equal(om_checkpoint_parse(&checkpoint, NULL, text, strlen(text), &st), OM_MALFORMED);
  }
  json_decref(file);
}

/* ---- our own ---- */

struct signed_note {
  char bytes[OM_NOTE_BYTES_MAX];
  size_t len;
  struct om_secret *log, *witness;
};

static void make_note(struct signed_note *n) {
  char line[OM_NOTE_LINE_BYTES];
  n->log = secret_of(1);
  n->witness = secret_of(2);
  assert_int_equal(om_note_begin(n->bytes, &n->len, TEXT, strlen(TEXT), &st), OM_OK);
  size_t len = om_note_sign(line, LOG, n->log, TEXT, strlen(TEXT));
  assert_int_equal(len, strlen(line));
  assert_int_equal(om_note_add_line(n->bytes, &n->len, line, len, &st), OM_OK);
  len = om_note_cosign(line, WITNESS, n->witness, 1764000000, TEXT, strlen(TEXT));
  assert_int_equal(len, strlen(line));
  assert_int_equal(om_note_add_line(n->bytes, &n->len, line, len, &st), OM_OK);
}

static void free_note(struct signed_note *n) {
  om_secret_free(n->log);
  om_secret_free(n->witness);
}

static void what_we_sign_verifies(void **state) {
  (void)state;
  static struct signed_note n;
  struct om_note note;
  uint64_t time = 0;
  make_note(&n);
  assert_int_equal(om_note_parse(&note, n.bytes, n.len, &st), OM_OK);
  assert_int_equal(note.n, 2);
  assert_int_equal(note.text_len, strlen(TEXT));
  assert_memory_equal(note.text, TEXT, note.text_len);
  assert_int_equal(om_note_verify_log(&note, LOG, om_secret_public(n.log), &st), OM_OK);
  assert_int_equal(om_note_verify_cosignature(&note, &time, WITNESS, om_secret_public(n.witness), &st), OM_OK);
  assert_int_equal(time, 1764000000);
  /* the other key, the other name, the other kind: not there */
  assert_int_equal(om_note_verify_log(&note, LOG, om_secret_public(n.witness), &st), OM_MISSING);
  assert_int_equal(om_note_verify_log(&note, WITNESS, om_secret_public(n.log), &st), OM_MISSING);
  assert_int_equal(om_note_verify_log(&note, WITNESS, om_secret_public(n.witness), &st), OM_MISSING);
  assert_int_equal(om_note_verify_cosignature(&note, &time, LOG, om_secret_public(n.log), &st), OM_MISSING);
  free_note(&n);
}

/* Each bit of a note: no change may leave both signatures good, and each must guard the whole text. */
static void every_changed_bit_is_noticed(void **state) {
  (void)state;
  static struct signed_note n;
  make_note(&n);
  const char *second = strstr(n.bytes, "\xe2\x80\x94 " WITNESS);
  size_t text_end = strlen(TEXT), lines_split = (size_t)(second - n.bytes);
  for (size_t bit = 0; bit < 8 * n.len; bit++) {
    struct om_note note;
    uint64_t time;
    n.bytes[bit / 8] = (char)(n.bytes[bit / 8] ^ 1 << bit % 8);
    if (om_note_parse(&note, n.bytes, n.len, &st) == OM_OK) {
      bool log = om_note_verify_log(&note, LOG, om_secret_public(n.log), &st) == OM_OK;
      bool witness = om_note_verify_cosignature(&note, &time, WITNESS, om_secret_public(n.witness), &st) == OM_OK;
      assert_int_equal(log, bit / 8 >= lines_split);
      assert_int_equal(witness, bit / 8 > text_end && bit / 8 < lines_split);
    }
    n.bytes[bit / 8] = (char)(n.bytes[bit / 8] ^ 1 << bit % 8);
  }
  free_note(&n);
}

static void a_cosignature_holds_only_for_its_time(void **state) {
  (void)state;
  struct om_secret *secret = secret_of(3);
  struct om_note note;
  char line[OM_NOTE_LINE_BYTES], bytes[1024];
  uint64_t time;
  const uint64_t times[] = {0, 1, 1679315147, OM_COSIGNATURE_TIME_MAX};
  for (size_t i = 0; i < 4; i++) {
    om_note_cosign(line, WITNESS, secret, times[i], TEXT, strlen(TEXT));
    snprintf(bytes, sizeof bytes, TEXT "\n%s", line);
    assert_int_equal(parse(&note, bytes), OM_OK);
    assert_int_equal(om_note_verify_cosignature(&note, &time, WITNESS, om_secret_public(secret), &st), OM_OK);
    assert_true(time == times[i]);
  }
  /* the signature of C2SP's message, put together by hand, must be the one in the line */
  uint8_t raw[76], sig[OM_SIG_BYTES];
  const char message[] = "cosignature/v1\ntime 1679315147\n" TEXT;
  om_note_cosign(line, WITNESS, secret, 1679315147, TEXT, strlen(TEXT));
  line[strlen(line) - 1] = '\0';
  assert_int_equal(vectors_base64(raw, sizeof raw, strrchr(line, ' ') + 1), 76);
  om_sign(secret, sig, (const uint8_t *)message, strlen(message));
  assert_memory_equal(raw + 12, sig, sizeof sig);
  assert_memory_equal(raw + 4, "\0\0\0\0\x64\x18\x50\xcb", 8);
  om_secret_free(secret);
}

/* A line that is made by hand: NAME, the key id, the bytes of SIG. */
static void write_line(char *out, size_t size, const char *name, uint32_t id, const uint8_t *sig, size_t len) {
  uint8_t raw[100] = {(uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id};
  char base64[OM_BASE64_BYTES(sizeof raw)];
  memcpy(raw + 4, sig, len);
  om_base64(base64, sizeof base64, raw, 4 + len);
  int n = snprintf(out, size, "\xe2\x80\x94 %s %s\n", name, base64);
  assert_true(n > 0 && (size_t)n < size);
}

static void odd_signatures_of_a_known_key(void **state) {
  (void)state;
  struct om_secret *secret = secret_of(4);
  const uint8_t *key = om_secret_public(secret);
  struct om_note note;
  char good[OM_NOTE_LINE_BYTES], line[300], bytes[2048];
  uint8_t sig[80] = {0};
  uint64_t time = 7;
  om_note_sign(good, LOG, secret, TEXT, strlen(TEXT));
  snprintf(bytes, sizeof bytes, TEXT "\n%s%s", good, good);
  assert_int_equal(parse(&note, bytes), OM_OK);
  assert_int_equal(om_note_verify_log(&note, LOG, key, &st), OM_REFUSED);
  for (size_t len = 1; len <= 80; len++) { /* a signature of any length but the right one */
    write_line(line, sizeof line, LOG, om_key_id(LOG, OM_ALG_ED25519, key), sig, len);
    snprintf(bytes, sizeof bytes, TEXT "\n%s", line);
    assert_int_equal(parse(&note, bytes), OM_OK);
    assert_int_equal(om_note_verify_log(&note, LOG, key, &st), OM_NO);
    write_line(line, sizeof line, LOG, om_key_id(LOG, OM_ALG_COSIGNATURE, key), sig, len);
    snprintf(bytes, sizeof bytes, TEXT "\n%s", line);
    assert_int_equal(parse(&note, bytes), OM_OK);
    assert_int_equal(om_note_verify_cosignature(&note, &time, LOG, key, &st), OM_NO);
  }
  /* a right signature of an impossible time */
  const char message[] = "cosignature/v1\ntime 9223372036854775808\n" TEXT;
  sig[0] = 0x80;
  om_sign(secret, sig + 8, (const uint8_t *)message, strlen(message));
  write_line(line, sizeof line, LOG, om_key_id(LOG, OM_ALG_COSIGNATURE, key), sig, 72);
  snprintf(bytes, sizeof bytes, TEXT "\n%s", line);
  assert_int_equal(parse(&note, bytes), OM_OK);
  assert_int_equal(om_note_verify_cosignature(&note, &time, LOG, key, &st), OM_NO);
  assert_int_equal(time, 7);
  /* the same name or the same id alone is not this key */
  write_line(line, sizeof line, LOG, 1, sig, 64);
  snprintf(bytes, sizeof bytes, TEXT "\n%s%s", line, good);
  assert_int_equal(parse(&note, bytes), OM_OK);
  assert_int_equal(om_note_verify_log(&note, LOG, key, &st), OM_OK);
  write_line(line, sizeof line, LOG "x", om_key_id(LOG, OM_ALG_ED25519, key), sig, 64);
  snprintf(bytes, sizeof bytes, TEXT "\n%s%s", line, good);
  assert_int_equal(parse(&note, bytes), OM_OK);
  assert_int_equal(om_note_verify_log(&note, LOG, key, &st), OM_OK);
  om_secret_free(secret);
}

/* ---- the form of a note ---- */

#define DASH "\xe2\x80\x94 "
#define SIG "AAAAAQI="

static void texts_end_at_the_last_blank_line(void **state) {
  (void)state;
  static const struct {
    const char *note;
    size_t text_len, lines;
  } good[] = {
      {"a\n\n" DASH "x " SIG "\n", 2, 1},
      {"a\n\nb\n\n" DASH "x " SIG "\n", 5, 1},
      {"a\n\n\n" DASH "x " SIG "\n", 3, 1},
      {"\n\n" DASH "x " SIG "\n", 1, 1},
      {"a\n\n" DASH "x " SIG "\n\n" DASH "y " SIG "\n", 18, 1}, /* a note as the text of another */
      {"a\n\n" DASH "\xc3\xa4/\xe2\x82\xac-1 " SIG "\n" DASH "y " SIG "\n", 2, 2},
  };
  struct om_note note;
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    if (parse(&note, good[i].note) != OM_OK) {
      fail_msg("%zu: %s", i, st.text);
    }
    assert_int_equal(note.text_len, good[i].text_len);
    assert_int_equal(note.n, good[i].lines);
    assert_int_equal(note.lines[0].key_id, 1);
  }
}

static void malformed_notes_are_refused(void **state) {
  (void)state;
  static const char *const bad[] = {
      "",
      "\n",
      "\n\n",
      "a\n",
      "a\n\n",
      "a\n" DASH "x " SIG "\n",            /* no blank line */
      DASH "x " SIG "\n",                  /* no text */
      "\n" DASH "x " SIG "\n",             /* the blank line alone */
      "a\n\n" DASH "x " SIG,               /* no last newline */
      "a\n\n" DASH "x " SIG "\n\n",        /* an empty line after */
      "a\n\nx " SIG "\n",                  /* no dash */
      "a\n\n- x " SIG "\n",                /* another dash */
      "a\n\n\xe2\x80\x93 x " SIG "\n",     /* an en dash */
      "a\n\n\xe2\x80\x94x " SIG "\n",      /* no space */
      "a\n\n" DASH " x " SIG "\n",         /* two spaces */
      "a\n\n" DASH "x  " SIG "\n",         /* two spaces */
      "a\n\n" DASH "x " SIG " \n",         /* a space at the end */
      "a\n\n" DASH "x\n",                  /* no signature */
      "a\n\n" DASH "x \n",                 /* an empty one */
      "a\n\n" DASH "x AAAAAQ==\n",         /* a key id alone */
      "a\n\n" DASH "x AAAAAQJ=\n",         /* not canonical */
      "a\n\n" DASH "x AAAAAQI\n",          /* no padding */
      "a\n\n" DASH "x AAAA-_I=\n",         /* the other alphabet */
      "a\n\n" DASH "x+y " SIG "\n",        /* a plus in the name */
      "a\n\n" DASH "x\xc2\xa0y " SIG "\n", /* a Unicode space in the name */
      "a\n\n" DASH "x\xe3\x80\x80 " SIG "\n",
      "a\r\n\n" DASH "x " SIG "\n", /* control characters */
      "a\tb\n\n" DASH "x " SIG "\n",
      "a\n\r\n" DASH "x " SIG "\n",
      "a\n\n" DASH "x " SIG "\r\n",
      "a\x1f\n\n" DASH "x " SIG "\n",
      "a\xff\n\n" DASH "x " SIG "\n", /* not UTF-8 */
      "a\xc0\x80\n\n" DASH "x " SIG "\n",
      "a\xed\xa0\x80\n\n" DASH "x " SIG "\n",
      "a\n\n" DASH "x\xe2 " SIG "\n",
  };
  struct om_note note;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    if (parse(&note, bad[i]) != OM_MALFORMED) {
      fail_msg("taken: %zu", i);
    }
  }
  assert_int_equal(om_note_parse(&note, "a\0\n\n" DASH "x " SIG "\n", 4 + 4 + 2 + 8 + 1, &st), OM_MALFORMED);
}

static void truncated_notes_are_refused(void **state) {
  (void)state;
  static struct signed_note n;
  struct om_note note;
  make_note(&n);
  size_t first = (size_t)(strstr(n.bytes, DASH WITNESS) - n.bytes);
  for (size_t len = 0; len < n.len; len++) {
    char *exact = malloc(len + 1); /* so that a sanitizer sees a read beyond it */
    memcpy(exact, n.bytes, len);
    assert_int_equal(om_note_parse(&note, exact, len, &st), len == first ? OM_OK : OM_MALFORMED);
    free(exact);
  }
  free_note(&n);
}

static void limits_hold(void **state) {
  (void)state;
  static char note[OM_NOTE_BYTES_MAX];
  static char big[OM_NOTE_BYTES_MAX + 1];
  char line[OM_NOTE_LINE_BYTES], name[OM_KEY_NAME_BYTES + 1];
  uint8_t sig[OM_COSIGNATURE_BYTES] = {0};
  struct om_note parsed;
  size_t len;
  assert_int_equal(om_note_begin(note, &len, TEXT, strlen(TEXT), &st), OM_OK);
  for (unsigned i = 0; i < OM_NOTE_SIGNATURES_MAX; i++) {
    snprintf(line, sizeof line, DASH "w%u " SIG "\n", i);
    assert_int_equal(om_note_add_line(note, &len, line, strlen(line), &st), OM_OK);
  }
  size_t full = len;
  assert_int_equal(om_note_parse(&parsed, note, len, &st), OM_OK);
  assert_int_equal(parsed.n, OM_NOTE_SIGNATURES_MAX);
  assert_int_equal(om_note_add_line(note, &len, DASH "z " SIG "\n", 15, &st), OM_REFUSED);
  assert_int_equal(len, full);
  memcpy(note + len, DASH "z " SIG "\n", 15);
  assert_int_equal(om_note_parse(&parsed, note, len + 15, &st), OM_MALFORMED);
  /* the largest checkpoint of ours, the log and two lists of 64 witnesses with the longest names fit */
  struct om_checkpoint checkpoint = {.size = OM_TREE_SIZE_MAX};
  char text[OM_CHECKPOINT_BYTES];
  memset(checkpoint.origin, 'o', OM_LOG_ORIGIN_BYTES);
  size_t text_len = om_checkpoint_format(text, &checkpoint);
  assert_int_equal(text_len, OM_CHECKPOINT_BYTES - 1);
  assert_int_equal(om_note_begin(note, &len, text, text_len, &st), OM_OK);
  for (unsigned i = 0; i < 129; i++) {
    snprintf(name, sizeof name, "%0*u", OM_KEY_NAME_BYTES, i);
    write_line(line, sizeof line, name, i, sig, sizeof sig);
    assert_int_equal(om_note_add_line(note, &len, line, strlen(line), &st), OM_OK);
  }
  assert_int_equal(om_note_parse(&parsed, note, len, &st), OM_OK);
  /* and a byte too many is refused, whatever it is */
  memset(big, 'a', sizeof big);
  memcpy(big + sizeof big - 17, "\n\n" DASH "x " SIG "\n", 17);
  assert_int_equal(om_note_parse(&parsed, big, sizeof big, &st), OM_MALFORMED);
  assert_int_equal(om_note_parse(&parsed, big + 1, sizeof big - 1, &st), OM_OK);
}

static void lines_are_added_once_and_whole(void **state) {
  (void)state;
  static char note[OM_NOTE_BYTES_MAX];
  static const char *const bad[] = {
      "", "\n", DASH "y " SIG, "y " SIG "\n", DASH "y " SIG "\n" DASH "z " SIG "\n", DASH "y\xff " SIG "\n"};
  size_t len, before;
  assert_int_equal(om_note_begin(note, &len, "a", 1, &st), OM_MALFORMED);
  assert_int_equal(om_note_begin(note, &len, "", 0, &st), OM_MALFORMED);
  assert_int_equal(om_note_begin(note, &len, "a\t\n", 3, &st), OM_MALFORMED);
  assert_int_equal(om_note_begin(note, &len, "a\n", 2, &st), OM_OK);
  assert_int_equal(om_note_add_line(note, &len, DASH "x " SIG "\n", 15, &st), OM_OK);
  before = len;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_int_equal(om_note_add_line(note, &len, bad[i], strlen(bad[i]), &st), OM_MALFORMED);
  }
  /* the same key with another signature */
  assert_int_equal(om_note_add_line(note, &len, DASH "x AAAAAQM=\n", 15, &st), OM_REFUSED);
  assert_int_equal(len, before);
  assert_int_equal(om_note_add_line(note, &len, DASH "x AAAAAgI=\n", 15, &st), OM_OK); /* another key of that name */
  assert_memory_equal(note, "a\n\n" DASH "x " SIG "\n" DASH "x AAAAAgI=\n", len);
}

/* ---- the form of a checkpoint ---- */

#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

static void malformed_checkpoints_are_refused(void **state) {
  (void)state;
  static const char *const bad[] = {
      "",
      "\n",
      "o\n",
      "o\n1\n",
      "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=", /* no last newline */
      "\n1\n" ROOT,                                         /* no origin */
      "o\n\n" ROOT,                                         /* no size */
      "o\n01\n" ROOT,
      "o\n00\n" ROOT,
      "o\n+1\n" ROOT,
      "o\n-1\n" ROOT,
      "o\n 1\n" ROOT,
      "o\n1 \n" ROOT,
      "o\n1e3\n" ROOT,
      "o\n0x10\n" ROOT,
      "o\n9223372036854775808\n" ROOT, /* 2^63 */
      "o\n18446744073709551617\n" ROOT,
      "o\n100000000000000000000\n" ROOT,
      "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n", /* not canonical */
      "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==\n", /* 31 bytes */
      "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2IA\n", /* 33 */
      "o\n1\n" ROOT "\n",                                     /* an empty line */
      "o\n1\n" ROOT "extension",
      "o\n1\n" ROOT "\nextension\n",
      "o\xe2\x80\xaeo\n1\n" ROOT, /* an origin that turns the line around */
      "o\x7f\n1\n" ROOT,
  };
  struct om_checkpoint checkpoint;
  size_t extensions;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    if (om_checkpoint_parse(&checkpoint, NULL, bad[i], strlen(bad[i]), &st) != OM_MALFORMED ||
        om_checkpoint_parse(&checkpoint, &extensions, bad[i], strlen(bad[i]), &st) != OM_MALFORMED) {
      fail_msg("taken: %zu", i);
    }
  }
}

static void checkpoint_edges(void **state) {
  (void)state;
  struct om_checkpoint checkpoint;
  char text[400];
  size_t extensions = 9;
  assert_int_equal(om_checkpoint_parse(&checkpoint, &extensions, "o\n0\n" ROOT, 4 + 45, &st), OM_OK);
  assert_true(checkpoint.size == 0 && extensions == 0);
  snprintf(text, sizeof text, "o\n9223372036854775807\n" ROOT "one\ntwo\n");
  assert_int_equal(om_checkpoint_parse(&checkpoint, &extensions, text, strlen(text), &st), OM_OK);
  assert_true(checkpoint.size == OM_TREE_SIZE_MAX && extensions == 2);
  assert_int_equal(om_checkpoint_parse(&checkpoint, NULL, text, strlen(text), &st), OM_MALFORMED);
  for (int len = OM_LOG_ORIGIN_BYTES; len <= OM_LOG_ORIGIN_BYTES + 1; len++) {
    snprintf(text, sizeof text, "%0*d\n5\n" ROOT, len, 7);
    assert_int_equal(om_checkpoint_parse(&checkpoint, NULL, text, strlen(text), &st),
                     len == OM_LOG_ORIGIN_BYTES ? OM_OK : OM_MALFORMED);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(notes_of_others_verify),
      cmocka_unit_test(our_signature_is_theirs),
      cmocka_unit_test(a_whole_log_of_others),
      cmocka_unit_test(checkpoint_texts),
      cmocka_unit_test(what_we_sign_verifies),
      cmocka_unit_test(every_changed_bit_is_noticed),
      cmocka_unit_test(a_cosignature_holds_only_for_its_time),
      cmocka_unit_test(odd_signatures_of_a_known_key),
      cmocka_unit_test(texts_end_at_the_last_blank_line),
      cmocka_unit_test(malformed_notes_are_refused),
      cmocka_unit_test(truncated_notes_are_refused),
      cmocka_unit_test(limits_hold),
      cmocka_unit_test(lines_are_added_once_and_whole),
      cmocka_unit_test(malformed_checkpoints_are_refused),
      cmocka_unit_test(checkpoint_edges),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
