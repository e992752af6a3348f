#include "cli/words.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define UNSTATED "UNSTATED"

/* Every enum of the schema begins with PREFIX_UNSTATED = 0. */
static size_t prefix_len(const ProtobufCEnumDescriptor *set) {
  const char *first = set->values[0].name;
  size_t len = strlen(first), tail = strlen(UNSTATED);
  OM_ASSERT(set->values[0].value == 0 && len > tail && strcmp(first + len - tail, UNSTATED) == 0);
  return len - tail;
}

static void lower(char out[OM_WORD_BYTES], const char *text) {
  size_t n = 0;
  for (; text[n] && n < OM_WORD_BYTES - 1; n++) {
    char c = (char)tolower((unsigned char)text[n]);
    out[n] = c == '_' || c == ' ' ? '-' : c;
  }
  out[n] = '\0';
}

const char *om_word(char out[OM_WORD_BYTES], const ProtobufCEnumDescriptor *set, int value) {
  const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value(set, value);
  if (!found)
    snprintf(out, OM_WORD_BYTES, "%d", value);
  else if (value == 0)
    out[0] = '\0';
  else
    lower(out, found->name + prefix_len(set));
  return out;
}

enum om_code om_word_parse(int *out, const ProtobufCEnumDescriptor *set, const char *what, const char *text,
                           struct om_status *st) {
  char asked[OM_WORD_BYTES], word[OM_WORD_BYTES], list[OM_STATUS_TEXT_BYTES] = "";
  lower(asked, text);
  size_t prefix = prefix_len(set), used = 0;
  for (unsigned i = 1; i < set->n_values; i++) {
    lower(word, set->values[i].name + prefix);
    if (strcmp(asked, word) == 0 && strlen(text) < OM_WORD_BYTES) {
      *out = set->values[i].value;
      return OM_OK;
    }
    used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i > 1 ? ", " : "", word);
    OM_ASSERT(used < sizeof list);
  }
  return om_fail(st, OM_USAGE, NULL, "'%s' is no %s: write one of %s", text, what, list);
}

enum om_code om_given_word(const struct om_given *given, int *out, const ProtobufCEnumDescriptor *set,
                           struct om_status *st) {
  if (om_word_parse(out, set, given->option->name, given->value, st)) return om_given_wrap(given, st);
  return OM_OK;
}
