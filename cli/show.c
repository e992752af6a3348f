#include "cli/show.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keys/utf8.h"
#include "ledger/names.h"

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

bool om_show_colours(FILE *file) {
  const char *term = getenv("TERM"), *no = getenv("NO_COLOR");
  return isatty(fileno(file)) && term && strcmp(term, "dumb") != 0 && !(no && *no);
}

struct libscols_table *om_show_table(FILE *file, const char *const *columns, size_t n) {
  struct libscols_table *table = scols_new_table();
  OM_ASSERT(table);
  scols_table_set_stream(table, file);
  scols_table_enable_colors(table, om_show_colours(file));
  scols_table_enable_nowrap(table, 0);
  if (!isatty(fileno(file))) {
    scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
    scols_table_enable_nolinesep(table, 0);
  }
  for (size_t i = 0; i < n; i++) {
    int flags = 0;
    const char *name = columns[i];
    for (; *name == '>' || *name == '+' || *name == '~'; name++)
      flags |= *name == '>' ? SCOLS_FL_RIGHT : *name == '+' ? SCOLS_FL_TREE : SCOLS_FL_WRAP;
    if (!isatty(fileno(file))) flags &= ~SCOLS_FL_WRAP; /* a line stays a line for grep */
    struct libscols_column *column = scols_table_new_column(table, name, 0, flags);
    OM_ASSERT(column);
    if (scols_table_colors_wanted(table)) scols_cell_set_color(scols_column_get_header(column), "bold");
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

void om_show_print(struct libscols_table *table) {
  if (scols_table_get_nlines(table) > 0) scols_print_table(table);
  scols_unref_table(table);
}

enum om_code om_show_json(FILE *file, json_t *json, struct om_status *st) {
  OM_ASSERT(json);
  int bad = json_dumpf(json, file, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
  json_decref(json);
  if (bad || fputc('\n', file) == EOF) return om_fail(st, OM_IO, NULL, "can't write to standard output");
  return OM_OK;
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

char *om_hex(char *out, const uint8_t *bytes, size_t len) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < len; i++) {
    out[2 * i] = digits[bytes[i] >> 4];
    out[2 * i + 1] = digits[bytes[i] & 15];
  }
  out[2 * len] = '\0';
  return out;
}

static int nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = (char)tolower((unsigned char)c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool om_hex_parse(uint8_t *out, size_t len, const char *text) {
  if (strlen(text) != 2 * len) return false;
  for (size_t i = 0; i < len; i++) {
    int high = nibble(text[2 * i]), low = nibble(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = (uint8_t)(high << 4 | low);
  }
  return true;
}
