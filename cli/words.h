/* The words of the schema's enums as a person types them: FORM_SEMI_PRODUCT is "semi-product". Static data; any thread.
 */
#ifndef OREMARK_CLI_WORDS_H
#define OREMARK_CLI_WORDS_H

#include <protobuf-c/protobuf-c.h>

#include "cli/args.h"
#include "ledger/text.h"

enum { OM_WORD_BYTES = OM_ENUM_WORD_BYTES };

/* The word of VALUE in SET, "" for the unstated one, its number for one that is not known; in OUT, which is returned.
 */
const char *om_word(char out[OM_WORD_BYTES], const ProtobufCEnumDescriptor *set, int value);

/* The value of a word, in any case, with '-', '_' or a space between its parts. WHAT names the set in the message,
 * which lists all words. Unstated can't be typed. */
enum om_code om_word_parse(int *out, const ProtobufCEnumDescriptor *set, const char *what, const char *text,
                           struct om_status *st);

/* The same for an option's value. */
enum om_code om_given_word(const struct om_given *given, int *out, const ProtobufCEnumDescriptor *set,
                           struct om_status *st);

#endif
