/* A statement on its way from a person to a log: put together, signed, kept in a file, described. As a file it is text
 * that can be told from others at a glance and carried on a stick:
 *
 *   oremark statement 1
 *   network 5f0c...            id of the network it is for
 *   threshold 2                of a proposal: how many governors must sign...
 *   governor 3 1f3a0c5d,77aa0b11 Kokkola   ...and who they are: member number, ids of the keys (or *), name
 *   # extract 1 lot ...        one line an event, for people; not read back
 *   CiQIAR...                  a SignedStatement (proto/log.proto) in base64, 76 characters a line
 *
 * Everything lives in the arena given at the start. Thread: the arena's. */
#ifndef OREMARK_CLI_STATEMENT_H
#define OREMARK_CLI_STATEMENT_H

#include "keys/sign.h"
#include "ledger/arena.h"
#include "ledger/hash.h"
#include "ledger/names.h"
#include "ledger/statement.h"
#include "ledger/text.h"
#include "proto/log.pb-c.h"

/* Events being gathered. */
struct om_draft {
  struct om_arena *arena;
  Oremark__Statement statement; /* events in an array for OM_EVENTS_MAX */
  size_t bytes;                 /* as packed, its events so far included */
};

enum {
  OM_SIGNATURE_ROOM = 96, /* one Signature in a SignedStatement, and the statement's own header */
};

/* Begins a statement of MEMBER, signed now, with a fresh nonce (DESIGN: each statement is its own). */
enum om_code om_draft_begin(struct om_draft *draft, struct om_arena *arena, uint32_t member, int64_t valid_ms,
                            struct om_status *st);
/* Whether EVENT still fits. */
bool om_draft_fits(const struct om_draft *draft, const Oremark__Event *event);
/* Adds it; it must fit and live as long as the arena. */
void om_draft_add(struct om_draft *draft, Oremark__Event *event);

/* Who must sign a proposal, as the daemon knew it when it was made; a help, the ledger decides. */
enum { OM_GOVERNOR_KEYS_MAX = 64 }; /* listed of each; of one with more no key is told apart */
struct om_governor {
  uint32_t member;
  size_t n_keys; /* 0: not told apart */
  uint32_t keys[OM_GOVERNOR_KEYS_MAX];
  char name[OM_NAME_BYTES + 1];
};
struct om_who_governs {
  uint32_t threshold; /* 0: not known */
  size_t n;
  struct om_governor list[OM_GOVERNORS_MAX];
};

/* A finished statement with its signatures. */
struct om_signed {
  struct om_arena *arena;
  struct om_hash network;
  struct om_hash id;
  const uint8_t *bytes; /* the Statement's */
  size_t len;
  const Oremark__Statement *statement;
  Oremark__Signature *signatures[OM_SIGNATURES_MAX]; /* ascending by member, then key id */
  size_t n_signatures;
  struct om_who_governs *governors; /* of a proposal; NULL: none are listed */
};

/* Packs the draft, which must hold an event. */
void om_signed_make(struct om_signed *out, struct om_draft *draft, const struct om_hash *network);
/* Adds MEMBER's signature with SECRET; OM_NO where the member has signed already. */
enum om_code om_signed_add(struct om_signed *signed_statement, const struct om_secret *secret, uint32_t member,
                           struct om_status *st);
/* Takes MEMBER's signature out: it stands beside what is signed, so that the others hold. OM_NO where there is none. */
enum om_code om_signed_remove(struct om_signed *signed_statement, uint32_t member, struct om_status *st);
/* The SignedStatement's bytes, in the arena. */
void om_signed_pack(const struct om_signed *signed_statement, uint8_t **out, size_t *len);
/* Takes a SignedStatement apart again: what om_signed_pack made, with or without signatures. */
enum om_code om_signed_unpack(struct om_signed *out, struct om_arena *arena, const struct om_hash *network,
                              const uint8_t *bytes, size_t len, struct om_status *st);

/* Event number EVENT in one line for a person. */
void om_signed_describe(struct om_text *out, const struct om_signed *signed_statement, size_t event);

enum om_code om_signed_write(const struct om_signed *signed_statement, const char *path, bool replace,
                             struct om_status *st);
enum om_code om_signed_read(struct om_signed *out, struct om_arena *arena, const char *path, struct om_status *st);

/* The lots that EVENT makes: how many, their descriptions where they have one, and the output index of the first. */
struct om_made {
  size_t n;
  Oremark__Material *const *materials; /* NULL: a pool, which begins without a description */
  uint16_t first_output;
};
void om_event_makes(struct om_made *out, const Oremark__Event *event);
/* Number of the lot that output OUTPUT of event EVENT of the statement is born with. */
void om_made_number(uint8_t out[OM_LOT_NUMBER_BYTES], const struct om_signed *signed_statement, uint16_t event,
                    uint16_t output);

#endif
