/* What a command of `oremark` is, and the one table of them. A command names its options as data: parsing, --help and
 * the CSV columns of `oremark import` all follow from the same table. Static data; any thread. */
#ifndef OREMARK_CLI_COMMANDS_H
#define OREMARK_CLI_COMMANDS_H

#include "keys/status.h"
#include "proto/log.pb-c.h"

struct om_args;
struct om_session;

/* Options that many commands share. */
enum om_option_group {
  OM_OPTS_DAEMON = 1 << 0,     /* which daemon to talk to */
  OM_OPTS_SIGN = 1 << 1,       /* who signs, when it happened, where the statement goes */
  OM_OPTS_MATERIAL = 1 << 2,   /* new lots: cli/material.h */
  OM_OPTS_PASSPHRASE = 1 << 3, /* where the passphrase of a key file comes from */
  OM_OPTS_PREVIOUS = 1 << 4,   /* a registry act that can be made without a daemon */
  OM_OPTS_MANY = 1 << 8,       /* with OM_OPTS_SIGN: signs many events, and none with documents */
};

struct om_option {
  const char *name; /* "gross"; NULL ends a list */
  const char *arg;  /* what it takes, for the help text; NULL: a switch; "[=SECONDS]": may be left out */
  const char *help;
};

struct om_command {
  const char *name;                /* "extract", "lot show" */
  const char *words;               /* what follows it apart from options, for the help text: "LOT..." */
  const char *summary;             /* one line */
  const char *help;                /* what else there is to know, with examples */
  const struct om_option *options; /* its own; NULL: none */
  unsigned groups;                 /* enum om_option_group, or-ed */
  enum om_code (*run)(struct om_session *session, struct om_status *st);
  /* Event commands only: fills EVENT's kind from ARGS (the command line's, or an import row's). What it points to lives
   * in the session's arena. */
  enum om_code (*build)(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                        struct om_status *st);
};

/* The table; ends with NULL. In the order in which the help text lists them. */
extern const struct om_command *const om_commands[];

/* The command that the words at ARGV begin with ("lot show X" is "lot show"), and in *USED how many of the words name
 * it. NULL with OM_USAGE and the nearest name in ST if there is none. */
const struct om_command *om_command_find(size_t *used, int argc, char *const *argv, struct om_status *st);
/* The command with that name; NULL if there is none. */
const struct om_command *om_command_named(const char *name);

#endif
