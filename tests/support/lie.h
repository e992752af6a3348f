/* A network of five daemons, one of which writes an entry into its log that no log may hold, and signs it. */
#ifndef OREMARK_TESTS_SUPPORT_LIE_H
#define OREMARK_TESTS_SUPPORT_LIE_H

#include "ledger/proven.h"
#include "support/records.h"

enum { LIE_N = 5, LIE_LOG = 1, LIE_BEHIND = 5 }; /* daemons; the liar's log and number; entries behind the bad one */
#define LIE_MS INT64_C(1710000000000)            /* when all happens, Unix milliseconds */

struct lie {
  struct network net;
  char *paths[LIE_N];
  struct om_ledger *ledgers[LIE_N];
  struct om_status st;
  uint64_t index; /* of the bad entry */
  uint8_t *bad;
  size_t bad_len;
  struct om_arena arena;
};

struct lie_head {
  uint8_t note[OM_NOTE_BYTES_MAX];
  size_t len;
};

/* The liar's log up to SIZE entries, all good and final everywhere but at daemon 4, which has a few of them. */
void lie_open(struct lie *l, uint64_t size);
void lie_close(struct lie *l);
/* Writes the bad entry: not even protobuf; or well-formed, but of a member whose home is another log. Then entry by
 * entry what stands behind it: bytes 0 to LIE_BEHIND - 1. */
void lie_tell(struct lie *l, bool malformed);
/* The head that the liar has signed over all that. */
struct lie_head lie_head(struct lie *l);
/* How N ENTRIES of the liar's log from START on are proven by HEAD, for an APPLY, which is to free it: as they would be
 * if they were those in the liar's log. */
struct om_proven *lie_proven(struct lie *l, const struct lie_head *head, uint64_t start, const struct om_span *entries,
                             size_t n);
struct om_log_info lie_info(struct lie *l, size_t daemon);

#endif
