/* Reading the known answers in tests/vectors: JSON files, and the hex and base64 in them. Everything here ends the test
 * at once if the file is not as expected. The decoders are slow and simple on purpose, and not those of the project. */
#ifndef OREMARK_TESTS_SUPPORT_VECTORS_H
#define OREMARK_TESTS_SUPPORT_VECTORS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* The whole file tests/vectors/NAME; the caller calls json_decref. */
json_t *vectors_load(const char *name);

/* Member NAME of OBJECT: a string, an array, or a whole number of up to 64 bits (jansson holds only 63). */
const char *vectors_string(const json_t *object, const char *name);
const json_t *vectors_array(const json_t *object, const char *name);
uint64_t vectors_u64(const json_t *object, const char *name);

/* Decodes TEXT to OUT; returns the number of bytes, at most CAP. */
size_t vectors_hex(uint8_t *out, size_t cap, const char *text);
size_t vectors_base64(uint8_t *out, size_t cap, const char *text);

#endif
