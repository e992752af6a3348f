#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/nearest.h"
#include "cli/show.h"
#include "cli/words.h"

static struct om_status st;

struct names {
  const char *seen[128];
  size_t n;
};

static void note_option(void *ctx, const struct om_option *option) {
  struct names *names = ctx;
  for (size_t i = 0; i < names->n; i++) assert_string_not_equal(names->seen[i], option->name);
  assert_true(names->n < 128);
  names->seen[names->n++] = option->name;
  assert_non_null(option->help);
}

static void the_table_is_whole(void **state) {
  (void)state;
  struct names commands = {.n = 0};
  for (const struct om_command *const *c = om_commands; *c; c++) {
    for (size_t i = 0; i < commands.n; i++) assert_string_not_equal(commands.seen[i], (*c)->name);
    commands.seen[commands.n++] = (*c)->name;
    assert_non_null((*c)->run);
    assert_true(strlen((*c)->summary) > 10);
    struct names options = {.n = 0};
    om_options_each(*c, note_option, &options);
    char *text = NULL;
    size_t len;
    FILE *memory = open_memstream(&text, &len);
    om_args_help(memory, *c);
    fclose(memory);
    for (size_t i = 0; i < options.n; i++) assert_non_null(strstr(text, options.seen[i]));
    free(text);
  }
}

static const char *found(char **words, size_t *used) {
  int n = 0;
  while (words[n]) n++;
  const struct om_command *command = om_command_find(used, n, words, &st);
  return command ? command->name : NULL;
}

static void commands_of_one_and_two_words(void **state) {
  (void)state;
  size_t used;
  assert_string_equal(found((char *[]){"extract", "x", NULL}, &used), "extract");
  assert_int_equal(used, 1);
  assert_string_equal(found((char *[]){"lot", "show", "X", NULL}, &used), "lot show");
  assert_int_equal(used, 2);
  assert_string_equal(found((char *[]){"lots", NULL}, &used), "lots");
}

static void an_unknown_command_suggests_the_nearest(void **state) {
  (void)state;
  size_t used;
  assert_null(found((char *[]){"extarct", NULL}, &used));
  assert_int_equal(st.code, OM_USAGE);
  assert_non_null(strstr(st.text, "did you mean 'extract'?"));
  assert_null(found((char *[]){"lot", "histroy", NULL}, &used));
  assert_non_null(strstr(st.text, "did you mean 'lot history'?"));
  assert_null(found((char *[]){"frobnicate", NULL}, &used));
  assert_null(strstr(st.text, "did you mean"));
  assert_null(found((char *[]){"lot", NULL}, &used));
  assert_string_equal(st.text, "'lot' wants another word: lot show, lot history, lot trace, lot verify, lot reassign");
  assert_null(found((char *[]){NULL}, &used));
}

static enum om_code parse(struct om_args *args, const char *command, char **words) {
  int n = 0;
  while (words[n]) n++;
  return om_args_parse(args, om_command_named(command), n, words, &st);
}

static void options_and_words_keep_their_order(void **state) {
  (void)state;
  struct om_args args;
  assert_int_equal(parse(&args, "ship",
                         (char *[]){"ship", "A", "--consignee=2", "B", "--seal", "1", "--seal", "2", "--with-title",
                                    "--", "--C", NULL}),
                   OM_OK);
  assert_int_equal(args.n_words, 3);
  assert_string_equal(args.words[1].value, "B");
  assert_string_equal(args.words[2].value, "--C");
  assert_string_equal(om_args_value(&args, "seal"), "2");
  assert_string_equal(om_args_value(&args, "consignee"), "2");
  assert_true(om_args_has(&args, "with-title"));
  assert_false(om_args_has(&args, "json"));
  om_args_free(&args);
}

static void bad_options_are_named(void **state) {
  (void)state;
  struct om_args args;
  assert_int_equal(parse(&args, "ship", (char *[]){"ship", "A", "--consinee", "2", NULL}), OM_USAGE);
  assert_string_equal(st.text, "ship: there is no option --consinee here: did you mean --consignee?");
  om_args_free(&args);
  assert_int_equal(parse(&args, "ship", (char *[]){"ship", "A", "--consignee", NULL}), OM_USAGE);
  assert_string_equal(st.text, "ship: --consignee wants a value: see 'oremark ship --help'");
  om_args_free(&args);
  assert_int_equal(parse(&args, "ship", (char *[]){"ship", "-x", NULL}), OM_USAGE);
  assert_non_null(strstr(st.text, "-x"));
  om_args_free(&args);
}

static void numbers_and_durations(void **state) {
  (void)state;
  struct om_option option = {"n", "N", "a number"};
  uint64_t value;
  int64_t ms;
  assert_int_equal(om_given_u64(&(struct om_given){&option, "18446744073709551615", NULL}, &value, UINT64_MAX, &st),
                   OM_OK);
  assert_true(value == UINT64_MAX);
  static const char *const bad[] = {"", "-1", "1x", " 1", "18446744073709551616", "+1", "0x1"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    assert_int_equal(om_given_u64(&(struct om_given){&option, bad[i], NULL}, &value, UINT64_MAX, &st), OM_USAGE);
  assert_int_equal(om_given_u64(&(struct om_given){&option, "11", NULL}, &value, 10, &st), OM_USAGE);
  assert_int_equal(om_given_duration(&(struct om_given){&option, "30d", NULL}, &ms, &st), OM_OK);
  assert_int_equal(ms, INT64_C(2592000000));
  static const char *const not_times[] = {"", "30", "d", "-1d", "0d", "1w", "1dd", "99999999999d"};
  for (size_t i = 0; i < sizeof not_times / sizeof not_times[0]; i++)
    assert_int_equal(om_given_duration(&(struct om_given){&option, not_times[i], "line 3, column n"}, &ms, &st),
                     OM_USAGE);
  assert_memory_equal(st.text, "line 3, column n: ", 18);
}

static void distances(void **state) {
  (void)state;
  assert_int_equal(om_edit_distance("", ""), 0);
  assert_int_equal(om_edit_distance("ship", "ship"), 0);
  assert_int_equal(om_edit_distance("", "abc"), 3);
  assert_int_equal(om_edit_distance("ship", "shop"), 1);
  assert_int_equal(om_edit_distance("ship", "hsip"), 1);
  assert_int_equal(om_edit_distance("kitten", "sitting"), 3);
  char longer[200];
  memset(longer, 'a', sizeof longer - 1);
  longer[sizeof longer - 1] = '\0';
  assert_int_equal(om_edit_distance(longer, "a"), 199);
}

static void hostile_names_are_made_harmless(void **state) {
  (void)state;
  char out[OM_SHOW_BYTES];
  assert_string_equal(om_show_text(out, "\x1b[2Jred\nx\x7f"), "?[2Jred?x?");
  assert_string_equal(om_show_text(out,
                                   "a\xE2\x80\xAE"
                                   "b"),
                      "a?b");
  assert_string_equal(om_show_text(out, "\xC3("), "?(");
  assert_string_equal(om_show_text(out,
                                   "\xC2\x9B"
                                   "31m"),
                      "?31m");
  assert_string_equal(om_show_text(out, "R\xC3\xB6nnsk\xC3\xA4r \xF0\x9F\x94\xA9"),
                      "R\xC3\xB6nnsk\xC3\xA4r \xF0\x9F\x94\xA9");
  char longer[3 * OM_SHOW_BYTES];
  memset(longer, 'a', sizeof longer - 1);
  longer[sizeof longer - 1] = '\0';
  om_show_text(out, longer);
  assert_true(strlen(out) < OM_SHOW_BYTES);
  assert_string_equal(out + strlen(out) - 4, "a...");
}

static void words_of_enums(void **state) {
  (void)state;
  char word[OM_WORD_BYTES];
  int value;
  assert_string_equal(om_word(word, &oremark__form__descriptor, OREMARK__FORM__FORM_SEMI_PRODUCT), "semi-product");
  assert_string_equal(om_word(word, &oremark__form__descriptor, 0), "");
  assert_string_equal(om_word(word, &oremark__form__descriptor, 99), "99");
  assert_int_equal(om_word_parse(&value, &oremark__form__descriptor, "form", "Semi_Product", &st), OM_OK);
  assert_int_equal(value, OREMARK__FORM__FORM_SEMI_PRODUCT);
  assert_int_equal(om_word_parse(&value, &oremark__form__descriptor, "form", "unstated", &st), OM_USAGE);
  assert_int_equal(om_word_parse(&value, &oremark__form__descriptor, "form", "", &st), OM_USAGE);
}

static void hexadecimal(void **state) {
  (void)state;
  uint8_t bytes[3];
  char text[7];
  assert_true(om_hex_parse(bytes, 3, "00Ff7a"));
  assert_string_equal(om_hex(text, bytes, 3), "00ff7a");
  assert_false(om_hex_parse(bytes, 3, "00ff7"));
  assert_false(om_hex_parse(bytes, 3, "00ff7g"));
  assert_false(om_hex_parse(bytes, 3, "00ff7a0"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_table_is_whole),
      cmocka_unit_test(commands_of_one_and_two_words),
      cmocka_unit_test(an_unknown_command_suggests_the_nearest),
      cmocka_unit_test(options_and_words_keep_their_order),
      cmocka_unit_test(bad_options_are_named),
      cmocka_unit_test(numbers_and_durations),
      cmocka_unit_test(distances),
      cmocka_unit_test(hostile_names_are_made_harmless),
      cmocka_unit_test(words_of_enums),
      cmocka_unit_test(hexadecimal),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
