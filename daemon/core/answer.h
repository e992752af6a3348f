/* What clients ask and get (proto/client.proto), but for Submit: answers made from one read transaction and what the
 * daemon says of itself. Long answers come in pieces; whoever takes them may say that it has had enough. Ownership:
 * replies live during the call of put. Thread: any; one answer at a time for each transaction. */
#ifndef OREMARK_DAEMON_CORE_ANSWER_H
#define OREMARK_DAEMON_CORE_ANSWER_H

#include "daemon/core/node.h"
#include "ledger/documents.h"
#include "ledger/ledger.h"
#include "ledger/prover.h"
#include "ledger/verify.h"
#include "proto/client.pb-c.h"

enum {
  OM_LIST_LIMIT = 1000,       /* lots in one ListLots that names no limit */
  OM_LIST_LIMIT_MAX = 100000, /* and at most */
  OM_REPLY_ROWS = 100,        /* lots, steps or members in one reply */
  OM_AUDIT_ROWS = 1000,       /* sums in one reply: below 200 KiB */
  OM_TILES_MAX = 32,          /* tiles in one GetTiles: 256 KiB, well below a frame */
  OM_ENTRIES_MAX = 256,       /* entries in one GetEntries: an entry bundle */
  OM_REPLY_MAX_BYTES =
      512 << 10, /* a reply ends with the row that reaches this: a lot has at most 300 KiB, a frame 1 MiB */
};

/* A peer as GetPeers shows it. */
struct om_peer_view {
  char origin[OM_NAME_BYTES + 1];
  char address[300]; /* host and port */
  const char *state; /* static: connected, connecting, waiting */
  int64_t since_ms;  /* Unix time */
  uint64_t bytes_in, bytes_out;
  uint64_t bytes_in_s, bytes_out_s; /* lately, a second */
  char last_error[OM_STATUS_TEXT_BYTES];
};

/* The documents kept beside the ledger (daemon/io/documents.h). Any thread. */
struct om_document_hooks {
  void *ctx; /* NULL: none are kept */
  enum om_document_state (*state)(void *ctx, uint64_t *size, const struct om_hash *hash, bool again);
  enum om_code (*read)(void *ctx, uint8_t *bytes, size_t *len, uint64_t *size, const struct om_hash *hash,
                       uint64_t offset, size_t room, struct om_status *st);
  enum om_code (*part)(void *ctx, bool *done, const struct om_document_part *part, struct om_status *st);
  enum om_code (*erase)(void *ctx, bool *was, const struct om_hash *hash, struct om_status *st);
};

/* What a witness outside the network has signed of the own log; it never counts for what is final. */
struct om_outside_cosignature {
  uint64_t size;
  struct om_hash root;
  char line[OM_NOTE_LINE_BYTES]; /* with newline and NUL */
};

/* What the daemon knows besides the ledger. */
struct om_about {
  struct om_hash network;
  int64_t started_ms;        /* Unix time */
  uint32_t own_log;          /* OM_LOG_NONE: mirror only */
  uint64_t reached_size;     /* the own log is final so far, which the store is about to show; 0: it shows it */
  uint64_t reached_s;        /* the time of that quorum */
  bool ready;                /* heads may be signed */
  bool unjudged;             /* the registry log goes on under a head that can't be judged here */
  const char *waiting;       /* else: for what, one sentence */
  const uint8_t *cosign_key; /* public half, 32 bytes; NULL: it has none */
  size_t n_peers;
  const struct om_peer_view *peers;
  size_t n_witnesses; /* of the own log */
  const struct om_node_witness *witnesses;
  uint32_t witnesses_needed[OM_QUORUM_LISTS]; /* operators of each list that make its quorum */
  struct om_document_hooks documents;
  size_t n_outside;
  const struct om_outside_cosignature *outside;
};

struct om_answer_sink {
  void *ctx;
  /* Takes a reply. False: no more is wanted. */
  bool (*put)(void *ctx, const Oremark__Reply *reply);
  /* Whether an answer is still wanted: asked by whoever may go on for long without putting any. NULL: it is. */
  bool (*wanted)(void *ctx);
  /* What large questions are answered with, until VERIFIER_DONE; false: another has it. Both NULL: there is none. */
  bool (*verifier)(void *ctx, struct om_crew **crew, struct om_verify_memory **memory);
  void (*verifier_done)(void *ctx);
  struct om_prover *prover; /* begun with the transaction; NULL: each proof is made for itself */
};

/* Answers REQUEST by one or more replies, the last without `more`. */
void om_answer(const struct om_answer_sink *sink, struct om_txn *txn, const struct om_about *about,
               const Oremark__Request *request);

/* Fills REPLY with what ST says. Strings point into ST. */
void om_answer_status(Oremark__Reply *reply, uint64_t id, const struct om_status *st);

#endif
