/* Policies in the form of C2SP tlog-policy: the specification's example, what it forbids, and what a quorum comes to.
 */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/policy.h"

enum { WITNESSES = 6, TEXT_BYTES = 16384 };

static struct om_secret *log_secret, *witnesses[WITNESSES];
static char log_key[OM_VKEY_BYTES], keys[WITNESSES][OM_VKEY_BYTES];
static struct om_policy policy;

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
  log_secret = secret(1);
  om_vkey_format(log_key, "example.com/log", OM_ALG_ED25519, om_secret_public(log_secret));
  for (uint8_t i = 0; i < WITNESSES; i++) {
    char name[32];
    witnesses[i] = secret((uint8_t)(i + 2));
    snprintf(name, sizeof name, "w%d.example", i);
    om_vkey_format(keys[i], name, OM_ALG_COSIGNATURE, om_secret_public(witnesses[i]));
  }
  return 0;
}

static int close_all(void **state) {
  (void)state;
  om_secret_free(log_secret);
  for (int i = 0; i < WITNESSES; i++) om_secret_free(witnesses[i]);
  return 0;
}

/* LOG, and W0 to W5 in TEXT are the keys. */
static enum om_code parse(const char *text, struct om_status *st) {
  static char out[TEXT_BYTES];
  size_t n = 0;
  for (const char *c = text; *c; c++) {
    const char *put = strncmp(c, "LOG", 3) == 0                   ? log_key
                      : c[0] == 'W' && c[1] >= '0' && c[1] <= '5' ? keys[c[1] - '0']
                                                                  : NULL;
    if (put) {
      n += (size_t)snprintf(out + n, sizeof out - n, "%s", put);
      c += put == log_key ? 2 : 1;
    } else {
      out[n++] = *c;
    }
  }
  return om_policy_parse(&policy, out, n, st);
}

/* Whether a checkpoint that the log signed if SIGNED, and the witnesses in the bits of BY, satisfies the policy. */
static bool satisfies(bool is_signed, unsigned by) {
  static char note[OM_NOTE_BYTES_MAX];
  static struct om_note parsed;
  struct om_checkpoint head = {.origin = "example.com/log", .size = 7}, seen;
  bool cosigned[OM_POLICY_NAMES_MAX];
  char text[OM_CHECKPOINT_BYTES], line[OM_NOTE_LINE_BYTES];
  struct om_status st;
  size_t text_len = om_checkpoint_format(text, &head), len;
  assert_int_equal(om_note_begin(note, &len, text, text_len, &st), OM_OK);
  size_t n = om_note_sign(line, is_signed ? head.origin : "nobody", log_secret, text, text_len);
  assert_int_equal(om_note_add_line(note, &len, line, n, &st), OM_OK);
  for (unsigned i = 0; i < WITNESSES; i++) {
    char name[32];
    if (!(by >> i & 1)) continue;
    snprintf(name, sizeof name, "w%u.example", i);
    n = om_note_cosign(line, name, witnesses[i], 1795000000, text, text_len);
    assert_int_equal(om_note_add_line(note, &len, line, n, &st), OM_OK);
  }
  assert_int_equal(om_note_parse(&parsed, note, len, &st), OM_OK);
  enum om_code code = om_policy_check(&policy, &seen, cosigned, &parsed, &st);
  assert_true(code == OM_OK || code == OM_NO);
  return code == OM_OK;
}

static void good(const char *text) {
  struct om_status st;
  if (parse(text, &st) != OM_OK) fail_msg("%s", st.text);
}

static void test_two_levels(void **state) {
  (void)state;
  good(
      "# the specification's example\nlog LOG\n\n \twitness X1 W0\nwitness X2 W1 https://x.example/\nwitness X3 W2\n"
      "group X-witnesses 2 X1 X2 X3\nwitness Y1 W3\nwitness Y2 W4\nwitness Y3 W5\ngroup Y-witnesses any Y1\tY2 Y3 \n"
      "group X-and-Y all X-witnesses Y-witnesses\n  # and\nquorum X-and-Y\n");
  for (unsigned by = 0; by < 64; by++) {
    unsigned x = (by & 1) + (by >> 1 & 1) + (by >> 2 & 1);
    assert_int_equal(satisfies(true, by), x >= 2 && by >> 3);
    assert_false(satisfies(false, by));
  }
}

static void test_simple(void **state) {
  (void)state;
  good("log LOG\nquorum none\n");
  assert_true(satisfies(true, 0));
  assert_false(satisfies(false, 0));
  good("log LOG\nwitness a W1\nquorum a\n");
  assert_true(satisfies(true, 2) && !satisfies(true, 1) && !satisfies(true, 0));
  good("quorum none\n");
  assert_false(satisfies(true, 0)); /* no log is known */
}

static void bad(const char *text, const char *why) {
  struct om_status st;
  enum om_code code = parse(text, &st);
  if (code != OM_MALFORMED || !strstr(st.text, why)) fail_msg("%s: %d, %s", text, code, code ? st.text : "taken");
}

static void test_what_is_no_policy(void **state) {
  (void)state;
  bad("", "quorum");
  bad("log LOG\n", "quorum");
  bad("quorum none", "newline");
  bad("quorum none\nquorum none\n", "line 2");
  bad("quorum a\n", "line 1");
  bad("quorum\n", "line 1");
  bad("quorum none none\n", "line 1");
  bad("log LOG\nlog LOG\nquorum none\n", "line 2");
  bad("log W1\nquorum none\n", "line 1");
  bad("log\nquorum none\n", "line 1");
  bad("log LOG a b\nquorum none\n", "line 1");
  bad("witness a LOG\nquorum a\n", "line 1");
  bad("witness a W1\nwitness b W1\nquorum a\n", "line 2");
  bad("witness a W1\nwitness a W2\nquorum a\n", "line 2");
  bad("witness none W1\nquorum none\n", "line 1");
  bad("witness a\nquorum a\n", "line 1");
  bad("witness a W1 u v\nquorum a\n", "line 1");
  bad("witness a W1x\nquorum a\n", "line 1");
  bad("group g any a\nwitness a W1\nquorum g\n", "line 1");
  bad("group g any g\nquorum g\n", "line 1");
  bad("witness a W1\ngroup g 0 a\nquorum g\n", "line 2");
  bad("witness a W1\ngroup g 2 a\nquorum g\n", "line 2");
  bad("witness a W1\ngroup g 01 a\nquorum g\n", "line 2");
  bad("witness a W1\ngroup g 99999999999999999999 a\nquorum g\n", "line 2");
  bad("witness a W1\ngroup g any\nquorum g\n", "line 2");
  bad("witness a W1\ngroup g any none\nquorum g\n", "line 2");
  bad("witness a W1\ngroup g any a a\nquorum g\n", "line 2");
  bad("witness a W1\ngroup g any a\ngroup h any a\nquorum g\n", "line 3");
  bad("witness a W1\ngroup a any a\nquorum a\n", "line 2");
  bad("Quorum none\n", "line 1");
  bad("quorum none\r\n", "line 1");
  bad("quorum\vnone\n", "line 1");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_two_levels),
      cmocka_unit_test(test_simple),
      cmocka_unit_test(test_what_is_no_policy),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
