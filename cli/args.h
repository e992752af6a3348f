/* A command's options and words, in the order given: order matters where options describe one new lot after another.
 * They come from the command line or from a row of an import file; `where` says which, for messages. Values stay
 * whoever's they were; the arrays are the args', ended by om_args_free. Thread: one. */
#ifndef OREMARK_CLI_ARGS_H
#define OREMARK_CLI_ARGS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/commands.h"

struct om_given {
  const struct om_option *option; /* NULL: a plain word */
  const char *value;              /* NULL: a switch, or left out */
  const char *where;              /* "line 12, column gross"; NULL: the command line */
};

struct om_args {
  const struct om_command *command;
  bool from_rows;         /* options are columns */
  bool propose;           /* the act is to be written to a file, without a signature */
  struct om_given *given; /* options */
  size_t n, cap;
  struct om_given *words;
  size_t n_words, cap_words;
};

/* Reads the ARGC words at ARGV; the first is the last word of the command's name. OM_USAGE names the option and the
 * nearest one. */
enum om_code om_args_parse(struct om_args *out, const struct om_command *command, int argc, char **argv,
                           struct om_status *st);
void om_args_free(struct om_args *args);

/* Adds one; VALUE and WHERE must outlive ARGS. */
void om_args_add(struct om_args *args, const struct om_option *option, const char *value, const char *where);

/* The option of COMMAND (its own or of its groups) with that name; NULL if it has none. */
const struct om_option *om_option_named(const struct om_command *command, const char *name);
/* Calls EACH for every option of COMMAND. */
void om_options_each(const struct om_command *command, void (*each)(void *ctx, const struct om_option *option),
                     void *ctx);

/* The last one given with that name; NULL if none. */
const struct om_given *om_args_find(const struct om_args *args, const char *name);
/* Its value; NULL if none. */
const char *om_args_value(const struct om_args *args, const char *name);
bool om_args_has(const struct om_args *args, const char *name);
/* The same, but OM_USAGE if it was not given. */
enum om_code om_args_need(const struct om_args *args, const struct om_given **out, const char *name,
                          struct om_status *st);
/* OM_USAGE unless there are MIN to MAX plain words. */
enum om_code om_args_words(const struct om_args *args, size_t min, size_t max, struct om_status *st);
/* Whether GIVEN is the option with that name. */
bool om_given_is(const struct om_given *given, const char *name);

/* Values. Each says where in its message. */
enum om_code om_given_u64(const struct om_given *given, uint64_t *out, uint64_t max, struct om_status *st);
enum om_code om_given_mass(const struct om_given *given, uint64_t *out, struct om_status *st);
/* A length of time, "90d", "12h", "30m" or "45s", in milliseconds. */
/* A moment, Unix milliseconds, as om_when_parse reads it: the one way for all options that take one. */
enum om_code om_given_time(const struct om_given *given, int64_t *out_ms, struct om_status *st);
enum om_code om_given_duration(const struct om_given *given, int64_t *out_ms, struct om_status *st);
/* Puts where before ST's sentence; returns its code. */
enum om_code om_given_wrap(const struct om_given *given, struct om_status *st);

/* Prints the help text of COMMAND, made from its table. */
void om_args_help(FILE *out, const struct om_command *command);

#endif
