/* The ledger of one daemon: its own log, the mirrors of all others, and the state that follows from them. It decides by
 * bytes alone: whoever calls says what time it is and brings the entries. Every function but a predicate passes on the
 * store's own failures (OM_IO, OM_FULL, OM_BUSY, OM_CORRUPT), besides the codes that stand beside it. Times are Unix
 * milliseconds where not said otherwise. Threads: readers anywhere, each with its own transaction; one batch at a time,
 * in the writer's thread. */
#ifndef OREMARK_LEDGER_LEDGER_H
#define OREMARK_LEDGER_LEDGER_H

#include "keys/sign.h"
#include "ledger/merkle.h"
#include "ledger/note.h"
#include "ledger/statement.h"
#include "ledger/store.h"

#define OM_LOG_NONE UINT32_MAX /* a daemon without a log of its own: mirror only */

enum {
  OM_MARK_NOTE_MAX_BYTES = OM_NOTE_BYTES_MAX, /* any head that a quorum has signed can be marked */
  OM_RULES_VERSION = 2,         /* the newest version of the rules that this program knows (ledger/rules.h) */
  OM_CLOCK_AHEAD_MS = 86400000, /* a statement may be signed at most a day ahead of the log's clock: a clerk's clock in
                                   the wrong zone or on the wrong day is a mistake, not a record */
};

/* What a piece of evidence is worth here. */
enum om_evidence_standing {
  OM_EVIDENCE_STANDS = 0, /* two signed heads contradict each other, or an entry is invalid */
  OM_EVIDENCE_FREEZES,    /* two final heads do: the log is frozen */
  OM_EVIDENCE_CLAIMED,    /* a well-formed entry is said to be invalid, and was not judged here... */
  OM_EVIDENCE_REFUTED,    /* ...or was, and is valid: a piece to be passed over. The same of two heads beyond one that
                             a restart has stated since, which are not both final */
};

enum {
  OM_EVIDENCE_CLAIMS_MAX = 2, /* held against one log on somebody's word: they can't be checked yet, and must not take
                                 the places of what can */
  OM_BEHIND_STOP_MAX = 4096,  /* hashes of entries kept with an invalid one: a log's heads are at most seconds apart */
  OM_EVIDENCE_PIECES_MAX = 8, /* held against one log: one proves that it can't be trusted; more show how, and a log
                                 that signs another history every second fills no disk */
};

struct om_ledger;

/* Opens the store in PATH (see om_store_open) for the network whose genesis file's bytes are given; an empty store
 * begins with them (the registry log's entry 0). OM_REFUSED: the store is another network's, or the network follows
 * rules that this program does not know; OM_MALFORMED: no genesis. OWN_LINK_KEY (X25519, 32 bytes) tells which daemon
 * of the registry this is; it may not be there yet. NULL: mirror only. *OUT is the caller's, NULL on failure. */
enum om_code om_ledger_open(struct om_ledger **out, const char *path, uint64_t map_bytes, const uint8_t *genesis,
                            size_t genesis_len, const uint8_t *own_link_key, struct om_status *st);
/* A mirror in a store that is thrown away (om_store_open_scratch), for checking a bundle: of the logs besides the
 * registry's some entries only are held, so nothing is asked of their trees. */
enum om_code om_ledger_open_scratch(struct om_ledger **out, const char *path, uint64_t map_bytes,
                                    const uint8_t *genesis, size_t genesis_len, struct om_status *st);
/* After the last batch and transaction. NULL is fine. */
void om_ledger_close(struct om_ledger *ledger);

/* Both live as long as LEDGER. */
struct om_store *om_ledger_store(const struct om_ledger *ledger);
const struct om_hash *om_ledger_network(const struct om_ledger *ledger);
/* Number of the own log, OM_LOG_NONE while the registry here does not name this daemon. Writer's thread, between
 * batches. */
uint32_t om_ledger_own_log(const struct om_ledger *ledger);

/* ---- reading, through any transaction of the store ---- */

struct om_log_info {
  uint32_t log;
  char origin[OM_NAME_BYTES + 1];
  uint32_t operator_member;
  uint64_t size;
  struct om_hash root;    /* at size */
  uint64_t head_size;     /* covered by a quorum-signed head that was checked here; 0: none */
  uint64_t final_time_s;  /* time of that head's quorum, Unix seconds; 0 with quorum 0 */
  uint64_t final_size;    /* the same; of a log that has ended all that is held of it, once that is final itself; no
                             less than a restart states of it */
  uint64_t registry_size; /* the log's last registry mark (the registry log: its own size) */
  int64_t taken_ms;       /* time of the last entry */
  bool stopped;           /* an invalid entry was met: not followed further... */
  bool yields;            /* ...unless a quorum has signed another in its place: that is being fetched */
  char stopped_why[OM_STATUS_TEXT_BYTES];
  uint64_t cuts, cut_at; /* how often entries of it were taken out again here, and from where on the last time */
  bool frozen;           /* two final heads that contradict each other were seen: not marked or cosigned further */
  uint32_t pieces;       /* of evidence stored against it... */
  uint32_t evidence;     /* ...but for those that are refuted here */
  bool retired;          /* the governors have ended it, by the registry here: */
  struct om_retired end;
};

/* OM_MISSING: the registry here names no such log. */
enum om_code om_log_info(struct om_txn *txn, struct om_log_info *out, uint32_t log, struct om_status *st);
uint32_t om_log_count(struct om_txn *txn); /* logs named in the registry here */
/* Entry bytes as stored. OM_MISSING beyond the log's size. */
enum om_code om_log_entry(struct om_txn *txn, struct om_bytes *out, uint32_t log, uint64_t index, struct om_status *st);
/* Reader of the log's hashes for merkle.h. TILES points into the rest: it is not to be copied or moved. 67 KiB. */
struct om_log_tiles {
  struct om_tiles tiles;
  struct om_edge edge;
  struct om_txn *txn;
  uint32_t log;
};
enum om_code om_log_tiles(struct om_txn *txn, struct om_log_tiles *out, uint32_t log, struct om_status *st);
/* The own log's signed head (a note); the last final head of any log (a note with cosignatures). OM_MISSING if none. */
enum om_code om_log_head(struct om_txn *txn, struct om_bytes *note, uint32_t log, struct om_status *st);
enum om_code om_log_final(struct om_txn *txn, struct om_bytes *note, uint32_t log, struct om_status *st);
/* Piece NUMBER (from 0) of the evidence against LOG (ledger/evidence.h), and what it is worth. OM_MISSING beyond the
 * last. */
enum om_code om_log_evidence(struct om_txn *txn, struct om_bytes *out, enum om_evidence_standing *standing,
                             uint32_t log, uint32_t number, struct om_status *st);
/* The highest head of LOG, a note, that is kept durably here: the last that this daemon has cosigned, or the last final
 * one; of a log that has ended, none beyond its end. OM_MISSING if none. */
enum om_code om_head_highest(struct om_txn *txn, struct om_bytes *note, uint32_t log, struct om_status *st);
/* The first head beyond FROM entries that LOG has recorded of itself: at a change of its witnesses, which those before
 * it and those after it have signed. NOTE has room for OM_MARK_NOTE_MAX_BYTES. OM_MISSING: none. */
enum om_code om_head_recorded(struct om_txn *txn, uint8_t *note, size_t *len, uint64_t *size, uint32_t log,
                              uint64_t from, struct om_status *st);
/* Whether LOG, of which HELD entries are held, was stopped at an entry beyond which a quorum has signed a head: what is
 * taken of it has to lie under that head, NOTE of *SIZE entries with *ROOT (NOTE, ROOT may be NULL), and if it does and
 * is valid, the log goes on. */
bool om_log_claim(struct om_txn *txn, struct om_bytes *note, uint64_t *size, struct om_hash *root, uint32_t log,
                  uint64_t held);
/* The same of LOG, not stopped, from which was cut what a quorum has signed otherwise, until the head of that is final
 * here: else its daemon could feed the same again. */
bool om_log_awaited(struct om_txn *txn, struct om_bytes *note, uint64_t *size, struct om_hash *root, uint32_t log,
                    uint64_t held);
/* In which start of its daemon LOG was answered last: 16 bytes. False: in none. */
bool om_log_start(struct om_txn *txn, uint8_t out[16], uint32_t log);
/* May the daemon whose log is OWN (OM_LOG_NONE: it is asked for nothing) cosign with KEY, the public half of the key in
 * its folder? OM_REFUSED ("votes"): never again, its store was lost or set back; OM_IO ("cosign-key"): not before the
 * registry names that key and the own log's final entries show it; where that has ended, the registry's. */
enum om_code om_cosign_key_check(struct om_txn *txn, uint32_t own, const uint8_t key[32], struct om_status *st);
/* Is NOTE a head that LOG signed, and are the entries held of it those under it? OM_MALFORMED: LOG did not sign it;
 * OM_WAIT: it covers more than is held; OM_REFUSED ("fork"): LOG signed it and holds other entries here. *SIZE: what it
 * covers. */
enum om_code om_head_compare(struct om_txn *txn, uint64_t *size, uint32_t log, const uint8_t *note, size_t len,
                             struct om_status *st);
/* Will a batch store NOTE as a final head of LOG (om_batch_final), by what is held now? *SIZE: what it covers; *TIME_S:
 * the time of its quorum. OM_WAIT, OM_REFUSED, OM_MALFORMED: not, or not yet. */
enum om_code om_head_stands(struct om_txn *txn, uint64_t *size, uint64_t *time_s, uint32_t log, const uint8_t *note,
                            size_t len, struct om_status *st);
/* How far LOG's marks below INDEX cover MARKED; 0: there is none. Of LOG itself: the head at which its witnesses were
 * last settled. */
uint64_t om_log_mark(struct om_txn *txn, uint32_t log, uint32_t marked, uint64_t index);
/* The same, and which entry of LOG is that mark; false where there is none. */
bool om_log_mark_at(struct om_txn *txn, uint64_t *size, uint64_t *at, uint32_t log, uint32_t marked, uint64_t index);
/* Where the statement ID stands, which MEMBER signed at SIGNED_MS (event 0). OM_MISSING: nowhere here. */
enum om_code om_statement_find(struct om_txn *txn, struct om_place *out, uint32_t member, int64_t signed_ms,
                               const struct om_hash *id, struct om_status *st);
/* A lot's last row, or its row at STEP, in ARENA. OM_MISSING: no such lot or step. */
enum om_code om_lot_get(struct om_txn *txn, struct om_arena *arena, struct om_lot *out,
                        const uint8_t number[OM_LOT_NUMBER_BYTES], struct om_status *st);
enum om_code om_lot_get_step(struct om_txn *txn, struct om_arena *arena, struct om_lot *out,
                             const uint8_t number[OM_LOT_NUMBER_BYTES], uint32_t step, struct om_status *st);

enum { OM_QUORUM_LISTS = 2 }; /* the current list of witnesses, and during a change the settled one too */

/* Of one list of witnesses, those that may count for a log's quorum: daemons not run by the log's own operator. K
 * operators make a quorum; 0 where the list is empty. */
struct om_quorum_list {
  size_t n; /* eligible daemons */
  struct om_daemon daemons[OM_WITNESSES_MAX];
  uint32_t operators; /* how many operators run them: w */
  uint32_t k;
};

/* Whose cosignatures a head needs: K operators of every list. The first list is as of the log's registry mark; a second
 * one, the settled list, stands beside it from the mark that changes the witnesses (or a key of theirs) until the log
 * holds a mark of itself at a head that both signed. A list without witnesses asks for nothing and is left out beside
 * another. */
struct om_quorum {
  size_t n_lists; /* at least 1 */
  struct om_quorum_list lists[OM_QUORUM_LISTS];
  bool changing; /* the current list is not settled yet */
};
/* Does a head need any cosignature? */
bool om_quorum_any(const struct om_quorum *quorum);
/* The daemon of LOG in the first list that has it; NULL: it is in none. */
const struct om_daemon *om_quorum_find(const struct om_quorum *quorum, uint32_t log);
/* OM_MISSING: the registry names no such log; OM_REFUSED ("quorum"): its witnesses can make none that is safe. */
enum om_code om_log_quorum(struct om_txn *txn, struct om_quorum *out, uint32_t log, uint64_t size,
                           struct om_status *st);
/* Is NOTE a head of LOG that its quorum signed? Checks origin, the log's signature and the cosignatures; *TIME_S is the
 * time of the quorum (k-th smallest; 0 with quorum 0). Does not look at the tree. OM_REFUSED says what is missing. */
enum om_code om_quorum_check(struct om_txn *txn, struct om_checkpoint *out, uint64_t *time_s, uint32_t log,
                             const uint8_t *note, size_t len, struct om_status *st);
/* Is NOTE a head of LOG, of which HELD entries are held, that may well be final? As above, but where it covers more
 * than is held and a change of the witnesses is under way, a quorum of the new list is enough: the change may be
 * recorded among the entries that are not held. So is one of a restart that the log may have marked there. And where
 * what is held of it is another history, the witnesses of what is final here are: none of it was final without them. */
enum om_code om_quorum_claim(struct om_txn *txn, struct om_checkpoint *out, uint32_t log, uint64_t held,
                             const uint8_t *note, size_t len, struct om_status *st);

/* ---- writing: one batch is one LMDB transaction ---- */

struct om_batch;

/* May STATEMENT be taken in at TAKEN_MS (Unix ms)? OM_REFUSED ("late", "clock"). Pure; any thread. */
enum om_code om_statement_times(const Oremark__Statement *statement, int64_t taken_ms, struct om_status *st);

struct om_receipt {
  struct om_hash statement_id;
  uint32_t log;
  uint64_t index;
  int64_t taken_ms;
  bool again;  /* it stood in the log before */
  bool queued; /* it stands in no log yet (ledger/queued.h): the fields above say nothing */
};

/* What signs in this daemon's name; secrets stay the caller's. */
struct om_signers_keys {
  const struct om_secret *log;
  const struct om_secret *cosign;
};

/* *OUT is ended by om_batch_commit or om_batch_abort; NULL on failure. */
enum om_code om_batch_begin(struct om_batch **out, struct om_ledger *ledger, struct om_status *st);
/* For reading what the batch has written so far. */
struct om_txn *om_batch_txn(struct om_batch *batch);

/* Appends CHECKED (from om_check_statement; stays the caller's) to the own log at TAKEN_MS, with the marks that it
 * needs before it. OM_REFUSED: of the statement nothing was written; marks that were appended to judge it stay, as true
 * as any. OM_WAIT: it leans on what is not final yet; the same holds. OM_IO with the rule "clock": TAKEN_MS is too far
 * behind the log. After any other failure the batch can only be aborted. A resubmission gets its first receipt. The
 * receipt may be told to anybody only after the commit. */
enum om_code om_batch_submit(struct om_batch *batch, struct om_receipt *out, struct om_checked *checked,
                             int64_t taken_ms, struct om_status *st);

/* Appends a registry mark to the own log if a newer final registry head is held than the log has marked; and the log's
 * entry 0, once the registry names this daemon. *MARKED says whether. Where the registry has gone on to another list of
 * witnesses and the log's last change of them is not settled, the log stays where it is. */
enum om_code om_batch_follow_registry(struct om_batch *batch, bool *marked, int64_t taken_ms, struct om_status *st);

/* Appends a mark of the own log itself, if its final head is the first that both lists of witnesses signed after a
 * change: from then on the new list suffices. *MARKED says whether; once for each change. Then the log follows the
 * registry, if it has waited for this. */
enum om_code om_batch_settle_witnesses(struct om_batch *batch, bool *marked, int64_t taken_ms, struct om_status *st);

/* Takes entry INDEX (= the log's size here) of a mirrored log. OM_WAIT: it is a mark beyond what is held of the marked
 * log, or is to be judged by registry entries not held: come again when more of those has arrived. OM_MALFORMED,
 * OM_REFUSED: the entry is invalid: the log is stopped here, the entry kept as evidence. A log that is stopped takes
 * nothing, but for what om_batch_proven has found to lie under a claim (om_log_claim). */
enum om_code om_batch_mirror(struct om_batch *batch, uint32_t log, uint64_t index, struct om_checked *checked,
                             struct om_status *st);
/* The same for the own log, whose tail this store has lost and others hold; but an entry that is invalid stops nothing.
 * From the first such entry on om_batch_cosign refuses ("votes") whatever the cosigning keys would sign that this log
 * shows: what they have signed before may be lost with the rest. */
enum om_code om_batch_refill(struct om_batch *batch, uint64_t index, struct om_checked *checked, struct om_status *st);
/* The same for an entry that could not even be taken apart: stops the log with WHY and keeps BYTES as evidence. */
enum om_code om_batch_stop_log(struct om_batch *batch, uint32_t log, uint64_t index, const uint8_t *bytes, size_t len,
                               const struct om_status *why, struct om_status *st);

/* Stores NOTE as LOG's final head if its quorum signed it, its root is the tree's at that size, and it is higher than
 * the last. OM_WAIT: fewer entries are held than it covers; or (rule "fork") its quorum signed it and what is held of
 * LOG is another history, which has lost: om_ledger_mend (ledger/rebuild.h) is due, and until then nothing more of LOG
 * is taken ("mending"). OM_REFUSED: it does not stand, or it is no head of the own
 * log. *NEWER whether it was stored. Whatever comes of it: if NOTE carries a cosignature of this daemon's that it does
 * not remember, it cosigns no more with that key ("votes"). */
enum om_code om_batch_final(struct om_batch *batch, bool *newer, uint32_t log, const uint8_t *note, size_t len,
                            struct om_status *st);

/* Writes the rows of the logs that the batch has grown: what is asked of the batch's transaction from here on sees them
 * as they are now. */
void om_batch_put_logs(struct om_batch *batch);

/* As a witness: checks LOG's proposed head NOTE against the mirrored tree, compares and sets the highest head cosigned
 * (kept durably), and makes the cosignature line (with newline) at TIME_S. It may be sent only after the commit.
 * OM_WAIT: fewer entries held, or (rule "mending") LOG has to be followed anew first; OM_REFUSED: not a witness, lower
 * than or beside what was cosigned, wrong root, log stopped. OM_IO, rule "clock": the log's last entry is from the
 * future, by this witness's clock; the same head may be cosigned later. */
enum om_code om_batch_cosign(struct om_batch *batch, char line[OM_NOTE_LINE_BYTES], uint32_t log, const uint8_t *note,
                             size_t len, uint64_t time_s, const struct om_signers_keys *keys, struct om_status *st);

/* Keeps in which start of its daemon, 16 bytes, LOG is answered: only after the commit. */
enum om_code om_batch_start(struct om_batch *batch, uint32_t log, const uint8_t start[16], struct om_status *st);

#define OM_EVIDENCE_NONE UINT32_MAX /* no piece */

/* Takes evidence against LOG that a peer has made (ledger/evidence.h), and freezes LOG if both heads in it are final.
 * *NUMBER is the piece that shows it, *NEWS whether it was not held before; OM_EVIDENCE_NONE: as much is held already,
 * or it is about another daemon of the registry log than the one named here, and not kept. If a head in it carries a
 * cosignature of this daemon's that it does not remember, it cosigns no more with that key ("votes"). OM_MISSING: the
 * registry here does not name LOG. OM_MALFORMED, OM_NO: it proves nothing against LOG. */
enum om_code om_batch_evidence(struct om_batch *batch, uint32_t *number, bool *news, uint32_t log, const uint8_t *bytes,
                               size_t len, struct om_status *st);
/* NOTE, a head of LOG, was met somewhere, final or not: keeps evidence if it can be shown to contradict a head that is
 * held, and keeps it for later if it may once be; where a quorum has signed it, what is held has lost as in
 * om_batch_final. OM_OK: that was looked at, or more of LOG must be held first. OM_MALFORMED, OM_REFUSED, OM_WAIT: it
 * is no head of LOG's daemon, as it is known here. */
enum om_code om_batch_met(struct om_batch *batch, uint32_t log, const uint8_t *note, size_t len, struct om_status *st);
/* Keeps with LOG, stopped at entry INDEX, the hashes of the N entries that came behind it: a head can be shown to cover
 * the invalid entry only as far as they reach. */
enum om_code om_batch_behind_stop(struct om_batch *batch, uint32_t log, uint64_t index, const struct om_span *entries,
                                  size_t n, struct om_status *st);
/* Keeps evidence that NOTE, a head that LOG signed, covers the invalid entry at which LOG is stopped. OM_NO: it does
 * not, or that can't be shown. */
enum om_code om_batch_prove_stop(struct om_batch *batch, uint32_t log, const uint8_t *note, size_t len,
                                 struct om_status *st);

/* Looks again whether the heads in evidence held against LOG are final, after its witnesses are known better. */
enum om_code om_batch_evidence_again(struct om_batch *batch, uint32_t log, struct om_status *st);

/* Signs the own log's head if it has grown (KEYS NULL: signs nothing), and makes everything durable. Ends the batch in
 * any case: not OM_OK means that nothing of it was written. With quorum 0 the new head is final at once. */
enum om_code om_batch_commit(struct om_batch *batch, const struct om_signers_keys *keys, struct om_status *st);
/* Ends the batch as if it had never been. NULL is fine. */
void om_batch_abort(struct om_batch *batch);

#endif
