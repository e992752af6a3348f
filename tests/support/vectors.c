#include "support/vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/test.h"

json_t *vectors_load(const char *name) {
  char path[1024];
  json_error_t error;
  snprintf(path, sizeof path, "%s/%s", TEST_DATA, name);
  json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
  if (!root) {
    fail_msg("%s: %s", path, error.text);
  }
  return root;
}

static const json_t *member(const json_t *object, const char *name) {
  const json_t *value = json_object_get(object, name);
  if (!value) {
    fail_msg("no member '%s'", name);
  }
  return value;
}

const char *vectors_string(const json_t *object, const char *name) {
  const char *text = json_string_value(member(object, name));
  assert_non_null(text);
  return text;
}

const json_t *vectors_array(const json_t *object, const char *name) {
  const json_t *value = member(object, name);
  assert_true(json_is_array(value) || json_is_null(value)); /* some writers say null for the empty array */
  return value;
}

uint64_t vectors_u64(const json_t *object, const char *name) {
  const json_t *value = member(object, name);
  if (json_is_string(value)) {
    return strtoull(json_string_value(value), NULL, 10);
  }
  assert_true(json_is_integer(value) && json_integer_value(value) >= 0);
  return (uint64_t)json_integer_value(value);
}

size_t vectors_hex(uint8_t *out, size_t cap, const char *text) {
  size_t n = strlen(text) / 2;
  assert_true(strlen(text) % 2 == 0 && n <= cap);
  for (size_t i = 0; i < n; i++) {
    unsigned byte;
    assert_int_equal(sscanf(text + 2 * i, "%2x", &byte), 1);
    out[i] = (uint8_t)byte;
  }
  return n;
}

size_t vectors_base64(uint8_t *out, size_t cap, const char *text) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  uint32_t bits = 0;
  unsigned have = 0;
  size_t n = 0;
  for (; *text && *text != '='; text++) {
    const char *digit = strchr(digits, *text);
    assert_non_null(digit);
    bits = bits << 6 | (uint32_t)(digit - digits);
    have += 6;
    if (have >= 8) {
      have -= 8;
      assert_true(n < cap);
      out[n++] = (uint8_t)(bits >> have);
    }
  }
  return n;
}
