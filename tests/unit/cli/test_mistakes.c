#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/act.h"
#include "cli/apart.h"

/* What people type wrong: one sentence that names it and says what to do. No daemon is here. */
static struct om_status st;

#define LOT "OM-0000-00G1-M83P-0Q06-90R7-2FFG-SNYT-Q60Q-D"
#define LAST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

enum { WORDS = 16 };

/* Runs what WORDS say as main() does. */
static enum om_code run(const char *const words[WORDS]) {
  char *argv[WORDS + 1] = {0};
  struct om_args args = {0};
  struct om_session session;
  size_t used;
  int n = 0;
  for (; n < WORDS && words[n]; n++) argv[n] = (char *)(uintptr_t)words[n];
  om_status_clear(&st);
  const struct om_command *command = om_command_find(&used, n, argv, &st);
  if (!command || om_args_parse(&args, command, n - (int)used + 1, argv + used - 1, &st)) return st.code;
  assert_int_equal(om_session_begin(&session, &args, &st), OM_OK);
  session.err = session.out = fopen("/dev/null", "w");
  enum om_code code = command->run(&session, &st);
  if (code != OM_OK) code = om_say_apart(&session, &st);
  fclose(session.out);
  om_session_end(&session);
  om_args_free(&args);
  return code;
}

static int begin(void **state) {
  (void)state;
  setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
  setenv("OREMARK_SOCKET", "/nonexistent/sock", 1);
  setenv("OREMARK_MEMBER", "2", 1);
  unsetenv("OREMARK_NETWORK");
  unsetenv("OREMARK_KEY");
  return 0;
}

struct mistake {
  const char *words[WORDS];
  enum om_code code;
  const char *said;
};

static void each_is_told_plainly(void **state) {
  (void)state;
  static const struct mistake mistakes[] = {
      {{"flag", "--of", "3", "--category", "other", "--text", "x", "--severity", "5"},
       OM_USAGE,
       "1 (low), 2 (medium) or 3"},
      {{"flag", "--of", "3", "--category", "other", "--text", "x", "--severity", "0"}, OM_USAGE, "'0' is no severity"},
      {{"flag", "--of", "3", "--lot", LOT, "--category", "other", "--text", "x"}, OM_USAGE, "--lot or --of alone"},
      {{"flag", "--event", "x", "--lot", LOT, "--category", "other", "--text", "x"}, OM_USAGE, "--event alone"},
      {{"flag", "--site", "Ilo", "--category", "other", "--text", "x"}, OM_USAGE, "whose site is 'Ilo'?"},
      {{"flag", "--category", "other", "--text", "x"}, OM_USAGE, "what is it about?"},
      {{"flag", "DRUM-17"}, OM_USAGE, "is it a lot? write --lot DRUM-17"},
      {{"estimate", "Ilo"}, OM_USAGE, "one word too many"},
      {{"extract", "Ilo"}, OM_USAGE, "one word too many"}, /* its --lot begins a new one */
      {{"clear"}, OM_USAGE, "'oremark clear --help' explains"},
      {{"assay", LOT, "--result", "Cu=28%"}, OM_USAGE, "assay: --method is missing"},
      {{"assay", LOT, "--method", "x"}, OM_USAGE, "what was found?"},
      {{"attestations"}, OM_USAGE, "about what?"},
      {{"attestations", "--lot", LOT, "--member", "2"}, OM_USAGE, "about one thing at a time"},
      {{"claim", LOT, "--last-event", LAST, "--certificate", "4-1-" LAST "/0"}, OM_USAGE, "--quantity is missing"},
      {{"claim", LOT, "--last-event", LAST, "--certificate", "4-1-" LAST "/0", "--quantity", "1t", "--quantity", "1t"},
       OM_USAGE,
       "1 lot, but 2 of --quantity"},
      {{"hold", LOT, "--last-event", LAST, "--reason", "pledge", "--releaser", "3", "--releaser", "3"},
       OM_USAGE,
       "member 3 is named twice"},
      {{"hold", LOT, "--last-event", LAST, "--reason", "pledge", "--releaser", "3", "--threshold", "2"},
       OM_USAGE,
       "from 1 to 1"},
      {{"hold", LOT, "--last-event", LAST, "--reason", "pledge", "--releaser", "3", "--threshold", "0"},
       OM_USAGE,
       "from 1 to 1"},
      {{"network", "set-witnesses"}, OM_USAGE, "name their logs, or say --none"},
      {{"member", "revoke-key", "4", "--since-entry", "3"}, OM_USAGE, "--key-id HEX, as 'oremark member show 4'"},
      {{"member", "retire-key"}, OM_USAGE, "which key?"},
      {{"--json", "lots"}, OM_USAGE, "'--json' stands before the command"},
      {{"lots"}, OM_IO, "is oremarkd running? (--socket or OREMARK_SOCKET says where)"},
      {{"hold", LOT, "--reason", "pledge", "--releaser", "3"},
       OM_IO,
       "without a daemon, give --network GENESIS, --out FILE, --last-event ID for each lot, and name lots, members"},
      {{"member", "suspend", "3", "--reason", "x", "--out", "x"},
       OM_IO,
       "without a daemon, give --network GENESIS, --previous ID (or 'none'), and name members"},
      {{"network", "set-limits", "/nonexistent/limits"}, OM_IO, "can't read /nonexistent/limits"},
  };
  for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
    const struct mistake *m = &mistakes[i];
    assert_int_equal(run(m->words), m->code);
    if (!strstr(st.text, m->said)) fail_msg("'%s' is not in: %s", m->said, st.text);
  }
}

/* A file that can't be read has nothing to do with daemons; a list of lots can't be had without one. */
static void nobody_is_sent_the_wrong_way(void **state) {
  (void)state;
  assert_int_equal(run((const char *const[WORDS]){"network", "set-limits", "/nonexistent/limits"}), OM_IO);
  assert_null(strstr(st.text, "without a daemon"));
  assert_int_equal(run((const char *const[WORDS]){"lots"}), OM_IO);
  assert_null(strstr(st.text, "without a daemon"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(each_is_told_plainly, begin),
      cmocka_unit_test_setup(nobody_is_sent_the_wrong_way, begin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
