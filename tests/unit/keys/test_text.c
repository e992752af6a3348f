#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "keys/base64.h"
#include "keys/utf8.h"

/* Writes C in LEN bytes, also where that is not its shortest form. */
static void encode(char *out, uint32_t c, size_t len) {
  static const uint8_t mark[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
  for (size_t i = len; i-- > 1; c >>= 6) out[i] = (char)(0x80 | (c & 0x3F));
  out[0] = (char)(mark[len] | c);
}

static size_t shortest(uint32_t c) {
  return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
}

static void test_every_character_in_every_form(void **state) {
  (void)state;
  static const uint32_t room[] = {0, 0x80, 0x800, 0x10000, 0x200000};
  for (size_t len = 1; len <= 4; len++)
    for (uint32_t c = 0; c < room[len]; c++) {
      char text[4];
      uint32_t got;
      encode(text, c, len);
      bool want = len == shortest(c) && c <= 0x10FFFF && !(c >= 0xD800 && c <= 0xDFFF);
      if (om_utf8_ok(text, len) != want) fail_msg("U+%04X in %zu bytes", c, len);
      if (want) assert_true(om_utf8_next(&got, text, len) == len && got == c);
      for (size_t cut = 1; cut < len; cut++) assert_int_equal(om_utf8_next(&got, text, cut), 0);
    }
}

static void test_stray_bytes(void **state) {
  (void)state;
  for (int b = 0x80; b <= 0xFF; b++) {
    char text[3] = {'a', (char)b, 'z'};
    assert_false(om_utf8_ok(text, 3));
    assert_false(om_utf8_ok(text, 2));
  }
  assert_true(om_utf8_ok("", 0));
  assert_true(om_utf8_ok("a\0b", 3));
  assert_false(om_utf8_ok("\xf8\x88\x80\x80\x80", 5));
}

static void test_text(void **state) {
  (void)state;
  size_t refused = 0;
  for (uint32_t c = 0; c <= 0x10FFFF; c++) {
    char text[4];
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    encode(text, c, shortest(c));
    refused += !om_text_ok(text, shortest(c));
  }
  assert_int_equal(refused, 32 + 33 + 9 + 32 + 34); /* C0; DEL and C1; bidi; U+FDD0-FDEF; the last two of 17 planes */
  assert_false(om_text_ok("\x1b[31m", 5));
  assert_false(om_text_ok("a\xe2\x80\xae", 4));
  assert_false(om_text_ok("a\xe2\x81\xa6", 4));
  assert_false(om_text_ok("\xef\xb7\x90", 3));
  assert_false(om_text_ok("\xf4\x8f\xbf\xbf", 4));
  assert_false(om_text_ok("ok\xff", 3));
  assert_true(om_text_ok("Rönnskär 99,99 % \xf0\x9f\x93\xa6", strlen("Rönnskär 99,99 % \xf0\x9f\x93\xa6")));
}

static void test_base64_rfc4648(void **state) {
  (void)state;
  static const char *const pairs[][2] = {{"", ""},
                                         {"f", "Zg=="},
                                         {"fo", "Zm8="},
                                         {"foo", "Zm9v"},
                                         {"foob", "Zm9vYg=="},
                                         {"fooba", "Zm9vYmE="},
                                         {"foobar", "Zm9vYmFy"}};
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    char text[16];
    uint8_t bytes[16];
    size_t len;
    om_base64(text, OM_BASE64_BYTES(i), (const uint8_t *)pairs[i][0], i);
    assert_string_equal(text, pairs[i][1]);
    assert_true(om_base64_decode(bytes, i, &len, text, strlen(text)));
    assert_int_equal(len, i);
    assert_memory_equal(bytes, pairs[i][0], i);
    if (i > 0) assert_false(om_base64_decode(bytes, i - 1, &len, text, strlen(text)));
  }
}

/* Of all texts of four characters that decode, each is what its bytes are written as: no second text for the same
 * bytes. */
static void test_base64_is_canonical(void **state) {
  (void)state;
  static const char alphabet[] = "AQgwBCP+/=-_ \n";
  const size_t n = sizeof alphabet; /* with the NUL */
  size_t decoded = 0;
  for (size_t i = 0; i < n * n * n * n; i++) {
    char text[4] = {alphabet[i % n], alphabet[i / n % n], alphabet[i / n / n % n], alphabet[i / n / n / n]}, again[5];
    uint8_t bytes[3];
    size_t len;
    if (!om_base64_decode(bytes, sizeof bytes, &len, text, 4)) {
      assert_int_equal(len, 0);
      continue;
    }
    decoded++;
    om_base64(again, sizeof again, bytes, len);
    assert_memory_equal(again, text, 4);
  }
  /* 9 letters; the last before "=" needs two zero bits (A Q g w; '+' and '/' do not), before "==" four (A Q g w). */
  size_t one = 0, two = 0;
  for (const char *c = "AQgwBCP+/"; *c; c++) {
    size_t value = (size_t)(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", *c) -
                            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    one += value % 4 == 0;
    two += value % 16 == 0;
  }
  assert_int_equal(decoded, 9 * 9 * 9 * 9 + 9 * 9 * one + 9 * two);
}

static void test_base64_oddities(void **state) {
  (void)state;
  static const char *const bad[] = {
      "Zg", "Zg=", "Zg===", "Zg==Zg==", "Zh==", "Zm9=", "Z===", "====", "Zm9v\n", " Zm9v", "Zm-_", "Zm9v===="};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    uint8_t bytes[16];
    size_t len;
    if (om_base64_decode(bytes, sizeof bytes, &len, bad[i], strlen(bad[i]))) fail_msg("\"%s\" was taken", bad[i]);
  }
}

/* Bytes of every length up to a few pieces come back, and a character that is none is found wherever it stands. */
static void test_base64_of_every_length(void **state) {
  (void)state;
  uint8_t bytes[200], again[200];
  char text[OM_BASE64_BYTES(sizeof bytes)];
  size_t len;
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 151 + 7);
  for (size_t n = 0; n <= sizeof bytes; n++) {
    om_base64(text, sizeof text, bytes, n);
    assert_true(om_base64_decode(again, n, &len, text, strlen(text)));
    assert_int_equal(len, n);
    assert_memory_equal(again, bytes, n);
    for (size_t at = 0; at < strlen(text); at += 7) {
      char before = text[at];
      text[at] = '-';
      assert_false(om_base64_decode(again, sizeof again, &len, text, strlen(text)));
      assert_int_equal(len, 0);
      text[at] = before;
    }
  }
}

/* Each byte there is, in each of four places: only the 64 characters are digits. */
static void test_base64_every_byte(void **state) {
  (void)state;
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (int i = 0; i < 4 * 256; i++) {
    char text[4] = {'Z', 'm', '9', 'v'};
    uint8_t bytes[3];
    size_t len;
    text[i % 4] = (char)(i / 4);
    bool is_digit = i / 4 != 0 && strchr(digits, i / 4), ends = i % 4 == 3 && i / 4 == '=';
    if (ends) text[2] = '8'; /* so that no bits are left over */
    if (om_base64_decode(bytes, sizeof bytes, &len, text, 4) != (is_digit || ends))
      fail_msg("byte %d in place %d", i / 4, i % 4);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_character_in_every_form),
      cmocka_unit_test(test_stray_bytes),
      cmocka_unit_test(test_text),
      cmocka_unit_test(test_base64_rfc4648),
      cmocka_unit_test(test_base64_is_canonical),
      cmocka_unit_test(test_base64_oddities),
      cmocka_unit_test(test_base64_every_byte),
      cmocka_unit_test(test_base64_of_every_length),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
