/* Base64 as C2SP texts and key files want it: the standard alphabet of RFC 4648 section 4 with padding, no line breaks,
 * and one text only for the same bytes (bits left over in the last character must be zero). Takes the same time for all
 * bytes of one length, so it may be used on secrets. Ownership: writes into the caller's memory. Thread: any. */
#ifndef OREMARK_KEYS_BASE64_H
#define OREMARK_KEYS_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room that LEN bytes need as text, with the closing NUL. */
#define OM_BASE64_BYTES(len) (((len) + 2) / 3 * 4 + 1)

/* Writes the LEN bytes at BYTES as text with a closing NUL; SIZE must be OM_BASE64_BYTES(LEN) or more. */
void om_base64(char *out, size_t size, const uint8_t *bytes, size_t len);

/* Reads the LEN characters at TEXT into OUT (room for SIZE bytes) and sets *OUT_LEN. False if the text is not canonical
 * base64 or would not fit; then *OUT_LEN is 0 and OUT may have been written to. */
bool om_base64_decode(uint8_t *out, size_t size, size_t *out_len, const char *text, size_t len);

#endif
