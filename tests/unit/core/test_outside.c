/* What witnesses outside answer with: whatever it is, only a good cosignature of the head that they were asked for is
 * taken. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/outside.h"

static struct om_secret *log_secret, *witness;
static struct om_vkey key;
static struct om_outside_head head;
static char good[OM_NOTE_LINE_BYTES];

static struct om_secret *secret(uint8_t seed_byte) {
  uint8_t seed[OM_PUBLIC_BYTES];
  struct om_status st;
  struct om_secret *out;
  memset(seed, seed_byte, sizeof seed);
  assert_int_equal(om_secret_new(&out, seed, &st), OM_OK);
  return out;
}

static int open_all(void **state) {
  (void)state;
  char text[OM_CHECKPOINT_BYTES], line[OM_NOTE_LINE_BYTES], vkey[OM_VKEY_BYTES];
  struct om_status st;
  log_secret = secret(1), witness = secret(2);
  om_vkey_format(vkey, "w.example", OM_ALG_COSIGNATURE, om_secret_public(witness));
  assert_int_equal(om_vkey_parse(&key, vkey, strlen(vkey), &st), OM_OK);
  snprintf(head.checkpoint.origin, sizeof head.checkpoint.origin, "example.com/log");
  head.checkpoint.size = 5;
  size_t len = om_checkpoint_format(text, &head.checkpoint);
  assert_int_equal(om_note_begin(head.note, &head.len, text, len, &st), OM_OK);
  size_t n = om_note_sign(line, head.checkpoint.origin, log_secret, text, len);
  assert_int_equal(om_note_add_line(head.note, &head.len, line, n, &st), OM_OK);
  om_note_cosign(good, "w.example", witness, 1795000000, text, len);
  return 0;
}

static int close_all(void **state) {
  (void)state;
  om_secret_free(log_secret);
  om_secret_free(witness);
  return 0;
}

static bool takes(const char *body) {
  char line[OM_NOTE_LINE_BYTES] = "";
  struct om_status st;
  enum om_code code = om_outside_line(line, &head, body, strlen(body), &key, &st);
  if (code == OM_OK) assert_string_equal(line, good);
  return code == OM_OK;
}

static void test_answers(void **state) {
  (void)state;
  char body[4 * OM_NOTE_LINE_BYTES], other[OM_NOTE_LINE_BYTES], text[OM_CHECKPOINT_BYTES];
  assert_true(takes(good));
  snprintf(body, sizeof body, "\n\xff\n— other.example AAAA\n%s— w.example AAAA\n", good);
  assert_true(takes(body));
  assert_false(takes(""));
  assert_false(takes("\n"));
  assert_false(takes("<html>"));
  snprintf(body, sizeof body, "%.*s", (int)strlen(good) - 1, good); /* without its newline */
  assert_false(takes(body));
  snprintf(body, sizeof body, "%s", good);
  body[strlen(body) - 10] = body[strlen(body) - 10] == 'A' ? 'B' : 'A';
  assert_false(takes(body));
  struct om_checkpoint later = head.checkpoint; /* a good cosignature, of another head */
  later.size = 6;
  size_t len = om_checkpoint_format(text, &later);
  om_note_cosign(other, "w.example", witness, 1795000000, text, len);
  assert_false(takes(other));
  len = om_checkpoint_format(text, &head.checkpoint); /* of this one, by somebody else under the same name */
  om_note_cosign(other, "w.example", log_secret, 1795000000, text, len);
  assert_false(takes(other));
}

static void check_size(const char *body, bool is, uint64_t size) {
  uint64_t got;
  assert_int_equal(om_outside_size(&got, body, strlen(body)), is);
  if (is) assert_int_equal(got, size);
}

static void test_sizes(void **state) {
  (void)state;
  check_size("0\n", true, 0);
  check_size("4711\n", true, 4711);
  check_size("9223372036854775807\n", true, INT64_MAX);
  check_size("9223372036854775808\n", false, 0);
  check_size("99999999999999999999\n", false, 0);
  check_size("", false, 0);
  check_size("\n", false, 0);
  check_size("7", false, 0);
  check_size("07\n", false, 0);
  check_size("-7\n", false, 0);
  check_size("7 \n", false, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_answers),
      cmocka_unit_test(test_sizes),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
