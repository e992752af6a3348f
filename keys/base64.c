#include "keys/base64.h"

#include <limits.h>
#include <sodium.h>
#include <string.h>

#include "keys/status.h"

enum { PIECE = 64 }; /* characters that are looked at together: a multiple of four */

void om_base64(char *out, size_t size, const uint8_t *bytes, size_t len) {
  OM_ASSERT(size >= OM_BASE64_BYTES(len));
  sodium_bin2base64(out, size, bytes, len, sodium_base64_VARIANT_ORIGINAL);
}

/* All ones if C lies between LOW and HIGH, else zero. */
static unsigned within(int c, int low, int high) {
  return 0u - ((unsigned)((low - 1 - c) & (c - high - 1)) >> 31);
}

/* The six bits that CH stands for; more than 63: none. Without a branch or a table, as the time must not depend on it.
 */
static unsigned six_bits(uint8_t ch) {
  int c = ch;
  unsigned one_more =
      (within(c, 'A', 'Z') & (unsigned)(c - 'A' + 1)) | (within(c, 'a', 'z') & (unsigned)(c - 'a' + 27)) |
      (within(c, '0', '9') & (unsigned)(c - '0' + 53)) | (within(c, '+', '+') & 63) | (within(c, '/', '/') & 64);
  return one_more - 1;
}

/* The bytes of the N characters at SIX, all but PAD; what is left over of the last is or-ed into *BAD. */
static uint8_t *put_bytes(uint8_t *out, unsigned *bad, const uint8_t *six, size_t n, size_t pad) {
  for (size_t i = 0; i < n; i += 4) {
    uint32_t bits = (uint32_t)six[i] << 18 | (uint32_t)six[i + 1] << 12 | (uint32_t)six[i + 2] << 6 | six[i + 3];
    size_t bytes = i + 4 == n ? 3 - pad : 3;
    for (size_t k = 0; k < bytes; k++) *out++ = (uint8_t)(bits >> (16 - 8 * k));
    if (bytes < 3 && bits << (8 + 8 * bytes) != 0) *bad = UINT_MAX;
  }
  return out;
}

/* libsodium's takes five times as long: it looks at one character at a time, here the compiler looks at many. */
bool om_base64_decode(uint8_t *out, size_t size, size_t *out_len, const char *text, size_t len) {
  uint8_t piece[PIECE], six[PIECE];
  unsigned bad = 0;
  *out_len = 0;
  if (len % 4 != 0) return false;
  size_t pad = len == 0 || text[len - 1] != '=' ? 0 : text[len - 2] != '=' ? 1 : 2, n = len / 4 * 3 - pad;
  if (n > size) return false;
  for (size_t from = 0; from < len; from += PIECE) {
    size_t some = len - from < PIECE ? len - from : PIECE, padded = from + some == len ? pad : 0;
    memset(piece, 'A', sizeof piece); /* zeros */
    memcpy(piece, text + from, some - padded);
    for (size_t i = 0; i < PIECE; i++) {
      unsigned bits = six_bits(piece[i]);
      bad |= bits;
      six[i] = (uint8_t)bits;
    }
    out = put_bytes(out, &bad, six, some, padded);
  }
  sodium_memzero(piece, sizeof piece);
  sodium_memzero(six, sizeof six);
  if (bad > 63) return false;
  *out_len = n;
  return true;
}
