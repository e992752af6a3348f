/* One status for the whole project: a code that decides the exit status, the rule that was broken, and one sentence
 * that grows on the way up ("importing row 12: lot OM-...: shipped 20.000 t, only 19.400 t left"). Stands in keys/
 * because that is the lowest folder with code. Thread: a status belongs to its caller; nothing here is shared. */
#ifndef OREMARK_KEYS_STATUS_H
#define OREMARK_KEYS_STATUS_H

#include <stdbool.h>
#include <stddef.h>

/* What came of a call. LMDB, libuv and errno codes are translated into these where they come in. */
enum om_code {
  OM_OK = 0,
  OM_NO,        /* the answer is no: a verification or check failed (exit 1) */
  OM_USAGE,     /* the caller typed or configured it wrong (exit 2) */
  OM_IO,        /* disk, socket, no daemon, no memory (exit 3) */
  OM_FULL,      /* the disk or the map is full; nothing was lost (exit 3) */
  OM_BUSY,      /* somebody else holds it: socket, folder, lock (exit 3) */
  OM_CORRUPT,   /* stored bytes do not match their hash or format (exit 3) */
  OM_MALFORMED, /* bytes from outside that are not in the stated format (exit 4) */
  OM_REFUSED,   /* well formed, but against a rule of the ledger (exit 4) */
  OM_MISSING,   /* no such thing is known here (exit 5) */
  OM_WAIT,      /* leans on what has not arrived or is not final yet; later it may do (exit 5) */
};

enum {
  OM_STATUS_TEXT_BYTES =
      600,                   /* a sentence with two lot numbers, figures and what to do; longer is cut at a character */
  OM_STATUS_RULE_BYTES = 32, /* the longest rule name is half of this */
};

struct om_status {
  enum om_code code;
  char rule[OM_STATUS_RULE_BYTES]; /* name of the rule that was broken, "" if none; stable, for scripts */
  char text[OM_STATUS_TEXT_BYTES]; /* one sentence for a person, UTF-8 without control characters */
};

/* Sets ST to CODE, RULE (NULL: none) and the formatted sentence; returns CODE. What is not om_text_ok in it becomes
 * '?'. */
enum om_code om_fail(struct om_status *st, enum om_code code, const char *rule, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Puts the formatted words and ": " before the sentence of ST, keeping code and rule; returns its code. */
enum om_code om_wrap(struct om_status *st, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The rules that this program itself asks for; all others are for people and scripts. */
#define OM_RULE_FORK "fork"                   /* another history is held here, or was signed */
#define OM_RULE_QUORUM "quorum"               /* too few have cosigned, or could */
#define OM_RULE_UPGRADE "upgrade"             /* a newer program knows what to do with it */
#define OM_RULE_MAP "map"                     /* the store's map is full */
#define OM_RULE_AS_OF "as-of"                 /* what was then can't be told */
#define OM_RULE_COSIGN_KEY "cosign-key"       /* the cosigning key is not in use yet */
#define OM_RULE_VOTES "votes"                 /* what was cosigned with it was forgotten */
#define OM_RULE_BY_HAND "by-hand"             /* the operator has to accept it */
#define OM_RULE_STOPPED "stopped"             /* the log is not followed further */
#define OM_RULE_QUEUED "queued"               /* it waits in the daemon until that is ready */
#define OM_RULE_REGISTRY_HEAD "registry-head" /* the file's registry is not the one that is known */
#define OM_RULE_ERASED "erased"               /* the document was erased here on purpose */
/* Whether ST says that RULE was broken. */
bool om_broke(const struct om_status *st, const char *rule);

/* Clears ST to OM_OK. */
void om_status_clear(struct om_status *st);

/* The process exit status for CODE (DESIGN section 7: 0 yes, 1 no, 2 usage, 3 I/O, 4 refused, 5 undecided). */
int om_exit_status(enum om_code code);

/* A short stable name of CODE for logs and JSON: "ok", "no", "usage", ... */
const char *om_code_name(enum om_code code);

/* A broken invariant of our own: prints where and stops the program, in release builds too. */
_Noreturn void om_panic(const char *file, int line, const char *what);
#define OM_ASSERT(cond) ((cond) ? (void)0 : om_panic(__FILE__, __LINE__, #cond))

#endif
