#include "keys/base64.h"

#include <sodium.h>

#include "keys/status.h"

void om_base64(char *out, size_t size, const uint8_t *bytes, size_t len) {
  OM_ASSERT(size >= OM_BASE64_BYTES(len));
  sodium_bin2base64(out, size, bytes, len, sodium_base64_VARIANT_ORIGINAL);
}

bool om_base64_decode(uint8_t *out, size_t size, size_t *out_len, const char *text, size_t len) {
  *out_len = 0;
  if (len % 4 != 0) return false;
  /* libsodium 1.0.18 takes bytes over 127 for 'A'. All are looked at, as the time must not depend on them. */
  unsigned all = 0;
  for (size_t i = 0; i < len; i++) all |= (unsigned char)text[i];
  if (all > 127) return false;
  /* libsodium refuses leftover bits, missing padding and anything behind the end. */
  if (sodium_base642bin(out, size, text, len, NULL, out_len, NULL, sodium_base64_VARIANT_ORIGINAL) == 0) return true;
  *out_len = 0;
  return false;
}
