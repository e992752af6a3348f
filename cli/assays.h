/* A lot's assays side by side, for whoever shows them. All lives in the session's arena. Thread: one. */
#ifndef OREMARK_CLI_ASSAYS_H
#define OREMARK_CLI_ASSAYS_H

#include <jansson.h>

#include "cli/session.h"
#include "ledger/assays.h"

struct om_assays {
  struct om_assay_given *given; /* of the sides and umpires, as the daemon sent them */
  const char **names;           /* of their authors */
  size_t n, cap;
  uint64_t others;                    /* laboratories' own, that speak for no side */
  struct om_assay_compared *compared; /* by element */
  size_t n_compared;
};

/* Asks for those of the lot NUMBER; what was withdrawn does not count. */
enum om_code om_assays_of(struct om_session *session, struct om_assays *out, const uint8_t number[OM_LOT_NUMBER_BYTES],
                          struct om_status *st);
/* A list, an element each. */
json_t *om_assays_json(const struct om_assays *assays);
/* A table; nothing where no side has spoken. */
void om_assays_show(FILE *out, const struct om_assays *assays);

#endif
