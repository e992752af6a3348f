#include "support/test.h"

#include <string.h>

#include "cli/material.h"

static struct om_arena arena;
static struct om_status st;

static int clear(void **state) {
  (void)state;
  om_arena_free(&arena);
  return 0;
}

/* Parses WORDS as a command line of `extract`. */
static struct om_args line(const char *command, char **words) {
  struct om_args args;
  int n = 0;
  while (words[n]) n++;
  assert_int_equal(om_args_parse(&args, om_command_named(command), n, words, &st), OM_OK);
  return args;
}

#define LINE(command, ...) line(command, (char *[]){"oremark", __VA_ARGS__, NULL})

static void metals(void **state) {
  (void)state;
  Oremark__Metal *metal;
  assert_int_equal(om_metal_parse(&arena, &metal, "Cu=5.69t@28.45%", &st), OM_OK);
  assert_int_equal(metal->element, 29);
  assert_int_equal(metal->contained_mg, INT64_C(5690000000));
  assert_int_equal(metal->assay->digits, 2845);
  assert_int_equal(metal->assay->places, 4);
  assert_int_equal(om_metal_parse(&arena, &metal, " gold = 12 g", &st), OM_OK);
  assert_int_equal(metal->element, 79);
  assert_int_equal(metal->contained_mg, 12000);
  assert_null(metal->assay);
  assert_int_equal(om_metal_parse(&arena, &metal, "Ag@12.5 g/t", &st), OM_OK);
  assert_int_equal(metal->contained_mg, 0);
  static const char *const bad[] = {"",       "Cu",         "Xx=1t", "Cu=",    "Cu=1",    "Cu=1,000 t",
                                    "Cu=1t@", "Cu=1t@200%", "=1t",   "Cu=0 t", "Cu=-1 t", "Cu=1t@2%@3%"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    om_status_clear(&st);
    if (om_metal_parse(&arena, &metal, bad[i], &st) != OM_USAGE) fail_msg("'%s' was taken", bad[i]);
    assert_true(strlen(st.text) > 10);
  }
}

static void options_belong_to_the_lot_before_them(void **state) {
  (void)state;
  Oremark__Material **lots;
  size_t n;
  struct om_args args = LINE("extract", "--lot", "first", "--form", "ore", "--gross", "20 t", "--metal", "Mo=2kg",
                             "--metal", "Cu=1t", "--alias", "b", "--alias", "a", "--lot", "second", "--form",
                             "concentrate", "--gross", "10 t", "--moisture", "10%", "--metal", "Cu@25%");
  assert_int_equal(om_materials_read(&arena, &lots, &n, &args, &st), OM_OK);
  assert_int_equal(n, 2);
  assert_string_equal(lots[0]->name, "first");
  assert_int_equal(lots[0]->form, OREMARK__FORM__FORM_ORE);
  assert_int_equal(lots[0]->n_metals, 2);
  assert_int_equal(lots[0]->metals[0]->element, 29); /* ascending, whatever the order typed */
  assert_int_equal(lots[0]->metals[1]->element, 42);
  assert_string_equal(lots[0]->aliases[0], "a");
  assert_string_equal(lots[0]->aliases[1], "b");
  assert_string_equal(lots[1]->name, "second");
  assert_int_equal(lots[1]->metals[0]->contained_mg, INT64_C(2250000000)); /* 10 t x 90 % x 25 % */
  om_args_free(&args);
}

static void a_lot_needs_no_name(void **state) {
  (void)state;
  Oremark__Material **lots;
  size_t n;
  struct om_args args = LINE("extract", "--form", "ore", "--gross", "1 t", "--metal", "Cu=1kg");
  assert_int_equal(om_materials_read(&arena, &lots, &n, &args, &st), OM_OK);
  assert_int_equal(n, 1);
  assert_string_equal(lots[0]->name, "");
  om_args_free(&args);
}

static void expect_refused(struct om_args args, const char *where) {
  Oremark__Material **lots;
  size_t n;
  assert_int_equal(om_materials_read(&arena, &lots, &n, &args, &st), OM_USAGE);
  if (strncmp(st.text, where, strlen(where)) != 0) fail_msg("'%s' does not begin with '%s'", st.text, where);
  om_args_free(&args);
}

static void bad_materials_say_where(void **state) {
  (void)state;
  expect_refused(LINE("extract", "--gross", "20,000 t"), "--gross: ");
  expect_refused(LINE("extract", "--gross", "20"), "--gross: ");
  expect_refused(LINE("extract", "--form", "rock"), "--form: 'rock' is no form: write one of ore, concentrate");
  expect_refused(LINE("extract", "--moisture", "120%"), "--moisture: ");
  expect_refused(LINE("extract", "--gross", "1t", "--metal", "Cu=1kg", "--metal", "copper=2kg"), "Cu is given twice");
  expect_refused(LINE("extract", "--metal", "Cu@5%"), "--metal Cu: its mass can't be worked out without --gross");
  expect_refused(LINE("extract", "--lot", "a", "--alias", "x", "--alias", "x"), "x is given twice");
  expect_refused(LINE("extract", "--gross", "1 mg", "--metal", "Cu@0.001%"),
                 "--metal Cu: by this assay there is less than a milligram");
}

static void losses(void **state) {
  (void)state;
  Oremark__Loss **list;
  size_t n;
  struct om_args args = LINE("transform", "--loss", "slag:Cu=120kg,Au=3g:granulated", "--loss", "dust:Zn=1kg");
  assert_int_equal(om_losses_read(&arena, &list, &n, &args, &st), OM_OK);
  assert_int_equal(n, 2);
  assert_int_equal(list[0]->kind, OREMARK__LOSS_KIND__LOSS_KIND_SLAG);
  assert_int_equal(list[0]->n_metals, 2);
  assert_int_equal(list[0]->metals[1]->mass_mg, 3000);
  assert_string_equal(list[0]->note, "granulated");
  assert_int_equal(list[1]->metals[0]->element, 30);
  om_args_free(&args);
  args = LINE("transform", "--loss", "steam:Cu=1kg");
  assert_int_equal(om_losses_read(&arena, &list, &n, &args, &st), OM_USAGE);
  om_args_free(&args);
  args = LINE("transform", "--loss", "slag:Cu=1kg@3%");
  assert_int_equal(om_losses_read(&arena, &list, &n, &args, &st), OM_USAGE);
  om_args_free(&args);
}

static void more_metals_than_a_lot_may_have(void **state) {
  (void)state;
  static char *words[2 * 17 + 2] = {"oremark"};
  static char text[17][16];
  static const char *const symbols[] = {"Li", "Be", "Na", "Mg", "Al", "Si", "K",  "Ca", "Ti",
                                        "V",  "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn"};
  for (size_t i = 0; i < 17; i++) {
    snprintf(text[i], sizeof text[i], "%s=1kg", symbols[i]);
    words[1 + 2 * i] = "--metal";
    words[2 + 2 * i] = text[i];
  }
  expect_refused(line("extract", words), "--metal: a lot has 16 metals at most");
  words[1 + 2 * 16] = NULL;
  struct om_args args = line("extract", words);
  Oremark__Material **lots;
  size_t n;
  assert_int_equal(om_materials_read(&arena, &lots, &n, &args, &st), OM_OK);
  assert_int_equal(lots[0]->n_metals, 16);
  om_args_free(&args);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(metals, clear),
      cmocka_unit_test_teardown(options_belong_to_the_lot_before_them, clear),
      cmocka_unit_test_teardown(a_lot_needs_no_name, clear),
      cmocka_unit_test_teardown(bad_materials_say_where, clear),
      cmocka_unit_test_teardown(losses, clear),
      cmocka_unit_test_teardown(more_metals_than_a_lot_may_have, clear),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
