/* Proofs in the form of C2SP tlog-proof: written as the specification shows it, and read back; what is not that is
 * refused by its line. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "ledger/tlog_proof.h"

#define NOTE "example.com/log\n2\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— example.com/log Az3grg==\n"
#define HASH "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="

static void test_round_trip(void **state) {
  (void)state;
  struct om_arena arena = {0};
  struct om_status st;
  struct om_tlog_proof proof = {.entry = {"\x01\x02\xff", 3}, .index = 1, .note = {NOTE, strlen(NOTE)}}, read;
  size_t got;
  char *text;
  proof.path.n = 1;
  assert_true(om_base64_decode(proof.path.hashes[0].bytes, OM_HASH_BYTES, &got, HASH, strlen(HASH)));
  size_t len = om_tlog_proof_format(&text, &arena, &proof);
  assert_string_equal(text, "c2sp.org/tlog-proof@v1\nextra AQL/\nindex 1\n" HASH "\n\n" NOTE);
  assert_int_equal(len, strlen(text));
  assert_int_equal(om_tlog_proof_parse(&read, &arena, text, len, &st), OM_OK);
  assert_int_equal(read.index, 1);
  assert_int_equal(read.entry.len, 3);
  assert_memory_equal(read.entry.data, "\x01\x02\xff", 3);
  assert_int_equal(read.path.n, 1);
  assert_true(om_hash_equal(&read.path.hashes[0], &proof.path.hashes[0]));
  assert_int_equal(read.note.len, strlen(NOTE));
  assert_memory_equal(read.note.data, NOTE, strlen(NOTE));
  om_arena_free(&arena);
}

static void check(const char *text, const char *why) {
  struct om_arena arena = {0};
  struct om_tlog_proof read;
  struct om_status st;
  om_status_clear(&st);
  enum om_code code = om_tlog_proof_parse(&read, &arena, text, strlen(text), &st);
  if (!why && code != OM_OK) fail_msg("%s", st.text);
  if (why && (code != OM_MALFORMED || !strstr(st.text, why))) fail_msg("%s: %d %s", text, code, st.text);
  om_arena_free(&arena);
}

#define HEAD "c2sp.org/tlog-proof@v1\n"

static void test_form(void **state) {
  (void)state;
  check(HEAD "index 0\n\n" NOTE, NULL);
  check(HEAD "index 9223372036854775807\n\n", NULL);
  check("", "line 1");
  check("c2sp.org/tlog-proof@v2\nindex 0\n\n", "line 1");
  check(HEAD, "line 2");
  check(HEAD "index 0", "line 2");
  check(HEAD "index 00\n\n", "line 2");
  check(HEAD "index 01\n\n", "line 2");
  check(HEAD "index -1\n\n", "line 2");
  check(HEAD "index \n\n", "line 2");
  check(HEAD "index 9223372036854775808\n\n", "line 2");
  check(HEAD "index 99999999999999999999\n\n", "line 2");
  check(HEAD "index 0\r\n\n", "line 2");
  check(HEAD "extra AQL\nindex 0\n\n", "line 2");
  check(HEAD "extra AQL/\n", "line 3");
  check(HEAD "extra AQL/\nextra AQL/\nindex 0\n\n", "line 3");
  check(HEAD "index 0\n" HASH "\n", "line 4");
  check(HEAD "index 0\nAQL/\n\n", "line 3");
  check(HEAD "index 0\n" HASH " \n\n", "line 3");
  char many[8192] = HEAD "index 0\n";
  for (int i = 0; i <= OM_PROOF_MAX; i++) strcat(many, HASH "\n");
  check(strcat(many, "\n"), "one hash too many");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trip),
      cmocka_unit_test(test_form),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
