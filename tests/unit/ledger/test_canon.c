/* Canonical bytes: each rule broken by hand once, and random messages with random damage against a re-encoding. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/statement.h"
#include "proto/log.pb-c.h"
#include "support/canon.h"
#include "support/seed.h"
#include "support/test.h"
#include "support/vectors.h"

/* ---- one rule at a time ---- */

struct one {
  const char *what;
  const ProtobufCMessageDescriptor *type;
  const char *good; /* hexadecimal; canonical */
  const char *bad;  /* the same with one rule broken */
  const char *why;  /* what the status must say */
};

#define ENTRY &oremark__entry__descriptor
#define MATERIAL &oremark__material__descriptor
#define MEMBER &oremark__new_member__descriptor
#define SHIP &oremark__ship__descriptor
#define SIGNATURE &oremark__signature__descriptor
#define SIGNED &oremark__signed_statement__descriptor
#define SITE &oremark__add_site__descriptor
#define STATEMENT &oremark__statement__descriptor
#define WITNESSES &oremark__witness_list__descriptor

static const struct one rules[] = {
    {"fields in descending order", SIGNATURE, "08051501020304", "15010203040805", "ascending"},
    {"a number twice", SIGNATURE, "0805", "08050805", "stands twice"},
    {"a message twice", &oremark__material__descriptor, "220408011002", "220408011002220408011002", "stands twice"},
    {"the same choice of a oneof twice", ENTRY, "08012200", "080122002200", "stands twice"},
    {"two choices of a oneof", ENTRY, "08011a00", "08011a002200", "second choice"},
    {"a field of no schema", ENTRY, "0801", "08012801", "no field 5"},
    {"field number 0", ENTRY, "0801", "00010801", "not a field"},
    {"a field number over 32 bits", ENTRY, "0801", "0801f8ffffffff0101", "not a field"},

    {"a default number", SIGNATURE, "0801", "0800", "default"},
    {"a default fixed number", SIGNATURE, "1500000100", "1500000000", "default"},
    {"default bytes", SIGNATURE, "1a0161", "1a00", "default"},
    {"a default text", MATERIAL, "120161", "1200", "default"},
    {"a default enum", MATERIAL, "0801", "0800", "default"},
    {"a default bool", SHIP, "2001", "2000", "default"},
    {"a default signed number", SITE, "2801", "2800", "default"},

    {"an overlong number", SIGNATURE, "0805", "088500", "minimal"},
    {"an overlong tag", SIGNATURE, "0805", "880005", "not a field"},
    {"an overlong length", SIGNATURE, "1a0161", "1a810061", "cut off"},
    {"a number over 64 bits", ENTRY, "08ffffffffffffffffff01", "08ffffffffffffffffff02", "minimal"},
    {"a number of eleven bytes", ENTRY, "08ffffffffffffffffff01", "08ffffffffffffffffff8101", "minimal"},
    {"a uint32 over 32 bits", SIGNATURE, "08ffffffff0f", "088080808010", "range"},
    {"a sint32 over 32 bits", SITE, "28ffffffff0f", "288080808010", "range"},
    {"a bool of two", SHIP, "2001", "2002", "range"},
    {"an enum of no name", MATERIAL, "080e", "080f", "range"},
    {"an enum below zero", MATERIAL, "080e", "08ffffffffffffffffff01", "range"},

    {"a packed list of nothing", WITNESSES, "0a0100", "0a00", "empty list"},
    {"a packed list in two parts", WITNESSES, "0a020102", "0a01010a0102", "stands twice"},
    {"a list that should be packed and is not", WITNESSES, "0a0101", "0801", "another type"},
    {"an overlong number in a packed list", WITNESSES, "0a0101", "0a028100", "minimal"},
    {"a packed list cut inside a number", WITNESSES, "0a028101", "0a0181", "minimal"},
    {"an enum of no name in a packed list", MEMBER, "22020e01", "22020f01", "range"},

    {"bytes that are no UTF-8", MATERIAL, "1202c3b6", "1202c328", "UTF-8"},
    {"an overlong character", MATERIAL, "12012f", "1202c0af", "UTF-8"},
    {"a surrogate", MATERIAL, "1203ed9fbf", "1203eda080", "UTF-8"},
    {"a bell", MATERIAL, "120161", "120107", "control"},
    {"a newline", MATERIAL, "120161", "12020a61", "control"},
    {"a NUL", MATERIAL, "120161", "12026100", "control"},
    {"DEL", MATERIAL, "120161", "12017f", "control"},
    {"a C1 control", MATERIAL, "1202c2a0", "1202c285", "control"},
    {"a character that turns the writing around", MATERIAL, "1203e280a9", "1203e280ae", "control"},
    {"a bell in a list", MATERIAL, "320161320162", "320161320107", "control"},

    {"a number where fixed bytes stand", SIGNATURE, "1501020304", "1005", "another type"},
    {"fixed bytes where a number stands", SIGNATURE, "0805", "0d01020304", "another type"},
    {"a number where a message stands", ENTRY, "08012200", "08012001", "another type"},
    {"the beginning of a group", ENTRY, "0801", "08010b0c", "another type"},
    {"a tag cut off", SIGNATURE, "0805", "080595", "not a field"},
    {"a number cut off", SIGNATURE, "0805", "0885", "minimal"},
    {"a fixed number cut off", SIGNATURE, "1501020304", "15010203", "minimal"},
    {"bytes cut off", SIGNATURE, "1a026161", "1a0261", "cut off"},
    {"a length far beyond the end", SIGNATURE, "1a026161", "1affffffffffffffffff016161", "cut off"},

    {"a default two messages down", ENTRY, "08011a0412020805", "08011a0412020800", "member of Signature"},
    {"a field of no schema in an event", STATEMENT, "2a0452020801", "2a0452022001", "Extract has no field 4"},
};

static size_t unhex(uint8_t out[256], const char *hex) {
  return vectors_hex(out, 256, hex);
}

static void each_rule_broken_alone(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
    struct om_status st = {0};
    uint8_t bytes[256];
    size_t len = unhex(bytes, rules[i].good);
    if (!om_canonical(rules[i].type, bytes, len, &st))
      fail_msg("%s: the good bytes are refused: %s", rules[i].what, st.text);
    assert_true(canon_by_repacking(rules[i].type, bytes, len));
    len = unhex(bytes, rules[i].bad);
    if (om_canonical(rules[i].type, bytes, len, &st)) fail_msg("%s is taken", rules[i].what);
    assert_int_equal(st.code, OM_MALFORMED);
    assert_string_equal(st.rule, "canonical");
    if (!strstr(st.text, rules[i].why))
      fail_msg("%s: \"%s\" does not say \"%s\"", rules[i].what, st.text, rules[i].why);
    assert_false(canon_by_repacking(rules[i].type, bytes, len));
  }
}

/* A message that is there and empty is not one that is absent: a moisture of 0, a lot that the first event wrote first.
 */
static void an_empty_message_is_there(void **state) {
  (void)state;
  struct om_status st = {0};
  assert_true(om_canonical(ENTRY, NULL, 0, &st));
  assert_true(om_canonical(MATERIAL, (const uint8_t *)"\x22\x00", 2, &st));
  assert_true(om_canonical(&oremark__split__descriptor, (const uint8_t *)"\x0a\x00", 2, &st));
}

/* N times the field with TAG and a body of one byte (messages: none). */
static uint8_t *repeat(size_t *len, uint8_t tag, size_t n, bool message) {
  size_t each = message ? 2 : 3;
  uint8_t *bytes = malloc(n * each);
  assert_non_null(bytes);
  for (size_t i = 0; i < n; i++) {
    const uint8_t field[3] = {tag, message ? 0 : 1, 'a'};
    memcpy(bytes + i * each, field, each);
  }
  *len = n * each;
  return bytes;
}

static void counts_have_limits(void **state) {
  (void)state;
  static const struct {
    const ProtobufCMessageDescriptor *type;
    uint8_t field;
    bool message;
    size_t max;
  } lists[] = {
      {STATEMENT, 5, true, 256},
      {SIGNED, 2, true, 32},
      {MATERIAL, 5, true, 16},
      {MATERIAL, 6, false, 64},
      {&oremark__loss__descriptor, 2, true, 16},
      {&oremark__transform__descriptor, 5, true, 16},
      {&oremark__transform__descriptor, 3, true, 1000},
      {&oremark__draw__descriptor, 3, true, 16},
      {SHIP, 1, true, 1000},
      {&oremark__collect__descriptor, 6, false, 1000},
  };
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    struct om_status st = {0};
    size_t len;
    uint8_t *bytes = repeat(&len, (uint8_t)(lists[i].field << 3 | 2), lists[i].max + 1, lists[i].message);
    assert_false(om_canonical(lists[i].type, bytes, len, &st));
    assert_non_null(strstr(st.text, "too many"));
    assert_true(om_canonical(lists[i].type, bytes, len - (lists[i].message ? 2 : 3), &st));
    free(bytes);
  }
}

static void packed_counts_have_limits(void **state) {
  (void)state;
  struct om_status st = {0};
  uint8_t bytes[1100] = {0x0a, 0xe9, 0x07}; /* 1,001 values of a byte each */
  assert_false(om_canonical(WITNESSES, bytes, 3 + 1001, &st));
  assert_non_null(strstr(st.text, "too many"));
  bytes[1] = 0xe8;
  assert_true(om_canonical(WITNESSES, bytes, 3 + 1000, &st));
}

/* ---- random messages, random damage ---- */

static const ProtobufCMessageDescriptor *const types[] = {
    ENTRY, SIGNED,    STATEMENT, &oremark__event__descriptor, &oremark__genesis__descriptor, MATERIAL,
    SITE,  WITNESSES, SIGNATURE};

enum { BYTES_MAX = 1 << 16, MESSAGES = 20000, DAMAGES = 12 };

static void insert(uint8_t *bytes, size_t *len, size_t at, const uint8_t *what, size_t n) {
  memmove(bytes + at + n, bytes + at, *len - at);
  memcpy(bytes + at, what, n);
  *len += n;
}

static void cut_out(uint8_t *bytes, size_t *len, size_t at, size_t n) {
  memmove(bytes + at, bytes + at + n, *len - at - n);
  *len -= n;
}

/* One change, of a kind that could keep the bytes readable. */
static void damage(uint8_t *bytes, size_t *len, uint64_t *seed) {
  size_t at = (size_t)test_below(seed, *len), n = 1 + (size_t)test_below(seed, 8), to = (size_t)test_below(seed, *len);
  uint8_t part[8];
  if (n > *len - at) n = *len - at;
  memcpy(part, bytes + at, n);
  switch (test_below(seed, 7)) {
    case 0: bytes[at] ^= (uint8_t)(1U << test_below(seed, 8)); break;
    case 1: bytes[at] = (uint8_t)test_random(seed); break;
    case 2: bytes[at] = 0; break;
    case 3: cut_out(bytes, len, at, n); break;
    case 4: insert(bytes, len, to, part, n); break; /* a copy elsewhere */
    case 5:                                         /* a varint one byte longer than it need be */
      bytes[at] |= 0x80;
      insert(bytes, len, at + 1, (const uint8_t[]){0}, 1);
      break;
    default: /* a move */
      cut_out(bytes, len, at, n);
      insert(bytes, len, to > *len ? *len : to, part, n);
      break;
  }
}

static void same_as_repacking(const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t len, bool *taken) {
  struct om_status st = {0};
  *taken = om_canonical(type, bytes, len, &st);
  if (*taken == canon_by_repacking(type, bytes, len)) return;
  print_message("%s:", type->short_name);
  for (size_t i = 0; i < len; i++) print_message("%02x", bytes[i]);
  fail_msg("\n%s, but a re-encoding says otherwise (%s)", *taken ? "taken" : "refused", st.text);
}

static void damaged_messages_are_judged_as_a_re_encoding_does(void **state) {
  (void)state;
  static uint8_t whole[BYTES_MAX], bytes[BYTES_MAX + 64 * DAMAGES];
  uint64_t seed = test_seed();
  size_t taken = 0, refused = 0;
  struct om_arena arena = {0};
  for (size_t i = 0; i < MESSAGES; i++) {
    const ProtobufCMessageDescriptor *type = types[i % (sizeof types / sizeof *types)];
    ProtobufCMessage *message = canon_random(&arena, type, &seed);
    size_t whole_len = protobuf_c_message_get_packed_size(message);
    bool ok;
    if (whole_len == 0 || whole_len > BYTES_MAX) continue;
    protobuf_c_message_pack(message, whole);
    same_as_repacking(type, whole, whole_len, &ok);
    assert_true(ok);
    for (size_t d = 0; d < DAMAGES; d++) {
      size_t len = whole_len;
      memcpy(bytes, whole, len);
      for (uint64_t n = 1 + test_below(&seed, 3); n && len; n--) damage(bytes, &len, &seed);
      same_as_repacking(type, bytes, len, &ok);
      ok ? taken++ : refused++;
    }
    om_arena_reset(&arena);
  }
  om_arena_free(&arena);
  /* Damage that only ever breaks, or never, would show nothing. */
  assert_true(taken > MESSAGES && refused > MESSAGES);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_rule_broken_alone),
      cmocka_unit_test(an_empty_message_is_there),
      cmocka_unit_test(counts_have_limits),
      cmocka_unit_test(packed_counts_have_limits),
      cmocka_unit_test(damaged_messages_are_judged_as_a_re_encoding_does),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
