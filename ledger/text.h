/* A bounded line of text that grows: for what is shown to a person. Cuts at a character and says so with "...". Any thread. */
#ifndef OREMARK_LEDGER_TEXT_H
#define OREMARK_LEDGER_TEXT_H

#include <stdbool.h>
#include <stddef.h>

enum { OM_TEXT_BYTES = 512 }; /* an event on two lines of a wide screen */

struct om_text {
  size_t len;
  bool cut;
  char bytes[OM_TEXT_BYTES];
};

void om_text_clear(struct om_text *text);
/* Appends; control characters become '?'. */
void om_text_add(struct om_text *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
