#include "keys/utf8.h"

size_t om_utf8_next(uint32_t *out, const char *text, size_t len) {
  /* For each length of a character: the marker bits of its first byte, their mask, and the smallest code that needs it.
   */
  static const struct {
    uint8_t mask, mark;
    uint32_t least;
  } forms[] = {{0x80, 0x00, 0}, {0xE0, 0xC0, 0x80}, {0xF0, 0xE0, 0x800}, {0xF8, 0xF0, 0x10000}};
  if (len == 0) return 0;
  uint8_t first = (uint8_t)text[0];
  for (size_t n = 1; n <= sizeof forms / sizeof *forms; n++) {
    if ((first & forms[n - 1].mask) != forms[n - 1].mark) continue;
    if (n > len) return 0;
    uint32_t c = (uint32_t)first & (uint8_t)~forms[n - 1].mask;
    for (size_t i = 1; i < n; i++) {
      if (((uint8_t)text[i] & 0xC0) != 0x80) return 0;
      c = c << 6 | ((uint8_t)text[i] & 0x3F);
    }
    bool is_surrogate = c >= 0xD800 && c <= 0xDFFF;
    if (c < forms[n - 1].least || c > 0x10FFFF || is_surrogate) return 0;
    *out = c;
    return n;
  }
  return 0;
}

bool om_utf8_ok(const char *text, size_t len) {
  uint32_t c;
  for (size_t i = 0, n; i < len; i += n) {
    n = om_utf8_next(&c, text + i, len - i);
    if (n == 0) return false;
  }
  return true;
}

static bool is_showable(uint32_t c) {
  bool is_control = c < 0x20 || (c >= 0x7F && c <= 0x9F);
  bool is_bidi = (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
  bool is_nonchar = (c >= 0xFDD0 && c <= 0xFDEF) || (c & 0xFFFE) == 0xFFFE;
  return !is_control && !is_bidi && !is_nonchar;
}

bool om_text_ok(const char *text, size_t len) {
  uint32_t c;
  for (size_t i = 0, n; i < len; i += n) {
    n = om_utf8_next(&c, text + i, len - i);
    if (n == 0 || !is_showable(c)) return false;
  }
  return true;
}

bool om_utf8_is_space(uint32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}
