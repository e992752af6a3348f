/* Bytes from outside become statements and entries here: canonical or refused, counted before they are unpacked,
 * signatures checked once, before the writer sees them. Ownership: what is taken apart lives in the arena that the
 * caller names. Thread: the arena's and the transaction's. */
#ifndef OREMARK_LEDGER_STATEMENT_H
#define OREMARK_LEDGER_STATEMENT_H

#include "ledger/arena.h"
#include "ledger/registry.h"
#include "ledger/stage.h"

enum {
  OM_ENTRY_MAX_BYTES = 65535,          /* the C2SP tlog-tiles limit on an entry of a bundle */
  OM_STATEMENT_MAX_BYTES = 65535 - 64, /* a signed statement, so that with its time it still fits an entry */
  OM_SIGNATURES_MAX = 32,              /* a governors' threshold, and owners who co-sign */
  OM_NONCE_BYTES = 16,                 /* of a statement: two that say the same are two all the same */
};

/* A statement or entry taken apart. It and all that it points to live in the arena that the caller named: one arena may
 * hold many, so that a hand-over to the writer is one piece of memory. */
struct om_checked {
  const uint8_t *bytes; /* entry bytes, or signed-statement bytes; a copy in the arena */
  size_t len;
  const Oremark__Entry *entry;                      /* NULL: a submission, not in a log yet */
  const Oremark__SignedStatement *signed_statement; /* NULL: genesis or mark */
  const Oremark__Statement *statement;
  struct om_hash statement_id;
  struct om_hash leaf; /* RFC 6962 leaf hash of the entry; entries only */
  /* The key that each signature was found good under; known[i] is false where the key was not in the registry here. */
  uint8_t keys[OM_SIGNATURES_MAX][32];
  bool known[OM_SIGNATURES_MAX];
  uint32_t marks; /* a submission: that the own log has appended to judge it, whether it was taken or not */
};

/* Takes apart a SignedStatement (om_check_statement) or an Entry (om_check_entry): size, canonical bytes, counts, forms
 * of all events, order of signatures. Then checks each signature under the key that REGISTRY knows by its name, now (a
 * name is one key's for ever, so that later is as good); NULL: none are checked yet. OM_MALFORMED or OM_REFUSED with
 * the field and why; *OUT is NULL then. */
enum om_code om_check_statement(struct om_checked **out, struct om_arena *arena, const struct om_hash *network,
                                struct om_txn *registry, const uint8_t *bytes, size_t len, struct om_status *st);
enum om_code om_check_entry(struct om_checked **out, struct om_arena *arena, const struct om_hash *network,
                            struct om_txn *registry, const uint8_t *bytes, size_t len, struct om_status *st);

/* Checks the signatures that were not known before, under keys as of AS_OF, and that every key that was used stands as
 * of AS_OF, else OM_REFUSED ("signature"); fills the members that signed, ascending, each once. */
enum om_code om_signers(uint32_t signers[OM_SIGNATURES_MAX], size_t *n, struct om_checked *checked,
                        struct om_txn *registry, uint64_t as_of, struct om_status *st);

/* True if BYTES are a canonical encoding of TYPE: fields ascending, none twice, none unknown, no explicit defaults,
 * minimal varints, enum values known, UTF-8 without control characters, counts within limits. Else false, and ST is
 * OM_MALFORMED ("canonical") and says what and which field. Checked without unpacking. */
bool om_canonical(const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t len, struct om_status *st);

#endif
