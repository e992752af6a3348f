/* One statement being judged. The rules read lots through here and write them here; nothing reaches the store unless
 * every event of the statement was found valid. The same rules serve the daemon, which writes what follows, and `lot
 * verify`, which compares it with what is stored; an om_backing says where lots are looked up. Everything lives in the
 * stage's arena. Thread: the caller's. */
#ifndef OREMARK_LEDGER_STAGE_H
#define OREMARK_LEDGER_STAGE_H

#include "ledger/lot.h"
#include "ledger/registry.h"
#include "ledger/store.h"

enum {
  OM_EVENTS_MAX = 256,      /* events in a statement: DESIGN section 2 */
  OM_EVENT_LOTS_MAX = 1000, /* lots in an event: DESIGN section 5 */
  /* Shares (an element from an origin) that a statement may move. A thousand lots of 16 elements from 64 origins each
   * would be a million: 20 MB to write and a second to reckon, on every daemon, for 64 KB. This is a thousand lots of
   * two such elements. */
  OM_STATEMENT_SHARES_MAX = 128 * 1024,
};

/* What the rules may ask about the world outside the statement. Each returns OM_OK or an error of the store. */
struct om_backing {
  void *ctx;
  /* The lot's last row, in ARENA. OM_MISSING where there is no such lot; this is asked of every new lot, so it need not
   * make a sentence of it. */
  enum om_code (*lot)(void *ctx, struct om_arena *arena, struct om_lot *out, const uint8_t number[OM_LOT_NUMBER_BYTES],
                      struct om_status *st);
  /* How far the judged log's marks cover LOG: entries below *SIZE may be leaned on. 0 without a mark. */
  enum om_code (*mark)(void *ctx, uint64_t *size, uint32_t log, struct om_status *st);
  /* MEMBER's gains so far of ELEMENT in the period that begins with day PERIOD (since 1970-01-01), milligrams. */
  enum om_code (*drift)(void *ctx, int64_t *mg, uint32_t member, uint8_t element, uint32_t period,
                        struct om_status *st);
  struct om_txn *txn; /* for the lookups of ledger/registry.h and ledger/attested.h, each as of what the log covers */
  bool inserts;       /* who writes the rows refuses a new lot whose number is taken: it is not asked for before */
  bool uncapped;      /* replay of a part of the history: drift is not asked, its cap not checked */
};

/* What stands fixed while a statement is judged. */
struct om_case {
  struct om_hash network;
  struct om_hash statement_id;
  const Oremark__Statement *statement;
  const uint32_t *signers; /* members whose signatures were found good, ascending, each once */
  size_t n_signers;
  const uint32_t *key_ids; /* of each signer's key; registry acts only, else NULL */
  uint32_t log;            /* where the entry stands or would stand */
  uint64_t index;
  uint64_t registry_size; /* the log's last registry mark */
  int64_t taken_ms;       /* entry time, Unix ms */
  uint32_t rules_known;   /* the newest version of the rules that the program knows; registry acts only */
  const bool *only; /* NULL: all events are judged. Replay of a part of the history: for each, whether it is; what they
                       name by place must be among them. Whether each signature is needed can't be said then. */
};

struct om_staged_drift {
  uint8_t element;
  uint32_t period; /* its first day, since 1970-01-01 */
  int64_t mg;      /* the new sum */
};

/* A row of a table besides the lots' (ledger/attested.h). */
struct om_staged_row {
  enum om_table table;
  const uint8_t *key, *data; /* in the arena */
  size_t key_len, len;
};

struct om_claimed_list;

/* A lot that the statement has touched, as it has left it so far. */
struct om_staged_lot {
  struct om_lot *last;
  uint32_t touched;                /* the event that took or made it last, counted from 1 */
  struct om_claimed_list *claimed; /* ledger/claimed.h; NULL: not asked yet */
};

struct om_stage {
  struct om_arena *arena;
  const struct om_case *judged;
  const struct om_backing *backing;
  struct om_member member; /* who speaks */
  /* Every row that the statement wrote, in order (a lot twice touched has two), to be put into the store... */
  struct om_lot **rows;
  size_t n_rows, cap_rows;
  /* ...and the lots that each event wrote, for references within the statement: outputs[first[e] .. first[e + 1]). */
  struct om_lot **outputs;
  size_t n_outputs, cap_outputs;
  size_t first[OM_EVENTS_MAX + 1];
  struct om_staged_drift *drift;
  size_t n_drift, cap_drift;
  struct om_staged_row *others; /* in order; a later one of the same key takes the place of the one before */
  size_t n_others, cap_others;

  /* For the functions below alone. */
  uint16_t event; /* being judged */
  struct om_hash event_id;
  struct om_staged_lot *touched; /* by number: open addressing, a power of two */
  size_t n_touched, cap_touched;
  size_t n_consumed;             /* by the event being judged */
  size_t n_shares;               /* moved so far */
  uint64_t needed;               /* signers (bit i: judged->signers[i]) without whom an event would have been refused */
  const Oremark__Limits *limits; /* NULL: not asked yet */
  struct om_site site;           /* the last one asked; number 0: none yet */
  uint32_t wait_log;
  uint64_t wait_size;
};

/* Refuses LOT, a new one, because another has its number. */
enum om_code om_stage_taken(const struct om_lot *lot, struct om_status *st);

/* Judges every event of JUDGED against BACKING; on OM_OK, OUT holds the rows to be written. OM_REFUSED names the rule,
 * the figures and what to do; OM_WAIT where it leans on what the log's marks do not cover yet: then *WAIT_LOG and
 * *WAIT_SIZE say which mark it needs. Events must be custody events; signatures and form have been checked before. OUT
 * points into ARENA and to JUDGED and BACKING. */
enum om_code om_judge(struct om_stage *out, struct om_arena *arena, const struct om_case *judged,
                      const struct om_backing *backing, uint32_t *wait_log, uint64_t *wait_size, struct om_status *st);

/* ---- for the rules of the events ---- */

/* Counts N shares that are about to be moved; refused with "origins" beyond OM_STATEMENT_SHARES_MAX. om_stage_find
 * counts those of its lot; who takes from the same mix again and again counts it each time. */
enum om_code om_stage_move(struct om_stage *stage, size_t n, struct om_status *st);

/* The lot that REF names, as the statement has left it so far; it now belongs to the event being judged. Refused: "lot"
 * (none such), "retired", "consumed", "chain" (REF is not at its last event), "twice" (this event has it already),
 * "origins". OM_WAIT where its last event stands in another log beyond what the judged log's marks cover. Whose it is
 * and where, is not looked at. */
enum om_code om_stage_find(struct om_stage *stage, const struct om_lot **out, const Oremark__LotRef *ref,
                           struct om_status *st);

/* What is kept of LOT, which the statement has touched, while it is judged; until the next lot is found or made. */
struct om_staged_lot *om_stage_touched(struct om_stage *stage, const struct om_lot *lot);

/* The next row of LOT, by the event being judged: a copy one step on, to be changed before the event's rule returns. */
struct om_lot *om_stage_step(struct om_stage *stage, const struct om_lot *lot);

/* The last row of LOT: consumed whole by the event being judged. */
void om_stage_consume(struct om_stage *stage, const struct om_lot *lot);

/* A new lot in the hands of the signer, born by the event being judged as its next output; to be filled in at once. */
enum om_code om_stage_new(struct om_stage *stage, struct om_lot **out, struct om_status *st);

/* A row of om_stage_step as the next output of the event being judged. */
void om_stage_output(struct om_stage *stage, struct om_lot *row);

/* Writes a row besides the lots'; copied. */
void om_stage_put(struct om_stage *stage, enum om_table table, const void *key, size_t key_len, const void *data,
                  size_t len);
/* Reads one, as the statement has left it so far; false: there is none, or the store failed (om_txn_check). The caller
 * sees to it that the judged log covers what it leans on. */
bool om_stage_get(struct om_stage *stage, struct om_bytes *out, enum om_table table, const void *key, size_t key_len);

/* May the judged log lean on entry INDEX of LOG? OM_WAIT where its marks don't cover it yet. For its own log: whether
 * the entry stands before the judged one (OM_REFUSED: it does not). */
enum om_code om_stage_covers(struct om_stage *stage, uint32_t log, uint64_t index, struct om_status *st);

/* Why the signature of MEMBER would not count, for the end of a sentence; "" where it would. */
const char *om_stage_unheard(const struct om_stage *stage, uint32_t member);

/* Whether MEMBER has signed and is not suspended; asked only where an event is refused without it, for a signature
 * nobody asks for is refused. */
bool om_stage_signed(struct om_stage *stage, uint32_t member);

/* The limits as of the judged registry. */
enum om_code om_stage_limits(struct om_stage *stage, const Oremark__Limits **out, struct om_status *st);

/* The signer's own site NUMBER; refused with "site" where there is none. */
enum om_code om_stage_site(struct om_stage *stage, const struct om_site **out, uint32_t number, struct om_status *st);

/* Adds a gain of MG of ELEMENT inside a tolerance to the signer's drift of the period in which the entry was taken;
 * refused with "drift-cap" where that goes over its cap. */
enum om_code om_stage_gain(struct om_stage *stage, uint8_t element, int64_t mg, struct om_status *st);

enum { OM_WHO_BYTES = OM_NAME_BYTES + 24 };
/* "member 4 (Kokkola)", for sentences. Returns OUT. */
const char *om_stage_who(const struct om_stage *stage, char out[OM_WHO_BYTES], uint32_t member);

#endif
