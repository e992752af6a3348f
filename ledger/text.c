#include "ledger/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "keys/status.h"

static const char CUT_MARK[] = "...";

void om_text_clear(struct om_text *text) {
  text->len = 0;
  text->cut = false;
  text->namer = NULL;
  text->speaker = 0;
  text->bytes[0] = '\0';
}

/* Ends TEXT with the cut mark, before whatever character would not fit whole. */
static void cut(struct om_text *text) {
  size_t len = sizeof text->bytes - sizeof CUT_MARK;
  while (len > 0 && ((unsigned char)text->bytes[len] & 0xC0) == 0x80) len--;
  memcpy(text->bytes + len, CUT_MARK, sizeof CUT_MARK);
  text->len = len + sizeof CUT_MARK - 1;
  text->cut = true;
}

void om_text_add(struct om_text *text, const char *fmt, ...) {
  if (text->cut) return;
  size_t room = sizeof text->bytes - text->len;
  va_list args;
  va_start(args, fmt);
  int n = vsnprintf(text->bytes + text->len, room, fmt, args);
  va_end(args);
  OM_ASSERT(n >= 0);
  size_t from = text->len;
  if ((size_t)n >= room)
    cut(text);
  else
    text->len += (size_t)n;
  for (size_t i = from; i < text->len; i++)
    if ((unsigned char)text->bytes[i] < 0x20 || text->bytes[i] == 0x7F) text->bytes[i] = '?';
}

void om_text_add_member(struct om_text *text, uint32_t member) {
  char name[OM_TEXT_NAME_BYTES];
  if (text->namer && text->namer(text->namer_ctx, name, member, 0))
    om_text_add(text, "%s (member %u)", name, member);
  else
    om_text_add(text, "member %u", member);
}

void om_text_add_site(struct om_text *text, uint32_t member, uint32_t site) {
  char name[OM_TEXT_NAME_BYTES];
  uint32_t whose = member != 0 ? member : text->speaker;
  if (text->namer && whose != 0 && text->namer(text->namer_ctx, name, whose, site))
    om_text_add(text, "%s (site %u)", name, site);
  else
    om_text_add(text, "site %u", site);
}

/* How many characters the names of TYPE have in common: "PROCESS_" of PROCESS_UNSTATED. Every enum of ours has a value
 * 0 whose name ends so. */
static size_t prefix_length(const ProtobufCEnumDescriptor *type) {
  static const char zero[] = "UNSTATED";
  const ProtobufCEnumValue *first = protobuf_c_enum_descriptor_get_value(type, 0);
  OM_ASSERT(first && strlen(first->name) >= sizeof zero - 1);
  size_t len = strlen(first->name) - (sizeof zero - 1);
  OM_ASSERT(strcmp(first->name + len, zero) == 0);
  return len;
}

static char word_letter(char c) {
  if (c >= 'A' && c <= 'Z') return (char)(c - 'A' + 'a');
  return c == '_' || c == ' ' ? '-' : c;
}

char *om_enum_word(char out[OM_ENUM_WORD_BYTES], const ProtobufCEnumDescriptor *type, int value) {
  const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value(type, value);
  if (!found) {
    snprintf(out, OM_ENUM_WORD_BYTES, "%d", value);
    return out;
  }
  const char *name = found->name + prefix_length(type);
  size_t len = strlen(name);
  OM_ASSERT(len < OM_ENUM_WORD_BYTES);
  for (size_t i = 0; i <= len; i++) out[i] = word_letter(name[i]);
  return out;
}

static bool same_word(const char *name, const char *word) {
  while (*name && word_letter(*name) == word_letter(*word)) name++, word++;
  return *name == '\0' && *word == '\0';
}

bool om_enum_parse(int *out, const ProtobufCEnumDescriptor *type, const char *word) {
  size_t skip = prefix_length(type);
  for (unsigned i = 0; i < type->n_values; i++)
    if (same_word(type->values[i].name + skip, word)) {
      *out = type->values[i].value;
      return true;
    }
  return false;
}
