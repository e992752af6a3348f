/* A witness for other people's logs (C2SP tlog-witness, add-checkpoint): it vouches that each head it has seen of a log
 * goes on from the one before, and for nothing else. It has a key and a store of its own; what is promised here never
 * counts for what is final in Oremark's own logs. The head is durable, compare-and-set, before it is answered. Pure but
 * for the store: bytes in, an HTTP status and a body out. Thread: any; the store orders writers. */
#ifndef OREMARK_DAEMON_CORE_ADD_CHECKPOINT_H
#define OREMARK_DAEMON_CORE_ADD_CHECKPOINT_H

#include "keys/sign.h"
#include "ledger/note.h"
#include "ledger/store.h"

enum {
  OM_WITNESSED_KEYS_MAX = 1024,  /* logs are named by hand in the settings */
  OM_ADD_CHECKPOINT_HASHES = 63, /* C2SP tlog-witness: proof lines that a client may send */
  OM_ADD_CHECKPOINT_MAX_BYTES =  /* "old" and 19 digits, hashes, blank line, the longest note */
  4 + 20 + OM_ADD_CHECKPOINT_HASHES * OM_BASE64_BYTES(OM_HASH_BYTES) + 1 + OM_NOTE_BYTES_MAX,
};

/* Who witnesses, for whom. */
struct om_outside_witness {
  struct om_store *store; /* of its own, and nothing else is in it */
  const char *name;       /* the witness's key's */
  const struct om_secret *secret;
  size_t n_keys; /* of logs; several may be of one origin, which is their name */
  const struct om_vkey *keys;
  const char *lost; /* NULL; or why nothing may be cosigned any more: what was cosigned is forgotten (HTTP 503) */
  /* Called before a cosignature leaves, when the store holds what it promises: COUNT new heads were cosigned up to now.
   * It is noted beside the key, so that a store that is lost or of yesterday is told from a new one. false: it can't be
   * noted, and the cosignature does not leave. NULL: nothing is noted. */
  bool (*note)(void *ctx, uint64_t count);
  void *note_ctx;
};

struct om_http_reply {
  unsigned status;  /* HTTP's */
  const char *type; /* static: the content type */
  size_t len;
  char body[OM_NOTE_BYTES_MAX]; /* no NUL */
};

/* *OUT new heads were cosigned by what STORE remembers. */
enum om_code om_witnessed_count(uint64_t *out, struct om_store *store, struct om_status *st);

/* Answers `POST /add-checkpoint` with the LEN bytes at BODY, at TIME_S (Unix seconds). */
void om_add_checkpoint(struct om_http_reply *out, const struct om_outside_witness *witness, const uint8_t *body,
                       size_t len, uint64_t time_s);

/* Answers `GET /HASH/checkpoint`, HASH being the first HASH_LEN bytes of PATH's hexadecimal SHA-256 of an origin: the
 * last checkpoint that was cosigned. */
void om_witnessed_checkpoint(struct om_http_reply *out, const struct om_outside_witness *witness, const char *hash,
                             size_t hash_len);

/* A reply that says only what its status means, and WHY. */
void om_http_say(struct om_http_reply *out, unsigned status, const char *why);

#endif
