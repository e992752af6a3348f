#include "cli/import_rows.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/index.h"
#include "cli/nearest.h"

enum { COMMANDS_MAX = 32, LABEL_BYTES = 64 };

/* A column of the file: its meaning, or the option that it stands for. */
enum meaning {
  M_EVENT,
  M_GROUP,
  M_REF,
  M_LOTS,
  M_OPTION,
  M_LIST,   /* several values parted by ';' */
  M_REMARK, /* the file's own, "#invoice": not read */
};

struct known {
  const char *name;
  enum meaning meaning;
  const char *option;
};

/* Columns whose name is not the option's own. */
static const struct known named[] = {
    {"event", M_EVENT, NULL},
    {"group", M_GROUP, NULL},
    {"ref", M_REF, NULL},
    {"lots", M_LOTS, NULL},
    {"inputs", M_LOTS, NULL},
    {"material", M_OPTION, "lot"},
    {"metals", M_LIST, "metal"},
    {"aliases", M_LIST, "alias"},
    {"losses", M_LIST, "loss"},
    {"seals", M_LIST, "seal"},
    {"product-lots", M_LIST, "product-lot"},
    {"releasers", M_LIST, "releaser"},
    {"documents", M_LIST, "document"},
    {"secrets", M_LIST, "secret"},
};

/* The options that describe one new lot, or what was found of one at receipt, in the order in which they must come. */
static const char *const of_a_lot[] = {"lot", "form", "gross", "moisture", "metal", "alias", "shortage"};
enum { OF_A_LOT = sizeof of_a_lot / sizeof of_a_lot[0] };

struct column {
  char *name;        /* as the file writes it */
  const char *label; /* tidy: lower case, hyphens */
  enum meaning meaning;
  const char *option;
};

/* Which option of a command each column is; looked up once for each command that the file names. */
struct row_command {
  const struct om_command *command;
  const struct om_option *options[OM_CSV_FIELDS_MAX];
};

struct om_rows {
  struct om_csv *csv;
  om_bad_row *bad;
  void *ctx;
  struct column columns[OM_CSV_FIELDS_MAX];
  size_t n_columns;
  struct row_command commands[COMMANDS_MAX];
  size_t n_commands;
  struct om_index labels; /* of groups that were closed */
  uint64_t numbers, rows;
  bool ahead;            /* ROW was read, but belongs to the next group */
  bool after_unreadable; /* the row before could not be read, and may belong to the group that follows */
  struct om_csv_row row;
};

/* ---- the header ---- */

static char *tidy(const char *text) {
  while (*text == ' ') text++;
  char *out = strdup(text);
  OM_ASSERT(out);
  for (char *c = out; *c; c++) *c = *c == '_' || *c == ' ' ? '-' : (char)tolower((unsigned char)*c);
  for (size_t len = strlen(out); len > 0 && out[len - 1] == '-'; len--) out[len - 1] = '\0';
  return out;
}

static bool is_event_command(const struct om_command *command) {
  return command->build && !strchr(command->name, ' '); /* registry acts have two words, and are no rows */
}

static bool is_row_option(const char *name) {
  static const char *const not_in_rows[] = {"key",           "member", "valid-for", "out",  "network",
                                            "last-event",    "wait",   "json",      "help", "passphrase-file",
                                            "passphrase-fd", "socket", "facts"};
  for (size_t i = 0; i < sizeof not_in_rows / sizeof not_in_rows[0]; i++)
    if (strcmp(name, not_in_rows[i]) == 0) return false;
  return true;
}

static void try_name(void *ctx, const struct om_option *option) {
  if (is_row_option(option->name)) om_nearest_try(ctx, option->name);
}

/* What a column named LABEL is; false if there is none. NEAREST is told all names. */
static bool find_column(struct column *column, struct om_nearest *nearest) {
  if (*column->label == '#') return column->meaning = M_REMARK, true;
  for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
    om_nearest_try(nearest, named[i].name);
    if (strcmp(named[i].name, column->label) != 0) continue;
    column->meaning = named[i].meaning;
    column->option = named[i].option;
    return true;
  }
  for (const struct om_command *const *c = om_commands; *c; c++) {
    if (!is_event_command(*c)) continue;
    om_options_each(*c, try_name, nearest);
    if (!is_row_option(column->label) || !om_option_named(*c, column->label)) continue;
    column->meaning = M_OPTION;
    column->option = column->label;
    return true;
  }
  return false;
}

static enum om_code unknown_column(const struct column *column, const struct om_nearest *nearest,
                                   struct om_status *st) {
  if (strchr(column->name, ';'))
    return om_fail(st, OM_USAGE, NULL, "line 1: the columns are parted by semicolons: save the file with commas");
  if (strchr(column->name, '\t'))
    return om_fail(st, OM_USAGE, NULL, "line 1: the columns are parted by tabs: save the file with commas");
  if (nearest->best)
    return om_fail(st, OM_USAGE, NULL, "line 1: there is no column '%s': did you mean '%s'?", column->name,
                   nearest->best);
  return om_fail(st, OM_USAGE, NULL, "line 1: there is no column '%s': 'oremark import --help' lists them",
                 column->name);
}

static enum om_code read_header(struct om_rows *rows, struct om_status *st) {
  struct om_csv_row row;
  enum om_code code = om_csv_next(rows->csv, &row, st);
  if (code == OM_MISSING) return om_fail(st, OM_USAGE, NULL, "the file is empty: its first line must name the columns");
  if (code != OM_OK) return om_wrap(st, "line %" PRIu64, row.line);
  bool events = false;
  for (size_t i = 0; i < row.n; i++) {
    struct column *column = &rows->columns[rows->n_columns++];
    column->name = strdup(row.fields[i]);
    column->label = tidy(row.fields[i]);
    struct om_nearest nearest = {column->label, NULL, 0};
    if (!find_column(column, &nearest)) return unknown_column(column, &nearest, st);
    for (size_t j = 0; j < i && column->meaning != M_REMARK; j++)
      if (column->option ? rows->columns[j].option && strcmp(rows->columns[j].option, column->option) == 0
                         : rows->columns[j].meaning == column->meaning)
        return om_fail(st, OM_USAGE, NULL, "line 1: the column '%s' stands twice", column->name);
    events |= column->meaning == M_EVENT;
  }
  if (!events)
    return om_fail(st, OM_USAGE, NULL,
                   "line 1: the column 'event' is missing: 'oremark import --help' lists the columns");
  return OM_OK;
}

enum om_code om_rows_open(struct om_rows **out, FILE *file, om_bad_row *bad, void *ctx, struct om_status *st) {
  struct om_rows *rows = calloc(1, sizeof *rows);
  OM_ASSERT(rows);
  rows->csv = om_csv_new(file);
  rows->bad = bad;
  rows->ctx = ctx;
  *out = rows;
  if (read_header(rows, st) == OM_OK) return OM_OK;
  om_rows_close(rows);
  *out = NULL;
  return st->code;
}

void om_rows_close(struct om_rows *rows) {
  if (!rows) return;
  for (size_t i = 0; i < rows->n_columns; i++) {
    free(rows->columns[i].name);
    free((char *)(uintptr_t)rows->columns[i].label);
  }
  om_index_free(&rows->labels);
  om_csv_free(rows->csv);
  free(rows);
}

uint64_t om_rows_bytes(const struct om_rows *rows) {
  return om_csv_bytes(rows->csv);
}

uint64_t om_rows_count(const struct om_rows *rows) {
  return rows->rows;
}

/* ---- a group ---- */

static char *keep(struct om_group *group, const char *text, size_t len) {
  if (group->n_texts == group->cap_texts) {
    group->cap_texts = group->cap_texts ? group->cap_texts * 2 : 16;
    group->texts = realloc(group->texts, group->cap_texts * sizeof *group->texts);
    OM_ASSERT(group->texts);
  }
  char *copy = strndup(text, len);
  OM_ASSERT(copy);
  return group->texts[group->n_texts++] = copy;
}

void om_group_free(struct om_group *group) {
  if (!group) return;
  for (size_t i = 0; i < group->n_texts; i++) free(group->texts[i]);
  free(group->texts);
  free(group->refs);
  om_args_free(&group->args);
  free(group);
}

static const char *field(const struct om_rows *rows, enum meaning meaning) {
  for (size_t i = 0; i < rows->n_columns && i < rows->row.n; i++)
    if (rows->columns[i].meaning == meaning) return rows->row.fields[i];
  return "";
}

static const struct row_command *command_of_row(struct om_rows *rows, struct om_status *st) {
  char *name = tidy(field(rows, M_EVENT));
  const struct om_command *command = om_command_named(name);
  struct om_nearest nearest = {name, NULL, 0};
  for (const struct om_command *const *c = om_commands; *c; c++)
    if (is_event_command(*c)) om_nearest_try(&nearest, (*c)->name);
  if (!command || !is_event_command(command)) {
    om_fail(st, OM_USAGE, NULL, *name ? "column event: there is no event '%s'%s%s%s" : "column event: it is empty",
            name, nearest.best ? ": did you mean '" : "", nearest.best ? nearest.best : "", nearest.best ? "'?" : "");
    free(name);
    return NULL;
  }
  free(name);
  for (size_t i = 0; i < rows->n_commands; i++)
    if (rows->commands[i].command == command) return &rows->commands[i];
  OM_ASSERT(rows->n_commands < COMMANDS_MAX);
  struct row_command *added = &rows->commands[rows->n_commands++];
  added->command = command;
  for (size_t i = 0; i < rows->n_columns; i++)
    added->options[i] = rows->columns[i].option ? om_option_named(command, rows->columns[i].option) : NULL;
  return added;
}

/* Adds one value; what an earlier row of the group said already is not said again, unless it is of the row's own lot.
 */
static enum om_code add(struct om_group *group, const struct om_option *option, const char *value, size_t len,
                        uint64_t line, const struct column *column, bool of_lot, struct om_status *st) {
  char where[LABEL_BYTES + 48];
  while (len > 0 && *value == ' ') value++, len--;
  while (len > 0 && value[len - 1] == ' ') len--;
  snprintf(where, sizeof where, "column %.*s", LABEL_BYTES, column->name);
  if (group->rows > 0) snprintf(where, sizeof where, "line %" PRIu64 ", column %.*s", line, LABEL_BYTES, column->name);
  const struct om_given *said = option ? group->args.given : group->args.words;
  size_t n = option ? group->args.n : group->args.n_words;
  for (size_t i = 0; i < n && !of_lot; i++) {
    if (said[i].option != option || !said[i].value) continue;
    if (strlen(said[i].value) == len && memcmp(said[i].value, value, len) == 0) return OM_OK;
    if (option && column->meaning == M_OPTION)
      return om_fail(st, OM_USAGE, NULL, "%s: '%.*s' differs from '%s' in an earlier row of the group", where, (int)len,
                     value, said[i].value);
  }
  om_args_add(&group->args, option, keep(group, value, len), keep(group, where, strlen(where)));
  return OM_OK;
}

/* A switch is yes or no. */
static enum om_code add_switch(struct om_group *group, const struct om_option *option, const char *value,
                               const struct column *column, struct om_status *st) {
  static const char *const yes[] = {"yes", "true", "1"}, *const no[] = {"no", "false", "0"};
  for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
    if (strcasecmp(value, no[i]) == 0) return OM_OK;
    if (strcasecmp(value, yes[i]) != 0) continue;
    if (!om_args_has(&group->args, option->name))
      om_args_add(&group->args, option, NULL, keep(group, column->name, strlen(column->name)));
    return OM_OK;
  }
  return om_fail(st, OM_USAGE, NULL, "column %s: '%s' is neither yes nor no", column->name, value);
}

/* Each of the values in TEXT that are parted by ';'. */
static enum om_code add_list(struct om_group *group, const struct om_option *option, const char *text, uint64_t line,
                             const struct column *column, bool of_lot, struct om_status *st) {
  while (*text) {
    size_t len = strcspn(text, ";");
    if (strspn(text, " ") < len && add(group, option, text, len, line, column, of_lot, st)) return st->code;
    text += len + (text[len] == ';');
  }
  return OM_OK;
}

static enum om_code add_cell(struct om_group *group, const struct om_option *option, const char *text, uint64_t line,
                             const struct column *column, bool of_lot, struct om_status *st) {
  if (option && !option->arg) return add_switch(group, option, text, column, st);
  if (column->meaning == M_OPTION) return add(group, option, text, strlen(text), line, column, of_lot, st);
  return add_list(group, option, text, line, column, of_lot, st);
}

static bool is_blank(const char *text) {
  return text[strspn(text, " ")] == '\0';
}

/* Where in the order of a lot's own options NAME stands; OF_A_LOT if it is none. */
static size_t lot_rank(const char *name) {
  size_t i = 0;
  while (i < OF_A_LOT && strcmp(of_a_lot[i], name) != 0) i++;
  return i;
}

/* The cells that speak of one lot. In a row that makes one, a lot begins even where it has no name. */
static enum om_code add_lot_cells(struct om_rows *rows, struct om_group *group, const struct row_command *of,
                                  struct om_status *st) {
  size_t cells[OF_A_LOT][2], n[OF_A_LOT] = {0}, all = 0;
  for (size_t i = 0; i < rows->n_columns; i++) {
    if (!of->options[i] || is_blank(rows->row.fields[i])) continue;
    size_t rank = lot_rank(of->options[i]->name);
    if (rank == OF_A_LOT || n[rank] == 2) continue;
    cells[rank][n[rank]++] = i;
    all++;
  }
  bool makes = (of->command->groups & OM_OPTS_MATERIAL) != 0,
       measures = !makes && om_option_named(of->command, "lot") != NULL;
  if (all == 0 || (!makes && !measures)) return OM_OK;
  const struct om_option *lot = om_option_named(of->command, "lot");
  if (measures) {
    if (strchr(field(rows, M_LOTS), ';'))
      return om_fail(st, OM_USAGE, NULL,
                     "column lots: what was found on arrival is said of one lot a row: put the rows in a group");
    om_args_add(&group->args, lot, keep(group, field(rows, M_LOTS), strlen(field(rows, M_LOTS))),
                keep(group, "column lots", 11));
  } else if (n[0] == 0) {
    om_args_add(&group->args, lot, keep(group, "", 0), keep(group, "column material", 15));
  }
  for (size_t rank = 0; rank < OF_A_LOT; rank++)
    for (size_t k = 0; k < n[rank]; k++) {
      size_t i = cells[rank][k];
      if (add_cell(group, of->options[i], rows->row.fields[i], rows->row.line, &rows->columns[i], true, st))
        return st->code;
    }
  return OM_OK;
}

static bool measures_here(const struct om_rows *rows, const struct row_command *of) {
  if (of->command->groups & OM_OPTS_MATERIAL || !om_option_named(of->command, "lot")) return false;
  for (size_t i = 0; i < rows->n_columns; i++)
    if (of->options[i] && !is_blank(rows->row.fields[i]) && lot_rank(of->options[i]->name) < OF_A_LOT) return true;
  return false;
}

static size_t count_made(const struct om_args *args) {
  size_t n = 0;
  for (size_t i = 0; i < args->n; i++) n += om_given_is(&args->given[i], "lot");
  return n;
}

static void add_ref(struct om_group *group, const char *text, uint64_t line, size_t made) {
  if (group->n_refs == group->cap_refs) {
    group->cap_refs = group->cap_refs ? group->cap_refs * 2 : 4;
    group->refs = realloc(group->refs, group->cap_refs * sizeof *group->refs);
    OM_ASSERT(group->refs);
  }
  size_t skip = strspn(text, " "), len = strlen(text);
  while (len > skip && text[len - 1] == ' ') len--;
  group->refs[group->n_refs++] = (struct om_group_ref){keep(group, text + skip, len - skip), line, made};
}

static enum om_code take_ref(struct om_rows *rows, struct om_group *group, const struct row_command *of,
                             size_t made_before, struct om_status *st) {
  const char *ref = field(rows, M_REF);
  if (is_blank(ref)) return OM_OK;
  bool makes = of->command->groups & OM_OPTS_MATERIAL && (count_made(&group->args) > made_before);
  bool pool = strcmp(of->command->name, "charge") == 0 && !om_args_has(&group->args, "pool");
  bool whole = strcmp(of->command->name, "combine") == 0;
  if (!makes && !pool && !whole)
    return om_fail(st, OM_USAGE, NULL, "column ref: this row makes no lot to be named '%s'", ref);
  add_ref(group, ref, rows->row.line, makes ? made_before : 0);
  return OM_OK;
}

static enum om_code take_row(struct om_rows *rows, struct om_group *group, struct om_status *st) {
  if (rows->row.n != rows->n_columns)
    return om_fail(st, OM_USAGE, NULL, "it has %zu fields, but the header names %zu columns", rows->row.n,
                   rows->n_columns);
  const struct row_command *of = command_of_row(rows, st);
  if (!of) return st->code;
  if (group->args.command && group->args.command != of->command)
    return om_fail(st, OM_USAGE, NULL, "column event: its group is a %s, so it can't be a %s",
                   group->args.command->name, of->command->name);
  group->args.command = of->command;
  bool measures = measures_here(rows, of);
  size_t made_before = count_made(&group->args);
  for (size_t i = 0; i < rows->n_columns; i++) {
    const struct column *column = &rows->columns[i];
    const char *text = rows->row.fields[i];
    if (is_blank(text) || column->meaning == M_EVENT || column->meaning == M_GROUP || column->meaning == M_REF ||
        column->meaning == M_REMARK)
      continue;
    if (column->meaning == M_LOTS) {
      if (!measures && add_list(group, NULL, text, rows->row.line, column, false, st)) return st->code;
      continue;
    }
    if (!of->options[i])
      return om_fail(st, OM_USAGE, NULL, "column %s: a %s has none: leave it empty", column->name, of->command->name);
    bool of_lot = lot_rank(of->options[i]->name) < OF_A_LOT && (measures || of->command->groups & OM_OPTS_MATERIAL);
    if (!of_lot && add_cell(group, of->options[i], text, rows->row.line, column, false, st)) return st->code;
  }
  if (add_lot_cells(rows, group, of, st)) return st->code;
  return take_ref(rows, group, of, made_before, st);
}

/* Reads the next row into ROWS->row. A row that can't be read is told of, and spoils the group that it may belong to.
 */
static enum om_code read_row(struct om_rows *rows, struct om_group *current, const char *label, struct om_status *st) {
  for (;;) {
    enum om_code code = om_csv_next(rows->csv, &rows->row, st);
    if (code == OM_OK) rows->rows++;
    if (code != OM_MALFORMED) return code;
    rows->rows++;
    rows->bad(rows->ctx, rows->row.line, st);
    rows->after_unreadable = true;
    if (current && *label && !current->bad) {
      om_fail(st, OM_USAGE, NULL, "group %s: a row after it can't be read and may belong to it", label);
      rows->bad(rows->ctx, current->line, st);
      current->bad = true;
    }
  }
}

static void spoil(struct om_rows *rows, struct om_group *group, uint64_t line, const struct om_status *st) {
  rows->bad(rows->ctx, line, st);
  group->bad = true;
}

/* Takes the row that was read into GROUP. */
static void take(struct om_rows *rows, struct om_group *group, const char *label, struct om_status *st) {
  if (take_row(rows, group, st)) spoil(rows, group, rows->row.line, st);
  if (rows->after_unreadable && *label && !group->bad) {
    om_fail(st, OM_USAGE, NULL, "group %s: a row before it can't be read and may belong to it", label);
    spoil(rows, group, rows->row.line, st);
  }
  rows->after_unreadable = false;
  group->rows++;
}

enum om_code om_rows_next(struct om_rows *rows, struct om_group **out, struct om_status *st) {
  *out = NULL;
  if (!rows->ahead && read_row(rows, NULL, "", st)) return st->code;
  rows->ahead = false;
  struct om_group *group = calloc(1, sizeof *group);
  OM_ASSERT(group);
  group->args.from_rows = true;
  group->number = rows->numbers++;
  group->line = rows->row.line;
  char *label = strdup(field(rows, M_GROUP));
  OM_ASSERT(label);
  if (*label && om_index_get(&rows->labels, label)) {
    om_fail(st, OM_USAGE, NULL, "column group: the rows of group %s do not stand together", label);
    spoil(rows, group, group->line, st);
  }
  take(rows, group, label, st);
  enum om_code code = OM_OK;
  while (*label && (code = read_row(rows, group, label, st)) == OM_OK) {
    rows->ahead = strcmp(field(rows, M_GROUP), label) != 0;
    if (rows->ahead) break;
    take(rows, group, label, st);
  }
  if (*label) om_index_put(&rows->labels, label, rows);
  free(label);
  if (code != OM_OK && code != OM_MISSING) {
    om_group_free(group);
    return code;
  }
  *out = group;
  return OM_OK;
}
