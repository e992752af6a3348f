/* Asks witnesses outside the network to cosign the own log's final heads (C2SP tlog-witness, by libcurl), in a thread
 * of its own, so that nothing in the daemon waits for them. What they have signed of the last head is kept in a store
 * of its own, STORE/outside. Thread: the loop's, but for om_outsiders_lines. */
#ifndef OREMARK_DAEMON_IO_OUTSIDERS_H
#define OREMARK_DAEMON_IO_OUTSIDERS_H

#include "daemon/core/answer.h"

enum {
  OM_OUTSIDERS_MAX = 16,           /* C2SP signed-note: 16 signatures of a note are surely taken */
  OM_OUTSIDERS_AFTER_FAULT_S = 60, /* a witness that did not answer as it should is asked again after this */
};

struct om_outsiders;

/* Reads "VKEY URL". OM_USAGE. *URL points into TEXT. */
enum om_code om_outsider_parse(struct om_vkey *key, const char **url, const char *text, struct om_status *st);

/* WITNESSES are such texts, and like LEDGER and FOLDER (the daemon's store) outlive it. AFTER_FAULT_S:
 * OM_OUTSIDERS_AFTER_FAULT_S, but for tests. */
enum om_code om_outsiders_start(struct om_outsiders **out, struct om_store *ledger, const char *folder,
                                char *const *witnesses, size_t n, unsigned after_fault_s, struct om_status *st);
/* The own log, and how far it is final now. NULL is fine. */
void om_outsiders_final(struct om_outsiders *outsiders, uint32_t log, uint64_t size);
/* What they have signed, in ARENA; *N of it. NULL is fine. Any thread. */
const struct om_outside_cosignature *om_outsiders_lines(struct om_outsiders *outsiders, size_t *n,
                                                        struct om_arena *arena);
/* Requests under way are given up. NULL is fine. */
void om_outsiders_stop(struct om_outsiders *outsiders);

#endif
