/* Is what this store says of a lot true? Every entry of the lot's lineage, of the marks that it leans on and of the
 * registry log is hashed again, up to the quorum-signed heads; then every event of the lineage is judged again by the
 * rules, from nothing, and what follows must be the rows that the store shows, to the byte. Each finding is counted
 * under the check that it belongs to. Reads through the caller's transaction. Thread: the transaction's. */
#ifndef OREMARK_LEDGER_VERIFY_H
#define OREMARK_LEDGER_VERIFY_H

#include "ledger/crew.h"
#include "ledger/documents.h"
#include "ledger/lineage.h"
#include "ledger/registry.h"
#include "ledger/statement.h"

enum om_check_kind {
  OM_CHECK_LINEAGE = 0,
  OM_CHECK_BYTES,
  OM_CHECK_TREE,
  OM_CHECK_HEAD,
  OM_CHECK_FINAL,
  OM_CHECK_MARK,
  OM_CHECK_RULES,
  OM_CHECK_CHAIN,
  OM_CHECK_CUSTODY,
  OM_CHECK_BALANCE,
  OM_CHECK_ATTRIBUTION,
  OM_CHECK_STATE,
  OM_CHECK_HISTORY,
  OM_CHECK_CERTIFICATES,
  OM_CHECK_SITES,
  OM_CHECK_OUTPUT,
  OM_CHECK_DOCUMENTS,
  OM_CHECK_SIGNATURES, /* only when asked for: deep */
  OM_CHECKS,
};

struct om_check {
  const char *name;                 /* "bytes"; static */
  const char *what;                 /* what it means, for a person; static */
  uint64_t passed, failed, unknown; /* unknown: what is held here does not say */
  char first[OM_STATUS_TEXT_BYTES]; /* the first failure, else the first unknown: where, and what was wanted */
};

/* What somebody who judges the lot should know, and what fails no check: a flag, a correction, a certificate, a key
 * that was revoked later. */
struct om_verdict_finding {
  const char *kind;           /* "flag", "correction", "certificate", "key", ...; static */
  const char *text;           /* one sentence: where, who, when */
  const char *const *records; /* entries of the lineage that it puts in doubt, "ORIGIN:INDEX", by log and index... */
  size_t n_records;
  uint64_t more_records; /* ...and so many that are counted only */
};

/* A log that the lineage stands in, and the head that it was checked against. */
struct om_verdict_log {
  uint32_t log;
  char origin[OM_NAME_BYTES + 1];
  uint64_t size; /* of the final head; 0: none is held here */
  struct om_hash root;
  uint32_t k;        /* operators whose cosignatures the head needed */
  uint32_t k_before; /* and of the list before, where a change of witnesses was not settled; else 0 */
  uint64_t time_s;   /* of the quorum, Unix seconds; 0 with quorum 0 */
  uint64_t entries;  /* of it that were hashed */
};

enum {
  OM_NOT_CHECKED_MAX = 16,
  OM_NOT_CHECKED_BYTES = 256,   /* a sentence of two lines */
  OM_FINDINGS_MAX = 200,        /* more are counted only: nobody reads on, and the answer stays a message */
  OM_FINDING_SHARES_MAX = 16,   /* kinds that share them */
  OM_FINDING_RECORDS_MAX = 200, /* named by all findings together: as many as somebody looks up one by one, and the
                                   answer stays a message */
};

/* Findings that are counted only. */
struct om_verdict_left {
  const char *what; /* "flags"; static */
  uint64_t n;
};

struct om_verdict {
  bool verified;  /* every check passed and all is final */
  bool undecided; /* nothing failed, but not all is final yet, a log is frozen (it has two final histories), or
                     something is not known here */
  struct om_check checks[OM_CHECKS];
  size_t n_checks;
  char not_checked[OM_NOT_CHECKED_MAX][OM_NOT_CHECKED_BYTES]; /* what the answer rests on that was not checked here */
  size_t n_not_checked;
  struct om_verdict_finding *findings; /* in the caller's arena: keys and suspensions first, then by kind */
  size_t n_findings;
  uint64_t more_findings; /* beyond OM_FINDINGS_MAX: the sum of... */
  struct om_verdict_left left[OM_FINDING_SHARES_MAX];
  size_t n_left;
  struct om_verdict_log *logs; /* in the caller's arena, ascending by number */
  size_t n_logs;
  uint64_t records; /* events in the lineage */
  uint64_t lots;    /* lots in it */
  uint64_t entries; /* entries hashed */
  uint64_t bytes;   /* of them */
};

/* Who knows which documents are held beside the ledger: what is held of HASH, its bytes hashed again. */
struct om_verify_documents {
  void *ctx;
  enum om_document_state (*check)(void *ctx, uint64_t *size, const struct om_hash *hash);
};

/* Keys that signed an entry and were revoked later. */
struct om_signed_by_revoked {
  size_t n;
  struct om_revoked_signer {
    struct om_member_key key;
    bool before; /* the entry was final before the theft, as far as is known here: it is beyond doubt */
  } signers[OM_SIGNATURES_MAX];
};
enum om_code om_signed_by_revoked(struct om_txn *txn, struct om_signed_by_revoked *out, uint32_t log, uint64_t index,
                                  struct om_status *st);

/* Lineages that were verified and what the rules found, so that the next question about such a lot costs no more than
 * to hash its bytes again and to see that they are the same; the newest of them, up to MAX_BYTES. In memory only: a
 * restart forgets them. Used for one question at a time. */
struct om_verify_memory;
enum { OM_VERIFY_MEMORY_BYTES = 256 << 20 }; /* for a daemon: one lineage of a million records, or many small ones */
struct om_verify_memory *om_verify_memory_new(size_t max_bytes);
/* NULL is fine. */
void om_verify_memory_free(struct om_verify_memory *memory);

/* What is asked of a lot. */
struct om_verify_ask {
  const uint8_t *number; /* OM_LOT_NUMBER_BYTES */
  uint32_t n_steps;      /* only its first steps and what they came from; 0: all. What bears on
                            them is as known now, and the verdict says so */
  bool deep;             /* also every signature, under the keys as of the log's registry mark, and
                            the quorum of every mark */
  const struct om_verify_documents *documents; /* one with another hash than its name says fails, one that is missing or
                                                  was erased is a finding. NULL: nobody knows, and that is said */
  const struct om_progress *progress;          /* NULL: nobody wants to know */
  struct om_crew *crew;                        /* who work side by side, each reading TXN's commit or a later one; the
                                                  verdict does not depend on how many they are. NULL: the caller */
  struct om_verify_memory *memory;             /* for questions that are neither deep nor of first steps, and filled by
                                                  them. NULL: nothing is remembered */
};
/* Verifies a lot, as asked. OM_OK with the verdict in OUT (its logs in ARENA), whatever it says; OM_MISSING: no such
 * lot; OM_REFUSED ("limit"): too many events; OM_BUSY: who wants to know of progress gave up; else the store's failure.
 */
enum om_code om_verify_asked(struct om_txn *txn, struct om_arena *arena, struct om_verdict *out,
                             const struct om_hash *network, const struct om_verify_ask *ask, struct om_status *st);

#endif
