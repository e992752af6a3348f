#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "keys/status.h"

static void test_sentence_grows_on_the_way_up(void **state) {
  (void)state;
  struct om_status st;
  assert_int_equal(om_fail(&st, OM_REFUSED, "balance", "shipped %d t, only %d t left", 20, 19), OM_REFUSED);
  assert_int_equal(om_wrap(&st, "row %d", 12), OM_REFUSED);
  assert_string_equal(st.text, "row 12: shipped 20 t, only 19 t left");
  assert_string_equal(st.rule, "balance");
  om_status_clear(&st);
  assert_int_equal(st.code, OM_OK);
  assert_string_equal(st.text, "");
}

static void test_hostile_text_is_tamed(void **state) {
  (void)state;
  struct om_status st;
  om_fail(&st, OM_MALFORMED, NULL, "name \"%s\"", "a\x1b[31m\nb");
  assert_string_equal(st.text, "name \"a?[31m?b\"");
  om_fail(&st, OM_USAGE, NULL, "%s",
          "\x8a"
          "1\xff\xc3x\xe2\x80\xae\xc2\x85R\xc3\xb6");
  assert_string_equal(st.text, "?1??x??R\xc3\xb6");
  om_wrap(&st, "%s", "\xc3");
  assert_string_equal(st.text, "?: ?1??x??R\xc3\xb6");
}

static void test_cut_never_splits_a_character(void **state) {
  (void)state;
  struct om_status st;
  for (int pad = 0; pad < 4; pad++) {
    char longer[1200];
    memset(longer, 'x', (size_t)pad);
    for (size_t i = (size_t)pad; i + 3 < sizeof longer; i += 3) memcpy(longer + i, "\xe2\x82\xac", 4);
    om_fail(&st, OM_IO, NULL, "%s", longer);
    size_t len = strlen(st.text);
    assert_true(len < OM_STATUS_TEXT_BYTES && len > OM_STATUS_TEXT_BYTES - 5);
    assert_int_equal((len - (size_t)pad) % 3, 0);
  }
}

static void test_exit_statuses(void **state) {
  (void)state;
  assert_int_equal(om_exit_status(OM_OK), 0);
  assert_int_equal(om_exit_status(OM_NO), 1);
  assert_int_equal(om_exit_status(OM_USAGE), 2);
  assert_int_equal(om_exit_status(OM_CORRUPT), 3);
  assert_int_equal(om_exit_status(OM_MALFORMED), 4);
  assert_int_equal(om_exit_status(OM_WAIT), 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sentence_grows_on_the_way_up),
      cmocka_unit_test(test_hostile_text_is_tamed),
      cmocka_unit_test(test_cut_never_splits_a_character),
      cmocka_unit_test(test_exit_statuses),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
