/* Some nodes (daemon/core/node.h) in one process, each with a ledger of bare bytes, joined by links that keep order but
 * not pace. Time is a number; everything else follows from the seed. The rules that must hold at every moment are
 * asserted inside: the program stops where one is broken. */
#ifndef OREMARK_TESTS_SUPPORT_WORLD_H
#define OREMARK_TESTS_SUPPORT_WORLD_H

#include "daemon/core/node.h"
#include "daemon/core/peer.h"
#include "ledger/evidence.h"

enum { WORLD_NODES = 12, WORLD_LINKS = 16 };

struct world_entry {
  uint8_t *bytes;
  size_t len;
  uint32_t needs_log; /* waits until that log holds needs_size entries */
  uint64_t needs_size;
};

/* A log as one node holds it. */
struct world_log {
  struct world_entry *entries;
  struct om_hash *leaves;
  struct om_hash *roots; /* roots[n]: of the first n entries */
  struct om_edge *edge;
  size_t size, room;
  uint64_t proven_size; /* the head that proved what was taken in last */
  uint8_t proven[OM_BARE_HEAD_MAX_BYTES];
  size_t proven_len;
  uint64_t provable; /* told to the node */
  uint64_t final_size;
  uint8_t final[OM_HEAD_MAX_BYTES];
  size_t final_len;
  uint64_t vote; /* highest head cosigned, and its root */
  struct om_hash vote_root;
  uint8_t vote_note[OM_HEAD_MAX_BYTES];
  size_t vote_len;
  bool stopped;
};

/* Evidence against a log as one node holds it. */
struct world_piece {
  uint8_t *bytes;
  size_t len;
};

struct world_message {
  struct world_message *next;
  uint8_t *bytes;
  size_t len;
};

/* One direction of a link. */
struct world_pipe {
  struct world_message *first, *last;
  size_t bytes;
};

struct world_link {
  bool up;
  uint32_t nodes[2], slots[2];
  struct world_pipe pipes[2]; /* pipes[i]: from nodes[i] */
};

struct world_node {
  struct om_node *node;
  struct world *world;
  uint32_t log; /* own */
  struct om_secret *log_key, *cosign_key;
  struct world_log logs[WORLD_NODES];
  struct world_piece pieces[WORLD_NODES][OM_EVIDENCE_PIECES_MAX]; /* in the order in which they came */
  uint32_t n_pieces[WORLD_NODES];
  uint8_t starts[WORLD_NODES][OM_START_BYTES]; /* in which it has answered... */
  bool started[WORLD_NODES];                   /* ...if at all */
  size_t looked_at;                            /* pieces that its ledger was given */
  size_t met;                                  /* heads that are not of what it holds, given to its ledger */
  struct om_action jobs[64];                   /* with the writer */
  size_t n_jobs;
  uint32_t n_logs; /* told to the node */
  uint64_t proposed;
  int64_t proposed_ms;
  bool mute_witness;      /* answers no proposal */
  bool lies;              /* gives out altered entries of others' logs */
  bool withholds;         /* gives out none of others' logs, whatever it says that it holds */
  bool full;              /* its writer answers OM_FULL */
  uint32_t most_followed; /* logs from one peer, at any time */
  size_t heads_refused;   /* claimed to be final, without a quorum */
  size_t drops;           /* links that it ended */
  char last_reason[OM_STATUS_TEXT_BYTES];
};

struct world {
  uint64_t random;
  int64_t now_ms;
  size_t n;
  bool witness[WORLD_NODES];
  bool changing, before[WORLD_NODES]; /* the witnesses are being changed, from those before */
  bool one_operator;                  /* nodes 1 and 2 are run by the same member */
  bool lost;                          /* a node has lost what it held */
  uint64_t end[WORLD_NODES];          /* logs that the governors have ended: at this size; 0: it has not */
  uint64_t wanted[WORLD_NODES];       /* stated by an act that operators accept by hand; 0: none is */
  bool learns; /* the number of logs follows from how much of log 0 is held, else all are known */
  struct world_node nodes[WORLD_NODES];
  struct world_link links[WORLD_LINKS];
  size_t sent_bytes, sent_messages; /* without pings */
  size_t ping_bytes;
  size_t most_in_pipe;
  size_t most_in_inbox;
  uint64_t starts; /* of all nodes so far: the time of the next */
  /* Not NULL: sees, and may alter without a change of its length, what FROM sends to TO but entries; false: it is lost.
   */
  bool (*sends)(struct world *w, uint32_t from, uint32_t to, Oremark__PeerMessage *message);
};

void world_open(struct world *w, size_t n, const bool *witness, uint64_t seed, bool learns);
/* Nodes 1 and 2 are run by the same member. */
void world_one_operator(struct world *w);
/* From now on everybody knows WITNESS to be the list, and BEFORE (NULL: none) the one that still stands beside it. */
void world_witnesses(struct world *w, const bool *witness, const bool *before);
void world_close(struct world *w);
/* Who witnesses LOG, as om_log_quorum: all witnesses but those of the log's own operator; of both lists during a
 * change.
 */
void world_quorum(const struct world *w, struct om_quorum *out, uint32_t log);
/* The start of every node lies behind it: none asks for its highest head. For logs that are all known. */
void world_begun(struct world *w);
/* NODE stops, and starts again with all that it has made durable. */
void world_restart(struct world *w, uint32_t node);
/* NODE starts again with the first KEPT entries of its own log and nothing else: no link, vote or final head. */
void world_lose(struct world *w, uint32_t node, size_t kept);
/* NODE's own log goes back to its first KEPT entries, and on from there with others. */
void world_rewind(struct world *w, uint32_t node, size_t kept);
/* The governors have ended LOG at SIZE, and every node knows it. */
void world_end(struct world *w, uint32_t log, uint64_t size);
/* An act that operators accept by hand states LOG at SIZE, and every node but its home knows it: some have accepted it,
 * some lack entries for that. */
void world_want(struct world *w, uint32_t log, uint64_t size);
/* Returns the link's index. */
size_t world_join(struct world *w, uint32_t a, uint32_t b);
void world_cut(struct world *w, size_t link);
/* Appends N entries of LEN bytes to the own log of NODE in one commit. NEEDS_SIZE over 0: each waits for that. */
void world_append(struct world *w, uint32_t node, size_t n, size_t len, uint32_t needs_log, uint64_t needs_size);
/* Evidence that says WHY: a world's ledger takes it for proof, unless it is a lie. Returns its length. */
size_t world_evidence(uint8_t out[OM_EVIDENCE_MAX_BYTES], uint32_t log, const char *why, bool lie);
/* NODE has made that evidence itself. */
void world_accuse(struct world *w, uint32_t node, uint32_t log, const char *why);
/* Lets MS milliseconds pass, delivering and working in random order. */
void world_run(struct world *w, int64_t ms);
/* Runs until all connected nodes hold what they should (all of every log as far as final, witnesses all of it); false
 * if that takes longer than MS. */
bool world_settle(struct world *w, int64_t ms);
bool world_agrees(const struct world *w);
/* Hands BYTES to TO as if FROM had sent them over LINK; true if TO ended the link for it. */
bool world_forge(struct world *w, size_t link, uint32_t from, const uint8_t *bytes, size_t len);
/* The message that brings N entries of LOG from START on, proven by a head that LOG's key has signed: over them, where
 * START is 0, else over nothing that there is. FIRST: of a following, so that they come with a proof of what stands in
 * front of them, where something does. *BYTES is the caller's. */
void world_entries(const struct world *w, uint8_t **bytes, size_t *len, bool first, uint32_t log, uint64_t start,
                   const struct om_span *entries, size_t n);
/* A note of the first SIZE entries of NODE's own log, signed by it, with the cosignatures of the N nodes in WITNESSES.
 */
size_t world_note(const struct world *w, char note[OM_NOTE_BYTES_MAX], uint32_t node, uint64_t size,
                  const struct om_hash *root, const uint32_t *witnesses, size_t n);

#endif
