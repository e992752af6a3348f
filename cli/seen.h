/* The highest head of a network's registry in a file in which nothing failed when this user verified it, remembered in
 * $XDG_STATE_HOME/oremark/registry-heads (~/.local/state where that is unset). Who holds the keys of witnesses of long
 * ago could make up a whole network under an old registry; not for somebody who has seen a newer one. Thread: one. */
#ifndef OREMARK_CLI_SEEN_H
#define OREMARK_CLI_SEEN_H

#include <limits.h>

#include "ledger/note.h"

struct om_seen {
  char path[PATH_MAX]; /* of the file that remembers; "": there is no home to remember it in */
  bool any;
  struct om_checkpoint head; /* if any */
};

/* What is remembered of NETWORK. OM_CORRUPT where the file can't be read as what it should be. */
enum om_code om_seen_read(struct om_seen *out, const struct om_hash *network, struct om_status *st);
/* Remembers HEAD, if it is higher. */
enum om_code om_seen_write(struct om_seen *seen, const struct om_checkpoint *head, struct om_status *st);

/* "52:3a7b...", as a person hands a head on: entries, and the root in hexadecimal. */
enum { OM_HEAD_TEXT_BYTES = 20 + 1 + 2 * OM_HASH_BYTES + 1 };
const char *om_head_text(char out[OM_HEAD_TEXT_BYTES], const struct om_checkpoint *head);
/* OM_USAGE where TEXT is none. Leaves the origin empty. */
enum om_code om_head_text_parse(struct om_checkpoint *out, const char *text, struct om_status *st);

#endif
