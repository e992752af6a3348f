/* Where a log's files go: names that no file system takes for something else, and no two logs share. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "cli/publish_files.h"

static void check_name(const char *origin, const char *name) {
  char out[OM_PUBLISHED_NAME_BYTES];
  om_published_name(out, origin);
  assert_string_equal(out, name);
}

static void test_names(void **state) {
  (void)state;
  check_name("registry.example/log", "registry.example_log");
  check_name("mine-2.example/a_b", "mine-2.example_a=5fb");
  check_name("..", "=2e.");
  check_name(".", "=2e");
  check_name("/etc/passwd", "_etc_passwd");
  check_name("a/../../b", "a_.._.._b");
  check_name("Mine.example/LOG", "=4dine.example_=4c=4f=47");
  check_name(
      "gr\xc3\xbc"
      "be.example",
      "gr=c3=bcbe.example");
  check_name("a=b\\c:d", "a=3db=5cc=3ad");
}

static void test_long_names(void **state) {
  (void)state;
  char a[129], b[129], name_a[OM_PUBLISHED_NAME_BYTES], name_b[OM_PUBLISHED_NAME_BYTES];
  memset(a, 'X', sizeof a);
  a[128] = '\0';
  memcpy(b, a, sizeof b);
  b[127] = 'Y';
  om_published_name(name_a, a);
  om_published_name(name_b, b);
  assert_int_equal(strlen(name_a), 198 + 2 + 32);
  assert_memory_equal(name_a, name_b, 198);
  assert_string_not_equal(name_a, name_b);
}

static void check_path(bool entries, unsigned level, uint64_t index, unsigned width, const char *path) {
  char out[OM_TILE_PATH_BYTES];
  om_tile_path(out, entries, level, index, width);
  assert_string_equal(out, path);
}

/* The examples of C2SP tlog-tiles. */
static void test_paths(void **state) {
  (void)state;
  check_path(false, 0, 1234067, 256, "tile/0/x001/x234/067");
  check_path(false, 0, 273, 112, "tile/0/273.p/112");
  check_path(false, 2, 0, 1, "tile/2/000.p/1");
  check_path(true, 0, 1000, 256, "tile/entries/x001/000");
  check_path(true, 0, 5, 255, "tile/entries/005.p/255");
  check_path(false, 7, UINT64_MAX, 255, "tile/7/x018/x446/x744/x073/x709/x551/615.p/255");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_names),
      cmocka_unit_test(test_long_names),
      cmocka_unit_test(test_paths),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
