#include "cli/show.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "keys/utf8.h"
#include "ledger/names.h"
#include "ledger/quantity.h"

const char *om_show_text(char out[OM_SHOW_BYTES], const char *text) {
  size_t len = strlen(text), used = 0;
  for (size_t i = 0; i < len;) {
    uint32_t c;
    size_t took = om_utf8_next(&c, text + i, len - i);
    bool ok = took > 0 && om_text_ok(text + i, took);
    if (took == 0) took = 1;
    size_t need = ok ? took : 1;
    if (used + need + 4 > OM_SHOW_BYTES) {
      memcpy(out + used, "...", 3);
      used += 3;
      break;
    }
    if (ok)
      memcpy(out + used, text + i, took);
    else
      out[used] = '?';
    used += need;
    i += took;
  }
  out[used] = '\0';
  return out;
}

/* Whether FILE is a terminal that shows colours: not with NO_COLOR or TERM=dumb. */
static bool shows_colours(FILE *file) {
  const char *term = getenv("TERM"), *no = getenv("NO_COLOR");
  return isatty(fileno(file)) && term && strcmp(term, "dumb") != 0 && !(no && *no);
}

struct libscols_table *om_show_table(FILE *file, const char *const *columns, size_t n) {
  struct libscols_table *table = scols_new_table();
  OM_ASSERT(table);
  scols_table_set_stream(table, file);
  scols_table_enable_colors(table, shows_colours(file));
  scols_table_enable_nowrap(table, 0);
  if (!isatty(fileno(file))) {
    scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
    scols_table_enable_nolinesep(table, 0);
  }
  for (size_t i = 0; i < n; i++) {
    int flags = 0;
    bool spare = false;
    const char *name = columns[i];
    for (; *name && strchr(">+~-", *name); name++) {
      flags |= *name == '>' ? SCOLS_FL_RIGHT : *name == '+' ? SCOLS_FL_TREE : *name == '~' ? SCOLS_FL_WRAP : 0;
      spare |= *name == '-';
    }
    if (!isatty(fileno(file))) flags &= ~SCOLS_FL_WRAP; /* a line stays a line for grep */
    struct libscols_column *column = scols_table_new_column(table, name, 0, flags);
    OM_ASSERT(column);
    if (flags & SCOLS_FL_WRAP)
      OM_ASSERT(scols_column_set_wrapfunc(column, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL) == 0 &&
                scols_column_set_safechars(column, "\n") == 0);
    struct libscols_cell *header = scols_column_get_header(column);
    scols_cell_set_userdata(header, spare ? table : NULL); /* only whether it is set counts */
    if (scols_table_colors_wanted(table)) scols_cell_set_color(header, "bold");
  }
  return table;
}

struct libscols_line *om_show_line(struct libscols_table *table, struct libscols_line *parent) {
  struct libscols_line *line = scols_table_new_line(table, parent);
  OM_ASSERT(line);
  return line;
}

void om_show_cell(struct libscols_line *line, size_t column, const char *fmt, ...) {
  char raw[OM_SHOW_BYTES], clean[OM_SHOW_BYTES];
  va_list args;
  va_start(args, fmt);
  vsnprintf(raw, sizeof raw, fmt, args);
  va_end(args);
  OM_ASSERT(scols_line_set_data(line, column, om_show_text(clean, raw)) == 0);
}

void om_show_line_below(struct libscols_line *line, size_t column, const char *below) {
  struct libscols_cell *cell = scols_line_get_cell(line, column);
  char text[2 * OM_SHOW_BYTES];
  snprintf(text, sizeof text, "%s\n%s", scols_cell_get_data(cell), below);
  OM_ASSERT(scols_cell_set_data(cell, text) == 0);
}

enum { WRAP_WIDTH_MIN = 24 }; /* narrower, text becomes a column of single words */

/* How wide the table is, in characters, if nothing in it is wrapped. */
static size_t natural_width(struct libscols_table *table) {
  char *text = NULL;
  int colours = scols_table_colors_wanted(table);
  scols_table_enable_colors(table, 0);
  scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
  OM_ASSERT(scols_print_table_to_string(table, &text) == 0);
  scols_table_set_termforce(table, SCOLS_TERMFORCE_AUTO);
  scols_table_enable_colors(table, colours);
  size_t widest = 0, width = 0;
  for (const char *c = text; c && *c; c++) {
    width = *c == '\n' ? 0 : width + (((unsigned char)*c & 0xc0) != 0x80); /* continuation bytes of UTF-8 don't count */
    if (width > widest) widest = width;
  }
  free(text);
  return widest;
}

bool om_show_fits(struct libscols_table *table) {
  if (!isatty(fileno(scols_table_get_stream(table))) || scols_table_get_nlines(table) == 0) return true;
  return natural_width(table) <= scols_table_get_termwidth(table);
}

/* TEXT in lines of at most WIDTH characters, parted between words where that is possible. The caller frees. */
static char *in_lines(const char *text, size_t width) {
  char *out = malloc(2 * strlen(text) + 1), *space = NULL, *to = out;
  OM_ASSERT(out);
  size_t used = 0, since = 0; /* characters in this line; of them after the space */
  for (; *text; text++) {
    bool begins = ((unsigned char)*text & 0xc0) != 0x80;
    if (begins && used == width && *text != ' ') {
      if (space)
        *space = '\n', used = since;
      else
        *to++ = '\n', used = since = 0;
      space = NULL;
    } else if (begins && used >= width) { /* a space where the line ends */
      *to++ = '\n';
      used = since = 0;
      space = NULL;
      continue;
    }
    if (*text == ' ') space = to, since = 0;
    used += begins, since += begins && *text != ' ';
    *to++ = *text;
  }
  *to = '\0';
  return out;
}

void om_show_wrapped(FILE *file, const char *mark, const char *text) {
  struct winsize size;
  size_t in = strlen(mark);
  bool fits = ioctl(fileno(file), TIOCGWINSZ, &size) != 0 || size.ws_col < in + WRAP_WIDTH_MIN;
  char *lines = fits ? strdup(text) : in_lines(text, size.ws_col - in);
  OM_ASSERT(lines);
  char *rest = lines;
  for (const char *line; (line = strsep(&rest, "\n"));)
    fprintf(file, "%*s%s\n", (int)in, line == lines ? mark : "", line);
  free(lines);
}

static void wrap_column(struct libscols_table *table, struct libscols_column *column, size_t width) {
  struct libscols_line *line;
  for (size_t i = 0; (line = scols_table_get_line(table, i)); i++) {
    struct libscols_cell *cell = scols_line_get_column_cell(line, column);
    const char *text = cell ? scols_cell_get_data(cell) : NULL;
    if (text) scols_cell_refer_data(cell, in_lines(text, width));
  }
}

static struct libscols_column *wrapping(struct libscols_table *table) {
  for (size_t i = 0; i < scols_table_get_ncols(table); i++) {
    struct libscols_column *column = scols_table_get_column(table, i);
    if (scols_column_is_wrap(column) && !scols_column_is_tree(column)) return column;
  }
  return NULL;
}

/* Leaves out the right-most column that may be; false if there is none. */
static bool leave_out(struct libscols_table *table) {
  for (size_t i = scols_table_get_ncols(table); i-- > 0;) {
    struct libscols_column *column = scols_table_get_column(table, i);
    if (scols_column_is_hidden(column) || !scols_cell_get_userdata(scols_column_get_header(column))) continue;
    scols_column_set_flags(column, scols_column_get_flags(column) | SCOLS_FL_HIDDEN);
    return true;
  }
  return false;
}

static void fit(struct libscols_table *table) {
  size_t width = scols_table_get_termwidth(table);
  do {
    if (natural_width(table) <= width) return;
    struct libscols_column *column = wrapping(table);
    if (!column) continue;
    int flags = scols_column_get_flags(column);
    scols_column_set_flags(column, flags | SCOLS_FL_HIDDEN);
    size_t others = natural_width(table) + 1;
    scols_column_set_flags(column, flags);
    if (others + WRAP_WIDTH_MIN > width) continue;
    wrap_column(table, column, width - others);
    return;
  } while (leave_out(table));
}

static void print_left_out(struct libscols_table *table) {
  FILE *out = scols_table_get_stream(table);
  size_t n = 0;
  for (size_t i = 0; i < scols_table_get_ncols(table); i++) {
    struct libscols_column *column = scols_table_get_column(table, i);
    if (!scols_column_is_hidden(column)) continue;
    fprintf(out, "%s%s",
            n++ ? ", " : "(the screen is too narrow for: ", scols_cell_get_data(scols_column_get_header(column)));
  }
  if (n) fprintf(out, "; all of it: add '| less -S')\n");
}

void om_show_print(struct libscols_table *table) {
  if (scols_table_get_nlines(table) > 0) {
    if (isatty(fileno(scols_table_get_stream(table)))) fit(table);
    scols_print_table(table);
    print_left_out(table);
  }
  scols_unref_table(table);
}

enum om_code om_show_json(FILE *file, json_t *json, struct om_status *st) {
  OM_ASSERT(json);
  int bad = json_dumpf(json, file, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
  json_decref(json);
  if (bad || fputc('\n', file) == EOF) return om_fail(st, OM_IO, NULL, "can't write to standard output");
  return OM_OK;
}

void om_show_error(FILE *file, const struct om_status *st, bool json) {
  if (json) {
    json_t *error = json_pack("{s:{s:s, s:s?, s:o}}", "error", "code", om_code_name(st->code), "rule",
                              *st->rule ? st->rule : NULL, "text", om_json_text(st->text));
    OM_ASSERT(error);
    json_dumpf(error, file, JSON_PRESERVE_ORDER);
    json_decref(error);
    fputc('\n', file);
  } else {
    fprintf(file, "oremark: %s%s%s%s\n", st->text, *st->rule ? " [" : "", st->rule, *st->rule ? "]" : "");
  }
}

json_t *om_json_text(const char *text) {
  if (om_utf8_ok(text, strlen(text))) return json_string(text);
  char clean[OM_SHOW_BYTES];
  return json_string(om_show_text(clean, text));
}

json_t *om_json_mass(uint64_t mg) {
  char text[24];
  snprintf(text, sizeof text, "%" PRIu64, mg);
  return json_string(text);
}

json_t *om_json_time(int64_t ms, int32_t zone_min) {
  char text[OM_TIME_TEXT_BYTES];
  return ms ? json_string(om_time_format(text, sizeof text, ms, zone_min)) : json_null();
}

json_t *om_json_hex(const uint8_t *bytes, size_t len) {
  if (len == 0) return json_null();
  char *text = malloc(2 * len + 1);
  OM_ASSERT(text);
  json_t *json = json_string(om_hex(text, bytes, len));
  free(text);
  return json;
}

const char *om_show_element(uint32_t z) {
  const char *symbol = z <= OM_ELEMENT_MAX ? om_element_symbol((uint8_t)z) : NULL;
  return symbol ? symbol : "?";
}
