#include "keys/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/utf8.h"

/* Cuts TEXT at LEN or before, never inside a UTF-8 character, and replaces what can't be shown: bytes that are no
 * UTF-8, control characters and their like. */
static void tidy(char *text, size_t len, bool was_cut) {
  uint32_t c;
  size_t to = 0;
  if (was_cut)
    while (len > 0 && ((unsigned char)text[len - 1] & 0xC0) == 0x80) len--;
  if (was_cut && len > 0 && (unsigned char)text[len - 1] >= 0xC0) len--;
  for (size_t from = 0, n; from < len; from += n) {
    n = om_utf8_next(&c, text + from, len - from);
    bool shown = n > 0 && om_text_ok(text + from, n);
    if (n == 0) n = 1;
    if (shown)
      memmove(text + to, text + from, n);
    else
      text[to] = '?';
    to += shown ? n : 1;
  }
  text[to] = '\0';
}

__attribute__((format(printf, 3, 0))) static void format(char *out, size_t size, const char *fmt, va_list args) {
  int n = vsnprintf(out, size, fmt, args);
  OM_ASSERT(n >= 0);
  bool was_cut = (size_t)n >= size;
  tidy(out, was_cut ? size - 1 : (size_t)n, was_cut);
}

enum om_code om_fail(struct om_status *st, enum om_code code, const char *rule, const char *fmt, ...) {
  st->code = code;
  snprintf(st->rule, sizeof st->rule, "%s", rule ? rule : "");
  va_list args;
  va_start(args, fmt);
  format(st->text, sizeof st->text, fmt, args);
  va_end(args);
  return code;
}

enum om_code om_wrap(struct om_status *st, const char *fmt, ...) {
  char before[OM_STATUS_TEXT_BYTES];
  char whole[2 * OM_STATUS_TEXT_BYTES + 2];
  va_list args;
  va_start(args, fmt);
  format(before, sizeof before, fmt, args);
  va_end(args);
  int n = snprintf(whole, sizeof whole, "%s: %s", before, st->text);
  OM_ASSERT(n >= 0);
  bool was_cut = (size_t)n >= sizeof st->text;
  size_t len = was_cut ? sizeof st->text - 1 : (size_t)n;
  memcpy(st->text, whole, len);
  tidy(st->text, len, was_cut);
  return st->code;
}

bool om_broke(const struct om_status *st, const char *rule) {
  return strcmp(st->rule, rule) == 0;
}

void om_status_clear(struct om_status *st) {
  st->code = OM_OK;
  st->rule[0] = '\0';
  st->text[0] = '\0';
}

int om_exit_status(enum om_code code) {
  switch (code) {
    case OM_OK: return 0;
    case OM_NO: return 1;
    case OM_USAGE: return 2;
    case OM_IO:
    case OM_FULL:
    case OM_BUSY:
    case OM_CORRUPT: return 3;
    case OM_MALFORMED:
    case OM_REFUSED: return 4;
    case OM_MISSING:
    case OM_WAIT: return 5;
  }
  om_panic(__FILE__, __LINE__, "unknown code");
}

const char *om_code_name(enum om_code code) {
  static const char *const names[] = {
      [OM_OK] = "ok",           [OM_NO] = "no",           [OM_USAGE] = "usage",     [OM_IO] = "io",
      [OM_FULL] = "full",       [OM_BUSY] = "busy",       [OM_CORRUPT] = "corrupt", [OM_MALFORMED] = "malformed",
      [OM_REFUSED] = "refused", [OM_MISSING] = "missing", [OM_WAIT] = "wait",
  };
  OM_ASSERT((size_t)code < sizeof names / sizeof *names);
  return names[code];
}

void om_panic(const char *file, int line, const char *what) {
  fprintf(stderr, "oremark: broken invariant at %s:%d: %s\n", file, line, what);
  abort();
}
