/* A little history of one daemon among three, cut into steps of one commit each, that can be run again on any copy of
 * its store: own statements, mirrored entries with marks, cosignatures, final heads. The same step on the same state
 * gives the same bytes. One thread. */
#ifndef OREMARK_TESTS_CRASH_SCRIPT_H
#define OREMARK_TESTS_CRASH_SCRIPT_H

#include "support/network.h"

enum { SCRIPT_STEPS_MAX = 256, SCRIPT_DAEMON = 1 };

enum script_kind {
  SCRIPT_SUBMIT,  /* the blobs are signed statements */
  SCRIPT_MIRROR,  /* entries of LOG from START on */
  SCRIPT_COSIGN,  /* a proposed head of LOG */
  SCRIPT_FINAL,   /* a final head of LOG */
  SCRIPT_FOLLOW,  /* a mark of the registry */
  SCRIPT_REBUILD, /* LOG cut at START */
};

struct script_blob {
  uint8_t *bytes;
  size_t len;
  uint64_t index; /* SUBMIT: where it stands */
};

struct script_step {
  enum script_kind kind;
  uint32_t log;
  uint64_t start;
  int64_t ms;
  size_t n;
  struct script_blob *blobs;
  struct om_hash after; /* of everything in the store when the step is done */
};

struct script {
  struct network net;
  struct om_hash begun; /* of a store that is only open */
  size_t n;
  struct script_step steps[SCRIPT_STEPS_MAX];
};

/* Lives through the history once, with the other daemons. */
void script_make(struct script *script);
void script_free(struct script *script);

/* Runs step I in a batch of its own; OM_OK once it is durable. */
enum om_code script_run(struct script *script, struct om_ledger *ledger, size_t i, struct om_status *st);
/* SHA-256 over every key and value in the store. */
struct om_hash script_hash(struct om_ledger *ledger);
/* How many steps LEDGER has behind it, by its hash; false: it is in a state in which it never was. */
bool script_find(const struct script *script, size_t *steps, struct om_ledger *ledger);
/* Stops the program unless every log's entries hash to its root, the own log's signed head is of it, and the statements
 * of the last two submissions among the first STEPS are known by their first receipts. */
void script_check(struct script *script, struct om_ledger *ledger, size_t steps);

/* Opens the store in FOLDER; stops the program if that fails. */
struct om_ledger *script_open(const struct script *script, const char *folder);

#endif
