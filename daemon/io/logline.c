#include "daemon/io/logline.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "keys/status.h"
#include "keys/utf8.h"

enum {
  VALUE_BYTES = OM_LOG_LINE_BYTES, /* a value before escaping; a longer one would be cut from the line anyway */
  SPEC_BYTES = 16,                 /* one conversion: "%-20.10lld" and the like */
};

/* What ends a line that was cut, before the newline; room for it is never used by a value. */
static const char cut_mark[] = " cut=true\n";

static const char *const level_names[] = {
    [OM_LOG_ERROR] = "error", [OM_LOG_WARNING] = "warning", [OM_LOG_INFO] = "info", [OM_LOG_DEBUG] = "debug"};

static atomic_int loudest = OM_LOG_INFO;

const char *om_log_level_name(enum om_log_level level) {
  OM_ASSERT((size_t)level < sizeof level_names / sizeof *level_names);
  return level_names[level];
}

bool om_log_level_parse(enum om_log_level *out, const char *name) {
  for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++) {
    if (strcmp(name, level_names[i]) != 0) continue;
    *out = (enum om_log_level)i;
    return true;
  }
  return false;
}

void om_log_set_level(enum om_log_level level) {
  atomic_store(&loudest, (int)level);
}

bool om_log_wants(enum om_log_level level) {
  return (int)level <= atomic_load(&loudest);
}

/* ---- a line that grows up to its limit ---- */

struct line {
  char *at; /* OM_LOG_LINE_BYTES */
  size_t len;
  bool is_cut;
};

/* All of TEXT or, once the line is full, nothing ever more. */
static void put(struct line *line, const char *text, size_t len) {
  if (line->is_cut || len > OM_LOG_LINE_BYTES - sizeof cut_mark - line->len) {
    line->is_cut = true;
    return;
  }
  memcpy(line->at + line->len, text, len);
  line->len += len;
}

static void put_text(struct line *line, const char *text) {
  put(line, text, strlen(text));
}

/* A character that may stand as it is within quotes. */
static bool is_safe(const char *at, size_t n) {
  return n > 0 && *at != '"' && *at != '\\' && om_text_ok(at, n);
}

static bool needs_quotes(const char *value) {
  if (*value == '\0') return true;
  for (const char *p = value; *p != '\0';) {
    uint32_t c;
    size_t n = om_utf8_next(&c, p, strlen(p));
    if (!is_safe(p, n) || *p == ' ' || *p == '=' || om_utf8_is_space(c)) return true;
    p += n;
  }
  return false;
}

static void put_escaped(struct line *line, const char *bytes, size_t len) {
  for (size_t i = 0; i < len; i++) {
    static const char plain[] = "\n\t\r\"\\", letter[] = "ntr\"\\";
    const char *found = strchr(plain, bytes[i]);
    char text[5];
    if (found != NULL)
      snprintf(text, sizeof text, "\\%c", letter[found - plain]);
    else
      snprintf(text, sizeof text, "\\x%02x", (unsigned char)bytes[i]);
    put_text(line, text);
  }
}

static void put_value(struct line *line, const char *value) {
  if (!needs_quotes(value)) {
    put_text(line, value);
    return;
  }
  put_text(line, "\"");
  if (line->is_cut) return; /* now or before: no quote is open */
  size_t left = strlen(value);
  while (left > 0 && !line->is_cut) {
    uint32_t c;
    size_t n = om_utf8_next(&c, value, left);
    if (is_safe(value, n))
      put(line, value, n);
    else
      put_escaped(line, value, n > 0 ? n : 1);
    value += n > 0 ? n : 1;
    left -= n > 0 ? n : 1;
  }
  /* a quote that is open when the line is cut is closed in the room kept for that */
  if (line->is_cut)
    line->at[line->len++] = '"';
  else
    put_text(line, "\"");
}

/* ---- formats ---- */

/* How wide an integer conversion's argument is. */
enum width { WIDTH_INT, WIDTH_LONG, WIDTH_LONG_LONG, WIDTH_SIZE, WIDTH_MAX };

struct spec {
  char text[SPEC_BYTES];
  enum width width;
  char conversion;
};

/* Copies the conversion at *FORMAT (a '%') to OUT and moves past it. */
static struct spec read_spec(const char **format) {
  struct spec spec = {.width = WIDTH_INT};
  const char *start = *format, *p = start + 1;
  p += strspn(p, "-+ #0123456789.");
  for (; *p == 'h' || *p == 'l' || *p == 'z' || *p == 'j'; p++) {
    if (*p == 'z') spec.width = WIDTH_SIZE;
    if (*p == 'j') spec.width = WIDTH_MAX;
    if (*p == 'l') spec.width = spec.width == WIDTH_LONG ? WIDTH_LONG_LONG : WIDTH_LONG;
  }
  spec.conversion = *p;
  OM_ASSERT(*p != '\0' && strchr("diuxXocsp%", *p) != NULL);
  size_t len = (size_t)(p + 1 - start);
  OM_ASSERT(len < sizeof spec.text);
  memcpy(spec.text, start, len);
  *format = p + 1;
  return spec;
}

/* Arguments behind a pointer, so that they stay in step across functions. */
struct args {
  va_list list;
};

/* The specs come from literals that the compiler has checked against the arguments of om_log. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static int print_integer(char *out, size_t size, const struct spec *spec, struct args *args) {
  switch (spec->width) {
    case WIDTH_INT: return snprintf(out, size, spec->text, va_arg(args->list, int));
    case WIDTH_LONG: return snprintf(out, size, spec->text, va_arg(args->list, long));
    case WIDTH_LONG_LONG: return snprintf(out, size, spec->text, va_arg(args->list, long long));
    case WIDTH_SIZE: return snprintf(out, size, spec->text, va_arg(args->list, size_t));
    case WIDTH_MAX: return snprintf(out, size, spec->text, va_arg(args->list, intmax_t));
  }
  om_panic(__FILE__, __LINE__, "width");
}

static int print_spec(char *out, size_t size, const struct spec *spec, struct args *args) {
  switch (spec->conversion) {
    case '%': return snprintf(out, size, "%%");
    case 'p': return snprintf(out, size, spec->text, va_arg(args->list, void *));
    case 's': {
      const char *text = va_arg(args->list, const char *);
      return snprintf(out, size, spec->text, text == NULL ? "" : text);
    }
  }
  return print_integer(out, size, spec, args);
}
#pragma GCC diagnostic pop

/* Formats one value of FIELDS, from *FORMAT to the space or quote that ends it. */
static void format_value(char out[VALUE_BYTES], const char **format, struct args *args) {
  const char *p = *format;
  char end = ' ';
  size_t len = 0;
  if (*p == '"') {
    end = '"';
    p++;
  }
  while (*p != '\0' && *p != end) {
    if (*p != '%') {
      if (len < VALUE_BYTES - 1) out[len++] = *p;
      p++;
      continue;
    }
    struct spec spec = read_spec(&p);
    int n = print_spec(out + len, VALUE_BYTES - len, &spec, args);
    OM_ASSERT(n >= 0);
    len = (size_t)n < VALUE_BYTES - len ? len + (size_t)n : VALUE_BYTES - 1;
  }
  out[len] = '\0';
  if (end == '"') {
    OM_ASSERT(*p == '"');
    p++;
  }
  *format = p;
}

static void put_fields(struct line *line, const char *fields, struct args *args) {
  char value[VALUE_BYTES];
  while (*fields != '\0') {
    size_t key_len = strcspn(fields, "= \"%");
    OM_ASSERT(key_len > 0 && fields[key_len] == '=');
    put_text(line, " ");
    put(line, fields, key_len + 1);
    fields += key_len + 1;
    format_value(value, &fields, args);
    put_value(line, value);
    if (*fields == ' ') fields++;
  }
}

static void put_time(struct line *line, int64_t time_ms) {
  time_t seconds = (time_t)(time_ms / 1000);
  struct tm tm;
  char text[80];
  OM_ASSERT(time_ms >= 0 && gmtime_r(&seconds, &tm) != NULL);
  snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
           tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(time_ms % 1000));
  put_text(line, text);
}

size_t om_log_format(char out[OM_LOG_LINE_BYTES], int64_t time_ms, enum om_log_level level, const char *event,
                     const char *fields, va_list list) {
  struct line line = {.at = out};
  put_time(&line, time_ms);
  put_text(&line, " level=");
  put_text(&line, om_log_level_name(level));
  put_text(&line, " event=");
  put_value(&line, event);
  struct args args;
  va_copy(args.list, list);
  put_fields(&line, fields, &args);
  va_end(args.list);
  const char *end = line.is_cut ? cut_mark : "\n";
  memcpy(out + line.len, end, strlen(end));
  return line.len + strlen(end);
}

__attribute__((format(printf, 3, 0))) static void emit(enum om_log_level level, const char *event, const char *fields,
                                                       va_list args) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  char line[OM_LOG_LINE_BYTES];
  size_t len = om_log_format(line, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000, level, event, fields, args);
  while (write(STDERR_FILENO, line, len) < 0 && errno == EINTR) {
  }
}

void om_log(enum om_log_level level, const char *event, const char *fields, ...) {
  if (!om_log_wants(level)) return;
  va_list args;
  va_start(args, fields);
  emit(level, event, fields, args);
  va_end(args);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-zero-length"
void om_log_event(enum om_log_level level, const char *event) {
  om_log(level, event, "");
}
#pragma GCC diagnostic pop
