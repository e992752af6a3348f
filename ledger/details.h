/* Confidential details of an event: a contract number, a price, an exact site, a document. The log holds a commitment
 * to each, and nothing else; what they are lies sealed in a document beside it (keys/seal.h), which can be erased. A
 * commitment binds its signer to the value: whoever opens the document, or is shown a value and its salt later, checks
 * them against it. Without the salt, 32 random bytes, not even a guess at the value can be checked. Thread: any. */
#ifndef OREMARK_LEDGER_DETAILS_H
#define OREMARK_LEDGER_DETAILS_H

#include "keys/status.h"
#include "ledger/hash.h"
#include "ledger/text.h"
#include "proto/log.pb-c.h"

enum {
  OM_DETAILS_MAX = 8, /* of one event: one of each kind and a few notes */
  OM_DETAIL_SALT_BYTES = 32,
  OM_DETAIL_TEXT_BYTES = 64 << 10, /* a value that is text */
  OM_DETAIL_FILE_BYTES = 8 << 20,  /* one that is a file: sealed with the others it stays a document */
  OM_DETAIL_NONCE_BYTES = 16,      /* a statement's nonce */
};

/* A detail with what binds it to its place: detail INDEX, of kind WHAT, of event EVENT of the statement with NONCE. */
struct om_detail {
  uint8_t nonce[OM_DETAIL_NONCE_BYTES];
  uint16_t event;
  uint8_t index;
  Oremark__DetailKind what;
  uint8_t salt[OM_DETAIL_SALT_BYTES];
  struct om_span value;
};

/* SHA-256("oremark/v1/detail" NUL || nonce || u16 event || u8 index || u8 what || salt || value), big-endian. */
void om_detail_commitment(struct om_hash *out, const struct om_detail *detail);

/* The form of EVENT's details: how many, a kind and 32 bytes each; and one document that holds them, where there are
 * any, else none. */
enum om_code om_details_form(const Oremark__Event *event, struct om_status *st);
/* The document that holds EVENT's details; NULL: it has none. */
const Oremark__Document *om_details_document(const Oremark__Event *event);
/* Appends "; sealed: contract, price"; nothing where there is none. */
void om_details_text(struct om_text *out, const Oremark__Event *event);

#endif
