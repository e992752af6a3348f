/* What the files of the ledger that change logs share and nobody else sees: the rows of a log and the writer's memory
 * of it. */
#ifndef OREMARK_LEDGER_LEDGER_STATE_H
#define OREMARK_LEDGER_LEDGER_STATE_H

#include "ledger/ledger.h"

enum {
  OM_LOG_ROW_BYTES = 8 + 8 + OM_HASH_BYTES,    /* registry size, last entry's time, root; then the encoded edge */
  OM_LOG_ENTRY_KEY_BYTES = 12,                 /* log, index */
  OM_TILE_KEY_BYTES = 13,                      /* log, level, index */
  OM_HEAD_KEY_BYTES = 5,                       /* log, kind */
  OM_MARK_KEY_BYTES = 16,                      /* log, marked log, index */
  OM_STATEMENT_KEY_BYTES = 12 + OM_HASH_BYTES, /* member, signing time, id: whole, or two statements made to agree in a
                                                  part of it would be one to whoever got the other first */
  OM_STATEMENT_ROW_BYTES = 12,                 /* log, index */
  OM_EVIDENCE_KEY_BYTES = 13,                  /* log, kind, number */
  OM_DRIFT_KEY_BYTES = 9,                      /* member, element, the period's first day */
};

#define OM_META_GENESIS "genesis" /* key in OM_TABLE_META: the genesis file's bytes */
#define OM_META_FORMAT "format"   /* the same: which format the store has */

enum om_head_kind {
  OM_HEAD_OWN = 'o',    /* size (8), signed note */
  OM_HEAD_FINAL = 'f',  /* size (8), time of the quorum (8), note */
  OM_HEAD_VOTE = 'c',   /* size (8), root (32): the highest that this daemon has cosigned */
  OM_HEAD_VOTED = 'v',  /* size (8), the signed note of that head: evidence, if another one is met */
  OM_HEAD_SIGNED = 'h', /* size (8): as much as was ever cosigned here, where the vote has gone back since */
  OM_HEAD_PASSED =
      'p', /* two sizes (8 + 8): nothing between them was cosigned here; of the last vote that left any out */
  OM_HEAD_PROVEN = 'r',   /* size (8), the log's signature alone: it proved what was taken in: ledger/proven.c */
  OM_HEAD_AWAITED = 'w',  /* a quorum signed it, and what is held is, or was, another history: ledger/lost.c */
  OM_HEAD_OUTVOTED = 'l', /* size (8), the signed note of the head of that other history that was cosigned here */
  OM_HEAD_BESIDE = 'b',   /* size (8), a signed note that is not of the entries held here, larger than any signed head
                             that   is held of them: evidence, once one is as large */
  OM_HEAD_ENDED = 'x',    /* the log's end did not fit what is held: whether that is still to be cut (1) */
  OM_HEAD_DOUBT = 'd', /* where it was final when what followed was doubted (8), how often (1), still to be cut (1) */
  OM_HEAD_START = 'a', /* in which start of the log's daemon it was answered last (16): with the votes, what a witness
                          has promised */
  OM_HEAD_CUT = 'k',   /* how often entries of it were taken out (8), and at which size last (8) */
  OM_HEAD_CLAIM = 'q', /* a quorum signed it beyond the entry at which the log was stopped: ledger/yield.c */
  OM_HEAD_SEAL = 's',  /* id of the governors' call (32), Seal: no more of the log is cosigned */
};

enum om_evidence_kind {
  OM_EVIDENCE_PIECE = 'e',  /* number: counts from 0. Standing (1), size (8) and root (32) of the head that contradicts,
                               or index and leaf hash of the entry; evidence */
  OM_EVIDENCE_BEHIND = 'b', /* number: index. Leaf hashes of what came behind the entry at which the log is stopped */
  OM_EVIDENCE_STOP = 's',   /* number: index. Length of why (2), why the log is not followed further, the entry */
};

/* A log as the writer holds it between transactions. */
struct om_log_state {
  uint32_t log;
  int64_t taken_ms;
  uint64_t registry_size;
  struct om_edge edge;
};

struct om_ledger {
  struct om_store *store;
  struct om_hash network;
  bool has_link_key;
  uint8_t link_key[32];
  uint32_t own_log;
  struct om_log_state **logs; /* by number; NULL until first written by this process */
  size_t n_logs;
  uint32_t rules_known; /* versions of the rules: OM_RULES_VERSION but for tests */
  bool lost;            /* entries are held that have lost: om_ledger_mend is due */
  bool sparse;          /* of the logs besides the registry's some entries only are held: ledger/bundle.h */
};

struct om_batch {
  struct om_ledger *ledger;
  struct om_txn *txn;
  struct om_log_state **work; /* by number; NULL: not touched by this batch */
  size_t n_work;
  struct om_arena arena; /* of the statement being judged */
  bool lost;             /* it has found what loses */
};

void om_log_entry_key(uint8_t out[OM_LOG_ENTRY_KEY_BYTES], uint32_t log, uint64_t index);
void om_head_key(uint8_t out[OM_HEAD_KEY_BYTES], uint32_t log, enum om_head_kind kind);
/* How often entries of LOG were taken out again, and at which size last, untouched where they never were. */
uint64_t om_log_cuts(struct om_txn *txn, uint64_t *at, uint32_t log);
void om_evidence_key(uint8_t out[OM_EVIDENCE_KEY_BYTES], uint32_t log, enum om_evidence_kind kind, uint64_t number);
void om_mark_key(uint8_t out[OM_MARK_KEY_BYTES], uint32_t log, uint32_t marked, uint64_t index);
void om_statement_key(uint8_t out[OM_STATEMENT_KEY_BYTES], const Oremark__Statement *s, const struct om_hash *id);

/* Writes what an empty store begins with: what follows from the genesis in the LEN bytes at GENESIS, and these. Errors
 * as of om_ledger_open. */
enum om_code om_ledger_begin(struct om_txn *txn, const uint8_t *genesis, size_t len, struct om_status *st);
/* Finds the own log in the registry, if it is not known yet. */
enum om_code om_ledger_find_own(struct om_ledger *ledger, struct om_txn *txn, struct om_status *st);

/* Reads a log's row; a log without one is empty. OM_CORRUPT where the row is none. */
enum om_code om_log_state_read(struct om_txn *txn, struct om_log_state *out, uint32_t log, struct om_status *st);
/* Writes it. */
void om_log_state_write(struct om_txn *txn, const struct om_log_state *state);
/* Adds one entry to the tree and the table. */
enum om_code om_log_state_append(struct om_txn *txn, struct om_log_state *state, const uint8_t *bytes, size_t len,
                                 const struct om_hash *leaf, int64_t taken_ms, struct om_status *st);

/* The root that LOG had at SIZE, from its tiles and EDGE, which may be ahead of the table. */
enum om_code om_log_root_at(struct om_txn *txn, struct om_hash *out, uint32_t log, const struct om_edge *edge,
                            uint64_t size, struct om_status *st);

/* As om_lot_get_step, but a lot that is not there is OM_MISSING without a sentence: every new lot is asked for once. */
enum om_code om_lot_find(struct om_txn *txn, struct om_arena *arena, struct om_lot *out,
                         const uint8_t number[OM_LOT_NUMBER_BYTES], uint32_t step, struct om_status *st);

/* The batch's copy of a log's state. */
enum om_code om_batch_log(struct om_batch *batch, struct om_log_state **out, uint32_t log, struct om_status *st);
/* The mark without which a statement can't be judged. */
struct om_need {
  uint32_t log;
  uint64_t size;
};
/* Judges CHECKED's statement as what would be the next entry of STATE's log, and stages all that follows from it.
 * OM_WAIT with NEED->size > 0: the log has to mark another one first. */
enum om_code om_batch_judge(struct om_batch *batch, struct om_log_state *state, struct om_checked *checked,
                            int64_t taken_ms, struct om_need *need, struct om_status *st);
/* A part of a statement, and what it leans on as somebody states it. */
struct om_part {
  const bool *only; /* the events to be judged */
  void *ctx;
  /* The stated row of the lot NUMBER, its KEY with it; false: none is stated. What the statement makes of such a lot is
   * not written. */
  bool (*stated)(void *ctx, uint8_t key[OM_LOT_KEY_BYTES], struct om_bytes *row,
                 const uint8_t number[OM_LOT_NUMBER_BYTES]);
  uint32_t rows, shares; /* of lots that were written, and the shares of origins in them: filled in */
};
/* As om_batch_judge, of PART of the statement, whose marks all stand: what concerns whole logs (caps on drift, sums) is
 * not looked at. */
enum om_code om_batch_judge_part(struct om_batch *batch, struct om_log_state *state, struct om_checked *checked,
                                 struct om_part *part, struct om_status *st);
/* Where the statement stands already, if it does: asked of every one, so that no sentence is made of it. */
bool om_batch_stands(struct om_txn *txn, struct om_place *out, const struct om_checked *checked);
/* Judges CHECKED as entry INDEX (= the log's size here) of LOG and appends it. OM_WAIT, OM_MALFORMED and OM_REFUSED as
 * of om_batch_mirror, but nothing is stopped: nothing is written then. */
enum om_code om_batch_take(struct om_batch *batch, uint32_t log, uint64_t index, struct om_checked *checked,
                           struct om_status *st);
/* Judges a mark that would stand as entry INDEX of STATE's log, and stages it. */
enum om_code om_batch_mark(struct om_batch *batch, struct om_log_state *state, const Oremark__Mark *mark,
                           struct om_status *st);

/* Signs the head of the own log as STATE holds it, and stores it; with quorum 0 it is final at once. */
enum om_code om_head_sign(struct om_batch *batch, const struct om_log_state *state, const struct om_signers_keys *keys,
                          struct om_status *st);
/* Stores NOTE, whose quorum was checked, as LOG's final head. */
void om_head_put_final(struct om_txn *txn, uint32_t log, uint64_t size, uint64_t time_s, const void *note, size_t len);
/* The daemon that signs LOG's head at SIZE: the registry log has had several, perhaps. */
enum om_code om_head_signer(struct om_txn *txn, struct om_daemon *out, uint32_t log, uint64_t size,
                            struct om_status *st);
/* Reads the note of a head: checkpoint of LOG, at least one entry. */
enum om_code om_head_parse(struct om_txn *txn, struct om_note *note, struct om_checkpoint *out, uint32_t log,
                           const uint8_t *bytes, size_t len, struct om_status *st);
/* Stores NOTE, a head of STATE's log over SIZE entries that stands and has its quorum (at TIME_S), as the final one if
 * it is higher than the last: *NEWER. OM_WAIT ("mending"). */
enum om_code om_head_final(struct om_batch *batch, bool *newer, const struct om_log_state *state, uint64_t size,
                           uint64_t time_s, const uint8_t *note, size_t len, struct om_status *st);
/* Is CHECKPOINT's root that of LOG's tree here at its size? OM_WAIT where fewer entries are held. */
enum om_code om_head_matches(struct om_txn *txn, uint32_t log, const struct om_log_state *state,
                             const struct om_checkpoint *checkpoint, struct om_status *st);
/* Notes that this daemon's store was lost or set back: what the cosigning keys have signed that the registry up to
 * REGISTRY_SIZE, as the own log has marked it, has ever named, is not known here. */
enum om_code om_votes_lost(struct om_batch *batch, uint64_t registry_size, struct om_status *st);
/* The same, if NOTE, a head of LOG over SIZE entries that LOG has signed, carries a cosignature of this daemon's that
 * is not remembered here. To be asked of every such head that is met. */
enum om_code om_votes_look(struct om_batch *batch, uint32_t log, const struct om_note *note, uint64_t size,
                           struct om_status *st);
/* The next vote on LOG is at SIZE. */
void om_votes_pass(struct om_txn *txn, uint32_t log, uint64_t size);
/* The vote on LOG goes back from SIZE, which stays known as cosigned here. */
void om_votes_keep(struct om_txn *txn, uint32_t log, uint64_t size);
/* OM_REFUSED ("votes") if KEYS' cosigning key is one of those; OM_IO ("cosign-key") if it is not in use yet. */
enum om_code om_votes_check(struct om_batch *batch, const struct om_signers_keys *keys, struct om_status *st);
/* OM_REFUSED ("sealed"): this daemon has sealed LOG at CALL. */
enum om_code om_sealed_refuse(struct om_status *st, uint32_t log, const struct om_hash *call);

/* ---- logs that have ended: ended.c ---- */

/* STATE's log is about to mark the registry at REGISTRY_SIZE: OM_WAIT until every log that has ended since its last
 * such mark is held here as it ended. */
enum om_code om_ended_wait(struct om_batch *batch, const struct om_log_state *state, uint64_t registry_size,
                           struct om_status *st);
/* The same mark covers those logs up to their ends. */
void om_ended_mark(struct om_batch *batch, const struct om_log_state *state, uint64_t registry_size);
/* May an entry with this LEAF be the next of STATE's log? OM_WAIT: the log has ended before it, or with another root
 * than this entry would give it: what is held beyond its last final head is then cut, and fetched again. OM_REFUSED:
 * that has been done once, or all before it is final. */
enum om_code om_ended_entry(struct om_batch *batch, const struct om_log_state *state, const struct om_hash *leaf,
                            struct om_status *st);
/* The end of STATE's log is proven to be of a tree that does not go on from what is held. OM_WAIT ("mending"): that is
 * cut; first what is not final, and if it is found again, all. It is not a matter of doubt, and so not of how often:
 * what is taken afterwards is proven to lie under the end. OM_OK: it has not ended. */
enum om_code om_ended_beside(struct om_batch *batch, const struct om_log_state *state, struct om_status *st);
/* Where what is held of LOG is to be cut because it has ended before, or otherwise; false: it is not. */
bool om_ended_cut(struct om_txn *txn, uint64_t *size, uint32_t log);
/* Is that so for any log? */
bool om_ended_lost(struct om_txn *txn);
/* Within a rebuild: LOG has been cut. */
void om_ended_was_cut(struct om_txn *txn, uint32_t log);

/* ---- what a restart states: stated.c ---- */

/* As om_ended_wait and om_ended_mark, of the logs that a restart states. */
enum om_code om_stated_wait(struct om_batch *batch, const struct om_log_state *state, uint64_t registry_size,
                            struct om_status *st);
void om_stated_mark(struct om_batch *batch, const struct om_log_state *state, uint64_t registry_size);
/* Nothing of LOG is taken out below this: a restart has stated it. 0: none has. */
uint64_t om_stated_floor(struct om_txn *txn, uint32_t log);
/* Is LOG, of which HELD entries are held, final up to a stated head, because the act that states it is? */
bool om_stated_final(struct om_txn *txn, uint64_t *size, struct om_hash *root, uint32_t log, uint64_t held);

/* Is NOTE, of which what is held of LOG beyond FINAL_SIZE is another history, a head that a quorum signed? As
 * om_quorum_check, but what is held there may itself have marked other witnesses: then those of the log at its last
 * final head count too, without whom none can be final before a change of theirs is. */
enum om_code om_quorum_beside(struct om_txn *txn, struct om_checkpoint *out, uint32_t log, uint64_t final_size,
                              const uint8_t *note, size_t len, struct om_status *st);
/* After om_head_matches has refused NOTE as a fork (ST): keeps the evidence. If a quorum signed NOTE, and a final head
 * that is held contradicts it, the log is frozen; if none does, what is HELD of the log has lost (ledger/lost.c).
 * Either is no fault of whoever brought it: OM_WAIT. Else why the quorum does not count. */
enum om_code om_head_forked(struct om_batch *batch, const struct om_log_state *held, const uint8_t *note, size_t len,
                            struct om_status *st);
/* ---- ledger/lost.c: what has lost ---- */

/* Notes that what is held of LOG beyond FINAL_SIZE, which is final here, has lost against HEAD, signed by a quorum as
 * NOTE. False: the log was cut there before, and has come to nothing again. */
bool om_lost_note(struct om_batch *batch, const struct om_checkpoint *head, const uint8_t *note, size_t len,
                  uint32_t log, uint64_t final_size);
/* The same of NOTE, which is proven to contradict what is held of STATE's log, also where it was cut before: nothing is
 * taken but what lies under NOTE from then on (yield.c). */
void om_lost_claimed(struct om_batch *batch, const struct om_log_state *state, const uint8_t *note, size_t len,
                     uint64_t final_size);
/* The next entry of STATE's log is invalid after what is held of it, says its home. Where that is not all final, the
 * home may have lost it and gone on without: it is cut and fetched anew, once for each place, and a few times in all.
 * False: the entry counts as invalid. */
enum om_code om_lost_doubt(struct om_batch *batch, bool *doubted, const struct om_log_state *state,
                           struct om_status *st);
/* May a head of STATE's log be cosigned after VOTE (a root at a SIZE that is held), which may be of entries that were
 * cut since? */
enum om_code om_lost_vote(struct om_batch *batch, const struct om_log_state *state, uint64_t size,
                          const struct om_hash *root, struct om_status *st);
/* Whether LOG is noted and not cut yet: nothing more of it is taken. */
bool om_lost_due(struct om_batch *batch, uint32_t log);
/* The head of LOG that is awaited here; false: none is. */
bool om_lost_awaited(struct om_txn *txn, struct om_bytes *note, uint64_t *size, uint32_t log);
/* Within a rebuild: LOG has been cut at SIZE. */
void om_lost_cut(struct om_txn *txn, uint32_t log, uint64_t size);
/* Within a rebuild: LOG was cut below its final head BYTES, because it leaned on what was cut: that is awaited now. */
void om_lost_await(struct om_txn *txn, uint32_t log, uint64_t cut, const uint8_t *bytes, size_t len);
/* STATE's log is final up to FINAL_SIZE now: if that reaches what is awaited, it no longer is; if it contradicts it,
 * the log has two final heads. */
enum om_code om_lost_final(struct om_batch *batch, const struct om_log_state *state, uint64_t final_size,
                           struct om_status *st);
/* Whether anything is due, for the ledger's memory. */
enum om_code om_lost_look(struct om_ledger *ledger, struct om_txn *txn, struct om_status *st);

/* ---- ledger/yield.c: a stop that gives way to a quorum ---- */

/* NOTE is a head of STATE's log, which is stopped: keeps evidence if it covers the entry at which it is, and if a
 * quorum signed it, has what it covers fetched. */
enum om_code om_stop_claim(struct om_batch *batch, const struct om_log_state *state, const uint8_t *note, size_t len,
                           struct om_status *st);
/* Whether entry INDEX of LOG, at which it is stopped, may be judged, because it is proven to lie under a claim, or
 * before the end of the log. */
bool om_stop_yields(struct om_txn *txn, uint32_t log, uint64_t index);
/* Entry INDEX of LOG has been found invalid. */
void om_stop_judged(struct om_txn *txn, uint32_t log, uint64_t index);
/* LOG is final up to FINAL_SIZE. */
void om_stop_reached(struct om_txn *txn, uint32_t log, uint64_t final_size);
/* Within a rebuild: LOG has been cut. */
void om_stop_cut(struct om_txn *txn, uint32_t log);
/* LOG goes on from a head that the governors have stated. */
void om_stop_forget(struct om_txn *txn, uint32_t log);
/* LOG is stopped at no entry from FROM on any more; those at which it was are kept in OM_TABLE_CUT. */
void om_stop_lift(struct om_txn *txn, uint32_t log, uint64_t from);
/* Keeps an entry that is not of LOG any more. */
void om_cut_keep(struct om_txn *txn, uint32_t log, uint64_t index, const uint8_t *bytes, size_t len);

/* ---- evidence ---- */

/* Keeps evidence that HEAD, signed as NOTE, contradicts a signed head of what is HELD, if it is news. If none is held
 * that is as large, NOTE is kept until there is (om_evidence_later). */
enum om_code om_evidence_keep(struct om_batch *batch, const struct om_log_state *held, const struct om_checkpoint *head,
                              const uint8_t *note, size_t len, bool quorum_signed, const char *why,
                              struct om_status *st);
/* A signed head of STATE's log over SIZE entries has come to be held: keeps evidence that what was met before, or
 * cosigned here of another history, contradicts it. */
enum om_code om_evidence_later(struct om_batch *batch, const struct om_log_state *state, uint64_t size,
                               struct om_status *st);
/* NOTE is a signed head of SIZE entries, which are held of STATE's log: keeps evidence that one that was cosigned here
 * of another history contradicts it. */
enum om_code om_evidence_vote(struct om_batch *batch, const struct om_log_state *state, uint64_t size,
                              const uint8_t *note, size_t len, struct om_status *st);
struct om_proven;
/* BROUGHT's head has been found to be of a tree that does not go on from what is HELD (OM_FIT_BESIDE): keeps evidence
 * of that, if a signed head ends where what is held does, and no other fork is shown yet. Else the head is kept for
 * later.
 */
enum om_code om_evidence_beside(struct om_batch *batch, const struct om_log_state *held,
                                const struct om_proven *brought, struct om_status *st);
/* Whether evidence is held that LOG has signed two histories. */
bool om_evidence_of_fork(struct om_txn *txn, uint32_t log);
/* Pieces of evidence stored against LOG, how many of them are refuted, and whether one shows two final heads. */
uint32_t om_evidence_count(struct om_txn *txn, uint32_t *refuted, bool *frozen, uint32_t log);
/* The piece held against LOG that is about the same head or entry and, if FREEZES, freezes the log; OM_EVIDENCE_NONE:
 * none. */
uint32_t om_evidence_find(struct om_txn *txn, uint32_t log, const struct om_checkpoint *about, bool freezes);
/* Where another piece against LOG goes; OM_EVIDENCE_NONE: as many are held as are kept. */
uint32_t om_evidence_room(struct om_txn *txn, uint32_t log, bool freezes);
/* The entry INDEX at which LOG is stopped; false: it is not, there. */
bool om_evidence_stopped_at(struct om_txn *txn, struct om_bytes *entry, uint32_t log, uint64_t index);
/* Pieces held against LOG on somebody's word, refuted or not. */
uint32_t om_evidence_claims(struct om_txn *txn, uint32_t log);
/* Keeps a piece that was checked; BYTES are not the store's own. */
void om_evidence_put(struct om_txn *txn, uint32_t log, uint32_t number, const struct om_checkpoint *about,
                     enum om_evidence_standing standing, const uint8_t *bytes, size_t len);
/* Who may have signed heads of LOG up to SIZE. */
enum om_code om_evidence_witnesses(struct om_txn *txn, struct om_daemon out[OM_WITNESSES_MAX], size_t *n, uint32_t log,
                                   uint64_t size, struct om_status *st);

/* LOG's witnesses by the registry as of AS_OF. Errors as of om_log_quorum; with "quorum", OUT is filled. */
enum om_code om_quorum_list(struct om_txn *txn, struct om_quorum_list *out, uint32_t log, uint64_t as_of,
                            struct om_status *st);
/* The registry sizes by which the witnesses of LOG's head at SIZE are judged: its current list, and its settled one
 * (the same where no change is open). */
enum om_code om_quorum_indexes(struct om_txn *txn, uint64_t *now, uint64_t *settled, uint32_t log, uint64_t size,
                               struct om_status *st);
/* Does a mark of LOG itself, standing at SIZE, at its head of RECORDED entries end a change of its witnesses? */
enum om_code om_quorum_settles(struct om_txn *txn, bool *settles, uint32_t log, uint64_t size, uint64_t recorded,
                               struct om_status *st);
/* Has LOG, at SIZE, not yet recorded a head that both lists of its last change signed? */
enum om_code om_quorum_unsettled(struct om_txn *txn, bool *unsettled, uint32_t log, uint64_t size,
                                 struct om_status *st);
/* Is the list of witnesses that LOG's head at SIZE asks for the one that the registry here has now? */
enum om_code om_quorum_current(struct om_txn *txn, bool *current, uint32_t log, uint64_t size, struct om_status *st);
/* Would a mark of the registry up to MARKED, standing in LOG at SIZE, begin a change of its witnesses while the last
 * one is not settled? A log has two lists to satisfy at most: beside a third, a head of two could contradict it. */
enum om_code om_quorum_third(struct om_txn *txn, bool *third, uint32_t log, uint64_t size, uint64_t marked,
                             struct om_status *st);

#endif
