#include "cli/words.h"

#include <stdio.h>

const char *om_word(char out[OM_WORD_BYTES], const ProtobufCEnumDescriptor *set, int value) {
  if (value == 0)
    out[0] = '\0';
  else
    om_enum_word(out, set, value);
  return out;
}

enum om_code om_word_parse(int *out, const ProtobufCEnumDescriptor *set, const char *what, const char *text,
                           struct om_status *st) {
  char word[OM_WORD_BYTES], list[OM_STATUS_TEXT_BYTES] = "";
  if (om_enum_parse(out, set, text) && *out != 0) return OM_OK;
  size_t used = 0;
  for (unsigned i = 1; i < set->n_values; i++) {
    used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i > 1 ? ", " : "",
                             om_word(word, set, set->values[i].value));
    OM_ASSERT(used < sizeof list);
  }
  return om_fail(st, OM_USAGE, NULL, "'%s' is no %s: write one of %s", text, what, list);
}

enum om_code om_given_word(const struct om_given *given, int *out, const ProtobufCEnumDescriptor *set,
                           struct om_status *st) {
  if (om_word_parse(out, set, given->option->name, given->value, st)) return om_given_wrap(given, st);
  return OM_OK;
}
