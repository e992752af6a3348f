/* Where a log's files go: names that no file system takes for something else, and no two logs share. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/publish_files.h"
#include "support/keyfiles.h"

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

/* ---- what others have put into the folder ---- */

static const char bytes[] = "the log's", theirs[] = "theirs";
static char *root, inside[4096], outside[4096];
static struct om_published published;
static struct om_status st;

/* A path below the log's folder, or beside it; static, four at a time. */
static const char *at(const char *folder, const char *name) {
  static char paths[4][8192];
  static unsigned n;
  char *out = paths[n++ % 4];
  snprintf(out, sizeof paths[0], "%s/%s", folder, name);
  return out;
}

static void check_holds(const char *path, const char *text) {
  char got[64] = "";
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  assert_int_equal(fread(got, 1, sizeof got - 1, file), strlen(text));
  fclose(file);
  assert_string_equal(got, text);
}

static int open_folder(void **state) {
  (void)state;
  root = temp_folder();
  snprintf(inside, sizeof inside, "%s/example.com_log", root);
  snprintf(outside, sizeof outside, "%s/outside", root);
  assert_int_equal(mkdir(outside, 0755), 0);
  write_file(at(outside, "file"), theirs, sizeof theirs - 1);
  om_status_clear(&st);
  if (om_published_open(&published, root, "example.com/log", &st) != OM_OK) fail_msg("%s", st.text);
  return 0;
}

static int close_folder(void **state) {
  (void)state;
  om_published_close(&published);
  check_holds(at(outside, "file"), theirs);
  remove_folder(root);
  return 0;
}

static enum om_code put(const char *path) {
  return om_published_put(&published, path, bytes, sizeof bytes - 1, &st);
}

static void check_refused(enum om_code code, const char *path) {
  assert_int_equal(code, OM_REFUSED);
  assert_non_null(strstr(st.text, at(inside, path)));
  assert_non_null(strstr(st.text, "link or a pipe"));
}

static void test_tiles_of_others(void **state) {
  (void)state;
  assert_int_equal(put("tile/0/000"), OM_OK);
  check_holds(at(inside, "tile/0/000"), bytes);
  write_file(at(outside, "same"), bytes, sizeof bytes - 1);
  assert_int_equal(symlink(at(outside, "same"), at(inside, "tile/0/001")), 0);
  check_refused(put("tile/0/001"), "tile/0/001");
  assert_int_equal(symlink("/nonexistent", at(inside, "tile/0/002")), 0);
  check_refused(put("tile/0/002"), "tile/0/002");
  assert_int_equal(mkfifo(at(inside, "tile/0/003"), 0644), 0);
  check_refused(put("tile/0/003"), "tile/0/003");
  assert_int_equal(mkdir(at(inside, "tile/0/004"), 0755), 0);
  check_refused(put("tile/0/004"), "tile/0/004");
}

static void test_folders_of_others(void **state) {
  (void)state;
  struct om_published again;
  assert_int_equal(symlink(outside, at(inside, "tile")), 0);
  check_refused(put("tile/0/000"), "tile/0/000");
  assert_int_equal(access(at(outside, "0"), F_OK), -1);
  assert_int_equal(mkdir(at(outside, "0"), 0755), 0);
  assert_int_equal(mkdir(at(outside, "0/000.p"), 0755), 0);
  write_file(at(outside, "0/000.p/1"), theirs, sizeof theirs - 1);
  check_refused(put("tile/0/000"), "tile/0/000");
  om_published_drop_partial(&published, false, 0, 0);
  check_holds(at(outside, "0/000.p/1"), theirs);
  assert_int_equal(symlink(outside, at(root, "other.example_log")), 0);
  assert_int_equal(om_published_open(&again, root, "other.example/log", &st), OM_REFUSED);
  assert_non_null(strstr(st.text, "other.example_log"));
}

static void test_a_checkpoint_of_others(void **state) {
  (void)state;
  struct om_arena arena = {0};
  struct om_checkpoint head;
  struct om_span note;
  assert_int_equal(om_published_head(&published, &arena, &note, &head, "example.com/log", &st), OM_MISSING);
  assert_int_equal(mkfifo(at(inside, "checkpoint"), 0644), 0);
  check_refused(om_published_head(&published, &arena, &note, &head, "example.com/log", &st), "checkpoint");
  assert_int_equal(unlink(at(inside, "checkpoint")), 0);
  assert_int_equal(symlink(at(outside, "file"), at(inside, "checkpoint")), 0);
  check_refused(om_published_head(&published, &arena, &note, &head, "example.com/log", &st), "checkpoint");
  om_arena_free(&arena);
}

static void test_what_stands_where_we_write(void **state) {
  (void)state;
  assert_int_equal(link(at(outside, "file"), at(inside, ".new")), 0);
  assert_int_equal(put("tile/0/000"), OM_OK);
  assert_int_equal(mkfifo(at(inside, ".new"), 0644), 0);
  assert_int_equal(put("tile/0/001"), OM_OK);
  assert_int_equal(symlink(at(outside, "file"), at(inside, ".new")), 0);
  assert_int_equal(put("tile/0/002"), OM_OK);
  for (int i = 0; i < 3; i++) {
    char name[16];
    snprintf(name, sizeof name, "tile/0/00%d", i);
    check_holds(at(inside, name), bytes);
  }
}

#define IN_FOLDER(name) cmocka_unit_test_setup_teardown(name, open_folder, close_folder)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_names),
      cmocka_unit_test(test_long_names),
      cmocka_unit_test(test_paths),
      IN_FOLDER(test_tiles_of_others),
      IN_FOLDER(test_folders_of_others),
      IN_FOLDER(test_a_checkpoint_of_others),
      IN_FOLDER(test_what_stands_where_we_write),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
