/* One log of a daemon's, written as C2SP tlog-tiles. Every tile and every entry is hashed up to the log's final
 * checkpoint before it is written: what was damaged in the daemon's store is not published. Thread: one. */
#ifndef OREMARK_CLI_PUBLISH_H
#define OREMARK_CLI_PUBLISH_H

#include "cli/client.h"
#include "cli/meter.h"
#include "cli/publish_files.h"

enum om_publishing {
  OM_PUBLISHING_DONE,      /* there was something new */
  OM_PUBLISHING_UNCHANGED, /* nothing was */
  OM_PUBLISHING_NONE,      /* nothing of the log is final yet */
  OM_PUBLISHING_OLDER,     /* what stands there is newer than what the daemon holds */
};

/* What came of it. */
struct om_publishing_report {
  enum om_publishing state;
  uint64_t size; /* of the checkpoint that stands in the folder now */
  char path[PATH_MAX];
  uint64_t files, bytes; /* written */
};

/* Publishes LOG, ORIGIN, of the daemon at CLIENT to ROOT; with ALL compares what is there already too. Entries that are
 * through are counted in METER. OM_CORRUPT: the daemon's store does not hash to its checkpoint. OM_REFUSED: what stands
 * in the folder is not of this history. CLIENT is not to be used after a failure. */
enum om_code om_publish_log(struct om_publishing_report *out, struct om_client *client, struct om_meter *meter,
                            const char *root, uint32_t log, const char *origin, bool all, struct om_status *st);

#endif
