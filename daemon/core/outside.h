/* What this daemon asks of witnesses outside the network (C2SP tlog-witness), to cosign its own log's final heads. What
 * they sign appears in what is published, and never counts for what is final. Pure: bytes in, bytes out. Thread: the
 * transaction's. */
#ifndef OREMARK_DAEMON_CORE_OUTSIDE_H
#define OREMARK_DAEMON_CORE_OUTSIDE_H

#include "daemon/core/add_checkpoint.h"
#include "ledger/ledger.h"

/* A head that outsiders are asked to cosign. */
struct om_outside_head {
  struct om_checkpoint checkpoint;
  size_t len;
  char note[OM_NOTE_BYTES_MAX]; /* with the log's signature alone: who else has signed is not theirs to judge */
};

/* The last final head of LOG. OM_MISSING: there is none. */
enum om_code om_outside_head(struct om_txn *txn, struct om_outside_head *out, uint32_t log, struct om_status *st);

/* The body of the request to cosign HEAD for a witness that has cosigned LOG at OLD, which is no more than its size.
 * *LEN of it, no NUL. */
enum om_code om_outside_body(struct om_txn *txn, char out[OM_ADD_CHECKPOINT_MAX_BYTES], size_t *len, uint32_t log,
                             const struct om_outside_head *head, uint64_t old, struct om_status *st);

/* KEY's cosignature of HEAD among the lines that a witness has answered with, LEN bytes at BODY; a line with its
 * newline and NUL. OM_MISSING: there is none that is good. */
enum om_code om_outside_line(char out[OM_NOTE_LINE_BYTES], const struct om_outside_head *head, const char *body,
                             size_t len, const struct om_vkey *key, struct om_status *st);

/* The size in the body of a 409; false: it is none. */
bool om_outside_size(uint64_t *out, const char *body, size_t len);

#endif
