#include "support/test.h"

#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/show.h"

static char out[4096];

/* Prints a table of a lot, what happened to it and two columns that may be left out, on a terminal of COLUMNS. */
static void print(unsigned short columns) {
  static const char *const names[] = {"lot", "~what", "-site", "->final"};
  int master, slave;
  struct winsize size = {.ws_row = 24, .ws_col = columns};
  assert_int_equal(openpty(&master, &slave, NULL, NULL, &size), 0);
  FILE *terminal = fdopen(slave, "w");
  struct libscols_table *table = om_show_table(terminal, names, 4);
  scols_table_set_termwidth(table, columns);
  struct libscols_line *line = om_show_line(table, NULL);
  om_show_cell(line, 0, "OM-0000-00G1-M83R");
  om_show_cell(line, 1, "smelt 1 lot into 1 at site 2: copper anode 5.200 t");
  om_show_cell(line, 2, "Smelter of the north");
  om_show_cell(line, 3, "yes");
  om_show_print(table);
  fclose(terminal);
  memset(out, 0, sizeof out);
  ssize_t got;
  for (size_t used = 0; (got = read(master, out + used, sizeof out - 1 - used)) > 0;) used += (size_t)got;
  close(master);
}

static void no_line_is_longer_than(size_t columns) {
  for (const char *c = out; *c;) {
    size_t len = strcspn(c, "\r\n");
    if (*c != '(') assert_in_range(len, 0, columns); /* the sentence below the table may wrap */
    c += len + strspn(c + len, "\r\n");
  }
}

static void wide_tables_stay_as_they_are(void **state) {
  (void)state;
  print(120);
  assert_non_null(strstr(out, "smelt 1 lot into 1 at site 2: copper anode 5.200 t Smelter of the north"));
  assert_null(strstr(out, "too narrow"));
}

static void text_is_wrapped_between_words(void **state) {
  (void)state;
  print(80);
  no_line_is_longer_than(80);
  assert_non_null(strstr(out, "smelt 1 lot into 1 at site 2: Smelter of the north   yes"));
  assert_non_null(strstr(out, "yes\r\n                  copper anode 5.200 t"));
  assert_null(strstr(out, "too narrow"));
}

static void columns_that_find_no_room_are_named(void **state) {
  (void)state;
  print(45);
  no_line_is_longer_than(45);
  assert_non_null(strstr(out, "OM-0000-00G1-M83R"));
  assert_null(strstr(out, "Smelter"));
  assert_non_null(strstr(out, "(the screen is too narrow for: site, final; all of it: add '| less -S')"));
}

static void elements_that_there_are_not_are_told_so(void **state) {
  (void)state;
  assert_string_equal(om_show_element(29), "Cu");
  assert_string_equal(om_show_element(118), "Og");
  assert_string_equal(om_show_element(119), "?");
  assert_string_equal(om_show_element(256 + 29), "?");
  assert_string_equal(om_show_element(0), "?");
}

int main(void) {
  setenv("NO_COLOR", "1", 1);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(wide_tables_stay_as_they_are),
      cmocka_unit_test(text_is_wrapped_between_words),
      cmocka_unit_test(columns_that_find_no_room_are_named),
      cmocka_unit_test(elements_that_there_are_not_are_told_so),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
