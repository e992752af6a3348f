#include "cli/args.h"

#include <ctype.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "cli/clock.h"
#include "cli/final.h"
#include "cli/nearest.h"
#include "ledger/quantity.h"

enum { OPTIONS_MAX = 64 }; /* more than any command has; the table is ours, so more is a broken invariant */

static const struct om_option every_options[] = {
    {"json", NULL, "print JSON instead of a table, and JSON about errors (see 'oremark help')"},
    {"help", NULL, "show this text"},
    {NULL, NULL, NULL},
};
static const struct om_option daemon_options[] = {
    {"socket", "PATH", "the daemon's socket (OREMARK_SOCKET)"},
    {NULL, NULL, NULL},
};
static const struct om_option sign_options[] = {
    {"key", "FILE", "key file to sign with (OREMARK_KEY)"},
    {"member", "MEMBER", "who speaks: number or name (OREMARK_MEMBER)"},
    {"at", "TIME", "when it happened: 2026-11-23T07:04:00+01:00; without a zone, local time (default: now)"},
    {"valid-for", "DURATION", "not to be taken in later than this from now: 30d, 12h, 45m (default: 30d)"},
    {"out", "FILE", "write the signed statement to FILE instead of submitting it"},
    {"network", "GENESIS", "genesis file of the network, for signing without a daemon (OREMARK_NETWORK)"},
    {"facts", "FILE", "what 'oremark network facts' has written, to be asked in place of a daemon, with --out"},
    {"last-event", "HEX", "id of the lot's last event, for signing without a daemon; once for each lot, in order"},
    {"wait", "SECONDS", "how long to try again while it leans on what is not final yet (default: 10)"},
    OM_WAIT_FINAL_OPTION,
    {NULL, NULL, NULL},
};
static const struct om_option document_options[] = {
    {"document", "FILE",
     "a file that belongs to it, certificate or bill of lading: every member can see it; repeatable"},
    {"secret", "WHAT=VALUE",
     "a detail that only some may read: contract, price, place, note; document=FILE; repeatable"},
    {"secret-to", "MEMBERS", "who may read it, by number or name, parted by commas"},
    {NULL, NULL, NULL},
};
static const struct om_option passphrase_options[] = {
    {"passphrase-file", "FILE", "take the key's passphrase from the first line of FILE"},
    {"passphrase-fd", "N", "take it from file descriptor N"},
    {NULL, NULL, NULL},
};
static const struct om_option previous_options[] = {
    {"previous", "ID",
     "id of the act before this one on the same subject, or 'none', where no daemon can be asked; 'oremark network "
     "show' and 'oremark member show' tell it"},
    {NULL, NULL, NULL},
};
static const struct om_option material_options[] = {
    {"lot", "NAME", "begins a new lot with this trade name; the options below belong to the lot before them"},
    {"form", "FORM",
     "ore, concentrate, matte, blister, anode, cathode, precipitate, oxide, metal, alloy, semi-product, "
     "product, scrap, residue"},
    {"gross", "MASS", "gross mass as weighed: \"20 t\", 312.5kg"},
    {"moisture", "FRACTION", "water in the gross mass: 8.5%"},
    {"metal", "METAL", "contained metal: Cu=5.69t@28.45%, Cu=5.69t (no assay), Cu@28.45% (worked out); once for each"},
    {"alias", "TEXT", "bag tag, drum number, GS1 LGTIN; may be repeated"},
    {NULL, NULL, NULL},
};

struct section {
  const char *title; /* in the help; NULL: goes on with the one before */
  const struct om_option *options;
};
enum { SECTIONS = 8 };

static void sections_of(struct section out[SECTIONS], const struct om_command *command) {
  const unsigned groups = command->groups;
  const bool signs = (groups & OM_OPTS_SIGN) != 0;
  const struct section all[SECTIONS] = {
      {NULL, command->options},
      {"each new lot:", groups & OM_OPTS_MATERIAL ? material_options : NULL},
      {"papers:", signs && !(groups & OM_OPTS_MANY) ? document_options : NULL},
      {"who signs, when, and where it goes:", signs ? sign_options : NULL},
      {NULL, groups & OM_OPTS_PREVIOUS ? previous_options : NULL},
      {signs ? NULL : "how the key is opened:", groups & OM_OPTS_PASSPHRASE ? passphrase_options : NULL},
      {"any command:", groups & OM_OPTS_DAEMON ? daemon_options : NULL},
      {groups & OM_OPTS_DAEMON ? NULL : "any command:", every_options},
  };
  memcpy(out, all, sizeof all);
}

void om_options_each(const struct om_command *command, void (*each)(void *ctx, const struct om_option *option),
                     void *ctx) {
  struct section sections[SECTIONS];
  sections_of(sections, command);
  for (size_t i = 0; i < SECTIONS; i++)
    for (const struct om_option *option = sections[i].options; option && option->name; option++) each(ctx, option);
}

struct collected {
  const struct om_option *options[OPTIONS_MAX];
  size_t n;
};

static void collect(void *ctx, const struct om_option *option) {
  struct collected *all = ctx;
  OM_ASSERT(all->n < OPTIONS_MAX);
  all->options[all->n++] = option;
}

const struct om_option *om_option_named(const struct om_command *command, const char *name) {
  struct collected all = {.n = 0};
  om_options_each(command, collect, &all);
  for (size_t i = 0; i < all.n; i++)
    if (strcmp(all.options[i]->name, name) == 0) return all.options[i];
  return NULL;
}

static void grow(struct om_given **list, size_t n, size_t *cap) {
  if (n < *cap) return;
  *cap = *cap ? *cap * 2 : 16;
  *list = realloc(*list, *cap * sizeof **list);
  OM_ASSERT(*list);
}

void om_args_add(struct om_args *args, const struct om_option *option, const char *value, const char *where) {
  struct om_given given = {option, value, where};
  if (option) {
    grow(&args->given, args->n, &args->cap);
    args->given[args->n++] = given;
  } else {
    grow(&args->words, args->n_words, &args->cap_words);
    args->words[args->n_words++] = given;
  }
}

static enum om_code bad_option(const struct om_command *command, const struct collected *all, const char *word,
                               bool needs_value, struct om_status *st) {
  if (needs_value)
    return om_fail(st, OM_USAGE, NULL, "%s: %s wants a value: see 'oremark %s --help'", command->name, word,
                   command->name);
  char name[OM_NEAREST_MAX_BYTES + 1];
  snprintf(name, sizeof name, "%s", word + strspn(word, "-"));
  name[strcspn(name, "=")] = '\0';
  struct om_nearest nearest = {name, NULL, 0};
  for (size_t i = 0; i < all->n; i++) om_nearest_try(&nearest, all->options[i]->name);
  if (nearest.best)
    return om_fail(st, OM_USAGE, NULL, "%s: there is no option --%s here: did you mean --%s?", command->name, name,
                   nearest.best);
  return om_fail(st, OM_USAGE, NULL, "%s: there is no option %s here: see 'oremark %s --help'", command->name, word,
                 command->name);
}

static int argument(const struct om_option *option) {
  if (!option->arg) return no_argument;
  return option->arg[0] == '[' ? optional_argument : required_argument;
}

enum om_code om_args_parse(struct om_args *out, const struct om_command *command, int argc, char **argv,
                           struct om_status *st) {
  *out = (struct om_args){.command = command};
  struct collected all = {.n = 0};
  om_options_each(command, collect, &all);
  struct option table[OPTIONS_MAX + 1] = {{0}};
  for (size_t i = 0; i < all.n; i++)
    table[i] = (struct option){all.options[i]->name, argument(all.options[i]), NULL, 0};
  optind = 0; /* starts over, so that a test may parse many lines */
  opterr = 0;
  for (;;) {
    int index = 0, at = optind ? optind : 1;
    int got = getopt_long(argc, argv, "-:o:", table, &index);
    if (got == -1) break;
    if (got == 1) {
      om_args_add(out, NULL, optarg, NULL);
      continue;
    }
    if (got == 'o' || got == '?' || got == ':') {
      const struct om_option *o = got == 'o' ? om_option_named(command, "out") : NULL;
      if (!o) return bad_option(command, &all, at < argc ? argv[at] : argv[argc - 1], got == ':', st);
      om_args_add(out, o, optarg, NULL);
      continue;
    }
    om_args_add(out, all.options[index], optarg, NULL);
  }
  for (int i = optind; i < argc; i++) om_args_add(out, NULL, argv[i], NULL); /* after "--" */
  return OM_OK;
}

void om_args_free(struct om_args *args) {
  free(args->given);
  free(args->words);
  *args = (struct om_args){.command = args->command};
}

bool om_given_is(const struct om_given *given, const char *name) {
  return given->option && strcmp(given->option->name, name) == 0;
}

const struct om_given *om_args_find(const struct om_args *args, const char *name) {
  for (size_t i = args->n; i-- > 0;)
    if (om_given_is(&args->given[i], name)) return &args->given[i];
  return NULL;
}

const char *om_args_value(const struct om_args *args, const char *name) {
  const struct om_given *given = om_args_find(args, name);
  return given ? given->value : NULL;
}

bool om_args_has(const struct om_args *args, const char *name) {
  return om_args_find(args, name) != NULL;
}

enum om_code om_args_need(const struct om_args *args, const struct om_given **out, const char *name,
                          struct om_status *st) {
  *out = om_args_find(args, name);
  if (*out) return OM_OK;
  const struct om_option *option = om_option_named(args->command, name);
  OM_ASSERT(option);
  return om_fail(st, OM_USAGE, NULL, "%s: %s%s is missing: %s", args->command->name, args->from_rows ? "column " : "--",
                 name, option->help);
}

enum om_code om_args_words(const struct om_args *args, size_t min, size_t max, struct om_status *st) {
  if (args->n_words >= min && args->n_words <= max) return OM_OK;
  const char *name = args->command->name, *words = args->command->words,
             *first = args->words ? args->words[0].value : "";
  const struct om_option *lot = om_option_named(args->command, "lot");
  if (args->n_words > max && max == 0 && lot && strcmp(lot->arg, "LOT") == 0)
    return om_fail(st, OM_USAGE, NULL, "%s: '%s' stands behind no option: is it a lot? write --lot %s", name, first,
                   first);
  if (args->n_words > max && max == 0)
    return om_fail(st, OM_USAGE, NULL, "%s: '%s' is one word too many: put quotes around values with spaces in them",
                   name, first);
  return om_fail(st, OM_USAGE, NULL, "%s: usage: oremark %s%s%s [OPTION...]; 'oremark %s --help' explains them", name,
                 name, words ? " " : "", words ? words : "", name);
}

enum om_code om_given_wrap(const struct om_given *given, struct om_status *st) {
  if (given->where) return om_wrap(st, "%s", given->where);
  return given->option ? om_wrap(st, "--%s", given->option->name) : st->code;
}

enum om_code om_given_u64(const struct om_given *given, uint64_t *out, uint64_t max, struct om_status *st) {
  const char *text = given->value;
  uint64_t value = 0;
  bool ok = *text != '\0';
  for (const char *c = text; *c && ok; c++) {
    ok = isdigit((unsigned char)*c) && !__builtin_mul_overflow(value, 10, &value) &&
         !__builtin_add_overflow(value, (uint64_t)(*c - '0'), &value);
  }
  if (!ok || value > max) {
    om_fail(st, OM_USAGE, NULL, "'%s' is not a whole number from 0 to %llu", text, (unsigned long long)max);
    return om_given_wrap(given, st);
  }
  *out = value;
  return OM_OK;
}

enum om_code om_given_mass(const struct om_given *given, uint64_t *out, struct om_status *st) {
  int64_t mg;
  if (om_mass_parse(&mg, given->value, st)) return om_given_wrap(given, st);
  *out = (uint64_t)mg;
  return OM_OK;
}

enum om_code om_given_time(const struct om_given *given, int64_t *out_ms, struct om_status *st) {
  int32_t zone_min;
  return om_when_parse(out_ms, &zone_min, given->value, st) ? om_given_wrap(given, st) : OM_OK;
}

enum om_code om_given_duration(const struct om_given *given, int64_t *out_ms, struct om_status *st) {
  static const struct {
    char unit;
    int64_t ms;
  } units[] = {{'d', 86400000}, {'h', 3600000}, {'m', 60000}, {'s', 1000}};
  char *end;
  long count = strtol(given->value, &end, 10);
  if (isdigit((unsigned char)given->value[0]) && count > 0 && count <= 36500 * 24 && end[0] && !end[1])
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
      if (units[i].unit == end[0]) {
        *out_ms = count * units[i].ms;
        return OM_OK;
      }
  om_fail(st, OM_USAGE, NULL, "'%s' is not a length of time: write 30d, 12h, 45m or 90s", given->value);
  return om_given_wrap(given, st);
}

enum {
  HELP_COLUMN = 30, /* where the explanations begin */
  HELP_WIDTH = 120, /* the longest line; shorter on a narrower screen */
};

static size_t help_width(FILE *out) {
  struct winsize size;
  if (ioctl(fileno(out), TIOCGWINSZ, &size) || size.ws_col < 2 * HELP_COLUMN || size.ws_col > HELP_WIDTH)
    return HELP_WIDTH;
  return size.ws_col;
}

/* Parted between words; lines after the first begin under it. */
static void help_text(FILE *out, const char *text) {
  size_t at = HELP_COLUMN, width = help_width(out);
  while (*text) {
    size_t word = strcspn(text, " ");
    bool first = at == HELP_COLUMN;
    if (!first && at + 1 + word > width) {
      fprintf(out, "\n%*s", HELP_COLUMN, "");
      at = HELP_COLUMN;
      first = true;
    }
    at += (size_t)fprintf(out, "%s%.*s", first ? "" : " ", (int)word, text);
    text += word + (text[word] == ' ');
  }
  fputc('\n', out);
}

static void help_option(void *ctx, const struct om_option *option) {
  char left[64];
  snprintf(left, sizeof left, "--%s%s%s", option->name, option->arg && option->arg[0] != '[' ? " " : "",
           option->arg ? option->arg : "");
  fprintf(ctx, "  %-*s", HELP_COLUMN - 2, left);
  if (strlen(left) > HELP_COLUMN - 4) fprintf(ctx, "\n%*s", HELP_COLUMN, "");
  help_text(ctx, option->help);
}

void om_args_help(FILE *out, const struct om_command *command) {
  fprintf(out, "oremark %s%s%s [OPTION...]\n%s\n\n", command->name, command->words ? " " : "",
          command->words ? command->words : "", command->summary);
  struct section sections[SECTIONS];
  sections_of(sections, command);
  bool any = false;
  for (size_t i = 0; i < SECTIONS; any |= sections[i].options != NULL, i++) {
    if (!sections[i].options) continue;
    if (sections[i].title) fprintf(out, "%s%s\n", any ? "\n" : "", sections[i].title);
    for (const struct om_option *option = sections[i].options; option->name; option++) help_option(out, option);
  }
  if (command->help) fprintf(out, "\n%s", command->help);
}
