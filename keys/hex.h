/* Bytes as hexadecimal digits. Ownership: writes into the caller's memory. Thread: any. */
#ifndef OREMARK_KEYS_HEX_H
#define OREMARK_KEYS_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room that LEN bytes need as text, with the closing NUL. */
#define OM_HEX_BYTES(len) (2 * (len) + 1)

/* Writes the LEN bytes at BYTES as small digits with a closing NUL; OUT has room for OM_HEX_BYTES(LEN). Returns OUT. */
char *om_hex(char *out, const uint8_t *bytes, size_t len);

/* Reads exactly LEN bytes, of small or capital digits; false if TEXT is not that, and OUT may have been written to. */
bool om_hex_parse(uint8_t *out, size_t len, const char *text);

#endif
