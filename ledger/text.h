/* A bounded line of text that grows: for what is shown to a person. Cuts at a character and says so with "...". Also
 * the words for the values of the schemas' enums. Any thread. */
#ifndef OREMARK_LEDGER_TEXT_H
#define OREMARK_LEDGER_TEXT_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  OM_TEXT_BYTES = 512,      /* an event on two lines of a wide screen */
  OM_TEXT_NAME_BYTES = 129, /* a member's name and NUL */
  OM_ENUM_WORD_BYTES = 40,  /* "security-forces", "non-state-armed-groups": the longest word has 22 letters */
};

/* Writes the name of MEMBER, or of its SITE (0: its own), into OUT; false: it is not known. */
typedef bool om_text_namer(void *ctx, char out[OM_TEXT_NAME_BYTES], uint32_t member, uint32_t site);

struct om_text {
  size_t len;
  bool cut;
  om_text_namer *namer; /* NULL: no registry is at hand. Set after om_text_clear, which sets it to NULL */
  void *namer_ctx;
  uint32_t speaker;          /* the member whose event it is, for sites that are named without one; 0: not known */
  char bytes[OM_TEXT_BYTES]; /* always ends with a NUL once cleared */
};

void om_text_clear(struct om_text *text);
/* Appends; control characters become '?'. */
void om_text_add(struct om_text *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Appends "Smelter (member 3)", or "member 3" where its name is not known. */
void om_text_add_member(struct om_text *text, uint32_t member);
/* Appends "Toquepala (site 1)", or "site 1" where its name is not known. MEMBER 0: the speaker's. */
void om_text_add_site(struct om_text *text, uint32_t member, uint32_t site);

/* The word for VALUE of TYPE as people write it: PROCESS_ELECTROWIN is "electrowin", TRANSPORT_MODE_INLAND_WATER
 * "inland-water"; a number where the enum has no such value. Returns OUT. */
char *om_enum_word(char out[OM_ENUM_WORD_BYTES], const ProtobufCEnumDescriptor *type, int value);
/* Reads such a word, in any case, with '-', '_' or ' ' between its parts. False where TYPE has no such value. */
bool om_enum_parse(int *out, const ProtobufCEnumDescriptor *type, const char *word);

#endif
