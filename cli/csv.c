#include "cli/csv.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "keys/utf8.h"

struct om_csv {
  FILE *file;
  char *text; /* what was read and not used up: whole lines */
  size_t from, len, cap;
  uint64_t line;  /* of the byte at FROM */
  uint64_t bytes; /* used up */
  bool began, ended;
  char *one; /* getline's */
  size_t one_cap;
  char *out; /* the row's fields, each with its NUL */
  char *fields[OM_CSV_FIELDS_MAX];
};

/* A row being taken apart. */
struct scan {
  const char *at, *end;
  char *out;
  uint64_t line; /* at AT */
  size_t n;
};

struct om_csv *om_csv_new(FILE *file) {
  struct om_csv *csv = calloc(1, sizeof *csv);
  OM_ASSERT(csv);
  csv->file = file;
  csv->line = 1;
  csv->out = malloc(2 * OM_CSV_ROW_MAX_BYTES + 2); /* a row that begins below the limit may end in the line after it */
  OM_ASSERT(csv->out);
  return csv;
}

void om_csv_free(struct om_csv *csv) {
  if (!csv) return;
  free(csv->text);
  free(csv->one);
  free(csv->out);
  free(csv);
}

uint64_t om_csv_bytes(const struct om_csv *csv) {
  return csv->bytes;
}

/* Appends the next line of the file; *MORE whether there was one. */
static enum om_code read_line(struct om_csv *csv, bool *more, struct om_status *st) {
  ssize_t n = csv->ended ? -1 : getline(&csv->one, &csv->one_cap, csv->file);
  *more = n > 0;
  if (n <= 0) {
    if (ferror(csv->file)) return om_fail(st, OM_IO, NULL, "can't read on: %s", strerror(errno));
    csv->ended = true;
    return OM_OK;
  }
  const char *line = csv->one;
  size_t len = (size_t)n;
  if (!csv->began && len >= 3 && memcmp(line, "\xEF\xBB\xBF", 3) == 0) line += 3, len -= 3, csv->bytes += 3;
  csv->began = true;
  if (csv->from > 0) {
    memmove(csv->text, csv->text + csv->from, csv->len - csv->from);
    csv->len -= csv->from;
    csv->from = 0;
  }
  if (csv->len + len >= csv->cap) { /* also for nothing: the text is there from then on */
    csv->cap = (csv->len + len) * 2 + 1;
    csv->text = realloc(csv->text, csv->cap);
    OM_ASSERT(csv->text);
  }
  memcpy(csv->text + csv->len, line, len);
  csv->len += len;
  return OM_OK;
}

/* Uses up the bytes before AT. */
static void use_up(struct om_csv *csv, const char *at) {
  size_t n = (size_t)(at - (csv->text + csv->from));
  for (size_t i = 0; i < n; i++) csv->line += csv->text[csv->from + i] == '\n';
  csv->from += n;
  csv->bytes += n;
}

/* Gives up the row: reading goes on with the line after the one that it began on. */
static enum om_code bad_row(struct om_csv *csv, struct om_status *st) {
  const char *start = csv->text + csv->from, *end = csv->text + csv->len;
  const char *newline = memchr(start, '\n', (size_t)(end - start));
  use_up(csv, newline ? newline + 1 : end);
  return st->code;
}

static bool ends_line(const struct scan *scan) {
  return scan->at == scan->end || *scan->at == '\n' ||
         (*scan->at == '\r' && (scan->at + 1 == scan->end || scan->at[1] == '\n'));
}

/* A field in quotes, at the opening one. *OPEN: the text ends before the closing one. */
static enum om_code quoted(struct scan *scan, bool *open, struct om_status *st) {
  for (scan->at++; scan->at < scan->end; scan->at++) {
    if (*scan->at == '"') {
      if (scan->at + 1 < scan->end && scan->at[1] == '"') {
        scan->at++;
      } else {
        scan->at++;
        if (ends_line(scan) || *scan->at == ',') return OM_OK;
        return om_fail(st, OM_MALFORMED, NULL,
                       "field %zu: text stands after its closing quote: write a quote inside quotes twice",
                       scan->n + 1);
      }
    }
    *scan->out++ = *scan->at;
  }
  *open = true;
  return OM_OK;
}

static enum om_code plain(struct scan *scan, struct om_status *st) {
  for (; !ends_line(scan) && *scan->at != ','; scan->at++) {
    if (*scan->at == '"')
      return om_fail(st, OM_MALFORMED, NULL,
                     "field %zu: a quote stands inside it: put the field in quotes and write that one twice",
                     scan->n + 1);
    *scan->out++ = *scan->at;
  }
  return OM_OK;
}

static enum om_code check_text(const char *field, size_t len, size_t n, struct om_status *st) {
  if (om_text_ok(field, len)) return OM_OK;
  if (!om_utf8_ok(field, len))
    return om_fail(st, OM_MALFORMED, NULL, "field %zu is not UTF-8: save the file as UTF-8", n);
  if (memchr(field, '\n', len))
    return om_fail(st, OM_MALFORMED, NULL, "field %zu holds a line break: the ledger's texts are one line", n);
  if (memchr(field, '\t', len))
    return om_fail(st, OM_MALFORMED, NULL, "field %zu holds a tab: part the columns with commas", n);
  for (size_t i = 0; i < len; i++)
    if ((unsigned char)field[i] < 0x20 || field[i] == 0x7F)
      return om_fail(st, OM_MALFORMED, NULL, "field %zu holds the control character U+%04X", n,
                     (unsigned char)field[i]);
  return om_fail(st, OM_MALFORMED, NULL, "field %zu holds a character that can't be shown or reorders text", n);
}

/* Takes the row apart; *OPEN: it goes on in a line that has not been read. */
static enum om_code take_apart(struct om_csv *csv, struct scan *scan, bool *open, struct om_status *st) {
  enum om_code code = OM_OK;
  *open = false;
  for (;;) {
    if (scan->n == OM_CSV_FIELDS_MAX)
      return om_fail(st, OM_MALFORMED, NULL, "it has more than %d fields", OM_CSV_FIELDS_MAX);
    char *field = scan->out;
    code = scan->at < scan->end && *scan->at == '"' ? quoted(scan, open, st) : plain(scan, st);
    if (code != OM_OK || *open) return code;
    if (check_text(field, (size_t)(scan->out - field), scan->n + 1, st)) return st->code;
    *scan->out++ = '\0';
    csv->fields[scan->n++] = field;
    if (ends_line(scan)) break;
    scan->at++; /* the comma */
  }
  if (scan->at < scan->end && *scan->at == '\r') scan->at++;
  if (scan->at < scan->end) scan->at++;
  return OM_OK;
}

static enum om_code not_utf8(const struct om_csv *csv, struct om_status *st) {
  if (csv->line == 1 && csv->len - csv->from >= 2 &&
      (memcmp(csv->text + csv->from, "\xFF\xFE", 2) == 0 || memcmp(csv->text + csv->from, "\xFE\xFF", 2) == 0))
    return om_fail(st, OM_MALFORMED, NULL, "the file is in UTF-16: save it as UTF-8");
  return OM_OK;
}

/* An empty line, or one of commas only, as spreadsheets leave them below a table. */
static bool is_empty(const struct om_csv_row *row) {
  for (size_t i = 0; i < row->n; i++)
    if (row->fields[i][0] != '\0') return false;
  return true;
}

/* Reads on to the next line that has a quote in it, the only one that can close one that is open, or to what is longer
 * than LIMIT: a quote that is never closed would else have the row taken apart anew for every line. */
static enum om_code read_to_quote(struct om_csv *csv, bool *more, size_t limit, struct om_status *st) {
  size_t had;
  do {
    had = csv->len - csv->from;
    if (read_line(csv, more, st)) return st->code;
  } while (*more && csv->len - csv->from <= limit &&
           !memchr(csv->text + csv->from + had, '"', csv->len - csv->from - had));
  return OM_OK;
}

enum om_code om_csv_next(struct om_csv *csv, struct om_csv_row *row, struct om_status *st) {
  bool more = true, open = false;
  if (csv->from == csv->len && read_line(csv, &more, st)) return st->code;
  for (;;) {
    *row = (struct om_csv_row){csv->line, 0, csv->fields};
    if (csv->from == csv->len) return om_fail(st, OM_MISSING, NULL, "no more rows");
    if (not_utf8(csv, st)) return bad_row(csv, st);
    const char *first = memchr(csv->text + csv->from, '\n', csv->len - csv->from);
    size_t first_len = first ? (size_t)(first - csv->text) + 1 - csv->from : csv->len - csv->from;
    struct scan scan = {csv->text + csv->from, csv->text + csv->len, csv->out, csv->line, 0};
    if (first_len > OM_CSV_ROW_MAX_BYTES || csv->len - csv->from > OM_CSV_ROW_MAX_BYTES + first_len) {
      om_fail(st, OM_MALFORMED, NULL, "it is longer than %d bytes, or a quote in it is never closed",
              OM_CSV_ROW_MAX_BYTES);
      return bad_row(csv, st);
    }
    if (take_apart(csv, &scan, &open, st)) return bad_row(csv, st);
    if (open) {
      if (read_to_quote(csv, &more, OM_CSV_ROW_MAX_BYTES + first_len, st)) return st->code;
      if (more) continue;
      om_fail(st, OM_MALFORMED, NULL, "a quote that is opened in it is never closed");
      return bad_row(csv, st);
    }
    use_up(csv, scan.at);
    row->n = scan.n;
    if (!is_empty(row)) return OM_OK;
    if (csv->from == csv->len && read_line(csv, &more, st)) return st->code;
  }
}
