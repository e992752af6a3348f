#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/csv.h"

/* Reads TEXT and writes what came of it: fields in brackets, a line a row, "!LINE: message" for a bad one. */
static char *read_all(const char *text, size_t len) {
  FILE *file = len ? fmemopen((void *)(uintptr_t)text, len, "r") : fopen("/dev/null", "r");
  assert_non_null(file);
  struct om_csv *csv = om_csv_new(file);
  struct om_csv_row row;
  struct om_status st;
  char *out = NULL;
  size_t out_len;
  FILE *memory = open_memstream(&out, &out_len);
  enum om_code code;
  while ((code = om_csv_next(csv, &row, &st)) != OM_MISSING) {
    assert_true(code == OM_OK || code == OM_MALFORMED);
    if (code == OM_OK) {
      fprintf(memory, "%d:", (int)row.line);
      for (size_t i = 0; i < row.n; i++) fprintf(memory, "[%s]", row.fields[i]);
      fputc('\n', memory);
    } else {
      fprintf(memory, "!%d: %.24s\n", (int)row.line, st.text);
    }
  }
  fclose(memory);
  assert_int_equal(om_csv_bytes(csv), len);
  om_csv_free(csv);
  fclose(file);
  return out;
}

static void expect(const char *text, const char *want) {
  char *got = read_all(text, strlen(text));
  assert_string_equal(got, want);
  free(got);
}

static void rfc_4180(void **state) {
  (void)state;
  expect("a,b\n1,2\n", "1:[a][b]\n2:[1][2]\n");
  expect("a,b\r\n1,2\r\n", "1:[a][b]\n2:[1][2]\n");
  expect("a,b", "1:[a][b]\n");
  expect(
      "\xEF\xBB\xBF"
      "a,b\n",
      "1:[a][b]\n");
  expect("\"a,b\",\"say \"\"hi\"\"\"\n", "1:[a,b][say \"hi\"]\n");
  expect("a,\n,\n,b\n", "1:[a][]\n3:[][b]\n"); /* rows without anything are left out */
  expect("a,\n\n\r\nb,c\n", "1:[a][]\n4:[b][c]\n");
  expect("\"\"\n\"\",\"\"\n\"\",c\n", "3:[][c]\n");
  expect("R\xC3\xB6nnsk\xC3\xA4r\n", "1:[R\xC3\xB6nnsk\xC3\xA4r]\n");
  expect("", "");
}

static void bad_rows_are_named_and_reading_goes_on(void **state) {
  (void)state;
  expect("a\"b,c\nd\n", "!1: field 1: a quote stands \n2:[d]\n");
  expect("\"a\"b,c\nd\n", "!1: field 1: text stands aft\n2:[d]\n");
  expect("a,b\a\nd\n", "!1: field 2 holds the contro\n2:[d]\n");
  expect("a\tb\nd\n", "!1: field 1 holds a tab: par\n2:[d]\n");
  expect("a,\xC3(\nd\n", "!1: field 2 is not UTF-8: sa\n2:[d]\n");
  expect(
      "a,\xE2\x80\xAE"
      "b\nd\n",
      "!1: field 2 holds a characte\n2:[d]\n");
  expect("a\rb\nd\n", "!1: field 1 holds the contro\n2:[d]\n");
  expect("a,\"b\nc\"\nd\n", "!1: field 2 holds a line bre\n!2: field 1: a quote stands \n3:[d]\n");
  expect("x\na,\"b\nc,d\ne\n", "1:[x]\n!2: a quote that is opened i\n3:[c][d]\n4:[e]\n");
}

static void a_nul_byte_is_a_control_character(void **state) {
  (void)state;
  char *got = read_all("a,b\0c\nd\n", 8);
  assert_string_equal(got, "!1: field 2 holds the contro\n2:[d]\n");
  free(got);
}

static void utf_16_is_told_of(void **state) {
  (void)state;
  char *got = read_all(
      "\xFF\xFE"
      "a\0,\0",
      6);
  assert_memory_equal(got, "!1: the file is in UTF-16", 24);
  free(got);
}

static void limits_hold(void **state) {
  (void)state;
  size_t len = 3 * OM_CSV_ROW_MAX_BYTES;
  char *text = malloc(len + 1);
  memset(text, 'x', len);
  text[len - 1] = '\0';
  memcpy(text + len - 3, "\nd\n", 3);
  char *got = read_all(text, len);
  assert_string_equal(got, "!1: it is longer than 65536 \n2:[d]\n");
  free(got);
  memset(text, '\n', len); /* a quote that swallows everything up to the limit spoils its own row only */
  memcpy(text, "a\n\"b\n", 5);
  got = read_all(text, len);
  assert_string_equal(got, "1:[a]\n!2: it is longer than 65536 \n");
  free(got);
  memset(text, ',', 200);
  got = read_all(text, 200);
  assert_string_equal(got, "!1: it has more than 128 fie\n");
  free(got);
  free(text);
}

/* A row whose quotes close just beyond the limit is read whole or refused, never cut. */
static void nothing_is_cut(void **state) {
  (void)state;
  for (size_t plain = 0; plain < 6; plain++) {
    size_t quoted = OM_CSV_ROW_MAX_BYTES - 3, len = 0;
    char *text = malloc(quoted + 64);
    text[len++] = '"';
    memset(text + len, 'x', quoted);
    len += quoted;
    text[len++] = '"';
    text[len++] = ',';
    memset(text + len, 'y', plain);
    len += plain;
    text[len++] = '\n';
    FILE *file = fmemopen(text, len, "r");
    struct om_csv *csv = om_csv_new(file);
    struct om_csv_row row;
    struct om_status st;
    if (om_csv_next(csv, &row, &st) == OM_OK) {
      assert_int_equal(row.n, 2);
      assert_int_equal(strlen(row.fields[0]), quoted);
      assert_int_equal(strlen(row.fields[1]), plain);
    } else {
      assert_true(len > OM_CSV_ROW_MAX_BYTES);
    }
    om_csv_free(csv);
    fclose(file);
    free(text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rfc_4180),
      cmocka_unit_test(bad_rows_are_named_and_reading_goes_on),
      cmocka_unit_test(a_nul_byte_is_a_control_character),
      cmocka_unit_test(utf_16_is_told_of),
      cmocka_unit_test(limits_hold),
      cmocka_unit_test(nothing_is_cut),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
