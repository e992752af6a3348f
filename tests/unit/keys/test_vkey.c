#include "support/test.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "keys/vkey.h"

static struct om_status st;

static enum om_code parse(struct om_vkey *out, const char *text) {
  om_status_clear(&st);
  return om_vkey_parse(out, text, strlen(text), &st);
}

static json_t *load(void) {
  json_error_t error;
  json_t *root = json_load_file(TEST_DATA "/tlog/verifier_keys.json", JSON_REJECT_DUPLICATES, &error);
  if (!root) fail_msg("%s", error.text);
  return root;
}

static const char *text_of(json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  assert_non_null(text);
  return text;
}

static void test_good_vectors(void **state) {
  (void)state;
  json_t *root = load(), *item;
  size_t i;
  json_array_foreach(json_object_get(root, "good"), i, item) {
    struct om_vkey v;
    char hex[65], id[9], again[OM_VKEY_BYTES];
    const char *text = text_of(item, "vkey");
    if (parse(&v, text) != OM_OK) fail_msg("%s: %s", text, st.text);
    sodium_bin2hex(hex, sizeof hex, v.key, sizeof v.key);
    snprintf(id, sizeof id, "%08x", v.id);
    assert_string_equal(v.name, text_of(item, "name"));
    assert_string_equal(hex, text_of(item, "public_key_hex"));
    assert_string_equal(id, text_of(item, "key_id"));
    assert_int_equal(v.alg, strstr(text_of(item, "type"), "0x04") ? OM_ALG_COSIGNATURE : OM_ALG_ED25519);
    om_vkey_format(again, v.name, v.alg, v.key);
    assert_string_equal(again, text);
  }
  assert_int_equal(i, 8);
  json_decref(root);
}

static void test_bad_vectors(void **state) {
  (void)state;
  json_t *root = load(), *item;
  struct om_vkey v;
  size_t i;
  json_array_foreach(json_object_get(root, "bad"), i, item) {
    assert_int_equal(parse(&v, text_of(item, "vkey")), OM_MALFORMED);
  }
  assert_int_equal(i, 7);
  json_decref(root);
}

/* As golang/mod tests its own: every part of a good vkey and every one with a byte raised by one is refused. */
static void test_near_misses(void **state) {
  (void)state;
  json_t *root = load(), *item;
  size_t i;
  json_array_foreach(json_object_get(root, "good"), i, item) {
    char text[OM_VKEY_BYTES];
    struct om_vkey v;
    size_t len = strlen(text_of(item, "vkey"));
    memcpy(text, text_of(item, "vkey"), len + 1);
    for (size_t from = 0; from < len; from++)
      for (size_t to = from; to <= len; to++)
        if (to - from < len) assert_int_equal(om_vkey_parse(&v, text + from, to - from, &st), OM_MALFORMED);
    for (size_t at = 0; at < len; at++) {
      text[at]++;
      if (parse(&v, text) != OM_MALFORMED) fail_msg("%s", text);
      text[at]--;
    }
  }
  json_decref(root);
}

static void test_each_refusal_says_why(void **state) {
  (void)state;
  static const struct {
    const char *text, *why;
  } cases[] = {
      {"TEST", "not a verifier key: no '+' after the name"},
      {"+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6",
       "the name must be 1 to 128 bytes of UTF-8 text without spaces, '+' or control characters"},
      {"TEST+7997405C+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6",
       "the name is not followed by '+', 8 lower-case hexadecimal digits and '+'"},
      {"TEST+7997405c-", "the name is not followed by '+', 8 lower-case hexadecimal digits and '+'"},
      {"TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6\n",
       "the part after the second '+' is not the base64 of 33 bytes"},
      {"TEST+7997405c+AQcC", "the part after the second '+' is not the base64 of 33 bytes"},
      {"TEST+7997405c+BQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6",
       "signature type 0x05 is neither Ed25519 (0x01) nor cosignature/v1 (0x04)"},
      {"TEST+7997405d+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6",
       "key id 7997405d does not belong to this name and key (theirs is 7997405c)"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct om_vkey v;
    assert_int_equal(parse(&v, cases[i].text), OM_MALFORMED);
    assert_string_equal(st.text, cases[i].why);
  }
}

static void test_unsound_points_are_refused(void **state) {
  (void)state;
  uint8_t identity[32] = {1};
  char text[OM_VKEY_BYTES];
  struct om_vkey v;
  om_vkey_format(text, "kokkola.example", OM_ALG_ED25519, identity);
  assert_int_equal(parse(&v, text), OM_MALFORMED);
  assert_string_equal(st.text, "the key is not a sound Ed25519 point");
}

static void test_names(void **state) {
  (void)state;
  char longest[OM_KEY_NAME_BYTES + 2];
  memset(longest, 'n', sizeof longest);
  assert_true(om_key_name_ok(longest, OM_KEY_NAME_BYTES));
  assert_false(om_key_name_ok(longest, OM_KEY_NAME_BYTES + 1));
  static const char *const good[] = {"kokkola.example/clerk-1", "Kennecott/Grön", "矿山.example"};
  static const char *const bad[] = {"",
                                    "a b",
                                    "a+b",
                                    "a\tb",
                                    "a\nb",
                                    "a\xc2\xa0"
                                    "b",
                                    "a\xe2\x80\xaf"
                                    "b",
                                    "a\xe3\x80\x80",
                                    "a\xe2\x80\xa8",
                                    "a\xc2\x85",
                                    "a\xff",
                                    "a\x7f",
                                    "a\xe2\x80\xae"
                                    "b",
                                    "a\xef\xbf\xbf",
                                    "\xe1\x9a\x80x",
                                    "\xed\xa0\x80"};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) assert_true(om_key_name_ok(good[i], strlen(good[i])));
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (om_key_name_ok(bad[i], strlen(bad[i]))) fail_msg("bad name %zu was taken", i);
  assert_false(om_key_name_ok("a\0b", 3));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_good_vectors),
      cmocka_unit_test(test_bad_vectors),
      cmocka_unit_test(test_near_misses),
      cmocka_unit_test(test_each_refusal_says_why),
      cmocka_unit_test(test_unsound_points_are_refused),
      cmocka_unit_test(test_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
