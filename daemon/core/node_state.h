/* What a node remembers: for the files of the node alone (named below with what they share; and cut.c, which shares
 * nothing), and for tests. Others see node.h. */
#ifndef OREMARK_DAEMON_CORE_NODE_STATE_H
#define OREMARK_DAEMON_CORE_NODE_STATE_H

#include "daemon/core/node.h"
#include "daemon/core/peer.h"

#define OM_SLOT_NONE UINT32_MAX

/* A note that was heard of and is not stored yet. */
struct om_heard {
  uint64_t size; /* entries that it covers; 0: none */
  uint8_t *note; /* owned */
  size_t len;
  uint32_t slot; /* whom it came from; OM_SLOT_NONE: from here, or the link is gone */
};

/* Heads of one log in the order of size: the one being waited for, and the newest. Two, because with only the newest a
 * mirror that is always a little behind would never finish any. */
struct om_heard_pair {
  struct om_heard first, newest;
};

/* The head that proves entries, of one message and those after it. */
struct om_proof_head {
  unsigned users;
  size_t len;
  uint8_t note[];
};

/* Entries of one message, in memory of their own. */
struct om_inbox_chunk {
  struct om_inbox_chunk *next;
  uint64_t start;
  size_t n, cost;
  uint32_t slot;
  bool home;
  bool trimmed;                   /* does not begin any more with what it came with */
  uint64_t size;                  /* what its proofs lead to: */
  struct om_proof_head *head;     /* NULL: a stated root */
  struct om_peer_entries message; /* its body is: */
  uint8_t *bytes;                 /* owned */
  struct om_span spans[];
};

struct om_inbox {
  struct om_inbox_chunk *first, *last;
  size_t cost;
};

/* What one peer was sent of one log and has not taken in yet. */
struct om_serve {
  bool begun;         /* something was sent */
  uint64_t prove;     /* where the follower has a root itself */
  uint64_t head;      /* size of the head that it was sent last; 0: none */
  uint64_t next;      /* first entry not sent */
  uint64_t acked;     /* first entry not taken in, as the follower said last */
  size_t outstanding; /* cost of what lies between */
  uint64_t recorded;  /* until it has taken so many in, there is no head to lead it on (serve.c) */
  bool looks_again;   /* for that, in a while: there was none */
  unsigned first, n;  /* of the ring */
  struct om_serve_chunk {
    uint64_t end;
    size_t cost;
  } ring[OM_WINDOW_CHUNKS];
};

/* What one peer has said and is passed on to another: one of each kind and witness in a row, the newest. */
struct om_parcel {
  struct om_parcel *next;
  Oremark__PeerMessage__WhatCase what;
  uint32_t witness; /* whose answer it is; OM_LOG_NONE: it is no answer */
  uint32_t from;    /* slot, and which of the links that stood there */
  uint64_t from_link;
  uint8_t *bytes; /* a PeerMessage; owned */
  size_t len;
};

/* When something is said again that was not answered: at once larger gaps. */
struct om_again {
  int64_t at_ms, wait_ms;
  unsigned round; /* 0: was said once */
};

/* Witnesses without a link, that have not answered. */
struct om_unlinked {
  size_t n;
  uint32_t logs[OM_QUORUM_LISTS * OM_WITNESSES_MAX];
};

/* One log as seen with one peer. */
struct om_row {
  uint32_t next_dirty; /* index + 1 in the peer's queue of rows with something to say */
  bool dirty;
  bool follow_due, stop_due; /* messages owed */
  bool cosigned_due;
  bool show_again;         /* it showed evidence that could not be looked at: to be asked for all that it holds */
  uint8_t shown;           /* the pieces held here that the peer knows, a bit for each */
  bool stalled;            /* brought nothing at the present size of the log */
  bool beside;             /* brought another history than is held: asked again when one of the two is not as it was */
  bool heads_only;         /* followed for the heads of a log that is stopped */
  uint64_t has, has_final; /* what the peer holds, as far as known here */
  uint64_t told, told_final; /* what it was told that this daemon holds */
  bool told_any;
  bool cut_due; /* it was told of more than was left of the log at a cut: */
  uint64_t cut_size;
  int64_t told_ms;
  int64_t unsettled_ms;            /* provable_ms of the head that it was told because that does not become final */
  uint64_t head_sent;              /* size of the last final head sent */
  uint64_t follow_from;            /* last Follow sent in this following */
  bool begins;                     /* nothing of this following has come that goes on from what is held */
  int64_t allowance;               /* cost of entries that it may still send */
  uint64_t head_size;              /* of the head that it proves entries by: */
  struct om_proof_head *head;      /* NULL: none yet */
  struct om_heard unjudged;        /* the highest of the heads that it brought when its allowance of checks was spent */
  struct om_serve *serve;          /* it follows the log from here; owned */
  struct om_parcel *parcels;       /* to be passed on to it; owned */
  struct om_heard_pair *proposals; /* of the log's home, which it passed on; NULL: none; owned */
  bool told_due;                   /* an answer to the home's question, which it passed on */
  bool may_tell;                   /* something of the home, that it may answer, was passed on to it */
};

struct om_peer {
  bool connected, greeted, hello_due, ping_due, dropping, drop_due;
  uint32_t log;
  char version[64];
  char reason[OM_REASON_BYTES];
  int64_t since_ms, heard_ms, spoke_ms;
  size_t queued;
  uint64_t proposed;       /* size of the last own head proposed to it */
  int64_t judged_ms;       /* up to when its allowance of checks is spent, at one in OM_JUDGE_MS */
  bool short_of_judging;   /* something of it waits for that */
  uint32_t judge_turn;     /* the log whose head is judged next, of those that wait */
  unsigned proposed_round; /* and the round in which others were named in it */
  uint64_t proposed_to;    /* size of that one */
  bool asked;              /* for the highest head of the own log */
  bool may_tell;           /* it was asked or proposed to */
  unsigned asked_round;    /* the last in which it was asked to ask others */
  bool has_asked;          /* its own daemon: how far it had got */
  bool told_due;           /* it asks for that of its own: */
  uint32_t asks_for;
  uint32_t n_rows;
  struct om_row *rows;
  uint32_t dirty_first, dirty_last; /* index + 1; 0: none */
  uint64_t link;                    /* number of this link among all that there were */
  unsigned relays;                  /* said for others in this tick */
  size_t relay_bytes;               /* kept of that */

  bool asked_document; /* it was asked for a part and has not answered: */
  struct om_hash asked_hash;
  uint64_t asked_offset;
  int64_t asked_document_ms;
  bool wants_document; /* it asks for a part: */
  struct om_hash wants_hash;
  uint64_t wants_offset;
  int64_t parts_s; /* second in which it was sent... */
  unsigned parts;  /* ...so many of OM_DOCUMENT_PARTS_S */
};

/* A document that is being fetched. */
struct om_fetching {
  bool used;
  struct om_hash hash;
  uint64_t size;  /* as the peer says that is asked; 0: it has not yet */
  uint8_t *bytes; /* owned; NULL: no part has come */
  size_t len;
  uint32_t slot; /* whom it is asked of; OM_SLOT_NONE: nobody yet, or all were */
  bool ask_due;
  int64_t asked_ms;
  uint64_t tried[OM_PEERS_MAX]; /* by slot: the link that was asked in vain; 0: none */
  bool keeping;                 /* whole, and in the owner's hands */
  bool nowhere;
  int64_t nowhere_ms;
};

/* One log as held here. */
struct om_tracked {
  uint32_t next_dirty; /* index + 1 in the node's queue of logs with an action to give */
  bool dirty;
  bool stopped;
  bool claimed; /* a quorum's head beyond that stop is known to the ledger */
  bool ended;   /* by the governors: nothing of it counts from... */
  uint64_t end; /* ...here on */
  uint64_t size;
  struct om_heard provable;    /* the head by which it is served... */
  int64_t provable_ms;         /* ...since then */
  bool unsettled;              /* that has not become final for a while */
  struct om_heard final;       /* the last final head stored */
  struct om_heard_pair claims; /* final heads heard of and judged good enough to fetch what they cover */
  struct om_heard unjudged;
  int64_t unjudged_ms; /* since when, without any growth; 0: it has grown, or there is none */
  uint64_t finalising; /* size of the FINAL that is out; 0: none */
  uint32_t finalising_slot;
  bool final_waits;
  uint64_t final_growths; /* node's count of growths when it was given out; so below */

  size_t n_witnesses;
  uint32_t *witnesses;    /* log numbers; owned */
  bool asked;             /* this daemon is one of them */
  uint64_t looked;        /* entries below this that wait here were searched for marks of the log itself */
  uint64_t wanted;        /* entries below this are taken in and given out, final or not */
  uint64_t invited;       /* entries under what its home has proposed: who witnesses may stand among them */
  uint64_t stated;        /* om_node_stated */
  struct om_heard refill; /* taken only from who proves it up to this head: the own log at a start, or one that was
                             stopped where a quorum has signed another entry; none: neither */
  bool refill_claimed;    /* it is one of CLAIMS, which nobody has shown to win yet */

  uint32_t source; /* slot from which it is followed */
  struct om_inbox inbox;
  int64_t gather_ms; /* since when something is in it */
  uint64_t got;      /* first entry neither held, nor out with the writer, nor in the inbox */
  bool applying;
  uint64_t apply_start, apply_end;
  uint32_t apply_slot;
  size_t apply_cost;
  uint64_t apply_growths;
  bool apply_stale; /* the inbox behind it was emptied meanwhile: what is left of it is of no use */
  bool apply_cut;   /* the log was cut meanwhile: what comes of it is of no use either */
  bool waits;       /* its next entry waits for another log */
  bool holding;     /* and is kept: nothing is fetched until it is taken in */
  bool bulk;        /* holds one of OM_BULK_LOGS */
  bool starved;     /* would be fetched if there were room */
  int64_t progress_ms;
  int64_t patience_ms; /* when all had brought nothing, the first was asked again and has this time; 0: they have not */
  bool patient;        /* that one is the source */
  int64_t retry_ms;    /* not before; 0: no matter */
  bool have_later;

  struct om_heard_pair proposals; /* of its home, to be cosigned */
  uint32_t relayed;               /* rows that hold proposals of its home, too */
  uint64_t cosigning;             /* size of the COSIGN that is out; 0: none */
  uint32_t cosigning_slot;        /* whom it came from */
  bool cosign_waits;
  uint64_t cosign_growths;
  bool cosign_cut;   /* the log was cut while it was out */
  uint64_t cosigned; /* size of the last head cosigned in this run, its note's hash and the line */
  struct om_hash cosigned_hash;
  char cosigned_line[OM_LINE_MAX_BYTES + 1];

  uint32_t pieces; /* of evidence held against it */
  bool frozen;
  struct om_heard shown;         /* evidence that a peer showed and the ledger has not looked at yet */
  struct om_heard met;           /* a head that is not of what is held, for the ledger to look at */
  bool weighing;                 /* an EVIDENCE is out */
  bool weigh_due;                /* its witnesses are known better: what is held is to be looked at again */
  int64_t started_ms;            /* when that was heard of last */
  bool started;                  /* the home has asked: */
  uint8_t start[OM_START_BYTES]; /* in this life of it */
  bool start_due, start_out;     /* which is to be made durable first; a START is out */
};

enum { OM_GATHERED_MAX = OM_QUORUM_LISTS * OM_WITNESSES_MAX }; /* one line of each witness of either list */

/* An own head that was proposed, and the lines gathered. */
struct om_proposal {
  uint64_t size;
  struct om_quorum quorum; /* that the log at this size asks for */
  uint8_t *note;           /* owned */
  size_t len;
  struct om_unlinked to;
  struct om_again again;
  size_t n;
  bool done;
  struct om_gathered {
    uint32_t witness;
    uint8_t key[32]; /* that it signed with: it may stand in one list with another */
    char line[OM_LINE_MAX_BYTES + 1];
  } lines[OM_GATHERED_MAX];
};

/* What a witness told of the own log at the start. */
struct om_teller {
  uint32_t log;
  struct om_heard head; /* the highest that it knows */
  uint64_t stated;      /* as the witness had accepted it then: om_node_stated */
  bool stands;          /* no head, or what is held here lies under it */
};

struct om_recovery {
  bool asks;  /* who witnesses the own log is known */
  bool ready; /* for the rest of this run */
  bool fork;
  bool behind; /* what is told by witnesses for whom the governors have stated another head does not go on from here */
  size_t n;
  struct om_teller tellers[OM_GATHERED_MAX]; /* of either list */
  struct om_unlinked to;                     /* witnesses that are asked through others */
  struct om_again again;
};

struct om_node {
  struct om_node_config config;
  uint32_t n_logs;
  struct om_tracked *logs;
  uint32_t dirty_first, dirty_last; /* index + 1; 0: none */
  struct om_peer peers[OM_PEERS_MAX];
  uint32_t turn;     /* whose message is made next */
  size_t inbox_cost; /* of all logs, with what is out with the writer */
  uint32_t bulk;     /* logs that hold one of OM_BULK_LOGS */
  uint64_t growths;  /* of any log: what waited while one came in is tried again, since the news may have crossed */
  int64_t now_ms;
  int64_t look_again_ms; /* when recorded heads that were not found are looked for again; 0: all were */
  uint64_t links;        /* that there were */
  uint64_t began;        /* time of the start that was configured: start.c */
  size_t n_movers;
  uint32_t movers[OM_GATHERED_MAX]; /* witnesses that the start was moved on for, of either list */

  struct om_heard head;                            /* the own log's newest signed head */
  struct om_quorum quorum;                         /* of the own log */
  struct om_proposal *proposed[OM_PROPOSALS_KEPT]; /* oldest first */
  struct om_recovery recovery;
  size_t n_proposed;
  int64_t proposed_ms;
  int64_t propose_after_ms; /* after a refusal by the own ledger: not before */
  struct om_fetching fetching[OM_FETCHES_MAX];
};

static inline uint64_t om_larger(uint64_t a, uint64_t b) {
  return a > b ? a : b;
}

static inline uint64_t om_smaller(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

/* node.c */
void *om_node_alloc(size_t n, size_t size); /* zeroed; stops the program without memory */
struct om_row *om_node_row(struct om_node *node, uint32_t slot, uint32_t log); /* NULL: not a log to speak of */
/* The link in SLOT is to be ended, for REASON. */
void om_node_drop(struct om_node *node, uint32_t slot, const char *reason);
bool om_node_live(const struct om_node *node, uint32_t slot);       /* greeted and not being dropped */
uint32_t om_node_slot_of(const struct om_node *node, uint32_t log); /* the live link to a log's home */
/* Whether the daemon of the log WITNESS is one of LOG's witnesses. */
bool om_node_is_witness(const struct om_node *node, uint32_t log, uint32_t witness);

/* actions.c: LOG, or a peer's row of it, has something to say */
void om_node_mark_log(struct om_node *node, uint32_t log);
void om_node_mark_row(struct om_node *node, uint32_t slot, uint32_t log);
void om_node_mark_rows(struct om_node *node, uint32_t log); /* with every peer */

/* heard.c: notes that were heard of */
void om_heard_clear(struct om_heard *heard);
/* NOTE, copied, in the place of what was heard before. */
void om_heard_set(struct om_heard *heard, uint64_t size, const uint8_t *note, size_t len, uint32_t slot);
/* The same of a pair: as its first where there is none of another size, else as its newest where none is larger. */
void om_pair_offer(struct om_heard_pair *pair, uint64_t size, const uint8_t *note, size_t len, uint32_t slot);
/* The highest that HELD entries cover; NULL: none. */
const struct om_heard *om_pair_best(const struct om_heard_pair *pair, uint64_t held);
uint64_t om_pair_highest(const struct om_heard_pair *pair);     /* size; 0: there is none */
void om_pair_done(struct om_heard_pair *pair, uint64_t size);   /* forgets what is at or below SIZE */
void om_pair_remove(struct om_heard_pair *pair, uint64_t size); /* forgets what is at SIZE */
void om_pair_unslot(struct om_heard_pair *pair, uint32_t slot); /* the link in SLOT has ended */
void om_pair_clear(struct om_heard_pair *pair);
/* Size of the checkpoint in NOTE, which must be one. */
enum om_code om_note_size(uint64_t *size, const uint8_t *note, size_t len, struct om_status *st);

/* Below, X_next is the next thing that is to be said to a peer or done: true if there was one, and it is in OUT. X_tick
 * is called as time goes by. What takes a message of the peer in SLOT returns OM_MALFORMED where no honest daemon says
 * such a thing. */

/* serve.c: what goes out to one peer about one log */
bool om_serve_next(struct om_node *node, struct om_action *out, uint32_t slot, uint32_t log, int64_t now_ms);
/* The peer in SLOT follows a log from here, or no longer. */
void om_serve_follow(struct om_node *node, uint32_t slot, const Oremark__Follow *follow);
void om_serve_tick(struct om_node *node, int64_t now_ms);
/* How much of LOG this daemon can give out with proof. */
uint64_t om_serve_have(const struct om_tracked *tracked);

/* How other logs come in, in five files; what they share is sync_parts.h. */

/* sync_source.c: whom a log is followed from */
/* Whom to follow LOG from, as things stand. */
void om_sync_choose(struct om_node *node, uint32_t log, int64_t now_ms);
/* Takes LOG from whoever proves it up to HEAD, the own one too; up to what is held, or NULL: no further so. */
void om_sync_refill(struct om_node *node, uint32_t log, const struct om_heard *head, int64_t now_ms);
/* Where the root of what is followed from the peer of ROW is known here, so that it is to be proven up to there; 0:
 * nowhere. */
uint64_t om_sync_prove(const struct om_tracked *tracked, const struct om_row *row);
/* The peer in SLOT says that it holds SIZE entries of LOG. */
void om_row_told(struct om_node *node, uint32_t slot, uint32_t log, uint64_t size);

/* sync_inbox.c: what was brought */
/* Entries of a log; those that are wanted are copied. */
enum om_code om_sync_entries(struct om_node *node, uint32_t slot, const struct om_peer_entries *in, int64_t now_ms,
                             struct om_status *st);
void om_proof_head_free(struct om_proof_head *head); /* one user less */
void om_sync_free(struct om_tracked *tracked);

/* sync_apply.c: taken in */
bool om_sync_next(struct om_node *node, struct om_action *out, uint32_t log, int64_t now_ms);

/* sync_news.c: what is said of a log, or has become of it here */
/* The peer in SLOT holds so much of LOG, and so much of that is final. */
void om_sync_have(struct om_node *node, uint32_t slot, uint32_t log, uint64_t size, uint64_t final_size,
                  int64_t now_ms);
void om_sync_grown(struct om_node *node, uint32_t log, int64_t now_ms); /* LOG has, here */
void om_sync_lost(struct om_node *node, uint32_t slot, int64_t now_ms); /* the link in SLOT has ended */
/* LOG has ended with END entries. */
void om_sync_end(struct om_node *node, uint32_t log, uint64_t end, int64_t now_ms);
/* LOG has two final histories: everybody stays with the one that it holds. */
void om_sync_frozen(struct om_node *node, uint32_t log);
/* LOG was cut: what was being fetched is behind other entries now. */
void om_sync_cut(struct om_node *node, uint32_t log, int64_t now_ms);

/* sync_stalls.c: peers that bring nothing, and what is tried again */
void om_sync_news(struct om_node *node, uint32_t log); /* more has been said of LOG, or other things count */
void om_sync_tick(struct om_node *node, int64_t now_ms);

/* marks.c: where LOG's newest head can't be judged yet, one on the way there may stand among the entries that wait */
void om_marks_look(struct om_node *node, uint32_t log);

/* recover.c: the start */
void om_recover_quorum(struct om_node *node, int64_t now_ms); /* the own log's witnesses have been told */
/* What was to be taken back of the own log does not go on from what is held: true if that is so because an act of the
 * governors is to be accepted here first. */
bool om_recover_behind(struct om_node *node, int64_t now_ms);
void om_recover_stated(struct om_node *node, uint32_t log, int64_t now_ms); /* LOG's head has been stated anew */
/* Begins, where nothing is lacking any more of what the witnesses have told; else fetches that. */
void om_recover_advance(struct om_node *node, int64_t now_ms);
void om_recover_again(struct om_node *node); /* asks everybody again */
void om_recover_tick(struct om_node *node, int64_t now_ms);
/* The peer in SLOT asks for the highest head that is known here of its log, or of another's that it speaks for. */
enum om_code om_recover_asked(struct om_node *node, uint32_t slot, const Oremark__Ask *ask, struct om_status *st);
/* The answer to this daemon's question, or to one that it has passed on. */
enum om_code om_recover_told(struct om_node *node, uint32_t slot, const Oremark__Told *told, int64_t now_ms,
                             struct om_status *st);
bool om_recover_next(struct om_node *node, struct om_action *out, uint32_t slot);
void om_recover_tell_again(struct om_node *node, uint32_t log); /* what the answers about LOG waited for is durable */
/* The answer to a question about LOG that the peer in SLOT has passed on. */
bool om_recover_tell(struct om_node *node, struct om_action *out, uint32_t slot, uint32_t log);
void om_recover_free(struct om_node *node);

/* stopped.c: logs that an invalid entry has stopped */

#define OM_PROVE_NOTHING UINT64_MAX /* no log is as long: then no entries come, and the heads do */

/* More is said of LOG by the peer in SLOT, or LOG was stopped, or goes on. */
void om_stopped_look(struct om_node *node, uint32_t slot, uint32_t log);
void om_stopped_look_all(struct om_node *node, uint32_t log); /* the same of every peer */

/* evidence.c: what proves that logs break the rules */
/* The peer in SLOT shows a piece, or asks for all that are held of a log. */
enum om_code om_evidence_shown(struct om_node *node, uint32_t slot, const Oremark__Shown *in, struct om_status *st);
/* What the peer in SLOT is shown next of LOG; true if that is anything. */
bool om_evidence_tell(struct om_node *node, struct om_action *out, uint32_t slot, uint32_t log);
bool om_evidence_next(struct om_node *node, struct om_action *out, uint32_t log);
void om_evidence_quorum(struct om_node *node, uint32_t log); /* its witnesses have been told anew */
void om_evidence_lost(struct om_node *node, uint32_t slot);  /* the link in SLOT has ended */
void om_evidence_free(struct om_tracked *tracked);

/* met.c: heads that are not of what is held */
/* NOTE, of which nothing is known, is said to be a head of LOG, by the peer in SLOT; OM_SLOT_NONE: nobody pays. */
void om_met(struct om_node *node, uint32_t slot, uint32_t log, const uint8_t *note, size_t len);
void om_met_have(struct om_node *node, uint32_t slot, const Oremark__Have *have); /* after om_sync_have */
/* Whether the peer of ROW is to be told the head that proves what is held, as it does not become final. */
bool om_met_due(const struct om_tracked *tracked, const struct om_row *row);
void om_met_tick(struct om_node *node, int64_t now_ms);

/* documents.c: fetched from others, and given to them */
/* The peer in SLOT asks for a part. */
enum om_code om_document_wanted(struct om_node *node, uint32_t slot, const Oremark__WantDocument *in,
                                struct om_status *st);
/* It answers with one. */
enum om_code om_document_brought(struct om_node *node, uint32_t slot, const Oremark__DocumentBytes *in, int64_t now_ms,
                                 struct om_status *st);
bool om_document_next(struct om_node *node, struct om_action *out, uint32_t slot, int64_t now_ms);
void om_document_tick(struct om_node *node, int64_t now_ms);
void om_document_lost(struct om_node *node, uint32_t slot); /* the link in SLOT has ended */
void om_document_free(struct om_node *node);

/* heads.c: final heads that peers bring */
/* NOTE of LOG; judged at once, where the peer in SLOT may have it judged. */
enum om_code om_sync_head(struct om_node *node, uint32_t slot, uint32_t log, const uint8_t *note, size_t len,
                          int64_t now_ms, struct om_status *st);
bool om_head_cosigned(const uint8_t *note, size_t len);        /* by anybody but the log itself, good or not */
void om_heads_judge_again(struct om_node *node, uint32_t log); /* LOG or the registry has grown */
void om_heads_judge_row(struct om_node *node, uint32_t slot, uint32_t log); /* the peer has an allowance again */

/* judge.c: each peer's allowance of checks that no quorum stands behind */
bool om_judge_may(struct om_node *node, uint32_t slot);   /* whether anything is left of it */
bool om_judge_spend(struct om_node *node, uint32_t slot); /* false: nothing is left now */
void om_judge_tick(struct om_node *node, uint32_t slot);

/* witness.c: other logs' proposals */
/* The peer in SLOT, a log's home or who passes that on, asks for a cosignature. */
enum om_code om_witness_propose(struct om_node *node, uint32_t slot, const Oremark__Propose *propose,
                                struct om_status *st);
/* Forgets what was proposed of LOG and is not cosigned. */
void om_witness_forget(struct om_node *node, uint32_t log);
/* The same but for what its home itself has proposed: LOG was stopped. */
void om_witness_stopped(struct om_node *node, uint32_t log);
/* Forgets what the peer in SLOT has passed on of LOG up to SIZE; true if that was anything. */
bool om_witness_done(struct om_node *node, uint32_t slot, uint32_t log, uint64_t size);
bool om_witness_next(struct om_node *node, struct om_action *out, uint32_t log, int64_t now_ms);
/* LOG was cut: what was cosigned may be gone. */
void om_witness_cut(struct om_tracked *tracked);

/* quorum.c: the own log's proposals */
/* A witness's line, from the peer in SLOT; of another log: to be passed on. */
enum om_code om_quorum_cosigned(struct om_node *node, uint32_t slot, const struct om_peer_cosigned *in, int64_t now_ms,
                                struct om_status *st);
/* Proposes the newest head, where it is time. */
void om_quorum_advance(struct om_node *node, int64_t now_ms);
void om_quorum_again(struct om_node *node); /* proposes to everybody again */
bool om_quorum_next(struct om_node *node, struct om_action *out, uint32_t slot);
void om_quorum_refused(struct om_node *node, int64_t now_ms); /* the own ledger did not take an assembled head */
/* The peer in SLOT holds less of the own log than before: what it was proposed while it held more it may have passed
 * over, and is proposed to it again. */
void om_quorum_cut(struct om_node *node, uint32_t slot);
void om_quorum_free(struct om_node *node);

/* relay.c: what is passed on between a log's home and those of its witnesses that it has no link to */
/* Whether the peer in SLOT may say one thing more for others in this tick. */
bool om_relay_may(struct om_node *node, uint32_t slot);
/* What the home, in SLOT, asks to be passed on. */
enum om_code om_relay_propose(struct om_node *node, uint32_t slot, const Oremark__Propose *propose,
                              struct om_status *st);
enum om_code om_relay_ask(struct om_node *node, uint32_t slot, const Oremark__Ask *ask, struct om_status *st);
/* What a witness, in SLOT, answers another log's home. */
void om_relay_cosigned(struct om_node *node, uint32_t slot, const struct om_peer_cosigned *in);
enum om_code om_relay_told(struct om_node *node, uint32_t slot, const Oremark__Told *told, struct om_status *st);
bool om_relay_next(struct om_node *node, struct om_action *out, uint32_t slot, uint32_t log);
void om_relay_lost(struct om_node *node, uint32_t slot); /* the link in SLOT has ended */
/* Those of LOG's witnesses that no live link leads to, in OUT. */
void om_relay_unlinked(const struct om_node *node, struct om_unlinked *out, uint32_t log);
void om_again_begin(struct om_again *again, int64_t now_ms); /* it was said now */
bool om_again_due(struct om_again *again, int64_t now_ms);   /* once for each round */

/* vouch.c: what is said through a relay is signed */
void om_vouch_propose(const struct om_node *node, Oremark__Propose *propose, uint8_t sig[OM_SIG_BYTES]);
void om_vouch_ask(const struct om_node *node, Oremark__Ask *ask, uint8_t sig[OM_SIG_BYTES]);
void om_vouch_told(const struct om_node *node, Oremark__Told *told, uint8_t sig[OM_SIG_BYTES]);
/* Whether the daemon of its log has signed ASK; whether the witness that TOLD names has, of the own log. */
bool om_vouched_propose(const struct om_node *node, const Oremark__Propose *propose);
bool om_vouched_ask(const struct om_node *node, const Oremark__Ask *ask);
bool om_vouched_told(const struct om_node *node, const Oremark__Told *told);

/* start.c: which life of a daemon something belongs to */
/* Whether the home that says START has asked in a later one. */
bool om_start_past(const struct om_tracked *tracked, const ProtobufCBinaryData *start);
/* LOG's home has begun a new life: what it proposed in the last one is forgotten. */
void om_start_note(struct om_node *node, uint32_t log, const ProtobufCBinaryData *start);
/* The home of LOG asks in START: noted if it is not an earlier one. */
void om_start_asked(struct om_node *node, uint32_t log, const ProtobufCBinaryData *start);
/* What this daemon knew of it at its last stop. */
void om_start_load(struct om_node *node, uint32_t log);
/* Makes durable what is remembered of it. */
bool om_start_next(struct om_node *node, struct om_action *out, uint32_t log);
/* The peer in SLOT, which speaks for the home of LOG, is told of the start that is remembered. */
void om_start_tell(struct om_node *node, uint32_t slot, uint32_t log);
/* WITNESS answers to START: whether that is this one. If it is a later one, this daemon takes one later still. */
bool om_start_heard(struct om_node *node, uint32_t witness, const ProtobufCBinaryData *start);

#endif
