/* What every fuzz target needs. A target is a function of bytes alone: state that it keeps between calls must not show
 * in what it does, so that one file repeats a finding. */
#ifndef OREMARK_TESTS_FUZZ_FUZZ_H
#define OREMARK_TESTS_FUZZ_FUZZ_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "keys/status.h"

/* libFuzzer's entry: always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A target may have this: called when a whole corpus was replayed, to see that it has reached what it should. */
void fuzz_replayed(void) __attribute__((weak));

/* Takes the first byte off the input, 0 where there is none. */
static inline uint8_t fuzz_byte(const uint8_t **data, size_t *len) {
  if (*len == 0) return 0;
  --*len;
  return *(*data)++;
}

/* The LEN bytes at DATA as text with a NUL; NULL where they hold one themselves. The caller frees it. */
static inline char *fuzz_text(const uint8_t *data, size_t len) {
  if (len && memchr(data, 0, len)) return NULL;
  char *text = malloc(len + 1);
  OM_ASSERT(text);
  if (len) memcpy(text, data, len);
  text[len] = '\0';
  return text;
}

/* Whoever refuses must say so: a code, and a sentence. */
static inline void fuzz_refusal(const struct om_status *st, enum om_code code) {
  OM_ASSERT(code != OM_OK && st->code == code && st->text[0] != '\0');
}

#endif
