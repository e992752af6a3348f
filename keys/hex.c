#include "keys/hex.h"

#include <sodium.h>
#include <string.h>

char *om_hex(char *out, const uint8_t *bytes, size_t len) {
  return sodium_bin2hex(out, OM_HEX_BYTES(len), bytes, len);
}

bool om_hex_parse(uint8_t *out, size_t len, const char *text) {
  size_t n;
  return strlen(text) == 2 * len && sodium_hex2bin(out, len, text, 2 * len, NULL, &n, NULL) == 0 && n == len;
}
