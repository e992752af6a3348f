/* Lots with what was found of each: plain words, or --lot LOT with --gross, --metal and the like after it, which belong
 * to it. Thread: the session's. */
#ifndef OREMARK_CLI_MEASURED_H
#define OREMARK_CLI_MEASURED_H

#include "cli/session.h"

struct om_measured_lots {
  const char *const *options; /* names of those that say what was found of a lot, ended by NULL */
  /* Told of every lot in turn; the options from FROM up to and without TO say what was found of it. */
  enum om_code (*each)(void *ctx, const struct om_found_lot *found, size_t from, size_t to, struct om_status *st);
  void *ctx;
};

/* OM_USAGE where there is no lot, or a measurement belongs to none. */
enum om_code om_measured_lots_read(struct om_session *session, const struct om_args *args,
                                   const struct om_measured_lots *lots, struct om_status *st);

#endif
