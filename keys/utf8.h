/* Which bytes are text: valid UTF-8 (RFC 3629), and text that can be shown on a terminal or page without changing what
 * stands around it. Ownership: only reads. Thread: any. */
#ifndef OREMARK_KEYS_UTF8_H
#define OREMARK_KEYS_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads one character from the LEN bytes at TEXT into *OUT and returns how many bytes it took: 1 to 4, or 0 if they do
 * not begin with a valid character (shortest form only, no surrogates, nothing above U+10FFFF) or LEN is 0. */
size_t om_utf8_next(uint32_t *out, const char *text, size_t len);

/* Whether the LEN bytes at TEXT are valid UTF-8. NUL is a character like others here. */
bool om_utf8_ok(const char *text, size_t len);

/* Whether they are valid UTF-8 and hold no control character (C0 with tab and newline, DEL, C1), none that reorders
 * what follows (bidi embeddings, overrides and isolates U+202A-202E, U+2066-2069), and no noncharacter (U+FDD0-FDEF,
 * U+xFFFE-xFFFF). */
bool om_text_ok(const char *text, size_t len);

/* Whether C is white space by Unicode (White_Space=yes), which names may not hold. */
bool om_utf8_is_space(uint32_t c);

#endif
