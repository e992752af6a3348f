/* The file beside witness.key: a store that is lost or of yesterday is told from a new one. */
#include "support/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/io/witness_used.h"
#include "support/keyfiles.h"

#define VKEY "w.example/w+01020304+BAECAwQF"
#define OTHER "w.example/w+0a0b0c0d+BAoLDA0O"

static char *folder, path[4096];

static int open_fixture(void **state) {
  (void)state;
  folder = temp_folder();
  snprintf(path, sizeof path, "%s/witness.used.01020304", folder);
  return 0;
}

static int close_fixture(void **state) {
  (void)state;
  remove_folder(folder);
  return 0;
}

static void open_used(struct om_witness_used *used, const char *vkey, uint64_t held) {
  struct om_status st;
  if (om_witness_used_open(used, folder, vkey, held, &st) != OM_OK) fail_msg("%s", st.text);
}

static bool is_lost(const char *vkey, uint64_t held) {
  struct om_witness_used used;
  open_used(&used, vkey, held);
  return used.lost;
}

static void raise_to(struct om_witness_used *used, uint64_t count) {
  struct om_status st;
  assert_int_equal(om_witness_used_raise(used, count, &st), OM_OK);
}

static void write_text(const char *text) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0);
  assert_int_equal(fclose(file), 0);
}

static void test_what_a_store_holds(void **state) {
  (void)state;
  struct om_witness_used used;
  open_used(&used, VKEY, 0);
  assert_false(used.lost);
  assert_false(is_lost(VKEY, 0)); /* nothing was cosigned yet */
  raise_to(&used, 1);
  assert_false(is_lost(VKEY, 1));
  raise_to(&used, 7);
  raise_to(&used, 3); /* never back */
  assert_true(is_lost(VKEY, 0));
  assert_true(is_lost(VKEY, 6));
  assert_true(is_lost(VKEY, 6)); /* and opening it does not mend it */
  assert_false(is_lost(VKEY, 7));
  assert_false(is_lost(VKEY, 9)); /* ended before it was noted: noted now */
  assert_true(is_lost(VKEY, 8));
}

static void test_another_key_begins_anew(void **state) {
  (void)state;
  struct om_witness_used used;
  open_used(&used, VKEY, 5);
  assert_false(is_lost(OTHER, 0));
  open_used(&used, OTHER, 0);
  raise_to(&used, 1);
  assert_true(is_lost(OTHER, 0));
  assert_true(is_lost(VKEY, 4)); /* a key that is put back is not new */
  assert_false(is_lost(VKEY, 5));
}

static void test_a_file_that_says_nothing(void **state) {
  (void)state;
  static const char *const texts[] = {
      "",
      "5\n",
      "oremark witness key in use, heads cosigned:\n",
      "oremark witness key in use, heads cosigned:\n" VKEY "\n",
      "oremark witness key in use, heads cosigned:\n" VKEY "\n0",
      "oremark witness key in use, heads cosigned:\n" VKEY "\n-1\n",
      "oremark witness key in use, heads cosigned:\n" VKEY "\n00\n",
      "oremark witness key in use, heads cosigned:\n" VKEY "\n0\n0\n",
      "oremark witness key in use, heads cosigned:\n" VKEY "\n99999999999999999999999\n",
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    write_text(texts[i]);
    assert_true(is_lost(VKEY, 1000));
  }
  write_text("oremark witness key in use, heads cosigned:\n" VKEY "\n1000\n");
  assert_false(is_lost(VKEY, 1000));
}

static void test_a_folder_that_takes_nothing(void **state) {
  (void)state;
  struct om_witness_used used;
  struct om_status st;
  assert_int_equal(om_witness_used_open(&used, "/nonexistent/keys", VKEY, 0, &st), OM_IO);
  assert_non_null(strstr(st.text, "/nonexistent/keys/witness.used"));
  assert_int_equal(symlink("/dev/zero", path), 0);
  assert_int_equal(om_witness_used_open(&used, folder, VKEY, 0, &st), OM_IO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_what_a_store_holds),
      TEST(test_another_key_begins_anew),
      TEST(test_a_file_that_says_nothing),
      TEST(test_a_folder_that_takes_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
