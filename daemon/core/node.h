/* The mind of a daemon towards its peers: which log is followed from whom, what is served to whom, proposals,
 * cosignatures and final heads. Event in, actions out, time inside the event: no socket, thread, disk, clock or
 * randomness stands here, so the same bytes run under libuv and in a simulator.
 *
 * How it is driven: after any call below that takes the node, take actions with om_node_next until it says that there
 * are none. Call om_node_tick every OM_NODE_TICK_MS. Nothing is queued inside for a peer: every message is made when
 * om_node_next asks for it, out of what the peer has not been told yet, so a peer that does not read costs no memory.
 *
 * Relays: a daemon that can be reached by nobody, and the witnesses of its log that it can't reach either, need one
 * neighbour in common. It passes on, one hop far, the home's proposals and its question at the start to the witnesses
 * that the home names, and their answers to the home; it keeps no more than the newest of each, for as long as both
 * links stand. It can withhold these and nothing else: a head is signed by its log, a cosignature by its witness, and
 * question and answer at the start by the cosign keys of the two, over when the home started; a witness answers no
 * question, and cosigns no proposal, of an earlier start than it has been asked in. Entries that are not final yet are
 * held, and served to the other witnesses, by witnesses only: so two daemons that can't reach each other need a
 * neighbour that is a witness of both of their logs to become final by each other's cosignature.
 *
 * Ownership: bytes passed in are copied where they are kept. What an action holds belongs to the caller: SEND, DROP end
 * with om_action_free; APPLY, COSIGN, FINAL, START and EVIDENCE are handed back with their outcome (om_node_applied,
 * ..._cosigned, ..._finalised, ..._start_kept, ..._shown), which ends them. Memory for each peer and each log is
 * bounded by the constants below; without memory the program stops. Thread: one at a time for each node. Times are
 * milliseconds of any clock that does not go back. */
#ifndef OREMARK_DAEMON_CORE_NODE_H
#define OREMARK_DAEMON_CORE_NODE_H

#include "ledger/proven.h"

enum {
  OM_PEERS_MAX = 256,         /* slots 0 to 255: more links than a consortium of daemons needs to stay woven together */
  OM_NODE_TICK_MS = 100,      /* how finely proposals are paced */
  OM_LOGS_MAX = 65536,        /* a peer's table has a row for each log */
  OM_LOGS_AHEAD = 1024,       /* logs that a peer may speak of before the registry here names them */
  OM_CHUNK_BYTES = 256 << 10, /* entries in one message: a quarter of a frame, so that heads are never far behind */
  OM_CHUNK_ENTRIES = 4096,    /* and no more of them: counted before they are taken apart */
  OM_ENTRY_COST_BYTES = 32,   /* what an entry counts besides its bytes, in all sums of entry bytes here */
  OM_PROOF_COST_BYTES = OM_BARE_HEAD_MAX_BYTES + 2 * OM_PROOF_MAX * OM_HASH_BYTES, /* besides, what proves them */
  OM_WINDOW_BYTES = 4 << 20, /* sent and not yet taken in, for each log and follower: 0.3 s at 100 Mbit/s */
  OM_WINDOW_CHUNKS = 64,     /* messages of that: many small ones are put together instead */
  OM_APPLY_BYTES =
      1 << 20, /* given to the writer at once: well over what one flush should serve, well under the window */
  OM_INBOX_BYTES = 32 << 20, /* received and not yet given to the writer, over all logs */
  OM_BULK_LOGS = 6,          /* logs fetched at once that are far behind: their windows fit the inbox */
  OM_BULK_ENTRIES = 1024,    /* this many entries behind is far */
  OM_KEPT_BYTES = 64 << 10,  /* of them kept for a log that waits for another */
  OM_LINK_QUEUE_BYTES =
      1 << 20, /* given out as SEND for a slot and not yet reported by om_node_sent: nothing more is made */
  OM_HEAD_MAX_BYTES = OM_MARK_NOTE_MAX_BYTES,
  OM_LINE_MAX_BYTES = 512, /* a cosignature line (peer.proto) */
  OM_PROPOSALS_KEPT = 4,   /* heads proposed lately whose cosignatures still count: a slow witness answers late */
  OM_REASON_BYTES = 200,

  OM_HELLO_MS = 10000,   /* a link without Hello ends */
  OM_PING_MS = 20000,    /* a link on which nothing was sent: a few bytes, below 100 B/s with TCP's own */
  OM_SILENCE_MS = 60000, /* three lost pings: the peer is gone */
  OM_STALL_MS = 5000,    /* a followed peer brings nothing while another has more: change to that one */
  OM_STALL_MOST_MS =
      600000, /* all were asked in vain: again after twice as long each time, up to this. A claim is no endless talk */
  OM_RETRY_MS = 1000,  /* after OM_IO, OM_FULL, OM_BUSY */
  OM_JUDGE_MS = 100,   /* ten checks a second, of up to 1 + 64 signatures each, for what a peer sends and no quorum
                          stands behind: at worst 3 % of a core for each peer... */
  OM_JUDGE_BURST = 32, /* ...and so many at once: what honest peers show when links come up */
  OM_GATHER_MS = 50,   /* a witness keeps entries that no proposal covers back so long... */
  OM_GATHER_KB = 64,   /* ...and no more of them than a flush is well used for: one commit takes them in and votes */
  OM_HAVE_MS = 200,    /* growth is told at most so often for each log; entries themselves are pushed at once */

  OM_FETCHES_MAX = 4,         /* documents fetched at once: 64 MiB of memory at most */
  OM_FETCH_ANSWER_MS = 10000, /* a peer that has not answered is passed over */
  OM_FETCH_FORGET_MS = 1000,  /* how long it is remembered that nobody has one, for those who asked */
  OM_DOCUMENT_PARTS_S = 8,    /* sent to one peer in a second: 4 MiB. The first of each counts for all of them, as its
                                 document is hashed: 40 ms at most */

  OM_START_BYTES = 16,             /* when a daemon started: 8 bytes of Unix time in ms, 8 of chance (peer.proto) */
  OM_RELAYS_MAX = 256,             /* said for others by one peer in a tick, and looked at: a signature is checked for
                                      each, 15 ms; what is beyond is said again by its daemon */
  OM_RELAY_PEER_BYTES = 256 << 10, /* of one peer's, kept until it is passed on: 64 MiB where all 256 peers try */
  OM_RELAY_HEAD_BYTES = 2048,      /* a proposed head that comes from a relay: it bears one signature, of its log */
  OM_RELAY_FIRST_MS = 1000,    /* what was not answered is said again through relays: after this, then after twice */
  OM_RELAY_LONGEST_MS = 30000, /* as long, up to this: 300 bytes in 30 s to each peer while a witness is gone */
};
/* A later start that a witness knows counts if it is less than this, 100 years in ms, after the one that this daemon
 * began with: more than any clock is wrong by, also one that was set back to 1970, and so little that the clock's time
 * at the next start is never again out of reach of what was told at this one. */
#define OM_START_AHEAD_MS (UINT64_C(100) * 365 * 24 * 3600 * 1000)

struct om_node;
struct om_entry_sink;

struct om_node_config {
  uint32_t own_log;             /* OM_LOG_NONE: mirror only, or not named in the registry yet */
  const char *version;          /* for Hello; kept by the caller */
  uint32_t propose_interval_ms; /* shortest time from one proposal to the next; 0: as fast as quorums come */
  uint32_t propose_timeout_ms;  /* when a newer head is proposed although the last one has no quorum; 0: 2000 */
  void *ctx;                    /* of the two functions below */
  /* Puts entries FROM to UPTO-1 of LOG (all held) into SINK, in order, until om_entry_put says false or they are all
   * there. A failure ends the serving of that log to that peer until it asks again. */
  enum om_code (*entries)(void *ctx, struct om_entry_sink *sink, uint32_t log, uint64_t from, uint64_t upto);
  /* Puts the consistency proof of LOG's tree of FROM entries with that of SIZE, both held, into OUT (om_prove_prefix).
   * NULL, or a failure: as above. */
  enum om_code (*prove)(void *ctx, struct om_proof *out, uint32_t log, uint64_t from, uint64_t size);
  /* May entries of LOG below *SIZE be taken in because NOTE says that they are final? OM_OK: yes: LOG signed it, and
   * nothing that is known here speaks against its quorum. Which witnesses count may stand among the very entries below
   * it, so it is asked before they are held; the ledger decides at FINAL. OM_WAIT: can't be said before more of LOG or
   * of the registry is held (asked again then; until then none of those entries is taken in). Anything else: no; the
   * peer is dropped. */
  enum om_code (*judge)(void *ctx, uint64_t *size, uint32_t log, const uint8_t *note, size_t len, struct om_status *st);
  /* Is NOTE a head that LOG signed, and do the entries held of it lie under it? OM_OK: both. OM_WAIT: it covers more
   * than is held. OM_REFUSED: LOG signed it, and what is held is not that. OM_MALFORMED: LOG did not sign it. *SIZE:
   * the entries that it covers. */
  enum om_code (*compare)(void *ctx, uint64_t *size, uint32_t log, const uint8_t *note, size_t len,
                          struct om_status *st);
  /* The highest head of LOG that is kept durably here, cosigned or final, in NOTE (OM_HEAD_MAX_BYTES). False: none.
   * NULL: none of any. */
  bool (*highest)(void *ctx, uint8_t *note, size_t *len, uint32_t log);
  /* The first head beyond FROM entries that LOG has recorded of itself, at a change of its witnesses, in NOTE
   * (OM_HEAD_MAX_BYTES), and what it covers: the witnesses before the change have signed it, and those after it. False:
   * none. NULL: none of any. */
  bool (*recorded)(void *ctx, uint8_t *note, size_t *len, uint64_t *size, uint32_t log, uint64_t from);
  /* In which start of LOG's daemon it was answered last, durably; false: in none. NULL: that is kept in memory alone,
   * and there are no STARTs. */
  bool (*started)(void *ctx, uint8_t start[OM_START_BYTES], uint32_t log);
  /* Piece NUMBER of the evidence held against LOG, in memory of its own, which the node frees. False: it can't be had.
   * NULL: none of any. */
  bool (*evidence)(void *ctx, uint8_t **bytes, size_t *len, uint32_t log, uint32_t number);

  /* Documents. Up to OM_DOCUMENT_PART_BYTES of the one with HASH from OFFSET on, in BYTES, and its whole size; at
   * offset 0 it is hashed first. False: it is not held, or not as its hash says. NULL: none are. */
  bool (*document)(void *ctx, uint8_t *bytes, size_t *len, uint64_t *size, const struct om_hash *hash, uint64_t offset);
  /* BYTES, which have HASH, were fetched and are the callee's to free; om_node_fetched when they are kept or not. */
  void (*fetched)(void *ctx, const struct om_hash *hash, uint8_t *bytes, size_t len);

  /* For what goes through a relay (see "Relays" above). */
  uint8_t
      start[OM_START_BYTES]; /* later than at any earlier start, by its first 8 bytes, as far as the clock is right */
  struct om_hash network;
  /* Signs WHAT with this daemon's cosign key. NULL: neither asks nor answers through relays. */
  void (*sign)(void *ctx, uint8_t sig[OM_SIG_BYTES], const struct om_hash *what);
  /* The cosign key that the registry names for the daemon of LOG; false: none. NULL: none of any. */
  bool (*cosign_key)(void *ctx, uint8_t key[OM_PUBLIC_BYTES], uint32_t log);
};

/* False: no more room in this message, the entry was not taken. */
bool om_entry_put(struct om_entry_sink *sink, const uint8_t *bytes, size_t len);

struct om_node *om_node_new(const struct om_node_config *config);
void om_node_free(struct om_node *node);

/* ---- what the ledger holds ---- */

/* The registry names this many logs (0 to N-1). Never fewer than before; more than OM_LOGS_MAX are not followed. The
 * calls below are without effect for a log beyond these: say what is held of it after this. */
void om_node_logs(struct om_node *node, uint32_t n_logs);
/* The registry names this daemon now. Once, from OM_LOG_NONE; links stay. om_node_quorum is to be called again for
 * every log. */
void om_node_own_log(struct om_node *node, uint32_t own_log);
/* Who witnesses LOG now (om_log_quorum at its size here): at the start for each log, and after the registry or LOG's
 * registry mark has moved. Says whether this daemon is asked to witness LOG, how far each peer may be served, and for
 * the own log whose cosignatures count. Logs without this call have no witnesses. */
void om_node_quorum(struct om_node *node, uint32_t log, const struct om_quorum *quorum, int64_t now_ms);
/* LOG holds SIZE entries, durably: at the start, and after each commit that changed it (own log too). */
void om_node_log_changed(struct om_node *node, uint32_t log, uint64_t size, bool stopped, int64_t now_ms);
/* LOG was stopped, and a quorum has signed NOTE, a head of SIZE beyond that: what is taken of it has to be proven up to
 * there, by whoever has it. SIZE 0: no more. */
void om_node_claim(struct om_node *node, uint32_t log, uint64_t size, const uint8_t *note, size_t len, int64_t now_ms);
/* The same of LOG, from which something was cut that a quorum has signed otherwise; until SIZE entries are held. */
void om_node_awaited(struct om_node *node, uint32_t log, uint64_t size, const uint8_t *note, size_t len,
                     int64_t now_ms);
/* The governors have ended LOG with END entries, as the registry here says: at the start, and when it does. It is
 * followed up to there from whoever has it, also without a head, and no further. */
void om_node_log_ended(struct om_node *node, uint32_t log, uint64_t end, int64_t now_ms);
/* Of LOG only SIZE entries are held any more: the others have been taken out, since they were not what a quorum signed.
 * Called as soon as that is durable, before any outcome of what was given out of LOG before. The own log: its head is
 * to be told anew. */
void om_node_log_cut(struct om_node *node, uint32_t log, uint64_t size, int64_t now_ms);
/* The own log's signed head, durable: at the start, and after each commit that signed one. */
void om_node_own_head(struct om_node *node, uint64_t size, const uint8_t *note, size_t len, int64_t now_ms);
/* NOTE, a final head of LOG covering SIZE entries, is stored: at the start, after FINAL, and with quorum 0 after each
 * own commit. */
void om_node_final(struct om_node *node, uint32_t log, uint64_t size, const uint8_t *note, size_t len, int64_t now_ms);

/* The governors have stated LOG's head anew, by the act that is the last of BY entries of the registry, which this
 * daemon has accepted: at the start, and when that has changed. */
void om_node_stated(struct om_node *node, uint32_t log, uint64_t by, int64_t now_ms);

/* What is held of LOG can be proven up to SIZE, by the head NOTE, which covers so much and bears the log's signature
 * alone (om_provable_size, om_head_bare): entries are served so far. At the start, and whenever it is another. */
void om_node_provable(struct om_node *node, uint32_t log, uint64_t size, const uint8_t *note, size_t len,
                      int64_t now_ms);

/* N pieces of evidence (ledger/evidence.h) are held against LOG, and whether one of them has frozen it: at the start,
 * and when that has changed. */
void om_node_evidence(struct om_node *node, uint32_t log, uint32_t n, bool frozen);

/* ---- the start ---- */

/* Whether heads may be signed and cosigned: so many witnesses of the own log as make a quorum have told the highest
 * head of it that they know, and what it covers is held; at once where no witness is asked for. Before that the caller
 * signs no head and takes no statement. Never again false in one run. */
bool om_node_ready(const struct om_node *node);
/* What a node with a log of its own waits for before it is ready, in one sentence; false: nothing. */
bool om_node_waiting(const struct om_node *node, char *out, size_t len);
/* A witness holds a head that the own log signed, beside the entries held here: it is never ready. */
bool om_node_own_fork(const struct om_node *node);

/* Entries of LOG below SIZE are taken in and given out, final or not: the governors have stated a head there. */
void om_node_wanted(struct om_node *node, uint32_t log, uint64_t size, int64_t now_ms);
/* Peers have a head of LOG beyond what is held that can't be judged here, and nothing more of it has come for
 * OM_STALL_MS. */
bool om_node_unjudged(const struct om_node *node, uint32_t log);

/* ---- links ---- */

/* A link to the daemon of REMOTE_LOG (proved by its link key; OM_LOG_NONE: admitted without a log) stands in SLOT,
 * which was free. One link to a daemon: the caller closes the second before it says so here. */
void om_node_connected(struct om_node *node, uint32_t slot, uint32_t remote_log, int64_t now_ms);
/* SLOT is free again: after any end of the link, also after DROP or a failed om_node_message. */
void om_node_disconnected(struct om_node *node, uint32_t slot, int64_t now_ms);
/* One PeerMessage from SLOT. Not OM_OK: ST says why; the caller ends the link, then om_node_disconnected. */
enum om_code om_node_message(struct om_node *node, uint32_t slot, const uint8_t *bytes, size_t len, int64_t now_ms,
                             struct om_status *st);
/* The link has taken LEN more of the bytes that SENDs gave out (message bytes, without frame headers). */
void om_node_sent(struct om_node *node, uint32_t slot, size_t len, int64_t now_ms);
void om_node_tick(struct om_node *node, int64_t now_ms);

/* ---- documents ---- */

enum om_fetch {
  OM_FETCH_UNDER_WAY,
  OM_FETCH_NOWHERE, /* nobody who is linked has it */
  OM_FETCH_BUSY,    /* others are being fetched: ask again later */
};
/* How far the fetching of HASH is, which is begun if it was not. */
enum om_fetch om_node_fetch(struct om_node *node, const struct om_hash *hash, int64_t now_ms);
/* What came of keeping a document that was fetched is known: nothing more is done about HASH. */
void om_node_fetched(struct om_node *node, const struct om_hash *hash);

/* ---- actions ---- */

enum om_action_kind {
  OM_ACTION_SEND,     /* bytes to slot */
  OM_ACTION_DROP,     /* end the link in slot because of reason */
  OM_ACTION_APPLY,    /* entries of a mirrored log to the writer: om_batch_mirror for each */
  OM_ACTION_COSIGN,   /* om_batch_cosign of a head that log's home proposed */
  OM_ACTION_FINAL,    /* om_batch_final of a head with its quorum */
  OM_ACTION_START,    /* om_batch_start: in which start log's daemon has asked, before it is answered */
  OM_ACTION_EVIDENCE, /* om_batch_evidence of what a peer showed; MET: om_batch_met; without bytes:
                         om_batch_evidence_again */
};

struct om_action {
  enum om_action_kind kind;
  uint32_t slot;  /* SEND, DROP; APPLY: whom they came from, for messages to people */
  uint32_t log;   /* APPLY, COSIGN, FINAL, START, EVIDENCE */
  uint8_t *bytes; /* SEND: one PeerMessage; COSIGN, FINAL: the note; START: OM_START_BYTES; EVIDENCE: the evidence */
  size_t len;
  bool met;                     /* EVIDENCE: the bytes are a head of the log, which was met */
  char reason[OM_REASON_BYTES]; /* DROP */
  /* APPLY: the first entry's index, and the entries. PROVEN, which is owned: these and others behind them, and what
   * proves them all: to be looked at before the first is judged (om_batch_proven). */
  uint64_t start;
  size_t n;
  struct om_span *entries;
  struct om_proven *proven;
  struct om_inbox_chunk *chunks; /* what ENTRIES point into */
};

/* The next thing to do; false: nothing until the next event. At most one APPLY, one COSIGN, one FINAL, one START and
 * one EVIDENCE for each log are out at a time. */
bool om_node_next(struct om_node *node, struct om_action *out, int64_t now_ms);
/* For any action that is not handed back; at a stop, for those too. */
void om_action_free(struct om_action *action);

/* What came of an APPLY: the log holds SIZE entries now, durably.
 * OM_OK: entries below SIZE were taken; the rest (a slice of time ran out) is given out again.
 * OM_WAIT: entry SIZE waits for another log: given out again when another log has grown.
 * OM_MALFORMED, OM_REFUSED: the log is stopped there.
 * OM_NO: the entries are not those that the log has signed: nothing is held against the log; that peer is dropped and
 *   the rest is asked of another.
 * OM_MISSING: they are, but do not go on from what is held here: another peer is asked.
 * OM_REFUSED, of the own log: it has signed a head beside what is held of it (om_node_own_fork).
 * Others (OM_IO, OM_FULL, OM_BUSY): tried again after OM_RETRY_MS. */
void om_node_applied(struct om_node *node, struct om_action *action, uint64_t size, enum om_code code, int64_t now_ms);
/* What came of a COSIGN: LINE (with newline, NUL-ended; NULL unless OM_OK) is durable and may be sent. OM_WAIT: again
 * when the log or the registry has grown. Others as above; a refused one is forgotten. */
void om_node_cosigned(struct om_node *node, struct om_action *action, const char *line, enum om_code code,
                      int64_t now_ms);
/* What came of a FINAL. OM_OK: stored, or no newer than what is stored (om_node_final is called besides if it was
 * stored). OM_WAIT: again when the log has grown. OM_REFUSED: it does not stand, the peer that sent it is dropped.
 * Others as above. */
void om_node_finalised(struct om_node *node, struct om_action *action, enum om_code code, int64_t now_ms);

/* What came of a START. OM_OK: it is durable, and may be answered. Others: tried again after OM_RETRY_MS. */
void om_node_start_kept(struct om_node *node, struct om_action *action, enum om_code code, int64_t now_ms);

/* What came of an EVIDENCE. OM_OK: piece NUMBER shows it (OM_EVIDENCE_NONE: none, as enough is held; om_node_evidence
 * is called besides if it is new). OM_NO, OM_MALFORMED, OM_REFUSED: it proves nothing, the peer that showed it is
 * dropped. Others as above. */
void om_node_shown(struct om_node *node, struct om_action *action, uint32_t number, enum om_code code, int64_t now_ms);

/* ---- for status and metrics ---- */

struct om_node_peer {
  bool connected, greeted; /* greeted: its Hello has come */
  uint32_t log;
  char version[64];
  size_t queued_bytes; /* given out, not yet taken by the link */
  uint32_t following;  /* logs that are followed from it */
  uint32_t serving;    /* logs that it follows from here */
};
void om_node_peer(const struct om_node *node, struct om_node_peer *out, uint32_t slot);
enum { OM_NODE_WITNESSES = OM_QUORUM_LISTS * OM_WITNESSES_MAX };
/* A witness of the own log. */
struct om_node_witness {
  size_t list; /* of the own log's quorum; who is in both lists stands here twice */
  uint32_t operator_member;
  char origin[OM_NAME_BYTES + 1];
  uint64_t cosigned; /* the largest of the heads proposed lately that it cosigned; 0: none of them */
};
/* Those that count for the own log's quorum; returns how many. NEEDED: operators of each list. */
size_t om_node_witnesses(const struct om_node *node, struct om_node_witness out[OM_NODE_WITNESSES],
                         uint32_t needed[OM_QUORUM_LISTS]);
/* For tests: bytes of entries received and not yet given to the writer, as cost. */
size_t om_node_inbox_bytes(const struct om_node *node);

#endif
