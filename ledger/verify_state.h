/* What the files of the verifier share and nobody else sees. */
#ifndef OREMARK_LEDGER_VERIFY_STATE_H
#define OREMARK_LEDGER_VERIFY_STATE_H

#include "ledger/verify.h"

/* An entry of the lineage: events order[first_event ..], written rows row_steps[first_step ..], both up to the next
 * entry's. */
struct om_verify_entry {
  uint64_t index;
  uint64_t registry_size; /* its log's registry mark */
  uint32_t log;
  uint32_t first_event, first_step;
  uint32_t waits; /* entries to be judged before it, counted once for each lot */
};

/* A mark that something leans on: entry INDEX of LOG says that MARKED was final up to SIZE. */
struct om_verify_mark {
  uint64_t index, size;
  uint32_t log, marked;
};

struct om_verify_log {
  struct om_log_info info;
  struct om_checkpoint head;
  bool has_head;
  bool stated; /* ...by the governors, and not by a note of the log's */
  uint32_t k, k_before;
  uint64_t time_s;
  uint64_t entries; /* hashed */
};

/* An entry beside the lineage that bears on it: an attestation's. */
struct om_verify_also {
  uint64_t index;
  uint32_t log;
  uint16_t event;
};

/* What an entry counts for that was judged as it was taken in. */
struct om_verify_judged {
  uint64_t index;
  uint32_t chain, custody, balance; /* of its events that were judged: lots, lots of hand-overs, contents */
  uint32_t rows, shares;            /* that it wrote, and shares in them */
  uint16_t events;                  /* that were judged */
  uint8_t signatures;
  bool revoked; /* one of them by a key that has been revoked since */
};
/* Adds what EVENT counts for: one event, and its lots and contents. */
void om_verify_judged_add(struct om_verify_judged *out, const Oremark__Event *event);

/* What was proven of a store while it was filled from a file (ledger/bundle.h): bytes and trees, signatures, rules. It
 * is not done again, and counted here. */
struct om_verify_given {
  size_t n_logs;
  const uint64_t *entries; /* of each log, by number: as many as were taken in; 0: the log is not in the file */
  const struct om_verify_judged *const *judged; /* by number: its statements that are there, ascending by index... */
  const size_t *n_judged;                       /* ...so many */
  const bool *outdated;       /* by number: its head rests on witnesses that were replaced since, and on no others */
  uint64_t all, bytes, trees; /* entries in all, their bytes; logs whose trees lead to their heads */
  uint64_t others;            /* lots outside the lineage that were taken as the file has them */
  uint64_t registry_s;        /* when the quorum of the registry's head signed it, Unix seconds; 0: nobody says */
};

/* Who wants to know what the entries of a lineage lean on, as they are judged again. */
struct om_verify_watch {
  void *ctx;
  /* It was asked how far the marks before entry INDEX of LOG cover MARKED. */
  void (*mark)(void *ctx, uint32_t log, uint64_t index, uint32_t marked);
  /* Entry ENTRY (of om_verify.entries) moves the lot NUMBER, which is outside the lineage, from its step STEP on. */
  void (*other)(void *ctx, size_t entry, const uint8_t number[OM_LOT_NUMBER_BYTES], uint32_t step);
  /* It was asked when entry INDEX of LOG was final. */
  void (*when)(void *ctx, uint32_t log, uint64_t index);
};

/* Findings of one sort, which leave room for others. */
struct om_verify_share {
  const char *name; /* "flags"; static */
  struct om_verdict_finding *items;
  size_t n;
  uint64_t more; /* that are counted only */
};

struct om_verify {
  struct om_txn *txn;
  struct om_arena *arena; /* of the verdict */
  const struct om_hash *network;
  uint32_t n_steps;                            /* of the lot asked for; 0: all */
  const struct om_verify_documents *documents; /* NULL: nobody knows of any */
  const struct om_progress *progress;
  const struct om_verify_given *given; /* NULL: nothing is */
  const struct om_verify_watch *watch; /* NULL: nobody; then nothing is done side by side */
  struct om_crew *crew;                /* NULL: one does it all */
  struct om_txn **txns;                /* one for each of the crew, that read what TXN reads */
  bool deep;
  struct om_verdict *verdict;
  struct om_lineage lineage;
  uint32_t *order;                 /* events by log, index, event */
  uint32_t *entry_of;              /* event -> entry */
  uint32_t *row_steps;             /* steps by entry */
  struct om_verify_entry *entries; /* by log and index; one more at the end */
  size_t n_entries;
  struct om_verify_mark *marks; /* by log and index */
  size_t n_marks, cap_marks;
  struct om_verify_also *also; /* once planned: by log and index, none twice */
  size_t n_also, cap_also;
  struct om_place *papers; /* attestations about the lineage's lots, and certificates, that name documents */
  size_t n_papers, cap_papers;
  bool papers_cut; /* there are more than are looked after */
  struct om_verify_key *revoked; /* keys that signed records of the lineage and were revoked later */
  size_t n_revoked;
  struct om_verify_log **logs; /* by number; NULL: not touched */
  size_t n_logs;
  struct om_verify_share shares[OM_FINDING_SHARES_MAX];
  size_t n_shares;
  size_t n_doubtful;       /* records that findings have named */
  void *known_documents;   /* verify_documents.c's */
  uint64_t bystanders;     /* lots outside the lineage that were taken as the store has them */
  struct om_place *naming; /* events of the lineage that name documents; found where documents are looked after */
  size_t n_naming, cap_naming;
  struct om_hash leaves;                /* over all that the rules were judged on: entries, marks, the registry */
  const struct om_remembered *recalled; /* the lineage's arrays are its; NULL: they are this verification's own */
  bool stale;                           /* what was recalled is not what stands there: it is to be forgotten */
};

/* What a verification may take from an earlier one of the same lot (verify_memory.c): the lineage, its plan and what
 * the rules found, if the bytes that it rests on hash to the same again. */
struct om_remembered {
  uint8_t number[OM_LOT_NUMBER_BYTES];
  bool documents; /* were looked after */
  struct om_hash leaves;
  uint64_t passed[OM_CHECKS], bystanders;
  struct om_lineage lineage;
  uint32_t *order, *entry_of;
  struct om_verify_entry *entries;
  size_t n_entries;
  struct om_verify_mark *marks;
  size_t n_marks;
  struct om_place *naming;
  size_t n_naming;
  size_t bytes;  /* of all that */
  uint64_t used; /* when it was, counted in questions */
};

/* Borrows what MEMORY (may be NULL) has of V's lot; false: nothing, or the lot has gone on since. */
bool om_verify_recall(struct om_verify *v, struct om_verify_memory *memory, const uint8_t number[OM_LOT_NUMBER_BYTES]);
/* V's lot was verified: takes its arrays over, unless they are too large. */
void om_verify_keep(struct om_verify *v, struct om_verify_memory *memory, const uint8_t number[OM_LOT_NUMBER_BYTES]);
void om_verify_forget(struct om_verify_memory *memory, const uint8_t number[OM_LOT_NUMBER_BYTES]);
/* Whether anything has been attested about any lot. */
bool om_verify_lots_attested(struct om_txn *txn);

enum {
  OM_VERIFY_CERTIFICATES_MAX = 4096, /* that are compared with the records of their subjects, in one lineage; a subject
                                        has a few. 200 bytes each, and a look at each for every record. */
};

/* Verifies the lot NUMBER, as om_verify_asked does, with what V was given: txn, arena, network, documents,
 * progress, given, watch, deep, crew with its txns. V is the caller's to free, with all that was found, by
 * om_verify_free. */
enum om_code om_verify_run(struct om_verify *v, struct om_verdict *out, const uint8_t number[OM_LOT_NUMBER_BYTES],
                           struct om_status *st);
void om_verify_free(struct om_verify *v);

void om_verify_pass(struct om_verify *v, enum om_check_kind kind, uint64_t n);
void om_verify_fail(struct om_verify *v, enum om_check_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* N failures, the FIRST of which is told. */
void om_verify_failures(struct om_verify *v, enum om_check_kind kind, uint64_t n, const char *first);
void om_verify_unknown(struct om_verify *v, enum om_check_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* A finding of KIND (static) ("flag"), in the share of that name with an s. */
void om_verify_find(struct om_verify *v, const char *kind, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Entries of the lineage that are in doubt; the first of them, and how many there are. All zero: none. */
struct om_verify_doubtful {
  struct om_place *first; /* malloc'ed */
  size_t n, cap;
  uint64_t all;
};
void om_verify_doubt(struct om_verify_doubtful *out, uint32_t log, uint64_t index);
/* om_verify_find of a finding that puts RECORDS in doubt: names them, as far as there is room. */
void om_verify_find_doubtful(struct om_verify *v, const char *kind, const struct om_verify_doubtful *records,
                             const char *fmt, ...) __attribute__((format(printf, 4, 5)));
#define OM_SHARE_ENDED_FLAGS "flags that were cleared or overruled"
/* The same in the share SHARE (static). */
void om_verify_find_in(struct om_verify *v, const char *share, const char *kind, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Whether SHARE has no room for any more. */
bool om_verify_full(struct om_verify *v, const char *share);
/* Counts a finding for which SHARE has no room any more; false: it has, and it is to be told. */
bool om_verify_too_many(struct om_verify *v, const char *share);
/* Puts what was found into the verdict. At the end. */
void om_verify_tell_findings(struct om_verify *v);
/* The event at PLACE bears on the lineage: its entry is hashed too. *FINAL says whether a final head that is held
 * covers it; where none does it is left out, since nobody answers for it yet. To be called while the entries are
 * planned. */
enum om_code om_verify_also(struct om_verify *v, bool *final, const struct om_place *place, struct om_status *st);
/* verify_plan.c: opens the logs of the lineage, and puts its entries and their marks in order. */
enum om_code om_verify_plan(struct om_verify *v, struct om_status *st);

/* verify_heads.c: v->logs[LOG], with its head. OM_CORRUPT: there is no such log. */
enum om_code om_verify_open(struct om_verify *v, uint32_t log, struct om_status *st);
/* When entry INDEX of LOG was final, as om_times_final. */
uint64_t om_verify_time(struct om_verify *v, uint32_t log, uint64_t index);
/* Whether the final head of LOG needs no cosignatures, so that no quorum says when it was final. */
bool om_verify_timeless(const struct om_verify *v, uint32_t log);
enum { OM_VERIFY_WHO_BYTES = OM_NAME_BYTES + 32 };
/* "Kamoto Mine (member 2)", for sentences; its number alone where the registry has no name. Returns OUT. */
const char *om_verify_who(const struct om_verify *v, char out[OM_VERIFY_WHO_BYTES], uint32_t member);
enum { OM_VERIFY_SITE_BYTES = 2 * OM_NAME_BYTES + 64 };
/* "Toquepala (site 1) of Kamoto Mine (member 2)", for sentences; numbers alone where the registry has no names. Returns
 * OUT. */
const char *om_verify_site(const struct om_verify *v, char out[OM_VERIFY_SITE_BYTES], uint32_t member, uint32_t site);
/* "kamoto.example/log", for sentences. */
const char *om_verify_origin(const struct om_verify *v, uint32_t log);

/* verify_verdict.c: says in the verdict what each check is called and means. At the beginning. */
void om_verify_name_checks(const struct om_verify *v);
/* Adds up what was found: what the verdict is, of which logs, and what it does not rest on. At the end. */
void om_verify_conclude(struct om_verify *v);

/* Tells what bears on the lineage, and plans it. */
enum om_code om_verify_bearing(struct om_verify *v, struct om_status *st);
/* The same for certificates, the status of mine sites, and estimates: judged, told, their entries hashed too. */
enum om_code om_verify_attested(struct om_verify *v, struct om_status *st);

/* Tells the assays of the lineage's lots, and what follows from them side by side; their entries are hashed. */
enum om_code om_verify_assays(struct om_verify *v, struct om_status *st);

/* Tells of EVENT of the lineage, a hold that MEMBER stated, where the governors have overruled it. */
enum om_code om_verify_hold(struct om_verify *v, uint32_t member, size_t event, struct om_status *st);

/* Compares OUTPUT with what was estimated of its site; what is read lives in ARENA. */
struct om_output;
enum om_code om_verify_output(struct om_verify *v, struct om_arena *arena, const struct om_output *output,
                              struct om_status *st);

/* KEY, which was revoked since, signed entry INDEX of LOG. */
void om_verify_revoked(struct om_verify *v, const struct om_member_key *key, uint32_t log, uint64_t index);
void om_verify_keys_free(struct om_verify *v);
/* Tells of the keys that were revoked. After the rules. */
enum om_code om_verify_keys(struct om_verify *v, struct om_status *st);
/* Tells of the members that are suspended. */
enum om_code om_verify_suspended(struct om_verify *v, struct om_status *st);

/* When entry INDEX of LOG was taken in by that log's word, Unix ms. */
enum om_code om_verify_taken(struct om_verify *v, int64_t *ms, uint32_t log, uint64_t index, struct om_status *st);
enum { OM_VERIFY_SLOW_BYTES = 160 };
/* "mine.example/log took that up 2 h 5 min 0 s later": how slow LOG was to mark ACT of the registry, taken at ACT_MS.
 */
enum om_code om_verify_slow(struct om_verify *v, char out[OM_VERIFY_SLOW_BYTES], uint32_t log, uint64_t act,
                            int64_t act_ms, struct om_status *st);

/* Hashes what was planned, and checks that each mark says what is leaned on. */
enum om_code om_verify_hash(struct om_verify *v, struct om_status *st);

/* Judges every entry again, in an order in which every lot's steps follow each other; ends at the first failure. */
enum om_code om_verify_rules(struct om_verify *v, struct om_status *st);

/* The events of entry ENTRY's statement S that are of the lineage, and those of S that they name lots by. */
enum om_code om_verify_chosen(const struct om_verify *v, bool only[OM_EVENTS_MAX], size_t entry,
                              const Oremark__Statement *s, struct om_status *st);

/* The attestation at PLACE bears on the lineage: the documents that it names, if any, are looked after; its entry is
 * hashed. To be called before om_verify_papers. */
enum om_code om_verify_paper(struct om_verify *v, const struct om_place *place, struct om_status *st);
/* Finds the attestations about the lineage's lots that name documents: assays, inspections; their entries are hashed.
 */
enum om_code om_verify_papers(struct om_verify *v, struct om_status *st);
/* Looks after the documents that the lineage and those attestations name. */
enum om_code om_verify_documents(struct om_verify *v, struct om_status *st);

#endif
