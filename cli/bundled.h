/* A bundle in a file, judged with the network's genesis file alone: no daemon, and no trust in who wrote it. Asked by
 * "verify", and by whatever else is to be proven by such a file. The newest registry of a file in which nothing failed
 * is remembered, and a file with an older or another is refused. Thread: one (it has a crew of its own). */
#ifndef OREMARK_CLI_BUNDLED_H
#define OREMARK_CLI_BUNDLED_H

#include <stdio.h>

#include "cli/beside.h"
#include "cli/meter.h"
#include "cli/seen.h"
#include "cli/session.h"
#include "ledger/bundle.h"
#include "ledger/crew.h"

/* What every command takes that judges one. */
#define OM_BUNDLED_OPTIONS                                                                                    \
  {"network", "GENESIS", "the network's genesis file, from somebody you trust: all else follows from it"}, {  \
    "registry-head", "HEAD", "a head of the registry that you know to be true, as bundle and verify print it" \
  }

/* All zero, but for what is asked. */
struct om_bundled {
  struct om_beside documents; /* asked: the folder where they go; NULL: nowhere */
  bool as_of;                 /* asked: as of... */
  struct om_moment moment;    /* ...this */
  /* The answer. */
  bool judged; /* there is a verdict */
  struct om_hash network;
  struct om_verdict verdict;
  struct om_bundle_told told;
  struct om_bundle *bundle; /* its store is there to be read */
  struct om_as_of found;    /* if as_of */
  /* On the way. */
  struct om_session *session;
  const char *path, *genesis;
  FILE *file;
  uint64_t file_bytes, read;
  struct om_crew *crew;
  struct om_meter meter;
  struct om_seen seen;
};

/* Judges the file at PATH ("-": standard input) by --network and --registry-head of SESSION. OM_OK with the verdict,
 * whatever it is; OM_NO: the file is no whole bundle, or does not prove what it says. To be closed either way. */
enum om_code om_bundled_judge(struct om_bundled *bundled, struct om_session *session, const char *path,
                              struct om_status *st);
void om_bundled_close(struct om_bundled *bundled);

#endif
