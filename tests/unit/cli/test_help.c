#include "support/test.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/attested.h"
#include "cli/clock.h"
#include "cli/session.h"

/* The examples of all help texts, typed as they stand where no daemon is: what is found out before a daemon is needed
 * must not be that the example is wrong. */
enum { WORDS_MAX = 64, EXAMPLES_MIN = 100 };

#define LOT "OM-0000-00G1-M83P-0Q06-90R7-2FFG-SNYT-Q60Q-D"

static char dir[64];
static struct om_status st;
static struct om_arena arena;

/* What is left out of a name for brevity is put in: of an id, and of a lot's number. */
static char *whole(const char *word) {
  char *out = om_arena_alloc(&arena, strlen(word) + 2 * OM_HASH_BYTES + sizeof LOT);
  const char *dots = strstr(word, "...");
  size_t hex = 0;
  strcpy(out, word);
  if (!dots) return out;
  if (strcmp(word, "OM-...") == 0) return strcpy(out, LOT);
  while (dots - hex > word && isxdigit((unsigned char)dots[-1 - (ptrdiff_t)hex])) hex++;
  char *at = out + (dots - word);
  for (; hex > 0 && hex < 2 * OM_HASH_BYTES; hex++) *at++ = '0';
  strcpy(at, dots + 3);
  return out;
}

/* The words of LINE as a shell parts them, up to a pipe or a remark. */
static int part(char *words[WORDS_MAX], const char *line) {
  char *word = om_arena_alloc(&arena, strlen(line) + 1);
  int n = 0;
  while (*line) {
    line += strspn(line, " ");
    size_t len = 0;
    for (char quote = 0; *line && (quote || *line != ' '); line++) {
      if (quote ? *line == quote : *line == '"' || *line == '\'')
        quote = quote ? 0 : *line;
      else
        word[len++] = *line;
    }
    word[len] = '\0';
    if (strcmp(word, "|") == 0 || strcmp(word, ">") == 0 || strcmp(word, "then:") == 0) break;
    assert_true(n < WORDS_MAX - 1);
    words[n++] = whole(word);
  }
  words[n] = NULL;
  return n;
}

/* "2-1795000000000-5f0c.../0", with or without the event. */
static bool names_an_event(const char *text) {
  size_t digits = strspn(text, "0123456789");
  int64_t ms;
  int32_t zone;
  return digits > 0 && text[digits] == '-' && isdigit((unsigned char)text[digits + 1]) &&
         om_when_parse(&ms, &zone, text, &st) != OM_OK;
}

static void check_value(const struct om_given *given, const char *line) {
  int64_t ms;
  int32_t zone;
  const char *arg = given->option ? given->option->arg : NULL;
  if (!given->value) return;
  if (arg && (strcmp(arg, "TIME") == 0 || strcmp(arg, "DATE") == 0) && om_when_parse(&ms, &zone, given->value, &st))
    fail_msg("%s\n%s", line, st.text);
  if (!names_an_event(given->value)) return;
  struct om_session session = {.arena = &arena};
  Oremark__EventRef *ref;
  if (om_event_ref_read(&session, &ref, given->value, &st)) fail_msg("%s\n%s", line, st.text);
}

/* "key new" would make its keys where the example says, and "fsck" reads a store that may be there; what else writes
 * asks a daemon or reads a file first. */
static bool is_only_parsed(const struct om_command *command) {
  return strcmp(command->name, "key new") == 0 || strcmp(command->name, "fsck") == 0;
}

static void try_example(const struct om_command *of, const char *line) {
  char *words[WORDS_MAX];
  size_t used, more = 0;
  struct om_args args;
  struct om_session session;
  int n = part(words, line);
  assert_string_equal(words[0], "oremark");
  const struct om_command *command = om_command_find(&used, n - 1, words + 1, &st);
  bool propose = command == om_command_named("governance propose");
  if (propose) {
    command = om_command_find(&more, n - 1 - (int)used, words + 1 + used, &st);
    if (command && !command->build) fail_msg("%s: can't be proposed:\n%s", of->name, line);
    used += more;
  }
  if (!command) fail_msg("%s: %s\n%s", of->name, line, st.text);
  om_status_clear(&st);
  enum om_code code = om_args_parse(&args, command, n - (int)used, words + used, &st);
  if (code) fail_msg("%s: %s\n%s", of->name, line, st.text);
  args.propose = propose;
  for (size_t i = 0; i < args.n; i++) check_value(&args.given[i], line);
  for (size_t i = 0; i < args.n_words; i++) check_value(&args.words[i], line);
  if (!is_only_parsed(command)) {
    om_status_clear(&st);
    assert_int_equal(om_session_begin(&session, &args, &st), OM_OK);
    char *out = NULL, *err = NULL;
    size_t len;
    session.out = open_memstream(&out, &len);
    session.err = open_memstream(&err, &len);
    code = command->run(&session, &st);
    if (code == OM_USAGE) fail_msg("%s: %s\n%s", of->name, line, st.text);
    fclose(session.out);
    fclose(session.err);
    free(out);
    free(err);
    om_session_end(&session);
  }
  om_args_free(&args);
}

/* Every line that begins with "oremark" behind two spaces, with those that it goes on in. */
static size_t try_examples(const struct om_command *command) {
  size_t n = 0;
  char *text = om_arena_copy(&arena, command->help, strlen(command->help) + 1), *go_on;
  while ((go_on = strstr(text, "\\\n"))) memset(go_on, ' ', 1), memmove(go_on + 1, go_on + 2, strlen(go_on + 2) + 1);
  for (char *line; (line = strsep(&text, "\n"));) {
    if (strncmp(line, "  oremark ", 10) != 0) continue;
    try_example(command, line + 2);
    n++;
  }
  return n;
}

static void examples_can_be_typed(void **state) {
  (void)state;
  size_t n = 0;
  for (const struct om_command *const *c = om_commands; *c; c++) {
    if (!(*c)->help) continue;
    size_t of = try_examples(*c);
    if (of == 0 && strstr((*c)->help, "Example")) fail_msg("%s: no example is found", (*c)->name);
    n += of;
  }
  assert_true(n >= EXAMPLES_MIN);
}

static int begin(void **state) {
  (void)state;
  snprintf(dir, sizeof dir, "/tmp/oremark-help-XXXXXX");
  assert_non_null(mkdtemp(dir));
  assert_int_equal(chdir(dir), 0);
  setenv("XDG_CONFIG_HOME", dir, 1);
  setenv("XDG_STATE_HOME", dir, 1);
  setenv("OREMARK_SOCKET", "nobody-here", 1);
  setenv("OREMARK_KEY", "clerk.key", 1);
  setenv("OREMARK_SEALING_KEY", "sealing.key", 1);
  setenv("OREMARK_MEMBER", "2", 1);
  unsetenv("OREMARK_NETWORK");
  return 0;
}

static int end(void **state) {
  (void)state;
  char command[96];
  snprintf(command, sizeof command, "rm -rf %s", dir);
  assert_int_equal(chdir("/"), 0);
  assert_int_equal(system(command), 0);
  om_arena_free(&arena);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(examples_can_be_typed, begin, end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
