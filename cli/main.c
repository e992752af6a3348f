/* oremark: what a person or a script says to a daemon. */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/apart.h"
#include "cli/session.h"
#include "cli/show.h"

static int complain(const struct om_status *st, bool json) {
  if (*st->text) om_show_error(stderr, st, json);
  return om_exit_status(st->code);
}

/* Known before the words are: what is wrong with them is told as JSON, too. */
static bool wants_json(int argc, char **argv) {
  for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
    if (strcmp(argv[i], "--json") == 0) return true;
  return false;
}

static int list_commands(FILE *out) {
  fprintf(out, "oremark COMMAND [OPTION...]\nA provenance ledger for metal lots: record, trace and check them.\n\n");
  for (const struct om_command *const *c = om_commands; *c; c++)
    fprintf(out, "  %-18s %s\n", (*c)->name, (*c)->summary);
  fprintf(
      out,
      "\n'oremark COMMAND --help' shows a command's options and examples.\n"
      "Defaults come from OREMARK_SOCKET, OREMARK_KEY, OREMARK_MEMBER, OREMARK_NETWORK and "
      "OREMARK_PASSPHRASE_FILE, or from\n"
      "~/.config/oremark/oremark.conf, for example:  member = \"Ilo\"  key = \"/home/ana/ilo.key\"\n"
      "Exit status: 0 yes or done, 1 the answer is no, 2 usage, 3 no daemon or I/O error, 4 refused by the rules,\n"
      "5 cannot be decided.\n"
      "With --json the last line of standard error says why it is not 0: {\"error\": {\"code\": \"refused\", \"rule\": "
      "\"mass\",\n\"text\": \"...\"}}. code: no, usage, io, full, busy, corrupt, malformed, refused, missing or wait; "
      "rule: the name of\nthe rule that was broken, or null; text: a sentence for a person.\n");
  return 0;
}

/* `oremark help [COMMAND]`, `oremark --help`, `oremark --version`; -1: none of these. */
static int general(int argc, char **argv) {
  struct om_status st;
  size_t used;
  if (argc < 2) return -1;
  if (strcmp(argv[1], "--version") == 0) return printf("oremark " OREMARK_VERSION "\n"), 0;
  if (strcmp(argv[1], "--help") != 0 && strcmp(argv[1], "-h") != 0 && strcmp(argv[1], "help") != 0) return -1;
  if (argc == 2) return list_commands(stdout);
  const struct om_command *command = om_command_find(&used, argc - 2, argv + 2, &st);
  if (!command) return complain(&st, wants_json(argc, argv));
  om_args_help(stdout, command);
  return 0;
}

/* `oremark governance propose ACT...`: what follows is a command of its own, whose act is written without a signature.
 */
static const struct om_command *proposed(const struct om_command *command, size_t *used, int argc, char **argv,
                                         struct om_status *st) {
  size_t more = 0;
  if (argc <= 1 + (int)*used || argv[1 + *used][0] == '-') return command; /* alone, or --help */
  const struct om_command *act = om_command_find(&more, argc - 1 - (int)*used, argv + 1 + *used, st);
  *used += more;
  if (!act || act->build) return act;
  om_fail(st, OM_USAGE, NULL, "governance propose: '%s' makes no act: see 'oremark governance propose --help'",
          act->name);
  return NULL;
}

static enum om_code run(const struct om_args *args, struct om_status *st) {
  struct om_session session;
  enum om_code code = om_session_begin(&session, args, st);
  if (code == OM_OK) code = args->command->run(&session, st);
  if (code != OM_OK) om_say_apart(&session, st);
  if (code == OM_OK) om_status_clear(st); /* what was tried in vain on the way is nobody's concern */
  om_session_end(&session);
  if (st->code == OM_OK && (fflush(stdout) || ferror(stdout)))
    om_fail(st, OM_IO, NULL, "can't write to standard output");
  return st->code;
}

int main(int argc, char **argv) {
  struct om_status st;
  struct om_args args;
  size_t used;
  bool json = wants_json(argc, argv);
  om_status_clear(&st);
  setlocale(LC_ALL, "");
  setlocale(LC_NUMERIC, "C"); /* numbers are the ledger's, not the user's */
  signal(SIGPIPE, SIG_DFL);
  om_sodium_start();
  int done = general(argc, argv);
  if (done >= 0) return done;
  const struct om_command *command = om_command_find(&used, argc - 1, argv + 1, &st);
  bool propose = command == om_command_named("governance propose");
  if (propose) command = proposed(command, &used, argc, argv, &st);
  if (!command) return complain(&st, json);
  if (om_args_parse(&args, command, argc - (int)used, argv + used, &st) == OM_OK) {
    args.propose = propose;
    if (om_args_has(&args, "help"))
      om_args_help(stdout, command);
    else
      run(&args, &st);
  }
  om_args_free(&args);
  return complain(&st, json);
}
