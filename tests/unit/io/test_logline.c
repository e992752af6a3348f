#include "support/test.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/io/logline.h"

static char line[OM_LOG_LINE_BYTES + 1];

__attribute__((format(printf, 1, 2))) static const char *format_fields(const char *fields, ...) {
  va_list args;
  va_start(args, fields);
  size_t len = om_log_format(line, 1795416068123, OM_LOG_INFO, "test", fields, args);
  va_end(args);
  assert_true(len <= OM_LOG_LINE_BYTES);
  assert_int_equal(line[len - 1], '\n');
  line[len - 1] = '\0';
  return line;
}

#define HEAD "2026-11-23T06:41:08.123Z level=info event=test"

static void test_plain_values(void **state) {
  (void)state;
  assert_string_equal(
      format_fields("origin=%s size=%" PRIu64 " part=%zu/%zu", "kokkola.example/log", UINT64_MAX, (size_t)3, (size_t)4),
      HEAD " origin=kokkola.example/log size=18446744073709551615 part=3/4");
  assert_string_equal(format_fields("a=%d b=%05u c=%lx d=%" PRId64 " e=%c f=%jd g=100%% h=%.3s", -5, 42u, 255L,
                                    INT64_MIN, 'z', (intmax_t)-9, "abcdef"),
                      HEAD " a=-5 b=00042 c=ff d=-9223372036854775808 e=z f=-9 g=100% h=abc");
}

static void test_quoting_is_decided_by_the_value(void **state) {
  (void)state;
  assert_string_equal(format_fields("detail=\"after %d attempts\" n=%d", 3, 7),
                      HEAD " detail=\"after 3 attempts\" n=7");
  assert_string_equal(format_fields("detail=\"%s\" n=%d", "word", 7), HEAD " detail=word n=7");
  assert_string_equal(format_fields("name=%s", "Å koppar"), HEAD " name=\"Å koppar\"");
  assert_string_equal(format_fields("name=%s", "Øre"), HEAD " name=Øre");
  assert_string_equal(format_fields("name=%s", ""), HEAD " name=\"\"");
  assert_string_equal(format_fields("name=%s", "a=b"), HEAD " name=\"a=b\"");
  assert_string_equal(format_fields("name=%s", "say \"x\" \\"), HEAD " name=\"say \\\"x\\\" \\\\\"");
}

static void test_hostile_values_are_escaped(void **state) {
  (void)state;
  assert_string_equal(format_fields("name=%s", "x\n2026 level=error"), HEAD " name=\"x\\n2026 level=error\"");
  assert_string_equal(format_fields("name=%s", "\x1b[2J\t\r\x7f"), HEAD " name=\"\\x1b[2J\\t\\r\\x7f\"");
  assert_string_equal(format_fields("name=%s", "bad\xff\xc3"), HEAD " name=\"bad\\xff\\xc3\"");
  assert_string_equal(format_fields("name=%s", "\xc2\x9b"), HEAD " name=\"\\xc2\\x9b\"");          /* C1: CSI */
  assert_string_equal(format_fields("name=%s", "\xe2\x80\xae"), HEAD " name=\"\\xe2\\x80\\xae\""); /* right to left */
  assert_string_equal(format_fields("name=%s",
                                    "a\xe2\x80\xa8"
                                    "b"),
                      HEAD
                      " name=\"a\xe2\x80\xa8"
                      "b\""); /* a line break of Unicode */
}

static void test_long_lines_are_cut_whole(void **state) {
  (void)state;
  static char longer[3 * OM_LOG_LINE_BYTES];
  static const char *const fillers[] = {"x", "\n", "\xc3\x85", " "};
  for (size_t f = 0; f < 4; f++) {
    for (size_t start = 3980; start < 4100; start++) {
      longer[0] = '\0';
      memset(longer, 'y', start);
      longer[start] = '\0';
      for (size_t i = 0; i < 200; i++) strcat(longer + start, fillers[f]);
      format_fields("a=%s b=%s c=\"%s\"", longer, "x y", longer);
      size_t len = strlen(line);
      assert_string_equal(line + len - 9, " cut=true");
      /* quotes, escapes and characters are whole */
      size_t quotes = 0;
      for (size_t i = 0; i < len; i++) quotes += line[i] == '"';
      assert_int_equal(quotes % 2, 0);
      assert_true(line[len - 10] != '\\');
    }
  }
}

static void test_levels(void **state) {
  (void)state;
  enum om_log_level level;
  assert_true(om_log_level_parse(&level, "warning"));
  assert_int_equal(level, OM_LOG_WARNING);
  assert_string_equal(om_log_level_name(level), "warning");
  assert_false(om_log_level_parse(&level, "Warning"));
  assert_false(om_log_level_parse(&level, ""));
  om_log_set_level(OM_LOG_WARNING);
  assert_true(om_log_wants(OM_LOG_ERROR));
  assert_true(om_log_wants(OM_LOG_WARNING));
  assert_false(om_log_wants(OM_LOG_INFO));
  om_log_set_level(OM_LOG_INFO);
}

enum { THREADS = 4, LINES_EACH = 200 };

static void *write_lines(void *arg) {
  char text[400];
  memset(text, 'a' + *(const int *)arg, sizeof text - 1);
  text[sizeof text - 1] = '\0';
  for (int i = 0; i < LINES_EACH; i++) {
    om_log(OM_LOG_INFO, "thread", "text=%s", text);
    om_log(OM_LOG_DEBUG, "dropped", "text=%s", text);
  }
  return NULL;
}

static void test_lines_of_threads_do_not_mix(void **state) {
  (void)state;
  FILE *file = tmpfile();
  assert_non_null(file);
  int kept = dup(STDERR_FILENO);
  assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
  om_log_event(OM_LOG_WARNING, "starting");
  om_log_event(OM_LOG_DEBUG, "dropped");
  pthread_t threads[THREADS];
  int names[THREADS];
  for (int i = 0; i < THREADS; i++) {
    names[i] = i;
    assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &names[i]), 0);
  }
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  dup2(kept, STDERR_FILENO);
  close(kept);
  rewind(file);
  char got[1000];
  size_t lines = 0;
  assert_non_null(fgets(got, sizeof got, file));
  assert_string_equal(got + 24, " level=warning event=starting\n");
  for (; fgets(got, sizeof got, file) != NULL; lines++) {
    assert_int_equal(strlen(got), strlen("2026-11-23T06:41:08.123Z level=info event=thread text=") + 399 + 1);
    assert_memory_equal(got + 24, " level=info event=thread text=", 30);
    for (size_t i = 55; i < 54 + 399; i++) assert_int_equal(got[i], got[54]);
  }
  assert_int_equal(lines, THREADS * LINES_EACH);
  fclose(file);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_plain_values),
      cmocka_unit_test(test_quoting_is_decided_by_the_value),
      cmocka_unit_test(test_hostile_values_are_escaped),
      cmocka_unit_test(test_long_lines_are_cut_whole),
      cmocka_unit_test(test_levels),
      cmocka_unit_test(test_lines_of_threads_do_not_mix),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
